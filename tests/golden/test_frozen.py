"""What the library answered on the day of the freeze: every later difference is declared.

``frozen/*.csv`` were written once, by ``python scripts/freeze.py``. Each is read as records
{(key, field): value} and held against what the library says now. ``frozen/changes.csv`` lists
every intended difference with its reason: file, key (parts joined by ``|``), field, frozen, now.
In key, field and frozen ``*`` stands for anything; now is exact, with these words of its own:

    (gone)   the record is no longer there
    (new)    in `frozen`: the record was not there
    (again)  the cells changed together and were frozen again: they stand in ``NAME_again.csv``

A difference that is not listed fails, and so does a line that no difference needs. Columns that
are new since the freeze are not compared. In ``verdicts.csv`` the first day of a plan is whole;
a later day holds only what differs from the day before, and empty cells are left out.
"""

from __future__ import annotations

import atexit
import csv
import fnmatch
import math
import re
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import pytest
from made_deliveries import CASES, deliver_case

import wqa

ROOT = Path(__file__).resolve().parents[2]
VECTORS = Path(__file__).with_name("open_sdg.csv")
FROZEN = Path(__file__).with_name("frozen")
CHANGES = FROZEN / "changes.csv"
CHANGE_COLUMNS = ("file", "key", "field", "frozen", "now", "reason")

Key = tuple[str, ...]
Records = dict[tuple[Key, str], str]

PLANS = ("wuhan-14fyp", "hubei-outline-2025")
# Days after which other figures were known; between others nothing changed.
DAYS = ("2021-06-30", "2021-12-31", "2023-06-30", "2024-03-31", "2025-12-31", "2026-11-22")
NEWEST = DAYS[-1]
# Delivered after the freeze: left out of these records, although the sources are older.
LATER = ("published_figures_2026_11", "regions_2026_11")


@cache
def as_delivered() -> Path:
    """Project with the deliveries, and the corrections of them, that there were at the freeze."""
    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder)
    (folder / "notebooks").mkdir()
    ignore = shutil.ignore_patterns(*LATER, "corrections.yml")
    shutil.copytree(ROOT / "data/raw", folder / "data/raw", ignore=ignore)
    text = (ROOT / "data/raw/corrections.yml").read_text(encoding="utf-8")
    head, *entries = re.split(r"(?m)^(?=  - id: )", text)
    kept = [entry for entry in entries if not re.search(rf"file: ({'|'.join(LATER)})/", entry)]
    (folder / "data/raw/corrections.yml").write_text("".join([head, *kept]), encoding="utf-8")
    return folder


@pytest.fixture(autouse=True)
def only_what_was_delivered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WQA_ROOT", str(as_delivered()))


# ------------------------------------------------------------------ what the library says now


def shown(value: Any) -> str:
    """Cell as text: published numbers whole, computed ones with six significant digits."""
    if value is None or (not isinstance(value, str) and pd.isna(value)):
        return ""
    if not isinstance(value, float):
        return str(value).replace("\n", " ")
    short = abs(value - round(value, 4)) <= 1e-12 * max(1.0, abs(value))
    return f"{value:.12g}" if short else f"{value:.6g}"


def records(frame: pd.DataFrame, keys: Iterable[str], fields: Iterable[str] = ()) -> Records:
    """Cells of a frame by key and column; repeated keys are numbered."""
    keys, found, seen = tuple(keys), {}, {}
    fields = tuple(fields) or tuple(c for c in frame.columns if c not in keys)
    for row in frame.to_dict("records"):
        key = tuple(shown(row[name]) for name in keys)
        seen[key] = seen.get(key, 0) + 1
        key = key if seen[key] == 1 else (*key[:-1], f"{key[-1]}#{seen[key]}")
        found |= {(key, name): shown(row[name]) for name in fields if name in row}
    return found


