"""Judge one target: what decides it, how likely it is otherwise, and the reason in words.

Every target is one or several questions that a number decides; a compound target is met when
all its conditions are, and a condition that compares with another region is a question whose
number is that region's figure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pandas as pd

from wqa.assessment.evidence import Evidence, gather, natural_span
from wqa.assessment.likelihood import (
    PRIOR_ONLY,
    Likelihood,
    Question,
    against,
    jointly,
    likelihood,
)
from wqa.assessment.reasons import Words, join, phrase, print_goal, print_number, print_probability
from wqa.catalog.records import Indicator, Target, Unit
from wqa.catalog.records import Reading as BaselineReading
from wqa.goals import Goal, Span, decided_every_year, difference

VERDICTS = (
    "attained", "not_attained", "on_track", "at_risk", "off_track", "not_assessable", "conflict",
)  # fmt: skip
ON_TRACK, AT_RISK = 0.67, 0.33
# With these reasons nothing at all was published since the baseline.
ONLY_BASELINE = ("no_observation_in_plan", "only_before_plan")
NO_LEVEL = ("lower_bound", "upper_bound", "partial_period")


@dataclass(frozen=True)
class Setting:
    """What all targets of one assessment share; figures by (indicator, region)."""

    indicators: Mapping[str, Indicator]
    units: Mapping[str, Unit]
    figures: Mapping[tuple[str, str], pd.DataFrame]
    nothing: pd.DataFrame
    model: str = "pooled"
    seed: int = 0

    def evidence(self, target: Target, region: str, year: int) -> Evidence:
        """Collect what the figures say about a target (or a condition) in a region."""
        figures = self.figures.get((target.indicator_id, region), self.nothing)
        return gather(figures, target, self.indicators[target.indicator_id], year)


@dataclass(frozen=True)
class Level:
    """Newest figure that says where the indicator stands; `value` may be None."""

    value: float | None = None
    year: int | None = None
    qualifier: str = ""
    is_in_plan: bool = False


@dataclass(frozen=True)
class Part:
    """One question of a target with its evidence, its answer if known, and its likelihood."""

    question: Question
    evidence: Evidence
    reference: Evidence | None
    met: bool | None
    chance: Likelihood


@dataclass(frozen=True)
class Judgement:
    """Everything that is said about one target."""

    target: Target
    unit: Unit
    year: int
    parts: tuple[Part, ...]
    level: Level
    chance: Likelihood = field(default_factory=Likelihood)
    verdict: str = ""
    reason_code: str = ""
    reason: Words = field(default_factory=dict)
    cited: tuple[str, ...] = ()

    @property
    def evidence(self) -> Evidence:
        """Evidence of the target's own series."""
        return self.parts[0].evidence

    @property
    def source_ids(self) -> set[str]:
        """Sources of all figures used, and of what the reason cites."""
        used = [e for part in self.parts for e in (part.evidence, part.reference) if e is not None]
        return set(self.cited).union(*(e.source_ids for e in used))


def band(p: float) -> str:
    """Verdict for a probability of attainment."""
    if p >= ON_TRACK:
        return "on_track"
    return "at_risk" if p >= AT_RISK else "off_track"


def judge(setting: Setting, target: Target, year: int) -> Judgement:
    """Judge a target with the figures of a setting, up to a year."""
    parts = tuple(_part(setting, *one, year) for one in _conditions(setting, target))
    whole = setting.evidence(target, target.region, year) if target.conditions else None
    level = find_level(target, whole or parts[0].evidence, year)
    made = Judgement(target, setting.units[target.unit], year, parts, level)
    answers = [part.met for part in parts]
    met = False if False in answers else None if None in answers else True
    if met is not None:
        code, slots = _decided(made, met)
        made = replace(made, chance=Likelihood(p=float(met), evidence_class="known"))
        return _say(made, "attained" if met else "not_attained", code, **slots)
    return _compound(setting, made) if target.conditions else _open(setting, made)


