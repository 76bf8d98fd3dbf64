"""Predictive distributions of the simple members, behind one small protocol.

A distribution over horizons 1..H offers quantiles, probabilities and joint
paths; everything else (intervals, probabilities of attainment) is built on it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from wqa.transforms import FloatArray, Transform

# The log of a Student t has no mean, so the mean is taken over the central 98 % (50 quantiles).
MEAN_GRID = 0.01 + 0.98 * (np.arange(50) + 0.5) / 50


class Distribution(Protocol):
    """What a predictive distribution over H horizons must offer."""

    @property
    def horizon(self) -> int:
        """Number of horizons H."""
        ...

    def quantile(self, p: float) -> FloatArray:
        """Return the quantile at probability `p` for each horizon, shape (H,)."""
        ...

    def cdf(self, x: float) -> FloatArray:
        """P(Y <= x) for each horizon, shape (H,)."""
        ...

    def below(self, x: float) -> FloatArray:
        """P(Y < x) for each horizon; differs from `cdf` where there is a point mass."""
        ...

    def sample(self, n: int, seed: int) -> FloatArray:
        """Joint paths, shape (n, H)."""
        ...


def central_mean(distribution: Distribution) -> FloatArray:
    """Mean over the central 98 % of a distribution.

    Parameters
    ----------
    distribution : Distribution
        Any predictive distribution.

    Returns
    -------
    numpy.ndarray
        Shape (H,), in the unit of the series. Average of evenly spaced quantiles
        between .01 and .99: finite also where the full mean is not (log scale with
        heavy tails).
    """
    total = np.zeros(distribution.horizon)
    for p in MEAN_GRID:
        total += distribution.quantile(float(p))
    return total / MEAN_GRID.size


def random_walk_correlation(horizon: int) -> FloatArray:
    """Correlation of a random walk at steps 1..H: sqrt(min / max).

    Parameters
    ----------
    horizon : int
        Number of steps H.

    Returns
    -------
    numpy.ndarray
        Shape (H, H).
    """
    steps = np.arange(1, horizon + 1, dtype=float)
    return np.asarray(
        np.sqrt(np.minimum.outer(steps, steps) / np.maximum.outer(steps, steps)), dtype=float
    )


@dataclass(frozen=True)
class StudentPaths:
    """Student t on the model scale, mapped back within the bounds.

    Parameters
    ----------
    transform : Transform
        Map between the published and the model scale.
    mean, scale : numpy.ndarray
        Centre and spread per horizon on the model scale, shape (H,).
    df : float
        Degrees of freedom; infinity for a normal.
    corr : numpy.ndarray
        Correlation between horizons, shape (H, H), used for joint paths.
    """

    transform: Transform
    mean: FloatArray
    scale: FloatArray
    df: float
    corr: FloatArray

    @property
    def horizon(self) -> int:
        """Number of horizons."""
        return int(self.mean.size)

    def quantile(self, p: float) -> FloatArray:
        """Return the quantile at probability `p` for each horizon, shape (H,)."""
        return self.transform.inverse(self.mean + self.scale * _t_quantile(p, self.df))

    def cdf(self, x: float) -> FloatArray:
        """P(Y <= x) for each horizon, shape (H,)."""
        if x < self.transform.lower:
            return np.zeros(self.horizon)
        if x >= self.transform.upper:
            return np.ones(self.horizon)
        return self._t_cdf(x)

    def below(self, x: float) -> FloatArray:
        """P(Y < x) for each horizon, shape (H,)."""
        if x <= self.transform.lower:
            return np.zeros(self.horizon)
        if x > self.transform.upper:
            return np.ones(self.horizon)
        return self._t_cdf(x)

    def _t_cdf(self, x: float) -> FloatArray:
        from scipy import special

        z = (self.transform.forward(x) - self.mean) / self.scale
        if np.isinf(self.df):
            return np.asarray(special.ndtr(z), dtype=float)
        return np.asarray(special.stdtr(self.df, z), dtype=float)

    def sample(self, n: int, seed: int) -> FloatArray:
        """Joint paths, shape (n, H); one common chi-square factor per path."""
        rng = np.random.default_rng(seed)
        root = np.linalg.cholesky(self.corr + 1e-10 * np.eye(self.horizon))
        shocks = rng.standard_normal((n, self.horizon)) @ root.T
        if not np.isinf(self.df):
            shocks *= np.sqrt(self.df / rng.chisquare(self.df, size=(n, 1)))
        return self.transform.inverse(self.mean + self.scale * shocks)


def _t_quantile(p: float, df: float) -> float:
    from scipy import special

    if np.isinf(df):
        return float(special.ndtri(p))
    return float(special.stdtrit(df, p))
