"""Verdicts: precedence, reasons, evidence rules, readings, regions, what was known when."""

import json
from dataclasses import replace

import pandas as pd
import pytest
from cases import cases
from observation_frames import figures
from scipy.special import beta

from wqa.assessment import judging
from wqa.assessment.attainment import READING_COLUMNS, VERDICT_COLUMNS, assess
from wqa.assessment.likelihood import Likelihood, ProbabilityClass
from wqa.assessment.statements import print_number, print_probability
from wqa.catalog.catalog import load_plan
from wqa.catalog.records import Baseline, Condition
from wqa.errors import CatalogError, DataError

PLAN = load_plan("wuhan-14fyp")
TARGETS = {target.row + target.part: target for target in PLAN.targets}
FORECAST = ("very_likely", "likely", "open", "unlikely")
ANSWERS = {"forecast": FORECAST, "undecided": (*FORECAST, "nothing_known")}


def only(name, **changes):
    """The plan with one target, possibly changed."""
    return replace(PLAN, targets=(replace(TARGETS[name], **changes),))


def told(plan, known):
    """Figures of the target of a plan: ``2023-05 79 partial_period region=CN; 2024 ...``."""
    target, rows = plan.targets[0], []
    for text in filter(None, known.split("; ")):
        period, value, *more = text.split()
        fields = dict(m.split("=") if "=" in m else ("qualifier", m) for m in more)
        sizes = {k: float(v) for k, v in fields.items() if k in ("numerator", "denominator")}
        own = {"indicator_id": target.indicator_id, "scope": target.series[0]}
        own |= {"region": target.region, "period": period, "value": float(value)}
        rows.append(own | fields | sizes)
    return figures(*rows)


def one(plan, known="", **options):
    return assess(plan, observations=told(plan, known), **options).iloc[0]


@cases("catalog/answers.csv")
def test_answer(why, target, changes, known, answer, code, cells, words):
    fields = json.loads(changes or "{}")
    if fields.get("kind") == "relative":
        fields["baseline"] = Baseline(status="missing")
    row = one(only(target, **fields), known)
    assert row["answer"] in ANSWERS.get(answer, (answer,)), why
    assert row["reason_code"] == (code or row["reason_code"])
    for name, value in json.loads(cells or "{}").items():
        found = row[name]
        assert pd.isna(found) if value is None else found == pytest.approx(value), name
    assert all(word in row["evidence_zh"] + row["evidence_en"] for word in words.split("|"))
    p, is_sure = row["p_attain"], row["evidence_class"] in ("known", "deduced")
    assert pd.isna(p) or (p in (0, 1) if is_sure else 0 < p < 1)
    assert pd.isna(row["p_low"]) or row["p_low"] <= p <= row["p_high"]


def test_what_was_published_later_is_not_used():
    known = "2020 98; 2023 98.9; 2025 98.6 vintage=2026-06-30"
    before, after = (one(only("7"), known, as_of=day) for day in ("2026-03-31", "2026-07-01"))
    assert (before["level_year"], after["answer"]) == (2023, "met")
    assert before["answer"] in FORECAST
    assert one(only("7"), "2022 98.2; 2025 99", edition=2023)["level_year"] == 2022


def test_a_target_year_inside_the_plan():
    row = one(only("7"), "2022 98.6; 2023 98.7", target_year=2023)
    assert (row["answer"], row["target_year"]) == ("met", 2023)


@pytest.mark.parametrize(
    ("error", "message", "plan", "options"),
    [
        (DataError, "target_year lies outside plan", PLAN, {"target_year": 2019}),
        (DataError, "edition lies outside plan", PLAN, {"edition": 2031}),
        (DataError, "wrong as_of", PLAN, {"as_of": "yesterday"}),
        (CatalogError, "no possible value", only("7", comparator=">", value=100), {}),
        (CatalogError, "unknown plan", "nowhere", {}),
    ],
)
def test_senseless_questions_are_refused(error, message, plan, options):
    with pytest.raises(error, match=message):
        assess(plan, **options)


def test_a_missing_plan_year_lowers_the_probability_of_a_floor():
    full = one(only("8"), "2021 99.9; 2022 99.9; 2023 99.9; 2024 99.9")
    assert one(only("8"), "2021 99.9; 2022 99.9; 2024 99.9")["p_attain"] < full["p_attain"]


def test_a_stock_that_cannot_fall_is_likelier_to_be_met():
    """79 is a lower limit of every later year: what the model puts below it is left out."""
    known = "2020 7; 2021 60; 2022 70; 2023 79; 2025 79 lower_bound"
    rises, free = (one(only("2", kind=kind), known) for kind in ("monotone", "gap"))
    assert 1.0 > rises["p_attain"] > free["p_attain"] > 0.0


def test_a_bound_counts_its_cases():
    """Jeffreys: B(400.5 + 200, .5) / B(400.5, .5)."""
    row = one(only("12"), "2022 100 denominator=200; 2023 100 denominator=200")
    assert row["p_attain"] == pytest.approx(beta(600.5, 0.5) / beta(400.5, 0.5))
    assert row["model"] == "beta_binomial"


