"""Models beside the default: trends that researchers expect, and what comparable series did.

All work on the working scale of the family and answer with a distribution of one component. The
intervals of the trends hold less than they promise; the notes say how much, as measured. What
others did after the last value of a series says where it went meanwhile, and how surely.
"""

import warnings
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from scipy import special

from wqa.errors import ForecastError
from wqa.forecasts import numbers
from wqa.forecasts.distributions import Predictive
from wqa.forecasts.numbers import AnnualSeries, Array, Quantity, Scale, require, scale_of
from wqa.forecasts.pooled import STILL, Answer, Ask, Rests, prior_of

# Naive and drift: the variance of yearly changes starts from a prior worth so many points.
PRIOR_POINTS = 3.0
TYPICAL_CHANGE = {True: 0.06, False: 0.12}  # on the working scale, with and without upper bound
NORMAL = 1e6  # degrees of freedom of what calls itself normal
# A spread outside this multiple of the yearly change is a failed fit, not a forecast.
MAX_SPREAD = 100.0
# Model: least number of points, and share of outcomes that its 80 % intervals held with 6 and
# 10 points, five years ahead, on the percentages of docs/evidence.md.
MEMBERS = {
    "naive": (1, 78, 77), "drift": (3, 77, 77), "theta": (5, 57, 66),
    "ets_damped": (6, 31, 42), "local_linear_trend": (6, 68, 67),
}  # fmt: skip
GAPLESS = ("theta", "ets_damped")  # statsmodels has no missing values in these two
# Fewest others whose movement was shown to help, by family.
FEWEST = {"percent": 1, "score": 1, "rate": 10}
OWN, STRANGERS = 5.0, 2.0  # weights, in other series: the own spread, no movement at all
CALMER, LATER = 0.75, 0.8  # own spread once others are known; movement beyond their last year
PULL, DF = 8, 5.0  # others needed to see a pull to the middle; degrees of freedom


def member_answer(series: AnnualSeries, ask: Ask) -> Answer:
    """Fit a member, or refuse with the reason."""
    name, n = ask.model, series.n_points
    least, few, more = MEMBERS[name]
    require(n >= least, f"{n} points, {name} needs {least}")
    gaps = series.years.size - n if name in GAPLESS else 0
    require(not gaps, f"{gaps} missing years, {name} needs consecutive years")
    scale, working, _ = scale_of(series.readings[None], ask.kind, prior_of(ask.kind).power)
    mean, cov, df, caught = (_fitted if name in FITS else _walk)(working[0], ask)
    weight = np.array([0.0 if df == NORMAL else PRIOR_POINTS / df])
    root = np.linalg.cholesky(cov)
    fit = _one_component(mean, np.sqrt(np.diag(cov)), root, df, scale, weight)
    note = f"80 % intervals of {name} held {few} % of outcomes at 6 points, {more} % at 10"
    return Answer(fit, weight, "", (note, *caught))


def _one_component(
    mean: Array, sd: Array, root: Array, df: float, on: Scale, weight: Array
) -> Predictive:
    """Predictive distribution of one series with one component."""
    one, zero = np.ones((1, 1)), np.zeros((1, 1), dtype=np.intp)
    parts = mean[None, None], sd[None, None], root[None, None]
    return Predictive(one, df * one, *parts, zero[0], zero, on, weight)


def _steps(z: Array) -> tuple[Array, Array]:
    """Give the changes between observations, and the years they span."""
    at = np.flatnonzero(np.isfinite(z))
    return np.diff(z[at]), np.diff(at).astype(float)


def _walk(z: Array, ask: Ask) -> tuple[Array, Array, float, tuple[str, ...]]:
    """Random walk; with drift, its mean yearly change is a straight line ahead."""
    # A step over g years has mean g*b and variance g*s^2, so nothing is interpolated.
    (steps, gaps), drifts = _steps(z), ask.model == "drift"
    slope = float(steps.sum() / gaps.sum()) if drifts else 0.0
    df = steps.size - drifts + PRIOR_POINTS
    squares = float(np.sum((steps - gaps * slope) ** 2 / gaps))
    variance = (squares + PRIOR_POINTS * TYPICAL_CHANGE[ask.kind.bounded] ** 2) / df
    ahead = np.arange(1.0, ask.horizon + 1.0)
    cov = np.minimum.outer(ahead, ahead)
    if drifts:
        cov = cov + np.outer(ahead, ahead) / gaps.sum()  # the error of the slope
    return z[-1] + slope * ahead, variance * cov, df, ()


