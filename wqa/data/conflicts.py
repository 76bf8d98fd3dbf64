"""Find figures that contradict each other, by comparing them, and match the register.

Three comparisons are made: the statements of one target against each other, a
target against its own baseline and its neighbours, and the declared comparisons
between figures of different documents and observations. The notes of the data are
never read, so a disagreement nobody has marked is found as well.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from wqa.catalog.catalog import (
    Comparison,
    Conflict,
    Figure,
    Plan,
    Target,
    list_plans,
    load_comparisons,
    load_conflicts,
    load_plan,
)
from wqa.data.observations import load_observations, load_quantities
from wqa.data.scope_rules import ANNUAL
from wqa.goals import Goal

COLUMNS = ("status", "severity", "kind", "target_ids", "indicator_id", "field", "comparison_id",
           "values", "detail", "conflict_id", "preferred", "reason_zh", "reason_en")  # fmt: skip
NOISE = 1e-9  # binary noise of decimal sums; published figures have at most four decimals
ADDRESS = ("source_id", "section", "item_zh", "period", "region")


@dataclass(frozen=True)
class Stated:
    """One quantity as a document states it; `value` is a number, a word, or empty."""

    comparator: str
    value: float | str
    unit: str
    period: str
    population: str = ""
    in_table: bool = False


Index = Mapping[tuple[str, ...], Stated]


@dataclass(frozen=True)
class Found:
    """One disagreement; `figures` are all figures and words that take part in it."""

    kind: str
    field: str
    figures: tuple[float | str, ...]
    detail: str
    target_ids: tuple[str, ...] = ()
    indicator_id: str = ""
    comparison_id: str = ""


def find_conflicts(
    quantities: pd.DataFrame | None = None,
    observations: pd.DataFrame | None = None,
    plans: Iterable[Plan] | None = None,
    register: Mapping[str, Conflict] | None = None,
    *,
    comparisons: Mapping[str, Comparison] | None = None,
    catalog: Path | str | None = None,
) -> pd.DataFrame:
    """Find contradicting figures and match them with the conflict register.

    Parameters
    ----------
    quantities : pandas.DataFrame, optional
        As `wqa.data.observations.load_quantities` returns; default: those of the project.
    observations : pandas.DataFrame, optional
        Observation frame with all rows (not only annual ones); default: those of the project.
        A comparison whose observations are not in it is reported as not checked.
    plans : iterable of Plan, optional
        Default: all plans of the catalogue.
    register : mapping of str to Conflict, optional
        Default: the register of the catalogue.
    comparisons : mapping of str to Comparison, optional
        Default: those of the catalogue.
    catalog : path-like, optional
        Folder whose files are added to those of the package, for the defaults.

    Returns
    -------
    pandas.DataFrame
        One row per disagreement. status is ``registered``, ``unregistered`` (found, but
        nobody has decided how to read it), ``outdated`` (registered with other figures),
        ``not_found`` (registered, but the figures agree) or ``not_checked`` (a figure it
        needs is not there); severity ``review`` or ``error``; kind, target_ids (joined by
        blanks), indicator_id, field, comparison_id, values and detail say what disagrees;
        conflict_id, preferred, reason_zh and reason_en come from the register.
    """
    stated = _index(load_quantities() if quantities is None else quantities)
    if observations is None:
        observations = load_observations(catalog=catalog)
    if plans is None:
        plans = [load_plan(name, catalog) for name in list_plans(catalog)]
    register = load_conflicts(catalog) if register is None else register
    comparisons = load_comparisons(catalog) if comparisons is None else comparisons
    found: list[Found] = []
    for plan in plans:
        for target in plan.targets:
            found += _statements(target, stated)
            found += _against_baseline(target)
            found += _against_observations(target, observations)
        found += _twins(plan)
    unchecked: set[str] = set()
    for comparison in comparisons.values():
        outcome = _compare(comparison, stated, observations)
        if outcome is None:
            unchecked.add(comparison.id)
        else:
            found += outcome
    covered = {target.id for plan in plans for target in plan.targets}
    return _match(found, register, unchecked, covered)


def _index(quantities: pd.DataFrame) -> dict[tuple[str, ...], Stated]:
    """Quantities by document, section, item, period and region; words stay words."""
    index: dict[tuple[str, ...], Stated] = {}
    for row in quantities.to_dict("records"):
        value = str(row["value_text"]).strip() if pd.isna(row["value"]) else float(row["value"])
        address = tuple(str(row[name]) for name in ADDRESS)
        index[address] = Stated(row["comparator"], value, row["unit"], row["period"])
    return index


def _different(items: Iterable[float | str]) -> tuple[float | str, ...]:
    """Distinct values in their first order."""
    return tuple(dict.fromkeys(items))


def _look_up(figure: Figure, index: Index, frame: pd.DataFrame) -> Stated | None:
    """Find the figure at an address; None if there is none, or several that differ."""
    if figure.value is not None:
        return Stated("=", figure.value, "", figure.period)
    if not figure.indicator_id:
        return index.get(
            (figure.source_id, figure.section, figure.item, figure.period, figure.region)
        )
    rows = frame[
        (frame["indicator_id"] == figure.indicator_id)
        & (frame["region"] == figure.region)
        & (frame["period"] == figure.period)
        & (frame["scope"].eq(figure.scope) if figure.scope else True)
        & frame["value"].notna()
    ]
    values = _different(float(v) for v in rows["value"])
    if len(values) != 1:
        return None
    return Stated("=", values[0], str(rows["unit"].iloc[0]), figure.period)


def _stated(target: Target, index: Index, field: str) -> list[Stated]:
    """Statements of one field, the table first; a blank cell is kept as an empty word."""
    out = []
    for s in target.statements:
        if s.field == field:
            got = index.get((s.source_id, s.section, s.item, s.period, s.region))
            if got is not None:
                out.append(Stated(got.comparator, got.value, got.unit, s.period,
                                  s.population, s.printed_in == "table"))  # fmt: skip
    return sorted(out, key=lambda item: not item.in_table)


def _statements(target: Target, index: Index) -> Iterator[Found]:
    for s in target.statements:
        if (s.source_id, s.section, s.item, s.period, s.region) not in index:
            yield _of(target, "figure_missing", s.field, (s.item,), "no such plan quantity")
    yield from _goal(target, _stated(target, index, "value"))
    yield from _start(target, _stated(target, index, "baseline"))
    printed = {s.value for s in _stated(target, index, "baseline")}
    for reference in _stated(target, index, "reference"):
        if reference.value in printed:
            yield _of(target, "baseline_equals_reference", "baseline", (reference.value,),
                      "the baseline is the same number as a limit of another region")  # fmt: skip


def _of(target: Target, kind: str, field: str, values: tuple[float | str, ...], detail: str = "",
        ) -> Found:  # fmt: skip
    detail = detail or " / ".join(_print(v) for v in values)
    return Found(kind, field, values, detail, (target.id,), target.indicator_id)


def _print(value: float | str) -> str:
    return f"{value:.12g}" if isinstance(value, float) else str(value) or "(blank)"


def _goal(target: Target, stated: list[Stated]) -> Iterator[Found]:
    """Disagreements between the statements of the target value."""
    if not stated:
        return
    words = _different(s.value for s in stated if isinstance(s.value, str))
    stated = [s for s in stated if isinstance(s.value, float)]
    values = _different(s.value for s in stated)
    if target.value is not None and target.value not in values:
        yield _of(target, "catalogue_differs", "value", (target.value, *values))
    if words:  # the text asks for more than the one number of the table
        yield _of(target, "further_condition", "value", (*values, *words))
    if len(values) > 1:
        yield _of(target, "target_value", "value", values)
        return
    comparators = _different(s.comparator for s in stated)
    if len(comparators) > 1:
        yield _of(target, "comparator", "comparator", comparators)
    elif comparators == ("=",) and target.comparator != "==":
        yield _of(target, "comparator_not_printed", "comparator", ("=",))
    populations = _different(s.population for s in stated if s.population)
    if len(populations) > 1:
        yield _of(target, "population", "value", populations)


def _start(target: Target, stated: list[Stated]) -> Iterator[Found]:
    """Disagreements between the statements of the baseline."""
    numbers = _different(s.value for s in stated if isinstance(s.value, float))
    base = target.baseline
    if any(s.value == "" for s in stated):
        yield _of(target, "baseline_blank", "baseline", ("",))
    if stated and (base.value not in numbers if numbers else base.value is not None):
        shown = _print(base.value if base.value is not None else "")
        yield _of(target, "catalogue_differs", "baseline", (shown, *numbers))
    if len(numbers) > 1:
        yield _of(target, "baseline_value", "baseline", numbers)
        return
    if len(numbers) == 1:
        populations = _different(s.population for s in stated if s.population)
        comparators = _different(s.comparator for s in stated)
        if len(populations) > 1:
            yield _of(target, "population", "baseline", populations)
        elif len(comparators) > 1:
            yield _of(target, "comparator", "baseline", comparators)
        periods = _different(s.period for s in stated)
        if len(periods) > 1 and comparators == ("=",):
            yield _of(target, "baseline_period", "baseline", periods)


def _against_baseline(target: Target) -> Iterator[Found]:
    base, goal = target.baseline.value, target.value
    if base is None or goal is None:
        return
    if base == goal:
        yield _of(target, "target_equals_baseline", "value", (base, goal))
    elif base > goal if target.comparator.startswith(">") else base < goal:
        yield _of(target, "floor_below_baseline", "value", (base, goal))


def _twins(plan: Plan) -> Iterator[Found]:
    """Two indicators with the same unit, baseline and target, as if one were copied."""
    seen: dict[tuple[object, ...], Target] = {}
    for target in plan.targets:
        base = target.baseline.value
        if base is None or base == target.value:
            continue
        first = seen.setdefault((target.unit, base, target.value), target)
        if first is not target and target.value is not None:
            yield Found("identical_pair", "baseline", (base, target.value),
                        f"both go from {_print(base)} to {_print(target.value)}",
                        (first.id, target.id), target.indicator_id)  # fmt: skip


def _against_observations(target: Target, frame: pd.DataFrame) -> Iterator[Found]:
    """Observation of the baseline year in the target's own series, against the baseline."""
    base = target.baseline
    if base.value is None:
        return
    own = frame[
        (frame["indicator_id"] == target.indicator_id)
        & (frame["region"] == target.region)
        & (frame["year"] == base.year)
        & frame["scope"].isin(target.series)
        & frame["qualifier"].isin(ANNUAL)
    ]
    for value in own["value"]:
        if not math.isclose(value, base.value, abs_tol=NOISE):
            yield _of(target, "observation_differs", "baseline", (base.value, float(value)))


