"""From the blocks of executed notebooks to one numbered document, independent of format.

Chapters, figures and tables get their numbers here, references are resolved, sources get
the numbers by which they are cited, and text from data files is made printable. The
formats only set what stands in a `Paper`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count, repeat
from string import ascii_uppercase
from typing import Any

from wqa.catalog.records import Source
from wqa.errors import BuildError
from wqa.publication.chapters import moved, printed
from wqa.publication.outline import ChapterEntry, Outline
from wqa.publication.pandoc_tree import WIDE_SPACE, block_nodes, div, heading, paragraph, table
from wqa.publication.printable import LONGEST, Block, Register, link, string


@dataclass(frozen=True)
class Chapter:
    """A numbered chapter: its blocks, and the nodes that print them under its title."""

    id: str
    label: str
    title: str
    numbering: str
    blocks: tuple[Block, ...] = ()
    nodes: tuple[Any, ...] = ()

    @property
    def anchor(self) -> str:
        """Place to which references lead."""
        return f"ch-{self.id}"

    def full_title(self, lang: str) -> str:
        """Return the title with its number."""
        gap = WIDE_SPACE if lang == "zh" else ". "
        return f"{self.label}{gap}{self.title}" if self.label else self.title


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
    core: int  # so many sources are those of the page of all targets
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

    def floats(self, *kinds: str) -> list[Block]:
        """Return the figures or the tables in reading order."""
        return [b for chapter in self.chapters for b in chapter.blocks if b["type"] in kinds]


def assemble(
    outline: Outline,
    blocks: Mapping[str, Sequence[Block]],
    *,
    lang: str,
    slots: Mapping[str, str],
    sources: Mapping[str, Source],
    conflicts: Iterable[str] = (),
    names: Mapping[str, str] | None = None,
) -> Paper:
    """Put the blocks of all chapters together as one numbered document."""
    register = Register(lang, outline.words(lang), sources, names or {})
    words, conflicting = register.words, frozenset(conflicts)
    numbers = {"none": repeat(""), "chapter": map(str, count(1)), "annex": iter(ascii_uppercase)}
    drafts = [
        _numbered(entry, kind, next(numbers[kind]), own, register)
        for entry, kind, own in _in_order(outline, blocks)
    ]
    first = [draft for draft in drafts if draft.numbering != "annex"] or drafts
    others = drafts[len(first) :]

    def made(own: Sequence[Chapter], label: str = "") -> dict[str, Any]:
        # A source has the same number in both documents: the annex goes on counting.
        register.here = {block["anchor"] for c in own for block in c.blocks if "anchor" in block}
        register.here |= {chapter.anchor for chapter in own}
        done, core = [], 0
        for chapter in own:
            done.append(_made(chapter, register))
            core = core if chapter.label else len(register.sources)
        listed = tuple(sources[id] for id in register.sources)
        last = _source_chapter(listed, conflicting, label, register)
        return {"chapters": (*done, last), "sources": listed, "core": core or len(listed)}

    body, letter = made(first), words["annex"].format(n=chr(ord("A") + len(others)))
    years = [int(fact["year"]) for fact in register.facts.values() if _is_own(fact, slots)]
    more = made(others, letter) if others else {}

    def title(name: str) -> str:
        text = words[name].format(**slots, newest=max(years, default=""))
        return register.cleaner.line(text, "title page")

    left_out = slots.get("rows_left_out")
    paper = Paper(
        lang=lang,
        words=words,
        title=title("title"),
        subtitle=title("subtitle"),
        edition=title("edition"),
        imprint=tuple(map(title, ["edition", "as_of", *["newest"] * bool(years), "issuer"])),
        preface=title("preface") + (words["rows_left_out"].format(n=left_out) if left_out else ""),
        facts=tuple(register.facts[key] for key in sorted(register.facts)),
        findings=tuple(register.cleaner.findings()),
        conflicting=conflicting,
        **body,
    )
    return replace(
        paper, annex=replace(paper, title=title("annex_title"), **more) if more else None
    )


def _in_order(
    outline: Outline, blocks: Mapping[str, Sequence[Block]]
) -> list[tuple[ChapterEntry, str, Sequence[Block]]]:
    """Return the chapters as they are read: of printed ones, longer parts stand in the annex."""
    chosen = [
        (chapter, part.numbering, blocks[chapter.id])
        for part in outline.parts
        for chapter in outline.chapters
        if chapter.part == part.id and chapter.id in blocks
    ]
    front = [one for one in chosen if one[1] != "annex"]
    back = [one for one in chosen if one[1] == "annex"]
    longer = [(replace(c, id=f"{c.id}_annex"), "annex", moved(own)) for c, _, own in front]
    kept = [(entry, kind, printed(own)) for entry, kind, own in front]
    return [*kept, *(one for one in longer if one[2]), *back]


def _is_own(fact: Mapping[str, Any], slots: Mapping[str, str]) -> bool:
    """Whether a printed number is a published figure of the paper's region."""
    published = fact["kind"] == "observation" and fact.get("year")
    return bool(published) and fact.get("region") == slots["region_id"]


