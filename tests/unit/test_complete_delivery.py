"""An office that delivers everything gets everything judged; the figures are made up here."""

import pandas as pd
import pytest
from observation_frames import figures

from wqa.assessment.attainment import assess
from wqa.catalog.catalog import load_plan

PLAN = load_plan("wuhan-14fyp")
TARGETS = {t.row + t.part: t for t in PLAN.targets}
YEARS = range(2021, 2026)
# Row, yearly figures of 2021 to 2025, the answer worked out by hand.
DELIVERED = [
    ("1a", (2, 4, 6, 8, 10), "met"),
    ("1b", (10, 20, 30, 40, 49), "missed"),
    ("2", (37, 60, 79, 95, 104), "met"),
    ("3a", (22, 6, 9, 5, 7), "met"),
    ("3b", (60, 57, 54, 58, 61), "missed"),  # 54 in 2023
    ("4", (37, 37, 40, 44, 45), "met"),
    ("5", (92.4, 92.9, 93.0, 93.3, 93.16), "missed"),  # 93.16 is not 93.2
    ("6", (0.08, 0.12, 0.05, 0.06, 0.096), "met"),  # as printed, and only 2025 counts
    ("7", (98.1, 98.3, 98.4, 98.6, 98.5), "met"),
    ("8", (99.0, 99.4, 98.5, 99.1, 98.9), "met"),
    ("10", (78.4, 78.9, 79.3, 79.8, 79.99), "missed"),
    ("11", (78.5, 79.0, 79.6, 80.1, 80.5), "met"),
    ("12", (100.0, 100.0, 99.9, 100.0, 100.0), "met"),  # 2025 counts
    ("13", (100.0, 100.0, 100.0, 100.0, 99.98), "missed"),
    ("14a", (3, 11, 2, 3, 1), "met"),  # 20
    ("14b", (89, 50, 60, 55, 45), "missed"),  # 299
    ("14c", (40, 40, 40, 40, 40), "met"),
    ("15", (12, 9, 11, 10, 8), "met"),  # 50
    ("16", (2, 3, 4, 5, 5), "met"),
    ("17", (2, 1, 2, 1, 1), "missed"),  # 7
    ("18", (4.6, 4.9, 5.3, 5.8, 6.1), "met"),
    ("19", (99.0, 98.2, 94.9, 97.0, 98.0), "missed"),
]
FIELDS = {"employment": 82.1, "social_security": 83.0, "elderly_care": 80.0, "sports": 81.2,
          "transport": 84.4, "medical": 80.6}  # fmt: skip


def delivery(last: int = 2025) -> pd.DataFrame:
    rows = []
    for name, values, _ in DELIVERED:
        own = {"indicator_id": TARGETS[name].indicator_id, "scope": TARGETS[name].series[0]}
        rows += [own | {"year": y, "value": v, "unit": TARGETS[name].unit,
                        "vintage": f"{y + 1}-04-30"}
                 for y, v in zip(YEARS, values, strict=True) if y <= last]  # fmt: skip
    survey = {"indicator_id": "public_service_satisfaction", "unit": "score"}
    for year in range(2021, last + 1):
        round_ = {"year": year, "scope": f"round_{year}", "vintage": f"{year + 1}-04-30"}
        rows += [survey | round_ | {"scope": f"field_{name}", "value": value - 0.1 * (2025 - year)}
                 for name, value in FIELDS.items()]  # fmt: skip
        rows += [survey | round_ | {"value": 82.6}]
        rows += [survey | round_ | {"value": 82.55, "region": "CN"}]
    return figures(*rows)


def test_all_23_rows_are_decided_as_worked_out_by_hand():
    table = assess(PLAN, observations=delivery()).set_index("row")
    expected = {name: answer for name, _, answer in DELIVERED} | {"9": "met"}
    assert table["answer"].to_dict() == expected
    assert (table["strength"] == 3).all()
    assert table["p_attain"].isin([0, 1]).all()


def test_in_the_middle_of_the_plan_every_row_has_a_likelihood_that_is_not_called_weak():
    table = assess(PLAN, observations=delivery(2024), as_of="2025-06-30").set_index("row")
    assert not table["answer"].isin(["nothing_known"]).any()
    assert table["p_attain"].notna().all()
    open_ = table[~table["answer"].isin(["met", "missed"])]
    assert (open_["strength"] == 3).all()
    assert not open_["evidence_class"].isin(["weak", "prior_only", "none"]).any()


@pytest.mark.parametrize("row", ["2", "14b", "9"])
def test_a_published_outcome_wins_over_everything_that_could_be_inferred(row):
    table = assess(PLAN, observations=delivery()).set_index("row")
    assert table.loc[row, "overturned_by_zh"] == ""
