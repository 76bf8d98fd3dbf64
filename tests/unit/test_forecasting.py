"""The public face: inputs, bad inputs, the result, rounding, batches, joint probabilities."""

import subprocess
import sys
import warnings

import numpy as np
import pandas as pd
import pytest

from wqa.errors import ForecastError
from wqa.forecasts.forecasting import FAMILIES, MODELS, forecast, forecast_many
from wqa.forecasts.joint import p_compound, p_difference, p_hold, p_plan_sum
from wqa.forecasts.probabilities import round_half_up, rounding_limits

VALUES = [97.0, 97.4, 97.2, 97.9, 98.1, 98.0]
YEARS = list(range(2015, 2021))
VALUE_MODELS = [m for m in MODELS if m not in ("poisson_gamma", "glm_poisson", "glm_binomial")]


def test_frame_has_the_agreed_columns():
    f = forecast(VALUES, YEARS, target_year=2025)
    assert list(f.frame.columns) == [
        "model", "origin", "year", "h", "mean", "median", "lo_80", "hi_80", "lo_95", "hi_95",
        "fallback", "n_points", "prior_weight",
    ]  # fmt: skip
    assert f.frame["year"].tolist() == [2021, 2022, 2023, 2024, 2025]
    assert (f.model, f.origin, f.n_points, f.fallback) == ("pooled", 2020, 6, "")
    assert 0 < f.prior_weight < 1


def test_default_is_five_years():
    assert forecast(VALUES).years.tolist() == [7, 8, 9, 10, 11]


@pytest.mark.parametrize("model", VALUE_MODELS)
def test_every_model_answers_in_order_and_within_bounds(model):
    f = forecast(VALUES, YEARS, model=model, horizon=3)
    cols = f.frame[["lo_95", "lo_80", "median", "hi_80", "hi_95"]].to_numpy()
    assert (np.diff(cols, axis=1) >= 0).all()
    assert cols.min() >= 0
    assert cols.max() <= 100
    assert f.quantile(0.5) == f.frame["median"].iloc[-1]
    assert f.cdf(f.quantile(0.3)) == pytest.approx(0.3, abs=1e-6)


def test_a_series_brings_its_years():
    given = pd.Series(VALUES, index=YEARS)
    assert forecast(given).frame.equals(forecast(VALUES, YEARS).frame)


@pytest.mark.parametrize("model", VALUE_MODELS)
def test_left_out_year_and_nan_are_the_same(model):
    nan = forecast([97.0, np.nan, 97.2, 97.9, 98.1, 98.0], YEARS, model=model)
    gap = forecast([97.0, 97.2, 97.9, 98.1, 98.0], [2015, 2017, 2018, 2019, 2020], model=model)
    assert nan.frame.equals(gap.frame)
    assert nan.n_points == 5


def test_missing_last_year_moves_the_origin():
    assert forecast([97.0, 98.0, None], [2018, 2019, 2020]).origin == 2019


@pytest.mark.parametrize("model", VALUE_MODELS)
@pytest.mark.parametrize(
    ("values", "years", "family"),
    [
        ([98.0], [2020], "percent"),
        ([98.0, 98.0, 98.0, 98.0, 98.0, 98.0, 98.0], None, "percent"),
        ([0.0] * 7, None, "percent"),
        ([100.0] * 7, None, "percent"),
        ([90.0, np.nan, 91.0], [2018, 2019, 2020], "score"),
        ([90.0, 91.0, 92.0], [2008, 2009, 2020], "percent"),
        ([1e12, 1.1e12, 1.3e12], None, "positive"),
        ([0.0, 0.1, 0.0, 0.2, 0.0, 0.1, 0.3], None, "rate"),
        ([3, 0, 5], None, "count"),
        ([100.0, 101.2], None, "index"),
    ],
    ids=[
        "one value", "constant", "all 0", "all 100", "gap", "gap of ten years", "10^12",
        "zeros", "counts", "index",
    ],
)  # fmt: skip
def test_awkward_series_have_a_documented_answer(model, values, years, family):
    f = forecast(values, years, family=family, model=model, horizon=3)
    numbers = f.frame.select_dtypes("number").to_numpy(float)
    assert np.isfinite(numbers).all()
    assert f.frame["lo_95"].min() >= 0
    assert 0 <= f.p_attain(50.0, decimals=1) <= 1
    if family in ("percent", "score"):
        assert f.frame["hi_95"].max() <= 100


