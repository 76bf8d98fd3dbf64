"""Rules of the official progress labels: one function per published method.

Each rule turns a :class:`LabelInput` into a :class:`LabelResult`: the method's own statistic and
label code, or no label with the code of a reason where the method has no answer. Nothing here is
ours: conventions that differ between methods (path, window, cut points) are kept as their
publishers state them. Cut points are data, so that a national variant is a parameter, not a fork.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from types import MappingProxyType
from typing import NamedTuple

from wqa.goals import Goal

Cuts = Mapping[str, float]
YearValues = tuple[tuple[int, float], ...]
SMALL = 0.001  # sdg-build puts this for a base or target of zero
LARGEST_EXPONENT = 700.0
BEHIND = "target_behind_baseline"


@dataclass(frozen=True)
class LabelInput:
    """Two points and a target; NaN is missing, years count from the base year, sign is 1 for up."""

    base: float
    value: float
    target: float
    elapsed: int
    length: int
    sign: int
    comparator: str
    bounds: tuple[float | None, float | None] = (None, None)
    series: YearValues = ()
    kind: str = "gap"
    limit: float | None = None

    @property
    def points(self) -> YearValues:
        """The series, or base and newest value."""
        return self.series or ((0, self.base), (self.elapsed, self.value))

    @property
    def way(self) -> tuple[Fraction, Fraction]:
        """Shares of the way and of the time that lie behind, exact: on schedule is not ahead."""
        base, value, target = (Fraction(str(x)) for x in (self.base, self.value, self.target))
        return (value - base) / (target - base), Fraction(self.elapsed, self.length)

    @property
    def pace(self) -> float | None:
        """Yearly growth from the base to the newest value."""
        return growth(self.value, self.base, self.elapsed)

    @property
    def is_met(self) -> bool:
        """Whether the newest value satisfies the target."""
        return bool(Goal(self.comparator, self.target).met(self.value))

    @property
    def is_behind(self) -> bool:
        """Whether the target asks for less than the baseline already gave."""
        return (self.target - self.base) * self.sign < 0


class LabelResult(NamedTuple):
    """Value of a method's statistic and its label; no label comes with a reason."""

    value: float | None = None
    label: str | None = None
    reason: str = ""
    note: str = ""


def why_not(given: LabelInput, answered: frozenset[str]) -> str:
    """First reason why two points and a target give no answer, but for those answered anyway."""
    reasons = {
        f"{given.kind}_target": given.kind in ("plan_sum", "compound", "relative", "every_year"),
        "no_observation": math.isnan(given.value),
        "no_baseline": math.isnan(given.base),
        "no_target": math.isnan(given.target),
        "one_point_only": given.elapsed < 1,
        "no_time_left": given.length < 1,
        "baseline_at_target": given.base == given.target,
        BEHIND: given.is_behind,
    }
    return next((code for code, holds in reasons.items() if holds and code not in answered), "")


# What methods answer although it stops others.
FORWARD = frozenset[str]()
EITHER_WAY = frozenset({BEHIND})
YEARLY = EITHER_WAY | {"every_year_target"}
TREND = YEARLY | {"no_target", "no_time_left", "baseline_at_target"}
ANY_YEARS = YEARLY | {"one_point_only", "no_time_left", "baseline_at_target"}
ASKS_ITSELF = ANY_YEARS | {"plan_sum_target", "compound_target", "relative_target",
                           "no_observation", "no_baseline", "no_target"}  # fmt: skip


def growth(end: float, start: float, years: int) -> float | None:
    """Compound yearly growth rate; None where it is not a real number."""
    if start == 0 or years < 1 or end / start < 0:
        return None
    return float((end / start) ** (1.0 / years) - 1.0)


def log_line(points: YearValues, newest: int, weights: Sequence[float]) -> tuple[float, float]:
    """Weighted straight line through logarithms: its value in the newest year, and its slope."""
    rows = zip(weights, points, strict=True)
    at = [(w / sum(weights), year - newest, math.log(value)) for w, (year, value) in rows]
    x, y = sum(w * a for w, a, _ in at), sum(w * b for w, _, b in at)
    slope = sum(w * (a - x) * (b - y) for w, a, b in at) / sum(w * (a - x) ** 2 for w, a, _ in at)
    return y - slope * x, slope


