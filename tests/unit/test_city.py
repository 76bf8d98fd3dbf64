"""The one object of a chapter: frames, and things that show themselves."""

import re

import pandas as pd
import pytest

import wqa
from wqa.display.facts import plain
from wqa.display.report import DisplayTable, Drawing, Paragraphs
from wqa.errors import WqaError

FOOD = "food_sampling_pass_rate"


@pytest.fixture(scope="module", params=["zh", "en"])
def city(request):
    return wqa.open_edition("wuhan-14fyp", "WH", 2025, "", 2025, request.param, 0)


def test_figures_are_tidy_and_named(city):
    frame = city.figures(FOOD, region="CN", definition="all_levels")
    assert list(frame.columns) == [
        "region", "definition", "year", "value", "n", "low", "high", "kind", "evidence",
        "source", "row",
    ]  # fmt: skip
    assert set(frame["region"]) == {city.names["CN"]}
    assert len(set(frame["definition"])) == 1 and frame["year"].is_unique
    known = frame.dropna(subset=["n"])
    assert len(known) and ((known["low"] < known["value"]) & (known["value"] < known["high"])).all()
    assert frame["row"].str.fullmatch(r"data/raw/.+\.csv:\d+").all()
    assert (frame["kind"] == {"zh": "公布值", "en": "published"}[city.lang]).all()
    assert (frame["source"] != "").all()


def test_figures_of_an_indicator_are_those_of_its_chart(city):
    every = city.figures(FOOD)
    assert set(city.plot_levels(FOOD).frame["value"]) <= set(every["value"])
    assert len(city.figures(FOOD, region="nowhere")) == 0
    with pytest.raises(WqaError, match="unknown indicator"):
        city.figures("nothing")


def test_figures_of_every_indicator_can_be_read(city):
    for indicator in set(city.shown["indicator_id"]):
        frame = city.figures(indicator)
        assert not frame.drop(columns=["n", "low", "high"]).isna().any(axis=None), indicator


def test_figures_with_bounds_are_not_forecast_by_mistake(city):
    frame = city.figures(FOOD, "CN", "all_levels")
    with pytest.raises(WqaError, match="a frame of load_series, or columns year and value alone"):
        wqa.forecast(frame, horizon=1)
    assert len(wqa.forecast(frame["value"].to_numpy(), frame["year"].to_numpy(), horizon=1).years)


def test_an_edition_knows_nothing_later():
    early = wqa.open_edition("wuhan-14fyp", edition=2022, as_of="2023-06-30")
    assert early.figures(FOOD)["year"].max() <= 2022
    told = "".join(map(str, early.about(FOOD).items))
    assert "2018" in told and not any(year in told for year in ("2023", "2024", "2026"))
    assert early.death_rates()["year"].max() <= 2022


def test_everything_shows_itself_and_carries_its_data(city):
    rates, readings = city.death_rates(), city.answers(readings=True)
    things = [
        city.about(FOOD), city.about_beside([FOOD]), city.about_death_rates(rates),
        city.about_readings(readings, "6"),
        city.list_figures(FOOD, "food_evaluation_pass_rate"), city.list_latest([FOOD]),
        city.list_death_rates(rates), city.list_readings(readings, "6"),
        city.plot_levels(FOOD, first=2018), city.plot_regions(FOOD), city.plot_funnel(FOOD),
        city.plot_death_rates(rates), city.plot_progress(),
    ]  # fmt: skip
    assert {type(thing) for thing in things} == {Paragraphs, DisplayTable, Drawing}
    for thing in things:
        assert thing._repr_mimebundle_()["text/plain"]
        if not isinstance(thing, Paragraphs):
            assert len(thing.frame) and isinstance(thing.frame, pd.DataFrame)


def test_counts_stand_beside_their_targets_with_what_follows_from_published_figures(city):
    found = city.plot_progress().frame
    famous = found[found["known"] == 79].iloc[0]  # of the 100 that are asked for
    assert famous["deduced"] == 114
    assert {"79", "2023", "114"} == set(re.findall(r"\d+", famous["note"]))
    assert (found["deduced"] >= found["known"]).all()
    assert (found["known"] == 0).any(), "a target of which nothing is known has a line, too"


def test_no_count_no_chart():
    assert wqa.open_edition(as_of="2015-01-01").plot_progress() is None


