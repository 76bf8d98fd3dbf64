"""The short paper on one domain, built from the real figures."""

import json

import pypdf
import pytest

from wqa.catalog.catalog import load_plan
from wqa.publication.paper import build_paper


@pytest.mark.slow
def test_a_domain_has_a_paper_of_its_own_targets_in_a_folder_of_its_own(root, tmp_path):
    options = {"formats": ("html", "pdf"), "root": root, "out": tmp_path}
    result = build_paper(scope="domain:project", **options)
    assert result.folder.name == "wuhan-14fyp-WH-2025-project"
    record = json.loads(result.files["record"].read_text("utf-8"))
    assert record["title"] == "武汉市质量白皮书（工程质量） 2025年度版"
    chapters = {chapter["id"] for chapter in record["chapters"]}
    assert {"90_summary", "14_works", "80_closing", "30_forecast_attainment"} <= chapters
    assert not {"20_comparison", "12_satisfaction"} & chapters
    assert not (result.folder / "edition.json").exists(), "not all targets of the edition"
    board = "".join(pypdf.PdfReader(result.files["pdf"]).pages[1].extract_text().split())
    names = {
        target.row + target.part: target.name_zh for target in load_plan("wuhan-14fyp").targets
    }
    shown = {row for row, name in names.items() if name in board}
    assert shown == {"3a", "3b", "12", "13"}
