"""Columns and rows of the verdict frames."""

from __future__ import annotations

from typing import Any

import pandas as pd

from wqa.assessment.judging import NO_LEVEL, Judgement
from wqa.assessment.verdicts import LANGUAGES
from wqa.plans.progress import Progress
from wqa.plans.targets import compare

COLUMNS = (
    "target_id", "row", "indicator_id", "name_zh", "name_en", "kind", "nature", "comparator",
    "target", "unit", "decimals", "target_year", "baseline_status", "baseline", "level",
    "level_year", "level_qualifier", "scope", "n_points", "gap", "progress", "progress_kind",
    "p_attain", "p_low", "p_high", "prior_weight", "evidence_class", "model", "fallback",
    "met_now", "verdict", "reason_code", "reason_zh", "reason_en", "source_ids", "conflict_ids",
    "needed_per_year", "p_without_2020", "pace", "margin_se", "successes", "trials", "lower_bound",
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
    "value", "change_needed", "change_needed_pct",
)  # fmt: skip
INTEGERS = (
    "decimals", "target_year", "level_year", "n_points", "successes", "trials", "value_year",
)  # fmt: skip
BOOLEANS = ("met_now", "met_at_baseline")


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


def verdict_row(found: Judgement, source_ids: str, conflict_ids: str) -> dict[str, Any]:
    """Lay out one judgement as a row of the verdict frame.

    Parameters
    ----------
    found : Judgement
        What was found about the target.
    source_ids : str
        Sources, joined by blanks.
    conflict_ids : str
        Known conflicts that touch the target, joined by blanks.

    Returns
    -------
    dict
        Values by ``COLUMNS``.
    """
    case, chance, progress = found.case, found.chance, found.progress
    target = case.target
    share, kind = _shown(progress)
    gap = None
    if found.level.value is not None and target.value is not None:
        gap = _gap(found)
    return {
        "target_id": target.id,
        "row": target.row + target.part,
        "indicator_id": target.indicator_id,
        "name_zh": target.name_zh,
        "name_en": target.name_en,
        "kind": target.kind,
        "nature": target.nature,
        "comparator": target.comparator,
        "target": target.value,
        "unit": target.unit,
        "decimals": target.decimals,
        "target_year": case.year,
        "baseline_status": target.baseline.status,
        "baseline": target.baseline.value,
        "level": found.level.value,
        "level_year": found.level.year,
        "level_qualifier": found.level.qualifier,
        "scope": found.evidence.scope,
        "n_points": found.n_points,
        "gap": gap,
        "progress": share,
        "progress_kind": kind,
        "p_attain": chance.p,
        "p_low": chance.low,
        "p_high": chance.high,
        "prior_weight": chance.prior_weight,
        "evidence_class": (chance.evidence_class or "none").replace(" ", "_"),
        "model": chance.model,
        "fallback": chance.fallback,
        "met_now": found.met_now,
        "verdict": found.verdict.verdict,
        "reason_code": found.verdict.reason_code,
        **{f"reason_{lang}": found.verdict.reason(lang) for lang in LANGUAGES},
        "source_ids": source_ids,
        "conflict_ids": conflict_ids,
        "needed_per_year": found.needed,
        "p_without_2020": chance.without_2020,
        "pace": progress.pace,
        "margin_se": progress.margin_se,
        "successes": progress.successes,
        "trials": progress.trials,
        "lower_bound": progress.lower_bound,
    }


def _gap(found: Judgement) -> float | None:
    target = found.case.target
    if found.level.qualifier in NO_LEVEL:
        return None
    assert found.level.value is not None and target.value is not None
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
