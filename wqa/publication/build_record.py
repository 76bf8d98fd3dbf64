"""The record of a build: inputs with their hashes, parameters, versions, findings, outputs."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from wqa import __version__
from wqa.catalog.catalog import list_plans, load_conflicts, load_plan, read_catalogue
from wqa.catalog.records import Source
from wqa.data.findings import Finding
from wqa.data.loading import load_sources, read_project
from wqa.display.view import publisher_name
from wqa.parameters import Parameters
from wqa.paths import ASSETS, CATALOG
from wqa.publication.document import Chapter, Paper
from wqa.publication.publishing import pandoc_version

# Distributions whose version can change a number or a page.
PACKAGES = ("matplotlib", "numpy", "pandas", "papermill", "scipy", "statsmodels", "typst")


def known_sources(root: Path, catalog: Path | None, lang: str) -> dict[str, Source]:
    """Return every source that a figure or a plan can refer to."""
    rows: Any = load_sources(root, catalog).rename(columns={"source_id": "id"}).to_dict("records")
    found = {row["id"]: Source(**row) for row in rows}
    found |= read_catalogue(catalog)["sources"]
    # A figure of a plan may name the plan; it then refers to the plan's document.
    for plan_id in list_plans(catalog):
        found[plan_id] = found[load_plan(plan_id, catalog).source_id]
    return {id: _in_language(source, lang) for id, source in found.items()}


def _in_language(source: Source, lang: str) -> Source:
    publisher, published = (publisher_name(t, lang) for t in (source.publisher, source.published))
    return replace(source, publisher=publisher, published=published)


def conflicting_sources(catalog: Path | None) -> set[str]:
    """Return the sources that a registered conflict names."""
    readings = (r for conflict in load_conflicts(catalog).values() for r in conflict.readings)
    return {reading.source_id for reading in readings}


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def input_files(
    root: Path, notebooks: Path, chapters: Sequence[str], catalog: Path | None
) -> dict[str, str]:
    """Return the hashes of all inputs."""
    found = {f"notebooks/{c}.ipynb": notebooks / f"{c}.ipynb" for c in chapters}
    folders = [("data/raw", root / "data" / "raw"), ("wqa/catalog_data", CATALOG),
               ("wqa/assets", ASSETS), ("catalog", catalog)]  # fmt: skip
    for name, folder in folders:
        if folder is not None:
            files = {p.relative_to(folder).as_posix(): p for p in folder.rglob("*") if p.is_file()}
            # What begins with a dot is being written, or is no input.
            own = {n: path for n, path in files.items() if not f"/{n}".count("/.")}
            found |= {f"{name}/{n}": path for n, path in own.items()}
    return {name: sha256(path) for name, path in sorted(found.items())}


def plain(chosen: Parameters) -> dict[str, Any]:
    """Return the parameters as a notebook takes them and JSON holds them."""
    names = ("region", "edition", "as_of", "target_year", "lang", "seed")
    return {"plan": chosen.plan.id} | {name: getattr(chosen, name) for name in names}


def build_record(
    paper: Paper,
    chosen: Parameters,
    given: Mapping[str, Mapping[str, Any]],
    inputs: Mapping[str, str],
    folder: Path,
    root: Path,
) -> dict[str, Any]:
    """Return what is written as ``build.json``; it holds no time of the build."""
    outputs = sorted(path for path in folder.rglob("*") if path.is_file())
    versions = {name: version(name) for name in PACKAGES}
    versions |= {"wqa": __version__, "pandoc": pandoc_version()}
    counts = {f"{kind}s": len(paper.floats(kind)) for kind in ("figure", "table")}
    found = read_project(root, chosen.catalog).findings
    return {
        "title": f"{paper.title} {paper.edition}",
        "parameters": plain(chosen),
        "versions": versions | {"python": platform.python_version()},
        "inputs": dict(inputs),
        "chapters": [_chapter(one, given.get(one.id, {})) for one in paper.chapters],
        "counts": counts | {"facts": len(paper.facts), "sources": len(paper.sources)},
        "findings": [*paper.findings, *map(_finding, found)],
        "outputs": {path.relative_to(folder).as_posix(): sha256(path) for path in outputs},
    }


def _chapter(chapter: Chapter, given: Mapping[str, Any]) -> dict[str, Any]:
    kinds = [block["type"] for block in chapter.blocks]
    counts = {"figures": kinds.count("figure"), "tables": kinds.count("table")}
    about = {"id": chapter.id, "label": chapter.label, "title": chapter.title}
    return about | counts | {"parameters": dict(given)}


def _finding(finding: Finding) -> dict[str, str]:
    names = ("code", "severity", "value", "message_zh", "message_en")
    where = f"{finding.file}:{finding.row}" if finding.row else finding.file
    return {name: getattr(finding, name) for name in names} | {"where": where}
