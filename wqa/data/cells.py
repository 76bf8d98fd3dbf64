"""Single cells as publishers and clerks leave them: numbers, periods, dates, formulas."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import date, timedelta

_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")
_FORMULA = re.compile(r"[=@]|[+-]\s*[A-Za-z(]")
# What a cell that is no number may be, first hit first; the codes are those of findings.
_NO_NUMBERS = tuple(
    (code, re.compile(pattern))
    for code, pattern in (
        ("full_width_character", r"[+-]?\d+(\.\d+)?"),
        ("missing_value", ""),
        ("excel_error", r"#(REF!|N/A|VALUE!|DIV/0!|NAME\?|NUM!|NULL!).*|#+"),
        ("formula_cell", rf"({_FORMULA.pattern}).*"),
        ("full_width_character", ".*[\uff01-\uff5e].*"),
        ("bound_in_value", r"(?=.*\d)\s*([≥≤><~≈约超]|不低于|不少于|不超过|以上|以下).*"),
        ("bound_in_value", r"(?=.*\d).*(以上|以下|左右|\+)\s*"),
        ("percent_sign", r"[+-]?\d+(\.\d+)?\s*[%‰]"),
        ("thousands_separator", r"[+-]?\d{1,3}([,' \u00a0]\d{3})+(\.\d+)?"),
        ("scientific_notation", r"[+-]?\d+(\.\d+)?[eE][+-]?\d+"),
    )
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
_POINT = rf"({_YEAR})(?:-?({_PART})|-([0-9]{{2}}))?"
# A point, or one point to another; the second may leave out the year, and M after two points.
_PERIOD = re.compile(
    rf"{_POINT}(?:(?:\.\.|-)(?:{_POINT}|({_PART})|(?<=\.\.)([0-9]{{1,2}}))|( \w[\w ]*))?"
)


def parse_number(text: str) -> float | str:
    """Read a plain decimal number, or return the code of the finding that says why it is none."""
    if _NUMBER.fullmatch(text):
        return float(text)
    return next((code for code, form in _NO_NUMBERS if form.fullmatch(text)), "not_a_number")


def decimals(text: str) -> int:
    """Count the printed decimals of a number."""
    return len(text.partition(".")[2])


def is_formula(text: str) -> bool:
    """Tell whether a spreadsheet program would run a cell: `=1+1` and `+SUM(A1)`, not `+4.1%`."""
    return _FORMULA.match(text) is not None


@dataclass(frozen=True)
class Period:
    """An interval of time: one spelling, and its first and last day (ISO dates)."""

    text: str
    start: str
    end: str

    @property
    def year(self) -> int:
        """Year of the last day."""
        return int(self.end[:4])

    @property
    def is_annual(self) -> bool:
        """Whether it is one whole calendar year."""
        return self.text == self.end[:4]


def parse_period(text: str) -> Period | str:
    """Read a period in any spelling, or return the code of the finding that says why not."""
    match = _PERIOD.fullmatch(text)
    if match:
        year, part, month, last_year, last_part, last_month, bare_part, bare_month, event = (
            match.groups()
        )
        first, last = _months(part or month)
        if last_year or bare_part or bare_month:
            _, last = _months(last_part or last_month or bare_part or bare_month)
        begin, finish = (int(year), first), (int(last_year or year), last)
        if first < 1 or last > 12 or begin > finish or (event and begin != finish):
            return "invalid_period"
        start, end = f"{year}-{first:02d}-01", period_end(f"{finish[0]}-{last:02d}")
        return Period(_spell(*begin, *finish) + (event or ""), start, end)
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
