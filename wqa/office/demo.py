"""The demonstration city: series of a place that does not exist, made by a seed.

A level moves by lasting steps and is published with what does not last (sampling, one-off events);
how strongly, is taken from real series (``catalog_data/demo.yml``), not from the priors.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from wqa.catalog.reading import read_words

Array = np.ndarray[Any, np.dtype[np.float64]]


class Made(NamedTuple):
    """A published figure of the demonstration city, with its parts."""

    value: float
    numerator: float | None = None
    denominator: float | None = None


def series_of(row: Mapping[str, Any], family: str, decimals: int, years: range, seed: int) -> Any:
    """Figures of one row by year: always the same from the same seed, whatever the other rows."""
    told = read_words("demo")
    random = np.random.default_rng([seed, *str(row["row"]).encode()])
    motion = told["motion"][family]
    level = _levels(random, motion, len(years))
    start, size = float(row["start"]), float(row.get("size", 0))
    if family in ("percent", "score"):
        base = math.log(start / (100.0 - start))
        shares = 1.0 / (1.0 + np.exp(-(base + level)))
        figures = [_share(random, p, size, family, decimals) for p in shares]
    elif family == "rate":
        deaths = random.poisson(start * np.exp(level) * size)
        figures = [Made(round(float(d) / size, 3), float(d), size) for d in deaths]
    elif "gain" in row:
        figures = [Made(v) for v in _stock(random, start, float(row["gain"]), level, decimals)]
    else:
        figures = [Made(float(n)) for n in random.poisson(start * np.exp(level))]
    return dict(zip(years, figures, strict=True))


def _levels(random: np.random.Generator, motion: Mapping[str, Any], n: int) -> Array:
    """Level of each year on the working scale, from 0, as it would be published."""
    change, echo = float(random.choice(motion["change"])), float(motion["echo"])
    # Steps with variance s and one-off parts with variance v: changes have s + 2v, and neighbours
    # the covariance -v.
    passing = -echo * change**2
    lasting = change**2 - 2.0 * passing
    steps = random.normal(*motion["drift"]) + random.normal(0.0, math.sqrt(lasting), n)
    steps[0] = 0.0
    return np.asarray(steps.cumsum() + random.normal(0.0, math.sqrt(passing), n))


def _share(random: np.random.Generator, p: float, size: float, family: str, decimals: int) -> Made:
    """Share of `size` cases, in percent; a score has only the number of answers."""
    n = round(size * math.exp(random.normal(0.0, 0.05)))
    if family == "score":
        return Made(round(100.0 * p, decimals), None, n)
    good = float(random.binomial(n, p))
    return Made(round(100.0 * good / n, decimals), good, n)


def _stock(
    random: np.random.Generator, start: float, gain: float, level: Array, decimals: int
) -> list[float]:
    """Stock that grows by a count each year, or by a part of its unit."""
    scale = 10.0**decimals
    added = random.poisson(gain * scale * np.exp(level)) / scale
    added[0] = 0.0
    return [round(float(v), decimals) for v in start + added.cumsum()]
