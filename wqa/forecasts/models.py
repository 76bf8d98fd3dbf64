"""Forecasting members behind one small protocol; the only module that uses statsmodels.

A member takes a series on the model scale (one value per year, NaN where a year
is missing) and a horizon, and gives centre, spread and degrees of freedom per
step. Too few points, a missing year that a member cannot take, a refusal or a
failure to converge lead to a simpler member, and the reason is recorded in
``Fit.fallback``. Warnings of third parties are caught and kept in ``Fit.notes``.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from wqa.errors import ForecastError
from wqa.forecasts.distributions import random_walk_correlation
from wqa.transforms import FloatArray

# Fixed damping: one estimated parameter less, and the most accurate choice on short series.
DAMPING = 0.85
# The variance of yearly changes starts from a scaled inverse chi-square prior: so many points
# of weight, and a standard deviation per family on the model scale. Measured on public annual
# series; with both, 80 % intervals of the damped drift cover 75-85 % from two points upward
# (docs/decisions/020-simple-models.md).
PRIOR_POINTS = 3.0
TYPICAL_CHANGE = {
    "percent": 0.17, "score": 0.21, "rate": 0.15, "count": 0.15, "positive": 0.10, "index": 0.10,
}  # fmt: skip
MIN_POINTS = {
    "naive": 1,
    "drift": 3,
    "damped_drift": 3,
    "median": 3,
    "theta": 5,
    "ets_damped": 6,
    "local_linear_trend": 6,
}
MEMBERS = tuple(MIN_POINTS)
# statsmodels has no missing values in these two.
GAPLESS = ("theta", "ets_damped")
# Below this a trend of counts is not estimable.
GLM_MIN_YEARS, GLM_MIN_EVENTS = 8, 20
# A spread outside this multiple of the yearly change is a failed fit, not a forecast.
MAX_SPREAD = 100.0


@dataclass(frozen=True)
class Fit:
    """What a member predicts, on the model scale.

    Parameters
    ----------
    model : str
        Name of the member that was asked for.
    mean, scale : numpy.ndarray
        Centre and spread per horizon, shape (H,).
    df : float
        Degrees of freedom of the Student t; infinity for a normal.
    corr : numpy.ndarray
        Correlation between horizons, shape (H, H).
    prior_weight : float
        Share of the spread that comes from the prior, 0 to 1.
    fallback : str
        Empty, or "<member used>: <reason>".
    notes : tuple of str
        Warnings of third parties, as recorded.
    """

    model: str
    mean: FloatArray
    scale: FloatArray
    df: float
    corr: FloatArray
    prior_weight: float
    fallback: str = ""
    notes: tuple[str, ...] = ()


class _Refusal(Exception):
    """A member cannot answer; carries the reason."""


def fit_member(name: str, z: FloatArray, horizon: int, typical_change: float) -> Fit:
    """Fit one member and predict `horizon` years ahead.

    Parameters
    ----------
    name : str
        One of ``MEMBERS``.
    z : numpy.ndarray
        Series on the model scale, one entry per year, NaN for a missing year; the
        first and the last entry are observed.
    horizon : int
        Years ahead, counted from the last entry.
    typical_change : float
        Prior standard deviation of a yearly change on the model scale.

    Returns
    -------
    Fit
        Centre, spread and degrees of freedom, with the fallback if one was used.

    Raises
    ------
    ForecastError
        If the member is unknown.

    Examples
    --------
    >>> fit_member("naive", np.array([0.0, 0.1, 0.2]), 2, 0.1).mean
    array([0.2, 0.2])
    """
    if name not in MIN_POINTS:
        raise ForecastError("unknown model", where="model", got=name, expected=" or ".join(MEMBERS))
    n = int(np.isfinite(z).sum())
    try:
        if n < MIN_POINTS[name]:
            raise _Refusal(f"{n} points, {name} needs {MIN_POINTS[name]}")
        if name in GAPLESS and n < z.size:
            raise _Refusal(f"{z.size - n} missing years, {name} needs consecutive years")
        return _FITS[name](z, horizon, typical_change)
    except _Refusal as refusal:
        simpler = "naive" if n < MIN_POINTS["damped_drift"] else "damped_drift"
        fit = _FITS[simpler](z, horizon, typical_change)
        notes = refusal.args[1] if len(refusal.args) > 1 else ()
        return replace(fit, model=name, fallback=f"{simpler}: {refusal.args[0]}", notes=notes)


def yearly_steps(z: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Give the changes between consecutive observations and the years they span.

    Parameters
    ----------
    z : numpy.ndarray
        One entry per year, NaN for a missing year.

    Returns
    -------
    tuple of numpy.ndarray
        Changes, and their lengths in years (1 where no year is missing).
    """
    at = np.flatnonzero(np.isfinite(z))
    return np.diff(z[at]), np.diff(at).astype(float)