def _conditions(setting: Setting, target: Target) -> list[tuple[Target, tuple[str, ...]]]:
    """Questions of a target, each as a target of its own with the series of its reference."""
    if not target.conditions:
        return [(target, target.series if target.kind == "relative" else ())]
    found = []
    for one in target.conditions:
        part = replace(
            target, indicator_id=one.indicator_id, comparator=one.comparator, value=one.value,
            series=one.series, scope="end_year", kind="relative" if one.reference_region else "gap",
            reference_region=one.reference_region, conditions=(),
            decimals=setting.indicators[one.indicator_id].decimals,
        )  # fmt: skip
        found.append((part, one.reference_series or one.series))
    return found


def _part(setting: Setting, target: Target, reference: tuple[str, ...], year: int) -> Part:
    indicator = setting.indicators[target.indicator_id]
    question = Question(target, indicator, year, setting.model, setting.seed)
    ours = setting.evidence(target, target.region, year)
    if target.kind != "relative":
        met = outcome(question, ours)
        chance = Likelihood() if met is not None else likelihood(question, ours)
        return Part(question, ours, None, met, chance)
    # The figure of the same round decides; another round is taken where there is none.
    paired = replace(target, series=(ours.scope, *reference) if ours.scope else reference)
    theirs = setting.evidence(paired, target.reference_region, year)
    met = _compared(target.comparator, ours.spans.get(year), theirs.spans.get(year))
    chance = Likelihood() if met is not None else against(question, ours, theirs)
    return Part(question, ours, theirs, met, chance)


def _compared(comparator: str, ours: Span | None, theirs: Span | None) -> bool | None:
    if ours is None or theirs is None:
        return None
    answers = {Goal(comparator, edge).decided(ours) for edge in (theirs.lower, theirs.upper)
               if abs(edge) != float("inf")}  # fmt: skip
    is_open = theirs.lower == -float("inf") or theirs.upper == float("inf")
    return None if is_open or len(answers) > 1 else answers.pop()


def outcome(question: Question, evidence: Evidence) -> bool | None:
    """Whether the target is met or missed, as far as the published figures decide it."""
    target, year = question.target, question.year
    if target.value is None:
        return None
    goal, free = Goal(target.comparator, target.value), natural_span(target, question.indicator)
    if target.scope == "plan_sum":
        return goal.decided(evidence.flow.span)
    if target.scope == "every_year":
        return decided_every_year(goal, evidence.spans, range(question.start, year + 1))
    # Of an end year that is still open its natural bounds may decide nothing by themselves.
    return goal.decided(evidence.spans[year]) if year in evidence.spans else goal.decided(free)


def find_level(target: Target, evidence: Evidence, year: int) -> Level:
    """Find the newest figure of the series, or a limit inside the plan if there is none."""
    start = int(target.start_year or year)
    inside = evidence.in_plan(start)
    if target.scope == "plan_sum" and inside:
        return Level(evidence.flow.span.lower, max(inside), "sum_so_far", True)
    limits = evidence.hints[evidence.hints["scope"] == evidence.scope]
    if not inside and len(limits):
        newest = limits.sort_values(["end", "start", "vintage"], kind="stable").iloc[-1]
        return Level(float(newest["value"]), int(newest["year"]), str(newest["qualifier"]))
    if not evidence.annual:
        return Level()
    newest_year = max(evidence.annual)
    qualifier = str(evidence.rows["qualifier"].iloc[-1])
    return Level(evidence.annual[newest_year], newest_year, qualifier, bool(inside))


def _say(made: Judgement, verdict: str, code: str, **slots: Any) -> Judgement:
    """Give a judgement its verdict and reason; without a verdict no probability is stated."""
    en = made.unit.en
    unit = {"zh": made.unit.zh, "en": en if en in ("", "%") else f" {en}"}
    words = {"unit": unit, "target_year": made.year, **slots}
    if made.target.value is not None:
        words["target"] = print_goal(Goal(made.target.comparator, made.target.value), unit)
    else:
        words["target"] = phrase("comparator", made.target.comparator)
    chance = made.chance
    if verdict == "not_assessable":
        # A number that leans on one of two readings, or ignores what else is known of the
        # plan period, would mislead; one from the figures before the plan informs.
        tells = chance.p is not None and code in (*ONLY_BASELINE, "conditions_missing")
        chance = replace(chance, evidence_class=PRIOR_ONLY) if tells else Likelihood()
    reason = phrase("reasons", code, **words)
    return replace(made, verdict=verdict, reason_code=code, reason=reason, chance=chance)


