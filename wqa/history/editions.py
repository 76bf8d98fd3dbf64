"""Editions as they were made: what was known, judged and forecast on a day, kept as a record.

A record is a pure function of the figures known on its day. It is written beside the
documents of an edition and read without loss, or rebuilt at any later time: figures that
became known afterwards change no byte of it.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from io import StringIO
from pathlib import Path
from typing import Any, Literal

import pandas as pd

import wqa
from wqa.assessment.attainment import VERDICT_COLUMNS, as_frame, assess
from wqa.assessment.likelihood import LIKELY, UNLIKELY, VERY_LIKELY
from wqa.catalog.catalog import PLAN_COLUMNS, load_indicators, load_plan, plan_frame
from wqa.catalog.reading import read_yaml
from wqa.catalog.records import NATION, Plan
from wqa.data.loading import load_observations
from wqa.data.series import best_values
from wqa.errors import DataError
from wqa.history.edition_forecasts import FORECAST_COLUMNS, edition_forecasts
from wqa.parameters import iso_date
from wqa.paths import CATALOG, PRIORS, raw_dir

RECORD, FORECASTS = "edition.json", "forecasts.csv"
UNRECORDED = ("kind", "baseline", "p_observed", "n_cases")
ANSWER_COLUMNS = tuple(
    name
    for name in VERDICT_COLUMNS[: VERDICT_COLUMNS.index("source_ids") + 1]
    if name not in UNRECORDED and not name.startswith(("overturned_by", "settles_it", "owner"))
)
TARGET_COLUMNS = PLAN_COLUMNS
OBSERVATION_COLUMNS = (
    "indicator_id", "region", "scope", "year", "value", "unit", "denominator", "qualifier",
    "evidence", "source_id", "published", "vintage",
)  # fmt: skip
_OF_TYPE = {
    "int64": "year origin h",
    "Int64": "start_year baseline_year decimals n_points",
    "float64": "value baseline denominator target last_value median lo_80 hi_80 lo_95 hi_95 "
    "p_attain p_not_worse prior_weight",
}
_TYPES: dict[str, Any] = {name: kind for kind, names in _OF_TYPE.items() for name in names.split()}


@dataclass(frozen=True)
class EditionRecord:
    """What an edition knew, said and forecast."""

    plan: str
    region: str
    edition: int
    as_of: str
    target_year: int
    mode: Literal["interim", "final"]
    methods: Mapping[str, Any]
    known: Mapping[str, Any]
    answers: pd.DataFrame = field(repr=False)
    targets: pd.DataFrame = field(repr=False)
    observations: pd.DataFrame = field(repr=False)
    forecasts: pd.DataFrame = field(repr=False)

    @property
    def forecasts_csv(self) -> str:
        """The forecasts as CSV."""
        return str(self.forecasts.to_csv(index=False, lineterminator="\n"))

    def to_json(self) -> str:
        """Return the record as JSON text, one row of a table per line."""
        keys = ("plan", "region", "edition", "as_of", "target_year", "mode", "methods", "known")
        sha256 = hashlib.sha256(self.forecasts_csv.encode()).hexdigest()
        head = {key: getattr(self, key) for key in keys}
        head["forecasts"] = {"file": FORECASTS, "rows": len(self.forecasts), "sha256": sha256}
        parts = [f'"{key}": {dump(value)}' for key, value in head.items()]
        for name in ("targets", "answers", "observations"):
            rows = ",\n".join(dump(row) for row in plain_rows(getattr(self, name)))
            parts.append(f'"{name}": [\n{rows}\n]')
        return "{\n" + ",\n".join(parts) + "\n}\n"


def dump(value: Any) -> str:
    """Return a value as JSON text on one line."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def plain_rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return rows as JSON values; a missing value is None."""
    cells = frame.astype(object).where(frame.notna(), None)
    return [{str(key): value for key, value in row.items()} for row in cells.to_dict("records")]


