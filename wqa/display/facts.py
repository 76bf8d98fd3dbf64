"""Facts: numbers with their source, and text that carries them.

A numeral reaches a reader only as a `Fact`: value, printed form, source and place in the source.
Printed into a text (``str``, ``format``), it is a *marked string*: its printed form between
private-use characters that lead back to the fact. What is shown is checked once: a digit outside
the marks is an error, so no number can be typed into narrative.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from decimal import ROUND_HALF_UP, Decimal
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
# Key and printed form of a fact inside a text.
_MARK = re.compile("\ue000([0-9a-f]{16})\ue001(.*?)\ue002", re.DOTALL)
_MARKS = dict.fromkeys(map(ord, "\ue000\ue001\ue002"), " ")
_MARKED: dict[str, Fact] = {}


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
        """Print the fact so that a text it is put into leads back to it."""
        key = hashlib.sha256(repr(self).encode()).hexdigest()[:16]
        _MARKED[key] = self
        return f"\ue000{key}\ue001{self.text}\ue002"

    @classmethod
    def observed(
        cls, row: Mapping[str, Any], *, part: str = "value", decimals: int | None = None
    ) -> Fact:
        """Make a fact of one cell of the observation frame."""
        texts = ("indicator_id", "region", "scope", "vintage", "evidence")
        about: dict[str, Any] = {name: str(row.get(name, "")) for name in texts}
        year, value, qualifier = int(row["year"]), float(row[part]), str(row.get("qualifier", ""))
        text = str(year) if part == "year" else number_text(value, decimals)
        place = f"{row['file']}:{int(row['row'])}" if row.get("file") else ""
        key = (about["indicator_id"], about["region"], year, about["scope"], part, place)
        return cls(
            id="obs." + ".".join(str(item) for item in key if str(item)) + f".{text}",
            value=year if part == "year" else value,
            text=text,
            unit=str(row["unit"]) if part == "value" else "",
            year=year,
            kind="observation",
            source_ids=(str(row["source_id"]),),
            locator=place,
            note="" if qualifier == "exact" else qualifier,
            **about,
        )

    @classmethod
    def asked(cls, target: Any, *, part: str = "value") -> Fact:
        """Make a fact of a number of a plan's target."""
        baseline, row = target.baseline, f"{target.row}{target.part}"
        numbers = {"value": target.value, "year": target.year, "row": None}
        number = (numbers | {"baseline": baseline.value})[part]
        if number is None and part != "row":
            raise DataError(f"the target has no {part}", got=target.id)
        # As the plan prints it: 80, not 80.00; the rounding rule applies to the observed value.
        text = row if number is None else number_text(number) if part != "year" else str(number)
        return cls(
            id=f"target.{target.id}.{part}.{text}",
            value=number,
            text=text,
            unit=target.unit if part in ("value", "baseline") else "",
            indicator_id=target.indicator_id,
            region=target.region,
            year=baseline.year if part == "baseline" else target.year,
            kind="target",
            source_ids=(target.plan_id,),
            locator=target.clause,
            evidence="official",
        )

    @classmethod
    def computed(
        cls,
        id: str,
        value: float,
        inputs: Iterable[Fact],
        *,
        decimals: int | None = None,
        signed: bool = False,
        kind: Kind = "computed",
        **about: Any,
    ) -> Fact:
        """Make a fact that is calculated from other facts; `about` it more can be said."""
        rests_on = tuple(inputs)
        text = number_text(value, decimals, signed=signed)
        grades = [fact.evidence for fact in rests_on if fact.evidence in EVIDENCE_ORDER]
        first = {
            n: getattr(f, n) for f in rests_on[:1] for n in ("indicator_id", "region", "scope")
        }
        return cls(
            id=f"{kind}.{id}.{_digest('|'.join(fact.id for fact in rests_on))}.{text}",
            value=float(value),
            text=text,
            year=max((fact.year for fact in rests_on if fact.year is not None), default=None),
            kind=kind,
            source_ids=tuple(dict.fromkeys(s for fact in rests_on for s in fact.source_ids)),
            locator="; ".join(dict.fromkeys(fact.locator for fact in rests_on if fact.locator)),
            vintage=max((fact.vintage for fact in rests_on), default=""),
            evidence=max(grades, key=EVIDENCE_ORDER.index, default=""),
            **first | about,
        )

    @classmethod
    def counted(cls, id: str, number: float, *, source_ids: Iterable[str] = ()) -> Fact:
        """Make a fact of a count made by the suite itself (rows, findings, conflicts)."""
        n, sources = int(number), tuple(source_ids)
        return cls(f"count.{id}.{n}", n, number_text(n), kind="count", source_ids=sources)

    @classmethod
    def setting(cls, id: str, value: float | None, *, text: str = "", unit: str = "") -> Fact:
        """Make a fact of a setting: report year, interval level, threshold."""
        text = text or number_text(float("nan") if value is None else value)
        return cls(f"parameter.{id}.{text}", value, text, unit=unit, kind="parameter")

    @classmethod
    def of_year(cls, year: int, of: Fact | None = None) -> Fact:
        """Make a fact of a year in the text."""
        number, text = int(year), str(int(year))
        if of is None:
            return cls.setting("year", number, text=text)
        bare: dict[str, Any] = {"unit": "", "lower": None, "upper": None, "note": ""}
        return replace(of, id=f"{of.id}.year", value=number, text=text, **bare)

    def to_json(self) -> dict[str, Any]:
        """Return a JSON object; empty fields are left out."""
        out: dict[str, Any] = {}
        for item in fields(self):
            value = getattr(self, item.name)
            if item.name in ("id", "value", "text", "kind") or value not in ("", None, ()):
                out[item.name] = list(value) if isinstance(value, tuple) else value
        return out


