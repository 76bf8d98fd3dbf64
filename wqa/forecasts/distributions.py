"""Predictive distributions: mixtures of Student t's, whole numbers of samples, sums of counts.

A predictive distribution of S series over H years offers ``quantile(p)``, ``cdf(x)`` and
``below(x)`` of shape (S, H), and joint paths ``sample(n, seed)`` of shape (S, n, H). Points are
one number, or an array that broadcasts to (S, H).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, TypeAlias

import numpy as np
from scipy import special

from wqa.forecasts.numbers import Array, Scale, number_vector, require
from wqa.goals import Goal

NODES, REACH = 4096, 14.0  # table of the Student t: nodes, and arcsinh of the last one
STEPS = 60  # bound on the iterations of a quantile; five or six are usual
SLACK = 1e-9  # whole numbers are stored in binary; this restores equality after a division
PRIOR_EVENTS = 0.5  # Jeffreys prior of a Poisson rate, in events
# Stated, not learned. Numbers of one year vary around the plan's own pace by this share of it
# beyond Poisson, and from one plan to the next the pace changes by that share: in public annual
# series .1 to .3 and .36 to .43, numbers of one authority are less steady. One scheme in thirty
# ends or is renamed.
YEARLY, BETWEEN_PLANS, LAPSE = 0.4, 0.5, 1.0 / 30.0
EXPECTED_WEIGHT = 6.0  # of the expected dispersion, in observations


@lru_cache(maxsize=512)
def student_table(df: float) -> Array:
    """Student t distribution function on nodes that are even in arcsinh(z); error < 2e-6."""
    half = special.stdtr(df, np.sinh(np.linspace(-REACH, 0.0, NODES // 2 + 1)[:-1]))
    return np.concatenate([half, [0.5], 1.0 - half[::-1]])


@dataclass(frozen=True)
class Predictive:
    """A mixture of K Student t's per series on the working scale, read in the unit of the data."""

    weights: Array  # (S, K) posterior weight of each component
    df: Array  # (S, K) degrees of freedom
    loc: Array  # (S, K, H)
    scale: Array  # (S, K, H)
    root: Array  # (P, C, H, H) factors of the joint covariance, a block per missing years
    pattern: Array  # (S,) which block a series uses
    member: Array  # (S, K) which row of the block
    on: Scale
    prior_weight: Array  # (S,) share of the evidence on the yearly variance that is prior

    def cdf(self, x: Any) -> Array:
        """P(Y <= x), shape (S, H)."""
        share, top, prob = self._inside(x)
        return np.where(share < 0.0, 0.0, np.where(share >= top, 1.0, prob))

    def below(self, x: Any) -> Array:
        """P(Y < x), shape (S, H); differs from `cdf` at a bound only."""
        share, top, prob = self._inside(x)
        return np.where(share <= 0.0, 0.0, np.where(share > top, 1.0, prob))

    def quantile(self, p: float) -> Array:
        """Value that is not exceeded with probability `p`, 0 < p < 1, shape (S, H)."""
        return self.on.values(self._working_quantile(p))

    def sample(self, n: int, seed: int = 0) -> Array:
        """Joint paths whose yearly marginals are those of `cdf`, shape (S, n, H)."""
        rng = np.random.default_rng(seed)
        count, _, horizon = self.loc.shape
        edges = np.cumsum(self.weights, axis=1)
        draw = rng.random((count, n)) * edges[:, -1:]
        pick = np.stack([np.searchsorted(e, d) for e, d in zip(edges, draw, strict=True)])
        row = np.arange(count)[:, None]
        df = self.df[row, pick]
        normal = rng.standard_normal((count, n, horizon))
        root = self.root[self.pattern[:, None], self.member[row, pick]]
        spread = self.scale[row, pick, 0] / root[..., 0, 0]
        noise = np.einsum("snij,snj->sni", root, normal) * spread[..., None]
        noise *= np.sqrt(df / rng.chisquare(df))[..., None]
        return self.on.values(self.loc[row, pick] + noise)

    @cached_property
    def _tables(self) -> tuple[Array, Array, Array]:
        """Distinct degrees of freedom, their tables end to end, and which a component has."""
        distinct, which = np.unique(self.df, return_inverse=True)
        table = np.concatenate([student_table(float(v)) for v in distinct])
        return distinct, table, which.reshape(self.df.shape)[..., None]

    def _inside(self, x: Any) -> tuple[Array, float, Array]:
        """Shares of the way between bounds, the upper one, the distribution function inside."""
        count, _, horizon = self.loc.shape
        table = np.broadcast_to(np.asarray(x, dtype=float), (count, horizon))
        prob, _ = self._mixed(self.on.working(table), np.arange(count))
        top = 1.0 if self.on.bounded else np.inf
        return self.on.share(table), top, np.minimum(prob, 1.0)

    def _mixed(self, working: Array, rows: Array) -> tuple[Array, Array]:
        """Distribution function and density of the mixture on the working scale."""
        scale, weights = self.scale[rows], self.weights[rows]
        _, table, which = self._tables
        z = (working[:, None, :] - self.loc[rows]) / scale
        per_unit = NODES / (2.0 * REACH)
        spot = np.clip((np.arcsinh(z) + REACH) * per_unit, 0.0, NODES - 1e-6)
        left = spot.astype(np.intp)
        spot -= left
        left += which[rows] * (NODES + 1)
        below = table.take(left)
        rise = table.take(left + 1) - below
        prob = np.einsum("sk,skh->sh", weights, below + spot * rise)
        dens = rise / (np.sqrt(1.0 + z * z) * scale)
        return prob, np.einsum("sk,skh->sh", weights, dens) * per_unit

    def _working_quantile(self, p: float) -> Array:
        """Newton steps on the log odds, nearly linear there, inside a shrinking bracket."""
        distinct, _, which = self._tables
        ends = self.loc + self.scale * special.stdtrit(distinct, p)[which]
        low, high = ends.min(axis=1), ends.max(axis=1)
        guess = np.einsum("sk,skh->sh", self.weights, ends)
        busy = np.arange(len(guess))
        goal = np.log(p / (1.0 - p))
        tolerance = 1e-9 * (1.0 + np.abs(guess))
        for _ in range(STEPS):
            now = guess[busy]
            prob, dens = self._mixed(now, busy)
            over = prob > p
            high[busy] = np.where(over, now, high[busy])
            low[busy] = np.where(over, low[busy], now)
            odds = np.clip(prob, 1e-15, 1.0 - 1e-15)
            step = (goal - np.log(odds / (1.0 - odds))) * odds * (1.0 - odds)
            fresh = now + step / np.maximum(dens, 1e-300)
            inside = (fresh >= low[busy]) & (fresh <= high[busy])
            fresh = np.where(inside, fresh, 0.5 * (low[busy] + high[busy]))
            guess[busy] = fresh
            busy = busy[(np.abs(fresh - now) > tolerance[busy]).any(axis=1)]
            if not len(busy):
                break
        return np.asarray(guess, dtype=float)


