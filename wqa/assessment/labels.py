"""Official progress labels side by side: one rule per published method, and why they disagree.

Nothing here is ours: conventions that differ between methods (path, window, cut points) are kept
as their publishers state them, and a method without an answer is not bent. Cut points and words are
data, in ``labels.yml``.
"""

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, NamedTuple

import pandas as pd

from wqa.catalog.reading import read_words
from wqa.catalog.records import KINDS, LANGUAGES
from wqa.errors import DataError
from wqa.goals import COMPARATORS, Goal, to_decimal

Cuts = Mapping[str, float]
YearValues = tuple[tuple[int, float], ...]
SIGNS = {"higher_better": 1, "lower_better": -1}
SIDES = {"met": 1, "ahead": 1, "partly": 0, "behind": -1, "away": -1}
SMALL = 0.001  # sdg-build puts this for a base or target of zero
LARGEST_EXPONENT = 700.0
BEHIND = "target_behind_baseline"


@dataclass(frozen=True)
class LabelInput:
    """Two points and a target; NaN is missing, years count from the base year, sign is 1 for up."""

    base: float
    value: float
    target: float
    elapsed: int
    length: int
    sign: int
    comparator: str
    bounds: tuple[float | None, float | None] = (None, None)
    series: YearValues = ()
    kind: str = "gap"
    limit: float | None = None

    @property
    def points(self) -> YearValues:
        """The series, or base and newest value."""
        return self.series or ((0, self.base), (self.elapsed, self.value))

    @property
    def way(self) -> tuple[Fraction, Fraction]:
        """Shares of the way and of the time that lie behind, exact: on schedule is not ahead."""
        base, value, target = (Fraction(str(x)) for x in (self.base, self.value, self.target))
        return (value - base) / (target - base), Fraction(self.elapsed, self.length)

    @property
    def pace(self) -> float | None:
        """Yearly growth from the base to the newest value."""
        return growth(self.value, self.base, self.elapsed)

    @property
    def is_met(self) -> bool:
        """Whether the newest value satisfies the target."""
        return bool(Goal(self.comparator, self.target).met(self.value))

    @property
    def is_behind(self) -> bool:
        """Whether the target asks for less than the baseline already gave."""
        return (self.target - self.base) * self.sign < 0


class LabelResult(NamedTuple):
    """Value of a method's statistic and its label; no label comes with a reason."""

    value: float | None = None
    label: str | None = None
    reason: str = ""
    note: str = ""
    scale: float = 1.0  # of the cut points


def why_not(given: LabelInput, answered: Collection[str] = ()) -> str:
    """First reason why two points and a target give no answer, but for those answered anyway."""
    reasons = {
        f"{given.kind}_target": given.kind in ("plan_sum", "compound", "relative", "every_year"),
        "no_observation": math.isnan(given.value),
        "no_baseline": math.isnan(given.base),
        "no_target": math.isnan(given.target),
        "one_point_only": given.elapsed < 1,
        "no_time_left": given.length < 1,
        "baseline_at_target": given.base == given.target,
        BEHIND: given.is_behind,
    }
    return next((code for code, holds in reasons.items() if holds and code not in answered), "")


def growth(end: float, start: float, years: int) -> float | None:
    """Compound yearly growth rate; None where it is not a real number."""
    if start == 0 or years < 1 or end / start < 0:
        return None
    return float((end / start) ** (1.0 / years) - 1.0)


def log_line(points: YearValues, newest: int, weights: Sequence[float]) -> tuple[float, float]:
    """Weighted straight line through logarithms: its value in the newest year, and its slope."""
    rows = zip(weights, points, strict=True)
    at = [(w / sum(weights), year - newest, math.log(value)) for w, (year, value) in rows]
    x, y = sum(w * a for w, a, _ in at), sum(w * b for w, _, b in at)
    slope = sum(w * (a - x) * (b - y) for w, a, b in at) / sum(w * (a - x) ** 2 for w, a, _ in at)
    return y - slope * x, slope


