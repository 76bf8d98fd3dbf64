"""The catalogue loader: a new plan by files only, and every fault with file and line."""

import dataclasses

import pytest

from wqa.catalog import catalog
from wqa.errors import CatalogError

# A plan of a city that does not exist, as somebody would write it for 2026-2030.
PLAN = """\
id: example-15fyp
title_zh: 示例市质量发展“十五五”规划
title_en: Example City quality plan for the 15th five-year period
short_zh: 示例市规划
short_en: Example plan
region: EX
issuer_zh: 示例市质量办公室
issuer_en: Example City quality office
issued: 2026-03-01
start_year: 2026
end_year: 2030
source_id: doc-example
sources:
  - {id: doc-example, title: 示例市规划, publisher: 示例市, evidence: official}
targets:
  - row: "1"
    indicator_id: example_pass_rate
    kind: gap
    comparator: ">="
    value: 97
    unit: pct
    decimals: 1
    year: 2030
    scope: end_year
    baseline: {status: measured, value: 95.5, year: 2025}
    nature: binding
    clause: 第1行
    series: [city]
  - row: "2"
    indicator_id: special_equipment_death_rate
    kind: gap
    comparator: "<"
    value: 0.1
    unit: per_10k_units
    decimals: 2
    year: 2030
    scope: end_year
    baseline: {status: not_started}
    nature: expected
    clause: 第2行
"""
INDICATORS = """\
indicators:
  example_pass_rate:
    name_zh: 示例合格率
    name_en: Example pass rate
    group: product
    unit: pct
    direction: higher_better
    family: percent
    lower: 0
    upper: 100
    decimals: 1
"""


@pytest.fixture
def extra(tmp_path):
    """Make an extra catalogue folder from the text of a plan file and of an indicator file."""

    def write(plan=PLAN, indicators=INDICATORS):
        for folder, name, text in (
            ("plans", "example-15fyp.yml", plan),
            ("indicators", "example.yml", indicators),
        ):
            (tmp_path / folder).mkdir(exist_ok=True)
            (tmp_path / folder / name).write_text(text, encoding="utf-8")
        return tmp_path

    return write


def line_of(text, part):
    return next(n for n, line in enumerate(text.splitlines(), 1) if part in line)


def test_a_plan_is_added_by_files_alone(extra):
    folder = extra()
    plan = catalog.load_plan("example-15fyp", catalog=folder)
    assert [t.id for t in plan.targets] == ["example-15fyp.1", "example-15fyp.2"]
    first = plan.targets[0]
    assert (first.region, first.start_year, first.name_zh) == ("EX", 2026, "示例合格率")
    assert (first.value, first.baseline.value, first.baseline.year) == (97.0, 95.5, 2025)
    assert plan.issued == "2026-03-01"  # dates stay text
    assert catalog.list_plans(folder) == ["example-15fyp", "hubei-outline-2025", "wuhan-14fyp"]
    assert "example_pass_rate" in catalog.load_indicators(folder)
    assert "example_pass_rate" not in catalog.load_indicators()
    frame = catalog.plan_frame(plan)
    assert list(frame["baseline_status"]) == ["measured", "not_started"]
    assert frame["baseline"].isna().tolist() == [False, True]


def test_records_cannot_be_changed():
    plan = catalog.load_plan("wuhan-14fyp")
    with pytest.raises(dataclasses.FrozenInstanceError):
        plan.targets[0].value = 1.0


