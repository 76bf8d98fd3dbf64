"""The rebuilt data package ``data/processed``: CSV files and ``datapackage.json``.

The descriptor follows the Data Package standard (frictionless), so that other programs can
open the figures with their types, units and sources. Same input, same bytes.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd
from pandas.api import types

from wqa.catalog.catalog import list_plans, load_indicators, load_plan, load_units, plan_frame
from wqa.catalog.reading import read_yaml
from wqa.data.cells import EVIDENCE, QUALIFIERS
from wqa.data.findings import findings_frame
from wqa.data.loading import check_project, load_observations, load_regions, load_sources
from wqa.data.series import all_series
from wqa.paths import CATALOG, project_root

# A spreadsheet program runs text that begins so as a formula. A leading apostrophe, which
# it hides, stops that; text that begins with one gets another, so nothing is lost.
_RISKY = ("=", "+", "-", "@", "\t", "\r", "'")
_TYPES = {"b": "boolean", "i": "integer", "f": "number"}  # by kind of dtype
_DATES = ("start", "end", "published", "vintage")
_CONSTRAINTS: dict[str, dict[str, Any]] = {
    "indicator_id": {"required": True},
    "qualifier": {"enum": list(QUALIFIERS)},
    "evidence": {"enum": list(EVIDENCE)},
}


def build_data_package(
    out: Path | str | None = None,
    *,
    root: Path | str | None = None,
    as_of: str | None = None,
) -> Path:
    """Rebuild the data package.

    Parameters
    ----------
    out : path-like, optional
        Folder; default ``data/processed`` of the project. Other files in it stay.
    root, as_of
        See `load_observations`.

    Returns
    -------
    pathlib.Path
        The written ``datapackage.json``. Files appear only when all of them are complete.
    """
    tables = _tables(root, as_of)
    contents = {
        f"{name}.csv": frame.map(_cell).to_csv(index=False, lineterminator="\n").encode()
        for name, frame in tables.items()
    }
    # The descriptor last: it vouches for the files it names.
    units = {key: {"zh": unit.zh, "en": unit.en} for key, unit in load_units().items()}
    contents["datapackage.json"] = _descriptor(tables, contents, units=units, as_of=as_of or "")
    folder = Path(out) if out is not None else project_root(root) / "data" / "processed"
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as waiting:
        for name, content in contents.items():
            (Path(waiting) / name).write_bytes(content)
        for name in contents:
            (Path(waiting) / name).replace(folder / name)
    return folder / "datapackage.json"


def neutralise(text: str) -> str:
    """Keep a spreadsheet program from running a text cell as a formula; see `_RISKY`."""
    return f"'{text}" if text.startswith(_RISKY) else text


def _tables(root: Path | str | None, as_of: str | None) -> dict[str, pd.DataFrame]:
    frame, found = load_observations(as_of=as_of, root=root), check_project(root, as_of)
    names = {"value": "found", "message": "message_zh"}
    findings = findings_frame(found, "zh").rename(columns=names)
    findings["message_en"] = findings_frame(found, "en")["message"]
    indicators = [asdict(entry) for _, entry in sorted(load_indicators().items())]
    tables = {
        "observations": frame,
        "series": all_series(frame),
        "indicators": pd.DataFrame(indicators).rename(columns={"id": "indicator_id"}),
        "regions": load_regions(root),
        "sources": load_sources(root).rename(columns={"published": "published_text"}),
        "findings": findings,
    }
    # Elsewhere `row` is a line of a file; here it is a row of the plan's table, such as 1a.
    plans = [plan_frame(load_plan(plan)).assign(plan_id=plan) for plan in list_plans()]
    targets = pd.concat(plans, ignore_index=True).rename(columns={"row": "plan_row"})
    return tables | {"targets": targets}


def _cell(cell: Any) -> str:
    if isinstance(cell, str):
        return neutralise(cell)
    if cell is None or pd.isna(cell):
        return ""
    if types.is_bool(cell):
        return str(cell).lower()
    # repr is the shortest text that reads back as the same number
    return repr(cell.item() if hasattr(cell, "item") else cell).removesuffix(".0")


def _descriptor(
    tables: Mapping[str, pd.DataFrame], contents: Mapping[str, bytes], **own: Any
) -> bytes:
    said = read_yaml(CATALOG / "datapackage.yml")
    resources = []
    for name, frame in tables.items():
        content = contents[f"{name}.csv"]
        fields = [_field(frame[column], said["columns"].get(column)) for column in frame]
        resource = {"name": name, "path": f"{name}.csv", "bytes": len(content)}
        resource["hash"] = f"sha256:{hashlib.sha256(content).hexdigest()}"
        resource["schema"] = {"fields": fields, "missingValues": [""]}
        resources.append(said["table"] | resource)
    records = tables["sources"]
    records = records[records["source_id"].str.startswith(("folder-", "doc-"))]
    sources = [{"title": r["title"], "name": r["source_id"]} for r in records.to_dict("records")]
    descriptor = {**said["package"], **own, "sources": sources, "resources": resources}
    text = json.dumps(descriptor, ensure_ascii=False, indent=2, sort_keys=True)
    return f"{text}\n".encode()


def _field(cells: pd.Series, both: dict[str, str] | None) -> dict[str, Any]:
    """Name, type, constraints and description of a column."""
    kind = "date" if cells.name in _DATES else _TYPES.get(cells.dtype.kind, "string")
    field = {"name": cells.name, "type": kind, "constraints": _CONSTRAINTS.get(str(cells.name), {})}
    return field | ({"description": f"{both['zh']} / {both['en']}"} if both else {})
