"""Golden sentences: every grammar case in both languages."""

import pandas as pd
import pytest

from wqa.display.changes import change_fact, spoken
from wqa.display.comparisons import comparison_text
from wqa.display.facts import Fact, observation_fact
from wqa.display.narrative import level_text, series_text, value_with_year
from wqa.display.selection import headline_values, is_side_scope, latest_row, previous_row, rows_of
from wqa.errors import DataError
from wqa.plans.catalog import load_indicators, load_plan

NAMES = {
    "zh": {"WH": "武汉市", "HB": "湖北省", "CN": "全国"},
    "en": {"WH": "Wuhan", "HB": "Hubei", "CN": "China"},
}
RATE, COUNT = "food_sampling_pass_rate", "complaints"
SCORE, DEATHS = "public_service_satisfaction", "special_equipment_death_rate"


def row(indicator, region, year, value, **given):
    units = {RATE: "pct", COUNT: "case", SCORE: "score", DEATHS: "per_10k_units"}
    return {
        "indicator_id": indicator,
        "region": region,
        "year": year,
        "period": str(year),
        "value": value,
        "unit": units.get(indicator, "certificate_10k"),
        "numerator": None,
        "denominator": float("nan"),
        "scope": "all_levels",
        "qualifier": "exact",
        "evidence": "official",
        "source_id": "src",
        "vintage": "2020-01-01",
        "file": "f.csv",
        "row": year,
    } | given


@pytest.fixture(scope="module")
def indicators():
    return load_indicators()


def say(indicators, rows, indicator=RATE, region="WH", lang="zh", **given):
    frame = pd.DataFrame(rows)
    text = level_text(
        frame, indicators[indicator], region, names=NAMES[lang], until=2025, lang=lang, **given
    )
    return str(text)


