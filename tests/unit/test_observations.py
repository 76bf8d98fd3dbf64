"""Loaders and series on the project's own data and on small projects made here."""

import csv
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from cases import cases
from made_deliveries import deliver
from made_deliveries import project as empty_project

import wqa
from wqa.data.cells import QUALIFIERS
from wqa.data.loading import load_quantities, load_sources, rows_out
from wqa.data.observations import COLUMNS
from wqa.data.series import DEATH_RATE_COLUMNS, all_series
from wqa.errors import DataError

HEADER = "indicator,region,period,value,unit,scope,source_title,source_date,evidence"
ROW = "food_evaluation_pass_rate,WH,2024,98.7,%,city,A,2025-01-31,official"
DELIVERIES = Path(__file__).with_name("deliveries")
OWN = ("food_evaluation_pass_rate", "WH", "city_evaluation")


@pytest.fixture
def make_project(tmp_path: Path) -> Callable[..., Path]:
    """Function from rows of text, or a file of `deliveries`, to a project that delivers them."""
    home = empty_project(tmp_path / "project")

    def make(*rows: str, header=HEADER, folder="office", file="", **record: object) -> Path:
        dated = {"published": "2026-02", "retrieved": "2026-03-01"}
        content = "\n".join([header, *rows, ""]).encode()
        content = (DELIVERIES / file).read_bytes() if file else content
        deliver(home / "data/raw" / folder, content, **dated, **record)
        return home

    return make


def codes_of(project: Path) -> list[str]:
    return [finding.code for finding in wqa.check_project(project)]


@pytest.fixture
def frame(root: Path) -> pd.DataFrame:
    return wqa.load_observations(root=root)


def test_columns_and_types(frame: pd.DataFrame) -> None:
    kinds = {"year": "int64", "is_annual": "bool"}
    kinds |= dict.fromkeys(("value", "numerator", "denominator"), "float64")
    assert tuple(frame.columns) == COLUMNS
    assert {name: str(frame[name].dtype) for name in kinds} == kinds
    assert (frame["year"] == frame["end"].str[:4].astype(int)).all()
    assert (frame["is_annual"] == frame["period"].str.fullmatch(r"\d{4}")).all()
    assert frame["published"].str.fullmatch(r"\d{4}-\d{2}-\d{2}").all()
    assert frame.duplicated(["file", "row"]).sum() == 0
    for column, known in (("source_id", load_sources()), ("region", wqa.load_regions())):
        assert set(frame[column]) <= set(known[column])
    assert set(frame["qualifier"]) <= set(QUALIFIERS)


@pytest.mark.parametrize(
    ("file", "dropped"),
    [("published_figures/observations.csv", 1),
     # 48 rows that the compiler worked out, and a repeat
     ("published_figures_2026_11/observations_2026_11.csv", 49)],
)  # fmt: skip
def test_every_raw_row_is_kept_but_those_a_correction_drops(root, frame, file, dropped) -> None:
    raw = (root / "data/raw" / file).read_text(encoding="utf-8")
    assert (frame["file"] == f"data/raw/{file}").sum() == raw.count("\n") - 1 - dropped


def test_a_later_delivery_brings_no_worked_out_row(root: Path, frame: pd.DataFrame) -> None:
    later = frame[frame["file"].str.contains("2026_11")]
    assert len(later) == 355
    raw = (root / "data/raw/published_figures_2026_11/observations_2026_11.csv").read_text("utf-8")
    for word in ("DERIVED", "CONDITIONAL", "COMPUTED"):
        assert word in raw
        assert not later["note"].str.contains(word).any()


def test_no_figure_is_known_before_its_source_came_out(frame: pd.DataFrame) -> None:
    assert (frame["vintage"] >= frame["published"]).all()
    year_only = frame[frame["source_id"].str.fullmatch(r"src-\d{4}-[0-9a-f]{8}")]
    assert len(year_only) > 10
    assert year_only["vintage"].str.endswith("-12-31").all()


def test_nothing_but_exact_and_derived_whole_years_is_annual(root: Path) -> None:
    frame = wqa.load_observations(annual=True, root=root)
    assert set(frame["qualifier"]) == {"exact", "derived"}
    assert frame["period"].str.fullmatch(r"\d{4}").all()
    assert frame["value"].notna().all()


