"""Verdicts in words: nature, evidence, probability, summary."""

import itertools
import re

import pytest

from wqa.assessment.attainment import assess
from wqa.assessment.judging import VERDICTS
from wqa.display.facts import Fact
from wqa.display.judgements import (
    is_weak,
    probability_mark,
    probability_of,
    records,
    verdict_label,
    verdict_text,
)
from wqa.display.target_words import target_text, target_words
from wqa.display.verdict_tables import (
    level_cell,
    overview_frame,
    readings_table,
    summary_text,
    verdict_table,
)
from wqa.display.view import open_view
from wqa.parameters import resolve


@pytest.fixture(scope="module")
def views():
    return {lang: open_view(resolve(lang=lang)) for lang in ("zh", "en")}


@pytest.fixture(scope="module")
def verdicts(views):
    view = views["zh"]
    return assess(view.parameters.plan, observations=view.observations)


def made(verdicts, row="7", **changed):
    """A verdict row of the plan with some fields changed."""
    return next(r for r in records(verdicts) if r["target_id"].endswith(f".{row}")) | changed


def test_binding_targets_come_first(verdicts):
    natures = [row["nature"] for row in records(verdicts)]
    assert natures[0] == "binding" and set(natures[1:]) == {"expected"}


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("verdict", VERDICTS)
def test_every_verdict_has_words_for_both_natures(views, verdicts, verdict, lang):
    given = {"verdict": verdict, "evidence_class": "calibrated", "n_points": 8, "p_attain": 0.5}
    binding = str(verdict_text(views[lang], made(verdicts, "6", **given)))
    expected = str(verdict_text(views[lang], made(verdicts, "7", **given)))
    mark = {"zh": "约束性指标", "en": "binding target"}[lang]
    assert mark in binding and mark not in expected
    assert binding.rstrip("。.") != binding


def test_binding_row_today(views, verdicts):
    text = str(verdict_text(views["zh"], made(verdicts, "6")))
    assert text.startswith("约束性指标“万台特种设备死亡率”（目标<0.1人/万台）是否完成")
    assert "0.29" in text and "0.029" in text


def test_weak_evidence_is_no_verdict(views, verdicts):
    row = made(verdicts, verdict="on_track", evidence_class="weak", n_points=1, p_attain=0.995)
    text = str(verdict_text(views["en"], row))
    assert "Too few figures were published to support a verdict" in text
    assert "Only 1 comparable annual figure exists" in text
    assert verdict_label(row, "en") == "on track, weak evidence"
    strong = row | {"evidence_class": "calibrated"}
    assert verdict_label(strong, "en") == "on track"
    assert "likely to be reached" in str(verdict_text(views["en"], strong))


def test_probability_is_given_only_where_a_verdict_rests_on_it(views, verdicts):
    view = views["zh"]
    for verdict in ("attained", "not_attained", "not_assessable"):
        assert probability_of(view, made(verdicts, verdict=verdict, p_attain=0.4)) is None
    shown = probability_of(view, made(verdicts, verdict="at_risk", p_attain=0.4))
    assert (shown.text, shown.kind) == ("40", "forecast")


def test_comparable_changes_stand_beside_a_probability(views, verdicts):
    given = {"verdict": "at_risk", "evidence_class": "leans_on_prior", "p_attain": 0.4,
             "share_of_changes": 0.588, "n_changes": 17, "n_change_series": 13}  # fmt: skip
    row = made(verdicts, **given, changes_base="same_family")
    text = verdict_text(views["zh"], row)
    assert "同类指标的13条序列中，相隔同样年数的变动有17次，其中59%达到所需的幅度。" in str(text)
    english = str(verdict_text(views["en"], row | {"changes_base": "same_indicator"}))
    assert "In 13 other series of the same indicator there were 17 changes" in english
    without = made(verdicts, **given | {"verdict": "not_assessable"}, changes_base="same_family")
    assert "17" not in str(verdict_text(views["zh"], without))


def test_targets_print_with_sign_and_unit(views):
    targets = {t.row + t.part: t for t in views["zh"].parameters.plan.targets}
    assert str(target_text(targets["7"], "zh")) == "≥98.5%"
    assert str(target_text(targets["6"], "zh")) == "<0.1人/万台"
    assert str(target_text(targets["18"], "en")) == "≥60,000 certificates"


