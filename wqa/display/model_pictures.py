"""Figures of evidence and models, ready to show: known years, progress, funnel, path, chance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from wqa.assessment import judging
from wqa.assessment.inferences import narrowed
from wqa.catalog.records import Target
from wqa.display.answer_tables import level_cell
from wqa.display.charts import plot_path
from wqa.display.facts import (
    Fact,
    computed_fact,
    count_fact,
    named,
    observation_fact,
    parameter_fact,
    plain,
    target_fact,
    year_fact,
)
from wqa.display.judgements import (
    answers,
    figures_behind,
    level_fact,
    records,
    target_name,
    target_of,
    target_text,
)
from wqa.display.narrative import in_brackets, spoken
from wqa.display.pictures import DATA, LEVEL, axis_of, dots, series_frame, sources_in, target_line
from wqa.display.point_charts import plot_funnel, plot_grid, plot_progress, plot_reliability
from wqa.display.report import OWN, Drawing
from wqa.display.view import ANNUAL, BOUNDS, View, is_side_scope, latest_row, rows_in, rows_of
from wqa.display.wording import listed, say, term, terms, titled
from wqa.forecasts.scores import luck_table
from wqa.goals import Goal, Span

if TYPE_CHECKING:
    import pandas as pd

    from wqa.forecasts.forecasting import Forecast

# Scopes of counts that add up to a target.
COUNTED = ("plan_sum", "end_stock")
# Years before the plan that the grid of known years shows.
BEFORE = 5
# Level of the range of chance beyond all doubt, in percent.
OUTER = 99.8
# True rates of the chart on chance, as distances from the target in points.
LUCK_STEPS = (-0.5, 0.0, 0.2)


def grid_picture(view: View) -> Drawing | None:
    """Make the figure of which target has which figure in which year."""
    import pandas as pd

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
        sources=list(dict.fromkeys(used)),
        data=data,
    )


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
    import pandas as pd

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
            facts = map(observation_fact, figures_behind(view, row))
            behind.append(computed_fact("deduced", floor, facts, unit=target.unit))
            said.append(say("figure.deduced", lang, value=spoken(behind[-1], lang)[0]))
        told = (", " if lang == "en" else "，").join(filter(None, said))
        label = f"{target_name(target, lang)} {target_text(target, lang)}"
        shares = {"known": reached, "deduced": max(floor, reached)}
        rows.append(
            {key: 100 * value / target.value for key, value in shares.items()}
            | {"label": label, "note": told or term("figure.unpublished", lang)}
        )
    if not behind:
        return None
    title, data = term("figure.progress", lang), pd.DataFrame(rows)
    items = [say("alt.bar", lang, label=row["label"], value=row["note"]) for row in rows]
    words = terms(["progress_known", "progress_deduced", "progress_needed"], lang)
    return Drawing(
        fig=plot_progress(data, title=title, words=words),
        id="progress",
        caption=say("caption.progress", lang),
        alt=say("alt.bars", lang, title=title, items="".join(items)),
        sources=list(dict.fromkeys(source for fact in behind for source in fact.source_ids)),
        data=data.assign(label=data["label"].map(plain), note=data["note"].map(plain)),
        notes=[named(term("figure.progress_note", lang))],
    )


def funnel_picture(view: View, indicator_id: str) -> Drawing | None:
    """Make the funnel plot of the latest rates with a published number of batches."""
    import numpy as np
    import pandas as pd

    lang = view.lang
    frame = series_frame(view, indicator_id, list(view.names)).dropna(subset="denominator")
    frame = frame[frame["qualifier"].isin(ANNUAL) & (frame["role"] != "nation")]
    rows: list[dict[str, Any]] = []
    for region, found in frame.groupby("region"):
        row = latest_row(rows_in(found)) or {}
        label = in_brackets(view.names[str(region)], str(row["year"]), lang)
        rows.append({**row, "label": label})
    if len(rows) < 3:
        return None
    data = pd.DataFrame(rows).assign(n=lambda d: d["denominator"], rate=lambda d: d["value"])
    centre = float((data["rate"] * data["n"]).sum() / data["n"].sum())
    limits = pd.DataFrame({"n": np.geomspace(data["n"].min() / 2, data["n"].max() * 2, 60).round()})
    limits["lo_95"], limits["hi_95"] = _chance(limits["n"], centre, LEVEL)
    limits["lo_998"], limits["hi_998"] = _chance(limits["n"], centre, OUTER)
    low, high = _chance(data["n"], centre, OUTER)
    outside = int(((data["rate"] < low) | (data["rate"] > high)).sum())
    name, sources = view.indicator_name(indicator_id), sources_in(data)
    title = titled(name, "pct", lang)
    words = terms(["batches", "centre", "chance_inner", "chance_outer"], lang)
    return Drawing(
        fig=plot_funnel(data, limits, centre=centre, title=title, words=words),
        id=f"funnel-{indicator_id.replace('_', '-')}",
        caption=say("caption.funnel", lang, indicator=name),
        alt=say(
            "alt.funnel",
            lang,
            title=title,
            n=count_fact("funnel_regions", len(data), source_ids=sources),
            k=count_fact("funnel_outside", outside, source_ids=sources),
            level=parameter_fact("funnel_level", OUTER),
        ),
        sources=sources,
        data=data[["label", *DATA]].drop(columns=["lower", "upper"]),
        notes=[say("note.other_frames", lang)],
    )


def _chance(n: pd.Series, rate: float, level: float) -> list[pd.Series]:
    """Return the range of rates that chance alone explains, by the number of batches."""
    import numpy as np
    from scipy.special import bdtrik

    tail = (1 - level / 100) / 2
    return [np.ceil(bdtrik(share, n, rate / 100)) / n * 100 for share in (tail, 1 - tail)]


def series_forecast(view: View, indicator_id: str, region: str, scope: str) -> Forecast | None:
    """Forecast one series to the target year with the default model."""
    from wqa.forecasts.forecasting import forecast

    indicator, goal = view.indicator(indicator_id), view.parameters.target_year
    rows = rows_of(view.shown, indicator_id, region, scopes=[scope], qualifiers=ANNUAL)
    if not rows or int(rows[-1]["year"]) >= goal:
        return None
    return forecast(
        [float(row["value"]) for row in rows],
        [int(row["year"]) for row in rows],
        family=indicator.family,
        lower=indicator.lower,
        upper=indicator.upper,
        target_year=goal,
    )


def path_picture(
    view: View,
    indicator_id: str,
    region: str,
    scope: str,
    forecast: Forecast | None,
    *,
    target: Target,
) -> Drawing | None:
    """Make the figure of a series with its forecast and the path a target requires."""
    import pandas as pd

    lang, axis = view.lang, axis_of(view, indicator_id)
    rows = rows_of(view.shown, indicator_id, region, scopes=[scope], qualifiers=ANNUAL)
    if not rows or target.value is None:
        return None
    known = pd.DataFrame(rows)
    facts = [observation_fact(row) for row in rows]
    data = known[["year", "value"]].assign(kind="observed")
    key, last = "alt.path", year_fact(int(rows[-1]["year"]), facts[-1])
    slots: dict[str, Any] = {"a": facts[-1], "year_a": last, "target": target_fact(target)}
    if forecast is not None:
        key, tail = "alt.fan", forecast.frame.iloc[-1]
        slots |= {"year_b": year_fact(int(tail["year"])), "level": parameter_fact("level", 95)}
        note = f"{forecast.model}, {forecast.evidence_class}"
        decimals = view.indicator(indicator_id).decimals
        for slot, column in (("median", "median"), ("low", "lo_95"), ("high", "hi_95")):
            # A forecast rests on every year of the series, newest first.
            slots[slot] = computed_fact(
                column, float(tail[column]), facts[::-1], decimals=decimals, kind="forecast",
                note=note,
            )  # fmt: skip
        columns = ["year", "median", "lo_80", "hi_80", "lo_95", "hi_95"]
        data = pd.concat([data, forecast.frame[columns].assign(kind="forecast")])
    figure = plot_path(
        known,
        None if forecast is None else forecast.frame,
        role=view.role(region),
        target=target_line(target, lang),
        words=terms(["observed", "median", "inner", "outer"], lang),
        **axis,
    )
    name = view.indicator_name(indicator_id)
    return Drawing(
        fig=figure,
        id=f"path-{indicator_id.replace('_', '-')}",
        caption=say("caption.path", lang, indicator=name, region=view.names[region]),
        alt=say(key, lang, title=axis["title"], **slots),
        sources=sources_in(known),
        data=data,
    )


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
    return Drawing(
        fig=plot_reliability(data, words=terms(["stated", "perfect", "n", "came_true"], lang)),
        id="reliability",
        caption=say("caption.reliability", lang),
        alt=say("alt.reliability", lang, items=listed(items, lang)),
        sources=sources,
        data=data,
        notes=[named(term("figure.reliability_note", lang))],
    )


def luck_picture(view: View, target: Target) -> Drawing:
    """Make the figure of how often chance alone makes a rate read as attained."""
    lang, goal = view.lang, float(target.value or 0)
    truths = [round(goal + step, 2) for step in LUCK_STEPS]
    table = luck_table(truths, Goal(target.comparator, goal, target.decimals))
    rows = []
    for truth, n, share in table[["true_rate_pct", "n", "p_reads_attained"]].itertuples(
        index=False
    ):
        true_fact = parameter_fact(f"true_rate.{truth}", truth, unit="pct")
        n_fact = parameter_fact(f"sample_size.{n}", n)
        shown = computed_fact("luck", share * 100, [true_fact, n_fact], decimals=0, unit="pct")
        rows.append(
            {
                "label": say("figure.luck", lang, truth=true_fact, n=n_fact),
                "value": share * 100,
                "note": f"{shown.text}%",
                "said": say("alt.percent", lang, value=shown),
                "role": "main" if truth >= goal else "side",
            }
        )
    name = str(getattr(target, f"name_{lang}"))
    return Drawing(
        id="luck",
        caption=say("caption.luck", lang, name=name),
        sources=[view.parameters.plan.source_id, OWN],
        data=table,
        notes=[say("note.luck", lang, target=target_text(target, lang))],
        **dots(rows, term("figure.luck_axis", lang), lang, bounds=(0, 100)),
    )
