"""Official progress labels side by side, and why they disagree.

`official_labels` answers as each statistical office would, from the same
numbers; where a method has no answer the record says so instead of bending it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

import pandas as pd

from wqa.assessment.label_rules import LABEL_METHODS, Cuts, LabelInput, LabelResult
from wqa.catalog.reading import read_yaml
from wqa.catalog.records import KINDS, LANGUAGES
from wqa.errors import DataError
from wqa.goals import COMPARATORS, to_decimal
from wqa.paths import CATALOG

SIGNS = {"higher_better": 1, "lower_better": -1}
SIDES = {"met": 1, "ahead": 1, "partly": 0, "behind": -1, "away": -1}


@cache
def _texts() -> dict[str, Any]:
    texts: dict[str, Any] = read_yaml(CATALOG / "labels.yml")
    return texts


def official_labels(
    baseline: float | None,
    base_year: int,
    value: float | None,
    year: int,
    target: float | None,
    target_year: int,
    direction: str = "higher_better",
    bounds: tuple[float | None, float | None] = (None, None),
    series: pd.Series | Mapping[int, float] | None = None,
    *,
    kind: str = "gap",
    comparator: str = "",
    limit: float | None = None,
    thresholds: Mapping[str, Cuts] | None = None,
) -> pd.DataFrame:
    """Label progress as each official method would.

    Parameters
    ----------
    baseline, value, target : float or None
        Value of the base year, newest value, and target, in one unit. For a
        target of kind ``plan_sum`` `value` is the sum over the plan so far and
        `base_year` the year before the plan.
    base_year, year, target_year : int
        Years of the three.
    direction : {'higher_better', 'lower_better'}
        Which way is better.
    bounds : tuple of float or None, optional
        Natural lower and upper bound.
    series : pandas.Series or mapping of int to float, optional
        Yearly values of one comparable series; methods that look at recent or
        all years use it. Default: the two points.
    kind : str, optional
        Kind of the target, one of ``wqa.catalog.records.KINDS``; decides which methods
        ask a wrong question.
    comparator : {'>=', '>', '<=', '<', '=='}, optional
        Relation of the target; default from `direction`, not strict.
    limit : float, optional
        Natural limit for the Open SDG rule without target.
    thresholds : mapping, optional
        Cut points by method, instead of those of ``wqa.assessment.label_rules.LABEL_METHODS``.

    Returns
    -------
    pandas.DataFrame
        One row per method: method, statistic, value, label, stance (met, ahead,
        partly, behind, away), reason_undefined, and words in both languages
        (method_zh, label_zh, reason_zh, note_zh ...), path, window, confirmed
        (whether the cut points were checked), source. `label` and `value` are
        None where the method has no answer.

    Raises
    ------
    DataError
        If a number, year, direction, kind, comparator or method name is wrong.
    """
    comparator = comparator or (">=" if direction == "higher_better" else "<=")
    _known("direction", direction, SIGNS)
    _known("kind", kind, KINDS)
    _known("comparator", comparator, COMPARATORS)
    if base_year > year:
        what, expected = "the newest value is older than the baseline", "base_year <= year"
        raise DataError(what, got=f"{base_year} and {year}", expected=expected)
    pairs = [(int(y), float(v)) for y, v in dict(() if series is None else series).items()]
    given = LabelInput(
        _number(baseline), _number(value), _number(target), int(year - base_year),
        int(target_year - base_year), SIGNS[direction], comparator, bounds,
        tuple(sorted((y - base_year, v) for y, v in pairs if y <= year and v == v)),
        kind, limit,
    )  # fmt: skip
    cuts = thresholds or {}
    for name, own in cuts.items():
        _known("method", name, LABEL_METHODS)
        for cut in own:
            _known(f"cut point of {name}", cut, LABEL_METHODS[name].cuts)
    rows = [
        _row(name, method.statistic, method.label(given, cuts.get(name, {})))
        for name, method in LABEL_METHODS.items()
    ]
    return pd.DataFrame(rows).astype({"value": float, "confirmed": bool})


def _known(what: str, got: str, known: Iterable[str]) -> None:
    if got not in known:
        raise DataError(f"unknown {what}", got=got, expected=f"one of {', '.join(known)}")


def _number(value: float | None) -> float:
    return math.nan if value is None or pd.isna(value) else float(to_decimal(value))


def _row(name: str, statistic: str, result: LabelResult) -> dict[str, Any]:
    texts, method = _texts(), _texts()["methods"][name]
    # A reason may come with a label: Open SDG says "achieved" with one point and no ratio.
    words = {
        "method": method,
        "label": texts["labels"][result.label or ""],
        "reason": texts["reasons"][result.reason],
        "note": texts["notes"][result.note],
    }
    return {
        "method": name, "statistic": statistic, "value": result.value, "label": result.label,
        "stance": words["label"]["stance"], "reason_undefined": result.reason,
        **{f"{part}_{lang}": text[lang] for part, text in words.items() for lang in LANGUAGES},
        **{key: method[key] for key in ("path", "window", "confirmed", "source")},
    }  # fmt: skip


def explain_disagreement(labels: pd.DataFrame, lang: str = "zh") -> str:
    """Say in one line why the official labels disagree, or that they agree."""
    _known("language", lang, LANGUAGES)
    text = str(_texts()["causes"][_cause(labels)][lang])
    missing = labels[labels["label"].isna() & (labels["reason_undefined"] != "")]
    if "{reason}" in text and len(missing):
        usual = missing["reason_undefined"].mode().iloc[0]
        text = text.replace("{reason}", str(_texts()["reasons"][usual][lang]))
    return text


def _cause(labels: pd.DataFrame) -> str:
    """Code of the first cause; rules of a trend restate another row and do not vote first."""
    told = labels[labels["label"].notna()]
    side, path = told["stance"].map(SIDES), told["path"]
    votes, trend = side[path != "none"], side[path == "none"]
    if len(votes) < 2:
        return "one_defined" if len(votes) else "none_defined"
    if votes.min() == votes.max():
        return "trend_only" if (trend * votes.iloc[0] < 0).any() else "all_agree"
    if (told["stance"][votes.index] == "met").any():
        return "met_now"
    by_points = told["window"][votes.index] == "since_base"
    points, others = votes[by_points], votes[~by_points]
    geometric, linear = (points[path == name] for name in ("geometric", "linear"))
    if geometric.min() > linear.max():
        return "path"
    if linear.min() > geometric.max():
        return "path_reversed"
    split = points.min() == points.max() or (len(others) and others.mean() != points.mean())
    return "window" if split else "cuts"
