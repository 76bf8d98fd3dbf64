"""Predictive distributions of the simple members, behind one small protocol.

A distribution over horizons 1..H offers quantiles, probabilities and joint
paths; everything else (intervals, probabilities of attainment) is built on it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from wqa.transforms import FloatArray, Transform

Points = npt.ArrayLike

# Share left out at either end of a mean: on a power or log scale a Student t has no full mean.
TAIL = 0.025
MEAN_NODES = 50


class Distribution(Protocol):
    """What a predictive distribution over H horizons must offer.

    The points of `cdf` and `below` are one number, or one per horizon.
    """

    @property
    def horizon(self) -> int:
        """Number of horizons H."""
        ...

    def quantile(self, p: float) -> FloatArray:
        """Return the quantile at probability `p` for each horizon, shape (H,)."""
        ...

    def cdf(self, x: Points) -> FloatArray:
        """P(Y <= x) for each horizon, shape (H,)."""
        ...

    def below(self, x: Points) -> FloatArray:
        """P(Y < x) for each horizon; differs from `cdf` where there is a point mass."""
        ...

    def mean(self) -> FloatArray:
        """Mean over the central 95 %, shape (H,)."""
        ...

    def sample(self, n: int, seed: int) -> FloatArray:
        """Joint paths, shape (n, H)."""
        ...


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
class OnScale:
    """What distributions on a model scale with bounds have in common.

    Parameters
    ----------
    transform : Transform
        Map between the published and the model scale.
    """

    transform: Transform

    @property
    def horizon(self) -> int:
        """Number of horizons."""
        raise NotImplementedError

    def quantile(self, p: float) -> FloatArray:
        """Return the quantile at probability `p` for each horizon, shape (H,)."""
        raise NotImplementedError

    def mean(self) -> FloatArray:
        """Mean over the central 95 %, shape (H,)."""
        grid = TAIL + (1.0 - 2.0 * TAIL) * (np.arange(MEAN_NODES) + 0.5) / MEAN_NODES
        return np.asarray(np.mean([self.quantile(float(p)) for p in grid], axis=0))

    def cdf(self, x: Points) -> FloatArray:
        """P(Y <= x) for each horizon, shape (H,)."""
        y = np.asarray(x, dtype=float)
        inside = np.where(y >= self.transform.upper, 1.0, self._within(y))
        return np.asarray(np.where(y < self.transform.lower, 0.0, inside), dtype=float)

    def below(self, x: Points) -> FloatArray:
        """P(Y < x) for each horizon, shape (H,)."""
        y = np.asarray(x, dtype=float)
        inside = np.where(y > self.transform.upper, 1.0, self._within(y))
        return np.asarray(np.where(y <= self.transform.lower, 0.0, inside), dtype=float)

    def _within(self, y: FloatArray) -> FloatArray:
        """Distribution function between the bounds, shape (H,)."""
        raise NotImplementedError


@dataclass(frozen=True)
class StudentPaths(OnScale):
    """Student t on the model scale, mapped back within the bounds.

    Parameters
    ----------
    centre, scale : numpy.ndarray
        Centre and spread per horizon on the model scale, shape (H,).
    df : float
        Degrees of freedom; infinity for a normal.
    corr : numpy.ndarray
        Correlation between horizons, shape (H, H), used for joint paths.
    """

    centre: FloatArray
    scale: FloatArray
    df: float
    corr: FloatArray

    @property
    def horizon(self) -> int:
        """Number of horizons."""
        return int(self.centre.size)

    def quantile(self, p: float) -> FloatArray:
        """Return the quantile at probability `p` for each horizon, shape (H,)."""
        return self.transform.inverse(self.centre + self.scale * _t_quantile(p, self.df))

    def _within(self, y: FloatArray) -> FloatArray:
        from scipy import special

        z = (self.transform.forward(y) - self.centre) / self.scale
        t = special.ndtr(z) if np.isinf(self.df) else special.stdtr(self.df, z)
        return np.asarray(t, dtype=float)

    def sample(self, n: int, seed: int) -> FloatArray:
        """Joint paths, shape (n, H); one common chi-square factor per path."""
        rng = np.random.default_rng(seed)
        root = np.linalg.cholesky(self.corr + 1e-10 * np.eye(self.horizon))
        shocks = rng.standard_normal((n, self.horizon)) @ root.T
        if not np.isinf(self.df):
            shocks *= np.sqrt(self.df / rng.chisquare(self.df, size=(n, 1)))
        return self.transform.inverse(self.centre + self.scale * shocks)


def _t_quantile(p: float, df: float) -> float:
    from scipy import special

    return float(special.ndtri(p) if np.isinf(df) else special.stdtrit(df, p))
