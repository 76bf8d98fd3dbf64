"""One case to judge: a target with its words and the way to look at the figures."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from wqa.assessment.evidence import Evidence, gather, natural_bounds
from wqa.assessment.likelihood import Likelihood, likelihood
from wqa.assessment.verdicts import print_number, print_target
from wqa.catalog.outcomes import Outcome, outcome
from wqa.catalog.records import Indicator, Reading, Target, Unit
from wqa.catalog.targets import compare


@dataclass(frozen=True)
class Case:
    """What one judgement needs: the target, its words, and how to look at the figures."""

    target: Target
    indicator: Indicator
    unit: Unit
    observations: pd.DataFrame
    region: str
    year: int
    as_of: str | None = None
    edition: int | None = None
    model: str = "pooled"
    seed: int = 0

    @property
    def start(self) -> int:
        """First year of the plan."""
        return int(self.target.start_year or self.year)

    def evidence(self, **other: Any) -> Evidence:
        """Figures of the target's series, or of another one."""
        return gather(
            self.observations,
            self.target,
            self.indicator,
            region=other.pop("region", self.region),
            year=self.year,
            as_of=self.as_of,
            edition=self.edition,
            **other,
        )

    def decide(self, evidence: Evidence) -> Outcome:
        """Outcome of the target as far as the figures decide it."""
        target = self.target
        floor, ceiling = natural_bounds(target, self.indicator)
        return outcome(
            evidence.known,
            scope=target.scope,
            comparator=target.comparator,
            target=float(target.value or 0.0),
            start_year=self.start,
            year=self.year,
            decimals=target.decimals,
            floor=max(floor, 0.0) if target.scope == "plan_sum" else floor,
            ceiling=ceiling,
            is_cumulative=target.kind == "monotone",
        )

    def chance(self, evidence: Evidence) -> Likelihood:
        """Probability that the target is met."""
        return likelihood(
            evidence, self.target, self.indicator, self.year, model=self.model, seed=self.seed
        )

    def words(self, **slots: Any) -> dict[str, Any]:
        """Slots that every reason may use, and further ones."""
        unit = {"zh": self.unit.zh, "en": self.unit.en and _spaced(self.unit.en)}
        target = self.target
        shown = print_target(target.comparator, target.value, target.decimals, unit)
        return {"unit": unit, "target": shown, "target_year": self.year, **slots}

    def number(self, value: float | None) -> str:
        """Print a value with the decimals of the target."""
        return print_number(value, self.target.decimals)


def _spaced(unit: str) -> str:
    return unit if unit == "%" else f" {unit}"


def case_holds(case: Case, value: float) -> bool:
    """Whether a published value satisfies the target of the case.

    Parameters
    ----------
    case : Case
        The case; its target has a value.
    value : float
        Value in the unit of the target.

    Returns
    -------
    bool
        Compared after rounding as published.
    """
    assert case.target.value is not None
    return compare(value, case.target.comparator, case.target.value, case.target.decimals).met


def with_reading(evidence: Evidence, year: int, value: float) -> Evidence:
    """Replace the baseline cell by one reading of it.

    Parameters
    ----------
    evidence : Evidence
        Figures of the series.
    year, value
        Year of the baseline, and the value of the reading.

    Returns
    -------
    Evidence
        With the value in place of the published one.
    """
    return replace(evidence, annual={**evidence.annual, year: value})


def reading_slots(case: Case, reading: Reading) -> dict[str, Any]:
    """Slots of a clause about one reading of the baseline.

    Parameters
    ----------
    case : Case
        The case.
    reading : Reading
        One reading.

    Returns
    -------
    dict
        Label, value and the slots of the case.
    """
    label = {"zh": reading.label_zh, "en": reading.label_en}
    return case.words(label=label, value=case.number(reading.value))
