"""What changed since the last edition and how its forecasts came out, as tables for readers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from wqa.catalog.catalog import load_indicators
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
from wqa.display.judgements import answer_word, probability_of
from wqa.display.tables import Column, DisplayTable
from wqa.display.view import View
from wqa.display.wording import scope_name, texts, unit_after, unit_name
from wqa.history.edition_changes import EditionChanges
from wqa.history.grading import grade_summary

NUMBERS = ("value", "outcome", "forecasts", "outcomes", "series", "brier")
PERCENT = ("p_new", "inside_80", "inside_95", "hit")
Row = Mapping[str, Any]


def word(key: str, lang: str) -> str:
    """Return a word about editions."""
    return texts("editions")[key][lang]


def command_tables(
    changes: EditionChanges, lang: str, *, catalog: Path | str | None = None
) -> tuple[str, dict[str, pd.DataFrame]]:
    """Lay out the changes for the command line."""
    old, new = changes.old, changes.new
    title = word("command.header", lang).format(
        old=old.edition, old_day=old.as_of, new=new.edition, new_day=new.as_of
    )
    names = {key: getattr(i, f"name_{lang}") for key, i in load_indicators(catalog).items()}
    kept = {
        "figures": ("indicator_id", "region", "scope", "year", "value", "unit", "source_id"),
        "revisions": ("indicator_id", "region", "scope", "year", "old", "new", "unit", "why"),
        "answers": ("row", f"name_{lang}", "old_answer", "new_answer", "old_p", "new_p", "why"),
        "targets": ("row", f"name_{lang}", "field", "old", "new"),
        "methods": ("method", "old", "new"),
    }
    shown = {}
    for name, frame in changes.frames().items():
        table = frame[list(kept[name])].copy()
        if "indicator_id" in table:
            table["indicator_id"] = table["indicator_id"].map(lambda key: names.get(key, key))
        for column in ("old_answer", "new_answer"):
            if column in table:
                table[column] = [answer_word(key, lang) for key in table[column]]
        for column in ("old_p", "new_p"):
            if column in table:
                table[column] = table[column].map("{:.2f}".format, na_action="ignore")
        for column, group in (("field", "field"), ("method", "method")):
            if column in table:
                table[column] = [word(f"{group}.{key}", lang) for key in table[column]]
        if "why" in table:
            table["why"] = [word(f"why.{key}", lang) for key in table["why"]]
        shown[word(f"command.{name}", lang)] = table
    return title, shown


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
        rows = tuple(cells({str(k): v for k, v in r.items()}) for r in frame.to_dict("records"))
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
        p = probability_of(view, {str(k): v for k, v in now.items()})
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
    for record in graded.to_dict("records"):
        row = {str(k): v for k, v in record.items()}
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
        for record in frame.to_dict("records"):
            row = {str(k): v for k, v in record.items()}
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
