"""Checked input of a forecast: one value per year, missing years as NaN."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from wqa.errors import ForecastError
from wqa.transforms import FloatArray, resolve_bounds

IntArray = npt.NDArray[np.int64]

MAX_HORIZON = 50
# A longer span is a mistyped year.
MAX_YEARS = 400


@dataclass(frozen=True)
class AnnualSeries:
    """A series on a complete calendar.

    Parameters
    ----------
    years : numpy.ndarray
        Consecutive years, first and last one observed.
    readings : numpy.ndarray
        One value per year, NaN where the year is missing.
    """

    years: IntArray
    readings: FloatArray

    @property
    def origin(self) -> int:
        """Last observed year."""
        return int(self.years[-1])

    @property
    def n_points(self) -> int:
        """Number of observed years."""
        return int(np.isfinite(self.readings).sum())


def annual_series(
    values: Any,
    years: Any = None,
    *,
    family: str = "percent",
    lower: float | None = None,
    upper: float | None = None,
    where: str = "values",
) -> AnnualSeries:
    """Check values and years and put them on a complete calendar.

    Parameters
    ----------
    values : array_like or pandas.Series
        1-D values in the unit of the series; NaN or None means a missing year. A
        pandas Series brings its own years as its index.
    years : array_like of int, optional
        Years of the values, increasing; default 1, 2, 3, ...
    family : str, optional
        Kind of quantity, sets the natural bounds.
    lower, upper : float, optional
        Bounds in the unit of the series.
    where : str, optional
        Name of the series, for messages.

    Returns
    -------
    AnnualSeries
        From the first to the last observed year, missing years as NaN (never
        interpolated).

    Raises
    ------
    ForecastError
        For no values, text, infinite values, values outside the bounds, duplicate or
        unordered or fractional years, or lengths that differ.
    """
    low, high = resolve_bounds(family, lower, upper)
    if years is None and hasattr(values, "index") and hasattr(values, "to_numpy"):
        years = values.index
    y = _numbers(values, where)
    if y.size == 0:
        raise ForecastError(
            "there is nothing to forecast from", where=where, got=[], expected="at least one value"
        )
    calendar = (
        np.arange(1, y.size + 1, dtype=np.int64) if years is None else _years(years, y.size, where)
    )
    seen = np.isfinite(y)
    if not seen.any():
        raise ForecastError(
            "every value is missing", where=where, expected="at least one observed value"
        )
    _check_bounds(y, calendar, low, high, where)
    first, last = int(calendar[seen][0]), int(calendar[seen][-1])
    grid = np.full(last - first + 1, np.nan)
    grid[calendar[seen] - first] = y[seen]
    return AnnualSeries(np.arange(first, last + 1, dtype=np.int64), grid)


def on_calendar(
    extra: Any, values: Any, years: Any, series: AnnualSeries, where: str = "exposure"
) -> FloatArray | None:
    """Put exposures or denominators on the calendar of a checked series.

    Parameters
    ----------
    extra : array_like or None
        One positive number per value; years without a value may be missing.
    values, years
        As given to :func:`annual_series`.
    series : AnnualSeries
        The checked series.
    where : str, optional
        Name of the argument, for messages.

    Returns
    -------
    numpy.ndarray or None
        One number per calendar year, NaN where there is no value; None for None.

    Raises
    ------
    ForecastError
        If a number is not positive or the lengths differ.
    """
    if extra is None:
        return None
    y = _numbers(values, "values")
    if years is None:
        years = values.index if hasattr(values, "index") and hasattr(values, "to_numpy") else None
    calendar = np.arange(1, y.size + 1) if years is None else np.asarray(list(years))
    given = _numbers(extra, where)
    if given.size != y.size:
        raise ForecastError(
            "the length does not fit", where=where, got=int(given.size), expected=f"{y.size} values"
        )
    seen = np.isfinite(y)
    positive_vector(given[seen], int(seen.sum()), where)
    grid = np.full(series.years.size, np.nan)
    grid[calendar[seen] - int(series.years[0])] = given[seen]
    return grid


def resolve_horizon(origin: int, horizon: Any, target_year: Any, default: int = 5) -> int:
    """Turn a horizon or a target year into a number of years ahead.

    Parameters
    ----------
    origin : int
        Last observed year.
    horizon : int or None
        Years ahead, 1 to 50.
    target_year : int or None
        Last year to forecast; the alternative to `horizon`.
    default : int, optional
        Horizon if neither is given.

    Returns
    -------
    int
        Years ahead.

    Raises
    ------
    ForecastError
        If both are given, or the answer is not a whole number from 1 to 50.
    """
    if horizon is not None and target_year is not None:
        raise ForecastError(
            "two horizons were given",
            where="horizon, target_year",
            got=(horizon, target_year),
            expected="one of the two",
        )
    if target_year is not None:
        year = _whole(target_year, "target_year")
        if year <= origin:
            raise ForecastError(
                "the target year is not after the last observed year",
                where="target_year",
                got=year,
                expected=f"a year after {origin}",
                fix="The outcome of that year is known; compare it with the target instead.",
            )
        horizon = year - origin
    steps = default if horizon is None else _whole(horizon, "horizon")
    if not 1 <= steps <= MAX_HORIZON:
        raise ForecastError(
            "the horizon is out of range",
            where="horizon",
            got=steps,
            expected=f"1 to {MAX_HORIZON} years",
        )
    return steps


def positive_vector(values: Any, size: int, where: str) -> FloatArray:
    """Check exposures or denominators: finite and above zero, one per value.

    Parameters
    ----------
    values : float or array_like
        One number for all, or one per value.
    size : int
        Number of values.
    where : str
        Name of the argument, for messages.

    Returns
    -------
    numpy.ndarray
        Shape (size,).

    Raises
    ------
    ForecastError
        If a value is not a positive number or the length is wrong.
    """
    y = _numbers(values, where)
    if y.size == 1 and np.ndim(values) == 0:
        y = np.full(size, float(y[0]))
    if y.size != size:
        raise ForecastError(
            "the length does not fit", where=where, got=int(y.size), expected=f"{size} values"
        )
    bad = ~(np.isfinite(y) & (y > 0))
    if bad.any():
        at = int(np.flatnonzero(bad)[0])
        raise ForecastError(
            "not a positive number",
            where=f"{where}[{at}]",
            got=float(y[at]),
            expected="a finite number above 0",
        )
    return y


def _numbers(values: Any, where: str) -> FloatArray:
    if isinstance(values, str | bytes):
        raise ForecastError("text instead of numbers", where=where, got=values, expected="numbers")
    raw = values.to_numpy() if hasattr(values, "to_numpy") else values
    items = list(np.atleast_1d(np.asarray(raw, dtype=object)).tolist()) if raw is not None else []
    if any(isinstance(item, list | tuple) for item in items):
        raise ForecastError(
            "more than one dimension",
            where=where,
            expected="one value per year",
            fix="Use forecast_many for several series.",
        )
    return np.array([_number(item, f"{where}[{i}]") for i, item in enumerate(items)], dtype=float)


def _number(item: Any, where: str) -> float:
    if item is None or type(item).__name__ == "NAType":
        return float("nan")
    if isinstance(item, str | bytes | bool) or not hasattr(item, "__float__"):
        raise ForecastError("not a number", where=where, got=item, expected="a number or NaN")
    value = float(item)
    if np.isinf(value):
        raise ForecastError("an infinite value", where=where, got=value, expected="a finite number")
    return value


def _whole(value: Any, where: str) -> int:
    good = isinstance(value, int | np.integer | float) and not isinstance(value, bool)
    if not good or float(value) != int(value):
        raise ForecastError("not a whole number", where=where, got=value, expected="an integer")
    return int(value)


def _years(years: Any, size: int, where: str) -> IntArray:
    items: Sequence[Any] = list(years)
    if len(items) != size:
        raise ForecastError(
            "years and values differ in length",
            where=where,
            got=len(items),
            expected=f"{size} years",
        )
    out = np.array([_whole(item, f"years[{i}]") for i, item in enumerate(items)], dtype=np.int64)
    steps = np.diff(out)
    if (steps == 0).any() or np.unique(out).size < out.size:
        twice = next(int(v) for v in out if int((out == v).sum()) > 1)
        raise ForecastError(
            "a year occurs twice",
            where=where,
            got=twice,
            expected="each year once",
            fix="Keep one value per year and scope before forecasting.",
        )
    if (steps < 0).any():
        at = int(np.flatnonzero(steps < 0)[0])
        raise ForecastError(
            "the years are not in order",
            where=where,
            got=(int(out[at]), int(out[at + 1])),
            expected="increasing years",
            fix="Sort the values by year.",
        )
    if out[-1] - out[0] >= MAX_YEARS:
        raise ForecastError(
            "the years are too far apart",
            where=where,
            got=(int(out[0]), int(out[-1])),
            expected=f"a span below {MAX_YEARS} years",
        )
    return out


def _check_bounds(y: FloatArray, years: IntArray, low: float, high: float, where: str) -> None:
    outside = np.flatnonzero((y < low) | (y > high))
    if outside.size:
        at = int(outside[0])
        raise ForecastError(
            "a value is outside its bounds",
            where=f"{where}, year {int(years[at])}",
            got=float(y[at]),
            expected=f"{low:g} to {high:g}",
            fix="Check the unit, or state lower= and upper=.",
        )
