"""Probabilities are printed no finer than the backtest of their class."""

import csv
from itertools import groupby, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

import wqa
from wqa.assessment.judging import answer_for
from wqa.assessment.likelihood import (
    LIKELY,
    UNLIKELY,
    UNPRINTED,
    VERY_LIKELY,
    Likelihood,
    answer_class,
    recorded_class,
)
from wqa.paths import PRIORS

P = st.floats(0.0, 1.0)


def rows():
    with (PRIORS / "record.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_stored_classes_cover_all_probabilities_and_hold_enough_cases():
    for _, group in groupby(rows(), key=lambda row: (row["family"], row["scope"], row["points"])):
        found = list(group)
        ends = [(float(row["p_from"]), float(row["p_to"])) for row in found]
        assert ends[0][0] == 0.0
        assert ends[-1][1] == 1.0
        assert all(left[1] == right[0] for left, right in pairwise(ends))
        for row in found:
            assert int(row["cases"]) >= 200
            assert float(row["lower"]) <= float(row["observed"]) <= float(row["upper"])


@given(P, st.sampled_from(["percent", "rate", "score"]), st.integers(1, 60))
def test_a_class_holds_its_probability(p, family, points):
    made = recorded_class(family, "end_year", points, p)
    assert made.low <= p < made.high or made.high == 1.0 >= p >= made.low


def test_the_record_is_that_of_as_many_points_or_fewer():
    # 0.75: 1 point 314 series, 2 points 370, 9 points (as from 6) 498 of wqa/priors/record.csv
    found = [recorded_class("percent", "end_year", n, 0.75).n_cases for n in (1, 2, 9)]
    assert found == [314, 370, 498]


@pytest.mark.parametrize(
    ("family", "scope", "points"),
    [("count", "end_stock", 5), ("percent", "plan_sum", 5), ("percent", "end_year", 0)],
)
def test_without_a_backtest_there_is_no_record(family, scope, points):
    assert recorded_class(family, scope, points, 0.5) is None


@given(P)
def test_without_a_record_a_class_says_no_more_than_the_answer(p):
    made = answer_class(p)
    assert made.n_cases == 0
    assert made.low <= p <= made.high
    inside = [q for q in (made.low, p, (made.low + made.high) / 2) if q != UNLIKELY]
    assert len({answer_for(q) for q in inside}) == 1
    assert {made.low, made.high} <= {0.0, UNLIKELY, LIKELY, VERY_LIKELY, 1.0}


def test_answers_print_classes_and_never_single_percents():
    answers = wqa.assess("wuhan-14fyp")
    told = answers[answers["p_class_low"].notna()]
    assert (told["p_class_low"] <= told["p_attain"]).all()
    assert (told["p_attain"] <= told["p_class_high"]).all()
    row = told.set_index("row").loc["9"]
    assert (row["p_class_low"], row["p_class_high"], row["n_cases"]) == (0.6, 1.0, 350)
    assert "at least 60% (72% of 350 such estimates came true)" in row["evidence_en"]
    assert answers.loc[answers["answer"] == "nothing_known", "p_class_low"].isna().all()


@pytest.mark.parametrize("evidence_class", UNPRINTED)
def test_no_class_beside_a_proof_or_on_the_baseline_alone(evidence_class):
    assert Likelihood(0.4, evidence_class="weak").cells["p_class_low"] == UNLIKELY
    assert Likelihood(0.4, evidence_class=evidence_class).cells["p_class_low"] is None
