"""One edition of a city, as a notebook uses it: its figures, and what can be shown of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from wqa.assessment.attainment import assess
from wqa.assessment.statements import explain
from wqa.catalog.records import NATION
from wqa.data.loading import load_death_rates
from wqa.data.series import KEYS
from wqa.display import (
    answer_tables,
    listings,
    model_pictures,
    paragraphs,
    pictures,
    report,
)
from wqa.display.annex_tables import summary_table
from wqa.display.report import DisplayTable, Drawing, Paragraphs
from wqa.display.view import ANNUAL, View, open_view, publisher_name, rows_in
from wqa.display.wording import scope_name, term
from wqa.parameters import resolve

if TYPE_CHECKING:
    import pandas as pd


class City(View):
    """An edition's figures: as frames, and as paragraphs, tables and drawings for its readers."""

    def __repr__(self) -> str:
        given = self.parameters
        return (
            f"<{self.names[self.region]}, {given.plan.id}, {self.until}: {len(self.shown)} figures>"
        )

    def show(self, *things: Any) -> None:
        """Show paragraphs, tables and figures, and put them into the paper."""
        report.show(*things)

    def printed(self) -> str:
        """Return all that was shown as text: the last cell of a chapter prints it for nbval."""
        return report.printed()

    def figures(self, indicator_id: str, region: str = "", definition: str = "") -> pd.DataFrame:
        """Figures of an indicator with names, of all regions and definitions or those of one id."""
        import pandas as pd

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

    def answers(self, *, readings: bool = False) -> pd.DataFrame:
        """Answer on every target of the plan, or on every reading of a disputed one."""
        p = self.parameters
        return assess(
            p.plan,
            observations=self.observations,
            as_of=p.as_of,
            edition=p.edition,
            target_year=p.target_year,
            # A disputed number is disputed where the plan is from.
            region=None if readings else p.region,
            readings=readings,
            seed=p.seed,
            catalog=p.catalog,
        )

    def death_rates(self) -> pd.DataFrame:
        """Deaths, stock, published and recomputed death rate of special equipment in the nation."""
        given = self.parameters
        rates = load_death_rates(NATION, as_of=given.as_of, catalog=given.catalog)
        return rates[rates["year"] <= self.until]

    def about(self, indicator_id: str, *, scopes: Sequence[str] | None = None) -> Paragraphs:
        """Say what is known of an indicator: the city, then province and nation."""
        return Paragraphs(tuple(paragraphs.indicator_texts(self, indicator_id, scopes=scopes)))

    def judge(self, *indicator_ids: str) -> Paragraphs:
        """Say what is answered on the targets on some indicators, and why."""
        return Paragraphs(
            tuple(answer_tables.judgement_texts(self, self.answers(), *indicator_ids))
        )

    def about_answers(self, answers: pd.DataFrame) -> Paragraphs:
        """Count the answers on the plan and name its weak points."""
        return Paragraphs((answer_tables.summary_text(self, answers),))

    def about_questions(self, answers: pd.DataFrame) -> Paragraphs:
        """Say how sure the answers are, where the plan is weak, and whom to ask for figures."""
        return Paragraphs(tuple(answer_tables.questions_texts(self, answers)), is_list=True)

    def about_lessons(self) -> Paragraphs:
        """Say what the next plan can learn from how the targets of this one were set."""
        return Paragraphs(tuple(answer_tables.lessons_texts(self)), is_list=True)

    def about_beside(self, indicator_ids: Iterable[str]) -> Paragraphs:
        """List how the city stands beside province and nation, where they can be compared."""
        texts = (paragraphs.beside_text(self, indicator_id) for indicator_id in indicator_ids)
        return Paragraphs(tuple(filter(None, texts)), is_list=True)

    def about_death_rates(self, rates: pd.DataFrame) -> Paragraphs:
        """Say why published and recomputed death rates differ."""
        return Paragraphs(tuple(paragraphs.death_rate_texts(self, rates)))

    def about_one_death(self) -> Paragraphs:
        """Say what a single death does to the city's rate."""
        return Paragraphs(tuple(paragraphs.one_death_texts(self)))

    def about_readings(self, readings: pd.DataFrame, row: str) -> Paragraphs:
        """Say that the plan gives several baselines for a row, if it does."""
        text = paragraphs.readings_text(self, readings, row)
        return Paragraphs((text,) if text else ())

    def list_board(self, answers: pd.DataFrame) -> DisplayTable:
        """List all targets on one page, grouped by answer."""
        return answer_tables.board_table(self, answers)

    def list_summary(self, answers: pd.DataFrame) -> DisplayTable:
        """List for every target what is compared with whom, and what changed."""
        return summary_table(self, answers)

    def list_asking(self, answers: pd.DataFrame) -> DisplayTable:
        """List the figures that would settle the targets, and who holds them."""
        return answer_tables.asking_table(self, answers)

    def list_figures(self, *indicator_ids: str) -> DisplayTable:
        """List every published figure of the city on some indicators."""
        return listings.values_table(self, indicator_ids)

    def list_latest(self, indicator_ids: Sequence[str]) -> DisplayTable:
        """List the latest figures of city, province and nation side by side."""
        return listings.latest_table(self, indicator_ids)

    def list_changes(self, indicator_id: str, region: str, definition: str) -> DisplayTable:
        """List one series year by year with its changes."""
        return listings.change_table(self, indicator_id, region, definition)

    def list_ladder(self, row: str) -> list[DisplayTable]:
        """List which yearly numbers of deaths pass; nothing where no exposure is known."""
        given = self.parameters
        targets = {target.row + target.part: target for target in given.plan.targets}
        if row not in targets:
            return []
        told = explain(
            given.plan, row, region=given.region, as_of=given.as_of or None,
            edition=given.edition, lang=self.lang, catalog=given.catalog,
        )  # fmt: skip
        steps = [step for step in told["steps"] if step["rule"] == "rare_events"]
        return [listings.ladder_table(self, targets[row], step["premises"])
                for step in steps if "premises" in step]  # fmt: skip

    def list_death_rates(self, rates: pd.DataFrame) -> DisplayTable:
        """List published and recomputed death rates with their parts."""
        return listings.death_rate_table(self, rates)

    def list_readings(self, readings: pd.DataFrame, row: str) -> DisplayTable:
        """List what each reading of a disputed number means for the target of a row."""
        return answer_tables.readings_table(self, readings, rows=[row], id=f"readings-{row}")

    def plot_levels(self, indicator_id: str, **chosen: Any) -> Drawing:
        """Draw an indicator over time: some `regions`, from the `first` year, or `definitions`."""
        return pictures.level_picture(self, indicator_id, **chosen)

    def plot_regions(self, indicator_id: str) -> Drawing:
        """Draw the latest figure of every region that has one."""
        return pictures.regions_picture(self, indicator_id)

    def plot_funnel(self, indicator_id: str) -> Drawing:
        """Draw the rates of regions against their number of batches, with the range of chance."""
        return model_pictures.funnel_picture(self, indicator_id)

    def plot_plan_sums(self, indicator_id: str) -> list[Drawing]:
        """Draw how a count grows towards each target of the plan on it."""
        return pictures.plan_sum_pictures(self, indicator_id)

    def plot_ladder(self, row: str) -> list[Drawing]:
        """Draw which yearly numbers of deaths pass; nothing where no exposure is known."""
        targets = {target.row + target.part: target for target in self.parameters.plan.targets}
        return [
            model_pictures.ladder_picture(self, targets[row], table)
            for table in self.list_ladder(row)
        ]

    def plot_death_rates(self, rates: pd.DataFrame) -> Drawing:
        """Draw published against recomputed death rates."""
        return pictures.death_rates_picture(self, rates)


def open_edition(
    plan: str = "wuhan-14fyp",
    region: str = "",
    edition: int | None = None,
    as_of: str = "",
    target_year: int | None = None,
    lang: str = "zh",
    seed: int = 0,
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
    given = resolve(plan, region, edition, as_of, target_year, lang, seed)
    return City(**vars(open_view(given)))
