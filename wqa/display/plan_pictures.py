"""Figures about targets and models, ready to show: path, plan sum, calibration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from wqa.catalog.records import Target
from wqa.display.charts import plot_path, plot_plan_sum
from wqa.display.facts import (
    Fact,
    computed_fact,
    named,
    observation_fact,
    parameter_fact,
    target_fact,
    year_fact,
)
from wqa.display.narrative import bounded
from wqa.display.pictures import target_line
from wqa.display.report import Drawing
from wqa.display.view import ANNUAL, View, rows_of
from wqa.display.wording import listed, say, term, terms, titled
from wqa.errors import DataError

if TYPE_CHECKING:
    from wqa.forecasts.forecasting import Forecast

OUTER = 95


def series_forecast(view: View, indicator_id: str, region: str, scope: str) -> Forecast | None:
    """Forecast one series to the target year with the default model."""
    from wqa.forecasts.forecasting import forecast

    indicator, goal = view.indicator(indicator_id), view.parameters.target_year
    rows = rows_of(view.shown, indicator_id, region, scopes=[scope], qualifiers=ANNUAL)
    if not rows or int(rows[-1]["year"]) >= goal:
        return None
    return forecast(
        [float(row["value"]) for row in rows],
        [int(row["year"]) for row in rows],
        family=indicator.family,
        lower=indicator.lower,
        upper=indicator.upper,
        target_year=goal,
    )


def path_picture(
    view: View,
    indicator_id: str,
    region: str,
    scope: str,
    forecast: Forecast | None,
    *,
    target: Target,
) -> Drawing:
    """Make the figure of a series with its forecast and the path a target requires."""
    import pandas as pd

    lang, indicator = view.lang, view.indicator(indicator_id)
    if target.value is None:
        raise DataError("a path needs a target with a number", got=indicator_id)
    rows = rows_of(view.shown, indicator_id, region, scopes=[scope], qualifiers=ANNUAL)
    history = pd.DataFrame({"year": [r["year"] for r in rows], "value": [r["value"] for r in rows]})
    last = observation_fact(rows[-1])
    start = (int(rows[-1]["year"]), float(rows[-1]["value"]))
    sources = list(dict.fromkeys(str(row["source_id"]) for row in rows))
    title = titled(view.indicator_name(indicator_id), indicator.unit, lang)
    figure = plot_path(
        history,
        None if forecast is None else forecast.frame,
        role=view.role(region),
        title=title,
        target=target_line(target, lang),
        words=terms(["observed", "median", "inner", "outer"], lang),
        bounds=None if indicator.upper is None else (indicator.lower or 0.0, indicator.upper),
    )
    goal = target_fact(target)
    slots: dict[str, Any] = {
        "title": title,
        "year_a": year_fact(start[0], last),
        "a": last,
        "target": goal,
    }
    alt = say("alt.path", lang, **slots)
    data = history.assign(kind="observed")
    if forecast is not None:
        alt = say("alt.fan", lang, **slots, **_fan_facts(forecast, rows, indicator.decimals))
        columns = ["year", "median", "lo_80", "hi_80", "lo_95", "hi_95"]
        data = pd.concat([data, forecast.frame[columns].assign(kind="forecast")])
    name = named(view.indicator_name(indicator_id))
    return Drawing(
        fig=figure,
        id=f"path-{indicator_id.replace('_', '-')}",
        caption=say("caption.path", lang, indicator=name, region=view.names[region]),
        alt=alt,
        sources=sources,
        data=data,
    )


def _fan_facts(forecast: Forecast, rows: list[dict[str, Any]], decimals: int) -> dict[str, Any]:
    """Facts of the last forecast year; they rest on every year of the series, newest first."""
    rests_on = [observation_fact(row) for row in reversed(rows)]
    tail = forecast.frame.iloc[-1]
    note = f"{forecast.model}, {forecast.evidence_class}"

    def made(column: str) -> Fact:
        value = float(tail[column])
        return computed_fact(column, value, rests_on, decimals=decimals, kind="forecast", note=note)

    return {
        "year_b": year_fact(int(tail["year"])),
        "median": made("median"),
        "low": made("lo_95"),
        "high": made("hi_95"),
        "level": parameter_fact("level", OUTER),
    }


def plan_rows(view: View, indicator_id: str) -> list[tuple[Target, list[dict[str, Any]]]]:
    """Return the targets on a count with the figures of the plan period that count."""
    out = []
    for target in view.targets(indicator_id):
        kinds = (*ANNUAL, "lower_bound", "partial_period")
        found = rows_of(
            view.observations, indicator_id, target.region, scopes=target.series, qualifiers=kinds
        )
        first = target.start_year or 0
        inside = [
            r for r in found if int(r["year"]) >= first and str(r["period"])[5:9] != str(r["year"])
        ]
        largest = {int(r["year"]): r for r in sorted(inside, key=lambda r: float(r["value"]))}
        if largest and target.value is not None:
            out.append((target, [largest[year] for year in sorted(largest)]))
    return out


def plan_sum_picture(view: View, target: Target, rows: Sequence[Mapping[str, Any]]) -> Drawing:
    """Make the figure of a count that grows towards a target."""
    import pandas as pd

    lang, running = view.lang, target.scope == "end_stock"
    start = float(target.baseline.value or 0) if running else 0.0
    total, complete = start, True
    made: list[dict[str, Any]] = []
    facts: list[Fact] = []
    expected = target.start_year or int(rows[0]["year"])
    for row in rows:
        complete = complete and (running or int(row["year"]) == expected)
        expected = int(row["year"]) + 1
        total = float(row["value"]) if running else total + float(row["value"])
        whole = row["qualifier"] in ANNUAL and complete
        made.append(
            {
                "year": int(row["year"]),
                "value": float(row["value"]),
                "cumulative": total,
                "qualifier": "exact" if whole else "lower_bound",
                "source_id": row["source_id"],
            }
        )
        value = observation_fact(row)
        fact = value if running else computed_fact("sum", total, [*facts, value])
        facts.append(fact)
    data = pd.DataFrame(made)
    title = titled(str(getattr(target, f"name_{lang}")), target.unit, lang)
    goal = target_fact(target)
    sources = list(dict.fromkeys(data["source_id"]))
    first = target.start_year or int(rows[0]["year"])
    figure = plot_plan_sum(
        data,
        title=title,
        target=target_line(target, lang) | {"first": first, "start": start},
        words=terms(["counted", "even"], lang),
    )
    items = [
        say("alt.bar", lang, year=year_fact(row["year"]), value=bounded(row, fact, lang))
        for row, fact in zip(made, facts, strict=True)
    ]
    name = named(str(getattr(target, f"name_{lang}")))
    return Drawing(
        fig=figure,
        id=f"sum-{target.indicator_id.replace('_', '-')}",
        caption=say("caption.sum", lang, indicator=name),
        alt=say("alt.bars", lang, title=title, items=listed(items, lang), target=goal),
        sources=sources,
        data=data,
        notes=[named(term("figure.at_least", lang))]
        if "lower_bound" in set(data["qualifier"])
        else [],
    )
