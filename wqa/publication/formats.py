"""What only one format has: HTML, Typst or Word, put into the tree of a document."""

from __future__ import annotations

import base64
import hashlib
import html
import re
from collections.abc import Callable, Mapping
from typing import Any

from wqa.paths import ASSETS
from wqa.publication.column_widths import BLANK, SIZE, lines_of
from wqa.publication.document import Block, Paper
from wqa.publication.fonts import FAMILY, web_font
from wqa.publication.pandoc_tree import body, chapter_title, details, paragraph, tree
from wqa.publication.printable import Node, Nodes, link, plain, string

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
Change = Callable[[Node], Any]


def walk(node: Any, change: Change) -> Any:
    """Rebuild a tree from its leaves up; a node may become several."""
    if isinstance(node, list):
        out = []
        for item in node:
            made = walk(item, change)
            out += made if isinstance(item, dict) and isinstance(made, list) else [made]
        return out
    if isinstance(node, dict):
        made = {key: walk(value, change) for key, value in node.items()}
        return change(made) if "t" in made else made
    return node


def is_named(node: Node, kind: str, name: str) -> bool:
    """Tell whether a node is of a kind and carries a name."""
    return bool(node["t"] == kind and name in node["c"][0][1])


def svg_size(svg: str) -> tuple[float, float]:
    """Return the size of a drawing in points, at most as wide as the page."""
    match = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg)
    width, height = (float(match[1]), float(match[2])) if match else (TEXT_WIDTH, TEXT_WIDTH / 2)
    scale = min(1.0, TEXT_WIDTH / width)
    return width * scale, height * scale


def _pictures(paper: Paper) -> dict[str, Block]:
    return {block["id"]: block for block in paper.floats("figure")}


# --------------------------------------------------------------------------- HTML


def html_tree(paper: Paper) -> dict[str, Any]:
    """Return the document for one HTML file: no outside request, no script."""
    pictures = _pictures(paper)

    def change(node: Node) -> Any:
        kind = node["t"]
        if kind == "Image":
            block = pictures[node["c"][2][0]]
            drawing = base64.b64encode(block["svg_path"].encode()).decode()
            width, height = (round(side * 4 / 3) for side in svg_size(block["svg_path"]))
            size = [["width", str(width)], ["height", str(height)],
                    ["style", f"max-width:{round(width * ENLARGED)}px"]]  # fmt: skip
            node["c"][0], node["c"][2][0] = ["", [], size], f"data:image/svg+xml;base64,{drawing}"
        elif is_named(node, "Span", "shift"):
            em = dict(node["c"][0][2])["em"]
            node["c"][0] = ["", [], [["style", f"padding-right:{em}em"]]]
        elif kind in ("Table", "Figure"):
            return _scrolling(node, paper.words)
        return node

    blocks = walk(body(paper, screen=True), change)
    more = {"lists": _lists(paper), "other": _other(paper)}
    return tree(blocks, {**_fields(paper), **more})


def _scrolling(node: Node, words: Mapping[str, str]) -> Node:
    """Let a table or a picture that is wider than the screen scroll within its own box."""
    (id, *_), caption = node["c"][:2]
    box = [["role", "region"], ["tabindex", "0"]]
    for plain_text in caption[1]:
        name = f"{id}-caption"
        plain_text["c"] = [{"t": "Span", "c": [[name, [], []], plain_text["c"]]}]
        box.append(["aria-labelledby", name])
    if not caption[1]:
        box.append(["aria-label", words["sources_title"]])
    if node["t"] == "Figure":
        node["c"][2] = [{"t": "Div", "c": [["", ["scroll"], box], node["c"][2]]}]
        return node
    # The browser shares the width among the columns itself; alignment is a class of the cell.
    node["c"][2] = [[{"t": "AlignDefault"}, {"t": "ColWidthDefault"}] for _ in node["c"][2]]
    for row in node["c"][3][1]:
        for cell in row[1]:
            cell[1] = {"t": "AlignDefault"}
    return {"t": "Div", "c": [["", ["scroll"], box], [node]]}