def _decided(made: Judgement, met: bool) -> tuple[str, dict[str, Any]]:
    """Reason code and slots of an answer that the published figures give."""
    target, evidence, year = made.target, made.evidence, made.year
    if target.conditions:
        return "conditions_met" if met else "condition_missed", {"need": len(made.parts)}
    start = int(target.start_year or year)
    value = evidence.annual.get(year)
    code = "published_met" if met else "published_missed"
    if target.scope == "plan_sum":
        code, value = "sum_reached" if met else "sum_missed", evidence.flow.span.lower
    elif target.scope == "every_year":
        inside = evidence.in_plan(start)
        goal = Goal(target.comparator, float(target.value or 0.0))
        broken = [y for y in sorted(inside) if not goal.met(inside[y])]
        code = "every_year_met" if met else "breached"
        if broken:
            year, value = broken[0], inside[broken[0]]
        elif len(inside) < year - start + 1:
            code = "limit_proves" if met else "limit_disproves"
        else:
            value = min(inside.values(), key=goal.margin)
    elif value is None:
        code = "limit_proves" if met else "limit_disproves"
    elif target.kind == "bound" and evidence.spans[year].lower != value:
        code = "counted_met" if met else "counted_missed"
    return code, {"value": print_number(value), "year": year}


def _compound(setting: Setting, made: Judgement) -> Judgement:
    """Judge conditions of which none is missed and at least one is open."""
    start = int(made.target.start_year or made.year)
    sides = [(part.evidence.in_plan(start), part.reference) for part in made.parts]
    have = sum(bool(ours) and (theirs is None or bool(theirs.annual)) for ours, theirs in sides)
    slots = {"need": len(made.parts), "have": have}
    chance = jointly([part.chance for part in made.parts if part.met is None])
    made = replace(made, chance=chance)
    if have == len(made.parts) and chance.p is not None:
        p = print_probability(chance.p)
        return _say(made, band(chance.p), "forecast_conditions", p=p, **slots)
    hinted = None if have else _hint(setting, made)
    if hinted is not None and hinted.reason_code == "rank_only":
        return hinted
    return _say(made, "not_assessable", "conditions_missing", **slots)


def _open(setting: Setting, made: Judgement) -> Judgement:
    """Judge one question that the published figures leave open."""
    part, target = made.parts[0], made.target
    made = replace(made, chance=part.chance)
    start = int(target.start_year or made.year)
    inside = part.evidence.in_plan(start)
    if not inside and not part.evidence.flow.parts:
        return _nothing_inside(setting, made)
    apart = _readings_differ(made, part) if inside else None
    if apart is not None:
        return apart
    if part.chance.p is None:
        code = part.chance.reason or "no_observation"
        return _say(made, "not_assessable", code)
    codes = {"plan_sum": "forecast_sum", "every_year": "forecast_every_year"}
    code = codes.get(target.scope, "forecast")
    missing = [str(y) for y in range(start, max(inside, default=start)) if y not in inside]
    if target.scope == "every_year" and missing:
        code = "missing_year"
    n = len(inside) if target.scope == "plan_sum" else len(part.evidence.annual)
    return _say(
        made, band(part.chance.p), code, value=print_number(made.level.value), n=n,
        year=made.level.year, p=print_probability(part.chance.p), years=", ".join(missing),
    )  # fmt: skip


