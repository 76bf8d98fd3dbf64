"""What a chapter looks at: parameters, the figures known by then, and names in its language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from wqa.catalog.catalog import load_indicators
from wqa.catalog.records import Indicator, Target
from wqa.data.loading import load_observations, load_regions, load_sources
from wqa.display.publishers import publisher_name
from wqa.display.selection import headline_values, shown_values
from wqa.display.wording import term
from wqa.errors import DataError
from wqa.history.editions import NATION, regions_above
from wqa.parameters import Parameters

if TYPE_CHECKING:
    import pandas as pd

# More publishers than this are summed up as "and others" in a source line.
PUBLISHERS = 5


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
        roles = {NATION: "nation", self.province: "province", self.region: "focus"}
        return roles.get(region, "peer")

    def source_line(self, source_ids: Iterable[str]) -> str:
        """Return the source line of a figure: who published what is drawn."""
        publishers = list(
            dict.fromkeys(
                publisher_name(str(self.sources.loc[source, "publisher"]), self.lang)
                for source in source_ids
                if source in self.sources.index
            )
        )
        mark = term("figure.separator", self.lang)
        shown = mark.join(publishers[:PUBLISHERS]) or term("figure.own", self.lang)
        more = term("figure.and_others", self.lang) if len(publishers) > PUBLISHERS else ""
        stop = "。" if self.lang == "zh" else "."
        return f"{term('figure.source', self.lang)}{shown}{more}{stop}"


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
