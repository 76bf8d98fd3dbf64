"""House style of the figures: colours, font, frame, labels beside the lines, and rendering.

The only module that imports Matplotlib. One visual language: the focus region in blue with
filled circles, the province in vermilion with squares, the nation in dark grey with diamonds,
targets as a black dashed line. Colours are those of Okabe and Ito, which colour-blind readers can
tell apart; marker and dash carry the same meaning, so that grey print works. Matplotlib's
constrained layout places what is drawn. Figures are made without pyplot: no global state, no
window, no clock.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache, wraps
from typing import Any, Literal, ParamSpec

import matplotlib as mpl
from matplotlib.axes import Axes as Axes
from matplotlib.axis import Axis
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure as Figure
from matplotlib.font_manager import fontManager, get_font
from matplotlib.text import Text
from matplotlib.ticker import MaxNLocator
from matplotlib.transforms import offset_copy

from wqa.display.facts import number_text, plain
from wqa.errors import BuildError
from wqa.paths import ASSETS

FONT_FAMILY = "WhitePaper Sans SC"
FONT_FILES = ("WhitePaperSansSC-Regular.otf", "WhitePaperSansSC-Bold.otf")
# Text width of the paper, A4 with 20 mm margins, in inches.
PAGE_WIDTH = 170 / 25.4
SIZE = 9.0
SMALL = 7.5
DPI = 200
# Okabe and Ito's palette (blue, vermilion, green, purple, sky blue, orange) and greys.
BLUE, VERMILION, GREEN, PURPLE = "#0072B2", "#D55E00", "#009E73", "#9E4F86"
SKY, ORANGE, INK, GREY, PALE = "#56B4E9", "#E69F00", "#222222", "#5F5F5F", "#D9D9D9"
# Colour, marker and width of line by the role of a region.
ROLES: dict[str, tuple[str, str, float]] = {
    "focus": (BLUE, "o", 2.2),
    "province": (VERMILION, "s", 1.6),
    "nation": (GREY, "D", 1.6),
    # What is no place.
    "main": (INK, "o", 1.6),
    "side": (GREY, "X", 1.6),
}
# Regions without a role take these in turn.
PEERS = ((GREEN, "P", 1.4), (PURPLE, "v", 1.4), (ORANGE, "X", 1.4), (SKY, "p", 1.4))
DASHED = (0, (5, 3))
DOTTED = (0, (1, 1.5))
# The geta mark: the printer's sign for a character that is not in the case.
GETA = "\N{GETA MARK}"
Format = Literal["svg_text", "svg_path", "png"]
HOUSE = ASSETS / "house.mplstyle"
STYLE: dict[Any, Any] = dict(mpl.rc_params_from_file(HOUSE, use_default_template=False))
# Where a line may break: after blanks and between Chinese characters. A closing mark stays with
# what it closes, an opening mark with what follows, a number with its unit.
_WIDE, _OPENING = r"\u2e80-\uffff", r"（《“(〔"
_TOKEN = re.compile(
    rf"[{_OPENING}]*(?:[^\s{_WIDE}]+(?:(?![{_OPENING}])[{_WIDE}])?|[{_WIDE}])"
    r"[，。；：、）》”！？〕]*\s*"
)
NOTE: dict[str, Any] = {"size": SMALL, "color": GREY, "textcoords": "offset points"}
# Direct labels are broken at this width, in half-width letters.
LABEL_WIDTH = 24
Label = tuple[float, float, str, str]
P = ParamSpec("P")


class MissingGlyphWarning(UserWarning):
    """A name holds a character that the bundled font lacks; it prints as a geta mark."""


@cache
def _register_fonts() -> frozenset[int]:
    """Make the bundled font known and return the characters it can print."""
    for name in FONT_FILES:
        fontManager.addfont(ASSETS / "fonts" / name)
    return frozenset(get_font(ASSETS / "fonts" / FONT_FILES[0]).get_charmap())


@contextmanager
def _house_style(fonttype: str = "path") -> Iterator[None]:
    """Draw in the house style; a character that the bundled font lacks is an error."""
    _register_fonts()
    with mpl.rc_context({**STYLE, "svg.fonttype": fonttype}), warnings.catch_warnings():
        warnings.filterwarnings("error", message=r"Glyph \d+")
        try:
            yield
        except UserWarning as warning:
            raise BuildError(
                "the bundled font lacks a character of a figure", got=str(warning)
            ) from warning


def styled(function: Callable[P, Figure]) -> Callable[P, Figure]:
    """Run a chart function in the house style and settle the layout of its figure."""

    @wraps(function)
    def inside(*args: P.args, **kwargs: P.kwargs) -> Figure:
        with _house_style():
            figure = function(*args, **kwargs)
            settle(figure)
            return figure

    return inside


def use_style() -> None:
    """Give every Matplotlib figure made from now on the house style and the bundled Chinese font.

    Parameters
    ----------
    None

    Returns
    -------
    None
        Matplotlib's own settings (``matplotlib.rcParams``) are changed: font, size, grid, layout,
        width of the printed page, and colours that colour-blind readers can tell apart. Called
        inside ``with matplotlib.rc_context():`` it holds for that block only.

    Examples
    --------
    >>> use_style()
    >>> mpl.rcParams["font.family"]
    ['WhitePaper Sans SC']
    """
    _register_fonts()
    mpl.rcParams.update(STYLE)


def settle(figure: Figure) -> None:
    """Lay a figure out once and for all, so that every format shows the same picture."""
    engine = figure.get_layout_engine()
    if engine is not None:
        engine.execute(figure)
        figure.set_layout_engine("none")


def stamp(figure: Figure, text: str) -> None:
    """Print a mark across a figure, above all that is drawn."""
    with _house_style():
        look: dict[str, Any] = {"ha": "center", "va": "center", "color": GREY, "zorder": 99}
        figure.text(0.5, 0.5, printable(text), size=4 * SIZE, alpha=0.3, rotation=15, **look)


def printable(name: str) -> str:
    """Replace characters that the bundled font lacks by a geta mark, and say so."""
    known = _register_fonts()
    flat = " ".join(plain(name).split())
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


def render(figure: Figure, fmt: Format) -> bytes:
    """Write a figure; equal figures give equal bytes."""
    buffer = io.BytesIO()
    nothing = dict.fromkeys(["Software"] if fmt == "png" else ["Date", "Creator", "Type", "Format"])
    with _house_style("none" if fmt == "svg_text" else "path"):
        if fmt == "svg_text":
            # Drawn to pixels first: text that stays text is never checked for glyphs.
            figure.draw_without_rendering()
        figure.savefig(buffer, format=fmt[:3], dpi=DPI, metadata=nothing)
    return buffer.getvalue()


def new_figure(height: float, title: str) -> tuple[Figure, Axes]:
    """Make a figure of the page's width with axes under a flat title."""
    figure = Figure(figsize=(PAGE_WIDTH, height), dpi=DPI)
    figure.suptitle(printable(title), x=0.005, ha="left")
    return figure, figure.subplots()


