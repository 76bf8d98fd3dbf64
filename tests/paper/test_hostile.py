"""Text from data files is neutral in every format: nothing in it is taken for markup."""

import csv
import io
import re
import zipfile

import docx
import pandas as pd
import pypdf
import pytest

from wqa.catalog.records import Source
from wqa.display import report
from wqa.display.facts import Fact
from wqa.display.figures import new_figure, styled
from wqa.display.report import Column, DisplayTable, Drawing
from wqa.errors import BuildError
from wqa.publication import publishing
from wqa.publication.data_pack import safe_cell, write_pack
from wqa.publication.document import assemble, table_rows
from wqa.publication.outline import load_outline
from wqa.publication.printable import is_named, plain

HOSTILE = {
    "script": "<script>alert(document.title)</script><img src=x onerror=alert()>",
    "attribute": '" onmouseover="alert()" x=\'y\' &amp; &lt;b&gt;',
    "typst": '#panic("x") #read("/etc/passwd") $ x $ [a] @label <label> // c /* d */ \\ `raw`',
    "markdown": "# head\n\n| a | b |\n|---|---|\n![x](y.png) [l](javascript:alert()) **b** ~~s~~",
    "braces": "{{body}} {style} {0} {a!r} %s ${HOME} $(id) `id`",
    "backslash": "C:\\new\\table \\u4e00 \\input{x} \\\\",
    "xml": "]]><w:p/> <?xml ?> <!-- c --> &#x41; \x00\x01\x0b\x1b[31m",
    "direction": "abc\u202egnp.exe\u202c \u200f\u200e \u2066x\u2069 \ufeff",
    "emoji": "质量\U0001f600\U0001f468\u200d\U0001f469\u200d\U0001f467",
    "rare": "\U00020000\U0002a6d6\U00030000局",
    "formula": "=HYPERLINK(A)+cmd|x!A",
    "reference": "@fig:nowhere @tbl:nothing",
    "list": "- 1. + x ... -- -? /",
    "quotes": "“全角”‘单’ it's --- ... \u00a0\u3000尾",
}
LONG = {"long_latin": "x" * 10_000, "long_chinese": "很长的名称" * 2_000}


@pytest.fixture
def shown(monkeypatch):
    """Blocks that `wqa.display.report` displays."""
    import IPython.display

    found = []
    monkeypatch.setattr(
        IPython.display, "display", lambda data, **options: found.append(data[report.MIME])
    )
    return found


@styled
def chart():
    figure, axes = new_figure(1.5, "")
    axes.plot([0, 1], [0, 1])
    return figure


def hostile_blocks(shown):
    source = Source(
        id="hostile", title=HOSTILE["typst"] + HOSTILE["script"], publisher=HOSTILE["markdown"],
        published=HOSTILE["attribute"], url="javascript:alert()", evidence="press",
    )  # fmt: skip
    texts = {**HOSTILE, **LONG}
    facts = {
        name: Fact(f"h.{name}", None, text, source_ids=("hostile",), locator=text, note=text)
        for name, text in texts.items()
    }
    report.show(f"名称：{fact}。" for fact in facts.values())
    report.show(report.Paragraphs(tuple(facts.values()), is_list=True))
    report.show(
        DisplayTable(
            "hostile-table",
            f"{facts['typst']}{facts['script']}",
            (Column("name", HOSTILE["script"]), Column("text", HOSTILE["markdown"], "<b>")),
            tuple({"name": name.replace("_", " "), "text": fact} for name, fact in facts.items()),
            (facts["braces"],),
        )
    )
    picture = Drawing(
        chart(), id="hostile-figure", caption=facts["typst"],
        alt=f"{facts['attribute']}{facts['typst']}", sources=["hostile"],
        data=pd.DataFrame({"name": list(texts.values())}),
    )  # fmt: skip
    report.show(picture)
    blocks = [{**block, "where": "10_sampling_pass_rates, cell 1"} for block in shown]
    return blocks, {"hostile": source}


def assembled(blocks, sources, **options):
    outline = load_outline()
    slots = dict.fromkeys(("scope", "region", "plan", "edition", "year", "month", "day"), "x")
    chapter = next(c.id for c in outline.chapters if c.part == "main")
    settings = {"lang": "zh", "slots": slots, "sources": sources}
    return assemble(outline, {chapter: blocks}, **{**settings, **options})


@pytest.fixture
def paper(shown):
    blocks, sources = hostile_blocks(shown)
    slots = {
        "scope": "", "region": HOSTILE["script"], "plan": HOSTILE["braces"] + HOSTILE["typst"],
        "edition": "{{style}}", "year": "#x", "month": "<b>", "day": "\\",
    }  # fmt: skip
    return assembled(blocks, sources, slots=slots)


