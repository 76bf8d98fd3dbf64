"""Series: one value per year out of the figures of one definition, and what is wrong with values.

Pure functions of frames. Findings that are errors leave their row out of every calculation.
"""

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

import pandas as pd

from wqa.catalog.records import Indicator, Plan
from wqa.data.cells import ANNUAL, EVIDENCE
from wqa.data.findings import Findings

KEYS = ["indicator_id", "region", "scope"]
MEASURED = (*ANNUAL, "partial_period")
_STOCK = "special_equipment_stock"
# Figure to its indicator (with the scope of a stock), and what tells its rows apart beside
# region and year.
DEATH_FIGURES: dict[str, tuple[str, tuple[str, ...]]] = {
    "deaths": ("special_equipment_deaths", ("scope",)),
    "accidents": ("special_equipment_accidents", ("scope",)),
    "published_rate": ("special_equipment_death_rate", ("scope", "published_base")),
    "stock_10k": (f"{_STOCK}@registered", ()),
    "stock_in_use_10k": (f"{_STOCK}@in_use", ()),
}
DEATH_RATE_COLUMNS = [
    "region", "year", "scope", "deaths", "accidents", "stock_10k", "stock_in_use_10k",
    "published_rate", "published_base", "recomputed_rate", "recomputed_rate_in_use",
    *(f"{name}_{kind}" for kind in ("source_id", "place") for name in DEATH_FIGURES),
]  # fmt: skip
SERIES_COLUMNS = [
    *KEYS, "year", "value", "unit", "numerator", "denominator", "qualifier", "evidence",
    "source_id", "published", "vintage", "file", "row", "alternatives", "is_observed",
]  # fmt: skip
# A slip of the unit leaves a value a power of ten away from its neighbours, give or take a
# yearly change of up to 40 % (10 ** 0.15); a series runs smoothly if no step is larger than 3.
_TOLERANCE, _SMOOTH = 0.15, math.log10(3)
_SMALL = 30  # small counts may well go from 1 to 10, or to 0, within a year
_SHOWN = 10  # more years than this are counted, not listed
# A rate and its recomputation this many times apart: not another base but another unit.
_OTHER_UNIT = 50


def annual_rows(frame: pd.DataFrame) -> pd.DataFrame:
    """Rows that may enter an annual series: exact and derived values of whole years."""
    return frame[frame["qualifier"].isin(ANNUAL) & frame["value"].notna()]


def best_values(frame: pd.DataFrame) -> pd.DataFrame:
    """One row per series and year: best evidence, else exact, else newest, else the later row."""
    rows, keys = annual_rows(frame), [*KEYS, "year"]
    grade, is_exact = rows["evidence"].map(EVIDENCE[::-1].index), rows["qualifier"] == "exact"
    ranked = rows.assign(grade=grade, is_exact=is_exact)
    ranked = ranked.sort_values([*keys, "grade", "is_exact", "vintage", "file", "row"])
    sizes = ranked.groupby(keys)["value"].transform("size").astype("int64")
    last = ranked.assign(alternatives=sizes - 1).groupby(keys).tail(1)
    return last.drop(columns=["grade", "is_exact"]).reset_index(drop=True)


def all_series(frame: pd.DataFrame) -> pd.DataFrame:
    """Every series with all years from its first to its last; a missing year has no value."""
    best = best_values(frame).assign(is_observed=True)
    spans = best.groupby(KEYS)["year"].agg(["min", "max"])
    every = [(*key, y) for key, first, last in spans.itertuples() for y in range(first, last + 1)]
    years = pd.DataFrame(every, columns=[*KEYS, "year"]).astype({"year": "int64"})
    filled = years.merge(best, on=[*KEYS, "year"], how="left", validate="one_to_one")
    filled["is_observed"] = filled["is_observed"].notna()
    filled["unit"] = filled.groupby(KEYS)["unit"].transform("first")
    return filled.astype({"alternatives": "Int64", "row": "Int64"})[SERIES_COLUMNS]


