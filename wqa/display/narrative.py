"""Sentences generated from observations by fixed rules: level, change, sample, series.

Every numeral is a `Fact`. A sentence never says more than its figure: a change is computed
only within one definition, and a bound is called a bound.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from wqa.catalog.records import Indicator, Plan
from wqa.display.changes import MONEY, change_clause, spoken
from wqa.display.facts import (
    Fact,
    Printable,
    Text,
    count_fact,
    joined,
    named,
    observation_fact,
    parameter_fact,
    year_fact,
)
from wqa.display.selection import ANNUAL, BOUNDS, Row, latest_row, previous_row, rows_of
from wqa.display.wording import in_sentence, listed, period_text, say, scope_name, term

if TYPE_CHECKING:
    import pandas as pd

# More names than this are listed under a table, not in its caption.
CAPTION_NAMES = 2
# What a denominator counts, by group of the indicator.
SAMPLES = {"product": "batches", "food_agri_drug": "batches", "project": "projects"}


def sentences(texts: Iterable[Text], lang: str) -> Text:
    """Join sentences into a paragraph."""
    return joined(texts, "" if lang == "zh" else " ")


def names_caption(indicators: Sequence[str], lang: str) -> tuple[Text, tuple[Text, ...]]:
    """Make the caption of a table about several indicators."""
    names = [named(name) for name in indicators]
    every = listed(names, lang)
    if len(names) <= CAPTION_NAMES:
        return say("caption.values", lang, indicators=every), ()
    n = count_fact("caption.indicators", len(names))
    caption = say("caption.values_many", lang, first=names[0], n=n)
    return caption, (say("note.values_many", lang, indicators=every),)


def sample_clause(row: Row, indicator: Indicator, lang: str) -> Text:
    """Say how many batches or projects a rate rests on; empty if not published."""
    counted = row.get("denominator")
    kind = SAMPLES.get(indicator.group)
    out = []
    if indicator.family == "percent" and kind and counted is not None and counted == counted:
        n = observation_fact(row, part="denominator")
        out.append(say(f"sample.{kind}", lang, n=n))
    if row["qualifier"] == "derived":
        out.append(say("sample.derived", lang))
    return joined(out, "")


def place(region: str, name: str, lang: str) -> str:
    """Return a region as it stands beside the name of an indicator."""
    if lang == "en":
        return "" if name.startswith(region) else f" in {region}"
    return "" if name[:2] == region[:2] else region


def level_text(
    frame: pd.DataFrame,
    indicator: Indicator,
    region: str,
    *,
    names: Mapping[str, str],
    until: int,
    lang: str = "zh",
    scopes: Iterable[str] | None = None,
    plan: Plan | None = None,
    partial: pd.DataFrame | None = None,
) -> Text:
    """Say what the latest figure is, on what sample, and how it changed."""
    wanted = None if scopes is None else list(scopes)
    found = rows_of(frame, indicator.id, region, scopes=wanted)
    rows = [row for row in found if int(row["year"]) <= until]
    name = in_sentence(getattr(indicator, f"name_{lang}"), lang)
    where = place(names[region], name, lang)
    row = latest_row(rows, prefer=wanted or ())
    if row is None:
        year = parameter_fact("until", until, text=str(until))
        return say("level.none", lang, year=year, region=where or names[region], indicator=name)
    value, unit = spoken(observation_fact(row), lang)
    previous = previous_row(rows, row) if row["qualifier"] in ANNUAL else None
    slots: dict[str, Printable] = {
        "year": year_fact(int(row["year"]), value),
        "region": where,
        "indicator": name,
        "value": value,
        "unit": unit,
        "sample": sample_clause(row, indicator, lang),
        "change": change_clause(row, previous, indicator, lang) if previous else Text(""),
        "origin": _origin(row, lang, plan),
    }
    key = _level_key(row, indicator)
    other = _other_bound(rows, row)
    if other is not None:
        facts = sorted((value, observation_fact(other)), key=lambda f: f.value or 0)
        key, slots = "between", {**slots, "value": facts[0], "upper": facts[1]}
    remarks = _remarks(rows, row, previous, lang, plan)
    if plan is not None and int(row["year"]) < plan.start_year <= until:
        kind, scope = ["partial_period"], [str(row["scope"])]
        whole = frame if partial is None else partial
        parts = rows_of(whole, indicator.id, region, scopes=scope, qualifiers=kind)
        remarks.append(silence_text(plan, until, parts, lang))
    return sentences([say(f"level.{key}", lang, **slots), *remarks], lang)


def _level_key(row: Row, indicator: Indicator) -> str:
    """Return which sentence states the level: a rate, a number of things, an amount, a bound."""
    counted = indicator.family == "count" and indicator.unit not in MONEY
    bound = BOUNDS.get(str(row["qualifier"]))
    if bound is not None:
        return f"count_{bound}" if counted else bound
    if counted:
        return "count"
    return "amount" if indicator.family == "count" else "rate"


def _is_plans_own(row: Row, plan: Plan | None) -> bool:
    return plan is not None and row["source_id"] in {source.id for source in plan.sources}


def _origin(row: Row, lang: str, plan: Plan | None) -> Text:
    """Say in the sentence itself that a figure is the plan's own, or of a lower grade."""
    if _is_plans_own(row, plan):
        return say("evidence.plan", lang)
    lower = row["evidence"] in ("press", "secondary")
    return say(f"evidence.{row['evidence']}", lang) if lower else Text("")


