"""Paragraphs of the chapters, each generated from the view by the rules of the narrative."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from wqa.assessment.judging import ANSWERS
from wqa.catalog.records import Conflict, Target
from wqa.display.facts import EVIDENCE_ORDER, Fact, number_text, quoted
from wqa.display.judgements import (
    DECIDED,
    answer_text,
    answer_word,
    answers,
    by_answer,
    level_fact,
    name_in_sentence,
    records,
    target_name,
    target_of,
    target_text,
    target_words,
)
from wqa.display.narrative import comparison_text, level_text, sentences
from wqa.display.pictures import death_parts
from wqa.display.report import Paragraphs, told
from wqa.display.view import ANNUAL, View, rows_in, rows_of
from wqa.display.wording import listed, say, term, unit_after
from wqa.errors import ForecastError
from wqa.forecasts.backtesting import Backtest, backtest
from wqa.goals import Goal


@told
def about(view: View, indicator_id: str, *, scopes: Sequence[str] | None = None) -> list[str]:
    """Say what is known of an indicator: the city, then province and nation beside it."""
    indicator, plan = view.indicator(indicator_id), view.parameters.plan
    own = level_text(view, indicator, view.region, scopes=scopes, plan=plan)
    beside = comparison_text(view, indicator)
    above = [
        level_text(view, indicator, region)
        for region in view.regions[1:]
        if rows_of(view.headline, indicator_id, region)
    ]
    texts = [[own, *target_texts(view, indicator_id), beside], above]
    return [sentences(those, view.lang) for those in texts]


def about_beside(view: View, indicator_ids: Iterable[str]) -> Paragraphs:
    """List how the city stands beside province and nation, where they can be compared."""
    items = []
    for id in indicator_ids:
        if text := comparison_text(view, view.indicator(id)):
            items.append(say("compare.named", view.lang, name=view.indicator_name(id), text=text))
    return Paragraphs(items, is_list=True)


def target_texts(view: View, indicator_id: str) -> list[str]:
    """Say what the plan asks for."""
    lang, out = view.lang, []
    for target in view.targets(indicator_id):
        slots = {"row": Fact.asked(target, part="row"), "name": name_in_sentence(target, lang)}
        slots |= {"target": target_words(view, target), "when": _when(target, lang)}
        out.append(say(f"plan.{target.nature}", lang, **slots))
        if target.kind == "compound":
            ids, words = [view.parameters.plan.source_id], str(getattr(target, f"note_{lang}"))
            note = quoted(words, source_ids=ids, locator=target.clause)
            out.append(say("plan.conditions", lang, note=note))
    return out


def _when(target: Target, lang: str) -> str:
    keys = {"every_year": "every", "plan_sum": "sum", "end_stock": "stock"}
    last = Fact.asked(target, part="year")
    first = Fact.of_year(target.start_year or target.year, last)
    return say(f"plan.when_{keys.get(target.scope, 'end')}", lang, first=first, last=last)


@told
def about_coverage(view: View) -> str:
    """Say how many figures there are, of what kind and grade, and how few of the city."""
    lang, frame, plan = view.lang, view.observations, view.parameters.plan
    if frame.empty:
        return say("audit.nothing", lang)
    annual = frame["qualifier"].isin(ANNUAL)
    own = frame["region"] == view.region
    inside = own & annual & frame["year"].between(plan.start_year, plan.end_year)
    grades = frame["evidence"].value_counts().reindex(EVIDENCE_ORDER, fill_value=0)
    whole = {"n": len(frame), "annual": annual.sum()}
    whole |= {name: frame[column].nunique() for name, column in COUNTED.items()}
    years = {"first": Fact.of_year(frame["year"].min()), "last": Fact.of_year(frame["year"].max())}
    mine = {"n": own.sum(), "inside": inside.sum(), "region": view.names[view.region]}
    mine["indicators"] = frame.loc[own, "indicator_id"].nunique()
    plan_years = {"start": Fact.of_year(plan.start_year), "end": Fact.of_year(plan.end_year)}
    parts = [
        say("audit.coverage", lang, **whole, **years),
        say("audit.city", lang, **mine, **plan_years),
        say("audit.evidence", lang, **grades),
    ]
    return sentences(parts, lang)


@told
def about_findings(view: View, findings: pd.DataFrame) -> str:
    """Say how many issues the checks found."""
    if findings.empty:
        return say("audit.findings_none", view.lang)
    errors, review = ((findings["severity"] == key).sum() for key in ("error", "review"))
    return say("audit.findings", view.lang, n=len(findings), errors=errors, review=review)


@told
def about_conflicts(view: View, conflicts: Mapping[str, Conflict]) -> str:
    """Say how many disagreements between figures are registered."""
    own = {target.id for target in view.parameters.plan.targets}
    touching = sum(bool(own & set(conflict.target_ids)) for conflict in conflicts.values())
    return say("audit.conflicts", view.lang, n=len(conflicts), targets=touching)


@told
def about_death_rates(view: View, rates: pd.DataFrame) -> str:
    """Say why published and recomputed death rates differ, for the newest shared year."""
    both = rates.dropna(subset=["published_rate", "recomputed_rate"]).sort_values("year")
    if both.empty:
        return ""
    row = rows_in(both)[-1]
    parts = death_parts(row)
    slots = {name: parts[name] for name in ("published", "recomputed", "ratio")}
    year, region = Fact.of_year(row["year"], parts["published"]), view.names[row["region"]]
    return say("death.two_rates", view.lang, year=year, region=region, **slots)


@told
def about_readings(view: View, readings: pd.DataFrame, row: str) -> str:
    """Say that the plan gives several baselines for a row, and which."""
    lang, plan = view.lang, view.parameters.plan
    of_row = readings[(readings["row"] == row) & (readings["field"] == "baseline")]
    if len(of_row) < 2:
        return ""
    target = next(t for t in plan.targets if t.row == row)
    unit, said = unit_after(target.unit, lang), []
    for record in rows_in(of_row):
        value, clause = float(record["value"]), str(record["clause"])
        id, text = f"reading.{target.id}.{record['reading_id']}", number_text(value)
        about: dict[str, Any] = {"source_ids": (plan.source_id,), "locator": clause, "year": None}
        about |= {"id": id, "value": value, "text": text, "unit": target.unit}
        fact = replace(Fact.asked(target, part="row"), **about)
        where = quoted(record[f"label_{lang}"], source_ids=fact.source_ids, locator=clause)
        said.append(say("plan.reading", lang, value=fact, unit=unit, where=where))
    return say("plan.readings", lang, name=name_in_sentence(target, lang), list=listed(said, lang))


# What is counted of the published figures.
COUNTED = {"indicators": "indicator_id", "regions": "region"}
# Answers that a reader has to see at once.
WEAK_POINTS = ("unlikely", "missed")
UNSURE = ("open", *WEAK_POINTS)
UNKNOWN = "nothing_known"


@told
def about_answers(view: View, frame: pd.DataFrame) -> str:
    """Count the answers on a plan, from met to nothing known, and name its weak points."""
    lang, rows = view.lang, records(frame)
    whole = {"rows": len({row["target_id"].rstrip("abc") for row in rows}), "n": len(rows)}
    counts = Counter(row["answer"] for row in rows)
    pairs = [(answer_word(key, lang), counts[key]) for key in ANSWERS if counts[key]]
    items = [say("summary.count_item", lang, answer=word, n=n) for word, n in pairs]
    weak = [target_name(target_of(view, r), lang) for r in rows if r["answer"] in WEAK_POINTS]
    parts = [say("summary.counts", lang, list=listed(items, lang), **whole)]
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
def judge(view: View, *named: str) -> list[str]:
    """Say what is answered on the targets of indicators or groups of them, binding ones first."""
    told = []
    for row in records(answers(view)):
        if {row["indicator_id"], view.indicator(row["indicator_id"]).group} & {*named}:
            told.append(answer_text(view, row))
    return told


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


# Fewer known outcomes than this do not establish calibration.
MINIMUM_OUTCOMES = 30
# Three years to learn from and one to be judged.
BACKTEST_POINTS = 4


@dataclass(frozen=True)
class LabelCase:
    """A target with a measured start and a later count: what official methods can label."""

    target: Target
    arguments: Mapping[str, Any]
    text: str


def label_case(view: View, answers: pd.DataFrame) -> LabelCase | None:
    """Return the target that the labels of official methods are shown for."""
    lang = view.lang
    for row in records(answers):
        target = target_of(view, row)
        base, level = target.baseline, level_fact(view, row)
        if target.kind != "gap" or base.value is None or base.year is None or level is None:
            continue
        if target.value is None or int(row["level_year"]) <= base.year:
            continue
        arguments: dict[str, Any] = {"baseline": base.value, "base_year": base.year}
        arguments |= {"value": float(row["level"]), "year": int(row["level_year"])}
        arguments |= {"target": target.value, "target_year": target.year}
        arguments["direction"] = view.indicator(target.indicator_id).direction
        arguments["comparator"] = target.comparator
        start = Fact.asked(target, part="baseline")
        slots: dict[str, Any] = {"a": start, "year_a": Fact.of_year(base.year, start)}
        slots |= {"b": level, "year_b": Fact.of_year(row["level_year"], level)}
        slots |= {"unit": unit_after(target.unit, lang), "target": target_text(target, lang)}
        part = "partial" if row["level_qualifier"] == "partial_period" else "whole"
        text = say(f"note.labels_{part}", lang, name=name_in_sentence(target, lang), **slots)
        return LabelCase(target, arguments, text)
    return None


def backtested(view: View) -> tuple[Backtest | None, list[str]]:
    """Backtest the percentage series that are long enough, with their sources."""
    annual = view.shown[view.shown["qualifier"].isin(ANNUAL) & (view.shown["unit"] == "pct")]
    counts = annual.groupby(["indicator_id", "region", "scope"])["year"].transform("nunique")
    frame = annual[counts >= BACKTEST_POINTS].reset_index(drop=True)
    sources = sorted(set(frame["source_id"]))
    try:
        given: dict[str, Any] = {"lower": 0.0, "upper": 100.0, "horizons": (1, 2, 3)}
        return backtest(frame, family="percent", **given), sources
    except ForecastError:  # all figures of a series were published on one day
        return None, sources


@told
def about_backtest(view: View, result: Backtest | None) -> str:
    """Say how well the default model did on the series at hand."""
    lang = view.lang
    if result is None:
        return say("model.no_origin", lang)
    rows = {str(row["model"]): row for row in rows_in(result.summary())}
    own, naive = rows["pooled"], rows["naive"]
    cases = result.cases[result.cases["model"] == "pooled"]
    n, series = (Fact.counted(f"backtest.{key}", int(own[key])) for key in ("n", "n_series"))
    share = Fact.computed("backtest.coverage", own["coverage_80"], [n], decimals=0)
    error, beside = (
        Fact.computed("backtest.mase", row["mase"], [n], decimals=2) for row in (own, naive)
    )
    known = len(cases[["series_id", "year"]].drop_duplicates())
    compared = "worse" if own["mase"] > naive["mase"] else "better"
    counted = "few" if known < MINIMUM_OUTCOMES else "enough"
    minimum = Fact.setting("minimum", MINIMUM_OUTCOMES)
    parts = [
        say("model.origins", lang, series=series, n=n),
        say(f"model.{compared}", lang, error=error, naive=beside),
        say("model.coverage", lang, n=n, level=Fact.setting("level", 80), share=share),
        say(f"model.{counted}", lang, n=known, minimum=minimum, series=series),
    ]
    return sentences(parts, lang)
