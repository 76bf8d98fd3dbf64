"""What a notebook calls to put a text, table or figure in front of a reader.

Each call shows itself in Jupyter as HTML or a picture, and carries the same content as
data (`MIME`), from which the white paper is set. A notebook never writes a file. Every cell
of a table is a fact or a label, never a bare number.
"""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from wqa.display.facts import Fact, Printable, Text, parts_json, parts_of, require_no_digit
from wqa.errors import BuildError, DataError

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    pass

Align = Literal["left", "center", "right", "decimal"]
EMPTY = "\N{EM DASH}"


@dataclass(frozen=True)
class Column:
    """One column of a display table."""

    key: str
    label: str
    unit: str = ""
    align: Align = "left"

    def __post_init__(self) -> None:
        require_no_digit(self.label, f"head of column {self.key}")
        require_no_digit(self.unit, f"unit of column {self.key}")


@dataclass(frozen=True)
class DisplayTable:
    """A table as readers see it."""

    id: str
    caption: Printable
    columns: tuple[Column, ...]
    rows: tuple[Mapping[str, Printable], ...]
    notes: tuple[Printable, ...] = ()
    sources: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        keys = {column.key for column in self.columns}
        if len(keys) != len(self.columns):
            raise DataError("a column key stands twice in a table", where=self.id)
        for number, row in enumerate(self.rows, start=1):
            for key, cell in row.items():
                where = f"{self.id}, row {number}, column {key}"
                if key not in keys:
                    raise DataError("a cell has no column", where=where)
                if isinstance(cell, str):
                    require_no_digit(cell, where)
                elif not isinstance(cell, Fact | Text):
                    raise DataError("a cell is neither a fact nor a label", where=where, got=cell)
        if not self.sources:
            object.__setattr__(self, "sources", sources_of(self.cells()))

    def cells(self) -> tuple[Printable, ...]:
        """Return all cells, row by row; a missing cell is a dash."""
        return tuple(
            row.get(column.key, EMPTY) or EMPTY for row in self.rows for column in self.columns
        )

    def to_json(self) -> dict[str, Any]:
        """Return columns, rows, notes and sources as JSON values."""
        return {
            "id": self.id,
            "caption": str(self.caption),
            "caption_parts": parts_json(self.caption),
            "columns": [
                {"key": c.key, "label": c.label, "unit": c.unit, "align": c.align}
                for c in self.columns
            ],
            "rows": [
                {c.key: parts_json(row.get(c.key, EMPTY) or EMPTY) for c in self.columns}
                for row in self.rows
            ],
            "notes": [parts_json(note) for note in self.notes],
            "sources": list(self.sources),
        }


def sources_of(items: Iterable[Printable]) -> tuple[str, ...]:
    """Return the sources of all facts in some printables, sorted."""
    found = {
        source
        for item in items
        for part in parts_of(item)
        if isinstance(part, Fact)
        for source in part.source_ids
    }
    return tuple(sorted(found))


MIME = "application/vnd.wqa.block+json"
# Figures and tables without a printed source stand on the book's own computation.
OWN = "computed"
Parts = list[Any]
_ID = re.compile(r"[a-z][a-z0-9]*(?:[-_.][a-z0-9]+)*")


def show_text(text: Printable | Iterable[Printable]) -> None:
    """Show one paragraph, or several."""
    items: list[Printable] = [text] if isinstance(text, str | Fact | Text) else list(text)
    for item in items:
        parts = _parts(item, "text")
        block = {"type": "text", "id": "", "parts": parts}
        _display(block, f"<p>{_html(parts)}</p>", _plain(parts))


def show_list(items: Iterable[Printable]) -> None:
    """Show an unnumbered list."""
    entries = [_parts(item, "list") for item in items]
    if not entries:
        raise BuildError("a list has no entry", fix="Show it only if there is something in it.")
    shown = "".join(f"<li>{_html(parts)}</li>" for parts in entries)
    plain = "\n".join(f"- {_plain(parts)}" for parts in entries)
    _display({"type": "list", "id": "", "items": entries}, f"<ul>{shown}</ul>", plain)


def show_table(table: DisplayTable) -> None:
    """Show a table."""
    block: dict[str, Any] = {"type": "table", **table.to_json()}
    _checked(block["id"])
    _required(block, ("caption", "columns", "rows", "sources"), f"table {table.id}")
    block["alt"] = block["caption"]
    _display(block, _table_html(block), _table_text(block))


