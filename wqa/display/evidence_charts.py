"""Charts about evidence: which years are known, calibration of probabilities, funnel plot.

Same conventions as `wqa.display.charts`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from wqa.display.charts import ROLES, frame_axes
from wqa.display.facts import number_text
from wqa.display.figures import (
    BLUE,
    GREEN,
    GREY,
    INK,
    PALE,
    SMALL,
    Axes,
    Figure,
    add_axes,
    direct_labels,
    new_figure,
    printable,
    size_of,
    source_line,
    styled,
    text_width,
    value_axis,
    wrapped,
)

if TYPE_CHECKING:
    import pandas as pd

# Marker and fill by what is known about a year.
GRID = {"annual": ("o", BLUE), "plan": ("s", "white"), "other": ("d", "white")}


@styled
def plot_grid(frame: pd.DataFrame, *, words: Mapping[str, str], source: str, start: int) -> Figure:
    """Draw what is known about each year of each series."""
    labels = list(dict.fromkeys(frame["label"]))
    step = 0.245
    figure = new_figure(0.85 + step * len(labels) + 0.2)
    foot = source_line(figure, source)
    left = min(max(text_width(figure, printable(label), SMALL) for label in labels), 3.2) + 0.15
    axes = add_axes(figure, left=left, right=0.1, top=0.55, bottom=foot + 0.05)
    years = sorted(set(frame["year"].astype(int)))
    axes.set_xlim(years[0] - 0.5, years[-1] + 0.5)
    axes.set_ylim(len(labels) - 0.4, -0.6)
    axes.set_yticks([])
    axes.set_xticks(years, [str(year) for year in years])
    axes.xaxis.tick_top()
    axes.tick_params(axis="x", length=0, labelsize=7)
    axes.spines[:].set_visible(False)
    width = size_of(axes)[0] * axes.get_position().width
    for position, label in enumerate(labels):
        axes.axhline(position, color=PALE, lw=0.6, zorder=1)
        lines = wrapped(figure, printable(label), left - 0.12, SMALL)
        place = (-left / width + 0.01, position)
        axes.text(
            *place,
            "\n".join(lines),
            transform=axes.get_yaxis_transform(),
            va="center",
            size=SMALL,
            linespacing=0.95,
        )
    axes.axvline(start - 0.5, color=INK, lw=0.9, ls=(0, (5, 3)), zorder=2)
    at = {label: position for position, label in enumerate(labels)}
    for status, (marker, face) in GRID.items():
        rows = frame[frame["status"] == status]
        ys = [at[label] for label in rows["label"]]
        axes.plot(rows["year"], ys, marker, color=BLUE, mfc=face, ms=6.5, mew=1.2, zorder=3)
    _grid_key(figure, words)
    return figure


def _grid_key(figure: Figure, words: Mapping[str, str]) -> None:
    """Explain the marks of the grid in one line above it."""
    width, height = figure.get_size_inches()
    x = 0.1
    axes = add_axes(figure, left=0, right=0, top=0.02, bottom=height - 0.24)
    axes.set_axis_off()
    axes.set_xlim(0, width)
    axes.set_ylim(0, 1)
    for status, (marker, face) in GRID.items():
        text = printable(words[f"grid_{status}"])
        axes.plot([x], [0.5], marker, color=BLUE, mfc=face, ms=6.5, mew=1.2)
        axes.text(x + 0.12, 0.47, text, size=SMALL, va="center")
        x += text_width(figure, text, SMALL) + 0.4


@styled
def plot_reliability(frame: pd.DataFrame, *, source: str, words: Mapping[str, str]) -> Figure:
    """Draw how often a stated probability came true."""
    figure = new_figure(4.1, width=5.0)
    foot = source_line(figure, source)
    axes = add_axes(figure, left=0.55, right=0.3, top=0.36, bottom=foot + 0.48)
    value_axis(figure, axes, 0, 100, words["observed"], most=6)
    axes.set_xlim(0, 100)
    axes.set_xticks(range(0, 101, 20))
    axes.set_xlabel(printable(words["stated"]))
    axes.plot([0, 100], [0, 100], color=GREY, lw=1, ls=(0, (1, 1.5)), zorder=1)
    axes.text(3, 97, printable(words["perfect"]), size=SMALL, color=GREY, va="top")
    for row in frame.to_dict("records"):
        x, y = float(row["stated"]) * 100, float(row["observed"]) * 100
        axes.vlines(x, row["lower"] * 100, row["upper"] * 100, color=BLUE, lw=1.2, zorder=2)
        axes.plot(x, y, "o", color=BLUE, zorder=3)
        above = x < 88
        axes.annotate(
            f"{words['n']} {number_text(int(row['n']), 0)}",
            (x, y),
            # Near the axis the label goes above the point, not over the tick labels.
            xytext=(5 if above else -5, -10 if y > 8 else 5),
            textcoords="offset points",
            ha="left" if above else "right",
            size=6.8,
            color=GREY,
        )
    return figure


@styled
def plot_funnel(
    frame: pd.DataFrame,
    limits: pd.DataFrame,
    *,
    centre: float,
    title: str,
    source: str,
    words: Mapping[str, str],
) -> Figure:
    """Draw rates against sample sizes with the range that chance alone explains."""
    figure, axes = frame_axes(3.9, [words["centre"]], source, below=0.48)
    sizes = limits["n"].astype(float)
    axes.set_xscale("log")
    axes.set_xlim(float(sizes.min()), float(sizes.max()))
    values = [*frame["rate"].astype(float), centre, *limits["lo_998"], *limits["hi_998"]]
    low, high = min(values), max(values)
    margin = (high - low) * 0.06
    value_axis(figure, axes, low - margin, min(high + margin, 100.4), title)
    decades = [10**k for k in range(1, 8) if sizes.min() <= 10**k <= sizes.max()]
    axes.set_xticks(decades, [number_text(decade, 0) for decade in decades])
    axes.minorticks_off()
    axes.set_xlabel(printable(words["n"]))
    axes.fill_between(sizes, limits["lo_998"], limits["hi_998"], color="#E6EEF4", lw=0, zorder=1)
    axes.fill_between(sizes, limits["lo_95"], limits["hi_95"], color="#C7DCEA", lw=0, zorder=2)
    axes.axhline(centre, color=GREY, lw=1, zorder=3)
    for row in frame.to_dict("records"):
        colour, marker, _ = ROLES.get(str(row["role"]), (GREEN, "D", 1.4))
        axes.plot(float(row["n"]), float(row["rate"]), marker, color=colour, ms=6, zorder=4)
    _label_points(figure, axes, frame, centre)
    # The bands are widest, and hold their names, where the samples are small.
    start = limits.iloc[max(1, len(limits) // 40)]
    for column, name, colour in (("lo_95", "inner", "#1F5A88"), ("lo_998", "outer", "#3D6F95")):
        place = (float(start["n"]) * 1.05, float(start[column]))
        axes.text(*place, printable(words[name]), size=SMALL, color=colour, va="bottom", zorder=5)
    direct_labels(figure, axes, [(float(sizes.max()), centre, words["centre"], GREY)])
    return figure


def _label_points(figure: Figure, axes: Axes, frame: pd.DataFrame, centre: float) -> None:
    """Name the points of a funnel; a name that would cover another goes below its point."""
    # No name is crossed by the line of the pooled rate.
    line = axes.transData.transform((1.0, centre))[1] / figure.dpi * 72
    taken = [(0.0, line - 1, math.inf, line + 1)]
    ordered = frame.sort_values("n", ascending=False)
    for row in ordered.to_dict("records"):
        text = printable(str(row["label"]))
        x, y = axes.transData.transform((float(row["n"]), float(row["rate"]))) / figure.dpi * 72
        wide, tall = text_width(figure, text, SMALL) * 72, SMALL * 1.2
        for dx, dy, side in ((6, -3, 0), (-6, -3, -1), (0, 6, -0.5), (0, -13, -0.5), (6, 8, 0)):
            box = (x + dx + side * wide, y + dy, x + dx + (side + 1) * wide, y + dy + tall)
            if not any(_overlap(box, other) for other in taken):
                break
        taken.append(box)
        axes.annotate(
            text,
            (float(row["n"]), float(row["rate"])),
            xytext=(dx + side * wide, dy),
            textcoords="offset points",
            size=SMALL,
            zorder=5,
        )


def _overlap(
    one: tuple[float, float, float, float], two: tuple[float, float, float, float]
) -> bool:
    return one[0] < two[2] and two[0] < one[2] and one[1] < two[3] and two[1] < one[3]
