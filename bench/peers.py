"""Forecasts of other tools: centre and spread per horizon on a working scale."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial

import numpy as np
import pandas as pd
from cases import LEVELS, Cases
from learn_prior import Array
from scipy import stats
from statsforecast import models

from wqa.forecasts import members

WORKERS = int(os.environ.get("WQA_BENCH_WORKERS", "2"))
PIECE = 40  # series per piece of work
SLOW = "AutoARIMA (statsforecast)"  # a tenth of a second and more per series
THETA = "DynamicOptimizedTheta (statsforecast)"
COMBINED = ("AutoETS (statsforecast)", THETA, SLOW, "ThetaModel (statsmodels)")
MEMBERS = {"ThetaModel (statsmodels)": "theta", "ETSModel damped (statsmodels)": "ets_damped"}
DRIFT = "RandomWalkWithDrift (statsforecast)"
PEERS = ("Naive", DRIFT, "AutoETS (statsforecast)", THETA, SLOW, *MEMBERS)
Answer = tuple[Array, Array]  # centre and standard deviation, each (H,)


def naive(y: Array, horizon: int) -> Answer:
    """Last value; spread from the root mean square yearly change."""
    change = np.sqrt(np.mean(np.diff(y) ** 2))
    return np.full(horizon, y[-1]), change * np.sqrt(np.arange(1, horizon + 1))


def answer(name: str, y: Array, horizon: int) -> Answer:
    """Forecast one series, of one season a year, with one tool."""
    if name == "Naive":
        return naive(y, horizon)
    if name in MEMBERS:
        mean, variance, _ = members.FITS[MEMBERS[name]](pd.Series(y), horizon)
        return np.asarray(mean), np.sqrt(np.asarray(variance))
    model = getattr(models, name.split()[0])()
    out = model.forecast(y=y, h=horizon, level=[95])
    return np.asarray(out["mean"]), (out["hi-95"] - out["lo-95"]) / (2.0 * stats.norm.ppf(0.975))


def scale(cases: Cases) -> tuple[Callable[[Array], Array], Callable[[Array], Array]]:
    """Working scale of the peers and the way back: logit for bounded values, log for rates."""
    mean = np.nanmean(cases.past, axis=1)
    offset = np.where(mean > 0, 0.1 * mean, 1.0)[:, None]
    if cases.family == "positive":
        return (lambda v: v), (lambda z: np.maximum(z, 0.0))
    if cases.family == "rate":
        return (lambda v: np.log(v + offset)), (lambda z: np.maximum(np.exp(z) - offset, 0.0))
    back = lambda z: np.clip(101.0 / (1.0 + np.exp(-z)) - 0.5, 0.0, 100.0)  # noqa: E731
    return (lambda v: np.log((v + 0.5) / (100.5 - v))), back


def run_peer(name: str, cases: Cases) -> tuple[Array, Array, int]:
    """Forecast every case: centre (N, H), spread (N, H), and how many were refused.

    A refused or failed case gets the naive forecast, so that all tools answer the same cases.
    """
    pieces = np.array_split(scale(cases)[0](cases.past), max(1, len(cases.past) // PIECE))
    work = partial(_run_rows, name, cases.future.shape[1])
    with ProcessPoolExecutor(WORKERS) as pool:
        centre, spread, refused = zip(*pool.map(work, pieces), strict=True)
    return np.concatenate(centre), np.concatenate(spread), sum(refused)


def _run_rows(name: str, horizon: int, rows: Array) -> tuple[Array, Array, int]:
    answers, refused = [], 0
    with warnings.catch_warnings(action="ignore"), np.errstate(all="ignore"):
        for row in rows:
            y = row[~np.isnan(row)]
            try:
                given = answer(name, y, horizon)
                failed = not np.isfinite(given).all()
            except Exception:
                failed = True
            refused += failed
            answers.append(naive(y, horizon) if failed else given)
    centre, spread = (np.array(column) for column in zip(*answers, strict=True))
    return centre, np.maximum(spread, 1e-9), refused


def quantiles(cases: Cases, centre: Array, spread: Array) -> Array:
    """Map normal quantiles on the working scale back, shape (levels, N, H)."""
    return np.array([scale(cases)[1](centre + stats.norm.ppf(p) * spread) for p in LEVELS])


def attain(cases: Cases, centre: Array, spread: Array) -> Array:
    """Probability of each target, shape (targets, N)."""
    top, rows = 100.0 if cases.family in ("percent", "score") else np.inf, []
    for h, target in cases.targets():
        kept = np.clip(target, 0.0, top)
        z = (scale(cases)[0](kept[:, None])[:, 0] - centre[:, h - 1]) / spread[:, h - 1]
        beyond = (target - kept) * cases.direction
        rows.append(np.where(beyond == 0.0, stats.norm.sf(z * cases.direction), beyond < 0.0))
    return np.array(rows)
