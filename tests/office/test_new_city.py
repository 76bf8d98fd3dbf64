"""Another city starts from its printed table of indicators; a made-up one stays apart."""

import base64
import re
import shutil

import pytest
from openpyxl import Workbook
from pypdf import PdfReader

import wqa
from wqa.assessment.attainment import assess
from wqa.catalog.catalog import load_plan
from wqa.data.loading import check_project, load_observations
from wqa.display.judgements import board_table
from wqa.errors import BuildError, DataError
from wqa.office.demo import EDITIONS, city_figures, make_demo
from wqa.office.ingesting import check_form
from wqa.office.new_city import make_city
from wqa.office.plan_tables import read_goal
from wqa.office.template import make_template
from wqa.publication.paper import build_paper

HEADS = ["序号", "指标", "单位", "2020年", "2025年", "性质", "类型", "责任单位"]
ROWS = [
    [1, "食品安全评价性抽检合格率", "%", 97.1, "≥98", "预期性", None, "示例市市场监管局"],
    [2, "万台特种设备死亡率", "人/万台", 0.12, "<0.1", "约束性", None, None],
    [3, "制修订国际标准新增数", "项", "未开展", "[20]", "预期性", None, None],
    [4, "认证有效证书数", "张", 12000, 18000, "预期性", None, None],
    ["5a", "公共服务质量监测满意度", "分", None, "80以上", "预期性", None, None],
    ["5b", "消费投诉按期办结率", "%", 99, "↑", "预期性", "每年", None],
    [6, "绿色产品数", "个", 3, 10, "预期性", None, None],
]
READ = [
    ("food_evaluation_pass_rate", ">=", 98, "end_year", 97.1),
    ("special_equipment_death_rate", "<", 0.1, "end_year", 0.12),
    ("international_standards_new", ">=", 20, "plan_sum", None),
    ("valid_certificates", ">=", 1.8, "end_stock", 1.2),
    ("public_service_satisfaction", ">=", 80, "end_year", None),
    ("complaint_on_time_rate", ">", 99, "every_year", 99),
    ("local_6", ">=", 10, "end_stock", 3),
]


def table(folder, rows):
    book = Workbook()
    for row in (["示例市质量发展规划"], HEADS, *rows):
        book.active.append(row)
    book.save(folder / "table.xlsx")
    return folder / "table.xlsx"


@pytest.fixture
def city(root, tmp_path, monkeypatch):
    """Project of a fictitious city."""
    monkeypatch.chdir(root)
    assert not make_city(tmp_path / "city", "SLS", "示例市", table(tmp_path, ROWS), "2026-03-01")
    monkeypatch.chdir(tmp_path / "city")
    return tmp_path / "city"


def test_the_table_is_read_as_it_is_printed(city):
    plan = load_plan("sls-plan")
    assert (plan.title_zh, plan.region, plan.start_year) == ("示例市质量发展规划", "SLS", 2021)
    found = [(t.indicator_id, t.comparator, t.value, t.scope, t.baseline.value)
             for t in plan.targets]  # fmt: skip
    assert found == READ
    assert [t.baseline.status for t in plan.targets[2:6:2]] == ["not_started", "missing"]
    assert {t.name_en for t in plan.targets[:4]}.isdisjoint({t.name_zh for t in plan.targets})
    assert not check_project()
    assert assess("sls-plan")["answer"].eq("nothing_known").all()
    assert load_observations(region="SLS")["year"].eq(2020).all()


def test_its_figures_come_through_its_own_workbook(city):
    form = city / "form.xlsx"
    form.write_bytes(make_template(load_plan("sls-plan"), 2025, "SLS"))
    checked = check_form(form)
    assert not checked.faults and not checked.files


@pytest.mark.parametrize(
    ("column", "cell"),
    [(1, None), (2, "斤"), (3, "约97"), (4, "明显提高"), (4, None), (4, "≤98"), (5, "指导性"),
     (6, "每月")],
)  # fmt: skip
def test_what_cannot_be_read_is_named_with_its_row_and_nothing_is_made(
    root, tmp_path, monkeypatch, column, cell
):
    monkeypatch.chdir(root)
    rows = [[*ROWS[0]], *ROWS[1:]]
    rows[0][column] = cell
    faults = make_city(tmp_path / "city", "SLS", "示例市", table(tmp_path, rows), "2026-03-01")
    assert [(f.code, f.column) for f in faults] == [("plan_cell", "Sheet!3")]
    assert not (tmp_path / "city").exists()


@pytest.mark.parametrize(
    ("text", "read"),
    [("≥98.5", (">=", 98.5, False)), ("不超过5", ("<=", 5, False)), ("93.2", ("", 93.2, False)),
     ("6万张", ("", 6, False)), ("[300]", ("", 300, True)), ("↓", ("<", None, False)),
     ("80%以上", None), ("[≥8", None)],
)  # fmt: skip
def test_targets_in_print(text, read):
    from wqa.catalog.reading import read_words

    words = read_words("workbook")["plan_words"]
    if read is None:
        with pytest.raises(DataError):
            read_goal(text, words)
    else:
        assert read_goal(text, words) == read


