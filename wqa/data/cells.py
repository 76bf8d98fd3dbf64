"""Single cells: numbers and text as a clerk may have left them."""

from __future__ import annotations

import re
import unicodedata

_NUMBER = re.compile(r"^[+-]?\d+(\.\d+)?$")
_BOUND = re.compile(
    r"^\s*(≥|≤|>=|<=|>|<|~|≈|＞|＜|约|超过?|不低于|不少于|不超过|以上|以下)|(以上|以下|左右|\+)\s*$"
)
_EXCEL_ERROR = re.compile(r"^#(REF!|N/A|VALUE!|DIV/0!|NAME\?|NUM!|NULL!)|^#+$")
_FORMULA = re.compile(r"^[=@]|^[+-]\s*[A-Za-z(]")


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
