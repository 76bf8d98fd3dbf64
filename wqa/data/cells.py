"""Single cells as publishers and clerks leave them: numbers, periods, dates, formulas."""

from __future__ import annotations

import calendar
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from difflib import get_close_matches

_NUMBER = re.compile(r"^[+-]?\d+(\.\d+)?$")
_BOUND = re.compile(
    r"^\s*(≥|≤|>=|<=|>|<|~|≈|＞|＜|约|超过?|不低于|不少于|不超过|以上|以下)|(以上|以下|左右|\+)\s*$"
)
_EXCEL_ERROR = re.compile(r"^#(REF!|N/A|VALUE!|DIV/0!|NAME\?|NUM!|NULL!)|^#+$")
_FORMULA = re.compile(r"^[=@]|^[+-]\s*[A-Za-z(]")
# Spreadsheets count days from 1899-12-30; these bounds are 1990 to 2059.
_SERIAL_FIRST, _SERIAL_LAST = 32874, 58439
_MONTHS = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
_MANGLED = re.compile(
    rf"(?i)^(\d{{1,4}}[/.]\d{{1,2}}([/.]\d{{1,4}})?"
    rf"|\d{{1,2}}[- ]({_MONTHS})|({_MONTHS})[- ]\d{{2,4}}"
    r"|\d{4}-\d{1,2}-\d{1,2}( .*)?|\d{4}年\d{1,2}月.*|\d{1,2}月\d{1,2}日)$"
)
_YEAR, _MONTH = r"(?:19|20)[0-9]{2}", r"(?:0[1-9]|1[0-2])"
# Each names the last year as `year`; the first form is the whole year.
_FORMS = (
    (re.compile(rf"^(?P<year>{_YEAR})$"), "{year}"),
    (re.compile(rf"^(?P<year>{_YEAR})-?(?P<part>Q[1-4]|H[12])$"), "{year}{part}"),
    (re.compile(rf"^(?P<year>{_YEAR})-(?P<month>{_MONTH})(?P<event> \w[\w ]*)?$"),
     "{year}-{month}{event}"),
    (re.compile(rf"^(?P<year>{_YEAR})-(?P<from>{_MONTH})\.\.(?P<to>{_MONTH})$"),
     "{year}M{from}-M{to}"),
    (re.compile(rf"^(?P<from>{_YEAR})-(?P<year>{_YEAR})(?P<rest>M(?:1[0-2]|0?[1-9]))?$"),
     "{from}-{year}{rest}"),
)  # fmt: skip


def parse_number(text: str) -> float | str:
    """Read a plain decimal number.

    Parameters
    ----------
    text : str
        Cell without surrounding blanks.

    Returns
    -------
    float or str
        The number; or the code of the finding that says why it is none. Nothing is
        guessed: ``98%``, ``1,234``, ``≥98`` and full-width digits are all findings.
    """
    if _NUMBER.match(text):
        # A sign is allowed but full-width digits also satisfy \d
        return float(text) if text.isascii() else "full_width_character"
    if not text:
        return "missing_value"
    plain = unicodedata.normalize("NFKC", text)
    for code, applies in (
        ("excel_error", bool(_EXCEL_ERROR.match(text))),
        ("formula_cell", bool(_FORMULA.match(text))),
        ("full_width_character", any("\uff01" <= sign <= "\uff5e" for sign in text)),
        ("bound_in_value", bool(_BOUND.search(text)) and any(sign.isdigit() for sign in text)),
        ("percent_sign", bool(re.fullmatch(r"[+-]?\d+(\.\d+)?\s*[%‰]", plain))),
        (
            "thousands_separator",
            bool(re.fullmatch(r"[+-]?\d{1,3}([,' \u00a0]\d{3})+(\.\d+)?", text)),
        ),
        ("scientific_notation", bool(re.fullmatch(r"[+-]?\d+(\.\d+)?[eE][+-]?\d+", text))),
    ):
        if applies:
            return code
    return "not_a_number"


def decimals(text: str) -> int:
    """Count the printed decimals of a number.

    Parameters
    ----------
    text : str
        Number as text.

    Returns
    -------
    int
    """
    return len(text.partition(".")[2])


def is_formula(text: str) -> bool:
    """Tell whether a spreadsheet program would run a cell as a formula.

    Parameters
    ----------
    text : str
        Cell. ``+4.1% on the year`` is plain text, ``+SUM(A1)`` and ``=1+1`` are formulas.

    Returns
    -------
    bool
    """
    return _FORMULA.match(text) is not None


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
        if "from" in parts and parts["from"] >= parts.get("to", parts["year"]):
            return "invalid_period"
        return Period(spelling.format(**parts), int(parts["year"]), form is _FORMS[0][0])
    if re.fullmatch(r"\d{5}", text) and _SERIAL_FIRST <= int(text) <= _SERIAL_LAST:
        return "excel_serial_date"
    if re.fullmatch(r"'?\d{2}年?", text):
        return "two_digit_year"
    if _MANGLED.match(text):
        return "excel_mangled_date"
    return "invalid_period"


def nearest(name: str, known: Mapping[str, str], most: int = 3) -> list[str]:
    """Find what a wrong name may stand for, whatever the width and case of its letters.

    Parameters
    ----------
    name : str
        What was written.
    known : mapping of str to str
        Spelling or printed name to code.
    most : int
        How many to return.

    Returns
    -------
    list of str
        Codes, best first: near spellings, then names that hold the text.
    """

    def plain(text: str) -> str:
        return unicodedata.normalize("NFKC", text).casefold()

    spelled = {plain(text): code for text, code in known.items()}
    wanted = plain(name)
    close = get_close_matches(wanted, list(spelled), n=most, cutoff=0.5)
    holding = sorted(text for text in spelled if wanted and wanted in text)
    return list(dict.fromkeys(spelled[text] for text in (*close, *holding)))[:most]


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


def is_iso_date(text: str, *, partial: bool = False) -> bool:
    """Tell whether a text is an ISO date.

    Parameters
    ----------
    text : str
        ``2024-05-31``; with `partial` also ``2024-05`` and ``2024``.
    partial : bool
        Whether month or day may be missing.

    Returns
    -------
    bool
    """
    if partial and re.fullmatch(r"\d{4}(-\d{2})?", text, re.ASCII):
        text = (text + "-01-01")[:10]
    try:
        # fromisoformat also reads 20260331 and 2026-W13-2; two spellings of a day are two days.
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def resolve_date(text: str, retrieved: str) -> tuple[str, str]:
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
    tuple of str
        ISO date, empty if the text is wrong; and the code of a finding if it is not exact:
        undated_source, approximate_date, excel_serial_date, excel_mangled_date, invalid_date.
    """
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
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text) and _MANGLED.match(text):
        return "", "excel_mangled_date"
    return "", "invalid_date"


def period_end(text: str) -> str:
    """Last day of an ISO date, month or year.

    Parameters
    ----------
    text : str
        A text that `is_iso_date` accepts with `partial`.

    Returns
    -------
    str
        ISO date.
    """
    if len(text) == 4:
        return f"{text}-12-31"
    if len(text) == 7:
        return f"{text}-{calendar.monthrange(int(text[:4]), int(text[5:]))[1]:02d}"
    return text