def test_series_are_those_that_can_be_tested(city):
    series = city.series()
    assert (
        series["count"].min() >= 4
        and not series.duplicated(["indicator_id", "region", "scope"]).any()
    )
    one = series.iloc[-1]
    figures = city.figures(one["indicator_id"], one["region"], one["scope"])
    assert set(figures["region"]) == {one["place"]}
    assert set(figures["definition"]) == {one["definition"]}
    assert len(figures) >= one["count"]


def test_answers_are_those_of_the_edition(city):
    plain = wqa.assess("wuhan-14fyp", edition=2025, target_year=2025)
    assert city.answers()["answer"].tolist() == plain["answer"].tolist()


def test_city_says_what_it_is(city):
    assert repr(city).startswith(f"<{city.names['WH']}, wuhan-14fyp, 2025: ")


def test_wrong_parameter_is_one_clear_line():
    with pytest.raises(WqaError, match="lang is unknown"):
        wqa.open_edition(lang="de")


def test_the_ladder_says_which_number_of_deaths_passes(city):
    # Row 6 asks for less than 0.1 per 10,000 units: 15.6 and about 31.6 times 10,000 units.
    (drawing,) = city.plot_ladder("6")
    shown = [0.064, 0.128, 0.192, 0.256, 0.032, 0.063, 0.095, 0.126]
    assert drawing.frame["rate"].round(3).tolist() == shown
    notes = [text.get_text() for text in drawing.ax.texts[: len(shown)]]
    yes = "yes" if city.lang == "en" else "是"
    assert [yes in note for note in notes] == [True, False, False, False, True, True, True, False]
    assert set(drawing.sources) >= {"src-2023-03-28-237ffc95", "src-2023-03-c5109c4f"}
    assert city.plot_ladder("7") == city.plot_ladder("99") == []


def test_steps_of_the_plan_stand_beside_what_was_known_by_then():
    (table,) = wqa.open_edition().list_milestones("quality_service_stations")
    cells = [[plain(row.get(key, "")) for key in ("level", "state")] for row in table.rows]
    # Changjiang Daily reported 19 accredited in October 2021 and 33 built in September 2024.
    assert cells == [["19个（2021年10月）", "是"], ["", "未见可判断的公布数"],
                     ["33个（2024年9月）", "是"]]  # fmt: skip
    assert wqa.open_edition(region="HB").list_milestones("quality_service_stations") == []


def test_nothing_is_drawn_where_nothing_was_published_yet():
    city = wqa.open_edition(as_of="2010-01-01")
    key = ("agri_product_pass_rate", "CN", "routine_130_parameters")
    (target,) = city.targets(key[0])
    assert city.plot_death_rates(city.death_rates()) is None
    assert city.plot_known_years() is None
    assert city.plot_path(*key, None, target=target) is None


DOMAINS = {
    "product": ["5"],
    "food_agri_drug": ["7", "8"],
    "project": ["3a", "3b", "12", "13"],
    "service": ["9", "10", "11"],
}


@pytest.mark.parametrize(("name", "rows"), DOMAINS.items())
def test_a_scope_keeps_the_targets_of_a_domain(name, rows):
    city = wqa.open_edition(scope=f"domain:{name}")
    assert city.answers()["row"].tolist() == rows
    assert city.list_board(city.answers()).rows


@pytest.mark.parametrize("scope", ["service", "domain:nothing", "district:service", ":", "domain:"])
def test_an_unknown_scope_is_named_with_the_known_ones(scope):
    known = f"unknown scope; got '{scope}'; expected one of domain:brand, domain:project, "
    with pytest.raises(WqaError, match=re.escape(known)):
        wqa.open_edition(scope=scope)


def test_a_chapter_judges_a_group_by_its_name(city):
    ids = ("international_brands", "hubei_quality_products", "wuhan_famous_products")
    told = city.judge("brand")
    assert told == city.judge(*ids, "quality_award_holders")
    assert len(told.items) == 4


def test_a_chart_shows_a_limit_of_the_city_or_says_that_it_has_no_figure(city):
    beside = city.plot_regions("public_service_satisfaction")
    assert "WH" in set(beside.frame["region"])
    nation = city.plot_levels("special_equipment_stock", regions=["CN"])
    assert any(city.names["WH"] in plain(note) for note in nation.notes)
    assert not city.plot_regions("food_sampling_pass_rate").notes
