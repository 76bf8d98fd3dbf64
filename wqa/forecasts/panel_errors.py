"""Errors that a model made at past origins of comparable series.

Every origin uses the values up to that year and nothing later.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from wqa.forecasts.annual_series import AnnualSeries
from wqa.forecasts.answers import Case, pooled_chunks, value_answer
from wqa.forecasts.widening import yearly_unit
from wqa.transforms import FloatArray, make_transform

# Families whose scale is known without a positive value.
SIZED = ("percent", "score", "count")
MIN_TRAIN = 3
# A rate that falls to 0 is infinitely far off on the log scale; it counts as a very large error.
MAX_ERROR = 1_000.0


def panel_errors(
    panel: Iterable[AnnualSeries],
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
    panel : iterable of AnnualSeries
        Comparable series.
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
    """
    cuts = [
        (series, stop)
        for series in panel
        for stop in range(1, series.years.size)
        if np.isfinite(series.readings[stop - 1])
        and np.isfinite(series.readings[:stop]).sum() >= min_train
        and (family in SIZED or np.nanmax(series.readings[:stop]) > 0)
    ]
    pools: list[list[float]] = [[] for _ in range(horizon)]
    medians = _medians(cuts, model, horizon, family, lower, upper)
    for (series, stop), median in zip(cuts, medians, strict=True):
        past = series.readings[:stop]
        transform = make_transform(past, family, lower, upper)
        unit = yearly_unit(transform.forward(past), family)
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
