"""Whatever is published: writing and loading changes nothing, and as_of never looks ahead."""

from __future__ import annotations

import csv
import hashlib
import shutil
import tempfile
from pathlib import Path

import pandas as pd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wqa.data.cells import EVIDENCE, parse_number
from wqa.data.loading import load_observations
from wqa.data.observations import COLUMNS
from wqa.data.package import neutralise
from wqa.data.series import best_values, series

HEADER = ("indicator", "region", "period", "value", "unit", "scope", "qualifier", "vintage",
          "note", "source_title", "source_date", "evidence")  # fmt: skip
# Text as people write it: no control characters, and no spreadsheet formula.
TEXT = st.text(
    st.characters(codec="utf-8", categories=("L", "N", "P", "Zs", "S")), max_size=20
).map(lambda text: text.strip().lstrip("=@+-"))
DAYS = st.dates(pd.Timestamp("2010-01-01").date(), pd.Timestamp("2025-12-31").date())


@st.composite
def deliveries(draw: st.DrawFn) -> list[dict[str, str]]:
    rows = draw(
        st.lists(
            st.fixed_dictionaries(
                {
                    "period": st.integers(2010, 2025).map(str),
                    "value": st.decimals("50", "100", places=2).map(str),
                    "scope": st.sampled_from(["city", "provincial"]),
                    "qualifier": st.sampled_from(["exact", "derived", "lower_bound", "context"]),
                    "vintage": DAYS.map(str),
                    "note": TEXT,
                    "evidence": st.sampled_from(EVIDENCE),
                }
            ),
            min_size=1,
            max_size=12,
        )
    )
    common = {"indicator": "food_evaluation_pass_rate", "region": "WH", "unit": "%"}
    return [
        {**common, **row, "source_title": f"公告{n}", "source_date": row["vintage"]}
        for n, row in enumerate(rows)
    ]


def load(rows: list[dict[str, str]], root: Path, as_of: str | None = None) -> pd.DataFrame:
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder) / "data" / "raw"
        shutil.copytree(root / "data/raw/regions", raw / "regions")
        (raw / "office").mkdir()
        path = raw / "office" / "figures.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, HEADER)
            writer.writeheader()
            writer.writerows(rows)
        (raw / "office" / "source.yml").write_text(
            "kind: observations\ntitle: t\npublisher: p\nretrieved: '2026-01-01'\n"
            "evidence: official\nlicence: l\nfiles:\n  figures.csv: "
            f"'{hashlib.sha256(path.read_bytes()).hexdigest()}'\n",
            encoding="utf-8",
        )
        return load_observations(root=folder, as_of=as_of)


some = settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])


@some
@given(rows=deliveries())
def test_load_write_load_is_identity(root: Path, rows: list[dict[str, str]]) -> None:
    first = load(rows, root)
    assert len(first) == len(rows)
    # The file may come in any order and with any position of a row; everything else is kept.
    written = [
        {
            "indicator": row["indicator_id"], "region": row["region"], "period": row["period"],
            "value": repr(row["value"]), "unit": row["unit"], "scope": row["scope"],
            "qualifier": row["qualifier"], "vintage": row["vintage"], "note": row["note"],
            "source_title": next(r["source_title"] for r in [rows[int(row["row"]) - 2]]),
            "source_date": row["published"], "evidence": row["evidence"],
        }
        for row in first.sort_values("row").to_dict("records")
    ]  # fmt: skip
    second = load(written, root)
    pd.testing.assert_frame_equal(first, second)
    assert tuple(second.columns) == COLUMNS


@some
@given(rows=deliveries(), day=DAYS)
def test_nothing_published_later_is_seen_and_nothing_earlier_is_lost(
    root: Path, rows: list[dict[str, str]], day: object
) -> None:
    frame = load(rows, root, as_of=str(day))
    assert len(frame) == sum(row["vintage"] <= str(day) for row in rows)
    assert (frame["vintage"] <= str(day)).all()


@some
@given(rows=deliveries(), day=DAYS)
def test_the_newest_vintage_wins_among_equal_evidence(
    root: Path, rows: list[dict[str, str]], day: object
) -> None:
    for row in rows:
        row["evidence"] = "press"
    frame = load(rows, root, as_of=str(day))
    one = series(frame, "food_evaluation_pass_rate", "WH", "city")
    for found in one[one["is_observed"].astype(bool)].to_dict("records"):
        rivals = [
            row for row in rows
            if row["scope"] == "city" and row["qualifier"] in ("exact", "derived")
            and row["period"] == str(found["year"]) and row["vintage"] <= str(day)
        ]  # fmt: skip
        assert found["vintage"] == max(row["vintage"] for row in rivals)
        assert found["alternatives"] == len(rivals) - 1


@some
@given(rows=deliveries())
def test_years_are_complete_and_gaps_have_no_value(root: Path, rows: list[dict[str, str]]) -> None:
    frame = load(rows, root)
    for scope in ("city", "provincial"):
        one = series(frame, "food_evaluation_pass_rate", "WH", scope)
        years = list(one["year"])
        assert years == (list(range(min(years), max(years) + 1)) if years else [])
        assert list(one["value"].isna()) == [not observed for observed in one["is_observed"]]


@some
@given(rows=deliveries())
def test_better_evidence_is_never_passed_over(root: Path, rows: list[dict[str, str]]) -> None:
    frame = load(rows, root)
    best = best_values(frame).set_index(["scope", "year"])["evidence"]
    annual = frame[frame["qualifier"].isin(["exact", "derived"])]
    for (scope, year), group in annual.groupby(["scope", "year"]):
        grades = [EVIDENCE.index(evidence) for evidence in group["evidence"]]
        assert EVIDENCE.index(best.loc[(scope, year)]) == min(grades)


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
