"""Explain one answer: the chain from raw rows over rules and model to what is said of a target."""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pandas as pd

from wqa.assessment.attainment import judged_year, known_figures, of_region, open_plan, said
from wqa.assessment.evidence import Row, rows_by_key
from wqa.assessment.inferences import KEY, find_premise
from wqa.assessment.judging import Judgement, Setting, judge
from wqa.assessment.likelihood import UNPRINTED
from wqa.assessment.statements import check_language, phrase, question, rule_line
from wqa.catalog.catalog import load_indicators, load_units
from wqa.catalog.records import Inference, Plan, Target
from wqa.data.loading import load_sources
from wqa.errors import DataError
from wqa.parameters import region_of

FIGURE = [*KEY, "value", "unit", "qualifier", "place", "source_id", "title"]
TOLD = ("evidence", "reason", "overturned_by", "settles_it", "owner")
CHANCE = ("p_attain", "p_low", "p_high", "model", "fallback", "evidence_class")


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
        `reason`, `overturned_by`, `settles_it` and `owner` as in `wqa.assess`; `probability`
        with its range and model, empty where none may be printed. `steps`: every declared
        inference with its premises (raw row, value, source), its arithmetic, what it assumes
        and what follows, or the figures it `lacks` because nobody had published them by then.
        `figures`: the others behind the answer. `asides`: figures of the neighbourhood in the
        plan period that nothing uses, with the reason.

    Raises
    ------
    CatalogError, DataError
        If the plan has no such row, or plan, day or language is wrong.
    """
    check_language(lang)
    indicators = load_indicators(catalog)
    found = open_plan(plan, {"indicators": indicators}, catalog)
    rows = {target.row + target.part: target for target in found.targets}
    if row not in rows:
        raise DataError("no such row", where=found.id, got=row, expected=", ".join(rows))
    target = of_region(rows[row], found, region_of(region, found, root))
    frame = known_figures(None, found, as_of, edition, root, catalog).dropna(subset="value")
    frame = frame.join(load_sources(root, catalog).set_index("source_id")["title"], on="source_id")
    frame["place"] = frame["file"] + ":" + frame["row"].astype(str)
    setting = Setting(indicators, load_units(catalog), rows_by_key(frame))
    made = judge(setting, target, judged_year(target, None))
    told, answer = said(made, setting), made.found.answer
    steps = [_step(made, setting, one, lang) for one in target.inferences]
    premises = {figure["place"] for step in steps for figure in step.get("premises", ())}
    others = [_figure(row) for row in made.rows if row.place not in premises]
    used = premises | {figure["place"] for figure in others}
    is_printed = told["evidence_class"] not in UNPRINTED
    return {
        "plan": found.id, "region": target.region, "row": row, "question": question(made)[lang],
        "answer": answer, "answer_in_words": phrase("answers", answer)[lang],
        "strength": made.found.strength, **{name: told[f"{name}_{lang}"] for name in TOLD},
        "probability": _filled({name: told[name] for name in CHANCE if is_printed}),
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


def explanation_text(told: dict[str, Any], lang: str, indent: str = "") -> str:
    """Lay out an explanation for the command line: one line a figure, one a heading."""
    if "place" in told:
        return indent + " | ".join(map(_shown, told.values()))
    lines = []
    for name, value in told.items():
        head = f"{indent}{phrase('explain', name)[lang]}"
        if isinstance(value, list) and value and isinstance(value[0], dict):
            lines += [head, *(explanation_text(one, lang, f"{indent}  ") for one in value)]
        elif isinstance(value, dict) and value:
            lines.append(head + ", ".join(f"{key} {_shown(cell)}" for key, cell in value.items()))
        elif value not in ("", [], {}):
            lines.append(head + ("; ".join(value) if isinstance(value, list) else str(value)))
    return "\n".join(lines)


def _shown(cell: Any) -> str:
    return f"{cell:.6g}" if isinstance(cell, float) else str(cell)
