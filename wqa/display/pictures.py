"""Figures of published values, ready to show: levels, regions, death rates, deaths that pass."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from wqa.assessment.statements import explain
from wqa.catalog.records import Indicator, Target
from wqa.display.charts import plot_dots, plot_levels
from wqa.display.facts import Fact, named, plain
from wqa.display.narrative import bounded, in_brackets, sentences, value_text
from wqa.display.report import Drawing, drawing, sources_of
from wqa.display.view import ANNUAL, BOUNDS, View, latest_row, rows_in, rows_of
from wqa.display.wording import listed, say, scope_name, term, terms, titled
from wqa.forecasts.scores import event_rate_interval, proportion_interval
from wqa.goals import Goal

# Columns of a figure's data file.
DATA = ["region", "scope", "year", "value", "unit", "denominator", "lower", "upper",
        "evidence", "source_id"]  # fmt: skip
# Level of the sampling intervals, in percent.
LEVEL = 95.0
TENS = {"unit": 1e-4, "unit_10k": 1.0}  # units of special equipment in tens of thousands
MOST_DEATHS = 4  # of the ladder
NONE = (float("nan"), float("nan"))
# With more series than this, a chart labels regions and a note names the definitions.
MOST_LABELS = 5
SAMPLED = ("product", "food_agri_drug", "project")


def axis_of(view: View, indicator_id: str) -> dict[str, Any]:
    """Return title and natural bounds of the axis that shows an indicator."""
    indicator = view.indicator(indicator_id)
    bounds = None if indicator.upper is None else (indicator.lower or 0.0, indicator.upper)
    title = titled(view.indicator_name(indicator_id), indicator.unit, view.lang)
    return {"title": title, "bounds": bounds}


def series_frame(
    view: View,
    indicator_id: str,
    regions: Sequence[str],
    *,
    first: int = 0,
    definitions: Sequence[str] = (),
) -> pd.DataFrame:
    """Return the values of one indicator as a chart needs them."""
    frame, indicator = view.headline, view.indicator(indicator_id)
    if definitions:
        frame = view.shown[view.shown["scope"].isin(definitions)]
    frame = frame[(frame["indicator_id"] == indicator_id) & frame["region"].isin(regions)]
    frame = frame[frame["qualifier"].isin([*ANNUAL, *BOUNDS]) & (frame["year"] >= first)]
    order = frame["region"].map(list(regions).index)
    frame = frame.assign(order=order).sort_values(["order", "year", "scope"], kind="stable")
    names = frame["region"].map(dict(view.names))
    several = frame.groupby("region")["scope"].transform("nunique") > 1
    series = [
        in_brackets(name, scope_name(scope, view.lang), view.lang) if split else name
        for name, scope, split in zip(names, frame["scope"], several, strict=True)
    ]
    limits = [sampling_interval(row, indicator) for row in rows_in(frame)]
    made = frame.assign(
        role=frame["region"].map(view.role),
        series=series,
        label=series,
        **_ends(limits),
    )
    if made["series"].nunique() > MOST_LABELS:
        # One label per region, at its newest definition; the note names the definitions.
        newest = made.sort_values("year").groupby("region")["series"].last()
        made["label"] = names.where(made["series"] == made["region"].map(newest), "")
    return made


def sampling_interval(row: Mapping[str, Any], indicator: Indicator) -> tuple[float, float]:
    """Return the interval that the number of batches gives; missing if there is none."""
    n = row.get("denominator")
    sampled = indicator.family == "percent" and indicator.group in SAMPLED
    if not sampled or n is None or n != n:
        return NONE
    return proportion_interval(float(row["value"]) / 100 * float(n), float(n), LEVEL)


def sources_in(data: pd.DataFrame) -> list[str]:
    """Return the sources of rows in their order."""
    return list(dict.fromkeys(data["source_id"]))


def target_line(target: Target, lang: str) -> dict[str, Any]:
    """Return what a chart draws of a target: value, years and label."""
    value, sign = Fact.asked(target), term(f"comparator.{target.comparator}", lang)
    return {
        "value": float(value.value or 0),
        "first": target.start_year if target.scope == "every_year" else target.year - 1,
        "last": target.year,
        "label": f"{_kind(target, lang)} {sign}{value.text}",
    }


def _kind(target: Target, lang: str) -> str:
    """Say whether a target binds."""
    return term("figure.target" if target.nature == "binding" else "figure.expected", lang)


def level_picture(
    view: View, indicator_id: str, *, regions: Sequence[str] = (), **chosen: Any
) -> Drawing | None:
    """Make the figure of an indicator's levels over time."""
    lang, axis = view.lang, axis_of(view, indicator_id)
    data = series_frame(view, indicator_id, regions or view.regions, **chosen)
    if data["value"].dropna().empty:
        return None
    goals = [goal for goal in view.targets(indicator_id) if goal.value is not None]
    notes = [*_definition_notes(view, data), *_missing_note(view, indicator_id, data)]
    if data["lower"].notna().any():
        notes.append(named(term("figure.interval", lang)))
    if data["qualifier"].isin(list(BOUNDS)).any():
        notes.append(named(term("figure.bound", lang)))
    key = "scopes" if "definitions" in chosen else "level"
    drawn = [view.names[region] for region in dict.fromkeys(data["region"])]
    name = named(view.indicator_name(indicator_id))
    return Drawing(
        fig=plot_levels(data, target=target_line(goals[0], lang) if goals else None, **axis),
        id=id_of(key, indicator_id),
        caption=say(f"caption.{key}", lang, indicator=name, regions=listed(drawn, lang)),
        alt=_levels_alt(data, axis["title"], goals[0] if goals else None, lang),
        sources=sources_in(data),
        data=data[[*DATA, "series", "qualifier"]],
        notes=notes,
    )


