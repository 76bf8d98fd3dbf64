"""Official labels: hand-worked vectors, the reference vectors of Open SDG, and causes."""

from __future__ import annotations

import importlib.util
import math
import random
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from wqa.assessment.label_rules import LABEL_METHODS, LabelInput
from wqa.assessment.labels import explain_disagreement, official_labels
from wqa.errors import DataError

GOLDEN = Path(__file__).parents[1] / "golden"


def label(frame: pd.DataFrame, method: str) -> dict:
    row = frame.set_index("method").loc[method].to_dict()
    return {key: None if not isinstance(v, str) and pd.isna(v) else v for key, v in row.items()}


@pytest.fixture(scope="module")
def products() -> pd.DataFrame:
    """7 products in 2020, 100 wanted in 2025, 30 two years in."""
    return official_labels(7, 2020, 30, 2022, 100, 2025, bounds=(0, None))


@pytest.mark.parametrize(
    ("method", "value", "code"),
    [
        # (30/7)^(1/2) - 1 = 1.0702; (100/7)^(1/5) - 1 = 0.70210; ratio 1.5243
        ("eurostat_target", 1.524319, "significant_progress"),
        ("open_sdg", 1.524319, "substantial_progress"),
        ("eurostat_trend", 1.070197, "significant_progress"),
        # 30 * 2.070197^3 = 266.171; (266.171 - 7) / 93 = 2.78679
        ("un_chart", 2.786754, "on_track"),
        # 10 * 23 / 93, held against 10 * 2 / 5 = 4
        ("escap_csi", 2.473118, "behind_schedule"),
        # (23 / 2) / (93 / 5)
        ("statdev", 0.618280, "medium_likelihood"),
        ("sdsn", 0.618280, "moderately_improving"),
        # 5 * 23 / 93 - 2
        ("time_distance", -0.763441, "behind_schedule"),
        # 23 / 93 against 2 / 5
        ("china_completion", 0.247312, "lagging"),
        # required rate 100 (1 - (100/7)^(1/5)) = -70.2 %, current -107.0 %
        ("unicef_aarr", -107.019668, "rate_sufficient"),
    ],
)
def test_famous_products_by_hand(products, method, value, code):
    row = label(products, method)
    assert row["value"] == pytest.approx(value, abs=2e-6)
    assert row["label"] == code
    assert row["reason_undefined"] == ""


def test_regression_needs_three_years(products):
    assert label(products, "escap_api")["label"] is None
    assert label(products, "escap_api")["reason_undefined"] == "too_few_points"


def test_the_path_is_named_as_the_cause(products):
    assert "等比路径" in explain_disagreement(products)
    assert "geometric path" in explain_disagreement(products, "en")


def test_falling_rate_by_hand():
    frame = official_labels(0.30, 2020, 0.24, 2022, 0.10, 2025, "lower_better", (0, None))
    # sqrt(.8) - 1 = -.105573; (1/3)^(1/5) - 1 = -.197258; ratio .535200
    assert label(frame, "eurostat_target")["value"] == pytest.approx(0.535200, abs=1e-6)
    assert label(frame, "eurostat_target")["label"] == "insufficient_progress"
    assert label(frame, "open_sdg")["label"] == "limited_progress"
    # .24 * .8^1.5 = .171730; (.171730 - .3) / -.2 = .641350
    assert label(frame, "un_chart")["value"] == pytest.approx(0.641350, abs=1e-6)
    assert label(frame, "un_chart")["label"] == "fair_progress"
    assert label(frame, "escap_csi")["value"] == pytest.approx(3.0)
    assert label(frame, "statdev")["value"] == pytest.approx(0.75)
    assert label(frame, "china_completion")["value"] == pytest.approx(0.30)
    # .30 of the way against .8 * .40 of the time
    assert label(frame, "china_completion")["label"] == "lagging"
    assert label(frame, "unicef_aarr")["value"] == pytest.approx(10.557281)
    assert label(frame, "unicef_aarr")["label"] == "rate_too_slow"


