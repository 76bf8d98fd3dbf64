"""How nbval compares the notebooks of this folder: by their text, which is all that is stored.

A difference is reported with the figures in it: indicator, region, year, printed form and place.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest

MIME = "application/vnd.wqa.block+json"
NOT_STORED = ("text/html", MIME, "stderr")
Data = Mapping[str, Any]  # an output by MIME types


def pytest_collectstart(collector: Any) -> None:
    """Compare only what is stored."""
    if hasattr(collector, "skip_compare"):
        collector.skip_compare += NOT_STORED


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: Any) -> Iterator[Any]:
    """Name the figures in what a cell shows otherwise than it is stored."""
    report = yield
    if report.failed and getattr(item, "test_outputs", None):
        stored = [output.get("data", {}).get("text/plain", "") for output in item.cell.outputs]
        shown = [output.get("data", {}) for output in item.test_outputs]
        report.sections.append(("Figures that differ", "\n".join(differing(stored, shown))))
    return report


def differing(stored: Sequence[str], shown: Sequence[Data]) -> list[str]:
    """Return the figures in the lines that a cell shows and that are not stored."""
    before = {line for text in stored for line in text.splitlines()}
    gone = before.difference(*(data.get("text/plain", "").splitlines() for data in shown))
    found = []
    for line, facts in (pair for data in shown for pair in lines_of(data)):
        if line not in before:
            new = [fact for fact in facts if not any(map(printed(fact).search, gone))]
            found += [name(fact) for fact in new or facts]
    return list(dict.fromkeys(found))


def printed(fact: Data) -> re.Pattern[str]:
    """Return the printed form of a figure as a pattern that finds no part of a number."""
    return re.compile(rf"(?<![\d.]){re.escape(str(fact['text']))}(?![.,]?\d)")


def name(fact: Data) -> str:
    """Say which figure it is."""
    what = ", ".join(str(fact[k]) for k in ("indicator_id", "region", "year") if fact.get(k))
    return f"{what}: {fact['text']} ({fact.get('locator') or fact['kind']})"


def lines_of(data: Data) -> Iterator[tuple[str, list[Data]]]:
    """Yield each line of a shown text with the figures in it."""
    lines, block = data.get("text/plain", "").splitlines(), data.get(MIME, {})
    kind = block.get("type")
    if kind == "figure":
        told = [*block["caption_parts"], *block["alt_parts"]]
        parts = [told, [], *drawn(block["data"], told)]
    elif kind == "table":
        keys = [column["key"] for column in block["columns"]]
        rows = [[part for key in keys for part in row[key]] for row in block["rows"]]
        parts = [block["caption_parts"], [], *rows, *block["notes"]]
    else:
        parts = block.get("items", [block.get("parts", [])])
    for line, found in zip(lines, parts, strict=False):
        yield line, [p for p in found if not isinstance(p, str) and p.get("indicator_id")]


def drawn(frame: Data, told: Sequence[Any]) -> Iterator[list[Data]]:
    """Yield the figure that each row of a drawing is, of the indicator that its text is about."""
    about = next((p["indicator_id"] for p in told if "indicator_id" in p), "")
    for row in frame["rows"]:
        text = " ".join(str(cell) for cell in row if cell is not None)
        cells = dict(zip(frame["columns"], row, strict=True))
        yield [{"indicator_id": about, **cells, "text": text, "kind": "drawn"}]