def _readings_differ(made: Judgement, part: Part) -> Judgement | None:
    """Say that the readings of a disputed baseline lead to different verdicts, if they do."""
    base, evidence = made.target.baseline, part.evidence
    # Readings matter only where the disputed cell is a point of the series that is forecast.
    if base.status != "disputed" or base.year not in evidence.annual:
        return None
    said, bands = [], set()
    for reading in base.readings:
        chance = likelihood(part.question, with_reading(evidence, int(base.year or 0), reading))
        if chance.p is None:
            return None
        bands.add(band(chance.p))
        slots = {**_reading_slots(made, reading), "p": print_probability(chance.p)}
        said.append(phrase("readings", "verdict", **slots))
    if len(bands) == 1:
        return None
    return _say(made, "conflict", "readings_differ", readings=join(said))


def with_reading(evidence: Evidence, year: int, reading: BaselineReading) -> Evidence:
    """Replace the baseline figure by one reading of it."""
    return replace(evidence, annual={**evidence.annual, year: reading.value})


def _reading_slots(made: Judgement, reading: BaselineReading) -> dict[str, Any]:
    unit = {"zh": made.unit.zh, "en": made.unit.en if made.unit.en == "%" else f" {made.unit.en}"}
    label = {"zh": reading.label_zh, "en": reading.label_en}
    return {"label": label, "value": print_number(reading.value), "unit": unit}


def _nothing_inside(setting: Setting, made: Judgement) -> Judgement:
    """Say why there is no verdict when the plan period has no figure of the series."""
    target, evidence, base = made.target, made.evidence, made.target.baseline
    disputed = _disputed_baseline(made) or _hint(setting, made)
    if disputed is not None:
        return disputed
    if base.status in ("measured", "disputed"):
        when = phrase("baseline", "sum" if target.scope == "plan_sum" else "year", year=base.year)
        value = print_number(base.value)
        return _say(made, "not_assessable", "no_observation_in_plan", value=value, when=when)
    if evidence.annual:
        year = max(evidence.annual)
        value = print_number(evidence.annual[year])
        return _say(made, "not_assessable", "only_before_plan", value=value, year=year)
    return _say(made, "not_assessable", "no_observation")


def _hint(setting: Setting, made: Judgement) -> Judgement | None:
    """Say what else was published inside the plan, when the series itself was not."""
    target, hints = made.target, made.evidence.hints
    own = hints[hints["scope"].isin(target.series)]
    ranks = setting.figures.get((f"{target.indicator_id}_rank", target.region), setting.nothing)
    ranks = ranks[ranks["year"].between(int(target.start_year or made.year), made.year)]
    for code, rows in (
        ("lower_bound_only", own[own["qualifier"].isin(("lower_bound", "upper_bound"))]),
        ("partial_period_only", own),
        ("series_broken", hints),
        ("rank_only", ranks),
    ):
        if len(rows):
            newest = rows[rows["year"] == rows["year"].max()]
            low, high = (print_number(f(newest["value"])) for f in (min, max))
            shown = low if low == high else phrase("range", low=low, high=high)
            cited = tuple(sorted(set(newest["source_id"].astype(str))))
            said = replace(made, cited=cited)
            year = int(newest["year"].iloc[0])
            return _say(said, "not_assessable", code, value=shown, year=year)
    return None


def _disputed_baseline(made: Judgement) -> Judgement | None:
    """Say that one reading of the baseline meets the target and another does not."""
    base, target = made.target.baseline, made.target
    if base.status != "disputed" or target.value is None:
        return None
    goal = Goal(target.comparator, target.value)
    met = [bool(goal.met(reading.value)) for reading in base.readings]
    if len(set(met)) < 2:
        return None
    said = []
    for reading, good in zip(base.readings, met, strict=True):
        change = difference(target.value, reading.value)
        slots = {**_reading_slots(made, reading), "change": print_number(abs(change))}
        percent = made.parts[0].question.indicator.family == "percent"
        slots["change_unit"] = phrase("points") if percent else slots["unit"]
        way = "rise" if change > 0 else "fall"
        strict = target.comparator in ("<", ">")
        key = "met_at_baseline" if good else f"{way}_{'beyond' if strict else 'needed'}"
        said.append(phrase("readings", key, **slots))
    return _say(made, "not_assessable", "disputed_baseline", readings=join(said))
