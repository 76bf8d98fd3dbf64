"""Text made printable, as nodes of Pandoc: numbers with their origin, references, citations."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from wqa.catalog.records import Source
from wqa.display.report import OWN
from wqa.errors import BuildError
from wqa.publication.fonts import missing_glyphs

# The geta mark: the printer's sign for a character that is not in the case.
GETA = "\N{GETA MARK}"
_SPACES = re.compile(r"[ \t\r\n\f\v\u0085\u2028\u2029]+")
RANGE = "\N{EN DASH}"
# A cell or caption longer than this is cut in print; the data pack keeps it whole.
LONGEST = 300
# Up to so many sources are named in the line under a table; more are given by number only.
NAMED_SOURCES = 3
# From here on, characters are as wide as a Chinese one and are not set off by a blank.
FIRST_WIDE = "\u2e80"
_REFERENCE = re.compile(r"@(fig|tbl|ch):([A-Za-z0-9][A-Za-z0-9_.-]*[A-Za-z0-9]|[A-Za-z0-9])")

Node = dict[str, Any]
Nodes = list[Node]
Block = dict[str, Any]  # what a notebook shows, as data
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


def is_named(node: Any, name: str) -> bool:
    """Tell whether a node carries a name of its own, as spans and blocks may."""
    return isinstance(node, dict) and node.get("t") in ("Span", "Div") and name in node["c"][0][1]


def walk(node: Any, change: Callable[[Node], Any]) -> Any:
    """Rebuild a tree from its leaves up; a node may become several."""
    if isinstance(node, list):
        out = []
        for item in node:
            made = walk(item, change)
            out += made if isinstance(item, dict) and isinstance(made, list) else [made]
        return out
    if isinstance(node, dict):
        rebuilt = {key: walk(value, change) for key, value in node.items()}
        return change(rebuilt) if "t" in rebuilt else rebuilt
    return node


# What was changed, by code, in Chinese and English.
CHANGED = {
    "missing_glyph": (
        "随书字体缺字，已印作“〓”",
        "The bundled font lacks characters; they print as 〓",
    ),
    "invisible_character": ("含不可见控制字符，已删去", "Invisible characters were removed"),
    "text_cut": ("文字过长，印本中已截断，数据包中保留全文", "A text too long for print was cut"),
}


class Cleaner:
    """Cleans text line by line and keeps what it had to change."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str], set[str]] = {}

    def line(self, text: str, where: str, *, limit: int = 0, keep_space: bool = False) -> str:
        """Return one printable line."""
        text = _SPACES.sub(" ", text)
        for char in set(text):
            if unicodedata.category(char) in ("Cc", "Cf", "Cs"):
                self._note("invisible_character", where, f"U+{ord(char):04X}")
                text = text.replace(char, "")
        for char in missing_glyphs(text):
            # A subscript digit or a ligature has a plain form that says the same.
            plain_form = unicodedata.normalize("NFKC", char)
            if plain_form == char or missing_glyphs(plain_form):
                plain_form = GETA
                self._note("missing_glyph", where, f"U+{ord(char):04X}")
            text = text.replace(char, plain_form)
        if not keep_space:
            text = text.strip()
        if limit and len(text) > limit:
            self._note("text_cut", where, str(len(text)))
            text = text[:limit].rstrip() + "\N{HORIZONTAL ELLIPSIS}"
        return text

    def _note(self, code: str, where: str, value: str) -> None:
        self._seen.setdefault((code, where), set()).add(value)

    def findings(self) -> list[dict[str, str]]:
        """Return what was changed, in a fixed order."""
        out = []
        for (code, where), values in sorted(self._seen.items()):
            zh, en = CHANGED[code]
            found = {"code": code, "severity": "review", "where": where}
            found |= {"value": ", ".join(sorted(values)), "message_zh": zh, "message_en": en}
            out.append(found)
        return out


