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
    """One number (or a name that holds digits) with where it comes from.

    Parameters
    ----------
    id : str
        Stable key; equal content gives an equal id.
    value : float or int or None
        Unrounded value; None for a name or a code.
    text : str
        As printed, without the unit.
    unit : str
        Unit id of the catalogue, for example ``pct``.
    indicator_id, region, scope : str
        What the number describes; empty where it describes nothing of the kind.
    year : int, optional
        The year described, never the year of publication.
    kind : str
        One of `KINDS`.
    source_ids : tuple of str
        Sources of the catalogue or of the raw folders.
    locator : str
        ``file:row`` of a raw file, or the clause of a plan.
    vintage : str
        ISO date on which the value became known.
    evidence : str
        Weakest grade of the inputs: official, press or secondary.
    lower, upper : float, optional
        Interval in the unit of the value.
    note : str
        Remark shown with the number.
    """

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
        """Return a JSON object; empty fields are left out.

        Returns
        -------
        dict
            Keys in field order, tuples as lists.
        """
        out: dict[str, Any] = {}
        for item in fields(self):
            value = getattr(self, item.name)
            if item.name in ("id", "value", "text", "kind") or value not in ("", None, ()):
                out[item.name] = list(value) if isinstance(value, tuple) else value
        return out

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Fact:
        """Rebuild a fact from `to_json`.

        Parameters
        ----------
        data : mapping
            As written by `to_json`.

        Returns
        -------
        Fact
            Equal to the one written.
        """
        return cls(**{**data, "source_ids": tuple(data.get("source_ids", ()))})


@dataclass(frozen=True)
class Text:
    """A sentence: fixed wording with named slots, filled by facts.

    Parameters
    ----------
    template : str
        Wording with ``{name}`` slots; holds no digit.
    facts : mapping of str to Fact, Text or str
        What fills the slots. A plain string must hold no digit either: wrap a
        name that does with `named`.

    Raises
    ------
    CatalogError
        If a slot is unfilled, or a digit is typed into wording or a string.
    """

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
        """Return the sentence as strings and facts in reading order.

        Returns
        -------
        tuple of str and Fact
            Neighbouring strings are joined.
        """
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

    def __add__(self, other: Text) -> Text:
        return Text("{first}{second}", {"first": self, "second": other})

    def __bool__(self) -> bool:
        return bool(self.template)

    def to_json(self) -> list[str | dict[str, Any]]:
        """Return the parts: strings, and facts as JSON objects."""
        return parts_json(self)

    @classmethod
    def from_json(cls, parts: Iterable[str | Mapping[str, Any]]) -> Text:
        """Rebuild a text from its parts.

        Parameters
        ----------
        parts : iterable
            As written by `to_json`.

        Returns
        -------
        Text
            Prints the same and has the same parts.
        """
        template, facts = "", {}
        for number, part in enumerate(parts):
            if isinstance(part, str):
                template += escaped(part)
            else:
                template += f"{{f{number}}}"
                facts[f"f{number}"] = Fact.from_json(part)
        return cls(template, facts)


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
    """Return strings and facts of anything that can be printed.

    Parameters
    ----------
    item : Fact, Text or str
        What is printed.

    Returns
    -------
    tuple of str and Fact
        In reading order.
    """
    if isinstance(item, Text):
        return item.parts()
    return (item,) if item != "" else ()


def parts_json(item: Printable) -> list[str | dict[str, Any]]:
    """Return the parts of a printable as JSON values.

    Parameters
    ----------
    item : Fact, Text or str
        What is printed.

    Returns
    -------
    list
        Strings as they are, facts as objects (`Fact.to_json`).
    """
    return [part.to_json() if isinstance(part, Fact) else part for part in parts_of(item)]


def require_no_digit(text: str, what: str = "text") -> str:
    """Return `text`, or raise if it holds an Arabic digit.

    Parameters
    ----------
    text : str
        Wording, a label or a name.
    what : str
        Named in the message.

    Returns
    -------
    str
        The text itself.

    Raises
    ------
    CatalogError
        If a digit is found.
    """
    if DIGIT.search(text):
        raise CatalogError(
            f"plain text for {what!r} holds a numeral",
            got=text,
            expected="a Fact, or named(...) for a name that has digits in it",
        )
    return text


def joined(texts: Iterable[Printable], separator: str = "") -> Text:
    """Join printables into one text.

    Parameters
    ----------
    texts : iterable of Fact, Text or str
        Empty ones are left out.
    separator : str
        Put between them.

    Returns
    -------
    Text
        The joined text.
    """
    kept = [text for text in texts if str(text)]
    slots = {f"t{number}": text for number, text in enumerate(kept)}
    return Text(separator.join(f"{{{slot}}}" for slot in slots), slots)


def number_text(
    value: float, decimals: int | None = None, lang: str = "zh", *, signed: bool = False
) -> str:
    """Print a number.

    Half is rounded away from zero, as readers expect of a printed table.
    Thousands are grouped by a comma from 10,000 on, which GB/T 15835 allows in
    Chinese text too.

    Parameters
    ----------
    value : float
        Finite number.
    decimals : int, optional
        Digits after the point; None prints the value as published.
    lang : str
        ``zh`` or ``en``; both print numbers alike today.
    signed : bool
        Print a plus sign before positive numbers.

    Returns
    -------
    str
        For example ``98.5``; the minus is U+2212.

    Raises
    ------
    DataError
        If the value is not finite.
    """
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
    """Return the weakest of some evidence grades.

    Parameters
    ----------
    grades : iterable of str
        Grades; empty strings are ignored.

    Returns
    -------
    str
        Empty if there is none.
    """
    known = [grade for grade in grades if grade in EVIDENCE_ORDER]
    return max(known, key=EVIDENCE_ORDER.index, default="")
