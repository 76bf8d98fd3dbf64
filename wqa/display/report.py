"""Paragraphs, tables and figures as readers see them, and how a notebook shows them.

Each shows itself in Jupyter with caption, notes and sources. What is given to `show` carries the
same content as data (`MIME`), too, from which the white paper is set. A notebook never writes a
file. What is shown is checked: no text or cell holds a number without its origin.
"""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec

import pandas as pd

from wqa.display.facts import Fact, Text, parts_json, parts_of, plain, require_no_digit
from wqa.display.wording import say, term, unit_name
from wqa.errors import BuildError, DataError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Bundle = dict[str, Any]
EMPTY = "\N{EM DASH}"
MIME = "application/vnd.wqa.block+json"
# Figures and tables without a printed source stand on the book's own computation.
OWN = "computed"
SHOWN_WIDTH = 640  # of a figure in Jupyter, pixels
Parts = list[Any]
P = ParamSpec("P")
# Columns of numbers, which stand under one another by their decimal points.
ALIGN = dict.fromkeys(
    (
        "batches", "brier", "change", "count", "coverage80", "deaths", "figures", "forecasts",
        "high", "hit", "indicators", "inside", "inside_80", "inside_95", "low", "mase", "median",
        "moved", "needed", "observed", "outcome", "outcomes", "own", "p_new", "points",
        "probability", "published", "ratio", "recomputed", "series", "stated", "statistic",
        "stock", "value",
    ),
    "decimal",
)  # fmt: skip
_ID = re.compile(r"[a-z][a-z0-9]*(?:[-_.][a-z0-9]+)*")


def _without_block(bundles: Iterable[Bundle]) -> Bundle:
    """Join what Jupyter shows of some bundles, without the block that enters the paper."""
    html_of, text_of = zip(*((b["text/html"], b["text/plain"]) for b in bundles), strict=True)
    return {"text/html": "".join(html_of), "text/plain": "\n".join(text_of)}


@dataclass(frozen=True)
class Paragraphs:
    """Sentences as readers see them: one paragraph each, or the entries of one list."""

    items: Sequence[Text]
    is_list: bool = False

    def __bool__(self) -> bool:
        return bool(self.items)

    def __getitem__(self, place: int) -> Paragraphs:
        """Return one of the paragraphs."""
        return Paragraphs([self.items[place]])

    def bundles(self) -> list[Bundle]:
        """Return what is displayed, one bundle per block of the paper."""
        what = "list" if self.is_list else "text"
        entries = [parts_json(item, f"{what}: {plain(item)}") for item in self.items]
        if not all(_plain(parts).strip() for parts in entries):
            raise BuildError(f"a {what} block is empty", fix="Show it only if it has a content.")
        if self.is_list and entries:
            shown = "".join(f"<li>{_html(parts)}</li>" for parts in entries)
            text = "\n".join(f"- {_plain(parts)}" for parts in entries)
            return [_bundle({"type": what, "id": "", "items": entries}, f"<ul>{shown}</ul>", text)]
        return [
            _bundle({"type": what, "id": "", "parts": p}, f"<p>{_html(p)}</p>", _plain(p))
            for p in entries
        ]

    def _repr_mimebundle_(self, **_: Any) -> Bundle:
        return _without_block(self.bundles()) if self else {}


def told(function: Callable[P, str | list[str]]) -> Callable[P, Paragraphs]:
    """Make what a function tells, one text or several, show itself as paragraphs."""

    @wraps(function)
    def inside(*args: P.args, **kwargs: P.kwargs) -> Paragraphs:
        made = function(*args, **kwargs)
        return Paragraphs(list(filter(None, [made] if isinstance(made, str) else made)))

    return inside


@dataclass(frozen=True)
class Column:
    """One column of a display table."""

    key: str
    label: str
    unit: str = ""

    def __post_init__(self) -> None:
        require_no_digit(self.label, f"head of column {self.key}")
        require_no_digit(self.unit, f"unit of column {self.key}")


