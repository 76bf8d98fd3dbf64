"""Commands of an office: the form, and what is filled into it."""

from __future__ import annotations

import argparse
import shutil
import tempfile
from pathlib import Path
from typing import Any

from wqa.assessment.attainment import assess
from wqa.catalog.catalog import load_plan
from wqa.catalog.reading import read_words
from wqa.data.loading import read_project, region_of, year_of
from wqa.errors import DataError
from wqa.history.editions import newest_retrieval
from wqa.listing import show
from wqa.office.demo import make_demo
from wqa.office.ingesting import KEY, Checked, accept, check_form
from wqa.office.letters import DECIDED, request_letter
from wqa.office.new_city import make_city
from wqa.office.template import make_template
from wqa.parameters import default_plan
from wqa.paths import OWN_CATALOG, project_root
from wqa.publication.paper import build_paper
from wqa.publication.publishing import write_letter
from wqa.workbooks import write_file


def template(options: argparse.Namespace) -> int:
    """Write the workbook that asks for the figures up to a year."""
    plan = load_plan(options.plan, options.catalog)
    year = year_of("--year", options.year, plan) or plan.end_year
    region = region_of(options.region, plan)
    write_file(options.file, make_template(plan, year, region, options.catalog))
    print(options.file)
    return 0


def request(options: argparse.Namespace) -> int:
    """Write the letter that asks each body for what it holds."""
    plan = load_plan(options.plan, options.catalog)
    day = options.as_of or newest_retrieval(project_root())
    text = request_letter(plan, region_of(options.region, plan), day, options.lang, options.catalog)
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "letter.docx"
        write_letter(text, made, day)
        write_file(options.file, made.read_bytes())
    print(options.file)
    return 0


def new_city(options: argparse.Namespace) -> int:
    """Make the project folder of another city."""
    faults = make_city(options.folder, options.code, options.name, options.plan_from, options.day)
    for fault in faults:
        print(f"{fault.column}  {getattr(fault, f'message_{options.lang}')}")
    print(f"{len(faults)} faults" if faults else options.folder)
    return 1 if faults else 0


def demo(options: argparse.Namespace) -> int:
    """Build the editions of a city that does not exist, its figures entered by workbook."""
    folder = options.folder
    # Only what this command made before is made anew.
    if folder.is_dir() and read_project(folder, folder / OWN_CATALOG).is_synthetic:
        shutil.rmtree(folder)
    for year, day in make_demo(folder):
        catalog = folder / OWN_CATALOG
        plan = load_plan(default_plan(folder), catalog)
        about: dict[str, Any] = {"edition": year, "as_of": day, "catalog": catalog}
        about |= {"root": folder}
        told = build_paper(plan.id, lang=options.lang, progress=print, **about)
        print(told)
        answers = assess(plan, **about)["answer"]
        decided = int(answers.isin(DECIDED).sum())
        print(f"{year}: {decided} of {len(answers)} targets decided")
    return 0


def ingest(options: argparse.Namespace) -> int:
    """Check a filled-in workbook, show what it changes, and take it over if asked to."""
    if not options.file.is_file():
        raise DataError("no such file", got=str(options.file), fix="Name the filled-in workbook.")
    asked = {"plan": options.plan, "year": options.year}
    checked = check_form(options.file, options.catalog, **asked)
    words = {key: text[options.lang] for key, text in read_words("workbook")["result"].items()}
    for finding in (*checked.told, *checked.faults):
        message = getattr(finding, f"message_{options.lang}")
        print(f"{finding.column or finding.file}  {message}")
    _show_changes(checked, options.lang, words)
    if checked.faults:
        print(words["faults"].format(n=len(checked.faults)))
        return 1
    if not checked.files:
        print(words["nothing"])
    elif options.accept:
        print(words["accepted"].format(folder=f"data/raw/{accept(checked).name}"))
    else:
        print(words["checked"].format(file=options.file))
    return 0


def _show_changes(checked: Checked, lang: str, words: dict[str, str]) -> None:
    """Print what is new, what corrects a figure and from which value, and how many stay."""
    names, place = read_project().names, ("zh", "en").index(lang)
    frame = checked.changes.copy()
    for column in KEY[:3]:
        known = {key: (both or (key, key))[place] for key, both in names[column].items()}
        frame[column] = frame[column].map(known).fillna(frame[column])
    counts = frame["status"].value_counts()
    for column in ("old", "new"):
        frame[column] = frame[column].map("{:g}".format, na_action="ignore")
    frame["status"] = frame["status"].map(words)
    if len(frame) and (changed := frame[frame["status"] != words["unchanged"]]).size:
        show(changed)
    print(
        ", ".join(
            f"{words[code]} {counts.get(code, 0)}" for code in ("new", "revised", "unchanged")
        )
    )
