"""Predictive distributions: sums over a plan, whole numbers of samples, floors, mixtures."""

import json

import numpy as np
import pytest
from cases import cases
from scipy import stats

from wqa.forecasts.distributions import NotBelow, WholeNumbers, plan_sum
from wqa.forecasts.numbers import quantity_of
from wqa.forecasts.pooled import predict

# ---------------------------------------------------------------------- sums over a plan


def test_plan_sum_is_done_plus_negative_binomial():
    s = plan_sum([4, 6], 3, elapsed=2)
    # Half an event of prior, ten seen in two years; 1 + .4^2 x pace expected, X2 = .4 seen.
    phi = (0.4 + 6 * (1.0 + 0.4**2 * (10.5 / 2))) / 7
    shape, exposure = 0.5 + 10 / phi, 2 / phi
    mean = 3 * shape / exposure
    over = phi - 1.0 + mean / shape
    expected = stats.nbinom.sf(19, mean / over, 1.0 / (1.0 + over))
    assert s.p_attain(30) == pytest.approx(expected)
    assert (s.done, s.prior_weight) == (10, pytest.approx(0.5 / shape))


@cases("unit/plan_sums.csv")
def test_plan_sums(why, asked, target, comparator, at_least, at_most):
    p = plan_sum(**json.loads(asked)).p_attain(float(target), comparator)
    assert float(at_least) <= p <= float(at_most), why


def test_a_prior_alone_leaves_that_nothing_more_comes():
    # One scheme in thirty ends or is renamed.
    many = plan_sum([], 5, elapsed=0, previous=322)
    assert many.cdf(0) >= 1 / 30
    assert many.prior_weight == 1.0


def test_years_of_the_plan_outweigh_the_plan_before():
    falling = plan_sum([2, 3, 1], 2, elapsed=3, previous=75)
    assert falling.cdf(20) > 0.5
    assert falling.prior_weight < 0.6


def test_occasions_count_as_parts_of_years_or_as_rounds():
    nine_months, whole_year = (
        plan_sum([89], 5 - years, elapsed=years, previous=322) for years in (0.75, 1)
    )
    assert nine_months.p_attain(400) > whole_year.p_attain(400)
    # One award in the only round of two years says more than one award in two years.
    by_round, by_year = plan_sum([1], 2, elapsed=1), plan_sum([1, 0], 3, elapsed=2)
    assert by_round.p_attain(3) > by_year.p_attain(3)


# --------------------------------------------------------------- what can be read, and floors


def pass_rates(*values, horizon=1):
    return predict(np.array([values]), horizon, quantity_of("percent"))


def test_only_whole_numbers_of_samples_can_be_read():
    published = pass_rates(96.8, 97.4, 98.0, 98.4)
    read = WholeNumbers(published, 40)
    # 39 of 40 are 97.5 %; whatever is nearer to it than to its neighbours reads as that.
    assert read.cdf(97.5)[0, 0] == pytest.approx(published.cdf(98.75)[0, 0])
    assert read.below(97.5)[0, 0] == pytest.approx(published.cdf(96.25)[0, 0])
    assert read.cdf(99.9)[0, 0] == read.cdf(97.5)[0, 0]
    assert read.cdf(100.0)[0, 0] == 1.0
    assert read.below(0.0)[0, 0] == 0.0
    levels = np.linspace(0.01, 0.99, 25)
    at = np.array([read.quantile(p)[0, 0] for p in levels])
    assert at * 0.4 == pytest.approx(np.round(at * 0.4))
    limits = [(read.cdf(x)[0, 0], read.below(x)[0, 0]) for x in at]
    assert all(cdf >= p > below for (cdf, below), p in zip(limits, levels, strict=True))
    paths = read.sample(20_000, 1)
    assert (paths <= 97.5).mean() == pytest.approx(read.cdf(97.5)[0, 0], abs=0.01)
    fine = WholeNumbers(published, 10**7)
    assert fine.cdf(98.0)[0, 0] == pytest.approx(published.cdf(98.0)[0, 0], abs=1e-5)


def test_a_floor_leaves_what_is_above_it_in_proportion():
    base = predict(np.array([[60.0, 70.0, 79.0]]), 3, quantity_of("count"))
    held = NotBelow(base, 79.0)
    share = 1.0 - base.below(79.0)[0]
    for x in (80.0, 95.0, 140.0):
        assert 1.0 - held.cdf(x)[0] == pytest.approx((1.0 - base.cdf(x)[0]) / share)
    assert held.below(79.0)[0] == pytest.approx(np.zeros(3))
    assert (np.diff([held.quantile(p)[0] for p in (0.01, 0.1, 0.5, 0.9)], axis=0) > 0).all()
    assert held.cdf(held.quantile(0.3))[0] == pytest.approx(np.full(3, 0.3), abs=1e-6)
    paths = held.sample(20_000, 2)[0]
    assert paths.min() >= 79.0
    assert (paths <= held.quantile(0.7)[0]).mean(axis=0) == pytest.approx(np.full(3, 0.7), abs=0.02)


def test_a_floor_far_above_the_forecast_is_the_answer():
    held = NotBelow(pass_rates(60.0, 61.0, 60.0, 61.0, 60.0), 99.0)
    assert held.quantile(0.5)[0, 0] >= 99.0
    assert held.sample(10)[0].min() >= 99.0
    assert held.cdf(98.0)[0, 0] == 0.0
