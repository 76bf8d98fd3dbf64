"""Tables about methods: labels of official methods, backtest, calibration, what answers mean."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from wqa.assessment.judging import ANSWERS
from wqa.assessment.labels import explain_disagreement
from wqa.assessment.likelihood import LIKELY, UNLIKELY, VERY_LIKELY
from wqa.assessment.statements import phrase
from wqa.catalog.records import Target
from wqa.display.facts import (
    Text,
    computed_fact,
    count_fact,
    named,
    observation_fact,
    parameter_fact,
    quoted,
    target_fact,
)
from wqa.display.judgements import BARS, answer_label, strength_bars, target_name, target_text
from wqa.display.narrative import value_with_year
from wqa.display.report import Column, DisplayTable, heads
from wqa.display.view import ANNUAL, View, rows_in, rows_of
from wqa.display.wording import say, scope_name, term

if TYPE_CHECKING:
    import pandas as pd

    from wqa.forecasts.forecasting import Forecast


def labels_table(view: View, target: Target, labels: pd.DataFrame) -> DisplayTable:
    """Set the labels of the official methods for one target side by side."""
    lang, rows = view.lang, []
    for row in rows_in(labels):
        label, reason, method = row[f"label_{lang}"], row[f"reason_{lang}"], str(row["method"])
        cells: dict[str, Text] = {"method": quoted(str(row[f"method_{lang}"]), locator=method)}
        if isinstance(label, str) and label:
            cells["label"] = quoted(label, locator=method)
            cells["remark"] = "" if row["confirmed"] else term("table.unchecked", lang)
        else:
            cells["label"] = term("table.undefined", lang)
            cells["remark"] = quoted(reason, locator=method) if isinstance(reason, str) else ""
        if row["value"] is not None and row["value"] == row["value"]:
            goal = target_fact(target)
            cells["statistic"] = computed_fact(method, float(row["value"]), [goal], decimals=2)
        rows.append(cells)
    columns = heads(["method", "label", "statistic", "remark"], lang)
    caption = say("caption.labels", lang, name=target_name(target, lang))
    cause = quoted(explain_disagreement(labels, lang), locator="explain_disagreement")
    notes, sources = (cause, say("note.labels", lang)), (view.parameters.plan.source_id,)
    return DisplayTable("labels", caption, columns, rows, notes, sources)


def backtest_table(view: View, summary: pd.DataFrame, sources: Iterable[str]) -> DisplayTable:
    """Show accuracy and coverage of the models."""
    lang, used, rows = view.lang, tuple(sources), []
    for row in rows_in(summary.sort_values(["mase", "model"])):
        n = count_fact(f"backtest.{row['model']}", int(row["n"]), source_ids=used)
        cells: dict[str, Text] = {
            "model": term(f"model.{row['model']}", lang),
            "forecasts": n,
            "mase": computed_fact("mase", float(row["mase"]), [n], decimals=2),
            "coverage80": computed_fact("coverage", float(row["coverage_80"]), [n], decimals=0),
        }
        rows.append(cells)
    columns = heads(["model", "forecasts", "mase", "coverage80"], lang, coverage80="pct")
    return DisplayTable("backtest", say("caption.backtest", lang), columns, rows)


def reliability_table(view: View, classes: pd.DataFrame, sources: Iterable[str]) -> DisplayTable:
    """Show stated probabilities and how often they came true, by class."""
    lang, used, rows = view.lang, tuple(sources), []
    shares = {"stated": "stated", "observed": "observed", "low": "lower", "high": "upper"}
    for place, row in enumerate(rows_in(classes)):
        n = count_fact(f"class.{place}", int(row["n"]), source_ids=used)
        facts = {
            key: computed_fact(f"{key}.{place}", float(row[column]) * 100, [n], decimals=0)
            for key, column in shares.items()
        }
        rows.append({"forecasts": n, **facts})
    keys = ["stated", "forecasts", "observed", "low", "high"]
    columns = heads(keys, lang, **dict.fromkeys(shares, "pct"))
    caption = say("caption.reliability_table", lang)
    return DisplayTable("reliability-classes", caption, columns, rows)


def forecasts_table(
    view: View, series: Iterable[tuple[str, str, str]], forecasts: Iterable[Forecast | None]
) -> DisplayTable:
    """Show forecasts of reference series beside the level the plan asks for."""
    lang, rows = view.lang, []
    for (indicator_id, region, scope), forecast in zip(series, forecasts, strict=True):
        if forecast is None:
            continue
        found = rows_of(view.shown, indicator_id, region, scopes=[scope], qualifiers=ANNUAL)
        rests_on = [observation_fact(row) for row in reversed(found)]
        tail, decimals = forecast.frame.iloc[-1], view.indicator(indicator_id).decimals
        cells: dict[str, Text] = {
            "name": named(view.indicator_name(indicator_id)),
            "region": view.names[region],
            "scope": named(scope_name(scope, lang)),
            "level": value_with_year(found[-1], lang),
            "points": count_fact(f"{indicator_id}.{region}.{scope}", len(found)),
        }
        for key, column in (("median", "median"), ("low", "lo_95"), ("high", "hi_95")):
            cells[key] = computed_fact(
                column, float(tail[column]), rests_on, decimals=decimals, kind="forecast"
            )
        for goal in view.targets(indicator_id)[:1]:
            cells["required"] = target_text(goal, lang)
        rows.append(cells)
    keys = ["name", "region", "scope", "points", "level", "median", "low", "high", "required"]
    year = parameter_fact("target_year", None, text=str(view.parameters.target_year))
    note = say("note.forecasts", lang, year=year, level=parameter_fact("level", 95))
    return DisplayTable(
        "forecasts", say("caption.forecasts", lang), heads(keys, lang), rows, (note,)
    )


def classes_table(view: View) -> DisplayTable:
    """Say what each answer means, and each step of strength."""
    lang = view.lang
    limits = {"high": VERY_LIKELY, "middle": LIKELY, "low": UNLIKELY}
    slots = {name: parameter_fact(f"answer.{name}", round(100 * p)) for name, p in limits.items()}
    rows = [
        {"answer": answer_label(key, lang), "meaning": say(f"classes.{key}", lang, **slots)}
        for key in ANSWERS
    ]
    rows += [
        {"answer": strength_bars(step), "meaning": phrase("strength", str(step))[lang]}
        for step in range(BARS, -1, -1)
    ]
    columns = (
        Column("answer", term("table.answer_or_strength", lang)),
        Column("meaning", term("table.meaning", lang)),
    )
    return DisplayTable("answer-classes", say("caption.classes", lang), columns, rows)
