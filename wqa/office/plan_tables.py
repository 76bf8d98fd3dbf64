"""A plan from its table of indicators: a sheet or a YAML list, read as such tables are printed."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wqa.catalog.catalog import load_indicators, load_units
from wqa.catalog.reading import read_words, read_yaml, resolve_id
from wqa.catalog.records import Indicator, Unit
from wqa.data.cells import conversion
from wqa.data.findings import Findings
from wqa.errors import DataError
from wqa.goals import good_direction
from wqa.office.entries import cell_text
from wqa.workbooks import read_workbook

SCOPE = "reported"  # the definition in which a city reports; a plan may name another one later
YEAR_HEAD = re.compile(r"(\d{4})\D*")
SIGNS = {"≥": ">=", ">=": ">=", ">": ">", "≤": "<=", "<=": "<=", "<": "<"}
GOAL = re.compile(r"(\[)?(?P<sign>\D*?)(?P<number>\d+(\.\d+)?)\s*(?P<after>[^\d\]]*)(?(1)\])")
UNIT_FAMILIES = {"pct": "percent", "score": "score", "per_10k_units": "rate"}


@dataclass
class Table:
    """The rows of a table, texts by column, the two years of its heads, and its faults."""

    title: str = ""
    base_year: int = 0
    end_year: int = 0
    rows: list[dict[str, str]] = field(default_factory=list)
    places: list[str] = field(default_factory=list)
    findings: Findings = field(default_factory=Findings)


def read_plan_table(path: Path) -> Table:
    """Read the table of a workbook, or of a YAML file with title, base_year, end_year and rows."""
    table = Table()
    if path.suffix.lower() in (".yml", ".yaml"):
        data = read_yaml(path)
        if not isinstance(data, dict) or not isinstance(data.get("rows"), list):
            what, expected = "no table of indicators", "title, base_year, end_year and rows"
            raise DataError(what, where=str(path), expected=expected)
        table.title = str(data.get("title", ""))
        table.base_year, table.end_year = (int(data.get(k, 0)) for k in ("base_year", "end_year"))
        for number, row in enumerate(data["rows"], start=1):
            table.rows.append({str(key): str(value) for key, value in dict(row).items()})
            table.places.append(f"rows[{number}]")
    else:
        _read_sheet(path, table)
    if not table.findings and not (table.rows and 1949 < table.base_year < table.end_year):
        table.findings.add("plan_cell", file=path.name, value="", expected="2020年、2025年 …")
    return table


def _read_sheet(path: Path, table: Table) -> None:
    sheets = read_workbook(path, table.findings)
    for title, cells in sheets.items():
        by_row: dict[int, dict[int, str]] = defaultdict(dict)
        for cell in cells:
            by_row[cell.row][cell.column] = unicodedata.normalize("NFKC", cell_text(cell)).strip()
        for number, heads in by_row.items():
            names = _heads(heads)
            if {"name", "baseline", "target"} <= {*names.values()}:
                above = [text for n in range(1, number) for text in by_row.get(n, {}).values()]
                table.title = next(filter(None, above), "")
                years = [int(m[1]) for t in heads.values() if (m := YEAR_HEAD.fullmatch(t))]
                table.base_year, table.end_year = min(years), max(years)
                for n in (n for n in by_row if n > number and any(by_row[n].values())):
                    table.rows.append({names[c]: t for c, t in by_row[n].items() if c in names})
                    table.places.append(f"{title}!{n}")
                return


def _heads(heads: Mapping[int, str]) -> dict[int, str]:
    """Meaning of each column: the earlier of two years is the baseline, the later the target."""
    words = read_words("workbook")["plan_columns"]
    known = {text: key for key, both in words.items() for text in both.values()}
    years = sorted((int(m[1]), c) for c, t in heads.items() if (m := YEAR_HEAD.fullmatch(t)))
    found = {column: known[text] for column, text in heads.items() if text in known}
    ends = [(years[0], "baseline"), (years[-1], "target")] if len(years) > 1 else []
    return found | {column: name for (_, column), name in ends}


def plan_record(
    table: Table, file: str, about: Mapping[str, str], catalog: Path | None = None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Make records of the plan and of its new indicators; faults are noted in the table."""
    known, units = load_indicators(catalog), load_units(catalog)
    new: dict[str, Any] = {}
    targets: list[dict[str, Any]] = []
    for row, place in zip(table.rows, table.places, strict=True):
        try:
            id, target, made = _target(row, len(targets) + 1, table, known, units)
        except DataError as error:
            slots = {"column": place, "value": error.got, "expected": error.expected}
            table.findings.add("plan_cell", file=file, **slots)
            continue
        new |= {id: made} if id not in known else {}
        targets.append(target)
    title = table.title or about["title"]
    source = {"id": f"doc-{about['id']}", "title": title, "publisher": about["issuer"],
              "evidence": "official"}  # fmt: skip
    plan = {
        "id": about["id"], "title_zh": title, "title_en": title, "short_zh": title,
        "short_en": title, "region": about["code"], "issuer_zh": about["issuer"],
        "issuer_en": about["issuer"], "start_year": table.base_year + 1,
        "end_year": table.end_year, "source_id": source["id"], "sources": [source],
        "targets": targets,
    }  # fmt: skip
    return plan, {"indicators": new}


