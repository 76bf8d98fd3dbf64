"""What changed since the last edition and how its forecasts came out: tables and paragraphs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd

from wqa.catalog.records import NATION
from wqa.data.series import KEYS
from wqa.display.facts import Fact, Text, named, quoted
from wqa.display.judgements import answer_word, probability_text
from wqa.display.narrative import change_fact, in_brackets, sentences
from wqa.display.report import DisplayTable, table, told
from wqa.display.view import View, rows_in
from wqa.display.wording import say, scope_name, term, with_unit
from wqa.history.edition_changes import EditionChanges
from wqa.history.edition_forecasts import ENOUGH, grade_summary
from wqa.history.editions import EditionRecord, edition_date, newest_retrieval, shared_record

Row = Mapping[str, Any]
Cells = dict[str, Text]


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
    """Make the tables on what changed since the last edition, of what did change."""
    lang, now = view.lang, {row["target_id"]: row for row in rows_in(changes.new.answers)}
    makers: dict[str, Callable[[Row], Cells]] = {
        "figures": lambda row: _figure_cells(view, row),
        "revisions": lambda row: _revision_cells(view, row),
        "answers": lambda row: _answer_cells(view, now[row["target_id"]], row),
        "targets": lambda row: _field_cells(row, lang),
        "methods": lambda row: _method_cells(row, lang),
    }
    made = {}
    for name, frame in changes.frames().items():
        rows, caption = [*map(makers[name], rows_in(frame))], term(f"caption.{name}", lang)
        notes = [term("note.undated", lang)] if name == "figures" else []
        given: dict[str, Any] = {"caption": caption, "notes": notes, "p_new": "pct"}
        if rows:
            made[name] = table(lang, f"changes-{name}", rows, **given)
    return made


def _figure_cells(view: View, row: Row) -> Cells:
    value = _value(row, float(row["value"]), row["source_id"], row["vintage"])
    return {
        **_about(view, row),
        "year": Fact.of_year(int(row["year"]), value),
        "value": with_unit(value, view.lang),
        "late": term("table.yes", view.lang) if row["is_late"] else "",
    }


def _revision_cells(view: View, row: Row) -> Cells:
    lang, new = view.lang, ""
    old = _value(row, float(row["old"]), row["old_source_id"], row["old_vintage"])
    if bool(pd.notna(row["new"])):
        fact = _value(row, float(row["new"]), row["new_source_id"], row["new_vintage"])
        new = with_unit(fact, lang)
        if bool(pd.notna(row["change"])):
            new = in_brackets(new, change_fact(fact, old, signed=True), lang)
    return {
        **_about(view, row),
        "year": Fact.of_year(row["year"], old),
        "old": with_unit(old, lang),
        "new": new,
        "why": term(f"why.{row['why']}", lang),
    }


def _answer_cells(view: View, now: Row, row: Row) -> Cells:
    lang, own = view.lang, [target.id for target in view.parameters.plan.targets]
    return {
        "row": named(str(row["row"])),
        "target": named(str(row[f"name_{lang}"])),
        "old": answer_word(row["old_answer"], lang),
        "new": answer_word(row["new_answer"], lang),
        "p_new": probability_text(view, now) if row["target_id"] in own else "",
        "why": term(f"why.{row['why']}", lang),
    }


def _field_cells(row: Row, lang: str) -> Cells:
    return {
        "row": named(str(row["row"])),
        "target": named(str(row[f"name_{lang}"])),
        "field": term(f"field.{row['field']}", lang),
        "old": quoted(row["old"]),
        "new": quoted(row["new"]),
    }


def _method_cells(row: Row, lang: str) -> Cells:
    old, new = (quoted(str(row[side])[:12]) if row[side] else "" for side in ("old", "new"))
    return {"method": term(f"method.{row['method']}", lang), "old": old, "new": new}


def graded_table(view: View, graded: pd.DataFrame) -> DisplayTable:
    """Show each graded forecast of earlier editions beside what came out."""
    lang, rows = view.lang, []
    for row in rows_in(graded):
        outcome = _value(row, float(row["outcome"]), row["source_id"], row["vintage"])
        last = {**row, "year": row["origin"]}
        start = _value(last, float(row["last_value"]), row["origin_source_id"], "")
        about: dict[str, Any] = {"decimals": max(1, len(outcome.text.partition(".")[2]))}
        about |= {"unit": row["unit"], "kind": "forecast"}
        ends = [Fact.computed(end, row[end], [start], **about) for end in ("lo_80", "hi_80")]
        cells: Cells = {
            **_about(view, row),
            "year": Fact.of_year(row["year"], outcome),
            "edition": Fact.setting("edition", int(row["edition"])),
            "interval": "–".join(map(str, ends)),
            "outcome": with_unit(outcome, lang),
            "inside_it": term("table.yes" if row["inside_80"] else "table.no", lang),
        }
        rows.append(cells)
    notes = [term(f"note.{name}", lang) for name in ("rebuilt", "undated")]
    return table(lang, "graded", rows, caption=term("caption.graded", lang), notes=notes)


def grades_table(
    view: View, graded: pd.DataFrame, by: Sequence[str] = ("edition",), *, id: str = "grades"
) -> DisplayTable:
    """Sum up the grades: coverage, right side of one half, Brier score."""
    lang, rows = view.lang, []
    for row in rows_in(grade_summary(graded, by)):
        label = str(row[by[0]])
        name = view.names.get(label, label) if by[0] == "region" else label
        rows.append({"grouped": named(name), **_sums(row, label)})
    every = term("table.all", lang)
    rows += [{"grouped": every, **_sums(row, every)} for row in rows_in(grade_summary(graded))]
    keys = "grouped forecasts outcomes series inside_80 inside_95 hit brier"
    notes = [term(f"note.{name}", lang) for name in ("rebuilt", "dependent")]
    caption = term("caption.grades", lang) + term(f"by.{by[0]}", lang)
    units = dict.fromkeys(("inside_80", "inside_95", "hit"), "pct")
    return table(lang, id, rows, keys, caption=caption, notes=notes, **units)


def _sums(row: Row, label: str) -> Cells:
    counts = ("forecasts", "outcomes", "series")
    cells: Cells = {key: Fact.counted(f"graded.{label}.{key}", row[f"n_{key}"]) for key in counts}
    shares = {"inside_80": "inside_80", "inside_95": "inside_95", "hit": "hit_not_worse"}
    for key, name in (shares | {"brier": "brier_not_worse"}).items():
        about: dict[str, Any] = {"lower": row.get(f"{name}_low"), "upper": row.get(f"{name}_high")}
        about["decimals"] = 3 if key == "brier" else 0
        if bool(pd.notna(row[name])):
            cells[key] = Fact.computed(f"graded.{label}.{key}", row[name], [], **about)
    return cells


def editions_until(view: View, *, last: int = 0) -> list[EditionRecord]:
    """Rebuild the editions of the plan up to the one that is read, or only the last of them."""
    p = view.parameters
    day = p.as_of or newest_retrieval()
    days = {year: edition_date(year) for year in range(p.plan.start_year, p.edition)}
    wanted = [*((year, known) for year, known in days.items() if known < day), (p.edition, day)]
    asked: dict[str, Any] = {"target_year": p.target_year, "seed": p.seed, "catalog": p.catalog}
    return [shared_record(p.plan, p.region, *one, **asked) for one in wanted[-last:]]


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
