"""Editions as they were made: what was known, judged and forecast on a day, kept as a record.

A record is a pure function of the figures known on its day. It is written beside the
documents of an edition, or rebuilt at any later time: figures that became known afterwards
change no byte of it.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

import wqa
from wqa.assessment.attainment import assess
from wqa.assessment.judging import LIKELY, UNLIKELY, VERY_LIKELY
from wqa.catalog.catalog import load_indicators, load_plan, plan_frame
from wqa.catalog.reading import read_yaml
from wqa.catalog.records import Plan
from wqa.data.loading import load_observations
from wqa.data.series import best_values
from wqa.errors import DataError
from wqa.history.edition_forecasts import FORECAST_COLUMNS, edition_forecasts
from wqa.history.edition_records import (
    ANSWER_COLUMNS,
    OBSERVATION_COLUMNS,
    TARGET_COLUMNS,
    EditionRecord,
    dump,
    plain_rows,
    read_edition,
    rounded,
    typed,
    write_edition,
)
from wqa.parameters import iso_date
from wqa.paths import CATALOG, PRIORS, raw_dir

NATION = "CN"
# Variable that names the folder in which the processes of a build share their records.
SHARED = "WQA_RECORDS"
# Month and day, in the year after the report year, of an edition that is no longer the newest.
DAY = "09-30"
# Everything of a figure that can change a result; the place of its row in a file cannot.
KNOWN_COLUMNS = (
    "indicator_id", "region", "year", "period", "value", "unit", "numerator", "denominator",
    "scope", "qualifier", "evidence", "source_id", "published", "vintage",
)  # fmt: skip


@cache
def regions_above(region: str) -> tuple[str, ...]:
    """Return the region, the one above it (the nation if none is recorded), and the nation."""
    table = pd.read_csv(CATALOG / "region_parents.csv", dtype=str, keep_default_na=False)
    parents = dict(zip(table["region"], table["parent"], strict=True))
    return tuple(dict.fromkeys((region, parents.get(region, NATION), NATION)))


def edition_date(edition: int, root: Path | str | None = None) -> str:
    """Return the day as of which an edition is made when none is named."""
    newest = newest_retrieval(root)
    return newest if edition >= int(newest[:4]) - 1 else f"{edition + 1}-{DAY}"


def newest_retrieval(root: Path | str | None = None) -> str:
    """Return the newest day on which raw files were taken over."""
    sources = sorted(raw_dir(root).glob("*/source.yml"))
    days = [str(read_yaml(path).get("retrieved") or "") for path in sources]
    if not any(days):
        raise DataError(
            "no raw folder says when it was retrieved",
            where="data/raw/*/source.yml",
            fix="Give a key retrieved: YYYY-MM-DD, or name a date with as_of.",
        )
    return max(days)


def edition_record(
    plan: Plan | str,
    region: str = "",
    edition: int | None = None,
    as_of: str = "",
    *,
    target_year: int | None = None,
    model: str = "pooled",
    seed: int = 0,
    catalog: Path | str | None = None,
    root: Path | str | None = None,
) -> EditionRecord:
    """Make the record of an edition from what was known on a day."""
    found = load_plan(plan, catalog) if isinstance(plan, str) else plan
    edition = found.end_year if edition is None else edition
    day = iso_date("as_of", as_of) or edition_date(edition, root)
    where, goal_year = region or found.region, target_year or found.end_year
    frame = load_observations(as_of=day, root=root, catalog=catalog)
    known = frame[(frame["year"] <= edition).fillna(False).astype(bool)]
    annual = best_values(known[known["region"].isin(regions_above(where))])
    forecasts = edition_forecasts(annual, found, edition, load_indicators(catalog), model=model)
    answers = assess(
        found, observations=frame, as_of=day, edition=edition, target_year=goal_year,
        region=where, model=model, seed=seed, catalog=catalog, root=root,
    )  # fmt: skip
    digest = hashlib.sha256("\n".join(map(dump, _known_rows(known))).encode()).hexdigest()
    return EditionRecord(
        plan=found.id,
        region=where,
        edition=edition,
        as_of=day,
        target_year=goal_year,
        mode="final" if edition >= found.end_year else "interim",
        methods=methods(model),
        known={
            "figures": len(known),
            "sha256": digest,
            "newest_vintage": max(known["vintage"], default=""),
        },
        answers=rounded(answers[list(ANSWER_COLUMNS)], 8),
        targets=typed(plain_rows(plan_frame(found)), TARGET_COLUMNS),
        observations=typed(plain_rows(annual), OBSERVATION_COLUMNS),
        forecasts=rounded(typed(plain_rows(forecasts), FORECAST_COLUMNS), 6),
    )


def shared_record(
    plan: Plan,
    region: str,
    edition: int,
    as_of: str,
    *,
    target_year: int,
    seed: int,
    catalog: Path | str | None = None,
    root: Path | str | None = None,
    folder: Path | str | None = None,
) -> EditionRecord:
    """Return the record of an edition, made once for all notebooks of a build."""
    options: dict[str, Any] = {"target_year": target_year, "seed": seed}
    folder = folder or os.environ.get(SHARED)
    name = "-".join(map(str, (plan.id, region, edition, as_of, *options.values())))
    if folder and (Path(folder) / name).is_dir():
        return read_edition(Path(folder) / name)
    made = edition_record(plan, region, edition, as_of, **options, catalog=catalog, root=root)
    if folder:
        scratch = Path(tempfile.mkdtemp(dir=folder))
        write_edition(made, scratch)
        # Another process may have been faster; its record is the same.
        with contextlib.suppress(OSError):
            scratch.rename(Path(folder) / name)
    return made


def _known_rows(known: pd.DataFrame) -> list[list[Any]]:
    ordered = known[list(KNOWN_COLUMNS)].sort_values(list(KNOWN_COLUMNS), kind="stable")
    return [list(row.values()) for row in plain_rows(ordered)]


def methods(model: str = "pooled") -> dict[str, Any]:
    """Return what the numbers of an edition depend on besides figures and targets."""
    rules = [CATALOG / f"{name}.csv" for name in ("scopes", "qualifiers")]
    return {
        "model": model,
        "priors_sha256": _files_hash(sorted(PRIORS.glob("*.json"))),
        "series_rules_sha256": _files_hash(rules),
        "very_likely_from": VERY_LIKELY,
        "likely_from": LIKELY,
        "unlikely_until": UNLIKELY,
        "version": wqa.__version__,
    }


def _files_hash(paths: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()