def eurostat_target(given: LabelInput, cuts: Cuts) -> LabelResult:
    """Eurostat, with target: observed over required growth rate."""
    actual, required = given.pace, growth(given.target, given.base, given.length)
    if actual is None or not required:
        return LabelResult(reason="growth_undefined")
    ratio = given.sign * actual / abs(required)
    return LabelResult(ratio, "target_met" if given.is_met else None)


def growth_rate(given: LabelInput, cuts: Cuts) -> LabelResult:
    """UN Progress Chart without a numeric target: yearly growth in the desired direction."""
    if given.pace is None:
        return LabelResult(reason="growth_undefined")
    return LabelResult(given.sign * given.pace)


def eurostat_trend(given: LabelInput, cuts: Cuts) -> LabelResult:
    """Eurostat, without target: the same, with a warning where percentages have no room left."""
    upper = given.bounds[1]
    near = given.pace is not None and upper is not None and given.base > 0.9 * upper
    note = "percent_near_bound" if near and given.sign > 0 else ""
    return growth_rate(given, cuts)._replace(note=note)


def open_sdg(given: LabelInput, cuts: Cuts) -> LabelResult:
    """Statistics Canada / Open SDG: target first, then the growth ratio."""
    base, target = given.base or SMALL, given.target or SMALL
    label = "target_achieved" if given.sign * (given.value - target) >= 0 else None
    note = "zero_replaced" if 0 in (given.target, given.base) else ""
    actual = growth(given.value, base, given.elapsed)
    required = growth(target, base, given.length)
    if given.elapsed < 1:
        return LabelResult(None, label, "one_point_only", note)
    if actual is not None and given.length < 1:
        return LabelResult(None, None, "no_time_left", note)
    if actual is None or required is None:
        return LabelResult(None, label, "signs_differ", note)
    rate = (-1 if given.base < 0 else 1) * given.sign * actual
    if required == 0:
        # sdg-build divides by zero here: an infinite ratio still gets a label.
        label = label or ("deterioration" if rate < 0 else "substantial_progress")
        return LabelResult(None, label, "baseline_at_target", note)
    return LabelResult(rate / abs(required), label, note=note)


def open_sdg_trend(given: LabelInput, cuts: Cuts) -> LabelResult:
    """Statistics Canada / Open SDG without target; cuts shrink near a limit."""
    actual = growth(given.value, given.base or SMALL, given.elapsed)
    if actual is None:
        return LabelResult(reason="signs_differ")
    rate = (-1 if given.base < 0 else 1) * given.sign * actual
    note, factor = "", 1.0
    if given.limit is not None:
        note, size, edge = "limit_applied", abs(given.base), abs(given.limit)
        if size < 2 * edge:
            factor -= (min(size, 2 * edge - size) / edge) ** cuts["exponent"]
    label = grade(rate, {name: factor * cut for name, cut in cuts.items()}, OPEN_SDG)
    return LabelResult(rate, label, note="zero_replaced" if given.base == 0 else note)


def un_chart(given: LabelInput, cuts: Cuts) -> LabelResult:
    """UN Progress Chart 2023-24: extrapolated share of the way at the target year."""
    ends, share = {0.0, 100.0} & set(given.bounds), None
    if given.pace is not None and not given.is_behind:
        left = max(given.length - given.elapsed, 0)
        steps = left * math.log1p(given.pace) if given.pace > -1 else -math.inf
        expected = given.value * math.exp(min(steps, LARGEST_EXPONENT))
        share = (expected - given.base) / (given.target - given.base)
    if given.is_met or (given.target in ends and abs(given.value - given.target) <= cuts["near"]):
        return LabelResult(share, "target_met")
    if given.is_behind:
        return LabelResult(reason=BEHIND)
    return LabelResult(share, reason="growth_undefined" if share is None else "")


