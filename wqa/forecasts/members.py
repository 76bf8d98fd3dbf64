"""Trend models that researchers expect beside the default; the only module that uses statsmodels.

They work on the working scale of the family and answer with a distribution of one component.
Their intervals hold less than they promise; the notes say how much, as measured.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from wqa.forecasts.mixture import Predictive, scale_of
from wqa.forecasts.numbers import AnnualSeries, Array, refusal
from wqa.forecasts.pooled import Answer, Ask, prior_of

# Naive and drift: the variance of yearly changes starts from a prior worth so many points.
PRIOR_POINTS = 3.0
TYPICAL_CHANGE = {True: 0.06, False: 0.12}  # on the working scale, with and without upper bound
NORMAL = 1e6  # degrees of freedom of what calls itself normal
# A spread outside this multiple of the yearly change is a failed fit, not a forecast.
MAX_SPREAD = 100.0
# Model: least number of points, and share of outcomes that its 80 % intervals held with 6 and
# 10 points, five years ahead, on the percentages of docs/evidence.md.
MEMBERS = {
    "naive": (1, 78, 77), "drift": (3, 77, 77), "theta": (5, 57, 66),
    "ets_damped": (6, 31, 42), "local_linear_trend": (6, 68, 67),
}  # fmt: skip
GAPLESS = ("theta", "ets_damped")  # statsmodels has no missing values in these two


def member_answer(series: AnnualSeries, ask: Ask) -> Answer:
    """Fit a member, or refuse with the reason."""
    name, n = ask.model, series.n_points
    least, few, more = MEMBERS[name]
    if n < least:
        raise refusal(f"{n} points, {name} needs {least}")
    if name in GAPLESS and n < series.years.size:
        raise refusal(f"{series.years.size - n} missing years, {name} needs consecutive years")
    scale, working, _ = scale_of(series.readings[None], ask.kind, prior_of(ask.kind).power)
    made = _fitted if name in FITS else _walk
    mean, cov, df, caught = made(working[0], ask)
    weight = 0.0 if df == NORMAL else PRIOR_POINTS / df
    sd, one, root = np.sqrt(np.diag(cov)), np.ones((1, 1)), np.linalg.cholesky(cov)
    zero = np.zeros((1, 1), dtype=np.intp)
    fit = Predictive(
        one, df * one, mean[None, None], sd[None, None], root[None, None], zero[0], zero, scale,
        weight * one[0], np.array([n]),
    )  # fmt: skip
    note = f"80 % intervals of {name} held {few} % of outcomes at 6 points, {more} % at 10"
    return Answer(fit, fit.prior_weight, "", (note, *caught))


def _steps(z: Array) -> tuple[Array, Array]:
    """Give the changes between observations, and the years they span."""
    at = np.flatnonzero(np.isfinite(z))
    return np.diff(z[at]), np.diff(at).astype(float)


def _walk(z: Array, ask: Ask) -> tuple[Array, Array, float, tuple[str, ...]]:
    """Random walk; with drift, its mean yearly change is a straight line ahead."""
    # A step over g years has mean g*b and variance g*s^2, so nothing is interpolated.
    (steps, gaps), drifts = _steps(z), ask.model == "drift"
    slope = float(steps.sum() / gaps.sum()) if drifts else 0.0
    df = steps.size - drifts + PRIOR_POINTS
    squares = float(np.sum((steps - gaps * slope) ** 2 / gaps))
    variance = (squares + PRIOR_POINTS * TYPICAL_CHANGE[ask.kind.bounded] ** 2) / df
    ahead = np.arange(1.0, ask.horizon + 1.0)
    cov = np.minimum.outer(ahead, ahead)
    if drifts:
        cov = cov + np.outer(ahead, ahead) / gaps.sum()  # the error of the slope
    return z[-1] + slope * ahead, variance * cov, df, ()


def _fitted(z: Array, ask: Ask) -> tuple[Array, Array, float, tuple[str, ...]]:
    """Centre and covariance of a fit of statsmodels, with the warnings it gave."""
    import pandas as pd

    if np.nanmax(z) == np.nanmin(z):
        raise refusal("the series is constant")
    # ETSModel needs a pandas index to give intervals; consecutive integers need no dates.
    data = pd.Series(z, pd.RangeIndex(z.size))
    with warnings.catch_warnings(record=True) as caught, np.errstate(all="ignore"):
        warnings.simplefilter("always")
        try:
            mean, variance, converged = FITS[ask.model](data, ask.horizon)
        except (ValueError, RuntimeError, ArithmeticError, IndexError) as error:
            # LinAlgError is a ValueError; what statsmodels raises on degenerate series.
            raise refusal(f"{type(error).__name__}: {error}") from error
    mean, variance = np.asarray(mean, dtype=float), np.asarray(variance, dtype=float)
    steps, gaps = _steps(z)
    unit = float(np.sqrt(np.mean(steps**2 / gaps)))
    if not converged:
        raise refusal("the optimiser did not converge")
    if not (np.isfinite(mean).all() and np.isfinite(variance).all() and (variance >= 0).all()):
        raise refusal("the fit gave values that are not finite")
    if np.abs(mean - z[-1]).max() > MAX_SPREAD * unit * np.sqrt(ask.horizon):
        raise refusal("the fit runs away from the data")
    # A fitted variance of zero would claim certainty; a hundredth of the yearly change is a floor.
    sd = np.sqrt(np.maximum(variance, (0.01 * unit) ** 2))
    ahead = np.arange(1.0, ask.horizon + 1.0)
    walk = np.sqrt(np.minimum.outer(ahead, ahead) / np.maximum.outer(ahead, ahead))
    notes = dict.fromkeys(f"{w.category.__name__}: {str(w.message).strip()}" for w in caught)
    return mean, walk * np.outer(sd, sd), NORMAL, tuple(notes)


def _theta(z: Any, horizon: int) -> tuple[Any, Any, bool]:
    from statsmodels.tsa.forecasting.theta import ThetaModel

    result = ThetaModel(z, period=1, deseasonalize=False).fit()
    bands = np.asarray(result.prediction_intervals(horizon, alpha=0.3173105078629141))
    return result.forecast(horizon), (0.5 * (bands[:, 1] - bands[:, 0])) ** 2, True


def _ets_damped(z: Any, horizon: int) -> tuple[Any, Any, bool]:
    from statsmodels.tsa.exponential_smoothing.ets import ETSModel

    # The heuristic start refuses fewer than 10 points, so the states are estimated.
    start = "estimated"
    model = ETSModel(z, error="add", trend="add", damped_trend=True, initialization_method=start)
    result = model.fit(disp=False)
    ahead = result.get_prediction(start=z.size, end=z.size + horizon - 1)
    return ahead.predicted_mean, ahead.forecast_variance, _converged(result)


def _local_linear_trend(z: Any, horizon: int) -> tuple[Any, Any, bool]:
    from statsmodels.tsa.statespace.structural import UnobservedComponents

    result = UnobservedComponents(z, "local linear trend").fit(disp=False)
    ahead = result.get_forecast(horizon)
    return ahead.predicted_mean, ahead.var_pred_mean, _converged(result)


def _converged(result: Any) -> bool:
    record = result.mle_retvals
    return bool(record.get("converged", True)) if hasattr(record, "get") else True


# What statsmodels fits: centre, variance, and whether the optimiser converged.
FITS: dict[str, Callable[[Any, int], tuple[Any, Any, bool]]] = {
    "theta": _theta, "ets_damped": _ets_damped, "local_linear_trend": _local_linear_trend,
}  # fmt: skip
