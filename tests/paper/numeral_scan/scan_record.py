"""What a number in a finished paper may rest on: the records that stand beside the paper.

Facts, sources, labels, figure data and parameters are read from the folder of the edition;
names and texts from the catalogue; the few number words of plain wording from a declared
list (``numerals.yml``).
"""

from __future__ import annotations

import csv
import json
import re
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numeral_scan.numerals import find_numerals, squeezed

from wqa.catalog.reading import read_yaml
from wqa.display.report import MIME
from wqa.errors import BuildError
from wqa.paths import CATALOG

Row = Mapping[str, str]
_SVG = "{http://www.w3.org/2000/svg}"
_APART = "\x1f"
_PREFIX = 30  # letters of a class that may stand before the name of a definition
_LONGEST = 200  # letters by which a fact is found
_WORDING = ("sentences.yml", "terms.yml")


@dataclass(frozen=True)
class Figure:
    """Texts of a figure as drawn, which of them label an axis, and the numbers drawn."""

    label: str
    texts: tuple[tuple[str, bool], ...]
    cells: str
    numbers: frozenset[str]


@dataclass(frozen=True)
class Record:
    """Everything that a numeral of an edition can resolve to."""

    lang: str
    edition: set[str]  # numbers of the title page
    chapters: list[Mapping[str, Any]]
    labels: Mapping[str, str]
    facts: Mapping[str, list[Row]]
    sources: list[dict[str, str]]
    known: Mapping[str, str]  # fact -> all that is recorded about it and its sources
    resting: list[int]  # how many facts rest on each source
    figures: Mapping[str, Figure]
    catalogue: str
    wording: str
    declared: list[str]
    settings: list[str]

    def rows(self, text: str) -> list[Row]:
        """Return the facts that are printed so."""
        return self.facts.get(_key(text), [])

    def in_catalogue(self, text: str) -> bool:
        """Whether a record of the catalogue holds a text."""
        return bool(text) and text in self.catalogue

    def is_name(self, text: str) -> bool:
        """Whether a text is a name of the catalogue, or a class put before one."""
        bare = squeezed(text)
        return self.in_catalogue(bare) or any(
            self.in_catalogue(bare[:cut]) and self.in_catalogue(bare[cut:].removeprefix(","))
            for cut in range(2, min(len(bare) - 2, _PREFIX))
        )

    def is_setting(self, text: str) -> bool:
        """Whether every numeral of a fixed text is a declared level of intervals."""
        numerals = {squeezed(numeral.text) for numeral in find_numerals(text)}
        return squeezed(text) in self.wording and set() < numerals <= set(self.settings)


def read_record(folder: Path, catalog: Path | None = None) -> Record:
    """Read what stands beside a paper."""
    if not (folder / "build.json").is_file():
        raise BuildError("no edition in this folder", got=str(folder), expected="build.json")
    build = json.loads((folder / "build.json").read_text(encoding="utf-8"))
    given, own = build["parameters"], read_yaml(Path(__file__).parent / "numerals.yml")
    contents, rows, sources = (
        rows_of(folder / "data" / f"{name}.csv") for name in ("contents", "facts", "sources")
    )
    facts: dict[str, list[Row]] = {}
    for row in rows:
        facts.setdefault(_key(row["text"]), []).append(row)
    numbered = {row["id"]: f"{' '.join(row.values())} [{n}]" for n, row in enumerate(sources, 1)}
    resting = Counter(id for row in rows for id in {*row["source_ids"].split()})
    wording, catalogue = _texts([CATALOG, *([catalog] if catalog else [])])
    return Record(
        lang=given["lang"],
        edition=_edition(given, rows) | {str(build.get("rows_left_out", 0))},
        chapters=build["chapters"],
        labels={squeezed(row["label"]): squeezed(row["caption"]) for row in contents},
        facts=facts,
        sources=sources,
        known={row["id"]: squeezed(" ".join(_about(row, numbered))) for row in rows},
        resting=[resting[row["id"]] for row in sources],
        figures=dict(_figures(folder, {row["file"]: squeezed(row["label"]) for row in contents})),
        catalogue=catalogue,
        wording=wording,
        declared=[squeezed(one["text"]) for one in own["words"] if one["lang"] == given["lang"]],
        settings=own["settings"],
    )


