"""Verdicts in words: what is met, how sure, and why.

Binding and expected targets are worded differently. A probability is printed only where
there is a verdict that rests on it, never where it would only repeat the prior.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wqa.catalog.records import Target
from wqa.display.facts import (
    Fact,
    Printable,
    Text,
    computed_fact,
    count_fact,
    named,
    observation_fact,
    quoted,
    target_fact,
)
from wqa.display.narrative import sentences
from wqa.display.selection import Row
from wqa.display.target_words import target_text
from wqa.display.view import View
from wqa.display.wording import in_sentence, say, term
from wqa.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

VERDICTS = (
    "attained",
    "not_attained",
    "on_track",
    "at_risk",
    "off_track",
    "conflict",
    "not_assessable",
)
# Probabilities are printed as whole percents and never as 0 or 100.
SURE, IMPOSSIBLE = 0.99, 0.01
KNOWN = ("attained", "not_attained")


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return verdict rows, binding targets first, then in the order of the plan.

    Parameters
    ----------
    frame : pandas.DataFrame
        As from `wqa.assess`.

    Returns
    -------
    list of dict
        One per target.
    """
    rows = [{str(k): v for k, v in row.items()} for row in frame.to_dict("records")]
    return sorted(rows, key=lambda row: row["nature"] != "binding")


def target_of(view: View, row: Row) -> Target:
    """Return the target of a verdict row.

    Parameters
    ----------
    view : View
        The edition's view.
    row : mapping
        Row of the verdict frame.

    Returns
    -------
    Target

    Raises
    ------
    DataError
        If the plan has no such target.
    """
    for target in view.parameters.plan.targets:
        if target.id == row["target_id"]:
            return target
    raise DataError("the plan has no such target", got=row["target_id"])


def level_fact(view: View, row: Row) -> Fact | None:
    """Return the level a verdict rests on, with the place it comes from.

    Parameters
    ----------
    view : View
        The edition's view.
    row : mapping
        Row of the verdict frame.

    Returns
    -------
    Fact or None
        None if there is no level; a sum over years is a computed fact.
    """
    if row["level"] is None or row["level"] != row["level"]:
        return None
    lang, target, value = view.lang, target_of(view, row), float(row["level"])
    frame = view.observations
    same = frame[
        (frame["indicator_id"] == row["indicator_id"])
        & (frame["region"] == target.region)
        & (frame["scope"] == row["scope"])
    ]
    exact = same[(same["year"] == row["level_year"]) & (same["value"] == value)]
    if len(exact):
        record = exact.to_dict("records")[-1]
        return observation_fact({str(k): v for k, v in record.items()}, lang=lang)
    inside = same[same["year"] >= (target.start_year or 0)]
    parts = [
        observation_fact({str(k): v for k, v in record.items()}, lang=lang)
        for record in inside.to_dict("records")
    ]
    return computed_fact("level", value, parts, lang=lang, unit=target.unit)


def probability_of(view: View, row: Row) -> Fact | None:
    """Return the probability a verdict rests on in percent, with target and level as inputs.

    Parameters
    ----------
    view : View
        The edition's view.
    row : mapping
        Row of the verdict frame.

    Returns
    -------
    Fact or None
        None where the verdict does not rest on a probability. Values above 0.99 or
        below 0.01 print as that limit.
    """
    p = row["p_attain"]
    if p is None or p != p or row["verdict"] in (*KNOWN, "not_assessable"):
        return None
    target, level = target_of(view, row), level_fact(view, row)
    goal = [] if target.value is None else [target_fact(target, lang=view.lang)]
    low, high = row.get("p_low"), row.get("p_high")
    both = low is not None and high is not None and low == low and high == high
    return computed_fact(
        f"p.{row['target_id']}",
        min(max(float(p), IMPOSSIBLE), SURE) * 100,
        [*goal, *([level] if level else [])],
        decimals=0,
        lang=view.lang,
        unit="pct",
        kind="forecast",
        lower=float(low) * 100 if both and low is not None else None,
        upper=float(high) * 100 if both and high is not None else None,
        note=f"{row['model']}, {row['evidence_class']}",
    )


def probability_mark(view: View, row: Row) -> Text:
    """Print the probability of a verdict in brackets; one beyond the limits with its sign.

    Parameters
    ----------
    view : View
        The edition's view.
    row : mapping
        Row of the verdict frame.

    Returns
    -------
    Text
        For example ``（>99%）``; empty without a probability.
    """
    p = probability_of(view, row)
    if p is None:
        return Text("")
    value = float(row["p_attain"])
    sign = ">" if value > SURE else "<" if value < IMPOSSIBLE else ""
    template = "（{sign}{p}%）" if view.lang == "zh" else " ({sign}{p}%)"
    return Text(template, {"sign": sign, "p": p})


