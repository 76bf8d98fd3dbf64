"""Deliveries: the folders of ``data/raw`` with source record, hashes, text and corrections.

Nothing is interpreted here: a row keeps its line number and its cells as they stand, but for
the corrections declared in ``data/raw/corrections.yml``. The raw files are never edited. What
cannot be read is a finding, never an exception.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal

from wqa.catalog.reading import AsTyped, Place, read_yaml_file
from wqa.catalog.records import Grade
from wqa.data.cells import is_iso_date, parse_number
from wqa.data.findings import Findings
from wqa.errors import CatalogError

# Columns of each kind of delivery: required, optional.
COLUMNS_OF = {
    "observations": (
        "indicator region period value unit",
        "numerator denominator note source_title source_publisher source_date source_url "
        "evidence indicator_id scope qualifier vintage",
    ),
    "quantities": (
        "seed_file section region item_zh item_en year_or_period comparator value unit note",
        "",
    ),
    "regions": ("code name_zh name_en level", ""),
}
_SIGNATURES = {b"PK\x03\x04": "Excel, xlsx", b"\xd0\xcf\x11\xe0": "Excel, xls", b"%PDF": "PDF"}
_BLANK = AsTyped("")
_TEXTS = ("title", "publisher", "licence")
Rows = dict[int, dict[str, str]]
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
class Table:
    """A CSV file: its path relative to the project, and cells by line (the header is line 1)."""

    file: str
    rows: Rows = field(default_factory=dict)


@dataclass
class Delivery:
    """One folder: its path relative to the project, source record and readable tables."""

    path: str
    source: SourceRecord
    tables: list[Table] = field(default_factory=list)

    @property
    def name(self) -> str:
        """Name of the folder."""
        return self.path.rpartition("/")[2]


class _UnreadError(Exception):
    """A file cannot be read; `args` are code and slots of the finding that is still to be made."""


def read_deliveries(root: Path) -> tuple[list[Delivery], dict[tuple[str, int], str], Findings]:
    """Read and correct the deliveries; also the correction of each corrected (file, line)."""
    deliveries: list[Delivery] = []
    corrected: dict[tuple[str, int], str] = {}
    findings = Findings()
    raw = root / "data" / "raw"
    for path in sorted(raw.iterdir()):
        name = path.relative_to(root).as_posix()
        if path.is_dir() and not path.name.startswith("."):
            deliveries += _read_delivery(path, name, findings)
        elif not _IGNORED.match(path.name):
            findings.add("unread_file", file=name, value=path.name, expected=_sha256(path))
    if not findings and not any(d.source.kind == "observations" for d in deliveries):
        findings.add("no_delivery", file="data/raw")
    tables = {table.file: table.rows for one in deliveries for table in one.tables}
    if (raw / "corrections.yml").is_file():
        read = _read_record(raw / "corrections.yml", "data/raw", CorrectionFile, findings)
        for correction in read.corrections if read else ():
            rows = tables.get(f"data/raw/{correction.file}", {})
            _correct(rows, correction, corrected, findings)
    return deliveries, corrected, findings


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _read_record(path: Path, folder: str, cls: type, findings: Findings) -> Any:
    """Record of a declared file, or None; its faults become findings."""
    code = "bad_source_file" if cls is SourceRecord else "bad_correction"
    place: dict[str, Any] = {"file": f"{folder}/{path.name}", "column": path.name}
    try:
        parsed = read_yaml_file(path, cls)
    except CatalogError as error:
        findings.add(code, **place, value=error.got, expected="YAML (UTF-8)")
        return None
    for below, got, expected in _value_faults(parsed.record):
        parsed.fault(below, "", got, expected)
    for fault in parsed.faults:
        key = fault.place[-1] if fault.place else path.name
        slots = {**place, "row": fault.line, "column": key, "expected": fault.error.expected}
        if fault.code == "wrong_value":
            findings.add(code, **slots, value=fault.error.got)
        else:
            findings.add(fault.code, **slots, value=key)
    return None if parsed.faults else parsed.record


def _value_faults(record: Any) -> Iterator[tuple[Place, object, str]]:
    """Yield place, value and what was expected where annotations cannot say it."""
    if isinstance(record, SourceRecord):
        for key, is_right, expected in (
            *((key, bool(vars(record)[key].strip()), "text") for key in _TEXTS),
            ("retrieved", is_iso_date(record.retrieved), "YYYY-MM-DD"),
            ("published", is_iso_date(record.published or "2026", partial=True), "YYYY-MM-DD"),
        ):
            if not is_right:
                yield (key,), vars(record)[key], expected
    elif isinstance(record, CorrectionFile):
        seen: list[str] = []
        for n, entry in enumerate(record.corrections):
            for key, is_right, expected in (
                ("id", entry.id not in seen, f"≠ {entry.id}"),
                ("value", entry.action != "override" or entry.value is not None, "98.5"),
                ("value", entry.action != "scale" or _is_number(entry.value), "0.1"),
                ("expect", entry.action != "scale" or _is_number(entry.expect), "98.5"),
            ):
                if not is_right:
                    yield ("corrections", n, key), vars(entry)[key], expected
            seen.append(entry.id)


def _is_number(text: str | None) -> bool:
    return isinstance(parse_number(text or ""), float)


def _read_delivery(path: Path, name: str, findings: Findings) -> list[Delivery]:
    if not (path / "source.yml").is_file():
        findings.add("missing_source_file", file=name)
        return []
    source: SourceRecord | None = _read_record(path / "source.yml", name, SourceRecord, findings)
    if source is None:
        return []
    for other in sorted(p for p in path.rglob("*") if p.is_file()):
        relative = other.relative_to(path).as_posix()
        if relative not in source.files and not _IGNORED.match(other.name):
            slots = {"value": relative, "expected": _sha256(other)}
            findings.add("unread_file", file=f"{name}/{relative}", **slots)
    delivery = Delivery(name, source)
    for file, sha256 in source.files.items():
        try:
            if not (path / file).is_file():
                raise _UnreadError("missing_file", {"value": file})
            if (found := _sha256(path / file)) != sha256:
                raise _UnreadError("changed_file", {"value": found, "expected": sha256})
            content = (path / file).read_bytes()
            delivery.tables.append(parse_table(content, f"{name}/{file}", source.kind, findings))
        except _UnreadError as error:
            for code in error.args[:1]:
                findings.add(code, file=f"{name}/{file}", **error.args[1])
    return [delivery]


def parse_table(content: bytes, file: str, kind: str, findings: Findings) -> Table:
    """Turn the bytes of a CSV file into rows of text."""
    lines = csv.reader(io.StringIO(_decode(content, file, findings), newline=""))
    table, before = Table(file), len(findings)
    try:
        header = next(lines, [])
        _check_header(header, file, kind, findings)
        start = lines.line_num + 1
        for cells in lines:
            line, start = start, lines.line_num + 1
            if not any(cell.strip() for cell in cells):
                findings.add("blank_row", file=file, row=line)
            elif len(cells) != len(header):
                shown = {"value": len(cells), "shown": len(cells), "expected": len(header)}
                findings.add("ragged_row", file=file, row=line, **shown)
            else:
                table.rows[line] = dict(zip(header, cells, strict=True))
    except csv.Error as error:
        raise _UnreadError("not_csv", {"row": lines.line_num, "expected": error}) from error
    if not table.rows and len(findings) == before:
        raise _UnreadError("empty_file", {})
    return table


def _decode(content: bytes, file: str, findings: Findings) -> str:
    if not content.strip():
        raise _UnreadError("empty_file", {})
    for signature, name in _SIGNATURES.items():
        if content.startswith(signature):
            raise _UnreadError("not_csv", {"expected": name})
    if content.startswith(b"\xef\xbb\xbf"):
        findings.add("byte_order_mark", file=file, row=1, value="\ufeff", shown=ascii("\ufeff"))
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # gb18030 accepts nearly anything, so its Chinese must look like Chinese
        texts = {"UTF-16": content.decode("UTF-16", "ignore"),
                 "GBK / GB18030": content.decode("GB18030", "ignore")}  # fmt: skip
        guess = next((n for n, text in texts.items() if re.search("[\u4e00-\u9fff]", text)), "?")
        raise _UnreadError("not_utf8", {"expected": guess}) from error


def _check_header(header: list[str], file: str, kind: str, findings: Findings) -> None:
    """Note the faults of the names of columns; a file with an error in them is not read."""
    required, optional = (names.split() for names in COLUMNS_OF[kind])
    absent = [name for name in (*required, *optional) if name not in header]
    before, typos = len(findings), set[str]()
    if len(header) == 1 and (match := re.search(r"[;\t|]", header[0])):
        slots = {"row": 1, "value": header[0], "expected": repr(match.group())}
        raise _UnreadError("wrong_delimiter", slots)
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
            findings.add(
                "header_typo" if near else "unknown_header", **place, nearest=str(near)[1:-1]
            )
    for name in (n for n in required if n in absent and n not in typos):
        findings.add("missing_header", file=file, row=1, column=name, value=name)
    if any(f.severity == "error" for f in findings[before:]):
        raise _UnreadError


def _correct(
    rows: Rows, correction: Correction, corrected: dict[tuple[str, int], str], findings: Findings
) -> None:
    """Apply one correction; a row that it does not fit can no longer be trusted and goes."""
    wanted = correction.match.items()
    lines = [n for n, cells in rows.items() if all(cells.get(c) == text for c, text in wanted)]
    file = f"data/raw/{correction.file}"
    place = {"file": file, "column": correction.column, "value": correction.id}
    got = rows[lines[0]].get(correction.column, "") if lines else ""
    if len(lines) == 1 and got == correction.expect:
        line = lines[0]
        if correction.action in ("override", "scale"):
            cell = correction.value or ""
            if correction.action == "scale":
                # 12 digits: enough for every published figure, free of binary tails
                cell = f"{float(got) * float(cell):.12g}"
            rows[line][correction.column] = cell
        reasons = {"reason_zh": correction.reason_zh, "reason_en": correction.reason_en}
        findings.add("correction_applied", **place, row=line, action=correction.action, **reasons)
        if correction.action != "drop":
            corrected[file, line] = correction.id
            return
    elif len(lines) == 1:
        said = {"expected": repr(correction.expect), "got": repr(got)}
        findings.add("stale_correction", **place, row=lines[0], **said)
    else:
        findings.add("unmatched_correction", **place, got=len(lines))
    for line in lines:
        del rows[line]