def _definition_notes(view: View, data: pd.DataFrame) -> list[str]:
    """Name the definitions of a region that has several, in order of time."""
    lang, out = view.lang, []
    for region, rows in data.groupby("region", sort=False):
        if rows["scope"].nunique() < 2 or (rows["label"] != "").all():
            continue
        items = []
        spans = rows.groupby("scope")["year"].agg(["min", "max"]).sort_values(["min", "max"])
        for scope, first, last in spans.itertuples(name=None):
            key = "note.definition" if first != last else "note.definition_year"
            years = {"first": Fact.of_year(first), "last": Fact.of_year(last)}
            items.append(say(key, lang, scope=scope_name(scope, lang), **years))
        names = listed(items, lang)
        out.append(say("note.definitions", lang, region=view.names[str(region)], items=names))
    return out


def _missing_note(view: View, indicator_id: str, data: pd.DataFrame) -> list[str]:
    """Say so where a chart cannot show the place that the paper is about."""
    given: dict[str, Any] = {"scopes": data["scope"], "qualifiers": ANNUAL}
    known = rows_of(view.shown, indicator_id, view.region, **given)
    if known or view.region in set(data["region"]):
        return []
    return [say("note.no_own_figure", view.lang, region=view.names[view.region])]


def _levels_alt(data: pd.DataFrame, title: str, target: Target | None, lang: str) -> str:
    """Describe a line chart in words, from its data."""
    first, last = Fact.of_year(data["year"].min()), Fact.of_year(data["year"].max())
    out = [say("alt.series", lang, first=first, last=last, title=title)]
    for series, frame in data.groupby("series", sort=False):
        rows = rows_in(frame)
        slots: dict[str, Any] = {"series": series, "n": Fact.counted(f"alt.{series}", len(rows))}
        for end, row in (("a", rows[0]), ("b", rows[-1])):
            value = Fact.observed(row)
            slots[end] = bounded(row, value, lang)
            slots[f"year_{end}"] = Fact.of_year(int(row["year"]), value)
        out.append(say("alt.line" if len(rows) > 1 else "alt.point", lang, **slots))
    if target is not None:
        value = Fact.asked(target)
        out.append(say("alt.target", lang, label=_kind(target, lang), value=value))
    return sentences(out, lang)


def dots(
    lang: str, key: str, rows: list[dict[str, Any]], axis: Mapping[str, Any], **more: Any
) -> Drawing:
    """Draw values side by side, and describe them by what each row has `said`."""
    items = [say("alt.dot", lang, label=row["label"], value=row["said"]) for row in rows]
    told = {"alt": "dots", "title": axis["title"], "items": listed(items, lang)}
    return drawing(lang, key, plot_dots(pd.DataFrame(rows), **axis), **told, **more)


