"""Contradicting figures are found by comparing them, and by nothing else."""

import dataclasses

import pytest

from wqa.catalog import catalog
from wqa.data.conflicts import find_conflicts
from wqa.data.observations import load_observations, load_quantities

# Conflicts inside the plan documents that touch an indicator, as (kind, target row).
PLAN = {
    ("baseline_value", "2"), ("baseline_value", "5"), ("baseline_value", "6"),
    ("baseline_equals_reference", "6"), ("comparator", "6"),
    ("floor_below_baseline", "3a"), ("floor_below_baseline", "3b"),
    ("floor_below_baseline", "8"), ("floor_below_baseline", "14b"),
    ("floor_below_baseline", "14c"), ("floor_below_baseline", "15"),
    ("floor_below_baseline", "19"), ("target_equals_baseline", "12"),
    ("target_equals_baseline", "13"), ("population", "4"), ("population", "7"),
    ("population", "15"), ("baseline_period", "14a"), ("baseline_period", "14b"),
    ("baseline_period", "14c"), ("baseline_period", "15"), ("target_value", "17"),
    ("baseline_blank", "17"), ("further_condition", "9"), ("identical_pair", "10"),
    ("identical_pair", "11"),
    *(("comparator", row) for row in ("3a", "3b", "4", "5", "7", "8", "9", "10", "11", "16")),
    *(("comparator_not_printed", row) for row in ("12", "13", "15", "19")),
}  # fmt: skip
WUHAN = "wuhan-14fyp."


@pytest.fixture(scope="module")
def quantities(root):
    return load_quantities(root)


@pytest.fixture(scope="module")
def observations(root):
    return load_observations(annual=False, root=root)


@pytest.fixture(scope="module")
def plans():
    return [catalog.load_plan(name) for name in catalog.list_plans()]


@pytest.fixture(scope="module")
def register():
    return catalog.load_conflicts()


@pytest.fixture(scope="module")
def comparisons():
    return catalog.load_comparisons()


@pytest.fixture
def find(quantities, observations, plans, register, comparisons):
    def run(q=quantities, o=observations, p=plans, r=register, c=comparisons):
        return find_conflicts(q, o, p, r, comparisons=c)

    return run


def change(frame, item, period, section=None, **cells):
    """Copy the quantities with other cells in exactly one row."""
    hit = (frame["item_zh"] == item) & (frame["period"] == period)
    if section:
        hit &= frame["section"].str.startswith(section)
    assert hit.sum() == 1
    frame = frame.copy()
    for name, value in cells.items():
        frame.loc[hit, name] = value
    return frame


def test_everything_found_is_registered_and_the_reverse(find):
    found = find()
    assert set(found["status"]) == {"registered"}
    assert set(found["severity"]) == {"review"}
    assert found["reason_zh"].str.len().min() > 5


def test_conflicts_of_the_plan_table_and_no_other(find):
    found = find()
    pairs = {
        (row["kind"], target.removeprefix(WUHAN))
        for row in found.to_dict("records")
        for target in row["target_ids"].split()
        if target.startswith(WUHAN)
    }
    assert pairs == PLAN


def test_cells_without_conflict_are_not_flagged(find):
    touched = " ".join(find()["target_ids"]).split()
    clean = {"1a", "1b", "18"}
    assert clean == {
        t.id.removeprefix(WUHAN)
        for t in catalog.load_plan("wuhan-14fyp").targets
        if t.id not in touched
    }


def test_every_registered_conflict_is_found(find, register):
    assert set(find()["conflict_id"]) == set(register)


def test_row_6_shows_both_numbers(find):
    row = find().set_index("conflict_id").loc["row6-baseline"]
    assert row["values"] == "0.29; 0.029"
    assert row["preferred"] == ""
    assert find().set_index("conflict_id").loc["row6-comparator", "preferred"] == "text"


def test_notes_play_no_part(find, quantities, observations):
    blank = find(q=quantities.assign(note=""), o=observations.assign(note=""))
    assert blank.equals(find())


def test_comparisons_that_hold_today_find_later_slips(find, quantities):
    slipped = change(quantities, "高端装备名品", "2021-2025", value_text="40", value=40.0)
    found = find(q=slipped)
    new = found[found["status"] == "unregistered"]
    assert list(new["comparison_id"]) == ["famous-products-classes"]
    assert new["detail"].item() == "40 + 30 + 20 + 10 + 10 == 100 does not hold"
    assert new["severity"].item() == "error"


