"""Few points, other regions, whole numbers, length: what the forecasts of a plan rest on.

The panel of regions holds one indicator for up to 60 entities and, where there is one, the
nation. Indicators that the priors were learned on are left out, so nothing here was seen.
They have no declared direction: attaining is judged on both sides.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cases as bench
import numpy as np
import pandas as pd
from learn_prior import Array

import wqa
from wqa.forecasts import scores

AHEAD, KNOWN = 5, 4  # target year, and last year known of the others, counted from the origin
FEW = 10  # other regions beside "all"
FLAT = 3  # equal values in a row
LENGTHS = (9, 14, 20, 30, 40)
# Targets on the good side and below it, whichever side is good.
STEPS = np.array(bench.TARGET_STEPS)[:, None] * np.sqrt(AHEAD)
FORMATS = {"Brier": ".4f", "error": ".4f", "base rate": ".4f", "cal": ".1f", "cov80": ".0f"}
CASE = ["indicator", "group", "entity", "origin", "last", "actual", "usual"]


def panels(folder: Path) -> Iterator[tuple[str, str, pd.DataFrame, set[str]]]:
    """Yield name, group (source and kind), entities by year, and nations of each indicator."""
    frame = pd.read_parquet(folder / "panel_regions.parquet")
    meta = pd.read_csv(folder / "panel_meta.csv")
    learned = set(meta["source"] + "|" + meta["indicator"].str.lower())
    for name, rows in frame.astype({"indicator": str, "entity": str}).groupby("indicator"):
        rows = rows[rows["value"].between(0, 100 if rows["kind"].iloc[0] == "pct" else np.inf)]
        if name.lower() not in learned:
            group = f"{rows['source_class'].iloc[0]} {rows['kind'].iloc[0]}"
            table = rows.pivot_table("value", "entity", "year").astype(float)
            years = range(table.columns.min(), table.columns.max() + 1)
            nations = set(rows["entity"][rows["is_nation"]])
            yield str(name), group, table.reindex(columns=years).round(6), nations


def origins(table: pd.DataFrame) -> list[int]:
    """Find the last two origins, windows not overlapping, where enough entities have all years."""
    found: list[int] = []
    for year in table.columns[:-AHEAD][::-1]:
        whole = table[[year, year + KNOWN, year + AHEAD]].notna().all(axis=1).sum()
        if whole > FEW and (not found or year + AHEAD <= found[-1]):
            found.append(int(year))
    return found[:2]


def one_point_cases(folder: Path, most: int) -> pd.DataFrame:
    """Cases known at their origin only, evenly spaced entities of every indicator."""
    rows = []
    for name, group, table, nations in panels(folder):
        for origin in origins(table):
            usual = scores.naive_scale(table.loc[:, :origin].to_numpy())
            last, actual = table[origin].to_numpy(), table[origin + AHEAD].to_numpy()
            good = (last > 0) & np.isfinite(actual) & (usual > 0) & ~table.index.isin(nations)
            able = np.flatnonzero(good)
            for i in able[:: max(1, able.size // most)][:most]:
                rows.append((name, group, table.index[i], origin, last[i], actual[i], usual[i]))
    return pd.DataFrame(rows, columns=CASE)


def stated(fit: Any, part: pd.DataFrame) -> tuple[Array, Array]:
    """Probabilities and outcomes of the targets on both sides, (targets, N)."""
    last, actual, usual = (part[name].to_numpy(float) for name in CASE[-3:])
    goals = [(goal, up) for up in (1.0, -1.0) for goal in last + STEPS * up * usual]
    p = [bench.attain(fit, goal, AHEAD, up) for goal, up in goals]
    hit = [(actual - goal) * up >= -1e-9 for goal, up in goals]
    return np.clip(p, 0.0, 1.0), np.array(hit, dtype=float)


def with_error(values: Array, groups: Any) -> tuple[float, float]:
    """Mean and its standard error over whole groups."""
    mean, low, high = scores.bootstrap_difference(values, groups)
    return mean, (high - low) / 3.92


def one_point_table(folder: Path) -> str:
    """Brier score, calibration and coverage five years after one value."""
    rows = []
    for group, part in one_point_cases(folder, 12).groupby("group"):
        family = str(group).split()[-1].replace("pct", "percent")
        fit = bench.fit(part["last"].to_numpy()[:, None], AHEAD, family)
        p, hit = stated(fit, part)
        brier = with_error(((p - hit) ** 2).mean(axis=0), part["indicator"])
        base, cal = hit.mean(axis=1, keepdims=True), scores.calibration_error(p, hit)
        low, high = (fit.quantile(q)[:, AHEAD - 1] for q in (0.1, 0.9))
        cells = *brier, (base * (1 - base)).mean(), cal, scores.coverage(part["actual"], low, high)
        rows.append((group, len(part), part["indicator"].nunique(), *cells))
    heads = ("one value known", "cases", "indicators", "Brier", "error", "base rate", "cal")
    return bench.markdown((*heads, "cov80"), rows, FORMATS)


def later_table(folder: Path) -> str:
    """Change of the Brier score when others are known to the year before the target."""
    tables = {name: (table, nations) for name, _, table, nations in panels(folder)}
    rows = []
    for group, part in one_point_cases(folder, 2).groupby("group"):
        for size in ("nation only", f"{FEW} others", "all others"):
            found = [(c, _later(c, *tables[c.indicator], size)) for c in part.itertuples()]
            found = [(c.indicator, *answer) for c, answer in found if answer]
            if found:
                names, alone, told, held = (np.array(column) for column in zip(*found, strict=True))
                change = 100.0 * np.array(with_error(told - alone, names)) / alone.mean()
                rows.append((group, size, len(names), *change, 100.0 * held.mean()))
    heads = ("others known to the fourth year", "which", "cases", "Brier, change in %", "error")
    return bench.markdown((*heads, "cov80"), rows, FORMATS | dict.fromkeys(heads[-2:], "+.1f"))


def _later(case: Any, table: pd.DataFrame, nations: set[str], size: str) -> tuple[float, ...]:
    """Brier score of one case without and with the others, and whether 80 % held; () if none."""
    chosen = table.index.isin(nations) == (size == "nation only")
    names = table.index[chosen & (table.index != case.entity)]
    if size[0].isdigit():
        names = names[:: max(1, len(names) // FEW)][:FEW]
    panel = table.loc[names, : case.origin + KNOWN].rename_axis("series_id").reset_index()
    panel = panel.melt("series_id", var_name="year").dropna()
    if panel.empty:
        return ()
    family = case.group.split()[-1].replace("pct", "percent")
    request = {"family": family, "target_year": case.origin + AHEAD}
    part, known = pd.DataFrame([case]), ([case.last], [case.origin])
    made = [wqa.forecast(*known, panel=others, **request) for others in (None, panel)]
    brier = [scores.brier(*stated(one.distribution, part)) for one in made]
    limits = made[1].quantile(0.1), made[1].quantile(0.9)
    return (*brier, float(scores.inside(case.actual, *limits)))


def flat_table(folder: Path) -> str:
    """Coverage after three equal values in a row, inside the bounds."""
    rows = []
    for name, group, table, _ in panels(folder):
        for one in table.to_numpy() if group.endswith("pct") else ():
            whole = bool(np.nanmax(np.abs(one - np.round(one))) == 0)
            padded = np.pad(one, (0, AHEAD), constant_values=np.nan)
            # A series that hardly ever moves says nothing about those that stood still.
            for at in range(FLAT, one.size) if np.mean(np.diff(one) != 0) > 0.5 else ():
                past, later = padded[at - FLAT : at], padded[at : at + AHEAD]
                if np.ptp(past) == 0 and 0 < past[0] < 100 and np.isfinite(later).any():
                    rows.append((name, whole, past, later))
    names, whole, past, later = (np.array(column) for column in zip(*rows, strict=True))
    fit = bench.fit(past, AHEAD, "percent")
    held = 100.0 * scores.inside(later, fit.quantile(0.1), fit.quantile(0.9))
    held = np.where(np.isfinite(later), held, np.nan)
    out = []
    for title, mask in (("all", whole | True), ("whole numbers", whole), ("others", ~whole)):
        by_name = pd.DataFrame(held[mask]).groupby(names[mask]).mean().mean(axis=1)
        means = np.nanmean(held[mask]), by_name.mean(), *np.nanmean(held[mask], axis=0)
        out.append((title, mask.sum(), by_name.size, *means))
    shares = "cov80", "mean of indicators", *(f"year {h}" for h in range(1, AHEAD + 1))
    heads = ("three equal values", "windows", "indicators", *shares)
    return bench.markdown(heads, out, dict.fromkeys(shares, ".0f"))


def length_table(found: dict[str, tuple[bench.Cases, Array]]) -> str:
    """Slopes in usual yearly changes by training length, from quantiles of the competitions."""
    parts = []
    for cases, quantiles in found.values():
        last, median = cases.past[:, -1:], quantiles[len(bench.LEVELS) // 2]
        slopes = [(x - last)[:, -1] / x.shape[1] / cases.scale for x in (median, cases.future)]
        error = np.abs(median - cases.future).mean(axis=1) / cases.scale
        parts.append(np.array([np.isfinite(cases.past).sum(axis=1), *slopes, error]).T)
    names = ["points", "slope forecast", "slope that came", "MASE"]
    every = pd.DataFrame(np.concatenate(parts), columns=names)
    groups = every.groupby(pd.cut(every.pop("points"), LENGTHS), observed=True)
    means = groups.mean().assign(series=groups.size()).round(2)
    return bench.markdown(("training points", *means), means.itertuples(), {})


def leaderboard(folder: Path, found: dict[str, tuple[bench.Cases, Array]]) -> str:
    """MASE and weighted quantile loss beside the published ones on the same series."""
    every, rows = pd.read_csv(folder / "fev_yearly.csv").sort_values("WQL"), []
    for name, (cases, quantiles) in found.items():
        mase = bench.score(cases, quantiles, np.empty(0))["MASE"]
        rows.append((name, "wqa pooled", mase, bench.weighted_loss(cases, quantiles), ""))
        here = every[every["dataset"] == f"monash_{name.lower()}_yearly"]
        shown = here[["model", "MASE", "WQL", "trained_on_this_dataset"]].itertuples(index=False)
        rows += [(name, *cells) for cells in shown]
    heads = ("data", "model", "MASE", "WQL", "trained on it")
    return bench.markdown(heads, rows, {"MASE": ".3f", "WQL": ".4f"})
