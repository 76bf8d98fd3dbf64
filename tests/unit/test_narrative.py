"""Golden sentences: every grammar case in both languages."""

from types import SimpleNamespace

import pandas as pd
import pytest

from wqa.catalog.catalog import load_indicators, load_plan
from wqa.display.facts import Fact, parts_of, plain
from wqa.display.narrative import (
    change_fact,
    comparison_text,
    level_text,
    spoken,
    value_with_year,
)
from wqa.display.view import headline_values, is_side_scope, latest_row, previous_row, rows_of
from wqa.errors import DataError

NAMES = {
    "zh": {"WH": "武汉市", "HB": "湖北省", "CN": "全国"},
    "en": {"WH": "Wuhan", "HB": "Hubei", "CN": "China"},
}
RATE, COUNT = "food_sampling_pass_rate", "complaints"
SCORE, DEATHS = "public_service_satisfaction", "special_equipment_death_rate"
AMOUNT, STOCK = "complaint_recovered", "wuhan_famous_products"
PLAN = load_plan("wuhan-14fyp")


def row(indicator, region, year, value, **given):
    units = {RATE: "pct", COUNT: "case", SCORE: "score", DEATHS: "per_10k_units"}
    units |= {AMOUNT: "yuan_10k", STOCK: "item"}
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


def view(rows, lang="zh"):
    """Return as much of a view as a sentence needs."""
    frame = pd.DataFrame(rows)
    places = {"region": "WH", "regions": ("WH", "CN"), "names": NAMES[lang]}
    return SimpleNamespace(headline=frame, observations=frame, until=2025, lang=lang, **places)


def say(indicators, rows, indicator=RATE, region="WH", lang="zh", **given):
    return plain(level_text(view(rows, lang), indicators[indicator], region, **given))


