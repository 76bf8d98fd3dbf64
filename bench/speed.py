"""CPU time per series of a fit with a five-year distribution and one probability."""

from __future__ import annotations

import time
import tracemalloc
import warnings
from collections.abc import Callable

import numpy as np
import peers

from wqa.forecasts import pooled

LENGTHS = (6, 10, 20)
BATCH = 10_000


def sample(count: int, length: int) -> np.ndarray:
    """Random walks between 0 and 100, with a seed."""
    rng = np.random.default_rng(7)
    walk = 70.0 + np.cumsum(rng.normal(0.3, 1.5, (count, length)), axis=1)
    return np.clip(walk, 1.0, 99.0)


def ours(table: np.ndarray) -> None:
    """Fit, 80 and 95 % limits and median for five years, and one probability."""
    fit = pooled.predict(table, 5, family="percent")
    fit.cdf(85.0)
    for p in (0.025, 0.1, 0.5, 0.9, 0.975):
        fit.quantile(p)


def cpu(call: Callable[[], object]) -> float:
    """CPU seconds of a call."""
    started = time.process_time()
    call()
    return time.process_time() - started


def table() -> str:
    """Milliseconds per series, one at a time and in one call, and memory."""
    rows = []
    single = [1e3 * cpu(lambda t=t: [ours(y[None]) for y in sample(60, t)]) / 60 for t in LENGTHS]
    rows.append(("wqa pooled, one at a time", single))
    batch = [1e3 * cpu(lambda t=t: ours(sample(BATCH, t))) / BATCH for t in LENGTHS]
    rows.append((f"wqa pooled, {BATCH:,} in one call", batch))
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for name, call in peers.peers().items():
            if name.startswith("Naive") or "Drift" in name:
                continue
            times = []
            for length in LENGTHS:
                data = sample(30, length)
                try:
                    call(data[0], 5)
                    times.append(1e3 * cpu(lambda d=data, c=call: [c(y, 5) for y in d]) / 30)
                except Exception:
                    times.append(float("nan"))
            rows.append((name, times))
    tracemalloc.start()
    ours(sample(BATCH, 10))
    peak = tracemalloc.get_traced_memory()[1] / 2**20
    tracemalloc.stop()
    ets = dict(rows)["AutoETS (statsforecast)"][1]
    lines = ["## Speed", "", "CPU milliseconds per series: fit, five-year distribution (median,"]
    lines.append("80 and 95 % limits) and one probability.")
    lines += ["", "| tool | " + " | ".join(f"{t} points" for t in LENGTHS) + " |"]
    lines.append("|---|" + "---:|" * len(LENGTHS))
    for name, times in rows:
        cells = ["refused" if np.isnan(t) else f"{t:.3g}" for t in times]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    lines += ["", f"At 10 points one call for {BATCH:,} series takes 1/{ets / batch[1]:.1f} of the"]
    lines.append(f"time of AutoETS per series; its arrays peak at {peak:.0f} MiB.")
    print(lines[-2], lines[-1], flush=True)
    return "\n".join(lines)
