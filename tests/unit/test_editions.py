"""Records of editions: rebuilt as of a day to the byte, without a figure published later."""

import hashlib
import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from wqa.assessment.likelihood import Question
from wqa.catalog.catalog import load_indicators, load_plan
from wqa.data.loading import load_observations
from wqa.errors import DataError
from wqa.history.edition_forecasts import FORECAST_COLUMNS, MAX_AGE, edition_forecasts
from wqa.history.editions import (
    SHARED,
    edition_date,
    edition_record,
    methods,
    newest_retrieval,
    read_edition,
    shared_record,
    write_edition,
)

PLAN = "wuhan-14fyp"
LATER = """indicator,region,period,value,unit,scope,source_date,note
food_sampling_pass_rate,CN,2022,99.9,%,all_levels,2025-03-01,revised
food_sampling_pass_rate,CN,2023,95.3,%,all_levels,2024-06-01,
product_sampling_pass_rate,CN,2022,98.8,%,all_levels,2023-10-01,one day too late
"""


@pytest.fixture(scope="module")
def record():
    return edition_record(PLAN, edition=2022, as_of="2023-09-30")


@pytest.fixture(scope="module")
def nation():
    """The same for a region with few targets that can be judged, which is quicker."""
    return edition_record(PLAN, "CN", 2022, "2023-09-30")


@pytest.fixture
def copy(root, tmp_path):
    """A project with the raw data of this one."""
    shutil.copytree(root / "data" / "raw", tmp_path / "data" / "raw")
    (tmp_path / "notebooks").mkdir()
    return tmp_path


def deliver(project, text, *, retrieved="2027-01-15"):
    folder = project / "data" / "raw" / "later_delivery"
    folder.mkdir(exist_ok=True)
    (folder / "figures.csv").write_text(text, encoding="utf-8")
    digest = hashlib.sha256(text.encode()).hexdigest()
    (folder / "source.yml").write_text(
        "kind: observations\ntitle: later figures\npublisher: office\npublished: 2025-03-01\n"
        f"retrieved: {retrieved}\nevidence: official\nlicence: none\n"
        f"files:\n  figures.csv: {digest}\n",
        encoding="utf-8",
    )


def test_what_became_known_later_changes_no_byte(nation, copy):
    deliver(copy, LATER)
    known = load_observations(root=copy)
    assert (known["source_id"] == "folder-later_delivery").sum() == 3
    again = edition_record(PLAN, "CN", 2022, "2023-09-30", root=copy)
    assert again.to_json() == nation.to_json()
    assert again.forecasts_csv == nation.forecasts_csv
    # On the day on which the next figure came out the record is another one.
    next_day = edition_record(PLAN, "CN", 2022, "2023-10-01", root=copy)
    assert next_day.known["figures"] == nation.known["figures"] + 1
    assert 98.8 in set(next_day.observations["value"])
    assert next_day.forecasts_csv != nation.forecasts_csv


def test_a_file_touched_elsewhere_keeps_the_record(nation, copy):
    """Rows that move within a file, and other folders, are no part of what was known."""
    path = copy / "data" / "raw" / "published_figures" / "observations.csv"
    head, *rows = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join([head, *reversed(rows)]) + "\n", encoding="utf-8")
    source = path.with_name("source.yml")
    text = source.read_text(encoding="utf-8")
    old = next(line.split()[-1] for line in text.splitlines() if "observations.csv:" in line)
    new = hashlib.sha256(path.read_bytes()).hexdigest()
    source.write_text(text.replace(old, new), encoding="utf-8")
    again = edition_record(PLAN, "CN", 2022, "2023-09-30", root=copy)
    assert again.to_json() == nation.to_json()


@pytest.mark.parametrize("as_of", ["2021-09-30", "2022-09-30", "2023-09-30", "2024-09-30"])
def test_no_figure_enters_before_it_was_published(as_of):
    frame = load_observations(as_of=as_of)
    assert len(frame)
    assert (frame["published"] <= as_of).all()
    assert (frame["vintage"] <= as_of).all()


