import json
import math
import re

import pytest

from wqa.catalog.records import Source
from wqa.errors import BuildError, CatalogError
from wqa.publication import publishing
from wqa.publication.column_widths import (
    PADDING,
    SIZE,
    TEXT_WIDTH,
    decimal_shifts,
    em_width,
    lines_of,
    shared_widths,
)
from wqa.publication.fonts import font_path, missing_glyphs, web_font
from wqa.publication.formats import breakable
from wqa.publication.outline import load_outline, with_title
from wqa.publication.printable import Cleaner, Register


def test_bundled_font_covers_the_official_character_sets():
    rows = [bytes([high, low]) for high in range(0xB0, 0xF8) for low in range(0xA1, 0xFF)]
    hanzi = "".join(row.decode("gb2312", "ignore") for row in rows)
    assert len(hanzi) == 6763
    assert missing_glyphs(hanzi) == set()
    # Places and persons beyond GB 2312, and the signs of statistics.
    assert missing_glyphs("浉硚瀍喆堃镕䶮≥≤±×−–—“”‘’…℃μ²³①Ⅱ〓、。，；：？！（）《》") == set()
    assert missing_glyphs("武\U00020000汉😀") == {"\U00020000", "😀"}


def test_web_font_holds_only_what_is_needed_and_is_reproducible():
    first, second = web_font("质量", "bold"), web_font("量质量", "bold")
    assert first == second
    assert first[:4] == b"wOF2"
    assert len(first) < 5_000
    with pytest.raises(BuildError, match="no such weight"):
        font_path("italic")


def test_epoch_is_noon_utc():
    assert publishing.epoch_of("1970-01-02") == 36 * 3600


def test_prose_is_parsed_cell_by_cell():
    trees = publishing.parse_prose(["## 标题\n\n甲", "乙 <b>x</b> $x$", ""])
    assert [len(tree) for tree in trees] == [2, 1, 0]
    assert publishing.parse_prose([]) == []


@pytest.mark.parametrize("texts", [["::: {.box}\n\ninside", "next"], ["wqa-cell-break"]])
def test_open_block_in_prose_is_an_error(texts):
    with pytest.raises(BuildError, match=r"leaves a block open|unclosed"):
        publishing.parse_prose(texts)


def test_unknown_format_is_an_error(tmp_path):
    with pytest.raises(BuildError, match="unknown format"):
        publishing.write(None, "odt", tmp_path / "x", "2026-01-01")


def test_chapter_list_has_both_languages_and_known_parts(root):
    outline = load_outline()
    assert {c.part for c in outline.chapters} <= {p.id for p in outline.parts}
    for lang, letter in (("zh", "[\u4e00-\u9fff]"), ("en", "[A-Za-z]")):
        for chapter in outline.chapters:
            assert re.match(letter, with_title(chapter, root / "notebooks", lang).title)
        assert all(outline.words(lang).values())


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("part: main", "part: nothing", "no such part"),
        ("- {id: 90_summary", "", "a chapter stands twice"),
        (", part: main", "", "part"),
        ("en: Contents", "fr: Sommaire", "a label lacks a language"),
        ("parts:", "part:", "part"),
    ],
)
def test_wrong_chapter_list_names_file_and_line(tmp_path, root, old, new, message):
    text = (root / "wqa" / "catalog_data" / "paper.yml").read_text("utf-8")
    assert old in text
    if message == "a chapter stands twice":
        line = next(line for line in text.splitlines() if old in line)
        changed = text.replace(line, f"{line}\n{line}")
    else:
        changed = text.replace(old, new, 1)
    (tmp_path / "paper.yml").write_text(changed, "utf-8")
    with pytest.raises(CatalogError, match=message) as caught:
        load_outline(tmp_path)
    assert re.search(r"paper\.yml:\d+", str(caught.value))