PARTIAL = ("HALF-YEAR", "QUARTER", "MONTH", "ONE ROUND", "PRE-FESTIVAL")
TAGS = {"LOWER BOUND": "lower_bound", "UPPER BOUND": "upper_bound", "DERIVED": "derived"}
TAGS |= dict.fromkeys(("TARGET", "PLAN for the year", "CONTROL TARGET"), "target")
TAGS |= dict.fromkeys(PARTIAL, "partial_period")


@pytest.mark.parametrize(("tag", "qualifier"), TAGS.items())
def test_tags_in_the_note_become_qualifiers(frame, tag: str, qualifier: str) -> None:
    found = set(frame.loc[frame["note"].str.startswith(tag), "qualifier"])
    assert qualifier in found
    assert found <= {qualifier, "partial_period" if tag == "DERIVED" else qualifier}


@pytest.mark.parametrize("suffix", ["_partial", "_bound", "_target", "_upper", "_lower"])
def test_marked_names_never_enter_an_annual_series(root: Path, suffix: str) -> None:
    lines = set()
    for path in sorted((root / "data/raw").glob("published_figures*/*.csv")):
        name = path.relative_to(root).as_posix()
        with path.open(encoding="utf-8", newline="") as file:
            rows = enumerate(csv.DictReader(file), 2)
            lines |= {(name, n) for n, r in rows if r["indicator"].endswith(suffix)}
    assert lines
    annual = wqa.load_observations(annual=True, root=root)
    assert not lines & set(zip(annual["file"], annual["row"], strict=True))


def test_numerator_counts_passed_batches_whatever_the_source_counts(root: Path) -> None:
    frame = wqa.load_pass_rates(root=root)
    both = frame.dropna(subset=["numerator", "denominator"])
    both = both[both["unit"] == "pct"]
    assert len(both) > 30
    recomputed = 100 * both["numerator"] / both["denominator"]
    # The coarsest printed value has no decimal and no such row has both parts.
    assert (recomputed - both["value"]).abs().max() < 0.051
    national = both[(both["region"] == "CN") & (both["scope"] == "national_fail_rate")]
    assert national.set_index("year").loc[2023, "numerator"] == 28265 - 3476


def test_a_partial_date_counts_from_the_end_of_its_period(root: Path) -> None:
    asked = {"region": "WH", "scope": "city_key_industrial", "root": root}
    assert set(wqa.load_observations(**asked)["published"]) == {"2021-10-31"}
    for day, count in (("2021-10-30", 0), ("2021-10-31", 1), ("2021-10", 1), ("2021", 1)):
        assert len(wqa.load_observations(as_of=day, **asked)) == count


def test_months_follow_each_other_in_time_not_as_text(make_project) -> None:
    periods = ["2021-2025M10", "2021-2025M9", "2025-01..2025-08", "2025H1", "2025M1-M7"]
    rest = "3,projects,reported,公报,2025-12-01,press"
    project = make_project(*(f"luban_awards,WH,{period},{rest}" for period in periods))
    frame = wqa.load_observations(root=project)
    ordered = ["2025H1", "2025M01-M07", "2025M01-M08", "2021-2025M09", "2021-2025M10"]
    assert list(frame["period"]) == ordered
    assert set(frame["year"]) == {2025}


def test_filters_take_lists_and_names_and_years_as_people_write_them(root: Path) -> None:
    ids = ["special_equipment_deaths", "special_equipment_stock"]
    frame = wqa.load_observations(ids, ["CN", "JS"], range(2019, 2021), root=root)
    asked = {"indicator_id": set(ids), "region": {"CN", "JS"}, "year": {2019, 2020}}
    assert {column: set(frame[column]) for column in asked} == asked
    spelt = ["特种设备事故死亡人数", ids[1]], ["全国", "江苏"], ["2019", 2020]
    assert wqa.load_observations(*spelt, root=root).equals(frame)


