"""Numbers with their source, and sentences that refer to them.

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
_DIGIT = re.compile("[0-9\N{FULLWIDTH DIGIT ZERO}-\N{FULLWIDTH DIGIT NINE}]")
_NUMERAL = re.compile(f"{_DIGIT.pattern}(?:[.,]?{_DIGIT.pattern})*")


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
            if _DIGIT.search(literal):
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
                template += _escaped(part)
            else:
                template += f"{{f{number}}}"
                facts[f"f{number}"] = Fact.from_json(part)
        return cls(template, facts)


Printable = Fact | Text | str


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
    if _DIGIT.search(text):
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
    English groups thousands from 10,000 on; Chinese text does not (GB/T 15835
    leaves grouping open, and official bulletins print none).

    Parameters
    ----------
    value : float
        Finite number.
    decimals : int, optional
        Digits after the point; None prints the value as published.
    lang : str
        ``zh`` or ``en``.
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
    group = "," if lang == "en" and abs(number) >= 10_000 else ""
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


def named(text: str, *, source_ids: Iterable[str] = (), locator: str = "") -> Printable:
    """Make a name, title or code fit for a slot even if it has digits in it.

    Parameters
    ----------
    text : str
        A name from the catalogue or from a source.
    source_ids : iterable of str
        Where the name stands.
    locator : str
        Place in the source.

    Returns
    -------
    str or Fact
        The string itself if it holds no digit, else a fact without a value.
    """
    if not _DIGIT.search(text):
        return text
    digest = hashlib.sha256(text.encode()).hexdigest()[:12]
    return Fact(f"name.{digest}", None, text, source_ids=tuple(source_ids), locator=locator)


def quoted(text: str, *, source_ids: Iterable[str] = (), locator: str = "", note: str = "") -> Text:
    """Quote words of the catalogue or of a result: every numeral in them becomes a fact.

    Parameters
    ----------
    text : str
        A definition, a reason, a remark.
    source_ids : iterable of str
        What the numerals rest on.
    locator : str
        Place in the source, or the id of the result.
    note : str
        How the words came about.

    Returns
    -------
    Text
        Prints as `text`.
    """
    sources = tuple(source_ids)
    template, facts, end = "", {}, 0
    for number, match in enumerate(_NUMERAL.finditer(text)):
        template += _escaped(text[end : match.start()]) + f"{{n{number}}}"
        end = match.end()
        digest = hashlib.sha256(f"{text}|{locator}|{number}".encode()).hexdigest()[:12]
        facts[f"n{number}"] = Fact(
            f"quoted.{digest}",
            None,
            match.group(),
            kind="parameter",
            source_ids=sources,
            locator=locator,
            note=note,
        )
    return Text(template + _escaped(text[end:]), facts)


def _escaped(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")


def observation_fact(
    row: Mapping[str, Any],
    *,
    part: str = "value",
    decimals: int | None = None,
    lang: str = "zh",
    unit: str | None = None,
) -> Fact:
    """Make a fact of one cell of the observation frame.

    Parameters
    ----------
    row : mapping
        A row of `wqa.load_observations`, as a mapping.
    part : str
        ``value``, ``numerator``, ``denominator`` or ``year``.
    decimals : int, optional
        None prints the value as published.
    lang : str
        Language of the printed form.
    unit : str, optional
        Unit of the part; default is the row's unit for a value, none otherwise.

    Returns
    -------
    Fact
        Kind ``observation``; derived values say so in the note.
    """
    qualifier = str(row.get("qualifier", ""))
    year = int(row["year"])
    value = float(row[part])
    text = str(year) if part == "year" else number_text(value, decimals, lang)
    place = f"{row['file']}:{int(row['row'])}" if row.get("file") else ""
    key = (row["indicator_id"], row["region"], year, row.get("scope", ""), part, place)
    return Fact(
        id="obs." + ".".join(str(item) for item in key if str(item)) + f".{text}",
        value=year if part == "year" else value,
        text=text,
        unit=(str(row["unit"]) if part == "value" else "") if unit is None else unit,
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


def target_fact(target: Any, *, part: str = "value", lang: str = "zh") -> Fact:
    """Make a fact of a number of a plan's target.

    Parameters
    ----------
    target : wqa.catalog.Target
        Target of a plan.
    part : str
        ``value``, ``year``, ``row`` (printed with its part letter) or ``baseline``.
    lang : str
        Language of the printed form.

    Returns
    -------
    Fact
        Kind ``target``, with the clause as locator.

    Raises
    ------
    DataError
        If the target has no such number.
    """
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
        text = number_text(float(number), None, lang)
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
    lang: str = "zh",
    unit: str = "",
    signed: bool = False,
    kind: Kind = "computed",
    lower: float | None = None,
    upper: float | None = None,
    note: str = "",
) -> Fact:
    """Make a fact that is calculated from other facts.

    Parameters
    ----------
    id : str
        What is computed, for example ``change``; the inputs complete the key.
    value : float
        The result.
    inputs : iterable of Fact
        What it rests on; sources, places, the newest vintage and the weakest
        evidence are taken from them.
    decimals : int, optional
        Digits after the point.
    lang : str
        Language of the printed form.
    unit : str
        Unit id of the result.
    signed : bool
        Print a plus sign.
    kind : str
        ``computed`` or ``forecast``.
    lower, upper : float, optional
        Interval.
    note : str
        How it was computed.

    Returns
    -------
    Fact
        With the merged provenance.
    """
    rests_on = tuple(inputs)
    text = number_text(value, decimals, lang, signed=signed)
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


def count_fact(
    id: str, number: int, *, lang: str = "zh", source_ids: Iterable[str] = (), note: str = ""
) -> Fact:
    """Make a fact of a count made by the suite itself (rows, findings, conflicts).

    Parameters
    ----------
    id : str
        What is counted.
    number : int
        The count.
    lang : str
        Language of the printed form.
    source_ids : iterable of str
        Sources of what is counted.
    note : str
        How it was counted.

    Returns
    -------
    Fact
        Kind ``count``.
    """
    return Fact(
        f"count.{id}.{int(number)}",
        int(number),
        number_text(int(number), 0, lang),
        kind="count",
        source_ids=tuple(source_ids),
        note=note,
    )


def parameter_fact(
    id: str,
    value: float | int | None,
    *,
    text: str = "",
    decimals: int | None = None,
    unit: str = "",
    lang: str = "zh",
    note: str = "",
) -> Fact:
    """Make a fact of a setting: report year, interval level, threshold.

    Parameters
    ----------
    id : str
        Name of the setting.
    value : float or int or None
        The setting; None for a code or a date.
    text : str
        Printed form, if it is not the number itself (a year, a date).
    decimals : int, optional
        Digits after the point.
    unit : str
        Unit id.
    lang : str
        Language of the printed form.
    note : str
        Where the setting comes from.

    Returns
    -------
    Fact
        Kind ``parameter``.
    """
    if not text:
        if value is None:
            raise DataError("a parameter needs a value or a printed form", got=id)
        text = number_text(value, decimals, lang)
    return Fact(f"parameter.{id}.{text}", value, text, unit=unit, kind="parameter", note=note)


def year_fact(year: int, of: Fact | None = None) -> Fact:
    """Make a fact of a year in the text.

    Parameters
    ----------
    year : int
        Calendar year.
    of : Fact, optional
        The number this year belongs to; its provenance is taken over.

    Returns
    -------
    Fact
        Printed without grouping.
    """
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
