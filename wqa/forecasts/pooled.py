"""Pooled Bayesian damped trend: the default forecast of a short annual series.

On the working scale (`numbers.Scale`) a series is level random walk + slope (permanent or damped) +
yearly noise. One choice of their shares is a *kernel*, scaled so that the variance of one yearly
change is one. Given the kernel, the level is flat and the yearly variance inverse gamma, hence
likelihood and predictive Student t are closed form. Kernels and variance priors are mixed with
weights that were learned from published series, or are stated (``priors/*.json``, each with its
record); traits of a series may shift them. Missing years drop out of the covariance matrix: nothing
is interpolated. Series with the same missing years share every matrix.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

import numpy as np
from scipy import special

from wqa.forecasts.distributions import Distribution, Predictive, WholeNumbers
from wqa.forecasts.numbers import AnnualSeries, Array, Quantity, Scale, scale_of
from wqa.paths import PRIORS

FAR = 2.5  # standard deviations; beyond, no trait says more
STILL = 0.001  # a change on the working scale that is as good as none
MOST = 32  # components kept per series; the rest of the mixture is below a percent
PASS = 2000  # series at once, so that the memory of a large panel stays small
MIN_POINTS, TESTED_POINTS = 3, 6  # fewer are weak evidence; from here on it is tested
OUTWEIGHS = 0.6  # prior weight above which the prior says more than the data
LEARNED = ("percent", "score", "rate", "positive")
# One point of a percentage: what its family really did, by the room below a good level.
ROOM, EXPECTED, SURER = 1.5, 0.010, 0.8
# A panel: families for which a backtest showed a gain (docs/decisions/022-pooled-forecast.md),
# fewest series, and years of each that count.
SHARPENED, MIN_SERIES, RECENT = ("percent", "rate"), 3, 15


@dataclass(frozen=True)
class Prior:
    """What is believed about a family of series before one of them is seen; K components."""

    power: float  # exponent of the working scale
    kernels: Array  # (K, 4) drift, slope, damping, noise, see `covariance`
    trend: Array  # (K,) expected yearly change on the working scale
    shape: Array  # (K,) inverse gamma shape of the yearly variance
    size: Array  # (K,) root mean square yearly change
    stretch: Array  # (K,) how much rougher the future may be than the past
    weight: Array  # (2, K) prior weight for short and for long series
    gate: Array  # (2, F, K) what a unit of each trait adds to the logarithm of the weight
    usual: Array  # (2, F) mean and standard deviation of the traits
    switch: Array  # (2,) most points of a short series, fewest of a long one
    by_length: Array  # (3, N) points; power of the likelihood (1 = Bayes); factor on all scales
    record: dict[str, Any] = field(default_factory=dict)  # where all this comes from

    def at_length(self, n_points: int) -> tuple[float, float]:
        """Power of the likelihood and factor on the scales for a number of points."""
        points, temper, spread = self.by_length
        where = np.log(n_points), np.log(points)
        return float(np.interp(*where, temper)), float(np.interp(*where, spread))

    def log_weights(self, n_points: int, traits: Array) -> Array:
        """Log weight of every component before the likelihood, (S, K)."""
        share = float(np.interp(np.log(n_points), np.log(self.switch), (0.0, 1.0)))
        units = standard_units(self.usual, traits)
        total = np.zeros((len(traits), len(self.shape)))
        for part, weight, gate in zip((1.0 - share, share), self.weight, self.gate, strict=True):
            if part > 0.0:
                mass = weight * np.exp(units @ gate)
                total += part * mass / mass.sum(axis=1, keepdims=True)
        return np.asarray(np.log(np.maximum(total, 1e-12)))


@lru_cache(maxsize=32)
def load_prior(name: str) -> Prior:
    """Read the prior of a family."""
    data = json.loads((PRIORS / f"{name}.json").read_text(encoding="utf-8"))
    columns = np.array(data["components"], dtype=float)
    weight, gate = columns[:, 8:10].T, columns[:, 10:].T.reshape(2, -1, len(columns))
    rest = (np.array(data[name], dtype=float) for name in ("usual_traits", "switch", "by_length"))
    usual, switch, by_length = rest
    trend, shape, size, stretch = columns[:, 4:8].T
    return Prior(
        float(data["power"]), columns[:, :4], trend, shape, size, stretch, weight, gate,
        usual, switch, by_length.T, data["record"],
    )  # fmt: skip


def prior_of(kind: Quantity) -> Prior:
    """Prior of a family; an index between two bounds is taken for a score."""
    return load_prior("score" if kind.family == "index" and kind.bounded else kind.family)


def evidence_class(n_points: int, prior_weight: float, family: str) -> str:
    """How far a probability has been tested: calibrated, leans_on_prior or weak."""
    # Calibrated are lengths and families for which docs/evidence.md tests probabilities.
    if n_points < MIN_POINTS:
        return "weak"
    if n_points < TESTED_POINTS or prior_weight > OUTWEIGHS or family not in LEARNED:
        return "leans_on_prior"
    return "calibrated"


def standard_units(usual: Array, traits: Array) -> Array:
    """Traits as distances from what is usual; none where a prior does not look at them."""
    if not usual.size:
        return np.zeros((len(traits), 0))
    return np.asarray(np.clip((traits - usual[0]) / usual[1], -FAR, FAR))


def traits_of(data: Array) -> Array:
    """Shape of series of observed values on the working scale, (S, n) to (S, 4)."""
    # Distance of the last value from the middle (or from the series' own mean); log of the mean
    # absolute change; net over gross movement; distance of the last value from the mean in
    # changes. None of them changes when a bounded series is turned upside down.
    count, n = data.shape
    steps = np.abs(np.diff(data, axis=1))
    size = steps.mean(axis=1) if n > 1 else np.zeros(count)
    last = data[:, -1]
    net = np.abs(last - data[:, 0]) / (steps.sum(axis=1) + STILL)
    home = np.abs(last - data.mean(axis=1)) / ((size + STILL) * np.sqrt(n))
    return np.column_stack([np.abs(last), np.log(size + 4.0 * STILL), net, home])


def covariance(kernels: Array, length: int) -> Array:
    """Covariance of `length` consecutive years under each kernel, up to a flat level."""
    # The variance of one yearly change is one: a share `drift` comes from a lasting drift,
    # `slope` from a slope that keeps `damping` of itself each year, and of the rest `noise` from
    # yearly noise and the remainder from the level, a random walk.
    drift, slope, damping, noise = (c[:, None, None] for c in np.asarray(kernels).T)
    step = np.arange(length)
    lag = np.abs(step[:, None] - step[None, :])
    slopes = damping**lag
    slopes[:, 0, :] = 0.0
    slopes[:, :, 0] = 0.0
    paths = slopes.cumsum(axis=1).cumsum(axis=2)
    level = (1.0 - noise) * np.minimum(step[:, None], step[None, :]) + noise * (0.5 * (lag == 0))
    line = np.multiply.outer(step, step).astype(float)
    return np.asarray(drift * line + slope * paths + (1.0 - drift - slope) * level)


def _weights(
    kernels: Array, seen: Array, horizon: int, sampling: Array | None
) -> tuple[Array, Array, Array, Array]:
    """Whitened contrasts, log determinant, forecast weights, predictive covariance by kernel."""
    count, n = len(kernels), len(seen)
    last = int(seen[-1])
    full = covariance(kernels, last + horizon + 1)
    if sampling is not None:
        full = full + np.diag(sampling)
    picks = np.concatenate([seen, np.arange(last + 1, last + horizon + 1)])
    cov = full[:, picks[:, None], picks[None, :]]
    # A flat level is removed exactly by contrasts with the first observed year.
    size = len(picks)
    contrast = np.hstack([-np.ones((size - 1, 1)), np.eye(size - 1)])
    diff = contrast @ cov @ contrast.T
    past, ahead = diff[:, : n - 1, : n - 1], diff[:, n - 1 :, n - 1 :]
    cross = diff[:, n - 1 :, : n - 1]
    lower = np.linalg.cholesky(past)
    whiten = np.linalg.solve(lower, np.broadcast_to(contrast[: n - 1, :n], (count, n - 1, n)))
    half = np.linalg.solve(lower, cross.transpose(0, 2, 1))
    point = np.matmul(half.transpose(0, 2, 1), whiten)
    point[:, :, 0] += 1.0
    rest = ahead - np.matmul(half.transpose(0, 2, 1), half)
    log_det = 2.0 * np.log(np.diagonal(lower, axis1=1, axis2=2)).sum(axis=1)
    return whiten, log_det, point, rest


@dataclass(frozen=True)
class Components:
    """What each of K components says about S series with the same missing years."""

    like: Array  # (S, K) log marginal likelihood, up to a common constant
    loc: Array  # (S, K, H)
    scale: Array  # (S, K, H)
    df: Array  # (K,)
    root: Array  # (K, H, H) factor of the joint covariance


def components(
    data: Array,
    years: Array,
    length: int,
    horizon: int,
    prior: Prior,
    rough: Array,
    sampling: Array | None = None,
) -> Components:
    """Likelihood and predictive Student t of every component, in closed form."""
    # data (S, n): observed values on the working scale; years: their positions from 0; length:
    # years from the first one to the origin; rough (S,): what the last digit hides; sampling
    # (length + horizon,): known variance of each year, in yearly variances.
    distinct, back = np.unique(prior.kernels, axis=0, return_inverse=True)
    back = back.reshape(-1)
    gap = length - 1 - int(years[-1])
    whiten, log_det, point, rest = _weights(distinct, years, horizon + gap, sampling)
    white = np.tensordot(data, whiten, axes=(1, 2))
    line = np.matmul(whiten, years.astype(float))
    fit = np.einsum("sun,sun->su", white, white)[:, back]
    if prior.trend.any():
        cross = np.einsum("sun,un->su", white, line)[:, back]
        square = np.einsum("un,un->u", line, line)[back]
        fit = np.maximum(fit - 2.0 * prior.trend * cross + prior.trend**2 * square, 0.0)
    fit = fit + (len(years) - 1) * rough[:, None]
    shape = prior.shape + 0.5 * (len(years) - 1)
    start = prior.shape * prior.size**2
    rate = start + 0.5 * fit
    like = (
        prior.shape * np.log(start)
        + special.gammaln(shape)
        - special.gammaln(prior.shape)
        - shape * np.log(rate)
        - 0.5 * log_det[back]
    )
    # Years before the first wanted one may be missing, too.
    point, rest = point[:, gap:], rest[:, gap:, gap:]
    loc = np.tensordot(data, point, axes=(1, 2))[:, back, :]
    if prior.trend.any():
        ahead = length + np.arange(horizon) - np.matmul(point, years.astype(float))
        loc = loc + prior.trend[:, None] * ahead[back]
    spread = np.sqrt(np.diagonal(rest, axis1=1, axis2=2))[back]
    scale = (prior.stretch * np.sqrt(rate / shape))[:, :, None] * spread
    return Components(like, loc, scale, 2.0 * shape, np.linalg.cholesky(rest)[back])


def predict(
    table: Array,
    horizon: int,
    kind: Quantity,
    prior: Prior | None = None,
    samples: Array | None = None,
) -> Predictive:
    """Forecast S series on one calendar, rows of checked values, NaN where a year is missing."""
    # samples (T + H,): numbers of cases behind the percentages of one series, NaN where unknown.
    prior = prior or prior_of(kind)
    scale, working, rough = scale_of(table, kind, prior.power)
    fit = _fit(working, horizon, prior, scale, rough)
    if samples is None:
        return fit
    noise = _sampling_variance(scale.share(table)[0], samples, prior.power)
    # A year of unknown size is taken to be as noisy as those whose size is known.
    usual = np.nanmean(noise[: table.shape[1]])
    unit = fit.root[0, fit.member[0], 0, 0]
    total = np.sum(fit.weights[0] * (fit.scale[0, :, 0] / unit) ** 2)
    # Two samplings enter one change; at least a tenth of it is left to the true level.
    yearly = max(total - 2.0 * usual, 0.1 * total)
    noise = np.where(np.isnan(noise), usual, noise) / yearly
    return _fit(working, horizon, prior, scale, rough, noise)


def _fit(
    working: Array, horizon: int, prior: Prior, on: Scale, rough: Array, noise: Array | None = None
) -> Predictive:
    """Mix the components of every series; series that share their matrices go together."""
    seen = ~np.isnan(working)
    count, length = working.shape
    patterns, pattern = np.unique(seen, axis=0, return_inverse=True)
    pattern = pattern.reshape(-1)
    size, most = len(prior.shape), min(MOST, len(prior.shape))
    loc, scale = np.empty((2, count, most, horizon))
    weights, df = np.empty((2, count, most))
    member = np.empty((count, most), dtype=np.intp)
    roots = np.empty((len(patterns), size, horizon, horizon))
    for block, mask in enumerate(patterns):
        index = np.flatnonzero(mask)
        temper, spread = prior.at_length(len(index))
        everyone = np.flatnonzero(pattern == block)
        extra = None if noise is None else noise[index[0] :]
        years = index - index[0]
        for rows in np.array_split(everyone, -(-len(everyone) // PASS)):
            data = working[np.ix_(rows, index)]
            part = components(data, years, length - index[0], horizon, prior, rough[rows], extra)
            score = prior.log_weights(len(index), traits_of(data)) + temper * part.like
            mass = np.exp(score - score.max(axis=1, keepdims=True))
            top = np.argsort(-mass, axis=1, kind="stable")[:, :most]
            kept = np.take_along_axis(mass, top, axis=1)
            weights[rows] = kept / kept.sum(axis=1, keepdims=True)
            df[rows], member[rows] = part.df[top], top
            loc[rows] = np.take_along_axis(part.loc, top[:, :, None], axis=1)
            scale[rows] = spread * np.take_along_axis(part.scale, top[:, :, None], axis=1)
            roots[block] = part.root
    lean = np.sum(weights * 2.0 * prior.shape[member] / df, axis=1)
    return Predictive(weights, df, loc, scale, roots, pattern, member, on, lean)


def _sampling_variance(share: Array, samples: Array, power: float) -> Array:
    """Binomial variance of each year on the working scale, (T + H,); NaN where unknown."""
    level = np.concatenate([share, np.full(samples.size - share.size, np.nan)])
    level = np.where(np.isnan(level), share[~np.isnan(share)][-1], level)
    level = (level * samples + 0.5) / (samples + 1.0)  # a share of exactly 0 or 1 is not certain
    slope = level ** (power - 1.0) + (1.0 - level) ** (power - 1.0)
    return np.asarray(slope**2 * level * (1.0 - level) / samples)


@dataclass(frozen=True)
class Ask:
    """What is asked of series of one kind."""

    kind: Quantity
    horizon: int
    model: str = "pooled"
    prior: Prior | None = None


@dataclass(frozen=True)
class Rests:
    """How much of an answer rests on what others did since: who they are, known to which year."""

    share: str  # in words
    others: tuple[Any, ...]
    year: int


@dataclass(frozen=True)
class Answer:
    """Predictive distribution of S series, and how it came about."""

    distribution: Distribution
    prior_weight: Array
    fallback: str = ""
    notes: tuple[str, ...] = ()
    rests: Rests | None = None


def sampled_answer(series: AnnualSeries, ask: Ask) -> Answer:
    """Pass rate that will be read from as many samples as in the last year with a number."""
    last = float(series.samples[np.isfinite(series.samples)][-1])
    planned = max(round(last), 1)
    samples = np.concatenate([series.samples, np.full(ask.horizon, float(planned))])
    fit = predict(series.readings[None], ask.horizon, ask.kind, ask.prior, samples)
    note = f"the planned number of samples is taken as the last known one, {last:g}"
    return Answer(WholeNumbers(fit, planned), fit.prior_weight, "", (note,))


def expecting(made: Answer, kind: Quantity, sign: float) -> Answer:
    """One known percentage moves in its good direction, the more the more room there is."""
    fit = made.distribution
    if kind.family != "percent" or not isinstance(fit, Predictive):
        return made
    room = np.maximum(ROOM - sign * fit.loc[:, :, :1], 0.0)
    loc = fit.loc + sign * EXPECTED * room * np.arange(1, fit.loc.shape[2] + 1)
    note = "one value is expected to move as published percentages did"
    fit = replace(fit, loc=loc, scale=SURER * fit.scale)
    return replace(made, distribution=fit, notes=(*made.notes, note))


def sharpened(ask: Ask, others: Mapping[Any, AnnualSeries]) -> tuple[Ask, str]:
    """Weight the components by what comparable series make likely, and say what was used."""
    if ask.model != "pooled" or ask.kind.family not in SHARPENED:
        what = f"{ask.model}, {ask.kind.family}"
        return ask, f"the panel is not used: no gain is known for {what}"
    prior, found = prior_of(ask.kind), []
    for one in others.values():
        recent = one.readings[-RECENT:]
        at = np.flatnonzero(np.isfinite(recent))
        if at.size >= MIN_POINTS:
            _, working, rough = scale_of(recent[at][None], ask.kind, prior.power)
            part = components(working, at - at[0], int(at[-1] - at[0]) + 1, 1, prior, rough)
            like = prior.at_length(at.size)[0] * part.like[0]
            found.append(like - special.logsumexp(like))
    used = len(found) if len(found) >= MIN_SERIES else 0
    if used:
        # The weight of one further series, however many: what is comparable is not the same.
        gain = np.mean(found, axis=0)
        mass = prior.weight * np.exp(gain - gain.max())
        prior = replace(prior, weight=mass / mass.sum(axis=1, keepdims=True))
    return replace(ask, prior=prior), f"prior sharpened by {used} comparable series"
