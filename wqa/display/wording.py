"""Fixed wording in Chinese and English: terms, sentences, names of scopes, units and periods.

The texts are data (``catalog_data/wording/*.yml``); rules that choose among them are in
`wqa.display.narrative`. A sentence becomes a `Text`, so that its numbers keep their sources.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from string import Formatter
from typing import Any

from wqa.catalog.catalog import load_units
from wqa.catalog.reading import read_yaml
from wqa.data.cells import scope_words
from wqa.data.loading import read_project
from wqa.display.facts import Fact, Printable, Text, named, quoted, require_no_digit
from wqa.errors import CatalogError
from wqa.paths import CATALOG

LANGUAGES = ("zh", "en")
FILES = ("sentences", "terms")
# Names that keep their capital inside an English sentence.
PROPER = ("Wuhan", "Hubei", "China", "Changjiang", "Luban", "Chutian", "Madrid")
# A power of ten in the name of a unit is a word, not a figure that needs a source.
POWERS = {"100 million": "hundred million", "10,000": "ten thousand", "1,000": "thousand"}
MONTHS_EN = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
# How a period is printed, by its form in the data; n and m are months in words.
PERIODS: tuple[tuple[str, str, str], ...] = (
    (r"(\d{4})", "{0}年", "{0}"),
    (r"(\d{4})-(\d{4})", "{0}—{1}年", "{0}–{1}"),
    (r"(\d{4})-0?(?P<m>\d{1,2})", "{0}年{1}月", "{m} {0}"),
    (r"(\d{4})H1", "{0}年上半年", "first half of {0}"),
    (r"(\d{4})H2", "{0}年下半年", "second half of {0}"),
    (r"(\d{4})Q([1-4])", "{0}年第{1}季度", "Q{1} {0}"),
    (r"(\d{4})-\d{2} Spring Festival", "{0}年春节期间", "Spring Festival {0}"),
    (r"(\d{4})-(\d{4})M0?(?P<m>\d{1,2})", "{0}年—{1}年{2}月", "{0} to {m} {1}"),
    (r"(\d{4})M0?(?P<n>\d{1,2})-M0?(?P<m>\d{1,2})", "{0}年{1}—{2}月", "{n} to {m} {0}"),
    (
        r"(\d{4})M0?(?P<n>\d{1,2})-(\d{4})M0?(?P<m>\d{1,2})",
        "{0}年{1}月—{2}年{3}月",
        "{n} {0} to {m} {2}",
    ),
)


@cache
def texts(file: str) -> Mapping[str, Mapping[str, str]]:
    """Return the texts of one file, checked.

    Parameters
    ----------
    file : str
        ``sentences`` or ``terms``.

    Returns
    -------
    mapping of str to mapping
        ``group.key`` to Chinese and English.

    Raises
    ------
    CatalogError
        If a language is missing, the slots of the languages differ, or a digit
        is typed into a sentence.
    """
    path = CATALOG / "wording" / f"{file}.yml"
    found: dict[str, Mapping[str, str]] = {}
    for group, entries in read_yaml(path).items():
        for key, both in entries.items():
            where = f"{path.name}: {group}.{key}"
            if not isinstance(both, dict) or set(both) != set(LANGUAGES):
                raise CatalogError("a text does not stand in both languages", where=where, got=both)
            if file == "sentences":
                _check_sentence(both, where)
            found[f"{group}.{key}"] = both
    return found


def _check_sentence(both: Mapping[str, str], where: str) -> None:
    slots = [slots_of(both[lang]) for lang in LANGUAGES]
    # A language may leave a slot out (Chinese has no plural), never invent one.
    if not (slots[0] <= slots[1] or slots[1] <= slots[0]):
        raise CatalogError("the slots of the two languages differ", where=where, got=slots)
    for lang in LANGUAGES:
        require_no_digit(both[lang], where)


def slots_of(template: str) -> set[str]:
    """Return the names of the slots of a sentence.

    Parameters
    ----------
    template : str
        Wording with ``{name}`` slots.

    Returns
    -------
    set of str
        Slot names.
    """
    return {slot for _, slot, _, _ in Formatter().parse(template) if slot}


def _look_up(file: str, key: str, lang: str) -> str:
    if lang not in LANGUAGES:
        raise CatalogError("unknown language", got=lang, expected=" or ".join(LANGUAGES))
    entry = texts(file).get(key)
    if entry is None:
        raise CatalogError("unknown text", where=f"wording/{file}.yml", got=key)
    return entry[lang]


def term(key: str, lang: str) -> str:
    """Return a word or label.

    Parameters
    ----------
    key : str
        ``group.key`` of ``terms.yml``, such as ``nature.binding``.
    lang : str
        ``zh`` or ``en``.

    Returns
    -------
    str
        The word.

    Raises
    ------
    CatalogError
        If the key or the language is unknown.
    """
    return _look_up("terms", key, lang)


def terms(keys: Iterable[str], lang: str, group: str = "figure") -> dict[str, str]:
    """Return several words of one group, by key.

    Parameters
    ----------
    keys : iterable of str
        Keys inside the group.
    lang : str
        ``zh`` or ``en``.
    group : str
        Group of ``terms.yml``.

    Returns
    -------
    dict of str to str
        Key to word.
    """
    return {key: term(f"{group}.{key}", lang) for key in keys}


def say(key: str, lang: str, **slots: Printable) -> Text:
    """Fill a sentence.

    Parameters
    ----------
    key : str
        ``group.key`` of ``sentences.yml``, such as ``level.rate``.
    lang : str
        ``zh`` or ``en``.
    **slots : Fact, Text or str
        What fills the slots; a name with digits is wrapped as a fact.

    Returns
    -------
    Text
        The sentence with its facts.

    Raises
    ------
    CatalogError
        If the key is unknown or a slot is unfilled.
    """
    filled = {name: named(v) if isinstance(v, str) else v for name, v in slots.items()}
    return Text(_look_up("sentences", key, lang), filled)


def unit_after(unit_id: str, lang: str) -> str:
    """Return a unit as it is printed after a number.

    Parameters
    ----------
    unit_id : str
        Unit of the catalogue; empty for none.
    lang : str
        English units other than % are set off by a space.

    Returns
    -------
    str
        For example ``%``, ``批次`` or `` batches``.
    """
    if not unit_id:
        return ""
    unit = load_units_cached()[unit_id]
    printed = str(getattr(unit, lang))
    for digits, words in POWERS.items():
        printed = printed.replace(digits, words)
    return printed if lang == "zh" or printed in ("", "%") else f" {printed}"


def unit_name(unit_id: str, lang: str) -> str:
    """Return a unit as it is printed in a head or an axis title."""
    return unit_after(unit_id, lang).strip()


@cache
def load_units_cached() -> Mapping[str, Any]:
    """Return the units of the package catalogue, read once."""
    return load_units()


def with_unit(fact: Fact, lang: str) -> Text:
    """Print a fact with its unit.

    Parameters
    ----------
    fact : Fact
        With a unit id.
    lang : str
        ``zh`` or ``en``.

    Returns
    -------
    Text
        For example ``97.82%``.
    """
    return Text("{value}{unit}", {"value": fact, "unit": named(unit_after(fact.unit, lang))})


def titled(name: str, unit_id: str, lang: str) -> str:
    """Return an axis title: name with its unit in brackets.

    Parameters
    ----------
    name : str
        Indicator name.
    unit_id : str
        Unit of the catalogue.
    lang : str
        ``zh`` or ``en``.

    Returns
    -------
    str
        For example ``合格率（%）``.
    """
    unit = unit_name(unit_id, lang)
    if not unit:
        return name
    return f"{name}（{unit}）" if lang == "zh" else f"{name} ({unit})"


def scope_name(scope: str, lang: str) -> str:
    """Return the printed name of a scope; an unknown one prints as it is.

    Parameters
    ----------
    scope : str
        Scope of an observation, such as ``all_levels`` or ``all_reported@registered``.
    lang : str
        ``zh`` or ``en``.

    Returns
    -------
    str
        Name for readers.
    """
    both = scope_words().get(scope) or read_project().scopes.get(scope)
    return both[lang] if both else scope


def in_sentence(name: str, lang: str) -> str:
    """Return a catalogue name as it stands inside a sentence.

    Parameters
    ----------
    name : str
        Name with a capital, as in a table.
    lang : str
        Only English changes.

    Returns
    -------
    str
        First letter small, unless the name is a proper one or an abbreviation.
    """
    if lang != "en" or name.startswith(PROPER) or not name[1:2].islower():
        return name
    return name[0].lower() + name[1:]


def listed(items: Iterable[Printable], lang: str) -> Text:
    """Join items as a list inside a sentence.

    Parameters
    ----------
    items : iterable of Fact, Text or str
        Items.
    lang : str
        Chinese uses the enumeration comma, English a comma and "and".

    Returns
    -------
    Text
        The list.
    """
    kept = [named(item) if isinstance(item, str) else item for item in items]
    slots: dict[str, Printable] = {f"i{n}": item for n, item in enumerate(kept)}
    marks = [f"{{{slot}}}" for slot in slots]
    if lang == "zh":
        return Text("、".join(marks), slots)
    tail = f" and {marks[-1]}" if len(marks) > 1 else "".join(marks)
    return Text(", ".join(marks[:-1]) + tail, slots)


def period_text(row: Mapping[str, Any], lang: str) -> Text:
    """Print the period of a figure: a year, a month, a quarter, a span.

    Parameters
    ----------
    row : mapping
        Row of the observation frame.
    lang : str
        ``zh`` or ``en``.

    Returns
    -------
    Text
        Every numeral carries the figure's provenance; an unusual period prints as it is.
    """
    printed = str(row["period"])
    for pattern, zh, en in PERIODS:
        match = re.fullmatch(pattern, printed)
        if match:
            months = {key: MONTHS_EN[int(n) - 1] for key, n in match.groupdict().items()}
            printed = (zh if lang == "zh" else en).format(*match.groups(), **months)
            break
    place = f"{row['file']}:{int(row['row'])}"
    return quoted(printed, source_ids=[str(row["source_id"])], locator=place)
