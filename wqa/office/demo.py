"""The demonstration city: series of a place that does not exist, made by a seed.

A level moves by lasting steps and is published with what does not last (sampling, one-off events);
how strongly, is taken from real series (``catalog_data/demo.yml``), not from the priors.
"""

from __future__ import annotations

import json
import math
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from wqa.catalog.catalog import load_indicators, load_plan
from wqa.catalog.reading import read_words
from wqa.catalog.records import Indicator
from wqa.data.findings import Findings
from wqa.errors import DataError
from wqa.office.ingesting import accept, check_form
from wqa.office.new_city import make_city
from wqa.office.template import make_template
from wqa.paths import CATALOG, OWN_CATALOG
from wqa.workbooks import Cell, fill, read_workbook

# Editions: last year of figures, day of the sources, day of filling in, day of knowledge.
EDITIONS = (
    (2023, "2024-04-30", "2024-05-15", "2024-06-30"),
    (2025, "2026-03-31", "2026-04-15", "2026-04-30"),
)
PLAN_START = 2021
PLAN_DAY = "2021-06-30"
SEED = 20251231
Array = np.ndarray[Any, np.dtype[np.float64]]


class Made(NamedTuple):
    """A published figure of the demonstration city, with its parts."""

    value: float
    numerator: float | None = None
    denominator: float | None = None


def make_demo(folder: Path, seed: int = SEED) -> Iterator[tuple[int, str]]:
    """Make the city, enter its figures through its workbook; yield each edition when it is due."""
    told, figures = read_words("demo"), city_figures(seed)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        table = Path(scratch) / "plan.yml"
        rows = [_plan_row(row, figures[row["row"]][told["base_year"]]) for row in told["rows"]]
        about = {key: told[key] for key in ("title", "base_year", "end_year")}
        table.write_text(json.dumps(about | {"rows": rows}, ensure_ascii=False), encoding="utf-8")
        name, code = told["name"], told["code"]
        if faults := make_city(folder, code, name, table, PLAN_DAY, synthetic=True):
            raise DataError("the plan of the demonstration city is wrong", got=faults[0].message_en)
        catalog = folder / OWN_CATALOG
        plan = load_plan(f"{code.lower()}-plan", catalog)
        for year, published, day, as_of in EDITIONS:
            form = make_template(plan, year, plan.region, catalog, folder)
            path = Path(scratch) / f"{plan.id}-{year}.xlsx"
            path.write_bytes(fill_form(form, figures, year, published, day))
            checked = check_form(path, catalog, folder)
            if checked.faults:
                fault = checked.faults[0]
                raise DataError(fault.message_en, where=fault.column, got=fault.value)
            accept(checked, folder)
            yield year, as_of


def city_figures(seed: int) -> dict[str, dict[int, Made]]:
    """Figures of every row of the plan by year."""
    told, known = read_words("demo"), load_indicators(CATALOG)
    years = range(told["first_year"], told["end_year"] + 1)
    return {row["row"]: series_of(row, *family_of(row, known), years, seed) for row in told["rows"]}


def family_of(row: Mapping[str, Any], known: Mapping[str, Indicator]) -> tuple[str, int]:
    """Family and decimals of a row's indicator; what the catalogue does not know is a count."""
    names = {one.name_zh: one for one in known.values()}
    one = known.get(row.get("indicator", "")) or names.get(row["name"])
    return (one.family, one.decimals) if one else ("count", 0)


def _plan_row(row: Mapping[str, Any], base: Made) -> dict[str, str]:
    """Row of the plan's table as it would be printed, with the figure of the base year."""
    kept = ("row", "name", "indicator", "unit", "target", "nature", "kind", "owner")
    printed = {key: str(row[key]) for key in kept if key in row}
    return printed | {"baseline": row.get("baseline", f"{base.value:.12g}")}


def fill_form(
    form: bytes, figures: Mapping[str, Mapping[int, Made]], year: int, published: str, day: str
) -> bytes:
    """Fill in a form as the city's office would, earlier years in rows of their own."""
    told, words = read_words("demo"), read_words("workbook")
    zh = {kind: {key: text["zh"] for key, text in words[kind].items()}
          for kind in ("sheets", "form", "columns")}  # fmt: skip
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "form.xlsx"
        path.write_bytes(form)
        sheets = read_workbook(path, Findings())
    filled: dict[str, dict[tuple[int, int], object]] = {
        zh["sheets"]["sources"]: {(2, 1): told["source"], (2, 2): told["office"], (2, 3): published}
    }
    answers = {zh["form"]["office"]: told["office"], zh["form"]["day"]: day}
    guide = sheets[zh["sheets"]["guide"]]
    filled[zh["sheets"]["guide"]] = {
        (cell.row, cell.column + 1): answers[cell.value] for cell in guide if cell.value in answers
    }
    for title, cells in sheets.items():
        heads = {cell.value: cell.column for cell in cells if cell.row == 1}
        if zh["columns"]["value"] in heads:
            places = {key: heads[text] for key, text in zh["columns"].items() if text in heads}
            filled[title] = _typed(cells, places, figures, range(told["first_year"], year + 1))
    return fill(form, filled)


