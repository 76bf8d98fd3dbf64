"""Figures of published values, ready to show: levels, regions, two death rates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from wqa.catalog.records import Target
from wqa.display.charts import plot_levels
from wqa.display.facts import (
    count_fact,
    named,
    observation_fact,
    target_fact,
    year_fact,
)
from wqa.display.listings import death_parts
from wqa.display.narrative import bounded, sentences
from wqa.display.point_charts import plot_dots
from wqa.display.report import Drawing
from wqa.display.view import ANNUAL, BOUNDS, View, latest_row, rows_in, rows_of
from wqa.display.wording import listed, say, scope_name, term, terms, titled, with_unit
from wqa.errors import DataError
from wqa.forecasts.scores import event_rate_interval, proportion_interval

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


def series_frame(
    view: View,
    indicator_id: str,
    regions: Iterable[str],
    *,
    first: int | None = None,
) -> pd.DataFrame:
    """Return the values of one indicator as a chart needs them."""
    import pandas as pd

    indicator = view.indicator(indicator_id)
    rows: list[dict[str, Any]] = []
    for region in regions:
        found = rows_of(view.headline, indicator_id, region)
        found = [row for row in found if first is None or int(row["year"]) >= first]
        several = len({row["scope"] for row in found}) > 1
        for row in found:
            name = view.names[region]
            scope = scope_name(str(row["scope"]), view.lang)
            label = f"{name}（{scope}）" if view.lang == "zh" else f"{name} ({scope})"
            lower, upper = sampling_interval(row, indicator.family, indicator.group)
            rows.append(
                row
                | {"role": view.role(region), "series": label if several else name}
                | {"lower": lower, "upper": upper}
            )
    columns = [*view.shown.columns, "role", "series", "label", "lower", "upper"]
    made = pd.DataFrame(rows, columns=columns)
    made = made.astype({"lower": float, "upper": float, "value": float})
    made["label"] = made["series"]
    if made["series"].nunique() > MOST_LABELS:
        # One label per region, at its newest definition; the note names the definitions.
        newest = made.sort_values("year").groupby("region")["series"].last()
        at_end = made["series"] == made["region"].map(newest)
        made["label"] = made["region"].map(dict(view.names)).where(at_end, "")
    return made


def definition_notes(view: View, data: pd.DataFrame) -> list[str]:
    """Name the definitions of a region that has several, in order of time."""
    out = []
    for region in dict.fromkeys(data["region"]):
        rows = data[data["region"] == region]
        if rows["scope"].nunique() < 2 or (rows["label"] != "").all():
            continue
        spans = rows.groupby("scope")["year"].agg(["min", "max"]).sort_values(["min", "max"])
        items = [
            say(
                "note.definition" if first != last else "note.definition_year",
                view.lang,
                scope=scope_name(str(scope), view.lang),
                first=year_fact(int(first)),
                last=year_fact(int(last)),
            )
            for scope, first, last in spans.itertuples(name=None)
        ]
        names = listed(items, view.lang)
        out.append(say("note.definitions", view.lang, region=view.names[region], items=names))
    return out


def sampling_interval(row: Mapping[str, Any], family: str, group: str) -> tuple[float, float]:
    """Return the interval that the number of batches gives; missing if there is none."""
    n = row.get("denominator")
    if family != "percent" or group not in SAMPLED or n is None or n != n:
        return NONE
    return proportion_interval(float(row["value"]) / 100 * float(n), float(n), LEVEL)


def level_picture(
    view: View, indicator_id: str, *, regions: Sequence[str] | None = None, first: int | None = None
) -> Drawing:
    """Make the figure of an indicator's levels over time."""
    data = series_frame(view, indicator_id, regions or view.regions, first=first)
    if data.loc[data["qualifier"].isin([*ANNUAL, *BOUNDS]), "value"].dropna().empty:
        raise DataError("a figure would be empty", where=indicator_id, got=regions)
    indicator = view.indicator(indicator_id)
    title = titled(view.indicator_name(indicator_id), indicator.unit, view.lang)
    goals = [goal for goal in view.targets(indicator_id) if goal.value is not None]
    line = target_line(goals[0], view.lang) if goals else None
    sources = list(dict.fromkeys(data["source_id"]))
    notes: list[str] = [*definition_notes(view, data)]
    if data["lower"].notna().any():
        notes.append(named(term("figure.interval", view.lang)))
    if data["qualifier"].isin(list(BOUNDS)).any():
        notes.append(named(term("figure.bound", view.lang)))
    bounds = None if indicator.upper is None else (indicator.lower or 0.0, indicator.upper)
    figure = plot_levels(data, title=title, target=line, bounds=bounds)
    drawn = list(dict.fromkeys(view.names[region] for region in data["region"]))
    name = named(view.indicator_name(indicator_id))
    return Drawing(
        fig=figure,
        id=f"level-{indicator_id.replace('_', '-')}",
        caption=say("caption.level", view.lang, indicator=name, regions=listed(drawn, view.lang)),
        alt=series_alt(view, data, title, goals[0] if goals else None),
        sources=sources,
        data=data[[*DATA, "series", "qualifier"]],
        notes=notes,
    )


