"""Properties of the target algebra, over the 23 typed targets and random figures."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wqa.assessment.evidence import natural_bounds
from wqa.assessment.label_rules import LABEL_METHODS
from wqa.assessment.labels import explain_disagreement, official_labels
from wqa.catalog.catalog import load_indicators, load_plan
from wqa.catalog.outcomes import outcome, scoped_statistic
from wqa.catalog.progress import (
    combine_states,
    needed_per_year,
    progress_of,
    share_lower_bound,
)
from wqa.catalog.targets import COMPARATORS, Known, compare, decide, holds, round_published

PLAN = load_plan("wuhan-14fyp")
INDICATORS = load_indicators()
ROWS = [pytest.param(t, id=f"{t.row}{t.part}-{t.kind}") for t in PLAN.targets]
NUMERIC = [p for p in ROWS if p.values[0].kind != "compound"]
YEARS = range(2021, 2026)
SCOPES = ("end_year", "every_year", "plan_sum", "end_stock")
FLIPPED = {">=": "<=", ">": "<", "<=": ">=", "<": ">", "==": "=="}
fast = settings(max_examples=40, deadline=None)
rowwise = settings(max_examples=12, deadline=None)  # for each of the typed rows
decimals = st.integers(0, 3)


def numbers(low: float = -1000, high: float = 1000):
    """Figures as printed: up to four decimals."""
    return st.integers(int(low * 10_000), int(high * 10_000)).map(lambda i: i / 10_000)


percent = numbers(0, 100)
comparators = st.sampled_from(COMPARATORS)


def patterns(values, low=0.0, high=1e6):
    """What may be known of each plan year: a value, a limit, or nothing."""
    span = st.one_of(
        values.map(lambda v: Known(v, v)),
        values.map(lambda v: Known(v, max(high, v))),
        values.map(lambda v: Known(min(low, v), v)),
    )
    return st.dictionaries(st.sampled_from(list(YEARS)), span, max_size=5)


def typed(target):
    indicator = INDICATORS[target.indicator_id]
    floor, ceiling = natural_bounds(target, indicator)
    return indicator, {
        "scope": target.scope,
        "comparator": target.comparator,
        "target": float(target.value),
        "start_year": 2021,
        "year": 2025,
        "decimals": target.decimals,
        "floor": max(floor, 0.0) if target.scope == "plan_sum" else floor,
        "ceiling": ceiling,
    }


def figures_of(target):
    indicator = INDICATORS[target.indicator_id]
    top = indicator.upper if indicator.upper is not None else 4 * float(target.value)
    return numbers(indicator.lower or 0, top)


@pytest.mark.parametrize("target", NUMERIC)
@rowwise
@given(data=st.data())
def test_any_pattern_of_figures_has_an_answer(target, data):
    indicator, rule = typed(target)
    known = data.draw(patterns(figures_of(target)))
    result = outcome(known, **rule)
    assert result.state in ("attained", "not_attained", "impossible", "open")
    value = data.draw(st.none() | figures_of(target))
    trials = data.draw(st.none() | st.integers(1, 5000))
    for kind in {target.kind, "hold", "bound", "gap"}:
        found = progress_of(
            kind,
            comparator=target.comparator,
            target=rule["target"],
            value=value,
            baseline=target.baseline.value,
            baseline_status=target.baseline.status,
            decimals=target.decimals,
            direction=indicator.direction,
            statistic=result.statistic,
            known=known,
            trials=trials,
            is_percent=indicator.family == "percent",
        )
        for number in (found.value, found.margin, found.margin_se, found.pace, found.lower_bound):
            assert number is None or math.isfinite(number)
        assert found.value is not None or found.reason or kind in ("hold", "bound")
        if kind in ("hold", "bound"):
            assert found.value is None  # a floor never prints progress


@pytest.mark.parametrize("target", NUMERIC)
@rowwise
@given(data=st.data())
def test_a_decided_outcome_stays_when_more_is_known(target, data):
    _, rule = typed(target)
    known = {y: k for y, k in data.draw(patterns(figures_of(target))).items() if k.is_exact}
    before = outcome(known, **rule).state
    for year in YEARS:
        if year not in known:
            value = data.draw(figures_of(target))
            known[year] = Known(value, value)
    after = outcome(known, **rule).state
    assert after in ("attained", "not_attained")
    if before == "attained":
        assert after == "attained"
    if before in ("not_attained", "impossible"):
        assert after == "not_attained"


@pytest.mark.parametrize("target", NUMERIC)
@rowwise
@given(data=st.data())
def test_a_better_figure_never_loses_the_target(target, data):
    _, rule = typed(target)
    known = {y: k for y, k in data.draw(patterns(figures_of(target))).items() if k.is_exact}
    if not known or outcome(known, **rule).state != "attained":
        return
    year = data.draw(st.sampled_from(sorted(known)))
    step = data.draw(numbers(0, 10)) * (1 if target.comparator in (">=", ">") else -1)
    value = known[year].lower + step
    if rule["floor"] <= value <= rule["ceiling"]:
        assert outcome({**known, year: Known(value, value)}, **rule).state == "attained"


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("comparator", COMPARATORS)
@rowwise
@given(data=st.data())
def test_turning_the_sign_turns_the_comparator(scope, comparator, data):
    known = data.draw(patterns(numbers(), -2000.0, 2000.0))
    goal, places = data.draw(numbers()), data.draw(decimals)
    rule = {"scope": scope, "start_year": 2021, "year": 2025, "decimals": places}
    mirrored = {y: Known(-k.upper, -k.lower) for y, k in known.items()}
    plain = outcome(known, comparator=comparator, target=goal, **rule)
    turned = outcome(mirrored, comparator=FLIPPED[comparator], target=-goal, **rule)
    assert plain.state == turned.state


@fast
@given(percent, comparators, percent, decimals)
def test_percentages_may_be_read_from_the_other_side(value, comparator, goal, places):
    value, goal = round_published(value, places), round_published(goal, places)
    one = compare(value, comparator, goal, places)
    two = compare(round_published(100 - value, 4), FLIPPED[comparator],
                  round_published(100 - goal, 4), places)  # fmt: skip
    assert one.met == two.met
    assert one.margin == pytest.approx(two.margin, abs=1e-9)


@fast
@given(numbers(), decimals)
def test_rounding_is_idempotent_symmetric_and_near(value, places):
    once = round_published(value, places)
    assert round_published(once, places) == once
    assert round_published(-value, places) == -once
    assert abs(once - value) <= 0.5 / 10**places + 1e-9


@fast
@given(numbers(), numbers(), decimals)
def test_rounding_is_monotone(a, b, places):
    low, high = sorted((a, b))
    assert round_published(low, places) <= round_published(high, places)


@fast
@given(numbers(), numbers(), comparators, numbers(), decimals)
def test_comparison_is_monotone_in_the_value(a, b, comparator, goal, places):
    if comparator == "==":
        return
    worse, better = sorted((a, b), reverse=comparator in ("<=", "<"))
    if compare(worse, comparator, goal, places).met:
        assert compare(better, comparator, goal, places).met
    assert (
        compare(worse, comparator, goal, places).margin
        <= compare(better, comparator, goal, places).margin
    )


@fast
@given(numbers(), comparators, numbers(), decimals)
def test_margin_and_answer_agree(value, comparator, goal, places):
    found = compare(value, comparator, goal, places)
    if found.margin > 0:
        assert found.met
    if found.margin < 0:
        assert not found.met
    strict = comparator in (">", "<")
    if found.margin == 0:
        assert found.met is not strict


@fast
@given(st.tuples(numbers(), numbers()).map(sorted), comparators, numbers())
def test_a_limit_decides_only_what_every_value_in_it_says(limits, comparator, goal):
    span = Known(*limits)
    answer = decide(span, comparator, goal)
    inside = [span.lower, span.upper, (span.lower + span.upper) / 2]
    inside += [goal] if span.lower <= goal <= span.upper else []
    if answer is not None:
        assert {holds(v, comparator, goal) for v in inside} == {answer}


@fast
@given(st.lists(numbers(0, 500), min_size=5, max_size=5), st.integers(1, 4))
def test_a_sum_over_the_plan_adds_up(flows, cut):
    known = {y: Known(v, v) for y, v in zip(YEARS, flows, strict=True)}
    rule = {"scope": "plan_sum", "comparator": ">=", "target": 100.0}
    whole = scoped_statistic(known, start_year=2021, year=2025, **rule).value
    first = scoped_statistic(known, start_year=2021, year=2020 + cut, **rule).value
    rest = scoped_statistic(known, start_year=2021 + cut, year=2025, **rule).value
    assert whole == pytest.approx(first + rest)


@fast
@given(patterns(numbers(0, 500), 0.0, 500.0))
def test_the_worst_year_is_one_of_the_years(known):
    rule = {"scope": "every_year", "target": 100.0, "start_year": 2021, "year": 2025}
    floor = scoped_statistic(known, comparator=">=", **rule)
    ceiling = scoped_statistic(known, comparator="<=", **rule)
    exact = [k.lower for k in known.values() if k.is_exact]
    assert floor.value == (min(exact) if exact else None)
    assert ceiling.value == (max(exact) if exact else None)


@fast
@given(st.integers(0, 2000), st.integers(1, 2000))
def test_the_lower_bound_of_a_share_is_a_share(passed, trials):
    passed = min(passed, trials)
    bound = share_lower_bound(passed, trials)
    assert 0 <= bound <= passed / trials
    if passed == trials:
        assert bound == pytest.approx(0.05 ** (1 / trials))


@fast
@given(percent, comparators, percent, st.integers(2021, 2025))
def test_what_is_needed_leads_to_the_target(value, comparator, goal, year):
    needed = needed_per_year(value, year, comparator=comparator, target=goal, year=2025)
    if holds(value, comparator, goal):
        assert needed == 0
    elif year == 2025:
        assert needed is None
    else:
        assert value + needed * (2025 - year) == pytest.approx(goal)


@fast
@given(st.lists(st.sampled_from(("attained", "open", "impossible", "not_attained")), min_size=1))
def test_a_compound_target_is_never_better_than_a_part(states):
    assert combine_states(states) in states
    assert (combine_states(states) == "attained") == (set(states) == {"attained"})


@pytest.mark.parametrize("target", NUMERIC)
@settings(max_examples=5, deadline=None)
@given(data=st.data())
def test_official_labels_never_fail_on_a_typed_row(target, data):
    indicator = INDICATORS[target.indicator_id]
    series = data.draw(st.dictionaries(st.integers(2014, 2025), figures_of(target), max_size=8))
    value = data.draw(st.none() | figures_of(target))
    frame = official_labels(
        target.baseline.value,
        2020,
        value,
        data.draw(st.integers(2020, 2025)),
        float(target.value),
        2025,
        "lower_better" if target.comparator in ("<", "<=") else "higher_better",
        (indicator.lower, indicator.upper),
        series,
        kind=target.kind,
        comparator=target.comparator,
    )
    assert frame["method"].tolist() == list(LABEL_METHODS)
    told = frame["value"].dropna()
    assert told.map(math.isfinite).all()
    assert (frame["label"].notna() | (frame["reason_undefined"] != "")).all()
    assert explain_disagreement(frame) and explain_disagreement(frame, "en")


@settings(max_examples=15, deadline=None)
@given(numbers(1, 99), numbers(1, 99), numbers(1, 99))
def test_labels_of_linear_methods_do_not_depend_on_the_side(base, value, goal):
    plain = official_labels(base, 2020, value, 2022, goal, 2025, "higher_better", (0, 100))
    other = [round_published(100 - x, 4) for x in (base, value, goal)]
    turned = official_labels(
        other[0], 2020, other[1], 2022, other[2], 2025, "lower_better", (0, 100)
    )
    linear = ["statdev", "time_distance", "escap_csi", "china_completion", "sdsn"]
    one = plain.set_index("method")["label"][linear]
    two = turned.set_index("method")["label"][linear]
    assert one.fillna("").tolist() == two.fillna("").tolist()
