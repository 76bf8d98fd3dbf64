"""Published figures of a project: read once as tidy frames, checked, written as a data package.

Half-years, rounds, spans of years, targets and bounds are kept and named by their `qualifier`, but
never enter an annual series. Missing years stay missing. The data package follows the standard of
that name (frictionless), so that other programs can open it.
"""

import hashlib
import json
import os
import re
import tempfile
from collections.abc import Iterable
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import pandas as pd
from pandas.api import types

from wqa.catalog.catalog import list_plans, load_indicators, load_plan, load_units, plan_frame
from wqa.catalog.reading import read_words, read_yaml, resolve_id, whole_year
from wqa.catalog.records import LANGUAGES, Plan
from wqa.data import findings, series
from wqa.data.cells import ANNUAL, is_iso_date, load_scopes, period_end
from wqa.data.observations import SOURCE_COLUMNS, Ingested, ingest
from wqa.errors import DataError
from wqa.paths import CATALOG, Folder, own_catalog, project_root

YEARS_AFTER_PLAN = 1  # a plan's last year is published, and finally evaluated, in the next
Names = str | Iterable[str] | None
Years = int | Iterable[int] | None
State = tuple[tuple[str, int, int], ...]
KnownFrames = tuple[pd.DataFrame, findings.Findings, pd.DataFrame]
_QUANTITIES = {"seed_file": "document", "year_or_period": "period", "value": "value_text"}
# A spreadsheet program runs text that begins so as a formula. A leading apostrophe, which
# it hides, stops that; text that begins with one gets another, so nothing is lost.
_RISKY = ("=", "+", "-", "@", "\t", "\r", "'")
_TYPES = {"b": "boolean", "i": "integer", "f": "number"}  # by kind of dtype


def as_of_day(as_of: str) -> str:
    """Check a day of knowledge; a year or month counts to its end."""
    if not isinstance(as_of, str) or not is_iso_date(as_of, partial=True):
        raise DataError("wrong as_of", got=as_of, expected="an ISO date such as '2026-03-31'")
    return period_end(as_of)


def read_project(root: Folder = None, catalog: Folder = None) -> Ingested:
    """Read ``data/raw``, or return what was read (shared) if no file has changed since."""
    found = _read(*_inputs(root, catalog))
    findings.raise_stops(found.findings)
    return found


def _inputs(root: Folder, catalog: Folder) -> tuple[Path, Path | None, State]:
    """Project, catalogue, and names, times and sizes of all inputs: a changed file is read anew."""
    home = project_root(root)
    extra = Path(catalog).resolve() if catalog is not None else own_catalog(None, str(home))
    folders = [home / "data" / "raw", *([extra] if extra else [])]
    files = sorted(Path(at, n) for top in folders for at, _, names in os.walk(top) for n in names)
    return home, extra, tuple((str(f), f.stat().st_mtime_ns, f.stat().st_size) for f in files)


@lru_cache(maxsize=4)
def _read(root: Path, catalog: Path | None, state: State) -> Ingested:
    return ingest(root, catalog)


@lru_cache(maxsize=16)
def _known(root: Path, catalog: Path | None, state: State, day: str) -> KnownFrames:
    """Observations known on a day (all if it is empty), errors in series, right observations."""
    frame = _read(root, catalog, state).frame
    if day:
        frame = frame[frame["vintage"] <= day]
    errors = series.series_errors(frame, load_indicators(catalog))
    return frame, errors, findings.right_rows(frame, errors).reset_index(drop=True)


def rows_out(as_of: str | None = None, root: Folder = None, catalog: Folder = None) -> int:
    """Count the rows that errors leave out of every calculation."""
    inputs = _inputs(root, catalog)
    _, errors, _ = _known(*inputs, as_of_day(as_of) if as_of else "")
    return len(findings.wrong_rows([*_read(*inputs).findings, *errors]))


def check_project(
    root: Folder = None, as_of: str | None = None, catalog: Folder = None
) -> list[findings.Finding]:
    """Check the raw data of a project.

    Parameters
    ----------
    root : path-like, optional
        Project folder; default: found from the working folder.
    as_of : str, optional
        ISO date: series are checked as known on that day; faults of files and cells always.
    catalog : path-like, optional
        Folder with further indicators.

    Returns
    -------
    list of Finding
        Errors first; empty if there is nothing to report.
    """
    inputs = _inputs(root, catalog)
    day = as_of_day(as_of) if as_of is not None else ""
    frame, errors, _ = _known(*inputs, day)
    reviews = series.series_reviews(frame, load_scopes(catalog).flows)
    plans = [load_plan(name, catalog) for name in list_plans(catalog)]
    reviews += series.inference_reviews(plans, _known(*inputs, "")[-1], day)
    return findings.sorted_findings([*_read(*inputs).findings, *errors, *reviews])


