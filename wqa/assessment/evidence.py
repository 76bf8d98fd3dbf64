"""Evidence for one target: which published figures speak about it, and what they allow.

Every figure covers an interval of time. A figure of one whole year is a value of that year. A
part of a year, or a span of years, bounds only what adds up: a sum over the plan, or a stock
that cannot fall. It says nothing about a rate, a percentage or a score.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase

import pandas as pd

from wqa.catalog.records import Indicator, Target
from wqa.data.series import best_values
from wqa.data.vocabulary import ANNUAL
from wqa.goals import Span, total

UNUSED = ("target", "context")  # qualifiers of rows that report no figure of the indicator
YEAR = 365.25


@dataclass(frozen=True)
class Flow:
    """Limits of a sum over the plan, and the known parts behind the lower one."""

    span: Span
    parts: tuple[float, ...] = ()
    years: float = 0.0


@dataclass(frozen=True)
class Evidence:
    """What the published figures say about one target; `hints` cannot enter its series."""

    scope: str
    rows: pd.DataFrame
    limits: pd.DataFrame
    hints: pd.DataFrame
    annual: Mapping[int, float]
    counts: Mapping[int, tuple[float, float]]
    spans: Mapping[int, Span]
    flow: Flow

    @property
    def source_ids(self) -> set[str]:
        """Sources of the figures used."""
        return {str(s) for frame in (self.rows, self.limits) for s in frame["source_id"]}

    def in_plan(self, start_year: int) -> dict[int, float]:
        """Annual values from the first plan year on."""
        return {year: value for year, value in self.annual.items() if year >= start_year}


def adds_up(target: Target) -> bool:
    """Whether a part of the time bounds the whole: sums, and stocks that cannot fall."""
    return target.scope == "plan_sum" or target.kind == "monotone"


def natural_span(target: Target, indicator: Indicator) -> Span:
    """Possible yearly values before anything is published."""
    lower = indicator.lower
    if lower is None and (indicator.family in ("count", "rate") or target.scope == "plan_sum"):
        lower = 0.0
    upper = indicator.upper
    return Span(-math.inf if lower is None else lower, math.inf if upper is None else upper)


def gather(figures: pd.DataFrame, target: Target, indicator: Indicator, year: int) -> Evidence:
    """Collect what the figures of one indicator and region say about a target up to a year."""
    start = int(target.start_year or year)
    first, last = f"{start}-01-01", f"{year}-12-31"
    frame = figures[
        figures["value"].notna() & ~figures["qualifier"].isin(UNUSED) & (figures["end"] <= last)
    ]
    whole = frame["is_annual"] & frame["qualifier"].isin(ANNUAL)
    inside = frame["start"] >= first
    scopes = _scopes(frame, whole, inside, target.series, year)
    scope = scopes[0] if scopes else ""
    own = frame[frame["scope"] == scope]
    rows = best_values(own[whole[own.index]])
    limits = own[~own["qualifier"].isin(ANNUAL) | ~own["is_annual"]]
    counts = _counts(rows)
    annual = {int(y): float(v) for y, v in zip(rows["year"], rows["value"], strict=True)}
    spans = _yearly(own, annual, natural_span(target, indicator))
    for other in scopes[1:]:  # every figure of the plan decides that can decide
        more = frame[frame["scope"] == other]
        best = best_values(more[whole[more.index]])
        spans = {int(y): Span(v, v) for y, v in zip(best["year"], best["value"], strict=True)
                 if y >= start} | spans  # fmt: skip
    if target.kind == "bound":
        spans |= _counted(counts, float(target.value or 0.0))
    if target.kind == "monotone":
        spans |= _never_falls(own, spans, year, natural_span(target, indicator))
    flow = Flow(Span())
    if target.scope == "plan_sum":
        settled = limits["start"].str[:4].eq(limits["end"].str[:4]) & limits["year"].isin(annual)
        flow = _sum(pd.concat([rows, limits[~settled]]), first, last)
    hints = frame[inside & ~(frame["scope"].isin(scopes) & whole)]
    return Evidence(scope, rows, limits, hints, annual, counts, spans, flow)


def _scopes(
    frame: pd.DataFrame, whole: pd.Series, inside: pd.Series, wanted: tuple[str, ...], year: int
) -> list[str]:
    """Definitions of the target that occur, best first: the target year, the plan, any year."""
    found = list(dict.fromkeys(frame["scope"]))
    named = [s for pattern in wanted for s in found if fnmatchcase(s, pattern)]
    pools = [frame[whole & (frame["year"] == year)], frame[whole & inside], frame[whole], frame]
    seen = [set(pool["scope"]) for pool in pools]
    return sorted(dict.fromkeys(named), key=lambda s: [s not in names for names in seen])


def _counts(rows: pd.DataFrame) -> dict[int, tuple[float, float]]:
    known = rows[rows["denominator"] > 0]
    columns = (known["year"], known["numerator"], known["denominator"])
    return {int(y): (float(k), float(n)) for y, k, n in zip(*columns, strict=True)}


def _yearly(own: pd.DataFrame, annual: Mapping[int, float], free: Span) -> dict[int, Span]:
    """Limits of single years: whole-year bounds, and the values themselves."""
    spans: dict[int, Span] = {}
    bounds = own[own["is_annual"] & own["qualifier"].isin(("lower_bound", "upper_bound"))]
    for year, group in bounds.groupby(bounds["year"].astype(int)):
        is_low = group["qualifier"] == "lower_bound"
        low = max([free.lower, *group.loc[is_low, "value"]])
        high = min([free.upper, *group.loc[~is_low, "value"]])
        if low <= high:  # limits that contradict each other are in the conflict register
            spans[int(year)] = Span(float(low), float(high))
    return spans | {year: Span(value, value) for year, value in annual.items()}


def _counted(counts: Mapping[int, tuple[float, float]], target: float) -> dict[int, Span]:
    """Shares that were counted, in percent: against 0 or 100 failures decide, not rounding."""
    if target not in (0.0, 100.0):
        return {}
    shares = {y: 100.0 * k / n for y, (k, n) in counts.items() if not math.isnan(k)}
    return {year: Span(share, share) for year, share in shares.items()}


def _never_falls(
    own: pd.DataFrame, spans: Mapping[int, Span], year: int, free: Span
) -> dict[int, Span]:
    """Limits of a stock in the target year: at least what was there at any earlier time."""
    known = spans.get(year, free)
    if known.is_exact:
        return {}
    floor = own.loc[own["qualifier"] != "upper_bound", "value"].max()
    low = known.lower if pd.isna(floor) else max(known.lower, float(floor))
    return {year: Span(low, max(low, known.upper))}


def _sum(figures: pd.DataFrame, first: str, last: str) -> Flow:
    """Limits of what was added between two days, from figures over any intervals of time."""
    begin, end = _day(first), _day(last) + 1
    columns = (figures[name] for name in ("start", "end", "qualifier", "value"))
    parts = [(_day(a), _day(b) + 1, str(q), float(v)) for a, b, q, v in zip(*columns, strict=True)]
    low, path = _most(
        [(a, b, v) for a, b, q, v in parts if q != "upper_bound" and begin <= a and b <= end]
    )
    caps = [(a, b, v) for a, b, q, v in parts if q in (*ANNUAL, "partial_period", "upper_bound")]
    high = _least(caps, begin, end)
    years = sum(b - a for a, b, _ in path) / YEAR
    # A part above its whole is a contradiction for the conflict register and bounds nothing.
    span = Span(low, high if high >= low else math.inf)
    return Flow(span, tuple(v for *_, v in path), round(years, 2))


def _day(text: str) -> int:
    return date.fromisoformat(text).toordinal()


Piece = tuple[int, int, float]  # first day, day after the last, figure


def _most(parts: list[Piece]) -> tuple[float, list[Piece]]:
    """Largest sum of figures whose intervals do not overlap, and these figures."""
    ordered = sorted(parts, key=lambda part: (part[1], -part[0], part[2]))
    ends = [part[1] for part in ordered]
    best: list[list[Piece]] = [[]]
    for n, part in enumerate(ordered):
        taken = [*best[bisect_right(ends, part[0], 0, n)], part]
        best.append(max(best[-1], taken, key=lambda path: total([p[2] for p in path])))
    return total([part[2] for part in best[-1]]), best[-1]


def _least(parts: list[Piece], begin: int, end: int) -> float:
    """Smallest sum of figures whose intervals together cover the whole time."""
    cost = {begin: 0.0}
    for first, after, figure in sorted(parts, key=lambda part: part[1]):
        before = [c for day, c in cost.items() if first <= day < after]
        if before and after > begin:
            cost[after] = min(cost.get(after, math.inf), total([min(before), figure]))
    return min((c for day, c in cost.items() if day >= end), default=math.inf)
