"""How far a target has come, only where the question has an answer.

A floor below the baseline, a value at its bound, a sum over five years and a
gap between two levels need different numbers. Each kind has its own reading
here; a reading that would be undefined is None with a reason code, never a
division by zero or a reversed sign.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from wqa.catalog.outcomes import Statistic
from wqa.catalog.targets import (
    KINDS,
    Known,
    compare,
    good_direction,
    holds,
    round_published,
    to_decimal,
)
from wqa.errors import CatalogError, DataError

CONFIDENCE_TAIL = 0.05  # one-sided level of the bound for "all of n passed"


@dataclass(frozen=True)
class Progress:
    """The reading of progress that fits the kind of the target.

    `value` is a share (0 to 1 and beyond) for gap, plan_sum and every_year,
    else None. `margin` is the distance to the target in the good direction.
    `pace` compares the yearly rate so far with the required one. `successes`
    of `trials` and `lower_bound` (a share) serve ``every_year`` and ``bound``.
    `reason` says why `value` is None.
    """

    kind: str
    value: float | None = None
    margin: float | None = None
    margin_se: float | None = None
    pace: float | None = None
    successes: int | None = None
    trials: int | None = None
    lower_bound: float | None = None
    difference: float | None = None
    reason: str = ""


def progress_of(
    kind: str,
    *,
    comparator: str,
    target: float,
    value: float | None = None,
    baseline: float | None = None,
    baseline_status: str = "missing",
    decimals: int | None = None,
    direction: str = "none",
    statistic: Statistic | None = None,
    known: Mapping[int, Known] | None = None,
    trials: int | None = None,
    successes: int | None = None,
    reference: float | None = None,
    conditions: Sequence[str] = (),
    is_percent: bool = False,
) -> Progress:
    """Read progress as the kind of the target allows.

    Parameters
    ----------
    kind : str
        Kind of the target, one of ``wqa.catalog.targets.KINDS``.
    comparator, target, decimals, direction
        Relation, number, published decimals, direction of the indicator.
    value : float, optional
        Newest published value.
    baseline, baseline_status
        Baseline and its status; only ``measured`` starts a gap.
    statistic : Statistic, optional
        Scoped statistic, for sums over the plan.
    known : mapping of int to Known, optional
        What is known per year, for yearly compliance.
    trials, successes : int, optional
        Sample behind `value`, for its standard error and the bound.
    reference : float, optional
        Value of the other region, for ``relative``.
    conditions : sequence of str, optional
        State of each condition of a compound target.
    is_percent : bool, optional
        Whether the unit is percent, so that `trials` gives a standard error.

    Returns
    -------
    Progress
        Numbers where defined, a reason code where not.

    Raises
    ------
    CatalogError
        If the kind is unknown.
    """
    if kind not in KINDS:
        raise CatalogError("unknown kind", got=kind, expected=f"one of {', '.join(KINDS)}")
    goal = float(to_decimal(target)) if target is not None else math.nan
    if kind == "compound":
        return _compound(conditions)
    if kind == "relative":
        return _relative(value, reference, comparator, direction)
    if kind == "plan_sum":
        return _plan_sum(statistic, goal)
    if kind == "every_year":
        return _every_year(statistic, known or {}, comparator, goal, decimals)
    if value is None:
        return Progress(kind, reason="no_observation")
    held = compare(value, comparator, goal, decimals, direction=direction)
    if kind in ("hold", "bound"):
        se = _standard_error(held.published, trials) if is_percent else None
        in_se = held.margin / se if se else None
        if kind == "hold":
            return Progress(kind, margin=held.margin, margin_se=in_se, trials=trials)
        return _bound(held.margin, held.published, trials, successes, is_percent)
    return _gap(kind, held.published, held.margin, goal, baseline, baseline_status, comparator)


def _gap(
    kind: str,
    value: float,
    margin: float,
    target: float,
    baseline: float | None,
    status: str,
    comparator: str,
) -> Progress:
    if status != "measured" or baseline is None:
        code = "disputed_baseline" if status == "disputed" else "no_baseline"
        return Progress(kind, margin=margin, reason=code)
    way = to_decimal(target) - to_decimal(baseline)
    if way == 0:
        return Progress(kind, margin=margin, reason="baseline_at_target")
    if (way > 0) != (good_direction(comparator) > 0):
        return Progress(kind, margin=margin, reason="baseline_beyond_target")
    share = (to_decimal(value) - to_decimal(baseline)) / way
    return Progress(kind, value=float(share), margin=margin)


def _plan_sum(statistic: Statistic | None, target: float) -> Progress:
    if statistic is None or statistic.value is None:
        return Progress("plan_sum", reason="no_observation")
    margin = float(to_decimal(statistic.value) - to_decimal(target))
    k, length = len(statistic.years_known), len(statistic.years)
    if target <= 0:
        return Progress("plan_sum", margin=margin, trials=k, reason="target_not_positive")
    share = statistic.value / target
    return Progress("plan_sum", value=share, margin=margin, pace=share * length / k, trials=k)


def _every_year(
    statistic: Statistic | None,
    known: Mapping[int, Known],
    comparator: str,
    target: float,
    decimals: int | None,
) -> Progress:
    if statistic is None or not statistic.years_known or statistic.value is None:
        return Progress("every_year", reason="no_observation")
    good = sum(
        holds(round_published(known[y].lower, decimals), comparator, target)
        for y in statistic.years_known
    )
    k = len(statistic.years_known)
    margin = compare(statistic.value, comparator, target, decimals).margin
    return Progress("every_year", value=good / k, margin=margin, successes=good, trials=k)


def _bound(
    margin: float, value: float, trials: int | None, successes: int | None, is_percent: bool
) -> Progress:
    if not trials:
        return Progress("bound", margin=margin, reason="missing_denominator")
    if successes is None and is_percent and value == 100:
        successes = trials
    if successes is None:
        return Progress("bound", margin=margin, trials=trials, reason="missing_numerator")
    return Progress(
        "bound",
        margin=margin,
        successes=successes,
        trials=trials,
        lower_bound=share_lower_bound(successes, trials),
    )


def _relative(
    value: float | None, reference: float | None, comparator: str, direction: str
) -> Progress:
    if value is None:
        return Progress("relative", reason="no_observation")
    if reference is None:
        return Progress("relative", reason="no_reference_value")
    margin = compare(value, comparator, reference, direction=direction).margin
    difference = float(to_decimal(value) - to_decimal(reference))
    return Progress("relative", margin=margin, difference=difference)


def _compound(conditions: Sequence[str]) -> Progress:
    met = sum(state == "attained" for state in conditions)
    return Progress("compound", successes=met, trials=len(conditions), reason="compound")


def combine_states(states: Sequence[str]) -> str:
    """Combine the states of all conditions: the worst one decides.

    Parameters
    ----------
    states : sequence of str
        States as in :class:`wqa.catalog.outcomes.Outcome`.

    Returns
    -------
    str
        ``attained`` only if every condition is; ``not_attained`` or
        ``impossible`` as soon as one is; else ``open``.

    Raises
    ------
    DataError
        If there is no condition or a state is unknown.
    """
    order = ("not_attained", "impossible", "open", "attained")
    if not states or any(state not in order for state in states):
        raise DataError(
            "cannot combine the conditions of a compound target",
            got=list(states),
            expected=f"at least one of {', '.join(order)}",
        )
    return min(states, key=order.index)


def share_lower_bound(successes: int, trials: int, tail: float = CONFIDENCE_TAIL) -> float:
    """One-sided lower confidence bound of a share (Clopper-Pearson).

    With every trial a success it is ``tail ** (1 / trials)``, about ``1 - 3 / trials``.

    Parameters
    ----------
    successes, trials : int
        Successes among trials; trials above zero.
    tail : float, optional
        Probability left below the bound.

    Returns
    -------
    float
        Share between 0 and 1.

    Raises
    ------
    DataError
        If the counts make no sense.
    """
    if trials <= 0 or not 0 <= successes <= trials:
        raise DataError(
            "successes and trials make no share",
            got=(successes, trials),
            expected="0 <= successes <= trials and trials > 0",
        )
    if successes == 0:
        return 0.0
    if successes == trials:
        return float(tail ** (1.0 / trials))
    from scipy.special import betaincinv  # heavy import, needed only here

    return float(betaincinv(successes, trials - successes + 1, tail))


def _standard_error(percent: float, trials: int | None) -> float | None:
    if not trials or not 0 < percent < 100:
        return None
    share = percent / 100
    return 100 * math.sqrt(share * (1 - share) / trials)


def needed_per_year(
    value: float, value_year: int, *, comparator: str, target: float, year: int
) -> float | None:
    """Yearly change that still leads to the target, linearly.

    Parameters
    ----------
    value : float
        Newest value; `value_year` is its year.
    comparator, target, year
        Relation, number and year of the target.

    Returns
    -------
    float or None
        Change per year in the unit of the target; 0 when the target holds
        already; None when no year is left.
    """
    if holds(value, comparator, target):
        return 0.0
    left = year - value_year
    return None if left <= 0 else float(to_decimal(target) - to_decimal(value)) / left
