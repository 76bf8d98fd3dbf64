"""Rare events, sums and pass rates: closed forms, limits and what counting adds."""

import numpy as np
import pytest
from scipy import stats

from wqa.errors import ForecastError
from wqa.forecasts.counting import (
    CountedEvents,
    GammaRate,
    SampledShare,
    WholeNumbers,
    negative_binomial_cdf,
)
from wqa.forecasts.counts import (
    award_occasions,
    count_dispersion,
    plan_sum,
    poisson_gamma,
    prior_share,
    stock_at_end,
)
from wqa.forecasts.distributions import StudentPaths, random_walk_correlation
from wqa.transforms import Transform


def test_negative_binomial_agrees_with_scipy():
    k = np.array([-1.0, 0, 1, 5, 50])
    got = negative_binomial_cdf(k, 3.5, 0.7)
    assert got == pytest.approx(stats.nbinom.cdf(k, 3.5, 0.7))


def test_predictive_of_three_deaths_is_negative_binomial():
    fit = poisson_gamma([1, 0, 2], [34.0, 34.0, 35.0], [20.0, 40.0])
    for i, exposure in enumerate((20.0, 40.0)):
        expected = stats.nbinom.cdf(4, 3.5, 103 / (103 + exposure))
        assert fit.cdf(4.0)[i] == pytest.approx(expected)
    assert prior_share(fit) == pytest.approx(0.5 / 3.5)


def test_strictly_below_leaves_out_a_reachable_rate():
    fit = poisson_gamma([3], [103.0], [20.0], as_rate=True)
    # .1 x 20 = 2 deaths can be read; strictly below means at most 1.
    assert fit.cdf(0.1)[0] == pytest.approx(stats.nbinom.cdf(2, 3.5, 103 / 123))
    assert fit.below(0.1)[0] == pytest.approx(stats.nbinom.cdf(1, 3.5, 103 / 123))


def test_unreachable_rate_has_no_jump():
    fit = poisson_gamma([3], [103.0], [25.0], as_rate=True)
    assert fit.cdf(0.1)[0] == fit.below(0.1)[0]


@pytest.mark.parametrize("p", [0.025, 0.5, 0.975])
def test_quantile_is_the_smallest_count_that_reaches_p(p):
    fit = poisson_gamma([30, 25, 40], [10.0, 10.0, 10.0], [10.0])
    k = fit.quantile(p)[0]
    assert fit.cdf(k)[0] >= p > fit.cdf(k - 1)[0]


def test_simulated_counts_follow_the_closed_form():
    fit = poisson_gamma([3], [103.0], [25.0, 25.0])
    paths = fit.sample(40_000, seed=1)
    for k in (0, 1, 2):
        assert (paths[:, 0] <= k).mean() == pytest.approx(fit.cdf(float(k))[0], abs=0.01)
    # The rate is unknown but the same in both years, so the years go together.
    assert np.corrcoef(paths.T)[0, 1] == pytest.approx(25 / (25 + 103), abs=0.03)


def test_zero_deaths_still_leave_a_chance_of_some():
    fit = poisson_gamma([0, 0, 0], [25.0, 25.0, 25.0], [25.0])
    assert 0.0 < 1 - fit.cdf(0.0)[0] < 0.25


def test_discount_gives_old_years_less_weight():
    even = poisson_gamma([10, 0], [10.0, 10.0], [10.0])
    recent = poisson_gamma([10, 0], [10.0, 10.0], [10.0], discount=0.5)
    assert recent.mean()[0] < even.mean()[0]


def test_dispersion_is_not_estimated_from_few_events():
    assert count_dispersion(np.array([0.0, 6.0, 0.0, 6.0]), np.ones(4)) == 1.0
    wild = np.array([0.0, 40.0, 0.0, 40.0])
    assert count_dispersion(wild, np.ones(4)) == pytest.approx((80 + 2) / 5)


def test_overdispersed_counts_spread_wider():
    calm = poisson_gamma([20, 20, 20, 20], [1.0] * 4, [1.0])
    wild = poisson_gamma([0, 40, 0, 40], [1.0] * 4, [1.0])
    reach = [f.quantile(0.975)[0] - f.quantile(0.025)[0] for f in (calm, wild)]
    assert reach[1] > 2 * reach[0]
    assert wild.sample(20_000, 3).mean() == pytest.approx(wild.mean()[0], rel=0.05)


@pytest.mark.parametrize(
    ("events", "exposure", "message"),
    [
        ([-1], [1.0], "not a number of events; got -1.0"),
        ([0.5], [1.0], "not a number of events; got 0.5"),
        ([1], [0.0], "an exposure is not positive"),
        ([1], [np.nan], "an exposure is not positive"),
    ],
)
def test_impossible_events(events, exposure, message):
    with pytest.raises(ForecastError, match=message):
        poisson_gamma(events, exposure, [1.0])


