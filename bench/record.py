"""Learn how often what was given a certain probability came true: `wqa/priors/record.csv`.

Usage::

    python bench/record.py PANEL_FOLDER [--out FOLDER]

Classes of stated probability, by family, by what a target asks (its year or every year) and by
number of known years. Neighbouring classes are merged until each holds `ENOUGH` series; its
interval draws whole indicators, because series of one indicator move together.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cases as bench
import numpy as np
import pandas as pd
from run import learn_family_halves

from wqa.paths import PRIORS

ENOUGH = 200
POINTS = {"percent": (1, 2, 3, 6, 10), "rate": (1, 2, 3, 6, 10), "score": (1, 2, 3, 6)}
DRAWS, PATHS, CHUNK = 1000, 400, 200


def stated(cases: bench.Cases, priors: bench.Priors, *, every_year: bool) -> bench.Array:
    """Probability of each target, each series with the prior of the other half."""
    if not every_year:
        return bench.ours(cases, priors)[1]
    chances = np.empty(cases.hits().shape)
    for rows in np.array_split(np.arange(len(cases.past)), len(cases.past) // CHUNK + 1):
        for half in (0, 1):
            own = rows[cases.half[rows] == half]
            part = cases.part(own)
            horizon = part.future.shape[1]
            fitted = bench.fit(part.past, horizon, part.family, priors[part.family][1 - half])
            paths = fitted.sample(PATHS) * part.direction[:, None, None]
            good = [(paths[:, :, :h] >= (t * part.direction)[:, None, None]).all(axis=2)
                    for h, t in part.targets()]  # fmt: skip
            chances[:, own] = np.mean(good, axis=2)
    return chances


def classes(frame: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Tenths of stated probability, merged from below until each holds enough series."""
    tenth = np.minimum((frame["p"] * 10 + 1e-9).astype(int), 9)
    start, parts = 0, []
    for end in range(1, 11):
        if frame["series"][tenth.between(start, end - 1)].nunique() >= ENOUGH:
            parts.append((start, end))
            start = end
    if parts and start < 10:
        parts[-1] = parts[-1][0], 10
    for start, end in parts:
        part = frame[tenth.between(start, end - 1)]
        low, high = interval(part)
        yield {"p_from": start / 10, "p_to": end / 10, "stated": part["p"].mean(),
               "observed": part["hit"].mean(), "lower": low, "upper": high,
               "cases": part["series"].nunique(),
               "indicators": part["indicator"].nunique()}  # fmt: skip


def interval(part: pd.DataFrame) -> tuple[float, float]:
    """Bootstrap interval (95 %) of the observed frequency, whole indicators drawn."""
    sums = part.groupby("indicator")["hit"].agg(["sum", "count"]).to_numpy()
    drawn = np.random.default_rng(0).integers(len(sums), size=(DRAWS, len(sums)))
    hits, n = sums[drawn].sum(axis=1).T
    low, high = np.quantile(hits / n, [0.025, 0.975])
    return float(low), float(high)


def main() -> None:
    """Learn the record and write it."""
    parser = argparse.ArgumentParser(description="Learn how often probabilities came true.")
    parser.add_argument("panel", type=Path)
    parser.add_argument("--out", type=Path, default=PRIORS)
    options = parser.parse_args()
    meta = pd.read_csv(options.panel / "panel_meta.csv").set_index("series_id")
    rows = []
    for family, lengths in POINTS.items():
        priors = {family: learn_family_halves(options.panel, family)}
        for points in lengths:
            cases = bench.panel_cases(options.panel, family, points)
            about = meta.loc[cases.label]
            named = {"series": cases.label, "indicator": about["source"] + "|" + about["indicator"]}
            for scope in ("end_year", "every_year"):
                every = scope == "every_year"
                pairs = zip(stated(cases, priors, every_year=every),
                            cases.hits(every_year=every), strict=True)  # fmt: skip
                frame = pd.concat([pd.DataFrame({**named, "p": p, "hit": h}) for p, h in pairs])
                key = {"family": family, "scope": scope, "points": points}
                rows += [key | found for found in classes(frame)]
            print(cases.name, flush=True)
    frame = pd.DataFrame(rows).round(3)
    frame.to_csv(options.out / "record.csv", index=False, lineterminator="\n")


if __name__ == "__main__":
    main()
