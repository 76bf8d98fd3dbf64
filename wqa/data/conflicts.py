"""Find figures that contradict each other, by comparing them, and match the register.

The notes of the data are never read, so a disagreement nobody has marked is found as well.
"""

import math
import operator
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from wqa.catalog.catalog import Declared, read_catalogue
from wqa.catalog.records import Comparison, Conflict, Figure, Plan, Target
from wqa.data.cells import ANNUAL
from wqa.data.loading import load_observations, load_quantities
from wqa.goals import RELATIONS
from wqa.paths import Folder

CONFLICT_COLUMNS = (
    "status", "severity", "kind", "target_ids", "indicator_id", "field", "comparison_id",
    "values", "detail", "conflict_id", "preferred", "reason_zh", "reason_en",
)  # fmt: skip
NOISE = 1e-9  # binary noise of decimal sums; published figures have at most four decimals
HOLDS = RELATIONS | {"!=": operator.ne}
ADDRESS = ("source_id", "section", "item_zh", "period", "region")
_address = operator.attrgetter("source_id", "section", "item", "period", "region")
# What a document states at an address: value (a number, a word, or empty), unit, period ...
Stated = dict[Any, Any]
Parties = tuple[Any, ...]
Index = Mapping[tuple[str, ...], Stated]


@dataclass(frozen=True)
class Found:
    """One disagreement; `figures` are all figures and words that take part in it."""

    kind: str
    field: str
    figures: Parties
    detail: str = ""
    target_ids: tuple[str, ...] = ()
    indicator_id: str = ""
    comparison_id: str = ""


def find_conflicts(catalog: Folder = None) -> pd.DataFrame:
    """Find contradicting figures and match them with the conflict register.

    Parameters
    ----------
    catalog : path-like, optional
        Folder whose files are added to those of the package.

    Returns
    -------
    pandas.DataFrame
        One row per disagreement. status is ``registered``, ``unregistered`` (nobody has decided
        how to read it), ``outdated`` (registered with other figures), ``not_found`` (registered,
        but the figures agree) or ``not_checked`` (a figure is not there); severity ``review`` or
        ``error``; kind, target_ids (joined by blanks), indicator_id, field, comparison_id, values,
        detail say what disagrees; conflict_id, preferred, reason_zh, reason_en how it is read.
    """
    return compare(load_quantities(), load_observations(catalog=catalog), read_catalogue(catalog))


def compare(quantities: pd.DataFrame, frame: pd.DataFrame, declared: Declared) -> pd.DataFrame:
    """Find the conflicts of plan quantities, all observations, and what is declared."""
    words = quantities["value_text"].str.strip()  # words stay words
    rows = quantities.assign(value=quantities["value"].astype(object).fillna(words))
    index = {tuple(row[name] for name in ADDRESS): row for row in rows.to_dict("records")}
    found: list[Found] = []
    covered, unchecked = set[str](), set[str]()
    for plan in declared["plans"].values():
        found += [one for target in plan.targets for one in _in_target(target, index, frame)]
        found += _against_baselines(plan)
        covered.update(target.id for target in plan.targets)
    for rule in declared["comparisons"].values():
        left, right = ([_look_up(at, index, frame) for at in s] for s in (rule.left, rule.right))
        if all(isinstance(stated.get("value"), float) for stated in (*left, *right)):
            found += _compare(rule, left, right)
        else:
            unchecked.add(rule.id)
    told = _match(found, declared["conflicts"], unchecked, covered)
    return pd.DataFrame(told, columns=list(CONFLICT_COLUMNS))


def _look_up(at: Figure, index: Index, frame: pd.DataFrame) -> Stated:
    """Find the figure at an address; empty if there is none, or several that differ."""
    if at.value is not None:
        return {"value": at.value, "unit": "", "period": at.period}
    if not at.indicator_id:
        return index.get(_address(at), {})
    rows = frame[frame["value"].notna()]
    for key in ("indicator_id", "region", "period", *(["scope"] if at.scope else [])):
        rows = rows[rows[key] == getattr(at, key)]
    return rows.iloc[0].to_dict() if len(set(rows["value"])) == 1 else {}


def _of(target: Target, kind: str, field: str, figures: Parties, detail: str = "") -> Found:
    detail = detail or " / ".join(map(_print, figures))
    return Found(kind, field, figures, detail, (target.id,), target.indicator_id)


def _print(value: Any) -> str:
    return f"{value:.12g}" if isinstance(value, float) else str(value) or "(blank)"


def _different(stated: Iterable[Stated], name: str) -> Parties:
    """Distinct entries of a name in their first order, without what is empty."""
    return tuple(dict.fromkeys(one[name] for one in stated if one[name] != ""))