def typed(rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> pd.DataFrame:
    """Make a frame of some columns of rows, each with the type that its name has in records."""
    frame = pd.DataFrame(list(rows), columns=list(columns))
    return frame.astype({c: _TYPES.get(c, "str") for c in columns})


def rounded(frame: pd.DataFrame, digits: int) -> pd.DataFrame:
    """Round to significant digits, so that the last bits of a machine leave no trace."""
    out = frame.copy()
    for column in out.columns[out.dtypes == "float64"]:
        out[column] = [float(f"{value:.{digits}g}") for value in out[column]]
    return out


def write_edition(record: EditionRecord, folder: Path | str) -> tuple[Path, Path]:
    """Write ``edition.json`` and ``forecasts.csv``."""
    paths = Path(folder) / RECORD, Path(folder) / FORECASTS
    for path, text in zip(paths, (record.to_json(), record.forecasts_csv), strict=True):
        path.write_bytes(text.encode())
    return paths


def read_edition(folder: Path | str) -> EditionRecord:
    """Read the record of an edition and check its forecasts against their hash."""
    place = Path(folder)
    try:
        data: dict[str, Any] = json.loads((place / RECORD).read_text(encoding="utf-8"))
        text = (place / FORECASTS).read_bytes().decode()
        claimed = data.pop("forecasts")["sha256"]
        data |= {
            "targets": typed(data.pop("targets"), TARGET_COLUMNS),
            "answers": as_frame(data.pop("answers"), ANSWER_COLUMNS),
            "observations": typed(data.pop("observations"), OBSERVATION_COLUMNS),
        }
    except OSError as error:
        expected, fix = f"{RECORD} and {FORECASTS}", "Build the edition, or name its year."
        what = "no record of an edition"
        raise DataError(what, where=str(place), expected=expected, fix=fix) from error
    except (KeyError, TypeError, ValueError) as error:
        what, fix = "the record of an edition is broken", "Build the edition again."
        raise DataError(what, where=str(place / RECORD), got=str(error), fix=fix) from error
    got = hashlib.sha256(text.encode()).hexdigest()
    if got != claimed:
        what, where = "forecasts were changed after the edition was made", str(place / FORECASTS)
        fix = "Restore the file, or build the edition again as of its date."
        raise DataError(what, where=where, got=got, expected=claimed, fix=fix)
    forecasts = pd.read_csv(StringIO(text), keep_default_na=False, dtype=str)
    rows = forecasts.replace("", None).to_dict("records")
    made = typed(({str(k): v for k, v in row.items()} for row in rows), FORECAST_COLUMNS)
    texts = [c for c in FORECAST_COLUMNS if c not in _TYPES]
    made[texts] = forecasts[texts]
    return EditionRecord(**data, forecasts=made)


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
        what, where = "no raw folder says when it was retrieved", "data/raw/*/source.yml"
        fix = "Give a key retrieved: YYYY-MM-DD, or name a date with as_of."
        raise DataError(what, where=where, fix=fix)
    return max(days)


def edition_record(
    plan: Plan | str,
    region: str = "",
    edition: int | None = None,
    as_of: str = "",
    *,
    target_year: int | None = None,
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
    known = frame[frame["year"] <= edition]
    annual = best_values(known[known["region"].isin(regions_above(where))])
    forecasts = edition_forecasts(annual, found, edition, load_indicators(catalog))
    answers = assess(
        found, observations=frame, as_of=day, edition=edition, target_year=goal_year,
        region=where, seed=seed, catalog=catalog, root=root,
    )  # fmt: skip
    rows = known[list(KNOWN_COLUMNS)].sort_values(list(KNOWN_COLUMNS), kind="stable")
    told = "\n".join(dump([*row.values()]) for row in plain_rows(rows))
    about = {"figures": len(known), "sha256": hashlib.sha256(told.encode()).hexdigest()}
    about["newest_vintage"] = max(known["vintage"], default="")
    mode: Literal["interim", "final"] = "final" if edition >= found.end_year else "interim"
    head = found.id, where, edition, day, goal_year, mode, methods(), about
    return EditionRecord(
        *head,
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
    folder: Path | str | None = None,
    **asked: Any,
) -> EditionRecord:
    """Return the record of an edition, made once for all notebooks of a build."""
    folder = folder or os.environ.get(SHARED)
    options = asked["target_year"], asked["seed"]
    name = "-".join(map(str, (plan.id, region, edition, as_of, *options)))
    if folder and (Path(folder) / name).is_dir():
        return read_edition(Path(folder) / name)
    made = edition_record(plan, region, edition, as_of, **asked)
    if folder:
        scratch = Path(tempfile.mkdtemp(dir=folder))
        write_edition(made, scratch)
        # Another process may have been faster; its record is the same.
        with contextlib.suppress(OSError):
            scratch.rename(Path(folder) / name)
    return made


def methods() -> dict[str, Any]:
    """Return what the numbers of an edition depend on besides figures and targets."""
    rules = [CATALOG / f"{name}.csv" for name in ("scopes", "qualifiers")]
    hashes = {"priors_sha256": sorted(PRIORS.glob("*")), "series_rules_sha256": rules}
    return {
        "model": "pooled",
        **{name: _files_hash(paths) for name, paths in hashes.items()},
        **{"very_likely_from": VERY_LIKELY, "likely_from": LIKELY, "unlikely_until": UNLIKELY},
        "version": wqa.__version__,
    }


def _files_hash(paths: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()
