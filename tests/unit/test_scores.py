"""Scores against vectors worked by hand."""

import json

import numpy as np
import pytest
from cases import cases
from scipy import stats

from wqa.forecasts import scores


@cases("unit/scores_by_hand.csv")
def test_by_hand(why, score, arguments, expected):
    found = getattr(scores, score)(*json.loads(arguments))
    wanted = np.array(json.loads(expected), dtype=float)
    assert np.array(found) == pytest.approx(wanted, nan_ok=True), why


def test_crps_of_a_normal_matches_the_closed_form():
    y = 0.7
    exact = y * (2 * stats.norm.cdf(y) - 1) + 2 * stats.norm.pdf(y) - 1 / np.sqrt(np.pi)
    even = (np.arange(999) + 0.5) / 999
    uneven = np.concatenate([np.linspace(0.001, 0.1, 300), np.linspace(0.102, 0.999, 900)])
    for p in (even, uneven):
        assert scores.crps(y, stats.norm.ppf(p), p) == pytest.approx(exact, abs=2e-3)


def test_reliability():
    p, hit = [0.1, 0.1, 0.9, 1.0], [0, 1, 1, 1]
    table = scores.reliability(p, hit)
    assert table["n"].tolist() == [2, 2]
    assert table["observed"].tolist() == [0.5, 1.0]
    assert (table["lower"] < table["observed"]).all()
    assert scores.reliability(p, hit, (0.0, 0.95, 1.0))["n"].tolist() == [3, 1]


def test_bootstrap_draws_series_not_forecasts():
    groups = np.repeat(["a", "b", "c", "d"], 50)
    gap = np.repeat([1.0, -1.0, 1.0, -1.0], 50)
    mean, low, high = scores.bootstrap_difference(gap, groups)
    assert mean == 0.0
    # Four series leave much more doubt than 200 independent forecasts (+-.14) would.
    assert high - low > 1.0
    assert scores.bootstrap_difference(gap, groups) == (mean, low, high)
