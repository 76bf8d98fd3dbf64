"""Tables: published figures by period and region, targets, definitions, conflicts, methods."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from wqa.assessment.judging import ANSWERS
from wqa.assessment.labels import explain_disagreement
from wqa.assessment.likelihood import LIKELY, UNLIKELY, VERY_LIKELY
from wqa.assessment.statements import phrase
from wqa.catalog.catalog import read_catalogue
from wqa.catalog.records import NATION, Conflict, ConflictReading, Target
from wqa.display.facts import Fact, Text, named, quoted
from wqa.display.judgements import (
    BARS,
    answer_label,
    answer_with_probability,
    baseline_text,
    level_fact,
    records,
    strength_bars,
    target_name,
    target_of,
    target_text,
)
from wqa.display.narrative import (
    change_fact,
    dated,
    in_brackets,
    names_caption,
    printed,
    spoken,
    value_text,
    value_with_year,
)
from wqa.display.pictures import death_parts, id_of
from wqa.display.report import Column, DisplayTable, table
from wqa.display.view import ANNUAL, View, latest_row, previous_row, rows_in, rows_of
from wqa.display.wording import listed, period_text, say, scope_name, term, unit_name, with_unit
from wqa.goals import Goal

LISTED = ("exact", "derived", "lower_bound", "upper_bound", "partial_period")


def values_table(view: View, *indicator_ids: str) -> DisplayTable | None:
    """List every published figure of indicators that have one or a target, bounds marked."""
    lang, rows = view.lang, []
    known = set(view.observations.loc[view.observations["region"] == view.region, "indicator_id"])
    shown = [id for id in indicator_ids if id in known or view.targets(id)]
    if not shown:
        return None
    found = [rows_of(view.observations, id, view.region, qualifiers=LISTED) for id in shown]
    for row in (row for of_one in found for row in of_one if row["value"] == row["value"]):
        indicator = view.indicator(row["indicator_id"])
        cells: dict[str, Text] = {
            "year": period_text(row, lang),
            "value": value_text(row, lang),
            "scope": named(scope_name(row["scope"], lang)),
            "qualifier": term(f"qualifier.{row['qualifier']}", lang),
            "evidence": term(f"evidence.{row['evidence']}", lang),
        }
        if len(shown) > 1:
            cells["name"] = named(view.indicator_name(indicator.id))
        if indicator.family == "percent" and row["denominator"] == row["denominator"]:
            cells["batches"] = Fact.observed(row, part="denominator")
        rows.append(cells)
    caption, notes = names_caption([view.indicator_name(id) for id in shown], lang)
    # An empty table would hide that nothing was published; say it instead.
    rows = rows or [{"name" if len(shown) > 1 else "year": term("figure.no_value", lang)}]
    id, keys = id_of("values", indicator_ids[0]), "name year value batches scope qualifier evidence"
    return table(lang, id, rows, keys, caption=caption, notes=notes)


def latest_table(view: View, indicator_ids: Sequence[str]) -> DisplayTable:
    """Show the latest figure of the region, its province and the nation side by side."""
    lang, rows = view.lang, []
    for indicator_id in indicator_ids:
        cells: dict[str, Text] = {"name": named(view.indicator_name(indicator_id))}
        for region in view.regions:
            row = latest_row(rows_of(view.headline, indicator_id, region))
            if row is not None:
                cells[region] = value_with_year(row, lang)
        rows.append(cells)
    names = [view.names[region] for region in view.regions]
    head = Column("name", term("table.name", lang))
    columns = (head, *map(Column, view.regions, names))
    caption = say("caption.latest", lang, regions=listed(names, lang))
    return DisplayTable("latest", caption, columns, rows, (say("note.other_frames", lang),))


def milestones_table(view: View, indicator_id: str) -> list[DisplayTable]:
    """Set what the plan asks for year by year beside the newest figure known by then."""
    lang, plan = view.lang, view.parameters.plan
    found = rows_of(view.observations, indicator_id, plan.region, qualifiers=LISTED)
    rows = []
    for step in plan.milestones if plan.region == view.region else ():
        asked = quoted(getattr(step, f"asked_{lang}"), source_ids=[plan.source_id],
                       locator=step.clause)  # fmt: skip
        cells = {"asked": asked, "state": term("table.not_published", lang)}
        known = [row for row in found if int(row["year"]) <= step.year]
        if step.indicator_id != indicator_id:
            continue
        if known and step.value is not None:
            row = max(known, key=lambda row: (row["year"], row["period"]))
            is_met = Goal(step.comparator, step.value).met(float(row["value"]))
            cells["level"] = in_brackets(value_text(row, lang), period_text(row, lang), lang)
            cells["scope"] = named(scope_name(str(row["scope"]), lang))
            cells["state"] = term("table.yes" if is_met else "table.no", lang)
        rows.append(cells)
    caption = say("caption.milestones", lang, name=view.indicator_name(indicator_id))
    keys, id = "asked level scope state", id_of("steps", indicator_id)
    return [table(lang, id, rows, keys, caption=caption)] if rows else []


def coverage_table(view: View) -> DisplayTable:
    """Count the published figures by group of indicators."""
    lang, plan, frame = view.lang, view.parameters.plan, view.observations
    groups = {id: indicator.group for id, indicator in view.indicators.items()}
    own = frame["region"] == view.region
    annual = frame["year"].between(plan.start_year, plan.end_year) & frame["qualifier"].isin(ANNUAL)
    counted = frame.assign(own=own, inside=own & annual).groupby(frame["indicator_id"].map(groups))
    counts = counted.agg(indicators=("indicator_id", "nunique"), figures=("year", "size"))
    counts = counts.join(counted[["own", "inside"]].sum())
    names, rows = read_catalogue(view.parameters.catalog)["groups"], list[dict[str, Any]]()
    for key, row in counts.reindex(list(names), fill_value=0).to_dict("index").items():
        facts = {str(name): Fact.counted(f"coverage.{key}.{name}", n) for name, n in row.items()}
        rows.append({"group": str(getattr(names[str(key)], lang)), **facts})
    return table(lang, "coverage", rows, caption=term("table.coverage_caption", lang))


def death_rate_table(view: View, rates: pd.DataFrame) -> DisplayTable | None:
    """Set published and recomputed death rates of special equipment side by side."""
    lang, rows = view.lang, []
    if rates.empty:
        return None
    for row in rows_in(rates.sort_values(["year", "scope"])):
        parts = death_parts(row)
        if {"deaths", "published"} & set(parts):
            year = Fact.of_year(row["year"], next(iter(parts.values())))
            rows.append({"year": year, "scope": named(scope_name(row["scope"], lang)), **parts})
    keys, id = "year scope deaths stock published recomputed ratio", "death-rate-parts"
    caption = say("caption.two_rates", lang, region=view.names[str(rates["region"].iloc[0])])
    units = {"deaths": "person", "stock": "unit_10k", "ratio": "pct"}
    note = say("note.two_rates", lang)
    return table(lang, id, rows, keys, caption=caption, notes=[note], **units)


def summary_table(view: View, answers: pd.DataFrame) -> DisplayTable:
    """Answer per target: is it met, how sure, compared with what, changed since, on what sample."""
    rows = [_summary_cells(view, row) for row in records(answers)]
    keys, note = "row name target answer level batches moved nation", say("note.summary", view.lang)
    return table(view.lang, "summary", rows, keys, notes=[note])


def _summary_cells(view: View, row: Mapping[str, Any]) -> dict[str, Text]:
    lang, target = view.lang, target_of(view, row)
    cells: dict[str, Text] = {
        "row": Fact.asked(target, part="row"),
        "name": target_name(target, lang),
        "target": target_text(target, lang),
        "answer": answer_with_probability(view, row),
    }
    level = level_fact(view, row)
    if level is not None:
        cells["level"] = _level(level, int(row["level_year"]), target.unit, lang)
    else:
        cells["level"] = baseline_text(target, lang, unit="%" if target.unit == "pct" else "")
    scope = str(row["scope"])
    own = rows_of(view.shown, target.indicator_id, target.region, scopes=[scope], qualifiers=ANNUAL)
    last = latest_row(own)
    if last is not None and last["year"] == row["level_year"]:
        is_share = view.indicator(target.indicator_id).family == "percent"
        if is_share and last["denominator"] == last["denominator"]:
            cells["batches"] = Fact.observed(last, part="denominator")
        old = previous_row(own, last)
        if old is not None:
            new, before = Fact.observed(last), Fact.observed(old)
            cells["moved"] = change_fact(new, before, signed=True)
    nation = latest_row(rows_of(view.headline, target.indicator_id, NATION))
    if nation is not None:
        value = Fact.observed(nation)
        cells["nation"] = _level(value, int(nation["year"]), target.unit, lang)
    return cells


def _level(fact: Fact, year: int, unit: str, lang: str) -> str:
    """Print a value with its year; the unit only if it is not that of the target."""
    value, own = spoken(fact, lang)
    shown = own if fact.unit != unit or fact.unit == "pct" else ""
    return dated(f"{value}{shown}", Fact.of_year(year, fact), lang)


def targets_table(view: View) -> DisplayTable:
    """List the plan's targets with baseline, rule and clause."""
    lang, plan = view.lang, view.parameters.plan
    rows = [
        {
            "row": Fact.asked(target, part="row"),
            "name": target_name(target, lang),
            "nature": term(f"nature.{target.nature}", lang),
            "kind": term(f"kind.{target.kind}", lang),
            "baseline": _baseline(target, lang),
            "target": target_text(target, lang),
            "clause": quoted(target.clause, source_ids=[plan.source_id], locator=target.id),
        }
        for target in plan.targets
    ]
    caption = say("caption.targets", lang, plan=str(getattr(plan, f"short_{lang}")))
    return table(lang, "targets", rows, caption=caption, sources=[plan.source_id])


