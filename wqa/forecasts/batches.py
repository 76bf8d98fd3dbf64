"""Forecasts of many series in one call, as one tidy frame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from wqa.errors import ForecastError
from wqa.forecasts.annual_series import AnnualSeries, annual_series, resolve_horizon
from wqa.forecasts.answers import EVENT_MODELS, Case, event_answer, pooled_chunks, value_answer
from wqa.forecasts.distributions import Distribution
from wqa.forecasts.forecast_result import PooledRows, summary
from wqa.forecasts.inputs import finite_number, number_table, number_vector
from wqa.forecasts.panels import panel_series
from wqa.forecasts.probabilities import attained, check_comparator
from wqa.transforms import FloatArray, resolve_bounds

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Request:
    """Checked arguments of `forecast_many`, see there."""

    family: str
    lower: float | None
    upper: float | None
    horizon: int | None
    target_year: int | None
    model: str
    levels: tuple[float, ...]
    targets: tuple[float, ...] | None
    comparator: str
    decimals: int | None
    mean: bool

    def names(self) -> list[str]:
        """Columns computed per series and year."""
        names = ["mean"] if self.mean else []
        names.append("median")
        for level in self.levels:
            names += [f"lo_{level:g}", f"hi_{level:g}"]
        return names + (["p_attain"] if self.targets is not None else [])


def read_series(
    values: Any, years: Any, family: str, lower: float | None, upper: float | None
) -> dict[Any, AnnualSeries]:
    """Read a tidy frame or a table of series.

    Parameters
    ----------
    values : pandas.DataFrame or array_like
        See :func:`wqa.forecasts.forecasting.forecast_many`.
    years : array_like of int or None
        Years of the columns of a table.
    family : str
        Kind of quantity.
    lower, upper : float or None
        Bounds.

    Returns
    -------
    dict
        Series by id; row numbers for a table.

    Raises
    ------
    ForecastError
        If a series is not usable.
    """
    if hasattr(values, "columns"):
        if years is not None:
            raise ForecastError(
                "a tidy frame has its years in column year", where="years", got="years="
            )
        found = panel_series(values, family, lower, upper)
        if not found:
            raise ForecastError("there is no series to forecast", where="values", got="no rows")
        return dict(found)
    table = number_table(values, "values")
    # The years are checked once for all rows.
    calendar = annual_series(np.zeros(table.shape[1]), years, family="positive").years
    if calendar.size != table.shape[1]:
        raise ForecastError(
            "the columns of a table are consecutive years",
            where="years",
            got=list(years),
            expected="no gap; a column of NaN where a year is missing",
        )
    _check_table(table, *resolve_bounds(family, lower, upper))
    out: dict[Any, AnnualSeries] = {}
    for i, row in enumerate(table):
        seen = np.flatnonzero(~np.isnan(row))
        part = slice(int(seen[0]), int(seen[-1]) + 1)
        out[i] = AnnualSeries(calendar[part], row[part])
    return out


def _check_table(table: FloatArray, low: float, high: float) -> None:
    faults = (
        ((table < low) | (table > high), "a value is outside its bounds", f"{low:g} to {high:g}"),
    )
    for mask, what, expected in faults:
        if mask.any():
            row, column = (int(v) for v in np.argwhere(mask)[0])
            raise ForecastError(
                what,
                where=f"row {row}, column {column}",
                got=float(table[row, column]),
                expected=expected,
            )
    empty = np.isnan(table).all(axis=1)
    if empty.any():
        raise ForecastError(
            "every value is missing",
            where=f"row {int(np.flatnonzero(empty)[0])}",
            expected="at least one observed value",
        )


def read_targets(target: Any, ids: Sequence[Any]) -> tuple[float, ...] | None:
    """Give each series its target.

    Parameters
    ----------
    target : float or mapping or array_like or None
        One for all, by id, or one per series.
    ids : sequence
        Ids of the series, in order.

    Returns
    -------
    tuple of float or None
        One target per series.

    Raises
    ------
    ForecastError
        If a target is missing or not a finite number.
    """
    if target is None:
        return None
    if isinstance(target, Mapping) or hasattr(target, "to_numpy"):
        lacking = [name for name in ids if name not in target]
        if lacking:
            raise ForecastError("a series has no target", where="target", got=lacking[0])
        found = [target[name] for name in ids]
    else:
        found = number_vector(target, "target").tolist()
        found = found * len(ids) if len(found) == 1 else found
        if len(found) != len(ids):
            raise ForecastError(
                "the length does not fit",
                where="target",
                got=len(found),
                expected=f"1 or {len(ids)}",
            )
    return tuple(finite_number(one, "target", "a target is not a number") for one in found)


def batch_frame(series: Mapping[Any, AnnualSeries], request: Request) -> pd.DataFrame:
    """Forecast the series and lay the results out as a tidy frame.

    Parameters
    ----------
    series : mapping
        Series by id.
    request : Request
        What to forecast.

    Returns
    -------
    pandas.DataFrame
        One row per series and forecast year.

    Raises
    ------
    ForecastError
        If the horizon or the comparator is not possible.
    """
    import pandas as pd

    check_comparator(request.comparator)
    group = list(series.values())
    steps = np.array(
        [resolve_horizon(s.origin, request.horizon, request.target_year) for s in group]
    )
    most = int(steps.max())
    run = _pooled_blocks if request.model == "pooled" else _single_blocks
    table, weight, fallback = run(group, most, request)
    count = len(group)
    origin = np.repeat([s.origin for s in group], most)
    ahead = np.tile(np.arange(1, most + 1), count)
    frame = pd.DataFrame(
        {
            "series_id": np.repeat(np.array(list(series), dtype=object), most),
            "model": request.model,
            "origin": origin,
            "year": origin + ahead,
            "h": ahead,
            **{name: table[i].reshape(-1) for i, name in enumerate(request.names())},
            "fallback": np.repeat(np.array(fallback, dtype=object), most),
            "n_points": np.repeat([s.n_points for s in group], most),
            "prior_weight": np.repeat(weight, most),
        }
    )
    return frame[ahead <= np.repeat(steps, most)].reset_index(drop=True)


def _columns(distribution: Distribution, target: Any, request: Request) -> list[FloatArray]:
    rows = list(summary(distribution, request.levels, mean=request.mean).values())
    if target is not None:
        rows.append(attained(distribution, target, request.comparator, request.decimals))
    return rows


def _pooled_blocks(
    group: Sequence[AnnualSeries], horizon: int, request: Request
) -> tuple[FloatArray, FloatArray, list[str]]:
    rows = [s.readings for s in group]
    table = np.empty((len(request.names()), len(rows), horizon))
    weight = np.empty(len(rows))
    chunks = pooled_chunks(rows, horizon, request.family, request.lower, request.upper)
    for part, fit in chunks:
        goals = None if request.targets is None else np.array(request.targets[part])[:, None]
        table[:, part] = _columns(PooledRows(fit), goals, request)
        weight[part] = fit.prior_weight
    return table, weight, [""] * len(rows)


def _single_blocks(
    group: Sequence[AnnualSeries], horizon: int, request: Request
) -> tuple[FloatArray, FloatArray, list[str]]:
    table = np.full((len(request.names()), len(group), horizon), np.nan)
    weight = np.full(len(group), np.nan)
    fallback: list[str] = []
    for i, one in enumerate(group):
        case = Case(one, request.family, request.lower, request.upper, horizon, request.model)
        try:
            events = request.model in EVENT_MODELS
            answer = event_answer(case, None, None) if events else value_answer(case)
        except ForecastError as error:
            fallback.append(f"refused: {error}")
            continue
        goal = None if request.targets is None else request.targets[i]
        table[:, i] = _columns(answer.distribution, goal, request)
        weight[i] = answer.prior_weight
        fallback.append(answer.fallback)
    return table, weight, fallback
