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


def to_csv(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> bytes:
    """Write a CSV file as UTF-8 with a byte-order mark, which spreadsheets need for Chinese."""
    buffer = io.StringIO()
    out = csv.writer(buffer, lineterminator="\r\n")
    out.writerow([safe_cell(head) for head in heads])
    out.writerows([safe_cell(cell) for cell in row] for row in rows)
    return b"\xef\xbb\xbf" + buffer.getvalue().encode("utf-8", errors="replace")


def block_csv(block: Block) -> bytes:
    """Return the CSV of a table, or of the data of a figure, with uncut text."""
    if block["type"] == "figure":
        data = block["data"]
        return to_csv(data["columns"], (map(_shown, row) for row in data["rows"]))
    heads = [f"{c['label']} ({c['unit']})" if c["unit"] else c["label"] for c in block["columns"]]
    keys = [column["key"] for column in block["columns"]]
    return to_csv(heads, ([_plain(row[key]) for key in keys] for row in block["rows"]))


def write_pack(paper: Paper, folder: Path) -> None:
    """Write all tables, the data of all figures and the register of numbers."""
    folder.mkdir(parents=True)
    files: dict[str, bytes] = {}
    listed = []
    for kind in ("table", "figure"):
        for block in paper.floats(kind):
            name = f"{block['id']}.csv"
            files[name] = block_csv(block)
            listed.append((name, block["label"], plain(block["caption"])))
    files["contents.csv"] = to_csv(("file", "label", "caption"), listed)
    files["facts.csv"] = to_csv(
        FACT_COLUMNS, (map(_shown, map(fact.get, FACT_COLUMNS)) for fact in paper.facts)
    )
    columns = ("number", "id", "title", "publisher", "published", "evidence", "conflict", "url")
    files["sources.csv"] = to_csv(columns, (
        [str(number), s.id, s.title, s.publisher, s.published, s.evidence,
         "yes" if s.id in paper.conflicting else "no", s.url]
        for number, s in enumerate(paper.sources, start=1)
    ))  # fmt: skip
    for name, content in files.items():
        (folder / name).write_bytes(content)
    with zipfile.ZipFile(folder.with_suffix(".zip"), "w") as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(f"{folder.name}/{name}", ZIP_TIME)
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, files[name], zipfile.ZIP_DEFLATED, 9)


def _shown(value: object) -> str:
    if isinstance(value, list | tuple):
        return " ".join(map(str, value))
    return "" if value is None else str(value)


def _plain(parts: Iterable[Any]) -> str:
    text = "".join(part if isinstance(part, str) else str(part["text"]) for part in parts)
    return "" if text == EMPTY else text
