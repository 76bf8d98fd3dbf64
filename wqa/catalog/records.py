"""Records of the catalogue: frozen dataclasses, no behaviour and no file access.

The annotations are the schema: `wqa.catalog.reading` turns a mapping of a YAML file into one
of these records, a field without default is a required key, a ``Literal`` lists the allowed
values. Fields marked `computed` are filled by the loader and may not stand in a file.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, get_args

Comparator = Literal[">=", ">", "<=", "<", "=="]
Grade = Literal["official", "press", "secondary"]
Kind = Literal["gap", "hold", "bound", "plan_sum", "every_year", "compound", "relative", "monotone"]
Scope = Literal["end_year", "every_year", "plan_sum", "end_stock"]
KINDS: tuple[str, ...] = get_args(Kind)
LANGUAGES = ("zh", "en")


def computed(default: Any = "") -> Any:
    """Declare a field that the loader fills and a file may not set."""
    return field(default=default, metadata={"computed": True})


@dataclass(frozen=True, kw_only=True)
class Unit:
    """How a unit is printed after a number; one unit is `factor` times its `base`, if any."""

    id: str = computed()
    zh: str = ""
    en: str
    base: str = ""
    factor: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Group:
    """A group of indicators; the order of the file is the reading order."""

    id: str = computed()
    zh: str
    en: str


@dataclass(frozen=True, kw_only=True)
class Indicator:
    """What is measured.

    `lower` and `upper` bound every possible value. `decimals` is how many the
    figure is usually published with.
    """

    id: str = computed()
    name_zh: str
    name_en: str
    group: str
    unit: str
    direction: Literal["higher_better", "lower_better", "none"]
    family: Literal["percent", "score", "rate", "count", "index"]
    lower: float | None = None
    upper: float | None = None
    decimals: int
    definition_zh: str = ""
    definition_en: str = ""
    caveat_zh: str = ""
    caveat_en: str = ""


@dataclass(frozen=True, kw_only=True)
class Source:
    """A document: who published it, when, and the hash of the text that was read."""

    id: str
    title: str
    publisher: str
    published: str = ""
    url: str = ""
    evidence: Grade
    sha256: str = ""
    file: str = ""


@dataclass(frozen=True, kw_only=True)
class Reading:
    """One of several values that a document gives for the same baseline."""

    id: str
    label_zh: str
    label_en: str
    value: float
    clause: str


@dataclass(frozen=True, kw_only=True)
class Baseline:
    """Where the plan starts from.

    `measured` has a value and a year; `not_started` and `missing` have none
    (neither means zero); `disputed` has the printed value, the year and at
    least two readings.
    """

    status: Literal["measured", "not_started", "missing", "disputed"]
    value: float | None = None
    year: int | None = None
    readings: tuple[Reading, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Condition:
    """One part of a compound target; all parts must hold.

    A condition has either a `value` or a `reference_region` whose figure of
    the same year is the yardstick, read from one of `reference_series`. `series` are
    those of the plan's region; a pattern such as ``round_*`` stands for every round.
    """

    id: str
    name_zh: str
    name_en: str
    indicator_id: str
    series: tuple[str, ...]
    comparator: Comparator
    value: float | None = None
    reference_region: str = ""
    reference_series: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Statement:
    """Where a document states a field of a target: the address of one quantity.

    The address is the document, section, item, period and region of a row of the
    plan quantities. `population` names what is counted, so that the same figure
    for two different populations is not taken for agreement.
    """

    field: Literal["value", "baseline", "reference"]
    source_id: str
    section: str
    item: str
    period: str
    region: str = ""
    population: str = ""
    printed_in: Literal["table", "text"]


# Roles that an inference must fill, and those that it may.
INFERENCE_ROLES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "base_and_additions": (("base", "addition"), ()),
    "sum_of_components": (("part",), ("less",)),
    "difference_of_windows": (("late", "early"), ()),
    "rank_and_mean": (("rank", "mean"), ("units", "peer", "peer_mean")),
    "all_definitions": (("definition",), ()),
    "whole_at_ceiling": (("whole",), ()),
    "needed_share": (("whole", "share_part", "share_whole"), ()),
    "needed_pace": (("base", "first", "last"), ()),
    "previous_flow": (("previous",), ()),
    "counter_pace": (("first", "last"), ()),
    "all_comparable": (("place",), ()),
    "part_of_whole": (("part",), ()),
    "rare_events": (("exposure", "risk"), ("ratio_part", "ratio_whole")),
    "every_year_of_events": (("yearly",), ("passed",)),
}


@dataclass(frozen=True, kw_only=True)
class Premise:
    """Key of one published figure that an inference uses; no region means the plan's own."""

    role: str
    indicator_id: str
    scope: str
    period: str
    region: str = ""
    qualifier: str = ""


