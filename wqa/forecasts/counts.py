"""What is counted: rare events, sums over a plan, samples that pass.

Rare events are Poisson with a gamma rate; a sum over a plan period is what is done plus a
negative binomial remainder; a pass rate can only be a whole number out of its samples.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import special

from wqa.forecasts import numbers
from wqa.forecasts.mixture import Distribution
from wqa.forecasts.numbers import AnnualSeries, Array, refusal
from wqa.forecasts.pooled import Answer, Ask, Samples, predict
from wqa.goals import Goal

SLACK = 1e-9  # whole numbers are stored in binary; this restores equality after a division
PRIOR_EVENTS = 0.5  # Jeffreys prior of a Poisson rate, in events
# Below so many events and years an overdispersion of rare events cannot be estimated.
MIN_EVENTS, MIN_YEARS = 20, 4
# Weight of the expected dispersion, in observations: of rare events, and of sums.
RARE, SUMS = 2.0, 6.0
# Stated, not learned. Numbers of one year vary around the plan's own pace by this share of it
# beyond Poisson, and from one plan to the next the pace changes by that share: in public annual
# series .1 to .3 and .36 to .43, numbers of one authority are less steady. One scheme in thirty
# ends or is renamed.
YEARLY, BETWEEN_PLANS, LAPSE = 0.4, 0.5, 1.0 / 30.0


@dataclass(frozen=True)
class Counted:
    """Numbers of events ahead (or events per exposure): the rate is unknown but lasts."""

    shape: float  # the rate is Gamma(shape, exposure)
    exposure: float
    ahead: Array  # (H,) exposure of the years to come
    dispersion: float = 1.0  # variance over mean, given the rate
    as_rate: bool = False

    @property
    def prior_weight(self) -> float:
        """Share of the prior in what is known about the rate, in events."""
        return PRIOR_EVENTS / self.shape

    def cdf(self, x: Any) -> Array:
        """P(Y <= x)."""
        return self._at_most(np.floor(np.asarray(x, dtype=float) * self._unit + SLACK))

    def below(self, x: Any) -> Array:
        """P(Y < x)."""
        return self._at_most(np.ceil(np.asarray(x, dtype=float) * self._unit - SLACK) - 1.0)

    def quantile(self, p: float) -> Array:
        """Smallest value with P(Y <= value) >= p, by bisection."""
        low = np.full(self.ahead.size, -1.0)
        high = np.ceil(10.0 + 10.0 * self._mean)
        while (short := self._at_most(high)[0] < p).any() and high.max() < 1e15:
            high = np.where(short, 2.0 * high, high)
        while (high - low > 1.0).any():
            middle = np.floor(0.5 * (low + high))
            reached = self._at_most(middle)[0] >= p
            high, low = np.where(reached, middle, high), np.where(reached, low, middle)
        return np.asarray((high / self._unit)[None])

    def mean(self) -> Array:
        """Mean."""
        return np.asarray((self._mean / self._unit)[None])

    def sample(self, n: int, seed: int = 0) -> Array:
        """Joint paths: one rate per path, then numbers given it."""
        rng = np.random.default_rng(seed)
        mean = rng.gamma(self.shape, 1.0 / self.exposure, size=(n, 1)) * self.ahead
        if self.dispersion > 1.0:
            mean = rng.gamma(mean / (self.dispersion - 1.0), self.dispersion - 1.0)
        return (rng.poisson(np.minimum(mean, 1e15)) / self._unit)[None]

    @property
    def _unit(self) -> Array:
        return self.ahead if self.as_rate else np.ones(self.ahead.size)

    @property
    def _mean(self) -> Array:
        return np.asarray(self.shape / self.exposure * self.ahead)

    def _at_most(self, k: Array) -> Array:
        """P(at most k events), (1, H): negative binomial with the mean and the variance above."""
        mean = self._mean
        over = self.dispersion - 1.0 + mean / self.shape  # variance over mean, less one
        value = special.betainc(mean / over, np.maximum(k, 0.0) + 1.0, 1.0 / (1.0 + over))
        return np.atleast_2d(np.where(k < 0, 0.0, value))


def poisson_gamma(events: Any, exposure: Any, ahead: Any, *, as_rate: bool = False) -> Counted:
    """Predict rare events whose rate lasts, from their numbers and exposures, NaN if missing."""
    y, e, ahead = (np.asarray(x, dtype=float) for x in (events, exposure, ahead))
    seen = np.isfinite(y) & np.isfinite(e)
    y, e = _whole(y[seen]), e[seen]
    enough = y.size >= MIN_YEARS and y.sum() >= MIN_EVENTS
    phi = _dispersion(y, e, 1.0, RARE) if enough else 1.0
    # Overdispersed counts carry less information: everything observed is divided by phi.
    return Counted(PRIOR_EVENTS + y.sum() / phi, e.sum() / phi, ahead, phi, as_rate)


def _dispersion(y: Array, e: Array, expected: float, weight: float) -> float:
    """Pearson X2 over its degrees of freedom, drawn towards what is expected; at least 1."""
    fit = e * y.sum() / e.sum()
    squares = float(np.sum((y - fit) ** 2 / fit)) if y.sum() else 0.0
    return max(1.0, (squares + weight * expected) / (max(y.size - 1, 0) + weight))


@dataclass(frozen=True)
class PlanSum:
    """Distribution of a sum over a plan period."""

    done: float  # proven so far
    rest: Counted | None  # still to come; None when the period is over
    prior_weight: float
    lapse: float = 0.0  # probability that nothing more comes

    def cdf(self, x: float) -> float:
        """P(sum <= x)."""
        if self.rest is None:
            return float(self.done <= x + SLACK)
        more = float(self.rest.cdf(x - self.done)[0, 0])
        return (1.0 - self.lapse) * more + self.lapse * (self.done <= x + SLACK)

    def below(self, x: float) -> float:
        """P(sum < x)."""
        if self.rest is None:
            return float(self.done < x - SLACK)
        more = float(self.rest.below(x - self.done)[0, 0])
        return (1.0 - self.lapse) * more + self.lapse * (self.done < x - SLACK)

    def p_attain(self, target: float, comparator: str = ">=") -> float:
        """Probability that the whole sum meets the target."""
        return float(Goal(comparator, numbers.finite_number(target, "target")).probability(self))

    def quantile(self, p: float) -> float:
        """Smallest sum that is not exceeded with probability `p`."""
        inner = (p - self.lapse) / (1.0 - self.lapse)
        more = 0.0 if self.rest is None or inner <= 0.0 else float(self.rest.quantile(inner)[0, 0])
        return self.done + more


def plan_sum(
    flows: Sequence[float],
    left: float,
    *,
    elapsed: float | None = None,
    at_least: float = 0.0,
    previous: float | None = None,
    previous_occasions: float = 5.0,
) -> PlanSum:
    """Sum over a plan period: what is proven plus a negative binomial remainder."""
    # flows: numbers of the occasions known so far; lower bounds count as what they prove.
    # left: occasions to come: years, or rounds of a prize that is not given every year.
    # elapsed: occasions behind what is proven, parts of a year included; by default one a flow.
    # at_least: what is proven so far, where spans prove more than the flows add up to.
    # previous: sum of the plan before over its occasions; a prior for the pace.
    y = _whole(numbers.number_vector(list(flows), "flows"))
    done = max(float(y.sum()), at_least)
    span = float(y.size) if elapsed is None else numbers.finite_number(elapsed, "elapsed")
    if not (left >= 0 and span >= 0):
        raise refusal("a number of occasions is negative", "left, elapsed", (left, span))
    if left == 0:
        return PlanSum(done, None, 0.0)
    if previous is None and span == 0:
        expected = "a year of the plan, or the sum of the plan before"
        raise refusal("nothing is known about the yearly number", "flows", list(flows), expected)
    shape, weight = PRIOR_EVENTS, 0.0
    if previous is not None:
        past = PRIOR_EVENTS + float(_whole(numbers.number_vector([previous], "previous"))[0])
        pace = past / previous_occasions
        shape = 1.0 / (BETWEEN_PLANS**2 + (1.0 + YEARLY**2 * pace) / past)
        weight = shape / pace  # the prior as a number of occasions
    pace = (shape + done) / (weight + span)
    phi = _dispersion(y, np.ones(y.size), 1.0 + YEARLY**2 * pace, SUMS)
    rest = Counted(shape + done / phi, weight + span / phi, np.array([float(left)]), phi)
    lapse = LAPSE if span == 0 else 0.0
    return PlanSum(done, rest, shape / rest.shape, lapse)


def _whole(events: Array) -> Array:
    bad = np.flatnonzero(~((events >= 0) & (events == np.round(events))))
    if bad.size:
        got, fix = float(events[bad[0]]), "Give counts; rates go with family='rate' alone."
        raise refusal("not a number of events", "events", got, "0, 1, 2, ...", fix)
    return events


# ---------------------------------------------------------------------- what is read off


@dataclass(frozen=True)
class WholeNumbers:
    """A rate in percent that can only be a whole number out of `n` samples, one n per year."""

    rate: Distribution
    n: Array

    def cdf(self, x: Any) -> Array:
        """P(Y <= x)."""
        return self._passed_cdf(np.floor(np.asarray(x) / 100.0 * self.n + SLACK))

    def below(self, x: Any) -> Array:
        """P(Y < x)."""
        return self._passed_cdf(np.ceil(np.asarray(x) / 100.0 * self.n - SLACK) - 1.0)

    def quantile(self, p: float) -> Array:
        """Smallest value with P(Y <= value) >= p."""
        return self._nearest(self.rate.quantile(p))

    def mean(self) -> Array:
        """Mean over the central 95 %."""
        return self.rate.mean()

    def sample(self, n: int, seed: int = 0) -> Array:
        """Joint paths in percent."""
        return self._nearest(self.rate.sample(n, seed))

    def _nearest(self, rate: Array) -> Array:
        passed = np.ceil(rate / 100.0 * self.n - 0.5 - SLACK)
        return np.asarray(100.0 * np.clip(passed, 0.0, self.n) / self.n)

    def _passed_cdf(self, k: Array) -> Array:
        half_way = 100.0 * (np.clip(k, 0.0, self.n) + 0.5) / self.n
        reached = np.where(k >= self.n, 1.0, self.rate.cdf(np.minimum(half_way, 100.0)))
        return np.where(k < 0, 0.0, reached)


def event_answer(series: AnnualSeries, ask: Ask, exposure: Array, future: Any) -> Answer:
    """Rare events, in events per exposure for a rate."""
    if ask.kind.family not in ("rate", "count") or ask.model != "pooled":
        got, expected = (ask.kind.family, ask.model), "family rate or count, no model="
        raise refusal("exposure goes with rates and counts", "family, model", got, expected)
    if (np.isfinite(series.readings) > np.isfinite(exposure)).any():
        raise refusal("an exposure is missing", "exposure", None, "one for every value")
    ahead, notes = _ahead(future, exposure, ask.horizon, "future_exposure")
    made = poisson_gamma(series.readings, exposure, ahead, as_rate=ask.kind.family == "rate")
    return Answer(made, np.array([made.prior_weight]), "", notes)


def sampled_answer(
    series: AnnualSeries, ask: Ask, sizes: Array, future: Any, overdispersion: float
) -> Answer:
    """Pass rate that will be read from a planned number of samples."""
    if ask.kind != numbers.quantity_of("percent"):
        got = ask.kind.family, ask.kind.low, ask.kind.high
        raise refusal("denominators go with percentages from 0 to 100", "family", got)
    if np.isnan(sizes).all():
        what, fix = "the number of samples behind the values is not given", "It is never guessed."
        raise refusal(what, "denominators", None, "a number for at least one value", fix)
    ahead, notes = _ahead(future, sizes, ask.horizon, "future_denominator")
    ahead = np.maximum(np.round(ahead), 1.0)
    samples = Samples(sizes[None], ahead, overdispersion)
    fit = predict(series.readings[None], ask.horizon, ask.kind, ask.prior, samples)
    return Answer(WholeNumbers(fit, ahead), fit.prior_weight, "", notes)


def _ahead(future: Any, known: Array, horizon: int, where: str) -> tuple[Array, tuple[str, ...]]:
    if future is not None:
        return numbers.positive_vector(future, horizon, where), ()
    last = float(known[np.isfinite(known)][-1])
    return np.full(horizon, last), (f"{where} is taken as the last known one, {last:g}",)
