"""Write a document as HTML, PDF and Word; the only module that runs Pandoc and Typst."""

from __future__ import annotations

import base64
import datetime as dt
import json
import os
import subprocess
import zipfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from wqa.errors import BuildError
from wqa.paths import ASSETS
from wqa.publication.document import Paper
from wqa.publication.fonts import FOLDER
from wqa.publication.formats import finish_tables, html_tree, typst_tree, with_fonts, word_tree

FORMATS = ("html", "pdf", "docx")
ANNEX = "annex.html"  # what is too long for print
# Markup that a notebook's running text may use. Raw HTML and TeX stay text.
PROSE = (
    "markdown-raw_html-raw_tex-raw_attribute-native_divs-native_spans-smart-auto_identifiers"
    "+east_asian_line_breaks"
)
_BREAK = "wqa-cell-break"


def write(paper: Paper, fmt: str, target: Path, as_of: str) -> Path:
    """Write one format."""
    makers = {"html": _write_html, "pdf": _write_pdf, "docx": _write_docx}
    if fmt not in makers:
        raise BuildError("unknown format", got=fmt, expected=", ".join(FORMATS))
    makers[fmt](paper, target, epoch_of(as_of))
    return target


def epoch_of(day: str) -> int:
    """Return an ISO date as seconds since 1970, at noon UTC."""
    return int(dt.datetime.fromisoformat(f"{day}T12:00:00+00:00").timestamp())


def parse_prose(texts: Sequence[str]) -> list[list[Any]]:
    """Parse the running text of notebooks."""
    if not texts:
        return []
    joined = f"\n\n{_BREAK}\n\n".join(texts)
    found = json.loads(_pandoc(["-f", PROSE, "-t", "json"], joined.encode()))
    parts: list[list[Any]] = [[]]
    for block in found["blocks"]:
        if block["t"] == "Para" and block["c"] == [{"t": "Str", "c": _BREAK}]:
            parts.append([])
        else:
            parts[-1].append(block)
    if len(parts) != len(texts):
        raise BuildError(
            "running text of a notebook leaves a block open",
            expected=f"{len(texts)} closed texts, found {len(parts)}",
            fix="Close code fences and other blocks inside the cell.",
        )
    return parts


def _write_html(paper: Paper, target: Path, epoch: int) -> None:
    """Write the paper, and the annex beside it; both share the letters of one font."""
    papers = {target: paper} | ({target.with_name(ANNEX): paper.annex} if paper.annex else {})
    documents = {path: html_tree(one) for path, one in papers.items()}
    with_fonts(list(documents.values()))
    command = ["-f", "json", "-t", "html5", "--wrap=none", "--mathml", "--toc", "--toc-depth=3",
               "--shift-heading-level-by=1", f"--template={ASSETS / 'paper.html'}"]  # fmt: skip
    for path, document in documents.items():
        path.write_bytes(_pandoc(command, document, epoch))


def _write_pdf(paper: Paper, target: Path, epoch: int) -> None:
    import typst

    folder = target.parent / "typst"
    (folder / "figures").mkdir(parents=True)
    for block in paper.floats("figure"):
        path = folder / "figures" / f"{block['id']}.svg"
        path.write_text(block["svg_text"], encoding="utf-8")
    source = folder / "paper.typ"
    template = f"--template={ASSETS / 'paper.typ'}"
    command = ["-f", "json", "-t", "typst", "--wrap=none", template]
    source.write_bytes(_pandoc(command, typst_tree(paper), epoch))
    # Letters of text come from the bundled font alone; the built-in fonts set formulas.
    fonts = typst.Fonts(include_system_fonts=False, font_paths=[str(FOLDER)])
    try:
        # Archivable and accessible: the compiler checks both standards and refuses what fails.
        _, warnings = typst.Compiler(str(source), str(folder), fonts).compile_with_warnings(
            output=str(target), format="pdf", pdf_standards=["a-2a", "ua-1"], timestamp=epoch
        )
    except typst.TypstError as error:
        raise BuildError("Typst could not make the PDF", got=error.diagnostic) from error
    if warnings:
        told = "; ".join(warning.message for warning in warnings)
        raise BuildError("Typst warned about the PDF", got=told)


def _write_docx(paper: Paper, target: Path, epoch: int) -> None:
    folder = target.parent / "word"
    (folder / "figures").mkdir(parents=True)
    for block in paper.floats("figure"):
        (folder / "figures" / f"{block['id']}.png").write_bytes(base64.b64decode(block["png"]))
    reference = f"--reference-doc={ASSETS / 'reference.docx'}"
    command = ["-f", "json", "-t", "docx", reference, "-o", str(target.resolve())]
    # Relative picture paths: a path of this machine would stand in the file.
    _pandoc(command, word_tree(paper), epoch, cwd=folder)
    with zipfile.ZipFile(target) as made:
        parts = [(entry, made.read(entry)) for entry in made.infolist()]
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for entry, content in parts:
            is_text = entry.filename == "word/document.xml"
            archive.writestr(entry, finish_tables(content, paper) if is_text else content)


def write_letter(text: str, target: Path, day: str) -> None:
    """Write a text with headings and pipe tables as a Word file in the style of the paper."""
    reference = f"--reference-doc={ASSETS / 'reference.docx'}"
    command = ["-f", "markdown-smart", "-t", "docx", reference, "-o", str(target.resolve())]
    _pandoc(command, text.encode(), epoch_of(day))


@cache
def _pandoc_path() -> str:
    import pypandoc

    return str(pypandoc.get_pandoc_path())


def pandoc_version() -> str:
    """Return the version of Pandoc."""
    import pypandoc

    return str(pypandoc.get_pandoc_version())


def _pandoc(
    arguments: Sequence[str], given: bytes | dict[str, Any], epoch: int = 0, cwd: Path | None = None
) -> bytes:
    """Run Pandoc on a text or a tree; a warning is an error."""
    text = given if isinstance(given, bytes) else json.dumps(given, ensure_ascii=False).encode()
    # A fixed environment: locale and time zone of the user must not show in the result.
    environment = {
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
        "SOURCE_DATE_EPOCH": str(epoch),
        "PATH": os.environ.get("PATH", ""),
        "HOME": os.environ.get("HOME", "/"),
    }
    done = subprocess.run(
        [_pandoc_path(), "--fail-if-warnings", *arguments],
        input=text, capture_output=True, env=environment, cwd=cwd, check=False,
    )  # fmt: skip
    if done.returncode:
        told = done.stderr.decode("utf-8", "replace").strip()
        raise BuildError("Pandoc could not convert the document", got=told)
    return done.stdout
