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

import json
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from wqa.errors import ForecastError
from wqa.paths import PRIORS

Array = NDArray[np.float64]

FAMILIES = ("percent", "score", "rate", "count", "positive", "index")
BOUNDED = ("percent", "score")
LEARNED_AS = {"count": "rate", "index": "positive"}  # families that share another's prior
MAX_HORIZON = 50
MAX_POINTS = 200
NODES, REACH = 4096, 14.0  # table of the Student t: nodes, and arcsinh of the last one


@dataclass(frozen=True)
class Prior:
    """What is believed about a family of series before one of them is seen.

    Parameters
    ----------
    family : str
        Name of the family.
    power : float
        Exponent of the transform (0 < power <= 1).
    kernels : ndarray, shape (K, 5)
        Columns drift, slope, damping, noise, pull of each component (see ``covariance``).
    trend : ndarray, shape (K,)
        Expected yearly change on the working scale; 0 for bounded families.
    shape, size : ndarray, shape (K,)
        Inverse gamma shape, and root mean square yearly change on the working scale.
    stretch : ndarray, shape (K,)
        Factor on the predictive scale: how much rougher the future may be than the past.
    log_weight : ndarray, shape (K,)
        Log of the prior weight of each component.
    temper : float
        Power to which the likelihood is raised (1 = Bayes).
    spread : ndarray, shape (2, N)
        Numbers of points, and the factor on all scales that made intervals cover there.
    record : dict
        How the numbers were learned.
    """

    family: str
    power: float
    kernels: Array
    trend: Array
    shape: Array
    size: Array
    stretch: Array
    log_weight: Array
    temper: float = 1.0
    spread: Array = field(default_factory=lambda: np.ones((2, 1)))
    record: dict[str, Any] = field(default_factory=dict)


def flat_prior(family: str) -> Prior:
    """Return the prior that no panel has touched: equal weight on a wide grid."""
    slopes = [(0.0, 0.0, 0.0)]
    slopes += [(share, 0.0, 0.0) for share in (0.05, 0.2, 0.5)]
    slopes += [(0.0, share, keep) for share in (0.2, 0.6, 0.9) for keep in (0.5, 0.8, 0.95)]
    kernels = np.array([(*s, noise, 1.0) for noise in (0.0, 0.3, 0.6, 0.9) for s in slopes])
    count = len(kernels)
    size = {"percent": 0.3, "score": 0.2}.get(family, 0.2)
    return Prior(
        family,
        0.5 if family != "positive" else 0.1,
        kernels,
        np.zeros(count),
        np.full(count, 1.0),
        np.full(count, size),
        np.ones(count),
        np.full(count, -np.log(count)),
    )


def load_prior(family: str, path: Path | None = None) -> Prior:
    """Load the learned prior of a family.

    Parameters
    ----------
    family : str
        One of ``percent``, ``score``, ``rate``, ``count``, ``positive``, ``index``.
    path : Path, optional
        A prior file to read instead of the one in the package.

    Returns
    -------
    Prior
        The prior with its record.

    Raises
    ------
    ForecastError
        If the family is unknown.
    """
    if family not in FAMILIES:
        raise ForecastError(
            "the family of the series is unknown", got=family, expected=" | ".join(FAMILIES)
        )
    learned = LEARNED_AS.get(family, family)
    source = path or PRIORS / f"{learned}.json"
    return _read_prior(family, source)


@lru_cache(maxsize=32)
def _read_prior(family: str, source: Path) -> Prior:
    if not source.is_file():
        return flat_prior(family)
    data = json.loads(source.read_text(encoding="utf-8"))
    columns = np.array(data["components"], dtype=float)
    return Prior(
        family,
        float(data["power"]),
        columns[:, :5],
        *columns[:, 5:9].T,
        np.log(columns[:, 9]),
        float(data["temper"]),
        np.array(data["spread"], dtype=float),
        data["record"],
    )


# --- transform -----------------------------------------------------------------------


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


# --- kernels -------------------------------------------------------------------------


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


def _weights(kernels: Array, seen: NDArray[np.intp], horizon: int) -> _Weights:
    count, n = len(kernels), len(seen)
    last = int(seen[-1])
    full = covariance(kernels, last + horizon + 1)
    picks = np.concatenate([seen, np.arange(last + 1, last + horizon + 1)])
    cov = full[:, picks[:, None], picks[None, :]]
    # A flat level is removed exactly by contrasts with the first observed year.
    size = len(picks)
    contrast = np.zeros((size - 1, size))
    contrast[:, 0] = -1.0
    contrast[np.arange(size - 1), np.arange(1, size)] = 1.0
    diff = contrast @ cov @ contrast.T
    past, cross, ahead = (
        diff[:, : n - 1, : n - 1],
        diff[:, n - 1 :, : n - 1],
        diff[:, n - 1 :, n - 1 :],
    )
    point = np.zeros((count, horizon, n))
    point[:, :, 0] = 1.0
    if n == 1:
        root = np.linalg.cholesky(ahead)
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


