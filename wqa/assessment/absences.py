"""Why a target cannot be judged: what is missing, and what was published instead."""

from __future__ import annotations

import pandas as pd

from wqa.assessment.cases import Case, case_holds, reading_slots
from wqa.assessment.evidence import Evidence
from wqa.assessment.verdicts import LANGUAGES, Verdict, join, phrase, print_number
from wqa.catalog.targets import to_decimal


def nothing_inside(case: Case, evidence: Evidence) -> Verdict:
    """Say why there is no verdict when the plan period has no annual figure.

    Parameters
    ----------
    case : Case
        The case.
    evidence : Evidence
        Its figures.

    Returns
    -------
    Verdict
        ``not_assessable`` with the most telling reason.
    """
    disputed = disputed_baseline(case)
    if disputed is not None:
        return disputed
    found = hint(case, evidence.hints)
    if found is not None:
        return found
    base = case.target.baseline
    if base.status in ("measured", "disputed"):
        key = "sum" if case.target.scope == "plan_sum" else "year"
        when = {lang: phrase("baseline", key, lang, {"year": base.year}) for lang in LANGUAGES}
        slots = case.words(value=case.number(base.value), when=when)
        return Verdict("not_assessable", "no_observation_in_plan", slots)
    if evidence.annual:
        year = max(evidence.annual)
        slots = case.words(value=case.number(evidence.annual[year]), year=year)
        return Verdict("not_assessable", "only_before_plan", slots)
    return Verdict("not_assessable", "no_observation", case.words())


def hint(case: Case, hints: pd.DataFrame) -> Verdict | None:
    """Say what else was published inside the plan, when the series itself was not.

    Parameters
    ----------
    case : Case
        The case.
    hints : pandas.DataFrame
        Rows inside the plan that give no annual value of the series.

    Returns
    -------
    Verdict or None
        None when nothing was published.
    """
    own = hints[hints["scope"].isin(case.target.series)]
    limits = own[own["qualifier"].isin(("lower_bound", "upper_bound"))]
    last = case.year if case.edition is None else min(case.year, case.edition)
    ranks = case.observations[
        (case.observations["indicator_id"] == f"{case.target.indicator_id}_rank")
        & (case.observations["region"] == case.region)
        & (case.observations["year"] >= case.start).fillna(False).astype(bool)
        & (case.observations["year"] <= last).fillna(False).astype(bool)
    ]
    if case.as_of:
        ranks = ranks[ranks["vintage"].astype(str) <= case.as_of]
    for code, rows in (
        ("lower_bound_only", limits),
        ("partial_period_only", own),
        ("series_broken", hints),
        ("rank_only", ranks),
    ):
        if len(rows):
            newest = rows[rows["year"] == rows["year"].max()]
            places = 0 if code == "rank_only" else case.target.decimals
            slots = case.words(
                value=_range(newest["value"].tolist(), places),
                year=int(newest["year"].iloc[0]),
                cited=tuple(sorted(set(newest["source_id"].astype(str)))),
            )
            return Verdict("not_assessable", code, slots)
    return None


def disputed_baseline(case: Case) -> Verdict | None:
    """Say that one reading of the baseline meets the target and another does not.

    Parameters
    ----------
    case : Case
        The case.

    Returns
    -------
    Verdict or None
        None when the readings agree on that, or there is only one.
    """
    base, target = case.target.baseline, case.target
    if base.status != "disputed" or target.value is None:
        return None
    said, met = [], set()
    for reading in base.readings:
        good = case_holds(case, reading.value)
        met.add(good)
        change = float(to_decimal(target.value) - to_decimal(reading.value))
        slots = {**reading_slots(case, reading), "change": f"{abs(change):g}"}
        slots["change_unit"] = slots["unit"]
        if case.indicator.family == "percent":
            slots["change_unit"] = {lang: phrase("points", "", lang) for lang in LANGUAGES}
        way = "rise" if change > 0 else "fall"
        strict = target.comparator in ("<", ">")
        key = "met_at_baseline" if good else f"{way}_{'beyond' if strict else 'needed'}"
        said.append({lang: phrase("readings", key, lang, slots) for lang in LANGUAGES})
    if len(met) < 2:
        return None
    return Verdict("not_assessable", "disputed_baseline", case.words(readings=join(said)))


def _range(values: list[float], decimals: int) -> dict[str, str]:
    low, high = (print_number(v, decimals) for v in (min(values), max(values)))
    ends = {"low": low, "high": high}
    return {lang: low if low == high else phrase("range", "", lang, ends) for lang in LANGUAGES}
