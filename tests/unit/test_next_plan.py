"""Draft of the next plan: baselines from data with their source, nothing else filled in."""

import re
from dataclasses import replace

import numpy as np
import observation_frames
import pandas as pd
import pytest

from wqa.assessment.attainment import assess
from wqa.catalog.catalog import load_plan
from wqa.data import loading as data
from wqa.errors import CatalogError, DataError
from wqa.history import next_plan
from wqa.history.next_plan import draft_plan, next_plan_baselines, next_plan_id, write_draft

WHOLE = load_plan("wuhan-14fyp")
# One target of each sort is enough, and quicker: a gap, a disputed one, a compound, a sum.
PLAN = replace(
    WHOLE, targets=tuple(t for t in WHOLE.targets if t.row + t.part in ("5", "7", "9", "14a"))
)
FIELDS = {"numerator": np.nan, "denominator": np.nan, "qualifier": "exact",
          "evidence": "official", "source_id": "folder-published_figures", "note": "",
          "region": "WH"}  # fmt: skip


def target(name):
    return next(t for t in PLAN.targets if t.row + t.part == name)


def figures(*rows):
    """Figures of targets, each named by the row of the plan in `of`."""
    return observation_frames.figures(
        *(
            {"indicator_id": target(row["of"]).indicator_id, "scope": target(row["of"]).series[0],
             "unit": target(row["of"]).unit, "vintage": f"{row['year'] + 1}-03-01",
             "file": "figures.csv", "row": n, **FIELDS}
            | {k: v for k, v in row.items() if k != "of"}
            for n, row in enumerate(rows, start=2)
        )
    )  # fmt: skip


@pytest.fixture
def known(monkeypatch):
    """Put figures in the place of the project's."""

    def put(*rows):
        frame = figures(*rows)
        monkeypatch.setattr(next_plan, "load_observations", lambda **_: frame)
        return frame

    return put


@pytest.fixture(scope="module")
def draft():
    return draft_plan(PLAN, 2026, 2030)


def test_newest_annual_value_inside_the_plan(known):
    known({"of": "7", "year": 2020, "value": 98.0}, {"of": "7", "year": 2023, "value": 98.6},
          {"of": "7", "year": 2024, "value": 98.9},
          {"of": "7", "year": 2025, "value": 99.2, "qualifier": "partial_period"})  # fmt: skip
    row = next_plan_baselines(PLAN).set_index("row").loc["7"]
    assert (row["status"], row["value"], row["year"]) == ("measured", 98.9, 2024)
    assert row["source_id"] == "folder-published_figures"
    assert (row["published"], row["locator"]) == ("2025-03-01", "figures.csv:4")
    assert row["source"]


def test_value_before_the_plan_is_no_baseline(known):
    known({"of": "7", "year": 2020, "value": 98.0})
    row = next_plan_baselines(PLAN).set_index("row").loc["7"]
    assert row["status"] == "missing"
    assert pd.isna(row["value"])
    assert row["reason_zh"]
    assert row["reason_en"]


def test_sum_only_of_all_years(known):
    flows = [{"of": "14a", "year": year, "value": 4.0} for year in range(2021, 2026)]
    known(*flows[:4])
    part = next_plan_baselines(PLAN).set_index("row").loc["14a"]
    assert part["status"] == "missing"
    assert "only 4 of the 5 years" in part["reason_en"]
    assert "5年中只公布了4年" in part["reason_zh"]
    known(*flows)
    whole = next_plan_baselines(PLAN).set_index("row").loc["14a"]
    assert (whole["status"], whole["value"], whole["year"]) == ("measured", 20.0, 2025)


def test_as_of_leaves_later_figures_out():
    early = next_plan_baselines(WHOLE, "2022-01-01")
    assert (early["status"] == "missing").all()
    assert list(early["target_id"]) == [t.id for t in WHOLE.targets]


