"""Answers in words: nature, evidence, probability, strength, summary, tables."""

import itertools
import re
from dataclasses import replace

import pytest
from observation_frames import figures

from wqa.assessment.attainment import assess
from wqa.assessment.judging import ANSWERS
from wqa.assessment.statements import phrase
from wqa.catalog.records import Inference, Premise
from wqa.display.facts import Fact, parts_of, plain
from wqa.display.judgements import (
    SIGNS,
    answer_label,
    answer_table,
    answer_text,
    answer_with_probability,
    board_table,
    by_answer,
    level_cell,
    probability_text,
    readings_table,
    records,
    said_text,
    settling_table,
    strength_bars,
    target_text,
    target_words,
)
from wqa.display.paragraphs import about_answers, about_questions
from wqa.display.view import open_view
from wqa.parameters import resolve


@pytest.fixture(scope="module")
def views():
    return {lang: open_view(resolve(lang=lang)) for lang in ("zh", "en")}


@pytest.fixture(scope="module")
def answers(views):
    view = views["zh"]
    return assess(view.parameters.plan, observations=view.observations)


def made(answers, row="7", **changed):
    """A row of the answers with some fields changed."""
    return next(r for r in records(answers) if r["target_id"].endswith(f".{row}")) | changed


def test_binding_targets_come_first(answers):
    natures = [row["nature"] for row in records(answers)]
    assert natures[0] == "binding" and set(natures[1:]) == {"expected"}


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("answer", ANSWERS)
def test_every_answer_is_said_for_both_natures(views, answers, answer, lang):
    given = {"answer": answer, "evidence_class": "calibrated", "n_points": 8, "p_attain": 0.5}
    binding = plain(answer_text(views[lang], made(answers, "6", **given)))
    expected = plain(answer_text(views[lang], made(answers, "7", **given)))
    mark, word = {"zh": "约束性指标", "en": "Binding target"}[lang], phrase("answers", answer)[lang]
    assert mark in binding and mark not in expected
    assert all(re.search(f"[：:] ?{word}[。.]", text) for text in (binding, expected))
    assert binding.rstrip("。.") != binding


def test_binding_row_names_both_baselines(views, answers):
    text = plain(answer_text(views["zh"], made(answers, "6")))
    assert text.startswith("约束性指标“万台特种设备死亡率”（目标<0.1人/万台）：")


def test_strength_stands_beside_every_answer_but_nothing_known(views, answers):
    row = made(answers, answer="likely", strength=2)
    assert "Strength ■■□: part of the city" in plain(answer_text(views["en"], row))
    silent = answer_text(views["en"], row | {"answer": "nothing_known", "strength": 0})
    assert "Strength" not in plain(silent)
    assert [strength_bars(n) for n in range(4)] == ["□□□", "■□□", "■■□", "■■■"]


def test_no_sentence_refuses_a_judgement_beside_an_answer(views, answers):
    for lang, row in itertools.product(["zh", "en"], records(answers)):
        text = plain(answer_text(views[lang], row))
        assert not re.search("无法判定|不宜作为|cannot be judged|should not be relied", text)


def test_probability_where_an_answer_rests_on_it(views, answers):
    row = made(answers, answer="open", p_class_low=0.34, p_class_high=0.65)
    shown = probability_text(views["zh"], row)
    assert plain(shown) == "34–65%"
    assert {part.kind for part in parts_of(shown) if isinstance(part, Fact)} == {"forecast"}
    assert plain(probability_text(views["zh"], row | {"p_class_low": 0.0})) == "<65%"
    assert plain(probability_text(views["zh"], row | {"p_class_high": 1.0})) == "≥34%"
    assert probability_text(views["zh"], row | {"p_class_low": float("nan")}) == ""


def test_comparable_changes_stand_beside_a_probability(views, answers):
    given = {"answer": "open", "p_class_low": 0.34, "p_class_high": 0.65, "share_of_changes": 0.588,
             "n_changes": 17, "n_change_series": 13}  # fmt: skip
    row = made(answers, **given, changes_base="same_family")
    text = answer_text(views["zh"], row)
    assert "同类指标的13条序列中，相隔同样年数的变动有17次，其中59%达到所需的幅度。" in plain(text)
    english = plain(answer_text(views["en"], row | {"changes_base": "same_indicator"}))
    assert "In 13 other series of the same indicator there were 17 changes" in english
    without = made(answers, **given | {"answer": "nothing_known"}, changes_base="same_family")
    assert "17" not in plain(answer_text(views["zh"], without))


