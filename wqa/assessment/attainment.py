"""Attainment of the targets of a plan: one verdict per sub-indicator, with its reason."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from wqa.assessment.cases import Case, case_holds, with_reading
from wqa.assessment.compound import judge_compound, judge_relative
from wqa.assessment.judging import ONLY_BASELINE, Judgement, judge
from wqa.assessment.likelihood import PRIOR_ONLY
from wqa.assessment.scenarios import comparable_changes
from wqa.assessment.verdict_frame import (
    COLUMNS,
    READING_COLUMNS,
    as_frame,
    chance_cells,
    sources_of,
    target_cells,
    verdict_cells,
    verdict_row,
)
from wqa.assessment.verdicts import band
from wqa.catalog.catalog import load_conflicts, load_indicators, load_plan, load_units
from wqa.catalog.records import Baseline, Comparator, Condition, Conflict, Plan, Reading, Target
from wqa.catalog.targets import check_target, to_decimal
from wqa.data.observations import load_observations
from wqa.data.project_data import as_of_day
from wqa.data.series import best_values
from wqa.errors import DataError


@dataclass(frozen=True)
class _Setting:
    """What all targets of one assessment share."""

    plan: Plan
    indicators: dict[str, Any]
    units: dict[str, Any]
    conflicts: dict[str, Conflict]
    observations: pd.DataFrame
    region: str
    options: dict[str, Any]

    def case(self, target: Target, target_year: int | None) -> Case:
        indicator = self.indicators[target.indicator_id]
        check_target(target, lower=indicator.lower, upper=indicator.upper)
        region = target.region
        if self.region and self.region != self.plan.region and region == self.plan.region:
            # The plan's baseline is of its own region and says nothing about another one.
            region = self.region
            target = replace(target, region=region, baseline=Baseline(status="missing"))
        year = target.year if target_year is None else min(target.year, target_year)
        if year < int(target.start_year or year):
            raise DataError(
                "the target year lies before the target starts",
                where=target.id,
                got=target_year,
                expected=f"a year from {target.start_year} on",
            )
        return Case(
            target=target,
            indicator=indicator,
            unit=self.units[target.unit],
            observations=self.observations,
            region=region,
            year=year,
            **self.options,
        )

    def row(self, found: Judgement) -> dict[str, Any]:
        sources = sources_of(found, self.plan.source_id)
        conflicts = [c.id for c in self.conflicts.values() if _concerns(c, found, sources)]
        families = {name: one.family for name, one in self.indicators.items()}
        changes = comparable_changes(found, self.annual, families)
        return verdict_row(found, " ".join(sources), " ".join(conflicts), changes)

    @cached_property
    def annual(self) -> pd.DataFrame:
        """One value per series and year, of all that was known."""
        frame, options = self.observations, self.options
        if options["as_of"]:
            frame = frame[frame["vintage"].astype(str) <= options["as_of"]]
        if options["edition"] is not None:
            frame = frame[(frame["year"] <= options["edition"]).fillna(False).astype(bool)]
        return best_values(frame)


def _concerns(conflict: Conflict, found: Judgement, sources: tuple[str, ...]) -> bool:
    """Whether a conflict touches a judgement: by its target, or by figure, region and source."""
    case, target = found.case, found.case.target
    if conflict.target_ids:
        # Another region is judged without the plan's baseline, so its conflicts are beside it.
        own = conflict.field != "baseline" or case.region in conflict.regions
        return own and target.id in conflict.target_ids
    parts: tuple[Target | Condition, ...] = (target, *target.conditions)
    regions = {case.region, *(part.reference_region for part in parts)}
    return (
        conflict.indicator_id in {part.indicator_id for part in parts}
        and not regions.isdisjoint(conflict.regions)
        and any(reading.source_id in sources for reading in conflict.readings)
    )


def _setting(
    plan: Plan | str,
    observations: pd.DataFrame | None,
    as_of: str | None,
    edition: int | None,
    region: str | None,
    model: str,
    seed: int,
    catalog: Path | str | None,
    root: Path | str | None,
) -> _Setting:
    day = as_of_day(as_of) if as_of else None
    if observations is None:
        observations = load_observations(annual=False, as_of=day, root=root, catalog=catalog)
    options = {"as_of": day, "edition": edition, "model": model, "seed": seed}
    return _Setting(
        plan=load_plan(plan, catalog) if isinstance(plan, str) else plan,
        indicators=load_indicators(catalog),
        units=load_units(catalog),
        conflicts=load_conflicts(catalog),
        observations=observations,
        region=region or "",
        options=options,
    )


def assess(
    plan: Plan | str,
    *,
    observations: pd.DataFrame | None = None,
    as_of: str | None = None,
    edition: int | None = None,
    target_year: int | None = None,
    region: str | None = None,
    model: str = "pooled",
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
        As ``load_observations(annual=False)`` returns it; default: the project's.
    as_of : str, optional
        ISO date; only what was published until then is used.
    edition : int, optional
        Report year; figures of later years are not used.
    target_year : int, optional
        Judge targets as if they ended in this year; a target that ends earlier
        keeps its year.
    region : str, optional
        Hold the plan's targets against another region, without its baselines.
    model : str, optional
        Forecasting model.
    seed : int, optional
        Seed of simulations; the same input gives the same frame.
    catalog, root : path-like, optional
        Extra catalogue folder, and project folder.

    Returns
    -------
    pandas.DataFrame
        One row per target in the order of the plan. Values are in the unit of
        the target. `gap` is the distance to the target in the good direction.
        `progress` and `progress_kind`: share of the way (gap), share of the sum
        (plan_sum), share of years that complied (every_year), else margin in
        units (hold, bound) or difference (relative); missing where undefined.
        `p_attain` is 0 or 1 when the outcome is decided (evidence class
        ``known``); `p_low` and `p_high` are its range when one published year is
        left out. Beside it stand `needed_change` and how often comparable series made
        such a change (`share_of_changes` of `n_changes` cases in `n_change_series` series;
        `changes_base` says which). With evidence class ``prior_only`` it rests on the baseline
        alone and is no finding: the verdict is ``not_assessable``. `source_ids`
        and `conflict_ids` are joined by blanks.

    Raises
    ------
    CatalogError
        If the plan is unknown or a target makes no sense.
    DataError
        If a date or year is wrong.
    """
    setting = _setting(plan, observations, as_of, edition, region, model, seed, catalog, root)
    rows = []
    for target in setting.plan.targets:
        case = setting.case(target, target_year)
        rows.append(setting.row(_judge(case)))
    return as_frame(rows, COLUMNS)


