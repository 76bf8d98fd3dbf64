"""Grades of stored forecasts: what counts, what does not, and the sums by hand."""

from dataclasses import replace

import pandas as pd
import pytest

from wqa.assessment.attainment import as_frame
from wqa.history.edition_forecasts import (
    FORECAST_COLUMNS,
    GRADED_COLUMNS,
    SUMMARY_COLUMNS,
    grade_forecasts,
    grade_summary,
)
from wqa.history.editions import (
    ANSWER_COLUMNS,
    OBSERVATION_COLUMNS,
    TARGET_COLUMNS,
    EditionRecord,
    typed,
)

SERIES = {"indicator_id": "food_sampling_pass_rate", "region": "CN", "scope": "all_levels"}


def forecast_row(year, **changes):
    return {
        **SERIES, "unit": "pct", "origin": 2021, "n_points": 5, "last_value": 97.0, "year": year,
        "h": year - 2021, "median": 97.2, "lo_80": 96.8, "hi_80": 97.6, "lo_95": 96.5,
        "hi_95": 97.9, "target_id": "p.1", "comparator": ">=", "target": 97.5, "decimals": 1,
        "p_attain": 0.2, "better": ">=", "p_not_worse": 0.6, "prior_weight": 0.3,
        "evidence_class": "leans on prior", "model": "pooled", "fallback": "", **changes,
    }  # fmt: skip


def value_row(year, value, vintage, **changes):
    return {**SERIES, "year": year, "value": value, "unit": "pct", "denominator": None,
            "qualifier": "exact", "evidence": "official", "source_id": f"s{year}",
            "published": vintage, "vintage": vintage, **changes}  # fmt: skip


def answer_row(answer, p, target_id="p.1"):
    empty = dict.fromkeys(ANSWER_COLUMNS)
    texts = {c: "" for c in ANSWER_COLUMNS if c.startswith(("name", "evidence", "reason", "row"))}
    return {**empty, **texts, "target_id": target_id, "answer": answer, "p_attain": p}


def edition(year, values, forecasts=(), answers=(), as_of="", region="CN"):
    return EditionRecord(
        plan="p", region=region, edition=year, as_of=as_of or f"{year + 1}-09-30",
        target_year=2025, mode="interim", methods={}, known={},
        answers=as_frame(list(answers), ANSWER_COLUMNS), targets=typed([], TARGET_COLUMNS),
        observations=typed(values, OBSERVATION_COLUMNS),
        forecasts=typed(forecasts, FORECAST_COLUMNS),
    )  # fmt: skip


START = value_row(2021, 97.0, "2022-03-01")


def test_by_hand():
    old = edition(2021, [START], [forecast_row(2022), forecast_row(2023), forecast_row(2024)])
    new = edition(2022, [START, value_row(2022, 97.7, "2023-03-01")])
    newest = edition(2023, [START, value_row(2022, 97.7, "2023-03-01"),
                            value_row(2023, 96.4, "2024-03-01")])  # fmt: skip
    graded = grade_forecasts([newest, old, new])
    assert list(graded.columns) == list(GRADED_COLUMNS)
    assert list(graded["year"]) == [2022, 2023]  # 2024 is still open
    assert list(graded["graded_in"]) == [2022, 2023]
    assert list(graded["origin_source_id"]) == ["s2021", "s2021"]
    assert list(graded["source_id"]) == ["s2022", "s2023"]
    assert graded["error"].tolist() == pytest.approx([0.5, -0.8])
    assert list(graded["inside_80"]) == [False, False]
    assert list(graded["inside_95"]) == [True, False]
    assert list(graded["attained"]) == [True, False]
    assert list(graded["hit_attain"]) == [False, True]
    assert graded["brier_attain"].tolist() == pytest.approx([0.64, 0.04])
    assert list(graded["not_worse"]) == [True, False]
    assert graded["brier_not_worse"].tolist() == pytest.approx([0.16, 0.36])

    total = grade_summary(graded).iloc[0]
    assert (total["n_forecasts"], total["n_outcomes"], total["n_series"]) == (2, 2, 1)
    assert (total["inside_80"], total["inside_95"]) == (0.0, 50.0)
    assert (total["hit_attain"], total["hit_not_worse"]) == (50.0, 50.0)
    assert total["brier_attain"] == pytest.approx(0.34)
    assert total["brier_not_worse"] == pytest.approx(0.26)
    assert not total["is_established"]
    by_year = grade_summary(graded, ["year"])
    assert list(by_year["year"]) == [2022, 2023]
    assert list(by_year.columns) == ["year", *SUMMARY_COLUMNS]


