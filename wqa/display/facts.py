"""Facts: numbers with their source, and the sentences that refer to them.

A numeral reaches a reader only as a `Fact`: value, printed form, source and
place in the source. A `Text` is a sentence whose slots are filled by facts;
its fixed wording holds no digit, so no number can be typed into narrative.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
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


def named(text: str) -> Printable:
    """Make a name, title or code fit for a slot even if it has digits in it."""
    if not DIGIT.search(text):
        return text
    digest = hashlib.sha256(text.encode()).hexdigest()[:12]
    return Fact(f"name.{digest}", None, text)


def quoted(text: str, *, source_ids: Iterable[str] = (), locator: str = "") -> Text:
    """Quote words of the catalogue or of a result: every numeral in them becomes a fact."""
    sources = tuple(source_ids)
    template, facts, end = "", {}, 0
    for number, match in enumerate(NUMERAL.finditer(text)):
        template += escaped(text[end : match.start()]) + f"{{n{number}}}"
        end = match.end()
        digest = hashlib.sha256(f"{text}|{locator}|{number}".encode()).hexdigest()[:12]
        facts[f"n{number}"] = Fact(
            f"quoted.{digest}",
            None,
            match.group(),
            kind="parameter",
            source_ids=sources,
            locator=locator,
        )
    return Text(template + escaped(text[end:]), facts)


def observation_fact(
    row: Mapping[str, Any], *, part: str = "value", decimals: int | None = None
) -> Fact:
    """Make a fact of one cell of the observation frame."""
    qualifier = str(row.get("qualifier", ""))
    year = int(row["year"])
    value = float(row[part])
    text = str(year) if part == "year" else number_text(value, decimals)
    place = f"{row['file']}:{int(row['row'])}" if row.get("file") else ""
    key = (row["indicator_id"], row["region"], year, row.get("scope", ""), part, place)
    return Fact(
        id="obs." + ".".join(str(item) for item in key if str(item)) + f".{text}",
        value=year if part == "year" else value,
        text=text,
        unit=str(row["unit"]) if part == "value" else "",
        indicator_id=str(row["indicator_id"]),
        region=str(row["region"]),
        year=year,
        scope=str(row.get("scope", "")),
        kind="observation",
        source_ids=(str(row["source_id"]),),
        locator=place,
        vintage=str(row.get("vintage", "")),
        evidence=str(row.get("evidence", "")),
        note=qualifier if qualifier not in ("", "exact") else "",
    )


def target_fact(target: Any, *, part: str = "value") -> Fact:
    """Make a fact of a number of a plan's target."""
    baseline = target.baseline
    number: float | int | None = None
    if part == "value":
        number = target.value
    elif part == "year":
        number = target.year
    elif part == "baseline":
        number = getattr(baseline, "value", None)
    if part == "row":
        text = f"{target.row}{target.part}"
    elif number is None:
        raise DataError(f"the target has no {part}", got=target.id)
    elif part == "year":
        text = str(int(number))
    else:
        # As the plan prints it: 80, not 80.00; the rounding rule applies to the observed value.
        text = number_text(float(number), None)
    return Fact(
        id=f"target.{target.id}.{part}.{text}",
        value=number,
        text=text,
        unit=target.unit if part in ("value", "baseline") else "",
        indicator_id=target.indicator_id,
        region=target.region,
        year=getattr(baseline, "year", None) if part == "baseline" else target.year,
        kind="target",
        source_ids=(target.plan_id,),
        locator=target.clause,
        evidence="official",
    )


def computed_fact(
    id: str,
    value: float,
    inputs: Iterable[Fact],
    *,
    decimals: int | None = None,
    unit: str = "",
    signed: bool = False,
    kind: Kind = "computed",
    lower: float | None = None,
    upper: float | None = None,
    note: str = "",
) -> Fact:
    """Make a fact that is calculated from other facts."""
    rests_on = tuple(inputs)
    text = number_text(value, decimals, signed=signed)
    first = rests_on[0] if rests_on else None
    key = hashlib.sha256("|".join(fact.id for fact in rests_on).encode()).hexdigest()[:12]
    return Fact(
        id=f"{kind}.{id}.{key}.{text}",
        value=float(value),
        text=text,
        unit=unit,
        indicator_id=first.indicator_id if first else "",
        region=first.region if first else "",
        year=max((fact.year for fact in rests_on if fact.year is not None), default=None),
        scope=first.scope if first else "",
        kind=kind,
        source_ids=tuple(dict.fromkeys(s for fact in rests_on for s in fact.source_ids)),
        locator="; ".join(dict.fromkeys(fact.locator for fact in rests_on if fact.locator)),
        vintage=max((fact.vintage for fact in rests_on), default=""),
        evidence=weakest_evidence(fact.evidence for fact in rests_on),
        lower=lower,
        upper=upper,
        note=note,
    )


def count_fact(id: str, number: int, *, source_ids: Iterable[str] = ()) -> Fact:
    """Make a fact of a count made by the suite itself (rows, findings, conflicts)."""
    return Fact(
        f"count.{id}.{int(number)}",
        int(number),
        number_text(int(number), 0),
        kind="count",
        source_ids=tuple(source_ids),
    )


def parameter_fact(
    id: str,
    value: float | int | None,
    *,
    text: str = "",
    decimals: int | None = None,
    unit: str = "",
) -> Fact:
    """Make a fact of a setting: report year, interval level, threshold."""
    if not text:
        if value is None:
            raise DataError("a parameter needs a value or a printed form", got=id)
        text = number_text(value, decimals)
    return Fact(f"parameter.{id}.{text}", value, text, unit=unit, kind="parameter")


def year_fact(year: int, of: Fact | None = None) -> Fact:
    """Make a fact of a year in the text."""
    if of is None:
        return parameter_fact("year", int(year), text=str(int(year)))
    return replace(
        of,
        id=f"{of.id}.year",
        value=int(year),
        text=str(int(year)),
        unit="",
        lower=None,
        upper=None,
        note="",
    )
