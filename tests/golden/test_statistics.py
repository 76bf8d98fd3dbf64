"""Interval and probability values against statsmodels and scipy (statistics.csv)."""

import csv
from pathlib import Path

import pytest

from wqa.forecasts.counts import poisson_gamma
from wqa.forecasts.intervals import (
    all_passed_bound,
    dispersion,
    event_rate_interval,
    luck_probability,
    luck_table,
    proportion_interval,
    sensitivity_bands,
)

with Path(__file__).with_name("statistics.csv").open(encoding="utf-8") as stream:
    ROWS = [
        (r["quantity"], r["arguments"].split(";"), float(r["lower"]), float(r["upper"]))
        for r in csv.DictReader(stream)
    ]


def rows(quantity):
    found = [(a, low, high) for q, a, low, high in ROWS if q == quantity]
    assert found
    return found


@pytest.mark.parametrize("method", ["wilson", "jeffreys", "clopper_pearson"])
def test_proportion_intervals(method):
    for (passed, n), low, high in rows(method):
        got = proportion_interval(int(passed), int(n), 95, method)
        # At x = 0 or n the bound itself is the limit, also where a formula falls short of it.
        expected = (0.0 if passed == "0" else low, 100.0 if passed == n else high)
        assert got == pytest.approx(expected, rel=1e-6, abs=1e-9)


def test_garwood():
    for (y, e), low, high in rows("garwood"):
        assert event_rate_interval(int(y), float(e)) == pytest.approx((low, high), rel=1e-8)


def test_zero_deaths_do_not_prove_a_low_rate():
    # Known values of the exact limits: 3.69 / E two-sided, 3.00 / E one-sided.
    assert event_rate_interval(0, 1.0)[1] == pytest.approx(3.6889, abs=1e-4)
    assert event_rate_interval(0, 1.0, one_sided=True)[1] == pytest.approx(2.9957, abs=1e-4)
    assert event_rate_interval(0, 25.0)[1] > 0.1


def test_luck():
    for (rate, n), p, _ in rows("luck_unrounded"):
        got = luck_probability(float(rate), 98.5, int(n), decimals=None)
        assert got == pytest.approx(p, abs=1e-9)
    shown = luck_table([98.0, 98.7], 98.5, decimals=None)["p_reads_attained"].tolist()
    assert shown == pytest.approx([0.282, 0.154, 0.025, 0.648, 0.765, 0.852], abs=5e-4)


def test_rounding_helps_luck():
    exact = luck_probability(98.0, 98.5, 3000, decimals=None)
    # 98.45 % prints as 98.5 %.
    assert luck_probability(98.0, 98.5, 3000, decimals=1) > exact


def test_deaths():
    for (e,), p, _ in rows("deaths_3_in_103"):
        fit = poisson_gamma([3], [103.0], [float(e)], as_rate=True)
        assert fit.cdf(0.1)[0] == pytest.approx(p, abs=1e-9)
        assert 0.92 < p < 0.98


def test_tenfold_conflict_of_the_baseline():
    known = {a[0]: p for a, p, _ in rows("true_rate_at_25")}
    assert known["0.029"] == pytest.approx(0.96, abs=0.005)
    assert known["0.29"] == pytest.approx(0.025, abs=0.001)
    for rate, p in known.items():
        # The same through the library, with the rate as good as known.
        fit = poisson_gamma([round(float(rate) * 1e9)], [1e9], [25.0], as_rate=True)
        assert fit.cdf(0.1)[0] == pytest.approx(p, abs=1e-4)


def test_all_passed():
    assert all_passed_bound(213) == pytest.approx(100 * 0.05 ** (1 / 213))
    assert round(all_passed_bound(213), 1) == 98.6


def test_unknown_sample_size_is_shown_not_guessed():
    table = sensitivity_bands(98.5)
    assert table["assumed_n"].tolist() == [300, 1000, 3000]
    assert (table["hi"] - table["lo"]).is_monotonic_decreasing
    low, high = proportion_interval(985, 1000)
    assert table.loc[1, ["lo", "hi"]].tolist() == pytest.approx([low, high])


def test_dispersion_by_hand():
    # Shares .9 and .7 of 100 each: pooled .8, X2 = 2 * 100 * .01 / .16 = 12.5, df 1.
    assert dispersion([90, 70], [100, 100]) == pytest.approx(12.5)
    assert dispersion([80, 80], [100, 100]) == 1.0
    assert dispersion([50, 60], [50, 60]) == 1.0
