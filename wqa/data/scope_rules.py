"""Declared rules that turn free text into types: scopes, qualifiers, units, preferences.

A series is one (indicator, region, scope). Where a definition changes, the scope changes;
which figure belongs to which scope is data (``catalog_data/scopes.csv``), not code.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any

from wqa.data.cells import Period
from wqa.errors import CatalogError
from wqa.paths import CATALOG

QUALIFIERS = (
    "exact", "derived", "lower_bound", "upper_bound", "partial_period", "target", "context",
)  # fmt: skip
ANNUAL = ("exact", "derived")  # qualifiers that may enter an annual series
# What numerator and denominator of a raw row are.
PARTS = ("passed", "failed", "deaths", "accidents", "part", "none", "drop", "text")


@dataclass(frozen=True)
class ScopeRule:
    """One line of ``scopes.csv``: which raw rows it covers and what they are.

    Parameters
    ----------
    region, period : str
        Shell patterns; empty period means any.
    year_from, year_to : int
        Years covered, both included.
    match : re.Pattern
        Searched in the note; an empty pattern is found in any.
    indicator_id, scope : str
        What the row is.
    qualifier : str
        Overrides the qualifier rules if not empty.
    parts : str
        ``passed``/``failed``: the numerator counts these of the denominator; ``deaths``,
        ``accidents``: over units; ``part``: a share; ``none``: the denominator is a sample
        size; ``drop``: numerator and denominator mean something else and are left in the
        note; ``text``: the value is words.
    reason_zh, reason_en : str
        Why the scope is what it is.
    """

    raw_indicator: str
    region: str
    year_from: int
    year_to: int
    period: str
    match: re.Pattern[str]
    indicator_id: str
    scope: str
    qualifier: str
    parts: str
    reason_zh: str
    reason_en: str

    def covers(self, region: str, period: Period, note: str) -> bool:
        """Tell whether a row falls under the rule."""
        return (
            fnmatchcase(region, self.region)
            and self.year_from <= period.year <= self.year_to
            and (not self.period or fnmatchcase(period.text, self.period))
            and self.match.search(note) is not None
        )


@lru_cache(maxsize=1)
def load_scope_rules() -> Mapping[str, tuple[ScopeRule, ...]]:
    """Read ``scopes.csv``, by raw indicator name.

    Returns
    -------
    mapping of str to tuple of ScopeRule
        The first rule that covers a row holds.

    Raises
    ------
    CatalogError
        If a line is wrong; the message names file and line.
    """
    rules: dict[str, list[ScopeRule]] = {}
    for where, cells in _read("scopes.csv"):
        for key, allowed in (("parts", PARTS), ("qualifier", ("", *QUALIFIERS))):
            if cells[key] not in allowed:
                raise CatalogError(f"unknown {key}", where=where, got=cells[key],
                                   expected=", ".join(filter(None, allowed)))  # fmt: skip
        fields: dict[str, Any] = {
            **cells,
            "year_from": int(_number(where, cells["year_from"] or "1900")),
            "year_to": int(_number(where, cells["year_to"] or "9999")),
            "match": _pattern(where, cells["match"]),
        }
        rules.setdefault(cells["raw_indicator"], []).append(ScopeRule(**fields))
    return {name: tuple(found) for name, found in rules.items()}


@lru_cache(maxsize=1)
def _qualifier_rules() -> tuple[tuple[str, re.Pattern[str], str], ...]:
    return tuple(
        (cells["field"], _pattern(where, cells["pattern"]), cells["qualifier"])
        for where, cells in _read("qualifiers.csv")
    )


def qualify(raw_indicator: str, note: str, period: Period) -> str:
    """Qualifier of a row from its name, note and period.

    Parameters
    ----------
    raw_indicator, note : str
        Cells of the row.
    period : Period
        Its period.

    Returns
    -------
    str
        First hit of ``qualifiers.csv``; a value that is not of one whole year is
        ``partial_period`` (part of a year, or a span of years) unless it is a bound, a
        target or context.
    """
    fields = {"indicator": raw_indicator, "note": note}
    found = next(
        (name for field, pattern, name in _qualifier_rules() if pattern.search(fields[field])),
        "exact",
    )
    return "partial_period" if found in ANNUAL and not period.is_annual else found


@lru_cache(maxsize=1)
def load_raw_units() -> Mapping[tuple[str, str], tuple[str, float]]:
    """Read ``raw_units.csv``: (indicator or ``*``, printed unit) to (unit id, factor).

    Returns
    -------
    mapping
    """
    return {
        (cells["indicator_id"], cells["raw_unit"]): (cells["unit"], _number(where, cells["factor"]))
        for where, cells in _read("raw_units.csv")
    }


@lru_cache(maxsize=1)
def load_preferences() -> Mapping[tuple[str, ...], float]:
    """Read ``preferences.csv``: which of several values a series takes in a year.

    Returns
    -------
    mapping
        (indicator, region, scope, year as text) to the value.
    """
    keys = ("indicator_id", "region", "scope", "year")
    return {
        tuple(cells[key] for key in keys): _number(where, cells["value"])
        for where, cells in _read("preferences.csv")
    }


def _read(name: str) -> list[tuple[str, dict[str, str]]]:
    """Rows of a CSV file of the catalogue, each with its place."""
    with (CATALOG / name).open(encoding="utf-8", newline="") as file:
        rows = [(f"{name}:{line}", row) for line, row in enumerate(csv.DictReader(file), 2)]
    for where, row in rows:
        if None in row or None in row.values():
            raise CatalogError("the row has not as many cells as the header", where=where,
                               fix="Look for a stray comma or a missing quote.")  # fmt: skip
    return rows


def _number(where: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise CatalogError("not a number", where=where, got=text, expected="digits") from None


def _pattern(where: str, text: str) -> re.Pattern[str]:
    try:
        return re.compile(text)
    except re.error as error:
        what = f"wrong regular expression: {error}"
        raise CatalogError(what, where=where, got=text) from error
