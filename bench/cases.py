"""Forecast cases of the comparison, and the measures, the same for every tool."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import learn_prior
import numpy as np
import pandas as pd
from learn_prior import Array
from numpy.typing import NDArray

from wqa.forecasts import pooled, scores

Priors = dict[str, tuple[pooled.Prior, pooled.Prior]]  # learned on either half of the series
LEVELS = np.array([0.025, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.975])
TENTHS = slice(2, 11)  # .1 to .9, over which the leaderboards average
TARGET_STEPS = (-0.5, 0.0, 0.5, 1.0)
TARGET_YEARS = (3, 5)
CAP = 200.0  # most that one series may add to the mean interval score of a panel
HORIZON = {"percent": 5, "rate": 5, "score": 3, "M3": 6, "M1": 6, "Tourism": 4}
TITLE = {"percent": "Bounded percentages", "rate": "Low rates", "score": "Satisfaction scores"}


@dataclass(frozen=True)
class Cases:
    """Forecast cases of one data set: training values, what followed, how to judge it."""

    name: str
    family: str
    past: Array  # (N, T), NaN before a shorter series starts
    future: Array  # (N, H)
    scale: Array  # (N,) mean absolute yearly change in training
    direction: Array  # (N,) +1 higher is better, -1 lower
    half: NDArray[np.intp]  # (N,) half of the panel the series belongs to
    label: NDArray[np.str_]  # (N,) name of the series

    def part(self, rows: NDArray[Any]) -> Cases:
        """Return the cases in ``rows``."""
        arrays = [f.name for f in fields(self) if f.name not in ("name", "family")]
        return replace(self, **{name: getattr(self, name)[rows] for name in arrays})

    def targets(self) -> list[tuple[int, Array]]:
        """Horizons and targets ``last + direction * k * change * sqrt(h)``."""
        size = self.direction * self.scale
        years = [h for h in TARGET_YEARS if h <= self.future.shape[1]]
        return [(h, self.past[:, -1] + k * size * np.sqrt(h)) for h in years for k in TARGET_STEPS]

    def hits(self, *, every_year: bool = False) -> Array:
        """Whether each target was attained in its year, or in every one, shape (targets, N)."""
        side = self.direction[:, None]
        found = (self.future + 1e-9 * (1.0 + np.abs(self.future)) * side) * side
        years = [(slice(0 if every_year else h - 1, h), t) for h, t in self.targets()]
        return np.array([(found[:, ys].min(axis=1) >= t * side[:, 0]) for ys, t in years]) * 1.0


def fit(past: Array, horizon: int, family: str, prior: pooled.Prior | None = None) -> Any:
    """Our forecast of many series at once."""
    return pooled.predict(past, horizon, learn_prior.SETTINGS[family].kind, prior)


def ours(cases: Cases, priors: Priors) -> tuple[Array, Array]:
    """Quantiles and chances of our forecast, each series with the prior of the other half."""
    count, horizon = cases.future.shape
    quantiles, chances = np.empty((LEVELS.size, count, horizon)), np.empty(cases.hits().shape)
    for half in (0, 1):
        rows = np.flatnonzero(cases.half == half)
        part = cases.part(rows)
        fitted = fit(part.past, horizon, part.family, priors[part.family][1 - half])
        quantiles[:, rows] = [fitted.quantile(float(p)) for p in LEVELS]
        chances[:, rows] = [attain(fitted, t, h, part.direction) for h, t in part.targets()]
    return quantiles, np.clip(chances, 0.0, 1.0)


def attain(fitted: Any, target: Array, h: int, direction: Array) -> Array:
    """Probability that the value ``h`` years ahead lies on the good side of each target."""
    down, below = (f(target[:, None])[:, h - 1] for f in (fitted.cdf, fitted.below))
    return np.where(direction > 0, 1.0 - below, down)


def panel_cases(folder: Path, family: str, points: int) -> Cases:
    """Up to two forecast cases per series: the last two blocks of years not overlapping."""
    meta = pd.read_csv(folder / "panel_meta.csv").set_index("series_id")["direction"]
    horizon, rows = HORIZON[family], []
    for one in learn_prior.load_panel(folder, family):
        for block in range(2):
            end = len(one.readings) - horizon * (block + 1)
            if end < points:
                break
            known, future = one.readings[:end], one.readings[end : end + horizon]
            # From one point the usual change is not seen, but what is asked rests on it.
            scale = float(scores.naive_scale(known[-points:] if points > 1 else known))
            # Without a change there is no scale to judge the error by.
            if scale > 0:
                half = learn_prior.half_of(one.name)
                rows.append((known[-points:], future, scale, meta[one.name], half, one.name))
    past, future, change, direction, *rest = (np.array(c) for c in zip(*rows, strict=True))
    title = f"{TITLE[family]}, {points} training points, {horizon} years ahead"
    return Cases(title, family, past, future, change, direction.astype(float), *rest)


def competition_cases(name: str) -> Cases:
    """Return the competition's own split into training and test part."""
    members = learn_prior.load_competition(name)
    past = np.full((len(members), max(len(x) for _, x, _ in members)), np.nan)
    for row, (_, x, _) in enumerate(members):
        past[row, -len(x) :] = x
    label = np.array([name for name, _, _ in members])
    half = np.array([learn_prior.half_of(name) for name in label])
    future = np.array([f for _, _, f in members])
    title = f"{name} yearly, {future.shape[1]} years ahead"
    change, ups = scores.naive_scale(past), np.ones(len(past))
    return Cases(title, "positive", past, future, change, ups, half, label)


def accuracy(cases: Cases, quantiles: Array, *, capped: bool) -> dict[str, float]:
    """Score quantiles of shape (len(LEVELS), N, H): accuracy, width and coverage."""
    truth, scale = cases.future, cases.scale[:, None]
    at = {round(float(p), 3): q for p, q in zip(LEVELS, quantiles, strict=True)}
    interval = scores.interval_score(truth, at[0.025], at[0.975], 95.0) / scale
    worst = CAP if capped else np.inf
    return {
        "sMAPE": scores.smape(truth, at[0.5]),
        "MASE": float((np.abs(truth - at[0.5]) / scale).mean()),
        "MSIS95": float(np.minimum(interval.mean(axis=1), worst).mean()),
        "CRPS": float((scores.crps(truth, quantiles, LEVELS) / scale).mean()),
        "cov80": scores.coverage(truth, at[0.1], at[0.9]),
        "cov95": scores.coverage(truth, at[0.025], at[0.975]),
    }


def weighted_loss(cases: Cases, quantiles: Array) -> float:
    """Mean quantile loss at .1 to .9 over the sum of the values, as on the leaderboards."""
    loss = scores.quantile_loss(cases.future, quantiles, LEVELS)[TENTHS]
    return float(loss.mean(axis=0).sum() / np.abs(cases.future).sum())


def markdown(heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Lay out a table, text to the left and numbers to the right."""
    lines = [f"| {' | '.join(heads)} |", "|---|" + "---:|" * (len(heads) - 1)]
    return "\n".join([*lines, *(f"| {' | '.join(map(str, row))} |" for row in rows)])
