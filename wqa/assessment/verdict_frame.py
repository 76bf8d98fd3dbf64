"""Columns and rows of the verdict frames."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from wqa.assessment.judging import NO_LEVEL, Judgement
from wqa.assessment.likelihood import Likelihood
from wqa.assessment.verdicts import LANGUAGES, Verdict
from wqa.catalog.progress import Progress
from wqa.catalog.records import Target
from wqa.catalog.targets import compare

CHANGE_COLUMNS = (
    "needed_change", "share_of_changes", "n_changes", "n_change_series", "changes_base",
)  # fmt: skip
COLUMNS = (
    "target_id", "row", "indicator_id", "name_zh", "name_en", "kind", "nature", "comparator",
    "target", "unit", "decimals", "target_year", "baseline_status", "baseline", "level",
    "level_year", "level_qualifier", "scope", "n_points", "gap", "progress", "progress_kind",
    "p_attain", "p_low", "p_high", "prior_weight", "evidence_class", "model", "fallback",
    "met_now", "verdict", "reason_code", "reason_zh", "reason_en", "source_ids", "conflict_ids",
    "needed_per_year", "p_without_2020", "pace", "margin_se", "successes", "trials", "lower_bound",
    *CHANGE_COLUMNS,
)  # fmt: skip
READING_COLUMNS = (
    "target_id", "row", "name_zh", "name_en", "field", "reading_id", "label_zh", "label_en",
    "clause", "value", "value_year", "unit", "decimals", "comparator", "target", "target_year",
    "met_at_baseline", "change_needed", "change_needed_pct", "needed_per_year", "p_attain",
    "evidence_class", "verdict", "reason_zh", "reason_en",
)  # fmt: skip
FLOATS = (
    "target", "baseline", "level", "gap", "progress", "p_attain", "p_low", "p_high",
    "prior_weight", "needed_per_year", "p_without_2020", "pace", "margin_se", "lower_bound",
    "value", "change_needed", "change_needed_pct", "needed_change", "share_of_changes",
)  # fmt: skip
INTEGERS = (
    "decimals", "target_year", "level_year", "n_points", "successes", "trials", "value_year",
    "n_changes", "n_change_series",
)  # fmt: skip
BOOLEANS = ("met_now", "met_at_baseline")
PROGRESS_COLUMNS = ("pace", "margin_se", "successes", "trials", "lower_bound")


def sources_of(found: Judgement, source_id: str) -> tuple[str, ...]:
    """List the sources of the plan, of the figures used, and of what the reason cites.

    Parameters
    ----------
    found : Judgement
        What was found about the target.
    source_id : str
        Source of the plan itself.

    Returns
    -------
    tuple of str
        Sorted ids.
    """
    cited = found.verdict.slots.get("cited", ())
    return tuple(sorted({source_id, *found.evidence.source_ids, *cited}))


def verdict_row(
    found: Judgement, source_ids: str, conflict_ids: str, changes: Mapping[str, Any]
) -> dict[str, Any]:
    """Lay out one judgement as a row of the verdict frame.

    Parameters
    ----------
    found : Judgement
        What was found about the target.
    source_ids : str
        Sources, joined by blanks.
    conflict_ids : str
        Known conflicts that touch the target, joined by blanks.
    changes : mapping
        How often comparable series made the needed change, by ``CHANGE_COLUMNS``.

    Returns
    -------
    dict
        Values by ``COLUMNS``.
    """
    case, chance, progress = found.case, found.chance, found.progress
    share, kind = _shown(progress)
    return {
        **target_cells(case.target),
        **{key: getattr(case.target, key) for key in ("indicator_id", "kind", "nature")},
        "target_year": case.year,
        "baseline_status": case.target.baseline.status,
        "baseline": case.target.baseline.value,
        "level": found.level.value,
        "level_year": found.level.year,
        "level_qualifier": found.level.qualifier,
        "scope": found.evidence.scope,
        "n_points": found.n_points,
        "gap": _gap(found),
        "progress": share,
        "progress_kind": kind,
        **chance_cells(chance),
        "p_low": chance.low,
        "p_high": chance.high,
        "p_without_2020": chance.without_2020,
        **{key: getattr(chance, key) for key in ("prior_weight", "model", "fallback")},
        "met_now": found.met_now,
        **verdict_cells(found.verdict),
        "reason_code": found.verdict.reason_code,
        "source_ids": source_ids,
        "conflict_ids": conflict_ids,
        "needed_per_year": found.needed,
        **{key: getattr(progress, key) for key in PROGRESS_COLUMNS},
        **changes,
    }


def target_cells(target: Target) -> dict[str, Any]:
    """Cells that name a target."""
    keys = ("name_zh", "name_en", "comparator", "unit", "decimals")
    return {
        "target_id": target.id,
        "row": target.row + target.part,
        "target": target.value,
        **{key: getattr(target, key) for key in keys},
    }


def chance_cells(chance: Likelihood) -> dict[str, Any]:
    """Probability and its evidence class."""
    evidence_class = (chance.evidence_class or "none").replace(" ", "_")
    return {"p_attain": chance.p, "evidence_class": evidence_class}


def verdict_cells(verdict: Verdict) -> dict[str, Any]:
    """Verdict and its reason in words."""
    reasons = {f"reason_{lang}": verdict.reason(lang) for lang in LANGUAGES}
    return {"verdict": verdict.verdict, **reasons}


def _gap(found: Judgement) -> float | None:
    target = found.case.target
    if found.level.qualifier in NO_LEVEL or found.level.value is None or target.value is None:
        return None
    return compare(
        found.level.value,
        target.comparator,
        target.value,
        target.decimals,
        direction=found.case.indicator.direction,
    ).margin


def _shown(progress: Progress) -> tuple[float | None, str]:
    if progress.value is not None:
        return progress.value, progress.kind
    if progress.kind in ("hold", "bound") and progress.margin is not None:
        return progress.margin, progress.kind
    if progress.difference is not None:
        return progress.difference, progress.kind
    return None, ""


def as_frame(rows: list[dict[str, Any]], columns: tuple[str, ...]) -> pd.DataFrame:
    """Make a frame with fixed columns and types, also when it is empty.

    Parameters
    ----------
    rows : list of dict
        Rows with a value for every column.
    columns : tuple of str
        Columns in order.

    Returns
    -------
    pandas.DataFrame
        Numbers as float64 or Int64, flags as boolean, the rest as text.
    """
    kinds = {
        **dict.fromkeys(FLOATS, "float64"),
        **dict.fromkeys(INTEGERS, "Int64"),
        **dict.fromkeys(BOOLEANS, "boolean"),
    }
    data = {c: pd.Series([row[c] for row in rows], dtype=kinds.get(c, "str")) for c in columns}
    return pd.DataFrame(data)
