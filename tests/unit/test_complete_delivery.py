"""An office that delivers everything gets everything judged; the figures are made up here."""

from pathlib import Path

import pandas as pd
import pytest
from observation_frames import figures

from wqa.assessment.attainment import assess
from wqa.catalog.catalog import load_plan

PLAN = load_plan("wuhan-14fyp")
TARGETS = {t.row + t.part: t for t in PLAN.targets}
YEARS = range(2021, 2026)
# Yearly figures, and the answers worked out by hand.
DELIVERED = pd.read_csv(Path(__file__).parents[1] / "catalog" / "delivered.csv").set_index("row")
FIELDS = {"employment": 82.1, "social_security": 83.0, "elderly_care": 80.0, "sports": 81.2,
          "transport": 84.4, "medical": 80.6}  # fmt: skip


def delivery(last: int = 2025) -> pd.DataFrame:
    rows = []
    for name, values in DELIVERED[[str(year) for year in YEARS]].iterrows():
        target = TARGETS[name]
        own = {"indicator_id": target.indicator_id, "scope": target.series[0], "unit": target.unit}
        rows += [own | {"year": y, "value": v, "vintage": f"{y + 1}-04-30"}
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
    assert table["answer"].to_dict() == DELIVERED["answer"].to_dict() | {"9": "met"}
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
