"""Intervals widened by the errors that comparable series really had.

The errors of a model on a panel, at every past origin, are scaled by the usual
yearly change of the series and the square root of the horizon and pooled by
horizon. The finite-sample conformal quantile of these errors replaces the width
that the model believes in (Vovk, Gammerman and Shafer 2005, Algorithmic Learning
in a Random World, chapter 2).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from wqa.forecasts.distributions import Distribution
from wqa.forecasts.intervals import conformal_quantile
from wqa.forecasts.models import PRIOR_POINTS, TYPICAL_CHANGE, yearly_steps
from wqa.transforms import FloatArray, Transform


def yearly_unit(z: FloatArray, family: str) -> float:
    """Typical yearly change on the model scale, steadied by the prior.

    Parameters
    ----------
    z : numpy.ndarray
        Series on the model scale, NaN for missing years.
    family : str
        Family of the series.

    Returns
    -------
    float
        Root mean square change per square root of a year, above 0.
    """
    steps, gaps = yearly_steps(z)
    squares = float(np.sum(steps**2 / gaps))
    prior = PRIOR_POINTS * TYPICAL_CHANGE[family] ** 2
    return float(np.sqrt((squares + prior) / (steps.size + PRIOR_POINTS)))


@dataclass(frozen=True)
class Widened:
    """A distribution around the median of `base` with the spread of pooled errors.

    Parameters
    ----------
    base : Distribution
        The model's own distribution.
    transform : Transform
        Model scale on which errors are measured.
    unit : float
        Typical yearly change on the model scale.
    errors : tuple of numpy.ndarray
        Sorted absolute scaled errors of past forecasts, one array per horizon.
    """

    base: Distribution
    transform: Transform
    unit: float
    errors: tuple[FloatArray, ...]

    @property
    def horizon(self) -> int:
        """Number of horizons."""
        return self.base.horizon

    @property
    def n_errors(self) -> tuple[int, ...]:
        """Number of errors behind each horizon."""
        return tuple(int(e.size) for e in self.errors)

    def quantile(self, p: float) -> FloatArray:
        """Return the quantile at probability `p` for each horizon, shape (H,).

        Where the errors are too few for `p`, the largest error or the model's own
        quantile is used, whichever is wider.
        """
        level = abs(2.0 * p - 1.0)
        middle = self._middle()
        own = np.abs(self.transform.forward(self.base.quantile(p)) - middle) / self._scale()
        reach = np.zeros(self.horizon)
        for i, errors in enumerate(self.errors):
            wide = conformal_quantile(errors, 100.0 * level) if level > 0 else 0.0
            reach[i] = wide if np.isfinite(wide) else self._beyond(errors, float(own[i]))
        return self.transform.inverse(middle + np.sign(p - 0.5) * reach * self._scale())

    def cdf(self, x: float) -> FloatArray:
        """P(Y <= x) for each horizon, shape (H,)."""
        if x < self.transform.lower:
            return np.zeros(self.horizon)
        if x >= self.transform.upper:
            return np.ones(self.horizon)
        return self._within(x)

    def below(self, x: float) -> FloatArray:
        """P(Y < x) for each horizon, shape (H,)."""
        if x <= self.transform.lower:
            return np.zeros(self.horizon)
        if x > self.transform.upper:
            return np.ones(self.horizon)
        return self._within(x)

    def sample(self, n: int, seed: int) -> FloatArray:
        """Joint paths, shape (n, H): the ranks of the model's paths with these widths."""
        paths = self.base.sample(n, seed)
        grid = (np.arange(n) + 0.5) / n
        out = np.empty_like(paths)
        marginals = np.array([self.quantile(float(p)) for p in grid])
        for i in range(self.horizon):
            out[np.argsort(paths[:, i], kind="stable"), i] = marginals[:, i]
        return out

    def _middle(self) -> FloatArray:
        return self.transform.forward(self.base.quantile(0.5))

    def _scale(self) -> FloatArray:
        return np.asarray(self.unit * np.sqrt(np.arange(1.0, self.horizon + 1.0)), dtype=float)

    @staticmethod
    def _beyond(errors: FloatArray, own: float) -> float:
        return max(own, float(errors[-1])) if errors.size else own

    def _within(self, x: float) -> FloatArray:
        away = (self.transform.forward(x) - self._middle()) / self._scale()
        own = np.abs(2.0 * self.base.cdf(x) - 1.0)
        share = np.empty(self.horizon)
        for i, errors in enumerate(self.errors):
            inside = int(np.searchsorted(errors, abs(away[i]), side="right"))
            share[i] = inside / (errors.size + 1.0)
            if inside == errors.size:
                # Past the largest error only the model itself can tell the tail.
                share[i] = max(share[i], float(own[i])) if errors.size else float(own[i])
        return np.asarray(0.5 + 0.5 * np.sign(away) * share, dtype=float)
