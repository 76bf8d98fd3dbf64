"""Names of publishers in the language of the reader."""

import pandas as pd
from cases import cases

from wqa.display.view import publisher_name
from wqa.paths import CATALOG


@cases("unit/publishers.csv")
def test_name_is_printed_in_the_language_of_the_reader(delivered, zh, en):
    assert (publisher_name(delivered, "zh"), publisher_name(delivered, "en")) == (zh, en)


def test_list_of_names_is_whole():
    rows = pd.read_csv(CATALOG / "publishers.csv", keep_default_na=False)
    assert rows["delivered"].is_unique
    assert ((rows["zh"] != "") | (rows["en"] != "")).all()
