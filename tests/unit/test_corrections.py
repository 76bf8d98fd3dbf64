"""Declared corrections: each action, and the guard that stops a stale one."""

import json
import re
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest
import yaml
from made_deliveries import deliver

from wqa.data.deliveries import Correction, read_deliveries
from wqa.data.loading import load_observations

ROWS = "code,name_zh,name_en,level\nA,甲,98.5,city\nB,乙,97,city\n"


def correct(root: Path, *changes: dict[str, Any]) -> tuple[list[str], dict[Any, str], list[Any]]:
    """Cells of name_en, corrected rows and findings after entries that differ from a base."""
    deliver(root / "data/raw/case", ROWS.encode(), "a.csv", kind="regions")
    base = {"id": "c1", "file": "case/a.csv", "match": {"code": "A"}, "column": "name_en",
            "expect": "98.5", "reason_zh": "理由", "reason_en": "reason"}  # fmt: skip
    entries = {"corrections": [base | change for change in changes]}
    (root / "data/raw/corrections.yml").write_text(json.dumps(entries), encoding="utf-8")
    (delivery,), corrected, findings = read_deliveries(root)
    cells = [row["name_en"] for row in delivery.tables["data/raw/case/a.csv"].values()]
    return cells, corrected, [f for f in findings if f.code != "no_delivery"]


MARKED = {("data/raw/case/a.csv", 2): "c1"}
ACTIONS = {
    "override": ({"action": "override", "value": "95.8"}, ["95.8", "97"], MARKED),
    "scale": ({"action": "scale", "value": 0.1}, ["9.85", "97"], MARKED),
    "flag": ({"action": "flag"}, ["98.5", "97"], MARKED),
    "drop": ({"action": "drop"}, ["97"], {}),
}


@pytest.mark.parametrize(("change", "cells", "marked"), ACTIONS.values(), ids=ACTIONS)
def test_each_action(tmp_path: Path, change, cells, marked) -> None:
    got, corrected, findings = correct(tmp_path, change)
    assert (got, corrected) == (cells, marked)
    assert [(f.code, f.severity, f.row) for f in findings] == [("correction_applied", "review", 2)]
    assert "理由" in findings[0].message_zh and "reason" in findings[0].message_en


def test_every_action_is_tested() -> None:
    assert set(get_args(get_type_hints(Correction)["action"])) == set(ACTIONS)


def test_cells_can_be_cleared_and_filled_one_after_the_other(tmp_path: Path) -> None:
    clear = {"action": "override", "value": ""}
    fill = {"id": "c2", "expect": "", "action": "override", "value": "98.4"}
    cells, corrected, _ = correct(tmp_path, clear, fill)
    assert cells == ["98.4", "97"]
    assert corrected == {("data/raw/case/a.csv", 2): "c2"}


@pytest.mark.parametrize(
    ("change", "code", "cells"),
    [
        ({"expect": "98.7"}, "stale_correction", ["97"]),
        ({"match": {"level": "city"}}, "unmatched_correction", []),
        ({"match": {"code": "C"}}, "unmatched_correction", ["98.5", "97"]),
    ],
)
def test_a_row_that_a_correction_does_not_fit_stays_out(tmp_path, change, code, cells) -> None:
    got, corrected, (finding,) = correct(tmp_path, {"action": "override", "value": "1", **change})
    assert (got, corrected) == (cells, {})
    assert (finding.code, finding.severity) == (code, "error")


def test_the_projects_corrections_say_why_and_still_apply(root: Path) -> None:
    entries = yaml.safe_load((root / "data/raw/corrections.yml").read_text(encoding="utf-8"))
    findings = read_deliveries(root)[2]
    applied = {f.value for f in findings if f.code == "correction_applied"}
    assert applied == {entry["id"] for entry in entries["corrections"]}
    for one in entries["corrections"]:
        assert re.search("[\u4e00-\u9fff]", one["reason_zh"])
        assert len(one["reason_en"]) > 20


def test_a_corrected_row_says_so_and_keeps_the_raw_file(root: Path) -> None:
    frame = load_observations("special_equipment_death_rate", "CN", 2022, root=root)
    assert frame.loc[0, "denominator"] == 1955.25
    assert frame.loc[0, "note"].endswith("[correction death-rate-2022-denominator]")
    raw = (root / "data/raw/published_figures/observations.csv").read_text(encoding="utf-8")
    assert "19552500" in raw
