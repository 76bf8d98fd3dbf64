"""Questions beside a forecast: the pace a target needs, and readings of a level shift.

Nothing here enters a probability of attainment.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from wqa.assessment.judging import NO_LEVEL, Judgement
from wqa.catalog.records import Indicator
from wqa.errors import ForecastError
from wqa.forecasts.annual_series import annual_series
from wqa.forecasts.forecasting import forecast
from wqa.forecasts.panels import panel_series
from wqa.transforms import make_transform, resolve_bounds

if TYPE_CHECKING:
    import pandas as pd

# Fewer cases say nothing about how often.
MIN_CASES = 10
# Families in which a change of one indicator says something about another one.
COMMON_SCALE = ("percent", "score", "rate")
# Families whose scale is known without a positive value.
SIZED = ("percent", "score", "count")
READINGS = ("keep", "outlier", "drop")


def needed_per_year(level: float, target: float, years_left: int) -> float:
    """Constant yearly change that leads from the level to the target.

    Parameters
    ----------
    level : float
        Last known value.
    target : float
        Target value, same unit.
    years_left : int
        Years between the two, 1 or more.

    Returns
    -------
    float
        Change per year in the unit of the series; its sign says the direction.

    Raises
    ------
    ForecastError
        If a value is not finite or no year is left.

    Examples
    --------
    >>> needed_per_year(92.0, 93.2, 4)
    0.3
    """
    if not np.isfinite([level, target]).all() or years_left < 1:
        raise ForecastError(
            "the needed change is not defined",
            where="level, target, years_left",
            got=(level, target, years_left),
            expected="finite values and at least one year",
        )
    # Twelve digits: the difference of two printed values, without binary noise.
    return float(f"{(target - level) / years_left:.12g}")


def share_of_changes(
    panel: pd.DataFrame,
    level: float,
    target: float,
    years_left: int,
    *,
    comparator: str = ">=",
    family: str = "percent",
    lower: float | None = None,
    upper: float | None = None,
) -> dict[str, float]:
    """How often comparable series made the change that a target needs.

    The change is measured on the model scale (logit or log), where a step near a
    bound counts as larger than the same step in the middle; every pair of years that
    lie `years_left` apart is one case.

    Parameters
    ----------
    panel : pandas.DataFrame
        Comparable series: series_id, year, value.
    level, target : float
        Last known value and target.
    years_left : int
        Years between the two.
    comparator : {'>=', '>', '<=', '<'}, optional
        Side on which the target is met.
    family : str, optional
        Kind of quantity.
    lower, upper : float, optional
        Bounds.

    Returns
    -------
    dict
        share (0 to 1, NaN without a case), n_cases, n_series, n_series_ever (series
        that made the change at least once), needed_per_year.

    Raises
    ------
    ForecastError
        If the comparator has no side or the panel is not usable.
    """
    if comparator not in (">=", ">", "<=", "<"):
        raise ForecastError(
            "the comparator has no side", where="comparator", got=comparator, expected=">= > <= <"
        )
    pace = needed_per_year(level, target, years_left)
    up = comparator.startswith(">")
    cases = hits = used = ever = 0
    for series in panel_series(panel, family, lower, upper).values():
        seen = series.readings
        pairs = np.flatnonzero(
            np.isfinite(seen[:-years_left]) & np.isfinite(seen[years_left:])
            if seen.size > years_left
            else np.zeros(0, dtype=bool)
        )
        if not pairs.size or (family not in SIZED and not np.nanmax(seen) > 0):
            continue
        transform = make_transform(np.append(seen, [level, target]), family, lower, upper)
        z = transform.forward(seen)
        change = z[pairs + years_left] - z[pairs]
        need = float(transform.forward(target) - transform.forward(level))
        made = change >= need - 1e-12 if up else change <= need + 1e-12
        cases, hits = cases + made.size, hits + int(made.sum())
        used, ever = used + 1, ever + int(made.any())
    return {
        "share": hits / cases if cases else float("nan"),
        "n_cases": float(cases),
        "n_series": float(used),
        "n_series_ever": float(ever),
        "needed_per_year": pace,
    }


def comparable_changes(
    found: Judgement, annual: pd.DataFrame, families: Mapping[str, str]
) -> dict[str, Any]:
    """How often comparable series made the change behind a stated probability.

    Parameters
    ----------
    found : Judgement
        What was found about a target.
    annual : pandas.DataFrame
        One value per series and year: indicator_id, region, scope, year, value.
    families : mapping of str to str
        Family of each indicator.

    Returns
    -------
    dict
        Cells needed_change (target minus level), share_of_changes, n_changes (pairs of
        years that far apart), n_change_series, and changes_base: ``same_indicator`` for
        all other series of the indicator, ``same_family`` for all percentages, scores or
        rates where those have fewer than 10 cases, blank if both have, or without a
        probability that is forecast.
    """
    level, chance, part = found.level, found.chance, found.parts[0]
    indicator, target = part.question.indicator, found.target.value
    cells: dict[str, Any] = {"share_of_changes": None, "n_changes": None, "n_change_series": None,
                             "changes_base": ""}  # fmt: skip
    left = found.year - int(level.year or found.year)
    sided = found.target.comparator in (">=", ">", "<=", "<") and found.target.scope != "plan_sum"
    if chance.p is None or chance.evidence_class == "known" or target is None or not sided:
        return cells
    if level.value is None or left < 1 or level.qualifier in NO_LEVEL:
        return cells
    key = annual[["indicator_id", "region", "scope"]].astype(str).agg("|".join, axis=1)
    own = "|".join((found.target.indicator_id, found.target.region, found.evidence.scope))
    panel = annual.assign(series_id=key)[key != own]
    same = panel["indicator_id"] == found.target.indicator_id
    kin = panel["indicator_id"].map(families) == indicator.family
    kin &= indicator.family in COMMON_SCALE
    for base, rows in (("same_indicator", panel[same]), ("same_family", panel[kin])):
        made = share_of_changes(
            _inside(rows, indicator), level.value, target, left,
            comparator=found.target.comparator, family=indicator.family,
            lower=indicator.lower, upper=indicator.upper,
        )  # fmt: skip
        if made["n_cases"] >= MIN_CASES:
            cells |= {
                "share_of_changes": made["share"],
                "n_changes": int(made["n_cases"]),
                "n_change_series": int(made["n_series"]),
                "changes_base": base,
            }
            break
    return cells


def _inside(rows: pd.DataFrame, indicator: Indicator) -> pd.DataFrame:
    low, high = resolve_bounds(indicator.family, indicator.lower, indicator.upper)
    return rows[rows["value"].between(low, high)]


def level_shift_readings(
    values: Any,
    years: Any = None,
    *,
    event_year: int = 2020,
    target: float | None = None,
    comparator: str = ">=",
    decimals: int | None = None,
    readings: Sequence[str] = READINGS,
    **request: Any,
) -> pd.DataFrame:
    """Forecast under several readings of one unusual year.

    Parameters
    ----------
    values, years
        As in :func:`wqa.forecasts.forecasting.forecast`.
    event_year : int, optional
        The unusual year.
    target : float, optional
        Adds p_attain for the last forecast year.
    comparator, decimals : optional
        See ``Forecast.p_attain``.
    readings : sequence of str, optional
        keep: the value counts like any other. outlier: the value is treated as missing,
        the calendar stays. drop: the year and all years before it are left out, as if a
        new series had begun.
    **request
        Further arguments of :func:`wqa.forecasts.forecasting.forecast`, except exposures and
        denominators.

    Returns
    -------
    pandas.DataFrame
        One row per reading: reading, n_points, year, median, lo_80, hi_80, (p_attain),
        fallback, reason; a reading that is not possible has NaN and says why. Columns
        spread_median and spread_p give the range over the readings.

    Raises
    ------
    ForecastError
        If a reading is unknown or no reading is possible.
    """
    import pandas as pd

    unknown = [r for r in readings if r not in READINGS]
    if unknown:
        raise ForecastError(
            "unknown reading", where="readings", got=unknown, expected=" or ".join(READINGS)
        )
    series = annual_series(
        values,
        years,
        family=request.get("family", "percent"),
        lower=request.get("lower"),
        upper=request.get("upper"),
    )
    # Without a fixed end the readings would look at different years.
    if "target_year" not in request:
        request["target_year"] = series.origin + int(request.pop("horizon", None) or 5)
    rows = []
    for reading in readings:
        seen = series.readings.copy()
        if reading == "outlier":
            seen[series.years == event_year] = np.nan
        elif reading == "drop":
            seen[series.years <= event_year] = np.nan
        row: dict[str, Any] = {"reading": reading, "n_points": int(np.isfinite(seen).sum())}
        row["year"] = int(request["target_year"])
        try:
            found = forecast(seen, series.years, **request)
        except ForecastError as error:
            rows.append(row | {"reason": str(error)})
            continue
        row |= {
            "median": found.quantile(0.5),
            "lo_80": found.quantile(0.1),
            "hi_80": found.quantile(0.9),
            "fallback": found.fallback,
            "reason": "",
        }
        if target is not None:
            row["p_attain"] = found.p_attain(target, comparator, decimals=decimals)
        rows.append(row)
    table = pd.DataFrame(rows)
    if "median" not in table.columns:
        raise ForecastError("no reading is possible", where="readings", got=rows[0]["reason"])
    table["spread_median"] = table["median"].max() - table["median"].min()
    if target is not None:
        table["spread_p"] = table["p_attain"].max() - table["p_attain"].min()
    return table
