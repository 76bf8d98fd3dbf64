"""Resolve and check the parameters that every notebook and every build has in common."""

import os
from dataclasses import dataclass
from pathlib import Path

from wqa.catalog.catalog import load_plan
from wqa.catalog.records import LANGUAGES, Plan
from wqa.data.cells import is_iso_date
from wqa.data.loading import YEARS_AFTER_PLAN, region_of, year_of
from wqa.errors import DataError
from wqa.paths import Folder, own_catalog


@dataclass(frozen=True, kw_only=True)
class Parameters:
    """Checked common parameters, ids resolved to objects."""

    plan: Plan  # whose targets are judged
    region: str  # id, for example WH
    edition: int  # report year: the last year that the edition describes
    as_of: str | None  # ISO date: only what was published until then is used; None: all
    target_year: int  # year for which attainment is judged
    lang: str
    seed: int  # of every simulation
    catalog: Path | None  # extra catalogue folder


def resolve(
    plan: str = "wuhan-14fyp",
    region: str = "",
    edition: int | str | None = None,
    as_of: str | None = "",
    target_year: int | str | None = None,
    lang: str = "zh",
    seed: int = 0,
    catalog: Path | str | None = None,
) -> Parameters:
    """Check the common parameters; what is empty is taken from the plan or the environment."""
    named = catalog or os.environ.get("WQA_CATALOG")
    folder = Path(named).resolve() if named else _own_catalog()
    found = load_plan(plan or default_plan(), folder)
    if lang not in LANGUAGES:
        raise DataError("lang is unknown", got=lang, expected=" or ".join(LANGUAGES))
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise DataError("seed is no whole number from 0", got=seed, expected="0 or more")
    return Parameters(
        plan=found,
        region=region_of(region, found),
        edition=year_of("edition", edition, found, YEARS_AFTER_PLAN) or found.end_year,
        as_of=iso_date("as_of", as_of),
        target_year=year_of("target_year", target_year, found) or found.end_year,
        lang=lang,
        seed=seed,
        catalog=folder,
    )


def _own_catalog(root: Folder = None) -> Path | None:
    return own_catalog(Path.cwd(), str(root) if root else os.environ.get("WQA_ROOT"))


def default_plan(root: Folder = None) -> str:
    """Plan of the project's own catalogue if it has one, else that of Wuhan."""
    folder = _own_catalog(root)
    own = sorted(path.stem for path in (folder / "plans").glob("*.yml")) if folder else []
    return own[0] if len(own) == 1 else "wuhan-14fyp"


def iso_date(name: str, value: str | None) -> str | None:
    """Check a full ISO date; None for an empty one."""
    # Only one spelling: two spellings of a day would be two editions.
    if value not in (None, "") and not (isinstance(value, str) and is_iso_date(value)):
        expected = "YYYY-MM-DD, for example 2026-03-31"
        raise DataError(f"{name} is no calendar date", got=value, expected=expected)
    return value or None
