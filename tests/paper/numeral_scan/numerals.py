"""Find every numeral in a text: digits of any script, and quantities written in words.

A number word is decidable where it counts something: a Chinese numeral from 二 on before a
measure word, an English numeral from two on. 一 and “one” are far more often wording (一次,
一致, “this one”) than figures and are left out; so are English ordinals.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

# \d is a decimal digit of any script and width; then superscripts, fractions, circled digits.
_OTHER = (
    "\u00b2\u00b3\u00b9\u00bc-\u00be\u2070-\u2089\u2150-\u218b\u2460-\u249b\u24ea-\u24ff"
    "\u3220-\u3229\u3280-\u3289"
)
_SIGN = "(?:(?<![0-9A-Za-z.)%％-])[-+\u2212\u00b1\uff0b\uff0d])?"
DIGITS = re.compile(
    f"{_SIGN}[\\d{_OTHER}]+(?:,\\d\\d\\d(?!\\d))*(?:[.\uff0e][\\d{_OTHER}]+)*[%％‰]?"
)
_HAN = "〇零一二两三四五六七八九十"
_MEASURES = (
    "个百分点|百分点|个|项|年|月|日|批次|批|次|起|人|名|家|件|种|类|章|节|组|倍|成|条|"
    "处|份|位|台|万|亿|百|千|者|方|季度|行|列|市|省|部|轮|级"
)
WORDS_ZH = re.compile(
    f"百分之[{_HAN}百千万]+|(?<![{_HAN}])(?!一(?![{_HAN}]))[{_HAN}半][{_HAN}百千万亿]*(?={_MEASURES})"
)
_EN = (
    "two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|"
    "sixteen|seventeen|eighteen|nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|"
    "hundred|thousand|million|billion|half|twice|dozen"
)
WORDS_EN = re.compile(rf"\b(?:{_EN})(?:[- ](?:{_EN}))*\b", re.IGNORECASE)


@dataclass(frozen=True)
class Numeral:
    """A numeral and where it stands in its text; ``word``: written out, not in digits."""

    text: str
    start: int
    end: int
    word: bool = False


class Found(NamedTuple):
    """A numeral of a paper with what it resolves to; `kind` is empty if to nothing."""

    text: str
    kind: str
    place: str
    context: str


def find_numerals(text: str, lang: str = "") -> list[Numeral]:
    """Return the numerals of a text in reading order."""
    found = [Numeral(m[0], m.start(), m.end()) for m in DIGITS.finditer(text)]
    pattern = {"zh": WORDS_ZH, "en": WORDS_EN}.get(lang)
    if pattern is not None:
        found += [Numeral(m[0], m.start(), m.end(), True) for m in pattern.finditer(text)]
    return sorted(found, key=lambda numeral: numeral.start)


@lru_cache(maxsize=200_000)
def squeezed(text: str) -> str:
    """Return a text without white space and invisible characters, in one form of each letter."""
    folded = unicodedata.normalize("NFKC", text).replace("\N{MINUS SIGN}", "-").casefold()
    bare = "".join(c for c in folded if not c.isspace() and unicodedata.category(c) != "Cf")
    # A hyphen between letters may be one that a line break has put there.
    return re.sub("(?<=[a-z])[-\u2010](?=[a-z])", "", bare)
