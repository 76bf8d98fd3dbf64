"""Deliveries: the folders of ``data/raw`` with source record, hashes, text and corrections.

Nothing is interpreted here: a row keeps its line number and its cells as they stand, but for
the corrections declared in ``data/raw/corrections.yml``. The raw files are never edited. What
cannot be read is a finding, never an exception.
"""

import csv
import hashlib
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal

from wqa.catalog.reading import AsTyped, Place, read_words, read_yaml_file
from wqa.catalog.records import Grade
from wqa.data.cells import is_iso_date, parse_number
from wqa.data.findings import Findings
from wqa.errors import CatalogError

_SIGNATURES = {b"PK\x03\x04": "Excel, xlsx", b"\xd0\xcf\x11\xe0": "Excel, xls", b"%PDF": "PDF"}
Corrected = dict[tuple[str, int], str]  # file and line of a row to the id of its correction
_BLANK = AsTyped("")
Rows = dict[int, dict[str, str]]  # cells by line of the file; the header is line 1
# Files that are no data and may lie in data/raw.
_IGNORED = re.compile(r"(?i)^(readme.*|source\.yml|corrections\.yml|\..*)$")


@dataclass(frozen=True, kw_only=True)
class SourceRecord:
    """``source.yml``: where a delivery comes from, and the hashes of its files."""

    kind: Literal["observations", "quantities", "regions"]
    title: str
    publisher: str
    retrieved: AsTyped
    evidence: Grade
    licence: str
    files: dict[str, AsTyped]
    published: AsTyped = _BLANK
    compiled_by: str = ""
    url: str = ""
    note: str = ""
    documents: tuple[dict[str, str], ...] = ()
    synthetic: bool = False  # made up for a demonstration, of a place that does not exist
    scopes: dict[str, dict[str, str]] | None = None


@dataclass(frozen=True, kw_only=True)
class Correction:
    """An entry of ``corrections.yml``: what to do with the one row that `match` singles out."""

    id: str
    file: str
    match: dict[str, AsTyped]
    column: str
    expect: AsTyped
    action: Literal["override", "drop", "scale", "flag"]
    value: AsTyped | None = None
    reason_zh: str
    reason_en: str


@dataclass(frozen=True, kw_only=True)
class CorrectionFile:
    """The whole of ``corrections.yml``."""

    corrections: tuple[Correction, ...] = ()


@dataclass
class Delivery:
    """One folder: its name, its id as a source, its record, and the rows of its readable files."""

    name: str
    source_id: str  # for rows that name no source of their own
    source: SourceRecord
    tables: dict[str, Rows] = field(default_factory=dict)


def read_deliveries(root: Path) -> tuple[list[Delivery], Corrected, Findings]:
    """Read and correct the deliveries; also the correction of each corrected (file, line)."""
    deliveries: list[Delivery] = []
    corrected: Corrected = {}
    findings = Findings()
    raw = root / "data" / "raw"
    for path in sorted(raw.iterdir()):
        if path.is_dir() and not path.name.startswith("."):
            deliveries += _read_delivery(path, findings)
        elif not _IGNORED.match(path.name):
            place = {"file": f"data/raw/{path.name}", "value": path.name}
            findings.add("unread_file", **place, expected=_sha256(path))
    if not findings and not any(d.source.kind == "observations" for d in deliveries):
        findings.add("no_delivery", file="data/raw")
    made_up = [d for d in deliveries if d.source.synthetic]
    if made_up and any(d.source.kind == "observations" and d not in made_up for d in deliveries):
        findings.add("mixed_synthetic", file=f"data/raw/{made_up[0].name}")
    tables = {file: rows for delivery in deliveries for file, rows in delivery.tables.items()}
    if (raw / "corrections.yml").is_file():
        read = _read_record(raw / "corrections.yml", "data/raw", CorrectionFile, findings)
        for correction in read.corrections if read else ():
            _correct(tables, correction, corrected, findings)
    return deliveries, corrected, findings


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _read_record(path: Path, folder: str, cls: type, findings: Findings) -> Any:
    """Record of a declared file, or None; its faults become findings."""
    code = "bad_source_file" if cls is SourceRecord else "bad_correction"
    file = f"{folder}/{path.name}"
    try:
        parsed = read_yaml_file(path, cls)
    except CatalogError as error:
        slots = {"value": error.got, "expected": "YAML (UTF-8)"}
        findings.add(code, file=file, column=path.name, **slots)
        return None
    for place, got, is_right, expected in _values(parsed.record):
        if not is_right:
            parsed.fault(place, "", got, expected)
    for fault in parsed.faults:
        key, is_value = [path.name, *fault.place][-1], fault.code == "wrong_value"
        slots = {"value": fault.error.got if is_value else key, "expected": fault.error.expected}
        said = code if is_value else fault.code
        findings.add(said, file=file, row=fault.line, column=key, **slots)
    return None if parsed.faults else parsed.record


