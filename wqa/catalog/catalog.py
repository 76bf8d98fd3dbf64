"""The catalogue: indicators, plans, targets and the conflict register, checked on reading.

Policy is data here: a plan is added by files alone. `read_yaml` is re-exported for the
modules that keep texts or chapters in YAML.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from wqa.catalog.reading import Place, YamlFile, read_record, read_yaml, read_yaml_file
from wqa.catalog.records import (
    Baseline,
    Comparison,
    Condition,
    Conflict,
    ConflictReading,
    Figure,
    Group,
    Indicator,
    Plan,
    Reading,
    Source,
    Statement,
    Target,
    Unit,
)
from wqa.catalog.rules import conflict_faults, indicator_faults, plan_faults
from wqa.errors import CatalogError
from wqa.paths import CATALOG

__all__ = [
    "Baseline", "Comparison", "Condition", "Conflict", "ConflictReading", "Figure", "Group",
    "Indicator", "Plan", "Reading", "Source", "Statement", "Target", "Unit", "YamlFile",
    "list_plans", "load_comparisons", "load_conflicts", "load_groups", "load_indicators",
    "load_plan", "load_sources", "load_units", "plan_frame", "read_record", "read_yaml",
    "read_yaml_file",
]  # fmt: skip


def _paths(pattern: str, catalog: Path | str | None) -> list[Path]:
    """Files of the package catalogue and of the extra folder, in a fixed order."""
    folders = [CATALOG]
    if catalog is not None:
        folders.append(Path(catalog))
        if not folders[-1].is_dir():
            fix = "Give a folder that holds indicators/, plans/ or conflicts/."
            raise CatalogError("no such catalogue folder", got=str(catalog), fix=fix)
    return [path for folder in folders for path in sorted(folder.glob(pattern))]


def _table(
    pattern: str,
    key: str,
    cls: Any,
    catalog: Path | str | None,
    check: Callable[[YamlFile, Place, Any], None] | None = None,
) -> dict[str, Any]:
    """Read files that hold a mapping id -> record under one top-level key."""
    found: dict[str, Any] = {}
    seen: dict[str, str] = {}
    for path in _paths(pattern, catalog):
        file = read_yaml_file(path)
        if file.check_keys((), [key]):
            entries = file.data[key] if isinstance(file.data[key], dict) else {}
            for name in entries:
                place = (key, name)
                _check_id(file, place, name, seen)
                found[name] = read_record(file, place, cls, id=name)
                if check and found[name] is not None:
                    check(file, place, found[name])
            if not entries:
                file.fault((key,), f"{key!r} holds no entries", file.data[key], "id: {...}")
        file.finish()
    return found


def _check_id(file: YamlFile, place: Place, name: object, seen: dict[str, str]) -> None:
    if not isinstance(name, str) or not re.fullmatch(r"[a-z0-9][a-z0-9_.-]*", name):
        file.fault(place, "wrong id", name, "lower-case letters, digits and _ . - only")
    elif name in seen:
        file.fault(place, f"id {name!r} is used twice", None, f"one; first in {seen[name]}",
                   "Rename or remove one of them.")  # fmt: skip
    else:
        seen[name] = file.where(*place)


def load_units(catalog: Path | str | None = None) -> dict[str, Unit]:
    """Read units by id; errors as in `load_indicators`.

    Parameters
    ----------
    catalog
        See `load_indicators`.

    Returns
    -------
    dict of str to Unit
    """
    return _table("units.yml", "units", Unit, catalog)


def load_groups(catalog: Path | str | None = None) -> dict[str, Group]:
    """Read the groups of indicators by id, in reading order; errors as in `load_indicators`.

    Parameters
    ----------
    catalog
        See `load_indicators`.

    Returns
    -------
    dict of str to Group
    """
    return _table("groups.yml", "groups", Group, catalog)


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
    units, groups = load_units(catalog), load_groups(catalog)

    def check(file: YamlFile, place: Place, indicator: Indicator) -> None:
        for key, what, got, expected in indicator_faults(indicator, units.keys(), groups.keys()):
            file.fault((*place, key), what, got, expected)

    return _table("indicators/*.yml", "indicators", Indicator, catalog, check)


def list_plans(catalog: Path | str | None = None) -> list[str]:
    """Ids of the plans in the catalogue, sorted.

    Parameters
    ----------
    catalog : path-like, optional
        Folder whose files are added to those of the package.

    Returns
    -------
    list of str

    Raises
    ------
    CatalogError
        If a plan id is used by two files, or a file name is not the id of its plan.
    """
    return sorted(_plan_paths(catalog))


def _plan_paths(catalog: Path | str | None) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for path in _paths("plans/*.yml", catalog):
        if path.stem in found:
            raise CatalogError("plan id is used twice", where=str(path), got=path.stem,
                               expected=f"one file per plan; first is {found[path.stem]}",
                               fix="Rename the plan and its file.")  # fmt: skip
        found[path.stem] = path
    return found


def load_plan(plan_id: str, catalog: Path | str | None = None) -> Plan:
    """Read one plan with its targets.

    Parameters
    ----------
    plan_id : str
        Id of the plan, which is also its file name, e.g. ``wuhan-14fyp``.
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
        raise CatalogError("unknown plan", got=plan_id, expected=f"one of {', '.join(paths)}",
                           fix="Add plans/<id>.yml, or name its catalogue folder.")  # fmt: skip
    return _load_plan(paths[plan_id], load_indicators(catalog))


