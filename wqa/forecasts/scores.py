"""Scores of forecasts and probabilities, intervals of shares and rates: arrays in, numbers out.

Lower scores are better, except coverage (nearer its level). Where a series has its own training
part or scale, the last axis is the years and the axis before it the series. Shares are in percent;
their normal ("Wald") interval is left out: near 100 % it covers far less than it says.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import special

from wqa.forecasts.numbers import Array, require

TENTHS = tuple(i / 10 for i in range(11))


def naive_scale(training: ArrayLike) -> Array:
    """Mean absolute yearly change of the training years; across a gap, the change per year."""
    rows = np.asarray(training, dtype=float)
    out = [_mean_change(row) for row in rows.reshape(-1, rows.shape[-1])]
    return np.array(out).reshape(rows.shape[:-1])


def _mean_change(row: Array) -> float:
    at = np.flatnonzero(np.isfinite(row))
    return float(np.mean(np.abs(np.diff(row[at]) / np.diff(at)))) if at.size > 1 else float("nan")


def scaled(values: ArrayLike, scale: ArrayLike) -> Array:
    """Values over the naive scale (Hyndman and Koehler 2006); NaN where the scale is 0."""
    size = np.asarray(scale, dtype=float)
    return np.asarray(np.asarray(values, dtype=float) / np.where(size > 0, size, np.nan))


def mase(actual: ArrayLike, predicted: ArrayLike, training: ArrayLike) -> float:
    """Mean absolute scaled error of one series (Hyndman and Koehler 2006, IJF 22, 679-688)."""
    away = np.abs(np.asarray(actual, dtype=float) - np.asarray(predicted, dtype=float))
    return float(scaled(away, naive_scale(training)).mean())


def smape(actual: ArrayLike, predicted: ArrayLike) -> float:
    """Symmetric absolute percentage error, 0 to 200 (Makridakis 1993); a pair of zeros is 0."""
    y, f = np.asarray(actual, dtype=float), np.asarray(predicted, dtype=float)
    total = np.abs(y) + np.abs(f)
    return float(np.mean(200.0 * np.abs(y - f) / np.where(total > 0, total, 1.0)))


def interval_score(actual: ArrayLike, low: ArrayLike, high: ArrayLike, level: float) -> Array:
    """Width plus 2 / alpha times the distance outside (Gneiting and Raftery 2007, 6.2)."""
    y, a, b = (np.asarray(v, dtype=float) for v in (actual, low, high))
    outside = np.maximum(a - y, 0.0) + np.maximum(y - b, 0.0)
    return np.asarray(b - a + 2.0 / (1.0 - level / 100.0) * outside, dtype=float)


def msis(actual: ArrayLike, low: ArrayLike, high: ArrayLike, training: ArrayLike) -> float:
    """Mean scaled 95 % interval score of one series (M4 competition, Makridakis et al. 2020)."""
    return float(scaled(interval_score(actual, low, high, 95.0), naive_scale(training)).mean())


def inside(actual: ArrayLike, low: ArrayLike, high: ArrayLike) -> Array:
    """Whether values lie in their interval, limits included."""
    y, a, b = (np.asarray(v, dtype=float) for v in (actual, low, high))
    slack = 1e-9 * (1.0 + np.abs(y))  # what equals a limit but for binary noise lies inside
    return np.asarray((y >= a - slack) & (y <= b + slack))


def coverage(actual: ArrayLike, low: ArrayLike, high: ArrayLike) -> float:
    """Share of values inside their interval, in percent."""
    return float(100.0 * np.mean(inside(actual, low, high)))


def quantile_loss(actual: ArrayLike, quantiles: ArrayLike, levels: ArrayLike) -> Array:
    """Twice the pinball loss, per level (first axis of the quantiles) and value."""
    q = np.asarray(quantiles, dtype=float)
    p = np.asarray(levels, dtype=float).reshape((-1,) + (1,) * (q.ndim - 1))
    off = np.asarray(actual, dtype=float) - q
    return np.asarray(2.0 * np.maximum(p * off, (p - 1.0) * off), dtype=float)


def crps(actual: ArrayLike, quantiles: ArrayLike, levels: ArrayLike) -> Array:
    """Ranked probability score from quantiles (Gneiting and Ranjan 2011, JBES 29, equation 17)."""
    # Each level stands for the stretch of probability that is nearest to it.
    p = np.asarray(levels, dtype=float)
    weight = np.diff(np.concatenate([[0.0], 0.5 * (p[1:] + p[:-1]), [1.0]]))
    return np.asarray(np.tensordot(weight, quantile_loss(actual, quantiles, p), axes=1))


def brier(p: ArrayLike, hit: ArrayLike) -> float:
    """Mean squared error of probabilities (Brier 1950, Monthly Weather Review 78, 1-3)."""
    stated, happened = _pairs(p, hit)
    return float(np.mean((stated - happened) ** 2))


def reliability(p: ArrayLike, hit: ArrayLike, edges: Sequence[float] = TENTHS) -> pd.DataFrame:
    """How often came true what was given a certain probability, by class: see Backtest."""
    stated, happened = _pairs(p, hit)
    place = np.clip(np.searchsorted(edges, stated, side="right") - 1, 0, len(edges) - 2)
    rows = []
    for one in np.unique(place):
        here = place == one
        n, hits = int(here.sum()), float(happened[here].sum())
        low, high = proportion_interval(hits, n)
        rows.append((float(stated[here].mean()), hits / n, low / 100.0, high / 100.0, n))
    return pd.DataFrame(rows, columns=["stated", "observed", "lower", "upper", "n"])


def calibration_error(p: ArrayLike, hit: ArrayLike) -> float:
    """Mean distance of stated probability and frequency over ten classes, in points of 100."""
    table = reliability(p, hit)
    away = (table["stated"] - table["observed"]).abs().to_numpy()
    return float(100.0 * np.average(away, weights=table["n"].to_numpy()))


def bootstrap_difference(difference: ArrayLike, groups: ArrayLike) -> tuple[float, float, float]:
    """Mean of paired differences and its 95 % bootstrap interval; no limits with one group."""
    # Forecasts of one series are dependent, so whole groups are drawn, not forecasts
    # (percentile bootstrap, Efron and Tibshirani 1993, chapters 8 and 13).
    gap = np.asarray(difference, dtype=float)
    _, index = np.unique(np.asarray(groups, dtype=str), return_inverse=True)
    sums, sizes = np.bincount(index, weights=gap), np.bincount(index)
    if sums.size < 2:
        return float(gap.mean()), float("nan"), float("nan")
    pick = np.random.default_rng(0).integers(0, sums.size, size=(2_000, sums.size))
    low, high = np.quantile(sums[pick].sum(axis=1) / sizes[pick].sum(axis=1), [0.025, 0.975])
    return float(gap.mean()), float(low), float(high)


def _pairs(p: ArrayLike, hit: ArrayLike) -> tuple[Array, Array]:
    """Probabilities and outcomes as flat arrays, refused where they do not pair up."""
    stated, happened = np.asarray(p, dtype=float), np.asarray(hit, dtype=float)
    paired = stated.size > 0 and stated.shape == happened.shape
    good = paired and np.isin(happened, (0, 1)).all() and ((stated >= 0) & (stated <= 1)).all()
    got, expected = (stated.shape, happened.shape), "p from 0 to 1, as many outcomes, 0 or 1"
    require(good, "probabilities and outcomes do not pair up", "p, hit", got, expected)
    return stated.ravel(), happened.ravel()


def proportion_interval(passed: float, n: float, level: float = 95.0) -> tuple[float, float]:
    """Wilson interval of a share in percent (Brown, Cai, DasGupta 2001); `n` may be effective."""
    possible, got = n > 0 and 0 <= passed <= n, (passed, n)
    require(possible, "impossible numbers", "passed, n", got, "0 to n passed, n above 0")
    z = float(special.ndtri(0.5 + level / 200.0))
    middle = (passed + z * z / 2.0) / (n + z * z)
    half = z / (n + z * z) * np.sqrt(passed * (n - passed) / n + z * z / 4.0)
    # Where none or all passed the bound itself is the limit.
    low = 0.0 if passed == 0 else float(max(0.0, middle - half))
    high = 1.0 if passed == n else float(min(1.0, middle + half))
    return 100.0 * low, 100.0 * high


def event_rate_interval(events: int, exposure: float, level: float = 95.0) -> tuple[float, float]:
    """Exact interval for events per unit of exposure (Garwood 1936, Biometrika 28, 437-442)."""
    possible = events >= 0 and float(events) == int(events) and exposure > 0
    require(possible, "not a number of events", "events, exposure", (events, exposure))
    tail = 0.5 - level / 200.0
    low = float(special.gammaincinv(events, tail)) if events else 0.0
    return low / exposure, float(special.gammaincinv(events + 1.0, 1.0 - tail)) / exposure
