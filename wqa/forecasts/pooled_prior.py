"""What is believed about a family of series before one of them is seen.

The prior of the pooled forecast is a small data file per family, learned from
published annual series by ``bench/learn_prior.py``, whose record it carries.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wqa.errors import ForecastError
from wqa.paths import PRIORS

Array = NDArray[np.float64]

FAMILIES = ("percent", "score", "rate", "count", "positive", "index")
FAR = 2.5  # standard deviations
LEARNED_AS = {"count": "rate", "index": "positive"}  # families that share another's prior


@dataclass(frozen=True)
class Prior:
    """What is believed about a family of series before one of them is seen.

    Parameters
    ----------
    family : str
        Name of the family.
    power : float
        Exponent of the transform (0 < power <= 1).
    kernels : ndarray, shape (K, 5)
        Columns drift, slope, damping, noise, pull of each component (see ``covariance``).
    trend : ndarray, shape (K,)
        Expected yearly change on the working scale; 0 for bounded families.
    shape, size : ndarray, shape (K,)
        Inverse gamma shape, and root mean square yearly change on the working scale.
    stretch : ndarray, shape (K,)
        Factor on the predictive scale: how much rougher the future may be than the past.
    weight : ndarray, shape (2, K)
        Prior weight of each component for short and for long series.
    gate : ndarray, shape (2, F, K)
        What one unit of each trait of a series (see ``trend_components.traits``) adds to
        the log weight of each component, for short and for long series; F is 0 where
        traits do not help a family.
    usual : ndarray, shape (2, F)
        Mean and standard deviation of the traits in the panel; a unit is one of the latter.
    switch : ndarray, shape (2,)
        Most points of a short series and fewest of a long one; mixed in between.
    by_length : ndarray, shape (3, N)
        Numbers of points; the power to which the likelihood is raised there (1 = Bayes);
        the factor on all scales at which intervals cover there.
    record : dict
        How the numbers were learned.
    """

    family: str
    power: float
    kernels: Array
    trend: Array
    shape: Array
    size: Array
    stretch: Array
    weight: Array
    gate: Array
    usual: Array
    switch: Array
    by_length: Array
    record: dict[str, Any] = field(default_factory=dict)


def load_prior(family: str, path: Path | None = None) -> Prior:
    """Load the learned prior of a family.

    Parameters
    ----------
    family : str
        One of ``percent``, ``score``, ``rate``, ``count``, ``positive``, ``index``.
    path : Path, optional
        A prior file to read instead of the one in the package.

    Returns
    -------
    Prior
        The prior with its record.

    Raises
    ------
    ForecastError
        If the family is unknown or its file is missing.
    """
    if family not in FAMILIES:
        raise ForecastError(
            "the family of the series is unknown", got=family, expected=" | ".join(FAMILIES)
        )
    learned = LEARNED_AS.get(family, family)
    source = path or PRIORS / f"{learned}.json"
    return _read_prior(family, source)


@lru_cache(maxsize=32)
def _read_prior(family: str, source: Path) -> Prior:
    if not source.is_file():
        raise ForecastError(
            "the prior file of a family is missing",
            where=source.name,
            expected="a file written by bench/learn_prior.py",
            fix="Run bench/learn_prior.py with a panel folder.",
        )
    data = json.loads(source.read_text(encoding="utf-8"))
    columns = np.array(data["components"], dtype=float)
    return Prior(
        family,
        float(data["power"]),
        columns[:, :5],
        columns[:, 5],
        columns[:, 6],
        columns[:, 7],
        columns[:, 8],
        columns[:, 9:11].T,
        columns[:, 11:].T.reshape(2, -1, len(columns)),
        np.array(data["usual_traits"], dtype=float),
        np.array(data["switch"], dtype=float),
        np.array(data["by_length"], dtype=float).T,
        data["record"],
    )


def at_length(prior: Prior, n_points: int) -> tuple[float, float]:
    """Power of the likelihood and factor on the scales for a number of points."""
    points, temper, spread = prior.by_length
    where = np.log(n_points), np.log(points)
    return float(np.interp(*where, temper)), float(np.interp(*where, spread))


def log_weights(prior: Prior, n_points: int, traits: Array) -> Array:
    """Log weight of every component before the likelihood, for series of one length.

    Parameters
    ----------
    prior : Prior
        The components.
    n_points : int
        Observed years of each series.
    traits : ndarray, shape (S, F)
        Traits of the series.

    Returns
    -------
    ndarray, shape (S, K)
    """
    share = float(np.interp(np.log(n_points), np.log(prior.switch), (0.0, 1.0)))
    units = standard_units(prior.usual, traits)
    total = np.zeros((len(traits), len(prior.shape)))
    for part, weight, gate in zip((1.0 - share, share), prior.weight, prior.gate, strict=True):
        if part > 0.0:
            mass = weight * np.exp(units @ gate)
            total += part * mass / mass.sum(axis=1, keepdims=True)
    return np.log(np.maximum(total, 1e-12))


def standard_units(usual: Array, traits: Array) -> Array:
    """Traits as distances from what is usual; beyond ``FAR`` no trait says more."""
    if not usual.size:
        return np.zeros((len(traits), 0))
    return np.asarray(np.clip((traits - usual[0]) / usual[1], -FAR, FAR))
