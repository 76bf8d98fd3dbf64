"""What a backtest shows: accuracy, coverage, calibration, and which model to use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from wqa.errors import DataError
from wqa.forecasts import scores

if TYPE_CHECKING:
    import pandas as pd

    from wqa.forecasts.backtesting import Backtest

LENGTH_EDGES = (0, 3, 6, 10, 15, 1_000)
LENGTH_NAMES = ("1-3", "4-6", "7-10", "11-15", "16+")
# Series that hardly move make scaled scores explode; a cap keeps one of them from ruling a mean.
SCALED_CAP = 1_000.0
MEASURES = ("ase", "crps_scaled", "interval_score_scaled", "absolute_error", "crps")


def scored(forecasts: pd.DataFrame, level: float = 95.0) -> pd.DataFrame:
    """Add scores per forecast to the frame of a backtest.

    Parameters
    ----------
    forecasts : pandas.DataFrame
        ``Backtest.forecasts``.
    level : float, optional
        Level of the interval score in percent; its limits must be in the frame.

    Returns
    -------
    pandas.DataFrame
        With ase, crps_scaled and interval_score_scaled (over the naive scale, capped at
        1,000, NaN where the scale is 0), absolute_error, smape and length (class of
        n_points). Refused forecasts are left out.

    Raises
    ------
    DataError
        If the interval of that level is not in the frame.
    """
    import pandas as pd

    low, high = f"lo_{level:g}", f"hi_{level:g}"
    if low not in forecasts.columns:
        raise DataError("the interval is not in the backtest", where="level", got=level)
    out = forecasts[forecasts["median"].notna()].copy()
    y, point = out["actual"].to_numpy(float), out["median"].to_numpy(float)
    scale = np.where(out["scale"] > 0, out["scale"], np.nan)
    interval = scores.interval_score(y, out[low], out[high], level)
    out["absolute_error"] = np.abs(y - point)
    for name, value in (
        ("ase", out["absolute_error"].to_numpy()),
        ("crps_scaled", out["crps"].to_numpy(float)),
        ("interval_score_scaled", interval),
    ):
        out[name] = np.minimum(value / scale, SCALED_CAP)
    total = np.abs(y) + np.abs(point)
    share = np.abs(y - point) / np.where(total > 0, total, 1.0)
    out["smape"] = np.where(total > 0, 200.0 * share, 0.0)
    out["length"] = pd.cut(out["n_points"], LENGTH_EDGES, labels=LENGTH_NAMES).astype(str)
    return out


def summarise_backtest(
    result: Backtest, by: Sequence[str] = ("model",), reference: str = "naive"
) -> pd.DataFrame:
    """Accuracy, coverage and skill of a backtest, by any of its columns.

    Parameters
    ----------
    result : Backtest
        Result of :func:`wqa.forecasts.backtesting.backtest`.
    by : sequence of str, optional
        Grouping: model, h, length (class of training points), origin, series_id ...
    reference : str, optional
        Model against which skill is computed within each group.

    Returns
    -------
    pandas.DataFrame
        One row per group: n, n_series, n_refused, mase, smape, msis_95, crps,
        crps_scaled, coverage and mean scaled width per level, and skill (1 - MASE over
        that of the reference, NaN where it is not in the backtest).

    Raises
    ------
    DataError
        If a grouping column is not there.
    """
    import pandas as pd

    table = scored(result.forecasts)
    keys = list(by)
    unknown = [k for k in keys if k not in table.columns]
    if unknown:
        raise DataError(
            "unknown grouping", where="by", got=unknown, expected="columns of the frame"
        )
    levels = [c[3:] for c in table.columns if c.startswith("in_")]
    rows = []
    for key, part in table.groupby(keys, sort=True):
        row = dict(zip(keys, key if isinstance(key, tuple) else (key,), strict=True))
        row |= {
            "n": len(part),
            "n_series": part["series_id"].nunique(),
            "mase": part["ase"].mean(),
            "smape": part["smape"].mean(),
            "msis_95": part["interval_score_scaled"].mean(),
            "crps": part["crps"].mean(),
            "crps_scaled": part["crps_scaled"].mean(),
        }
        scale = np.where(part["scale"] > 0, part["scale"], np.nan)
        for level in levels:
            span = (part[f"hi_{level}"] - part[f"lo_{level}"]).to_numpy(float)
            row[f"coverage_{level}"] = 100.0 * float(part[f"in_{level}"].mean())
            row[f"width_{level}"] = float(np.nanmedian(span / scale)) if len(part) else np.nan
        rows.append(row)
    out = pd.DataFrame(rows)
    return _with_skill(out, keys, reference)


def _with_skill(table: pd.DataFrame, keys: list[str], reference: str) -> pd.DataFrame:
    if "model" not in keys:
        return table
    others = [k for k in keys if k != "model"]
    base = table.loc[table["model"] == reference, [*others, "mase"]]
    if base.empty:
        return table.assign(skill=np.nan)
    if not others:
        return table.assign(skill=1.0 - table["mase"] / float(base["mase"].iloc[0]))
    wide = table.merge(base.rename(columns={"mase": "_base"}), on=others, how="left")
    return table.assign(skill=(1.0 - wide["mase"] / wide["_base"]).to_numpy())


def refusals(result: Backtest) -> pd.DataFrame:
    """Count fallbacks and refusals, by model and reason.

    Parameters
    ----------
    result : Backtest
        Result of a backtest.

    Returns
    -------
    pandas.DataFrame
        Columns model, reason, n; reasons without their numbers of points.
    """
    rows = result.forecasts.loc[result.forecasts["fallback"] != "", ["model", "fallback"]]
    reason = rows["fallback"].str.replace(r"\d+", "#", regex=True)
    table = rows.assign(reason=reason).groupby(["model", "reason"]).size()
    return table.rename("n").reset_index()


def summarise_cases(
    cases: pd.DataFrame, by: Sequence[str] = ("model",), bins: int = 10
) -> pd.DataFrame:
    """Quality of the probabilities of attainment, by any column of the cases.

    Parameters
    ----------
    cases : pandas.DataFrame
        ``Backtest.cases``.
    by : sequence of str, optional
        Grouping columns.
    bins : int, optional
        Bins of the reliability.

    Returns
    -------
    pandas.DataFrame
        One row per group: n, n_series, base_rate, brier, reliability, resolution,
        uncertainty, within, log_score, calibration_error (points of 100) and
        skill_climatology (against the base rate known in hindsight).
    """
    import pandas as pd

    keys = list(by)
    rows = []
    for key, part in cases.groupby(keys, sort=True):
        row: dict[str, Any] = dict(
            zip(keys, key if isinstance(key, tuple) else (key,), strict=True)
        )
        p, hit = part["p_attain"].to_numpy(float), part["hit"].to_numpy(float)
        parts = scores.brier_parts(p, hit, bins)
        row |= {
            "n": len(part),
            "n_series": part["series_id"].nunique(),
            "base_rate": float(hit.mean()),
            "brier": parts.brier,
            "reliability": parts.reliability,
            "resolution": parts.resolution,
            "uncertainty": parts.uncertainty,
            "within": parts.within,
            "log_score": scores.log_score(p, hit),
            "calibration_error": scores.calibration_error(p, hit, bins),
            "skill_climatology": scores.skill(parts.brier, parts.uncertainty),
        }
        rows.append(row)
    return pd.DataFrame(rows)


def compare_models(
    result: Backtest,
    reference: str = "naive",
    measure: str = "ase",
    *,
    draws: int = 2_000,
    seed: int = 0,
) -> pd.DataFrame:
    """Differences to a reference model on the same forecasts, with bootstrap intervals.

    Parameters
    ----------
    result : Backtest
        Result of a backtest.
    reference : str, optional
        Model to compare with.
    measure : str, optional
        One of ase, crps_scaled, interval_score_scaled, absolute_error, crps.
    draws, seed : int, optional
        Bootstrap samples over series, and their seed.

    Returns
    -------
    pandas.DataFrame
        Columns model, reference, measure, n, n_series, mean, mean_reference, difference,
        lo_95, hi_95; lower is better, so a negative difference favours the model.

    Raises
    ------
    DataError
        If the reference or the measure is not there.
    """
    import pandas as pd

    if measure not in MEASURES:
        raise DataError("unknown measure", got=measure, expected=" or ".join(MEASURES))
    table = scored(result.forecasts)
    keys = ["series_id", "cutoff", "origin", "h"]
    base = table.loc[table["model"] == reference, [*keys, measure]]
    if base.empty:
        raise DataError("the reference is not in the backtest", where="reference", got=reference)
    rows = []
    for model, part in table[table["model"] != reference].groupby("model", sort=True):
        both = part[[*keys, measure]].merge(base, on=keys, suffixes=("", "_ref")).dropna()
        if both.empty:
            continue
        gap, low, high = scores.bootstrap_difference(
            both[measure], both[f"{measure}_ref"], both["series_id"], draws=draws, seed=seed
        )
        rows.append(
            {
                "model": model,
                "reference": reference,
                "measure": measure,
                "n": len(both),
                "n_series": both["series_id"].nunique(),
                "mean": both[measure].mean(),
                "mean_reference": both[f"{measure}_ref"].mean(),
                "difference": gap,
                "lo_95": low,
                "hi_95": high,
            }
        )
    return pd.DataFrame(rows)


@dataclass(frozen=True)
class Choice:
    """A model chosen by backtest evidence.

    Parameters
    ----------
    model : str
        The choice.
    reason : str
        Why, in one sentence.
    evidence : pandas.DataFrame
        Differences to the default model with their intervals.
    """

    model: str
    reason: str
    evidence: pd.DataFrame


def choose_model(
    result: Backtest,
    default: str = "pooled",
    measure: str = "crps_scaled",
    *,
    draws: int = 2_000,
    seed: int = 0,
) -> Choice:
    """Choose a model: the default, unless another is better beyond chance.

    Parameters
    ----------
    result : Backtest
        Result of a backtest that includes the default.
    default : str, optional
        Model to keep without evidence against it.
    measure : str, optional
        Score to compare, see :func:`compare_models`.
    draws, seed : int, optional
        Bootstrap samples over series, and their seed.

    Returns
    -------
    Choice
        The model whose whole 95 % interval of the difference lies below 0 and whose
        mean is lowest; else the default. With the evidence.

    Raises
    ------
    DataError
        If the default is not in the backtest.
    """
    evidence = compare_models(result, default, measure, draws=draws, seed=seed)
    if evidence.empty:
        return Choice(default, f"{default} is the only model in the backtest", evidence)
    better = evidence[evidence["hi_95"] < 0].sort_values("mean")
    if better.empty:
        return Choice(
            default,
            f"no other model beats {default} on {measure} beyond chance "
            f"({int(evidence['n_series'].max())} series)",
            evidence,
        )
    best = better.iloc[0]
    return Choice(
        str(best["model"]),
        f"{best['model']} beats {default} on {measure}: {best['difference']:.3g} "
        f"[{best['lo_95']:.3g}, {best['hi_95']:.3g}]",
        evidence,
    )
