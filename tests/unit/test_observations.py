"""Loaders and series on the project's own data and on small projects made here."""

from __future__ import annotations

import csv
import hashlib
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from wqa.data.observations import (
    DEATH_RATE_COLUMNS,
    load_counts,
    load_death_rates,
    load_observations,
    load_pass_rates,
    load_quantities,
    load_regions,
    load_satisfaction,
    load_sources,
)
from wqa.data.scope_rules import QUALIFIERS
from wqa.data.series import list_series, series
from wqa.data.tidy import COLUMNS
from wqa.errors import DataError

HEADER = "indicator,region,period,value,unit,scope,source_title,source_date,evidence"
MakeProject = Callable[..., Path]


@pytest.fixture
def make_project(root: Path, tmp_path: Path) -> MakeProject:
    """Function from rows of text to the root of a project that delivers them."""
    (tmp_path / "notebooks").mkdir()
    shutil.copytree(root / "data/raw/regions", tmp_path / "data/raw/regions")

    def make(*rows: str, header: str = HEADER, folder: str = "office") -> Path:
        content = "\n".join([header, *rows, ""]).encode()
        path = tmp_path / "data/raw" / folder
        path.mkdir()
        (path / "figures.csv").write_bytes(content)
        (path / "source.yml").write_text(
            "kind: observations\ntitle: 报送\npublisher: 统计科\npublished: '2026-02'\n"
            "retrieved: '2026-03-01'\nevidence: official\nlicence: 测试\n"
            f"files:\n  figures.csv: {hashlib.sha256(content).hexdigest()}\n",
            encoding="utf-8",
        )
        return tmp_path

    return make


def test_columns_and_types(root: Path) -> None:
    frame = load_observations(root=root)
    assert tuple(frame.columns) == COLUMNS
    assert [str(frame[c].dtype) for c in ("year", "is_annual")] == ["int64", "bool"]
    assert (frame["year"] == frame["end"].str[:4].astype(int)).all()
    assert (frame["is_annual"] == frame["period"].str.fullmatch(r"\d{4}")).all()
    assert [str(frame[c].dtype) for c in ("value", "numerator", "denominator")] == ["float64"] * 3
    assert set(frame["qualifier"]) <= set(QUALIFIERS)
    assert frame["published"].str.fullmatch(r"\d{4}-\d{2}-\d{2}").all()
    assert frame.duplicated(["file", "row"]).sum() == 0
    assert set(frame["source_id"]) <= set(load_sources(root)["source_id"])
    assert set(frame["region"]) <= set(load_regions(root)["region"])


def test_every_raw_row_is_kept_but_the_one_dropped_by_a_correction(root: Path) -> None:
    raw = (root / "data/raw/published_figures/observations.csv").read_text(encoding="utf-8")
    assert len(load_observations(root=root)) == raw.count("\n") - 1 - 1


def test_nothing_but_exact_and_derived_whole_years_is_annual(root: Path) -> None:
    frame = load_observations(annual=True, root=root)
    assert set(frame["qualifier"]) == {"exact", "derived"}
    assert frame["period"].str.fullmatch(r"\d{4}").all()
    assert frame["value"].notna().all()


@pytest.mark.parametrize(
    ("tag", "qualifier"),
    [
        ("LOWER BOUND", "lower_bound"),
        ("UPPER BOUND", "upper_bound"),
        ("TARGET", "target"),
        ("PLAN for the year", "target"),
        ("CONTROL TARGET", "target"),
        ("HALF-YEAR", "partial_period"),
        ("QUARTER", "partial_period"),
        ("MONTH", "partial_period"),
        ("ONE ROUND", "partial_period"),
        ("PRE-FESTIVAL", "partial_period"),
        ("DERIVED", "derived"),
    ],
)
def test_tags_in_the_note_become_qualifiers(root: Path, tag: str, qualifier: str) -> None:
    frame = load_observations(root=root)
    tagged = frame[frame["note"].str.startswith(tag)]
    stronger = {"derived": {"partial_period"}}.get(qualifier, set())
    assert len(tagged) > 0
    assert set(tagged["qualifier"]) <= {qualifier} | stronger


@pytest.mark.parametrize("suffix", ["_partial", "_bound", "_target", "_upper", "_lower"])
def test_marked_names_never_enter_an_annual_series(root: Path, suffix: str) -> None:
    path = root / "data/raw/published_figures/observations.csv"
    with path.open(encoding="utf-8", newline="") as file:
        lines = {
            n for n, r in enumerate(csv.DictReader(file), 2) if r["indicator"].endswith(suffix)
        }
    assert lines
    assert not lines & set(load_observations(annual=True, root=root)["row"])


