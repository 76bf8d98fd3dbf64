"""Declared inferences of the plans: complete, resolvable, and each of their figures matters."""

from dataclasses import replace
from fnmatch import fnmatchcase

import pandas as pd
import pytest

from wqa.assessment.attainment import assess
from wqa.assessment.evidence import rows_by_key
from wqa.assessment.inferences import find_premise
from wqa.catalog.catalog import list_plans, load_plan
from wqa.data.loading import load_observations
from wqa.data.series import inference_reviews

FRAME = load_observations()
PLACES = FRAME["file"] + ":" + FRAME["row"].astype(str)
FIGURES = rows_by_key(FRAME)
PLANS = [load_plan(name) for name in list_plans()]
# A plan of another city, whose figures are in none of these data.
ELSEWHERE = replace(PLANS[-1], id="elsewhere", region="SZ", targets=tuple(
    replace(target, region="SZ") for target in PLANS[-1].targets[-1:]))  # fmt: skip
DECLARED = [
    pytest.param(plan, target, id=target.id)
    for plan in PLANS
    for target in plan.targets
    if target.inferences
]
SAID = ["answer", "strength", "evidence_zh", "p_attain"]


def test_every_figure_that_an_inference_names_is_there_and_was_never_revised():
    assert inference_reviews(PLANS, FRAME) == []


@pytest.mark.parametrize(("plan", "target"), DECLARED)
def test_a_figure_that_vanishes_or_is_revised_is_a_finding(plan, target):
    """A finding names plan, row and key, and a revision is unknown before its day."""
    words = f"Row {target.row}{target.part} of {plan.id}: "
    for premise in (one for inference in target.inferences for one in inference.figures):
        rows = find_premise(FIGURES, premise, target.region)
        key = f"{premise.indicator_id} / {rows[0].region} / {premise.scope} / {premise.period}"
        is_it = PLACES.isin([f"{row.file}:{row.row}" for row in rows])
        again = {"value": 7.5, "vintage": "2030-01-01", "file": "later.csv", "row": 1}
        revised = pd.concat([FRAME, FRAME[is_it].head(1).assign(**again)], ignore_index=True)
        lost = inference_reviews([plan, ELSEWHERE], FRAME[~is_it])
        changed = inference_reviews([plan, ELSEWHERE], revised)
        assert {f.code for f in lost} == {"inference_unmet"}
        assert {(f.code, f.row, f.value) for f in changed} == {("inference_revised", 1, "7.5")}
        for found in (lost, changed):
            mine = [f for f in found if words in f.message_en and key in f.message_en]
            assert mine and all(key in f.message_zh for f in mine)
        assert inference_reviews([plan], revised, day="2029-12-31") == []


@pytest.mark.parametrize("plan", PLANS, ids=lambda plan: plan.id)
def test_every_figure_of_a_neighbourhood_is_used_or_listed_with_the_reason_why_not(plan):
    missing = []
    for target in plan.targets:
        first, last = f"{plan.start_year}-01-01", f"{target.year}-12-31"
        near = FRAME[FRAME["indicator_id"].isin(target.related) & FRAME["value"].notna()
                     & (FRAME["end"] >= first) & (FRAME["start"] <= last)]  # fmt: skip
        used = {(p.indicator_id, p.region or target.region, p.scope, p.period)
                for one in target.inferences for p in one.figures}  # fmt: skip
        listed = [(a.indicator_id, a.region, a.scope, a.period) for a in target.asides]
        listed += [(target.indicator_id, target.region, series, "*") for series in target.series]
        for key in near[["indicator_id", "region", "scope", "period"]].itertuples(index=False):
            if key not in used and not any(all(map(fnmatchcase, key, one)) for one in listed):
                missing.append((target.id, *key))
    assert not missing


def said(plan, target, frame) -> pd.Series:
    return assess(replace(plan, targets=(target,)), observations=frame)[SAID].iloc[0].astype(str)


@pytest.mark.slow
@pytest.mark.parametrize(("plan", "target"), DECLARED)
def test_without_a_named_figure_something_else_is_said(plan, target):
    """Every observation that a declaration names matters, one at a time."""
    before = said(plan, target, FRAME)
    for premise in {p for one in target.inferences for p in one.figures}:
        gone = {(r.file, r.row) for r in find_premise(FIGURES, premise, target.region)}
        keys = zip(FRAME["file"], FRAME["row"], strict=True)
        after = said(plan, target, FRAME[[key not in gone for key in keys]])
        assert not after.equals(before), f"{target.id}: {premise} changes nothing"
