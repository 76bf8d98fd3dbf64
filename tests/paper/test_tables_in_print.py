"""Tables in print: low ones stay whole, long ones repeat their head on each page."""

import re

import pypdf
import pytest

from wqa.publication import publishing
from wqa.publication.document import assemble
from wqa.publication.outline import load_outline

COLUMNS = [{"key": "a", "label": "Headword", "unit": "", "align": "left"},
           {"key": "b", "label": "Value", "unit": "%", "align": "decimal"}]  # fmt: skip


def table(rows):
    return {
        "type": "table", "id": "t", "caption_parts": ["Captionword"], "columns": COLUMNS,
        "rows": [{"a": [f"row-{n}-of-it"], "b": [f"{n / 4:g}"]} for n in range(rows)],
        "notes": [["Noteword"]], "sources": ["computed"], "where": "x",
    }  # fmt: skip


def pages(blocks, folder):
    """Text of the pages of a document of these blocks, after the cover."""
    outline = load_outline()
    slots = dict.fromkeys(("region", "region_id", "plan", "edition", "year", "month", "day"), "x")
    chapter = next(c.id for c in outline.chapters if c.part == "main")
    paper = assemble(outline, {chapter: blocks}, lang="en", slots=slots, sources={})
    publishing.write(paper, "pdf", folder / "x.pdf", "2026-01-01")
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