def test_record_holds_no_later_figure_and_no_later_year(record):
    assert (record.observations["vintage"] <= record.as_of).all()
    assert (record.observations["published"] <= record.as_of).all()
    assert (record.observations["year"] <= 2022).all()
    assert record.known["newest_vintage"] <= record.as_of
    seen = record.observations.groupby(["indicator_id", "region", "scope"])["year"].max()
    forecasts = record.forecasts.set_index(["indicator_id", "region", "scope"])
    assert (forecasts["origin"] == seen.reindex(forecasts.index)).all()
    assert (forecasts["year"] > forecasts["origin"]).all()


def test_a_vintage_before_publication_does_not_open_the_past(nation, copy):
    deliver(
        copy,
        "indicator,region,period,value,unit,scope,vintage,source_title,source_publisher,"
        "source_date\nfood_sampling_pass_rate,CN,2021,97.5,%,all_levels,2022-01-01,Later,Office,"
        "2024-05-01\n",
    )
    asked = {"indicator": "food_sampling_pass_rate", "region": "CN", "years": 2021, "root": copy}
    assert 97.5 not in set(load_observations(**asked, as_of="2023-09-30")["value"])
    assert 97.5 in set(load_observations(**asked, as_of="2024-05-01")["value"])
    again = edition_record(PLAN, "CN", 2022, "2023-09-30", root=copy)
    assert again.to_json() == nation.to_json()


def test_record_is_shared_within_a_build(nation, tmp_path, monkeypatch):
    plan = load_plan(PLAN)
    asked = {"target_year": nation.target_year, "seed": 0}
    key = plan, "CN", 2022, "2023-09-30"
    made = shared_record(*key, **asked, folder=tmp_path)
    assert made.to_json() == nation.to_json()
    monkeypatch.setenv(SHARED, str(tmp_path))
    monkeypatch.setattr("wqa.history.editions.edition_record", None)
    assert shared_record(*key, **asked).to_json() == nation.to_json()
    with pytest.raises(TypeError):
        shared_record(*key, **{**asked, "seed": 1})
    assert [path.name for path in tmp_path.iterdir()] == [f"{PLAN}-CN-2022-2023-09-30-2025-0"]


def test_written_and_read_without_loss(record, tmp_path):
    paths = write_edition(record, tmp_path)
    again = read_edition(tmp_path)
    assert again.to_json() == record.to_json() == paths[0].read_text(encoding="utf-8")
    for name in ("answers", "targets", "observations", "forecasts"):
        pd.testing.assert_frame_equal(getattr(again, name), getattr(record, name))
    data = json.loads(record.to_json())
    assert data["forecasts"]["sha256"] == hashlib.sha256(paths[1].read_bytes()).hexdigest()
    assert data["forecasts"]["rows"] == len(record.forecasts) > 100


def test_changed_forecasts_are_noticed(record, tmp_path):
    _, path = write_edition(record, tmp_path)
    path.write_text(path.read_text(encoding="utf-8").replace("0.5", "0.6", 1), encoding="utf-8")
    with pytest.raises(DataError, match="changed after the edition was made"):
        read_edition(tmp_path)


def test_folder_without_record(tmp_path):
    with pytest.raises(DataError, match=r"no record of an edition.*edition\.json"):
        read_edition(tmp_path)


def test_broken_record(record, tmp_path):
    path, _ = write_edition(record, tmp_path)
    path.write_text(path.read_text(encoding="utf-8")[:-40], encoding="utf-8")
    with pytest.raises(DataError, match="broken"):
        read_edition(tmp_path)


def test_same_bytes_in_another_process(nation):
    code = (
        "from wqa.history.editions import edition_record as e; import sys;"
        f"r = e({PLAN!r}, 'CN', 2022, '2023-09-30');"
        "sys.stdout.write(r.forecasts_csv + r.known['sha256'])"
    )
    said = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONHASHSEED": "7", "TZ": "Asia/Shanghai"},
    ).stdout  # fmt: skip
    assert said == nation.forecasts_csv + nation.known["sha256"]


def test_record_names_methods_and_targets(record):
    plan = load_plan(PLAN)
    assert (record.plan, record.region, record.edition) == (PLAN, "WH", 2022)
    assert record.mode == "interim"
    assert record.methods == methods()
    assert list(record.targets["target_id"]) == [t.id for t in plan.targets]
    assert list(record.answers["target_id"]) == [t.id for t in plan.targets]


