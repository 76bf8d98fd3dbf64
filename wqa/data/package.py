"""The rebuilt data package ``data/processed``: CSV files and ``datapackage.json``.

The descriptor follows the Data Package standard (frictionless), so that other programs can
open the figures with their types, units and sources. Same input, same bytes.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from wqa.catalog.catalog import list_plans, load_indicators, load_plan, load_units, plan_frame
from wqa.data.checks import check_project
from wqa.data.findings import findings_frame
from wqa.data.observations import load_observations, load_regions, load_sources
from wqa.data.raw_tables import EVIDENCE
from wqa.data.scope_rules import QUALIFIERS
from wqa.data.series import KEYS, SERIES_COLUMNS, best_values, list_series
from wqa.paths import project_root

# A spreadsheet program runs text that begins so as a formula. A leading apostrophe, which
# it hides, stops that; text that begins with one gets another, so nothing is lost.
_RISKY = ("=", "+", "-", "@", "\t", "\r", "'")
_LICENCE = {
    "name": "facts-with-source",
    "title": "Single published facts with their sources; rights in the sources stay with their "
    "publishers. 逐条注明来源的已公布事实，来源的权利归其发布者。",
}
_TEXT: dict[str, Any] = {"type": "string"}
_NUMBER: dict[str, Any] = {"type": "number"}
_INTEGER: dict[str, Any] = {"type": "integer"}
_DATE: dict[str, Any] = {"type": "date"}
_REQUIRED: dict[str, Any] = {"constraints": {"required": True}}
# column -> (type, what it is); columns of one name mean the same in every table
_FIELDS: dict[str, tuple[dict[str, Any], str]] = {
    "indicator_id": (_TEXT | _REQUIRED, "指标 / indicator id (indicators.csv)"),
    "region": (_TEXT, "地区 / region code (regions.csv)"),
    "year": (_INTEGER, "年度 / year the figure describes; last year of a span"),
    "period": (_TEXT, "期间 / period, in one spelling"),
    "start": (_DATE, "起始日 / first day of the period"),
    "end": (_DATE, "截止日 / last day of the period"),
    "is_annual": ({"type": "boolean"}, "整年 / whether the period is one whole calendar year"),
    "value": (_NUMBER, "数值 / value in `unit`"),
    "unit": (_TEXT, "单位 / unit id; printed names are in `units` of the descriptor"),
    "numerator": (_NUMBER, "分子 / passed batches, or deaths"),
    "denominator": (_NUMBER, "分母 / tested batches, 10,000 units, or sample size"),
    "scope": (_TEXT, "口径 / definition or sampling frame: one series = one scope"),
    "qualifier": (_TEXT | {"constraints": {"enum": list(QUALIFIERS)}}, "限定 / qualifier"),
    "evidence": (_TEXT | {"constraints": {"enum": list(EVIDENCE)}}, "依据等级 / evidence grade"),
    "source_id": (_TEXT, "来源 / source id (sources.csv)"),
    "published": (_DATE, "发布日期 / date of publication, partial dates at their end"),
    "vintage": (_DATE, "发布版次 / date the value became known"),
    "row": (_INTEGER, "行 / line of the raw file"),
    "alternatives": (_INTEGER, "其他数值个数 / further values for the year"),
    "is_observed": ({"type": "boolean"}, "有公布值 / whether a value was published"),
    "decimals": (_INTEGER, "小数位 / decimals"),
    "baseline": (_NUMBER, "基期值 / baseline in `unit`"),
    "start_year": (_INTEGER, "起始年 / first year"),
    "baseline_year": (_INTEGER, "基期年 / year of the baseline"),
    "lower": (_NUMBER, "下界 / lower bound"),
    "upper": (_NUMBER, "上界 / upper bound"),
}


def build_data_package(
    out: Path | str | None = None,
    *,
    root: Path | str | None = None,
    as_of: str | None = None,
    catalog: Path | str | None = None,
) -> Path:
    """Rebuild the data package.

    Parameters
    ----------
    out : path-like, optional
        Folder; default ``data/processed`` of the project. Other files in it stay.
    root, as_of, catalog
        See `wqa.data.observations.load_observations`.

    Returns
    -------
    pathlib.Path
        The written ``datapackage.json``. Files appear only when all of them are complete.

    Raises
    ------
    DataError
        If `as_of` is no date.
    CatalogError
        If the catalogue is wrong.
    """
    folder = Path(out) if out is not None else project_root(root) / "data" / "processed"
    tables = _tables(root, as_of, catalog)
    contents = {f"{name}.csv": _to_csv(frame) for name, frame in tables.items()}
    descriptor = _descriptor(tables, contents, as_of, catalog)
    text = json.dumps(descriptor, ensure_ascii=False, indent=2, sort_keys=True) + "\n"
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as waiting:
        # The descriptor last: it vouches for the files it names.
        contents["datapackage.json"] = text.encode()
        for name, content in contents.items():
            (Path(waiting) / name).write_bytes(content)
        for name in contents:
            (Path(waiting) / name).replace(folder / name)
    return folder / "datapackage.json"


def neutralise(text: str) -> str:
    """Keep a spreadsheet program from running a cell as a formula.

    Parameters
    ----------
    text : str
        Text cell.

    Returns
    -------
    str
        The text, with a leading apostrophe if it begins with ``= + - @``, a tab, a line
        break or an apostrophe; dropping one leading apostrophe gives the text back.
    """
    return f"'{text}" if text.startswith(_RISKY) else text


def _tables(
    root: Path | str | None, as_of: str | None, catalog: Path | str | None
) -> dict[str, pd.DataFrame]:
    frame = load_observations(as_of=as_of, root=root, catalog=catalog)
    found = check_project(root, as_of, catalog)
    findings = findings_frame(found, "zh").rename(columns={"value": "found"})
    findings = findings.rename(columns={"message": "message_zh"})
    findings["message_en"] = findings_frame(found, "en")["message"]
    plans = [
        plan_frame(load_plan(plan, catalog)).assign(plan_id=plan) for plan in list_plans(catalog)
    ]
    # Elsewhere `row` is a line of a file; here it is a row of the plan's table, such as 1a.
    targets = [plan.rename(columns={"row": "plan_row"}) for plan in plans]
    tables = {
        "observations": frame,
        "series": _all_series(frame),
        "indicators": _indicator_frame(catalog),
        "regions": load_regions(root),
        "sources": load_sources(root, catalog).rename(columns={"published": "published_text"}),
        "findings": findings,
    }
    if targets:
        tables["targets"] = pd.concat(targets, ignore_index=True)
    return tables


def _all_series(frame: pd.DataFrame) -> pd.DataFrame:
    """List every series with all years from its first to its last; the same as `series`."""
    spans = [
        (*key, year)
        for *key, first, last in list_series(frame)[[*KEYS, "first_year", "last_year"]].itertuples(
            index=False, name=None
        )
        for year in range(first, last + 1)
    ]
    best = best_values(frame).assign(is_observed=True)
    complete = pd.DataFrame(spans, columns=[*KEYS, "year"]).astype({"year": "int64"})
    complete = complete.merge(best, on=[*KEYS, "year"], how="left", validate="one_to_one")
    complete["is_observed"] = complete["is_observed"].notna()
    complete["unit"] = complete.groupby(KEYS)["unit"].transform("first")
    for column in ("alternatives", "row"):
        complete[column] = complete[column].astype("Int64")
    return complete[[*KEYS, *SERIES_COLUMNS]]


def _indicator_frame(catalog: Path | str | None) -> pd.DataFrame:
    columns = ("name_zh", "name_en", "group", "unit", "direction", "family", "lower", "upper",
               "decimals", "definition_zh", "definition_en", "caveat_zh", "caveat_en")  # fmt: skip
    rows = [
        {"indicator_id": key} | {column: getattr(entry, column) for column in columns}
        for key, entry in sorted(load_indicators(catalog).items())
    ]
    return pd.DataFrame(rows, columns=["indicator_id", *columns])


def _to_csv(frame: pd.DataFrame) -> bytes:
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(frame.columns)
    for cells in frame.itertuples(index=False, name=None):
        writer.writerow([_cell(cell) for cell in cells])
    return buffer.getvalue().encode()


def _cell(cell: Any) -> str:
    if isinstance(cell, str):
        return neutralise(cell)
    if cell is None or pd.isna(cell):
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    # repr is the shortest text that reads back as the same number
    return repr(cell.item() if hasattr(cell, "item") else cell).removesuffix(".0")


def _descriptor(
    tables: Mapping[str, pd.DataFrame],
    contents: Mapping[str, bytes],
    as_of: str | None,
    catalog: Path | str | None,
) -> dict[str, Any]:
    units = {key: {"zh": unit.zh, "en": unit.en} for key, unit in load_units(catalog).items()}
    resources = []
    for name, frame in tables.items():
        content = contents[f"{name}.csv"]
        resources.append(
            {
                "name": name,
                "path": f"{name}.csv",
                "profile": "tabular-data-resource",
                "format": "csv",
                "mediatype": "text/csv",
                "encoding": "utf-8",
                "bytes": len(content),
                "hash": f"sha256:{hashlib.sha256(content).hexdigest()}",
                "schema": {
                    "fields": [_field(column) for column in frame.columns],
                    "missingValues": [""],
                },
            }
        )
    records = tables["sources"]
    records = records[records["source_id"].str.startswith(("folder-", "doc-"))]
    folders = [
        {"title": row["title"], "name": row["source_id"]} for row in records.to_dict("records")
    ]
    return {
        "name": "quality-white-paper-data",
        "title": "质量白皮书数据包 / Data of the quality white paper",
        "description": "Tidy observations with their sources, series, targets and findings. "
        "Text cells beginning with = + - @ or an apostrophe carry a leading apostrophe.",
        "profile": "tabular-data-package",
        "licenses": [_LICENCE],
        "sources": folders,
        "as_of": as_of or "",
        "units": units,
        "resources": resources,
    }


def _field(column: str) -> dict[str, Any]:
    kind, description = _FIELDS.get(column, (_TEXT, ""))
    return {"name": column, **kind} | ({"description": description} if description else {})
