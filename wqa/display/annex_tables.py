"""Tables of the summary and the annexes: targets, definitions, conflicts, findings, labels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from wqa.catalog.records import NATION, Conflict, ConflictReading, Target
from wqa.display.changes import change_fact, spoken
from wqa.display.facts import (
    Fact,
    Printable,
    Text,
    count_fact,
    joined,
    named,
    observation_fact,
    parameter_fact,
    quoted,
    target_fact,
    year_fact,
)
from wqa.display.judgements import (
    answer_label,
    baseline_text,
    level_fact,
    probability_mark,
    records,
    target_name,
    target_of,
    target_text,
)
from wqa.display.listings import heads
from wqa.display.report import DisplayTable
from wqa.display.view import ANNUAL, View, latest_row, previous_row, rows_of
from wqa.display.wording import listed, say, term, unit_after

if TYPE_CHECKING:
    import pandas as pd

OWN = ("computed",)


def summary_table(view: View, answers: pd.DataFrame) -> DisplayTable:
    """Answer per target: is it met, how sure, compared with what, changed since, on what sample."""
    lang = view.lang
    rows = [_summary_cells(view, row) for row in records(answers)]
    keys = ["row", "name", "target", "answer", "level", "batches", "moved", "nation"]
    kept = [key for key in keys if any(key in row for row in rows) or key == "moved"]
    notes = (say("note.summary", lang),)
    return DisplayTable(
        "summary", say("caption.summary", lang), heads(kept, lang), tuple(rows), notes
    )


def _summary_cells(view: View, row: Mapping[str, Any]) -> dict[str, Printable]:
    lang, target = view.lang, target_of(view, row)
    label = Text(answer_label(row["answer"], lang))
    cells: dict[str, Printable] = {
        "row": target_fact(target, part="row"),
        "name": target_name(target, lang),
        "target": target_text(target, lang),
        "answer": joined([label, probability_mark(view, row)], ""),
    }
    level = level_fact(view, row)
    start = baseline_text(target, lang, unit="%" if target.unit == "pct" else "")
    if level is not None:
        cells["level"] = _dated(level, int(row["level_year"]), target.unit, lang)
    elif start is not None:
        cells["level"] = start
    scope = str(row["scope"])
    own = rows_of(view.shown, target.indicator_id, target.region, scopes=[scope], qualifiers=ANNUAL)
    last = latest_row(own)
    if last is not None and last["year"] == row["level_year"]:
        if last["denominator"] == last["denominator"]:
            cells["batches"] = observation_fact(last, part="denominator")
        old = previous_row(own, last)
        if old is not None:
            new, before = observation_fact(last), observation_fact(old)
            cells["moved"] = change_fact(new, before, signed=True)
    nation = latest_row(rows_of(view.headline, target.indicator_id, NATION))
    if nation is not None:
        value = observation_fact(nation)
        cells["nation"] = _dated(value, int(nation["year"]), target.unit, lang)
    return cells


def _dated(fact: Fact, year: int, unit: str, lang: str) -> Text:
    """Print a value with its year; the unit only if it is not that of the target."""
    value, own = spoken(fact, lang)
    shown = own if fact.unit != unit or fact.unit == "pct" else ""
    template = "{value}{unit}（{year}年）" if lang == "zh" else "{value}{unit} ({year})"
    return Text(template, {"value": value, "unit": named(shown), "year": year_fact(year, fact)})


def targets_table(view: View) -> DisplayTable:
    """List the plan's targets with baseline, rule and clause."""
    lang, plan = view.lang, view.parameters.plan
    rows = []
    for target in plan.targets:
        rows.append(
            {
                "row": target_fact(target, part="row"),
                "name": target_name(target, lang),
                "nature": term(f"nature.{target.nature}", lang),
                "kind": term(f"kind.{target.kind}", lang),
                "baseline": _baseline(target, lang),
                "target": target_text(target, lang),
                "clause": quoted(target.clause, source_ids=[plan.source_id], locator=target.id),
            }
        )
    keys = ["row", "name", "nature", "kind", "baseline", "target", "clause"]
    caption = say("caption.targets", lang, plan=str(getattr(plan, f"short_{lang}")))
    return DisplayTable(
        "targets", caption, heads(keys, lang), tuple(rows), sources=(plan.source_id,)
    )


def _baseline(target: Target, lang: str) -> Printable:
    status = term(f"baseline.{target.baseline.status}", lang)
    if target.baseline.value is None:
        return status
    value, unit = spoken(target_fact(target, part="baseline"), lang)
    slots: dict[str, Printable] = {"value": value, "unit": named(unit), "status": status}
    if target.baseline.status == "measured":
        return Text("{value}{unit}", slots)
    return Text("{value}{unit}（{status}）" if lang == "zh" else "{value}{unit} ({status})", slots)


