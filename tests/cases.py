"""Cases kept as data: the rows of a CSV file, for `pytest.mark.parametrize`."""

import csv
from pathlib import Path
from typing import Any

import pytest


def cases(file: str) -> Any:
    """Parametrise a test with the rows of a file in `tests`, its columns as arguments."""
    with (Path(__file__).parent / file).open(encoding="utf-8", newline="") as lines:
        head, *rows = csv.reader(lines)
    return pytest.mark.parametrize(head, rows)