def test_pdf_prints_it_as_it_stands(paper, tmp_path):
    publishing.write(paper, "pdf", tmp_path / "x.pdf", "2026-01-01")
    reader = pypdf.PdfReader(tmp_path / "x.pdf")
    text = re.sub(r"[\s\u200b]+", "", "".join(page.extract_text() for page in reader.pages))
    some = ('#panic("x")', "<script>alert", "{{body}}", "C:\\new\\table", "**b**")
    for wanted in (*some, HOSTILE["list"]):
        assert re.sub(r"\s", "", wanted) in text, wanted


def test_html_takes_none_of_it_for_markup(paper, tmp_path):
    from bs4 import BeautifulSoup

    publishing.write(paper, "html", tmp_path / "x.html", "2026-01-01")
    page = BeautifulSoup((tmp_path / "x.html").read_text("utf-8"), "html.parser")
    assert page.find("script") is None
    assert not [tag for tag in page.find_all(True) for name in tag.attrs if name.startswith("on")]
    assert len(page.find_all("img")) == 1
    links = [tag["href"] for tag in page.find_all("a")]
    assert all(link.startswith(("#", "data:text/csv;")) for link in links), links
    text = page.get_text()
    for wanted in ("<script>alert", "{{body}}", '#panic("x")', "\\u4e00", "${HOME}"):
        assert wanted in text, wanted
    assert page.title.get_text() == page.title.get_text().replace("@font-face", "")


def test_word_file_is_well_formed_and_shows_it(paper, tmp_path):
    publishing.write(paper, "docx", tmp_path / "x.docx", "2026-01-01")
    document = docx.Document(str(tmp_path / "x.docx"))
    text = document.element.xpath("string(//w:body)")
    for wanted in ("<script>alert", "{{body}}", '#panic("x")', "C:\\new\\table"):
        assert wanted in text, wanted
    with zipfile.ZipFile(tmp_path / "x.docx") as archive:
        assert b"javascript" not in archive.read("word/_rels/document.xml.rels")


def test_what_cannot_be_printed_is_visible_and_reported(paper):
    codes = {finding["code"] for finding in paper.findings}
    assert {"missing_glyph", "invisible_character", "text_cut"} <= codes
    named = " ".join(f["value"] for f in paper.findings if f["code"] == "missing_glyph")
    assert "U+20000" in named
    assert "U+1F600" in named
    sheet = next(node for node in paper.chapters[0].nodes if is_named(node, "sheet"))
    cells = [plain(cell[4]) for row in table_rows(sheet["c"][1][0]) for cell in row]
    assert any(cell.startswith("〓〓〓局") for cell in cells)
    assert max(map(len, cells)) < 400
    everything = "".join(cells)
    assert not re.search("[\u200e\u200f\u202a-\u202e\u2066-\u2069\x00-\x1f]", everything)


def test_data_pack_keeps_the_text_and_starts_no_formula(paper, tmp_path):
    write_pack(paper, tmp_path / "data", "")
    text = (tmp_path / "data" / "hostile-table.csv").read_text("utf-8-sig")
    rows = {row[0]: row[1] for row in csv.reader(io.StringIO(text, newline=""))}
    assert rows["formula"] == "'" + HOSTILE["formula"]
    assert rows["reference"].startswith("'@")
    assert len(rows["long latin"]) == 10_000
    assert "\U00020000" in rows["rare"]


@pytest.mark.parametrize(
    ("cell", "safe"),
    [
        ("=1+1", "'=1+1"), ("+8613", "+8613"), ("-3.5", "-3.5"), ("\N{MINUS SIGN}3.5", "-3.5"),
        ("+a", "'+a"), ("-a", "'-a"), ("@x", "'@x"), ("\t=1", "'\t=1"), ("  =1", "'  =1"),
        ("\n=1", "'\n=1"), ("98.5%", "98.5%"), ("-1+cmd", "'-1+cmd"), ("食品", "食品"), ("", ""),
        ("1,234.5", "1,234.5"), ("\r=1", "'\r=1"),
    ],
)  # fmt: skip
def test_safe_cell(cell, safe):
    assert safe_cell(cell) == safe


def test_reference_that_leads_nowhere_is_an_error(shown):
    report.show("见@fig:nowhere。")
    with pytest.raises(BuildError, match="a reference leads nowhere; got '@fig:nowhere'"):
        assembled([{**block, "where": "x, cell 1"} for block in shown], {})


def test_unknown_source_is_an_error(shown):
    report.show(Fact("a", 1, "1", source_ids=("nobody",)))
    with pytest.raises(BuildError, match="a source is not known; got 'nobody'"):
        assembled([{**block, "where": "x, cell 1"} for block in shown], {})


def test_id_that_stands_twice_is_an_error(shown):
    for _ in range(2):
        report.show(
            DisplayTable("same", "x", (Column("a", "x"),), ({"a": "y"},), sources=("computed",))
        )
    with pytest.raises(BuildError, match="an id stands twice"):
        assembled([{**block, "where": "x, cell 1"} for block in shown], {})