def id_of(kind: str, indicator_id: str) -> str:
    """Return the id of a figure about an indicator."""
    return f"{kind}-{indicator_id.replace('_', '-')}"


def regions_picture(view: View, indicator_id: str) -> Drawing | None:
    """Make the figure of the latest value of every region that has one."""
    lang, name = view.lang, view.indicator_name(indicator_id)
    rows: list[dict[str, Any]] = []
    for region, frame in series_frame(view, indicator_id, list(view.names)).groupby("region"):
        known = rows_in(frame)
        row = latest_row(row for row in known if row["qualifier"] in ANNUAL)
        if row is None and region == view.region:
            row = latest_row(known)  # of the city a limit, if nothing else was published
        if row is not None:
            value, scope = Fact.observed(row), scope_name(str(row["scope"]), lang)
            when = f"{row['year']}年，{scope}" if lang == "zh" else f"{row['year']}, {scope}"
            note = in_brackets(bounded(row, value, lang), when, lang)
            printed = {"note": note, "said": value_text(row, lang)}
            rows.append({**row, **printed, "label": view.names[str(region)]})
    if not rows:
        return None
    better = 1 if view.indicator(indicator_id).direction == "lower_better" else -1
    rows.sort(key=lambda row: (better * row["value"], row["label"]))
    data, axis = pd.DataFrame(rows), axis_of(view, indicator_id)
    notes = _missing_note(view, indicator_id, data)
    if data["qualifier"].isin(list(BOUNDS)).any():
        notes.append(term("figure.open", lang))
    about: dict[str, Any] = {"id": id_of("regions", indicator_id), "indicator": name}
    about |= {"data": data[["label", *DATA]], "notes": notes}
    return dots(lang, "regions", rows, axis, **about)


def death_parts(row: Mapping[str, Any]) -> dict[str, Fact]:
    """Return the known figures of one year of the death rate frame, as facts."""
    columns = {"deaths": "deaths", "stock": "stock_10k", "published": "published_rate"}
    known = {key: _part(row, name) for key, name in columns.items() if row[name] == row[name]}
    if {"deaths", "stock"} <= set(known) and row["recomputed_rate"] == row["recomputed_rate"]:
        rate, inputs = float(row["recomputed_rate"]), [known["deaths"], known["stock"]]
        new = Fact.computed("rate", rate, inputs, decimals=3, unit="per_10k_units")
        known["recomputed"] = new
        if "published" in known:
            share = rate / float(row["published_rate"]) * 100
            both = [new, known["published"]]
            known["ratio"] = Fact.computed("ratio", share, both, decimals=0)
    return known


def _part(row: Mapping[str, Any], name: str) -> Fact:
    """Make a fact of one column of the death rate frame."""
    cell: dict[str, Any] = {key: row[key] for key in ("region", "year", "scope")}
    cell |= {"indicator_id": f"special_equipment_{name}", "value": row[name], "unit": ""}
    cell["source_id"] = row[f"{name}_source_id"]
    cell["file"], _, cell["row"] = str(row[f"{name}_place"]).rpartition(":")
    return Fact.observed(cell, decimals=0 if name == "deaths" else None)


