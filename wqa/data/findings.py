"""Findings: what a check found, where, and how it is said in Chinese and English.

Codes are stable; severity and wording are data (``catalog_data/findings.yml``).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

from wqa.catalog.reading import read_yaml
from wqa.errors import CatalogError
from wqa.paths import CATALOG

if TYPE_CHECKING:
    import pandas as pd

Severity = Literal["error", "review"]
Language = Literal["zh", "en"]


@dataclass(frozen=True)
class Finding:
    """One result of a check.

    Parameters
    ----------
    code : str
        Stable ASCII code, a key of ``findings.yml``.
    severity : {'error', 'review'}
        ``error``: the row or file is left out; ``review``: a human should look.
    file : str
        File, relative to the project folder; empty if several files take part.
    row : int
        Line of the file from 1 (the header is line 1); 0 for the whole file.
    column : str
        Column of the raw file; empty for the whole row.
    value : str
        What was found, as it stands in the file.
    message_zh, message_en : str
        What is wrong and what to do.
    """

    code: str
    severity: Severity
    file: str
    row: int
    column: str
    value: str
    message_zh: str
    message_en: str


def make_finding(
    code: str,
    *,
    file: str = "",
    row: int = 0,
    column: str = "",
    value: object = "",
    shown: str | None = None,
    **slots: object,
) -> Finding:
    """Build a finding from its code and the slots of its message.

    Parameters
    ----------
    code : str
        Key of ``findings.yml``.
    file, row, column
        Where; see `Finding`.
    value : object
        The offending value.
    shown : str, optional
        How the value is printed in the message; default: in quotes.
    **slots : object
        Further slots of the message template.

    Returns
    -------
    Finding

    Raises
    ------
    CatalogError
        If the code or a slot of its template is unknown.
    """
    templates = _templates()
    if code not in templates:
        raise CatalogError("unknown finding code", got=code, expected="a key of findings.yml")
    severity, zh, en = templates[code]
    filled = {
        "file": file,
        "row": row,
        "column": column,
        "value": repr(str(value)) if shown is None else shown,
        **slots,
    }
    try:
        texts = zh.format(**filled), en.format(**filled)
    except KeyError as error:
        raise CatalogError("a finding lacks a slot", where=code, got=str(error)) from error
    return Finding(code, severity, file, row, column, str(value), *texts)


class Findings(list[Finding]):
    """Findings in the order they are made; `add` takes what `make_finding` takes."""

    def add(self, code: str, **slots: Any) -> None:
        """Make a finding and keep it."""
        self.append(make_finding(code, **slots))


@lru_cache(maxsize=1)
def _templates() -> dict[str, tuple[Severity, str, str]]:
    entries = read_yaml(CATALOG / "findings.yml")["findings"]
    return {code: (entry["severity"], entry["zh"], entry["en"]) for code, entry in entries.items()}


def findings_frame(findings: Iterable[Finding], lang: Language = "zh") -> pd.DataFrame:
    """Show findings as a table, errors first.

    Parameters
    ----------
    findings : iterable of Finding
        Results of the checks.
    lang : {'zh', 'en'}
        Language of the message.

    Returns
    -------
    pandas.DataFrame
        Columns severity, code, file, row, column, value, message.
    """
    import pandas as pd

    rows = [
        (f.severity, f.code, f.file, f.row, f.column, f.value,
         f.message_zh if lang == "zh" else f.message_en)
        for f in sorted_findings(findings)
    ]  # fmt: skip
    columns = ["severity", "code", "file", "row", "column", "value", "message"]
    return pd.DataFrame(rows, columns=columns)


def sorted_findings(findings: Iterable[Finding]) -> list[Finding]:
    """Order findings: errors first, then by place and code.

    Parameters
    ----------
    findings : iterable of Finding
        In any order; repeats are dropped.

    Returns
    -------
    list of Finding
    """
    # The message last: two faults of one cell must not change places from run to run.
    return sorted(
        set(findings),
        key=lambda f: (f.severity, f.file, f.row, f.column, f.code, f.value, f.message_zh),
    )
