"""Rolling origins: what was known when, and what came after.

A fold holds only values that had been published at its cut-off. Where the same
year was published more than once, the newest version at the cut-off counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from wqa.errors import DataError
from wqa.forecasts.annual_series import AnnualSeries, annual_series
from wqa.transforms import FloatArray

if TYPE_CHECKING:
    import pandas as pd

KEY_COLUMNS = ("series_id",), ("indicator_id", "region", "scope"), ("indicator_id",)


@dataclass(frozen=True)
class Fold:
    """One origin of one series.

    Parameters
    ----------
    series_id : str
        Which series.
    cutoff : str
        Date of the newest publication used, or the origin year where the frame has no
        publication dates.
    train : AnnualSeries
        What was known at the cut-off; its last year is the origin.
    actual : numpy.ndarray
        Values 1..H years later, NaN where unknown.
    """

    series_id: str
    cutoff: str
    train: AnnualSeries
    actual: FloatArray


def series_keys(frame: pd.DataFrame) -> pd.Series:
    """Name the series of a frame: one text per row.

    Parameters
    ----------
    frame : pandas.DataFrame
        With series_id, or indicator_id (and region and scope).

    Returns
    -------
    pandas.Series
        Keys, parts joined by ``|``.

    Raises
    ------
    DataError
        If no such column is there.
    """
    for columns in KEY_COLUMNS:
        if all(c in frame.columns for c in columns):
            parts = [frame[c].astype(str) for c in columns]
            key = parts[0]
            for part in parts[1:]:
                key = key + "|" + part
            return key
    raise DataError(
        "the series cannot be told apart",
        where="columns",
        got=list(frame.columns),
        expected="series_id, or indicator_id with region and scope",
    )


def make_folds(
    frame: pd.DataFrame,
    *,
    horizon: int,
    min_train: int = 3,
    max_train: int | None = None,
    first_origin: int | None = None,
    last_origin: int | None = None,
    actual: str = "latest",
    family: str = "percent",
    lower: float | None = None,
    upper: float | None = None,
) -> list[Fold]:
    """Cut a frame into rolling origins.

    Parameters
    ----------
    frame : pandas.DataFrame
        Columns year, value, the key of the series, and optionally published (ISO date).
        With it an origin is the first date on which its year was known, and a later
        revision is never seen.
    horizon : int
        Years after the origin to be judged.
    min_train : int, optional
        Least number of observed years before an origin.
    max_train : int, optional
        Keep only the last so many calendar years of a training part.
    first_origin, last_origin : int, optional
        Range of origins.
    actual : {'latest', 'first'}, optional
        Judge against the newest or the first published version of a later year.
    family : str, optional
        Kind of quantity, for the natural bounds.
    lower, upper : float, optional
        Bounds.

    Returns
    -------
    list of Fold
        Folds that have at least one later value, by series and origin.

    Raises
    ------
    DataError
        If a column is missing, or a year occurs twice in one version.
    """
    missing = [c for c in ("year", "value") if c not in frame.columns]
    if missing or actual not in ("latest", "first"):
        raise DataError(
            "the frame or the kind of actual values is not usable",
            got=(list(frame.columns), actual),
            expected="columns year and value; actual latest or first",
        )
    out: list[Fold] = []
    keys = series_keys(frame)
    for key, rows in frame.groupby(keys, sort=True):
        versions = _versions(rows, str(key))
        truth = _known(versions, None) if actual == "latest" else _first(versions)
        for cutoff, known in _origins(versions):
            years = sorted(known)
            if max_train is not None:
                years = [y for y in years if y > years[-1] - max_train]
            origin = years[-1]
            if len(years) < min_train:
                continue
            if first_origin is not None and origin < first_origin:
                continue
            if last_origin is not None and origin > last_origin:
                continue
            later = np.array([truth.get(origin + h, np.nan) for h in range(1, horizon + 1)])
            if not np.isfinite(later).any():
                continue
            train = annual_series(
                [known[y] for y in years],
                years,
                family=family,
                lower=lower,
                upper=upper,
                where=f"series {key}",
            )
            out.append(Fold(str(key), cutoff, train, later))
    return out


def known_panel(frame: pd.DataFrame, cutoff: str) -> pd.DataFrame:
    """Give what was known of every series of a frame when a fold was cut.

    Parameters
    ----------
    frame : pandas.DataFrame
        As for :func:`make_folds`.
    cutoff : str
        Cut-off of the fold: a date of publication, or a year.

    Returns
    -------
    pandas.DataFrame
        Columns series_id, year, value: the newest version at the cut-off. A value without
        a date counts as known from its own year on, or from the year after it where
        the cut-off is a date.
    """
    import pandas as pd

    dates = frame.get("published", pd.Series("", index=frame.index)).fillna("").astype(str)
    own_year = frame["year"].astype(int) <= int(cutoff[:4]) - (len(cutoff) > 4)
    known = ((dates == "") & own_year) | ((dates != "") & (dates <= cutoff))
    table = pd.DataFrame(
        {"series_id": series_keys(frame), "year": frame["year"], "value": frame["value"]}
    )
    table = table.assign(published=dates)[known & np.isfinite(frame["value"].astype(float))]
    newest = table.sort_values("published", kind="stable")
    newest = newest.drop_duplicates(["series_id", "year"], keep="last")
    return newest.sort_values(["series_id", "year"], ignore_index=True)[
        ["series_id", "year", "value"]
    ]


_Version = tuple[str, int, float]


def _versions(rows: pd.DataFrame, key: str) -> list[_Version]:
    dated = "published" in rows.columns
    dates = rows["published"].astype(str).tolist() if dated else [""] * len(rows)
    found = [
        (str(date), int(year), float(value))
        for date, year, value in zip(dates, rows["year"], rows["value"], strict=True)
        if np.isfinite(value)
    ]
    if len({(date, year) for date, year, _ in found}) < len(found):
        raise DataError(
            "a year occurs twice in one version",
            where=f"series {key}",
            expected="one value per series, year and date of publication",
        )
    return sorted(found)


def _known(versions: Sequence[_Version], cutoff: str | None) -> dict[int, float]:
    # Sorted by date, so that the newest version of a year overwrites the older ones.
    return {year: value for date, year, value in versions if cutoff is None or date <= cutoff}


def _first(versions: Sequence[_Version]) -> dict[int, float]:
    out: dict[int, float] = {}
    for _, year, value in versions:
        out.setdefault(year, value)
    return out


def _origins(versions: Sequence[_Version]) -> Iterator[tuple[str, dict[int, float]]]:
    if all(date == "" for date, _, _ in versions):
        values = _known(versions, None)
        for origin in sorted(values):
            yield str(origin), {y: v for y, v in values.items() if y <= origin}
        return
    seen: set[int] = set()
    for cutoff in sorted({date for date, _, _ in versions}):
        known = _known(versions, cutoff)
        origin = max(known)
        # A later date with the same last year only revises; the forecast had been made.
        if origin not in seen:
            seen.add(origin)
            yield cutoff, known
