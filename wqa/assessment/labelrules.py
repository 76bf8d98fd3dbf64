"""Rules of the official progress labels that compare growth rates.

Each rule gets a :class:`Case` and returns a :class:`Reading`: the method's own
statistic and label code, or no label with a reason code where the method has
no answer. Nothing here is ours: conventions that differ between methods (path,
window, cut points) are kept as their publishers state them. Cut points are
data (`THRESHOLDS`), so that a national variant is a parameter, not a fork.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from wqa.plans.targets import holds

Cuts = Mapping[str, float]

THRESHOLDS: dict[str, dict[str, float]] = {
    "eurostat_target": {"high": 0.95, "medium": 0.60, "low": 0.0},
    "eurostat_trend": {"high": 0.01, "zero": 0.0, "low": -0.01},
    "open_sdg": {"high": 0.95, "medium": 0.60, "low": 0.0},
    "open_sdg_trend": {"high": 0.015, "medium": 0.005, "low": 0.0, "exponent": 4.44},
    "un_chart": {"high": 0.95, "low": 0.10, "near": 1.0},
    "un_chart_trend": {"high": 0.02, "low": 0.005},
    "escap_csi": {},
    "escap_api": {"small": 0.10, "large": 1.0, "points": 3},
    "sdsn": {"high": 1.0, "medium": 0.5, "low": 0.0, "window": 5},
    "unicef_aarr": {},
    "statdev": {"high": 0.9, "medium": 0.5},
    "time_distance": {},
    "china_completion": {"level": 0.8},
}
SMALL = 0.001  # sdg-build puts this for a base or target of zero


@dataclass(frozen=True)
class Case:
    """Two points, a target and its year; `sign` is 1 when higher is better."""

    base: float | None
    base_year: int
    value: float | None
    year: int
    target: float | None
    target_year: int
    sign: int
    comparator: str
    lower: float | None = None
    upper: float | None = None
    series: tuple[tuple[int, float], ...] = ()
    kind: str = "gap"
    limit: float | None = None
    weight: Callable[[int], float] = field(default=lambda age: 1.0 / (1.0 + age))

    @property
    def elapsed(self) -> int:
        """Years from the base year to the newest value."""
        return self.year - self.base_year

    @property
    def length(self) -> int:
        """Years from the base year to the target year."""
        return self.target_year - self.base_year

    @property
    def is_met(self) -> bool:
        """Whether the newest value satisfies the target."""
        if self.value is None or self.target is None:
            return False
        return holds(self.value, self.comparator, self.target)

    @property
    def is_behind(self) -> bool:
        """Whether the target asks for less than the baseline already gave."""
        if self.base is None or self.target is None:
            return False
        return (self.target - self.base) * self.sign < 0


@dataclass(frozen=True)
class Reading:
    """Statistic and label of one method; `label` None comes with a reason."""

    statistic: str
    value: float | None
    label: str | None
    reason: str = ""
    note: str = ""


def growth(end: float, start: float, years: int) -> float | None:
    """Compound yearly growth rate; None where it is not a real number."""
    if start == 0 or years < 1:
        return None
    ratio = end / start
    return None if ratio < 0 else float(ratio ** (1.0 / years) - 1.0)


def two_points(case: Case, *, needs_target: bool = True) -> str:
    """Reason why the two-point methods have no answer, or an empty string."""
    if case.value is None:
        return "no_observation"
    if case.base is None:
        return "no_baseline"
    if needs_target and case.target is None:
        return "no_target"
    if case.elapsed < 1:
        return "one_point_only"
    return "no_time_left" if needs_target and case.length < 1 else ""


def shape(case: Case, *, every_year: bool = False) -> str:
    """Reason why a ratio toward the end-year level is the wrong quantity."""
    wrong = {
        "plan_sum": "plan_sum_target",
        "compound": "compound_target",
        "relative": "relative_target",
    }
    if case.kind in wrong:
        return wrong[case.kind]
    return "every_year_target" if case.kind == "every_year" and not every_year else ""


def distance(case: Case) -> str:
    """Reason why progress from base to target cannot be a ratio."""
    if case.base == case.target:
        return "baseline_at_target"
    return "target_behind_baseline" if case.is_behind else ""


def eurostat_target(case: Case, cuts: Cuts) -> Reading:
    """Eurostat, with target: observed over required growth rate."""
    name = "growth_ratio"
    reason = shape(case, every_year=True) or two_points(case)
    if not reason and case.base == case.target:
        reason = "baseline_at_target"
    if reason:
        return Reading(name, None, None, reason)
    assert case.base is not None and case.value is not None and case.target is not None
    actual = growth(case.value, case.base, case.elapsed)
    required = growth(case.target, case.base, case.length)
    note = "latest_year_only" if case.kind == "every_year" else ""
    if actual is None or not required:
        return Reading(name, None, None, "growth_undefined", note)
    ratio = case.sign * actual / abs(required)
    if case.is_met:
        return Reading(name, ratio, "target_met", note=note)
    if ratio >= cuts["high"]:
        label = "significant_progress"
    elif ratio >= cuts["medium"]:
        label = "moderate_progress"
    else:
        label = "insufficient_progress" if ratio >= cuts["low"] else "movement_away"
    return Reading(name, ratio, label, note=note)


def eurostat_trend(case: Case, cuts: Cuts) -> Reading:
    """Eurostat, without target: yearly growth in the desired direction."""
    name = "growth_rate"
    reason = shape(case, every_year=True) or two_points(case, needs_target=False)
    if reason:
        return Reading(name, None, None, reason)
    assert case.base is not None and case.value is not None
    actual = growth(case.value, case.base, case.elapsed)
    if actual is None:
        return Reading(name, None, None, "growth_undefined")
    rate = case.sign * actual
    if rate >= cuts["high"]:
        label = "significant_progress"
    elif rate >= cuts["zero"]:
        label = "moderate_progress"
    else:
        label = "moderate_away" if rate > cuts["low"] else "significant_away"
    near = case.upper is not None and case.sign > 0 and case.base > 0.9 * case.upper
    return Reading(name, rate, label, note="percent_near_bound" if near else "")


def open_sdg(case: Case, cuts: Cuts) -> Reading:
    """Statistics Canada / Open SDG: target first, then the growth ratio."""
    name = "growth_ratio"
    reason = shape(case, every_year=True)
    if not reason and case.value is None:
        reason = "no_observation"
    if not reason and case.base is None:
        reason = "no_baseline"
    if not reason and case.target is None:
        reason = "no_target"
    if reason:
        return Reading(name, None, None, reason)
    assert case.base is not None and case.value is not None and case.target is not None
    target = case.target or SMALL
    base = case.base or SMALL
    achieved = case.value >= target if case.sign > 0 else case.value <= target
    note = "zero_replaced" if 0 in (case.target, case.base) else ""
    note = note or ("latest_year_only" if case.kind == "every_year" else "")
    label = "target_achieved" if achieved else None
    if base * case.value < 0 or case.elapsed < 1:
        reason = "one_point_only" if case.elapsed < 1 else "signs_differ"
        return Reading(name, None, label, reason, note)
    if case.length < 1:
        return Reading(name, None, None, "no_time_left", note)
    actual = growth(case.value, base, case.elapsed)
    required = growth(target, base, case.length)
    if actual is None or required is None:
        return Reading(name, None, label, "signs_differ", note)
    way = (-1 if case.base < 0 else 1) * case.sign * actual
    if required == 0:
        # sdg-build divides by zero here: an infinite ratio still gets a label.
        label = label or ("deterioration" if way < 0 else "substantial_progress")
        return Reading(name, None, label, "baseline_at_target", note)
    ratio = way / abs(required)
    return Reading(name, ratio, label or _open_sdg_label(ratio, cuts), note=note)


def open_sdg_trend(case: Case, cuts: Cuts) -> Reading:
    """Statistics Canada / Open SDG without target; cuts shrink near a limit."""
    name = "growth_rate"
    reason = shape(case, every_year=True) or two_points(case, needs_target=False)
    if reason:
        return Reading(name, None, None, reason)
    assert case.base is not None and case.value is not None
    base = case.base or SMALL
    actual = None if base * case.value < 0 else growth(case.value, base, case.elapsed)
    if actual is None:
        return Reading(name, None, None, "signs_differ")
    rate = (-1 if case.base < 0 else 1) * case.sign * actual
    factor = 1.0
    if case.limit is not None:
        factor = limit_factor(case.base, case.limit, cuts["exponent"])
    near = {key: cuts[key] * factor for key in ("high", "medium", "low")}
    note = "limit_applied" if case.limit is not None else ""
    note = "zero_replaced" if case.base == 0 else note
    return Reading(name, rate, _open_sdg_label(rate, near), note=note)


def limit_factor(base: float, limit: float, exponent: float = 4.44) -> float:
    """Factor on the cut points of Open SDG when the base is near a limit."""
    size, edge = abs(base), abs(limit)
    if size >= 2 * edge:
        return 1.0
    part = size / edge if size <= edge else (2 * edge - size) / edge
    return float(1.0 - part**exponent)


def _open_sdg_label(value: float, cuts: Cuts) -> str:
    if value >= cuts["high"]:
        return "substantial_progress"
    if value >= cuts["medium"]:
        return "moderate_progress"
    return "limited_progress" if value >= cuts["low"] else "deterioration"


def un_chart(case: Case, cuts: Cuts) -> Reading:
    """UN Progress Chart 2023-24: extrapolated share of the way at the target year."""
    name = "extrapolated_share"
    reason = shape(case, every_year=True) or two_points(case)
    if not reason and case.base == case.target:
        reason = "baseline_at_target"
    if reason:
        return Reading(name, None, None, reason)
    assert case.base is not None and case.value is not None and case.target is not None
    note = "latest_year_only" if case.kind == "every_year" else ""
    ends = case.target in (0.0, 100.0) and case.target in (case.lower, case.upper)
    near = ends and abs(case.value - case.target) <= cuts["near"]
    rate = growth(case.value, case.base, case.elapsed)
    share = None
    if rate is not None:
        left = max(case.target_year - case.year, 0)
        expected = case.value * math.exp(min(left * math.log1p(rate), 700.0)) if rate > -1 else 0.0
        share = (expected - case.base) / (case.target - case.base)
    if case.is_met or near:
        return Reading(name, None if case.is_behind else share, "target_met", note=note)
    if case.is_behind:
        return Reading(name, None, None, "target_behind_baseline", note)
    if share is None:
        return Reading(name, None, None, "growth_undefined", note)
    if share >= cuts["high"]:
        label = "on_track"
    else:
        label = "fair_progress" if share >= cuts["low"] else "stagnation_or_regression"
    return Reading(name, share, label, note=note)


def un_chart_trend(case: Case, cuts: Cuts) -> Reading:
    """UN Progress Chart without a numeric target: yearly growth."""
    name = "growth_rate"
    reason = shape(case, every_year=True) or two_points(case, needs_target=False)
    if reason:
        return Reading(name, None, None, reason)
    assert case.base is not None and case.value is not None
    actual = growth(case.value, case.base, case.elapsed)
    if actual is None:
        return Reading(name, None, None, "growth_undefined")
    rate = case.sign * actual
    if rate >= cuts["high"]:
        label = "substantial_progress"
    else:
        label = "fair_progress" if rate >= cuts["low"] else "stagnation_or_regression"
    return Reading(name, rate, label)
