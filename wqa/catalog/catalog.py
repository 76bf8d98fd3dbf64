"""The catalogue: indicators, plans, targets and the conflict register, read and checked as a whole.

Policy is data here: a plan is added by files alone. What a field may hold stands in the
records; the rules between fields follow the loaders.
"""

import math
import os
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import Any

import pandas as pd

from wqa.catalog import records
from wqa.catalog.reading import DeclaredFile, Place, read_words, read_yaml_file, resolve_id
from wqa.catalog.records import Baseline, Condition, Indicator, Plan, Target
from wqa.errors import CatalogError
from wqa.goals import Goal, Span, good_direction, round_half_up
from wqa.paths import CATALOG, Folder, own_catalog

Declared = Mapping[str, Mapping[str, Any]]  # kind of record, and id, to the record
Said = tuple[Place, str, object, str]  # place, what, got, expected
FILES = ("units.yml", "groups.yml", "indicators/*.yml", "plans/*.yml", "conflicts/*.yml")
PLAN_COLUMNS = ("target_id", "row", "indicator_id", "name_zh", "name_en", "region", "kind",
                "nature", "comparator", "value", "unit", "decimals", "start_year", "year", "scope",
                "baseline_status", "baseline", "baseline_year", "clause")  # fmt: skip
FIRST_YEAR, LAST_YEAR, MOST_LISTED, DECIMALS = 1949, 2100, 40, (0, 6)
# A target this many times its baseline is one in another unit: a share for a percentage,
# machines for ten thousands of machines. Small counts may grow a hundredfold.
LEAP, LEAP_OF_FEW, FEW = 50, 5000, 10


@dataclass(frozen=True)
class Listing:
    """A file of the catalogue that is no plan; indicators, say, may stand in any of them."""

    units: dict[str, records.Unit] | None = None
    groups: dict[str, records.Group] | None = None
    indicators: dict[str, Indicator] | None = None
    sources: tuple[records.Source, ...] = ()
    comparisons: tuple[records.Comparison, ...] = ()
    conflicts: tuple[records.Conflict, ...] = ()


KINDS_OF_RECORDS = (*Listing.__dataclass_fields__, "plans")


def read_catalogue(catalog: Folder = None) -> Declared:
    """Read all that is declared, in the package and an extra folder; not to be changed."""
    here = Path.cwd(), os.environ.get("WQA_ROOT")
    own = own_catalog(*here) if catalog is None else Path(catalog)
    folders = [CATALOG] if own is None else [CATALOG, own]
    if not folders[-1].is_dir():
        fix = "Give a folder that holds indicators/, plans/ or conflicts/."
        raise CatalogError("no such catalogue folder", got=str(catalog), fix=fix)
    paths = [path for f in folders for pattern in FILES for path in sorted(f.glob(pattern))]
    return _checked(tuple((path, path.stat().st_mtime_ns, path.stat().st_size) for path in paths))


@lru_cache(maxsize=8)
def _checked(state: tuple[tuple[Path, int, int], ...]) -> Declared:
    """Hold the records of files in this state against each other."""
    files = [read_yaml_file(path, Plan if path.parent.name == "plans" else Listing)
             for path, *_ in state]  # fmt: skip
    found = _collected(files)
    for file in files:
        for kind, place, _, record in _entries(file):
            for below, what, got, expected in RULES[kind](record, found) if kind in RULES else ():
                file.fault((*place, *below), what, got, expected)
        file.finish()
    plans = {name: _complete(plan, found["indicators"]) for name, plan in found["plans"].items()}
    regions = {target.id: [target.region] for plan in plans.values() for target in plan.targets}
    for name, rule in found["comparisons"].items():
        regions[name] = [figure.region for figure in (*rule.left, *rule.right)]
    register = {}
    for name, entry in found["conflicts"].items():
        sides = (regions[key] for key in (*entry.target_ids, entry.comparison_id) if key)
        register[name] = replace(entry, regions=tuple(sorted({*chain(*sides)} - {""})))
    return found | {"plans": plans, "conflicts": register}


