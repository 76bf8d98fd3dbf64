"""A stored number that differs by 0.1 must fail and be named; the untouched notebook passes."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

NUMBERS = (re.compile(r"\d+\.\d+"), re.compile(r"\b\d+\b"))
pytestmark = pytest.mark.slow


def chapters():
    folder = Path(__file__).resolve().parents[2] / "notebooks"
    return sorted(path.name for path in folder.glob("*.ipynb"))


def text_of(output):
    """Return the place of an output's text: a mapping and its key."""
    if output.output_type == "stream":
        return output, "text"
    return output.data, "text/plain"


def change_first_number(notebook):
    """Add 0.1 to the first stored number, best one with a point; whether there was one."""
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    outputs = [text_of(output) for cell in cells for output in cell.outputs]
    for number in NUMBERS:
        for place, key in outputs:
            text = place.get(key, "")
            found = number.search(text)
            if found:
                decimals = max(len(found.group().partition(".")[2]), 1)
                changed = f"{float(found.group()) + 0.1:.{decimals}f}"
                place[key] = text[: found.start()] + changed + text[found.end() :]
                return True
    return False


@pytest.fixture
def folder(tmp_path, root, monkeypatch):
    """Folder for a copy of a notebook; the project is found by name, not by place."""
    monkeypatch.setenv("WQA_ROOT", str(root))
    shutil.copy(root / "notebooks" / "conftest.py", tmp_path)
    return tmp_path


def compare(path, root):
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist"]
    command += ["-o", "addopts=", "-c", str(root / "pyproject.toml"), "--rootdir", str(path.parent)]
    command += ["--nbval", "--nbval-current-env", str(path)]
    command += ["--nbval-sanitize-with", str(root / "tests" / "notebooks" / "sanitize.cfg")]
    return subprocess.run(command, capture_output=True, text=True, cwd=path.parent)


def test_changed_number_fails(folder, root):
    name = "12_satisfaction.ipynb"
    copy = folder / name
    shutil.copy(root / "notebooks" / name, copy)
    right = compare(copy, root)
    assert right.returncode == 0, right.stdout

    notebook = nbformat.read(copy, as_version=4)
    assert change_first_number(notebook)
    nbformat.write(notebook, copy)
    wrong = compare(copy, root)
    assert wrong.returncode == 1, wrong.stdout
    assert "1 failed" in wrong.stdout
    assert re.search(r"Figures that differ -+\npublic_service_satisfaction, CN, 20", wrong.stdout)


def test_every_notebook_guards_a_number(root):
    names = chapters()
    assert names
    unguarded = [
        name
        for name in names
        if not change_first_number(nbformat.read(root / "notebooks" / name, as_version=4))
    ]
    assert unguarded == []
