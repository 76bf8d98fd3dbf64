"""Tables of published figures: by period, latest by region, coverage, death rates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from wqa.catalog.catalog import read_catalogue
from wqa.display.facts import Fact, Text, named, quoted
from wqa.display.narrative import (
    in_brackets,
    names_caption,
    value_text,
    value_with_year,
)
from wqa.display.report import Column, DisplayTable, table
from wqa.display.view import ANNUAL, View, latest_row, rows_in, rows_of
from wqa.display.wording import listed, period_text, say, scope_name, term
from wqa.goals import Goal

LISTED = ("exact", "derived", "lower_bound", "upper_bound", "partial_period")


def values_table(view: View, *indicator_ids: str) -> DisplayTable | None:
    """List every published figure of indicators that have one or a target, bounds marked."""
    lang, rows = view.lang, []
    known = set(view.observations.loc[view.observations["region"] == view.region, "indicator_id"])
    shown = [id for id in indicator_ids if id in known or view.targets(id)]
    if not shown:
        return None
    found = [rows_of(view.observations, id, view.region, qualifiers=LISTED) for id in shown]
    for row in (row for of_one in found for row in of_one if row["value"] == row["value"]):
        indicator = view.indicator(row["indicator_id"])
        cells: dict[str, Text] = {
            "year": period_text(row, lang),
            "value": value_text(row, lang),
            "scope": named(scope_name(row["scope"], lang)),
            "qualifier": term(f"qualifier.{row['qualifier']}", lang),
            "evidence": term(f"evidence.{row['evidence']}", lang),
        }
        if len(shown) > 1:
            cells["name"] = named(view.indicator_name(indicator.id))
        if indicator.family == "percent" and row["denominator"] == row["denominator"]:
            cells["batches"] = Fact.observed(row, part="denominator")
        rows.append(cells)
    caption, notes = names_caption([view.indicator_name(id) for id in shown], lang)
    # An empty table would hide that nothing was published; say it instead.
    rows = rows or [{"name" if len(shown) > 1 else "year": term("figure.no_value", lang)}]
    id, keys = _id("values", indicator_ids[0]), "name year value batches scope qualifier evidence"
    return table(lang, id, rows, keys, caption=caption, notes=notes)


def _id(kind: str, indicator_id: str) -> str:
    return f"{kind}-{indicator_id.replace('_', '-')}"


def latest_table(view: View, indicator_ids: Sequence[str]) -> DisplayTable:
    """Show the latest figure of the region, its province and the nation side by side."""
    lang, rows = view.lang, []
    for indicator_id in indicator_ids:
        cells: dict[str, Text] = {"name": named(view.indicator_name(indicator_id))}
        for region in view.regions:
            row = latest_row(rows_of(view.headline, indicator_id, region))
            if row is not None:
                cells[region] = value_with_year(row, lang)
        rows.append(cells)
    names = [view.names[region] for region in view.regions]
    head = Column("name", term("table.name", lang))
    columns = (head, *map(Column, view.regions, names))
    caption = say("caption.latest", lang, regions=listed(names, lang))
    return DisplayTable("latest", caption, columns, rows, (say("note.other_frames", lang),))


def milestones_table(view: View, indicator_id: str) -> list[DisplayTable]:
    """Set what the plan asks for year by year beside the newest figure known by then."""
    lang, plan = view.lang, view.parameters.plan
    found = rows_of(view.observations, indicator_id, plan.region, qualifiers=LISTED)
    rows = []
    for step in plan.milestones if plan.region == view.region else ():
        asked = quoted(getattr(step, f"asked_{lang}"), source_ids=[plan.source_id],
                       locator=step.clause)  # fmt: skip
        cells = {"asked": asked, "state": term("table.not_published", lang)}
        known = [row for row in found if int(row["year"]) <= step.year]
        if step.indicator_id != indicator_id:
            continue
        if known and step.value is not None:
            row = max(known, key=lambda row: (row["year"], row["period"]))
            is_met = Goal(step.comparator, step.value).met(float(row["value"]))
            cells["level"] = in_brackets(value_text(row, lang), period_text(row, lang), lang)
            cells["scope"] = named(scope_name(str(row["scope"]), lang))
            cells["state"] = term("table.yes" if is_met else "table.no", lang)
        rows.append(cells)
    caption = say("caption.milestones", lang, name=view.indicator_name(indicator_id))
    keys, id = "asked level scope state", _id("steps", indicator_id)
    return [table(lang, id, rows, keys, caption=caption)] if rows else []


def coverage_table(view: View) -> DisplayTable:
    """Count the published figures by group of indicators."""
    lang, plan, frame = view.lang, view.parameters.plan, view.observations
    groups = {id: indicator.group for id, indicator in view.indicators.items()}
    own = frame["region"] == view.region
    annual = frame["year"].between(plan.start_year, plan.end_year) & frame["qualifier"].isin(ANNUAL)
    counted = frame.assign(own=own, inside=own & annual).groupby(frame["indicator_id"].map(groups))
    counts = counted.agg(indicators=("indicator_id", "nunique"), figures=("year", "size"))
    counts = counts.join(counted[["own", "inside"]].sum())
    names, rows = read_catalogue(view.parameters.catalog)["groups"], list[dict[str, Any]]()
    for key, row in counts.reindex(list(names), fill_value=0).to_dict("index").items():
        facts = {str(name): Fact.counted(f"coverage.{key}.{name}", n) for name, n in row.items()}
        rows.append({"group": str(getattr(names[str(key)], lang)), **facts})
    return table(lang, "coverage", rows, caption=term("table.coverage_caption", lang))


def death_rate_table(view: View, rates: pd.DataFrame) -> DisplayTable | None:
    """Set published and recomputed death rates of special equipment side by side."""
    lang, rows = view.lang, []
    if rates.empty:
        return None
    for row in rows_in(rates.sort_values(["year", "scope"])):
        parts = death_parts(row)
        if {"deaths", "published"} & set(parts):
            year = Fact.of_year(row["year"], next(iter(parts.values())))
            rows.append({"year": year, "scope": named(scope_name(row["scope"], lang)), **parts})
    keys, id = "year scope deaths stock published recomputed ratio", "death-rate-parts"
    caption = say("caption.two_rates", lang, region=view.names[str(rates["region"].iloc[0])])
    units = {"deaths": "person", "stock": "unit_10k", "ratio": "pct"}
    note = say("note.two_rates", lang)
    return table(lang, id, rows, keys, caption=caption, notes=[note], **units)


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
        new = Fact.computed("rate", rate, inputs, decimals=3, unit="per_10k_units")
        known["recomputed"] = new
        if "published" in known:
            share = rate / float(row["published_rate"]) * 100
            both = [new, known["published"]]
            known["ratio"] = Fact.computed("ratio", share, both, decimals=0)
    return known


def _part(row: Mapping[str, Any], name: str, decimals: int | None) -> Fact | None:
    """Make a fact of one column of the death rate frame; None where it is missing."""
    if row.get(name) is None or row[name] != row[name]:
        return None
    cell: dict[str, Any] = {key: row[key] for key in ("region", "year", "scope")}
    cell |= {"indicator_id": f"special_equipment_{name}", "value": row[name], "unit": ""}
    cell["source_id"] = row[f"{name}_source_id"]
    cell["file"], _, cell["row"] = str(row[f"{name}_place"]).rpartition(":")
    return Fact.observed(cell, decimals=decimals)
