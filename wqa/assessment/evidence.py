"""Evidence for one target: which published figures speak about it, and what they allow.

Every figure covers an interval of time. A figure of one whole year is a value of that year. A
part of a year, or a span of years, bounds only what adds up: a sum over the plan, or a stock
that cannot fall. It says nothing about a rate, a percentage or a score.
"""

import math
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from fnmatch import fnmatchcase
from typing import Any

import pandas as pd

from wqa.catalog.records import Indicator, Target
from wqa.data.cells import ANNUAL
from wqa.data.series import best_values
from wqa.goals import Span, total

UNUSED = ("target", "context")  # qualifiers of rows that report no figure of the indicator
YEAR = 365.25  # days
ENOUGH = 3  # yearly values of the plan without which its baseline is needed
Row = Any  # one row of an observation frame, with its columns as attributes


Piece = tuple[str, str, float, float]  # first and last day, limits of what was added


@dataclass(frozen=True)
class Flow:
    """Limits of a sum over the plan, the known parts behind the lower one, and their time."""

    span: Span = field(default_factory=Span)
    parts: tuple[float, ...] = ()
    years: float = 0.0
    pieces: tuple[Piece, ...] = ()


@dataclass(frozen=True)
class Evidence:
    """What the published figures say about one target; `hints` cannot enter its series."""

    scope: str
    rows: list[Row]
    limits: list[Row]
    hints: list[Row]
    annual: Mapping[int, float]
    counts: Mapping[int, tuple[float, float]]
    spans: Mapping[int, Span]
    flow: Flow
    others: tuple[Row, ...] = ()  # yearly values of other regions in the same definition

    def in_plan(self, start_year: int) -> dict[int, float]:
        """Annual values from the first plan year on."""
        return {year: value for year, value in self.annual.items() if year >= start_year}


def rows_by_key(frame: pd.DataFrame) -> dict[tuple[str, str], list[Row]]:
    """Rows of an observation frame by (indicator, region), each with whether it is the best."""
    told = frame[frame["value"].notna() & ~frame["qualifier"].isin(UNUSED)]
    best = pd.MultiIndex.from_frame(best_values(frame)[["file", "row"]])
    marked = told.assign(is_best=pd.MultiIndex.from_frame(told[["file", "row"]]).isin(best))
    found: dict[tuple[str, str], list[Row]] = {}
    for row in marked.itertuples(index=False, name="Row"):
        found.setdefault((str(row.indicator_id), str(row.region)), []).append(row)
    return found


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


def gather(figures: list[Row], target: Target, indicator: Indicator, year: int) -> Evidence:
    """Collect what the figures of one indicator and region say about a target up to a year."""
    start = int(target.start_year or year)
    first, last = f"{start}-01-01", f"{year}-12-31"
    known = [row for row in figures if row.end <= last]
    groups = _series(known, target.series, start, year)
    own = [row for row in known if groups and row.scope in groups[0]]
    rows = _undisputed(_by_year(own), target, start)
    scope = rows[-1].scope if rows else groups[0][-1] if groups else ""
    limits = [row for row in own if not _is_value(row)]
    counts = {r.year: (r.numerator, r.denominator) for r in rows if r.denominator > 0}
    annual = {row.year: row.value for row in rows}
    spans = _yearly(own, annual, natural_span(target, indicator))
    for other in groups[1:]:  # every figure of the plan decides that can decide
        more = _by_year([row for row in known if row.scope in other])
        spans = {r.year: Span(r.value, r.value) for r in more if r.year >= start} | spans
    if target.kind == "bound":
        spans |= _counted(counts, float(target.value or 0.0))
    if target.kind == "monotone":
        spans |= _never_falls(own, spans, natural_span(target, indicator), (start, year))
    added = Flow()
    if target.scope == "plan_sum":
        # A year that is known is not its part.
        parts = [r for r in limits if r.start[:4] != r.end[:4] or r.year not in annual]
        added = flow(map(_piece, [*rows, *parts]), first, last)
    named = {scope for group in groups for scope in group}
    hints = [r for r in known if r.start >= first and not (r.scope in named and _is_value(r))]
    return Evidence(scope, rows, limits, hints, annual, counts, spans, added)


def of_others(
    figures: Mapping[tuple[str, str], list[Row]], target: Target, scope: str, year: int
) -> tuple[Row, ...]:
    """Yearly values of other regions up to a year, in the definition of a target's series."""
    same = [name for name in target.series if fnmatchcase(scope, name)] or [*target.series, ""]
    found: list[Row] = []
    for (indicator_id, region), rows in figures.items():
        if indicator_id == target.indicator_id and region != target.region:
            own = [row for row in rows if fnmatchcase(row.scope, same[0]) and row.year <= year]
            found += _by_year(own)
    return tuple(found)


def _is_value(row: Row) -> bool:
    return bool(row.is_annual) and row.qualifier in ANNUAL


def _series(
    known: list[Row], wanted: tuple[str, ...], start: int, year: int
) -> list[tuple[str, ...]]:
    """Series of the target that occur, best first: with the target year, the plan, any year."""
    # Each is a list of scopes: a pattern such as ``round_*`` declares all rounds to be one series.
    occur = list(dict.fromkeys(row.scope for row in known))
    groups = [tuple(s for s in occur if fnmatchcase(s, pattern)) for pattern in wanted]
    newest = dict.fromkeys(occur, 0)
    for row in filter(_is_value, known):
        rank = 3 if row.year == year else 2 if row.year >= start else 1
        newest[row.scope] = max(newest[row.scope], rank)
    return sorted(filter(None, groups), key=lambda group: -max(newest[s] for s in group))


