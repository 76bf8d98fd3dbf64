"""The document for Word: tables, captions with fields and the filled table of contents."""

from __future__ import annotations

import hashlib
import html
import re
from collections.abc import Sequence
from itertools import count
from typing import Any

from wqa.display.table_layout import (
    FEW_ROWS,
    LEADING,
    SIZE,
    grid_of,
    svg_size,
)
from wqa.publication.document import Block, Paper
from wqa.publication.pandoc_tree import (
    Node,
    Writer,
    chapter_title,
    raw_block,
    string,
)
from wqa.publication.pieces import UNLINKED, Pieces

TWIPS = 20  # per point
JUSTIFY = {"left": "left", "center": "center", "right": "right", "decimal": "right"}
# Pandoc numbers its own bookmarks from 1; ours must not meet them.
FIRST_BOOKMARK = 100_000
# A paragraph that stays on one page with the next.
KEEP = "<w:keepNext/>"
PAGE_BREAK = '<w:p><w:r><w:br w:type="page"/></w:r></w:p>'


def bookmark_name(anchor: str) -> str:
    """Return the name that Pandoc gives to an anchor in a Word file."""
    if anchor[:1].isalpha() and len(anchor) <= 40:
        return anchor
    return "X" + hashlib.sha1(anchor.encode(), usedforsecurity=False).hexdigest()[1:]


def text_xml(text: str) -> str:
    """Escape a text for XML."""
    return html.escape(text, quote=True)


def run(text: str, properties: str = "") -> str:
    """Return one run of text."""
    setup = f"<w:rPr>{properties}</w:rPr>" if properties else ""
    return f'<w:r>{setup}<w:t xml:space="preserve">{text_xml(text)}</w:t></w:r>'


def runs(pieces: Pieces) -> str:
    """Return pieces as runs; links inside the document become hyperlinks."""
    out = []
    for piece in pieces:
        if piece.target.startswith("#"):
            anchor = bookmark_name(piece.target[1:])
            shown = run(piece.text, '<w:rStyle w:val="Hyperlink"/>')
            out.append(f'<w:hyperlink w:anchor="{anchor}">{shown}</w:hyperlink>')
        elif piece.target and piece.target != UNLINKED:
            instruction = f' HYPERLINK "{piece.target}" '
            out.append(field(instruction, run(piece.text, '<w:rStyle w:val="Hyperlink"/>')))
        else:
            out.append(run(piece.text))
    return "".join(out)


def field(instruction: str, shown: str) -> str:
    """Return a field with its present result."""
    return f'{_opening(instruction)}{shown}<w:r><w:fldChar w:fldCharType="end"/></w:r>'


def _opening(instruction: str, *, dirty: bool = False) -> str:
    """Open a field; Word refreshes a dirty one when it opens the file."""
    mark = ' w:dirty="true"' if dirty else ""
    return (
        f'<w:r><w:fldChar w:fldCharType="begin"{mark}/></w:r>'
        f'<w:r><w:instrText xml:space="preserve">{text_xml(instruction)}</w:instrText></w:r>'
        '<w:r><w:fldChar w:fldCharType="separate"/></w:r>'
    )


def paragraph(style: str, content: str, extra: str = "") -> str:
    """Return a paragraph."""
    return f'<w:p><w:pPr><w:pStyle w:val="{style}"/>{extra}</w:pPr>{content}</w:p>'


def writer(paper: Paper) -> Writer:
    """Return the writer of this document."""
    bookmarks = count(FIRST_BOOKMARK)

    def figure(block: Block) -> list[Node]:
        path = f"figures/{block['id']}.png"
        width = f"{svg_size(block['svg_text'])[0] / 72:.3f}in"
        image = {"t": "Image", "c": [
            ["", [], [["width", width]]], [string(block["alt"])], [path, ""],
        ]}  # fmt: skip
        caption = paragraph("ImageCaption", _label(block, bookmarks), KEEP)
        style = ["", [], [["custom-style", "Figure"]]]
        return [
            {"t": "Div", "c": [style, [{"t": "Para", "c": [image]}]]},
            raw_block("openxml", caption + _under(block, paper)),
        ]

    def table(block: Block) -> list[Node]:
        caption = paragraph("TableCaption", _label(block, bookmarks), KEEP)
        made = _table(block, paper.lang, block["alt"])
        return [raw_block("openxml", caption + made + _under(block, paper))]

    def sources(block: Block) -> list[Node]:
        anchors = [f"src-{n}" for n in range(1, len(block["cells"]) + 1)]
        made = _table(block, paper.lang, paper.words["sources_title"], anchors, bookmarks)
        return [*({"t": "Para", "c": [string(text)]} for text in block["intro"]),
                raw_block("openxml", made + paragraph("TableNote", ""))]  # fmt: skip

    return Writer("openxml", {"figure": figure, "table": table, "sources": sources})


def front(paper: Paper) -> list[Node]:
    """Return what follows the title: edition, day, issuing body, preface and contents."""
    opening = "".join([
        *(paragraph("Edition", run(line)) for line in paper.imprint),
        paragraph("Preface", run(paper.preface)),
        paragraph("TOCHeading", run(paper.words["contents"]), KEEP),
        _contents(' TOC \\o "1-1" \\h \\z \\u ', paper),
        PAGE_BREAK,
    ])  # fmt: skip
    return [raw_block("openxml", opening)]


