"""Forecasts of short annual series: one function, one result, any model.

A forecast is a predictive distribution for each of the next years. Intervals, probabilities
of attainment and joint paths all come from that distribution. One generator, `answers`, stands
behind `forecast`, `forecast_many` and the backtest.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from wqa.errors import ForecastError
from wqa.forecasts import numbers, pooled
from wqa.forecasts.distributions import Distribution
from wqa.forecasts.numbers import AnnualSeries, Array, finite_number, require, whole_number
from wqa.forecasts.pooled import Answer, Ask, Rests, evidence_class, predict
from wqa.goals import Goal

MODELS = ("pooled", "naive", "drift", "theta", "ets_damped", "local_linear_trend")
DIRECTIONS = {"higher_better": 1.0, "lower_better": -1.0, "none": 0.0}
DEFAULT_LEVELS = (80, 95)
CHUNK = 256  # series of one call of the pooled model; keeps the memory of a large panel small
TINY = 1e-9  # nearer to 0 or 1 a quantile is not told apart
MAX_DECIMALS = 12
WHOLE = ("origin", "year", "h", "n_points")


@dataclass(frozen=True)
class Forecast:
    """Predictive distribution of one indicator for the years after its last value.

    Its questions take a year, a sequence of years or 'all', by default the last year, and answer
    with a number, or with a pandas.Series by year.
    """

    model: str  # that was asked for
    fallback: str  # empty, or "<model used>: <reason>" when the model could not answer
    kind: numbers.Quantity  # family and bounds
    series: AnnualSeries  # what was forecast from
    years: Array  # forecast years, origin + 1, ..., origin + H
    prior_weight: float  # share of the evidence that comes from the prior, 0 to 1
    evidence_class: str  # how far such probabilities have been tested, see `evidence_class`
    distribution: Distribution = field(repr=False)  # arrays of shape (1, H)
    notes: tuple[str, ...] = ()  # assumptions, known limits, warnings caught on the way
    rests: Rests | None = None  # how much of it rests on what the series of a panel did since

    @cached_property
    def frame(self) -> pd.DataFrame:
        """One row per year, values in the unit of the series; made when first asked for.

        Columns model, origin, year, h, median, lo_80, hi_80, lo_95, hi_95, fallback,
        n_points and prior_weight.
        """
        limits = {key: rows[0] for key, rows in summary(self.distribution).items()}
        return _rows(self.model, self.series, limits, self.fallback, self.prior_weight)

    def quantile(self, p: float, year: Any = None) -> Any:
        """Value that is not exceeded with probability `p`, 0 < p < 1."""
        inside = TINY < finite_number(p, "p", "not a probability") < 1.0 - TINY
        require(inside, "not a probability", "p", p, "0 < p < 1")
        return self._by_year(self.distribution.quantile(float(p)), year)

    def cdf(self, x: float, year: Any = None) -> Any:
        """Probability of a value of at most `x`."""
        return self._by_year(self.distribution.cdf(finite_number(x, "x")), year)

    def p_attain(
        self, target: float, comparator: str = ">=", year: Any = None, decimals: int | None = None
    ) -> Any:
        """Probability that the published value of a year meets a target.

        The value is printed with so many decimals, rounded half up, before it is compared;
        without decimals it is compared unrounded. Comparators are >=, >, <=, < and ==.
        """
        good = decimals is None or 0 <= whole_number(decimals, "decimals") <= MAX_DECIMALS
        what, expected = "no published number has so many decimals", f"0 to {MAX_DECIMALS}"
        require(good, what, "decimals", decimals, expected)
        value = finite_number(target, "target", "the target is not a number")
        numbers.check_unit(self.series, self.kind, value)
        goal = Goal(comparator, value, decimals)
        return self._by_year(np.clip(goal.probability(self.distribution), 0.0, 1.0), year)

    def sample(self, n: int, seed: int = 0) -> Array:
        """Joint paths of the forecast years, shape (n, H); the same seed gives the same paths."""
        good = whole_number(n, "n") > 0 and whole_number(seed, "seed") >= 0
        require(good, "no paths asked for, or no seed", "n, seed", (n, seed))
        return np.asarray(self.distribution.sample(int(n), int(seed))[0])

    def _place(self, year: int | None) -> int:
        first, last = self.years[[0, -1]].tolist()
        asked = last if year is None else whole_number(year, "year")
        expected, fix = f"{first} to {last}", "Forecast that year, too."
        require(first <= asked <= last, "not a forecast year", "year", year, expected, fix)
        return int(asked - first)

    def _by_year(self, found: Array, year: Any) -> Any:
        years = self.years.tolist() if isinstance(year, str) and year == "all" else year
        if np.ndim(years) == 0:
            return float(found[0, self._place(years)])
        values = found[0, [self._place(one) for one in years]]
        return pd.Series(values, pd.Index(list(years), name="year"))


def summary(
    distribution: Distribution, levels: Sequence[float] = DEFAULT_LEVELS
) -> dict[str, Array]:
    """Columns that describe a distribution: median and limits of intervals, (S, H) each."""
    limits = {"median": distribution.quantile(0.5)}
    for level in levels:
        tail = (1.0 - level / 100.0) / 2.0
        limits[f"lo_{level:g}"] = distribution.quantile(tail)
        limits[f"hi_{level:g}"] = distribution.quantile(1.0 - tail)
    return limits


def _rows(
    model: str, series: AnnualSeries, limits: dict[str, Array], fallback: str, weight: float
) -> pd.DataFrame:
    """Lay out the forecast of one series, a row a year."""
    h = np.arange(1, limits["median"].size + 1)
    time = {"model": model, "origin": series.origin, "year": series.origin + h, "h": h}
    about = {"fallback": fallback, "n_points": series.n_points, "prior_weight": weight}
    return pd.DataFrame({**time, **limits, **about})


def _check_model(model: Any) -> None:
    is_known = isinstance(model, str) and model in MODELS
    require(is_known, "unknown model", "model", model, " or ".join(MODELS))


def forecast(
    values: Any,
    years: Any = None,
    *,
    family: str | None = None,
    lower: float | None = None,
    upper: float | None = None,
    horizon: int | None = None,
    target_year: int | None = None,
    model: str = "pooled",
    denominators: Any = None,
    panel: pd.DataFrame | None = None,
    direction: str = "none",
) -> Forecast:
    """Forecast one annual series, from one value upward.

    Parameters
    ----------
    values : array_like or pandas.Series or pandas.DataFrame
        Annual values; NaN for a missing year. A pandas Series brings its years as index, a frame
        of a loader its columns year and value, and family and bounds of its indicator.
    years : array_like of int, optional
        Years of the values, increasing, each once; default 1, 2, 3, ... A year that is left out
        is missing. Missing years are never interpolated.
    family : {'percent', 'score', 'rate', 'count', 'positive', 'index'}, optional
        Kind of quantity; default 'percent', or that of the indicator in a frame.
    lower, upper : float, optional
        Bounds; default 0 to 100 for percentages and scores, 0 and none otherwise. An upper
        bound belongs to percentages, scores and indices only.
    horizon : int, optional
        Years ahead of the last observed year, 1 to 50; default 5.
    target_year : int, optional
        Last year to forecast, instead of `horizon`.
    model : str, optional
        One of ``MODELS``; default the pooled model.
    denominators : array_like, optional
        Number of samples behind each percentage, NaN where unknown. The pooled model then knows
        what sampling adds, and reads whole numbers out of as many samples as in the last year.
    panel : pandas.DataFrame, optional
        Comparable series (series_id, year, value), such as other regions. They sharpen the prior
        where that was shown to help, and their values after the last one of this series move the
        forecast. ``Forecast.notes`` says what was used, and how much of the answer rests on it.
    direction : {'higher_better', 'lower_better', 'none'}, optional
        A percentage of which one value is known is expected to move in its good direction, as
        published percentages did; 'none' expects no movement.

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
    _check_model(model)
    sides = " or ".join(DIRECTIONS)
    require(direction in DIRECTIONS, "unknown direction", "direction", direction, sides)
    if hasattr(values, "columns"):
        given = values, years, family, lower, upper
        values, years, family, lower, upper = numbers.one_series(*given)
    kind = numbers.quantity_of("percent" if family is None else family, lower, upper)
    series = numbers.annual_series(values, years, kind, samples=denominators)
    if denominators is not None:
        got, whole = (kind.family, kind.low, kind.high), kind == numbers.quantity_of("percent")
        require(whole, "denominators go with percentages from 0 to 100", "family", got)
        what, fix = "the number of samples behind the values is not given", "It is never guessed."
        some, expected = np.isfinite(series.samples).any(), "a number for at least one value"
        require(some, what, "denominators", None, expected, fix)
    ask = Ask(kind, numbers.resolve_horizon(series.origin, horizon, target_year), model)
    made = _informed(series, ask, panel, DIRECTIONS[direction])
    weight, ahead = float(made.prior_weight[0]), series.origin + np.arange(1, ask.horizon + 1)
    # Only the default model has a published calibration; the others cover less than they say.
    tested = evidence_class(series.n_points, weight, kind.family) if model == "pooled" else "weak"
    told = made.distribution, (*series.notes, *made.notes), made.rests
    return Forecast(model, made.fallback, kind, series, ahead, weight, tested, *told)


