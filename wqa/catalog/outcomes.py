"""Scoped statistic and outcome of a target.

Each plan year is an interval of values that the evidence allows. The outcome
is decided as soon as every allowed value gives the same answer.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from wqa.catalog.targets import (
    SCOPES,
    UNKNOWN,
    Known,
    decide,
    good_direction,
    plan_years,
    round_published,
    to_decimal,
)
from wqa.errors import CatalogError


@dataclass(frozen=True)
class Statistic:
    """The scoped statistic of a target: the quantity that must satisfy it.

    `value` is None when no year of the scope is known; `lower` and `upper`
    bound the final statistic given what is known and what may still come.
    """

    scope: str
    value: float | None
    lower: float
    upper: float
    years: tuple[int, ...]
    years_known: tuple[int, ...]
    is_complete: bool


@dataclass(frozen=True)
class Outcome:
    """Whether the target's outcome is decided.

    `state` is ``attained`` or ``not_attained`` (every figure of the scope is
    published, or a limit decides it), ``impossible`` (decided against before
    the scope is complete) or ``open``. `is_early` marks a decision reached
    before the scope is complete.
    """

    state: str
    is_early: bool
    statistic: Statistic


def scoped_statistic(
    known: Mapping[int, Known],
    *,
    scope: str,
    comparator: str,
    target: float,
    start_year: int,
    year: int,
    decimals: int | None = None,
    floor: float = -math.inf,
    ceiling: float = math.inf,
    is_cumulative: bool = False,
) -> Statistic:
    """Compute the quantity that must satisfy the target, with its limits.

    Parameters
    ----------
    known : mapping of int to Known
        What is known per year; years outside the plan are ignored, but for a
        cumulative stock every earlier year is a floor.
    scope : {'end_year', 'every_year', 'plan_sum', 'end_stock'}
        Scope of evaluation. The statistic is the value of the target year;
        the worst yearly value; the sum over the plan; the stock at the end.
    comparator, target, decimals
        Relation, number and published decimals of the target.
    start_year, year : int
        First year of the plan and target year.
    floor, ceiling : float, optional
        Smallest and largest possible yearly value, for years not yet known.
    is_cumulative : bool, optional
        Whether the stock never falls, so that an earlier value bounds it.

    Returns
    -------
    Statistic
        Value so far, final limits, years wanted and known.

    Raises
    ------
    CatalogError
        If scope or comparator are unknown, or the years are out of order.
    """
    years = plan_years(start_year, year)
    if scope in ("end_year", "end_stock"):
        years = (year,)
    elif scope not in SCOPES:
        raise CatalogError("unknown scope", got=scope, expected=f"one of {', '.join(SCOPES)}")
    free = Known(floor, ceiling)
    seen = {y: k for y, k in known.items() if y in years and k != UNKNOWN}
    exact = tuple(y for y in years if y in seen and seen[y].is_exact)
    spans = [_rounded(seen.get(y, free), decimals) for y in years]
    points = [_rounded(seen[y], decimals).lower for y in exact]
    if scope in ("end_year", "end_stock"):
        low, high = spans[0].lower, spans[0].upper
        if is_cumulative and year not in exact:
            earlier = [_rounded(k, decimals).lower for y, k in known.items() if y <= year]
            low = max([low, *earlier])
            high = max(high, low)
        value = points[0] if points else None
    elif scope == "plan_sum":
        low, high = _total([s.lower for s in spans]), _total([s.upper for s in spans])
        value = _total(points) if points else None
    else:
        worst = max if good_direction(comparator) < 0 else min
        if comparator == "==":
            # All years must equal the target: the worst is the farthest one.
            far = max(spans, key=lambda s: max(abs(s.lower - target), abs(s.upper - target)))
            low, high = far.lower, far.upper
            value = max(points, key=lambda p: abs(p - target)) if points else None
        else:
            low, high = worst(s.lower for s in spans), worst(s.upper for s in spans)
            value = worst(points) if points else None
    return Statistic(scope, value, low, high, years, exact, len(exact) == len(years))


def _rounded(span: Known, decimals: int | None) -> Known:
    # Rounding is monotone, so the rounded limits are the limits of the rounded value.
    return Known(round_published(span.lower, decimals), round_published(span.upper, decimals))


def _total(numbers: list[float]) -> float:
    # Published flows are decimals: 0.1 + 0.2 must be 0.3 when held against a target.
    if any(math.isinf(n) for n in numbers):
        return sum(numbers)
    return float(sum((to_decimal(n) for n in numbers), Decimal(0)))


def outcome(
    known: Mapping[int, Known],
    *,
    scope: str,
    comparator: str,
    target: float,
    start_year: int,
    year: int,
    decimals: int | None = None,
    floor: float = -math.inf,
    ceiling: float = math.inf,
    is_cumulative: bool = False,
) -> Outcome:
    """Decide whether the outcome of a target is known, and how.

    Parameters
    ----------
    known, scope, comparator, target, start_year, year, decimals, floor, ceiling, is_cumulative
        As in :func:`scoped_statistic`.

    Returns
    -------
    Outcome
        State, whether it was reached early, and the statistic.
    """
    statistic = scoped_statistic(
        known,
        scope=scope,
        comparator=comparator,
        target=target,
        start_year=start_year,
        year=year,
        decimals=decimals,
        floor=floor,
        ceiling=ceiling,
        is_cumulative=is_cumulative,
    )
    span = Known(statistic.lower, statistic.upper)
    if scope == "every_year" and comparator == "==":
        answer = _all_equal(known, statistic.years, target, decimals)
    else:
        answer = decide(span, comparator, target)
    if answer is None:
        return Outcome("open", False, statistic)
    is_early = not statistic.is_complete
    if answer:
        return Outcome("attained", is_early, statistic)
    last_known = year in known and known[year] != UNKNOWN
    state = "not_attained" if not is_early or last_known else "impossible"
    return Outcome(state, is_early, statistic)


def _all_equal(
    known: Mapping[int, Known], years: tuple[int, ...], target: float, decimals: int | None
) -> bool | None:
    answers = [decide(_rounded(known.get(y, UNKNOWN), decimals), "==", target) for y in years]
    if False in answers:
        return False
    return None if None in answers else True