def verdicts() -> Records:
    """Verdicts and readings of both plans on six days."""
    found: Records = {}
    for plan in PLANS:
        for day in DAYS:
            judged = wqa.assess(plan, as_of=day)
            read = wqa.assess(plan, as_of=day, readings=True)
            read["reading"] = read["field"] + ":" + read["reading_id"]
            judged["reading"] = ""
            for frame in (judged, read.rename(columns={"field": "read_field"})):
                frame = frame.assign(plan=plan, as_of=day)
                found |= records(frame, ("plan", "as_of", "row", "reading"))
    return found


def as_frame(findings: Iterable[Any]) -> pd.DataFrame:
    names = ("code", "severity", "file", "row", "column", "value", "message_en")
    rows = [[getattr(finding, name) for name in names] for finding in findings]
    return pd.DataFrame(rows, columns=list(names))


def bad_inputs() -> Records:
    """Findings of the bad inputs there were at the freeze; later ones are tested beside."""
    path, found = FROZEN / "bad_inputs.csv", {}
    cases = CASES
    if path.exists():
        known = {key[0] for key, _ in read(path, KINDS["bad_inputs"])}
        cases = [case for case in cases if case.name in known]
    with tempfile.TemporaryDirectory() as folder:
        for case in cases:
            frame = as_frame(wqa.check_project(deliver_case(case, Path(folder, case.name))))
            frame["case"] = case.name
            found |= records(frame, KINDS["bad_inputs"].keys, ("severity", "value"))
    return found


@cache
def raw_rows(file: str) -> list[dict[str, str]]:
    with (ROOT / file).open(encoding="utf-8-sig", newline="") as lines:
        return list(csv.DictReader(lines))


def findings() -> Records:
    """Findings of the real data, each with the indicator of its row or series."""
    frame = as_frame(wqa.check_project(as_delivered(), as_of=NEWEST))
    ids = sorted(wqa.load_indicators())

    def indicator(row: Any) -> str:
        if row.row > 1:
            return raw_rows(row.file)[row.row - 2].get("indicator") or ""
        return next((i for i in ids if f"{i} /" in row.message_en), "")

    frame["indicator"] = [indicator(row) for row in frame.itertuples()]
    return records(frame, KINDS["findings"].keys, ("severity",))


def conflicts() -> Records:
    """Disagreements; comparisons that are newer than the freeze are tested beside."""
    frame, path = wqa.find_conflicts(), FROZEN / "conflicts.csv"
    if path.exists():
        known = {key[-1] for key, _ in read(path, KINDS["conflicts"])}
        frame = frame[frame["comparison_id"].isin([*known, ""])]
    return records(frame, KINDS["conflicts"].keys)


@cache
def package() -> dict[str, pd.DataFrame]:
    """Tables of the data package."""
    with tempfile.TemporaryDirectory() as folder:
        wqa.build_data_package(Path(folder), root=as_delivered())
        return {p.stem: pd.read_csv(p, keep_default_na=False) for p in Path(folder).glob("*.csv")}


def series() -> Records:
    """Annual series: the value that stands for each year."""
    frame = package()["series"].replace({"value": {"": "nan"}}).astype({"value": float})
    return records(frame, KINDS["series"].keys, ("value", "qualifier"))


def observation_counts() -> Records:
    frame = wqa.load_observations(as_of=NEWEST, root=as_delivered())
    frame["year"] = frame["year"].astype("float")
    counts = frame.groupby(["indicator_id", "region"], sort=True).agg(
        rows=("period", "size"), first_year=("year", "min"), last_year=("year", "max"),
        total=("value", "sum"),
    )  # fmt: skip
    return records(counts.reset_index(), KINDS["observation_counts"].keys)


