"""How likely a target is met: from a model, by comparable changes, and how often that came true."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from wqa.assessment.evidence import Evidence, Row
from wqa.catalog.records import Indicator, Target
from wqa.errors import ForecastError
from wqa.forecasts.distributions import plan_sum
from wqa.forecasts.forecasting import Forecast, forecast
from wqa.forecasts.numbers import Quantity, quantity_of
from wqa.forecasts.pooled import Rests, evidence_class
from wqa.goals import Goal, Span, good_direction
from wqa.paths import PRIORS

# Least probability of each answer; below the last one it is unlikely.
VERY_LIKELY, LIKELY, UNLIKELY = 0.90, 0.65, 0.34
PRIOR_ONLY = "prior_only"
# Classes of evidence with which no probability is printed: a proof, or the baseline alone.
UNPRINTED = ("known", "deduced", PRIOR_ONLY)
ABOUT = ("family", "lower", "upper", "direction")  # what a forecast must know of an indicator
CLASS_COLUMNS = {"p_class_low": "low", "p_class_high": "high", "p_observed": "observed",
                 "n_cases": "n_cases"}  # fmt: skip
PLAN_YEARS = 5.0  # years of the period whose sum a plan states as baseline
PATHS = 20_000
# Families in which a change of one indicator says something about another one.
COMMON_SCALE = ("percent", "score", "rate")
MIN_SPANS = 10  # fewer say nothing about how often
NO_CHANGES = {"share_of_changes": None, "n_changes": None, "n_change_series": None,
              "changes_base": ""}  # fmt: skip


@dataclass(frozen=True)
class ProbabilityClass:
    """Range in which a probability is printed, and the backtest of that range."""

    # `observed` is the share of targets that were met, over `n_cases` independent series; with
    # 0 cases no backtest speaks about such probabilities.

    low: float
    high: float
    observed: float | None = None
    n_cases: int = 0


@dataclass(frozen=True)
class Likelihood:
    """Probability of attainment and how far it can be trusted; no `p` comes with a reason."""

    p: float | None = None
    low: float | None = None
    high: float | None = None
    prior_weight: float | None = None
    evidence_class: str = ""
    model: str = ""
    fallback: str = ""
    reason: str = ""
    rests: Rests | None = None
    others: tuple[Row, ...] = ()  # figures of other regions that moved the forecast
    record: ProbabilityClass | None = None

    @property
    def told(self) -> ProbabilityClass | None:
        """Class in which the probability is printed: that of its record, else of its answer."""
        return self.record or (None if self.p is None else answer_class(self.p))

    @property
    def cells(self) -> dict[str, Any]:
        """Cells of the columns that tell it."""
        told = None if self.evidence_class in UNPRINTED else self.told
        return {
            **{"p_attain": self.p, "p_low": self.low, "p_high": self.high},
            **{column: getattr(told, name, None) for column, name in CLASS_COLUMNS.items()},
            **{key: getattr(self, key) for key in ("prior_weight", "model", "fallback")},
            "evidence_class": self.evidence_class or "none",
        }


@dataclass(frozen=True)
class Question:
    """A target that one number decides, and the forecasts that speak about it."""

    target: Target
    indicator: Indicator
    year: int
    seed: int = 0

    @property
    def start(self) -> int:
        """First year of the plan."""
        return int(self.target.start_year or self.year)

    @property
    def goal(self) -> Goal:
        """Goal for a model's values: read at the decimals that will be printed."""
        return Goal(self.target.comparator, float(self.target.value or 0.0), self.target.decimals)

    def chance(self, made: Forecast) -> float:
        """Probability that the last year of a forecast meets the goal."""
        return float(self.goal.probability(made.distribution)[0, -1])

    def fit(
        self,
        values: Mapping[int, float],
        year: int,
        counts: Mapping[int, tuple[float, float]] | None = None,
        others: Sequence[Row] = (),
    ) -> Forecast | None:
        """Forecast a series up to `year`; None when there is nothing to forecast."""
        years, one = sorted(values), self.indicator
        if not years or years[-1] >= year:
            return None
        counted = one.family == "percent" and counts and all(y in counts for y in years)
        sizes = [counts[y][1] for y in years] if counts and counted else None
        options: dict[str, Any] = {key: getattr(one, key) for key in ABOUT}
        options |= {"target_year": year, "denominators": sizes}
        if others:
            cells = [(row.region, row.year, row.value) for row in others]
            options["panel"] = pd.DataFrame(cells, columns=["series_id", "year", "value"])
        made = forecast([values[y] for y in years], years, **options)
        # Others that do not move it leave it alone.
        return self.fit(values, year, counts) if others and not made.rests else made


