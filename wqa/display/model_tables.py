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
    parameter_fact,
    quoted,
    target_fact,
)
from wqa.display.judgements import BARS, answer_label, strength_bars, target_name
from wqa.display.report import Column, DisplayTable, heads
from wqa.display.view import View, rows_in
from wqa.display.wording import say, term

if TYPE_CHECKING:
    import pandas as pd


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
