"""Whatever is published: writing and loading changes nothing, and as_of never looks ahead."""

import csv
import io
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st
from made_deliveries import deliver, project

from wqa.data.cells import EVIDENCE, parse_number
from wqa.data.loading import load_observations, neutralise
from wqa.data.observations import COLUMNS
from wqa.data.series import all_series

HEADER = ("indicator", "region", "period", "value", "unit", "scope", "qualifier", "vintage",
          "note", "source_title", "source_date", "evidence")  # fmt: skip
# Text as people write it: no control characters, and no spreadsheet formula.
TEXT = st.text(
    st.characters(codec="utf-8", categories=("L", "N", "P", "Zs", "S")), max_size=20
).map(lambda text: text.strip().lstrip("=@+-"))
DAYS = st.dates(pd.Timestamp("2010-01-01").date(), pd.Timestamp("2025-12-31").date())


ROW = {
    "period": st.integers(2010, 2025).map(str),
    "value": st.decimals("50", "100", places=2).map(str),
    "scope": st.sampled_from(["city", "provincial"]),
    "qualifier": st.sampled_from(["exact", "derived", "lower_bound", "context"]),
    "vintage": DAYS.map(str),
    "note": TEXT,
    "evidence": st.sampled_from(EVIDENCE),
}
COMMON = {"indicator": "food_evaluation_pass_rate", "region": "WH", "unit": "%"}


def deliveries() -> st.SearchStrategy[list[dict[str, str]]]:
    def whole(n: int, row: dict[str, str]) -> dict[str, str]:
        return COMMON | row | {"source_title": f"公告{n}", "source_date": row["vintage"]}

    rows = st.lists(st.fixed_dictionaries(ROW), min_size=1, max_size=12)
    return rows.map(lambda rows: [whole(n, row) for n, row in enumerate(rows)])


def load(rows: list[dict[str, str]], as_of: str | None = None) -> pd.DataFrame:
    table = io.StringIO()
    writer = csv.DictWriter(table, HEADER)
    writer.writeheader()
    writer.writerows(rows)
    with tempfile.TemporaryDirectory() as folder:
        home = project(Path(folder, "project"))
        office = home / "data/raw/office"
        deliver(office, table.getvalue().encode(), published="", retrieved="2026-01-01")
        return load_observations(root=home, as_of=as_of)


some = settings(max_examples=25)


@some
@given(rows=deliveries())
def test_load_write_load_is_identity(rows: list[dict[str, str]]) -> None:
    first = load(rows)
    assert len(first) == len(rows)
    # The file may come in any order and with any position of a row; everything else is kept.
    written = first.sort_values("row").rename(columns={"indicator_id": "indicator"})
    titles = [rows[n - 2]["source_title"] for n in written["row"]]
    written = written.assign(source_title=titles, source_date=written["published"])
    second = load(written[[*HEADER]].assign(value=written["value"].map(repr)).to_dict("records"))
    pd.testing.assert_frame_equal(first, second)
    assert tuple(second.columns) == COLUMNS


@some
@given(rows=deliveries(), day=DAYS)
def test_nothing_published_later_is_seen_and_nothing_earlier_is_lost(rows, day) -> None:
    frame = load(rows, as_of=str(day))
    assert len(frame) == sum(row["vintage"] <= str(day) for row in rows)
    assert (frame["vintage"] <= str(day)).all()


@some
@given(rows=deliveries())
def test_the_best_evidence_stands_then_the_exact_then_the_newest_and_gaps_stay(rows) -> None:
    frame = load(rows)
    for scope in ("city", "provincial"):
        one = all_series(frame[frame["scope"] == scope])
        years = list(one["year"])
        assert years == (list(range(min(years), max(years) + 1)) if years else [])
        rivals: dict[str, list[tuple[Any, ...]]] = {}
        for row in rows:
            if (row["scope"], row["qualifier"] in ("exact", "derived")) == (scope, True):
                rank = (-EVIDENCE.index(row["evidence"]), row["qualifier"] == "exact")
                entry = (*rank, row["vintage"], int(row["source_title"][2:]), float(row["value"]))
                rivals.setdefault(row["period"], []).append(entry)
        for found in one.to_dict("records"):
            told = rivals.get(str(found["year"]), [])
            assert found["is_observed"] == bool(told)
            assert pd.isna(found["value"]) if not told else found["value"] == max(told)[-1]
            assert not told or found["alternatives"] == len(told) - 1


@given(st.text(max_size=12))
def test_reading_a_number_never_raises(text: str) -> None:
    assert isinstance(parse_number(text), float | str)


@given(st.decimals("-1000", "1000", places=3))
def test_a_plain_number_reads_as_itself(number: object) -> None:
    assert parse_number(str(number)) == float(str(number))


@given(st.text(max_size=12))
def test_neutralising_loses_nothing(text: str) -> None:
    safe = neutralise(text)
    assert not safe.startswith(("=", "+", "-", "@", "\t", "\r"))
    assert (safe.removeprefix("'") if safe != text else text) == text
