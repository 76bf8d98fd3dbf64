"""Rules of the official progress labels that compare paces, gaps or time.

The counterpart of ``labelrules``: methods that walk a straight line from the
baseline to the target, or fit a line through all years.
"""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction

from wqa.assessment.labelrules import Case, Cuts, Reading, distance, shape, two_points


def _way(case: Case) -> tuple[Fraction, Fraction]:
    # Shares of the way and of the time, exact: 98.2 on the way from 98 to 98.5 after two
    # of five years is on schedule, which binary floats would call ahead.
    base, value, target = (Fraction(str(x)) for x in (case.base, case.value, case.target))
    return (value - base) / (target - base), Fraction(case.elapsed, case.length)


def escap_csi(case: Case, cuts: Cuts) -> Reading:
    """UN ESCAP Current Status Index: 0 to 10, held against elapsed time."""
    name = "current_status_index"
    reason = shape(case) or two_points(case) or distance(case)
    if reason:
        return Reading(name, None, None, reason)
    # The target lies in the good direction here, so D / |T - b| is 1 / (T - b).
    share, time = _way(case)
    if case.is_met:
        return Reading(name, 10.0, "target_achieved")
    if share < 0:
        return Reading(name, float(10 * share), "regressed")
    label = "on_schedule" if share >= time else "behind_schedule"
    return Reading(name, float(10 * share), label)


def escap_api(case: Case, cuts: Cuts) -> Reading:
    """UN ESCAP Anticipated Progress Index: gap expected at the target year."""
    name = "anticipated_gap"
    reason = shape(case) or two_points(case) or distance(case)
    points = case.series
    if not reason and len(points) < cuts["points"]:
        reason = "too_few_points"
    if not reason and (min(v for _, v in points) <= 0 or (case.target or 0) <= 0):
        reason = "not_positive"
    if reason:
        return Reading(name, None, None, reason)
    assert case.base is not None and case.target is not None
    newest = max(y for y, _ in points)
    weights = [case.weight(newest - y) for y, _ in points]
    level, slope = _line([y - newest for y, _ in points], [math.log(v) for _, v in points], weights)
    expected = math.exp(min(level + slope * (case.target_year - newest), 700.0))
    gap = case.sign * (case.target - expected) / abs(case.target - case.base)
    if gap <= cuts["small"]:
        return Reading(name, gap, "maintain")
    return Reading(name, gap, "accelerate" if gap <= cuts["large"] else "reverse")


def sdsn(case: Case, cuts: Cuts) -> Reading:
    """SDSN arrows: recent yearly change over the yearly change required."""
    name = "pace_ratio"
    reason = shape(case) or two_points(case)
    if not reason and case.base == case.target:
        reason = "baseline_at_target"
    if reason:
        return Reading(name, None, None, reason)
    assert case.base is not None and case.value is not None and case.target is not None
    points = case.series or ((case.base_year, case.base), (case.year, case.value))
    recent = [(y, v) for y, v in points if case.year - cuts["window"] <= y <= case.year]
    if len(recent) < 2:
        return Reading(name, None, None, "one_point_only")
    first, last = min(recent), max(recent)
    change = (last[1] - first[1]) / (last[0] - first[0])
    ratio = change / ((case.target - case.base) / case.length)
    if case.is_met and case.sign * change >= 0:
        return Reading(name, None if case.is_behind else ratio, "on_track")
    if case.is_behind:
        return Reading(name, None, None, "target_behind_baseline")
    if ratio >= cuts["high"]:
        label = "on_track"
    elif ratio >= cuts["medium"]:
        label = "moderately_improving"
    else:
        label = "stagnating" if ratio >= cuts["low"] else "decreasing"
    return Reading(name, ratio, label)


def unicef_aarr(case: Case, cuts: Cuts) -> Reading:
    """UNICEF average annual rate of reduction against the required one, in percent."""
    name = "annual_rate_of_reduction"
    reason = shape(case) or two_points(case) or distance(case)
    if reason:
        return Reading(name, None, None, reason)
    assert case.base is not None and case.value is not None and case.target is not None
    since = tuple((y, v) for y, v in case.series if y >= case.base_year)
    points = since or ((case.base_year, case.base), (case.year, case.value))
    if min(v for _, v in points) <= 0 or case.base <= 0 or case.target <= 0:
        return Reading(name, None, None, "not_positive")
    if len({y for y, _ in points}) < 2:
        return Reading(name, None, None, "one_point_only")
    slope = _line([y for y, _ in points], [math.log(v) for _, v in points], [1.0] * len(points))[1]
    current = 100.0 * (1.0 - math.exp(slope))
    required = 100.0 * (1.0 - (case.target / case.base) ** (1.0 / case.length))
    better, wanted = -case.sign * current, -case.sign * required
    if better >= wanted:
        return Reading(name, current, "rate_sufficient")
    return Reading(name, current, "rate_too_slow" if better > 0 else "wrong_way")


def statdev(case: Case, cuts: Cuts) -> Reading:
    """Philippines StatDev: actual over required linear pace."""
    name = "pace_ratio"
    reason = shape(case) or two_points(case) or distance(case)
    if reason:
        return Reading(name, None, None, reason)
    share, time = _way(case)
    ratio = float(share / time)
    if ratio > cuts["high"]:
        label = "high_likelihood"
    else:
        label = "medium_likelihood" if ratio >= cuts["medium"] else "low_likelihood"
    return Reading(name, ratio, label)


def time_distance(case: Case, cuts: Cuts) -> Reading:
    """Sicherl time distance: years ahead of (+) or behind (-) the linear path."""
    name = "years_ahead"
    reason = shape(case) or two_points(case) or distance(case)
    if reason:
        return Reading(name, None, None, reason)
    share, time = _way(case)
    ahead = float((share - time) * case.length)
    return Reading(name, ahead, "on_schedule" if ahead >= 0 else "behind_schedule")


def china_completion(case: Case, cuts: Cuts) -> Reading:
    """China's mid-term review: completion rate against elapsed share of time."""
    name = "completion_rate"
    wrong = shape(case)
    if wrong and wrong != "plan_sum_target":
        return Reading(name, None, None, wrong)
    if case.kind == "plan_sum":
        # The base of a sum over the plan is the zero at its start.
        if case.value is None or case.target is None:
            return Reading(name, None, None, "no_observation")
        if case.target <= 0 or case.elapsed < 1 or case.length < 1:
            return Reading(name, None, None, "growth_undefined")
        rate, time = _way(replace(case, base=0.0))
    else:
        reason = two_points(case) or distance(case)
        if reason:
            return Reading(name, None, None, reason)
        rate, time = _way(case)
    time = min(time, Fraction(1))
    if case.is_met and rate >= 1:
        return Reading(name, float(rate), "done_early" if time < 1 else "done")
    if rate > time:
        label = "ahead_of_time"
    else:
        label = "roughly_on_time" if rate >= Fraction(str(cuts["level"])) * time else "lagging"
    return Reading(name, float(rate), label)


def _line(x: list[int], y: list[float], w: list[float]) -> tuple[float, float]:
    # Weighted least squares of a straight line: (value at x = 0, slope).
    total = sum(w)
    mx = sum(a * b for a, b in zip(w, x, strict=True)) / total
    my = sum(a * b for a, b in zip(w, y, strict=True)) / total
    sxx = sum(a * (b - mx) ** 2 for a, b in zip(w, x, strict=True))
    sxy = sum(a * (b - mx) * (c - my) for a, b, c in zip(w, x, y, strict=True))
    return my - sxy / sxx * mx, sxy / sxx
