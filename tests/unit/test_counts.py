"""Rare events, sums over a plan and pass rates: closed forms, limits and what counting adds."""

import numpy as np
import pytest
from scipy import stats

from wqa.errors import ForecastError, WqaError
from wqa.forecasts.counts import WholeNumbers, plan_sum, poisson_gamma
from wqa.forecasts.mixture import NotBelow
from wqa.forecasts.numbers import quantity_of
from wqa.forecasts.pooled import predict
from wqa.goals import Goal


def test_predictive_of_three_deaths_is_negative_binomial():
    fit = poisson_gamma([1, 0, 2], [34.0, 34.0, 35.0], np.array([20.0, 40.0]))
    for i, exposure in enumerate((20.0, 40.0)):
        expected = stats.nbinom.cdf(4, 3.5, 103 / (103 + exposure))
        assert fit.cdf(4.0)[0, i] == pytest.approx(expected)
    assert fit.prior_weight == pytest.approx(0.5 / 3.5)


def test_strictly_below_leaves_out_a_reachable_rate():
    fit = poisson_gamma([3], [103.0], np.array([20.0]), as_rate=True)
    # .1 x 20 = 2 deaths can be read; strictly below means at most 1.
    assert fit.cdf(0.1)[0, 0] == pytest.approx(stats.nbinom.cdf(2, 3.5, 103 / 123))
    assert fit.below(0.1)[0, 0] == pytest.approx(stats.nbinom.cdf(1, 3.5, 103 / 123))


def test_unreachable_rate_has_no_jump():
    fit = poisson_gamma([3], [103.0], np.array([25.0]), as_rate=True)
    assert fit.cdf(0.1)[0, 0] == fit.below(0.1)[0, 0]


@pytest.mark.parametrize("p", [0.025, 0.5, 0.975])
def test_quantile_is_the_smallest_count_that_reaches_p(p):
    fit = poisson_gamma([30, 25, 40], [10.0, 10.0, 10.0], np.array([10.0]))
    k = fit.quantile(p)[0, 0]
    assert fit.cdf(k)[0, 0] >= p > fit.cdf(k - 1)[0, 0]


def test_simulated_counts_follow_the_closed_form():
    fit = poisson_gamma([3], [103.0], np.array([25.0, 25.0]))
    paths = fit.sample(40_000, seed=1)[0]
    for k in (0, 1, 2):
        assert (paths[:, 0] <= k).mean() == pytest.approx(fit.cdf(float(k))[0, 0], abs=0.01)
    # The rate is unknown but the same in both years, so the years go together.
    assert np.corrcoef(paths.T)[0, 1] == pytest.approx(25 / (25 + 103), abs=0.03)


def test_zero_deaths_still_leave_a_chance_of_some():
    fit = poisson_gamma([0, 0, 0], [25.0, 25.0, 25.0], np.array([25.0]))
    assert 0.0 < 1 - fit.cdf(0.0)[0, 0] < 0.25


def test_dispersion_is_not_estimated_from_few_events():
    assert poisson_gamma([0, 6, 0, 6], [1.0] * 4, np.ones(1)).dispersion == 1.0
    wild = poisson_gamma([0, 40, 0, 40], [1.0] * 4, np.ones(1))
    assert wild.dispersion == pytest.approx((80 + 2) / 5)


def test_overdispersed_counts_spread_wider():
    calm = poisson_gamma([20, 20, 20, 20], [1.0] * 4, np.ones(1))
    wild = poisson_gamma([0, 40, 0, 40], [1.0] * 4, np.ones(1))
    reach = [f.quantile(0.975)[0, 0] - f.quantile(0.025)[0, 0] for f in (calm, wild)]
    assert reach[1] > 2 * reach[0]
    paths = wild.sample(20_000, 3)
    assert paths.mean() == pytest.approx(wild.mean()[0, 0], rel=0.05)
    assert (paths <= 40).mean() == pytest.approx(wild.cdf(40.0)[0, 0], abs=0.02)


@pytest.mark.parametrize("events", [[-1], [0.5]])
def test_impossible_events(events):
    with pytest.raises(ForecastError, match=f"not a number of events; got {float(events[0])}"):
        poisson_gamma(events, [1.0], np.ones(1))


# ---------------------------------------------------------------------- sums over a plan


def test_plan_sum_is_done_plus_negative_binomial():
    s = plan_sum([4, 6], 3)
    # Half an event of prior, ten seen in two years; 1 + .4^2 x pace expected, X2 = .4 seen.
    phi = (0.4 + 6 * (1.0 + 0.4**2 * (10.5 / 2))) / 7
    shape, exposure = 0.5 + 10 / phi, 2 / phi
    mean = 3 * shape / exposure
    over = phi - 1.0 + mean / shape
    expected = stats.nbinom.sf(19, mean / over, 1.0 / (1.0 + over))
    assert s.p_attain(30) == pytest.approx(expected)
    assert (s.done, s.prior_weight) == (10, pytest.approx(0.5 / shape))


