"""Interval and probability values against statsmodels and scipy (statistics.csv)."""

import csv
from pathlib import Path

import pytest

from wqa.forecasts import scores
from wqa.forecasts.distributions import PlanSum

with Path(__file__).with_name("statistics.csv").open(encoding="utf-8") as stream:
    ROWS = [
        (r["quantity"], r["arguments"].split(";"), float(r["lower"]), float(r["upper"]))
        for r in csv.DictReader(stream)
    ]


def rows(quantity):
    found = [(a, low, high) for q, a, low, high in ROWS if q == quantity]
    assert found
    return found


def test_wilson():
    for (passed, n), low, high in rows("wilson"):
        # At x = 0 or n the bound itself is the limit, also where a formula falls short of it.
        expected = (0.0 if passed == "0" else low, 100.0 if passed == n else high)
        assert scores.proportion_interval(int(passed), int(n)) == pytest.approx(expected, rel=1e-6)


def test_garwood():
    for (y, e), low, high in rows("garwood"):
        assert scores.event_rate_interval(int(y), float(e)) == pytest.approx((low, high), rel=1e-8)


def test_zero_deaths_do_not_prove_a_low_rate():
    assert scores.event_rate_interval(0, 1.0)[1] == pytest.approx(3.6889, abs=1e-4)
    assert scores.event_rate_interval(0, 25.0)[1] > 0.1


def test_deaths():
    for (e,), p, _ in rows("deaths_3_in_103"):
        # Half an event of prior and three seen in 103 units; a tenth of an event per unit passes.
        assert PlanSum(0, float(e), 3.5, 103.0).more(int(e) // 10) == pytest.approx(p, abs=1e-9)
        assert 0.92 < p < 0.98


def test_tenfold_conflict_of_the_baseline():
    known = {a[0]: p for a, p, _ in rows("true_rate_at_25")}
    assert known["0.029"] == pytest.approx(0.96, abs=0.005)
    assert known["0.29"] == pytest.approx(0.025, abs=0.001)
    for rate, p in known.items():
        # The same through the library, with the rate as good as known.
        assert PlanSum(0, 25.0, float(rate) * 1e9, 1e9).more(2) == pytest.approx(p, abs=1e-4)
