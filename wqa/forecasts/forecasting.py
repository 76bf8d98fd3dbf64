"""Forecasts of short annual series: one function, one result, any model.

A forecast is a predictive distribution for each of the next years. Intervals,
probabilities of attainment and joint paths all come from that distribution.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from wqa.errors import ForecastError
from wqa.forecasts.annual_series import annual_series, on_calendar, resolve_horizon
from wqa.forecasts.answers import (
    EVENT_MODELS,
    Case,
    event_answer,
    sampled_answer,
    value_answer,
)
from wqa.forecasts.forecast_result import Forecast
from wqa.forecasts.inputs import finite_number
from wqa.forecasts.models import MEMBERS
from wqa.transforms import FAMILIES

if TYPE_CHECKING:
    import pandas as pd

MODELS = ("pooled", *MEMBERS, *EVENT_MODELS, "glm_binomial")
DEFAULT_LEVELS = (80, 95)

__all__ = [
    "DEFAULT_LEVELS",
    "FAMILIES",
    "MODELS",
    "Forecast",
    "check_levels",
    "forecast",
    "forecast_many",
]


def forecast(
    values: Any,
    years: Any = None,
    *,
    family: str = "percent",
    lower: float | None = None,
    upper: float | None = None,
    horizon: int | None = None,
    target_year: int | None = None,
    exposure: Any = None,
    denominators: Any = None,
    future_exposure: Any = None,
    future_denominator: Any = None,
    overdispersion: float = 1.0,
    model: str = "pooled",
    levels: Sequence[float] = DEFAULT_LEVELS,
    panel: pd.DataFrame | None = None,
    seed: int = 0,
) -> Forecast:
    """Forecast one annual series, from one value upward.

    Parameters
    ----------
    values : array_like or pandas.Series
        Annual values in the unit of the series; NaN for a missing year. A pandas
        Series brings its years as index. With `exposure` these are numbers of events.
    years : array_like of int, optional
        Years of the values, increasing, each once. Default 1, 2, 3, ... A year that is
        left out is a missing year. Missing years are never interpolated.
    family : {'percent', 'score', 'rate', 'count', 'positive', 'index'}, optional
        Kind of quantity.
    lower, upper : float, optional
        Bounds; default 0 to 100 for percentages and scores, 0 to infinity otherwise.
    horizon : int, optional
        Years ahead of the last observed year, 1 to 50; default 5.
    target_year : int, optional
        Last year to forecast, instead of `horizon`.
    exposure : array_like, optional
        Exposure of each value (for example 10,000 devices). Then `values` are numbers
        of events; the forecast is in events per unit of exposure if `family` is
        'rate', in events if it is 'count'.
    denominators : array_like, optional
        Number of samples behind each percentage, NaN where unknown. The pooled model then
        knows which part of the yearly noise is sampling, and what the planned number of
        samples adds; the forecast can only read whole numbers out of that many.
    future_exposure, future_denominator : float or array_like, optional
        Exposure or planned number of samples of the forecast years; default the last
        known one, which is recorded in ``Forecast.notes``.
    overdispersion : float, optional
        Variance of a sample over the binomial one, at least 1, as
        :func:`wqa.forecasts.intervals.dispersion` finds it; used with `denominators`.
    model : str, optional
        One of ``MODELS``; default the pooled model.
    levels : sequence of float, optional
        Levels of the intervals in percent, columns ``lo_80``, ``hi_80``, ...
    panel : pandas.DataFrame, optional
        Comparable series (series_id, year, value), such as other regions. They sharpen
        the prior of the pooled model for percentages and rates, where that was shown to
        help (3 series or more; ``Forecast.notes`` says how many).
    seed : int, optional
        Accepted for a uniform interface; the distributions are closed form or averaged
        over fixed nodes, so only :meth:`Forecast.sample` draws, with its own seed.

    Returns
    -------
    Forecast
        Predictive distribution with its frame.

    Raises
    ------
    ForecastError
        If the input has no answer; the message says what, where and what to do.

    Examples
    --------
    >>> f = forecast([98.0, 98.2, 98.1], [2018, 2019, 2020], target_year=2025)
    >>> f.frame.year.tolist()
    [2021, 2022, 2023, 2024, 2025]
    """
    from wqa.forecasts.pooled import evidence_class

    _check_choice(family=family, model=model)
    levels = check_levels(levels)
    # Numbers of events are only bounded below; the bounds of a rate do not apply to them.
    low, high = (None, None) if exposure is not None else (lower, upper)
    counted = "count" if exposure is not None else family
    series = annual_series(values, years, family=counted, lower=low, upper=high)
    steps = resolve_horizon(series.origin, horizon, target_year)
    case = Case(series, family, lower, upper, steps, model)
    notes: tuple[str, ...] = ()
    if panel is not None:
        case, notes = _sharpened(case, panel)
    if exposure is not None or model in EVENT_MODELS:
        answer = event_answer(case, on_calendar(exposure, values, years, series), future_exposure)
    elif denominators is not None or model == "glm_binomial" or future_denominator is not None:
        sizes = on_calendar(denominators, values, years, series, "denominators", partly=True)
        factor = finite_number(overdispersion, "overdispersion")
        answer = sampled_answer(case, sizes, future_denominator, factor)
    else:
        answer = value_answer(case)
    # Only the default model has a published calibration; the others cover less than they say.
    tested = model == "pooled" and not answer.fallback
    points, weight = series.n_points, answer.prior_weight
    return Forecast(
        model=model,
        fallback=answer.fallback,
        family=family,
        origin=series.origin,
        years=series.origin + np.arange(1, steps + 1, dtype=np.int64),
        n_points=points,
        prior_weight=weight,
        evidence_class=evidence_class(points, weight, family) if tested else "weak",
        distribution=answer.distribution,
        levels=levels,
        notes=(*notes, *answer.notes),
    )


def _sharpened(case: Case, panel: pd.DataFrame) -> tuple[Case, tuple[str, ...]]:
    from wqa.forecasts.panels import SHARPENED, evidence, panel_series, sharpen
    from wqa.forecasts.pooled_prior import load_prior

    others = panel_series(panel, case.family, case.lower, case.upper)
    if case.model != "pooled" or case.family not in SHARPENED:
        return case, (f"the panel is not used: no gain is known for {case.model}, {case.family}",)
    learned = load_prior(case.family)
    said = evidence(learned, others, lower=case.lower, upper=case.upper)
    prior, n = sharpen(learned, list(said.values()))
    return replace(case, prior=prior), (f"prior sharpened by {n} comparable series",)


def check_levels(levels: Sequence[float]) -> tuple[float, ...]:
    """Check interval levels.

    Parameters
    ----------
    levels : sequence of float
        Levels in percent, above 0 and below 100.

    Returns
    -------
    tuple of float
        The levels; whole numbers as int.

    Raises
    ------
    ForecastError
        If a level is not a number between 0 and 100.
    """
    out: list[float] = []
    for level in np.atleast_1d(np.asarray(levels, dtype=object)):
        good = isinstance(level, int | float | np.number) and not isinstance(level, bool)
        if not good or not 0 < float(level) < 100:
            raise ForecastError(
                "not an interval level",
                where="levels",
                got=level,
                expected="percent between 0 and 100, such as 80",
            )
        out.append(int(level) if float(level).is_integer() else float(level))
    return tuple(out)


def _check_choice(*, family: str, model: str) -> None:
    for name, got, known in (("family", family, FAMILIES), ("model", model, MODELS)):
        if got not in known:
            raise ForecastError(f"unknown {name}", where=name, got=got, expected=" or ".join(known))


def forecast_many(
    values: Any,
    years: Any = None,
    *,
    family: str = "percent",
    lower: float | None = None,
    upper: float | None = None,
    horizon: int | None = None,
    target_year: int | None = None,
    model: str = "pooled",
    levels: Sequence[float] = DEFAULT_LEVELS,
    target: Any = None,
    comparator: str = ">=",
    decimals: int | None = None,
    mean: bool = True,
) -> pd.DataFrame:
    """Forecast many series at once; the pooled model is vectorised over them.

    Parameters
    ----------
    values : pandas.DataFrame or array_like
        Tidy frame with columns series_id, year, value (rows in any order), or a table
        with one row per series and one column per consecutive year, NaN where missing.
    years : array_like of int, optional
        Consecutive years of the columns of a table; default 1, 2, 3, ...
    family, lower, upper, horizon, target_year, model, levels
        As in :func:`forecast`; the horizon counts from the last observed year of each
        series.
    target : float or mapping or array_like, optional
        Target for all series, by series_id, or one per row of a table; adds p_attain.
    comparator, decimals : optional
        How the published value is compared with the target, see `Forecast.p_attain`.
    mean : bool, optional
        Fill column ``mean`` (about half of the time of a large call); else it is left
        out.

    Returns
    -------
    pandas.DataFrame
        series_id and the columns of ``Forecast.frame``, one row per series and year. A
        model that refuses a series leaves NaN there and says "refused: ..." in
        ``fallback``.

    Raises
    ------
    ForecastError
        If a series is not usable, see :func:`forecast`; the message names the series.
    """
    from wqa.forecasts import batches

    _check_choice(family=family, model=model)
    series = batches.read_series(values, years, family, lower, upper)
    return batches.batch_frame(
        series,
        batches.Request(
            family=family,
            lower=lower,
            upper=upper,
            horizon=horizon,
            target_year=target_year,
            model=model,
            levels=check_levels(levels),
            targets=batches.read_targets(target, list(series)),
            comparator=comparator,
            decimals=decimals,
            mean=mean,
        ),
    )
