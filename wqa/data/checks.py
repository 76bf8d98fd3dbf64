"""All checks of a project's data: files, rows and cells, then whole series.

Every fault becomes a `Finding`; all are collected and shown together.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from wqa.catalog.catalog import load_indicators
from wqa.catalog.records import Indicator
from wqa.data.findings import Finding, make_finding, sorted_findings
from wqa.data.project_data import as_of_day, observation_frame, read_project
from wqa.data.series import KEYS, annual_rows, best_values, list_series

JUMPS = (10, 100, 1000, 10_000)
# A slip of the unit leaves a value a power of ten away from its neighbours, give or take a
# yearly change of up to 40 % (10 ** 0.15).
_JUMP_TOLERANCE = 0.15
_SMOOTH = 3  # largest factor between neighbours of a series that runs smoothly
_SMALL_COUNT = 30  # small counts may well go from 1 to 10 within a year
_SHOWN = 10  # more years than this are counted, not listed


def check_project(
    root: Path | str | None = None, as_of: str | None = None, catalog: Path | str | None = None
) -> list[Finding]:
    """Check the raw data of a project.

    Parameters
    ----------
    root : path-like, optional
        Project folder; default: found from the working folder.
    as_of : str, optional
        ISO date; series are checked as they were known on that day. Faults of files and
        cells are always shown.
    catalog : path-like, optional
        Folder with further indicators.

    Returns
    -------
    list of Finding
        Errors first; empty if there is nothing to report.

    Raises
    ------
    DataError
        If `as_of` is no date.
    """
    found = read_project(root, catalog)
    frame = observation_frame(found)
    if as_of is not None:
        frame = frame[frame["vintage"] <= as_of_day(as_of)]
    return sorted_findings([*found.findings, *check_series(frame, load_indicators(catalog))])


def check_series(frame: pd.DataFrame, indicators: dict[str, Indicator]) -> list[Finding]:
    """Check series as wholes: disagreeing values, unit jumps, gaps, catalogue.

    Parameters
    ----------
    frame : pandas.DataFrame
        Observations.
    indicators : dict of str to Indicator
        The catalogue.

    Returns
    -------
    list of Finding
    """
    return [
        *_disagreements(frame),
        *_unit_jumps(frame),
        *_gaps(frame),
        *_catalog_differences(frame, indicators),
    ]


def _disagreements(frame: pd.DataFrame) -> Iterator[Finding]:
    rows = annual_rows(frame)
    keys = [*KEYS, "year"]
    differing = rows[rows.groupby(keys)["value"].transform("nunique") > 1]
    best = best_values(differing).set_index(keys)["value"].to_dict()
    for key, group in differing.sort_values(["file", "row"]).groupby(keys):
        values = ", ".join(f"{v:g}" for v in sorted(set(group["value"])))
        last = group.iloc[-1]
        yield make_finding(
            "values_disagree", file=last["file"], row=int(last["row"]), column="value",
            value=values, shown=values, series=" / ".join(map(str, key[:3])), years=key[3],
            expected=f"{best[key]:g}",
        )  # fmt: skip


def _unit_jumps(frame: pd.DataFrame) -> Iterator[Finding]:
    """Find values about 10, 100 ... times (or that part of) their neighbours in time."""
    best = best_values(frame)
    long = best[best.groupby(KEYS)["value"].transform("size") >= 3]
    for keys, group in long.groupby(KEYS):
        values = group["value"].to_numpy()
        if values.min() <= 0 or values.max() / values.min() < min(JUMPS) / 2:
            continue
        for n, row in enumerate(group.to_dict("records")):
            times = _times(values, n)
            if times:
                yield make_finding(
                    "unit_jump", file=row["file"], row=row["row"], column="value",
                    value=f"{row['value']:g}", expected=f"{times:g}",
                    series=f"{' / '.join(map(str, keys))} {row['year']}",
                )  # fmt: skip


def _times(values: np.ndarray, n: int) -> float:
    """Power of ten by which value `n` differs from its neighbours; 0 if it does not."""
    others = np.delete(values, n)
    # The rest must run smoothly, or nothing can be said of the one.
    if (np.abs(np.diff(np.log10(others))) > math.log10(_SMOOTH)).any():
        return 0.0
    neighbours = np.concatenate([values[:n][-1:], values[n + 1 :][:1]])
    reference = float(np.exp(np.log(neighbours).mean()))
    if max(values[n], reference) < _SMALL_COUNT and (values == np.round(values)).all():
        return 0.0
    power = math.log10(values[n] / reference)
    times = 10.0 ** round(power)
    is_jump = max(times, 1 / times) in JUMPS and abs(power - round(power)) < _JUMP_TOLERANCE
    return times if is_jump else 0.0


def _gaps(frame: pd.DataFrame) -> Iterator[Finding]:
    best = best_values(frame)
    groups = dict(iter(best.groupby(KEYS)))
    listed = list_series(frame)
    gaps = listed[(listed["n_missing"] > 0) & (listed["n_years"] >= 3)]
    for key in gaps[KEYS].itertuples(index=False, name=None):
        rows = groups[key]
        have = set(rows["year"])
        missing = [year for year in range(min(have), max(have)) if year not in have]
        text = ", ".join(str(year) for year in missing[:_SHOWN])
        if len(missing) > _SHOWN:
            text += f" … ({len(missing)})"
        yield make_finding(
            "missing_year", file=rows["file"].iloc[-1], column="period", value=text,
            series=" / ".join(key), years=text,
        )  # fmt: skip


def _catalog_differences(
    frame: pd.DataFrame, indicators: dict[str, Indicator]
) -> Iterator[Finding]:
    first_rows = frame.sort_values(["file", "row"]).drop_duplicates([*KEYS, "unit"])
    for row in first_rows.to_dict("records"):
        known = indicators.get(row["indicator_id"])
        if known and row["unit"] != known.unit:
            yield make_finding(
                "unit_differs", file=row["file"], row=row["row"], column="unit", value=row["unit"],
                series=" / ".join(row[key] for key in KEYS),
                expected=known.unit,
            )  # fmt: skip
    for indicator_id in sorted(set(frame["indicator_id"]) - set(indicators)):
        first = frame[frame["indicator_id"] == indicator_id].sort_values(["file", "row"]).iloc[0]
        yield make_finding(
            "not_in_catalog", file=first["file"], row=int(first["row"]), column="indicator",
            value=indicator_id,
        )  # fmt: skip