@lru_cache(maxsize=512)
def _student_table(df: float) -> Array:
    """Student t distribution function on nodes that are even in arcsinh(z); error < 2e-6."""
    return np.asarray(special.stdtr(df, np.sinh(np.linspace(-REACH, REACH, NODES))))


# --- predictive ----------------------------------------------------------------------


@dataclass(frozen=True)
class Predictive:
    """Predictive distribution of S series, H years ahead: a mixture of Student t's.

    The mixture lives on the working scale; the methods speak in the unit of the data.

    Parameters
    ----------
    weights, df : ndarray, shape (S, K)
        Posterior weight and degrees of freedom of each component.
    loc, scale : ndarray, shape (S, K, H)
        Location and scale on the working scale.
    root : ndarray, shape (P, K, H, H)
        Factors of the joint covariance, one block per pattern of missing years.
    pattern : ndarray, shape (S,)
        Which block of ``root`` a series uses.
    power, bounded, lower, width
        The transform: ``share = (value - lower) / width`` with width of shape (S,).
    prior_weight : ndarray, shape (S,)
        Share of the evidence on the yearly variance that comes from the prior, 0 to 1.
    n_points : ndarray, shape (S,)
        Observed years.
    """

    weights: Array
    df: Array
    loc: Array
    scale: Array
    root: Array
    pattern: NDArray[np.intp]
    power: float
    bounded: bool
    lower: float
    width: Array
    prior_weight: Array
    n_points: NDArray[np.intp]

    def cdf(self, value: ArrayLike, *, strict: bool = False) -> Array:
        """Probability of a value at most ``value`` (below it if ``strict``).

        Parameters
        ----------
        value : array_like
            Broadcast to (S, H), in the unit of the data.
        strict : bool
            Exclude the value itself, which matters at a bound only.

        Returns
        -------
        ndarray, shape (S, H)
        """
        count, _, horizon = self.loc.shape
        x = np.broadcast_to(np.asarray(value, dtype=float), (count, horizon))
        share = (x - self.lower) / self.width[:, None]
        top = 1.0 if self.bounded else np.inf
        inside = np.clip(share, 0.0, top)
        with np.errstate(over="ignore"):
            prob = self._mixed(transform(inside, self.power, self.bounded))[0]
        if strict:
            return np.where(share <= 0.0, 0.0, np.where(share > top, 1.0, prob))
        return np.where(share < 0.0, 0.0, np.where(share >= top, 1.0, prob))

    def _mixed(
        self, working: Array, rows: NDArray[np.intp] | slice = slice(None)
    ) -> tuple[Array, Array]:
        """Distribution function and density of the mixture on the working scale."""
        df, scale, weights = self.df[rows], self.scale[rows], self.weights[rows]
        values, row = np.unique(df, return_inverse=True)
        table = np.concatenate([_student_table(float(v)) for v in values])
        start = row.reshape(df.shape)[..., None] * NODES
        z = (working[:, None, :] - self.loc[rows]) / scale
        spot = np.clip((np.arcsinh(z) + REACH) * ((NODES - 1) / (2 * REACH)), 0.0, NODES - 1.001)
        left = spot.astype(np.intp)
        below, above = table[start + left], table[start + left + 1]
        rise = above - below
        prob = np.einsum("sk,skh->sh", weights, below + (spot - left) * rise)
        slope = rise * ((NODES - 1) / (2 * REACH)) / (np.sqrt(1.0 + z * z) * scale)
        return prob, np.einsum("sk,skh->sh", weights, slope)

    def quantile(self, p: float) -> Array:
        """Value that is not exceeded with probability ``p``.

        Parameters
        ----------
        p : float
            Probability, 0 < p < 1.

        Returns
        -------
        ndarray, shape (S, H)
        """
        if not 0.0 < p < 1.0:
            raise ForecastError("a quantile needs a probability", got=p, expected="0 < p < 1")
        ends = self.loc + self.scale * special.stdtrit(self.df, p)[..., None]
        low, high = ends.min(axis=1), ends.max(axis=1)
        guess = np.einsum("sk,skh->sh", self.weights, ends)
        busy = np.arange(len(guess))
        for _ in range(60):  # Newton steps inside a shrinking bracket, rows drop out when done
            now = guess[busy]
            prob, dens = self._mixed(now, busy)
            over = prob > p
            high[busy] = np.where(over, now, high[busy])
            low[busy] = np.where(over, low[busy], now)
            step = now - (prob - p) / np.maximum(dens, 1e-300)
            inside = (step > low[busy]) & (step < high[busy])
            fresh = np.where(inside, step, 0.5 * (low[busy] + high[busy]))
            guess[busy] = fresh
            busy = busy[(np.abs(fresh - now) > 1e-10 * (1.0 + np.abs(fresh))).any(axis=1)]
            if not len(busy):
                break
        return self._outward(guess)

    def _outward(self, working: Array) -> Array:
        share = inverse(working, self.power, self.bounded)
        width = self.width.reshape((-1,) + (1,) * (share.ndim - 1))
        return np.asarray(self.lower + width * share)

    def median(self) -> Array:
        """Median, shape (S, H)."""
        return self.quantile(0.5)

    def mean(self) -> Array:
        """Mean of the central 98 %, shape (S, H); a Student t on a power scale may have none."""
        nodes = (np.arange(25) + 0.5) / 25 * 0.98 + 0.01
        return np.asarray(np.mean([self.quantile(float(p)) for p in nodes], axis=0))

    def sample(self, n: int, seed: int = 0) -> Array:
        """Draw joint paths whose yearly marginals are those of ``cdf``.

        Parameters
        ----------
        n : int
            Paths per series.
        seed : int
            Seed of the generator.

        Returns
        -------
        ndarray, shape (S, n, H)
        """
        rng = np.random.default_rng(seed)
        count, _, horizon = self.loc.shape
        edges = np.cumsum(self.weights, axis=1)
        draw = rng.random((count, n))
        pick = np.stack([np.searchsorted(e / e[-1], d) for e, d in zip(edges, draw, strict=True)])
        row = np.arange(count)[:, None]
        df = self.df[row, pick]
        normal = rng.standard_normal((count, n, horizon))
        root = self.root[self.pattern[:, None], pick]
        spread = self.scale[row, pick, 0] / root[..., 0, 0]
        noise = np.einsum("snij,snj->sni", root, normal) * spread[..., None]
        noise *= np.sqrt(df / rng.chisquare(df))[..., None]
        return self._outward(self.loc[row, pick] + noise)


