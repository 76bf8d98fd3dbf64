"""Exact and near-exact intervals for shares and rare events, and what chance alone does.

Shares are in percent. The normal ("Wald") interval is left out on purpose: near
100 % it covers far less than it says.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from wqa.errors import ForecastError
from wqa.forecasts.probabilities import check_comparator, rounding_limits

if TYPE_CHECKING:
    import pandas as pd

METHODS = ("wilson", "jeffreys", "clopper_pearson")
# Sample sizes shown when a publisher prints a rate without its number of samples.
SENSITIVITY_SIZES = (300, 1_000, 3_000)


def proportion_interval(
    passed: float, n: float, level: float = 95.0, method: str = "wilson"
) -> tuple[float, float]:
    """Interval for a share from `passed` of `n`.

    Wilson: score interval. Jeffreys: quantiles of Beta(x + 1/2, n - x + 1/2), the
    bound itself where x is 0 or n. Clopper-Pearson: exact, covers at least `level`.
    See Brown, Cai and DasGupta (2001), Statistical Science 16, 101-133.

    Parameters
    ----------
    passed : float
        Number that passed, 0 to n; need not be whole for an effective sample size.
    n : float
        Number of samples, above 0.
    level : float, optional
        Confidence level in percent.
    method : {'wilson', 'jeffreys', 'clopper_pearson'}, optional
        Kind of interval.

    Returns
    -------
    tuple of float
        Lower and upper limit in percent.

    Raises
    ------
    ForecastError
        If the numbers are impossible or the method is unknown.

    Examples
    --------
    >>> low, high = proportion_interval(213, 213)
    >>> round(low, 2), high
    (98.23, 100.0)
    """
    from scipy import special

    x, size, tail = _checked_share(passed, n), float(n), _tail(level)
    if method == "wilson":
        z = float(special.ndtri(1.0 - tail))
        p = x / size
        middle = (p + z * z / (2 * size)) / (1 + z * z / size)
        half = z / (1 + z * z / size) * np.sqrt(p * (1 - p) / size + z * z / (4 * size * size))
        low, high = middle - half, middle + half
    elif method == "jeffreys":
        low = special.betaincinv(x + 0.5, size - x + 0.5, tail)
        high = special.betaincinv(x + 0.5, size - x + 0.5, 1.0 - tail)
    elif method == "clopper_pearson":
        low = special.betaincinv(x, size - x + 1.0, tail) if x > 0 else 0.0
        high = special.betaincinv(x + 1.0, size - x, 1.0 - tail) if x < size else 1.0
    else:
        raise ForecastError(
            "unknown interval", where="method", got=method, expected=" or ".join(METHODS)
        )
    low = 0.0 if x == 0 else max(0.0, float(low))
    high = 1.0 if x == size else min(1.0, float(high))
    return 100.0 * low, 100.0 * high


def all_passed_bound(n: float, level: float = 95.0) -> float:
    """One-sided lower bound of a share when all of `n` passed: alpha ** (1 / n).

    Parameters
    ----------
    n : float
        Number of samples, above 0.
    level : float, optional
        Confidence level in percent, one-sided.

    Returns
    -------
    float
        Lower bound in percent; 213 of 213 supports only "at least 98.6 %".

    Raises
    ------
    ForecastError
        If `n` is not positive.
    """
    _checked_share(n, n)
    return float(100.0 * (2.0 * _tail(level)) ** (1.0 / float(n)))


def event_rate_interval(
    events: int, exposure: float, level: float = 95.0, *, one_sided: bool = False
) -> tuple[float, float]:
    """Exact (Garwood) interval for a rate of rare events.

    [chi2(a/2; 2y) / 2, chi2(1 - a/2; 2y + 2) / 2] / E, see Garwood (1936),
    Biometrika 28, 437-442. With no event the lower limit is 0.

    Parameters
    ----------
    events : int
        Number of events y, 0 or more.
    exposure : float
        Exposure E, for example 10,000 devices, above 0.
    level : float, optional
        Confidence level in percent.
    one_sided : bool, optional
        Give the one-sided upper limit (lower limit 0): 3.00 / E for no event.

    Returns
    -------
    tuple of float
        Lower and upper limit, events per unit of exposure.

    Raises
    ------
    ForecastError
        If events are negative or not whole, or the exposure is not positive.
    """
    from scipy import special

    y = _checked_events(events)
    if not np.isfinite(exposure) or exposure <= 0:
        raise ForecastError(
            "the exposure is not positive", where="exposure", got=exposure, expected="above 0"
        )
    tail = _tail(level) * (2.0 if one_sided else 1.0)
    low = 0.0 if one_sided or y == 0 else float(special.gammaincinv(y, tail))
    high = float(special.gammaincinv(y + 1.0, 1.0 - tail))
    return low / exposure, high / exposure


def dispersion(passed: Sequence[float], n: Sequence[float]) -> float:
    """Overdispersion of pass rates between groups or years: Pearson X2 / df, at least 1.

    Parameters
    ----------
    passed, n : sequence of float
        Passed and tested per group.

    Returns
    -------
    float
        1 where the groups differ no more than sampling explains. The effective
        sample size is n divided by it.

    Raises
    ------
    ForecastError
        If there are fewer than two groups or impossible numbers.
    """
    x, size = np.asarray(passed, dtype=float), np.asarray(n, dtype=float)
    if x.size != size.size or x.size < 2:
        raise ForecastError(
            "dispersion needs groups",
            where="passed, n",
            got=(x.size, size.size),
            expected="two or more groups with both numbers",
        )
    for one, total in zip(x, size, strict=True):
        _checked_share(float(one), float(total))
    share = x.sum() / size.sum()
    if share in (0.0, 1.0):
        return 1.0
    squares = float(np.sum((x - size * share) ** 2 / (size * share * (1.0 - share))))
    return max(1.0, squares / (x.size - 1))


def sensitivity_bands(
    rate_pct: float, sizes: Sequence[int] = SENSITIVITY_SIZES, level: float = 95.0
) -> pd.DataFrame:
    """Wilson intervals of a published rate whose number of samples is unknown.

    The sample size is never guessed; the table shows what each size would mean.

    Parameters
    ----------
    rate_pct : float
        Published rate in percent.
    sizes : sequence of int, optional
        Assumed numbers of samples.
    level : float, optional
        Confidence level in percent.

    Returns
    -------
    pandas.DataFrame
        Columns assumed_n, rate_pct, lo, hi (percent) and level.

    Raises
    ------
    ForecastError
        If the rate is not a percentage.
    """
    import pandas as pd

    rows = []
    for size in sizes:
        low, high = proportion_interval(rate_pct / 100.0 * size, size, level)
        rows.append((size, float(rate_pct), low, high, level))
    return pd.DataFrame(rows, columns=["assumed_n", "rate_pct", "lo", "hi", "level"])


def luck_probability(
    true_rate_pct: float, target: float, n: int, comparator: str = ">=", decimals: int | None = 1
) -> float:
    """Probability that a sample of `n` reads as meeting a target by chance alone.

    Parameters
    ----------
    true_rate_pct : float
        True, unchanged rate in percent.
    target : float
        Target in percent.
    n : int
        Number of samples.
    comparator : {'>=', '>', '<=', '<', '=='}, optional
        How the published rate is compared.
    decimals : int, optional
        Decimals of the published rate, rounded half up; None for unrounded.

    Returns
    -------
    float
        Binomial probability, 0 to 1.

    Raises
    ------
    ForecastError
        If the rate, `n` or the comparator is impossible.
    """
    from scipy import special

    check_comparator(comparator)
    _checked_share(true_rate_pct / 100.0 * n, n)
    passed = np.arange(n + 1, dtype=np.int64)
    p = true_rate_pct / 100.0
    log_mass = (
        special.gammaln(n + 1)
        - special.gammaln(passed + 1)
        - special.gammaln(n - passed + 1)
        + special.xlogy(passed, p)
        + special.xlog1py(n - passed, -p)
    )
    return float(np.exp(log_mass)[_reads(passed, n, target, comparator, decimals)].sum())


def _reads(
    passed: npt.NDArray[np.int64], n: int, target: float, comparator: str, decimals: int | None
) -> npt.NDArray[np.bool_]:
    slack = 1e-9
    rate = 100.0 * np.asarray(passed, dtype=float) / n
    if decimals is not None:
        low, high = rounding_limits(target, comparator, decimals)
        good = np.ones(rate.size, dtype=bool)
        if low is not None:
            good &= rate >= low - slack
        if high is not None:
            good &= rate < high - slack
        return good
    return {
        ">=": rate >= target - slack,
        ">": rate > target + slack,
        "<=": rate <= target + slack,
        "<": rate < target - slack,
        "==": np.abs(rate - target) <= slack,
    }[comparator]


def luck_table(
    true_rates_pct: Sequence[float],
    target: float,
    sizes: Sequence[int] = SENSITIVITY_SIZES,
    comparator: str = ">=",
    decimals: int | None = 1,
) -> pd.DataFrame:
    """Table of :func:`luck_probability` over true rates and sample sizes.

    Parameters
    ----------
    true_rates_pct : sequence of float
        True, unchanged rates in percent.
    target : float
        Target in percent.
    sizes : sequence of int, optional
        Numbers of samples.
    comparator : str, optional
        How the published rate is compared.
    decimals : int, optional
        Decimals of the published rate.

    Returns
    -------
    pandas.DataFrame
        Columns true_rate_pct, n, target, p_reads_attained.

    Raises
    ------
    ForecastError
        See :func:`luck_probability`.
    """
    import pandas as pd

    rows = [
        (rate, n, target, luck_probability(rate, target, n, comparator, decimals))
        for rate in true_rates_pct
        for n in sizes
    ]
    return pd.DataFrame(rows, columns=["true_rate_pct", "n", "target", "p_reads_attained"])


def _tail(level: float) -> float:
    if not 0 < level < 100:
        raise ForecastError(
            "not a confidence level", where="level", got=level, expected="percent, such as 95"
        )
    return (1.0 - level / 100.0) / 2.0


def _checked_share(passed: float, n: float) -> float:
    if not np.isfinite(n) or n <= 0:
        raise ForecastError("the number of samples is not positive", where="n", got=n)
    if not 0 <= passed <= n:
        raise ForecastError(
            "more passed than tested, or fewer than none",
            where="passed",
            got=passed,
            expected=f"0 to {n:g}",
        )
    return float(passed)


def _checked_events(events: float) -> float:
    if not np.isfinite(events) or events < 0 or float(events) != int(events):
        raise ForecastError(
            "not a number of events", where="events", got=events, expected="0, 1, 2, ..."
        )
    return float(events)
