"""Collect the blocks of an executed notebook: what it showed, and its running text."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from wqa.display.report import MIME
from wqa.errors import BuildError

Block = dict[str, Any]
Parse = Callable[[Sequence[str]], list[list[Any]]]
LANGUAGES = frozenset({"zh", "en"})
# Cells with one of these tags speak to the user of the notebook, not to the reader of the paper.
LEFT_OUT = frozenset({"remove-cell", "notebook-only"})


def collect(book: Mapping[str, Any], chapter: str, lang: str, parse: Parse) -> list[Block]:
    """Return the blocks of a chapter in reading order."""
    found: list[Block] = []
    for number, cell in enumerate(book["cells"], start=1):
        tags = set(cell["metadata"].get("tags", ()))
        if tags & LEFT_OUT or (tags & LANGUAGES and lang not in tags):
            continue
        where = f"{chapter}, cell {number}"
        if cell["cell_type"] == "markdown":
            found.append({"type": "markdown", "source": _joined(cell["source"]), "where": where})
        elif cell["cell_type"] == "code":
            found += _shown(cell, where)
    texts = [block["source"] for block in found if block["type"] == "markdown"]
    trees = iter(parse(texts))
    blocks: list[Block] = []
    for block in found:
        blocks += _split(next(trees), block["where"]) if block["type"] == "markdown" else [block]
    if not any(block["type"] not in ("prose", "heading") for block in blocks):
        raise BuildError(
            "a chapter shows nothing",
            where=chapter,
            fix="Call show_text, show_table or show_figure of wqa.display.report.",
        )
    return blocks


def _shown(cell: Mapping[str, Any], where: str) -> list[Block]:
    out = []
    for output in cell.get("outputs", ()):
        data = output.get("data", {})
        if MIME in data:
            out.append({**data[MIME], "where": where})
        elif "image/png" in data:
            raise BuildError(
                "a figure is shown without caption, source and alternative text",
                where=where,
                fix="Show it with wqa.display.report.show_figure.",
            )
    return out


def _split(tree: Sequence[Any], where: str) -> list[Block]:
    """Turn a syntax tree into headings and stretches of prose; drop the title."""
    blocks: list[Block] = []
    for node in tree:
        if node["t"] == "Header":
            level, content = node["c"][0], node["c"][2]
            if level > 1:
                blocks.append({"type": "heading", "level": level, "ast": content, "where": where})
        elif blocks and blocks[-1]["type"] == "prose":
            blocks[-1]["ast"].append(node)
        else:
            blocks.append({"type": "prose", "ast": [node], "where": where})
    return blocks


def _joined(source: str | Sequence[str]) -> str:
    return source if isinstance(source, str) else "".join(source)