@pytest.mark.parametrize(
    ("flows", "left", "target", "poisson"),
    # As Poisson, with the sum of the plan before counted like years of this one.
    [([5, 6, 4], 2, 20, 0.9404), ([11], 4, 20, 0.9929), ([3, 11], 3, 20, 0.9889)],
)
def test_sums_are_overdispersed_below_four_years_too(flows, left, target, poisson):
    assert plan_sum(flows, left, previous=17).p_attain(target) < poisson - 0.03


def test_a_prior_alone_is_never_certain():
    # With the sum of the previous plan counted like years of this one: .971631 and .999996.
    assert plan_sum([], 5, previous=75).p_attain(50) == pytest.approx(0.660, abs=1e-3)
    assert plan_sum([], 5, previous=322).p_attain(200) == pytest.approx(0.698, abs=1e-3)
    # One scheme in thirty ends or is renamed.
    assert plan_sum([], 5, previous=322).p_attain(1) < 1 - 1 / 31
    assert plan_sum([], 5, previous=322).quantile(0.02) == 0.0
    assert plan_sum([], 5, previous=322).prior_weight == 1.0


def test_years_of_the_plan_outweigh_the_plan_before():
    falling = plan_sum([2, 3, 1], 2, previous=75)
    assert falling.quantile(0.5) < 20
    assert falling.prior_weight < 0.6


def test_what_is_proven_of_a_sum_enters_its_probability():
    # 1 and 1, then at least 17: one more is needed in two years.
    assert plan_sum([1, 1, 17], 2).p_attain(20) > 0.95
    assert plan_sum([1, 1], 3).p_attain(20) < 0.02
    # 5, 5, 5, and a span that proves 18 by the fourth year.
    proven = plan_sum([5, 5, 5], 1, at_least=18, elapsed=4)
    assert proven.done == 18
    assert 0.8 < proven.p_attain(20) < 0.95
    assert plan_sum([5, 5, 5], 2).p_attain(18) < 1.0 == proven.p_attain(18)


def test_parts_of_a_year_count_as_parts():
    nine_months = plan_sum([89], 4.25, elapsed=0.75, previous=322)
    whole_year = plan_sum([89], 4, previous=322)
    assert nine_months.p_attain(400) > whole_year.p_attain(400)


def test_finished_plan_is_certain():
    done = plan_sum([10, 10], 0)
    assert done.p_attain(20) == 1.0
    assert done.p_attain(20, ">") == 0.0
    assert done.p_attain(20, "==") == 1.0
    assert done.p_attain(21) == 0.0
    assert done.quantile(0.9) == 20


def test_reached_sum_stays_reached():
    assert plan_sum([25], 4).p_attain(20) == 1.0
    assert Goal(">=", 20).probability(plan_sum([25], 4)) == 1.0


def test_a_biennial_prize_counts_rounds_not_years():
    # One award in the only round of two years says more than one award in two years.
    by_round = plan_sum([1], 2)
    by_year = plan_sum([1, 0], 3)
    assert by_round.p_attain(3) > by_year.p_attain(3)


@pytest.mark.parametrize(
    ("flows", "left", "given", "message"),
    [
        ([], 5, {}, "nothing is known about the yearly number"),
        ([1.5], 2, {}, "not a number of events; got 1.5"),
        ([1], -1, {}, "a number of occasions is negative"),
        ([1], 2, {"elapsed": -1}, "a number of occasions is negative"),
        ([1], 2, {"previous": -3}, "not a number of events; got -3.0"),
        (["a"], 2, {}, "not a number; got 'a'"),
    ],
)
def test_sums_that_have_no_answer(flows, left, given, message):
    with pytest.raises(ForecastError, match=message):
        plan_sum(flows, left, **given)
    with pytest.raises(WqaError, match="unknown comparator"):
        plan_sum([1], 1).p_attain(3, "=>")


# --------------------------------------------------------------- what can be read, and floors


def pass_rates(*values, horizon=1):
    return predict(np.array([values]), horizon, quantity_of("percent"))


def test_only_whole_numbers_of_samples_can_be_read():
    published = pass_rates(96.8, 97.4, 98.0, 98.4)
    read = WholeNumbers(published, np.array([40.0]))
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
    fine = WholeNumbers(published, np.array([1e7]))
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
    assert (held.mean()[0] > held.quantile(0.1)[0]).all()


def test_a_floor_far_above_the_forecast_is_the_answer():
    held = NotBelow(pass_rates(60.0, 61.0, 60.0, 61.0, 60.0), 99.0)
    assert held.quantile(0.5)[0, 0] >= 99.0
    assert held.sample(10)[0].min() >= 99.0
    assert held.cdf(98.0)[0, 0] == 0.0
