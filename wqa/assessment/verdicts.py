"""Verdicts and their reasons: thresholds, order of precedence, words.

The texts are data (``verdicts.yml``); a reason is a clause without a full stop
that any sentence can take in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from wqa.catalog.reading import read_yaml
from wqa.catalog.targets import round_published, to_decimal
from wqa.errors import DataError
from wqa.paths import CATALOG

VERDICTS = (
    "attained", "not_attained", "on_track", "at_risk", "off_track", "not_assessable", "conflict",
)  # fmt: skip
ON_TRACK, AT_RISK = 0.67, 0.33
LANGUAGES = ("zh", "en")


@dataclass(frozen=True)
class Verdict:
    """A verdict with its reason code and the values that fill the reason's words."""

    verdict: str
    reason_code: str
    slots: Mapping[str, Any] = field(default_factory=dict)

    def reason(self, lang: str) -> str:
        """Reason in words, a clause without a full stop.

        Parameters
        ----------
        lang : {'zh', 'en'}
            Language.

        Returns
        -------
        str
            The clause.

        Raises
        ------
        DataError
            If the language is unknown.
        """
        return phrase("reasons", self.reason_code, lang, self.slots)


@cache
def _texts() -> dict[str, Any]:
    texts: dict[str, Any] = read_yaml(CATALOG / "verdicts.yml")
    return texts


def phrase(group: str, key: str, lang: str, slots: Mapping[str, Any] | None = None) -> str:
    """Fill one text of ``verdicts.yml``.

    Parameters
    ----------
    group, key : str
        Where the text stands.
    lang : {'zh', 'en'}
        Language.
    slots : mapping, optional
        Values of the slots; a value that is a mapping is taken by language.

    Returns
    -------
    str
        The filled text.

    Raises
    ------
    DataError
        If the language is unknown.
    """
    if lang not in LANGUAGES:
        raise DataError("unknown language", got=lang, expected="zh or en")
    entry = _texts()[group]
    text: str = (entry[key] if key else entry)[lang]
    for name, value in (slots or {}).items():
        shown = value[lang] if isinstance(value, Mapping) else value
        text = text.replace("{" + name + "}", str(shown))
    return text


def band(p: float) -> str:
    """Verdict for a probability of attainment.

    Parameters
    ----------
    p : float
        Probability, 0 to 1.

    Returns
    -------
    str
        ``on_track`` from 0.67, ``at_risk`` from 0.33, else ``off_track``.
    """
    if p >= ON_TRACK:
        return "on_track"
    return "at_risk" if p >= AT_RISK else "off_track"


def print_number(value: float | None, decimals: int) -> str:
    """Print a figure with the decimals it was written with.

    Parameters
    ----------
    value : float or None
        The figure.
    decimals : int
        Decimals of the target; computed figures are cut to these, or to four.

    Returns
    -------
    str
        The number; empty for None.
    """
    if value is None:
        return ""
    own = max(-int(to_decimal(value).normalize().as_tuple().exponent), 0)
    places = min(own, max(decimals, 4))
    return f"{round_published(value, places):.{places}f}".replace("-", "\N{MINUS SIGN}")


def print_probability(p: float) -> dict[str, str]:
    """Print a probability in percent, never as certain.

    Parameters
    ----------
    p : float
        Probability, 0 to 1.

    Returns
    -------
    dict of str to str
        Text by language.
    """
    key, number = "about", f"{round_published(100 * p, 0):.0f}%"
    if p < 0.01:
        key, number = "nearly_none", "1%"
    elif p > 0.99:
        key, number = "nearly_sure", "99%"
    return {lang: phrase("probability", key, lang, {"p": number}) for lang in LANGUAGES}


def print_target(
    comparator: str, value: float | None, decimals: int, unit: Mapping[str, str]
) -> dict[str, str]:
    """Print a target as words and number, such as 不低于98.5%.

    Parameters
    ----------
    comparator : str
        Relation of the target.
    value : float or None
        Number of the target.
    decimals : int
        Published decimals.
    unit : mapping of str to str
        Unit by language.

    Returns
    -------
    dict of str to str
        Text by language.
    """
    number = print_number(value, decimals)
    return {
        lang: phrase("comparator", comparator, lang) + number + unit[lang] for lang in LANGUAGES
    }


def join(parts: list[dict[str, str]]) -> dict[str, str]:
    """Join clauses in each language.

    Parameters
    ----------
    parts : list of dict
        Clauses by language.

    Returns
    -------
    dict of str to str
        One text by language.
    """
    return {
        lang: phrase("separator", "", lang).join(part[lang] for part in parts) for lang in LANGUAGES
    }
