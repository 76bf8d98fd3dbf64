"""What changed since the last edition and how its forecasts came out: tables and paragraphs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from wqa.catalog.records import NATION
from wqa.data.series import KEYS
from wqa.display.changes import change_fact
from wqa.display.facts import (
    Fact,
    Printable,
    Text,
    computed_fact,
    count_fact,
    named,
    observation_fact,
    parameter_fact,
    quoted,
    year_fact,
)
from wqa.display.judgements import answer_word, probability_text
from wqa.display.narrative import sentences
from wqa.display.report import Column, DisplayTable
from wqa.display.view import View, rows_in
from wqa.display.wording import say, scope_name, texts, unit_after, unit_name
from wqa.history.edition_changes import EditionChanges
from wqa.history.edition_forecasts import ENOUGH, grade_summary
from wqa.history.editions import (
    EditionRecord,
    edition_date,
    newest_retrieval,
    shared_record,
)

if TYPE_CHECKING:
    import pandas as pd

NUMBERS = ("value", "outcome", "forecasts", "outcomes", "series", "brier")
PERCENT = ("p_new", "inside_80", "inside_95", "hit")
Row = Mapping[str, Any]


def word(key: str, lang: str) -> str:
    """Return a word about editions."""
    return texts("editions")[key][lang]


def _is_known(value: Any) -> bool:
    return bool(pd.notna(value))


def _columns(keys: Iterable[str], lang: str) -> tuple[Column, ...]:
    percent = unit_name("pct", lang)
    return tuple(
        Column(
            key,
            word(f"column.{key}", lang),
            percent if key in PERCENT else "",
            "decimal" if key in (*NUMBERS, *PERCENT) else "left",
        )
        for key in keys
    )


def _with_unit(fact: Fact, lang: str) -> Text:
    return Text("{value}{unit}", {"value": fact, "unit": named(unit_after(fact.unit, lang))})


def _about(view: View, row: Row) -> dict[str, Printable]:
    """Return the cells that say which series a row is about."""
    known = row["indicator_id"] in view.indicators
    name = view.indicator_name(row["indicator_id"]) if known else row["indicator_id"]
    return {
        "indicator": named(name),
        "region": named(view.names.get(row["region"], row["region"])),
        "scope": named(scope_name(str(row["scope"]), view.lang)),
    }


def _value(row: Row, value: float, source_id: str, vintage: str) -> Fact:
    cell = {name: row[name] for name in ("indicator_id", "region", "scope", "year", "unit")}
    return observation_fact({**cell, "value": value, "source_id": source_id, "vintage": vintage})


def change_tables(view: View, changes: EditionChanges) -> dict[str, DisplayTable]:
    """Make the tables of the annex on what changed since the last edition."""
    lang = view.lang
    makers: dict[str, tuple[tuple[str, ...], Callable[[Row], dict[str, Printable]]]] = {
        "figures": (
            ("indicator", "region", "scope", "year", "value", "late"),
            lambda row: _figure_cells(view, row),
        ),
        "revisions": (
            ("indicator", "region", "scope", "year", "old", "new", "why"),
            lambda row: _revision_cells(view, row),
        ),
        "answers": (
            ("row", "target", "old", "new", "p_new", "why"),
            lambda row: _answer_cells(view, changes, row),
        ),
        "targets": (("row", "target", "field", "old", "new"), lambda row: _field_cells(row, lang)),
        "methods": (("method", "old", "new"), lambda row: _method_cells(row, lang)),
    }
    made = {}
    for name, frame in changes.frames().items():
        keys, cells = makers[name]
        rows = tuple(cells(row) for row in rows_in(frame))
        if rows:
            notes = (word("note.undated", lang),) if name == "figures" else ()
            made[name] = DisplayTable(
                f"changes-{name}", word(f"caption.{name}", lang), _columns(keys, lang), rows,
                notes, () if name in ("figures", "revisions") else ("computed",),
            )  # fmt: skip
    return made


def _figure_cells(view: View, row: Row) -> dict[str, Printable]:
    value = _value(row, float(row["value"]), row["source_id"], row["vintage"])
    return {
        **_about(view, row),
        "year": year_fact(int(row["year"]), value),
        "value": _with_unit(value, view.lang),
        "late": word("word.yes", view.lang) if row["is_late"] else "",
    }


def _revision_cells(view: View, row: Row) -> dict[str, Printable]:
    lang = view.lang
    old = _value(row, float(row["old"]), row["old_source_id"], row["old_vintage"])
    cells: dict[str, Printable] = {
        **_about(view, row),
        "year": year_fact(int(row["year"]), old),
        "old": _with_unit(old, lang),
        "why": word(f"why.{row['why']}", lang),
    }
    if _is_known(row["new"]):
        new = _value(row, float(row["new"]), row["new_source_id"], row["new_vintage"])
        cells["new"] = _with_unit(new, lang)
        if _is_known(row["change"]):
            template = "{value}（{change}）" if lang == "zh" else "{value} ({change})"
            change = change_fact(new, old, signed=True)
            cells["new"] = Text(template, {"value": _with_unit(new, lang), "change": change})
    return cells


def _answer_cells(view: View, changes: EditionChanges, row: Row) -> dict[str, Printable]:
    lang = view.lang
    cells: dict[str, Printable] = {
        "row": named(str(row["row"])),
        "target": named(str(row[f"name_{lang}"])),
        "old": answer_word(row["old_answer"], lang),
        "new": answer_word(row["new_answer"], lang),
        "why": word(f"why.{row['why']}", lang),
    }
    answers = changes.new.answers
    now = answers[answers["target_id"] == row["target_id"]].iloc[0]
    if any(target.id == row["target_id"] for target in view.parameters.plan.targets):
        p = probability_text(view, {str(k): v for k, v in now.items()})
        if p is not None:
            cells["p_new"] = p
    return cells


def _field_cells(row: Row, lang: str) -> dict[str, Printable]:
    cells: dict[str, Printable] = {
        "row": named(str(row["row"])),
        "target": named(str(row[f"name_{lang}"])),
        "field": word(f"field.{row['field']}", lang),
    }
    return cells | {side: quoted(row[side]) for side in ("old", "new") if row[side]}


def _method_cells(row: Row, lang: str) -> dict[str, Printable]:
    sides = {side: quoted(str(row[side])[:12]) for side in ("old", "new") if row[side]}
    return {"method": word(f"method.{row['method']}", lang), **sides}


def graded_table(view: View, graded: pd.DataFrame) -> DisplayTable:
    """Show each graded forecast of earlier editions beside what came out."""
    lang = view.lang
    rows = []
    for row in rows_in(graded):
        outcome = _value(row, float(row["outcome"]), row["source_id"], row["vintage"])
        last = {**row, "year": row["origin"]}
        start = _value(last, float(row["last_value"]), row["origin_source_id"], "")
        places = max(1, len(outcome.text.partition(".")[2]))
        ends = {
            side: computed_fact(
                side, float(row[side]), (start,), decimals=places, unit=row["unit"],
                kind="forecast",
            )
            for side in ("lo_80", "hi_80")
        }  # fmt: skip
        rows.append(
            {
                **_about(view, row),
                "year": year_fact(int(row["year"]), outcome),
                "edition": parameter_fact("edition", int(row["edition"]), text=str(row["edition"])),
                "interval": Text("{low}–{high}", {"low": ends["lo_80"], "high": ends["hi_80"]}),
                "outcome": _with_unit(outcome, lang),
                "inside": word("word.yes" if row["inside_80"] else "word.no", lang),
            }
        )
    keys = ("indicator", "region", "scope", "year", "edition", "interval", "outcome", "inside")
    notes = (word("note.rebuilt", lang), word("note.undated", lang))
    return DisplayTable(
        "graded", word("caption.graded", lang), _columns(keys, lang), tuple(rows), notes,
        () if rows else ("computed",),
    )  # fmt: skip


def grades_table(
    view: View, graded: pd.DataFrame, by: Sequence[str] = ("edition",), *, id: str = "grades"
) -> DisplayTable:
    """Sum up the grades: coverage, right side of one half, Brier score."""
    lang = view.lang
    parts = [(grade_summary(graded, by), True), (grade_summary(graded), False)]
    rows: list[dict[str, Printable]] = []
    for frame, is_group in parts:
        for row in rows_in(frame):
            label = str(row[by[0]]) if is_group else word("word.all", lang)
            rows.append({"group": _group(view, label, by[0]), **_sums(row, label)})
    keys = ("group", "forecasts", "outcomes", "series", "inside_80", "inside_95", "hit", "brier")
    notes = (word("note.rebuilt", lang), word("note.dependent", lang))
    caption = word("caption.grades", lang) + word(f"by.{by[0]}", lang)
    return DisplayTable(id, caption, _columns(keys, lang), tuple(rows), notes, ("computed",))


def _group(view: View, label: str, by: str) -> Printable:
    return named(view.names.get(label, label) if by == "region" else label)


def _sums(row: Row, label: str) -> dict[str, Printable]:
    counts = {"forecasts": "n_forecasts", "outcomes": "n_outcomes", "series": "n_series"}
    cells: dict[str, Printable] = {
        key: count_fact(f"graded.{label}.{key}", int(row[name])) for key, name in counts.items()
    }
    shares = {"inside_80": ("inside_80", 0, "pct"), "inside_95": ("inside_95", 0, "pct"),
              "hit": ("hit_not_worse", 0, "pct"), "brier": ("brier_not_worse", 3, "")}  # fmt: skip
    for key, (name, places, unit) in shares.items():
        if _is_known(row[name]):
            cells[key] = computed_fact(
                f"graded.{label}.{key}", float(row[name]), (), decimals=places,
                unit=unit, lower=row.get(f"{name}_low"), upper=row.get(f"{name}_high"),
            )  # fmt: skip
    return cells


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
