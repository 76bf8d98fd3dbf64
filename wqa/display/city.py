"""One edition of a city, as a notebook uses it: its figures, and what can be shown of them."""

from __future__ import annotations

from typing import Any

import pandas as pd

from wqa.catalog.records import NATION
from wqa.data.loading import load_death_rates, read_project
from wqa.data.series import KEYS
from wqa.display import (
    edition_tables,
    judgements,
    model_pictures,
    panels,
    paragraphs,
    pictures,
    report,
    tables,
)
from wqa.display.view import ANNUAL, View, open_view, publisher_name, rows_in, within
from wqa.display.wording import scope_name, term
from wqa.parameters import resolve


class City(View):
    """An edition's figures: as frames, and as paragraphs, tables and drawings for its readers."""

    def __repr__(self) -> str:
        given = self.parameters
        return (
            f"<{self.names[self.region]}, {given.plan.id}, {self.until}: {len(self.shown)} figures>"
        )

    @property
    def mark(self) -> str:
        """What is printed across figures of a place that does not exist; empty for real ones."""
        made_up = read_project(catalog=self.parameters.catalog).is_synthetic
        return term("synthetic.mark", self.lang) if made_up else ""

    def show(self, *things: Any) -> None:
        """Show paragraphs, tables and figures, and put them into the paper; None shows nothing."""
        report.show(*things, mark=self.mark)

    def figures(self, indicator_id: str, region: str = "", definition: str = "") -> pd.DataFrame:
        """Figures of an indicator with names, of all regions and definitions or those of one id."""
        indicator, lang, frame = self.indicator(indicator_id), self.lang, self.shown
        frame = frame[frame["indicator_id"] == indicator_id]
        frame = frame[frame["region"] == region] if region else frame
        frame = frame[frame["scope"] == definition] if definition else frame
        limits = [pictures.sampling_interval(row, indicator) for row in rows_in(frame)]
        publishers = frame["source_id"].map(self.sources["publisher"])
        columns = {
            "region": frame["region"].map(dict(self.names)),
            "definition": [scope_name(scope, lang) for scope in frame["scope"]],
            "year": frame["year"],
            "value": frame["value"],
            "n": frame["denominator"],
            "low": [low for low, _ in limits],
            "high": [high for _, high in limits],
            "kind": [term(f"qualifier.{kind}", lang) for kind in frame["qualifier"]],
            "evidence": [term(f"evidence.{grade}", lang) for grade in frame["evidence"]],
            "source": [publisher_name(name, lang) for name in publishers],
            "row": frame["file"] + ":" + frame["row"].astype(str),
        }
        return pd.DataFrame(columns).reset_index(drop=True)

    def series(self) -> pd.DataFrame:
        """Series that are long enough to be backtested, by name and by the ids `figures` takes."""
        annual = self.shown[self.shown["qualifier"].isin(ANNUAL)]
        found = annual.groupby(KEYS)["year"].agg(["count", "min", "max"]).reset_index()
        found = found[found["count"] >= paragraphs.BACKTEST_POINTS].reset_index(drop=True)
        return found.assign(
            indicator=found["indicator_id"].map(self.indicator_name),
            place=found["region"].map(dict(self.names)),
            definition=[scope_name(scope, self.lang) for scope in found["scope"]],
        )

    def death_rates(self) -> pd.DataFrame:
        """Deaths, stock, published and recomputed death rate of special equipment in the nation."""
        given = self.parameters
        rates = load_death_rates(NATION, as_of=given.as_of, catalog=given.catalog)
        return rates[rates["year"] <= self.until]

    answers = judgements.answers
    conflicts = judgements.conflicts
    judge = paragraphs.judge
    about = paragraphs.about
    about_answers = paragraphs.about_answers
    about_backtest = paragraphs.about_backtest
    about_beside = paragraphs.about_beside
    about_conflicts = paragraphs.about_conflicts
    about_coverage = paragraphs.about_coverage
    about_death_rates = paragraphs.about_death_rates
    about_edition_changes = edition_tables.about_changes
    about_findings = paragraphs.about_findings
    about_grades = edition_tables.about_grades
    about_lessons = paragraphs.about_lessons
    about_questions = paragraphs.about_questions
    about_readings = paragraphs.about_readings
    list_answers = judgements.answer_table
    list_asking = judgements.asking_table
    list_backtest = tables.backtest_table
    list_board = judgements.board_table
    list_classes = tables.classes_table
    list_conflicts = tables.conflicts_table
    list_coverage = tables.coverage_table
    list_death_rates = tables.death_rate_table
    list_definitions = tables.definitions_table
    list_edition_changes = edition_tables.change_tables
    list_figures = tables.values_table
    list_findings = tables.findings_table
    list_graded = edition_tables.graded_table
    list_grades = edition_tables.grades_table
    list_labels = tables.labels_table
    list_latest = tables.latest_table
    list_milestones = tables.milestones_table
    list_readings = judgements.readings_table
    list_settling = judgements.settling_table
    list_summary = tables.summary_table
    list_targets = tables.targets_table
    plot_death_rates = pictures.death_rates_picture
    plot_funnel = model_pictures.funnel_picture
    plot_known_years = model_pictures.grid_picture
    plot_ladder = pictures.ladder_pictures
    plot_levels = pictures.level_picture
    plot_panels = panels.panels_picture
    plot_path = model_pictures.path_picture
    plot_progress = model_pictures.progress_picture
    plot_regions = pictures.regions_picture
    plot_reliability = model_pictures.reliability_picture


def open_edition(
    plan: str = "wuhan-14fyp",
    region: str = "",
    edition: int | None = None,
    as_of: str = "",
    target_year: int | None = None,
    lang: str = "zh",
    seed: int = 0,
    scope: str = "",
) -> City:
    """Open an edition of a city: the one object that a chapter of the paper works with.

    Parameters
    ----------
    plan : str
        Plan id.
    region : str, optional
        Region id; default: the region of the plan.
    edition : int, optional
        Report year, the last year described; default: the last year of the plan.
    as_of : str, optional
        ISO date; only what was published until then is used. Default: everything.
    target_year : int, optional
        Year for which targets are judged; default: the last year of the plan.
    lang : str
        Language of names, sentences, tables and figures: ``zh`` or ``en``.
    seed : int
        Seed of simulations.
    scope : str
        ``domain:GROUP``, such as ``domain:service``, to look at the targets of a group of
        indicators alone.

    Returns
    -------
    City
        ``figures(id)`` is a tidy frame; ``about(id)``, ``plot_levels(id)``, ``list_figures(id)``
        and their neighbours show themselves in Jupyter and carry ``frame``, figures ``fig`` and
        ``ax``, too; ``show(...)`` puts them into the paper.

    Raises
    ------
    WqaError
        If a parameter is wrong, or a data file damaged.

    Examples
    --------
    >>> city = open_edition("wuhan-14fyp", lang="en")
    >>> city.figures("drug_sampling_pass_rate", region="WH")[["region", "year", "value"]].values
    array([['Wuhan', 2018, 97.94]], dtype=object)
    """
    given = within(resolve(plan, region, edition, as_of, target_year, lang, seed), scope)
    city = City(**vars(open_view(given)))
    if city.mark:
        print(city.mark)
    return city
