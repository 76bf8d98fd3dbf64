"""Attainment of the targets of a plan: one answer per sub-indicator, with its reason."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from operator import attrgetter
from pathlib import Path
from typing import Any

import pandas as pd

from wqa.assessment import judging
from wqa.assessment.inferences import KEY
from wqa.assessment.judging import Judgement, Setting, answer_for, judge, with_reading
from wqa.assessment.likelihood import NO_CHANGES, PRIOR_ONLY, likelihood, share_of_changes
from wqa.assessment.statements import state
from wqa.catalog.catalog import load_conflicts
from wqa.catalog.records import LANGUAGES, Comparator, Conflict, Plan, Reading, Target
from wqa.data.loading import region_of, year_of
from wqa.data.series import KEYS
from wqa.goals import Goal, difference

TOLD = ("evidence", "reason", "overturned_by", "settles_it", "owner")
SAID = tuple(f"{name}_{lang}" for name in TOLD for lang in LANGUAGES)
VERDICT_COLUMNS = (
    "target_id", "row", "indicator_id", "name_zh", "name_en", "kind", "nature", "comparator",
    "target", "unit", "decimals", "target_year", "baseline", "level", "level_year",
    "level_qualifier", "scope", "n_points", "answer", "strength", "reason_code", *SAID,
    "p_attain", "p_low", "p_high", "p_class_low", "p_class_high", "p_observed", "n_cases",
    "prior_weight", "evidence_class", "model", "fallback", "met_now", "figures", "source_ids",
    "share_of_changes", "n_changes", "n_change_series", "changes_base",
)  # fmt: skip
READING_COLUMNS = (
    "target_id", "row", "name_zh", "name_en", "field", "reading_id", "label_zh", "label_en",
    "clause", "value", "unit", "decimals", "comparator", "target", "target_year",
    "met_at_baseline", "change_needed", "p_attain", "p_class_low", "p_class_high",
    "evidence_class", "answer", "reason_zh", "reason_en",
)  # fmt: skip
OF_TARGET = (
    "indicator_id", "name_zh", "name_en", "kind", "nature", "comparator", "unit", "decimals",
)  # fmt: skip
OF_READING = ("id", "label_zh", "label_en", "clause")
TYPES = {  # of columns that hold no text
    "float64": ("target", "baseline", "level", "p_attain", "p_low", "p_high", "p_class_low",
                "p_class_high", "p_observed", "prior_weight", "share_of_changes", "value",
                "change_needed"),
    "Int64": ("decimals", "target_year", "level_year", "n_points", "n_changes",
              "n_change_series", "n_cases", "strength"),
    "boolean": ("met_now", "met_at_baseline"),
}  # fmt: skip


def assess(
    plan: Plan | str,
    *,
    observations: pd.DataFrame | None = None,
    as_of: str | None = None,
    edition: int | None = None,
    target_year: int | None = None,
    region: str | None = None,
    readings: bool = False,
    seed: int = 0,
    catalog: Path | str | None = None,
    root: Path | str | None = None,
) -> pd.DataFrame:
    """Judge every target of a plan.

    Parameters
    ----------
    plan : Plan or str
        Plan, or its id.
    observations : pandas.DataFrame, optional
        As `wqa.load_observations` returns it; default: the project's.
    as_of : str, optional
        ISO date; only what was published until then is used.
    edition : int, optional
        Report year; figures of later years are not used.
    target_year : int, optional
        Judge targets as if they ended in this year; a target that ends earlier keeps its year.
    region : str, optional
        Hold the plan's targets against another region, without its baselines.
    readings : bool, optional
        Judge instead each reading that the documents allow of a disputed baseline, target or
        comparator: a row each, with `value` (the baseline), `met_at_baseline`, `change_needed`.
    seed : int, optional
        Seed of simulations; the same input gives the same frame.
    catalog, root : path-like, optional
        Extra catalogue folder, and project folder.

    Returns
    -------
    pandas.DataFrame
        One row per target in the order of the plan, values in its unit. `p_attain` is 0 or 1 when
        the outcome is decided (evidence class ``known``); `p_low` and `p_high` are its range when
        one published year is left out. It is printed no finer than `p_class_low` to `p_class_high`;
        of `n_cases` series whose probability fell there the share `p_observed` came true (0 cases:
        no backtest). Of `n_changes` changes in `n_change_series` comparable series
        (`changes_base`), the share `share_of_changes` was as large as is needed. With evidence
        class ``prior_only`` it rests on the baseline alone, and the answer is ``nothing_known``.

    Raises
    ------
    CatalogError, DataError
        If the plan is unknown, a target makes no sense, or a date or year is wrong.
    """
    conflicts, folders = load_conflicts(catalog), (catalog, root)
    found, setting, _ = judging.begin(plan, observations, as_of, edition, seed, *folders)
    region = region_of(region, found, root) if region else found.region
    target_year = year_of("target_year", target_year, found) if target_year else None
    best = (row for own in setting.figures.values() for row in own if row.is_best)
    columns = (*KEYS, "year", "value")
    series, rows = pd.DataFrame(map(attrgetter(*columns), best), columns=[*columns]), []
    for target in found.targets:
        own = judging.of_region(target, found, region)
        year = judging.judged_year(own, target_year)
        if not readings:
            made = judge(setting, own, year)
            rows.append(_verdict_row(made, found) | _changes(made, setting, series))
        elif target.kind not in ("compound", "relative"):
            for field, reading, changed in _readings(own, conflicts):
                rows.append(_reading_row(judge(setting, changed, year), field, reading))
    return as_frame(rows, READING_COLUMNS if readings else VERDICT_COLUMNS)


def _changes(made: Judgement, setting: Setting, annual: pd.DataFrame) -> dict[str, Any]:
    """How often comparable series made the change behind a probability that is forecast."""
    target, level, chance = made.target, made.level, made.found.chance
    left = made.year - int(level.year or made.year)
    sided = target.comparator != "==" and target.scope != "plan_sum" and target.value is not None
    decided = chance.p is None or chance.evidence_class in ("known", "deduced", "inferred")
    if decided or not sided or not level.is_whole or left < 1:
        return NO_CHANGES
    families = {name: indicator.family for name, indicator in setting.indicators.items()}
    own = made.parts[0].question.indicator, target.region, made.whole.scope
    goal = Goal(target.comparator, float(target.value or 0.0))
    return share_of_changes(annual, families, *own, float(level.value or 0.0), goal, left)


def _row(made: Judgement) -> dict[str, Any]:
    """Cells that tell of every judgement: its target, its answer, the words beside it."""
    target, (code, words) = made.target, state(made)
    return {
        **{key: getattr(target, key) for key in OF_TARGET},
        **{"target_id": target.id, "row": target.row + target.part, "target": target.value},
        **{"target_year": made.year, "answer": made.found.answer, "reason_code": code},
        **{f"{name}_{lang}": text[lang] for name, text in words.items() for lang in LANGUAGES},
        **made.found.chance.cells,
    }


def _verdict_row(made: Judgement, plan: Plan) -> dict[str, Any]:
    """Lay out one judgement as a row of the verdict frame."""
    level, rows = made.level, made.rows
    sources = {plan.source_id, *(row.source_id for row in rows)}
    keys = ["|".join(getattr(row, name) for name in KEY) for row in rows]
    return {
        **_row(made),
        "baseline": made.target.baseline.value,
        **{"level": level.value, "level_year": level.year, "level_qualifier": level.qualifier},
        "met_now": _met_now(made),
        "scope": made.whole.scope,
        "n_points": min(len(part.evidence.annual) for part in made.parts),
        "strength": made.found.strength,
        "figures": "; ".join(dict.fromkeys(keys)),
        "source_ids": " ".join(sorted(sources)),
    }


def _met_now(made: Judgement) -> bool | None:
    """Whether what is known of the plan period meets the target as it stands."""
    target, level, part, value = made.target, made.level, made.parts[0], made.target.value
    if target.kind == "relative" and part.reference is not None:
        value = part.reference.annual.get(level.year or 0)
    is_asked = level.is_in_plan and level.is_whole and not target.conditions
    if level.value is None or value is None or not is_asked:
        return None
    shown = part.inside.values() if target.scope == "every_year" else [level.value]
    return all(bool(Goal(target.comparator, value).met(v)) for v in shown)


def _readings(
    target: Target, conflicts: Mapping[str, Conflict]
) -> Iterator[tuple[str, Reading, Target]]:
    """Each reading as a record, with the target as it reads."""
    if target.baseline.status == "disputed":
        yield from (("baseline", reading, target) for reading in target.baseline.readings)
    base = float("nan") if target.baseline.value is None else target.baseline.value
    for conflict in conflicts.values():
        for side in conflict.readings if target.id in conflict.target_ids else ():
            if conflict.kind == "target_value" and isinstance(side.value, int | float):
                changed = replace(target, value=float(side.value))
            elif conflict.kind == "comparator" and target.comparator in ("<", ">"):
                # A bare number in a table does not exclude the number itself.
                loose: Comparator = "<=" if target.comparator == "<" else ">="
                printed = loose if side.value == "=" else target.comparator
                changed = replace(target, comparator=printed)
            else:
                continue
            words = {key: getattr(side, key) for key in OF_READING}
            yield conflict.field, Reading(value=base, **words), changed


def _reading_row(made: Judgement, field: str, reading: Reading) -> dict[str, Any]:
    """Lay out what one reading of a target or its baseline leads to."""
    target, part, told = made.target, made.parts[0], made.found
    base = None if pd.isna(reading.value) else reading.value
    if field == "baseline" and base is not None and part.met is None:
        evidence = with_reading(made.whole, target.baseline, reading)
        chance = likelihood(part.question, evidence)
        if chance.p is not None and (part.inside or chance.rests):
            told = replace(told, chance=chance, answer=answer_for(chance.p))
        elif chance.p is not None and not made.whole.hints:
            # Other figures of the plan period would be left out of a probability from the baseline.
            told = replace(told, chance=replace(chance, evidence_class=PRIOR_ONLY))
    met = change = None
    if base is not None and target.value is not None:
        met = bool(Goal(target.comparator, target.value).met(base))
        change = 0.0 if met else difference(target.value, base)
    return {
        **_row(replace(made, found=told)),
        **{key: getattr(reading, key) for key in OF_READING if key != "id"},
        **{"field": field, "reading_id": reading.id, "value": base},
        **{"met_at_baseline": met, "change_needed": change},
    }


def as_frame(rows: list[dict[str, Any]], columns: tuple[str, ...]) -> pd.DataFrame:
    """Make a frame with fixed columns and types, also when it is empty."""
    kinds = {name: kind for kind, names in TYPES.items() for name in names}
    data = {c: pd.Series([row[c] for row in rows], dtype=kinds.get(c, "str")) for c in columns}
    return pd.DataFrame(data)