CASES = {
    "rose": (
        RATE,
        [row(RATE, "WH", 2017, 97.6), row(RATE, "WH", 2018, 97.82, denominator=69302.0)],
        "2018年武汉市食品安全监督抽检合格率为97.82%（抽检69,302批次），同比提高0.22个百分点。",
        "In 2018, the food supervision sampling pass rate in Wuhan stood at 97.82% (69,302 "
        "batches sampled), up 0.22 percentage points on the previous year.",
    ),
    "fell by one point": (
        RATE,
        [row(RATE, "WH", 2017, 98.0), row(RATE, "WH", 2018, 97.0)],
        "2018年武汉市食品安全监督抽检合格率为97%，同比下降1个百分点。",
        "In 2018, the food supervision sampling pass rate in Wuhan stood at 97%, down 1 "
        "percentage point on the previous year.",
    ),
    "level": (
        RATE,
        [row(RATE, "WH", 2017, 97.6), row(RATE, "WH", 2018, 97.6)],
        "2018年武汉市食品安全监督抽检合格率为97.6%，与上年持平。",
        "In 2018, the food supervision sampling pass rate in Wuhan stood at 97.6%, unchanged "
        "on the previous year.",
    ),
    "a year between is missing": (
        RATE,
        [row(RATE, "WH", 2015, 97.0), row(RATE, "WH", 2018, 97.6)],
        "2018年武汉市食品安全监督抽检合格率为97.6%，比2015年（97%）提高0.6个百分点。",
        "In 2018, the food supervision sampling pass rate in Wuhan stood at 97.6%, up 0.6 "
        "percentage points on 2015 (97%).",
    ),
    "level over missing years": (
        RATE,
        [row(RATE, "WH", 2015, 97.6), row(RATE, "WH", 2018, 97.6)],
        "2018年武汉市食品安全监督抽检合格率为97.6%，与2015年持平。",
        "In 2018, the food supervision sampling pass rate in Wuhan stood at 97.6%, the same as "
        "in 2015.",
    ),
    "no comparable year": (
        RATE,
        [row(RATE, "WH", 2018, 97.6)],
        "2018年武汉市食品安全监督抽检合格率为97.6%。此前没有同口径的年度数值，不计算变动。",
        "In 2018, the food supervision sampling pass rate in Wuhan stood at 97.6%. No earlier "
        "annual figure has the same definition, so no change is computed.",
    ),
    "broken series": (
        RATE,
        [row(RATE, "WH", 2019, 97.6, scope="national_level"), row(RATE, "WH", 2020, 97.69)],
        "2020年武汉市食品安全监督抽检合格率为97.69%。本数值的口径为“各级抽检合计”，此"
        "前的口径为“国家级抽检”，两者不可比，不计算变动。",
        "In 2020, the food supervision sampling pass rate in Wuhan stood at 97.69%. This "
        "figure is defined as “all levels”, the earlier one as “national level”; they are not "
        "comparable, so no change is computed.",
    ),
    "lower bound": (
        RATE,
        [row(RATE, "WH", 2020, 98.0, qualifier="lower_bound")],
        "2020年武汉市食品安全监督抽检合格率不低于98%；已公布的只有这一下限。",
        "In 2020, the food supervision sampling pass rate in Wuhan was at least 98%; only this "
        "lower bound was published.",
    ),
    "upper bound": (
        SCORE,
        [row(SCORE, "WH", 2020, 82.4, qualifier="upper_bound", evidence="secondary")],
        "据转引资料，2020年武汉市公共服务质量监测满意度低于82.4分；已公布的只有这一上限。"
        "规划期内（2021—2025年）未见公开发布本指标的年度数值。",
        "In 2020, the public service quality satisfaction in Wuhan was below 82.4 points, "
        "according to compiled material; only this upper bound was published. No annual figure "
        "was found for the plan period (2021–2025).",
    ),
    "two bounds": (
        RATE,
        [
            row(RATE, "WH", 2022, 83.54, qualifier="upper_bound"),
            row(RATE, "WH", 2022, 72.48, qualifier="lower_bound"),
        ],
        "2022年武汉市食品安全监督抽检合格率不低于72.48%、低于83.54%；具体数值未见公布。",
        "In 2022, the food supervision sampling pass rate in Wuhan was at least 72.48 and "
        "below 83.54%; the figure itself was not found.",
    ),
    "nothing": (
        RATE,
        [row(RATE, "CN", 2020, 98.0)],
        "截至2025年，未见武汉市公开发布食品安全监督抽检合格率的年度数值。",
        "No annual figure of food supervision sampling pass rate in Wuhan up to 2025 was found "
        "in public sources.",
    ),
    "press and derived": (
        RATE,
        [row(RATE, "WH", 2018, 97.6, evidence="press", qualifier="derived")],
        "据新闻报道，2018年武汉市食品安全监督抽检合格率为97.6%（推算值）。此前没有同口径"
        "的年度数值，不计算变动。",
        "In 2018, the food supervision sampling pass rate in Wuhan stood at 97.6% (derived "
        "from other figures of the source), according to a press report. No earlier annual "
        "figure has the same definition, so no change is computed.",
    ),
    "a score fell": (
        SCORE,
        [row(SCORE, "WH", 2023, 80.36), row(SCORE, "WH", 2024, 79.92)],
        "2024年武汉市公共服务质量监测满意度为79.92分，同比下降0.44分。",
        "In 2024, the public service quality satisfaction in Wuhan stood at 79.92 points, down "
        "0.44 points on the previous year.",
    ),
    "a death rate fell": (
        DEATHS,
        [row(DEATHS, "WH", 2021, 0.08), row(DEATHS, "WH", 2022, 0.07)],
        "2022年武汉市万台特种设备死亡率为0.07人/万台，同比下降0.01人/万台。",
        "In 2022, the special equipment deaths per 10,000 units in Wuhan stood at 0.07, down "
        "0.01 on the previous year.",
    ),
    "a number grew": (
        COUNT,
        [row(COUNT, "WH", 2021, 1081100.0), row(COUNT, "WH", 2022, 1148700.0)],
        "2022年武汉市消费投诉举报量为1,148,700件，同比增加67,600件。",
        "In 2022, consumer complaints and reports in Wuhan numbered 1,148,700 (67,600 more "
        "than in the previous year).",
    ),
    "a number fell over missing years": (
        COUNT,
        [row(COUNT, "WH", 2019, 1200.0), row(COUNT, "WH", 2022, 1190.0)],
        "2022年武汉市消费投诉举报量为1190件，比2019年（1200件）减少10件。",
        "In 2022, consumer complaints and reports in Wuhan numbered 1190 (10 fewer than the "
        "1200 of 2019).",
    ),
    "a number has a lower bound": (
        COUNT,
        [row(COUNT, "WH", 2018, 400000.0, qualifier="lower_bound", evidence="press")],
        "据新闻报道，2018年武汉市消费投诉举报量不少于400,000件；已公布的只有这一下限。",
        "In 2018, consumer complaints and reports in Wuhan numbered at least 400,000, "
        "according to a press report; only this lower bound was published.",
    ),
    "an amount grew": (
        AMOUNT,
        [row(AMOUNT, "WH", 2021, 12.5), row(AMOUNT, "WH", 2022, 14.0)],
        "2022年武汉市为消费者挽回经济损失为14万元，同比增加1.5万元。",
        "In 2022, losses recovered for consumers in Wuhan came to 140,000 yuan, up 15,000 yuan "
        "on the previous year.",
    ),
    "disputed baseline of the plan": (
        DEATHS,
        [row(DEATHS, "WH", 2020, 0.29, source_id=PLAN.source_id)],
        "规划文件列明，2020年武汉市万台特种设备死亡率为0.29人/万台。此前没有同口径的年度"
        "数值，不计算变动。规划文本另有不同的基期表述，见数字冲突登记簿。规划期内（2021—20"
        "25年）未见公开发布本指标的年度数值。",
        "In 2020, the special equipment deaths per 10,000 units in Wuhan stood at 0.29, "
        "according to the plan's own documents. No earlier annual "
        "figure has the same definition, so no change is computed. The plan also states a "
        "different baseline; see the register of conflicting figures. No annual figure was "
        "found for the plan period (2021–2025).",
    ),
    "only part of a year in the plan": (
        STOCK,
        [
            row(STOCK, "WH", 2020, 7.0, source_id=PLAN.source_id),
            row(STOCK, "WH", 2023, 79.0, qualifier="partial_period", period="2023-05"),
        ],
        "规划文件列明，2020年武汉名品数为7个。此前没有同口径的年度数值，不计算变动。规划文本"
        "另有不同的基期表述，见数字冲突登记簿。规划期内（2021—2025年）未见本指标的年度数"
        "值，只见非年度数值：2023年5月79个。",
        "In 2020, Wuhan famous products numbered 7, according to the plan's own "
        "documents. No earlier annual figure has the same definition, so no change is "
        "computed. The plan also states a different baseline; see the register of conflicting "
        "figures. No annual figure was found for the plan period (2021–2025), only one that is "
        "not annual: 79 items (May 2023).",
    ),
}
# Cases told to a reader of the plan: its own figures and its silence are named.
TOLD_WITH_PLAN = {"disputed baseline of the plan", "only part of a year in the plan", "upper bound"}


