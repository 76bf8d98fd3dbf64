"""The components of the pooled forecast: working scale, kernels, closed-form answers.

A kernel says which shares of one yearly change come from a lasting drift, a slope that
fades, the level, and yearly noise. Given a kernel and a prior for the yearly variance,
the likelihood of a series and its predictive Student t need two matrix products, and the
matrices are shared by all series with the same missing years.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from wqa.forecasts.pooled_prior import Array, Prior

STILL = 0.001  # a change on the working scale that is as good as none
HALF_DIGIT = 0.0005  # half of a tenth of a point, as a share of the range


def transform(share: Array, power: float, bounded: bool) -> Array:
    """Map shares of the way between bounds (or multiples of a size) to the working scale."""
    if bounded:
        return np.asarray((share**power - (1.0 - share) ** power) / power)
    return np.asarray((share**power - 1.0) / power)


def inverse(working: Array, power: float, bounded: bool) -> Array:
    """Map the working scale back; anything beyond a bound comes back as the bound."""
    if not bounded:
        return np.asarray(np.maximum(1.0 + power * working, 0.0) ** (1.0 / power))
    edge = 1.0 / power
    target = np.clip(working, -edge, edge)
    nodes = 0.5 - 0.5 * np.cos(np.linspace(0.0, np.pi, 2049))
    share = np.interp(target, transform(nodes, power, True), nodes)
    for _ in range(3):  # Newton polish; the table is already within 1e-6
        inside = np.clip(share, 1e-12, 1.0 - 1e-12)
        slope = inside ** (power - 1.0) + (1.0 - inside) ** (power - 1.0)
        share = np.clip(inside - (transform(inside, power, True) - target) / slope, 0.0, 1.0)
    return np.asarray(np.where(target >= edge, 1.0, np.where(target <= -edge, 0.0, share)))


def roughness(share: Array, power: float) -> Array:
    """Mean square of a tenth of a point, the last printed digit, on the working scale.

    Near a bound the scale is steep: a published 100.0 may be 99.95, so a row of such
    values is no proof that nothing moves.

    Parameters
    ----------
    share : ndarray, shape (S, T)
        Shares of the way between the bounds, NaN where missing.
    power : float
        Exponent of the transform.

    Returns
    -------
    ndarray, shape (S,)
    """
    above = transform(np.minimum(share + HALF_DIGIT, 1.0), power, True)
    below = transform(np.maximum(share - HALF_DIGIT, 0.0), power, True)
    return np.asarray(np.nanmean((above - below) ** 2, axis=1))


def traits(data: Array) -> Array:
    """Shape of a series, which shifts the weights of the components beyond the likelihood.

    Parameters
    ----------
    data : ndarray, shape (S, n)
        Observed values on the working scale.

    Returns
    -------
    ndarray, shape (S, 4)
        Distance of the last value from the middle (or from the series' own mean); log of
        the mean absolute change; net over gross movement; distance of the last value from
        the mean in changes. None of them changes when a bounded series is turned upside down.
    """
    count, n = data.shape
    steps = np.abs(np.diff(data, axis=1))
    size = steps.mean(axis=1) if n > 1 else np.zeros(count)
    last = data[:, -1]
    net = np.abs(last - data[:, 0]) / (steps.sum(axis=1) + STILL)
    home = np.abs(last - data.mean(axis=1)) / ((size + STILL) * np.sqrt(n))
    return np.column_stack([np.abs(last), np.log(size + 4.0 * STILL), net, home])


def covariance(kernels: Array, length: int) -> Array:
    """Covariance of ``length`` consecutive years under each kernel, up to a flat level.

    Parameters
    ----------
    kernels : ndarray, shape (K, 5)
        Columns drift, slope, damping, noise, pull. The variance of one yearly change
        is one: a share ``drift`` comes from a lasting drift, ``slope`` from a slope
        that keeps ``damping`` of itself each year, and of the rest ``noise`` from
        yearly noise and the remainder from the level, which keeps ``pull`` of its
        distance from home each year (1 = random walk).
    length : int
        Number of years.

    Returns
    -------
    ndarray, shape (K, length, length)
    """
    drift, slope, damping, noise, pull = (c[:, None, None] for c in np.asarray(kernels).T)
    step = np.arange(length)
    lag = np.abs(step[:, None] - step[None, :])
    slopes = damping**lag
    slopes[:, 0, :] = 0.0
    slopes[:, :, 0] = 0.0
    paths = slopes.cumsum(axis=1).cumsum(axis=2)
    walk = np.minimum(step[:, None], step[None, :]).astype(float)
    home = pull**lag / (2.0 * np.maximum(1.0 - pull, 1e-9))
    level = np.where(pull < 1.0, home, walk)
    blip = 0.5 * (lag == 0)
    rest = 1.0 - drift - slope
    line = np.multiply.outer(step, step).astype(float)
    return np.asarray(drift * line + slope * paths + rest * ((1.0 - noise) * level + noise * blip))


@dataclass(frozen=True)
class _Weights:
    """Matrices shared by all series with the same missing years."""

    whiten: Array  # (U, n-1, n) whitened contrasts
    log_det: Array  # (U,)
    point: Array  # (U, H, n) forecast weights
    spread: Array  # (U, H) relative predictive sd
    root: Array  # (U, H, H) factor of the joint predictive covariance


def _weights(
    kernels: Array, seen: NDArray[np.intp], horizon: int, sampling: Array | None = None
) -> _Weights:
    count, n = len(kernels), len(seen)
    last = int(seen[-1])
    full = covariance(kernels, last + horizon + 1)
    if sampling is not None:
        full = full + np.diag(sampling)
    picks = np.concatenate([seen, np.arange(last + 1, last + horizon + 1)])
    cov = full[:, picks[:, None], picks[None, :]]
    # A flat level is removed exactly by contrasts with the first observed year.
    size = len(picks)
    contrast = np.zeros((size - 1, size))
    contrast[:, 0] = -1.0
    contrast[np.arange(size - 1), np.arange(1, size)] = 1.0
    diff = contrast @ cov @ contrast.T
    past, ahead = diff[:, : n - 1, : n - 1], diff[:, n - 1 :, n - 1 :]
    cross = diff[:, n - 1 :, : n - 1]
    point = np.zeros((count, horizon, n))
    point[:, :, 0] = 1.0
    if n == 1:
        root = np.asarray(np.linalg.cholesky(ahead), dtype=float)
        spread = np.sqrt(np.diagonal(ahead, axis1=1, axis2=2))
        return _Weights(np.zeros((count, 0, 1)), np.zeros(count), point, spread, root)
    lower = np.linalg.cholesky(past)
    whiten = np.linalg.solve(lower, np.broadcast_to(contrast[: n - 1, :n], (count, n - 1, n)))
    half = np.linalg.solve(lower, cross.transpose(0, 2, 1))
    point += np.matmul(half.transpose(0, 2, 1), whiten)
    rest = ahead - np.matmul(half.transpose(0, 2, 1), half)
    log_det = 2.0 * np.log(np.diagonal(lower, axis1=1, axis2=2)).sum(axis=1)
    spread = np.sqrt(np.diagonal(rest, axis1=1, axis2=2))
    return _Weights(whiten, log_det, point, spread, np.linalg.cholesky(rest))


@dataclass(frozen=True)
class Components:
    """What each component says about series with the same missing years."""

    like: Array  # (S, K) log marginal likelihood
    loc: Array  # (S, K, H)
    scale: Array  # (S, K, H)
    df: Array  # (K,)
    root: Array  # (K, H, H) factor of the joint covariance


def components(
    data: Array,
    years: NDArray[np.intp],
    length: int,
    horizon: int,
    prior: Prior,
    rough: Array,
    sampling: Array | None = None,
) -> Components:
    """Likelihood and predictive Student t of every component, in closed form.

    Parameters
    ----------
    data : ndarray, shape (S, n)
        Observed values on the working scale.
    years : ndarray, shape (n,)
        Position of each observed year, from 0.
    length : int
        Years from the first observed one to the forecast origin, inclusive.
    horizon : int
        Years to forecast after the origin.
    prior : Prior
        The components.
    rough : ndarray, shape (S,)
        Mean square on the working scale that the last printed digit hides.
    sampling : ndarray, shape (length + horizon,), optional
        Known sampling variance of each year as a multiple of the yearly variance.

    Returns
    -------
    Components
        Log likelihood up to a constant common to all components, and the t's.
    """
    distinct, back = np.unique(prior.kernels, axis=0, return_inverse=True)
    back = back.reshape(-1)
    gap = length - 1 - int(years[-1])
    parts = _weights(distinct, years, horizon + gap, sampling)
    white = np.tensordot(data, parts.whiten, axes=(1, 2))
    line = np.matmul(parts.whiten, years.astype(float))
    fit = np.einsum("sun,sun->su", white, white)[:, back]
    if prior.trend.any():
        cross = np.einsum("sun,un->su", white, line)[:, back]
        square = np.einsum("un,un->u", line, line)[back]
        fit = np.maximum(fit - 2.0 * prior.trend * cross + prior.trend**2 * square, 0.0)
    fit = fit + (len(years) - 1) * rough[:, None]
    shape = prior.shape + 0.5 * (len(years) - 1)
    start = prior.shape * prior.size**2
    rate = start + 0.5 * fit
    like = (
        prior.shape * np.log(start)
        + special.gammaln(shape)
        - special.gammaln(prior.shape)
        - shape * np.log(rate)
        - 0.5 * parts.log_det[back]
    )
    point = parts.point[:, gap:, :]
    loc = np.tensordot(data, point, axes=(1, 2))[:, back, :]
    if prior.trend.any():
        ahead = length + np.arange(horizon) - np.matmul(point, years.astype(float))
        loc = loc + prior.trend[:, None] * ahead[back]
    scale = (prior.stretch * np.sqrt(rate / shape))[:, :, None] * parts.spread[back][:, gap:]
    return Components(like, loc, scale, 2.0 * shape, _marginal_root(parts.root, gap)[back])


def _marginal_root(root: Array, gap: int) -> Array:
    """Factor for the years after the last column when that column and others are missing."""
    if gap == 0:
        return root
    part = root[:, gap:, :]
    return np.linalg.cholesky(np.matmul(part, part.transpose(0, 2, 1)))
