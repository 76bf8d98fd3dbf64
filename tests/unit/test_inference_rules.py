"""Rules of inference: a hand-worked example of each, their properties, and what they refuse."""

from calendar import monthrange
from collections import namedtuple
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.stats import poisson

from wqa.assessment.inferences import INFERENCE_RULES
from wqa.catalog.catalog import load_indicators, load_plan
from wqa.catalog.records import INFERENCE_ROLES
from wqa.errors import CatalogError
from wqa.goals import Goal, Span

TARGETS = {t.row + t.part: t for t in load_plan("wuhan-14fyp").targets}
INDICATORS = load_indicators()
Figure = namedtuple("Figure", "value qualifier start end denominator unit")


def figure(value, period="2023", qualifier="exact", size=float("nan")):
    """A figure of a year, a month ``2023-05`` or a span ``2018-01..2021-09``."""
    first, _, last = period.partition("..")
    last = last or first
    start = first + {4: "-01-01", 7: "-01"}[len(first)]
    end = last + "-12-31"
    if len(last) == 7:
        end = f"{last}-{monthrange(int(last[:4]), int(last[5:]))[1]}"
    return Figure(float(value), qualifier, start, end, size, "")


def deduce(rule, row="14a", target=None, **roles):
    goal = target or TARGETS[row]
    lists = {name: found if isinstance(found, list) else [found] for name, found in roles.items()}
    return INFERENCE_RULES[rule](goal, INDICATORS[goal.indicator_id], lists)


def test_base_and_additions():
    """79 in May 2023 and 35 in 2024."""
    found = deduce("base_and_additions", base=figure(79, "2023-05"), addition=figure(35, "2024"))
    assert (found.span.lower, found.span.upper, found.end) == (114, float("inf"), "2024-12-31")


def test_sum_of_components_less_what_lies_outside():
    """9 + 20 awards of 2020-2021 less the 7 of 2020: 22 for 2021."""
    both = [figure(9, "2020..2021"), figure(20, "2020..2021")]
    found = deduce("sum_of_components", part=both, less=figure(7, "2020"))
    assert (found.span.lower, found.start, found.end) == (22, "2021-01-01", "2021-12-31")


def test_difference_of_windows():
    """449 from 2018 to September 2021, at most 360 of them before 2021."""
    late, early = figure(449, "2018-01..2021-09"), figure(360, "2016..2020")
    found = deduce("difference_of_windows", late=late, early=early)
    assert found.span == Span(89, 449)
    assert (found.start, found.end) == ("2021-01-01", "2021-09-30")


def test_rank_and_mean():
    """(120 x 81.43 - 4 x 100) / 116 = 80.79 and at the smallest number that still gives 80: 56."""
    rank, mean = figure(5), figure(81.43)
    found = deduce("rank_and_mean", "9", rank=rank, mean=mean, units=figure(120, "2021"))
    assert found.span.lower == pytest.approx((120 * 81.43 - 400) / 116)
    assert found.assumes == "units"
    for units, proves in ((55, False), (56, True)):
        own = deduce("rank_and_mean", "9", rank=rank._replace(denominator=units), mean=mean)
        assert (own.span.lower >= 80) is proves
        assert own.assumes == ""
    sixth = deduce("rank_and_mean", "11", rank=figure(6, size=60), mean=figure(80.58))
    assert sixth.span.lower == pytest.approx(78.815, abs=1e-3)  # above the mean proves nothing


def test_all_definitions():
    found = deduce("all_definitions", "8", definition=[figure(v) for v in (99.4, 99.6, 99.9)])
    assert found.span == Span(99.4, 99.9)


def test_whole_at_ceiling():
    found = deduce("whole_at_ceiling", "12", whole=figure(100))
    assert (found.span, found.assumes) == (Span(100, 100), "rounding")
    below = deduce("whole_at_ceiling", "12", whole=figure(99.9))
    assert (below.span, below.side) == (Span(), 0)


def test_needed_share():
    """50 of 155 + 161 are 16 %; the least share of like honours is 3 of 5."""
    whole = [figure(155, "2024"), figure(161, "2025")]
    parts, wholes = [figure(9), figure(3)], [figure(14), figure(5)]
    found = deduce("needed_share", "1b", whole=whole, share_part=parts, share_whole=wholes)
    assert found.side == 1
    assert found.slots["need"] == pytest.approx(100 * 50 / 316)
    assert found.slots["seen"] == pytest.approx(60)


def test_needed_pace():
    """4.38 to 6 in five years is 6.5 % a year; 10.07 to 11.78 in fifteen months is 13 %."""
    found = deduce("needed_pace", "18", base=figure(4.38, "2020"), first=figure(10.0732, "2023-02"),
                   last=figure(11.7791, "2024-05"))  # fmt: skip
    assert found.side == 1
    assert found.slots["need"] == pytest.approx(6.5, abs=0.05)
    assert 12 < found.slots["seen"] < 14
    falling = deduce("needed_pace", "5", base=figure(92, "2020"), first=figure(90.6, "2020"),
                     last=figure(85.7, "2024"))  # fmt: skip
    assert falling.side == -1


@pytest.mark.parametrize(("previous", "side"), [(75, 1), (60, 0), (30, -1)])
def test_previous_flow(previous, side):
    """50 against the previous plan's 75: two thirds of it suffice."""
    assert deduce("previous_flow", "15", previous=figure(previous, "2016..2020")).side == side


