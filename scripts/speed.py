"""Time a build of one language against the same notebooks by the usual tools, one after another.

The usual way: each notebook by the papermill command, then nbconvert to HTML and Pandoc to Word.
Both ways take turns in one run, nothing is kept between them, and their medians are compared.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pypandoc

from wqa.publication.outline import load_chapters

ROOT = Path(__file__).resolve().parents[1]
BOOKS = [ROOT / "notebooks" / f"{entry.id}.ipynb" for entry in load_chapters()]


def run(*command: object) -> None:
    """Run a command in the project; it says nothing unless it fails."""
    environment = {**os.environ, "WQA_ROOT": str(ROOT), "PYTHONPATH": str(ROOT)}
    words = list(map(str, command))
    subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, check=True)


def build(folder: Path) -> None:
    """Build the paper."""
    run(sys.executable, "-m", "wqa", "build", "--lang", "zh", "--out", folder)


def usual(folder: Path) -> None:
    """Run the same notebooks and convert them by the usual tools."""
    for book in BOOKS:
        run(sys.executable, "-m", "papermill", book, folder / book.name, "-p", "lang", "zh")
    done = sorted(folder.glob("*.ipynb"))
    run(sys.executable, "-m", "nbconvert", "--to", "html", *done)
    # Pandoc's own reader of notebooks takes minutes for the data that the cells carry.
    for page in sorted(folder.glob("*.html")):
        run(pypandoc.get_pandoc_path(), page, "-o", page.with_suffix(".docx"))


def seconds(way: Callable[[Path], None]) -> float:
    """Return how long one way takes."""
    with tempfile.TemporaryDirectory() as folder:
        start = time.monotonic()
        way(Path(folder))
        return time.monotonic() - start


def main() -> None:
    """Take turns and tell the medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    rounds = [(seconds(build), seconds(usual)) for _ in range(given.rounds)]
    ours, theirs = map(statistics.median, zip(*rounds, strict=True))
    found = {"build": round(ours, 1), "usual": round(theirs, 1), "ratio": round(ours / theirs, 2)}
    text = ", ".join(f"{name} {value}" for name, value in found.items())
    print(json.dumps({**found, "rounds": rounds}) if given.json else text)


if __name__ == "__main__":
    main()
