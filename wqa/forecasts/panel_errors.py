"""Errors that a model made at past origins of comparable series.

Every origin uses the values up to that year and nothing later.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from wqa.errors import ForecastError
from wqa.forecasts.annual_series import AnnualSeries, annual_series
from wqa.forecasts.answers import Case, pooled_chunks, value_answer
from wqa.forecasts.widening import yearly_unit
from wqa.transforms import FloatArray, Transform, make_transform

if TYPE_CHECKING:
    import pandas as pd

MIN_TRAIN = 3
# A rate that falls to 0 is infinitely far off on the log scale; it counts as a very large error.
MAX_ERROR = 1_000.0


def panel_series(
    panel: pd.DataFrame, family: str, lower: float | None = None, upper: float | None = None
) -> dict[str, AnnualSeries]:
    """Read the series of a tidy panel.

    Parameters
    ----------
    panel : pandas.DataFrame
        Columns series_id, year, value; rows in any order, each year once per series.
    family : str
        Kind of quantity.
    lower, upper : float, optional
        Bounds.

    Returns
    -------
    dict
        Series by their id, in order of first appearance.

    Raises
    ------
    ForecastError
        If a column is missing or a series is not usable.
    """
    missing = [c for c in ("series_id", "year", "value") if c not in panel.columns]
    if missing:
        raise ForecastError(
            "the panel lacks columns",
            where="panel",
            got=list(panel.columns),
            expected="series_id, year, value",
        )
    kind = "positive" if family == "index" else family
    out: dict[str, AnnualSeries] = {}
    for name, rows in panel.groupby("series_id", sort=False):
        # A tidy frame has no order of its own, so here the rows are sorted; twice is an error.
        rows = rows.sort_values("year", kind="stable")
        out[str(name)] = annual_series(
            rows["value"].to_numpy(),
            rows["year"].to_numpy(),
            family=kind,
            lower=lower,
            upper=upper,
            where=f"series {name}",
        )
    return out


def panel_errors(
    panel: pd.DataFrame,
    model: str,
    horizon: int,
    *,
    family: str = "percent",
    lower: float | None = None,
    upper: float | None = None,
    min_train: int = MIN_TRAIN,
) -> tuple[FloatArray, ...]:
    """Pool the scaled absolute errors of a model on a panel, by horizon.

    Parameters
    ----------
    panel : pandas.DataFrame
        Comparable series: series_id, year, value.
    model : str
        Model whose median forecasts are judged.
    horizon : int
        Greatest number of years ahead.
    family : str, optional
        Kind of quantity.
    lower, upper : float, optional
        Bounds.
    min_train : int, optional
        Least number of observed values before an origin.

    Returns
    -------
    tuple of numpy.ndarray
        Sorted absolute errors per horizon, divided by the yearly change before the
        origin and the square root of the horizon. Empty where there are none.

    Raises
    ------
    ForecastError
        See :func:`panel_series`.
    """
    kind = "positive" if family == "index" else family
    cuts = [
        (series, stop)
        for series in panel_series(panel, family, lower, upper).values()
        for stop in range(1, series.years.size)
        if np.isfinite(series.readings[stop - 1])
        and np.isfinite(series.readings[:stop]).sum() >= min_train
        and ((kind != "rate" and kind != "positive") or np.nanmax(series.readings[:stop]) > 0)
    ]
    pools: list[list[float]] = [[] for _ in range(horizon)]
    medians = _medians(cuts, model, horizon, family, lower, upper)
    for (series, stop), median in zip(cuts, medians, strict=True):
        past = series.readings[:stop]
        transform: Transform = make_transform(past, kind, lower, upper)
        unit = yearly_unit(transform.forward(past), kind)
        actual = series.readings[stop : stop + horizon]
        away = np.abs(transform.forward(actual) - transform.forward(median[: actual.size])) / unit
        for h, error in enumerate(away):
            if not np.isnan(error):
                pools[h].append(min(float(error), MAX_ERROR) / float(np.sqrt(h + 1.0)))
    return tuple(np.sort(np.array(pool, dtype=float)) for pool in pools)


def _medians(
    cuts: list[tuple[AnnualSeries, int]],
    model: str,
    horizon: int,
    family: str,
    lower: float | None,
    upper: float | None,
) -> list[FloatArray]:
    if model == "pooled":
        rows = [series.readings[:stop] for series, stop in cuts]
        out: list[FloatArray] = []
        for _, fit in pooled_chunks(rows, horizon, family, lower, upper):
            out.extend(np.asarray(fit.median(), dtype=float))
        return out
    return [
        value_answer(
            Case(
                AnnualSeries(series.years[:stop], series.readings[:stop]),
                family,
                lower,
                upper,
                horizon,
                model,
            )
        ).distribution.quantile(0.5)
        for series, stop in cuts
    ]
