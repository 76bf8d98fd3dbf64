"""The data behind every table and figure as CSV and as one workbook, safe in a spreadsheet."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter

from wqa.publication.document import Paper
from wqa.publication.printable import Block, plain

_NUMBER = re.compile(r"[-+]?(\d+|\d{1,3}(,\d{3})+)(\.\d+)?([eE][-+]?\d+)?%?")
# A spreadsheet takes a cell that begins like this for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
MINUS = "\N{MINUS SIGN}"
EMPTY = "\N{EM DASH}"
# A number as it is printed; one with a leading zero is a code, not a number.
_TYPED = re.compile(
    r"(?P<number>[-+]?(?:0|[1-9]\d*|[1-9]\d{0,2}(?:,\d{3})+)(?:\.(?P<places>\d+))?)(?P<percent>%?)"
)
# The real time would change with every build; this is the oldest that a ZIP archive can hold.
ZIP_TIME = (1980, 1, 1, 0, 0, 0)
MADE = datetime(2000, 1, 1)
WIDEST, NARROWEST = 60, 8  # columns of a sheet, in characters
LONGEST = 32_767  # characters that a cell of a sheet can hold
FACT_COLUMNS = (
    "id", "text", "value", "unit", "kind", "indicator_id", "region", "year", "scope",
    "source_ids", "locator", "vintage", "evidence", "lower", "upper", "note", "places",
)  # fmt: skip


def safe_cell(text: str) -> str:
    """Return a cell that no spreadsheet takes for a formula."""
    plain = text.replace(MINUS, "-")
    if _NUMBER.fullmatch(plain):
        return plain
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) or text[:1] in _FORMULA else text


def to_csv(rows: Iterable[Iterable[str]]) -> bytes:
    """Write a CSV file as UTF-8 with a byte-order mark, which spreadsheets need for Chinese."""
    buffer = io.StringIO()
    out = csv.writer(buffer, lineterminator="\r\n")
    out.writerows([safe_cell(cell) for cell in row] for row in rows)
    return b"\xef\xbb\xbf" + buffer.getvalue().encode("utf-8", errors="replace")


def block_rows(block: Block) -> list[list[str]]:
    """Return heads and rows of a table, or of the data of a figure, with uncut text."""
    if block["type"] == "figure":
        data = block["data"]
        return [list(data["columns"]), *([*map(_shown, row)] for row in data["rows"])]
    heads = [f"{c['label']} ({c['unit']})" if c["unit"] else c["label"] for c in block["columns"]]
    keys = [column["key"] for column in block["columns"]]
    return [heads, *([_plain(row[key]) for key in keys] for row in block["rows"])]


def write_pack(paper: Paper, folder: Path) -> None:
    """Write all tables, the data of all figures and the register of numbers."""
    folder.mkdir(parents=True)
    blocks = [*paper.floats("table"), *paper.floats("figure")]
    tables = {f"{block['id']}.csv": block_rows(block) for block in blocks}
    about = [[f"{b['id']}.csv", b["label"], plain(b["caption"])] for b in blocks]
    contents = [["file", "label", "caption"], *about]
    facts = [[_shown(fact.get(column)) for column in FACT_COLUMNS] for fact in paper.facts]
    columns = ("number", "id", "title", "publisher", "published", "evidence", "conflict", "url")
    sources = [
        [str(number), s.id, s.title, s.publisher, s.published, s.evidence,
         "yes" if s.id in paper.conflicting else "no", s.url]
        for number, s in enumerate(paper.sources, start=1)
    ]  # fmt: skip
    tables |= {
        "contents.csv": contents,
        "facts.csv": [[*FACT_COLUMNS], *facts],
        "sources.csv": [[*columns], *sources],
    }
    files = {name: to_csv(rows) for name, rows in tables.items()}
    sheets = {"contents": contents, "sources": tables["sources.csv"]}
    files["data.xlsx"] = workbook(sheets | {b["label"]: tables[f"{b['id']}.csv"] for b in blocks})
    for name, content in files.items():
        (folder / name).write_bytes(content)
    named = {f"{folder.name}/{name}": content for name, content in files.items()}
    folder.with_suffix(".zip").write_bytes(zipped(named))


def zipped(files: Mapping[str, bytes]) -> bytes:
    """Pack files, the same bytes every time."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, ZIP_TIME)
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, files[name], zipfile.ZIP_DEFLATED, 9)
    return buffer.getvalue()


def _shown(value: object) -> str:
    if isinstance(value, list | tuple):
        return " ".join(map(str, value))
    return "" if value is None else str(value)


def _plain(parts: Iterable[Any]) -> str:
    text = "".join(part if isinstance(part, str) else str(part["text"]) for part in parts)
    return "" if text == EMPTY else text


def typed(text: str) -> tuple[str | float, str]:
    """Return what a cell holds, a number where one is printed, and its number format."""
    match = _TYPED.fullmatch(text.replace(MINUS, "-"))
    if match is None:
        return ILLEGAL_CHARACTERS_RE.sub("", text)[:LONGEST], "@"
    number, places = match["number"].replace(",", ""), len(match["places"] or "")
    shown = "0" + ("." + "0" * places if places else "")
    if match["percent"]:
        return float(number) / 100, f"{shown}%"
    return float(number) if places else int(number), f"#,##{shown}" if "," in text else shown


def workbook(sheets: Mapping[str, Iterable[Sequence[str]]]) -> bytes:
    """Write one sheet per table, its heads in bold and kept in sight."""
    book = Workbook()
    book.remove(book.active)
    book.properties.creator = "wqa"
    book.properties.created = MADE
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        sheet.freeze_panes = "A2"
        widths: dict[int, int] = {}
        for number, row in enumerate(rows, start=1):
            for place, text in enumerate(row, start=1):
                cell = sheet.cell(number, place)
                cell.value, cell.number_format = typed(text)
                if isinstance(cell.value, str):
                    cell.data_type = "s"  # never a formula
                cell.alignment = Alignment(wrap_text=True, vertical="top")
                widths[place] = max(
                    widths.get(place, NARROWEST), sum(1 + (ord(c) > 0x2E7F) for c in text)
                )
        for cell in sheet[1]:
            cell.font = Font(bold=True)
        for place, width in widths.items():
            sheet.column_dimensions[get_column_letter(place)].width = min(width + 2, WIDEST)
    buffer = io.BytesIO()
    book.save(buffer)
    with zipfile.ZipFile(buffer) as made:
        parts = {name: made.read(name) for name in made.namelist()}
    pattern, core = rb"(<dcterms:modified[^>]*>)[^<]*", "docProps/core.xml"
    parts[core] = re.sub(pattern, rb"\g<1>" + MADE.isoformat().encode() + b"Z", parts[core])
    return zipped(parts)
