"""What cells mean: numbers, periods and dates by their form; scopes, qualifiers, units by rules.

A series is one (indicator, region, scope). Where a definition changes, the scope changes;
which figure belongs to which scope is data (``catalog_data/scopes.csv``), not code.
"""

import calendar
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from fnmatch import fnmatchcase
from functools import cache
from typing import Literal, NamedTuple, get_args

from wqa.catalog.catalog import list_plans, load_plan
from wqa.catalog.reading import read_table, read_words
from wqa.catalog.records import Condition, Grade, Target, Unit
from wqa.paths import CATALOG, Folder

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
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")
# A spreadsheet program would run `=1+1` and `+SUM(A1)`, not `+4.1%`.
FORMULA = re.compile(r"[=@]|[+-]\s*[A-Za-z(]")
# What a cell that is no number may be, first hit first; the codes are those of findings.
_NO_NUMBERS = (
    ("full_width_character", r"[+-]?\d+(\.\d+)?"),
    ("missing_value", ""),
    ("excel_error", r"#(REF!|N/A|VALUE!|DIV/0!|NAME\?|NUM!|NULL!).*|#+"),
    ("formula_cell", rf"({FORMULA.pattern}).*"),
    ("full_width_character", ".*[\uff01-\uff5e].*"),
    ("bound_in_value", r"(?=.*\d)\s*([≥≤><~≈约超]|不低于|不少于|不超过|以上|以下).*"),
    ("bound_in_value", r"(?=.*\d).*(以上|以下|左右|\+)\s*"),
    ("percent_sign", r"[+-]?\d+(\.\d+)?\s*[%‰]"),
    ("thousands_separator", r"[+-]?\d{1,3}([,' \u00a0]\d{3})+(\.\d+)?"),
    ("scientific_notation", r"[+-]?\d+(\.\d+)?[eE][+-]?\d+"),
)
# Spreadsheets count days from 1899-12-30; these bounds are 1990 to 2059.
_SERIAL_FIRST, _SERIAL_LAST = 32874, 58439
_MONTH_NAMES = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
_MANGLED = re.compile(
    rf"(?i)(\d{{1,4}}[/.]\d{{1,2}}([/.]\d{{1,4}})?"
    rf"|\d{{1,2}}[- ]({_MONTH_NAMES})|({_MONTH_NAMES})[- ]\d{{2,4}}"
    r"|\d{4}-\d{1,2}-\d{1,2}( .*)?|\d{4}年\d{1,2}月.*|\d{1,2}月\d{1,2}日)"
)
_YEAR, _PART = "(?:19|20)[0-9]{2}", "Q[1-4]|H[12]|M[0-9]{1,2}"
_POINT = rf"({_YEAR})(?:(?:-|(?=[QHM]))({_PART}|[0-9]{{2}}))?"
# A point, or one point to another; the second may leave out the year, and M after two points.
_PERIOD = re.compile(
    rf"{_POINT}(?:(?:\.\.|-)(?:{_POINT}|({_PART}|(?<=\.\.)[0-9]{{1,2}}))|( \w[\w ]*))?"
)


def parse_number(text: str) -> float | str:
    """Read a plain decimal number, or return the code of the finding that says why it is none."""
    if _NUMBER.fullmatch(text):
        return float(text)
    return next((code for code, form in _NO_NUMBERS if re.fullmatch(form, text)), "not_a_number")


@dataclass(frozen=True)
class Period:
    """An interval of time: one spelling, first and last day (ISO dates), year of the last day."""

    period: str
    start: str
    end: str
    year: int
    is_annual: bool  # one whole calendar year