@pytest.mark.parametrize(
    ("indicator_id", "region", "scopes"),
    [
        ("special_equipment_deaths", "CN", {
            "serious_and_above": {2005}, "all_reported": set(range(2006, 2017)),
            "accidents_and_related": {2017}, "after_2018_shift": set(range(2018, 2024)),
            "with_incidents": {2024}}),
        ("food_sampling_pass_rate", "CN", {
            "national_level": set(range(2014, 2020)), "all_levels": set(range(2020, 2025))}),
        ("agri_product_pass_rate", "CN", {
            "routine_94_parameters": set(range(2014, 2018)), "routine_122_parameters": {2018},
            "routine_130_parameters": set(range(2019, 2024)), "routine_136_parameters": {2024},
            "routine_139_parameters": {2025}}),
        ("consumer_satisfaction", "CN", {
            "cities_50": {2017}, "cities_70": {2018}, "cities_100": set(range(2019, 2025))}),
        ("product_sampling_pass_rate", "CN", {
            "national_physical_quality": {2006, 2007, 2008},
            "national_with_food": {2010, 2011, 2012},
            "national_without_food": set(range(2013, 2018)),
            "national_fail_rate": set(range(2018, 2025))}),
        ("manufacturing_quality_competitiveness_index", "CN", {
            "bulletin": set(range(2005, 2011)), "by_statement_year": set(range(2020, 2026))}),
    ],
)  # fmt: skip
def test_a_definitional_break_is_a_change_of_scope(
    root: Path, indicator_id: str, region: str, scopes: dict[str, set[int]]
) -> None:
    frame = load_observations(indicator_id, region, annual=True, root=root)
    for scope, years in scopes.items():
        found = set(frame.loc[frame["scope"] == scope, "year"])
        assert found
        assert found <= years


def test_numerator_counts_passed_batches_whatever_the_source_counts(root: Path) -> None:
    frame = load_pass_rates(root=root)
    both = frame.dropna(subset=["numerator", "denominator"])
    both = both[both["unit"] == "pct"]
    assert len(both) > 30
    recomputed = 100 * both["numerator"] / both["denominator"]
    # The coarsest printed value has no decimal and no such row has both parts.
    assert (recomputed - both["value"]).abs().max() < 0.051
    national = both[(both["region"] == "CN") & (both["scope"] == "national_fail_rate")]
    assert national.set_index("year").loc[2023, "numerator"] == 28265 - 3476


def test_units_are_converted_as_declared(root: Path) -> None:
    stock = load_observations("special_equipment_stock", "GD", 2024, root=root)
    assert list(stock["value"]) == [232.8]
    assert list(stock["unit"]) == ["unit_10k"]
    certificates = load_observations("valid_certificates", "WH", 2020, root=root)
    assert certificates.loc[0, "value"] == 4.38
    assert certificates.loc[0, "unit"] == "certificate_10k"


def test_as_of_shows_what_was_known(root: Path) -> None:
    early = load_observations("food_sampling_pass_rate", "CN", as_of="2022-12-31", root=root)
    assert early["published"].max() <= "2022-12-31"
    assert 2022 not in set(early["year"])
    assert 2021 in set(early["year"])


def test_a_partial_date_counts_from_the_end_of_its_period(root: Path) -> None:
    plan = load_observations(region="WH", scope="city_key_industrial", root=root)
    assert set(plan["published"]) == {"2021-10-31"}
    for day, count in (("2021-10-30", 0), ("2021-10-31", 1), ("2021-10", 1), ("2021", 1)):
        known = load_observations(region="WH", scope="city_key_industrial", as_of=day, root=root)
        assert len(known) == count


def test_months_follow_each_other_in_time_not_as_text(make_project: MakeProject) -> None:
    periods = ["2021-2025M10", "2021-2025M9", "2025-01..2025-08", "2025H1", "2025M1-M7"]
    rest = "3,projects,reported,公报,2025-12-01,press"
    project = make_project(*(f"luban_awards,WH,{period},{rest}" for period in periods))
    frame = load_observations(root=project)
    ordered = ["2025H1", "2025M01-M07", "2025M01-M08", "2021-2025M09", "2021-2025M10"]
    assert list(frame["period"]) == ordered
    assert set(frame["year"]) == {2025}