def test_on_schedule_is_exact_and_not_ahead():
    frame = official_labels(98, 2020, 98.2, 2022, 98.5, 2025, bounds=(0, 100))
    assert label(frame, "china_completion")["label"] == "roughly_on_time"
    assert label(frame, "time_distance")["value"] == 0
    assert label(frame, "statdev")["value"] == 1.0
    assert label(frame, "escap_csi")["label"] == "on_schedule"


def test_weighted_regression_by_hand():
    # Equal weights on an exact exponential: 10, 20, 40 -> 320 at 2025; gap (80 - 320) / 70
    series = {2020: 10.0, 2021: 20.0, 2022: 40.0}
    frame = official_labels(10, 2020, 40, 2022, 80, 2025, series=series, weight=lambda age: 1.0)
    assert label(frame, "escap_api")["value"] == pytest.approx(-240 / 70)
    assert label(frame, "escap_api")["label"] == "maintain"
    flat = official_labels(
        10, 2020, 10, 2022, 80, 2025, series=dict.fromkeys(range(2018, 2023), 10.0)
    )
    assert label(flat, "escap_api")["value"] == pytest.approx(1.0)
    assert label(flat, "escap_api")["label"] == "accelerate"


def test_recent_window_of_the_arrows():
    # 2017 to 2022 rises by 0.5 a year, 2 a year are needed
    series = {2012: 90.0, 2017: 80.0, 2020: 80.0, 2022: 82.5}
    frame = official_labels(80, 2020, 82.5, 2022, 90, 2025, series=series, bounds=(0, 100))
    assert label(frame, "sdsn")["value"] == pytest.approx(0.25)
    assert label(frame, "sdsn")["label"] == "stagnating"
    assert label(frame, "statdev")["value"] == pytest.approx(0.625)


@pytest.mark.parametrize("kind", ["gap", "monotone"])
def test_value_beyond_the_target(kind):
    frame = official_labels(7, 2020, 110, 2023, 100, 2025, kind=kind)
    assert label(frame, "eurostat_target")["label"] == "target_met"
    assert label(frame, "open_sdg")["label"] == "target_achieved"
    assert label(frame, "un_chart")["label"] == "target_met"
    assert label(frame, "escap_csi")["value"] == 10
    assert label(frame, "china_completion")["label"] == "done_early"
    assert "一致" in explain_disagreement(frame)


HARD = {
    "bound": ((100, 2020, 100, 2022, 100, 2025), "baseline_at_target"),
    "plan_sum": ((17, 2020, 4, 2021, 20, 2025), "plan_sum_target"),
    "compound": ((78, 2020, 79, 2022, 80, 2025), "compound_target"),
    "relative": ((78, 2020, 79, 2022, 80, 2025), "relative_target"),
}


@pytest.mark.parametrize("kind", HARD)
@pytest.mark.parametrize(
    "method",
    ["eurostat_target", "un_chart", "escap_csi", "escap_api", "sdsn", "unicef_aarr", "statdev"],
)
def test_hard_cases_are_undefined_with_a_reason(kind, method):
    numbers, reason = HARD[kind]
    row = label(official_labels(*numbers, kind=kind), method)
    assert row["label"] is None
    assert row["value"] is None
    assert row["reason_undefined"] == reason
    assert row["reason_zh"] and row["reason_en"]


def test_a_sum_has_a_completion_rate_and_nothing_else():
    frame = official_labels(17, 2020, 15, 2022, 20, 2025, kind="plan_sum")
    assert label(frame, "china_completion")["value"] == pytest.approx(0.75)
    assert label(frame, "china_completion")["label"] == "ahead_of_time"
    assert frame["label"].notna().sum() == 1
    assert "只有一种方法" in explain_disagreement(frame)


@pytest.mark.parametrize("method", ["escap_csi", "escap_api", "unicef_aarr", "statdev",
                                    "time_distance", "china_completion"])  # fmt: skip
