"""What is said of one target: evidence, reason, what would overturn it, and the whole chain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from itertools import product
from pathlib import Path
from typing import Any

import pandas as pd

from wqa.assessment import judging
from wqa.assessment.evidence import Row, rows_by_key
from wqa.assessment.inferences import KEY, Inferred, find_premise
from wqa.assessment.judging import Conclusion, Judgement, Setting
from wqa.assessment.likelihood import UNPRINTED, ProbabilityClass, answer_class
from wqa.catalog.reading import read_words
from wqa.catalog.records import LANGUAGES, NATION, Inference, Plan, Reading, Target
from wqa.data.loading import load_sources, region_of
from wqa.errors import DataError
from wqa.goals import Goal, difference, round_half_up, to_decimal

Words = dict[str, str]
Reason = tuple[str, dict[str, Any]]  # code of a text, and its slots
LIMITS = ("lower_bound", "upper_bound")
NOTHING: Words = dict.fromkeys(LANGUAGES, "")
MINUS = "\N{MINUS SIGN}"
PERCENTAGES = ("need", "seen")  # slots of rules, printed like the paper's other percentages
FIGURE = [*KEY, "value", "unit", "qualifier", "place", "source_id", "title"]


def phrase(group: str, key: str = "", **slots: Any) -> Words:
    """Fill one text of ``verdicts.yml`` in every language; a slot may differ by language."""
    texts = read_words("verdicts")[group]
    said = {lang: str((texts[key] if key else texts)[lang]) for lang in LANGUAGES}
    for (name, value), lang in product(slots.items(), LANGUAGES):
        shown = value[lang] if isinstance(value, Mapping) else value
        said[lang] = said[lang].replace("{" + name + "}", str(shown))
    return said


def words_of(record: Any, name: str) -> Words:
    """Text of a record in every language."""
    return {lang: str(getattr(record, f"{name}_{lang}")) for lang in LANGUAGES}


def print_number(value: float | None) -> str:
    """Print a figure as it was published: nothing is rounded again."""
    if value is None:
        return ""
    # Twelve digits: a conversion of units must not show its binary tail.
    return f"{to_decimal(f'{value:.12g}').normalize():f}".replace("-", MINUS)


def print_figure(row: Row, unit: Words = NOTHING) -> Words:
    """Print a figure with the time it covers, such as 79（2023年5月） or 79 (2023-05)."""
    limit = phrase("limit", row.qualifier) if row.qualifier in LIMITS else ""
    number, when = print_number(row.value), print_time(row.start, row.end)
    return phrase("figure", value=number, when=when, limit=limit, unit=unit)


def print_time(start: str, end: str) -> Words:
    """Print an interval of time: years where they are whole, else months."""
    n = 4 if start.endswith("-01-01") and end.endswith("-12-31") else 7
    first, last = start[:n], end[:n]
    key = "span" if first != last else "year" if n == 4 else "month"
    slots = {"year": last[:4], "month": int(last[5:] or 0), "text": last}
    return phrase("time", key, first=first, last=last, **slots)


def print_probability(told: ProbabilityClass) -> Words:
    """Print a probability as its class, with how often such ones came true where that is known."""
    low, high = (print_number(100.0 * edge) for edge in (told.low, told.high))
    key = "below" if not told.low else "from" if told.high == 1.0 else "between"
    p = phrase("probability", key, low=low, high=high)
    if told.observed is None:
        return phrase("probability", "no_record", p=p)
    observed = f"{round_half_up(100.0 * told.observed, 0):.0f}"
    return phrase("probability", "record", p=p, n=told.n_cases, observed=observed)


def join(parts: list[Words]) -> Words:
    """Join clauses in each language."""
    mark = phrase("separator")
    return {lang: mark[lang].join(part[lang] for part in parts) for lang in LANGUAGES}


def state(made: Judgement) -> tuple[str, dict[str, Words]]:
    """Say what an answer rests on: code of the reason, and words by their column."""
    found, target = made.found, made.target
    if found.leading is not None:
        declared = found.leading.declared
        others = [one for one in made.inferred if one is not found.leading]
        line = join([rule_line(made, one) for one in (found.leading, *others)])
        if found.basis == "model" and found.chance.told:
            p = print_probability(found.chance.told)
            line = join([line, phrase("reasons", "chance", p=p)])
        code, reason = declared.rule, words_of(declared, "reason")
    else:
        code, slots = _reason(made)
        reason = phrase("reasons", code, **_slots(made, **slots))
        beside = [] if found.answer in ("met", "missed") else made.inferred
        line = join([reason, *(rule_line(made, one) for one in beside)])
    return code, {
        "evidence": join([line, *_rests(found)]),
        "reason": reason,
        "overturned_by": _overturned(found),
        "settles_it": words_of(target, "settles"),
        "owner": words_of(target, "owner"),
    }


def _rests(found: Conclusion) -> list[Words]:
    """Say how much of a probability rests on what other regions did since."""
    rests = found.chance.rests
    if rests is None:
        return []
    n = len(rests.others) - (NATION in rests.others)
    key = "nation_alone" if not n else "with_nation" if NATION in rests.others else "others"
    return [phrase("rests", key, n=n, year=rests.year, share=phrase("rests", rests.share))]


def question(made: Judgement) -> Words:
    """Say what is asked: the target, its goal, the years it binds."""
    target, last, name = made.target, made.year, words_of(made.target, "name")
    slots = _slots(made, name=name, first=target.start_year or last, last=last)
    return phrase("question", target.scope, **slots)


def rule_line(made: Judgement, inferred: Inferred) -> Words:
    """Say in one line what a rule makes of its figures."""
    slots, told = _slots(made), inferred.deduction
    text = told.text or inferred.declared.rule
    return phrase("rules", text, **slots, **_printed(told.slots, slots["unit"]))


def _overturned(found: Conclusion) -> Words:
    """Say what would overturn an answer: its assumptions, or new figures."""
    decided = found.answer in ("met", "missed") and found.basis != "inferred"
    if decided or found.answer == "nothing_known":
        return NOTHING
    rest = "model" if found.basis in ("model", "conditions") else "figures"
    return join([phrase("overturned", key) for key in dict.fromkeys(found.assumes or (rest,))])


def _slots(made: Judgement, **slots: Any) -> dict[str, Any]:
    """Slots that every text may use, and further ones."""
    target, en = made.target, made.unit.en
    unit = {"zh": made.unit.zh, "en": en if en in ("", "%") else f" {en}"}
    goal, number = phrase("comparator", target.comparator), print_number(target.value)
    if number:
        goal = {lang: goal[lang] + number + unit[lang] for lang in LANGUAGES}
    return {"unit": unit, "target": goal, "target_year": made.year, **slots}


def _printed(slots: Mapping[str, Any], unit: Words) -> dict[str, Any]:
    """Print figures with their time, percentages to one decimal, other numbers to four digits."""
    shown: dict[str, Any] = {}
    for name, value in slots.items():
        if hasattr(value, "qualifier"):
            shown |= {name: print_figure(value), f"{name}_in_unit": print_figure(value, unit)}
        elif name in PERCENTAGES:
            shown[name] = f"{round_half_up(value, 1):.1f}".replace("-", MINUS)
        elif isinstance(value, Sequence):
            each = [print_figure(one) for one in value]
            shown[name] = {lang: " + ".join(one[lang] for one in each) for lang in LANGUAGES}
            shown[f"{name}_listed"] = join(each)
        else:
            is_number = isinstance(value, int | float)
            shown[name] = print_number(float(f"{value:.4g}")) if is_number else value
    return shown


def _reason(made: Judgement) -> Reason:
    """Reason code and slots of an answer that no inference leads."""
    found, part, target = made.found, made.parts[0], made.target
    if found.basis == "published":
        return _decided(made, found.answer == "met")
    if found.basis == "readings":
        said = [_chance_of(made, *one) for one in found.readings]
        return "readings_differ", {"readings": join(said)}
    if found.basis == "conditions" or target.conditions:
        return _of_conditions(made)
    told = found.chance.told
    if found.basis == "nothing" or told is None:
        if part.inside:
            return found.chance.reason or "no_observation", {}
        return _nothing_inside(made)
    if not part.evidence.annual:  # the plan's baseline, moved by what others did since
        slots = {"value": print_number(target.baseline.value), "year": target.baseline.year}
        return "forecast_from_baseline", slots | {"p": print_probability(told)}
    codes = {"plan_sum": "forecast_sum", "every_year": "forecast_every_year"}
    code, inside, start = codes.get(target.scope, "forecast"), part.inside, part.question.start
    missing = [str(y) for y in range(start, max(inside, default=start)) if y not in inside]
    if target.scope == "every_year" and missing:
        code = "missing_year"
    n = len(inside if target.scope == "plan_sum" else part.evidence.annual)
    return code, {"value": print_number(made.level.value), "year": made.level.year, "n": n,
                  "p": print_probability(told), "years": ", ".join(missing)}  # fmt: skip


def _of_conditions(made: Judgement) -> Reason:
    """Reason code and slots of an answer on several conditions."""
    found, have = made.found, sum(bool(part.inside) for part in made.parts)
    slots: dict[str, Any] = {"need": len(made.parts), "have": have}
    if found.answer in ("met", "missed"):
        return ("conditions_met" if found.answer == "met" else "condition_missed"), slots
    told, loose = found.chance.told, found.loose.told if found.loose else None
    if told and loose:
        pair = {"p": print_probability(told), "loose": print_probability(loose)}
        return "ways_differ", {**slots, **pair}
    if told and have == len(made.parts):
        return "forecast_conditions", {**slots, "p": print_probability(told)}
    hinted = None if have else _hint(made)
    return hinted if hinted and hinted[0] == "rank_only" else ("conditions_missing", slots)


def _decided(made: Judgement, met: bool) -> Reason:
    """Reason code and slots of an answer that the published figures give."""
    target, evidence, year = made.target, made.whole, made.year
    inside, value = made.parts[0].inside, evidence.annual.get(year)
    code = "published_met" if met else "published_missed"
    if target.scope == "plan_sum":
        code, value = "sum_reached" if met else "sum_missed", evidence.flow.span.lower
    elif target.scope == "every_year":
        goal = Goal(target.comparator, float(target.value or 0.0))
        broken = [y for y in sorted(inside) if not goal.met(inside[y])]
        code = "every_year_met" if met else "breached"
        if broken:
            year, value = broken[0], inside[broken[0]]
        elif len(inside) < year - made.parts[0].question.start + 1:
            code = "limit_proves" if met else "limit_disproves"
        else:
            value = min(inside.values(), key=goal.margin)
    elif value is None:
        code = "limit_proves" if met else "limit_disproves"
    elif target.kind == "bound" and evidence.spans[year].lower != value:
        code = "counted_met" if met else "counted_missed"
    return code, {"value": print_number(value), "year": year}


def _nothing_inside(made: Judgement) -> Reason:
    """Say why nothing is known when the plan period has no figure of the series."""
    target, evidence, base = made.target, made.whole, made.target.baseline
    if said := _disputed_baseline(made) or _hint(made):
        return said
    if base.status in ("measured", "disputed"):
        when = phrase("baseline", "sum" if target.scope == "plan_sum" else "year", year=base.year)
        return "no_observation_in_plan", {"value": print_number(base.value), "when": when}
    if evidence.annual:
        year = max(evidence.annual)
        return "only_before_plan", {"value": print_number(evidence.annual[year]), "year": year}
    return "no_observation", {}


def _hint(made: Judgement) -> Reason | None:
    """Say what else was published inside the plan, when the series itself was not."""
    hints, plan = made.whole.hints, range(made.parts[0].question.start, made.year + 1)
    own = [row for row in hints if row.scope in made.target.series]
    for code, rows in (
        ("lower_bound_only", [row for row in own if row.qualifier in LIMITS]),
        ("partial_period_only", own),
        ("series_broken", hints),
        ("rank_only", [row for row in made.ranks if row.year in plan]),
    ):
        if rows:
            year = max(row.year for row in rows)
            values = [row.value for row in rows if row.year == year]
            low, high = (print_number(f(values)) for f in (min, max))
            shown = low if low == high else phrase("range", low=low, high=high)
            return code, {"value": shown, "year": year}
    return None


def _disputed_baseline(made: Judgement) -> Reason | None:
    """Say that one reading of the baseline meets the target and another does not."""
    base, target = made.target.baseline, made.target
    if base.status != "disputed" or target.value is None:
        return None
    goal = Goal(target.comparator, target.value)
    if len({bool(goal.met(reading.value)) for reading in base.readings}) < 2:
        return None
    said = [_one_reading(made, goal, reading) for reading in base.readings]
    return "disputed_baseline", {"readings": join(said)}


def _chance_of(made: Judgement, reading: Reading, p: float) -> Words:
    """Say what one reading of the baseline makes of the probability."""
    label, value = words_of(reading, "label"), print_number(reading.value)
    slots = _slots(made, label=label, value=value, p=print_probability(answer_class(p)))
    return phrase("readings", "chance", **slots)


def _one_reading(made: Judgement, goal: Goal, reading: Reading) -> Words:
    """Say what one reading of the baseline leaves to do."""
    change = difference(goal.value, reading.value)
    slots = _slots(made, label=words_of(reading, "label"), value=print_number(reading.value))
    percent = made.parts[0].question.indicator.family == "percent"
    slots |= {"change_unit": phrase("points") if percent else slots["unit"]}
    way = "rise" if change > 0 else "fall"
    key = f"{way}_beyond" if goal.comparator in ("<", ">") else f"{way}_needed"
    key = "met_at_baseline" if goal.met(reading.value) else key
    return phrase("readings", key, change=print_number(abs(change)), **slots)


def explain(
    plan: Plan | str, row: str, *, region: str | None = None, edition: int | None = None,
    as_of: str | None = None, lang: str = "zh", catalog: Path | str | None = None,
    root: Path | str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Explain the answer on one target, from the raw rows to the words.

    Parameters
    ----------
    plan : Plan or str
        Plan, or its id.
    row : str
        Row of the plan with its part, such as ``9`` or ``14a``.
    region, edition, as_of
        As in `wqa.assess`.
    lang : str, optional
        ``zh`` or ``en``.
    catalog, root : path-like, optional
        Extra catalogue folder, and project folder.

    Returns
    -------
    dict
        Plain values, fit for JSON. `answer` (and `answer_in_words`), `strength`, `evidence`,
        `reason`, `overturned_by`, `settles_it` and `owner` as in `wqa.assess`; `probability` with
        its range and model, empty where none may be printed; `steps`: every declared inference
        with its premises, arithmetic, assumptions and what follows, or the figures it `lacks`;
        `figures`: the others behind the answer; `asides`: figures of the neighbourhood in the plan
        period that nothing uses, with the reason.

    Raises
    ------
    CatalogError, DataError
        If the plan has no such row, or plan, day or language is wrong.
    """
    if lang not in LANGUAGES:
        raise DataError("unknown language", got=lang, expected="zh or en")
    found, setting, frame = judging.begin(plan, None, as_of, edition, 0, catalog, root)
    rows = {target.row + target.part: target for target in found.targets}
    if row not in rows:
        raise DataError("no such row", where=found.id, got=row, expected=", ".join(rows))
    target = judging.of_region(rows[row], found, region_of(region, found, root))
    titles = load_sources(root, catalog).set_index("source_id")["title"]
    frame = frame.dropna(subset="value").join(titles, on="source_id")
    frame["place"] = frame["file"] + ":" + frame["row"].astype(str)
    setting = replace(setting, figures=rows_by_key(frame))
    made = judging.judge(setting, target, judging.judged_year(target, None))
    told, chance = state(made)[1], made.found.chance.cells
    del chance["prior_weight"]
    steps = [_step(made, setting, one, lang) for one in target.inferences]
    premises = {figure["place"] for step in steps for figure in step.get("premises", ())}
    others = [_figure(row) for row in made.rows if row.place not in premises]
    used = premises | {figure["place"] for figure in others}
    return {
        "plan": found.id, "region": target.region, "row": row, "question": question(made)[lang],
        "answer": made.found.answer,
        "answer_in_words": phrase("answers", made.found.answer)[lang],
        "strength": made.found.strength, **{name: text[lang] for name, text in told.items()},
        "probability": _filled(chance) if chance["evidence_class"] not in UNPRINTED else {},
        "steps": steps, "figures": others,
        "asides": _asides(target, frame[~frame["place"].isin(used)], lang),
    }  # fmt: skip


