"""Target algebra: what it means that a target is met, as pure functions.

A target speaks about a published figure, so every comparison is made on the
rounded value as a gazette would print it. Each year of the plan is an interval
of values that the evidence allows: one point when the figure is known, a half
line when only a limit is known, everything when nothing is known. A target is
decided as soon as every allowed value gives the same answer, which covers early
attainment of a sum, a breached floor and a lower bound above the target with one rule.
"""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from wqa.errors import CatalogError, DataError

RELATIONS = {">=": operator.ge, ">": operator.gt, "<=": operator.le, "<": operator.lt,
             "==": operator.eq}  # fmt: skip
COMPARATORS = tuple(RELATIONS)
KINDS = ("gap", "hold", "bound", "plan_sum", "every_year", "compound", "relative", "monotone")
SCOPES = ("end_year", "every_year", "plan_sum", "end_stock")
Number = float | int | str | Decimal


@dataclass(frozen=True)
class Known:
    """What is known about one year: a value, or a limit on one side.

    Parameters
    ----------
    lower, upper : float
        Smallest and largest value that the evidence allows; equal for a
        published figure, infinite on the open side of a limit.
    """

    lower: float
    upper: float

    def __post_init__(self) -> None:
        """Refuse limits that make no interval."""
        if math.isnan(self.lower) or math.isnan(self.upper) or self.lower > self.upper:
            raise DataError(
                "the limits of a year's value make no interval",
                got=(self.lower, self.upper),
                expected="lower <= upper, both numbers",
            )

    @property
    def is_exact(self) -> bool:
        """Whether the value itself is known."""
        return self.lower == self.upper


UNKNOWN = Known(-math.inf, math.inf)


@dataclass(frozen=True)
class Comparison:
    """A published value held against a target.

    `margin` is the distance to the target in the good direction, in the unit
    of the target, negative when the target is missed.
    """

    published: float
    met: bool
    margin: float


def to_decimal(value: Number) -> Decimal:
    """Turn a number into the decimal it was written as.

    Binary floats cannot hold 98.45; the shortest decimal that prints the same
    float is what the source printed, so rounding works on that.

    Parameters
    ----------
    value : float, int, str or decimal.Decimal
        A finite number.

    Returns
    -------
    decimal.Decimal
        The written number.

    Raises
    ------
    DataError
        If the value is no finite number.
    """
    try:
        number = value if isinstance(value, Decimal) else Decimal(str(value).strip())
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        raise DataError("value is not a finite number", got=value, expected="a finite number")
    return number


def round_published(value: Number, decimals: int | None) -> float:
    """Round as official figures are rounded: half away from zero, on decimals.

    Parameters
    ----------
    value : float, int, str or decimal.Decimal
        Value in the unit of the indicator.
    decimals : int or None
        Decimals of the published figure; None keeps the value.

    Returns
    -------
    float
        The value as it would be printed; infinities stay as they are.

    Raises
    ------
    DataError
        If the value is not a number.
    """
    if isinstance(value, float) and math.isinf(value):
        return value
    number = to_decimal(value)
    if decimals is None:
        return float(number)
    with_places = number.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)
    return float(with_places) + 0.0  # no negative zero


def holds(value: float, comparator: str, target: float) -> bool:
    """Whether ``value comparator target`` is true.

    Parameters
    ----------
    value, target : float
        Numbers in one unit.
    comparator : {'>=', '>', '<=', '<', '=='}
        Relation that must hold.

    Returns
    -------
    bool
        The truth of the relation.

    Raises
    ------
    CatalogError
        If the comparator is not one of the five.
    """
    if comparator in RELATIONS:
        return bool(RELATIONS[comparator](value, target))
    raise CatalogError(
        "unknown comparator", got=comparator, expected=f"one of {', '.join(COMPARATORS)}"
    )


def good_direction(comparator: str, direction: str = "none") -> int:
    """Sign of a better value: 1 when higher is better, -1 when lower is.

    Parameters
    ----------
    comparator : {'>=', '>', '<=', '<', '=='}
        Comparator of the target.
    direction : {'higher_better', 'lower_better', 'none'}
        Direction of the indicator; decides only for ``==``.

    Returns
    -------
    int
        1 or -1.
    """
    holds(0.0, comparator, 0.0)
    if comparator in ("<=", "<"):
        return -1
    return -1 if comparator == "==" and direction == "lower_better" else 1


