"""Probabilities that need whole paths: every year, sums, several conditions at once.

Paths are simulated with a stated seed, so the same call gives the same answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from wqa.errors import ForecastError
from wqa.forecasts.probabilities import meets, round_half_up
from wqa.transforms import FloatArray

DEFAULT_PATHS = 20_000


class HasPaths(Protocol):
    """What the joint probabilities need of a forecast."""

    @property
    def origin(self) -> int:
        """Last observed year."""
        ...

    @property
    def horizon(self) -> int:
        """Number of years ahead."""
        ...

    def sample(self, n: int, seed: int = 0) -> FloatArray:
        """Joint paths, shape (n, H)."""
        ...


def p_hold(
    forecast: HasPaths,
    target: float,
    comparator: str = ">=",
    *,
    end_year: int | None = None,
    decimals: int | None = None,
    n: int = DEFAULT_PATHS,
    seed: int = 0,
) -> float:
    """Probability that the target is met in every remaining year.

    Parameters
    ----------
    forecast : Forecast
        Forecast of the indicator; its years from origin + 1 on are the remaining ones.
    target : float
        Target value for each year.
    comparator : str, optional
        One of >=, >, <=, <, ==.
    end_year : int, optional
        Last year that counts; default the last forecast year.
    decimals : int, optional
        Decimals of the published value.
    n : int, optional
        Number of simulated paths.
    seed : int, optional
        Seed of the simulation.

    Returns
    -------
    float
        Share of joint paths that meet the target in all years.

    Raises
    ------
    ForecastError
        If `end_year` is not a forecast year.
    """
    paths = round_half_up(forecast.sample(n, seed), decimals)[:, : _steps(forecast, end_year)]
    return float(meets(paths, target, comparator).all(axis=1).mean())


def p_plan_sum(
    forecast: HasPaths,
    target: float,
    comparator: str = ">=",
    *,
    done: float = 0.0,
    end_year: int | None = None,
    n: int = DEFAULT_PATHS,
    seed: int = 0,
) -> float:
    """Probability that the sum over the plan period meets the target.

    Parameters
    ----------
    forecast : Forecast
        Forecast of the yearly flow.
    target : float
        Target of the sum.
    comparator : str, optional
        One of >=, >, <=, <, ==.
    done : float, optional
        Sum of the plan years already known.
    end_year : int, optional
        Last year of the plan; default the last forecast year.
    n, seed : int, optional
        Number of simulated paths and seed.

    Returns
    -------
    float
        Probability, 0 to 1.

    Raises
    ------
    ForecastError
        If `end_year` is not a forecast year.
    """
    sums = done + forecast.sample(n, seed)[:, : _steps(forecast, end_year)].sum(axis=1)
    return float(meets(sums, target, comparator).mean())


def p_compound(
    parts: Sequence[tuple[HasPaths, float, str]],
    year: int,
    *,
    decimals: int | None = None,
    n: int = DEFAULT_PATHS,
    seed: int = 0,
) -> float:
    """Probability that several targets are all met in one year.

    The parts are simulated independently of each other, which is an assumption:
    shocks common to all parts would make the joint success more likely than stated
    when each part is likely.

    Parameters
    ----------
    parts : sequence of (Forecast, float, str)
        Forecast, target and comparator of each condition.
    year : int
        Year in which all must hold.
    decimals : int, optional
        Decimals of the published values.
    n, seed : int, optional
        Number of simulated paths, and seed; part i uses seed + i.

    Returns
    -------
    float
        Probability, 0 to 1.

    Raises
    ------
    ForecastError
        If there are no parts or the year is not a forecast year of each.
    """
    if not parts:
        raise ForecastError("a compound target has no conditions", where="parts", got=[])
    joint = np.ones(n)
    for i, (forecast, target, comparator) in enumerate(parts):
        values = forecast.sample(n, seed + i)[:, _steps(forecast, year) - 1]
        joint *= meets(round_half_up(values, decimals), target, comparator)
    return float(joint.mean())


def p_difference(
    ours: HasPaths,
    reference: HasPaths,
    year: int,
    comparator: str = ">",
    *,
    margin: float = 0.0,
    decimals: int | None = None,
    n: int = DEFAULT_PATHS,
    seed: int = 0,
) -> float:
    """Probability that one indicator lies above (or below) another in a year.

    Both are simulated independently of each other (an assumption, see `p_compound`).

    Parameters
    ----------
    ours, reference : Forecast
        The two forecasts, in the same unit.
    year : int
        Year of the comparison.
    comparator : str, optional
        How ours - reference is compared with `margin`.
    margin : float, optional
        Required difference, in the unit of the series.
    decimals : int, optional
        Decimals of the published values.
    n, seed : int, optional
        Number of simulated paths, and seed; the reference uses seed + 1.

    Returns
    -------
    float
        Probability, 0 to 1.

    Raises
    ------
    ForecastError
        If the year is not a forecast year of both.
    """
    a = round_half_up(ours.sample(n, seed)[:, _steps(ours, year) - 1], decimals)
    b = round_half_up(reference.sample(n, seed + 1)[:, _steps(reference, year) - 1], decimals)
    return float(meets(a - b, margin, comparator).mean())


def _steps(forecast: HasPaths, year: int | None) -> int:
    if year is None:
        return forecast.horizon
    steps = int(year) - forecast.origin
    if not 1 <= steps <= forecast.horizon:
        raise ForecastError(
            "not a forecast year",
            where="year",
            got=year,
            expected=f"{forecast.origin + 1} to {forecast.origin + forecast.horizon}",
            fix="Forecast with target_year= that year.",
        )
    return steps
