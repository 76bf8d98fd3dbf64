"""Scores of forecasts: plain functions over arrays, each with its source.

Better is lower for every score except coverage (nearer its level) and skill.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from wqa.errors import DataError
from wqa.forecasts.probability_scores import (
    BrierParts,
    brier,
    brier_parts,
    calibration_error,
    log_score,
    recalibrated_brier,
    reliability_table,
)
from wqa.transforms import FloatArray

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "BrierParts",
    "absolute_scaled_errors",
    "bootstrap_difference",
    "brier",
    "brier_parts",
    "calibration_error",
    "coverage",
    "crps_quantiles",
    "crps_sample",
    "interval_score",
    "log_score",
    "mase",
    "msis",
    "naive_scale",
    "pit",
    "pit_histogram",
    "recalibrated_brier",
    "reliability_table",
    "skill",
    "smape",
    "width",
]


def naive_scale(training: npt.ArrayLike) -> float:
    """Mean absolute yearly change of the training years, the unit of MASE and MSIS.

    Parameters
    ----------
    training : array_like
        Values before the origin; NaN for a missing year, whose two changes are
        replaced by the change across it per year.

    Returns
    -------
    float
        Mean absolute change, in the unit of the series; NaN with fewer than two values.
    """
    y = np.asarray(training, dtype=float)
    at = np.flatnonzero(np.isfinite(y))
    if at.size < 2:
        return float("nan")
    return float(np.mean(np.abs(np.diff(y[at]) / np.diff(at))))


def absolute_scaled_errors(
    actual: npt.ArrayLike, predicted: npt.ArrayLike, scale: npt.ArrayLike
) -> FloatArray:
    """Absolute errors over the naive scale (Hyndman and Koehler 2006, IJF 22, 679-688).

    Parameters
    ----------
    actual, predicted : array_like
        Values and point forecasts.
    scale : array_like
        See :func:`naive_scale`; 0 or NaN makes the error undefined.

    Returns
    -------
    numpy.ndarray
        Errors in units of the naive scale, NaN where undefined.
    """
    size = np.asarray(scale, dtype=float)
    safe = np.where(size > 0, size, np.nan)
    away = np.abs(np.asarray(actual, dtype=float) - np.asarray(predicted, dtype=float))
    return np.asarray(away / safe, dtype=float)


def mase(actual: npt.ArrayLike, predicted: npt.ArrayLike, training: npt.ArrayLike) -> float:
    """Mean absolute scaled error of one series (Hyndman and Koehler 2006).

    Parameters
    ----------
    actual, predicted : array_like
        Values and point forecasts.
    training : array_like
        Values before the origin.

    Returns
    -------
    float
        1 is as far off as a yearly change is large; NaN for a constant training part.
    """
    return float(np.mean(absolute_scaled_errors(actual, predicted, naive_scale(training))))


def smape(actual: npt.ArrayLike, predicted: npt.ArrayLike) -> float:
    """Symmetric mean absolute percentage error, 0 to 200 (Makridakis 1993, IJF 9, 527-529).

    Parameters
    ----------
    actual, predicted : array_like
        Values and point forecasts.

    Returns
    -------
    float
        Mean of 200 |y - f| / (|y| + |f|); a pair of zeros counts as 0.
    """
    y, f = np.asarray(actual, dtype=float), np.asarray(predicted, dtype=float)
    total = np.abs(y) + np.abs(f)
    parts = np.where(total > 0, 200.0 * np.abs(y - f) / np.where(total > 0, total, 1.0), 0.0)
    return float(np.mean(parts))


def interval_score(
    actual: npt.ArrayLike, low: npt.ArrayLike, high: npt.ArrayLike, level: float
) -> FloatArray:
    """Interval score (Gneiting and Raftery 2007, JASA 102, 359-378, section 6.2).

    Parameters
    ----------
    actual, low, high : array_like
        Values and limits of the central interval.
    level : float
        Level of the interval in percent.

    Returns
    -------
    numpy.ndarray
        Width plus 2 / alpha times the distance of a value outside.
    """
    y, a, b = (np.asarray(v, dtype=float) for v in (actual, low, high))
    alpha = 1.0 - level / 100.0
    outside = np.maximum(a - y, 0.0) + np.maximum(y - b, 0.0)
    return np.asarray(b - a + 2.0 / alpha * outside, dtype=float)


def msis(
    actual: npt.ArrayLike,
    low: npt.ArrayLike,
    high: npt.ArrayLike,
    training: npt.ArrayLike,
    level: float = 95.0,
) -> float:
    """Mean scaled interval score of one series (M4 competition, Makridakis et al. 2020).

    Parameters
    ----------
    actual, low, high : array_like
        Values and limits of the central interval.
    training : array_like
        Values before the origin.
    level : float, optional
        Level of the interval in percent.

    Returns
    -------
    float
        Mean interval score over the naive scale; NaN for a constant training part.
    """
    scale = naive_scale(training)
    return float(np.mean(interval_score(actual, low, high, level)) / scale if scale > 0 else np.nan)


def coverage(actual: npt.ArrayLike, low: npt.ArrayLike, high: npt.ArrayLike) -> float:
    """Share of values inside their interval, limits included, in percent.

    Parameters
    ----------
    actual, low, high : array_like
        Values and limits.

    Returns
    -------
    float
        0 to 100.
    """
    y, a, b = (np.asarray(v, dtype=float) for v in (actual, low, high))
    return float(100.0 * np.mean((y >= a) & (y <= b)))


def width(low: npt.ArrayLike, high: npt.ArrayLike) -> float:
    """Mean width of intervals, in the unit of the series.

    Parameters
    ----------
    low, high : array_like
        Limits.

    Returns
    -------
    float
        Mean of high - low.
    """
    return float(np.mean(np.asarray(high, dtype=float) - np.asarray(low, dtype=float)))


def crps_sample(draws: npt.ArrayLike, actual: float) -> float:
    """Continuous ranked probability score of a sample (Gneiting and Raftery 2007, eq. 21).

    Parameters
    ----------
    draws : array_like
        Draws from the predictive distribution.
    actual : float
        The value.

    Returns
    -------
    float
        E|X - y| - E|X - X'| / 2 under the empirical distribution of the draws.
    """
    x = np.sort(np.asarray(draws, dtype=float))
    m = x.size
    # Sum over all pairs of |x_i - x_j| from the order statistics.
    pairs = 2.0 * float(np.sum((2.0 * np.arange(1, m + 1) - m - 1.0) * x)) / m**2
    return float(np.mean(np.abs(x - actual)) - 0.5 * pairs)


def crps_quantiles(
    quantiles: npt.ArrayLike, probabilities: npt.ArrayLike, actual: npt.ArrayLike
) -> FloatArray:
    """Approximate CRPS as twice the mean quantile (pinball) loss over a grid.

    See Gneiting and Ranjan (2011), JBES 29, 411-422, equation 17.

    Parameters
    ----------
    quantiles : array_like
        Shape (P, ...): quantiles at the probabilities.
    probabilities : array_like
        Shape (P,), evenly spread over (0, 1).
    actual : array_like
        Values, shape (...).

    Returns
    -------
    numpy.ndarray
        Score per value, in the unit of the series.
    """
    q = np.asarray(quantiles, dtype=float)
    p = np.asarray(probabilities, dtype=float).reshape((-1,) + (1,) * (q.ndim - 1))
    y = np.asarray(actual, dtype=float)
    loss = np.where(y < q, (1.0 - p) * (q - y), p * (y - q))
    return np.asarray(2.0 * loss.mean(axis=0), dtype=float)


def pit(below: npt.ArrayLike, cdf: npt.ArrayLike, seed: int | None = None) -> FloatArray:
    """Probability integral transform; a jump of the distribution is split.

    Parameters
    ----------
    below, cdf : array_like
        P(Y < y) and P(Y <= y) at the values; equal for a continuous distribution.
    seed : int, optional
        Place within the jump at random (uniform PIT under the truth); default the middle.

    Returns
    -------
    numpy.ndarray
        Values 0 to 1, uniform if the forecasts are right.
    """
    a, b = np.asarray(below, dtype=float), np.asarray(cdf, dtype=float)
    u = 0.5 if seed is None else np.random.default_rng(seed).random(np.shape(a))
    return np.asarray(a + u * (b - a), dtype=float)


def pit_histogram(values: npt.ArrayLike, bins: int = 10) -> pd.DataFrame:
    """Count PIT values in equal bins.

    Parameters
    ----------
    values : array_like
        PIT values; NaN is left out.
    bins : int, optional
        Number of bins.

    Returns
    -------
    pandas.DataFrame
        Columns lower, upper, n, share and expected_share.
    """
    import pandas as pd

    x = np.asarray(values, dtype=float)
    counts, edges = np.histogram(x[np.isfinite(x)], bins=bins, range=(0.0, 1.0))
    total = max(int(counts.sum()), 1)
    return pd.DataFrame(
        {
            "lower": edges[:-1],
            "upper": edges[1:],
            "n": counts,
            "share": counts / total,
            "expected_share": 1.0 / bins,
        }
    )


def skill(score: float, reference: float) -> float:
    """Skill against a reference: 1 - score / reference.

    Parameters
    ----------
    score, reference : float
        Scores for which lower is better.

    Returns
    -------
    float
        Above 0 is better than the reference; NaN for a reference of 0.
    """
    return 1.0 - score / reference if reference > 0 else float("nan")


def bootstrap_difference(
    score: npt.ArrayLike,
    reference: npt.ArrayLike,
    groups: npt.ArrayLike,
    *,
    draws: int = 2_000,
    level: float = 95.0,
    seed: int = 0,
) -> tuple[float, float, float]:
    """Mean difference of paired scores with a bootstrap interval over whole groups.

    Forecasts of one series are dependent, so series are drawn, not forecasts
    (percentile bootstrap, Efron and Tibshirani 1993, chapters 8 and 13).

    Parameters
    ----------
    score, reference : array_like
        Paired scores per case; pairs with NaN are left out.
    groups : array_like
        Series of each case.
    draws : int, optional
        Number of bootstrap samples.
    level : float, optional
        Level of the interval in percent.
    seed : int, optional
        Seed of the draws.

    Returns
    -------
    tuple of float
        Mean of score - reference, lower and upper limit; NaN limits for one group.

    Raises
    ------
    DataError
        If there is no pair.
    """
    gap = np.asarray(score, dtype=float) - np.asarray(reference, dtype=float)
    names = np.asarray(groups, dtype=object).astype(str)
    names, gap = names[np.isfinite(gap)], gap[np.isfinite(gap)]
    if gap.size == 0:
        raise DataError("no paired scores to compare", expected="at least one pair")
    _, index = np.unique(names, return_inverse=True)
    sums, sizes = np.bincount(index, weights=gap), np.bincount(index).astype(float)
    if sums.size < 2:
        return float(gap.mean()), float("nan"), float("nan")
    pick = np.random.default_rng(seed).integers(0, sums.size, size=(draws, sums.size))
    means = sums[pick].sum(axis=1) / sizes[pick].sum(axis=1)
    tail = (1.0 - level / 100.0) / 2.0
    low, high = np.quantile(means, [tail, 1.0 - tail])
    return float(gap.mean()), float(low), float(high)
