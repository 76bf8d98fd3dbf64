"""Judge one target: what is known of it, what decides it, how likely it is otherwise.

Every target is one or several questions that a number decides; a compound target is met when
all its conditions are, and a condition that compares with another region is a question whose
number is that region's figure. Published figures decide first, then proofs from them, then the
model with what is known of the city in the plan period, then what comparable evidence says.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import pandas as pd

from wqa.assessment import likelihood as odds
from wqa.assessment.evidence import (
    Evidence,
    Row,
    adds_up,
    gather,
    natural_span,
    of_others,
    rows_by_key,
)
from wqa.assessment.inferences import ALLOWS, Inferred, infer, narrowed
from wqa.catalog.catalog import load_indicators, load_plan, load_units, plan_faults
from wqa.catalog.records import Baseline, Indicator, Plan, Reading, Target, Unit
from wqa.data.loading import YEARS_AFTER_PLAN, as_of_day, load_observations, year_of
from wqa.errors import CatalogError, DataError
from wqa.goals import Goal, Span, decided_every_year
from wqa.paths import Folder

ANSWERS = ("met", "very_likely", "likely", "open", "unlikely", "missed", "nothing_known")
NO_LEVEL = ("lower_bound", "upper_bound", "partial_period")
SIDE_ANSWERS = {1: "likely", 0: "open", -1: "unlikely"}


@dataclass(frozen=True)
class Setting:
    """What all targets of one assessment share; figures by (indicator, region)."""

    indicators: Mapping[str, Indicator]
    units: Mapping[str, Unit]
    figures: Mapping[tuple[str, str], list[Row]]
    seed: int = 0

    def question(self, target: Target, year: int) -> odds.Question:
        """One question that a number decides."""
        return odds.Question(target, self.indicators[target.indicator_id], year, self.seed)

    def evidence(self, target: Target, region: str, year: int) -> Evidence:
        """Collect what the figures say about a target (or a condition) in a region."""
        figures = self.figures.get((target.indicator_id, region), [])
        found = gather(figures, target, self.indicators[target.indicator_id], year)
        return replace(found, others=of_others(self.figures, target, found.scope, year))


def begin(
    plan: Plan | str, given: pd.DataFrame | None, as_of: str | None, edition: int | None,
    seed: int, catalog: Folder, root: Folder,
) -> tuple[Plan, Setting, pd.DataFrame]:  # fmt: skip
    """Open a plan, with the figures that were known on a day and belong to an edition."""
    indicators, day = load_indicators(catalog), as_of_day(as_of) if as_of else None
    found = load_plan(plan, catalog) if isinstance(plan, str) else plan
    # Files are checked on reading; a plan that was made in code is checked here.
    for place, what, got, expected in plan_faults(found, {"indicators": indicators}):
        raise CatalogError(what, where=" ".join(map(str, place)), got=got, expected=expected)
    frame = load_observations(as_of=day, root=root, catalog=catalog) if given is None else given
    frame = frame[frame["vintage"].astype(str) <= day] if day else frame
    if edition:
        last = year_of("edition", edition, found, YEARS_AFTER_PLAN)
        frame = frame[frame["end"] <= f"{last}-12-31"]
    return found, Setting(indicators, load_units(catalog), rows_by_key(frame), seed), frame


def of_region(target: Target, plan: Plan, region: str | None) -> Target:
    """Read a target for another region, which has no baseline or inference in the plan."""
    if not region or region == plan.region or target.region != plan.region:
        return target
    return replace(target, region=region, baseline=Baseline(status="missing"), inferences=())


def judged_year(target: Target, target_year: int | None) -> int:
    """Year up to which a target is judged."""
    year = target.year if target_year is None else min(target.year, target_year)
    if year < int(target.start_year or year):
        what, expected = "the target year lies before the target starts", target.start_year
        raise DataError(what, where=target.id, got=target_year, expected=f"{expected} or later")
    return year


@dataclass(frozen=True)
class Level:
    """Newest figure that says where the indicator stands; `value` may be None."""

    value: float | None = None
    year: int | None = None
    qualifier: str = ""
    is_in_plan: bool = False

    @property
    def is_whole(self) -> bool:
        """Whether it is the value of whole years, neither a limit nor a part."""
        return self.value is not None and self.qualifier not in NO_LEVEL


@dataclass(frozen=True)
class Part:
    """One question of a target with its evidence, and its answer where figures decide it."""

    question: odds.Question
    evidence: Evidence
    reference: Evidence | None
    met: bool | None

    @property
    def inside(self) -> dict[int, float]:
        """Annual values of the plan period."""
        return self.evidence.in_plan(self.question.start)

    def chance(self) -> odds.Likelihood:
        """How likely the target is to be met, as far as this question goes."""
        if self.reference is None:
            return odds.likelihood(self.question, self.evidence)
        return odds.against(self.question, self.evidence, self.reference)


@dataclass(frozen=True)
class Conclusion:
    """An answer, its strength (0 to 3), what it rests on, and the probability behind it."""

    # `basis` is ``published``, ``conditions``, ``inferred``, ``model``, ``readings`` (of a disputed
    # baseline, each with its probability) or ``nothing``.

    answer: str
    strength: int
    basis: str
    chance: odds.Likelihood = field(default_factory=odds.Likelihood)
    leading: Inferred | None = None
    assumes: tuple[str, ...] = ()
    readings: tuple[tuple[Reading, float], ...] = ()
    loose: odds.Likelihood | None = None  # of the one number that the table prints for conditions


@dataclass(frozen=True)
class Judgement:
    """Everything that is known about one target; `ranks` were published beside its score."""

    target: Target
    unit: Unit
    year: int
    parts: tuple[Part, ...]
    whole: Evidence
    level: Level
    inferred: tuple[Inferred, ...]
    found: Conclusion
    ranks: list[Row]

    @property
    def rows(self) -> list[Row]:
        """Rows of all figures used: of the series, of references and of inferences."""
        used = [e for part in self.parts for e in (part.evidence, part.reference) if e is not None]
        rows = [row for e in used for row in (*e.rows, *e.limits)]
        rows += [row for one in self.inferred for row in one.rows]
        rows += self.found.chance.others
        return list({(row.file, row.row): row for row in rows}.values())


def answer_for(p: float) -> str:
    """Answer for a probability of attainment."""
    if p >= odds.VERY_LIKELY:
        return "very_likely"
    return "likely" if p >= odds.LIKELY else "open" if p > odds.UNLIKELY else "unlikely"


def weaker(*answers: str) -> str:
    """Pick the answer that claims least among those on the side of the target."""
    return max(answers, key=ANSWERS.index)


def judge(setting: Setting, target: Target, year: int) -> Judgement:
    """Judge a target with the figures of a setting, up to a year."""
    parts = tuple(_part(setting, *one, year) for one in _conditions(setting, target))
    table = replace(target, kind="gap", conditions=()) if target.conditions else target
    asked, whole = setting.question(table, year), parts[0].evidence
    if target.conditions:
        whole = setting.evidence(table, target.region, year)
    inferred = [one for one in infer(setting.figures, table, asked.indicator) if one.tells(table)]
    # A region that an inference names does not speak a second time.
    named = {row.region for one in inferred for row in one.rows}
    whole = replace(whole, others=tuple(row for row in whole.others if row.region not in named))
    found = _conclusion(Part(asked, whole, None, None), parts, inferred)
    ranks = setting.figures.get((f"{target.indicator_id}_rank", target.region), [])
    level, unit = find_level(target, whole, year), setting.units[target.unit]
    return Judgement(target, unit, year, parts, whole, level, tuple(inferred), found, ranks)


def _conclusion(table: Part, parts: Sequence[Part], inferred: list[Inferred]) -> Conclusion:
    """Answer by what decides first: figures, proofs, the model, what comparable evidence says."""
    is_joint = table.question.target is not parts[0].question.target
    answers = [part.met for part in parts]
    met = False if False in answers else None if None in answers else True
    if met is not None:
        chance = odds.Likelihood(p=float(met), evidence_class="known")
        basis = "conditions" if is_joint else "published"
        return Conclusion("met" if met else "missed", 3, basis, chance)
    if is_joint:
        return _two_readings(_joint(parts), _answer(table, inferred))
    if table.question.target.kind == "relative":
        return _by_model(parts[0], parts[0].evidence)
    plain = [one for one in inferred if one.declared.assumes != "successor"]
    told = _answer(table, plain)
    if len(plain) < len(inferred):
        return _two_readings(told, _answer(table, inferred))
    readings = _readings(table) if told.basis == "model" else ()
    if len({answer_for(p) for _, p in readings}) > 1:
        beside = odds.Likelihood(rests=told.chance.rests, others=told.chance.others)
        return Conclusion("open", told.strength, "readings", beside, readings=readings)
    return told


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
    if met is None and reference:  # a forecast looks at all rounds
        every = setting.evidence(replace(target, series=reference), target.reference_region, year)
        theirs = every if len(every.annual) > len(theirs.annual) else theirs
    return Part(question, ours, theirs, met)


def _compared(comparator: str, ours: Span | None, theirs: Span | None) -> bool | None:
    if ours is None or theirs is None or not math.isfinite(theirs.lower + theirs.upper):
        return None
    answers = {Goal(comparator, edge).decided(ours) for edge in (theirs.lower, theirs.upper)}
    return None if len(answers) > 1 else answers.pop()


def outcome(question: odds.Question, evidence: Evidence) -> bool | None:
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
    inside = evidence.in_plan(int(target.start_year or year))
    if target.scope == "plan_sum" and inside:
        return Level(evidence.flow.span.lower, max(inside), "sum_so_far", True)
    limits = [row for row in evidence.hints if row.scope == evidence.scope]
    if not inside and limits:
        last = max(limits, key=lambda row: (row.end, row.start, row.vintage))
        return Level(last.value, last.year, last.qualifier)
    if not evidence.annual:
        return Level()
    last = max(evidence.annual)
    return Level(evidence.annual[last], last, evidence.rows[-1].qualifier, bool(inside))


def _answer(part: Part, inferred: list[Inferred]) -> Conclusion:
    """Answer one question: by proof, by the model, or by what comparable evidence says."""
    question, evidence = part.question, part.evidence
    target, year = question.target, question.year
    bounding = [one for one in inferred if one.deduction.bounds]
    for chosen in ([one for one in bounding if not one.assumes], bounding):
        met = outcome(question, narrowed(evidence, target, year, chosen)) if chosen else None
        if met is not None:
            assumes = tuple(dict.fromkeys(a for one in chosen for a in one.assumes))
            against_it = "unlikely" if assumes else "missed"
            answer = weaker("met", *(ALLOWS[a] for a in assumes)) if met else against_it
            chance = odds.Likelihood(p=float(met), evidence_class="deduced")
            return Conclusion(answer, 2, "inferred", chance, chosen[0], assumes)
    known = replace(part, evidence=narrowed(evidence, target, year, bounding))
    votes = [_by_model(known, evidence, bounding), *filter(None, map(_vote, inferred))]
    told = [vote for vote in votes if vote.answer != "nothing_known"]
    if told:
        return _combined(told)
    # Other figures of the plan period would be left out of a probability from the baseline.
    is_hidden = evidence.hints or target.baseline.status == "disputed"
    return Conclusion("nothing_known", 0, "nothing") if is_hidden else votes[0]


def _vote(one: Inferred) -> Conclusion | None:
    """Answer of one inference that gives a probability or a side."""
    told = one.deduction
    if told.p is not None:
        chance = odds.Likelihood(told.p, told.low, told.high, None, "inferred", one.declared.rule)
        answer = weaker(answer_for(told.p), "likely")
        return Conclusion(answer, 1, "inferred", chance, one, one.assumes)
    if told.side is not None:
        return Conclusion(SIDE_ANSWERS[told.side], 1, "inferred", leading=one)
    return None


def _combined(votes: list[Conclusion]) -> Conclusion:
    """Join answers: the strongest evidence leads, evidence that points both ways leaves it open."""
    # A part of what the target covers says something only where nothing else does.
    firm = [v for v in votes if not v.leading or v.leading.declared.rule != "part_of_whole"]
    lead = max(firm or votes, key=lambda vote: vote.strength)
    sides = {_side(vote.answer) for vote in firm or votes}
    return lead if len(sides) == 1 else replace(lead, answer="open")


def _side(answer: str) -> int:
    """Whether an answer speaks for the target (1), against it (-1) or neither (0)."""
    return {"open": 0, "nothing_known": 0, "unlikely": -1, "missed": -1}.get(answer, 1)


def _by_model(part: Part, published: Evidence, bounding: Sequence[Inferred] = ()) -> Conclusion:
    """Answer of the model, where anything of the city in the plan period is behind it."""
    inside, chance = published.in_plan(part.question.start), part.chance()
    partly = part.inside or part.evidence.flow.parts or _has_floor(part)
    if chance.p is None:
        return Conclusion("nothing_known", 0, "nothing", chance)
    if not (inside or partly or chance.rests):
        return Conclusion(
            "nothing_known", 0, "nothing", replace(chance, evidence_class=odds.PRIOR_ONLY)
        )
    assumes, answer = tuple(a for one in bounding for a in one.assumes), answer_for(chance.p)
    if _side(answer) > 0:
        answer = weaker(answer, *(ALLOWS[a] for a in assumes))
    elif bounding and not inside:
        answer = "open"  # a probability from a limit is itself a limit and speaks against nothing
    leading, strength = bounding[0] if bounding else None, 3 if inside else 2 if partly else 1
    if strength == 1 and _side(answer) > 0:
        answer = weaker(answer, "likely")
    return Conclusion(answer, strength, "model", chance, leading, assumes)


def _has_floor(part: Part) -> bool:
    """Whether a stock that cannot fall is known from below inside the plan."""
    first = f"{part.question.start}-01-01"
    return adds_up(part.question.target) and any(r.start >= first for r in part.evidence.limits)


def _joint(parts: Sequence[Part]) -> Conclusion:
    """Answer of conditions of which none is missed and at least one is open."""
    have = all(part.inside and (part.reference is None or part.reference.annual) for part in parts)
    chance = odds.jointly([part.chance() for part in parts if part.met is None])
    if not have or chance.p is None:
        return Conclusion("nothing_known", 0, "conditions", chance)
    return Conclusion(answer_for(chance.p), 3, "conditions", chance)


def _two_readings(strict: Conclusion, loose: Conclusion) -> Conclusion:
    """Join two readings of a target: where only one has an answer it is at most likely."""
    if "nothing_known" in (strict.answer, loose.answer):
        told = loose if strict.answer == "nothing_known" else strict
        for_it = _side(told.answer) > 0
        return replace(told, answer=weaker(told.answer, "likely")) if for_it else told
    if _side(strict.answer) == _side(loose.answer):
        return strict
    # One reading is as good as decided, the other open: the better half of the way.
    tells = _side(loose.answer) > 0 and strict.answer == "open"
    answer = "likely" if tells else "open"
    if strict.basis == "conditions" and loose.basis == "model":
        return replace(strict, answer=answer, loose=loose.chance)
    return replace(loose, answer=answer)


def _readings(part: Part) -> tuple[tuple[Reading, float], ...]:
    """Probabilities under the readings of a disputed baseline that is part of the series."""
    base, evidence = part.question.target.baseline, part.evidence
    if base.status != "disputed" or base.year not in evidence.annual:
        return ()
    asked = [(one, with_reading(evidence, base, one)) for one in base.readings]
    found = [(one, odds.likelihood(part.question, read).p) for one, read in asked]
    return tuple((one, p) for one, p in found if p is not None)


def with_reading(evidence: Evidence, base: Baseline, reading: Reading) -> Evidence:
    """Replace the baseline figure by one reading of it."""
    return replace(evidence, annual={**evidence.annual, int(base.year or 0): reading.value})
