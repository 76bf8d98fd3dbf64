"""The document in the markup of Typst, from which the PDF is made."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from wqa.display.table_layout import column_indents, head, layout, printed, svg_size
from wqa.publication.document import Block, Paper
from wqa.publication.pandoc_tree import Node, Writer, raw_block
from wqa.publication.pieces import Pieces
from wqa.publication.plain_text import breakable

ALIGN = {"left": "left", "center": "center", "right": "right", "decimal": "right"}


def literal(text: str) -> str:
    """Return a text as a string literal of Typst: nothing in it can act as markup.

    Parameters
    ----------
    text : str
        A clean line.

    Returns
    -------
    str
        With quotes.
    """
    return '"' + breakable(text).replace("\\", "\\\\").replace('"', '\\"') + '"'


def content(pieces: Pieces) -> str:
    """Return pieces as one expression of Typst.

    Parameters
    ----------
    pieces : tuple of Piece
        Printable text.

    Returns
    -------
    str
        To be used where an argument is expected.
    """
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
    """Return the writer of this document.

    Parameters
    ----------
    paper : Paper
        The document.

    Returns
    -------
    Writer
    """

    def figure(block: Block) -> list[Node]:
        return [raw_block("typst", "\n".join([
            "#chart(",
            f"  path: {json.dumps('figures/' + block['id'] + '.svg')},",
            f"  width: {svg_size(block['svg_text'])[0]:.2f}pt,",
            f"  alt: {literal(block['alt'])},",
            f"  label: {literal(block['label'])},",
            f"  caption: {content(block['caption'])},",
            f"  notes: {_notes(block, paper)},",
            f") <{block['anchor']}>",
        ]))]  # fmt: skip

    def table(block: Block) -> list[Node]:
        grid, body = _grid(block["columns"], block["cells"], paper.lang)
        return [raw_block("typst", "\n".join([
            "#sheet(",
            f"  label: {literal(block['label'])},",
            f"  caption: {content(block['caption'])},",
            f"  notes: {_notes(block, paper)},",
            *grid,
            *body,
            f") <{block['anchor']}>",
        ]))]  # fmt: skip

    def sources(block: Block) -> list[Node]:
        anchors = [f"src-{n}" for n in range(1, len(block["cells"]) + 1)]
        grid, body = _grid(block["columns"], block["cells"], paper.lang, anchors)
        return [
            {"t": "Para", "c": [{"t": "Str", "c": block["intro"]}]},
            raw_block("typst", "\n".join(["#register(", *grid, *body, ")"])),
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
    columns: Sequence[Mapping[str, str]],
    cells: Sequence[Sequence[Pieces]],
    lang: str,
    anchors: Sequence[str] = (),
) -> tuple[list[str], list[str]]:
    """Return the arguments for the columns, and the cells."""
    heads = [head(column, lang) for column in columns]
    texts = [[printed(cell) for cell in row] for row in cells]
    indents = column_indents(columns, texts)
    grid = layout(heads, texts, indents)
    widths = ", ".join(f"{width}pt" for width in grid.widths)
    aligns = ", ".join(ALIGN[column["align"]] for column in columns)
    setup = [f"  widths: ({widths},),", f"  aligns: ({aligns},),", f"  size: {grid.size}pt,"]
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
    return setup, body


def front(paper: Paper, contents: Sequence[str] = ("contents", "figures", "tables")) -> str:
    """Return the call that sets up the document: titles, language, lists.

    Parameters
    ----------
    paper : Paper
        The document.
    contents : sequence of str
        Lists wanted behind the title page.

    Returns
    -------
    str
        Markup of Typst.
    """
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
        name for name in contents
        if name == "contents" or paper.floats({"figures": "figure", "tables": "table"}[name])
    ]  # fmt: skip
    names = "".join(f"{name}: {literal(paper.words[name])}, " for name in wanted)
    lines.append(f"  lists: ({names}),")
    return "\n".join(["#show: paper.with(", *lines, ")"])
