"""The result of a forecast, and the pooled model seen through the common protocol."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from wqa.errors import ForecastError
from wqa.forecasts.annual_series import IntArray
from wqa.forecasts.distributions import Distribution
from wqa.forecasts.probabilities import attained
from wqa.transforms import FloatArray

if TYPE_CHECKING:
    import pandas as pd

    from wqa.forecasts.pooled import Predictive


# Share left out at either end of a mean, and nodes of its integral (error below .1 % of the
# spread, also on the power scale of a single value).
TAIL = 0.01
QUADRATURE = 24


@dataclass(frozen=True)
class Forecast:
    """Predictive distribution of one indicator for the years after its last value.

    Parameters
    ----------
    model : str
        Model that was asked for.
    fallback : str
        Empty, or "<model used>: <reason>" when the model could not answer.
    family : str
        Kind of quantity.
    origin : int
        Last observed year.
    years : numpy.ndarray
        Forecast years, origin + 1, ..., origin + H.
    n_points : int
        Number of observed years.
    prior_weight : float
        Share of the evidence that comes from the prior, 0 to 1.
    evidence_class : str
        How far probabilities of this kind have been tested.
    frame : pandas.DataFrame
        One row per year: model, origin, year, h, mean, median, lo_80, hi_80, lo_95,
        hi_95, fallback, n_points, prior_weight. Values in the unit of the series.
    distribution : Distribution
        The predictive distribution itself.
    notes : tuple of str
        Assumptions made and warnings caught on the way.
    """

    model: str
    fallback: str
    family: str
    origin: int
    years: IntArray
    n_points: int
    prior_weight: float
    evidence_class: str
    frame: pd.DataFrame = field(repr=False)
    distribution: Distribution = field(repr=False)
    notes: tuple[str, ...] = ()

    @property
    def horizon(self) -> int:
        """Number of forecast years."""
        return int(self.years.size)

    def quantile(self, p: float, year: int | None = None) -> float:
        """Value that is not exceeded with probability `p`.

        Parameters
        ----------
        p : float
            Probability, 0 < p < 1.
        year : int, optional
            Forecast year; default the last one.

        Returns
        -------
        float
            Quantile in the unit of the series.

        Raises
        ------
        ForecastError
            If `p` is no probability or the year is not forecast.
        """
        if not 0.0 < p < 1.0:
            raise ForecastError("not a probability", where="p", got=p, expected="0 < p < 1")
        return float(self.distribution.quantile(p)[self._at(year)])

    def cdf(self, x: float, year: int | None = None) -> float:
        """Probability of a value of at most `x`.

        Parameters
        ----------
        x : float
            Value in the unit of the series.
        year : int, optional
            Forecast year; default the last one.

        Returns
        -------
        float
            Probability, 0 to 1.

        Raises
        ------
        ForecastError
            If the year is not forecast.
        """
        return float(self.distribution.cdf(float(x))[self._at(year)])

    def p_attain(
        self,
        target: float,
        comparator: str = ">=",
        year: int | None = None,
        decimals: int | None = None,
    ) -> float:
        """Probability that the published value of a year meets a target.

        Parameters
        ----------
        target : float
            Target in the unit of the series.
        comparator : {'>=', '>', '<=', '<', '=='}, optional
            How the published value is compared with the target.
        year : int, optional
            Forecast year; default the last one.
        decimals : int, optional
            Decimals of the published value, which is rounded half up before it is
            compared; None compares unrounded values.

        Returns
        -------
        float
            Probability, 0 to 1.

        Raises
        ------
        ForecastError
            If the comparator is unknown, the target is no number or the year is not
            forecast.
        """
        reached = attained(self.distribution, float(target), comparator, decimals)
        return float(reached[self._at(year)])

    def sample(self, n: int, seed: int = 0) -> FloatArray:
        """Joint paths of the forecast years.

        Parameters
        ----------
        n : int
            Number of paths.
        seed : int, optional
            Seed of the generator; the same seed gives the same paths.

        Returns
        -------
        numpy.ndarray
            Shape (n, H), in the unit of the series.

        Raises
        ------
        ForecastError
            If `n` is not positive.
        """
        if n < 1:
            raise ForecastError("no paths asked for", where="n", got=n, expected="1 or more")
        return self.distribution.sample(int(n), int(seed))

    def _at(self, year: int | None) -> int:
        if year is None:
            return self.horizon - 1
        at = int(year) - self.origin - 1
        if not 0 <= at < self.horizon:
            raise ForecastError(
                "not a forecast year",
                where="year",
                got=year,
                expected=f"{int(self.years[0])} to {int(self.years[-1])}",
                fix="Forecast with target_year= that year.",
            )
        return at


@dataclass(frozen=True)
class PooledRow:
    """One series of the pooled model, seen through the common protocol.

    Parameters
    ----------
    predictive : wqa.forecasts.pooled.Predictive
        Predictive distribution of exactly one series.
    """

    predictive: Predictive

    @property
    def horizon(self) -> int:
        """Number of horizons."""
        return int(self.predictive.loc.shape[-1])

    def quantile(self, p: float) -> FloatArray:
        """Return the quantile at probability `p` for each horizon, shape (H,)."""
        return np.asarray(self.predictive.quantile(p)[0], dtype=float)

    def cdf(self, x: float) -> FloatArray:
        """P(Y <= x) for each horizon, shape (H,)."""
        return np.asarray(self.predictive.cdf(x)[0], dtype=float)

    def below(self, x: float) -> FloatArray:
        """P(Y < x) for each horizon, shape (H,)."""
        return np.asarray(self.predictive.cdf(x, strict=True)[0], dtype=float)

    def sample(self, n: int, seed: int) -> FloatArray:
        """Joint paths, shape (n, H)."""
        return np.asarray(self.predictive.sample(n, seed)[0], dtype=float)


def pooled_mean(fit: Predictive) -> FloatArray:
    """Mean over the central 98 % of pooled predictive distributions.

    Parameters
    ----------
    fit : wqa.forecasts.pooled.Predictive
        Predictive distributions of S series.

    Returns
    -------
    numpy.ndarray
        Shape (S, H), in the unit of the series: the integral of 1 - F between the
        outer quantiles, by Gauss-Legendre quadrature. An average of quantiles would
        need an inversion per node.
    """
    low, high = fit.quantile(TAIL), fit.quantile(1.0 - TAIL)
    middle, half = 0.5 * (low + high), 0.5 * (high - low)
    total = np.zeros_like(low)
    for node, weight in zip(*np.polynomial.legendre.leggauss(QUADRATURE), strict=True):
        share = (fit.cdf(middle + half * node) - TAIL) / (1.0 - 2.0 * TAIL)
        total += weight * (1.0 - np.clip(share, 0.0, 1.0))
    return np.asarray(np.clip(low + half * total, low, high), dtype=float)