def _values(record: Any) -> Iterator[tuple[Place, object, bool, str]]:
    """Yield place, value, whether it is right and what is, where annotations cannot say it."""
    if isinstance(record, SourceRecord):
        day, since = record.retrieved, record.published
        for key in ("title", "publisher", "licence"):
            yield (key,), "", bool(vars(record)[key].strip()), "text"
        yield ("retrieved",), day, is_iso_date(day), "YYYY-MM-DD"
        yield ("published",), since, not since or is_iso_date(since, partial=True), "YYYY-MM-DD"
    corrections = getattr(record, "corrections", ())
    for n, entry in enumerate(corrections):
        place, value, is_scaled = ("corrections", n), entry.value, entry.action == "scale"
        is_right = _is_number(value) if is_scaled else value is not None
        is_new = entry.id not in [earlier.id for earlier in corrections[:n]]
        yield (*place, "id"), entry.id, is_new, f"≠ {entry.id}"
        yield (*place, "value"), value, is_right or entry.action in ("drop", "flag"), "0.1"
        yield (*place, "expect"), entry.expect, not is_scaled or _is_number(entry.expect), "98.5"


def _is_number(text: str | None) -> bool:
    return isinstance(parse_number(text or ""), float)


def _read_delivery(path: Path, findings: Findings) -> list[Delivery]:
    name = f"data/raw/{path.name}"
    if not (path / "source.yml").is_file():
        findings.add("missing_source_file", file=name)
        return []
    source: SourceRecord | None = _read_record(path / "source.yml", name, SourceRecord, findings)
    if source is None:
        return []
    delivery = Delivery(path.name, f"folder-{path.name}".lower(), source)
    files = [p for p in path.rglob("*") if p.is_file() and not _IGNORED.match(p.name)]
    there = {p.relative_to(path).as_posix(): p for p in files}
    for file in sorted({*there, *source.files}):
        place, declared = f"{name}/{file}", source.files.get(file)
        sha256 = _sha256(there[file]) if file in there else ""
        if not sha256:
            findings.add("missing_file", file=place, value=file)
        elif declared is None:
            findings.add("unread_file", file=place, value=file, expected=sha256)
        elif sha256 != declared:
            findings.add("changed_file", file=place, value=sha256, expected=declared)
        elif rows := parse_table(there[file].read_bytes(), place, source.kind, findings):
            delivery.tables[place] = rows
    return [delivery]


def parse_table(content: bytes, file: str, kind: str, findings: Findings) -> Rows:
    """Turn the bytes of a CSV file into rows of text; none if it cannot be read."""
    text = _decode(content, file, findings)
    lines = csv.reader(io.StringIO(text or "", newline=""))
    rows, before = Rows(), len(findings)
    try:
        header = next(lines, [])
        if text is None or not _is_header(header, file, kind, findings):
            return rows
        start = lines.line_num + 1
        for cells in lines:
            line, start = start, lines.line_num + 1
            if not any(cell.strip() for cell in cells):
                findings.add("blank_row", file=file, row=line)
            elif len(cells) != len(header):
                shown = {"value": len(cells), "shown": len(cells), "expected": len(header)}
                findings.add("ragged_row", file=file, row=line, **shown)
            else:
                rows[line] = dict(zip(header, cells, strict=True))
    except csv.Error as error:
        findings.add("not_csv", file=file, row=lines.line_num, expected=error)
        return Rows()
    if not rows and len(findings) == before:
        findings.add("empty_file", file=file)
    return rows


