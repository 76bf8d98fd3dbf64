"""Figures of published values, ready to show: levels, regions, death rates, deaths that pass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from wqa.catalog.records import Indicator, Target
from wqa.display.charts import plot_levels
from wqa.display.facts import (
    Fact,
    count_fact,
    named,
    observation_fact,
    parts_of,
    plain,
    target_fact,
    year_fact,
)
from wqa.display.listings import death_parts, ladder_tables
from wqa.display.narrative import bounded, in_brackets, sentences, value_text
from wqa.display.point_charts import plot_dots
from wqa.display.report import DisplayTable, Drawing
from wqa.display.view import ANNUAL, BOUNDS, View, latest_row, rows_in, rows_of
from wqa.display.wording import listed, say, scope_name, term, terms, titled
from wqa.forecasts.scores import event_rate_interval, proportion_interval
from wqa.goals import Goal

if TYPE_CHECKING:
    import pandas as pd

# Columns of a figure's data file.
DATA = ["region", "scope", "year", "value", "unit", "denominator", "lower", "upper",
        "evidence", "source_id"]  # fmt: skip
# Level of the sampling intervals, in percent.
LEVEL = 95.0
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
        lower=[low for low, _ in limits],
        upper=[high for _, high in limits],
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
    value, sign = target_fact(target), term(f"comparator.{target.comparator}", lang)
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
        id=f"{key}-{indicator_id.replace('_', '-')}",
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
            years = {"first": year_fact(first), "last": year_fact(last)}
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
    first, last = year_fact(data["year"].min()), year_fact(data["year"].max())
    out = [say("alt.series", lang, first=first, last=last, title=title)]
    for series, frame in data.groupby("series", sort=False):
        rows = rows_in(frame)
        slots: dict[str, Any] = {"series": series, "n": count_fact(f"alt.{series}", len(rows))}
        for end, row in (("a", rows[0]), ("b", rows[-1])):
            value = observation_fact(row)
            slots[end] = bounded(row, value, lang)
            slots[f"year_{end}"] = year_fact(int(row["year"]), value)
        out.append(say("alt.line" if len(rows) > 1 else "alt.point", lang, **slots))
    if target is not None:
        value = target_fact(target)
        out.append(say("alt.target", lang, label=_kind(target, lang), value=value))
    return sentences(out, lang)


def dots(rows: list[dict[str, Any]], title: str, lang: str, **chart: Any) -> dict[str, Any]:
    """Draw values side by side, and describe them by what each row has `said`."""
    import pandas as pd

    items = [say("alt.dot", lang, label=row["label"], value=row["said"]) for row in rows]
    alt = say("alt.dots", lang, title=title, items=listed(items, lang))
    return {"fig": plot_dots(pd.DataFrame(rows), title=title, **chart), "alt": alt}


def regions_picture(view: View, indicator_id: str) -> Drawing | None:
    """Make the figure of the latest value of every region that has one."""
    import pandas as pd

    lang, name = view.lang, view.indicator_name(indicator_id)
    rows: list[dict[str, Any]] = []
    for region, frame in series_frame(view, indicator_id, list(view.names)).groupby("region"):
        known = rows_in(frame)
        row = latest_row(row for row in known if row["qualifier"] in ANNUAL)
        if row is None and region == view.region:
            row = latest_row(known)  # of the city a limit, if nothing else was published
        if row is not None:
            value, scope = observation_fact(row), scope_name(str(row["scope"]), lang)
            when = f"{row['year']}年，{scope}" if lang == "zh" else f"{row['year']}, {scope}"
            note = in_brackets(bounded(row, value, lang), when, lang)
            printed = {"note": note, "said": value_text(row, lang)}
            rows.append({**row, **printed, "label": view.names[str(region)]})
    if not rows:
        return None
    better = 1 if view.indicator(indicator_id).direction == "lower_better" else -1
    rows.sort(key=lambda row: (better * row["value"], row["label"]))
    data = pd.DataFrame(rows)
    notes = _missing_note(view, indicator_id, data)
    if data["qualifier"].isin(list(BOUNDS)).any():
        notes.append(term("figure.open", lang))
    return Drawing(
        id=f"regions-{indicator_id.replace('_', '-')}",
        caption=say("caption.regions", lang, indicator=name),
        sources=sources_in(data),
        data=data[["label", *DATA]],
        notes=notes,
        **dots(rows, lang=lang, **axis_of(view, indicator_id)),
    )


def death_rates_picture(view: View, rates: pd.DataFrame) -> Drawing | None:
    """Make the figure of published against recomputed death rates."""
    if rates[["published_rate", "recomputed_rate"]].isna().all().any():  # nothing to compare
        return None
    lang, region = view.lang, str(rates["region"].iloc[0])
    names = {"published_rate": "published", "recomputed_rate": "recomputed"}
    data = rates.sort_values(["year", "scope"]).rename(columns=names)
    limits = [
        event_rate_interval(int(deaths), stock) if deaths == deaths and stock == stock else NONE
        for deaths, stock in zip(data["deaths"], data["stock_10k"], strict=True)
    ]
    data = data[["year", "scope", *names.values()]].assign(
        lower=[low for low, _ in limits], upper=[high for _, high in limits]
    )
    data = data.dropna(subset=[*names.values()], how="all").reset_index(drop=True)
    drawn = data.melt(["year", "lower", "upper"], [*names.values()]).dropna(subset="value")
    drawn.loc[drawn["variable"] == "published", ["lower", "upper"]] = NONE
    words = drawn["variable"].map(terms(names.values(), lang))
    columns = ["deaths_source_id", "stock_10k_source_id", "published_rate_source_id"]
    goals = view.targets("special_equipment_death_rate")
    figure = plot_levels(
        drawn.assign(
            region=region, role=view.role(region), series=words, label=words, qualifier=ANNUAL[0]
        ),
        title=titled(term("figure.death_rate", lang), "per_10k_units", lang),
        target=target_line(goals[0], lang) if goals else None,
        bounds=(0.0, float("inf")),
    )
    known = {(row["year"], row["scope"]): death_parts(row) for row in rows_in(rates)}
    slots = {"first": year_fact(data["year"].min()), "last": year_fact(data["year"].max())}
    for column, ends in (("published", "ab"), ("recomputed", "cd")):
        rows = rows_in(data.dropna(subset=column))
        for end, row in zip(ends, (rows[0], rows[-1]), strict=True):
            slots[end] = known[row["year"], row["scope"]][column]
            slots[f"year_{end}"] = year_fact(row["year"], slots[end])
    both = data.dropna(subset=["published", "recomputed"])
    below = (both["recomputed"] < both["published"]).all()
    key, place = "alt.two_rates" if below else "alt.two_rates_mixed", view.names[region]
    return Drawing(
        fig=figure,
        id="death-rates",
        caption=say("caption.two_rates", lang, region=place),
        alt=say(key, lang, region=place, **slots),
        sources=sorted({s for c in columns for s in rates[c].dropna() if s}),
        data=data,
        notes=[named(term("figure.poisson", lang))],
    )


def ladder_pictures(view: View, row: str) -> list[Drawing]:
    """Draw which yearly numbers of deaths pass; nothing where no exposure is known."""
    targets = {target.row + target.part: target for target in view.parameters.plan.targets}
    return [_ladder(view, targets[row], table) for table in ladder_tables(view, row)]


def _ladder(view: View, target: Target, table: DisplayTable) -> Drawing:
    """Make the figure of which yearly number of deaths passes, from the table that says it."""
    import pandas as pd

    lang, rows = view.lang, list[dict[str, Any]]()
    goal = Goal(target.comparator, float(target.value or 0))
    title = titled(term("figure.death_rate", lang), "per_10k_units", lang)
    for key in (column.key for column in table.columns[1:]):
        # No death always passes.
        for cells in table.rows[1:]:
            rate = next(part for part in parts_of(cells[key]) if isinstance(part, Fact))
            label = say(f"figure.{key}", lang, deaths=cells["deaths"])
            role = "main" if goal.met(rate.value or 0) else "side"
            drawn = {"label": label, "value": rate.value, "said": rate, "role": role}
            rows.append(drawn | {"note": str(cells[key])})
    return Drawing(
        id="ladder-deaths",
        caption=say("caption.ladder_plot", lang),
        sources=table.sources,
        data=pd.DataFrame({"label": plain(row["label"]), "rate": row["value"]} for row in rows),
        **dots(rows, title, lang, reference=target_line(target, lang)),
    )
