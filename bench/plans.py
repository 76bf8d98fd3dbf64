"""Five-year plans two years in: probability of attainment against official labels.

A plan is drawn on each real series: six years of history end in the base year, the
target is the past yearly change (all of it, or half) plus noise, carried five years in
the good direction. After two years the official labels read base, value and target; the
probability reads the eight values known by then. Each label method is given the best
possible recalibration: every class says the frequency with which it came true in this
very sample.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import learn_prior
import measures
import numpy as np
import pandas as pd
from measures import Array

from wqa.assessment.labels import official_labels
from wqa.forecasts import pooled

HISTORY, KNOWN, LENGTH = 6, 2, 5
AMBITIONS = (1.0, 0.5)
FAMILIES = ("percent", "rate", "positive")


def draw(panel: Path, family: str, rng: np.random.Generator) -> list[dict[str, Any]]:
    """Up to two plans per series and ambition."""
    found = []
    meta = pd.read_csv(panel / "panel_meta.csv").set_index("series_id")["direction"]
    for one in learn_prior.load_family(panel, family):
        for block in range(2):
            end = len(one.readings) - LENGTH * block
            if end < HISTORY + LENGTH:
                break
            v = one.readings[end - HISTORY - LENGTH : end]
            base = v[HISTORY - 1]
            changes = np.diff(v[:HISTORY])
            mean, spread = changes.mean(), changes.std(ddof=1)
            sign = float(meta[one.name]) if family != "positive" else float(np.sign(mean) or 1.0)
            for ambition in AMBITIONS:
                noise = rng.normal() * 0.5 * max(abs(mean), spread)
                target = base + sign * abs(LENGTH * (ambition * mean + noise))
                inside = 0.0 < target < (100.0 if family == "percent" else np.inf)
                if base <= 0 or not inside or abs(target / base - 1.0) < 0.01:
                    continue
                found.append(
                    {
                        "family": family, "half": learn_prior.half_of(one.name), "sign": sign,
                        "past": v[: HISTORY + KNOWN], "base": base, "target": target,
                        "value": v[HISTORY + KNOWN - 1], "hit": float((v[-1] - target) * sign >= 0),
                    }
                )  # fmt: skip
    return found


def chances(plans: list[dict[str, Any]], priors: dict[str, Any]) -> Array:
    """Probability of attaining each plan's target, with the prior of the other half."""
    out = np.empty(len(plans))
    for family in FAMILIES:
        for half in (0, 1):
            rows = [i for i, p in enumerate(plans) if p["family"] == family and p["half"] == half]
            past = np.array([plans[i]["past"] for i in rows])
            target = np.array([plans[i]["target"] for i in rows])
            sign = np.array([plans[i]["sign"] for i in rows])
            fit = pooled.predict(
                past, LENGTH - KNOWN, family=family, prior=priors[family][1 - half]
            )
            up = 1.0 - fit.cdf(target[:, None], strict=True)[:, -1]
            out[rows] = np.where(sign > 0, up, fit.cdf(target[:, None])[:, -1])
    return out


def labels_of(plan: dict[str, Any]) -> dict[str, str]:
    """Label of each official method two years into the plan."""
    years = range(-HISTORY + 1, KNOWN + 1)
    limits = (0.0, 100.0) if plan["family"] == "percent" else (0.0, None)
    frame = official_labels(
        plan["base"], 2000, plan["value"], 2000 + KNOWN, plan["target"], 2000 + LENGTH,
        "higher_better" if plan["sign"] > 0 else "lower_better", limits,
        {2000 + t: float(x) for t, x in zip(years, plan["past"], strict=True)},
    )  # fmt: skip
    return {str(m): str(x) for m, x in zip(frame["method"], frame["label"], strict=True)}


def table(panel: Path, priors: dict[str, Any]) -> str:
    """Brier score of the probability against each recalibrated label."""
    rng = np.random.default_rng(0)
    plans = [p for family in FAMILIES for p in draw(panel, family, rng)]
    hit = np.array([p["hit"] for p in plans])
    chance = chances(plans, priors)
    mine = measures.brier(chance, hit)
    marked = pd.DataFrame([labels_of(p) for p in plans])
    rows = []
    for method in marked:
        by = pd.Series(hit).groupby(marked[method].fillna("none"))
        rows.append((str(method), measures.brier(by.transform("mean").to_numpy(), hit)))
    rows.sort(key=lambda r: r[1])
    lines = ["### Five-year plans, two years in", ""]
    lines.append(
        f"{len(plans)} plans on the panels and competitions; {hit.mean():.0%} were attained; "
        f"calibration error of the probability "
        f"{measures.calibration_error(chance, hit):.1f} points."
    )
    lines += ["", "| judged by | Brier | wqa is lower by |", "|---|---:|---:|"]
    lines.append(f"| P(attain), wqa pooled | {mine:.4f} | |")
    for name, score in rows:
        lines.append(
            f"| label {name}, recalibrated in hindsight | {score:.4f} | {1 - mine / score:.1%} |"
        )
    base = measures.brier(np.full(len(hit), hit.mean()), hit)
    lines.append(f"| base rate known in hindsight | {base:.4f} | {1 - mine / base:.1%} |")
    for family in FAMILIES:
        mask = np.array([p["family"] == family for p in plans])
        best = min(
            (
                measures.brier(
                    pd.Series(hit[mask])
                    .groupby(marked.loc[mask, m].fillna("none").to_numpy())
                    .transform("mean")
                    .to_numpy(),
                    hit[mask],
                ),
                str(m),
            )
            for m in marked
        )
        own = measures.brier(chance[mask], hit[mask])
        lines.append(
            f"| {family} only: wqa {own:.4f} against best label {best[1]} | {best[0]:.4f} "
            f"| {1 - own / best[0]:.1%} |"
        )
    print(lines[-1], flush=True)
    return "\n".join(lines)
