"""What holds for every forecast, whatever the data."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wqa.forecasts.backtesting import backtest, make_folds, read_figures
from wqa.forecasts.forecasting import forecast
from wqa.forecasts.numbers import quantity_of
from wqa.goals import Goal

FAST = ("pooled", "naive", "drift")
COMPARATORS = (">=", ">", "<=", "<")


def chance(f, target, comparator=">=", decimals=None):
    """Probability of any target, also of one that a user would be warned of as a slip of unit."""
    return float(Goal(comparator, target, decimals).probability(f.distribution)[0, -1])


# Nine decimals, so that 100 - y keeps every digit of y; small ones might be shares.
share = st.floats(1.6, 98.4).map(lambda y: round(y, 9))
share = st.one_of(share, st.sampled_from([0.0, 100.0, 98.5]), st.just(float("nan")))
percent = st.lists(share, min_size=1, max_size=12).filter(lambda y: np.isfinite(y).any())
ratio = st.one_of(st.floats(0.001, 50).map(lambda y: round(y, 9)), st.just(0.0))
rates = st.lists(ratio, min_size=1, max_size=12).filter(any)
# A power of two changes no digit.
units = st.sampled_from([1e-4, 0.1, 100.0, 1e6]) | st.integers(-60, 60).map(lambda n: 2.0**n)
revised = st.tuples(st.integers(2010, 2018), st.floats(1.6, 100), st.integers(2011, 2024))
other = st.floats(2, 100)
by_date = {"unique_by": lambda row: (row[0], row[2])}
model = st.sampled_from(FAST)
any_series = st.one_of(
    st.tuples(percent, st.just("percent")), st.tuples(rates, st.sampled_from(["rate", "positive"]))
)
LIMITS = ["lo_95", "lo_80", "median", "hi_80", "hi_95"]


@settings(max_examples=60)
@given(rates, model, st.sampled_from(["rate", "positive", "index"]), units)
def test_the_unit_does_not_matter(values, name, family, unit):
    a = forecast(values, family=family, model=name, horizon=3)
    b = forecast(np.array(values) * unit, family=family, model=name, horizon=3)
    left, right = (f.frame[LIMITS].to_numpy() for f in (a, b))
    assert right / unit == pytest.approx(left, rel=1e-5, abs=1e-7)
    for target, sign in ((float(np.median(values)), "<="), (1.1 * max(values), ">=")):
        assert chance(b, target * unit, sign) == pytest.approx(chance(a, target, sign), abs=1e-6)


@settings(max_examples=25)
@given(percent, st.integers(20, 3000), st.lists(st.floats(0, 100), min_size=2, max_size=5))
def test_known_samples_keep_order_and_bounds(values, n, targets):
    sizes = [n if np.isfinite(v) else None for v in values]
    f = forecast(values, denominators=sizes, horizon=2)
    table = f.frame[LIMITS].to_numpy()
    assert 0 <= table.min() <= table.max() <= 100
    assert (np.diff(table, axis=1) >= 0).all()
    assert table * n / 100 == pytest.approx(np.round(table * n / 100), abs=1e-6)
    p = [chance(f, t) for t in sorted(targets)]
    assert (np.diff(p) <= 1e-12).all()
    assert 0 <= min(p) <= max(p) <= 1


@settings(max_examples=40)
@given(percent, model, st.floats(1, 99))
def test_percentages_are_symmetric_under_the_complement(values, name, target):
    a = forecast(values, model=name, horizon=3)
    b = forecast(100.0 - np.array(values), model=name, horizon=3)
    middles = a.frame["median"].to_numpy(), b.frame["median"].to_numpy()
    assert middles[1] == pytest.approx(100 - middles[0], abs=1e-4)
    assert b.frame["lo_80"].to_numpy() == pytest.approx(100 - a.frame["hi_80"].to_numpy(), abs=1e-4)
    assert chance(b, 100 - target, "<=") == pytest.approx(chance(a, target, ">="), abs=1e-5)


@settings(max_examples=60)
@given(any_series, model, st.lists(st.floats(-5, 105), min_size=2, max_size=6))
def test_a_harder_target_is_never_more_likely_and_met_and_missed_add_up(given, name, targets):
    values, family = given
    f = forecast(values, family=family, model=name, horizon=2)
    for decimals in (None, 0, 1):
        p = {c: np.array([chance(f, t, c, decimals) for t in sorted(targets)]) for c in COMPARATORS}
        for comparator, found in p.items():
            steps = np.diff(found) if comparator.startswith("<") else -np.diff(found)
            assert (steps >= -1e-12).all()
            assert 0 <= found.min() <= found.max() <= 1
        assert p[">="] + p["<"] == pytest.approx(1.0, abs=1e-9)
        assert p["<="] + p[">"] == pytest.approx(1.0, abs=1e-9)


@settings(max_examples=40)
@given(any_series, model, st.lists(st.floats(0.01, 0.99), min_size=2, max_size=5))
def test_quantiles_are_monotone_and_invert_the_cdf(given, name, levels):
    f = forecast(given[0], family=given[1], model=name, horizon=2)
    q = [f.quantile(p) for p in sorted(levels)]
    assert (np.diff(q) >= -1e-9).all()
    for p, x in zip(sorted(levels), q, strict=True):
        # At a bound the distribution jumps: then the quantile lies inside the jump.
        near, below = (f.distribution.cdf(x + 1e-6)[0, -1], f.distribution.below(x - 1e-6)[0, -1])
        assert below - 1e-4 <= p <= near + 1e-4


@settings(max_examples=12)
@given(st.lists(st.floats(50, 100), min_size=6, max_size=12), st.integers(4, 6), other, model)
def test_a_fold_never_sees_its_future(values, origin, other, name):
    years = np.arange(2000, 2000 + len(values))
    data = pd.DataFrame({"series_id": "a", "year": years, "value": values})
    changed = data.copy()
    changed.loc[changed["year"] > 2000 + origin - 1, "value"] = other
    request = {"models": [name], "horizons": [1]}
    cols = ["origin", "median", "lo_80", "hi_80", "lo_95", "hi_95", "n_points"]
    found = (backtest(d, **request).forecasts[cols] for d in (data, changed))
    a, b = (f[f["origin"] < 2000 + origin].reset_index(drop=True) for f in found)
    assert len(a) and a.equals(b)


@settings(max_examples=50)
@given(st.lists(revised, min_size=2, max_size=25, **by_date))
def test_a_fold_uses_only_what_was_published(rows):
    figures = [("a", year, value, f"{date}-06-30") for year, value, date in rows]
    data = pd.DataFrame(figures, columns=["series_id", "year", "value", "published"])
    for fold in make_folds(read_figures(data), quantity_of("percent"), 2):
        known = data[data["published"] <= fold.cutoff]
        newest = known.sort_values("published").groupby("year")["value"].last()
        seen = pd.Series(fold.train.readings, index=fold.train.years).dropna()
        assert seen.to_dict() == pytest.approx(newest.to_dict(), abs=1e-99)
        assert fold.train.origin == known["year"].max()


@settings(max_examples=60)
@given(percent, model, st.integers(1, 8))
def test_percentages_stay_in_bounds_and_in_order_and_repeat(values, name, horizon):
    f, again = (forecast(values, model=name, horizon=horizon) for _ in range(2))
    table, paths = f.frame[LIMITS].to_numpy(), f.sample(50, seed=1)
    assert min(table.min(), paths.min()) >= 0
    assert max(table.max(), paths.max()) <= 100
    assert (np.diff(table, axis=1) >= 0).all()
    assert again.frame.equals(f.frame) and np.array_equal(again.sample(50, seed=1), paths)
