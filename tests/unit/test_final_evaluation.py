"""A plan whose period is over: outcome where published, probability where not yet."""

from dataclasses import replace

import pytest
from observation_frames import figures

from wqa.assessment.attainment import assess
from wqa.catalog.catalog import load_plan
from wqa.history.editions import edition_record

PLAN = load_plan("wuhan-14fyp")
AFTER = "2026-11-22"


def only(name):
    return replace(PLAN, targets=tuple(t for t in PLAN.targets if t.row + t.part == name))


def judged(name, values, edition=2025, as_of=AFTER):
    plan = only(name)
    target = plan.targets[0]
    own = {"indicator_id": target.indicator_id, "scope": target.series[0]}
    rows = [{**own, "year": y, "value": v, "vintage": f"{y + 1}-03-01"} for y, v in values.items()]
    frame = figures(*rows)
    return assess(plan, observations=frame, as_of=as_of, edition=edition).iloc[0]


YEARS = {2020: 98.0, 2021: 98.1, 2022: 98.3, 2023: 98.4}


@pytest.mark.parametrize("edition", [2025, 2026])
@pytest.mark.parametrize(("value", "answer", "p"), [(98.5, "met", 1), (98.4, "missed", 0)])
def test_outcome_where_known(edition, value, answer, p):
    row = judged("7", YEARS | {2024: 98.4, 2025: value}, edition)
    assert (row["answer"], row["p_attain"], row["evidence_class"]) == (answer, p, "known")
    assert row["level_year"] == 2025


@pytest.mark.parametrize("edition", [2025, 2026])
def test_probability_where_not_yet_published(edition):
    row = judged("7", YEARS, edition)
    assert row["answer"] in ("very_likely", "likely", "open", "unlikely")
    assert 0 < row["p_attain"] < 1
    assert row["target_year"] == 2025


def test_last_year_published_after_the_day_is_not_used():
    values = YEARS | {2025: 98.9}
    assert judged("7", values, as_of="2026-02-28")["answer"] in (
        "very_likely",
        "likely",
        "open",
        "unlikely",
    )
    assert judged("7", values, as_of="2026-03-01")["answer"] == "met"


def test_years_after_the_plan_do_not_decide_it():
    assert judged("7", YEARS | {2026: 99.9}, 2026)["evidence_class"] != "known"


def test_sum_of_all_years_is_final():
    flows = dict.fromkeys(range(2021, 2026), 3.0)
    short = judged("14a", flows)
    assert (short["answer"], short["reason_code"]) == ("missed", "sum_missed")
    early = judged("14a", dict.fromkeys(range(2021, 2024), 7.0))
    assert (early["answer"], early["reason_code"]) == ("met", "sum_reached")


def test_every_year_breached_or_open():
    kept = dict.fromkeys(range(2021, 2026), 6.0)
    assert judged("3a", kept)["answer"] == "met"
    assert judged("3a", kept | {2023: 4.0})["answer"] == "missed"
    del kept[2025]
    assert judged("3a", kept)["answer"] in ("very_likely", "likely", "open", "unlikely")


def test_record_says_which_mode():
    plan = only("7")
    assert edition_record(plan, "CN", 2024, "2025-09-30").mode == "interim"
    assert edition_record(plan, "CN", 2025, AFTER).mode == "final"