def _figure(row: Row) -> dict[str, Any]:
    return {name: getattr(row, name) for name in FIGURE}


def _filled(values: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in values.items() if v not in (None, "", float("inf"), -float("inf"))}


def _step(made: Judgement, setting: Setting, declared: Inference, lang: str) -> dict[str, Any]:
    """One inference: premises, arithmetic, assumptions and what follows, or what it lacks."""
    step = {"rule": declared.rule, "because": getattr(declared, f"reason_{lang}")}
    region, deduced = made.target.region, [o for o in made.inferred if o.declared is declared]
    for one in deduced:
        found, pairs = one.deduction, zip(declared.figures, one.rows, strict=True)
        follows = {"at_least": found.span.lower, "at_most": found.span.upper, "from": found.start,
                   "to": found.end, "p": found.p, "side": found.side}  # fmt: skip
        assumes = [phrase("assumed", name)[lang] for name in dict.fromkeys(one.assumes)]
        premises = [{"role": premise.role, **_figure(row)} for premise, row in pairs]
        step |= {"arithmetic": rule_line(made, one)[lang], "assumes": assumes}
        return step | {"follows": _filled(follows), "premises": premises}
    lacks = [p for p in declared.figures if not find_premise(setting.figures, p, region)]
    keys = [(p.indicator_id, p.region or region, p.scope, p.period) for p in lacks]
    return step | {"lacks": ["|".join(key) for key in keys]}


def _asides(target: Target, rows: pd.DataFrame, lang: str) -> list[dict[str, Any]]:
    """Unused figures of the neighbourhood, by the declared reason why they are not used."""
    found: dict[str, list[Any]] = {}
    rows = rows[rows["indicator_id"].isin(target.related) & (rows["end"] >= str(target.start_year))]
    for figure in rows[FIGURE].to_dict("records"):
        for one in target.asides:
            if all(fnmatchcase(str(figure[name]), getattr(one, name)) for name in KEY):
                found.setdefault(getattr(one, f"reason_{lang}"), []).append(figure)
                break  # the first pattern that fits says why
    return [{"reason": reason, "figures": figures} for reason, figures in found.items()]