def test_a_floor_below_the_baseline_never_rewards_a_fall(method):
    frame = official_labels(99, 2020, 98.8, 2022, 98.5, 2025, bounds=(0, 100), kind="hold")
    assert label(frame, method)["label"] is None
    assert label(frame, method)["reason_undefined"] == "target_behind_baseline"


def test_a_breached_floor_reads_as_deterioration():
    met = official_labels(99, 2020, 98.9, 2022, 98.5, 2025, kind="hold")
    assert label(met, "eurostat_target")["label"] == "target_met"
    breached = official_labels(99, 2020, 98.4, 2022, 98.5, 2025, kind="hold")
    # (98.4/99)^(1/2) - 1 = -.0030349; (98.5/99)^(1/5) - 1 = -.0010121
    assert label(breached, "open_sdg")["value"] == pytest.approx(-2.9985, abs=1e-3)
    assert label(breached, "open_sdg")["label"] == "deterioration"
    assert label(breached, "eurostat_target")["label"] == "movement_away"
    assert label(breached, "un_chart")["label"] is None


def test_yearly_floors_are_read_from_the_newest_year_only():
    frame = official_labels(58, 2020, 60, 2021, 55, 2025, kind="every_year")
    assert label(frame, "un_chart")["label"] == "target_met"
    assert "最新一年" in label(frame, "un_chart")["note_zh"]
    assert label(frame, "statdev")["reason_undefined"] == "every_year_target"


def test_within_one_point_of_a_hundred_counts_as_met_by_the_un_chart():
    frame = official_labels(99, 2020, 99.1, 2024, 100, 2025, bounds=(0, 100))
    assert label(frame, "un_chart")["label"] == "target_met"
    assert label(frame, "eurostat_target")["label"] == "insufficient_progress"
    assert "达标" in explain_disagreement(frame)


def test_no_baseline_leaves_nothing():
    frame = official_labels(None, 2020, 82, 2023, 80, 2025)
    assert frame["label"].isna().all()
    assert set(frame["reason_undefined"]) == {"no_baseline"}
    assert "没有可用的基期值" in explain_disagreement(frame)


def test_baseline_zero():
    frame = official_labels(0, 2020, 4, 2022, 10, 2025)
    assert label(frame, "eurostat_target")["reason_undefined"] == "growth_undefined"
    assert label(frame, "open_sdg")["note_en"].startswith("a zero was replaced")
    assert label(frame, "statdev")["value"] == 1.0
    assert label(frame, "unicef_aarr")["reason_undefined"] == "not_positive"


def test_methods_without_a_target():
    frame = official_labels(90, 2015, 95, 2020, None, 2025, bounds=(0, 100), limit=100)
    # (95/90)^(1/5) - 1 = .010872; factor 1 - .9^4.44 = .37361; .015 * .37361 = .005604
    row = label(frame, "open_sdg_trend")
    assert row["value"] == pytest.approx(0.010872, abs=1e-6)
    assert row["label"] == "substantial_progress"
    assert label(frame, "eurostat_trend")["label"] == "significant_progress"
    assert label(frame, "un_chart_trend")["label"] == "fair_progress"
    assert label(frame, "eurostat_target")["reason_undefined"] == "no_target"
    held = official_labels(100, 2015, 100, 2020, None, 2025, limit=100)
    assert label(held, "open_sdg_trend")["label"] == "substantial_progress"


def test_cut_points_are_parameters_and_marked_when_unconfirmed():
    strict = official_labels(
        98, 2020, 98.2, 2022, 98.5, 2025, thresholds={"statdev": {"high": 1.0}}
    )
    assert label(strict, "statdev")["label"] == "medium_likelihood"
    unconfirmed = set(strict.loc[~strict["confirmed"], "method"])
    assert unconfirmed == {
        "eurostat_target", "eurostat_trend", "escap_api", "sdsn", "china_completion",
    }  # fmt: skip
    assert strict["source"].str.len().min() > 10


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"direction": "up"}, "unknown direction"),
        ({"kind": "goal"}, "unknown kind"),
        ({"comparator": "≥"}, "unknown comparator"),
        ({"value": "98.2%"}, "not a finite number"),
        ({"year": 2019}, "older than the baseline"),
        ({"thresholds": {"oecd": {}}}, "unknown method"),
        ({"thresholds": {"sdsn": {"top": 1}}}, "unknown cut point of sdsn"),
    ],
)
def test_wrong_input_is_an_error(change, message):
    given = {"baseline": 98, "base_year": 2020, "value": 98.2, "year": 2022}
    given |= {"target": 98.5, "target_year": 2025}
    with pytest.raises(DataError, match=message):
        official_labels(**{**given, **change})


