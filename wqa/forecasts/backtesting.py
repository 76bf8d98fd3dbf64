"""Backtests with rolling origins, their summaries, and choice of a model by evidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from wqa.errors import ForecastError
from wqa.forecasts import scores
from wqa.forecasts.annual_series import MAX_HORIZON
from wqa.forecasts.backtest_summary import (
    Choice,
    choose_model,
    compare_models,
    refusals,
    summarise_backtest,
    summarise_cases,
)
from wqa.forecasts.distributions import Distribution
from wqa.forecasts.fold_forecasts import PANEL, FoldRequest, fold_answers
from wqa.forecasts.folds import Fold, make_folds
from wqa.forecasts.forecast_result import summary
from wqa.forecasts.forecasting import DEFAULT_LEVELS, FAMILIES, MODELS, check_levels
from wqa.forecasts.inputs import number_vector, whole_number
from wqa.transforms import FloatArray, resolve_bounds

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "Backtest",
    "Choice",
    "backtest",
    "choose_model",
    "compare_models",
    "refusals",
    "summarise_backtest",
    "summarise_cases",
]

# Targets relative to the yearly change before the origin, in the good direction.
TARGET_STEPS = (-0.5, 0.0, 0.5, 1.0)
CRPS_GRID = (np.arange(19) + 0.5) / 19.0
DEFAULT_MODELS = ("pooled", "naive", "damped_drift")
NEEDS_MORE = ("poisson_gamma", "glm_poisson", "glm_binomial")


@dataclass(frozen=True)
class Backtest:
    """Result of a backtest.

    Parameters
    ----------
    forecasts : pandas.DataFrame
        One row per series, origin, model and horizon: series_id, cutoff, model, origin,
        year, h, mean, median, intervals, fallback, n_points, prior_weight, actual,
        error (actual - median), scale (naive scale), crps, pit, in_80, in_95, ...
    cases : pandas.DataFrame
        One row per probability of attainment: series_id, model, origin, year, h,
        n_points, step, target, comparator, p_attain, hit.
    """

    forecasts: pd.DataFrame
    cases: pd.DataFrame


def backtest(
    frame: pd.DataFrame,
    models: Sequence[str] = DEFAULT_MODELS,
    *,
    horizons: Sequence[int] = (1, 2, 3, 4, 5),
    min_train: int = 3,
    max_train: int | None = None,
    first_origin: int | None = None,
    last_origin: int | None = None,
    family: str = "percent",
    lower: float | None = None,
    upper: float | None = None,
    direction: int = 1,
    target_steps: Sequence[float] = TARGET_STEPS,
    actual: str = "latest",
    levels: Sequence[float] = DEFAULT_LEVELS,
) -> Backtest:
    """Forecast from every past origin with what was known then, and compare.

    Parameters
    ----------
    frame : pandas.DataFrame
        Columns series_id (or indicator_id, region, scope), year, value, and optionally
        published (ISO date): then an origin never sees a later version of a value.
    models : sequence of str, optional
        Models of :func:`wqa.forecasts.forecasting.forecast` that need values only, and
        ``pooled_panel``: the pooled model given the other series of the frame, as known
        at the origin, as its panel.
    horizons : sequence of int, optional
        Years ahead to judge.
    min_train, max_train : int, optional
        Least number of observed years before an origin; longest training part.
    first_origin, last_origin : int, optional
        Range of origins.
    family : str, optional
        Kind of quantity of all series in the frame.
    lower, upper : float, optional
        Bounds.
    direction : {1, -1}, optional
        1 if higher is better; sets the side of the targets.
    target_steps : sequence of float, optional
        Targets are the last value plus direction x step x yearly change x sqrt(h).
        A target outside the bounds is left out.
    actual : {'latest', 'first'}, optional
        Judge against the newest or the first published version.
    levels : sequence of float, optional
        Levels of the intervals in percent.

    Returns
    -------
    Backtest
        Tidy frames of forecasts and of attainment cases.

    Raises
    ------
    ForecastError
        If a model, family or direction is unknown, or there is no origin to judge.

    Examples
    --------
    >>> import pandas as pd
    >>> f = pd.DataFrame({"series_id": "a", "year": range(2010, 2020), "value": range(80, 90)})
    >>> backtest(f, ["naive"], horizons=[1]).forecasts.n_points.tolist()
    [3, 4, 5, 6, 7, 8, 9]
    """
    import pandas as pd

    ahead = _checked_horizons(horizons)
    models = np.atleast_1d(np.asarray(models, dtype=object)).tolist()
    _check_choices(models, family, direction)
    bounds: dict[str, Any] = {"family": family, "lower": lower, "upper": upper}
    folds = make_folds(
        frame,
        horizon=max(ahead),
        min_train=min_train,
        max_train=max_train,
        first_origin=first_origin,
        last_origin=last_origin,
        actual=actual,
        **bounds,
    )
    if not folds:
        raise ForecastError(
            "there is no past origin to judge",
            where="frame",
            expected=f"a series with {min_train} values and a later one",
        )
    plan = _Plan(
        ahead,
        check_levels(levels),
        direction,
        tuple(number_vector(target_steps, "target_steps")),
        bounds,
    )
    parts = [_run(model, folds, plan, frame) for model in models]
    forecasts = pd.concat([p[0] for p in parts], ignore_index=True)
    judged = [p[1] for p in parts if len(p[1])]
    cases = pd.concat(judged, ignore_index=True) if judged else pd.DataFrame()
    return Backtest(forecasts, cases)


@dataclass(frozen=True)
class _Plan:
    horizons: tuple[int, ...]
    levels: tuple[float, ...]
    direction: int
    steps: tuple[float, ...]
    bounds: dict[str, Any]  # family, lower, upper

    @property
    def most(self) -> int:
        """Greatest number of years ahead."""
        return max(self.horizons)


def _checked_horizons(horizons: Sequence[int]) -> tuple[int, ...]:
    given = np.atleast_1d(np.asarray(horizons, dtype=object)).tolist()
    out = tuple(sorted({whole_number(h, "horizons") for h in given}))
    if not out or out[0] < 1 or out[-1] > MAX_HORIZON:
        raise ForecastError(
            "the horizons are out of range",
            where="horizons",
            got=out,
            expected=f"1 to {MAX_HORIZON}",
        )
    return out


def _check_choices(models: Sequence[str], family: str, direction: int) -> None:
    usable = [*(m for m in MODELS if m not in NEEDS_MORE), PANEL]
    for model in models:
        if model not in usable:
            raise ForecastError(
                "not a model that needs values only",
                where="models",
                got=model,
                expected=" or ".join(usable),
            )
    if family not in FAMILIES or direction not in (1, -1) or not models:
        raise ForecastError(
            "unknown family or direction, or no model",
            got=(family, direction, list(models)),
            expected="a family, 1 or -1, and at least one model",
        )


_Block = tuple["pd.DataFrame", "pd.DataFrame"]


def _run(model: str, folds: Sequence[Fold], plan: _Plan, frame: pd.DataFrame) -> _Block:
    """Judge one model on all folds; rows in the order of series and origin."""
    import pandas as pd

    blocks = []
    request = FoldRequest(model, plan.most, plan.bounds, frame)
    for part, answer, facts in fold_answers(request, folds):
        if isinstance(answer, ForecastError):
            blocks.append(_refused(part[0], plan, model, f"refused: {answer}"))
        else:
            blocks.append(_judge(part, answer, plan, model, facts))
    found = pd.concat([b[0] for b in blocks], ignore_index=True)
    # Refused forecasts are neither inside nor outside an interval.
    inside = [c for c in found.columns if c.startswith("in_")]
    found[inside] = found[inside].astype("boolean")
    keys = ["series_id", "origin", "h"]
    found = found.sort_values(keys, kind="stable", ignore_index=True)
    judged = [b[1] for b in blocks if len(b[1])]
    if not judged:
        return found, pd.DataFrame()
    cases = pd.concat(judged, ignore_index=True)
    return found, cases.sort_values([*keys, "step"], kind="stable", ignore_index=True)


def _judge(
    folds: Sequence[Fold],
    distribution: Distribution,
    plan: _Plan,
    model: str,
    facts: dict[str, Any],
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Compare the forecasts of some folds with what came; shapes (S, H) throughout."""
    import pandas as pd

    count, most = len(folds), plan.most
    shape = (count, most)
    actual = np.array([fold.actual[:most] for fold in folds])
    origin = np.array([[fold.train.origin] for fold in folds])
    h = np.arange(1, most + 1)
    scale = np.array([[scores.naive_scale(fold.train.readings)] for fold in folds])
    last = np.array([[fold.train.readings[-1]] for fold in folds])
    # A missing actual has no score; its row is dropped below.
    reading = np.where(np.isfinite(actual), actual, last)

    def grid(p: float) -> FloatArray:
        return distribution.quantile(p).reshape(shape)

    shown = summary(distribution, plan.levels, mean=True)
    columns: dict[str, Any] = {
        "series_id": np.array([[fold.series_id] for fold in folds], dtype=object),
        "cutoff": np.array([[fold.cutoff] for fold in folds], dtype=object),
        "model": model,
        "origin": origin,
        "year": origin + h,
        "h": h,
        **{name: found.reshape(shape) for name, found in shown.items()},
    }
    for level in plan.levels:
        low, high = columns[f"lo_{level:g}"], columns[f"hi_{level:g}"]
        columns[f"in_{level:g}"] = (actual >= low) & (actual <= high)
    below, until = distribution.below(reading), distribution.cdf(reading)
    columns |= facts
    columns |= {
        "n_points": np.array([[fold.train.n_points] for fold in folds]),
        "actual": actual,
        "error": actual - columns["median"],
        "scale": scale,
        "crps": scores.crps_quantiles([grid(float(p)) for p in CRPS_GRID], CRPS_GRID, reading),
        "pit": scores.pit(below.reshape(shape), until.reshape(shape)),
    }
    keep = np.isfinite(actual) & np.isin(h, plan.horizons)
    table = pd.DataFrame({k: np.broadcast_to(v, shape)[keep] for k, v in columns.items()})
    lowest, highest = resolve_bounds(**plan.bounds)
    cases = []
    for step in plan.steps:
        target = last + plan.direction * step * scale * np.sqrt(h)
        inside = keep & np.isfinite(target)
        inside &= (target >= lowest) & (target <= highest)
        goal = np.where(inside, target, last)
        up = plan.direction > 0
        p = 1.0 - distribution.below(goal) if up else distribution.cdf(goal)
        names = ("series_id", "cutoff", "model", "origin", "year", "h", "n_points")
        case = {k: columns[k] for k in names} | {
            "step": step,
            "target": goal,
            "comparator": ">=" if up else "<=",
            "p_attain": np.clip(p, 0.0, 1.0).reshape(shape),
            "hit": (actual >= goal) if up else (actual <= goal),
        }
        cases.append(pd.DataFrame({k: np.broadcast_to(v, shape)[inside] for k, v in case.items()}))
    return table, pd.concat(cases, ignore_index=True) if cases else pd.DataFrame()


def _refused(fold: Fold, plan: _Plan, model: str, reason: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rows of a model that gave no answer: visible, without scores."""
    import pandas as pd

    h = np.array([k for k in plan.horizons if np.isfinite(fold.actual[k - 1])], dtype=int)
    rows = pd.DataFrame(
        {
            "series_id": fold.series_id,
            "cutoff": fold.cutoff,
            "model": model,
            "origin": fold.train.origin,
            "year": fold.train.origin + h,
            "h": h,
            "fallback": reason,
            "n_points": fold.train.n_points,
            "actual": fold.actual[h - 1],
            "scale": scores.naive_scale(fold.train.readings),
        }
    )
    return rows, pd.DataFrame()
