"""Widths of table columns for print, as shares of the page, and numbers under their points."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache
from itertools import permutations, product

from wqa.publication.fonts import advances

BOLD = 1.07  # heads are as much wider
# Typst sets a thin space where Chinese characters and digits or letters meet.
SPACED = 0.25
SIZE = 9.0  # of the letters in every table, in points, as in official print
TEXT_WIDTH = 170.0 * 72 / 25.4 / SIZE  # A4 with 20 mm margins, in em of a table
PADDING = 8.0 / SIZE  # left and right together
# A column of running Chinese text gets at least so many characters per line.
NARROWEST = 5.4
# A word longer than this is broken rather than given a column of its own.
LONGEST_WORD = 24.0
# Columns hand room to each other, so much at a time, while that saves lines.
HANDED = (8.0, 4.0, 2.0, 1.0, 0.5, 0.25)
_NUMBER = re.compile(r"[-+\N{MINUS SIGN}\N{PLUS-MINUS SIGN}]?\d[\d,]*(\.\d+)?%?")
_BORDER = re.compile(r"(?<=[\u4e00-\u9fff])(?=[0-9A-Za-z])|(?<=[0-9A-Za-z])(?=[\u4e00-\u9fff])")
# No line ends between a number and a bracket.
_ATOM = re.compile(r"[^\s\u2e80-\u9fff\uf900-\ufaff\uff00-\uff07\uff0a-\uffef\u3000-\u303f\u200b]+")
_TOKEN = re.compile(rf"{_ATOM.pattern}|\s+|.")


@cache
def em_width(text: str) -> float:
    """Estimate the width of a line."""
    known = advances()
    return sum(known.get(char, 1.0) for char in text) + SPACED * len(_BORDER.findall(text))


def shared_widths(rows: Sequence[Sequence[str]], aligns: Sequence[str]) -> list[float]:
    """Share the page as the tables of the web do: the longest word at least, the rest as wished."""
    columns = [list(column) for column in zip(*rows, strict=True)]  # the head first
    least, wished, moved = [], [], []
    for (head, *cells), align in zip(columns, aligns, strict=True):
        # A number that is moved to the left for its decimal point still needs its own width.
        shift = max(decimal_shifts(align, cells), default=0.0)
        low = max([_least(head) * BOLD, *(_least(cell) + shift for cell in cells)])
        # A head may wrap: it asks for a third of its length, so that it does not starve the text.
        high = max([low, em_width(head) / 3, *(em_width(cell) + shift for cell in cells)])
        least.append(low + 0.1 + PADDING)
        wished.append(high + 0.1 + PADDING)
        moved.append(shift)
    if sum(least) >= TEXT_WIDTH or sum(wished) <= TEXT_WIDTH:
        base = least if sum(least) >= TEXT_WIDTH else wished
        return [width / sum(base) for width in base]
    spare = (TEXT_WIDTH - sum(least)) / (sum(wished) - sum(least))
    widths = [low + spare * (wish - low) for low, wish in zip(least, wished, strict=True)]

    def lines(n: int, width: float) -> list[int]:
        room = round(width - PADDING - moved[n], 3)
        head, *cells = columns[n]
        return [_filled(head, room / BOLD), *(_filled(cell, room) for cell in cells)]

    return [width / TEXT_WIDTH for width in _evened(widths, least, lines)]


def _evened(
    widths: list[float], least: Sequence[float], lines: Callable[[int, float], list[int]]
) -> list[float]:
    """Hand room from column to column as long as the table gets lower by it."""

    def cost(tried: Sequence[float]) -> tuple[int, int]:
        rows = list(zip(*(lines(n, width) for n, width in enumerate(tried)), strict=True))
        return sum(map(max, rows)), sum(map(sum, rows))

    best, found = cost(widths), True
    while found:
        found = False
        for step, (giver, taker) in product(HANDED, permutations(range(len(widths)), 2)):
            tried = widths.copy()
            tried[giver], tried[taker] = tried[giver] - step, tried[taker] + step
            if tried[giver] >= least[giver] and cost(tried) < best:
                widths, best, found = tried, cost(tried), True
    return widths


@cache
def _filled(cell: str, room: float) -> int:
    """Fill lines with words and wide characters, as a typesetter would; count them."""
    count, used = 1, 0.0
    for token in _TOKEN.findall(cell):
        width, is_blank = em_width(token), token.isspace()
        if used + width > room + 1e-9 and not is_blank and used:
            count, used = count + 1, 0.0
        # No blank at the start of a line; a word that is too long is broken.
        if used or not is_blank:
            used += width
            count, used = count + int(used // room) * (used > room), min(used, room)
    return count


def _least(cell: str) -> float:
    words = (min(em_width(word), LONGEST_WORD) for word in _ATOM.findall(cell))
    return max([min(NARROWEST, em_width(cell)), *words])


def lines_of(rows: Sequence[Sequence[str]], shares: Sequence[float]) -> int:
    """Estimate how many lines a table takes."""
    room = [round(share * TEXT_WIDTH - PADDING, 3) for share in shares]
    return sum(max(map(_filled, row, room)) for row in rows)


def decimal_shifts(align: str, cells: Sequence[str]) -> list[float]:
    """Return how far each number must stand from the right edge to align the points, in em."""
    if align != "decimal":
        return [0.0] * len(cells)
    tails = [_tail(cell) for cell in cells]
    longest = max((tail for tail in tails if tail is not None), default=0.0)
    return [0.0 if tail is None else round(longest - tail, 3) for tail in tails]


def _tail(cell: str) -> float | None:
    """Width of a number from its decimal point on; None if the cell is no number."""
    match = _NUMBER.fullmatch(cell.strip())
    if not match:
        return None
    return em_width((match[1] or "") + "%" * cell.strip().endswith("%"))
