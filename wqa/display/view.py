"""What a chapter looks at: parameters, the figures known by then, rows picked from them, names."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from functools import cache, cached_property
from typing import Any

import pandas as pd

from wqa.assessment.attainment import assess
from wqa.catalog.catalog import load_indicators
from wqa.catalog.records import NATION, Indicator, Target
from wqa.data.loading import load_observations, load_regions, load_sources
from wqa.errors import DataError
from wqa.history.editions import regions_above
from wqa.parameters import Parameters
from wqa.paths import CATALOG

# "A via B": B passed on what A had published.
_PASSED_ON = re.compile(r"(.+?) via (.+)")
# Parts that meet without a blank in Chinese.
_MEETING = re.compile(r"(?<=[A-Za-z.:])(?=[\u4e00-\u9fff])|(?<=[\u4e00-\u9fff])(?=[A-Za-z])|\t+")


@cache
def _parts(lang: str) -> tuple[re.Pattern[str], Mapping[str, str]]:
    with (CATALOG / "publishers.csv").open(encoding="utf-8", newline="") as file:
        names = {row["delivered"]: row[lang] for row in csv.DictReader(file) if row[lang]}
    longest_first = sorted(names, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest_first))), names


@cache
def publisher_name(delivered: str, lang: str) -> str:
    """Return the name of a publisher, or a remark in its place, in the language of the reader."""
    known, names = _parts(lang)
    if lang == "zh":
        passed = _PASSED_ON.sub(r"\1（\2转载）", delivered)
        text = known.sub(lambda match: names[match[0]], passed)
        return (
            re.sub(r"\s*\((.*?)\)", r"（\1）", text) if re.search("[\u4e00-\u9fff]", text) else text
        )
    text = known.sub(lambda match: f"\t{names[match[0]]}\t", delivered)
    text = re.sub(r"\s*[(（]\s*", " (", text).replace("）", ")").replace("/", " / ")
    text = re.sub(r"\s*[、，,]\s*", ", ", _MEETING.sub(" ", text))
    return re.sub(r"\s+([),.])", r"\1", " ".join(text.split()))


ANNUAL = ("exact", "derived")
# Bounds, with the sentence that announces them.
BOUNDS = {"lower_bound": "at_least", "upper_bound": "at_most"}
# A series of this many annual values shows changes and is kept even if another sample is larger.
LONG = 4
Row = Mapping[str, Any]


def shown_values(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the figures that a chart or a sentence may use."""
    from wqa.data.series import KEYS, best_values

    best = best_values(frame)
    whole = frame["period"].astype(str) == frame["year"].astype(str)
    bounds = frame[frame["qualifier"].isin(list(BOUNDS)) & frame["value"].notna() & whole]
    bounds = bounds.drop_duplicates([*KEYS, "year", "qualifier", "value"])
    key = [*KEYS, "year"]
    bounds = bounds.astype({"year": "int64"})
    known = set(best[key].itertuples(index=False, name=None))
    free = [place not in known for place in bounds[key].itertuples(index=False, name=None)]
    both = pd.concat([best, bounds[free]], ignore_index=True)
    return both.sort_values([*key, "qualifier"], kind="stable").reset_index(drop=True)


@cache
def is_side_scope(scope: str) -> bool:
    """Tell whether a definition covers only a class, channel, round or campaign."""
    return any(fnmatchcase(scope, pattern) for pattern in _side_patterns())


@cache
def _side_patterns() -> tuple[str, ...]:
    table = pd.read_csv(CATALOG / "side_scopes.csv", dtype=str)
    return tuple(table["pattern"])


