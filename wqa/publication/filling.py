"""Fill the pages of the PDF: which figures and tables to set smaller so that no page is torn.

The document is laid out, the places of its blocks are read, and the first block of each
chapter that tears a page is set in its next way: smaller, or with tighter rows. That is
repeated a few times; a block for which nothing helps stands as it would anyway. Nothing is
moved past the text around it: the order of reading is the order of the numbered document.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any

from wqa.publication.document import Paper

Choice = dict[str, Any]
Choices = dict[str, Choice]
# White space at the foot of a page that is torn by it, in points: about six lines.
GAP = 100.0
# A chapter whose last page ends above this has only a few lines on it.
REST = 180.0
MOST_PASSES = 6
SMALL, SMALLER = {"scale": 0.9}, {"scale": 0.8}
SPLIT: Choice = {"splits": True}
# Room above and below the text of a row, in points, that may bring rows to another page.
INSETS = (1.2, 0.8, 2.4, 3.4)


@dataclass(frozen=True)
class Spot:
    """A place in the document as laid out: whose, which part of it, page, points from the top."""

    id: str
    at: str
    page: int
    y: float


@dataclass
class _Block:
    """The places of one figure or table, and of what stands before it."""

    id: str
    before: Spot | None = None
    spots: dict[str, Spot] = field(default_factory=dict)
    leaves_rest: bool = False


def ways_of(paper: Paper, split: Set[str]) -> dict[str, list[Choice]]:
    """Return the ways in which each figure and table may be set, best first.

    Parameters
    ----------
    paper : Paper
        The document.
    split : set of str
        Anchors of the tables that run over pages.

    Returns
    -------
    dict of str to list
        By anchor; the usual way is the first.
    """
    ways: dict[str, list[Choice]] = {}
    for chapter in paper.chapters:
        for block in chapter.blocks:
            if block["type"] not in ("figure", "table"):
                continue
            is_figure = block["type"] == "figure"
            more: list[Choice] = [SMALL, SMALLER] if is_figure else [SPLIT]
            tight: list[Choice] = [{"inset": inset} for inset in INSETS]
            if block["anchor"] in split:
                more = tight
            elif not is_figure:
                more += tight[:1]
            ways[block["anchor"]] = [{}, *more]
    return ways


def fill(
    ways: Mapping[str, Sequence[Choice]], look: Callable[[Choices], Sequence[Spot]], foot: float
) -> Choices:
    """Choose for each figure and table the way in which it is set.

    Parameters
    ----------
    ways : mapping of str to sequence
        As from `ways_of`.
    look : callable
        Lays out the document with some choices and returns its spots in reading order.
    foot : float
        Where the text of a page ends, points from the top.

    Returns
    -------
    dict of str to dict
        Only what is not set in its usual way.
    """
    tried = dict.fromkeys(ways, 0)
    settled: set[str] = set()

    def choices() -> Choices:
        return {id: dict(ways[id][n]) for id, n in tried.items() if n}

    for _ in range(MOST_PASSES):
        torn = False
        for blocks in _by_chapter(look(choices())):
            for block in blocks:
                if block.id in settled or not _is_torn(block, foot):
                    continue
                torn = True
                tried[block.id] += 1
                if tried[block.id] == len(ways[block.id]):
                    tried[block.id] = 0
                    settled.add(block.id)
                break
        if not torn:
            break
    return choices()


def _by_chapter(spots: Sequence[Spot]) -> list[list[_Block]]:
    """Return the figures and tables of each chapter with what stands around them."""
    chapters: list[list[Spot]] = []
    for spot in spots:
        if spot.at == "chapter":
            chapters.append([])
        chapters[-1].append(spot)
    return [_blocks_of(chapter) for chapter in chapters]


def _blocks_of(spots: Sequence[Spot]) -> list[_Block]:
    blocks: dict[str, _Block] = {}
    for n, spot in enumerate(spots):
        if spot.id:
            block = blocks.setdefault(spot.id, _Block(spot.id, before=spots[n - 1]))
            block.spots[spot.at] = spot
    if blocks:
        closing = list(blocks.values())[-1]
        new_page = spots[-1].page > max(spot.page for spot in closing.spots.values())
        closing.leaves_rest = new_page and spots[-1].y < REST
    return list(blocks.values())


def _is_torn(block: _Block, foot: float) -> bool:
    start, before = block.spots["start"], block.before
    if before is not None and start.page > before.page and foot - before.y > GAP:
        return True
    if block.leaves_rest:
        return True
    end, last, tail = (block.spots.get(at) for at in ("end", "last", "tail"))
    if end is None or last is None:
        return False
    # Notes without their table, or a last page with hardly a row.
    return end.page != last.page or (tail is not None and tail.page != last.page)
