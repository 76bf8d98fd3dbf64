"""Intervals for shares and rates of rare events, and what chance alone does to a sample.

Shares are in percent. The normal ("Wald") interval is left out on purpose: near 100 % it
covers far less than it says.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from wqa.errors import ForecastError
from wqa.goals import Goal

if TYPE_CHECKING:
    import pandas as pd

# Sample sizes shown when a publisher prints a rate without its number of samples.
ASSUMED_SIZES = (300, 1_000, 3_000)


def proportion_interval(passed: float, n: float, level: float = 95.0) -> tuple[float, float]:
    """Wilson interval of a share in percent (Brown, Cai, DasGupta 2001); `n` may be effective."""
    from scipy import special

    _check_shares(passed, n)
    x, size, z = float(passed), float(n), float(special.ndtri(1.0 - _tail(level)))
    middle = (x + z * z / 2.0) / (size + z * z)
    half = z / (size + z * z) * np.sqrt(x * (size - x) / size + z * z / 4.0)
    # Where none or all passed the bound itself is the limit.
    low = 0.0 if x == 0 else float(max(0.0, middle - half))
    high = 1.0 if x == size else float(min(1.0, middle + half))
    return 100.0 * low, 100.0 * high


def all_passed_bound(n: float, level: float = 95.0) -> float:
    """Exact one-sided lower bound in percent when all of `n` passed: 98.6 for 213 of 213."""
    _check_shares(n, n)
    return float(100.0 * (2.0 * _tail(level)) ** (1.0 / float(n)))


def event_rate_interval(events: int, exposure: float, level: float = 95.0) -> tuple[float, float]:
    """Exact interval for events per unit of exposure (Garwood 1936, Biometrika 28, 437-442)."""
    from scipy import special

    if not np.isfinite(events) or events < 0 or float(events) != int(events):
        raise ForecastError("not a number of events", where="events", got=events)
    if not np.isfinite(exposure) or exposure <= 0:
        raise ForecastError("the exposure is not positive", where="exposure", got=exposure)
    tail = _tail(level)
    low = float(special.gammaincinv(events, tail)) if events else 0.0
    return low / exposure, float(special.gammaincinv(events + 1.0, 1.0 - tail)) / exposure


def dispersion(passed: Sequence[float], n: Sequence[float]) -> float:
    """Overdispersion of pass rates between groups or years: Pearson X2 / df, at least 1."""
    # The effective sample size is n divided by it; `forecast(overdispersion=)` takes it.
    x, size = np.asarray(passed, dtype=float), np.asarray(n, dtype=float)
    if x.shape != size.shape or x.size < 2:
        expected = "two or more groups with both numbers"
        raise ForecastError("dispersion needs groups", got=(x.size, size.size), expected=expected)
    _check_shares(x, size)
    share = x.sum() / size.sum()
    if share in (0.0, 1.0):
        return 1.0
    squares = float(np.sum((x - size * share) ** 2 / (size * share * (1.0 - share))))
    return max(1.0, squares / (x.size - 1))


def luck_probability(true_rate_pct: float, goal: Goal, n: int) -> float:
    """Probability that a sample of `n` reads as meeting a goal by chance, at an unchanged rate."""
    from scipy import special

    _check_shares(true_rate_pct / 100.0 * n, n)
    passed, p = np.arange(n + 1), true_rate_pct / 100.0
    log_ways = -np.log(n + 1.0) - special.betaln(n - passed + 1, passed + 1)
    mass = np.exp(log_ways + special.xlogy(passed, p) + special.xlog1py(n - passed, -p))
    # Twelve digits undo binary noise such as 100 * 985 / 1000 = 98.50000000000001.
    return float(mass[goal.met(np.round(100.0 * passed / n, 12))].sum())


def luck_table(true_rates_pct: Sequence[float], goal: Goal) -> pd.DataFrame:
    """Table of `luck_probability` over true rates and assumed sample sizes."""
    import pandas as pd

    rows = [(rate, n, goal.value, luck_probability(rate, goal, n))
            for rate in true_rates_pct for n in ASSUMED_SIZES]  # fmt: skip
    return pd.DataFrame(rows, columns=["true_rate_pct", "n", "target", "p_reads_attained"])


def _tail(level: float) -> float:
    """Probability beyond one limit of a central interval."""
    if not 0 < level < 100:
        expected = "percent, such as 95"
        raise ForecastError("not a confidence level", where="level", got=level, expected=expected)
    return (1.0 - level / 100.0) / 2.0


def _check_shares(passed: npt.ArrayLike, n: npt.ArrayLike) -> None:
    """Refuse fewer than none, more than all, and samples without a size."""
    x, size = np.asarray(passed, dtype=float), np.asarray(n, dtype=float)
    if not (np.isfinite(size) & (size > 0) & (x >= 0) & (x <= size)).all():
        expected = "0 to n passed, n above 0"
        raise ForecastError(
            "impossible numbers", where="passed, n", got=(passed, n), expected=expected
        )
