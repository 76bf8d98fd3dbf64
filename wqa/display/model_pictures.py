"""Figures about evidence, ready to show: which years are known, calibration, coverage, funnel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from wqa.catalog.records import Target
from wqa.display.facts import (
    computed_fact,
    count_fact,
    named,
    observation_fact,
    parameter_fact,
    plain,
)
from wqa.display.judgements import target_text
from wqa.display.pictures import DATA, LEVEL
from wqa.display.point_charts import plot_dots, plot_funnel, plot_grid, plot_reliability
from wqa.display.report import OWN, Drawing
from wqa.display.view import ANNUAL, BOUNDS, View, is_side_scope, latest_row, rows_of
from wqa.display.wording import listed, say, term, terms, titled
from wqa.errors import DataError
from wqa.forecasts.scores import luck_table, proportion_interval
from wqa.goals import Goal

if TYPE_CHECKING:
    import pandas as pd

OUTER = 99.8
# Years before the plan that the grid of known years shows.
BEFORE = 5
# True rates of the chart on chance, as distances from the target in points.
LUCK_STEPS = (-0.5, 0.0, 0.2)


def grid_picture(view: View) -> Drawing:
    """Make the figure of which target has which figure in which year."""
    import pandas as pd

    lang, plan = view.lang, view.parameters.plan
    first, last = plan.start_year - BEFORE, max(plan.end_year, view.until)
    frame = view.observations[view.observations["region"] == view.region]
    own = {source.id for source in plan.sources}
    cells, sources = [], []
    for target in plan.targets:
        label = f"{target.row}{target.part} {getattr(target, f'name_{lang}')}"
        rows = frame[(frame["indicator_id"] == target.indicator_id) & frame["value"].notna()]
        for year in range(first, last + 1):
            of_year = rows[rows["year"] == year]
            status = _status(of_year, own)
            cells.append({"label": label, "year": year, "status": status})
            sources += [str(s) for s in of_year["source_id"]] if status else []
    data = pd.DataFrame(cells)
    words = terms(["grid_annual", "grid_plan", "grid_other"], lang)
    used = list(dict.fromkeys(sources))
    inside = data[data["year"].between(plan.start_year, plan.end_year)]
    known = inside[inside["status"] == "annual"]
    return Drawing(
        fig=plot_grid(data, words=words, start=plan.start_year),
        id="known-years",
        caption=say("caption.grid", lang, region=view.names[view.region]),
        alt=say(
            "alt.grid",
            lang,
            n=count_fact("plan_targets", len(plan.targets)),
            k=count_fact("known_targets", known["label"].nunique()),
            cells=count_fact("known_cells", len(known)),
        ),
        sources=used,
        data=data,
    )


def _status(rows: pd.DataFrame, plan_sources: set[str]) -> str:
    """Say what is known about a year: annual, plan (only in the plan itself), other, or nothing."""
    side = rows["scope"].map(is_side_scope).astype(bool)
    annual = rows[rows["qualifier"].isin(ANNUAL) & ~side]
    if not annual[~annual["source_id"].isin(plan_sources)].empty:
        return "annual"
    if not annual.empty:
        return "plan"
    other = rows["qualifier"].isin([*ANNUAL, *BOUNDS, "partial_period"])
    return "other" if other.any() else ""


def reliability_picture(view: View, data: pd.DataFrame, sources: Sequence[str]) -> Drawing:
    """Make the reliability diagram of a backtest."""
    lang = view.lang
    items: list[str] = []
    for place, row in enumerate(data.to_dict("records")):
        n = count_fact(f"cases.{place}", int(row["n"]), source_ids=sources)
        stated, observed = (
            computed_fact(f"{key}.{place}", float(row[key]) * 100, [n], decimals=0)
            for key in ("stated", "observed")
        )
        items.append(say("alt.reliability_item", lang, stated=stated, observed=observed, n=n))
    words = terms(["stated", "perfect", "n"], lang) | {"observed": term("figure.came_true", lang)}
    return Drawing(
        fig=plot_reliability(data, words=words),
        id="reliability",
        caption=say("caption.reliability", lang),
        alt=say("alt.reliability", lang, items=listed(items, lang)),
        sources=list(sources),
        data=data,
        notes=[named(term("figure.reliability_note", lang))],
    )


def coverage_picture(view: View, summary: pd.DataFrame, sources: Sequence[str]) -> Drawing:
    """Make the figure of how often the models' 80% intervals held the value."""
    import pandas as pd

    lang = view.lang
    rows, items = [], []
    for record in summary.sort_values("coverage_80", ascending=False).to_dict("records"):
        n, share = int(record["n"]), float(record["coverage_80"]) / 100
        low, high = proportion_interval(share * n, float(n), LEVEL)
        label = term(f"model.{record['model']}", lang)
        count = count_fact(f"forecasts.{record['model']}", n, source_ids=sources)
        fact = computed_fact("coverage", share * 100, [count], decimals=0)
        note = f"{fact.text}%（n = {n}）" if lang == "zh" else f"{fact.text}% (n = {n})"
        role = "main" if record["model"] == "pooled" else "side"
        rows.append(
            {"label": label, "value": share * 100, "lower": low, "upper": high}
            | {"note": note, "role": role, "model": record["model"], "n": n}
        )
        items.append(say("alt.dot", lang, label=label, value=say("alt.percent", lang, value=fact)))
    data = pd.DataFrame(rows)
    title = term("figure.coverage_axis", lang)
    figure = plot_dots(
        data,
        title=title,
        reference={"value": 80.0, "label": term("figure.nominal", lang)},
        bounds=(0.0, 100.0),
    )
    return Drawing(
        fig=figure,
        id="coverage-models",
        caption=say("caption.coverage", lang),
        alt=say("alt.dots", lang, title=title, items=listed(items, lang)),
        sources=list(sources),
        data=data.drop(columns=["note", "role"]),
    )