def load_observations(
    indicator: Names = None,
    region: Names = None,
    years: Years = None,
    as_of: str | None = None,
    annual: bool = False,
    scope: Names = None,
    names: Literal["zh", "en"] | None = None,
    root: Folder = None,
    catalog: Folder = None,
) -> pd.DataFrame:
    """Read the published figures.

    Parameters
    ----------
    indicator, region, scope : str or iterable of str, optional
        Ids, or names, to keep; default all. What nobody knows is an error.
    years : int or iterable of int, optional
        Years the figures describe, for example ``range(2016, 2026)``.
    as_of : str, optional
        ISO date; keeps what was known on that day (``vintage <= as_of``).
    annual : bool
        Keep exact and derived values of whole years only.
    names : {'zh', 'en'}, optional
        Add the columns indicator_name, region_name, unit_name and scope_name.
    root : path-like, optional
        Project folder; default: found from the working folder.
    catalog : path-like, optional
        Folder with further indicators.

    Returns
    -------
    pandas.DataFrame
        Columns indicator_id, region, year, period, start, end, is_annual, value, unit, numerator,
        denominator, scope, qualifier, evidence, source_id, published, vintage, note, file, row;
        sorted by series, end, vintage. Values are in the indicator's own unit; rows with an error
        are left out. `numerator` counts passed batches for pass rates, deaths for death rates.
        `period` has one spelling; `start` and `end` are its first and last day, `year` is that of
        `end`, and `is_annual` says whether it is one whole calendar year.

    Raises
    ------
    DataError
        If an id, a year or the date is not known, or a data file is damaged.
    """
    found = read_project(root, catalog)
    *_, frame = _known(*_inputs(root, catalog), as_of_day(as_of) if as_of is not None else "")
    for column, asked in (("indicator_id", indicator), ("region", region), ("scope", scope)):
        if asked is not None:
            known, what = found.names[column], column.removesuffix("_id")
            ids = [resolve_id(one, known, what) for one in _listed(asked)]
            frame = frame[frame[column].isin(ids)]
    if years is not None:
        frame = frame[frame["year"].isin([whole_year(year, "year") for year in _listed(years)])]
    if annual:
        frame = frame[frame["qualifier"].isin(ANNUAL)]
    frame = frame.reset_index(drop=True)
    for column in ("indicator_id", "region", "unit", "scope") if names else ():
        known, place = found.names[column], LANGUAGES.index(names)
        words = [(known.get(key) or (key, key))[place] for key in frame[column]]
        frame[f"{column.removesuffix('_id')}_name"] = words
    return frame


def _listed(asked: Any) -> list[Any]:
    return list(asked) if isinstance(asked, Iterable) and not isinstance(asked, str) else [asked]


def load_series(
    indicator: str,
    region: str,
    scope: str = "",
    *,
    as_of: str | None = None,
    root: Folder = None,
    catalog: Folder = None,
) -> pd.DataFrame:
    """Read one series: one value per year, as `forecast`, `backtest` and `panel` take it.

    Parameters
    ----------
    indicator, region : str
        Id or name.
    scope : str, optional
        Definition of the series; may be left out where there is one, or a plan names its own.
    as_of, root, catalog
        See `load_observations`.

    Returns
    -------
    pandas.DataFrame
        One row per year from the first to the last published, with the columns indicator_id,
        region, scope, year, value, unit, numerator, denominator, qualifier, evidence, source_id,
        published, vintage, file, row, alternatives (number of further values for the year) and
        is_observed (False in a missing year, which has no value; nothing is interpolated).
    """
    options: dict[str, Any] = {"as_of": as_of, "root": root, "catalog": catalog}
    frame = load_observations(indicator, region, annual=True, scope=scope or None, **options)
    keys = [tuple(key) for key in frame[series.KEYS].drop_duplicates().itertuples(index=False)]
    if len(keys) > 1:
        own = load_scopes(catalog).own
        keys = [key for key in keys if own.get(key[:2]) == key[2]] or keys
    if len(keys) != 1:
        what, got = f"{len(keys) or 'no'} annual series fit", (indicator, region, scope)
        expected = f"a scope of {', '.join(key[2] for key in keys) or 'another region'}"
        raise DataError(what, got=got, expected=expected)
    return series.all_series(frame[(frame[series.KEYS] == [*keys[0]]).all(axis="columns")])


def load_pass_rates(
    indicator: Names = None, region: Names = None, years: Years = None, **options: Any
) -> pd.DataFrame:
    """Read pass rates of sampling, monitoring and acceptance, in percent.

    Parameters
    ----------
    indicator, region, years, **options
        See `load_observations`; here only whole years are kept unless ``annual=False``.

    Returns
    -------
    pandas.DataFrame
        As `load_observations`; `numerator` is the number of passed batches and
        `denominator` of tested ones, where published.
    """
    options |= {"region": region, "years": years}
    return _family("a pass rate", "_pass_rate ", indicator, **options)


