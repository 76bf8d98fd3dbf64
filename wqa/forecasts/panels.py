"""Panels of comparable series: how they are read, how they sharpen a prior, how often they moved.

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

from wqa.catalog.records import Indicator
from wqa.errors import ForecastError
from wqa.forecasts.annual_series import AnnualSeries, annual_series
from wqa.forecasts.pooled_prior import Prior
from wqa.forecasts.trend_components import components, roughness, transform
from wqa.goals import Goal
from wqa.transforms import FloatArray, resolve_bounds

if TYPE_CHECKING:
    import pandas as pd

# Families for which a backtest showed a gain (docs/decisions/022-pooled-forecast.md).
SHARPENED = ("percent", "rate")
MIN_SERIES, MIN_POINTS, RECENT = 3, 3, 15
# Families in which a change of one indicator says something about another one.
COMMON_SCALE = ("percent", "score", "rate")
# Fewer spans say nothing about how often.
MIN_SPANS = 10
NO_CHANGES = {"share_of_changes": None, "n_changes": None, "n_change_series": None,
              "changes_base": ""}  # fmt: skip
SERIES = ["indicator_id", "region", "scope"]


def panel_series(
    panel: pd.DataFrame, family: str, lower: float | None = None, upper: float | None = None
) -> dict[Any, AnnualSeries]:
    """Read a tidy frame (series_id, year, value; rows in any order) as series by id."""
    columns = list(getattr(panel, "columns", ()))
    if not {"series_id", "year", "value"}.issubset(columns) or panel["series_id"].isna().any():
        got, expected = columns or type(panel).__name__, "series_id (never missing), year, value"
        raise ForecastError("not a panel of series", where="panel", got=got, expected=expected)
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
    """Tempered log likelihood of each component for the last 15 years of each series, by id."""
    low, high = resolve_bounds(prior.family, lower, upper)
    recent = {name: one.readings[-RECENT:] for name, one in panel.items()}
    return {
        name: _evidence(prior, y, low, high)
        for name, y in recent.items()
        if np.isfinite(y).sum() >= MIN_POINTS
    }


def sharpen(prior: Prior, found: Sequence[FloatArray]) -> tuple[Prior, int]:
    """Weight the components by what comparable series make likely; 3 or more, else no change."""
    if len(found) < MIN_SERIES:
        return prior, 0
    gain = np.mean(found, axis=0)
    mass = prior.weight * np.exp(gain - gain.max())
    return replace(prior, weight=mass / mass.sum(axis=1, keepdims=True)), len(found)


def _evidence(prior: Prior, readings: FloatArray, low: float, high: float) -> FloatArray:
    """Log likelihood of each component for one series, normalised."""
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


def share_of_changes(
    annual: pd.DataFrame,
    families: Mapping[str, str],
    indicator: Indicator,
    region: str,
    scope: str,
    level: float,
    goal: Goal,
    years: int,
) -> dict[str, Any]:
    """How often comparable series made the change from a level to a goal in so many years."""
    limits = resolve_bounds(indicator.family, indicator.lower, indicator.upper)
    need = _gain(level, goal.value, *limits)
    same = annual["indicator_id"] == indicator.id
    kin = annual["indicator_id"].map(families) == indicator.family
    kin &= indicator.family in COMMON_SCALE
    others = annual["value"].between(*limits) & ~(same & (annual["region"] == region))
    for base, part in (("same_indicator", same), ("same_family", kin)):
        series = _one_scope(annual[part & others], scope).groupby(SERIES)
        found = [[_gain(*span, *limits) for span in _spans(one, years)] for _, one in series]
        gains = np.array([gain for one in found for gain in one if np.isfinite(gain)])
        if gains.size >= MIN_SPANS and np.isfinite(need):
            made = gains >= need if goal.comparator.startswith(">") else gains <= need
            return {
                "share_of_changes": float(made.mean()),
                "n_changes": gains.size,
                "n_change_series": sum(map(bool, found)),
                "changes_base": base,
            }
    return NO_CHANGES


def _one_scope(rows: pd.DataFrame, scope: str) -> pd.DataFrame:
    """One series per indicator and region: that of the same scope, else the longest."""
    known = rows.groupby(SERIES)["year"].nunique().reset_index()
    known = known.assign(other=known["scope"].ne(scope), fewer=-known["year"])
    best = known.sort_values(["other", "fewer", "scope"]).drop_duplicates(SERIES[:2])
    return rows.merge(best[SERIES], on=SERIES)


def _spans(rows: pd.DataFrame, years: int) -> list[tuple[float, float]]:
    """Most first and last values so many years apart whose spans do not overlap."""
    known = dict(zip(rows["year"], rows["value"], strict=True))
    out, free = [], min(known)
    for year in sorted(known):
        if year >= free and year + years in known:
            out.append((known[year], known[year + years]))
            free = year + years
    return out


def _gain(start: float, end: float, low: float, high: float) -> float:
    """Size of a change: in log odds between two bounds, else as a ratio; NaN from nothing."""
    if not np.isfinite(high):
        return (end - low) / (start - low) if start > low else float("nan")
    # Half a tenth of a point keeps the odds of a bound finite.
    edge = 0.0005 * (high - low)
    odds = [(value - low + edge) / (high - value + edge) for value in (start, end)]
    return float(np.log(odds[1] / odds[0]))
