"""From the blocks of executed notebooks to one numbered document, independent of format.

Chapters, figures and tables get their numbers here, references are resolved, sources get
the numbers by which they are cited, and text from data files is made printable. The
writers (`html_page`, `pdf_page`, `word_file`) only set what stands in a `Paper`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from wqa.catalog.records import Source
from wqa.errors import BuildError
from wqa.publication.chapters import moved, printed
from wqa.publication.outline import ChapterEntry, Outline
from wqa.publication.pieces import (
    LONGEST,
    UNLINKED,
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
    imprint: tuple[str, ...]  # lines of the cover: edition, day, newest figure, issuing body
    preface: str
    chapters: tuple[Chapter, ...]
    sources: tuple[Source, ...]
    facts: tuple[Mapping[str, Any], ...]
    findings: tuple[Mapping[str, str], ...]
    conflicting: frozenset[str] = frozenset()
    annex: Paper | None = None  # read on the screen only

    @property
    def whole(self) -> Paper:
        """Paper and annex as one document, with one list of sources."""
        if self.annex is None:
            return self
        chapters = (*self.chapters[:-1], *self.annex.chapters)
        return replace(self.annex, title=self.title, chapters=chapters)

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
    asked, longer, last = [], [], []
    for entry in entries:
        own = list(blocks[entry.id])
        if numbering[entry.part] == "annex":
            last.append((entry, "annex", own))
            continue
        asked.append((entry, numbering[entry.part], printed(own)))
        if more := moved(own):
            longer.append((replace(entry, id=f"{entry.id}_annex"), "annex", more))
    drafts = _number([*asked, *longer, *last], lang, register)
    left_out = slots.get("rows_left_out")
    conflicting = frozenset(conflicts)
    first = [draft for draft in drafts if draft.numbering != "annex"] or drafts
    others = [draft for draft in drafts if draft not in first]

    def title(name: str) -> str:
        return register.cleaner.line(outline.text(name, lang).format(**slots), "title page")

    def chapters(own: Sequence[_Draft], label: str = "") -> dict[str, Any]:
        # A source has the same number in both documents: the annex goes on counting.
        register.here = _anchors(own)
        made, core = [], 0
        for draft in own:
            made.append(_chapter(draft, register))
            core = core if draft.label else len(register.sources)
        ordered = tuple(sources[id] for id in register.sources)
        last = _source_chapter(ordered, conflicting, label, register, core)
        return {"chapters": (*made, last), "sources": ordered}

    paper = Paper(
        lang=lang,
        words=words,
        title=title("title"),
        subtitle=title("subtitle"),
        edition=title("edition"),
        imprint=(),
        preface=title("preface") + (words["rows_left_out"].format(n=left_out) if left_out else ""),
        **chapters(first),
        facts=(),
        findings=(),
        conflicting=conflicting,
    )
    newest = max((int(fact["year"]) for fact in register.facts.values() if _is_own(fact, slots)),
                 default=0)  # fmt: skip
    lines = ["edition", "as_of", *(["newest"] if newest else []), "issuer"]
    slots = {**slots, "newest": str(newest)}
    paper = replace(paper, imprint=tuple(title(line) for line in lines))
    letter = words["annex"].format(n=chr(ord("A") + len(others)))
    annex = replace(paper, title=title("annex"), **chapters(others, letter)) if others else None
    found: dict[str, Any] = {
        "facts": tuple(register.facts[key] for key in sorted(register.facts)),
        "findings": tuple(register.cleaner.findings()),
    }
    return replace(paper, annex=replace(annex, **found) if annex else None, **found)


def _is_own(fact: Mapping[str, Any], slots: Mapping[str, str]) -> bool:
    """Whether a printed number is a published figure of the paper's region."""
    published = fact["kind"] == "observation" and fact.get("year")
    return bool(published) and fact.get("region") == slots["region_id"]


def _anchors(drafts: Iterable[_Draft]) -> set[str]:
    """Places of one document that can be referred to."""
    blocks = {block["anchor"] for d in drafts for block in d.blocks if "anchor" in block}
    return blocks | {f"ch-{draft.entry.id}" for draft in drafts}


@dataclass(frozen=True)
class _Draft:
    entry: ChapterEntry
    title: str
    label: str
    numbering: str
    blocks: list[Block]


def _number(
    asked: Sequence[tuple[ChapterEntry, str, list[Block]]], lang: str, register: Register
) -> list[_Draft]:
    """Give chapters, sections, figures and tables their numbers; note what can be referred to."""
    counts = {"chapter": 0, "annex": 0}
    drafts = []
    for entry, kind, blocks in asked:
        number = ""
        if kind != "none":
            counts[kind] += 1
            number = str(counts[kind]) if kind == "chapter" else chr(ord("A") - 1 + counts[kind])
        label = register.words[kind].format(n=number) if number else ""
        title = register.cleaner.line(getattr(entry, f"title_{lang}"), entry.id)
        seen = {"figure": 0, "table": 0, "section": 0}
        made = [_numbered(dict(block), number, seen, entry.id, register) for block in blocks]
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
        "source_line": source_line(block["sources"], where, register),
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


def _source_chapter(
    sources: Sequence[Source], conflicts: frozenset[str], label: str, register: Register, core: int
) -> Chapter:
    """Make the last chapter: every source that is referred to, in order of its number."""
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
        "intro": [words["sources_intro"]],
        "core": core or len(rows),
        "where": where,
    }
    blocks = (block,) if rows else ()
    numbering = "annex" if label else "none"
    return Chapter("sources", "ch-sources", label, words["sources_title"], numbering, blocks)


def for_print(paper: Paper) -> Paper:
    """Keep the sources that the page of all targets rests on; the annex lists all."""
    *chapters, last = paper.chapters
    if paper.annex is None or not last.blocks:
        return paper
    block = last.blocks[0]
    core = block["core"]

    def cut(node: Any) -> Any:
        if isinstance(node, Piece):
            match = re.fullmatch(r"#src-(\d+)", node.target)
            return replace(node, target=UNLINKED) if match and int(match[1]) > core else node
        if isinstance(node, list | tuple):
            return type(node)(cut(item) for item in node)
        return {key: cut(value) for key, value in node.items()} if isinstance(node, dict) else node

    more = [paper.words["sources_more"]] if core < len(block["cells"]) else []
    short = {**block, "cells": block["cells"][:core], "intro": [*block["intro"], *more]}
    kept = [replace(chapter, blocks=cut(chapter.blocks)) for chapter in chapters]
    return replace(paper, chapters=(*kept, replace(last, blocks=(short,))))
