"""How a value changed: the difference with its provenance, its unit in words, the clause."""

from __future__ import annotations

from dataclasses import replace

from wqa.catalog.records import Indicator
from wqa.display.facts import (
    Fact,
    Printable,
    Text,
    computed_fact,
    number_text,
    observation_fact,
    year_fact,
)
from wqa.display.view import Row
from wqa.display.wording import say, term, unit_after
from wqa.errors import DataError

# Units of ten thousand, and what English counts instead.
# Units that the English name of the indicator says already.
UNSAID_EN = ("per_10k_units", "accident_per_10k_units")
# Units of money: an amount is not a number of things.
MONEY = ("yuan_10k", "yuan_100m")
SPOKEN_EN = {"certificate_10k": "certificates", "unit_10k": "units", "yuan_10k": "yuan"}


def places_of(*values: float) -> int:
    """Return how many decimals the most precise of some published values has."""
    printed = [number_text(value, None).partition(".")[2] for value in values]
    return min(max(len(decimals) for decimals in printed), 4)


def change_fact(new: Fact, old: Fact, *, signed: bool = False) -> Fact:
    """Return the difference of two published values, as precise as the more precise one."""
    if new.value is None or old.value is None or new.scope != old.scope:
        raise DataError("two figures are not comparable", got=(new.id, old.id))
    difference = float(new.value) - float(old.value)
    return computed_fact(
        "change",
        difference if signed else abs(difference),
        (new, old),
        decimals=places_of(float(new.value), float(old.value)),
        unit=new.unit,
        signed=signed,
    )


def points_word(fact: Fact, family: str, lang: str) -> str:
    """Return the word for a difference: percentage points, points, or index points."""
    if family == "index":
        return term("unit.index_points", lang)
    stem = "unit.score_point" if family == "score" else "unit.point"
    return term(stem if fact.text == "1" else f"{stem}s", lang)


def change_clause(row: Row, previous: Row, indicator: Indicator, lang: str) -> Text:
    """Say how a value changed, as a clause that follows the value."""
    new, old = observation_fact(row), observation_fact(previous)
    difference = change_fact(new, old)
    difference, unit = spoken(difference, lang)
    old, _ = spoken(old, lang)
    last_year = int(row["year"]) - int(previous["year"]) == 1
    slots: dict[str, Printable] = {
        "year": year_fact(int(previous["year"]), old),
        "value": old,
        "unit": unit,
    }
    if not float(difference.value or 0):
        key = "change.level_yoy" if last_year else "change.level_since"
        return say(key, lang, year=slots["year"])
    counted = indicator.family == "count" and indicator.unit not in MONEY
    stem = "than" if counted and lang == "en" else ""
    when = say(f"change.{stem}_yoy" if stem else "change.yoy", lang)
    if not last_year:
        when = say(f"change.{stem}_since" if stem else "change.since", lang, **slots)
    direction = "rose" if float(row["value"]) > float(previous["value"]) else "fell"
    kinds = {"percent": "points", "score": "score", "rate": "rate", "count": "count"}
    kind = kinds.get(indicator.family, "rate")
    kind = "amount" if indicator.unit in MONEY else kind
    return say(
        f"change.{direction}_{kind}",
        lang,
        when=when,
        change=difference,
        points=points_word(difference, indicator.family, lang),
        unit=unit,
    )


def spoken(fact: Fact, lang: str) -> tuple[Fact, str]:
    """Return a value and its unit as they are said in a sentence."""
    if lang == "en" and fact.unit in UNSAID_EN:
        return fact, ""
    plain = SPOKEN_EN.get(fact.unit) if lang == "en" else None
    if plain is None or fact.value is None:
        return fact, unit_after(fact.unit, lang)
    text = number_text(fact.value * 10_000, None)
    return replace(fact, id=f"{fact.id}.full", text=text), f" {plain}"
