"""Forecasts of short annual series: one function, one result, any model.

A forecast is a predictive distribution for each of the next years. Intervals,
probabilities of attainment and joint paths all come from that distribution.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from wqa.annual_series import AnnualSeries, IntArray, annual_series, resolve_horizon
from wqa.distributions import Distribution, StudentPaths, central_mean
from wqa.errors import ForecastError
from wqa.models import MEMBERS, TYPICAL_CHANGE, fit_member
from wqa.probabilities import attained
from wqa.transforms import LOGIT_FAMILIES, FloatArray, make_transform

if TYPE_CHECKING:
    import pandas as pd

    from wqa.pooled import Predictive

FAMILIES = ("percent", "score", "rate", "count", "positive", "index")
MODELS = ("pooled", *MEMBERS, "poisson_gamma", "glm_poisson", "glm_binomial")
DEFAULT_LEVELS = (80, 95)


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
class _PooledRow:
    """One series of the pooled model, seen through the common protocol."""

    predictive: Predictive

    @property
    def horizon(self) -> int:
        return int(self.predictive.loc.shape[-1])

    def quantile(self, p: float) -> FloatArray:
        return np.asarray(self.predictive.quantile(p)[0], dtype=float)

    def cdf(self, x: float) -> FloatArray:
        return np.asarray(self.predictive.cdf(x)[0], dtype=float)

    def below(self, x: float) -> FloatArray:
        return np.asarray(self.predictive.cdf(x, strict=True)[0], dtype=float)

    def sample(self, n: int, seed: int) -> FloatArray:
        return np.asarray(self.predictive.sample(n, seed)[0], dtype=float)


@dataclass(frozen=True)
class _Answer:
    """What a model gives back to the facade."""

    distribution: Distribution
    prior_weight: float
    mean: FloatArray
    fallback: str = ""
    notes: tuple[str, ...] = ()


def forecast(
    values: Any,
    years: Any = None,
    *,
    family: str = "percent",
    lower: float | None = None,
    upper: float | None = None,
    horizon: int | None = None,
    target_year: int | None = None,
    exposure: Any = None,
    denominators: Any = None,
    future_exposure: Any = None,
    future_denominator: float | None = None,
    model: str = "pooled",
    levels: Sequence[float] = DEFAULT_LEVELS,
    panel: pd.DataFrame | None = None,
    seed: int = 0,
) -> Forecast:
    """Forecast one annual series, from one value upward.

    Parameters
    ----------
    values : array_like or pandas.Series
        Annual values in the unit of the series; NaN for a missing year. A pandas
        Series brings its years as index.
    years : array_like of int, optional
        Years of the values, increasing, each once. Default 1, 2, 3, ... A year that is
        left out is a missing year. Missing years are never interpolated.
    family : {'percent', 'score', 'rate', 'count', 'positive', 'index'}, optional
        Kind of quantity.
    lower, upper : float, optional
        Bounds; default 0 to 100 for percentages and scores, 0 to infinity otherwise.
    horizon : int, optional
        Years ahead of the last observed year, 1 to 50; default 5.
    target_year : int, optional
        Last year to forecast, instead of `horizon`.
    model : str, optional
        One of ``MODELS``; default the pooled model.
    levels : sequence of float, optional
        Levels of the intervals in percent, columns ``lo_80``, ``hi_80``, ...
    seed : int, optional
        Seed of anything simulated.

    Returns
    -------
    Forecast
        Predictive distribution with its frame.

    Raises
    ------
    ForecastError
        If the input has no answer; the message says what, where and what to do.

    Examples
    --------
    >>> f = forecast([98.0, 98.2, 98.1], [2018, 2019, 2020], target_year=2025)
    >>> f.frame.year.tolist()
    [2021, 2022, 2023, 2024, 2025]
    """
    _check_choice(family, model)
    levels = check_levels(levels)
    series = annual_series(values, years, family=_family(family), lower=lower, upper=upper)
    steps = resolve_horizon(series.origin, horizon, target_year)
    if model == "pooled":
        answer = _pooled_answer(series, steps, family, lower, upper)
    else:
        answer = _member_answer(model, series, steps, family, lower, upper)
    return _assemble(model, answer, series, family, steps, levels)


def check_levels(levels: Sequence[float]) -> tuple[float, ...]:
    """Check interval levels.

    Parameters
    ----------
    levels : sequence of float
        Levels in percent, above 0 and below 100.

    Returns
    -------
    tuple of float
        The levels; whole numbers as int.

    Raises
    ------
    ForecastError
        If a level is not a number between 0 and 100.
    """
    out: list[float] = []
    for level in np.atleast_1d(np.asarray(levels, dtype=object)):
        good = isinstance(level, int | float | np.number) and not isinstance(level, bool)
        if not good or not 0 < float(level) < 100:
            raise ForecastError(
                "not an interval level",
                where="levels",
                got=level,
                expected="percent between 0 and 100, such as 80",
            )
        out.append(int(level) if float(level).is_integer() else float(level))
    return tuple(out)


def _check_choice(family: str, model: str) -> None:
    for name, got, known in (("family", family, FAMILIES), ("model", model, MODELS)):
        if got not in known:
            raise ForecastError(f"unknown {name}", where=name, got=got, expected=" or ".join(known))


def _family(family: str) -> str:
    # An index has no bounds of its own; for the simple members it is a positive quantity.
    return "positive" if family == "index" else family


def _pooled_answer(
    series: AnnualSeries, horizon: int, family: str, lower: float | None, upper: float | None
) -> _Answer:
    from wqa import pooled

    predictive = pooled.predict(
        series.values[None, :], horizon, family=family, lower=lower, upper=upper
    )
    return _Answer(_PooledRow(predictive), float(predictive.prior_weight[0]), predictive.mean()[0])


def _member_answer(
    model: str,
    series: AnnualSeries,
    horizon: int,
    family: str,
    lower: float | None,
    upper: float | None,
) -> _Answer:
    kind = _family(family)
    transform = make_transform(series.values, kind, lower, upper)
    fit = fit_member(model, transform.forward(series.values), horizon, TYPICAL_CHANGE[kind])
    distribution = StudentPaths(transform, fit.mean, fit.scale, fit.df, fit.corr)
    return _Answer(
        distribution, fit.prior_weight, central_mean(distribution), fit.fallback, fit.notes
    )


def _assemble(
    model: str,
    answer: _Answer,
    series: AnnualSeries,
    family: str,
    horizon: int,
    levels: Sequence[float],
) -> Forecast:
    import pandas as pd

    from wqa.pooled import evidence_class

    years = series.origin + np.arange(1, horizon + 1, dtype=np.int64)
    columns: dict[str, Any] = {
        "model": model,
        "origin": series.origin,
        "year": years,
        "h": np.arange(1, horizon + 1),
        "mean": answer.mean,
        "median": answer.distribution.quantile(0.5),
    }
    for level in levels:
        tail = (1.0 - level / 100.0) / 2.0
        columns[f"lo_{level:g}"] = answer.distribution.quantile(tail)
        columns[f"hi_{level:g}"] = answer.distribution.quantile(1.0 - tail)
    columns |= {
        "fallback": answer.fallback,
        "n_points": series.n_points,
        "prior_weight": answer.prior_weight,
    }
    return Forecast(
        model=model,
        fallback=answer.fallback,
        family=family,
        origin=series.origin,
        years=years,
        n_points=series.n_points,
        prior_weight=answer.prior_weight,
        # Only the default model has a published calibration; the others cover less than they say.
        evidence_class=evidence_class(series.n_points, answer.prior_weight, family)
        if model == "pooled"
        else "weak",
        frame=pd.DataFrame(columns),
        distribution=answer.distribution,
        notes=answer.notes,
    )
