"""Figures asked for: what a plan needs each year, and what is known of it already."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

import pandas as pd

from wqa.assessment.judging import of_region
from wqa.catalog.catalog import load_indicators
from wqa.catalog.reading import read_words
from wqa.catalog.records import Indicator, Plan, Target
from wqa.data.loading import load_observations
from wqa.data.series import best_values

Words = Mapping[str, str]
Known = Mapping[int, float]  # year to value


@dataclass(frozen=True)
class Asked:
    """One figure that a target needs every year, with the values already known."""

    row: str
    indicator: Indicator
    region: str
    scope: str
    known: Known

    @property
    def parts(self) -> dict[str, Words]:
        """Name what numerator and denominator are; none if the figure has none."""
        told = read_words("workbook")["parts"]
        return dict(told.get(self.indicator.unit) or told.get(self.indicator.family) or {})


def asked_figures(
    plan: Plan, year: int, region: str, catalog: Path | None, root: Path | None
) -> list[Asked]:
    """List the figures of all targets, those of the parts of a compound target one by one."""
    indicators = load_indicators(catalog)
    years = range(plan.start_year, year + 1)
    frame = best_values(load_observations(years=years, annual=True, catalog=catalog, root=root))
    found: dict[tuple[str, str, str], Asked] = {}
    for target in plan.targets:
        own = of_region(target, plan, region)
        for indicator_id, place, series in _series(own):
            key = indicator_id, place, series[0]
            known = _known(frame, indicator_id, place, series)
            made = Asked(target.row + target.part, indicators[indicator_id], *key[1:], known)
            found.setdefault(key, made)
    return [*found.values()]


def _series(target: Target) -> Iterable[tuple[str, str, tuple[str, ...]]]:
    """Yield indicator, region and series of a target and of what else it needs."""
    yield target.indicator_id, target.region, target.series
    for part in target.conditions:
        yield part.indicator_id, target.region, part.series
        if part.reference_region:
            # The same round of the other region: it has the name that ours has.
            yield part.indicator_id, part.reference_region, target.series
    if target.reference_region:
        yield target.indicator_id, target.reference_region, target.series


def _known(frame: pd.DataFrame, indicator_id: str, region: str, series: Iterable[str]) -> Known:
    own = frame[(frame["indicator_id"] == indicator_id) & (frame["region"] == region)]
    rows = own[["scope", "year", "value"]].to_dict("records")
    return {
        int(row["year"]): float(row["value"])
        for row in rows
        if any(fnmatchcase(row["scope"], name) for name in series)
    }
