"""Where text goes in a figure: lines that fit, labels that do not overlap, axes.

Works on axes and figures of `wqa.display.figures` and imports no drawing library itself.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate

from wqa.display.facts import number_text
from wqa.display.figures import GREY, SIZE, SMALL, Axes, Figure, printable, text_width
from wqa.errors import BuildError

# Direct labels are broken at this width, inches.
LABEL_WIDTH = 1.45
# A line never starts with the first kind of mark nor ends with the second.
CLOSING = frozenset("，。；：、）》”！？,.;:)%")
OPENING = frozenset("（《“(")


def wrapped(figure: Figure, text: str, width: float, size: float = SIZE) -> list[str]:
    """Break text into lines that fit; Chinese breaks anywhere, English at spaces."""
    lines, tokens = [], _without_lead(list(_tokens(text)))
    while tokens:
        # Measuring is slow. A line grows with every token, so halving finds how many fit.
        first, *longer = accumulate(tokens)
        more = bisect_right(longer, width, key=lambda part: text_width(figure, part.rstrip(), size))
        lines.append([first, *longer][more].rstrip())
        tokens = _without_lead(tokens[more + 1 :])
    return lines


def _without_lead(tokens: list[str]) -> list[str]:
    """Drop the blanks at the start of a line."""
    while tokens and not tokens[0].strip():
        tokens = tokens[1:]
    return [tokens[0].lstrip(), *tokens[1:]] if tokens else []


def _tokens(text: str) -> Iterable[str]:
    """Split text where a line may break; a closing mark stays with what it closes."""
    token = ""
    for position, char in enumerate(text):
        token += char
        following = text[position + 1 : position + 2]
        wide = ord(char) > 0x2E7F or (following and ord(following) > 0x2E7F)
        # A number stays with its unit: no break between a digit and what follows it.
        closed = following in CLOSING or char in OPENING or (char.isdigit() and wide)
        if (char == " " or wide) and not closed:
            yield token
            token = ""
    if token:
        yield token


def source_line(figure: Figure, text: str) -> float:
    """Print the source line at the foot of a figure."""
    width, height = figure.get_size_inches()
    # Programs that set the letters anew may set them a little wider.
    lines = wrapped(figure, printable(text), width - 0.25, SMALL)
    step = SMALL * 1.35 / 72
    for number, line in enumerate(reversed(lines)):
        figure.text(
            0.05 / width, (0.05 + number * step) / height, line, size=SMALL, color=GREY, va="bottom"
        )
    return 0.08 + len(lines) * step


def label_margin(figure: Figure, labels: Iterable[str]) -> float:
    """Return the right margin that direct labels need, inches."""
    lines = [line for label in labels for line in wrapped(figure, printable(label), LABEL_WIDTH)]
    return max((text_width(figure, line) for line in lines), default=0.0) + 0.22


def direct_labels(
    figure: Figure, axes: Axes, labels: Iterable[tuple[float, float, str, str]]
) -> None:
    """Print series names right of the axes, beside their last points, without overlap."""
    inches = axes.get_position().height * size_of(axes)[1]
    low, high = axes.get_ylim()
    step = (high - low) * SIZE * 1.3 / 72 / inches
    ordered = sorted(labels, key=lambda item: item[1])
    broken = [wrapped(figure, printable(item[2]), LABEL_WIDTH) for item in ordered]
    heights = [step * max(len(lines), 1) for lines in broken]
    places = spread([item[1] for item in ordered], heights, low, high + step / 2)
    right = axes.get_xlim()[1]
    gap = (right - axes.get_xlim()[0]) * 0.012
    for (x, y, _, colour), lines, place in zip(ordered, broken, places, strict=True):
        if right - x > gap or abs(place - y) > step / 3:
            line = axes.plot([x + gap, right + gap * 0.6], [y, place], color=colour, lw=0.6)[0]
            line.set(linestyle=":", clip_on=False, zorder=1)
        text = "\n".join(lines)
        axes.text(right + gap, place, text, color=colour, va="center", linespacing=1.15)


def spread(
    places: Sequence[float], heights: Sequence[float], low: float, high: float
) -> list[float]:
    """Move sorted positions apart so that labels of given heights do not overlap."""
    out = list(places)
    floor = low
    for index, height in enumerate(heights):
        out[index] = max(out[index], floor + height / 2)
        floor = out[index] + height / 2
    ceiling = max(high, low + sum(heights))
    for index in range(len(out) - 1, -1, -1):
        out[index] = min(out[index], ceiling - heights[index] / 2)
        ceiling = out[index] - heights[index] / 2
    return out


def year_axis(axes: Axes, first: int, last: int) -> None:
    """Set whole years on the x axis, at most about ten labels."""
    stride = max(1, -(-(last - first + 1) // 11))
    years = list(range(last, first - 1, -stride))[::-1]
    axes.set_xlim(first - 0.4, last + 0.4)
    axes.set_xticks(years, [str(year) for year in years])


def nice_ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Return round numbers inside a range."""
    power = 10.0 ** math.floor(math.log10((high - low) / most))
    steps = [power * factor for factor in (1, 2, 5, 10, 20)]
    step = next(step for step in steps if (high - low) / step <= most - 1 or step == steps[-1])
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(number * step, 10) for number in range(first, last + 1)]


def value_axis(
    figure: Figure, axes: Axes, low: float, high: float, title: str, *, most: int = 6
) -> None:
    """Set the y axis: limits, few round ticks, and its title printed flat above it."""
    ticks = nice_ticks(low, high, most)
    places = max((len(f"{tick:.10f}".rstrip("0").split(".")[1]) for tick in ticks), default=0)
    axes.set_ylim(low, high)
    texts = [number_text(tick, places) for tick in ticks]
    axes.set_yticks(ticks, texts)
    widest = max(text_width(figure, text) for text in texts) + 0.12
    box, width = axes.get_position(), size_of(axes)[0]
    if widest > box.x0 * width:
        axes.set_position((widest / width, box.y0, box.x1 - widest / width, box.height))
        box = axes.get_position()
    height = box.height * size_of(axes)[1]
    axes.text(
        -box.x0 / box.width + 0.01,
        1 + 0.08 / height,
        printable(title),
        transform=axes.transAxes,
        size=SIZE,
        va="bottom",
    )


def size_of(axes: Axes) -> tuple[float, float]:
    """Return width and height of the figure of some axes, inches."""
    figure = axes.get_figure(root=True)
    if figure is None:
        raise BuildError("axes without a figure")
    width, height = figure.get_size_inches()
    return float(width), float(height)
