"""Declared inferences of a target: their figures found, their rules applied, their limits used."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from wqa.assessment.evidence import Evidence, Piece, Row, adds_up, flow
from wqa.assessment.inference_rules import INFERENCE_RULES, Deduction, KnownFigure
from wqa.catalog.records import Indicator, Inference, Premise, Target
from wqa.goals import Span

Figures = Mapping[tuple[str, str], list[Row]]
KEY = ("indicator_id", "region", "scope", "period")
# The strongest answer that an assumption allows; a number of units is known of other rounds.
ALLOWS = {
    "": "met", "units": "very_likely", "status": "very_likely", "rounding": "very_likely",
    "definition": "likely", "successor": "likely",
}  # fmt: skip


@dataclass(frozen=True)
class Inferred:
    """What one declared inference says, and the rows it rests on."""

    declared: Inference
    deduction: Deduction
    rows: list[Row]

    def tells(self, target: Target) -> bool:
        """Whether it rests on more than the target's own figures from before the plan."""
        before = [
            (row.indicator_id, row.region) == (target.indicator_id, target.region)
            and row.end < f"{target.start_year}-01-01"
            for row in self.rows
        ]
        of_plans = self.declared.rule == "previous_flow" and target.scope == "plan_sum"
        return of_plans or not all(before)

    @property
    def assumes(self) -> tuple[str, ...]:
        """Assumptions of the declaration and of the rule."""
        return tuple(a for a in (self.declared.assumes, self.deduction.assumes) if a)


def find_premise(figures: Figures, premise: Premise, region: str) -> list[Row]:
    """Rows of the figure that a premise names, the newest first; none if it is not known."""
    rows = [
        row for row in figures.get((premise.indicator_id, premise.region or region), ())
        if (row.scope, row.period) == (premise.scope, premise.period)
        and premise.qualifier in ("", row.qualifier)
    ]  # fmt: skip
    return sorted(rows, key=lambda row: (row.vintage, row.file, row.row), reverse=True)


def infer(figures: Figures, target: Target, indicator: Indicator) -> list[Inferred]:
    """Apply the declared inferences of a target whose figures are all known by then."""
    found = []
    for declared in target.inferences:
        chosen = [find_premise(figures, one, target.region)[:1] for one in declared.figures]
        if not all(chosen):
            continue
        rows = [row for one in chosen for row in one]
        roles: dict[str, list[KnownFigure]] = {}
        for premise, row in zip(declared.figures, rows, strict=True):
            known = KnownFigure(row.value, row.qualifier, row.start, row.end, row.denominator,
                                row.unit)  # fmt: skip
            roles.setdefault(premise.role, []).append(known)
        found.append(
            Inferred(declared, INFERENCE_RULES[declared.rule](target, indicator, roles), rows)
        )
    return found


def narrowed(evidence: Evidence, target: Target, year: int, inferred: list[Inferred]) -> Evidence:
    """Evidence with the limits that inferences give added to the published ones."""
    spans, annual, pieces = dict(evidence.spans), dict(evidence.annual), list[Piece]()
    for one in inferred:
        deduction, span = one.deduction, one.deduction.span
        if not deduction.bounds:
            continue
        if target.scope == "plan_sum":
            pieces.append((deduction.start, deduction.end, span.lower, span.upper))
            continue
        stock, known_year = adds_up(target), int(deduction.end[:4])
        if not stock and deduction.start > f"{known_year}-01-01":
            continue  # a part of a year bounds no rate and no yearly number of prizes
        at = year if stock else known_year
        known = spans.get(at, Span())
        upper = known.upper if stock else min(known.upper, span.upper)
        spans[at] = Span(max(known.lower, span.lower), max(upper, known.lower, span.lower))
        if known_year in annual and not stock:
            continue
        # Of limits the model takes the one that is farther from the target.
        is_floor = target.comparator in (">=", ">") or math.isinf(span.upper)
        about = deduction.estimate or (span.lower if is_floor else span.upper)
        annual[known_year] = max(about, annual.get(known_year, about))
    base = target.baseline
    counted = target.kind == "bound" and bool(annual)  # the baseline has no number of cases
    measured = base.status == "measured" and target.scope != "plan_sum" and not counted
    if measured and base.value is not None:
        annual.setdefault(int(base.year or 0), base.value)
    added = evidence.flow
    if pieces:
        first, last = f"{target.start_year or year}-01-01", f"{year}-12-31"
        added = flow([*added.pieces, *pieces], first, last)
    return replace(evidence, spans=spans, annual=annual, flow=added)