def _decode(content: bytes, file: str, findings: Findings) -> str | None:
    """Text of a file; None, and why as a finding, if it holds none."""
    if content.startswith(b"\xef\xbb\xbf"):
        findings.add("byte_order_mark", file=file, row=1, value="\ufeff", shown=ascii("\ufeff"))
    found = [name for signature, name in _SIGNATURES.items() if content.startswith(signature)]
    code = "not_csv" if found else "empty_file"
    if content.strip() and not found:
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError:
            code = "not_utf8"
            # gb18030 accepts nearly anything, so its Chinese must look like Chinese
            codings = {"UTF-16": "UTF-16", "GBK / GB18030": "GB18030"}
            texts = {name: content.decode(coding, "ignore") for name, coding in codings.items()}
            found = [name for name, text in texts.items() if re.search("[\u4e00-\u9fff]", text)]
    findings.add(code, file=file, expected=[*found, "?"][0])
    return None


def _is_header(header: list[str], file: str, kind: str, findings: Findings) -> bool:
    """Note the faults of the names of columns; a file with an error in them is not read."""
    required, optional = read_words("raw_columns")[kind].values()
    absent = [name for name in (*required, *optional) if name not in header]
    before, typos = len(findings), set[str]()
    if len(header) == 1 and (match := re.search(r"[;\t|]", header[0])):
        slots = {"value": header[0], "expected": repr(match.group())}
        findings.add("wrong_delimiter", file=file, row=1, **slots)
        return False
    for position, name in enumerate(header, 1):
        place = {"file": file, "row": 1, "column": name, "value": name}
        if not name.strip():
            findings.add("blank_header", file=file, row=1, expected=position)
        elif header.index(name) < position - 1:
            findings.add("duplicate_header", **place)
        elif name not in (*required, *optional):
            tidy = re.sub(r"[\s\ufeff]+", "_", name.strip(" \t\ufeff").lower())
            near = get_close_matches(tidy, absent, n=1, cutoff=0.7)
            typos.update(near)
            code = "header_typo" if near else "unknown_header"
            findings.add(code, **place, nearest=str(near)[1:-1])
    for name in (n for n in required if n in absent and n not in typos):
        findings.add("missing_header", file=file, row=1, column=name, value=name)
    return not any(f.severity == "error" for f in findings[before:])


def _correct(
    tables: dict[str, Rows], correction: Correction, corrected: Corrected, findings: Findings
) -> None:
    """Apply one correction; a row that it does not fit can no longer be trusted and goes."""
    file, column = f"data/raw/{correction.file}", correction.column
    wanted = correction.match.items()
    rows = tables.get(file, {})
    lines = [n for n, cells in rows.items() if all(cells.get(c) == text for c, text in wanted)]
    line = lines[0] if lines else 0
    got = rows[line].get(column, "") if lines else ""
    slots = {"file": file, "row": line, "column": column, "value": correction.id, "got": repr(got)}
    if len(lines) != 1:
        findings.add("unmatched_correction", **slots | {"row": 0, "got": len(lines)})
    elif got != correction.expect:
        findings.add("stale_correction", **slots, expected=repr(correction.expect))
    else:
        findings.add("correction_applied", **vars(correction) | slots)
        if correction.action == "scale":
            # 12 digits: enough for every published figure, free of binary tails
            rows[line][column] = f"{float(got) * float(correction.value or 1):.12g}"
        elif correction.action == "override":
            rows[line][column] = correction.value or ""
        if correction.action != "drop":
            corrected[file, line] = correction.id
            return
    for wrong in lines:
        del rows[wrong]
