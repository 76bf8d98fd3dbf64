"""Evidence for one target: which published figures speak about it, and what they allow.

A target names the observation scopes that count as its series. One scope is
one series; scopes are never joined. Figures that are no annual value (limits,
parts of a year) stay out of the series, but they bound what the year can be.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from wqa.catalog.records import Indicator, Target
from wqa.catalog.targets import Known
from wqa.data.scope_rules import ANNUAL
from wqa.data.series import series


@dataclass(frozen=True)
class Evidence:
    """What the published figures say about one target.

    Parameters
    ----------
    scope : str
        Scope of the series that is used; empty when nothing was found.
    annual : dict of int to float
        Annual values (exact or derived) by year.
    sizes : dict of int to float
        Denominators by year, where published.
    successes : dict of int to float
        Numerators by year, where published.
    known : dict of int to Known
        What is known about each year, limits included.
    hints : pandas.DataFrame
        Rows inside the plan that do not give an annual value of the series.
    rows : pandas.DataFrame
        Rows behind `annual`.
    limits : pandas.DataFrame
        Rows of the series that are no annual value.
    """

    scope: str
    annual: Mapping[int, float]
    sizes: Mapping[int, float]
    successes: Mapping[int, float]
    known: Mapping[int, Known]
    hints: pd.DataFrame
    rows: pd.DataFrame
    limits: pd.DataFrame

    @property
    def source_ids(self) -> tuple[str, ...]:
        """Sources of the figures used, sorted."""
        frames = (self.rows, self.limits)
        return tuple(sorted({str(s) for frame in frames for s in frame["source_id"]}))

    def in_plan(self, start_year: int) -> dict[int, float]:
        """Annual values from the first plan year on."""
        return {year: value for year, value in self.annual.items() if year >= start_year}


def accumulates(target: Target) -> bool:
    """Whether a part of a year bounds the whole year from below."""
    return target.kind in ("plan_sum", "monotone") or target.scope == "plan_sum"


def natural_bounds(target: Target, indicator: Indicator) -> tuple[float, float]:
    """Smallest and largest possible yearly value, infinite where there is none.

    Parameters
    ----------
    target : Target
        The target; yearly additions are never negative.
    indicator : Indicator
        Its indicator.

    Returns
    -------
    tuple of float
        Lower and upper bound.
    """
    lower = indicator.lower
    if lower is None and indicator.family in ("count", "rate"):
        lower = 0.0
    upper = indicator.upper
    return -math.inf if lower is None else lower, math.inf if upper is None else upper


def gather(
    observations: pd.DataFrame,
    target: Target,
    indicator: Indicator,
    *,
    region: str,
    year: int,
    as_of: str | None = None,
    edition: int | None = None,
    scopes: tuple[str, ...] | None = None,
    indicator_id: str = "",
) -> Evidence:
    """Collect the figures of a target's series.

    The first scope of the target with an annual value inside the plan is the
    series; else the first with any annual value; else the first with any row.

    Parameters
    ----------
    observations : pandas.DataFrame
        As ``load_observations(annual=False)`` returns it.
    target, indicator
        The target and its indicator.
    region : str
        Region whose figures count.
    year : int
        Target year; later years are left out.
    as_of : str, optional
        ISO date; figures that became known later are left out.
    edition : int, optional
        Report year; later years are left out.
    scopes : tuple of str, optional
        Scopes instead of those of the target, for conditions and references.
    indicator_id : str, optional
        Indicator instead of that of the target, for conditions.

    Returns
    -------
    Evidence
        Possibly empty.
    """
    last = year if edition is None else min(year, edition)
    # One column at a time: the whole frame is long, and the rows of an indicator are few.
    frame = observations[observations["indicator_id"] == (indicator_id or target.indicator_id)]
    frame = frame[frame["region"] == region]
    frame = frame[frame["value"].notna() & ~frame["qualifier"].isin(("target", "context"))]
    frame = frame[(frame["year"] <= last).fillna(False).astype(bool)]
    if as_of:
        frame = frame[frame["vintage"].astype(str) <= as_of]
    start = int(target.start_year or 0)
    # A window that opens before the plan says nothing about the plan years alone.
    opens = pd.to_numeric(frame["period"].astype(str).str[:4], errors="coerce")
    inside = frame[(frame["year"] >= start) & (opens >= start)]
    wanted = target.series if scopes is None else scopes
    scope = _choose(frame, inside, wanted)
    rows = frame[frame["scope"] == scope]
    annual = rows.assign(is_observed=True)
    if len(rows):
        annual = series(rows, indicator_id or target.indicator_id, region, scope)
    annual = annual[annual["is_observed"].astype(bool)]
    bounds = natural_bounds(target, indicator)
    known = _limits(rows, bounds, parts=accumulates(target))
    values = _by_year(annual, "value")
    known |= {year: Known(value, value) for year, value in values.items()}
    in_series = inside["scope"].isin(wanted)
    return Evidence(
        scope=scope,
        annual=values,
        sizes=_by_year(annual, "denominator"),
        successes=_by_year(annual, "numerator"),
        known=known,
        hints=inside[~(in_series & inside["qualifier"].isin(ANNUAL))],
        rows=annual,
        limits=rows[~rows["qualifier"].isin(ANNUAL)],
    )


def _choose(frame: pd.DataFrame, inside: pd.DataFrame, wanted: tuple[str, ...]) -> str:
    for pool in (inside[inside["qualifier"].isin(ANNUAL)], frame[frame["qualifier"].isin(ANNUAL)]):
        for scope in wanted:
            if (pool["scope"] == scope).any():
                return scope
    for scope in wanted:
        if (frame["scope"] == scope).any():
            return scope
    return ""


def _by_year(frame: pd.DataFrame, column: str) -> dict[int, float]:
    found = frame[frame[column].notna()]
    return {int(y): float(v) for y, v in zip(found["year"], found[column], strict=True)}


def _limits(rows: pd.DataFrame, bounds: tuple[float, float], *, parts: bool) -> dict[int, Known]:
    known: dict[int, Known] = {}
    for year in sorted(set(rows["year"].astype(int))):
        group = rows[rows["year"] == year]
        # A part of the year bounds the year only if it lies within it ("2024-09", not "2018-2021").
        within = group["period"].astype(str).str.fullmatch(f"{year}(-?[0-9QHM]{{1,2}})?")
        low, high = bounds
        for qualifier, value, is_part in zip(
            group["qualifier"], group["value"], within, strict=True
        ):
            if qualifier == "lower_bound" or (parts and qualifier == "partial_period" and is_part):
                low = max(low, float(value))
            elif qualifier == "upper_bound":
                high = min(high, float(value))
        # Limits that contradict each other bound nothing; the conflict register lists them.
        if low <= high and (low, high) != bounds:
            known[year] = Known(low, high)
    return known
