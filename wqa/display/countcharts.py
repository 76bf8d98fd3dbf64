"""Charts of counts and of rates made from counts: sum towards a plan's target, two death rates.

Same conventions as `wqa.display.charts`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from wqa.display.charts import ANNUAL, draw_target, frame_axes, runs_of
from wqa.display.facts import number_text
from wqa.display.figures import BLUE, GREY, INK, SIZE, VERMILION, Figure, styled
from wqa.display.layout import direct_labels, value_axis, year_axis

if TYPE_CHECKING:
    import pandas as pd


@styled
def plot_plan_sum(
    frame: pd.DataFrame,
    *,
    title: str,
    source: str,
    target: Mapping[str, Any],
    words: Mapping[str, str],
) -> Figure:
    """Draw a count that adds up towards a plan's target."""
    figure, axes = frame_axes(3.1, [words["even"], str(target["label"]), words["counted"]], source)
    first, last = int(target["first"]), int(target["year"])
    goal, start = float(target["value"]), float(target.get("start", 0))
    year_axis(axes, first, last)
    value_axis(figure, axes, 0, max([goal, *frame["cumulative"].astype(float)]) * 1.12, title)
    for row in frame.to_dict("records"):
        known = row["qualifier"] in ANNUAL
        axes.bar(
            int(row["year"]),
            float(row["cumulative"]),
            width=0.55,
            color=BLUE if known else "white",
            edgecolor=BLUE,
            hatch=None if known else "///",
            zorder=3,
        )
        axes.annotate(
            number_text(float(row["cumulative"]), None) + ("" if known else "+"),
            (int(row["year"]), float(row["cumulative"])),
            xytext=(0, 3),
            textcoords="offset points",
            ha="center",
            size=SIZE,
            color=BLUE,
            zorder=7,
        )
    axes.plot([first - 1, last], [start, goal], color=GREY, lw=1.2, ls=(0, (1, 1.5)), zorder=4)
    axes.plot([last], [goal], "*", color=INK, ms=11, zorder=6)
    draw_target(axes, axes.get_xlim()[0], axes.get_xlim()[1], goal)
    axes.set_xlim(first - 0.6, last + 0.4)
    middle = goal - (goal - start) / (last - first + 1)
    labels = [
        (last + 0.4, goal, str(target["label"]), INK),
        (last - 1.0, middle, words["even"], GREY),
    ]
    if len(frame):
        end = frame.iloc[-1]
        half = float(end["cumulative"]) / 2
        labels.append((float(end["year"]) + 0.3, half, words["counted"], BLUE))
    direct_labels(figure, axes, labels)
    return figure


@styled
def plot_two_rates(
    frame: pd.DataFrame,
    *,
    title: str,
    source: str,
    words: Mapping[str, str],
    target: Mapping[str, Any] | None = None,
) -> Figure:
    """Draw a published rate beside the rate recomputed from its parts."""
    names = [words["published"], words["recomputed"], str(target["label"]) if target else ""]
    figure, axes = frame_axes(3.1, names, source)
    columns = [c for c in ("published", "recomputed", "lower", "upper") if c in frame]
    values = [float(value) for column in columns for value in frame[column].dropna()]
    year_axis(axes, int(frame["year"].min()), int(frame["year"].max()))
    value_axis(figure, axes, 0, max(values) * 1.1, title)
    labels = []
    for column, colour, marker, face in (
        ("published", BLUE, "o", BLUE),
        ("recomputed", VERMILION, "s", "white"),
    ):
        rows = frame.dropna(subset=[column]).sort_values("year")
        years, rates = rows["year"].astype(int).tolist(), rows[column].astype(float).tolist()
        for run in runs_of(years):
            axes.plot([years[i] for i in run], [rates[i] for i in run], color=colour, zorder=3)
        axes.plot(years, rates, marker, color=colour, mfc=face, mew=1.2, zorder=4, gid=column)
        if column == "recomputed" and "lower" in rows:
            axes.vlines(rows["year"], rows["lower"], rows["upper"], color=colour, lw=1, zorder=2)
        if years:
            labels.append((float(years[-1]), rates[-1], words[column], colour))
    if target:
        draw_target(axes, *axes.get_xlim(), float(target["value"]))
        labels.append((axes.get_xlim()[1], float(target["value"]), str(target["label"]), INK))
    direct_labels(figure, axes, labels)
    return figure