def test_draft_cannot_be_mistaken_for_a_plan(draft, tmp_path):
    path = write_draft(draft, tmp_path, "wuhan-2026-2030")
    assert path == tmp_path / "plans" / "wuhan-2026-2030.yml"
    lines = draft.splitlines()
    with pytest.raises(CatalogError) as caught:
        load_plan("wuhan-2026-2030", tmp_path)
    message = str(caught.value)
    named = [int(n) for n in re.findall(r"2026-2030\.yml:(\d+): (?:wrong value|nothing)", message)]
    assert len(named) == 10
    assert "more" in message
    for line in named:
        assert lines[line - 1].strip().rstrip(":") in (
            "title_zh", "title_en", "short_zh", "short_en", "title", "comparator", "nature",
            "clause",
        )  # fmt: skip
    assert "TODO" not in draft


def test_empty_targets_alone_are_named(draft, tmp_path):
    """With all words filled in, the empty values remain as faults."""
    text = filled(draft).replace("value: 99", "value:")
    write_draft(text, tmp_path, "wuhan-2026-2030")
    with pytest.raises(CatalogError, match="needs a value"):
        load_plan("wuhan-2026-2030", tmp_path)


def filled(text):
    words = {"comparator": '">="', "value": "99", "nature": "expected", "clause": "表"}
    for key in ("title_zh", "title_en", "short_zh", "short_en", "title"):
        words[key] = "下一规划"
    for key, value in words.items():
        text = re.sub(rf"^(\s*){key}:$", rf"\g<1>{key}: {value}", text, flags=re.MULTILINE)
    return text


def test_filled_draft_is_a_plan(known, tmp_path):
    known({"of": "7", "year": 2025, "value": 98.9})
    text = draft_plan(PLAN, 2026, 2030)
    write_draft(filled(text), tmp_path, next_plan_id(PLAN, 2026, 2030))
    plan = load_plan("wuhan-2026-2030", tmp_path)
    assert (plan.start_year, plan.end_year, plan.region) == (2026, 2030, "WH")
    assert [t.row + t.part for t in plan.targets] == [t.row + t.part for t in PLAN.targets]
    found = {t.row + t.part: t for t in plan.targets}
    assert (found["7"].baseline.status, found["7"].baseline.value) == ("measured", 98.9)
    assert found["7"].baseline.year == 2025
    assert found["5"].baseline.status == "missing"
    for new, old in zip(plan.targets, PLAN.targets, strict=True):
        assert (new.series, new.unit, new.kind, new.scope) == (
            old.series, old.unit, old.kind, old.scope,
        )  # fmt: skip
        assert new.year == 2030
    assert [c.id for c in found["9"].conditions] == [c.id for c in target("9").conditions]
    verdicts = assess(plan, edition=2026, as_of="2026-11-22", catalog=tmp_path)
    assert len(verdicts) == len(PLAN.targets)


def test_hostile_text_of_a_source_stays_a_comment(known, tmp_path, monkeypatch):
    frame = known({"of": "7", "year": 2025, "value": 98.9})
    frame["scope"] = frame["scope"].astype(str)
    sources = data.load_sources()
    sources.loc[sources["source_id"] == "folder-published_figures", "title"] = "a\nid: x\n'\"{"
    monkeypatch.setattr(next_plan, "load_sources", lambda **_: sources)
    text = draft_plan(replace(PLAN, issuer_zh='办公室"\n: #'), 2026, 2030)
    write_draft(filled(text), tmp_path, "wuhan-2026-2030")
    plan = load_plan("wuhan-2026-2030", tmp_path)
    assert plan.id == "wuhan-2026-2030"
    assert plan.issuer_zh == '办公室"\n: #'


def test_draft_is_never_overwritten(draft, tmp_path):
    write_draft(draft, tmp_path, "next")
    with pytest.raises(DataError, match="already there"):
        write_draft(draft, tmp_path, "next")


@pytest.mark.parametrize(("start", "end"), [(2025, 2030), (2026, 2025)])
def test_years_that_make_no_sense(start, end):
    with pytest.raises(DataError, match="does not follow"):
        draft_plan(PLAN, start, end)
