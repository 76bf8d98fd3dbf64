"""What changed between two editions: figures, revisions, answers, targets, methods."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from wqa.data.series import KEYS
from wqa.errors import DataError
from wqa.history.editions import TARGET_COLUMNS, EditionRecord

# Names may be worded anew; these fields decide what is judged.
COMPARED = tuple(c for c in TARGET_COLUMNS if c not in ("target_id", "row", "name_zh", "name_en"))
Row = dict[str, Any]


@dataclass(frozen=True)
class EditionChanges:
    """Differences between two editions, as frames ready to be shown."""

    old: EditionRecord = field(repr=False)
    new: EditionRecord = field(repr=False)
    figures: pd.DataFrame
    revisions: pd.DataFrame
    answers: pd.DataFrame
    targets: pd.DataFrame
    methods: pd.DataFrame

    def frames(self) -> dict[str, pd.DataFrame]:
        """Return the five frames by name."""
        names = ("figures", "revisions", "answers", "targets", "methods")
        return {name: getattr(self, name) for name in names}


def diff_editions(old: EditionRecord, new: EditionRecord) -> EditionChanges:
    """Compare two editions."""
    if old.region != new.region:
        what, got = "editions of different regions cannot be compared", (old.region, new.region)
        raise DataError(what, got=" and ".join(got), expected="one region")
    added, revisions = _figures(old, new)
    targets, methods = _targets(old, new), _methods(old, new)
    touched = {row["indicator_id"] for row in (*added, *revisions)}
    retargeted = {row["target_id"] for row in targets}
    otherwise = "methods" if methods else "time"
    answers = [
        {**now, "old_answer": was["answer"], "new_answer": now["answer"], "why": why}
        for was, now in _flips(old, new)
        for why in [_cause(was, now, touched, retargeted) or otherwise]
    ]
    figures = pd.DataFrame(added, columns=[*new.observations, "is_late"])
    return EditionChanges(
        old, new, figures, *map(pd.DataFrame, (revisions, answers, targets, methods))
    )


def _rows(frame: pd.DataFrame, keys: Sequence[str]) -> dict[tuple[Any, ...], Row]:
    rows = [{str(k): v for k, v in row.items()} for row in frame.to_dict("records")]
    return {tuple(row[key] for key in keys): row for row in rows}


def _figures(old: EditionRecord, new: EditionRecord) -> tuple[list[Row], list[Row]]:
    """Figures that only the new edition knows, and those that are no longer what they were."""
    keys = [*KEYS, "year"]
    before, after = _rows(old.observations, keys), _rows(new.observations, keys)
    added = [row | {"is_late": row["year"] <= old.edition}
             for key, row in sorted(after.items()) if key not in before]  # fmt: skip
    pairs = [(was, after.get(key)) for key, was in sorted(before.items())]
    revised = [
        (was, now)
        for was, now in pairs
        if now is None or (was["value"], was["unit"]) != (now["value"], now["unit"])
    ]
    return added, [_revision(was, now, old.as_of) for was, now in revised]


def _revision(was: Row, now: Row | None, day: str) -> Row:
    row = {name: was[name] for name in (*KEYS, "year", "unit")}
    row |= {"old": was["value"], "old_source_id": was["source_id"], "old_vintage": was["vintage"]}
    if now is None:
        return row | {"new": None, "change": None, "why": "withdrawn"}
    origin = [(one["source_id"], one["vintage"]) for one in (was, now)]
    why = "source_corrected" if origin[0] == origin[1] else "other_choice"
    # Published numbers have few decimals; their difference must not show more.
    change = round(now["value"] - was["value"], 10) if was["unit"] == now["unit"] else None
    row |= {"new": now["value"], "change": change, "unit": now["unit"]}
    row |= {"new_source_id": now["source_id"], "new_vintage": now["vintage"]}
    return row | {"why": "newer" if now["vintage"] > day else why}


def _flips(old: EditionRecord, new: EditionRecord) -> list[tuple[Row, Row]]:
    """Pair the answers on a target that are not the same."""
    before, after = _rows(old.answers, ["target_id"]), _rows(new.answers, ["target_id"])
    pairs = [(before[key], now) for key, now in after.items() if key in before]
    return [(was, now) for was, now in pairs if was["answer"] != now["answer"]]


def _cause(was: Row, now: Row, touched: set[str], retargeted: set[str]) -> str:
    """Say what changed an answer, if it is its target or its figures."""
    if now["target_id"] in retargeted:
        return "target"
    is_touched = now["indicator_id"] in touched or _cell(was["level"]) != _cell(now["level"])
    return "figures" if is_touched else ""


def _targets(old: EditionRecord, new: EditionRecord) -> list[Row]:
    before, after = _rows(old.targets, ["target_id"]), _rows(new.targets, ["target_id"])
    found = []
    for key in {**after, **before}:
        was, now = before.get(key), after.get(key)
        shown: Row = now or was or {}
        about = {name: shown[name] for name in ("target_id", "row", "name_zh", "name_en")}
        sides = {"target": (_number(was), _number(now))}
        if was is not None and now is not None:
            sides = {name: (_cell(was[name]), _cell(now[name])) for name in COMPARED}
        found += [about | {"field": name, "old": one, "new": other}
                  for name, (one, other) in sides.items() if one != other]  # fmt: skip
    return found


def _number(row: Mapping[str, Any] | None) -> str:
    if row is None:
        return ""
    return f"{row['comparator']} {_cell(row['value'])} {row['unit']}".strip()


def _cell(value: Any) -> str:
    """Print a field of a target, so that 5 and 5.0 are the same."""
    if value is None or pd.isna(value):
        return ""
    return f"{value:.12g}" if isinstance(value, float) else str(value)


def _methods(old: EditionRecord, new: EditionRecord) -> list[Row]:
    names = dict.fromkeys((*old.methods, *new.methods))
    pairs = [(n, _cell(old.methods.get(n)), _cell(new.methods.get(n))) for n in names]
    return [{"method": n, "old": was, "new": now} for n, was, now in pairs if was != now]
