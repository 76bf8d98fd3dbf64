"""The workbook to fill in: one row per figure asked for, what is known in grey."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wqa.assessment.attainment import assess
from wqa.assessment.statements import phrase, print_number
from wqa.catalog.catalog import load_units
from wqa.catalog.reading import read_words
from wqa.catalog.records import Plan
from wqa.data.cells import scope_words
from wqa.data.loading import load_regions
from wqa.office.asked import Asked, asked_figures
from wqa.workbooks import Place, Sheet, workbook

LANG = "zh"  # offices fill in Chinese forms; what they write is read in either language
WIDE, NARROW = 90, 22  # characters, so that a sheet of figures fits the screen
SOURCES = 40  # rows for source documents
Names = Mapping[str, Mapping[str, str]]
TYPED = ("value", "qualifier", "source", "note")  # cells of every figure that are filled in


def make_template(
    plan: Plan, year: int, region: str, catalog: Path | None = None, root: Path | None = None
) -> bytes:
    """Make the workbook in which an office enters the figures up to a year."""
    words, asked = read_words("workbook"), asked_figures(plan, year, region, catalog, root)
    names = {key: text[LANG] for key, text in words["sheets"].items()}
    sheets = {names["guide"]: _guide(plan, year, region), names["sources"]: _sources()}
    years, about = range(plan.start_year, year + 1), _names(catalog, root)
    for group, name in read_words("groups")["groups"].items():
        own = [one for one in asked if one.indicator.group == group]
        if own:
            sheets[name[LANG]] = _figures(own, years, about, names["sources"])
    sheets[names["settles"]] = _settling(plan, year, region, catalog, root)
    return workbook(sheets)


def heads(group: str, years: range = range(0)) -> dict[str, str]:
    """Heads of a sheet by column, `known` once for each year."""
    found: dict[str, str] = {}
    for key, text in read_words("workbook")[group].items():
        many = {f"known_{y}": text[LANG].format(year=y) for y in years}
        found |= many if key == "known" else {key: text[LANG]}
    return found


def _names(catalog: Path | None, root: Path | None) -> Names:
    """Chinese names of scopes, regions and units, by id."""
    rows = load_regions(root).to_dict("records")
    regions = {row["region"]: str(row[f"name_{LANG}"]) for row in rows}
    scopes = {key: both[LANG] for key, both in scope_words().items()}
    units = {key: str(getattr(unit, LANG)) for key, unit in load_units(catalog).items()}
    return {"scope": scopes, "region": regions, "unit": units}


def _guide(plan: Plan, year: int, region: str) -> Sheet:
    words = read_words("workbook")
    title = words["title"][LANG].format(plan=getattr(plan, f"title_{LANG}"), year=year)
    filled = {"plan": plan.id, "region": region, "year": str(year)}
    form = [[text[LANG], filled.get(key, "")] for key, text in words["form"].items()]
    rows = [["", title], *(["", line[LANG]] for line in words["guide"]), ["", ""], *form]
    last = len(rows)
    return Sheet(rows, inputs=frozenset({(last - 1, 2), (last, 2)}), widest=WIDE)


def _sources() -> Sheet:
    columns = heads("source_columns")
    cells = {(row, column) for row in range(2, SOURCES + 2) for column in (1, 2, 3)}
    return Sheet([[*columns.values()]], inputs=frozenset(cells))


def _figures(asked: list[Asked], years: range, names: Names, sources: str) -> Sheet:
    """Lay out a sheet: a row for each figure that is not known, and for all of the last year."""
    columns = heads("columns", years)
    places = {key: number for number, key in enumerate(columns, start=1)}
    rows, inputs, known = [[*columns.values()]], set[Place](), set[Place]()
    for one in asked:
        for year in years:
            if year in one.known and year != years[-1]:
                continue
            cells = _row(one, year, years, names)
            rows.append([cells.get(key, "") for key in columns])
            here = len(rows)
            inputs |= {(here, places[key]) for key in (*TYPED, *one.parts)}
            known |= {(here, places[f"known_{y}"]) for y in one.known if y in years}
    limits = ",".join(text[LANG] for text in read_words("workbook")["limits"].values())
    choices = {
        places["qualifier"]: f'"{limits}"',
        places["source"]: f"'{sources}'!$A$2:$A${SOURCES + 1}",
    }
    cells = {"inputs": frozenset(inputs), "known": frozenset(known)}
    return Sheet(rows, choices=choices, widest=NARROW, **cells)


def _row(one: Asked, year: int, years: range, names: Names) -> dict[str, Any]:
    parts = [text[LANG] for text in one.parts.values()]
    ids = {"scope": one.scope, "region": one.region, "unit": one.indicator.unit}
    return {
        "row": one.row,
        "indicator": getattr(one.indicator, f"name_{LANG}"),
        "definition": getattr(one.indicator, f"definition_{LANG}"),
        **{kind: names[kind].get(id) or id for kind, id in ids.items()},
        **{f"known_{y}": print_number(one.known[y]) for y in years if y in one.known},
        "period": str(year),
        "parts": " / ".join(parts),
    }


def _settling(plan: Plan, year: int, region: str, catalog: Path | None, root: Path | None) -> Sheet:
    """List what would settle the targets that are not decided."""
    answers = assess(plan, region=region, edition=year, catalog=catalog, root=root)
    rows = [[*heads("settles_columns").values()]]
    for told in answers[~answers["answer"].isin(["met", "missed"])].to_dict("records"):
        answer = phrase("answers", told["answer"])[LANG]
        shown = (told[f"{name}_{LANG}"] for name in ("settles_it", "owner"))
        rows.append([told["row"], told[f"name_{LANG}"], answer, *shown])
    return Sheet(rows)
