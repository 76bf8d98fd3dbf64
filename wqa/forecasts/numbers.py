"""Numbers as a caller gave them: read strictly, with family and bounds, on a calendar."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np

from wqa.errors import ForecastError

Array: TypeAlias = np.ndarray[Any, Any]

FAMILIES = ("percent", "score", "rate", "count", "positive", "index")
MAX_SIZE = 1e100  # beyond, sums and squares leave the range of double precision
MAX_HORIZON, MAX_POINTS = 50, 200
# A longer span with more holes than values, or a year beyond, is mistyped.
MAX_YEARS, LAST_YEAR = 400, 100_000
NEXT, TARGET = 1.3, 1.75  # how far "about a hundred times" reaches for a year, a target
NO_NUMBERS = str | bytes | bool | np.bool_ | complex | np.complexfloating
_KEYS = ("series_id",), ("indicator_id", "region", "scope"), ("indicator_id",)


def refusal(
    what: str, where: str = "", got: object = None, expected: str = "", fix: str = ""
) -> ForecastError:
    """Error of input that has no answer: what, where, got, expected, what to do."""
    return ForecastError(what, where=where, got=got, expected=expected, fix=fix)


# --------------------------------------------------------------------------------- numbers


def _number(item: Any, where: str) -> float:
    if item is None or item is np.ma.masked or type(item).__name__ in ("NAType", "NaTType"):
        return float("nan")
    try:
        value = None if isinstance(item, NO_NUMBERS) else float(item)
    except (TypeError, ValueError, OverflowError):
        value = None
    if value is None:
        raise refusal("not a number", where, item, "a number or NaN")
    if np.isinf(value):
        raise refusal("an infinite value", where, value, "a finite number")
    if abs(value) > MAX_SIZE:
        raise refusal("a number beyond any unit", where, value, f"below {MAX_SIZE:g}")
    return 0.0 if abs(value) < 1.0 / MAX_SIZE else value


def finite_number(value: Any, where: str, what: str = "not a number") -> float:
    """Read a finite number."""
    found = _number(value, where)
    if np.isnan(found):
        raise refusal(what, where, value, "a finite number")
    return found


def whole_number(value: Any, where: str) -> int:
    """Read a whole number; text and flags are none."""
    number = isinstance(value, int | np.integer | float) and not isinstance(value, bool)
    if not number or not np.isfinite(float(value)) or float(value) != int(value):
        raise refusal("not a whole number", where, value, "an integer")
    return int(value)


def number_vector(values: Any, where: str) -> Array:
    """Read numbers in one dimension; None, NaN and masked entries are missing."""
    if isinstance(values, str | bytes):
        raise refusal("text instead of numbers", where, values, "numbers")
    raw = values.to_numpy() if hasattr(values, "to_numpy") else values
    if isinstance(raw, np.ma.MaskedArray):
        raw = raw.tolist()  # None where masked
    if not isinstance(raw, list | tuple):
        raw = [] if raw is None else np.atleast_1d(np.asarray(raw, dtype=object)).tolist()
    if any(isinstance(x, list | tuple | np.ndarray) or hasattr(x, "to_numpy") for x in raw):
        fix = "Use forecast_many for several series."
        raise refusal("more than one dimension", where, None, "one value per year", fix)
    return np.array([_number(x, f"{where}[{i}]") for i, x in enumerate(raw)], dtype=float)


def positive_vector(values: Any, size: int, where: str) -> Array:
    """Read exposures or numbers of samples: one for all or one per value, all above zero."""
    y = number_vector(values, where)
    y = np.full(size, y[0]) if y.size == 1 and np.ndim(values) == 0 else y
    if y.size != size:
        raise refusal("the length does not fit", where, int(y.size), f"{size} values")
    bad = np.flatnonzero(~(y > 0.0))
    if bad.size:
        raise refusal("not a positive number", f"{where}[{bad[0]}]", float(y[bad[0]]), "above 0")
    return y


# ------------------------------------------------------------------------ family and bounds


@dataclass(frozen=True)
class Quantity:
    """What a series measures: its family, and the bounds that no value can leave."""

    family: str
    low: float
    high: float

    @property
    def bounded(self) -> bool:
        """Whether there is an upper bound."""
        return bool(np.isfinite(self.high))


def quantity_of(family: Any, lower: Any = None, upper: Any = None) -> Quantity:
    """Check a family and its bounds; percentages and scores go from 0 to 100 by default."""
    if not isinstance(family, str) or family not in FAMILIES:
        raise refusal("unknown family", "family", family, " or ".join(FAMILIES))
    low = 0.0 if lower is None else finite_number(lower, "lower")
    high = 100.0 if family in ("percent", "score") else np.inf
    if upper is not None:
        high = finite_number(upper, "upper")
        if family in ("rate", "count", "positive"):
            fix = "A quantity with two bounds is a percent, or a score with lower= and upper=."
            raise refusal(f"a {family} has no upper bound", "upper", upper, "none", fix)
    if not low < high:
        expected = "a lower bound below the upper bound"
        raise refusal("the bounds are not in order", "lower, upper", (low, high), expected)
    return Quantity(family, low, high)


# ----------------------------------------------------------------------------------- series


@dataclass(frozen=True)
class AnnualSeries:
    """A series on a complete calendar, first and last year observed, NaN where one is missing."""

    years: Array
    readings: Array
    notes: tuple[str, ...] = ()

    @property
    def origin(self) -> int:
        """Last observed year."""
        return int(self.years[-1])

    @property
    def n_points(self) -> int:
        """Number of observed years."""
        return int(np.isfinite(self.readings).sum())


def annual_series(
    values: Any, years: Any, kind: Quantity, where: str = "values", *, in_any_order: bool = False
) -> AnnualSeries:
    """Check values and years and put them on a complete calendar; nothing is interpolated."""
    y = number_vector(values, where)
    if y.size == 0:
        raise refusal("there is nothing to forecast from", where, [], "at least one value")
    calendar = read_years(values, years, y.size, where, in_any_order=in_any_order)
    seen = np.flatnonzero(np.isfinite(y))
    if not seen.size:
        raise refusal("every value is missing", where, None, "at least one observed value")
    order = seen[np.argsort(calendar[seen])]
    at, y = calendar[order], y[order]
    if at[-1] - at[0] >= max(MAX_YEARS, 2 * at.size):
        got, expected = (int(at[0]), int(at[-1])), f"a span below {MAX_YEARS} years"
        raise refusal("the years are too far apart", where, got, expected)
    grid = np.full(int(at[-1] - at[0]) + 1, np.nan)
    grid[at - at[0]] = y
    return _checked(AnnualSeries(np.arange(at[0], at[-1] + 1), grid), kind, where)


def _checked(series: AnnualSeries, kind: Quantity, where: str) -> AnnualSeries:
    """Refuse values that cannot be; keep the newest 200 years, and note what looks odd."""
    y = series.readings
    outside = np.flatnonzero((y < kind.low) | (y > kind.high))
    if outside.size:
        where, got = f"{where}, year {series.years[outside[0]]}", float(y[outside[0]])
        expected, fix = (f"{kind.low:g} to {kind.high:g}", "Check the unit, or state other bounds.")
        raise refusal("a value is outside its bounds", where, got, expected, fix)
    notes = _shares(series, where) if kind == Quantity("percent", 0.0, 100.0) else ()
    if y.size > MAX_POINTS:
        first = y.size - MAX_POINTS + int(np.isfinite(y[-MAX_POINTS:]).argmax())
        notes = (*notes, f"cut to the newest {MAX_POINTS} of {y.size} years")
        return AnnualSeries(series.years[first:], y[first:], notes)
    return replace(series, notes=notes) if notes else series


def _shares(series: AnnualSeries, where: str) -> tuple[str, ...]:
    """Refuse a share among percentages; note a series that may consist of shares."""
    at = np.flatnonzero(series.readings > 0.0)
    y = series.readings[at]
    if not y.size or y.min() > 1.5:
        return ()
    if y.max() <= 1.5:
        return ("all values are at most 1.5: if they are shares, multiply them by 100",)
    cross = np.flatnonzero((y[1:] > 1.5) != (y[:-1] > 1.5))
    if _apart(y[cross + 1], y[cross], 100.0, NEXT).all():
        pair = at[cross[0] : cross[0] + 2]
        where = f"{where}, years {series.years[pair[0]]} and {series.years[pair[1]]}"
        got, fix = tuple(series.readings[pair].tolist()), "Multiply the share by 100."
        raise refusal("a share stands among percentages", where, got, "percent", fix)
    return ()


def _apart(numbers: Any, others: Any, factor: float, reach: float) -> Any:
    """Whether numbers differ by about a factor, as shares and percentages do by a hundred."""
    return np.abs(np.abs(np.log(numbers / others)) - np.log(factor)) < np.log(reach)


def check_unit(series: AnnualSeries, kind: Quantity, target: float) -> None:
    """Refuse a target about a hundred or ten thousand times beside all values of a series."""
    values = series.readings[series.readings > 0]
    if kind.family not in ("percent", "score", "rate") or not target > 0 or not values.size:
        return
    for factor in (100.0, 10_000.0):
        if _apart(target, values, factor, TARGET).all():
            got, fix = (target, float(values[-1])), f"Multiply the smaller by {factor:g}."
            raise refusal("the target is in another unit than the values", "target", got, fix=fix)


def read_years(
    values: Any, years: Any, size: int, where: str, *, in_any_order: bool = False
) -> Array:
    """Read the years of values: whole, each once, in order; default 1, 2, 3, ..."""
    if years is None and hasattr(values, "index") and hasattr(values, "to_numpy"):
        years = values.index
    if years is None:
        return np.arange(1, size + 1, dtype=np.int64)
    items: Sequence[Any] = list(years) if np.ndim(years) == 1 else [years]
    if len(items) != size:
        raise refusal("years and values differ in length", where, len(items), f"{size} years")
    whole = [whole_number(item, f"years[{i}]") for i, item in enumerate(items)]
    if max(map(abs, whole)) > LAST_YEAR:
        raise refusal("the years are too far apart", where, max(whole, key=abs))
    if len(set(whole)) < len(whole):
        twice, fix = next(y for y in whole if whole.count(y) > 1), "Keep one value per year."
        raise refusal("a year occurs twice", where, twice, "each year once", fix)
    back = np.flatnonzero(np.diff(whole) < 0)
    if back.size and not in_any_order:
        got = whole[back[0]], whole[back[0] + 1]
        raise refusal("the years are not in order", where, got, "increasing years")
    return np.array(whole, dtype=np.int64)


def on_calendar(extra: Any, values: Any, years: Any, series: AnnualSeries, where: str) -> Array:
    """Put numbers of samples or exposures, one per value, on the calendar of a series."""
    y = number_vector(values, "values")
    calendar = read_years(values, years, y.size, "values")
    given = number_vector(extra, where)
    if given.size != y.size:
        raise refusal("the length does not fit", where, int(given.size), f"{y.size} values")
    use = np.isfinite(y) & np.isfinite(given) & (calendar >= series.years[0])
    positive_vector(given[use], int(use.sum()), where)
    grid = np.full(series.years.size, np.nan)
    grid[calendar[use] - series.years[0]] = given[use]
    return grid


def resolve_horizon(origin: int, horizon: Any, target_year: Any) -> int:
    """Turn a horizon or a target year into a number of years ahead; five by default."""
    if horizon is not None and target_year is not None:
        got = horizon, target_year
        raise refusal("two horizons were given", "horizon, target_year", got, "one of the two")
    if target_year is not None:
        horizon = whole_number(target_year, "target_year") - origin
        if horizon < 1:
            what = "the target year is not after the last observed year"
            fix = "The outcome of that year is known; compare it with the target instead."
            raise refusal(what, "target_year", target_year, f"a year after {origin}", fix)
    steps = 5 if horizon is None else whole_number(horizon, "horizon")
    if not 1 <= steps <= MAX_HORIZON:
        raise refusal("the horizon is out of range", "horizon", steps, f"1 to {MAX_HORIZON} years")
    return steps


# ------------------------------------------------------------------------------ many series


def series_keys(frame: Any) -> Any:
    """Name the series of a frame, one name per row: series_id, or indicator | region | scope."""
    for columns in map(list, _KEYS):
        if set(columns).issubset(frame.columns) and not frame[columns].isna().any(axis=None):
            first, *rest = (frame[c] for c in columns)
            return first.astype(str).str.cat([c.astype(str) for c in rest], "|") if rest else first
    expected = "series_id (never missing), or indicator_id with region and scope"
    raise refusal("the series cannot be told apart", "columns", list(frame.columns), expected)


def one_series(frame: Any, years: Any, family: Any, lower: Any, upper: Any) -> tuple[Any, ...]:
    """Values and years of a frame of one series, and the kind of its indicator."""
    if years is not None or not {"year", "value"}.issubset(frame.columns):
        expected = "columns year and value, and no years="
        raise refusal("not a frame of one series", "values", list(frame.columns), expected)
    if "indicator_id" in frame.columns or "series_id" in frame.columns:
        names = series_keys(frame).unique().tolist()
        if len(names) > 1:
            fix = "Choose one with load_series, or use forecast_many."
            raise refusal("the frame holds several series", "values", names[:5], "one", fix)
    if "indicator_id" in frame.columns and family is None and len(frame):
        from wqa.catalog.catalog import load_indicators

        name = str(frame["indicator_id"].iloc[0])
        found = load_indicators().get(name)
        if found is None:
            fix = "State family=, lower= and upper=."
            raise refusal("the indicator is not in the catalogue", "values", name, fix=fix)
        family = found.family
        lower = found.lower if lower is None else lower
        upper = found.upper if upper is None else upper
    if "evidence" in frame.columns and "is_observed" not in frame.columns:
        from wqa.data.series import best_values

        frame = best_values(frame)
    frame = frame.sort_values("year", kind="stable")
    return frame["value"].to_numpy(), frame["year"].to_numpy(), family, lower, upper


def frame_series(frame: Any, kind: Quantity) -> Iterator[tuple[Any, AnnualSeries | ForecastError]]:
    """Series of a tidy frame by name, in order of first appearance, or why one is refused."""
    columns = list(getattr(frame, "columns", ()))
    if not {"year", "value"}.issubset(columns):
        got = columns or type(frame).__name__
        raise refusal("not a frame of series", "columns", got, "series_id, year and value")
    for name, rows in frame.groupby(series_keys(frame), sort=False, observed=True):
        values, years = rows["value"].to_numpy(), rows["year"].to_numpy()
        try:
            yield name, annual_series(values, years, kind, f"series {name}", in_any_order=True)
        except ForecastError as error:
            yield name, error


def table_series(
    values: Any, years: Any, kind: Quantity
) -> Iterator[tuple[int, AnnualSeries | ForecastError]]:
    """Series of a table by row number, or why a row is refused."""
    table = _table(values, "values")
    calendar = read_years(None, years, table.shape[1], "years")
    if (np.diff(calendar) != 1).any():
        expected = "no gap; a column of NaN where a year is missing"
        raise refusal("the columns of a table are consecutive years", "years", years, expected)
    for i, row in enumerate(table):
        seen = np.flatnonzero(~np.isnan(row))
        try:
            if not seen.size:
                raise refusal("every value is missing", f"row {i}")
            part = slice(int(seen[0]), int(seen[-1]) + 1)
            yield i, _checked(AnnualSeries(calendar[part], row[part]), kind, f"row {i}")
        except ForecastError as error:
            yield i, error


def _table(values: Any, where: str) -> Array:
    """Read numbers in rows and columns, one row per series."""
    plain = type(values) is np.ndarray and values.dtype.kind == "f"
    if not plain:
        try:
            values = values.tolist() if isinstance(values, np.ndarray) else values
            values = np.array(values, dtype=object)
        except ValueError as error:
            raise refusal("rows of different length", where) from error
    if values.ndim != 2 or values.size == 0:
        expected = "one row per series, one column per year"
        raise refusal("not a table of series", where, values.shape, expected)
    if not plain or np.isinf(values).any() or (np.abs(values) > MAX_SIZE).any():
        return number_vector(values.ravel(), where).reshape(values.shape)
    return np.where(np.abs(values) < 1.0 / MAX_SIZE, 0.0, values)
