"""What changed between two editions: figures, revisions, answers, targets, methods."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from wqa.data.series import KEYS
from wqa.errors import DataError
from wqa.history.editions import TARGET_COLUMNS, EditionRecord

NEW_COLUMNS = (
    *KEYS, "year", "value", "unit", "qualifier", "evidence", "source_id", "vintage", "is_late",
)  # fmt: skip
REVISION_COLUMNS = (
    *KEYS, "year", "old", "new", "change", "unit", "why", "old_source_id", "new_source_id",
    "old_vintage", "new_vintage",
)  # fmt: skip
FLIP_COLUMNS = (
    "target_id", "row", "indicator_id", "name_zh", "name_en", "unit", "old_answer",
    "new_answer", "old_p", "new_p", "old_level", "old_level_year", "new_level", "new_level_year",
    "why", "reason_zh", "reason_en",
)  # fmt: skip
TARGET_CHANGE_COLUMNS = ("target_id", "row", "name_zh", "name_en", "field", "old", "new")
METHOD_COLUMNS = ("method", "old", "new")
COLUMNS = NEW_COLUMNS, REVISION_COLUMNS, FLIP_COLUMNS, TARGET_CHANGE_COLUMNS, METHOD_COLUMNS
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
    answers = _flips(old, new, touched, retargeted, bool(methods))
    rows = added, revisions, answers, targets, methods
    return EditionChanges(old, new, *map(_frame, rows, COLUMNS))


def _frame(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> pd.DataFrame:
    frame = pd.DataFrame(list(rows), columns=list(columns))
    whole = [c for c in ("old_level_year", "new_level_year") if c in frame]
    return frame.astype(dict.fromkeys(whole, "Int64"))


def _rows(frame: pd.DataFrame, keys: Sequence[str]) -> dict[tuple[Any, ...], Row]:
    rows = [{str(k): v for k, v in row.items()} for row in frame.to_dict("records")]
    return {tuple(row[key] for key in keys): row for row in rows}


def _figures(old: EditionRecord, new: EditionRecord) -> tuple[list[Row], list[Row]]:
    """Figures that only the new edition knows, and those that are no longer what they were."""
    keys = [*KEYS, "year"]
    before, after = _rows(old.observations, keys), _rows(new.observations, keys)
    added = [row | {"is_late": row["year"] <= old.edition}
             for key, row in sorted(after.items()) if key not in before]  # fmt: skip
    pairs = ((was, after.get(key)) for key, was in sorted(before.items()))
    return added, [_revision(was, now, old.as_of) for was, now in pairs if not _is_same(was, now)]


def _is_same(was: Row, now: Row | None) -> bool:
    return now is not None and (was["value"], was["unit"]) == (now["value"], now["unit"])


def _revision(was: Row, now: Row | None, day: str) -> Row:
    row = {name: was[name] for name in (*KEYS, "year", "unit")}
    row |= {"old": was["value"], "old_source_id": was["source_id"], "old_vintage": was["vintage"]}
    if now is None:
        return row | {"why": "withdrawn", "new_source_id": "", "new_vintage": ""}
    source = now["source_id"], now["vintage"]
    is_corrected = source == (was["source_id"], was["vintage"])
    why = "source_corrected" if is_corrected else "other_choice"
    # Published numbers have few decimals; their difference must not show more.
    change = round(now["value"] - was["value"], 10) if was["unit"] == now["unit"] else None
    row |= {"new": now["value"], "change": change, "unit": now["unit"]}
    row |= dict(zip(("new_source_id", "new_vintage"), source, strict=True))
    return row | {"why": "newer" if now["vintage"] > day else why}


def _flips(
    old: EditionRecord,
    new: EditionRecord,
    touched: set[str],
    retargeted: set[str],
    has_new_methods: bool,
) -> list[Row]:
    before, after = _rows(old.answers, ["target_id"]), _rows(new.answers, ["target_id"])
    found = []
    for key, now in after.items():
        was = before.get(key)
        if was is None or was["answer"] == now["answer"]:
            continue
        why = "methods" if has_new_methods else "time"
        if now["target_id"] in retargeted:
            why = "target"
        elif now["indicator_id"] in touched or _cell(was["level"]) != _cell(now["level"]):
            why = "figures"
        row = {name: now[name] for name in FLIP_COLUMNS if name in now}
        for side, cells in (("old", was), ("new", now)):
            named = {
                "answer": "answer",
                "p": "p_attain",
                "level": "level",
                "level_year": "level_year",
            }
            row |= {f"{side}_{name}": cells[column] for name, column in named.items()}
        found.append({**row, "why": why})
    return found


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
