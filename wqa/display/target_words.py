"""Targets as readers see them: in signs or in words, their name, their baseline."""

from __future__ import annotations

from wqa.catalog.records import Target
from wqa.display.changes import spoken
from wqa.display.facts import Printable, Text, named, target_fact
from wqa.display.view import View
from wqa.display.wording import say, term, unit_after


def short_unit(unit_id: str, lang: str) -> str:
    """Return a unit for a narrow column: English words are left to the tables."""
    unit = unit_after(unit_id, lang)
    return unit if lang == "zh" or unit == "%" else ""


def _target_slots(target: Target, lang: str) -> dict[str, Printable]:
    value, unit = spoken(target_fact(target), lang)
    return {"value": value, "unit": named(unit)}


def target_text(target: Target, lang: str, *, short: bool = False) -> Text:
    """Print a target: sign, number, unit, such as ``≥98.5%``."""
    if target.value is None:
        return Text(term(f"kind.{target.kind}", lang))
    slots = _target_slots(target, lang)
    if short:
        slots["unit"] = named(short_unit(target.unit, lang))
    slots["sign"] = "" if target.kind == "bound" else term(f"comparator.{target.comparator}", lang)
    slots["more"] = term("table.more_conditions", lang) if target.kind == "compound" else ""
    return Text("{sign}{value}{unit}{more}", slots)


def target_words(view: View, target: Target) -> Text:
    """Say a target in words, such as ``不低于98.5%``."""
    lang = view.lang
    if target.value is None:
        return Text(term(f"kind.{target.kind}", lang))
    counted = view.indicator(target.indicator_id).family == "count"
    key = "bound" if target.kind == "bound" else f"{'count_' if counted else ''}{target.comparator}"
    return Text(term(f"words.{key}", lang) + "{value}{unit}", _target_slots(target, lang))


def target_name(target: Target, lang: str) -> Printable:
    """Return the printed name of a target."""
    return named(str(getattr(target, f"name_{lang}")))


def baseline_text(target: Target, lang: str, *, unit: str) -> Text | None:
    """Print the baseline of a target, for the place of a level that was not published."""
    if target.baseline.value is None:
        return None
    if target.baseline.status == "disputed":
        return Text(term("baseline.in_dispute", lang))
    value, _ = spoken(target_fact(target, part="baseline"), lang)
    return say("plan.baseline", lang, value=value, unit=named(unit))