CASES = {
    "rose": (
        [row(RATE, "WH", 2017, 97.6), row(RATE, "WH", 2018, 97.82, denominator=69302.0)],
        "2018年，武汉市食品安全监督抽检合格率为97.82%（抽检69,302批次），同比提高0.22个百分点。",
        "In 2018, the food supervision sampling pass rate in Wuhan stood at 97.82% (69,302 "
        "batches sampled), up 0.22 percentage points on the previous year.",
    ),
    "fell by one point": (
        [row(RATE, "WH", 2017, 98.0), row(RATE, "WH", 2018, 97.0)],
        "2018年，武汉市食品安全监督抽检合格率为97%，同比下降1个百分点。",
        "In 2018, the food supervision sampling pass rate in Wuhan stood at 97%, down 1 "
        "percentage point on the previous year.",
    ),
    "level": (
        [row(RATE, "WH", 2017, 97.6), row(RATE, "WH", 2018, 97.6)],
        "2018年，武汉市食品安全监督抽检合格率为97.6%，与上年持平。",
        "In 2018, the food supervision sampling pass rate in Wuhan stood at 97.6%, unchanged on "
        "the previous year.",
    ),
    "a year between is missing": (
        [row(RATE, "WH", 2015, 97.0), row(RATE, "WH", 2018, 97.6)],
        "2018年，武汉市食品安全监督抽检合格率为97.6%，比2015年（97%）提高0.6个百分点。",
        "In 2018, the food supervision sampling pass rate in Wuhan stood at 97.6%, up 0.6 "
        "percentage points on 2015 (97%).",
    ),
    "no comparable year": (
        [row(RATE, "WH", 2018, 97.6)],
        "2018年，武汉市食品安全监督抽检合格率为97.6%。此前没有口径相同的年度数值，不计算变动。",
        "In 2018, the food supervision sampling pass rate in Wuhan stood at 97.6%. No earlier "
        "figure has the same definition, so no change is computed.",
    ),
    "broken series": (
        [row(RATE, "WH", 2019, 97.6, scope="national_level"), row(RATE, "WH", 2020, 97.69)],
        "2020年，武汉市食品安全监督抽检合格率为97.69%。本数值的口径为“各级抽检合计”，此前数值的"
        "口径为“国家级抽检”，两者不可比，不计算变动。",
        "In 2020, the food supervision sampling pass rate in Wuhan stood at 97.69%. This figure "
        "is defined as “all levels”, the earlier ones as “national level”; the two are not "
        "comparable and no change is computed.",
    ),
    "lower bound": (
        [row(RATE, "WH", 2020, 98.0, qualifier="lower_bound")],
        "2020年，武汉市食品安全监督抽检合格率不低于98%，公布的是下限，未公布具体数值。",
        "In 2020, the food supervision sampling pass rate in Wuhan stood at no less than 98%; "
        "only this lower bound was published.",
    ),
    "two bounds": (
        [
            row(RATE, "WH", 2022, 83.54, qualifier="upper_bound"),
            row(RATE, "WH", 2022, 72.48, qualifier="lower_bound"),
        ],
        "2022年，武汉市食品安全监督抽检合格率公布的范围在72.48%至83.54%之间，未公布具体数值。",
        "In 2022, the food supervision sampling pass rate in Wuhan was published only as lying "
        "between 72.48 and 83.54%.",
    ),
    "nothing": (
        [row(RATE, "CN", 2020, 98.0)],
        "截至2025年，未见武汉市公开发布食品安全监督抽检合格率的年度数值。",
        "Up to 2025, no annual figure of food supervision sampling pass rate in Wuhan was found "
        "in public sources.",
    ),
    "press and derived": (
        [row(RATE, "WH", 2018, 97.6, evidence="press", qualifier="derived")],
        "2018年，武汉市食品安全监督抽检合格率为97.6%。此前没有口径相同的年度数值，不计算变动。"
        "该数值由同一来源公布的其他数字推算。该数值引自新闻报道，未见原始公报。",
        "In 2018, the food supervision sampling pass rate in Wuhan stood at 97.6%. No earlier "
        "figure has the same definition, so no change is computed. The figure is derived from "
        "other figures of the same source. The figure comes from a press report; the original "
        "bulletin was not seen.",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_level_sentences(indicators, case):
    rows, zh, en = CASES[case]
    assert say(indicators, rows, lang="zh") == zh
    assert say(indicators, rows, lang="en") == en


def test_score_changes_in_points_not_percent(indicators):
    rows = [row(SCORE, "CN", 2023, 79.92), row(SCORE, "CN", 2024, 80.36)]
    assert "同比提高0.44分" in say(indicators, rows, SCORE, "CN")
    assert "up 0.44 points on" in say(indicators, rows, SCORE, "CN", "en")


def test_count_grows_by_a_number(indicators):
    rows = [row(COUNT, "HB", 2021, 1081100.0), row(COUNT, "HB", 2022, 1148700.0)]
    assert "同比增加67,600件" in say(indicators, rows, COUNT, "HB")
    assert "67,600 cases more than in the previous year" in say(indicators, rows, COUNT, "HB", "en")


def test_death_rate_keeps_its_unit(indicators):
    rows = [row(DEATHS, "CN", 2021, 0.08), row(DEATHS, "CN", 2022, 0.07)]
    assert "同比下降0.01人/万台" in say(indicators, rows, DEATHS, "CN")
    assert "percent" not in say(indicators, rows, DEATHS, "CN", "en")


def test_silence_during_the_plan_is_said(indicators):
    plan = load_plan("wuhan-14fyp")
    text = say(indicators, [row(RATE, "WH", 2018, 97.6)], plan=plan)
    assert text.endswith(
        "规划期内（2021—2025年）未见武汉市公开发布食品安全监督抽检合格率的年度数值。"
    )


def test_figure_of_the_plan_itself_is_called_so(indicators):
    plan = load_plan("wuhan-14fyp")
    rows = [row(RATE, "WH", 2020, 98.0, source_id=plan.source_id)]
    assert "该数值为规划文本所列" in say(indicators, rows, plan=plan)


def test_every_numeral_of_a_sentence_is_a_fact(indicators):
    rows, _, _ = CASES["rose"]
    text = level_text(pd.DataFrame(rows), indicators[RATE], "WH", names=NAMES["zh"], until=2025)
    literal = "".join(part for part in text.parts() if isinstance(part, str))
    assert not any(char.isdigit() for char in literal)
    facts = [part for part in text.parts() if isinstance(part, Fact)]
    assert [fact.text for fact in facts] == ["2018", "97.82", "69,302", "0.22"]
    assert all(fact.source_ids == ("src",) for fact in facts)


def test_later_figures_are_not_seen(indicators):
    rows = [row(RATE, "WH", 2018, 97.6), row(RATE, "WH", 2024, 99.0)]
    frame = pd.DataFrame(rows)
    text = level_text(frame, indicators[RATE], "WH", names=NAMES["zh"], until=2020)
    assert "97.6%" in str(text) and "99" not in str(text)


def compare(indicators, own, other, lang="zh", indicator=RATE):
    frame = pd.DataFrame([own, other])
    text = comparison_text(
        frame, indicators[indicator], "WH", ["CN"], names=NAMES[lang], until=2025, lang=lang
    )
    return str(text)


def test_comparison_of_one_year_and_definition(indicators):
    own, other = row(RATE, "WH", 2020, 98.0), row(RATE, "CN", 2020, 97.69)
    expected = "2020年全国为97.69%，口径相同，武汉市高0.31个百分点。"
    assert compare(indicators, own, other) == expected
    assert "Wuhan was 0.31 percentage points higher" in compare(indicators, own, other, "en")
    assert "低0.31个百分点" in compare(indicators, own | {"value": 97.38}, other)
    assert "持平" in compare(indicators, own | {"value": 97.69}, other)


def test_other_definition_year_or_bound_is_never_ranked(indicators):
    own, other = row(RATE, "WH", 2020, 98.0), row(RATE, "CN", 2020, 97.69)
    assert "不可比" in compare(indicators, own, other | {"scope": "national_level"})
    assert "年份不同" in compare(indicators, own, other | {"year": 2021})
    assert "只公布了上下限" in compare(indicators, own | {"qualifier": "lower_bound"}, other)
    unstated = {"scope": "reported"}
    assert "不可比" in compare(indicators, own | unstated, other | unstated)


def test_counts_of_regions_are_never_ranked(indicators):
    own, other = row(COUNT, "WH", 2020, 5.0), row(COUNT, "CN", 2020, 900.0)
    assert "不作高低比较" in compare(indicators, own, other, indicator=COUNT)


def test_change_across_definitions_is_refused():
    old = observation_fact(row(RATE, "WH", 2019, 97.0, scope="national_level"))
    with pytest.raises(DataError, match="not comparable"):
        change_fact(observation_fact(row(RATE, "WH", 2020, 98.0)), old, "zh")


def test_change_is_as_precise_as_the_figures():
    old, new = row(RATE, "WH", 2019, 97.6), row(RATE, "WH", 2020, 97.69)
    change = change_fact(observation_fact(new), observation_fact(old), "zh", signed=True)
    assert change.text == "+0.09"


def test_series_sentence_names_gaps(indicators):
    frame = pd.DataFrame([row(RATE, "CN", 2014, 94.7), row(RATE, "CN", 2017, 97.6)])
    text = series_text(frame, indicators[RATE], "CN", "all_levels")
    expected = (
        "本口径（各级抽检合计）共有2个年度数值，2014年为94.7%，2017年为97.6%。其间缺2015、2016年。"
    )
    assert str(text) == expected


def test_english_prints_ten_thousands_in_full():
    fact = observation_fact(row("valid_certificates", "WH", 2020, 4.38), lang="en")
    value, unit = spoken(fact, "en")
    assert (value.text, unit) == ("43,800", " certificates")
    assert spoken(fact, "zh")[0].text == "4.38"


def test_bound_keeps_its_sign_in_a_cell():
    bound = row(RATE, "WH", 2020, 98.0, qualifier="lower_bound")
    assert str(value_with_year(bound, "zh")) == "≥98%（2020年）"
    assert str(value_with_year(bound, "en")) == "≥98% (2020)"


def test_latest_prefers_value_over_bound_and_long_series():
    rows = [
        row(RATE, "WH", 2020, 98.0, qualifier="lower_bound", scope="a"),
        row(RATE, "WH", 2019, 97.0, scope="b"),
        row(RATE, "WH", 2020, 97.5, scope="b"),
        row(RATE, "WH", 2020, 99.0, scope="c"),
    ]
    assert latest_row(rows)["value"] == 97.5
    assert latest_row(rows, prefer=["c"])["value"] == 99.0
    assert latest_row([]) is None
    assert previous_row(rows, rows[2])["year"] == 2019


def test_side_series_never_stand_for_the_whole():
    assert is_side_scope("class_dairy_special")
    assert is_side_scope("tea_routine_94_parameters")
    assert not is_side_scope("all_levels")
    frame = pd.DataFrame(
        [row(RATE, "WH", 2020, 1.0, scope="pre_festival"), row(RATE, "WH", 2019, 2.0)]
    )
    assert headline_values(frame)["value"].tolist() == [2.0]
    assert len(rows_of(frame, RATE, "WH")) == 2
