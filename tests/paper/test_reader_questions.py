"""The questions of docs/reader_questions.md are answered by the summary page alone."""

import re
from html import unescape

import pytest

from wqa.assessment.attainment import assess
from wqa.assessment.judging import ANSWERS
from wqa.assessment.statements import phrase
from wqa.catalog.catalog import load_plan
from wqa.data.loading import load_observations
from wqa.display.judgements import answer_label
from wqa.display.view import ANNUAL, headline_values, latest_row, rows_of, shown_values
from wqa.display.wording import texts
from wqa.publication.paper import build_paper

COLUMNS = ("row", "name", "target", "answer", "level", "batches", "moved", "nation")
BOARD = ("answer", "row", "name", "level", "reason")
FIXED = {
    "zh": ["没有资料不等于未达到", "不是官方结论", "■■□", "本市的部分情况，或由公布数值推得",
           "破折号表示没有公布或不可比", "并列不表示高低", "网上附录"],
    "en": ["Nothing known does not mean missed", "no official results", "■■□",
           "part of the city, or deduced from published figures",
           "in percentage points", "a dash means none published or not comparable",
           "are not ranked", "online annex"],
}  # fmt: skip
NEVER = ["无法判定", "cannot be judged", "not assessable", "should not be relied on"]


def flat(html):
    """Text of a piece of HTML, without marks, invisible characters or runs of blanks."""
    text = unescape(re.sub(r"<[^>]+>", "", html)).replace("\u200b", "")
    return re.sub(r"\s+", " ", text).strip()


def cells_of(table, columns, key):
    """Cells of a table by the row of the plan."""
    rows = {}
    for line in re.findall(r"<tr.*?</tr>", table, re.DOTALL)[1:]:
        cells = [flat(c) for c in re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", line, re.DOTALL)]
        row = dict(zip(columns, cells[: len(columns)], strict=True))
        rows[row[key]] = row
    return rows


def squeezed(text):
    return re.sub(r"\s+", "", text)


@pytest.fixture(scope="module", params=["zh", "en"])
def page(request, tmp_path_factory):
    """Language, whole text, board and table of the built summary page."""
    built = build_paper(
        edition=2025, lang=request.param, only="90_summary", formats=("html",),
        out=tmp_path_factory.mktemp("summary"),
    )  # fmt: skip
    html = built.files["html"].read_text(encoding="utf-8")
    board, table = (t for t in re.findall(r"<table.*?</table>", html, re.DOTALL) if "14a" in t)
    rows = cells_of(table, COLUMNS, "row")
    return request.param, flat(html), rows, cells_of(board, BOARD, "row")


@pytest.fixture(scope="module")
def answers():
    frame = assess("wuhan-14fyp", edition=2025)
    return frame.assign(key=frame["target_id"].str.rpartition(".")[2]).set_index("key")


@pytest.fixture(scope="module")
def shown():
    return shown_values(load_observations(annual=False))


def number(value):
    return f"{value:g}"


def test_counts_of_answers(page, answers):
    lang, text, rows, board = page
    assert set(rows) == set(board) == set(answers.index)
    for answer, n in answers["answer"].value_counts().items():
        label = phrase("answers", answer)[lang]
        said = f"{label}{n}项" if lang == "zh" else f"{n} {label}"
        assert said.replace(" ", "") in text.replace(" ", ""), said
    for n in answers[answers["answer"] == "nothing_known"]["reason_code"].value_counts():
        assert (f"的{n}项" if lang == "zh" else f" for {n}") in text


def test_what_does_not_depend_on_a_row(page):
    lang, text, _, _ = page
    for sentence in FIXED[lang]:
        assert sentence.replace(" ", "") in text.replace(" ", ""), sentence
    assert [sentence for sentence in NEVER if sentence in text] == []


def test_board_says_answer_reason_and_strength_grouped_by_answer(page, answers):
    lang, _, _, board = page
    for key, row in answers.iterrows():
        printed = board[key]
        assert printed["answer"].startswith(answer_label(row["answer"], lang)), key
        assert printed["answer"].count("■") == row["strength"], key
        why = texts("terms").get(f"why.{row['reason_code']}", {lang: row[f"reason_{lang}"]})
        assert squeezed(printed["reason"]) == squeezed(why[lang]), key
        assert number(row["target"]) in printed["name"].replace(",", ""), key
    order = [ANSWERS.index(answers.loc[key, "answer"]) for key in board]
    assert order == sorted(order)


def test_each_row_says_answer_target_and_how_sure(page, answers):
    lang, _, rows, _ = page
    for key, row in answers.iterrows():
        printed = rows[key]
        assert phrase("answers", row["answer"])[lang] in printed["answer"], key
        sign = (
            {">=": "≥", "<": "<"}[row["comparator"]]
            if row["target"] != 100 or row["unit"] != "pct"
            else "100"
        )
        assert printed["target"].startswith(sign), key
        assert number(row["target"]) in printed["target"].replace(",", ""), key
        has_p = row["p_class_low"] == row["p_class_low"] and row["answer"] != "nothing_known"
        assert ("%" in printed["answer"]) == has_p, key
        if has_p:
            ends = [100 * row[f"p_class_{end}"] for end in ("low", "high")]
            shown = [f"{end:.0f}" for end in ends if 0 < end < 100]
            assert re.findall(r"\d+", printed["answer"]) == shown, key


def test_each_row_says_the_latest_value_and_its_year(page, answers):
    lang, _, rows, _ = page
    baselines = {t.row + t.part: t.baseline.status for t in load_plan("wuhan-14fyp").targets}
    for key, row in answers.iterrows():
        level = rows[key]["level"].replace(",", "")
        if row["level"] != row["level"]:
            words = {
                "disputed": "争议" if lang == "zh" else "disputed",
                "measured": "基期" if lang == "zh" else "baseline",
            }
            assert words.get(baselines[key], "—") in level, key
        else:
            assert str(int(row["level_year"])) in level, key


@pytest.mark.parametrize("key", ["2", "7", "10", "19"])
def test_named_rows_print_the_level(page, answers, key):
    _, _, rows, _ = page
    assert rows[key]["level"].startswith(number(answers.loc[key, "level"]))


@pytest.mark.parametrize("key", ["6", "7"])
def test_compared_with_the_nation(page, answers, shown, key):
    _, _, rows, _ = page
    nation = latest_row(rows_of(headline_values(shown), answers.loc[key, "indicator_id"], "CN"))
    assert nation is not None
    printed = rows[key]["nation"]
    assert printed.startswith(number(nation["value"])) and str(int(nation["year"])) in printed


def test_sample_and_change_of_farm_products(page, answers, shown):
    _, _, rows, _ = page
    row = answers.loc["8"]
    own = rows_of(shown, row["indicator_id"], "WH", scopes=[row["scope"]], qualifiers=ANNUAL)
    old, new = sorted(own, key=lambda found: found["year"])[-2:]
    assert rows["8"]["batches"].replace(",", "") == number(new["denominator"])
    change = f"{new['value'] - old['value']:+.1f}".replace("-", "−")
    assert rows["8"]["moved"] == change
    assert rows["7"]["moved"] == "—"


def test_every_question_has_a_place(root):
    text = (root / "docs" / "reader_questions.md").read_text(encoding="utf-8")
    asked = re.findall(r"^\| (\d+) \| (.+?) \| (.+?) \|$", text, re.MULTILINE)
    assert [int(n) for n, _, _ in asked] == list(range(1, 21))
    assert all(question.endswith("?") and place for _, question, place in asked)
