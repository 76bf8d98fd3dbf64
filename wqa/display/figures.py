"""House style of the figures and their rendering; the only module that imports Matplotlib.

One visual language: the focus region in blue with filled circles, the province
in vermilion with squares, the nation in dark grey with triangles, targets as a
black dashed line. Colours are those of Okabe and Ito, which colour-blind readers
can tell apart; marker and dash carry the same meaning, so that grey print works.
Figures are made without pyplot: no global state, no window, no clock.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable
from functools import cache, wraps
from typing import Any, Literal, ParamSpec, TypeVar

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, fontManager, get_font
from matplotlib.text import Text as Label

from wqa.errors import BuildError
from wqa.paths import ASSETS

__all__ = [
    "BLUE",
    "GREEN",
    "GREY",
    "INK",
    "ORANGE",
    "PALE",
    "PURPLE",
    "SIZE",
    "SKY",
    "SMALL",
    "VERMILION",
    "Axes",
    "Figure",
    "MissingGlyphWarning",
    "add_axes",
    "new_figure",
    "printable",
    "render",
    "styled",
    "text_width",
    "texts_in",
]

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


def texts_in(figure: Figure) -> list[str]:
    """Return every text of a figure, in drawing order; for tests and checks."""
    found = figure.findobj(Label)
    return [item.get_text() for item in found if isinstance(item, Label) and item.get_text()]
