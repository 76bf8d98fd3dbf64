"""Rules between the fields of catalogue records; pure, each yields the faults it finds."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Set

from wqa.catalog.records import Conflict, Indicator, Plan, Target
from wqa.goals import Goal, Span

Place = tuple[str | int, ...]
Fault = tuple[Place, str, object, str, str]  # place, what, got, expected, fix
FieldFault = tuple[str, str, object, str]  # key, what, got, expected


def indicator_faults(
    indicator: Indicator, units: Set[str], groups: Set[str]
) -> Iterator[FieldFault]:
    """Find what is wrong with an indicator.

    Parameters
    ----------
    indicator : Indicator
        The record.
    units, groups : set of str
        Ids that exist.

    Yields
    ------
    tuple
        Key, fault, value found, value expected.
    """
    if indicator.unit not in units:
        yield "unit", "unknown unit", indicator.unit, f"one of {', '.join(units)}"
    if indicator.group not in groups:
        yield "group", "unknown group", indicator.group, f"one of {', '.join(groups)}"
    low, high = indicator.lower, indicator.upper
    if low is not None and high is not None and low >= high:
        yield "upper", "upper is not above lower", high, f"more than {low:g}"
    if indicator.family in ("percent", "score") and (low is None or high is None):
        yield "family", "a percent or score needs lower and upper", indicator.family, "both bounds"


def plan_faults(plan: Plan, stem: str, indicators: Mapping[str, Indicator]) -> Iterator[Fault]:
    """Find what is wrong between the fields of a plan and its targets.

    Parameters
    ----------
    plan : Plan
        The record as read.
    stem : str
        Name of its file without the ending.
    indicators : mapping of str to Indicator
        Indicators that exist.

    Yields
    ------
    tuple
        Place in the file, fault, value found, value expected, remedy.
    """
    if plan.id != stem:
        yield ("id",), "plan id is not the file name", plan.id, repr(stem), "Rename one of them."
    if plan.start_year > plan.end_year:
        yield ("end_year",), "the plan ends before it starts", plan.end_year, "", ""
    if plan.source_id not in {source.id for source in plan.sources}:
        yield ("source_id",), "unknown source_id", plan.source_id, "an id listed in sources", ""
    rows: set[str] = set()
    for n, target in enumerate(plan.targets):
        place: Place = ("targets", n)
        name = target.row + target.part
        if name in rows:
            what, fix = f"target {name!r} occurs twice", "Give the second another row or part."
            yield (*place, "row"), what, name, "one target per row and part", fix
        rows.add(name)
        yield from _indicator_of(target, place, indicators)
        indicator = indicators.get(target.indicator_id)
        if indicator is not None:
            for key, what, got, expected in target_faults(target, plan, indicator):
                yield (*place, key), what, got, expected, ""


def _indicator_of(
    target: Target, place: Place, indicators: Mapping[str, Indicator]
) -> Iterator[Fault]:
    expected, fix = "an id of indicators/*.yml", "Add the indicator or correct the id."
    if target.indicator_id not in indicators:
        yield (*place, "indicator_id"), "unknown indicator", target.indicator_id, expected, fix
    for m, part in enumerate(target.conditions):
        here = (*place, "conditions", m)
        if part.indicator_id not in indicators:
            yield (*here, "indicator_id"), "unknown indicator", part.indicator_id, expected, fix
        if (part.value is None) == (not part.reference_region):
            yield here, "needs either value or reference_region", part.id, "one of the two", ""


def target_faults(target: Target, plan: Plan, indicator: Indicator) -> Iterator[FieldFault]:
    """Find what is wrong with one target.

    Parameters
    ----------
    target : Target
        The record as read.
    plan : Plan
        The plan it belongs to.
    indicator : Indicator
        The indicator it names.

    Yields
    ------
    tuple
        Key, fault, value found, value expected.
    """
    start = plan.start_year if target.start_year is None else target.start_year
    span = f"a year from {plan.start_year} to {plan.end_year}"
    for key, year in (("year", target.year), ("start_year", start)):
        if not plan.start_year <= year <= plan.end_year:
            yield key, "year outside the plan", year, span
    yield from _value_faults(target, indicator)
    yield from _kind_faults(target)
    yield from _baseline_faults(target, start)


def _value_faults(target: Target, indicator: Indicator) -> Iterator[FieldFault]:
    if target.unit != indicator.unit:
        yield "unit", "unit is not the unit of the indicator", target.unit, repr(indicator.unit)
    if target.value is None:
        if target.kind not in ("relative", "compound"):
            yield "value", f"a target of kind {target.kind!r} needs a value", None, "a number"
        return
    if indicator.lower is not None and target.value < indicator.lower:
        yield "value", "value below the indicator", target.value, f"at least {indicator.lower:g}"
    if indicator.upper is not None and target.value > indicator.upper:
        yield "value", "value above the indicator", target.value, f"at most {indicator.upper:g}"
    elif target.scope != "plan_sum":
        low = -math.inf if indicator.lower is None else indicator.lower
        span = Span(low, math.inf if indicator.upper is None else indicator.upper)
        if Goal(target.comparator, target.value).decided(span) is False:
            got = f"{target.comparator} {target.value:g}"
            yield "value", "no possible value satisfies the target", got, "one that can be reached"


def _kind_faults(target: Target) -> Iterator[FieldFault]:
    if target.kind in ("plan_sum", "every_year") and target.scope != target.kind:
        what = f"kind {target.kind!r} needs the scope of the same name"
        yield "scope", what, target.scope, repr(target.kind)
    if target.kind == "compound" and len(target.conditions) < 2:
        count = len(target.conditions)
        yield "kind", "a compound target needs conditions", count, "at least two"
    if target.kind == "relative" and not target.reference_region:
        yield "kind", "a relative target needs reference_region", "", "a region code"


def _baseline_faults(target: Target, start: int) -> Iterator[FieldFault]:
    base = target.baseline
    if base.status in ("measured", "disputed"):
        if base.value is None or base.year is None:
            what = f"a {base.status} baseline needs value and year"
            yield "baseline", what, (base.value, base.year), "two numbers"
    elif base.value is not None:
        what = f"a baseline that is {base.status} has no value"
        yield "baseline", what, base.value, "no value; not started is not zero"
    if base.status == "disputed" and len(base.readings) < 2:
        count = len(base.readings)
        yield "baseline", "a disputed baseline needs its readings", count, "at least two"
    if base.year is not None and base.year > start:
        yield "baseline", "the baseline lies after the start of the plan", base.year, str(start)


def conflict_faults(
    conflict: Conflict, known: Mapping[str, Set[str]]
) -> Iterator[tuple[str, str, object]]:
    """Find what is wrong with an entry of the conflict register.

    Parameters
    ----------
    conflict : Conflict
        The entry.
    known : mapping of str to set of str
        Ids that exist, under ``target_ids``, ``indicator_id``, ``comparison_id``, ``source_id``.

    Yields
    ------
    tuple
        Key, fault, value found.
    """
    for target_id in conflict.target_ids:
        if target_id not in known["target_ids"]:
            yield "target_ids", "unknown target", target_id
    for key in ("indicator_id", "comparison_id"):
        name = getattr(conflict, key)
        if name and name not in known[key]:
            yield key, f"unknown {key}", name
    if not (conflict.target_ids or conflict.comparison_id):
        yield "id", "the conflict names neither target_ids nor comparison_id", conflict.id
    for reading in conflict.readings:
        if reading.source_id not in known["source_id"]:
            yield "readings", "unknown source_id", reading.source_id
    if conflict.preferred and conflict.preferred not in {r.id for r in conflict.readings}:
        yield "preferred", "preferred is no reading of this conflict", conflict.preferred
