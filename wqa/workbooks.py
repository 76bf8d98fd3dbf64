"""Workbooks of Excel, written and read; the only user of openpyxl.

What is written has typed cells, no formula, and the same bytes every time. What is read comes from
anybody: nothing in it is run, its size is bounded before it is parsed, and what cannot be read is
a finding, never an exception.
"""

from __future__ import annotations

import io
import math
import re
import zipfile
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from openpyxl import Workbook, load_workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Alignment, Border, Font, PatternFill, Protection, Side
from openpyxl.utils import get_column_letter, range_boundaries
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.properties import PageSetupProperties

if TYPE_CHECKING:
    from wqa.data.findings import Findings

# A number as it is printed; one with a leading zero is a code, not a number.
_NUMBER = re.compile(
    r"(?P<number>[-+]?(?:0|[1-9]\d*|[1-9]\d{0,2}(?:,\d{3})+)(?:\.(?P<places>\d+))?)(?P<percent>%?)"
)
MINUS = "\N{MINUS SIGN}"
MADE = datetime(2000, 1, 1)  # the real time would change with every build
ZIP_TIME = (1980, 1, 1, 0, 0, 0)
WIDEST, NARROWEST = 48, 8  # columns, in characters
LONGEST = 32_767  # characters that a cell can hold
ENTERED, KNOWN = PatternFill("solid", "FFF9E5"), PatternFill("solid", "E7E6E6")
LINE = 17  # height in points
LINES = Border(*[Side("thin", "BFBFBF")] * 4)
MOST_BYTES, MOST_CELLS = 20 * 2**20, 100_000
OLE = b"\xd0\xcf\x11\xe0"
# A package of Office that is encrypted lies in an OLE file under this name, in UTF-16.
ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
Place = tuple[int, int]  # row and column, from 1


@dataclass(frozen=True)
class Sheet:
    """A table to be written; with cells to fill in, all others are locked."""

    rows: Sequence[Sequence[str]]
    heads: int = 1  # rows that stay in sight, in bold
    inputs: frozenset[Place] = frozenset()
    known: frozenset[Place] = frozenset()  # shown in grey
    choices: Mapping[int, str] = field(default_factory=dict)  # column to a list to choose from
    widest: int = WIDEST


@dataclass(frozen=True)
class Cell:
    """A cell that holds something, as it was read."""

    sheet: str
    row: int
    column: int
    value: Any
    is_percent: bool = False  # typed and shown as a percentage, so Excel keeps the share
    formula: str = ""
    is_hidden: bool = False
    is_merged: bool = False

    @property
    def place(self) -> str:
        """Sheet and cell as Excel names them."""
        return place_of(self.sheet, self.row, self.column)


def place_of(sheet: str, row: int, column: int) -> str:
    """Name a cell as Excel does."""
    return f"{sheet}!{get_column_letter(column)}{row}"


def typed(text: str) -> tuple[str | float, str]:
    """Return what a cell holds, a number where one is printed, and its number format."""
    match = _NUMBER.fullmatch(text.replace(MINUS, "-"))
    if match is None:
        return ILLEGAL_CHARACTERS_RE.sub("", text)[:LONGEST], "@"
    number, places = match["number"].replace(",", ""), len(match["places"] or "")
    shown = "0" + ("." + "0" * places if places else "")
    if match["percent"]:
        return float(number) / 100, f"{shown}%"
    return float(number) if places else int(number), f"#,##{shown}" if "," in text else shown


def workbook(sheets: Mapping[str, Sheet]) -> bytes:
    """Write one sheet per table, its heads in bold and kept in sight."""
    book = Workbook()
    book.remove(book.active)
    book.properties.creator = "wqa"
    book.properties.created = MADE
    for title, told in sheets.items():
        _write(book.create_sheet(title), told)
    buffer = io.BytesIO()
    book.save(buffer)
    return _same_bytes(buffer)


def _write(sheet: Any, told: Sheet) -> None:
    sheet.freeze_panes = f"A{told.heads + 1}"
    sheet.protection.sheet = bool(told.inputs)
    sheet.page_setup.orientation, sheet.page_setup.fitToHeight = "landscape", 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.print_title_rows = f"1:{told.heads}"
    widths: dict[int, int] = {}
    for number, row in enumerate(told.rows, start=1):
        for place, text in enumerate(row, start=1):
            cell = sheet.cell(number, place)
            cell.value, cell.number_format = typed(text)
            if isinstance(cell.value, str):
                cell.data_type = "s"  # never a formula
            cell.alignment = Alignment(wrap_text=True, vertical="top")
            cell.font = Font(bold=number <= told.heads)
            cell.border = LINES if told.choices else Border()
            widths[place] = max(widths.get(place, NARROWEST), _width(text))
        # Programs do not agree on whether a row grows with its text.
        lines = max((math.ceil((_width(text) + 2) / told.widest) for text in row), default=1)
        sheet.row_dimensions[number].height = LINE * max(lines, 1)
    for at in told.known:
        sheet.cell(*at).fill = KNOWN
    lists = {column: DataValidation("list", source) for column, source in told.choices.items()}
    for at in sorted(told.inputs):
        cell = sheet.cell(*at)
        cell.fill, cell.protection = ENTERED, Protection(locked=False)
        cell.number_format = "General"
        if at[1] in lists:
            lists[at[1]].add(cell)
    for choice in lists.values():
        choice.allow_blank, choice.showErrorMessage = True, True
        sheet.add_data_validation(choice)
    for place, width in widths.items():
        sheet.column_dimensions[get_column_letter(place)].width = min(width + 2, told.widest)


