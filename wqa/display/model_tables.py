"""Tables about methods: labels of official methods, backtest, calibration, what answers mean."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from wqa.assessment.judging import ANSWERS
from wqa.assessment.labels import explain_disagreement
from wqa.assessment.likelihood import LIKELY, UNLIKELY, VERY_LIKELY
from wqa.assessment.statements import phrase
from wqa.catalog.records import Target
from wqa.display.facts import (
    Printable,
    computed_fact,
    count_fact,
    named,
    observation_fact,
    parameter_fact,
    quoted,
    target_fact,
)
from wqa.display.judgements import BARS, answer_label, strength_bars, target_name, target_text
from wqa.display.listings import OWN, heads
from wqa.display.narrative import value_with_year
from wqa.display.report import Column, DisplayTable
from wqa.display.view import ANNUAL, View, rows_of
from wqa.display.wording import say, scope_name, term

if TYPE_CHECKING:
    import pandas as pd

    from wqa.forecasts.forecasting import Forecast


def labels_table(view: View, target: Target, labels: pd.DataFrame) -> DisplayTable:
    """Set the labels of the official methods for one target side by side."""
    lang, rows = view.lang, []
    for row in labels.to_dict("records"):
        label = row[f"label_{lang}"]
        defined = isinstance(label, str) and bool(label)
        reason = row[f"reason_{lang}"]
        remark = "" if row["confirmed"] else term("table.unchecked", lang)
        locator = str(row["method"])
        cells: dict[str, Printable] = {
            "method": quoted(str(row[f"method_{lang}"]), locator=locator),
            "label": quoted(str(label), locator=locator)
            if defined
            else term("table.undefined", lang),
        }
        value = row["value"]
        if value is not None and value == value:
            goal = target_fact(target)
            cells["statistic"] = computed_fact(locator, float(value), [goal], decimals=2)
        if not defined and isinstance(reason, str) and reason:
            cells["remark"] = quoted(reason, locator=locator)
        elif remark:
            cells["remark"] = remark
        rows.append(cells)
    columns = heads(["method", "label", "statistic", "remark"], lang, statistic="decimal")
    caption = say("caption.labels", lang, name=target_name(target, lang))
    cause = quoted(explain_disagreement(labels, lang), locator="explain_disagreement")
    notes = (cause, say("note.labels", lang))
    return DisplayTable(
        "labels", caption, columns, tuple(rows), notes, sources=(view.parameters.plan.source_id,)
    )


def backtest_table(view: View, summary: pd.DataFrame, sources: Iterable[str]) -> DisplayTable:
    """Show accuracy and coverage of the models."""
    lang, used = view.lang, tuple(sources)
    rows: list[Mapping[str, Printable]] = []
    for row in summary.sort_values(["mase", "model"]).to_dict("records"):
        n = count_fact(f"backtest.{row['model']}", int(row["n"]), source_ids=used)
        rows.append(
            {
                "model": term(f"model.{row['model']}", lang),
                "forecasts": n,
                "mase": computed_fact("mase", float(row["mase"]), [n], decimals=2),
                "coverage80": computed_fact(
                    "coverage", float(row["coverage_80"]), [n], decimals=0, unit="pct"
                ),
            }
        )
    aligned = {"forecasts": "decimal", "mase": "decimal", "coverage80": "decimal"}
    columns = list(heads(["model", *aligned], lang, **aligned))
    columns[-1] = replace(columns[-1], unit="%")
    caption = say("caption.backtest", lang)
    return DisplayTable("backtest", caption, tuple(columns), tuple(rows), sources=used)


def reliability_table(view: View, classes: pd.DataFrame, sources: Iterable[str]) -> DisplayTable:
    """Show stated probabilities and how often they came true, by class."""
    lang, used, rows = view.lang, tuple(sources), []
    for place, row in enumerate(classes.to_dict("records")):
        n = count_fact(f"class.{place}", int(row["n"]), source_ids=used)
        cells: dict[str, Printable] = {"forecasts": n}
        columns_of = {"stated": "stated", "observed": "observed", "low": "lower", "high": "upper"}
        for name, key in columns_of.items():
            share = float(row[key]) * 100
            cells[name] = computed_fact(f"{name}.{place}", share, [n], decimals=0)
        rows.append(cells)
    keys = ["stated", "forecasts", "observed", "low", "high"]
    columns = heads(keys, lang, **dict.fromkeys(keys, "decimal"))
    columns = tuple(c if c.key == "forecasts" else replace(c, unit="%") for c in columns)
    caption = say("caption.reliability_table", lang)
    return DisplayTable("reliability-classes", caption, columns, tuple(rows), sources=used)


def forecasts_table(
    view: View, series: Iterable[tuple[str, str, str]], forecasts: Iterable[Forecast | None]
) -> DisplayTable:
    """Show forecasts of reference series beside the level the plan asks for."""
    lang = view.lang
    rows: list[Mapping[str, Printable]] = []
    for (indicator_id, region, scope), forecast in zip(series, forecasts, strict=True):
        if forecast is None:
            continue
        found = rows_of(view.shown, indicator_id, region, scopes=[scope], qualifiers=ANNUAL)
        rests_on = [observation_fact(row) for row in reversed(found)]
        tail = forecast.frame.iloc[-1]
        decimals = view.indicator(indicator_id).decimals
        cells: dict[str, Printable] = {
            "name": named(view.indicator_name(indicator_id)),
            "region": view.names[region],
            "scope": named(scope_name(scope, lang)),
            "level": value_with_year(found[-1], lang),
            "points": count_fact(f"{indicator_id}.{region}.{scope}", len(found)),
        }
        for column, key in (("median", "median"), ("lo_95", "low"), ("hi_95", "high")):
            cells[key] = computed_fact(
                column, float(tail[column]), rests_on, decimals=decimals, kind="forecast"
            )
        goals = view.targets(indicator_id)
        if goals:
            cells["required"] = target_text(goals[0], lang)
        rows.append(cells)
    keys = ["name", "region", "scope", "points", "level", "median", "low", "high", "required"]
    numbers = dict.fromkeys(["points", "median", "low", "high"], "decimal")
    year = parameter_fact("target_year", None, text=str(view.parameters.target_year))
    note = say("note.forecasts", lang, year=year, level=parameter_fact("level", 95))
    caption = say("caption.forecasts", lang)
    return DisplayTable("forecasts", caption, heads(keys, lang, **numbers), tuple(rows), (note,))


def classes_table(view: View, *, id: str = "classes") -> DisplayTable:
    """Say what each answer means, and each step of strength."""
    lang = view.lang
    limits = {"high": VERY_LIKELY, "middle": LIKELY, "low": UNLIKELY}
    slots = {
        name: parameter_fact(f"answer.{name}", 100 * p, decimals=0) for name, p in limits.items()
    }
    rows: list[Mapping[str, Printable]] = [
        {"answer": answer_label(key, lang), "meaning": say(f"classes.{key}", lang, **slots)}
        for key in ANSWERS
    ]
    for step in range(BARS, -1, -1):
        words = phrase("strength", str(step))[lang]
        rows.append({"answer": strength_bars(step), "meaning": words})
    columns = (
        Column("answer", term("table.answer_or_strength", lang)),
        Column("meaning", term("table.meaning", lang)),
    )
    return DisplayTable(id, say("caption.classes", lang), columns, tuple(rows), sources=OWN)