def silence_text(plan: Plan, until: int, parts: Iterable[Row], lang: str) -> Text:
    """Say that no annual figure was found for the plan period."""
    first, last = plan.start_year, min(until, plan.end_year)
    slots: dict[str, Printable] = {
        "first": parameter_fact("plan_start", first, text=str(first)),
        "last": parameter_fact("plan_last", last, text=str(last)),
    }
    part = latest_row(row for row in parts if first <= int(row["year"]) <= last)
    if part is None:
        return say("level.nothing_in_plan", lang, **slots)
    value, unit = spoken(observation_fact(part), lang)
    period = period_text(part, lang)
    return say("level.only_parts_in_plan", lang, **slots, period=period, value=value, unit=unit)


def _other_bound(rows: Iterable[Row], row: Row) -> Row | None:
    """Return the opposite bound of the same year and definition, if published."""
    opposite = {"lower_bound": "upper_bound", "upper_bound": "lower_bound"}
    wanted = opposite.get(str(row["qualifier"]))
    same = (r for r in rows if (r["year"], r["scope"]) == (row["year"], row["scope"]))
    return next((other for other in same if other["qualifier"] == wanted), None)


def _remarks(
    rows: list[dict[str, Any]], row: Row, previous: Row | None, lang: str, plan: Plan | None
) -> list[Text]:
    """Say what limits the use of a figure."""
    out = []
    if previous is None and row["qualifier"] in ANNUAL:
        earlier = latest_row([other for other in rows if int(other["year"]) < int(row["year"])])
        if earlier is None or earlier["scope"] == row["scope"]:
            out.append(say("change.no_comparable", lang))
        else:
            out.append(
                say(
                    "change.broken",
                    lang,
                    scope=scope_name(str(row["scope"]), lang),
                    earlier=scope_name(str(earlier["scope"]), lang),
                )
            )
    if plan is not None and _is_plans_own(row, plan):
        own = (t for t in plan.targets if t.indicator_id == row["indicator_id"])
        if any(target.baseline.status == "disputed" for target in own):
            out.append(say("evidence.disputed", lang))
    return out


def marked(row: Row, value: Fact, lang: str) -> Text:
    """Print a value; a bound carries its sign."""
    signs = {"lower_bound": ">=", "upper_bound": "<"}
    sign = signs.get(str(row["qualifier"]))
    return Text(
        "{mark}{value}", {"mark": term(f"comparator.{sign}", lang) if sign else "", "value": value}
    )


def value_with_year(row: Row, lang: str) -> Text:
    """Print a value with its unit and year, such as ``97.82%（2018年）``."""
    value, unit = spoken(observation_fact(row), lang)
    template = "{value}{unit}（{year}年）" if lang == "zh" else "{value}{unit} ({year})"
    slots: dict[str, Printable] = {
        "value": marked(row, value, lang),
        "unit": named(unit),
        "year": year_fact(int(row["year"]), value),
    }
    return Text(template, slots)
