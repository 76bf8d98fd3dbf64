import pytest

from wqa.display.facts import Fact
from wqa.display.report import Column, DisplayTable, sources_of
from wqa.errors import CatalogError, DataError

COLUMNS = (Column("region", "地区"), Column("value", "合格率", unit="%"))


def cell(value, source="src-a"):
    return Fact(f"v.{value}", value, str(value), source_ids=(source,))


def test_a_missing_cell_is_a_dash():
    table = DisplayTable(
        "rates", "合格率", COLUMNS, ({"region": "甲", "value": cell(97.6)}, {"region": "乙"})
    )
    assert table.to_json()["rows"][1] == {"region": ["乙"], "value": ["—"]}


def test_sources_come_from_the_cells():
    rows = (
        {"region": "甲", "value": cell(1.0, "b")},
        {"region": "乙", "value": f"{cell(2.0, 'a')}%"},
    )
    assert DisplayTable("t", "表", COLUMNS, rows).sources == ("a", "b")
    assert sources_of(["甲", cell(1.0, "z")]) == ("z",)


def test_bare_number_is_refused():
    with pytest.raises(CatalogError, match="t, row 1, column value: a numeral"):
        DisplayTable("t", "表", COLUMNS, ({"region": "甲", "value": 97.6},)).to_json()


def test_number_as_text_is_refused():
    with pytest.raises(CatalogError, match="numeral"):
        DisplayTable("t", "表", COLUMNS, ({"region": "甲", "value": "97.6"},)).to_json()


def test_a_column_without_any_cell_is_left_out():
    table = DisplayTable("t", "表", COLUMNS, ({"region": "甲", "value": "", "other": "乙"},))
    assert [column["key"] for column in table.to_json()["columns"]] == ["region"]


def test_column_keys_are_unique():
    with pytest.raises(DataError, match="twice"):
        DisplayTable("t", "表", (COLUMNS[0], COLUMNS[0]), ())


def test_head_with_a_digit_is_refused():
    with pytest.raises(CatalogError, match="head of column x"):
        Column("x", "2020年")


def test_json_has_every_cell_as_parts():
    table = DisplayTable("t", "表", COLUMNS, ({"region": "甲", "value": cell(1.5)}, {}), ("注",))
    data = table.to_json()
    assert data["rows"][0]["value"][0]["text"] == "1.5"
    assert data["rows"][1]["region"] == ["—"]
    assert data["notes"] == [["注"]]
    assert data["columns"][1] == {
        "key": "value",
        "label": "合格率",
        "unit": "%",
        "align": "decimal",
    }
