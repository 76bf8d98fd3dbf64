"""The document as one HTML file: no outside request, no script, readable on a phone."""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Mapping, Sequence

from wqa.display.table_layout import column_indents, head, printed, svg_size
from wqa.paths import ASSETS
from wqa.publication.data_pack import block_csv
from wqa.publication.document import Block, Paper
from wqa.publication.fonts import FAMILY, web_font
from wqa.publication.pandoc_tree import Node, Writer, chapter_title, raw_block, section_number
from wqa.publication.pieces import Piece, Pieces

LANGUAGE = {"zh": "zh-CN", "en": "en"}
# Figures are drawn for the width of a printed page; a screen has a little more room.
ENLARGED = 1.2


def text_html(text: str) -> str:
    """Escape a text for HTML, quotes included."""
    return html.escape(text, quote=True)


def pieces_html(pieces: Pieces) -> str:
    """Return pieces as HTML: numbers with their origin, links, citations."""
    return "".join(_piece(piece) for piece in pieces)


def _piece(piece: Piece) -> str:
    text = text_html(piece.text)
    if piece.target:
        return f'<a href="{text_html(piece.target)}">{text}</a>'
    if piece.tip:
        tip = text_html(piece.tip)
        return f'<span class="fact" tabindex="-1" data-tip="{tip}">{text}</span>'
    return text


def writer(paper: Paper) -> Writer:
    """Return the writer of this document."""

    def figure(block: Block) -> list[Node]:
        picture = base64.b64encode(block["svg_path"].encode()).decode()
        width, height = (round(side * 4 / 3) for side in svg_size(block["svg_path"]))
        name = f"{block['label']} {printed(block['caption'])}"
        return [raw_block("html", (
            f'<figure id="{block["anchor"]}" class="chart">'
            f'<div class="scroll" role="region" tabindex="0" aria-label="{text_html(name)}">'
            f'<img src="data:image/svg+xml;base64,{picture}" width="{width}" height="{height}" '
            f'style="max-width:{round(width * ENLARGED)}px" alt="{text_html(block["alt"])}"></div>'
            f"<figcaption>{_caption(block)}</figcaption>{_under(block, paper, 'download_data')}"
            "</figure>"
        ))]  # fmt: skip

    def table(block: Block) -> list[Node]:
        return [raw_block("html", (
            f'<figure id="{block["anchor"]}" class="sheet">'
            f'<figcaption id="{block["anchor"]}-caption">{_caption(block)}</figcaption>'
            f"{_table(block, paper)}{_under(block, paper, 'download_table')}</figure>"
        ))]  # fmt: skip

    def sources(block: Block) -> list[Node]:
        intro = "".join(f"<p>{text_html(text)}</p>" for text in block["intro"])
        return [raw_block("html", intro + _sources(block, paper))]

    return Writer("html", {"figure": figure, "table": table, "sources": sources})


def _caption(block: Block) -> str:
    label = text_html(block["label"])
    return f'<span class="label">{label}</span> {pieces_html(block["caption"])}'


def _under(block: Block, paper: Paper, download: str) -> str:
    words = paper.words
    notes = [pieces_html(note) for note in block["notes"]]
    if len(notes) > 1:
        notes = [f"{number}. {note}" for number, note in enumerate(notes, start=1)]
    out = [f'<p class="under">{text_html(words["note_line"]) if n == 0 else ""}{note}</p>'
           for n, note in enumerate(notes)]  # fmt: skip
    out.append(f'<p class="under">{pieces_html(block["source_line"])}</p>')
    data = base64.b64encode(block_csv(block)).decode()
    name = text_html(f"{block['label']} {words[download]}")
    out.append(
        f'<p class="under download"><a download="{block["id"]}.csv" aria-label="{name}" '
        f'href="data:text/csv;charset=utf-8;base64,{data}">{text_html(words[download])}</a></p>'
    )
    return "".join(out)