def _judge(case: Case) -> Judgement:
    if case.target.kind == "compound":
        return judge_compound(case)
    return judge_relative(case) if case.target.kind == "relative" else judge(case)


def assess_readings(
    plan: Plan | str,
    *,
    observations: pd.DataFrame | None = None,
    as_of: str | None = None,
    edition: int | None = None,
    target_year: int | None = None,
    model: str = "pooled",
    seed: int = 0,
    catalog: Path | str | None = None,
    root: Path | str | None = None,
) -> pd.DataFrame:
    """Judge targets under every reading the documents allow.

    Three things can be read in two ways: the baseline (two printed figures),
    the number of the target, and whether its limit is strict.

    Parameters
    ----------
    plan, observations, as_of, edition, target_year, model, seed, catalog, root
        As in :func:`assess`.

    Returns
    -------
    pandas.DataFrame
        One row per target and reading. `field` is ``baseline``, ``value`` or
        ``comparator``; `value` is the baseline read (its year in `value_year`).
        `met_at_baseline` says whether it satisfies the target; `change_needed`
        is the change from it to the target in units and `change_needed_pct` in
        percent of it, both 0 when met; `needed_per_year` spreads it evenly over
        the years left. `p_attain` with evidence class ``prior_only`` rests on
        this baseline alone. `verdict` is the verdict under this reading.

    Raises
    ------
    CatalogError, DataError
        As in :func:`assess`.
    """
    setting = _setting(plan, observations, as_of, edition, None, model, seed, catalog, root)
    rows: list[dict[str, Any]] = []
    for target in setting.plan.targets:
        if target.kind in ("compound", "relative"):
            continue
        for field, reading, changed in _readings(setting, target):
            case = setting.case(changed, target_year)
            rows.append(_reading_row(case, field, reading))
    return as_frame(rows, READING_COLUMNS)


def _readings(setting: _Setting, target: Target) -> list[tuple[str, Reading, Target]]:
    """List each reading as a record, with the target as it reads."""
    found: list[tuple[str, Reading, Target]] = []
    if target.baseline.status == "disputed":
        found += [("baseline", r, target) for r in target.baseline.readings]
    for conflict in setting.conflicts.values():
        if target.id not in conflict.target_ids:
            continue
        for side in conflict.readings:
            if conflict.kind == "target_value" and isinstance(side.value, int | float):
                changed = replace(target, value=float(side.value))
            elif conflict.kind == "comparator" and target.comparator in ("<", ">"):
                # A bare number in a table does not exclude the number itself.
                loose: Comparator = "<=" if target.comparator == "<" else ">="
                changed = replace(
                    target, comparator=loose if side.value == "=" else target.comparator
                )
            else:
                continue
            base = float("nan") if target.baseline.value is None else target.baseline.value
            reading = Reading(id=side.id, label_zh=side.label_zh, label_en=side.label_en,
                              value=base, clause=side.clause)  # fmt: skip
            found.append((conflict.field, reading, changed))
    return found


def _reading_row(case: Case, field: str, reading: Reading) -> dict[str, Any]:
    target = case.target
    judged = judge(case)
    evidence, chance, verdict = judged.evidence, judged.chance, judged.verdict.verdict
    base = None if pd.isna(reading.value) else reading.value
    base_year = target.baseline.year
    is_open = verdict not in ("attained", "not_attained")
    inside = evidence.in_plan(case.start)
    # Other figures of the plan period would be left out of a probability from the baseline.
    silent = judged.verdict.reason_code in ONLY_BASELINE
    if field == "baseline" and base is not None and is_open and (inside or silent):
        chance = case.chance(with_reading(evidence, int(base_year or 0), base))
        if chance.p is not None and inside:
            verdict = band(chance.p)
        elif chance.p is not None:
            chance = replace(chance, evidence_class=PRIOR_ONLY)
    met = None if base is None else case_holds(case, base)
    change = 0.0 if met else None
    if base is not None and not met and target.value is not None:
        change = float(to_decimal(target.value) - to_decimal(base))
    needed = change / (case.year - base_year) if change is not None and base_year else None
    return {
        **target_cells(target),
        **{key: getattr(reading, key) for key in ("label_zh", "label_en", "clause")},
        "field": field,
        "reading_id": reading.id,
        "value": base,
        "value_year": base_year,
        "target_year": case.year,
        "met_at_baseline": met,
        "change_needed": change,
        "change_needed_pct": 100 * change / base if base and change is not None else change,
        "needed_per_year": needed,
        **verdict_cells(judged.verdict),
        **chance_cells(chance),
        "verdict": verdict,
    }
