"""Quantities that plan documents state, and single figures looked up by their address."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pandas as pd

from wqa.plans.catalog import Figure

KEY = ("source_id", "section", "item_zh", "period", "region")
Index = Mapping[tuple[str, ...], "Stated"]


@dataclass(frozen=True)
class Stated:
    """One quantity as a document states it; `value` is a number, a word, or empty."""

    comparator: str
    value: float | str
    unit: str
    period: str
    population: str = ""
    in_table: bool = False


def index_quantities(quantities: pd.DataFrame) -> dict[tuple[str, ...], Stated]:
    """Make the quantities findable by document, section, item, period and region.

    Parameters
    ----------
    quantities : pandas.DataFrame
        As `wqa.data.observations.load_quantities` returns.

    Returns
    -------
    dict of tuple of str to Stated
        Keys in the order of `KEY`; numbers are parsed, words are kept.
    """
    index: dict[tuple[str, ...], Stated] = {}
    for row in quantities.to_dict("records"):
        text = str(row["value_text"]).strip()
        try:
            value: float | str = float(text)
        except ValueError:
            value = text
        index[tuple(str(row[name]) for name in KEY)] = Stated(
            row["comparator"], value, row["unit"], row["period"]
        )
    return index


def different(items: Iterable[float | str]) -> tuple[float | str, ...]:
    """List distinct values in their first order.

    Parameters
    ----------
    items : iterable
        Numbers and words.

    Returns
    -------
    tuple
    """
    return tuple(dict.fromkeys(items))


def look_up(figure: Figure, index: Index, frame: pd.DataFrame | None) -> Stated | None:
    """Find the figure at an address.

    Parameters
    ----------
    figure : Figure
        Address of a plan quantity, an observation, or a printed number.
    index : mapping
        As `index_quantities` returns.
    frame : pandas.DataFrame or None
        Observation frame.

    Returns
    -------
    Stated or None
        None if there is no such figure, or several that differ.
    """
    if figure.value is not None:
        return Stated("=", figure.value, "", figure.period)
    if not figure.indicator_id:
        return index.get(
            (figure.source_id, figure.section, figure.item, figure.period, figure.region)
        )
    if frame is None:
        return None
    rows = frame[
        (frame["indicator_id"] == figure.indicator_id)
        & (frame["region"] == figure.region)
        & (frame["period"] == figure.period)
        & (frame["scope"].eq(figure.scope) if figure.scope else True)
        & frame["value"].notna()
    ]
    values = different(float(v) for v in rows["value"])
    if len(values) != 1:
        return None
    return Stated("=", values[0], str(rows["unit"].iloc[0]), figure.period)
