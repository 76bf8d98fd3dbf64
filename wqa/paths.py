"""Where things are: package data, and the folders of a project."""

import os
from functools import lru_cache
from pathlib import Path

from wqa.errors import DataError

Folder = Path | str | None
PACKAGE = Path(__file__).resolve().parent
CATALOG = PACKAGE / "catalog_data"
ASSETS = PACKAGE / "assets"
PRIORS = PACKAGE / "priors"
OWN_CATALOG = "catalog"
# Both must exist: a folder that only happens to hold a `notebooks` is not a project.
MARKERS = ("data/raw", "notebooks")


def project_root(root: Folder = None) -> Path:
    """Folder of the project: `root`, else that of ``WQA_ROOT``, else the nearest one upward."""
    named = root if root is not None else os.environ.get("WQA_ROOT") or None
    if named is not None:
        folder = Path(named).resolve()
        if not (folder / "data" / "raw").is_dir():
            what = "WQA_ROOT names no project folder" if root is None else "no such project folder"
            raise DataError(what, got=str(named), expected="a folder that holds data/raw")
        return folder
    here = Path.cwd()
    # The folder above the package is that of an editable install.
    for folder in (here, *here.parents, PACKAGE.parent):
        if all((folder / marker).is_dir() for marker in MARKERS):
            return folder
    expected = f"a folder that holds {' and '.join(MARKERS)}, here or above"
    fix = "Change into the project, or set WQA_ROOT to its folder."
    raise DataError("no project folder found", got=str(here), expected=expected, fix=fix)


@lru_cache
def own_catalog(here: Path | None, named: str | None) -> Path | None:
    """Folder ``catalog`` of the project that `named`, or else a working folder, belongs to."""
    # Looked for once, since it is asked for with every target; `here` only tells folders apart.
    try:
        folder = project_root(named or None) / OWN_CATALOG
    except DataError:  # without a project the catalogue of the package is all there is
        return None
    return folder if folder.is_dir() else None


def raw_dir(root: Folder = None) -> Path:
    """Folder of the raw files, as published (``data/raw``)."""
    return project_root(root) / "data" / "raw"


def outputs_dir(root: Folder = None) -> Path:
    """Folder of built editions (``outputs``)."""
    return project_root(root) / "outputs"


def notebooks_dir(root: Folder = None) -> Path:
    """Folder of the chapter notebooks (``notebooks``)."""
    return project_root(root) / "notebooks"
