"""Paragraphs about editions: how earlier forecasts did, what changed since the last edition."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wqa.data.series import KEYS
from wqa.display.facts import Printable, Text, count_fact, named, parameter_fact, year_fact
from wqa.display.narrative import sentences
from wqa.display.view import View
from wqa.display.wording import say
from wqa.history.edition_changes import EditionChanges
from wqa.history.edition_records import EditionRecord
from wqa.history.editions import NATION, edition_date, newest_retrieval, shared_record
from wqa.history.grading import ENOUGH

if TYPE_CHECKING:
    import pandas as pd


def editions_until(view: View, *, last: int | None = None) -> list[EditionRecord]:
    """Rebuild the editions of the plan up to the one that is read."""
    p = view.parameters
    day = p.as_of or newest_retrieval()
    days = {year: edition_date(year) for year in range(p.plan.start_year, p.edition)}
    kept = [(year, known) for year, known in days.items() if known < day]
    wanted = [*kept, (p.edition, day)]
    if last is not None:
        wanted = wanted[-last:]
    return [
        shared_record(
            p.plan, p.region, year, known, target_year=p.target_year, seed=p.seed,
            catalog=p.catalog,
        )
        for year, known in wanted
    ]  # fmt: skip


def own_grades(view: View, graded: pd.DataFrame) -> pd.DataFrame:
    """Return the graded forecasts of the region and of the one above it."""
    own = graded[graded["region"].isin([view.region, view.province])]
    return (own if len(own) else graded).reset_index(drop=True)


def grade_texts(view: View, graded: pd.DataFrame) -> list[Text]:
    """Say how the forecasts of earlier editions did, and what that does not show."""
    lang = view.lang
    if not len(graded):
        return [say("edition.no_outcome", lang)]

    def counted(key: str, number: int) -> Printable:
        return count_fact(f"graded.{key}", number)

    n, asked = len(graded), graded[graded["not_worse"].notna()]
    known = graded.drop_duplicates([*KEYS, "year"])
    outcomes = len(known)
    out = [
        say(
            "edition.graded", lang, n=counted("n", n), outcomes=counted("outcomes", outcomes),
            series=counted("series", len(graded.drop_duplicates(KEYS))),
        ),
        say(
            "edition.inside", lang, n=counted("n", n),
            level=parameter_fact("level", 80),
            inside=counted("inside_80", int(graded["inside_80"].sum())),
            wide=parameter_fact("level", 95),
            inside_wide=counted("inside_95", int(graded["inside_95"].sum())),
        ),
    ]  # fmt: skip
    if len(asked):
        out.append(
            say(
                "edition.direction", lang, n=counted("asked", len(asked)),
                hit=counted("hit", int(asked["hit_not_worse"].sum())),
            )
        )  # fmt: skip
    own = graded[graded["region"] == view.region]
    out.append(
        say(
            "edition.own" if len(own) else "edition.no_own", lang,
            region=named(view.names[view.region]),
            **({"n": counted("own", len(own)),
                "inside": counted("own_inside", int(own["inside_80"].sum()))} if len(own) else {}),
        )
    )  # fmt: skip
    national = counted("national", int((known["region"] == NATION).sum()))
    key = "edition.few" if outcomes < ENOUGH else "edition.dependent"
    last = say(key, lang, outcomes=counted("outcomes", outcomes), national=national)
    return [sentences([*out, last], lang)]


def change_texts(view: View, changes: EditionChanges) -> list[Text]:
    """Say in numbers what changed since the last edition."""
    lang, old = view.lang, changes.old
    figures = changes.figures
    own = int((figures["region"] == view.region).sum())

    def counted(key: str, number: int) -> Printable:
        return count_fact(f"changes.{key}", number)

    out = [
        say(
            "edition.compared", lang, edition=year_fact(old.edition),
            day=parameter_fact("as_of", None, text=old.as_of),
            new_day=parameter_fact("as_of", None, text=changes.new.as_of),
        ),
        say(
            "edition.new_figures", lang, n=counted("figures", len(figures)),
            own=counted("own", own), region=named(view.names[view.region]),
        ),
    ]  # fmt: skip
    for key in ("revisions", "answers", "targets", "methods"):
        number = len(changes.frames()[key])
        if number:
            out.append(say(f"edition.some_{key}", lang, n=counted(key, number)))
        else:
            out.append(say(f"edition.no_{key}", lang))
    return [sentences(out, lang)]
