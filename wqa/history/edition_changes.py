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
# Names may be worded anew; these fields decide what is judged.
COMPARED = tuple(c for c in TARGET_COLUMNS if c not in ("target_id", "row", "name_zh", "name_en"))


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
        raise DataError("editions of different regions cannot be compared",
                        got=f"{old.region} and {new.region}", expected="one region")  # fmt: skip
    added, revisions = _figures(old, new)
    targets = _targets(old, new)
    methods = _methods(old, new)
    answers = _flips(
        old,
        new,
        touched={row["indicator_id"] for row in (*added, *revisions)},
        retargeted={row["target_id"] for row in targets},
        has_new_methods=bool(methods),
    )
    return EditionChanges(
        old=old,
        new=new,
        figures=_frame(added, NEW_COLUMNS),
        revisions=_frame(revisions, REVISION_COLUMNS),
        answers=_frame(answers, FLIP_COLUMNS),
        targets=_frame(targets, TARGET_CHANGE_COLUMNS),
        methods=_frame(methods, METHOD_COLUMNS),
    )


def _frame(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> pd.DataFrame:
    frame = pd.DataFrame(list(rows), columns=list(columns))
    whole = [c for c in ("old_level_year", "new_level_year") if c in frame]
    return frame.astype(dict.fromkeys(whole, "Int64"))


def _rows(frame: pd.DataFrame, keys: Sequence[str]) -> dict[tuple[Any, ...], dict[str, Any]]:
    rows = [{str(k): v for k, v in row.items()} for row in frame.to_dict("records")]
    return {tuple(row[key] for key in keys): row for row in rows}


def _figures(
    old: EditionRecord, new: EditionRecord
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    keys = [*KEYS, "year"]
    before, after = _rows(old.observations, keys), _rows(new.observations, keys)
    added: list[dict[str, Any]] = []
    revisions: list[dict[str, Any]] = []
    for key in sorted({*before, *after}):
        was, now = before.get(key), after.get(key)
        if was is None and now is not None:
            added.append({**now, "is_late": now["year"] <= old.edition})
        elif was is not None and (
            now is None or (was["value"], was["unit"]) != (now["value"], now["unit"])
        ):
            revisions.append(_revision(was, now, old.as_of))
    return added, revisions


def _revision(was: Mapping[str, Any], now: Mapping[str, Any] | None, day: str) -> dict[str, Any]:
    row = {name: was[name] for name in (*KEYS, "year", "unit")}
    row |= {"old": was["value"], "old_source_id": was["source_id"], "old_vintage": was["vintage"]}
    if now is None:
        return row | {"why": "withdrawn", "new_source_id": "", "new_vintage": ""}
    if now["vintage"] > day:
        why = "newer"
    elif (now["source_id"], now["vintage"]) == (was["source_id"], was["vintage"]):
        why = "source_corrected"
    else:
        why = "other_choice"
    is_same_unit = was["unit"] == now["unit"]
    return row | {
        "new": now["value"],
        # Published numbers have few decimals; their difference must not show more.
        "change": round(now["value"] - was["value"], 10) if is_same_unit else None,
        "unit": now["unit"],
        "why": why,
        "new_source_id": now["source_id"],
        "new_vintage": now["vintage"],
    }


def _flips(
    old: EditionRecord,
    new: EditionRecord,
    *,
    touched: set[str],
    retargeted: set[str],
    has_new_methods: bool,
) -> list[dict[str, Any]]:
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
            row |= {f"{side}_answer": cells["answer"], f"{side}_p": cells["p_attain"],
                    f"{side}_level": cells["level"],
                    f"{side}_level_year": cells["level_year"]}  # fmt: skip
        found.append({**row, "why": why})
    return found


def _targets(old: EditionRecord, new: EditionRecord) -> list[dict[str, Any]]:
    before, after = _rows(old.targets, ["target_id"]), _rows(new.targets, ["target_id"])
    found = []
    for key in {**after, **before}:
        was, now = before.get(key), after.get(key)
        shown = now or was
        assert shown is not None
        about = {name: shown[name] for name in ("target_id", "row", "name_zh", "name_en")}
        if was is None or now is None:
            words = {"old": _number(was), "new": _number(now)}
            found.append({**about, "field": "target", **words})
            continue
        for name in COMPARED:
            if _cell(was[name]) != _cell(now[name]):
                sides = {"old": _cell(was[name]), "new": _cell(now[name])}
                found.append({**about, "field": name, **sides})
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


def _methods(old: EditionRecord, new: EditionRecord) -> list[dict[str, Any]]:
    pairs = [
        (name, _cell(old.methods.get(name)), _cell(new.methods.get(name)))
        for name in dict.fromkeys((*old.methods, *new.methods))
    ]
    return [{"method": name, "old": was, "new": now} for name, was, now in pairs if was != now]
