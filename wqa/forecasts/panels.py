"""Panels of comparable series: how they sharpen a prior, how they moved since, and how often.

A series from another region says how such an indicator moves. The components of the
pooled prior are weighted anew by what the panel makes likely, with the weight of one
further series, however many there are: what is comparable is not the same. What others did
after the last value of a series says where it went meanwhile, and how surely.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from wqa.catalog.records import Indicator
from wqa.errors import ForecastError
from wqa.forecasts.mixture import Predictive, scale_of
from wqa.forecasts.numbers import (
    AnnualSeries,
    Array,
    Quantity,
    check_unit,
    frame_series,
    quantity_of,
    refusal,
    series_keys,
)
from wqa.forecasts.pooled import STILL, Answer, Ask, Prior, components, prior_of
from wqa.goals import Goal

if TYPE_CHECKING:
    import pandas as pd

# Families for which a backtest showed a gain (docs/decisions/022-pooled-forecast.md).
SHARPENED = ("percent", "rate")
MIN_SERIES, MIN_POINTS, RECENT = 3, 3, 15
# Fewest others whose movement was shown to help, a nation counting as five of them.
FEWEST = {"percent": 1, "score": 1, "rate": 10}
NATION, OWN, STRANGERS = 5.0, 5.0, 2.0  # weights: a nation, the own spread, no movement at all
CALMER, LATER = 0.75, 0.8  # own spread once others are known; movement beyond their last year
PULL, DF = 8, 5.0  # others needed to see a pull to the middle; degrees of freedom
OTHER_DEFINITION = 1.5  # factor on the spread where nobody counts as the series itself does
# One point of a percentage: what its family really did, by the room below a good level.
ROOM, EXPECTED, SURER = 1.5, 0.010, 0.8
SIGN = {"higher_better": 1.0, "lower_better": -1.0, "none": 0.0}
# Families in which a change of one indicator says something about another one.
COMMON_SCALE = ("percent", "score", "rate")
# Fewer spans say nothing about how often.
MIN_SPANS = 10
NO_CHANGES = {"share_of_changes": None, "n_changes": None, "n_change_series": None,
              "changes_base": ""}  # fmt: skip
SERIES = ["indicator_id", "region", "scope"]


def panel_series(panel: Any, kind: Quantity) -> dict[Any, AnnualSeries]:
    """Series of a tidy panel by name; one that is not usable is an error."""
    if getattr(panel, "columns", None) is None:
        raise refusal("not a panel of series", "panel", type(panel).__name__, "a frame")
    found = dict(frame_series(panel, kind))
    for one in found.values():
        if isinstance(one, ForecastError):
            raise one
    return found


def evidence(prior: Prior, panel: Mapping[Any, AnnualSeries], kind: Quantity) -> dict[Any, Array]:
    """Tempered log likelihood of each component for the last 15 years of each series, by name."""
    recent = {name: one.readings[-RECENT:] for name, one in panel.items()}
    return {
        name: _evidence(prior, y, kind)
        for name, y in recent.items()
        if np.isfinite(y).sum() >= MIN_POINTS
    }


def sharpen(prior: Prior, found: Sequence[Array]) -> tuple[Prior, int]:
    """Weight the components by what comparable series make likely; 3 or more, else no change."""
    if len(found) < MIN_SERIES:
        return prior, 0
    gain = np.mean(found, axis=0)
    mass = prior.weight * np.exp(gain - gain.max())
    return replace(prior, weight=mass / mass.sum(axis=1, keepdims=True)), len(found)


def sharpened(ask: Ask, panel: Any) -> tuple[Ask, str]:
    """Sharpen the prior of an ask by comparable series, and say what was used."""
    others = panel_series(panel, ask.kind)
    if ask.model != "pooled" or ask.kind.family not in SHARPENED:
        what = f"{ask.model}, {ask.kind.family}"
        return ask, f"the panel is not used: no gain is known for {what}"
    learned = prior_of(ask.kind)
    prior, n = sharpen(learned, list(evidence(learned, others, ask.kind).values()))
    return replace(ask, prior=prior), f"prior sharpened by {n} comparable series"


def _evidence(prior: Prior, readings: Array, kind: Quantity) -> Array:
    at = np.flatnonzero(np.isfinite(readings))
    _, working, rough = scale_of(readings[at][None], kind, prior.power)
    part = components(working, at - at[0], int(at[-1] - at[0]) + 1, 1, prior, rough)
    like = prior.at_length(at.size)[0] * part.like[0]
    return np.asarray(like - special.logsumexp(like), dtype=float)


def borrowed(
    made: Answer, series: AnnualSeries, kind: Quantity, panel: Any, direction: Any
) -> Answer:
    """Move an answer by what others did after its origin, or one value in its good direction."""
    if direction not in SIGN:
        raise refusal("unknown direction", "direction", direction, " or ".join(SIGN))
    fit = made.distribution
    assert isinstance(fit, Predictive)
    new, notes = fit, made.notes
    if panel is not None:
        new, said = moved(fit, series, kind, panel)
        notes = (*notes, said)
    alone = new is fit and series.n_points == 1 and kind.family == "percent"
    if alone and SIGN[direction]:
        new = expecting(fit, SIGN[direction])
        notes = (*notes, "one value is expected to move as published percentages did")
    return replace(made, distribution=new, notes=notes)


def expecting(fit: Predictive, sign: float) -> Predictive:
    """One known percentage moves in its good direction, the more the more room there is."""
    room = np.maximum(ROOM - sign * fit.loc[:, :, :1], 0.0)
    steps = np.arange(1, fit.loc.shape[2] + 1)
    loc = fit.loc + sign * EXPECTED * room * steps
    return replace(fit, loc=loc, scale=SURER * fit.scale)


def moved(
    fit: Predictive, series: AnnualSeries, kind: Quantity, panel: pd.DataFrame
) -> tuple[Predictive, str]:
    """Move a forecast by what others did after its origin, and say how much rests on them."""
    others = panel_series(panel, kind)
    _check_others(series, kind, others)
    horizon, last = fit.loc.shape[2], series.origin
    marks = {c: _marked(panel, c) for c in ("is_nation", "other_definition")}
    known = {name: _since(one, last, horizon) for name, one in others.items()}
    known = {name: v for name, v in known.items() if np.isfinite(v[1:]).any()}
    same = {name: v for name, v in known.items() if name not in marks["other_definition"]}
    known, wider = (same, 1.0) if same else (known, OTHER_DEFINITION)
    peers = [v for name, v in known.items() if name not in marks["is_nation"]]
    nations = [v for name, v in known.items() if name in marks["is_nation"]][:1]
    if len(peers) + NATION * len(nations) < FEWEST.get(kind.family, np.inf) or not known:
        why = "too few for a known gain" if known else "no value after the last one of the series"
        return fit, f"the later movement of others is not used: {why}"
    table = np.array(peers + nations)
    counts = np.isfinite(table).sum(axis=0)
    lead = int(np.flatnonzero(counts[1:] >= 0.5 * counts[1:].max())[-1]) + 1
    table = fit.on.working(table[np.isfinite(table[:, lead])][:, [0, lead]])
    n = len(table) - sum(np.isfinite(v[lead]) for v in nations)
    move, pull, spread = _movement(table, n)
    ahead = np.arange(1, horizon + 1) / lead
    reach = np.where(ahead > 1.0, 1.0 + LATER * (ahead - 1.0), ahead)
    start = fit.on.working(series.readings[None, -1:])
    middle = np.median(table[:, 0])
    reach80 = fit.weights * special.stdtrit(fit.df, 0.9) / special.stdtrit(DF, 0.9)
    own = np.einsum("sk,skh->sh", reach80, fit.scale)
    said = (spread**2 * ahead * n + OWN * (CALMER * own) ** 2) / (n + OWN)
    scale = np.maximum(wider * np.sqrt(said), STILL)
    loc = start + reach * (move + pull * (start - middle))
    steps = np.arange(1, horizon + 1)
    walk = np.sqrt(np.minimum.outer(steps, steps) / np.maximum.outer(steps, steps))
    root = scale[0][:, None] * np.linalg.cholesky(walk)
    one, none = np.ones((1, 1)), np.zeros((1, 1), dtype=np.intp)
    new = replace(
        fit, weights=one, df=DF * one, loc=loc[:, None], scale=scale[:, None],
        root=root[None, None], pattern=none[0], member=none,
    )  # fmt: skip
    part = len(table) - n
    share = (n + NATION * part) / (n + NATION * part + OWN)
    words = "nearly all" if share >= 0.9 else "most" if share > 0.6 else "about half or less"
    nation = " with the nation" if part and n else ""
    who = f"{n} other series{nation}" if n else "the nation alone"
    other = f"; none has the same definition, spread times {OTHER_DEFINITION}" if wider > 1 else ""
    return new, f"{words} of the answer rests on {who}, known to {last + lead}{other}"


def _movement(table: Array, n: int) -> tuple[float, float, float]:
    """Movement, pull to the middle and spread of n others, and of a nation in the last row."""
    step = table[:, 1] - table[:, 0]
    if not n:
        return float(step[0]), 0.0, 0.0
    place, step, nation = table[:n, 0] - np.median(table[:n, 0]), step[:n], step[n:]
    middle, pull = float(np.median(step)), 0.0
    if n >= PULL:
        first, second = np.triu_indices(n, 1)
        apart = place[first] - place[second]
        far = np.abs(apart) > 1e-9
        if far.any():
            slopes = (step[first] - step[second])[far] / apart[far]
            pull = float(np.clip(np.median(slopes), -1.0, 0.3)) * n / (n + OWN)
    rest = np.abs(step - middle - pull * place)
    spread = float(np.quantile(rest, 0.8) / special.stdtrit(DF, 0.9))
    if nation.size:
        return (n * middle + NATION * float(nation[0])) / (n + NATION), pull, spread
    return middle * n / (n + STRANGERS), pull, spread


def _since(one: AnnualSeries, origin: int, horizon: int) -> Array:
    """Values at the origin and in the years after it, NaN where unknown or not comparable."""
    years = {int(y): v for y, v in zip(one.years, one.readings, strict=True)}
    found = np.array([years.get(origin + h, np.nan) for h in range(horizon + 1)])
    return found if np.isfinite(found[0]) else np.full(horizon + 1, np.nan)


def _marked(panel: pd.DataFrame, column: str) -> set[Any]:
    """Names of the series that a column of flags marks."""
    if column not in panel.columns:
        return set()
    return set(series_keys(panel)[panel[column].fillna(False).astype(bool)])


def _check_others(series: AnnualSeries, kind: Quantity, others: Mapping[Any, AnnualSeries]) -> None:
    """Refuse a panel in another unit, or with the series itself in it."""
    for name, one in others.items():
        there = _since(one, int(series.years[0]), series.years.size - 1)
        moves = series.n_points > 2 and np.nanstd(series.readings) > 0.0
        if moves and np.array_equal(there, series.readings, equal_nan=True):
            fix = "Leave the series itself out of its panel."
            raise refusal("the panel holds the series itself", "panel", name, "others", fix)
    faults = []
    for one in others.values():
        try:
            check_unit(one, kind, float(series.readings[-1]))
        except ForecastError as error:
            faults.append(error)
    if others and len(faults) == len(others):
        fix = "Bring the panel to the unit of the series."
        raise refusal("the panel is in another unit than the series", "panel", fix=fix)


def share_of_changes(
    annual: pd.DataFrame,
    families: Mapping[str, str],
    indicator: Indicator,
    region: str,
    scope: str,
    level: float,
    goal: Goal,
    years: int,
) -> dict[str, Any]:
    """How often comparable series made the change from a level to a goal in so many years."""
    kind = quantity_of(indicator.family, indicator.lower, indicator.upper)
    limits = kind.low, kind.high
    need = _gain(level, goal.value, *limits)
    same = annual["indicator_id"] == indicator.id
    kin = annual["indicator_id"].map(families) == indicator.family
    kin &= indicator.family in COMMON_SCALE
    others = annual["value"].between(*limits) & ~(same & (annual["region"] == region))
    for base, part in (("same_indicator", same), ("same_family", kin)):
        series = _one_scope(annual[part & others], scope).groupby(SERIES)
        found = [[_gain(*span, *limits) for span in _spans(one, years)] for _, one in series]
        gains = np.array([gain for one in found for gain in one if np.isfinite(gain)])
        if gains.size >= MIN_SPANS and np.isfinite(need):
            made = gains >= need if goal.comparator.startswith(">") else gains <= need
            return {
                "share_of_changes": float(made.mean()),
                "n_changes": gains.size,
                "n_change_series": sum(map(bool, found)),
                "changes_base": base,
            }
    return NO_CHANGES


def _one_scope(rows: pd.DataFrame, scope: str) -> pd.DataFrame:
    """One series per indicator and region: that of the same scope, else the longest."""
    known = rows.groupby(SERIES)["year"].nunique().reset_index()
    known = known.assign(other=known["scope"].ne(scope), fewer=-known["year"])
    best = known.sort_values(["other", "fewer", "scope"]).drop_duplicates(SERIES[:2])
    return rows.merge(best[SERIES], on=SERIES)


def _spans(rows: pd.DataFrame, years: int) -> list[tuple[float, float]]:
    """Most first and last values so many years apart whose spans do not overlap."""
    known = dict(zip(rows["year"], rows["value"], strict=True))
    out, free = [], min(known)
    for year in sorted(known):
        if year >= free and year + years in known:
            out.append((known[year], known[year + years]))
            free = year + years
    return out


def _gain(start: float, end: float, low: float, high: float) -> float:
    """Size of a change: in log odds between two bounds, else as a ratio; NaN from nothing."""
    if not np.isfinite(high):
        return (end - low) / (start - low) if start > low else float("nan")
    # Half a tenth of a point keeps the odds of a bound finite.
    edge = 0.0005 * (high - low)
    odds = [(value - low + edge) / (high - value + edge) for value in (start, end)]
    return float(np.log(odds[1] / odds[0]))
