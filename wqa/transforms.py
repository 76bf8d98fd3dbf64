"""Scales on which bounded and positive quantities are modelled, and back again.

The simple members model a percentage or a score on the logit scale, a rate, count or
other positive quantity on the log scale, so that no forecast can leave its bounds. The
pooled model has scales of its own (`wqa.forecasts.trend_components`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from wqa.errors import ForecastError

FloatArray = npt.NDArray[np.float64]

FAMILIES = ("percent", "score", "rate", "count", "positive", "index")
LOGIT_FAMILIES = ("percent", "score")
# Half of the last printed digit of a percentage with one decimal, as a share of the range:
# a published 100.0 stands for anything from 99.95 upward.
LOGIT_OFFSET_SHARE = 0.0005
# Beyond, widths leave the range of double precision.
MAX_BOUND = 1e100
# A count of 0 is moved to one half, the usual continuity correction.
COUNT_OFFSET = 0.5


@dataclass(frozen=True)
class Transform:
    """A monotone map between the published scale and the model scale.

    Parameters
    ----------
    kind : {'logit', 'log'}
        Which map.
    lower : float
        Least possible value, in the unit of the series.
    upper : float
        Greatest possible value; infinity where there is none.
    offset : float or numpy.ndarray
        Added at the bounds before taking logarithms, in the unit of the series; one per
        row where several series share a map.
    """

    kind: str
    lower: float
    upper: float
    offset: float | FloatArray

    def forward(self, values: npt.ArrayLike) -> FloatArray:
        """Map published values to the model scale.

        Parameters
        ----------
        values : array_like
            Values within the bounds, in the unit of the series.

        Returns
        -------
        numpy.ndarray
            log((y - lower + o) / (upper - y + o)) or log(y - lower + o).
        """
        y = np.asarray(values, dtype=float)
        low = np.maximum(y - self.lower, 0.0) + self.offset
        with np.errstate(divide="ignore"):
            if self.kind == "log":
                return np.asarray(np.log(low), dtype=float)
            high = np.maximum(self.upper - y, 0.0) + self.offset
            return np.asarray(np.log(low) - np.log(high), dtype=float)

    def inverse(self, scores: npt.ArrayLike) -> FloatArray:
        """Map model-scale values back; the result never leaves the bounds.

        Parameters
        ----------
        scores : array_like
            Values on the model scale.

        Returns
        -------
        numpy.ndarray
            Values in the unit of the series, clipped to [lower, upper].
        """
        z = np.asarray(scores, dtype=float)
        if self.kind == "log":
            # Beyond exp(700) a double overflows; such a value is only a far tail.
            y = self.lower - self.offset + np.exp(np.minimum(z, 700.0))
        else:
            width = self.upper - self.lower + 2.0 * self.offset
            # tanh form: symmetric in floating point, so 100 - y mirrors exactly.
            middle = 0.5 * (self.lower + self.upper)
            y = middle + 0.5 * width * np.tanh(0.5 * z)
        return np.asarray(np.clip(y, self.lower, self.upper), dtype=float)


def resolve_bounds(
    family: str, lower: float | None = None, upper: float | None = None
) -> tuple[float, float]:
    """Fill in the natural bounds of a family and check the given ones.

    Parameters
    ----------
    family : {'percent', 'score', 'rate', 'count', 'positive', 'index'}
        Kind of quantity.
    lower, upper : float, optional
        Bounds in the unit of the series; default 0 and 100 for percentages and
        scores, 0 and infinity for the others.

    Returns
    -------
    tuple of float
        Lower and upper bound.

    Raises
    ------
    ForecastError
        If the family is unknown or the bounds are not in order.
    """
    if family not in FAMILIES:
        raise ForecastError(
            "unknown family of values", where="family", got=family, expected=" or ".join(FAMILIES)
        )
    low = 0.0 if lower is None else lower
    high = (100.0 if family in LOGIT_FAMILIES else np.inf) if upper is None else upper
    numbers = all(isinstance(b, int | float | np.number) for b in (low, high))
    low, high = (float(b) if numbers else np.nan for b in (low, high))
    if not low < high or abs(low) > MAX_BOUND or MAX_BOUND < high < np.inf:
        raise ForecastError(
            "the bounds are not in order",
            where="lower, upper",
            got=(low, high),
            expected="a finite lower bound below the upper bound",
        )
    if family in LOGIT_FAMILIES and not np.isfinite(high):
        raise ForecastError(
            f"a {family} needs a finite upper bound", where="upper", got=high, expected="e.g. 100"
        )
    return float(low), float(high)


def make_transform(
    values: npt.ArrayLike, family: str, lower: float | None = None, upper: float | None = None
) -> Transform:
    """Choose the transform of a series.

    Logit for percentages and scores, log for the rest. The log offset is zero
    when all values are positive; otherwise half of the smallest positive value
    (one half for counts), so that a change of unit changes nothing.

    Parameters
    ----------
    values : array_like
        Observed values, NaN for missing years.
    family : str
        See :func:`resolve_bounds`.
    lower, upper : float, optional
        Bounds in the unit of the series.

    Returns
    -------
    Transform
        The map, with its offset.

    Raises
    ------
    ForecastError
        If every value of a rate or positive quantity is at the lower bound: then
        nothing tells the size of the quantity.
    """
    low, high = resolve_bounds(family, lower, upper)
    if family in LOGIT_FAMILIES:
        return Transform("logit", low, high, LOGIT_OFFSET_SHARE * (high - low))
    y = np.asarray(values, dtype=float) - low
    y = y[np.isfinite(y)]
    if family == "count":
        return Transform("log", low, high, COUNT_OFFSET)
    if y.size and y.min() > 0.0:
        return Transform("log", low, high, 0.0)
    positive = y[y > 0.0]
    if not positive.size:
        raise ForecastError(
            "every value is 0, so the size of the quantity cannot be learned from the series",
            where="values",
            got=low,
            expected="at least one positive value, or the exposure",
            fix="Pass events with exposure= and model='poisson_gamma'.",
        )
    return Transform("log", low, high, 0.5 * float(positive.min()))
