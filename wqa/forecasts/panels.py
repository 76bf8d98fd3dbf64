"""Panels of comparable series: how they are read, and how they sharpen a prior.

A series from another region says how such an indicator moves. The components of the
pooled prior are weighted anew by what the panel makes likely, with the weight of one
further series, however many there are: what is comparable is not the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from wqa.errors import ForecastError
from wqa.forecasts.annual_series import AnnualSeries, annual_series
from wqa.forecasts.pooled_prior import Prior
from wqa.forecasts.trend_components import components, roughness, transform
from wqa.transforms import FloatArray, resolve_bounds

if TYPE_CHECKING:
    import pandas as pd

# Families for which a backtest showed a gain (docs/decisions/022-pooled-forecast.md).
SHARPENED = ("percent", "rate")
MIN_SERIES, MIN_POINTS, RECENT = 3, 3, 15


def panel_series(
    panel: pd.DataFrame, family: str, lower: float | None = None, upper: float | None = None
) -> dict[Any, AnnualSeries]:
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
    columns = list(getattr(panel, "columns", ()))
    if not {"series_id", "year", "value"}.issubset(columns) or panel["series_id"].isna().any():
        raise ForecastError(
            "not a panel of series",
            where="panel",
            got=columns or type(panel).__name__,
            expected="a frame with series_id (never missing), year and value",
        )
    # A tidy frame has no order of its own, so here the rows are sorted; twice is an error.
    return {
        name: annual_series(
            rows["value"].to_numpy(),
            rows["year"].to_numpy(),
            family=family,
            lower=lower,
            upper=upper,
            where=f"series {name}",
            in_any_order=True,
        )
        for name, rows in panel.groupby("series_id", sort=False)
    }


def evidence(
    prior: Prior,
    panel: Mapping[Any, AnnualSeries],
    *,
    lower: float | None = None,
    upper: float | None = None,
) -> dict[Any, FloatArray]:
    """Say how likely each component of a prior makes each series of a panel.

    Parameters
    ----------
    prior : Prior
        Learned prior of the family.
    panel : mapping
        Comparable series by id; the last 15 years of those with at least 3 values count.
    lower, upper : float, optional
        Bounds.

    Returns
    -------
    dict
        Log likelihood per component by id, tempered as in a forecast and normalised.
    """
    bounds = resolve_bounds(prior.family, lower, upper)
    recent = {name: one.readings[-RECENT:] for name, one in panel.items()}
    return {
        name: _evidence(prior, y, *bounds)
        for name, y in recent.items()
        if np.isfinite(y).sum() >= MIN_POINTS
    }


def sharpen(prior: Prior, found: Sequence[FloatArray]) -> tuple[Prior, int]:
    """Weight the components of a prior by what comparable series make likely.

    Parameters
    ----------
    prior : Prior
        Learned prior of the family.
    found : sequence of numpy.ndarray
        What :func:`evidence` says of each comparable series.

    Returns
    -------
    tuple of Prior and int
        The prior with the geometric mean of the likelihoods multiplied in, and the number
        of series used; the unchanged prior and 0 where there are fewer than 3.
    """
    if len(found) < MIN_SERIES:
        return prior, 0
    gain = np.mean(found, axis=0)
    mass = prior.weight * np.exp(gain - gain.max())
    return replace(prior, weight=mass / mass.sum(axis=1, keepdims=True)), len(found)


def _evidence(prior: Prior, readings: FloatArray, low: float, high: float) -> FloatArray:
    bounded = np.isfinite(high)
    at = np.flatnonzero(np.isfinite(readings))
    y = readings[at][None, :] - low
    share = y / (high - low if bounded else (y.mean() or 1.0))
    rough = roughness(share, prior.power) if bounded else np.zeros(1)
    working = transform(share, prior.power, bool(bounded))
    part = components(working, at - at[0], int(at[-1] - at[0]) + 1, 1, prior, rough)
    points, temper, _ = prior.by_length
    like = np.interp(np.log(at.size), np.log(points), temper) * part.like[0]
    return np.asarray(like - special.logsumexp(like), dtype=float)