LENGTHS = (1, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 40)
QUANTILES = {"q025": 0.025, "q10": 0.1, "q50": 0.5, "q90": 0.9, "q975": 0.975}
HORIZONS = (1, 3, 5)
# Family: level, yearly change, size of the wiggle, target, comparator, decimals.
FAMILIES = {
    "percent": (94.0, 0.12, 0.4, 98.5, ">=", 2),
    "score": (70.0, 0.3, 0.9, 80.0, ">=", 1),
    "rate": (0.9, -0.015, 0.03, 0.5, "<", 2),
    "count": (40.0, 3.0, 4.0, 90.0, ">=", 0),
    "positive": (5.0, 0.2, 0.25, 8.0, ">", None),
    "index": (101.0, 0.25, 0.6, 105.0, ">=", 1),
}
# The trend models are slow, and differ between families only by the scale they work on.
TREND_MODELS = ("drift", "theta", "ets_damped", "local_linear_trend")
TREND_FAMILIES, TREND_LENGTHS = ("percent", "rate", "count"), (2, 6, 20, 40)


def made_up(family: str, length: int) -> list[float]:
    """Series by formula: a straight line and a wiggle that does not repeat early."""
    level, change, wiggle, *_ = FAMILIES[family]
    places = 0 if family == "count" else 3
    bends = ((i * i * 5 + i * 3) % 11 / 5 - 1 for i in range(length))
    return [round(level + change * i + wiggle * bend, places) for i, bend in enumerate(bends)]


def grid() -> Iterator[tuple[str, str, int, str, dict[str, Any]]]:
    """Family, form of the call, length, model, options of the call."""
    for family in FAMILIES:
        for length in LENGTHS:
            yield family, "plain", length, "pooled", {}
    for model in TREND_MODELS:
        for family in TREND_FAMILIES:
            for length in TREND_LENGTHS:
                yield family, "plain", length, model, {}
    for length in (4, 6, 10, 20):
        for family in FAMILIES:
            yield family, "gap", length, "pooled", {}
        sizes = [400 + 50 * i for i in range(length)]
        yield "percent", "denominators", length, "pooled", {"denominators": sizes}
        others = pd.DataFrame(
            [(f"s{n}", 2000 + i, v - 0.3 * n) for n in range(5)
             for i, v in enumerate(made_up("percent", 12))],
            columns=["series_id", "year", "value"],
        )  # fmt: skip
        yield "percent", "panel", length, "pooled", {"panel": others}


