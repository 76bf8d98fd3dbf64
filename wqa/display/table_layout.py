"""Sizes in print: widths of table columns from the text in them, sizes of drawings."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Advance widths of the bundled font, in em; heads are bold.
DIGIT, POINT, PERCENT = 0.555, 0.278, 0.92
LATIN, CAPITAL, SIGN, BLANK, WIDE, BOLD = 0.57, 0.65, 0.4, 0.224, 1.0, 1.07
IRREGULAR = {
    **dict.fromkeys("ijlI.,:;'", 0.29), **dict.fromkeys("ftr()[]-", 0.36), "%": PERCENT,
    **dict.fromkeys("<=>+", 0.56), **dict.fromkeys("mMW", 0.88), "w": 0.8,
}  # fmt: skip
# Typst sets a thin space where Chinese characters and digits or letters meet.
SPACED = 0.25
TEXT_WIDTH = 170.0 * 72 / 25.4  # A4 with 20 mm margins, in points
PADDING = 8.0  # left and right together, in points
SIZE = 9.0  # of the letters in every table, in points, as in official print
LONG_TABLE = 15  # rows from which a table is set tighter
# A column of running Chinese text gets at least so many characters per line.
NARROWEST = 5.4
# A word longer than this is broken rather than given a column of its own.
LONGEST_WORD = 24.0
# Columns hand room to each other, so much at a time, while that saves lines.
HANDED = (8.0, 4.0, 2.0, 1.0, 0.5, 0.25)
# From one base line to the next, in em; room above and below the text of a row, in points.
LEADING, ROW_PADDING, TIGHT_PADDING = 1.22, 6.0, 2.4
TEXT_HEIGHT = (297 - 19 - 18) * 72 / 25.4
# A table lower than this share of a page is never split. A longer one begins with a few rows
# and brings at least as many to its last page.
WHOLE, FEW_ROWS = 0.33, 3
_NUMBER = re.compile(r"[-+\N{MINUS SIGN}\N{PLUS-MINUS SIGN}]?\d[\d,]*(\.\d+)?%?")
_BORDER = re.compile(r"(?<=[\u4e00-\u9fff])(?=[0-9A-Za-z])|(?<=[0-9A-Za-z])(?=[\u4e00-\u9fff])")
# No line ends between a number and a bracket.
_ATOM = re.compile(r"[^\s\u2e80-\u9fff\uf900-\ufaff\uff00-\uff07\uff0a-\uffef\u3000-\u303f\u200b]+")
_TOKEN = re.compile(rf"{_ATOM.pattern}|\s+|.")


@dataclass(frozen=True)
class Grid:
    """How a table is set: heads, indents in em, widths in points, lines of each row."""

    heads: tuple[str, ...]
    indents: tuple[tuple[float, ...], ...]
    widths: tuple[float, ...]
    lines: tuple[int, ...]

    @property
    def padding(self) -> float:
        """Room above and below the text of a row: long tables are set tighter."""
        return TIGHT_PADDING if len(self.lines) - 1 > LONG_TABLE else ROW_PADDING

    @property
    def is_split(self) -> bool:
        """Tell whether the table may run over pages."""
        return self.height() > WHOLE * TEXT_HEIGHT

    def height(self, rows: int | None = None) -> float:
        """Return the expected height in points of the head and the first rows, or of all."""
        lines = self.lines if rows is None else self.lines[: rows + 1]
        return sum(lines) * SIZE * LEADING + len(lines) * self.padding


def svg_size(svg: str) -> tuple[float, float]:
    """Return the size of a drawing."""
    match = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg)
    width, height = (float(match[1]), float(match[2])) if match else (TEXT_WIDTH, TEXT_WIDTH / 2)
    scale = min(1.0, TEXT_WIDTH / width)
    return width * scale, height * scale


def em_width(text: str) -> float:
    """Estimate the width of a line."""
    width = sum(map(_advance, text))
    return width + SPACED * len(_BORDER.findall(text))


@cache
def _advance(char: str) -> float:
    if char in IRREGULAR:
        return IRREGULAR[char]
    if unicodedata.east_asian_width(char) in "WF" or char in "“”‘’…—≥≤":
        return WIDE
    if char.isdigit():
        return DIGIT
    if char == " ":
        return BLANK
    return (CAPITAL if char.isupper() else LATIN) if char.isalpha() else SIGN


def printed(pieces: Sequence[Any]) -> str:
    """Return the plain text of some pieces (anything with a `text`)."""
    return "".join(piece.text for piece in pieces)


def head(column: Mapping[str, str], lang: str) -> str:
    """Return the head of a column, with its unit."""
    if not column["unit"]:
        return column["label"]
    opened, closed = ("（", "）") if lang == "zh" else (" (", ")")
    return f"{column['label']}{opened}{column['unit']}{closed}"


def grid_of(block: dict[str, Any], lang: str) -> Grid:
    """Lay out the table of a block, once for all formats."""
    if "grid" not in block:
        texts = [[printed(cell) for cell in row] for row in block["cells"]]
        heads = [head(column, lang) for column in block["columns"]]
        block["grid"] = layout(heads, texts, column_indents(block["columns"], texts))
    grid: Grid = block["grid"]
    return grid


def layout(
    heads: Sequence[str], rows: Sequence[Sequence[str]], indents: Sequence[Sequence[float]] = ()
) -> Grid:
    """Share the page width: each column its longest word, the rest as in tables of the web."""
    columns = [[head, *(row[n] for row in rows)] for n, head in enumerate(heads)]
    shifts = [max(shift, default=0.0) for shift in indents] or [0.0] * len(columns)
    # A number that is moved to the left for its decimal point still needs its own width.
    least = [
        max(_least(column[0]) * BOLD, *(_least(cell) + shift for cell in column[1:]), 0.0) + 0.1
        for column, shift in zip(columns, shifts, strict=True)
    ]
    # A head may wrap: it asks for a third of its length, so that it does not starve the text.
    wished = [
        max(low, em_width(column[0]) / 3, *(em_width(cell) + shift + 0.1 for cell in column[1:]))
        for low, column, shift in zip(least, columns, shifts, strict=True)
    ]
    room = TEXT_WIDTH - PADDING * len(columns)
    cells, shares = _Cells(columns, shifts), _shared(least, wished, room / SIZE)
    if sum(least) < room / SIZE < sum(wished):
        shares = _evened(cells, shares, least)
    widths = tuple(round(share * SIZE + PADDING, 2) for share in shares)
    lines = tuple(int(n) for n in cells.lines(shares).max(axis=0))
    return Grid(tuple(heads), tuple(map(tuple, indents)), widths, lines)


def _shared(least: Sequence[float], wished: Sequence[float], total: float) -> list[float]:
    """Give every column its least width, and what is spare in proportion to what it lacks."""
    if sum(wished) <= total:
        return [wish * total / sum(wished) for wish in wished]
    if sum(least) >= total:
        return [low * total / sum(least) for low in least]
    spare = (total - sum(least)) / (sum(wished) - sum(least))
    return [low + spare * (wish - low) for low, wish in zip(least, wished, strict=True)]


class _Cells:
    """Cells of a table, able to say how many lines they take in columns of some width."""

    def __init__(self, columns: Sequence[Sequence[str]], shifts: Sequence[float]) -> None:
        self.tokens = [
            [[(em_width(t) * (BOLD if n == 0 else 1.0), t.isspace()) for t in _TOKEN.findall(cell)]
             for n, cell in enumerate(column)]
            for column in columns
        ]  # fmt: skip
        # Most cells fit on one line: only the others are ever filled word by word.
        self.whole = [[sum(w for w, _ in cell) for cell in column] for column in self.tokens]
        self.shifts = shifts
        self.known: dict[tuple[int, float], NDArray[np.int_]] = {}

    def column(self, n: int, width: float) -> NDArray[np.int_]:
        """Count the lines of every cell of a column."""
        key = (n, round(width, 3))
        if key not in self.known:
            free = width - self.shifts[n]
            cells = zip(self.tokens[n], self.whole[n], strict=True)
            self.known[key] = np.array(
                [1 if whole <= free else _lines(cell, free) for cell, whole in cells]
            )
        return self.known[key]

    def lines(self, widths: Sequence[float]) -> NDArray[np.int_]:
        """Count the lines of all cells, column by column."""
        return np.array([self.column(n, width) for n, width in enumerate(widths)])


def _lines(tokens: Sequence[tuple[float, bool]], width: float) -> int:
    """Fill lines with words and wide characters, as a typesetter would."""
    count, used = 1, 0.0
    for token, is_blank in tokens:
        if used + token > width + 1e-9 and not is_blank and used:
            count, used = count + 1, 0.0
        # No blank at the start of a line; a word that is too long is broken.
        if not (is_blank and not used):
            used += token
            count, used = count + int(used // width) * (used > width), min(used, width)
    return count


def _evened(cells: _Cells, shares: Sequence[float], least: Sequence[float]) -> list[float]:
    """Hand room from column to column as long as the table gets lower by it."""
    widths, columns = list(shares), range(len(shares))

    def cost(lines: NDArray[np.int_]) -> tuple[int, int]:
        return int(lines.max(axis=0).sum()), int(lines.sum())

    lines = cells.lines(widths)
    best, found = cost(lines), True
    while found:
        found = False
        for step, giver, taker in product(HANDED, columns, columns):
            if giver == taker or widths[giver] - step < least[giver]:
                continue
            tried = lines.copy()
            tried[giver] = cells.column(giver, widths[giver] - step)
            tried[taker] = cells.column(taker, widths[taker] + step)
            if cost(tried) < best:
                widths[giver], widths[taker] = widths[giver] - step, widths[taker] + step
                lines, best, found = tried, cost(tried), True
    return widths


def _least(cell: str) -> float:
    atoms = [em_width(atom) for atom in _ATOM.findall(cell)]
    wide = min(NARROWEST, em_width(cell))
    return max([wide, *(min(atom, LONGEST_WORD) for atom in atoms)])


def column_indents(
    columns: Sequence[Mapping[str, str]], texts: Sequence[Sequence[str]]
) -> list[list[float]]:
    """Return the indents of all columns; only decimal columns have any."""
    return [
        decimal_indents([row[n] for row in texts])
        if column["align"] == "decimal"
        else [0.0] * len(texts)
        for n, column in enumerate(columns)
    ]


def decimal_indents(cells: Sequence[str]) -> list[float]:
    """Return how far each number must stand from the right edge to align the points."""
    tails = [_tail(cell) for cell in cells]
    longest = max((tail for tail in tails if tail is not None), default=0.0)
    return [0.0 if tail is None else round(longest - tail, 3) for tail in tails]


def _tail(cell: str) -> float | None:
    """Width of a number from its decimal point on; None if the cell is no number."""
    match = _NUMBER.fullmatch(cell.strip())
    if not match:
        return None
    percent = PERCENT if cell.strip().endswith("%") else 0.0
    return percent + (POINT + DIGIT * (len(match[1]) - 1) if match[1] else 0.0)
