"""Target algebra: rounding, comparison, scoped statistic, outcome, progress, paths."""

from __future__ import annotations

import math
from decimal import Decimal
from types import SimpleNamespace

import pytest

from wqa.catalog.outcomes import outcome, scoped_statistic
from wqa.catalog.progress import (
    combine_states,
    needed_per_year,
    progress_of,
    share_lower_bound,
)
from wqa.catalog.targets import Known, check_target, compare, decide, round_published
from wqa.errors import CatalogError, DataError

PLAN = {"start_year": 2021, "year": 2025}


def exact(**years: float) -> dict[int, Known]:
    return {int(y[1:]): Known(v, v) for y, v in years.items()}


@pytest.mark.parametrize(
    ("value", "decimals", "expected"),
    [
        (98.45, 1, 98.5),  # the binary float lies below the tie
        (98.46, 1, 98.5),
        (98.44, 1, 98.4),
        ("98.449999", 1, 98.4),
        (0.095, 2, 0.1),
        (0.094999, 2, 0.09),
        (-0.05, 1, -0.1),  # half away from zero
        (0.5, 0, 1.0),
        (2.5, 0, 3.0),  # not half to even
        (1.005, 2, 1.01),
        (43800, -3, 44000.0),
        (97.82, None, 97.82),
        (Decimal("4.375"), 2, 4.38),
        (math.inf, 1, math.inf),
    ],
)
def test_rounding_is_half_away_from_zero_on_decimals(value, decimals, expected):
    assert round_published(value, decimals) == expected


@pytest.mark.parametrize("value", [float("nan"), "n/a", "", Decimal("NaN"), "98,5"])
def test_rounding_refuses_what_is_no_number(value):
    with pytest.raises(DataError, match="not a finite number"):
        round_published(value, 1)


def test_rounding_is_part_of_the_target():
    printed = compare(98.46, ">=", 98.5, 1)
    assert (printed.met, printed.margin) == (True, 0)
    exact = compare(98.46, ">=", 98.5)
    assert (exact.met, exact.margin) == (False, pytest.approx(-0.04))


@pytest.mark.parametrize(
    ("value", "comparator", "met"),
    [
        (0.1, "<", False),
        (0.1, "<=", True),
        (0.104, "<=", True),  # prints as 0.10
        (0.104, "<", False),
        (0.094, "<", True),
        (0.095, "<", False),  # prints as 0.10
    ],
)
def test_strictness_of_the_death_rate_matters(value, comparator, met):
    assert compare(value, comparator, 0.1, 2).met is met


def test_margin_points_in_the_good_direction():
    assert compare(0.07, "<=", 0.1, 2).margin == pytest.approx(0.03)
    assert compare(98.0, ">=", 98.5, 1).margin == pytest.approx(-0.5)
    assert compare(99.9, "==", 100, 1).margin == pytest.approx(-0.1)


def test_unknown_comparator_is_an_error():
    with pytest.raises(CatalogError, match="unknown comparator"):
        compare(1, "≥", 2)


@pytest.mark.parametrize(
    ("span", "comparator", "target", "answer"),
    [
        (Known(98, math.inf), ">=", 98, True),  # a lower bound proves a floor
        (Known(98, math.inf), ">=", 98.5, None),
        (Known(-math.inf, 82.4), ">=", 80, None),
        (Known(-math.inf, 79.9), ">=", 80, False),
        (Known(-math.inf, 79.9), "<=", 80, True),
        (Known(0.2, math.inf), "<=", 0.1, False),
        (Known(100, 100), "==", 100, True),
        (Known(99, 100), "==", 100, None),
        (Known(0, 99), "==", 100, False),
    ],
)
def test_limits_decide_only_when_every_allowed_value_agrees(span, comparator, target, answer):
    assert decide(span, comparator, target) is answer


def test_end_year_waits_for_the_target_year():
    known = exact(y2022=98.9, y2024=98.9)
    open_ = outcome(known, scope="end_year", comparator=">=", target=98.5, decimals=1, **PLAN)
    assert (open_.state, open_.statistic.value) == ("open", None)
    known[2025] = Known(98.46, 98.46)
    done = outcome(known, scope="end_year", comparator=">=", target=98.5, decimals=1, **PLAN)
    assert (done.state, done.is_early) == ("attained", False)


