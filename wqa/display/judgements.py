"""Targets and answers in words: what is asked, is it met, on what evidence, why, how strong.

Binding and expected targets are worded differently. Every number in what `wqa.assess` says of
a target becomes a fact that names the published figures it is.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pandas as pd

from wqa.assessment.judging import ANSWERS
from wqa.assessment.statements import phrase, print_number
from wqa.catalog.catalog import load_conflicts
from wqa.catalog.records import Conflict, Target
from wqa.display.facts import Fact, Text, named, quoted
from wqa.display.narrative import dated, in_brackets, printed, sentences, spoken
from wqa.display.report import DisplayTable, table
from wqa.display.view import Row, View, rows_in
from wqa.display.wording import in_sentence, say, term, texts, unit_after, with_unit
from wqa.errors import DataError
from wqa.goals import difference


def short_unit(unit_id: str, lang: str) -> str:
    """Return a unit for a narrow column: English words are left to the tables."""
    unit = unit_after(unit_id, lang)
    return unit if lang == "zh" or unit == "%" else ""


def target_text(target: Target, lang: str) -> str:
    """Print a target: sign, number, unit, such as ``≥98.5%``."""
    if target.value is None:
        return term(f"kind.{target.kind}", lang)
    sign = "" if target.kind == "bound" else term(f"comparator.{target.comparator}", lang)
    more = term("table.more_conditions", lang) if target.kind == "compound" else ""
    return f"{sign}{printed(Fact.asked(target), lang)}{more}"


def target_words(view: View, target: Target) -> str:
    """Say a target in words, such as ``不低于98.5%``."""
    lang = view.lang
    if target.value is None:
        return term(f"kind.{target.kind}", lang)
    counted = view.indicator(target.indicator_id).family == "count"
    key = "bound" if target.kind == "bound" else f"{'count_' if counted else ''}{target.comparator}"
    return term(f"words.{key}", lang) + printed(Fact.asked(target), lang)


def target_name(target: Target, lang: str) -> str:
    """Return the printed name of a target."""
    return named(str(getattr(target, f"name_{lang}")))


def name_in_sentence(target: Target, lang: str) -> str:
    """Return the name of a target as it stands inside a sentence."""
    return named(in_sentence(str(getattr(target, f"name_{lang}")), lang))


def baseline_text(target: Target, lang: str, *, unit: str) -> str:
    """Print the baseline of a target in the place of a level that was not published, if any."""
    if target.baseline.value is None:
        return ""
    if target.baseline.status == "disputed":
        return term("baseline.in_dispute", lang)
    value, _ = spoken(Fact.asked(target, part="baseline"), lang)
    return say("plan.baseline", lang, value=value, unit=unit)


# Signs that differ in shape, not in colour.
SIGNS = dict(zip(ANSWERS, "●▲△◇▽×○", strict=True))
BARS = 3
_TIME = re.compile(r"\d{4}(?:年\d{1,2}月|年|-\d{2})")


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows of `wqa.assess`, binding targets first, then in the order of the plan."""
    rows = rows_in(frame)
    return sorted(rows, key=lambda row: row["nature"] != "binding")


