import dataclasses

import pytest

from wqa.errors import CatalogError, DataError
from wqa.parameters import iso_date, resolve


def values(**given):
    chosen = dataclasses.asdict(resolve(**given))
    return [chosen.pop("plan")["id"], *chosen.values()]


def test_defaults_come_from_the_plan():
    assert values() == ["wuhan-14fyp", "WH", 2025, None, 2025, "zh", 0, None]


def test_values_are_kept():
    given = {"region": "HB", "edition": 2023, "as_of": "2024-06-30", "target_year": 2024}
    given |= {"lang": "en", "seed": 7}
    assert values(**given) == ["wuhan-14fyp", *given.values(), None]
    assert resolve(edition=2026).edition == 2026, "the final evaluation, a year after the plan"


@pytest.mark.parametrize("region", ["hb", "湖北省", "湖北", "Hubei", " ＨＢ"])
def test_names_and_texts_are_resolved(region):
    found = values(plan="Wuhan-14FYP", region=region, edition="2023", target_year="2024")
    assert found[:5] == ["wuhan-14fyp", "HB", 2023, None, 2024]


@pytest.mark.parametrize("title", ["title_zh", "short_zh", "title_en", "short_en"])
def test_a_plan_is_found_by_its_titles(title):
    plan = resolve().plan
    assert resolve(plan=getattr(plan, title)).plan == plan


def test_result_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        resolve().lang = "en"


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"region": "XX"}, "unknown region; got 'XX'; expected one of those of `wqa list regions`"),
        ({"region": "山西"}, "unknown region"),
        ({"edition": 2020}, "edition lies outside plan wuhan-14fyp; got 2020; expected a year"),
        ({"edition": 2027}, "edition lies outside plan"),
        ({"edition": True}, "edition is no year"),
        ({"target_year": 2026}, "target_year lies outside plan wuhan-14fyp; got 2026"),
        ({"target_year": 2025.5}, "target_year is no year"),
        ({"lang": "fr"}, "lang is unknown; got 'fr'; expected zh or en"),
        ({"lang": ""}, "lang is unknown"),
        ({"seed": -1}, "seed is no whole number from 0; got -1"),
        ({"seed": 1.5}, "seed is no whole number"),
        ({"as_of": "2025-6-30"}, "as_of is no calendar date; got '2025-6-30'; expected YYYY-MM-DD"),
        ({"as_of": "2025-02-30"}, "as_of is no calendar date"),
        ({"as_of": "20250630"}, "as_of is no calendar date"),
        ({"as_of": "２０２５-06-30"}, "as_of is no calendar date"),
        ({"as_of": 20250630}, "as_of is no calendar date"),
    ],
)
def test_wrong_value(wrong, message):
    with pytest.raises(DataError) as caught:
        resolve(**wrong)
    assert str(caught.value).startswith(message)


def test_missing_catalogue_folder(tmp_path):
    with pytest.raises(CatalogError, match="no such catalogue folder"):
        resolve(catalog=tmp_path / "none")


def test_catalogue_folder_from_the_variable(tmp_path, monkeypatch):
    monkeypatch.setenv("WQA_CATALOG", str(tmp_path))
    assert resolve().catalog == tmp_path


@pytest.mark.parametrize("empty", [None, ""])
def test_no_date(empty):
    assert iso_date("as_of", empty) is None
