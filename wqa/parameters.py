"""Resolve and check the parameters that every notebook and every build has in common."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from wqa.catalog.catalog import load_plan
from wqa.catalog.reading import resolve_id, whole_year
from wqa.catalog.records import LANGUAGES, Plan
from wqa.data.cells import is_iso_date
from wqa.data.loading import load_regions
from wqa.errors import DataError

YEARS_AFTER_PLAN = 1  # a plan's last year is published, and finally evaluated, in the next


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
    *,
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
    folder = Path(named).resolve() if named else None
    found = load_plan(plan, folder)
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


def region_of(asked: str | None, plan: Plan, root: Path | str | None = None) -> str:
    """Id of the region asked for, by id or name; the region of the plan if none is."""
    if not asked or asked == plan.region:
        return plan.region
    # The table of regions need not have the region of a plan of another project.
    rows = load_regions(root).to_dict("records")
    known = {row["region"]: (row["name_zh"], row["name_en"]) for row in rows}
    return resolve_id(asked, {plan.region: (), **known}, "region")


def year_of(name: str, asked: int | str | None, plan: Plan, later: int = 0) -> int | None:
    """Year asked for, as number or text, within the plan or so many years later; None if none."""
    if asked in (None, "", 0):
        return None
    year, last = whole_year(asked, name), plan.end_year + later
    if not plan.start_year <= year <= last:
        expected = f"a year from {plan.start_year} to {last}"
        raise DataError(f"{name} lies outside plan {plan.id}", got=year, expected=expected)
    return year


def iso_date(name: str, value: str | None) -> str | None:
    """Check a full ISO date; None for an empty one."""
    # Only one spelling: two spellings of a day would be two editions.
    if value not in (None, "") and not (isinstance(value, str) and is_iso_date(value)):
        expected = "YYYY-MM-DD, for example 2026-03-31"
        raise DataError(f"{name} is no calendar date", got=value, expected=expected)
    return value or None
