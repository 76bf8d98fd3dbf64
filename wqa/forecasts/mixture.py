"""The working scale, and predictive distributions on it: mixtures of Student t's.

The working scale of a bounded quantity is the folded power of the share of the way between
its bounds, that of the others the power of the value relative to the series' own size. Both
reach a bound at a finite point, and no unit changes an answer.

A predictive distribution of S series over H years offers ``quantile(p)``, ``cdf(x)``,
``below(x)`` and ``mean()`` of shape (S, H), and joint paths ``sample(n, seed)`` of shape
(S, n, H). Points are one number, or an array that broadcasts to (S, H).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import Any, Protocol

import numpy as np
from scipy import special

from wqa.forecasts.numbers import Array, Quantity

HALF_DIGIT = 0.0005  # half of a tenth of a point, as a share of the range
HALF_POINT = 10.0 * HALF_DIGIT  # the same of series that are printed in whole points
FLAT = 16.0  # squares of a point that a row of equal values hides in all, shared by its steps
HIDDEN = 6.0  # variance behind a bound that was read, in variances of the last digit
NODES, REACH = 4096, 14.0  # table of the Student t: nodes, and arcsinh of the last one
BLOCK = 256  # series treated together, so that their arrays stay in the processor's cache
STEPS = 60  # bound on the iterations of a quantile; five or six are usual
# Share left out at either end of a mean: on a power scale a Student t has no full mean.
TAIL = 0.025
# Probabilities between whose quantiles the mean is integrated, and nodes of each stretch.
KNOTS = (TAIL, 0.1, 0.5, 0.9, 1.0 - TAIL)
GAUSS = tuple(zip(*np.polynomial.legendre.leggauss(3), strict=True))


def to_working(share: Array, power: float, bounded: bool) -> Array:
    """Map shares of the way between bounds (or multiples of a size) to the working scale."""
    if bounded:
        return np.asarray((share**power - (1.0 - share) ** power) / power)
    return np.asarray((share**power - 1.0) / power)


def from_working(working: Array, power: float, bounded: bool) -> Array:
    """Map the working scale back; anything beyond a bound comes back as the bound."""
    if not bounded:
        return np.asarray(np.maximum(1.0 + power * working, 0.0) ** (1.0 / power))
    edge = 1.0 / power
    target = np.clip(working, -edge, edge)
    nodes = 0.5 - 0.5 * np.cos(np.linspace(0.0, np.pi, 2049))
    share = np.interp(target, to_working(nodes, power, True), nodes)
    for _ in range(3):  # Newton polish; the table is already within 1e-6
        inside = np.clip(share, 1e-12, 1.0 - 1e-12)
        slope = inside ** (power - 1.0) + (1.0 - inside) ** (power - 1.0)
        share = np.clip(inside - (to_working(inside, power, True) - target) / slope, 0.0, 1.0)
    return np.asarray(np.where(target >= edge, 1.0, np.where(target <= -edge, 0.0, share)))


@dataclass(frozen=True)
class Scale:
    """The working scale of S series, and the way back."""

    power: float
    bounded: bool
    lower: float
    width: Array  # (S,) unit in which a value is measured
    reading: Array  # (S,) share of the range that is read as the bound; 0 unless it has been

    def share(self, values: Any) -> Array:
        """Values of shape (S, n) as shares of the way between bounds, or multiples of a size."""
        return np.asarray((values - self.lower) / self.width[:, None])

    def working(self, values: Any) -> Array:
        """Values of shape (S, n) on the working scale, kept within the bounds."""
        top = 1.0 if self.bounded else np.finfo(float).max
        edge = self.reading[:, None]
        return to_working(np.clip(self.share(values), edge, top - edge), self.power, self.bounded)

    def values(self, working: Array) -> Array:
        """Values in the unit of the series, (S, ...), from the working scale."""
        share = from_working(working, self.power, self.bounded)
        last = (-1,) + (1,) * (share.ndim - 1)
        width, edge = self.width.reshape(last), self.reading.reshape(last)
        if self.bounded:
            share = np.where(share < edge, 0.0, np.where(share >= 1.0 - edge, 1.0, share))
        return np.asarray(self.lower + width * share)


def scale_of(table: Array, kind: Quantity, power: float) -> tuple[Scale, Array, Array]:
    """Scale of S series, their values on it (S, T), and what their last digit hides (S,)."""
    # The square of a tenth of a point is hidden in every published percentage (of a point where
    # all are whole numbers), more of it near a bound, where the scale is steep: a row of 100.0 is
    # no proof that nothing moves. A series in whole tenths that has read 0 or 100 reads it again
    # nearby, and hides more.
    count = len(table)
    if not kind.bounded:
        # Measured against its own size: any unit gives the same answer.
        mean = np.nanmean(table, axis=1) - kind.low
        scale = Scale(power, False, kind.low, np.where(mean > 0, mean, 1.0), np.zeros(count))
        return scale, to_working(scale.share(table), power, False), np.zeros(count)
    scale = Scale(power, True, kind.low, np.full(count, kind.high - kind.low), np.zeros(count))
    share = scale.share(table)
    inside = ((share > 0.0) & (share < 1.0)).any(axis=1)
    touched = ((share == 0.0) | (share == 1.0)).any(axis=1) & _printed(share, 2.0 * HALF_DIGIT)
    point = _hidden(share, HALF_POINT, power)
    rough = _hidden(share, HALF_DIGIT, power) * np.where(touched, HIDDEN, 1.0)
    rough = np.where(inside & _printed(share, 2.0 * HALF_POINT), np.maximum(rough, point), rough)
    # Equal values are often values that nobody measured anew: little proof that nothing moves.
    flat = inside & (np.nanmax(share, axis=1) == np.nanmin(share, axis=1))
    steps = np.maximum((~np.isnan(share)).sum(axis=1) - 1, 2)
    rough = np.where(flat, np.maximum(rough, FLAT * point / steps**2), rough)
    scale = replace(scale, reading=np.where(touched, HALF_DIGIT, 0.0))
    return scale, to_working(share, power, True), rough


def _printed(share: Array, unit: float) -> Array:
    """Whether all values of a series are whole multiples of a unit, (S,)."""
    number = share / unit
    return np.asarray((np.isnan(share) | (np.abs(number - np.round(number)) < 1e-6)).all(axis=1))


def _hidden(share: Array, half: float, power: float) -> Array:
    """Mean square on the working scale of what rounding by half a digit hides, (S,)."""
    above = to_working(np.minimum(share + half, 1.0), power, True)
    below = to_working(np.maximum(share - half, 0.0), power, True)
    return np.asarray(np.nanmean((above - below) ** 2, axis=1))


# ---------------------------------------------------------------------------- distributions


class Distribution(Protocol):
    """What a predictive distribution of S series over H years must offer."""

    def quantile(self, p: float) -> Array:
        """Value that is not exceeded with probability `p`."""

    def cdf(self, x: Any) -> Array:
        """P(Y <= x)."""

    def below(self, x: Any) -> Array:
        """P(Y < x); differs from `cdf` where there is a point mass."""

    def mean(self) -> Array:
        """Mean over the central 95 %."""

    def sample(self, n: int, seed: int = 0) -> Array:
        """Joint paths."""


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
    n_points: Array  # (S,) observed years

    def cdf(self, x: Any) -> Array:
        """P(Y <= x), shape (S, H)."""
        share, prob = self._inside(x)
        top = 1.0 if self.on.bounded else np.inf
        return np.where(share < 0.0, 0.0, np.where(share >= top, 1.0, prob))

    def below(self, x: Any) -> Array:
        """P(Y < x), shape (S, H); differs from `cdf` at a bound only."""
        share, prob = self._inside(x)
        top = 1.0 if self.on.bounded else np.inf
        return np.where(share <= 0.0, 0.0, np.where(share > top, 1.0, prob))

    def quantile(self, p: float) -> Array:
        """Value that is not exceeded with probability `p`, 0 < p < 1, shape (S, H)."""
        key = round(p, 12)
        if key not in self._found:
            working = [self._working_quantile(key, rows) for rows in self._blocks()]
            self._found[key] = self.on.values(np.concatenate(working))
        return self._found[key]

    def mean(self) -> Array:
        """Mean over the central 95 %, shape (S, H)."""
        # The integral of 1 - F between the outer quantiles, by Gauss-Legendre quadrature on the
        # stretches between inner ones: an average of quantiles would need an inversion per node.
        knots = [self.quantile(p) for p in KNOTS]
        total = np.zeros_like(knots[0])
        for low, high in pairwise(knots):
            middle, half = 0.5 * (low + high), 0.5 * (high - low)
            for node, weight in GAUSS:
                total += weight * half * (1.0 - TAIL - self.cdf(middle + half * node))
        return np.clip(knots[0] + total / (1.0 - 2.0 * TAIL), knots[0], knots[-1])

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
    def _found(self) -> dict[float, Array]:
        """Quantiles already computed: the mean and the limits of intervals share them."""
        return {}

    @cached_property
    def _kinds(self) -> tuple[Array, Array]:
        """Distinct degrees of freedom, and which of them each component has, (S, K)."""
        distinct, which = np.unique(self.df, return_inverse=True)
        return distinct, which.reshape(self.df.shape)

    @cached_property
    def _tables(self) -> tuple[Array, Array]:
        """Distribution functions end to end, and where that of each component starts."""
        distinct, which = self._kinds
        table = np.concatenate([student_table(float(v)) for v in distinct])
        return table, (which * (NODES + 1))[..., None]

    def _blocks(self) -> list[slice]:
        return [slice(start, start + BLOCK) for start in range(0, len(self.loc), BLOCK)]

    def _inside(self, x: Any) -> tuple[Array, Array]:
        """Shares of the way between the bounds, and the distribution function inside them."""
        count, _, horizon = self.loc.shape
        table = np.broadcast_to(np.asarray(x, dtype=float), (count, horizon))
        working = self.on.working(table)
        parts = [self._mixed(working[rows], rows)[0] for rows in self._blocks()]
        return self.on.share(table), np.minimum(np.concatenate(parts), 1.0)

    def _mixed(self, working: Array, rows: slice | Array) -> tuple[Array, Array]:
        """Distribution function and density of the mixture on the working scale."""
        scale, weights = self.scale[rows], self.weights[rows]
        table, start = self._tables[0], self._tables[1][rows]
        z = (working[:, None, :] - self.loc[rows]) / scale
        per_unit = NODES / (2.0 * REACH)
        spot = np.clip((np.arcsinh(z) + REACH) * per_unit, 0.0, NODES - 1e-6)
        left = spot.astype(np.intp)
        spot -= left
        left += start
        below = table.take(left)
        rise = table.take(left + 1) - below
        prob = np.einsum("sk,skh->sh", weights, below + spot * rise)
        dens = rise / (np.sqrt(1.0 + z * z) * scale)
        return prob, np.einsum("sk,skh->sh", weights, dens) * per_unit

    def _working_quantile(self, p: float, rows: slice) -> Array:
        """Newton steps on the log odds, nearly linear there, inside a shrinking bracket."""
        distinct, which = self._kinds
        reach = special.stdtrit(distinct, p)[which[rows]]
        ends = self.loc[rows] + self.scale[rows] * reach[..., None]
        low, high = ends.min(axis=1), ends.max(axis=1)
        guess = np.einsum("sk,skh->sh", self.weights[rows], ends)
        busy = np.arange(len(guess))
        goal = np.log(p / (1.0 - p))
        tolerance = 1e-9 * (1.0 + np.abs(guess))
        for _ in range(STEPS):
            now = guess[busy]
            prob, dens = self._mixed(now, busy + rows.start)
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
class NotBelow:
    """A distribution of one series given that no year falls below `floor`."""

    base: Distribution
    floor: float

    def cdf(self, x: Any) -> Array:
        """P(Y <= x)."""
        return self._given(self.base.cdf(x))

    def below(self, x: Any) -> Array:
        """P(Y < x)."""
        return self._given(self.base.below(x))

    def quantile(self, p: float) -> Array:
        """Value that is not exceeded with probability `p`."""
        out = self._out
        levels = np.minimum(out + p * (1.0 - out), 1.0 - 1e-9)
        found = [self.base.quantile(float(v))[:, h] for h, v in enumerate(levels[0])]
        return np.asarray(np.maximum(np.array(found).T, self.floor))

    def mean(self) -> Array:
        """Mean over the central 95 %."""
        grid = TAIL + (1.0 - 2.0 * TAIL) * (np.arange(25) + 0.5) / 25
        return np.asarray(np.mean([self.quantile(float(p)) for p in grid], axis=0))

    def sample(self, n: int, seed: int = 0) -> Array:
        """Joint paths: the ranks of the base's paths, with what of them is not below."""
        paths = self.base.sample(n, seed)[0]
        out = np.empty_like(paths)
        for h, column in enumerate(paths.T):
            kept = np.sort(column[column >= self.floor])
            kept = kept if kept.size else np.array([self.floor])
            rank = column.argsort().argsort() * kept.size // n
            out[:, h] = kept[rank]
        return np.asarray(out[None])

    @cached_property
    def _out(self) -> Array:
        """What the base puts below the floor; some is always left above."""
        return np.asarray(np.minimum(self.base.below(self.floor), 1.0 - 1e-9))

    def _given(self, prob: Array) -> Array:
        return np.asarray(np.maximum(prob - self._out, 0.0) / (1.0 - self._out))