def by_answer(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows of `wqa.assess` grouped by answer, the stronger evidence first in each group."""
    return sorted(records(frame), key=lambda r: (ANSWERS.index(r["answer"]), -r["strength"]))


def answer_word(answer: str, lang: str) -> str:
    """Words of an answer, without its sign."""
    return phrase("answers", answer)[lang]


def answer_label(answer: str, lang: str) -> str:
    """Sign and words of an answer, such as ``△ 可望完成``."""
    return f"{SIGNS[answer]} {answer_word(answer, lang)}"


def strength_bars(strength: int) -> str:
    """Draw the strength of the evidence as three bars, such as ``■■□``."""
    return "■" * int(strength) + "□" * (BARS - int(strength))


def answers(view: View, *, readings: bool = False) -> pd.DataFrame:
    """Answer on every target of the plan, or on every reading of a disputed one."""
    return (view.read_answers if readings else view.target_answers).copy()


def conflicts(view: View) -> dict[str, Conflict]:
    """Disagreements in the register that touch the plan or the figures that were read."""
    plan, frame = view.parameters.plan, view.observations
    known = {*(source.id for source in plan.sources), *frame["source_id"]}
    return {
        id: conflict
        for id, conflict in load_conflicts(view.parameters.catalog).items()
        if known & {reading.source_id for reading in conflict.readings}
    }


def target_of(view: View, row: Row) -> Target:
    """Return the target of a row of `wqa.assess`."""
    for target in view.parameters.plan.targets:
        if target.id == row["target_id"]:
            return target
    raise DataError("the plan has no such target", got=row["target_id"])


def level_fact(view: View, row: Row) -> Fact | None:
    """Return the level of a target's own series; a sum over years is a computed fact."""
    if row["level"] is None or row["level"] != row["level"]:
        return None
    target, value, frame = target_of(view, row), float(row["level"]), view.observations
    address = {"indicator_id": target.indicator_id, "region": target.region, "scope": row["scope"]}
    same = frame[(frame[[*address]] == pd.Series(address)).all(axis="columns")]
    exact = rows_in(same[(same["year"] == row["level_year"]) & (same["value"] == value)])
    if exact:
        return Fact.observed(exact[-1])
    inside = rows_in(same[same["year"] >= (target.start_year or 0)])
    return Fact.computed("level", value, map(Fact.observed, inside), unit=target.unit)


def probability_text(view: View, row: Row) -> str:
    """Print the class of the probability behind an answer, if there is one."""
    low, high = row["p_class_low"], row["p_class_high"]
    if low is None or low != low or row["answer"] == "nothing_known":
        return ""
    target = target_of(view, row)
    goal = [] if target.value is None else [Fact.asked(target)]
    behind = [Fact.observed(cells) for cells in figures_behind(view, row)
              if cells["value"] == cells["value"]]  # fmt: skip
    note = f"{row['model']}, {row['evidence_class']}"
    return class_text(f"p.{row['target_id']}", (float(low), float(high)), [*goal, *behind], note)


def class_text(key: str, ends: tuple[float, float], behind: list[Fact], note: str) -> str:
    """Print a class of probabilities in percent."""
    about: dict[str, Any] = {"decimals": 0, "unit": "pct", "kind": "forecast", "note": note}
    low, high = (Fact.computed(f"{key}.{name}", 100.0 * end, behind, **about)
                 for name, end in zip(("low", "high"), ends, strict=True))  # fmt: skip
    if ends[0] == 0.0:
        return f"<{high}%"
    return f"≥{low}%" if ends[1] == 1.0 else f"{low}–{high}%"


def answer_with_probability(view: View, row: Row) -> str:
    """Sign and words of an answer, with the probability behind it in brackets."""
    label, p = answer_label(row["answer"], view.lang), probability_text(view, row)
    return in_brackets(label, p, view.lang) if p else label


def said_text(view: View, row: Row, name: str) -> str:
    """Words of an answer (`evidence`, `reason` ...) whose numbers name the figures they are."""
    words, known = str(row[f"{name}_{view.lang}"]), _printed_figures(view, row)
    times = {n for match in _TIME.finditer(words) for n in range(*match.span())}

    def figure(match: re.Match[str]) -> Fact | None:
        behind = [] if match.start() in times else known.get(match[0], [])
        return _merged(match[0], behind) if behind else None

    place, sources = f"{row['target_id']}: {row['reason_code']}", str(row["source_ids"]).split()
    return quoted(words, source_ids=sources, locator=place, known=figure)


def figures_behind(view: View, row: Row) -> list[dict[str, Any]]:
    """Find the published figures that an answer rests on, as records."""
    keys = filter(None, str(row["figures"]).split("; "))
    return [cells for key in keys for cells in view.addressed.get(key, ())]


def _printed_figures(view: View, row: Row) -> dict[str, list[Fact]]:
    """Facts behind an answer (its figures, their samples, its target) by their printed number."""
    found: dict[str, list[Fact]] = {}
    for cells in figures_behind(view, row):
        for part in ("value", "numerator", "denominator"):
            if cells[part] is not None and cells[part] == cells[part]:
                fact = Fact.observed(cells, part=part)
                found.setdefault(print_number(abs(cells[part])), []).append(fact)
    target = target_of(view, row)
    if target.value is not None:
        goal = Fact.asked(target)
        found.setdefault(print_number(abs(target.value)), []).append(goal)
    return found


def _merged(printed: str, facts: list[Fact]) -> Fact:
    """One fact for a printed number that several figures share: all of their sources."""
    first = facts[0]
    return replace(
        first,
        id=f"{'shared.' if len(facts) > 1 else ''}{first.id}.said.{len(facts)}",
        text=printed,
        source_ids=tuple(dict.fromkeys(s for fact in facts for s in fact.source_ids)),
        locator="; ".join(dict.fromkeys(fact.locator for fact in facts if fact.locator)),
    )


def _repeats_evidence(row: Row, lang: str) -> bool:
    """Whether the reason is what the evidence begins with, so that it need not be said again."""
    return str(row[f"evidence_{lang}"]).startswith(str(row[f"reason_{lang}"]))


def answer_text(view: View, row: Row) -> str:
    """Say the answer on one target, its evidence and reason, and how strong that is."""
    lang, target, answer = view.lang, target_of(view, row), row["answer"]
    slots = {"name": name_in_sentence(target, lang), "target": target_text(target, lang)}
    told = [
        say(f"answer.{target.nature}", lang, answer=answer_word(answer, lang), **slots),
        say("answer.evidence", lang, evidence=said_text(view, row, "evidence")),
    ]
    if not _repeats_evidence(row, lang):
        told.append(say("answer.because", lang, reason=said_text(view, row, "reason")))
    told.append(changes_text(view, row))
    if answer != "nothing_known":
        words = phrase("strength", str(int(row["strength"])))[lang]
        told.append(say("answer.strength", lang, bars=strength_bars(row["strength"]), words=words))
    if row[f"overturned_by_{lang}"]:
        overturned = said_text(view, row, "overturned_by")
        told.append(say("answer.overturned_by", lang, overturned_by=overturned))
    return sentences(told, lang)


def changes_text(view: View, row: Row) -> str:
    """Say how often comparable series made the change that a target needs."""
    base = row.get("changes_base")
    if not base or not probability_text(view, row):
        return ""
    names, id = ("n_changes", "n_change_series"), row["target_id"]
    cases, series = (Fact.counted(f"{name}.{id}", row[name]) for name in names)
    given = f"change_share.{id}", 100.0 * row["share_of_changes"], [cases, series]
    share = Fact.computed(*given, decimals=0, unit="pct")
    return say(f"changes.{base}", view.lang, share=share, cases=cases, series=series)


DECIDED = ("met", "missed")


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
    if _repeats_evidence(row, lang):
        del cells["reason"]
    return cells


def asking_table(view: View, frame: pd.DataFrame) -> DisplayTable:
    """Show which figure would settle each target that is not decided, and who holds it."""
    rows = [_answer_cells(view, row) for row in records(frame) if row["answer"] not in DECIDED]
    return table(view.lang, "asking", rows, "row name settles_it owner")


def board_table(view: View, frame: pd.DataFrame) -> DisplayTable:
    """Show all targets on one page, grouped by answer: newest figure, reason, strength."""
    lang, rows = view.lang, []
    for row in by_answer(frame):
        cells = _answer_cells(view, row)
        cells["level"] = level_cell(view, row)
        why = f"why.{row['reason_code']}"
        if why in texts("terms"):
            cells["reason"] = f"{term(why, lang)}{_gap(view, row)}"
        if row["strength"]:
            cells["answer"] = f"{cells['answer']} {cells['strength']}"
        cells["name"] = f"{cells['name']} {cells['target']}"
        rows.append(cells)
    bars = [f"{strength_bars(n)} {phrase('strength', str(n))[lang]}" for n in range(BARS, 0, -1)]
    note = say("note.strength", lang, list=("；" if lang == "zh" else "; ").join(bars))
    return table(lang, "board", rows, "answer row name level reason", notes=[note])


def _gap(view: View, row: Row) -> str:
    """Say by how much a missed target was missed, where one figure says it."""
    target, level = target_of(view, row), level_fact(view, row)
    is_one = row["answer"] == "missed" and target.scope != "every_year" and level is not None
    if not is_one or target.value is None or level is None or level.value is None:
        return ""
    asked, short = Fact.asked(target), abs(difference(target.value, level.value))
    gap = Fact.computed("gap", short, [asked, level], unit=target.unit)
    percent = view.indicator(target.indicator_id).family == "percent"
    unit = named(phrase("points")[view.lang]) if percent else ""
    return say(
        "figure.gap", view.lang, gap=f"{gap}{unit}" if percent else with_unit(gap, view.lang)
    )


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