def load_satisfaction(
    indicator: Names = None, region: Names = None, years: Years = None, **options: Any
) -> pd.DataFrame:
    """Read satisfaction scores, shares and ranks.

    Parameters
    ----------
    indicator, region, years, **options
        See `load_observations`; here only whole years are kept unless ``annual=False``.

    Returns
    -------
    pandas.DataFrame
        As `load_observations`; `denominator` is the number of answers, where published.
    """
    options |= {"region": region, "years": years}
    return _family("a satisfaction", "satisf| score$", indicator, **options)


def load_counts(
    indicator: Names = None, region: Names = None, years: Years = None, **options: Any
) -> pd.DataFrame:
    """Read counts: brands, awards, standards, centres, certificates, complaints, accidents.

    Parameters
    ----------
    indicator, region, years, **options
        See `load_observations`; here only whole years are kept unless ``annual=False``.

    Returns
    -------
    pandas.DataFrame
        As `load_observations`.
    """
    options |= {"region": region, "years": years}
    return _family("a count", " count$", indicator, **options)


def _family(what: str, pattern: str, asked: Names, **options: Any) -> pd.DataFrame:
    """Read the indicators of a family; an asked one that is none of it is an error."""
    indicators = load_indicators(options.get("catalog")).values()
    family = [i.id for i in indicators if re.search(pattern, f"{i.id} {i.family}")]
    frame = load_observations(family if asked is None else asked, **{"annual": True, **options})
    if strangers := sorted(set(frame["indicator_id"]) - {*family}):
        fix = "Use load_observations for any indicator."
        raise DataError(f"the indicator is not {what}", got=", ".join(strangers), fix=fix)
    return frame


def load_sources(root: Folder = None, catalog: Folder = None) -> pd.DataFrame:
    """Source records behind all figures, by id; `published` as printed, `evidence` the best."""
    sources = read_project(root, catalog).sources
    rows = [sources[key] for key in sorted(sources)]
    return pd.DataFrame(rows, columns=list(SOURCE_COLUMNS)).astype("str")


def load_regions(root: Folder = None) -> pd.DataFrame:
    """Read the table of regions.

    Parameters
    ----------
    root : path-like, optional
        See `load_observations`.

    Returns
    -------
    pandas.DataFrame
        Columns region, name_zh, name_en, level.
    """
    rows = list(read_project(root).regions.values())
    frame = pd.DataFrame(rows, columns=["code", "name_zh", "name_en", "level"]).astype("str")
    return frame.rename(columns={"code": "region"})


def region_of(asked: str | None, plan: Plan, root: Folder = None) -> str:
    """Id of the region asked for, by id or name; the region of the plan if none is."""
    if not asked or asked == plan.region:
        return plan.region
    # The table of regions need not have the region of a plan of another project.
    rows = load_regions(root).to_dict("records")
    known = {row["region"]: (row["name_zh"], row["name_en"]) for row in rows}
    return resolve_id(asked, {plan.region: (), **known}, "region")


def year_of(name: str, asked: int | str | None, plan: Plan, later: int = 0) -> int | None:
    """Year asked for, as number or text, within the plan or so many years later; None if none."""
    if asked in (None, "", 0):
        return None
    year, last = whole_year(asked, name), plan.end_year + later
    if not plan.start_year <= year <= last:
        expected = f"a year from {plan.start_year} to {last}"
        raise DataError(f"{name} lies outside plan {plan.id}", got=year, expected=expected)
    return year


def load_quantities(root: Folder = None) -> pd.DataFrame:
    """Quantities stated in the plan documents; `value` is missing for words and ranges."""
    rows = []
    for delivery in (d for d in read_project(root).deliveries if d.source.kind == "quantities"):
        ids = {one["document"]: one["source_id"] for one in delivery.source.documents}
        for file, table in delivery.tables.items():
            for line, cells in table.items():
                source_id = ids.get(cells["seed_file"], "")
                rows.append({**cells, "source_id": source_id, "file": file, "row": line})
    names = read_words("raw_columns")["quantities"]["required"]
    columns = ["source_id", "seed_file", *names[1:], "file", "row"]
    frame = pd.DataFrame(rows, columns=columns).rename(columns=_QUANTITIES)
    return frame.assign(value=pd.to_numeric(frame["value_text"], "coerce"))


