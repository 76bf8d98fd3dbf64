"""Tables: low ones stay whole in print, long ones repeat their head, points stand in line."""

import json
import re

import pypdf
import pytest

from wqa.publication import publishing
from wqa.publication.document import assemble
from wqa.publication.formats import html_tree, typst_tree, word_tree
from wqa.publication.outline import load_outline

COLUMNS = [{"key": "a", "label": "Headword", "unit": "", "align": "left"},
           {"key": "b", "label": "Value", "unit": "%", "align": "decimal"}]  # fmt: skip


def table(rows):
    return {
        "type": "table", "id": "t", "caption_parts": ["Captionword"], "columns": COLUMNS,
        "rows": [{"a": [f"row-{n}-of-it"], "b": [f"{n / 4:g}"]} for n in range(rows)],
        "notes": [["Noteword"]], "sources": ["computed"], "where": "x",
    }  # fmt: skip


def paper_of(blocks):
    outline = load_outline()
    names = ("scope", "region", "region_id", "plan", "edition", "year", "month", "day")
    slots = dict.fromkeys(names, "x")
    chapter = next(c.id for c in outline.chapters if c.part == "main")
    return assemble(outline, {chapter: blocks}, lang="en", slots=slots, sources={})


def pages(blocks, folder):
    """Text of the pages of a document of these blocks, after the cover."""
    publishing.write(paper_of(blocks), "pdf", folder / "x.pdf", "2026-01-01")
    return [page.extract_text() for page in pypdf.PdfReader(folder / "x.pdf").pages][1:]


@pytest.mark.parametrize("lines", range(25, 40, 4))
def test_a_low_table_stays_whole_with_caption_and_notes(lines, tmp_path):
    filler = [{"type": "text", "parts": [f"Filler {n}."], "where": "x"} for n in range(lines)]
    (found,) = [text for text in pages([*filler, table(10)], tmp_path) if "row-" in text]
    assert len(re.findall(r"row-\d+-of-it", found)) == 10
    assert "Captionword" in found
    assert "Noteword" in found


@pytest.mark.parametrize("lines", range(25, 40, 4))
def test_a_long_table_repeats_its_head_and_begins_with_some_rows(lines, tmp_path):
    filler = [{"type": "text", "parts": [f"Filler {n}."], "where": "x"} for n in range(lines)]
    found = [text for text in pages([*filler, table(90)], tmp_path) if "row-" in text]
    assert len(found) > 1
    assert all("Headword" in text for text in found)
    assert "Captionword" in found[0]
    assert len(re.findall(r"row-\d+-of-it", found[0])) >= 3


@pytest.mark.parametrize(
    ("tree", "room"),
    [(html_tree, "padding-right:1.388em"), (typst_tree, "#h(1.388em);"), (word_tree, "<w:spacing")],
)
def test_numbers_stand_under_each_other_in_every_format(tree, room):
    # 0.25 needs no room; 0 and 1 need that of the point and two digits.
    assert json.dumps(tree(paper_of([table(5)]))).count(room) >= 2
    assert room not in json.dumps(tree(paper_of([table(1)])))