def death_rates(frame: pd.DataFrame) -> pd.DataFrame:
    """Figures of special equipment side by side, by region, year, counting rule and base."""
    best = best_values(frame)
    rule, figure = best["scope"].str.extract("([^@]*)@?(.*)"), best["indicator_id"]
    figure = figure.where(figure != _STOCK, figure + "@" + best["scope"])
    place = best["file"] + ":" + best["row"].astype(str)
    best = best.assign(figure=figure, scope=rule[0], published_base=rule[1], place=place)
    best = best[best["scope"] != "elevators"]
    rates = pd.DataFrame(columns=["region", "year", "scope"]).astype({"year": "int64"})
    for name, (figure_id, more) in DEATH_FIGURES.items():
        columns = {"value": name, "source_id": f"{name}_source_id", "place": f"{name}_place"}
        one = best.loc[best["figure"] == figure_id, ["region", "year", *more, *columns]]
        rates = rates.merge(one.rename(columns=columns), how="outer" if more else "left")
    rates["recomputed_rate"] = rates["deaths"] / rates["stock_10k"]
    rates["recomputed_rate_in_use"] = rates["deaths"] / rates["stock_in_use_10k"]
    rates["published_base"] = rates["published_base"].fillna("")
    order = ["region", "year", "scope", "published_base"]
    return rates.sort_values(order, ignore_index=True)[DEATH_RATE_COLUMNS]


def value_findings(rows: pd.DataFrame, indicators: Mapping[str, Indicator]) -> Findings:
    """Hold each value against the bounds of its indicator and against its own parts."""
    findings = Findings()
    if rows.empty:
        return findings
    told = pd.DataFrame(False, rows.index, ["value", "numerator", "denominator"])
    known = {key: vars(indicator) for key, indicator in indicators.items()}
    table = pd.DataFrame.from_dict(known, orient="index", columns=list(Indicator.__annotations__))
    of = table.reindex(rows["indicator_id"]).set_axis(rows.index)
    value, above, below = (rows[column] for column in told)
    low, high = of["lower"].astype(float), of["upper"].astype(float)
    parts, family, own = rows["parts"], of["family"], rows["unit"] == of["unit"]
    is_share, is_rate = parts.isin(("passed", "failed")), parts.isin(("deaths", "accidents"))
    is_high = own & (of["direction"] == "higher_better") & (family != "count")
    is_zero = own & (value == 0) & (above != 0) & rows["qualifier"].isin(MEASURED)

    def note(code: str, wrong: Any, column: str = "value", expected: Any = None) -> None:
        for n in rows.index[wrong & ~told[column]]:
            row = rows.loc[n]
            shown = row["printed"] if column == "value" else f"{row[column]:.12g}"
            right = "" if expected is None else expected[n]
            name = row["indicator_id"] if column == "value" else column
            slots = {"value": shown, "expected": right, "indicator": name}
            findings.add(code, row, column=column, **slots)
        told[column] |= wrong

    for column in ("numerator", "denominator", "value"):
        wrong = (rows[column] < 0) & ((column != "value") | own & (low >= 0))
        note("negative_count", wrong, column)
    note("zero_denominator", (below == 0) & ~parts.isin(("drop", "text")), "denominator")
    turned = (above > below) & (is_share | (parts == "part"))
    note("numerator_above_denominator", turned, "numerator", below)
    bounds = low.map("{:g}".format) + " – " + high.map("{:g}".format)
    note("out_of_range", own & ((value < low) | (value > high)), expected=bounds)
    note("share_not_percent", is_high & (family == "percent") & (value > 0) & (value <= 1))
    note("zero_for_missing", is_high & is_zero)
    note("zero_unexplained", (family == "rate") & is_zero)
    ratio = (above / below).where((below > 0) & ~told.any(axis="columns"))
    share = (100 * ratio).where(parts != "failed", 100 - 100 * ratio).round(6)
    off = is_share & ((share - value).abs() > rows["tolerance"])
    is_rest = (value < 50) & ((100 - share - value).abs() <= rows["tolerance"])
    note("fail_rate_given", off & is_rest, expected=share)
    note("rate_not_recomputed", off, expected=share.round(2))
    at_limit = is_share & value.isin((0, 100)) & share.notna()
    note("failure_counted", at_limit & (share != value), expected=share)
    off = is_rate & ((ratio - value).abs() > rows["tolerance"])
    times = (value / ratio).where((value > 0) & (ratio > 0), 1)
    far = (times > _OTHER_UNIT) | (times < 1 / _OTHER_UNIT)
    note("denominator_unit", off & far, expected=ratio.map("{:.4g}".format))
    note("rate_other_base", off, expected=ratio.round(4))
    return findings


