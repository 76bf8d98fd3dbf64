"""Text made printable, as nodes of Pandoc: numbers with their origin, references, citations."""

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
RANGE = "\N{EN DASH}"
# A cell or caption longer than this is cut in print; the data pack keeps it whole.
LONGEST = 300
# Up to so many sources are named in the line under a table; more are given by number only.
NAMED_SOURCES = 3
# From here on, characters are as wide as a Chinese one and are not set off by a blank.
FIRST_WIDE = 0x2E80
_REFERENCE = re.compile(r"@(fig|tbl|ch):([A-Za-z0-9][A-Za-z0-9_.-]*[A-Za-z0-9]|[A-Za-z0-9])")

Node = dict[str, Any]
Nodes = list[Node]
NO_NAME: list[Any] = ["", [], []]


def string(text: str) -> Node:
    """Return a text node; Pandoc escapes it."""
    return {"t": "Str", "c": text}


def link(text: str, target: str) -> Node:
    """Return a link."""
    return {"t": "Link", "c": [NO_NAME, [string(text)], [target, ""]]}


def plain(node: object) -> str:
    """Return the text of nodes."""
    if isinstance(node, list):
        return "".join(plain(item) for item in node)
    if not isinstance(node, dict):
        return ""
    kind, content = node.get("t"), node.get("c")
    if kind in ("Space", "SoftBreak", "LineBreak"):
        return " "
    if kind in ("Code", "Math"):
        return str(node["c"][1])
    return str(content) if kind == "Str" else plain(content)


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


