"""Names of publishers in the language of the reader."""

import csv

import pytest

from wqa.display.view import publisher_name


@pytest.mark.parametrize(
    ("delivered", "zh", "en"),
    [
        ("湖北日报", "湖北日报", "Hubei Daily"),
        ("国家质检总局(转载)", "国家质检总局（转载）", "AQSIQ (reprint)"),
        ("湖北日报 via 国际在线", "湖北日报（国际在线转载）", "Hubei Daily via CRI Online"),
        ("中新社/中国消费者协会", "中新社/中国消费者协会",
         "China News Service / China Consumers Association"),
        ("press copy without address", "报刊转载稿（无网址）", "press copy without address"),
        ("未知的报社(甲)", "未知的报社（甲）", "未知的报社 (甲)"),
        ("Ministry (x)", "Ministry (x)", "Ministry (x)"),
    ],
)  # fmt: skip
def test_name_is_printed_in_the_language_of_the_reader(delivered, zh, en):
    assert publisher_name(delivered, "zh") == zh
    assert publisher_name(delivered, "en") == en


def test_list_of_names_is_whole(root):
    path = root / "wqa" / "catalog_data" / "publishers.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    delivered = [row["delivered"] for row in rows]
    assert len(set(delivered)) == len(delivered)
    assert all(row["zh"] or row["en"] for row in rows)