def _target(
    row: Mapping[str, str],
    number: int,
    table: Table,
    known: Mapping[str, Indicator],
    units: Mapping[str, Unit],
) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """Make the target of a row, with its indicator, and a record of that in case it is new."""
    words, name = read_words("workbook")["plan_words"], row.get("name", "")
    match = re.fullmatch(r"(\d+)\W*([a-z]?)\W*", row.get("row", "")) or [str(number)] * 2 + [""]
    id = row.get("indicator") or _named(name, known) or f"local_{match[1]}{match[2]}"
    own = known[id].unit if id in known else ""
    unit, factor = _unit(row.get("unit", ""), own, units, words["units"])
    sign, value, is_sum = read_goal(row.get("target", ""), words)
    made = _indicator(_or_refuse(name, name, "—"), unit, sign)
    if id in known:
        factor *= _or_refuse(conversion(unit, own, units), row.get("unit", ""), units[own].zh)
        made, unit = vars(known[id]), own
    base = read_baseline(row.get("baseline", ""), table.base_year, factor, words)
    value = base.get("value") if value is None else _scaled(value, factor)
    value = _or_refuse(value, row.get("target", ""), "≥98.5")
    sign = sign or ("<=" if made["direction"] == "lower_better" else ">=")
    wanted = {"lower_better": -1, "higher_better": 1}.get(made["direction"])
    if wanted and good_direction(sign) != wanted:
        raise DataError("", got=row["target"], expected="≤" if wanted < 0 else "≥")
    nature, kind = (_or_refuse(words[key].get(row.get(key, "")), row.get(key, ""),
                               "、".join(words[key])) for key in ("nature", "kind"))  # fmt: skip
    kind = "plan_sum" if is_sum else kind
    last = "end_stock" if made["family"] == "count" else "end_year"
    digits = len(f"{value:.10g}".partition(".")[2])
    place = {"row": match[1]} | ({"part": match[2]} if match[2] else {})
    return id, {
        **place, "indicator_id": id, "name_zh": name,
        "kind": "gap" if kind == "end" else kind, "comparator": sign, "value": value,
        "unit": unit, "decimals": max(digits, made["decimals"]), "year": table.end_year,
        "scope": last if kind == "end" else kind, "baseline": base, "nature": nature,
        "clause": f"主要指标表 第{row.get('row') or number}行", "series": [SCOPE],
        "owner_zh": row.get("owner", ""), "owner_en": row.get("owner", ""),
        "settles_zh": f"{table.end_year}年{name}", "settles_en": f"{name}, {table.end_year}",
    }, made  # fmt: skip


def _or_refuse(value: Any, got: str, expected: str) -> Any:
    """Value, unless there is none."""
    if value in (None, ""):
        raise DataError("", got=got, expected=expected)
    return value


def read_goal(text: str, words: Mapping[str, Any]) -> tuple[str, float | None, bool]:
    """Read comparator (or none), value (none: the baseline is the limit), and whether a sum."""
    for key, sign in (("rises", ">"), ("falls", "<")):
        if text in words[key]:
            return sign, None, False
    match = GOAL.fullmatch(text)
    after = match["after"] if match else ""
    known = {**SIGNS, **words["comparators"], **words["sides"], "": ""}
    said = match["sign"].strip() if match else "?"
    if said not in known or after not in ("", "%", *words["units"], *words["sides"]):
        raise DataError("", got=text, expected="≥98.5、<0.1、98.5以上、↑、[300]")
    sign = known[after if after in words["sides"] else said]
    return sign, float(match["number"]) if match else None, bool(match and match[1])


def read_baseline(text: str, year: int, factor: float, words: Mapping[str, Any]) -> dict[str, Any]:
    """Read the baseline: a number, nothing, or not yet begun."""
    text = text.strip("[]").removesuffix("%")
    if text in words["not_started"]:
        return {"status": "not_started"}
    if text in words["missing"]:
        return {"status": "missing"}
    if not re.fullmatch(r"\d+(\.\d+)?", text):
        raise DataError("", got=text, expected="97.1、未开展")
    return {"status": "measured", "value": _scaled(float(text), factor), "year": year}


def _scaled(value: float, factor: float) -> float:
    return float(f"{value * factor:.12g}")


def _unit(
    text: str, own: str, units: Mapping[str, Unit], more: Mapping[str, str]
) -> tuple[str, float]:
    """Id of a unit by a name of it, the indicator's own first, and the factor into it."""
    if text in more:
        return more[text], 10_000.0 if text == "万件" else 1.0
    ids = [own, *units] if own else [*units]
    fits = [id for id in ids if text and text in (id, units[id].zh, units[id].en)]
    if not fits:
        named = "、".join(dict.fromkeys(unit.zh for unit in units.values() if unit.zh))
        raise DataError("", got=text, expected=named)
    return fits[0], 1.0


def _named(text: str, known: Mapping[str, Indicator]) -> str:
    names = {one.id: (one.name_zh, one.name_en) for one in known.values()}
    try:
        return resolve_id(text, names, "indicator")
    except DataError:
        return ""


def _indicator(name: str, unit: str, sign: str) -> dict[str, Any]:
    """Record of an indicator that the catalogue does not know; its definition is in the plan."""
    family = UNIT_FAMILIES.get(unit, "count")
    bounds = {"lower": 0} | ({"upper": 100} if family in ("percent", "score") else {})
    return {
        "name_zh": name, "name_en": name, "group": "governance", "unit": unit, "family": family,
        "direction": "lower_better" if sign.startswith("<") else "higher_better", **bounds,
        "decimals": 0 if family == "count" else 2, "definition_zh": name, "definition_en": name,
    }  # fmt: skip
