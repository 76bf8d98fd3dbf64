"""The fixture edition, read back from all three formats."""

import hashlib
import io
import json
import re
import subprocess
import zipfile

import docx
import pypdf
import pytest
from openpyxl import load_workbook

KNOWN = {
    "zh": ["武汉市质量白皮书", "要点", "第一个主题", "食品抽检合格率为98.3%", "基期值与判断",
           "口径见附录。", "资料来源", "目录", "武汉市质量发展“十四五”规划"],
    "en": ["Quality White Paper", "In brief", "The first subject", "The food pass rate is 98.3%",
           "Baselines and answers", "Sources", "Contents"],
}  # fmt: skip


def squeezed(text):
    """Text without white space: a PDF breaks lines where it likes."""
    return re.sub(r"\s+|\u200b", "", text)


@pytest.fixture(scope="session")
def pdf(edition):
    lang, result = edition
    return lang, pypdf.PdfReader(result.files["pdf"])


@pytest.fixture(scope="session")
def word(edition):
    lang, result = edition
    return lang, docx.Document(str(result.files["docx"]))


def test_pdf_holds_the_known_sentences(pdf):
    lang, reader = pdf
    text = squeezed("".join(page.extract_text() for page in reader.pages))
    for sentence in KNOWN[lang]:
        assert squeezed(sentence) in text, sentence


@pytest.mark.needs_pdf
def test_another_reader_sees_the_same_text(edition, needs_program):
    lang, result = edition
    command = [needs_program("pdftotext"), str(result.files["pdf"]), "-"]
    text = squeezed(subprocess.run(command, capture_output=True, check=True, text=True).stdout)
    for sentence in KNOWN[lang]:
        assert squeezed(sentence) in text, sentence


def test_word_holds_the_known_sentences(word):
    lang, document = word
    text = squeezed(document.element.xpath("string(//w:body)"))
    for sentence in KNOWN[lang]:
        assert squeezed(sentence) in text, sentence


def test_word_has_real_styles_and_fields(word):
    lang, document = word
    by_style = {}
    for paragraph in document.paragraphs:
        by_style.setdefault(paragraph.style.name, []).append(paragraph.text)
    assert len(by_style["Heading 1"]) == 3
    assert by_style["Heading 2"]
    label = "表1-1" if lang == "zh" else "Table 1-1"
    assert by_style["Table Caption"][0].startswith(label)
    assert by_style["Image Caption"]
    xml = document.element.xml
    assert " SEQ table_1 " in xml
    assert r' TOC \o "1-1" ' in xml
    assert len(by_style["toc 1"]) == 3


def test_word_keeps_notes_with_their_table_and_heads_with_their_list(word):
    _, document = word
    # The last table is the annex of sources, which has no notes.
    for table in document.tables[:-1]:
        assert table.rows[-1].cells[0].paragraphs[0].style.paragraph_format.keep_with_next
    heads = [p for p in document.paragraphs if p.style.style_id == "TOCHeading"]
    assert heads
    assert all(p.style.paragraph_format.keep_with_next for p in heads)


def test_record_names_inputs_outputs_and_no_time(edition):
    lang, result = edition
    record = json.loads((result.folder / "build.json").read_text(encoding="utf-8"))
    assert record["parameters"]["lang"] == lang
    assert [c["id"] for c in record["chapters"]] == ["90_second", "10_first", "sources"]
    for name, digest in record["outputs"].items():
        assert hashlib.sha256((result.folder / name).read_bytes()).hexdigest() == digest
    assert "data/raw/published_figures/observations.csv" in record["inputs"]
    assert "notebooks/10_first.ipynb" in record["inputs"]
    assert "seconds" not in json.dumps(record)
    log = json.loads((result.folder / "build-log.json").read_text(encoding="utf-8"))
    assert set(log["steps"]) == {"10_first", "90_second", "html", "pdf", "docx"}


def test_data_pack_holds_every_table_and_figure(edition):
    _, result = edition
    with zipfile.ZipFile(result.files["data"]) as archive:
        names = archive.namelist()
        assert names == sorted(names)
        goals = archive.read("data/goals.csv").decode("utf-8-sig")
        book = load_workbook(io.BytesIO(archive.read("data/data.xlsx")))
    tables = {"contents.csv", "facts.csv", "goals.csv", "sources.csv", "trend.csv"}
    expected = {*tables, "data.xlsx"}
    assert {name.removeprefix("data/") for name in names} == expected
    assert {path.name for path in (result.folder / "data").iterdir()} == expected
    assert len(goals.splitlines()) == 61
    assert "95.1" in goals
    assert book.sheetnames[:2] == ["contents", "sources"] and len(book.sheetnames) == 4
    sheet = book[book.sheetnames[2]]
    assert sheet.max_row == 61 and sheet["B2"].value == 95.1


def test_executed_notebooks_are_kept_and_clean(edition):
    _, result = edition
    book = json.loads((result.folder / "notebooks" / "10_first.ipynb").read_text("utf-8"))
    assert "papermill" not in book["metadata"]
    assert all(not set(cell["metadata"]) - {"tags"} for cell in book["cells"])
