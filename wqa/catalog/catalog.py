"""The catalogue: indicators, plans, targets and the conflict register, checked on reading.

Policy is data here: a plan is added by files alone. What a field may hold stands in the
records; the rules between fields follow the loaders.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from dataclasses import asdict, dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

import pandas as pd

from wqa.catalog.reading import DeclaredFile, Place, read_yaml_file, resolve_id
from wqa.catalog.records import (
    Baseline,
    Comparison,
    Condition,
    Conflict,
    Group,
    Indicator,
    Plan,
    Source,
    Target,
    Unit,
)
from wqa.errors import CatalogError
from wqa.goals import Goal, Span, good_direction, round_half_up
from wqa.paths import CATALOG

Folder = Path | str | None
Said = tuple[Place, str, object, str]  # place, what, got, expected
FIRST_YEAR, LAST_YEAR, MOST_DECIMALS = 1949, 2100, 6
# A target this many times its baseline is one in another unit: a share for a percentage,
# machines for ten thousands of machines. Small counts may grow a hundredfold.
LEAP, LEAP_OF_FEW, FEW = 50, 5000, 10
PLAN_COLUMNS = ("target_id", "row", "indicator_id", "name_zh", "name_en", "region", "kind",
                "nature", "comparator", "value", "unit", "decimals", "start_year", "year", "scope",
                "baseline_status", "baseline", "baseline_year", "clause")  # fmt: skip


FILES = ("units.yml", "groups.yml", "indicators/*.yml", "conflicts/*.yml")


@dataclass(frozen=True)
class Listing:
    """A file of the catalogue that is no plan; indicators, say, may stand in any of them."""

    units: dict[str, Unit] | None = None
    groups: dict[str, Group] | None = None
    indicators: dict[str, Indicator] | None = None
    sources: tuple[Source, ...] = ()
    comparisons: tuple[Comparison, ...] = ()
    conflicts: tuple[Conflict, ...] = ()


def _files(patterns: Iterable[str], cls: type, catalog: Folder) -> Iterator[DeclaredFile]:
    """Read the files of the package and of the extra folder, each checked by who takes it."""
    folders = [CATALOG] if catalog is None else [CATALOG, Path(catalog)]
    if not folders[-1].is_dir():
        fix = "Give a folder that holds indicators/, plans/ or conflicts/."
        raise CatalogError("no such catalogue folder", got=str(catalog), fix=fix)
    for folder, pattern in product(folders, patterns):
        for path in sorted(folder.glob(pattern)):
            yield read_yaml_file(path, cls)


def _by_id(
    key: str, catalog: Folder, faults: Callable[[Any], Iterable[Said]] = lambda _: ()
) -> dict[str, Any]:
    """Gather the records under `key` of all files by id, checked one by one."""
    found: dict[str, Any] = {}
    first: dict[str, str] = {}
    for file in _files(FILES, Listing, catalog):
        file.finish()
        entries = getattr(file.record, key) or ()
        named = entries if isinstance(entries, dict) else dict(enumerate(entries))
        for name, record in named.items():
            place = (key, name)
            if not re.fullmatch(r"[a-z0-9][a-z0-9_.-]*", record.id):
                file.fault(place, "wrong id", record.id, "lower-case letters, digits and _ . -")
            if record.id in first:
                what, fix = f"id {record.id!r} is used twice", "Rename or remove one of them."
                file.fault(place, what, None, f"one; first in {first[record.id]}", fix)
            first.setdefault(record.id, f"{file.path}:{file.lines[place]}")
            found[record.id] = record
            for fault in _under(place, faults(record)):
                file.fault(*fault)
        file.finish()
    return found


def load_units(catalog: Folder = None) -> dict[str, Unit]:
    """Read units by id."""
    known = _by_id("units", catalog).keys()
    return _by_id("units", catalog, lambda unit: unit_faults(unit, known))


def load_groups(catalog: Folder = None) -> dict[str, Group]:
    """Read the groups of indicators by id, in reading order."""
    return _by_id("groups", catalog)


def load_indicators(catalog: Path | str | None = None) -> dict[str, Indicator]:
    """Read indicators by id, from all files in ``indicators/``.

    Parameters
    ----------
    catalog : path-like, optional
        Folder whose files are added to those of the package.

    Returns
    -------
    dict of str to Indicator

    Raises
    ------
    CatalogError
        If a file is wrong, or names an unknown unit or group.
    """
    units, groups = load_units(catalog).keys(), load_groups(catalog).keys()
    return _by_id("indicators", catalog, lambda item: indicator_faults(item, units, groups))


def list_plans(catalog: Folder = None) -> list[str]:
    """Ids of the plans in the catalogue, sorted."""
    return sorted(_plan_files(catalog))


def _plan_files(catalog: Folder) -> dict[str, DeclaredFile]:
    found: dict[str, DeclaredFile] = {}
    for file in _files(["plans/*.yml"], Plan, catalog):
        name = file.path.stem
        if found.setdefault(name, file) is not file:
            what, expected = "plan id is used twice", f"one; first in {found[name].path}"
            raise CatalogError(what, where=str(file.path), got=name, expected=expected)
    return found


def load_plan(plan_id: str, catalog: Path | str | None = None) -> Plan:
    """Read one plan with its targets.

    Parameters
    ----------
    plan_id : str
        Id of the plan, which is also its file name, e.g. ``wuhan-14fyp``; or its title.
    catalog : path-like, optional
        Folder whose files are added to those of the package.

    Returns
    -------
    Plan

    Raises
    ------
    CatalogError
        If there is no such plan, or its file is wrong.
    """
    files = _plan_files(catalog)
    titles = ("title_zh", "title_en", "short_zh", "short_en")
    known = {n: [getattr(file.record, title, "") for title in titles] for n, file in files.items()}
    found = files[resolve_id(plan_id, known, "plan", CatalogError)]
    return _plan(found, load_indicators(catalog))


def _plan(file: DeclaredFile, indicators: Mapping[str, Indicator]) -> Plan:
    """Check a plan and fill what a target inherits: ids, names, region, start year."""
    file.finish()
    plan: Plan = file.record
    for fault in plan_faults(plan, file.path.stem, indicators):
        file.fault(*fault)
    file.finish()
    targets = []
    for target in plan.targets:
        indicator = indicators[target.indicator_id]
        target = replace(
            target,
            id=f"{plan.id}.{target.row}{target.part}",
            plan_id=plan.id,
            name_zh=target.name_zh or indicator.name_zh,
            name_en=target.name_en or indicator.name_en,
            region=target.region or plan.region,
            start_year=target.start_year or plan.start_year,
        )
        stated = (replace(s, region=s.region or plan.region) for s in target.statements)
        targets.append(replace(target, statements=tuple(stated)))
    return replace(plan, targets=tuple(targets))


def load_documents(catalog: Folder = None) -> dict[str, Source]:
    """Read the documents named by plans and by the conflict register, by id."""
    found: dict[str, Source] = {}
    for file in (*_plan_files(catalog).values(), *_files(FILES, Listing, catalog)):
        file.finish()
        for n, source in enumerate(file.record.sources):
            if found.setdefault(source.id, source) != source:
                what, fix = f"source {source.id!r} differs from an earlier one", "Rename it."
                file.fault(("sources", n), what, fix=fix)
        file.finish()
    return found


def load_comparisons(catalog: Folder = None) -> dict[str, Comparison]:
    """Read the rules that figures must satisfy, by id."""
    return _by_id("comparisons", catalog)


def load_conflicts(catalog: Folder = None) -> dict[str, Conflict]:
    """Read the register of known conflicts, by id, in the order of the files."""
    indicators, rules = load_indicators(catalog), load_comparisons(catalog)
    plans = [_plan(file, indicators) for file in _plan_files(catalog).values()]
    regions = {target.id: target.region for plan in plans for target in plan.targets}
    known = {
        "target_id": regions.keys(),
        "indicator_id": indicators.keys(),
        "comparison_id": rules.keys(),
        "source_id": load_documents(catalog).keys(),
    }
    register = _by_id("conflicts", catalog, lambda entry: conflict_faults(entry, known))
    for name, entry in register.items():
        sides = [rules[key] for key in (entry.comparison_id,) if key]
        named = {figure.region for rule in sides for figure in (*rule.left, *rule.right)}
        named |= {regions[target_id] for target_id in entry.target_ids}
        register[name] = replace(entry, regions=tuple(sorted(named - {""})))
    return register


def plan_frame(plan: Plan) -> pd.DataFrame:
    """List the targets of a plan, one row each in its order, the baseline flattened."""
    frame = pd.json_normalize([asdict(target) for target in plan.targets], sep="_")
    frame["row"] += frame["part"]
    frame = frame.rename(columns={"id": "target_id", "baseline_value": "baseline"})[[*PLAN_COLUMNS]]
    return frame.astype({"value": float, "baseline": float, "baseline_year": "Int64"})


# Rules between the fields of records: pure, each yields the faults that it finds.


def unit_faults(unit: Unit, units: Set[str]) -> Iterator[Said]:
    """Find what is wrong with a unit."""
    if unit.base and unit.base not in units - {unit.id}:
        yield ("base",), "unknown unit", unit.base, "another unit"
    if bool(unit.base) == (unit.factor == 1) or unit.factor <= 0:
        yield ("factor",), "base and factor do not go together", unit.factor, "how many of base"


def indicator_faults(item: Indicator, units: Set[str], groups: Set[str]) -> Iterator[Said]:
    """Find what is wrong with an indicator."""
    for key, known in (("unit", units), ("group", groups)):
        if getattr(item, key) not in known:
            yield (key,), f"unknown {key}", getattr(item, key), f"one of {', '.join(known)}"
    low, high = _possible(item)
    if low >= high:
        yield ("upper",), "upper is not above lower", item.upper, f"more than {low:g}"
    if item.family in ("percent", "score") and math.isinf(high - low):
        yield ("family",), "a percent or score needs lower and upper", item.family, "both bounds"
    yield from _decimals(item)


def _possible(item: Indicator) -> tuple[float, float]:
    low, high = item.lower, item.upper
    return -math.inf if low is None else low, math.inf if high is None else high


def _decimals(item: Indicator | Target) -> Iterator[Said]:
    if not 0 <= item.decimals <= MOST_DECIMALS:
        yield ("decimals",), "no number of decimals", item.decimals, f"0 to {MOST_DECIMALS}"


def plan_faults(plan: Plan, stem: str, indicators: Mapping[str, Indicator]) -> Iterator[Said]:
    """Find what is wrong between the fields of a plan, read from file `stem`, and its targets."""
    if plan.id != stem:
        yield ("id",), "plan id is not the file name", plan.id, repr(stem)
    if not FIRST_YEAR <= plan.start_year <= plan.end_year <= LAST_YEAR:
        what = "the plan has no such year, or ends before it starts"
        yield ("end_year",), what, plan.end_year, f"a year after {plan.start_year}"
    if plan.source_id not in {source.id for source in plan.sources}:
        yield ("source_id",), "unknown source_id", plan.source_id, "an id listed in sources"
    yield from _twice("sources", (source.id for source in plan.sources))
    yield from _twice("targets", (target.row + target.part for target in plan.targets))
    for n, target in enumerate(plan.targets):
        yield from _under(("targets", n), _target_faults(target, plan, indicators))


def _under(above: Place, faults: Iterable[Said]) -> Iterator[Said]:
    for place, what, got, expected in faults:
        yield (*above, *place), what, got, expected


def _twice(key: str, names: Iterable[str]) -> Iterator[Said]:
    seen: list[str] = []
    for n, name in enumerate(names):
        if name in seen:
            yield (key, n), f"{name!r} occurs twice in {key}", None, "one of each"
        seen.append(name)


def _target_faults(
    target: Target, plan: Plan, indicators: Mapping[str, Indicator]
) -> Iterator[Said]:
    start = plan.start_year if target.start_year is None else target.start_year
    for key, year in (("year", target.year), ("start_year", start)):
        if not plan.start_year <= year <= plan.end_year:
            expected = f"a year from {plan.start_year} to {plan.end_year}"
            yield (key,), "year outside the plan", year, expected
    yield from _decimals(target)
    yield from _kind_faults(target)
    yield from _goal_faults(target, indicators)
    for n, part in enumerate(target.conditions):
        yield from _under(("conditions", n), _goal_faults(part, indicators))
        if (part.value is None) == (not part.reference_region):
            what = "needs either value or reference_region"
            yield ("conditions", n), what, part.id, "one of the two"
    yield from _twice("conditions", (part.id for part in target.conditions))
    yield from _twice("series", target.series)
    if target.indicator_id in indicators:
        indicator = indicators[target.indicator_id]
        yield from _unit_faults(target, indicator)
        yield from _under(("baseline",), _baseline_faults(target.baseline, indicator, start))


def _kind_faults(target: Target) -> Iterator[Said]:
    kind, count = target.kind, len(target.conditions)
    if kind in ("plan_sum", "every_year") and target.scope != kind:
        what = f"kind {kind!r} needs the scope of the same name"
        yield ("scope",), what, target.scope, repr(kind)
    if (kind == "compound") != (count > 0) or count == 1:
        yield ("kind",), "a compound target, and no other, has conditions", count, "at least two"
    if kind == "relative" and not target.reference_region:
        yield ("kind",), "a relative target needs reference_region", "", "a region code"
    if target.value is None and kind not in ("relative", "compound"):
        yield ("value",), f"a target of kind {kind!r} needs a value", None, "a number"


def _goal_faults(goal: Target | Condition, indicators: Mapping[str, Indicator]) -> Iterator[Said]:
    """Faults of comparator and value, of a target or of one condition."""
    if goal.indicator_id not in indicators:
        yield ("indicator_id",), "unknown indicator", goal.indicator_id, "an id of indicators/*.yml"
        return
    indicator = indicators[goal.indicator_id]
    wanted = {"higher_better": 1, "lower_better": -1}.get(indicator.direction)
    if wanted and goal.comparator != "==" and good_direction(goal.comparator) != wanted:
        what = f"comparator against the indicator, which is {indicator.direction}"
        yield ("comparator",), what, goal.comparator, ">= or >" if wanted > 0 else "<= or <"
    low, high = _possible(indicator)
    if isinstance(goal, Target) and goal.scope == "plan_sum":
        high = math.inf
    if goal.value is not None and goal.value < low:
        yield ("value",), "value below the indicator", goal.value, f"at least {low:g}"
    elif goal.value is not None and goal.value > high:
        yield ("value",), "value above the indicator", goal.value, f"at most {high:g}"
    elif goal.value is not None:
        answer = Goal(goal.comparator, goal.value).decided(Span(low, high))
        if answer is not None:
            what = f"{'every' if answer else 'no'} possible value satisfies the target"
            yield ("value",), what, f"{goal.comparator} {goal.value:g}", "a limit between them"


def _unit_faults(target: Target, indicator: Indicator) -> Iterator[Said]:
    """Faults between a target and the unit, family and baseline in which it is measured."""
    value, base, family = target.value or 0.0, target.baseline.value or 0.0, indicator.family
    if target.unit != indicator.unit:
        yield ("unit",), "unit is not the unit of the indicator", target.unit, repr(indicator.unit)
    if target.scope in ("plan_sum", "end_stock") and family != "count":
        what = f"scope {target.scope!r} is for counts"
        yield ("scope",), what, target.scope, f"end_year or every_year for a {family}"
    if round_half_up(value, min(max(target.decimals, 0), MOST_DECIMALS)) != value:
        what = "more decimals than the published figure"
        yield ("value",), what, value, f"{target.decimals} decimals, or another unit"
    is_share = family in ("percent", "score") and target.comparator in (">", ">=")
    if value * base > 0:
        times = max(value / base, base / value)
        if times >= (LEAP_OF_FEW if family == "count" and min(value, base) < FEW else LEAP):
            what = f"value and baseline are a factor {times:.0f} apart"
            yield ("value",), what, value, f"a value beside {base:g}, in {indicator.unit}"
    elif is_share and 0 < value < 1:
        yield ("value",), "a share instead of a percentage", value, f"{100 * value:g}"


def _baseline_faults(base: Baseline, indicator: Indicator, start: int) -> Iterator[Said]:
    here: Place = ()
    if base.status in ("measured", "disputed"):
        if base.value is None or base.year is None:
            what = f"a {base.status} baseline needs value and year"
            yield here, what, (base.value, base.year), "two numbers"
    elif base.value is not None:
        what = f"a baseline that is {base.status} has no value"
        yield here, what, base.value, "no value; not started is not zero"
    if base.status == "disputed" and len(base.readings) < 2:
        yield here, "a disputed baseline needs its readings", len(base.readings), "at least two"
    if base.year is not None and not FIRST_YEAR <= base.year <= start:
        yield here, "the baseline lies after the start of the plan", base.year, str(start)
    low, high = _possible(indicator)
    for value in (base.value, *(reading.value for reading in base.readings)):
        if value is not None and not low <= value <= high:
            yield here, "baseline outside the indicator", value, f"{low:g} to {high:g}"
    yield from _twice("readings", (reading.id for reading in base.readings))


def conflict_faults(entry: Conflict, known: Mapping[str, Set[str]]) -> Iterator[Said]:
    """Find what is wrong with an entry of the register, given the ids that exist, by key."""
    named = [("target_id", name) for name in entry.target_ids]
    named += [(key, getattr(entry, key)) for key in ("indicator_id", "comparison_id")]
    named += [("source_id", reading.source_id) for reading in entry.readings]
    for key, name in named:
        if name and name not in known[key]:
            yield (key,), f"unknown {key}", name, ""
    if not (entry.target_ids or entry.comparison_id):
        yield ("id",), "the conflict names neither target_ids nor comparison_id", entry.id, ""
    if entry.preferred and entry.preferred not in {reading.id for reading in entry.readings}:
        yield ("preferred",), "preferred is no reading of this conflict", entry.preferred, ""
    yield from _twice("readings", (reading.id for reading in entry.readings))
