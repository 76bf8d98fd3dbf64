"""Read the folders of ``data/raw``: source record, hashes, encoding, header, cells as text.

Nothing is interpreted here and nothing is changed: a row keeps its line number and its
cells as they stand. What cannot be read is a finding, never an exception.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from wqa.data.findings import Finding, make_finding
from wqa.errors import CatalogError
from wqa.plans.catalog import read_yaml

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
_KEYS = {
    "kind", "title", "publisher", "compiled_by", "published", "retrieved", "url", "evidence",
    "licence", "note", "files", "documents",
}  # fmt: skip
_REQUIRED_KEYS = ("kind", "title", "publisher", "retrieved", "evidence", "licence", "files")
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


def read_raw_folders(root: Path) -> tuple[list[RawFolder], list[Finding]]:
    """Read every folder of ``data/raw``.

    Parameters
    ----------
    root : pathlib.Path
        Project folder.

    Returns
    -------
    folders : list of RawFolder
        In order of name; folders with a wrong source record are left out.
    findings : list of Finding
        What could not be read.
    """
    raw = root / "data" / "raw"
    folders: list[RawFolder] = []
    findings: list[Finding] = []
    for path in sorted(raw.iterdir()):
        name = path.relative_to(root).as_posix()
        if path.is_file():
            if not _IGNORED.match(path.name):
                findings.append(make_finding("unread_file", file=name, value=path.name))
            continue
        folder = _read_folder(path, name, findings)
        if folder:
            folders.append(folder)
    return folders, findings


def _read_folder(path: Path, name: str, findings: list[Finding]) -> RawFolder | None:
    record = f"{name}/source.yml"
    if not (path / "source.yml").is_file():
        findings.append(make_finding("missing_source_file", file=name))
        return None
    try:
        source = read_yaml(path / "source.yml")
    except CatalogError as error:
        detail = f"{error.what} ({error.got})" if error.got is not None else error.what
        findings.append(
            make_finding("bad_source_file", file=record, detail=detail, expected="YAML (UTF-8)")
        )
        return None
    faults = list(_source_faults(source))
    for detail, expected in faults:
        findings.append(
            make_finding("bad_source_file", file=record, detail=detail, expected=expected)
        )
    if faults:
        return None
    folder = RawFolder(path.name, name, source)
    named = {str(key): str(value) for key, value in source["files"].items()}
    for other in sorted(p for p in path.rglob("*") if p.is_file()):
        relative = other.relative_to(path).as_posix()
        if relative not in named and not _IGNORED.match(other.name):
            findings.append(make_finding("unread_file", file=f"{name}/{relative}", value=relative))
    for file, sha256 in named.items():
        table = _read_named(path / file, f"{name}/{file}", sha256, folder.kind, findings)
        if table:
            folder.tables.append(table)
    return folder


def _source_faults(source: Any) -> Iterator[tuple[str, str]]:
    """Yield (what is wrong, what was expected) for a source record."""
    if not isinstance(source, dict):
        yield "not a mapping", "key: value lines"
        return
    for key in source:
        if key not in _KEYS:
            yield f"unknown key {key!r}", ", ".join(sorted(_KEYS))
    for key in _REQUIRED_KEYS:
        if not source.get(key):
            yield f"missing or empty key {key!r}", "a value"
    for key, allowed in (("kind", tuple(CONTRACTS)), ("evidence", EVIDENCE)):
        if source.get(key) and source[key] not in allowed:
            yield f"{key} {source[key]!r}", " / ".join(allowed)
    for key in ("published", "retrieved"):
        if source.get(key) and not is_iso_date(str(source[key]), partial=key == "published"):
            yield f"{key} {source[key]!r}", "YYYY-MM-DD"
    yield from _file_list_faults(source.get("files") or {})


def _file_list_faults(files: Any) -> Iterator[tuple[str, str]]:
    if not isinstance(files, dict):
        yield "files is not a mapping", "file name: sha256"
        return
    for file, sha256 in files.items():
        if not re.fullmatch(r"[0-9a-f]{64}", str(sha256)):
            yield f"sha256 {sha256!r} of {file!r}", "64 hexadecimal digits"


def is_iso_date(text: str, *, partial: bool = False) -> bool:
    """Tell whether a text is an ISO date.

    Parameters
    ----------
    text : str
        ``2024-05-31``; with `partial` also ``2024-05`` and ``2024``.
    partial : bool
        Whether month or day may be missing.

    Returns
    -------
    bool
    """
    if partial and re.fullmatch(r"\d{4}(-\d{2})?", text):
        text = (text + "-01-01")[:10]
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _read_named(
    path: Path, file: str, sha256: str, kind: str, findings: list[Finding]
) -> RawTable | None:
    if not path.is_file():
        findings.append(make_finding("missing_file", file=file, value=path.name))
        return None
    content = path.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        findings.append(make_finding("changed_file", file=file, value=found, expected=sha256))
        return None
    return parse_table(content, file, kind, findings)


def parse_table(content: bytes, file: str, kind: str, findings: list[Finding]) -> RawTable | None:
    """Turn the bytes of a CSV file into rows of text.

    Parameters
    ----------
    content : bytes
        The file.
    file : str
        Its name in findings.
    kind : str
        Key of `CONTRACTS`.
    findings : list of Finding
        Faults are appended here.

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
        findings.append(make_finding("empty_file", file=file))
        return None
    if not _header_is_usable(header, file, kind, findings):
        return None
    table = RawTable(file, header, [])
    try:
        _read_rows(lines, table, findings)
    except csv.Error as error:
        findings.append(make_finding("not_csv", file=file, row=lines.line_num, expected=error))
        return None
    if not table.rows and not any(f.file == file for f in findings):
        findings.append(make_finding("empty_file", file=file))
    return table


