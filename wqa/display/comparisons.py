"""Sentences that hold regions against each other, only for one year and one definition."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from wqa.catalog.records import Indicator
from wqa.display.changes import change_fact, points_word, spoken
from wqa.display.facts import Text, observation_fact, year_fact
from wqa.display.narrative import sentences
from wqa.display.selection import ANNUAL, Row, latest_row, rows_of
from wqa.display.wording import say, scope_name

if TYPE_CHECKING:
    import pandas as pd
# Definitions that are not stated: two of them need not be the same.
UNSTATED = ("reported", "scope_not_stated")


def comparison_text(
    frame: pd.DataFrame,
    indicator: Indicator,
    region: str,
    others: Iterable[str],
    *,
    names: Mapping[str, str],
    until: int,
    lang: str = "zh",
) -> Text:
    """Hold a region's latest figure against those of other regions."""
    own = latest_row(r for r in rows_of(frame, indicator.id, region) if int(r["year"]) <= until)
    out = []
    for other in others:
        rows = [
            row
            for row in rows_of(frame, indicator.id, other, qualifiers=ANNUAL)
            if int(row["year"]) <= until
        ]
        row = _counterpart(rows, own)
        if row is not None:
            out.append(_compare(row, own, indicator, (region, other), names, lang))
    return sentences(out, lang)


def _counterpart(rows: list[dict[str, Any]], own: Row | None) -> Row | None:
    """Return the row of the same year and definition, else of the year, else the newest."""
    if own is None:
        return latest_row(rows)
    same_year = [row for row in rows if int(row["year"]) == int(own["year"])]
    return latest_row(same_year, prefer=[str(own["scope"])]) or latest_row(rows)


def _compare(
    row: Row,
    own: Row | None,
    indicator: Indicator,
    regions: tuple[str, str],
    names: Mapping[str, str],
    lang: str,
) -> Text:
    value, unit = spoken(observation_fact(row), lang)
    slots: dict[str, Any] = {
        "other": names[regions[1]],
        "region": names[regions[0]],
        "year": year_fact(int(row["year"]), value),
        "value": value,
        "unit": unit,
        "scope": scope_name(str(row["scope"]), lang),
    }
    if own is None:
        return say("compare.reference", lang, **slots)
    if int(own["year"]) != int(row["year"]):
        return say("compare.other_year", lang, **slots)
    if own["qualifier"] not in ANNUAL:
        return say("compare.bound", lang, **slots)
    if indicator.family == "count":
        return say("compare.counts", lang, **slots)
    if own["scope"] != row["scope"] or own["scope"] in UNSTATED:
        return say("compare.other_definition", lang, **slots)
    mine = observation_fact(own)
    difference = change_fact(mine, value)
    if not float(difference.value or 0):
        return say("compare.equal", lang, **slots)
    key = "higher" if float(own["value"]) > float(row["value"]) else "lower"
    in_points = indicator.family in ("percent", "score", "index")
    difference, unit = spoken(difference, lang)
    word = points_word(difference, indicator.family, lang) if in_points else unit.strip()
    word = f" {word}" if lang == "en" and word else word
    return say(f"compare.{key}", lang, difference=difference, points=word, **slots)
