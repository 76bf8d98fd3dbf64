"""Write statistics.csv: reference values from statsmodels and scipy, not from this project.

Run ``python tests/golden/statistics_vectors.py`` to rebuild the file. Sources:
statsmodels.stats.proportion.proportion_confint (Wilson),
scipy.stats.chi2 for the Garwood interval, scipy.stats.nbinom and poisson for the rest.
"""

from __future__ import annotations

import csv
from pathlib import Path

from scipy import stats
from statsmodels.stats.proportion import proportion_confint

PROPORTIONS = ((92, 100), (985, 1000), (213, 213), (0, 40), (3, 7), (68_200, 69_000))
EVENTS = ((0, 25.0), (1, 25.0), (3, 25.0), (3, 103.0), (20, 250.0))


def rows() -> list[tuple[str, str, float, float]]:
    """Reference values as (quantity, arguments, lower, upper)."""
    out: list[tuple[str, str, float, float]] = []
    for passed, n in PROPORTIONS:
        low, high = proportion_confint(passed, n, alpha=0.05, method="wilson")
        out.append(("wilson", f"{passed};{n}", 100 * float(low), 100 * float(high)))
    for y, e in EVENTS:
        low = stats.chi2.ppf(0.025, 2 * y) / 2 / e if y else 0.0
        out.append(("garwood", f"{y};{e}", float(low), stats.chi2.ppf(0.975, 2 * y + 2) / 2 / e))
    for e in (20, 25, 30, 40):
        # 3 deaths in 103 exposure units, Jeffreys prior: at most floor(.1 E) next year.
        p = float(stats.nbinom.cdf(e // 10, 3.5, 103 / (103 + e)))
        out.append(("deaths_3_in_103", str(e), p, p))
    for rate in (0.029, 0.29):
        # 250,000 devices: at most 2 deaths keep the rate at or below .1 per 10,000.
        p = float(stats.poisson.cdf(2, 25 * rate))
        out.append(("true_rate_at_25", str(rate), p, p))
    return out


if __name__ == "__main__":
    target = Path(__file__).with_name("statistics.csv")
    with target.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["quantity", "arguments", "lower", "upper"])
        writer.writerows((q, a, f"{low:.10g}", f"{high:.10g}") for q, a, low, high in rows())