def target_line(target: Target, lang: str) -> dict[str, Any]:
    """Return what a chart draws of a target: value, years and label."""
    kind = "target" if target.nature == "binding" else "expected"
    sign = term(f"comparator.{target.comparator}", lang)
    value = target_fact(target)
    first = target.start_year if target.scope == "every_year" else target.year - 1
    return {
        "value": float(value.value or 0),
        "first": first,
        "last": target.year,
        "label": f"{term(f'figure.{kind}', lang)} {sign}{value.text}",
    }


def series_alt(view: View, data: pd.DataFrame, title: str, target: Target | None) -> str:
    """Describe a line chart in words, from its data."""
    lang = view.lang
    records = rows_in(data)
    years = [int(row["year"]) for row in records]
    first, last = year_fact(min(years)), year_fact(max(years))
    out = [say("alt.series", lang, first=first, last=last, title=title)]
    for series in dict.fromkeys(data["series"]):
        rows = [row for row in records if row["series"] == series]
        a, b = (observation_fact(row) for row in (rows[0], rows[-1]))
        key = "alt.line" if len(rows) > 1 else "alt.point"
        slots: dict[str, Any] = {
            "series": str(series),
            "n": count_fact(f"alt.{series}", len(rows)),
            "a": bounded(rows[0], a, lang),
            "b": bounded(rows[-1], b, lang),
            "year_a": year_fact(int(rows[0]["year"]), a),
            "year_b": year_fact(int(rows[-1]["year"]), b),
        }
        out.append(say(key, lang, **slots))
    if target is not None:
        kind = "target" if target.nature == "binding" else "expected"
        label = term(f"figure.{kind}", lang)
        out.append(say("alt.target", lang, label=label, value=target_fact(target)))
    return sentences(out, lang)


