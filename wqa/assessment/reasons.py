"""Reasons of answers in words: texts of ``verdicts.yml`` with their slots filled."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from wqa.catalog.reading import read_yaml
from wqa.catalog.records import LANGUAGES
from wqa.errors import DataError
from wqa.goals import Goal, round_half_up, to_decimal
from wqa.paths import CATALOG

Words = dict[str, str]


@cache
def _texts() -> dict[str, Any]:
    texts: dict[str, Any] = read_yaml(CATALOG / "verdicts.yml")
    return texts


def phrase(group: str, key: str = "", **slots: Any) -> Words:
    """Fill one text of ``verdicts.yml`` in every language; a slot may differ by language."""
    entry = _texts()[group]
    texts = entry[key] if key else entry
    said = {lang: str(texts[lang]) for lang in LANGUAGES}
    for name, value in slots.items():
        for lang in LANGUAGES:
            shown = value[lang] if isinstance(value, Mapping) else value
            said[lang] = said[lang].replace("{" + name + "}", str(shown))
    return said


def check_language(lang: str) -> None:
    """Refuse a language in which nothing is worded."""
    if lang not in LANGUAGES:
        raise DataError("unknown language", got=lang, expected="zh or en")


def print_number(value: float | None) -> str:
    """Print a figure as it was published: nothing is rounded again."""
    if value is None:
        return ""
    # Twelve digits: a conversion of units must not show its binary tail.
    return f"{to_decimal(f'{value:.12g}').normalize():f}".replace("-", "\N{MINUS SIGN}")


def print_figure(value: float, qualifier: str, start: str, end: str) -> Words:
    """Print a figure with the time it covers, such as 79（2023年5月） or 79 (2023-05)."""
    limit = phrase("limit", qualifier) if qualifier in ("lower_bound", "upper_bound") else None
    number, when = print_number(value), print_time(start, end)
    return phrase("figure", value=number, when=when, limit=limit or "")


def print_time(start: str, end: str) -> Words:
    """Print an interval of time: years where they are whole, else months."""
    first, last = start[:7], end[:7]
    if start.endswith("-01-01") and end.endswith("-12-31"):
        first, last = start[:4], end[:4]
    if first == last:
        return phrase("time", "year" if len(last) == 4 else "month", year=last[:4],
                      month=int(last[5:] or 0), text=last)  # fmt: skip
    return phrase("time", "span", first=first, last=last)


def print_probability(p: float) -> Words:
    """Print a probability in percent, never as certain."""
    key, number = "about", f"{round_half_up(100 * p, 0):.0f}%"
    if p < 0.01:
        key, number = "nearly_none", "1%"
    elif p > 0.99:
        key, number = "nearly_sure", "99%"
    return phrase("probability", key, p=number)


def print_goal(goal: Goal, unit: Words) -> Words:
    """Print a goal as words and number, such as 不低于98.5%."""
    words, number = phrase("comparator", goal.comparator), print_number(goal.value)
    return {lang: words[lang] + number + unit[lang] for lang in LANGUAGES}


def join(parts: list[Words]) -> Words:
    """Join clauses in each language."""
    mark = phrase("separator")
    return {lang: mark[lang].join(part[lang] for part in parts) for lang in LANGUAGES}