def series_errors(frame: pd.DataFrame, indicators: Mapping[str, Indicator]) -> Findings:
    """Find values that cannot be right beside the others; their rows are to be left out."""
    findings = Findings()
    rows = frame[frame["qualifier"].isin(MEASURED) & frame["value"].notna()]
    if rows.empty:
        return findings
    value = rows["value"]
    of = {key: (i.family, i.direction) for key, i in indicators.items()}
    kinds = rows["indicator_id"].map(of)
    groups, positive = rows.groupby(KEYS)["value"], value.where(value > 0)
    # The largest value of a series is no yardstick where it is the only one.
    top = groups.transform("max").where(groups.transform("size") > 1)
    top = top.fillna(rows.groupby("indicator_id")["value"].transform("median"))
    keys, is_whole = [rows[key] for key in KEYS], (positive % 1 == 0) | positive.isna()
    least = positive.groupby(keys).transform("min")
    is_small = (least < _SMALL) & is_whole.groupby(keys).transform("all")
    zero = (value == 0) & least.notna() & ~is_small
    is_rest = (value < 20) & (top > 80) & ((100 - value - top).abs() <= 5)
    wrong = {
        "fail_rate_given": is_rest & (kinds == ("percent", "higher_better")),
        "zero_for_missing": zero & (kinds.str[0] == "count"),
    }
    for code, mask in wrong.items():
        for n in rows.index[mask]:
            slots = {"value": f"{value[n]:g}", "expected": f"{top[n]:g}"}
            findings.add(code, rows.loc[n], **slots, indicator=rows.loc[n, "indicator_id"])
    for row, power in _slips(best_values(frame)):
        slots = {"value": f"{row['value']:g}", "expected": f"{10.0**power:g}"}
        findings.add("unit_jump", row, **slots, series=f"{_name(row)} {row['year']}")
    rates = death_rates(frame)
    times = (rates["published_rate"] / rates["recomputed_rate"]).where(rates["deaths"] > 0)
    for rate in rates[(times > _OTHER_UNIT) | (times < 1 / _OTHER_UNIT)].to_dict("records"):
        file, _, line = rate["stock_10k_place"].rpartition(":")
        slots = {"value": f"{rate['stock_10k']:g}", "expected": f"{rate['recomputed_rate']:.4g}"}
        findings.add("stock_unit", {"file": file, "row": line}, **slots)
    return findings


def _slips(best: pd.DataFrame) -> Iterator[tuple[Any, int]]:
    """Yield values about 10, 100 ... times the others of their series, and the power of ten."""
    best = best[best["value"] > 0]
    value, before = best["value"], best.groupby(KEYS)["value"].shift()
    both = pd.concat([value, before], axis="columns")
    step = (value / before).fillna(1).map(math.log10)
    step = step.where((both.max(axis="columns") >= _SMALL) | (both % 1 > 0).any(axis="columns"), 0)
    power = step.round().where((step - step.round()).abs() < _TOLERANCE, 0)
    # The rest must run smoothly, or nothing can be said of the one.
    marked = best.assign(power=power, is_rough=(step - power).abs() > _SMOOTH)
    for _, group in marked[marked["power"] != 0].groupby(KEYS):
        rows = marked[(marked[KEYS] == group[KEYS].iloc[0]).all(axis="columns")]
        level = rows["power"].cumsum().astype(int)
        usual = level.mode()
        if len(usual) == 1 and (level == usual[0]).sum() > 1 and not rows["is_rough"].any():
            for n in rows.index[level != usual[0]]:
                yield rows.loc[n], level[n] - usual[0]


