"""Learn how often what was given a certain probability came true: `wqa/priors/record.csv`.

Usage::

    python bench/record.py PANEL_FOLDER

Classes of stated probability, by family, by what a target asks (its year or every year) and by
number of known years. Neighbouring classes are merged until each holds `ENOUGH` series; its
interval draws whole indicators, because series of one indicator move together.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import cases as bench
import numpy as np
import pandas as pd
from learn_prior import learn_halves

from wqa.paths import PRIORS

ENOUGH = 200
POINTS = {"percent": (1, 2, 3, 6, 10), "rate": (1, 2, 3, 6, 10), "score": (1, 2, 3, 6)}
DRAWS, PATHS, CHUNK = 1000, 400, 200
COLUMNS = ["family", "scope", "points", "p_from", "p_to", "stated", "observed", "lower", "upper",
           "cases", "indicators"]  # fmt: skip


def stated(cases: bench.Cases, priors: bench.Priors, *, every_year: bool) -> bench.Array:
    """Probability of each target, each series with the prior of the other half."""
    if not every_year:
        return bench.ours(cases, priors)[1]
    chances = np.empty(cases.hits().shape)
    for chunk in np.array_split(np.arange(len(cases.past)), len(cases.past) // CHUNK + 1):
        for rows, part, fitted in bench.by_half(cases.part(chunk), priors):
            side = part.direction[:, None, None]
            paths = fitted.sample(PATHS) * side
            for place, (h, target) in enumerate(part.targets()):
                good = paths[:, :, :h] >= target[:, None, None] * side
                chances[place, chunk[rows]] = good.all(axis=2).mean(axis=1)
    return chances


def classes(frame: pd.DataFrame) -> Iterator[tuple[float, ...]]:
    """Tenths of stated probability, merged from below until each holds enough series."""
    tenth = np.minimum((frame["p"] * 10 + 1e-9).astype(int), 9)
    edges = [0]
    for end in range(1, 11):
        if frame["series"][tenth.between(edges[-1], end - 1)].nunique() >= ENOUGH:
            edges.append(end)
    for start, end in pairwise([*edges[:-1], 10] if len(edges) > 1 else edges):
        part = frame[tenth.between(start, end - 1)]
        means, counts = part[["p", "hit"]].mean(), part[["series", "indicator"]].nunique()
        yield start / 10, end / 10, *means, *interval(part), *counts


def interval(part: pd.DataFrame) -> bench.Array:
    """Bootstrap interval (95 %) of the observed frequency, whole indicators drawn."""
    sums = part.groupby("indicator")["hit"].agg(["sum", "count"]).to_numpy()
    drawn = np.random.default_rng(0).integers(len(sums), size=(DRAWS, len(sums)))
    hits, n = sums[drawn].sum(axis=1).T
    return np.quantile(hits / n, [0.025, 0.975])


def main(panel: Path) -> None:
    """Learn the record and write it."""
    meta = pd.read_csv(panel / "panel_meta.csv").set_index("series_id")
    rows = []
    for family, lengths in POINTS.items():
        priors = learn_halves(panel, family)
        for points in lengths:
            cases = bench.panel_cases(panel, family, points)
            about = meta.loc[cases.label]
            named = {"series": cases.label, "indicator": about["source"] + "|" + about["indicator"]}
            for scope, every in (("end_year", False), ("every_year", True)):
                outcome = stated(cases, priors, every_year=every), cases.hits(every_year=every)
                pairs = zip(*outcome, strict=True)
                frame = pd.concat([pd.DataFrame({**named, "p": p, "hit": h}) for p, h in pairs])
                rows += [(family, scope, points, *found) for found in classes(frame)]
            print(cases.name, flush=True)
    frame = pd.DataFrame(rows, columns=COLUMNS).round(3)
    frame.to_csv(PRIORS / "record.csv", index=False, lineterminator="\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
