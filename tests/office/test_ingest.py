"""A filled-in form becomes exactly the delivery that was meant, once."""

import io
import os
import shutil
import subprocess
import sys
import zipfile

import forms
import pandas as pd
import pytest
from openpyxl import load_workbook

from wqa.assessment.attainment import assess
from wqa.data.loading import check_project, load_observations
from wqa.errors import DataError
from wqa.office.ingesting import accept, check_form


@pytest.fixture(scope="module")
def template(root, tmp_path_factory):
    small = forms.small_project(root, tmp_path_factory.mktemp("known"))
    return small, forms.made_template(small)


@pytest.fixture
def project(template, tmp_path):
    shutil.copytree(template[0], tmp_path / "project")
    return tmp_path / "project"


@pytest.fixture(scope="module")
def filled(template, tmp_path_factory):
    path = tmp_path_factory.mktemp("filled") / "form.xlsx"
    return forms.saved(forms.fill(template[1]), path)


def delivered(frame: pd.DataFrame) -> dict:
    own = frame[frame["source_id"].str.startswith("src-2026-02-28")]
    return {(r.indicator_id, r.region, r.scope, r.year): r.value for r in own.itertuples()}


def meant(book) -> list[float]:
    """All values that were typed."""
    return sorted(
        sheet.cell(row, forms.heads(sheet)["数值"]).value
        for sheet in forms.figure_sheets(book)
        for row in range(2, sheet.max_row + 1)
    )


def test_a_complete_form_decides_every_target_as_worked_out_by_hand(project, filled, template):
    checked = check_form(filled, root=project)
    assert not checked.faults and not checked.told
    accept(checked, project)
    frame = load_observations(root=project)
    assert sorted(delivered(frame).values()) == meant(forms.fill(template[1]))
    assert not [f for f in check_project(project) if f.severity == "error"]
    answers = assess("wuhan-14fyp", root=project).set_index("row")["answer"]
    assert answers.to_dict() == forms.DELIVERED["answer"].to_dict() | {"9": "met"}


def test_few_cells_are_typed_per_figure(template):
    """A value, what it was counted from, and one source for the whole form."""
    before, after = (
        {(s.title, c.coordinate) for s in forms.figure_sheets(book)
         for row in s.iter_rows() for c in row if c.value is not None}
        for book in (load_workbook(io.BytesIO(template[1])), forms.fill(template[1]))
    )  # fmt: skip
    figures = len(meant(forms.fill(template[1])))
    assert len(after - before) / figures <= 3


def test_in_june_of_the_fourth_year_every_target_has_a_likelihood_that_is_not_weak(
    project, template, tmp_path
):
    book = forms.fill(forms.made_template(template[0], 2024))
    for column, text in enumerate(("统计报表", "示例填报单位", "2025-04-30"), start=1):
        book["来源文件"].cell(2, column).value = text
    accept(check_form(forms.saved(book, tmp_path / "form.xlsx"), root=project), project)
    answers = assess("wuhan-14fyp", as_of="2025-06-30", root=project)
    assert answers["p_attain"].notna().all()
    assert not answers["evidence_class"].isin(["weak", "prior_only", "none"]).any()
    told = answers.set_index("row")
    # A baseline that the plan states in two ways no longer matters.
    assert "基期" not in told.loc["5", "reason_zh"]
    # The seven conditions are all met less often than the one number of the table.
    assert told.loc["9", "p_attain"] < 0.34 and told.loc["9", "answer"] == "open"
    assert told.loc["9", "reason_zh"].startswith("按正文的7个条件，2025年同时满足的概率低于34%")


def test_the_same_form_a_second_time_changes_nothing(project, filled):
    accept(check_form(filled, root=project), project)
    before = sorted(path for path in (project / "data").rglob("*"))
    again = check_form(filled, root=project)
    assert set(again.changes["status"]) == {"unchanged"} and not again.files
    with pytest.raises(DataError, match="no delivery"):
        accept(again, project)
    assert sorted((project / "data").rglob("*")) == before