def death_rates_picture(view: View, rates: pd.DataFrame) -> Drawing | None:
    """Make the figure of published against recomputed death rates."""
    if rates[["published_rate", "recomputed_rate"]].isna().all().any():  # nothing to compare
        return None
    lang, region = view.lang, str(rates["region"].iloc[0])
    kinds = ["published", "recomputed"]
    known = rates.sort_values(["year", "scope"]).rename(
        columns=lambda name: name.removesuffix("_rate")
    )
    exposed = zip(known["deaths"], known["stock_10k"], strict=True)
    limits = [
        event_rate_interval(int(n), stock) if n == n and stock == stock else NONE
        for n, stock in exposed
    ]
    data = known[["year", "scope", *kinds]].assign(**_ends(limits))
    data = data.dropna(subset=kinds, how="all").reset_index(drop=True)
    drawn = data.melt(["year", "lower", "upper"], kinds).dropna(subset="value")
    drawn.loc[drawn["variable"] == "published", ["lower", "upper"]] = NONE
    words = drawn["variable"].map(terms(kinds, lang))
    looks = {"region": region, "role": view.role(region), "qualifier": ANNUAL[0]}
    title = titled(term("figure.death_rate", lang), "per_10k_units", lang)
    goals = view.targets("special_equipment_death_rate")
    figure = plot_levels(
        drawn.assign(series=words, label=words, **looks),
        title=title,
        target=target_line(goals[0], lang) if goals else None,
        bounds=(0.0, float("inf")),
    )
    parts = {(row["year"], row["scope"]): death_parts(row) for row in rows_in(rates)}
    slots: dict[str, Any] = {
        "first": Fact.of_year(data["year"].min()),
        "last": Fact.of_year(data["year"].max()),
    }
    for column, ends in zip(kinds, ("ab", "cd"), strict=True):
        rows = rows_in(data.dropna(subset=column))
        for end, row in zip(ends, (rows[0], rows[-1]), strict=True):
            slots[end] = parts[row["year"], row["scope"]][column]
            slots[f"year_{end}"] = Fact.of_year(row["year"], slots[end])
    both = data.dropna(subset=kinds)
    below = (both["recomputed"] < both["published"]).all()
    given: dict[str, Any] = {
        "alt": "two_rates" if below else "two_rates_mixed",
        "id": "death-rates",
    }
    columns = ["deaths_source_id", "stock_10k_source_id", "published_rate_source_id"]
    given["sources"] = sorted({s for c in columns for s in rates[c].dropna() if s})
    given["notes"] = [named(term("figure.poisson", lang))]
    return drawing(lang, "two_rates", figure, data, region=view.names[region], **slots, **given)


def _ends(limits: Sequence[tuple[float, float]]) -> dict[str, list[float]]:
    """Return limits as two columns."""
    return {"lower": [low for low, _ in limits], "upper": [high for _, high in limits]}


def ladder_pictures(view: View, row: str) -> list[Drawing]:
    """Draw which yearly numbers of deaths pass; nothing where no exposure is known."""
    given = view.parameters
    targets = {target.row + target.part: target for target in given.plan.targets}
    if row not in targets:
        return []
    names = ("region", "edition", "as_of", "catalog")
    asked: dict[str, Any] = {name: getattr(given, name) for name in names}
    chain = explain(given.plan, row, lang=view.lang, **asked)
    steps = [step for step in chain["steps"] if step["rule"] == "rare_events"]
    return [_ladder(view, targets[row], s["premises"]) for s in steps if "premises" in s]


def _ladder(view: View, target: Target, premises: Iterable[Mapping[str, Any]]) -> Drawing:
    """Draw which number of deaths passes, on the part of the stock known and on all of it."""
    # `premises` are those of the rule rare_events: an exposure, and what part of the whole it is.
    lang, rows = view.lang, list[dict[str, Any]]()
    goal = Goal(target.comparator, float(target.value or 0))
    places = {f"{row['file']}:{row['row']}": row for row in rows_in(view.observations)}
    found = {str(one["role"]): Fact.observed(places[str(one["place"])]) for one in premises}
    behind = {role: fact for role, fact in found.items() if fact.unit in TENS}
    size = {role: float(fact.value or 0) * TENS[fact.unit] for role, fact in behind.items()}
    sizes = {"part": size["exposure"]}
    if "ratio_part" in size:
        sizes["whole"] = size["exposure"] * size["ratio_whole"] / size["ratio_part"]
    for name, stock in sizes.items():
        for deaths in range(1, MOST_DEATHS + 1):  # no death always passes
            rate = Fact.computed(f"ladder.{name}", deaths / stock, behind.values(), decimals=3)
            is_met = goal.met(deaths / stock)
            label = say(f"figure.rate_{name}", lang, deaths=Fact.counted("deaths", deaths))
            said = in_brackets(rate, term("table.yes" if is_met else "table.no", lang), lang)
            drawn = {"label": label, "value": rate.value, "said": rate, "note": said}
            rows.append(drawn | {"role": "main" if is_met else "side"})
    title = titled(term("figure.death_rate", lang), "per_10k_units", lang)
    axis = {"title": title, "reference": target_line(target, lang)}
    given: dict[str, Any] = {"id": "ladder-deaths", "notes": [say("note.ladder", lang)]}
    given["sources"] = sources_of(str(row["said"]) for row in rows)
    data = pd.DataFrame({"label": plain(row["label"]), "rate": row["value"]} for row in rows)
    return dots(lang, "ladder_plot", rows, axis, data=data, **given)
