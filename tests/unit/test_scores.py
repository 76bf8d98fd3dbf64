"""Scores against vectors worked by hand."""

import numpy as np
import pytest
from scipy import stats

from wqa.errors import ForecastError
from wqa.forecasts import scores


def test_naive_scale_skips_a_missing_year():
    assert scores.naive_scale([1, 2, 4]) == pytest.approx(1.5)
    # 2 -> (missing) -> 6 is a change of 2 a year; one value has no scale.
    table = [[1, 2, np.nan, 6], [np.nan, np.nan, np.nan, 3]]
    assert scores.naive_scale(table) == pytest.approx([1.5, np.nan], nan_ok=True)


def test_mase():
    # Errors 1 and 3, mean change 2.
    assert scores.mase([10, 14], [11, 11], [1, 3, 5]) == pytest.approx(1.0)
    assert np.isnan(scores.mase([1], [2], [5, 5, 5]))


def test_smape():
    # |100 - 50| / 150 = 1/3, and a pair of zeros.
    assert scores.smape([100, 0], [50, 0]) == pytest.approx(100 / 3)


def test_interval_score_by_hand():
    # Inside: width 2. Below by 1 at 80 %: 2 + 10. Above by .5 at 80 %: 2 + 5.
    got = scores.interval_score([1, -1, 2.5], [0, 0, 0], [2, 2, 2], 80)
    assert got == pytest.approx([2, 12, 7])


def test_msis_divides_by_the_naive_scale():
    assert scores.msis([1], [0], [2], [1, 3, 5]) == pytest.approx(1.0)


def test_coverage_includes_the_limits_and_binary_noise():
    assert scores.coverage([1, 2, 3, 4], [0, 2, 4, 0], [2, 2, 5, 3]) == 50.0
    assert scores.coverage([0.1 + 0.2], [0.0], [0.3]) == 100.0


def test_quantile_loss_by_hand():
    # Median: twice half of the distance. At .9 a value below costs .1, above .9.
    loss = scores.quantile_loss([1.0, 4.0], [[2.0, 2.0], [3.0, 3.0]], [0.5, 0.9])
    assert loss == pytest.approx(np.array([[1.0, 2.0], [2 * 0.1 * 2, 2 * 0.9 * 1]]))


def test_crps_of_a_normal_matches_the_closed_form():
    y = 0.7
    exact = y * (2 * stats.norm.cdf(y) - 1) + 2 * stats.norm.pdf(y) - 1 / np.sqrt(np.pi)
    even = (np.arange(999) + 0.5) / 999
    uneven = np.concatenate([np.linspace(0.001, 0.1, 300), np.linspace(0.102, 0.999, 900)])
    for p in (even, uneven):
        assert scores.crps(y, stats.norm.ppf(p), p) == pytest.approx(exact, abs=2e-3)


def test_brier():
    assert scores.brier([0.8, 0.3], [1, 0]) == pytest.approx((0.04 + 0.09) / 2)
    assert scores.brier(0.8, True) == pytest.approx(0.04)


def test_reliability_and_calibration_error():
    p, hit = [0.1, 0.1, 0.9, 1.0], [0, 1, 1, 1]
    table = scores.reliability(p, hit)
    assert table["n"].tolist() == [2, 2]
    assert table["observed"].tolist() == [0.5, 1.0]
    assert (table["lower"] < table["observed"]).all()
    assert scores.calibration_error(p, hit) == pytest.approx(100 * (0.5 * 0.4 + 0.5 * 0.05))
    assert scores.reliability(p, hit, (0.0, 0.95, 1.0))["n"].tolist() == [3, 1]


def test_bootstrap_draws_series_not_forecasts():
    groups = np.repeat(["a", "b", "c", "d"], 50)
    gap = np.repeat([1.0, -1.0, 1.0, -1.0], 50)
    mean, low, high = scores.bootstrap_difference(gap, groups, seed=3)
    assert mean == 0.0
    # Four series leave much more doubt than 200 independent forecasts (+-.14) would.
    assert high - low > 1.0
    assert scores.bootstrap_difference(gap, groups, seed=3) == (mean, low, high)


def test_bootstrap_of_one_series_has_no_interval():
    mean, *limits = scores.bootstrap_difference([1, 2], ["a", "a"])
    assert mean == 1.5
    assert np.isnan(limits).all()


@pytest.mark.parametrize(("p", "hit"), [([], []), ([0.5], [1, 0]), ([1.2], [1]), ([0.5], [0.5])])
def test_no_score_without_proper_pairs(p, hit):
    with pytest.raises(ForecastError):
        scores.brier(p, hit)
