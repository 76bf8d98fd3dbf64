"""The scanner finds what is typed and accepts what rests on a record."""

import re
import shutil
import zipfile

import pytest
from numeral_scan.numerals import find_numerals, squeezed
from numeral_scan.pdf_cover import Cover
from numeral_scan.scanner import scan

from wqa.errors import BuildError


def numerals(text, lang=""):
    return [numeral.text for numeral in find_numerals(text, lang)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("合格率98.3%，提高0.5个百分点", ["98.3%", "0.5"]),
        ("2010年85.27，2011年91", ["2010", "85.27", "2011", "91"]),
        ("抽检1,234,567批次", ["1,234,567"]),
        ("变动−3.5，+2，±1", ["−3.5", "+2", "±1"]),
        ("2021—2025年", ["2021", "2025"]),
        ("全角５．２％", ["５．２％"]),
        ("x² 与 ③", ["²", "③"]),
        ("无数字", []),
    ],
)
def test_digits_of_every_script_are_found(text, found):
    assert numerals(text) == found


@pytest.mark.parametrize(
    ("text", "lang", "found"),
    [
        ("两项、十二个、百分之三、三个百分点", "zh", ["两", "十二", "百分之三", "三"]),
        ("最近一次公布，口径一致，统一监测", "zh", []),
        ("the two of thirty-five cities, twice", "en", ["two", "thirty-five", "twice"]),
        ("one of them, often", "en", []),
    ],
)
def test_number_words_are_found_where_they_count(text, lang, found):
    assert numerals(text, lang) == found


def test_an_edition_holds_no_number_without_record(edition, project):
    _, result = edition
    found = scan(result.folder, project / "catalog")
    assert set(found.formats) == {"html", "docx", "pdf"}
    assert [(fmt, o.text, o.place, o.context) for fmt, o in found.orphans()] == []
    for fmt in found.formats:
        assert sum(found.counts(fmt).values()) > 40, fmt
        assert found.counts(fmt)["observation"] > 0, fmt


@pytest.fixture
def copy(build, tmp_path):
    return shutil.copytree(build("zh").folder, tmp_path / "edition")


def test_number_typed_into_the_page_is_found_even_if_a_fact_prints_alike(copy, project):
    page = copy / "paper.html"
    text = page.read_text("utf-8")
    typed = re.sub(r"(<p[^>]*>)口径见附录。", r"\1口径见附录，合格率98.3%。", text)
    typed = typed if typed != text else text.replace("</main>", "<p>合格率98.3%。</p></main>")
    page.write_text(typed, "utf-8")
    orphans = [(fmt, o.text) for fmt, o in scan(copy, project / "catalog").orphans()]
    assert ("html", "98.3%") in orphans


def test_number_changed_in_word_is_found(copy, project):
    path = copy / "paper.docx"
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    assert b"98.3" in parts["word/document.xml"]
    parts["word/document.xml"] = parts["word/document.xml"].replace(b"98.3", b"98.4", 1)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    orphans = [(fmt, o.text) for fmt, o in scan(copy, project / "catalog").orphans()]
    assert any(fmt == "docx" and text.startswith("98.4") for fmt, text in orphans)


def test_fact_without_origin_is_an_orphan(copy, project):
    facts = copy / "data" / "facts.csv"
    lines = facts.read_text("utf-8-sig").splitlines(keepends=True)
    facts.write_text("".join(lines[:1]), "utf-8-sig")
    assert any(fmt == "html" for fmt, _ in scan(copy, project / "catalog").orphans())


def test_folder_without_edition_is_an_error(tmp_path):
    with pytest.raises(BuildError, match="no edition in this folder"):
        scan(tmp_path)


def test_bare_text_of_a_pdf_stays_visible():
    pages = [("1", "题 版 本章\n合格率为 98.3%，比上\n年高。另有 5 批次。\n1")]
    cover = Cover(pages, ["题版本章"])
    assert cover.take(squeezed("合格率为98.3%，比上年高。"), [("98.3%", "observation")])
    assert not cover.take(squeezed("没有的句子，共9项。"), [("9", "observation")])
    left = [(text, kind) for text, kind, _, _ in cover.numerals("zh")]
    assert left == [("1", "page number"), ("98.3%", "observation"), ("5", "")]


def test_a_number_is_not_cut_in_two():
    cover = Cover([("1", "甲 12.5 乙 2 丙\n1")], [])
    assert cover.take("2", [("2", "count")])
    assert ("12.5", "") in [(text, kind) for text, kind, _, _ in cover.numerals("zh")]
