"""Whatever is given to the forecasts: a clear error, or numbers that are in order and in bounds.

Warnings are errors in these tests, so a warning that escapes is a failure, too.
"""

import datetime
import json
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from cases import cases

import wqa
from wqa.errors import WqaError
from wqa.forecasts import scores
from wqa.forecasts.distributions import plan_sum
from wqa.forecasts.forecasting import MODELS
from wqa.forecasts.numbers import FAMILIES
from wqa.goals import Goal

NAN = float("nan")
UPPER = {"percent": 100.0, "score": 100.0}

SERIES = {
    "empty": [], "none": None, "one": [5.0], "constant": [50.0] * 6, "all 0": [0.0] * 7,
    "all 100": [100.0] * 7, "holes": [50, NAN, 51, None, 52.0], "all missing": [NAN, None],
    "tiny": [1e-300] * 4, "denormal": [5e-324, 1e-323], "one denormal": [5e-324],
    "tiny and not": [1e-300, 1.0, 1e-300, 2.0], "10^12": [1e12, 1.1e12, 1.3e12],
    "1e99": [1e99, 2e99], "1e300": [1e300, 2e300], "wide": [1e-90, 1e90, 1e-90],
    "wide percent": [1e-12, 50, 1e-12, 99, 1e-9, 3], "negative": [-1.0, 2.0],
    "infinite": [np.inf, 1.0], "text in it": ["1", 2.0], "text": "12 13", "bytes": b"12",
    "flags": [True, False], "numpy flags": np.array([True, False]),
    "masked": np.ma.masked_array([50.0, 60, 70], [0, 1, 0]), "all masked": np.ma.masked_all(3),
    "integers": np.array([1, 2, 3], dtype=np.int32), "float32": np.array([1.5, 2], dtype="f4"),
    "decimals": [Decimal("50.1"), 51], "fractions": [Fraction(1, 3)], "10^400": [10**400, 1],
    "complex": [1 + 2j, 3], "dates": [datetime.date(2020, 1, 1)],
    "datetime64": np.array(["2020", "2021"], dtype="M8[Y]"), "dict": {2019: 5.0}, "set": {5.0},
    "range": range(3), "column": [[1.0], [2.0]], "ragged": [[1, 2], [3]], "scalar": 50.0,
    "40": list(50 + np.sin(np.arange(40))), "41": list(50 + np.sin(np.arange(41))),
    "201": [50.0] * 201, "401": [5.0] * 401, "frame": pd.DataFrame({"a": [1.0, 2]}),
    "missing of pandas": [pd.NA, pd.NaT, 50.0], "near bounds": [1e-13, 100 - 1e-13, 100, 0],
    "jumps": [0, 100] * 4, "almost constant": [50, 50 + 1e-12, 50 - 1e-12] * 3,
    "zeros, then one": [0] * 9 + [1.0], "Int64": pd.Series([50, None, 52], dtype="Int64"),
    "text column": pd.Series(["50", "51"], dtype="string"),
    "empty column": pd.Series([], dtype=float),
}  # fmt: skip


def answer(call, *arguments, **request):
    """Result of a call, or None where it refused in a way that was meant."""
    try:
        return call(*arguments, **request)
    except WqaError as error:
        assert str(error)
        return None


def assert_sound(f, lower=0.0, upper=np.inf):
    numbers = f.frame.select_dtypes("number").to_numpy(float)
    assert np.isfinite(numbers).all()
    limits = f.frame[["lo_95", "lo_80", "median", "hi_80", "hi_95"]].to_numpy()
    assert (np.diff(limits, axis=1) >= 0).all()
    values = np.column_stack([limits, f.sample(3, seed=1).T])
    assert values.min() >= lower
    assert values.max() <= upper
    for target in (-1e9, 0.0, 50.0, 1e12):
        # Also of a target that a user would be warned of as a slip of unit.
        goals = Goal(">=", target), Goal("<", target)
        met, missed = (float(goal.probability(f.distribution)[0, -1]) for goal in goals)
        assert 0 <= met <= 1
        assert met + missed == pytest.approx(1.0)


