"""Each file or folder here has one fault and is named after the finding it must produce.

``<code>.csv`` or ``<code>--<what>.csv`` is one delivered file in an otherwise right folder;
a folder is a whole delivery (its ``corrections.yml``, if any, is laid beside it).
"""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import pytest

from wqa.catalog.reading import read_yaml
from wqa.data.findings import STOPS
from wqa.data.loading import check_project, load_observations, rows_out
from wqa.errors import DataError
from wqa.paths import CATALOG

HERE = Path(__file__).parent
CASES = sorted(p for p in HERE.iterdir() if p.suffix == ".csv" or (p / "good.csv").is_file())
SOURCE = """\
kind: observations
title: 测试交付
publisher: 统计科
published: "2024-02-01"
retrieved: "2024-03-01"
evidence: official
licence: 仅供测试
files:
  {name}: {sha256}
"""


def code_of(case: Path) -> str:
    return case.name.removesuffix(".csv").partition("--")[0]


@pytest.fixture
def project(root: Path, tmp_path: Path) -> Path:
    (tmp_path / "notebooks").mkdir()
    shutil.copytree(root / "data/raw/regions", tmp_path / "data/raw/regions")
    return tmp_path


def deliver(case: Path, project: Path) -> None:
    folder = project / "data/raw/case"
    if case.is_dir():
        shutil.copytree(case, folder)
        if (folder / "corrections.yml").exists():
            shutil.move(folder / "corrections.yml", folder.parent / "corrections.yml")
        return
    folder.mkdir()
    shutil.copy(case, folder)
    sha256 = hashlib.sha256(case.read_bytes()).hexdigest()
    text = SOURCE.format(name=case.name, sha256=sha256)
    (folder / "source.yml").write_text(text, encoding="utf-8")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_gives_the_finding_it_is_named_after_and_no_other(case: Path, project: Path) -> None:
    deliver(case, project)
    findings = check_project(project)
    assert {finding.code for finding in findings} == {code_of(case)}
    for finding in findings:
        assert finding.message_zh and finding.message_en
        assert finding.file.startswith("data/raw")
    if code_of(case) in STOPS:
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
    assert {code_of(case) for case in CASES} == codes
    assert set(STOPS) <= codes


def test_there_are_enough_bad_inputs() -> None:
    assert len(CASES) >= 100
