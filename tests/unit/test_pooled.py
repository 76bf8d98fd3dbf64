"""The pooled forecast: closed form, honest spread, clear refusals."""

import json

import numpy as np
import pytest

from wqa.errors import ForecastError
from wqa.forecasts import trend_components
from wqa.forecasts.pooled import FAMILIES, evidence_class, load_prior, predict
from wqa.forecasts.pooled_prior import LEARNED_AS, log_weights

SERIES = np.array([92.1, 93.0, 92.4, 94.2, 95.1, 94.8, 95.9, 96.3])


@pytest.mark.parametrize("family", FAMILIES)
def test_prior_of_every_family_loads_with_its_record(family):
    prior = load_prior(family)
    assert prior.weight.sum(axis=1) == pytest.approx([1.0, 1.0], abs=1e-3)
    assert prior.record["script"] == "bench/learn_prior.py"
    assert prior.record["data"] and prior.record["scores"]


def test_unknown_family_is_refused():
    with pytest.raises(ForecastError, match="family of the series is unknown; got 'weather'"):
        load_prior("weather")


def test_missing_prior_file_is_refused(tmp_path):
    with pytest.raises(ForecastError, match="prior file of a family is missing"):
        load_prior("percent", tmp_path / "none.json")


def test_bounded_families_expect_no_trend():
    assert not load_prior("percent").trend.any()
    assert not load_prior("score").trend.any()


@pytest.mark.parametrize("power", [0.35, 0.5, 1.0])
def test_transform_and_inverse_agree(power):
    share = np.array([0.0, 1e-6, 0.01, 0.3, 0.5, 0.97, 1 - 1e-6, 1.0])
    there = trend_components.transform(share, power, True)
    assert trend_components.inverse(there, power, True) == pytest.approx(share, abs=1e-8)
    there = trend_components.transform(share * 50, power, False)
    assert trend_components.inverse(there, power, False) == pytest.approx(share * 50, abs=1e-8)


def test_kernels_have_unit_yearly_change():
    kernels = np.array(
        [[0, 0, 0, 0, 1], [0, 0, 0, 0.6, 1], [0.3, 0, 0, 0.3, 1], [0, 0.9, 0.8, 0, 1]], dtype=float
    )
    cov = trend_components.covariance(kernels, 6)
    change = np.array([0, 0, -1.0, 1.0, 0, 0])
    assert np.einsum("i,kij,j->k", change, cov, change) == pytest.approx(np.ones(4))


def test_one_component_matches_a_direct_computation():
    """A random walk with one variance prior has a textbook answer."""
    prior = load_prior("percent")
    one = trend_components.components(
        np.array([[0.1, 0.3, 0.2, 0.6]]),
        np.arange(4),
        4,
        2,
        type(prior)(
            "percent", 0.5, np.array([[0.0, 0.0, 0.0, 0.0, 1.0]]), np.zeros(1), np.full(1, 2.0),
            np.full(1, 0.5), np.ones(1), np.ones((2, 1)), np.zeros((2, 0, 1)), np.zeros((2, 0)),
            np.array([1.0, 9.0]), np.ones((3, 1)),
        ),
        np.zeros(1),
    )  # fmt: skip
    squares = 0.2**2 + 0.1**2 + 0.4**2
    shape, rate = 2.0 + 1.5, 2.0 * 0.25 + squares / 2
    assert one.df == pytest.approx([2 * shape])
    assert one.loc[0, 0] == pytest.approx([0.6, 0.6])
    assert one.scale[0, 0] == pytest.approx(np.sqrt(rate / shape * np.array([1.0, 2.0])))


def test_missing_year_equals_the_answer_without_its_column_only_when_it_is_first():
    whole = predict(SERIES, 3)
    padded = predict(np.concatenate([[np.nan, np.nan], SERIES]), 3)
    assert padded.quantile(0.9) == pytest.approx(whole.quantile(0.9))
    gap = SERIES.copy()
    gap[4] = np.nan
    assert predict(gap, 3).quantile(0.9) != pytest.approx(np.delete(SERIES, 4)[-1])
    closed = predict(np.delete(SERIES, 4), 3)
    assert predict(gap, 3).median() != pytest.approx(closed.median(), rel=1e-6)


def test_missing_last_years_widen_the_answer():
    late = predict(np.concatenate([SERIES, [np.nan, np.nan]]), 1)
    ahead = predict(SERIES, 3)
    assert late.quantile(0.1)[0, 0] == pytest.approx(ahead.quantile(0.1)[0, 2])


