"""Goals: what it means that a number meets a target, decided in one place.

A goal is a comparator and a number. What was published is held against it as it was printed.
A model's value is read at the decimals in which the indicator will be printed, so the values
that meet a goal form one region of unrounded numbers; every question (is it met, is it decided
by limits, how likely is it) is asked of that region.
"""

import math
import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal, InvalidOperation
from functools import cached_property
from typing import Any

from wqa.errors import CatalogError, DataError

RELATIONS = {">=": operator.ge, ">": operator.gt, "<=": operator.le, "<": operator.lt,
             "==": operator.eq}  # fmt: skip
COMPARATORS = tuple(RELATIONS)
Number = float | int | str | Decimal


def to_decimal(value: Number) -> Decimal:
    """Turn a number into the decimal it was written as."""
    try:
        number = value if isinstance(value, Decimal) else Decimal(str(value).strip())
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        raise DataError("value is not a finite number", got=value, expected="a finite number")
    return number


def round_half_up(value: Number, decimals: int | None) -> float:
    """Round one number as official figures are rounded: half away from zero, on decimals."""
    if isinstance(value, float) and math.isinf(value):
        return value
    number = to_decimal(value)
    if decimals is not None:
        number = number.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)
    return float(number) + 0.0  # no negative zero


def total(numbers: Sequence[float]) -> float:
    """Sum of printed figures: decimals, so that 0.1 + 0.2 is 0.3 when held against a target."""
    if any(math.isinf(n) for n in numbers):
        return float(sum(numbers))
    return float(sum((to_decimal(n) for n in numbers), Decimal(0)))


def difference(a: Number, b: Number) -> float:
    """Difference of two printed figures, without binary noise."""
    return float(to_decimal(a) - to_decimal(b)) + 0.0


def good_direction(comparator: str) -> int:
    """Sign of a better value: 1 when higher is better, -1 when lower is."""
    return -1 if comparator in ("<=", "<") else 1


@dataclass(frozen=True)
class Span:
    """What is known of a quantity: all values from `lower` to `upper` are possible."""

    lower: float = -math.inf
    upper: float = math.inf

    def __post_init__(self) -> None:
        """Refuse limits that make no interval."""
        if not self.lower <= self.upper:
            got, expected = (self.lower, self.upper), "lower <= upper, both numbers"
            raise DataError("the limits make no interval", got=got, expected=expected)


@dataclass(frozen=True)
class Goal:
    """A comparator and a number; `decimals` only where a model's values are held against it."""

    comparator: str
    value: float
    decimals: int | None = None

    def __post_init__(self) -> None:
        """Refuse an unknown comparator and a target that is no number."""
        if self.comparator not in RELATIONS:
            expected = f"one of {', '.join(COMPARATORS)}"
            raise CatalogError("unknown comparator", got=self.comparator, expected=expected)
        to_decimal(self.value)

    @cached_property
    def region(self) -> tuple[float, bool, float, bool]:
        """Unrounded values that meet the goal: low, low belongs, high, high belongs."""
        c, value = self.comparator, float(self.value)
        up, down = c in (">=", ">", "=="), c in ("<=", "<", "==")
        if self.decimals is None:
            return (value if up else -math.inf, c != ">", value if down else math.inf, c != "<")
        ticks, half = to_decimal(value).scaleb(self.decimals), Decimal("0.5")
        ceiling = ticks.to_integral_value(ROUND_CEILING)
        floor = ticks.to_integral_value(ROUND_FLOOR)
        if c == "==" and ceiling != floor:
            return math.inf, False, -math.inf, False  # no printable value is equal
        first = floor + 1 if c == ">" else ceiling  # the least and the greatest printed value
        last = ceiling - 1 if c == "<" else floor
        low = float((first - half).scaleb(-self.decimals)) if up else -math.inf
        high = float((last + half).scaleb(-self.decimals)) if down else math.inf
        # Half a tick is rounded away from zero.
        return low, low >= 0 or low == -math.inf, high, high < 0 or high == math.inf

    def met(self, values: Any) -> Any:
        """Whether values (a number or an array) meet the goal."""
        low, closed, high, top = self.region
        above = values >= low if closed else values > low
        return above & (values <= high if top else values < high)

    def decided(self, span: Span) -> bool | None:
        """Answer True or False where all possible values agree, else None."""
        low, closed, high, top = self.region
        if self.met(span.lower) and self.met(span.upper):
            return True
        missed = span.upper < low or (span.upper == low and not closed)
        missed |= span.lower > high or (span.lower == high and not top)
        return False if missed else None

    def probability(self, distribution: Any) -> Any:
        """Probability that the goal is met, per horizon, from `cdf` (<=) and `below` (<)."""
        low, closed, high, top = self.region
        if low > high:
            return 0.0 * distribution.cdf(0.0)
        up_to = distribution.cdf if top else distribution.below
        under = distribution.below if closed else distribution.cdf
        p = up_to(high) if high < math.inf else 1.0
        return p - under(low) if low > -math.inf else p

    def margin(self, value: Number) -> float:
        """Distance to the goal in the good direction; at most 0 for ``==``."""
        distance = difference(value, self.value)
        if self.comparator == "==":
            return -abs(distance) + 0.0
        return good_direction(self.comparator) * distance + 0.0


def decided_every_year(goal: Goal, spans: Mapping[int, Span], years: Sequence[int]) -> bool | None:
    """Decide a goal that binds every year: one miss decides, all years must hold."""
    answers = [goal.decided(spans.get(year, Span())) for year in years]
    if False in answers:
        return False
    return None if None in answers else True
