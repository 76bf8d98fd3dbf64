"""The document as a syntax tree of Pandoc, one per output format.

Running text, headings and lists are nodes, which Pandoc escapes for each format itself;
no text from a data file is ever parsed as markup. Figures and tables are set by the
writer of the format and put in as finished blocks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from wqa.publication.document import Block, Chapter, Paper
from wqa.publication.pieces import UNLINKED, Pieces, breakable

Node = dict[str, Any]
Format = Literal["html", "typst", "openxml"]
# Of the syntax tree that Pandoc 3 reads.
API_VERSION = [1, 23, 1]


@dataclass(frozen=True)
class Writer:
    """What differs between the formats."""

    fmt: Format
    raw: Mapping[str, Callable[[Block], list[Node]]]


def tree(
    paper: Paper, writer: Writer, before: Iterable[Node] = (), meta: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Return the whole document as a syntax tree."""
    blocks = list(before)
    for chapter in paper.chapters:
        blocks += _chapter(chapter, paper, writer)
    named = {key: {"t": "MetaInlines", "c": [string(text)]} for key, text in (meta or {}).items()}
    return {"pandoc-api-version": API_VERSION, "meta": named, "blocks": blocks}


def raw_block(fmt: str, text: str) -> Node:
    """Return a finished block of one format."""
    return {"t": "RawBlock", "c": [fmt, text]}


def string(text: str) -> Node:
    """Return a text node; Pandoc escapes it."""
    return {"t": "Str", "c": text}


def inlines(pieces: Pieces, fmt: Format) -> list[Node]:
    """Return pieces as text nodes: numbers with their origin, citations as superscript links."""
    out: list[Node] = []
    for piece in pieces:
        text = breakable(piece.text) if fmt == "typst" else piece.text
        node = string(text)
        if piece.target:
            cites = piece.target == UNLINKED or piece.target.startswith("#src-")
            link = {"t": "Link", "c": [["", [], []], [node], [piece.target, ""]]}
            link = node if piece.target == UNLINKED else link
            node = {"t": "Superscript", "c": [link]} if cites else link
            if cites and fmt == "typst" and out and out[-1]["t"] == "Str":
                # The number of a source begins no line.
                out.append(_raw_inline("#sym.wj"))
        elif piece.tip and fmt == "html":
            # Focusable by tap and click but no stop of the tab key: there are thousands.
            attributes = [["tabindex", "-1"], ["data-tip", piece.tip]]
            node = {"t": "Span", "c": [["", ["fact"], attributes], [node]]}
        out.append(node)
    return out


def chapter_title(chapter: Chapter, lang: str) -> str:
    """Return the title with its number."""
    if not chapter.label:
        return chapter.title
    return f"{chapter.label}{'　' if lang == 'zh' else '. '}{chapter.title}"


def section_number(block: Block, lang: str) -> str:
    """Return the number of a section with the space after it; empty if it has none."""
    return f"{block['number']}{'　' if lang == 'zh' else ' '}" if block["number"] else ""


def _chapter(chapter: Chapter, paper: Paper, writer: Writer) -> list[Node]:
    title = [string(chapter_title(chapter, paper.lang))]
    nodes: list[Node] = [{"t": "Header", "c": [1, [chapter.anchor, [], []], title]}]
    for block in chapter.blocks:
        nodes += _block(block, paper, writer)
    return nodes


def _block(block: Block, paper: Paper, writer: Writer) -> list[Node]:
    kind, fmt = block["type"], writer.fmt
    if kind in writer.raw:
        return writer.raw[kind](block)
    if kind == "prose":
        return [_with_formulas(node) for node in block["ast"]] if fmt == "typst" else block["ast"]
    if kind == "heading":
        number = section_number(block, paper.lang)
        title = [string(number), *block["ast"]] if number else block["ast"]
        return [{"t": "Header", "c": [block["level"], [block["anchor"], [], []], title]}]
    if kind == "list":
        items = [[{"t": "Plain", "c": inlines(item, fmt)}] for item in block["items"]]
        return [{"t": "BulletList", "c": items}]
    paragraph = {"t": "Para", "c": inlines(block["pieces"], fmt)}
    return [paragraph]


def _with_formulas(node: Any) -> Any:
    """Give each formula its source as alternative text: PDF/UA demands one."""
    if isinstance(node, list):
        out: list[Any] = []
        for item in node:
            made = _with_formulas(item)
            if isinstance(item, dict) and item.get("t") == "Math":
                source = item["c"][1].replace("\\", "\\\\").replace('"', '\\"')
                opened = f'#[#set math.equation(alt: "{source}");'
                out += [_raw_inline(opened), made, _raw_inline("]")]
            else:
                out.append(made)
        return out
    if isinstance(node, dict):
        return {key: _with_formulas(value) for key, value in node.items()}
    return node


def _raw_inline(text: str) -> Node:
    return {"t": "RawInline", "c": ["typst", text]}