@pytest.mark.parametrize("model", ["pooled", "naive"])
@pytest.mark.parametrize("name", SERIES)
def test_any_series(name, model):
    for family in ("percent", "rate"):
        f = answer(wqa.forecast, SERIES[name], family=family, model=model, horizon=2)
        if f is not None:
            assert_sound(f, upper=UPPER.get(family, np.inf))


HARD = ("all 0", "all 100", "holes", "wide percent", "jumps", "almost constant", "tiny and not")


MEMBERS = [(model, "percent") for model in MODELS if model not in ("pooled", "naive")]
KINDS = [("pooled", family) for family in FAMILIES if family not in ("percent", "rate")]


@pytest.mark.parametrize(("model", "family"), [*MEMBERS, *KINDS])
def test_hard_series_of_every_member_and_family(model, family):
    for name in (*HARD, *(("10^12", "1e99", "denormal") if model == "pooled" else ())):
        f = answer(wqa.forecast, SERIES[name], family=family, model=model, horizon=2)
        if f is not None:
            assert_sound(f, upper=UPPER.get(family, np.inf))


FOUR = [50.0, 51.0, 52.0, 53.0]
YEARS = {
    "floats": ([2018.0, 2019.0, 2020.0, 2021.0], True),
    "small integers": (np.array([1, 2, 3, 4], dtype=np.uint8), True),
    "a column": (pd.Series([2018, 2019, 2020, 2021], index=[9, 8, 7, 6]), True),
    "a gap of ten years": ([2000, 2010, 2020, 2021], True),
    "negative": ([-5, -4, -3, -2], True),
    "timestamps": (list(pd.date_range("2018", periods=4, freq="YS")), False),
    "periods": (pd.period_range("2018", periods=4, freq="Y"), False),
    "missing": ([2018, NAN, 2020, 2021], False),
    "none": ([2018, None, 2020, 2021], False),
    "10^30": ([10**30 + i for i in range(4)], False),
    "far": ([1, 2, 3, 500], False),
    "flags": ([True, False, True, False], False),
    "one number": (2018, False),
    "one text": ("2018", False),
}


@pytest.mark.parametrize("name", YEARS)
def test_any_years(name):
    years, good = YEARS[name]
    for call in (
        lambda: wqa.forecast(FOUR, years),
        lambda: wqa.forecast(pd.Series(FOUR, index=np.atleast_1d(years))),
    ):
        try:
            f = call()
        except (WqaError, ValueError) as error:
            assert not good
            assert isinstance(error, WqaError) or "Length of values" in str(error)
        else:
            assert good
            assert_sound(f)


REQUESTS = [
    *({"horizon": x} for x in (0, 500, -1, 51, 50, 2.0, 2.5, "3", True, NAN, np.inf, [3], 10**40)),
    *({"target_year": x} for x in (0, 4, "2030", NAN, 10**9, pd.Timestamp("2030"))),
    *({"lower": x} for x in ("0", -1e308, NAN, np.inf, 60, True, [0], 1e-320, np.float32(0))),
    *({"upper": x} for x in ("1", 1e308, np.inf, 40, 53, 53.0000001, [100], 1e-320)),
    {"lower": -1e308, "upper": 1e308}, {"lower": 50, "upper": 53 + 1e-13},
    *({"family": x} for x in (None, 1, ["percent"])),
    *({"model": x} for x in (None, 1, ["pooled"], "pooled_panel")),
    *({"panel": x} for x in (1, "x", [], pd.DataFrame(), {"a": 1})),
    *({"denominators": x} for x in ([0] * 4, "a", [NAN] * 4, [0.5] * 4, [1e90] * 4, [True] * 4)),
]  # fmt: skip


@pytest.mark.parametrize("extra", REQUESTS, ids=str)
def test_any_request(extra):
    for family in ("percent", "rate"):
        for model in ("pooled", "naive"):
            request = {"family": family, "model": model, **extra}
            f = answer(wqa.forecast, FOUR, **request)
            if f is not None:
                assert_sound(f, lower=-np.inf)


