"""Intervals widened by the errors that comparable series really had.

The errors of a model on a panel, at every past origin, are scaled by the usual
yearly change of the series and the square root of the horizon and pooled by
horizon. The finite-sample conformal quantile of these errors replaces the width
that the model believes in (Vovk, Gammerman and Shafer 2005, Algorithmic Learning
in a Random World, chapter 2).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from wqa.forecasts.distributions import Distribution, OnScale
from wqa.forecasts.intervals import conformal_quantile
from wqa.forecasts.models import PRIOR_POINTS, TYPICAL_CHANGE, yearly_steps
from wqa.transforms import FloatArray

# Probabilities at which the widths of simulated paths are computed.
PATH_NODES = 199


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
class Widened(OnScale):
    """A distribution around the median of `base` with the spread of pooled errors.

    `transform` is the model scale on which errors are measured.

    Parameters
    ----------
    base : Distribution
        The model's own distribution, of one series or of S.
    unit : float or numpy.ndarray
        Typical yearly change on the model scale; for S series of shape (S, 1).
    errors : tuple of numpy.ndarray
        Sorted absolute scaled errors of past forecasts, one array per horizon.
    """

    base: Distribution
    unit: float | FloatArray
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
        middle = self._middle
        own = np.abs(self.transform.forward(self.base.quantile(p)) - middle) / self._scale
        reach = np.zeros(own.shape)
        for h, errors in enumerate(self.errors):
            wide = conformal_quantile(errors, 100.0 * level) if level > 0 else 0.0
            far = np.maximum(own[..., h], errors[-1] if errors.size else 0.0)
            reach[..., h] = wide if np.isfinite(wide) else far
        return self.transform.inverse(middle + np.sign(p - 0.5) * reach * self._scale)

    def sample(self, n: int, seed: int) -> FloatArray:
        """Joint paths, shape (n, H): the ranks of the model's paths with these widths."""
        paths = self.base.sample(n, seed)
        grid = (np.arange(PATH_NODES) + 0.5) / PATH_NODES
        marginals = np.array([self.quantile(float(p)) for p in grid])
        share = (paths.argsort(axis=0).argsort(axis=0) + 0.5) / n
        columns = [np.interp(share[:, h], grid, marginals[:, h]) for h in range(self.horizon)]
        return np.stack(columns, axis=1)

    @cached_property
    def _middle(self) -> FloatArray:
        return self.transform.forward(self.base.quantile(0.5))

    @cached_property
    def _scale(self) -> FloatArray:
        return np.asarray(self.unit * np.sqrt(np.arange(1.0, self.horizon + 1.0)), dtype=float)

    def _within(self, y: FloatArray) -> FloatArray:
        away = (self.transform.forward(y) - self._middle) / self._scale
        own = np.abs(2.0 * self.base.cdf(y) - 1.0)
        share = np.empty(away.shape)
        for h, errors in enumerate(self.errors):
            inside = np.searchsorted(errors, np.abs(away[..., h]), side="right")
            share[..., h] = inside / (errors.size + 1.0)
            # Past the largest error only the model itself can tell the tail.
            beyond = inside == errors.size
            share[..., h] = np.where(beyond, np.maximum(share[..., h], own[..., h]), share[..., h])
        return np.asarray(0.5 + 0.5 * np.sign(away) * share, dtype=float)
