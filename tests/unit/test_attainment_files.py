"""Attainment from files: the Wuhan table, and a plan that exists in a temporary folder only."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from wqa.assessment.attainment import assess

PLAN = """\
id: example-15fyp
title_zh: 示例市质量发展“十五五”规划
title_en: Example City quality plan, 2026-2030
short_zh: 示例市规划
short_en: Example plan
region: EX
issuer_zh: 示例市质量办公室
issuer_en: Example City quality office
issued: 2026-03-01
start_year: 2026
end_year: 2030
source_id: doc-example
sources:
  - {id: doc-example, title: 示例市规划, publisher: 示例市, evidence: official}
targets:
"""
TARGETS = {
    "1": "kind: gap, comparator: '>=', value: 97, scope: end_year, indicator_id: "
    "example_pass_rate, unit: pct, decimals: 1, nature: binding, series: [city], "
    "baseline: {status: measured, value: 95.5, year: 2025}",
    "2": "kind: hold, comparator: '>=', value: 98, scope: every_year, indicator_id: "
    "food_evaluation_pass_rate, unit: pct, decimals: 1, nature: expected, "
    "series: [city_evaluation], baseline: {status: measured, value: 99, year: 2025}",
    "3": "kind: plan_sum, comparator: '>=', value: 30, scope: plan_sum, indicator_id: "
    "local_standards_new, unit: standard, decimals: 0, nature: expected, series: [annual_new], "
    "baseline: {status: measured, value: 25, year: 2025}",
    "4": "kind: every_year, comparator: '>=', value: 2, scope: every_year, indicator_id: "
    "national_engineering_awards, unit: award, decimals: 0, nature: expected, "
    "series: [annual], baseline: {status: missing}",
    "5": "kind: bound, comparator: '>=', value: 100, scope: end_year, indicator_id: "
    "project_acceptance_pass_rate, unit: pct, decimals: 2, nature: expected, "
    "series: [unit_projects], baseline: {status: measured, value: 100, year: 2025}",
    "6": "kind: relative, comparator: '>', value: null, scope: end_year, indicator_id: "
    "public_service_satisfaction, unit: score, decimals: 2, nature: expected, series: [total], "
    "reference_region: CN, baseline: {status: not_started}",
    "7": "kind: gap, comparator: '<', value: 0.1, scope: end_year, indicator_id: "
    "special_equipment_death_rate, unit: per_10k_units, decimals: 2, nature: binding, "
    "series: [published], baseline: {status: not_started}",
}
INDICATORS = """\
indicators:
  example_pass_rate:
    name_zh: 示例合格率
    name_en: Example pass rate
    group: product
    unit: pct
    direction: higher_better
    family: percent
    lower: 0
    upper: 100
    decimals: 1
"""
FIGURES = """\
indicator,region,period,value,unit,numerator,denominator,scope,qualifier,vintage
example_pass_rate,EX,2025,95.5,pct,,,city,exact,2026-03-01
example_pass_rate,EX,2026,95.9,pct,,,city,exact,2027-03-01
example_pass_rate,EX,2027,96.4,pct,,,city,exact,2028-03-01
food_evaluation_pass_rate,EX,2026,97.4,pct,,,city_evaluation,exact,2027-03-01
local_standards_new,EX,2026,14,standard,,,annual_new,exact,2027-03-01
local_standards_new,EX,2027,17,standard,,,annual_new,exact,2028-03-01
national_engineering_awards,EX,2026,3,award,,,annual,exact,2027-03-01
project_acceptance_pass_rate,EX,2026,100,pct,180,180,unit_projects,exact,2027-03-01
public_service_satisfaction,EX,2026,81.5,score,,,total,exact,2027-03-01
public_service_satisfaction,CN,2026,80.2,score,,,total,exact,2027-03-01
"""


@pytest.fixture
def example(tmp_path: Path) -> dict[str, Path]:
    """A catalogue folder and a project folder of a city that does not exist."""
    catalog, root = tmp_path / "catalog", tmp_path / "project"
    for folder in ("plans", "indicators"):
        (catalog / folder).mkdir(parents=True)
    rows = "".join(
        f"  - {{row: '{row}', clause: 第{row}行, year: 2030, {text}}}\n"
        for row, text in TARGETS.items()
    )
    (catalog / "plans/example-15fyp.yml").write_text(PLAN + rows, encoding="utf-8")
    (catalog / "indicators/example.yml").write_text(INDICATORS, encoding="utf-8")
    (root / "notebooks").mkdir(parents=True)
    regions = "code,name_zh,name_en,level\nCN,全国,China,nation\nEX,示例市,Example City,city\n"
    head, *lines = FIGURES.splitlines(keepends=True)
    days = {line.rstrip()[-10:] for line in lines}
    for name, kind, day, text in (
        ("regions", "regions", "2028-03-01", regions),
        *((f"office_{day[:4]}", "observations", day,
           head + "".join(line for line in lines if day in line)) for day in sorted(days)),
    ):  # fmt: skip
        folder = root / "data/raw" / name
        folder.mkdir(parents=True)
        (folder / "table.csv").write_text(text, encoding="utf-8")
        (folder / "source.yml").write_text(
            f"kind: {kind}\ntitle: 示例\npublisher: 示例市\npublished: '{day}'\n"
            f"retrieved: '{day}'\nevidence: official\nlicence: 测试\n"
            f"files:\n  table.csv: {hashlib.sha256(text.encode()).hexdigest()}\n",
            encoding="utf-8",
        )
    return {"catalog": catalog, "root": root}


def test_a_plan_added_by_files_only_has_an_attainment_table(example):
    table = assess("example-15fyp", **example).set_index("row")
    codes = table["reason_code"].to_dict()
    assert codes == {
        "1": "forecast",
        "2": "breached",
        "3": "sum_reached",
        "4": "forecast_every_year",
        "5": "forecast",
        "6": "forecast",
        "7": "no_observation",
    }
    assert table.loc["1", "progress"] == pytest.approx(0.6)
    assert table.loc["1", "needed_per_year"] == pytest.approx(0.2)
    assert table.loc["2", "answer"] == "missed"
    assert table.loc["3", ["answer", "level"]].tolist() == ["met", 31.0]
    assert table.loc["5", "model"] == "beta_binomial"
    assert table.loc["6", "gap"] == pytest.approx(1.3)
    assert table.loc["7", "answer"] == "nothing_known"
    assert table["name_zh"].tolist()[0] == "示例合格率"
    assert table["source_ids"].tolist()[0] == (
        "doc-example folder-office_2026 folder-office_2027 folder-office_2028"
    )


def test_the_table_of_an_earlier_day_knows_less(example):
    early = assess("example-15fyp", as_of="2027-06-30", **example).set_index("row")
    assert early.loc["1", "level_year"] == 2026
    assert early.loc["3", "answer"] == "very_likely"
    assert assess("example-15fyp", readings=True, **example).empty


def test_repeating_the_assessment_changes_nothing():
    one, two = (assess("wuhan-14fyp", as_of="2023-12-31") for _ in range(2))
    assert one.to_csv(index=False) == two.to_csv(index=False)
