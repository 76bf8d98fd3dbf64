"""Rules between the fields of records: what no plan can mean is refused."""

import json
from dataclasses import replace

import pytest
from cases import cases

from wqa.catalog.catalog import (
    conflict_faults,
    indicator_faults,
    load_conflicts,
    load_indicators,
    load_plan,
    plan_faults,
    unit_faults,
)
from wqa.catalog.records import Unit

PASSES = "7"  # the row of a pass rate: at least 98.5 %, baseline 98
DEATHS = "6"  # a rate of which less is better: below 0.1, baseline 0.29, disputed
SERVICES = "9"  # seven conditions
STANDARDS = "14a"  # a sum over the plan: 20 after 17
BRANDS = "2"  # a stock: 100 after 7


@pytest.fixture(scope="module")
def plan():
    return load_plan("wuhan-14fyp")


@pytest.fixture(scope="module")
def indicators():
    return load_indicators()


@pytest.fixture
def faults(plan, indicators):
    """Faults of the plan with one target changed; baseline__x is a field of its baseline."""

    def found(row, **fields):
        n, target = next((n, t) for n, t in enumerate(plan.targets) if t.row + t.part == row)
        parts = {k.removeprefix("baseline__"): v for k, v in fields.items() if "__" in k}
        fields = {k: v for k, v in fields.items() if "__" not in k}
        target = replace(target, baseline=replace(target.baseline, **parts), **fields)
        targets = (*plan.targets[:n], target, *plan.targets[n + 1 :])
        changed = replace(plan, targets=targets)
        return [
            (place[2:], what, got)
            for place, what, got, _ in plan_faults(changed, plan.id, indicators)
        ]

    return found


def test_the_plan_as_it_stands_is_right(faults):
    assert faults(PASSES) == []


@cases("catalog/impossible_targets.csv")
def test_what_a_target_cannot_mean(faults, row, changed, place, what):
    fields = json.loads(changed)
    if "series" in fields:
        fields["series"] = tuple(fields["series"])
    found = faults(row, **fields)
    assert {here[0] for here, _, _ in found} == {place}
    assert any(said.startswith(what) for _, said, _ in found)


def test_what_a_target_can_mean(faults):
    assert faults(BRANDS, value=700.0) == [], "a small count may grow a hundredfold"
    assert faults(PASSES, value=1.0, decimals=0, baseline__value=0.6) == [], "as its baseline says"
    assert faults(STANDARDS, value=300.0) == [], "a sum may exceed what one year can hold"


def test_each_condition_is_held_against_its_own_indicator(plan, faults):
    target = next(t for t in plan.targets if t.row == SERVICES)
    first, *others = target.conditions
    for fields, key in (({"value": 800.0}, "value"), ({"comparator": "<"}, "comparator"),
                        ({"indicator_id": "x"}, "indicator_id")):  # fmt: skip
        found = faults(SERVICES, conditions=(replace(first, **fields), *others))
        assert [place for place, _, _ in found] == [("conditions", 0, key)]
    assert [what for _, what, _ in faults(SERVICES, conditions=(first, first))] == [
        f"{first.id!r} occurs twice in conditions"
    ]
    assert faults(PASSES, conditions=target.conditions)[0][0] == ("kind",)


def test_readings_and_sources_are_told_apart(plan, faults, indicators):
    target = next(t for t in plan.targets if t.row == DEATHS)
    first = target.baseline.readings[0]
    assert faults(DEATHS, baseline__readings=(first, first))[0][1].endswith("twice in readings")
    doubled = replace(plan, sources=(*plan.sources, plan.sources[0]))
    assert [place for place, *_ in plan_faults(doubled, plan.id, indicators)] == [
        ("sources", len(plan.sources))
    ]
    conflict = load_conflicts()["row6-baseline"]
    ids = {"target_id": set(conflict.target_ids), "indicator_id": {conflict.indicator_id}}
    known = {**ids, "comparison_id": set(), "source_id": {r.source_id for r in conflict.readings}}
    assert list(conflict_faults(conflict, known)) == []
    doubled = replace(conflict, readings=(*conflict.readings, conflict.readings[0]))
    assert next(conflict_faults(doubled, known))[1].endswith("twice in readings")


@pytest.mark.parametrize("years", [(2021, 20250), (202, 2025), (2025, 2021)])
def test_years_of_a_plan(plan, indicators, years):
    changed = replace(plan, targets=(), start_year=years[0], end_year=years[1])
    places = {place for place, *_ in plan_faults(changed, plan.id, indicators)}
    assert places <= {("start_year",), ("end_year",)} and places


@pytest.mark.parametrize("decimals", [-1, 7])
def test_decimals_of_an_indicator(indicators, decimals):
    item = replace(indicators["food_sampling_pass_rate"], decimals=decimals)
    assert [place for place, *_ in indicator_faults(item, {"pct"}, {item.group})] == [("decimals",)]


@pytest.mark.parametrize(
    ("fields", "key"),
    [
        ({"base": "x", "factor": 10.0}, "base"),
        ({"base": "ten", "factor": 10.0}, "base"),
        ({"base": "one"}, "factor"),
        ({"factor": 10.0}, "factor"),
        ({"base": "one", "factor": -1.0}, "factor"),
    ],
)
def test_a_unit_has_base_and_factor_or_neither(fields, key):
    unit = Unit(id="ten", zh="十", en="tens", **fields)
    assert [place for place, *_ in unit_faults(unit, {"one", "ten"})] == [(key,)]
    assert list(unit_faults(Unit(id="ten", en="tens", base="one", factor=10.0), {"one"})) == []