@dataclass(frozen=True)
class DisplayTable:
    """A table as readers see it; a column without any cell is left out."""

    id: str
    caption: Text
    columns: tuple[Column, ...]
    rows: Sequence[Mapping[str, Any]]
    notes: Sequence[Text] = ()
    sources: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        keys = [column.key for column in self.columns]
        if len(set(keys)) != len(keys):
            raise DataError("a column key stands twice in a table", where=self.id)
        used = tuple(c for c in self.columns if any(row.get(c.key) for row in self.rows))
        cells = [row[key] for row in self.rows for key in keys if row.get(key)]
        object.__setattr__(self, "columns", used or self.columns)
        object.__setattr__(self, "sources", self.sources or sources_of(cells) or (OWN,))

    def to_json(self) -> dict[str, Any]:
        """Return columns, rows, notes and sources as JSON values; a missing cell is a dash."""
        return {
            "id": self.id,
            "caption": plain(self.caption),
            "caption_parts": parts_json(self.caption, f"caption of {self.id}"),
            "columns": [
                {"key": c.key, "label": c.label, "unit": c.unit, "align": ALIGN.get(c.key, "left")}
                for c in self.columns
            ],
            "rows": [
                {
                    c.key: parts_json(
                        row.get(c.key) or EMPTY, f"{self.id}, row {n}, column {c.key}"
                    )
                    for c in self.columns
                }
                for n, row in enumerate(self.rows, start=1)
            ],
            "notes": [parts_json(note, f"notes of {self.id}") for note in self.notes],
            "sources": list(self.sources),
        }

    @property
    def frame(self) -> pd.DataFrame:
        """The table under its heads; a cell that is one number is that number."""
        cells = [[_value(row.get(c.key)) for c in self.columns] for row in self.rows]
        return pd.DataFrame(cells, columns=[_head(c.label, c.unit) for c in self.columns])

    def bundles(self) -> list[Bundle]:
        """Return what is displayed: one bundle."""
        block: dict[str, Any] = {"type": "table", **self.to_json()}
        _checked(block["id"])
        _required(block, ("caption", "columns", "rows"), f"table {self.id}")
        block["alt"] = block["caption"]
        return [_bundle(block, _table_html(block), _table_text(block))]

    def _repr_mimebundle_(self, **_: Any) -> Bundle:
        return _without_block(self.bundles())


def table(
    lang: str,
    id: str,
    rows: Sequence[Mapping[str, Any]],
    keys: str = "",
    *,
    caption: Text = "",
    notes: Sequence[Text] = (),
    sources: Iterable[str] = (),
    **units: str,
) -> DisplayTable:
    """Make a table of rows of marked strings; without `keys` its columns are theirs."""
    named = keys.split() or dict.fromkeys(key for row in rows for key in row)
    columns = tuple(
        Column(key, term(f"table.{key}", lang), unit_name(units.get(key, ""), lang))
        for key in named
    )
    told = caption or say(f"caption.{id}", lang)
    return DisplayTable(id, told, columns, rows, tuple(notes), tuple(sources))


@dataclass(frozen=True)
class Drawing:
    """A figure as readers see it; `fig` and `ax` are plain Matplotlib."""

    fig: Figure
    id: str
    caption: Text
    alt: Text
    sources: Iterable[str]
    data: pd.DataFrame
    notes: Iterable[Text] = ()

    @property
    def frame(self) -> pd.DataFrame:
        """What is drawn."""
        return self.data

    @property
    def ax(self) -> Axes:
        """The axes of the figure."""
        return self.fig.axes[0]

    def bundles(self) -> list[Bundle]:
        """Return what is displayed: one bundle."""
        from wqa.display.figures import render

        block: dict[str, Any] = {
            "type": "figure",
            "id": _checked(self.id),
            "caption": plain(self.caption),
            "caption_parts": parts_json(self.caption, f"caption of {self.id}"),
            "alt": plain(self.alt).strip(),
            "alt_parts": parts_json(self.alt, f"alternative text of {self.id}"),
            "sources": list(self.sources),
            "notes": [parts_json(note, f"notes of {self.id}") for note in self.notes],
            "data": _frame_json(self.data),
            "svg_text": render(self.fig, "svg_text").decode("utf-8"),
            "svg_path": render(self.fig, "svg_path").decode("utf-8"),
            "png": base64.b64encode(render(self.fig, "png")).decode("ascii"),
        }
        _required(block, ("caption", "alt", "sources", "data"), f"figure {self.id}")
        # What is drawn stands in the text, too: pictures are neither stored nor compared.
        drawn = self.data.to_csv(index=False, sep="\t", float_format="%.10g").strip()
        text = f"[{block['caption']}] {block['alt']}\n{drawn}"
        return [_bundle(block, _figure_html(block), text)]

    def _repr_mimebundle_(self, **_: Any) -> Bundle:
        return _without_block(self.bundles())


