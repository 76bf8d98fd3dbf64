"""Write the golden vectors of the Open SDG rule from the reference implementation.

Needs the package `sdg` of the open-sdg/sdg-build repository (installed from its
repository; it is on no package index) and runs its own code on random inputs:

    python tests/golden/open_sdg_vectors.py

The committed file was not made by the package itself, which could not be installed
then, but by a transcription by hand of ``sdg/ProgressMeasure.py`` as of commit
139fede74ba534d2ed8b9eee4cd878b41f54cb67. Where the package is installed, this script writes
the file anew by its own code, and Git shows what differs. The package `SDG` of the public
index is another project.
"""

from __future__ import annotations

import random
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd

COLUMNS = [
    "base", "base_year", "value", "year", "target", "target_year", "positive", "limit",
    "status", "progress",
]  # fmt: skip
GOLDEN = Path(__file__).with_name("open_sdg.csv")


def random_case(rng: random.Random) -> dict[str, Any]:
    """Draw one input, with the awkward corners (zeros, equal values, signs) frequent."""
    sign = -1 if rng.random() < 0.1 else 1
    scale = 10 ** rng.uniform(-2, 4)

    def number() -> float:
        if rng.random() < 0.06:
            return 0.0
        flip = -1 if rng.random() < 0.04 else 1
        return flip * sign * float(f"{scale * rng.uniform(0.5, 1.5):.4g}")

    base, target = number(), number()
    value = base if rng.random() < 0.05 else number()
    target = base if rng.random() < 0.05 else target
    value = target if rng.random() < 0.05 else value
    base_year = rng.randint(2010, 2022)
    year = base_year + rng.choice([0, 1, 1, 2, 2, 3, 4, 5, 8])
    without = rng.random() < 0.35
    return {
        "base": base,
        "base_year": base_year,
        "value": base if year == base_year else value,
        "year": year,
        "target": None if without else target,
        "target_year": base_year + rng.choice([3, 5, 10, 15]),
        "positive": rng.random() < 0.5,
        "limit": abs(rng.choice([100.0, base, 0.0, 2 * base])) if rng.random() < 0.5 else None,
    }


def reference(case: dict[str, Any]) -> tuple[str, float | None]:
    """Answer of the reference implementation: status and progress value."""
    from sdg.ProgressMeasure import SeriesProgress

    rows = {case["base_year"]: case["base"], case["year"]: case["value"]}
    options = SimpleNamespace(
        series_column="SERIES",
        unit_column="UNIT_MEASURE",
        progress_column="Progress",
        non_disaggregation_columns=["Year", "Value"],
        get_observation_attributes=list,
    )
    frame = pd.DataFrame({"Year": list(rows), "Value": list(rows.values())})
    indicator = SimpleNamespace(inid="1-1-1", data=frame, meta={}, options=options)
    config = {
        "base_year": case["base_year"],
        "target_year": case["target_year"],
        "direction": "positive" if case["positive"] else "negative",
        "target": case["target"],
        "limit": case["limit"],
    }
    try:
        series = SeriesProgress(indicator, config)
    except ZeroDivisionError:
        return "zero_division", None
    if isinstance(series.progress_value, complex):
        return "complex", None
    return series.status, series.progress_value


def main() -> None:
    """Write 1,500 vectors."""
    rng = random.Random(20251015)
    rows = []
    for _ in range(1500):
        case = random_case(rng)
        status, progress = reference(case)
        rows.append([*case.values(), status, progress])
    pd.DataFrame(rows, columns=COLUMNS).to_csv(GOLDEN, index=False, lineterminator="\n")
    print(f"{len(rows)} vectors written to {GOLDEN}")


if __name__ == "__main__":
    main()
