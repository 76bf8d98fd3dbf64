"""Official labels: hand-worked vectors, the reference vectors of Open SDG, and causes."""

import json
import math
from pathlib import Path

import pandas as pd
import pytest
from cases import cases

from wqa.assessment import labels
from wqa.errors import DataError

GOLDEN = Path(__file__).parents[1] / "golden"


BY_HAND = pd.read_csv(GOLDEN / "labels_by_hand.csv").astype(object)
BY_HAND = BY_HAND.where(BY_HAND.notna(), None)
NUMBERS = ["baseline", "base_year", "value", "year", "target", "target_year", "direction"]


def labelled(case: str) -> pd.DataFrame:
    """Labels of one case of the file."""
    row = BY_HAND[BY_HAND["case"] == case].iloc[0]
    pairs = (pair.split(":") for pair in (row["series"] or "").split())
    options = {"series": {int(y): float(v) for y, v in pairs}}
    bounds = (row["lower"], row["upper"])
    options |= {"kind": row["kind"], "limit": row["limit"], "bounds": bounds}
    return labels.official_labels(*row[NUMBERS], **options).set_index("method", drop=False)


@pytest.mark.parametrize("case", BY_HAND["case"].unique())
def test_by_hand(case):
    frame = labelled(case)
    for wanted in BY_HAND[BY_HAND["case"] == case].to_dict("records"):
        row = frame.loc[wanted["method"]]
        given = [x for x in (row["label"], row["reason_undefined"]) if isinstance(x, str) and x]
        assert given == [wanted["code"]], wanted["method"]
        if wanted["statistic"] is not None:
            assert row["value"] == pytest.approx(wanted["statistic"], abs=2e-6)
        if wanted["code"] == row["reason_undefined"]:
            assert row["reason_zh"] and row["reason_en"] and pd.isna(row["value"])
    assert frame["method"].tolist() == list(labels.LABEL_METHODS)


@cases("unit/label_causes.csv")
def test_the_cause_of_a_disagreement_is_named(case, zh, en):
    assert zh in labels.explain_disagreement(labelled(case))
    assert en in labels.explain_disagreement(labelled(case), "en")


def test_notes():
    assert labelled("a sum has a completion rate")["label"].notna().sum() == 1
    assert "最新一年" in labelled("a yearly floor").loc["un_chart", "note_zh"]
    assert labelled("baseline zero").loc["open_sdg", "note_en"].startswith("a zero was replaced")


def test_cut_points_have_a_source_and_are_marked_when_unconfirmed():
    frame = labels.official_labels(98, 2020, 98.2, 2022, 98.5, 2025).set_index("method")
    assert set(frame.index[~frame["confirmed"]]) == {
        "eurostat_target", "eurostat_trend", "escap_api", "sdsn", "china_completion",
    }  # fmt: skip
    assert frame["source"].str.len().min() > 10


@cases("unit/label_refusals.csv")
def test_wrong_input_is_an_error(changed, message):
    given = dict(zip(NUMBERS, (98, 2020, 98.2, 2022, 98.5, 2025, "higher_better"), strict=True))
    with pytest.raises(DataError, match=message):
        labels.official_labels(**given | json.loads(changed))


def test_unknown_language():
    with pytest.raises(DataError, match="unknown language"):
        labels.explain_disagreement(labels.official_labels(1, 2020, 2, 2021, 3, 2025), "fr")


def agrees(case: dict, status: str, progress: float) -> str:
    """Empty when our Open SDG rule answers as the reference did, else the difference."""
    target = math.nan if case["target"] is None else case["target"]
    years = (case["year"] - case["base_year"], case["target_year"] - case["base_year"])
    side = (1, ">=") if case["positive"] else (-1, "<=")
    limit = None if pd.isna(case["limit"]) else case["limit"]
    given = labels.LabelInput(case["base"], case["value"], target, *years, *side, limit=limit)
    result = labels.label_by("open_sdg_trend" if math.isnan(target) else "open_sdg", given)
    if (target or 0.001) * (case["base"] or 0.001) < 0:
        # The reference takes the modulus of a complex growth rate; that is no answer.
        progress, status = math.nan, status if status == "target_achieved" else "not_available"
    finite, wanted = math.isfinite(progress), None if status == "not_available" else status
    if result.label != wanted:
        return f"{case}: {result.label} instead of {wanted}"
    if finite and result.value != pytest.approx(progress, rel=1e-9, abs=1e-12):
        return f"{case}: {result.value} instead of {progress}"
    return "" if finite or result.reason else f"{case}: no reason given"


def test_open_sdg_equals_the_reference_vectors():
    table = pd.read_csv(GOLDEN / "open_sdg.csv").to_dict("records")
    assert len(table) == 1500
    assert {agrees(case, case.pop("status"), case.pop("progress")) for case in table} == {""}