def reason_text(view: View, row: Row) -> Text:
    """Return the reason of a verdict; its numerals name the sources of the verdict.

    Parameters
    ----------
    view : View
        The edition's view.
    row : mapping
        Row of the verdict frame.

    Returns
    -------
    Text
        A clause without a full stop.
    """
    sources = str(row["source_ids"]).split()
    locator = f"{row['target_id']}: {row['reason_code']}"
    return quoted(str(row[f"reason_{view.lang}"]), source_ids=sources, locator=locator)


def verdict_text(view: View, row: Row) -> Text:
    """Say the verdict on one target, its reason, and how sure it is.

    Parameters
    ----------
    view : View
        The edition's view.
    row : mapping
        Row of the verdict frame.

    Returns
    -------
    Text
        Binding targets are met or missed, expected values reached or not.
    """
    lang, target = view.lang, target_of(view, row)
    key = f"{row['nature']}_{row['verdict']}"
    first = say(
        "verdict.weak" if is_weak(row) else f"verdict.{key}",
        lang,
        name=_in_sentence(target, lang),
        target=target_text(target, lang),
        nature=term(f"nature.{target.nature}", lang),
        verdict=term(f"verdict.{row['verdict']}", lang),
        reason=say("verdict.because", lang, reason=reason_text(view, row)),
    )
    return sentences([first, changes_text(view, row), sureness_text(view, row)], lang)


def changes_text(view: View, row: Row) -> Text:
    """Say how often comparable series made the change that a target needs.

    Parameters
    ----------
    view : View
        The edition's view.
    row : mapping
        Row of the verdict frame.

    Returns
    -------
    Text
        Empty where no probability is stated or too few comparable changes are known.
    """
    base = row.get("changes_base")
    if not base or probability_of(view, row) is None:
        return Text("")
    lang, name = view.lang, row["target_id"]
    cases = count_fact(f"changes.{name}", int(row["n_changes"]), lang=lang)
    series = count_fact(f"change_series.{name}", int(row["n_change_series"]), lang=lang)
    share = computed_fact(
        f"change_share.{name}", 100.0 * float(row["share_of_changes"]), [cases, series],
        decimals=0, lang=lang, unit="pct",
    )  # fmt: skip
    return say(f"changes.{base}", lang, share=share, cases=cases, series=series)


def is_weak(row: Row) -> bool:
    """Tell whether a verdict rests on a probability that mostly repeats the prior.

    Parameters
    ----------
    row : mapping
        Row of the verdict frame.

    Returns
    -------
    bool
        True for a forecast verdict whose evidence class is weak.
    """
    forecast = row["verdict"] in ("on_track", "at_risk", "off_track")
    return forecast and row["evidence_class"] not in ("calibrated", "leans on prior")


def verdict_label(row: Row, lang: str) -> str:
    """Return the printed verdict; weak evidence is named beside it.

    Parameters
    ----------
    row : mapping
        Row of the verdict frame.
    lang : str
        ``zh`` or ``en``.

    Returns
    -------
    str
        For example ``可望达到，依据薄弱``.
    """
    label = term(f"verdict.{row['verdict']}", lang)
    return label + term("verdict.weak_suffix", lang) if is_weak(row) else label


def _in_sentence(target: Target, lang: str) -> Printable:
    return named(in_sentence(str(getattr(target, f"name_{lang}")), lang))


def sureness_text(view: View, row: Row) -> Text:
    """Say how far a verdict can be relied on.

    Parameters
    ----------
    view : View
        The edition's view.
    row : mapping
        Row of the verdict frame.

    Returns
    -------
    Text
        Empty for a target that cannot be assessed: its reason says it all.
    """
    lang = view.lang
    if row["verdict"] in KNOWN:
        return say("sure.known", lang)
    if row["verdict"] in ("not_assessable", "conflict"):
        return Text("")
    number = int(row["n_points"])
    key = "weak" if is_weak(row) else str(row["evidence_class"]).replace(" ", "_")
    one = "_one" if number == 1 and key != "calibrated" else ""
    n = count_fact(f"points.{row['target_id']}", number, lang=lang)
    return say(f"sure.{key}{one}", lang, n=n)