@dataclass
class Register:
    """What is found while the document is put together."""

    words: Mapping[str, str]
    known: Mapping[str, Source]
    cleaner: Cleaner
    names: Mapping[str, str] = field(default_factory=dict)
    labels: dict[str, tuple[str, str]] = field(default_factory=dict)  # reference: label, anchor
    sources: dict[str, int] = field(default_factory=dict)
    facts: dict[str, dict[str, Any]] = field(default_factory=dict)
    place: str = ""
    here: set[str] = field(default_factory=set)  # anchors of the document that is put together

    def nodes(self, parts: Iterable[Any], where: str, *, limit: int = 0, place: str = "") -> Nodes:
        """Return strings and facts as nodes; in text without a limit, references are links."""
        out: Nodes = []
        for part in parts:
            if not isinstance(part, str):
                out.append(self._number(part, where, limit, place or self.place))
                continue
            text = self.cleaner.line(part, where, limit=limit, keep_space=True)
            out += [string(text)] if limit else self._linked(text, where)
        return out

    def _number(self, fact: Mapping[str, Any], where: str, limit: int, place: str) -> Node:
        about = self.cleaner.line(self._about(fact), where, limit=LONGEST)
        documents = [self.known[id].id for id in fact.get("source_ids", ()) if id in self.known]
        first = {**fact, "source_ids": documents, "about": about, "places": []}
        noted = self.facts.setdefault(fact["id"], first)
        # All numbers can be tapped and clicked. The tab key stops where running text names one for
        # the first time in a chapter; rows of tables lead to their sources, sources to numbers.
        is_stop = not limit and place not in noted["places"]
        if place not in noted["places"]:
            noted["places"].append(place)
        text = self.cleaner.line(str(fact["text"]), where, limit=limit)
        reached = [["tabindex", "0" if is_stop else "-1"], ["data-tip", self._tip(fact, where)]]
        return {"t": "Span", "c": [["", ["fact"], reached], [string(text)]]}

    def _linked(self, text: str, where: str) -> Nodes:
        out, last = [], 0
        for match in _REFERENCE.finditer(text):
            out += [string(text[last : match.start()]), self._resolve(match[0][1:], where)]
            last = match.end()
        return [node for node in [*out, string(text[last:])] if node["c"]]

    def _resolve(self, reference: str, where: str) -> Node:
        if reference not in self.labels:
            known = ", ".join(sorted(self.labels))
            raise BuildError(
                "a reference leads nowhere",
                where=where,
                got=f"@{reference}",
                expected=f"one of {known}" if known else "no reference: nothing can be referred to",
            )
        label, anchor = self.labels[reference]
        return link(label, f"#{anchor}") if anchor in self.here else string(label)

    def cited(self, parts: Sequence[Any], where: str) -> Nodes:
        """Return a paragraph, followed by the raised numbers of its sources."""
        raised = [{"t": "Superscript", "c": [one]} for one in self.cite(sources_of([parts]), where)]
        return self.nodes(parts, where) + raised

    def cite(self, ids: Iterable[str], where: str) -> Nodes:
        """Return the numbers of some sources as links to the list."""
        numbers = {self._source_number(id, where): id for id in ids if id != OWN}
        return [
            link(f"[{number}{self._mark(id)}]", f"#src-{number}")
            for number, id in sorted(numbers.items())
        ]

    def _mark(self, id: str) -> str:
        """Mark evidence below the official grade wherever it is used."""
        return self.words.get(f"mark_{self.known[id].evidence}", "")

    def _source_number(self, id: str, where: str) -> int:
        if id not in self.known:
            raise BuildError(
                "a source is not known",
                where=where,
                got=id,
                expected="a source of the raw files, a plan or the conflict register",
            )
        # Two ids may stand for one document; it gets one number.
        return self.sources.setdefault(self.known[id].id, len(self.sources) + 1)

    def source_line(self, ids: Sequence[str], where: str, *, named: bool = True) -> Nodes:
        """Compose the line under a table or figure: a few sources by name, many by number."""
        words = self.words
        real = [id for id in dict.fromkeys(ids) if id != OWN]
        cites = self.cite(real, where)
        line = [string(words["source_line" if named or not real else "number_line"])]
        if named and len(real) <= NAMED_SOURCES:
            by_number = {self._source_number(id, where): self.known[id] for id in real}
            for _, source in sorted(by_number.items()):
                name = self.cleaner.line(source.publisher, where, limit=LONGEST)
                before = words["separator"] if len(line) > 1 else ""
                line += [string(before + name), *cites[:1]]
                cites = cites[1:]
        else:
            line += _in_ranges(cites)
        if OWN in ids:
            line.append(string((words["separator"] if real else "") + words["own"]))
        return line

    def _about(self, fact: Mapping[str, Any]) -> str:
        """Say what a number describes: indicator, region, year."""
        ids = [str(fact.get(key) or "") for key in ("indicator_id", "region", "year")]
        return self.words["list_comma"].join(self.names.get(id, id) for id in ids if id)

    def _tip(self, fact: Mapping[str, Any], where: str) -> str:
        """Describe to a reader where a number comes from."""
        words = self.words
        named: list[str] = []
        rest = ""
        for id in fact.get("source_ids", ()):
            if id == OWN:
                continue
            number = f"[{self._source_number(id, where)}]"
            if len(named) == NAMED_SOURCES:
                rest += number
                continue
            source = self.known[id]
            when, grade = source.published or words["undated"], words[f"evidence_{source.evidence}"]
            about = (f"{number} {source.publisher}", source.title, when, grade)
            named.append(words["list_comma"].join(about))
        ends = [str(fact.get(key) or "") for key in ("locator", "note")]
        lines = [self._about(fact), words[f"kind_{fact['kind']}"], *named, rest, *ends]
        return self.cleaner.line(
            words["separator"].join(filter(None, lines)), where, limit=4 * LONGEST
        )

    def prose(self, tree: list[Any], where: str) -> list[Any]:
        """Clean the text of a syntax tree and turn its references into links."""

        def walk(node: Any) -> Any:
            if isinstance(node, list):
                return _close_up([walk(item) for item in node])
            if not isinstance(node, dict):
                return node
            if node.get("t") == "Str":
                return string(self.cleaner.line(node["c"], where, keep_space=True))
            if node.get("t") == "Cite":
                found = [self._resolve(c["citationId"], where) for c in node["c"][0]]
                return {"t": "Span", "c": [NO_NAME, found]}
            return {key: walk(value) for key, value in node.items()}

        return [walk(node) for node in tree]


def sources_of(cells: Iterable[Iterable[Any]]) -> list[str]:
    """Return the source ids of all facts in some cells, in order of appearance."""
    facts = (part for cell in cells for part in cell if not isinstance(part, str))
    return list(dict.fromkeys(id for fact in facts for id in fact.get("source_ids", ())))


def _in_ranges(cites: Nodes) -> Nodes:
    """Print three or more numbers in a row as a range."""
    runs: list[Nodes] = []
    for one in cites:
        if runs and _number_of(runs[-1][-1]) + 1 == _number_of(one):
            runs[-1].append(one)
        else:
            runs.append([one])
    out: Nodes = []
    for run in runs:
        out += [run[0], string(RANGE), run[-1]] if len(run) > 2 else run
    return out


def _number_of(cite: Node) -> int:
    return int(cite["c"][2][0].removeprefix("#src-"))


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