@pytest.fixture(scope="module")
def demo(root, tmp_path_factory):
    """Demonstration city with its editions, each as it was judged when it was due."""
    patch = pytest.MonkeyPatch()
    patch.chdir(root)
    folder = tmp_path_factory.mktemp("demo") / "city"
    judged = {}
    for year, day in make_demo(folder):
        options = {"edition": year, "as_of": day, "root": folder, "catalog": folder / "catalog"}
        judged[year] = assess("sls-plan", **options)
    patch.undo()
    return folder, judged


def test_the_demonstration_city_is_judged_by_its_true_figures(demo):
    folder, judged = demo
    frame = load_observations(region="SLS", root=folder, catalog=folder / "catalog")
    made = {row: [figure.value for figure in one.values()]
            for row, one in city_figures(20251231).items()}  # fmt: skip
    found = frame.sort_values("year").groupby("indicator_id")["value"].apply(list)
    assert sorted(map(tuple, found)) == sorted(map(tuple, made.values()))
    last = judged[2025].set_index("row")
    assert last["answer"].isin(["met", "missed"]).all()
    rate = made["6"][-1]
    assert (last.loc["6", "answer"] == "met") == (rate >= 98.5)
    middle = judged[EDITIONS[0][0]]
    assert middle["p_attain"].notna().all()
    assert not middle["evidence_class"].isin(["weak", "prior_only", "none"]).any()


def test_made_up_figures_never_enter_a_real_project(demo, root, tmp_path):
    folder, _ = demo
    made_up = next((folder / "data/raw").glob("sls-plan-2025*"))
    shutil.copytree(root / "data/raw", tmp_path / "data/raw")
    shutil.copytree(made_up, tmp_path / "data/raw" / made_up.name)
    with pytest.raises(DataError, match="synthetic"):
        load_observations(root=tmp_path)
    form = tmp_path / "form.xlsx"
    plan = load_plan("sls-plan", folder / "catalog")
    form.write_bytes(make_template(plan, 2025, "SLS", folder / "catalog", folder))
    assert {f.code for f in check_form(form, root=root).faults} == {"no_form"}


@pytest.mark.slow
def test_every_file_made_of_a_place_that_does_not_exist_says_so(demo):
    folder, _ = demo
    options = {"edition": 2023, "as_of": EDITIONS[0][3], "root": folder}
    built = build_paper("sls-plan", catalog=folder / "catalog", only="14_works", **options).folder
    assert built.name == "sls-plan-SLS-2023-synthetic-preview"
    page = (built / "paper.html").read_text(encoding="utf-8")
    assert "<title>示例市（合成数据）" in page
    pictures = re.findall(r'src="data:image/svg\+xml;base64,([^"]+)"', page)
    drawn = [base64.b64decode(picture).decode() for picture in pictures]
    assert drawn and all("合成数据" in picture for picture in drawn)
    written = [*(built / "data").glob("*.csv"), *(built / "notebooks").glob("*.ipynb")]
    assert len(written) > 3
    assert not [p.name for p in written if "合成数据" not in p.read_text(encoding="utf-8")]
    pages = PdfReader(built / "paper.pdf").pages
    assert all("合成数据" in one.extract_text() for one in pages)


@pytest.mark.slow
def test_a_paper_is_not_made_of_data_that_change_meanwhile(demo, tmp_path):
    folder = shutil.copytree(demo[0], tmp_path / "city", ignore=shutil.ignore_patterns("outputs"))

    def touch(line):
        (folder / "data" / "raw" / "README.md").write_text(line, encoding="utf-8")

    options = {"edition": 2023, "as_of": EDITIONS[0][3], "root": folder, "formats": ("html",)}
    with pytest.raises(BuildError, match="changed while the paper was built"):
        build_paper(
            "sls-plan", catalog=folder / "catalog", only="14_works", progress=touch, **options
        )
    assert not list((folder / "outputs").glob("*/paper.html"))


def test_the_first_page_says_by_how_much_a_target_was_missed(demo, monkeypatch):
    monkeypatch.setenv("WQA_ROOT", str(demo[0]))
    city = wqa.open_edition("sls-plan", "SLS", 2025, EDITIONS[1][3])
    board = board_table(city, city.answers()).frame.to_dict("records")
    told = {str(row["序号"]): str(row["理由"]) for row in board}
    missed = city.answers().set_index("row")
    missed = missed[(missed["answer"] == "missed") & (missed["kind"] != "every_year")]
    gaps = {row: f"差{round(r['target'] - r['level'], 2):g}" for row, r in missed.iterrows()}
    assert gaps and all(gap in told[row] for row, gap in gaps.items())