def test_frames_can_carry_names(root: Path) -> None:
    names = ["indicator_name", "region_name", "unit_name", "scope_name"]
    asked = {"years": 2020, "root": root}
    zh, en = (wqa.load_pass_rates(OWN[0], "WH", names=lang, **asked) for lang in ("zh", "en"))
    assert list(zh.columns) == [*COLUMNS, *names]
    assert list(zh.loc[0, names]) == ["食品安全评价性抽检合格率", "武汉市", "%", "市级评价性抽检"]
    assert list(en.loc[0, names]) == ["Food evaluation sampling pass rate", "Wuhan", "%",
                                      "city evaluation sampling"]  # fmt: skip


def test_an_indicator_without_data_gives_an_empty_frame(root: Path) -> None:
    frame = wqa.load_observations("international_brands", "WH", root=root)
    assert (len(frame), tuple(frame.columns)) == (0, COLUMNS)
    assert all_series(frame).empty


def test_family_loaders_hold_what_they_say(root: Path) -> None:
    assert wqa.load_pass_rates(root=root)["indicator_id"].str.endswith("_pass_rate").all()
    assert "quality_satisfaction" in set(wqa.load_satisfaction(root=root)["indicator_id"])
    assert "valid_certificates" in set(wqa.load_counts(root=root)["indicator_id"])
    assert wqa.load_counts(root=root)["is_annual"].all()


def test_death_rates_keep_published_and_recomputed_apart_and_name_the_base(root: Path) -> None:
    every = wqa.load_death_rates(root=root)
    assert list(every.columns) == DEATH_RATE_COLUMNS
    assert not every.duplicated(["region", "year", "scope", "published_base"]).any()
    nation = wqa.load_death_rates("CN", 2021, root=root).iloc[0]
    figures = nation[["deaths", "accidents", "stock_10k", "published_rate", "published_base"]]
    assert list(figures) == [99, 110, 1816.23, 0.08, "undisclosed"]
    assert nation["recomputed_rate"] == pytest.approx(99 / 1816.23)
    assert nation["deaths_source_id"] != nation["stock_10k_source_id"]
    two = wqa.load_death_rates(["SH", "JS"], [2020, 2024], root=root).set_index("region")
    shanghai, jiangsu = two.loc["SH"], two.loc["JS"]
    assert (shanghai["published_base"], jiangsu["published_base"]) == ("in_use", "registered")
    assert round(shanghai["recomputed_rate_in_use"], 2) == shanghai["published_rate"]
    assert round(shanghai["recomputed_rate"], 2) != shanghai["published_rate"]
    assert round(jiangsu["recomputed_rate"], 3) == jiangsu["published_rate"]


def test_a_second_base_of_one_rate_is_a_row_of_its_own(make_project) -> None:
    project = make_project(file="two_bases.csv")
    rates = wqa.load_death_rates("WH", root=project)
    assert list(rates["published_base"]) == ["in_use", "registered"]
    assert list(rates["published_rate"]) == [0.15, 0.12]
    assert set(rates["deaths"]) == {2.0}
    assert codes_of(project) == []


def test_series_leaves_gaps_open(root: Path) -> None:
    one = wqa.load_series("manufacturing_pass_rate", "全国", root=root)
    assert list(one["year"]) == list(range(2017, 2025))
    assert list(one.loc[~one["is_observed"], "year"]) == [2018]
    assert one.loc[one["year"] == 2018, ["value", "source_id"]].isna().all(axis=None)
    every = all_series(wqa.load_observations(root=root))
    mine = every[(every["indicator_id"] == "manufacturing_pass_rate") & (every["region"] == "CN")]
    assert mine.reset_index(drop=True).equals(one)


def test_a_series_may_be_the_plans_own(root: Path) -> None:
    assert (wqa.load_series("valid_certificates", "WH", root=root)["scope"] == "stock").all()
    assert wqa.load_series(*OWN, root=root).equals(wqa.load_series(*OWN[:2], root=root))


def test_another_unit_is_converted_where_a_factor_is_declared(make_project) -> None:
    figures = ("2023,5.1,certificate_10k", "2024,56000,certificates", "2025,58000,item")
    rest = "stock,公报,2026-01-31,official"
    project = make_project(*(f"valid_certificates,WH,{figure},{rest}" for figure in figures))
    one = wqa.load_series("valid_certificates", "WH", root=project)
    assert list(one["value"]) == [5.1, 5.6, 5.8]
    assert set(one["unit"]) == {"certificate_10k"}


