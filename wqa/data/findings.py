"""Findings: what a check found, where, and how it is said in Chinese and English.

Codes are stable; severity and wording are data (``catalog_data/findings.yml``).
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from operator import attrgetter
from typing import Any, Literal

import pandas as pd

from wqa.catalog.reading import read_words
from wqa.catalog.records import LANGUAGES
from wqa.errors import DataError

Language = Literal["zh", "en"]


@dataclass(frozen=True)
class Finding:
    """One result of a check; `row` is a line of `file` (the header is 1; 0 the whole file)."""

    severity: Literal["error", "review"]
    code: str
    file: str
    row: int
    column: str
    value: str
    message_zh: str
    message_en: str


class Findings(list[Finding]):
    """Findings in the order they are made."""

    def add(self, code: str, at: Any = None, **slots: Any) -> None:
        """Make a finding of the row `at` or of the place in `slots`; `shown` stands unquoted."""
        own = {} if at is None else {"file": at["file"], "row": int(at["row"]), "column": "value"}
        slots = {"file": "", "row": 0, "column": "", "value": "", **own, **slots}
        entry, value = read_words("findings")["findings"][code], str(slots["value"])
        said = {**slots, "value": slots.get("shown", repr(value))}
        texts = (entry[lang].format(**said) for lang in LANGUAGES)
        place = slots["file"], slots["row"], slots["column"]
        self.append(Finding(entry["severity"], code, *place, value, *texts))


def does_stop(code: str) -> bool:
    """Tell whether a file or a folder is not read, so that nothing is calculated without it."""
    return bool(read_words("findings")["findings"][code].get("stops"))


def raise_stops(findings: Iterable[Finding]) -> None:
    """Raise one error that names every file that could not be read."""
    stops = [f"{f.file}: {f.message_en}" for f in findings if does_stop(f.code)]
    if stops:
        what = f"{len(stops)} damaged or missing data files:\n  " + "\n  ".join(stops) + "\n"
        raise DataError(what, fix="Nothing was calculated. `wqa check --errors` shows all errors.")


def wrong_rows(findings: Iterable[Finding]) -> set[tuple[str, int]]:
    """File and line of every row that an error leaves out."""
    return {(f.file, f.row) for f in findings if f.severity == "error" and not does_stop(f.code)}


def right_rows(frame: pd.DataFrame, findings: Iterable[Finding]) -> pd.DataFrame:
    """Rows of a frame (with file and row) that no error leaves out."""
    places = pd.MultiIndex.from_frame(frame[["file", "row"]])
    return frame[~places.isin(list(wrong_rows(findings)))]


def findings_frame(findings: Iterable[Finding], lang: Language = "zh") -> pd.DataFrame:
    """Show findings as a table: severity, code, file, row, column, value, message."""
    names = [field.name for field in fields(Finding)]
    frame = pd.DataFrame([asdict(f) for f in sorted_findings(findings)], columns=names)
    return frame[names[:-2]].assign(message=frame[f"message_{lang}"])


def sorted_findings(findings: Iterable[Finding]) -> list[Finding]:
    """Order findings, without repeats: errors first, then by place and code."""
    # The message last: two faults of one cell must not change places from run to run.
    order = attrgetter("severity", "file", "row", "column", "code", "value", "message_zh")
    return sorted(set(findings), key=order)
