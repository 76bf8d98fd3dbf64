"""What only one format has: HTML, Typst or Word, put into the nodes of a document."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from wqa.publication.column_widths import SIZE, em_width, lines_of, shared_widths
from wqa.publication.data_pack import block_rows, to_csv
from wqa.publication.document import Paper, cell_of, div, entries, paragraph, table_rows
from wqa.publication.fonts import FILES, web_font
from wqa.publication.printable import Block, Node, Nodes, is_named, link, plain, string, walk

# Of the syntax tree that Pandoc 3 reads.
API_VERSION = [1, 23, 1]
TEXT_WIDTH = 170 * 72 / 25.4  # A4 with 20 mm margins, in points
# Figures are drawn for the width of a printed page; a screen has a little more room.
ENLARGED = 1.2
_RUN = re.compile(r"[!-~\u00a1-\u024f]{40,}")
ZERO_WIDTH_SPACE = "\u200b"
TWIPS = 20  # per point
# Of a long table in Word, so many rows stay with the caption and with the notes; a table of
# fewer lines than would fill a third of a page stays whole.
FEW_ROWS, FEW_LINES = 3, 15
WORD_STYLES = {"note": "Table Note", "source": "Table Source"}


def _tree(blocks: Nodes, meta: Mapping[str, Any]) -> dict[str, Any]:
    return {"pandoc-api-version": API_VERSION, "meta": _field(meta)["c"], "blocks": blocks}


def _field(value: Any) -> Node:
    """Return a field of the template: a string, nodes, or a list or map of fields."""
    if isinstance(value, str):
        return {"t": "MetaInlines", "c": [string(value)] if value else []}
    if isinstance(value, Mapping):
        return {"t": "MetaMap", "c": {name: _field(one) for name, one in value.items()}}
    if isinstance(value, tuple):
        return {"t": "MetaList", "c": [_field(one) for one in value]}
    return {"t": "MetaBlocks", "c": value}


def _fields(paper: Paper) -> dict[str, Any]:
    """Return what stands on the cover and around the text."""
    names = ("title", "subtitle", "edition", "preface", "words")
    fields = {name: getattr(paper, name) for name in names}
    return {**fields, "imprint": paper.imprint[1:], "chinese": "zh" * (paper.lang == "zh")}


def _body(paper: Paper) -> Nodes:
    return [node for chapter in paper.chapters for node in chapter.nodes]


def _given(node: Node, name: str) -> str:
    """Return an attribute of a span or a block."""
    return str(dict(node["c"][0][2])[name])


def svg_size(svg: str) -> tuple[float, float]:
    """Return the size of a drawing in points, at most as wide as the page."""
    ((width, height),) = re.findall(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg)
    scale = min(1.0, TEXT_WIDTH / float(width))
    return float(width) * scale, float(height) * scale


# --------------------------------------------------------------------------- HTML


def html_tree(paper: Paper) -> dict[str, Any]:
    """Return the document for one HTML file: no outside request, no script."""
    floats = {block["id"]: block for block in paper.floats("figure", "table")}
    tables = {block["anchor"]: block for block in paper.floats("table")}
    taken = _numbers_of_sources(paper)
    page = "annex.html" if paper.annex else ""

    def change(node: Node) -> Node:
        if node["t"] == "Image":
            _embed(node, floats[node["c"][2][0]]["svg_path"])
        elif node["t"] in ("Table", "Figure"):
            return _scrolling(node, tables.get(node["c"][0][0], {}), paper.words)
        elif is_named(node, "room"):
            node["c"][0] = ["", [], [["style", f"padding-right:{_given(node, 'em')}em"]]]
        elif is_named(node, "sheet") or is_named(node, "chart"):
            node["c"][1].append(_download(floats[_given(node, "float")], paper.words))
        elif is_named(node, "register"):
            for number, row in enumerate(table_rows(node["c"][1][0]["c"][1][0])[1:], start=1):
                if number in taken:
                    row[0][4][0]["c"] = [link(f"[{number}]", f"{page}#numbers-{number}")]
        return node

    blocks = walk(_body(paper), change)
    for number, items in taken.items() if not page else ():
        title = f"[{number}] {paper.words['numbers_of_source']} ({len(items)})"
        blocks += _details(title, items, f' id="numbers-{number}"')
    is_annex = paper.chapters[-1].numbering == "annex" and not paper.annex
    more = {
        "lists": _lists(paper),
        "to-annex": paper.annex.title if paper.annex else "",
        "to-paper": paper.words["to_paper"] if is_annex else "",
    }
    return _tree(blocks, {**_fields(paper), **more})


def with_fonts(documents: Sequence[dict[str, Any]]) -> None:
    """Give pages the letters that they show, cut once for all of them."""
    text = "".join(json.dumps(document, ensure_ascii=False) for document in documents)
    fonts = {weight: base64.b64encode(web_font(text, weight)).decode() for weight in FILES}
    for document in documents:
        document["meta"]["fonts"] = _field(fonts)


def _embed(image: Node, svg: str) -> None:
    size = zip(("width", "height"), svg_size(svg), strict=True)
    pixels = [[name, str(round(side * 4 / 3 * ENLARGED))] for name, side in size]
    data = base64.b64encode(svg.encode()).decode()
    image["c"][0], image["c"][2][0] = ["", [], pixels], f"data:image/svg+xml;base64,{data}"


def _scrolling(node: Node, block: Block, words: Mapping[str, str]) -> Node:
    """Let a table or a picture that is wider than the screen scroll within its own box."""
    (id, *_), (_, captions) = node["c"][:2]
    box = [["role", "region"], ["tabindex", "0"]]
    for caption in captions:
        name = f"{id}-caption"
        caption["c"] = [{"t": "Span", "c": [[name, [], []], caption["c"]]}]
        box.append(["aria-labelledby", name])
    if not captions:
        box.append(["aria-label", words["sources_title"]])
    if node["t"] == "Figure":
        box.append(["data-hint", words["scroll"]])
        node["c"][2] = [{"t": "Div", "c": [["", ["scroll"], box], node["c"][2]]}]
        return node
    top, *rows = table_rows(node)
    if any(block.get("cites", ())):
        top.append(cell_of([string(words["column_source"])], "head", scope="col"))
        for row, links in zip(rows, block["cites"], strict=True):
            row.append(cell_of([node for one in links for node in (one, string(" "))], "cites"))
    # The browser shares the width among the columns itself; alignment is a class of the cell.
    node["c"][2] = [[{"t": "AlignDefault"}, {"t": "ColWidthDefault"}] for _ in top]
    for cell in top:
        cell[1] = {"t": "AlignDefault"}
    return {"t": "Div", "c": [["", ["scroll"], box], [node]]}


def _download(block: Block, words: Mapping[str, str]) -> Node:
    shown = words["download_table" if block["type"] == "table" else "download_data"]
    data = base64.b64encode(to_csv(block_rows(block))).decode()
    file = link(shown, f"data:text/csv;charset=utf-8;base64,{data}")
    label = f"{block['label']} {shown}"
    file["c"][0] = ["", [], [["download", f"{block['id']}.csv"], ["aria-label", label]]]
    return div("download", [paragraph([file])])


def _details(title: str, items: Sequence[Nodes], name: str = "") -> Nodes:
    """Return a list that opens under its title."""
    return [
        _raw("html", f"<details{name}><summary>", "RawBlock"),
        paragraph([string(title)], "Plain"),
        _raw("html", "</summary>", "RawBlock"),
        entries(items),
        _raw("html", "</details>", "RawBlock"),
    ]


def _raw(fmt: str, text: str, kind: str = "RawInline") -> Node:
    return {"t": kind, "c": [fmt, text]}


def _numbers_of_sources(paper: Paper) -> dict[int, list[Nodes]]:
    """Return what was taken from each source: number, what it describes, where it is printed."""
    places = {source.id: number for number, source in enumerate(paper.sources, start=1)}
    found: dict[int, list[Nodes]] = {}
    for fact in paper.facts:
        about = " · ".join(filter(None, [fact["about"], str(fact.get("locator", ""))]))
        number = {"t": "Strong", "c": [string(str(fact["text"]))]}
        entry = [number, string(f" {about} ({', '.join(fact['places'])})")]
        for id in places.keys() & fact["source_ids"]:
            found.setdefault(places[id], []).append(entry)
    return dict(sorted(found.items()))


def _lists(paper: Paper) -> Nodes:
    out: Nodes = []
    for kind, name in (("figure", "figures"), ("table", "tables")):
        items = [[link(f"{block['label']} {plain(block['caption'])}", f"#{block['anchor']}")]
                 for block in paper.floats(kind)]  # fmt: skip
        out += _details(paper.words[name], items) if items else []
    return out


# --------------------------------------------------------------------------- print


def _printed(paper: Paper) -> Nodes:
    """Leave to the screen the sources of each row, and in the list those that page one lacks."""
    core = paper.core if paper.annex else len(paper.sources)

    def change(node: Node) -> Any:
        if node["t"] == "Link":
            match = re.fullmatch(r"#src-(\d+)", node["c"][2][0])
            return node["c"][1][0] if match and int(match[1]) > core else node
        if node["t"] == "Table":
            rows = table_rows(node)
            texts = [[plain(cell[4]) for cell in row] for row in rows]
            aligns = [cell[0][1][0] for cell in rows[-1]]
            for spec, width in zip(node["c"][2], shared_widths(texts, aligns), strict=True):
                spec[1] = {"t": "ColWidth", "c": width}
        if is_named(node, "register"):
            rows = node["c"][1][0]["c"][4][0][3]
            more = [paragraph([string(paper.words["sources_more"])])] * (core < len(rows))
            del rows[core:]
            for name, cells in rows:
                cells[0][4][0]["c"] = [{"t": "Span", "c": [name, cells[0][4][0]["c"]]}]
            return [*more, node]
        return node

    found: Nodes = walk(_body(paper), change)
    return found


# --------------------------------------------------------------------------- Typst


def typst_tree(paper: Paper) -> dict[str, Any]:
    """Return the document for Typst, in which every text is a literal."""
    pictures = {block["id"]: block for block in paper.floats("figure")}

    def change(node: Node) -> Any:
        kind = node["t"]
        if kind == "Str":
            return _raw("typst", f"#{literal(breakable(node['c']))};")
        if kind == "Superscript":
            return [_raw("typst", "#sym.wj;"), node]  # the number of a source begins no line
        if kind == "Math":
            # PDF/UA demands an alternative text.
            opened = f"#[#set math.equation(alt: {literal(node['c'][1])});"
            return [_raw("typst", opened), node, _raw("typst", "]")]
        if kind == "Image":
            block = pictures[node["c"][2][0]]
            path, alt = literal(f"figures/{block['id']}.svg"), literal(block["alt"])
            width = svg_size(block["svg_text"])[0]
            return _raw("typst", f"#image({path}, width: {width:.2f}pt, alt: {alt});")
        if is_named(node, "room"):
            return _raw("typst", f"#h({_given(node, 'em')}em);")
        if kind == "Div":
            (_, (name,), _), blocks = node["c"]
            rows = len(table_rows(blocks[0])) - 1 if name == "sheet" else 0
            opened = f"#{name}(rows: {rows})[" if rows else f"#{name}["
            return [_raw("typst", opened, "RawBlock"), *blocks, _raw("typst", "]", "RawBlock")]
        return node

    found: dict[str, Any] = walk(_tree(_printed(paper), _fields(paper)), change)
    return found


def literal(text: str) -> str:
    """Return a text as a string literal of Typst: nothing in it can act as markup."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def breakable(text: str) -> str:
    """Allow line breaks inside long runs without a blank, such as addresses."""

    def cut(match: re.Match[str]) -> str:
        run = match[0]
        return ZERO_WIDTH_SPACE.join(run[i : i + 20] for i in range(0, len(run), 20))

    return _RUN.sub(cut, text)


