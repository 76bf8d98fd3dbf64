"""The bundled font: where it is, what it can print, and subsets of it for the web page."""

from __future__ import annotations

import io
from functools import cache
from pathlib import Path

from wqa.errors import BuildError
from wqa.paths import ASSETS

FOLDER = ASSETS / "fonts"
FILES = {"regular": "WhitePaperSansSC-Regular.otf", "bold": "WhitePaperSansSC-Bold.otf"}
# Signs that have no picture of their own, so no font needs one.
_NO_GLYPH = frozenset("\n\u200b")


def font_path(weight: str = "regular") -> Path:
    """Return the file of one weight."""
    if weight not in FILES:
        raise BuildError("no such weight", got=weight, expected=" or ".join(FILES))
    path = FOLDER / FILES[weight]
    if not path.is_file():
        raise BuildError(
            "the bundled font is missing",
            where=f"assets/fonts/{path.name}",
            fix="Restore the file from the repository.",
        )
    return path


@cache
def _printable() -> frozenset[str]:
    from fontTools.ttLib import TTFont

    known: list[set[int]] = []
    for weight in FILES:
        with TTFont(font_path(weight), lazy=True) as font:
            known.append(set(font.getBestCmap()))
    return frozenset(chr(code) for code in set.intersection(*known)) | _NO_GLYPH


def missing_glyphs(text: str) -> set[str]:
    """Return the characters of a text that the bundled font cannot print."""
    return set(text) - _printable()


@cache
def advances() -> dict[str, float]:
    """Return how wide each character is, in em."""
    from fontTools.ttLib import TTFont

    with TTFont(font_path(), lazy=True) as font:
        units, widths = font["head"].unitsPerEm, font["hmtx"].metrics
        return {chr(code): widths[name][0] / units for code, name in font.getBestCmap().items()}


def web_font(text: str, weight: str = "regular") -> bytes:
    """Cut the font down to the characters of a text, as WOFF2."""
    from fontTools import subset
    from fontTools.ttLib import TTFont

    # The boxes of the whole font hold for a part of it; computing them anew takes half the time.
    font = TTFont(font_path(weight), recalcBBoxes=False, recalcTimestamp=False, lazy=True)
    options = subset.Options(
        layout_features=["kern", "palt", "halt", "pwid", "locl", "ccmp"],
        desubroutinize=True,
        notdef_outline=True,
        recalc_timestamp=False,
        flavor="woff2",
        drop_tables=["vhea", "vmtx", "BASE"],
    )
    buffer = io.BytesIO()
    with font:
        worker = subset.Subsetter(options)
        worker.populate(text="".join(sorted(set(text))))
        worker.subset(font)
        font.flavor = "woff2"
        font.save(buffer, reorderTables=True)
    return buffer.getvalue()
