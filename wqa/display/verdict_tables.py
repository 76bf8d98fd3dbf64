"""Tables of verdicts and of readings, and what the overview of all targets draws."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from wqa.display.changes import spoken
from wqa.display.facts import (
    Fact,
    Printable,
    Text,
    computed_fact,
    count_fact,
    named,
    parameter_fact,
    quoted,
    target_fact,
    year_fact,
)
from wqa.display.judgements import (
    VERDICTS,
    is_weak,
    level_fact,
    probability_of,
    reason_text,
    records,
    target_of,
    verdict_label,
)
from wqa.display.listings import heads
from wqa.display.narrative import sentences
from wqa.display.selection import Row
from wqa.display.tables import DisplayTable
from wqa.display.target_words import baseline_text, short_unit, target_name, target_text
from wqa.display.view import View
from wqa.display.wording import listed, say, term, unit_after

if TYPE_CHECKING:
    import pandas as pd


def summary_text(view: View, frame: pd.DataFrame) -> Text:
    """Count the verdicts of a plan.

    Parameters
    ----------
    view : View
        The edition's view.
    frame : pandas.DataFrame
        As from `wqa.assess`.

    Returns
    -------
    Text
        The counts, and a caution if most targets cannot be assessed.
    """
    lang = view.lang
    rows = records(frame)
    counts = Counter((row["verdict"], is_weak(row)) for row in rows)
    items = []
    for verdict, weak in sorted(counts, key=lambda key: (VERDICTS.index(key[0]), key[1])):
        n = count_fact(f"verdict.{verdict}{'.weak' * weak}", counts[verdict, weak], lang=lang)
        slots = {"verdict": term(f"verdict.{verdict}", lang), "weak": term("sure.weak", lang)}
        items.append(say(f"summary.count_item{'_weak' * weak}", lang, n=n, **slots))
    first = say(
        "summary.counts",
        lang,
        rows=count_fact(
            "plan_rows", len({row["target_id"].rstrip("abc") for row in rows}), lang=lang
        ),
        n=count_fact("plan_targets", len(rows), lang=lang),
        list=listed(items, lang),
    )
    reasons = Counter(row["reason_code"] for row in rows if row["verdict"] == "not_assessable")
    open_ones = reasons.total()
    rest: list[Text] = []
    if open_ones == len(rows):
        rest.append(say("summary.nothing_assessable", lang))
    elif open_ones > len(rows) / 2:
        rest.append(say("summary.mostly_not_assessable", lang))
    if open_ones:
        causes = [
            say(
                "summary.why_item",
                lang,
                why=term(f"why.{code}", lang),
                n=count_fact(f"reason.{code}", number, lang=lang),
            )
            for code, number in reasons.most_common()
        ]
        total = count_fact("verdict.not_assessable", open_ones, lang=lang)
        rest.append(say("summary.why", lang, n=total, list=listed(causes, lang)))
    return sentences([first, *rest], lang)


def level_cell(view: View, row: Row, *, short: bool = False) -> Text | None:
    """Print the level a verdict rests on with its year, else the baseline; None without either.

    Parameters
    ----------
    view : View
        The edition's view.
    row : mapping
        Row of the verdict frame.
    short : bool
        Leave long English units out.

    Returns
    -------
    Text or None
    """
    fact, target = level_fact(view, row), target_of(view, row)
    if fact is None:
        unit = (short_unit if short else unit_after)(target.unit, view.lang)
        return baseline_text(target, view.lang, unit=unit)
    template = "{value}{unit}（{year}年）" if view.lang == "zh" else "{value}{unit} ({year})"
    value, unit = spoken(fact, view.lang)
    if short:
        unit = short_unit(fact.unit, view.lang)
    year = year_fact(int(row["level_year"]), fact)
    return Text(template, {"value": value, "unit": named(unit), "year": year})


def verdict_table(view: View, frame: pd.DataFrame, *, id: str = "verdicts") -> DisplayTable:
    """Show the verdict on every target with its reason.

    Parameters
    ----------
    view : View
        The edition's view.
    frame : pandas.DataFrame
        As from `wqa.assess`.
    id : str
        Anchor of the table.

    Returns
    -------
    DisplayTable
        Binding targets first.
    """
    lang = view.lang
    rows = []
    for row in records(frame):
        target = target_of(view, row)
        cells: dict[str, Printable] = {
            "row": target_fact(target, part="row", lang=lang),
            "name": target_name(target, lang),
            "nature": term(f"nature.{target.nature}", lang),
            "target": target_text(target, lang),
            "verdict": verdict_label(row, lang),
            "reason": reason_text(view, row),
        }
        level = level_cell(view, row)
        if level is not None:
            cells["level"] = level
        rows.append(cells)
    keys = ["row", "name", "nature", "target", "level", "verdict", "reason"]
    caption = say(
        "caption.attainment", lang, plan=str(getattr(view.parameters.plan, f"short_{lang}"))
    )
    return DisplayTable(id, caption, heads(keys, lang), tuple(rows))


def readings_table(
    view: View, frame: pd.DataFrame, *, rows: Iterable[str] = (), id: str = "readings"
) -> DisplayTable:
    """Show what each reading of a disputed number means for its target.

    Parameters
    ----------
    view : View
        The edition's view.
    frame : pandas.DataFrame
        As from `wqa.assess_readings`.
    rows : iterable of str
        Rows of the plan to show; default all.
    id : str
        Anchor of the table.

    Returns
    -------
    DisplayTable
        Per reading: value, whether it meets the target, the change still needed, and
        the model's probability, which rests on the baseline alone.
    """
    lang, wanted = view.lang, list(rows)
    out = []
    for record in frame.to_dict("records"):
        row = {str(key): value for key, value in record.items()}
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
    goal = parameter_fact(f"{reading}.goal", float(row["target"]), lang=lang, unit=target.unit)
    sign = term(f"comparator.{row['comparator']}", lang)
    cells: dict[str, Printable] = {
        "row": target_fact(target, part="row", lang=lang),
        "name": target_name(target, lang),
        "reading": quoted(str(row[f"label_{lang}"]), source_ids=sources, locator=clause),
        "target": Text("{s}{v}{u}", {"s": sign, "v": _sourced(goal, sources, clause), "u": unit}),
    }
    if row["value"] == row["value"]:
        value = parameter_fact(f"{reading}.value", float(row["value"]), lang=lang)
        known = _sourced(value, sources, clause)
        cells["value"] = Text("{v}{u}", {"v": known, "u": unit})
        met = row["met_at_baseline"]
        if met is not None and met == met:
            cells["met"] = term("table.yes" if bool(met) else "table.no", lang)
        if row["change_needed"] == row["change_needed"] and float(row["change_needed"]):
            need = float(row["change_needed"])
            cells["needed"] = computed_fact("needed", need, [known, goal], lang=lang, signed=True)
        p = row["p_attain"]
        if p is not None and p == p:
            shown = computed_fact(
                f"p.{reading}",
                float(p) * 100,
                [known, goal],
                decimals=0,
                lang=lang,
                unit="pct",
                kind="forecast",
                note=str(row["evidence_class"]),
            )
            cells["probability"] = Text("{p}%", {"p": shown})
    return cells


def _sourced(fact: Fact, sources: list[str], clause: str) -> Fact:
    return replace(
        fact, kind="target", source_ids=tuple(sources), locator=clause, evidence="official"
    )


def overview_frame(view: View, frame: pd.DataFrame) -> pd.DataFrame:
    """Return what the overview of all targets draws.

    Parameters
    ----------
    view : View
        The edition's view.
    frame : pandas.DataFrame
        As from `wqa.assess`.

    Returns
    -------
    pandas.DataFrame
        Columns row, name, target, level, verdict, verdict_label, binding, weak, p, p_low, p_high.
        Long English units are left to the tables.
    """
    import pandas as pd

    out: list[Mapping[str, Any]] = []
    none = term("figure.no_value", view.lang)
    for row in records(frame):
        target, level = target_of(view, row), level_cell(view, row, short=True)
        p = probability_of(view, row)
        out.append(
            {
                "row": f"{target.row}{target.part}",
                "name": str(target_name(target, view.lang)),
                "target": str(target_text(target, view.lang, short=True)),
                "level": str(level) if level else none,
                "verdict": row["verdict"],
                "verdict_label": verdict_label(row, view.lang),
                "binding": target.nature == "binding",
                "weak": is_weak(row),
                "p": None if p is None else float(p.value or 0) / 100,
                "p_low": None if p is None or p.lower is None else p.lower / 100,
                "p_high": None if p is None or p.upper is None else p.upper / 100,
            }
        )
    made = pd.DataFrame(out)
    return made.astype({"p": float, "p_low": float, "p_high": float})