def _read_rows(lines: Any, table: RawTable, findings: list[Finding]) -> None:
    file, header = table.file, table.header
    start = lines.line_num + 1
    for cells in lines:
        line, start = start, lines.line_num + 1
        if not any(cell.strip() for cell in cells):
            findings.append(make_finding("blank_row", file=file, row=line))
        elif len(cells) != len(header):
            findings.append(
                make_finding(
                    "ragged_row", file=file, row=line, value=len(cells),
                    shown=str(len(cells)), expected=len(header),
                )
            )  # fmt: skip
        else:
            table.rows.append(RawRow(line, dict(zip(header, cells, strict=True))))


def _decode(content: bytes, file: str, findings: list[Finding]) -> str | None:
    if not content.strip():
        findings.append(make_finding("empty_file", file=file))
        return None
    for signature, name in ((b"PK\x03\x04", "an Excel workbook (xlsx)"),
                            (b"\xd0\xcf\x11\xe0", "an Excel workbook (xls)"),
                            (b"%PDF", "a PDF file")):  # fmt: skip
        if content.startswith(signature):
            findings.append(make_finding("not_csv", file=file, expected=name))
            return None
    if content.startswith(b"\xef\xbb\xbf"):
        findings.append(make_finding("byte_order_mark", file=file, row=1, value="\ufeff",
                                     shown=ascii("\ufeff")))  # fmt: skip
        content = content[3:]
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        guess = "unknown encoding"
        for encoding in ("utf-16", "gb18030"):
            try:
                # gb18030 accepts nearly anything, so its Chinese must look like Chinese
                if re.search("[\u4e00-\u9fff]", content.decode(encoding)):
                    guess = {"utf-16": "UTF-16", "gb18030": "GBK / GB18030"}[encoding]
                    break
            except UnicodeDecodeError:
                continue
        findings.append(make_finding("not_utf8", file=file, expected=guess))
        return None


def _header_is_usable(header: list[str], file: str, kind: str, findings: list[Finding]) -> bool:
    required, optional = CONTRACTS[kind]
    known = [*required, *optional]
    before = len(findings)
    if len(header) == 1 and (match := re.search(r"[;\t|]", header[0])):
        findings.append(
            make_finding("wrong_delimiter", file=file, row=1, value=header[0],
                         expected=repr(match.group()))
        )  # fmt: skip
        return False
    near: set[str] = set()
    for position, name in enumerate(header, 1):
        if not name.strip():
            findings.append(make_finding("blank_header", file=file, row=1, expected=position))
        elif header.index(name) < position - 1:
            findings.append(
                make_finding("duplicate_header", file=file, row=1, column=name, value=name)
            )
        elif name not in known:
            _unknown_header(name, header, known, file, findings, near)
    for name in required:
        if name not in header and name not in near:
            findings.append(
                make_finding("missing_header", file=file, row=1, column=name, value=name)
            )
    return not any(f.severity == "error" for f in findings[before:])


def _unknown_header(
    name: str, header: list[str], known: list[str], file: str,
    findings: list[Finding], near: set[str],
) -> None:  # fmt: skip
    absent = [column for column in known if column not in header]
    tidy = re.sub(r"[\s\ufeff]+", "_", name.strip(" \t\ufeff").lower())
    nearest = get_close_matches(tidy, absent, n=1, cutoff=0.7)
    if nearest:
        near.add(nearest[0])
        findings.append(
            make_finding("header_typo", file=file, row=1, column=name, value=name,
                         nearest=repr(nearest[0]))
        )  # fmt: skip
    else:
        findings.append(make_finding("unknown_header", file=file, row=1, column=name, value=name))
