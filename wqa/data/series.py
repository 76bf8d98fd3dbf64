"""Series: one value per year out of the figures of one (indicator, region, scope)."""

from __future__ import annotations

import pandas as pd

from wqa.data.raw_tables import EVIDENCE
from wqa.data.scope_rules import ANNUAL, load_preferences

SERIES_COLUMNS = (
    "year", "value", "unit", "numerator", "denominator", "qualifier", "evidence", "source_id",
    "published", "vintage", "file", "row", "alternatives", "is_observed",
)  # fmt: skip
KEYS = ["indicator_id", "region", "scope"]


def annual_rows(frame: pd.DataFrame) -> pd.DataFrame:
    """Rows that may enter an annual series.

    Parameters
    ----------
    frame : pandas.DataFrame
        Observations.

    Returns
    -------
    pandas.DataFrame
        Exact and derived values of whole years.
    """
    return frame[frame["qualifier"].isin(ANNUAL) & frame["value"].notna()]


def best_values(frame: pd.DataFrame) -> pd.DataFrame:
    """One row per series and year, and how many further values there are.

    Of several values the one named in ``preferences.csv`` wins, else the better evidence
    (official, press, secondary), else the newer vintage, else the later row.

    Parameters
    ----------
    frame : pandas.DataFrame
        Observations; filter them by `as_of` beforehand.

    Returns
    -------
    pandas.DataFrame
        Rows of `frame` that win, with the column alternatives (number of values passed
        over); sorted by series and year.
    """
    rows = annual_rows(frame)
    keys = [*KEYS, "year"]
    ranked = rows.assign(
        year=rows["year"].astype("int64"),
        preferred=_preferred(rows),
        grade=[-EVIDENCE.index(evidence) for evidence in rows["evidence"]],
    ).sort_values([*keys, "preferred", "grade", "vintage", "file", "row"])
    counts = ranked.groupby(keys)["value"].transform("size")
    last = ranked.assign(alternatives=counts.astype("int64") - 1).groupby(keys).tail(1)
    return last.drop(columns=["preferred", "grade"]).reset_index(drop=True)


def series(frame: pd.DataFrame, indicator_id: str, region: str, scope: str) -> pd.DataFrame:
    """One value per year of one series, with its gaps left open.

    Only exact and derived values of whole years count; see `best_values` for the choice
    among several.

    Parameters
    ----------
    frame : pandas.DataFrame
        Observations; filter them by `as_of` beforehand.
    indicator_id, region, scope : str
        The series.

    Returns
    -------
    pandas.DataFrame
        One row per year from the first to the last observed, with the columns year (int),
        value, unit, numerator, denominator, qualifier, evidence, source_id, published,
        vintage, file, row, alternatives (number of further values for the year) and
        is_observed. A missing year has no value and ``is_observed`` False; nothing is
        interpolated. Empty if the series has no annual value.
    """
    of_series = (
        (frame["indicator_id"] == indicator_id)
        & (frame["region"] == region)
        & (frame["scope"] == scope)
    )
    best = best_values(frame[of_series])
    if best.empty:
        return best.reindex(columns=list(SERIES_COLUMNS))
    best = best.assign(is_observed=True).set_index("year")
    years = range(int(best.index.min()), int(best.index.max()) + 1)
    complete = best.reindex(pd.Index(years, name="year"))
    complete["is_observed"] = complete["is_observed"].notna()
    complete["unit"] = str(best["unit"].iloc[0])
    for column in ("alternatives", "row"):
        complete[column] = complete[column].astype("Int64")
    return complete.reset_index()[list(SERIES_COLUMNS)]


def list_series(frame: pd.DataFrame) -> pd.DataFrame:
    """List the annual series in a frame of observations.

    Parameters
    ----------
    frame : pandas.DataFrame
        Observations.

    Returns
    -------
    pandas.DataFrame
        Columns indicator_id, region, scope, unit, first_year, last_year, n_years (years
        with a value), n_missing (years without one in between), n_values.
    """
    grouped = annual_rows(frame).groupby(KEYS, sort=True)
    listed = grouped.agg(
        unit=("unit", "first"), first_year=("year", "min"), last_year=("year", "max"),
        n_years=("year", "nunique"), n_values=("year", "size"),
    ).reset_index()  # fmt: skip
    span = listed["last_year"] - listed["first_year"] + 1
    listed.insert(7, "n_missing", (span - listed["n_years"]).astype("int64"))
    return listed


def _preferred(rows: pd.DataFrame) -> list[bool]:
    columns = [rows[name] for name in (*KEYS, "year", "value")]
    chosen = load_preferences()
    return [
        chosen.get((*key, str(year))) == value for *key, year, value in zip(*columns, strict=True)
    ]
