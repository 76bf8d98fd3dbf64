"""Read the text of a finished paper back: HTML with its marks, Word and PDF as plain text."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
import zipfile
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

_INLINE = frozenset({"a", "span", "b", "strong", "em", "i", "code", "sup", "sub", "math", "q"})
_VOID = frozenset({"meta", "link", "img", "br", "hr", "input", "col", "wbr"})
_SILENT = frozenset({"style", "script"})
PAGE_FIELD = "page field"
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_DRAWING = "{http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing}"


@dataclass(frozen=True)
class Run:
    """Text of one mark: ``fact`` with its tip, ``link`` with its target, ``label``, ``bold``."""

    text: str
    mark: str = ""
    detail: str = ""


@dataclass
class Unit:
    """A paragraph, cell, caption, heading, entry or attribute, with where it stands."""

    kind: str
    path: tuple[str, ...]
    runs: list[Run] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The whole text."""
        return "".join(run.text for run in self.runs)

    def inside(self, prefix: str) -> str:
        """Return the rest of the first step of the path that begins so; empty if none does."""
        return next((s[len(prefix) :] or s for s in self.path if s.startswith(prefix)), "")


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.units: list[Unit] = []
        self.stack: list[tuple[str, str, str, str]] = []  # tag, step, mark, detail
        self.open: list[Unit] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        for name in ("alt", "aria-label", "title", "placeholder", "data-tip"):
            if given.get(name):
                kind = "tip" if name == "data-tip" else name
                self.units.append(Unit(kind, self.path(), [Run(given[name])]))
        if tag in _VOID:
            return
        step = tag + (f"#{given['id']}" if "id" in given else "")
        step += "".join(f".{name}" for name in given.get("class", "").split())
        mark, detail = _mark(tag, given)
        self.stack.append((tag, step, mark, detail))
        if tag not in _INLINE:
            unit = Unit(tag, self.path())
            self.open.append(unit)
            self.units.append(unit)

    def handle_endtag(self, tag: str) -> None:
        while self.stack:
            closed = self.stack.pop()[0]
            if closed not in _INLINE and self.open:
                self.open.pop()
            if closed == tag:
                return

    def handle_data(self, data: str) -> None:
        if not self.open or any(entry[0] in _SILENT for entry in self.stack):
            return
        marks = [(mark, detail) for _, _, mark, detail in self.stack if mark]
        self.open[-1].runs.append(Run(data, *(marks[-1] if marks else ("", ""))))

    def path(self) -> tuple[str, ...]:
        return tuple(entry[1] for entry in self.stack)


def _mark(tag: str, given: dict[str, str]) -> tuple[str, str]:
    classes = given.get("class", "").split()
    if tag == "a":
        return "link", given.get("href", "")
    if "fact" in classes:
        return "fact", given.get("data-tip", "")
    if "label" in classes:
        return "label", ""
    return ("bold", "") if tag == "b" else ("", "")


def html_units(path: Path) -> list[Unit]:
    """Return the text of an HTML file, block by block, with the marks of its numbers."""
    page = _Page()
    page.feed(path.read_text(encoding="utf-8"))
    page.close()
    return [unit for unit in page.units if unit.text.strip()]


def word_texts(path: Path) -> list[tuple[str, str]]:
    """Return the paragraphs of a Word file, its headers, alternative texts and titles."""
    out: list[tuple[str, str]] = []
    with zipfile.ZipFile(path) as archive:
        names = [n for n in archive.namelist() if re.fullmatch(r"word/[a-z]+\d*\.xml", n)]
        shown = re.compile(r"word/(document|header\d*|footer\d*|footnotes|endnotes|comments)\.xml")
        for name in sorted(filter(shown.fullmatch, names)):
            tree = ET.fromstring(archive.read(name))
            place = name.removeprefix("word/").removesuffix(".xml")
            for node in tree.iter():
                if node.tag == f"{_W}p":
                    text = "".join(n.text or "" for n in node.iter(f"{_W}t"))
                    asked = "".join(n.text or "" for n in node.iter(f"{_W}instrText"))
                    asked += "".join(n.get(f"{_W}instr", "") for n in node.iter(f"{_W}fldSimple"))
                    if "PAGE" in asked and text.strip().isdecimal():
                        out.append((PAGE_FIELD, text))
                        continue
                elif node.tag == f"{_DRAWING}docPr":
                    text = node.get("descr") or ""
                elif node.tag in (f"{_W}tblCaption", f"{_W}tblDescription"):
                    text = node.get(f"{_W}val") or ""
                else:
                    continue
                if text.strip():
                    out.append((place, text))
        core = ET.fromstring(archive.read("docProps/core.xml"))
        # The times inside the file are the day of the data; nobody reads them as text.
        out += [("properties", n.text) for n in core
                if n.text and not n.tag.endswith(("created", "modified", "revision"))]  # fmt: skip
    return out


def pdf_pages(path: Path) -> list[tuple[str, str]]:
    """Return the text of the pages of a PDF, read back."""
    import pypdf

    reader = pypdf.PdfReader(path)
    return [
        (label, page.extract_text())
        for label, page in zip(reader.page_labels, reader.pages, strict=True)
    ]
