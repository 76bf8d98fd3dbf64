"""Forecasts that an edition leaves behind, and their grades by what later editions know.

Two events are stated for each series and year: the plan's number is met, and the value is
not worse than the newest known one. The second can be judged for every series that has a
good direction, so that a plan with few outcomes does not leave its forecasts ungraded.
Grading fits and chooses nothing: every stored forecast whose year has since been published
counts, by the first later edition that knows the outcome.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from wqa.catalog.records import Indicator, Plan, Target
from wqa.data.series import KEYS
from wqa.errors import ForecastError
from wqa.forecasts import scores
from wqa.forecasts.forecasting import forecast
from wqa.goals import Goal

if TYPE_CHECKING:
    from wqa.history.editions import EditionRecord

FORECAST_COLUMNS = (
    "indicator_id", "region", "scope", "unit", "origin", "n_points", "last_value", "year", "h",
    "median", "lo_80", "hi_80", "lo_95", "hi_95", "target_id", "comparator", "target", "decimals",
    "p_attain", "better", "p_not_worse", "prior_weight", "evidence_class", "model", "fallback",
)  # fmt: skip
NOT_WORSE = {"higher_better": ">=", "lower_better": "<="}
# Years a target of one year, or of each year, speaks about; a sum speaks about no single year.
YEARLY = ("end_year", "end_stock", "every_year")
# A series without a figure for a plan period has ended, or its definition has changed.
MAX_AGE = 5


def edition_forecasts(
    annual: pd.DataFrame, plan: Plan, edition: int, indicators: Mapping[str, Indicator]
) -> pd.DataFrame:
    """Forecast every annual series from the report year to the end of the plan."""
    found = [pd.DataFrame(columns=list(FORECAST_COLUMNS))]
    for (name, region, scope), series in annual.groupby(KEYS):
        if name in indicators and series["year"].max() >= edition - MAX_AGE:
            keys, ordered = (str(name), str(region), str(scope)), series.sort_values("year")
            # A series that is refused, in another unit say, leaves no forecast behind.
            with contextlib.suppress(ForecastError):
                found.append(_forecast(keys, ordered, plan, edition, indicators[keys[0]]))
    made = pd.concat(found[1:] or found)
    made = made[made["year"] >= edition].sort_values([*KEYS, "year"], ignore_index=True)
    return made[[*FORECAST_COLUMNS]]


def _forecast(
    keys: tuple[str, str, str], series: pd.DataFrame, plan: Plan, edition: int, indicator: Indicator
) -> pd.DataFrame:
    """Forecast one series, and say how likely the events are that are asked of it."""
    unit, last_value = str(series["unit"].iloc[-1]), float(series["value"].iloc[-1])
    target, better = _plan_number(plan, keys, unit), NOT_WORSE.get(indicator.direction, "")
    printed = -int(Decimal(repr(last_value)).normalize().as_tuple().exponent)
    decimals = max(indicator.decimals, printed, target.decimals if target else 0)
    # The answer on a target's own series knows how many samples will be drawn; so does this.
    is_own = indicator.family == "percent" and target is not None and _is_own(target, keys)
    sizes = series["denominator"] if is_own and (series["denominator"] > 0).all() else None
    made = forecast(
        series["value"], series["year"], family=indicator.family, lower=indicator.lower,
        upper=indicator.upper, target_year=max(plan.end_year, edition + 1), denominators=sizes,
    )  # fmt: skip
    asked = {"p_not_worse": (better, last_value)} if better else {}
    asked |= {"p_attain": (target.comparator, float(target.value or 0))} if target else {}
    chances: dict[str, Any] = {"p_attain": np.nan, "p_not_worse": np.nan}
    for name, (comparator, value) in asked.items():
        chances[name] = made.p_attain(value, comparator, "all", decimals).to_numpy()
    comparator, goal = asked.get("p_attain", ("", np.nan))
    return made.frame.assign(
        **dict(zip(KEYS, keys, strict=True)), **chances, unit=unit, last_value=last_value,
        target_id=target.id if target else "", comparator=comparator, target=goal,
        decimals=decimals, better=better, evidence_class=made.evidence_class,
    )  # fmt: skip


def _plan_number(plan: Plan, keys: tuple[str, str, str], unit: str) -> Target | None:
    """Target of the plan whose number can be held against a single year of a series."""
    fits = [t for t in plan.targets if (t.indicator_id, t.unit) == (keys[0], unit)]
    fits = [t for t in fits if t.kind not in ("relative", "compound") and t.scope in YEARLY]
    fits = [t for t in fits if t.value is not None]
    return next(iter([*(t for t in fits if _is_own(t, keys)), *fits]), None)


def _is_own(target: Target, keys: tuple[str, str, str]) -> bool:
    return target.region == keys[1] and keys[2] in target.series


GRADED_COLUMNS = (
    "edition", "as_of", "indicator_id", "region", "scope", "unit", "origin", "year", "h",
    "n_points", "evidence_class", "median", "lo_80", "hi_80", "lo_95", "hi_95", "outcome",
    "source_id", "vintage", "graded_in", "error", "inside_80", "inside_95", "target_id",
    "comparator", "target", "p_attain", "attained", "hit_attain", "brier_attain", "last_value",
    "origin_source_id", "p_not_worse", "not_worse", "hit_not_worse", "brier_not_worse",
)  # fmt: skip
SUMMARY_COLUMNS = (
    "n_forecasts", "n_outcomes", "n_series", "inside_80", "inside_80_low", "inside_80_high",
    "inside_95", "inside_95_low", "inside_95_high", "n_attain", "hit_attain", "brier_attain",
    "n_not_worse", "hit_not_worse", "brier_not_worse", "is_established",
)  # fmt: skip
EVENTS = {"attain": "attained", "not_worse": "not_worse"}
# Below this number of outcomes nothing is said about calibration.
ENOUGH = 30
_FLAGS = ("inside_80", "inside_95", "attained", "hit_attain", "not_worse", "hit_not_worse")
_FLOATS = ("error", "brier_attain", "brier_not_worse", "p_attain", "p_not_worse")


def grade_forecasts(records: Sequence[EditionRecord]) -> pd.DataFrame:
    """Grade every stored forecast whose outcome a later edition knows."""
    ordered = sorted(records, key=lambda record: (record.as_of, record.edition))
    rows: list[dict[str, Any]] = []
    for place, record in enumerate(ordered):
        waiting = _by_key(record.forecasts)
        sources = {key: row["source_id"] for key, row in _by_key(record.observations).items()}
        for later in (one for one in ordered[place + 1 :] if one.as_of > record.as_of):
            for key, outcome in _by_key(later.observations).items():
                if key in waiting and outcome["unit"] == waiting[key]["unit"]:
                    stated = waiting.pop(key)
                    row = _graded(record, stated, later, outcome)
                    row["origin_source_id"] = sources[(*key[:3], stated["origin"])]
                    rows += [row] if outcome["vintage"] > record.as_of else []
    frame = pd.DataFrame(rows, columns=list(GRADED_COLUMNS))
    kinds = dict.fromkeys(_FLAGS, "boolean") | dict.fromkeys(_FLOATS, "float64")
    return frame.astype(kinds).sort_values([*KEYS, "year", "edition"], ignore_index=True)


def _by_key(frame: pd.DataFrame) -> dict[tuple[Any, ...], dict[str, Any]]:
    keys = frame[[*KEYS, "year"]].itertuples(index=False, name=None)
    rows = ({str(k): v for k, v in row.items()} for row in frame.to_dict("records"))
    return dict(zip(keys, rows, strict=True))


def _graded(
    record: EditionRecord, stated: dict[str, Any], later: EditionRecord, outcome: dict[str, Any]
) -> dict[str, Any]:
    value = float(outcome["value"])
    row = {name: stated[name] for name in GRADED_COLUMNS if name in stated}
    row |= {name: outcome[name] for name in ("source_id", "vintage")}
    row |= {"edition": record.edition, "as_of": record.as_of, "graded_in": later.edition}
    row |= {"outcome": value, "error": value - stated["median"]}
    for level in (80, 95):
        limits = stated[f"lo_{level}"], stated[f"hi_{level}"]
        row[f"inside_{level}"] = bool(scores.inside(value, *limits))
    events = {"attain": ("comparator", "target"), "not_worse": ("better", "last_value")}
    for name, (comparator, number) in events.items():
        p = stated[f"p_{name}"]
        if pd.notna(p):
            happened = bool(Goal(stated[comparator], stated[number]).met(value))
            row |= {EVENTS[name]: happened, f"hit_{name}": (p >= 0.5) == happened}
            row[f"brier_{name}"] = scores.brier(p, happened)
    return row


def grade_summary(graded: pd.DataFrame, by: Sequence[str] = ()) -> pd.DataFrame:
    """Sum up graded forecasts."""
    groups = graded.groupby(list(by), sort=True) if by else [((), graded)]
    named = ((dict(zip(by, key, strict=True)), part) for key, part in groups if len(part))
    rows = [about | _summary(part) for about, part in named]
    return pd.DataFrame(rows, columns=[*by, *SUMMARY_COLUMNS])


def _summary(part: pd.DataFrame) -> dict[str, Any]:
    n, outcomes = len(part), len(part.drop_duplicates([*KEYS, "year"]))
    row: dict[str, Any] = {"n_forecasts": n, "n_outcomes": outcomes}
    row |= {"n_series": len(part.drop_duplicates(KEYS)), "is_established": outcomes >= ENOUGH}
    for level in (80, 95):
        inside, name = int(part[f"inside_{level}"].sum()), f"inside_{level}"
        row[name] = 100.0 * inside / n
        row[f"{name}_low"], row[f"{name}_high"] = scores.proportion_interval(inside, n)
    for name, happened in EVENTS.items():
        asked = part[part[happened].notna()]
        hit, brier = asked[f"hit_{name}"].astype(float), asked[f"brier_{name}"]
        row |= {f"n_{name}": len(asked), f"hit_{name}": 100.0 * hit.mean()}
        row[f"brier_{name}"] = brier.mean()
    return row