def _fitted(z: Array, ask: Ask) -> tuple[Array, Array, float, tuple[str, ...]]:
    """Centre and covariance of a fit of statsmodels, with the warnings it gave."""
    require(np.nanmax(z) > np.nanmin(z), "the series is constant")
    # ETSModel needs a pandas index to give intervals; consecutive integers need no dates.
    data = pd.Series(z, pd.RangeIndex(z.size))
    with warnings.catch_warnings(record=True) as caught, np.errstate(all="ignore"):
        warnings.simplefilter("always")
        try:
            mean, variance, converged = FITS[ask.model](data, ask.horizon)
        except (ValueError, RuntimeError, ArithmeticError, IndexError) as error:
            # LinAlgError is a ValueError; what statsmodels raises on degenerate series.
            raise ForecastError(f"{type(error).__name__}: {error}") from error
    mean, variance = np.asarray(mean, dtype=float), np.asarray(variance, dtype=float)
    steps, gaps = _steps(z)
    unit = float(np.sqrt(np.mean(steps**2 / gaps)))
    require(converged, "the optimiser did not converge")
    finite = np.isfinite(mean).all() and np.isfinite(variance).all() and (variance >= 0).all()
    require(finite, "the fit gave values that are not finite")
    near = np.abs(mean - z[-1]).max() <= MAX_SPREAD * unit * np.sqrt(ask.horizon)
    require(near, "the fit runs away from the data")
    # A fitted variance of zero would claim certainty; a hundredth of the yearly change is a floor.
    sd = np.sqrt(np.maximum(variance, (0.01 * unit) ** 2))
    ahead = np.arange(1.0, ask.horizon + 1.0)
    walk = np.sqrt(np.minimum.outer(ahead, ahead) / np.maximum.outer(ahead, ahead))
    notes = dict.fromkeys(f"{w.category.__name__}: {str(w.message).strip()}" for w in caught)
    return mean, walk * np.outer(sd, sd), NORMAL, tuple(notes)


def _theta(z: Any, horizon: int) -> tuple[Any, Any, bool]:
    from statsmodels.tsa.forecasting.theta import ThetaModel

    result = ThetaModel(z, period=1, deseasonalize=False).fit()
    bands = np.asarray(result.prediction_intervals(horizon, alpha=0.3173105078629141))
    return result.forecast(horizon), (0.5 * (bands[:, 1] - bands[:, 0])) ** 2, True


def _ets_damped(z: Any, horizon: int) -> tuple[Any, Any, bool]:
    from statsmodels.tsa.exponential_smoothing.ets import ETSModel

    # The heuristic start refuses fewer than 10 points, so the states are estimated.
    start = "estimated"
    model = ETSModel(z, error="add", trend="add", damped_trend=True, initialization_method=start)
    result = model.fit(disp=False)
    ahead = result.get_prediction(start=z.size, end=z.size + horizon - 1)
    return ahead.predicted_mean, ahead.forecast_variance, _converged(result)


def _local_linear_trend(z: Any, horizon: int) -> tuple[Any, Any, bool]:
    from statsmodels.tsa.statespace.structural import UnobservedComponents

    result = UnobservedComponents(z, "local linear trend").fit(disp=False)
    ahead = result.get_forecast(horizon)
    return ahead.predicted_mean, ahead.var_pred_mean, _converged(result)


def _converged(result: Any) -> bool:
    record = result.mle_retvals
    return bool(record.get("converged", True)) if hasattr(record, "get") else True


# What statsmodels fits: centre, variance, and whether the optimiser converged.
FITS: dict[str, Callable[[Any, int], tuple[Any, Any, bool]]] = {
    "theta": _theta, "ets_damped": _ets_damped, "local_linear_trend": _local_linear_trend,
}  # fmt: skip


