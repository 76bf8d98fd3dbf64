"""One point and its direction; what others did after the last value of a series."""

import numpy as np
import pandas as pd
import pytest

from wqa.errors import ForecastError
from wqa.forecasts.forecasting import forecast

GOOD = {"higher_better": "lower_better", "lower_better": "higher_better", "none": "none"}


def panel(moves, start=80.0, years=(2020, 2024)):
    """One series per movement, from a start of its own."""
    first, last = years
    rows = [
        (f"s{i}", year, start + i % 7 + (year - first) * move / 4)
        for i, move in enumerate(moves)
        for year in range(first, last + 1)
    ]
    return pd.DataFrame(rows, columns=["series_id", "year", "value"])


@pytest.mark.parametrize("value", [3.0, 40.0, 81.5, 99.0])
@pytest.mark.parametrize("direction", GOOD)
def test_one_point_mirrors_with_its_direction(value, direction):
    up = forecast([value], direction=direction)
    down = forecast([100.0 - value], direction=GOOD[direction])
    for p in (0.1, 0.5, 0.9):
        assert up.quantile(p) == pytest.approx(100.0 - down.quantile(1.0 - p), abs=1e-6)


def test_without_a_direction_or_with_more_points_nothing_is_expected():
    assert forecast([80.0]).quantile(0.5) == pytest.approx(80.0, abs=1e-6)
    assert forecast([80.0], direction="higher_better").quantile(0.5) > 80.5
    two = [forecast([80.0, 81.3], direction=d).quantile(0.5) for d in GOOD]
    assert two[0] == two[1] == two[2]


def test_the_movement_of_others_moves_the_answer_and_narrows_it():
    alone = forecast([82.0], [2020])
    rose = forecast([82.0], [2020], panel=panel([5.0 + 0.1 * (i % 5) for i in range(30)]))
    assert 85.0 < rose.quantile(0.5) < 90.0
    width = [f.quantile(0.9) - f.quantile(0.1) for f in (rose, alone)]
    assert width[0] < 0.7 * width[1]
    assert "most of the answer rests on 30 other series, known to 2024" in rose.notes[-1]
    assert rose.sample(200).shape == (200, 5)


def test_one_region_is_allowed_and_said():
    one = forecast([82.0], [2020], panel=panel([4.0]))
    assert one.quantile(0.5) > 82.0
    assert "about half or less of the answer rests on 1 other series" in one.notes[-1]


@pytest.mark.parametrize("seed", range(3))
def test_no_year_beyond_the_forecast_is_seen(seed):
    rng = np.random.default_rng(seed)
    known = panel(rng.normal(2, 1, 15), years=(2020, 2023))
    late = known.assign(year=known["year"] + 6, value=rng.uniform(1, 99, len(known)))
    kind = {"target_year": 2025}
    plain = forecast([82.0], [2020], panel=known, **kind).frame
    # The prior is sharpened by what the others show, not moved by a future beyond the target.
    far = forecast([82.0], [2020], panel=pd.concat([known, late]), **kind)
    assert known["year"].max() == 2023 and "known to 2023" in far.notes[-1]
    assert plain["median"].iloc[-1] == pytest.approx(far.frame["median"].iloc[-1], abs=1e-6)


def test_what_ends_before_the_series_moves_nothing():
    early = panel([4.0] * 12, years=(2012, 2016))
    made = forecast([82.0], [2020], panel=early)
    assert made.quantile(0.5) == pytest.approx(82.0, abs=1e-6)
    assert "no value after the last one" in made.notes[-1]


def test_bad_panels_are_refused():
    own = [80.0, 81.0, 83.0]
    itself = pd.DataFrame({"series_id": "me", "year": [2018, 2019, 2020], "value": own})
    with pytest.raises(ForecastError, match="the series itself"):
        forecast(own, [2018, 2019, 2020], panel=itself)
    with pytest.raises(ForecastError, match="another unit"):
        forecast([0.82], [2020], family="rate", panel=panel([4.0] * 3))
    with pytest.raises(ForecastError, match="unknown direction"):
        forecast([82.0], direction="up")
