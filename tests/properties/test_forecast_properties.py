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


percent = st.lists(
    st.one_of(
        # Nine decimals, so that 100 - y keeps every digit of y; small ones might be shares.
        st.floats(1.6, 98.4).map(lambda y: round(y, 9)),
        st.sampled_from([0.0, 100.0, 98.5]),
        st.just(float("nan")),
    ),
    min_size=1,
    max_size=12,
).filter(lambda y: np.isfinite(y).any())
rates = st.lists(st.floats(0.001, 50), min_size=1, max_size=12)
model = st.sampled_from(FAST)


@settings(max_examples=60)
@given(percent, model, st.integers(1, 8))
def test_percentages_stay_in_bounds_and_in_order(values, name, horizon):
    f = forecast(values, model=name, horizon=horizon)
    table = f.frame[["lo_95", "lo_80", "median", "hi_80", "hi_95"]].to_numpy()
    assert table.min() >= 0
    assert table.max() <= 100
    assert (np.diff(table, axis=1) >= 0).all()
    paths = f.sample(50, seed=1)
    assert paths.min() >= 0
    assert paths.max() <= 100


@settings(max_examples=40)
@given(rates, model, st.sampled_from([1e-4, 1e-2, 10.0, 100.0, 1e6]))
def test_the_unit_of_a_rate_does_not_matter(values, name, unit):
    a = forecast(values, family="rate", model=name, horizon=3)
    b = forecast(np.array(values) * unit, family="rate", model=name, horizon=3)
    cols = ["median", "lo_80", "hi_80", "lo_95", "hi_95"]
    left, right = a.frame[cols].to_numpy() * unit, b.frame[cols].to_numpy()
    assert right == pytest.approx(left, rel=1e-5, abs=1e-7 * unit)
    target = float(np.median(values))
    assert chance(b, target * unit, "<=") == pytest.approx(chance(a, target, "<="), abs=1e-6)


@settings(max_examples=30)
@given(rates, model, st.sampled_from(["rate", "positive", "index"]), st.integers(-60, 60))
def test_any_magnitude_gives_the_same_answer(values, name, family, power):
    # A power of two changes no digit, so the answers agree to the last of them.
    unit = 2.0**power
    a = forecast(values, family=family, model=name, horizon=2)
    b = forecast(np.array(values) * unit, family=family, model=name, horizon=2)
    cols = ["median", "lo_80", "hi_80", "lo_95", "hi_95"]
    assert b.frame[cols].to_numpy() / unit == pytest.approx(a.frame[cols].to_numpy(), rel=1e-5)
    target = 1.1 * max(values)
    assert chance(b, target * unit) == pytest.approx(chance(a, target), abs=1e-6)


@settings(max_examples=25)
@given(percent, st.integers(20, 3000), st.lists(st.floats(0, 100), min_size=2, max_size=5))
def test_known_samples_keep_order_and_bounds(values, n, targets):
    sizes = [n if np.isfinite(v) else None for v in values]
    f = forecast(values, denominators=sizes, horizon=2)
    table = f.frame[["lo_95", "lo_80", "median", "hi_80", "hi_95"]].to_numpy()
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
    assert b.frame["median"].to_numpy() == pytest.approx(
        100 - a.frame["median"].to_numpy(), abs=1e-4
    )
    assert b.frame["lo_80"].to_numpy() == pytest.approx(100 - a.frame["hi_80"].to_numpy(), abs=1e-4)
    assert chance(b, 100 - target, "<=") == pytest.approx(chance(a, target, ">="), abs=1e-5)


@settings(max_examples=40)
@given(percent, model, st.lists(st.floats(-5, 105), min_size=2, max_size=6))
def test_a_harder_target_is_never_more_likely(values, name, targets):
    f = forecast(values, model=name, horizon=2)
    for decimals in (None, 0, 1):
        for comparator in COMPARATORS:
            p = [chance(f, t, comparator, decimals=decimals) for t in sorted(targets)]
            steps = np.diff(p) if comparator.startswith("<") else -np.diff(p)
            assert (steps >= -1e-12).all()
            assert 0 <= min(p) <= max(p) <= 1


@settings(max_examples=40)
@given(percent, model, st.floats(0, 100), st.sampled_from([None, 0, 1, 2]))
def test_met_and_missed_add_up(values, name, target, decimals):
    f = forecast(values, model=name, horizon=2)
    for met, missed in ((">=", "<"), ("<=", ">")):
        total = chance(f, target, met, decimals=decimals)
        total += chance(f, target, missed, decimals=decimals)
        assert total == pytest.approx(1.0, abs=1e-9)


@settings(max_examples=40)
@given(percent, model, st.lists(st.floats(0.01, 0.99), min_size=2, max_size=5))
def test_quantiles_are_monotone_and_invert_the_cdf(values, name, levels):
    f = forecast(values, model=name, horizon=2)
    q = [f.quantile(p) for p in sorted(levels)]
    assert (np.diff(q) >= -1e-9).all()
    for p, x in zip(sorted(levels), q, strict=True):
        # At a bound the distribution jumps: then the quantile lies inside the jump.
        assert f.cdf(min(x + 1e-6, 100.0)) >= p - 1e-4


@settings(max_examples=12)
@given(
    st.lists(st.floats(50, 100), min_size=6, max_size=12),
    st.integers(4, 6),
    st.floats(2, 100),
    st.sampled_from(FAST),
)
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
@given(
    st.lists(
        st.tuples(st.integers(2010, 2018), st.floats(1.6, 100), st.integers(2011, 2024)),
        min_size=2,
        max_size=25,
        unique_by=lambda row: (row[0], row[2]),
    )
)
def test_a_fold_uses_only_what_was_published(rows):
    data = pd.DataFrame(
        [("a", year, value, f"{date}-06-30") for year, value, date in rows],
        columns=["series_id", "year", "value", "published"],
    )
    for fold in make_folds(read_figures(data), quantity_of("percent"), 2, 1):
        known = data[data["published"] <= fold.cutoff]
        newest = known.sort_values("published").groupby("year")["value"].last()
        seen = pd.Series(fold.train.readings, index=fold.train.years).dropna()
        assert seen.to_dict() == pytest.approx(newest.to_dict(), abs=1e-99)
        assert fold.train.origin == known["year"].max()


@settings(max_examples=30)
@given(percent, model)
def test_same_input_same_output(values, name):
    a, b = (forecast(values, model=name, horizon=2) for _ in range(2))
    assert a.frame.equals(b.frame)
    assert np.array_equal(a.sample(20, seed=3), b.sample(20, seed=3))