BAD = [
    ({"values": []}, "there is nothing to forecast from"),
    ({"values": [np.nan, np.nan]}, "every value is missing"),
    ({"values": ["98", 97.0]}, r"values\[0\]: not a number; got '98'"),
    ({"values": "98.1"}, "text instead of numbers"),
    ({"values": [True, 97.0]}, "not a number; got True"),
    ({"values": [np.inf, 97.0]}, "an infinite value"),
    ({"values": [[97.0], [98.0]]}, "more than one dimension"),
    ({"values": [97.0, 98.0], "years": [2020, 2020]}, "a year occurs twice; got 2020"),
    ({"values": [97.0, 98.0], "years": [2021, 2020]}, r"not in order; got \(2021, 2020\)"),
    ({"values": [97.0, 98.0], "years": [2020, 2021.5]}, "not a whole number; got 2021.5"),
    ({"values": [97.0, 98.0], "years": ["2020", "2021"]}, "not a whole number; got '2020'"),
    ({"values": [97.0, 98.0], "years": [2020]}, "differ in length"),
    ({"values": [97.0, 98.0], "years": [202, 2021]}, "too far apart"),
    ({"values": [97.0, 101.0], "years": [2019, 2020]}, "year 2020: a value is outside its bounds"),
    ({"values": [-1.0, 3.0], "family": "count"}, "outside its bounds; got -1.0"),
    ({"values": [1e12, 97.0]}, "outside its bounds"),
    ({"values": [97.0], "horizon": 0}, "the horizon is out of range; got 0"),
    ({"values": [97.0], "horizon": 500}, "the horizon is out of range; got 500"),
    ({"values": [97.0], "horizon": 2.5}, "not a whole number; got 2.5"),
    ({"values": [97.0], "horizon": True}, "not a whole number; got True"),
    ({"values": [97.0], "horizon": 2, "target_year": 5}, "two horizons were given"),
    (
        {"values": VALUES, "years": YEARS, "target_year": 2019},
        "not after the last observed year; got 2019; expected a year after 2020",
    ),
    ({"values": [97.0], "levels": [0]}, "not an interval level; got 0"),
    ({"values": [97.0], "levels": ["80"]}, "not an interval level"),
    ({"values": [97.0], "model": "prophet"}, "unknown model; got 'prophet'"),
    ({"values": [97.0], "family": "ratio"}, "unknown family; got 'ratio'"),
    ({"values": [97.0], "lower": 100, "upper": 0}, "bounds"),
    ({"values": [1], "family": "rate", "exposure": [0]}, "not a positive number; got 0.0"),
    ({"values": [1, 2], "family": "rate", "exposure": [5.0]}, "the length does not fit"),
    ({"values": [1.5], "family": "rate", "exposure": [5.0]}, "not a number of events; got 1.5"),
    ({"values": [1], "family": "rate", "model": "poisson_gamma"}, "needs its exposure"),
    ({"values": [97.0], "exposure": [5.0]}, "exposure goes with rates and counts"),
    ({"values": [97.0], "future_denominator": 300}, "number of samples behind the values"),
    ({"values": [97.0], "denominators": [0]}, "not a positive number; got 0.0"),
    (
        {"values": [0.0, 0.0], "family": "rate", "model": "naive"},
        "every value is 0, so the size of the quantity cannot be learned",
    ),
]


@pytest.mark.parametrize(("request_", "message"), BAD, ids=[m for _, m in BAD])
def test_bad_input_gets_a_clear_error(request_, message):
    with pytest.raises(ForecastError, match=message):
        forecast(**request_)


def test_years_asked_of_a_forecast_must_be_forecast():
    f = forecast(VALUES, YEARS, horizon=2)
    for bad in (2020, 2023):
        with pytest.raises(ForecastError, match="not a forecast year"):
            f.p_attain(98.0, year=bad)
    with pytest.raises(ForecastError, match="not a probability"):
        f.quantile(1.0)
    with pytest.raises(ForecastError, match="unknown comparator; got '≥'"):
        f.p_attain(98.0, "≥")
    with pytest.raises(ForecastError, match="the target is not a number"):
        f.p_attain(float("nan"))


