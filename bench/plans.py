"""Five-year plans two years in: probability of attainment against official labels.

A plan is drawn on each real series: six years of history end in the base year, the
target is the past yearly change (all of it, or half) plus noise, carried five years in
the good direction. After two years the official labels read base, value and target; the
probability reads the eight values known by then. Each label method is given the best
possible recalibration: every class says the frequency with which it came true in this
very sample.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cases
import learn_prior
import numpy as np
import pandas as pd

from wqa.assessment.labels import official_labels
from wqa.forecasts import scores

HISTORY, KNOWN, LENGTH = 6, 2, 5
AMBITIONS = (1.0, 0.5)
PLAN = ("family", "half", "sign", "past", "target", "hit")
FAMILIES = ("percent", "rate", "positive")


def draw(panel: Path, family: str, rng: np.random.Generator) -> Iterator[tuple[Any, ...]]:
    """Up to two plans per series and ambition."""
    meta = pd.read_csv(panel / "panel_meta.csv").set_index("series_id")["direction"]
    for name, known, later in cases.blocks(panel, family, HISTORY, LENGTH):
        base, changes = known[-1], np.diff(known[-HISTORY:])
        mean, spread = changes.mean(), changes.std(ddof=1)
        sign = float(meta[name]) if family != "positive" else float(np.sign(mean) or 1.0)
        past, half = np.concatenate([known[-HISTORY:], later[:KNOWN]]), learn_prior.half_of(name)
        for ambition in AMBITIONS:
            noise = rng.normal() * 0.5 * max(abs(mean), spread)
            target = base + sign * abs(LENGTH * (ambition * mean + noise))
            inside = 0.0 < target < (100.0 if family == "percent" else np.inf)
            if base > 0 and inside and abs(target / base - 1.0) >= 0.01:
                hit = float((later[-1] - target) * sign >= 0)
                yield family, half, sign, past, target, hit


def labels_of(plan: Any) -> dict[str, str]:
    """Label of each official method two years into the plan."""
    years = range(2000 - HISTORY + 1, 2000 + KNOWN + 1)
    frame = official_labels(
        plan.past[HISTORY - 1], 2000, plan.past[-1], 2000 + KNOWN, plan.target, 2000 + LENGTH,
        "higher_better" if plan.sign > 0 else "lower_better",
        (0.0, 100.0) if plan.family == "percent" else (0.0, None),
        dict(zip(years, map(float, plan.past), strict=True)),
    )  # fmt: skip
    return dict(zip(frame["method"], frame["label"].fillna("none"), strict=True))


def table(panel: Path, priors: cases.Priors) -> str:
    """Brier score of the probability against each recalibrated label."""
    rng = np.random.default_rng(0)
    drawn = (plan for family in FAMILIES for plan in draw(panel, family, rng))
    plans = pd.DataFrame(drawn, columns=PLAN)
    for (family, half), part in plans.groupby(["family", "half"]):
        past = np.stack(part["past"].to_list())
        fit = cases.fit(past, LENGTH - KNOWN, str(family), priors[str(family)][1 - half])
        goal, sign = part["target"].to_numpy(), part["sign"].to_numpy()
        plans.loc[part.index, "p"] = cases.attain(fit, goal, LENGTH - KNOWN, sign)
    labels = pd.DataFrame([labels_of(plan) for plan in plans.itertuples()])

    def hindsight(label: Any, part: pd.DataFrame) -> float:
        """Brier score of labels that say the frequency with which each came true."""
        return scores.brier(part["hit"].groupby(label).transform("mean"), part["hit"])

    mine = scores.brier(plans["p"], plans["hit"])
    found = sorted((hindsight(labels[m], plans), f"label {m}, in hindsight") for m in labels)
    found.append((hindsight(np.zeros(len(plans)), plans), "base rate known in hindsight"))
    rows = [("P(attain), wqa pooled", mine, "")]
    rows += [(name, brier, f"{1 - mine / brier:.1%}") for brier, name in found]
    for family, part in plans.groupby("family"):
        best, name = min((hindsight(labels.loc[part.index, m], part), m) for m in labels)
        own = scores.brier(part["p"], part["hit"])
        text = f"{family} only: wqa {own:.4f} against best label {name}"
        rows.append((text, best, f"{1 - own / best:.1%}"))
    cal = scores.calibration_error(plans["p"], plans["hit"])
    head = f"{len(plans)} plans, {plans['hit'].mean():.0%} came true; calibration error {cal:.1f}."
    body = cases.markdown(("judged by", "Brier", "wqa is lower by"), rows)
    return f"### Five-year plans, two years in\n\n{head}\n\n{body}"
