"""Text in pieces, made printable: plain words, numbers with their origin, references, citations."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from wqa.catalog.records import Source
from wqa.display.report import OWN
from wqa.errors import BuildError

# The geta mark: the printer's sign for a character that is not in the case.
GETA = "\N{GETA MARK}"
_SPACES = re.compile(r"[ \t\r\n\f\v\u0085\u2028\u2029]+")
_RUN = re.compile(r"[!-~\u00a1-\u024f]{40,}")
ZERO_WIDTH_SPACE = "\u200b"
RANGE = "\N{EN DASH}"
UNLINKED = "src"  # target of the number of a source that the document does not list


class Cleaner:
    """Cleans text line by line and keeps what it had to change."""

    def __init__(self, missing: Callable[[str], set[str]]) -> None:
        self._missing = missing
        self._seen: dict[tuple[str, str], set[str]] = {}
        self._cut: dict[str, int] = {}

    def line(self, text: str, where: str, *, limit: int = 0, keep_space: bool = False) -> str:
        """Return one printable line."""
        text = _SPACES.sub(" ", text)
        hidden = {char for char in text if unicodedata.category(char) in ("Cc", "Cf", "Cs")}
        if hidden:
            self._note("invisible_character", where, hidden)
            text = "".join(char for char in text if char not in hidden)
        lacking = self._missing(text)
        if lacking:
            text = self._replace(text, lacking, where)
        if not keep_space:
            text = text.strip()
        if limit and len(text) > limit:
            self._cut[where] = max(self._cut.get(where, 0), len(text))
            text = text[:limit].rstrip() + "\N{HORIZONTAL ELLIPSIS}"
        return text

    def _replace(self, text: str, lacking: set[str], where: str) -> str:
        out, lost = [], set()
        for char in text:
            if char not in lacking:
                out.append(char)
                continue
            # A subscript digit or a ligature has a plain form that says the same.
            plain = unicodedata.normalize("NFKC", char)
            if plain != char and not self._missing(plain):
                out.append(plain)
            else:
                lost.add(char)
                out.append(GETA)
        if lost:
            self._note("missing_glyph", where, lost)
        return "".join(out)

    def _note(self, code: str, where: str, characters: set[str]) -> None:
        self._seen.setdefault((code, where), set()).update(characters)

    def findings(self) -> list[dict[str, str]]:
        """Return what was changed, in a fixed order."""
        wording = {
            "missing_glyph": (
                "随书字体缺字，已印作“〓”", "The bundled font lacks characters; they print as 〓",
            ),
            "invisible_character": (
                "含不可见控制字符，已删去", "Invisible characters were removed",
            ),
        }  # fmt: skip
        out = []
        for (code, where), characters in sorted(self._seen.items()):
            names = ", ".join(f"U+{ord(char):04X}" for char in sorted(characters))
            out.append(_finding(code, where, names, *wording[code]))
        for where, length in sorted(self._cut.items()):
            zh, en = "文字过长，印本中已截断，数据包中保留全文", "A text too long for print was cut"
            out.append(_finding("text_cut", where, str(length), zh, en))
        return out


def _finding(code: str, where: str, value: str, zh: str, en: str) -> dict[str, str]:
    return {
        "code": code, "severity": "review", "where": where, "value": value,
        "message_zh": zh, "message_en": en,
    }  # fmt: skip


def breakable(text: str) -> str:
    """Allow line breaks inside long runs without a blank, such as addresses."""

    def cut(match: re.Match[str]) -> str:
        run = match[0]
        return ZERO_WIDTH_SPACE.join(run[i : i + 20] for i in range(0, len(run), 20))

    return _RUN.sub(cut, text)


# A cell or caption longer than this is cut in print; the data pack keeps it whole.
LONGEST = 300
# Up to so many sources are named under a table or figure; more are given by number only.
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


@dataclass
class Register:
    """What is found while the document is put together."""

    words: Mapping[str, str]
    known: Mapping[str, Source]
    cleaner: Cleaner
    labels: dict[str, tuple[str, str]] = field(default_factory=dict)  # reference: label, anchor
    sources: dict[str, int] = field(default_factory=dict)
    facts: dict[str, dict[str, Any]] = field(default_factory=dict)
    place: str = ""
    here: set[str] = field(default_factory=set)  # anchors of the document that is put together
    names: Mapping[str, str] = field(default_factory=dict)


def pieces(
    parts: Iterable[Any], where: str, register: Register, *, limit: int = 0, place: str = ""
) -> Pieces:
    """Turn strings and facts into printable pieces; references become links."""
    out: list[Piece] = []
    for part in parts:
        if isinstance(part, str):
            text = register.cleaner.line(part, where, limit=limit, keep_space=True)
            out += [Piece(text)] if limit else _linked(text, where, register)
            continue
        text = register.cleaner.line(str(part["text"]), where, limit=limit)
        about = _about(part, where, register)
        documents = [register.known[id].id for id in part.get("source_ids", ())
                     if id in register.known]  # fmt: skip
        noted = register.facts.setdefault(
            part["id"], {**part, "source_ids": documents, "about": about, "places": []}
        )
        spot = place or register.place
        if spot not in noted["places"]:
            noted["places"].append(spot)
        out.append(Piece(text, tip=_tip(part, where, register)))
    return tuple(out)


def _linked(text: str, where: str, register: Register) -> list[Piece]:
    out, last = [], 0
    for match in _REFERENCE.finditer(text):
        label, target = _resolve(f"{match[1]}:{match[2]}", where, register)
        out += [Piece(text[last : match.start()]), Piece(label, target=target)]
        last = match.end()
    return [piece for piece in [*out, Piece(text[last:])] if piece.text]


def _resolve(reference: str, where: str, register: Register) -> tuple[str, str]:
    if reference not in register.labels:
        known = ", ".join(sorted(register.labels))
        raise BuildError(
            "a reference leads nowhere",
            where=where,
            got=f"@{reference}",
            expected=f"one of {known}" if known else "no reference: nothing can be referred to",
        )
    label, anchor = register.labels[reference]
    return label, f"#{anchor}" if anchor in register.here else ""


def cited(parts: Sequence[Any], where: str, register: Register) -> Pieces:
    """Return the pieces of a paragraph, followed by the numbers of its sources."""
    return pieces(parts, where, register) + cite(sources_of([parts]), where, register)


def sources_of(cells: Iterable[Iterable[Any]]) -> list[str]:
    """Return the source ids of all facts in some cells, in order of appearance."""
    found: dict[str, None] = {}
    for cell in cells:
        for part in cell:
            if not isinstance(part, str):
                found.update(dict.fromkeys(part.get("source_ids", ())))
    return list(found)


def cite(ids: Iterable[str], where: str, register: Register) -> Pieces:
    """Return the numbers of some sources as links to the annex."""
    numbers = {_source_number(id, where, register): id for id in ids if id != OWN}
    return tuple(
        Piece(f"[{number}{_mark(id, register)}]", target=f"#src-{number}")
        for number, id in sorted(numbers.items())
    )


def _mark(id: str, register: Register) -> str:
    """Mark evidence below the official grade wherever it is used."""
    return register.words.get(f"mark_{register.known[id].evidence}", "")


def _source_number(id: str, where: str, register: Register) -> int:
    if id not in register.known:
        raise BuildError(
            "a source is not known",
            where=where,
            got=id,
            expected="a source of the raw files, a plan or the conflict register",
        )
    # Two ids may stand for one document; it gets one number.
    document = register.known[id].id
    return register.sources.setdefault(document, len(register.sources) + 1)


def source_line(ids: Sequence[str], where: str, register: Register) -> Pieces:
    """Compose the line under a table or figure: a few sources by name, many by number."""
    words = register.words
    real = [id for id in dict.fromkeys(ids) if id != OWN]
    cites = cite(real, where, register)
    line: list[Piece] = [Piece(words["source_line"])]
    if len(real) <= NAMED_SOURCES:
        by_number = {_source_number(id, where, register): register.known[id] for id in real}
        for position, (_, source) in enumerate(sorted(by_number.items())):
            name = register.cleaner.line(source.publisher, where, limit=LONGEST)
            line += [Piece((words["separator"] if position else "") + name), cites[position]]
    else:
        line += _in_ranges(cites)
    if OWN in ids:
        line.append(Piece((words["separator"] if real else "") + words["own"]))
    return tuple(line)


def _in_ranges(cites: Pieces) -> list[Piece]:
    """Print three or more numbers in a row as a range."""
    runs: list[list[Piece]] = []
    for one in cites:
        near = runs and int(runs[-1][-1].target[5:]) + 1 == int(one.target[5:])
        if near:
            runs[-1].append(one)
        else:
            runs.append([one])
    out: list[Piece] = []
    for run in runs:
        out += [run[0], Piece(RANGE), run[-1]] if len(run) > 2 else run
    return out


def _about(fact: Mapping[str, Any], where: str, register: Register) -> str:
    """Say what a number describes: indicator, region, year."""
    ids = [str(fact.get(key) or "") for key in ("indicator_id", "region", "year")]
    named = [register.names.get(id, id) for id in ids if id]
    return register.cleaner.line(register.words["list_comma"].join(named), where, limit=LONGEST)


def _tip(fact: Mapping[str, Any], where: str, register: Register) -> str:
    """Describe to a reader where a number comes from."""
    words = register.words
    about = _about(fact, where, register)
    lines = [*([about] if about else []), words[f"kind_{fact['kind']}"]]
    named: list[str] = []
    rest: list[str] = []
    for id in fact.get("source_ids", ()):
        if id == OWN:
            continue
        number = _source_number(id, where, register)
        if len(named) == NAMED_SOURCES:
            rest.append(f"[{number}]")
            continue
        source = register.known[id]
        when = source.published or words["undated"]
        grade = words[f"evidence_{source.evidence}"]
        comma = words["list_comma"]
        named.append(f"[{number}] {source.publisher}{comma}{source.title}{comma}{when}"
                     f"{comma}{grade}")  # fmt: skip
    lines += [*named, *(["".join(rest)] if rest else [])]
    lines += [str(fact[key]) for key in ("locator", "note") if fact.get(key)]
    return register.cleaner.line(words["separator"].join(lines), where, limit=4 * LONGEST)


def prose(tree: list[Any], where: str, register: Register) -> list[Any]:
    """Clean the text of a syntax tree and turn its references into links."""

    def walk(node: Any) -> Any:
        if isinstance(node, list):
            return _close_up([walk(item) for item in node])
        if not isinstance(node, dict):
            return node
        if node.get("t") == "Str":
            return {"t": "Str", "c": register.cleaner.line(node["c"], where, keep_space=True)}
        if node.get("t") == "Cite":
            return {"t": "Span", "c": [["", [], []], [_reference(c) for c in node["c"][0]]]}
        return {key: walk(value) for key, value in node.items()}

    def _reference(citation: Mapping[str, Any]) -> dict[str, Any]:
        label, target = _resolve(citation["citationId"], where, register)
        text = {"t": "Str", "c": label}
        return {"t": "Link", "c": [["", [], []], [text], [target, ""]]} if target else text

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