def test_targets_print_with_sign_and_unit(views):
    targets = {t.row + t.part: t for t in views["zh"].parameters.plan.targets}
    assert plain(target_text(targets["7"], "zh")) == "≥98.5%"
    assert plain(target_text(targets["6"], "zh")) == "<0.1人/万台"
    assert plain(target_text(targets["18"], "en")) == "≥60,000 certificates"


def test_summary_counts_every_target_by_answer(views, answers):
    text = plain(about_answers(views["zh"], answers).items[0])
    assert text.startswith("所评的19项规划指标分解为23个可分别评价的分项。")
    counts = answers["answer"].value_counts()
    said = re.search(r"公开资料：(.+?)。", text)[1]
    listed = [
        f"{phrase('answers', name)['zh']}{counts[name]}项" for name in ANSWERS if name in counts
    ]
    assert re.split("、", said) == listed
    told = plain(about_questions(views["zh"], answers).items[0])
    assert "不是官方结论" in told
    unknown = answers[answers["answer"] == "nothing_known"]["reason_code"].value_counts()
    told = re.search(r"没有资料的(\d+)项中：(.+?)。没有资料不等于未达到。", told)
    assert int(told[1]) == unknown.sum()
    assert [int(n) for n in re.findall(r"的(\d+)项", told[2])] == unknown.tolist()


def test_summary_names_the_weak_points(views, answers):
    changed = answers.assign(answer="open")
    changed.loc[changed["row"] == "7", "answer"] = "unlikely"
    name = views["en"].parameters.plan.targets[8].name_en
    text = plain(about_answers(views["en"], changed).items[0])
    assert f"Unlikely to be met, or missed: {name}." in text
    assert "or missed" not in plain(
        about_answers(views["en"], changed.assign(answer="open")).items[0]
    )


def test_targets_in_words(views):
    targets = {t.row + t.part: t for t in views["zh"].parameters.plan.targets}
    said = {
        key: [plain(target_words(views[lang], targets[key])) for lang in views] for key in targets
    }
    assert said["7"] == ["不低于98.5%", "at least 98.5%"]
    assert said["6"] == ["低于0.1人/万台", "below 0.1"]
    assert said["2"] == ["不少于100个", "at least 100 items"]
    assert said["12"] == ["达到100%", "100%"]
    assert plain(target_text(targets["12"], "zh")) == "100%"
    assert plain(target_text(targets["9"], "zh")) == "≥80分等条件"


def test_missing_level_gives_way_to_the_baseline_or_a_dash(views, answers):
    cells = {
        row["target_id"].rpartition(".")[2]: level_cell(views["zh"], row)
        for row in records(answers)
    }
    assert plain(cells["13"]) == "基期100%" and plain(cells["14b"]) == "基期360项"
    assert plain(cells["6"]) == "基期有争议" and cells["1a"] == ""


def test_the_mark_of_an_answer_is_the_class_of_its_probability(views, answers):
    row = made(answers, answer="likely", p_class_low=0.65, p_class_high=0.9)
    shown = {lang: plain(answer_with_probability(views[lang], row)) for lang in views}
    assert shown == {"zh": "△ 可望完成（65–90%）", "en": "△ likely (65–90%)"}
    without = answer_with_probability(views["en"], row | {"p_class_low": None})
    assert without == "△ likely"


@pytest.mark.parametrize("name", ["evidence", "reason", "overturned_by"])
def test_every_numeral_of_an_answer_names_a_source(views, answers, name):
    for lang, row in itertools.product(["zh", "en"], records(answers)):
        assert plain(said_text(views[lang], row, name)) == row[f"{name}_{lang}"]
        for part in (
            *parts_of(said_text(views[lang], row, name)),
            *parts_of(answer_text(views[lang], row)),
        ):
            if isinstance(part, str):
                assert not any(char.isdigit() for char in part), part
            elif part.kind != "count" and not part.id.startswith("computed.change_share"):
                assert part.source_ids or part.id.startswith("name."), part


