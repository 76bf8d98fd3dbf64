"""Forecasts that an edition leaves behind: every annual series, ready to be graded later.

Two events are stated for each series and year: the plan's number is met, and the value is
not worse than the newest known one. The second can be judged for every series that has a
good direction, so that a plan with few outcomes does not leave its forecasts ungraded.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

from wqa.catalog.records import Indicator, Plan, Target
from wqa.data.series import KEYS
from wqa.forecasts.forecasting import forecast, forecast_many
from wqa.forecasts.pooled import evidence_class
from wqa.goals import Goal

FORECAST_COLUMNS = (
    "indicator_id", "region", "scope", "unit", "origin", "n_points", "last_value", "year", "h",
    "median", "lo_80", "hi_80", "lo_95", "hi_95", "target_id", "comparator", "target", "decimals",
    "p_attain", "better", "p_not_worse", "prior_weight", "evidence_class", "model", "fallback",
)  # fmt: skip
QUANTILES = ("median", "lo_80", "hi_80", "lo_95", "hi_95")
NOT_WORSE = {"higher_better": ">=", "lower_better": "<="}
# Years a target of one year, or of each year, speaks about; a sum speaks about no single year.
YEARLY = ("end_year", "end_stock", "every_year")
# A series without a figure for a plan period has ended, or its definition has changed.
MAX_AGE = 5


def edition_forecasts(
    annual: pd.DataFrame,
    plan: Plan,
    edition: int,
    indicators: Mapping[str, Indicator],
    *,
    model: str = "pooled",
) -> pd.DataFrame:
    """Forecast every annual series from the report year to the end of the plan."""
    rows: list[dict[str, Any]] = []
    last = max(plan.end_year, edition + 1)
    plain: dict[tuple[Any, ...], list[_Series]] = {}
    for one in _series(annual, plan, indicators):
        if one.origin < edition - MAX_AGE:
            continue
        if one.is_sampled:
            rows += _sampled(one, edition, last, model)
        else:
            plain.setdefault(one.group, []).append(one)
    for group in sorted(plain, key=str):
        rows += _vectorised(plain[group], edition, last, model)
    made = pd.DataFrame(rows, columns=list(FORECAST_COLUMNS))
    return made.sort_values([*KEYS, "year"], ignore_index=True)


class _Series:
    """One annual series with the events that are asked of it."""

    def __init__(
        self, keys: tuple[str, str, str], rows: pd.DataFrame, plan: Plan, indicator: Indicator
    ) -> None:
        self.keys, self.indicator = keys, indicator
        self.unit = str(rows["unit"].iloc[-1])
        self.by_year = {int(y): float(v) for y, v in zip(rows["year"], rows["value"], strict=True)}
        sizes = zip(rows["year"], rows["denominator"], strict=True)
        self.sizes = {int(y): float(n) for y, n in sizes if n == n and n > 0}
        self.origin = max(self.by_year)
        self.last_value = self.by_year[self.origin]
        self.target = _plan_number(plan, keys, self.unit)
        printed = -int(Decimal(repr(self.last_value)).normalize().as_tuple().exponent)
        self.decimals = max(indicator.decimals, printed, self.target.decimals if self.target else 0)
        self.not_worse = NOT_WORSE.get(indicator.direction, "")
        # The answer on a target's own series knows how many samples will be drawn; so does this.
        self.is_sampled = (
            indicator.family == "percent"
            and self.target is not None
            and _is_own(self.target, keys)
            and set(self.sizes) == set(self.by_year)
        )

    @property
    def group(self) -> tuple[Any, ...]:
        """What one vectorised call must have in common."""
        i, target = self.indicator, self.target
        return (i.family, i.lower, i.upper, self.origin, self.not_worse, self.decimals,
                target.comparator if target else "")  # fmt: skip

    def events(self) -> dict[str, tuple[str, float]]:
        """Return comparator and number of each event whose probability is stated."""
        found: dict[str, tuple[str, float]] = {}
        if self.not_worse:
            found["p_not_worse"] = self.not_worse, self.last_value
        if self.target is not None and self.target.value is not None:
            found["p_attain"] = self.target.comparator, self.target.value
        return found

    def row(self, year: int, found: Mapping[str, Any]) -> dict[str, Any]:
        """Lay out the forecast of one year."""
        target = self.target
        about = dict(zip(KEYS, self.keys, strict=True))
        return {
            **about,
            "unit": self.unit,
            "origin": self.origin,
            "n_points": len(self.by_year),
            "last_value": self.last_value,
            "year": year,
            "h": year - self.origin,
            "target_id": target.id if target else "",
            "comparator": target.comparator if target else "",
            "target": target.value if target else np.nan,
            "decimals": self.decimals,
            "p_attain": np.nan,
            "better": self.not_worse,
            "p_not_worse": np.nan,
            **{name: found[name] for name in FORECAST_COLUMNS if name in found},
        }


def _series(
    annual: pd.DataFrame, plan: Plan, indicators: Mapping[str, Indicator]
) -> Iterator[_Series]:
    for keys, rows in annual.groupby(KEYS, sort=True):
        name = (str(keys[0]), str(keys[1]), str(keys[2]))
        if name[0] in indicators:
            yield _Series(name, rows.sort_values("year"), plan, indicators[name[0]])


def _plan_number(plan: Plan, keys: tuple[str, str, str], unit: str) -> Target | None:
    """Target of the plan whose number can be held against a single year of a series."""
    fits = [
        t
        for t in plan.targets
        if t.indicator_id == keys[0]
        and t.unit == unit
        and t.value is not None
        and t.scope in YEARLY
        and t.kind not in ("relative", "compound")
    ]
    return next(iter([*(t for t in fits if _is_own(t, keys)), *fits]), None)


def _is_own(target: Target, keys: tuple[str, str, str]) -> bool:
    return target.region == keys[1] and keys[2] in target.series


def _sampled(one: _Series, edition: int, last: int, model: str) -> Iterator[dict[str, Any]]:
    """Forecast a pass rate whose every sample size is known, as the answers do."""
    if one.origin >= last:
        return
    years = sorted(one.by_year)
    made = forecast(
        [one.by_year[y] for y in years], years, family="percent", lower=one.indicator.lower,
        upper=one.indicator.upper, target_year=last, model=model,
        denominators=[one.sizes[y] for y in years],
    )  # fmt: skip
    frame = made.frame.assign(evidence_class=made.evidence_class)
    for name, (comparator, goal) in one.events().items():
        frame[name] = Goal(comparator, goal, one.decimals).probability(made.distribution)[0]
    for record in frame[frame["year"] >= edition].to_dict("records"):
        yield one.row(int(record["year"]), {str(name): value for name, value in record.items()})


def _vectorised(
    group: list[_Series], edition: int, last: int, model: str
) -> Iterator[dict[str, Any]]:
    """Forecast series of one kind, origin and pair of events in one or two calls."""
    first = group[0]
    if first.origin >= last:
        return
    tidy = pd.DataFrame(
        [("|".join(s.keys), year, value) for s in group for year, value in s.by_year.items()],
        columns=["series_id", "year", "value"],
    )
    common: dict[str, Any] = {
        "family": first.indicator.family, "lower": first.indicator.lower,
        "upper": first.indicator.upper, "target_year": last, "model": model,
        "decimals": first.decimals,
    }  # fmt: skip
    goals = {"|".join(s.keys): s.events() for s in group}
    asked = first.events()
    made = forecast_many(tidy, **common) if not asked else None
    for name, (comparator, _) in asked.items():
        answer = forecast_many(
            tidy, **common, comparator=comparator,
            target={key: events[name][1] for key, events in goals.items()},
            levels=(80, 95) if made is None else (),
        )  # fmt: skip
        made = answer.drop(columns="p_attain") if made is None else made
        made[name] = answer["p_attain"]
    assert made is not None
    by_id = {"|".join(s.keys): s for s in group}
    # A series that was refused, in another unit say, leaves no forecast behind.
    made = made[~made["fallback"].str.startswith("refused: ")]
    for record in made.to_dict("records"):
        one, year = by_id[str(record["series_id"])], int(record["year"])
        if year < edition:
            continue
        kept = {name: float(record[name]) for name in (*QUANTILES, *asked, "prior_weight")}
        weight, points = kept["prior_weight"], len(one.by_year)
        tested = model == "pooled" and not record["fallback"]
        family = one.indicator.family
        yield one.row(year, {
            **kept,
            "evidence_class": evidence_class(points, weight, family) if tested else "weak",
            "model": model,
            "fallback": str(record["fallback"]),
        })  # fmt: skip