# --------------------------------------------------------------------------- Word


def word_tree(paper: Paper) -> dict[str, Any]:
    """Return the document for Word, with its contents and with fields that count."""
    pictures = {block["id"]: block for block in paper.floats("figure")}

    def change(node: Node) -> Any:
        if node["t"] == "Image":
            block = pictures[node["c"][2][0]]
            width = f"{svg_size(block['svg_text'])[0] / 72:.3f}in"
            node["c"][0] = ["", [], [["width", width]]]
            node["c"][2][0] = f"figures/{block['id']}.png"
        elif node["t"] == "Table":
            _style_table(node)
        elif node["t"] == "Div":
            return _styled(WORD_STYLES.get(node["c"][0][1][0], ""), node["c"][1])
        elif is_named(node, "label"):
            return _counted(plain(node), node["c"][0][1][1])
        elif is_named(node, "room"):
            # Two blanks that do not break, and between them letter spacing for the rest: programs
            # leave out the spacing after the last letter of a line.
            twips = round((float(_given(node, "em")) - 2 * em_width(" ")) * SIZE * TWIPS)
            blank = '<w:t xml:space="preserve">\N{NO-BREAK SPACE}</w:t>'
            return [_run(f'<w:rPr><w:spacing w:val="{twips}"/></w:rPr>{blank}'), _run(blank)]
        return node

    meta = {"title": paper.title, "subtitle": paper.subtitle}
    language = {} if paper.lang == "zh" else {"lang": "en-GB"}
    return _tree([*_front(paper), *walk(_printed(paper), change)], {**meta, **language})


