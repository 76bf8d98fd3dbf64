"""Take over what an office filled in: checked like every delivery, compared, written as a new one.

A figure that corrects a published one gets the day of filling in as its vintage; nothing that was
delivered before is ever changed.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from wqa.catalog.catalog import load_indicators, load_units
from wqa.catalog.reading import read_words
from wqa.catalog.records import Unit
from wqa.data.cells import conversion, is_iso_date, load_scopes, parse_number, parse_period
from wqa.data.findings import Finding, Findings, sorted_findings
from wqa.data.loading import read_project
from wqa.data.observations import Ingested, ingest
from wqa.data.series import best_values, series_errors, series_reviews
from wqa.errors import DataError
from wqa.office.entries import NUMBERS, Entry, Form, read_form
from wqa.office.form_checks import form_checks
from wqa.paths import Folder, project_root, raw_dir

FILE, LATEST = "figures.csv", "2100-12-31"
KEY = ["indicator_id", "region", "scope", "period"]
MORE = ["qualifier", "unit", *NUMBERS]
# Columns of the delivery, in their order.
COLUMNS = ("indicator", "region", "period", "value", "unit", "numerator", "denominator", "scope",
           "qualifier", "vintage", "note", "source_title", "source_publisher",
           "source_date")  # fmt: skip
# Reviews of a delivery for which a form is sent back, unless the note says that it was looked into.
REFUSED = (
    "cumulative_value", "rate_not_recomputed", "rate_other_base", "denominator_unit",
    "stock_falls", "source_before_end",
)  # fmt: skip


@dataclass(frozen=True)
class Checked:
    """A form with all faults, what it changes, and the delivery that it would become."""

    form: Form
    faults: list[Finding]
    told: list[Finding]  # what was read otherwise than it was typed
    changes: pd.DataFrame  # status, indicator_id, region, scope, period, old, new
    name: str
    files: dict[str, bytes]


def check_form(
    path: Path,
    catalog: Path | None = None,
    root: Folder = None,
    *,
    plan: str = "",
    year: int | None = None,
) -> Checked:
    """Check a filled-in workbook against all that is known; nothing is written."""
    known = read_project(root, catalog)
    form = read_form(path, known, catalog, asked=(plan, year))
    newest = known.frame.sort_values(["vintage", "file", "row"])[[*KEY, *MORE]]
    rows = {(*row[:4], row.qualifier): row for row in newest.itertuples(index=False)}
    changes = [_change(entry, rows, load_units(catalog)) for entry in form.entries]
    pairs = zip(form.entries, changes, strict=True)
    # An unchanged figure passed these checks when it was delivered.
    entries = [_dated(e, form, c["status"]) for e, c in pairs if c["status"] != "unchanged"]
    form.findings += form_checks(form, known.frame, load_indicators(catalog))
    name, files = _delivery(form, entries, known.is_synthetic)
    if entries:
        form.findings += _as_delivery(form, known, (name, files, entries), catalog, root)
    found = sorted_findings(form.findings)
    words = [*read_words("workbook")["verified"].values()]
    verified = {e.places["value"] for e in entries if any(w in e.cells["note"] for w in words)}
    faults = [f for f in found if f.severity == "error"
              or (f.code in REFUSED and f.column not in verified)]  # fmt: skip
    frame = pd.DataFrame(changes, columns=["status", *KEY, "old", "new"])
    told = [f for f in found if f not in faults]
    return Checked(form, faults, told, frame, name, files if entries else {})


def accept(checked: Checked, root: Folder = None) -> Path:
    """Write the delivery of a form without faults, all of it or nothing."""
    if checked.faults or not checked.files:
        raise DataError("a form with faults, or without new figures, is no delivery")
    raw = raw_dir(project_root(root))
    part, place = raw / f".{checked.name}.part", raw / checked.name
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    try:
        for name, content in checked.files.items():
            (part / name).write_bytes(content)
        part.rename(place)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return place


def _change(entry: Entry, rows: Mapping[Any, Any], units: Mapping[str, Unit]) -> dict[str, Any]:
    """Say whether a figure is new, corrects a known one, or changes nothing."""
    cells, period = entry.cells, parse_period(entry.cells["period"])
    spelt = cells["period"] if isinstance(period, str) else period.period
    key = (cells["indicator"], cells["region"], cells["scope"], spelt)
    numbers = {column: parse_number(cells[column]) for column in NUMBERS}
    value, row = numbers["value"], rows.get((*key, cells["qualifier"]))
    new = value if isinstance(value, float) else None
    found = {"status": "new", **dict(zip(KEY, key, strict=True)), "old": None, "new": new}
    if new is None or row is None:
        return found
    if cells["unit"] in units:
        new *= conversion(cells["unit"], row.unit, units) or 1.0
    others = [(numbers[c], getattr(row, c)) for c in NUMBERS[1:] if isinstance(numbers[c], float)]
    is_same = float(f"{new:.12g}") == row.value and all(a == b for a, b in others)
    return found | {"status": "unchanged" if is_same else "revised", "old": row.value}


def _dated(entry: Entry, form: Form, status: object) -> Entry:
    """Date a correction by the day of filling in; a new figure was known since its source."""
    vintage = form.day if status == "revised" else ""
    places = {"vintage": entry.places["value"]} | entry.places
    return Entry(entry.cells | {"vintage": vintage}, places)


def _delivery(
    form: Form, entries: Iterable[Entry], synthetic: bool
) -> tuple[str, dict[str, bytes]]:
    """Name and files of the delivery that the entries make: the same entries, the same bytes."""
    buffer, words = io.StringIO(), read_words("workbook")
    writer = csv.DictWriter(buffer, COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows({c: entry.cells.get(c, "") for c in COLUMNS} for entry in entries)
    table = buffer.getvalue().encode()
    plan, digest = form.plan, hashlib.sha256(table).hexdigest()
    title = words["title"]["zh"].format(plan=plan.title_zh if plan else "", year=form.year)
    dates = {entry.cells.get("source_date", "") for entry in entries}
    # Blanks are faults of the form; until they are filled in the figures are checked all the same.
    day = form.day if is_iso_date(form.day) else LATEST
    source = {
        "kind": "observations", "title": title, "publisher": form.office or "-",
        "published": max(filter(is_iso_date, dates), default=""), "retrieved": day,
        "evidence": "official", **words["delivery"], "synthetic": synthetic,
        "files": {FILE: digest},
    }  # fmt: skip
    lines = [f"{key}: {json.dumps(value, ensure_ascii=False)}\n" for key, value in source.items()]
    name = f"{plan.id if plan else ''}-{form.year}-{day.replace('-', '')}-{digest[:6]}"
    return name, {FILE: table, "source.yml": "".join(lines).encode()}


def _as_delivery(
    form: Form,
    known: Ingested,
    made: tuple[str, dict[str, bytes], list[Entry]],
    catalog: Path | None,
    root: Folder,
) -> Findings:
    """Check the entries as the delivery they would be, beside all that is there."""
    name, files, entries = made
    with tempfile.TemporaryDirectory(prefix="wqa-form-") as folder:
        raw = Path(folder) / "data" / "raw"
        raw.mkdir(parents=True)
        for one in (d for d in known.deliveries if d.source.kind == "regions"):
            (raw / one.name).symlink_to(raw_dir(project_root(root)) / one.name)
        (raw / name).mkdir()
        for file, content in files.items():
            (raw / name / file).write_bytes(content)
        found = ingest(Path(folder), catalog)
    flows, indicators = load_scopes(catalog).flows, load_indicators(catalog)
    frame = pd.concat([known.frame, found.frame], ignore_index=True)
    after = [*found.findings, *series_errors(frame, indicators), *series_reviews(frame, flows)]
    file = f"data/raw/{name}/{FILE}"
    was = series_errors(known.frame, indicators)
    before = {(f.code, f.file, f.row) for f in was}
    told = {f.column for f in form.findings if f.severity == "error"}
    out = Findings()
    for one in after:
        if one.file == file and one.row:
            places = entries[one.row - 2].places
            place = places.get(one.column) or places.get("value", one.column)
            if place not in told:
                out.append(replace(one, file=form.file, row=0, column=place))
        elif one.severity == "error" and (one.code, one.file, one.row) not in before:
            out.append(one)
    out += _outdated(form, frame, file, entries)
    return out


def _outdated(form: Form, frame: pd.DataFrame, file: str, entries: list[Entry]) -> Findings:
    """Find corrections that would not win over the figure they correct."""
    findings, best = Findings(), best_values(frame)
    wins = {*best.loc[best["file"] == file, "row"]}
    newest = best.set_index(KEY)["vintage"].to_dict()
    own = frame[(frame["file"] == file) & (frame["qualifier"] == "exact")]
    for *key, row in own[[*KEY, "row"]].to_numpy():
        entry = entries[row - 2]
        if entry.cells["vintage"] and row not in wins:
            slots = {"column": entry.places["value"], "value": form.day}
            findings.add("not_newer", file=form.file, expected=newest[tuple(key)], **slots)
    return findings
