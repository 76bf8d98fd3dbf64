"""Probabilities of attainment from predictive distributions.

A target speaks about the published, rounded figure. With half-up rounding to d
decimals, round(y) >= T holds exactly when y >= T' - 0.5 / 10**d, where T' is T
moved up to the next printable value; the other comparators follow likewise.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any

import numpy as np

from wqa.errors import ForecastError
from wqa.forecasts.distributions import Distribution
from wqa.forecasts.inputs import whole_number
from wqa.goals import COMPARATORS
from wqa.transforms import FloatArray

MAX_DECIMALS = 12


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
        If the comparator is unknown, the target not finite or the decimals not 0 to 12.
    """
    check_comparator(comparator)
    if not np.isfinite(target).all():
        raise ForecastError(
            "the target is not a number", where="target", got=target, expected="a finite number"
        )
    if decimals is not None and not 0 <= whole_number(decimals, "decimals") <= MAX_DECIMALS:
        raise ForecastError(
            "no published number has so many decimals",
            where="decimals",
            got=decimals,
            expected=f"0 to {MAX_DECIMALS}",
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