FAULTS = {
    "unknown key": ("    nature: binding\n", "    natur: binding\n", "unknown key 'natur'"),
    "missing key": ("    clause: 第1行\n", "", "missing key 'clause'"),
    "target without unit": ("    unit: pct\n", "", "missing key 'unit'"),
    "year outside the plan": (
        "    year: 2030\n    scope: end_year\n    baseline: {status: m",
        "    year: 2031\n    scope: end_year\n    baseline: {status: m",
        "year outside the plan; got 2031; expected a year from 2026 to 2030",
    ),
    "unknown indicator": (
        "id: example_pass_rate",
        "id: exampel_pass_rate",
        "unknown indicator; got 'exampel_pass_rate'",
    ),
    "unknown unit": ("    unit: pct\n", "    unit: percent\n", "got 'percent'; expected 'pct'"),
    "unknown comparator": (
        '">="',
        '"=>"',
        "wrong value of 'comparator'; got '=>'; expected one of >=, >, <=, <, ==",
    ),
    "unknown kind": ("kind: gap", "kind: gapp", "wrong value of 'kind'; got 'gapp'; expected one"),
    "unknown nature": ("nature: binding", "nature: 约束性", "expected one of binding, expected"),
    "duplicate target": ('row: "2"', 'row: "1"', "'1' occurs twice in targets"),
    "duplicate key": (
        "    decimals: 1\n",
        "    decimals: 1\n    decimals: 2\n",
        "key 'decimals' occurs twice",
    ),
    "measured without value": (
        "value: 95.5, year: 2025",
        "year: 2025",
        "a measured baseline needs value and year",
    ),
    "not started with value": (
        "{status: not_started}",
        "{status: not_started, value: 0, year: 2025}",
        "a baseline that is not_started has no value; got 0.0",
    ),
    "disputed without readings": (
        "status: measured",
        "status: disputed",
        "a disputed baseline needs its readings; got 0; expected at least two",
    ),
    "baseline inside the plan": ("year: 2025}", "year: 2027}", "the baseline lies after the start"),
    "text for a number": ("value: 97\n", "value: 97%\n", "got '97%'; expected a number or null"),
    "number for a text": ('row: "1"', "row: 1", "got 1; expected text. Put the value in quotes."),
    "true for a number": ("decimals: 1\n", "decimals: true\n", "expected a whole number"),
    "flag for a number": ("decimals: 1\n", "decimals: yes\n", "YAML reads this unlike a person"),
    "octal for a number": ("value: 97\n", "value: 0141\n", "unlike a person; got '0141'"),
    "value outside the bounds": ("value: 97\n", "value: 970\n", "expected at most 100"),
    "value missing": ("value: 97\n", "value: null\n", "a target of kind 'gap' needs a value"),
    "scope does not fit": (
        "kind: gap",
        "kind: plan_sum",
        "kind 'plan_sum' needs the scope of the same name; got 'end_year'",
    ),
    "compound without conditions": ("kind: gap", "kind: compound", "at least two"),
    "relative without region": ("kind: gap", "kind: relative", "needs reference_region"),
    "unknown source": ("source_id: doc-example", "source_id: doc-exampel", "unknown source_id"),
    "id is not the file name": ("id: example-15fyp", "id: other", "expected 'example-15fyp'"),
    "no list": ("    series: [city]", "    series: city", "got 'city'; expected a list"),
    "plan ends before it starts": ("end_year: 2030", "end_year: 2025", "ends before it starts"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_names_file_line_and_remedy(extra, name):
    old, new, message = FAULTS[name]
    assert old in PLAN
    plan = PLAN.replace(old, new, 1)
    with pytest.raises(CatalogError) as caught:
        catalog.load_plan("example-15fyp", catalog=extra(plan))
    text = str(caught.value)
    assert message in text
    assert "example-15fyp.yml:" in text


@pytest.mark.parametrize(
    ("old", "new", "part"),
    [
        ("    nature: binding\n", "    natur: binding\n", "natur:"),
        ('">="', '"=>"', '"=>"'),
        ("value: 97\n", "value: 970\n", "value: 970"),
        ('row: "2"', 'row: "1"\n', 'row: "1"'),
        ("    clause: 第1行\n", "", '- row: "1"'),  # a missing key: the line of its record
    ],
)
def test_the_line_is_the_line_of_the_fault(extra, old, new, part):
    plan = PLAN.replace(old, new, 1)
    number = line_of(plan, part)
    if part == 'row: "1"':  # the second of two
        number = number + 1 + line_of("\n".join(plan.splitlines()[number:]), part) - 1
    with pytest.raises(CatalogError, match=rf"example-15fyp\.yml:{number}: "):
        catalog.load_plan("example-15fyp", catalog=extra(plan))


def test_exact_message_of_a_single_fault(extra):
    plan = PLAN.replace("    unit: pct\n", "", 1)
    folder = extra(plan)
    with pytest.raises(CatalogError) as caught:
        catalog.load_plan("example-15fyp", catalog=folder)
    place = f"{folder / 'plans' / 'example-15fyp.yml'}:{line_of(plan, '- row:')}"
    assert str(caught.value) == f"{place}: missing key 'unit'. Add `unit:` here."


def test_faults_of_a_file_are_shown_together(extra):
    plan = PLAN.replace("nature: binding", "nature: x").replace("nature: expected", "nature: y")
    with pytest.raises(CatalogError) as caught:
        catalog.load_plan("example-15fyp", catalog=extra(plan))
    text = str(caught.value)
    assert "2 faults" in text
    assert "got 'x'" in text and "got 'y'" in text


def test_at_most_ten_faults_are_listed(extra):
    plan = PLAN + "".join(f"wrong_{n}: 1\n" for n in range(13))
    with pytest.raises(CatalogError) as caught:
        catalog.load_plan("example-15fyp", catalog=extra(plan))
    text = str(caught.value)
    assert "13 faults" in text
    assert text.count("unknown key") == 10
    assert "and 3 more" in text


def test_unknown_plan_lists_the_known_ones():
    with pytest.raises(CatalogError, match="got 'wuhan'; expected one of hubei-outline-2025, wuh"):
        catalog.load_plan("wuhan")


def test_unknown_folder(tmp_path):
    with pytest.raises(CatalogError, match="no such catalogue folder"):
        catalog.load_indicators(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("  example_pass_rate:", "  product_sampling_pass_rate:", "is used twice"),
        ("  example_pass_rate:", "  Example:", "wrong id; got 'Example'"),
        ("unit: pct", "unit: procent", "unknown unit; got 'procent'; expected one of pct"),
        ("group: product", "group: goods", "unknown group; got 'goods'"),
        ("upper: 100", "upper: -1", "upper is not above lower"),
        ("    upper: 100\n", "", "a percent or score needs lower and upper"),
        (
            "direction: higher_better",
            "direction: up",
            "expected one of higher_better, lower_better",
        ),
        ("indicators:", "indicator:", "unknown key 'indicator'"),
    ],
)
def test_faults_of_indicators(extra, old, new, message):
    folder = extra(indicators=INDICATORS.replace(old, new, 1))
    with pytest.raises(CatalogError) as caught:
        catalog.load_indicators(folder)
    assert message in str(caught.value)
    assert "example.yml:" in str(caught.value)


def test_duplicate_indicator_names_both_places(extra):
    folder = extra(indicators=INDICATORS.replace("example_pass", "food_sampling_pass", 1))
    with pytest.raises(CatalogError, match=r"example\.yml:2: .*first in .*food_agri_drug\.yml:3"):
        catalog.load_indicators(folder)


def test_a_plan_id_used_twice(extra):
    folder = extra()
    (folder / "plans" / "wuhan-14fyp.yml").write_text("id: wuhan-14fyp\n", encoding="utf-8")
    with pytest.raises(CatalogError, match="plan id is used twice"):
        catalog.list_plans(folder)


REGISTER = """\
sources:
  - {id: doc-x, title: 文, publisher: 示例市, evidence: official}
conflicts:
  - id: example
    kind: baseline_value
    field: baseline
    target_ids: [wuhan-14fyp.6]
    readings:
      - {id: a, label_zh: 甲, label_en: a, value: 1, source_id: doc-x, clause: 一}
      - {id: b, label_zh: 乙, label_en: b, value: 2, source_id: doc-x, clause: 二}
    preferred: a
    reason_zh: 理由
    reason_en: reason
    decided_by: wqa maintainers
"""


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("wuhan-14fyp.6", "wuhan-14fyp.66", "unknown target_id; got 'wuhan-14fyp.66'"),
        ("source_id: doc-x, clause: 一", "source_id: doc-y, clause: 一", "unknown source_id"),
        ("preferred: a", "preferred: c", "preferred is no reading of this conflict; got 'c'"),
        ("    target_ids: [wuhan-14fyp.6]\n", "", "names neither target_ids nor comparison_id"),
        ("id: example", "id: row6-baseline", "id 'row6-baseline' is used twice"),
        ("conflicts:", "conflict:", "unknown key 'conflict'"),
    ],
)
def test_faults_of_the_register(tmp_path, old, new, message):
    (tmp_path / "conflicts").mkdir()
    path = tmp_path / "conflicts" / "extra.yml"
    path.write_text(REGISTER, encoding="utf-8")
    assert "example" in catalog.load_conflicts(tmp_path)
    path.write_text(REGISTER.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(CatalogError) as caught:
        catalog.load_conflicts(tmp_path)
    assert message in str(caught.value)
    assert "extra.yml:" in str(caught.value)


@pytest.mark.parametrize("text", ["", "- 1\n", "conflicts: 7\n", "conflicts:\n  a: 1\n"])
def test_a_register_of_another_shape(tmp_path, text):
    (tmp_path / "conflicts").mkdir()
    (tmp_path / "conflicts" / "extra.yml").write_text(text, encoding="utf-8")
    with pytest.raises(CatalogError, match=r"extra\.yml:1: (not a mapping|wrong value)"):
        catalog.load_conflicts(tmp_path)


@pytest.mark.parametrize("text", ["", "7\n", "- id: a\n"])
def test_a_plan_of_another_shape(extra, text):
    with pytest.raises(CatalogError, match=r"example-15fyp\.yml:1: not a mapping"):
        catalog.load_plan("example-15fyp", catalog=extra(text))


def test_a_source_has_one_record(tmp_path):
    (tmp_path / "conflicts").mkdir()
    text = "sources:\n  - {id: doc-hubei-outline, title: 别名, publisher: 省, evidence: official}\n"
    (tmp_path / "conflicts" / "extra.yml").write_text(text, encoding="utf-8")
    with pytest.raises(CatalogError, match="differs from an earlier one"):
        catalog.load_documents(tmp_path)