def _table(block: Block, paper: Paper) -> str:
    columns = block["columns"]
    texts = [[printed(cell) for cell in row] for row in block["cells"]]
    cited = any(block["cites"])
    indents = column_indents(columns, texts)
    heads = [f'<th scope="col">{text_html(head(column, paper.lang))}</th>' for column in columns]
    if cited:
        heads.append(f'<th scope="col">{text_html(paper.words["column_source"])}</th>')
    rows = []
    for number, row in enumerate(block["cells"]):
        cells = []
        for n, cell in enumerate(row):
            tag = 'th scope="row"' if n == 0 else "td"
            indent = indents[n][number]
            style = f' style="padding-right:calc(.6em + {indent}em)"' if indent else ""
            name = tag.split()[0]
            align = columns[n]["align"]
            cells.append(f'<{tag} class="{align}"{style}>{pieces_html(cell)}</{name}>')
        if cited:
            links = " ".join(_piece(piece) for piece in block["cites"][number])
            cells.append(f'<td class="cites">{links}</td>')
        rows.append("<tr>" + "".join(cells) + "</tr>")
    caption = f"{block['anchor']}-caption"
    return (
        f'<div class="scroll" role="region" tabindex="0" aria-labelledby="{caption}">'
        f'<table aria-labelledby="{caption}"><thead><tr>{"".join(heads)}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def _sources(block: Block, paper: Paper) -> str:
    """List the sources; in the annex each with the numbers that were taken from it."""
    words = paper.words
    heads = [f'<th scope="col">{text_html(column["label"])}</th>' for column in block["columns"]]
    rows, lists = [], []
    for number, (row, source) in enumerate(zip(block["cells"], paper.sources, strict=True), 1):
        first, *rest = [pieces_html(cell) for cell in row]
        rows.append(
            f'<tr id="src-{number}"><th scope="row">{first}</th>'
            + "".join(f"<td>{cell}</td>" for cell in rest)
            + "</tr>"
        )
        entries = [] if paper.annex else _numbers_of(source.id, paper)
        if entries:
            title = text_html(f"[{number}] {words['numbers_of_source']} ({len(entries)})")
            lists.append(
                f"<details><summary>{title}</summary><ul>{''.join(entries)}</ul></details>"
            )
    label = text_html(words["sources_title"])
    return (
        f'<div class="scroll" role="region" tabindex="0" aria-label="{label}">'
        f'<table aria-label="{label}"><thead><tr>{"".join(heads)}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>{''.join(lists)}"
    )


def _numbers_of(source_id: str, paper: Paper) -> list[str]:
    out = []
    for fact in paper.facts:
        if source_id not in fact.get("source_ids", ()):
            continue
        about = " · ".join(filter(None, [fact["about"], str(fact.get("locator", ""))]))
        places = ", ".join(fact["places"])
        out.append(f"<li><b>{text_html(str(fact['text']))}</b> "
                   f"{text_html(about)} ({text_html(places)})</li>")  # fmt: skip
    return out


def page(paper: Paper, body: str) -> str:
    """Return the whole page around the text."""
    words = {name: text_html(text) for name, text in paper.words.items()}
    titles = {
        name: text_html(getattr(paper, name))
        for name in ("title", "subtitle", "edition", "preface")
    } | {"imprint": "".join(f"<p>{text_html(line)}</p>" for line in paper.imprint[1:])}
    navigation = _navigation(paper)
    template = (ASSETS / "paper.html").read_text(encoding="utf-8")
    fields: Mapping[str, str] = {
        **titles,
        "lang": LANGUAGE[paper.lang],
        "skip": words["skip"],
        "contents": words["contents"],
        "back": words["back"],
        "reading_aid": words["reading_aid"],
        "navigation": navigation,
        "lists": _lists(paper),
        "other": _other(paper),
    }
    css = (ASSETS / "paper.css").read_text(encoding="utf-8")
    shown = re.sub(r'(src|href)="data:[^"]*"', "", "".join(fields.values()) + template + body)
    style = _fonts(html.unescape(shown), css) + css
    return _fill(template, {**fields, "style": style, "body": body})


def _fill(template: str, fields: Mapping[str, str]) -> str:
    """Fill ``{{name}}`` slots in one pass: what is filled in is never read again."""
    return re.sub(r"\{\{(\w+)\}\}", lambda m: fields.get(m[1], m[0]), template)


def _fonts(text: str, css: str) -> str:
    faces = []
    for weight, value in (("regular", 400), ("bold", 700)):
        data = base64.b64encode(web_font(text + css, weight)).decode()
        faces.append(
            f'@font-face{{font-family:"{FAMILY}";font-weight:{value};font-style:normal;'
            f'font-display:block;src:url("data:font/woff2;base64,{data}") format("woff2")}}'
        )
    return "\n".join(faces) + "\n"


def _navigation(paper: Paper) -> str:
    entries = []
    for chapter in paper.chapters:
        title = text_html(chapter_title(chapter, paper.lang))
        sections = [
            f'<li><a href="#{block["anchor"]}">'
            f"{text_html(section_number(block, paper.lang) + tree_text(block['ast']))}</a></li>"
            for block in chapter.blocks
            if block["type"] == "heading" and block["level"] == 2
        ]
        inner = f"<ul>{''.join(sections)}</ul>" if sections else ""
        entries.append(f'<li><a href="#{chapter.anchor}">{title}</a>{inner}</li>')
    return f"<ul>{''.join(entries)}</ul>"


def _other(paper: Paper) -> str:
    """Link to the annex, or from the annex to the paper; both stand in one folder."""
    if paper.annex is not None:
        name, title = "annex.html", paper.annex.title
    elif paper.chapters[-1].numbering == "annex":
        name, title = "paper.html", paper.words["to_paper"]
    else:
        return ""
    return f'<p class="other"><a href="{name}">{text_html(title)}</a></p>'


def tree_text(node: object) -> str:
    """Return the plain text of a syntax tree."""
    if isinstance(node, list):
        return "".join(tree_text(item) for item in node)
    if isinstance(node, dict):
        kind, content = node.get("t"), node.get("c")
        if kind == "Str":
            return str(content)
        if kind in ("Space", "SoftBreak", "LineBreak"):
            return " "
        if kind in ("Code", "Math"):
            return str(content[1]) if isinstance(content, list) else ""
        return tree_text(content) if content is not None else ""
    return ""


def _lists(paper: Paper) -> str:
    out = []
    for kind, name in (("figure", "figures"), ("table", "tables")):
        blocks: Sequence[Block] = paper.floats(kind)
        if not blocks:
            continue
        items = "".join(
            f'<li><a href="#{block["anchor"]}">{text_html(block["label"])} '
            f"{text_html(printed(block['caption']))}</a></li>"
            for block in blocks
        )
        title = text_html(paper.words[name])
        out.append(f"<details><summary>{title}</summary><ul>{items}</ul></details>")
    return "".join(out)