@dataclass
class Register:
    """What is found while the document is put together."""

    lang: str
    words: Mapping[str, str]
    known: Mapping[str, Source]
    names: Mapping[str, str]
    cleaner: Cleaner = field(default_factory=Cleaner)
    labels: dict[str, tuple[str, str]] = field(default_factory=dict)  # reference: label, anchor
    sources: dict[str, int] = field(default_factory=dict)
    facts: dict[str, dict[str, Any]] = field(default_factory=dict)
    place: str = ""
    here: set[str] = field(default_factory=set)  # anchors of the document that is put together

    def nodes(self, parts: Iterable[Any], where: str, *, limit: int = 0) -> Nodes:
        """Return strings and facts as nodes; in text without a limit, references are links."""
        out: Nodes = []
        for part in parts:
            if not isinstance(part, str):
                out.append(self._number(part, where, limit))
                continue
            text = self.cleaner.line(part, where, limit=limit, keep_space=True)
            out += [string(text)] if limit else self._linked(text, where)
        return out

    def _number(self, fact: Mapping[str, Any], where: str, limit: int) -> Node:
        about = self.cleaner.line(self._about(fact), where, limit=LONGEST)
        documents = [self.known[id].id for id in fact.get("source_ids", ()) if id in self.known]
        first = {**fact, "source_ids": documents, "about": about, "places": []}
        places = self.facts.setdefault(fact["id"], first)["places"]
        # All numbers can be tapped and clicked. The tab key stops where running text names one for
        # the first time in a chapter; rows of tables lead to their sources, sources to numbers.
        is_stop = not limit and self.place not in places
        if self.place not in places:
            places.append(self.place)
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
            expected = f"one of {known}" if known else "no reference: nothing can be referred to"
            raise BuildError(
                "a reference leads nowhere", where=where, got=f"@{reference}", expected=expected
            )
        label, anchor = self.labels[reference]
        return link(label, f"#{anchor}") if anchor in self.here else string(label)

    def cited(self, parts: Sequence[Any], where: str) -> Nodes:
        """Return a paragraph, followed by the raised numbers of its sources."""
        raised = [{"t": "Superscript", "c": [one]} for one in self.cite([parts], where)]
        return self.nodes(parts, where) + raised

    def cite(self, cells: Iterable[Iterable[Any]], where: str) -> Nodes:
        """Return the numbers of the sources of some facts as links to the list."""
        facts = (part for cell in cells for part in cell if not isinstance(part, str))
        ids = dict.fromkeys(id for fact in facts for id in fact.get("source_ids", ()))
        return [self._cite(*one) for one in self._numbered(ids, where).items()]

    def _cite(self, number: int, source: Source) -> Node:
        # Evidence below the official grade is marked wherever it is used.
        mark = self.words.get(f"mark_{source.evidence}", "")
        return link(f"[{number}{mark}]", f"#src-{number}")

    def _numbered(self, ids: Iterable[str], where: str) -> dict[int, Source]:
        found = {self._source_number(id, where): self.known[id] for id in ids if id != OWN}
        return dict(sorted(found.items()))

    def _source_number(self, id: str, where: str) -> int:
        if id not in self.known:
            expected = "a source of the raw files, a plan or the conflict register"
            raise BuildError("a source is not known", where=where, got=id, expected=expected)
        # Two ids may stand for one document; it gets one number.
        return self.sources.setdefault(self.known[id].id, len(self.sources) + 1)

    def source_line(self, ids: Sequence[str], where: str) -> Nodes:
        """Compose the line under a table or figure: a few sources by name, many by number."""
        words, numbers = self.words, self._numbered(dict.fromkeys(ids), where)
        line = [string(words["source_line"])]
        if len(set(ids) - {OWN}) <= NAMED_SOURCES:
            for number, source in numbers.items():
                name = self.cleaner.line(source.publisher, where, limit=LONGEST)
                before = words["separator"] if len(line) > 1 else ""
                line += [string(before + name), self._cite(number, source)]
        else:
            # Three or more numbers in a row, of one grade of evidence, are a range.
            pairs = enumerate(numbers.items())
            runs = groupby(pairs, lambda one: (one[1][0] - one[0], one[1][1].evidence))
            for run in ([self._cite(*numbered) for _, numbered in group] for _, group in runs):
                line += [run[0], string(RANGE), run[-1]] if len(run) > 2 else run
        if OWN in ids:
            line.append(string((words["separator"] if numbers else "") + words["own"]))
        return line

    def _about(self, fact: Mapping[str, Any]) -> str:
        """Say what a number describes: indicator, region, year."""
        ids = [str(fact.get(key) or "") for key in ("indicator_id", "region", "year")]
        return self.words["list_comma"].join(self.names.get(id, id) for id in ids if id)

    def _tip(self, fact: Mapping[str, Any], where: str) -> str:
        """Describe to a reader where a number comes from."""
        words, named = self.words, []
        ids = [id for id in fact.get("source_ids", ()) if id != OWN]
        numbers = [f"[{self._source_number(id, where)}]" for id in ids]
        for number, id in list(zip(numbers, ids, strict=True))[:NAMED_SOURCES]:
            source = self.known[id]
            when, grade = source.published or words["undated"], words[f"evidence_{source.evidence}"]
            named.append([f"{number} {source.publisher}", source.title, when, grade])
        lines = [
            self._about(fact),
            words[f"kind_{fact['kind']}"],
            *map(words["list_comma"].join, named),
            "".join(numbers[NAMED_SOURCES:]),
            *(str(fact.get(key) or "") for key in ("locator", "note")),
        ]
        text = words["separator"].join(filter(None, lines))
        return self.cleaner.line(text, where, limit=4 * LONGEST)

    def prose(self, tree: Nodes, where: str) -> Nodes:
        """Clean the text of a syntax tree and turn its references into links."""

        def change(node: Node) -> Node:
            if node["t"] == "Str":
                return string(self.cleaner.line(node["c"], where, keep_space=True))
            if node["t"] == "Cite":
                found = [self._resolve(c["citationId"], where) for c in node["c"][0]]
                return {"t": "Span", "c": [["", ["reference"], []], found]}
            content = node.get("c")
            return {**node, "c": _close_up(content)} if isinstance(content, list) else node

        found: Nodes = walk(tree, change)
        return found


def _close_up(nodes: list[Any]) -> list[Any]:
    """Take out the blanks that Markdown needs around a reference in Chinese text."""
    out = []
    for before, node, after in zip([{}, *nodes], nodes, [*nodes[1:], {}], strict=False):
        opens = is_named(after, "reference") and plain(before)[-1:] >= FIRST_WIDE
        closes = is_named(before, "reference") and plain(after)[:1] >= FIRST_WIDE
        if not (isinstance(node, dict) and node["t"] == "Space" and (opens or closes)):
            out.append(node)
    return out
