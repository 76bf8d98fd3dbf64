"""Forecasts of other tools: centre and spread per horizon on a working scale."""

from __future__ import annotations

import hashlib
import os
import pickle
import warnings
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
from measures import LEVELS, Array, Cases, targets
from scipy import stats

Z95 = 1.959963984540054
WORKERS = int(os.environ.get("WQA_BENCH_WORKERS", "2"))
PIECE = 40  # series per piece of work
RAW = "Naive, untransformed"
COMBINED = (
    "AutoETS (statsforecast)", "DynamicOptimizedTheta (statsforecast)",
    "AutoARIMA (statsforecast)", "ThetaModel (statsmodels)",
)  # fmt: skip
SLOW = "AutoARIMA (statsforecast)"  # a tenth of a second and more per series
Answer = tuple[Array, Array]  # centre and standard deviation, each (H,)


def naive(y: Array, horizon: int) -> Answer:
    """Last value; spread from the root mean square yearly change."""
    change = np.sqrt(np.mean(np.diff(y) ** 2))
    return np.full(horizon, y[-1]), change * np.sqrt(np.arange(1, horizon + 1))


def _statsforecast(name: str) -> Callable[[Array, int], Answer]:
    from statsforecast import models

    maker = {
        "AutoETS": lambda: models.AutoETS(season_length=1),
        "DynamicOptimizedTheta": lambda: models.DynamicOptimizedTheta(season_length=1),
        "AutoARIMA": lambda: models.AutoARIMA(season_length=1),
        "RandomWalkWithDrift": models.RandomWalkWithDrift,
    }[name]

    def run(y: Array, horizon: int) -> Answer:
        out = maker().forecast(y=y, h=horizon, level=[95])
        return np.asarray(out["mean"]), (out["hi-95"] - out["lo-95"]) / (2 * Z95)

    return run


def sm_theta(y: Array, horizon: int) -> Answer:
    """Theta model of statsmodels."""
    from statsmodels.tsa.forecasting.theta import ThetaModel

    fit = ThetaModel(y, period=1, deseasonalize=False).fit()
    band = fit.prediction_intervals(horizon, alpha=0.05)
    spread = (band["upper"] - band["lower"]).to_numpy() / (2 * Z95)
    return fit.forecast(horizon).to_numpy(), spread


def sm_damped(y: Array, horizon: int) -> Answer:
    """ETS(A,Ad,N) of statsmodels."""
    from statsmodels.tsa.exponential_smoothing.ets import ETSModel

    series = pd.Series(y, index=pd.RangeIndex(len(y)))
    fit = ETSModel(
        series, error="add", trend="add", damped_trend=True, initialization_method="estimated"
    ).fit(disp=False)
    band = fit.get_prediction(start=len(y), end=len(y) + horizon - 1).summary_frame(alpha=0.05)
    spread = (band["pi_upper"] - band["pi_lower"]).to_numpy() / (2 * Z95)
    return band["mean"].to_numpy(), spread


def peers() -> dict[str, Callable[[Array, int], Answer]]:
    """Return every peer by the name shown in the tables."""
    return {
        "Naive": naive,
        RAW: naive,
        "RandomWalkWithDrift (statsforecast)": _statsforecast("RandomWalkWithDrift"),
        "AutoETS (statsforecast)": _statsforecast("AutoETS"),
        "DynamicOptimizedTheta (statsforecast)": _statsforecast("DynamicOptimizedTheta"),
        "AutoARIMA (statsforecast)": _statsforecast("AutoARIMA"),
        "ThetaModel (statsmodels)": sm_theta,
        "ETSModel damped (statsmodels)": sm_damped,
    }