def test_readings_that_lead_apart_leave_it_open_with_both_probabilities(monkeypatch):
    def split(question, evidence):
        return Likelihood(p=0.95 if evidence.annual.get(2020) == 0.029 else 0.1)

    monkeypatch.setattr("wqa.assessment.likelihood.likelihood", split)
    row = one(only("6"), "2020 0.29; 2021 0.12")
    assert (row["answer"], row["reason_code"]) == ("open", "readings_differ")
    assert "低于34%" in row["evidence_zh"] and "不低于90%" in row["evidence_zh"]


def test_conditions_have_a_joint_probability():
    pair = TARGETS["9"].conditions[:2]
    known = "2021 82 scope={0}; 2022 82.5 scope={0}; 2023 83 scope={0}"
    first, second = (known.format(c.series[0]) for c in pair)
    row, again = (one(only("9", conditions=pair), f"{first}; {second}") for _ in range(2))
    single = one(only("10", series=pair[0].series[:1]), first)
    assert row["reason_code"] == "forecast_conditions"
    assert row["p_attain"] == again["p_attain"] < single["p_attain"]
    part = one(only("9", conditions=pair), first)
    assert (part["answer"], part["reason_code"]) == ("nothing_known", "conditions_missing")
    assert "只有1个" in part["evidence_zh"]


def test_each_condition_has_its_own_indicator():
    scores, name = TARGETS["9"].indicator_id, {"name_zh": "甲", "name_en": "x"}
    limits = {("elevator_stock", "registered"): 300, (scores, "total"): 80}
    conditions = tuple(
        Condition(id=key[1], indicator_id=key[0], series=key[1:], comparator=">=", value=n, **name)
        for key, n in limits.items()
    )
    stock = "2025 360 indicator_id=elevator_stock scope=registered"
    assert one(only("9", conditions=conditions), f"{stock}; 2025 81")["answer"] == "met"


def test_another_region_brings_no_baseline():
    row = one(only("7"), "2021 98 region=XG; 2022 98.2 region=XG", region="XG")
    assert pd.isna(row["baseline"])
    assert row["level"] == 98.2


def test_how_often_comparable_series_made_the_change_stands_beside_the_probability():
    table = assess("wuhan-14fyp").set_index("target_id")
    shown = table[table["changes_base"] != ""]
    assert "wuhan-14fyp.12" in shown.index
    assert shown["p_attain"].notna().all() and (shown["evidence_class"] != "known").all()
    assert shown["share_of_changes"].between(0, 1).all()
    assert (shown["n_changes"] >= 10).all()
    assert (shown["n_change_series"] <= shown["n_changes"]).all()
    assert table.drop(shown.index)["share_of_changes"].isna().all()
    # What is not known by then does not count.
    early = assess("wuhan-14fyp", edition=2021).set_index("target_id")
    assert early.loc["wuhan-14fyp.12", "n_changes"] < table.loc["wuhan-14fyp.12", "n_changes"]


def test_frames_have_fixed_columns_and_types():
    table, empty = assess(PLAN), assess(replace(PLAN, targets=()), observations=figures())
    assert tuple(table.columns) == tuple(empty.columns) == VERDICT_COLUMNS
    assert len(table) == 23
    assert set(table["answer"]) <= set(judging.ANSWERS)
    assert (table["evidence_zh"].str.len() > 5).all()
    assert not (table["evidence_zh"] + table["evidence_en"]).str.contains(r"[{}。]").any()


def test_the_loose_reading_of_the_death_rate_lets_a_tenth_pass():
    plan = only("6")
    table = assess(plan, readings=True, observations=told(plan, "2025 0.1"))
    assert tuple(table.columns) == READING_COLUMNS
    loose = table[table["field"] == "comparator"].set_index("comparator")["answer"]
    assert loose.to_dict() == {"<": "missed", "<=": "met"}


@pytest.mark.parametrize(
    ("p", "answer"),
    [(1, "very_likely"), (0.9, "very_likely"), (0.89, "likely"), (0.65, "likely"), (0.64, "open"),
     (0.341, "open"), (0.34, "unlikely"), (0, "unlikely")],
)  # fmt: skip
def test_answers_of_probabilities(p, answer):
    assert judging.answer_for(p) == answer


def test_printing():
    numbers = {98.0: "98", 0.029: "0.029", 43800.0: "43800", -1.5: "−1.5", None: ""}
    assert {number: print_number(number) for number in numbers} == numbers
    assert print_probability(ProbabilityClass(0.0, 0.34))["zh"] == "低于34%（此类估计尚无检验）"
    known = print_probability(ProbabilityClass(0.7, 1.0, 0.749, 314))
    assert known["en"] == "at least 70% (75% of 314 such estimates came true)"
    assert known["zh"] == "不低于70%（此类估计314例，实现75%）"
