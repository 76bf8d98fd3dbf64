"""Read the text of a finished paper back: HTML with its marks, Word and PDF as plain text."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import lxml.html
import pypdf

_INLINE = frozenset(
    {"a", "span", "b", "strong", "em", "i", "code", "sup", "sub", "math", "q", "br", "wbr", "img"}
)
PAGE_FIELD = "page field"
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_SHOWN = re.compile(r"word/(document|header\d*|footer\d*|footnotes|endnotes|comments)\.xml")
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
    runs: list[Run]

    @property
    def text(self) -> str:
        """The whole text."""
        return "".join(run.text for run in self.runs)

    def inside(self, prefix: str) -> str:
        """Return the rest of the first step of the path that begins so; empty if none does."""
        return next((s[len(prefix) :] or s for s in self.path if s.startswith(prefix)), "")


def html_units(path: Path) -> list[Unit]:
    """Return the text of an HTML file, block by block, with the marks of its numbers."""
    page = lxml.html.document_fromstring(path.read_bytes(), lxml.html.HTMLParser(encoding="utf-8"))
    units = list(_units(page, (), Run(""), []))  # the runs of a block are added while walking on
    return [unit for unit in units if unit.text.strip()]


def _units(node: Any, path: tuple[str, ...], mark: Run, block: list[Run]) -> Iterator[Unit]:
    """Yield the texts of an element; its own text and that of inline ones goes into `block`."""
    for name in ("alt", "aria-label", "title", "placeholder", "data-tip"):
        yield Unit(name.replace("data-", ""), path, [Run(node.get(name, ""))])
    classes = node.get("class", "").split()
    step = node.tag + (f"#{node.get('id')}" if "id" in node.attrib else "")
    path = (*path, step + "".join(f".{name}" for name in classes))
    if node.tag == "a":
        mark = Run("", "link", node.get("href", ""))
    elif "fact" in classes:
        mark = Run("", "fact", node.get("data-tip", ""))
    elif "label" in classes or node.tag in ("b", "strong"):
        mark = Run("", "label" if "label" in classes else "bold")
    if node.tag not in _INLINE:
        block = []
        yield Unit(node.tag, path, block)
    if node.tag not in ("style", "script"):
        block.append(replace(mark, text=node.text or ""))
        for child in node:
            if isinstance(child.tag, str):
                yield from _units(child, path, mark, block)
            block.append(replace(mark, text=child.tail or ""))


def word_texts(path: Path) -> list[tuple[str, str]]:
    """Return the paragraphs of a Word file, its headers, alternative texts and titles."""
    out: list[tuple[str, str]] = []
    with zipfile.ZipFile(path) as archive:
        for name in sorted(filter(_SHOWN.fullmatch, archive.namelist())):
            nodes = ET.fromstring(archive.read(name)).iter()
            out += [(_place(node), _text(node)) for node in nodes]
        core = ET.fromstring(archive.read("docProps/core.xml"))
    # The times inside the file are the day of the data; nobody reads them as text.
    times = ("created", "modified", "revision")
    out += [("properties", node.text or "") for node in core if not node.tag.endswith(times)]
    return [(place, text) for place, text in out if text.strip()]


def _text(node: ET.Element) -> str:
    """Return what a reader sees of an element of Word: of a paragraph, a picture, a table."""
    if node.tag == f"{_W}p":
        return "".join(part.text or "" for part in node.iter(f"{_W}t"))
    if node.tag in (f"{_W}tblCaption", f"{_W}tblDescription"):
        return node.get(f"{_W}val", "")
    return node.get("descr", "") if node.tag == f"{_DRAWING}docPr" else ""


def _place(node: ET.Element) -> str:
    asked = "".join(part.text or "" for part in node.iter(f"{_W}instrText"))
    asked += "".join(part.get(f"{_W}instr", "") for part in node.iter(f"{_W}fldSimple"))
    return PAGE_FIELD if "PAGE" in asked and _text(node).strip().isdecimal() else "text"


def pdf_pages(path: Path) -> list[tuple[str, str]]:
    """Return the text of the pages of a PDF, read back."""
    reader = pypdf.PdfReader(path)
    texts = (page.extract_text() for page in reader.pages)
    return list(zip(reader.page_labels, texts, strict=True))