def test_a_year_spelt_as_twelve_months_is_annual(make_project: MakeProject) -> None:
    project = make_project("luban_awards,WH,2024-01..12,3,projects,reported,公报,2025-12-01,press")
    one = series(load_observations(root=project), "luban_awards", "WH", "reported")
    assert list(zip(one["year"], one["value"], one["qualifier"], strict=True)) == [
        (2024, 3.0, "exact")
    ]


def test_filters_take_names_and_lists(root: Path) -> None:
    frame = load_observations(["special_equipment_deaths", "special_equipment_stock"], ["CN", "JS"],
                              range(2019, 2021), root=root)  # fmt: skip
    assert set(frame["indicator_id"]) == {"special_equipment_deaths", "special_equipment_stock"}
    assert set(frame["region"]) == {"CN", "JS"}
    assert set(frame["year"]) == {2019, 2020}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda root: load_observations("food_samplng_pass_rate", root=root), "unknown indicator"),
        (lambda root: load_observations(region="Wuhan", root=root), "unknown region"),
        (lambda root: load_observations(scope="no_such_scope", root=root), "unknown scope"),
        (lambda root: load_observations(as_of="31.12.2024", root=root), "wrong as_of"),
        (lambda root: load_pass_rates("special_equipment_deaths", root=root), "not a pass rate"),
        (lambda root: load_counts("food_sampling_pass_rate", root=root), "not a count"),
        (lambda root: load_satisfaction("complaints", root=root), "not a satisfaction"),
    ],
)
def test_a_wrong_question_is_an_error(
    root: Path, call: Callable[[Path], object], message: str
) -> None:
    with pytest.raises(DataError, match=re.escape(message)):
        call(root)


def test_an_indicator_without_data_gives_an_empty_frame(root: Path) -> None:
    frame = load_observations("international_brands", "WH", root=root)
    assert frame.empty
    assert tuple(frame.columns) == COLUMNS
    assert series(frame, "international_brands", "WH", "stock").empty


def test_family_loaders_hold_what_they_say(root: Path) -> None:
    assert load_pass_rates(root=root)["indicator_id"].str.endswith("_pass_rate").all()
    assert "quality_satisfaction" in set(load_satisfaction(root=root)["indicator_id"])
    assert "valid_certificates" in set(load_counts(root=root)["indicator_id"])
    assert set(load_counts(root=root)["period"].str.len()) == {4}


def test_death_rates_keep_published_and_recomputed_apart(root: Path) -> None:
    frame = load_death_rates("CN", root=root)
    assert tuple(frame.columns) == DEATH_RATE_COLUMNS
    row = frame.set_index("year").loc[2021]
    assert (row["deaths"], row["accidents"], row["stock_10k"]) == (99, 110, 1816.23)
    assert row["published_rate"] == 0.08
    assert row["recomputed_rate"] == pytest.approx(99 / 1816.23)
    assert row["published_base"] == "undisclosed"
    assert row["deaths_source_id"] != row["stock_10k_source_id"]


def test_death_rates_name_the_base_that_recomputes(root: Path) -> None:
    frame = load_death_rates(["SH", "JS"], [2020, 2024], root=root).set_index("region")
    assert frame.loc["SH", "published_base"] == "in_use"
    assert round(frame.loc["SH", "recomputed_rate_in_use"], 2) == frame.loc["SH", "published_rate"]
    assert round(frame.loc["SH", "recomputed_rate"], 2) != frame.loc["SH", "published_rate"]
    assert frame.loc["JS", "published_base"] == "registered"
    assert round(frame.loc["JS", "recomputed_rate"], 3) == frame.loc["JS", "published_rate"]


def test_death_rates_have_one_row_per_region_year_and_counting_rule(root: Path) -> None:
    frame = load_death_rates(root=root)
    assert not frame.duplicated(["region", "year", "scope"]).any()
    assert set(load_death_rates(scope="with_incidents", root=root)["year"]) == {2024}


def test_series_leaves_gaps_open(root: Path) -> None:
    frame = load_observations(root=root)
    one = series(frame, "manufacturing_pass_rate", "CN", "statistical_survey")
    assert list(one["year"]) == list(range(2017, 2025))
    gap = one[one["year"] == 2018].iloc[0]
    assert not gap["is_observed"]
    assert gap[["value", "source_id"]].isna().all()
    assert one["is_observed"].sum() == 7


