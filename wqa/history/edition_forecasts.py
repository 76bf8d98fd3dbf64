"""Forecasts that an edition leaves behind, and their grades by what later editions know.

Two events are stated for each series and year: the plan's number is met, and the value is
not worse than the newest known one. The second can be judged for every series that has a
good direction, so that a plan with few outcomes does not leave its forecasts ungraded.
Grading fits and chooses nothing: every stored forecast whose year has since been published
counts, by the first later edition that knows the outcome.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from wqa.catalog.records import Indicator, Plan, Target
from wqa.data.series import KEYS
from wqa.forecasts import scores
from wqa.forecasts.forecasting import forecast, forecast_many
from wqa.forecasts.pooled import evidence_class
from wqa.forecasts.scores import proportion_interval
from wqa.goals import Goal

if TYPE_CHECKING:
    from wqa.history.editions import EditionRecord

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
) -> pd.DataFrame:
    """Forecast every annual series from the report year to the end of the plan."""
    rows: list[dict[str, Any]] = []
    last = max(plan.end_year, edition + 1)
    plain: dict[tuple[Any, ...], list[_Series]] = {}
    for one in _series(annual, plan, indicators):
        if one.origin < edition - MAX_AGE:
            continue
        if one.is_sampled:
            rows += _sampled(one, edition, last)
        else:
            plain.setdefault(one.group, []).append(one)
    for group in sorted(plain, key=str):
        rows += _vectorised(plain[group], edition, last)
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


def _sampled(one: _Series, edition: int, last: int) -> Iterator[dict[str, Any]]:
    """Forecast a pass rate whose every sample size is known, as the answers do."""
    if one.origin >= last:
        return
    years = sorted(one.by_year)
    made = forecast(
        [one.by_year[y] for y in years], years, family="percent", lower=one.indicator.lower,
        upper=one.indicator.upper, target_year=last,
        denominators=[one.sizes[y] for y in years],
    )  # fmt: skip
    frame = made.frame.assign(evidence_class=made.evidence_class)
    for name, (comparator, goal) in one.events().items():
        frame[name] = Goal(comparator, goal, one.decimals).probability(made.distribution)[0]
    for record in frame[frame["year"] >= edition].to_dict("records"):
        yield one.row(int(record["year"]), {str(name): value for name, value in record.items()})


def _vectorised(group: list[_Series], edition: int, last: int) -> Iterator[dict[str, Any]]:
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
        "upper": first.indicator.upper, "target_year": last,
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
        family = one.indicator.family
        yield one.row(year, {
            **kept,
            "evidence_class": evidence_class(points, weight, family),
            "model": "pooled",
            "fallback": str(record["fallback"]),
        })  # fmt: skip


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
        for later in ordered[place + 1 :]:
            if later.as_of <= record.as_of:
                continue
            for key, outcome in _by_key(later.observations).items():
                stated = waiting.get(key)
                if stated is None or outcome["unit"] != stated["unit"]:
                    continue
                del waiting[key]
                if outcome["vintage"] > record.as_of:
                    row = _graded(record, stated, later, outcome)
                    row["origin_source_id"] = sources[(*key[:3], stated["origin"])]
                    rows.append(row)
    frame = _frame(rows, GRADED_COLUMNS)
    return frame.sort_values([*KEYS, "year", "edition"], ignore_index=True)


def _by_key(frame: pd.DataFrame) -> dict[tuple[Any, ...], dict[str, Any]]:
    keys = frame[[*KEYS, "year"]].itertuples(index=False, name=None)
    rows = ({str(k): v for k, v in row.items()} for row in frame.to_dict("records"))
    return dict(zip(keys, rows, strict=True))


def _frame(rows: list[dict[str, Any]], columns: Sequence[str]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=list(columns))
    kinds: dict[str, str] = {name: "boolean" for name in _FLAGS if name in columns}
    kinds |= {name: "float64" for name in _FLOATS if name in columns}
    return frame.astype(kinds)


def _graded(
    record: EditionRecord, stated: dict[str, Any], later: EditionRecord, outcome: dict[str, Any]
) -> dict[str, Any]:
    value = float(outcome["value"])
    row = {name: stated[name] for name in GRADED_COLUMNS if name in stated}
    row |= {
        "edition": record.edition,
        "as_of": record.as_of,
        "graded_in": later.edition,
        "outcome": value,
        "source_id": outcome["source_id"],
        "vintage": outcome["vintage"],
        "error": value - stated["median"],
    }
    for level in (80, 95):
        limits = stated[f"lo_{level}"], stated[f"hi_{level}"]
        row[f"inside_{level}"] = bool(scores.inside(value, *limits))
    if pd.notna(stated["p_attain"]):
        happened = bool(Goal(stated["comparator"], stated["target"]).met(value))
        row |= _event("attain", stated["p_attain"], happened)
    if pd.notna(stated["p_not_worse"]):
        direction = stated["better"]
        happened = bool(Goal(direction, stated["last_value"]).met(value))
        row |= _event("not_worse", stated["p_not_worse"], happened)
    return row


def _event(name: str, p: float, happened: bool) -> dict[str, Any]:
    return {
        EVENTS[name]: happened,
        f"hit_{name}": (p >= 0.5) == happened,
        f"brier_{name}": scores.brier(p, happened),
    }


def grade_summary(graded: pd.DataFrame, by: Sequence[str] = ()) -> pd.DataFrame:
    """Sum up graded forecasts."""
    groups = graded.groupby(list(by), sort=True) if by else [((), graded)]
    rows = [
        {**dict(zip(by, key, strict=True)), **_summary(part)} for key, part in groups if len(part)
    ]
    return pd.DataFrame(rows, columns=[*by, *SUMMARY_COLUMNS])


def _summary(part: pd.DataFrame) -> dict[str, Any]:
    n = len(part)
    outcomes = len(part.drop_duplicates([*KEYS, "year"]))
    row: dict[str, Any] = {
        "n_forecasts": n,
        "n_outcomes": outcomes,
        "n_series": len(part.drop_duplicates(KEYS)),
        "is_established": outcomes >= ENOUGH,
    }
    for level in (80, 95):
        inside = int(part[f"inside_{level}"].sum())
        low, high = proportion_interval(inside, n)
        row |= {f"inside_{level}": 100.0 * inside / n, f"inside_{level}_low": low,
                f"inside_{level}_high": high}  # fmt: skip
    for name, happened in EVENTS.items():
        asked = part[part[happened].notna()]
        row |= {f"n_{name}": len(asked), f"hit_{name}": np.nan, f"brier_{name}": np.nan}
        if len(asked):
            row[f"hit_{name}"] = 100.0 * float(asked[f"hit_{name}"].mean())
            row[f"brier_{name}"] = float(asked[f"brier_{name}"].mean())
    return row
