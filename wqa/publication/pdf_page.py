"""The document in the markup of Typst, from which the PDF is made."""

from __future__ import annotations

import json
from collections.abc import Sequence

from wqa.display.table_layout import (
    BOLD,
    FEW_ROWS,
    LEADING,
    TEXT_WIDTH,
    Grid,
    column_indents,
    em_width,
    head,
    layout,
    printed,
    svg_size,
)
from wqa.publication.document import Block, Paper
from wqa.publication.pandoc_tree import Node, Writer, raw_block
from wqa.publication.pieces import Pieces
from wqa.publication.plain_text import breakable

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
        elif target:
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
        grid, setup, body = _grid(block, paper.lang)
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
            *setup,
            *body,
            ")",
        ]))]  # fmt: skip

    def sources(block: Block) -> list[Node]:
        anchors = [f"src-{n}" for n in range(1, len(block["cells"]) + 1)]
        _, setup, body = _grid(block, paper.lang, anchors)
        return [
            {"t": "Para", "c": [{"t": "Str", "c": block["intro"]}]},
            raw_block("typst", "\n".join(["#register(", *setup, *body, ")"])),
        ]

    return Writer("typst", {"figure": figure, "table": table, "sources": sources})


def _notes(block: Block, paper: Paper) -> str:
    items = [content(note) for note in block["notes"]]
    return (
        f"(label: {literal(paper.words['note_line'])}, "
        f"items: ({''.join(item + ', ' for item in items)}), "
        f"source: {content(block['source_line'])})"
    )


def _grid(
    block: Block, lang: str, anchors: Sequence[str] = ()
) -> tuple[Grid, list[str], list[str]]:
    """Return the layout, the arguments for the columns, and the cells."""
    columns, cells = block["columns"], block["cells"]
    heads = [head(column, lang) for column in columns]
    texts = [[printed(cell) for cell in row] for row in cells]
    indents = column_indents(columns, texts)
    grid = layout(heads, texts, indents)
    widths = ", ".join(f"{width}pt" for width in grid.widths)
    aligns = ", ".join(ALIGN[column["align"]] for column in columns)
    setup = [f"  widths: ({widths},),", f"  aligns: ({aligns},),", f"  size: {grid.size}pt,"]
    setup.append(f"  inset: {grid.padding / 2}pt,")
    setup.append("  heads: (" + "".join(f"{literal(text)}, " for text in heads) + "),")
    body = []
    for number, row in enumerate(cells):
        made = []
        for n, cell in enumerate(row):
            text = content(cell)
            if indents[n][number]:
                text = f"pad(right: {indents[n][number]}em, {text})"
            if anchors and n == 0:
                text = f"[#metadata(none) <{anchors[number]}>#{text}]"
            made.append(text)
        body.append("  " + ", ".join(made) + ",")
    return grid, setup, body


def front(paper: Paper) -> str:
    """Return the call that sets up the document: titles, language, lists."""
    fields = {
        "title": paper.title,
        "subtitle": paper.subtitle,
        "edition": paper.edition,
        "as-of": paper.as_of,
        "preface": paper.preface,
    }
    lines = [f"  {name}: {literal(value)}," for name, value in fields.items()]
    lines.append(f"  chinese: {'true' if paper.lang == 'zh' else 'false'},")
    wanted = [
        name for name in ("contents", "figures", "tables")
        if name == "contents" or paper.floats({"figures": "figure", "tables": "table"}[name])
    ]  # fmt: skip
    names = "".join(f"{name}: {literal(paper.words[name])}, " for name in wanted)
    lines.append(f"  lists: ({names}),")
    return "\n".join(["#show: paper.with(", *lines, ")"])