def test_each_edition_is_graded_by_the_first_that_knows():
    values = [START, value_row(2022, 97.1, "2023-03-01")]
    revised = [START, value_row(2022, 99.0, "2024-03-01")]
    old = edition(2021, [START], [forecast_row(2022)])
    graded = grade_forecasts([old, edition(2022, values), edition(2023, revised)])
    assert graded["outcome"].tolist() == [97.1]
    assert list(graded["graded_in"]) == [2022]


@pytest.mark.parametrize(("value", "met"), [(97.46, False), (97.5, True)])
def test_what_was_published_is_graded_as_it_was_printed(value, met):
    """97.46 misses a target of 97.5: nothing that was printed is rounded again."""
    old = edition(2021, [START], [forecast_row(2022)])
    new = edition(2022, [START, value_row(2022, value, "2023-03-01")])
    assert list(grade_forecasts([old, new])["attained"]) == [met]


def test_what_was_known_already_is_no_forecast():
    old = edition(2021, [START], [forecast_row(2022)])
    early = edition(2022, [START, value_row(2022, 97.2, "2022-09-30")])
    assert grade_forecasts([old, early]).empty


def test_another_unit_is_not_compared():
    old = edition(2021, [START], [forecast_row(2022)])
    new = edition(2022, [START, value_row(2022, 0.972, "2023-03-01", unit="share")])
    assert grade_forecasts([old, new]).empty


def test_an_edition_of_the_same_day_grades_nothing():
    old = edition(2021, [START], [forecast_row(2022)], as_of="2023-09-30")
    new = edition(2022, [START, value_row(2022, 97.2, "2023-09-30")])
    assert grade_forecasts([old, new]).empty


def test_events_that_were_not_stated_are_not_graded():
    silent = forecast_row(2022, p_attain=None, target=None, target_id="", comparator="",
                          p_not_worse=None, better="")  # fmt: skip
    old = edition(2021, [START], [silent])
    new = edition(2022, [START, value_row(2022, 97.2, "2023-03-01")])
    graded = grade_forecasts([old, new])
    assert graded[["attained", "brier_attain", "not_worse", "brier_not_worse"]].isna().all().all()
    total = grade_summary(graded).iloc[0]
    assert (total["n_attain"], total["n_not_worse"]) == (0, 0)
    assert pd.isna(total["brier_attain"])
    assert total["inside_80"] == 100.0


def test_nothing_to_grade():
    graded = grade_forecasts([edition(2021, [START], [forecast_row(2022)])])
    assert list(graded.columns) == list(GRADED_COLUMNS)
    assert graded.empty
    assert grade_summary(graded, ["edition"]).empty
    assert grade_summary(graded).empty


def test_established_from_thirty_outcomes_on():
    def graded(count):
        old = edition(2021, [START], [forecast_row(2022, scope=f"s{n}") for n in range(count)])
        start = [value_row(2021, 97.0, "2022-03-01", scope=f"s{n}") for n in range(count)]
        old = replace(old, observations=typed(start, OBSERVATION_COLUMNS))
        new = edition(2022, [value_row(2022, 97.2, "2023-03-01", scope=f"s{n}")
                             for n in range(count)])  # fmt: skip
        return grade_summary(grade_forecasts([old, new])).iloc[0]

    assert not graded(29)["is_established"]
    assert graded(30)["is_established"]