def likelihood(question: Question, evidence: Evidence) -> Likelihood:
    """Probability that the target is met, with its range when one year is left out."""
    full, inside = _once(question, evidence), evidence.in_plan(question.start)
    chance = full.p
    if chance is None:
        return full
    if full.rests is None:
        evidence = replace(evidence, others=())  # nor where a year is left out
    if question.target.scope == "plan_sum":
        found = [_sum(question, evidence, left_out=y).p for y in inside]
    else:
        found = [_once(question, _without(evidence, y)).p for y in evidence.annual]
    others = [p for p in found if p is not None]
    if not inside and not evidence.flow.parts and full.rests is None:
        # The plan's own baseline says nothing about the plan period.
        full = replace(full, evidence_class=PRIOR_ONLY)
    if not others:
        return full
    return replace(full, low=min([chance, *others]), high=max([chance, *others]))


def _without(evidence: Evidence, year: int) -> Evidence:
    annual = {y: v for y, v in evidence.annual.items() if y != year}
    counts = {y: k for y, k in evidence.counts.items() if y != year}
    return replace(evidence, annual=annual, counts=counts)


def _once(question: Question, evidence: Evidence) -> Likelihood:
    if question.target.scope == "plan_sum":
        return _sum(question, evidence)
    if question.target.kind == "bound" and all(y in evidence.counts for y in evidence.annual):
        return _at_bound(question, evidence)
    return _level(question, evidence)


def _told(made: Forecast, p: float, others: Sequence[Row] = ()) -> Likelihood:
    about = made.prior_weight, made.evidence_class, made.model, made.fallback
    named = made.rests.others if made.rests else ()
    used = tuple(row for row in others if row.region in named)
    return Likelihood(float(p), None, None, *about, rests=made.rests, others=used)


def _since(annual: Mapping[int, float], others: Sequence[Row]) -> list[Row]:
    """Rows of the regions that are known in the newest year of a series and after it."""
    last = max(annual, default=0)
    known = {row.region for row in others if row.year == last}
    known &= {row.region for row in others if row.year > last}
    if len(set(annual.values())) > 1:
        # A region with the very same figures is the series itself under another name.
        cells = {(row.region, row.year, row.value) for row in others}
        known = {r for r in known if any((r, y, v) not in cells for y, v in annual.items())}
    return [row for row in others if row.region in known]


def _level(question: Question, evidence: Evidence) -> Likelihood:
    """Probability of a level in the target year, or of all years not yet known."""
    year, annual, every = question.year, evidence.annual, question.target.scope == "every_year"
    others = _since(annual, evidence.others)
    made = question.fit(annual, year, evidence.counts, others)
    gaps = [y for y in range(question.start, max(annual, default=year)) if y not in annual]
    if made is None and not (every and gaps and annual):
        return Likelihood(reason="no_observation")
    p = 1.0
    if made is not None and every:
        p = float(question.goal.met(made.sample(PATHS, question.seed)).all(axis=1).mean())
    elif made is not None:
        p = question.chance(made)
        if question.target.kind == "monotone":
            p = _not_below(question, made, p, evidence.spans.get(year, Span()).lower)
    for gap in gaps if every else ():
        # Judged on the years before it (after it, if there are none), apart from the others.
        before = {y: v for y, v in annual.items() if y < gap}
        # Read backwards: the distribution of a step does not know its direction.
        before = before or {2 * gap - y: v for y, v in annual.items() if y > gap}
        missed = question.fit(before, gap)
        if missed is not None:
            p *= question.chance(missed)
            made = made or missed
    assert made is not None
    told, series = _told(made, p, others), (question.indicator.family, question.target.scope)
    # The backtest knows the city's own years alone, without gaps.
    if told.rests or (every and gaps) or told.model != "pooled":
        return told
    return replace(told, record=recorded_class(*series, len(annual), p))