def test_every_year_is_lost_at_the_first_breach():
    rule = {"scope": "every_year", "comparator": ">=", "target": 5.0, **PLAN}
    assert outcome(exact(y2021=6, y2022=5), **rule).state == "open"
    lost = outcome(exact(y2021=6, y2022=4), **rule)
    assert (lost.state, lost.is_early, lost.statistic.value) == ("impossible", True, 4)
    full = outcome(exact(y2021=6, y2022=7, y2023=5, y2024=9, y2025=5), **rule)
    assert (full.state, full.statistic.value) == ("attained", 5)


def test_every_year_of_a_ceiling_takes_the_largest():
    rule = {"scope": "every_year", "comparator": "<=", "target": 0.1, **PLAN}
    assert scoped_statistic(exact(y2021=0.02, y2022=0.09), **rule).value == 0.09


def test_every_year_at_the_bound():
    rule = {"scope": "every_year", "comparator": "==", "target": 100.0, "ceiling": 100.0, **PLAN}
    assert outcome(exact(y2021=100), **rule).state == "open"
    assert outcome(exact(y2021=100, y2022=99.7), **rule).state == "impossible"


def test_plan_sum_is_attained_early_and_never_lost_early():
    rule = {"scope": "plan_sum", "comparator": ">=", "target": 20.0, "floor": 0.0, **PLAN}
    assert outcome(exact(y2021=4, y2022=11), **rule).state == "open"
    early = outcome(exact(y2021=9, y2022=11), **rule)
    assert (early.state, early.is_early, early.statistic.value) == ("attained", True, 20)
    missed = outcome(exact(y2021=1, y2022=2, y2023=3, y2024=4, y2025=5), **rule)
    assert missed.state == "not_attained"


def test_a_lower_bound_inside_the_plan_counts_toward_the_sum():
    rule = {"scope": "plan_sum", "comparator": ">=", "target": 20.0, "floor": 0.0, **PLAN}
    known = {2022: Known(11, 11), 2023: Known(9, math.inf)}
    result = outcome(known, **rule)
    assert result.state == "attained"
    assert result.statistic.value == 11  # the limit is not shown as a value


def test_a_stock_that_never_falls_is_attained_by_an_earlier_year():
    rule = {"scope": "end_stock", "comparator": ">=", "target": 45.0, **PLAN}
    assert outcome(exact(y2023=46), **rule).state == "open"
    assert outcome(exact(y2023=46), is_cumulative=True, **rule).state == "attained"
    assert outcome(exact(y2023=44), is_cumulative=True, **rule).state == "open"


def test_sums_are_decimal():
    rule = {"scope": "plan_sum", "comparator": "==", "target": 0.3, "floor": 0.0}
    known = {2021: Known(0.1, 0.1), 2022: Known(0.2, 0.2)}
    assert outcome(known, start_year=2021, year=2022, **rule).state == "attained"


def test_unknown_scope_and_reversed_years():
    with pytest.raises(CatalogError, match="unknown scope"):
        scoped_statistic({}, scope="ever", comparator=">=", target=1, **PLAN)
    with pytest.raises(CatalogError, match="before the plan starts"):
        scoped_statistic(
            {}, scope="end_year", comparator=">=", target=1, start_year=2025, year=2021
        )


@pytest.mark.parametrize("limits", [(2.0, 1.0), (float("nan"), 1.0)])
def test_limits_must_be_an_interval(limits):
    with pytest.raises(DataError, match="no interval"):
        Known(*limits)


def test_gap_progress():
    result = progress_of(
        "gap", comparator=">=", target=98.5, value=98.2, baseline=98, baseline_status="measured"
    )
    assert result.value == pytest.approx(0.4)
    assert result.margin == pytest.approx(-0.3)


@pytest.mark.parametrize(
    ("baseline", "status", "target", "reason"),
    [
        (None, "not_started", 80, "no_baseline"),
        (92, "disputed", 93.2, "disputed_baseline"),
        (93.2, "measured", 93.2, "baseline_at_target"),
        (95.1, "measured", 93.2, "baseline_beyond_target"),
    ],
)
def test_gap_progress_is_not_forced(baseline, status, target, reason):
    result = progress_of(
        "gap",
        comparator=">=",
        target=target,
        value=94,
        baseline=baseline,
        baseline_status=status,
    )
    assert (result.value, result.reason) == (None, reason)


def test_gap_progress_of_a_falling_rate():
    result = progress_of(
        "gap", comparator="<", target=0.1, value=0.2, baseline=0.3, baseline_status="measured"
    )
    assert result.value == pytest.approx(0.5)