def _typed(
    cells: list[Cell], places: Mapping[str, int], figures: Mapping[str, Mapping[int, Made]],
    years: range,
) -> dict[tuple[int, int], object]:  # fmt: skip
    """Cells of one sheet: its rows, and below them one for each year before the plan."""
    rows: dict[int, dict[int, Any]] = defaultdict(dict)
    for cell in cells:
        rows[cell.row][cell.column] = cell.value
    out: dict[tuple[int, int], object] = {}
    sums = {row["row"] for row in read_words("demo")["rows"] if "baseline" in row}
    last, first = max(rows), dict[str, dict[int, Any]]()
    for number, row in sorted(rows.items()):
        if number > 1:
            target, year = str(row[places["row"]]), int(row[places["period"]])
            first.setdefault(target, row)
            out |= _cells_of(number, places, figures[target][year])
    for target, row in first.items():
        # The plan's own table gives the base year, but not of a sum.
        for year in (y for y in years if y < PLAN_START - (target not in sums)):
            last += 1
            kept = ("row", "indicator", "scope", "region", "unit")
            out |= {(last, places[key]): row[places[key]] for key in kept}
            out |= {(last, places["period"]): year}
            out |= _cells_of(last, places, figures[target][year])
    return out


def _cells_of(row: int, places: Mapping[str, int], made: Made) -> dict[tuple[int, int], object]:
    told = {key: value for key, value in made._asdict().items() if value is not None}
    return {(row, places[key]): value for key, value in told.items()}


def series_of(row: Mapping[str, Any], family: str, decimals: int, years: range, seed: int) -> Any:
    """Figures of one row by year: always the same from the same seed, whatever the other rows."""
    told = read_words("demo")
    random = np.random.default_rng([seed, *str(row["row"]).encode()])
    motion = told["motion"][family]
    level = _levels(random, motion, len(years))
    start, size = float(row["start"]), float(row.get("size", 0))
    if family in ("percent", "score"):
        base = math.log(start / (100.0 - start))
        shares = 1.0 / (1.0 + np.exp(-(base + level)))
        figures = [_share(random, p, size, family, decimals) for p in shares]
    elif family == "rate":
        deaths = random.poisson(start * np.exp(level) * size)
        figures = [Made(round(float(d) / size, 3), float(d), size) for d in deaths]
    elif "gain" in row:
        figures = [Made(v) for v in _stock(random, start, float(row["gain"]), level, decimals)]
    else:
        figures = [Made(float(n)) for n in random.poisson(start * np.exp(level))]
    return dict(zip(years, figures, strict=True))


def _levels(random: np.random.Generator, motion: Mapping[str, Any], n: int) -> Array:
    """Level of each year on the working scale, from 0, as it would be published."""
    change, echo = float(random.choice(motion["change"])), float(motion["echo"])
    # Steps with variance s and one-off parts with variance v: changes have s + 2v, and neighbours
    # the covariance -v.
    passing = -echo * change**2
    lasting = change**2 - 2.0 * passing
    steps = random.normal(*motion["drift"]) + random.normal(0.0, math.sqrt(lasting), n)
    steps[0] = 0.0
    return np.asarray(steps.cumsum() + random.normal(0.0, math.sqrt(passing), n))


def _share(random: np.random.Generator, p: float, size: float, family: str, decimals: int) -> Made:
    """Share of `size` cases, in percent; a score has only the number of answers."""
    n = round(size * math.exp(random.normal(0.0, 0.05)))
    if family == "score":
        return Made(round(100.0 * p, decimals), None, n)
    good = float(random.binomial(n, p))
    return Made(round(100.0 * good / n, decimals), good, n)


def _stock(
    random: np.random.Generator, start: float, gain: float, level: Array, decimals: int
) -> list[float]:
    """Stock that grows by a count each year, or by a part of its unit."""
    scale = 10.0**decimals
    added = random.poisson(gain * scale * np.exp(level)) / scale
    added[0] = 0.0
    return [round(float(v), decimals) for v in start + added.cumsum()]
