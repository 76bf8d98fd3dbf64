"""Numbers as a caller gave them: read strictly, on a calendar and on the working scale.

The working scale of a bounded quantity is the folded power of the share of the way between
its bounds, that of the others the power of the value relative to the series' own size. Both
reach a bound at a finite point, and no unit changes an answer.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np

from wqa.catalog.catalog import load_indicators
from wqa.data.series import best_values
from wqa.errors import ForecastError

Array: TypeAlias = np.ndarray[Any, Any]

FAMILIES = ("percent", "score", "rate", "count", "positive", "index")
MAX_SIZE = 1e100  # beyond, sums and squares leave the range of double precision
MAX_HORIZON, MAX_POINTS = 50, 200
# A longer span with more holes than values, or a year beyond, is mistyped.
MAX_YEARS, LAST_YEAR = 400, 100_000
NEXT, TARGET = 1.3, 1.75  # how far "about a hundred times" reaches for a year, a target
HALF_DIGIT = 0.0005  # half of a tenth of a point, as a share of the range
HALF_POINT = 10.0 * HALF_DIGIT  # the same of series that are printed in whole points
FLAT = 16.0  # squares of a point that a row of equal values hides in all, shared by its steps
HIDDEN = 6.0  # variance behind a bound that was read, in variances of the last digit
NO_NUMBERS = str | bytes | bool | np.bool_ | complex | np.complexfloating
_KEYS = ("series_id",), ("indicator_id", "region", "scope"), ("indicator_id",)


def require(
    good: Any, what: str, where: str = "", got: Any = None, expected: str = "", fix: str = ""
) -> None:
    """Refuse input that has no answer, unless it is good."""
    if not good:
        raise ForecastError(what, where=where, got=got, expected=expected, fix=fix)


def _number(item: Any, where: str) -> float:
    if item is None or item is np.ma.masked or type(item).__name__ in ("NAType", "NaTType"):
        return float("nan")
    try:
        value = None if isinstance(item, NO_NUMBERS) else float(item)
    except (TypeError, ValueError, OverflowError):
        value = None
    if value is None:
        raise ForecastError("not a number", where=where, got=item, expected="a number or NaN")
    require(not np.isinf(value), "an infinite value", where, value, "a finite number")
    require(not abs(value) > MAX_SIZE, "a number beyond any unit", where, value, "below 1e100")
    return 0.0 if abs(value) < 1.0 / MAX_SIZE else value


def finite_number(value: Any, where: str, what: str = "not a number") -> float:
    """Read a finite number."""
    found = _number(value, where)
    require(not np.isnan(found), what, where, value, "a finite number")
    return found


def whole_number(value: Any, where: str) -> int:
    """Read a whole number; text and flags are none."""
    number = isinstance(value, int | np.integer | float) and not isinstance(value, bool)
    whole = number and np.isfinite(float(value)) and float(value) == int(value)
    require(whole, "not a whole number", where, value, "an integer")
    return int(value)


def number_vector(values: Any, where: str) -> Array:
    """Read numbers in one dimension; None, NaN and masked entries are missing."""
    is_text = isinstance(values, str | bytes)
    require(not is_text, "text instead of numbers", where, values, "numbers")
    raw = values.to_numpy() if hasattr(values, "to_numpy") else values
    if isinstance(raw, np.ma.MaskedArray):
        raw = raw.tolist()  # None where masked
    if not isinstance(raw, list | tuple):
        raw = [] if raw is None else np.atleast_1d(np.asarray(raw, dtype=object)).tolist()
    nested = any(isinstance(x, list | tuple | np.ndarray) or hasattr(x, "to_numpy") for x in raw)
    fix = "Use forecast_many for several series."
    require(not nested, "more than one dimension", where, None, "one value per year", fix)
    return np.array([_number(x, f"{where}[{i}]") for i, x in enumerate(raw)], dtype=float)


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
    is_known = isinstance(family, str) and family in FAMILIES
    require(is_known, "unknown family", "family", family, " or ".join(FAMILIES))
    low = 0.0 if lower is None else finite_number(lower, "lower")
    high = 100.0 if family in ("percent", "score") else np.inf
    if upper is not None:
        high = finite_number(upper, "upper")
        fix = "A quantity with two bounds is a percent, or a score with lower= and upper=."
        is_open = family in ("rate", "count", "positive")
        require(not is_open, f"a {family} has no upper bound", "upper", upper, "none", fix)
    expected = "a lower bound below the upper bound"
    require(low < high, "the bounds are not in order", "lower, upper", (low, high), expected)
    return Quantity(family, low, high)


@dataclass(frozen=True)
class AnnualSeries:
    """A series on a complete calendar, first and last year observed, NaN where one is missing."""

    years: Array
    readings: Array
    samples: Array  # numbers of cases behind the values, NaN where unknown
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
    values: Any,
    years: Any,
    kind: Quantity,
    where: str = "values",
    *,
    samples: Any = None,
    in_any_order: bool = False,
) -> AnnualSeries:
    """Check values and years and put them on a complete calendar; nothing is interpolated."""
    y = number_vector(values, where)
    require(y.size, "there is nothing to forecast from", where, [], "at least one value")
    calendar = _read_years(values, years, y.size, where, in_any_order)
    sizes = np.full(y.size, np.nan) if samples is None else number_vector(samples, "denominators")
    unequal = "the length does not fit"
    require(sizes.size == y.size, unequal, "denominators", int(sizes.size), f"{y.size} values")
    seen = np.flatnonzero(np.isfinite(y))
    require(seen.size, "every value is missing", where, None, "at least one observed value")
    order = seen[np.argsort(calendar[seen])]
    low = sizes[order][sizes[order] <= 0.0].tolist()
    require(not low, "not a positive number", "denominators", low and low[0], "above 0")
    at = calendar[order]
    got, expected = (int(at[0]), int(at[-1])), f"a span below {MAX_YEARS} years"
    near = at[-1] - at[0] < max(MAX_YEARS, 2 * at.size)
    require(near, "the years are too far apart", where, got, expected)
    grid = np.full((2, int(at[-1] - at[0]) + 1), np.nan)
    grid[:, at - at[0]] = y[order], sizes[order]
    return _checked(AnnualSeries(np.arange(at[0], at[-1] + 1), *grid), kind, where)


def _read_years(values: Any, years: Any, size: int, where: str, in_any_order: bool) -> Array:
    """Read the years of values: whole, each once, in order; default 1, 2, 3, ..."""
    if years is None and hasattr(values, "index") and hasattr(values, "to_numpy"):
        years = values.index
    if years is None:
        return np.arange(1, size + 1, dtype=np.int64)
    items: Sequence[Any] = list(years) if np.ndim(years) == 1 else [years]
    fits = len(items) == size
    require(fits, "years and values differ in length", where, len(items), f"{size} years")
    whole = [whole_number(item, f"years[{i}]") for i, item in enumerate(items)]
    far = max(whole, key=abs)
    require(abs(far) <= LAST_YEAR, "the years are too far apart", where, far)
    twice = [year for year in whole if whole.count(year) > 1]
    fix = "Keep one value per year."
    require(not twice, "a year occurs twice", where, twice and twice[0], "each year once", fix)
    back = [pair for pair in pairwise(whole) if pair[1] < pair[0]]
    ordered = in_any_order or not back
    require(ordered, "the years are not in order", where, back and back[0], "increasing years")
    return np.array(whole, dtype=np.int64)


def _checked(series: AnnualSeries, kind: Quantity, where: str) -> AnnualSeries:
    """Refuse values that cannot be; keep the newest 200 years, and note what looks odd."""
    y, years, is_share = series.readings, series.years, kind == Quantity("percent", 0.0, 100.0)
    outside = np.flatnonzero((y < kind.low) | (y > kind.high))
    if outside.size:
        where, got = f"{where}, year {years[outside[0]]}", float(y[outside[0]])
        expected, fix = f"{kind.low:g} to {kind.high:g}", "Check the unit, or state other bounds."
        require(False, "a value is outside its bounds", where, got, expected, fix)
    notes = _shares(series, where) if is_share else ()
    if y.size > MAX_POINTS:
        first = y.size - MAX_POINTS + int(np.isfinite(y[-MAX_POINTS:]).argmax())
        notes = (*notes, f"cut to the newest {MAX_POINTS} of {y.size} years")
        return AnnualSeries(years[first:], y[first:], series.samples[first:], notes)
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
    pair = at[cross[0] : cross[0] + 2]
    where = f"{where}, years {series.years[pair[0]]} and {series.years[pair[1]]}"
    got, fix = tuple(series.readings[pair].tolist()), "Multiply the share by 100."
    mixed = _apart(y[cross + 1], y[cross], 100.0, NEXT).all()
    require(not mixed, "a share stands among percentages", where, got, "percent", fix)
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
        got, fix = (target, float(values[-1])), f"Multiply the smaller by {factor:g}."
        same = not _apart(target, values, factor, TARGET).all()
        require(same, "the target is in another unit than the values", "target", got, fix=fix)


def resolve_horizon(origin: int, horizon: Any, target_year: Any) -> int:
    """Turn a horizon or a target year into a number of years ahead; five by default."""
    both, got = horizon is not None and target_year is not None, (horizon, target_year)
    require(not both, "two horizons were given", "horizon, target_year", got, "one of the two")
    if target_year is not None:
        horizon = whole_number(target_year, "target_year") - origin
        what = "the target year is not after the last observed year"
        fix = "The outcome of that year is known; compare it with the target instead."
        require(horizon > 0, what, "target_year", target_year, f"a year after {origin}", fix)
    steps = 5 if horizon is None else whole_number(horizon, "horizon")
    expected = f"1 to {MAX_HORIZON} years"
    require(1 <= steps <= MAX_HORIZON, "the horizon is out of range", "horizon", steps, expected)
    return steps


def series_keys(frame: Any) -> Any:
    """Name the series of a frame, one name per row: series_id, or indicator | region | scope."""
    for columns in map(list, _KEYS):
        if set(columns).issubset(frame.columns) and not frame[columns].isna().any(axis=None):
            first, *rest = (frame[c] for c in columns)
            return first.astype(str).str.cat([c.astype(str) for c in rest], "|") if rest else first
    what, got = "the series cannot be told apart", list(frame.columns)
    expected = "series_id (never missing), or indicator_id with region and scope"
    raise ForecastError(what, where="columns", got=got, expected=expected)


def one_series(frame: Any, years: Any, family: Any, lower: Any, upper: Any) -> tuple[Any, ...]:
    """Values and years of a frame of one series, and the kind of its indicator."""
    columns, named = set(frame.columns), "indicator_id" in frame.columns
    good = years is None and {"year", "value"} <= columns and not {"kind", "definition"} <= columns
    expected = "a frame of load_series, or columns year and value alone, and no years="
    require(good, "not a frame of one series", "values", list(frame.columns), expected)
    names = series_keys(frame).unique().tolist() if named or "series_id" in columns else []
    fix = "Choose one with load_series, or use forecast_many."
    require(len(names) < 2, "the frame holds several series", "values", names[:5], "one", fix)
    if named and family is None and len(frame):
        name, indicators = str(frame["indicator_id"].iloc[0]), load_indicators()
        what, fix = "the indicator is not in the catalogue", "State family=, lower= and upper=."
        require(name in indicators, what, "values", name, fix=fix)
        found = indicators[name]
        family = found.family
        lower = found.lower if lower is None else lower
        upper = found.upper if upper is None else upper
    if "evidence" in columns and "is_observed" not in columns:
        frame = best_values(frame)
    frame = frame.sort_values("year", kind="stable")
    return frame["value"].to_numpy(), frame["year"].to_numpy(), family, lower, upper


def frame_series(frame: Any) -> Iterator[tuple[Any, Array, Array]]:
    """Name, values and years of the series of a tidy frame, in order of first appearance."""
    columns = list(getattr(frame, "columns", ()))
    got, good = columns or type(frame).__name__, {"year", "value"}.issubset(columns)
    require(good, "not a frame of series", "columns", got, "columns series_id, year and value")
    for name, rows in frame.groupby(series_keys(frame), sort=False, observed=True):
        yield name, rows["value"].to_numpy(), rows["year"].to_numpy()


def to_working(share: Array, power: float, bounded: bool) -> Array:
    """Map shares of the way between bounds (or multiples of a size) to the working scale."""
    if bounded:
        return np.asarray((share**power - (1.0 - share) ** power) / power)
    return np.asarray((share**power - 1.0) / power)


def from_working(working: Array, power: float, bounded: bool) -> Array:
    """Map the working scale back; anything beyond a bound comes back as the bound."""
    if not bounded:
        return np.asarray(np.maximum(1.0 + power * working, 0.0) ** (1.0 / power))
    edge = 1.0 / power
    target = np.clip(working, -edge, edge)
    nodes = 0.5 - 0.5 * np.cos(np.linspace(0.0, np.pi, 2049))
    share = np.interp(target, to_working(nodes, power, True), nodes)
    for _ in range(3):  # Newton polish; the table is already within 1e-6
        inside = np.clip(share, 1e-12, 1.0 - 1e-12)
        up, down = inside**power, (1.0 - inside) ** power
        slope = up / inside + down / (1.0 - inside)
        share = np.clip(inside - ((up - down) / power - target) / slope, 0.0, 1.0)
    return np.asarray(np.where(target >= edge, 1.0, np.where(target <= -edge, 0.0, share)))


@dataclass(frozen=True)
class Scale:
    """The working scale of S series, and the way back."""

    power: float
    bounded: bool
    lower: float
    width: Array  # (S,) unit in which a value is measured
    reading: Array  # (S,) share of the range that is read as the bound; 0 unless it has been

    def share(self, values: Any) -> Array:
        """Values of shape (S, n) as shares of the way between bounds, or multiples of a size."""
        return np.asarray((values - self.lower) / self.width[:, None])

    def working(self, values: Any) -> Array:
        """Values of shape (S, n) on the working scale, kept within the bounds."""
        top = 1.0 if self.bounded else np.finfo(float).max
        edge = self.reading[:, None]
        return to_working(np.clip(self.share(values), edge, top - edge), self.power, self.bounded)

    def values(self, working: Array) -> Array:
        """Values in the unit of the series, (S, ...), from the working scale."""
        share = from_working(working, self.power, self.bounded)
        last = (-1,) + (1,) * (share.ndim - 1)
        width, edge = self.width.reshape(last), self.reading.reshape(last)
        if self.bounded:
            share = np.where(share < edge, 0.0, np.where(share >= 1.0 - edge, 1.0, share))
        return np.asarray(self.lower + width * share)


def scale_of(table: Array, kind: Quantity, power: float) -> tuple[Scale, Array, Array]:
    """Scale of S series, their values on it (S, T), and what their last digit hides (S,)."""
    # The square of a tenth of a point is hidden in every published percentage (of a point where
    # all are whole numbers), more of it near a bound, where the scale is steep: a row of 100.0 is
    # no proof that nothing moves. A series in whole tenths that has read 0 or 100 reads it again
    # nearby, and hides more.
    count = len(table)
    if not kind.bounded:
        # Measured against its own size: any unit gives the same answer.
        mean = np.nanmean(table, axis=1) - kind.low
        scale = Scale(power, False, kind.low, np.where(mean > 0, mean, 1.0), np.zeros(count))
        return scale, to_working(scale.share(table), power, False), np.zeros(count)
    scale = Scale(power, True, kind.low, np.full(count, kind.high - kind.low), np.zeros(count))
    share = scale.share(table)
    inside = ((share > 0.0) & (share < 1.0)).any(axis=1)
    touched = ((share == 0.0) | (share == 1.0)).any(axis=1) & _printed(share, 2.0 * HALF_DIGIT)
    point = _hidden(share, HALF_POINT, power)
    rough = _hidden(share, HALF_DIGIT, power) * np.where(touched, HIDDEN, 1.0)
    rough = np.where(inside & _printed(share, 2.0 * HALF_POINT), np.maximum(rough, point), rough)
    # Equal values are often values that nobody measured anew: little proof that nothing moves.
    flat = inside & (np.nanmax(share, axis=1) == np.nanmin(share, axis=1))
    steps = np.maximum((~np.isnan(share)).sum(axis=1) - 1, 2)
    rough = np.where(flat, np.maximum(rough, FLAT * point / steps**2), rough)
    scale = replace(scale, reading=np.where(touched, HALF_DIGIT, 0.0))
    return scale, to_working(share, power, True), rough


def _printed(share: Array, unit: float) -> Array:
    """Whether all values of a series are whole multiples of a unit, (S,)."""
    number = share / unit
    return np.asarray((np.isnan(share) | (np.abs(number - np.round(number)) < 1e-6)).all(axis=1))


def _hidden(share: Array, half: float, power: float) -> Array:
    """Mean square on the working scale of what rounding by half a digit hides, (S,)."""
    above = to_working(np.minimum(share + half, 1.0), power, True)
    below = to_working(np.maximum(share - half, 0.0), power, True)
    return np.asarray(np.nanmean((above - below) ** 2, axis=1))
