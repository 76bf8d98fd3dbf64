import dataclasses
import json

import pytest
from cases import cases

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


@cases("catalog/wrong_parameters.csv")
def test_wrong_value(wrong, message):
    with pytest.raises(DataError) as caught:
        resolve(**json.loads(wrong))
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
