"""The result of a forecast, and the pooled model seen through the common protocol."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from wqa.errors import ForecastError
from wqa.forecasts.annual_series import IntArray
from wqa.forecasts.distributions import TAIL, Distribution, Points
from wqa.forecasts.inputs import finite_number, whole_number
from wqa.forecasts.probabilities import attained
from wqa.transforms import FloatArray

if TYPE_CHECKING:
    import pandas as pd

    from wqa.forecasts.pooled import Predictive


# Probabilities between whose quantiles the mean is integrated, and nodes of each stretch.
MEAN_KNOTS = (TAIL, 0.1, 0.5, 0.9, 1.0 - TAIL)
# Nearer to 0 or 1 a quantile is not told apart.
TINY = 1e-9
GAUSS = tuple(zip(*np.polynomial.legendre.leggauss(3), strict=True))


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
    distribution : Distribution
        The predictive distribution itself.
    levels : tuple of float
        Levels of the intervals in ``frame``, in percent.
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
    distribution: Distribution = field(repr=False)
    levels: tuple[float, ...]
    notes: tuple[str, ...] = ()

    @cached_property
    def frame(self) -> pd.DataFrame:
        """One row per year, values in the unit of the series; made when first asked for.

        Columns model, origin, year, h, mean, median, lo_80, hi_80, lo_95, hi_95,
        fallback, n_points, prior_weight.
        """
        import pandas as pd

        columns: dict[str, Any] = {
            "model": self.model,
            "origin": self.origin,
            "year": self.years,
            "h": np.arange(1, self.horizon + 1),
            **summary(self.distribution, self.levels, mean=True),
            "fallback": self.fallback,
            "n_points": self.n_points,
            "prior_weight": self.prior_weight,
        }
        return pd.DataFrame(columns)

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
        if not TINY < finite_number(p, "p", "not a probability") < 1.0 - TINY:
            raise ForecastError("not a probability", where="p", got=p, expected="0 < p < 1")
        return float(self.distribution.quantile(float(p))[self._at(year)])

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
            If `x` is no number or the year is not forecast.
        """
        return float(self.distribution.cdf(finite_number(x, "x"))[self._at(year)])

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
        goal = finite_number(target, "target", "the target is not a number")
        reached = attained(self.distribution, goal, comparator, decimals)
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
            If `n` is not a positive or `seed` a negative whole number.
        """
        if whole_number(n, "n") < 1 or whole_number(seed, "seed") < 0:
            raise ForecastError(
                "no paths asked for, or no seed",
                where="n, seed",
                got=(n, seed),
                expected="1 or more, 0 or more",
            )
        return self.distribution.sample(int(n), int(seed))

    def _at(self, year: int | None) -> int:
        if year is None:
            return self.horizon - 1
        at = whole_number(year, "year") - self.origin - 1
        if not 0 <= at < self.horizon:
            raise ForecastError(
                "not a forecast year",
                where="year",
                got=year,
                expected=f"{int(self.years[0])} to {int(self.years[-1])}",
                fix="Forecast with target_year= that year.",
            )
        return at


def summary(
    distribution: Distribution, levels: tuple[float, ...], *, mean: bool
) -> dict[str, FloatArray]:
    """Columns that describe a distribution: mean, median and limits of intervals.

    Parameters
    ----------
    distribution : Distribution
        Predictive distribution, of one series or of S.
    levels : tuple of float
        Levels of the intervals in percent.
    mean : bool
        Whether to give the mean.

    Returns
    -------
    dict
        Arrays of shape (H,) or (S, H): (mean), median, lo_80, hi_80, ...
    """
    limits = {"median": distribution.quantile(0.5)}
    for level in levels:
        tail = (1.0 - level / 100.0) / 2.0
        limits[f"lo_{level:g}"] = distribution.quantile(tail)
        limits[f"hi_{level:g}"] = distribution.quantile(1.0 - tail)
    return {"mean": distribution.mean(), **limits} if mean else limits


@dataclass(frozen=True)
class PooledRows:
    """Series of the pooled model, seen through the common protocol.

    Parameters
    ----------
    fit : wqa.forecasts.pooled.Predictive
        Predictive distributions of S series.
    row : int, optional
        One of the series; shapes are then (H,) instead of (S, H).
    """

    fit: Predictive
    row: int | None = None
    # Quantiles already computed: the mean and the limits of intervals share them.
    _found: dict[float, FloatArray] = field(default_factory=dict, repr=False)

    @property
    def horizon(self) -> int:
        """Number of horizons."""
        return int(self.fit.loc.shape[-1])

    def quantile(self, p: float) -> FloatArray:
        """Return the quantile at probability `p`."""
        key = round(p, 12)
        if key not in self._found:
            self._found[key] = np.asarray(self.fit.quantile(key), dtype=float)
        return self._pick(self._found[key])

    def cdf(self, x: Points) -> FloatArray:
        """P(Y <= x)."""
        return self._pick(self.fit.cdf(x))

    def below(self, x: Points) -> FloatArray:
        """P(Y < x)."""
        return self._pick(self.fit.cdf(x, strict=True))

    def mean(self) -> FloatArray:
        """Mean over the central 95 %.

        The integral of 1 - F between the outer quantiles, by Gauss-Legendre quadrature
        on the stretches between inner ones: an average of quantiles would need an
        inversion per node.
        """
        knots = [self.quantile(p) for p in MEAN_KNOTS]
        total = np.zeros_like(knots[0])
        for low, high in pairwise(knots):
            middle, half = 0.5 * (low + high), 0.5 * (high - low)
            for node, weight in GAUSS:
                total += weight * half * (1.0 - TAIL - self.cdf(middle + half * node))
        mean = knots[0] + total / (1.0 - 2.0 * TAIL)
        return np.asarray(np.clip(mean, knots[0], knots[-1]), dtype=float)

    def sample(self, n: int, seed: int) -> FloatArray:
        """Joint paths, shape (n, H) or (S, n, H)."""
        return self._pick(self.fit.sample(n, seed))

    def _pick(self, found: FloatArray) -> FloatArray:
        return found if self.row is None else np.asarray(found[self.row], dtype=float)
