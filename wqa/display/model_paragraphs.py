"""Paragraphs about methods: the case shown for official labels, and what a backtest found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from wqa.catalog.records import Target
from wqa.display.facts import (
    Fact,
    Text,
    computed_fact,
    count_fact,
    named,
    parameter_fact,
    target_fact,
    year_fact,
)
from wqa.display.judgements import level_fact, records, target_of
from wqa.display.narrative import sentences
from wqa.display.selection import ANNUAL
from wqa.display.target_words import target_name, target_text
from wqa.display.view import View
from wqa.display.wording import in_sentence, say, unit_after

if TYPE_CHECKING:
    import pandas as pd

# Fewer known outcomes than this do not establish calibration.
MINIMUM_OUTCOMES = 30
# Three years to learn from and one to be judged.
BACKTEST_POINTS = 4


@dataclass(frozen=True)
class LabelCase:
    """A target with a measured start and a later count: what official methods can label."""

    target: Target
    arguments: Mapping[str, Any]
    text: Text


def label_case(view: View, answers: pd.DataFrame) -> LabelCase | None:
    """Return the target that the labels of official methods are shown for."""
    lang = view.lang
    for row in records(answers):
        target = target_of(view, row)
        base, level = target.baseline, level_fact(view, row)
        if target.kind != "gap" or base.value is None or base.year is None or level is None:
            continue
        if target.value is None or int(row["level_year"]) <= base.year:
            continue
        arguments = {
            "baseline": base.value,
            "base_year": base.year,
            "value": float(row["level"]),
            "year": int(row["level_year"]),
            "target": target.value,
            "target_year": target.year,
            "direction": view.indicator(target.indicator_id).direction,
            "comparator": target.comparator,
        }
        start = target_fact(target, part="baseline")
        part = "partial" if row["level_qualifier"] == "partial_period" else "whole"
        text = say(
            f"note.labels_{part}",
            lang,
            name=named(in_sentence(str(target_name(target, lang)), lang)),
            a=start,
            year_a=year_fact(base.year, start),
            b=level,
            year_b=year_fact(int(row["level_year"]), level),
            unit=named(unit_after(target.unit, lang)),
            target=target_text(target, lang),
        )
        return LabelCase(target, arguments, text)
    return None


def backtest_frame(view: View) -> pd.DataFrame:
    """Return the percentage series that are long enough to be backtested."""
    annual = view.shown[view.shown["qualifier"].isin(ANNUAL) & (view.shown["unit"] == "pct")]
    counts = annual.groupby(["indicator_id", "region", "scope"])["year"].transform("nunique")
    return annual[counts >= BACKTEST_POINTS].reset_index(drop=True)


def backtest_texts(view: View, summary: pd.DataFrame, cases: pd.DataFrame) -> list[Text]:
    """Say how well the default model did on the series at hand."""
    lang = view.lang
    records = summary.to_dict("records")
    rows: dict[str, dict[Any, Any]] = {str(row["model"]): row for row in records}
    n = count_fact("backtest.forecasts", int(rows["pooled"]["n"]))
    series = count_fact("backtest.series", int(rows["pooled"]["n_series"]))

    def made(key: str, value: float, decimals: int) -> Fact:
        return computed_fact(f"backtest.{key}", value, [n], decimals=decimals)

    own, naive = float(rows["pooled"]["mase"]), float(rows["naive"]["mase"])
    worse = own > naive
    outcomes = int(cases[["series_id", "year"]].drop_duplicates().shape[0])
    out = [
        say("model.origins", lang, series=series, n=n),
        say(
            "model.worse" if worse else "model.better",
            lang,
            error=made("error", own, 2),
            naive=made("naive", naive, 2),
        ),
        say(
            "model.coverage",
            lang,
            n=n,
            level=parameter_fact("level", 80),
            share=made("coverage", float(rows["pooled"]["coverage_80"]), 0),
        ),
    ]
    key = "model.few" if outcomes < MINIMUM_OUTCOMES else "model.enough"
    known = count_fact("backtest.outcomes", outcomes)
    out.append(
        say(key, lang, n=known, minimum=parameter_fact("minimum", MINIMUM_OUTCOMES), series=series)
    )
    return [sentences(out, lang)]
