"""Members: closed-form values, minimum points, recorded fallbacks, quiet third parties."""

import warnings

import numpy as np
import pytest

from wqa.errors import ForecastError
from wqa.forecasts.models import MEMBERS, MIN_POINTS, fit_glm, fit_member, yearly_steps

Z = np.array([0.0, 0.1, 0.3, 0.25, 0.4, 0.55, 0.5, 0.7])


def test_naive_stays_and_widens_with_the_root_of_the_horizon():
    fit = fit_member("naive", Z, 4, 0.1)
    assert fit.mean == pytest.approx([0.7] * 4)
    assert fit.scale / fit.scale[0] == pytest.approx(np.sqrt([1, 2, 3, 4]))


def test_naive_scale_is_the_shrunk_root_mean_square_change():
    fit = fit_member("naive", np.array([0.0, 0.2]), 1, 0.1)
    # One squared change of .04 and three prior points of .01 each, four degrees of freedom.
    assert fit.scale[0] == pytest.approx(np.sqrt((0.04 + 3 * 0.01) / 4))
    assert fit.df == 4
    assert fit.prior_weight == pytest.approx(0.75)


def test_drift_adds_the_mean_change():
    fit = fit_member("drift", Z, 3, 0.1)
    assert fit.mean == pytest.approx(0.7 + 0.1 * np.array([1, 2, 3]))


def test_damped_drift_adds_a_shrinking_change():
    fit = fit_member("damped_drift", Z, 2, 0.1)
    assert fit.mean == pytest.approx([0.7 + 0.085, 0.7 + 0.085 + 0.07225])


def test_missing_years_count_as_one_longer_step():
    z = np.array([0.0, np.nan, np.nan, 0.6, 0.8])
    steps, gaps = yearly_steps(z)
    assert steps == pytest.approx([0.6, 0.2])
    assert gaps.tolist() == [3.0, 1.0]
    # All changes are .2 a year, so only the prior is left in the spread.
    fit = fit_member("drift", z, 1, 0.1)
    assert fit.mean[0] == pytest.approx(1.0)
    assert fit.scale[0] == pytest.approx(np.sqrt(3 * 0.01 / 4) * np.sqrt(1 + 1 / 4))


def test_median_is_the_middle_of_its_three_members():
    parts = [fit_member(m, Z, 3, 0.1).mean for m in ("naive", "damped_drift", "theta")]
    assert fit_member("median", Z, 3, 0.1).mean == pytest.approx(np.median(parts, axis=0))


@pytest.mark.parametrize("name", [name for name in MEMBERS if name != "naive"])
def test_too_few_points_fall_back_and_say_so(name):
    few = np.arange(MIN_POINTS[name] - 1, dtype=float)
    fit = fit_member(name, few, 2, 0.1)
    assert fit.model == name
    assert f"{few.size} points, {name} needs {MIN_POINTS[name]}" in fit.fallback
    assert np.isfinite(fit.scale).all()


@pytest.mark.parametrize("name", MEMBERS)
def test_enough_points_need_no_fallback(name):
    fit = fit_member(name, Z, 3, 0.1)
    assert fit.fallback == ""
    assert np.isfinite(fit.mean).all()
    assert (fit.scale > 0).all()


@pytest.mark.parametrize("name", ["theta", "ets_damped"])
def test_gaps_are_refused_by_members_without_missing_values(name):
    z = Z.copy()
    z[3] = np.nan
    fit = fit_member(name, z, 2, 0.1)
    assert fit.fallback == f"damped_drift: 1 missing years, {name} needs consecutive years"


def test_local_linear_trend_takes_gaps():
    z = Z.copy()
    z[3] = np.nan
    assert fit_member("local_linear_trend", z, 2, 0.1).fallback == ""


@pytest.mark.parametrize("name", MEMBERS)
def test_constant_series_have_a_finite_answer(name):
    fit = fit_member(name, np.full(8, 1.5), 3, 0.1)
    assert fit.mean == pytest.approx([1.5] * 3)
    assert (fit.scale > 0).all()
    if name in ("theta", "ets_damped", "local_linear_trend"):
        assert fit.fallback == "damped_drift: the series is constant"


def test_non_convergence_is_recorded(monkeypatch):
    import statsmodels.tsa.statespace.structural as structural

    real = structural.UnobservedComponents.fit

    def failing(self, *args, **kwargs):
        result = real(self, *args, **kwargs)
        result.mle_retvals["converged"] = False
        warnings.warn("Maximum Likelihood optimization failed to converge.", stacklevel=1)
        return result

    monkeypatch.setattr(structural.UnobservedComponents, "fit", failing)
    fit = fit_member("local_linear_trend", Z, 2, 0.1)
    assert fit.fallback == "damped_drift: the optimiser did not converge"
    assert any("failed to converge" in note for note in fit.notes)
    assert fit.mean == pytest.approx(fit_member("damped_drift", Z, 2, 0.1).mean)


def test_a_raising_third_party_is_recorded(monkeypatch):
    import statsmodels.tsa.forecasting.theta as theta

    def failing(self, *args, **kwargs):
        raise np.linalg.LinAlgError("singular")

    monkeypatch.setattr(theta.ThetaModel, "fit", failing)
    assert fit_member("theta", Z, 2, 0.1).fallback == "damped_drift: LinAlgError: singular"


def test_warnings_become_notes_not_noise():
    # pytest turns warnings into errors, so a warning that got out would fail this test.
    z = np.log(np.array([1.0, 1e-6, 5.0, 1e3, 2.0, 1e-5, 7.0]))
    for name in MEMBERS:
        assert np.isfinite(fit_member(name, z, 5, 0.1).mean).all()


def test_unknown_member():
    with pytest.raises(ForecastError, match="unknown model; got 'arima'"):
        fit_member("arima", Z, 2, 0.1)


def test_poisson_line_recovers_a_steady_fall():
    exposure = np.full(10, 1000.0)
    events = np.round(200 * 0.9 ** np.arange(10.0))
    fit, phi = fit_glm(events, exposure, 2, binomial=False)
    assert phi == 1.0
    assert np.exp(fit.mean) * 1000 == pytest.approx([200 * 0.9**10, 200 * 0.9**11], rel=0.02)
    assert fit.df == 8


def test_binomial_line_recovers_a_steady_rise():
    n = np.full(8, 5000.0)
    share = 1 / (1 + np.exp(-(3.0 + 0.1 * np.arange(8))))
    fit, _ = fit_glm(np.round(n * share), n, 1, binomial=True)
    assert fit.mean[0] == pytest.approx(3.8, abs=0.02)


@pytest.mark.parametrize(
    ("years", "events"), [(7, 100.0), (9, 1.0)], ids=["too few years", "too few events"]
)
def test_no_line_through_too_little(years, events):
    with pytest.raises(ForecastError, match="no trend can be estimated"):
        fit_glm(np.full(years, events), np.full(years, 50.0), 1, binomial=False)


def test_overdispersion_widens_the_line():
    exposure = np.full(8, 100.0)
    calm = np.array([50.0, 49, 51, 50, 50, 51, 49, 50])
    wild = np.array([20.0, 80, 20, 80, 20, 80, 20, 80])
    assert fit_glm(wild, exposure, 1, binomial=False)[1] > 5
    narrow = fit_glm(calm, exposure, 1, binomial=False)[0].scale
    assert fit_glm(wild, exposure, 1, binomial=False)[0].scale[0] > 2 * narrow[0]
