"""Tables for readers: every cell is a fact or a label, never a bare number."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from wqa.display.facts import Fact, Printable, Text, parts_json, parts_of, require_no_digit
from wqa.errors import DataError

if TYPE_CHECKING:
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
