"""Rules between the fields of records: what no plan can mean is refused."""

import json
from dataclasses import replace

import pytest
from cases import cases

from wqa.catalog.catalog import RULES, read_catalogue
from wqa.catalog.records import Unit

# Rows of the Wuhan plan: a pass rate (98.5 % after 98), a death rate (below 0.1 after 0.29), a
# stock (100 after 7), a sum over the plan (20 after 17), a target of seven conditions.
PASSES, DEATHS, BRANDS, STANDARDS, SERVICES = "7", "6", "2", "14a", "9"
KNOWN = read_catalogue()
PLAN = KNOWN["plans"]["wuhan-14fyp"]
TARGETS = {target.row + target.part: target for target in PLAN.targets}


def faults(kind, record):
    return [(place, what) for place, what, _, _ in RULES[kind](record, KNOWN)]


def faults_of(row, **fields):
    """Faults of the plan with one target changed; baseline__x is a field of its baseline."""
    parts = {k.removeprefix("baseline__"): fields.pop(k) for k in [*fields] if "__" in k}
    target = replace(TARGETS[row], baseline=replace(TARGETS[row].baseline, **parts), **fields)
    changed = replace(PLAN, targets=tuple((TARGETS | {row: target}).values()))
    return [(place[2:], what) for place, what in faults("plans", changed)]


@cases("catalog/impossible_targets.csv")
def test_what_a_target_cannot_mean(row, changed, place, what):
    fields = json.loads(changed)
    if "series" in fields:
        fields["series"] = tuple(fields["series"])
    found = faults_of(row, **fields)
    assert {here[0] for here, _ in found} == {place}
    assert any(said.startswith(what) for _, said in found)


def test_what_a_target_can_mean():
    assert faults_of(PASSES) == [], "as it stands"
    assert faults_of(BRANDS, value=700.0) == [], "a small count may grow a hundredfold"
    assert faults_of(PASSES, value=1.0, decimals=0, baseline__value=0.6) == [], "as its baseline"
    assert faults_of(STANDARDS, value=300.0) == [], "a sum may exceed what one year can hold"


def test_each_condition_is_held_against_its_own_indicator():
    first, *others = TARGETS[SERVICES].conditions
    for fields, key in (({"value": 800.0}, "value"), ({"comparator": "<"}, "comparator"),
                        ({"indicator_id": "x"}, "indicator_id")):  # fmt: skip
        found = faults_of(SERVICES, conditions=(replace(first, **fields), *others))
        assert [place for place, _ in found] == [("conditions", 0, key)]
    found = faults_of(SERVICES, conditions=(first, first))
    found += faults_of(DEATHS, baseline__readings=READINGS[:1] * 2)
    assert [place for place, _ in found] == [("conditions", 1), ("baseline", "readings", 1)]
    assert faults_of(PASSES, conditions=(first, *others))[0][0] == ("kind",)


PASS_RATE = KNOWN["indicators"]["food_sampling_pass_rate"]
CONFLICT = KNOWN["conflicts"]["row6-baseline"]
READINGS = TARGETS[DEATHS].baseline.readings


@pytest.mark.parametrize(
    ("kind", "record", "places"),
    [
        ("plans", replace(PLAN, targets=(), end_year=20250), [("end_year",)]),
        ("plans", replace(PLAN, targets=(), start_year=202), [("end_year",)]),
        ("plans", replace(PLAN, targets=PLAN.targets[:1] * 2), [("targets", 1)]),
        ("plans", replace(PLAN, sources=PLAN.sources[:1] * 2), [("sources", 1)]),
        ("indicators", replace(PASS_RATE, decimals=-1), [("decimals",)]),
        ("indicators", replace(PASS_RATE, decimals=7), [("decimals",)]),
        ("units", Unit(id="x", en="x", base="y", factor=10.0), [("base",)]),
        ("units", Unit(id="item", en="x", base="item", factor=10.0), [("base",)]),
        ("units", Unit(id="x", en="x", base="item"), [("factor",)]),
        ("units", Unit(id="x", en="x", factor=10.0), [("factor",)]),
        ("units", Unit(id="x", en="x", base="item", factor=-1.0), [("factor",)]),
        ("conflicts", replace(CONFLICT, readings=CONFLICT.readings[:1] * 2), [("readings", 1)]),
    ],
)
def test_rules_of_other_records(kind, record, places):
    assert [place for place, _ in faults(kind, record)] == places
