"""What an office hands on: the letter of missing figures, the answers as a workbook."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from wqa.assessment.attainment import assess
from wqa.assessment.statements import phrase, print_number
from wqa.catalog.catalog import load_units
from wqa.catalog.reading import read_words
from wqa.catalog.records import Plan
from wqa.data.cells import scope_words
from wqa.data.loading import as_of_day
from wqa.office.asked import Asked, asked_figures
from wqa.workbooks import Sheet, workbook

DECIDED = ("met", "missed")


def request_letter(plan: Plan, region: str, day: str, lang: str, catalog: Path | None) -> str:
    """Text of the letter: per body, the figures of its targets that are not decided."""
    words = read_words("workbook")
    answers = assess(plan, region=region, as_of=day, catalog=catalog).set_index("row")
    asked = asked_figures(plan, plan.end_year, region, catalog, None)
    units = load_units(catalog)
    title = words["letter"]["title"][lang].format(plan=getattr(plan, f"title_{lang}"))
    lines = [f"# {title}", words["letter"]["intro"][lang].format(day=as_of_day(day))]
    columns = [text[lang] for text in words["letter_columns"].values()]
    rows: dict[str, list[list[str]]] = {}
    for one in asked:
        told = answers.loc[one.row]
        if told["answer"] not in DECIDED and (years := _missing(one, plan)):
            settles, unit = told[f"settles_it_{lang}"], getattr(units[one.indicator.unit], lang)
            row = [one.row, _figure(one, lang), unit, years, settles]
            rows.setdefault(str(told[f"owner_{lang}"]), []).append(row)
    for owner, table in rows.items():
        cells = [columns, ["---"] * len(columns), *table]
        lines += [f"## {owner}", "\n".join(f"| {' | '.join(row)} |" for row in cells)]
    return "\n\n".join(lines) + "\n"


def _missing(one: Asked, plan: Plan) -> str:
    """Years of the plan for which a figure is not known."""
    years = [y for y in range(plan.start_year, plan.end_year + 1) if y not in one.known]
    return ", ".join(map(str, years))


def _figure(one: Asked, lang: str) -> str:
    scope = scope_words().get(one.scope, {}).get(lang, one.scope)
    return f"{getattr(one.indicator, f'name_{lang}')} ({scope})"


def answers_workbook(answers: pd.DataFrame, lang: str, catalog: Path | None) -> bytes:
    """Answers as offices open them: heads in words, typed cells."""
    columns = {key: text[lang] for key, text in read_words("workbook")["answer_columns"].items()}
    units = {key: getattr(unit, lang) for key, unit in load_units(catalog).items()}
    rows, natures = [[*columns.values()]], read_words("wording/terms")["nature"]
    for told in answers.to_dict("records"):
        cells = told | {key: told[f"{key}_{lang}"] for key in columns if f"{key}_{lang}" in told}
        cells["goal"] = phrase("comparator", told["comparator"])[lang] + _number(told["target"])
        cells |= {"answer": phrase("answers", told["answer"])[lang], "unit": units[told["unit"]]}
        cells |= {"level": _number(told["level"]), "nature": natures[told["nature"]][lang]}
        rows.append([_text(cells[key]) for key in columns])
    return workbook({read_words("workbook")["answer_columns"]["answer"][lang]: Sheet(rows)})


def _number(value: Any) -> str:
    return "" if pd.isna(value) else print_number(float(value))


def _text(cell: Any) -> str:
    return "" if pd.isna(cell) else str(cell)
