"""The chain from raw rows to an answer: complete, plain, and the same as what is assessed."""

import json
import re
from dataclasses import replace

import pytest

from wqa.__main__ import main
from wqa.assessment.attainment import assess
from wqa.assessment.likelihood import UNPRINTED
from wqa.assessment.statements import explain
from wqa.catalog.catalog import load_plan
from wqa.catalog.records import Aside
from wqa.data.loading import load_observations
from wqa.errors import DataError
from wqa.listing import explanation_text

PLAN = load_plan("wuhan-14fyp")
ROWS = ["2", "6", "8", "9", "14a", "16", "17", "13"]


@pytest.fixture(scope="module")
def frame():
    return load_observations().assign(
        place=lambda f: f["file"] + ":" + f["row"].astype(str),
        key=lambda f: f[["indicator_id", "region", "scope", "period"]].agg("|".join, axis=1),
    )


@pytest.fixture(scope="module")
def assessed():
    return assess(PLAN).set_index("row")


@pytest.fixture(scope="module", params=ROWS)
def told(request):
    return explain(PLAN, request.param, lang="en")


def premises(told):
    return [figure for step in told["steps"] for figure in step.get("premises", ())]


def test_it_says_what_is_assessed(told, assessed):
    row = assessed.loc[told["row"]]
    assert (told["answer"], told["strength"]) == (row["answer"], row["strength"])
    for name in ("evidence", "reason", "overturned_by", "settles_it", "owner"):
        assert told[name] == row[f"{name}_en"], name
    is_printed = row["evidence_class"] not in UNPRINTED and row["p_attain"] == row["p_attain"]
    assert told["probability"].get("p_attain") == (row["p_attain"] if is_printed else None)


def test_every_figure_behind_the_answer_is_a_raw_row_with_a_source(told, assessed, frame):
    by_place = frame.set_index("place")
    for figure in [*premises(told), *told["figures"]]:
        raw = by_place.loc[figure["place"]]
        assert (raw["value"], raw["unit"], raw["key"]) == (
            figure["value"], figure["unit"],
            "|".join(figure[k] for k in ("indicator_id", "region", "scope", "period")),
        )  # fmt: skip
        assert figure["title"]
    places = {figure["place"] for figure in [*premises(told), *told["figures"]]}
    keys = set(frame.loc[frame["place"].isin(places), "key"])
    assert keys == set(filter(None, assessed.loc[told["row"], "figures"].split("; ")))


def test_figures_stand_once_and_asides_are_unused(told):
    used = {figure["place"] for figure in premises(told)}
    others = {figure["place"] for figure in told["figures"]}
    beside = {figure["place"] for one in told["asides"] for figure in one["figures"]}
    assert not (used & others or (used | others) & beside)
    assert all(one["reason"] for one in told["asides"])


def test_it_is_plain_json_and_prints_every_premise(told):
    assert json.loads(json.dumps(told, allow_nan=False)) == told
    text = explanation_text(told, "en")
    assert told["evidence"] in text
    assert all(figure["place"] in text for figure in premises(told))
    assert not re.search(r"\bnan\b|\bNone\b|\binf\b|[{}\[\]]", text)


def test_each_step_says_rule_arithmetic_and_what_follows():
    told = explain(PLAN, "16", lang="en")
    step = told["steps"][0]
    assert step["rule"] == "base_and_additions"
    assert step["arithmetic"].startswith("2 (2020) + 3 (2024-09)")
    assert step["assumes"] == ["what is approved counts like what is built"]
    assert (step["follows"]["at_least"], step["follows"]["to"]) == (5.0, "2024-09-30")
    assert [figure["role"] for figure in step["premises"]] == ["base", "addition"]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("18", "needs 6.5% a year; the reference went from 10.0732 (2023-02) to 11.7791 (2024-05), "
         "13.3% a year"),
        ("12", "the containing region as a whole: 100% (2023), so each part"),
        ("8", "99% (2020) already satisfies the target (at least 98.5%), no further change"),
    ],
)  # fmt: skip
def test_growth_has_one_decimal_and_a_unit_stands_at_its_number(row, said):
    steps = explain(PLAN, row, as_of="2026-11-22", lang="en")["steps"]
    assert any(said in step.get("arithmetic", "") for step in steps)


def test_before_a_figure_was_published_the_step_lacks_it():
    told = explain(PLAN, "16", as_of="2024-01-01", lang="en")
    assert told["answer"] == "nothing_known"
    assert [key.split("|")[-1] for key in told["steps"][0]["lacks"]] == ["2024-09"]
    assert "Lacks: industry_metrology_centres_new|WH" in explanation_text(told, "en")


def test_the_first_pattern_that_fits_says_why_a_figure_is_not_used():
    target = next(t for t in PLAN.targets if t.row == "16")
    words = {"reason_zh": "先", "reason_en": "first"}
    asides = (Aside(indicator_id="industry_metrology_centres*", **words),
              Aside(indicator_id="*", reason_zh="后", reason_en="second"))  # fmt: skip
    named = replace(target, inferences=(), asides=asides)
    told = explain(replace(PLAN, targets=(named,)), "16", lang="zh")
    assert [one["reason"] for one in told["asides"]] == ["先"]
    assert all(figure["period"] >= "2021" for figure in told["asides"][0]["figures"])


def test_another_region_is_explained_without_the_baseline_of_the_plan():
    told = explain(PLAN, "7", region="CN", lang="en")
    assert told["region"] == "CN"
    assert {figure["region"] for figure in told["figures"]} <= {"CN"}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"row": "14"}, r"no such row; got '14'; expected 1a, .*14a, 14b, 14c"),
        ({"row": "7", "lang": "fr"}, "unknown language"),
        ({"row": "7", "edition": 2050}, "2050"),
        ({"row": "7", "region": "XX"}, "XX"),
    ],
)
def test_wrong_questions_are_refused(given, message):
    with pytest.raises(DataError, match=message):
        explain(PLAN, **given)


def test_command_prints_text_or_json(capsys):
    assert main(["explain", "--row", "16", "--lang", "zh"]) == 0
    assert "判断：" in capsys.readouterr().out
    assert main(["explain", "--row", "16", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["row"] == "16"
    assert main(["explain", "--row", "99"]) == 1
    assert capsys.readouterr().err.startswith("wqa explain: wuhan-14fyp: no such row; got '99'")


def test_command_assess_shows_answers_and_counts_them(capsys, tmp_path, assessed):
    assert main(["assess", "--lang", "en", "--csv", str(tmp_path / "a.csv")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert re.split(r"  +", lines[1])[-5:] == [
        "answer", "strength", "p_attain", "reason", "evidence",
    ]  # fmt: skip
    numbers = [int(n) for n in re.findall(r"\d+", lines[-1])]
    assert sum(numbers) == len(assessed) == len(lines) - 3
    assert sorted(numbers) == sorted(assessed["answer"].value_counts())
    columns = (tmp_path / "a.csv").read_text(encoding="utf-8").split("\n")[0].split(",")
    assert {"answer", "strength", "evidence_en", "reason_en", "figures"} <= set(columns)