def test_a_new_contradiction_is_an_error(find, quantities):
    changed = change(quantities, "国际知名品牌培育", "2025", value_text="12", value=12.0)
    found = find(q=changed)
    new = found[found["status"] != "registered"]
    assert list(zip(new["kind"], new["target_ids"], new["status"], strict=True)) == [
        ("target_value", "wuhan-14fyp.1a", "unregistered")
    ]
    assert new["values"].item() == "10; 12"


def test_a_corrected_figure_leaves_a_stale_entry(find, quantities):
    same = change(quantities, "第一批武汉名品认证企业", "2020", value_text="7", value=7.0)
    found = find(q=same)
    stale = found[found["status"] == "not_found"]
    assert list(stale["conflict_id"]) == ["row2-baseline"]
    assert stale["severity"].item() == "error"
    # The same number for products and for firms is still no agreement.
    new = found[found["status"] == "unregistered"]
    assert list(zip(new["kind"], new["target_ids"], strict=True)) == [
        ("population", "wuhan-14fyp.2")
    ]


def test_a_changed_figure_outdates_its_entry(find, quantities):
    other = change(
        quantities, "年均万台特种设备事故死亡率", "2016-2020", value_text="0.03", value=0.03
    )
    found = find(q=other).set_index("conflict_id")
    assert found.loc["row6-baseline", "status"] == "outdated"
    assert found.loc["row6-baseline", "severity"] == "error"
    assert found.loc["row6-baseline", "values"] == "0.29; 0.03"


def test_the_catalogue_is_held_against_the_documents(find, plans):
    wuhan = next(p for p in plans if p.id == "wuhan-14fyp")
    wrong = [dataclasses.replace(t, value=6.5) if t.row == "18" else t for t in wuhan.targets]
    others = [p for p in plans if p is not wuhan]
    found = find(p=[dataclasses.replace(wuhan, targets=tuple(wrong)), *others])
    new = found[found["status"] != "registered"]
    assert list(new["kind"]) == ["catalogue_differs"]
    assert new["values"].item() == "6.5; 6"


def test_a_lost_quantity_is_reported(find, quantities):
    kept = quantities[quantities["item_zh"] != "18.认证有效证书数"]
    found = find(q=kept)
    missing = found[found["kind"] == "figure_missing"]
    assert set(missing["target_ids"]) == {"wuhan-14fyp.18"}
    assert set(missing["status"]) == {"unregistered"}


def test_an_observation_that_contradicts_the_baseline(find, observations):
    hit = (observations["indicator_id"] == "valid_certificates") & (
        observations["source_id"] == "doc-wuhan-14fyp"
    )
    assert hit.sum() == 1
    changed = observations.copy()
    changed.loc[hit, "value"] = 4.83
    new = find(o=changed).query("status != 'registered'")
    assert list(new["kind"]) == ["observation_differs"]
    assert new["values"].item() == "4.38; 4.83"


def test_without_observations_nothing_is_claimed(find, observations, comparisons):
    found = find(o=observations.iloc[:0])
    assert set(found["status"]) == {"registered", "not_checked"}
    waiting = found[found["status"] == "not_checked"]
    assert set(waiting["severity"]) == {"review"}
    needs = {c.id for c in comparisons.values() if any(f.indicator_id for f in (*c.left, *c.right))}
    assert set(waiting["comparison_id"]) == needs


def test_by_default_the_figures_of_the_project_are_compared(find):
    assert find_conflicts().equals(find())


def test_one_plan_alone_reports_nothing_about_the_other(find, plans):
    found = find(p=[p for p in plans if p.id == "hubei-outline-2025"])
    assert not found["target_ids"].str.contains("wuhan").any()
    assert set(found["status"]) == {"registered"}


def test_rounding_is_no_contradiction(find, comparisons):
    rule = comparisons["national-death-rate-2021"]
    wide = {rule.id: dataclasses.replace(rule, tolerance=0.03)}
    assert rule.id not in set(find(c=wide, r={})["comparison_id"])
    assert rule.id in set(find(c={rule.id: rule}, r={})["comparison_id"])


def test_sources_of_observed_readings_are_those_of_the_observations(register, observations):
    known = set(observations["source_id"]) | set(catalog.load_documents())
    used = {r.source_id for c in register.values() for r in c.readings}
    assert used <= known
    assert {s for s in used if s.startswith("src-")} <= set(observations["source_id"])