def _shrunk_scale(squares: float, free: float, typical_change: float) -> tuple[float, float, float]:
    # Conjugate scaled-inverse-chi-square update; PRIOR_POINTS is the prior's degrees of freedom.
    df = free + PRIOR_POINTS
    variance = (squares + PRIOR_POINTS * typical_change**2) / df
    return float(np.sqrt(variance)), df, PRIOR_POINTS / df


def _fit_naive(z: FloatArray, horizon: int, typical_change: float) -> Fit:
    steps, gaps = yearly_steps(z)
    scale, df, weight = _shrunk_scale(float(np.sum(steps**2 / gaps)), steps.size, typical_change)
    ahead = np.arange(1, horizon + 1, dtype=float)
    return Fit(
        "naive",
        np.full(horizon, z[-1]),
        scale * np.sqrt(ahead),
        df,
        random_walk_correlation(horizon),
        weight,
    )


def _fit_drift(
    z: FloatArray, horizon: int, typical_change: float, damping: float = 1.0, name: str = "drift"
) -> Fit:
    # Random walk with drift; a step over g years has mean g*b and variance g*s^2, so missing
    # years need no interpolation. The second term of the variance is the error of b.
    steps, gaps = yearly_steps(z)
    span = float(gaps.sum())
    slope = float(steps.sum()) / span
    squares = float(np.sum((steps - gaps * slope) ** 2 / gaps))
    scale, df, weight = _shrunk_scale(squares, steps.size - 1.0, typical_change)
    ahead = np.arange(1, horizon + 1, dtype=float)
    reach = np.cumsum(damping**ahead) if damping < 1.0 else ahead
    cov = np.minimum.outer(ahead, ahead) + np.outer(reach, reach) / span
    spread = np.sqrt(np.diag(cov))
    return Fit(
        name, z[-1] + slope * reach, scale * spread, df, cov / np.outer(spread, spread), weight
    )


def _fit_damped_drift(z: FloatArray, horizon: int, typical_change: float) -> Fit:
    return _fit_drift(z, horizon, typical_change, DAMPING, "damped_drift")


def _fit_median(z: FloatArray, horizon: int, typical_change: float) -> Fit:
    parts = [
        fit_member(name, z, horizon, typical_change) for name in ("naive", "damped_drift", "theta")
    ]
    used = "; ".join(f"theta -> {p.fallback}" for p in parts if p.fallback)
    return Fit(
        "median",
        np.median([p.mean for p in parts], axis=0),
        np.median([p.scale for p in parts], axis=0),
        min(p.df for p in parts),
        parts[1].corr,
        max(p.prior_weight for p in parts),
        used,
        tuple(note for p in parts for note in p.notes),
    )


def _quietly(action: Callable[[], Any]) -> tuple[Any, tuple[str, ...]]:
    """Run a third-party fit; give its result and its warnings as text, or refuse."""
    with warnings.catch_warnings(record=True) as caught, np.errstate(all="ignore"):
        warnings.simplefilter("always")
        try:
            result = action()
        except (ValueError, RuntimeError, ArithmeticError, IndexError) as error:
            # LinAlgError is a ValueError; what statsmodels raises on degenerate series.
            raise _Refusal(f"{type(error).__name__}: {error}") from error
    seen = dict.fromkeys(f"{w.category.__name__}: {str(w.message).strip()}" for w in caught)
    return result, tuple(seen)


def _series(z: FloatArray) -> Any:
    import pandas as pd

    # ETSModel needs a pandas index to give intervals; consecutive integers need no dates.
    return pd.Series(z, index=pd.RangeIndex(z.size))


def _checked(
    name: str, mean: Any, variance: Any, z: FloatArray, converged: bool, notes: tuple[str, ...]
) -> Fit:
    centre, var = np.asarray(mean, dtype=float), np.asarray(variance, dtype=float)
    if not converged:
        raise _Refusal("the optimiser did not converge", notes)
    if not (np.isfinite(centre).all() and np.isfinite(var).all() and (var >= 0).all()):
        raise _Refusal("the fit gave values that are not finite", notes)
    steps, gaps = yearly_steps(z)
    unit = float(np.sqrt(np.mean(steps**2 / gaps)))
    if unit == 0.0:
        raise _Refusal("the series is constant", notes)
    if np.abs(centre - z[-1]).max() > MAX_SPREAD * unit * np.sqrt(centre.size):
        raise _Refusal("the fit runs away from the data", notes)
    # A fitted variance of zero would claim certainty; a hundredth of the yearly change is a floor.
    scale = np.sqrt(np.maximum(var, (0.01 * unit) ** 2))
    return Fit(name, centre, scale, np.inf, random_walk_correlation(centre.size), 0.0, notes=notes)


def _fit_theta(z: FloatArray, horizon: int, typical_change: float) -> Fit:
    from statsmodels.tsa.forecasting.theta import ThetaModel

    def action() -> tuple[Any, Any]:
        result = ThetaModel(_series(z), period=1, deseasonalize=False).fit()
        bands = np.asarray(result.prediction_intervals(horizon, alpha=0.3173105078629141))
        return result.forecast(horizon), (0.5 * (bands[:, 1] - bands[:, 0])) ** 2

    if np.ptp(z) == 0.0:
        raise _Refusal("the series is constant")
    (mean, variance), notes = _quietly(action)
    return _checked("theta", mean, variance, z, True, notes)


