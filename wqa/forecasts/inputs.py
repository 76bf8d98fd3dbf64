"""Numbers as a caller gave them, read strictly: text, flags and infinities are refused."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from wqa.errors import ForecastError
from wqa.transforms import FloatArray

# Beyond, sums and squares leave the range of double precision.
MAX_SIZE = 1e100
NO_NUMBERS = str | bytes | bool | np.bool_ | complex | np.complexfloating


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
        If a value is not a positive number, out of range, or the length is wrong.
    """
    y = number_vector(values, where)
    if y.size == 1 and np.ndim(values) == 0:
        y = np.full(size, float(y[0]))
    if y.size != size:
        raise ForecastError(
            "the length does not fit", where=where, got=int(y.size), expected=f"{size} values"
        )
    bad = ~((y > 1.0 / MAX_SIZE) & (y < MAX_SIZE))
    if bad.any():
        at = int(np.flatnonzero(bad)[0])
        raise ForecastError(
            "not a positive number",
            where=f"{where}[{at}]",
            got=float(y[at]),
            expected=f"a number above 0 and below {MAX_SIZE:g}",
        )
    return y


def whole_number(value: Any, where: str) -> int:
    """Read a whole number.

    Parameters
    ----------
    value : int or float
        A number without decimals.
    where : str
        Name of the argument, for messages.

    Returns
    -------
    int
        The number.

    Raises
    ------
    ForecastError
        If it is something else.
    """
    number = isinstance(value, int | np.integer | float) and not isinstance(value, bool)
    if not number or not np.isfinite(float(value)) or float(value) != int(value):
        raise ForecastError("not a whole number", where=where, got=value, expected="an integer")
    return int(value)


def finite_number(value: Any, where: str, what: str = "not a number") -> float:
    """Read a finite number.

    Parameters
    ----------
    value : float
        A number.
    where : str
        Name of the argument, for messages.
    what : str, optional
        What to say if it is none.

    Returns
    -------
    float
        The number.

    Raises
    ------
    ForecastError
        If it is text, a flag, missing or infinite.
    """
    found = float("nan") if value is None else _number(value, where)
    if np.isnan(found):
        raise ForecastError(what, where=where, got=value, expected="a finite number")
    return found


def number_vector(values: Any, where: str) -> FloatArray:
    """Read numbers in one dimension.

    Parameters
    ----------
    values : array_like or pandas.Series
        Numbers; None, NaN and masked entries are missing, and what is below 1e-100 is 0.
    where : str
        Name of the argument, for messages.

    Returns
    -------
    numpy.ndarray
        1-D, NaN where missing; one number gives one entry, None gives none.

    Raises
    ------
    ForecastError
        For text, flags, infinite or immense numbers, or more than one dimension.
    """
    if isinstance(values, str | bytes):
        raise ForecastError("text instead of numbers", where=where, got=values, expected="numbers")
    raw = values.to_numpy() if hasattr(values, "to_numpy") else values
    if isinstance(raw, np.ma.MaskedArray):
        raw = raw.tolist()  # None where masked
    if not isinstance(raw, list | tuple):
        raw = [] if raw is None else np.atleast_1d(np.asarray(raw, dtype=object)).tolist()
    items: Sequence[Any] = raw
    if any(
        isinstance(item, list | tuple | np.ndarray) or hasattr(item, "to_numpy") for item in items
    ):
        raise ForecastError(
            "more than one dimension",
            where=where,
            expected="one value per year",
            fix="Use forecast_many for several series.",
        )
    found = [_number(item, f"{where}[{i}]") for i, item in enumerate(items)]
    vector = np.array(found, dtype=float)
    immense = np.flatnonzero(np.abs(vector) > MAX_SIZE)
    if immense.size:
        at = int(immense[0])
        raise ForecastError(
            "a number beyond any unit",
            where=f"{where}[{at}]",
            got=found[at],
            expected=f"below {MAX_SIZE:g}",
        )
    return np.where(np.abs(vector) < 1.0 / MAX_SIZE, 0.0, vector)


def number_table(values: Any, where: str) -> FloatArray:
    """Read numbers in rows and columns.

    Parameters
    ----------
    values : array_like
        One row per series; None, NaN and masked entries are missing.
    where : str
        Name of the argument, for messages.

    Returns
    -------
    numpy.ndarray
        2-D, NaN where missing.

    Raises
    ------
    ForecastError
        As for :func:`number_vector`, or if it is no table.
    """
    # A masked array is not plain: its mask must not be lost.
    plain = type(values) is np.ndarray and values.dtype.kind == "f"
    if not plain:
        try:
            values = values.tolist() if isinstance(values, np.ndarray) else values
            values = np.array(values, dtype=object)
        except ValueError as error:
            raise ForecastError(
                "rows of different length", where=where, expected="one column per year"
            ) from error
    if values.ndim != 2 or values.size == 0:
        raise ForecastError(
            "not a table of series",
            where=where,
            got=values.shape,
            expected="one row per series, one column per year",
        )
    if not plain or np.isinf(values).any() or (np.abs(values) > MAX_SIZE).any():
        return number_vector(values.ravel(), where).reshape(values.shape)
    return np.where(np.abs(values) < 1.0 / MAX_SIZE, 0.0, values)


def _number(item: Any, where: str) -> float:
    if item is None or item is np.ma.masked or type(item).__name__ in ("NAType", "NaTType"):
        return float("nan")
    try:
        value = None if isinstance(item, NO_NUMBERS) else float(item)
    except (TypeError, ValueError, OverflowError):
        value = None
    if value is None:
        raise ForecastError("not a number", where=where, got=item, expected="a number or NaN")
    if np.isinf(value):
        raise ForecastError("an infinite value", where=where, got=value, expected="a finite number")
    return value