def test_hold_prints_a_margin_and_no_share():
    result = progress_of(
        "hold",
        comparator=">=",
        target=98.5,
        value=99.9,
        baseline=99,
        baseline_status="measured",
        trials=3473,
        is_percent=True,
        decimals=1,
    )
    assert result.value is None
    assert result.margin == pytest.approx(1.4)
    # 100 * sqrt(.999 * .001 / 3473) = 0.05363 points
    assert result.margin_se == pytest.approx(1.4 / 0.053633, rel=1e-3)


def test_bound_reports_successes_and_the_one_sided_limit():
    result = progress_of(
        "bound", comparator="==", target=100, value=100, trials=213, is_percent=True
    )
    assert (result.successes, result.trials) == (213, 213)
    assert result.lower_bound == pytest.approx(0.05 ** (1 / 213))
    assert result.lower_bound == pytest.approx(0.986, abs=5e-4)
    assert progress_of("bound", comparator="==", target=100, value=100).reason == (
        "missing_denominator"
    )
    failed = progress_of("bound", comparator="==", target=100, value=99.5, trials=200)
    assert (failed.reason, failed.margin) == ("missing_numerator", -0.5)


def test_share_lower_bound_against_the_binomial_tail():
    limit = share_lower_bound(97, 100)
    tail = sum(math.comb(100, k) * limit**k * (1 - limit) ** (100 - k) for k in range(97, 101))
    assert tail == pytest.approx(0.05)
    assert share_lower_bound(0, 5) == 0
    with pytest.raises(DataError, match="make no share"):
        share_lower_bound(3, 2)


def test_plan_sum_progress_and_pace():
    rule = {"scope": "plan_sum", "comparator": ">=", "target": 20.0, "floor": 0.0, **PLAN}
    statistic = scoped_statistic(exact(y2021=4, y2022=11), **rule)
    result = progress_of("plan_sum", comparator=">=", target=20, statistic=statistic)
    assert (result.value, result.pace, result.trials) == (0.75, 1.875, 2)


def test_every_year_counts_the_years():
    rule = {"scope": "every_year", "comparator": ">=", "target": 55.0, **PLAN}
    known = exact(y2021=60, y2022=54, y2023=55)
    statistic = scoped_statistic(known, **rule)
    result = progress_of("every_year", comparator=">=", target=55, statistic=statistic, known=known)
    assert (result.successes, result.trials, result.margin) == (2, 3, -1)


def test_relative_needs_a_reference():
    missing = progress_of("relative", comparator=">", target=0, value=82)
    assert missing.reason == "no_reference_value"
    result = progress_of(
        "relative",
        comparator=">",
        target=0,
        value=82.0,
        reference=80.6,
    )
    assert result.difference == pytest.approx(1.4)
    assert result.margin == pytest.approx(1.4)


def test_compound_is_as_good_as_its_worst_condition():
    assert combine_states(["attained", "open"]) == "open"
    assert combine_states(["attained", "impossible", "open"]) == "impossible"
    assert combine_states(["not_attained", "attained"]) == "not_attained"
    assert combine_states(["attained", "attained"]) == "attained"
    with pytest.raises(DataError, match="compound"):
        combine_states([])


def test_needed_per_year():
    rule = {"comparator": ">=", "target": 98.5, "year": 2025}
    assert needed_per_year(98.2, 2022, **rule) == pytest.approx(0.1)
    assert needed_per_year(98.6, 2022, **rule) == 0
    assert needed_per_year(98.2, 2025, **rule) is None


def row(**fields):
    base = {
        "id": "plan.1",
        "kind": "gap",
        "comparator": ">=",
        "value": 98.5,
        "scope": "end_year",
        "start_year": 2021,
        "year": 2025,
        "decimals": 1,
    }
    return SimpleNamespace(**{**base, **fields})


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"kind": "goal"}, "unknown kind"),
        ({"comparator": "=>"}, "unknown comparator"),
        ({"scope": "sometimes"}, "unknown scope"),
        ({"year": 2019}, "before the plan starts"),
        ({"value": None}, "target has no value"),
        ({"value": 100, "comparator": ">"}, "no possible value"),
        ({"value": 101}, "no possible value"),
        ({"value": "many"}, "not a finite number"),
    ],
)
def test_targets_that_make_no_sense_are_errors(fields, message):
    with pytest.raises((CatalogError, DataError), match=message):
        check_target(row(**fields), lower=0, upper=100)


def test_sensible_targets_pass():
    check_target(row(), lower=0, upper=100)
    check_target(row(kind="plan_sum", scope="plan_sum", value=300), lower=0, upper=None)
    check_target(row(kind="relative", comparator=">", value=None), lower=0, upper=100)
