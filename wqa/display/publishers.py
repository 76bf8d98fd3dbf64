"""Names of publishers as readers see them: one delivered spelling, printed in two languages.

Deliveries name publishers as their collectors wrote them, in Chinese with a word of English or
the reverse. The parts that have an established name in the other language stand in
``catalog_data/publishers.csv``; what has none keeps the name it was delivered with.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from functools import cache

from wqa.paths import CATALOG

# "A via B": B passed on what A had published.
_PASSED_ON = re.compile(r"(.+?) via (.+)")
# Parts that meet without a blank in Chinese.
_MEETING = re.compile(r"(?<=[A-Za-z.:])(?=[\u4e00-\u9fff])|(?<=[\u4e00-\u9fff])(?=[A-Za-z])|\t+")


@cache
def _parts(lang: str) -> tuple[re.Pattern[str], Mapping[str, str]]:
    with (CATALOG / "publishers.csv").open(encoding="utf-8", newline="") as file:
        names = {row["delivered"]: row[lang] for row in csv.DictReader(file) if row[lang]}
    longest_first = sorted(names, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest_first))), names


@cache
def publisher_name(delivered: str, lang: str) -> str:
    """Return the name of a publisher, or a remark in its place, in the language of the reader."""
    known, names = _parts(lang)
    if lang == "zh":
        passed = _PASSED_ON.sub(r"\1（\2转载）", delivered)
        text = known.sub(lambda match: names[match[0]], passed)
        return (
            re.sub(r"\s*\((.*?)\)", r"（\1）", text) if re.search("[\u4e00-\u9fff]", text) else text
        )
    text = known.sub(lambda match: f"\t{names[match[0]]}\t", delivered)
    text = re.sub(r"\s*[(（]\s*", " (", text).replace("）", ")").replace("/", " / ")
    text = re.sub(r"\s*[、，,]\s*", ", ", _MEETING.sub(" ", text))
    return re.sub(r"\s+([),.])", r"\1", " ".join(text.split()))