def definitions_table(view: View, indicator_ids: Iterable[str]) -> DisplayTable:
    """List definitions and caveats of indicators."""
    lang, rows = view.lang, []
    for indicator_id in dict.fromkeys(indicator_ids):
        indicator = view.indicator(indicator_id)
        rows.append(
            {
                "name": named(view.indicator_name(indicator_id)),
                "unit": named(unit_after(indicator.unit, lang).strip()),
                "definition": quoted(
                    getattr(indicator, f"definition_{lang}"), locator=indicator_id
                ),
                "caveat": quoted(getattr(indicator, f"caveat_{lang}"), locator=indicator_id),
            }
        )
    columns = heads(["name", "unit", "definition", "caveat"], lang)
    return DisplayTable(
        "definitions", say("caption.definitions", lang), columns, tuple(rows), sources=OWN
    )


def conflicts_table(
    view: View, conflicts: Mapping[str, Conflict], *, id: str = "conflicts", own: bool = False
) -> DisplayTable:
    """List the registered disagreements between figures; each stands in one of two tables."""
    lang, plan = view.lang, view.parameters.plan
    mine = {target.id: target for target in plan.targets}
    rows, sources = [], set()
    for conflict in conflicts.values():
        touched = [mine[key] for key in conflict.target_ids if key in mine]
        if own != bool(touched):
            continue
        names = [target_name(target, lang) for target in touched]
        if not names and conflict.indicator_id:
            names = [named(view.indicator_name(conflict.indicator_id))]
        rows.append(_conflict_cells(conflict, names, lang))
        sources |= {reading.source_id for reading in conflict.readings}
    columns = heads(["name", "readings", "preferred", "reason"], lang)
    shown = tuple(rows) or ({"name": term("table.no_conflict", lang)},)
    used = tuple(sorted(sources)) or OWN
    caption = say("caption.conflicts_plan" if own else "caption.conflicts", lang)
    return DisplayTable(id, caption, columns, shown, sources=used)


def _conflict_cells(conflict: Conflict, names: list[Printable], lang: str) -> dict[str, Printable]:
    readings, preferred = [], ""
    for reading in conflict.readings:
        label = str(getattr(reading, f"label_{lang}"))
        text = quoted(label, source_ids=[reading.source_id], locator=reading.clause)
        readings.append(_with_value(text, reading, lang))
        if reading.id == conflict.preferred:
            preferred = label
    sources = [reading.source_id for reading in conflict.readings]
    cells: dict[str, Printable] = {
        "name": listed(dict.fromkeys(names), lang) if names else term("table.plan_document", lang),
        "readings": joined(readings, "；" if lang == "zh" else "; "),
        "reason": quoted(
            getattr(conflict, f"reason_{lang}"), source_ids=sources, locator=conflict.id
        ),
    }
    if preferred:
        cells["preferred"] = quoted(preferred, source_ids=sources, locator=conflict.id)
    return cells


def _with_value(label: Text, reading: ConflictReading, lang: str) -> Text:
    """Put the number of a reading behind its label, with its unit."""
    # A value in words is a code for the checks; the label says it in the language of the reader.
    if reading.value is None or isinstance(reading.value, str):
        return label
    key, number = f"conflict.{reading.source_id}.{reading.id}", float(reading.value)
    value = replace(
        parameter_fact(key, number, unit=reading.unit),
        kind="target",
        source_ids=(reading.source_id,),
        locator=reading.clause,
    )
    unit = named(unit_after(reading.unit, lang)) if reading.unit else ""
    colon = "：" if lang == "zh" else ": "
    return Text(
        "{label}{colon}{value}{unit}",
        {"label": label, "colon": colon, "value": value, "unit": unit},
    )


def findings_table(view: View, findings: pd.DataFrame) -> DisplayTable:
    """Sum up the findings of the checks by code, with one example each."""
    lang, rows = view.lang, []
    groups = findings.groupby(["severity", "code"], sort=True)
    ordered = sorted(groups, key=lambda item: (item[0][0], -len(item[1]), item[0][1]))
    for (severity, code), part in ordered:
        example = part.iloc[0]
        rows.append(
            {
                "severity": term(f"severity.{severity}", lang),
                "code": named(str(code)),
                "count": count_fact(f"finding.{code}", len(part)),
                "example": quoted(str(example["message"]), locator=str(example["file"])),
            }
        )
    columns = heads(["severity", "code", "count", "example"], lang, count="decimal")
    return DisplayTable(
        "findings", say("caption.findings", lang), columns, tuple(rows), sources=OWN
    )
