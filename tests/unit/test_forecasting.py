"""The public face: what is taken and refused, the result, rounding, many series at once."""

import numpy as np
import pandas as pd
import pytest
from observation_frames import walks

from wqa.errors import ForecastError, WqaError
from wqa.forecasts.forecasting import MODELS, forecast, forecast_many

VALUES = [97.0, 97.4, 97.2, 97.9, 98.1, 98.0]
YEARS = list(range(2015, 2021))


def test_frame_has_the_agreed_columns():
    f = forecast(VALUES, YEARS, target_year=2025)
    assert list(f.frame.columns) == [
        "model", "origin", "year", "h", "median", "lo_80", "hi_80", "lo_95", "hi_95",
        "fallback", "n_points", "prior_weight",
    ]  # fmt: skip
    assert f.frame["year"].tolist() == [2021, 2022, 2023, 2024, 2025]
    first = f.frame.iloc[0]
    assert first[["model", "origin", "n_points", "fallback"]].tolist() == ["pooled", 2020, 6, ""]
    assert 0 < f.prior_weight < 1
    assert forecast(VALUES).years.tolist() == [7, 8, 9, 10, 11]


@pytest.mark.parametrize("model", MODELS)
def test_every_model_answers_in_order_and_within_bounds(model):
    f = forecast(VALUES, YEARS, model=model, horizon=3)
    cols = f.frame[["lo_95", "lo_80", "median", "hi_80", "hi_95"]].to_numpy()
    assert (np.diff(cols, axis=1) >= 0).all()
    assert cols.min() >= 0
    assert cols.max() <= 100
    assert f.cdf(f.quantile(0.3)) == pytest.approx(0.3, abs=1e-6)
    given = pd.Series(VALUES, index=YEARS)
    assert forecast(given, model=model, horizon=3).frame.equals(f.frame)


def test_questions_take_one_year_several_or_all():
    f = forecast(VALUES, YEARS, target_year=2025)
    assert f.quantile(0.5) == f.quantile(0.5, 2025) == f.frame["median"].iloc[-1]
    every = f.quantile(0.5, "all")
    assert every.index.tolist() == f.years.tolist()
    assert every.to_numpy() == pytest.approx(f.frame["median"].to_numpy())
    some = f.p_attain(98.5, year=[2022, 2024], decimals=1)
    assert some.to_dict() == {y: f.p_attain(98.5, year=y, decimals=1) for y in (2022, 2024)}
    assert f.cdf(98.5, "all").is_monotonic_decreasing
    for bad in (2020, 2026, [2021, 2031], "none"):
        with pytest.raises(ForecastError, match=r"not a forecast year|not a whole number"):
            f.p_attain(98.0, year=bad)


@pytest.mark.parametrize("model", MODELS)
def test_left_out_year_and_nan_are_the_same(model):
    nan = forecast([97.0, np.nan, 97.2, 97.9, 98.1, 98.0, None], [*YEARS, 2021], model=model)
    gap = forecast([97.0, 97.2, 97.9, 98.1, 98.0], [2015, 2017, 2018, 2019, 2020], model=model)
    assert nan.frame.equals(gap.frame)
    assert (nan.series.n_points, nan.series.origin) == (5, 2020)


# ------------------------------------------------------------------- units, priors


def test_shares_given_as_percent_are_noted_and_refused_beside_a_target():
    f = forecast([0.972, 0.979, 0.981])
    assert f.notes == ("all values are at most 1.5: if they are shares, multiply them by 100",)
    assert f.p_attain(1.2) < 0.5  # true percentages below 1.5 exist
    with pytest.raises(ForecastError, match=r"another unit than the values; got \(98.5, 0.981\)"):
        f.p_attain(98.5)
    with pytest.raises(ForecastError, match="Multiply the smaller by 100"):
        forecast([97.2, 97.9]).p_attain(0.985)
    with pytest.raises(ForecastError, match="Multiply the smaller by 10000"):
        forecast([0.12, 0.1], family="rate").p_attain(1e-5, "<")
    # A rise to a hundred times the start in many steps is no slip, nor is one wild year.
    assert forecast([0.5, 2.0, 9.0, 30.0, 55.0]).notes == ()
    assert forecast([3.0, 2.0, 90.0, 1.0, 2.0]).notes == ()