def drawing(
    lang: str,
    key: str,
    fig: Figure,
    data: pd.DataFrame,
    *,
    id: str = "",
    alt: str = "",
    sources: Iterable[str] = (),
    notes: Iterable[Text] = (),
    **slots: Any,
) -> Drawing:
    """Make a figure whose caption and alternative text are sentences with the same slots."""
    caption, told = say(f"caption.{key}", lang, **slots), say(f"alt.{alt or key}", lang, **slots)
    return Drawing(
        fig, id or key, caption, told, sources or [*dict.fromkeys(data["source_id"])], data, notes
    )


# A thing to show, a text, or several of them.
Shown = Paragraphs | DisplayTable | Drawing


def sources_of(items: Iterable[Text]) -> tuple[str, ...]:
    """Return the sources of all facts in some texts, sorted."""
    found = {
        source
        for item in items
        for part in parts_of(item)
        if isinstance(part, Fact)
        for source in part.source_ids
    }
    return tuple(sorted(found))


def show(*things: Any, mark: str = "") -> None:
    """Show paragraphs, tables and figures, and put them into the paper; None shows nothing."""
    from IPython.display import display

    for thing in things:
        if thing is None:  # nothing to draw
            continue
        if isinstance(thing, Text):
            thing = Paragraphs([thing])
        if not isinstance(thing, Shown):
            show(*thing, mark=mark)
            continue
        if mark and isinstance(thing, Drawing):
            from wqa.display.figures import stamp

            stamp(thing.fig, mark)
        for bundle in thing.bundles():
            display(bundle, raw=True)


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


def _value(cell: Text | None) -> Any:
    """Return the number of a cell that is nothing else, or the text of the cell."""
    parts = parts_of(cell) if cell else [None]
    only = parts[0] if len(parts) == 1 else None
    if isinstance(only, Fact) and only.value is not None:
        return only.value
    return plain(cell) if cell else None


def _head(label: str, unit: str) -> str:
    return f"{label} ({unit})" if unit else label


def _table_html(block: Mapping[str, Any]) -> str:
    heads = "".join(
        f'<th scope="col">{html.escape(_head(column["label"], column["unit"]))}</th>'
        for column in block["columns"]
    )
    # Jupyter sets every cell to the right, which suits numbers only.
    sides = {c["key"]: c["align"].replace("decimal", "right") for c in block["columns"]}
    rows = (
        "".join(f'<td style="text-align:{at}">{_html(row[key])}</td>' for key, at in sides.items())
        for row in block["rows"]
    )
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    return (
        f"<table><caption>{_html(block['caption_parts'])}</caption>"
        f"<thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>{_foot(block)}"
    )


def _figure_html(block: Mapping[str, Any]) -> str:
    source, alt = f"data:image/png;base64,{block['png']}", html.escape(block["alt"])
    picture = f'<img src="{source}" alt="{alt}" width="{SHOWN_WIDTH}">'
    caption = f"<figcaption>{_html(block['caption_parts'])}</figcaption>"
    return f"<figure>{picture}{caption}</figure>{_foot(block)}"


def _foot(block: Mapping[str, Any]) -> str:
    """HTML of the notes, and of the sources by their ids."""
    lines = [*map(_html, block["notes"]), html.escape(", ".join(block["sources"]))]
    return "".join(f"<p><small>{line}</small></p>" for line in lines)


def _table_text(block: Mapping[str, Any]) -> str:
    """Tab-separated text: what a regression check of the notebook compares."""
    keys = [column["key"] for column in block["columns"]]
    lines = [str(block["caption"]), "\t".join(column["label"] for column in block["columns"])]
    lines += ["\t".join(_plain(row[key]) for key in keys) for row in block["rows"]]
    return "\n".join([*lines, *(_plain(note) for note in block["notes"])])


def _bundle(block: Mapping[str, Any], shown: str, plain: str) -> Bundle:
    return {MIME: dict(block), "text/html": shown, "text/plain": plain}
