"""From raw rows to tidy observations: every cell checked, every fault a finding.

A row with an error is left out and named in the findings; nothing is repaired silently and
nothing falls back to a default.
"""

import hashlib
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pandas as pd

from wqa.catalog.catalog import load_indicators, load_units
from wqa.catalog.reading import near_ids
from wqa.data import cells
from wqa.data.deliveries import Corrected, Delivery, read_deliveries
from wqa.data.findings import Findings, right_rows
from wqa.data.series import value_findings

Known = Mapping[str, Iterable[str]]
Rule = cells.ScopeRule | None

SOURCE_COLUMNS = ("source_id", "title", "publisher", "published", "url", "evidence", "file")
# The columns of an observation, by a row that shows their types.
_BLANK_ROW: dict[str, Any] = {
    "indicator_id": "", "region": "", "year": 0, "period": "", "start": "", "end": "",
    "is_annual": False, "value": math.nan, "unit": "", "numerator": math.nan,
    "denominator": math.nan, "scope": "", "qualifier": "", "evidence": "", "source_id": "",
    "published": "", "vintage": "", "note": "", "file": "", "row": 0,
}  # fmt: skip
COLUMNS = tuple(_BLANK_ROW)
_NUMBERS = ("value", "numerator", "denominator")
_ORDER = ["indicator_id", "region", "scope", "end", "start", "period", "vintage", "file", "row"]
_SAME = ["indicator_id", "region", "period", "scope", "qualifier", "source_id", "vintage"]
_USUAL_PARTS = {"pct": "passed", "per_10k_units": "deaths"}
_PERIODS, _DATES = "2024, 2024-05, 2024Q1, 2024H1, 2016-2020", "2024-05-31, 2024-05, 2024"


@dataclass
class Ingested:
    """Everything read from ``data/raw``; `scopes` are names of those that deliveries declare."""

    deliveries: list[Delivery]
    findings: Findings
    frame: pd.DataFrame = field(default_factory=pd.DataFrame)
    sources: dict[str, dict[str, str]] = field(default_factory=dict)
    regions: dict[str, dict[str, str]] = field(default_factory=dict)
    scopes: dict[str, dict[str, str]] = field(default_factory=dict)
    # By column, the ids that may stand in it, each with its names in Chinese and English.
    names: dict[str, dict[str, tuple[str, ...]]] = field(default_factory=dict)

    @property
    def is_synthetic(self) -> bool:
        """Whether the figures were made up for a demonstration."""
        return any(delivery.source.synthetic for delivery in self.deliveries)


def ingest(root: Path, catalog: Path | None) -> Ingested:
    """Read, correct, type and check all raw observations."""
    deliveries, corrected, findings = read_deliveries(root)
    found = Ingested(deliveries, findings)
    for delivery in deliveries:
        source = asdict(delivery.source)
        own = {"source_id": delivery.source_id, "file": f"data/raw/{delivery.name}/source.yml"}
        documents = ({**one, "file": one.get("document", "")} for one in source["documents"])
        for entry in ({**source, **own}, *documents):
            record = {key: str(entry.get(key, "")) for key in SOURCE_COLUMNS}
            found.sources[record["source_id"]] = record
        found.scopes |= source["scopes"] or {}
        for rows in delivery.tables.values() if delivery.source.kind == "regions" else ():
            found.regions |= {row["code"]: row for row in rows.values()}
    reader = _Reader(found, corrected, catalog)
    found.names = {
        "region": {key: (r["name_zh"], r["name_en"]) for key, r in found.regions.items()},
        "indicator_id": {key: (i.name_zh, i.name_en) for key, i in reader.indicators.items()},
        "unit": {key: (unit.zh, unit.en) for key, unit in reader.units.items()},
    }
    for delivery in (d for d in deliveries if d.source.kind == "observations"):
        for file, rows in delivery.tables.items():
            for line, raw in rows.items():
                reader.read(delivery, (file, line), raw)
    more = {"parts": "", "printed": "", "tolerance": 0.0}
    frame = pd.DataFrame([_BLANK_ROW | more, *reader.rows]).iloc[1:]
    findings += [*_repeats(frame), *value_findings(frame, reader.indicators)]
    # From here on a numerator counts what is good, and stands for nothing else.
    failed, dropped = frame["parts"] == "failed", frame["parts"] == "drop"
    frame.loc[failed, "numerator"] = frame["denominator"] - frame["numerator"]
    marked = [(f.file, f.row) for f in findings if f.code == "denominator_unit"]
    dropped |= pd.MultiIndex.from_frame(frame[["file", "row"]]).isin(marked)
    frame.loc[dropped, ["numerator", "denominator"]] = math.nan
    found.frame = right_rows(frame, findings)[list(COLUMNS)].sort_values(_ORDER, ignore_index=True)
    words = {**found.scopes, **cells.scope_words()}
    found.names["scope"] = dict.fromkeys(found.frame["scope"], ()) | {
        key: (both["zh"], both["en"]) for key, both in words.items()
    }
    return found


