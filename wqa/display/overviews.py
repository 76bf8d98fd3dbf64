"""Charts that compare many things at once: regions, and all targets of a plan on one page.

Same conventions as `wqa.display.charts`: tidy frames in, a figure out, no statistic computed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from wqa.display.charts import ROLES
from wqa.display.facts import number_text
from wqa.display.figures import (
    BLUE,
    GREEN,
    GREY,
    INK,
    ORANGE,
    PALE,
    SKY,
    SMALL,
    VERMILION,
    Axes,
    Figure,
    add_axes,
    new_figure,
    nice_ticks,
    printable,
    size_of,
    source_line,
    styled,
    text_width,
    wrapped,
)

if TYPE_CHECKING:
    import pandas as pd

# Colour, marker and fill of each answer: three cues, so that grey print keeps two.
ANSWER_MARKS: dict[str, tuple[str, str, bool]] = {
    "met": (GREEN, "o", True),
    "very_likely": (BLUE, "^", True),
    "likely": (SKY, "^", False),
    "open": (ORANGE, "D", False),
    "unlikely": (VERMILION, "v", False),
    "missed": (VERMILION, "X", True),
    "nothing_known": (GREY, "o", False),
}


@styled
def plot_dots(
    frame: pd.DataFrame,
    *,
    title: str,
    source: str,
    reference: Mapping[str, Any] | None = None,
    bounds: tuple[float, float] | None = None,
) -> Figure:
    """Draw one value per line, such as the latest rate of each region."""
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
    axes.set_xticks(ticks, [number_text(tick, places) for tick in ticks])
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
    """Draw the answer on every target of a plan on one page."""
    rows = frame.to_dict("records")
    stops = {"row": 0.0, "name": 0.36, "target": 2.3, "level": 3.08, "answer": 4.1}
    width, bar, head = 6.3, (5.2, 6.22), 0.27
    # Measured on a figure of any height: the heights of the lines follow from their texts.
    cells = [_attainment_cells(new_figure(1.0), row, stops) for row in rows]
    heights = [0.09 + 0.125 * max(map(len, texts.values())) for texts in cells]
    body = head + sum(heights)
    figure = new_figure(body + 0.3)
    foot = source_line(figure, source)
    axes = add_axes(figure, left=0, right=0, top=0.05, bottom=foot + 0.03)
    axes.set_axis_off()
    axes.set_xlim(0, width)
    axes.set_ylim(body, 0)
    for key, stop in {**stops, "probability": bar[0] - 0.04}.items():
        axes.text(
            stop + 0.04, head / 2, printable(words[key]), weight="bold", size=SMALL, va="center"
        )
    axes.plot([0, width], [head, head], color=INK, lw=0.9)
    top = head
    for row, texts, height in zip(rows, cells, heights, strict=True):
        axes.plot([0, width], [top + height] * 2, color=PALE, lw=0.6, zorder=1)
        if row["binding"]:
            axes.axhspan(top, top + height, color="#F3F1E4", lw=0, zorder=0)
        _attainment_line(axes, top + height / 2, row, texts, stops)
        _probability(axes, top + height / 2, row, bar, words["none"])
        top += height
    return figure


def _attainment_cells(
    figure: Figure, row: Mapping[Any, Any], stops: Mapping[str, float]
) -> dict[str, list[str]]:
    """Break the texts of one line into lines; nothing is ever cut."""
    ends = {"row": "name", "name": "target", "target": "level", "level": "answer"}
    rooms = {key: stops[following] - stops[key] - 0.08 for key, following in ends.items()}
    texts = {
        key: wrapped(figure, printable(str(row[key])), room, SMALL) for key, room in rooms.items()
    }
    return texts | {"answer": wrapped(figure, printable(str(row["answer_label"])), 0.6, SMALL)}


def _attainment_line(
    axes: Axes,
    y: float,
    row: Mapping[Any, Any],
    texts: Mapping[str, Sequence[str]],
    stops: Mapping[str, float],
) -> None:
    """Print one line: row number, name, target, level, answer with its marker and strength."""
    for key, lines in texts.items():
        bold = row["binding"] and key in ("row", "name")
        axes.text(
            stops[key] + (0.24 if key == "answer" else 0.04),
            y,
            "\n".join(lines),
            size=SMALL,
            va="center",
            weight="bold" if bold else "normal",
            linespacing=1.05,
        )
    colour, marker, filled = ANSWER_MARKS[str(row["answer"])]
    axes.plot(
        stops["answer"] + 0.11,
        y,
        marker,
        color=colour,
        mfc=colour if filled else "white",
        ms=7,
        mew=1.3,
        zorder=3,
        gid=f"answer-{row['answer']}",
    )
    for step in range(3):
        axes.barh(
            y,
            0.05,
            left=stops["answer"] + 0.86 + 0.07 * step,
            height=0.09,
            facecolor=INK if step < row["strength"] else "white",
            edgecolor=INK,
            lw=0.5,
        )


def _probability(
    axes: Axes, y: float, row: Mapping[Any, Any], bar: tuple[float, float], none: str
) -> None:
    """Draw the probability from 0 to 1 as a bar with its interval, or say there is none."""
    left, right = bar
    if row["p"] is None or row["p"] != row["p"]:
        axes.text(left, y, printable(none), size=SMALL, va="center", color=GREY)
        return

    def at(p: float) -> float:
        return left + (right - 0.36 - left) * p

    axes.barh(y, at(1) - left, left=left, height=0.1, color=PALE, lw=0, zorder=1)
    axes.barh(y, at(float(row["p"])) - left, left=left, height=0.1, color=BLUE, lw=0, zorder=2)
    if row["p_low"] is not None and row["p_low"] == row["p_low"]:
        axes.plot([at(row["p_low"]), at(row["p_high"])], [y, y], color=INK, lw=1.2, zorder=3)
    axes.text(at(1) + 0.05, y, f"{number_text(float(row['p']) * 100, 0)}%", size=SMALL, va="center")