def _load_plan(path: Path, indicators: Mapping[str, Indicator]) -> Plan:
    file = read_yaml_file(path)
    plan: Plan | None = read_record(file, (), Plan)
    file.finish()
    assert plan is not None  # `finish` has raised if there was a fault
    for place, what, got, expected, fix in plan_faults(plan, path.stem, indicators):
        file.fault(place, what, got, expected, fix)
    file.finish()
    return _complete_plan(plan, indicators)


def load_sources(catalog: Path | str | None = None) -> dict[str, Source]:
    """Read the documents named by plans and by the conflict register, by id.

    Parameters
    ----------
    catalog
        See `load_indicators`.

    Returns
    -------
    dict of str to Source

    Raises
    ------
    CatalogError
        If a file is wrong, or two records of one id differ.
    """
    found: dict[str, Source] = {}
    for pattern in ("plans/*.yml", "conflicts/*.yml"):
        for path in _paths(pattern, catalog):
            file = read_yaml_file(path)
            for n, _ in enumerate(_entries(file, "sources")):
                source: Source | None = read_record(file, ("sources", n), Source)
                if source and found.setdefault(source.id, source) != source:
                    file.fault(("sources", n), f"source {source.id!r} differs from an earlier one",
                               fix="Give it the same data, or another id.")  # fmt: skip
            file.finish()
    return found


def _entries(file: YamlFile, key: str) -> list[Any]:
    """List under a key; a key that is missing holds nothing, anything but a list is a fault."""
    node = file.data.get(key) if isinstance(file.data, Mapping) else None
    if node is not None and not isinstance(node, list):
        file.fault((key,), f"wrong value of {key!r}", node, "a list")
        return []
    return node or []


def _register(key: str, cls: Any, catalog: Path | str | None) -> dict[str, Any]:
    found: dict[str, Any] = {}
    seen: dict[str, str] = {}
    for path in _paths("conflicts/*.yml", catalog):
        file = read_yaml_file(path)
        file.check_keys((), [], ["sources", "comparisons", "conflicts"])
        for n, _ in enumerate(_entries(file, key)):
            record = read_record(file, (key, n), cls)
            if record is not None:
                _check_id(file, (key, n), record.id, seen)
                found[record.id] = record
        file.finish()
    return found


def load_comparisons(catalog: Path | str | None = None) -> dict[str, Comparison]:
    """Read the rules that figures must satisfy, by id; errors as in `load_indicators`.

    Parameters
    ----------
    catalog
        See `load_indicators`.

    Returns
    -------
    dict of str to Comparison
    """
    return _register("comparisons", Comparison, catalog)


def load_conflicts(catalog: Path | str | None = None) -> dict[str, Conflict]:
    """Read the register of known conflicts, by id, in the order of the files.

    Parameters
    ----------
    catalog : path-like, optional
        Folder whose files are added to those of the package.

    Returns
    -------
    dict of str to Conflict

    Raises
    ------
    CatalogError
        If a file is wrong, or names an unknown target, indicator, comparison or source.
    """
    found: dict[str, Conflict] = _register("conflicts", Conflict, catalog)
    indicators = load_indicators(catalog)
    plans = [_load_plan(path, indicators) for path in _plan_paths(catalog).values()]
    comparisons = load_comparisons(catalog)
    known = {
        "target_ids": {target.id for plan in plans for target in plan.targets},
        "indicator_id": set(indicators),
        "comparison_id": set(comparisons),
        "source_id": set(load_sources(catalog)),
    }
    for path in _paths("conflicts/*.yml", catalog):
        file = read_yaml_file(path)
        for n, entry in enumerate(_entries(file, "conflicts")):
            for key, what, got in conflict_faults(found[entry["id"]], known):
                file.fault(("conflicts", n, key), what, got)
        file.finish()
    regions = {target.id: target.region for plan in plans for target in plan.targets}
    return {name: _with_regions(item, regions, comparisons) for name, item in found.items()}


def _with_regions(
    conflict: Conflict, regions: Mapping[str, str], comparisons: Mapping[str, Comparison]
) -> Conflict:
    named = {regions[target_id] for target_id in conflict.target_ids}
    if conflict.comparison_id:
        rule = comparisons[conflict.comparison_id]
        named |= {f.region for f in (*rule.left, *rule.right) if f.region}
    return replace(conflict, regions=tuple(sorted(named)))


def _complete_plan(plan: Plan, indicators: Mapping[str, Indicator]) -> Plan:
    """Fill what a target inherits: ids, names, region, start year."""
    targets = []
    for target in plan.targets:
        indicator = indicators[target.indicator_id]
        targets.append(
            replace(
                target,
                id=f"{plan.id}.{target.row}{target.part}",
                plan_id=plan.id,
                name_zh=target.name_zh or indicator.name_zh,
                name_en=target.name_en or indicator.name_en,
                region=target.region or plan.region,
                start_year=target.start_year or plan.start_year,
                statements=tuple(
                    replace(s, region=s.region or plan.region) for s in target.statements
                ),
            )
        )
    return replace(plan, targets=tuple(targets))


def plan_frame(plan: Plan) -> pd.DataFrame:
    """List the targets of a plan, one row each, in the order of the plan.

    Parameters
    ----------
    plan : Plan
        As `load_plan` returns it.

    Returns
    -------
    pandas.DataFrame
        Columns target_id, row, indicator_id, name_zh, name_en, region, kind, nature,
        comparator, value, unit, decimals, start_year, year, scope, baseline_status, baseline
        (in `unit`), baseline_year, clause.
    """
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