def _lists(paper: Paper) -> Nodes:
    out: Nodes = []
    for kind, name in (("figure", "figures"), ("table", "tables")):
        items = [[link(f"{block['label']} {plain(block['caption'])}", f"#{block['anchor']}")]
                 for block in paper.floats(kind)]  # fmt: skip
        out += details(paper.words[name], items) if items else []
    return out


def _other(paper: Paper) -> Nodes:
    """Link to the annex, or from the annex to the paper; both stand in one folder."""
    if paper.annex is not None:
        return [paragraph([link(paper.annex.title, "annex.html")])]
    if paper.chapters[-1].numbering == "annex":
        return [paragraph([link(paper.words["to_paper"], "paper.html")])]
    return []


def page_style(letters: str) -> str:
    """Return the style sheet with the letters of the bundled font that a page needs."""
    css = (ASSETS / "paper.css").read_text(encoding="utf-8")
    faces = []
    for weight, value in (("regular", 400), ("bold", 700)):
        data = base64.b64encode(web_font(letters, weight)).decode()
        faces.append(
            f'@font-face{{font-family:"{FAMILY}";font-weight:{value};font-style:normal;'
            f'font-display:block;src:url("data:font/woff2;base64,{data}") format("woff2")}}'
        )
    return "\n".join([*faces, css])


# --------------------------------------------------------------------------- Typst


def breakable(text: str) -> str:
    """Allow line breaks inside long runs without a blank, such as addresses."""

    def cut(match: re.Match[str]) -> str:
        run = match[0]
        return ZERO_WIDTH_SPACE.join(run[i : i + 20] for i in range(0, len(run), 20))

    return _RUN.sub(cut, text)


