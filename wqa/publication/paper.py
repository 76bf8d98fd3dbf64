"""Build an edition of the white paper: run the chapters, collect their blocks, publish.

Nothing is half-written: an edition is made in a temporary folder beside its place and
moved there when it is complete. Two builds of the same inputs differ in nothing but
``build-log.json``.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from wqa.catalog.catalog import load_indicators, read_catalogue
from wqa.data.loading import load_regions, read_project, rows_out
from wqa.display.narrative import in_brackets
from wqa.display.view import within
from wqa.display.wording import term
from wqa.errors import BuildError
from wqa.history.editions import SHARED, newest_retrieval, shared_record, write_edition
from wqa.parameters import Parameters, resolve
from wqa.paths import PACKAGE, notebooks_dir, outputs_dir, project_root
from wqa.publication import build_record, chapters, kernels
from wqa.publication.data_pack import write_pack
from wqa.publication.document import Paper, assemble
from wqa.publication.outline import ChapterEntry, Outline, load_outline, with_title
from wqa.publication.publishing import ANNEX, FORMATS, epoch_of, parse_prose, write

NAMES = {"html": "paper.html", "pdf": "paper.pdf", "docx": "paper.docx"}
Progress = Callable[[str], None]


@dataclass(frozen=True)
class BuildResult:
    """What a build has made."""

    folder: Path
    files: Mapping[str, Path]
    chapters: int
    figures: int
    tables: int
    sources: int
    facts: int
    findings: int
    seconds: float

    def __str__(self) -> str:
        counts = (
            f"  {self.chapters} chapters, {self.figures} figures, {self.tables} tables, "
            f"{self.facts} numbers from {self.sources} sources, {self.findings} findings, "
            f"{self.seconds:.0f} s"
        )
        return "\n".join([str(self.folder), counts, *(f"  {path}" for path in self.files.values())])


def build_paper(
    plan: str = "wuhan-14fyp",
    region: str = "",
    edition: int | None = None,
    as_of: str | None = None,
    lang: str = "zh",
    formats: Sequence[str] = FORMATS,
    only: str | Sequence[str] | None = None,
    catalog: Path | str | None = None,
    root: Path | str | None = None,
    out: Path | str | None = None,
    allow_errors: bool = False,
    jobs: int = 2,
    progress: Progress | None = None,
    records: Path | str | None = None,
    scope: str = "",
) -> BuildResult:
    """Build one edition of the white paper in one language.

    Parameters
    ----------
    plan : str
        Plan id.
    region : str, optional
        Region id; default: the region of the plan.
    edition : int, optional
        Report year; default: the last year of the plan.
    as_of : str, optional
        ISO date; only what was published until then is used. Default: the newest day on
        which raw files were taken over.
    lang : str
        ``zh`` or ``en``.
    formats : sequence of str
        Of ``html``, ``pdf``, ``docx``.
    only : str or sequence of str, optional
        Chapter ids; the result is a preview in a folder of its own.
    catalog : path-like, optional
        Extra catalogue folder.
    root : path-like, optional
        Project folder.
    out : path-like, optional
        Folder of editions; default ``outputs`` of the project.
    allow_errors : bool
        Build although rows with an error are left out; the cover says how many.
    jobs : int
        Notebooks run at once.
    progress : callable, optional
        Is given one line of text per step.
    records : path-like, optional
        Existing folder in which builds of the same inputs share the records of editions;
        default: one of its own.
    scope : str
        ``domain:GROUP``, such as ``domain:service``, for a short paper on the targets of a group
        of indicators, in a folder of its own.

    Returns
    -------
    BuildResult

    Raises
    ------
    BuildError
        If a parameter, a chapter, a notebook or a document fails. Earlier editions stay
        as they are; a failed notebook is kept in ``failed`` beside the editions.
    """
    start = time.monotonic()
    tell = _teller(progress, start)
    _check_formats(formats)
    home = project_root(root)
    # A damaged file stops before anything else is looked at.
    made_up = read_project(home, catalog).is_synthetic
    mark = term("synthetic.mark", lang) if made_up else ""
    day = as_of or newest_retrieval(home)
    chosen = within(resolve(plan, region, edition, day, lang=lang, catalog=catalog), scope)
    domain = scope.partition(":")[2]
    left_out = rows_out(chosen.as_of, home, chosen.catalog)
    if left_out and not allow_errors:
        fix = "Correct them (`wqa check --errors`), or build with --allow-errors."
        raise BuildError(f"{left_out} rows carry an error and would be left out", fix=fix)
    if left_out:
        tell(f"{left_out} rows with an error are left out")
    outline = load_outline(chosen.catalog)
    entries = _chosen_chapters(outline, domain, chosen.plan.chapters, only)
    asked = build_record.plain(chosen) | ({"scope": scope} if scope else {})
    given = dict.fromkeys((entry.id for entry in entries), asked)
    books = notebooks_dir(home)
    for entry in entries:
        chapters.check_parameters(books / f"{entry.id}.ipynb", given[entry.id])
    tail = [domain, "synthetic" if mark else "", "preview" if only else ""]
    name = "-".join(filter(None, [edition_name(chosen), *tail]))
    place = Path(out).resolve() if out is not None else outputs_dir(home)
    place.mkdir(parents=True, exist_ok=True)
    inputs = build_record.input_files(home, books, [*given], chosen.catalog)
    work = Path(tempfile.mkdtemp(prefix=f".building-{name}-", dir=place))
    (work / "records").mkdir()
    kept_in = Path(records or work / "records").resolve()
    try:
        try:
            durations = _run_chapters(given, home, chosen, work, kept_in, jobs, tell)
            paper = _assemble(outline, entries, work, chosen, home, left_out, domain, mark)
        except BuildError as error:
            raise _keep(error, work / "notebooks", place / "failed" / name) from error
        counts = {kind: len(paper.whole.floats(kind)) for kind in ("figure", "table")}
        tell(f"document: {counts['figure']} figures, {counts['table']} tables")
        for fmt in formats:
            before = time.monotonic()
            write(paper, fmt, work / NAMES[fmt], day)
            durations[fmt] = time.monotonic() - before
            tell(f"{fmt}: {durations[fmt]:.1f} s")
        write_pack(paper.whole, work / "data", mark)
        if not only and not scope:  # the record of an edition holds all of its targets
            options: dict[str, Any] = {"target_year": chosen.target_year, "seed": chosen.seed}
            options |= {"catalog": chosen.catalog, "root": home, "folder": kept_in}
            about = chosen.plan, chosen.region, chosen.edition, day
            kept = shared_record(*about, **options)
            write_edition(kept, work)
            tell(f"record: {len(kept.forecasts)} forecasts")
        for scratch in ("typst", "word", "records"):
            shutil.rmtree(work / scratch, ignore_errors=True)
        if build_record.input_files(home, books, [*given], chosen.catalog) != inputs:
            what = "the data or the notebooks were changed while the paper was built"
            raise BuildError(what, fix="Build again.")
        record = build_record.build_record(paper.whole, chosen, given, inputs, work, home)
        record["rows_left_out"] = left_out
        _write_json(work / "build.json", record)
        seconds = round(time.monotonic() - start, 1)
        rounded = {key: round(value, 1) for key, value in durations.items()}
        _write_json(work / "build-log.json", {"seconds": seconds, "steps": rounded})
        _publish(work, place / name)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return _result(place / name, record, formats, seconds)


def edition_name(chosen: Parameters) -> str:
    """Return the folder name of an edition."""
    tail = "" if chosen.lang == "zh" else f"-{chosen.lang}"
    return f"{chosen.plan.id}-{chosen.region}-{chosen.edition}{tail}"


def _teller(progress: Progress | None, start: float) -> Progress:
    def tell(line: str) -> None:
        if progress is not None:
            progress(f"[{time.monotonic() - start:5.1f} s] {line}")

    return tell


def _check_formats(formats: Sequence[str]) -> None:
    unknown = [fmt for fmt in formats if fmt not in FORMATS]
    if unknown or not formats or isinstance(formats, str):
        raise BuildError("unknown format", got=formats, expected=f"some of {', '.join(FORMATS)}")


def _chosen_chapters(
    outline: Outline, domain: str, of_plan: Sequence[str], only: str | Sequence[str] | None
) -> list[ChapterEntry]:
    """Return the chapters of a plan, of a domain if one is named, and of these those asked for."""
    found = list(outline.chapters)
    for wanted in (of_plan, [only] if isinstance(only, str) else only or ()):
        known = [chapter.id for chapter in found]
        for id in (id for id in wanted if id not in known):
            raise BuildError("unknown chapter", got=id, expected=f"one of {', '.join(known)}")
        found = [one for one in found if not wanted or one.id in wanted]
        found = [one for one in found if not domain or {domain, "all"} & {*one.domains}]
    return found


def _run_chapters(
    given: Mapping[str, Mapping[str, Any]],
    home: Path,
    chosen: Parameters,
    work: Path,
    records: Path,
    jobs: int,
    tell: Progress,
) -> dict[str, float]:
    """Run the notebooks, a few at once; return the seconds each took."""
    target = work / "notebooks"
    target.mkdir()
    scratch = Path(tempfile.mkdtemp(prefix="wqa-kernels-"))
    # The same conditions on every machine, whatever the user's own settings are; and the
    # same library as the one that builds, wherever it was imported from.
    given_path = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    environment = {
        "PYTHONPATH": os.pathsep.join([str(PACKAGE.parent), *filter(None, given_path)]),
        "WQA_ROOT": str(home), "WQA_CATALOG": str(chosen.catalog or ""), SHARED: str(records),
        "PYTHONHASHSEED": "0", "TZ": "UTC", "LC_ALL": "C.UTF-8", "OPENBLAS_NUM_THREADS": "1",
        "MPLBACKEND": "agg", "MPLCONFIGDIR": str(scratch / "matplotlib"),
        "SOURCE_DATE_EPOCH": str(epoch_of(str(chosen.as_of))),
    }  # fmt: skip
    durations: dict[str, float] = {}

    def run(id: str) -> str:
        before, book = time.monotonic(), f"{id}.ipynb"
        source = notebooks_dir(home) / book
        chapters.run_notebook(source, target / book, given[id], kernels=found)
        durations[id] = time.monotonic() - before
        return id

    try:
        common = build_record.plain(chosen)
        warm = kernels.warm_kernels(scratch / "kernels", environment, common, home)
        with warm as found, ThreadPoolExecutor(max_workers=max(1, jobs)) as pool:
            # The longest stand last in the paper; begun last, they would end alone.
            running = [pool.submit(run, id) for id in reversed([*given])]
            try:
                for done in as_completed(running):
                    tell(f"chapter {done.result()}: {durations[done.result()]:.1f} s")
            except BuildError:
                pool.shutdown(wait=True, cancel_futures=True)
                raise
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return durations


def _keep(error: BuildError, target: Path, failed: Path) -> BuildError:
    """Keep the failed notebook and say where."""
    source = target / f"{error.where.split(',')[0]}.ipynb"
    if not source.is_file():
        return error
    failed.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, failed / source.name)
    fix = f"{error.fix} The executed notebook is kept: {failed / source.name}".strip()
    where, got, expected = f"chapter {error.where}", error.got, error.expected
    return BuildError(error.what, where=where, got=got, expected=expected, fix=fix)


def _assemble(
    outline: Outline, entries: Sequence[ChapterEntry], work: Path, chosen: Parameters, home: Path,
    left_out: int, domain: str, mark: str
) -> Paper:  # fmt: skip
    titled = tuple(with_title(entry, notebooks_dir(home), chosen.lang) for entry in entries)
    books = {entry.id: work / "notebooks" / f"{entry.id}.ipynb" for entry in entries}
    run = ((id, chapters.normalise(book)) for id, book in books.items())
    blocks = {id: chapters.collect(book, id, chosen.lang, parse_prose) for id, book in run}
    year, month, day = str(chosen.as_of).split("-")
    if chosen.lang == "zh":
        month, day = month.lstrip("0"), day.lstrip("0")
    regions = load_regions(home).to_dict("records")
    names = {row["region"]: str(row[f"name_{chosen.lang}"]) for row in regions}
    for id, indicator in load_indicators(chosen.catalog).items():
        names[id] = str(getattr(indicator, f"name_{chosen.lang}"))
    group = read_catalogue(chosen.catalog)["groups"].get(domain)
    own = names.get(chosen.region, chosen.region)
    slots = {
        "scope": (group and in_brackets("", getattr(group, chosen.lang), chosen.lang)) or "",
        "region": in_brackets(own, mark, chosen.lang) if mark else own, "region_id": chosen.region,
        "plan": str(getattr(chosen.plan, f"title_{chosen.lang}")), "edition": str(chosen.edition),
        "rows_left_out": str(left_out or ""), "year": year, "month": month, "day": day,
    }  # fmt: skip
    return assemble(
        replace(outline, chapters=titled), blocks, lang=chosen.lang, slots=slots, names=names,
        sources=build_record.known_sources(home, chosen.catalog, chosen.lang),
        conflicts=build_record.conflicting_sources(chosen.catalog),
    )  # fmt: skip


def _write_json(path: Path, data: object) -> None:
    text = json.dumps(data, ensure_ascii=False, indent=1, sort_keys=True)
    path.write_text(text + "\n", encoding="utf-8")


def _publish(work: Path, place: Path) -> None:
    """Put the complete edition in its place; the earlier one stays until then."""
    work.chmod(0o755)
    old = place.with_name(f".replaced-{place.name}")
    shutil.rmtree(old, ignore_errors=True)
    if place.exists():
        place.rename(old)
    try:
        work.rename(place)
    except OSError:
        if old.exists():
            old.rename(place)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _result(
    folder: Path, record: Mapping[str, Any], formats: Sequence[str], seconds: float
) -> BuildResult:
    files = {fmt: folder / NAMES[fmt] for fmt in formats}
    if "html" in files and (folder / ANNEX).is_file():
        files["annex"] = folder / ANNEX
    files |= {"data": folder / "data.zip", "record": folder / "build.json"}
    counts = {name: len(record[name]) for name in ("chapters", "findings")} | record["counts"]
    return BuildResult(folder, files, **counts, seconds=seconds)