def test_series_counts_the_values_it_passed_over(root: Path) -> None:
    frame = load_observations(root=root)
    one = series(frame, "special_equipment_stock", "SH", "registered").set_index("year")
    # Press quoting the notice (795,476) ranks before the rounded secondary figure (79.55).
    assert one.loc[2024, "value"] == 79.5476
    assert one.loc[2024, "alternatives"] == 1


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (["98.1,%,city,A,2024-01-31,press", "98.4,%,city,B,2024-01-31,official"], 98.4),
        (["98.1,%,city,A,2024-01-31,official", "98.4,%,city,B,2025-01-31,press"], 98.1),
        (["98.1,%,city,A,2025-01-31,press", "98.4,%,city,B,2024-01-31,press"], 98.1),
    ],
)
def test_series_takes_better_evidence_then_the_newer(
    make_project: MakeProject, rows: list[str], expected: float
) -> None:
    project = make_project(*(f"food_evaluation_pass_rate,WH,2023,{row}" for row in rows))
    one = series(load_observations(root=project), "food_evaluation_pass_rate", "WH", "city")
    assert list(one["value"]) == [expected]
    assert list(one["alternatives"]) == [1]


def test_a_declared_preference_comes_before_evidence(
    make_project: MakeProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = ("food_evaluation_pass_rate", "WH", "city")
    monkeypatch.setattr("wqa.data.series.load_preferences", lambda: {(*key, "2023"): 98.1})
    project = make_project(
        "food_evaluation_pass_rate,WH,2023,98.1,%,city,A,2024-01-31,secondary",
        "food_evaluation_pass_rate,WH,2023,98.4,%,city,B,2025-01-31,official",
    )
    assert list(series(load_observations(root=project), *key)["value"]) == [98.1]


@pytest.mark.parametrize(
    ("filters", "message"),
    [
        ({"region": "武汉市"}, "unknown region; got '武汉市'; expected .* near: WH,"),
        ({"indicator": "food"}, "unknown indicator; .* near: .*food_evaluation_pass_rate"),
        ({"indicator": 5}, "unknown indicator; got 5"),
        ({"years": "2024"}, "wrong year; got '2024'; expected a whole number"),
        ({"years": ["2024"]}, "wrong year; got '2024'"),
        ({"years": 2024.0}, "wrong year; got 2024.0"),
    ],
)
def test_a_wrong_filter_is_an_error_that_helps(root: Path, filters: dict, message: str) -> None:
    with pytest.raises(DataError, match=message):
        load_observations(**filters, root=root)


def test_years_may_come_from_a_frame(root: Path) -> None:
    frame = load_observations(region="WH", annual=True, root=root)
    newest = frame["year"].max()
    assert set(load_observations(years=newest, root=root)["year"]) == {newest}
    assert len(load_observations(region="WH", years=frame["year"], root=root)) >= len(frame)


def test_an_office_folder_just_works(make_project: MakeProject) -> None:
    header = "indicator,region,period,value,unit,numerator,denominator,scope,qualifier,vintage"
    project = make_project(
        "food_evaluation_pass_rate,WH,2024,98.7,%,3948,4000,,,",
        "food_evaluation_pass_rate,WH,2025,98.9,pct,,,city_evaluation,exact,2026-02-10",
        "food_evaluation_pass_rate,WH,2025H1,98.2,pct,,,city_evaluation,,",
        "special_equipment_deaths,WH,2025,1,persons,,,published,,",
        header=header,
    )
    frame = load_observations(root=project)
    assert len(frame) == 4
    assert set(frame["source_id"]) == {"folder-office"}
    one = series(frame, "food_evaluation_pass_rate", "WH", "city_evaluation")
    assert list(one["value"]) == [98.7, 98.9]
    assert list(one["vintage"]) == ["2026-02-28", "2026-02-28"], "the folder came out that day"


def test_a_changed_file_is_read_again(make_project: MakeProject) -> None:
    project = make_project("food_evaluation_pass_rate,WH,2024,98.7,%,city,A,2025-01-31,official")
    assert len(load_observations(root=project)) == 1
    shutil.rmtree(project / "data/raw/office")
    assert load_observations(root=project).empty


def test_quantities_keep_words_apart_from_numbers(root: Path) -> None:
    frame = load_quantities(root)
    assert len(frame) == 288
    assert frame["source_id"].ne("").all()
    words = frame[frame["value_text"] == "未开展"]
    assert len(words) >= 3
    assert words["value"].isna().all()


def test_series_list_agrees_with_series(root: Path) -> None:
    frame = load_observations("special_equipment_deaths", root=root)
    listed = list_series(frame)
    for entry in listed.itertuples():
        one = series(frame, entry.indicator_id, entry.region, entry.scope)
        assert one["is_observed"].sum() == entry.n_years
        assert (~one["is_observed"]).sum() == entry.n_missing
