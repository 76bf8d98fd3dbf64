"""Resolve and check the parameters that every notebook and every build has in common."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from wqa.catalog.catalog import Plan, load_plan
from wqa.data.cells import is_iso_date
from wqa.errors import DataError

LANGUAGES = ("zh", "en")
NAMES = ("plan", "region", "edition", "as_of", "target_year", "lang", "seed")
# A plan's last year is published, and finally evaluated, in the year after it.
YEARS_AFTER_PLAN = 1


@dataclass(frozen=True)
class Parameters:
    """Checked common parameters, ids resolved to objects.

    Parameters
    ----------
    plan : Plan
        The plan whose targets are judged.
    region : str
        Region id, for example ``WH``.
    edition : int
        Report year: the last year that the edition describes.
    as_of : str or None
        ISO date; only what was published until then is used. None: all that is known.
    target_year : int
        Year for which attainment is judged.
    lang : str
        ``zh`` or ``en``.
    seed : int
        Seed of every simulation.
    catalog : pathlib.Path or None
        Extra catalogue folder.
    """

    plan: Plan
    region: str
    edition: int
    as_of: str | None
    target_year: int
    lang: str
    seed: int
    catalog: Path | None = None


def resolve(
    *,
    plan: str = "wuhan-14fyp",
    region: str = "",
    edition: int | None = None,
    as_of: str | None = "",
    target_year: int | None = None,
    lang: str = "zh",
    seed: int = 0,
    catalog: Path | str | None = None,
) -> Parameters:
    """Check the common parameters and look up what they name.

    Parameters
    ----------
    plan : str
        Plan id.
    region : str, optional
        Region id; empty: the region of the plan.
    edition : int, optional
        Report year; None or 0: the last year of the plan.
    as_of : str, optional
        ISO date ``YYYY-MM-DD``; empty or None: all that is known.
    target_year : int, optional
        Year judged; None or 0: the last year of the plan.
    lang : str
        ``zh`` or ``en``.
    seed : int
        Seed of every simulation, 0 or more.
    catalog : path-like, optional
        Extra catalogue folder; default is the folder named by ``WQA_CATALOG``, if any.

    Returns
    -------
    wqa.parameters.Parameters
        With ids resolved and defaults filled in.

    Raises
    ------
    CatalogError
        If the plan or the catalogue folder does not exist.
    DataError
        If a value has the wrong type or lies outside what the plan allows.
    """
    named = catalog or os.environ.get("WQA_CATALOG") or None
    folder = None if named is None else Path(named).resolve()
    found = load_plan(plan, folder)
    years = f"a year from {found.start_year} to {found.end_year}"
    last = found.end_year + YEARS_AFTER_PLAN
    edition = _whole("edition", edition or found.end_year)
    if not found.start_year <= edition <= last:
        raise DataError(
            f"edition lies outside plan {found.id}",
            got=edition,
            expected=f"a year from {found.start_year} to {last}",
        )
    target_year = _whole("target_year", target_year or found.end_year)
    if not found.start_year <= target_year <= found.end_year:
        raise DataError(
            f"target_year lies outside plan {found.id}", got=target_year, expected=years
        )
    if lang not in LANGUAGES:
        raise DataError("lang is unknown", got=lang, expected=" or ".join(LANGUAGES))
    if _whole("seed", seed) < 0:
        raise DataError("seed is negative", got=seed, expected="0 or more")
    return Parameters(
        plan=found,
        region=_region(region, found),
        edition=edition,
        as_of=iso_date("as_of", as_of),
        target_year=target_year,
        lang=lang,
        seed=seed,
        catalog=folder,
    )


def iso_date(name: str, value: str | None) -> str | None:
    """Check a full ISO date; None for an empty one.

    Parameters
    ----------
    name : str
        Parameter name, for the message.
    value : str or None
        ``YYYY-MM-DD`` or empty.

    Returns
    -------
    str or None
        The date, or None.

    Raises
    ------
    DataError
        If the value is no calendar date in this form.
    """
    if value is None or value == "":
        return None
    # Only one spelling: two spellings of a day would be two editions.
    if not isinstance(value, str) or not is_iso_date(value):
        raise DataError(
            f"{name} is no calendar date", got=value, expected="YYYY-MM-DD, for example 2026-03-31"
        )
    return value


def _whole(name: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise DataError(f"{name} is no whole number", got=value, expected="an int, not text")
    return value


def _region(region: str, plan: Plan) -> str:
    if not region or region == plan.region:
        return plan.region
    # Reads the table of regions, which a plan of another project may not have.
    from wqa.data.observations import load_regions

    known = sorted(load_regions()["region"])
    if region not in known:
        raise DataError("region is unknown", got=region, expected=f"one of {', '.join(known)}")
    return region