def test_a_score_does_not_fall_after_five_rises():
    """Was: median 79.47 in the next year, probability .42 of 80 in 2025."""
    f = forecast([78, 78.5, 79, 79.6, 80.1], range(2016, 2021), family="score", target_year=2025)
    assert (f.quantile(0.5, "all") > 80.1).all()
    assert f.p_attain(80, decimals=1) == pytest.approx(0.775, abs=0.01)
    percent = forecast([78, 78.5, 79, 79.6, 80.1], target_year=10)
    assert f.p_attain(80, decimals=1) == pytest.approx(percent.p_attain(80, decimals=1), abs=0.03)
    steep = forecast([60, 64, 67, 72, 75], family="score")
    assert (steep.quantile(0.5, "all") > 75).all()
    # A wavering series still returns to its middle, and a fall mirrors a rise.
    assert forecast([78, 82, 77, 81, 79], family="score").quantile(0.5) > 79.2
    fall = forecast([22, 21.5, 21, 20.4, 19.9], family="score")
    assert fall.quantile(0.5) == pytest.approx(100 - f.quantile(0.5), abs=1e-4)


def test_counts_are_centred_on_the_newest_value_and_called_stated():
    one = forecast([79], family="count", horizon=5)  # the prior of rates said 70 (79 x .886)
    assert one.quantile(0.5, "all").to_numpy() == pytest.approx(np.full(5, 79.0))
    assert one.quantile(0.9) > 1.5 * 79
    assert one.quantile(0.1) < 79 / 1.5
    many = forecast([40, 43, 47, 50, 54, 57, 61], family="count")
    assert many.quantile(0.5) > 61
    assert many.evidence_class == "leans_on_prior"


def test_long_series_are_cut_to_the_newest_200_years():
    long = 50 + np.sin(np.arange(835.0))
    f = forecast(long, range(1180, 2015), horizon=2)
    assert f.notes == ("cut to the newest 200 of 835 years",)
    newest = forecast(long[-200:], range(1815, 2015), horizon=2)
    assert f.frame["hi_95"].equals(newest.frame["hi_95"])
    frame = pd.DataFrame({"series_id": "a", "year": range(835), "value": long})
    both = pd.concat([frame, frame.assign(series_id="b")[-9:]])
    out = forecast_many(both, horizon=2).groupby("series_id")["notes"].first()
    assert out.to_dict() == {"a": "cut to the newest 200 of 835 years", "b": ""}


# ------------------------------------------------------------------------- what was printed


def test_probabilities_are_those_of_the_goal():
    f = forecast(VALUES, YEARS)
    assert f.p_attain(98.5, decimals=1) == pytest.approx(1 - f.cdf(98.45))
    assert f.p_attain(98.5, "==", decimals=0) == 0.0
    parts = [f.p_attain(98.5, c, decimals=1) for c in ("<", "==", ">")]
    assert sum(parts) == pytest.approx(1.0)
    assert f.p_attain(98.5) < f.p_attain(98.5, decimals=1)
    with pytest.raises(WqaError, match="unknown comparator; got '≥'"):
        f.p_attain(98.0, "≥")


@pytest.mark.parametrize("model", ["pooled", "drift"])
def test_paths_agree_with_the_marginals(model):
    f = forecast(VALUES, YEARS, model=model, horizon=3)
    paths = f.sample(20_000, seed=5)
    assert paths.shape == (20_000, 3)
    for x in (96.0, 98.0, 99.0):
        assert (paths[:, 2] <= x).mean() == pytest.approx(f.cdf(x), abs=0.015)
    assert np.array_equal(paths, f.sample(20_000, seed=5))
    assert np.corrcoef(paths[:, 1:].T)[0, 1] > 0.5


# ---------------------------------------------------------------------------- known samples


def test_planned_samples_matter():
    def of(sizes, model="pooled"):
        return forecast(VALUES, YEARS, denominators=sizes, model=model, horizon=1)

    few, many = (of([1000] * 5 + [last]) for last in (100, 20_000))
    some, blind = of([None, 500, None, 800, 1000, None]), of([100] * 6, "naive")
    width = [f.quantile(0.9) - f.quantile(0.1) for f in (few, many)]
    assert width[0] > width[1]
    # With 100 samples only whole percentages can be read.
    assert few.quantile(0.3) == pytest.approx(round(few.quantile(0.3)))
    assert some.notes == ("the planned number of samples is taken as the last known one, 1000",)
    assert blind.notes[0] == "naive does not know how the number of samples widens a spread"