def _baseline(target: Target, lang: str) -> str:
    status = term(f"baseline.{target.baseline.status}", lang)
    if target.baseline.value is None:
        return status
    value = printed(Fact.asked(target, part="baseline"), lang)
    return value if target.baseline.status == "measured" else in_brackets(value, status, lang)


def definitions_table(view: View, indicator_ids: Iterable[str]) -> DisplayTable:
    """List definitions and caveats of indicators."""
    lang, rows = view.lang, []
    for id in dict.fromkeys(indicator_ids):
        indicator = view.indicator(id)
        cells = {"name": named(view.indicator_name(id)), "unit": unit_name(indicator.unit, lang)}
        for key in ("definition", "caveat"):
            cells[key] = quoted(getattr(indicator, f"{key}_{lang}"), locator=id)
        rows.append(cells | {"unit": named(cells["unit"])})
    return table(lang, "definitions", rows)


def conflicts_table(
    view: View, conflicts: Mapping[str, Conflict], *, id: str = "conflicts", own: bool = False
) -> DisplayTable:
    """List the registered disagreements between figures; each stands in one of two tables."""
    lang, rows, sources = view.lang, [], set[str]()
    mine = {target.id: target for target in view.parameters.plan.targets}
    for conflict in conflicts.values():
        touched = [mine[key] for key in conflict.target_ids if key in mine]
        if own != bool(touched):
            continue
        names = [target_name(target, lang) for target in touched]
        if not names and conflict.indicator_id:
            names = [named(view.indicator_name(conflict.indicator_id))]
        rows.append(_conflict_cells(conflict, names, lang))
        sources |= {reading.source_id for reading in conflict.readings}
    rows = rows or [{"name": term("table.no_conflict", lang)}]
    caption = say("caption.conflicts_plan" if own else "caption.conflicts", lang)
    keys = "name readings preferred reason"
    return table(lang, id, rows, keys, caption=caption, sources=sorted(sources))


