"""The catalogue: indicators, plans, targets and the conflict register, checked on reading.

Policy is data here: a plan is added by files alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from wqa.catalog.names import resolve_id
from wqa.catalog.reading import DeclaredFile, read_yaml_file
from wqa.catalog.records import Comparison, Conflict, Group, Indicator, Plan, Source, Unit
from wqa.catalog.rules import Said, conflict_faults, indicator_faults, plan_faults, unit_faults
from wqa.errors import CatalogError
from wqa.paths import CATALOG

Folder = Path | str | None


@dataclass(frozen=True)
class Listing:
    """A file of units, groups or indicators, each by its id."""

    units: dict[str, Unit] | None = None
    groups: dict[str, Group] | None = None
    indicators: dict[str, Indicator] | None = None


@dataclass(frozen=True)
class Register:
    """A file of known conflicts, with the comparisons that find them and their sources."""

    sources: tuple[Source, ...] = ()
    comparisons: tuple[Comparison, ...] = ()
    conflicts: tuple[Conflict, ...] = ()


def _paths(pattern: str, catalog: Folder) -> list[Path]:
    """Files of the package catalogue and of the extra folder, in a fixed order."""
    folders = [CATALOG] if catalog is None else [CATALOG, Path(catalog)]
    if not folders[-1].is_dir():
        fix = "Give a folder that holds indicators/, plans/ or conflicts/."
        raise CatalogError("no such catalogue folder", got=str(catalog), fix=fix)
    return [path for folder in folders for path in sorted(folder.glob(pattern))]


def _files(pattern: str, cls: type, catalog: Folder) -> Iterator[DeclaredFile]:
    """Read file by file; faults noted by whoever takes them are raised before the next one."""
    for path in _paths(pattern, catalog):
        file = read_yaml_file(path, cls)
        file.finish()
        yield file
        file.finish()


def _by_id(
    pattern: str, cls: type, catalog: Folder, key: str, faults: Callable[[Any], Iterable[Said]]
) -> dict[str, Any]:
    """Gather the records under `key` of several files by id, checked one by one."""
    found: dict[str, Any] = {}
    first: dict[str, str] = {}
    for file in _files(pattern, cls, catalog):
        entries = getattr(file.record, key)
        if cls is Listing and not entries:
            file.fault((key,), f"{key!r} holds no entries", file.data.get(key), "id: {...}")
        named = entries if isinstance(entries, dict) else dict(enumerate(entries or ()))
        for place, record in (((key, name), record) for name, record in named.items()):
            if not re.fullmatch(r"[a-z0-9][a-z0-9_.-]*", record.id):
                file.fault(place, "wrong id", record.id, "lower-case letters, digits and _ . -")
            if record.id in first:
                what, expected = (
                    f"id {record.id!r} is used twice",
                    f"one; first in {first[record.id]}",
                )
                file.fault(place, what, None, expected, "Rename or remove one of them.")
            first.setdefault(record.id, f"{file.path}:{file.lines[place]}")
            _note(file, place, faults(record))
            found[record.id] = record
    return found


def _note(file: DeclaredFile, place: tuple[str | int, ...], faults: Iterable[Said]) -> None:
    for below, what, got, expected in faults:
        file.fault((*place, *below), what, got, expected)


def load_units(catalog: Folder = None) -> dict[str, Unit]:
    """Read units by id."""
    known = {
        name for file in _files("units.yml", Listing, catalog) for name in file.record.units or ()
    }
    return _by_id("units.yml", Listing, catalog, "units", lambda unit: unit_faults(unit, known))


def load_groups(catalog: Folder = None) -> dict[str, Group]:
    """Read the groups of indicators by id, in reading order."""
    return _by_id("groups.yml", Listing, catalog, "groups", lambda group: ())


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

    def faults(item: Indicator) -> Iterator[Said]:
        return indicator_faults(item, units, groups)

    return _by_id("indicators/*.yml", Listing, catalog, "indicators", faults)


def list_plans(catalog: Folder = None) -> list[str]:
    """Ids of the plans in the catalogue, sorted."""
    return sorted(_plan_paths(catalog))


def _plan_paths(catalog: Folder) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for path in _paths("plans/*.yml", catalog):
        first = found.setdefault(path.stem, path)
        if first is not path:
            what, expected = "plan id is used twice", f"one file per plan; first is {first}"
            raise CatalogError(what, where=str(path), got=path.stem, expected=expected)
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
    paths = _plan_paths(catalog)
    if plan_id not in paths:
        plans = {name: read_yaml_file(path, Plan).record for name, path in paths.items()}
        titles = ("title_zh", "title_en", "short_zh", "short_en")
        known = {n: [getattr(plan, title, "") for title in titles] for n, plan in plans.items()}
        plan_id = resolve_id(plan_id, known, "plan", CatalogError)
    return _complete(paths[plan_id], load_indicators(catalog))


def _complete(path: Path, indicators: dict[str, Indicator]) -> Plan:
    """Read a plan, check it, and fill what a target inherits: ids, names, region, start year."""
    file = read_yaml_file(path, Plan)
    file.finish()
    plan: Plan = file.record
    _note(file, (), plan_faults(plan, path.stem, indicators))
    file.finish()
    targets = []
    for target in plan.targets:
        indicator = indicators[target.indicator_id]
        stated = (replace(s, region=s.region or plan.region) for s in target.statements)
        targets.append(
            replace(
                target,
                id=f"{plan.id}.{target.row}{target.part}",
                plan_id=plan.id,
                name_zh=target.name_zh or indicator.name_zh,
                name_en=target.name_en or indicator.name_en,
                region=target.region or plan.region,
                start_year=target.start_year or plan.start_year,
                statements=tuple(stated),
            )
        )
    return replace(plan, targets=tuple(targets))


def load_documents(catalog: Folder = None) -> dict[str, Source]:
    """Read the documents named by plans and by the conflict register, by id."""
    found: dict[str, Source] = {}
    for pattern, cls in (("plans/*.yml", Plan), ("conflicts/*.yml", Register)):
        for file in _files(pattern, cls, catalog):
            for n, source in enumerate(file.record.sources):
                if found.setdefault(source.id, source) != source:
                    what, fix = f"source {source.id!r} differs from an earlier one", "Name it anew."
                    file.fault(("sources", n), what, fix=fix)
    return found


def load_comparisons(catalog: Folder = None) -> dict[str, Comparison]:
    """Read the rules that figures must satisfy, by id."""
    return _by_id("conflicts/*.yml", Register, catalog, "comparisons", lambda rule: ())


def load_conflicts(catalog: Folder = None) -> dict[str, Conflict]:
    """Read the register of known conflicts, by id, in the order of the files."""
    indicators, comparisons = load_indicators(catalog), load_comparisons(catalog)
    plans = [_complete(path, indicators) for path in _plan_paths(catalog).values()]
    regions = {target.id: target.region for plan in plans for target in plan.targets}
    known = {
        "target_ids": regions.keys(),
        "indicator_id": indicators.keys(),
        "comparison_id": comparisons.keys(),
        "source_id": load_documents(catalog).keys(),
    }

    def faults(conflict: Conflict) -> Iterator[Said]:
        return conflict_faults(conflict, known)

    register = _by_id("conflicts/*.yml", Register, catalog, "conflicts", faults)
    for name, conflict in register.items():
        named = {regions[target_id] for target_id in conflict.target_ids}
        if conflict.comparison_id:
            rule = comparisons[conflict.comparison_id]
            named |= {figure.region for figure in (*rule.left, *rule.right) if figure.region}
        register[name] = replace(conflict, regions=tuple(sorted(named)))
    return register


def plan_frame(plan: Plan) -> pd.DataFrame:
    """List the targets of a plan, one row each in its order, the baseline flattened."""
    columns = ("indicator_id", "name_zh", "name_en", "region", "kind", "nature", "comparator",
               "value", "unit", "decimals", "start_year", "year", "scope")  # fmt: skip
    records = [
        {"target_id": target.id, "row": target.row + target.part}
        | {name: getattr(target, name) for name in columns}
        | {
            "baseline_status": target.baseline.status,
            "baseline": target.baseline.value,
            "baseline_year": target.baseline.year,
            "clause": target.clause,
        }
        for target in plan.targets
    ]
    frame = pd.DataFrame.from_records(records)
    return frame.astype({"value": float, "baseline": float, "baseline_year": "Int64"})
