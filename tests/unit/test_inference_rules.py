"""Rules of inference: hand-worked examples of each, their properties, and what they refuse."""

import json
import math
from calendar import monthrange
from collections import namedtuple
from dataclasses import replace

import numpy as np
import pytest
from cases import cases
from hypothesis import assume, given
from hypothesis import strategies as st

from wqa.assessment.inferences import INFERENCE_RULES
from wqa.catalog.catalog import load_indicators, load_plan
from wqa.catalog.reading import read_words
from wqa.errors import CatalogError
from wqa.goals import Goal

TARGETS = {t.row + t.part: t for t in load_plan("wuhan-14fyp").targets}
INDICATORS = load_indicators()
Figure = namedtuple("Figure", "value qualifier start end denominator unit")


def figure(value, period="2023", qualifier="exact", size=math.nan):
    """A figure of a year, a month ``2023-05`` or a span ``2018-01..2021-09``."""
    first, _, last = period.partition("..")
    last = last or first
    start = first + {4: "-01-01", 7: "-01"}[len(first)]
    end = last + "-12-31"
    if len(last) == 7:
        end = f"{last}-{monthrange(int(last[:4]), int(last[5:]))[1]}"
    return Figure(float(value), qualifier, start, end, float(size), "")


def written(text):
    """A figure as it stands in the table: ``9@2020..2021``, ``5/56``, ``99:lower_bound``."""
    text, _, qualifier = text.partition(":")
    text, _, period = text.partition("@")
    value, _, size = text.partition("/")
    return figure(value, period or "2023", qualifier or "exact", size or math.nan)


def deduce(rule, row="14a", target=None, **roles):
    goal = target or TARGETS[row]
    lists = {name: found if isinstance(found, list) else [found] for name, found in roles.items()}
    return INFERENCE_RULES[rule](goal, INDICATORS[goal.indicator_id], lists)


@cases("catalog/rules_by_hand.csv")
def test_by_hand(why, rule, row, roles, says):
    parts = (part.split() for part in roles.split("; "))
    given = {role: [written(text) for text in texts] for role, *texts in parts}
    if not says.startswith("{"):
        with pytest.raises(CatalogError, match=says):
            deduce(rule, row, **given)
        return
    found = deduce(rule, row, **given)
    told = {**found.slots, **vars(found), "lower": found.span.lower, "upper": found.span.upper}
    for name, value in json.loads(says).items():
        if value is None:
            assert math.isinf(told[name]), why
        else:
            assert told[name] == (value if isinstance(value, str) else pytest.approx(value)), why


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
    ranks = (figure(k, size=float(n)) for n in (units, units + 5))
    made = (deduce("rank_and_mean", "9", rank=rank, mean=figure(mean)) for rank in ranks)
    few, more = (one.span for one in made)
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


def test_a_proof_needs_every_value_it_leaves():
    span = deduce("all_definitions", "8", definition=[figure(98.4), figure(99.9)]).span
    assert Goal(">=", 98.5).decided(span) is None


def test_every_rule_says_which_roles_it_needs():
    assert set(INFERENCE_RULES) == set(read_words("inference_roles"))