def tint(colour: str, depth: float) -> tuple[float, ...]:
    """Return a colour thinned with white."""
    return tuple(1 - depth * (1 - part) for part in to_rgb(colour))


def year_axis(axes: Axes, first: int, last: int) -> None:
    """Set whole years on the x axis, at most about ten labels, the last year among them."""
    stride = max(1, -(-(last - first + 1) // 11))
    axes.set_xlim(first - 0.4, last + 0.4)
    axes.set_xticks(sorted(range(last, first - 1, -stride)))


def value_axis(axis: Axis, bounds: tuple[float, float] | None = None) -> None:
    """Set an axis around what is drawn, inside the natural bounds plus a hair, with round ticks."""
    low, high = axis.get_view_interval()
    if bounds is not None:
        hair = (high - low) * 0.02
        low, high = max(low, bounds[0] - hair), min(high, bounds[1] + hair)
        axis.set_view_interval(low, high, ignore=True)
    found = MaxNLocator(6, steps=[1, 2, 5, 10]).tick_values(low, high)
    ticks = [tick for tick in found if low <= tick <= high]
    places = max((len(f"{tick:.10f}".rstrip("0").split(".")[1]) for tick in ticks), default=0)
    axis.set_ticks(ticks, [number_text(tick, places) for tick in ticks])


def note(axes: Axes, text: str, place: tuple[Any, Any], by: tuple[int, int], **look: Any) -> Text:
    """Print a small text beside a place, moved by some points."""
    return axes.annotate(printable(text), place, by, **NOTE | look)


def wrapped(text: str, most: int) -> str:
    """Break text into lines of at most so many half-width letters."""
    lines = [""]
    for token in _TOKEN.findall(printable(text)):
        longer = (lines[-1] + token).rstrip()
        if lines[-1] and sum(2 if ord(char) > 0x2E7F else 1 for char in longer) > most:
            lines.append("")
        lines[-1] += token
    return "\n".join(line.strip() for line in lines)


def direct_labels(figure: Figure, axes: Axes, labels: Iterable[Label]) -> None:
    """Print names right of the axes, each joined to its last point, without overlap."""
    edge = offset_copy(axes.get_yaxis_transform(), figure, x=7, units="points")
    look: dict[str, Any] = {"textcoords": edge, "va": "center", "annotation_clip": False}
    leader = {"arrowstyle": "-", "ls": ":", "lw": 0.6, "relpos": (0, 0.5), "shrinkB": 4}
    texts = []
    for x, y, name, colour in sorted(labels, key=lambda label: label[1]):
        look |= {"color": colour, "arrowprops": leader | {"color": colour}}
        texts.append(axes.annotate(wrapped(name, LABEL_WIDTH), (x, y), (1, y), **look))
    settle(figure)
    low, high = axes.get_ylim()
    line = (high - low) * SIZE * 1.3 / (axes.bbox.height / figure.dpi * 72)
    heights = [line * (1 + text.get_text().count("\n")) for text in texts]
    places = spread([text.xy[1] for text in texts], heights, low, high + line / 2)
    for text, place in zip(texts, places, strict=True):
        text.set_y(place)


def spread(
    places: Sequence[float], heights: Sequence[float], low: float, high: float
) -> list[float]:
    """Move sorted positions apart so that labels of given heights do not overlap."""
    high = max(high, low + sum(heights))
    out = []
    for place, height in zip(places, heights, strict=True):
        out.append(max(place, low + height / 2))
        low = out[-1] + height / 2
    for index in reversed(range(len(out))):
        out[index] = min(out[index], high - heights[index] / 2)
        high = out[index] - heights[index] / 2
    return out