@pytest.mark.parametrize("case", CASES)
def test_level_sentences(indicators, case):
    indicator, rows, zh, en = CASES[case]
    given = {"plan": PLAN} if case in TOLD_WITH_PLAN else {}
    assert say(indicators, rows, indicator, lang="zh", **given) == zh
    assert say(indicators, rows, indicator, lang="en", **given) == en


def test_silence_during_the_plan_is_said(indicators):
    text = say(indicators, [row(RATE, "WH", 2018, 97.6)], plan=PLAN)
    assert text.endswith("规划期内（2021—2025年）未见公开发布本指标的年度数值。")


def test_every_numeral_of_a_sentence_is_a_fact(indicators):
    _, rows, _, _ = CASES["rose"]
    text = level_text(view(rows), indicators[RATE], "WH")
    literal = "".join(part for part in parts_of(text) if isinstance(part, str))
    assert not any(char.isdigit() for char in literal)
    facts = [part for part in parts_of(text) if isinstance(part, Fact)]
    assert [fact.text for fact in facts] == ["2018", "97.82", "69,302", "0.22"]
    assert all(fact.source_ids == ("src",) for fact in facts)


def compare(indicators, own, other, lang="zh", indicator=RATE):
    return plain(comparison_text(view([own, other], lang), indicators[indicator]))


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
    assert "未公布具体数值" in compare(indicators, own | {"qualifier": "lower_bound"}, other)
    unstated = {"scope": "reported"}
    assert "不可比" in compare(indicators, own | unstated, other | unstated)


def test_counts_of_regions_are_never_ranked(indicators):
    own, other = row(COUNT, "WH", 2020, 5.0), row(COUNT, "CN", 2020, 900.0)
    assert "不作高低比较" in compare(indicators, own, other, indicator=COUNT)


def test_change_across_definitions_is_refused():
    old = Fact.observed(row(RATE, "WH", 2019, 97.0, scope="national_level"))
    with pytest.raises(DataError, match="not comparable"):
        change_fact(Fact.observed(row(RATE, "WH", 2020, 98.0)), old)


def test_change_is_as_precise_as_the_figures():
    old, new = row(RATE, "WH", 2019, 97.6), row(RATE, "WH", 2020, 97.69)
    change = change_fact(Fact.observed(new), Fact.observed(old), signed=True)
    assert change.text == "+0.09"


def test_english_prints_ten_thousands_in_full():
    fact = Fact.observed(row("valid_certificates", "WH", 2020, 4.38))
    value, unit = spoken(fact, "en")
    assert (value.text, unit) == ("43,800", " certificates")
    assert spoken(fact, "zh")[0].text == "4.38"


def test_bound_keeps_its_sign_in_a_cell():
    bound = row(RATE, "WH", 2020, 98.0, qualifier="lower_bound")
    assert plain(value_with_year(bound, "zh")) == "≥98%（2020年）"
    assert plain(value_with_year(bound, "en")) == "≥98% (2020)"


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
    sampled = [row(RATE, "WH", 2020, 99.0, scope="c", denominator=900.0), *rows[:3]]
    assert latest_row(sampled)["value"] == 99.0, "the larger sample, while no series is long"
    long = [row(RATE, "WH", year, 97.0, scope="b") for year in (2016, 2017)]
    assert latest_row([*long, *sampled])["value"] == 97.5, "a series that shows changes"
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