def _compare(rule: Comparison, index: Index, frame: pd.DataFrame) -> list[Found] | None:
    """Apply one comparison; None if a figure is not there, else zero or one disagreement."""
    sides = []
    for figures in (rule.left, rule.right):
        side = [_look_up(f, index, frame) for f in figures]
        numbers = [s for s in side if s is not None and isinstance(s.value, float)]
        if len(numbers) < len(figures):
            return None
        sides.append(numbers)
    left, right = sides
    both = [*left, *right]
    if rule.compare == "period":
        a, b = (float(max(int(s.period) for s in side)) for side in sides)
        values: tuple[float | str, ...] = tuple(s.period for s in both)
        shown = f"{a:.0f} {rule.relation} {b:.0f}"
    else:
        a, b = (math.fsum(float(s.value) for s in side) for side in sides)
        values = (*(s.value for s in both), round(a, 9), round(b, 9))
        shown = " ".join(
            [" + ".join(_print(s.value) for s in left), rule.relation,
             " + ".join(_print(s.value) for s in right)]
        )  # fmt: skip
    units = _different(s.unit for s in both)
    if rule.same_unit and len(units) > 1:
        values, shown = (*units, *values), f"{shown}, counted in {' and '.join(map(str, units))}"
    elif _holds(a, b, rule.relation, rule.tolerance):
        return []
    return [Found(rule.kind, "", values, f"{shown} does not hold", (), rule.indicator_id, rule.id)]


