"""Checks: the project's own data, series as wholes, cells, findings, and the rule tables."""

import csv
import re
from pathlib import Path

import pandas as pd
import pytest
from cases import cases
from observation_frames import figures

from wqa.catalog.catalog import load_indicators, load_units
from wqa.data import cells
from wqa.data.cells import FORMULA, Period, parse_number, parse_period, resolve_date
from wqa.data.deliveries import parse_table, read_deliveries
from wqa.data.findings import Findings, findings_frame, sorted_findings
from wqa.data.loading import check_project, load_observations
from wqa.data.series import series_errors, series_reviews
from wqa.errors import CatalogError
from wqa.paths import CATALOG


def test_the_projects_own_data_have_these_findings_to_review(root: Path) -> None:
    # A changed number here means that the data, a rule or a check has changed: look, then update.
    frame = findings_frame(check_project(root))
    assert set(frame["severity"]) == {"review"}
    assert frame["code"].value_counts().to_dict() == {
        "missing_year": 52, "rate_other_base": 10, "undated_source": 8, "correction_applied": 100,
        "approximate_date": 6, "values_disagree": 1, "failure_counted": 1,
    }  # fmt: skip


def test_as_of_looks_at_series_as_they_were_known(root: Path) -> None:
    early = check_project(root, as_of="2018-12-31")
    assert not any("2024" in f.value for f in early if f.code == "values_disagree")
    assert len(early) < len(check_project(root))


def test_a_cell_without_end_makes_the_file_unreadable() -> None:
    limit, findings = csv.field_size_limit(1000), Findings()
    content = b'code,name_zh,name_en,level\nWH,"' + b"x" * 2000
    try:
        assert parse_table(content, "a.csv", "regions", findings) == {}
        assert [finding.code for finding in findings] == ["not_csv"]
    finally:
        csv.field_size_limit(limit)


def test_findings_frame_speaks_two_languages_and_puts_errors_first() -> None:
    found = Findings()
    found.add("blank_row", file="a.csv", row=3)
    found.add("percent_sign", file="b.csv", row=2, column="value", value="98%")
    found.add("header_typo", file="c.csv", value=" value", nearest="'value'")
    zh, en = findings_frame(found, "zh"), findings_frame(found, "en")
    assert list(zh["severity"]) == ["error", "error", "review"]
    assert list(zh.columns) == ["severity", "code", "file", "row", "column", "value", "message"]
    assert list(findings_frame([]).columns) == list(zh.columns)
    assert zh.loc[0, "message"].startswith("'98%' 含百分号")
    assert en.loc[0, "message"].startswith("'98%' has a percent sign")
    assert "' value'" in en.loc[1, "message"] and "nearest is 'value'" in en.loc[1, "message"]


def test_two_faults_of_one_place_keep_their_order() -> None:
    found = Findings()
    for position in (2, 3):
        found.add("blank_header", file="a.csv", row=1, expected=position)
    one, other = found
    assert sorted_findings([one, other, one]) == sorted_findings([other, one]) == [one, other]


def yearly(*values: float, indicator: str = "special_equipment_stock") -> pd.DataFrame:
    rows = ({"year": 2015 + n, "value": value, "row": n} for n, value in enumerate(values))
    return figures(*({"indicator_id": indicator, "scope": "a", **row} for row in rows))


@pytest.mark.parametrize("factor", [10.0, 10_000.0, 1e8, 0.01, 0.001])
@pytest.mark.parametrize("places", [(0,), (3,), (8,), (2, 3), (0, 1, 5), (1, 4, 8)])
def test_slips_of_the_unit_are_found_wherever_they_stand(root: Path, factor, places) -> None:
    asked = ("special_equipment_stock", "CN")
    frame = load_observations(*asked, range(2016, 2025), scope="registered", root=root)
    assert not series_errors(frame, load_indicators())
    wrong = frame.copy()
    wrong.loc[list(places), "value"] *= factor
    found = series_errors(wrong, load_indicators())
    assert [(f.code, f.row) for f in found] == [("unit_jump", frame.loc[p, "row"]) for p in places]


