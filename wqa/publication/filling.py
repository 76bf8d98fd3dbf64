"""Fill the pages of the PDF: which figures and tables to set apart so that no page is torn.

The document is laid out, the places of its blocks are read, and the first block of each
chapter that tears a page is set in its next way: smaller, or at the head of the next page
while text fills this one, or with tighter rows. That is repeated until nothing is torn
or every way has been tried; a block for which nothing helps stands as it would anyway.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any

from wqa.publication.document import Chapter, Paper
from wqa.publication.pandoc_tree import RUNNING

Choice = dict[str, Any]
Choices = dict[str, Choice]
# White space at the foot of a page that is torn by it, in points: about six lines.
GAP = 100.0
# A chapter whose last page ends above this has only a few lines on it.
REST = 180.0
MOST_PASSES = 10
SMALL, SMALLER, FLOATING = {"scale": 0.9}, {"scale": 0.8}, {"floats": True}
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
    """The places of one figure or table, and of what stands before and behind it."""

    id: str
    before: Spot | None = None
    after: Spot | None = None
    spots: dict[str, Spot] = field(default_factory=dict)
    overtaken: bool = False
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
        for number, block in enumerate(chapter.blocks):
            if block["type"] not in ("figure", "table"):
                continue
            is_figure, floating = block["type"] == "figure", _may_float(chapter, number)
            more: list[Choice] = [SMALL] if is_figure else []
            more += [FLOATING] if floating else []
            more += [SMALLER] if is_figure else [SPLIT]
            tight: list[Choice] = [{"inset": inset} for inset in INSETS]
            if block["anchor"] in split:
                more = tight
            elif not is_figure:
                more += tight[:1]
            ways[block["anchor"]] = [{}, *more]
    return ways


def _may_float(chapter: Chapter, number: int) -> bool:
    """Tell whether a section keeps its sense if a block of it stands on the next page."""
    before, after = chapter.blocks[:number], chapter.blocks[number + 1 :]
    follows = next((block["type"] for block in after if block["type"] != "heading"), "")
    return bool(before) and before[-1]["type"] != "heading" and follows in (*RUNNING, "table")


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
                if block.id in settled or not _is_torn(
                    block, ways[block.id][tried[block.id]], foot
                ):
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
            block.after = next(iter(spots[n + 1 :]), None)
    for kind in ("fig-", "tbl-"):
        alike = [block for block in blocks.values() if block.id.startswith(kind)]
        starts = [(block.spots["start"].page, block.spots["start"].y) for block in alike]
        for n, block in enumerate(alike):
            block.overtaken = any(start < starts[n] for start in starts[n + 1 :])
    if blocks:
        closing = list(blocks.values())[-1]
        new_page = spots[-1].page > max(spot.page for spot in closing.spots.values())
        closing.leaves_rest = new_page and spots[-1].y < REST
    return list(blocks.values())


def _is_torn(block: _Block, way: Choice, foot: float) -> bool:
    start, before, after = block.spots["start"], block.before, block.after
    if way.get("floats"):
        # It must not be overtaken, and text must really come up to fill the page.
        return block.overtaken or before is None or after is None or after.page != before.page
    if before is not None and start.page > before.page and foot - before.y > GAP:
        return True
    if block.leaves_rest:
        return True
    end, last, tail = (block.spots.get(at) for at in ("end", "last", "tail"))
    if end is None or last is None:
        return False
    # Notes without their table, or a last page with hardly a row.
    return end.page != last.page or (tail is not None and tail.page != last.page)