def test_plan_sum_is_done_plus_negative_binomial():
    s = plan_sum([30, 40], 3, previous_sum=322, previous_occasions=5, discount=0.5)
    rate_shape, rate_exposure = 0.5 + 70 + 161, 2 + 2.5
    need = 200 - 70
    odds = rate_exposure / (rate_exposure + 3)
    expected = stats.nbinom.sf(need - 1, rate_shape, odds)
    assert s.p_attain(200) == pytest.approx(expected)


def test_finished_plan_is_certain():
    done = plan_sum([10, 10], 0)
    assert done.p_attain(20) == 1.0
    assert done.p_attain(20, ">") == 0.0
    assert done.p_attain(20, "==") == 1.0
    assert done.p_attain(21) == 0.0
    assert done.quantile(0.9) == 20


def test_reached_sum_stays_reached():
    assert plan_sum([25], 4).p_attain(20) == 1.0


def test_a_sum_needs_some_knowledge():
    with pytest.raises(ForecastError, match="nothing is known about the yearly number"):
        plan_sum([], 5)
    assert 0 < plan_sum([], 5, previous_sum=17).p_attain(20) < 1


def test_awards_count_by_rounds_not_years():
    assert award_occasions([2018, 2021, 2023, 2025, 2025], 2021, 2025) == 3
    # One award in the only round of two years says more than one award in two years.
    by_round = plan_sum([1, 0], 2, occasions=1)
    by_year = plan_sum([1, 0], 3)
    assert by_round.p_attain(3) > by_year.p_attain(3)


def test_stock_is_base_plus_flows():
    stock = stock_at_end(7, [20, 25], 3)
    assert stock.p_attain(100) == pytest.approx(plan_sum([20, 25], 3).p_attain(93))
    assert stock_at_end(2, [3], 0).p_attain(5) == 1.0


def certain(rate, steps=1):
    """True rate known almost exactly."""
    logit = Transform("logit", 0.0, 100.0, 0.0)
    return StudentPaths(
        logit,
        np.full(steps, logit.forward(rate)),
        np.full(steps, 1e-9),
        np.inf,
        random_walk_correlation(steps),
    )


def test_known_pass_rate_is_plain_binomial():
    sampled = SampledShare(certain(98.0), np.array([300.0]))
    # 98.5 % of 300 is 295.5, so at least 296 must pass.
    assert 1 - sampled.below(98.5)[0] == pytest.approx(stats.binom.sf(295, 300, 0.98), abs=1e-6)
    assert sampled.quantile(0.5)[0] * 3 == pytest.approx(stats.binom.ppf(0.5, 300, 0.98))


def test_all_passed_is_possible_and_more_is_not():
    sampled = SampledShare(certain(99.9), np.array([100.0]))
    assert sampled.cdf(100.0)[0] == 1.0
    assert 1 - sampled.below(100.0)[0] == pytest.approx(0.999**100, abs=1e-6)


def test_only_whole_numbers_of_samples_can_be_read():
    published = StudentPaths(
        Transform("logit", 0.0, 100.0, 0.05), np.array([3.9]), np.array([0.3]), 10.0, np.eye(1)
    )
    read = WholeNumbers(published, np.array([40.0]))
    # 39 of 40 are 97.5 %; whatever is nearer to it than to its neighbours reads as that.
    assert read.cdf(97.5)[0] == pytest.approx(published.cdf(98.75)[0])
    assert read.below(97.5)[0] == pytest.approx(published.cdf(96.25)[0])
    assert read.cdf(99.9)[0] == read.cdf(97.5)[0]
    assert read.cdf(100.0)[0] == 1.0
    assert read.below(0.0)[0] == 0.0
    levels = np.linspace(0.01, 0.99, 25)
    at = np.array([read.quantile(p)[0] for p in levels])
    assert at * 0.4 == pytest.approx(np.round(at * 0.4))
    assert all(read.cdf(x)[0] >= p > read.below(x)[0] for x, p in zip(at, levels, strict=True))
    paths = read.sample(20_000, 1)
    assert (paths <= 97.5).mean() == pytest.approx(read.cdf(97.5)[0], abs=0.01)
    fine = WholeNumbers(published, np.array([1e7]))
    assert fine.cdf(98.0)[0] == pytest.approx(published.cdf(98.0)[0], abs=1e-5)


def test_rate_with_a_line_counts_on_top():
    log = Transform("log", 0.0, np.inf, 0.0)
    line = StudentPaths(log, np.log([0.05]), np.array([1e-9]), np.inf, np.ones((1, 1)))
    counted = CountedEvents(line, np.array([100.0]))
    assert counted.cdf(4.0)[0] == pytest.approx(stats.poisson.cdf(4, 5.0), abs=1e-6)


def test_gamma_rate_quantiles():
    rate = GammaRate(3.5, 103.0, 2)
    assert rate.quantile(0.3) == pytest.approx([stats.gamma.ppf(0.3, 3.5, scale=1 / 103)] * 2)
    assert rate.cdf(0.03) == pytest.approx([stats.gamma.cdf(0.03, 3.5, scale=1 / 103)] * 2)
