"""Pick rows of the observation frame: one series, its newest value, the one before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

ANNUAL = ("exact", "derived")
# Bounds, with the sentence that announces them.
BOUNDS = {"lower_bound": "at_least", "upper_bound": "at_most"}
Row = Mapping[str, Any]


def rows_of(
    frame: pd.DataFrame,
    indicator_id: str,
    region: str,
    *,
    scopes: Iterable[str] | None = None,
    qualifiers: Iterable[str] = (*ANNUAL, *BOUNDS),
) -> list[dict[str, Any]]:
    """Return the rows of one indicator and region, oldest first.

    Parameters
    ----------
    frame : pandas.DataFrame
        Observation frame.
    indicator_id, region : str
        What to take.
    scopes : iterable of str, optional
        Definitions to take; default all.
    qualifiers : iterable of str
        Kinds of figures to take; default annual values and bounds.

    Returns
    -------
    list of dict
        In order of year, then definition.
    """
    kept = frame[
        (frame["indicator_id"] == indicator_id)
        & (frame["region"] == region)
        & frame["qualifier"].isin(list(qualifiers))
    ]
    if scopes is not None:
        kept = kept[kept["scope"].isin(list(scopes))]
    kept = kept.sort_values(["year", "scope"], kind="stable")
    return [{str(key): value for key, value in row.items()} for row in kept.to_dict("records")]


def latest_row(rows: Iterable[Row], *, prefer: Iterable[str] = ()) -> Row | None:
    """Return the newest row; among those of one year a value before a bound.

    Parameters
    ----------
    rows : iterable of mapping
        As from `rows_of`.
    prefer : iterable of str
        Definitions in order of preference within a year.

    Returns
    -------
    mapping or None
        None if there is no row.
    """
    order = {scope: place for place, scope in enumerate(prefer)}

    def rank(row: Row) -> tuple[int, bool, int]:
        return (
            int(row["year"]),
            row["qualifier"] in ANNUAL,
            -order.get(str(row["scope"]), len(order)),
        )

    kept = list(rows)
    return max(kept, key=rank) if kept else None


def previous_row(rows: Iterable[Row], row: Row) -> Row | None:
    """Return the newest earlier annual value of the same definition.

    Parameters
    ----------
    rows : iterable of mapping
        As from `rows_of`.
    row : mapping
        The row to compare.

    Returns
    -------
    mapping or None
        None if there is nothing to compare with.
    """
    earlier = [
        other
        for other in rows
        if other["scope"] == row["scope"]
        and other["qualifier"] in ANNUAL
        and int(other["year"]) < int(row["year"])
    ]
    return max(earlier, key=lambda other: int(other["year"])) if earlier else None
