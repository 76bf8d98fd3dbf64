"""Tables of published figures: by period, latest by region, coverage, death rates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from wqa.catalog.records import Target
from wqa.display.changes import change_fact, spoken
from wqa.display.facts import (
    Fact,
    Printable,
    Text,
    computed_fact,
    count_fact,
    named,
    observation_fact,
    year_fact,
)
from wqa.display.narrative import marked, names_caption, value_with_year
from wqa.display.report import Column, DisplayTable
from wqa.display.view import View, latest_row, previous_row, rows_in, rows_of
from wqa.display.wording import listed, period_text, say, scope_name, term, unit_name
from wqa.goals import Goal

if TYPE_CHECKING:
    import pandas as pd

# Tables without a printed source stand on the book's own computation.
OWN = ("computed",)
TENS = {"unit": 1e-4, "unit_10k": 1.0}  # units of special equipment in tens of thousands
MOST_DEATHS = 4  # of the ladder
LISTED = ("exact", "derived", "lower_bound", "upper_bound", "partial_period")


def heads(keys: Iterable[str], lang: str, **aligned: str) -> tuple[Column, ...]:
    """Return columns whose heads are words of the catalogue."""
    return tuple(
        Column(key, term(f"table.{key}", lang), align=aligned.get(key, "left"))  # type: ignore[arg-type]
        for key in keys
    )


def values_table(view: View, indicator_ids: Sequence[str]) -> DisplayTable:
    """List every published figure of some indicators, parts of a year and bounds marked."""
    lang, region = view.lang, view.region
    rows: list[dict[str, Printable]] = []
    for indicator_id in indicator_ids:
        indicator = view.indicator(indicator_id)
        records = rows_of(view.observations, indicator_id, region, qualifiers=LISTED)
        for row in records:
            if row["value"] != row["value"]:
                continue
            cells: dict[str, Printable] = {
                "name": named(view.indicator_name(indicator_id)),
                "year": period_text(row, lang),
                "value": _value_cell(row, lang),
                "scope": named(scope_name(str(row["scope"]), lang)),
                "qualifier": term(f"qualifier.{row['qualifier']}", lang),
                "evidence": term(f"evidence.{row['evidence']}", lang),
            }
            if row["denominator"] == row["denominator"] and indicator.family == "percent":
                cells["batches"] = observation_fact(row, part="denominator")
            rows.append(cells)
    keys = ["name", "year", "value", "batches", "scope", "qualifier", "evidence"]
    unused = {"name"} if len(indicator_ids) == 1 else set()
    unused |= set() if any("batches" in row for row in rows) else {"batches"}
    kept = [key for key in keys if key not in unused]
    caption, notes = names_caption([view.indicator_name(i) for i in indicator_ids], lang)
    shown = [{key: cell for key, cell in row.items() if key in kept} for row in rows]
    return DisplayTable(
        _id("values", indicator_ids[0]),
        caption,
        heads(kept, lang, value="decimal", batches="decimal"),
        # An empty table would hide that nothing was published; say it instead.
        tuple(shown) or ({kept[0]: term("figure.no_value", lang)},),
        notes,
        sources=() if shown else OWN,
    )


def _id(kind: str, indicator_id: str) -> str:
    return f"{kind}-{indicator_id.replace('_', '-')}"


def _value_cell(row: Mapping[str, Any], lang: str) -> Text:
    value, unit = spoken(observation_fact(row), lang)
    return Text("{value}{unit}", {"value": marked(row, value, lang), "unit": named(unit)})


def latest_table(view: View, indicator_ids: Sequence[str]) -> DisplayTable:
    """Show the latest figure of the region, its province and the nation side by side."""
    lang = view.lang
    keys = ["city", "province", "nation"][: len(view.regions)]
    rows = []
    for indicator_id in indicator_ids:
        cells: dict[str, Printable] = {"name": named(view.indicator_name(indicator_id))}
        for key, region in zip(keys, view.regions, strict=True):
            row = latest_row(rows_of(view.headline, indicator_id, region))
            if row is not None:
                cells[key] = value_with_year(row, lang)
        rows.append(cells)
    columns = heads(["name"], lang) + tuple(
        Column(key, view.names[region]) for key, region in zip(keys, view.regions, strict=True)
    )
    names = listed([view.names[region] for region in view.regions], lang)
    caption = say("caption.latest", lang, regions=names)
    note = say("note.other_frames", lang)
    return DisplayTable("latest", caption, columns, tuple(rows), (note,))


def change_table(view: View, indicator_id: str, region: str, scope: str) -> DisplayTable:
    """Show one series year by year with its change on the last comparable year."""
    lang, indicator = view.lang, view.indicator(indicator_id)
    found = rows_of(view.shown, indicator_id, region, scopes=[scope])
    rows = []
    for row in found:
        value = observation_fact(row)
        cells: dict[str, Printable] = {
            "year": year_fact(int(row["year"]), value),
            "value": marked(row, value, lang),
            "evidence": term(f"evidence.{row['evidence']}", lang),
        }
        old = previous_row(found, row)
        if old is not None and row["qualifier"] in ("exact", "derived"):
            before = observation_fact(old)
            cells["change"] = change_fact(value, before, signed=True)
        if row["denominator"] == row["denominator"]:
            cells["batches"] = observation_fact(row, part="denominator")
        rows.append(cells)
    keys = ["year", "value", "change", "batches", "evidence"]
    if not any("batches" in row for row in rows):
        keys.remove("batches")
    columns = list(heads(keys, lang, value="decimal", change="decimal", batches="decimal"))
    columns[1] = replace(columns[1], unit=unit_name(indicator.unit, lang))
    regions = listed([view.names[region]], lang)
    name = named(view.indicator_name(indicator_id))
    caption = say("caption.level", lang, indicator=name, regions=regions)
    note = say("note.definition_only", lang, scope=scope_name(scope, lang))
    id = _id("changes", indicator_id)
    return DisplayTable(id, caption, tuple(columns), tuple(rows), (note,))


def coverage_table(view: View) -> DisplayTable:
    """Count the published figures by group of indicators."""
    from wqa.catalog.catalog import read_catalogue

    lang, plan = view.lang, view.parameters.plan
    frame = view.observations
    group = frame["indicator_id"].map({key: i.group for key, i in view.indicators.items()})
    own = frame["region"] == view.region
    annual = frame["qualifier"].isin(["exact", "derived"])
    inside = own & annual & frame["year"].between(plan.start_year, plan.end_year)
    rows = []
    for key, entry in read_catalogue(view.parameters.catalog)["groups"].items():
        in_group = group == key
        counts = {
            "indicators": frame.loc[in_group, "indicator_id"].nunique(),
            "figures": int(in_group.sum()),
            "own": int((in_group & own).sum()),
            "inside": int((in_group & inside).sum()),
        }
        cells: dict[str, Printable] = {"group": str(getattr(entry, lang))}
        for name, number in counts.items():
            cells[name] = count_fact(f"coverage.{key}.{name}", int(number))
        rows.append(cells)
    numbers = dict.fromkeys(["indicators", "figures", "own", "inside"], "decimal")
    columns = heads(["group", *numbers], lang, **numbers)
    caption = term("table.coverage_caption", lang)
    return DisplayTable("coverage", caption, columns, tuple(rows), sources=OWN)


def death_rate_table(view: View, rates: pd.DataFrame) -> DisplayTable:
    """Set published and recomputed death rates of special equipment side by side."""
    lang = view.lang
    rows = []
    for row in rows_in(rates.sort_values(["year", "scope"])):
        cells: dict[str, Printable] = dict(death_parts(row))
        if not {"deaths", "published"} & set(cells):
            continue
        first = next(cell for cell in cells.values() if isinstance(cell, Fact))
        cells["year"] = year_fact(int(row["year"]), first)
        cells["scope"] = named(scope_name(str(row["scope"]), lang))
        rows.append(cells)
    keys = ["year", "scope", "deaths", "stock", "published", "recomputed", "ratio"]
    numbers = dict.fromkeys(keys[2:], "decimal")
    units = {"deaths": "person", "stock": "unit_10k", "ratio": "pct"}
    columns = tuple(
        replace(column, unit=unit_name(units[column.key], lang)) if column.key in units else column
        for column in heads(keys, lang, **numbers)
    )
    caption = say("caption.two_rates", lang, region=view.names[str(rates["region"].iloc[0])])
    note = say("note.two_rates", lang)
    return DisplayTable("death-rate-parts", caption, columns, tuple(rows), (note,))


def ladder_table(view: View, target: Target, premises: Iterable[Mapping[str, Any]]) -> DisplayTable:
    """Say which yearly number of deaths passes, on the part of the stock known and on all of it."""
    # `premises` are those of the rule rare_events: an exposure, and what part of the whole it is.
    places = {f"{row['file']}:{row['row']}": row for row in rows_in(view.observations)}
    found = {str(one["role"]): observation_fact(places[str(one["place"])]) for one in premises}
    size = {role: float(fact.value or 0.0) * TENS[fact.unit] for role, fact in found.items()
            if fact.unit in TENS}  # fmt: skip
    sizes = {"part": size["exposure"]}
    if "ratio_part" in size:
        sizes["whole"] = size["exposure"] * size["ratio_whole"] / size["ratio_part"]
    goal, rows, lang = Goal(target.comparator, float(target.value or 0.0)), [], view.lang
    behind = [fact for role, fact in found.items() if role in size]
    for deaths in range(MOST_DEATHS + 1):
        cells: dict[str, Printable] = {"deaths": count_fact("deaths", deaths)}
        for name, stock in sizes.items():
            rate = computed_fact(f"ladder.{name}", deaths / stock, behind, decimals=3)
            met = term("table.yes" if goal.met(deaths / stock) else "table.no", lang)
            template = "{rate}（{met}）" if lang == "zh" else "{rate} ({met})"
            cells[f"rate_{name}"] = Text(template, {"rate": rate, "met": met})
        rows.append(cells)
    columns = heads(["deaths", *(f"rate_{name}" for name in sizes)], lang)
    caption, note = say("caption.ladder", lang), say("note.ladder", lang)
    return DisplayTable("ladder", caption, columns, tuple(rows), (note,))


def death_parts(row: Mapping[str, Any]) -> dict[str, Fact]:
    """Return the known figures of one year of the death rate frame, as facts."""
    made = {
        "deaths": _part(row, "deaths", 0),
        "stock": _part(row, "stock_10k", None),
        "published": _part(row, "published_rate", None),
    }
    known = {key: fact for key, fact in made.items() if fact is not None}
    if {"deaths", "stock"} <= set(known) and row["recomputed_rate"] == row["recomputed_rate"]:
        rate, inputs = float(row["recomputed_rate"]), [known["deaths"], known["stock"]]
        new = computed_fact("rate", rate, inputs, decimals=3, unit="per_10k_units")
        known["recomputed"] = new
        if "published" in known:
            share = rate / float(row["published_rate"]) * 100
            both = [new, known["published"]]
            known["ratio"] = computed_fact("ratio", share, both, decimals=0)
    return known


def _part(row: Mapping[str, Any], name: str, decimals: int | None) -> Fact | None:
    """Make a fact of one column of the death rate frame; None where it is missing."""
    if row.get(name) is None or row[name] != row[name]:
        return None
    cell: dict[str, Any] = {key: row[key] for key in ("region", "year", "scope")}
    cell |= {"indicator_id": f"special_equipment_{name}", "value": row[name], "unit": ""}
    cell["source_id"] = row[f"{name}_source_id"]
    cell["file"], _, cell["row"] = str(row[f"{name}_place"]).rpartition(":")
    return observation_fact(cell, decimals=decimals)