def compare(
    value: Number,
    comparator: str,
    target: Number,
    decimals: int | None = None,
    *,
    direction: str = "none",
) -> Comparison:
    """Hold a value against a target, rounded as published.

    Parameters
    ----------
    value, target : float, int, str or decimal.Decimal
        Numbers in one unit.
    comparator : {'>=', '>', '<=', '<', '=='}
        Relation that must hold.
    decimals : int, optional
        Decimals of the published figure; None compares unrounded values.
    direction : str, optional
        Direction of the indicator, used for the sign of the margin of ``==``.

    Returns
    -------
    Comparison
        Answer and margin of the rounded value.
    """
    goal = to_decimal(target)
    rounded = to_decimal(round_published(to_decimal(value), decimals))
    distance = float(rounded - goal)
    return Comparison(
        published=float(rounded),
        met=holds(float(rounded), comparator, float(goal)),
        margin=-abs(distance)
        if comparator == "=="
        else good_direction(comparator, direction) * distance + 0.0,
    )


def plan_years(start_year: int, year: int) -> tuple[int, ...]:
    """Years of the plan up to the target year, both included.

    Parameters
    ----------
    start_year, year : int
        First year and target year.

    Returns
    -------
    tuple of int
        Ascending years.

    Raises
    ------
    CatalogError
        If the target year lies before the first year.
    """
    if year < start_year:
        raise CatalogError(
            "the target year lies before the plan starts",
            got=year,
            expected=f"a year from {start_year} on",
        )
    return tuple(range(start_year, year + 1))


def decide(span: Known, comparator: str, target: float) -> bool | None:
    """Decide a relation for every value an interval allows.

    Parameters
    ----------
    span : Known
        Allowed values.
    comparator : {'>=', '>', '<=', '<', '=='}
        Relation that must hold.
    target : float
        Right-hand side.

    Returns
    -------
    bool or None
        True or False when all allowed values agree, else None.
    """
    if comparator == "==":
        if span.is_exact:
            return span.lower == target
        return False if span.upper < target or span.lower > target else None
    answers = {holds(span.lower, comparator, target), holds(span.upper, comparator, target)}
    return answers.pop() if len(answers) == 1 else None


def check_target(target: Any, *, lower: float | None = None, upper: float | None = None) -> None:
    """Refuse a target that makes no sense.

    Parameters
    ----------
    target : wqa.catalog.catalog.Target
        Target with kind, comparator, value, scope, start_year, year, decimals.
    lower, upper : float, optional
        Natural bounds of the indicator.

    Raises
    ------
    CatalogError
        If a field is unknown, missing, or can never be satisfied.
    """
    name = str(getattr(target, "id", "target"))
    for field, allowed in (("kind", KINDS), ("comparator", COMPARATORS), ("scope", SCOPES)):
        got = getattr(target, field)
        if got not in allowed:
            raise CatalogError(
                f"unknown {field}", where=name, got=got, expected=f"one of {', '.join(allowed)}"
            )
    plan_years(target.start_year, target.year)
    if target.value is None:
        if target.kind not in ("relative", "compound"):
            raise CatalogError(
                "target has no value", where=name, expected="a number", fix="Add `value`."
            )
        return
    goal = float(to_decimal(target.value))
    if target.scope == "plan_sum" or target.kind == "relative":
        return
    low, high = (-math.inf if lower is None else lower), (math.inf if upper is None else upper)
    beyond = (target.comparator == ">" and goal >= high) or (
        target.comparator == "<" and goal <= low
    )
    if not low <= goal <= high or beyond:
        raise CatalogError(
            "no possible value satisfies the target",
            where=name,
            got=f"{target.comparator} {goal:g}",
            expected=f"a number within {low:g} and {high:g} that can be reached",
            fix="Correct the value, the comparator or the bounds of the indicator.",
        )