# ------------------------------------------------------------------------------ many series


def panel(n=12, seed=0):
    return walks(n, range(2008, 2020), 90, noise=0.8, seed=seed)


def test_comparable_series_sharpen_the_prior():
    calm = panel(12, seed=1)
    calm["value"] = 97.0 + 0.02 * (calm["value"] - 90.0)
    alone = forecast([97.0, 97.1], [2018, 2019])
    told = forecast([97.0, 97.1], [2018, 2019], panel=calm)
    assert told.notes[0] == "prior sharpened by 12 comparable series"
    assert "later movement of others is not used" in told.notes[1]
    width = [f.quantile(0.9) - f.quantile(0.1) for f in (alone, told)]
    assert width[1] < 0.8 * width[0]
    few = forecast(VALUES, YEARS, panel=panel(2))
    assert few.notes[0] == "prior sharpened by 0 comparable series"
    assert few.frame.equals(forecast(VALUES, YEARS).frame)
    score = forecast(VALUES, YEARS, family="score", panel=panel())
    assert score.notes[0] == "the panel is not used: no gain is known for pooled, score"


@pytest.mark.parametrize("model", ["pooled", "drift"])
def test_many_equal_one_by_one(model):
    data = panel(3)
    data = data[~((data["series_id"] == "s1") & (data["year"] > 2015))]
    data = data[~((data["series_id"] == "s2") & (data["year"] < 2012))]
    out = forecast_many(data, target_year=2022, model=model)
    columns = ["year", "median", "lo_80", "hi_95"]
    for name, rows in data.groupby("series_id"):
        given = rows["value"].to_numpy(), rows["year"].to_numpy()
        one = forecast(*given, target_year=2022, model=model)
        part = out[out["series_id"] == name]
        assert part[columns].to_numpy() == pytest.approx(one.frame[columns].to_numpy(), abs=1e-6)


def test_many_answer_the_others_and_name_what_they_refuse():
    good, twice = panel(1), panel(1).assign(series_id="twice")
    old = panel(1).assign(series_id="old", year=range(2016, 2028))
    data = pd.concat([good, twice, twice[:1], old])
    out = forecast_many(data, target_year=2025)
    refused = out[out["fallback"] != ""].set_index("series_id")["fallback"]
    assert refused.str.startswith("refused: ").all()
    assert refused["twice"].startswith("refused: series twice: a year occurs twice; got 2008")
    assert "not after the last observed year" in refused["old"]
    alone = forecast_many(good, target_year=2025)
    assert out["median"].dropna().tolist() == alone["median"].tolist()
    with pytest.raises(ForecastError, match="series twice: a year occurs twice"):
        forecast_many(pd.concat([twice, twice]))


def test_many_need_names():
    with pytest.raises(ForecastError, match="series cannot be told apart"):
        forecast_many(panel(1).drop(columns="series_id"))


def test_a_frame_of_one_series_goes_straight_in():
    plain = pd.DataFrame({"year": YEARS[::-1], "value": VALUES[::-1]})
    assert forecast(plain).frame.equals(forecast(VALUES, YEARS).frame)
    named = plain.assign(indicator_id="public_service_satisfaction", region="WH", scope="total")
    assert forecast(named).kind.family == "score"
    assert forecast(named, family="percent").kind.family == "percent"
    both = pd.concat([named, named.assign(region="HB")])
    with pytest.raises(ForecastError, match=r"several series; got \[.*HB"):
        forecast(both)
    with pytest.raises(ForecastError, match="a year occurs twice; got 2015"):
        forecast(pd.concat([named, named[-1:]]))
    with pytest.raises(ForecastError, match="not in the catalogue; got 'weather'"):
        forecast(named.assign(indicator_id="weather"))


def test_frames_of_the_loaders_go_straight_in():
    import wqa

    frame = wqa.load_observations("special_equipment_stock", "CN", annual=True)
    f = forecast(frame[frame["scope"] == frame["scope"].iloc[0]], horizon=2)
    assert f.kind.family == "count"
    assert f.series.n_points > 3
