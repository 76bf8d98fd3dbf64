"""Tables of answers and of readings, and what the overview of all targets draws."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from wqa.assessment.judging import ANSWERS
from wqa.assessment.statements import phrase
from wqa.display.changes import spoken
from wqa.display.facts import (
    Fact,
    Printable,
    Text,
    computed_fact,
    count_fact,
    joined,
    named,
    parameter_fact,
    quoted,
    target_fact,
    year_fact,
)
from wqa.display.judgements import (
    BARS,
    answer_label,
    answer_text,
    answer_word,
    baseline_text,
    by_answer,
    class_text,
    level_fact,
    probability_mark,
    records,
    said_text,
    short_unit,
    strength_bars,
    target_name,
    target_of,
    target_text,
)
from wqa.display.listings import heads
from wqa.display.narrative import sentences
from wqa.display.report import DisplayTable
from wqa.display.view import Row, View, rows_in
from wqa.display.wording import listed, say, term, texts, unit_after
from wqa.goals import Goal

if TYPE_CHECKING:
    import pandas as pd

# Answers that a reader has to see at once.
WEAK_POINTS = ("unlikely", "missed")
DECIDED = ("met", "missed")
UNKNOWN = "nothing_known"


def counts_list(answers: Iterable[str], lang: str) -> Text:
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


def summary_text(view: View, frame: pd.DataFrame) -> Text:
    """Count the answers on a plan and name its weak points."""
    lang, rows = view.lang, records(frame)
    number = len({row["target_id"].rstrip("abc") for row in rows})
    counted = {"rows": count_fact("plan_rows", number), "n": count_fact("plan_targets", len(rows))}
    answers = counts_list([row["answer"] for row in rows], lang)
    told = [say("summary.counts", lang, list=answers, **counted)]
    weak = [target_name(target_of(view, r), lang) for r in rows if r["answer"] in WEAK_POINTS]
    if weak:
        told.append(say("summary.weak_points", lang, list=listed(weak, lang)))
    return sentences(told, lang)


def unknown_text(view: View, frame: pd.DataFrame) -> Text:
    """Say why nothing is known of some targets, and what kind of statements the answers are."""
    lang, told = view.lang, [say("summary.caution", view.lang)]
    reasons = Counter(row["reason_code"] for row in records(frame) if row["answer"] == UNKNOWN)
    causes = [
        say("summary.why_item", lang, why=term(f"why.{code}", lang),
            n=count_fact(f"reason.{code}", number))
        for code, number in reasons.most_common()
    ]  # fmt: skip
    if causes:
        total = count_fact(f"answer.{UNKNOWN}", reasons.total())
        told.append(say("summary.nothing_known", lang, n=total, list=listed(causes, lang)))
    return sentences(told, lang)


def level_cell(view: View, row: Row) -> Text | None:
    """Print the level of a target with its year, else the baseline; None without either."""
    fact, target = level_fact(view, row), target_of(view, row)
    if fact is None:
        return baseline_text(target, view.lang, unit=short_unit(target.unit, view.lang))
    template = "{value}{unit}（{year}年）" if view.lang == "zh" else "{value}{unit} ({year})"
    slots: dict[str, Printable] = {
        "value": spoken(fact, view.lang)[0],
        "unit": named(short_unit(fact.unit, view.lang)),
        "year": year_fact(int(row["level_year"]), fact),
    }
    return Text(template, slots)


def _answer_cells(view: View, row: Row) -> dict[str, Printable]:
    """Cells that the tables of answers share; a reason that repeats the evidence is left out."""
    lang, target = view.lang, target_of(view, row)
    cells: dict[str, Printable] = {
        "answer": answer_label(row["answer"], lang),
        "row": target_fact(target, part="row"),
        "name": target_name(target, lang),
        "nature": term(f"nature.{target.nature}", lang),
        "target": target_text(target, lang),
        "strength": strength_bars(row["strength"]),
    }
    for key in ("basis", "reason", "overturned_by", "settles_it", "owner"):
        name = "evidence" if key == "basis" else key
        if row[f"{name}_{lang}"]:
            cells[key] = said_text(view, row, name)
    if row[f"reason_{lang}"] == row[f"evidence_{lang}"]:
        del cells["reason"]
    return cells


def _cells(rows: Iterable[Mapping[str, Printable]], keys: list[str]) -> tuple[Any, ...]:
    """Keep the cells of some columns."""
    return tuple({key: row[key] for key in keys if key in row} for row in rows)


def questions_texts(view: View, frame: pd.DataFrame) -> list[Text]:
    """Answer in one sentence each: how sure is it, where is it weak, whom to ask for figures."""
    lang, rows = view.lang, records(frame)
    told = [unknown_text(view, frame)]
    weak = [target_name(target_of(view, row), lang) for row in by_answer(frame)
            if row["answer"] in ("open", *WEAK_POINTS)]  # fmt: skip
    if weak:
        told.append(say("question.weak", lang, list=listed(weak, lang)))
    left = [row for row in rows if row["answer"] not in DECIDED]
    asked = Counter(str(row[f"owner_{lang}"]) for row in left if row[f"settles_it_{lang}"])
    items = [say("question.ask_item", lang, owner=named(owner), n=count_fact(f"ask.{n}", number))
             for n, (owner, number) in enumerate(asked.most_common())]  # fmt: skip
    if items:
        told.append(say("question.ask", lang, list=listed(items, lang)))
    return told


def judgement_texts(view: View, frame: pd.DataFrame, *indicators: str) -> list[Text]:
    """Say what is answered on the targets of some indicators, the binding ones first."""
    rows = records(frame)
    return [answer_text(view, row) for row in rows if row["indicator_id"] in indicators]


def lessons_texts(view: View) -> list[Text]:
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
    told = []
    for key, those in found.items():
        if those:
            names = listed([target_name(target, lang) for target in those], lang)
            n = count_fact(f"lesson.{key}", len(those))
            told.append(say(f"lesson.{key}", lang, n=n, whole=whole, list=names))
    return told


def asking_table(view: View, frame: pd.DataFrame) -> DisplayTable:
    """Show which figure would settle each target that is not decided, and who holds it."""
    lang, keys = view.lang, ["row", "name", "settles_it", "owner"]
    rows = [_answer_cells(view, row) for row in records(frame) if row["answer"] not in DECIDED]
    caption = say("caption.asking", lang)
    return DisplayTable("asking", caption, heads(keys, lang), _cells(rows, keys))


def strength_note(lang: str) -> Text:
    """Say what the bars of strength mean."""
    words = {n: phrase("strength", str(n))[lang] for n in range(BARS, 0, -1)}
    items = [
        Text("{bars} {words}", {"bars": strength_bars(n), "words": text})
        for n, text in words.items()
    ]
    return say("note.strength", lang, list=joined(items, "；" if lang == "zh" else "; "))


def board_table(view: View, frame: pd.DataFrame) -> DisplayTable:
    """Show all targets on one page, grouped by answer: newest figure, reason, strength."""
    lang = view.lang
    rows = []
    for row in by_answer(frame):
        cells = _answer_cells(view, row)
        cells["level"] = level_cell(view, row) or ""
        why = f"why.{row['reason_code']}"
        if why in texts("terms"):
            cells["reason"] = term(why, lang)
        if row["strength"]:
            cells["answer"] = joined([Text(str(cells["answer"])), cells["strength"]], " ")
        cells["name"] = joined([cells["name"], cells["target"]], " ")
        rows.append(cells)
    keys = ["answer", "row", "name", "level", "reason"]
    caption, notes = say("caption.board", lang), (strength_note(lang),)
    return DisplayTable("board", caption, heads(keys, lang), _cells(rows, keys), notes)


def answer_table(view: View, frame: pd.DataFrame) -> DisplayTable:
    """Show the answer on every target with its evidence and reason, binding targets first."""
    lang = view.lang
    rows = []
    for row in records(frame):
        cells = _answer_cells(view, row)
        label = Text(str(cells["answer"]))
        rows.append(cells | {"answer": joined([label, probability_mark(view, row)], "")})
    keys = ["row", "name", "nature", "target", "answer", "strength", "basis", "reason"]
    plan = str(getattr(view.parameters.plan, f"short_{lang}"))
    caption = say("caption.attainment", lang, plan=plan)
    return DisplayTable("answers", caption, heads(keys, lang), _cells(rows, keys))


def settling_table(view: View, frame: pd.DataFrame) -> DisplayTable:
    """Show what would overturn each answer, which figure would settle it, and who holds it."""
    lang = view.lang
    wanted = ("overturned_by", "settles_it", "owner")
    rows = [_answer_cells(view, row) for row in by_answer(frame)]
    kept = [row for row in rows if any(key in row for key in wanted)]
    keys = ["answer", "row", "name", *(key for key in wanted if any(key in row for row in kept))]
    return DisplayTable(
        "settling", say("caption.settling", lang), heads(keys, lang), _cells(kept, keys)
    )


def readings_table(
    view: View, frame: pd.DataFrame, *, rows: Iterable[str] = (), id: str = "readings"
) -> DisplayTable:
    """Show what each reading of a disputed number means for its target."""
    lang, wanted = view.lang, list(rows)
    out = []
    for row in rows_in(frame):
        if (wanted and str(row["row"]) not in wanted) or row["field"] == "comparator":
            continue
        out.append(_reading_cells(view, row))
    keys = ["row", "name", "reading", "value", "target", "met", "needed", "probability"]
    columns = heads(keys, lang, needed="decimal", probability="decimal")
    caption = term("table.readings_caption", lang)
    return DisplayTable(id, caption, columns, tuple(out), (say("note.readings", lang),))


def _reading_cells(view: View, row: Row) -> dict[str, Printable]:
    lang = view.lang
    target = next(t for t in view.parameters.plan.targets if t.id == row["target_id"])
    unit = named(unit_after(target.unit, lang))
    sources = [view.parameters.plan.source_id]
    clause = str(row["clause"])
    reading = f"{target.id}.{row['reading_id']}"
    goal = parameter_fact(f"{reading}.goal", float(row["target"]), unit=target.unit)
    sign = term(f"comparator.{row['comparator']}", lang)
    cells: dict[str, Printable] = {
        "row": target_fact(target, part="row"),
        "name": target_name(target, lang),
        "reading": quoted(str(row[f"label_{lang}"]), source_ids=sources, locator=clause),
        "target": Text("{s}{v}{u}", {"s": sign, "v": _sourced(goal, sources, clause), "u": unit}),
    }
    if row["value"] == row["value"]:
        value = parameter_fact(f"{reading}.value", float(row["value"]))
        known = _sourced(value, sources, clause)
        cells["value"] = Text("{v}{u}", {"v": known, "u": unit})
        met = row["met_at_baseline"]
        if met is not None and met == met:
            cells["met"] = term("table.yes" if bool(met) else "table.no", lang)
        if row["change_needed"] == row["change_needed"] and float(row["change_needed"]):
            need = float(row["change_needed"])
            cells["needed"] = computed_fact("needed", need, [known, goal], signed=True)
        low, high = row["p_class_low"], row["p_class_high"]
        if low is not None and low == low:
            ends, note = (float(low), float(high)), str(row["evidence_class"])
            cells["probability"] = class_text(f"p.{reading}", ends, [known, goal], note)
    return cells


def _sourced(fact: Fact, sources: list[str], clause: str) -> Fact:
    return replace(
        fact, kind="target", source_ids=tuple(sources), locator=clause, evidence="official"
    )
