"""Rolling origins: what is seen, what is judged, and what the summaries say."""

import numpy as np
import pandas as pd
import pytest
from observation_frames import walks

from wqa.errors import ForecastError
from wqa.forecasts.backtesting import backtest, make_folds, read_figures
from wqa.forecasts.numbers import quantity_of


def panel(n=8, years=12, **size):
    return walks(n, range(2005, 2005 + years), 80, **size)


def folds(frame, horizon=1):
    return make_folds(read_figures(frame), quantity_of("percent"), horizon)


@pytest.fixture(scope="module")
def result():
    return backtest(panel(), ["pooled", "naive", "drift"], horizons=[1, 3])


def test_one_row_per_series_origin_model_and_horizon(result):
    f = result.forecasts
    assert not f.duplicated(["series_id", "origin", "model", "h"]).any()
    # 12 years, at least 3 before the origin: origins 2007..2015 for h = 1, 2007..2013 for h = 3.
    assert f.groupby(["model", "h"]).size().tolist() == [8 * 9, 8 * 7] * 3
    assert (f["year"] == f["origin"] + f["h"]).all()


def test_forecasts_are_held_against_what_came(result):
    truth, f = panel().set_index(["series_id", "year"])["value"], result.forecasts
    places = (zip(f["series_id"], f[column], strict=True) for column in ("year", "origin"))
    came, last = (truth.loc[list(place)].to_numpy() for place in places)
    assert f["actual"].to_numpy() == pytest.approx(came)
    assert f["error"].to_numpy() == pytest.approx(came - f["median"].to_numpy())
    inside = (f["actual"] >= f["lo_80"]) & (f["actual"] <= f["hi_80"])
    assert (f["in_80"].astype(bool) == inside).all()
    naive = (f["model"] == "naive").to_numpy()
    assert f["median"].to_numpy()[naive] == pytest.approx(last[naive])


def test_cases_are_the_stated_targets(result):
    c = result.cases[(result.cases["model"] == "naive") & (result.cases["step"] == 0.0)]
    # Target = last value: a random walk without drift is even.
    assert c["p_attain"].to_numpy() == pytest.approx(0.5)
    assert (c["comparator"] == ">=").all()
    f = result.forecasts
    keys = ["series_id", "origin", "model", "h"]
    both = result.cases.merge(f[[*keys, "actual"]], on=keys)
    assert (both["hit"] == (both["actual"] >= both["target"])).all()


def test_targets_beyond_the_bounds_are_left_out():
    data = panel(2).assign(value=99.9)
    data.loc[data["year"] % 2 == 0, "value"] = 99.0
    cases = backtest(data, ["naive"], horizons=[1]).cases
    assert set(cases.loc[cases["origin"] % 2 == 1, "step"]) == {-0.5, 0.0}
    assert cases["target"].max() <= 100


def vintages():
    """2019 is first published as 90, in 2021 revised to 70; 2020 follows with the revision."""
    rows = [("a", year, 71.0 + year - 2000, f"{year + 1}-03-01") for year in range(2015, 2020)]
    rows += [("a", 2019, 70.0, "2021-03-01"), ("a", 2020, 71.0, "2021-03-01")]
    rows += [("a", 2021, 72.0, "2022-03-01")]
    return pd.DataFrame(rows, columns=["series_id", "year", "value", "published"])


def test_a_fold_sees_the_version_of_its_day():
    by_origin = {f.train.origin: f for f in folds(vintages())}
    assert by_origin[2019].cutoff == "2020-03-01"
    assert by_origin[2019].train.readings[2:].tolist() == [88.0, 89.0, 90.0]
    assert by_origin[2020].train.readings[2:].tolist() == [88.0, 89.0, 70.0, 71.0]
    # Judged by the newest version.
    assert by_origin[2018].actual.tolist() == [70.0]


def test_late_publication_of_an_old_year_makes_no_new_origin():
    late = pd.DataFrame([("a", 2014, 50.0, "2021-06-01")], columns=vintages().columns)
    found = {f.train.origin: f for f in folds(pd.concat([vintages(), late]))}
    assert found[2020].cutoff == "2021-03-01"
    assert found[2020].train.years[0] == 2015


def test_keys_from_the_observation_frame():
    data = panel(1).rename(columns={"series_id": "indicator_id"})
    both = pd.concat([data.assign(region="WH", scope="a"), data.assign(region="HB", scope="a")])
    assert {f.series_id for f in folds(both)} == {"s0|WH|a", "s0|HB|a"}
    with pytest.raises(ForecastError, match="series cannot be told apart"):
        folds(panel().drop(columns="series_id"))
    with pytest.raises(ForecastError, match="a year occurs twice in one version"):
        folds(pd.concat([panel(1), panel(1)]))
    with pytest.raises(ForecastError, match="there is no past origin to judge"):
        backtest(panel(1, years=3))


def test_gaps_count_years_not_rows():
    data = panel(1)
    data = data[data["year"] != 2010]
    found = {f.train.origin: f for f in folds(data, horizon=2)}
    assert np.isnan(found[2009].actual[0])
    assert found[2009].actual[1] == data.loc[data["year"] == 2011, "value"].iloc[0]
    assert 2010 not in found


def test_summary_by_hand():
    cells = {"series_id": "a", "year": range(2010, 2016), "value": [1.0, 2, 4, 4, 7, 7]}
    data = pd.DataFrame(cells)
    row = backtest(data, ["naive"], horizons=[1], family="positive").summary().iloc[0]
    # Errors 0, 3, 0; mean changes before: 1.5, 1, 1.5.
    assert (row["n"], row["n_series"], row["n_fallback"]) == (3, 1, 0)
    assert row["mase"] == pytest.approx((0 + 3 / 1 + 0) / 3)


def test_summary_groups(result):
    table, c = result.summary(by=["model", "h"]), result.cases
    assert table["n"].sum() == len(result.forecasts)
    row = table[(table["model"] == "drift") & (table["h"] == 3)].iloc[0]
    one = c[(c["model"] == "drift") & (c["h"] == 3)]
    assert row["brier"] == pytest.approx(((one["p_attain"] - one["hit"]) ** 2).mean())
    assert row["base_rate"] == pytest.approx(one["hit"].mean())
    assert 0 <= row["calibration_error"] <= 100


def test_reliability_counts_every_case(result):
    table = result.reliability("drift")
    c = result.cases[result.cases["model"] == "drift"]
    assert table["n"].sum() == len(c)
    assert table["stated"].is_monotonic_increasing
    middle = c[c["p_attain"].between(0.4, 0.6)]
    row = table[table["stated"].between(0.4, 0.6)].iloc[0]
    assert (row["n"], row["observed"]) == (len(middle), pytest.approx(middle["hit"].mean()))
    assert ((table["lower"] <= table["observed"]) & (table["observed"] <= table["upper"])).all()


def test_a_fallback_is_recorded():
    out = backtest(panel(1), ["theta"], horizons=[1])
    assert out.forecasts["fallback"].str.contains("points, theta needs").sum() == 2
    assert out.summary()["n_fallback"].tolist() == [2]


def test_random_walks_of_usual_size_are_covered():
    out = backtest(panel(25, noise=2.5, seed=7), ["naive"], horizons=[1, 2])
    row = out.summary().iloc[0]
    assert 72 <= row["coverage_80"] <= 88
    assert 90 <= row["coverage_95"] <= 99
