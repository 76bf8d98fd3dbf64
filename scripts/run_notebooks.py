"""Run the chapter notebooks with their default parameters and store what nbval compares.

Of what a cell shows its text is stored, nothing else. Nothing is written for a notebook that fails.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import nbformat
from check_notebooks import strip
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

ROOT = Path(__file__).resolve().parents[1]
SECONDS_PER_CELL = 300


def run(path: Path) -> str:
    """Run one notebook in its folder and store it; return an error line or an empty text."""
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook,
        timeout=SECONDS_PER_CELL,
        kernel_name="python3",
        resources={"metadata": {"path": str(path.parent)}},
    )
    try:
        client.execute()
    except CellExecutionError as error:
        return f"{path.name}: {error.ename}: {error.evalue}"
    strip(notebook)
    nbformat.write(notebook, path)
    return ""


def main(arguments: list[str] | None = None) -> int:
    """Run the named notebooks, or all; return 1 if one failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("notebooks", nargs="*", help="file names or their beginnings, e.g. 10_")
    names = parser.parse_args(arguments).notebooks
    paths = [
        path
        for path in sorted((ROOT / "notebooks").glob("*.ipynb"))
        if not names or any(path.name.startswith(Path(name).name) for name in names)
    ]
    failed = []
    for path in paths:
        problem = run(path)
        print(problem or f"{path.name}: stored", flush=True)
        failed += [problem] if problem else []
    if not paths:
        print("No notebook has this name.")
    return 1 if failed or not paths else 0


if __name__ == "__main__":
    sys.exit(main())