def eurostat_target(given: LabelInput, cuts: Cuts) -> LabelResult:
    """Eurostat, with target: observed over required growth rate."""
    actual, required = given.pace, growth(given.target, given.base, given.length)
    if actual is None or not required:
        return LabelResult(reason="growth_undefined")
    ratio = given.sign * actual / abs(required)
    return LabelResult(ratio, "target_met" if given.is_met else None)


def un_chart_trend(given: LabelInput, cuts: Cuts) -> LabelResult:
    """UN Progress Chart without a numeric target: yearly growth in the desired direction."""
    if given.pace is None:
        return LabelResult(reason="growth_undefined")
    return LabelResult(given.sign * given.pace)


def eurostat_trend(given: LabelInput, cuts: Cuts) -> LabelResult:
    """Eurostat, without target: the same, with a warning where percentages have no room left."""
    upper = given.bounds[1]
    near = given.pace is not None and upper is not None and given.base > 0.9 * upper
    note = "percent_near_bound" if near and given.sign > 0 else ""
    return un_chart_trend(given, cuts)._replace(note=note)


def open_sdg(given: LabelInput, cuts: Cuts) -> LabelResult:
    """Statistics Canada / Open SDG: target first, then the growth ratio."""
    base, target = given.base or SMALL, given.target or SMALL
    label = "target_achieved" if given.sign * (given.value - target) >= 0 else None
    note = "zero_replaced" if 0 in (given.target, given.base) else ""
    actual = growth(given.value, base, given.elapsed)
    required = growth(target, base, given.length)
    if given.elapsed < 1:
        return LabelResult(None, label, "one_point_only", note)
    if actual is not None and given.length < 1:
        return LabelResult(None, None, "no_time_left", note)
    if actual is None or required is None:
        return LabelResult(None, label, "signs_differ", note)
    rate = (-1 if given.base < 0 else 1) * given.sign * actual
    if required == 0:
        # sdg-build divides by zero here: an infinite ratio still gets a label.
        label = label or ("deterioration" if rate < 0 else "substantial_progress")
        return LabelResult(None, label, "baseline_at_target", note)
    return LabelResult(rate / abs(required), label, note=note)


def open_sdg_trend(given: LabelInput, cuts: Cuts) -> LabelResult:
    """Statistics Canada / Open SDG without target; cuts shrink near a limit."""
    actual = growth(given.value, given.base or SMALL, given.elapsed)
    if actual is None:
        return LabelResult(reason="signs_differ")
    rate = (-1 if given.base < 0 else 1) * given.sign * actual
    note, factor = "", 1.0
    if given.limit is not None:
        note, size, edge = "limit_applied", abs(given.base), abs(given.limit)
        if size < 2 * edge:
            factor -= (min(size, 2 * edge - size) / edge) ** cuts["exponent"]
    return LabelResult(rate, note="zero_replaced" if given.base == 0 else note, scale=factor)


def un_chart(given: LabelInput, cuts: Cuts) -> LabelResult:
    """UN Progress Chart 2023-24: extrapolated share of the way at the target year."""
    ends, share = {0.0, 100.0} & set(given.bounds), None
    if given.pace is not None and not given.is_behind:
        left = max(given.length - given.elapsed, 0)
        steps = left * math.log1p(given.pace) if given.pace > -1 else -math.inf
        expected = given.value * math.exp(min(steps, LARGEST_EXPONENT))
        share = (expected - given.base) / (given.target - given.base)
    if given.is_met or (given.target in ends and abs(given.value - given.target) <= cuts["near"]):
        return LabelResult(share, "target_met")
    if given.is_behind:
        return LabelResult(reason=BEHIND)
    return LabelResult(share, reason="growth_undefined" if share is None else "")


def escap_csi(given: LabelInput, cuts: Cuts) -> LabelResult:
    """UN ESCAP Current Status Index: 0 to 10, held against elapsed time."""
    # The target lies in the good direction here, so D / |T - b| is 1 / (T - b).
    share, time = given.way
    if given.is_met:
        return LabelResult(10.0, "target_achieved")
    label = "on_schedule" if share >= time else "behind_schedule"
    return LabelResult(float(10 * share), "regressed" if share < 0 else label)