def escap_csi(given: LabelInput, cuts: Cuts) -> LabelResult:
    """UN ESCAP Current Status Index: 0 to 10, held against elapsed time."""
    # The target lies in the good direction here, so D / |T - b| is 1 / (T - b).
    share, time = given.way
    if given.is_met:
        return LabelResult(10.0, "target_achieved")
    label = "on_schedule" if share >= time else "behind_schedule"
    return LabelResult(float(10 * share), "regressed" if share < 0 else label)


def escap_api(given: LabelInput, cuts: Cuts) -> LabelResult:
    """UN ESCAP Anticipated Progress Index: gap expected at the target year."""
    if len(given.series) < cuts["points"]:
        return LabelResult(reason="too_few_points")
    if min(given.target, *(value for _, value in given.series)) <= 0:
        return LabelResult(reason="not_positive")
    newest = given.series[-1][0]
    # These weights are an assumption; the publisher does not confirm them.
    weights = [1.0 / (1.0 + newest - year) for year, _ in given.series]
    level, slope = log_line(given.series, newest, weights)
    expected = math.exp(min(level + slope * (given.length - newest), LARGEST_EXPONENT))
    gap = given.sign * (given.target - expected) / abs(given.target - given.base)
    wide = "accelerate" if gap <= cuts["large"] else "reverse"
    return LabelResult(gap, "maintain" if gap <= cuts["small"] else wide)


def sdsn(given: LabelInput, cuts: Cuts) -> LabelResult:
    """SDSN arrows: recent yearly change over the yearly change required."""
    recent = [p for p in given.points if given.elapsed - cuts["window"] <= p[0]]
    if len(recent) < 2:
        return LabelResult(reason="one_point_only")
    (first_year, first), (last_year, last) = recent[0], recent[-1]
    change = (last - first) / (last_year - first_year)
    is_kept = given.is_met and given.sign * change >= 0
    if given.is_behind:
        return LabelResult(None, "on_track" if is_kept else None, "" if is_kept else BEHIND)
    ratio = change / ((given.target - given.base) / given.length)
    return LabelResult(ratio, "on_track" if is_kept else None)


def unicef_aarr(given: LabelInput, cuts: Cuts) -> LabelResult:
    """UNICEF average annual rate of reduction against the required one, in percent."""
    since = tuple(p for p in given.series if p[0] >= 0)
    points = replace(given, series=since).points
    if min(given.base, given.target, *(value for _, value in points)) <= 0:
        return LabelResult(reason="not_positive")
    if len(points) < 2:
        return LabelResult(reason="one_point_only")
    _, slope = log_line(points, given.elapsed, [1.0] * len(points))
    current = 100.0 * (1.0 - math.exp(slope))
    required = 100.0 * (1.0 - (given.target / given.base) ** (1.0 / given.length))
    slow = "rate_too_slow" if given.sign * current < 0 else "wrong_way"
    is_enough = given.sign * current <= given.sign * required
    return LabelResult(current, "rate_sufficient" if is_enough else slow)


def statdev(given: LabelInput, cuts: Cuts) -> LabelResult:
    """Philippines StatDev: actual over required linear pace, high only above the cut point."""
    ratio = float(given.way[0] / given.way[1])
    return LabelResult(ratio, "medium_likelihood" if ratio == cuts["high"] else None)


def time_distance(given: LabelInput, cuts: Cuts) -> LabelResult:
    """Sicherl time distance: years ahead of (+) or behind (-) the linear path."""
    share, time = given.way
    ahead = float((share - time) * given.length)
    return LabelResult(ahead, "on_schedule" if ahead >= 0 else "behind_schedule")


def china_completion(given: LabelInput, cuts: Cuts) -> LabelResult:
    """China's mid-term review: completion rate against elapsed share of time."""
    reason = why_not(given, FORWARD)
    if given.kind == "plan_sum":
        has_figures = not math.isnan(given.value + given.target)
        has_way = given.target > 0 and min(given.elapsed, given.length) >= 1
        reason = ("" if has_way else "growth_undefined") if has_figures else "no_observation"
        given = replace(given, base=0.0)  # a sum over the plan starts at zero
    if reason:
        return LabelResult(reason=reason)
    rate, time = given.way[0], min(given.way[1], Fraction(1))
    if given.is_met and rate >= 1:
        return LabelResult(float(rate), "done_early" if time < 1 else "done")
    slow = "roughly_on_time" if rate >= Fraction(str(cuts["level"])) * time else "lagging"
    return LabelResult(float(rate), "ahead_of_time" if rate > time else slow)


