"""Probabilities of attainment from predictive distributions.

A target speaks about the published, rounded figure. With half-up rounding to d
decimals, round(y) >= T holds exactly when y >= T' - 0.5 / 10**d, where T' is T
moved up to the next printable value; the other comparators follow likewise.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any, Protocol

import numpy as np

from wqa.distributions import Distribution
from wqa.errors import ForecastError
from wqa.targets import COMPARATORS
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


def check_comparator(comparator: str) -> None:
    """Refuse an unknown comparator.

    Parameters
    ----------
    comparator : str
        Expected one of >=, >, <=, <, ==.

    Raises
    ------
    ForecastError
        If it is not one of these.
    """
    if comparator not in COMPARATORS:
        raise ForecastError(
            "unknown comparator",
            where="comparator",
            got=comparator,
            expected=" ".join(COMPARATORS),
        )


def attained(
    distribution: Distribution, target: Any, comparator: str, decimals: int | None = None
) -> FloatArray:
    """Probability that the published value meets a target, per horizon.

    Parameters
    ----------
    distribution : Distribution
        Predictive distribution, in the unit of the target.
    target : float
        Target value; for a distribution of S series also an array of shape (S, 1).
    comparator : {'>=', '>', '<=', '<', '=='}
        How the published value is compared with the target.
    decimals : int, optional
        Decimals of the published value; None compares unrounded values.

    Returns
    -------
    numpy.ndarray
        Probabilities, shape (H,) or (S, H).

    Raises
    ------
    ForecastError
        If the comparator is unknown or the target is not finite.
    """
    check_comparator(comparator)
    if not np.isfinite(target).all():
        raise ForecastError(
            "the target is not a number", where="target", got=target, expected="a finite number"
        )
    below, cdf = distribution.below, distribution.cdf
    if decimals is None:
        reached = {
            ">=": lambda: 1.0 - below(target),
            ">": lambda: 1.0 - cdf(target),
            "<=": lambda: cdf(target),
            "<": lambda: below(target),
            "==": lambda: cdf(target) - below(target),
        }[comparator]()
    else:
        # Half-open limits, because .5 rounds up: P(low <= Y < high).
        pairs = [rounding_limits(float(t), comparator, decimals) for t in np.ravel(target)]
        low, high = (_like(side, target) for side in zip(*pairs, strict=True))
        reached = np.subtract(
            1.0 if high is None else below(high), 0.0 if low is None else below(low)
        )
    return np.asarray(np.clip(reached, 0.0, 1.0), dtype=float)


def _like(limits: Sequence[float | None], target: Any) -> Any:
    if limits[0] is None:
        return None
    return np.array(limits, dtype=float).reshape(np.shape(target))[()]


def rounding_limits(
    target: float, comparator: str, decimals: int
) -> tuple[float | None, float | None]:
    """Unrounded values that round to a value meeting the target: [low, high).

    Parameters
    ----------
    target : float
        Target value, as printed.
    comparator : {'>=', '>', '<=', '<', '=='}
        How the rounded value is compared.
    decimals : int
        Decimals of the rounded value.

    Returns
    -------
    tuple of float or None
        Closed lower and open upper limit; None where there is none. Equal limits
        mean that no printable value meets the target.

    Examples
    --------
    >>> rounding_limits(98.5, ">=", 1)
    (98.45, None)
    >>> rounding_limits(0.1, "<", 2)
    (None, 0.095)
    """
    ticks = Decimal(repr(float(target))).scaleb(decimals)
    ceiling = ticks.to_integral_value(ROUND_CEILING)
    floor = ticks.to_integral_value(ROUND_FLOOR)
    half = Decimal("0.5")

    def back(tick: Decimal) -> float:
        return float(tick.scaleb(-decimals))

    if comparator == ">=":
        return back(ceiling - half), None
    if comparator == ">":
        return back(floor + half), None
    if comparator == "<=":
        return None, back(floor + half)
    if comparator == "<":
        return None, back(ceiling - half)
    if ceiling != floor:
        return back(ticks), back(ticks)
    return back(ticks - half), back(ticks + half)


def round_half_up(values: FloatArray, decimals: int | None) -> FloatArray:
    """Round as official statistics do: halves go up.

    Parameters
    ----------
    values : numpy.ndarray
        Non-negative values.
    decimals : int or None
        Decimals; None returns the values unchanged.

    Returns
    -------
    numpy.ndarray
        Rounded values.
    """
    if decimals is None:
        return values
    scale = 10.0**decimals
    # The small term keeps 0.285 (stored as 0.28499...) a half that goes up.
    return np.asarray(np.floor(values * scale + 0.5 + 1e-9) / scale, dtype=float)


def meets(values: FloatArray, target: float, comparator: str) -> FloatArray:
    """Compare simulated published values with a target, elementwise.

    Parameters
    ----------
    values : numpy.ndarray
        Values, already rounded as published.
    target : float
        Target value.
    comparator : {'>=', '>', '<=', '<', '=='}
        How they are compared.

    Returns
    -------
    numpy.ndarray
        1.0 where the target is met, else 0.0.
    """
    check_comparator(comparator)
    # Rounded values and targets are decimals stored in binary; a tiny slack restores equality.
    slack = 1e-9 * max(1.0, abs(target))
    answer = {
        ">=": values >= target - slack,
        ">": values > target + slack,
        "<=": values <= target + slack,
        "<": values < target - slack,
        "==": np.abs(values - target) <= slack,
    }[comparator]
    return np.asarray(answer, dtype=float)


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
