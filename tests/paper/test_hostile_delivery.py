"""A delivery of the office whose notes, titles and publishers are hostile, built into a paper."""

import csv
import hashlib
import json
import re
import shutil
import zipfile

import pytest
from test_hostile import HOSTILE, LONG

from wqa.publication.paper import build_paper

CHAPTER = "15_food_and_drugs"
COLUMNS = (
    "indicator", "region", "period", "value", "unit", "numerator", "denominator", "note",
    "source_title", "source_publisher", "source_date", "source_url", "evidence", "scope",
)  # fmt: skip
RECORD = """\
kind: observations
title: {title}
publisher: {publisher}
published: 2026-03-01
retrieved: 2026-11-22
url: ""
evidence: official
licence: test
files:
  office.csv: {sha256}
"""
TEXTS = {**HOSTILE, **LONG}


@pytest.fixture(scope="module")
def edition(root, tmp_path_factory):
    """A chapter of the real paper, with one figure per hostile text."""
    home = tmp_path_factory.mktemp("office")
    shutil.copytree(root / "data" / "raw", home / "data" / "raw")
    shutil.copytree(root / "notebooks", home / "notebooks")
    folder = home / "data" / "raw" / "office"
    folder.mkdir()
    with (folder / "office.csv").open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(COLUMNS)
        for number, text in enumerate(TEXTS.values()):
            out.writerow([
                "food_sampling_pass_rate", "WH", 2005 + number, "97.5", "%", "", "", text, text,
                text, "2026-03-01", "javascript:alert()", "official", "all_city_sampling",
            ])  # fmt: skip
    digest = hashlib.sha256((folder / "office.csv").read_bytes()).hexdigest()
    quoted = json.dumps(HOSTILE["script"])
    (folder / "source.yml").write_text(
        RECORD.format(title=quoted, publisher=quoted, sha256=digest), encoding="utf-8"
    )
    return build_paper(
        edition=2025, lang="zh", only=CHAPTER, root=home, out=home / "out", allow_errors=True
    )  # formulas are refused, and counted


@pytest.mark.slow
def test_pages_show_it_and_take_none_of_it_for_markup(edition):
    import docx
    import pypdf
    from bs4 import BeautifulSoup

    pages = [BeautifulSoup(edition.files[name].read_text("utf-8"), "html.parser")
             for name in ("html", "annex")]  # fmt: skip
    known = ("#", "http", "data:text/csv;", "annex.html", "paper.html")
    for page in pages:
        assert page.find("script") is None
        names = [name for tag in page.find_all(True) for name in tag.attrs]
        assert not [name for name in names if name.startswith("on")]
        assert not [tag for tag in page.find_all("a") if not tag["href"].startswith(known)]
    reader = pypdf.PdfReader(edition.files["pdf"])
    document = docx.Document(str(edition.files["docx"]))
    read_back = {
        "html": "".join(page.get_text() for page in pages),
        "pdf": "".join(sheet.extract_text() for sheet in reader.pages),
        "docx": document.element.xpath("string(//w:body)"),
    }
    # The lists of all figures stand in the annex; test_hostile prints such texts as PDF and Word.
    whole = re.sub(r"[\s\u200b]+", "", read_back["html"])
    for wanted in ('#panic("x")', "<script>alert", "{{body}}", "C:\\new\\table", "〓〓〓局"):
        assert re.sub(r"\s", "", wanted) in whole, wanted
    for fmt, text in read_back.items():
        assert not re.search("[\u200e\u200f\u202a-\u202e\u2066-\u2069]", text), fmt
        assert "x" * 400 not in re.sub(r"[\s\u200b]+", "", text), fmt
    with zipfile.ZipFile(edition.files["docx"]) as archive:
        assert b"javascript" not in archive.read("word/_rels/document.xml.rels")


@pytest.mark.slow
def test_findings_name_what_could_not_be_printed(edition):
    record = json.loads(edition.files["record"].read_text("utf-8"))
    codes = {finding["code"] for finding in record["findings"]}
    assert {"missing_glyph", "invisible_character", "text_cut"} <= codes
    lost = " ".join(f["value"] for f in record["findings"] if f["code"] == "missing_glyph")
    assert "U+20000" in lost
    assert "U+1F600" in lost


@pytest.mark.slow
def test_data_pack_starts_no_formula_and_keeps_the_text(edition):
    whole = ""
    for path in sorted((edition.folder / "data").glob("*.csv")):
        text = path.read_text("utf-8-sig")
        whole += text
        for row in csv.reader(text.splitlines()):
            for cell in row:
                risky = cell.lstrip(" ").startswith(("=", "+", "-", "@"))
                assert not risky or re.fullmatch(r"[-+]?[\d,.]+(e[-+]?\d+)?%?", cell), cell[:80]
    assert HOSTILE["formula"] not in whole  # refused on reading, with a finding
    record = json.loads(edition.files["record"].read_text("utf-8"))
    refused = {f["value"] for f in record["findings"] if f["code"] == "formula_cell"}
    assert HOSTILE["formula"] in refused
    assert "x" * 10_000 in whole
    assert "\U00020000" in whole
