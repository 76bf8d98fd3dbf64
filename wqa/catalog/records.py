"""Records of the catalogue: frozen dataclasses, no behaviour and no file access.

The annotations are the schema of the files (see `wqa.catalog.reading`).
"""

from dataclasses import dataclass, field
from typing import Any, Literal, get_args

Comparator = Literal[">=", ">", "<=", "<", "=="]
Grade = Literal["official", "press", "secondary"]
Kind = Literal["gap", "hold", "bound", "plan_sum", "every_year", "compound", "relative", "monotone"]
Scope = Literal["end_year", "every_year", "plan_sum", "end_stock"]
KINDS: tuple[str, ...] = get_args(Kind)
LANGUAGES = ("zh", "en")
NATION = "CN"  # code of the region that contains all others


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
    """What is measured; `lower` and `upper` bound all values, `decimals` are those of print."""

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
    """Where the plan starts from; neither `not_started` nor `missing` means zero."""

    status: Literal["measured", "not_started", "missing", "disputed"]
    value: float | None = None
    year: int | None = None
    readings: tuple[Reading, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Condition:
    """One part of a compound target, whose parts must all hold; see `Target` for its fields."""

    id: str
    name_zh: str
    name_en: str
    indicator_id: str
    series: tuple[str, ...]
    comparator: Comparator
    value: float | None = None  # or the figure of the reference region in the same year
    reference_region: str = ""
    reference_series: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Statement:
    """Where a document states a field of a target: address of a row of the plan quantities."""

    field: Literal["value", "baseline", "reference"]
    source_id: str
    section: str
    item: str
    period: str
    region: str = ""
    population: str = ""  # what is counted: one figure of two populations is no agreement
    printed_in: Literal["table", "text"]


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
    """A rule applied to named figures, with the reason why it may be; never an answer."""

    rule: str
    figures: tuple[Premise, ...]
    assumes: Literal["", "status", "definition", "successor"] = ""  # what is not printed
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
    """A number a plan sets for an indicator, with the rule by which it is judged."""

    id: str = computed()
    plan_id: str = computed()
    row: str  # with `part` the place in the plan's table of indicators
    part: str = ""
    indicator_id: str
    name_zh: str = ""
    name_en: str = ""
    region: str = ""
    kind: Kind
    comparator: Comparator
    value: float | None
    unit: str
    decimals: int  # of the published figure that is held against the value
    year: int
    start_year: int | None = None
    scope: Scope
    baseline: Baseline
    nature: Literal["binding", "expected"]
    clause: str
    series: tuple[str, ...] = ()  # scopes of observations, as patterns, best first
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
    note_zh: str = ""  # printed where several conditions make one target
    note_en: str = ""


@dataclass(frozen=True, kw_only=True)
class Milestone:
    """What a plan asks for by a year beside its targets; without `value` only in words."""

    indicator_id: str
    year: int
    comparator: str = ">="
    value: float | None = None
    asked_zh: str
    asked_en: str
    clause: str


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
    start_year: int
    end_year: int
    source_id: str
    sources: tuple[Source, ...]
    targets: tuple[Target, ...]
    milestones: tuple[Milestone, ...] = ()
    chapters: tuple[str, ...] = ()  # of its paper; empty: all


@dataclass(frozen=True, kw_only=True)
class Figure:
    """Address of an observation (`indicator_id`), printed number (`value`) or plan quantity."""

    source_id: str = ""
    section: str = ""
    item: str = ""
    indicator_id: str = ""
    scope: str = ""  # empty: any
    region: str = ""
    period: str = ""
    value: float | None = None


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Two groups of figures that must agree: sum of `left` related to sum of `right`."""

    id: str
    indicator_id: str = ""
    kind: str
    left: tuple[Figure, ...]
    relation: Literal["==", "!=", "<=", "<", ">=", ">"]
    right: tuple[Figure, ...]
    tolerance: float = 0.0  # difference that rounding explains
    compare: Literal["value", "period"] = "value"  # period: the years, not the values
    same_unit: bool = False


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
    """A known disagreement between stated figures, and how it is read."""

    id: str
    kind: str
    field: str
    target_ids: tuple[str, ...] = ()
    indicator_id: str = ""
    comparison_id: str = ""  # rule that finds it, if no statement of a target does
    readings: tuple[ConflictReading, ...]
    preferred: str = ""  # id of a reading; empty: all are shown
    reason_zh: str
    reason_en: str
    regions: tuple[str, ...] = computed(())  # whose figures disagree