def literal(text: str) -> str:
    """Return a text as a string literal of Typst: nothing in it can act as markup."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def typst_tree(paper: Paper) -> dict[str, Any]:
    """Return the document for Typst, in which every text is a literal."""
    pictures = _pictures(paper)

    def change(node: Node) -> Any:
        kind = node["t"]
        if kind == "Str":
            return _typst(f"#{literal(breakable(node['c']))};")
        if kind == "Superscript":
            return [_typst("#sym.wj;"), node]  # the number of a source begins no line
        if kind == "Math":
            # PDF/UA demands an alternative text.
            return [_typst(f"#[#set math.equation(alt: {literal(node['c'][1])});"), node,
                    _typst("]")]  # fmt: skip
        if kind == "Image":
            block = pictures[node["c"][2][0]]
            width = svg_size(block["svg_text"])[0]
            path, alt = literal(f"figures/{block['id']}.svg"), literal(block["alt"])
            return _typst(f"#image({path}, width: {width:.2f}pt, alt: {alt});")
        if is_named(node, "Span", "shift"):
            return _typst(f"#h({dict(node['c'][0][2])['em']}em);")
        if kind == "Div":
            (_, (name, *_), given), blocks = node["c"]
            arguments = ", ".join(f"{key}: {value}" for key, value in given)
            return [_typst(f"#{name}({arguments})[", "RawBlock"), *blocks, _typst("]", "RawBlock")]
        return node

    found: dict[str, Any] = walk(tree(body(paper), _fields(paper)), change)
    return found


def _typst(text: str, kind: str = "RawInline") -> Node:
    return {"t": kind, "c": ["typst", text]}


# --------------------------------------------------------------------------- Word


def word_tree(paper: Paper) -> dict[str, Any]:
    """Return the document for Word, with its contents and with fields that count."""
    pictures = _pictures(paper)

    def change(node: Node) -> Any:
        kind = node["t"]
        if kind == "Image":
            block = pictures[node["c"][2][0]]
            width = f"{svg_size(block['svg_text'])[0] / 72:.3f}in"
            node["c"][0] = ["", [], [["width", width]]]
            node["c"][2][0] = f"figures/{block['id']}.png"
        elif is_named(node, "Span", "label"):
            return _counted(node["c"][1][0]["c"], node["c"][0][1][1])
        elif is_named(node, "Span", "shift"):
            return _word_room(float(dict(node["c"][0][2])["em"]))
        elif kind == "Table":
            _set_table(node)
        elif kind == "Div":
            return styled(WORD_STYLES.get(node["c"][0][1][0], ""), node["c"][1])
        return node

    meta = {"title": paper.title, "subtitle": paper.subtitle}
    language = {} if paper.lang == "zh" else {"lang": "en-GB"}
    return tree([*_front(paper), *walk(body(paper), change)], {**meta, **language})


def styled(style: str, blocks: Nodes) -> Node:
    """Return blocks in a style of the reference file."""
    return {"t": "Div", "c": [["", [], [["custom-style", style]] if style else []], blocks]}


def _word(text: str) -> Node:
    return {"t": "RawInline", "c": ["openxml", text]}


def _field(instruction: str, shown: str = "", *, dirty: bool = False) -> Nodes:
    """Return a field with its present result; Word refreshes a dirty one on opening."""
    return [_field_opens(instruction, dirty=dirty), *([string(shown)] if shown else []), FIELD_ENDS]


def _field_opens(instruction: str, *, dirty: bool = False) -> Node:
    mark = ' w:dirty="true"' if dirty else ""
    return _word(
        f'<w:r><w:fldChar w:fldCharType="begin"{mark}/></w:r>'
        f'<w:r><w:instrText xml:space="preserve">{html.escape(instruction)}</w:instrText></w:r>'
        '<w:r><w:fldChar w:fldCharType="separate"/></w:r>'
    )


FIELD_ENDS = _word('<w:r><w:fldChar w:fldCharType="end"/></w:r>')
TAB = _word("<w:r><w:tab/></w:r>")
PAGE_BREAK = {"t": "RawBlock", "c": ["openxml", '<w:p><w:r><w:br w:type="page"/></w:r></w:p>']}


def _front(paper: Paper) -> Nodes:
    """Return what follows the title: edition, day, issuing body, preface and contents."""
    lines = [styled("Edition", [paragraph([string(line)])]) for line in paper.imprint]
    entries = []
    for chapter in paper.chapters:
        title = link(chapter_title(chapter, paper.lang), f"#{chapter.anchor}")
        number = _field(f" PAGEREF {bookmark_name(chapter.anchor)} \\h ", dirty=True)
        entries.append([title, TAB, *number])
    entries[0].insert(0, _field_opens(' TOC \\o "1-1" \\h \\z \\u ', dirty=True))
    entries[-1].append(FIELD_ENDS)
    return [
        *lines,
        styled("Preface", [paragraph([string(paper.preface)])]),
        styled("TOC Heading", [paragraph([string(paper.words["contents"])])]),
        *(styled("toc 1", [paragraph(entry)]) for entry in entries),
        PAGE_BREAK,
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
    return [string(before), *_field(f" SEQ {kind}_{chapter or 0} \\* ARABIC ", number)]


def _word_room(em: float) -> Node:
    # A blank that does not break, with letter spacing for the rest of the room.
    twips = round((em - BLANK) * SIZE * TWIPS)
    return _word(f'<w:r><w:rPr><w:spacing w:val="{twips}"/></w:rPr>'
                 '<w:t xml:space="preserve">\N{NO-BREAK SPACE}</w:t></w:r>')  # fmt: skip


def _set_table(node: Node) -> None:
    """Give a table and its cells their styles: they say which rows stay on one page."""
    name, _, specs, head, bodies, _ = node["c"]
    rows = bodies[0][3]
    widths = [spec[1]["c"] for spec in specs]
    texts = [[plain(cell[4]) for cell in row[1]] for row in rows]
    is_short = lines_of(texts, widths) < FEW_LINES
    name[2] = [["custom-style", "WhitePaperTable"]]
    for cell in head[1][0][1]:
        cell[4] = [styled("Table Head", [paragraph(cell[4][0]["c"])])]
    for number, row in enumerate(rows, start=1):
        stays = is_short or not FEW_ROWS <= number <= len(rows) - FEW_ROWS
        for cell in row[1]:
            style = "Table Text Kept" if stays else "Table Text"
            cell[4] = [styled(style, [paragraph(cell[4][0]["c"])])]


def _fields(paper: Paper) -> dict[str, Any]:
    """Return what stands on the cover and around the text."""
    names = ("title", "subtitle", "edition", "preface")
    fields = {name: getattr(paper, name) for name in names}
    chinese = paper.lang == "zh"
    return {**fields, "imprint": paper.imprint[1:], "words": paper.words, "chinese": chinese}