def _by_year(rows: list[Row]) -> list[Row]:
    """Best value of each year; of several rounds in a year the last published."""
    best = [row for row in rows if row.is_best and _is_value(row)]
    best.sort(key=lambda row: (row.year, row.vintage))
    return list({row.year: row for row in best}.values())


def _undisputed(rows: list[Row], target: Target, start: int) -> list[Row]:
    """Leave out a disputed baseline where the plan's own years are known well enough."""
    inside = [row for row in rows if row.year >= start]
    if target.baseline.status != "disputed" or len(inside) < ENOUGH:
        return rows
    return [row for row in rows if row.year != target.baseline.year]


def _yearly(own: list[Row], annual: Mapping[int, float], free: Span) -> dict[int, Span]:
    """Limits of single years: whole-year bounds, and the values themselves."""
    limits: dict[int, tuple[float, float]] = {}
    for row in own:
        low, high = limits.get(row.year, (free.lower, free.upper))
        if row.is_annual and row.qualifier == "lower_bound":
            limits[row.year] = max(low, row.value), high
        elif row.is_annual and row.qualifier == "upper_bound":
            limits[row.year] = low, min(high, row.value)
    # Limits that contradict each other are in the conflict register.
    spans = {year: Span(low, high) for year, (low, high) in limits.items() if low <= high}
    return spans | {year: Span(value, value) for year, value in annual.items()}


def _counted(counts: Mapping[int, tuple[float, float]], target: float) -> dict[int, Span]:
    """Shares that were counted, in percent: against 0 or 100 failures decide, not rounding."""
    if target not in (0.0, 100.0):
        return {}
    shares = {y: 100.0 * k / n for y, (k, n) in counts.items() if not math.isnan(k)}
    return {year: Span(share, share) for year, share in shares.items()}


def _never_falls(
    own: list[Row], spans: Mapping[int, Span], free: Span, plan: tuple[int, int]
) -> dict[int, Span]:
    """Limits of a stock in the plan years: at least what was there at any earlier time."""
    found = {}
    for year in range(plan[0], plan[1] + 1):
        known = spans.get(year, free)
        before = [row.value for row in own
                  if row.qualifier != "upper_bound" and row.end <= f"{year}-12-31"]  # fmt: skip
        if known.lower < known.upper and before:
            low = max(known.lower, *before)
            found[year] = Span(low, max(low, known.upper))
    return found


def _piece(row: Row) -> Piece:
    """Turn a figure over any interval of time into limits of the flow within it."""
    # A part of a year whose months were not printed is a lower limit of the year.
    unprinted = row.is_annual and row.qualifier == "partial_period"
    is_open = unprinted or row.qualifier == "lower_bound"
    low = 0.0 if row.qualifier == "upper_bound" else row.value
    return row.start, row.end, low, math.inf if is_open else row.value


def flow(pieces: Iterable[Piece], first: str, last: str) -> Flow:
    """Limits of what was added between two days."""
    pieces = tuple(pieces)
    begin, end = _day(first), _day(last) + 1
    days = [(_day(a), _day(b) + 1, low, high) for a, b, low, high in pieces]
    inside = [(a, b, low) for a, b, low, high in days
              if begin <= a and b <= end and (low > 0 or high == low)]  # fmt: skip
    low, path = _most(inside)
    high = _least([(a, b, high) for a, b, _, high in days if high < math.inf], begin, end)
    years = sum(b - a for a, b, _ in path) / YEAR
    # A part above its whole is a contradiction for the conflict register and bounds nothing.
    span = Span(low, high if high >= low else math.inf)
    return Flow(span, tuple(v for *_, v in path), round(years, 2), pieces)


def _day(text: str) -> int:
    return date.fromisoformat(text).toordinal()


Days = tuple[int, int, float]  # first day, day after the last, figure


def _most(parts: list[Days]) -> tuple[float, list[Days]]:
    """Largest sum of figures whose intervals do not overlap, and these figures."""
    ordered = sorted(parts, key=lambda part: (part[1], -part[0], part[2]))
    ends = [part[1] for part in ordered]
    best: list[list[Days]] = [[]]
    for n, part in enumerate(ordered):
        taken = [*best[bisect_right(ends, part[0], 0, n)], part]
        best.append(max(best[-1], taken, key=_size))
    return _size(best[-1])[0], best[-1]


def _size(path: list[Days]) -> tuple[float, int]:
    """Sum of a path, and the days it covers: a year without any event is known too."""
    return total([piece[2] for piece in path]), sum(b - a for a, b, _ in path)


def _least(parts: list[Days], begin: int, end: int) -> float:
    """Smallest sum of figures whose intervals together cover the whole time."""
    cost = {begin: 0.0}
    for first, after, figure in sorted(parts, key=lambda part: part[1]):
        before = [c for day, c in cost.items() if first <= day < after]
        if before and after > begin:
            cost[after] = min(cost.get(after, math.inf), total([min(before), figure]))
    return min((c for day, c in cost.items() if day >= end), default=math.inf)
