"""From a checked request to a predictive distribution, for every model.

Each function takes a `Case` and gives an `Answer`; what had to be assumed or
replaced on the way is in its `fallback` and `notes`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from wqa.errors import ForecastError
from wqa.forecasts.annual_series import AnnualSeries, annual_series
from wqa.forecasts.counting import CountedEvents, SampledShare, WholeNumbers
from wqa.forecasts.counts import MIN_EVENTS, poisson_gamma, prior_share
from wqa.forecasts.distributions import Distribution, StudentPaths
from wqa.forecasts.forecast_result import PooledRows
from wqa.forecasts.inputs import positive_vector
from wqa.forecasts.models import TYPICAL_CHANGE, fit_glm, fit_member
from wqa.transforms import FloatArray, Transform, make_transform, resolve_bounds

if TYPE_CHECKING:
    from wqa.forecasts.pooled import Predictive, Prior

EVENT_MODELS = ("poisson_gamma", "glm_poisson")
# Series forecast in one call of the pooled model; keeps the memory of a large panel small.
CHUNK = 256


@dataclass(frozen=True)
class Answer:
    """What a model gives back.

    Parameters
    ----------
    distribution : Distribution
        Predictive distribution in the unit of the series.
    prior_weight : float
        Share of the evidence that comes from the prior, 0 to 1.
    fallback : str
        Empty, or "<model used>: <reason>".
    notes : tuple of str
        Assumptions and caught warnings.
    """

    distribution: Distribution
    prior_weight: float
    fallback: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Case:
    """A checked request.

    Parameters
    ----------
    series : AnnualSeries
        Values on a complete calendar.
    family : str
        Kind of quantity.
    lower, upper : float or None
        Bounds as given.
    horizon : int
        Years ahead.
    model : str
        Model asked for.
    prior : Prior, optional
        For the pooled model, instead of the learned prior of the family.
    """

    series: AnnualSeries
    family: str
    lower: float | None
    upper: float | None
    horizon: int
    model: str
    prior: Prior | None = None

    def transform(self) -> Transform:
        """Model scale of the series."""
        return make_transform(self.series.readings, self.family, self.lower, self.upper)


def value_answer(case: Case) -> Answer:
    """Answer from the published values alone.

    Parameters
    ----------
    case : Case
        Request for the pooled model or a simple member.

    Returns
    -------
    Answer
        Distribution of the published value.
    """
    if case.model == "pooled":
        return _pooled_answer(case)
    transform = case.transform()
    z = transform.forward(case.series.readings)
    fit = fit_member(case.model, z, case.horizon, TYPICAL_CHANGE[case.family])
    distribution = StudentPaths(transform, fit.mean, fit.scale, fit.df, fit.corr)
    return Answer(distribution, fit.prior_weight, fit.fallback, fit.notes)


def _pooled_answer(case: Case, **samples: Any) -> Answer:
    from wqa.forecasts import pooled

    fit = pooled.predict(
        case.series.readings, case.horizon, family=case.family, prior=case.prior,
        **_limits(case.family, case.lower, case.upper), **samples,
    )  # fmt: skip
    return Answer(PooledRows(fit, 0), float(fit.prior_weight[0]))


def _limits(family: str, lower: float | None, upper: float | None) -> dict[str, Any]:
    low, high = resolve_bounds(family, lower, upper)
    return {"lower": low, "upper": high if np.isfinite(high) else None}


def event_answer(case: Case, exposure: FloatArray | None, future: Any) -> Answer:
    """Answer from numbers of events and their exposure.

    Parameters
    ----------
    case : Case
        Request whose series holds numbers of events.
    exposure : numpy.ndarray or None
        Exposure per calendar year; None counts years.
    future : float or array_like or None
        Exposure of the forecast years.

    Returns
    -------
    Answer
        Distribution of events, or of events per exposure for the family 'rate'.

    Raises
    ------
    ForecastError
        If the family does not count events or the exposure is missing.
    """
    if case.family not in ("rate", "count"):
        raise ForecastError("exposure goes with rates and counts", where="family", got=case.family)
    events = case.series.readings
    if exposure is None:
        if case.family == "rate":
            raise ForecastError(
                "a rate of events needs its exposure",
                where="exposure",
                expected="one exposure per value, with values as numbers of events",
            )
        exposure = np.ones(events.size)
    ahead, notes = _ahead(future, exposure, case.horizon, "future_exposure")
    as_rate = case.family == "rate"
    total = float(np.nansum(events))
    if case.model == "glm_poisson":
        fit, phi = fit_glm(events, exposure, case.horizon, binomial=False)
        line = StudentPaths(
            Transform("log", 0.0, np.inf, 0.0), fit.mean, fit.scale, fit.df, fit.corr
        )
        counted = CountedEvents(line, ahead, phi, as_rate)
        return Answer(counted, 0.0, "", (*fit.notes, *notes))
    fallback = ""
    if case.model != "poisson_gamma":
        if total >= MIN_EVENTS and as_rate:
            rates = annual_series(events / exposure, case.series.years, family="rate")
            inner = replace(case, series=rates)
            answer = value_answer(inner)
            return replace(answer, notes=(*answer.notes, "forecast of events / exposure"))
        fallback = f"poisson_gamma: {total:g} events in all, too few to learn a trend from rates"
        if not as_rate:
            fallback = "poisson_gamma: numbers of events with exposure"
    counted = poisson_gamma(events, exposure, ahead, as_rate=as_rate)
    return Answer(counted, prior_share(counted), fallback, notes)


def sampled_answer(
    case: Case, sizes: FloatArray | None, future: Any, overdispersion: float
) -> Answer:
    """Answer for a pass rate that knows the planned number of samples.

    Parameters
    ----------
    case : Case
        Request for a percentage.
    sizes : numpy.ndarray or None
        Number of samples per calendar year of the series, NaN where unknown.
    future : float or array_like or None
        Planned number of samples.
    overdispersion : float
        Variance of a sample over the binomial one, at least 1.

    Returns
    -------
    Answer
        Distribution of the rate that will be published.

    Raises
    ------
    ForecastError
        If the sizes are not known or the family is no percentage.
    """
    bounds = resolve_bounds(case.family, case.lower, case.upper)
    if case.family != "percent" or bounds != (0.0, 100.0):
        raise ForecastError(
            "denominators go with percentages from 0 to 100", where="family", got=case.family
        )
    if sizes is None or np.isnan(sizes).all():
        raise ForecastError(
            "the number of samples behind the values is not given",
            where="denominators",
            expected="a number for at least one value",
            fix="Leave it out: the forecast of the rate stands; a number is never guessed.",
        )
    ahead, notes = _ahead(future, sizes, case.horizon, "future_denominator")
    ahead = np.maximum(np.round(ahead), 1.0)
    if case.model == "glm_binomial":
        known = np.where(np.isnan(sizes), np.nan, case.series.readings)
        passed = np.round(known / 100.0 * sizes)
        fit, phi = fit_glm(passed, sizes, case.horizon, binomial=True)
        line = StudentPaths(
            Transform("logit", 0.0, 100.0, 0.0), fit.mean, fit.scale, fit.df, fit.corr
        )
        sampled = SampledShare(line, np.maximum(np.round(ahead / phi), 1.0))
        return Answer(sampled, 0.0, "", (*fit.notes, *notes))
    if case.model == "pooled":
        answer = _pooled_answer(
            case, denominators=sizes, future_denominators=ahead, overdispersion=overdispersion
        )
    else:
        answer = value_answer(case)
        notes = (*notes, f"{case.model} does not know how the number of samples widens a spread")
    return replace(
        answer,
        distribution=WholeNumbers(answer.distribution, ahead),
        notes=(*answer.notes, *notes),
    )


def _ahead(
    future: Any, known: FloatArray, horizon: int, where: str
) -> tuple[FloatArray, tuple[str, ...]]:
    if future is None:
        last = float(known[np.isfinite(known)][-1])
        return np.full(horizon, last), (f"{where} is taken as the last known one, {last:g}",)
    return positive_vector(future, horizon, where), ()


def pooled_chunks(
    rows: Sequence[FloatArray],
    horizon: int,
    family: str,
    lower: float | None,
    upper: float | None,
    prior: Prior | None = None,
) -> Iterator[tuple[slice, Predictive]]:
    """Run the pooled model over many series, a few hundred at a time.

    Parameters
    ----------
    rows : sequence of numpy.ndarray
        Values of each series on its own calendar, last entry observed.
    horizon : int
        Years ahead of the last entry.
    family : str
        Kind of quantity.
    lower, upper : float or None
        Bounds.
    prior : Prior, optional
        Instead of the learned prior of the family.

    Yields
    ------
    tuple of slice and Predictive
        Which rows, and their predictive distribution.
    """
    from wqa.forecasts import pooled

    for start in range(0, len(rows), CHUNK):
        part = rows[start : start + CHUNK]
        # Aligned at the last observed year; the years before the first one are just missing.
        table = np.full((len(part), max(row.size for row in part)), np.nan)
        for i, row in enumerate(part):
            table[i, table.shape[1] - row.size :] = row
        fit = pooled.predict(
            table, horizon, family=family, prior=prior, **_limits(family, lower, upper)
        )
        yield slice(start, start + len(part)), fit
