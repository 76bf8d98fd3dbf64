"""Properties of what figures decide about the typed targets of a plan, and of their labels."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from observation_frames import figures

from wqa.assessment.evidence import gather, rows_by_key
from wqa.assessment.judging import outcome
from wqa.assessment.labels import LABEL_METHODS, explain_disagreement, official_labels
from wqa.assessment.likelihood import Question
from wqa.catalog.catalog import load_indicators, load_plan
from wqa.goals import Goal, good_direction, round_half_up

PLAN = load_plan("wuhan-14fyp")
INDICATORS = load_indicators()
ROWS = [pytest.param(t, id=f"{t.row}{t.part}-{t.kind}") for t in PLAN.targets]
NUMERIC = [p for p in ROWS if p.values[0].kind != "compound"]
PERIODS = ("2021", "2022", "2023", "2024", "2025", "2021-2023", "2018-2021M9", "2023H1", "2025Q1")
rowwise = settings(max_examples=12, deadline=None)  # for each of the typed rows


def numbers(low: float = -1000, high: float = 1000):
    """Figures as printed: up to four decimals."""
    return st.integers(int(low * 10_000), int(high * 10_000)).map(lambda i: i / 10_000)


def figures_of(target):
    indicator = INDICATORS[target.indicator_id]
    top = indicator.upper if indicator.upper is not None else 4 * float(target.value)
    return numbers(indicator.lower or 0, top)


def patterns(target, qualifiers=("exact", "lower_bound", "upper_bound", "partial_period")):
    """What may be known: values, limits and parts over years, spans and parts of years."""
    one = st.tuples(st.sampled_from(qualifiers), figures_of(target))
    return st.dictionaries(st.sampled_from(PERIODS), one, max_size=6)


def decided(target, known):
    """Answer of the figures: period -> (qualifier, value)."""
    own = {"indicator_id": target.indicator_id, "scope": target.series[0]}
    rows = [
        own | {"period": p, "value": v, "qualifier": q if len(p) == 4 or q != "exact" else
               "partial_period"}
        for p, (q, v) in known.items()
    ]  # fmt: skip
    indicator = INDICATORS[target.indicator_id]
    own = rows_by_key(figures(*rows)).get((target.indicator_id, "WH"), [])
    evidence = gather(own, target, indicator, 2025)
    return outcome(Question(target, indicator, 2025), evidence)


@pytest.mark.parametrize("target", NUMERIC)
@rowwise
@given(data=st.data())
def test_a_decided_answer_stays_when_another_year_is_published(target, data):
    """Whatever is known of other times, an answer that stands is not taken back."""
    known = data.draw(patterns(target))
    before = decided(target, known)
    year = data.draw(st.sampled_from(PERIODS[:5]).filter(lambda y: y not in known))
    if any(year in period for period in known) and target.scope == "plan_sum":
        return  # a year inside a span that is known may contradict the span
    if target.scope == "plan_sum" and any("-" in period for period in known):
        return
    more = known | {year: ("exact", data.draw(figures_of(target)))}
    if before is not None:
        assert decided(target, more) is before


@pytest.mark.parametrize("target", NUMERIC)
@rowwise
@given(data=st.data())
def test_a_better_figure_never_loses_the_target(target, data):
    known = data.draw(patterns(target, ("exact",)).filter(lambda k: all(len(p) == 4 for p in k)))
    if not known or decided(target, known) is not True:
        return
    year = data.draw(st.sampled_from(sorted(known)))
    better = good_direction(target.comparator) * abs(data.draw(numbers(0, 5)))
    indicator = INDICATORS[target.indicator_id]
    low, high = indicator.lower or 0.0, indicator.upper or math.inf
    value = min(max(known[year][1] + better, low), high)
    assert decided(target, known | {year: ("exact", value)}) is True


@settings(max_examples=30, deadline=None)
@given(st.lists(numbers(0, 20), min_size=5, max_size=5), st.integers(1, 4))
def test_a_sum_over_the_plan_adds_up_however_it_is_cut(flows, cut):
    """Five years, or a first part in one figure and the rest by year: one sum, one answer."""
    target = next(t for t in PLAN.targets if t.scope == "plan_sum")
    years = {str(2021 + n): ("exact", v) for n, v in enumerate(flows)}
    span = {f"2021-{2020 + cut}" if cut > 1 else "2021":
            ("partial_period" if cut > 1 else "exact", math.fsum(flows[:cut]))}  # fmt: skip
    rest = {y: v for y, v in years.items() if int(y) > 2020 + cut}
    assert decided(target, years) is decided(target, span | rest)
    whole = round(math.fsum(flows), 4)
    assert decided(target, years) is bool(Goal(">=", float(target.value)).met(whole))


@pytest.mark.parametrize("target", NUMERIC)
@settings(max_examples=5, deadline=None)
@given(data=st.data())
def test_official_labels_never_fail_on_a_typed_row(target, data):
    indicator = INDICATORS[target.indicator_id]
    series = data.draw(st.dictionaries(st.integers(2014, 2025), figures_of(target), max_size=8))
    value = data.draw(st.none() | figures_of(target))
    two_points = (target.baseline.value, 2020, value, data.draw(st.integers(2020, 2025)))
    side = "lower_better" if target.comparator in ("<", "<=") else "higher_better"
    rest = {"kind": target.kind, "comparator": target.comparator, "series": series}
    rest |= {"direction": side, "bounds": (indicator.lower, indicator.upper)}
    frame = official_labels(*two_points, float(target.value), 2025, **rest)
    assert frame["method"].tolist() == list(LABEL_METHODS)
    told = frame["value"].dropna()
    assert told.map(math.isfinite).all()
    assert (frame["label"].notna() | (frame["reason_undefined"] != "")).all()
    assert explain_disagreement(frame) and explain_disagreement(frame, "en")


@settings(max_examples=15, deadline=None)
@given(numbers(1, 99), numbers(1, 99), numbers(1, 99))
def test_labels_of_linear_methods_do_not_depend_on_the_side(base, value, goal):
    plain = official_labels(base, 2020, value, 2022, goal, 2025, "higher_better", (0, 100))
    other = [round_half_up(100 - x, 4) for x in (base, value, goal)]
    mirrored = other[0], 2020, other[1], 2022, other[2], 2025
    turned = official_labels(*mirrored, "lower_better", (0, 100))
    linear = ["statdev", "time_distance", "escap_csi", "china_completion", "sdsn"]
    one = plain.set_index("method")["label"][linear]
    two = turned.set_index("method")["label"][linear]
    assert one.fillna("").tolist() == two.fillna("").tolist()
