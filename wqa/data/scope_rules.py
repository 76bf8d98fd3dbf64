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
from pathlib import Path

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
    match : str
        Regular expression on the note; empty means any.
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
    match: str
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
            and (not self.match or re.search(self.match, note) is not None)
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
    for line, cells in _read("scopes.csv"):
        where = f"scopes.csv:{line}"
        try:
            years = int(cells["year_from"] or 1900), int(cells["year_to"] or 9999)
            re.compile(cells["match"])
        except (ValueError, re.error) as error:
            raise CatalogError("wrong scope rule", where=where, got=str(error)) from error
        if cells["parts"] not in PARTS:
            raise CatalogError("unknown parts", where=where, got=cells["parts"],
                               expected=", ".join(PARTS))  # fmt: skip
        if cells["qualifier"] and cells["qualifier"] not in QUALIFIERS:
            raise CatalogError("unknown qualifier", where=where, got=cells["qualifier"],
                               expected=", ".join(QUALIFIERS))  # fmt: skip
        fields = {**cells, "year_from": years[0], "year_to": years[1]}
        rules.setdefault(cells["raw_indicator"], []).append(ScopeRule(**fields))  # type: ignore[arg-type]
    return {name: tuple(found) for name, found in rules.items()}


@lru_cache(maxsize=1)
def _qualifier_rules() -> tuple[tuple[str, re.Pattern[str], str], ...]:
    return tuple(
        (cells["field"], re.compile(cells["pattern"]), cells["qualifier"])
        for _, cells in _read("qualifiers.csv")
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
        (cells["indicator_id"], cells["raw_unit"]): (cells["unit"], float(cells["factor"]))
        for _, cells in _read("raw_units.csv")
    }


@dataclass(frozen=True)
class Preference:
    """One line of ``preferences.csv``: which of several values a series takes."""

    indicator_id: str
    region: str
    scope: str
    year: int
    value: float
    reason_zh: str
    reason_en: str


@lru_cache(maxsize=1)
def load_preferences() -> Mapping[tuple[str, str, str, int], Preference]:
    """Read ``preferences.csv`` by (indicator, region, scope, year).

    Returns
    -------
    mapping
    """
    found = [
        Preference(
            cells["indicator_id"], cells["region"], cells["scope"], int(cells["year"]),
            float(cells["value"]), cells["reason_zh"], cells["reason_en"],
        )
        for _, cells in _read("preferences.csv")
    ]  # fmt: skip
    return {(p.indicator_id, p.region, p.scope, p.year): p for p in found}


def _read(name: str) -> list[tuple[int, dict[str, str]]]:
    path: Path = CATALOG / name
    with path.open(encoding="utf-8", newline="") as file:
        return [(line, row) for line, row in enumerate(csv.DictReader(file), 2)]
