"""Charts that compare many things at once: regions, all targets of a plan, calibration, funnel.

Same conventions as `wqa.charts`: tidy frames in, a `Figure` out, no statistic computed here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from wqa.charts import ROLES
from wqa.facts import number_text
from wqa.figures import (
    BLUE,
    GREEN,
    GREY,
    INK,
    ORANGE,
    PALE,
    PURPLE,
    SIZE,
    SKY,
    SMALL,
    VERMILION,
    Axes,
    Figure,
    add_axes,
    new_figure,
    printable,
    styled,
    text_width,
)
from wqa.layout import nice_ticks, size_of, source_line, value_axis, wrapped

if TYPE_CHECKING:
    import pandas as pd

# Colour, marker and fill of each verdict: three cues, so that grey print keeps two.
VERDICTS: dict[str, tuple[str, str, bool]] = {
    "attained": (GREEN, "o", True),
    "on_track": (SKY, "^", True),
    "at_risk": (ORANGE, "D", True),
    "off_track": (VERMILION, "v", True),
    "not_attained": (VERMILION, "X", True),
    "conflict": (PURPLE, "s", True),
    "not_assessable": (GREY, "o", False),
}


@styled
def plot_dots(
    frame: pd.DataFrame,
    *,
    title: str,
    source: str,
    lang: str = "zh",
    reference: Mapping[str, Any] | None = None,
    bounds: tuple[float, float] | None = None,
) -> Figure:
    """Draw one value per line, such as the latest rate of each region.

    Parameters
    ----------
    frame : pandas.DataFrame
        Columns label, value, note (printed at the right), role; optional lower
        and upper. Drawn from top to bottom in the order of the frame.
    title, source
        What is measured, with unit; source line.
    lang : str
        ``zh`` or ``en``.
    reference : mapping, optional
        Keys value, label: a vertical line such as a target or a nominal level.
    bounds : tuple, optional
        Natural bounds.

    Returns
    -------
    Figure
        As high as its lines need.
    """
    rows = frame.to_dict("records")
    step = 0.245
    figure = new_figure(0.95 + step * len(rows) + 0.2)
    foot = source_line(figure, source)
    left = max(text_width(figure, printable(str(row["label"]))) for row in rows) + 0.2
    right = max(text_width(figure, printable(str(row["note"])), SMALL) for row in rows) + 0.2
    axes = add_axes(figure, left=left, right=right, top=0.5, bottom=foot + 0.28)
    values = [float(row["value"]) for row in rows]
    for key in ("lower", "upper"):
        values += [float(row[key]) for row in rows if row.get(key) == row.get(key) and key in row]
    if reference:
        values.append(float(reference["value"]))
    margin = max((max(values) - min(values)) * 0.08, 1e-3)
    low, high = min(values) - margin, max(values) + margin
    if bounds:
        low, high = max(low, bounds[0] - margin / 4), min(high, bounds[1] + margin / 4)
    ticks = nice_ticks(low, high, 7)
    places = max((len(f"{tick:.10f}".rstrip("0").split(".")[1]) for tick in ticks), default=0)
    axes.set_xlim(low, high)
    axes.set_xticks(ticks, [number_text(tick, places, lang) for tick in ticks])
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_yticks(range(len(rows)), [printable(str(row["label"])) for row in rows])
    axes.grid(axis="y", visible=False)
    axes.grid(axis="x", visible=True)
    axes.spines["left"].set_visible(False)
    height = axes.get_position().height * size_of(axes)[1]
    axes.text(
        -left / (size_of(axes)[0] * axes.get_position().width) + 0.01,
        1 + (0.26 if reference else 0.1) / height,
        printable(title),
        transform=axes.transAxes,
        va="bottom",
    )
    for position, row in enumerate(rows):
        colour, marker, _ = ROLES.get(str(row["role"]), (GREY, "D", 1.4))
        if row.get("lower") is not None and row["lower"] == row["lower"]:
            axes.hlines(position, row["lower"], row["upper"], color=colour, lw=1.4, zorder=2)
        axes.plot(float(row["value"]), position, marker, color=colour, ms=6.5, zorder=3)
        place = (1 + 0.06 / (size_of(axes)[0] * axes.get_position().width), position)
        axes.text(
            *place,
            printable(str(row["note"])),
            transform=axes.get_yaxis_transform(),
            va="center",
            size=SMALL,
            color=GREY,
        )
    if reference:
        axes.axvline(float(reference["value"]), color=INK, lw=1.2, ls=(0, (5, 3)), zorder=2)
        axes.text(
            float(reference["value"]),
            1 + 0.05 / height,
            printable(str(reference["label"])),
            transform=axes.get_xaxis_transform(),
            ha="center",
            va="bottom",
            size=SMALL,
        )
    return figure


@styled
def plot_attainment(frame: pd.DataFrame, *, source: str, words: Mapping[str, str]) -> Figure:
    """Draw the verdict on every target of a plan on one page.

    Parameters
    ----------
    frame : pandas.DataFrame
        One line per target, in the order to be drawn: row, name, target, level
        (printed), verdict (code), verdict_label, binding (bool), p, p_low,
        p_high (0..1, missing without a forecast).
    source : str
        Source line.
    words : mapping
        Printed heads: row, name, target, level, verdict, probability, none
        (where there is no probability), binding.

    Returns
    -------
    Figure
        A table with a marker for the verdict and a bar for the probability.
    """
    rows = frame.to_dict("records")
    stops = {"row": 0.0, "name": 0.4, "target": 2.26, "level": 2.96, "verdict": 4.1}
    width, bar, step = 6.3, (5.2, 6.22), 0.325
    figure = new_figure(0.5 + step * len(rows) + 0.32)
    foot = source_line(figure, source)
    axes = add_axes(figure, left=0, right=0, top=0.05, bottom=foot)
    axes.set_axis_off()
    axes.set_xlim(0, width)
    axes.set_ylim(len(rows) - 0.45, -1.35)
    for key, stop in stops.items():
        axes.text(stop + 0.04, -0.93, printable(words[key]), weight="bold", size=SMALL, va="center")
    axes.text(
        bar[0], -0.93, printable(words["probability"]), weight="bold", size=SMALL, va="center"
    )
    axes.plot([0, width], [-0.5, -0.5], color=INK, lw=0.9)
    for position, row in enumerate(rows):
        axes.plot([0, width], [position + 0.5] * 2, color=PALE, lw=0.6, zorder=1)
        if row["binding"]:
            axes.axhspan(position - 0.5, position + 0.5, color="#F3F1E4", lw=0, zorder=0)
        _attainment_line(figure, axes, position, row, stops)
        _probability(axes, position, row, bar, words["none"])
    return figure


def _attainment_line(
    figure: Figure, axes: Axes, y: int, row: Mapping[Any, Any], stops: Mapping[str, float]
) -> None:
    """Print one line: row number, name, target, level, verdict with its marker."""
    ends = {"row": "name", "name": "target", "target": "level", "level": "verdict"}
    for key, following in ends.items():
        room = stops[following] - stops[key] - 0.08
        size = next(
            (
                s
                for s in (SIZE - 0.5, SMALL, 6.6)
                if len(wrapped(figure, str(row[key]), room, s)) < 3
            ),
            6.6,
        )
        lines = wrapped(figure, printable(str(row[key])), room, size)
        weight = "bold" if row["binding"] and key in ("row", "name") else "normal"
        axes.text(
            stops[key] + 0.04,
            y,
            "\n".join(lines[:2]),
            size=size,
            va="center",
            weight=weight,
            linespacing=1.05,
        )
    colour, marker, filled = VERDICTS[str(row["verdict"])]
    axes.plot(
        stops["verdict"] + 0.11,
        y,
        marker,
        color=colour,
        mfc=colour if filled else "white",
        ms=7,
        mew=1.3,
        zorder=3,
        gid=f"verdict-{row['verdict']}",
    )
    lines = wrapped(figure, printable(str(row["verdict_label"])), 0.84, SMALL)
    axes.text(stops["verdict"] + 0.24, y, "\n".join(lines[:2]), size=SMALL, va="center")


def _probability(
    axes: Axes, y: int, row: Mapping[Any, Any], bar: tuple[float, float], none: str
) -> None:
    """Draw the probability from 0 to 1 as a bar with its interval, or say there is none."""
    left, right = bar
    if row["p"] is None or row["p"] != row["p"]:
        axes.text(left, y, printable(none), size=SMALL, va="center", color=GREY)
        return

    def at(p: float) -> float:
        return left + (right - 0.36 - left) * p

    axes.barh(y, at(1) - left, left=left, height=0.36, color=PALE, lw=0, zorder=1)
    axes.barh(y, at(float(row["p"])) - left, left=left, height=0.36, color=BLUE, lw=0, zorder=2)
    if row["p_low"] is not None and row["p_low"] == row["p_low"]:
        axes.plot([at(row["p_low"]), at(row["p_high"])], [y, y], color=INK, lw=1.2, zorder=3)
    axes.text(at(1) + 0.05, y, f"{number_text(float(row['p']) * 100, 0)}%", size=SMALL, va="center")


@styled
def plot_reliability(
    frame: pd.DataFrame, *, source: str, words: Mapping[str, str], lang: str = "zh"
) -> Figure:
    """Draw how often a stated probability came true.

    Parameters
    ----------
    frame : pandas.DataFrame
        Columns stated, observed, lower, upper (0..1) and n (forecasts), one
        row per class of stated probability.
    source : str
        Source line.
    words : mapping
        Printed names: stated, observed, perfect, and n (what is counted).
    lang : str
        ``zh`` or ``en``.

    Returns
    -------
    Figure
        Points with intervals; on the diagonal, probabilities come true as stated.
    """
    figure = new_figure(4.1, width=5.0)
    foot = source_line(figure, source)
    axes = add_axes(figure, left=0.55, right=0.3, top=0.36, bottom=foot + 0.48)
    value_axis(figure, axes, 0, 100, words["observed"], lang, most=6)
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
            f"{words['n']} {number_text(int(row['n']), 0, lang)}",
            (x, y),
            xytext=(5 if above else -5, -10),
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
    lang: str = "zh",
) -> Figure:
    """Draw rates against sample sizes with the range that chance alone explains.

    Parameters
    ----------
    frame : pandas.DataFrame
        Columns label, n, rate, role; rate in the unit of `title`.
    limits : pandas.DataFrame
        Columns n, lo_95, hi_95, lo_998, hi_998 around the centre, sorted by n.
    centre : float
        Pooled rate.
    title, source
        What is measured, with unit; source line.
    words : mapping
        Printed names: n, centre, inner, outer.
    lang : str
        ``zh`` or ``en``.

    Returns
    -------
    Figure
        Sample size on a logarithmic axis.
    """
    from wqa.charts import frame_axes
    from wqa.layout import direct_labels

    figure, axes = frame_axes(3.9, [words["centre"]], source, below=0.48)
    sizes = limits["n"].astype(float)
    axes.set_xscale("log")
    axes.set_xlim(float(sizes.min()), float(sizes.max()))
    values = [*frame["rate"].astype(float), centre, *limits["lo_998"], *limits["hi_998"]]
    low, high = min(values), max(values)
    margin = (high - low) * 0.06
    value_axis(figure, axes, low - margin, min(high + margin, 100.4), title, lang)
    decades = [10**k for k in range(1, 8) if sizes.min() <= 10**k <= sizes.max()]
    axes.set_xticks(decades, [number_text(decade, 0, lang) for decade in decades])
    axes.minorticks_off()
    axes.set_xlabel(printable(words["n"]))
    axes.fill_between(sizes, limits["lo_998"], limits["hi_998"], color="#E6EEF4", lw=0, zorder=1)
    axes.fill_between(sizes, limits["lo_95"], limits["hi_95"], color="#C7DCEA", lw=0, zorder=2)
    axes.axhline(centre, color=GREY, lw=1, zorder=3)
    for row in frame.to_dict("records"):
        colour, marker, _ = ROLES.get(str(row["role"]), (GREEN, "D", 1.4))
        axes.plot(float(row["n"]), float(row["rate"]), marker, color=colour, ms=6, zorder=4)
    _label_points(figure, axes, frame)
    # The bands are widest, and hold their names, where the samples are small.
    start = limits.iloc[max(1, len(limits) // 40)]
    for column, name, colour in (("lo_95", "inner", "#1F5A88"), ("lo_998", "outer", "#3D6F95")):
        place = (float(start["n"]) * 1.05, float(start[column]))
        axes.text(*place, printable(words[name]), size=SMALL, color=colour, va="bottom", zorder=5)
    direct_labels(figure, axes, [(float(sizes.max()), centre, words["centre"], GREY)])
    return figure


def _label_points(figure: Figure, axes: Axes, frame: pd.DataFrame) -> None:
    """Name the points of a funnel; a name that would cover another goes below its point."""
    taken: list[tuple[float, float, float, float]] = []
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
