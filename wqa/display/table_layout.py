"""Sizes in print: widths of table columns from the text in them, sizes of drawings."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

# Advance widths of the bundled font, in em.
DIGIT, POINT = 0.555, 0.278
LATIN, CAPITAL, BLANK, WIDE = 0.52, 0.62, 0.224, 1.0
# Typst sets a thin space where Chinese characters and digits or letters meet.
SPACED = 0.25
TEXT_WIDTH = 160.0 * 72 / 25.4  # A4 with 25 mm margins, in points
PADDING = 8.0  # left and right together, in points
SIZES = (9.0, 8.5, 8.0, 7.5, 7.0, 6.5)
# A table of more rows that would break its lines begins with smaller letters.
LONG_TABLE, LONG_SIZE = 15, 7.5
# A column of running Chinese text gets at least so many characters per line.
NARROWEST = 4.2
# A word longer than this is broken rather than given a column of its own.
LONGEST_WORD = 24.0
# Room is given out in bits of this many em, by a power mean with this exponent.
STEP, SHARPNESS = 0.25, 6.0
_NUMBER = re.compile(r"[-+\N{MINUS SIGN}\N{PLUS-MINUS SIGN}]?\d[\d,]*(\.\d+)?%?")
_BORDER = re.compile(r"(?<=[\u4e00-\u9fff])(?=[0-9A-Za-z])|(?<=[0-9A-Za-z])(?=[\u4e00-\u9fff])")
# No line ends between a number and a bracket.
_ATOM = re.compile(r"[^\s\u2e80-\u9fff\uf900-\ufaff\uff00-\uff07\uff0a-\uffef\u3000-\u303f\u200b]+")


@dataclass(frozen=True)
class Grid:
    """Widths of the columns and the size of the letters, in points."""

    widths: tuple[float, ...]
    size: float


def svg_size(svg: str) -> tuple[float, float]:
    """Return the size of a drawing.

    Parameters
    ----------
    svg : str
        As written by `wqa.display.figures.render`.

    Returns
    -------
    tuple of float
        Width and height in points; the width is at most that of the text.
    """
    match = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg)
    width, height = (float(match[1]), float(match[2])) if match else (TEXT_WIDTH, TEXT_WIDTH / 2)
    scale = min(1.0, TEXT_WIDTH / width)
    return width * scale, height * scale


def em_width(text: str) -> float:
    """Estimate the width of a line.

    Parameters
    ----------
    text : str
        One line.

    Returns
    -------
    float
        Width in em.
    """
    width = 0.0
    for char in text:
        if unicodedata.east_asian_width(char) in "WF" or char in "“”‘’…—":
            width += WIDE
        elif char.isdigit():
            width += DIGIT
        elif char == " ":
            width += BLANK
        elif char.isupper():
            width += CAPITAL
        else:
            width += LATIN if char.isalpha() else 0.4
    return width + SPACED * len(_BORDER.findall(text))


def printed(pieces: Sequence[Any]) -> str:
    """Return the plain text of some pieces (anything with a `text`)."""
    return "".join(piece.text for piece in pieces)


def head(column: Mapping[str, str], lang: str) -> str:
    """Return the head of a column, with its unit.

    Parameters
    ----------
    column : mapping
        ``label`` and ``unit``.
    lang : str
        ``zh`` or ``en``.

    Returns
    -------
    str
    """
    if not column["unit"]:
        return column["label"]
    opened, closed = ("（", "）") if lang == "zh" else (" (", ")")
    return f"{column['label']}{opened}{column['unit']}{closed}"


def layout(
    heads: Sequence[str],
    rows: Sequence[Sequence[str]],
    indents: Sequence[Sequence[float]] = (),
    width: float = TEXT_WIDTH,
) -> Grid:
    """Share the page width among the columns.

    Each column gets at least its longest word or number. What is left goes where it makes
    the rows lowest; letters get smaller only if the least widths do not fit.

    Parameters
    ----------
    heads : sequence of str
        Column heads.
    rows : sequence of sequence of str
        Cells.
    indents : sequence of sequence of float
        For each column the indents of its cells in em, or nothing.
    width : float
        Room, in points.

    Returns
    -------
    Grid
    """
    columns = [[head, *(row[n] for row in rows)] for n, head in enumerate(heads)]
    shifts = [max(shift, default=0.0) for shift in indents] or [0.0] * len(columns)
    # A number that is moved to the left for its decimal point still needs its own width.
    least = [
        max(_least(cell) for cell in column) + shift + 0.1
        for column, shift in zip(columns, shifts, strict=True)
    ]
    # A head may wrap: it asks for a third of its length, so that it does not starve the text.
    wished = [
        max(low, em_width(column[0]) / 3, *(em_width(cell) + shift + 0.1 for cell in column[1:]))
        for low, column, shift in zip(least, columns, shifts, strict=True)
    ]
    room = width - PADDING * len(columns)
    is_long = len(rows) > LONG_TABLE and sum(wished) * SIZES[0] > room
    sizes = [size for size in SIZES if size <= LONG_SIZE] if is_long else SIZES
    size = next((size for size in sizes if sum(least) * size <= room), sizes[-1])
    total = room / size
    if sum(wished) <= total:
        shares = [w * total / sum(wished) for w in wished]
    elif sum(least) < total:
        asked = [
            [em_width(cell) + shift + 0.1 for cell, shift in zip(row, shifts, strict=True)]
            for row in rows
        ]
        shares = _shared([[em_width(head) / 3 for head in heads], *asked], least, total)
    else:
        shares = [low * total / sum(least) for low in least]
    return Grid(tuple(round(share * size + PADDING, 2) for share in shares), size)


def _shared(cells: Sequence[Sequence[float]], least: Sequence[float], total: float) -> list[float]:
    """Give the spare room, bit by bit, to the column where it makes the rows lowest.

    A row is as high as its highest cell; the power mean stands in for that maximum, because
    with the maximum itself one bit often changes nothing and all bits would look alike.
    """
    import numpy as np

    asked, widths = np.array(cells), np.array(least)

    def heights(at: Any) -> Any:
        return np.maximum(asked / at, 1.0) ** SHARPNESS

    for _ in range(int((total - widths.sum()) / STEP)):
        now = heights(widths)
        rows = now.sum(axis=1, keepdims=True)
        wider = rows - now + heights(widths + STEP)
        gain = (rows ** (1 / SHARPNESS) - wider ** (1 / SHARPNESS)).sum(axis=0)
        widths[int(np.argmax(np.round(gain, 9)))] += STEP
    return [float(width) for width in widths * (total / widths.sum())]


def _least(cell: str) -> float:
    atoms = [em_width(atom) for atom in _ATOM.findall(cell)]
    wide = min(NARROWEST, em_width(cell))
    return max([wide, *(min(atom, LONGEST_WORD) for atom in atoms)])


def column_indents(
    columns: Sequence[Mapping[str, str]], texts: Sequence[Sequence[str]]
) -> list[list[float]]:
    """Return the indents of all columns; only decimal columns have any.

    Parameters
    ----------
    columns : sequence of mapping
        With ``align``.
    texts : sequence of sequence of str
        Cells, row by row.

    Returns
    -------
    list of list of float
        For each column one indent per row, in em.
    """
    return [
        decimal_indents([row[n] for row in texts])
        if column["align"] == "decimal"
        else [0.0] * len(texts)
        for n, column in enumerate(columns)
    ]


def decimal_indents(cells: Sequence[str]) -> list[float]:
    """Return how far each number must stand from the right edge to align the points.

    Parameters
    ----------
    cells : sequence of str
        One column; what is not a number gets no indent.

    Returns
    -------
    list of float
        Indents in em.
    """
    tails = [_tail(cell) for cell in cells]
    longest = max((tail for tail in tails if tail is not None), default=0.0)
    return [0.0 if tail is None else round(longest - tail, 3) for tail in tails]


def _tail(cell: str) -> float | None:
    """Width of a number from its decimal point on; None if the cell is no number."""
    match = _NUMBER.fullmatch(cell.strip())
    if not match:
        return None
    percent = 0.9 if cell.strip().endswith("%") else 0.0
    return percent + (POINT + DIGIT * (len(match[1]) - 1) if match[1] else 0.0)