@pytest.mark.parametrize(
    "values", [(1, 10, 1), (15.0, 150.0), (15.0, 16.0, 150.0, 160.0), (15.0, 60.0, 16.0, 160.0)]
)
def test_small_counts_may_jump_and_what_cannot_be_told_is_left(values) -> None:
    assert series_errors(yearly(*values), load_indicators()) == []


@pytest.mark.parametrize(
    ("values", "rows"),
    [((6, 5, 5, 21), [3]), ((20, 41, 63, 80), [2]), ((20, 22, 19, 24), []), ((1, 2, 4, 8), [])],
)
def test_a_cumulative_number_among_yearly_ones_is_shown(values, rows) -> None:
    flow = yearly(*values, indicator="local_standards_new")
    found = series_reviews(flow, {"local_standards_new"})
    assert [(f.code, f.row) for f in found] == [("cumulative_value", row) for row in rows]
    assert series_reviews(flow, {"luban_awards"}) == []


READERS = {
    "number": parse_number,
    "formula": lambda text: FORMULA.match(text) is not None,
    "period": lambda text: spelt(parse_period(text)),
    "date": lambda text: " ".join(resolve_date(text, "2026-03-01")).strip(),
}


def spelt(period: Period | str) -> str:
    if isinstance(period, str):
        return period
    year = period.period == period.end[:4]
    assert (period.year, period.is_annual) == (int(period.end[:4]), year)
    return f"{period.period} | {period.start} | {period.end}"


@cases("unit/cells.csv")
def test_cells_are_read_or_refused_never_guessed(reader: str, text: str, read: str) -> None:
    assert str(READERS[reader](text)) == read


def test_rules_name_what_exists() -> None:
    indicators, units = load_indicators(), load_units()
    assert {rule.unit for rule in cells.load_raw_units().values()} <= set(units)
    for name, rules in cells.load_scope_rules().items():
        for rule in rules:
            assert rule.indicator_id in indicators, name
            assert rule.year_from <= rule.year_to, name
            assert (rule.reason_zh == "") == (rule.reason_en == ""), (name, rule.scope)


@pytest.mark.parametrize(
    ("unit", "into", "factor"),
    [("item", "certificate_10k", 1e-4), ("yuan_100m", "yuan_10k", 1e4), ("pct", "score", None)],
)
def test_units_of_one_base_can_be_converted(unit, into, factor) -> None:
    assert cells.conversion(unit, into, load_units()) == factor


@cases("catalog/rule_faults.csv")
def test_a_wrong_rule_is_named_by_file_and_line(name, line, load, message, tmp_path, monkeypatch):
    header = (CATALOG / name).read_text(encoding="utf-8").partition("\n")[0]
    (tmp_path / name).write_text(f"{header}\n{line}\n", encoding="utf-8")
    monkeypatch.setattr(cells, "CATALOG", tmp_path)
    with pytest.raises(CatalogError, match=re.escape(f"{name}:{message}")):
        getattr(cells, load).__wrapped__()


def test_every_scope_rule_covers_a_raw_row(root: Path) -> None:
    used, all_rules = set(), cells.load_scope_rules()
    tables = [t for d in read_deliveries(root)[0] if d.source.kind == "observations"
              for t in d.tables.values()]  # fmt: skip
    for row in (row for table in tables for row in table.values()):
        period = parse_period(row["period"])
        assert isinstance(period, Period)
        place = row["region"], period, row.get("note", "")
        rules = all_rules.get(row["indicator"], ())
        used |= {next(r for r in rules if r.covers(*place)) for _ in rules[:1]}
    idle = {rule for rules in all_rules.values() for rule in rules} - used
    # Rules kept for years that no published figure covers yet.
    assert {(r.raw_indicator, r.region) for r in idle} <= IDLE


# The next national notice (2024 on) is to fall into its own scope.
IDLE = {("special_equipment_death_rate", "CN")}
