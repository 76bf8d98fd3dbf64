"""Declared rules that turn free text into types: scopes, qualifiers, units.

A series is one (indicator, region, scope). Where a definition changes, the scope changes;
which figure belongs to which scope is data (``catalog_data/scopes.csv``), not code.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Literal, NamedTuple, get_args

from wqa.catalog.catalog import list_plans, load_plan
from wqa.catalog.reading import read_table, read_yaml
from wqa.catalog.records import Condition, Grade, Target, Unit
from wqa.data.cells import Period
from wqa.paths import CATALOG

Qualifier = Literal[
    "exact", "derived", "lower_bound", "upper_bound", "partial_period", "target", "context"
]
# `passed`/`failed`: the numerator counts these of the denominator; `deaths`, `accidents`: over
# units; `part`: a share; `none`: the denominator is a sample size; `drop`: both mean something
# else and are left out; `text`: the value is words.
Parts = Literal["passed", "failed", "deaths", "accidents", "part", "none", "drop", "text"]
QUALIFIERS = get_args(Qualifier)
ANNUAL = ("exact", "derived")  # qualifiers that may enter an annual series
EVIDENCE: tuple[str, ...] = get_args(Grade)  # best first
UNSPECIFIED = "unspecified"  # scope of a row that nothing names


@dataclass(frozen=True, kw_only=True)
class ScopeRule:
    """A line of ``scopes.csv``: the raw rows it covers (by shell patterns), and what they are."""

    raw_indicator: str
    region: str
    year_from: int = 1900
    year_to: int = 9999
    period: str = "*"
    match: re.Pattern[str] = re.compile("")
    indicator_id: str
    scope: str
    qualifier: Qualifier | None = None
    parts: Parts
    reason_zh: str = ""
    reason_en: str = ""

    def covers(self, region: str, period: Period, note: str) -> bool:
        """Tell whether a row falls under the rule."""
        return (
            fnmatchcase(region, self.region)
            and self.year_from <= period.year <= self.year_to
            and fnmatchcase(period.text, self.period)
            and self.match.search(note) is not None
        )


@dataclass(frozen=True, kw_only=True)
class QualifierRule:
    """A line of ``qualifiers.csv``: the pattern, searched in a cell, that makes a qualifier."""

    field: Literal["indicator", "note"]
    pattern: re.Pattern[str]
    qualifier: Qualifier
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class UnitRule:
    """A line of ``raw_units.csv``: what a printed unit of an indicator (or of any, ``*``) is."""

    indicator_id: str
    raw_unit: str
    unit: str
    factor: float
    reason: str = ""


@cache
def load_scope_rules() -> Mapping[str, tuple[ScopeRule, ...]]:
    """Rules of ``scopes.csv`` by raw name of the indicator; the first that covers a row holds."""
    rules: dict[str, tuple[ScopeRule, ...]] = {}
    for rule in read_table(CATALOG / "scopes.csv", ScopeRule):
        rules[rule.raw_indicator] = (*rules.get(rule.raw_indicator, ()), rule)
    return rules


@cache
def _qualifier_rules() -> list[QualifierRule]:
    return read_table(CATALOG / "qualifiers.csv", QualifierRule)


@cache
def load_raw_units() -> Mapping[tuple[str, str], UnitRule]:
    """Rules of ``raw_units.csv`` by indicator (or ``*``) and printed unit."""
    rules = read_table(CATALOG / "raw_units.csv", UnitRule)
    return {(rule.indicator_id, rule.raw_unit): rule for rule in rules}


def qualify(raw_indicator: str, note: str) -> str:
    """Qualifier of a row that states none: the first hit of ``qualifiers.csv``."""
    cells = {"indicator": raw_indicator, "note": note}
    hits = (r.qualifier for r in _qualifier_rules() if r.pattern.search(cells[r.field]))
    return next(hits, "exact")


def conversion(unit: str, into: str, units: Mapping[str, Unit]) -> float | None:
    """Factor from one unit into another, if both are multiples of one unit."""
    one, other = units[unit], units[into]
    if (one.base or one.id) != (other.base or other.id):
        return None
    return one.factor / other.factor


class Scopes(NamedTuple):
    """Scopes as far as they are declared."""

    own: dict[tuple[str, str], str]  # by indicator and region: of a plan; region *: the only one
    known: set[str]  # all, and patterns of scopes
    flows: set[str]  # indicators that plans count year by year


def load_scopes(catalog: Path | str | None) -> Scopes:
    """Collect the scopes of plans and rules."""
    found = Scopes({}, {*scope_words()}, set())
    for target in (t for name in list_plans(catalog) for t in load_plan(name, catalog).targets):
        parts: list[Target | Condition] = [target, *target.conditions]
        for part in parts:
            found.known.update(part.series, getattr(part, "reference_series", ()))
            plain = [scope for scope in part.series if "*" not in scope]
            found.own.setdefault((part.indicator_id, target.region), (*plain, "")[0])
        if target.kind in ("plan_sum", "every_year"):
            found.flows.add(target.indicator_id)
    named = [(indicator_id, scope) for (indicator_id, _), scope in found.own.items() if scope]
    named += [(r.indicator_id, r.scope) for rules in load_scope_rules().values() for r in rules]
    for indicator_id, scope in named:
        is_only = found.own.setdefault((indicator_id, "*"), scope) == scope
        found.own[indicator_id, "*"] = scope if is_only else ""
        found.known.add(scope)
    return found


@cache
def scope_words() -> Mapping[str, Mapping[str, str]]:
    """Read the printed names of scopes, in both languages."""
    words: dict[str, dict[str, str]] = read_yaml(CATALOG / "wording" / "scopes.yml")["scope"]
    return words