@cases("unit/printed_values.csv")
def test_the_printed_value_stays_whatever_its_parts_say(make_project, why, row, codes, kept):
    header = "indicator,value,unit,numerator,denominator,scope,region,period"
    project = make_project(f"{row},WH,2024", header=header)
    frame = wqa.load_observations(root=project)
    assert codes_of(project) == codes.split(), why
    assert list(frame["value"]) == [float(row.split(",")[1])]
    assert frame[["numerator", "denominator"]].notna().all(axis=None) == bool(kept)


def test_a_slip_of_the_unit_is_out_from_the_day_on_which_it_shows(make_project) -> None:
    figures = ((2020, 15.1), (2021, 15.6), (2022, 162000), (2023, 17.0))
    head, tail = "special_equipment_stock,WH", "10k units,registered,公报"
    project = make_project(*(f"{head},{y},{v},{tail},{y + 1}-01-31,press" for y, v in figures))
    assert list(wqa.load_observations(root=project)["year"]) == [2020, 2021, 2023]
    assert (rows_out(root=project), rows_out("2022-06-30", project)) == (1, 0)
    assert set(wqa.load_observations(root=project, as_of="2022-06-30")["year"]) == {2020, 2021}


def test_a_blank_scope_is_the_plans_own_series_and_is_said(make_project) -> None:
    project = make_project(file="blank_scopes.csv")
    frame = wqa.load_observations(root=project).set_index("row")
    assert list(frame.loc[range(2, 7), "scope"]) == [
        "total", "annual_new", "city", "statistical_survey", "unspecified",
    ]  # fmt: skip
    assert codes_of(project) == ["scope_assumed"] * 4 + ["scope_unstated"]


def test_a_new_scope_is_declared_with_its_names(make_project) -> None:
    row = "food_evaluation_pass_rate,WH,2024,98.7,%,city_online_shops,公报,2025-01-31,official"
    scopes = {"city_online_shops": {"zh": "网店抽检", "en": "online shops"}}
    project = make_project(row, scopes=scopes)
    assert codes_of(project) == []
    assert list(wqa.load_observations(names="zh", root=project)["scope_name"]) == ["网店抽检"]
    shutil.rmtree(project / "data/raw/office")
    (wrong,) = wqa.check_project(make_project(row))
    assert wrong.code == "unknown_scope"


def test_an_office_folder_just_works(make_project) -> None:
    project = make_project(file="office.csv")
    frame = wqa.load_observations(root=project)
    assert len(frame) == 4
    assert set(frame["source_id"]) == {"folder-office"}
    one = all_series(frame[frame["scope"] == "city_evaluation"])
    assert list(one["value"]) == [98.7, 98.9]
    assert list(one["vintage"]) == ["2026-02-28", "2026-02-28"], "the folder came out that day"


def test_a_changed_file_is_read_again_and_nothing_at_all_is_an_error(make_project) -> None:
    project = make_project(ROW)
    assert len(wqa.load_observations(root=project)) == 1
    shutil.rmtree(project / "data/raw/office")
    for load in (wqa.load_observations, wqa.load_regions, load_sources, wqa.build_data_package):
        with pytest.raises(DataError, match="no delivery at all"):
            load(root=project)
    shutil.rmtree(project / "data/raw/regions")
    assert codes_of(project) == ["no_delivery"]


def test_all_damaged_files_are_named_and_nothing_is_loaded(make_project) -> None:
    for folder in ("good", "bad", "worse"):
        project = make_project(ROW, folder=folder)
    for folder in ("bad", "worse"):
        path = project / f"data/raw/{folder}/figures.csv"
        path.write_text(path.read_text(encoding="utf-8").replace("98.7", "98.8"), encoding="utf-8")
    with pytest.raises(DataError, match=r"(?s)2 damaged.*bad/figures.*worse/figures"):
        wqa.load_observations(root=project)


def test_quantities_keep_words_apart_from_numbers(root: Path) -> None:
    frame = load_quantities(root)
    assert len(frame) == 288
    assert frame["source_id"].ne("").all()
    words = frame[frame["value_text"] == "未开展"]
    assert len(words) >= 3
    assert words["value"].isna().all()
