"""Mixtures of Student t's on a working scale, read in the unit of the data."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from wqa.errors import ForecastError
from wqa.forecasts.pooled_prior import Array
from wqa.forecasts.trend_components import inverse, transform

NODES, REACH = 4096, 14.0  # table of the Student t: nodes, and arcsinh of the last one
BLOCK = 256  # series treated together, so that their arrays stay in the processor's cache
STEPS = 60  # bound on the iterations of a quantile; five or six are usual
MEAN_NODES = 25


@lru_cache(maxsize=512)
def student_table(df: float) -> Array:
    """Student t distribution function on nodes that are even in arcsinh(z); error < 2e-6."""
    half = special.stdtr(df, np.sinh(np.linspace(-REACH, 0.0, NODES // 2 + 1)[:-1]))
    return np.concatenate([half, [0.5], 1.0 - half[::-1]])


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
    root : ndarray, shape (P, C, H, H)
        Factors of the joint covariance, one block per pattern of missing years.
    pattern : ndarray, shape (S,)
        Which block of ``root`` a series uses.
    member : ndarray, shape (S, K)
        Which component of the prior, hence row of the block, each component is.
    power, bounded, lower, width
        The transform: ``share = (value - lower) / width`` with width of shape (S,).
    prior_weight : ndarray, shape (S,)
        Share of the evidence on the yearly variance that comes from the prior, 0 to 1.
    n_points : ndarray, shape (S,)
        Observed years.
    reading : ndarray, shape (S,)
        Share of the range within which a bound is read as reached; 0 unless it has been.
    """

    weights: Array
    df: Array
    loc: Array
    scale: Array
    root: Array
    pattern: NDArray[np.intp]
    member: NDArray[np.intp]
    power: float
    bounded: bool
    lower: float
    width: Array
    prior_weight: Array
    n_points: NDArray[np.intp]
    reading: Array

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
        top = 1.0 if self.bounded else np.finfo(float).max
        edge = self.reading[:, None]
        inner = np.clip(share, edge, top - edge)
        working = transform(inner, self.power, self.bounded)
        prob = np.empty((count, horizon))
        for rows in self._blocks():
            prob[rows] = self._mixed(working[rows], rows)[0]
        if strict:
            return np.where(share <= 0.0, 0.0, np.where(share > top, 1.0, prob))
        return np.where(share < 0.0, 0.0, np.where(share >= top, 1.0, prob))

    def quantile(self, p: float) -> Array:
        """Value that is not exceeded with probability ``p``.

        Parameters
        ----------
        p : float
            Probability, 0 < p < 1.

        Returns
        -------
        ndarray, shape (S, H)

        Raises
        ------
        ForecastError
            If ``p`` is not a probability strictly between 0 and 1.
        """
        if not 0.0 < p < 1.0:
            raise ForecastError("a quantile needs a probability", got=p, expected="0 < p < 1")
        working = np.empty((len(self.loc), self.loc.shape[2]))
        for rows in self._blocks():
            working[rows] = self._working_quantile(p, rows)
        return self._outward(working)

    def median(self) -> Array:
        """Median, shape (S, H)."""
        return self.quantile(0.5)

    def mean(self) -> Array:
        """Mean of the central 98 %, shape (S, H); a Student t on a power scale may have none."""
        nodes = (np.arange(MEAN_NODES) + 0.5) / MEAN_NODES * 0.98 + 0.01
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
        draw = rng.random((count, n)) * edges[:, -1:]
        pick = np.stack([np.searchsorted(e, d) for e, d in zip(edges, draw, strict=True)])
        row = np.arange(count)[:, None]
        df = self.df[row, pick]
        normal = rng.standard_normal((count, n, horizon))
        root = self.root[self.pattern[:, None], self.member[row, pick]]
        spread = self.scale[row, pick, 0] / root[..., 0, 0]
        noise = np.einsum("snij,snj->sni", root, normal) * spread[..., None]
        noise *= np.sqrt(df / rng.chisquare(df))[..., None]
        return self._outward(self.loc[row, pick] + noise)

    @cached_property
    def _kinds(self) -> tuple[Array, NDArray[np.intp]]:
        """Distinct degrees of freedom, and which of them each component has, (S, K)."""
        distinct, which = np.unique(self.df, return_inverse=True)
        return distinct, which.reshape(self.df.shape)

    @cached_property
    def _tables(self) -> tuple[Array, NDArray[np.intp]]:
        """Distribution functions end to end, and where that of each component starts."""
        distinct, which = self._kinds
        table = np.concatenate([student_table(float(v)) for v in distinct])
        return table, (which * (NODES + 1))[..., None]

    def _blocks(self) -> list[slice]:
        return [slice(start, start + BLOCK) for start in range(0, len(self.loc), BLOCK)]

    def _mixed(self, working: Array, rows: slice | NDArray[np.intp]) -> tuple[Array, Array]:
        """Distribution function and density of the mixture on the working scale."""
        scale, weights = self.scale[rows], self.weights[rows]
        table, start = self._tables[0], self._tables[1][rows]
        z = (working[:, None, :] - self.loc[rows]) / scale
        per_unit = NODES / (2.0 * REACH)
        spot = np.clip((np.arcsinh(z) + REACH) * per_unit, 0.0, NODES - 1e-6)
        left = spot.astype(np.intp)
        spot -= left
        left += start
        below = table.take(left)
        rise = table.take(left + 1) - below
        prob = np.einsum("sk,skh->sh", weights, below + spot * rise)
        dens = rise / (np.sqrt(1.0 + z * z) * scale)
        return prob, np.einsum("sk,skh->sh", weights, dens) * per_unit

    def _working_quantile(self, p: float, rows: slice) -> Array:
        """Newton steps on the log odds, nearly linear there, inside a shrinking bracket."""
        distinct, which = self._kinds
        reach = special.stdtrit(distinct, p)[which[rows]]
        ends = self.loc[rows] + self.scale[rows] * reach[..., None]
        low, high = ends.min(axis=1), ends.max(axis=1)
        guess = np.einsum("sk,skh->sh", self.weights[rows], ends)
        busy = np.arange(len(guess))
        goal = np.log(p / (1.0 - p))
        tolerance = 1e-9 * (1.0 + np.abs(guess))
        for _ in range(STEPS):
            now = guess[busy]
            prob, dens = self._mixed(now, busy + (rows.start or 0))
            over = prob > p
            high[busy] = np.where(over, now, high[busy])
            low[busy] = np.where(over, low[busy], now)
            odds = np.clip(prob, 1e-15, 1.0 - 1e-15)
            step = (goal - np.log(odds / (1.0 - odds))) * odds * (1.0 - odds)
            fresh = now + step / np.maximum(dens, 1e-300)
            inside = (fresh >= low[busy]) & (fresh <= high[busy])
            fresh = np.where(inside, fresh, 0.5 * (low[busy] + high[busy]))
            guess[busy] = fresh
            busy = busy[(np.abs(fresh - now) > tolerance[busy]).any(axis=1)]
            if not len(busy):
                break
        return np.asarray(guess, dtype=float)

    def _outward(self, working: Array) -> Array:
        share = inverse(working, self.power, self.bounded)
        width, edge = (
            x.reshape((-1,) + (1,) * (share.ndim - 1)) for x in (self.width, self.reading)
        )
        if self.bounded:
            share = np.where(share < edge, 0.0, np.where(share >= 1.0 - edge, 1.0, share))
        return np.asarray(self.lower + width * share)
