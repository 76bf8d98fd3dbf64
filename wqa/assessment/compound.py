"""Judge targets of several conditions, and targets that compare with another region."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from wqa.assessment.absences import hint
from wqa.assessment.cases import Case
from wqa.assessment.evidence import Evidence
from wqa.assessment.judging import Judgement, find_level
from wqa.assessment.likelihood import PRIOR_ONLY, Likelihood, against_reference, fit, joint
from wqa.assessment.verdicts import Verdict, band, print_probability
from wqa.catalog.progress import combine_states, progress_of
from wqa.catalog.records import Condition
from wqa.catalog.targets import holds


def judge_compound(case: Case) -> Judgement:
    """Judge a target whose conditions must all hold; the worst one decides.

    Parameters
    ----------
    case : Case
        Case of a compound target.

    Returns
    -------
    Judgement
        `progress` counts the conditions that are met.
    """
    conditions = case.target.conditions
    parts = [_condition(case, condition) for condition in conditions]
    outcomes = [part.decide(found) for part, found in parts]
    states = [
        "open" if part.target.value is None else result.state
        for (part, _), result in zip(parts, outcomes, strict=True)
    ]
    state = combine_states(states)
    have = sum(bool(found.in_plan(case.start)) for _, found in parts)
    slots = case.words(need=len(conditions), have=have)
    chance = Likelihood()
    if state in ("not_attained", "impossible"):
        verdict = Verdict("not_attained", "condition_missed", slots)
    elif state == "attained":
        verdict = Verdict("attained", "conditions_met", slots)
    else:
        chance = _chance(case, parts, states)
        if have == len(conditions) and chance.p is not None:
            slots["p"] = print_probability(chance.p)
            verdict = Verdict(band(chance.p), "forecast_conditions", slots)
        else:
            verdict = Verdict("not_assessable", "conditions_missing", slots)
            known = chance.p is not None
            chance = replace(chance, evidence_class=PRIOR_ONLY) if known else Likelihood()
            if have == 0:
                found = hint(case, case.evidence().hints)
                verdict = found if found and found.reason_code == "rank_only" else verdict
    if verdict.verdict in ("attained", "not_attained"):
        chance = Likelihood(p=float(verdict.verdict == "attained"), evidence_class="known")
    whole = case.evidence()
    return Judgement(
        case=case,
        evidence=_joined(whole, [found for _, found in parts]),
        level=find_level(case, whole, outcomes[0]),
        progress=progress_of("compound", comparator=">=", target=0.0, conditions=states),
        chance=chance,
        verdict=verdict,
        met_now=None,
        needed=None,
        n_points=min((len(found.annual) for _, found in parts), default=0),
    )


def _condition(case: Case, condition: Condition) -> tuple[Case, Evidence]:
    """Build the case of one condition, with the reference value of the target year filled in."""
    value = condition.value
    if condition.reference_region:
        value = _reference(case, condition).annual.get(case.year)
    target = replace(
        case.target,
        indicator_id=condition.indicator_id,
        kind="gap",
        comparator=condition.comparator,
        value=value,
        series=(condition.scope,),
        scope="end_year",
    )
    part = replace(case, target=target)
    return part, part.evidence()


def _reference(case: Case, condition: Condition) -> Evidence:
    return case.evidence(
        region=condition.reference_region,
        scopes=condition.reference_series or (condition.scope,),
        indicator_id=condition.indicator_id,
    )


def _chance(case: Case, parts: list[tuple[Case, Evidence]], states: list[str]) -> Likelihood:
    """Joint probability of the open conditions; none where one has no figure at all."""
    fitted = []
    compared, others = Likelihood(reason="no_observation"), 1.0
    for condition, (part, found), state in zip(case.target.conditions, parts, states, strict=True):
        if state == "attained":
            continue
        ours = fit(found.annual, case.indicator, case.year, model=case.model, seed=case.seed)
        if ours is None:
            return Likelihood(reason="no_observation")
        if part.target.value is not None:
            fitted.append((ours, float(part.target.value), condition.comparator))
            continue
        theirs = fit(
            _reference(case, condition).annual,
            case.indicator,
            case.year,
            model=case.model,
            seed=case.seed,
        )
        if theirs is None:
            return Likelihood(reason="no_reference_value")
        compared = against_reference(
            ours, theirs, case.year, condition.comparator, case.target.decimals, case.seed
        )
        # Independent of the other conditions, as these are of each other.
        others *= float(compared.p or 0.0)
    if not fitted:
        return compared
    made = joint(fitted, case.year, case.target.decimals, case.seed)
    return replace(made, p=float(made.p or 0.0) * others)


def _joined(whole: Evidence, parts: list[Evidence]) -> Evidence:
    frames = [part.rows for part in (whole, *parts) if len(part.rows)]
    rows = pd.concat(frames, ignore_index=True) if frames else whole.rows
    return replace(whole, rows=rows)


def judge_relative(case: Case) -> Judgement:
    """Judge a target that compares the region with another one.

    Parameters
    ----------
    case : Case
        Case of a relative target.

    Returns
    -------
    Judgement
        `progress` holds the difference of the newest common year.
    """
    target = case.target
    ours = case.evidence()
    theirs = case.evidence(region=target.reference_region)
    common = [y for y in ours.annual if y in theirs.annual]
    # Of the outcome only the statistic is used; the target value plays no part in it.
    level = find_level(case, ours, case.decide(ours))
    reference = theirs.annual.get(level.year or 0)
    progress = progress_of(
        "relative",
        comparator=target.comparator,
        target=0.0,
        value=level.value if level.is_in_plan else None,
        reference=reference,
        direction=case.indicator.direction,
    )
    chance = Likelihood()
    if case.year in common:
        exact = replace(case, target=replace(target, kind="gap", value=theirs.annual[case.year]))
        state = exact.decide(ours).state
        code = "published_met" if state == "attained" else "published_missed"
        slots = exact.words(value=exact.number(ours.annual[case.year]), year=case.year)
        verdict = Verdict("attained" if state == "attained" else "not_attained", code, slots)
        chance = Likelihood(p=float(state == "attained"), evidence_class="known")
    elif not ours.in_plan(case.start):
        found = hint(case, ours.hints)
        verdict = found or Verdict("not_assessable", "no_observation", case.words())
    else:
        verdict, chance = _relative_chance(case, ours, theirs)
    both = _joined(ours, [theirs])
    met_now = None
    if level.value is not None and progress.margin is not None and reference is not None:
        met_now = holds(level.value, target.comparator, reference)
    return Judgement(
        case=case,
        evidence=both,
        level=level,
        progress=progress,
        chance=chance,
        verdict=verdict,
        met_now=met_now,
        needed=None,
        n_points=len(ours.annual),
    )


def _relative_chance(case: Case, ours: Evidence, theirs: Evidence) -> tuple[Verdict, Likelihood]:
    made = fit(ours.annual, case.indicator, case.year, model=case.model, seed=case.seed)
    other = fit(theirs.annual, case.indicator, case.year, model=case.model, seed=case.seed)
    if made is None or other is None:
        return Verdict("not_assessable", "no_reference_value", case.words()), Likelihood()
    chance = against_reference(
        made, other, case.year, case.target.comparator, case.target.decimals, case.seed
    )
    newest = max(ours.annual)
    slots = case.words(
        value=case.number(ours.annual[newest]),
        year=newest,
        n=len(ours.annual),
        p=print_probability(float(chance.p or 0.0)),
    )
    return Verdict(band(float(chance.p or 0.0)), "forecast", slots), chance
