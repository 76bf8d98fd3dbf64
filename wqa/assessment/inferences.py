"""Inferences: rules that say something of a target from named figures, found and applied.

A rule gives limits (of the quantity that the target binds, over an interval of time), a
probability, or only a side: whether comparable evidence speaks for the target, against it, or
for neither. What a rule assumes beyond the printed figures is named and bounds the answer.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

import numpy as np

from wqa.assessment.evidence import YEAR, Evidence, Piece, Row, adds_up, flow
from wqa.catalog.records import Indicator, Inference, Premise, Target
from wqa.errors import CatalogError
from wqa.goals import Goal, Span, difference, total

Figures = Mapping[tuple[str, str], list[Row]]
Roles = Mapping[str, Sequence[Row]]
KEY = ("indicator_id", "region", "scope", "period")
# The strongest answer that an assumption allows; a number of units is known of other rounds.
ALLOWS = {
    "": "met", "units": "very_likely", "status": "very_likely", "rounding": "very_likely",
    "definition": "likely", "successor": "likely",
}  # fmt: skip
# A needed share or pace of at most so much of what was seen speaks for the target, above its
# inverse against it; between them neither.
CLEAR = 2 / 3
FEWEST_PLACES = 5  # fewer comparable places show no pattern
PER = 10_000.0  # a rate of rare events is told per so many units
MOST_EVENTS = 1_000  # more events than this are no rare ones


@dataclass(frozen=True)
class Deduction:
    """What a rule says: limits from `start` to `end`, a probability with its range, or a side."""

    span: Span = field(default_factory=Span)
    start: str = ""
    end: str = ""
    estimate: float | None = None
    p: float | None = None
    low: float | None = None
    high: float | None = None
    side: int | None = None
    assumes: str = ""
    text: str = ""  # in which it is said, if not that of the rule
    slots: Mapping[str, Any] = field(default_factory=dict)

    @property
    def bounds(self) -> bool:
        """Whether the rule gives limits."""
        return self.span != Span()


@dataclass(frozen=True)
class Inferred:
    """What one declared inference says, and the rows it rests on."""

    declared: Inference
    deduction: Deduction
    rows: list[Row]

    def tells(self, target: Target) -> bool:
        """Whether it rests on more than the target's own figures from before the plan."""
        own, first = (target.indicator_id, target.region), f"{target.start_year}-01-01"
        before = [(r.indicator_id, r.region) == own and r.end < first for r in self.rows]
        of_plans = self.declared.rule == "previous_flow" and target.scope == "plan_sum"
        return of_plans or not all(before)

    @property
    def assumes(self) -> tuple[str, ...]:
        """Assumptions of the declaration and of the rule."""
        return tuple(a for a in (self.declared.assumes, self.deduction.assumes) if a)


def _fault(rule: str, what: str, got: object, expected: str) -> CatalogError:
    fix = "Correct the figures that the inference names."
    return CatalogError(what, where=rule, got=got, expected=expected, fix=fix)


def _day_after(day: str) -> str:
    return (date.fromisoformat(day) + timedelta(days=1)).isoformat()


def _years(first: str, last: str) -> float:
    return (date.fromisoformat(last) - date.fromisoformat(first)).days / YEAR


def _values(figures: Sequence[Row]) -> list[float]:
    return [figure.value for figure in figures]


def _asked(target: Target) -> Goal:
    return Goal(target.comparator, float(target.value or 0.0))


def _sum_of(figures: Sequence[Row]) -> Row:
    """Add figures that make up one quantity."""
    summed, end = total(_values(figures)), max(one.end for one in figures)
    return figures[0]._replace(value=summed, end=end)


def base_and_additions(target: Target, indicator: Indicator, roles: Roles) -> Deduction:
    """Stock known at a time plus what was added since: what cannot fall is at least that."""
    # 79 in May 2023 and 35 in 2024 are at least 114.
    base = roles["base"][0]
    for one in roles["addition"]:
        if one.end <= base.end:
            what, expected = "an addition lies before the base", f"a time after {base.end}"
            raise _fault("base_and_additions", what, one.end, expected)
    low = total(_values([base, *roles["addition"]]))
    end = max(one.end for one in roles["addition"])
    slots = {"base": base, "additions": roles["addition"], "value": low}
    return Deduction(Span(low), end, end, slots=slots)


def sum_of_components(target: Target, indicator: Indicator, roles: Roles) -> Deduction:
    """Sum of figures that make up the whole, less what falls outside: a lower limit."""
    # Two prizes of 2020-2021, 9 and 20, less the 7 of 2020 leave 22 for 2021.
    parts, less = roles["part"], roles.get("less", ())
    value = difference(total(_values(parts)), total(_values(less)))
    start = max([min(one.start for one in parts), *(_day_after(one.end) for one in less)])
    if target.scope == "plan_sum" and not less:
        start = f"{target.start_year}-01-01"  # counted since the plan began, whatever the month
    end = max(one.end for one in parts)
    if value < 0 or start > end:
        raise _fault("sum_of_components", "less is taken away than there is", value, "0 or more")
    return Deduction(Span(value), start, end, slots={"parts": parts, "less": less, "value": value})


