"""Periods and dates as publishers write them, resolved to years and ISO dates."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import date, timedelta

from wqa.data.raw_tables import is_iso_date

# Spreadsheets count days from 1899-12-30; these bounds are 1990 to 2059.
_SERIAL_FIRST, _SERIAL_LAST = 32874, 58439
_MONTHS = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
_MANGLED = re.compile(
    rf"(?i)^(\d{{1,4}}[/.]\d{{1,2}}([/.]\d{{1,4}})?"
    rf"|\d{{1,2}}[- ]({_MONTHS})|({_MONTHS})[- ]\d{{2,4}}"
    r"|\d{4}-\d{1,2}-\d{1,2}( .*)?|\d{4}年\d{1,2}月.*|\d{1,2}月\d{1,2}日)$"
)
_YEAR = r"(?:19|20)\d{2}"
# Longest first; each names the last year as `year`.
_FORMS = (
    (re.compile(rf"^(?P<year>{_YEAR})$"), "{year}"),
    (re.compile(rf"^(?P<year>{_YEAR})-?(?P<part>[QH][1-4])$"), "{year}{part}"),
    (re.compile(rf"^(?P<year>{_YEAR})-(?P<month>0[1-9]|1[0-2])$"), "{year}-{month}"),
    (re.compile(rf"^(?P<year>{_YEAR})-(?P<month>0[1-9]|1[0-2])(?P<event> \w[\w ]*)$"),
     "{year}-{month}{event}"),
    (re.compile(rf"^(?P<year>{_YEAR})-(?P<month>\d{{2}})\.\.(?P<last>\d{{2}})$"),
     "{year}M{month}-M{last}"),
    (re.compile(rf"^(?P<first>{_YEAR})-(?P<year>{_YEAR})(?P<rest>M\d{{1,2}})?$"),
     "{first}-{year}{rest}"),
)  # fmt: skip


@dataclass(frozen=True)
class Period:
    """A period: its text in one spelling, its last year, whether it is one whole year."""

    text: str
    year: int
    is_annual: bool


def parse_period(text: str) -> Period | str:
    """Read a period.

    Parameters
    ----------
    text : str
        ``2024``, ``2024-05``, ``2024Q1``, ``2024-H1``, ``2016-2020``, ``2021-01..09`` ...

    Returns
    -------
    Period or str
        The period; or the code of the finding if it is none.
    """
    for form, spelling in _FORMS:
        match = form.match(text)
        if not match:
            continue
        parts = {key: value or "" for key, value in match.groupdict().items()}
        if parts.get("part", "") in ("H3", "H4"):
            return "invalid_period"
        if parts.get("first") and int(parts["first"]) >= int(parts["year"]):
            return "invalid_period"
        return Period(spelling.format(**parts), int(parts["year"]), form is _FORMS[0][0])
    if re.fullmatch(r"\d{5}", text) and _SERIAL_FIRST <= int(text) <= _SERIAL_LAST:
        return "excel_serial_date"
    if re.fullmatch(r"'?\d{2}年?", text):
        return "two_digit_year"
    if _MANGLED.match(text):
        return "excel_mangled_date"
    return "invalid_period"


def serial_date(text: str) -> str:
    """Date of a spreadsheet serial number.

    Parameters
    ----------
    text : str
        Five digits.

    Returns
    -------
    str
        ISO date.
    """
    return (date(1899, 12, 30) + timedelta(days=int(text))).isoformat()


@dataclass(frozen=True)
class PublishedDate:
    """When something became known: ISO date, and the code of a finding if it is not exact."""

    iso: str
    code: str = ""


def resolve_date(text: str, retrieved: str) -> PublishedDate:
    """Resolve a publication date; a partial date counts from the end of its period.

    Parameters
    ----------
    text : str
        ``2024-05-31``, ``2024-05``, ``2024``, empty, or one of these with a remark in
        brackets.
    retrieved : str
        ISO date that stands in for a missing one.

    Returns
    -------
    PublishedDate
        `code` is undated_source, approximate_date, excel_serial_date, excel_mangled_date
        or invalid_date if the date is not exact or wrong; a wrong one has no `iso`.
    """
    if not text:
        return PublishedDate(retrieved, "undated_source")
    remark = re.fullmatch(r"(\d{4}(?:-\d{2}){0,2}) \((undated|repost)\)", text)
    if remark:
        return PublishedDate(_period_end(remark[1]), "approximate_date")
    if text.startswith("undated"):
        return PublishedDate(retrieved, "approximate_date")
    if is_iso_date(text, partial=True):
        return PublishedDate(_period_end(text))
    if re.fullmatch(r"\d{5}", text):
        return PublishedDate("", "excel_serial_date")
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text) and _MANGLED.match(text):
        return PublishedDate("", "excel_mangled_date")
    return PublishedDate("", "invalid_date")


def _period_end(text: str) -> str:
    if len(text) == 4:
        return f"{text}-12-31"
    if len(text) == 7:
        year, month = int(text[:4]), int(text[5:])
        return f"{text}-{calendar.monthrange(year, month)[1]:02d}"
    return text