def _styled(style: str, blocks: Nodes) -> Node:
    """Return blocks in a style of the reference file."""
    return {"t": "Div", "c": [["", [], [["custom-style", style]] if style else []], blocks]}


def _run(content: str) -> Node:
    return _raw("openxml", f"<w:r>{content}</w:r>")


def _opened(instruction: str) -> Nodes:
    """Open a field; Word refreshes one without a result when it opens the file."""
    dirty = "" if instruction.startswith("SEQ") else ' w:dirty="true"'
    return [
        _run(f'<w:fldChar w:fldCharType="begin"{dirty}/>'),
        _run(f'<w:instrText xml:space="preserve"> {html.escape(instruction)} </w:instrText>'),
        _run('<w:fldChar w:fldCharType="separate"/>'),
    ]


CLOSED = _run('<w:fldChar w:fldCharType="end"/>')


def _front(paper: Paper) -> Nodes:
    """Return what follows the title: edition, day, issuing body, preface and contents."""
    lines = []
    for chapter in paper.chapters:
        title = link(chapter.full_title(paper.lang), f"#{chapter.anchor}")
        page = _opened(rf"PAGEREF {bookmark_name(chapter.anchor)} \h")
        lines.append([title, _run("<w:tab/>"), *page, CLOSED])
    lines[0] = [*_opened(r'TOC \o "1-1" \h \z \u'), *lines[0]]
    lines[-1] += [CLOSED]
    texts = [*(("Edition", line) for line in paper.imprint), ("Preface", paper.preface),
             ("TOC Heading", paper.words["contents"])]  # fmt: skip
    return [
        *(_styled(style, [paragraph([string(text)])]) for style, text in texts),
        *(_styled("toc 1", [paragraph(line)]) for line in lines),
        _raw("openxml", '<w:p><w:r><w:br w:type="page"/></w:r></w:p>', "RawBlock"),
    ]