def test_summary_counts_every_target(views, verdicts):
    text = str(summary_text(views["zh"], verdicts))
    assert text.startswith("规划19项指标分解为23个可分别评价的分项。")
    assert "无法判定不等于未达到" in text
    open_ones = verdicts[verdicts["verdict"] == "not_assessable"]["reason_code"].value_counts()
    said = re.search(r"无法判定的(\d+)项中：(.+)。", text)
    assert int(said[1]) == open_ones.sum()
    assert [int(n) for n in re.findall(r"的(\d+)项", said[2])] == open_ones.tolist()
    weak = [is_weak(row) for row in records(verdicts)]
    assert text.count("（依据薄弱）") == any(weak)


def test_targets_in_words(views):
    targets = {t.row + t.part: t for t in views["zh"].parameters.plan.targets}
    said = {
        key: [str(target_words(views[lang], targets[key])) for lang in views] for key in targets
    }
    assert said["7"] == ["不低于98.5%", "at least 98.5%"]
    assert said["6"] == ["低于0.1人/万台", "below 0.1"]
    assert said["2"] == ["不少于100个", "at least 100 items"]
    assert said["12"] == ["达到100%", "100%"]
    assert str(target_text(targets["12"], "zh")) == "100%"
    assert str(target_text(targets["9"], "zh")) == "≥80分等条件"


def test_missing_level_gives_way_to_the_baseline_or_a_dash(views, verdicts):
    cells = {
        row["target_id"].rpartition(".")[2]: level_cell(views["zh"], row)
        for row in records(verdicts)
    }
    assert str(cells["13"]) == "基期100%" and str(cells["14b"]) == "基期360项"
    assert str(cells["6"]) == "基期有争议" and cells["1a"] is None


def test_a_strict_target_asks_for_more_than_the_difference(views, verdicts):
    assert "降幅须大于0.19人/万台" in str(verdict_text(views["zh"], made(verdicts, "6")))
    assert "至少须提高1.2个百分点" in str(verdict_text(views["zh"], made(verdicts, "5")))
    assert "a fall of more than 0.19" in str(verdict_text(views["en"], made(verdicts, "6")))


def test_a_sum_of_the_plan_before_is_not_called_a_year(views, verdicts):
    text = str(verdict_text(views["zh"], made(verdicts, "14b")))
    assert "上一规划期累计360项" in text and "2020年" not in text


@pytest.mark.parametrize(("p", "mark"), [(0.999, "（>99%）"), (0.001, "（<1%）"), (0.5, "（50%）")])
def test_probability_beyond_the_limits_carries_a_sign(views, verdicts, p, mark):
    row = made(verdicts, verdict="on_track", p_attain=p)
    assert str(probability_mark(views["zh"], row)) == mark


def test_every_numeral_of_a_verdict_names_a_source(views, verdicts):
    for lang, row in itertools.product(["zh", "en"], records(verdicts)):
        for part in verdict_text(views[lang], row).parts():
            if isinstance(part, str):
                assert not any(char.isdigit() for char in part), part
            elif isinstance(part, Fact) and part.kind != "count":
                assert part.source_ids or part.id.startswith("name."), part


def test_tables_and_overview_agree(views, verdicts):
    view = views["zh"]
    table, overview = verdict_table(view, verdicts), overview_frame(view, verdicts)
    assert [str(row["verdict"]) for row in table.rows] == overview["verdict_label"].tolist()
    assert [str(row["row"]) for row in table.rows] == overview["row"].tolist()


def test_both_readings_of_rows_5_and_6(views):
    view = views["zh"]
    readings = assess(view.parameters.plan, readings=True, observations=view.observations)
    table = readings_table(view, readings, rows=["5", "6"])
    met = {(str(row["row"]), str(row["value"])): str(row["met"]) for row in table.rows}
    assert met == {
        ("5", "92%"): "否",
        ("5", "95.1%"): "是",
        ("6", "0.29人/万台"): "否",
        ("6", "0.029人/万台"): "是",
    }
