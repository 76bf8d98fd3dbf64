"""Make text from data files printable: no control characters, no missing glyphs, no endless line.

What is changed is not hidden: every change is a finding that names the characters and
the place.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

# The geta mark: the printer's sign for a character that is not in the case.
GETA = "\N{GETA MARK}"
_SPACES = re.compile(r"[ \t\r\n\f\v\u0085\u2028\u2029]+")
_RUN = re.compile(r"[!-~\u00a1-\u024f]{40,}")
ZERO_WIDTH_SPACE = "\u200b"


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
