"""One case for the official labels, and the guards: why a method has no answer for it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from wqa.catalog.targets import holds

Cuts = Mapping[str, float]


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
    def points(self) -> tuple[float, float, float]:
        """Base, value and target for a rule whose guard has seen that it has them."""
        base, value, target = (
            math.nan if x is None else x for x in (self.base, self.value, self.target)
        )
        return base, value, target

    @property
    def way(self) -> tuple[Fraction, Fraction]:
        """Shares of the way and of the time that lie behind.

        Exact: 98.2 on the way from 98 to 98.5 after two of five years is on schedule, which
        binary floats would call ahead.
        """
        base, value, target = (Fraction(str(x)) for x in self.points)
        return (value - base) / (target - base), Fraction(self.elapsed, self.length)

    @property
    def year_note(self) -> str:
        """Note for a target of every year, of which two points see the newest year only."""
        return "latest_year_only" if self.kind == "every_year" else ""

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
    """Value of a method's statistic and its label; no label comes with a reason."""

    value: float | None = None
    label: str | None = None
    reason: str = ""
    note: str = ""
    statistic: str = ""


def _given(case: Case, *, target: bool = True) -> str:
    """Reason why a figure that the method needs is not there."""
    if case.value is None:
        return "no_observation"
    if case.base is None:
        return "no_baseline"
    return "no_target" if target and case.target is None else ""


def _years(case: Case, *, target: bool = True) -> str:
    """Reason why the years make no rate."""
    if case.elapsed < 1:
        return "one_point_only"
    return "no_time_left" if target and case.length < 1 else ""


def _shape(case: Case, *, yearly: bool = False) -> str:
    """Reason why a ratio toward the end-year level is the wrong quantity."""
    if case.kind in ("plan_sum", "compound", "relative") or (
        case.kind == "every_year" and not yearly
    ):
        return f"{case.kind}_target"
    return ""


def two_points(case: Case) -> str:
    """Reason why two points and a target give no answer."""
    return _shape(case) or _given(case) or _years(case)


def yearly(case: Case) -> str:
    """Like `either_way`, for methods that also answer for a target of every year."""
    return _shape(case, yearly=True) or _given(case) or _years(case) or _apart(case)


def trend(case: Case) -> str:
    """Reason why two points without a target give no answer."""
    return _shape(case, yearly=True) or _given(case, target=False) or _years(case, target=False)


def _apart(case: Case) -> str:
    return "baseline_at_target" if case.base == case.target else ""


def either_way(case: Case) -> str:
    """Reason why there is no way from base to target, up or down."""
    return two_points(case) or _apart(case)


def no_years(case: Case) -> str:
    """Reason why a figure is missing, whatever the years."""
    return _shape(case, yearly=True) or _given(case)


def forward(case: Case) -> str:
    """Reason why progress from base to target cannot be a ratio."""
    return either_way(case) or ("target_behind_baseline" if case.is_behind else "")
