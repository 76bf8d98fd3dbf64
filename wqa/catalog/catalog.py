"""The catalogue: indicators, plans, targets and the conflict register, checked on reading.

Policy is data here: a plan is added by files alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

import pandas as pd

from wqa.catalog.names import resolve_id
from wqa.catalog.reading import DeclaredFile, read_yaml_file
from wqa.catalog.records import Comparison, Conflict, Group, Indicator, Plan, Source, Unit
from wqa.catalog.rules import (
    Said,
    conflict_faults,
    indicator_faults,
    plan_faults,
    under,
    unit_faults,
)
from wqa.errors import CatalogError
from wqa.paths import CATALOG

Folder = Path | str | None
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
            for fault in under(place, faults(record)):
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
