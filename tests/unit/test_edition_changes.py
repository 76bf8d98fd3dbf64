"""Differences between two editions: every kind of change, and none where nothing changed."""

from dataclasses import replace

import pandas as pd
import pytest

from wqa.assessment.attainment import as_frame
from wqa.errors import DataError
from wqa.history.edition_changes import diff_editions
from wqa.history.edition_forecasts import FORECAST_COLUMNS
from wqa.history.editions import (
    ANSWER_COLUMNS,
    OBSERVATION_COLUMNS,
    TARGET_COLUMNS,
    EditionRecord,
    typed,
)


def value(year, number, vintage="2022-03-01", source="s1", **changes):
    return {"indicator_id": "a_rate", "region": "WH", "scope": "city", "year": year,
            "value": number, "unit": "pct", "denominator": None, "qualifier": "exact",
            "evidence": "official", "source_id": source, "published": vintage,
            "vintage": vintage, **changes}  # fmt: skip


def answer(code, p=None, target_id="p.1", level=None, **changes):
    texts = {c: "" for c in ANSWER_COLUMNS if c.startswith(("name", "evidence", "reason", "row"))}
    return {**dict.fromkeys(ANSWER_COLUMNS), **texts, "target_id": target_id, "answer": code,
            "p_attain": p, "level": level, "indicator_id": "a_rate", **changes}  # fmt: skip


def target(target_id="p.1", **changes):
    texts = dict.fromkeys(TARGET_COLUMNS, "")
    return {**texts, "target_id": target_id, "indicator_id": "a_rate", "comparator": ">=",
            "value": 98.0, "unit": "pct", "decimals": 1, "start_year": 2021, "year": 2025,
            "baseline": None, "baseline_year": None, **changes}  # fmt: skip


def edition(year, values=(), answers=(), targets=(), methods=None):
    return EditionRecord(
        plan="p", region="WH", edition=year, as_of=f"{year + 1}-09-30", target_year=2025,
        mode="interim", methods=methods or {"model": "pooled"}, known={},
        answers=as_frame(list(answers), ANSWER_COLUMNS),
        targets=typed(targets, TARGET_COLUMNS), observations=typed(values, OBSERVATION_COLUMNS),
        forecasts=typed([], FORECAST_COLUMNS),
    )  # fmt: skip


def test_no_change():
    one = edition(2021, [value(2021, 97.0)], [answer("likely", 0.8)], [target()])
    other = replace(one, edition=2022, as_of="2023-09-30")
    frames = diff_editions(one, other).frames()
    assert {name: len(frame) for name, frame in frames.items()} == {
        "figures": 0, "revisions": 0, "answers": 0, "targets": 0, "methods": 0,
    }  # fmt: skip


def test_new_values_and_late_ones():
    old = edition(2021, [value(2021, 97.0)])
    new = edition(2022, [value(2020, 96.0, "2023-01-01"), value(2021, 97.0),
                         value(2022, 97.5, "2023-02-01")])  # fmt: skip
    changes = diff_editions(old, new)
    assert list(changes.figures["year"]) == [2020, 2022]
    assert list(changes.figures["is_late"]) == [True, False]
    assert changes.revisions.empty


@pytest.mark.parametrize(
    ("now", "why"),
    [
        (value(2021, 97.4, "2023-02-01", "s2"), "newer"),
        (value(2021, 97.4), "source_corrected"),
        (value(2021, 97.4, "2022-04-01", "s2"), "other_choice"),
    ],
)
def test_revision_and_its_cause(now, why):
    row = diff_editions(edition(2021, [value(2021, 97.1)]), edition(2022, [now])).revisions.iloc[0]
    assert (row["old"], row["new"], row["change"], row["why"]) == (97.1, 97.4, 0.3, why)
    assert (row["old_source_id"], row["new_source_id"]) == ("s1", now["source_id"])


def test_withdrawn_figure():
    row = diff_editions(edition(2021, [value(2021, 97.1)]), edition(2022)).revisions.iloc[0]
    assert row["why"] == "withdrawn"
    assert pd.isna(row["new"])


def test_other_unit_is_a_revision_without_difference():
    now = value(2021, 0.971, unit="share")
    row = diff_editions(edition(2021, [value(2021, 97.1)]), edition(2022, [now])).revisions.iloc[0]
    assert row["new"] == 0.971
    assert row["change"] is None or pd.isna(row["change"])


def test_flip_because_of_figures():
    old = edition(2021, [value(2021, 97.0)], [answer("open", 0.5, level=97.0)], [target()])
    new = edition(2022, [value(2021, 97.0), value(2022, 98.5, "2023-02-01")],
                  [answer("likely", 0.8, level=98.5)], [target()])  # fmt: skip
    row = diff_editions(old, new).answers.iloc[0]
    assert (row["old_answer"], row["new_answer"], row["why"]) == (
        "open", "likely", "figures",
    )  # fmt: skip


def test_flip_because_of_target_methods_or_time():
    old = edition(2021, [], [answer("open", 0.5)], [target()])
    flipped = [answer("likely", 0.8)]
    by_target = diff_editions(old, edition(2022, [], flipped, [target(value=97.0)]))
    assert list(by_target.answers["why"]) == ["target"]
    by_method = diff_editions(old, edition(2022, [], flipped, [target()], {"model": "theta"}))
    assert list(by_method.answers["why"]) == ["methods"]
    by_time = diff_editions(old, edition(2022, [], flipped, [target()]))
    assert list(by_time.answers["why"]) == ["time"]


def test_targets_added_dropped_and_changed():
    old = edition(2021, targets=[target(), target("p.2")])
    new = edition(2022, targets=[target(value=98.5, comparator=">"), target("p.3")])
    rows = diff_editions(old, new).targets
    found = [tuple(row) for row in rows[["target_id", "field", "old", "new"]].to_numpy()]
    assert found == [
        ("p.1", "comparator", ">=", ">"),
        ("p.1", "value", "98", "98.5"),
        ("p.3", "target", "", ">= 98 pct"),
        ("p.2", "target", ">= 98 pct", ""),
    ]


def test_methods():
    old = edition(2021, methods={"model": "pooled", "likely_from": 0.67})
    new = edition(2022, methods={"model": "pooled", "likely_from": 0.7, "version": "1"})
    rows = diff_editions(old, new).methods
    assert [tuple(row) for row in rows.to_numpy()] == [
        ("likely_from", "0.67", "0.7"), ("version", "", "1"),
    ]  # fmt: skip


def test_regions_must_agree():
    with pytest.raises(DataError, match="different regions"):
        diff_editions(edition(2021), replace(edition(2022), region="CN"))
