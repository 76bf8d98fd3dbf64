"""Checked input of a forecast: one value per year, missing years as NaN."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from wqa.errors import ForecastError
from wqa.forecasts.inputs import number_vector, positive_vector, whole_number
from wqa.transforms import FloatArray, resolve_bounds

IntArray = npt.NDArray[np.int64]

MAX_HORIZON = 50
# A longer span, or a year beyond, is mistyped.
MAX_YEARS, LAST_YEAR = 400, 100_000


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
    in_any_order: bool = False,
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
    in_any_order : bool, optional
        Sort the values by year instead of refusing unordered years.

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
    y = number_vector(values, where)
    if y.size == 0:
        raise ForecastError(
            "there is nothing to forecast from", where=where, got=[], expected="at least one value"
        )
    calendar = _calendar(values, years, y.size, where, in_any_order=in_any_order)
    if in_any_order:
        order = np.argsort(calendar)
        y, calendar = y[order], calendar[order]
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
    extra: Any,
    values: Any,
    years: Any,
    series: AnnualSeries,
    where: str = "exposure",
    *,
    partly: bool = False,
) -> FloatArray | None:
    """Put exposures or denominators on the calendar of a checked series.

    Parameters
    ----------
    extra : array_like or None
        One positive number per value; years without a value may be missing.
    partly : bool, optional
        Whether years with a value may be missing, too.
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
    y = number_vector(values, "values")
    calendar = _calendar(values, years, y.size, "values")
    given = number_vector(extra, where)
    if given.size != y.size:
        raise ForecastError(
            "the length does not fit", where=where, got=int(given.size), expected=f"{y.size} values"
        )
    seen = np.isfinite(y) & (np.isfinite(given) | (not partly))
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
        year = whole_number(target_year, "target_year")
        if year <= origin:
            raise ForecastError(
                "the target year is not after the last observed year",
                where="target_year",
                got=year,
                expected=f"a year after {origin}",
                fix="The outcome of that year is known; compare it with the target instead.",
            )
        horizon = year - origin
    steps = default if horizon is None else whole_number(horizon, "horizon")
    if not 1 <= steps <= MAX_HORIZON:
        raise ForecastError(
            "the horizon is out of range",
            where="horizon",
            got=steps,
            expected=f"1 to {MAX_HORIZON} years",
        )
    return steps


def _calendar(
    values: Any, years: Any, size: int, where: str, *, in_any_order: bool = False
) -> IntArray:
    if years is None and hasattr(values, "index") and hasattr(values, "to_numpy"):
        years = values.index
    if years is None:
        return np.arange(1, size + 1, dtype=np.int64)
    items: Sequence[Any] = list(years) if np.ndim(years) == 1 else [years]
    if len(items) != size:
        raise ForecastError(
            "years and values differ in length",
            where=where,
            got=len(items),
            expected=f"{size} years",
        )
    whole = [whole_number(item, f"years[{i}]") for i, item in enumerate(items)]
    out = np.array([max(min(y, LAST_YEAR), -LAST_YEAR) for y in whole], dtype=np.int64)
    if len(set(whole)) < len(whole):
        raise ForecastError(
            "a year occurs twice",
            where=where,
            got=next(y for y in whole if whole.count(y) > 1),
            expected="each year once",
            fix="Keep one value per year and scope before forecasting.",
        )
    back = np.flatnonzero(np.diff(out) < 0)
    if back.size and not in_any_order:
        at = int(back[0])
        raise ForecastError(
            "the years are not in order",
            where=where,
            got=(whole[at], whole[at + 1]),
            expected="increasing years",
            fix="Sort the values by year.",
        )
    if max(whole) - min(whole) >= MAX_YEARS or max(map(abs, whole)) > LAST_YEAR:
        raise ForecastError(
            "the years are too far apart",
            where=where,
            got=(min(whole), max(whole)),
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
