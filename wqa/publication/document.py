"""From the blocks of executed notebooks to one numbered document of Pandoc nodes.

Chapters, figures and tables get their numbers here, references are resolved, sources get
the numbers by which they are cited, and text from data files is made printable. A `Paper` holds
nodes of Pandoc, with native tables and figures: Pandoc escapes what stands in them for each
format, and no text from a data file is ever parsed as markup. The formats only set it.
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
from wqa.publication.column_widths import decimal_shifts
from wqa.publication.outline import ChapterEntry, Outline
from wqa.publication.printable import (
    LONGEST,
    NO_NAME,
    Block,
    Node,
    Nodes,
    Register,
    link,
    plain,
    string,
)


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


WIDE_SPACE = "\N{IDEOGRAPHIC SPACE}"
ALIGN = {"left": "AlignLeft", "center": "AlignCenter"}


def paragraph(inlines: Nodes, kind: str = "Para") -> Node:
    """Return a paragraph, or the plain content of an entry."""
    return {"t": kind, "c": inlines}


def div(name: str, blocks: Nodes, **attributes: str) -> Node:
    """Return blocks that belong together under the name of what they are."""
    return {"t": "Div", "c": [["", [name], [list(pair) for pair in attributes.items()]], blocks]}


def heading(level: int, anchor: str, title: Nodes) -> Node:
    """Return a heading that can be referred to."""
    return {"t": "Header", "c": [level, [anchor, [], []], title]}


def entries(items: Sequence[Nodes]) -> Node:
    """Return a list."""
    return {"t": "BulletList", "c": [[paragraph(item, "Plain")] for item in items]}


def block_nodes(block: Block, register: Register) -> Nodes:
    """Return a block of a notebook, made printable."""
    kind, where = block["type"], block["where"]
    if kind == "prose":
        return register.prose(block["ast"], where)
    if kind == "heading":
        number = [string(block["number"])] if block["number"] else []
        title = [*number, *register.prose(block["ast"], where)]
        return [heading(block["level"], block["anchor"], title)]
    if kind == "list":
        return [entries([register.cited(item, where) for item in block["items"]])]
    if kind == "text":
        return [paragraph(register.cited(block["parts"], where))]
    if kind == "table":
        return [_sheet(block, register)]
    if kind == "figure":
        return [_chart(block, register)]
    raise BuildError("unknown type of block", where=where, got=kind)


def _chart(block: Block, register: Register) -> Node:
    where, chapter = block["where"], register.place
    for key in ("alt", "svg_text", "svg_path", "png"):
        if not block.get(key):
            raise BuildError(f"a figure has no {key}", where=where, got=block["id"])
    # The numbers of the alternative text are registered like those that are seen.
    register.place = block["label"]
    register.nodes(block.get("alt_parts", ()), where)
    register.place = chapter
    alt = string(register.cleaner.line(block["alt"], where))
    image = {"t": "Image", "c": [NO_NAME, [alt], [block["id"], ""]]}
    shown = [[block["anchor"], [], []], _caption(block, register), [paragraph([image], "Plain")]]
    parts = [{"t": "Figure", "c": shown}, *_under(block, register)]
    return div("chart", parts, float=block["id"])


def _sheet(block: Block, register: Register) -> Node:
    where, chapter = block["where"], register.place
    columns = [
        {key: register.cleaner.line(column[key], where, limit=LONGEST) for key in column}
        for column in block["columns"]
    ]
    register.place = block["label"]
    rows, block["cites"] = [], []
    for row in block["rows"]:
        cells = [row[column["key"]] for column in block["columns"]]
        rows.append([register.nodes(cell, where, limit=LONGEST) for cell in cells])
        block["cites"].append(register.cite(cells, where))
    register.place = chapter
    opened, closed = ("（", "）") if register.lang == "zh" else (" (", ")")
    heads = [c["label"] + (c["unit"] and opened + c["unit"] + closed) for c in columns]
    aligns = [column["align"] for column in columns]
    made = table(heads, aligns, rows, _caption(block, register), block["anchor"])
    return div("sheet", [made, *_under(block, register)], float=block["id"])


def _caption(block: Block, register: Register) -> list[Any]:
    """Return the caption with its label; the data pack lists it as well."""
    block["caption"] = register.nodes(block["caption_parts"], block["where"], limit=LONGEST)
    label = {"t": "Span", "c": [["", ["label", block["type"]], []], [string(block["label"])]]}
    return [None, [paragraph([label, string(WIDE_SPACE), *block["caption"]], "Plain")]]


def _under(block: Block, register: Register) -> Nodes:
    words, where = register.words, block["where"]
    notes = [register.nodes(note, where) for note in block.get("notes", ())]
    lines = []
    for number, note in enumerate(notes, start=1):
        begun = words["note_line"] * (number == 1) + f"{number}. " * (len(notes) > 1)
        lines.append(div("note", [paragraph([string(begun), *note])]))
    sources = register.source_line(block["sources"], where)
    return [*lines, div("source", [paragraph(sources)])]


def table(
    heads: Sequence[str],
    aligns: Sequence[str],
    rows: Sequence[Sequence[Nodes]],
    caption: Sequence[Any] = (None, ()),
    anchor: str = "",
) -> Node:
    """Return a table whose cells carry their alignment as their class."""
    texts = [[plain(cell) for cell in row] for row in rows]
    shifts = [decimal_shifts(align, [row[n] for row in texts]) for n, align in enumerate(aligns)]
    specs = [[{"t": ALIGN.get(align, "AlignRight")}, {"t": "ColWidthDefault"}] for align in aligns]
    body = []
    for number, row in enumerate(rows):
        moved = [column[number] for column in shifts]
        cells = [[*cell, *_room(em)] for cell, em in zip(row, moved, strict=True)]
        first = cell_of(cells[0], aligns[0], scope="row")
        body.append([NO_NAME, [first, *map(cell_of, cells[1:], aligns[1:])]])
    top = [NO_NAME, [cell_of([string(text)], "head", scope="col") for text in heads]]
    parts = [[NO_NAME, [top]], [[NO_NAME, 1, [], body]], [NO_NAME, []]]
    return {"t": "Table", "c": [[anchor, [], []], caption, specs, *parts]}


def _room(em: float) -> Nodes:
    """Return room to the right of a number, so that points stand under each other."""
    return [{"t": "Span", "c": [["", ["room"], [["em", str(em)]]], []]}] if em else []


def cell_of(content: Nodes, kind: str, scope: str = "") -> list[Any]:
    """Return a cell, with its alignment as its class."""
    named = ["", [kind], [["scope", scope]] if scope else []]
    align = {"t": "AlignCenter" if kind == "head" else "AlignDefault"}
    return [named, align, 1, 1, [paragraph(content, "Plain")]]


def table_rows(made: Node) -> list[list[Any]]:
    """Return the cells of a table, row by row, the head first."""
    head, bodies = made["c"][3:5]
    return [head[1][0][1], *(row[1] for row in bodies[0][3])]