def test_forecasts_cover_every_series_of_city_province_and_nation(record):
    assert list(record.forecasts.columns) == list(FORECAST_COLUMNS)
    series = ["indicator_id", "region", "scope"]
    newest = record.observations.groupby(series)["year"].max()
    living = newest[newest >= 2022 - MAX_AGE]
    assert len(newest) > len(living) > 50
    assert set(record.forecasts.set_index(series).index) == set(living.index)
    assert set(record.forecasts["region"]) == {"CN", "HB", "WH"}
    assert record.forecasts["year"].max() == load_plan(PLAN).end_year
    ordered = record.forecasts[["lo_95", "lo_80", "median", "hi_80", "hi_95"]].to_numpy()
    assert (np.diff(ordered, axis=1) >= 0).all()
    for name in ("p_attain", "p_not_worse"):
        stated = record.forecasts[name].dropna()
        assert len(stated)
        assert stated.between(0, 1).all()


def test_forecast_is_the_one_of_the_library(record):
    row = record.forecasts.query(
        "indicator_id == 'food_sampling_pass_rate' and region == 'CN' "
        "and scope == 'all_levels' and year == 2024"
    ).iloc[0]
    rows = record.observations.query(
        "indicator_id == 'food_sampling_pass_rate' and region == 'CN' and scope == 'all_levels'"
    )
    values = dict(zip(rows["year"], rows["value"], strict=True))
    target = load_plan(PLAN).targets[0]
    made = Question(target, load_indicators()["food_sampling_pass_rate"], 2024).fit(values, 2024)
    assert row["median"] == pytest.approx(made.quantile(0.5), rel=1e-5)
    assert row["lo_80"] == pytest.approx(made.quantile(0.1), rel=1e-5)
    said = made.p_attain(row["last_value"], ">=", 2024, int(row["decimals"]))
    assert row["p_not_worse"] == pytest.approx(said, abs=1e-5)


def test_sampled_series_of_a_target_is_forecast_as_the_answer_does():
    plan = load_plan(PLAN)
    target = next(t for t in plan.targets if t.id == "wuhan-14fyp.5")
    rows = [
        {"indicator_id": target.indicator_id, "region": "WH", "scope": target.series[0],
         "year": 2019 + n, "value": value, "unit": "pct", "denominator": 800.0}
        for n, value in enumerate((91.0, 91.5, 92.0, 92.4))
    ]  # fmt: skip
    made = edition_forecasts(pd.DataFrame(rows), plan, 2022, load_indicators())
    question = Question(target, load_indicators()[target.indicator_id], 2025)
    values = {r["year"]: r["value"] for r in rows}
    whole = question.fit(values, 2025, dict.fromkeys(values, (float("nan"), 800.0)))
    assert list(made["year"]) == [2023, 2024, 2025]
    last = made.iloc[-1]
    assert last["target_id"] == target.id
    assert last["p_attain"] == pytest.approx(whole.p_attain(93.2, ">=", 2025, 1), abs=1e-6)


def test_series_at_the_last_year_and_of_an_unknown_indicator_have_no_forecast():
    rows = pd.DataFrame(
        [("food_sampling_pass_rate", "CN", "all_levels", 2026, 97.0, "pct", np.nan),
         ("no_such_indicator", "CN", "all_levels", 2024, 97.0, "pct", np.nan)],
        columns=["indicator_id", "region", "scope", "year", "value", "unit", "denominator"],
    )  # fmt: skip
    assert edition_forecasts(rows, load_plan(PLAN), 2025, load_indicators()).empty


def test_dates_of_editions(copy):
    assert newest_retrieval(copy) == "2026-11-28"
    assert edition_date(2021, copy) == "2022-09-30"
    assert edition_date(2024, copy) == "2025-09-30"
    assert edition_date(2025, copy) == "2026-11-28"
    deliver(copy, LATER, retrieved="2027-04-01")
    assert edition_date(2025, copy) == "2026-09-30"
    assert edition_date(2026, copy) == "2027-04-01"


def test_no_delivery_has_a_date(tmp_path):
    (tmp_path / "data" / "raw").mkdir(parents=True)
    (tmp_path / "notebooks").mkdir()
    with pytest.raises(DataError, match="retrieved"):
        newest_retrieval(tmp_path)
