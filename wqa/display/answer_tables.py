"""Tables of answers and of readings, and what the overview of all targets draws."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pandas as pd

from wqa.assessment.judging import ANSWERS
from wqa.assessment.statements import phrase
from wqa.catalog.records import Target
from wqa.display.facts import Fact, Text, quoted
from wqa.display.judgements import (
    BARS,
    answer_label,
    answer_text,
    answer_with_probability,
    answer_word,
    answers,
    baseline_text,
    by_answer,
    class_text,
    level_fact,
    records,
    said_text,
    short_unit,
    strength_bars,
    target_name,
    target_of,
    target_text,
)
from wqa.display.narrative import dated, sentences, spoken
from wqa.display.report import DisplayTable, Paragraphs, table, told
from wqa.display.view import Row, View, rows_in
from wqa.display.wording import listed, say, term, texts, with_unit
from wqa.goals import Goal

# Answers that a reader has to see at once.
WEAK_POINTS = ("unlikely", "missed")
UNSURE = ("open", *WEAK_POINTS)
DECIDED = ("met", "missed")
UNKNOWN = "nothing_known"


def counts_list(answers: Iterable[str], lang: str) -> str:
    """List how many targets have which answer, from met to nothing known."""
    counts = Counter(answers)
    pairs = [(answer_word(key, lang), counts[key]) for key in ANSWERS if counts[key]]
    return listed([say("summary.count_item", lang, answer=word, n=n) for word, n in pairs], lang)


@told
def about_answers(view: View, frame: pd.DataFrame) -> str:
    """Count the answers on a plan and name its weak points."""
    lang, rows = view.lang, records(frame)
    whole = {"rows": len({row["target_id"].rstrip("abc") for row in rows}), "n": len(rows)}
    counts = counts_list([row["answer"] for row in rows], lang)
    weak = [target_name(target_of(view, r), lang) for r in rows if r["answer"] in WEAK_POINTS]
    parts = [say("summary.counts", lang, list=counts, **whole)]
    parts += [say("summary.weak_points", lang, list=listed(weak, lang))] if weak else []
    return sentences(parts, lang)


def unknown_text(view: View, frame: pd.DataFrame) -> str:
    """Say why nothing is known of some targets, and what kind of statements the answers are."""
    lang = view.lang
    reasons = Counter(row["reason_code"] for row in records(frame) if row["answer"] == UNKNOWN)
    causes = [
        say("summary.why_item", lang, why=term(f"why.{code}", lang), n=number)
        for code, number in reasons.most_common()
    ]
    whole = {"n": reasons.total(), "list": listed(causes, lang)}
    told = say("summary.nothing_known", lang, **whole) if causes else ""
    return sentences([say("summary.caution", lang), told], lang)


def level_cell(view: View, row: Row) -> str:
    """Print the level of a target with its year, else the baseline; empty without either."""
    fact, target = level_fact(view, row), target_of(view, row)
    if fact is None:
        return baseline_text(target, view.lang, unit=short_unit(target.unit, view.lang))
    value = f"{spoken(fact, view.lang)[0]}{short_unit(fact.unit, view.lang)}"
    return dated(value, Fact.of_year(int(row["level_year"]), fact), view.lang)


def _answer_cells(view: View, row: Row) -> dict[str, Text]:
    """Cells that the tables of answers share; a reason that repeats the evidence is left out."""
    lang, target = view.lang, target_of(view, row)
    cells: dict[str, Text] = {
        "answer": answer_label(row["answer"], lang),
        "row": Fact.asked(target, part="row"),
        "name": target_name(target, lang),
        "nature": term(f"nature.{target.nature}", lang),
        "target": target_text(target, lang),
        "strength": strength_bars(row["strength"]),
    }
    for key in ("basis", "reason", "overturned_by", "settles_it", "owner"):
        name = "evidence" if key == "basis" else key
        cells[key] = said_text(view, row, name) if row[f"{name}_{lang}"] else ""
    if row[f"reason_{lang}"] == row[f"evidence_{lang}"]:
        del cells["reason"]
    return cells


def about_questions(view: View, frame: pd.DataFrame) -> Paragraphs:
    """Answer in one sentence each: how sure is it, where is it weak, whom to ask for figures."""
    lang, rows, items = view.lang, by_answer(frame), [unknown_text(view, frame)]
    weak = [target_name(target_of(view, r), lang) for r in rows if r["answer"] in UNSURE]
    if weak:
        items.append(say("question.weak", lang, list=listed(weak, lang)))
    left = [r for r in records(frame) if r["answer"] not in DECIDED and r[f"settles_it_{lang}"]]
    asked = Counter(str(row[f"owner_{lang}"]) for row in left).most_common()
    holders = [say("question.ask_item", lang, owner=owner, n=number) for owner, number in asked]
    if holders:
        items.append(say("question.ask", lang, list=listed(holders, lang)))
    return Paragraphs(items, is_list=True)


@told
def judge(view: View, *indicators: str) -> list[str]:
    """Say what is answered on the targets of some indicators and why, the binding ones first."""
    rows = records(answers(view))
    return [answer_text(view, row) for row in rows if row["indicator_id"] in indicators]


def about_lessons(view: View) -> Paragraphs:
    """Say what the next plan can learn from how the targets of this one were set."""
    lang, targets, items = view.lang, view.parameters.plan.targets, []
    found = {
        "easy": [target for target in targets if _is_easy(target)],
        "bound": [t for t in targets if t.kind == "bound"],
        "disputed": [t for t in targets if t.baseline.status == "disputed"],
        "unmeasured": [t for t in targets if t.baseline.status not in ("measured", "disputed")],
    }
    for key, those in found.items():
        names = listed([target_name(target, lang) for target in those], lang)
        whole = {"n": len(those), "whole": len(targets), "list": names}
        items += [say(f"lesson.{key}", lang, **whole)] if those else []
    return Paragraphs(items, is_list=True)


def _is_easy(target: Target) -> bool:
    """Whether a target asks for less than what was measured when it was set."""
    base = target.baseline
    if target.value is None or base.value is None or base.status != "measured":
        return False
    return Goal(target.comparator, target.value).margin(base.value) > 0


def asking_table(view: View, frame: pd.DataFrame) -> DisplayTable:
    """Show which figure would settle each target that is not decided, and who holds it."""
    rows = [_answer_cells(view, row) for row in records(frame) if row["answer"] not in DECIDED]
    return table(view.lang, "asking", rows, "row name settles_it owner")


def strength_note(lang: str) -> str:
    """Say what the bars of strength mean."""
    items = [f"{strength_bars(n)} {phrase('strength', str(n))[lang]}" for n in range(BARS, 0, -1)]
    return say("note.strength", lang, list=("；" if lang == "zh" else "; ").join(items))


def board_table(view: View, frame: pd.DataFrame) -> DisplayTable:
    """Show all targets on one page, grouped by answer: newest figure, reason, strength."""
    lang, rows = view.lang, []
    for row in by_answer(frame):
        cells = _answer_cells(view, row)
        cells["level"] = level_cell(view, row)
        why = f"why.{row['reason_code']}"
        if why in texts("terms"):
            cells["reason"] = term(why, lang)
        if row["strength"]:
            cells["answer"] = f"{cells['answer']} {cells['strength']}"
        cells["name"] = f"{cells['name']} {cells['target']}"
        rows.append(cells)
    return table(lang, "board", rows, "answer row name level reason", notes=[strength_note(lang)])


def answer_table(view: View, frame: pd.DataFrame) -> DisplayTable:
    """Show the answer on every target with its evidence and reason, binding targets first."""
    lang, rows = view.lang, []
    for row in records(frame):
        rows.append(_answer_cells(view, row) | {"answer": answer_with_probability(view, row)})
    plan = str(getattr(view.parameters.plan, f"short_{lang}"))
    caption = say("caption.attainment", lang, plan=plan)
    keys = "row name nature target answer strength basis reason"
    return table(lang, "answers", rows, keys, caption=caption)


def settling_table(view: View, frame: pd.DataFrame) -> DisplayTable:
    """Show what would overturn each answer, which figure would settle it, and who holds it."""
    rows = [_answer_cells(view, row) for row in by_answer(frame)]
    kept = [row for row in rows if row["overturned_by"] or row["settles_it"] or row["owner"]]
    return table(view.lang, "settling", kept, "answer row name overturned_by settles_it owner")


def readings_table(view: View, frame: pd.DataFrame, *rows: str) -> DisplayTable:
    """Show what each reading of a disputed number means for the targets of some rows."""
    lang = view.lang
    asked = frame[(frame["field"] != "comparator") & frame["row"].astype(str).isin(rows)]
    cells = [_reading_cells(view, row) for row in rows_in(asked)]
    caption, notes = term("table.readings_caption", lang), [say("note.readings", lang)]
    if any("probability" in row for row in cells):
        notes.append(say("note.readings_probability", lang))
    keys, id = "row name reading value target met needed probability", "-".join(["readings", *rows])
    return table(lang, id, cells, keys, caption=caption, notes=notes)


def _reading_cells(view: View, row: Row) -> dict[str, Text]:
    lang, plan = view.lang, view.parameters.plan
    target = next(t for t in plan.targets if t.id == row["target_id"])
    sources, clause, reading = (plan.source_id,), str(row["clause"]), row["reading_id"]
    key = f"{target.id}.{reading}"

    def number(part: str, value: float) -> Fact:
        fact = Fact.setting(f"{key}.{part}", value, unit=target.unit)
        about: dict[str, Any] = {"source_ids": sources, "locator": clause}
        return replace(fact, kind="target", evidence="official", **about)

    goal = number("goal", float(row["target"]))
    sign = term(f"comparator.{row['comparator']}", lang)
    cells: dict[str, Text] = {
        "row": Fact.asked(target, part="row"),
        "name": target_name(target, lang),
        "reading": quoted(str(row[f"label_{lang}"]), source_ids=sources, locator=clause),
        "target": f"{sign}{with_unit(goal, lang)}",
    }
    if row["value"] != row["value"]:
        return cells
    known = number("value", float(row["value"]))
    cells["value"] = with_unit(known, lang)
    met, need, low = row["met_at_baseline"], row["change_needed"], row["p_class_low"]
    if met is not None and met == met:
        cells["met"] = term("table.yes" if bool(met) else "table.no", lang)
    if need == need and float(need):
        cells["needed"] = Fact.computed("needed", float(need), [known, goal], signed=True)
    if low is not None and low == low:
        ends, note = (float(low), float(row["p_class_high"])), str(row["evidence_class"])
        cells["probability"] = class_text(f"p.{key}", ends, [known, goal], note)
    return cells