def show_figure(
    fig: Figure,
    *,
    id: str,
    caption: Printable,
    alt: Printable,
    sources: Iterable[str],
    data: pd.DataFrame,
    notes: Iterable[Printable] = (),
) -> None:
    """Show a figure."""
    from wqa.display.figures import render

    pictures = {fmt: render(fig, fmt) for fmt in ("svg_text", "svg_path", "png")}
    block: dict[str, Any] = {
        "type": "figure",
        "id": _checked(id),
        "caption": str(caption),
        "caption_parts": parts_json(caption),
        "alt": str(alt).strip(),
        "alt_parts": parts_json(alt),
        "sources": list(sources),
        "notes": [parts_json(note) for note in notes],
        "data": _frame_json(data),
        "svg_text": pictures["svg_text"].decode("utf-8"),
        "svg_path": pictures["svg_path"].decode("utf-8"),
        "png": base64.b64encode(pictures["png"]).decode("ascii"),
    }
    _required(block, ("caption", "alt", "sources", "data"), f"figure {id}")
    _display(block, "", f"[{_plain(block['caption_parts'])}] {block['alt']}")


def _parts(item: Printable, what: str) -> Parts:
    parts = parts_json(item)
    if not _plain(parts).strip():
        raise BuildError(f"a {what} block is empty", fix="Show it only if it has a content.")
    return parts


def _checked(id: str) -> str:
    if not _ID.fullmatch(id):
        raise BuildError(
            "an id is not an anchor",
            got=id,
            expected="lower-case ASCII letters and digits, parts joined by - _ or .",
        )
    return id


def _required(block: Mapping[str, Any], keys: Iterable[str], where: str) -> None:
    for key in keys:
        value = block[key]
        if not value or (key == "data" and not value["columns"]):
            raise BuildError(f"{key} is missing", where=where, fix=f"Give {key} a content.")


def _frame_json(data: pd.DataFrame) -> dict[str, Any]:
    """Columns and rows as JSON values; what is not a number or a string is printed."""
    import pandas as pd

    def cell(value: Any) -> Any:
        if pd.api.types.is_scalar(value) and pd.isna(value):
            return None
        if hasattr(value, "item"):
            return cell(value.item())
        return value if isinstance(value, bool | int | float | str) else str(value)

    rows = [[cell(value) for value in row] for row in data.itertuples(index=False, name=None)]
    return {"columns": [str(column) for column in data.columns], "rows": rows}


def _plain(parts: Parts) -> str:
    return "".join(part if isinstance(part, str) else str(part["text"]) for part in parts)


def _html(parts: Parts) -> str:
    """HTML of a text; hovering over a number shows where it comes from."""
    out = []
    for part in parts:
        if isinstance(part, str):
            out.append(html.escape(part))
            continue
        origin = " | ".join([*part.get("source_ids", ()), str(part.get("locator", ""))]).strip(" |")
        tip = html.escape(origin or str(part["kind"]))
        out.append(f'<span title="{tip}">{html.escape(str(part["text"]))}</span>')
    return "".join(out)


def _table_html(block: Mapping[str, Any]) -> str:
    def head(column: Mapping[str, str]) -> str:
        unit = f" ({column['unit']})" if column["unit"] else ""
        return f'<th scope="col">{html.escape(column["label"] + unit)}</th>'

    heads = "".join(head(column) for column in block["columns"])
    keys = [column["key"] for column in block["columns"]]
    body = "".join(
        "<tr>" + "".join(f"<td>{_html(row[key])}</td>" for key in keys) + "</tr>"
        for row in block["rows"]
    )
    notes = "".join(f"<p><small>{_html(note)}</small></p>" for note in block["notes"])
    return (
        f"<table><caption>{_html(block['caption_parts'])}</caption>"
        f"<thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>{notes}"
    )


def _table_text(block: Mapping[str, Any]) -> str:
    """Tab-separated text: what a regression check of the notebook compares."""
    keys = [column["key"] for column in block["columns"]]
    lines = [str(block["caption"]), "\t".join(column["label"] for column in block["columns"])]
    lines += ["\t".join(_plain(row[key]) for key in keys) for row in block["rows"]]
    return "\n".join([*lines, *(_plain(note) for note in block["notes"])])


def _display(block: Mapping[str, Any], shown: str, plain: str) -> None:
    from IPython.display import display

    bundle: dict[str, Any] = {MIME: dict(block), "text/plain": plain}
    if block["type"] == "figure":
        bundle["image/png"] = block["png"]
        display(bundle, metadata={"image/png": {"alt": block["alt"]}}, raw=True)
        return
    bundle["text/html"] = shown
    display(bundle, raw=True)