Text = str | Fact


def parts_of(text: Text) -> list[str | Fact]:
    """Return words and facts of a text in reading order; a mark nobody made is words."""
    text, parts, end = str(text), list[str | Fact](), 0
    for match in _MARK.finditer(text):
        fact = _MARKED.get(match[1])
        if fact is not None and fact.text == match[2]:
            parts += [text[end : match.start()], fact]
            end = match.end()
    return [part for part in [*parts, text[end:]] if part != ""]


def plain(text: Text) -> str:
    """Return a text as it is read, without its marks."""
    return "".join(part.text if isinstance(part, Fact) else part for part in parts_of(text))


def parts_json(text: Text, where: str) -> list[str | dict[str, Any]]:
    """Return the parts of a text as JSON values, or raise if a number has no origin."""
    parts = parts_of(text)
    for part in parts:
        if isinstance(part, str):
            require_no_digit(part, where)
    return [part.to_json() if isinstance(part, Fact) else part for part in parts]


def require_no_digit(text: str, where: str) -> str:
    """Return `text`, or raise if it holds an Arabic digit."""
    if DIGIT.search(text):
        raise CatalogError(
            "a numeral stands in a text without its origin",
            where=where,
            got=text,
            expected="a Fact, or named(...) for a name that has digits in it",
        )
    return text


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


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def named(text: str) -> str:
    """Make a name, title or code fit for a text even if it has digits in it."""
    parts = parts_of(text)
    if len(parts) == 1 and isinstance(parts[0], str) and DIGIT.search(text):
        return str(Fact(f"name.{_digest(text)}", None, text.translate(_MARKS)))
    return text


def quoted(
    text: str,
    *,
    source_ids: Iterable[str] = (),
    locator: str = "",
    known: Callable[[re.Match[str]], Fact | None] = lambda match: None,
) -> str:
    """Quote words of the catalogue or of a result: every numeral in them becomes a fact."""
    text, made, end, sources = text.translate(_MARKS), "", 0, tuple(source_ids)
    for number, match in enumerate(NUMERAL.finditer(text)):
        id = f"quoted.{_digest(f'{text}|{locator}|{number}')}"
        fact = Fact(id, None, match.group(), source_ids=sources, locator=locator)
        made += f"{text[end : match.start()]}{known(match) or fact}"
        end = match.end()
    return made + text[end:]
