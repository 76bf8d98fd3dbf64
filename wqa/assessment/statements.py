"""What is said of one target: evidence, reason, what would overturn it, what settles it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from wqa.assessment.evidence import Row
from wqa.assessment.inference_rules import KnownFigure
from wqa.assessment.inferences import Inferred
from wqa.assessment.judging import Conclusion, Judgement
from wqa.catalog.reading import read_yaml
from wqa.catalog.records import LANGUAGES, Reading
from wqa.errors import DataError
from wqa.goals import Goal, difference, round_half_up, to_decimal
from wqa.paths import CATALOG

Words = dict[str, str]
LIMITS = ("lower_bound", "upper_bound")
NOTHING: Words = dict.fromkeys(LANGUAGES, "")


@cache
def _texts() -> dict[str, Any]:
    texts: dict[str, Any] = read_yaml(CATALOG / "verdicts.yml")
    return texts


def phrase(group: str, key: str = "", **slots: Any) -> Words:
    """Fill one text of ``verdicts.yml`` in every language; a slot may differ by language."""
    entry = _texts()[group]
    texts = entry[key] if key else entry
    said = {lang: str(texts[lang]) for lang in LANGUAGES}
    for name, value in slots.items():
        for lang in LANGUAGES:
            shown = value[lang] if isinstance(value, Mapping) else value
            said[lang] = said[lang].replace("{" + name + "}", str(shown))
    return said


def check_language(lang: str) -> None:
    """Refuse a language in which nothing is worded."""
    if lang not in LANGUAGES:
        raise DataError("unknown language", got=lang, expected="zh or en")


def print_number(value: float | None) -> str:
    """Print a figure as it was published: nothing is rounded again."""
    if value is None:
        return ""
    # Twelve digits: a conversion of units must not show its binary tail.
    return f"{to_decimal(f'{value:.12g}').normalize():f}".replace("-", "\N{MINUS SIGN}")


def print_figure(value: float, qualifier: str, start: str, end: str) -> Words:
    """Print a figure with the time it covers, such as 79（2023年5月） or 79 (2023-05)."""
    limit = phrase("limit", qualifier) if qualifier in LIMITS else None
    number, when = print_number(value), print_time(start, end)
    return phrase("figure", value=number, when=when, limit=limit or "")


def print_time(start: str, end: str) -> Words:
    """Print an interval of time: years where they are whole, else months."""
    first, last = start[:7], end[:7]
    if start.endswith("-01-01") and end.endswith("-12-31"):
        first, last = start[:4], end[:4]
    if first == last:
        return phrase("time", "year" if len(last) == 4 else "month", year=last[:4],
                      month=int(last[5:] or 0), text=last)  # fmt: skip
    return phrase("time", "span", first=first, last=last)


def print_probability(p: float) -> Words:
    """Print a probability in percent, never as certain."""
    key, number = "about", f"{round_half_up(100 * p, 0):.0f}%"
    if p < 0.01:
        key, number = "nearly_none", "1%"
    elif p > 0.99:
        key, number = "nearly_sure", "99%"
    return phrase("probability", key, p=number)


def print_goal(goal: Goal, unit: Words) -> Words:
    """Print a goal as words and number, such as 不低于98.5%."""
    words, number = phrase("comparator", goal.comparator), print_number(goal.value)
    return {lang: words[lang] + number + unit[lang] for lang in LANGUAGES}


def join(parts: list[Words]) -> Words:
    """Join clauses in each language."""
    mark = phrase("separator")
    return {lang: mark[lang].join(part[lang] for part in parts) for lang in LANGUAGES}


@dataclass(frozen=True)
class Telling:
    """Words beside an answer; `code` names the reason."""

    code: str
    evidence: Words
    reason: Words
    overturned_by: Words


def state(made: Judgement, ranks: list[Row]) -> Telling:
    """Say what an answer rests on; `ranks` are those published beside a score."""
    found = made.found
    if found.leading is not None:
        declared = found.leading.declared
        others = [one for one in made.inferred if one is not found.leading]
        line = join([rule_line(made, one) for one in (found.leading, *others)])
        if found.basis == "model" and found.chance.p is not None:
            line = join([line, phrase("reasons", "chance", p=print_probability(found.chance.p))])
        reason = {"zh": declared.reason_zh, "en": declared.reason_en}
        return Telling(declared.rule, line, reason, _overturned(found))
    code, slots = _reason(made, ranks)
    line = phrase("reasons", code, **_slots(made, **slots))
    beside = [] if found.answer in ("met", "missed") else made.inferred
    shown = join([line, *(rule_line(made, one) for one in beside)])
    return Telling(code, shown, line, _overturned(found))


def question(made: Judgement) -> Words:
    """Say what is asked: the target, its goal, the years it binds."""
    target, last = made.target, made.year
    name = {lang: getattr(target, f"name_{lang}") for lang in LANGUAGES}
    slots = _slots(made, name=name, first=target.start_year or last, last=last)
    return phrase("question", target.scope, **slots)


def rule_line(made: Judgement, inferred: Inferred) -> Words:
    """Say in one line what a rule makes of its figures."""
    slots = _slots(made, **_shown(inferred.deduction.slots))
    return phrase("rules", inferred.declared.rule, **slots)


def _overturned(found: Conclusion) -> Words:
    """Say what would overturn an answer: its assumptions, or new figures."""
    decided = found.answer in ("met", "missed") and found.basis != "inferred"
    if decided or found.answer == "nothing_known":
        return NOTHING
    keys = tuple(dict.fromkeys(found.assumes)) or (
        "model" if found.basis in ("model", "conditions") else "figures",
    )
    return join([phrase("overturned", key) for key in keys])


def _slots(made: Judgement, **slots: Any) -> dict[str, Any]:
    """Slots that every text may use, and further ones."""
    target, en = made.target, made.unit.en
    unit = {"zh": made.unit.zh, "en": en if en in ("", "%") else f" {en}"}
    goal = phrase("comparator", target.comparator)
    if target.value is not None:
        goal = print_goal(Goal(target.comparator, target.value), unit)
    return {"unit": unit, "target": goal, "target_year": made.year, **slots}


def _shown(slots: Any) -> dict[str, Any]:
    """Print what a rule worked with: figures with their time, computed numbers to four digits."""
    shown: dict[str, Any] = {}
    for name, value in slots.items():
        if isinstance(value, KnownFigure):
            shown[name] = print_figure(value.value, value.qualifier, value.start, value.end)
        elif isinstance(value, Sequence) and not isinstance(value, str):
            each = [print_figure(v.value, v.qualifier, v.start, v.end) for v in value]
            shown[name] = {lang: " + ".join(one[lang] for one in each) for lang in LANGUAGES}
            shown[f"{name}_listed"] = join(each)
        else:
            is_number = isinstance(value, int | float)
            shown[name] = print_number(float(f"{value:.4g}")) if is_number else value
    return shown


def _reason(made: Judgement, ranks: list[Row]) -> tuple[str, dict[str, Any]]:
    """Reason code and slots of an answer that no inference leads."""
    found, part, target = made.found, made.parts[0], made.target
    if found.basis == "published":
        return _decided(made, found.answer == "met")
    if found.basis == "readings":
        said = [_chance_of(made, *one) for one in found.readings]
        return "readings_differ", {"readings": join(said)}
    have = [bool(p.evidence.in_plan(p.question.start)) for p in made.parts]
    if found.basis == "conditions" or target.conditions:
        slots: dict[str, Any] = {"need": len(made.parts), "have": sum(have)}
        if found.answer in ("met", "missed"):
            return ("conditions_met" if found.answer == "met" else "condition_missed"), slots
        if found.chance.p is not None and all(have):
            return "forecast_conditions", {**slots, "p": print_probability(found.chance.p)}
        hinted = None if any(have) else _hint(made, ranks)
        return hinted if hinted and hinted[0] == "rank_only" else ("conditions_missing", slots)
    inside = part.evidence.in_plan(part.question.start)
    if found.basis == "nothing" or found.chance.p is None:
        if inside:
            return found.chance.reason or "no_observation", {}
        return _nothing_inside(made, ranks)
    codes = {"plan_sum": "forecast_sum", "every_year": "forecast_every_year"}
    code, start = codes.get(target.scope, "forecast"), part.question.start
    missing = [str(y) for y in range(start, max(inside, default=start)) if y not in inside]
    if target.scope == "every_year" and missing:
        code = "missing_year"
    level = made.level
    n = len(inside) if target.scope == "plan_sum" else len(part.evidence.annual)
    return code, {"value": print_number(level.value), "year": level.year, "n": n,
                  "p": print_probability(found.chance.p), "years": ", ".join(missing)}  # fmt: skip


def _decided(made: Judgement, met: bool) -> tuple[str, dict[str, Any]]:
    """Reason code and slots of an answer that the published figures give."""
    target, evidence, year = made.target, made.whole, made.year
    start, value = int(target.start_year or year), evidence.annual.get(year)
    code = "published_met" if met else "published_missed"
    if target.scope == "plan_sum":
        code, value = "sum_reached" if met else "sum_missed", evidence.flow.span.lower
    elif target.scope == "every_year":
        inside = evidence.in_plan(start)
        goal = Goal(target.comparator, float(target.value or 0.0))
        broken = [y for y in sorted(inside) if not goal.met(inside[y])]
        code = "every_year_met" if met else "breached"
        if broken:
            year, value = broken[0], inside[broken[0]]
        elif len(inside) < year - start + 1:
            code = "limit_proves" if met else "limit_disproves"
        else:
            value = min(inside.values(), key=goal.margin)
    elif value is None:
        code = "limit_proves" if met else "limit_disproves"
    elif target.kind == "bound" and evidence.spans[year].lower != value:
        code = "counted_met" if met else "counted_missed"
    return code, {"value": print_number(value), "year": year}


def _nothing_inside(made: Judgement, ranks: list[Row]) -> tuple[str, dict[str, Any]]:
    """Say why nothing is known when the plan period has no figure of the series."""
    target, evidence, base = made.target, made.whole, made.target.baseline
    said = _disputed_baseline(made) or _hint(made, ranks)
    if said is not None:
        return said
    if base.status in ("measured", "disputed"):
        when = phrase("baseline", "sum" if target.scope == "plan_sum" else "year", year=base.year)
        return "no_observation_in_plan", {"value": print_number(base.value), "when": when}
    if evidence.annual:
        year = max(evidence.annual)
        return "only_before_plan", {"value": print_number(evidence.annual[year]), "year": year}
    return "no_observation", {}


def _hint(made: Judgement, ranks: list[Row]) -> tuple[str, dict[str, Any]] | None:
    """Say what else was published inside the plan, when the series itself was not."""
    target, hints = made.target, made.whole.hints
    own = [row for row in hints if row.scope in target.series]
    start = int(target.start_year or made.year)
    ranks = [row for row in ranks if start <= row.year <= made.year]
    for code, rows in (
        ("lower_bound_only", [row for row in own if row.qualifier in LIMITS]),
        ("partial_period_only", own),
        ("series_broken", hints),
        ("rank_only", ranks),
    ):
        if rows:
            year = max(row.year for row in rows)
            values = [row.value for row in rows if row.year == year]
            low, high = (print_number(f(values)) for f in (min, max))
            shown = low if low == high else phrase("range", low=low, high=high)
            return code, {"value": shown, "year": year}
    return None


def _disputed_baseline(made: Judgement) -> tuple[str, dict[str, Any]] | None:
    """Say that one reading of the baseline meets the target and another does not."""
    base, target = made.target.baseline, made.target
    if base.status != "disputed" or target.value is None:
        return None
    goal = Goal(target.comparator, target.value)
    met = [bool(goal.met(reading.value)) for reading in base.readings]
    if len(set(met)) < 2:
        return None
    said = [_one_reading(made, goal, *one) for one in zip(base.readings, met, strict=True)]
    return "disputed_baseline", {"readings": join(said)}


def _chance_of(made: Judgement, reading: Reading, p: float) -> Words:
    """Say what one reading of the baseline makes of the probability."""
    label = {"zh": reading.label_zh, "en": reading.label_en}
    slots = _slots(made, label=label, value=print_number(reading.value), p=print_probability(p))
    return phrase("readings", "chance", **slots)


def _one_reading(made: Judgement, goal: Goal, reading: Reading, good: bool) -> Words:
    """Say what one reading of the baseline leaves to do."""
    change = difference(goal.value, reading.value)
    slots = _slots(made, label={"zh": reading.label_zh, "en": reading.label_en})
    slots |= {"value": print_number(reading.value), "change": print_number(abs(change))}
    percent = made.parts[0].question.indicator.family == "percent"
    slots["change_unit"] = phrase("points") if percent else slots["unit"]
    way = "rise" if change > 0 else "fall"
    strict = "beyond" if goal.comparator in ("<", ">") else "needed"
    return phrase("readings", "met_at_baseline" if good else f"{way}_{strict}", **slots)