def _conflict_cells(conflict: Conflict, names: list[str], lang: str) -> dict[str, Text]:
    sources = [reading.source_id for reading in conflict.readings]
    about: dict[str, Any] = {"source_ids": sources, "locator": conflict.id}
    readings = [_reading(reading, lang) for reading in conflict.readings]
    labels = {reading.id: str(getattr(reading, f"label_{lang}")) for reading in conflict.readings}
    return {
        "name": listed(dict.fromkeys(names), lang) if names else term("table.plan_document", lang),
        "readings": ("；" if lang == "zh" else "; ").join(readings),
        "reason": quoted(getattr(conflict, f"reason_{lang}"), **about),
        "preferred": quoted(labels.get(conflict.preferred, ""), **about),
    }


def _reading(reading: ConflictReading, lang: str) -> str:
    """Print the label of a reading and, if it has one, its number with its unit."""
    about: dict[str, Any] = {"source_ids": (reading.source_id,), "locator": reading.clause}
    text = quoted(getattr(reading, f"label_{lang}"), **about)
    # A value in words is a code for the checks; the label says it in the language of the reader.
    if reading.value is None or isinstance(reading.value, str):
        return text
    key = f"conflict.{reading.source_id}.{reading.id}"
    value = Fact.setting(key, float(reading.value), unit=reading.unit)
    value = replace(value, kind="target", **about)
    return f"{text}{'：' if lang == 'zh' else ': '}{with_unit(value, lang)}"