def headline_values(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the figures that may stand for a whole indicator."""
    side = [is_side_scope(str(scope)) for scope in frame["scope"]]
    return frame[[not flag for flag in side]].reset_index(drop=True)


def rows_of(
    frame: pd.DataFrame,
    indicator_id: str,
    region: str,
    *,
    scopes: Iterable[str] | None = None,
    qualifiers: Iterable[str] = (*ANNUAL, *BOUNDS),
) -> list[dict[str, Any]]:
    """Return the rows of one indicator and region, oldest first."""
    # One column at a time: the whole frame is long, and the rows of an indicator are few.
    kept = frame[frame["indicator_id"] == indicator_id]
    kept = kept[kept["region"] == region]
    kept = kept[kept["qualifier"].isin(list(qualifiers))]
    if scopes is not None:
        kept = kept[kept["scope"].isin(list(scopes))]
    kept = kept.sort_values(["year", "scope"], kind="stable")
    return rows_in(kept)


def rows_in(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a frame, names of columns as text."""
    return [{str(key): value for key, value in row.items()} for row in frame.to_dict("records")]


def latest_row(rows: Iterable[Row], *, prefer: Iterable[str] = ()) -> Row | None:
    """Return the newest row; in one year a value before a bound, and the best definition."""
    order = {scope: place for place, scope in enumerate(prefer)}
    kept = list(rows)
    lengths = Counter(str(row["scope"]) for row in kept)

    def rank(row: Row) -> tuple[int, bool, int, bool, float, int]:
        length = lengths[str(row["scope"])]
        wish = -order.get(str(row["scope"]), len(order))
        sample = row["denominator"] if row["unit"] == "pct" else None
        known = float(sample) if sample is not None and sample == sample else 0.0
        annual = row["qualifier"] in ANNUAL
        return int(row["year"]), annual, wish, length >= LONG, known, length

    return max(kept, key=rank) if kept else None


def previous_row(rows: Iterable[Row], row: Row) -> Row | None:
    """Return the newest earlier annual value of the same definition."""
    earlier = [
        other
        for other in rows
        if other["scope"] == row["scope"]
        and other["qualifier"] in ANNUAL
        and int(other["year"]) < int(row["year"])
    ]
    return max(earlier, key=lambda other: int(other["year"])) if earlier else None


@dataclass(frozen=True)
class View:
    """One edition's view of the figures."""

    parameters: Parameters
    observations: pd.DataFrame = field(repr=False)
    shown: pd.DataFrame = field(repr=False)
    headline: pd.DataFrame = field(repr=False)
    indicators: Mapping[str, Indicator] = field(repr=False)
    names: Mapping[str, str] = field(repr=False)
    sources: pd.DataFrame = field(repr=False)

    @property
    def lang(self) -> str:
        """Language of the texts."""
        return self.parameters.lang

    @property
    def region(self) -> str:
        """Region the paper is about."""
        return self.parameters.region

    @property
    def province(self) -> str:
        """Region above it; the nation if none is recorded."""
        return self.regions[min(1, len(self.regions) - 1)]

    @property
    def regions(self) -> tuple[str, ...]:
        """The region, the one above it, and the nation."""
        return regions_above(self.region)

    @property
    def until(self) -> int:
        """Last year described."""
        return self.parameters.edition

    @cached_property
    def addressed(self) -> Mapping[str, list[dict[str, Any]]]:
        """The figures by indicator, region, definition and period, as answers name them."""
        found: dict[str, list[dict[str, Any]]] = {}
        for row in rows_in(self.observations):
            address = (row["indicator_id"], row["region"], row["scope"], row["period"])
            found.setdefault("|".join(map(str, address)), []).append(row)
        return found

    @cached_property
    def target_answers(self) -> pd.DataFrame:
        """Answers on the targets, judged once."""
        return self._assess(region=self.region)

    @cached_property
    def read_answers(self) -> pd.DataFrame:
        """Answers on the readings of a number, which is disputed where the plan is from."""
        return self._assess(readings=True)

    def _assess(self, **asked: Any) -> pd.DataFrame:
        p = self.parameters
        names = ("as_of", "edition", "target_year", "seed", "catalog")
        given: dict[str, Any] = {name: getattr(p, name) for name in names}
        return assess(p.plan, observations=self.observations, **given, **asked)

    def indicator(self, indicator_id: str) -> Indicator:
        """Return an indicator of the catalogue."""
        if indicator_id not in self.indicators:
            raise DataError("unknown indicator", got=indicator_id)
        return self.indicators[indicator_id]

    def indicator_name(self, indicator_id: str) -> str:
        """Return the name of an indicator in the language of the view."""
        return str(getattr(self.indicator(indicator_id), f"name_{self.lang}"))

    def targets(self, indicator_id: str) -> tuple[Target, ...]:
        """Return the plan's targets on an indicator, in the order of the plan."""
        return tuple(t for t in self.parameters.plan.targets if t.indicator_id == indicator_id)

    def role(self, region: str) -> str:
        """Return the role of a region in a chart: focus, province, nation or peer."""
        # Above a province stands the nation.
        roles = {self.province: "province", NATION: "nation", self.region: "focus"}
        return roles.get(region, "peer")


def within(given: Parameters, scope: str) -> Parameters:
    """Keep of a plan the targets that a scope such as ``domain:service`` names, if it is given."""
    groups = {id: f"domain:{one.group}" for id, one in load_indicators(given.catalog).items()}
    named = {target.id: groups[target.indicator_id] for target in given.plan.targets}
    kept = tuple(target for target in given.plan.targets if named[target.id] == scope)
    if scope and not kept:
        known = ", ".join(dict.fromkeys(named.values()))
        raise DataError("unknown scope", got=scope, expected=f"one of {known}")
    return replace(given, plan=replace(given.plan, targets=kept)) if scope else given


def open_view(parameters: Parameters) -> View:
    """Read what an edition knows."""
    catalog, lang = parameters.catalog, parameters.lang
    frame = load_observations(as_of=parameters.as_of, catalog=catalog)
    frame = frame[frame["year"] <= parameters.edition].reset_index(drop=True)
    shown = shown_values(frame)
    regions = load_regions()
    return View(
        parameters=parameters,
        observations=frame,
        shown=shown,
        headline=headline_values(shown),
        indicators=load_indicators(catalog),
        names=dict(zip(regions["region"], regions[f"name_{lang}"], strict=True)),
        sources=load_sources(catalog=catalog).set_index("source_id"),
    )