def difference_of_windows(target: Target, indicator: Indicator, roles: Roles) -> Deduction:
    """Flow after a window, from a later window that overlaps it: a lower limit."""
    # 449 from 2018 to September 2021, of which at most the 360 of 2016-2020 lie before 2021,
    # leave at least 89 for the nine months.
    late, early = roles["late"][0], roles["early"][0]
    if not early.start <= late.start <= early.end < late.end:
        got = f"{early.start} to {early.end}, {late.start} to {late.end}"
        expected = "a later window that begins within the earlier one"
        raise _fault("difference_of_windows", "the windows do not overlap", got, expected)
    low = max(difference(late.value, early.value), 0.0)
    slots = {"late": late, "early": early, "value": low}
    return Deduction(Span(low, max(low, late.value)), _day_after(early.end), late.end, slots=slots)


def rank_and_mean(target: Target, indicator: Indicator, roles: Roles) -> Deduction:
    """Limits of a score from its rank and the mean of the survey."""
    # With N units between lo and hi, k - 1 of them at or above a unit of rank k and the others
    # at or below it: N m <= (k - 1) hi + (N - k + 1) x and N m >= k x + (N - k) lo. The limit
    # grows with N, so an unknown number counts as the smallest that was published. A peer of
    # about this rank and the mean of its round tell about how far above the mean that is.
    rank, mean = roles["rank"][0], roles["mean"][0]
    lo, hi = float(indicator.lower or 0.0), float(indicator.upper or math.inf)
    others = [one.value if math.isnan(one.denominator) else one.denominator
              for one in roles.get("units", ())]  # fmt: skip
    units = min(others) if others else rank.denominator
    k, m = rank.value, mean.value
    if not lo <= m <= hi:
        raise _fault("rank_and_mean", "the mean lies outside the bounds", m, f"{lo:g} to {hi:g}")
    if math.isnan(units) or not 1 <= k <= units:
        raise _fault("rank_and_mean", "no such rank", k, f"1 to the number of units ({units:g})")
    low = (units * m - (k - 1) * hi) / (units - k + 1)
    high = (units * m - (units - k) * lo) / k
    span = Span(max(low, lo), min(max(high, low), hi))
    peers = zip(roles.get("peer", ()), roles.get("peer_mean", ()), strict=True)
    ahead = [peer.value - its_mean.value for peer, its_mean in peers]
    about = min(max(m + min(ahead), span.lower), span.upper) if ahead else None
    slots = {"rank": k, "mean": mean, "units": units, "value": low}
    assumes = "units" if others else ""
    return Deduction(span, rank.start, rank.end, about, assumes=assumes, slots=slots)


def all_definitions(target: Target, indicator: Indicator, roles: Roles) -> Deduction:
    """Figures of one time under every definition seen bound the figure of the target's own."""
    found = roles["definition"]
    times = {(one.start, one.end) for one in found}
    if len(times) > 1 or len(found) < 2:
        got, expected = sorted(times), "two or more figures of one time"
        raise _fault("all_definitions", "the figures are not of one time", got, expected)
    values, (start, end) = _values(found), times.pop()
    return Deduction(Span(min(values), max(values)), start, end, slots={"definitions": found})


def whole_at_ceiling(target: Target, indicator: Indicator, roles: Roles) -> Deduction:
    """Put a part where its whole is: at the upper bound, unless the whole was rounded."""
    whole = roles["whole"][0]
    slots, span = {"whole": whole, "value": whole.value}, Span(whole.value, whole.value)
    if whole.value != indicator.upper:
        return Deduction(side=0, slots=slots)  # below its ceiling it says nothing of any one part
    return Deduction(span, whole.start, whole.end, assumes="rounding", slots=slots)


def _side(ratio: float) -> int:
    """For the target (1) where clearly less is needed than was seen, against it (-1) above."""
    if ratio <= CLEAR:
        return 1
    return 0 if ratio < 1 / CLEAR else -1


def needed_share(target: Target, indicator: Indicator, roles: Roles) -> Deduction:
    """Share of a whole that the target needs, against shares seen of like things."""
    whole = total(_values(roles["whole"]))
    pairs = list(zip(roles["share_part"], roles["share_whole"], strict=True))
    shares = [part.value / all_.value for part, all_ in pairs]
    need = _asked(target).value / whole
    slots = {"need": 100 * need, "seen": 100 * min(shares), "whole": roles["whole"]}
    return Deduction(side=_side(need / min(shares)), slots=slots)


