"""Each file or folder here has one fault and is named after the finding it must produce.

``<code>.csv`` or ``<code>--<what>.csv`` is one delivered file in an otherwise right folder;
a folder is a whole delivery (its ``corrections.yml``, if any, is laid beside it).
"""

import csv
from pathlib import Path

import pytest
from made_deliveries import CASES, deliver_case

from wqa.catalog.reading import read_yaml
from wqa.data.findings import does_stop
from wqa.data.loading import check_project, load_observations, rows_out
from wqa.errors import DataError
from wqa.paths import CATALOG

MISTAKES = Path(__file__).parents[1] / "office" / "mistakes.csv"
# Tested in tests/office, beside those of the table of mistakes.
OFFICE = {"plan_cell", "mixed_synthetic", "not_newer"}


def code_of(case: Path) -> str:
    return case.name.removesuffix(".csv").partition("--")[0]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_gives_the_finding_it_is_named_after_and_no_other(case: Path, tmp_path: Path) -> None:
    project = deliver_case(case, tmp_path / "project")
    findings = check_project(project)
    assert {finding.code for finding in findings} == {code_of(case)}
    for finding in findings:
        assert finding.message_zh and finding.message_en
        assert finding.file.startswith("data/raw")
    if does_stop(code_of(case)):
        with pytest.raises(DataError, match="Nothing was calculated") as raised:
            load_observations(root=project)
        assert all(finding.file in str(raised.value) for finding in findings)
        return
    # A row with an error costs itself: it stays out, and the loader does not fail.
    wrong = {(f.file, f.row) for f in findings if f.severity == "error"}
    frame = load_observations(root=project)
    assert not wrong & set(zip(frame["file"], frame["row"], strict=True))
    assert rows_out(root=project) == len(wrong)


def test_every_finding_has_a_bad_input() -> None:
    codes = set(read_yaml(CATALOG / "findings.yml")["findings"])
    # What belongs to workbooks and to other cities has its bad inputs in tests/office.
    table = csv.DictReader(MISTAKES.read_text(encoding="utf-8").splitlines())
    elsewhere = {one["code"] for one in table} - {""} | OFFICE
    assert {code_of(case) for case in CASES} == codes - (elsewhere - {*map(code_of, CASES)})
    assert {code for code in codes if does_stop(code)} < codes


def test_there_are_enough_bad_inputs() -> None:
    assert len(CASES) >= 100