def escap_api(given: LabelInput, cuts: Cuts) -> LabelResult:
    """UN ESCAP Anticipated Progress Index: gap expected at the target year."""
    if len(given.series) < cuts["points"]:
        return LabelResult(reason="too_few_points")
    if min(given.target, *(value for _, value in given.series)) <= 0:
        return LabelResult(reason="not_positive")
    newest = given.series[-1][0]
    # These weights are an assumption; the publisher does not confirm them.
    weights = [1.0 / (1.0 + newest - year) for year, _ in given.series]
    level, slope = log_line(given.series, newest, weights)
    expected = math.exp(min(level + slope * (given.length - newest), LARGEST_EXPONENT))
    gap = given.sign * (given.target - expected) / abs(given.target - given.base)
    wide = "accelerate" if gap <= cuts["large"] else "reverse"
    return LabelResult(gap, "maintain" if gap <= cuts["small"] else wide)


def sdsn(given: LabelInput, cuts: Cuts) -> LabelResult:
    """SDSN arrows: recent yearly change over the yearly change required."""
    recent = [p for p in given.points if given.elapsed - cuts["window"] <= p[0]]
    if len(recent) < 2:
        return LabelResult(reason="one_point_only")
    (first_year, first), (last_year, last) = recent[0], recent[-1]
    change = (last - first) / (last_year - first_year)
    is_kept = given.is_met and given.sign * change >= 0
    if given.is_behind:
        return LabelResult(None, "on_track" if is_kept else None, "" if is_kept else BEHIND)
    ratio = change / ((given.target - given.base) / given.length)
    return LabelResult(ratio, "on_track" if is_kept else None)


def unicef_aarr(given: LabelInput, cuts: Cuts) -> LabelResult:
    """UNICEF average annual rate of reduction against the required one, in percent."""
    points = replace(given, series=tuple(p for p in given.series if p[0] >= 0)).points
    if min(given.base, given.target, *(value for _, value in points)) <= 0:
        return LabelResult(reason="not_positive")
    if len(points) < 2:
        return LabelResult(reason="one_point_only")
    _, slope = log_line(points, given.elapsed, [1.0] * len(points))
    current = 100.0 * (1.0 - math.exp(slope))
    required = 100.0 * (1.0 - (given.target / given.base) ** (1.0 / given.length))
    slow = "rate_too_slow" if given.sign * current < 0 else "wrong_way"
    is_enough = given.sign * current <= given.sign * required
    return LabelResult(current, "rate_sufficient" if is_enough else slow)


def statdev(given: LabelInput, cuts: Cuts) -> LabelResult:
    """Philippines StatDev: actual over required linear pace, high only above the cut point."""
    ratio = float(given.way[0] / given.way[1])
    return LabelResult(ratio, "medium_likelihood" if ratio == cuts["high"] else None)


def time_distance(given: LabelInput, cuts: Cuts) -> LabelResult:
    """Sicherl time distance: years ahead of (+) or behind (-) the linear path."""
    share, time = given.way
    ahead = float((share - time) * given.length)
    return LabelResult(ahead, "on_schedule" if ahead >= 0 else "behind_schedule")


def china_completion(given: LabelInput, cuts: Cuts) -> LabelResult:
    """China's mid-term review: completion rate against elapsed share of time."""
    reason = why_not(given)
    if given.kind == "plan_sum":
        has_figures = not math.isnan(given.value + given.target)
        has_way = given.target > 0 and min(given.elapsed, given.length) >= 1
        reason = ("" if has_way else "growth_undefined") if has_figures else "no_observation"
        given = replace(given, base=0.0)  # a sum over the plan starts at zero
    if reason:
        return LabelResult(reason=reason)
    rate, time = given.way[0], min(given.way[1], Fraction(1))
    if given.is_met and rate >= 1:
        return LabelResult(float(rate), "done_early" if time < 1 else "done")
    slow = "roughly_on_time" if rate >= Fraction(str(cuts["level"])) * time else "lagging"
    return LabelResult(float(rate), "ahead_of_time" if rate > time else slow)


