"""The data of a project, read once and read again when a file changes."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from typing import Any

import pandas as pd

from wqa.data.cells import is_iso_date, period_end
from wqa.data.tidy import COLUMNS, Ingested, ingest
from wqa.errors import DataError
from wqa.paths import project_root

_FLOATS = ("value", "numerator", "denominator")


def read_project(root: Path | str | None = None, catalog: Path | str | None = None) -> Ingested:
    """Read ``data/raw``, or return what was read if no file has changed since.

    Parameters
    ----------
    root : path-like, optional
        Project folder; default: found from the working folder.
    catalog : path-like, optional
        Folder with further indicators.

    Returns
    -------
    Ingested
        Shared: not to be changed.
    """
    folder = project_root(root)
    extra = str(Path(catalog).resolve()) if catalog is not None else None
    return _cached(folder, extra, _state(folder, extra))


def as_of_day(as_of: str) -> str:
    """Check a day of knowledge.

    Parameters
    ----------
    as_of : str
        ISO date; a year or month counts to its end.

    Returns
    -------
    str
        ISO date.

    Raises
    ------
    DataError
        If the text is no date.
    """
    if not isinstance(as_of, str) or not is_iso_date(as_of, partial=True):
        raise DataError("wrong as_of", got=as_of, expected="an ISO date such as '2026-03-31'")
    return period_end(as_of)


def _state(root: Path, catalog: str | None) -> tuple[tuple[str, int, int], ...]:
    """Names, times and sizes of all inputs, so that a changed file is read again."""
    folders = [root / "data" / "raw", *([Path(catalog)] if catalog else [])]
    files = sorted(
        Path(at, name) for top in folders for at, _, names in os.walk(top) for name in names
    )
    return tuple((str(f), f.stat().st_mtime_ns, f.stat().st_size) for f in files)


@lru_cache(maxsize=4)
def _cached(root: Path, catalog: str | None, state: tuple[tuple[str, int, int], ...]) -> Ingested:
    return ingest(root, catalog)


def observation_frame(found: Ingested) -> pd.DataFrame:
    """Observations as a typed frame.

    Parameters
    ----------
    found : Ingested
        See `read_project`.

    Returns
    -------
    pandas.DataFrame
        Columns `wqa.data.tidy.COLUMNS`; sorted by series, year, vintage.
    """
    frame = pd.DataFrame(found.rows, columns=list(COLUMNS))
    kinds: dict[str, Any] = dict.fromkeys(COLUMNS, "str") | dict.fromkeys(_FLOATS, "float64")
    frame = frame.astype({**kinds, "year": "int64", "row": "int64", "is_annual": "bool"})
    order = ["indicator_id", "region", "scope", "end", "start", "period", "vintage", "file", "row"]
    return frame.sort_values(order, ignore_index=True)