def rows_of(path: Path) -> list[dict[str, str]]:
    """Return the rows of a CSV file of the data pack, without the marks made for spreadsheets."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return [
            {str(key): str(cell or "").removeprefix("'") for key, cell in row.items()}
            for row in csv.DictReader(file)
        ]


def _key(text: str) -> str:
    return squeezed(text.rstrip("…"))[:_LONGEST]


def _about(row: Row, sources: Mapping[str, str]) -> list[str]:
    """What is recorded about a fact, and about its sources."""
    return [*row.values(), *(sources.get(id, "") for id in row["source_ids"].split())]


def _edition(given: Mapping[str, Any], rows: list[dict[str, str]]) -> set[str]:
    """Numbers of the title page: edition, day, and newest year published of the region."""
    day = str(given["as_of"]).split("-")
    own = [row for row in rows if row["region"] == given["region"] and row["year"]]
    newest = max((int(row["year"]) for row in own if row["kind"] == "observation"), default="")
    return {str(given["edition"]), str(newest), *day, *(str(int(part)) for part in day)}


def _figures(folder: Path, labels: Mapping[str, str]) -> Iterator[tuple[str, Figure]]:
    books = (json.loads(path.read_text("utf-8")) for path in folder.glob("notebooks/*.ipynb"))
    cells = (cell for book in books for cell in book["cells"])
    for output in (output for cell in cells for output in cell.get("outputs", ())):
        block = output.get("data", {}).get(MIME, {})
        if block.get("type") == "figure" and f"{block['id']}.csv" in labels:
            data = [cell for row in block["data"]["rows"] for cell in row if cell is not None]
            texts = _drawn(ET.fromstring(block["svg_text"].encode("utf-8")), False)
            numbers = frozenset(form for cell in data for form in _printed(cell))
            bare = squeezed("|".join(map(str, data)))
            yield block["id"], Figure(labels[f"{block['id']}.csv"], tuple(texts), bare, numbers)


def _drawn(node: ET.Element, tick: bool) -> Iterator[tuple[str, bool]]:
    """Yield the texts of a picture in drawing order, and whether each labels a tick of an axis."""
    tick = tick or bool(re.match(r"[xy]tick_", node.get("id", "")))
    if node.tag == f"{_SVG}text":
        yield "".join(node.itertext()), tick
    for child in node if node.tag != f"{_SVG}text" else ():
        yield from _drawn(child, tick)


def _printed(cell: Any) -> Iterator[str]:
    """Yield every form in which a number of a figure's data may be printed."""
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        # Probabilities and shares are drawn in per cent.
        yield from (f"{value:.{places}f}" for value in (cell, cell * 100) for places in range(5))
        yield f"{cell:.10g}"


def _texts(folders: list[Path]) -> tuple[str, str]:
    """Return the fixed wording, and all other texts of the catalogue."""
    found: tuple[list[str], list[str]] = ([], [])
    for path in (path for folder in folders for path in sorted(folder.rglob("*.*"))):
        if path.suffix in (".yml", ".csv"):
            content = read_yaml(path) if path.suffix == ".yml" else rows_of(path)
            wording = path.parent.name == "wording" and path.name in _WORDING
            found[not wording].extend(map(squeezed, _strings(content)))
    return _APART.join(found[0]), _APART.join(found[1])


def _strings(node: Any) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    elif isinstance(node, Mapping | list | tuple):
        for child in node.values() if isinstance(node, Mapping) else node:
            yield from _strings(child)
