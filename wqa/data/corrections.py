"""Declared corrections of raw cells: one file, each with a reason and an `expect` guard.

The file is ``data/raw/corrections.yml``, beside the data it corrects and not in the
package, so that an office can correct its own files without touching the library. The raw
files themselves are never edited. A correction whose `expect` no longer holds is not
applied and becomes an error finding: the source has changed and a human must look.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wqa.catalog.reading import read_yaml_file
from wqa.data.findings import Findings
from wqa.data.raw_tables import Place, RawFolder, RawRow, RawTable, key_faults
from wqa.errors import CatalogError

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


def load_corrections(root: Path) -> tuple[list[Correction], Findings]:
    """Read ``data/raw/corrections.yml``.

    Parameters
    ----------
    root : pathlib.Path
        Project folder.

    Returns
    -------
    corrections : list of Correction
        Empty if there is no such file.
    findings : Findings
        Faults of the file; a faulty entry is left out.
    """
    path = root / "data" / "raw" / "corrections.yml"
    name = path.relative_to(root).as_posix()
    corrections: list[Correction] = []
    findings = Findings()
    if not path.is_file():
        return corrections, findings
    shape = "YAML: corrections: [{id: ...}]"
    try:
        parsed = read_yaml_file(path)
        parsed.finish()
    except CatalogError as error:
        findings.add("bad_correction", file=name, column=path.name, value=error, expected=shape)
        return corrections, findings
    entries = parsed.data.get("corrections") if isinstance(parsed.data, dict) else parsed.data
    if not isinstance(entries or [], list):
        findings.add("bad_correction", file=name, column=path.name, value=entries, expected=shape)
        return corrections, findings
    for n, entry in enumerate(entries or []):
        faults = list(_entry_faults(entry, {c.id for c in corrections}))
        for code, key, value, expected in faults:
            place: Place = ("corrections", n, key)
            line = parsed.lines.get(place, parsed.lines.get(place[:-1], 1))
            findings.add(code, file=name, row=line, column=key, value=value, expected=expected)
        if not faults:
            match = tuple((str(k), str(v)) for k, v in entry["match"].items())
            texts = {key: str(entry[key]) for key in _REQUIRED if key != "match"}
            corrections.append(Correction(match=match, value=str(entry.get("value", "")), **texts))
    return corrections, findings


def _entry_faults(entry: Any, seen: set[str]) -> Iterator[tuple[str, str, object, str]]:
    """Yield code, key, value and what was expected for each fault of an entry."""
    if not isinstance(entry, dict):
        yield "bad_correction", "", entry, "key: value"
        return
    action = entry.get("action")
    required = (*_REQUIRED, "value") if action in ("override", "scale") else _REQUIRED
    yield from key_faults(entry, required, required)
    if action and action not in ACTIONS:
        yield "bad_correction", "action", action, " / ".join(ACTIONS)
    if entry.get("id") in seen:
        yield "bad_correction", "id", entry["id"], f"≠ {entry['id']}"
    if entry.get("match") and not isinstance(entry["match"], dict):
        yield "bad_correction", "match", entry["match"], "{column: cell}"
    for key in ("value", "expect") if action == "scale" else ():
        try:
            float(entry.get(key) or 0)
        except (TypeError, ValueError):
            yield "bad_correction", key, entry[key], "0.1"


def apply_corrections(
    folders: list[RawFolder], corrections: list[Correction]
) -> tuple[dict[tuple[str, int], str], Findings]:
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
    findings : Findings
        Applied corrections (review), stale and unmatched ones (error).
    """
    tables = {table.file: table for folder in folders for table in folder.tables}
    corrected: dict[tuple[str, int], str] = {}
    findings = Findings()
    for correction in corrections:
        file = f"data/raw/{correction.file}"
        place: dict[str, Any] = {"file": file, "column": correction.column, "value": correction.id}
        table = tables.get(file)
        rows = _matching(table.rows, correction) if table else []
        if table is None or len(rows) != 1:
            findings.add("unmatched_correction", **place, got=len(rows))
            continue
        row = rows[0]
        got = row.cells.get(correction.column, "")
        if got != correction.expect:
            findings.add("stale_correction", **place, row=row.line,
                         expected=repr(correction.expect), got=repr(got))  # fmt: skip
            # The row can no longer be trusted either way.
            table.rows.remove(row)
            continue
        _apply(table, row, correction)
        if correction.action != "drop":
            corrected[file, row.line] = correction.id
        findings.add("correction_applied", **place, row=row.line, action=correction.action,
                     reason_zh=correction.reason_zh, reason_en=correction.reason_en)  # fmt: skip
    return corrected, findings


def _matching(rows: list[RawRow], correction: Correction) -> list[RawRow]:
    return [row for row in rows if all(row.cells.get(c) == cell for c, cell in correction.match)]


def _apply(table: RawTable, row: RawRow, correction: Correction) -> None:
    if correction.action == "drop":
        table.rows.remove(row)
    elif correction.action != "flag":
        cell = correction.value
        if correction.action == "scale":
            # 12 significant digits: enough for every published figure, free of binary tails
            cell = f"{float(correction.expect) * float(correction.value):.12g}"
        cells = {**row.cells, correction.column: cell}
        table.rows[table.rows.index(row)] = RawRow(row.line, cells)