def grade(value: float, cuts: Cuts, labels: Sequence[str]) -> str:
    """Label of the first cut point that the value reaches, or the last label."""
    steps = zip(labels[:-1], cuts.values(), strict=False)
    return next((label for label, cut in steps if value >= cut), labels[-1])


class LabelMethod(NamedTuple):
    """A method: its statistic and rule, the reasons that do not stop it, cut points and labels."""

    statistic: str
    rule: Callable[[LabelInput, Cuts], LabelResult]
    answered: frozenset[str] = FORWARD
    cuts: Cuts = MappingProxyType({})
    labels: Sequence[str] = ()

    def label(self, given: LabelInput, cuts: Cuts) -> LabelResult:
        """Label by this method, or the reason why it has no answer."""
        reason = why_not(given, self.answered)
        if reason:
            return LabelResult(reason=reason)
        cuts = {**self.cuts, **cuts}
        result = self.rule(given, cuts)
        if result.value is not None and result.label is None:
            result = result._replace(label=grade(result.value, cuts, self.labels))
        if given.kind == "every_year" and not result.note and self.answered in (YEARLY, ANY_YEARS):
            result = result._replace(note="latest_year_only")  # two points see no other year
        return result


PROGRESS = ("significant_progress", "moderate_progress")
OPEN_SDG = ("substantial_progress", "moderate_progress", "limited_progress", "deterioration")
UN = ("fair_progress", "stagnation_or_regression")
THREE = {"high": 0.95, "medium": 0.6, "low": 0.0}
LABEL_METHODS = {
    "eurostat_target": LabelMethod("growth_ratio", eurostat_target, YEARLY, THREE,
                              (*PROGRESS, "insufficient_progress", "movement_away")),
    "eurostat_trend": LabelMethod("growth_rate", eurostat_trend, TREND,
                             {"high": 0.01, "zero": 0.0, "low": -0.01},
                             (*PROGRESS, "moderate_away", "significant_away")),
    "open_sdg": LabelMethod("growth_ratio", open_sdg, ANY_YEARS, THREE, OPEN_SDG),
    "open_sdg_trend": LabelMethod("growth_rate", open_sdg_trend, TREND,
                             {"high": 0.015, "medium": 0.005, "low": 0.0, "exponent": 4.44}),
    "un_chart": LabelMethod("extrapolated_share", un_chart, YEARLY,
                       {"high": 0.95, "low": 0.1, "near": 1.0}, ("on_track", *UN)),
    "un_chart_trend": LabelMethod("growth_rate", growth_rate, TREND,
                             {"high": 0.02, "low": 0.005}, ("substantial_progress", *UN)),
    "escap_csi": LabelMethod("current_status_index", escap_csi),
    "escap_api": LabelMethod("anticipated_gap", escap_api, FORWARD,
                        {"small": 0.1, "large": 1.0, "points": 3}),
    "sdsn": LabelMethod("pace_ratio", sdsn, EITHER_WAY,
                   {"high": 1.0, "medium": 0.5, "low": 0.0, "window": 5},
                   ("on_track", "moderately_improving", "stagnating", "decreasing")),
    "unicef_aarr": LabelMethod("annual_rate_of_reduction", unicef_aarr),
    "statdev": LabelMethod("pace_ratio", statdev, FORWARD, {"high": 0.9, "medium": 0.5},
                      ("high_likelihood", "medium_likelihood", "low_likelihood")),
    "time_distance": LabelMethod("years_ahead", time_distance),
    "china_completion": LabelMethod("completion_rate", china_completion, ASKS_ITSELF,
                                    {"level": 0.8}),
}  # fmt: skip
