"""Names as people write them: resolved to an id where only one fits, else refused with advice."""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from functools import cache
from numbers import Integral

from wqa.errors import DataError, WqaError
from wqa.paths import CATALOG

Ids = Mapping[str, Iterable[str]]  # id to its other names
MOST_SHOWN, MOST_ADVISED = 12, 3
# What a name may lack: 武汉 for 武汉市, Hubei for Hubei Province, Fuzhou for Fuzhou (Fujian).
ENDING = re.compile(
    r"(?<=..)(特别行政区|(维吾尔|\w{1,3}族)*自治[区州县]|[省市县]|地区"
    r"| (city|province|municipality)| ?\(.*\))$"
)


def resolve_id(asked: object, known: Ids, what: str, error: type[WqaError] = DataError) -> str:
    """Id that `asked` names, whatever its case, width and blanks; `what` is a word for messages."""
    if isinstance(asked, str):
        if asked in known:
            return asked
        for read in (_plain, _bare):
            fits = [i for i, names in known.items() if read(asked) in map(read, (i, *names))]
            if len(fits) == 1:
                return fits[0]
    listed = ", ".join(known) if len(known) <= MOST_SHOWN else f"those of `wqa list {what}s`"
    near = near_ids(str(asked), known, what)
    fix = f"Near: {', '.join(near)}." if near else ""
    raise error(f"unknown {what}", got=asked, expected=f"one of {listed}", fix=fix)


def near_ids(asked: str, known: Ids, what: str) -> list[str]:
    """Ids that a wrong name may stand for, each with its name; none for a place outside `known`."""
    spelled = {read(name): i for i, names in known.items() for name in (i, *names)
               for read in (_plain, _bare)}  # fmt: skip
    text = _bare(asked)
    close = [text] if text in spelled else []
    if what != "region":
        close += get_close_matches(text, spelled, n=MOST_ADVISED, cutoff=0.5)
    elif text not in spelled and text in _places():
        return []
    else:
        close += [name for name in spelled if _is_slip(text, name)]
    # A single Chinese sign or two letters are in too many names.
    holding = [name for name in spelled if len(text.encode()) > 3 and text in name]
    ids = dict.fromkeys(spelled[name] for name in (*close, *sorted(holding, key=len)))
    return [" ".join((i, *[*known[i]][:1])).strip() for i in ids][:MOST_ADVISED]


def whole_year(asked: object, what: str) -> int:
    """Year as a number, from a number or a text of digits."""
    if isinstance(asked, str) and re.fullmatch(r"\d{4}", _plain(asked)):
        return int(_plain(asked))
    if isinstance(asked, bool) or not isinstance(asked, Integral):
        raise DataError(f"{what} is no year", got=asked, expected="a whole number such as 2025")
    return int(asked)


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _bare(text: str) -> str:
    return ENDING.sub("", _plain(text))


def _is_slip(a: str, b: str) -> bool:
    """Whether one sign is too many or too few, or the same signs stand in another order.

    Another sign is no slip: half the cities of China are one sign apart.
    """
    short, long = sorted((a, b), key=len)
    if len(short) < 4 or len(long) - len(short) > 1:
        return False
    cut = (long[:n] + long[n + 1 :] for n in range(len(long)))
    return short in cut if len(long) > len(short) else sorted(a) == sorted(b)


@cache
def _places() -> frozenset[str]:
    """Provinces and prefectures of China, in both languages, without their endings."""
    with (CATALOG / "places.csv").open(encoding="utf-8", newline="") as file:
        return frozenset(_bare(name) for row in csv.reader(file) for name in row)