def _fit_ets(z: FloatArray, horizon: int, typical_change: float) -> Fit:
    from statsmodels.tsa.exponential_smoothing.ets import ETSModel

    def action() -> tuple[Any, Any, bool]:
        # The heuristic start refuses fewer than 10 points, so the states are estimated.
        model = ETSModel(
            _series(z),
            error="add",
            trend="add",
            damped_trend=True,
            initialization_method="estimated",
        )
        result = model.fit(disp=False)
        ahead = result.get_prediction(start=z.size, end=z.size + horizon - 1)
        return ahead.predicted_mean, ahead.forecast_variance, _converged(result.mle_retvals)

    if np.ptp(z) == 0.0:
        raise _Refusal("the series is constant")
    (mean, variance, converged), notes = _quietly(action)
    return _checked("ets_damped", mean, variance, z, converged, notes)


def _fit_local_linear_trend(z: FloatArray, horizon: int, typical_change: float) -> Fit:
    from statsmodels.tsa.statespace.structural import UnobservedComponents

    def action() -> tuple[Any, Any, bool]:
        result = UnobservedComponents(_series(z), "local linear trend").fit(disp=False)
        ahead = result.get_forecast(horizon)
        return ahead.predicted_mean, ahead.var_pred_mean, _converged(result.mle_retvals)

    if np.nanmax(z) == np.nanmin(z):
        raise _Refusal("the series is constant")
    (mean, variance, converged), notes = _quietly(action)
    return _checked("local_linear_trend", mean, variance, z, converged, notes)


def _converged(record: Any) -> bool:
    return bool(record.get("converged", True)) if hasattr(record, "get") else True


_FITS: dict[str, Callable[[FloatArray, int, float], Fit]] = {
    "naive": _fit_naive,
    "drift": _fit_drift,
    "damped_drift": _fit_damped_drift,
    "median": _fit_median,
    "theta": _fit_theta,
    "ets_damped": _fit_ets,
    "local_linear_trend": _fit_local_linear_trend,
}


def fit_glm(
    events: FloatArray, exposure: FloatArray, horizon: int, *, binomial: bool
) -> tuple[Fit, float]:
    """Straight line on the link scale: binomial (logit) or Poisson (log, with offset).

    Parameters
    ----------
    events : numpy.ndarray
        Passed samples or events, one per year, NaN for a missing year.
    exposure : numpy.ndarray
        Samples tested or exposure, one per year.
    horizon : int
        Years ahead of the last entry.
    binomial : bool
        Binomial for passed of tested, otherwise Poisson.

    Returns
    -------
    tuple of Fit and float
        The line on the link scale with its standard error (Student t, years - 2
        degrees of freedom), and the dispersion (Pearson X2 / df, at least 1) that
        also widens the standard error.

    Raises
    ------
    ForecastError
        With fewer than 8 years or 20 events (failures and passes for the binomial),
        where no trend can be estimated, or if the fit does not converge.
    """
    import statsmodels.api as sm

    name = "glm_binomial" if binomial else "glm_poisson"
    at = np.flatnonzero(np.isfinite(events))
    y, e = events[at], exposure[at]
    rare = min(y.sum(), (e - y).sum()) if binomial else y.sum()
    if at.size < GLM_MIN_YEARS or rare < GLM_MIN_EVENTS:
        raise ForecastError(
            "no trend can be estimated",
            where=name,
            got=f"{at.size} years, {rare:g} events",
            expected=f"{GLM_MIN_YEARS} years and {GLM_MIN_EVENTS} events",
        )
    design = np.column_stack([np.ones(at.size), at - float(at[-1])])

    def action() -> Any:
        if binomial:
            return sm.GLM(np.column_stack([y, e - y]), design, family=sm.families.Binomial()).fit()
        return sm.GLM(y, design, family=sm.families.Poisson(), offset=np.log(e)).fit()

    try:
        result, notes = _quietly(action)
    except _Refusal as refusal:
        raise ForecastError("the fit was refused", where=name, got=str(refusal)) from refusal
    dispersion = max(1.0, float(result.pearson_chi2 / result.df_resid))
    ahead = np.column_stack([np.ones(horizon), np.arange(1.0, horizon + 1.0)])
    cov = dispersion * ahead @ np.asarray(result.cov_params()) @ ahead.T
    if not result.converged or not np.isfinite(cov).all():
        raise ForecastError("the fit did not converge", where=name, fix="Use model='pooled'.")
    scale = np.sqrt(np.diag(cov))
    mean = ahead @ np.asarray(result.params)
    df = float(result.df_resid)
    return Fit(name, mean, scale, df, cov / np.outer(scale, scale), 0.0, "", notes), dispersion