def counted(view):
    """View and answer of two centres and three more, deduced; two sources for the three."""
    plan = view.parameters.plan
    base = {"indicator_id": "industry_metrology_centres", "unit": "centre"}
    new = base | {"indicator_id": "industry_metrology_centres_new", "period": "2024-09",
                  "scope": "approved_or_built", "qualifier": "partial_period"}  # fmt: skip
    frame = figures(
        base | {"scope": "stock", "year": 2020, "value": 2.0, "row": 7, "source_id": "doc-plan"},
        new | {"value": 3.0, "row": 8, "source_id": "src-a"},
        new | {"value": 3.0, "row": 9, "source_id": "src-b"},
    )
    roles = (("base", frame.iloc[0]), ("addition", frame.iloc[1]))
    premises = tuple(Premise(role=role, indicator_id=row["indicator_id"], scope=row["scope"],
                             period=row["period"]) for role, row in roles)  # fmt: skip
    one = Inference(rule="base_and_additions", figures=premises, assumes="status",
                    reason_zh="获批即计入", reason_en="approval counts")  # fmt: skip
    target = next(t for t in plan.targets if t.row == "16")
    words = {"settles_en": "the list", "owner_en": "the office"}
    target = replace(target, kind="monotone", inferences=(one,), **words)
    plan = replace(plan, targets=(target,))
    view = replace(view, observations=frame, parameters=replace(view.parameters, plan=plan))
    return view, assess(plan, observations=frame)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_numbers_of_an_evidence_line_are_the_figures_themselves(views, lang):
    view, frame = counted(views[lang])
    parts = parts_of(said_text(view, records(frame)[0], "evidence"))
    facts = [part for part in parts if isinstance(part, Fact)]
    known = {fact.text: fact for fact in facts if fact.kind in ("observation", "target")}
    assert (known["2"].locator, known["2"].value) == ("test.csv:7", 2.0)
    assert known["3"].source_ids == ("src-a", "src-b")
    assert known["3"].locator == "test.csv:8; test.csv:9"
    assert known["5"].kind == "target"
    # Years and months are not taken for figures, whatever their number.
    assert {fact.kind for fact in facts if fact.text in ("2020", "2024", "9", "09")} == {
        "parameter"
    }


def test_a_deduced_answer_shows_evidence_reason_and_what_would_overturn_it(views):
    view, frame = counted(views["en"])
    text = plain(answer_text(view, records(frame)[0]))
    assert "very likely. Evidence: 2 (2020) + 3 (2024-09)" in text
    assert "Reason: approval counts." in text
    assert text.endswith(f"It would be overturned if {phrase('overturned', 'status')['en']}.")
    row = settling_table(view, frame).rows[0]
    assert (str(row["settles_it"]), str(row["owner"])) == ("the list", "the office")


def test_board_is_grouped_by_answer(views, answers):
    table = board_table(views["zh"], answers)
    labels = [re.sub(r" [■□]+$", "", plain(row["answer"])) for row in table.rows]
    groups = [label for label, _ in itertools.groupby(labels)]
    assert groups == [answer_label(a, "zh") for a in ANSWERS if a in set(answers["answer"])]
    assert all(label[0] in SIGNS.values() for label in groups)
    assert [plain(row["row"]) for row in table.rows] == [row["row"] for row in by_answer(answers)]
    bars = [plain(row["answer"]).count("■") for row in table.rows]
    assert bars == [row["strength"] for row in by_answer(answers)]
    assert "■■□" in plain(table.notes[0])


def test_a_reason_that_repeats_the_evidence_is_left_out(views, answers):
    pairs = zip(answers["reason_zh"], answers["evidence_zh"], strict=True)
    same = [evidence.startswith(reason) for reason, evidence in pairs]
    assert "2" in set(answers.loc[same, "row"]), "an inference stands behind the reason there"
    table = answer_table(views["zh"], answers)
    assert len(table.rows) == len(answers)
    assert ["reason" not in row for row in table.rows] == [
        same[answers["row"].tolist().index(plain(row["row"]))] for row in table.rows
    ]


def test_both_readings_of_rows_5_and_6(views):
    view = views["zh"]
    readings = assess(view.parameters.plan, readings=True, observations=view.observations)
    table = readings_table(view, readings, "5", "6")
    met = {(plain(row["row"]), plain(row["value"])): plain(row["met"]) for row in table.rows}
    assert met == {
        ("5", "92%"): "否",
        ("5", "95.1%"): "是",
        ("6", "0.29人/万台"): "否",
        ("6", "0.029人/万台"): "是",
    }