def parse_period(text: str) -> Period | str:
    """Read a period in any spelling, or return the code of the finding that says why not."""
    match = _PERIOD.fullmatch(text)
    if match:
        year, part, last_year, last_part, bare_part, event = match.groups()
        first, last = _months(part)
        if last_year or bare_part:
            _, last = _months(last_part or bare_part)
        begin, finish = (int(year), first), (int(last_year or year), last)
        if first < 1 or last > 12 or begin > finish or (event and begin != finish):
            return "invalid_period"
        start, end = f"{year}-{first:02d}-01", period_end(f"{finish[0]}-{last:02d}")
        spelt = _spell(*begin, *finish) + (event or "")
        return Period(spelt, start, end, finish[0], is_annual=spelt == end[:4])
    if re.fullmatch(r"\d{5}", text) and _SERIAL_FIRST <= int(text) <= _SERIAL_LAST:
        return "excel_serial_date"
    if re.fullmatch(r"'?\d{2}年?", text):
        return "two_digit_year"
    return "excel_mangled_date" if _MANGLED.fullmatch(text) else "invalid_period"


def _months(part: str | None) -> tuple[int, int]:
    """First and last month of a part of a year: Q2, H1, M9, 09; of the whole year without one."""
    if not part:
        return 1, 12
    width = {"Q": 3, "H": 6}.get(part[0], 1)
    number = int(part.lstrip("QHM"))
    return (number - 1) * width + 1, number * width


def _spell(year: int, first: int, last_year: int, last: int) -> str:
    """Give the one spelling of an interval of whole months."""
    if (first, last) == (1, 12):
        return f"{year}" if year == last_year else f"{year}-{last_year}"
    if year != last_year:
        return f"{year}{'' if first == 1 else f'M{first:02d}'}-{last_year}M{last:02d}"
    if first == last:
        return f"{year}-{first:02d}"
    for letter, width in (("Q", 3), ("H", 6)):
        if last - first + 1 == width and last % width == 0:
            return f"{year}{letter}{last // width}"
    return f"{year}M{first:02d}-M{last:02d}"


def serial_date(text: str) -> str:
    """ISO date of a spreadsheet serial number of five digits."""
    return (date(1899, 12, 30) + timedelta(days=int(text))).isoformat()


def is_iso_date(text: str, *, partial: bool = False) -> bool:
    """Tell whether a text is an ISO date; with `partial` also without month or day."""
    if partial and re.fullmatch(r"[0-9]{4}(-[0-9]{2})?", text):
        text = (text + "-01-01")[:10]
    try:
        # fromisoformat also reads 20260331 and 2026-W13-2; two spellings of a day are two days.
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def resolve_date(text: str, retrieved: str) -> tuple[str, str]:
    """ISO date of a source (a partial one at its end, a missing one `retrieved`), and a code."""
    if not text:
        return retrieved, "undated_source"
    remark = re.fullmatch(r"(\d{4}(?:-\d{2}){0,2}) \((undated|repost)\)", text)
    if remark and is_iso_date(remark[1], partial=True):
        return period_end(remark[1]), "approximate_date"
    if text.startswith("undated"):
        return retrieved, "approximate_date"
    if is_iso_date(text, partial=True):
        return period_end(text), ""
    if re.fullmatch(r"\d{5}", text):
        return "", "excel_serial_date"
    is_mangled = _MANGLED.fullmatch(text) and not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text)
    return "", "excel_mangled_date" if is_mangled else "invalid_date"


def period_end(text: str) -> str:
    """Last day of an ISO date, month or year."""
    if len(text) == 4:
        return f"{text}-12-31"
    if len(text) == 7:
        return f"{text}-{calendar.monthrange(int(text[:4]), int(text[5:]))[1]:02d}"
    return text


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
        is_here = fnmatchcase(region, self.region)
        is_then = self.year_from <= period.year <= self.year_to
        is_then = is_then and fnmatchcase(period.period, self.period)
        return is_here and is_then and self.match.search(note) is not None


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
    rules = read_table(CATALOG / "scopes.csv", ScopeRule)
    names = dict.fromkeys(rule.raw_indicator for rule in rules)
    return {name: tuple(rule for rule in rules if rule.raw_indicator == name) for name in names}


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


def load_scopes(catalog: Folder) -> Scopes:
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


def scope_words() -> Mapping[str, Mapping[str, str]]:
    """Read the printed names of scopes, in both languages."""
    words: dict[str, dict[str, str]] = read_words("wording/scopes")["scope"]
    return words