@pytest.mark.parametrize(
    ("target", "comparator", "decimals", "limits"),
    [
        (98.5, ">=", 1, (98.45, None)),
        (98.5, ">", 1, (98.55, None)),
        (98.5, "<=", 1, (None, 98.55)),
        (98.5, "<", 1, (None, 98.45)),
        (98.5, "==", 1, (98.45, 98.55)),
        (98.5, ">=", 0, (98.5, None)),  # only 99 and more is at least 98.5
        (98.5, "<=", 0, (None, 98.5)),
        (98.5, "==", 0, (98.5, 98.5)),  # no whole number equals 98.5
        (0.1, "<", 2, (None, 0.095)),
        (100, ">=", 1, (99.95, None)),
    ],
)
def test_rounding_is_part_of_the_target(target, comparator, decimals, limits):
    assert rounding_limits(target, comparator, decimals) == limits


def test_rounded_probability_is_that_of_the_limits():
    f = forecast(VALUES, YEARS, model="damped_drift")
    assert f.p_attain(98.5, decimals=1) == pytest.approx(1 - f.cdf(98.45))
    assert f.p_attain(98.5, "==", decimals=0) == 0.0
    parts = [f.p_attain(98.5, c, decimals=1) for c in ("<", "==", ">")]
    assert sum(parts) == pytest.approx(1.0)
    assert f.p_attain(98.5) < f.p_attain(98.5, decimals=1)


def test_a_hundred_can_be_read_although_rounded():
    f = forecast([100.0] * 6, model="damped_drift")
    assert f.p_attain(100.0, decimals=1) > 0.9
    assert f.p_attain(100.0, "<=") == 1.0
    assert f.p_attain(100.0, ">") == 0.0


def test_half_goes_up():
    assert round_half_up(np.array([0.285, 98.45, 2.5]), 2).tolist() == [0.29, 98.45, 2.5]
    assert round_half_up(np.array([98.45, 0.5]), 1).tolist() == [98.5, 0.5]


def test_paths_agree_with_the_marginals():
    for model in ("pooled", "damped_drift"):
        f = forecast(VALUES, YEARS, model=model, horizon=3)
        paths = f.sample(20_000, seed=5)
        assert paths.shape == (20_000, 3)
        for x in (96.0, 98.0, 99.0):
            assert (paths[:, 2] <= x).mean() == pytest.approx(f.cdf(x), abs=0.015)
        assert np.array_equal(paths, f.sample(20_000, seed=5))


def test_few_events_use_the_count_model_and_say_so():
    f = forecast([1, 0, 2], [2018, 2019, 2020], family="rate", exposure=[25, 26, 27.0])
    assert f.fallback.startswith("poisson_gamma: 3 events in all")
    assert f.evidence_class == "weak"
    assert "future_exposure is taken as the last known one, 27" in f.notes
    direct = forecast([1, 0, 2], family="rate", exposure=[25, 26, 27.0], model="poisson_gamma")
    assert f.p_attain(0.1, "<=") == direct.p_attain(0.1, "<=")


def test_many_events_are_forecast_as_rates():
    events, exposure = [30, 28, 33, 25, 24], [100.0, 110, 120, 130, 140]
    f = forecast(events, family="rate", exposure=exposure)
    plain = forecast(np.array(events) / np.array(exposure), family="rate")
    assert f.frame["median"].tolist() == plain.frame["median"].tolist()


def test_missing_year_of_events_keeps_exposures_in_place():
    f = forecast(
        [1, np.nan, 2], family="rate", exposure=[10.0, np.nan, 30.0], model="poisson_gamma"
    )
    assert f.distribution.rate.exposure == 40.0


def test_planned_samples_matter():
    few = forecast(VALUES, YEARS, denominators=[1000] * 6, future_denominator=100, horizon=1)
    many = forecast(VALUES, YEARS, denominators=[1000] * 6, future_denominator=20_000, horizon=1)
    width = [float((f.frame["hi_80"] - f.frame["lo_80"]).iloc[0]) for f in (few, many)]
    assert width[0] > width[1]
    # With 100 samples only whole percentages can be read.
    assert few.quantile(0.3) == pytest.approx(round(few.quantile(0.3)))


