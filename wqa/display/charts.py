"""Charts of values over time: levels with interval and target, path and forecast.

Tidy frames in, a figure out; no statistic is computed here. A line joins only consecutive
years of one series, so that a missing year or a change of definition is seen as a gap.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from wqa.display.facts import number_text
from wqa.display.figures import (
    BLUE,
    DASHED,
    INK,
    PEERS,
    ROLES,
    Axes,
    Figure,
    Label,
    direct_labels,
    new_figure,
    note,
    styled,
    tint,
    value_axis,
    year_axis,
)
from wqa.display.view import ANNUAL

if TYPE_CHECKING:
    import pandas as pd

# A bound is a bar at its value with a caret (Matplotlib's markers 10 and 11) on its open side.
BOUNDS = {"lower_bound": (10, "\N{GREATER-THAN OR EQUAL TO}"), "upper_bound": (11, "<")}
Target = Mapping[str, Any]
Bounds = tuple[float, float] | None


@styled
def plot_levels(
    frame: pd.DataFrame, *, title: str, target: Target | None = None, bounds: Bounds = None
) -> Figure:
    """Draw levels over time, by region and definition, with intervals and target."""
    drawn = frame[frame["qualifier"].isin([*ANNUAL, *BOUNDS])].sort_values("year")
    figure, axes = new_figure(2.9, title)
    last = int(max(drawn["year"].max(), target["last"] if target else 0))
    year_axis(axes, int(drawn["year"].min()), last)
    labels, styles = [], _styles(frame)
    for series, rows in drawn.groupby("series", sort=False):
        style = styles[series]
        _draw_line(axes, rows[rows["qualifier"].isin(ANNUAL)], *style)
        _draw_bounds(axes, rows, style[0])
        end = rows.iloc[-1]
        labels.append((float(end["year"]), float(end["value"]), end["label"], style[0]))
    focus = drawn[drawn["role"] == "focus"]
    # Values are printed where there are few, and not two of them above one another.
    if len(focus) <= 8 and not focus["year"].duplicated().any():
        _print_values(axes, focus)
    if target:
        labels.append(_draw_target(axes, target))
    value_axis(axes.yaxis, bounds)
    direct_labels(figure, axes, [label for label in labels if label[2]])
    return figure


def _styles(frame: pd.DataFrame) -> dict[Any, tuple[str, str, float, bool]]:
    """Give each series colour, marker, width of line and whether its marker is filled."""
    names = frame[["series", "region", "role"]].drop_duplicates()
    peers = list(dict.fromkeys(names.loc[~names["role"].isin(list(ROLES)), "region"]))
    turns = names.groupby("region").cumcount()
    styles = {}
    for (series, region, role), turn in zip(names.itertuples(index=False), turns, strict=True):
        look = ROLES.get(role) or PEERS[peers.index(region) % len(PEERS)]
        styles[series] = (*look, turn % 2 == 0)
    return styles


def _draw_line(
    axes: Axes, rows: pd.DataFrame, colour: str, marker: str, width: float, filled: bool
) -> None:
    """Draw points with their intervals, and a line through consecutive years."""
    rows = rows.drop_duplicates("year", keep="last").sort_values("year")
    dash = "-" if filled else (0, (4, 1.5))
    for _, run in rows.groupby((rows["year"].diff() != 1).cumsum()):
        axes.plot(run["year"], run["value"], color=colour, lw=width, ls=dash, zorder=3)
    face = colour if filled else "white"
    axes.plot(rows["year"], rows["value"], marker, color=colour, mfc=face, zorder=4)
    if "lower" in rows:
        axes.vlines(rows["year"], rows["lower"], rows["upper"], color=colour, lw=1.1, zorder=2)


def _draw_bounds(axes: Axes, rows: pd.DataFrame, colour: str) -> None:
    """Draw figures that are only known as more or less than a value."""
    for qualifier, (arrow, _) in BOUNDS.items():
        for year, value in rows.loc[rows["qualifier"] == qualifier, ["year", "value"]].to_numpy():
            axes.plot(year, value, "_", color=colour, ms=11, mew=1.6, zorder=4)
            axes.plot(year, value, color=colour, marker=arrow, ms=6, zorder=4)


def _print_values(axes: Axes, rows: pd.DataFrame) -> None:
    """Print values above their points."""
    for row in rows.to_dict("records"):
        top = row.get("upper")
        bound = row["qualifier"] in BOUNDS
        text = (BOUNDS[row["qualifier"]][1] if bound else "") + number_text(row["value"])
        place = (row["year"], row["value"] if top is None or top != top else top)
        note(axes, text, place, (0, 8 if bound else 5), ha="center", color=BLUE)


def _draw_target(axes: Axes, target: Target) -> Label:
    """Draw a level target over its years, and return its label."""
    end, value = axes.get_xlim()[1], float(target["value"])
    axes.plot([target["first"], end], [value, value], color=INK, lw=1.2, ls=DASHED, zorder=2)
    return end, value, target["label"], INK


@styled
def plot_path(
    history: pd.DataFrame,
    fan: pd.DataFrame | None,
    *,
    role: str,
    title: str,
    target: Target,
    words: Mapping[str, str],
    bounds: Bounds = None,
) -> Figure:
    """Draw the path a target requires against what the forecast expects."""
    figure, axes = new_figure(2.9, title)
    colour, marker, width = ROLES.get(role, PEERS[0])
    start = history.iloc[-1]
    year, value = float(target["last"]), float(target["value"])
    year_axis(axes, int(history["year"].min()), int(max(year, start["year"])))
    _draw_line(axes, history, colour, marker, width, True)
    # A target that is due is a level; one to come is a path from the newest figure.
    later = start["year"] < year
    begin, level = (start["year"], start["value"]) if later else (axes.get_xlim()[0], value)
    axes.plot([begin, year], [level, value], color=INK, lw=1.2, ls=DASHED, zorder=5)
    axes.plot(year, value, "*", color=INK, ms=11, zorder=6)
    labels = [(year, value, target["label"], INK)]
    if fan is None:
        labels.append((start["year"], start["value"], words["observed"], colour))
    else:
        labels += _draw_fan(axes, start, fan, words, colour)
    value_axis(axes.yaxis, bounds)
    direct_labels(figure, axes, labels)
    return figure


def _draw_fan(
    axes: Axes, start: pd.Series, fan: pd.DataFrame, words: Mapping[str, str], colour: str
) -> list[Label]:
    """Draw the forecast from the last observation on; return its labels."""
    years = [start["year"], *fan["year"]]
    for level, depth in (("95", 0.18), ("80", 0.4)):
        low, high = ([start["value"], *fan[f"{end}_{level}"]] for end in ("lo", "hi"))
        axes.fill_between(years, low, high, color=tint(colour, depth), lw=0, zorder=2)
    axes.plot(years, [start["value"], *fan["median"]], color=colour, ls=(0, (1, 1)), zorder=4)
    ends = {"median": "median", "inner": "lo_80", "outer": "lo_95"}
    return [(years[-1], fan[end].iloc[-1], words[name], colour) for name, end in ends.items()]
