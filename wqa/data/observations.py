"""Published figures as tidy frames: one row per figure, one series per definition.

A series is one (indicator, region, scope). Half-years, rounds, spans of years, targets and
bounds are kept and named by their `qualifier`, but never enter an annual series. Missing
years stay missing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from numbers import Integral
from pathlib import Path
from typing import Any

import pandas as pd

from wqa.catalog.catalog import load_indicators
from wqa.data.cells import nearest
from wqa.data.project_data import as_of_day, observation_frame, read_project
from wqa.data.scope_rules import ANNUAL
from wqa.data.series import best_values
from wqa.data.tidy import SOURCE_COLUMNS
from wqa.errors import DataError

Names = str | Iterable[str] | None
Years = int | Iterable[int] | None

DEATH_RATE_COLUMNS = (
    "region", "year", "scope", "deaths", "accidents", "stock_10k", "stock_in_use_10k",
    "published_rate", "published_base", "recomputed_rate", "recomputed_rate_in_use",
    "deaths_source_id", "accidents_source_id", "stock_10k_source_id",
    "stock_in_use_10k_source_id", "published_rate_source_id", "deaths_place", "accidents_place",
    "stock_10k_place", "stock_in_use_10k_place", "published_rate_place",
)  # fmt: skip


def load_observations(
    indicator: Names = None,
    region: Names = None,
    years: Years = None,
    as_of: str | None = None,
    annual: bool = False,
    scope: Names = None,
    root: Path | str | None = None,
    catalog: Path | str | None = None,
) -> pd.DataFrame:
    """Read the published figures.

    Parameters
    ----------
    indicator, region, scope : str or iterable of str, optional
        Ids to keep; default all. An indicator or region nobody knows is an error.
    years : int or iterable of int, optional
        Years the figures describe, for example ``range(2016, 2026)``.
    as_of : str, optional
        ISO date; keeps what was known on that day (``vintage <= as_of``).
    annual : bool
        Keep exact and derived values of whole years only.
    root : path-like, optional
        Project folder; default: found from the working folder.
    catalog : path-like, optional
        Folder with further indicators.

    Returns
    -------
    pandas.DataFrame
        Columns indicator_id, region, year, period, start, end, is_annual, value, unit,
        numerator, denominator, scope, qualifier, evidence, source_id, published, vintage,
        note, file, row; sorted by series, end, vintage. `numerator` counts passed batches for pass
        rates and deaths for death rates. `period` has one spelling;
        `start` and `end` are its first and last day, `year` is the year of `end`, and
        `is_annual` says whether it is one whole calendar year.

    Raises
    ------
    DataError
        If an id, a year or the date is not known.

    Examples
    --------
    >>> load_observations("special_equipment_deaths", "CN", range(2019, 2024), annual=True)
    ... # doctest: +SKIP
    """
    found = read_project(root, catalog)
    frame = observation_frame(found)
    printed = {entry.name_zh: key for key, entry in load_indicators(catalog).items()}
    ids = dict.fromkeys((*frame["indicator_id"], *printed.values()))
    codes = dict.fromkeys((*found.regions, *frame["region"]))
    places = {
        row[key]: code for code, row in found.regions.items() for key in ("name_zh", "name_en")
    }
    wanted = {
        "indicator_id": _names(indicator, {**printed, **{i: i for i in ids}}, "indicator"),
        "region": _names(region, {**places, **{c: c for c in codes}}, "region"),
        "scope": _names(scope, {s: s for s in frame["scope"]}, "scope"),
    }
    keep = pd.Series(True, index=frame.index)
    for column, names in wanted.items():
        if names is not None:
            keep &= frame[column].isin(names)
    if years is not None:
        keep &= frame["year"].isin(_years(years))
    if as_of is not None:
        keep &= frame["vintage"] <= as_of_day(as_of)
    if annual:
        keep &= frame["qualifier"].isin(ANNUAL)
    return frame[keep].reset_index(drop=True)


def load_pass_rates(
    indicator: Names = None,
    region: Names = None,
    years: Years = None,
    as_of: str | None = None,
    annual: bool = True,
    scope: Names = None,
    root: Path | str | None = None,
    catalog: Path | str | None = None,
) -> pd.DataFrame:
    """Read pass rates of sampling, monitoring and acceptance, in percent.

    Parameters
    ----------
    indicator, region, years, as_of, annual, scope, root, catalog
        See `load_observations`; here only whole years are kept unless ``annual=False``.

    Returns
    -------
    pandas.DataFrame
        As `load_observations`; `numerator` is the number of passed batches and
        `denominator` of tested ones, where published.

    Raises
    ------
    DataError
        If an id or the date is not known, or an asked indicator is no pass rate.
    """
    chosen = _family(indicator, catalog, "a pass rate", lambda i: i.endswith("_pass_rate"))
    return load_observations(chosen, region, years, as_of, annual, scope, root, catalog)


def load_satisfaction(
    indicator: Names = None,
    region: Names = None,
    years: Years = None,
    as_of: str | None = None,
    annual: bool = True,
    scope: Names = None,
    root: Path | str | None = None,
    catalog: Path | str | None = None,
) -> pd.DataFrame:
    """Read satisfaction scores, shares and ranks.

    Parameters
    ----------
    indicator, region, years, as_of, annual, scope, root, catalog
        See `load_observations`; here only whole years are kept unless ``annual=False``.

    Returns
    -------
    pandas.DataFrame
        As `load_observations`; `denominator` is the number of answers, where published.

    Raises
    ------
    DataError
        If an id or the date is not known, or an asked indicator is no satisfaction.
    """
    scores = {i for i, entry in load_indicators(catalog).items() if entry.family == "score"}
    chosen = _family(indicator, catalog, "a satisfaction", lambda i: "satisf" in i or i in scores)
    return load_observations(chosen, region, years, as_of, annual, scope, root, catalog)


def load_counts(
    indicator: Names = None,
    region: Names = None,
    years: Years = None,
    as_of: str | None = None,
    annual: bool = True,
    scope: Names = None,
    root: Path | str | None = None,
    catalog: Path | str | None = None,
) -> pd.DataFrame:
    """Read counts: brands, awards, standards, centres, certificates, complaints, accidents.

    Parameters
    ----------
    indicator, region, years, as_of, annual, scope, root, catalog
        See `load_observations`; here only whole years are kept unless ``annual=False``,
        which also leaves out stocks counted on a day inside the year.

    Returns
    -------
    pandas.DataFrame
        As `load_observations`.

    Raises
    ------
    DataError
        If an id or the date is not known, or an asked indicator is no count.
    """
    counts = {i for i, entry in load_indicators(catalog).items() if entry.family == "count"}
    chosen = _family(indicator, catalog, "a count", counts.__contains__)
    return load_observations(chosen, region, years, as_of, annual, scope, root, catalog)


def load_sources(root: Path | str | None = None, catalog: Path | str | None = None) -> pd.DataFrame:
    """Read the source records behind all figures.

    Parameters
    ----------
    root, catalog
        See `load_observations`.

    Returns
    -------
    pandas.DataFrame
        Columns source_id, title, publisher, published (as printed: a year, a month, a day
        or empty), url, evidence (the best grade of its figures), file; sorted by id.
    """
    rows = [
        [s[c] for c in SOURCE_COLUMNS]
        for _, s in sorted(read_project(root, catalog).sources.items())
    ]
    return pd.DataFrame(rows, columns=list(SOURCE_COLUMNS)).astype("str")


def load_regions(root: Path | str | None = None) -> pd.DataFrame:
    """Read the table of regions.

    Parameters
    ----------
    root
        See `load_observations`.

    Returns
    -------
    pandas.DataFrame
        Columns region, name_zh, name_en, level.
    """
    rows = [
        [r["code"], r["name_zh"], r["name_en"], r["level"]]
        for r in read_project(root).regions.values()
    ]
    return pd.DataFrame(rows, columns=["region", "name_zh", "name_en", "level"]).astype("str")


def load_quantities(root: Path | str | None = None) -> pd.DataFrame:
    """Read the quantities stated in the plan documents.

    Parameters
    ----------
    root
        See `load_observations`.

    Returns
    -------
    pandas.DataFrame
        Columns source_id, document, section, region, item_zh, item_en, period, comparator,
        value_text (as printed), value (number, or missing for words and ranges), unit,
        note, file, row.
    """
    found = read_project(root)
    rows = []
    for folder in found.folders:
        if folder.kind != "quantities":
            continue
        ids = {d["document"]: d["source_id"] for d in folder.source.get("documents") or ()}
        for table in folder.tables:
            for row in table.rows:
                cell = row.cells
                rows.append(
                    [ids.get(cell["seed_file"], ""), cell["seed_file"], cell["section"],
                     cell["region"], cell["item_zh"], cell["item_en"], cell["year_or_period"],
                     cell["comparator"], cell["value"], pd.to_numeric(cell["value"], "coerce"),
                     cell["unit"], cell["note"], table.file, row.line]
                )  # fmt: skip
    columns = ["source_id", "document", "section", "region", "item_zh", "item_en", "period",
               "comparator", "value_text", "value", "unit", "note", "file", "row"]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def load_death_rates(
    region: Names = None,
    years: Years = None,
    as_of: str | None = None,
    scope: Names = None,
    root: Path | str | None = None,
    catalog: Path | str | None = None,
) -> pd.DataFrame:
    """Read deaths, accidents, stock and death rates of special equipment side by side.

    The published rate and the rate recomputed from deaths and stock are never merged: the
    published denominator is not the registered stock (its base is named in
    `published_base`), and the counting rule of deaths changed several times (`scope`).

    Parameters
    ----------
    region, years, as_of, scope, root, catalog
        See `load_observations`; `scope` is the counting rule.

    Returns
    -------
    pandas.DataFrame
        One row per region, year and counting rule: region, year, scope, deaths, accidents,
        stock_10k (registered units, 10,000), stock_in_use_10k, published_rate and
        recomputed_rate (deaths per 10,000 units; the latter deaths / stock_10k),
        recomputed_rate_in_use, published_base (undisclosed, registered, in_use; empty if
        no rate is published), and for each figure its ``*_source_id`` and its
        ``*_place`` (file:row). Missing figures
        stay missing. Elevators are left out.

    Raises
    ------
    DataError
        If an id or the date is not known.
    """
    frame = load_observations(None, region, years, as_of, True, None, root, catalog)
    best = best_values(frame)
    best["place"] = best["file"] + ":" + best["row"].astype("str")
    best["base"] = best["scope"].str.partition("@")[2]
    best["scope"] = best["scope"].str.partition("@")[0]
    keys = ["region", "year", "scope"]

    def figure(indicator_id: str, name: str) -> pd.DataFrame:
        rows = best[(best["indicator_id"] == indicator_id) & (best["scope"] != "elevators")]
        renamed = {"value": name, "source_id": f"{name}_source_id", "place": f"{name}_place"}
        return rows[[*keys, *renamed, "base"]].rename(columns=renamed)

    stock = figure("special_equipment_stock", "stock_10k")
    joined = figure("special_equipment_deaths", "deaths").drop(columns="base")
    for indicator_id, name in (
        ("special_equipment_accidents", "accidents"),
        ("special_equipment_death_rate", "published_rate"),
    ):
        added = figure(indicator_id, name).rename(columns={"base": "published_base"})
        if name == "accidents":
            added = added.drop(columns="published_base")
        joined = joined.merge(added, on=keys, how="outer", validate="one_to_one")
    for base, name in (("registered", "stock_10k"), ("in_use", "stock_in_use_10k")):
        one = stock[stock["scope"] == base].drop(columns=["scope", "base"])
        one = one.set_axis([c.replace("stock_10k", name) for c in one.columns], axis="columns")
        joined = joined.merge(one, on=["region", "year"], how="left", validate="many_to_one")
    joined["recomputed_rate"] = joined["deaths"] / joined["stock_10k"]
    joined["recomputed_rate_in_use"] = joined["deaths"] / joined["stock_in_use_10k"]
    joined["published_base"] = joined["published_base"].fillna("")
    if scope is not None:
        scopes = {*joined["scope"], *best["scope"]}
        names = _names(scope, {name: name for name in scopes}, "scope")
        joined = joined[joined["scope"].isin(names or [])]
    return joined.sort_values(keys, ignore_index=True)[list(DEATH_RATE_COLUMNS)]


def _listed(asked: Any, what: str) -> list[Any]:
    if isinstance(asked, str | Integral):
        return [asked]
    if not isinstance(asked, Iterable):
        raise DataError(f"wrong {what}", got=asked, expected=f"one {what}, or several of them")
    return list(asked)


def _names(asked: Names, known: Mapping[str, str], what: str) -> list[str] | None:
    """Check names against the codes in `known`, a mapping of spelling to code."""
    if asked is None:
        return None
    names = _listed(asked, what)
    codes = set(known.values())
    for name in names:
        if name not in codes:
            near = ", ".join(nearest(str(name), known)) or "none"
            raise DataError(f"unknown {what}", got=name,
                            expected=f"one in the data or the catalogue; near: {near}")  # fmt: skip
    return names


def _years(asked: Years) -> list[int]:
    years = _listed(asked, "year")
    for year in years:
        if not isinstance(year, Integral):
            raise DataError("wrong year", got=year, expected="a whole number such as 2024")
    return [int(year) for year in years]


def _family(
    indicator: Names, catalog: Path | str | None, what: str, belongs: Callable[[str], bool]
) -> list[str]:
    if indicator is None:
        # Every id the data or the catalogue may hold; unknown ones would be an error later.
        return sorted(i for i in load_indicators(catalog) if belongs(i))
    names: list[str] = _listed(indicator, "indicator")
    for name in names:
        if not belongs(name):
            raise DataError(f"the indicator is not {what}", got=name,
                            fix="Use load_observations for any indicator.")  # fmt: skip
    return names
