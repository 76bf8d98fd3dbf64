"""Write the golden verdict table of the Wuhan plan and print what changed.

    python tests/golden/update_verdicts.py

The table holds what was judged from figures published until the date below;
probabilities only where a verdict rests on them.
"""

from __future__ import annotations

import difflib
from pathlib import Path

import pandas as pd

from wqa.assessment.attainment import assess

AS_OF = "2025-12-31"
GOLDEN = Path(__file__).with_name("verdicts_wuhan_14fyp.csv")
COLUMNS = [
    "target_id", "verdict", "reason_code", "level", "level_year", "level_qualifier", "scope",
    "n_points", "gap", "progress", "progress_kind", "needed_per_year", "p_attain",
    "evidence_class", "conflict_ids", "source_ids",
]  # fmt: skip


def verdicts() -> pd.DataFrame:
    """Verdict table as it is compared with the golden one."""
    table = assess("wuhan-14fyp", as_of=AS_OF, edition=2025)[COLUMNS].copy()
    table.loc[table["evidence_class"] == "prior_only", "p_attain"] = float("nan")
    return table


def as_text(table: pd.DataFrame) -> str:
    """CSV text with the rounding of the golden file."""
    return table.to_csv(index=False, float_format="%.4g", lineterminator="\n")


def main() -> None:
    """Rewrite the golden file."""
    before = GOLDEN.read_text(encoding="utf-8") if GOLDEN.exists() else ""
    after = as_text(verdicts())
    for line in difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=0):
        print(line)
    GOLDEN.write_text(after, encoding="utf-8")


if __name__ == "__main__":
    main()