def forecasts() -> Records:
    """Quantiles and probabilities of made-up series."""
    rows = []
    for family, form, length, model, options in grid():
        *_, target, comparator, decimals = FAMILIES[family]
        values: list[float] = made_up(family, length)
        if form == "gap":
            values[length // 2] = math.nan
        years = [2001 + i for i in range(length)]
        made = wqa.forecast(values, years, family=family, model=model, horizon=5, **options)
        for ahead in HORIZONS:
            year = years[-1] + ahead
            cells = (family, form, length, model, ahead)
            rows.append(
                dict(zip(KINDS["forecasts"].keys, cells, strict=True))
                | {name: float(made.quantile(p, year)) for name, p in QUANTILES.items()}
                | {"p_attain": float(made.p_attain(target, comparator, year, decimals))}
                | {"fallback": made.fallback, "evidence_class": made.evidence_class}
            )
    return records(pd.DataFrame(rows), KINDS["forecasts"].keys)


def labels_of(case: Any) -> pd.DataFrame:
    def none(value: float) -> float | None:
        return None if pd.isna(value) else value

    return wqa.official_labels(
        case.base, case.base_year, case.value, case.year, none(case.target), case.target_year,
        "higher_better" if case.positive else "lower_better", limit=none(case.limit),
    )  # fmt: skip


def labels() -> Records:
    """Answers of every method for each fifteenth vector; its inputs are in ``open_sdg.csv``."""
    found: Records = {}
    for case in pd.read_csv(VECTORS).iloc[::15].itertuples():
        for row in labels_of(case).itertuples():
            answer = f"{shown(row.label) or row.reason_undefined} {shown(row.value)}".strip()
            found[(str(case.Index + 2),), row.method] = answer
    return found


class Kind(NamedTuple):
    """One frozen file: its key columns, how it is made, and how near numbers must be."""

    keys: tuple[str, ...]
    make: Callable[[], Records]
    near: float = 2e-5


KINDS = {
    "verdicts": Kind(("plan", "as_of", "row", "reading"), verdicts),
    "bad_inputs": Kind(("case", "code", "row", "column"), bad_inputs),
    "findings": Kind(("code", "indicator", "file", "row", "column", "value"), findings),
    "conflicts": Kind(("kind", "target_ids", "indicator_id", "field", "comparison_id"), conflicts),
    "series": Kind(("indicator_id", "region", "scope", "year"), series),
    "observation_counts": Kind(("indicator_id", "region"), observation_counts),
    # Optimisers of other versions and processors end a little apart.
    "forecasts": Kind(("family", "form", "length", "model", "ahead"), forecasts, 1e-3),
    "labels": Kind(("line",), labels),
}


# ----------------------------------------------------------------------- files and comparison


def by_day(found: Records, *, spread: bool) -> Records:
    """Keep of each day what differs from the day before; `spread` undoes it."""
    plans = dict.fromkeys(key[0] for key, _ in found)
    out: Records = {}
    for plan in plans:
        before: Records = {}
        for day in DAYS:
            one = {((*k[:1], *k[2:]), f): v for (k, f), v in found.items() if k[:2] == (plan, day)}
            whole = before | one
            kept = whole if spread else {c: v for c, v in one.items() if before.get(c, "") != v}
            out |= {((plan, day, *k[1:]), f): v for (k, f), v in kept.items()}
            before = whole
    return out


def write(path: Path, kind: Kind, found: Records) -> None:
    """Write records: verdicts one cell a line, all others one key a line."""
    with path.open("w", encoding="utf-8", newline="") as lines:
        out = csv.writer(lines, lineterminator="\n")
        if kind.make is verdicts:
            out.writerow((*kind.keys, "field", "value"))
            short = by_day(found, spread=False)
            out.writerows((*key, field, value) for (key, field), value in short.items())
            return
        fields = tuple(dict.fromkeys(field for _, field in found))
        out.writerow((*kind.keys, *fields))
        for key in dict.fromkeys(key for key, _ in found):
            out.writerow((*key, *(found.get((key, field), "") for field in fields)))


def read(path: Path, kind: Kind) -> Records:
    """Read what `write` wrote."""
    with path.open(encoding="utf-8", newline="") as lines:
        head, *rows = csv.reader(lines)
    n = len(kind.keys)
    if kind.make is verdicts:
        return by_day({(tuple(row[:n]), row[n]): row[n + 1] for row in rows}, spread=True)
    return {(tuple(r[:n]), f): v for r in rows for f, v in zip(head[n:], r[n:], strict=True)}


def same(frozen: str, now: str, near: float) -> bool:
    """Whether two cells agree word by word, numbers nearly."""
    a, b = frozen.split(" "), now.split(" ")
    return len(a) == len(b) and all(_equal(*pair, near) for pair in zip(a, b, strict=True))


def _equal(a: str, b: str, near: float) -> bool:
    try:
        return a == b or math.isclose(float(a), float(b), rel_tol=near, abs_tol=1e-6)
    except ValueError:
        return False


class Change(NamedTuple):
    """A declared difference, or a difference found (without reason)."""

    file: str
    key: str
    field: str
    frozen: str
    now: str
    reason: str = ""

    def covers(self, found: Change, near: float) -> bool:
        fits = all(_fits(getattr(self, name), getattr(found, name)) for name in ("key", "field"))
        value = self.frozen == "*" or same(self.frozen, found.frozen, near)
        if not (fits and value) or self.now != "(again)":
            return fits and value and same(self.now, found.now, near)
        cell = tuple(found.key.split("|")), found.field
        return same(again(self.file).get(cell, ""), found.now, near)  # empty cells are left out


@cache
def again(name: str) -> Records:
    """Records that were frozen again."""
    return read(FROZEN / f"{name}_again.csv", KINDS[name])


def _fits(pattern: str, text: str) -> bool:
    return pattern == text or fnmatch.fnmatchcase(text, pattern.replace("[", "[[]"))


def declared(name: str) -> list[Change]:
    with CHANGES.open(encoding="utf-8", newline="") as lines:
        return [Change(**row) for row in csv.DictReader(lines) if row["file"] == name]


def differences(name: str, frozen: Records, now: Records) -> list[Change]:
    """Cells that differ, in the order of the frozen file, then what is new."""
    fields, have = {f for _, f in frozen}, {f for _, f in now}
    keys, keys_now = {k for k, _ in frozen}, {k for k, _ in now}
    out: list[Change] = []
    for key, field in dict.fromkeys((*frozen, *(cell for cell in now if cell[1] in fields))):
        was = frozen.get((key, field), "") if key in keys else "(new)"
        is_gone = key not in keys_now or field not in have
        got = "(gone)" if is_gone else now.get((key, field), "")
        if not same(was, got, KINDS[name].near):
            out.append(Change(name, "|".join(key), field, was, got))
    return out


def compared(name: str) -> tuple[list[Change], list[Change]]:
    """Differences nobody declared, and declared lines that no difference needs."""
    lines, near = declared(name), KINDS[name].near
    found = differences(name, read(FROZEN / f"{name}.csv", KINDS[name]), KINDS[name].make())
    covering = [{n for n, line in enumerate(lines) if line.covers(one, near)} for one in found]
    open_ = [one for one, some in zip(found, covering, strict=True) if not some]
    used = set().union(*covering)
    return open_, [line for n, line in enumerate(lines) if n not in used]


def table(changes: list[Change], limit: int = 40) -> str:
    """Print differences as a small table."""
    frame = pd.DataFrame(changes, columns=list(Change._fields)).iloc[:, 1:5]
    more = f"\n... and {len(changes) - limit} more" if len(changes) > limit else ""
    return frame.head(limit).to_string(index=False, max_colwidth=48) + more


# -------------------------------------------------------------------------------------- tests


@pytest.mark.parametrize("name", KINDS)
def test_nothing_differs_from_the_freeze_but_what_is_declared(name: str) -> None:
    undeclared, stale = compared(name)
    if undeclared or stale:
        text = f"{name}: {len(undeclared)} undeclared differences\n{table(undeclared)}\n"
        text += f"declared in changes.csv, but no difference\n{table(stale)}"
        pytest.fail(text, pytrace=False)


def test_changes_name_a_frozen_file_and_a_reason() -> None:
    with CHANGES.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.reader(lines))
    assert tuple(rows[0]) == CHANGE_COLUMNS
    for row in rows[1:]:
        change = Change(*row)
        assert change.file in KINDS, row
        assert len(change.reason) > 10, row
        assert "*" not in change.now, row
    assert len({tuple(row[:4]) for row in rows[1:]}) == len(rows) - 1


def test_a_changed_cell_is_seen_and_can_be_declared() -> None:
    key = ("wuhan-14fyp", "2025-12-31", "7", "")
    frozen = {(key, "level"): "98.4", (key, "verdict"): "attained", (key, "p"): "0.123456"}
    now = {(key, "level"): "98.6", (key, "p"): "0.123457", (key, "other"): "1"}
    found = differences("verdicts", frozen, now)
    assert [change[2:5] for change in found] == [
        ("level", "98.4", "98.6"),
        ("verdict", "attained", "(gone)"),
    ]
    line = Change("verdicts", "wuhan-14fyp|*|7|", "level", "*", "98.6", "a test of the test")
    assert [line.covers(change, 1e-5) for change in found] == [True, False]
    assert "98.6" in table(found)