def test_many_series_equal_one_at_a_time():
    rng = np.random.default_rng(3)
    table = np.clip(80 + np.cumsum(rng.normal(0, 2, (40, 9)), axis=1), 0, 100)
    table[::5, 3] = np.nan
    both = predict(table, 4).quantile(0.8)
    alone = np.concatenate([predict(row, 4).quantile(0.8) for row in table])
    assert both == pytest.approx(alone, abs=1e-6)


def test_quantile_and_cdf_are_inverse():
    fit = predict(SERIES, 5)
    for p in (0.001, 0.025, 0.3, 0.5, 0.9, 0.995):
        value = fit.quantile(p)
        inside = (value > 0) & (value < 100)
        assert fit.cdf(value)[inside] == pytest.approx(p, abs=1e-6)


def test_sample_paths_have_the_marginals_and_move_together():
    fit = predict(SERIES, 4)
    paths = fit.sample(40_000, seed=5)[0]
    for p in (0.1, 0.5, 0.9):
        assert (paths <= fit.quantile(p)).mean(axis=0) == pytest.approx(p, abs=0.01)
    assert np.corrcoef(paths[:, 1], paths[:, 2])[0, 1] > 0.5
    assert np.array_equal(paths, fit.sample(40_000, seed=5)[0])


def test_mean_lies_between_the_tails():
    fit = predict(SERIES, 3)
    assert np.all((fit.mean() > fit.quantile(0.1)) & (fit.mean() < fit.quantile(0.9)))


@pytest.mark.parametrize("value", [0.0, 0.4, 63.0, 99.9, 100.0])
def test_one_point_and_constants_give_a_finite_honest_spread(value):
    for n in (1, 2, 6):
        fit = predict(np.full(n, value), 5)
        low, high = fit.quantile(0.025), fit.quantile(0.975)
        assert np.isfinite([low, high]).all()
        assert np.all(high - low > 0.02)
        assert low.min() >= 0.0
        assert high.max() <= 100.0


def test_zero_counts_keep_a_chance_of_zero_and_of_more():
    fit = predict(np.zeros(5), 3, family="rate")
    assert np.all(fit.cdf(0.0) > 0.2)
    assert np.all(fit.quantile(0.999) > 0.0)


def test_bound_is_reached_with_positive_probability():
    fit = predict([99.0, 100.0, 100.0, 99.8, 100.0], 3)
    assert np.all(1.0 - fit.cdf(100.0, strict=True) > 0.05)
    assert np.all(fit.cdf(100.0) == 1.0)
    assert np.all(fit.cdf(-0.1) == 0.0)


def test_prior_weight_falls_with_points():
    weights = [float(predict(SERIES[:n], 1).prior_weight[0]) for n in (1, 2, 4, 8)]
    assert weights[0] == pytest.approx(1.0)
    assert weights == sorted(weights, reverse=True)


def test_known_small_samples_widen_the_published_rate():
    few = predict(SERIES, 3, denominators=np.full(8, 300.0), future_denominators=np.full(3, 100.0))
    many = predict(SERIES, 3, denominators=np.full(8, 3e5), future_denominators=np.full(3, 3e5))
    spread = [fit.quantile(0.9) - fit.quantile(0.1) for fit in (few, many)]
    assert np.all(spread[0] > spread[1])
    plain = predict(SERIES, 3)
    assert many.quantile(0.9) == pytest.approx(plain.quantile(0.9), abs=0.05)


def test_unknown_denominators_add_nothing():
    nothing = predict(SERIES, 3, denominators=np.full(8, np.nan))
    assert nothing.quantile(0.1) == pytest.approx(predict(SERIES, 3).quantile(0.1))


