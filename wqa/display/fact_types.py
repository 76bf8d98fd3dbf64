"""The record of a number with its source, and the sentence that refers to such records.

A numeral reaches a reader only as a `Fact`: value, printed form, source and
place in the source. A `Text` is a sentence whose slots are filled by facts;
its fixed wording holds no digit, so no number can be typed into narrative.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from decimal import ROUND_HALF_UP, Decimal
from string import Formatter
from typing import Any, Literal

from wqa.errors import CatalogError, DataError

Kind = Literal["observation", "target", "computed", "forecast", "count", "parameter"]
KINDS = ("observation", "target", "computed", "forecast", "count", "parameter")
# From strong to weak; a computed number is as weak as its weakest input.
EVIDENCE_ORDER = ("official", "press", "secondary")
MINUS = "\N{MINUS SIGN}"
# Arabic digits in both widths. Chinese numerals are words, not figures.
DIGIT = re.compile("[0-9\N{FULLWIDTH DIGIT ZERO}-\N{FULLWIDTH DIGIT NINE}]")
NUMERAL = re.compile(f"{DIGIT.pattern}(?:[.,]?{DIGIT.pattern})*")


@dataclass(frozen=True)
class Fact:
    """One number (or a name that holds digits) with where it comes from."""

    id: str
    value: float | int | None
    text: str
    unit: str = ""
    indicator_id: str = ""
    region: str = ""
    year: int | None = None
    scope: str = ""
    kind: Kind = "parameter"
    source_ids: tuple[str, ...] = ()
    locator: str = ""
    vintage: str = ""
    evidence: str = ""
    lower: float | None = None
    upper: float | None = None
    note: str = ""

    def __post_init__(self) -> None:
        if not self.id or not self.text:
            raise DataError("a fact needs an id and a printed form", got=(self.id, self.text))
        if self.kind not in KINDS:
            raise DataError("unknown kind of fact", got=self.kind, expected=", ".join(KINDS))

    def __str__(self) -> str:
        return self.text

    def to_json(self) -> dict[str, Any]:
        """Return a JSON object; empty fields are left out."""
        out: dict[str, Any] = {}
        for item in fields(self):
            value = getattr(self, item.name)
            if item.name in ("id", "value", "text", "kind") or value not in ("", None, ()):
                out[item.name] = list(value) if isinstance(value, tuple) else value
        return out


@dataclass(frozen=True)
class Text:
    """A sentence: fixed wording with named slots, filled by facts."""

    template: str
    facts: Mapping[str, Fact | Text | str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for literal, slot, spec, conversion in Formatter().parse(self.template):
            if DIGIT.search(literal):
                raise CatalogError(
                    "a numeral is typed into wording",
                    got=literal,
                    expected="a slot filled by a Fact",
                )
            if slot is None:
                continue
            if spec or conversion or slot not in self.facts:
                raise CatalogError(
                    "a slot of a sentence is not filled",
                    where=self.template,
                    got=slot,
                    expected="one of " + ", ".join(sorted(self.facts)),
                )
        for name, value in self.facts.items():
            if isinstance(value, str):
                require_no_digit(value, name)

    def parts(self) -> tuple[str | Fact, ...]:
        """Return the sentence as strings and facts in reading order."""
        out: list[str | Fact] = []
        for literal, slot, _, _ in Formatter().parse(self.template):
            _append(out, literal)
            if slot is not None:
                value = self.facts[slot]
                for part in value.parts() if isinstance(value, Text) else (value,):
                    _append(out, part)
        return tuple(out)

    def __str__(self) -> str:
        return "".join(str(part) for part in self.parts())

    def __bool__(self) -> bool:
        return bool(self.template)


Printable = Fact | Text | str


def escaped(text: str) -> str:
    """Return literal wording fit for a template: braces doubled."""
    return text.replace("{", "{{").replace("}", "}}")


def _append(parts: list[str | Fact], part: str | Fact) -> None:
    if isinstance(part, str) and parts and isinstance(parts[-1], str):
        parts[-1] += part
    elif part != "":
        parts.append(part)


def parts_of(item: Printable) -> tuple[str | Fact, ...]:
    """Return strings and facts of anything that can be printed."""
    if isinstance(item, Text):
        return item.parts()
    return (item,) if item != "" else ()


def parts_json(item: Printable) -> list[str | dict[str, Any]]:
    """Return the parts of a printable as JSON values."""
    return [part.to_json() if isinstance(part, Fact) else part for part in parts_of(item)]


def require_no_digit(text: str, what: str = "text") -> str:
    """Return `text`, or raise if it holds an Arabic digit."""
    if DIGIT.search(text):
        raise CatalogError(
            f"plain text for {what!r} holds a numeral",
            got=text,
            expected="a Fact, or named(...) for a name that has digits in it",
        )
    return text


def joined(texts: Iterable[Printable], separator: str = "") -> Text:
    """Join printables into one text."""
    kept = [text for text in texts if str(text)]
    slots = {f"t{number}": text for number, text in enumerate(kept)}
    return Text(separator.join(f"{{{slot}}}" for slot in slots), slots)


def number_text(value: float, decimals: int | None = None, *, signed: bool = False) -> str:
    """Print a number."""
    number = Decimal(repr(round(float(value), 10)))
    if not number.is_finite():
        raise DataError("a number to print is not finite", got=value)
    if decimals is not None:
        number = number.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)
    elif number == number.to_integral_value():
        number = number.to_integral_value()
    if number == 0:
        number = abs(number)
    group = "," if abs(number) >= 10_000 else ""
    sign = MINUS if number < 0 else "+" if signed and number > 0 else ""
    return sign + format(abs(number), f"{group}f")


def weakest_evidence(grades: Iterable[str]) -> str:
    """Return the weakest of some evidence grades."""
    known = [grade for grade in grades if grade in EVIDENCE_ORDER]
    return max(known, key=EVIDENCE_ORDER.index, default="")
