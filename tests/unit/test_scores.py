"""Scores against vectors worked by hand."""

import numpy as np
import pytest
from scipy import stats

from wqa.errors import DataError
from wqa.forecasts import scores


def test_naive_scale_skips_a_missing_year():
    assert scores.naive_scale([1, 2, 4]) == pytest.approx(1.5)
    # 2 -> (missing) -> 6 is a change of 2 a year.
    assert scores.naive_scale([1, 2, np.nan, 6]) == pytest.approx(1.5)
    assert np.isnan(scores.naive_scale([3]))


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
    assert scores.msis([1], [0], [2], [1, 3, 5], 95) == pytest.approx(1.0)


def test_coverage_and_width():
    assert scores.coverage([1, 2, 3, 4], [0, 2, 4, 0], [2, 2, 5, 3]) == 50.0
    assert scores.width([0, 1], [2, 5]) == 3.0


def test_crps_of_two_draws():
    # E|X - y| = 1, E|X - X'| = 1 (half of the pairs differ by 2).
    assert scores.crps_sample([0, 2], 1) == pytest.approx(0.5)
    assert scores.crps_sample([3], 1) == pytest.approx(2.0)


def test_crps_of_a_normal_matches_the_closed_form():
    p = (np.arange(999) + 0.5) / 999
    y = 0.7
    exact = y * (2 * stats.norm.cdf(y) - 1) + 2 * stats.norm.pdf(y) - 1 / np.sqrt(np.pi)
    assert scores.crps_quantiles(stats.norm.ppf(p), p, y) == pytest.approx(exact, abs=1e-3)
    assert scores.crps_sample(stats.norm.ppf(p), y) == pytest.approx(exact, abs=2e-3)


def test_pit_splits_a_jump():
    assert scores.pit([0.2], [0.6])[0] == pytest.approx(0.4)
    drawn = scores.pit(np.full(500, 0.2), np.full(500, 0.6), seed=1)
    assert 0.2 <= drawn.min() < 0.25
    assert 0.55 < drawn.max() <= 0.6


def test_pit_histogram_counts():
    table = scores.pit_histogram([0.05, 0.05, 0.95, 1.0, np.nan])
    assert table["n"].tolist() == [2, 0, 0, 0, 0, 0, 0, 0, 0, 2]
    assert table["share"].sum() == pytest.approx(1)


def test_brier_and_log_score():
    assert scores.brier([0.8, 0.3], [1, 0]) == pytest.approx((0.04 + 0.09) / 2)
    assert scores.log_score([0.8, 0.3], [1, 0]) == pytest.approx(-(np.log(0.8) + np.log(0.7)) / 2)


def test_log_score_clips_a_certain_error():
    assert scores.log_score([0.0, 1.0], [1, 1]) == pytest.approx(-np.log(0.25) / 2)


def test_murphy_parts_by_hand():
    # Four cases at .25 of which one came true, four at .75 of which all came true.
    p = [0.25] * 4 + [0.75] * 4
    hit = [1, 0, 0, 0, 1, 1, 1, 1]
    parts = scores.brier_parts(p, hit)
    assert parts.reliability == pytest.approx(0.5 * 0.25**2)
    assert parts.resolution == pytest.approx(0.375**2)
    assert parts.uncertainty == pytest.approx(0.625 * 0.375)
    assert parts.within == pytest.approx(0, abs=1e-12)
    assert parts.brier == pytest.approx(parts.reliability - parts.resolution + parts.uncertainty)


def test_reliability_table_and_calibration_error():
    table = scores.reliability_table([0.1, 0.1, 0.9, 1.0], [0, 1, 1, 1])
    assert table["n"].tolist() == [2, 2]
    assert table["came_true"].tolist() == [0.5, 1.0]
    assert (table["lo_95"] < table["came_true"]).all()
    expected = 100 * (0.5 * 0.4 + 0.5 * 0.05)
    assert scores.calibration_error([0.1, 0.1, 0.9, 1.0], [0, 1, 1, 1]) == pytest.approx(expected)


def test_label_in_hindsight():
    labels = ["on track", "on track", "off", "off"]
    assert scores.recalibrated_brier(labels, [1, 0, 0, 0]) == pytest.approx(0.125)


def test_skill():
    assert scores.skill(1.5, 2.0) == pytest.approx(0.25)
    assert np.isnan(scores.skill(1, 0))


def test_bootstrap_draws_series_not_forecasts():
    groups = np.repeat(["a", "b", "c", "d"], 50)
    gap = np.repeat([1.0, -1.0, 1.0, -1.0], 50)
    mean, low, high = scores.bootstrap_difference(gap, np.zeros(200), groups, seed=3)
    assert mean == 0.0
    # Four series leave much more doubt than 200 independent forecasts (+-.14) would.
    assert high - low > 1.0
    assert scores.bootstrap_difference(gap, np.zeros(200), groups, seed=3) == (mean, low, high)


def test_bootstrap_of_one_series_has_no_interval():
    mean, low, high = scores.bootstrap_difference([1, 2], [0, 0], ["a", "a"])
    assert mean == 1.5
    assert np.isnan(low)
    assert np.isnan(high)


@pytest.mark.parametrize(("p", "hit"), [([], []), ([0.5], [1, 0]), ([1.2], [1]), ([0.5], [0.5])])
def test_no_score_without_proper_pairs(p, hit):
    with pytest.raises(DataError):
        scores.brier(p, hit)