def _in_target(target: Target, index: Index, frame: pd.DataFrame) -> Iterator[Found]:
    """Disagreements between statements (those of the table first), catalogue and observations."""
    stated: dict[str, list[Stated]] = {"value": [], "baseline": [], "reference": []}
    for s in sorted(target.statements, key=lambda s: s.printed_in != "table"):
        if got := index.get(_address(s)):
            stated[s.field].append({**got, "population": s.population})
        else:
            yield _of(target, "figure_missing", s.field, (s.item,), "no such plan quantity")
    for field in ("value", "baseline"):
        for kind, figures in _in_field(target, field, stated[field]):
            at = "comparator" if kind.startswith("comparator") else field
            yield _of(target, kind, at, figures)
    base = target.baseline
    for value in _different(stated["reference"], "value"):
        if value in {one["value"] for one in stated["baseline"]}:
            detail = "the baseline is the same number as a limit of another region"
            yield _of(target, "baseline_equals_reference", "baseline", (value,), detail)
    own = (frame["indicator_id"] == target.indicator_id) & (frame["region"] == target.region)
    own &= (frame["year"] == base.year) & frame["scope"].isin(target.series)
    for value in frame["value"][own & frame["qualifier"].isin(ANNUAL)]:
        if base.value is not None and not math.isclose(value, base.value, abs_tol=NOISE):
            yield _of(target, "observation_differs", "baseline", (base.value, float(value)))


def _in_field(target: Target, field: str, stated: list[Stated]) -> Iterator[tuple[str, Parties]]:
    """Kind and figures of what the statements of the value, or of the baseline, say."""
    is_goal = field == "value"
    declared = target.value if is_goal else target.baseline.value
    numbers = [one for one in stated if isinstance(one["value"], float)]
    values, comparators = _different(numbers, "value"), _different(numbers, "comparator")
    words = [one for one in stated if one not in numbers]
    if not is_goal and any(one["value"] == "" for one in words):
        yield "baseline_blank", ("",)
    if stated and (declared not in values if values else declared is not None):
        yield "catalogue_differs", ("" if declared is None else declared, *values)
    if is_goal and (more := _different(words, "value")):
        yield "further_condition", (*values, *more)  # more than the one number of the table
    apart = {"target_value" if is_goal else "baseline_value": values}
    if len(values) == 1:
        populations = _different(numbers, "population")
        # Two populations may well have started from two different limits.
        apart["comparator"] = comparators if is_goal or len(populations) < 2 else ()
        apart["population"] = populations
        if comparators == ("=",) and not is_goal:
            apart["baseline_period"] = _different(numbers, "period")
    for kind, figures in apart.items():
        if len(figures) > 1:
            yield kind, figures
    if is_goal and len(values) == 1 and comparators == ("=",) and target.comparator != "==":
        yield "comparator_not_printed", comparators


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


def _compare(rule: Comparison, left: list[Stated], right: list[Stated]) -> Iterator[Found]:
    """Apply one comparison to the figures of its two sides."""
    both, sides = [*left, *right], (left, right)
    if rule.compare == "period":
        a, b = (float(max(int(one["period"]) for one in side)) for side in sides)
        figures = tuple(one["period"] for one in both)
        shown = [f"{a:.0f}", f"{b:.0f}"]
    else:
        a, b = (math.fsum(one["value"] for one in side) for side in sides)
        figures = (*(one["value"] for one in both), round(a, 9), round(b, 9))
        shown = [" + ".join(_print(one["value"]) for one in side) for side in sides]
    detail = f" {rule.relation} ".join(shown)
    units = _different(both, "unit") if rule.same_unit else ()
    if len(units) > 1:
        figures, detail = (*units, *figures), f"{detail}, counted in {' and '.join(units)}"
    elif HOLDS[rule.relation](0.0 if abs(a - b) <= rule.tolerance + NOISE else a - b, 0):
        return
    detail = f"{detail} does not hold"
    yield Found(rule.kind, "", figures, detail, (), rule.indicator_id, rule.id)


def _match(
    found: list[Found], register: Mapping[str, Conflict], unchecked: set[str], covered: set[str]
) -> Iterator[dict[str, str]]:
    """Rows of the frame: what was found with its entry, then entries that nothing was found for."""
    waiting = {
        (entry.id, part)
        for entry in register.values()
        for part in (entry.target_ids or (entry.comparison_id,))
        if entry.comparison_id or part in covered
    }
    for item in found:
        match = next((entry for entry in register.values() if _is_entry(entry, item)), None)
        if match is None:
            yield _row(item, "unregistered", None)
            continue
        waiting -= {(match.id, part) for part in (*item.target_ids, match.comparison_id)}
        is_same = {reading.value for reading in match.readings} - {None} <= set(item.figures)
        yield _row(item, "registered" if is_same else "outdated", match)
    for name, part in sorted(waiting):
        entry = register[name]
        figures = tuple(r.value for r in entry.readings if r.value is not None)
        targets = (part,) if entry.target_ids else ()
        about = targets, entry.indicator_id, entry.comparison_id
        status = "not_checked" if entry.comparison_id in unchecked else "not_found"
        yield _row(Found(entry.kind, entry.field, figures, "", *about), status, entry)


def _is_entry(entry: Conflict, item: Found) -> bool:
    if item.comparison_id or entry.comparison_id:
        return item.comparison_id == entry.comparison_id
    is_same = (item.kind, item.field) == (entry.kind, entry.field)
    return is_same and set(item.target_ids) <= set(entry.target_ids)


def _row(item: Found, status: str, entry: Conflict | None) -> dict[str, str]:
    """Row of the frame; its columns are picked by name."""
    return {
        **vars(item),
        "status": status,
        "severity": "review" if status in ("registered", "not_checked") else "error",
        "target_ids": " ".join(item.target_ids),
        "values": "; ".join(map(_print, item.figures)),
        "conflict_id": entry.id if entry else "",
        **{key: getattr(entry, key, "") for key in ("preferred", "reason_zh", "reason_en")},
    }
