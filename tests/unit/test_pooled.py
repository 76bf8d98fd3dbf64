"""The pooled forecast: closed form, honest spread, priors with their record."""

import json

import numpy as np
import pytest
from cases import cases

from wqa.forecasts import pooled
from wqa.forecasts.numbers import FAMILIES, from_working, quantity_of, scale_of, to_working

SERIES = np.array([92.1, 93.0, 92.4, 94.2, 95.1, 94.8, 95.9, 96.3])


def fit_of(values, horizon, family="percent", samples=None):
    table = np.atleast_2d(np.asarray(values, dtype=float))
    return pooled.predict(table, horizon, quantity_of(family), None, samples)


@pytest.mark.parametrize("family", FAMILIES)
def test_prior_of_every_family_says_where_it_comes_from(family):
    prior = pooled.load_prior(family)
    assert prior.weight.sum(axis=1) == pytest.approx([1.0, 1.0], abs=1e-3)
    if family in pooled.LEARNED:
        assert prior.record["script"] == "bench/learn_prior.py"
        assert prior.record["data"] and prior.record["scores"]
    else:
        assert prior.record["stated"].startswith("Not learned.")


def test_every_family_has_a_prior_of_its_own():
    assert pooled.prior_of(quantity_of("count")) is pooled.load_prior("count")
    assert pooled.prior_of(quantity_of("index")) is pooled.load_prior("index")
    # Between two bounds an index is taken for a score, and never called tested.
    assert pooled.prior_of(quantity_of("index", 60, 100)) is pooled.load_prior("score")
    # Bounded families expect no trend.
    assert not any(pooled.load_prior(family).trend.any() for family in ("percent", "score"))


@pytest.mark.parametrize("power", [0.35, 0.5, 1.0])
def test_transform_and_inverse_agree(power):
    share = np.array([0.0, 1e-6, 0.01, 0.3, 0.5, 0.97, 1 - 1e-6, 1.0])
    there = to_working(share, power, True)
    assert from_working(there, power, True) == pytest.approx(share, abs=1e-8)
    there = to_working(share * 50, power, False)
    assert from_working(there, power, False) == pytest.approx(share * 50, abs=1e-8)


def test_kernels_have_unit_yearly_change():
    kernels = [0, 0, 0, 0], [0, 0, 0, 0.6], [0.3, 0, 0, 0.3], [0, 0.9, 0.8, 0]
    cov = pooled.covariance(np.array(kernels, dtype=float), 6)
    change = np.array([0, 0, -1.0, 1.0, 0, 0])
    assert np.einsum("i,kij,j->k", change, cov, change) == pytest.approx(np.ones(4))


def test_one_component_matches_a_direct_computation():
    """A random walk with one variance prior has a textbook answer."""
    size, switch, ones = np.full(1, 0.5), np.array([1.0, 9.0]), np.ones((3, 1))
    traits = ones[:2], np.zeros((2, 0, 1)), np.zeros((2, 0))
    spread = np.zeros(1), np.full(1, 2.0), size, np.ones(1)
    prior = pooled.Prior(0.5, np.zeros((1, 4)), *spread, *traits, switch, ones)
    data = np.array([[0.1, 0.3, 0.2, 0.6]])
    one = pooled.components(data, np.arange(4), 4, 2, prior, np.zeros(1))
    squares = 0.2**2 + 0.1**2 + 0.4**2
    shape, rate = 2.0 + 1.5, 2.0 * 0.25 + squares / 2
    assert one.df == pytest.approx([2 * shape])
    assert one.loc[0, 0] == pytest.approx([0.6, 0.6])
    assert one.scale[0, 0] == pytest.approx(np.sqrt(rate / shape * np.array([1.0, 2.0])))


def test_missing_years_are_no_years_at_the_start_and_widen_later():
    whole, none = fit_of(SERIES, 3), [np.nan, np.nan]
    padded, late = fit_of([*none, *SERIES], 3), fit_of([*SERIES, *none], 1)
    assert padded.quantile(0.9) == pytest.approx(whole.quantile(0.9))
    assert late.quantile(0.1)[0, 0] == pytest.approx(whole.quantile(0.1)[0, 2])
    gap, closed = fit_of([*SERIES[:4], np.nan, *SERIES[5:]], 3), fit_of(np.delete(SERIES, 4), 3)
    assert gap.quantile(0.5) != pytest.approx(closed.quantile(0.5), rel=1e-6)


@pytest.mark.parametrize("value", [0.0, 0.4, 63.0, 99.9, 100.0])
def test_one_point_and_constants_give_a_finite_honest_spread(value):
    for n in (1, 2, 6):
        fit = fit_of(np.full(n, value), 5)
        low, high = fit.quantile(0.025), fit.quantile(0.975)
        assert np.isfinite([low, high]).all()
        assert np.all(high - low > 0.02)
        assert low.min() >= 0.0
        assert high.max() <= 100.0