def _repeats(frame: pd.DataFrame) -> Findings:
    """Report a figure given twice by one source; the first row stays."""
    findings, frame = Findings(), frame[frame["value"].notna()]
    first = frame.groupby(_SAME)[["value", "file", "row"]].transform("first")
    for n in frame.index[frame.duplicated(_SAME)]:
        row, earlier = frame.loc[n], first.loc[n]
        code = "duplicate_row" if earlier["value"] == row["value"] else "same_source_two_values"
        elsewhere = "" if earlier["file"] == row["file"] else f"{earlier['file']}:"
        findings.add(code, row, value=row["value"], expected=f"{elsewhere}{earlier['row']}")
    return findings


class _Reader:
    """Reads row after row; a class only to share what the checks of one row need."""

    def __init__(self, found: Ingested, corrected: Corrected, catalog: Path | None) -> None:
        self.found, self.corrected = found, corrected
        self.rows: list[dict[str, Any]] = []
        self.indicators, self.units = load_indicators(catalog), load_units(catalog)
        self.rules = cells.load_scope_rules()
        self.scopes = cells.load_scopes(catalog)
        self.scopes.known.update(found.scopes)
        keys = ("title", "publisher", "published")
        self.ids = {tuple(s[k] for k in keys): s["source_id"] for s in found.sources.values()}

    def fault(self, code: str, column: str, **slots: Any) -> None:
        """Note a fault of the current row."""
        slots = {"value": self.cell(column), **slots}
        self.faults.add(code, self.row, column=column, **slots)

    def has_error(self) -> bool:
        """Tell whether an error of the current row is known."""
        return any(fault.severity == "error" for fault in self.faults)

    def unknown(self, column: str, known: Known, **slots: Any) -> None:
        """Note a name that is not known, with the nearest that are."""
        what = column.removesuffix("_id")
        near = ", ".join(near_ids(self.cell(column), known, what)) or "-"
        self.fault(f"unknown_{what}", column, nearest=near, **slots)

    def cell(self, column: str) -> str:
        """Cell of the current row without blanks around it; empty if there is no such column."""
        return self.cells.get(column, "")

    def read(self, delivery: Delivery, place: tuple[str, int], raw: Mapping[str, str]) -> None:
        """Check every cell of a row and add it to the observations unless it has an error."""
        self.delivery, self.faults = delivery, Findings()
        self.cells = {column: cell.strip() for column, cell in raw.items()}
        self.row: dict[str, Any] = {"file": place[0], "row": place[1], "parts": ""}
        for column, cell in raw.items():
            if cell != self.cells[column]:
                self.fault("surrounding_blanks", column, value=cell)
            if column != "value" and cells.FORMULA.match(cell):
                self.fault("formula_cell", column)
            if column in ("indicator", "region", "period", "unit") and not self.cells[column]:
                self.fault("blank_key", column)
        self.read_source()
        text, region = self.cell("period"), self.cell("region")
        if region and region not in self.found.regions:
            self.unknown("region", self.found.names["region"])
        period = cells.parse_period(text) if text else None
        if isinstance(period, cells.Period):
            self.row |= {**vars(period), "region": region}
            self.read_kind(period)
        elif period:
            right = cells.serial_date(text) if "serial" in period else _PERIODS
            self.fault(period, "period", expected=right)
        # Without a kind the other cells are checked all the same: all faults are told at once.
        self.read_numbers()
        self.found.findings += self.faults
        if not self.has_error():
            self.rows.append(self.row)

    def read_kind(self, period: cells.Period) -> None:
        """Find indicator, scope, qualifier, and what the numerator and denominator are."""
        name, note, region = self.cell("indicator"), self.cell("note"), self.row["region"]
        rules = self.rules.get(name, ())
        rule = next((r for r in rules if r.covers(region, period, note)), None)
        column = "indicator_id" if self.cell("indicator_id") else "indicator"
        indicator_id = self.cell("indicator_id")
        indicator_id = indicator_id or next((r.indicator_id for r in (rule, *rules) if r), name)
        if indicator_id not in self.indicators:
            if indicator_id:
                known = dict.fromkeys(self.rules, ()) | self.found.names["indicator_id"]
                self.unknown(column, known)
            return
        scope, rule = self.scope(indicator_id, rule)
        qualifier = self.cell("qualifier") or (rule and rule.qualifier)
        qualifier = qualifier or cells.qualify(name, note)
        if qualifier not in cells.QUALIFIERS:
            self.fault("unknown_qualifier", "qualifier", expected=", ".join(cells.QUALIFIERS))
        elif qualifier in cells.ANNUAL and not period.is_annual:
            qualifier = "partial_period"
        # Meaning of the parts where no rule says it: see data/raw/README.md.
        parts = rule.parts if rule else _USUAL_PARTS.get(self.indicators[indicator_id].unit, "none")
        if parts == "text":
            note = "; ".join(text for text in (self.cell("value"), note) if text)
        if correction := self.corrected.get((self.row["file"], self.row["row"])):
            note = f"{note} [correction {correction}]".strip()
        self.row |= {"indicator_id": indicator_id, "scope": scope, "qualifier": qualifier,
                     "parts": parts, "note": note}  # fmt: skip
        retrieved = self.delivery.source.retrieved
        is_ahead = period.start > retrieved or period.end[:4] > retrieved[:4]
        if is_ahead and qualifier != "target":
            self.fault("future_year", "period", expected=retrieved)

    def scope(self, indicator_id: str, rule: Rule) -> tuple[str, Rule]:
        """Scope of the current row, and its rule if it states none and falls under one."""
        if stated := self.cell("scope"):
            if not all(sign.islower() or sign.isdigit() or sign in "_@" for sign in stated):
                self.fault("bad_scope", "scope")
            elif not any(fnmatchcase(stated, known) for known in self.scopes.known):
                self.unknown("scope", dict.fromkeys(self.scopes.known, ()))
            return stated, None
        own = self.scopes.own.get((indicator_id, self.row["region"]), "")
        only = self.scopes.own.get((indicator_id, "*")) or cells.UNSPECIFIED
        if rule and own not in ("", rule.scope) and not self.is_closer(rule):
            rule = None
        scope = rule.scope if rule else own or only
        if "scope" in self.cells or not rule:
            code = "scope_unstated" if scope == cells.UNSPECIFIED else "scope_assumed"
            self.fault(code, "indicator", expected=scope)
        return scope, rule

    def is_closer(self, rule: cells.ScopeRule) -> bool:
        """Tell whether a rule says more of the current row than the own scope of a plan does."""
        is_named = rule.region != "*" and "scope" not in self.cells
        return is_named or rule.raw_indicator != rule.indicator_id

    def read_source(self) -> None:
        """Find source, evidence, date of publication and vintage."""
        key = tuple(self.cell(c) for c in ("source_title", "source_publisher", "source_date"))
        record, source_id = self.delivery.source, self.delivery.source_id
        if key[0]:
            digest = hashlib.sha256("\n".join(key).encode()).hexdigest()[:8]
            day = "".join(c for c in key[2].partition(" ")[0] if c.isdigit() or c == "-")
            source_id = self.ids.get(key, f"src-{day or 'undated'}-{digest}")
        evidence = self.cell("evidence") or record.evidence
        if evidence not in cells.EVIDENCE:
            self.fault("unknown_evidence", "evidence", expected=" / ".join(cells.EVIDENCE))
        entry = self.found.sources.get(source_id)
        printed = key[2] or ("" if key[0] else record.published)
        published = self.date("source_date", printed, is_new=entry is None)
        stated = self.cell("vintage")
        # Nobody could know a figure before the day on which its source came out.
        vintage = max(published, self.date("vintage", stated)) if stated else published
        if not self.has_error() and (entry is None or source_id.startswith("src-")):
            values = (source_id, *key, "", evidence, self.row["file"])
            entry = entry or dict(zip(SOURCE_COLUMNS, values, strict=True))
            entry["url"] = entry["url"] or self.cell("source_url")
            entry["evidence"] = min(entry["evidence"], evidence, key=cells.EVIDENCE.index)
            self.found.sources[source_id] = entry
        self.row |= {"evidence": evidence, "source_id": source_id}
        self.row |= {"published": published, "vintage": vintage}

    def date(self, column: str, text: str, *, is_new: bool = True) -> str:
        """ISO date of a cell; that it is not exact is said once per source."""
        retrieved = self.delivery.source.retrieved
        iso, code = cells.resolve_date(text, retrieved)
        if iso > retrieved:
            # The end of a partial period may lie ahead: what is in hand was known by then.
            if text[:10] > retrieved:
                self.fault("future_date", column, expected=retrieved)
            return retrieved
        if code == "undated_source" and is_new:
            title = self.cell("source_title") or self.delivery.name
            self.fault(code, column, value=title, expected=iso)
        elif code and text and (is_new or not iso):
            day = cells.serial_date(text) if "serial" in code else _DATES
            self.fault(code, column, expected=iso or day)
        return iso

    def read_numbers(self) -> None:
        """Read value, numerator and denominator; the value comes into the indicator's own unit."""
        needed = "" if self.row["parts"] == "text" else "value"
        asked = [c for c in _NUMBERS if c == needed or (c != "value" and self.cell(c))]
        numbers = {column: cells.parse_number(self.cell(column)) for column in asked}
        for column, code in numbers.items():
            if isinstance(code, str):
                self.fault(code, column)
        unit, factor = self.unit()
        value = numbers.get("value", math.nan)
        if factor != 1 and isinstance(value, float):
            # 12 digits: a conversion by a power of ten must not leave a binary tail
            numbers["value"] = float(f"{value * factor:.12g}")
        printed = self.cell("value")
        tolerance = 0.51 * factor * 10.0 ** -len(printed.partition(".")[2])
        self.row |= {**numbers, "unit": unit, "printed": printed, "tolerance": tolerance}

    def unit(self) -> tuple[str, float]:
        """Find the unit of the current row, and the factor into it."""
        printed, rules = self.cell("unit"), cells.load_raw_units()
        indicator_id = self.row.get("indicator_id", "")
        rule = rules.get((indicator_id, printed)) or rules.get(("*", printed))
        unit, factor = (rule.unit, rule.factor) if rule else (printed, 1.0)
        own = self.indicators[indicator_id].unit if indicator_id in self.indicators else unit
        if unit not in self.units and indicator_id and printed:
            known = dict.fromkeys((raw for _, raw in rules), ()) | self.found.names["unit"]
            self.unknown("unit", known, indicator=indicator_id)
        elif unit != own and self.row["qualifier"] != "context":
            further = cells.conversion(unit, own, self.units)
            if further is None:
                series = " / ".join(self.row[key] for key in ("indicator_id", "region", "scope"))
                self.fault("unit_differs", "unit", series=series, expected=own)
            return own, factor * (further or 1)
        return unit, factor