def test_sampling_noise_of_the_past_is_not_expected_again():
    noisy = [80.0, 86.0, 79.0, 85.0, 78.0, 84.0]
    plain = forecast(noisy, YEARS, horizon=1)
    known = forecast(noisy, YEARS, denominators=[100] * 6, future_denominator=1e6, horizon=1)
    spread = [float((f.frame["hi_80"] - f.frame["lo_80"]).iloc[0]) for f in (plain, known)]
    assert spread[1] < 0.8 * spread[0]
    wild = forecast(noisy, YEARS, denominators=[100] * 6, overdispersion=3, horizon=1)
    calm = forecast(noisy, YEARS, denominators=[100] * 6, horizon=1)
    assert wild.quantile(0.9) - wild.quantile(0.1) > calm.quantile(0.9) - calm.quantile(0.1)


def test_numbers_of_samples_may_be_known_for_some_years():
    some = forecast(VALUES, YEARS, denominators=[None, 500, None, 800, 900, 1000], horizon=1)
    assert "future_denominator is taken as the last known one, 1000" in some.notes
    assert some.quantile(0.5) * 10 == pytest.approx(round(some.quantile(0.5) * 10))
    with pytest.raises(ForecastError, match="behind the values is not given"):
        forecast(VALUES, YEARS, denominators=[None] * 6)


def test_members_without_samples_say_so():
    f = forecast(VALUES, YEARS, denominators=[100] * 6, model="naive", horizon=1)
    assert "naive does not know how the number of samples widens a spread" in f.notes
    assert f.quantile(0.5) == 98.0


def test_glm_of_pass_rates():
    y = [97.0, 97.2, 97.4, 97.6, 97.8, 98.0, 98.2, 98.4]
    f = forecast(y, denominators=[2000] * 8, model="glm_binomial", horizon=1)
    assert f.frame["median"].iloc[0] == pytest.approx(98.5, abs=0.2)
    with pytest.raises(ForecastError, match="no trend can be estimated"):
        forecast(y[:5], denominators=[2000] * 5, model="glm_binomial")


def panel(n=12, years=12, seed=0):
    rng = np.random.default_rng(seed)
    table = 90 + np.cumsum(rng.normal(0, 0.8, (n, years)), axis=1)
    return pd.DataFrame(
        {
            "series_id": np.repeat([f"s{i}" for i in range(n)], years),
            "year": np.tile(np.arange(2008, 2008 + years), n),
            "value": np.clip(table, 0, 100).ravel(),
        }
    )


def test_comparable_series_sharpen_the_prior():
    calm = panel(12, seed=1)
    calm["value"] = 97.0 + 0.02 * (calm["value"] - 90.0)
    alone = forecast([97.0, 97.1], [2018, 2019])
    told = forecast([97.0, 97.1], [2018, 2019], panel=calm)
    assert told.notes == ("prior sharpened by 12 comparable series",)
    width = [f.quantile(0.9) - f.quantile(0.1) for f in (alone, told)]
    assert width[1] < 0.8 * width[0]
    assert told.evidence_class == alone.evidence_class


def test_a_panel_that_is_not_used_says_so():
    few = forecast(VALUES, YEARS, panel=panel(2))
    assert few.notes == ("prior sharpened by 0 comparable series",)
    assert few.frame.equals(forecast(VALUES, YEARS).frame)
    score = forecast(VALUES, YEARS, family="score", panel=panel())
    assert score.notes == ("the panel is not used: no gain is known for pooled, score",)
    assert forecast(VALUES, YEARS, model="naive", panel=panel()).notes[0].endswith("naive, percent")


def test_many_equals_one_by_one():
    data = panel(3)
    many = forecast_many(data, horizon=3, target=91.0)
    for name, rows in data.groupby("series_id"):
        one = forecast(rows["value"].to_numpy(), rows["year"].to_numpy(), horizon=3)
        part = many[many["series_id"] == name]
        assert part["hi_95"].to_numpy() == pytest.approx(one.frame["hi_95"].to_numpy())
        assert part["mean"].to_numpy() == pytest.approx(one.frame["mean"].to_numpy())
        assert part["p_attain"].iloc[-1] == pytest.approx(one.p_attain(91.0))