def _contents(instruction: str, paper: Paper) -> str:
    """Return a table of contents with its entries; Word adds the page numbers on opening."""
    lines = []
    for number, chapter in enumerate(paper.chapters):
        text = run(chapter_title(chapter, paper.lang))
        link = f'<w:hyperlink w:anchor="{bookmark_name(chapter.anchor)}">{text}</w:hyperlink>'
        opened = closed = ""
        if number == 0:
            opened = _opening(instruction, dirty=True)
        if number == len(paper.chapters) - 1:
            closed = '<w:r><w:fldChar w:fldCharType="end"/></w:r>'
        lines.append(paragraph("toc1", opened + link + closed))
    return "".join(lines)


def _label(block: Block, bookmarks: count[int]) -> str:
    """Return the caption: label with a counting field, then the title."""
    match = re.fullmatch(r"(.*?)(\d+)", block["label"])
    before, number = match.groups() if match else (block["label"], "")
    # Counting starts again in each chapter, so each chapter has a series of its own.
    chapter = re.search(r"([0-9A-Z]+)-$", before)
    series = f"{block['type']}_{chapter[1] if chapter else 0}"
    id, name = next(bookmarks), bookmark_name(block["anchor"])
    counted = field(f" SEQ {series} \\* ARABIC ", run(number)) if number else ""
    return (
        f'<w:bookmarkStart w:id="{id}" w:name="{name}"/>{run(before)}{counted}'
        f'<w:bookmarkEnd w:id="{id}"/>{run("　")}{runs(block["caption"])}'
    )


def _under(block: Block, paper: Paper) -> str:
    notes = [runs(note) for note in block["notes"]]
    if len(notes) > 1:
        notes = [run(f"{number}. ") + note for number, note in enumerate(notes, start=1)]
    lines = [(run(paper.words["note_line"]) if n == 0 else "") + note
             for n, note in enumerate(notes)]  # fmt: skip
    lines.append(runs(block["source_line"]))
    last = '<w:spacing w:before="0" w:after="240"/>'
    return "".join(
        paragraph("TableNote", line, last if n == len(lines) - 1 else KEEP)
        for n, line in enumerate(lines)
    )


def _table(
    block: Block,
    lang: str,
    alt: str,
    anchors: Sequence[str] = (),
    bookmarks: Any = None,
) -> str:
    columns, cells, grid = block["columns"], block["cells"], grid_of(block, lang)
    widths = [round(width * TWIPS) for width in grid.widths]
    half_points = round(SIZE * 2)
    size = f'<w:sz w:val="{half_points}"/><w:szCs w:val="{half_points}"/>'
    # Exact, because a font that stands in for a missing one may be much taller.
    pitch = f'<w:spacing w:line="{round(SIZE * LEADING * TWIPS)}" w:lineRule="exact"/>'

    def cell(style: str, width: int, content: str, extra: str = "") -> str:
        return (
            f'<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/><w:vAlign w:val="center"/></w:tcPr>'
            f"{paragraph(style, _sized(content, size), extra)}</w:tc>"
        )

    named = (cell("TableHead", width, run(text), pitch)
             for text, width in zip(grid.heads, widths, strict=True))  # fmt: skip
    rows = [f"<w:tr><w:trPr><w:cantSplit/><w:tblHeader/></w:trPr>{''.join(named)}</w:tr>"]
    for number, row in enumerate(cells):
        made = []
        # A low table stays whole; of a long one the first rows stay with the caption and the
        # last with the notes.
        is_free = grid.is_split and FEW_ROWS <= number + 1 <= len(cells) - FEW_ROWS
        for n, pieces in enumerate(row):
            content = runs(pieces)
            if anchors and n == 0:
                id = next(bookmarks)
                content = (f'<w:bookmarkStart w:id="{id}" w:name="{anchors[number]}"/>{content}'
                           f'<w:bookmarkEnd w:id="{id}"/>')  # fmt: skip
            right = grid.indents[n][number] * SIZE * TWIPS
            indent = f'<w:ind w:right="{round(right)}"/>' if right else ""
            align = f'<w:jc w:val="{JUSTIFY[columns[n]["align"]]}"/>'
            setup = ("" if is_free else KEEP) + pitch + indent + align
            made.append(cell("TableText", widths[n], content, setup))
        rows.append("<w:tr><w:trPr><w:cantSplit/></w:trPr>" + "".join(made) + "</w:tr>")
    columns_xml = "".join(f'<w:gridCol w:w="{width}"/>' for width in widths)
    return (
        '<w:tbl><w:tblPr><w:tblStyle w:val="WhitePaperTable"/>'
        f'<w:tblW w:w="{sum(widths)}" w:type="dxa"/><w:jc w:val="center"/>'
        '<w:tblLayout w:type="fixed"/>'
        '<w:tblLook w:val="0020" w:firstRow="1" w:lastRow="0" w:firstColumn="0" w:lastColumn="0" '
        'w:noHBand="1" w:noVBand="1"/>'
        f'<w:tblCaption w:val="{text_xml(alt)}"/></w:tblPr>'
        f"<w:tblGrid>{columns_xml}</w:tblGrid>{''.join(rows)}</w:tbl>"
    )


def _sized(content: str, size: str) -> str:
    """Set the letter size of every run of a cell."""
    content = content.replace("<w:r><w:t", f"<w:r><w:rPr>{size}</w:rPr><w:t")
    return re.sub(r"<w:rPr>(?!<w:sz )(.*?)</w:rPr>", rf"<w:rPr>\1{size}</w:rPr>", content)
