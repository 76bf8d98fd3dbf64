"""From raw rows to tidy observations: every cell checked, every fault a finding.

A row with an error is left out of the frame and named in the findings; nothing is
repaired silently and nothing falls back to a default.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wqa.catalog.catalog import load_indicators, load_units
from wqa.catalog.records import Indicator
from wqa.data.cells import (
    Period,
    decimals,
    is_formula,
    nearest,
    parse_number,
    parse_period,
    resolve_date,
    serial_date,
)
from wqa.data.corrections import apply_corrections, load_corrections
from wqa.data.findings import Findings
from wqa.data.raw_tables import EVIDENCE, RawFolder, RawRow, RawTable, read_raw_folders
from wqa.data.scope_rules import ANNUAL, QUALIFIERS, load_raw_units, load_scope_rules, qualify

COLUMNS = (
    "indicator_id", "region", "year", "period", "start", "end", "is_annual", "value", "unit",
    "numerator", "denominator", "scope", "qualifier", "evidence", "source_id", "published",
    "vintage", "note", "file", "row",
)  # fmt: skip
SOURCE_COLUMNS = ("source_id", "title", "publisher", "published", "url", "evidence", "file")
UNSPECIFIED = "unspecified"  # scope of a row that neither a rule nor the file names
_KEYS = ("indicator", "region", "period", "unit")
_PERIODS, _DATES = "2024, 2024-05, 2024Q1, 2024H1, 2016-2020", "2024-05-31, 2024-05, 2024"


@dataclass
class Ingested:
    """Everything read from ``data/raw``.

    Parameters
    ----------
    rows : list of dict
        Observations with the keys `COLUMNS`.
    sources : dict
        Source records by id, with the keys `SOURCE_COLUMNS`.
    folders : list of RawFolder
        Folders as read, corrections applied.
    regions : dict
        Region code to its row of the table of regions.
    findings : Findings
        Faults of files, rows and cells.
    """

    rows: list[dict[str, Any]] = field(default_factory=list)
    sources: dict[str, dict[str, str]] = field(default_factory=dict)
    folders: list[RawFolder] = field(default_factory=list)
    regions: dict[str, Mapping[str, str]] = field(default_factory=dict)
    findings: Findings = field(default_factory=Findings)


def ingest(root: Path, catalog: Path | str | None = None) -> Ingested:
    """Read, correct, type and check all raw observations.

    Parameters
    ----------
    root : pathlib.Path
        Project folder.
    catalog : path-like, optional
        Folder with further indicators.

    Returns
    -------
    Ingested
    """
    found = Ingested()
    found.folders, found.findings = read_raw_folders(root)
    corrections, faults = load_corrections(root)
    corrected, applied = apply_corrections(found.folders, corrections)
    found.findings += faults + applied
    for folder in found.folders:
        _add_documents(folder, found.sources)
        if folder.kind == "regions":
            for table in folder.tables:
                found.regions |= {row.cells["code"]: row.cells for row in table.rows}
    indicators = load_indicators(catalog)
    units = set(load_units(catalog))
    for folder in found.folders:
        if folder.kind == "observations":
            for table in folder.tables:
                reader = _Reader(folder, table, found, indicators, units, corrected)
                for row in table.rows:
                    reader.read(row)
    _drop_repeats(found)
    return found


def _add_documents(folder: RawFolder, sources: dict[str, dict[str, str]]) -> None:
    """Record the folder itself and the documents its source record lists."""
    source = folder.source
    own = {"source_id": f"folder-{folder.name}".lower(), "file": f"{folder.path}/source.yml"}
    for record in (
        {**source, **own},
        *({**d, "file": d.get("document", "")} for d in source.get("documents") or ()),
    ):
        entry = {key: str(record.get(key) or "") for key in SOURCE_COLUMNS}
        sources[entry["source_id"]] = entry


class _Reader:
    """Reads the rows of one table; a class only to share what all rows need."""

    def __init__(
        self,
        folder: RawFolder,
        table: RawTable,
        found: Ingested,
        indicators: Mapping[str, Indicator],
        units: set[str],
        corrected: Mapping[tuple[str, int], str],
    ) -> None:
        self.folder, self.table, self.found = folder, table, found
        self.indicators, self.units, self.corrected = indicators, units, corrected
        self.documents = {
            (s["title"], s["publisher"], s["published"]): s["source_id"]
            for s in found.sources.values()
        }
        rules = load_scope_rules()
        self.known_ids = {
            *indicators,
            *(rule.indicator_id for many in rules.values() for rule in many),
        }
        self.row = RawRow(0, {})
        self.cells: dict[str, str] = {}
        self.faults = Findings()

    def fault(self, code: str, column: str, **slots: Any) -> None:
        """Note a fault of the current row; the value is the cell as it stands."""
        slots.setdefault("value", self.row.cells.get(column, ""))
        self.faults.add(code, file=self.table.file, row=self.row.line, column=column, **slots)

    def read(self, row: RawRow) -> None:
        """Check every cell of a row and add it to the observations unless it has an error."""
        self.row, self.faults = row, Findings()
        self.cells = {key: cell.strip() for key, cell in row.cells.items()}
        for column, cell in row.cells.items():
            if cell != self.cells[column]:
                self.fault("surrounding_blanks", column)
            if column != "value" and is_formula(cell):
                self.fault("formula_cell", column)
        for column in _KEYS:
            if not self.cells[column]:
                self.fault("blank_key", column)
        record = self._record()
        self.found.findings += self.faults
        if record is not None and not self._has_error():
            self.found.rows.append(record)

    def _has_error(self) -> bool:
        return any(fault.severity == "error" for fault in self.faults)

    def _cell(self, column: str) -> str:
        return self.cells.get(column, "")

    def _record(self) -> dict[str, Any] | None:
        period, region = self._period(), self._cell("region")
        if region and region not in self.found.regions:
            names = {r[key]: code for code, r in self.found.regions.items()
                     for key in ("code", "name_zh", "name_en")}  # fmt: skip
            self.fault("unknown_region", "region", nearest=_near(region, names))
        source_id, evidence, published, vintage = self._source()
        kind = self._classify(period) if period else None
        # Without a kind the other cells are checked all the same: all faults are told at once.
        indicator_id, scope, qualifier, parts = kind or ("", "", "", "none")
        unit, value = self._value(indicator_id, parts)
        numerator, denominator = self._parts(parts)
        if kind is None or period is None:
            return None
        if qualifier != "target" and period.year > int(self.folder.retrieved[:4]):
            self.fault("future_year", "period", expected=self.folder.retrieved)
        self._check_value(indicator_id, unit, value, parts, numerator, denominator)
        if parts == "failed" and not math.isnan(numerator):
            numerator = denominator - numerator
        if parts == "drop":
            numerator = denominator = math.nan
        values = (
            indicator_id, region, period.year, period.text, period.start, period.end,
            period.is_annual, value, unit, numerator, denominator, scope, qualifier,
            evidence, source_id, published, vintage, self._note(parts),
            self.table.file, self.row.line,
        )  # fmt: skip
        return dict(zip(COLUMNS, values, strict=True))

    def _period(self) -> Period | None:
        text = self._cell("period")
        period = parse_period(text) if text else None
        if not isinstance(period, str):
            return period
        serial = period == "excel_serial_date"
        self.fault(period, "period", expected=serial_date(text) if serial else _PERIODS)
        return None

    def _note(self, parts: str) -> str:
        note = self._cell("note")
        if parts == "text":
            note = "; ".join(text for text in (self._cell("value"), note) if text)
        correction = self.corrected.get((self.table.file, self.row.line))
        return f"{note} [correction {correction}]".strip() if correction else note

    def _classify(self, period: Period) -> tuple[str, str, str, str] | None:
        """Find indicator, scope, qualifier and meaning of the parts of the current row."""
        name, note = self._cell("indicator"), self._cell("note")
        rules = load_scope_rules().get(name, ())
        rule = next((r for r in rules if r.covers(self._cell("region"), period, note)), None)
        asked = self._cell("indicator_id")
        indicator_id = asked or (rule.indicator_id if rule else name)
        if not asked and rules and not rule:
            indicator_id = rules[0].indicator_id
        if indicator_id not in self.known_ids:
            if indicator_id:
                names = {i.name_zh: key for key, i in self.indicators.items()}
                names |= {key: key for key in (*self.known_ids, *load_scope_rules())}
                column = "indicator_id" if asked else "indicator"
                self.fault("unknown_indicator", column, nearest=_near(indicator_id, names))
            return None
        scope = self._cell("scope") or (rule.scope if rule else "")
        if not scope:
            scope = UNSPECIFIED
            self.fault("scope_unstated", "indicator")
        elif not all(sign.islower() or sign.isdigit() or sign in "_@" for sign in scope):
            self.fault("bad_scope", "scope")
        qualifier = self._cell("qualifier") or (rule.qualifier if rule else "")
        if not qualifier:
            qualifier = qualify(name, note, period)
        elif qualifier not in QUALIFIERS:
            self.fault("unknown_qualifier", "qualifier", expected=", ".join(QUALIFIERS))
        elif qualifier in ANNUAL and not period.is_annual:
            qualifier = "partial_period"
        # Meaning of the parts where no rule says it: see data/raw/README.md.
        unit = self.indicators[indicator_id].unit if indicator_id in self.indicators else ""
        usual = {"pct": "passed", "per_10k_units": "deaths"}.get(unit, "none")
        return indicator_id, scope, qualifier, rule.parts if rule else usual

    def _source(self) -> tuple[str, str, str, str]:
        """Source id, evidence, published date and vintage of the current row."""
        key = tuple(self._cell(c) for c in ("source_title", "source_publisher", "source_date"))
        if key[0]:
            source_id, printed = self._source_id(key), key[2]
        else:
            source_id, printed = f"folder-{self.folder.name}".lower(), self._cell("source_date")
            printed = printed or str(self.folder.source.get("published") or "")
        evidence = self._cell("evidence") or str(self.folder.source["evidence"])
        if evidence not in EVIDENCE:
            self.fault("unknown_evidence", "evidence", expected=" / ".join(EVIDENCE))
        is_new = source_id not in self.found.sources
        published = self._date("source_date", printed, report=is_new)
        stated = self._cell("vintage")
        # Nobody could know a figure before the day on which its source came out.
        vintage = max(published, self._date("vintage", stated)) if stated else published
        if is_new and not self._has_error():
            values = (source_id, *key, self._cell("source_url"), evidence, self.table.file)
            self.found.sources[source_id] = dict(zip(SOURCE_COLUMNS, values, strict=True))
        elif not is_new and source_id.startswith("src-") and not self._has_error():
            entry = self.found.sources[source_id]
            entry["url"] = entry["url"] or self._cell("source_url")
            entry["evidence"] = min(entry["evidence"], evidence, key=EVIDENCE.index)
        return source_id, evidence, published, vintage

    def _source_id(self, key: tuple[str, ...]) -> str:
        if key in self.documents:
            return self.documents[key]
        digest = hashlib.sha256("\n".join(key).encode()).hexdigest()[:8]
        day = "".join(c for c in key[2].partition(" ")[0] if c.isdigit() or c == "-")
        return f"src-{day or 'undated'}-{digest}"

    def _date(self, column: str, text: str, report: bool = True) -> str:
        """ISO date of a cell; an inexact date is reported once per source."""
        iso, code = resolve_date(text, self.folder.retrieved)
        if iso > self.folder.retrieved:
            # The end of a partial period may lie ahead: what is in hand was known by then.
            if text[:10] > self.folder.retrieved:
                self.fault("future_date", column, expected=self.folder.retrieved)
            return self.folder.retrieved
        if code == "undated_source" and report:
            title = self._cell("source_title") or self.folder.name
            self.fault(code, column, value=title, expected=iso)
        elif code == "approximate_date" and report:
            self.fault(code, column, expected=iso)
        elif code and not iso:
            serial = code == "excel_serial_date"
            self.fault(code, column, expected=serial_date(text) if serial else _DATES)
        return iso

    def _value(self, indicator_id: str, parts: str) -> tuple[str, float]:
        """Convert the value as declared; return unit id and value."""
        printed, known = self._cell("unit"), load_raw_units()
        pair = known.get((indicator_id, printed)) or known.get(("*", printed))
        if pair is None and printed in self.units:
            pair = printed, 1.0
        if pair is None and indicator_id and printed:
            units = {unit for _, unit in known} | self.units
            self.fault("unknown_unit", "unit", indicator=indicator_id,
                       nearest=_near(printed, {unit: unit for unit in units}))  # fmt: skip
        number = math.nan if parts == "text" else self._number("value")
        # 12 digits: a conversion by a power of ten must not leave a binary tail
        unit, factor = pair or ("", 1.0)
        return unit, number if factor == 1 else float(f"{number * factor:.12g}")

    def _parts(self, parts: str) -> tuple[float, float]:
        numerator, denominator = (
            self._number(column) if self._cell(column) else math.nan
            for column in ("numerator", "denominator")
        )
        if parts in ("passed", "failed", "part") and numerator > denominator:
            self.fault("numerator_above_denominator", "numerator",
                       expected=self._cell("denominator"))  # fmt: skip
        for column, number in (("numerator", numerator), ("denominator", denominator)):
            if number < 0:
                self.fault("negative_count", column, indicator=column)
        return numerator, denominator

    def _number(self, column: str) -> float:
        number = parse_number(self._cell(column))
        if isinstance(number, str):
            self.fault(number, column)
            return math.nan
        return number

    def _check_value(
        self, indicator_id: str, unit: str, value: float, parts: str,
        numerator: float, denominator: float,
    ) -> None:  # fmt: skip
        indicator = self.indicators.get(indicator_id)
        if indicator and unit == indicator.unit:
            low = -math.inf if indicator.lower is None else indicator.lower
            high = math.inf if indicator.upper is None else indicator.upper
            is_pass_rate = indicator.family == "percent" and indicator.direction == "higher_better"
            if value < 0 <= low:
                self.fault("negative_count", "value", indicator=indicator_id)
            elif value < low or value > high:
                bounds = f"{low:g} – {high:g}".replace("inf", "∞")
                self.fault("out_of_range", "value", indicator=indicator_id, expected=bounds)
            elif is_pass_rate and 0 < value <= 1:
                self.fault("share_not_percent", "value")
        if not (numerator >= 0 and denominator > 0) or self._has_error():
            return
        tolerance = 0.51 * 10.0 ** -decimals(self._cell("value"))
        if parts in ("passed", "failed") and unit == "pct":
            share = 100 * numerator / denominator
            share = share if parts == "passed" else 100 - share
            if abs(share - value) > tolerance:
                self.fault("rate_not_recomputed", "value", expected=f"{share:.2f}")
        elif parts in ("deaths", "accidents") and abs(numerator / denominator - value) > tolerance:
            self.fault("rate_other_base", "value", expected=f"{numerator / denominator:.4f}")


def _near(name: str, known: Mapping[str, str]) -> str:
    return ", ".join(repr(code) for code in nearest(name, known, 1)) or "-"


def _drop_repeats(found: Ingested) -> None:
    """Report a figure given twice by one source; the first row stays."""
    first: dict[tuple[object, ...], dict[str, Any]] = {}
    kept: list[dict[str, Any]] = []
    for row in found.rows:
        key = tuple(row[c] for c in ("indicator_id", "region", "period", "scope", "qualifier",
                                     "source_id", "vintage"))  # fmt: skip
        earlier = first.setdefault(key, row)
        if earlier is row or math.isnan(row["value"]):
            kept.append(row)
            continue
        code = "duplicate_row" if earlier["value"] == row["value"] else "same_source_two_values"
        elsewhere = "" if earlier["file"] == row["file"] else f"{earlier['file']}:"
        found.findings.add(code, file=row["file"], row=row["row"], column="value",
                           value=row["value"], expected=f"{elsewhere}{earlier['row']}")  # fmt: skip
    found.rows = kept
