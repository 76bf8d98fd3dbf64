"""Members: closed-form values, minimum points, recorded fallbacks, quiet third parties."""

from types import SimpleNamespace

import numpy as np
import pytest

from wqa.forecasts import members
from wqa.forecasts.forecasting import answers, forecast
from wqa.forecasts.members import MEMBERS
from wqa.forecasts.numbers import annual_series, quantity_of, scale_of, to_working
from wqa.forecasts.pooled import Ask, prior_of

VALUES = [60.0, 62.0, 66.0, 65.0, 68.0, 71.0, 70.0, 74.0]
SCORE = quantity_of("percent")
FITTED = ("theta", "ets_damped", "local_linear_trend")


def asked(model, values=VALUES, horizon=3, kind=SCORE):
    _, made = next(answers([annual_series(values, None, kind)], Ask(kind, horizon, model)))
    return made


def working(values):
    return scale_of(np.array([values]), SCORE, prior_of(SCORE).power)[1][0]


def test_naive_stays_and_widens_with_the_root_of_the_horizon():
    fit = asked("naive").distribution
    assert fit.loc[0, 0] == pytest.approx([working(VALUES)[-1]] * 3)
    assert fit.scale[0, 0] / fit.scale[0, 0, 0] == pytest.approx(np.sqrt([1, 2, 3]))
    assert fit.quantile(0.5)[0] == pytest.approx([74.0] * 3)


def test_naive_scale_is_the_shrunk_root_mean_square_change():
    made = asked("naive", [70.0, 74.0], 1)
    change = float(np.diff(working([70.0, 74.0]))[0])
    # One squared change and three prior points of .06 squared, four degrees of freedom.
    assert made.distribution.scale[0, 0, 0] == pytest.approx(np.sqrt((change**2 + 3 * 0.0036) / 4))
    assert made.distribution.df[0, 0] == 4
    assert made.prior_weight[0] == pytest.approx(0.75)


def test_drift_is_a_straight_line_on_the_working_scale():
    z = working(VALUES)
    step = (z[-1] - z[0]) / 7
    assert asked("drift").distribution.loc[0, 0] == pytest.approx(z[-1] + step * np.arange(1, 4))


def test_missing_years_count_as_one_longer_step():
    share = np.array([0.5, 0.6, 0.7])
    z = to_working(share, prior_of(SCORE).power, True)
    fit = asked("drift", [50.0, np.nan, np.nan, 60.0, 70.0], 1).distribution
    assert fit.loc[0, 0, 0] == pytest.approx(z[-1] + (z[-1] - z[0]) / 4)
    steps, gaps = np.diff(z), np.array([3.0, 1.0])
    squares = np.sum((steps - gaps * (z[-1] - z[0]) / 4) ** 2 / gaps)
    assert fit.scale[0, 0, 0] == pytest.approx(np.sqrt((squares + 3 * 0.0036) / 4 * (1 + 1 / 4)))


@pytest.mark.parametrize("name", [name for name in MEMBERS if name != "naive"])
def test_too_few_points_fall_back_on_the_default_and_say_so(name):
    few = VALUES[: MEMBERS[name][0] - 1]
    made, default = asked(name, few), asked("pooled", few)
    assert made.fallback == f"pooled: {len(few)} points, {name} needs {MEMBERS[name][0]}"
    assert made.distribution.quantile(0.9) == pytest.approx(default.distribution.quantile(0.9))


@pytest.mark.parametrize("name", MEMBERS)
def test_members_say_how_far_their_intervals_are_from_what_they_promise(name):
    made = asked(name)
    assert made.fallback == ""
    assert (made.distribution.scale > 0).all()
    _, few, more = MEMBERS[name]
    said = f"80 % intervals of {name} held {few} % of outcomes at 6 points, {more} % at 10"
    assert made.notes[0] == said
    assert forecast(VALUES, model=name).evidence_class == "weak"


@pytest.mark.parametrize("name", FITTED)
def test_gaps_are_refused_by_members_without_missing_values(name):
    said = asked(name, [*VALUES[:3], np.nan, *VALUES[4:]]).fallback
    refused = f"pooled: 1 missing years, {name} needs consecutive years"
    assert said == ("" if name == "local_linear_trend" else refused)


@pytest.mark.parametrize("name", MEMBERS)
def test_constant_series_have_a_finite_answer(name):
    made = asked(name, [70.0] * 8)
    assert made.distribution.quantile(0.5)[0] == pytest.approx([70.0] * 3, abs=0.05)
    assert (made.distribution.scale > 0).all()
    if name in FITTED:
        assert made.fallback == "pooled: the series is constant"


def test_non_convergence_is_recorded(monkeypatch):
    for record, good in (({"converged": False}, False), ({}, True), (None, True)):
        assert members._converged(SimpleNamespace(mle_retvals=record)) is good
    monkeypatch.setattr(members, "_converged", lambda result: False)
    made, default = asked("local_linear_trend"), asked("pooled").distribution
    assert made.fallback == "pooled: the optimiser did not converge"
    assert made.distribution.quantile(0.5) == pytest.approx(default.quantile(0.5))


def test_a_raising_third_party_is_recorded(monkeypatch):
    import statsmodels.tsa.forecasting.theta as theta

    def failing(self, *args, **kwargs):
        raise np.linalg.LinAlgError("singular")

    monkeypatch.setattr(theta.ThetaModel, "fit", failing)
    assert asked("theta").fallback == "pooled: LinAlgError: singular"


def test_warnings_become_notes_not_noise():
    # pytest turns warnings into errors, so a warning that got out would fail this test.
    wild = [1.0, 1e-6, 5.0, 1e3, 2.0, 1e-5, 7.0]
    for name in MEMBERS:
        made = asked(name, wild, 5, quantity_of("positive"))
        assert np.isfinite(made.distribution.quantile(0.5)).all()