def bookmark_name(anchor: str) -> str:
    """Return the name that Pandoc gives to an anchor in a Word file."""
    if anchor[:1].isalpha() and len(anchor) <= 40:
        return anchor
    return "X" + hashlib.sha1(anchor.encode(), usedforsecurity=False).hexdigest()[1:]


def _counted(label: str, kind: str) -> Nodes:
    """Return a label whose number is counted by a field, anew in each chapter."""
    match = re.fullmatch(r"(.*?([0-9A-Z]*)-?)(\d+)", label)
    if match is None:
        return [string(label)]
    before, chapter, number = match.groups()
    opened = _opened(rf"SEQ {kind}_{chapter or 0} \* ARABIC")
    return [string(before), *opened, string(number), CLOSED]


def _style_table(node: Node) -> None:
    """Give a table and its cells their styles: they say which rows stay on one page."""
    head, *rows = table_rows(node)
    widths = [spec[1]["c"] for spec in node["c"][2]]
    is_short = lines_of([[plain(cell[4]) for cell in row] for row in rows], widths) < FEW_LINES
    node["c"][0][2] = [["custom-style", "WhitePaperTable"]]
    for number, row in enumerate([head, *rows]):
        stays = is_short or not FEW_ROWS <= number <= len(rows) - FEW_ROWS
        style = "Table Text Kept" if stays else "Table Text"
        for cell in row:
            text = paragraph(cell[4][0]["c"])
            cell[4] = [_styled(style if number else "Table Head", [text])]


def finish_tables(xml: bytes, paper: Paper) -> bytes:
    """Keep the rows of tables on one page, and name the list of sources, which has no caption."""
    xml = xml.replace(b"<w:tr><w:tc>", b"<w:tr><w:trPr><w:cantSplit/></w:trPr><w:tc>")
    xml = xml.replace(b"<w:tblHeader ", b"<w:cantSplit/><w:tblHeader ")
    name = f'<w:tblCaption w:val="{html.escape(paper.words["sources_title"])}"/>'.encode()
    return re.sub(rb"(<w:tblLook [^>]*>)(?=\s*</w:tblPr>)", lambda match: match[1] + name, xml)