class Scale:
    """Working scale of the peers: logit for bounded values, log for rates, else none."""

    def __init__(self, cases: Cases, name: str = "") -> None:
        self.kind = {"percent": "logit", "score": "logit", "rate": "log"}.get(cases.family, "none")
        if name == RAW:
            self.kind = "none"
        self.top = np.inf if cases.upper is None else cases.upper
        mean = np.nanmean(cases.past, axis=1)
        self.offset = np.where(mean > 0, 0.1 * mean, 1.0)

    def to(self, value: Array) -> Array:
        """Map values whose first axis is the series."""
        if self.kind == "logit":
            return np.log((value + 0.5) / (100.5 - value))
        if self.kind == "log":
            return np.log(value + self.offset.reshape((-1,) + (1,) * (value.ndim - 1)))
        return value

    def back(self, value: Array) -> Array:
        """Map back; the last two axes are series and horizon."""
        if self.kind == "logit":
            return np.clip(101.0 / (1.0 + np.exp(-value)) - 0.5, 0.0, 100.0)
        if self.kind == "log":
            return np.maximum(np.exp(np.minimum(value, 700.0)) - self.offset[:, None], 0.0)
        return np.clip(value, 0.0, self.top)


def run_peer(name: str, cases: Cases, cache: Path | None) -> tuple[Array, Array, int]:
    """Forecast every case: centre (N, H), spread (N, H), and how many were refused.

    A refused or failed case gets the naive forecast, so that all tools answer the same cases.
    """
    key = hashlib.sha256(name.encode() + cases.past.tobytes() + cases.family.encode()).hexdigest()
    store = cache / f"{key[:24]}.pkl" if cache else None
    if store and store.is_file():
        return pickle.loads(store.read_bytes())
    working = Scale(cases, name).to(cases.past)
    horizon = cases.future.shape[1]
    pieces = np.array_split(working, max(1, len(working) // PIECE))
    with ProcessPoolExecutor(WORKERS) as pool:
        done = list(pool.map(_run_rows, [name] * len(pieces), pieces, [horizon] * len(pieces)))
    centre, spread = (np.concatenate([part[i] for part in done]) for i in (0, 1))
    answer = centre, spread, sum(part[2] for part in done)
    if store:
        store.parent.mkdir(parents=True, exist_ok=True)
        store.write_bytes(pickle.dumps(answer))
    return answer


def _run_rows(name: str, rows: Array, horizon: int) -> tuple[Array, Array, int]:
    call = peers()[name]
    centre, spread, refused = [], [], 0
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for row in rows:
            y = row[~np.isnan(row)]
            try:
                mean, sd = call(y, horizon)
                good = np.isfinite(mean).all() and np.isfinite(sd).all()
            except Exception:
                good = False
            if not good:
                refused += 1
                mean, sd = naive(y, horizon)
            centre.append(mean)
            spread.append(np.maximum(sd, 1e-9))
    return np.array(centre), np.array(spread), refused


def cache_folder() -> Path | None:
    """Folder for slow results while developing, from WQA_BENCH_CACHE; none by default."""
    name = os.environ.get("WQA_BENCH_CACHE")
    return Path(name) if name else None


def quantiles(cases: Cases, centre: Array, spread: Array, name: str = "") -> Array:
    """Map normal quantiles on the working scale back, shape (levels, N, H)."""
    scale = Scale(cases, name)
    return np.array([scale.back(centre + stats.norm.ppf(p) * spread) for p in LEVELS])


def attain(cases: Cases, centre: Array, spread: Array, name: str = "") -> Array:
    """Probability of each target, shape (targets, N)."""
    scale = Scale(cases, name)
    top = np.inf if cases.upper is None else cases.upper
    rows = []
    for h, target in targets(cases):
        z = (scale.to(np.clip(target, 0.0, top)) - centre[:, h - 1]) / spread[:, h - 1]
        p = stats.norm.sf(z * cases.direction)
        beyond = (target - np.clip(target, 0.0, top)) * cases.direction
        rows.append(np.where(beyond > 0, 0.0, np.where(beyond < 0, 1.0, p)))
    return np.array(rows)
