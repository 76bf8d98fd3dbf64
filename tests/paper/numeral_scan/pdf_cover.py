"""Cover the text of a PDF with texts whose numbers are resolved; what stays bare is shown.

A PDF read back is a stream of lines: paragraphs are broken, running heads and page numbers
stand between them. So both sides are compared without white space, in reading order.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterator, Sequence

from numeral_scan.numerals import Found, find_numerals, squeezed

# A text of fewer letters stands in many places; it is looked for near the last one only.
_SHORT = 8
_NEAR = 500
_FAR = 8000
_LEADER = re.compile(r"(?:(?:\s*\.){2,}|\s\.)\s*(\d+)(?=\s)")  # a full line leaves room for one dot
_CONTEXT = 40


class Cover:
    """The text of a PDF and how much of it is accounted for."""

    def __init__(self, pages: Sequence[tuple[str, str]], heads: Collection[str]) -> None:
        self.labels = [label for label, _ in pages]
        self.found: list[Found] = []
        self.raw = ""
        self.stream = ""
        self.origin: list[int] = []  # place of each letter of the stream in the raw text
        self.starts: list[int] = []  # where each page begins in the stream
        self.cursor = 0
        for label, text in pages:
            self.starts.append(len(self.stream))
            lines = text.splitlines()
            if lines and label and lines[-1].strip() == label:
                lines.pop()
                self._note(label, "page number", label, "foot")
            if lines and squeezed(lines[0]) in heads:
                for numeral in find_numerals(head := lines.pop(0)):
                    self._note(numeral.text, "running head", label, head)
            self._add("\n".join(lines) + "\n")
        self.free = bytearray(b"\x01" * len(self.stream))
        for leader in _LEADER.finditer(self.raw):
            if leader[1] in self.labels:
                start, end = (bisect_left(self.origin, place) for place in leader.span())
                self.free[start:end] = bytes(end - start)
                self._note(leader[1], "page number", self.page(start), "list of contents")

    def _add(self, text: str) -> None:
        # The last word of a page may be broken, too.
        broken = re.finditer(r"(?<=[A-Za-z])[-\u2010](?=\s*(?:[A-Za-z]|\Z))", text)
        hyphens = {match.start() for match in broken}
        for place, char in enumerate(text):
            letters = "" if place in hyphens else squeezed(char)
            self.stream += letters
            self.origin += [len(self.raw) + place] * len(letters)
        self.raw += text

    def _note(self, text: str, kind: str, page: str, context: str) -> None:
        self.found.append(Found(text, kind, f"page {page}", context.strip()[:120]))

    def take(self, text: str, kinds: Sequence[Sequence[str]], *, ahead: bool = False) -> bool:
        """Cover the next free place of a text, whose numerals resolve to `kinds`."""
        # A short text without numeral is no anchor: it stands in many places.
        if len(text) < (1 if kinds else _SHORT):
            return False
        reach = _FAR if ahead or len(text) >= _SHORT else _NEAR
        near = self._find(text, self.cursor, self.cursor + reach + len(text))
        elsewhere = near < 0 and len(text) >= _SHORT
        at = self._find(text, 0, len(self.stream)) if elsewhere else near
        if at < 0:
            return False
        self.free[at : at + len(text)] = bytes(len(text))
        for numeral, kind in kinds:
            self._note(numeral, kind, self.page(at), text)
        if near >= 0 and not ahead:
            self.cursor = at + len(text)
        return True

    def _find(self, text: str, start: int, end: int) -> int:
        at = self.stream.find(text, start, end)
        while at >= 0 and not self._fits(at, at + len(text)):
            at = self.stream.find(text, at + 1, end)
        return at

    def _fits(self, start: int, end: int) -> bool:
        """Whether a place is free and cuts no number in two."""
        first, last = self.origin[start], self.origin[end - 1] + 1
        before, after = self.raw[max(0, first - 2) : first], self.raw[last : last + 2]
        cut = self.raw[first].isdigit() and re.search(r"\d[.,]?\Z", before)
        cut = cut or (self.raw[last - 1].isdigit() and re.match(r"[.,]?\d", after))
        return not cut and all(self.free[start:end])

    def page(self, place: int) -> str:
        """Return the printed number of the page of a place in the stream."""
        return self.labels[bisect_right(self.starts, place) - 1]

    def numerals(self, lang: str) -> Iterator[Found]:
        """Yield all numerals of the PDF; those of bare text have no class."""
        yield from self.found
        for match in re.finditer(b"\x01+", bytes(self.free)):
            first, last = self.origin[match.start()], self.origin[match.end() - 1] + 1
            text = self.raw[first:last]
            for numeral in find_numerals(text, lang):
                context = self.raw[max(0, first + numeral.start - _CONTEXT) :][: 2 * _CONTEXT]
                place = f"page {self.page(match.start())}"
                yield Found(numeral.text, "", place, context.replace("\n", " "))