def _informed(series: AnnualSeries, ask: Ask, panel: Any, sign: float) -> Answer:
    """Answer for one series that a panel, known samples or a good direction may inform."""
    is_default, sampled, said = ask.model == "pooled", np.isfinite(series.samples).any(), []
    if panel is not None:
        from wqa.forecasts import members

        others = {
            name: numbers.annual_series(y, years, ask.kind, f"series {name}", in_any_order=True)
            for name, y, years in numbers.frame_series(panel)
        }
        ask, used = pooled.sharpened(ask, others)
        said.append(used)
    if sampled and is_default:
        made = pooled.sampled_answer(series, ask)
    else:
        _, made = next(answers([series], ask))
    if sampled and not is_default:
        said.append(f"{ask.model} does not know how the number of samples widens a spread")
    if is_default and not sampled:
        alone = made.distribution
        if panel is not None:
            made = members.moved(made, series, ask.kind, others)
        if sign and made.distribution is alone and series.n_points == 1:
            made = pooled.expecting(made, ask.kind, sign)
    return replace(made, notes=(*said, *made.notes))


def answers(series: Sequence[AnnualSeries], ask: Ask) -> Iterator[tuple[list[int], Answer]]:
    """Forecast checked series, as many at once as the model can: positions and their answer."""
    if ask.model != "pooled":
        from wqa.forecasts.members import member_answer

        for i, one in enumerate(series):
            try:
                yield [i], member_answer(one, ask)
            except ForecastError as error:  # the default stands in, and says why
                _, made = next(answers([one], replace(ask, model="pooled")))
                yield [i], replace(made, fallback=f"pooled: {error}")
        return
    # Series of equal length share the matrices of the model.
    order = sorted(range(len(series)), key=lambda i: series[i].years.size)
    for start in range(0, len(order), CHUNK):
        part = order[start : start + CHUNK]
        # Aligned at the last observed year; the years before the first one are just missing.
        table = np.full((len(part), series[part[-1]].years.size), np.nan)
        for row, i in zip(table, part, strict=True):
            row[-series[i].years.size :] = series[i].readings
        fit = predict(table, ask.horizon, ask.kind, ask.prior)
        yield part, Answer(fit, fit.prior_weight)


