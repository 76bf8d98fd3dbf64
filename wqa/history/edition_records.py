"""The record of an edition: its tables, and how they are written and read without loss."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from wqa.assessment.attainment import as_frame
from wqa.errors import DataError
from wqa.history.edition_forecasts import FORECAST_COLUMNS

RECORD, FORECASTS = "edition.json", "forecasts.csv"
ANSWER_COLUMNS = (
    "target_id", "row", "indicator_id", "name_zh", "name_en", "nature", "comparator", "target",
    "unit", "decimals", "target_year", "level", "level_year", "level_qualifier", "scope",
    "n_points", "answer", "strength", "reason_code", "evidence_zh", "evidence_en", "reason_zh",
    "reason_en", "p_attain", "p_low", "p_high", "prior_weight", "evidence_class", "model",
    "fallback", "met_now", "figures", "source_ids",
)  # fmt: skip
TARGET_COLUMNS = (
    "target_id", "row", "indicator_id", "name_zh", "name_en", "region", "kind", "nature",
    "comparator", "value", "unit", "decimals", "start_year", "year", "scope", "baseline_status",
    "baseline", "baseline_year", "clause",
)  # fmt: skip
OBSERVATION_COLUMNS = (
    "indicator_id", "region", "scope", "year", "value", "unit", "denominator", "qualifier",
    "evidence", "source_id", "published", "vintage",
)  # fmt: skip
_TYPES: dict[str, Any] = {
    "year": "int64", "start_year": "Int64", "baseline_year": "Int64", "decimals": "Int64",
    "origin": "int64", "n_points": "Int64", "h": "int64", "value": "float64",
    "baseline": "float64", "denominator": "float64", "target": "float64",
    "last_value": "float64", "median": "float64", "lo_80": "float64", "hi_80": "float64",
    "lo_95": "float64", "hi_95": "float64", "p_attain": "float64", "p_not_worse": "float64",
    "prior_weight": "float64",
}  # fmt: skip


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

    @property
    def forecasts_sha256(self) -> str:
        """SHA-256 of the forecasts, by which a later edition recognises them."""
        return hashlib.sha256(self.forecasts_csv.encode()).hexdigest()

    def to_json(self) -> str:
        """Return the record as JSON text, one row of a table per line."""
        head = {
            "plan": self.plan, "region": self.region, "edition": self.edition,
            "as_of": self.as_of, "target_year": self.target_year, "mode": self.mode,
            "methods": dict(self.methods), "known": dict(self.known),
            "forecasts": {"file": FORECASTS, "rows": len(self.forecasts),
                          "sha256": self.forecasts_sha256},
        }  # fmt: skip
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
    data: dict[str, Any]
    try:
        data = json.loads((place / RECORD).read_text(encoding="utf-8"))
        text = (place / FORECASTS).read_bytes().decode()
        claimed = data.pop("forecasts")["sha256"]
        data |= {
            "targets": typed(data.pop("targets"), TARGET_COLUMNS),
            "answers": as_frame(data.pop("answers"), ANSWER_COLUMNS),
            "observations": typed(data.pop("observations"), OBSERVATION_COLUMNS),
        }
    except OSError as error:
        raise DataError(
            "no record of an edition",
            where=str(place),
            expected=f"{RECORD} and {FORECASTS}",
            fix="Build the edition, or name its year.",
        ) from error
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(
            "the record of an edition is broken",
            where=str(place / RECORD),
            got=str(error),
            fix="Build the edition again.",
        ) from error
    got = hashlib.sha256(text.encode()).hexdigest()
    if got != claimed:
        raise DataError(
            "forecasts were changed after the edition was made",
            where=str(place / FORECASTS),
            got=got,
            expected=claimed,
            fix="Restore the file, or build the edition again as of its date.",
        )
    forecasts = pd.read_csv(StringIO(text), keep_default_na=False, dtype=str)
    rows = forecasts.replace("", None).to_dict("records")
    made = typed(({str(k): v for k, v in row.items()} for row in rows), FORECAST_COLUMNS)
    texts = [c for c in FORECAST_COLUMNS if c not in _TYPES]
    made[texts] = forecasts[texts]
    return EditionRecord(**data, forecasts=made)
