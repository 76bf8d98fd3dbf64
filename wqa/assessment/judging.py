"""Judge one target: evidence, outcome, probability, verdict.

Order of precedence: a decided outcome; then readings of a disputed baseline
that lead to different verdicts; then the probability; and without an annual
figure inside the plan, no verdict at all. A verdict is never forced.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from wqa.assessment.absences import nothing_inside
from wqa.assessment.cases import Case, case_holds, reading_slots, with_reading
from wqa.assessment.evidence import Evidence
from wqa.assessment.likelihood import PRIOR_ONLY, Likelihood
from wqa.assessment.verdicts import LANGUAGES, Verdict, band, join, phrase, print_probability
from wqa.catalog.outcomes import Outcome
from wqa.catalog.progress import Progress, needed_per_year, progress_of
from wqa.catalog.targets import holds, to_decimal

# With these reasons nothing at all was published since the baseline.
ONLY_BASELINE = ("no_observation_in_plan", "only_before_plan", "disputed_baseline")
NO_LEVEL = ("lower_bound", "upper_bound", "partial_period")


@dataclass(frozen=True)
class Level:
    """Newest figure that says where the indicator stands; `value` may be None."""

    value: float | None = None
    year: int | None = None
    qualifier: str = ""
    is_in_plan: bool = False


@dataclass(frozen=True)
class Judgement:
    """Everything that is said about one target."""

    case: Case
    evidence: Evidence
    level: Level
    progress: Progress
    chance: Likelihood
    verdict: Verdict
    met_now: bool | None
    needed: float | None
    n_points: int


def judge(case: Case) -> Judgement:
    """Judge a target whose yardstick is a number.

    Parameters
    ----------
    case : Case
        Target (not of kind compound or relative) and figures.

    Returns
    -------
    Judgement
        With a verdict that is never forced.
    """
    evidence = case.evidence()
    result = case.decide(evidence)
    level = find_level(case, evidence, result)
    chance = case.chance(evidence)
    verdict = _decided(case, evidence, result)
    if verdict is not None:
        chance = Likelihood(p=float(verdict.verdict == "attained"), evidence_class="known")
    else:
        verdict = _readings_differ(case, evidence) or _open(case, evidence, level, chance)
        if verdict.verdict == "not_assessable":
            # A number that leans on one of two readings, or ignores what else is known of the
            # plan period, would mislead; one from the figures before the plan informs.
            tells = verdict.reason_code in ONLY_BASELINE[:2] and chance.p is not None
            chance = replace(chance, evidence_class=PRIOR_ONLY) if tells else Likelihood()
    return Judgement(
        case=case,
        evidence=evidence,
        level=level,
        progress=_progress(case, evidence, result, level),
        chance=chance,
        verdict=verdict,
        met_now=_met_now(case, result, level),
        needed=_needed(case, evidence, result, level),
        n_points=len(evidence.annual),
    )


def find_level(case: Case, evidence: Evidence, result: Outcome) -> Level:
    """Find the newest figure of the series, or a limit inside the plan if there is none.

    Parameters
    ----------
    case, evidence, result
        The case, its figures and its outcome.

    Returns
    -------
    Level
        For a sum over the plan the sum of the published years.
    """
    inside = evidence.in_plan(case.start)
    if case.target.scope == "plan_sum":
        if not inside:
            return _limit_level(case, evidence)
        return Level(result.statistic.value, max(inside), "sum_so_far", True)
    if inside:
        year = max(inside)
        return Level(inside[year], year, _qualifier(evidence, year), True)
    limit = _limit_level(case, evidence)
    if limit.value is not None:
        return limit
    if evidence.annual:
        year = max(evidence.annual)
        return Level(evidence.annual[year], year, _qualifier(evidence, year))
    return Level()


def _qualifier(evidence: Evidence, year: int) -> str:
    rows = evidence.rows
    return str(rows.loc[rows["year"].astype(int) == year, "qualifier"].iloc[-1])


def _limit_level(case: Case, evidence: Evidence) -> Level:
    limits = evidence.hints[evidence.hints["scope"] == evidence.scope]
    limits = limits[limits["scope"].isin(case.target.series)]
    if limits.empty:
        return Level()
    newest = limits.sort_values(["year", "period", "vintage"], kind="stable").iloc[-1]
    return Level(float(newest["value"]), int(newest["year"]), str(newest["qualifier"]))


def _decided(case: Case, evidence: Evidence, result: Outcome) -> Verdict | None:
    if result.state == "open":
        return None
    target, statistic = case.target, result.statistic
    attained = result.state == "attained"
    year: int | None = case.year
    value = statistic.value
    if target.scope == "plan_sum":
        code = "sum_reached" if attained else "sum_missed"
        value = statistic.lower
    elif target.scope == "every_year":
        broken = [y for y in statistic.years_known if not case_holds(case, evidence.annual[y])]
        code = "every_year_met" if attained else "breached"
        if broken:
            year, value = broken[0], evidence.annual[broken[0]]
        elif not statistic.is_complete:
            code = "limit_proves" if attained else "limit_disproves"
    elif statistic.is_complete:
        code = "published_met" if attained else "published_missed"
    else:
        code = "limit_proves" if attained else "limit_disproves"
    slots = case.words(value=case.number(value), year=year)
    return Verdict("attained" if attained else "not_attained", code, slots)


def _readings_differ(case: Case, evidence: Evidence) -> Verdict | None:
    base = case.target.baseline
    # Readings matter only where the disputed cell is a point of the series that is forecast.
    if base.status != "disputed" or base.year not in evidence.annual:
        return None
    if not evidence.in_plan(case.start):
        return None
    said, bands = [], set()
    for reading in base.readings:
        chance = case.chance(with_reading(evidence, int(base.year or 0), reading.value))
        if chance.p is None:
            return None
        bands.add(band(chance.p))
        slots = {**reading_slots(case, reading), "p": print_probability(chance.p)}
        said.append({lang: phrase("readings", "verdict", lang, slots) for lang in LANGUAGES})
    if len(bands) == 1:
        return None
    return Verdict("conflict", "readings_differ", case.words(readings=join(said)))


def _open(case: Case, evidence: Evidence, level: Level, chance: Likelihood) -> Verdict:
    inside = evidence.in_plan(case.start)
    if not inside:
        return nothing_inside(case, evidence)
    if chance.p is None:
        return Verdict("not_assessable", chance.reason or "no_observation", case.words())
    code = {"plan_sum": "forecast_sum", "every_year": "forecast_every_year"}
    n = len(inside) if case.target.scope == "plan_sum" else len(evidence.annual)
    slots = case.words(
        value=case.number(level.value), year=level.year, n=n, p=print_probability(chance.p)
    )
    return Verdict(band(chance.p), code.get(case.target.scope, "forecast"), slots)


def _progress(case: Case, evidence: Evidence, result: Outcome, level: Level) -> Progress:
    target = case.target
    kind = "plan_sum" if target.scope == "plan_sum" else target.kind
    counts = (evidence.sizes.get(level.year or 0), evidence.successes.get(level.year or 0))
    trials, successes = (None if count is None else int(count) for count in counts)
    return progress_of(
        kind,
        comparator=target.comparator,
        target=float(target.value or 0.0),
        value=level.value if level.is_in_plan else None,
        baseline=target.baseline.value,
        baseline_status=target.baseline.status,
        decimals=target.decimals,
        direction=case.indicator.direction,
        statistic=result.statistic,
        known=evidence.known,
        trials=trials,
        successes=successes,
        is_percent=case.indicator.family == "percent",
    )


def _met_now(case: Case, result: Outcome, level: Level) -> bool | None:
    if not level.is_in_plan or level.value is None:
        return None
    value = result.statistic.value if case.target.scope == "every_year" else level.value
    return None if value is None else case_holds(case, value)


def _needed(case: Case, evidence: Evidence, result: Outcome, level: Level) -> float | None:
    target = case.target
    if level.value is None or target.value is None or level.qualifier in NO_LEVEL:
        return None
    if target.scope == "plan_sum":
        left = len(result.statistic.years) - len(result.statistic.years_known)
        if holds(level.value, target.comparator, target.value):
            return 0.0
        return float(to_decimal(target.value) - to_decimal(level.value)) / left if left else None
    return needed_per_year(
        level.value,
        int(level.year or case.year),
        comparator=target.comparator,
        target=target.value,
        year=case.year,
    )
