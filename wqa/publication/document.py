"""From the blocks of executed notebooks to one numbered document, independent of format.

Chapters, figures and tables get their numbers here, references are resolved, sources get
the numbers by which they are cited, and text from data files is made printable. The
writers (`html_page`, `pdf_page`, `word_file`) only set what stands in a `Paper`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from wqa.catalog.records import Source
from wqa.errors import BuildError
from wqa.publication.chapters import ChapterEntry, Outline
from wqa.publication.pieces import (
    LONGEST,
    Cleaner,
    Piece,
    Pieces,
    Register,
    cite,
    cited,
    pieces,
    prose,
    source_line,
    sources_of,
)

Block = dict[str, Any]


@dataclass(frozen=True)
class Chapter:
    """A numbered chapter with its blocks, ready for the writers."""

    id: str
    anchor: str
    label: str
    title: str
    numbering: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Paper:
    """The whole document."""

    lang: str
    words: Mapping[str, str]
    title: str
    subtitle: str
    edition: str
    as_of: str
    preface: str
    chapters: tuple[Chapter, ...]
    sources: tuple[Source, ...]
    facts: tuple[Mapping[str, Any], ...]
    findings: tuple[Mapping[str, str], ...]
    conflicting: frozenset[str] = frozenset()

    def floats(self, kind: str) -> list[Block]:
        """Return the figures or the tables in reading order."""
        return [b for chapter in self.chapters for b in chapter.blocks if b["type"] == kind]


def assemble(
    outline: Outline,
    blocks: Mapping[str, Sequence[Block]],
    *,
    lang: str,
    slots: Mapping[str, str],
    sources: Mapping[str, Source],
    conflicts: Iterable[str] = (),
    names: Mapping[str, str] | None = None,
    missing: Callable[[str], set[str]],
) -> Paper:
    """Put the blocks of all chapters together as one numbered document."""
    words = outline.words(lang)
    register = Register(words, sources, Cleaner(missing), names=names or {})
    numbering = {part.id: part.numbering for part in outline.parts}
    order = {part.id: number for number, part in enumerate(outline.parts)}
    entries = sorted((c for c in outline.chapters if c.id in blocks), key=lambda c: order[c.part])
    drafts = _number(entries, blocks, numbering, lang, register)
    chapters = [_chapter(draft, register) for draft in drafts]
    ordered = tuple(sources[id] for id in register.sources)
    left_out = slots.get("rows_left_out")
    letter = chr(ord("A") + sum(c.numbering == "annex" for c in chapters))
    conflicting = frozenset(conflicts)
    chapters.append(_source_annex(ordered, conflicting, letter, register))

    def title(name: str) -> str:
        return register.cleaner.line(outline.text(name, lang).format(**slots), "title page")

    return Paper(
        lang=lang,
        words=words,
        title=title("title"),
        subtitle=title("subtitle"),
        edition=title("edition"),
        as_of=title("as_of"),
        preface=title("preface") + (words["rows_left_out"].format(n=left_out) if left_out else ""),
        chapters=tuple(chapters),
        sources=ordered,
        facts=tuple(register.facts[key] for key in sorted(register.facts)),
        findings=tuple(register.cleaner.findings()),
        conflicting=conflicting,
    )


@dataclass(frozen=True)
class _Draft:
    entry: ChapterEntry
    title: str
    label: str
    numbering: str
    blocks: list[Block]


def _number(
    entries: Sequence[ChapterEntry],
    blocks: Mapping[str, Sequence[Block]],
    numbering: Mapping[str, str],
    lang: str,
    register: Register,
) -> list[_Draft]:
    """Give chapters, sections, figures and tables their numbers; note what can be referred to."""
    counts = {"chapter": 0, "annex": 0}
    drafts = []
    for entry in entries:
        kind = numbering[entry.part]
        number = ""
        if kind != "none":
            counts[kind] += 1
            number = str(counts[kind]) if kind == "chapter" else chr(ord("A") - 1 + counts[kind])
        label = register.words[kind].format(n=number) if number else ""
        title = register.cleaner.line(getattr(entry, f"title_{lang}"), entry.id)
        seen = {"figure": 0, "table": 0, "section": 0}
        made = [
            _numbered(dict(block), number, seen, entry.id, register) for block in blocks[entry.id]
        ]
        for name in {entry.id, re.sub(r"^\d+_", "", entry.id)}:
            register.labels[f"ch:{name}"] = (label or title, f"ch-{entry.id}")
        drafts.append(_Draft(entry, title, label, kind, made))
    return drafts


def _numbered(
    block: Block, chapter: str, seen: dict[str, int], chapter_id: str, register: Register
) -> Block:
    kind = block["type"]
    if kind in ("figure", "table"):
        seen[kind] += 1
        number = f"{chapter}-{seen[kind]}" if chapter else str(seen[kind])
        short = "fig" if kind == "figure" else "tbl"
        label = register.words[kind].format(n=number)
        block |= {"label": label, "anchor": f"{short}-{block['id']}"}
        for other in ("fig", "tbl"):
            if f"{other}:{block['id']}" in register.labels:
                raise BuildError(
                    "an id stands twice in the paper",
                    where=block["where"],
                    got=block["id"],
                    fix="Give each figure and table an id of its own.",
                )
        register.labels[f"{short}:{block['id']}"] = (block["label"], block["anchor"])
    elif kind == "heading":
        seen["section"] += block["level"] == 2
        block["number"] = f"{chapter}.{seen['section']}" if chapter and block["level"] == 2 else ""
        count = seen["heading"] = seen.get("heading", 0) + 1
        block["anchor"] = f"sec-{chapter_id}-{count}"
    return block


def _chapter(draft: _Draft, register: Register) -> Chapter:
    made: list[Block] = []
    register.place = draft.label or draft.title
    for block in draft.blocks:
        kind = block["type"]
        if kind == "figure":
            made.append(_figure(block, register))
        elif kind == "table":
            made.append(_table(block, register))
        elif kind in ("prose", "heading"):
            made.append({**block, "ast": prose(block["ast"], block["where"], register)})
        elif kind == "list":
            items = [cited(item, block["where"], register) for item in block["items"]]
            made.append({**block, "items": items})
        elif kind == "text":
            made.append({**block, "pieces": cited(block["parts"], block["where"], register)})
        else:
            raise BuildError("unknown type of block", where=block["where"], got=kind)
    anchor = f"ch-{draft.entry.id}"
    return Chapter(draft.entry.id, anchor, draft.label, draft.title, draft.numbering, tuple(made))


def _figure(block: Block, register: Register) -> Block:
    where = block["where"]
    for key in ("alt", "svg_text", "svg_path", "png"):
        if not block.get(key):
            raise BuildError(f"a figure has no {key}", where=where, got=block["id"])
    # The numbers of the alternative text are registered like those that are seen.
    pieces(block.get("alt_parts", ()), where, register, place=block["label"])
    return {
        **block,
        "caption": pieces(block["caption_parts"], where, register, limit=LONGEST),
        "alt": register.cleaner.line(block["alt"], where),
        "notes": [pieces(note, where, register) for note in block.get("notes", [])],
        "source_line": source_line(block["sources"], where, register, named=False),
    }


def _table(block: Block, register: Register) -> Block:
    where = block["where"]
    columns = [
        {
            **column,
            "label": register.cleaner.line(column["label"], where, limit=LONGEST),
            "unit": register.cleaner.line(column["unit"], where, limit=LONGEST),
        }
        for column in block["columns"]
    ]
    rows, cites = [], []
    for row in block["rows"]:
        cells = [row[column["key"]] for column in columns]
        rows.append([pieces(cell, where, register, limit=LONGEST, place=block["label"])
                     for cell in cells])  # fmt: skip
        cites.append(cite(sources_of(cells), where, register))
    return {
        **block,
        "caption": pieces(block["caption_parts"], where, register, limit=LONGEST),
        "columns": columns,
        "cells": rows,
        "cites": cites,
        "alt": register.cleaner.line(block["alt"], where, limit=2 * LONGEST),
        "notes": [pieces(note, where, register) for note in block["notes"]],
        "source_line": source_line(block["sources"], where, register),
    }


def _source_annex(
    sources: Sequence[Source], conflicts: frozenset[str], letter: str, register: Register
) -> Chapter:
    """Make the last annex: every source that is referred to, in order of its number."""
    words, where = register.words, "sources"
    keys = ("number", "title", "publisher", "published", "evidence", "conflict")
    columns = [{"key": k, "label": words[f"column_{k}"], "unit": "", "align": "left"} for k in keys]

    def line(text: str) -> Pieces:
        return (Piece(register.cleaner.line(text, where, limit=LONGEST)),)

    rows = []
    for number, source in enumerate(sources, start=1):
        url = source.url if re.fullmatch(r"https?://[\x21-\x7e]+", source.url) else ""
        title = register.cleaner.line(source.title, where, limit=LONGEST)
        rows.append([
            (Piece(f"[{number}]"),),
            (Piece(title, target=url),),
            line(source.publisher),
            line(source.published or words["undated"]),
            line(words[f"evidence_{source.evidence}"]),
            line(words["conflict_yes"] if source.id in conflicts else "\N{EM DASH}"),
        ])  # fmt: skip
    block: Block = {
        "type": "sources",
        "id": "sources",
        "columns": columns,
        "cells": rows,
        "intro": words["sources_intro"],
        "where": where,
    }
    label = words["annex"].format(n=letter)
    blocks = (block,) if rows else ()
    return Chapter("sources", "ch-sources", label, words["sources_title"], "annex", blocks)
