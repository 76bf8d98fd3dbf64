"""Charts: values over time or side by side, path and forecast, progress, known years.

Tidy frames in, a figure out; no statistic is computed here. A line joins only consecutive
years of one series, so that a missing year or a change of definition is seen as a gap.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from wqa.display import figures as house
from wqa.display.facts import number_text
from wqa.display.figures import Axes, Figure, Label, new_figure, note, styled
from wqa.display.view import ANNUAL

# A bound is a bar at its value with a caret (Matplotlib's markers 10 and 11) on its open side.
BOUNDS = {"lower_bound": (10, "\N{GREATER-THAN OR EQUAL TO}"), "upper_bound": (11, "<")}
# The line of what is asked.
ASKED: dict[str, Any] = {"color": house.INK, "lw": 1.2, "ls": house.DASHED}
# Height of a line of a chart that lists things, in inches.
LINE = 0.245
# Marker and fill by what is known about a year.
GRID = {"annual": ("o", house.BLUE), "plan": ("s", "white"), "other": ("d", "white")}
# A count of more than so many percent of its target is cut off.
MOST = 150
# Places of a name beside its point, in points, as long as it covers another name.
BESIDE = ((6, 0, "left"), (-6, 0, "right"), (0, 9, "center"), (0, -9, "center"), (6, 9, "left"))
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
    house.year_axis(axes, int(drawn["year"].min()), last)
    labels, styles = [], _styles(frame)
    for series, rows in drawn.groupby("series", sort=False):
        style = styles[series]
        draw_line(axes, rows[rows["qualifier"].isin(ANNUAL)], *style)
        _draw_bounds(axes, rows, style[0])
        end = rows.iloc[-1]
        labels.append((float(end["year"]), float(end["value"]), end["label"], style[0]))
    focus = drawn[drawn["role"] == "focus"]
    # Values are printed where there are few, and not two of them above one another.
    if len(focus) <= 8 and not focus["year"].duplicated().any():
        _print_values(axes, focus)
    if target:
        edge, value = axes.get_xlim()[1], float(target["value"])
        axes.plot([target["first"], edge], [value, value], zorder=2, **ASKED)
        labels.append((edge, value, target["label"], house.INK))
    house.value_axis(axes.yaxis, bounds)
    house.direct_labels(figure, axes, [label for label in labels if label[2]])
    return figure


def _styles(frame: pd.DataFrame) -> dict[Any, tuple[str, str, float, bool]]:
    """Give each series colour, marker, width of line and whether its marker is filled."""
    names = frame[["series", "region", "role"]].drop_duplicates()
    peers = list(dict.fromkeys(names.loc[~names["role"].isin(list(house.ROLES)), "region"]))
    turns = names.groupby("region").cumcount()
    styles = {}
    for (series, region, role), turn in zip(names.itertuples(index=False), turns, strict=True):
        look = house.ROLES.get(role) or house.PEERS[peers.index(region) % len(house.PEERS)]
        styles[series] = (*look, turn % 2 == 0)
    return styles


def draw_line(
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
        note(axes, text, place, (0, 8 if bound else 5), ha="center", color=house.BLUE)


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
    colour, marker, width = house.ROLES.get(role, house.PEERS[0])
    start = history.iloc[-1]
    year, value = float(target["last"]), float(target["value"])
    house.year_axis(axes, int(history["year"].min()), int(max(year, start["year"])))
    draw_line(axes, history, colour, marker, width, True)
    # A target that is due is a level; one to come is a path from the newest figure.
    later = start["year"] < year
    begin, level = (start["year"], start["value"]) if later else (axes.get_xlim()[0], value)
    axes.plot([begin, year], [level, value], zorder=5, **ASKED)
    axes.plot(year, value, "*", color=house.INK, ms=11, zorder=6)
    labels = [(year, value, target["label"], house.INK)]
    if fan is None:
        labels.append((start["year"], start["value"], words["observed"], colour))
    else:
        labels += draw_fan(axes, start, fan, words, colour)
    house.value_axis(axes.yaxis, bounds)
    house.direct_labels(figure, axes, labels)
    return figure


def draw_fan(
    axes: Axes, start: pd.Series, fan: pd.DataFrame, words: Mapping[str, str], colour: str
) -> list[Label]:
    """Draw the forecast from the last observation on; return its labels."""
    years = [start["year"], *fan["year"]]
    for level, depth in (("95", 0.18), ("80", 0.4)):
        low, high = ([start["value"], *fan[f"{end}_{level}"]] for end in ("lo", "hi"))
        axes.fill_between(years, low, high, color=house.tint(colour, depth), lw=0, zorder=2)
    axes.plot(years, [start["value"], *fan["median"]], color=colour, ls=(0, (1, 1)), zorder=4)
    ends = {"median": "median", "inner": "lo_80", "outer": "lo_95"}
    named = [(end, words[name]) for name, end in ends.items() if name in words]
    return [(years[-1], fan[end].iloc[-1], word, colour) for end, word in named]


def _list_axis(axes: Axes, names: Iterable[str], most: int = 66) -> None:
    """List names from top to bottom along the y axis, in lines of so many half-width letters."""
    lines = [house.wrapped(name, most) for name in names]
    axes.set_ylim(len(lines) - 0.4, -0.6)
    axes.set_yticks(range(len(lines)), lines, linespacing=0.95)
    axes.spines["left"].set_visible(False)


@styled
def plot_dots(
    frame: pd.DataFrame,
    *,
    title: str,
    reference: Target | None = None,
    bounds: Bounds = None,
) -> Figure:
    """Draw one value per line, such as the latest rate of each region."""
    figure, axes = new_figure(0.7 + LINE * len(frame), title)
    _list_axis(axes, frame["label"])
    axes.grid(axis="y", visible=False)
    axes.grid(axis="x")
    for place, row in enumerate(frame.to_dict("records")):
        colour, marker, _ = house.ROLES.get(row["role"], house.PEERS[0])
        if row.get("lower") is not None:
            axes.hlines(place, row["lower"], row["upper"], color=colour, lw=1.4, zorder=2)
        face = "white" if row.get("qualifier") in BOUNDS else colour
        axes.plot(row["value"], place, marker, color=colour, mfc=face, ms=6.5, zorder=3)
        note(axes, row["note"], (1, place), (5, 0), va="center", xycoords=("axes fraction", "data"))
    if reference:
        axes.axvline(reference["value"], zorder=2, **ASKED)
        above = {"xycoords": ("data", "axes fraction"), "ha": "center", "color": house.INK}
        note(axes, reference["label"], (reference["value"], 1), (0, 3), **above)
    house.value_axis(axes.xaxis, bounds)
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
    axes.tick_params(length=0, labelsize=house.SMALL)
    axes.spines[:].set_visible(False)
    axes.axvline(start - 0.5, color=house.INK, lw=0.9, ls=house.DASHED, zorder=2)
    for status, (marker, face) in GRID.items():
        rows = frame[frame["status"] == status]
        places = [names.index(name) for name in rows["label"]]
        label = house.printable(words[f"grid_{status}"])
        look: dict[str, Any] = {"color": house.BLUE, "mfc": face, "ms": 6.5, "label": label}
        axes.plot(rows["year"], places, marker, zorder=3, **look)
    figure.legend(loc="outside upper left", ncols=len(GRID), borderpad=0, handletextpad=0.2)
    return figure


@styled
def plot_progress(frame: pd.DataFrame, *, title: str, words: Mapping[str, str]) -> Figure:
    """Draw of each target what is published and what is deduced, as shares of it in percent."""
    figure, axes = new_figure(0.9 + 1.3 * LINE * len(frame), "")
    _list_axis(axes, frame["label"], 44)
    axes.grid(axis="y", visible=False)
    looks: dict[str, dict[str, Any]] = {
        "needed": {"color": "white", "edgecolor": house.GREY},
        "deduced": {"color": "white", "edgecolor": house.BLUE, "hatch": "////"},
        "known": {"color": house.BLUE, "edgecolor": house.BLUE},
    }
    for name, look in looks.items():
        shares = frame.assign(needed=100.0)[name]
        drawn, word = shares.where(shares > 0), house.printable(words[f"progress_{name}"])
        axes.barh(range(len(frame)), drawn, 0.55, label=word, **look)
    for place, text in enumerate(frame["note"]):
        note(axes, text, (1, place), (5, 0), va="center", xycoords=("axes fraction", "data"))
    axes.axvline(100, **ASKED)
    axes.set_xlim(0, min(max(100, frame["deduced"].max()) * 1.02, MOST))
    axes.set_xlabel(house.printable(title))
    house.value_axis(axes.xaxis)
    figure.legend(loc="outside upper left", ncols=len(looks), borderpad=0, reverse=True)
    return figure


@styled
def plot_reliability(frame: pd.DataFrame, *, words: Mapping[str, str]) -> Figure:
    """Draw how often a stated probability came true."""
    figure, axes = new_figure(4.0, words["came_true"])
    figure.set_figwidth(5.0)
    axes.set(xlim=(0, 100), ylim=(0, 100), xlabel=house.printable(words["stated"]))
    axes.plot([0, 100], [0, 100], color=house.GREY, lw=1, ls=house.DOTTED, zorder=1)
    note(axes, words["perfect"], (0, 100), (9, -9), va="top")
    for row in frame.to_dict("records"):
        x, y = row["stated"] * 100, row["observed"] * 100
        axes.vlines(x, row["lower"] * 100, row["upper"] * 100, color=house.INK, lw=1.2, zorder=2)
        axes.plot(x, y, "o", color=house.INK, zorder=3, clip_on=False)
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
    axes.set(xscale="log", xlim=(sizes.min(), sizes.max()))
    axes.set_xlabel(house.printable(words["batches"]))
    decades = [10**k for k in range(1, 8) if sizes.min() <= 10**k <= sizes.max()]
    axes.set_xticks(decades, [number_text(decade, 0) for decade in decades])
    axes.minorticks_off()
    axes.fill_between(sizes, limits["lo_998"], limits["hi_998"], color="#EDEDED", lw=0, zorder=1)
    axes.fill_between(sizes, limits["lo_95"], limits["hi_95"], color=house.PALE, lw=0, zorder=2)
    axes.axhline(centre, color=house.GREY, lw=1, zorder=3)
    for row in frame.to_dict("records"):
        colour, marker, _ = house.ROLES.get(row["role"], house.PEERS[0])
        axes.plot(row["n"], row["rate"], marker, color=colour, ms=6, zorder=4)
    # The bands are widest, and hold their names, where the samples are small.
    widest = limits.iloc[max(1, len(limits) // 40)]
    for column, name in (("lo_95", "chance_inner"), ("lo_998", "chance_outer")):
        note(axes, words[name], (widest["n"], widest[column]), (3, 2), zorder=5)
    house.value_axis(axes.yaxis, (0, 100))
    house.direct_labels(figure, axes, [(sizes.max(), centre, words["centre"], house.GREY)])
    _label_points(axes, frame)
    return figure


def _label_points(axes: Axes, frame: pd.DataFrame) -> None:
    """Name the points of a funnel beside them, where no other name stands."""
    # No name stands on a point or a word, or is crossed by the line of the pooled rate.
    taken = [drawn.get_window_extent() for drawn in (*axes.lines, *axes.texts)]
    for row in frame.sort_values("n", ascending=False).to_dict("records"):
        point = (row["n"], row["rate"])
        for dx, dy, side in BESIDE:
            look = {"ha": side, "va": "center", "color": house.INK, "zorder": 5}
            text = note(axes, row["label"], point, (dx, dy), **look)
            box = text.get_window_extent()
            if not box.count_overlaps(taken) or (dx, dy, side) == BESIDE[-1]:
                break
            text.remove()
        taken.append(box)
