"""How often what was given a certain probability came true: nothing is printed finer than that."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any

from wqa.paths import PRIORS


@dataclass(frozen=True)
class ProbabilityClass:
    """Range in which a probability is printed, and the backtest of that range."""

    # `observed` is the share of targets that were met, over `n_cases` independent series; with
    # 0 cases no backtest speaks about such probabilities.

    low: float
    high: float
    observed: float | None = None
    n_cases: int = 0

    @property
    def cells(self) -> dict[str, Any]:
        """Cells of the columns that tell it."""
        return {"p_class_low": self.low, "p_class_high": self.high,
                "p_observed": self.observed, "n_cases": self.n_cases}  # fmt: skip


UNKNOWN = {"p_class_low": None, "p_class_high": None, "p_observed": None, "n_cases": None}


@cache
def _records() -> dict[tuple[str, str, int], list[ProbabilityClass]]:
    """Classes by family, what a target asks, and number of known years (`bench/record.py`)."""
    found: dict[tuple[str, str, int], list[ProbabilityClass]] = {}
    with (PRIORS / "record.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            low, high, observed = (float(row[key]) for key in ("p_from", "p_to", "observed"))
            made = ProbabilityClass(low, high, observed, int(row["cases"]))
            key = row["family"], row["scope"], int(row["points"])
            found.setdefault(key, []).append(made)
    return found


def recorded_class(family: str, scope: str, points: int, p: float) -> ProbabilityClass | None:
    """Class of a probability from so many known years; None where no backtest tells."""
    known = [n for name, asked, n in _records() if (name, asked) == (family, scope) and n <= points]
    if not known:
        return None
    return _holding(iter(_records()[family, scope, max(known)]), p)


def plain_class(p: float, limits: tuple[float, ...]) -> ProbabilityClass:
    """Class of a probability between limits in rising order."""
    ends = (0.0, *limits, 1.0)
    return _holding((ProbabilityClass(*pair) for pair in pairwise(ends)), p)


def _holding(classes: Iterator[ProbabilityClass], p: float) -> ProbabilityClass:
    """First class that holds a probability; the highest holds 1 too."""
    return next(one for one in classes if p < one.high or one.high == 1.0)
