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

FRAME = load_observations()
FIGURES = rows_by_key(FRAME)
PLANS = [load_plan(name) for name in list_plans()]
DECLARED = [
    pytest.param(plan, target, id=target.id)
    for plan in PLANS
    for target in plan.targets
    if target.inferences
]
SAID = ["answer", "strength", "evidence_zh", "p_attain"]


@pytest.mark.parametrize(("plan", "target"), DECLARED)
def test_every_figure_that_an_inference_names_is_there(plan, target):
    for inference in target.inferences:
        for premise in inference.figures:
            found = find_premise(FIGURES, premise, target.region)
            assert len(found), f"{target.id}: {inference.rule}: {premise}"
            values = {row.value for row in found}
            assert len(values) == 1, f"{target.id}: {premise} has several values: {values}"


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
