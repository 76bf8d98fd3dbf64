"""The questions of docs/reader_questions.md are answered by the summary page alone."""

import re

import pytest

from wqa.assessment.attainment import assess
from wqa.catalog.catalog import load_plan
from wqa.data.loading import load_observations
from wqa.display.selection import ANNUAL, headline_values, latest_row, rows_of, shown_values
from wqa.publication.paper import build_paper

COLUMNS = ("row", "name", "target", "verdict", "level", "batches", "moved", "nation")
VERDICTS = {"zh": {"not_assessable": "无法判定", "on_track": "可望达到"},
            "en": {"not_assessable": "not assessable", "on_track": "on track"}}  # fmt: skip
WEAK = {"zh": "（依据薄弱）", "en": " (weak evidence)"}
FIXED = {
    "zh": ["无法判定不等于未达到", "没有公开发布的、口径一致的年度数值",
           "破折号表示没有公布或不可比", "并列不表示高低", "目标实现情况"],
    "en": ["Not assessable does not mean missed", "no annual figures of one definition",
           "in percentage points", "a dash means none published or not comparable",
           "are not ranked", "attainment"],
}  # fmt: skip


def flat(html):
    """Text of a piece of HTML, without marks, invisible characters or runs of blanks."""
    text = re.sub(r"<[^>]+>", "", html).replace("\u200b", "").replace("&lt;", "<")
    return re.sub(r"\s+", " ", text.replace("&gt;", ">").replace("&#8203;", "")).strip()


@pytest.fixture(scope="module", params=["zh", "en"])
def page(request, tmp_path_factory):
    """Language, whole text and table cells of the built summary page."""
    built = build_paper(
        edition=2025, lang=request.param, only="90_summary", formats=("html",),
        out=tmp_path_factory.mktemp("summary"),
    )  # fmt: skip
    html = built.files["html"].read_text(encoding="utf-8")
    table = next(t for t in re.findall(r"<table.*?</table>", html, re.DOTALL) if "14a" in t)
    rows = {}
    for line in re.findall(r"<tr.*?</tr>", table, re.DOTALL)[1:]:
        cells = [flat(c) for c in re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", line, re.DOTALL)]
        rows[cells[0]] = dict(zip(COLUMNS, cells[: len(COLUMNS)], strict=True))
    return request.param, flat(html), rows


@pytest.fixture(scope="module")
def verdicts():
    frame = assess("wuhan-14fyp", edition=2025)
    return frame.assign(key=frame["target_id"].str.rpartition(".")[2]).set_index("key")


@pytest.fixture(scope="module")
def shown():
    return shown_values(load_observations(annual=False))


def number(value):
    return f"{value:g}"


def test_counts_of_verdicts(page, verdicts):
    lang, text, rows = page
    assert len(rows) == len(verdicts) and set(rows) == set(verdicts.index)
    forecast = verdicts["verdict"].isin(["on_track", "at_risk", "off_track"])
    weak = forecast & (verdicts["evidence_class"] == "weak")
    for (verdict, doubtful), n in verdicts.groupby(["verdict", weak]).size().items():
        label = VERDICTS[lang][verdict]
        said = f"{label}{WEAK[lang] * doubtful}{n}项" if lang == "zh" else f"{n} {label}"
        said += WEAK[lang] * (doubtful and lang == "en")
        assert said.replace(" ", "") in text.replace(" ", ""), said
    for n in verdicts[verdicts["verdict"] == "not_assessable"]["reason_code"].value_counts():
        assert (f"的{n}项" if lang == "zh" else f" for {n}") in text


def test_what_does_not_depend_on_a_row(page):
    lang, text, _ = page
    for sentence in FIXED[lang]:
        assert sentence.replace(" ", "") in text.replace(" ", ""), sentence


def test_each_row_says_verdict_target_and_how_sure(page, verdicts):
    lang, _, rows = page
    for key, row in verdicts.iterrows():
        printed = rows[key]
        assert VERDICTS[lang][row["verdict"]] in printed["verdict"], key
        sign = (
            {">=": "≥", "<": "<"}[row["comparator"]]
            if row["target"] != 100 or row["unit"] != "pct"
            else "100"
        )
        assert printed["target"].startswith(sign), key
        assert number(row["target"]) in printed["target"].replace(",", ""), key
        has_p = row["verdict"] in ("on_track", "at_risk", "off_track")
        assert ("%" in printed["verdict"]) == has_p, key
        if has_p:
            shown_p = min(max(round(100 * row["p_attain"]), 1), 99)
            assert f"{shown_p}%" in printed["verdict"]


def test_each_row_says_the_latest_value_and_its_year(page, verdicts):
    lang, _, rows = page
    baselines = {t.row + t.part: t.baseline.status for t in load_plan("wuhan-14fyp").targets}
    for key, row in verdicts.iterrows():
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
def test_named_rows_print_the_level(page, verdicts, key):
    _, _, rows = page
    assert rows[key]["level"].startswith(number(verdicts.loc[key, "level"]))


@pytest.mark.parametrize("key", ["6", "7"])
def test_compared_with_the_nation(page, verdicts, shown, key):
    _, _, rows = page
    nation = latest_row(rows_of(headline_values(shown), verdicts.loc[key, "indicator_id"], "CN"))
    assert nation is not None
    printed = rows[key]["nation"]
    assert printed.startswith(number(nation["value"])) and str(int(nation["year"])) in printed


def test_sample_and_change_of_farm_products(page, verdicts, shown):
    _, _, rows = page
    row = verdicts.loc["8"]
    own = rows_of(shown, row["indicator_id"], "WH", scopes=[row["scope"]], qualifiers=ANNUAL)
    old, new = sorted(own, key=lambda found: found["year"])[-2:]
    assert rows["8"]["batches"].replace(",", "") == number(new["denominator"])
    change = f"{new['value'] - old['value']:+.1f}".replace("-", "−")
    assert rows["8"]["moved"] == change
    assert rows["7"]["moved"] == "—"


def test_weak_evidence_is_said_with_its_number_of_figures(page, verdicts):
    lang, text, _ = page
    n = int(verdicts.loc["14a", "n_points"])
    said = f"可比年度数值只有{n}个" if lang == "zh" else f"Only {n} comparable annual figure"
    assert said.replace(" ", "") in text.replace(" ", "")


def test_every_question_has_a_place(root):
    text = (root / "docs" / "reader_questions.md").read_text(encoding="utf-8")
    asked = re.findall(r"^\| (\d+) \| (.+?) \| (.+?) \|$", text, re.MULTILINE)
    assert [int(n) for n, _, _ in asked] == list(range(1, 21))
    assert all(question.endswith("?") and place for _, question, place in asked)