def funnel_picture(view: View, indicator_id: str) -> Drawing:
    """Make the funnel plot of the latest rates with a published number of batches."""
    import numpy as np
    import pandas as pd
    from scipy.special import bdtrik

    lang, frame = view.lang, view.headline
    regions = sorted(set(frame.loc[frame["indicator_id"] == indicator_id, "region"]))
    rows: list[dict[str, Any]] = []
    for region in regions:
        found = rows_of(frame, indicator_id, region, qualifiers=ANNUAL)
        row = latest_row(r for r in found if r["denominator"] == r["denominator"])
        if row is not None and view.role(region) != "nation":
            year = observation_fact(row, part="year").text
            place = view.names[region]
            label = f"{place}（{year}）" if lang == "zh" else f"{place} ({year})"
            rows.append(dict(row) | {"label": label, "role": view.role(region)})
    if len(rows) < 3:
        raise DataError("too few regions for a funnel plot", got=len(rows), expected="3 or more")
    data = pd.DataFrame(rows).assign(n=lambda d: d["denominator"], rate=lambda d: d["value"])
    centre = float((data["rate"] * data["n"]).sum() / data["n"].sum())
    sizes = np.geomspace(data["n"].min() / 2, data["n"].max() * 2, 60).round()
    share = centre / 100
    limits = pd.DataFrame({"n": sizes})
    for name, level in (("95", LEVEL), ("998", OUTER)):
        tail = (1 - level / 100) / 2
        limits[f"lo_{name}"] = np.ceil(bdtrik(tail, sizes, share)) / sizes * 100
        limits[f"hi_{name}"] = np.ceil(bdtrik(1 - tail, sizes, share)) / sizes * 100
    tail = (1 - OUTER / 100) / 2
    n = data["n"].to_numpy(float)
    low, high = (np.ceil(bdtrik(q, n, share)) / n * 100 for q in (tail, 1 - tail))
    outside = int(((data["rate"] < low) | (data["rate"] > high)).sum())
    title = titled(view.indicator_name(indicator_id), "pct", lang)
    sources = list(dict.fromkeys(data["source_id"]))
    words = {
        "n": term("figure.batches", lang),
        "centre": term("figure.centre", lang),
        "inner": term("figure.chance_inner", lang),
        "outer": term("figure.chance_outer", lang),
    }
    figure = plot_funnel(data, limits, centre=centre, title=title, words=words)
    printed = named(view.indicator_name(indicator_id))
    return Drawing(
        fig=figure,
        id=f"funnel-{indicator_id.replace('_', '-')}",
        caption=say("caption.funnel", lang, indicator=printed),
        alt=say(
            "alt.funnel",
            lang,
            title=title,
            n=count_fact("funnel_regions", len(data), source_ids=sources),
            k=count_fact("funnel_outside", outside, source_ids=sources),
            level=parameter_fact("funnel_level", OUTER),
        ),
        sources=sources,
        data=data[["label", *[column for column in DATA if column in data]]],
        notes=[say("note.other_frames", lang)],
    )


def luck_picture(view: View, target: Target) -> Drawing:
    """Make the figure of how often chance alone makes a rate read as attained."""
    import pandas as pd

    lang, goal = view.lang, float(target.value or 0)
    truths = [round(goal + step, 2) for step in LUCK_STEPS]
    table = luck_table(truths, Goal(target.comparator, goal, target.decimals))
    rows, items = [], []
    plan = (view.parameters.plan.source_id,)
    for record in table.to_dict("records"):
        truth, n = float(record["true_rate_pct"]), int(record["n"])
        true_fact = parameter_fact(f"true_rate.{truth}", truth, unit="pct")
        n_fact = parameter_fact(f"sample_size.{n}", n)
        p = float(record["p_reads_attained"]) * 100
        shown = computed_fact("luck", p, [true_fact, n_fact], decimals=0, unit="pct")
        label = say("figure.luck", lang, truth=true_fact, n=n_fact)
        role = "main" if truth >= goal else "side"
        rows.append({"label": plain(label), "value": p, "note": f"{shown.text}%", "role": role})
        items.append(say("alt.dot", lang, label=label, value=say("alt.percent", lang, value=shown)))
    data = pd.DataFrame(rows)
    title = term("figure.luck_axis", lang)
    name = named(str(getattr(target, f"name_{lang}")))
    return Drawing(
        fig=plot_dots(data, title=title, bounds=(0, 100)),
        id="luck",
        caption=say("caption.luck", lang, name=name),
        alt=say("alt.dots", lang, title=title, items=listed(items, lang)),
        sources=[*plan, OWN],
        data=table,
        notes=[say("note.luck", lang, target=target_text(target, lang))],
    )
