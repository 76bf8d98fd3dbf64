import dataclasses

import pytest

from wqa.display.facts import Fact, named, number_text, parts_json, parts_of, plain, quoted
from wqa.errors import CatalogError, DataError

ROW = {
    "indicator_id": "food_sampling_pass_rate",
    "region": "WH",
    "year": 2018,
    "value": 97.82,
    "unit": "pct",
    "denominator": 69302.0,
    "scope": "all_city_sampling",
    "qualifier": "exact",
    "evidence": "press",
    "source_id": "src-a",
    "vintage": "2019-01-10",
    "file": "observations.csv",
    "row": 12,
}


@pytest.mark.parametrize(
    ("value", "decimals", "printed"),
    [
        (97.82, None, "97.82"),
        (92.0, None, "92"),
        (98.45, 1, "98.5"),
        (2.5, 0, "3"),
        (-2.5, 0, "−3"),
        (1.005, 2, "1.01"),
        (-0.04, 1, "0.0"),
        (0.1 + 0.2, None, "0.3"),
        (9999, 0, "9999"),
        (69302, 0, "69,302"),
        (1048576.5, None, "1,048,576.5"),
    ],
)
def test_numbers_are_printed_as_published(value, decimals, printed):
    assert number_text(value, decimals) == printed


def test_signed_number():
    assert number_text(0.22, 2, signed=True) == "+0.22"
    assert number_text(0.0, 1, signed=True) == "0.0"


def test_infinite_number_is_refused():
    with pytest.raises(DataError, match="not finite"):
        number_text(float("inf"))


def test_observation_keeps_its_place_and_grade():
    fact = Fact.observed(ROW)
    assert (fact.text, fact.unit, fact.year) == ("97.82", "pct", 2018)
    assert fact.source_ids == ("src-a",)
    assert fact.locator == "observations.csv:12"
    assert fact.evidence == "press"
    assert Fact.observed(ROW, part="denominator").text == "69,302"
    assert Fact.observed(ROW | {"qualifier": "derived"}).note == "derived"


def test_different_values_have_different_ids():
    one, other = Fact.observed(ROW), Fact.observed(ROW | {"value": 97.83})
    assert one.id != other.id
    assert one.id != Fact.observed(ROW, part="denominator").id
    assert one == Fact.observed(dict(ROW))


def test_year_takes_over_the_provenance():
    fact = Fact.observed(ROW)
    year = Fact.of_year(2018, fact)
    assert year.text == "2018" and year.source_ids == fact.source_ids
    assert year.id != fact.id


def test_computed_fact_is_as_weak_as_its_weakest_input():
    official = dataclasses.replace(Fact.observed(ROW), evidence="official", id="x")
    press = Fact.observed(ROW | {"source_id": "src-b", "vintage": "2020-02-01"})
    made = Fact.computed("change", 0.22, [official, press], decimals=2)
    assert made.evidence == "press"
    assert made.vintage == "2020-02-01"
    assert set(made.source_ids) == {"src-a", "src-b"}
    assert made.kind == "computed"


def test_target_prints_as_in_the_plan():
    from wqa.catalog.catalog import load_plan

    plan = load_plan("wuhan-14fyp")
    targets = {target.row + target.part: target for target in plan.targets}
    assert Fact.asked(targets["10"]).text == "80"
    assert Fact.asked(targets["14a"], part="row").text == "14a"
    assert Fact.asked(targets["6"], part="baseline").text == "0.29"
    assert Fact.asked(targets["6"]).locator == targets["6"].clause
    with pytest.raises(DataError, match="no baseline"):
        Fact.asked(targets["1a"], part="baseline")


def test_fact_needs_id_text_and_known_kind():
    with pytest.raises(DataError, match="id and a printed form"):
        Fact("", 1, "1")
    with pytest.raises(DataError, match="unknown kind"):
        Fact("a", 1, "1", kind="guess")


def test_text_prints_and_keeps_facts():
    value = Fact.observed(ROW)
    text = f"{Fact.of_year(2018, value)}年为{value}%。"
    assert plain(text) == "2018年为97.82%。"
    assert parts_of(text) == [Fact.of_year(2018, value), "年为", value, "%。"]
    assert parts_json(text, "here")[2] == value.to_json()


@pytest.mark.parametrize("wording", ["95%", "第３项", f"{Fact.setting('n', 1)} of 10"])
def test_typed_numeral_is_refused(wording):
    with pytest.raises(CatalogError, match="here: a numeral"):
        parts_json(wording, "here")


def test_mark_that_no_fact_made_is_refused():
    forged = str(Fact.observed(ROW)).replace("97.82", "99.99")
    with pytest.raises(CatalogError, match="numeral"):
        parts_json(forged, "here")


def test_name_with_digits_becomes_a_fact():
    assert named("全国") == "全国"
    (wrapped,) = parts_of(named("12315热线"))
    assert isinstance(wrapped, Fact) and wrapped.value is None
    assert plain(wrapped) == "12315热线" and named(str(wrapped)) == str(wrapped)


@pytest.mark.parametrize("text", ["a\ue0001\ue0012\ue0023", "\ue002 1 \ue000"])
def test_private_characters_in_a_name_cannot_pose_as_a_mark(text):
    for made in (named(text), quoted(text)):
        assert plain(made) == text.translate(dict.fromkeys((0xE000, 0xE001, 0xE002), " "))
        assert parts_json(made, "here")


def test_quoted_words_keep_their_text_and_wrap_every_numeral():
    text = quoted("各轮监测领域数不同（11、12、6个领域），占1,070,000的3.5%", source_ids=["a"])
    assert plain(text) == "各轮监测领域数不同（11、12、6个领域），占1,070,000的3.5%"
    numerals = [part.text for part in parts_of(text) if isinstance(part, Fact)]
    assert numerals == ["11", "12", "6", "1,070,000", "3.5"]
    assert plain(quoted("braces {x} stay")) == "braces {x} stay"
