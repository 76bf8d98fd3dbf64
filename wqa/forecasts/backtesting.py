"""Backtests with rolling origins: what was known when, what came after, how good it was.

A fold holds only values that had been published at its cut-off. Where the same year was
published more than once, the newest version at the cut-off counts.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from wqa.forecasts import numbers, scores
from wqa.forecasts.forecasting import MODELS, answers, summary
from wqa.forecasts.numbers import AnnualSeries, Array, Quantity, require, whole_number
from wqa.forecasts.pooled import Ask

MIN_TRAIN = 3  # least number of observed years before an origin
# Targets relative to the yearly change before the origin.
TARGET_STEPS = (-0.5, 0.0, 0.5, 1.0)
# Classes of stated probability; wide, because there are few outcomes.
CLASSES = (0.0, 0.1, 0.25, 0.4, 0.6, 0.75, 0.9, 1.0)
# Series that hardly move make scaled scores explode; a cap keeps one of them from ruling a mean.
SCALED_CAP = 1_000.0


@dataclass(frozen=True)
class Fold:
    """One origin of one series: what was known at the cut-off, and the values 1..H years later."""

    series_id: str
    cutoff: str
    train: AnnualSeries
    actual: Array


@dataclass(frozen=True)
class Backtest:
    """Result of a backtest: a row per series, origin, model and horizon.

    Columns of `forecasts`: series_id, cutoff, model, origin, year, h, n_points, actual, scale (mean
    absolute change before the origin), fallback (why the default stands in), median, intervals,
    in_80, in_95, error (actual - median), prior_weight; of `cases`, one per probability of
    attainment: the first seven, step, target, comparator, p_attain, hit.
    """

    forecasts: pd.DataFrame
    cases: pd.DataFrame

    def summary(self, by: Sequence[str] = ("model",)) -> pd.DataFrame:
        """Accuracy, coverage and calibration, by any of the columns model, h, origin, series_id.

        One row per group: n (forecasts), n_series, n_fallback, mase, coverage_80, coverage_95
        (percent), and of the probabilities of attainment base_rate, brier and
        calibration_error (points of 100). Scaled errors are capped at 1,000.

        >>> import pandas as pd
        >>> f = pd.DataFrame({"series_id": "a", "year": range(9), "value": range(80, 89)})
        >>> backtest(f, ["naive"], horizons=[1]).summary()[["model", "n", "mase"]].values.tolist()
        [['naive', 6, 1.0]]
        """
        scaled = scores.scaled(self.forecasts["error"].abs(), self.forecasts["scale"])
        table, keys = self.forecasts.assign(mase=np.minimum(scaled, SCALED_CAP)), list(by)
        require(set(keys) <= set(table), "unknown grouping", "by", keys, "columns")
        table["n_fallback"] = table["fallback"] != ""
        table[["coverage_80", "coverage_95"]] = 100.0 * table[["in_80", "in_95"]].astype(float)
        groups, means = table.groupby(keys), ["mase", "coverage_80", "coverage_95"]
        counts = groups.agg(n=("year", "size"), n_series=("series_id", "nunique"))
        out = counts.join(groups["n_fallback"].sum()).join(groups[means].mean())
        cases = self.cases.groupby(keys)[["p_attain", "hit"]]
        return out.join(cases.apply(_came_true)).reset_index()

    def reliability(self, model: str = "pooled") -> pd.DataFrame:
        """How often came true what a model gave a certain probability of attainment.

        One row per class of stated probability: stated (mean of the class), observed, lower,
        upper (95 % Wilson interval, as if outcomes were independent) and n.
        """
        part = self.cases[self.cases["model"] == model]
        require(len(part), "the model stated no probability", "model", model)
        return scores.reliability(part["p_attain"], part["hit"], CLASSES)


def _came_true(cases: pd.DataFrame) -> pd.Series:
    p, hit = cases["p_attain"], cases["hit"].astype(float)
    found = {"base_rate": hit.mean(), "brier": scores.brier(p, hit)}
    return pd.Series(found | {"calibration_error": scores.calibration_error(p, hit)})


def backtest(
    frame: pd.DataFrame,
    models: Sequence[str] = ("pooled", "naive", "drift"),
    *,
    horizons: Sequence[int] = (1, 2, 3, 4, 5),
    family: str = "percent",
    lower: float | None = None,
    upper: float | None = None,
) -> Backtest:
    """Forecast from every past origin with what was known then, and compare.

    Parameters
    ----------
    frame : pandas.DataFrame
        Columns series_id (or indicator_id, region, scope), year, value, and optionally published
        (ISO date): then an origin never sees a later version of a value. The newest one judges.
    models : sequence of str, optional
        Models of :func:`wqa.forecast`.
    horizons : sequence of int, optional
        Years ahead to judge.
    family, lower, upper : optional
        Kind of quantity of all series in the frame, and its bounds.

    Returns
    -------
    Backtest
        Frames of forecasts and of attainment cases. Targets of cases are the last value plus step
        x yearly change x sqrt(h) with steps of -.5, 0, .5 and 1, inside the bounds.

    Raises
    ------
    ForecastError
        If the frame is no frame of figures, a model or design unknown, or no origin is there.

    Examples
    --------
    >>> import pandas as pd
    >>> f = pd.DataFrame({"series_id": "a", "year": range(2010, 2020), "value": range(80, 90)})
    >>> backtest(f, ["naive"], horizons=[1]).forecasts.n_points.tolist()
    [3, 4, 5, 6, 7, 8, 9]
    """
    given, asked = (np.atleast_1d(np.asarray(x, dtype=object)).tolist() for x in (horizons, models))
    ahead = tuple(sorted({whole_number(h, "horizons") for h in given}))
    good = ahead and 1 <= ahead[0] <= ahead[-1] <= numbers.MAX_HORIZON
    require(good, "no such horizons", "horizons", given, f"1 to {numbers.MAX_HORIZON}")
    good = asked and all(model in MODELS for model in asked)
    require(good, "unknown models", "models", asked, " or ".join(MODELS))
    kind = numbers.quantity_of(family, lower, upper)
    folds = make_folds(read_figures(frame), kind, ahead[-1])
    require(folds, "there is no past origin to judge", expected="enough values, one later")
    parts = [_judge(model, folds, kind, ahead) for model in asked]
    found, cases = (pd.concat([part[i] for part in parts], ignore_index=True) for i in (0, 1))
    return Backtest(found, cases)


def read_figures(frame: pd.DataFrame) -> pd.DataFrame:
    """Check figures and lay them out as series_id, year, value, published ("" without dates)."""
    columns = list(getattr(frame, "columns", ()))
    good = {"year", "value"} <= set(columns)
    require(good, "not a frame of figures", "frame", columns, "columns year and value")
    dated = "published" in columns and frame["published"].notna().any()
    table = pd.DataFrame(
        {
            "series_id": numbers.series_keys(frame).astype(str).to_numpy(),
            "year": [whole_number(year, "year") for year in frame["year"].tolist()],
            "value": numbers.number_vector(frame["value"], "value"),
            "published": frame["published"].fillna("").astype(str).to_numpy() if dated else "",
        }
    )
    whole = not dated or (table["published"] != "").all()
    require(whole, "some figures have no date", "published", None, "all or none")
    table = table[np.isfinite(table["value"])].sort_values(["series_id", "published", "year"])
    twice = table[table.duplicated(["series_id", "year", "published"])]
    got = twice[["series_id", "year"]].head(1).to_dict("records")
    require(not got, "a year occurs twice in one version", "frame", got)
    return pd.DataFrame(table)


def make_folds(table: pd.DataFrame, kind: Quantity, ahead: int) -> list[Fold]:
    """Cut figures into the origins that have a later value, by series and origin."""
    out: list[Fold] = []
    for key, rows in table.groupby("series_id"):
        # Sorted by date: the last one to set a year is its newest version.
        versions = list(zip(rows["published"], rows["year"], rows["value"], strict=True))
        truth = {year: value for _, year, value in versions}
        for cutoff, known in _origins(versions):
            origin = max(known)
            later = np.array([truth.get(origin + h, np.nan) for h in range(1, ahead + 1)])
            if len(known) >= MIN_TRAIN and np.isfinite(later).any():
                years = sorted(known)
                values, where = [known[year] for year in years], f"series {key}"
                train = numbers.annual_series(values, years, kind, where)
                out.append(Fold(str(key), cutoff, train, later))
    return sorted(out, key=lambda fold: (fold.series_id, fold.train.origin))


def _origins(versions: Sequence[tuple[str, int, float]]) -> Iterator[tuple[str, dict[int, float]]]:
    """Each origin with its cut-off (a date, or the year without dates) and what was known then."""
    seen: set[int] = set()
    dates = [date or f"{year:06d}" for date, year, _ in versions]
    for cutoff in sorted(set(dates)):
        rows = zip(dates, versions, strict=True)
        known = {year: value for date, (_, year, value) in rows if date <= cutoff}
        # A later date with the same last year only revises; the forecast had been made.
        if max(known) not in seen:
            seen.add(max(known))
            yield cutoff if versions[0][0] else str(max(known)), known


def _judge(
    model: str, folds: Sequence[Fold], kind: Quantity, horizons: Sequence[int]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Forecasts of one model and its cases of attainment; arrays of N folds and H years ahead."""
    facts = pd.DataFrame(
        [(f.series_id, f.cutoff, model, f.train.origin, f.train.n_points, "") for f in folds],
        columns=["series_id", "cutoff", "model", "origin", "n_points", "fallback"],
    )
    facts["scale"] = [float(scores.naive_scale(fold.train.readings)) for fold in folds]
    h = np.arange(1, horizons[-1] + 1)
    actual = np.array([fold.actual for fold in folds])
    last = np.array([[fold.train.readings[-1]] for fold in folds])
    usual = facts["scale"].to_numpy()[:, None] * np.sqrt(h)
    goals = last + np.multiply.outer(TARGET_STEPS, usual)
    known = np.isfinite(actual) & np.isin(h, horizons)
    inside = known & (goals >= kind.low) & (goals <= kind.high)
    # Where there is nothing to judge the last value stands in; the row is dropped.
    points, chances = np.where(inside, goals, last), np.full(goals.shape, np.nan)
    read = defaultdict[str, Array](lambda: np.full(actual.shape, np.nan))
    for places, answer in answers([fold.train for fold in folds], Ask(kind, h.size, model)):
        distribution, facts.loc[places, "fallback"] = answer.distribution, answer.fallback
        read["prior_weight"][places] = answer.prior_weight[:, None]
        for name, value in summary(distribution).items():
            read[name][places] = value
        for chance, goal in zip(chances, points[:, places], strict=True):
            chance[places] = 1.0 - distribution.below(goal)
    every = facts.loc[facts.index.repeat(h.size)].reset_index(drop=True)
    every = every.assign(h=np.tile(h, len(folds)), year=lambda row: row["origin"] + row["h"])
    plain = every.drop(columns=["scale", "fallback"])
    cases = []
    for step, goal, chance, where in zip(TARGET_STEPS, goals, chances, inside, strict=True):
        case = plain.assign(step=step, target=goal.ravel(), comparator=">=")
        told = {"p_attain": chance.ravel(), "hit": (actual >= goal).ravel()}
        cases.append(case.assign(**told)[where.ravel()])
    every = every.assign(actual=actual.ravel(), **{k: v.ravel() for k, v in read.items()})
    every["error"] = every["actual"] - every["median"]
    for level in ("80", "95"):
        limits = every[f"lo_{level}"], every[f"hi_{level}"]
        every[f"in_{level}"] = scores.inside(every["actual"], *limits)
    return every[known.ravel()], pd.concat(cases)