def fill(content: bytes, typed_in: Mapping[str, Mapping[Place, object]]) -> bytes:
    """Type values into the sheets of a workbook, as a person would."""
    book = load_workbook(io.BytesIO(content))
    for title, values in typed_in.items():
        for place, value in values.items():
            book[title].cell(*place).value = value
    buffer = io.BytesIO()
    book.save(buffer)
    return _same_bytes(buffer)


def _width(text: str) -> int:
    return sum(1 + (ord(sign) > 0x2E7F) for sign in text)


def _same_bytes(buffer: io.BytesIO) -> bytes:
    """Write the archive again without the times at which it was made."""
    out = io.BytesIO()
    with zipfile.ZipFile(buffer) as old, zipfile.ZipFile(out, "w") as new:
        for name in sorted(old.namelist()):
            content = old.read(name)
            if name == "docProps/core.xml":
                pattern = rb"(<dcterms:modified[^>]*>)[^<]*"
                content = re.sub(pattern, rb"\g<1>" + MADE.isoformat().encode() + b"Z", content)
            new.writestr(zipfile.ZipInfo(name, ZIP_TIME), content, zipfile.ZIP_DEFLATED, 9)
    return out.getvalue()


# ------------------------------------------------------------------------------------ reading


def read_workbook(path: Path, findings: Findings) -> dict[str, list[Cell]]:
    """Cells of every sheet that hold something; none, and why as a finding, if it is unsafe."""
    if path.name.startswith("~$") or path.with_name(f"~${path.name}").exists():
        findings.add("workbook_open", file=path.name)
        return {}
    content = path.read_bytes()
    fault, detail, has_formulas = _unsafe(content)
    if fault:
        findings.add(fault, file=path.name, value=detail, shown=detail)
        return {}
    try:
        values = load_workbook(io.BytesIO(content), data_only=True)
        formulas = load_workbook(io.BytesIO(content)) if has_formulas else None
        return {s.title: list(_cells(s, formulas)) for s in values.worksheets}
    except Exception as error:  # whatever a damaged part makes of the parser
        findings.add("not_xlsx", file=path.name, shown=f"{type(error).__name__}: {error}"[:200])
        return {}


def _unsafe(content: bytes) -> tuple[str, str, bool]:
    """Code and detail of what speaks against parsing a file; and whether it holds formulas."""
    if content.startswith(OLE):
        is_locked = ENCRYPTED in content
        return ("workbook_encrypted" if is_locked else "not_xlsx"), "Excel 97-2003 (.xls)", False
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
        names = archive.namelist()
        if "xl/workbook.xml" not in names:
            return "not_xlsx", "xl/workbook.xml", False
        risky = [n for n in names if re.search(r"vbaProject|externalLinks/|macrosheets/", n)]
        if risky:
            return "workbook_unsafe", risky[0], False
        size, cells, has_formulas = 0, 0, False
        for name in names:
            part = archive.open(name).read(MOST_BYTES + 1 - size)
            size += len(part)
            cells += len(re.findall(rb"<(?:\w+:)?c[ >/]", part)) + _merged_area(part)
            if size > MOST_BYTES or cells > MOST_CELLS:
                return "workbook_too_large", name, False
            if name.endswith((".xml", ".rels")) and re.search(rb"<!(DOCTYPE|ENTITY)|\x00", part):
                return "workbook_unsafe", name, False
            has_formulas |= re.search(rb"<(?:\w+:)?f[ >/]", part) is not None
    except (zipfile.BadZipFile, zipfile.LargeZipFile, OSError, EOFError, ValueError,
            NotImplementedError, RuntimeError, zlib.error) as error:  # fmt: skip
        return "not_xlsx", f"{type(error).__name__}: {error}", False
    return "", "", has_formulas


def _merged_area(part: bytes) -> int:
    """Cells that merged ranges of a sheet cover; the parser makes every one of them."""
    area = 0
    for found in re.findall(rb"<(?:\w+:)?mergeCell [^>]*?ref=[\"']([A-Z0-9:]+)", part):
        left, top, right, bottom = range_boundaries(found.decode())
        area += (right - left + 1) * (bottom - top + 1)
    return area


def _cells(sheet: Any, formulas: Any) -> Iterable[Cell]:
    hidden = {r for r, d in sheet.row_dimensions.items() if d.hidden}
    columns = [d for d in sheet.column_dimensions.values() if d.hidden]
    is_hidden = sheet.sheet_state != "visible"
    merged = [r.bounds for r in sheet.merged_cells.ranges]
    others = formulas[sheet.title] if formulas else None
    # The dimensions of a sheet may lie: only cells that exist are looked at.
    for (row, column), cell in sorted(sheet._cells.items()):
        other = others.cell(row, column) if others else None
        formula = str(other.value) if other is not None and other.data_type == "f" else ""
        is_merged = any(x <= column <= z and y <= row <= w for x, y, z, w in merged)
        if cell.value is None and not formula and not is_merged:
            continue
        is_off = is_hidden or row in hidden or any(d.min <= column <= d.max for d in columns)
        is_percent = "%" in str(getattr(cell, "number_format", ""))
        yield Cell(sheet.title, row, column, cell.value, is_percent, formula, is_off, is_merged)


def write_file(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_bytes(content)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
