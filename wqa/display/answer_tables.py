"""Tables of answers and of readings, and what the overview of all targets draws."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from wqa.assessment.judging import ANSWERS
from wqa.assessment.statements import phrase
from wqa.display.facts import (
    Fact,
    Text,
    computed_fact,
    count_fact,
    parameter_fact,
    quoted,
    target_fact,
    year_fact,
)
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
from wqa.display.report import DisplayTable, Paragraphs, heads, told
from wqa.display.view import Row, View, rows_in
from wqa.display.wording import listed, say, term, texts, with_unit
from wqa.goals import Goal

if TYPE_CHECKING:
    import pandas as pd

# Answers that a reader has to see at once.
WEAK_POINTS = ("unlikely", "missed")
DECIDED = ("met", "missed")
UNKNOWN = "nothing_known"


def counts_list(answers: Iterable[str], lang: str) -> str:
    """List how many targets have which answer, from met to nothing known."""
    counts = Counter(answers)
    items = [
        say(
            "summary.count_item",
            lang,
            answer=answer_word(answer, lang),
            n=count_fact(f"answer.{answer}", counts[answer]),
        )
        for answer in ANSWERS
        if counts[answer]
    ]
    return listed(items, lang)


@told
def about_answers(view: View, frame: pd.DataFrame) -> str:
    """Count the answers on a plan and name its weak points."""
    lang, rows = view.lang, records(frame)
    number = len({row["target_id"].rstrip("abc") for row in rows})
    counted = {"rows": count_fact("plan_rows", number), "n": count_fact("plan_targets", len(rows))}
    counts = counts_list([row["answer"] for row in rows], lang)
    parts = [say("summary.counts", lang, list=counts, **counted)]
    weak = [target_name(target_of(view, r), lang) for r in rows if r["answer"] in WEAK_POINTS]
    if weak:
        parts.append(say("summary.weak_points", lang, list=listed(weak, lang)))
    return sentences(parts, lang)


def unknown_text(view: View, frame: pd.DataFrame) -> str:
    """Say why nothing is known of some targets, and what kind of statements the answers are."""
    lang, parts = view.lang, [say("summary.caution", view.lang)]
    reasons = Counter(row["reason_code"] for row in records(frame) if row["answer"] == UNKNOWN)
    causes = [
        say("summary.why_item", lang, why=term(f"why.{code}", lang),
            n=count_fact(f"reason.{code}", number))
        for code, number in reasons.most_common()
    ]  # fmt: skip
    if causes:
        total = count_fact(f"answer.{UNKNOWN}", reasons.total())
        parts.append(say("summary.nothing_known", lang, n=total, list=listed(causes, lang)))
    return sentences(parts, lang)


def level_cell(view: View, row: Row) -> str:
    """Print the level of a target with its year, else the baseline; empty without either."""
    fact, target = level_fact(view, row), target_of(view, row)
    if fact is None:
        return baseline_text(target, view.lang, unit=short_unit(target.unit, view.lang))
    value = f"{spoken(fact, view.lang)[0]}{short_unit(fact.unit, view.lang)}"
    return dated(value, year_fact(int(row["level_year"]), fact), view.lang)


def _answer_cells(view: View, row: Row) -> dict[str, Text]:
    """Cells that the tables of answers share; a reason that repeats the evidence is left out."""
    lang, target = view.lang, target_of(view, row)
    cells: dict[str, Text] = {
        "answer": answer_label(row["answer"], lang),
        "row": target_fact(target, part="row"),
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
    lang, rows = view.lang, records(frame)
    items = [unknown_text(view, frame)]
    weak = [target_name(target_of(view, row), lang) for row in by_answer(frame)
            if row["answer"] in ("open", *WEAK_POINTS)]  # fmt: skip
    if weak:
        items.append(say("question.weak", lang, list=listed(weak, lang)))
    left = [row for row in rows if row["answer"] not in DECIDED]
    asked = Counter(str(row[f"owner_{lang}"]) for row in left if row[f"settles_it_{lang}"])
    holders = [say("question.ask_item", lang, owner=owner, n=count_fact(f"ask.{n}", number))
             for n, (owner, number) in enumerate(asked.most_common())]  # fmt: skip
    if holders:
        items.append(say("question.ask", lang, list=listed(holders, lang)))
    return Paragraphs(items, is_list=True)


@told
def judge(view: View, *named: str) -> list[str]:
    """Say what is answered on the targets of indicators or groups of them, binding ones first."""
    told = []
    for row in records(answers(view)):
        if {row["indicator_id"], view.indicator(row["indicator_id"]).group} & {*named}:
            told.append(answer_text(view, row))
    return told


def about_lessons(view: View) -> Paragraphs:
    """Say what the next plan can learn from how the targets of this one were set."""
    lang, targets = view.lang, view.parameters.plan.targets
    easy = [t for t in targets if t.value is not None and t.baseline.value is not None
            and t.baseline.status == "measured"
            and Goal(t.comparator, t.value).margin(t.baseline.value) > 0]  # fmt: skip
    found = {
        "easy": easy,
        "bound": [t for t in targets if t.kind == "bound"],
        "disputed": [t for t in targets if t.baseline.status == "disputed"],
        "unmeasured": [t for t in targets if t.baseline.status not in ("measured", "disputed")],
    }
    whole = count_fact("plan_targets", len(targets))
    items = []
    for key, those in found.items():
        if those:
            names = listed([target_name(target, lang) for target in those], lang)
            n = count_fact(f"lesson.{key}", len(those))
            items.append(say(f"lesson.{key}", lang, n=n, whole=whole, list=names))
    return Paragraphs(items, is_list=True)


def asking_table(view: View, frame: pd.DataFrame) -> DisplayTable:
    """Show which figure would settle each target that is not decided, and who holds it."""
    lang = view.lang
    rows = [_answer_cells(view, row) for row in records(frame) if row["answer"] not in DECIDED]
    columns = heads(["row", "name", "settles_it", "owner"], lang)
    return DisplayTable("asking", say("caption.asking", lang), columns, rows)


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
    columns = heads(["answer", "row", "name", "level", "reason"], lang)
    return DisplayTable("board", say("caption.board", lang), columns, rows, (strength_note(lang),))


def answer_table(view: View, frame: pd.DataFrame) -> DisplayTable:
    """Show the answer on every target with its evidence and reason, binding targets first."""
    lang = view.lang
    rows = [
        _answer_cells(view, row) | {"answer": answer_with_probability(view, row)}
        for row in records(frame)
    ]
    keys = ["row", "name", "nature", "target", "answer", "strength", "basis", "reason"]
    plan = str(getattr(view.parameters.plan, f"short_{lang}"))
    caption = say("caption.attainment", lang, plan=plan)
    return DisplayTable("answers", caption, heads(keys, lang), rows)


def settling_table(view: View, frame: pd.DataFrame) -> DisplayTable:
    """Show what would overturn each answer, which figure would settle it, and who holds it."""
    lang, wanted = view.lang, ("overturned_by", "settles_it", "owner")
    rows = [_answer_cells(view, row) for row in by_answer(frame)]
    kept = [row for row in rows if any(row[key] for key in wanted)]
    columns = heads(["answer", "row", "name", *wanted], lang)
    return DisplayTable("settling", say("caption.settling", lang), columns, kept)


def readings_table(view: View, frame: pd.DataFrame, *rows: str) -> DisplayTable:
    """Show what each reading of a disputed number means for the targets of some rows."""
    lang = view.lang
    cells = [
        _reading_cells(view, row)
        for row in rows_in(frame)
        if row["field"] != "comparator" and str(row["row"]) in rows
    ]
    keys = ["row", "name", "reading", "value", "target", "met", "needed", "probability"]
    caption, notes = term("table.readings_caption", lang), [say("note.readings", lang)]
    if any("probability" in row for row in cells):
        notes.append(say("note.readings_probability", lang))
    id = "-".join(["readings", *rows])
    return DisplayTable(id, caption, heads(keys, lang), cells, notes)


def _reading_cells(view: View, row: Row) -> dict[str, Text]:
    lang, plan = view.lang, view.parameters.plan
    target = next(t for t in plan.targets if t.id == row["target_id"])
    sources, clause, reading = (plan.source_id,), str(row["clause"]), row["reading_id"]
    key = f"{target.id}.{reading}"

    def number(part: str, value: float) -> Fact:
        fact = parameter_fact(f"{key}.{part}", value, unit=target.unit)
        about: dict[str, Any] = {"source_ids": sources, "locator": clause}
        return replace(fact, kind="target", evidence="official", **about)

    goal = number("goal", float(row["target"]))
    sign = term(f"comparator.{row['comparator']}", lang)
    cells: dict[str, Text] = {
        "row": target_fact(target, part="row"),
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
        cells["needed"] = computed_fact("needed", float(need), [known, goal], signed=True)
    if low is not None and low == low:
        ends, note = (float(low), float(row["p_class_high"])), str(row["evidence_class"])
        cells["probability"] = class_text(f"p.{key}", ends, [known, goal], note)
    return cells
