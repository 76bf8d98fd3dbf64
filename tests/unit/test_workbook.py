"""The workbook of the data pack: typed cells, no formula, the same bytes every time."""

import io

import pytest
from openpyxl import load_workbook

from wqa.publication import workbook as module
from wqa.publication.workbook import typed, workbook

SHEETS = {"表1": [["年份", "合格率"], ["2018", "97.82%"], ["=1+1", "69,302"]], "Sources": [["a"]]}


@pytest.mark.parametrize(
    ("text", "value", "shown"),
    [
        ("2018", 2018, "0"),
        ("97.82", 97.82, "0.00"),
        ("97.8%", 0.978, "0.0%"),
        ("−0.19", -0.19, "0.00"),
        ("69,302", 69302, "#,##0"),
        ("007", "007", "@"),
        ("≥98", "≥98", "@"),
        ("=HYPERLINK()", "=HYPERLINK()", "@"),
        ("a\x0bb", "ab", "@"),
    ],
)
def test_cells_are_typed(text, value, shown):
    assert typed(text) == (pytest.approx(value) if isinstance(value, float) else value, shown)


def test_sheets_hold_what_was_given_and_no_formula():
    book = load_workbook(io.BytesIO(workbook(SHEETS)))
    assert book.sheetnames == ["表1", "Sources"]
    sheet = book["表1"]
    assert [[cell.value for cell in row] for row in sheet.iter_rows()] == [
        ["年份", "合格率"], [2018, pytest.approx(0.9782)], ["=1+1", 69302],
    ]  # fmt: skip
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} <= {"s", "n"}
    assert sheet.freeze_panes == "A2" and sheet["A1"].font.bold


def test_bytes_do_not_depend_on_the_clock(monkeypatch):
    import datetime as clock

    import openpyxl.writer.excel as excel

    once = workbook(SHEETS)

    class Later(clock.datetime):
        @classmethod
        def now(cls, tz=None):
            return clock.datetime(2031, 5, 6, tzinfo=tz)

    later = type("module", (), {"datetime": Later, "timezone": clock.timezone})
    monkeypatch.setattr(excel, "datetime", later)
    assert workbook(SHEETS) == once
    assert module.MADE.year == 2000