def series_reviews(frame: pd.DataFrame, flows: Collection[str]) -> Findings:
    """Find what a human should look at; `flows` are indicators counted year by year."""
    findings = Findings()
    rows, keys = annual_rows(frame).sort_values(["file", "row"]), [*KEYS, "year"]
    differing = rows[rows.groupby(keys)["value"].transform("nunique") > 1]
    for _, group in differing.groupby(keys):
        best, last = best_values(group)["value"].iloc[0], group.iloc[-1]
        text = ", ".join(f"{value:g}" for value in sorted(set(group["value"])))
        slots = {"value": text, "shown": text, "expected": f"{best:g}", "years": last["year"]}
        findings.add("values_disagree", last, **slots, series=_name(last))
    filled = all_series(frame)
    observed = filled.groupby(KEYS)["is_observed"]
    has_gap = (observed.transform("sum") >= 3) & ~observed.transform("all")
    for _, group in filled[has_gap].groupby(KEYS):
        years, last = [str(y) for y in group.loc[~group["is_observed"], "year"]], group.iloc[-1]
        more = f" … ({len(years)})" if years[_SHOWN:] else ""
        text = ", ".join(years[:_SHOWN]) + more
        slots = {"value": text, "years": text, "series": _name(last), "column": "period"}
        findings.add("missing_year", file=last["file"], **slots)
    for _, group in filled[filled["indicator_id"].isin(flows)].groupby(KEYS):
        values = group["value"].to_numpy()
        for n in range(2, len(group)):
            sums, row = values[n - 1 :: -1].cumsum()[1:], group.iloc[n]
            near = ((sums >= _SMALL / 3) & (sums <= values[n]) & (values[n] <= 2 * sums)).any()
            if near and not (values[n:] < values[n]).any():  # a running total never falls
                slots = {"value": f"{values[n]:g}", "expected": f"{sums[0]:g}"}
                findings.add("cumulative_value", row, **slots, series=_name(row))
    return findings


def inference_reviews(plans: Iterable[Plan], frame: pd.DataFrame, day: str = "") -> Findings:
    """Find declared inferences whose figures are not there, or were revised by `day` (or ever)."""
    rows: Any = frame[frame["value"].notna()].sort_values(["vintage", "file", "row"])
    findings, known = Findings(), defaultdict[Any, list[Any]](list)
    for row in rows.itertuples():
        known[row.indicator_id, row.region, row.scope, row.period].append(row)
    for plan in plans:
        named = [(target, declared.rule, one) for target in plan.targets
                 for declared in target.inferences for one in declared.figures]  # fmt: skip
        unmet, is_here = Findings(), False
        for target, rule, one in named:
            key = (one.indicator_id, one.region or target.region, one.scope, one.period)
            found = [row for row in known[key] if one.qualifier in ("", row.qualifier)]
            about: dict[str, Any] = {"plan": plan.id, "rule": rule, "series": " / ".join(key)}
            about["target"] = target.row + target.part
            is_here |= bool(found) and key[1] == plan.region
            if not found:
                unmet.add("inference_unmet", file="data/raw", value=about["series"], **about)
            *before, last = [row for row in found if row.vintage <= (day or "9999")] or [None]
            old = [r for r in before if r.vintage < last.vintage and r.value != last.value]
            if old:
                figures = {"value": f"{last.value:g}", "expected": f"{old[-1].value:g}"}
                at = {"file": last.file, "row": last.row}
                findings.add("inference_revised", at, **figures, **about)
        # A plan none of whose own figures are there is no plan of these data.
        findings += unmet if is_here else []
    return findings


def _name(row: Any) -> str:
    return " / ".join(str(row[key]) for key in KEYS)
