"""What changed since the last edition and how its forecasts came out: tables and paragraphs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from wqa.catalog.records import NATION
from wqa.data.series import KEYS
from wqa.display.facts import Fact, Text, named, quoted
from wqa.display.judgements import answer_word, probability_text
from wqa.display.narrative import change_fact, in_brackets, sentences
from wqa.display.report import Column, DisplayTable, told
from wqa.display.view import View, rows_in
from wqa.display.wording import say, scope_name, texts, unit_name, with_unit
from wqa.history.edition_changes import EditionChanges
from wqa.history.edition_forecasts import ENOUGH, grade_summary
from wqa.history.editions import EditionRecord, edition_date, newest_retrieval, shared_record

PERCENT = ("p_new", "inside_80", "inside_95", "hit")
Row = Mapping[str, Any]
Cells = dict[str, Text]


def word(key: str, lang: str) -> str:
    """Return a word about editions."""
    return texts("editions")[key][lang]


def _columns(keys: Iterable[str], lang: str) -> tuple[Column, ...]:
    percent = unit_name("pct", lang)
    return tuple(
        Column(key, word(f"column.{key}", lang), percent if key in PERCENT else "") for key in keys
    )


def _about(view: View, row: Row) -> Cells:
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
    return Fact.observed({**cell, "value": value, "source_id": source_id, "vintage": vintage})


def change_tables(view: View, changes: EditionChanges) -> dict[str, DisplayTable]:
    """Make the tables of the annex on what changed since the last edition."""
    lang = view.lang
    makers: dict[str, tuple[str, Callable[[Row], Cells]]] = {
        "figures": (
            "indicator region scope year value late",
            lambda row: _figure_cells(view, row),
        ),
        "revisions": (
            "indicator region scope year old new why",
            lambda row: _revision_cells(view, row),
        ),
        "answers": (
            "row target old new p_new why",
            lambda row: _answer_cells(view, changes, row),
        ),
        "targets": ("row target field old new", lambda row: _field_cells(row, lang)),
        "methods": ("method old new", lambda row: _method_cells(row, lang)),
    }
    made = {}
    for name, frame in changes.frames().items():
        keys, cells = makers[name]
        notes = (word("note.undated", lang),) if name == "figures" else ()
        columns, caption = _columns(keys.split(), lang), word(f"caption.{name}", lang)
        if len(frame):
            rows = [cells(row) for row in rows_in(frame)]
            made[name] = DisplayTable(f"changes-{name}", caption, columns, rows, notes)
    return made


def _figure_cells(view: View, row: Row) -> Cells:
    value = _value(row, float(row["value"]), row["source_id"], row["vintage"])
    return {
        **_about(view, row),
        "year": Fact.of_year(int(row["year"]), value),
        "value": with_unit(value, view.lang),
        "late": word("word.yes", view.lang) if row["is_late"] else "",
    }


def _revision_cells(view: View, row: Row) -> Cells:
    lang = view.lang
    old = _value(row, float(row["old"]), row["old_source_id"], row["old_vintage"])
    cells: Cells = {
        **_about(view, row),
        "year": Fact.of_year(int(row["year"]), old),
        "old": with_unit(old, lang),
        "why": word(f"why.{row['why']}", lang),
    }
    if bool(pd.notna(row["new"])):
        new = _value(row, float(row["new"]), row["new_source_id"], row["new_vintage"])
        cells["new"] = with_unit(new, lang)
        if bool(pd.notna(row["change"])):
            change = change_fact(new, old, signed=True)
            cells["new"] = in_brackets(cells["new"], change, lang)
    return cells


def _answer_cells(view: View, changes: EditionChanges, row: Row) -> Cells:
    lang, answers = view.lang, changes.new.answers
    cells: Cells = {
        "row": named(str(row["row"])),
        "target": named(str(row[f"name_{lang}"])),
        "old": answer_word(row["old_answer"], lang),
        "new": answer_word(row["new_answer"], lang),
        "why": word(f"why.{row['why']}", lang),
    }
    if any(target.id == row["target_id"] for target in view.parameters.plan.targets):
        now = rows_in(answers[answers["target_id"] == row["target_id"]])[0]
        cells["p_new"] = probability_text(view, now)
    return cells


def _field_cells(row: Row, lang: str) -> Cells:
    return {
        "row": named(str(row["row"])),
        "target": named(str(row[f"name_{lang}"])),
        "field": word(f"field.{row['field']}", lang),
        "old": quoted(row["old"]),
        "new": quoted(row["new"]),
    }


def _method_cells(row: Row, lang: str) -> Cells:
    sides = {side: quoted(str(row[side])[:12]) for side in ("old", "new") if row[side]}
    return {"method": word(f"method.{row['method']}", lang), **sides}


def graded_table(view: View, graded: pd.DataFrame) -> DisplayTable:
    """Show each graded forecast of earlier editions beside what came out."""
    lang, rows = view.lang, []
    for row in rows_in(graded):
        outcome = _value(row, float(row["outcome"]), row["source_id"], row["vintage"])
        last = {**row, "year": row["origin"]}
        start = _value(last, float(row["last_value"]), row["origin_source_id"], "")
        about: dict[str, Any] = {"decimals": max(1, len(outcome.text.partition(".")[2]))}
        about |= {"unit": row["unit"], "kind": "forecast"}
        low, high = (
            Fact.computed(side, float(row[side]), (start,), **about) for side in ("lo_80", "hi_80")
        )
        cells: Cells = {
            **_about(view, row),
            "year": Fact.of_year(int(row["year"]), outcome),
            "edition": Fact.setting("edition", int(row["edition"]), text=str(row["edition"])),
            "interval": f"{low}–{high}",
            "outcome": with_unit(outcome, lang),
            "inside": word("word.yes" if row["inside_80"] else "word.no", lang),
        }
        rows.append(cells)
    keys = ("indicator", "region", "scope", "year", "edition", "interval", "outcome", "inside")
    notes = (word("note.rebuilt", lang), word("note.undated", lang))
    return DisplayTable("graded", word("caption.graded", lang), _columns(keys, lang), rows, notes)


def grades_table(
    view: View, graded: pd.DataFrame, by: Sequence[str] = ("edition",), *, id: str = "grades"
) -> DisplayTable:
    """Sum up the grades: coverage, right side of one half, Brier score."""
    lang, rows = view.lang, []
    for row in rows_in(grade_summary(graded, by)):
        label = str(row[by[0]])
        name = view.names.get(label, label) if by[0] == "region" else label
        rows.append({"group": named(name), **_sums(row, label)})
    rows += [
        {"group": word("word.all", lang), **_sums(row, word("word.all", lang))}
        for row in rows_in(grade_summary(graded))
    ]
    keys = ("group", "forecasts", "outcomes", "series", "inside_80", "inside_95", "hit", "brier")
    notes = (word("note.rebuilt", lang), word("note.dependent", lang))
    caption = word("caption.grades", lang) + word(f"by.{by[0]}", lang)
    return DisplayTable(id, caption, _columns(keys, lang), rows, notes)


def _sums(row: Row, label: str) -> Cells:
    counts = {"forecasts": "n_forecasts", "outcomes": "n_outcomes", "series": "n_series"}
    cells: Cells = {
        key: Fact.counted(f"graded.{label}.{key}", int(row[name])) for key, name in counts.items()
    }
    shares = {"inside_80": "inside_80", "inside_95": "inside_95", "hit": "hit_not_worse",
              "brier": "brier_not_worse"}  # fmt: skip
    for key, name in shares.items():
        if bool(pd.notna(row[name])):
            cells[key] = Fact.computed(
                f"graded.{label}.{key}",
                float(row[name]),
                (),
                decimals=3 if key == "brier" else 0,
                lower=row.get(f"{name}_low"),
                upper=row.get(f"{name}_high"),
            )
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


@told
def about_grades(view: View, graded: pd.DataFrame) -> str:
    """Say how the forecasts of earlier editions did, and what that does not show."""
    lang, n = view.lang, len(graded)
    if not n:
        return say("edition.no_outcome", lang)
    asked, own = graded[graded["not_worse"].notna()], graded[graded["region"] == view.region]
    known = graded.drop_duplicates([*KEYS, "year"])
    whole = {"outcomes": len(known), "series": len(graded.drop_duplicates(KEYS))}
    levels = {"level": Fact.setting("level", 80), "wide": Fact.setting("level", 95)}
    inside, wide = (int(graded[f"inside_{level}"].sum()) for level in (80, 95))
    mine = {"region": view.names[view.region], "n": len(own), "inside": own["inside_80"].sum()}
    national = (known["region"] == NATION).sum()
    few = "few" if len(known) < ENOUGH else "dependent"
    parts = [
        say("edition.graded", lang, n=n, **whole),
        say("edition.inside", lang, n=n, inside=inside, inside_wide=wide, **levels),
        say("edition.own" if len(own) else "edition.no_own", lang, **mine),
        say(f"edition.{few}", lang, outcomes=len(known), national=national),
    ]
    if len(asked):
        hit = int(asked["hit_not_worse"].sum())
        parts.insert(2, say("edition.direction", lang, n=len(asked), hit=hit))
    return sentences(parts, lang)


@told
def about_changes(view: View, changes: EditionChanges | None) -> str:
    """Say in numbers what changed since the last edition, if there is one."""
    lang = view.lang
    if changes is None:
        return say("edition.first", lang)
    old, new = (Fact.setting("as_of", None, text=one.as_of) for one in (changes.old, changes.new))
    edition, figures = Fact.of_year(changes.old.edition), changes.figures
    added = {"n": len(figures), "own": (figures["region"] == view.region).sum()}
    parts = [
        say("edition.compared", lang, edition=edition, day=old, new_day=new),
        say("edition.new_figures", lang, region=view.names[view.region], **added),
    ]
    for key in ("revisions", "answers", "targets", "methods"):
        number = len(changes.frames()[key])
        parts.append(say(f"edition.{'some' if number else 'no'}_{key}", lang, n=number))
    return sentences(parts, lang)
