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
   For percentages the traits of a series (`trend_components.traits`) shift these weights.
3. Missing years simply drop out of the covariance matrix: nothing is interpolated.

Series with the same missing years share every matrix, so the work per series is
two matrix products.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from wqa.errors import ForecastError
from wqa.forecasts.pooled_prior import (
    FAMILIES,
    LEARNED_AS,
    Array,
    Prior,
    at_length,
    load_prior,
    log_weights,
)
from wqa.forecasts.student_mixture import Predictive
from wqa.forecasts.trend_components import (
    HALF_DIGIT,
    components,
    roughness,
    traits,
    transform,
)

__all__ = ["FAMILIES", "Predictive", "Prior", "evidence_class", "load_prior", "predict"]

BOUNDED = ("percent", "score")
MAX_HORIZON = 50
MAX_POINTS = 200
MOST = 32  # components kept per series; the rest of the mixture is below a percent
MIN_POINTS, TESTED_POINTS = 3, 6  # fewer are weak evidence; from here on it is tested
OUTWEIGHS = 0.6  # prior weight above which the prior says more than the data
HIDDEN = 6.0  # variance behind a bound that was read, in variances of the last digit
CHUNK = 2000  # series per pass, so that the memory of a large panel stays small


def predict(
    values: ArrayLike,
    horizon: int,
    *,
    family: str = "percent",
    lower: float | None = None,
    upper: float | None = None,
    prior: Prior | None = None,
    denominators: ArrayLike | None = None,
    future_denominators: ArrayLike | None = None,
    overdispersion: float = 1.0,
) -> Predictive:
    """Forecast S series of equal length at once.

    Parameters
    ----------
    values : array_like, shape (S, T) or (T,)
        One row per series, one column per consecutive year, NaN where missing. A series
        without upper bound whose every value is 0 has no size of its own; 1 stands for it.
    horizon : int
        Years after the last column to forecast, 1 to 50.
    family : str
        Family whose prior is used.
    lower, upper : float, optional
        Bounds of the value; 0 and 100 for percentages and scores, 0 and none otherwise.
    prior : Prior, optional
        Used instead of the learned prior of the family.
    denominators : array_like, shape (S, T), optional
        Number of cases behind each percentage, NaN where unknown. Its binomial variance is
        then a known part of the yearly noise; an unknown one adds nothing.
    future_denominators : array_like, shape (H,) or (S, H), optional
        Planned number of cases of the years ahead, NaN where unknown.
    overdispersion : float
        Factor on the binomial variance, at least 1.

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
    count = len(table)
    # A series without bound is measured against its own size: any unit gives the same answer.
    mean = np.nanmean(table, axis=1) - low
    width = np.full(count, high - low) if bounded else np.where(mean > 0, mean, 1.0)
    share = (table - low) / width[:, None]
    working = transform(share, prior.power, bounded)
    # A series in whole tenths of a point that has read 0 or 100 reads it again nearby.
    tenths = share / (2.0 * HALF_DIGIT)
    whole = np.isnan(share) | (np.abs(tenths - np.round(tenths)) < 1e-6)
    touched = bounded & ((share == 0.0) | (share == 1.0)).any(axis=1) & whole.all(axis=1)
    rough = roughness(share, prior.power) if bounded else np.zeros(count)
    rough = np.where(touched, HIDDEN * rough, rough)

    noise = None
    if denominators is not None or future_denominators is not None:
        noise = _sampling_variance(
            share, denominators, future_denominators, horizon, overdispersion, prior, bounded
        )
    answer = _fit(working, seen, horizon, prior, rough, None)
    if noise is not None:
        answer = _fit(working, seen, horizon, prior, rough, noise / _yearly_variance(answer, noise))
    weights, df, loc, scale, roots, pattern, member = answer
    lean = np.sum(weights * 2.0 * prior.shape[member] / df, axis=1)
    return Predictive(
        weights, df, loc, scale, roots, pattern, member, prior.power, bounded, low, width,
        lean, seen.sum(axis=1), np.where(touched, HALF_DIGIT, 0.0),
    )  # fmt: skip


_Answer = tuple[Array, Array, Array, Array, Array, NDArray[np.intp], NDArray[np.intp]]


def _fit(
    working: Array,
    seen: NDArray[np.bool_],
    horizon: int,
    prior: Prior,
    rough: Array,
    sampling: Array | None,
) -> _Answer:
    """Mix the components of every series; series that share their matrices go together."""
    count, length = working.shape
    patterns, pattern = np.unique(seen, axis=0, return_inverse=True)
    pattern = pattern.reshape(-1)
    if sampling is not None:  # the matrices are the series' own
        patterns, pattern = seen, np.arange(count)
    size, most = len(prior.shape), min(MOST, len(prior.shape))
    loc, scale = np.empty((count, most, horizon)), np.empty((count, most, horizon))
    weights, df = np.empty((count, most)), np.empty((count, most))
    member = np.empty((count, most), dtype=np.intp)
    roots = np.empty((len(patterns), size, horizon, horizon))
    for block, mask in enumerate(patterns):
        index = np.flatnonzero(mask)
        temper, spread = at_length(prior, len(index))
        everyone = np.flatnonzero(pattern == block)
        extra = None if sampling is None else sampling[block, index[0] :]
        for rows in np.array_split(everyone, -(-len(everyone) // CHUNK)):
            data = working[np.ix_(rows, index)]
            part = components(
                data, index - index[0], length - index[0], horizon,
                prior, rough[rows], extra,
            )  # fmt: skip
            score = log_weights(prior, len(index), traits(data)) + temper * part.like
            mass = np.exp(score - score.max(axis=1, keepdims=True))
            top = np.argsort(-mass, axis=1, kind="stable")[:, :most]
            kept = np.take_along_axis(mass, top, axis=1)
            weights[rows] = kept / kept.sum(axis=1, keepdims=True)
            df[rows], member[rows] = part.df[top], top
            loc[rows] = np.take_along_axis(part.loc, top[:, :, None], axis=1)
            scale[rows] = spread * np.take_along_axis(part.scale, top[:, :, None], axis=1)
            roots[block] = part.root
    return weights, df, loc, scale, roots, pattern, member


def _sampling_variance(
    share: Array,
    denominators: ArrayLike | None,
    future: ArrayLike | None,
    horizon: int,
    overdispersion: float,
    prior: Prior,
    bounded: bool,
) -> Array:
    """Binomial variance of each year on the working scale, shape (S, T + H); 0 if unknown."""
    if not bounded:
        raise ForecastError(
            "denominators belong to percentages", fix="Use the count models for rates and counts."
        )
    if overdispersion < 1.0:
        raise ForecastError(
            "the overdispersion is too small", got=overdispersion, expected="at least 1"
        )
    count, length = share.shape
    past = np.full(share.shape, np.nan) if denominators is None else denominators
    ahead = np.full(horizon, np.nan) if future is None else future
    try:
        n = np.hstack(
            [
                np.broadcast_to(np.asarray(past, dtype=float), (count, length)),
                np.broadcast_to(np.asarray(ahead, dtype=float), (count, horizon)),
            ]
        )
    except ValueError as error:
        raise ForecastError(
            "the denominators do not fit the series",
            got=(np.shape(past), np.shape(ahead)),
            expected=f"shapes {(count, length)} and {(count, horizon)}",
        ) from error
    if (n <= 0).any():
        raise ForecastError(
            "a denominator is not positive", got=float(n[n <= 0][0]), expected="1 or more"
        )
    latest = np.array([row[~np.isnan(row)][-1] for row in share])
    level = np.hstack([np.where(np.isnan(share), latest[:, None], share),
                       np.repeat(latest[:, None], horizon, axis=1)])  # fmt: skip
    known = ~np.isnan(n)
    cases = np.where(known, n, 1.0)
    level = (level * cases + 0.5) / (cases + 1.0)  # a share of exactly 0 or 1 is not certain
    slope = level ** (prior.power - 1.0) + (1.0 - level) ** (prior.power - 1.0)
    return np.where(known, overdispersion * slope**2 * level * (1.0 - level) / cases, 0.0)


def _yearly_variance(answer: _Answer, noise: Array) -> Array:
    """Variance of a yearly change beyond sampling, shape (S, 1), from a first pass."""
    weights, _, _, scale, roots, pattern, member = answer
    unit = roots[pattern[:, None], member, 0, 0]
    total = np.sum(weights * (scale[:, :, 0] / unit) ** 2, axis=1)
    # Two samplings enter one change; at least a tenth of it is left to the true level.
    return np.asarray(np.maximum(total - 2.0 * noise.mean(axis=1), 0.1 * total)[:, None])


def _checked(values: ArrayLike, horizon: int, low: float, high: float) -> Array:
    try:
        table = np.atleast_2d(np.asarray(values, dtype=float))
    except (TypeError, ValueError) as error:
        raise ForecastError("the series is not numeric", got=str(values)[:60]) from error
    whole = isinstance(horizon, int | np.integer) and not isinstance(horizon, bool)
    if not (whole and 1 <= horizon <= MAX_HORIZON):
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
    """Say how far a probability has been tested.

    Parameters
    ----------
    n_points : int
        Observed years of the series.
    prior_weight : float
        Share of the evidence on the yearly variance that comes from the prior, 0 to 1.
    family : str
        Family of the series.

    Returns
    -------
    str
        ``calibrated``: at least 6 points of a family that has a learned prior of its own,
        the lengths at which ``docs/evidence.md`` tests probabilities and coverage;
        ``leans on prior``: 3 to 5 points, a prior that outweighs the data, or a family
        that borrows its prior; ``weak``: 1 or 2 points, where only coverage is tested.

    Raises
    ------
    ForecastError
        If the family is unknown.
    """
    if family not in FAMILIES:
        raise ForecastError(
            "the family of the series is unknown", got=family, expected=" | ".join(FAMILIES)
        )
    if n_points < MIN_POINTS:
        return "weak"
    if n_points < TESTED_POINTS or prior_weight > OUTWEIGHS or family in LEARNED_AS:
        return "leans on prior"
    return "calibrated"
