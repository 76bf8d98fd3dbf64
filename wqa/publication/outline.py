"""Outline of the paper: its parts and chapters, and the fixed words on the cover and inside."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from wqa.catalog.reading import read_record, read_yaml_file
from wqa.catalog.records import computed
from wqa.paths import CATALOG

FILE = "paper.yml"


@dataclass(frozen=True)
class Part:
    """A run of chapters that are numbered alike."""

    id: str
    numbering: Literal["none", "chapter", "annex"]


@dataclass(frozen=True)
class ChapterEntry:
    """One chapter: the notebook ``<id>.ipynb``, its part, and the title in the notebook."""

    id: str
    part: str
    domains: tuple[str, ...] = ()  # groups of indicators with a short paper that has it, or all
    title: str = computed()


@dataclass(frozen=True)
class Outline:
    """Parts, chapters and labels of the paper."""

    parts: tuple[Part, ...]
    chapters: tuple[ChapterEntry, ...]
    labels: dict  # type: ignore[type-arg]

    def words(self, lang: str) -> dict[str, str]:
        """Return the fixed words of one language."""
        return {name: str(word[lang]) for name, word in self.labels.items()}


def load_outline(catalog: Path | str | None = None) -> Outline:
    """Read the outline of the white paper; a catalogue of one's own replaces what it names."""
    extra = Path(catalog) / FILE if catalog is not None else None
    if extra is None or not extra.is_file():
        return _read(CATALOG / FILE)
    return _read(extra, read_yaml_file(CATALOG / FILE).data)


def with_title(entry: ChapterEntry, notebooks: Path, lang: str) -> ChapterEntry:
    """Give a chapter its title: the first line of its notebook, `# 中文 | English`."""
    book = json.loads((notebooks / f"{entry.id}.ipynb").read_text(encoding="utf-8"))
    line = "".join(book["cells"][0]["source"]).split("\n")[0]
    zh, _, en = line.removeprefix("# ").partition(" | ")
    return replace(entry, title=zh if lang == "zh" else en)


def _read(path: Path, base: Mapping[str, Any] | None = None) -> Outline:
    file = read_yaml_file(path)
    if isinstance(file.data, dict) and base:
        labels = {**base["labels"], **(file.data.get("labels") or {})}
        file.data.update({**base, **file.data, "labels": labels})
    outline: Outline | None = read_record(file, (), Outline)
    if outline is not None:
        parts = {part.id for part in outline.parts}
        seen: set[str] = set()
        for number, chapter in enumerate(outline.chapters):
            place = ("chapters", number)
            if chapter.id in seen:
                file.fault((*place, "id"), "a chapter stands twice", chapter.id)
            if chapter.part not in parts:
                known = ", ".join(sorted(parts))
                file.fault((*place, "part"), "no such part", chapter.part, f"one of {known}")
            seen.add(chapter.id)
        for name, word in outline.labels.items():
            if not isinstance(word, dict) or set(word) != {"zh", "en"}:
                file.fault(("labels", name), "a label lacks a language", word, "zh and en")
    file.finish()
    assert outline is not None  # `finish` has raised if there was a fault
    return outline
