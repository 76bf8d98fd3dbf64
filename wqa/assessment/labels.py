"""Official progress labels side by side, and why they disagree.

`official_labels` answers as each statistical office would, from the same
numbers; where a method has no answer the record says so instead of bending it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import pandas as pd

from wqa.assessment.labelcases import Case, Cuts, Reading
from wqa.assessment.labelrules import RULES, THRESHOLDS
from wqa.catalog.reading import read_yaml
from wqa.catalog.targets import COMPARATORS, KINDS, to_decimal
from wqa.errors import DataError
from wqa.paths import CATALOG

COLUMNS = (
    "method", "method_zh", "method_en", "statistic", "value", "label", "label_zh", "label_en",
    "stance", "reason_undefined", "reason_zh", "reason_en", "note_zh", "note_en", "path",
    "window", "confirmed", "source",
)  # fmt: skip
AHEAD, NOT_AHEAD = ("met", "ahead"), ("behind", "away")
LANGUAGES = ("zh", "en")


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
    thresholds: Mapping[str, Mapping[str, float]] | None = None,
    weight: Callable[[int], float] | None = None,
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
        Kind of the target, one of ``wqa.catalog.targets.KINDS``; decides which methods
        ask a wrong question.
    comparator : {'>=', '>', '<=', '<', '=='}, optional
        Relation of the target; default from `direction`, not strict.
    limit : float, optional
        Natural limit for the Open SDG rule without target.
    thresholds : mapping, optional
        Cut points by method that replace ``wqa.assessment.labelrules.THRESHOLDS``.
    weight : callable, optional
        Weight of a year by its age for the ESCAP regression; default
        ``1 / (1 + age)``, an assumption that its publisher does not confirm.

    Returns
    -------
    pandas.DataFrame
        One row per method: method, method_zh, method_en, statistic, value,
        label, label_zh, label_en, stance (met, ahead, partly, behind, away),
        reason_undefined, reason_zh, reason_en, note_zh, note_en, path, window,
        confirmed (whether the cut points were checked), source. `label` and
        `value` are None where the method has no answer.

    Raises
    ------
    DataError
        If a number, year, direction, kind, comparator or method name is wrong.
    """
    sign = {"higher_better": 1, "lower_better": -1}.get(direction, 0)
    comparator = comparator or (">=" if sign > 0 else "<=")
    for name, got, known in (
        ("direction", direction, ("higher_better", "lower_better")),
        ("kind", kind, KINDS),
        ("comparator", comparator, COMPARATORS),
    ):
        if got not in known:
            raise DataError(f"unknown {name}", got=got, expected=f"one of {', '.join(known)}")
    if base_year > year:
        raise DataError(
            "the newest value is older than the baseline",
            got=(base_year, year),
            expected="base_year <= year",
        )
    extra: dict[str, Any] = {} if weight is None else {"weight": weight}
    case = Case(
        base=_number(baseline), base_year=int(base_year), value=_number(value), year=int(year),
        target=_number(target), target_year=int(target_year), sign=sign, comparator=comparator,
        lower=bounds[0], upper=bounds[1], series=_points(series, year), kind=kind, limit=limit,
        **extra,
    )  # fmt: skip
    cuts = _cuts(thresholds)
    rows = [_record(name, rule(case, cuts[name])) for name, rule in RULES.items()]
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    return frame.astype({"value": float, "confirmed": bool})


def _points(
    series: pd.Series | Mapping[int, float] | None, year: int
) -> tuple[tuple[int, float], ...]:
    pairs = ((int(y), float(v)) for y, v in ({} if series is None else dict(series)).items())
    return tuple(sorted((y, v) for y, v in pairs if y <= year and not math.isnan(v)))


def _number(value: float | None) -> float | None:
    if value is None or pd.isna(value):
        return None
    return float(to_decimal(value))


def _cuts(thresholds: Mapping[str, Mapping[str, float]] | None) -> dict[str, Cuts]:
    cuts: dict[str, Cuts] = dict(THRESHOLDS)
    for name, given in (thresholds or {}).items():
        unknown = set(given) - set(cuts.get(name, {}))
        if name not in cuts or unknown:
            raise DataError(
                "unknown method or cut point",
                got=name if name not in cuts else sorted(unknown),
                expected=f"one of {', '.join(cuts.get(name, cuts))}",
            )
        cuts[name] = {**cuts[name], **given}
    return cuts


def _record(name: str, reading: Reading) -> dict[str, Any]:
    texts = _texts()
    method = texts["methods"][name]
    label = texts["labels"].get(reading.label, {"zh": None, "en": None, "stance": None})
    blank = {"zh": "", "en": ""}
    # A reason may come with a label: Open SDG says "achieved" with one point and no ratio.
    reason = texts["reasons"][reading.reason] if reading.reason else blank
    note = texts["notes"][reading.note] if reading.note else blank
    values = (
        name, method["zh"], method["en"], reading.statistic, reading.value, reading.label,
        label["zh"], label["en"], label["stance"], reading.reason, reason["zh"], reason["en"],
        note["zh"], note["en"], method["path"], method["window"], method["confirmed"],
        method["source"],
    )  # fmt: skip
    return dict(zip(COLUMNS, values, strict=True))


def explain_disagreement(labels: pd.DataFrame, lang: str = "zh") -> str:
    """Say in one line why the official labels disagree, or that they agree.

    Parameters
    ----------
    labels : pandas.DataFrame
        As :func:`official_labels` returns it.
    lang : {'zh', 'en'}, optional
        Language of the line.

    Returns
    -------
    str
        One sentence naming the first cause that separates the labels: a value
        that meets the target now, the assumed path, the years looked at, the
        absence of a target, or the cut points.

    Raises
    ------
    DataError
        If the language is unknown.
    """
    if lang not in LANGUAGES:
        raise DataError("unknown language", got=lang, expected="zh or en")
    code = _cause(labels)
    text = str(_texts()["causes"][code][lang])
    missing = labels[labels["label"].isna() & (labels["reason_undefined"] != "")]
    if "{reason}" in text and len(missing):
        usual = missing["reason_undefined"].mode().iloc[0]
        text = text.replace("{reason}", str(_texts()["reasons"][usual][lang]))
    return text


def _cause(labels: pd.DataFrame) -> str:
    # Trend rules and the time distance restate another row; they do not vote first.
    told = labels[labels["label"].notna()]
    against = told[told["path"] != "none"]
    if against.empty:
        return "none_defined"
    if len(against) == 1:
        return "one_defined"
    sides = against["stance"].map(lambda s: 1 if s in AHEAD else -1 if s in NOT_AHEAD else 0)
    if sides.min() == sides.max():
        trend = told[told["path"] == "none"]["stance"]
        split = (trend.isin(NOT_AHEAD) & (sides.iloc[0] > 0)).any() or (
            trend.isin(AHEAD) & (sides.iloc[0] < 0)
        ).any()
        return "trend_only" if split else "all_agree"
    if (against["stance"] == "met").any() and not (against["stance"] == "met").all():
        return "met_now"
    points = against["window"] == "since_base"
    geometric = sides[points & (against["path"] == "geometric")]
    linear = sides[points & (against["path"] == "linear")]
    if len(geometric) and len(linear):
        if geometric.min() > linear.max():
            return "path"
        if linear.min() > geometric.max():
            return "path_reversed"
    if sides[points].min() == sides[points].max() or (
        len(sides[~points]) and sides[~points].mean() != sides[points].mean()
    ):
        return "window"
    return "cuts"
