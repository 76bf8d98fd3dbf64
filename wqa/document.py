"""From the blocks of executed notebooks to one numbered document, independent of format.

Chapters, figures and tables get their numbers here, references are resolved, sources get
the numbers by which they are cited, and text from data files is made printable. The
writers (`html_page`, `pdf_page`, `word_file`) only set what stands in a `Paper`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from wqa.chapters import ChapterEntry, Outline
from wqa.errors import BuildError
from wqa.plain_text import Cleaner
from wqa.records import Source
from wqa.report import OWN

Block = dict[str, Any]
# A cell or caption longer than this is cut in print; the data pack keeps it whole.
LONGEST = 300
# Up to so many sources are named in the line under a table; more are given by number only.
NAMED_SOURCES = 3
# From here on, characters are as wide as a Chinese one and are not set off by a blank.
FIRST_WIDE = 0x2E80
_REFERENCE = re.compile(r"@(fig|tbl|ch):([A-Za-z0-9][A-Za-z0-9_.-]*[A-Za-z0-9]|[A-Za-z0-9])")


@dataclass(frozen=True)
class Piece:
    """A stretch of text: plain, a number with its origin (`tip`), or a link (`target`)."""

    text: str
    tip: str = ""
    target: str = ""


Pieces = tuple[Piece, ...]


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

    def floats(self, kind: str) -> list[Block]:
        """Return the figures or the tables in reading order.

        Parameters
        ----------
        kind : str
            ``figure`` or ``table``.

        Returns
        -------
        list of dict
        """
        return [b for chapter in self.chapters for b in chapter.blocks if b["type"] == kind]


@dataclass
class _State:
    """What is found while the document is put together."""

    words: Mapping[str, str]
    known: Mapping[str, Source]
    cleaner: Cleaner
    labels: dict[str, tuple[str, str]] = field(default_factory=dict)  # reference: label, anchor
    sources: dict[str, int] = field(default_factory=dict)
    facts: dict[str, dict[str, Any]] = field(default_factory=dict)


def assemble(
    outline: Outline,
    blocks: Mapping[str, Sequence[Block]],
    *,
    lang: str,
    slots: Mapping[str, str],
    sources: Mapping[str, Source],
    conflicts: Iterable[str] = (),
    missing: Callable[[str], set[str]],
) -> Paper:
    """Put the blocks of all chapters together as one numbered document.

    Parameters
    ----------
    outline : Outline
        Chapters and fixed words.
    blocks : mapping of str to sequence of dict
        Chapter id to its blocks (see `wqa.report`; running text as ``prose`` with the
        syntax tree of Pandoc); each carries ``where``.
    lang : str
        ``zh`` or ``en``.
    slots : mapping of str to str
        What fills the titles: region, plan, edition, year, month, day.
    sources : mapping of str to Source
        Every source that may be referred to.
    conflicts : iterable of str
        Ids of sources that a registered conflict names.
    missing : callable
        Returns the characters of a text that the bundled font lacks.

    Returns
    -------
    Paper

    Raises
    ------
    BuildError
        If an id stands twice, a reference leads nowhere, or a source is unknown.
    """
    words = outline.words(lang)
    state = _State(words, sources, Cleaner(missing))
    numbering = {part.id: part.numbering for part in outline.parts}
    order = {part.id: number for number, part in enumerate(outline.parts)}
    entries = sorted((c for c in outline.chapters if c.id in blocks), key=lambda c: order[c.part])
    drafts = _number(entries, blocks, numbering, lang, state)
    chapters = [_chapter(draft, state) for draft in drafts]
    ordered = tuple(sources[id] for id in state.sources)
    letter = chr(ord("A") + sum(c.numbering == "annex" for c in chapters))
    chapters.append(_source_annex(ordered, set(conflicts), letter, state))

    def title(name: str) -> str:
        return state.cleaner.line(outline.text(name, lang).format(**slots), "title page")

    return Paper(
        lang=lang,
        words=words,
        title=title("title"),
        subtitle=title("subtitle"),
        edition=title("edition"),
        as_of=title("as_of"),
        preface=title("preface"),
        chapters=tuple(chapters),
        sources=ordered,
        facts=tuple(state.facts[key] for key in sorted(state.facts)),
        findings=tuple(state.cleaner.findings()),
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
    state: _State,
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
        label = state.words[kind].format(n=number) if number else ""
        title = state.cleaner.line(getattr(entry, f"title_{lang}"), entry.id)
        seen = {"figure": 0, "table": 0, "section": 0}
        made = [
            _numbered(dict(block), number, seen, entry.id, state) for block in blocks[entry.id]
        ]
        for name in {entry.id, re.sub(r"^\d+_", "", entry.id)}:
            state.labels[f"ch:{name}"] = (label or title, f"ch-{entry.id}")
        drafts.append(_Draft(entry, title, label, kind, made))
    return drafts


def _numbered(
    block: Block, chapter: str, seen: dict[str, int], chapter_id: str, state: _State
) -> Block:
    kind = block["type"]
    if kind in ("figure", "table"):
        seen[kind] += 1
        number = f"{chapter}-{seen[kind]}" if chapter else str(seen[kind])
        short = "fig" if kind == "figure" else "tbl"
        block |= {"label": state.words[kind].format(n=number), "anchor": f"{short}-{block['id']}"}
        for other in ("fig", "tbl"):
            if f"{other}:{block['id']}" in state.labels:
                raise BuildError(
                    "an id stands twice in the paper",
                    where=block["where"],
                    got=block["id"],
                    fix="Give each figure and table an id of its own.",
                )
        state.labels[f"{short}:{block['id']}"] = (block["label"], block["anchor"])
    elif kind == "heading":
        seen["section"] += block["level"] == 2
        block["number"] = f"{chapter}.{seen['section']}" if chapter and block["level"] == 2 else ""
        count = seen["heading"] = seen.get("heading", 0) + 1
        block["anchor"] = block.get("id") or f"sec-{chapter_id}-{count}"
    return block


def _chapter(draft: _Draft, state: _State) -> Chapter:
    made: list[Block] = []
    for block in draft.blocks:
        kind = block["type"]
        if kind == "figure":
            made.append(_figure(block, state))
        elif kind == "table":
            made.append(_table(block, state))
        elif kind == "prose":
            made.append({**block, "ast": _prose(block["ast"], block["where"], state)})
        elif kind == "list":
            items = [_cited(item, block["where"], state) for item in block["items"]]
            made.append({**block, "items": items})
        elif kind == "heading":
            content = (
                {"ast": _prose(block["ast"], block["where"], state)}
                if "ast" in block
                else {"pieces": _pieces(block["parts"], block["where"], state)}
            )
            made.append({**block, **content})
        elif kind in ("text", "note"):
            made.append({**block, "pieces": _cited(block["parts"], block["where"], state)})
        else:
            raise BuildError("unknown type of block", where=block["where"], got=kind)
    anchor = f"ch-{draft.entry.id}"
    return Chapter(
        draft.entry.id, anchor, draft.label, draft.title, draft.numbering, tuple(made)
    )


def _figure(block: Block, state: _State) -> Block:
    where = block["where"]
    for key in ("alt", "svg_text", "svg_path", "png"):
        if not block.get(key):
            raise BuildError(f"a figure has no {key}", where=where, got=block["id"])
    return {
        **block,
        "caption": _pieces(block["caption_parts"], where, state, limit=LONGEST),
        "alt": state.cleaner.line(block["alt"], where),
        "notes": [_pieces(note, where, state) for note in block.get("notes", [])],
        "source_line": _source_line(block["sources"], where, state),
    }


def _table(block: Block, state: _State) -> Block:
    where = block["where"]
    columns = [
        {
            **column,
            "label": state.cleaner.line(column["label"], where, limit=LONGEST),
            "unit": state.cleaner.line(column["unit"], where, limit=LONGEST),
        }
        for column in block["columns"]
    ]
    rows, cites = [], []
    for row in block["rows"]:
        cells = [row[column["key"]] for column in columns]
        rows.append([_pieces(cell, where, state, limit=LONGEST, place=block["label"])
                     for cell in cells])  # fmt: skip
        cites.append(_cite(_sources_of(cells), where, state))
    return {
        **block,
        "caption": _pieces(block["caption_parts"], where, state, limit=LONGEST),
        "columns": columns,
        "cells": rows,
        "cites": cites,
        "alt": state.cleaner.line(block["alt"], where, limit=2 * LONGEST),
        "notes": [_pieces(note, where, state) for note in block["notes"]],
        "source_line": _source_line(block["sources"], where, state),
    }


def _pieces(
    parts: Iterable[Any], where: str, state: _State, *, limit: int = 0, place: str = ""
) -> Pieces:
    """Turn strings and facts into printable pieces; references become links."""
    out: list[Piece] = []
    for part in parts:
        if isinstance(part, str):
            text = state.cleaner.line(part, where, limit=limit, keep_space=True)
            out += [Piece(text)] if limit else _linked(text, where, state)
            continue
        text = state.cleaner.line(str(part["text"]), where, limit=limit)
        noted = state.facts.setdefault(part["id"], {**part, "places": []})
        spot = place or where.split(",")[0]
        if spot not in noted["places"]:
            noted["places"].append(spot)
        out.append(Piece(text, tip=_tip(part, where, state)))
    return tuple(out)


def _linked(text: str, where: str, state: _State) -> list[Piece]:
    out, last = [], 0
    for match in _REFERENCE.finditer(text):
        label, anchor = _resolve(f"{match[1]}:{match[2]}", where, state)
        out += [Piece(text[last : match.start()]), Piece(label, target=f"#{anchor}")]
        last = match.end()
    return [piece for piece in [*out, Piece(text[last:])] if piece.text]


def _resolve(reference: str, where: str, state: _State) -> tuple[str, str]:
    if reference not in state.labels:
        known = ", ".join(sorted(state.labels))
        raise BuildError(
            "a reference leads nowhere",
            where=where,
            got=f"@{reference}",
            expected=f"one of {known}" if known else "no reference: nothing can be referred to",
        )
    return state.labels[reference]


def _cited(parts: Sequence[Any], where: str, state: _State) -> Pieces:
    """Printable pieces of a paragraph, followed by the numbers of its sources."""
    return _pieces(parts, where, state) + _cite(_sources_of([parts]), where, state)


def _sources_of(cells: Iterable[Iterable[Any]]) -> list[str]:
    found: dict[str, None] = {}
    for cell in cells:
        for part in cell:
            if not isinstance(part, str):
                found.update(dict.fromkeys(part.get("source_ids", ())))
    return list(found)


def _cite(ids: Iterable[str], where: str, state: _State) -> Pieces:
    numbers = sorted(_source_number(id, where, state) for id in ids if id != OWN)
    return tuple(Piece(f"[{number}]", target=f"#src-{number}") for number in numbers)


def _source_number(id: str, where: str, state: _State) -> int:
    if id not in state.known:
        raise BuildError(
            "a source is not known",
            where=where,
            got=id,
            expected="a source of the raw files, a plan or the conflict register",
        )
    return state.sources.setdefault(id, len(state.sources) + 1)


def _source_line(ids: Sequence[str], where: str, state: _State) -> Pieces:
    """Compose the line under a table or figure: a few sources by name, many by number."""
    words = state.words
    real = [id for id in ids if id != OWN]
    cites = _cite(real, where, state)
    pieces: list[Piece] = [Piece(words["source_line"])]
    if len(real) <= NAMED_SOURCES:
        by_number = {state.sources[id]: state.known[id] for id in real}
        for position, (number, source) in enumerate(sorted(by_number.items())):
            name = state.cleaner.line(source.publisher, where, limit=LONGEST)
            pieces += [Piece((words["separator"] if position else "") + name), cites[position]]
            assert cites[position].text == f"[{number}]"
    else:
        pieces += cites
    if OWN in ids:
        pieces.append(Piece((words["separator"] if real else "") + words["own"]))
    return tuple(pieces)


def _tip(fact: Mapping[str, Any], where: str, state: _State) -> str:
    """Describe to a reader where a number comes from."""
    words = state.words
    lines = [words[f"kind_{fact['kind']}"]]
    for id in fact.get("source_ids", ()):
        if id == OWN:
            continue
        number = _source_number(id, where, state)
        source = state.known[id]
        when = source.published or words["undated"]
        grade = words[f"evidence_{source.evidence}"]
        comma = words["list_comma"]
        lines.append(f"[{number}] {source.publisher}{comma}{source.title}{comma}{when}"
                     f"{comma}{grade}")  # fmt: skip
    lines += [str(fact[key]) for key in ("locator", "note") if fact.get(key)]
    return state.cleaner.line(words["separator"].join(lines), where, limit=2 * LONGEST)


def _prose(tree: list[Any], where: str, state: _State) -> list[Any]:
    """Clean the text of a syntax tree and turn its references into links."""

    def walk(node: Any) -> Any:
        if isinstance(node, list):
            return _close_up([walk(item) for item in node])
        if not isinstance(node, dict):
            return node
        if node.get("t") == "Str":
            return {"t": "Str", "c": state.cleaner.line(node["c"], where, keep_space=True)}
        if node.get("t") == "Cite":
            return {"t": "Span", "c": [["", [], []], [_reference(c) for c in node["c"][0]]]}
        return {key: walk(value) for key, value in node.items()}

    def _reference(citation: Mapping[str, Any]) -> dict[str, Any]:
        label, anchor = _resolve(citation["citationId"], where, state)
        return {"t": "Link", "c": [["", [], []], [{"t": "Str", "c": label}], [f"#{anchor}", ""]]}

    return [walk(node) for node in tree]


def _close_up(nodes: list[Any]) -> list[Any]:
    """Take out the blanks that Markdown needs around a reference in Chinese text."""

    def is_(node: Any, kind: str) -> bool:
        return isinstance(node, dict) and node.get("t") == kind

    def wide(node: Any, place: int) -> bool:
        return is_(node, "Str") and bool(node["c"]) and ord(node["c"][place]) >= FIRST_WIDE

    out: list[Any] = []
    for number, node in enumerate(nodes):
        before, after = nodes[number - 1 : number], nodes[number + 1 : number + 2]
        if is_(node, "Space") and before and after:
            opens = is_(after[0], "Span") and wide(before[0], -1)
            closes = is_(before[0], "Span") and wide(after[0], 0)
            if opens or closes:
                continue
        out.append(node)
    return out


def _source_annex(
    sources: Sequence[Source], conflicts: set[str], letter: str, state: _State
) -> Chapter:
    """Make the last annex: every source that is referred to, in order of its number."""
    words, where = state.words, "sources"
    keys = ("number", "title", "publisher", "published", "evidence", "conflict")
    columns = [{"key": k, "label": words[f"column_{k}"], "unit": "", "align": "left"} for k in keys]

    def line(text: str) -> Pieces:
        return (Piece(state.cleaner.line(text, where, limit=LONGEST)),)

    rows = []
    for number, source in enumerate(sources, start=1):
        url = source.url if re.fullmatch(r"https?://[\x21-\x7e]+", source.url) else ""
        title = state.cleaner.line(source.title, where, limit=LONGEST)
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
