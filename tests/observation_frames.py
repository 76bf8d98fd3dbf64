"""Observation frames made up for tests, in the form in which the library reads real ones."""

import numpy as np
import pandas as pd

from wqa.data.cells import parse_period
from wqa.data.loading import load_observations

FIELDS = {
    "region": "WH", "numerator": np.nan, "denominator": np.nan, "qualifier": "exact",
    "evidence": "official", "source_id": "src-test", "unit": "", "note": "", "file": "test.csv",
    "row": 1,
}  # fmt: skip


def figures(*rows: dict) -> pd.DataFrame:
    """Observation frame from the fields that differ; `period` defaults to `year`."""
    full = []
    for number, row in enumerate(rows, start=2):
        time = parse_period(str(row.get("period", row.get("year"))))
        known = row.get("vintage", f"{time.year + 1}-03-31")
        times = {name: getattr(time, name) for name in ("start", "end", "is_annual", "year")}
        dated = {"row": number, "period": time.period, "published": known, "vintage": known}
        full.append(FIELDS | dated | row | times)
    like = load_observations().iloc[:0]
    return pd.DataFrame(full, columns=list(like.columns)).astype(like.dtypes.to_dict())


def walks(n: int, years: range, start: float, *, slope=0.0, noise=0.5, seed=0) -> pd.DataFrame:
    """Random walks with drift: series_id, year, value."""
    steps = slope + np.random.default_rng(seed).normal(0, noise, (n, len(years)))
    keys = pd.MultiIndex.from_product([[f"s{i}" for i in range(n)], years])
    values = pd.Series((start + np.cumsum(steps, axis=1)).ravel(), keys, name="value")
    return values.rename_axis(["series_id", "year"]).reset_index()
