"""What is doubtful in a form beside the checks of every delivery: slips of those who type."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

import pandas as pd

from wqa.catalog.catalog import FEW, LEAP, LEAP_OF_FEW
from wqa.catalog.records import Condition, Indicator, Target
from wqa.data.cells import is_iso_date, parse_number, parse_period
from wqa.data.findings import Findings
from wqa.data.series import annual_rows
from wqa.office.entries import NUMBERS, Entry, Form

Series = tuple[str, str, str]  # indicator, region, scope


def form_checks(form: Form, known: pd.DataFrame, indicators: Mapping[str, Indicator]) -> Findings:
    """Find broken whole numbers, values far from their target, stocks that fall, early sources."""
    findings = Findings()
    plan = form.plan.targets if form.plan else ()
    asked: list[Target | Condition] = [*plan]
    asked += [part for target in plan for part in target.conditions]
    targets = {one.indicator_id: float(one.value or 0.0) for one in asked}
    for entry in form.entries:
        if one := indicators.get(entry.cells["indicator"]):
            _check_numbers(form, findings, entry, one, targets.get(one.id, 0.0))
        _check_source(form, findings, entry)
    stocks = {t.indicator_id for t in plan if t.kind == "monotone"}
    _check_stocks(form, findings, known[known["indicator_id"].isin(stocks)], stocks)
    return findings


def _check_numbers(
    form: Form, findings: Findings, entry: Entry, indicator: Indicator, target: float
) -> None:
    """Find whole numbers that are broken, and values far from any that the target speaks of."""
    numbers = {c: parse_number(entry.cells[c]) for c in NUMBERS}
    for column, number in numbers.items():
        if _is_counted(indicator, column) and isinstance(number, float) and number % 1:
            slots = {"column": entry.places[column], "value": entry.cells[column]}
            findings.add("not_whole", file=form.file, **slots)
    value = numbers["value"]
    if isinstance(value, float) and value > 0 and target > 0:
        few = indicator.family == "count" and min(value, target) < FEW
        if value / target >= (LEAP_OF_FEW if few else LEAP):
            slots = {"column": entry.places["value"], "value": entry.cells["value"]}
            findings.add("far_from_target", file=form.file, expected=f"{target:g}", **slots)


def _is_counted(indicator: Indicator, column: str) -> bool:
    """Whether a cell holds a whole number: a count, or the cases behind a share or a score."""
    if column == "value":
        return indicator.family == "count" and indicator.decimals == 0
    return indicator.family != "rate" or column == "numerator"


def _check_source(form: Form, findings: Findings, entry: Entry) -> None:
    """Find figures of a time that had not ended when their source came out."""
    period, day = parse_period(entry.cells["period"]), entry.cells.get("source_date", "")
    # A year that lies ahead is a fault of its own.
    if isinstance(period, str) or period.end[:4] > form.day[:4]:
        return
    if is_iso_date(day) and day <= period.end:
        slots = {"column": entry.places["value"], "value": period.period, "expected": day}
        findings.add("source_before_end", file=form.file, **slots)


def _check_stocks(form: Form, findings: Findings, known: pd.DataFrame, stocks: set[str]) -> None:
    """Find values of stocks that cannot fall, below one of an earlier year."""
    values: dict[Series, dict[int, float]] = defaultdict(dict)
    for row in annual_rows(known).sort_values("vintage").to_dict("records"):
        values[row["indicator_id"], row["region"], row["scope"]][row["year"]] = row["value"]
    typed = []
    for entry in (e for e in form.entries if e.cells["indicator"] in stocks):
        key = (entry.cells["indicator"], entry.cells["region"], entry.cells["scope"])
        value, period = parse_number(entry.cells["value"]), parse_period(entry.cells["period"])
        if isinstance(value, float) and not isinstance(period, str) and period.is_annual:
            values[key][period.year] = value
            typed.append((entry, key, period.year, value))
    for entry, key, year, value in typed:
        before = [(y, v) for y, v in values[key].items() if y < year and v > value]
        if before and entry.cells["qualifier"] == "exact":
            shown = f"{max(before)[1]:g} ({max(before)[0]})"
            slots = {"column": entry.places["value"], "value": f"{value:g}", "expected": shown}
            findings.add("stock_falls", file=form.file, **slots)