def needed_pace(target: Target, indicator: Indicator, roles: Roles) -> Deduction:
    """Yearly growth that the target needs, against the growth of a containing region."""
    # Counts and rates grow by a factor, percentages and scores by points.
    base, first, last = (_sum_of(roles[name]) for name in ("base", "first", "last"))
    if last.end <= first.end:
        raise _fault("needed_pace", "the growth has no time", last.end, f"after {first.end}")
    is_ratio, goal = indicator.family in ("count", "rate", "positive"), _asked(target)
    scale: Callable[[float], float] = math.log if is_ratio else float
    left = target.year - int(base.end[:4])
    need = (scale(goal.value) - scale(base.value)) / left
    seen = (scale(last.value) - scale(first.value)) / _years(first.end, last.end)
    up = 1 if target.comparator in (">=", ">") else -1
    side = 1 if need * up <= 0 else -1 if seen * up <= 0 else _side(need / seen)
    shown = [100 * math.expm1(x) for x in (need, seen)] if is_ratio else [need, seen]
    unit = {"zh": "%", "en": "%"} if is_ratio else {"zh": "", "en": " points"}
    slots = {"need": shown[0], "seen": shown[1], "first": first, "last": last, "growth": unit}
    text = "needed_pace_kept" if goal.met(base.value) else ""
    return Deduction(side=side, slots=slots | {"base": base}, text=text)


def previous_flow(target: Target, indicator: Indicator, roles: Roles) -> Deduction:
    """Sum that the target needs, against the sum of the plan before."""
    seen = _sum_of(roles["previous"])
    side = _side(_asked(target).value / seen.value) if seen.value > 0 else -1
    return Deduction(side=side, slots={"previous": seen})


def counter_pace(target: Target, indicator: Indicator, roles: Roles) -> Deduction:
    """Pace of a running number: what the plan would get at it, against the target."""
    first, last = roles["first"][0], roles["last"][0]
    # Both are numbers seen within a year: at most all of both years lie between them.
    years = int(last.end[:4]) - int(first.end[:4]) + 1
    pace = difference(last.value, first.value) / years
    got = pace * (target.year - int(target.start_year or target.year) + 1)
    ratio = _asked(target).value / got if got > 0 else math.inf
    slots = {"first": first, "last": last, "pace": pace, "value": got}
    return Deduction(side=_side(ratio), slots=slots)


def _limits(figure: Row) -> Span:
    lower = -math.inf if figure.qualifier == "upper_bound" else figure.value
    return Span(lower, math.inf if figure.qualifier == "lower_bound" else figure.value)


def all_comparable(target: Target, indicator: Indicator, roles: Roles) -> Deduction:
    """Whether the figures of all comparable places lie on the good side of the target."""
    places, values = roles["place"], _values(roles["place"])
    met = [_asked(target).decided(_limits(one)) for one in places]
    agree = len(places) >= FEWEST_PLACES and len(set(met)) == 1
    side = {True: 1, False: -1, None: 0}[met[0]] if agree else 0
    good = sum(one is True for one in met)
    slots = {"n": len(places), "good": good, "low": min(values), "high": max(values)}
    return Deduction(side=side, slots=slots)


def part_of_whole(target: Target, indicator: Indicator, roles: Roles) -> Deduction:
    """Figures of a part of what the target covers: they decide nothing alone."""
    return Deduction(side=0, slots={"parts": roles["part"]})


def rare_events(target: Target, indicator: Indicator, roles: Roles) -> Deduction:
    """How many events still pass at a known exposure, and how likely that is at given risks."""
    # The exposure is known from below; `ratio_part` of `ratio_whole` elsewhere tells how much of
    # it that is. P is a Poisson probability of at most that many events, its smallest value over
    # the exposures and risks.
    from scipy.stats import poisson  # heavy import, needed only here

    stock = roles["exposure"][0]
    exposures = [_tens_of_thousands(stock)]
    if roles.get("ratio_part"):
        part, whole = (_tens_of_thousands(roles[name][0]) for name in ("ratio_part", "ratio_whole"))
        exposures.append(exposures[0] * whole / part)
    met = _asked(target).met
    passing = [max(n for n in range(MOST_EVENTS) if met(n / size) or n == 0) for size in exposures]
    risks = _values(roles["risk"])
    pairs = list(zip(exposures, passing, strict=True))
    found = [float(poisson.cdf(n, risk * size)) for size, n in pairs for risk in risks]
    whole, low, high = exposures[-1], min(found), max(found)
    slots = {"exposure": stock, "whole": whole, "sure": passing[0], "passing": passing[-1]}
    # Expected deaths to one decimal: more would claim what a handful of deaths cannot carry.
    slots |= {"low": round(min(risks) * whole, 1), "high": round(max(risks) * whole, 1)}
    return Deduction(p=low, low=low, high=high, assumes="definition", slots=slots)