def load_death_rates(region: Names = None, years: Years = None, **options: Any) -> pd.DataFrame:
    """Read deaths, accidents, stock and death rates of special equipment side by side.

    The published rate and the one recomputed from deaths and stock are never merged: its base
    (`published_base`) is not the registered stock, and the counting rule (`scope`) changed.

    Parameters
    ----------
    region, years, **options
        See `load_observations`.

    Returns
    -------
    pandas.DataFrame
        One row per region, year, counting rule and base of the published rate: region, year, scope,
        deaths, accidents, stock_10k (registered units, 10,000), stock_in_use_10k, published_rate
        and recomputed_rate (deaths per 10,000 units; the latter deaths / stock_10k),
        recomputed_rate_in_use, published_base (undisclosed, registered, in_use; empty if no rate is
        published), and for each figure its ``*_source_id`` and its ``*_place`` (file:row). Missing
        figures stay missing. Elevators are left out.
    """
    return series.death_rates(load_observations(None, region, years, annual=True, **options))


def build_data_package(out: Folder = None, *, root: Folder = None) -> Path:
    """Rebuild the data package.

    Parameters
    ----------
    out : path-like, optional
        Folder; default ``data/processed`` of the project. Other files in it stay.
    root : path-like, optional
        See `load_observations`.

    Returns
    -------
    pathlib.Path
        The written ``datapackage.json``. Files appear only when all of them are complete.
    """
    tables = _tables(root)
    contents = {
        f"{name}.csv": frame.map(_cell).to_csv(index=False, lineterminator="\n").encode()
        for name, frame in tables.items()
    }
    # The descriptor last: it vouches for the files it names.
    units = {key: {"zh": unit.zh, "en": unit.en} for key, unit in load_units().items()}
    contents["datapackage.json"] = _descriptor(tables, contents, units=units)
    folder = Path(out) if out is not None else project_root(root) / "data" / "processed"
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as waiting:
        for name, content in contents.items():
            (Path(waiting) / name).write_bytes(content)
        for name in contents:
            (Path(waiting) / name).replace(folder / name)
    return folder / "datapackage.json"


def neutralise(text: str) -> str:
    """Keep a spreadsheet program from running a text cell as a formula; see `_RISKY`."""
    return f"'{text}" if text.startswith(_RISKY) else text


def _tables(root: Folder) -> dict[str, pd.DataFrame]:
    frame, found = load_observations(root=root), check_project(root)
    names = {"value": "found", "message": "message_zh"}
    told = findings.findings_frame(found, "zh").rename(columns=names)
    told["message_en"] = findings.findings_frame(found, "en")["message"]
    indicators = [asdict(entry) for _, entry in sorted(load_indicators().items())]
    tables = {
        "observations": frame,
        "series": series.all_series(frame),
        "indicators": pd.DataFrame(indicators).rename(columns={"id": "indicator_id"}),
        "regions": load_regions(root),
        "sources": load_sources(root).rename(columns={"published": "published_text"}),
        "findings": told,
    }
    # Elsewhere `row` is a line of a file; here it is a row of the plan's table, such as 1a.
    plans = [plan_frame(load_plan(plan)).assign(plan_id=plan) for plan in list_plans()]
    targets = pd.concat(plans, ignore_index=True).rename(columns={"row": "plan_row"})
    return tables | {"targets": targets}


def _cell(cell: Any) -> str:
    if isinstance(cell, str):
        return neutralise(cell)
    if cell is None or pd.isna(cell):
        return ""
    if types.is_bool(cell):
        return str(cell).lower()
    # repr is the shortest text that reads back as the same number
    return repr(cell.item() if hasattr(cell, "item") else cell).removesuffix(".0")


def _descriptor(tables: dict[str, pd.DataFrame], contents: dict[str, bytes], **own: Any) -> bytes:
    said = read_yaml(CATALOG / "datapackage.yml")
    resources = []
    for name, frame in tables.items():
        content = contents[f"{name}.csv"]
        fields = [_field(frame[column], said["columns"].get(column, {})) for column in frame]
        resource = {"name": name, "path": f"{name}.csv", "bytes": len(content)}
        resource["hash"] = f"sha256:{hashlib.sha256(content).hexdigest()}"
        resource["schema"] = {"fields": fields, "missingValues": [""]}
        resources.append(said["table"] | resource)
    records = tables["sources"]
    records = records[records["source_id"].str.startswith(("folder-", "doc-"))]
    sources = [{"title": r["title"], "name": r["source_id"]} for r in records.to_dict("records")]
    descriptor = {**said["package"], **own, "sources": sources, "resources": resources}
    text = json.dumps(descriptor, ensure_ascii=False, indent=2, sort_keys=True)
    return f"{text}\n".encode()


def _field(cells: pd.Series, said: dict[str, Any]) -> dict[str, Any]:
    """Name, type, constraints and description of a column."""
    kind = said.get("type") or _TYPES.get(cells.dtype.kind, "string")
    field = {"name": cells.name, "type": kind, "constraints": said.get("constraints", {})}
    return field | ({"description": f"{said['zh']} / {said['en']}"} if said else {})
