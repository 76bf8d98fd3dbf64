"""Goals: comparison as printed, the region of model values, what limits decide."""

from decimal import ROUND_HALF_UP, Decimal

import numpy as np
import pytest
from cases import cases
from hypothesis import given
from hypothesis import strategies as st

from wqa import goals
from wqa.errors import CatalogError, DataError
from wqa.goals import COMPARATORS, RELATIONS, Goal, Span

PRINTED = st.decimals(-1000, 1000, places=3)


@cases("unit/goals.csv")
def test_a_published_figure_is_compared_as_it_was_printed(value, comparator, target, met):
    assert bool(Goal(comparator, float(target)).met(float(value))) is (met == "met")


@given(PRINTED, PRINTED, st.sampled_from(COMPARATORS), st.integers(0, 3))
def test_model_values_are_read_as_they_will_be_printed(value, target, comparator, decimals):
    """Against rounding in decimals; an equality with an unprintable number is never met."""
    printed = value.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
    expected = RELATIONS[comparator](printed, target)
    goal = Goal(comparator, float(target), decimals)
    assert bool(goal.met(float(value))) is bool(expected)
    assert goal.met(np.array([float(value)])).tolist() == [bool(expected)]


@given(PRINTED, PRINTED, PRINTED, st.sampled_from(COMPARATORS), st.sampled_from([None, 0, 2]))
def test_limits_decide_only_what_all_values_between_them_say(a, b, target, comparator, decimals):
    low, high = sorted((float(a), float(b)))
    goal, inside = Goal(comparator, float(target), decimals), np.linspace(low, high, 41)
    decided = goal.decided(Span(low, high))
    ends = {bool(goal.met(low)), bool(goal.met(high))}
    if decided is not None:
        assert set(goal.met(inside).tolist()) == {decided}
    else:
        assert ends == {True, False} or comparator == "=="


@given(PRINTED, PRINTED, st.sampled_from(COMPARATORS))
def test_the_margin_has_the_sign_of_the_answer(value, target, comparator):
    goal = Goal(comparator, float(target))
    margin = goal.margin(float(value))
    assert margin == 0 or (margin > 0) is bool(goal.met(float(value)))


def test_probability_is_that_of_the_region():
    class Uniform:
        """Values from 0 to 100 whose tenths are equally likely to be printed."""

        def cdf(self, x):
            return np.clip(np.asarray(x) / 100.0, 0, 1)

        below = cdf

    assert Goal(">=", 98.5, 1).probability(Uniform()) == pytest.approx(1 - 0.9845)
    assert Goal(">", 98.5, 1).probability(Uniform()) == pytest.approx(1 - 0.9855)
    assert Goal("<", 0.1, 2).probability(Uniform()) == pytest.approx(0.00095)
    assert Goal("==", 50.0, 1).probability(Uniform()) == pytest.approx(0.001)
    assert Goal("==", 50.05, 1).probability(Uniform()) == 0
    assert Goal(">=", 98.5).probability(Uniform()) == pytest.approx(0.015)


def test_every_year_is_lost_at_the_first_miss_and_won_at_the_last_year():
    goal, years = Goal(">=", 98.5), range(2021, 2024)
    known = {y: Span(99, 99) for y in years}
    assert goals.decided_every_year(goal, known, years) is True
    assert goals.decided_every_year(goal, known | {2022: Span(98, 98)}, years) is False
    assert goals.decided_every_year(goal, {2021: Span(99, 99)}, years) is None
    assert goals.decided_every_year(goal, {2023: Span(0, 98.4)}, years) is False


def test_sums_and_differences_are_decimal():
    assert goals.total([0.1, 0.2]) == 0.3
    assert goals.total([1.24] * 5) == 6.2
    assert goals.total([1.0, float("inf")]) == float("inf")
    assert goals.difference(0.3, 0.1) == 0.2


@pytest.mark.parametrize(
    ("value", "decimals", "expected"),
    [(0.125, 2, 0.13), (98.45, 1, 98.5), (-2.5, 0, -3.0), (2.675, 2, 2.68), (1e-9, 2, 0.0)],
)
def test_rounding_is_half_away_from_zero_on_decimals(value, decimals, expected):
    assert goals.round_half_up(value, decimals) == expected


@pytest.mark.parametrize("value", [float("nan"), "n/a", "", Decimal("NaN"), "98,5"])
def test_what_is_no_number_is_refused(value):
    with pytest.raises(DataError, match="not a finite number"):
        goals.round_half_up(value, 1)


def test_an_unknown_comparator_and_limits_that_are_none_are_refused():
    with pytest.raises(CatalogError, match="unknown comparator"):
        Goal("=>", 1.0)
    for limits in ((2.0, 1.0), (float("nan"), 1.0)):
        with pytest.raises(DataError, match="make no interval"):
            Span(*limits)
