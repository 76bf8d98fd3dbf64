"""Find figures that contradict each other, by comparing them, and match the register.

Three comparisons are made: the statements of one target against each other, a
target against its own baseline and its neighbours, and the declared comparisons
between figures of different documents and observations. The notes of the data are
never read, so a disagreement nobody has marked is found as well.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from wqa.catalog.catalog import read_catalogue
from wqa.catalog.records import Comparison, Conflict, Figure, Plan, Statement, Target
from wqa.data.loading import load_observations, load_quantities
from wqa.data.vocabulary import ANNUAL
from wqa.goals import RELATIONS

CONFLICT_COLUMNS = (
    "status", "severity", "kind", "target_ids", "indicator_id", "field", "comparison_id",
    "values", "detail", "conflict_id", "preferred", "reason_zh", "reason_en",
)  # fmt: skip
NOISE = 1e-9  # binary noise of decimal sums; published figures have at most four decimals
HOLDS = RELATIONS | {"!=": operator.ne}
# Kinds of which one figure is no disagreement.
DISAGREE = {"target_value", "baseline_value", "comparator", "population", "baseline_period"}
ADDRESS = ("source_id", "section", "item_zh", "period", "region")


@dataclass(frozen=True)
class Stated:
    """One quantity as a document states it; `value` is a number, a word, or empty."""

    comparator: str
    value: Any
    unit: str
    period: str
    population: str = ""


Index = Mapping[tuple[str, ...], Stated]


@dataclass(frozen=True)
class Found:
    """One disagreement; `figures` are all figures and words that take part in it."""

    kind: str
    field: str
    figures: tuple[Any, ...]
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
    index = _index(load_quantities() if quantities is None else quantities)
    frame = load_observations(catalog=catalog) if observations is None else observations
    declared = read_catalogue(catalog)
    plans = declared["plans"].values() if plans is None else plans
    register = declared["conflicts"] if register is None else register
    comparisons = declared["comparisons"] if comparisons is None else comparisons
    found: list[Found] = []
    covered, unchecked = set[str](), set[str]()
    for plan in plans:
        for target in plan.targets:
            found += _statements(target, index)
            found += _against_observations(target, frame)
            covered.add(target.id)
        found += _against_baselines(plan)
    for rule in comparisons.values():
        looked = [_look_up(at, index, frame) for at in (*rule.left, *rule.right)]
        known = [s for s in looked if s is not None and isinstance(s.value, float)]
        if len(known) < len(looked):
            unchecked.add(rule.id)
        else:
            found += _compare(rule, known[: len(rule.left)], known[len(rule.left) :])
    return pd.DataFrame(_match(found, register, unchecked, covered), columns=list(CONFLICT_COLUMNS))


def _index(quantities: pd.DataFrame) -> dict[tuple[str, ...], Stated]:
    """Quantities by document, section, item, period and region; words stay words."""
    index = {}
    for row in quantities.to_dict("records"):
        value = row["value_text"].strip() if pd.isna(row["value"]) else float(row["value"])
        address = tuple(row[name] for name in ADDRESS)
        index[address] = Stated(row["comparator"], value, row["unit"], row["period"])
    return index


def _different(items: Iterable[Any]) -> tuple[Any, ...]:
    """Distinct values in their first order, without what is empty."""
    return tuple(dict.fromkeys(item for item in items if item not in (None, "")))


def _address(at: Figure | Statement) -> tuple[str, ...]:
    return at.source_id, at.section, at.item, at.period, at.region


def _look_up(at: Figure, index: Index, frame: pd.DataFrame) -> Stated | None:
    """Find the figure at an address; None if there is none, or several that differ."""
    if at.value is not None:
        return Stated("=", at.value, "", at.period)
    if not at.indicator_id:
        return index.get(_address(at))
    rows = frame[frame["value"].notna()]
    for key in ("indicator_id", "region", "period", *(["scope"] if at.scope else [])):
        rows = rows[rows[key] == getattr(at, key)]
    if len(values := _different(rows["value"])) != 1:
        return None
    return Stated("=", values[0], rows["unit"].iloc[0], at.period)


def _of(target: Target, kind: str, field: str, figures: tuple[Any, ...], detail: str = "") -> Found:
    detail = detail or " / ".join(map(_print, figures))
    return Found(kind, field, figures, detail, (target.id,), target.indicator_id)


def _print(value: Any) -> str:
    return f"{value:.12g}" if isinstance(value, float) else str(value) or "(blank)"


def _statements(target: Target, index: Index) -> Iterator[Found]:
    """Disagreements between the statements of a target, those of its table first."""
    stated: dict[str, list[Stated]] = {"value": [], "baseline": [], "reference": []}
    for s in sorted(target.statements, key=lambda s: s.printed_in != "table"):
        if got := index.get(_address(s)):
            stated[s.field].append(replace(got, population=s.population))
        else:
            yield _of(target, "figure_missing", s.field, (s.item,), "no such plan quantity")
    for said in (*_goal(target, stated["value"]), *_start(target, stated["baseline"])):
        if said[0] not in DISAGREE or len(said[2]) > 1:
            yield _of(target, *said)
    for value in _different(s.value for s in stated["reference"]):
        if value in {s.value for s in stated["baseline"]}:
            detail = "the baseline is the same number as a limit of another region"
            yield _of(target, "baseline_equals_reference", "baseline", (value,), detail)


def _goal(target: Target, stated: list[Stated]) -> Iterator[tuple[str, str, tuple[Any, ...]]]:
    """Kind, field and figures of what the statements of the target value say."""
    words = _different(s.value for s in stated if isinstance(s.value, str))
    numbers = [s for s in stated if isinstance(s.value, float)]
    values = _different(s.value for s in numbers)
    comparators = _different(s.comparator for s in numbers)
    if stated and target.value is not None and target.value not in values:
        yield "catalogue_differs", "value", (target.value, *values)
    if words:  # the text asks for more than the one number of the table
        yield "further_condition", "value", (*values, *words)
    yield "target_value", "value", values
    if len(values) == 1:
        yield "comparator", "comparator", comparators
        yield "population", "value", _different(s.population for s in numbers)
        if comparators == ("=",) and target.comparator != "==":
            yield "comparator_not_printed", "comparator", comparators


def _start(target: Target, stated: list[Stated]) -> Iterator[tuple[str, str, tuple[Any, ...]]]:
    """Kind, field and figures of what the statements of the baseline say."""
    numbers = _different(s.value for s in stated if isinstance(s.value, float))
    base = target.baseline.value
    if any(s.value == "" for s in stated):
        yield "baseline_blank", "baseline", ("",)
    if stated and (base not in numbers if numbers else base is not None):
        yield "catalogue_differs", "baseline", (_print("" if base is None else base), *numbers)
    yield "baseline_value", "baseline", numbers
    if len(numbers) == 1:
        populations = _different(s.population for s in stated)
        comparators = _different(s.comparator for s in stated)
        yield "population", "baseline", populations
        yield "comparator", "baseline", comparators if len(populations) < 2 else ()
        if comparators == ("=",):
            yield "baseline_period", "baseline", _different(s.period for s in stated)


def _against_baselines(plan: Plan) -> Iterator[Found]:
    """Targets that ask for nothing new, and twins, as if one had been copied from the other."""
    seen: dict[tuple[object, ...], Target] = {}
    for target in plan.targets:
        base, goal = target.baseline.value, target.value
        if base is None or goal is None:
            continue
        if base == goal:
            yield _of(target, "target_equals_baseline", "value", (base, goal))
            continue
        if (base > goal) == target.comparator.startswith(">"):
            yield _of(target, "floor_below_baseline", "value", (base, goal))
        first = seen.setdefault((target.unit, base, goal), target)
        if first is not target:
            detail = f"both go from {_print(base)} to {_print(goal)}"
            found = _of(target, "identical_pair", "baseline", (base, goal), detail)
            yield replace(found, target_ids=(first.id, target.id))


def _against_observations(target: Target, frame: pd.DataFrame) -> Iterator[Found]:
    """Observation of the baseline year in the target's own series, against the baseline."""
    base = target.baseline
    own = (frame["indicator_id"] == target.indicator_id) & (frame["region"] == target.region)
    own &= (frame["year"] == base.year) & frame["scope"].isin(target.series)
    for value in frame["value"][own & frame["qualifier"].isin(ANNUAL)]:
        if base.value is not None and not math.isclose(value, base.value, abs_tol=NOISE):
            yield _of(target, "observation_differs", "baseline", (base.value, float(value)))


