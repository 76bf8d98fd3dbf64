"""Pooled Bayesian damped trend: the default forecast of a short annual series.

One closed-form model for 1 to 40 annual values, learned from many series.

1. The value is mapped to a working scale: the folded power
   ``(u**k - (1 - u)**k) / k`` of the share ``u`` of the way between the bounds,
   or the power ``(u**k - 1) / k`` of the value relative to the series' own size.
   Both reach the bound at a finite point, so mass beyond it is a real chance of
   reading exactly 0 or 100, and no offset is needed for zeros.
2. On that scale a series is level random walk + slope (permanent or damped) +
   yearly noise. One choice of their shares is a *kernel*; every kernel is scaled
   so that the variance of one yearly change is one. Given the kernel, the level
   is flat, and the yearly variance is inverse gamma, hence marginal likelihood
   and predictive distribution (Student t) are closed form. Kernels and variance
   priors are mixed with weights learned by out-of-sample score (``priors/*.json``).
3. Missing years simply drop out of the covariance matrix: nothing is interpolated.

Series with the same missing years share every matrix, so the work per series is
two matrix products.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from wqa.errors import ForecastError
from wqa.forecasts.pooled_prior import FAMILIES, Array, Prior, at_length, load_prior
from wqa.forecasts.student_mixture import Predictive
from wqa.forecasts.trend_components import components, transform

__all__ = ["FAMILIES", "Predictive", "Prior", "evidence_class", "load_prior", "predict"]

BOUNDED = ("percent", "score")
MAX_HORIZON = 50
MAX_POINTS = 200
MOST = 32  # components kept per series; the rest of the mixture is below a percent
CHUNK = 2000  # series per pass, so that the memory of a large panel stays small


def predict(
    values: ArrayLike,
    horizon: int,
    *,
    family: str = "percent",
    lower: float | None = None,
    upper: float | None = None,
    prior: Prior | None = None,
) -> Predictive:
    """Forecast S series of equal length at once.

    Parameters
    ----------
    values : array_like, shape (S, T) or (T,)
        One row per series, one column per consecutive year, NaN where missing.
    horizon : int
        Years after the last column to forecast, 1 to 50.
    family : str
        Family whose prior is used.
    lower, upper : float, optional
        Bounds of the value; 0 and 100 for percentages and scores, 0 and none otherwise.
    prior : Prior, optional
        Used instead of the learned prior of the family.

    Returns
    -------
    Predictive
        Mixture of Student t's on the working scale.

    Raises
    ------
    ForecastError
        If the input has no answer: no value, values outside the bounds, wrong horizon.
    """
    prior = prior or load_prior(family)
    bounded = family in BOUNDED or upper is not None
    low = 0.0 if lower is None else float(lower)
    high = (100.0 if upper is None else float(upper)) if bounded else np.inf
    table = _checked(values, horizon, low, high)
    seen = ~np.isnan(table)
    count, length = table.shape
    # A series without bound is measured against its own size: any unit gives the same answer.
    mean = np.nanmean(table, axis=1) - low
    width = np.full(count, high - low) if bounded else np.where(mean > 0, mean, 1.0)
    working = transform((table - low) / width[:, None], prior.power, bounded)

    patterns, pattern = np.unique(seen, axis=0, return_inverse=True)
    pattern = pattern.reshape(-1)
    size, most = len(prior.shape), min(MOST, len(prior.shape))
    loc, scale = np.empty((count, most, horizon)), np.empty((count, most, horizon))
    weights, df = np.empty((count, most)), np.empty((count, most))
    member = np.empty((count, most), dtype=np.intp)
    roots = np.empty((len(patterns), size, horizon, horizon))
    for block, mask in enumerate(patterns):
        index = np.flatnonzero(mask)
        log_weight, temper, spread = at_length(prior, len(index))
        everyone = np.flatnonzero(pattern == block)
        for rows in np.array_split(everyone, -(-len(everyone) // CHUNK)):
            part = components(
                working[np.ix_(rows, index)], index - index[0], length - index[0], horizon, prior
            )
            score = log_weight + temper * part.like
            mass = np.exp(score - score.max(axis=1, keepdims=True))
            top = np.argsort(-mass, axis=1, kind="stable")[:, :most]
            kept = np.take_along_axis(mass, top, axis=1)
            weights[rows] = kept / kept.sum(axis=1, keepdims=True)
            df[rows], member[rows] = part.df[top], top
            loc[rows] = np.take_along_axis(part.loc, top[:, :, None], axis=1)
            scale[rows] = spread * np.take_along_axis(part.scale, top[:, :, None], axis=1)
            roots[block] = part.root
    lean = np.sum(weights * 2.0 * prior.shape[member] / df, axis=1)
    return Predictive(
        weights, df, loc, scale, roots, pattern, member, prior.power, bounded, low, width,
        lean, seen.sum(axis=1),
    )  # fmt: skip


def _checked(values: ArrayLike, horizon: int, low: float, high: float) -> Array:
    try:
        table = np.atleast_2d(np.asarray(values, dtype=float))
    except (TypeError, ValueError) as error:
        raise ForecastError("the series is not numeric", got=str(values)[:60]) from error
    if isinstance(horizon, bool) or int(horizon) != horizon or not 1 <= horizon <= MAX_HORIZON:
        raise ForecastError(
            "the horizon is out of range", got=horizon, expected=f"1 to {MAX_HORIZON} years"
        )
    if table.ndim != 2 or table.size == 0:
        raise ForecastError(
            "there is no series to forecast", got=table.shape, expected="series x years"
        )
    if table.shape[1] > MAX_POINTS:
        raise ForecastError(
            "the series is too long for an annual model",
            got=table.shape[1],
            expected=f"at most {MAX_POINTS} years",
        )
    if not low < high:
        raise ForecastError("the bounds are empty", got=(low, high), expected="lower < upper")
    if np.isinf(table).any():
        raise ForecastError("a value is infinite", expected="finite numbers, NaN where missing")
    empty = np.flatnonzero(np.isnan(table).all(axis=1))
    if len(empty):
        raise ForecastError(
            "a series has no observed value",
            where=f"series {empty[0]}",
            got=f"{len(empty)} such series",
            expected="at least one observed year",
            fix="Drop the series or supply one value.",
        )
    bad = np.argwhere((table < low) | (table > high))
    if len(bad):
        row, column = bad[0]
        raise ForecastError(
            "a value lies outside its bounds",
            where=f"series {row}, year position {column}",
            got=float(table[row, column]),
            expected=f"{low:g} to {high:g}",
            fix="Correct the value or declare other bounds.",
        )
    return table


def evidence_class(n_points: int, prior_weight: float, family: str) -> str:
    """Say how far a probability has been tested: calibrated, leans on prior, or weak."""
    if n_points < 3 or prior_weight > 0.5:
        return "weak"
    return "calibrated" if n_points >= 6 else "leans on prior"