def forecast_many(
    frame: pd.DataFrame,
    *,
    family: str = "percent",
    lower: float | None = None,
    upper: float | None = None,
    horizon: int | None = None,
    target_year: int | None = None,
    model: str = "pooled",
    levels: Sequence[float] = DEFAULT_LEVELS,
) -> pd.DataFrame:
    """Forecast many series at once; the pooled model is vectorised over them.

    Parameters
    ----------
    frame : pandas.DataFrame
        Columns series_id (or indicator_id, region, scope), year, value; rows in any order.
    family, lower, upper, horizon, target_year, model
        As in :func:`forecast`; the horizon counts from the last observed year of each series.
    levels : sequence of float, optional
        Levels of the intervals in percent, columns ``lo_80``, ``hi_80``, ...

    Returns
    -------
    pandas.DataFrame
        series_id, the columns of ``Forecast.frame`` and notes, one row per series and year. A
        series that is refused has one row, with "refused: " and the reason in ``fallback``.

    Raises
    ------
    ForecastError
        If an argument is wrong, or every series is refused, see :func:`forecast`.
    """
    _check_model(model)
    given = np.atleast_1d(np.asarray(levels, dtype=object)).tolist()
    inside = all(0 < finite_number(level, "levels") < 100 for level in given)
    require(inside, "not an interval level", "levels", levels, "percent from 0 to 100, such as 80")
    kind = numbers.quantity_of(family, lower, upper)
    group: dict[Any, AnnualSeries] = {}
    ahead: dict[Any, int] = {}
    refused: dict[Any, ForecastError] = {}
    for name, values, years in numbers.frame_series(frame):
        try:
            one = numbers.annual_series(values, years, kind, f"series {name}", in_any_order=True)
            ahead[name] = numbers.resolve_horizon(one.origin, horizon, target_year)
            group[name] = one
        except ForecastError as error:
            refused[name] = error
    if not group:
        none = ForecastError("there is no series to forecast", where="frame")
        raise next(iter(refused.values()), none)
    names, found = list(group), {}
    for places, made in answers(list(group.values()), Ask(kind, max(ahead.values()), model)):
        shown = summary(made.distribution, given)
        for row, name in enumerate(names[i] for i in places):
            one, steps = group[name], ahead[name]
            limits = {key: values[row, :steps] for key, values in shown.items()}
            rows = _rows(model, one, limits, made.fallback, float(made.prior_weight[row]))
            rows.insert(0, "series_id", name)
            found[name] = rows.assign(notes="; ".join((*one.notes, *made.notes)))
    for name, reason in refused.items():
        cells = {"series_id": [name], "model": model, "fallback": f"refused: {reason}", "notes": ""}
        found[name] = pd.DataFrame(cells)
    out = pd.concat([found[name] for name in (*names, *refused)], ignore_index=True)
    return out.astype(dict.fromkeys(WHOLE if refused else (), "Int64"))
