"""Published figures, one line each, must come out of the loaders under the right scope."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from wqa.data.loading import load_observations, load_sources
from wqa.data.series import series

with (Path(__file__).parent / "figures.csv").open(encoding="utf-8", newline="") as _file:
    LINES = list(csv.DictReader(_file))


@pytest.mark.parametrize(
    "line", LINES, ids=lambda line: "-".join((line["indicator"], line["region"], line["year"]))
)
def test_published_figure(root: Path, line: dict[str, str]) -> None:
    indicator_id, region, scope = line["indicator"], line["region"], line["scope"]
    frame = load_observations(indicator_id, region, annual=True, scope=scope, root=root)
    one = series(frame, indicator_id, region, scope).set_index("year")
    found = one.loc[int(line["year"])]
    shown = f"{indicator_id} {region} {line['year']} {scope} ({line['source']})"
    assert found["value"] == float(line["value"]), shown
    titles = load_sources(root).set_index("source_id")["title"]
    assert titles[found["source_id"]] == line["source"], shown


PARTIAL = "partial_period"
NOT_ANNUAL = [
    # (indicator, region, period, scope, value, qualifier): known, but never in an annual series
    ("special_equipment_death_rate", "WH", "2016-2020", "plan_text", 0.029, PARTIAL),
    ("product_sampling_pass_rate", "WH", "2017Q1", "routine_without_special", 96.21, PARTIAL),
    ("product_sampling_pass_rate", "WH", "2016-2020", "local_products", 95.1, PARTIAL),
    ("product_sampling_pass_rate", "HB", "2021", "provincial_autumn", 94.94, PARTIAL),
    ("food_sampling_pass_rate", "WH", "2016-2020", "plan_text", 98.0, "lower_bound"),
    ("food_sampling_pass_rate", "HB", "2021H1", "scope_not_stated", 98.13, PARTIAL),
    ("drug_sampling_pass_rate", "HB", "2022", "provincial_supervision", 99.0, "lower_bound"),
    ("consumer_satisfaction", "WH", "2022", "cities_100", 83.54, "upper_bound"),
    ("food_evaluation_pass_rate", "WH", "2025", "city_evaluation", 98.5, "target"),
    ("wuhan_famous_products", "WH", "2023-05", "cumulative_products", 79, PARTIAL),
    ("luban_awards", "WH", "2020-2021", "housing_department", 9, PARTIAL),
    ("public_service_satisfaction", "WH", "2020", "fields_12", 82.4, "upper_bound"),
    ("elevator_stock", "WH", "2023-03", "basis_not_stated", 156000, PARTIAL),
    ("national_quality_test_centres", "WH", "2021-06", "with_planned", 24, PARTIAL),
    ("national_quality_test_centres_new", "WH", "2022", "approved_or_built", 1, "lower_bound"),
    ("provincial_quality_test_centres_new", "WH", "2024-05", "proposed", 1, "context"),
    ("local_standard_serial_number", "WH", "2020", "municipal_series", 641, "lower_bound"),
    ("food_sampling_pass_rate", "WH", "2023", "class_zongzi", 100.0, PARTIAL),
    ("quality_test_centres_new", "WH", "2021", "year_plan", 2, "target"),
]  # fmt: skip


@pytest.mark.parametrize("line", NOT_ANNUAL, ids=lambda line: f"{line[0]}-{line[1]}-{line[2]}")
def test_published_but_not_annual(root: Path, line: tuple[str, str, str, str, float, str]) -> None:
    indicator_id, region, period, scope, value, qualifier = line
    frame = load_observations(indicator_id, region, root=root)
    rows = frame[(frame["period"] == period) & (frame["value"] == value)]
    assert list(rows["qualifier"].unique()) == [qualifier]
    assert list(rows["scope"].unique()) == [scope]
    annual = load_observations(indicator_id, region, annual=True, root=root)
    places = [set(zip(one["file"], one["row"], strict=True)) for one in (rows, annual)]
    assert not places[0] & places[1]
