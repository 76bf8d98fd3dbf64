"""Blocks of notebooks as nodes of Pandoc, with native tables and figures, for all formats.

Pandoc escapes what stands in the nodes for each format itself; no text from a data file is
ever parsed as markup. What only one format has is put in by `formats`, which walks the tree.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from wqa.errors import BuildError
from wqa.publication.column_widths import decimal_shifts
from wqa.publication.printable import LONGEST, NO_NAME, Block, Node, Nodes, Register, plain, string

WIDE_SPACE = "\N{IDEOGRAPHIC SPACE}"
ALIGN = {"left": "AlignLeft", "center": "AlignCenter"}


def paragraph(inlines: Nodes, kind: str = "Para") -> Node:
    """Return a paragraph, or the plain content of an entry."""
    return {"t": kind, "c": inlines}


def div(name: str, blocks: Nodes, **attributes: str) -> Node:
    """Return blocks that belong together under the name of what they are."""
    return {"t": "Div", "c": [["", [name], [list(pair) for pair in attributes.items()]], blocks]}


def heading(level: int, anchor: str, title: Nodes) -> Node:
    """Return a heading that can be referred to."""
    return {"t": "Header", "c": [level, [anchor, [], []], title]}


def entries(items: Sequence[Nodes]) -> Node:
    """Return a list."""
    return {"t": "BulletList", "c": [[paragraph(item, "Plain")] for item in items]}


def block_nodes(block: Block, register: Register) -> Nodes:
    """Return a block of a notebook, made printable."""
    kind, where = block["type"], block["where"]
    if kind == "prose":
        return register.prose(block["ast"], where)
    if kind == "heading":
        number = [string(block["number"])] if block["number"] else []
        title = [*number, *register.prose(block["ast"], where)]
        return [heading(block["level"], block["anchor"], title)]
    if kind == "list":
        return [entries([register.cited(item, where) for item in block["items"]])]
    if kind == "text":
        return [paragraph(register.cited(block["parts"], where))]
    if kind == "table":
        return [_sheet(block, register)]
    if kind == "figure":
        return [_chart(block, register)]
    raise BuildError("unknown type of block", where=where, got=kind)


def _chart(block: Block, register: Register) -> Node:
    where, chapter = block["where"], register.place
    for key in ("alt", "svg_text", "svg_path", "png"):
        if not block.get(key):
            raise BuildError(f"a figure has no {key}", where=where, got=block["id"])
    # The numbers of the alternative text are registered like those that are seen.
    register.place = block["label"]
    register.nodes(block.get("alt_parts", ()), where)
    register.place = chapter
    alt = string(register.cleaner.line(block["alt"], where))
    image = {"t": "Image", "c": [NO_NAME, [alt], [block["id"], ""]]}
    shown = [[block["anchor"], [], []], _caption(block, register), [paragraph([image], "Plain")]]
    parts = [{"t": "Figure", "c": shown}, *_under(block, register)]
    return div("chart", parts, float=block["id"])


def _sheet(block: Block, register: Register) -> Node:
    where, chapter = block["where"], register.place
    columns = [
        {key: register.cleaner.line(column[key], where, limit=LONGEST) for key in column}
        for column in block["columns"]
    ]
    register.place = block["label"]
    rows, block["cites"] = [], []
    for row in block["rows"]:
        cells = [row[column["key"]] for column in block["columns"]]
        rows.append([register.nodes(cell, where, limit=LONGEST) for cell in cells])
        block["cites"].append(register.cite(cells, where))
    register.place = chapter
    opened, closed = ("（", "）") if register.lang == "zh" else (" (", ")")
    heads = [c["label"] + (c["unit"] and opened + c["unit"] + closed) for c in columns]
    aligns = [column["align"] for column in columns]
    made = table(heads, aligns, rows, _caption(block, register), block["anchor"])
    return div("sheet", [made, *_under(block, register)], float=block["id"])


def _caption(block: Block, register: Register) -> list[Any]:
    """Return the caption with its label; the data pack lists it as well."""
    block["caption"] = register.nodes(block["caption_parts"], block["where"], limit=LONGEST)
    label = {"t": "Span", "c": [["", ["label", block["type"]], []], [string(block["label"])]]}
    return [None, [paragraph([label, string(WIDE_SPACE), *block["caption"]], "Plain")]]


def _under(block: Block, register: Register) -> Nodes:
    words, where = register.words, block["where"]
    notes = [register.nodes(note, where) for note in block.get("notes", ())]
    lines = []
    for number, note in enumerate(notes, start=1):
        begun = words["note_line"] * (number == 1) + f"{number}. " * (len(notes) > 1)
        lines.append(div("note", [paragraph([string(begun), *note])]))
    sources = register.source_line(block["sources"], where)
    return [*lines, div("source", [paragraph(sources)])]


def table(
    heads: Sequence[str],
    aligns: Sequence[str],
    rows: Sequence[Sequence[Nodes]],
    caption: Sequence[Any] = (None, ()),
    anchor: str = "",
) -> Node:
    """Return a table whose cells carry their alignment as their class."""
    texts = [[plain(cell) for cell in row] for row in rows]
    shifts = [decimal_shifts(align, [row[n] for row in texts]) for n, align in enumerate(aligns)]
    specs = [[{"t": ALIGN.get(align, "AlignRight")}, {"t": "ColWidthDefault"}] for align in aligns]
    body = []
    for number, row in enumerate(rows):
        moved = [column[number] for column in shifts]
        cells = [[*cell, *_room(em)] for cell, em in zip(row, moved, strict=True)]
        first = cell_of(cells[0], aligns[0], scope="row")
        body.append([NO_NAME, [first, *map(cell_of, cells[1:], aligns[1:])]])
    top = [NO_NAME, [cell_of([string(text)], "head", scope="col") for text in heads]]
    parts = [[NO_NAME, [top]], [[NO_NAME, 1, [], body]], [NO_NAME, []]]
    return {"t": "Table", "c": [[anchor, [], []], caption, specs, *parts]}


def _room(em: float) -> Nodes:
    """Return room to the right of a number, so that points stand under each other."""
    return [{"t": "Span", "c": [["", ["room"], [["em", str(em)]]], []]}] if em else []


def cell_of(content: Nodes, kind: str, scope: str = "") -> list[Any]:
    """Return a cell, with its alignment as its class."""
    named = ["", [kind], [["scope", scope]] if scope else []]
    align = {"t": "AlignCenter" if kind == "head" else "AlignDefault"}
    return [named, align, 1, 1, [paragraph(content, "Plain")]]


def table_rows(made: Node) -> list[list[Any]]:
    """Return the cells of a table, row by row, the head first."""
    head, bodies = made["c"][3:5]
    return [head[1][0][1], *(row[1] for row in bodies[0][3])]
