"""Charts of points and bars: values side by side, progress, sample sizes, known years, calibration.

Same conventions as `wqa.display.charts`: tidy frames in, a figure out, no statistic computed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from wqa.display.facts import number_text
from wqa.display.figures import (
    BLUE,
    DASHED,
    DOTTED,
    GREY,
    INK,
    PALE,
    PEERS,
    ROLES,
    SMALL,
    Axes,
    Figure,
    direct_labels,
    new_figure,
    note,
    printable,
    styled,
    value_axis,
    wrapped,
)
from wqa.display.view import BOUNDS

if TYPE_CHECKING:
    import pandas as pd

# Height of a line of a chart that lists things, in inches.
LINE = 0.245
# A count of more than so many percent of its target is cut off.
MOST = 150
# Marker and fill by what is known about a year.
GRID = {"annual": ("o", BLUE), "plan": ("s", "white"), "other": ("d", "white")}
# Places of a name beside its point, in points, as long as it covers another name.
BESIDE = ((6, 0, "left"), (-6, 0, "right"), (0, 9, "center"), (0, -9, "center"), (6, 9, "left"))


def _list_axis(axes: Axes, names: Iterable[str], most: int = 66) -> None:
    """List names from top to bottom along the y axis, in lines of so many half-width letters."""
    lines = [wrapped(name, most) for name in names]
    axes.set_ylim(len(lines) - 0.4, -0.6)
    axes.set_yticks(range(len(lines)), lines, linespacing=0.95)
    axes.spines["left"].set_visible(False)


@styled
def plot_dots(
    frame: pd.DataFrame,
    *,
    title: str,
    reference: Mapping[str, Any] | None = None,
    bounds: tuple[float, float] | None = None,
) -> Figure:
    """Draw one value per line, such as the latest rate of each region."""
    figure, axes = new_figure(0.7 + LINE * len(frame), title)
    _list_axis(axes, frame["label"])
    axes.grid(axis="y", visible=False)
    axes.grid(axis="x")
    for place, row in enumerate(frame.to_dict("records")):
        colour, marker, _ = ROLES.get(row["role"], PEERS[0])
        if row.get("lower") is not None:
            axes.hlines(place, row["lower"], row["upper"], color=colour, lw=1.4, zorder=2)
        face = "white" if row.get("qualifier") in BOUNDS else colour
        axes.plot(row["value"], place, marker, color=colour, mfc=face, ms=6.5, zorder=3)
        note(axes, row["note"], (1, place), (5, 0), va="center", xycoords=("axes fraction", "data"))
    if reference:
        axes.axvline(reference["value"], color=INK, lw=1.2, ls=DASHED, zorder=2)
        above = {"xycoords": ("data", "axes fraction"), "ha": "center", "color": INK}
        note(axes, reference["label"], (reference["value"], 1), (0, 3), **above)
    value_axis(axes.xaxis, bounds)
    return figure


@styled
def plot_grid(frame: pd.DataFrame, *, words: Mapping[str, str], start: int) -> Figure:
    """Draw what is known about each year of each series."""
    names = list(dict.fromkeys(frame["label"]))
    figure, axes = new_figure(0.85 + LINE * len(names), "")
    _list_axis(axes, names)
    years = sorted(set(frame["year"].astype(int)))
    axes.set_xlim(years[0] - 0.5, years[-1] + 0.5)
    axes.set_xticks(years)
    axes.xaxis.tick_top()
    axes.tick_params(length=0, labelsize=SMALL)
    axes.spines[:].set_visible(False)
    axes.axvline(start - 0.5, color=INK, lw=0.9, ls=DASHED, zorder=2)
    for status, (marker, face) in GRID.items():
        rows = frame[frame["status"] == status]
        places = [names.index(name) for name in rows["label"]]
        label = printable(words[f"grid_{status}"])
        axes.plot(rows["year"], places, marker, color=BLUE, mfc=face, ms=6.5, zorder=3, label=label)
    figure.legend(loc="outside upper left", ncols=len(GRID), borderpad=0, handletextpad=0.2)
    return figure


@styled
def plot_progress(frame: pd.DataFrame, *, title: str, words: Mapping[str, str]) -> Figure:
    """Draw of each target what is published and what is deduced, as shares of it in percent."""
    figure, axes = new_figure(0.9 + 1.3 * LINE * len(frame), "")
    _list_axis(axes, frame["label"], 44)
    axes.grid(axis="y", visible=False)
    looks: dict[str, dict[str, Any]] = {
        "needed": {"color": "white", "edgecolor": GREY},
        "deduced": {"color": "white", "edgecolor": BLUE, "hatch": "////"},
        "known": {"color": BLUE, "edgecolor": BLUE},
    }
    for name, look in looks.items():
        shares = frame.assign(needed=100.0)[name]
        drawn, word = shares.where(shares > 0), printable(words[f"progress_{name}"])
        axes.barh(range(len(frame)), drawn, 0.55, label=word, **look)
    for place, text in enumerate(frame["note"]):
        note(axes, text, (1, place), (5, 0), va="center", xycoords=("axes fraction", "data"))
    axes.axvline(100, color=INK, lw=1.2, ls=DASHED)
    axes.set(xlim=(0, min(max(100, frame["deduced"].max()) * 1.02, MOST)), xlabel=printable(title))
    value_axis(axes.xaxis)
    figure.legend(loc="outside upper left", ncols=len(looks), borderpad=0, reverse=True)
    return figure


@styled
def plot_reliability(frame: pd.DataFrame, *, words: Mapping[str, str]) -> Figure:
    """Draw how often a stated probability came true."""
    figure, axes = new_figure(4.0, words["came_true"])
    figure.set_figwidth(5.0)
    axes.set(xlim=(0, 100), ylim=(0, 100), xlabel=printable(words["stated"]))
    axes.plot([0, 100], [0, 100], color=GREY, lw=1, ls=DOTTED, zorder=1)
    note(axes, words["perfect"], (0, 100), (9, -9), va="top")
    for row in frame.to_dict("records"):
        x, y = row["stated"] * 100, row["observed"] * 100
        axes.vlines(x, row["lower"] * 100, row["upper"] * 100, color=INK, lw=1.2, zorder=2)
        axes.plot(x, y, "o", color=INK, zorder=3, clip_on=False)
        # Near the axes the label goes where there is room.
        by, side = (5, "left") if x < 88 else (-5, "right")
        text = f"{words['n']} {number_text(row['n'])}"
        note(axes, text, (x, y), (by, -10 if y > 8 else 5), ha=side)
    return figure


@styled
def plot_funnel(
    frame: pd.DataFrame,
    limits: pd.DataFrame,
    *,
    centre: float,
    title: str,
    words: Mapping[str, str],
) -> Figure:
    """Draw rates against sample sizes with the range that chance alone explains."""
    figure, axes = new_figure(3.8, title)
    sizes = limits["n"].astype(float)
    axes.set(xscale="log", xlim=(sizes.min(), sizes.max()), xlabel=printable(words["batches"]))
    decades = [10**k for k in range(1, 8) if sizes.min() <= 10**k <= sizes.max()]
    axes.set_xticks(decades, [number_text(decade, 0) for decade in decades])
    axes.minorticks_off()
    axes.fill_between(sizes, limits["lo_998"], limits["hi_998"], color="#EDEDED", lw=0, zorder=1)
    axes.fill_between(sizes, limits["lo_95"], limits["hi_95"], color=PALE, lw=0, zorder=2)
    axes.axhline(centre, color=GREY, lw=1, zorder=3)
    for row in frame.to_dict("records"):
        colour, marker, _ = ROLES.get(row["role"], PEERS[0])
        axes.plot(row["n"], row["rate"], marker, color=colour, ms=6, zorder=4)
    # The bands are widest, and hold their names, where the samples are small.
    widest = limits.iloc[max(1, len(limits) // 40)]
    for column, name in (("lo_95", "chance_inner"), ("lo_998", "chance_outer")):
        note(axes, words[name], (widest["n"], widest[column]), (3, 2), zorder=5)
    value_axis(axes.yaxis, (0, 100))
    direct_labels(figure, axes, [(sizes.max(), centre, words["centre"], GREY)])
    _label_points(axes, frame)
    return figure


def _label_points(axes: Axes, frame: pd.DataFrame) -> None:
    """Name the points of a funnel beside them, where no other name stands."""
    # No name stands on a point or a word, or is crossed by the line of the pooled rate.
    taken = [drawn.get_window_extent() for drawn in (*axes.lines, *axes.texts)]
    for row in frame.sort_values("n", ascending=False).to_dict("records"):
        point = (row["n"], row["rate"])
        for dx, dy, side in BESIDE:
            look = {"ha": side, "va": "center", "color": INK, "zorder": 5}
            text = note(axes, row["label"], point, (dx, dy), **look)
            box = text.get_window_extent()
            if not box.count_overlaps(taken) or (dx, dy, side) == BESIDE[-1]:
                break
            text.remove()
        taken.append(box)