@pytest.mark.parametrize("model", ["pooled", "drift"])
def test_many_takes_series_of_different_length(model):
    data = panel(3)
    data = data[~((data["series_id"] == "s1") & (data["year"] > 2015))]
    data = data[~((data["series_id"] == "s2") & (data["year"] < 2012))]
    out = forecast_many(
        data, target_year=2022, model=model, target={"s0": 90, "s1": 91, "s2": 92}, decimals=1
    )
    assert out.groupby("series_id")["year"].agg(["min", "max"]).to_numpy().tolist() == [
        [2020, 2022], [2016, 2022], [2020, 2022],
    ]  # fmt: skip
    rows = data[data["series_id"] == "s1"]
    one = forecast(rows["value"].to_numpy(), rows["year"].to_numpy(), target_year=2022, model=model)
    part = out[out["series_id"] == "s1"]
    assert part["lo_80"].to_numpy() == pytest.approx(one.frame["lo_80"].to_numpy())
    assert part["p_attain"].iloc[-1] == pytest.approx(one.p_attain(91, decimals=1))


def test_many_takes_a_table():
    table = np.array([[90.0, 91, np.nan, 92], [80, 81, 82, np.nan]])
    out = forecast_many(table, [2017, 2018, 2019, 2020], horizon=1, model="naive")
    assert out["year"].tolist() == [2021, 2020]
    assert out["median"].to_numpy() == pytest.approx([92, 82])


def test_many_records_a_refusal():
    table = np.array([[0.0, 0, 0], [0.1, 0.2, 0.1]])
    out = forecast_many(table, family="rate", model="naive", horizon=1)
    assert out["fallback"].str.startswith("refused: ").tolist() == [True, False]
    assert out["median"].isna().tolist() == [True, False]


@pytest.mark.parametrize(
    ("values", "extra", "message"),
    [
        (np.array([[90.0, 101.0]]), {}, "row 0, column 1: a value is outside its bounds"),
        (np.array([[np.nan, np.nan]]), {}, "row 0: every value is missing"),
        (np.array([90.0, 91.0]), {}, "not a table of series"),
        ([["a", "b"]], {}, "not a number; got 'a'"),
        (np.array([[90.0, 91.0]]), {"years": [2019, 2021]}, "consecutive years"),
        (np.array([[90.0, 91.0]]), {"target": {1: 90.0}}, "a series has no target"),
        (pd.DataFrame({"year": [2020]}), {}, "not a panel of series"),
        (
            pd.DataFrame({"series_id": "a", "year": [2020, 2020], "value": [1.0, 2.0]}),
            {},
            "series a: a year occurs twice",
        ),
    ],
)
def test_bad_tables(values, extra, message):
    with pytest.raises(ForecastError, match=message):
        forecast_many(values, **extra)


def test_hold_is_harder_than_the_end_year():
    f = forecast(VALUES, YEARS, target_year=2025)
    assert p_hold(f, 97.5) <= f.p_attain(97.5) + 0.01
    assert p_hold(f, 97.5, end_year=2021) == pytest.approx(f.p_attain(97.5, year=2021), abs=0.01)
    assert p_hold(f, 97.5, seed=1) == p_hold(f, 97.5, seed=1)


def test_plan_sum_of_a_flow():
    f = forecast([4, 5, 6], family="count", model="poisson_gamma", horizon=2)
    assert p_plan_sum(f, 15, done=15) == 1.0
    assert p_plan_sum(f, 25, done=15) == pytest.approx(0.54, abs=0.15)


def test_compound_of_independent_parts_multiplies():
    f = forecast(VALUES, YEARS, horizon=1)
    g = forecast([80.0, 81, 79, 82], [2017, 2018, 2019, 2020], horizon=1)
    both = p_compound([(f, 98.0, ">="), (g, 81.0, ">=")], 2021)
    assert both == pytest.approx(f.p_attain(98.0) * g.p_attain(81.0), abs=0.015)
    with pytest.raises(ForecastError, match="no conditions"):
        p_compound([], 2021)


def test_difference_of_equals_is_even():
    f = forecast(VALUES, YEARS, horizon=1)
    assert p_difference(f, f, 2021) == pytest.approx(0.5, abs=0.015)
    assert p_difference(f, f, 2021, ">=", margin=-50.0) == 1.0
    with pytest.raises(ForecastError, match="not a forecast year; got 2030"):
        p_difference(f, f, 2030)


def test_no_warning_from_any_model_and_family():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for family in FAMILIES:
            for model in VALUE_MODELS:
                forecast([3.0, 0.0, 2.0, 90.0, 1.0, 2.0, 3.0], family=family, model=model)


def test_the_module_is_light():
    code = (
        "import sys, wqa.forecasts.forecasting; "
        "print([m for m in ('scipy', 'statsmodels', 'pandas', 'matplotlib') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