def _compare(rule: Comparison, left: list[Stated], right: list[Stated]) -> Iterator[Found]:
    """Apply one comparison to the figures of its two sides."""
    both = [*left, *right]
    units = _different(s.unit for s in both) if rule.same_unit else ()
    if rule.compare == "period":
        a, b = (float(max(int(s.period) for s in side)) for side in (left, right))
        figures: tuple[Any, ...] = tuple(s.period for s in both)
        shown = f"{a:.0f} {rule.relation} {b:.0f}"
    else:
        a, b = (math.fsum(s.value for s in side) for side in (left, right))
        figures = (*(s.value for s in both), round(a, 9), round(b, 9))
        sums = (" + ".join(_print(s.value) for s in side) for side in (left, right))
        shown = f" {rule.relation} ".join(sums)
    apart = 0.0 if abs(a - b) <= rule.tolerance + NOISE else a - b
    if len(units) > 1:
        figures, shown = (*units, *figures), f"{shown}, counted in {' and '.join(units)}"
    elif HOLDS[rule.relation](apart, 0):
        return
    detail = f"{shown} does not hold"
    yield Found(rule.kind, "", figures, detail, (), rule.indicator_id, rule.id)


def _match(
    found: list[Found], register: Mapping[str, Conflict], unchecked: set[str], covered: set[str]
) -> Iterator[dict[str, str]]:
    """Rows of the frame: what was found with its entry, then entries that nothing was found for."""
    waiting = {
        (name, part)
        for name, entry in register.items()
        for part in (entry.target_ids or (entry.comparison_id,))
        if entry.comparison_id or part in covered
    }
    for item in found:
        match = next((entry for entry in register.values() if _is_entry(entry, item)), None)
        status, severity = "unregistered", "error"
        if match is not None:
            waiting -= {(match.id, part) for part in (*item.target_ids, match.comparison_id)}
            if {reading.value for reading in match.readings} - {None} <= set(item.figures):
                status, severity = "registered", "review"
            else:
                status = "outdated"
        yield _row(item, status, severity, match)
    for name, part in sorted(waiting):
        entry = register[name]
        is_unchecked = entry.comparison_id in unchecked
        status, severity = ("not_checked", "review") if is_unchecked else ("not_found", "error")
        figures = tuple(r.value for r in entry.readings if r.value is not None)
        parts = (part,) if part in entry.target_ids else entry.target_ids
        missed = Found(entry.kind, entry.field, figures, "", parts, entry.indicator_id)
        yield _row(replace(missed, comparison_id=entry.comparison_id), status, severity, entry)


def _is_entry(entry: Conflict, item: Found) -> bool:
    if item.comparison_id or entry.comparison_id:
        return item.comparison_id == entry.comparison_id
    is_same = (item.kind, item.field) == (entry.kind, entry.field)
    return is_same and set(item.target_ids) <= set(entry.target_ids)


def _row(item: Found, status: str, severity: str, entry: Conflict | None) -> dict[str, str]:
    """Row of the frame; its columns are picked by name."""
    return {
        **vars(item),
        "status": status,
        "severity": severity,
        "target_ids": " ".join(item.target_ids),
        "values": "; ".join(map(_print, item.figures)),
        "conflict_id": entry.id if entry else "",
        **{key: getattr(entry, key, "") for key in ("preferred", "reason_zh", "reason_en")},
    }
