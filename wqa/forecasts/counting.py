"""What will be read off when a rate is counted: distributions of published numbers.

A published number differs from the true rate because it is counted: deaths are
Poisson given the rate and the exposure, passed samples are binomial given the
pass rate and the number tested. The classes here put that counting on top of a
distribution of the true rate.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from wqa.forecasts.distributions import Distribution, Points
from wqa.transforms import FloatArray

# Evenly spaced probabilities at which a distribution of the true rate is averaged over.
NODES = (np.arange(80) + 0.5) / 80.0
# Quantiles are computed at these normal scores only and interpolated for the nodes between:
# an inversion costs far more than an interpolation, and quantiles are smooth in the score.
KNOTS = np.linspace(-2.5, 2.5, 21)
# Counts are whole numbers stored in binary; this restores equality after a division.
SLACK = 1e-9


@dataclass(frozen=True)
class GammaRate:
    """Gamma distribution of a constant event rate, the same in all future years.

    Parameters
    ----------
    shape : float
        Prior events plus observed events.
    exposure : float
        Prior plus observed exposure.
    steps : int
        Number of future years.
    """

    shape: float
    exposure: float
    steps: int

    @property
    def horizon(self) -> int:
        """Number of future years."""
        return self.steps

    def quantile(self, p: float) -> FloatArray:
        """Return the quantile of the rate, shape (H,)."""
        from scipy import special

        value = float(special.gammaincinv(self.shape, p)) / self.exposure
        return np.full(self.steps, value)

    def cdf(self, x: Points) -> FloatArray:
        """P(rate <= x), shape (H,)."""
        from scipy import special

        value = special.gammainc(self.shape, np.maximum(x, 0.0) * self.exposure)
        return np.broadcast_to(value, (self.steps,)).astype(float)

    def below(self, x: Points) -> FloatArray:
        """P(rate < x), shape (H,)."""
        return self.cdf(x)

    def mean(self) -> FloatArray:
        """Mean of the rate, shape (H,)."""
        return np.full(self.steps, self.shape / self.exposure)

    def sample(self, n: int, seed: int) -> FloatArray:
        """Draw rates; one rate per path, shape (n, H)."""
        draws = np.random.default_rng(seed).gamma(self.shape, 1.0 / self.exposure, size=(n, 1))
        return np.repeat(draws, self.steps, axis=1)


@dataclass(frozen=True)
class CountedEvents:
    """Numbers of events (or events per exposure) given a distribution of the rate.

    Parameters
    ----------
    rate : Distribution
        Distribution of the true rate per unit of exposure.
    exposure : numpy.ndarray
        Exposure of each future year, shape (H,).
    dispersion : float
        Variance of the count over its mean, given the rate; 1 for Poisson.
    as_rate : bool
        Give events per unit of exposure instead of numbers of events.
    """

    rate: Distribution
    exposure: FloatArray
    dispersion: float = 1.0
    as_rate: bool = False

    @property
    def horizon(self) -> int:
        """Number of future years."""
        return int(self.exposure.size)

    def cdf(self, x: Points) -> FloatArray:
        """P(Y <= x) for each horizon, shape (H,)."""
        return self._count_cdf(np.floor(self._counts(x) + SLACK))

    def below(self, x: Points) -> FloatArray:
        """P(Y < x) for each horizon, shape (H,)."""
        return self._count_cdf(np.ceil(self._counts(x) - SLACK) - 1.0)

    def quantile(self, p: float) -> FloatArray:
        """Smallest value with P(Y <= value) >= p for each horizon, shape (H,)."""
        top = self.rate.quantile(max(p, 0.999)) * self.exposure * self.dispersion
        k = _smallest(self._count_cdf, p, 10.0 + 10.0 * top)
        return k / self.exposure if self.as_rate else k

    def mean(self) -> FloatArray:
        """Mean, shape (H,), as the distribution of the rate defines it."""
        mean = self.rate.mean()
        return mean if self.as_rate else mean * self.exposure

    def sample(self, n: int, seed: int) -> FloatArray:
        """Joint paths, shape (n, H): a path of the rate, then counts given it."""
        mean = self.rate.sample(n, seed) * self.exposure
        rng = np.random.default_rng([seed, 1])
        if self.dispersion > 1.0:
            mean = rng.gamma(mean / (self.dispersion - 1.0), self.dispersion - 1.0)
        counts = rng.poisson(np.minimum(mean, 1e15)).astype(float)
        return counts / self.exposure if self.as_rate else counts

    def _counts(self, x: Points) -> FloatArray:
        unit = self.exposure if self.as_rate else np.ones(self.horizon)
        return np.asarray(np.asarray(x, dtype=float) * unit)

    def _count_cdf(self, k: FloatArray) -> FloatArray:
        if isinstance(self.rate, GammaRate) and self.dispersion == 1.0:
            # Exact: Poisson with a gamma rate is negative binomial.
            odds = self.rate.exposure / (self.rate.exposure + self.exposure)
            return negative_binomial_cdf(k, self.rate.shape, odds)
        return np.asarray(self._given(k, self._means).mean(axis=0), dtype=float)

    @cached_property
    def _means(self) -> FloatArray:
        return _node_quantiles(self.rate) * self.exposure

    def _given(self, k: FloatArray, mean: FloatArray) -> FloatArray:
        from scipy import special

        mean = np.maximum(mean, 1e-300)
        if self.dispersion > 1.0:
            shape = mean / (self.dispersion - 1.0)
            return negative_binomial_cdf(k, shape, np.full(mean.shape, 1.0 / self.dispersion))
        exact = special.gammaincc(np.maximum(k, 0.0) + 1.0, mean)
        return np.asarray(np.where(k < 0, 0.0, exact), dtype=float)


@dataclass(frozen=True)
class PassedOfSamples:
    """Pass rate in percent that can only be a whole number out of n samples.

    Parameters
    ----------
    share : Distribution
        Distribution of a rate in percent; which one, the subclasses say.
    n : numpy.ndarray
        Number of samples (or effective number) of each future year, shape (H,).
    """

    share: Distribution
    n: FloatArray

    @property
    def horizon(self) -> int:
        """Number of future years."""
        return int(self.n.size)

    def cdf(self, x: Points) -> FloatArray:
        """P(Y <= x) for each horizon, shape (H,)."""
        return self._passed_cdf(np.floor(np.asarray(x) / 100.0 * self.n + SLACK))

    def below(self, x: Points) -> FloatArray:
        """P(Y < x) for each horizon, shape (H,)."""
        return self._passed_cdf(np.ceil(np.asarray(x) / 100.0 * self.n - SLACK) - 1.0)

    def mean(self) -> FloatArray:
        """Mean of the rate over its central 95 %, shape (H,)."""
        return self.share.mean()

    def _passed_cdf(self, k: FloatArray) -> FloatArray:
        """P(at most k samples pass) for each horizon, shape (H,)."""
        raise NotImplementedError


@dataclass(frozen=True)
class SampledShare(PassedOfSamples):
    """Published pass rate given a distribution `share` of the true one."""

    def quantile(self, p: float) -> FloatArray:
        """Smallest value with P(Y <= value) >= p for each horizon, shape (H,)."""
        return 100.0 * _smallest(self._passed_cdf, p, self.n) / self.n

    def sample(self, n: int, seed: int) -> FloatArray:
        """Joint paths in percent, shape (n, H)."""
        true = np.clip(self.share.sample(n, seed) / 100.0, 0.0, 1.0)
        drawn = np.random.default_rng([seed, 1]).binomial(self.n.astype(np.int64), true)
        return np.asarray(100.0 * drawn / self.n, dtype=float)

    def _passed_cdf(self, k: FloatArray) -> FloatArray:
        from scipy import special

        inside = np.clip(k, 0.0, self.n - 1.0)
        given = special.betainc(self.n - inside, inside + 1.0, 1.0 - self._shares)
        total = given.mean(axis=0)
        return np.asarray(np.where(k < 0, 0.0, np.where(k >= self.n, 1.0, total)), dtype=float)

    @cached_property
    def _shares(self) -> FloatArray:
        return np.clip(_node_quantiles(self.share) / 100.0, 0.0, 1.0)


@dataclass(frozen=True)
class WholeNumbers(PassedOfSamples):
    """Published pass rate given its distribution `share` as if any number could be read."""

    def quantile(self, p: float) -> FloatArray:
        """Smallest value with P(Y <= value) >= p for each horizon, shape (H,)."""
        return self._nearest(self.share.quantile(p))

    def sample(self, n: int, seed: int) -> FloatArray:
        """Joint paths in percent, shape (n, H)."""
        return self._nearest(self.share.sample(n, seed))

    def _nearest(self, rate: FloatArray) -> FloatArray:
        passed = np.ceil(rate / 100.0 * self.n - 0.5 - SLACK)
        return np.asarray(100.0 * np.clip(passed, 0.0, self.n) / self.n, dtype=float)

    def _passed_cdf(self, k: FloatArray) -> FloatArray:
        half_way = 100.0 * (np.clip(k, 0.0, self.n) + 0.5) / self.n
        reached = np.where(k >= self.n, 1.0, self.share.cdf(np.minimum(half_way, 100.0)))
        return np.asarray(np.where(k < 0, 0.0, reached), dtype=float)


def _node_quantiles(distribution: Distribution) -> FloatArray:
    """Quantiles at NODES, shape (nodes, H)."""
    from scipy import special

    at = np.array([distribution.quantile(float(p)) for p in special.ndtr(KNOTS)])
    scores = special.ndtri(NODES)
    return np.array([np.interp(scores, KNOTS, column) for column in at.T]).T


def negative_binomial_cdf(k: Any, shape: Any, success: Any) -> FloatArray:
    """P(Y <= k) of a negative binomial: the regularised beta I_success(shape, k + 1).

    Parameters
    ----------
    k : array_like
        Whole numbers; below 0 gives 0.
    shape : array_like
        Shape, above 0; need not be whole.
    success : array_like
        Success probability; the mean is shape (1 - success) / success.

    Returns
    -------
    numpy.ndarray
        Probabilities.
    """
    from scipy import special

    k = np.asarray(k, dtype=float)
    value = special.betainc(shape, np.maximum(k, 0.0) + 1.0, success)
    return np.asarray(np.where(k < 0, 0.0, value), dtype=float)


def _smallest(cdf: Any, p: float, top: FloatArray) -> FloatArray:
    """Smallest whole k per horizon with cdf(k) >= p, by bisection."""
    low = np.full(top.size, -1.0)
    high = np.maximum(np.ceil(top), 1.0)
    while True:
        short = cdf(high) < p
        if not short.any() or high.max() > 1e15:
            break
        high = np.where(short, 2.0 * high, high)
    while (high - low > 1.0).any():
        middle = np.floor(0.5 * (low + high))
        reached = cdf(middle) >= p
        high, low = np.where(reached, middle, high), np.where(reached, low, middle)
    return np.asarray(high, dtype=float)