def _collected(files: Iterable[DeclaredFile]) -> dict[str, dict[str, Any]]:
    """All records by kind and id, which no two of them share."""
    found: dict[str, dict[str, Any]] = {kind: {} for kind in KINDS_OF_RECORDS}
    first: dict[tuple[str, str], str] = {}
    for file in files:
        for kind, place, name, record in _entries(file):
            if not re.fullmatch(r"[a-z0-9][a-z0-9_.-]*", name):
                file.fault(place, "wrong id", name, "lower-case letters, digits and _ . -")
            where = first.setdefault((kind, name), f"{file.path}:{file.lines.get(place, 1)}")
            earlier = found[kind].setdefault(name, record)
            if earlier is not record and (kind != "sources" or earlier != record):
                what, fix = f"id {name!r} is used twice", "Rename or remove one of them."
                file.fault(place, what, None, f"one; first in {where}", fix)
            if kind == "plans" and record and record.id != name:
                file.fault(("id",), "plan id is not the file name", record.id, repr(name))
        file.finish()
    return found


def _entries(file: DeclaredFile) -> Iterator[tuple[str, Place, str, Any]]:
    """Kind, place, id and record of all that a file declares."""
    for kind in KINDS_OF_RECORDS:
        entries = getattr(file.record, kind, None) or ()
        for name, record in entries.items() if isinstance(entries, dict) else enumerate(entries):
            yield kind, (kind, name), record.id, record
    if file.path.parent.name == "plans":
        yield "plans", (), file.path.stem, file.record


def _complete(plan: Plan, indicators: Mapping[str, Indicator]) -> Plan:
    """Fill what a target inherits: ids, names, region, start year."""
    targets = []
    for target in plan.targets:
        indicator = indicators[target.indicator_id]
        own: dict[str, Any] = {"id": f"{plan.id}.{target.row}{target.part}", "plan_id": plan.id}
        for giver, keys in ((indicator, ("name_zh", "name_en")), (plan, ("region", "start_year"))):
            own |= {key: getattr(target, key) or getattr(giver, key) for key in keys}
        stated = [replace(s, region=s.region or plan.region) for s in target.statements]
        targets.append(replace(target, statements=tuple(stated), **own))
    return replace(plan, targets=tuple(targets))


def load_units(catalog: Folder = None) -> dict[str, records.Unit]:
    """Read units by id."""
    return {**read_catalogue(catalog)["units"]}


def load_indicators(catalog: Path | str | None = None) -> dict[str, Indicator]:
    """Read indicators by id.

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
        If a file of the catalogue is wrong; the message names file and line.
    """
    return {**read_catalogue(catalog)["indicators"]}


def load_conflicts(catalog: Folder = None) -> dict[str, records.Conflict]:
    """Read the register of known conflicts, by id, in the order of the files."""
    return {**read_catalogue(catalog)["conflicts"]}