def test_unknown_language():
    with pytest.raises(DataError, match="unknown language"):
        explain_disagreement(official_labels(1, 2020, 2, 2021, 3, 2025), "fr")


def agrees(case: dict, status: str, progress: float | None) -> str:
    """Empty when our Open SDG rule answers as the reference did, else the difference."""
    target = math.nan if case["target"] is None else case["target"]
    method = "open_sdg_trend" if math.isnan(target) else "open_sdg"
    result = LABEL_METHODS[method].label(
        LabelInput(
            *(case["base"], case["value"], target),
            elapsed=case["year"] - case["base_year"],
            length=case["target_year"] - case["base_year"],
            sign=1 if case["positive"] else -1,
            comparator=">=" if case["positive"] else "<=",
            limit=case["limit"],
        ),
        {},
    )
    finite = progress is not None and math.isfinite(progress)
    if (target or 0.001) * (case["base"] or 0.001) < 0:
        # The reference takes the modulus of a complex growth rate; that is no answer.
        finite, status = False, status if status == "target_achieved" else "not_available"
    wanted = None if status == "not_available" else status
    if result.label != wanted:
        return f"{case}: {result.label} instead of {wanted}"
    if finite and result.value != pytest.approx(progress, rel=1e-9, abs=1e-12):
        return f"{case}: {result.value} instead of {progress}"
    return "" if finite or result.reason else f"{case}: no reason given"


def test_open_sdg_equals_the_reference_vectors():
    table = pd.read_csv(GOLDEN / "open_sdg.csv")
    assert len(table) == 1500
    wrong = []
    for row in table.itertuples(index=False):
        case = row._asdict()
        case["limit"] = _or_none(case["limit"])
        wrong.append(agrees(case, case.pop("status"), _or_none(case.pop("progress"))))
    assert [w for w in wrong if w] == []


def _or_none(value: float) -> float | None:
    return None if pd.isna(value) else value


def reference_is_installed() -> bool:
    """Whether `sdg` is sdg-build; the package index has another project of that name."""
    found = importlib.util.find_spec("sdg")
    places = found.submodule_search_locations if found else None
    return any((Path(place) / "ProgressMeasure.py").exists() for place in places or ())


if reference_is_installed():

    def test_open_sdg_equals_the_installed_reference_on_random_inputs():
        spec = importlib.util.spec_from_file_location("vectors", GOLDEN / "open_sdg_vectors.py")
        vectors = importlib.util.module_from_spec(spec)
        sys.modules["vectors"] = vectors
        spec.loader.exec_module(vectors)
        rng = random.Random(7)
        wrong = []
        for _ in range(10_000):
            case = vectors.random_case(rng)
            with np.errstate(divide="ignore", invalid="ignore"):  # the reference divides by zero
                status, progress = vectors.reference(case)
            wrong.append(agrees(case, status, progress))
        assert [w for w in wrong if w] == []


def test_a_series_that_misses_the_recent_years_has_no_arrow():
    frame = official_labels(7, 2020, 30, 2022, 100, 2025, series={2010: 3.0})
    assert label(frame, "sdsn")["reason_undefined"] == "one_point_only"


def test_every_method_is_in_the_frame_once():
    frame = official_labels(98, 2020, 98.2, 2022, 98.5, 2025)
    assert frame["method"].tolist() == list(LABEL_METHODS)
