"""Measures of the comparison: each takes plain arrays, so every tool is scored alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

LEVELS = np.array([0.025, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.975])
TARGET_STEPS = (-0.5, 0.0, 0.5, 1.0)
TARGET_YEARS = (3, 5)
CAP = 200.0  # most that one series may add to the mean interval score of a panel


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
    upper: float | None

    def part(self, rows: NDArray[Any]) -> Cases:
        """Return the cases in ``rows``."""
        picked = (getattr(self, f)[rows] for f in ("past", "future", "scale", "direction", "half"))
        return Cases(self.name, self.family, *picked, self.upper)


def targets(cases: Cases) -> list[tuple[int, Array]]:
    """Targets ``last + direction * k * change * sqrt(h)`` as pairs of horizon and values."""
    last = cases.past[:, -1]
    return [
        (h, last + cases.direction * k * cases.scale * np.sqrt(h))
        for h in TARGET_YEARS
        if h <= cases.future.shape[1]
        for k in TARGET_STEPS
    ]


def hits(cases: Cases) -> Array:
    """Whether each target was attained, shape (targets, N)."""
    slack = 1e-9 * (1.0 + np.abs(cases.future))
    return np.array(
        [
            (cases.future[:, h - 1] - t) * cases.direction >= -slack[:, h - 1]
            for h, t in targets(cases)
        ],
        dtype=float,
    )


def accuracy(cases: Cases, quantiles: Array, *, capped: bool) -> dict[str, float]:
    """Score quantiles of shape (len(LEVELS), N, H): accuracy, width and coverage."""
    truth, scale = cases.future, cases.scale[:, None]
    at = {round(float(p), 3): q for p, q in zip(LEVELS, quantiles, strict=True)}
    middle = at[0.5]
    slack = 1e-9 * (1.0 + np.abs(truth))
    low, high = at[0.025], at[0.975]
    miss = np.maximum(low - truth, 0.0) + np.maximum(truth - high, 0.0)
    interval = ((high - low + 40.0 * miss) / scale).mean(axis=1)
    size = np.maximum(np.abs(truth) + np.abs(middle), 1e-12)
    off = truth[None] - quantiles
    p = LEVELS[:, None, None]
    pinball = np.maximum(p * off, (p - 1.0) * off)
    # Unequal levels: each stands for the stretch of probability nearest to it.
    ends = np.concatenate([[0.0], 0.5 * (LEVELS[1:] + LEVELS[:-1]), [1.0]])
    crps = 2.0 * np.einsum("p,pnh->nh", np.diff(ends), pinball) / scale

    def cover(p_low: float, p_high: float) -> float:
        inside = (truth >= at[p_low] - slack) & (truth <= at[p_high] + slack)
        return 100.0 * float(inside.mean())

    return {
        "sMAPE": float((200.0 * np.abs(truth - middle) / size).mean()),
        "MASE": float((np.abs(truth - middle) / scale).mean()),
        "MSIS95": float((np.minimum(interval, CAP) if capped else interval).mean()),
        "CRPS": float(crps.mean()),
        "cov80": cover(0.1, 0.9),
        "cov95": cover(0.025, 0.975),
    }


def brier(probability: Array, hit: Array) -> float:
    """Mean squared difference of probability and outcome."""
    return float(((probability - hit) ** 2).mean())


def reliability(probability: Array, hit: Array, bins: int = 10) -> list[tuple[float, float, int]]:
    """Mean probability, hit frequency and count in equal bins of probability."""
    p, y = probability.ravel(), hit.ravel()
    which = np.minimum((p * bins).astype(int), bins - 1)
    return [
        (float(p[which == b].mean()), float(y[which == b].mean()), int((which == b).sum()))
        for b in range(bins)
        if (which == b).any()
    ]


def calibration_error(probability: Array, hit: Array) -> float:
    """Weighted mean gap of stated and observed frequency over ten bins, in points."""
    rows = reliability(probability, hit)
    total = sum(n for _, _, n in rows)
    return 100.0 * sum(n * abs(p - y) for p, y, n in rows) / total
