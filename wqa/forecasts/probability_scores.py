"""Scores of stated probabilities: Brier and its parts, log score, reliability."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from wqa.errors import DataError
from wqa.transforms import FloatArray

if TYPE_CHECKING:
    import pandas as pd


def brier(p: npt.ArrayLike, hit: npt.ArrayLike) -> float:
    """Mean squared error of probabilities (Brier 1950, Monthly Weather Review 78, 1-3).

    Parameters
    ----------
    p : array_like
        Stated probabilities.
    hit : array_like
        1 where the event happened, else 0.

    Returns
    -------
    float
        0 (perfect) to 1.
    """
    stated, happened = _pairs(p, hit)
    return float(np.mean((stated - happened) ** 2))


def log_score(p: npt.ArrayLike, hit: npt.ArrayLike) -> float:
    """Mean negative log probability of what happened, clipped at 1 / (2 m).

    Parameters
    ----------
    p : array_like
        Stated probabilities of m cases.
    hit : array_like
        1 where the event happened, else 0.

    Returns
    -------
    float
        Score in nats. The clip keeps one certain but wrong statement from hiding
        all other cases.
    """
    stated, happened = _pairs(p, hit)
    least = 1.0 / (2.0 * stated.size)
    right = np.where(happened > 0, stated, 1.0 - stated)
    return float(-np.mean(np.log(np.clip(right, least, 1.0))))


@dataclass(frozen=True)
class BrierParts:
    """Parts of a Brier score: brier = reliability - resolution + uncertainty + within.

    Parameters
    ----------
    brier, reliability, resolution, uncertainty : float
        Score, miscalibration, discrimination and variance of the event.
    within : float
        What the bins hide; 0 when every bin holds one stated probability.
    """

    brier: float
    reliability: float
    resolution: float
    uncertainty: float
    within: float


def brier_parts(p: npt.ArrayLike, hit: npt.ArrayLike, bins: int = 10) -> BrierParts:
    """Murphy's decomposition (1973, J. Applied Meteorology 12, 595-600) over equal bins.

    Parameters
    ----------
    p : array_like
        Stated probabilities.
    hit : array_like
        1 where the event happened, else 0.
    bins : int, optional
        Number of equal bins.

    Returns
    -------
    BrierParts
        The parts and what the binning leaves.
    """
    stated, happened = _pairs(p, hit)
    base = float(happened.mean())
    table = reliability_table(stated, happened, bins)
    share = table["n"].to_numpy() / stated.size
    said, came = table["stated"].to_numpy(), table["came_true"].to_numpy()
    reliability = float(np.sum(share * (said - came) ** 2))
    resolution = float(np.sum(share * (came - base) ** 2))
    uncertainty = base * (1.0 - base)
    score = brier(stated, happened)
    return BrierParts(
        score,
        reliability,
        resolution,
        uncertainty,
        score - (reliability - resolution + uncertainty),
    )


def reliability_table(p: npt.ArrayLike, hit: npt.ArrayLike, bins: int = 10) -> pd.DataFrame:
    """How often events came true that were given a certain probability.

    Parameters
    ----------
    p : array_like
        Stated probabilities.
    hit : array_like
        1 where the event happened, else 0.
    bins : int, optional
        Number of equal bins; empty ones are left out.

    Returns
    -------
    pandas.DataFrame
        Columns lower, upper, n, stated (mean), came_true (share), lo_95, hi_95 (Wilson
        interval of the share).
    """
    import pandas as pd

    from wqa.forecasts.intervals import proportion_interval

    stated, happened = _pairs(p, hit)
    index = np.minimum((stated * bins).astype(int), bins - 1)
    rows: list[tuple[Any, ...]] = []
    for i in np.unique(index):
        here = index == i
        n, hits = int(here.sum()), float(happened[here].sum())
        low, high = proportion_interval(hits, n)
        said = float(stated[here].mean())
        rows.append((i / bins, (i + 1) / bins, n, said, hits / n, low / 100.0, high / 100.0))
    names = ["lower", "upper", "n", "stated", "came_true", "lo_95", "hi_95"]
    return pd.DataFrame(rows, columns=names)


def calibration_error(p: npt.ArrayLike, hit: npt.ArrayLike, bins: int = 10) -> float:
    """Mean distance between stated probability and frequency, in points of 100.

    Parameters
    ----------
    p : array_like
        Stated probabilities.
    hit : array_like
        1 where the event happened, else 0.
    bins : int, optional
        Number of equal bins, weighted by their size.

    Returns
    -------
    float
        0 to 100. Sampling alone gives more than 0 in small bins.
    """
    table = reliability_table(p, hit, bins)
    away = (table["stated"] - table["came_true"]).abs()
    return float(100.0 * np.average(away.to_numpy(), weights=table["n"].to_numpy()))


def recalibrated_brier(labels: npt.ArrayLike, hit: npt.ArrayLike) -> float:
    """Brier score of labels read in hindsight as the frequency of each label.

    The best case for labels that are no probabilities: each is replaced by the
    share of its own cases that came true.

    Parameters
    ----------
    labels : array_like
        One label per case.
    hit : array_like
        1 where the event happened, else 0.

    Returns
    -------
    float
        Score in hindsight; no out-of-sample score can be expected to be as low.
    """
    names = np.asarray(labels, dtype=object).astype(str)
    happened = np.asarray(hit, dtype=float)
    if names.size == 0 or names.shape != happened.shape:
        raise DataError("labels and outcomes do not pair up", got=(names.shape, happened.shape))
    stated = np.empty(happened.size)
    for name in np.unique(names):
        stated[names == name] = happened[names == name].mean()
    return brier(stated, happened)


def _pairs(p: npt.ArrayLike, hit: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    stated, happened = np.asarray(p, dtype=float), np.asarray(hit, dtype=float)
    if stated.size == 0 or stated.shape != happened.shape:
        raise DataError(
            "probabilities and outcomes do not pair up",
            got=(stated.shape, happened.shape),
            expected="two arrays of the same length, at least one case",
        )
    if not ((stated >= 0) & (stated <= 1)).all() or not np.isin(happened, (0.0, 1.0)).all():
        raise DataError(
            "not probabilities and outcomes", expected="p from 0 to 1 and outcomes 0 or 1"
        )
    return stated, happened
