"""Judge one target: what decides it, how likely it is otherwise, and the reason in words.

Every target is one or several questions that a number decides; a compound target is met when
all its conditions are, and a condition that compares with another region is a question whose
number is that region's figure. Published figures decide first, then proofs from them, then the
model with what is known of the city in the plan period, then what comparable evidence says.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from wqa.assessment.evidence import Evidence, Row, adds_up, gather, natural_span
from wqa.assessment.inferences import ALLOWS, Inferred, infer, narrowed
from wqa.assessment.likelihood import PRIOR_ONLY, Likelihood, Question, against, jointly, likelihood
from wqa.catalog.records import Baseline, Indicator, Reading, Target, Unit
from wqa.goals import Goal, Span, decided_every_year

ANSWERS = ("met", "very_likely", "likely", "open", "unlikely", "missed", "nothing_known")
# Least probability of each answer; below the last one it is unlikely.
VERY_LIKELY, LIKELY, UNLIKELY = 0.90, 0.65, 0.34
NO_LEVEL = ("lower_bound", "upper_bound", "partial_period")
SIDE_ANSWERS = {1: "likely", 0: "open", -1: "unlikely"}


@dataclass(frozen=True)
class Setting:
    """What all targets of one assessment share; figures by (indicator, region)."""

    indicators: Mapping[str, Indicator]
    units: Mapping[str, Unit]
    figures: Mapping[tuple[str, str], list[Row]]
    model: str = "pooled"
    seed: int = 0

    def question(self, target: Target, year: int) -> Question:
        """One question that a number decides."""
        return Question(target, self.indicators[target.indicator_id], year, self.model, self.seed)

    def evidence(self, target: Target, region: str, year: int) -> Evidence:
        """Collect what the figures say about a target (or a condition) in a region."""
        figures = self.figures.get((target.indicator_id, region), [])
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
    """One question of a target with its evidence, and its answer where figures decide it."""

    question: Question
    evidence: Evidence
    reference: Evidence | None
    met: bool | None

    def chance(self) -> Likelihood:
        """How likely the target is to be met, as far as this question goes."""
        if self.reference is None:
            return likelihood(self.question, self.evidence)
        return against(self.question, self.evidence, self.reference)


@dataclass(frozen=True)
class Conclusion:
    """An answer, its strength (0 to 3), what it rests on, and the probability behind it."""

    # `basis` is ``published``, ``conditions``, ``inferred``, ``model``, ``readings`` (of a disputed
    # baseline, each with its probability) or ``nothing``.

    answer: str
    strength: int
    basis: str
    chance: Likelihood = field(default_factory=Likelihood)
    leading: Inferred | None = None
    assumes: tuple[str, ...] = ()
    readings: tuple[tuple[Reading, float], ...] = ()


@dataclass(frozen=True)
class Judgement:
    """Everything that is known about one target."""

    target: Target
    unit: Unit
    year: int
    parts: tuple[Part, ...]
    whole: Evidence
    level: Level
    inferred: tuple[Inferred, ...]
    found: Conclusion
    other: Conclusion | None = None

    @property
    def rows(self) -> list[Row]:
        """Rows of all figures used: of the series, of references and of inferences."""
        used = [e for part in self.parts for e in (part.evidence, part.reference) if e is not None]
        rows = [row for e in used for row in (*e.rows, *e.limits)]
        rows += [row for one in self.inferred for row in one.rows]
        return list({(row.file, row.row): row for row in rows}.values())


def answer_for(p: float) -> str:
    """Answer for a probability of attainment."""
    if p >= VERY_LIKELY:
        return "very_likely"
    return "likely" if p >= LIKELY else "open" if p > UNLIKELY else "unlikely"


def weaker(*answers: str) -> str:
    """Pick the answer that claims least among those on the side of the target."""
    return max(answers, key=ANSWERS.index)


def judge(setting: Setting, target: Target, year: int) -> Judgement:
    """Judge a target with the figures of a setting, up to a year."""
    parts = tuple(_part(setting, *one, year) for one in _conditions(setting, target))
    indicator = setting.indicators[target.indicator_id]
    table = replace(target, kind="gap", conditions=()) if target.conditions else target
    whole = setting.evidence(table, target.region, year) if target.conditions else parts[0].evidence
    inferred = [one for one in infer(setting.figures, table, indicator) if one.tells(table)]
    level = find_level(target, whole, year)
    made = Judgement(target, setting.units[target.unit], year, parts, whole, level,
                     tuple(inferred), Conclusion("nothing_known", 0, "nothing"))  # fmt: skip
    answers = [part.met for part in parts]
    met = False if False in answers else None if None in answers else True
    if met is not None:
        chance = Likelihood(p=float(met), evidence_class="known")
        basis = "conditions" if target.conditions else "published"
        return replace(made, found=Conclusion("met" if met else "missed", 3, basis, chance))
    if target.conditions:
        text = _joint(target, parts, year)
        told = _answer(setting.question(table, year), whole, inferred)
        return replace(made, found=_two_readings(text, told), other=text)
    if target.kind == "relative":
        return replace(made, found=_by_model(parts[0], parts[0].evidence))
    plain = [one for one in inferred if one.declared.assumes != "successor"]
    told = _answer(parts[0].question, whole, plain)
    if len(plain) < len(inferred):
        counted = _answer(parts[0].question, whole, inferred)
        return replace(made, found=_two_readings(told, counted), other=told)
    readings = _readings(parts[0]) if told.basis == "model" else ()
    if len({answer_for(p) for _, p in readings}) > 1:
        told = Conclusion("open", told.strength, "readings", readings=readings)
    return replace(made, found=told)


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
    question = setting.question(target, year)
    ours = setting.evidence(target, target.region, year)
    if target.kind != "relative":
        return Part(question, ours, None, outcome(question, ours))
    # The figure of the same round decides; another round is taken where there is none.
    paired = replace(target, series=(ours.scope, *reference) if ours.scope else reference)
    theirs = setting.evidence(paired, target.reference_region, year)
    met = _compared(target.comparator, ours.spans.get(year), theirs.spans.get(year))
    return Part(question, ours, theirs, met)


def _compared(comparator: str, ours: Span | None, theirs: Span | None) -> bool | None:
    if ours is None or theirs is None or not math.isfinite(theirs.lower + theirs.upper):
        return None
    answers = {Goal(comparator, edge).decided(ours) for edge in (theirs.lower, theirs.upper)}
    return None if len(answers) > 1 else answers.pop()


def outcome(question: Question, evidence: Evidence) -> bool | None:
    """Whether the target is met or missed, as far as figures decide it."""
    target, year = question.target, question.year
    if target.value is None:
        return None
    goal = Goal(target.comparator, target.value)
    if target.scope == "plan_sum":
        return goal.decided(evidence.flow.span)
    if target.scope == "every_year":
        return decided_every_year(goal, evidence.spans, range(question.start, year + 1))
    return goal.decided(evidence.spans.get(year, natural_span(target, question.indicator)))


def find_level(target: Target, evidence: Evidence, year: int) -> Level:
    """Find the newest figure of the series, or a limit inside the plan if there is none."""
    start = int(target.start_year or year)
    inside = evidence.in_plan(start)
    if target.scope == "plan_sum" and inside:
        return Level(evidence.flow.span.lower, max(inside), "sum_so_far", True)
    limits = [row for row in evidence.hints if row.scope == evidence.scope]
    if not inside and limits:
        last = max(limits, key=lambda row: (row.end, row.start, row.vintage))
        return Level(last.value, last.year, last.qualifier)
    if not evidence.annual:
        return Level()
    newest_year = max(evidence.annual)
    qualifier = evidence.rows[-1].qualifier
    return Level(evidence.annual[newest_year], newest_year, qualifier, bool(inside))


def _answer(question: Question, evidence: Evidence, inferred: list[Inferred]) -> Conclusion:
    """Answer one question: by proof, by the model, or by what comparable evidence says."""
    target, year = question.target, question.year
    bounding = [one for one in inferred if one.deduction.bounds]
    for chosen in ([one for one in bounding if not one.assumes], bounding):
        met = outcome(question, narrowed(evidence, target, year, chosen)) if chosen else None
        if met is not None:
            assumes = tuple(dict.fromkeys(a for one in chosen for a in one.assumes))
            answer = weaker(*(ALLOWS[a] for a in assumes), "met") if met else "missed"
            answer = "unlikely" if not met and assumes else answer
            chance = Likelihood(p=float(met), evidence_class="deduced")
            return Conclusion(answer, 2, "inferred", chance, chosen[0], assumes=assumes)
    known = narrowed(evidence, target, year, bounding)
    votes = [_by_model(Part(question, known, None, None), evidence, bounding)]
    for one in inferred:
        deduction = one.deduction
        if deduction.p is not None:
            likely = deduction.p > UNLIKELY
            answer = weaker(answer_for(deduction.p), "likely") if likely else "unlikely"
            chance = Likelihood(p=deduction.p, low=deduction.low, high=deduction.high,
                                evidence_class="inferred", model=one.declared.rule)  # fmt: skip
            votes.append(Conclusion(answer, 1, "inferred", chance, one, assumes=one.assumes))
        elif deduction.side is not None:
            votes.append(Conclusion(SIDE_ANSWERS[deduction.side], 1, "inferred", leading=one))
    told = [vote for vote in votes if vote.answer != "nothing_known"]
    if told:
        return _combined(told)
    # Other figures of the plan period would be left out of a probability from the baseline.
    is_hidden = evidence.hints or target.baseline.status == "disputed"
    return Conclusion("nothing_known", 0, "nothing") if is_hidden else votes[0]


def _combined(votes: list[Conclusion]) -> Conclusion:
    """Join answers: the strongest evidence leads, evidence that points both ways leaves it open."""
    # A part of what the target covers says something only where nothing else does.
    firm = [v for v in votes if not v.leading or v.leading.declared.rule != "part_of_whole"]
    lead = max(firm or votes, key=lambda vote: vote.strength)
    sides = {_side(vote.answer) for vote in firm or votes}
    return lead if len(sides) == 1 else replace(lead, answer="open")


def _side(answer: str) -> int:
    return 0 if answer == "open" else 1 if ANSWERS.index(answer) < ANSWERS.index("open") else -1


def _by_model(part: Part, published: Evidence, bounding: Sequence[Inferred] = ()) -> Conclusion:
    """Answer of the model, where anything of the city in the plan period is behind it."""
    question, known, chance = part.question, part.evidence, part.chance()
    inside = published.in_plan(question.start)
    partly = known.in_plan(question.start) or known.flow.parts or _has_floor(question, known)
    if chance.p is None:
        return Conclusion("nothing_known", 0, "nothing", chance)
    if not (inside or partly):
        weak = replace(chance, evidence_class=PRIOR_ONLY)
        return Conclusion("nothing_known", 0, "nothing", weak)
    assumes = tuple(a for one in bounding for a in one.assumes)
    answer = answer_for(chance.p)
    if _side(answer) > 0:
        answer = weaker(answer, *(ALLOWS[a] for a in assumes))
    elif bounding and not inside:
        answer = "open"  # a probability from a limit is itself a limit and speaks against nothing
    leading = bounding[0] if bounding else None
    return Conclusion(answer, 3 if inside else 2, "model", chance, leading, assumes=assumes)


def _has_floor(question: Question, evidence: Evidence) -> bool:
    """Whether a stock that cannot fall is known from below inside the plan."""
    first = f"{question.start}-01-01"
    return adds_up(question.target) and any(row.start >= first for row in evidence.limits)


def _joint(target: Target, parts: tuple[Part, ...], year: int) -> Conclusion:
    """Answer of conditions of which none is missed and at least one is open."""
    start = int(target.start_year or year)
    sides = [(part.evidence.in_plan(start), part.reference) for part in parts]
    have = all(bool(ours) and (theirs is None or theirs.annual) for ours, theirs in sides)
    chance = jointly([part.chance() for part in parts if part.met is None])
    if not have or chance.p is None:
        return Conclusion("nothing_known", 0, "conditions", chance)
    return Conclusion(answer_for(chance.p), 3, "conditions", chance)


def _two_readings(strict: Conclusion, loose: Conclusion) -> Conclusion:
    """Join two readings of a target: where only one has an answer it is at most likely."""
    if strict.answer == "nothing_known" or loose.answer == "nothing_known":
        told = loose if strict.answer == "nothing_known" else strict
        return replace(told, answer=weaker(told.answer, "likely")) if _side_of(told) > 0 else told
    if _side(strict.answer) == _side(loose.answer):
        return strict
    # One reading is as good as decided, the other open: the better half of the way.
    tells = _side(loose.answer) > 0 and strict.answer == "open"
    return replace(loose, answer="likely" if tells else "open")


def _side_of(found: Conclusion) -> int:
    return 0 if found.answer == "nothing_known" else _side(found.answer)


def _readings(part: Part) -> tuple[tuple[Reading, float], ...]:
    """Probabilities under the readings of a disputed baseline that is part of the series."""
    base, evidence = part.question.target.baseline, part.evidence
    if base.status != "disputed" or base.year not in evidence.annual:
        return ()
    found = [(r, likelihood(part.question, with_reading(evidence, base, r)).p)
             for r in base.readings]  # fmt: skip
    return tuple((reading, p) for reading, p in found if p is not None)


def with_reading(evidence: Evidence, base: Baseline, reading: Reading) -> Evidence:
    """Replace the baseline figure by one reading of it."""
    return replace(evidence, annual={**evidence.annual, int(base.year or 0): reading.value})
