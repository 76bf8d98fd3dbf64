"""Names as people write them: resolved where one fits, refused without false advice."""

import numpy as np
import pytest
from cases import cases

from wqa.catalog.reading import near_ids, resolve_id, whole_year
from wqa.data.loading import load_regions
from wqa.errors import CatalogError, DataError


@pytest.fixture(scope="module")
def regions(root):
    rows = load_regions(root).itertuples(index=False)
    return {row.region: (row.name_zh, row.name_en) for row in rows}


@cases("unit/names.csv")
def test_resolved_where_one_fits_else_refused_without_false_advice(regions, asked, region, near):
    if region:
        assert resolve_id(asked, regions, "region") == region
    else:
        refused(asked, regions, near)


@pytest.mark.parametrize("asked", [5, None])
def test_what_is_no_name_is_refused(regions, asked):
    refused(asked, regions)


def refused(asked, regions, near=""):
    with pytest.raises(DataError) as caught:
        resolve_id(asked, regions, "region")
    assert caught.value.got == asked
    assert caught.value.fix == (f"Near: {near}." if near else "")
    assert "expected one of those of `wqa list regions`" in str(caught.value)


def test_a_name_of_two_is_refused():
    known = {"JL": ("吉林省", "Jilin"), "JLS": ("吉林市", "Jilin City")}
    assert resolve_id("吉林市", known, "region") == "JLS"
    message = r"got '吉林'; expected one of JL, JLS\. Near: JLS 吉林市, JL 吉林省"
    with pytest.raises(CatalogError, match=message):
        resolve_id("吉林", known, "region", CatalogError)


def test_advice_on_ids():
    known = {"food_sampling_pass_rate": ("食品抽检合格率",), "food_safety": (), "drug_rate": ()}
    near = near_ids("food_samplign_rate", known, "indicator")
    assert near[0] == "food_sampling_pass_rate 食品抽检合格率"
    assert near_ids("food_s", known, "scope")[0] == "food_safety"
    known = {"JX": ("江夏区", "Jiangxia, Wuhan"), "WH": ("武汉市", "Wuhan")}
    assert near_ids("Wuhan", known, "region") == ["WH 武汉市", "JX 江夏区"]


@pytest.mark.parametrize("asked", [2025, "2025", " ２０２５", np.int64(2025)])
def test_a_year_as_number_or_text(asked):
    year = whole_year(asked, "edition")
    assert year == 2025 and type(year) is int


@pytest.mark.parametrize(
    "asked", ["25", "2025.0", "二〇二五", 2025.0, True, None, np.float64(2025)]
)
def test_no_year(asked):
    with pytest.raises(DataError, match="edition is no year"):
        whole_year(asked, "edition")
