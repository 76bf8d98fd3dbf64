"""Write a document as HTML, PDF and Word; the only module that runs Pandoc and Typst."""

from __future__ import annotations

import base64
import datetime as dt
import json
import os
import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from wqa.errors import BuildError
from wqa.paths import ASSETS
from wqa.publication import html_page, pdf_page, word_file
from wqa.publication.document import Paper, for_print
from wqa.publication.fonts import FOLDER
from wqa.publication.pandoc_tree import tree

FORMATS = ("html", "pdf", "docx")
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
    document = tree(paper, html_page.writer(paper))
    body = _pandoc(
        ["-f", "json", "-t", "html5", "--wrap=none", "--mathml", "--shift-heading-level-by=1"],
        _json(document), epoch,
    )  # fmt: skip
    target.write_text(html_page.page(paper, body.decode("utf-8")), encoding="utf-8")


def _write_pdf(paper: Paper, target: Path, epoch: int) -> None:
    import typst

    paper = for_print(paper)
    folder = target.parent / "typst"
    (folder / "figures").mkdir(parents=True)
    for block in paper.floats("figure"):
        path = folder / "figures" / f"{block['id']}.svg"
        path.write_text(block["svg_text"], encoding="utf-8")
    document = tree(paper, pdf_page.writer(paper))
    body = _pandoc(["-f", "json", "-t", "typst", "--wrap=none"], _json(document), epoch)
    design = (ASSETS / "paper.typ").read_text(encoding="utf-8")
    source = folder / "paper.typ"
    source.write_text(f"{design}\n{pdf_page.front(paper)}\n\n{body.decode('utf-8')}", "utf-8")
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
    paper = for_print(paper)
    folder = target.parent / "word"
    (folder / "figures").mkdir(parents=True)
    for block in paper.floats("figure"):
        (folder / "figures" / f"{block['id']}.png").write_bytes(base64.b64decode(block["png"]))
    meta = {"title": paper.title, "subtitle": paper.subtitle}
    document = tree(paper, word_file.writer(paper), word_file.front(paper), meta)
    reference = ASSETS / "reference.docx"
    command = ["-f", "json", "-t", "docx", f"--reference-doc={reference}", "-o",
               str(target.resolve())]  # fmt: skip
    # Relative picture paths: a path of this machine would stand in the file.
    _pandoc(command, _json(document), epoch, cwd=folder)


def _json(document: dict[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=False).encode("utf-8")


@cache
def _pandoc_path() -> str:
    import pypandoc

    return str(pypandoc.get_pandoc_path())


def pandoc_version() -> str:
    """Return the version of Pandoc."""
    import pypandoc

    return str(pypandoc.get_pandoc_version())


def _pandoc(
    arguments: Sequence[str], text: bytes, epoch: int = 0, cwd: Path | None = None
) -> bytes:
    """Run Pandoc; a warning is an error."""
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
