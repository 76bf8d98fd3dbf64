"""Grade the forecasts of earlier editions by what later editions know.

Nothing is fitted here and nothing is chosen: every stored forecast whose year has since been
published counts, by the first later edition that knows the outcome.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from wqa.data.series import KEYS
from wqa.forecasts import scores
from wqa.forecasts.scores import proportion_interval
from wqa.goals import Goal
from wqa.history.edition_records import EditionRecord

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
