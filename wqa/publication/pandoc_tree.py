"""The document as one syntax tree of Pandoc with native tables and figures, for all formats.

Pandoc escapes what stands in it for each format itself; no text from a data file is ever
parsed as markup. What only one format has is put in by `formats`, which walks the tree.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from wqa.publication.column_widths import decimal_shifts, shared_widths
from wqa.publication.data_pack import block_csv
from wqa.publication.document import Block, Chapter, Paper
from wqa.publication.printable import NO_NAME, Node, Nodes, link, plain, string

# Of the syntax tree that Pandoc 3 reads.
API_VERSION = [1, 23, 1]
WIDE_SPACE = "\N{IDEOGRAPHIC SPACE}"
ALIGN = {"left": "AlignLeft", "center": "AlignCenter", "right": "AlignRight",
         "decimal": "AlignRight"}  # fmt: skip


def tree(blocks: Nodes, meta: Mapping[str, Any]) -> dict[str, Any]:
    """Return a document with its fields: strings, lists and maps of strings, or nodes."""
    return {"pandoc-api-version": API_VERSION, "meta": _field(meta)["c"], "blocks": blocks}


def _field(value: Any) -> Node:
    if isinstance(value, bool):
        return {"t": "MetaBool", "c": value}
    if isinstance(value, str):
        return {"t": "MetaInlines", "c": [string(value)]}
    if isinstance(value, Mapping):
        return {"t": "MetaMap", "c": {name: _field(one) for name, one in value.items()}}
    if isinstance(value, tuple):
        return {"t": "MetaList", "c": [_field(one) for one in value]}
    return {"t": "MetaBlocks", "c": value}


def paragraph(inlines: Nodes, kind: str = "Para") -> Node:
    """Return a paragraph, or the plain content of an entry."""
    return {"t": kind, "c": inlines}


def div(name: str, blocks: Nodes, **attributes: str) -> Node:
    """Return blocks that belong together under the name of what they are."""
    return {"t": "Div", "c": [["", [name], [list(pair) for pair in attributes.items()]], blocks]}


def chapter_title(chapter: Chapter, lang: str) -> str:
    """Return the title with its number."""
    gap = WIDE_SPACE if lang == "zh" else ". "
    return f"{chapter.label}{gap}{chapter.title}" if chapter.label else chapter.title


def body(paper: Paper, *, screen: bool = False) -> Nodes:
    """Return all chapters; on a screen with links to data and to the source of each row."""
    nodes: Nodes = []
    for chapter in paper.chapters:
        title = [string(chapter_title(chapter, paper.lang))]
        nodes.append({"t": "Header", "c": [1, [chapter.anchor, [], []], title]})
        for block in chapter.blocks:
            nodes += _block(block, paper, screen)
    return nodes


def _block(block: Block, paper: Paper, screen: bool) -> Nodes:
    kind = block["type"]
    if kind == "prose":
        return list(block["ast"])
    if kind == "heading":
        gap = WIDE_SPACE if paper.lang == "zh" else " "
        number = [string(block["number"] + gap)] if block["number"] else []
        anchor = [block["anchor"], [], []]
        return [{"t": "Header", "c": [block["level"], anchor, [*number, *block["ast"]]]}]
    if kind == "list":
        items = [[paragraph(item, "Plain")] for item in block["items"]]
        return [{"t": "BulletList", "c": items}]
    if kind == "text":
        return [paragraph(block["nodes"])]
    if kind == "sources":
        return _sources(block, paper, screen)
    rows = str(len(block.get("cells", ())))
    made = _table(block, paper, screen) if kind == "table" else _figure(block)
    more = {"rows": rows} if kind == "table" else {}
    name = "sheet" if more else "chart"
    return [div(name, [made, *_under(block, paper, screen)], **more)]


def _caption(block: Block) -> list[Any]:
    label = {"t": "Span", "c": [["", ["label", block["type"]], []], [string(block["label"])]]}
    return [None, [paragraph([label, string(WIDE_SPACE), *block["caption"]], "Plain")]]


def _figure(block: Block) -> Node:
    image = {"t": "Image", "c": [NO_NAME, [string(block["alt"])], [block["id"], ""]]}
    name = [block["anchor"], [], []]
    return {"t": "Figure", "c": [name, _caption(block), [paragraph([image], "Plain")]]}


def _under(block: Block, paper: Paper, screen: bool) -> Nodes:
    words, notes = paper.words, block["notes"]
    if len(notes) > 1:
        notes = [[string(f"{number}. "), *note] for number, note in enumerate(notes, start=1)]
    if notes:
        notes = [[string(words["note_line"]), *notes[0]], *notes[1:]]
    lines = [div("note", [paragraph(note)]) for note in notes]
    lines.append(div("source", [paragraph(block["source_line"])]))
    if screen:
        shown = words["download_table" if block["type"] == "table" else "download_data"]
        data = base64.b64encode(block_csv(block)).decode()
        named = link(shown, f"data:text/csv;charset=utf-8;base64,{data}")
        label = f"{block['label']} {shown}"
        named["c"][0] = ["", [], [["download", f"{block['id']}.csv"], ["aria-label", label]]]
        lines.append(div("download", [paragraph([named])]))
    return lines


def _table(block: Block, paper: Paper, screen: bool) -> Node:
    cites = block["cites"] if screen and any(block["cites"]) else []
    more = [_joined(row) for row in cites]
    heads = [
        *map(_head(paper.lang), block["columns"]),
        *([paper.words["column_source"]] * any(cites)),
    ]
    return _grid(block, heads, more, _caption(block))


def _joined(cites: Nodes) -> Nodes:
    return [node for one in cites for node in (string(" "), one)][1:]


def _head(lang: str) -> Any:
    opened, closed = ("（", "）") if lang == "zh" else (" (", ")")
    return lambda column: column["label"] + (column["unit"] and opened + column["unit"] + closed)


def _grid(block: Block, heads: Sequence[str], more: Sequence[Nodes], caption: list[Any]) -> Node:
    """Set a table; `more` is a column beside those of the block."""
    columns, cells = block["columns"], block["cells"]
    texts = [[plain(cell) for cell in row] for row in cells]
    shifts = [decimal_shifts(column, [row[n] for row in texts])
              for n, column in enumerate(columns)]  # fmt: skip
    widths = shared_widths(heads[: len(columns)], texts, shifts)
    specs = [[{"t": ALIGN[column["align"]]}, {"t": "ColWidth", "c": width}]
             for column, width in zip(columns, widths, strict=True)]  # fmt: skip
    rows = []
    for number, row in enumerate(cells):
        made = [
            _cell([*cell, *_shift(shifts[n][number])], columns[n]["align"], scope="row" * (n == 0))
            for n, cell in enumerate(row)
        ]
        made += [_cell(more[number], "cites")] if more else []
        rows.append([NO_NAME, made])
    top = [NO_NAME, [_cell([string(text)], "head", scope="col") for text in heads]]
    specs += [[{"t": "AlignLeft"}, {"t": "ColWidthDefault"}]] if more else []
    name = [block.get("anchor", ""), [], []]
    parts = [[NO_NAME, [top]], [[NO_NAME, 1, [], rows]], [NO_NAME, []]]
    return {"t": "Table", "c": [name, caption, specs, *parts]}


def _cell(content: Nodes, kind: str, scope: str = "") -> list[Any]:
    named = ["", [kind], [["scope", scope]] if scope else []]
    align = {"t": "AlignCenter" if kind == "head" else "AlignDefault"}
    return [named, align, 1, 1, [paragraph(content, "Plain")]]


def _shift(em: float) -> Nodes:
    """Return room to the right of a number, so that points stand under each other."""
    return [{"t": "Span", "c": [["", ["shift"], [["em", str(em)]]], []]}] if em else []


def _sources(block: Block, paper: Paper, screen: bool) -> Nodes:
    """List the sources; on a screen each leads to the numbers that were taken from it."""
    taken = _numbers_of_sources(paper) if screen else {}
    page = "annex.html" if paper.annex else ""
    cells, names = [], []
    for number, (first, *rest) in enumerate(block["cells"], start=1):
        names.append([f"src-{number}", [], []])
        if number in taken:
            first = [link(plain(first), f"{page}#numbers-{number}")]
        cells.append([first if screen else [{"t": "Span", "c": [names[-1], first]}], *rest])
    heads = [column["label"] for column in block["columns"]]
    intro = [paragraph([string(text)]) for text in block["intro"]]
    lists: Nodes = []
    for number, items in taken.items() if not page else ():
        text = f"[{number}] {paper.words['numbers_of_source']} ({len(items)})"
        lists += details(text, items, f"numbers-{number}")
    grid = _grid({**block, "cells": cells}, heads, (), [None, []])
    if screen:
        for name, row in zip(names, grid["c"][4][0][3], strict=True):
            row[0] = name
    return [*intro, div("register", [grid]), *lists]


def details(title: str, items: Iterable[Nodes], name: str = "") -> Nodes:
    """Return a list that opens under its title; of the screen alone."""
    opened = f'<details id="{name}">' if name else "<details>"
    return [
        {"t": "RawBlock", "c": ["html", f"{opened}<summary>"]},
        paragraph([string(title)], "Plain"),
        {"t": "RawBlock", "c": ["html", "</summary>"]},
        {"t": "BulletList", "c": [[paragraph(item, "Plain")] for item in items]},
        {"t": "RawBlock", "c": ["html", "</details>"]},
    ]


def _numbers_of_sources(paper: Paper) -> dict[int, list[Nodes]]:
    """Return what was taken from each source: number, what it describes, where it is printed."""
    places = {source.id: number for number, source in enumerate(paper.sources, start=1)}
    found: dict[int, list[Nodes]] = {}
    for fact in paper.facts:
        about = " · ".join(filter(None, [fact["about"], str(fact.get("locator", ""))]))
        number = {"t": "Strong", "c": [string(str(fact["text"]))]}
        entry = [number, string(f" {about} ({', '.join(fact['places'])})")]
        for id in dict.fromkeys(fact.get("source_ids", ())):
            if id in places:
                found.setdefault(places[id], []).append(entry)
    return dict(sorted(found.items()))
