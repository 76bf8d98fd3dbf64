"""Chart that compares many regions at once.

Same conventions as `wqa.display.charts`: tidy frames in, a figure out, no statistic computed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from wqa.display.charts import ROLES
from wqa.display.facts import number_text
from wqa.display.figures import (
    GREY,
    INK,
    SMALL,
    Figure,
    add_axes,
    new_figure,
    nice_ticks,
    printable,
    size_of,
    source_line,
    styled,
    text_width,
)

if TYPE_CHECKING:
    import pandas as pd


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