def findings_table(view: View, findings: pd.DataFrame) -> DisplayTable:
    """Sum up the findings of the checks by code, with one example each."""
    lang, rows = view.lang, []
    groups = findings.groupby(["severity", "code"], sort=True)
    ordered = sorted(groups, key=lambda item: (item[0][0], -len(item[1]), item[0][1]))
    for (severity, code), part in ordered:
        cells = {"severity": term(f"severity.{severity}", lang), "code": named(str(code))}
        cells["count"] = str(Fact.counted(f"finding.{code}", len(part)))
        example = part.iloc[0]
        cells["example"] = quoted(str(example["message"]), locator=str(example["file"]))
        rows.append(cells)
    return table(lang, "findings", rows)


def labels_table(view: View, target: Target, labels: pd.DataFrame) -> DisplayTable:
    """Set the labels of the official methods for one target side by side."""
    lang, rows = view.lang, []
    for row in rows_in(labels):
        label, reason, method = row[f"label_{lang}"], row[f"reason_{lang}"], str(row["method"])
        cells: dict[str, Text] = {"method": quoted(str(row[f"method_{lang}"]), locator=method)}
        if isinstance(label, str) and label:
            cells["label"] = quoted(label, locator=method)
            cells["remark"] = "" if row["confirmed"] else term("table.unchecked", lang)
        else:
            cells["label"] = term("table.undefined", lang)
            cells["remark"] = quoted(reason, locator=method) if isinstance(reason, str) else ""
        if row["value"] is not None and row["value"] == row["value"]:
            goal = Fact.asked(target)
            cells["statistic"] = Fact.computed(method, float(row["value"]), [goal], decimals=2)
        rows.append(cells)
    caption = say("caption.labels", lang, name=target_name(target, lang))
    cause = quoted(explain_disagreement(labels, lang), locator="explain_disagreement")
    keys, sources = "method label statistic remark", [view.parameters.plan.source_id]
    notes = [cause, say("note.labels", lang)]
    return table(lang, "labels", rows, keys, caption=caption, notes=notes, sources=sources)


def backtest_table(view: View, summary: pd.DataFrame, sources: Iterable[str]) -> DisplayTable:
    """Show accuracy and coverage of the models."""
    lang, used, rows = view.lang, tuple(sources), []
    for row in rows_in(summary.sort_values(["mase", "model"])):
        n = Fact.counted(f"backtest.{row['model']}", int(row["n"]), source_ids=used)
        cells: dict[str, Text] = {"model": term(f"model.{row['model']}", lang), "forecasts": n}
        cells["mase"] = Fact.computed("mase", row["mase"], [n], decimals=2)
        cells["coverage80"] = Fact.computed("coverage", row["coverage_80"], [n], decimals=0)
        rows.append(cells)
    return table(lang, "backtest", rows, coverage80="pct")


def classes_table(view: View) -> DisplayTable:
    """Say what each answer means, and each step of strength."""
    lang = view.lang
    limits = {"high": VERY_LIKELY, "middle": LIKELY, "low": UNLIKELY}
    slots = {name: Fact.setting(f"answer.{name}", round(100 * p)) for name, p in limits.items()}
    words = {answer_label(key, lang): say(f"classes.{key}", lang, **slots) for key in ANSWERS}
    for step in range(BARS, -1, -1):
        words[strength_bars(step)] = phrase("strength", str(step))[lang]
    rows = [{"answer_or_strength": name, "meaning": told} for name, told in words.items()]
    return table(lang, "answer-classes", rows, caption=say("caption.classes", lang))
