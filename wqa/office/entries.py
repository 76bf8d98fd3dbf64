"""What an office typed: the cells of its workbook as rows of a delivery, each with its place.

Only what belongs to the workbook is checked here; the rows then pass the checks of every delivery.
Numbers that a person reads without doubt are read, and it is said how.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from wqa.catalog.catalog import list_plans, load_indicators, load_plan, load_units
from wqa.catalog.reading import read_words, resolve_id
from wqa.catalog.records import Condition, Plan, Target
from wqa.data.cells import conversion, is_iso_date, parse_number
from wqa.data.findings import Findings
from wqa.data.observations import Ingested
from wqa.errors import CatalogError, DataError
from wqa.goals import to_decimal
from wqa.workbooks import Cell, place_of, read_workbook

NEEDED = ("indicator", "scope", "region", "unit", "period", "value")
NUMBERS = ("value", "numerator", "denominator")
KNOWN = re.compile(r"known_(\d{4})")
DATE = re.compile(r"(\d{4})[-年/.](\d{1,2})(?:[-月/.](\d{1,2})日?|月)?")
THOUSANDS = re.compile(r"([-+]?\d{1,3})((?:,\d{3})+)((?:\.\d+)?)")
Row = dict[str, Cell]  # cells by column


@dataclass(frozen=True)
class Entry:
    """A figure as a row of a delivery, and where each of its cells stands in the workbook."""

    cells: dict[str, str]
    places: dict[str, str]


@dataclass
class Form:
    """A filled-in workbook: which form it is, its figures, and what is wrong with its cells."""

    file: str
    findings: Findings = field(default_factory=Findings)
    entries: list[Entry] = field(default_factory=list)
    plan: Plan | None = None
    year: int = 0
    region: str = ""
    office: str = ""
    day: str = ""
    wrong_day: str = ""  # its place
    blank: dict[str, str] = field(default_factory=dict)  # places that are to be filled in

    def fault(self, code: str, place: str, value: object = "", expected: object = "") -> None:
        """Note a fault, or how something was read, at a place of the workbook."""
        self.findings.add(code, file=self.file, column=place, value=value, expected=expected)


def read_form(
    path: Path, known: Ingested, catalog: Path | None, asked: tuple[str, int | None] = ("", None)
) -> Form:
    """Read a filled-in workbook; its entries still have to pass the checks of a delivery."""
    form = Form(path.name)
    sheets = read_workbook(path, form.findings)
    titles = {key: [*text.values()] for key, text in read_words("workbook")["sheets"].items()}
    named = {
        key: next((n for n in sheets if n in known_as), "") for key, known_as in titles.items()
    }
    if form.findings or not named["guide"]:
        if not form.findings:
            form.fault("no_form", "")
        return form
    _read_guide(form, sheets[named["guide"]], catalog, asked)
    if form.findings:
        return form
    sources = _read_sources(form, sheets.get(named["sources"], []), named["sources"])
    reader = _Reader(form, sources, known, catalog)
    groups = {name for both in read_words("groups")["groups"].values() for name in both.values()}
    for title, cells in sheets.items():
        if title not in named.values():
            reader.read_sheet(title, cells, is_own=title in groups)
    if form.wrong_day:
        form.fault("form_day", form.wrong_day, form.day)
    for key, place in form.blank.items() if form.entries else ():
        form.fault("form_blank", place, "", read_words("workbook")["form"][key]["zh"])
    return form


def _read_guide(
    form: Form, cells: list[Cell], catalog: Path | None, asked: tuple[str, int | None]
) -> None:
    """Find which form it is, who filled it in, and when."""
    by_place = {(cell.row, cell.column): cell for cell in cells}
    labels = {text: key for key, both in read_words("workbook")["form"].items()
              for text in both.values()}  # fmt: skip
    found = {labels[str(cell.value)]: cell for cell in cells if str(cell.value) in labels}
    told = {key: by_place.get((cell.row, cell.column + 1)) for key, cell in found.items()}
    said = {key: date_text(cell) for key, cell in told.items() if cell}
    try:
        plans = {name: (load_plan(name, catalog).title_zh,) for name in list_plans(catalog)}
        plan = load_plan(resolve_id(said.get("plan", ""), plans, "plan", CatalogError), catalog)
        form.year, form.region = int(said["year"]), said["region"]
    except (CatalogError, KeyError, ValueError):
        form.fault(
            "no_form",
            _beside(found.get("plan")),
            said.get("plan", ""),
            ", ".join(list_plans(catalog)),
        )
        return
    for key, got, wanted in zip(("plan", "year"), (plan.id, form.year), asked, strict=True):
        if wanted and got != wanted:
            form.fault("other_form", _beside(found[key]), got, wanted)
    form.plan, form.office, form.day = plan, said.get("office", ""), said.get("day", "")
    form.blank = {key: _beside(found.get(key)) for key in ("office", "day") if key not in said}
    if form.day and not is_iso_date(form.day):
        form.wrong_day = _beside(found["day"])


def _beside(cell: Cell | None) -> str:
    return place_of(cell.sheet, cell.row, cell.column + 1) if cell else ""


def _read_sources(form: Form, cells: list[Cell], title: str) -> dict[str, Row]:
    """Source documents by their title; each needs title, publisher and date."""
    places = _heads(cells, read_words("workbook")["source_columns"])
    if len(places) < len(read_words("workbook")["source_columns"]):
        form.fault("form_column", f"{title}!1", "", "文件名称、发布单位、日期")
        return {}
    rows: dict[int, Row] = defaultdict(dict)
    for cell in cells:
        if cell.row > 1 and cell.column in places.values() and cell_text(cell):
            rows[cell.row] |= {k: cell for k, column in places.items() if column == cell.column}
    found: dict[str, Row] = {}
    for number, row in sorted(rows.items()):
        for key, column in places.items():
            if key not in row:
                words = read_words("workbook")["source_columns"][key]["zh"]
                form.fault("form_blank", place_of(title, number, column), "", words)
        name = cell_text(row["title"]) if "title" in row else ""
        name = unicodedata.normalize("NFKC", name).strip()
        if name in found:
            form.fault("form_twice", row["title"].place, name, found[name]["title"].place)
        elif name:
            found[name] = row
    return found


def _heads(cells: Iterable[Cell], columns: Mapping[str, Mapping[str, str]]) -> dict[str, int]:
    """Column of each head of the first row, in either language; a head that stands twice is 0."""
    found: dict[str, int] = {}
    for cell in (c for c in cells if c.row == 1):
        for key, both in columns.items():
            for shown in both.values():
                pattern = re.escape(shown).replace(r"\{year\}", r"(\d{4})")
                if match := re.fullmatch(pattern, cell_text(cell)):
                    name = f"{key}_{match[1]}" if match.groups() else key
                    found[name] = 0 if name in found else cell.column
    return found


class _Reader:
    """Reads row after row; a class only to share what one row needs."""

    def __init__(
        self, form: Form, sources: dict[str, Row], known: Ingested, catalog: Path | None
    ) -> None:
        self.form, self.sources, self.names = form, sources, known.names
        self.indicators, self.units = load_indicators(catalog), load_units(catalog)
        self.limits = read_words("workbook")["limits"]
        self.first: dict[tuple[str, ...], str] = {}
        self.resolved: dict[tuple[str, str], str] = {}  # names, which stand in many rows
        self.scopes: dict[str, set[str]] = defaultdict(set)
        self.values: dict[tuple[str, str, int], set[float]] = defaultdict(set)
        for row in known.frame[["indicator_id", "region", "scope", "year", "value"]].to_numpy():
            self.scopes[row[0]].add(row[2])
            self.values[row[0], row[1], row[3]].add(row[4])
        for target in form.plan.targets if form.plan else ():
            asked: list[Target | Condition] = [target, *target.conditions]
            for one in asked:
                self.scopes[one.indicator_id].update(s for s in one.series if "*" not in s)

    def read_sheet(self, title: str, cells: list[Cell], is_own: bool) -> None:
        """Read the figures of one sheet."""
        heads, words = _heads(cells, columns := read_words("workbook")["columns"]), ""
        if not is_own and not {"indicator", "value"} <= {*heads}:
            if cells:
                self.form.fault("sheet_ignored", title)
            return
        for key in (*NEEDED, *(k for k in heads if not heads[k])):
            if not heads.get(key):
                words = columns[key]["zh"] if key in columns else key
                self.form.fault("form_column", f"{title}!1", words, words)
        if words:
            return
        rows: dict[int, Row] = defaultdict(dict)
        by_column = {column: key for key, column in heads.items()}
        for cell in (c for c in cells if c.row > 1):
            if cell.column in by_column:
                rows[cell.row][by_column[cell.column]] = cell
            elif cell_text(cell):
                self.form.fault("form_column", cell.place, cell_text(cell), "")
        for number, row in sorted(rows.items()):
            blank = {key: place_of(title, number, column) for key, column in heads.items()}
            self.read_row(row, blank)

    def read_row(self, row: Row, places: dict[str, str]) -> None:
        """Read one row of figures, if anything is filled in."""
        said = {key: cell_text(cell) for key, cell in row.items()}
        for key, kind in (("indicator", "indicator_id"), ("region", "region")):
            text = said.get(key, "")
            if (kind, text) not in self.resolved:
                self.resolved[kind, text] = _named(text, self.names[kind])
            said[key] = self.resolved[kind, text]
        for key in ("period", "unit", "qualifier", "source", "scope"):
            said[key] = unicodedata.normalize("NFKC", said.get(key, "")).strip()
        said["period"] = said["period"].removesuffix("年")
        self.check_known(row, said)
        if not any(said.get(k) or (k in row and is_odd(row[k])) for k in NUMBERS):
            return
        indicator = self.indicators.get(said["indicator"])
        fits = {s: [*self.names["scope"].get(s, ())] for s in self.scopes[said["indicator"]]}
        said["scope"] = _named(said["scope"], fits or self.names["scope"])
        if indicator and said["scope"] not in {*fits, *self.names["scope"]}:
            about = {"value": said["scope"], "column": places["scope"]}
            near = ", ".join(" ".join((key, *words[:1])) for key, words in fits.items())
            self.form.findings.add("unknown_scope", file=self.form.file, **about, nearest=near)
        units = [said["unit"]]
        said["unit"] = self.unit(units[0], indicator.unit if indicator else "")
        for key in (k for k in NUMBERS if k in row):
            said[key] = self.number(row[key], units if key == "value" else [])
        limit = said["qualifier"]
        by_word = {word: key for key, both in self.limits.items() for word in both.values()}
        source = self.source(said["source"], places["source"])
        shown = {key: said.get(key, "") for key in (*NEEDED, *NUMBERS[1:], "note")}
        shown |= {"qualifier": by_word.get(limit, limit) or "exact"}
        shown |= {f"source_{key}": date_text(cell) for key, cell in source.items()}
        places = {**places, **{f"source_{key}": cell.place for key, cell in source.items()}}
        identity = tuple(shown[key] for key in ("indicator", "region", "scope", "period"))
        earlier = self.first.setdefault(identity, places["value"])
        if earlier != places["value"]:
            self.form.fault("form_twice", places["value"], shown["value"], earlier)
        self.form.entries.append(Entry(shown, places))

    def check_known(self, row: Row, said: dict[str, str]) -> None:
        """Hold the grey cells against what is known: they are no place for a correction."""
        for key, cell in row.items():
            if match := KNOWN.fullmatch(key):
                text, values = self.number(cell, []), self.values[
                    said["indicator"], said["region"], int(match[1])]  # fmt: skip
                if text and not any(text == plain_number(value) for value in values):
                    shown = " / ".join(plain_number(value) for value in sorted(values))
                    self.form.fault("known_changed", cell.place, text, shown or "-")

    def number(self, cell: Cell, units: list[str]) -> str:
        """Read a number as a person reads it, and say so where it was not typed as one."""
        for code, is_so in (("merged_cells", cell.is_merged), ("hidden_cells", cell.is_hidden),
                            ("formula_unstored", cell.formula and cell.value is None)):  # fmt: skip
            if is_so:
                self.form.fault(code, cell.place, cell_text(cell) or cell.formula)
        text = read = cell_text(cell)
        if isinstance(cell.value, str):
            read = unicodedata.normalize("NFKC", text).strip()
            for unit in filter(None, units):
                read = read.removesuffix(unit).strip()
            read = THOUSANDS.sub(lambda m: m[1] + m[2].replace(",", "") + m[3], read)
            if not isinstance(parse_number(read), float):
                return text.strip()
        elif cell.is_percent and isinstance(cell.value, int | float):
            read = plain_number(100.0 * cell.value)
        if read != text or isinstance(cell.value, str) or (cell.formula and text):
            self.form.fault("read_as", cell.place, cell.formula or cell.value, read)
        return read

    def unit(self, text: str, own: str) -> str:
        """Id of a unit by any of its names, the indicator's own first."""
        kin = [u for u in self.units if own and conversion(u, own, self.units)]
        for id in (own, *kin, *self.units):
            if id and text in (id, self.units[id].zh, self.units[id].en):
                return id
        return text

    def source(self, title: str, place: str) -> Row:
        """Source document that was chosen; the only one where none was."""
        if title and title not in self.sources:
            self.form.fault("unknown_source", place, title, " / ".join(self.sources) or "-")
        elif not title and len(self.sources) != 1:
            self.form.fault(
                "form_blank", place, "", read_words("workbook")["columns"]["source"]["zh"]
            )
        title = title or next(iter(self.sources), "")
        return self.sources.get(title, {})


def is_odd(cell: Cell) -> bool:
    """Whether a cell without a value still says that somebody meant to fill it in."""
    return bool(cell.formula) or cell.is_merged


def _named(text: str, known: Mapping[str, Iterable[str]]) -> str:
    """Id that a text names; what is not known stays as it is, for the checks to name it."""
    try:
        return resolve_id(text, known, "name")
    except DataError:
        return text


def cell_text(cell: Cell) -> str:
    """Show what a cell holds: numbers without the tail of their binary form, dates as ISO dates."""
    value: Any = cell.value
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, int | float):
        return plain_number(value)
    return value.isoformat()[:10] if isinstance(value, datetime | date) else str(value)


def date_text(cell: Cell) -> str:
    """Read a day in any usual spelling as an ISO date; what is none stays as it is."""
    text = unicodedata.normalize("NFKC", cell_text(cell)).strip()
    match = DATE.fullmatch(text)
    return (
        "-".join([match[1], *(part.zfill(2) for part in match.groups()[1:] if part)])
        if match
        else text
    )


def plain_number(value: float) -> str:
    """Decimal digits of a number, fifteen of them at most: what Excel keeps."""
    return f"{to_decimal(f'{value:.15g}').normalize():f}"
