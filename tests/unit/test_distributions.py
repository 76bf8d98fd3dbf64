"""Predictive distributions: sums over a plan, whole numbers of samples, mixtures."""

import json

import numpy as np
import pytest
from cases import cases
from scipy import stats

from wqa.forecasts.distributions import WholeNumbers, plan_sum
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
    times = ({"left": 5 - years, "elapsed": years} for years in (0.75, 1))
    nine_months, whole_year = (plan_sum([89], previous=322, **time) for time in times)
    assert nine_months.p_attain(400) > whole_year.p_attain(400)
    # One award in the only round of two years says more than one award in two years.
    by_round, by_year = plan_sum([1], 2, elapsed=1), plan_sum([1, 0], 3, elapsed=2)
    assert by_round.p_attain(3) > by_year.p_attain(3)


# --------------------------------------------------------------- what can be read


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
