"""Rules of the official progress labels: one function per published method.

Each rule gets a :class:`Case` and returns a :class:`Reading`: the method's own
statistic and label code, or no label with a reason code where the method has
no answer. Nothing here is ours: conventions that differ between methods (path,
window, cut points) are kept as their publishers state them. Cut points are
data (`THRESHOLDS`), so that a national variant is a parameter, not a fork.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from fractions import Fraction

from wqa.assessment.labelcases import (
    Case,
    Cuts,
    Reading,
    either_way,
    forward,
    no_years,
    trend,
    yearly,
)

SMALL = 0.001  # sdg-build puts this for a base or target of zero


Rule = Callable[[Case, Cuts], Reading]
# Filled by `_rule`, in the order of this file: the rules, and their cut points as published.
RULES: dict[str, Rule] = {}
THRESHOLDS: dict[str, dict[str, float]] = {}


def _rule(statistic: str, guard: Callable[[Case], str], **cuts: float) -> Callable[[Rule], Rule]:
    """Register a rule; where its guard gives a reason, the method has no answer."""

    def register(body: Rule) -> Rule:
        def guarded(case: Case, cuts: Cuts) -> Reading:
            reason = guard(case)
            reading = Reading(reason=reason) if reason else body(case, cuts)
            return replace(reading, statistic=statistic)

        RULES[body.__name__], THRESHOLDS[body.__name__] = guarded, cuts
        return body

    return register


def _grade(value: float, cuts: Cuts, labels: Mapping[str, str], below: str) -> str:
    """Label of the first cut point that the value reaches."""
    return next((label for cut, label in labels.items() if value >= cuts[cut]), below)


def growth(end: float, start: float, years: int) -> float | None:
    """Compound yearly growth rate; None where it is not a real number."""
    if start == 0 or years < 1:
        return None
    ratio = end / start
    return None if ratio < 0 else float(ratio ** (1.0 / years) - 1.0)


@_rule("growth_ratio", yearly, high=0.95, medium=0.6, low=0.0)
def eurostat_target(case: Case, cuts: Cuts) -> Reading:
    """Eurostat, with target: observed over required growth rate."""
    base, value, target = case.points
    actual = growth(value, base, case.elapsed)
    required = growth(target, base, case.length)
    if actual is None or not required:
        return Reading(reason="growth_undefined", note=case.year_note)
    ratio = case.sign * actual / abs(required)
    label = "target_met"
    if not case.is_met:
        labels = {"high": "significant_progress", "medium": "moderate_progress",
                  "low": "insufficient_progress"}  # fmt: skip
        label = _grade(ratio, cuts, labels, "movement_away")
    return Reading(ratio, label, note=case.year_note)


@_rule("growth_rate", trend, high=0.01, zero=0.0, low=-0.01)
def eurostat_trend(case: Case, cuts: Cuts) -> Reading:
    """Eurostat, without target: yearly growth in the desired direction."""
    base, value, _ = case.points
    actual = growth(value, base, case.elapsed)
    if actual is None:
        return Reading(reason="growth_undefined")
    rate = case.sign * actual
    away = "moderate_away" if rate > cuts["low"] else "significant_away"
    label = _grade(rate, cuts, {"high": "significant_progress", "zero": "moderate_progress"}, away)
    near = case.upper is not None and case.sign > 0 and base > 0.9 * case.upper
    return Reading(rate, label, note="percent_near_bound" if near else "")


@_rule("growth_ratio", no_years, high=0.95, medium=0.6, low=0.0)
def open_sdg(case: Case, cuts: Cuts) -> Reading:
    """Statistics Canada / Open SDG: target first, then the growth ratio."""
    given, value, aim = case.points
    base, target = given or SMALL, aim or SMALL
    achieved = value >= target if case.sign > 0 else value <= target
    label = "target_achieved" if achieved else None
    note = "zero_replaced" if 0 in (aim, given) else case.year_note
    if case.elapsed < 1:
        return Reading(None, label, "one_point_only", note)
    if base * value < 0:
        return Reading(None, label, "signs_differ", note)
    if case.length < 1:
        return Reading(reason="no_time_left", note=note)
    actual = growth(value, base, case.elapsed)
    required = growth(target, base, case.length)
    if actual is None or required is None:
        return Reading(None, label, "signs_differ", note)
    way = (-1 if given < 0 else 1) * case.sign * actual
    if required == 0:
        # sdg-build divides by zero here: an infinite ratio still gets a label.
        label = label or ("deterioration" if way < 0 else "substantial_progress")
        return Reading(None, label, "baseline_at_target", note)
    ratio = way / abs(required)
    return Reading(ratio, label or _open_sdg_label(ratio, cuts), note=note)


@_rule("growth_rate", trend, high=0.015, medium=0.005, low=0.0, exponent=4.44)
def open_sdg_trend(case: Case, cuts: Cuts) -> Reading:
    """Statistics Canada / Open SDG without target; cuts shrink near a limit."""
    given, value, _ = case.points
    base = given or SMALL
    actual = None if base * value < 0 else growth(value, base, case.elapsed)
    if actual is None:
        return Reading(reason="signs_differ")
    rate = (-1 if given < 0 else 1) * case.sign * actual
    note = "limit_applied" if case.limit is not None else ""
    factor = 1.0 if case.limit is None else limit_factor(given, case.limit, cuts["exponent"])
    near = {key: cuts[key] * factor for key in ("high", "medium", "low")}
    return Reading(rate, _open_sdg_label(rate, near), note="zero_replaced" if given == 0 else note)


def limit_factor(base: float, limit: float, exponent: float = 4.44) -> float:
    """Factor on the cut points of Open SDG when the base is near a limit."""
    size, edge = abs(base), abs(limit)
    if size >= 2 * edge:
        return 1.0
    part = size / edge if size <= edge else (2 * edge - size) / edge
    return float(1.0 - part**exponent)


def _open_sdg_label(value: float, cuts: Cuts) -> str:
    labels = {"high": "substantial_progress", "medium": "moderate_progress",
              "low": "limited_progress"}  # fmt: skip
    return _grade(value, cuts, labels, "deterioration")


@_rule("extrapolated_share", yearly, high=0.95, low=0.1, near=1.0)
def un_chart(case: Case, cuts: Cuts) -> Reading:
    """UN Progress Chart 2023-24: extrapolated share of the way at the target year."""
    base, value, target = case.points
    note = case.year_note
    ends = target in (0.0, 100.0) and target in (case.lower, case.upper)
    near = ends and abs(value - target) <= cuts["near"]
    rate = growth(value, base, case.elapsed)
    share = None
    if rate is not None:
        left = max(case.target_year - case.year, 0)
        expected = value * math.exp(min(left * math.log1p(rate), 700.0)) if rate > -1 else 0.0
        share = (expected - base) / (target - base)
    if case.is_met or near:
        return Reading(None if case.is_behind else share, "target_met", note=note)
    if case.is_behind or share is None:
        reason = "target_behind_baseline" if case.is_behind else "growth_undefined"
        return Reading(reason=reason, note=note)
    labels = {"high": "on_track", "low": "fair_progress"}
    return Reading(share, _grade(share, cuts, labels, "stagnation_or_regression"), note=note)


@_rule("growth_rate", trend, high=0.02, low=0.005)
def un_chart_trend(case: Case, cuts: Cuts) -> Reading:
    """UN Progress Chart without a numeric target: yearly growth."""
    base, value, _ = case.points
    actual = growth(value, base, case.elapsed)
    if actual is None:
        return Reading(reason="growth_undefined")
    rate = case.sign * actual
    labels = {"high": "substantial_progress", "low": "fair_progress"}
    return Reading(rate, _grade(rate, cuts, labels, "stagnation_or_regression"))


@_rule("current_status_index", forward)
def escap_csi(case: Case, cuts: Cuts) -> Reading:
    """UN ESCAP Current Status Index: 0 to 10, held against elapsed time."""
    # The target lies in the good direction here, so D / |T - b| is 1 / (T - b).
    share, time = case.way
    if case.is_met:
        return Reading(10.0, "target_achieved")
    if share < 0:
        return Reading(float(10 * share), "regressed")
    return Reading(float(10 * share), "on_schedule" if share >= time else "behind_schedule")


@_rule("anticipated_gap", forward, small=0.1, large=1.0, points=3)
def escap_api(case: Case, cuts: Cuts) -> Reading:
    """UN ESCAP Anticipated Progress Index: gap expected at the target year."""
    base, _, target = case.points
    points = case.series
    if len(points) < cuts["points"]:
        return Reading(reason="too_few_points")
    if min(v for _, v in points) <= 0 or target <= 0:
        return Reading(reason="not_positive")
    newest = max(y for y, _ in points)
    weights = [case.weight(newest - y) for y, _ in points]
    level, slope = _line([y - newest for y, _ in points], [math.log(v) for _, v in points], weights)
    expected = math.exp(min(level + slope * (case.target_year - newest), 700.0))
    gap = case.sign * (target - expected) / abs(target - base)
    if gap <= cuts["small"]:
        return Reading(gap, "maintain")
    return Reading(gap, "accelerate" if gap <= cuts["large"] else "reverse")


@_rule("pace_ratio", either_way, high=1.0, medium=0.5, low=0.0, window=5)
def sdsn(case: Case, cuts: Cuts) -> Reading:
    """SDSN arrows: recent yearly change over the yearly change required."""
    base, value, target = case.points
    points = case.series or ((case.base_year, base), (case.year, value))
    recent = [(y, v) for y, v in points if case.year - cuts["window"] <= y <= case.year]
    if len(recent) < 2:
        return Reading(reason="one_point_only")
    first, last = min(recent), max(recent)
    change = (last[1] - first[1]) / (last[0] - first[0])
    ratio = change / ((target - base) / case.length)
    if case.is_met and case.sign * change >= 0:
        return Reading(None if case.is_behind else ratio, "on_track")
    if case.is_behind:
        return Reading(reason="target_behind_baseline")
    labels = {"high": "on_track", "medium": "moderately_improving", "low": "stagnating"}
    return Reading(ratio, _grade(ratio, cuts, labels, "decreasing"))


@_rule("annual_rate_of_reduction", forward)
def unicef_aarr(case: Case, cuts: Cuts) -> Reading:
    """UNICEF average annual rate of reduction against the required one, in percent."""
    base, value, target = case.points
    since = tuple((y, v) for y, v in case.series if y >= case.base_year)
    points = since or ((case.base_year, base), (case.year, value))
    if min(v for _, v in points) <= 0 or base <= 0 or target <= 0:
        return Reading(reason="not_positive")
    if len({y for y, _ in points}) < 2:
        return Reading(reason="one_point_only")
    slope = _line([y for y, _ in points], [math.log(v) for _, v in points], [1.0] * len(points))[1]
    current = 100.0 * (1.0 - math.exp(slope))
    required = 100.0 * (1.0 - (target / base) ** (1.0 / case.length))
    better, wanted = -case.sign * current, -case.sign * required
    if better >= wanted:
        return Reading(current, "rate_sufficient")
    return Reading(current, "rate_too_slow" if better > 0 else "wrong_way")


@_rule("pace_ratio", forward, high=0.9, medium=0.5)
def statdev(case: Case, cuts: Cuts) -> Reading:
    """Philippines StatDev: actual over required linear pace."""
    share, time = case.way
    ratio = float(share / time)
    low = "medium_likelihood" if ratio >= cuts["medium"] else "low_likelihood"
    return Reading(ratio, "high_likelihood" if ratio > cuts["high"] else low)


@_rule("years_ahead", forward)
def time_distance(case: Case, cuts: Cuts) -> Reading:
    """Sicherl time distance: years ahead of (+) or behind (-) the linear path."""
    share, time = case.way
    ahead = float((share - time) * case.length)
    return Reading(ahead, "on_schedule" if ahead >= 0 else "behind_schedule")


def _completion(case: Case) -> str:
    if case.kind != "plan_sum":
        return forward(case)
    if case.value is None or case.target is None:
        return "no_observation"
    return "growth_undefined" if case.target <= 0 or case.elapsed < 1 or case.length < 1 else ""


@_rule("completion_rate", _completion, level=0.8)
def china_completion(case: Case, cuts: Cuts) -> Reading:
    """China's mid-term review: completion rate against elapsed share of time."""
    # The base of a sum over the plan is the zero at its start.
    rate, time = (replace(case, base=0.0) if case.kind == "plan_sum" else case).way
    time = min(time, Fraction(1))
    if case.is_met and rate >= 1:
        return Reading(float(rate), "done_early" if time < 1 else "done")
    slow = "roughly_on_time" if rate >= Fraction(str(cuts["level"])) * time else "lagging"
    return Reading(float(rate), "ahead_of_time" if rate > time else slow)


def _line(x: list[int], y: list[float], w: list[float]) -> tuple[float, float]:
    # Weighted least squares of a straight line: (value at x = 0, slope).
    total = sum(w)
    mx = sum(a * b for a, b in zip(w, x, strict=True)) / total
    my = sum(a * b for a, b in zip(w, y, strict=True)) / total
    sxx = sum(a * (b - mx) ** 2 for a, b in zip(w, x, strict=True))
    sxy = sum(a * (b - mx) * (c - my) for a, b, c in zip(w, x, y, strict=True))
    return my - sxy / sxx * mx, sxy / sxx
