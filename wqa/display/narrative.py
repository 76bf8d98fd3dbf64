"""Sentences generated from observations by fixed rules: level, change, sample, series.

Every numeral is a `Fact`. A sentence never says more than its figure: a change is computed
only within one definition, and a bound is called a bound.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from wqa.display.changes import change_clause, spoken
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
from wqa.display.wording import in_sentence, listed, say, scope_name, term, unit_after
from wqa.plans.catalog import Indicator, Plan

if TYPE_CHECKING:
    import pandas as pd

# More names than this are listed under a table, not in its caption.
CAPTION_NAMES = 2
# What a denominator counts, by group of the indicator.
SAMPLES = {"product": "batches", "food_agri_drug": "batches", "project": "projects"}


def sentences(texts: Iterable[Text], lang: str) -> Text:
    """Join sentences into a paragraph.

    Parameters
    ----------
    texts : iterable of Text
        Empty ones are left out.
    lang : str
        English sentences are set off by a space.

    Returns
    -------
    Text
        The paragraph.
    """
    return joined(texts, "" if lang == "zh" else " ")


def names_caption(indicators: Sequence[str], lang: str) -> tuple[Text, tuple[Text, ...]]:
    """Make the caption of a table about several indicators.

    Parameters
    ----------
    indicators : sequence of str
        Their names.
    lang : str
        ``zh`` or ``en``.

    Returns
    -------
    tuple of Text and tuple of Text
        Caption and notes; more than `CAPTION_NAMES` names go to a note.
    """
    names = [named(name) for name in indicators]
    every = listed(names, lang)
    if len(names) <= CAPTION_NAMES:
        return say("caption.values", lang, indicators=every), ()
    n = count_fact("caption.indicators", len(names), lang=lang)
    caption = say("caption.values_many", lang, first=names[0], n=n)
    return caption, (say("note.values_many", lang, indicators=every),)


def sample_clause(row: Row, indicator: Indicator, lang: str) -> Text:
    """Say how many batches or projects a rate rests on; empty if not published.

    Parameters
    ----------
    row : mapping
        Row of the observation frame.
    indicator : Indicator
        What is measured.
    lang : str
        ``zh`` or ``en``.

    Returns
    -------
    Text
        In brackets, or empty.
    """
    counted = row.get("denominator")
    kind = SAMPLES.get(indicator.group)
    if indicator.family != "percent" or kind is None or counted is None or counted != counted:
        return Text("")
    return say(f"sample.{kind}", lang, n=observation_fact(row, part="denominator", lang=lang))


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
) -> Text:
    """Say what the latest figure is, on what sample, and how it changed.

    Parameters
    ----------
    frame : pandas.DataFrame
        Observation frame.
    indicator : Indicator
        What is measured.
    region : str
        Whose figure.
    names : mapping of str to str
        Region names in the language.
    until : int
        Last year to use.
    lang : str
        ``zh`` or ``en``.
    scopes : iterable of str, optional
        Definitions to use, best first; default all.
    plan : Plan, optional
        Its own figures are called baselines, and silence during it is said.

    Returns
    -------
    Text
        One to four sentences; says plainly if there is no figure, a bound
        only, no comparable year, a change of definition or weak evidence.
    """
    wanted = None if scopes is None else list(scopes)
    found = rows_of(frame, indicator.id, region, scopes=wanted)
    rows = [row for row in found if int(row["year"]) <= until]
    name = in_sentence(getattr(indicator, f"name_{lang}"), lang)
    where = "" if lang == "zh" and name[:2] == names[region][:2] else names[region]
    row = latest_row(rows, prefer=wanted or ())
    if row is None:
        year = parameter_fact("until", until, text=str(until))
        return say("level.none", lang, year=year, region=names[region], indicator=name)
    value, unit = spoken(observation_fact(row, lang=lang), lang)
    previous = previous_row(rows, row) if row["qualifier"] in ANNUAL else None
    slots: dict[str, Printable] = {
        "year": year_fact(int(row["year"]), value),
        "region": where,
        "indicator": name,
        "value": value,
        "unit": unit,
        "sample": sample_clause(row, indicator, lang),
        "change": change_clause(row, previous, indicator, lang) if previous else Text(""),
    }
    key = BOUNDS.get(str(row["qualifier"])) or ("count" if indicator.family == "count" else "rate")
    other = _other_bound(rows, row)
    if other is not None:
        facts = sorted((value, observation_fact(other, lang=lang)), key=lambda f: f.value or 0)
        key, slots = "between", {**slots, "value": facts[0], "upper": facts[1]}
    remarks = _remarks(rows, row, previous, lang, plan)
    silent = plan is not None and int(row["year"]) < plan.start_year <= until
    if plan is not None and silent:
        remarks.append(silence_text(plan, until, names[region], name, lang))
    return sentences([say(f"level.{key}", lang, **slots), *remarks], lang)


def silence_text(plan: Plan, until: int, region: str, name: str, lang: str) -> Text:
    """Say that no annual figure was found for the plan period.

    Parameters
    ----------
    plan : Plan
        Its start year begins the span.
    until : int
        Last year looked at.
    region, name : str
        Printed names of region and indicator.
    lang : str
        ``zh`` or ``en``.

    Returns
    -------
    Text
        One sentence.
    """
    first, last = plan.start_year, min(until, plan.end_year)
    return say(
        "level.nothing_in_plan",
        lang,
        first=parameter_fact("plan_start", first, text=str(first)),
        last=parameter_fact("plan_last", last, text=str(last)),
        region=region,
        indicator=name,
    )


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
    if row["qualifier"] == "derived":
        out.append(say("change.derived", lang))
    if plan is not None and row["source_id"] in {source.id for source in plan.sources}:
        out.append(say("evidence.plan", lang))
    if row["evidence"] in ("press", "secondary"):
        out.append(say(f"evidence.{row['evidence']}", lang))
    return out


def series_text(
    frame: pd.DataFrame, indicator: Indicator, region: str, scope: str, *, lang: str = "zh"
) -> Text:
    """Describe one series: its definition, number of values, first and last, missing years.

    Parameters
    ----------
    frame : pandas.DataFrame
        Observation frame.
    indicator : Indicator
        What is measured.
    region, scope : str
        The series.
    lang : str
        ``zh`` or ``en``.

    Returns
    -------
    Text
        Empty if the series has no annual value.
    """
    rows = rows_of(frame, indicator.id, region, scopes=[scope], qualifiers=ANNUAL)
    if not rows:
        return Text("")
    first, last = (observation_fact(row, lang=lang) for row in (rows[0], rows[-1]))
    years = sorted({int(row["year"]) for row in rows})
    first_sentence = say(
        "series.span",
        lang,
        scope=scope_name(scope, lang),
        n=count_fact(f"{indicator.id}.{region}.{scope}", len(years), lang=lang),
        first=year_fact(years[0], first),
        last=year_fact(years[-1], last),
        start=first,
        end=last,
        unit=unit_after(indicator.unit, lang),
    )
    missing = [year for year in range(years[0], years[-1]) if year not in years]
    gaps = [parameter_fact("missing_year", year, text=str(year)) for year in missing]
    rest = [say("series.gaps", lang, years=listed(gaps, lang))] if gaps else []
    return sentences([first_sentence, *rest], lang)


def marked(row: Row, value: Fact, lang: str) -> Text:
    """Print a value; a bound carries its sign.

    Parameters
    ----------
    row : mapping
        Row of the observation frame.
    value : Fact
        Its value.
    lang : str
        ``zh`` or ``en``.

    Returns
    -------
    Text
        For example ``98`` or ``≥98``.
    """
    signs = {"lower_bound": ">=", "upper_bound": "<"}
    sign = signs.get(str(row["qualifier"]))
    return Text(
        "{mark}{value}", {"mark": term(f"comparator.{sign}", lang) if sign else "", "value": value}
    )


def value_with_year(row: Row, lang: str) -> Text:
    """Print a value with its unit and year, such as ``97.82%（2018年）``.

    Parameters
    ----------
    row : mapping
        Row of the observation frame.
    lang : str
        ``zh`` or ``en``.

    Returns
    -------
    Text
        A bound is marked by its sign.
    """
    value, unit = spoken(observation_fact(row, lang=lang), lang)
    template = "{value}{unit}（{year}年）" if lang == "zh" else "{value}{unit} ({year})"
    slots: dict[str, Printable] = {
        "value": marked(row, value, lang),
        "unit": named(unit),
        "year": year_fact(int(row["year"]), value),
    }
    return Text(template, slots)