@dataclass(frozen=True)
class WholeNumbers:
    """A rate in percent that can only be a whole number out of `n` samples."""

    rate: Predictive
    n: int

    def cdf(self, x: Any) -> Array:
        """P(Y <= x)."""
        return self._passed_cdf(np.floor(np.asarray(x) / 100.0 * self.n + SLACK))

    def below(self, x: Any) -> Array:
        """P(Y < x)."""
        return self._passed_cdf(np.ceil(np.asarray(x) / 100.0 * self.n - SLACK) - 1.0)

    def quantile(self, p: float) -> Array:
        """Smallest value with P(Y <= value) >= p."""
        return self._nearest(self.rate.quantile(p))

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


Distribution: TypeAlias = Predictive | WholeNumbers


@dataclass(frozen=True)
class PlanSum:
    """Sum over a plan: what is proven, and events to come at an unknown but lasting rate."""

    done: float
    ahead: float = 0.0  # exposure to come; the rate is Gamma(shape, exposure)
    shape: float = 1.0
    exposure: float = 1.0
    dispersion: float = 1.0  # variance over mean, given the rate
    prior_weight: float = 0.0
    lapse: float = 0.0  # probability that nothing more comes

    def cdf(self, x: float) -> float:
        """P(sum <= x)."""
        return self.more(np.floor(x - self.done + SLACK))

    def below(self, x: float) -> float:
        """P(sum < x)."""
        return self.more(np.ceil(x - self.done - SLACK) - 1.0)

    def p_attain(self, target: float, comparator: str = ">=") -> float:
        """Probability that the whole sum meets the target."""
        return float(Goal(comparator, target).probability(self))

    def more(self, k: float) -> float:
        """P(at most k more): negative binomial."""
        if k < 0 or not self.ahead:
            return float(k >= 0)
        mean = self.shape / self.exposure * self.ahead
        over = self.dispersion - 1.0 + mean / self.shape  # variance over mean, less one
        found = float(special.betainc(mean / over, k + 1.0, 1.0 / (1.0 + over)))
        return (1.0 - self.lapse) * found + self.lapse


def plan_sum(
    flows: Sequence[float],
    left: float,
    *,
    elapsed: float,
    previous: float | None = None,
    previous_occasions: float = 5.0,
) -> PlanSum:
    """Sum over a plan period: what is proven plus a negative binomial remainder."""
    # flows: numbers of the occasions known so far; lower bounds count as what they prove.
    # left: occasions to come: years, or rounds of a prize that is not given every year.
    # elapsed: occasions behind what is proven, parts of a year included.
    # previous: sum of the plan before over its occasions; a prior for the pace.
    y = number_vector([*flows, *([] if previous is None else [previous])], "flows")
    bad = y[~((y >= 0) & (y == np.round(y)))].tolist()
    require(not bad, "not a number of events", "events", bad and bad[0], "0, 1, 2, ...")
    y, done = y[: len(flows)], float(y[: len(flows)].sum())
    if left == 0:
        return PlanSum(done)
    expected = "a year of the plan, or the sum of the plan before"
    known = previous is not None or elapsed > 0
    require(known, "nothing is known about the yearly number", "flows", list(flows), expected)
    shape, weight = PRIOR_EVENTS, 0.0
    if previous is not None:
        past = PRIOR_EVENTS + float(previous)
        pace = past / previous_occasions
        shape = 1.0 / (BETWEEN_PLANS**2 + (1.0 + YEARLY**2 * pace) / past)
        weight = shape / pace  # the prior as a number of occasions
    pace = (shape + done) / (weight + elapsed)
    # Pearson X2 over its degrees of freedom, drawn towards what is expected; at least 1.
    fit = done / max(y.size, 1)
    squares = float(np.sum((y - fit) ** 2 / fit)) if fit else 0.0
    expect = EXPECTED_WEIGHT * (1.0 + YEARLY**2 * pace)
    phi = max(1.0, (squares + expect) / (max(y.size - 1, 0) + EXPECTED_WEIGHT))
    events, lapse = shape + done / phi, LAPSE if elapsed == 0 else 0.0
    return PlanSum(done, left, events, weight + elapsed / phi, phi, shape / events, lapse)
