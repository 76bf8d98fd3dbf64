"""Tables of changes and grades: every kind of row, both languages, no bare number."""

from dataclasses import replace

import pytest

from wqa.display.edition_tables import change_tables, graded_table, grades_table
from wqa.display.facts import plain
from wqa.display.view import open_view
from wqa.display.wording import texts
from wqa.history.edition_changes import COMPARED, diff_editions
from wqa.history.edition_forecasts import grade_forecasts
from wqa.history.editions import OBSERVATION_COLUMNS, TARGET_COLUMNS, edition_record, methods, typed
from wqa.parameters import resolve

SERIES = {"indicator_id": "food_sampling_pass_rate", "region": "CN", "scope": "all_levels"}


@pytest.fixture(scope="module")
def old():
    return edition_record("wuhan-14fyp", "CN", 2021, "2022-09-30")


@pytest.fixture(scope="module")
def new(old):
    """The earlier edition with every kind of change, made by hand."""
    values = old.observations.to_dict("records")
    of_series = [r for r in values if all(r[k] == v for k, v in SERIES.items())]
    last = max(of_series, key=lambda row: row["year"])
    last["value"] += 0.25
    added = {**last, "year": 2022, "value": 97.4, "vintage": "2023-02-01", "source_id": "s-new"}
    gone = next(r for r in values if r["region"] == "CN" and r["scope"] != "all_levels")
    rows = [*(r for r in values if r is not gone), added]
    targets = old.targets.to_dict("records")
    targets[0]["value"] += 1.0
    answers = old.answers.copy()
    answers.loc[2, ["answer", "p_attain"]] = ["likely", 0.8]
    return replace(
        old, edition=2022, as_of="2023-09-30", answers=answers,
        observations=typed(rows, OBSERVATION_COLUMNS), targets=typed(targets, TARGET_COLUMNS),
        methods={**old.methods, "model": "theta"},
    )  # fmt: skip


@pytest.fixture(params=["zh", "en"])
def view(request):
    return open_view(resolve(region="CN", edition=2022, as_of="2023-09-30", lang=request.param))


def printed(table):
    columns = table.columns
    return [plain(row.get(column.key) or "—") for row in table.rows for column in columns]


def test_tables_of_changes(view, old, new):
    tables = change_tables(view, diff_editions(old, new))
    assert {name: len(table.rows) for name, table in tables.items()} == {
        "figures": 1, "revisions": 2, "answers": 1, "targets": 1, "methods": 1,
    }  # fmt: skip
    assert "97.4%" in printed(tables["figures"])
    revised = printed(tables["revisions"])
    assert any("+0.25" in cell for cell in revised)
    why = "来源文件更正" if view.lang == "zh" else "source file corrected"
    assert any(why == cell for cell in revised)
    for table in tables.values():
        assert table.sources
        assert table.to_json()["rows"]


def test_nothing_changed(view, old):
    assert change_tables(view, diff_editions(old, replace(old, edition=2022))) == {}


def test_graded_forecasts(view, old, new):
    graded = grade_forecasts([old, new])
    assert len(graded) == 1
    table = graded_table(view, graded)
    row = printed(table)
    assert "97.4%" in row
    assert row[4] == "2021"
    assert "s-new" in table.sources
    sums = grades_table(view, graded)
    assert len(sums.rows) == 2
    first = printed(sums)
    assert first[:4] == ["2021", "1", "1", "1"]
    assert first[4] in ("0", "100")
    assert len(grades_table(view, graded, ("region",)).rows) == 2


def test_empty_grades_make_empty_tables(view, old):
    graded = grade_forecasts([old])
    assert graded_table(view, graded).rows == []
    assert grades_table(view, graded).rows == []


def test_every_field_and_method_has_a_word():
    known = texts("terms")
    for name in (*COMPARED, "target"):
        assert f"field.{name}" in known
    for name in methods():
        assert f"method.{name}" in known