def _not_below(question: Question, made: Forecast, p: float, floor: float) -> float:
    """Probability given that a stock, which cannot fall, is at least what it has been."""
    out = min(float(made.distribution.below(floor)[0, -1]), 1.0 - 1e-9)
    lost = 0.0 if good_direction(question.target.comparator) > 0 else out
    return min(max(p - lost, 0.0) / (1.0 - out), 1.0)


def _sum(question: Question, evidence: Evidence, left_out: int | None = None) -> Likelihood:
    """Probability of a sum over the plan; a year left out no longer informs the yearly rate."""
    base, flow, annual = question.target.baseline, evidence.flow, evidence.annual
    # The baseline of a plan sum is the sum of the five years before the plan.
    previous = base.value if base.status == "measured" else None
    length = question.year - question.start + 1
    left = max(round(length - flow.years, 2), 0.0)
    flows, years, need = list(flow.parts), flow.years, float(question.target.value or 0.0)
    if left_out is not None and annual[left_out] in flows:
        flows.remove(annual[left_out])
        years, need = years - 1.0, need - annual[left_out]
    past: dict[str, Any] = {"previous": previous, "previous_occasions": PLAN_YEARS}
    try:
        made = plan_sum(flows, left, elapsed=years, **past)
    except ForecastError as error:
        return Likelihood(reason="no_observation", fallback=error.what)
    if not made.ahead:
        return Likelihood(reason="no_observation")
    grade = evidence_class(len(flows), made.prior_weight, "count")
    p = float(made.p_attain(need, question.target.comparator))
    return Likelihood(p, None, None, made.prior_weight, grade, "poisson_gamma")


def _at_bound(question: Question, evidence: Evidence) -> Likelihood:
    """Probability that every one of the next n cases passes (beta-binomial, Jeffreys)."""
    annual, counts = evidence.annual, evidence.counts
    if not annual:
        return Likelihood(reason="no_observation")
    from scipy.special import betaln  # heavy import, needed only here

    failed = trials = 0.0
    for year, value in annual.items():
        passed, n = counts[year]
        # Published failures; where only the rate was printed, as many as it rounds to.
        failed += round(n * (100.0 - value) / 100.0) if np.isnan(passed) else n - passed
        trials += n
    every = question.target.scope == "every_year"
    years = [y for y in range(question.start, question.year + 1) if y not in annual]
    more = counts[max(annual)][1] * (len(years) if every else 1)
    good, bad, weight = trials - failed + 0.5, failed + 0.5, 1.0 / (trials + 1.0)
    p = float(np.exp(betaln(good + more, bad) - betaln(good, bad)))
    grade = evidence_class(len(annual), weight, "percent")
    return Likelihood(p, None, None, weight, grade, "beta_binomial")


def against(question: Question, ours: Evidence, theirs: Evidence) -> Likelihood:
    """Probability that one region compares with another as a relative target asks."""
    made = question.fit(ours.annual, question.year, ours.counts)
    other = question.fit(theirs.annual, question.year, theirs.counts)
    if made is None:
        return Likelihood(reason="no_observation")
    known = theirs.annual.get(question.year)
    if known is not None:
        goal = replace(question.goal, value=known)
        return _told(made, goal.probability(made.distribution)[0, -1])
    if other is None:
        return Likelihood(reason="no_reference_value")
    scale = 10.0**question.target.decimals
    pair = enumerate((made, other))
    # Both will be printed; a difference is taken between printed numbers.
    a, b = (np.floor(one.sample(PATHS, question.seed + n)[:, -1] * scale + 0.5) for n, one in pair)
    worst = max((made, other), key=lambda f: f.prior_weight)
    return _told(worst, Goal(question.target.comparator, 0.0).met(a - b).mean())


def jointly(parts: list[Likelihood]) -> Likelihood:
    """Probability that all conditions hold, independent of each other; the weakest is shown."""
    worst = max(parts, key=lambda part: part.prior_weight or 0.0)
    known = [part.p for part in parts if part.p is not None]
    if len(known) < len(parts):
        return next(part for part in parts if part.p is None)
    others = tuple(row for part in parts for row in part.others)
    moved: dict[str, Any] = {"low": None, "high": None, "others": others, "record": None}
    return replace(worst, p=float(np.prod(known)), **moved)