def _holds(a: float, b: float, relation: str, tolerance: float) -> bool:
    if abs(a - b) <= tolerance + NOISE:
        return relation in ("==", "<=", ">=")
    return relation == "!=" or bool(Goal(relation, b).met(a))


def _match(
    found: list[Found], register: Mapping[str, Conflict], unchecked: set[str], covered: set[str]
) -> pd.DataFrame:
    rows = []
    open_parts = {
        (name, part)
        for name, conflict in register.items()
        for part in (conflict.target_ids or (conflict.comparison_id,))
        if conflict.comparison_id or part in covered
    }
    for item in found:
        entry = next((c for c in register.values() if _is_entry(c, item)), None)
        if entry is None:
            rows.append(_row(item, "unregistered", "error", None))
            continue
        parts = item.target_ids or (item.comparison_id,)
        open_parts -= {(entry.id, part) for part in (*parts, entry.comparison_id)}
        readings = {r.value for r in entry.readings if r.value is not None}
        is_current = readings <= set(item.figures)
        rows.append(_row(item, *(("registered", "review") if is_current
                                 else ("outdated", "error")), entry))  # fmt: skip
    for name, part in sorted(open_parts):
        entry = register[name]
        waits = entry.comparison_id in unchecked
        status, severity = ("not_checked", "review") if waits else ("not_found", "error")
        targets = (part,) if part in entry.target_ids else entry.target_ids
        ghost = Found(entry.kind, entry.field, tuple(r.value for r in entry.readings
                      if r.value is not None), "", targets, entry.indicator_id,
                      entry.comparison_id)  # fmt: skip
        rows.append(_row(ghost, status, severity, entry))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _is_entry(conflict: Conflict, item: Found) -> bool:
    if item.comparison_id or conflict.comparison_id:
        return bool(item.comparison_id) and item.comparison_id == conflict.comparison_id
    return (
        item.kind == conflict.kind
        and item.field == conflict.field
        and set(item.target_ids) <= set(conflict.target_ids)
    )


def _row(item: Found, status: str, severity: str, entry: Conflict | None) -> dict[str, str]:
    return {
        "status": status,
        "severity": severity,
        "kind": item.kind,
        "target_ids": " ".join(item.target_ids),
        **{key: getattr(item, key) for key in ("indicator_id", "field", "comparison_id", "detail")},
        "values": "; ".join(_print(v) for v in item.figures),
        "conflict_id": entry.id if entry else "",
        **{key: getattr(entry, key, "") for key in ("preferred", "reason_zh", "reason_en")},
    }
