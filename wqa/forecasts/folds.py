"""Rolling origins: what was known when, and what came after.

A fold holds only values that had been published at its cut-off. Where the same
year was published more than once, the newest version at the cut-off counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from wqa.errors import DataError
from wqa.forecasts.annual_series import AnnualSeries, annual_series
from wqa.forecasts.inputs import number_vector, whole_number
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
        If a column or a date is missing, a value is no number, a year occurs twice in
        one version, or a limit is no whole number.
    """
    if actual not in ("latest", "first"):
        raise DataError("unknown kind of actual values", got=actual, expected="latest or first")
    first = _limit("first_origin", first_origin, -np.inf)
    last = _limit("last_origin", last_origin, np.inf)
    least, most = _limit("min_train", min_train, 1), _limit("max_train", max_train, np.inf)
    out: list[Fold] = []
    table = read_figures(frame)
    for key, rows in table.groupby("series_id", sort=True):
        versions = _versions(rows)
        truth = _known(versions, None) if actual == "latest" else _first(versions)
        for cutoff, known in _origins(versions):
            years = sorted(known)
            years = [y for y in years if y > years[-1] - most]
            origin = years[-1]
            if len(years) < least or not first <= origin <= last:
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


def _limit(name: str, given: Any, default: float) -> float:
    limit = default if given is None else whole_number(given, name)
    if name.endswith("train") and limit < 1:
        raise DataError("a limit is too small", where=name, got=given, expected="1 or more")
    return limit


def read_figures(frame: pd.DataFrame) -> pd.DataFrame:
    """Check figures for a backtest and lay them out alike.

    Parameters
    ----------
    frame : pandas.DataFrame
        As for :func:`make_folds`.

    Returns
    -------
    pandas.DataFrame
        Columns series_id, year, value, published (blank where the frame has none);
        rows without a value are left out.

    Raises
    ------
    DataError
        See :func:`make_folds`.
    """
    import pandas as pd

    if not {"year", "value"}.issubset(getattr(frame, "columns", ())):
        raise DataError(
            "not a frame of figures",
            where="frame",
            got=list(getattr(frame, "columns", [])) or type(frame).__name__,
            expected="columns year and value, and series_id",
        )
    table = pd.DataFrame(
        {
            "series_id": series_keys(frame).to_numpy(),
            "year": [whole_number(y, "year") for y in frame["year"].tolist()],
            "value": number_vector(frame["value"], "value"),
            "published": "",
        }
    )
    if "published" in frame.columns and frame["published"].notna().any():
        table["published"] = frame["published"].astype(str).to_numpy()
        if frame["published"].isna().any() or (table["published"] == "").any():
            raise DataError(
                "some figures have no date of publication",
                where="published",
                expected="a date for every figure, or for none",
            )
    table = table[np.isfinite(table["value"])]
    twice = table[table.duplicated(["series_id", "year", "published"])]
    if len(twice):
        raise DataError(
            "a year occurs twice in one version",
            where=f"series {twice['series_id'].iloc[0]}",
            expected="one value per series, year and date of publication",
        )
    return pd.DataFrame(table)


def known_panel(frame: pd.DataFrame, cutoff: str) -> pd.DataFrame:
    """Give what was known of every series of a frame when a fold was cut.

    Parameters
    ----------
    frame : pandas.DataFrame
        As for :func:`make_folds`.
    cutoff : str
        Cut-off of the fold: a date of publication, or a year where there are no dates.

    Returns
    -------
    pandas.DataFrame
        Columns series_id, year, value: the newest version at the cut-off.
    """
    table = read_figures(frame)
    dated = (table["published"] != "").any()
    table = table[table["published"] <= cutoff if dated else table["year"] <= int(cutoff)]
    newest = table.sort_values("published", kind="stable")
    newest = newest.drop_duplicates(["series_id", "year"], keep="last")
    newest = newest.sort_values(["series_id", "year"], ignore_index=True)
    return newest[["series_id", "year", "value"]]


_Version = tuple[str, int, float]


def _versions(rows: pd.DataFrame) -> list[_Version]:
    return sorted(zip(rows["published"], rows["year"], rows["value"], strict=True))


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