# --- fit -----------------------------------------------------------------------------


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
    bounded = family in BOUNDED or (upper is not None)
    low = 0.0 if lower is None else float(lower)
    high = (100.0 if upper is None else float(upper)) if bounded else np.inf
    table = _checked(values, horizon, low, high)
    seen = ~np.isnan(table)
    count, length = table.shape
    # a series without bound is measured against its own size: any unit gives the same answer
    mean = np.nanmean(table, axis=1) - low
    width = np.full(count, high - low) if bounded else np.where(mean > 0, mean, 1.0)
    working = transform((table - low) / width[:, None], prior.power, bounded)

    patterns, pattern = np.unique(seen, axis=0, return_inverse=True)
    pattern = pattern.reshape(-1)
    size = len(prior.log_weight)
    loc, scale = np.empty((count, size, horizon)), np.empty((count, size, horizon))
    weights, df = np.empty((count, size)), np.empty((count, size))
    roots = np.empty((len(patterns), size, horizon, horizon))
    for block, mask in enumerate(patterns):
        index = np.flatnonzero(mask)
        rows = np.flatnonzero(pattern == block)
        part = components(
            working[np.ix_(rows, index)], index - index[0], length - index[0], horizon, prior
        )
        score = prior.log_weight + prior.temper * part.like
        mass = np.exp(score - score.max(axis=1, keepdims=True))
        weights[rows] = mass / mass.sum(axis=1, keepdims=True)
        df[rows], loc[rows], roots[block] = part.df, part.loc, part.root
        scale[rows] = part.scale * spread_at(prior, len(index))
    lean = np.sum(weights * (2.0 * prior.shape) / df, axis=1)
    return Predictive(
        weights, df, loc, scale, roots, pattern, prior.power, bounded, low, width, lean,
        seen.sum(axis=1),
    )  # fmt: skip


def spread_at(prior: Prior, n_points: int) -> float:
    """Learned factor on the scales for a number of points, linear in its logarithm."""
    points, factor = prior.spread
    return float(np.interp(np.log(n_points), np.log(points), factor))


@dataclass(frozen=True)
class Components:
    """What each component says about series with the same missing years."""

    like: Array  # (S, K) log marginal likelihood
    loc: Array  # (S, K, H)
    scale: Array  # (S, K, H)
    df: Array  # (K,)
    root: Array  # (K, H, H) factor of the joint covariance


def components(
    data: Array, years: NDArray[np.intp], length: int, horizon: int, prior: Prior
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

    Returns
    -------
    Components
        Log likelihood up to a constant common to all components, and the t's.
    """
    distinct, back = np.unique(prior.kernels, axis=0, return_inverse=True)
    back = back.reshape(-1)
    gap = length - 1 - int(years[-1])
    parts = _weights(distinct, years, horizon + gap)
    white = np.tensordot(data, parts.whiten, axes=(1, 2))
    line = np.matmul(parts.whiten, years.astype(float))
    fit = np.einsum("sun,sun->su", white, white)[:, back]
    if prior.trend.any():
        cross = np.einsum("sun,un->su", white, line)[:, back]
        square = np.einsum("un,un->u", line, line)[back]
        fit = np.maximum(fit - 2.0 * prior.trend * cross + prior.trend**2 * square, 0.0)
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
