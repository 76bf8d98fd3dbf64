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
from collections.abc import Iterable, Iterator, Mapping
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
# Printed forms that a number of a figure's data may have on the page.
_DECIMALS = range(5)
_APART = "\x1f"
_PREFIX = 30  # letters of a class that may stand before the name of a definition
_WORDING = ("wording/sentences.yml", "wording/terms.yml", "wording/editions.yml")


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
    parameters: Mapping[str, Any]
    chapters: tuple[Mapping[str, Any], ...]
    labels: Mapping[str, str]
    facts: Mapping[str, tuple[Row, ...]]
    sources: tuple[Row, ...]
    figures: Mapping[str, Figure]
    catalogue: Mapping[str, str]
    declared: Mapping[str, str]
    settings: tuple[str, ...]

    def in_catalogue(self, text: str) -> str:
        """Return the catalogue file with a record that holds a text; empty if none does."""
        for file, known in self.catalogue.items():
            if text and text in known and file not in _WORDING:
                return file
        return ""

    def is_name(self, text: str) -> bool:
        """Whether a text is a name of the catalogue, or a class put before one."""
        bare = squeezed(text)
        return bool(self.in_catalogue(bare)) or any(
            self.in_catalogue(bare[:cut]) and self.in_catalogue(bare[cut:].removeprefix(","))
            for cut in range(2, min(len(bare) - 2, _PREFIX))
        )

    def is_setting(self, text: str) -> bool:
        """Whether every numeral of a fixed text is a declared level of intervals."""
        numerals = [squeezed(numeral.text) for numeral in find_numerals(text)]
        worded = any(squeezed(text) in self.catalogue.get(file, "") for file in _WORDING)
        return worded and bool(numerals) and set(numerals) <= set(self.settings)


def read_record(folder: Path, catalog: Path | None = None) -> Record:
    """Read what stands beside a paper."""
    if not (folder / "build.json").is_file():
        raise BuildError("no edition in this folder", got=str(folder), expected="build.json")
    build = json.loads((folder / "build.json").read_text(encoding="utf-8"))
    lang = str(build["parameters"]["lang"])
    contents = rows_of(folder / "data" / "contents.csv")
    labels = {squeezed(row["label"]): squeezed(row["caption"]) for row in contents}
    facts: dict[str, list[Row]] = {}
    for row in rows_of(folder / "data" / "facts.csv"):
        facts.setdefault(squeezed(row["text"])[:200], []).append(row)
    own = read_yaml(Path(__file__).parent / "numerals.yml")
    named = {row["file"].removesuffix(".csv"): squeezed(row["label"]) for row in contents}
    return Record(
        lang=lang,
        parameters=build["parameters"] | {"rows_left_out": build.get("rows_left_out", 0)},
        chapters=tuple(build["chapters"]),
        labels=labels,
        facts={key: tuple(rows) for key, rows in facts.items()},
        sources=tuple(rows_of(folder / "data" / "sources.csv")),
        figures=_figures(folder, named),
        catalogue=_catalogue([CATALOG, *([catalog] if catalog else [])]),
        declared={
            squeezed(item["text"]): str(item["why"])
            for item in own["words"]
            if item["lang"] == lang
        },
        settings=tuple(own["settings"]),
    )


def rows_of(path: Path) -> list[dict[str, str]]:
    """Return the rows of a CSV file of the data pack, without the marks made for spreadsheets."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return [
            {str(key): str(cell or "").removeprefix("'") for key, cell in row.items()}
            for row in csv.DictReader(file)
        ]


def _figures(folder: Path, labels: Mapping[str, str]) -> dict[str, Figure]:
    out = {}
    for path in sorted((folder / "notebooks").glob("*.ipynb")):
        book = json.loads(path.read_text(encoding="utf-8"))
        for cell in book["cells"]:
            for output in cell.get("outputs", ()):
                block = output.get("data", {}).get(MIME, {})
                if block.get("type") == "figure" and block["id"] in labels:
                    cells = [str(c) for row in block["data"]["rows"] for c in row if c is not None]
                    out[str(block["id"])] = Figure(
                        label=labels[block["id"]],
                        texts=tuple(_drawn(block["svg_text"])),
                        cells=squeezed("|".join(cells)),
                        numbers=frozenset(_printed(block["data"]["rows"])),
                    )
    return out


def _drawn(svg: str) -> Iterator[tuple[str, bool]]:
    """Yield the texts of a picture in drawing order, and whether each labels a tick of an axis."""

    def walk(node: ET.Element, tick: bool) -> Iterator[tuple[str, bool]]:
        tick = tick or bool(re.match(r"[xy]tick_", node.get("id", "")))
        if node.tag == f"{_SVG}text":
            yield "".join(node.itertext()), tick
            return
        for child in node:
            yield from walk(child, tick)

    yield from walk(ET.fromstring(svg.encode("utf-8")), False)


def _printed(rows: Iterable[Iterable[Any]]) -> Iterator[str]:
    """Yield every form in which the numbers of a figure's data may be printed."""
    for row in rows:
        for cell in row:
            if isinstance(cell, bool) or not isinstance(cell, int | float):
                continue
            # Probabilities and shares are drawn in per cent.
            for value in (cell, cell * 100):
                yield from (f"{value:.{places}f}" for places in _DECIMALS)
            yield f"{cell:.10g}"


def _catalogue(folders: Iterable[Path]) -> dict[str, str]:
    found: dict[str, str] = {}
    for folder in folders:
        for path in sorted(folder.rglob("*.yml")):
            texts = map(squeezed, _strings(read_yaml(path)))
            found[path.relative_to(folder).as_posix()] = _APART.join(texts)
        for path in sorted(folder.rglob("*.csv")):
            cells = (squeezed(cell) for row in rows_of(path) for cell in row.values())
            found[path.relative_to(folder).as_posix()] = _APART.join(cells)
    return found


def _strings(node: Any) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    elif isinstance(node, Mapping):
        for value in node.values():
            yield from _strings(value)
    elif isinstance(node, list | tuple):
        for item in node:
            yield from _strings(item)
