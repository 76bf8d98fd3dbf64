"""An office that delivers everything gets everything judged; the figures are made up here."""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
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
    assert (table["overturned_by_zh"] == "").all(), "a published outcome wins over inferences"


def test_in_the_middle_of_the_plan_every_row_has_a_likelihood_that_is_not_called_weak():
    table = assess(PLAN, observations=delivery(2024), as_of="2025-06-30").set_index("row")
    assert not table["answer"].isin(["nothing_known"]).any()
    assert table["p_attain"].notna().all()
    open_ = table[~table["answer"].isin(["met", "missed"])]
    assert (open_["strength"] == 3).all()
    assert not open_["evidence_class"].isin(["weak", "prior_only", "none"]).any()


# Product quality of others in the city's definition, 2021 to 2024.
PEERS = {"CN": (91.0, 91.2, 92.4, 93.1), "HB": (92.0, 91.8, 93.0, 94.1),
         "SH": (95.2, 95.0, 95.3, 96.0)}  # fmt: skip


def peers(row: str = "5", **changed) -> pd.DataFrame:
    own = {"indicator_id": TARGETS[row].indicator_id, "scope": TARGETS[row].series[0]}
    return figures(*(own | {"region": region, "year": year, "value": value,
                            "unit": TARGETS[row].unit} | changed
                     for region, values in PEERS.items()
                     for year, value in zip(YEARS, values, strict=False)))  # fmt: skip


def judged(others: pd.DataFrame, last: int = 2022, row: str = "5", day: str = "2025-06-30"):
    own = delivery(last)
    own = own[own["indicator_id"] == TARGETS[row].indicator_id]
    both = pd.concat([own, others.assign(file="others.csv")], ignore_index=True)
    one = replace(PLAN, targets=(TARGETS[row],))
    return assess(one, observations=both, as_of=day).iloc[0]


def test_what_others_did_after_the_last_value_of_the_city_enters_and_is_named():
    alone, told = judged(peers()[:0]), judged(peers())
    assert told["p_attain"] > alone["p_attain"] + 0.1
    assert {key.split("|")[1] for key in told["figures"].split("; ")} == {"WH", *PEERS}
    assert "product_sampling_pass_rate|HB|city_key_industrial|2024" in told["figures"]
    assert "至多约一半取决于全国和其他2个地区到2024年的同口径数值" in told["evidence_zh"]
    assert "about half or less of this probability rests on" in told["evidence_en"]
    assert "取决于" not in alone["evidence_zh"]


@pytest.mark.parametrize(
    ("others", "last", "row"),
    [
        (peers(scope="other_definition"), 2022, "5"),
        (peers(), 2024, "5"),  # nobody is known longer than the city
        (peers("6", value=0.1), 2022, "6"),  # rates: no gain is known below ten others
        (peers("14a"), 2022, "14a"),  # nor for counts
    ],
)
def test_others_that_say_nothing_more_change_nothing(others, last, row):
    alone, told = judged(others[:0], last, row), judged(others, last, row)
    for name in ("p_attain", "p_low", "p_high", "answer", "figures", "evidence_zh"):
        assert told[name] == alone[name]


def test_a_baseline_moved_by_others_is_an_answer_of_strength_one_and_never_very_likely():
    target = TARGETS["10"]
    rows = [{"indicator_id": target.indicator_id, "scope": target.series[0], "region": region,
             "year": year, "value": 70.0 + n + 2.5 * (year - 2020), "unit": "score"}
            for n, region in enumerate(("CN", "HB", "SH", "JS", "ZJ", "SD"))
            for year in range(2020, 2025)]  # fmt: skip
    told = judged(figures(*rows), 2020, "10")
    assert (told["answer"], told["strength"]) == ("likely", 1)
    assert told["p_attain"] > 0.9 and told["reason_code"] == "forecast_from_baseline"
    assert "基期值（2020年78" in told["reason_zh"] and "None" not in told["evidence_en"]


def test_a_region_with_the_very_same_figures_is_left_out():
    same = delivery(2024)
    same = same[same["indicator_id"] == TARGETS["5"].indicator_id].assign(region="SH")
    told = judged(pd.concat([peers()[lambda t: t["region"] != "SH"], same]))
    assert {key.split("|")[1] for key in told["figures"].split("; ")} == {"WH", "CN", "HB"}


def test_a_region_that_an_inference_names_does_not_speak_twice():
    row = assess("hubei-outline-2025").set_index("row").loc["7"]
    assert "参照地区" in row["evidence_zh"] and "取决于" not in row["evidence_zh"]


@settings(max_examples=12, deadline=None)
@given(st.dates(pd.Timestamp("2023-06-01").date(), pd.Timestamp("2025-12-31").date()), st.data())
def test_what_others_published_after_the_day_never_enters(day, data):
    late = data.draw(st.lists(st.floats(50, 99), min_size=12, max_size=12))
    known = peers()
    unknown = known["vintage"] > str(day)
    changed = known.assign(value=known["value"].where(~unknown, [round(v, 1) for v in late]))
    told, other = judged(known, day=str(day)), judged(changed, day=str(day))
    pd.testing.assert_series_equal(told, other)
    years = {key.split("|")[3] for key in told["figures"].split("; ")}
    assert max(years) <= str(day.year - 1)
