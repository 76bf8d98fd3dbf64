"""Declared corrections of raw cells: one file, each with a reason and an `expect` guard.

The file is ``data/raw/corrections.yml``, beside the data it corrects and not in the
package, so that an office can correct its own files without touching the library. The raw
files themselves are never edited. A correction whose `expect` no longer holds is not
applied and becomes an error finding: the source has changed and a human must look.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wqa.data.findings import Finding, make_finding
from wqa.data.raw_tables import RawFolder, RawRow, RawTable
from wqa.errors import CatalogError
from wqa.plans.catalog import read_yaml

ACTIONS = ("override", "drop", "scale", "flag")
_REQUIRED = ("id", "file", "match", "column", "expect", "action", "reason_zh", "reason_en")


@dataclass(frozen=True)
class Correction:
    """One declared correction.

    Parameters
    ----------
    id : str
        Name in findings and in the note of the corrected row.
    file : str
        CSV file relative to ``data/raw``.
    match : tuple of (str, str)
        Columns and cells that single out exactly one row.
    column : str
        Cell that is corrected, or that the reason rests on.
    expect : str
        Cell the source must still hold.
    action : {'override', 'drop', 'scale', 'flag'}
        Replace the cell by `value`; leave the row out; multiply the cell by `value`;
        keep the row and only say so.
    value : str
        New cell, or factor; empty for drop and flag.
    reason_zh, reason_en : str
        Why.
    """

    id: str
    file: str
    match: tuple[tuple[str, str], ...]
    column: str
    expect: str
    action: str
    value: str
    reason_zh: str
    reason_en: str


def load_corrections(root: Path) -> tuple[list[Correction], list[Finding]]:
    """Read ``data/raw/corrections.yml``.

    Parameters
    ----------
    root : pathlib.Path
        Project folder.

    Returns
    -------
    corrections : list of Correction
        Empty if there is no such file.
    findings : list of Finding
        Faults of the file; a faulty entry is left out.
    """
    path = root / "data" / "raw" / "corrections.yml"
    name = path.relative_to(root).as_posix()
    if not path.is_file():
        return [], []
    try:
        entries = (read_yaml(path) or {}).get("corrections") or []
    except (CatalogError, AttributeError) as error:
        return [], [make_finding("bad_correction", file=name, detail=str(error))]
    corrections: list[Correction] = []
    findings: list[Finding] = []
    for entry in entries:
        fault = _entry_fault(entry, {c.id for c in corrections})
        if fault:
            findings.append(make_finding("bad_correction", file=name, detail=fault))
            continue
        match = tuple((str(k), str(v)) for k, v in entry["match"].items())
        texts = {key: str(entry[key]) for key in _REQUIRED if key != "match"}
        corrections.append(Correction(match=match, value=str(entry.get("value", "")), **texts))
    return corrections, findings


def _entry_fault(entry: Any, seen: set[str]) -> str:
    """Say what is wrong with an entry; empty if nothing is."""
    if not isinstance(entry, dict):
        return f"not a mapping: {entry!r}"
    where = f"{entry.get('id', '?')}: "
    missing = [key for key in _REQUIRED if entry.get(key) in (None, "")]
    unknown = [key for key in entry if key not in (*_REQUIRED, "value")]
    if missing or unknown:
        return where + f"missing {missing}, unknown {unknown}"
    if entry["id"] in seen:
        return where + "the id occurs twice"
    if entry["action"] not in ACTIONS:
        return where + f"action {entry['action']!r}, expected one of {ACTIONS}"
    if not isinstance(entry["match"], dict):
        return where + "match is not a mapping of column to cell"
    needs_value = entry["action"] in ("override", "scale")
    if needs_value != ("value" in entry):
        return where + "override and scale need a value, drop and flag have none"
    if entry["action"] == "scale":
        try:
            float(entry["value"])
        except (TypeError, ValueError):
            return where + f"factor {entry['value']!r} is not a number"
    return ""


def apply_corrections(
    folders: list[RawFolder], corrections: list[Correction]
) -> tuple[dict[tuple[str, int], str], list[Finding]]:
    """Apply corrections to the rows in memory.

    Parameters
    ----------
    folders : list of RawFolder
        Rows are replaced or removed in their tables.
    corrections : list of Correction
        See `load_corrections`.

    Returns
    -------
    corrected : dict
        (file, line) to the id of the correction, for rows that stay.
    findings : list of Finding
        Applied corrections (review), stale and unmatched ones (error).
    """
    tables = {table.file: table for folder in folders for table in folder.tables}
    corrected: dict[tuple[str, int], str] = {}
    findings: list[Finding] = []
    for correction in corrections:
        file = f"data/raw/{correction.file}"
        table = tables.get(file)
        rows = _matching(table, correction)
        if table is None or len(rows) != 1:
            findings.append(
                make_finding("unmatched_correction", file=file, column=correction.column,
                             value=correction.id, got=len(rows))
            )  # fmt: skip
            continue
        row = rows[0]
        got = row.cells.get(correction.column, "")
        if got != correction.expect:
            findings.append(
                make_finding("stale_correction", file=file, row=row.line,
                             column=correction.column, value=correction.id,
                             expected=repr(correction.expect), got=repr(got))
            )  # fmt: skip
            # The row can no longer be trusted either way.
            table.rows.remove(row)
            continue
        _apply(table, row, correction)
        if correction.action != "drop":
            corrected[file, row.line] = correction.id
        findings.append(
            make_finding("correction_applied", file=file, row=row.line,
                         column=correction.column, value=correction.id,
                         action=correction.action, reason_zh=correction.reason_zh,
                         reason_en=correction.reason_en)
        )  # fmt: skip
    return corrected, findings


def _matching(table: RawTable | None, correction: Correction) -> list[RawRow]:
    if table is None:
        return []
    return [
        row
        for row in table.rows
        if all(row.cells.get(column) == cell for column, cell in correction.match)
    ]


def _apply(table: RawTable, row: RawRow, correction: Correction) -> None:
    if correction.action == "drop":
        table.rows.remove(row)
        return
    if correction.action == "flag":
        return
    cell = correction.value
    if correction.action == "scale":
        # 12 significant digits: enough for every published figure, free of binary tails
        cell = f"{float(correction.expect) * float(correction.value):.12g}"
    cells = {**row.cells, correction.column: cell}
    table.rows[table.rows.index(row)] = RawRow(row.line, cells)