def regions_picture(view: View, indicator_id: str) -> Drawing:
    """Make the figure of the latest value of every region that has one."""
    import pandas as pd

    lang, indicator = view.lang, view.indicator(indicator_id)
    known = sorted(set(view.shown.loc[view.shown["indicator_id"] == indicator_id, "region"]))
    rows = []
    for region in known:
        found = series_frame(view, indicator_id, [region])
        records = rows_in(found)
        row = latest_row(item for item in records if item["qualifier"] in ANNUAL)
        if row is not None:
            rows.append(dict(row) | {"label": view.names[region]})
    if not rows:
        raise DataError("a figure would be empty", where=indicator_id, got=list(known))
    better = -1 if indicator.direction != "lower_better" else 1
    rows.sort(key=lambda row: (better * float(row["value"]), row["label"]))
    facts = [observation_fact(row) for row in rows]
    for row, fact in zip(rows, facts, strict=True):
        scope = scope_name(str(row["scope"]), lang)
        inside = f"（{row['year']}年，{scope}）" if lang == "zh" else f" ({row['year']}, {scope})"
        row["note"] = fact.text + inside
    data = pd.DataFrame(rows)
    title = titled(view.indicator_name(indicator_id), indicator.unit, lang)
    sources = list(dict.fromkeys(data["source_id"]))
    figure = plot_dots(
        data,
        title=title,
        bounds=None if indicator.upper is None else (indicator.lower or 0.0, indicator.upper),
    )
    items = [
        say("alt.dot", lang, label=str(row["label"]), value=with_unit(fact, lang))
        for row, fact in zip(rows, facts, strict=True)
    ]
    return Drawing(
        fig=figure,
        id=f"regions-{indicator_id.replace('_', '-')}",
        caption=say("caption.regions", lang, indicator=view.indicator_name(indicator_id)),
        alt=say("alt.dots", lang, title=title, items=listed(items, lang)),
        sources=sources,
        data=data[["label", *DATA]],
    )


def death_rates_picture(view: View, rates: pd.DataFrame) -> Drawing:
    """Make the figure of published against recomputed death rates."""
    lang, region = view.lang, str(rates["region"].iloc[0])
    names = {"published_rate": "published", "recomputed_rate": "recomputed"}
    data = rates.sort_values(["year", "scope"]).rename(columns=names)
    limits = [
        event_rate_interval(int(deaths), stock) if deaths == deaths and stock == stock else NONE
        for deaths, stock in zip(data["deaths"], data["stock_10k"], strict=True)
    ]
    data = data[["year", "scope", "published", "recomputed"]].assign(
        lower=[low for low, _ in limits], upper=[high for _, high in limits]
    )
    data = data.dropna(subset=["published", "recomputed"], how="all").reset_index(drop=True)
    columns = [c for c in rates.columns if c.endswith("source_id") and c != "accidents_source_id"]
    sources = sorted({str(s) for c in columns for s in rates[c].dropna() if str(s)})
    goals = view.targets("special_equipment_death_rate")
    shown = data.melt(["year", "lower", "upper"], ["published", "recomputed"]).dropna(
        subset="value"
    )
    shown.loc[shown["variable"] == "published", ["lower", "upper"]] = NONE
    words = shown["variable"].map(terms(["published", "recomputed"], lang))
    shown = shown.assign(region=region, role=view.role(region), series=words, label=words)
    figure = plot_levels(
        shown.assign(qualifier=ANNUAL[0]),
        title=titled(term("figure.death_rate", lang), "per_10k_units", lang),
        target=target_line(goals[0], lang) if goals else None,
        bounds=(0.0, float("inf")),
    )
    return Drawing(
        fig=figure,
        id="death-rates",
        caption=say("caption.two_rates", lang, region=view.names[region]),
        alt=_death_alt(view, data, rates),
        sources=sources,
        data=data,
        notes=[named(term("figure.poisson", lang))],
    )


def _death_alt(view: View, data: pd.DataFrame, rates: pd.DataFrame) -> str:
    lang, region = view.lang, str(rates["region"].iloc[0])
    known = {(row["year"], row["scope"]): death_parts(row) for row in rows_in(rates)}
    slots: dict[str, Any] = {
        "first": year_fact(int(data["year"].min())),
        "last": year_fact(int(data["year"].max())),
        "region": view.names[region],
    }
    for column, names in (("published", "ab"), ("recomputed", "cd")):
        rows = data.dropna(subset=[column])
        for name, place in zip(names, (0, -1), strict=True):
            year, scope = int(rows["year"].iloc[place]), rows["scope"].iloc[place]
            slots[name] = known[year, scope][column]
            slots[f"year_{name}"] = year_fact(year, known[year, scope][column])
    both = data.dropna(subset=["published", "recomputed"])
    below = bool((both["recomputed"] < both["published"]).all())
    return say("alt.two_rates" if below else "alt.two_rates_mixed", lang, **slots)
