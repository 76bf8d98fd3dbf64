"""Names as people write them: resolved where one fits, refused without false advice."""

import numpy as np
import pytest

from wqa.catalog.reading import near_ids, resolve_id, whole_year
from wqa.data.loading import load_regions
from wqa.errors import CatalogError, DataError


@pytest.fixture(scope="module")
def regions(root):
    rows = load_regions(root).itertuples(index=False)
    return {row.region: (row.name_zh, row.name_en) for row in rows}


NAMES = {
    "WH": ("WH", "wh", " ＷＨ ", "武汉市", "武汉", "Wuhan", "WUHAN", "Wuhan city"),
    "HB": ("湖北", "hubei province"),
    "WH-hongshan": ("武汉市洪山区", "wh-Hongshan"),
} | {"CN": ["China"], "GX": ["广西"], "FZ": ["Fuzhou"], "CHUANYU": ["成渝"], "HG+EZ": ["hg+ez"]}


@pytest.mark.parametrize(("region", "asked"), [(i, name) for i in NAMES for name in NAMES[i]])
def test_resolved_where_one_fits(regions, asked, region):
    assert resolve_id(asked, regions, "region") == region


OUTSIDE = "山西 山西省 Shanxi 甘肃 云南省 Gansu 西藏 海南 荆州区 荆门市 Jingmen XUZHOU 枣阳 武昌 XX"
OUTSIDE += " 恩施土家族苗族自治州 宁夏回族自治区"


@pytest.mark.parametrize(
    ("asked", "near"),
    [*((name, "") for name in (*OUTSIDE.split(), "", 5, None)), ("Wuhna", "WH 武汉市"),
     ("Wuhann", "WH 武汉市"), ("Hubie", "HB 湖北省"), ("洪山区", "WH-hongshan 武汉市洪山区")],
)  # fmt: skip
def test_refused_without_false_advice(regions, asked, near):
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
