"""The data behind every table and figure as CSV, safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from wqa.publication.document import Paper
from wqa.publication.printable import Block, plain
from wqa.workbooks import Sheet, workbook

_NUMBER = re.compile(r"[-+]?(\d+|\d{1,3}(,\d{3})+)(\.\d+)?([eE][-+]?\d+)?%?")
# A spreadsheet takes a cell that begins like this for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
MINUS = "\N{MINUS SIGN}"
EMPTY = "\N{EM DASH}"
# The oldest time a ZIP archive can hold; the real one would change with every build.
ZIP_TIME = (1980, 1, 1, 0, 0, 0)
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


def write_pack(paper: Paper, folder: Path, mark: str) -> None:
    """Write all tables, the data of all figures and the register of numbers; a mark in each."""
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
    if mark:
        tables = {name: _marked(rows, mark) for name, rows in tables.items()}
    files = {name: to_csv(rows) for name, rows in tables.items()}
    sheets = {"contents": tables["contents.csv"], "sources": tables["sources.csv"]}
    sheets |= {b["label"]: tables[f"{b['id']}.csv"] for b in blocks}
    files["data.xlsx"] = workbook({title: Sheet([*rows]) for title, rows in sheets.items()})
    for name, content in files.items():
        (folder / name).write_bytes(content)
    with zipfile.ZipFile(folder.with_suffix(".zip"), "w") as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(f"{folder.name}/{name}", ZIP_TIME)
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, files[name], zipfile.ZIP_DEFLATED, 9)


def _marked(rows: Iterable[Iterable[str]], mark: str) -> list[list[str]]:
    """Add a column whose head is the mark."""
    return [[*row, "" if number else mark] for number, row in enumerate(rows)]


def _shown(value: object) -> str:
    if isinstance(value, list | tuple):
        return " ".join(map(str, value))
    return "" if value is None else str(value)


def _plain(parts: Iterable[Any]) -> str:
    text = "".join(part if isinstance(part, str) else str(part["text"]) for part in parts)
    return "" if text == EMPTY else text
