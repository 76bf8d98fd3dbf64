"""The catalogue as it stands: complete, consistent, and equal to the documents."""

import math
import re
from itertools import product

import pandas as pd
import pytest

from wqa.catalog import catalog
from wqa.catalog.reading import read_yaml
from wqa.catalog.records import LANGUAGES
from wqa.data.cells import load_scope_rules
from wqa.data.loading import load_quantities


@pytest.fixture(scope="module")
def plans():
    return {name: catalog.load_plan(name) for name in catalog.list_plans()}


@pytest.fixture(scope="module")
def wuhan(plans):
    return {target.row + target.part: target for target in plans["wuhan-14fyp"].targets}


@pytest.fixture(scope="module")
def quantities(root):
    rows = load_quantities(root).to_dict("records")
    return {(r["source_id"], r["section"], r["item_zh"], r["period"], r["region"]): r for r in rows}


def test_wuhan_has_the_rows_of_the_printed_table(root, wuhan):
    """Class and nature of every sub-indicator, and what the table prints for 2020 and 2025."""
    printed = pd.read_csv(root / "tests/catalog/wuhan_table.csv", dtype={"row": str})
    rows = [(name, t.kind, t.baseline.value, t.value, t.baseline.status, t.nature, t.comparator)
            for name, t in wuhan.items()]  # fmt: skip
    pd.testing.assert_frame_equal(printed, pd.DataFrame(rows, columns=printed.columns))
    assert len(wuhan) == 23 and {t.row for t in wuhan.values()} == {str(n) for n in range(1, 20)}
    assert [r.value for r in wuhan["6"].baseline.readings] == [0.29, 0.029]
    assert [r.value for r in wuhan["5"].baseline.readings] == [92, 95.1]
    sums = [t for t in wuhan.values() if t.kind == "plan_sum"]
    assert {(t.scope, t.start_year, t.year) for t in sums} == {("plan_sum", 2021, 2025)}


def test_public_services_have_seven_conditions(wuhan):
    conditions = wuhan["9"].conditions
    assert len(conditions) == 7
    assert {(c.comparator, c.value) for c in conditions[:6]} == {(">=", 80.0)}
    last = conditions[6]
    assert (last.comparator, last.value, last.reference_region) == (">", None, "CN")


def test_hubei_outline_is_tracked(plans):
    targets = plans["hubei-outline-2025"].targets
    assert len(targets) == 37
    assert {t.year for t in targets} == {2025}
    assert {t.baseline.status for t in targets} == {"missing"}


def test_every_target_value_is_printed_in_its_document(plans, quantities):
    for plan in plans.values():
        for target in plan.targets:
            places = [(s.source_id, s.section, s.item, s.period, s.region)
                      for s in target.statements if s.field == "value"]  # fmt: skip
            assert target.value in [quantities[place]["value"] for place in places], target.id


def test_every_number_of_the_register_is_printed_somewhere(quantities):
    printed = {r["value"] for r in quantities.values() if not math.isnan(r["value"])}
    for conflict in catalog.load_conflicts().values():
        if conflict.comparison_id:
            continue  # its figures are held against the data by test_conflicts
        numbers = {r.value for r in conflict.readings if isinstance(r.value, float)}
        assert numbers <= printed, conflict.id


def test_a_conflict_names_the_regions_whose_figures_disagree():
    register = catalog.load_conflicts()
    assert register["row6-baseline"].regions == ("WH",)
    assert register["national-death-rate-2021"].regions == ("CN",)
    assert register["national-awards-city-province"].regions == ("HB", "WH")
    assert all(conflict.regions for conflict in register.values())


def test_plan_documents_are_those_of_the_raw_record(root):
    record = read_yaml(root / "data" / "raw" / "plan_quantities" / "source.yml")
    known = {d["source_id"]: d for d in record["documents"]}
    for source in catalog.read_catalogue()["sources"].values():
        if source.sha256:
            there = [known[source.id][key] for key in ("sha256", "document", "published")]
            assert [source.sha256, source.file, source.published] == there


def test_indicators_of_plans_are_described(plans):
    indicators = catalog.load_indicators()
    for target in (t for plan in plans.values() for t in plan.targets):
        indicator = indicators[target.indicator_id]
        assert indicator.definition_zh and indicator.definition_en, indicator.id
        is_lower = target.comparator.startswith("<")
        assert indicator.direction == ("lower_better" if is_lower else "higher_better")


def test_both_languages_or_neither():
    indicators = catalog.load_indicators().values()
    for item, name in product(indicators, ("definition", "caveat")):
        zh, en = (bool(getattr(item, f"{name}_{lang}")) for lang in LANGUAGES)
        assert zh == en, (item.id, name)
    assert len({i.name_zh for i in indicators}) == len(indicators)


def test_all_units_and_groups_are_used():
    indicators = catalog.load_indicators().values()
    assert set(catalog.load_units()) == {i.unit for i in indicators}
    assert set(catalog.read_catalogue()["groups"]) == {i.group for i in indicators}


def test_scopes_name_known_indicators_and_series_exist(wuhan):
    # The scopes of the plan table itself must be found again as the series of its targets.
    mapped = {(rule.indicator_id, rule.scope) for rules in load_scope_rules().values()
              for rule in rules}  # fmt: skip
    for row, scope in (("2", "cumulative_products"), ("5", "city_key_industrial"), ("8", "city"),
                       ("12", "unit_projects"), ("18", "stock"), ("19", "city")):  # fmt: skip
        assert scope in wuhan[row].series
        assert (wuhan[row].indicator_id, scope) in mapped


def test_glossary_has_the_words_of_the_answers(root):
    words = read_yaml(root / "wqa" / "catalog_data" / "verdicts.yml")["answers"]
    section = (root / "docs" / "glossary.md").read_text(encoding="utf-8").split("## Answers")[1]
    rows = re.findall(r"^\| `(\w+)` \| (\S+) \|", section.split("## ")[0], flags=re.MULTILINE)
    assert dict(rows) == {name: text["zh"] for name, text in words.items()}
