"""Read the folders of ``data/raw``: source record, hashes, encoding, header, cells as text.

Nothing is interpreted here and nothing is changed: a row keeps its line number and its
cells as they stand. What cannot be read is a finding, never an exception.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from wqa.catalog.reading import read_yaml_file
from wqa.data.cells import is_iso_date
from wqa.data.findings import Findings
from wqa.errors import CatalogError

Place = tuple[str | int, ...]
EVIDENCE = ("official", "press", "secondary")
# Column contract of each kind of folder: (required, optional).
CONTRACTS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "observations": (
        ("indicator", "region", "period", "value", "unit"),
        (
            "numerator", "denominator", "note", "source_title", "source_publisher",
            "source_date", "source_url", "evidence",
            "indicator_id", "scope", "qualifier", "vintage",
        ),
    ),
    "quantities": (
        ("seed_file", "section", "region", "item_zh", "item_en", "year_or_period",
         "comparator", "value", "unit", "note"),
        (),
    ),
    "regions": (("code", "name_zh", "name_en", "level"), ()),
}  # fmt: skip
_REQUIRED_KEYS = ("kind", "title", "publisher", "retrieved", "evidence", "licence", "files")
_KEYS = (*_REQUIRED_KEYS, "compiled_by", "published", "url", "note", "documents")
_SIGNATURES = {
    b"PK\x03\x04": "Excel, xlsx", b"\xd0\xcf\x11\xe0": "Excel, xls", b"%PDF": "PDF",
}  # fmt: skip
# Files that are no data and may lie in data/raw.
_IGNORED = re.compile(r"(?i)^(readme.*|source\.yml|corrections\.yml|\.git.*|\.ds_store)$")


@dataclass(frozen=True)
class RawRow:
    """One row as text.

    Parameters
    ----------
    line : int
        Line in the file, the header being line 1.
    cells : mapping of str to str
        Header to cell.
    """

    line: int
    cells: Mapping[str, str]


@dataclass
class RawTable:
    """A CSV file: its path relative to the project, header and rows."""

    file: str
    header: list[str]
    rows: list[RawRow]


@dataclass
class RawFolder:
    """One delivery: the source record and the tables that could be read."""

    name: str
    path: str
    source: dict[str, Any]
    tables: list[RawTable] = field(default_factory=list)

    @property
    def kind(self) -> str:
        """Kind of the folder: observations, quantities or regions."""
        return str(self.source["kind"])

    @property
    def retrieved(self) -> str:
        """Day of retrieval, ISO date."""
        return str(self.source["retrieved"])


def read_raw_folders(root: Path) -> tuple[list[RawFolder], Findings]:
    """Read every folder of ``data/raw``.

    Parameters
    ----------
    root : pathlib.Path
        Project folder.

    Returns
    -------
    folders : list of RawFolder
        In order of name; folders with a wrong source record are left out.
    findings : Findings
        What could not be read.
    """
    folders: list[RawFolder] = []
    findings = Findings()
    for path in sorted((root / "data" / "raw").iterdir()):
        name = path.relative_to(root).as_posix()
        if path.is_dir():
            folder = _read_folder(path, name, findings)
            if folder:
                folders.append(folder)
        elif not _IGNORED.match(path.name):
            findings.add("unread_file", file=name, value=path.name, expected=_sha256(path))
    return folders, findings


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _read_folder(path: Path, name: str, findings: Findings) -> RawFolder | None:
    record = f"{name}/source.yml"
    if not (path / "source.yml").is_file():
        findings.add("missing_source_file", file=name)
        return None
    try:
        parsed = read_yaml_file(path / "source.yml")
        parsed.finish()
    except CatalogError as error:
        value = error.what if error.got is None else error.got
        findings.add("bad_source_file", file=record, column="source.yml", value=value,
                     expected="YAML (UTF-8)")  # fmt: skip
        return None
    faults = list(_source_faults(parsed.data, path))
    for code, place, value, expected in faults:
        column, row = str(place[-1]) if place else "", parsed.lines.get(place, 1)
        findings.add(code, file=record, row=row, column=column, value=value, expected=expected)
    if faults:
        return None
    folder = RawFolder(path.name, name, parsed.data)
    named = {str(key): str(value) for key, value in parsed.data["files"].items()}
    for other in sorted(p for p in path.rglob("*") if p.is_file()):
        relative = other.relative_to(path).as_posix()
        if relative not in named and not _IGNORED.match(other.name):
            findings.add("unread_file", file=f"{name}/{relative}", value=relative,
                         expected=_sha256(other))  # fmt: skip
    for file, sha256 in named.items():
        table = _read_named(path / file, f"{name}/{file}", sha256, folder.kind, findings)
        if table:
            folder.tables.append(table)
    return folder


def key_faults(
    record: Mapping[str, Any], required: Sequence[str], allowed: Sequence[str]
) -> Iterator[tuple[str, str, object, str]]:
    """Find keys that a record lacks and keys that it must not have.

    Parameters
    ----------
    record : mapping
        Part of a YAML file.
    required, allowed : sequence of str
        Keys that must be filled, and all keys there are.

    Yields
    ------
    tuple
        Code of a finding, key, value (the key again) and what was expected.
    """
    for key in record:
        if key not in allowed:
            yield "unknown_key", str(key), key, ", ".join(allowed)
    for key in required:
        if record.get(key) in (None, "", {}, []):
            yield "missing_key", key, key, ""


def _source_faults(source: Any, folder: Path) -> Iterator[tuple[str, Place, object, str]]:
    """Yield code, place, value and what was expected for each fault of a source record."""
    if not isinstance(source, dict):
        yield "bad_source_file", (), source, "key: value"
        return
    for code, key, value, expected in key_faults(source, _REQUIRED_KEYS, _KEYS):
        yield code, (key,), value, expected
    for key, allowed in (("kind", tuple(CONTRACTS)), ("evidence", EVIDENCE)):
        if source.get(key) and source[key] not in allowed:
            yield "bad_source_file", (key,), source[key], " / ".join(allowed)
    for key in ("published", "retrieved"):
        if source.get(key) and not is_iso_date(str(source[key]), partial=key == "published"):
            yield "bad_source_file", (key,), source[key], "YYYY-MM-DD"
    yield from _file_list_faults(source.get("files") or {}, folder)


def _file_list_faults(files: Any, folder: Path) -> Iterator[tuple[str, Place, object, str]]:
    if not isinstance(files, dict):
        yield "bad_source_file", ("files",), files, "name.csv: sha256"
        return
    for file, sha256 in files.items():
        if not re.fullmatch(r"[0-9a-f]{64}", str(sha256)):
            path = folder / str(file)
            right = _sha256(path) if path.is_file() else "0-9 a-f × 64"
            yield "bad_source_file", ("files", file), sha256 or "", right


def _read_named(
    path: Path, file: str, sha256: str, kind: str, findings: Findings
) -> RawTable | None:
    if not path.is_file():
        findings.add("missing_file", file=file, value=path.name)
        return None
    found = _sha256(path)
    if found != sha256:
        findings.add("changed_file", file=file, value=found, expected=sha256)
        return None
    return parse_table(path.read_bytes(), file, kind, findings)


def parse_table(content: bytes, file: str, kind: str, findings: Findings) -> RawTable | None:
    """Turn the bytes of a CSV file into rows of text.

    Parameters
    ----------
    content : bytes
        The file.
    file : str
        Its name in findings.
    kind : str
        Key of `CONTRACTS`.
    findings : Findings
        Faults are added here.

    Returns
    -------
    RawTable or None
        None if nothing in the file can be read.
    """
    text = _decode(content, file, findings)
    if text is None:
        return None
    lines = csv.reader(io.StringIO(text, newline=""))
    header = next(lines, [])
    if not header:
        findings.add("empty_file", file=file)
        return None
    if not _header_is_usable(header, file, kind, findings):
        return None
    table = RawTable(file, header, [])
    try:
        _read_rows(lines, table, findings)
    except csv.Error as error:
        findings.add("not_csv", file=file, row=lines.line_num, expected=error)
        return None
    if not table.rows and not any(f.file == file for f in findings):
        findings.add("empty_file", file=file)
    return table


def _read_rows(lines: Any, table: RawTable, findings: Findings) -> None:
    width, start = len(table.header), lines.line_num + 1
    for cells in lines:
        line, start = start, lines.line_num + 1
        if not any(cell.strip() for cell in cells):
            findings.add("blank_row", file=table.file, row=line)
        elif len(cells) != width:
            findings.add("ragged_row", file=table.file, row=line, value=len(cells),
                         shown=str(len(cells)), expected=width)  # fmt: skip
        else:
            table.rows.append(RawRow(line, dict(zip(table.header, cells, strict=True))))


def _decode(content: bytes, file: str, findings: Findings) -> str | None:
    if not content.strip():
        findings.add("empty_file", file=file)
        return None
    for signature, name in _SIGNATURES.items():
        if content.startswith(signature):
            findings.add("not_csv", file=file, expected=name)
            return None
    if content.startswith(b"\xef\xbb\xbf"):
        findings.add("byte_order_mark", file=file, row=1, value="\ufeff", shown=ascii("\ufeff"))
        content = content[3:]
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        guess = next((name for name in ("UTF-16", "GB18030") if _looks_chinese(content, name)), "?")
        findings.add("not_utf8", file=file, expected=guess.replace("GB18030", "GBK / GB18030"))
        return None


def _looks_chinese(content: bytes, encoding: str) -> bool:
    # gb18030 accepts nearly anything, so its Chinese must look like Chinese
    try:
        return re.search("[\u4e00-\u9fff]", content.decode(encoding)) is not None
    except UnicodeDecodeError:
        return False


def _header_is_usable(header: list[str], file: str, kind: str, findings: Findings) -> bool:
    required, optional = CONTRACTS[kind]
    absent = [name for name in (*required, *optional) if name not in header]
    before, near = len(findings), set[str]()
    if len(header) == 1 and (match := re.search(r"[;\t|]", header[0])):
        findings.add("wrong_delimiter", file=file, row=1, value=header[0],
                     expected=repr(match.group()))  # fmt: skip
        return False
    for position, name in enumerate(header, 1):
        place = {"file": file, "row": 1, "column": name, "value": name}
        if not name.strip():
            findings.add("blank_header", file=file, row=1, expected=position)
        elif header.index(name) < position - 1:
            findings.add("duplicate_header", **place)
        elif name not in required and name not in optional:
            tidy = re.sub(r"[\s\ufeff]+", "_", name.strip(" \t\ufeff").lower())
            nearest = get_close_matches(tidy, absent, n=1, cutoff=0.7)
            near.update(nearest)
            if nearest:
                findings.add("header_typo", **place, nearest=repr(nearest[0]))
            else:
                findings.add("unknown_header", **place)
    for name in required:
        if name in absent and name not in near:
            findings.add("missing_header", file=file, row=1, column=name, value=name)
    return not any(f.severity == "error" for f in findings[before:])
