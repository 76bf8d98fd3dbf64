"""Where things are: package data, and the folders of a project.

Imports nothing from the package but the errors. Inside the library no other
module composes a path to a project folder.
"""

from __future__ import annotations

import os
from pathlib import Path

from wqa.errors import DataError

PACKAGE = Path(__file__).resolve().parent
CATALOG = PACKAGE / "catalog_data"
ASSETS = PACKAGE / "assets"
PRIORS = PACKAGE / "priors"
# Both must exist: a folder that only happens to hold a `notebooks` is not a project.
MARKERS = ("data/raw", "notebooks")


def project_root(start: Path | str | None = None) -> Path:
    """Find the project folder.

    The variable ``WQA_ROOT`` wins; then the first folder upward from `start`
    (default: the working folder) that holds ``data/raw`` and ``notebooks``;
    then the folder above the installed package, for an editable install.

    Parameters
    ----------
    start : path-like, optional
        Folder to search upward from.

    Returns
    -------
    pathlib.Path
        Absolute path of the project folder.

    Raises
    ------
    DataError
        If no project folder is found.
    """
    named = os.environ.get("WQA_ROOT")
    if named:
        root = Path(named).resolve()
        if not _is_root(root):
            raise DataError(
                "WQA_ROOT does not name a project folder",
                got=named,
                expected=f"a folder that holds {' and '.join(MARKERS)}",
            )
        return root
    here = Path(start or Path.cwd()).resolve()
    for folder in (here, *here.parents, PACKAGE.parent):
        if _is_root(folder):
            return folder
    raise DataError(
        "no project folder found",
        got=str(here),
        expected=f"a folder that holds {' and '.join(MARKERS)}, here or above",
        fix="Change into the project, or set WQA_ROOT to its folder.",
    )


def _is_root(folder: Path) -> bool:
    return all((folder / marker).is_dir() for marker in MARKERS)


def raw_dir(root: Path | str | None = None) -> Path:
    """Folder of the raw files, as published (``data/raw``)."""
    return project_root(root) / "data" / "raw"


def processed_dir(root: Path | str | None = None) -> Path:
    """Folder of the rebuilt data package (``data/processed``)."""
    return project_root(root) / "data" / "processed"


def outputs_dir(root: Path | str | None = None) -> Path:
    """Folder of built editions (``outputs``)."""
    return project_root(root) / "outputs"


def notebooks_dir(root: Path | str | None = None) -> Path:
    """Folder of the chapter notebooks (``notebooks``)."""
    return project_root(root) / "notebooks"