BASE = pd.DataFrame(
    {"series_id": ["a"] * 5 + ["b"] * 5, "year": list(range(2015, 2020)) * 2,
     "value": [50.0, 51, 52, 53, 54, 60, 61, 62, 63, 64]}
)  # fmt: skip
FRAMES = {
    "as it is": BASE,
    "numbers as ids": BASE.assign(series_id=[1] * 5 + [2] * 5),
    "float years": BASE.assign(year=BASE["year"].astype(float)),
    "text years": BASE.assign(year=BASE["year"].astype(str)),
    "dates as years": BASE.assign(year=pd.to_datetime(BASE["year"].astype(str))),
    "missing year": BASE.assign(year=BASE["year"].astype(float).where(BASE["year"] > 2015)),
    "text values": BASE.assign(value=BASE["value"].astype(str)),
    "mixed values": BASE.assign(value=pd.Series(["x", *BASE["value"][1:]], dtype=object)),
    "infinite value": BASE.assign(value=[np.inf, *BASE["value"][1:]]),
    "no value": BASE.assign(value=NAN),
    "negative": BASE.assign(value=-BASE["value"]),
    "10^12": BASE.assign(value=1e12),
    "all 0": BASE.assign(value=0.0),
    "all 100": BASE.assign(value=100.0),
    "tiny": BASE.assign(value=1e-300),
    "flags": BASE.assign(value=True),
    "twice": pd.concat([BASE, BASE]),
    "shuffled": BASE.sample(frac=1, random_state=1),
    "odd index": BASE.set_index(pd.Index(list("abcdefghij"))),
    "same index": BASE.set_index(pd.Index([0] * 10)),
    "missing id": BASE.assign(series_id=[None] * 5 + ["b"] * 5),
    "empty": BASE.iloc[:0],
    "one row": BASE.iloc[:1],
    "gaps": BASE.assign(year=[1990, 2000, 2015, 2016, 2030] * 2),
    "no value column": BASE.drop(columns="value"),
    "a list": [1, 2, 3],
    "nothing": None,
    "text": "abc",
    "some dates missing": BASE.assign(published=[None] * 5 + ["2018-01-01"] * 5),
    "no dates": BASE.assign(published=None),
    "one date": BASE.assign(published=pd.Timestamp("2020-01-01")),
    "categories": BASE.assign(series_id=BASE["series_id"].astype("category")),
}


def assert_frame_sound(table, upper):
    used = table[~table["fallback"].astype(str).str.startswith("refused")]
    shown = [c for c in ("median", "lo_80", "hi_80", "lo_95", "hi_95") if c in used]
    values = used[shown].to_numpy(float)
    assert np.isfinite(values).all()
    assert values.min(initial=0.0) >= 0
    assert values.max(initial=0.0) <= upper


@pytest.mark.parametrize("family", ["percent", "rate"])
@pytest.mark.parametrize("name", FRAMES)
def test_any_frame(name, family):
    frame, upper = FRAMES[name], UPPER.get(family, np.inf)
    for model in ("pooled", "naive"):
        out = answer(wqa.forecast_many, frame, family=family, model=model, horizon=2)
        if out is not None:
            assert_frame_sound(out, upper)
    out = answer(wqa.backtest, frame, ["naive"], family=family, horizons=[1])
    if out is not None:
        assert_frame_sound(out.forecasts, upper)
        assert out.cases.empty or out.cases["p_attain"].between(0, 1).all()


def test_a_masked_entry_is_a_missing_year():
    masked = np.ma.masked_array([1.0, 99.0, 2.0], [0, 1, 0])
    assert wqa.forecast(masked).frame.equals(wqa.forecast([1.0, NAN, 2.0]).frame)


def many(**extra):
    return wqa.forecast_many(BASE, **extra)


def tried(models=("naive",), **extra):
    return wqa.backtest(BASE, models, **extra)


CALLS = {"forecast": wqa.forecast, "forecast_many": many, "backtest": tried, "plan_sum": plan_sum}
METHODS = {
    "quantile cdf p_attain sample": wqa.forecast(FOUR),
    "summary reliability": tried(),
    "brier proportion_interval event_rate_interval": scores,
}
CALLS |= {name: getattr(of, name) for names, of in METHODS.items() for name in names.split()}


@cases("unit/forecast_refusals.csv")
def test_what_has_no_answer_is_refused_and_says_why(call, asked, message):
    given = json.loads(asked)
    with pytest.raises(WqaError, match=message):
        CALLS[call](**given) if isinstance(given, dict) else CALLS[call](*given)