def test_a_correction_is_a_new_vintage_and_the_old_value_stays(project, filled, template, tmp_path):
    accept(check_form(filled, root=project), project)
    book = forms.fill(template[1])
    sheet, row = next(
        (s, r) for s in forms.figure_sheets(book) for r in range(2, s.max_row + 1)
        if str(s.cell(r, 1).value) == "1b" and s.cell(r, forms.heads(s)["年份"]).value == 2025
    )  # fmt: skip
    sheet.cell(row, forms.heads(sheet)["数值"]).value = 51
    checked = check_form(forms.saved(book, tmp_path / "form.xlsx"), root=project)
    changed = checked.changes[checked.changes["status"] == "revised"]
    assert changed[["old", "new"]].to_numpy().tolist() == [[49, 51]] and not checked.faults
    accept(checked, project)
    frame = load_observations("hubei_quality_products", "WH", 2025, root=project)
    assert frame[["value", "vintage"]].to_numpy().tolist() == [[49, "2026-02-28"], [51, forms.DAY]]
    answer = assess("wuhan-14fyp", root=project).set_index("row").loc["1b", "answer"]
    assert answer == "met"
    early = assess("wuhan-14fyp", as_of="2026-06-30", root=project).set_index("row")
    assert early.loc["1b", "answer"] == "missed"


def test_a_correction_dated_before_the_figure_is_sent_back(project, filled, template, tmp_path):
    accept(check_form(filled, root=project), project)
    book = forms.fill(template[1])
    for row in book["填报说明"].iter_rows():
        if row[0].value == "填报日期":
            row[1].value = "2026-01-15"
    book["来源文件"].cell(2, 3).value = "2026-01-10"
    sheet = forms.figure_sheets(book)[0]
    sheet.cell(2, forms.heads(sheet)["数值"]).value = 92.5
    sheet.cell(2, forms.heads(sheet)["分子"]).value = 9250
    checked = check_form(forms.saved(book, tmp_path / "form.xlsx"), root=project)
    assert {f.code for f in checked.faults} == {"not_newer"}


def test_nothing_is_written_by_a_form_with_faults(project, template, tmp_path):
    book = forms.fill(template[1])
    sheet = forms.figure_sheets(book)[0]
    sheet.cell(2, forms.heads(sheet)["数值"]).value = "无"
    checked = check_form(forms.saved(book, tmp_path / "form.xlsx"), root=project)
    with pytest.raises(DataError):
        accept(checked, project)
    assert len(list((project / "data" / "raw").iterdir())) == 2


@pytest.mark.slow
@pytest.mark.needs_office
def test_a_form_saved_by_libreoffice_is_the_same_delivery(project, filled, needs_program, tmp_path):
    folder = tmp_path / "saved"
    command = [
        needs_program("soffice"),
        f"-env:UserInstallation=file://{tmp_path}/profile",
        "--headless",
    ]
    command += ["--convert-to", "xlsx:Calc MS Excel 2007 XML", "--outdir", str(folder)]
    subprocess.run([*command, str(filled)], check=True, capture_output=True, timeout=180)
    saved = check_form(folder / filled.name, root=project)
    assert not saved.faults and not saved.told
    assert saved.files == check_form(filled, root=project).files


PROGRAM = r"""
import re, sys, time
from pathlib import Path
from wqa.office.ingesting import check_form

start = time.monotonic()
codes = [fault.code for fault in check_form(Path(sys.argv[1])).faults]
memory = re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())
print(*codes, time.monotonic() - start, memory[1])
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    "sheet",
    [b'<row><c r="A1"><v>1</v></c></row>' * 600_000, b"0" * (200 * 2**20)],
    ids=["cells", "noughts"],
)
def test_a_hostile_workbook_is_refused_in_bounded_time_and_memory(template, root, sheet, tmp_path):
    path = tmp_path / "form.xlsx"
    archive = zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED)
    with zipfile.ZipFile(io.BytesIO(template[1])) as old, archive as new:
        for part in old.namelist():
            is_sheet = part == "xl/worksheets/sheet3.xml"
            new.writestr(part, sheet if is_sheet else old.read(part))
    command = [sys.executable, "-c", PROGRAM, str(path)]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    options = {"cwd": template[0], "env": environment, "timeout": 60}
    ran = subprocess.run(command, check=True, capture_output=True, **options)
    code, seconds, kilobytes = ran.stdout.split()
    assert code == b"workbook_too_large"
    assert float(seconds) < 10 and int(kilobytes) < 500_000