def _tens_of_thousands(figure: Row) -> float:
    return float(figure.value) / (PER if figure.unit == "unit" else 1.0)


def every_year_of_events(target: Target, indicator: Indicator, roles: Roles) -> Deduction:
    """Chance that yearly numbers of events pass in every year not yet known."""
    # Negative binomial around the mean yearly number; numbers of several years are halved
    # evenly, and the spread between the figures counts as overdispersion.
    from scipy.stats import nbinom, poisson  # heavy import, needed only here

    figures = roles["yearly"]
    yearly = np.array([one.value / max(round(_years(one.start, one.end)), 1) for one in figures])
    mean = float(yearly.mean())
    excess = float(yearly.var(ddof=1)) - mean if yearly.size > 1 else 0.0
    need = math.ceil(_asked(target).value)
    size = mean**2 / excess if excess > 0 else math.inf
    miss = poisson.cdf(need - 1, mean)
    if math.isfinite(size):
        miss = nbinom.cdf(need - 1, size, size / (size + mean))
    left = target.year - int(target.start_year or target.year) + 1 - len(roles.get("passed", ()))
    p = float((1.0 - miss) ** left)
    return Deduction(p=p, low=p, high=p, slots={"mean": mean, "years": left, "figures": figures})


INFERENCE_RULES: dict[str, Callable[[Target, Indicator, Roles], Deduction]] = {
    rule.__name__: rule for rule in (
    base_and_additions, sum_of_components, difference_of_windows, rank_and_mean, all_definitions,
    whole_at_ceiling, needed_share, needed_pace, previous_flow, counter_pace, all_comparable,
    part_of_whole, rare_events, every_year_of_events,
)}  # fmt: skip


def find_premise(figures: Figures, premise: Premise, region: str) -> list[Row]:
    """Rows of the figure that a premise names, the newest first; none if it is not known."""
    known = figures.get((premise.indicator_id, premise.region or region), ())
    rows = [r for r in known if (r.scope, r.period) == (premise.scope, premise.period)]
    rows = [r for r in rows if premise.qualifier in ("", r.qualifier)]
    return sorted(rows, key=lambda row: (row.vintage, row.file, row.row), reverse=True)


def infer(figures: Figures, target: Target, indicator: Indicator) -> list[Inferred]:
    """Apply the declared inferences of a target whose figures are all known by then."""
    found = []
    for declared in target.inferences:
        chosen = [find_premise(figures, one, target.region)[:1] for one in declared.figures]
        if not all(chosen):
            continue
        rows, roles = [row for one in chosen for row in one], defaultdict(list)
        for premise, row in zip(declared.figures, rows, strict=True):
            roles[premise.role].append(row)
        deduction = INFERENCE_RULES[declared.rule](target, indicator, roles)
        found.append(Inferred(declared, deduction, rows))
    return found


def narrowed(evidence: Evidence, target: Target, year: int, inferred: list[Inferred]) -> Evidence:
    """Evidence with the limits that inferences give added to the published ones."""
    spans, annual, pieces = dict(evidence.spans), dict(evidence.annual), list[Piece]()
    for one in inferred:
        deduction, span = one.deduction, one.deduction.span
        if not deduction.bounds:
            continue
        if target.scope == "plan_sum":
            pieces.append((deduction.start, deduction.end, span.lower, span.upper))
            continue
        stock, known_year = adds_up(target), int(deduction.end[:4])
        if not stock and deduction.start > f"{known_year}-01-01":
            continue  # a part of a year bounds no rate and no yearly number of prizes
        at = year if stock else known_year
        known = spans.get(at, Span())
        upper = known.upper if stock else min(known.upper, span.upper)
        spans[at] = Span(max(known.lower, span.lower), max(upper, known.lower, span.lower))
        if known_year in annual and not stock:
            continue
        # Of limits the model takes the one that is farther from the target.
        is_floor = target.comparator in (">=", ">") or math.isinf(span.upper)
        about = deduction.estimate or (span.lower if is_floor else span.upper)
        annual[known_year] = max(about, annual.get(known_year, about))
    base = target.baseline
    counted = target.kind == "bound" and bool(annual)  # the baseline has no number of cases
    measured = base.status == "measured" and target.scope != "plan_sum" and not counted
    if measured and base.value is not None:
        annual.setdefault(int(base.year or 0), base.value)
    added = evidence.flow
    if pieces:
        first, last = f"{target.start_year or year}-01-01", f"{year}-12-31"
        added = flow([*added.pieces, *pieces], first, last)
    return replace(evidence, spans=spans, annual=annual, flow=added)
