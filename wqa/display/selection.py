"""Pick rows of the observation frame: one series, its newest value, the one before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from functools import cache
from typing import TYPE_CHECKING, Any

from wqa.paths import CATALOG

if TYPE_CHECKING:
    import pandas as pd

ANNUAL = ("exact", "derived")
# Bounds, with the sentence that announces them.
BOUNDS = {"lower_bound": "at_least", "upper_bound": "at_most"}
# A series of this many annual values shows changes and is kept even if another sample is larger.
LONG = 4
Row = Mapping[str, Any]


def shown_values(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the figures that a chart or a sentence may use."""
    import pandas as pd

    from wqa.data.series import KEYS, best_values

    best = best_values(frame)
    whole = frame["period"].astype(str) == frame["year"].astype(str)
    bounds = frame[frame["qualifier"].isin(list(BOUNDS)) & frame["value"].notna() & whole]
    bounds = bounds.drop_duplicates([*KEYS, "year", "qualifier", "value"])
    key = [*KEYS, "year"]
    bounds = bounds.astype({"year": "int64"})
    known = set(best[key].itertuples(index=False, name=None))
    free = [place not in known for place in bounds[key].itertuples(index=False, name=None)]
    both = pd.concat([best, bounds[free]], ignore_index=True)
    return both.sort_values([*key, "qualifier"], kind="stable").reset_index(drop=True)


@cache
def is_side_scope(scope: str) -> bool:
    """Tell whether a definition covers only a class, channel, round or campaign."""
    return any(fnmatchcase(scope, pattern) for pattern in _side_patterns())


@cache
def _side_patterns() -> tuple[str, ...]:
    import pandas as pd

    table = pd.read_csv(CATALOG / "side_scopes.csv", dtype=str)
    return tuple(table["pattern"])


def headline_values(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the figures that may stand for a whole indicator."""
    side = [is_side_scope(str(scope)) for scope in frame["scope"]]
    return frame[[not flag for flag in side]].reset_index(drop=True)


def rows_of(
    frame: pd.DataFrame,
    indicator_id: str,
    region: str,
    *,
    scopes: Iterable[str] | None = None,
    qualifiers: Iterable[str] = (*ANNUAL, *BOUNDS),
) -> list[dict[str, Any]]:
    """Return the rows of one indicator and region, oldest first."""
    # One column at a time: the whole frame is long, and the rows of an indicator are few.
    kept = frame[frame["indicator_id"] == indicator_id]
    kept = kept[kept["region"] == region]
    kept = kept[kept["qualifier"].isin(list(qualifiers))]
    if scopes is not None:
        kept = kept[kept["scope"].isin(list(scopes))]
    kept = kept.sort_values(["year", "scope"], kind="stable")
    return [{str(key): value for key, value in row.items()} for row in kept.to_dict("records")]


def latest_row(rows: Iterable[Row], *, prefer: Iterable[str] = ()) -> Row | None:
    """Return the newest row; in one year a value before a bound, and the best definition."""
    order = {scope: place for place, scope in enumerate(prefer)}
    kept = list(rows)
    lengths = Counter(str(row["scope"]) for row in kept)

    def rank(row: Row) -> tuple[int, bool, int, bool, float, int]:
        length = lengths[str(row["scope"])]
        wish = -order.get(str(row["scope"]), len(order))
        sample = row["denominator"] if row["unit"] == "pct" else None
        known = float(sample) if sample is not None and sample == sample else 0.0
        annual = row["qualifier"] in ANNUAL
        return int(row["year"]), annual, wish, length >= LONG, known, length

    return max(kept, key=rank) if kept else None


def previous_row(rows: Iterable[Row], row: Row) -> Row | None:
    """Return the newest earlier annual value of the same definition."""
    earlier = [
        other
        for other in rows
        if other["scope"] == row["scope"]
        and other["qualifier"] in ANNUAL
        and int(other["year"]) < int(row["year"])
    ]
    return max(earlier, key=lambda other: int(other["year"])) if earlier else None
