"""Counts, rare events and plan-period sums.

Rare events are Poisson with a gamma rate; sums over a plan period are what is
done plus a negative binomial remainder.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from wqa.errors import ForecastError
from wqa.forecasts.counting import SLACK, CountedEvents, GammaRate
from wqa.forecasts.probabilities import check_comparator
from wqa.transforms import FloatArray

# Jeffreys prior of a Poisson rate, in events.
PRIOR_EVENTS = 0.5
# Below so many events neither a trend nor an overdispersion is estimated.
MIN_EVENTS = 20
MIN_YEARS_DISPERSION = 4
# Weight of "no overdispersion", in observations.
DISPERSION_PRIOR = 2.0


def poisson_gamma(
    events: Sequence[float] | FloatArray,
    exposure: Sequence[float] | FloatArray,
    future_exposure: Sequence[float] | FloatArray,
    *,
    prior_events: float = PRIOR_EVENTS,
    prior_exposure: float = 0.0,
    discount: float = 1.0,
    as_rate: bool = False,
) -> CountedEvents:
    """Predict counts of rare events from counts and exposures.

    The rate has the posterior Gamma(prior events + sum y, prior exposure + sum E);
    the predicted count is negative binomial. With at least 20 events in 4 years the
    spread is widened by the overdispersion found (Pearson X2, drawn towards 1).

    Parameters
    ----------
    events : array_like
        Events per year; NaN for a missing year.
    exposure : array_like
        Exposure per year, above 0, in the unit of the rate.
    future_exposure : array_like
        Exposure of each future year.
    prior_events, prior_exposure : float, optional
        Prior; the default is the Jeffreys prior Gamma(1/2, 0).
    discount : float, optional
        Weight of a year relative to the year after it, above 0 and at most 1.
    as_rate : bool, optional
        Predict events per unit of exposure instead of events.

    Returns
    -------
    CountedEvents
        Predictive distribution.

    Raises
    ------
    ForecastError
        If events are negative or not whole, an exposure is not positive, or the
        discount is out of range.

    Examples
    --------
    >>> f = poisson_gamma([3], [103.0], [40.0], as_rate=True)
    >>> round(float(f.cdf(0.1)[0]), 2)
    0.97
    """
    y, e = np.asarray(events, dtype=float), np.asarray(exposure, dtype=float)
    seen = np.isfinite(y)
    ahead = np.atleast_1d(np.asarray(future_exposure, dtype=float))
    _check_events(y[seen])
    for name, given in (("exposure", e[seen]), ("future_exposure", ahead)):
        if not (np.isfinite(given) & (given > 0)).all() or given.size == 0:
            raise ForecastError(
                "an exposure is not positive",
                where=name,
                got=given.tolist(),
                expected="finite numbers above 0",
            )
    if not 0.0 < discount <= 1.0:
        raise ForecastError(
            "the discount is out of range", where="discount", got=discount, expected="0 < d <= 1"
        )
    weight = discount ** np.arange(y.size - 1, -1, -1, dtype=float)[seen]
    total, span = float(np.sum(weight * y[seen])), float(np.sum(weight * e[seen]))
    phi = count_dispersion(y[seen], e[seen])
    # Overdispersed counts carry less information: everything observed is divided by phi.
    rate = GammaRate(prior_events + total / phi, prior_exposure + span / phi, ahead.size)
    return CountedEvents(rate, ahead, phi, as_rate)


def count_dispersion(events: FloatArray, exposure: FloatArray) -> float:
    """Overdispersion of counts: Pearson X2 over its degrees of freedom, at least 1.

    Parameters
    ----------
    events, exposure : numpy.ndarray
        Events and exposure per year.

    Returns
    -------
    float
        Drawn towards 1 with the weight of two observations; 1 where fewer than 20
        events or 4 years make an estimate meaningless.
    """
    if events.size < MIN_YEARS_DISPERSION or events.sum() < MIN_EVENTS:
        return 1.0
    expected = exposure * events.sum() / exposure.sum()
    squares = float(np.sum((events - expected) ** 2 / expected))
    return max(1.0, (squares + DISPERSION_PRIOR) / (events.size - 1 + DISPERSION_PRIOR))


def prior_share(fit: CountedEvents) -> float:
    """Share of the prior in what is known about the rate, in events.

    Parameters
    ----------
    fit : CountedEvents
        Result of :func:`poisson_gamma`.

    Returns
    -------
    float
        Prior events over prior plus observed events, 0 to 1.
    """
    rate = fit.rate
    return PRIOR_EVENTS / rate.shape if isinstance(rate, GammaRate) else 0.0


@dataclass(frozen=True)
class PlanSum:
    """Distribution of a sum over a plan period of which some years are known.

    Parameters
    ----------
    done : float
        Sum of the plan years already known.
    remaining : CountedEvents or None
        Distribution of the sum still to come; None when the period is over.
    """

    done: float
    remaining: CountedEvents | None

    def p_attain(self, target: float, comparator: str = ">=") -> float:
        """Probability that the whole sum meets the target.

        Parameters
        ----------
        target : float
            Target of the sum.
        comparator : {'>=', '>', '<=', '<', '=='}, optional
            How the sum is compared.

        Returns
        -------
        float
            Probability, 0 to 1; exactly 0 or 1 when the period is over.

        Raises
        ------
        ForecastError
            If the comparator is unknown.
        """
        check_comparator(comparator)
        need = float(target) - self.done
        if self.remaining is None:
            at, under = float(need >= -SLACK), float(need > SLACK)
        else:
            at, under = float(self.remaining.cdf(need)[0]), float(self.remaining.below(need)[0])
        return {
            ">=": 1.0 - under,
            ">": 1.0 - at,
            "<=": at,
            "<": under,
            "==": at - under,
        }[comparator]

    def quantile(self, p: float) -> float:
        """Quantile of the whole sum.

        Parameters
        ----------
        p : float
            Probability, 0 < p < 1.

        Returns
        -------
        float
            Smallest sum that is not exceeded with probability `p`.
        """
        more = 0.0 if self.remaining is None else float(self.remaining.quantile(p)[0])
        return self.done + more


def plan_sum(
    flows: Sequence[float],
    years_left: float,
    *,
    occasions: float | None = None,
    previous_sum: float | None = None,
    previous_occasions: float = 5.0,
    discount: float = 0.5,
) -> PlanSum:
    """Sum over a plan period: what is done plus a negative binomial remainder.

    The yearly rate is learned from the plan years so far, pooled with the previous
    period at a discount (the new period may differ). For awards that are given only
    in some years, count occasions instead of years, see :func:`award_occasions`.

    Parameters
    ----------
    flows : sequence of float
        Numbers of the plan years already known, whole and not negative.
    years_left : float
        Years (or award occasions) still to come; 0 when the period is over.
    occasions : float, optional
        Years (or award occasions) behind `flows`; default their number.
    previous_sum : float, optional
        Sum of the previous period.
    previous_occasions : float, optional
        Years (or award occasions) of the previous period.
    discount : float, optional
        Weight of the previous period, 0 to 1.

    Returns
    -------
    PlanSum
        Distribution of the whole sum.

    Raises
    ------
    ForecastError
        If counts are negative or not whole, or nothing is known of the rate.
    """
    y = np.asarray(list(flows), dtype=float)
    _check_events(y)
    done = float(y.sum())
    if years_left < 0 or not 0.0 <= discount <= 1.0:
        raise ForecastError(
            "the years left or the discount are out of range",
            where="years_left, discount",
            got=(years_left, discount),
            expected="0 or more, and 0 to 1",
        )
    if years_left == 0:
        return PlanSum(done, None)
    span = float(y.size if occasions is None else occasions)
    known, exposure = done, span
    if previous_sum is not None:
        _check_events(np.array([previous_sum]))
        known += discount * previous_sum
        exposure += discount * previous_occasions
    if exposure <= 0:
        raise ForecastError(
            "nothing is known about the yearly number",
            where="flows",
            got=list(flows),
            expected="a year of the plan, or the sum of the previous period",
        )
    phi = count_dispersion(y, np.ones(y.size))
    rate = GammaRate(PRIOR_EVENTS + known / phi, exposure / phi, 1)
    return PlanSum(done, CountedEvents(rate, np.array([float(years_left)]), phi))


def award_occasions(award_years: Sequence[int], first: int, last: int) -> int:
    """Count the award rounds of a period, for prizes that are not given every year.

    Parameters
    ----------
    award_years : sequence of int
        Years with a round, known or announced.
    first, last : int
        First and last year of the period, inclusive.

    Returns
    -------
    int
        Rounds in the period.
    """
    return sum(first <= int(year) <= last for year in set(award_years))


def stock_at_end(base: float, flows: Sequence[float], years_left: float, **known: Any) -> PlanSum:
    """Stock at the end of a period: base plus flows; entries never expire.

    For stocks that can shrink (certificates lapse) forecast the stock itself.

    Parameters
    ----------
    base : float
        Stock at the start of the period.
    flows : sequence of float
        Numbers added in the years already known.
    years_left : float
        Years still to come.
    **known
        Further arguments of :func:`plan_sum`.

    Returns
    -------
    PlanSum
        Distribution of the stock, compared with the target like a sum.

    Raises
    ------
    ForecastError
        See :func:`plan_sum`.
    """
    grown = plan_sum(flows, years_left, **known)
    return replace(grown, done=grown.done + float(base))


def _check_events(events: FloatArray) -> None:
    bad = ~(np.isfinite(events) & (events >= 0) & (events == np.round(events)))
    if bad.any():
        raise ForecastError(
            "not a number of events",
            where="events",
            got=float(events[bad][0]),
            expected="0, 1, 2, ...",
            fix="Give counts, not rates; rates go with family='rate' and without exposure.",
        )