def moved(
    made: Answer, series: AnnualSeries, kind: Quantity, others: Mapping[Any, AnnualSeries]
) -> Answer:
    """Move an answer by what others did after its origin, and say how much rests on them."""
    fit = made.distribution
    assert isinstance(fit, Predictive)
    _check_others(series, kind, others)
    horizon = fit.loc.shape[2]
    since = {name: _since(one, series.origin, horizon) for name, one in others.items()}
    known = {name: values for name, values in since.items() if np.isfinite(values[1:]).any()}
    table = np.array(list(known.values()))
    if len(table) < FEWEST.get(kind.family, np.inf):
        few, none = "too few for a known gain", "no value after the last one of the series"
        note = f"the later movement of others is not used: {few if len(table) else none}"
        return replace(made, notes=(*made.notes, note))
    counts = np.isfinite(table).sum(axis=0)
    lead = int(np.flatnonzero(counts[1:] >= 0.5 * counts[1:].max())[-1]) + 1
    names = tuple(name for name, values in known.items() if np.isfinite(values[lead]))
    table = fit.on.working(table[np.isfinite(table[:, lead])][:, [0, lead]])
    n = len(table)
    move, pull, spread = _movement(table)
    steps = np.arange(1, horizon + 1)
    ahead = steps / lead
    reach = np.where(ahead > 1.0, 1.0 + LATER * (ahead - 1.0), ahead)
    start, middle = fit.on.working(series.readings[None, -1:]), np.median(table[:, 0])
    reach80 = fit.weights * special.stdtrit(fit.df, 0.9) / special.stdtrit(DF, 0.9)
    own = np.einsum("sk,skh->sh", reach80, fit.scale)
    said = (spread**2 * ahead * n + OWN * (CALMER * own) ** 2) / (n + OWN)
    scale = np.maximum(np.sqrt(said), STILL)[0]
    loc = (start + reach * (move + pull * (start - middle)))[0]
    walk = np.sqrt(np.minimum.outer(steps, steps) / np.maximum.outer(steps, steps))
    root = scale[:, None] * np.linalg.cholesky(walk)
    new = _one_component(loc, scale, root, DF, fit.on, fit.prior_weight)
    share = n / (n + OWN)
    words = "nearly all" if share >= 0.9 else "most" if share > 0.6 else "about half or less"
    rests = Rests(words, names, series.origin + lead)
    note = f"{words} of the answer rests on {n} other series, known to {rests.year}"
    return replace(made, distribution=new, notes=(*made.notes, note), rests=rests)


def _movement(table: Array) -> tuple[float, float, float]:
    """Movement, pull to the middle and spread of others, from their first and last values."""
    n, step, place = len(table), table[:, 1] - table[:, 0], table[:, 0] - np.median(table[:, 0])
    middle, pull = float(np.median(step)), 0.0
    if n >= PULL:
        first, second = np.triu_indices(n, 1)
        apart = place[first] - place[second]
        far = np.abs(apart) > 1e-9
        if far.any():
            slopes = (step[first] - step[second])[far] / apart[far]
            pull = float(np.clip(np.median(slopes), -1.0, 0.3)) * n / (n + OWN)
    rest = np.abs(step - middle - pull * place)
    spread = float(np.quantile(rest, 0.8) / special.stdtrit(DF, 0.9))
    return middle * n / (n + STRANGERS), pull, spread


def _since(one: AnnualSeries, origin: int, horizon: int) -> Array:
    """Values at the origin and in the years after it, NaN where unknown or not comparable."""
    years = dict(zip(one.years.tolist(), one.readings, strict=True))
    found = np.array([years.get(origin + h, np.nan) for h in range(horizon + 1)])
    return found if np.isfinite(found[0]) else np.full(horizon + 1, np.nan)


def _check_others(series: AnnualSeries, kind: Quantity, others: Mapping[Any, AnnualSeries]) -> None:
    """Refuse a panel in another unit, or with the series itself in it."""
    faults = 0
    for name, one in others.items():
        there = _since(one, int(series.years[0]), series.years.size - 1)
        moves = series.n_points > 2 and np.nanstd(series.readings) > 0.0
        itself = moves and np.array_equal(there, series.readings, equal_nan=True)
        fix = "Leave the series itself out of its panel."
        require(not itself, "the panel holds the series itself", "panel", name, "others", fix)
        try:
            numbers.check_unit(one, kind, float(series.readings[-1]))
        except ForecastError:
            faults += 1
    fits, fix = not others or faults < len(others), "Bring it to the unit of the series."
    require(fits, "the panel is in another unit than the series", "panel", fix=fix)
