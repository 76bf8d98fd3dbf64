"""Verdicts: precedence, reasons, evidence rules, readings, a plan added by files only."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from observation_frames import figures

from wqa.assessment.attainment import READING_COLUMNS, VERDICT_COLUMNS, assess
from wqa.assessment.judging import ANSWERS, answer_for
from wqa.assessment.statements import print_number, print_probability
from wqa.catalog.catalog import load_plan
from wqa.catalog.records import Baseline, Condition
from wqa.errors import CatalogError, DataError

PLAN = load_plan("wuhan-14fyp")


def only(row: str, part: str = "", **changes):
    """The plan with one target, possibly changed."""
    found = next(t for t in PLAN.targets if (t.row, t.part) == (row, part))
    return replace(PLAN, targets=(replace(found, **changes),))


def one(plan, *rows: dict, **options) -> pd.Series:
    target = plan.targets[0]
    base = {
        "indicator_id": target.indicator_id,
        "scope": target.series[0],
        "region": target.region,
    }
    return assess(plan, observations=figures(*(base | row for row in rows)), **options).iloc[0]


def years(values: dict[int, float], **fields) -> list[dict]:
    return [{"year": y, "value": v, **fields} for y, v in values.items()]


def test_nothing_at_all_is_not_assessable():
    row = one(only("1", "a"))
    assert (row["answer"], row["reason_code"]) == ("nothing_known", "no_observation")
    assert row["evidence_class"] == "none"
    assert pd.isna(row["p_attain"])
    assert row["source_ids"] == "doc-wuhan-14fyp"


def test_the_baseline_cell_alone_gives_no_verdict():
    row = one(only("7"), {"year": 2020, "value": 98})
    assert (row["answer"], row["reason_code"]) == ("nothing_known", "no_observation_in_plan")
    assert row["evidence_class"] == "prior_only"
    assert 0 < row["p_attain"] < 1
    assert pd.isna(row["progress"]) and pd.isna(row["met_now"])
    assert "2020年98%" in row["evidence_zh"]
    assert row["needed_per_year"] == pytest.approx(0.1)


def test_one_figure_inside_the_plan_gives_a_wide_answer():
    row = one(only("7"), *years({2020: 98, 2022: 98.2}))
    assert row["answer"] in ("very_likely", "likely", "open", "unlikely")
    assert row["reason_code"] == "forecast"
    assert row["progress"] == pytest.approx(0.4)
    assert row["gap"] == pytest.approx(-0.3)
    assert row["needed_per_year"] == pytest.approx(0.1)
    assert row["n_points"] == 2
    assert row["p_low"] <= row["p_attain"] <= row["p_high"]
    assert row["evidence_class"] in ("weak", "leans_on_prior", "calibrated")


def test_the_published_target_year_decides_as_it_was_printed():
    attained = one(only("7"), *years({2024: 98.3, 2025: 98.5}))
    assert (attained["answer"], attained["p_attain"]) == ("met", 1.0)
    assert attained["reason_code"] == "published_met"
    assert attained["evidence_class"] == "known"
    missed = one(only("7"), *years({2024: 98.9, 2025: 98.46}))
    assert (missed["answer"], missed["p_attain"]) == ("missed", 0.0)
    assert "98.46%" in missed["evidence_zh"]


def test_the_strict_limit_of_the_death_rate():
    plan = only("6")
    assert one(plan, {"year": 2025, "value": 0.10})["answer"] == "missed"
    assert one(plan, {"year": 2025, "value": 0.12})["answer"] == "missed"
    near = one(plan, {"year": 2025, "value": 0.096})
    assert near["answer"] == "met"
    assert "0.096" in near["evidence_zh"]


def test_what_was_published_later_is_not_used():
    late = {"year": 2025, "value": 98.6, "vintage": "2026-06-30"}
    rows = [*years({2020: 98, 2023: 98.9}), late]
    before = one(only("7"), *rows, as_of="2026-03-31")
    assert before["level_year"] == 2023
    assert before["answer"] in ("very_likely", "likely", "open", "unlikely")
    after = one(only("7"), *rows, as_of="2026-07-01")
    assert after["answer"] == "met"
    with pytest.raises(DataError):
        one(only("7"), *rows, as_of="yesterday")


def test_the_edition_hides_later_years():
    row = one(only("7"), *years({2022: 98.2, 2025: 99}), edition=2023)
    assert row["level_year"] == 2022


def test_a_target_year_inside_the_plan():
    row = one(only("7"), *years({2022: 98.6, 2023: 98.7}), target_year=2023)
    assert (row["answer"], row["target_year"]) == ("met", 2023)
    with pytest.raises(DataError, match="target_year lies outside plan"):
        one(only("7"), target_year=2019)


def test_a_breached_floor_cannot_be_repaired():
    row = one(only("8"), *years({2021: 98.9, 2022: 98.4, 2023: 99.2}))
    assert (row["answer"], row["reason_code"]) == ("missed", "breached")
    assert "2022年为98.4%" in row["evidence_zh"]
    assert row["met_now"] is np.False_ or row["met_now"] is False


def test_a_floor_shows_its_margin_and_the_share_of_years():
    row = one(only("8"), *years({2021: 98.9, 2022: 99.3}, denominator=3000.0))
    assert row["gap"] == pytest.approx(0.8)  # points above the floor
    assert row["progress"] == 1.0  # share of the known years
    assert row["reason_code"] == "forecast_every_year"


def test_awards_of_every_year():
    row = one(only("3", "b"), *years({2021: 60, 2022: 57}))
    assert row["progress"] == 1.0
    assert row["reason_code"] == "forecast_every_year"
    whole = one(only("3", "b"), *years(dict.fromkeys(range(2021, 2026), 55)))
    assert (whole["answer"], whole["reason_code"]) == ("met", "every_year_met")


def test_a_missing_plan_year_keeps_the_floor_uncertain():
    full = one(only("8"), *years({2021: 99.9, 2022: 99.9, 2023: 99.9, 2024: 99.9}))
    gap = one(only("8"), *years({2021: 99.9, 2022: 99.9, 2024: 99.9}))
    assert gap["p_attain"] < full["p_attain"]
    assert gap["reason_code"] == "missing_year" and "2023" in gap["evidence_zh"]
    last = one(only("8"), *years({2021: 99.2, 2022: 99.2, 2024: 99.2, 2025: 99.2}))
    assert last["reason_code"] == "missing_year" and 0.5 < last["p_attain"] < 1


def test_sums_are_attained_early_or_estimated():
    early = one(only("14", "a"), *years({2021: 9, 2022: 11}))
    assert (early["answer"], early["reason_code"]) == ("met", "sum_reached")
    assert "20" in early["evidence_zh"]
    row = one(only("14", "a"), {"year": 2022, "value": 11})
    assert row["progress"] == 0.55
    assert row["level_qualifier"] == "sum_so_far"
    assert row["needed_per_year"] == pytest.approx(9 / 4)
    assert row["model"] == "poisson_gamma"
    assert row["p_low"] < row["p_attain"]
    missed = one(only("14", "a"), *years(dict.fromkeys(range(2021, 2026), 3)))
    assert (missed["answer"], missed["reason_code"]) == ("missed", "sum_missed")


def test_a_part_of_a_year_counts_toward_a_sum_but_is_no_value():
    part = {"year": 2023, "value": 9, "qualifier": "partial_period", "period": "2023-06"}
    row = one(only("14", "a"), {"year": 2022, "value": 11}, part)
    assert row["answer"] == "met"
    assert row["level"] == 20
    window = part | {"value": 50, "period": "2018-2021M09", "year": 2021}
    assert one(only("14", "a"), {"year": 2022, "value": 11}, window)["answer"] != "met"


def test_limits_decide_when_they_can():
    proven = one(only("7"), {"year": 2025, "value": 98.5, "qualifier": "lower_bound"})
    assert (proven["answer"], proven["reason_code"]) == ("met", "limit_proves")
    refuted = one(only("7"), {"year": 2025, "value": 98.3, "qualifier": "upper_bound"})
    assert (refuted["answer"], refuted["reason_code"]) == ("missed", "limit_disproves")
    idle = one(only("7"), {"year": 2024, "value": 98.0, "qualifier": "lower_bound"})
    assert (idle["answer"], idle["reason_code"]) == ("nothing_known", "lower_bound_only")
    assert idle["level_qualifier"] == "lower_bound"
    assert pd.isna(idle["gap"])


def test_a_part_of_a_year_is_no_verdict_on_a_stock():
    part = {"year": 2023, "value": 79, "qualifier": "partial_period", "period": "2023-05"}
    row = one(only("2", kind="gap"), {"year": 2020, "value": 7}, part)
    assert (row["answer"], row["reason_code"]) == ("nothing_known", "partial_period_only")
    assert pd.isna(row["p_attain"])  # a probability from 2020 alone would ignore the 79
    sure = one(only("2", kind="monotone", value=70), {"year": 2020, "value": 7}, part)
    assert (sure["answer"], sure["reason_code"]) == ("met", "limit_proves")


def test_another_definition_is_not_joined():
    other = {"year": 2022, "value": 99.4, "scope": "ministry_level"}
    row = one(only("8"), {"year": 2019, "value": 99.9}, other)
    assert (row["answer"], row["reason_code"]) == ("nothing_known", "series_broken")
    assert row["level"] == 99.9
    assert row["level_year"] == 2019


def test_a_bound_needs_its_number_of_cases():
    bare = one(only("12"), *years({2022: 100, 2023: 100}))
    assert (bare["model"], bare["reason_code"]) == ("pooled", "forecast")
    counted = one(only("12"), *years({2022: 100, 2023: 100}, denominator=200.0))
    # Jeffreys: B(400.5 + 200, .5) / B(400.5, .5)
    from scipy.special import beta

    assert counted["p_attain"] == pytest.approx(beta(600.5, 0.5) / beta(400.5, 0.5))
    assert counted["model"] == "beta_binomial"
    failed = one(only("12"), {"year": 2025, "value": 99.5})
    assert failed["answer"] == "missed"


def test_a_disputed_baseline_blocks_only_what_depends_on_it():
    alone = one(only("6"), {"year": 2020, "value": 0.29})
    assert (alone["answer"], alone["reason_code"]) == ("nothing_known", "disputed_baseline")
    assert pd.isna(alone["p_attain"])
    assert "0.29人/万台" in alone["evidence_zh"] and "0.029人/万台" in alone["evidence_zh"]
    assert "already meets" in alone["evidence_en"]
    known = one(only("6"), {"year": 2020, "value": 0.29}, {"year": 2025, "value": 0.05})
    assert known["answer"] == "met"


def test_readings_that_lead_apart_are_a_conflict():
    row = one(only("6"), *years({2020: 0.29, 2021: 0.12}))
    readings = assess(
        only("6"),
        readings=True,
        observations=figures(
            *(
                {"indicator_id": "special_equipment_death_rate", "scope": PLAN6.series[0], **r}
                for r in years({2020: 0.29, 2021: 0.12})
            )
        ),
    )
    both = readings[readings["field"] == "baseline"].set_index("reading_id")["answer"]
    if both["table"] != both["text"]:
        assert (row["answer"], row["reason_code"]) == ("open", "readings_differ")
    else:
        assert row["answer"] == both["table"]


PLAN6 = next(t for t in PLAN.targets if t.row == "6")


def test_a_conflict_stands_only_on_the_region_whose_figures_disagree():
    # The register says of this bulletin that a figure of Hubei cannot be recomputed.
    bulletin = {"year": 2022, "value": 95, "source_id": "src-2022-12-13-bc103580"}
    city = one(only("5"), bulletin)
    province = one(only("5"), bulletin | {"region": "HB"}, region="HB")
    assert bulletin["source_id"] in city["source_ids"]
    assert city["conflict_ids"].split() == ["row5-baseline", "comparator-from-text"]
    assert province["conflict_ids"].split() == [
        "hubei-2022-special-sampling", "comparator-from-text",
    ]  # fmt: skip


def test_conflict_is_named_with_both_probabilities(monkeypatch):
    from wqa.assessment import judging

    def split(question, evidence):
        return judging.Likelihood(p=0.95 if evidence.annual.get(2020) == 0.029 else 0.1)

    monkeypatch.setattr(judging, "likelihood", split)
    row = one(only("6"), *years({2020: 0.29, 2021: 0.12}))
    assert (row["answer"], row["reason_code"]) == ("open", "readings_differ")
    assert "为10%" in row["evidence_zh"] and "为95%" in row["evidence_zh"]


def test_all_conditions_must_hold():
    fields = [c for c in PLAN.targets[10].conditions if not c.reference_region]
    national = next(c for c in PLAN.targets[10].conditions if c.reference_region)
    scores = [
        {"year": 2025, "value": 82.0, "scope": c.series[0], "indicator_id": c.indicator_id}
        for c in fields
    ]
    total = {"year": 2025, "value": 81.0, "scope": national.series[0]}
    nation = {"year": 2025, "value": 80.5, "scope": "round_2025", "region": "CN"}
    plan = only("9")
    assert one(plan, *scores, total)["answer"] == "nothing_known"
    assert one(plan, *scores, total, nation)["answer"] == "met"
    behind = one(plan, *scores, total, nation | {"value": 81.0})
    assert (behind["answer"], behind["reason_code"]) == ("missed", "condition_missed")
    rounds = [row | {"scope": "round_2025"} for row in (total, nation)]
    assert one(plan, *scores, *rounds)["answer"] == "met"
    low = one(plan, scores[0] | {"value": 79.99})
    assert low["answer"] == "missed"


def test_conditions_have_a_joint_probability():
    fields = tuple(c for c in PLAN.targets[10].conditions if not c.reference_region)[:2]
    plan = only("9", conditions=fields)
    rows = [
        {"year": y, "value": v, "scope": c.series[0]}
        for c in fields
        for y, v in {2021: 82.0, 2022: 82.5, 2023: 83.0}.items()
    ]
    row = one(plan, *rows)
    single = one(
        only("10", series=(fields[0].series[0],)), *years({2021: 82, 2022: 82.5, 2023: 83})
    )
    assert row["reason_code"] == "forecast_conditions"
    assert row["p_attain"] < single["p_attain"]
    again = one(plan, *rows)
    assert again["p_attain"] == row["p_attain"]


def test_only_a_rank_is_no_score():
    rank = {"year": 2023, "value": 5, "indicator_id": "public_service_satisfaction_rank"}
    row = one(only("9"), rank)
    assert (row["answer"], row["reason_code"]) == ("nothing_known", "rank_only")
    assert "第5位" in row["evidence_zh"]


def test_relative_targets():
    plan = only(
        "10", kind="relative", comparator=">", value=None, reference_region="CN",
        baseline=Baseline(status="missing"),
    )  # fmt: skip
    ours = years({2022: 81.0, 2023: 81.5})
    alone = one(plan, *ours)
    assert (alone["answer"], alone["reason_code"]) == ("nothing_known", "no_reference_value")
    theirs = years({2022: 80.0, 2023: 80.5}, region="CN")
    row = one(plan, *ours, *theirs)
    assert row["gap"] == pytest.approx(1.0)
    assert row["answer"] in ("very_likely", "likely", "open", "unlikely")
    end = one(plan, *years({2025: 80.0}), *years({2025: 80.0}, region="CN"))
    assert end["answer"] == "missed"  # equal is not above


def test_another_region_brings_no_baseline():
    base = {"indicator_id": "food_evaluation_pass_rate", "region": "XG"}
    rows = [
        base | {"scope": PLAN.targets[8].series[0], "year": y, "value": v}
        for y, v in {2021: 98.0, 2022: 98.2}.items()
    ]
    row = assess(only("7"), observations=figures(*rows), region="XG").iloc[0]
    assert row["baseline_status"] == "missing"
    assert pd.isna(row["baseline"])
    assert row["level"] == 98.2


def test_how_often_comparable_series_made_the_change_stands_beside_the_probability():
    table = assess("wuhan-14fyp")
    forecast = table[table["p_attain"].notna() & (table["evidence_class"] != "known")]
    shown = forecast[forecast["changes_base"] != ""]
    assert set(shown["target_id"]) >= {"wuhan-14fyp.12"}
    assert shown["share_of_changes"].between(0, 1).all()
    assert (shown["n_changes"] >= 10).all()
    assert (shown["n_change_series"] <= shown["n_changes"]).all()
    rest = table.drop(shown.index)
    assert rest["share_of_changes"].isna().all()
    # What is not known by then does not count.
    early = assess("wuhan-14fyp", edition=2021)
    twelve = [t.set_index("target_id").loc["wuhan-14fyp.12"] for t in (early, table)]
    assert twelve[0]["n_changes"] < twelve[1]["n_changes"]


def test_frames_have_fixed_columns_and_types():
    table = assess("wuhan-14fyp")
    assert tuple(table.columns) == VERDICT_COLUMNS
    assert len(table) == 23
    assert set(table["answer"]) <= set(ANSWERS)
    assert (table["evidence_zh"].str.len() > 5).all()
    assert not table["evidence_zh"].str.contains(r"[{}。]").any()
    assert not table["evidence_en"].str.contains(r"[{}]").any()
    assert (table["source_ids"].str.contains("doc-wuhan-14fyp")).all()
    assert table["p_attain"].dropna().between(0, 1).all()
    empty = assess(replace(PLAN, targets=()), observations=figures())
    assert tuple(empty.columns) == VERDICT_COLUMNS


def test_both_readings_of_the_disputed_rows():
    table = assess("wuhan-14fyp", readings=True)
    assert tuple(table.columns) == READING_COLUMNS
    base = table[table["field"] == "baseline"].set_index(["row", "reading_id"])
    rate, sampling = base.loc["6"], base.loc["5"]
    assert rate["met_at_baseline"].tolist() == [False, True]
    assert rate.loc["table", "change_needed"] == pytest.approx(-0.19)
    assert rate.loc["text", "change_needed"] == 0
    assert rate.loc["table", "p_attain"] < rate.loc["text", "p_attain"]
    assert sampling.loc["table", "change_needed"] == pytest.approx(1.2)
    assert sampling.loc["text", "met_at_baseline"]
    comparators = table[(table["row"] == "6") & (table["field"] == "comparator")]
    assert comparators["comparator"].tolist() == ["<", "<="]
    targets = table[(table["row"] == "17") & (table["field"] == "value")]
    assert targets["target"].tolist() == [8, 10]


def test_the_loose_reading_of_the_death_rate_lets_a_tenth_pass():
    rows = figures(
        {"indicator_id": PLAN6.indicator_id, "scope": PLAN6.series[0], "year": 2025, "value": 0.1}
    )
    table = assess(only("6"), readings=True, observations=rows)
    loose = table[table["field"] == "comparator"].set_index("comparator")["answer"]
    assert loose.to_dict() == {"<": "missed", "<=": "met"}


def test_senseless_targets_are_refused():
    with pytest.raises(CatalogError, match="no possible value"):
        one(only("7", comparator=">", value=100))
    with pytest.raises(CatalogError, match="unknown plan"):
        assess("nowhere")


@pytest.mark.parametrize(
    ("p", "answer"),
    [(1, "very_likely"), (0.9, "very_likely"), (0.89, "likely"), (0.65, "likely"), (0.64, "open"),
     (0.341, "open"), (0.34, "unlikely"), (0, "unlikely")],
)  # fmt: skip
def test_answers_of_probabilities(p, answer):
    assert answer_for(p) == answer


def test_printing():
    assert print_number(98.0) == "98"
    assert print_number(0.029) == "0.029"
    assert print_number(43800.0) == "43800"
    assert print_number(-1.5) == "−1.5"
    assert print_number(None) == ""
    assert print_probability(0.004)["zh"] == "不足1%"
    assert print_probability(0.996)["en"] == "above 99%"
    assert print_probability(0.845)["zh"] == "为85%"


def test_conditions_without_any_figure_of_the_total_still_count():
    condition = Condition(
        id="x", name_zh="甲", name_en="x", indicator_id="public_service_satisfaction",
        series=("field_medical",), comparator=">=", value=80,
    )  # fmt: skip
    plan = only("9", conditions=(condition, replace(condition, id="y", series=("field_sports",))))
    row = one(plan, {"year": 2023, "value": 82, "scope": "field_medical"})
    assert (row["answer"], row["reason_code"]) == ("nothing_known", "conditions_missing")
    assert "只有1个" in row["evidence_zh"]


def span(period: str, value: float, qualifier: str = "exact", **fields) -> dict:
    year = int(fields.pop("year", period[-4:] if len(period) == 9 else period[:4]))
    return {"period": period, "year": year, "value": value, "qualifier": qualifier, **fields}


@pytest.mark.parametrize(
    ("target", "rows", "met", "why"),
    [
        ("14a", [span("2021", 5), span("2022", 5), span("2023", 5),
                 span("2021-2024", 18, "lower_bound")], None, "15 known, at least 18 by 2024"),
        ("14a", [span("2021", 5), span("2022", 5), span("2023", 5),
                 span("2021-2024", 20, "lower_bound")], True, "a span inside the plan proves"),
        ("14a", [span("2018-2021", 50, "partial_period")], None, "a span that opens before"),
        ("14a", [span("2021-2025", 19, "partial_period")], False, "the whole plan in one figure"),
        ("14a", [span("2021", 4), span("2022-2025", 15, "upper_bound")], False, "4 + at most 15"),
        ("14a", [span("2021H1", 9, "partial_period"), span("2021", 5), span("2022", 5)], None,
         "a year that is known is not its part"),
        ("14a", [span("2023M10", 12, "partial_period"), span("2023-09", 12, "partial_period")],
         True, "two months that do not overlap add up"),
        ("6", [span("2023", 0.12), span("2024", 0.14), span("2025Q1", 0.05, "upper_bound")], None,
         "a part of a year bounds no rate"),
        ("6", [span("2021-2025", 0.05, "upper_bound")], None, "a span bounds no rate"),
        ("12", [span("2025", 99.996, numerator=24999.0, denominator=25000.0)], False,
         "a failure was counted"),
        ("12", [span("2025", 100.0, numerator=24999.0, denominator=25000.0)], False,
         "100 was printed and a failure counted"),
        ("12", [span("2025", 100.0, numerator=500.0, denominator=500.0)], True, "none failed"),
        ("5", [span("2025", 93.16, numerator=9316.0, denominator=10000.0)], False, "as printed"),
    ],
)  # fmt: skip
def test_spans_parts_and_counts(target, rows, met, why):
    row = one(only(target.rstrip("abc"), target.lstrip("0123456789")), *rows)
    answers = {"met": True, "missed": False}
    assert answers.get(row["answer"]) is met, why


def test_flows_are_added_before_anything_is_rounded():
    plan = only("14", "a", value=6)
    assert one(plan, *years(dict.fromkeys(range(2021, 2026), 1.24)))["answer"] == "met"
    assert one(plan, *years(dict.fromkeys(range(2021, 2026), 1.2)))["level"] == 6.0


def test_what_limits_prove_of_a_sum_enters_its_probability():
    row = one(only("14", "a"), span("2021", 1), span("2022", 1), span("2023", 17, "lower_bound"))
    assert row["p_attain"] > 0.9


def test_relative_targets_compare_what_was_printed():
    plan = only("10", kind="relative", comparator=">", value=None, reference_region="CN",
                decimals=1, baseline=Baseline(status="missing"))  # fmt: skip
    row = one(plan, {"year": 2025, "value": 85.44}, {"year": 2025, "value": 85.41, "region": "CN"})
    assert (row["answer"], row["met_now"]) == ("met", True)


def test_each_condition_has_its_own_indicator():
    conditions = (
        Condition(id="x", name_zh="甲", name_en="x", indicator_id="elevator_stock",
                  series=("registered",), comparator=">=", value=300),
        Condition(id="y", name_zh="乙", name_en="y", indicator_id="public_service_satisfaction",
                  series=("total",), comparator=">=", value=80),
    )  # fmt: skip
    stock = {"year": 2025, "value": 360, "indicator_id": "elevator_stock", "scope": "registered"}
    row = one(only("9", conditions=conditions), stock, {"year": 2025, "value": 81})
    assert row["answer"] == "met"
