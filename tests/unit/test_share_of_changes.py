"""How often comparable series made a change: each span and each series counted once."""

import pandas as pd
import pytest

from wqa.assessment.likelihood import share_of_changes
from wqa.catalog.catalog import load_indicators
from wqa.goals import Goal

RATE = "food_sampling_pass_rate"
FAMILIES = {RATE: "percent", "kin": "percent", "other": "score"}


def annual(values, region="R", scope="all", indicator=RATE, first=2010):
    return pd.DataFrame(
        {"indicator_id": indicator, "region": region, "scope": scope,
         "year": range(first, first + len(values)), "value": values}
    ).dropna()  # fmt: skip


def ask(*frames, level=90.0, goal=92.0, comparator=">=", years=2, indicator=RATE):
    one = load_indicators()[indicator]
    families = FAMILIES | {indicator: one.family}
    asked = "WH", "city", level, Goal(comparator, goal), years
    return share_of_changes(pd.concat(frames), families, one, *asked)


def regions(count, values, name="R", **more):
    return [annual(values, region=f"{name}{i}", **more) for i in range(count)]


def test_overlapping_spans_count_once():
    # Seven years hold five pairs two years apart, and three spans that do not overlap.
    found = ask(*regions(4, [90, 91, 92.5, 92, 92, 93, 93]))
    assert (found["n_changes"], found["n_change_series"]) == (12, 4)
    assert found["share_of_changes"] == pytest.approx(1 / 3)
    assert found["changes_base"] == "same_indicator"


def test_a_gap_moves_the_next_span():
    found = ask(*regions(5, [90, None, 93, None, None, 90, 91, 92, 94]))
    # 2010-2012, 2015-2017; 2018 has no partner that is free.
    assert found["n_changes"] == 10


def test_several_scopes_of_one_region_are_one_series():
    rising, still = [80, 81, 84], [90, 90, 90]
    frames = [annual(still, f"R{i}", "county") for i in range(10)]
    frames += [annual([*rising, 85, 88], f"R{i}", "long") for i in range(10)]
    assert ask(*frames)["share_of_changes"] == 1.0
    assert ask(*frames)["n_change_series"] == 10
    # The scope of the target itself comes before a longer one.
    frames += [annual(still, f"R{i}", "city") for i in range(10)]
    assert ask(*frames)["share_of_changes"] == 0.0


def test_the_region_itself_is_no_comparison():
    own = [annual([90, 92, 94], "WH", scope) for scope in ("city", "county")]
    found = ask(*own, *regions(10, [90, 90, 90]))
    assert (found["n_changes"], found["share_of_changes"]) == (10, 0.0)


def test_few_spans_say_nothing_until_the_family_has_enough():
    few = regions(9, [90, 91, 93])
    nothing = ask(*few)
    assert nothing["changes_base"] == ""
    assert nothing["share_of_changes"] is None
    assert ask(*few, annual([1, 2, 3], indicator="other"))["changes_base"] == ""
    found = ask(*few, annual([90, 91, 90], indicator="kin"))
    assert (found["changes_base"], found["n_changes"]) == ("same_family", 10)
    assert found["share_of_changes"] == 0.9


def test_a_step_near_the_bound_is_larger():
    found = ask(*regions(10, [50, 51, 53]), level=97.0, goal=98.5)
    assert found["share_of_changes"] == 0.0
    assert ask(*regions(10, [99, 99, 100]), level=97.0, goal=98.5)["share_of_changes"] == 1.0


def test_rates_are_compared_by_ratio_and_fall():
    rate = "special_equipment_death_rate"
    falls = regions(10, [0.4, 0.3, 0.2], indicator=rate)
    zero = regions(3, [0.0, 0.1, 0.0], "Z", indicator=rate)
    request = {"level": 0.2, "goal": 0.1, "comparator": "<", "indicator": rate}
    found = ask(*falls, *zero, **request)
    # What starts at 0 has no ratio.
    assert (found["n_changes"], found["share_of_changes"]) == (10, 1.0)
    assert ask(*falls, **request | {"goal": 0.09})["share_of_changes"] == 0.0