LABEL_METHODS: dict[str, Callable[[LabelInput, Cuts], LabelResult]] = {
    rule.__name__: rule for rule in (
    eurostat_target, eurostat_trend, open_sdg, open_sdg_trend, un_chart, un_chart_trend, escap_csi,
    escap_api, sdsn, unicef_aarr, statdev, time_distance, china_completion,
)}  # fmt: skip


def label_by(method: str, given: LabelInput) -> LabelResult:
    """Label by one method, or the reason why it has no answer."""
    told = read_words("labels")["methods"][method]
    answered, cuts = told.get("answered", ()), told.get("cuts", {})
    if reason := why_not(given, answered):
        return LabelResult(reason=reason)
    result = LABEL_METHODS[method](given, cuts)
    if result.value is not None and result.label is None:
        labels, steps = told["labels"], [result.scale * cut for cut in cuts.values()]
        short = sum(not result.value >= step for step in steps[: len(labels) - 1])
        result = result._replace(label=labels[short])
    needs_target = "no_target" not in answered  # such a method sees two points, no other year
    if given.kind == "every_year" and needs_target and not result.note:
        result = result._replace(note="latest_year_only")
    return result


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
) -> pd.DataFrame:
    """Label progress as each official method would.

    Parameters
    ----------
    baseline, value, target : float or None
        Value of the base year, newest value, and target, in one unit. Of a ``plan_sum`` `value`
        is the sum over the plan so far and `base_year` the year before the plan.
    base_year, year, target_year : int
        Years of the three.
    direction : {'higher_better', 'lower_better'}
        Which way is better.
    bounds : tuple of float or None, optional
        Natural lower and upper bound.
    series : pandas.Series or mapping of int to float, optional
        Yearly values, for methods that look at recent or all years. Default: the two points.
    kind : str, optional
        Kind of the target (``wqa.catalog.records.KINDS``): some methods do not fit some kinds.
    comparator : {'>=', '>', '<=', '<', '=='}, optional
        Relation of the target; default from `direction`, not strict.
    limit : float, optional
        Natural limit for the Open SDG rule without target.

    Returns
    -------
    pandas.DataFrame
        One row per method: method, statistic, value, label (both None without an answer), stance
        (met, ahead, partly, behind, away), reason_undefined, words in both languages (method_zh,
        label_zh, ...), path, window, confirmed (whether the cut points were checked), source.

    Raises
    ------
    DataError
        If a number, year, direction, kind or comparator is wrong.
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
    rows = [_row(name, label_by(name, given)) for name in LABEL_METHODS]
    return pd.DataFrame(rows).astype({"value": float, "confirmed": bool})


def _known(what: str, got: str, known: Iterable[str]) -> None:
    if got not in known:
        raise DataError(f"unknown {what}", got=got, expected=f"one of {', '.join(known)}")


def _number(value: float | None) -> float:
    return math.nan if value is None or pd.isna(value) else float(to_decimal(value))


def _row(name: str, result: LabelResult) -> dict[str, Any]:
    texts = read_words("labels")
    # A reason may come with a label: Open SDG says "achieved" with one point and no ratio.
    label = texts["labels"][result.label or ""]
    reason, note = texts["reasons"][result.reason], texts["notes"][result.note]
    method = texts["methods"][name]
    words = {"method": method, "label": label, "reason": reason, "note": note}
    return {
        **{"method": name, "value": result.value, "label": result.label},
        **{"stance": label["stance"], "reason_undefined": result.reason},
        **{f"{part}_{lang}": text[lang] for part, text in words.items() for lang in LANGUAGES},
        **{key: method[key] for key in ("statistic", "path", "window", "confirmed", "source")},
    }


def explain_disagreement(labels: pd.DataFrame, lang: str = "zh") -> str:
    """Say in one line why the official labels disagree, or that they agree."""
    _known("language", lang, LANGUAGES)
    texts, reasons = read_words("labels"), labels["reason_undefined"]
    usual = next(iter(reasons[labels["label"].isna() & (reasons != "")].mode()), "")
    why = str(texts["reasons"][usual][lang])
    return str(texts["causes"][_cause(labels)][lang]).replace("{reason}", why)


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