@dataclass(frozen=True, kw_only=True)
class Inference:
    """A rule applied to named figures, with the reason why it may be; never an answer.

    `assumes` says what is not printed: that the status counted is the one meant, that another
    definition counts the same things, or that a scheme succeeds another.
    """

    rule: str
    figures: tuple[Premise, ...]
    assumes: Literal["", "status", "definition", "successor"] = ""
    reason_zh: str
    reason_en: str


@dataclass(frozen=True, kw_only=True)
class Aside:
    """Figures of a target's neighbourhood that no inference uses, as patterns, and why not."""

    indicator_id: str
    region: str = "*"
    scope: str = "*"
    period: str = "*"
    reason_zh: str
    reason_en: str


@dataclass(frozen=True, kw_only=True)
class Target:
    """A number a plan sets for an indicator, with the rule by which it is judged.

    `row` and `part` locate it in the plan's indicator table. `decimals` is the
    rounding of the published figure that is held against `value`. `series`
    lists the observation scopes that count as this target's series, best first.
    """

    id: str = computed()
    plan_id: str = computed()
    row: str
    part: str = ""
    indicator_id: str
    name_zh: str = ""
    name_en: str = ""
    region: str = ""
    kind: Kind
    comparator: Comparator
    value: float | None
    unit: str
    decimals: int
    year: int
    start_year: int | None = None
    scope: Scope
    baseline: Baseline
    nature: Literal["binding", "expected"]
    clause: str
    series: tuple[str, ...] = ()
    reference_region: str = ""
    conditions: tuple[Condition, ...] = ()
    statements: tuple[Statement, ...] = ()
    related: tuple[str, ...] = ()
    inferences: tuple[Inference, ...] = ()
    asides: tuple[Aside, ...] = ()
    owner_zh: str = ""
    owner_en: str = ""
    settles_zh: str = ""
    settles_en: str = ""
    note_zh: str = ""
    note_en: str = ""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A policy document and its targets."""

    id: str
    title_zh: str
    title_en: str
    short_zh: str
    short_en: str
    region: str
    issuer_zh: str
    issuer_en: str
    issued: str = ""
    start_year: int
    end_year: int
    source_id: str
    sources: tuple[Source, ...]
    targets: tuple[Target, ...]


@dataclass(frozen=True, kw_only=True)
class Figure:
    """Address of one figure: a plan quantity, an observation, or a printed number.

    With `indicator_id` it is an observation (region, period, scope; an empty scope
    means any). With `value` it is a number that the source prints in a sentence and
    that has no cell of its own. Else it is a plan quantity (source, section, item,
    region, period).
    """

    source_id: str = ""
    section: str = ""
    item: str = ""
    indicator_id: str = ""
    scope: str = ""
    region: str = ""
    period: str = ""
    value: float | None = None


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Two groups of figures that must agree: sum of `left` related to sum of `right`.

    `tolerance` is the difference that rounding explains. ``compare: period`` holds the
    years against each other instead of the values; `same_unit` demands one unit.
    """

    id: str
    indicator_id: str = ""
    kind: str
    left: tuple[Figure, ...]
    relation: Literal["==", "!=", "<=", "<", ">=", ">"]
    right: tuple[Figure, ...]
    tolerance: float = 0.0
    compare: Literal["value", "period"] = "value"
    same_unit: bool = False
    why_zh: str
    why_en: str


@dataclass(frozen=True, kw_only=True)
class ConflictReading:
    """One side of a disagreement; a text value is a comparator or a printed word."""

    id: str
    label_zh: str
    label_en: str
    value: float | str | None
    unit: str = ""
    source_id: str
    clause: str


@dataclass(frozen=True, kw_only=True)
class Conflict:
    """A known disagreement between stated figures, and how it is read.

    `preferred` is the id of a reading, or empty when none is preferred and all are
    shown. `decided_by` is a role. `comparison_id` names the rule that finds it
    when it is not found on the statements of a target. `regions` are those whose
    figures disagree; an observation conflict of one region says nothing about another.
    """

    id: str
    kind: str
    field: str
    target_ids: tuple[str, ...] = ()
    indicator_id: str = ""
    comparison_id: str = ""
    readings: tuple[ConflictReading, ...]
    preferred: str = ""
    reason_zh: str
    reason_en: str
    decided_by: str
    regions: tuple[str, ...] = computed(())
