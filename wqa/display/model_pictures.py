"""Figures of evidence and models, ready to show: known years, progress, funnel, path, chance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import bdtrik

from wqa.assessment import judging
from wqa.assessment.inferences import narrowed
from wqa.catalog.records import Target
from wqa.display.charts import plot_funnel, plot_grid, plot_path, plot_progress, plot_reliability
from wqa.display.facts import Fact, named, plain
from wqa.display.judgements import (
    answers,
    figures_behind,
    level_cell,
    level_fact,
    records,
    target_name,
    target_of,
    target_text,
)
from wqa.display.narrative import in_brackets, spoken
from wqa.display.pictures import DATA, LEVEL, axis_of, id_of, series_frame, sources_in, target_line
from wqa.display.report import Drawing, drawing
from wqa.display.view import ANNUAL, BOUNDS, View, is_side_scope, latest_row, rows_in, rows_of
from wqa.display.wording import listed, say, term, terms, titled
from wqa.forecasts.forecasting import Forecast, forecast
from wqa.goals import Span

# Scopes of counts that add up to a target.
COUNTED = ("plan_sum", "end_stock")
# Years before the plan that the grid of known years shows.
BEFORE = 5
# Level of the range of chance beyond all doubt, in percent.
OUTER = 99.8


def grid_picture(view: View) -> Drawing | None:
    """Make the figure of which target has which figure in which year."""
    lang, plan = view.lang, view.parameters.plan
    years = range(plan.start_year - BEFORE, max(plan.end_year, view.until) + 1)
    frame = view.observations[view.observations["region"] == view.region].dropna(subset="value")
    own = {source.id for source in plan.sources}
    cells, used = [], list[str]()
    for target in plan.targets:
        label = f"{target.row}{target.part} {getattr(target, f'name_{lang}')}"
        rows = frame[frame["indicator_id"] == target.indicator_id]
        for year in years:
            of_year = rows[rows["year"] == year]
            status = _status(of_year, own)
            cells.append({"label": label, "year": year, "status": status})
            used += sources_in(of_year) if status else []
    if not used:
        return None
    data = pd.DataFrame(cells)
    inside = data["year"].between(plan.start_year, plan.end_year)
    known = data[inside & (data["status"] == "annual")]
    words = terms(["grid_annual", "grid_plan", "grid_other"], lang)
    figure = plot_grid(data, words=words, start=plan.start_year)
    slots: dict[str, Any] = {
        "n": len(plan.targets),
        "k": known["label"].nunique(),
        "cells": len(known),
    }
    slots |= {"id": "known-years", "region": view.names[view.region]}
    return drawing(lang, "grid", figure, data, sources=dict.fromkeys(used), **slots)


def _status(rows: pd.DataFrame, plan_sources: set[str]) -> str:
    """Say what is known about a year: annual, plan (only in the plan itself), other, or nothing."""
    side = rows["scope"].map(is_side_scope).astype(bool)
    annual = rows[rows["qualifier"].isin(ANNUAL) & ~side]
    if not annual.empty:
        return "plan" if annual["source_id"].isin(plan_sources).all() else "annual"
    other = rows["qualifier"].isin([*ANNUAL, *BOUNDS, "partial_period"])
    return "other" if other.any() else ""


def progress_picture(view: View) -> Drawing | None:
    """Make the figure of how far counts have come to their targets: published, deduced, needed."""
    lang, given = view.lang, view.parameters
    known_by = view.observations, given.as_of, given.edition, given.seed, given.catalog, None
    _, setting, _ = judging.begin(given.plan, *known_by)
    rows, behind = list[dict[str, Any]](), list[Fact]()
    for row in records(answers(view)):
        target = target_of(view, row)
        if target.scope not in COUNTED or not target.value:
            continue
        own = judging.of_region(target, given.plan, view.region)
        made = judging.judge(setting, own, int(row["target_year"]))
        limits = narrowed(made.whole, target, made.year, [*made.inferred])
        flows = target.scope == "plan_sum"
        floor = (limits.flow.span if flows else limits.spans.get(made.year, Span(0.0))).lower
        known, said = level_fact(view, row), [level_cell(view, row)]
        reached = float((known and known.value) or 0.0)
        behind += [known] if known else []
        if floor > reached:
            bounding = [one for one in made.inferred if one.deduction.span.lower == floor]
            named_rows = [r for one in bounding for r in one.rows] or made.whole.rows
            places = {(one.file, one.row) for one in named_rows}
            used = (r for r in figures_behind(view, row) if (r["file"], r["row"]) in places)
            facts = [Fact.observed(one) for one in used]
            behind.append(Fact.computed("deduced", floor, facts, unit=target.unit))
            said.append(say("figure.deduced", lang, value=spoken(behind[-1], lang)[0]))
        told = (", " if lang == "en" else "，").join(filter(None, said))
        label = f"{target_name(target, lang)} {target_text(target, lang)}"
        shares = {"known": reached, "deduced": max(floor, reached)}
        shares = {key: 100 * value / target.value for key, value in shares.items()}
        rows.append(shares | {"label": label, "note": told or term("figure.unpublished", lang)})
    if not behind:
        return None
    title, data = term("figure.progress", lang), pd.DataFrame(rows)
    items = [say("alt.bar", lang, label=row["label"], value=row["note"]) for row in rows]
    words = terms(["progress_known", "progress_deduced", "progress_needed"], lang)
    figure = plot_progress(data, title=title, words=words)
    data = data.assign(label=data["label"].map(plain), note=data["note"].map(plain))
    sources = dict.fromkeys(source for fact in behind for source in fact.source_ids)
    more = {"alt": "bars", "title": title, "items": "".join(items)}
    notes = [named(term("figure.progress_note", lang))]
    return drawing(lang, "progress", figure, data, sources=sources, notes=notes, **more)


def funnel_picture(view: View, indicator_id: str) -> Drawing | None:
    """Make the funnel plot of the latest rates with a published number of batches."""
    lang = view.lang
    frame = series_frame(view, indicator_id, list(view.names)).dropna(subset="denominator")
    frame = frame[frame["qualifier"].isin(ANNUAL) & (frame["role"] != "nation")]
    newest = [latest_row(rows_in(found)) or {} for _, found in frame.groupby("region")]
    if len(newest) < 3:
        return None
    data = pd.DataFrame(newest).assign(n=lambda d: d["denominator"], rate=lambda d: d["value"])
    places = zip(data["region"].map(dict(view.names)), data["year"].map(str), strict=True)
    data["label"] = [in_brackets(place, year, lang) for place, year in places]
    centre = float((data["rate"] * data["n"]).sum() / data["n"].sum())
    limits = pd.DataFrame({"n": np.geomspace(data["n"].min() / 2, data["n"].max() * 2, 60).round()})
    limits["lo_95"], limits["hi_95"] = _chance(limits["n"], centre, LEVEL)
    limits["lo_998"], limits["hi_998"] = _chance(limits["n"], centre, OUTER)
    low, high = _chance(data["n"], centre, OUTER)
    outside = int(((data["rate"] < low) | (data["rate"] > high)).sum())
    name, sources = view.indicator_name(indicator_id), sources_in(data)
    words = terms(["batches", "centre", "chance_inner", "chance_outer"], lang)
    slots: dict[str, Any] = {"indicator": name, "title": titled(name, "pct", lang)}
    figure = plot_funnel(data, limits, centre=centre, title=slots["title"], words=words)
    for key, number in (("n", len(data)), ("k", outside)):
        slots[key] = Fact.counted(f"funnel.{key}", number, source_ids=sources)
    slots |= {"level": Fact.setting("funnel_level", OUTER), "id": id_of("funnel", indicator_id)}
    kept = data[["label", *DATA]].drop(columns=["lower", "upper"])
    return drawing(lang, "funnel", figure, kept, notes=[say("note.other_frames", lang)], **slots)


def _chance(n: pd.Series, rate: float, level: float) -> list[pd.Series]:
    """Return the range of rates that chance alone explains, by the number of batches."""
    tail = (1 - level / 100) / 2
    return [np.ceil(bdtrik(share, n, rate / 100)) / n * 100 for share in (tail, 1 - tail)]


def series_forecast(view: View, indicator_id: str, region: str, scope: str) -> Forecast | None:
    """Forecast one series to the target year with the default model."""
    indicator, goal = view.indicator(indicator_id), view.parameters.target_year
    rows = rows_of(view.shown, indicator_id, region, scopes=[scope], qualifiers=ANNUAL)
    if not rows or int(rows[-1]["year"]) >= goal:
        return None
    values, years = zip(*((float(row["value"]), int(row["year"])) for row in rows), strict=True)
    kind: dict[str, Any] = {name: getattr(indicator, name) for name in ("family", "lower", "upper")}
    return forecast(values, years, target_year=goal, **kind)


def path_picture(
    view: View,
    indicator_id: str,
    region: str,
    scope: str,
    ahead: Forecast | None,
    *,
    target: Target,
) -> Drawing | None:
    """Make the figure of a series with its forecast and the path a target requires."""
    lang, axis = view.lang, axis_of(view, indicator_id)
    fan = None if ahead is None else ahead.frame
    rows = rows_of(view.shown, indicator_id, region, scopes=[scope], qualifiers=ANNUAL)
    if not rows or target.value is None:
        return None
    known, facts = pd.DataFrame(rows), [Fact.observed(row) for row in rows]
    data = known[["year", "value"]].assign(kind="observed")
    slots: dict[str, Any] = {"a": facts[-1], "year_a": Fact.of_year(rows[-1]["year"], facts[-1])}
    if ahead is not None and fan is not None:
        tail, about = fan.iloc[-1], {"note": f"{ahead.model}, {ahead.evidence_class}"}
        slots |= {"year_b": Fact.of_year(tail["year"]), "level": Fact.setting("level", 95)}
        given: dict[str, Any] = {"decimals": view.indicator(indicator_id).decimals, **about}
        for slot, column in (("median", "median"), ("low", "lo_95"), ("high", "hi_95")):
            # A forecast rests on every year of the series, newest first.
            made = column, tail[column], facts[::-1]
            slots[slot] = Fact.computed(*made, kind="forecast", **given)
        columns = ["year", "median", "lo_80", "hi_80", "lo_95", "hi_95"]
        data = pd.concat([data, fan[columns].assign(kind="forecast")])
    words = terms(["observed", "median", "inner", "outer"], lang)
    looks: dict[str, Any] = {"role": view.role(region), "words": words, **axis}
    figure = plot_path(known, fan, target=target_line(target, lang), **looks)
    slots |= {
        "title": axis["title"],
        "target": Fact.asked(target),
        "alt": "fan" if ahead else "path",
    }
    slots |= {"indicator": view.indicator_name(indicator_id), "region": view.names[region]}
    slots |= {"id": id_of("path", indicator_id), "sources": sources_in(known)}
    return drawing(lang, "path", figure, data, **slots)


def reliability_picture(view: View, data: pd.DataFrame, sources: Sequence[str]) -> Drawing:
    """Make the reliability diagram of a backtest."""
    lang, items = view.lang, list[str]()
    for place, row in enumerate(rows_in(data)):
        n = Fact.counted(f"cases.{place}", int(row["n"]), source_ids=sources)
        slots = {
            key: Fact.computed(f"{key}.{place}", row[key] * 100, [n], decimals=0)
            for key in ("stated", "observed")
        }
        items.append(say("alt.reliability_item", lang, n=n, **slots))
    figure = plot_reliability(data, words=terms(["stated", "perfect", "n", "came_true"], lang))
    given: dict[str, Any] = {"notes": [named(term("figure.reliability_note", lang))]}
    given |= {"sources": sources, "items": listed(items, lang)}
    return drawing(lang, "reliability", figure, data, **given)
