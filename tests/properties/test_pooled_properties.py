"""What holds for every series: units, mirror images, bounds and order."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wqa.forecasts.numbers import quantity_of
from wqa.forecasts.pooled import predict

PERCENTS = st.lists(st.floats(0, 100).map(lambda x: round(x, 1)), min_size=1, max_size=12)
RATES = st.lists(st.floats(0, 500).map(lambda x: round(x, 2)), min_size=1, max_size=12)


def fit_of(values, horizon, family="percent"):
    return predict(np.atleast_2d(np.asarray(values, dtype=float)), horizon, quantity_of(family))


@settings(max_examples=40, deadline=None)
@given(RATES, st.sampled_from([1e-4, 0.1, 100.0, 1e6]))
def test_rates_do_not_depend_on_the_unit(values, factor):
    if max(values) == 0:
        return
    here = fit_of(values, 4, "rate")
    there = fit_of(np.array(values) * factor, 4, "rate")
    for p in (0.1, 0.5, 0.9):
        assert there.quantile(p) == pytest.approx(here.quantile(p) * factor, rel=1e-6, abs=1e-9)


@settings(max_examples=40, deadline=None)
@given(PERCENTS)
def test_percentages_mirror(values):
    up = fit_of(values, 4)
    down = fit_of(100.0 - np.array(values), 4)
    for p in (0.1, 0.5, 0.8):
        assert down.quantile(1 - p) == pytest.approx(100.0 - up.quantile(p), abs=1e-4)


@settings(max_examples=40, deadline=None)
@given(PERCENTS)
def test_quantiles_stay_in_bounds_and_in_order(values):
    fit = fit_of(values, 5)
    rows = np.array([fit.quantile(p)[0] for p in (0.01, 0.1, 0.5, 0.9, 0.99)])
    assert np.isfinite(rows).all()
    assert rows.min() >= 0.0
    assert rows.max() <= 100.0
    assert np.all(np.diff(rows, axis=0) >= 0.0)
    paths = fit.sample(50, seed=1)
    assert paths.min() >= 0.0
    assert paths.max() <= 100.0


@settings(max_examples=40, deadline=None)
@given(RATES, st.floats(0, 600), st.floats(0, 100))
def test_probability_falls_as_the_target_rises(values, target, more):
    fit = fit_of(values, 3, "rate")
    easy, hard = 1 - fit.below(target), 1 - fit.below(target + more)
    assert np.all(hard <= easy + 1e-12)
    assert np.all((easy >= 0) & (easy <= 1))


@settings(max_examples=25, deadline=None)
@given(PERCENTS, st.lists(st.booleans(), min_size=12, max_size=12))
def test_any_pattern_of_missing_years_is_answered(values, holes):
    row = np.array(values)
    row[np.array(holes[: len(row)])] = np.nan
    if np.isnan(row).all():
        return
    fit = fit_of(row, 3)
    assert np.isfinite(fit.quantile(0.025)).all()
