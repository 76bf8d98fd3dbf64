"""House style of the figures, where text goes in them, and their rendering.

The only module that imports Matplotlib. One visual language: the focus region in blue with
filled circles, the province in vermilion with squares, the nation in dark grey with
diamonds, targets as a black dashed line. Colours are those of Okabe and Ito, which
colour-blind readers can tell apart; marker and dash carry the same meaning, so that grey
print works. Figures are made without pyplot: no global state, no window, no clock.
"""

from __future__ import annotations

import io
import math
import warnings
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from functools import cache, wraps
from itertools import accumulate
from typing import Any, Literal, ParamSpec, TypeVar

import matplotlib as mpl
from matplotlib.axes import Axes as Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.figure import Figure as Figure
from matplotlib.font_manager import FontProperties, fontManager, get_font
from matplotlib.rcsetup import cycler

from wqa.display.facts import number_text
from wqa.errors import BuildError
from wqa.paths import ASSETS

FONT_FAMILY = "WhitePaper Sans SC"
FONT_FILES = ("WhitePaperSansSC-Regular.otf", "WhitePaperSansSC-Bold.otf")
# Text width of A4 with 25 mm margins, in inches.
PAGE_WIDTH = 6.3
SIZE = 9.0
DPI = 200
SMALL = 7.5
# Okabe and Ito's palette (blue, vermilion, green, purple, sky blue, orange) and greys.
BLUE, VERMILION, GREEN, PURPLE = "#0072B2", "#D55E00", "#009E73", "#9E4F86"
SKY, ORANGE, INK, GREY, PALE = "#56B4E9", "#E69F00", "#222222", "#5F5F5F", "#D9D9D9"
# The geta mark: the printer's sign for a character that is not in the case.
GETA = "\N{GETA MARK}"
Format = Literal["svg_text", "svg_path", "png"]
STYLE: dict[Any, Any] = {
    "font.family": [FONT_FAMILY],
    "font.size": SIZE,
    "axes.unicode_minus": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.8,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "grid.color": PALE,
    "grid.linewidth": 0.6,
    "xtick.color": INK,
    "ytick.color": INK,
    "ytick.major.size": 0,
    "text.color": INK,
    "lines.linewidth": 1.8,
    "lines.markersize": 5.5,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "svg.hashsalt": "wqa",
    "text.usetex": False,
    "text.hinting": "none",
    # A name from a data file must print as written, not as mathematics.
    "text.parse_math": False,
}
P = ParamSpec("P")
R = TypeVar("R")


class MissingGlyphWarning(UserWarning):
    """A name holds a character that the bundled font lacks; it prints as a geta mark."""


@cache
def _register_fonts() -> frozenset[int]:
    """Make the bundled font known and return the characters it can print."""
    for name in FONT_FILES:
        path = ASSETS / "fonts" / name
        if not path.is_file():
            raise BuildError(
                "the bundled font is missing",
                where=str(path.relative_to(ASSETS.parent.parent)),
                fix="Restore the file from the repository.",
            )
        fontManager.addfont(str(path))
    return frozenset(get_font(str(ASSETS / "fonts" / FONT_FILES[0])).get_charmap())


def styled(function: Callable[P, R]) -> Callable[P, R]:
    """Run a chart function with the house style and the bundled font."""

    @wraps(function)
    def inside(*args: P.args, **kwargs: P.kwargs) -> R:
        _register_fonts()
        with mpl.rc_context(STYLE), warnings.catch_warnings():
            warnings.filterwarnings("error", message=r"Glyph \d+")
            return function(*args, **kwargs)

    return inside


def use_style() -> None:
    """Give every Matplotlib figure made from now on the house style and the bundled Chinese font.

    Parameters
    ----------
    None

    Returns
    -------
    None
        Matplotlib's own settings (``matplotlib.rcParams``) are changed: font, size, grid, width of
        the printed page, and colours that colour-blind readers can tell apart. Called inside
        ``with matplotlib.rc_context():`` it holds for that block only.

    Examples
    --------
    >>> use_style()
    >>> mpl.rcParams["font.family"]
    ['WhitePaper Sans SC']
    """
    _register_fonts()
    colours = cycler(color=[BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY])
    mpl.rcParams.update({**STYLE, "figure.figsize": (PAGE_WIDTH, 3.3), "axes.prop_cycle": colours})


def printable(name: str) -> str:
    """Replace characters that the bundled font lacks by a geta mark, and say so."""
    known = _register_fonts()
    flat = " ".join(name.split())
    missing = sorted({char for char in flat if ord(char) not in known})
    if not missing:
        return flat
    codes = ", ".join(f"U+{ord(char):04X}" for char in missing[:10])
    warnings.warn(
        f"the bundled font lacks {len(missing)} character(s): {codes}; printed as {GETA}",
        MissingGlyphWarning,
        stacklevel=2,
    )
    return "".join(GETA if char in missing else char for char in flat)


def new_figure(height: float, *, width: float = PAGE_WIDTH) -> Figure:
    """Make an empty figure of the page's width."""
    # At the resolution of the PNG, so that measured text is as wide as printed text.
    figure = Figure(figsize=(width, height), dpi=DPI)
    FigureCanvasAgg(figure)
    return figure


def add_axes(figure: Figure, *, left: float, right: float, top: float, bottom: float) -> Axes:
    """Add axes with margins in inches."""
    width, height = figure.get_size_inches()
    return figure.add_axes(
        (left / width, bottom / height, 1 - (left + right) / width, 1 - (top + bottom) / height)
    )


def _renderer(figure: Figure) -> RendererAgg:
    canvas = figure.canvas
    if not isinstance(canvas, FigureCanvasAgg):
        raise BuildError("a figure was not made by new_figure")
    renderer: RendererAgg = canvas.get_renderer()  # type: ignore[no-untyped-call]
    return renderer


def text_width(figure: Figure, text: str, size: float = SIZE) -> float:
    """Measure a line of text."""
    font = FontProperties(family=[FONT_FAMILY], size=size)
    renderer: Any = _renderer(figure)
    return float(renderer.get_text_width_height_descent(text, font, False)[0] / figure.dpi)


def render(figure: Figure, fmt: Format) -> bytes:
    """Write a figure; equal figures give equal bytes."""
    _register_fonts()
    buffer = io.BytesIO()
    fonttype = "none" if fmt == "svg_text" else "path"
    with mpl.rc_context({**STYLE, "svg.fonttype": fonttype}), warnings.catch_warnings():
        warnings.filterwarnings("error", message=r"Glyph \d+")
        try:
            if fmt == "png":
                figure.savefig(buffer, format="png", dpi=DPI, metadata={"Software": None})
            else:
                nothing = {"Date": None, "Creator": None, "Type": None, "Format": None}
                if fmt == "svg_text":
                    # Drawn to pixels first: text that stays text is never checked for glyphs.
                    figure.draw_without_rendering()
                figure.savefig(buffer, format="svg", metadata=nothing)
        except UserWarning as warning:
            raise BuildError(
                "the bundled font lacks a character of a figure", got=str(warning)
            ) from warning
    return buffer.getvalue()


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
