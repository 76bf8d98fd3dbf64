"""Probability that a target will be met, for every kind of target.

The forecast answers for a level in one year; sums, yearly floors, values at
their bound, several conditions and comparisons with a reference each need
their own event. Beside the probability stands how it was reached and how much
one published year sways it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from wqa.assessment.evidence import Evidence
from wqa.catalog.records import Indicator, Target
from wqa.errors import ForecastError
from wqa.forecasts.counts import plan_sum, prior_share
from wqa.forecasts.forecasting import Forecast, forecast
from wqa.forecasts.joint import p_compound, p_difference, p_hold
from wqa.forecasts.pooled import evidence_class

PRIOR_ONLY = "prior_only"
PLAN_YEARS = 5.0  # years of the period whose sum a plan states as baseline
INTERVENTION_YEAR = 2020  # shown with and without, as a dated intervention


@dataclass(frozen=True)
class Likelihood:
    """Probability of attainment and how far it can be trusted.

    `p` is None when there is no answer, with `reason` as code. `low` and `high`
    are the smallest and largest probability when one published year is left
    out, None with fewer than two points. `without_2020` is the probability
    without the year 2020, where the series holds it among three points or more.
    """

    p: float | None = None
    low: float | None = None
    high: float | None = None
    without_2020: float | None = None
    prior_weight: float | None = None
    evidence_class: str = ""
    model: str = ""
    fallback: str = ""
    reason: str = ""


def fit(
    values: Mapping[int, float],
    indicator: Indicator,
    year: int,
    *,
    model: str,
    seed: int,
    sizes: Mapping[int, float] | None = None,
) -> Forecast | None:
    """Forecast a series up to `year`; None when there is nothing to forecast.

    Parameters
    ----------
    values : mapping of int to float
        Annual values by year.
    indicator : Indicator
        Gives family and bounds.
    year : int
        Last year wanted.
    model, seed
        As in :func:`wqa.forecasts.forecasting.forecast`.
    sizes : mapping of int to float, optional
        Denominators by year; used when every year of a percentage has one.

    Returns
    -------
    Forecast or None
        None for an empty series, or one that already holds `year`.
    """
    years = sorted(values)
    if not years or years[-1] >= year:
        return None
    extra: dict[str, Any] = {}
    if indicator.family == "percent" and sizes and all(y in sizes for y in years):
        extra["denominators"] = [sizes[y] for y in years]
    return forecast(
        [values[y] for y in years],
        years,
        family=indicator.family,
        lower=indicator.lower,
        upper=indicator.upper,
        target_year=year,
        model=model,
        levels=(),  # only probabilities are read
        seed=seed,
        **extra,
    )


def likelihood(
    evidence: Evidence,
    target: Target,
    indicator: Indicator,
    year: int,
    *,
    model: str = "pooled",
    seed: int = 0,
) -> Likelihood:
    """Probability that the target is met, from the figures of its series.

    Parameters
    ----------
    evidence : Evidence
        Figures of the series.
    target, indicator
        The target (not of kind compound or relative) and its indicator.
    year : int
        Target year.
    model, seed
        Forecasting model, and seed of simulations.

    Returns
    -------
    Likelihood
        With a reason code where there is no probability.
    """
    if target.value is None:
        return Likelihood(reason="no_reference_value")
    full = _once(evidence, target, indicator, year, model, seed)
    if full.p is None:
        return full
    if target.scope == "plan_sum":
        return _swayed_sum(full, evidence, target, year)
    others = {}
    for left_out in evidence.annual:
        part = _once(_without(evidence, left_out), target, indicator, year, model, seed)
        if part.p is not None:
            others[left_out] = part.p
    without = others.get(INTERVENTION_YEAR) if len(evidence.annual) >= 3 else None
    return replace(
        full,
        low=min(full.p, *others.values()) if others else None,
        high=max(full.p, *others.values()) if others else None,
        without_2020=without,
    )


def _without(evidence: Evidence, year: int) -> Evidence:
    return replace(
        evidence,
        annual={y: v for y, v in evidence.annual.items() if y != year},
        known={y: k for y, k in evidence.known.items() if y != year},
        sizes={y: n for y, n in evidence.sizes.items() if y != year},
    )


def _once(
    evidence: Evidence, target: Target, indicator: Indicator, year: int, model: str, seed: int
) -> Likelihood:
    start = int(target.start_year or year)
    inside = evidence.in_plan(start)
    if target.scope == "plan_sum":
        answer = _sum(inside, target, year - start + 1, year)
    elif target.kind == "bound":
        answer = _at_bound(evidence, target, year)
    else:
        answer = _level(evidence, target, indicator, start, year, model, seed)
    if answer.p is not None and not inside:
        # The plan's own baseline cell says nothing about the plan period.
        return replace(answer, evidence_class=PRIOR_ONLY)
    return answer


def _level(
    evidence: Evidence,
    target: Target,
    indicator: Indicator,
    start: int,
    year: int,
    model: str,
    seed: int,
) -> Likelihood:
    assert target.value is not None
    made = fit(evidence.annual, indicator, year, model=model, seed=seed, sizes=evidence.sizes)
    if made is None:
        return Likelihood(reason="no_observation")
    if target.scope == "every_year":
        p = p_hold(
            made, target.value, target.comparator, decimals=target.decimals, seed=seed
        ) * _past_gaps(evidence, target, indicator, start, made.origin, model, seed)
    else:
        p = made.p_attain(target.value, target.comparator, year, target.decimals)
    return Likelihood(
        p=float(p),
        prior_weight=made.prior_weight,
        evidence_class=made.evidence_class,
        model=made.model,
        fallback=made.fallback,
    )


def _past_gaps(
    evidence: Evidence,
    target: Target,
    indicator: Indicator,
    start: int,
    origin: int,
    model: str,
    seed: int,
) -> float:
    # Plan years before the newest figure that were never published: each is judged on the
    # years before it (after it, if there are none), independently of the others.
    assert target.value is not None
    p = 1.0
    for gap in (y for y in range(start, origin) if y not in evidence.annual):
        before = {y: v for y, v in evidence.annual.items() if y < gap}
        if not before:
            # Read backwards: the distribution of a step does not know its direction.
            before = {2 * gap - y: v for y, v in evidence.annual.items() if y > gap}
        made = fit(before, indicator, gap, model=model, seed=seed)
        if made is not None:
            p *= made.p_attain(target.value, target.comparator, gap, target.decimals)
    return p


def _sum(inside: Mapping[int, float], target: Target, length: int, year: int) -> Likelihood:
    assert target.value is not None
    flows = [inside[y] for y in sorted(inside)]
    base = target.baseline
    # The baseline of a plan sum is the sum of the five years before the plan.
    previous = base.value if base.status == "measured" else None
    try:
        made = plan_sum(
            flows, length - len(flows), previous_sum=previous, previous_occasions=PLAN_YEARS
        )
    except ForecastError as error:
        return Likelihood(reason="no_observation", fallback=error.what)
    if made.remaining is None:
        return Likelihood(reason="no_observation")
    weight = 1.0 if not flows else prior_share(made.remaining)
    return Likelihood(
        p=float(made.p_attain(target.value, target.comparator)),
        prior_weight=weight,
        evidence_class=evidence_class(len(flows), weight, "count"),
        model="poisson_gamma",
    )


def _swayed_sum(full: Likelihood, evidence: Evidence, target: Target, year: int) -> Likelihood:
    """Range of the probability when one published year no longer informs the yearly rate."""
    start = int(target.start_year or year)
    inside = evidence.in_plan(start)
    length = year - start + 1
    found = []
    for left_out, flow in inside.items():
        others = {y: v for y, v in inside.items() if y != left_out}
        # What was done stays done; only the rate of the years to come forgets the year.
        less = replace(target, value=float(target.value or 0.0) - flow)
        part = _sum(others, less, length - 1, year)
        if part.p is not None:
            found.append(part.p)
    if not found or full.p is None:
        return full
    return replace(full, low=min(full.p, *found), high=max(full.p, *found))


def _at_bound(evidence: Evidence, target: Target, year: int) -> Likelihood:
    """Probability that every one of the next n cases passes (beta-binomial, Jeffreys)."""
    if not evidence.annual:
        return Likelihood(reason="no_observation")
    sizes = {y: n for y, n in evidence.sizes.items() if y in evidence.annual and n > 0}
    if len(sizes) < len(evidence.annual):
        return Likelihood(reason="missing_denominator")
    from scipy.special import betaln  # heavy import, needed only here

    failed = sum(round(n * (100.0 - evidence.annual[y]) / 100.0) for y, n in sizes.items())
    trials, newest = sum(sizes.values()), max(sizes)
    # As many cases a year as in the newest year; in every remaining year where all count.
    years = year - newest if target.scope == "every_year" else 1
    more = sizes[newest] * years
    passed, missed = trials - failed + 0.5, failed + 0.5
    weight = 1.0 / (trials + 1.0)
    return Likelihood(
        p=float(np.exp(betaln(passed + more, missed) - betaln(passed, missed))),
        prior_weight=weight,
        evidence_class=evidence_class(len(sizes), weight, "percent"),
        model="beta_binomial",
    )


def joint(
    parts: Sequence[tuple[Forecast, float, str]], year: int, decimals: int | None, seed: int
) -> Likelihood:
    """Probability that all conditions hold in one year, by simulation.

    Parameters
    ----------
    parts : sequence of (Forecast, float, str)
        Forecast, target and comparator of each condition.
    year : int
        Year in which all must hold.
    decimals : int or None
        Published decimals.
    seed : int
        Seed of the simulation.

    Returns
    -------
    Likelihood
        As sure as its least sure part.
    """
    worst = max(parts, key=lambda part: part[0].prior_weight)[0]
    return Likelihood(
        p=p_compound(parts, year, decimals=decimals, seed=seed),
        prior_weight=worst.prior_weight,
        evidence_class=worst.evidence_class,
        model=worst.model,
        fallback=worst.fallback,
    )


def against_reference(
    ours: Forecast, reference: Forecast, year: int, comparator: str, decimals: int | None, seed: int
) -> Likelihood:
    """Probability that one region compares with another as a relative target asks.

    Parameters
    ----------
    ours, reference : Forecast
        Both forecasts.
    year : int
        Year of the comparison.
    comparator : str
        Relation of our value to the reference.
    decimals : int or None
        Published decimals.
    seed : int
        Seed of the simulation.

    Returns
    -------
    Likelihood
        As sure as the less sure of the two.
    """
    worst = max((ours, reference), key=lambda f: f.prior_weight)
    return Likelihood(
        p=p_difference(ours, reference, year, comparator, decimals=decimals, seed=seed),
        prior_weight=worst.prior_weight,
        evidence_class=worst.evidence_class,
        model=worst.model,
        fallback=worst.fallback,
    )
