"""Forecast cases of the comparison, and the measures, the same for every tool."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import learn_prior
import numpy as np
import pandas as pd
from learn_prior import Array, Priors

from wqa.forecasts import pooled, scores

LEVELS = np.array([0.025, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.975])
SHOWN = (0.025, 0.1, 0.5, 0.9, 0.975)
TENTHS = slice(2, 11)  # .1 to .9, over which the leaderboards average
TARGET_STEPS = (-0.5, 0.0, 0.5, 1.0)
TARGET_YEARS = (3, 5)
CAP = 200.0  # most that one series may add to the mean interval score of a panel
DIGITS = {"sMAPE": ".2f", "MASE": ".3f", "MSIS95": ".2f", "CRPS": ".3f", "Brier": ".4f",
          "cov80": ".1f", "cov95": ".1f", "cal": ".1f"}  # fmt: skip
HORIZON = {"percent": 5, "rate": 5, "score": 3, "M3": 6, "M1": 6, "Tourism": 4}
TITLE = {"percent": "Bounded percentages", "rate": "Low rates", "score": "Satisfaction scores"}


class Cases(NamedTuple):
    """Forecast cases of one data set: training values, what followed, how to judge it."""

    name: str
    family: str
    past: Array  # (N, T), NaN before a shorter series starts
    future: Array  # (N, H)
    scale: Array  # (N,) mean absolute yearly change in training
    direction: Array  # (N,) +1 higher is better, -1 lower
    half: Array  # (N,) half of the panel the series belongs to
    label: Array  # (N,) name of the series

    def part(self, rows: Array) -> Cases:
        """Return the cases in ``rows``."""
        return Cases(self.name, self.family, *(column[rows] for column in self[2:]))

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


def by_half(cases: Cases, priors: Priors) -> Iterator[tuple[Array, Cases, Any]]:
    """Rows, cases and forecast of each half, with the prior of the other one."""
    for half in (0, 1):
        rows = np.flatnonzero(cases.half == half)
        part = cases.part(rows)
        prior = priors[part.family][1 - half]
        yield rows, part, fit(part.past, part.future.shape[1], part.family, prior)


def ours(cases: Cases, priors: Priors) -> tuple[Array, Array]:
    """Quantiles and chances of our forecast, each series with the prior of the other half."""
    quantiles = np.empty((LEVELS.size, *cases.future.shape))
    chances = np.empty(cases.hits().shape)
    for rows, part, fitted in by_half(cases, priors):
        quantiles[:, rows] = [fitted.quantile(float(p)) for p in LEVELS]
        chances[:, rows] = [attain(fitted, t, h, part.direction) for h, t in part.targets()]
    return quantiles, np.clip(chances, 0.0, 1.0)


def attain(fitted: Any, target: Array, h: int, direction: Array) -> Array:
    """Probability that the value ``h`` years ahead lies on the good side of each target."""
    down, below = (f(target[:, None])[:, h - 1] for f in (fitted.cdf, fitted.below))
    return np.where(direction > 0, 1.0 - below, down)


def blocks(folder: Path, family: str, points: int, ahead: int) -> Iterator[tuple[Any, ...]]:
    """Name, known and later values of each series, for its last two blocks of years."""
    for one in learn_prior.load_family(folder, family):
        for end in (len(one.readings) - ahead, len(one.readings) - 2 * ahead):
            if end >= points:
                yield one.name, one.readings[:end], one.readings[end : end + ahead]


def panel_cases(folder: Path, family: str, points: int) -> Cases:
    """Forecast cases of a panel: up to two a series, not overlapping."""
    meta = pd.read_csv(folder / "panel_meta.csv").set_index("series_id")["direction"]
    horizon, rows = HORIZON[family], []
    for name, known, future in blocks(folder, family, points, horizon):
        # From one point the usual change is not seen, but what is asked rests on it.
        scale = float(scores.naive_scale(known[-points:] if points > 1 else known))
        # Without a change there is no scale to judge the error by.
        if scale > 0:
            half = learn_prior.half_of(name)
            rows.append((known[-points:], future, scale, float(meta[name]), half, name))
    title = f"{TITLE[family]}, {points} training points, {horizon} years ahead"
    return Cases(title, family, *(np.array(column) for column in zip(*rows, strict=True)))


def competition_cases(name: str) -> Cases:
    """Return the competition's own split into training and test part."""
    label, known, future = zip(*learn_prior.load_competition(name), strict=True)
    longest = max(map(len, known))
    past = np.array([np.pad(x, (longest - len(x), 0), constant_values=np.nan) for x in known])
    half = np.array([learn_prior.half_of(one) for one in label])
    future = np.array(future)
    title = f"{name} yearly, {future.shape[1]} years ahead"
    change, ups = scores.naive_scale(past), np.ones(len(past))
    return Cases(title, "positive", past, future, change, ups, half, np.array(label))


def score(cases: Cases, quantiles: Array, chances: Array) -> dict[str, float]:
    """All measures of quantiles (levels, N, H) and chances; of competitions without chances."""
    truth, scale, panel = cases.future, cases.scale[:, None], cases.family != "positive"
    low95, low80, middle, high80, high95 = (quantiles[LEVELS.tolist().index(p)] for p in SHOWN)
    interval = scores.interval_score(truth, low95, high95, 95.0) / scale
    found = {
        "sMAPE": scores.smape(truth, middle),
        "MASE": (np.abs(truth - middle) / scale).mean(),
        "MSIS95": np.minimum(interval.mean(axis=1), CAP if panel else np.inf).mean(),
        "CRPS": (scores.crps(truth, quantiles, LEVELS) / scale).mean(),
        "cov80": scores.coverage(truth, low80, high80),
        "cov95": scores.coverage(truth, low95, high95),
    }
    if panel:
        pair = chances, cases.hits()
        found |= {"Brier": scores.brier(*pair), "cal": scores.calibration_error(*pair)}
    return found


def weighted_loss(cases: Cases, quantiles: Array) -> float:
    """Mean quantile loss at .1 to .9 over the sum of the values, as on the leaderboards."""
    loss = scores.quantile_loss(cases.future, quantiles, LEVELS)[TENTHS]
    return float(loss.mean(axis=0).sum() / np.abs(cases.future).sum())


def markdown(heads: Sequence[str], rows: Iterable[Any], formats: dict[str, str] = DIGITS) -> str:
    """Lay out a table; numbers are printed as their head asks."""
    lines = [f"| {' | '.join(heads)} |", "|---|" + "---:|" * (len(heads) - 1)]
    for row in rows:
        cells = (x if isinstance(x, str) else format(x, formats.get(head, ""))
                 for x, head in zip(row, heads, strict=True))  # fmt: skip
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)
