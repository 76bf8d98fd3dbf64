"""The document in the markup of Typst, from which the PDF is made."""

from __future__ import annotations

import json
from collections.abc import Sequence

from wqa.display.table_layout import (
    BOLD,
    FEW_ROWS,
    LEADING,
    SIZE,
    TEXT_WIDTH,
    Grid,
    em_width,
    grid_of,
    printed,
    svg_size,
)
from wqa.publication.document import Block, Paper
from wqa.publication.pandoc_tree import Node, Writer, raw_block
from wqa.publication.pieces import UNLINKED, Pieces, breakable

CAPTION_SIZE = 9.5
ALIGN = {"left": "left", "center": "center", "right": "right", "decimal": "right"}


def literal(text: str) -> str:
    """Return a text as a string literal of Typst: nothing in it can act as markup."""
    return '"' + breakable(text).replace("\\", "\\\\").replace('"', '\\"') + '"'


def content(pieces: Pieces) -> str:
    """Return pieces as one expression of Typst."""
    out = []
    for piece in pieces:
        target = piece.target
        if target.startswith("#"):
            out.append(f"link(<{target[1:]}>, {literal(piece.text)})")
        elif target and target != UNLINKED:
            out.append(f"link({json.dumps(target)}, {literal(piece.text)})")
        else:
            out.append(literal(piece.text))
    return "[" + "".join(f"#{item};" for item in out) + "]"


def writer(paper: Paper) -> Writer:
    """Return the writer of this document."""

    def figure(block: Block) -> list[Node]:
        return [raw_block("typst", "\n".join([
            "#chart(",
            f"  id: {json.dumps(block['anchor'])},",
            f"  path: {json.dumps('figures/' + block['id'] + '.svg')},",
            f"  width: {svg_size(block['svg_text'])[0]:.2f}pt,",
            f"  alt: {literal(block['alt'])},",
            f"  label: {literal(block['label'])},",
            f"  caption: {content(block['caption'])},",
            f"  notes: {_notes(block, paper)},",
            ")",
        ]))]  # fmt: skip

    def table(block: Block) -> list[Node]:
        grid = grid_of(block, paper.lang)
        caption = 1 + em_width(block["label"] + printed(block["caption"])) * BOLD // (
            TEXT_WIDTH / CAPTION_SIZE
        )
        start = (caption + 1) * CAPTION_SIZE * LEADING + grid.height(FEW_ROWS)
        return [raw_block("typst", "\n".join([
            "#sheet(",
            f"  id: {json.dumps(block['anchor'])},",
            f"  splits: {str(grid.is_split).lower()},",
            f"  start: {start:.1f}pt,",
            f"  label: {literal(block['label'])},",
            f"  caption: {content(block['caption'])},",
            f"  notes: {_notes(block, paper)},",
            *_setup(block, grid),
            *_rows(block, grid),
            ")",
        ]))]  # fmt: skip

    def sources(block: Block) -> list[Node]:
        anchors = [f"src-{n}" for n in range(1, len(block["cells"]) + 1)]
        grid = grid_of(block, paper.lang)
        arguments = [*_setup(block, grid), *_rows(block, grid, anchors)]
        return [
            *({"t": "Para", "c": [{"t": "Str", "c": text}]} for text in block["intro"]),
            raw_block("typst", "\n".join(["#register(", *arguments, ")"])),
        ]

    return Writer("typst", {"figure": figure, "table": table, "sources": sources})


def _notes(block: Block, paper: Paper) -> str:
    items = [content(note) for note in block["notes"]]
    return (
        f"(label: {literal(paper.words['note_line'])}, "
        f"items: ({''.join(item + ', ' for item in items)}), "
        f"source: {content(block['source_line'])})"
    )


def _setup(block: Block, grid: Grid) -> list[str]:
    """Return the arguments of a table but its cells."""
    widths = ", ".join(f"{width}pt" for width in grid.widths)
    aligns = ", ".join(ALIGN[column["align"]] for column in block["columns"])
    return [
        f"  widths: ({widths},),",
        f"  aligns: ({aligns},),",
        f"  size: {SIZE}pt,",
        f"  inset: {grid.padding / 2}pt,",
        "  heads: (" + "".join(f"{literal(text)}, " for text in grid.heads) + "),",
    ]


def _rows(block: Block, grid: Grid, anchors: Sequence[str] = ()) -> list[str]:
    """Return the cells, row by row."""
    body = []
    for number, row in enumerate(block["cells"]):
        made = [content(cell) for cell in row]
        for n, indent in enumerate(column[number] for column in grid.indents):
            if indent:
                made[n] = f"pad(right: {indent}em, {made[n]})"
        if anchors:
            made[0] = f"[#metadata(none) <{anchors[number]}>#{made[0]}]"
        body.append("  " + ", ".join(made) + ",")
    return body


def front(paper: Paper) -> str:
    """Return the call that sets up the document: titles, language, lines of the cover."""
    fields = {"title": paper.title, "subtitle": paper.subtitle, "edition": paper.edition,
              "preface": paper.preface, "contents": paper.words["contents"]}  # fmt: skip
    lines = [f"  {name}: {literal(value)}," for name, value in fields.items()]
    lines.append(f"  imprint: ({''.join(literal(line) + ', ' for line in paper.imprint[1:])}),")
    lines.append(f"  chinese: {'true' if paper.lang == 'zh' else 'false'},")
    return "\n".join(["#show: paper.with(", *lines, ")"])