def test_counter_pace():
    """641 - 537 in at most three years is 35 a year, 173 in five: neither for nor against 200."""
    found = deduce("counter_pace", "14c", first=figure(537, "2018"), last=figure(641, "2020"))
    assert found.slots["value"] == pytest.approx(104 / 3 * 5)
    assert found.side == 0


def test_all_comparable():
    good = [figure(v) for v in (98.6, 98.79, 98.78, 98.54)]
    assert deduce("all_comparable", "7", place=good).side == 0  # too few to be a pattern
    more = [*good, figure(99, qualifier="lower_bound")]
    assert deduce("all_comparable", "7", place=more).side == 1
    assert deduce("all_comparable", "7", place=[*more, figure(98.49)]).side == 0
    assert deduce("all_comparable", "7", place=[figure(98.4)] * 5).side == -1


def test_part_of_whole_decides_nothing():
    assert deduce("part_of_whole", "10", part=[figure(6), figure(14)]).side == 0


def test_rare_events_in_people():
    """15.6 ten thousand lifts: one death is 0.064, two are 0.128; 31.6 in all let three pass."""
    found = deduce("rare_events", "6", exposure=figure(15.6), risk=[figure(0.055), figure(0.029)],
                   ratio_part=figure(964.46), ratio_whole=figure(1955.25))  # fmt: skip
    assert (found.slots["sure"], found.slots["passing"]) == (1, 3)
    assert found.p == pytest.approx(poisson.cdf(1, 0.055 * 15.6))


def test_every_year_of_events():
    """Poisson at 58: one year passes 55 with .67, five with .14."""
    found = deduce("every_year_of_events", "3b", yearly=figure(58, "2020"))
    assert found.p == pytest.approx(0.67**5, abs=0.01)


SCORES = st.lists(st.floats(0, 100), min_size=2, max_size=12)


@given(SCORES, st.data())
def test_a_rank_and_a_mean_never_exclude_the_true_score(scores, data):
    ordered = sorted(scores, reverse=True)
    k = data.draw(st.integers(1, len(ordered)))
    mean = float(np.mean(ordered))
    rank = figure(k, size=float(len(ordered)))
    span = deduce("rank_and_mean", "9", rank=rank, mean=figure(mean)).span
    assert span.lower - 1e-9 <= ordered[k - 1] <= span.upper + 1e-9


@given(st.integers(2, 20), st.floats(60, 95), st.integers(1, 5))
def test_the_limit_of_a_rank_grows_with_the_number_of_units(units, mean, k):
    assume(k <= units)
    few, more = (
        deduce("rank_and_mean", "9", rank=figure(k, size=float(n)), mean=figure(mean)).span
        for n in (units, units + 5)
    )
    assert few.lower <= more.lower + 1e-9


@given(st.lists(st.integers(0, 50), min_size=10, max_size=10))
def test_a_difference_of_windows_never_exceeds_the_true_flow(years):
    """Ten years from 2016: the window 2018-2023 less 2016-2020 is at most the flow of 2021-2023."""
    late = figure(sum(years[2:8]), "2018..2023")
    early = figure(sum(years[:5]), "2016..2020")
    span = deduce("difference_of_windows", late=late, early=early).span
    assert span.lower <= sum(years[5:8]) <= span.upper


@given(st.floats(80, 99.9), st.floats(80, 99.9))
def test_more_that_is_needed_never_speaks_more_for_a_target(low, high):
    target = replace(TARGETS["5"], value=round(max(low, high), 1))
    easier = replace(target, value=round(min(low, high), 1))
    roles = {"base": figure(92, "2020"), "first": figure(90, "2020"), "last": figure(92, "2024")}
    sides = [deduce("needed_pace", target=one, **roles).side for one in (easier, target)]
    assert sides[0] >= sides[1]


@pytest.mark.parametrize(
    ("rule", "row", "roles", "message"),
    [
        ("rank_and_mean", "9", {"rank": figure(7, size=5), "mean": figure(80)}, "no such rank"),
        ("rank_and_mean", "9", {"rank": figure(2), "mean": figure(80)}, "no such rank"),
        ("rank_and_mean", "9", {"rank": figure(2, size=5), "mean": figure(101)}, "outside"),
        ("difference_of_windows", "14a",
         {"late": figure(9, "2021"), "early": figure(5, "2016..2019")}, "do not overlap"),
        ("base_and_additions", "2",
         {"base": figure(79, "2023-05"), "addition": figure(35, "2022")}, "before the base"),
        ("sum_of_components", "3a", {"part": figure(5, "2020..2021"), "less": figure(7, "2020")},
         "less is taken away"),
        ("all_definitions", "8", {"definition": [figure(99), figure(99, "2022")]}, "one time"),
        ("needed_pace", "18", {"base": figure(4, "2020"), "first": figure(5, "2024"),
                               "last": figure(6, "2023")}, "no time"),
    ],
)  # fmt: skip
def test_figures_that_make_no_sense_are_refused(rule, row, roles, message):
    with pytest.raises(CatalogError, match=message):
        deduce(rule, row, **roles)


def test_a_proof_needs_every_value_it_leaves():
    span = deduce("all_definitions", "8", definition=[figure(98.4), figure(99.9)]).span
    assert Goal(">=", 98.5).decided(span) is None


def test_every_rule_says_which_roles_it_needs():
    assert set(INFERENCE_RULES) == set(INFERENCE_ROLES)
