"""What all tests share: the project folder, system programs, and the same conditions each run."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import hypothesis
import pytest

ROOT = Path(__file__).resolve().parents[1]
# Any one of the names will do; Debian and Ubuntu do not agree on the first.
PROGRAMS = {
    "chromium": ("chromium", "chromium-browser", "google-chrome"),
    "soffice": ("soffice", "libreoffice"),
    "pdftotext": ("pdftotext",),
    "pdftoppm": ("pdftoppm",),
}
MARKERS = {
    "needs_browser": ("chromium",),
    "needs_office": ("soffice",),
    "needs_pdf": ("pdftotext", "pdftoppm"),
}
# Begun first, so that they do not end alone; the other files are many and short.
LONGEST = ("test_real_edition.py", "test_mutation.py")

# Small matrices: the threads of one process only wait for those of the next. Set before numpy
# is loaded, which happens when the first test file is.
for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ.setdefault(name, "1")

# The same examples on every run: a failure in one place can be seen in another.
hypothesis.settings.register_profile("project", derandomize=True, deadline=None, database=None)
hypothesis.settings.load_profile("project")


def find_program(name: str) -> str:
    """Return the path of a program; skip the test, or fail where programs are required."""
    for candidate in PROGRAMS.get(name, (name,)):
        found = shutil.which(candidate)
        if found:
            return found
    message = f"the program {name} is not installed"
    if os.environ.get("WQA_REQUIRE_PROGRAMS") == "1":
        pytest.fail(f"{message}, and WQA_REQUIRE_PROGRAMS=1 allows no skipping", pytrace=False)
    pytest.skip(message)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: (*LONGEST, item.path.name).index(item.path.name))


def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker, programs in MARKERS.items():
        if item.get_closest_marker(marker):
            for name in programs:
                find_program(name)


@pytest.fixture(scope="session")
def needs_program() -> Callable[[str], str]:
    """Function from a program's name to its path; skips the test if it is not installed."""
    return find_program


@pytest.fixture(scope="session")
def root() -> Path:
    """Folder of the project."""
    return ROOT
