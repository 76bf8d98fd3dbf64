"""Sentences generated from observations by fixed rules: level, change, sample, series.

Every numeral is a `Fact`. A sentence never says more than its figure: a change is computed
only within one definition, and a bound is called a bound.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from wqa.catalog import Indicator
from wqa.errors import DataError
from wqa.facts import (
    Fact,
    Printable,
    Text,
    computed_fact,
    count_fact,
    joined,
    number_text,
    observation_fact,
    parameter_fact,
    year_fact,
)
from wqa.selection import ANNUAL, BOUNDS, Row, latest_row, previous_row, rows_of
from wqa.wording import in_sentence, listed, say, scope_name, term, unit_after, with_unit

if TYPE_CHECKING:
    import pandas as pd

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


def places_of(*values: float) -> int:
    """Return how many decimals the most precise of some published values has.

    Parameters
    ----------
    *values : float
        Published values.

    Returns
    -------
    int
        At most 4.
    """
    printed = [number_text(value, None).partition(".")[2] for value in values]
    return min(max(len(decimals) for decimals in printed), 4)


def change_fact(new: Fact, old: Fact, lang: str, *, signed: bool = False) -> Fact:
    """Return the difference of two published values, as precise as the more precise one.

    Parameters
    ----------
    new, old : Fact
        Two values of one definition.
    lang : str
        Language of the printed form.
    signed : bool
        Keep the sign; else the size of the difference.

    Returns
    -------
    Fact
        In the unit of the values; points where that unit is per cent.

    Raises
    ------
    DataError
        If a fact has no value or the definitions differ.
    """
    if new.value is None or old.value is None or new.scope != old.scope:
        raise DataError("two figures are not comparable", got=(new.id, old.id))
    difference = float(new.value) - float(old.value)
    return computed_fact(
        "change",
        difference if signed else abs(difference),
        (new, old),
        decimals=places_of(float(new.value), float(old.value)),
        lang=lang,
        unit=new.unit,
        signed=signed,
    )


def points_word(fact: Fact, family: str, lang: str) -> str:
    """Return the word for a difference: percentage points, points, or index points.

    Parameters
    ----------
    fact : Fact
        The difference.
    family : str
        Family of the indicator.
    lang : str
        ``zh`` or ``en``.

    Returns
    -------
    str
        Singular in English if the difference prints as 1.
    """
    if family == "index":
        return term("unit.index_points", lang)
    stem = "unit.score_point" if family == "score" else "unit.point"
    return term(stem if fact.text == "1" else f"{stem}s", lang)


def change_clause(row: Row, previous: Row, indicator: Indicator, lang: str) -> Text:
    """Say how a value changed, as a clause that follows the value.

    Parameters
    ----------
    row, previous : mapping
        Two rows of one definition.
    indicator : Indicator
        What is measured.
    lang : str
        ``zh`` or ``en``.

    Returns
    -------
    Text
        Begins with a comma.
    """
    new, old = observation_fact(row, lang=lang), observation_fact(previous, lang=lang)
    difference = change_fact(new, old, lang)
    unit = unit_after(str(row["unit"]), lang)
    last_year = int(row["year"]) - int(previous["year"]) == 1
    slots: dict[str, Printable] = {
        "year": year_fact(int(previous["year"]), old),
        "value": old,
        "unit": unit,
    }
    if not float(difference.value or 0):
        key = "change.level_yoy" if last_year else "change.level_since"
        return say(key, lang, year=slots["year"])
    counted = indicator.family == "count"
    stem = "than" if counted and lang == "en" else ""
    when = say(f"change.{stem}_yoy" if stem else "change.yoy", lang)
    if not last_year:
        when = say(f"change.{stem}_since" if stem else "change.since", lang, **slots)
    direction = "rose" if float(row["value"]) > float(previous["value"]) else "fell"
    kinds = {"percent": "points", "score": "score", "rate": "rate", "count": "count"}
    kind = kinds.get(indicator.family, "rate")
    return say(
        f"change.{direction}_{kind}",
        lang,
        when=when,
        change=difference,
        points=points_word(difference, indicator.family, lang),
        unit=unit,
    )


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

    Returns
    -------
    Text
        One to three sentences; says plainly if there is no figure, a bound
        only, no comparable year, a change of definition or weak evidence.
    """
    wanted = None if scopes is None else list(scopes)
    rows = [
        row
        for row in rows_of(frame, indicator.id, region, scopes=wanted)
        if int(row["year"]) <= until
    ]
    name = in_sentence(getattr(indicator, f"name_{lang}"), lang)
    row = latest_row(rows, prefer=wanted or ())
    if row is None:
        year = parameter_fact("until", until, text=str(until))
        return say("level.none", lang, year=year, region=names[region], indicator=name)
    value = observation_fact(row, lang=lang)
    previous = previous_row(rows, row) if row["qualifier"] in ANNUAL else None
    key = BOUNDS.get(str(row["qualifier"])) or ("count" if indicator.family == "count" else "rate")
    first = say(
        f"level.{key}",
        lang,
        year=year_fact(int(row["year"]), value),
        region=names[region],
        indicator=name,
        value=value,
        unit=unit_after(str(row["unit"]), lang),
        sample=sample_clause(row, indicator, lang),
        change=change_clause(row, previous, indicator, lang) if previous else Text(""),
    )
    return sentences([first, *_remarks(rows, row, previous, lang)], lang)


def _remarks(rows: list[dict[str, Any]], row: Row, previous: Row | None, lang: str) -> list[Text]:
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
    value = observation_fact(row, lang=lang)
    signs = {"lower_bound": ">=", "upper_bound": "<"}
    sign = signs.get(str(row["qualifier"]))
    mark = term(f"comparator.{sign}", lang) if sign else ""
    template = "{mark}{value}（{year}年）" if lang == "zh" else "{mark}{value} ({year})"
    slots: dict[str, Printable] = {
        "mark": mark,
        "value": with_unit(value, lang),
        "year": year_fact(int(row["year"]), value),
    }
    return Text(template, slots)