def test_a_bound_is_reached_with_positive_probability():
    zeros, near = fit_of(np.zeros(5), 3, "rate"), fit_of([99.0, 100.0, 100.0, 99.8, 100.0], 3)
    assert (zeros.cdf(0.0) > 0.2).all() and (zeros.quantile(0.999) > 0.0).all()
    assert (1.0 - near.below(100.0) > 0.05).all()
    assert (near.cdf(100.0) == 1.0).all() and (near.cdf(-0.1) == 0.0).all()


def test_prior_weight_falls_with_points():
    weights = [float(fit_of(SERIES[:n], 1).prior_weight[0]) for n in (1, 2, 4, 8)]
    assert weights[0] == pytest.approx(1.0)
    assert weights == sorted(weights, reverse=True)


def test_known_samples_are_a_known_part_of_the_noise():
    noisy = [80.0, 86.0, 79.0, 85.0, 78.0, 84.0]
    # Half unknown: those years are taken to be as noisy as the others. Counting their noise as
    # none gave 8.3 and 9.2 (read to a tenth of a point).
    past = {"whole": [100.0] * 6, "half": [100.0, np.nan] * 3, "huge": [1e9] * 6}
    made = {name: fit_of(noisy, 1, samples=np.array([*n, 1e6])) for name, n in past.items()}
    made["none"] = fit_of(noisy, 1)
    made["few ahead"] = fit_of(noisy, 1, samples=np.array([100.0] * 7))
    width = {name: float((f.quantile(0.9) - f.quantile(0.1))[0, 0]) for name, f in made.items()}
    widths = [width[k] for k in ("whole", "half", "none")]
    assert widths == pytest.approx([8.72, 8.72, 12.23], abs=0.05)
    assert width["huge"] == pytest.approx(width["none"], abs=0.05)
    assert width["few ahead"] > 1.2 * width["whole"]


@cases("unit/evidence_classes.csv")
def test_evidence_class(points, weight, family, expected):
    assert pooled.evidence_class(int(points), float(weight), family) == expected


def test_weights_move_from_short_to_long_series():
    prior = pooled.load_prior("positive")
    few, many = (prior.log_weights(n, np.zeros((1, 0))) for n in (3, 30))
    assert not np.allclose(few, many)


def test_traits_of_a_series_shift_the_weights_of_percentages():
    prior = pooled.load_prior("percent")
    calm = to_working(np.array([[0.5, 0.501, 0.5, 0.502]]), prior.power, True)
    near = to_working(np.array([[0.99, 0.999, 0.99, 0.998]]), prior.power, True)
    rows = [prior.log_weights(4, pooled.traits_of(x))[0] for x in (calm, near)]
    assert all(np.exp(row).sum() == pytest.approx(1.0, abs=1e-6) for row in rows)
    assert np.abs(rows[0] - rows[1]).max() > 0.1


def test_traits_are_the_same_upside_down_and_after_a_change_of_unit():
    share = np.array([[0.3, 0.34, 0.33, 0.4, 0.47]])
    up = pooled.traits_of(to_working(share, 0.35, True))
    down = pooled.traits_of(to_working(1.0 - share, 0.35, True))
    np.testing.assert_allclose(up, down, rtol=1e-12)
    for still in ([[1.0, 1.0, 1.0]], [[1.0]]):
        assert np.isfinite(pooled.traits_of(np.array(still))).all()


def test_a_bound_that_was_read_is_read_again_within_half_a_digit():
    fit = fit_of([100.0] * 6, 5)
    stays = 1.0 - fit.below(100.0)[0]
    # 91 rows of five such values on the panel of percentages: what stayed at the bound.
    assert stays == pytest.approx([0.90, 0.80, 0.71, 0.63, 0.54], abs=0.12)
    assert fit.quantile(0.2)[0, 0] == 100.0
    assert fit.cdf(99.96)[0] == pytest.approx(fit.below(100.0)[0])
    finer = fit_of([99.97, 100.0, 100.0, 100.0], 5)
    assert (finer.cdf(99.96) < finer.cdf(99.99)).all()


def test_prior_files_are_small_text(root):
    for path in sorted((root / "wqa" / "priors").glob("*.json")):
        assert path.stat().st_size < 20_000
        assert json.loads(path.read_text(encoding="utf-8"))["family"] == path.stem


def test_equal_values_and_whole_numbers_hide_more_than_a_tenth():
    tenths, whole, flat = [80.1, 81.2, 80.3], [80.0, 81.0, 80.0], [80.1, 80.1, 80.1]
    percent = quantity_of("percent")
    rough = [scale_of(np.array([y]), percent, 0.35)[2][0] for y in (tenths, whole, flat)]
    # A point is ten tenths; three equal values hide four squares of a point in each step.
    assert rough[1] / rough[0] == pytest.approx(100.0, rel=0.1)
    assert rough[2] > 2.0 * rough[1]