def test_numbers_are_aligned_on_the_point():
    shift = decimal_shifts("decimal", ["95.1", "100", "0.029", "\N{MINUS SIGN}3", "无", "98.5"])
    assert shift[2] == 0
    assert shift[4] == 0
    assert shift[0] == shift[5]
    assert math.isclose(shift[0], 2 * 0.555)
    assert math.isclose(shift[1], 0.278 + 3 * 0.555)
    assert shift[1] == shift[3]
    assert decimal_shifts("right", ["95.1", "100"]) == [0, 0]


def points(heads, rows):
    """Widths of the columns, in em of a table."""
    return [width * TEXT_WIDTH for width in shared_widths([heads, *rows], ["left"] * len(heads))]


def test_columns_fill_the_page_and_keep_words_whole():
    heads = ["指标", "基期值", "判定", "理由"]
    rows = [["特种设备万台死亡率", "0.029", "无法评估", "没有独立资料，" * 9]] * 3
    widths = points(heads, rows)
    assert math.isclose(sum(widths), TEXT_WIDTH)
    for width, text in zip(widths[1:3], rows[0][1:3], strict=True):
        assert width - PADDING >= em_width(text)


def test_room_goes_where_it_saves_lines():
    heads = ["Row", "Indicator", "Latest value", "Remark"]
    rows = [[str(n), "A name that is rather long and has many words", "85.7% (2024)", "\N{EM DASH}"]
            for n in range(20)]  # fmt: skip
    widths = points(heads, rows)
    assert lines_of(rows, [width / TEXT_WIDTH for width in widths]) == 20
    assert max(widths) == widths[1]


def test_heads_keep_their_words_whole_in_bold_letters():
    heads = ["Row", "Batches", "Evidence", "Text"]
    widths = points(heads, [["1", "\N{EM DASH}", "press", "words " * 60]] * 4)
    for text, width in zip(heads[:3], widths, strict=False):
        assert width - PADDING >= 1.05 * em_width(text)


def test_no_table_is_wider_than_the_page_or_below_the_size_of_official_print():
    assert SIZE == 9.0
    assert math.isclose(sum(points(["指标名称"] * 14, [["12345.6"] * 14])), TEXT_WIDTH)


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("a\n b\t c", "a b c"), (" x ", "x"), ("PM₂.₅", "PM2.5"), ("a\u200bb\ufeff", "ab"),
        ("\u202eabc", "abc"), ("\U00020000", "〓"), ("质\x00量", "质量"),
    ],
)  # fmt: skip
def test_line_is_made_printable(text, clean):
    assert Cleaner().line(text, "here") == clean


def test_what_was_changed_is_reported_once_per_place():
    cleaner = Cleaner()
    for _ in range(3):
        cleaner.line("\U00020000\u202e" + "长" * 50, "table", limit=10)
    found = {finding["code"]: finding for finding in cleaner.findings()}
    assert set(found) == {"missing_glyph", "invisible_character", "text_cut"}
    assert found["missing_glyph"]["value"] == "U+20000"
    assert found["text_cut"]["value"] == "51"
    assert all(finding["where"] == "table" for finding in found.values())


def test_only_endless_runs_get_break_places():
    assert breakable("specification " * 20) == "specification " * 20
    address = "https://www.example.org/" + "a" * 60
    assert breakable(address).replace("\u200b", "") == address
    assert "\u200b" in breakable(address)


def test_a_range_of_sources_hides_no_mark_of_weaker_evidence():
    grades = ["official"] * 4 + ["press"] + ["official"] * 2 + ["press"] * 3
    known = {
        f"s{n}": Source(id=f"s{n}", title="x", publisher="x", evidence=grade)
        for n, grade in enumerate(grades)
    }
    register = Register("zh", load_outline().words("zh"), known, {})
    line = json.dumps(register.source_line([*known], "here"), ensure_ascii=False)
    assert "".join(re.findall("\\[\\d+\\**\\]|\N{EN DASH}", line)) == "[1]–[4][5*][6][7][8*]–[10*]"