def list_plans(catalog: Folder = None) -> list[str]:
    """Ids of the plans in the catalogue, sorted."""
    return sorted(read_catalogue(catalog)["plans"])


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
        If there is no such plan, or a file of the catalogue is wrong.
    """
    plans: Mapping[str, Plan] = read_catalogue(catalog)["plans"]
    titles = {p.id: (p.title_zh, p.title_en, p.short_zh, p.short_en) for p in plans.values()}
    return plans[resolve_id(plan_id, titles, "plan", CatalogError)]


def plan_frame(plan: Plan) -> pd.DataFrame:
    """List the targets of a plan, one row each in its order, the baseline flattened."""
    frame = pd.json_normalize([asdict(target) for target in plan.targets], sep="_")
    frame["row"] += frame["part"]
    frame = frame.rename(columns={"id": "target_id", "baseline_value": "baseline"})[[*PLAN_COLUMNS]]
    return frame.astype({"value": float, "baseline": float, "baseline_year": "Int64"})


# Rules between the fields of records: pure, each yields the faults that it finds.


def _unit_faults(unit: records.Unit, known: Declared) -> Iterator[Said]:
    if unit.base and (unit.base == unit.id or unit.base not in known["units"]):
        yield ("base",), "unknown unit", unit.base, "another unit"
    if bool(unit.base) == (unit.factor == 1) or unit.factor <= 0:
        yield ("factor",), "base and factor do not go together", unit.factor, "how many of base"


def _indicator_faults(item: Indicator, known: Declared) -> Iterator[Said]:
    yield from _unknown("unit", [item.unit], known["units"])
    yield from _unknown("group", [item.group], known["groups"])
    low, high = _possible(item)
    if low >= high:
        yield ("upper",), "upper is not above lower", item.upper, f"more than {low:g}"
    if item.family in ("percent", "score") and math.isinf(high - low):
        yield ("family",), "a percent or score needs lower and upper", item.family, "both bounds"
    yield from _outside("decimals", "no number of decimals", item.decimals, DECIMALS)


def _unknown(key: str, names: Iterable[str], known: Collection[str]) -> Iterator[Said]:
    expected = f"one of {', '.join(known)}" if len(known) <= MOST_LISTED else ""
    for name in names:
        if name not in known:
            yield (key,), f"unknown {key}", name, expected


def _possible(item: Indicator) -> tuple[float, float]:
    low, high = item.lower, item.upper
    return -math.inf if low is None else low, math.inf if high is None else high


def _outside(key: str, what: str, got: float | None, limits: tuple[float, float]) -> Iterator[Said]:
    low, high = limits
    if got is not None and not low <= got <= high:
        yield (key,), what, got, f"{low:g} to {high:g}"


def plan_faults(plan: Plan, known: Declared) -> Iterator[Said]:
    """Find what is wrong between the fields of a plan and its targets."""
    if not FIRST_YEAR <= plan.start_year <= plan.end_year <= LAST_YEAR:
        what = "the plan has no such year, or ends before it starts"
        yield ("end_year",), what, plan.end_year, f"a year after {plan.start_year}"
    sources = [source.id for source in plan.sources]
    yield from _unknown("source_id", [plan.source_id], sources)
    yield from _twice("sources", sources)
    yield from _twice("targets", [target.row + target.part for target in plan.targets])
    for n, target in enumerate(plan.targets):
        yield from _under(("targets", n), _target_faults(target, plan, known))


def _under(above: Place, faults: Iterable[Said]) -> Iterator[Said]:
    for place, what, got, expected in faults:
        yield (*above, *place), what, got, expected


def _twice(key: str, names: Sequence[str]) -> Iterator[Said]:
    for n, name in enumerate(names):
        if name in names[:n]:
            yield (key, n), f"{name!r} occurs twice in {key}", None, "one of each"


def _target_faults(target: Target, plan: Plan, known: Declared) -> Iterator[Said]:
    start = plan.start_year if target.start_year is None else target.start_year
    for key, year in (("year", target.year), ("start_year", start)):
        yield from _outside(key, "year outside the plan", year, (plan.start_year, plan.end_year))
    yield from _outside("decimals", "no number of decimals", target.decimals, DECIMALS)
    yield from _kind_faults(target)
    yield from _goal_faults(target, known)
    for n, part in enumerate(target.conditions):
        yield from _under(("conditions", n), _goal_faults(part, known))
        if (part.value is None) == (not part.reference_region):
            yield ("conditions", n), "needs value or reference_region", part.id, "one of them"
    for n, declared in enumerate(target.inferences):
        yield from _under(("inferences", n), _inference_faults(declared, known))
    yield from _twice("conditions", [part.id for part in target.conditions])
    yield from _twice("series", target.series)
    if indicator := known["indicators"].get(target.indicator_id):
        yield from _scale_faults(target, indicator)
        yield from _under(("baseline",), _baseline_faults(target.baseline, indicator, start))


def _inference_faults(declared: records.Inference, known: Declared) -> Iterator[Said]:
    rules, roles = read_words("inference_roles"), {premise.role for premise in declared.figures}
    yield from _unknown("rule", [declared.rule], rules)
    must, may = rules.get(declared.rule, {"must": [], "may": [*roles]}).values()
    if not set(must) <= roles <= {*must, *may}:
        expected = f"{', '.join(must)}; also allowed: {', '.join(may) or 'none'}"
        yield ("figures",), "wrong roles", sorted(roles), expected
    for n, premise in enumerate(declared.figures):
        unknown = _unknown("indicator_id", [premise.indicator_id], known["indicators"])
        yield from _under(("figures", n), unknown)


def _kind_faults(target: Target) -> Iterator[Said]:
    kind, count = target.kind, len(target.conditions)
    if kind in ("plan_sum", "every_year") and target.scope != kind:
        yield ("scope",), f"kind {kind!r} needs a scope of the same name", target.scope, repr(kind)
    if (kind == "compound") != (count > 0) or count == 1:
        yield ("kind",), "a compound target, and no other, has conditions", count, "at least two"
    if kind == "relative" and not target.reference_region:
        yield ("kind",), "a relative target needs reference_region", "", "a region code"
    if target.value is None and kind not in ("relative", "compound"):
        yield ("value",), f"a target of kind {kind!r} needs a value", None, "a number"


def _goal_faults(goal: Target | Condition, known: Declared) -> Iterator[Said]:
    """Faults of comparator and value, of a target or of one condition."""
    yield from _unknown("indicator_id", [goal.indicator_id], known["indicators"])
    indicator = known["indicators"].get(goal.indicator_id)
    if indicator is None:
        return
    wanted = {"higher_better": 1, "lower_better": -1}.get(indicator.direction)
    if wanted and goal.comparator != "==" and good_direction(goal.comparator) != wanted:
        what = f"comparator against the indicator, which is {indicator.direction}"
        yield ("comparator",), what, goal.comparator, ">= or >" if wanted > 0 else "<= or <"
    if goal.value is None:
        return
    low, high = _possible(indicator)
    if isinstance(goal, Target) and goal.scope == "plan_sum":
        high = math.inf
    if not low <= goal.value <= high:
        yield ("value",), "value outside the indicator", goal.value, f"{low:g} to {high:g}"
    elif (answer := Goal(goal.comparator, goal.value).decided(Span(low, high))) is not None:
        what = f"{'every' if answer else 'no'} possible value satisfies the target"
        yield ("value",), what, f"{goal.comparator} {goal.value:g}", "a limit between them"


def _scale_faults(target: Target, indicator: Indicator) -> Iterator[Said]:
    """Faults between a target and the unit, family and baseline in which it is measured."""
    value, base, family = target.value or 0.0, target.baseline.value or 0.0, indicator.family
    if target.unit != indicator.unit:
        yield ("unit",), "unit is not the unit of the indicator", target.unit, repr(indicator.unit)
    if target.scope in ("plan_sum", "end_stock") and family != "count":
        what = f"scope {target.scope!r} is for counts"
        yield ("scope",), what, target.scope, f"end_year or every_year for a {family}"
    if round_half_up(value, min(max(target.decimals, 0), DECIMALS[1])) != value:
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
    has_value = base.status in ("measured", "disputed")
    if has_value and None in (base.value, base.year):
        what, got = f"a {base.status} baseline needs value and year", (base.value, base.year)
        yield ("value",), what, got, "two numbers"
    if not has_value and base.value is not None:
        what = f"a baseline that is {base.status} has no value"
        yield ("value",), what, base.value, "no value; not started is not zero"
    if base.status == "disputed" and len(base.readings) < 2:
        what = "a disputed baseline needs its readings"
        yield ("readings",), what, len(base.readings), "at least two"
    what = "the baseline lies after the start of the plan"
    yield from _outside("year", what, base.year, (FIRST_YEAR, start))
    for value in (base.value, *(reading.value for reading in base.readings)):
        yield from _outside("value", "baseline outside the indicator", value, _possible(indicator))
    yield from _twice("readings", [reading.id for reading in base.readings])


def _conflict_faults(entry: records.Conflict, known: Declared) -> Iterator[Said]:
    plans: Iterable[Plan] = known["plans"].values()
    targets = [f"{plan.id}.{t.row}{t.part}" for plan in plans for t in plan.targets]
    readings = [reading.id for reading in entry.readings]
    yield from _unknown("target_id", entry.target_ids, targets)
    yield from _unknown("indicator_id", {entry.indicator_id} - {""}, known["indicators"])
    yield from _unknown("comparison_id", {entry.comparison_id} - {""}, known["comparisons"])
    yield from _unknown("source_id", [r.source_id for r in entry.readings], known["sources"])
    if not (entry.target_ids or entry.comparison_id):
        yield ("id",), "the conflict names neither target_ids nor comparison_id", entry.id, ""
    yield from _unknown("preferred", {entry.preferred} - {""}, readings)
    yield from _twice("readings", readings)


RULES: dict[str, Callable[[Any, Declared], Iterable[Said]]] = {
    "units": _unit_faults,
    "indicators": _indicator_faults,
    "plans": plan_faults,
    "conflicts": _conflict_faults,
}
