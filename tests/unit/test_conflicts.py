"""Contradicting figures are found by comparing them, and by nothing else."""

import dataclasses
import json

import pytest
from cases import cases

from wqa.catalog import catalog
from wqa.data.conflicts import compare, find_conflicts
from wqa.data.loading import load_observations, load_quantities

WUHAN = "wuhan-14fyp."


@pytest.fixture(scope="module")
def known(root):
    declared = catalog.read_catalogue()
    return {"stated": load_quantities(root), "frame": load_observations(root=root), **declared}


@pytest.fixture
def find(known):
    def run(**changed):
        now = known | changed
        return compare(now["stated"], now["frame"], now)

    return run


def changed(frame, value, **keys):
    """Copy a frame with another value in exactly one row."""
    hit = (frame[list(keys)] == list(keys.values())).all(axis=1)
    assert hit.sum() == 1
    cells = {"value": value} | ({"value_text": f"{value:g}"} if "value_text" in frame else {})
    return frame.assign(**{name: frame[name].mask(hit, cell) for name, cell in cells.items()})


def news(found):
    """Kind, targets, status, severity and values of what is not registered."""
    rows = found[found["status"] != "registered"]
    rows = rows.assign(target_ids=rows["target_ids"].str.removeprefix(WUHAN))
    return rows[["kind", "target_ids", "status", "severity", "values"]].values.tolist()


def test_everything_found_is_registered_and_the_reverse(find, known):
    found = find().set_index("conflict_id")
    assert set(found["status"]) == {"registered"}
    assert set(found["severity"]) == {"review"}
    assert found["reason_zh"].str.len().min() > 5
    assert set(found.index) == set(known["conflicts"])
    assert found.loc["row6-baseline", ["values", "preferred"]].tolist() == ["0.29; 0.029", ""]
    assert found.loc["row6-comparator", "preferred"] == "text"


def test_notes_play_no_part(find, known):
    blank = find(stated=known["stated"].assign(note=""), frame=known["frame"].assign(note=""))
    assert blank.equals(find())


@cases("unit/changed_quantities.csv")
def test_a_changed_quantity(find, known, why, item, period, value, expected):
    found = news(find(stated=changed(known["stated"], float(value), item_zh=item, period=period)))
    assert sorted(found) == sorted(json.loads(expected)), why


def test_the_detail_says_what_does_not_hold(find, known):
    slip = changed(known["stated"], 40.0, item_zh="高端装备名品", period="2021-2025")
    found = find(stated=slip).query("status == 'unregistered'")
    assert found["comparison_id"].item() == "famous-products-classes"
    assert found["detail"].item() == "40 + 30 + 20 + 10 + 10 == 100 does not hold"


def test_the_catalogue_is_held_against_the_documents(find, known):
    wuhan = known["plans"]["wuhan-14fyp"]
    wrong = [dataclasses.replace(t, value=6.5) if t.row == "18" else t for t in wuhan.targets]
    plans = {wuhan.id: dataclasses.replace(wuhan, targets=tuple(wrong))}
    found = news(find(plans=known["plans"] | plans))
    assert found == [["catalogue_differs", "18", "unregistered", "error", "6.5; 6"]]


def test_a_lost_quantity_is_reported(find, known):
    found = find(stated=known["stated"][known["stated"]["item_zh"] != "18.认证有效证书数"])
    missing = found[found["kind"] == "figure_missing"]
    assert set(missing["target_ids"]) == {"wuhan-14fyp.18"}
    assert set(missing["status"]) == {"unregistered"}


def test_an_observation_that_contradicts_the_baseline(find, known):
    keys = {"indicator_id": "valid_certificates", "source_id": "doc-wuhan-14fyp"}
    found = news(find(frame=changed(known["frame"], 4.83, **keys)))
    assert found == [["observation_differs", "18", "unregistered", "error", "4.38; 4.83"]]


def test_without_observations_nothing_is_claimed(find, known):
    found = find(frame=known["frame"].iloc[:0])
    assert set(found["status"]) == {"registered", "not_checked"}
    waiting = found[found["status"] == "not_checked"]
    assert set(waiting["severity"]) == {"review"}
    rules = known["comparisons"].values()
    needs = {c.id for c in rules if any(f.indicator_id for f in (*c.left, *c.right))}
    assert set(waiting["comparison_id"]) == needs


def test_by_default_the_figures_of_the_project_are_compared(find):
    assert find_conflicts().equals(find())


def test_one_plan_alone_reports_nothing_about_the_other(find, known):
    found = find(plans={"hubei": known["plans"]["hubei-outline-2025"]})
    assert not found["target_ids"].str.contains("wuhan").any()
    assert set(found["status"]) == {"registered"}


def test_rounding_is_no_contradiction(find, known):
    rule = known["comparisons"]["national-death-rate-2021"]
    wide = {rule.id: dataclasses.replace(rule, tolerance=0.03)}
    assert rule.id not in set(find(comparisons=wide, conflicts={})["comparison_id"])
    assert rule.id in set(find(comparisons={rule.id: rule}, conflicts={})["comparison_id"])


def test_sources_of_observed_readings_are_those_of_the_observations(known):
    observed = set(known["frame"]["source_id"])
    used = {r.source_id for c in known["conflicts"].values() for r in c.readings}
    assert used <= observed | set(catalog.read_catalogue()["sources"])
    assert {s for s in used if s.startswith("src-")} <= observed
