"""Make facts: numbers with their source, from observations, targets, results and counts.

`Fact` and `Text` themselves live in `wqa.display.fact_types` and are re-exported here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from wqa.display.fact_types import (
    DIGIT,
    EVIDENCE_ORDER,
    KINDS,
    MINUS,
    NUMERAL,
    Fact,
    Kind,
    Printable,
    Text,
    escaped,
    joined,
    number_text,
    parts_json,
    parts_of,
    require_no_digit,
    weakest_evidence,
)
from wqa.errors import DataError

__all__ = [
    "EVIDENCE_ORDER",
    "KINDS",
    "MINUS",
    "Fact",
    "Kind",
    "Printable",
    "Text",
    "computed_fact",
    "count_fact",
    "joined",
    "named",
    "number_text",
    "observation_fact",
    "parameter_fact",
    "parts_json",
    "parts_of",
    "quoted",
    "require_no_digit",
    "target_fact",
    "weakest_evidence",
    "year_fact",
]


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