# ------------------------------------------------------------ how often such a change was made


def share_of_changes(
    annual: pd.DataFrame,
    families: Mapping[str, str],
    indicator: Indicator,
    region: str,
    scope: str,
    level: float,
    goal: Goal,
    years: int,
) -> dict[str, Any]:
    """How often comparable series made the change from a level to a goal in so many years."""
    kind = quantity_of(indicator.family, indicator.lower, indicator.upper)
    need = _gain(level, goal.value, kind)
    same = annual["indicator_id"] == indicator.id
    kin = annual["indicator_id"].map(families) == indicator.family
    kin &= indicator.family in COMMON_SCALE
    others = annual["value"].between(kind.low, kind.high)
    others &= ~(same & (annual["region"] == region))
    for base, part in (("same_indicator", same), ("same_family", kin)):
        spans = [_spans(one, years) for one in _one_scope(annual[part & others], scope)]
        gains = np.array([_gain(*span, kind) for one in spans for span in one])
        gains = gains[np.isfinite(gains)]
        if gains.size >= MIN_SPANS and np.isfinite(need):
            made = gains >= need if goal.comparator.startswith(">") else gains <= need
            return {
                "share_of_changes": float(made.mean()),
                "n_changes": gains.size,
                "n_change_series": sum(map(bool, spans)),
                "changes_base": base,
            }
    return NO_CHANGES


def _one_scope(rows: pd.DataFrame, scope: str) -> list[dict[int, float]]:
    """Values by year per indicator and region: of the same scope, else of the longest series."""
    found: dict[tuple[str, str], dict[str, dict[int, float]]] = {}
    columns = (rows[c].tolist() for c in ("indicator_id", "region", "scope", "year", "value"))
    for indicator, region, own, year, value in zip(*columns, strict=True):
        found.setdefault((indicator, region), {}).setdefault(own, {})[year] = value
    return [
        min((own != scope, -len(known), own, known) for own, known in scopes.items())[-1]
        for scopes in found.values()
    ]


def _spans(known: Mapping[int, float], years: int) -> list[tuple[float, float]]:
    """Most first and last values so many years apart whose spans do not overlap."""
    out, free = [], min(known)
    for year in sorted(known):
        if year >= free and year + years in known:
            out.append((known[year], known[year + years]))
            free = year + years
    return out


def _gain(start: float, end: float, kind: Quantity) -> float:
    """Size of a change: in log odds between two bounds, else as a ratio; NaN from nothing."""
    if not kind.bounded:
        return (end - kind.low) / (start - kind.low) if start > kind.low else float("nan")
    # Half a tenth of a point keeps the odds of a bound finite.
    edge = 0.0005 * (kind.high - kind.low)
    odds = [(value - kind.low + edge) / (kind.high - value + edge) for value in (start, end)]
    return float(np.log(odds[1] / odds[0]))


# ------------------------------------------------- how often such probabilities came true


@cache
def _records() -> dict[tuple[str, str, int], list[ProbabilityClass]]:
    """Classes by family, what a target asks, and number of known years (`bench/record.py`)."""
    found: dict[tuple[str, str, int], list[ProbabilityClass]] = {}
    rows: Any = pd.read_csv(PRIORS / "record.csv").itertuples()
    for row in rows:
        made = ProbabilityClass(row.p_from, row.p_to, row.observed, row.cases)
        found.setdefault((row.family, row.scope, row.points), []).append(made)
    return found


def recorded_class(family: str, scope: str, points: int, p: float) -> ProbabilityClass | None:
    """Class of a probability from so many known years; None where no backtest tells."""
    known = [n for name, asked, n in _records() if (name, asked) == (family, scope) and n <= points]
    if not known:
        return None
    return _holding(_records()[family, scope, max(known)], p)


def answer_class(p: float) -> ProbabilityClass:
    """Class between the limits of the answers, for a probability without a record."""
    ends = (0.0, UNLIKELY, LIKELY, VERY_LIKELY, 1.0)
    return _holding((ProbabilityClass(*pair) for pair in pairwise(ends)), p)


def _holding(classes: Iterable[ProbabilityClass], p: float) -> ProbabilityClass:
    """First class that holds a probability; the highest holds 1 too."""
    return next(one for one in classes if p < one.high or one.high == 1.0)
