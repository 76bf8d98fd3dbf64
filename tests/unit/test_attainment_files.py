"""Attainment from files: a plan and a city that exist in `tests/catalog/example_city` only."""

import shutil
from pathlib import Path

import pytest
from made_deliveries import deliver

from wqa.assessment.attainment import assess

CITY = Path(__file__).parents[1] / "catalog" / "example_city"
REGIONS = "code,name_zh,name_en,level\nCN,全国,China,nation\nEX,示例市,Example City,city\n"


@pytest.fixture
def example(tmp_path: Path) -> dict[str, Path]:
    """The catalogue folder and a project folder with the deliveries of the city."""
    catalog, root = tmp_path / "catalog", tmp_path / "project"
    (root / "notebooks").mkdir(parents=True)
    shutil.copytree(CITY, catalog)
    head, *lines = (catalog / "figures.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    (catalog / "figures.csv").unlink()
    tables = {"regions": ("regions", "2028-03-01", REGIONS)}
    for day in sorted({line.rstrip()[-10:] for line in lines}):
        text = head + "".join(line for line in lines if day in line)
        tables[f"office_{day[:4]}"] = ("observations", day, text)
    for name, (kind, day, text) in tables.items():
        dated = {"kind": kind, "published": day, "retrieved": day}
        deliver(root / "data/raw" / name, text.encode(), "table.csv", **dated)
    return {"catalog": catalog, "root": root}


def test_a_plan_added_by_files_only_has_an_attainment_table(example):
    table = assess("example-15fyp", **example).set_index("row")
    assert table["reason_code"].tolist() == [
        "forecast", "breached", "sum_reached", "forecast_every_year", "forecast", "forecast",
        "no_observation",
    ]  # fmt: skip
    assert table.loc[["2", "3", "7"], "answer"].tolist() == ["missed", "met", "nothing_known"]
    assert table.loc["3", "level"] == 31
    assert table.loc["5", "model"] == "beta_binomial"
    assert table.loc["1", "name_zh"] == "示例合格率"
    sources = "doc-example folder-office_2026 folder-office_2027 folder-office_2028"
    assert table.loc["1", "source_ids"] == sources


def test_the_table_of_an_earlier_day_knows_less(example):
    early = assess("example-15fyp", as_of="2027-06-30", **example).set_index("row")
    assert early.loc["1", "level_year"] == 2026
    assert early.loc["3", "answer"] == "very_likely"
    assert assess("example-15fyp", readings=True, **example).empty


def test_repeating_the_assessment_changes_nothing():
    one, two = (assess("wuhan-14fyp", as_of="2023-12-31") for _ in range(2))
    assert one.to_csv(index=False) == two.to_csv(index=False)