@pytest.mark.parametrize(
    ("values", "horizon", "options", "message"),
    [
        ([], 5, {}, "no series to forecast"),
        ([np.nan, np.nan], 5, {}, "a series has no observed value"),
        ([50.0, 101.0], 5, {}, "series 0, year position 1: a value lies outside its bounds"),
        ([50.0, -1.0], 5, {"family": "rate"}, "a value lies outside its bounds"),
        ([50.0, np.inf], 5, {}, "a value is infinite"),
        (["many"], 5, {}, "the series is not numeric"),
        ([50.0], 0, {}, "the horizon is out of range; got 0"),
        ([50.0], 500, {}, "the horizon is out of range; got 500"),
        ([50.0], 2.5, {}, "the horizon is out of range"),
        ([50.0], "five", {}, "the horizon is out of range"),
        (np.full(201, 50.0), 5, {}, "the series is too long"),
        ([50.0], 5, {"lower": 3.0, "upper": 3.0}, "the bounds are empty"),
        ([50.0], 5, {"denominators": [0.0]}, "a denominator is not positive"),
        ([50.0], 5, {"denominators": [9.0, 9.0]}, "the denominators do not fit the series"),
        ([50.0], 5, {"denominators": [9.0], "family": "rate"}, "belong to percentages"),
    ],
)
def test_bad_input_is_refused_with_what_and_where(values, horizon, options, message):
    with pytest.raises(ForecastError, match=message):
        predict(values, horizon, **options)


def test_quantile_needs_a_probability():
    with pytest.raises(ForecastError, match="0 < p < 1"):
        predict(SERIES, 1).quantile(1.0)


def test_huge_values_are_answered():
    fit = predict([1e12, 1.1e12, 1.15e12], 5, family="positive")
    assert np.isfinite(fit.quantile(0.975)).all()
    assert fit.median()[0, 0] == pytest.approx(1.2e12, rel=0.1)


@pytest.mark.parametrize(
    ("points", "weight", "family", "expected"),
    [
        (1, 1.0, "percent", "weak"),
        (2, 0.7, "rate", "weak"),
        (3, 0.6, "percent", "leans on prior"),
        (6, 0.4, "percent", "calibrated"),
        (6, 0.7, "score", "leans on prior"),
        (20, 0.1, "count", "leans on prior"),
        (12, 0.2, "positive", "calibrated"),
    ],
)
def test_evidence_class(points, weight, family, expected):
    assert evidence_class(points, weight, family) == expected


def test_evidence_class_refuses_an_unknown_family():
    with pytest.raises(ForecastError):
        evidence_class(5, 0.5, "weather")


def test_weights_move_from_short_to_long_series():
    prior = load_prior("positive")
    few, many = (log_weights(prior, n, np.zeros((1, 0))) for n in (3, 30))
    assert not np.allclose(few, many)
    assert set(LEARNED_AS) == {"count", "index"}


def test_traits_of_a_series_shift_the_weights_of_percentages():
    prior = load_prior("percent")
    calm = trend_components.transform(np.array([[0.5, 0.501, 0.5, 0.502]]), prior.power, True)
    near = trend_components.transform(np.array([[0.99, 0.999, 0.99, 0.998]]), prior.power, True)
    rows = [log_weights(prior, 4, trend_components.traits(x))[0] for x in (calm, near)]
    assert all(np.exp(row).sum() == pytest.approx(1.0, abs=1e-6) for row in rows)
    assert np.abs(rows[0] - rows[1]).max() > 0.1


def test_traits_are_the_same_upside_down_and_after_a_change_of_unit():
    share = np.array([[0.3, 0.34, 0.33, 0.4, 0.47]])
    up = trend_components.traits(trend_components.transform(share, 0.35, True))
    down = trend_components.traits(trend_components.transform(1.0 - share, 0.35, True))
    np.testing.assert_allclose(up, down, rtol=1e-12)


def test_a_series_without_movement_has_finite_traits():
    assert np.isfinite(trend_components.traits(np.array([[1.0, 1.0, 1.0]]))).all()
    assert np.isfinite(trend_components.traits(np.array([[1.0]]))).all()


def test_a_bound_that_was_read_is_read_again_within_half_a_digit():
    fit = predict([100.0] * 6, 5)
    stays = 1.0 - fit.cdf(100.0, strict=True)[0]
    # 91 rows of five such values on the panel of percentages: what stayed at the bound.
    assert stays == pytest.approx([0.90, 0.80, 0.71, 0.63, 0.54], abs=0.12)
    assert fit.quantile(0.2)[0, 0] == 100.0
    assert fit.cdf(99.96)[0] == pytest.approx(fit.cdf(100.0, strict=True)[0])
    finer = predict([99.97, 100.0, 100.0, 100.0], 5)
    assert (finer.cdf(99.96) < finer.cdf(99.99)).all()


def test_prior_files_are_small_text(root):
    for path in sorted((root / "wqa" / "priors").glob("*.json")):
        assert path.stat().st_size < 20_000
        assert json.loads(path.read_text(encoding="utf-8"))["family"] == path.stem
