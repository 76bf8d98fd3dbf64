"""The data pack as one workbook: typed cells, no formula, the same bytes every time."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter

# A number as it is printed; one with a leading zero is a code, not a number.
_NUMBER = re.compile(
    r"(?P<number>[-+]?(?:0|[1-9]\d*|[1-9]\d{0,2}(?:,\d{3})+)(?:\.(?P<places>\d+))?)(?P<percent>%?)"
)
MINUS = "\N{MINUS SIGN}"
MADE = datetime(2000, 1, 1)  # the real time would change with every build
ZIP_TIME = (1980, 1, 1, 0, 0, 0)
WIDEST, NARROWEST = 60, 8  # columns, in characters
LONGEST = 32_767  # characters that a cell can hold


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
    return _same_bytes(buffer)


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
