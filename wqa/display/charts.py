"""Charts of values over time: level with interval and target, path and forecast, counts.

Tidy frames in, a figure out; no statistic is computed here. A line joins only consecutive
years of one series, so that a missing year or a change of definition is seen as a gap.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from wqa.display.facts import number_text
from wqa.display.figures import (
    BLUE,
    GREEN,
    GREY,
    INK,
    ORANGE,
    PURPLE,
    SIZE,
    SKY,
    SMALL,
    VERMILION,
    Axes,
    Figure,
    add_axes,
    direct_labels,
    label_margin,
    new_figure,
    source_line,
    styled,
    value_axis,
    year_axis,
)

if TYPE_CHECKING:
    import pandas as pd

# Colour and marker by the role of a region; peers take the spare ones in turn.
ROLES: dict[str, tuple[str, str, float]] = {
    "focus": (BLUE, "o", 2.2),
    "province": (VERMILION, "s", 1.6),
    "nation": (GREY, "D", 1.6),
}
PEERS = ((GREEN, "P"), (PURPLE, "v"), (ORANGE, "X"), (SKY, "p"))
ANNUAL = ("exact", "derived")
# A bound is a bar at its value with a caret (Matplotlib's markers 10 and 11) on its open side.
BOUNDS = {"lower_bound": (10, "\N{GREATER-THAN OR EQUAL TO}"), "upper_bound": (11, "<")}


def runs_of(years: Sequence[int]) -> list[list[int]]:
    """Split the positions of sorted years into runs of consecutive years."""
    runs: list[list[int]] = []
    for position, year in enumerate(years):
        if runs and year - years[position - 1] == 1:
            runs[-1].append(position)
        else:
            runs.append([position])
    return runs


def _styles(frame: pd.DataFrame) -> dict[str, tuple[str, str, float, bool]]:
    """Give each series colour, marker, line width and whether its marker is filled."""
    styles: dict[str, tuple[str, str, float, bool]] = {}
    seen: dict[str, int] = {}
    peers: dict[str, tuple[str, str]] = {}
    for series, region, role in (
        frame[["series", "region", "role"]].drop_duplicates().itertuples(index=False)
    ):
        if role in ROLES:
            colour, marker, width = ROLES[role]
        else:
            colour, marker = peers.setdefault(region, PEERS[len(peers) % len(PEERS)])
            width = 1.4
        styles[series] = (colour, marker, width, seen.get(region, 0) % 2 == 0)
        seen[region] = seen.get(region, 0) + 1
    return styles


def _limits(values: Sequence[float], bounds: tuple[float, float] | None) -> tuple[float, float]:
    """Return axis limits with a margin, inside the natural bounds plus a hair."""
    low, high = min(values), max(values)
    margin = max((high - low) * 0.12, abs(high) * 0.004, 1e-6)
    low, high = low - margin, high + margin
    if bounds is not None:
        hair = (high - low) * 0.02
        low, high = max(low, bounds[0] - hair), min(high, bounds[1] + hair)
    return low, high


def frame_axes(
    height: float, labels: Sequence[str], source: str, *, below: float = 0.3
) -> tuple[Figure, Axes]:
    """Make a figure with a source line whose right margin holds direct labels."""
    figure = new_figure(height)
    foot = source_line(figure, source)
    right = label_margin(figure, labels)
    return figure, add_axes(figure, left=0.5, right=right, top=0.34, bottom=foot + below)


def draw_target(axes: Axes, first: float, last: float, value: float) -> None:
    """Draw a level target from year `first` to year `last`."""
    axes.plot([first, last], [value, value], color=INK, lw=1.2, ls=(0, (5, 3)), zorder=2)


@styled
def plot_series(
    frame: pd.DataFrame,
    *,
    title: str,
    source: str,
    target: Mapping[str, Any] | None = None,
    bounds: tuple[float, float] | None = None,
) -> Figure:
    """Draw levels over time, by region and definition, with intervals and target."""
    drawn = frame[frame["qualifier"].isin([*ANNUAL, *BOUNDS])].sort_values("year")
    styles = _styles(frame)
    named = list(dict.fromkeys(drawn["series"]))
    texts = list(dict.fromkeys(drawn.get("label", drawn["series"])))
    figure, axes = frame_axes(3.3, [*texts, str(target["label"]) if target else ""], source)
    focus = drawn[drawn["role"] == "focus"]
    # Values are printed where there are few, and not two of them above one another.
    few = len(focus) <= 8 and not focus.duplicated(["year"]).any()
    printed = set(focus["series"]) if few else set()
    values = [float(value) for value in drawn["value"]]
    for column in ("lower", "upper"):
        if column in drawn:
            values += [float(value) for value in drawn[column].dropna()]
    last = int(max(drawn["year"].max(), target.get("last", 0) if target else 0))
    if target:
        values.append(float(target["value"]))
    year_axis(axes, int(drawn["year"].min()), last)
    value_axis(figure, axes, *_limits(values, bounds), title)
    labels = []
    for series in named:
        rows = drawn[drawn["series"] == series]
        label = _draw_series(axes, rows, styles[series], series in printed)
        labels += [label] if label[2] else []
    if target:
        first = float(target.get("first", axes.get_xlim()[0]))
        draw_target(axes, first, axes.get_xlim()[1], float(target["value"]))
        labels.append((axes.get_xlim()[1], float(target["value"]), str(target["label"]), INK))
    direct_labels(figure, axes, labels)
    return figure


def _draw_series(
    axes: Axes, rows: pd.DataFrame, style: tuple[str, str, float, bool], print_values: bool
) -> tuple[float, float, str, str]:
    """Draw one series and return its direct label."""
    colour, marker, width, filled = style
    series = str(rows["series"].iloc[0])
    annual = rows[rows["qualifier"].isin(ANNUAL)].drop_duplicates("year", keep="last")
    years, values = annual["year"].astype(int).tolist(), annual["value"].astype(float).tolist()
    face = colour if filled else "white"
    line = "-" if filled else (0, (4, 1.5))
    for run in runs_of(years):
        xs, ys = [years[i] for i in run], [values[i] for i in run]
        axes.plot(xs, ys, color=colour, lw=width, ls=line, zorder=3)
        axes.plot(xs, ys, marker, color=colour, mfc=face, mew=1.2, zorder=4, gid=series)
    if "lower" in annual:
        known = annual.dropna(subset=["lower", "upper"])
        axes.vlines(known["year"], known["lower"], known["upper"], color=colour, lw=1.1, zorder=2)
    for qualifier, (arrow, _) in BOUNDS.items():
        limit = rows[rows["qualifier"] == qualifier]
        place = (limit["year"], limit["value"])
        axes.plot(*place, color=colour, marker="_", ms=11, mew=1.6, ls="", zorder=4)
        axes.plot(*place, color=colour, marker=arrow, ms=6, ls="", zorder=4)
    if print_values:
        _value_labels(axes, rows, colour)
    end = rows.iloc[-1]
    label = str(end["label"]) if "label" in rows else series
    return float(end["year"]), float(end["value"]), label, colour


def _value_labels(axes: Axes, rows: pd.DataFrame, colour: str) -> None:
    for row in rows.to_dict("records"):
        top = row.get("upper")
        value = float(row["value"])
        sign = str(BOUNDS[row["qualifier"]][1]) if row["qualifier"] in BOUNDS else ""
        axes.annotate(
            sign + number_text(value, None),
            (int(row["year"]), float(top) if top is not None and top == top else value),
            xytext=(0, 8 if row["qualifier"] in BOUNDS else 5),
            textcoords="offset points",
            ha="center",
            size=SMALL,
            color=colour,
        )


@styled
def plot_path_and_fan(
    history: pd.DataFrame,
    fan: pd.DataFrame | None,
    *,
    title: str,
    source: str,
    target: Mapping[str, Any],
    words: Mapping[str, str],
    baseline: tuple[int, float] | None = None,
    bounds: tuple[float, float] | None = None,
) -> Figure:
    """Draw the path a target requires against what the forecast expects."""
    keys = ["observed", "required"] + (["median", "inner", "outer"] if fan is not None else [])
    figure, axes = frame_axes(3.3, [*(words[key] for key in keys), str(target["label"])], source)
    years = history["year"].astype(int).tolist()
    values = history["value"].astype(float).tolist()
    spread_of = [] if fan is None else [*fan["lo_95"].astype(float), *fan["hi_95"].astype(float)]
    start = baseline or (int(years[0]), float(target["value"]))
    everything = [*values, *spread_of, float(target["value"]), float(start[1])]
    last = max(int(target["year"]), years[-1], int(fan["year"].max()) if fan is not None else 0)
    year_axis(axes, min(years[0], start[0]), last)
    value_axis(figure, axes, *_limits(everything, bounds), title)
    end = (float(target["year"]), float(target["value"]))
    required = [start, end] if baseline else [(axes.get_xlim()[0], end[1]), end]
    axes.plot(*zip(*required, strict=True), color=INK, lw=1.2, ls=(0, (5, 3)), zorder=5)
    axes.plot(*end, "*", color=INK, ms=11, zorder=6)
    labels = [(end[0], end[1], str(target["label"]), INK)]
    for run in runs_of(years):
        xs, ys = [years[i] for i in run], [values[i] for i in run]
        axes.plot(xs, ys, "o-", color=BLUE, zorder=4)
    if fan is None:
        labels.append((years[-1], values[-1], words["observed"], BLUE))
    else:
        labels += _draw_fan(axes, (years[-1], values[-1]), fan, words)
    direct_labels(figure, axes, labels)
    return figure


def _draw_fan(
    axes: Axes, origin: tuple[int, float], fan: pd.DataFrame, words: Mapping[str, str]
) -> list[tuple[float, float, str, str]]:
    """Draw the forecast from the last observation on; return its labels."""
    xs = [origin[0], *fan["year"].astype(int)]

    def from_origin(column: str) -> list[float]:
        return [origin[1], *fan[column].astype(float)]

    axes.fill_between(
        xs, from_origin("lo_95"), from_origin("hi_95"), color="#D3E5F2", lw=0, zorder=1
    )
    axes.fill_between(
        xs, from_origin("lo_80"), from_origin("hi_80"), color="#9CC6E3", lw=0, zorder=2
    )
    axes.plot(xs, from_origin("median"), color=BLUE, ls=(0, (1, 1)), zorder=4)
    end = float(xs[-1])
    tail = fan.iloc[-1]
    return [
        (end, float(tail["median"]), words["median"], BLUE),
        (end, float(tail["lo_80"]), words["inner"], "#2F6F9F"),
        (end, float(tail["lo_95"]), words["outer"], "#4F86AC"),
    ]


def has_points(frame: pd.DataFrame) -> bool:
    """Tell whether a chart of this frame would show anything."""
    drawn = frame[frame["qualifier"].isin([*ANNUAL, *BOUNDS])]
    return any(math.isfinite(value) for value in drawn["value"].astype(float))


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
