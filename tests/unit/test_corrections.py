"""Declared corrections: each action, and the guard that stops a stale one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from wqa.data.corrections import ACTIONS, Correction, apply_corrections, load_corrections
from wqa.data.observations import load_observations
from wqa.data.raw_tables import RawFolder, RawRow, RawTable


def folder(*values: str) -> RawFolder:
    rows = [RawRow(n, {"region": "WH", "period": str(2018 + n), "value": value})
            for n, value in enumerate(values, 2)]  # fmt: skip
    table = RawTable("data/raw/case/a.csv", ["region", "period", "value"], rows)
    return RawFolder("case", "data/raw/case", {"kind": "observations"}, [table])


def correction(action: str, value: str = "", expect: str = "98.5") -> Correction:
    return Correction("c1", "case/a.csv", (("period", "2020"),), "value", expect, action, value,
                      "理由", "reason")  # fmt: skip


@pytest.mark.parametrize(
    ("action", "value", "cells", "corrected"),
    [
        ("override", "95.8", ["95.8", "97"], {("data/raw/case/a.csv", 2): "c1"}),
        ("scale", "0.1", ["9.85", "97"], {("data/raw/case/a.csv", 2): "c1"}),
        ("flag", "", ["98.5", "97"], {("data/raw/case/a.csv", 2): "c1"}),
        ("drop", "", ["97"], {}),
    ],
)
def test_each_action(
    action: str, value: str, cells: list[str], corrected: dict[tuple[str, int], str]
) -> None:
    one = folder("98.5", "97")
    marked, findings = apply_corrections([one], [correction(action, value)])
    assert [row.cells["value"] for row in one.tables[0].rows] == cells
    assert marked == corrected
    assert [(f.code, f.severity, f.row) for f in findings] == [("correction_applied", "review", 2)]
    assert "理由" in findings[0].message_zh and "reason" in findings[0].message_en


def test_every_action_is_tested() -> None:
    assert set(ACTIONS) == {"override", "scale", "flag", "drop"}


def test_a_stale_correction_is_an_error_and_the_row_stays_out() -> None:
    one = folder("98.7", "97")
    marked, findings = apply_corrections([one], [correction("override", "95.8")])
    assert [row.cells["value"] for row in one.tables[0].rows] == ["97"]
    assert marked == {}
    assert [(f.code, f.severity) for f in findings] == [("stale_correction", "error")]
    assert "'98.5'" in findings[0].message_zh and "'98.7'" in findings[0].message_zh


def test_a_correction_must_match_exactly_one_row() -> None:
    both = Correction(
        "c1", "case/a.csv", (("region", "WH"),), "value", "98.5", "flag", "", "理", "r"
    )
    _, findings = apply_corrections([folder("98.5", "97")], [both])
    assert [(f.code, f.severity) for f in findings] == [("unmatched_correction", "error")]


def test_no_file_means_no_corrections(tmp_path: Path) -> None:
    assert load_corrections(tmp_path) == ([], [])


def test_the_projects_corrections_say_why_and_still_apply(root: Path) -> None:
    corrections, findings = load_corrections(root)
    assert findings == []
    assert len(corrections) == len({c.id for c in corrections}) > 0
    for one in corrections:
        assert re.search("[\u4e00-\u9fff]", one.reason_zh)
        assert len(one.reason_en) > 20


def test_a_corrected_row_says_so_and_keeps_the_raw_file(root: Path) -> None:
    frame = load_observations("special_equipment_death_rate", "CN", 2022, root=root)
    assert frame.loc[0, "denominator"] == 1955.25
    assert frame.loc[0, "note"].endswith("[correction death-rate-2022-denominator]")
    raw = (root / "data/raw/published_figures/observations.csv").read_text(encoding="utf-8")
    assert "19552500" in raw