def _numbered(
    entry: ChapterEntry, kind: str, number: str, blocks: Sequence[Block], register: Register
) -> Chapter:
    """Give sections, figures and tables their numbers; note what can be referred to."""
    lang, labels = register.lang, register.labels
    label = register.words[kind].format(n=number) if number else ""
    title = register.cleaner.line(entry.title, entry.id)
    seen: Counter[str] = Counter()
    made = []
    for given in blocks:
        block = dict(given)
        made.append(block)
        name = block["type"]
        if name == "heading":
            seen.update(["heading", *["section"] * (block["level"] == 2)])
            counted = f"{number}.{seen['section']}" if number and block["level"] == 2 else ""
            gap = WIDE_SPACE if lang == "zh" else " "
            block |= {"number": counted and counted + gap,
                      "anchor": f"sec-{entry.id}-{seen['heading']}"}  # fmt: skip
        elif name in ("figure", "table"):
            seen[name] += 1
            counted = f"{number}-{seen[name]}" if number else str(seen[name])
            short = "fig" if name == "figure" else "tbl"
            block |= {"label": register.words[name].format(n=counted),
                      "anchor": f"{short}-{block['id']}"}  # fmt: skip
            if {f"fig:{block['id']}", f"tbl:{block['id']}"} & set(labels):
                raise BuildError(
                    "an id stands twice in the paper",
                    where=block["where"],
                    got=block["id"],
                    fix="Give each figure and table an id of its own.",
                )
            labels[f"{short}:{block['id']}"] = (block["label"], block["anchor"])
    chapter = Chapter(entry.id, label, title, kind, tuple(made))
    for name in (entry.id, re.sub(r"^\d+_", "", entry.id)):
        labels[f"ch:{name}"] = (label or title, chapter.anchor)
    return chapter


def _made(chapter: Chapter, register: Register) -> Chapter:
    """Make the nodes of a chapter."""
    register.place = chapter.label or chapter.title
    title = heading(1, chapter.anchor, [string(chapter.full_title(register.lang))])
    nodes = [node for block in chapter.blocks for node in block_nodes(block, register)]
    return replace(chapter, nodes=(title, *nodes))


def _source_chapter(
    sources: Sequence[Source], conflicts: frozenset[str], label: str, register: Register
) -> Chapter:
    """Make the last chapter: every source that is referred to, in order of its number."""
    words, clean = register.words, register.cleaner.line
    chapter = Chapter("sources", label, words["sources_title"], "annex" if label else "none")
    chapter = _made(chapter, register)
    if not sources:
        return chapter
    names = ("number", "title", "publisher", "published", "evidence", "conflict")
    rows = []
    for number, source in enumerate(sources, start=1):
        title = clean(source.title, "sources", limit=LONGEST)
        web = re.fullmatch(r"https?://[\x21-\x7e]+", source.url)
        texts = (
            source.publisher,
            source.published or words["undated"],
            words[f"evidence_{source.evidence}"],
            words["conflict_yes"] if source.id in conflicts else "\N{EM DASH}",
        )
        cells = [string(f"[{number}]"), link(title, source.url) if web else string(title)]
        rows.append([*cells, *(string(clean(text, "sources", limit=LONGEST)) for text in texts)])
    heads = [words[f"column_{name}"] for name in names]
    made = table(heads, ["left"] * len(names), [[[cell] for cell in row] for row in rows])
    for number, row in enumerate(made["c"][4][0][3], start=1):
        row[0] = [f"src-{number}", [], []]
    intro = paragraph([string(words["sources_intro"])])
    return replace(chapter, nodes=(*chapter.nodes, intro, div("register", [made])))
