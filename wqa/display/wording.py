"""Fixed wording in Chinese and English: terms, sentences, names of scopes, units and periods.

The texts are data (``catalog_data/wording/*.yml``); rules that choose among them are in
`wqa.display.narrative`. The numbers in a sentence keep their sources (`wqa.display.facts`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from numbers import Integral
from string import Formatter
from typing import Any

import pandas as pd

from wqa.catalog.catalog import load_units
from wqa.catalog.reading import read_yaml
from wqa.data.cells import scope_words
from wqa.data.loading import read_project
from wqa.display.facts import Fact, Text, named, quoted, require_no_digit
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


@cache
def texts(file: str) -> Mapping[str, Mapping[str, str]]:
    """Return the texts of one file, checked."""
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
    """Return the names of the slots of a sentence."""
    return {slot for _, slot, _, _ in Formatter().parse(template) if slot}


def _look_up(file: str, key: str, lang: str) -> str:
    if lang not in LANGUAGES:
        raise CatalogError("unknown language", got=lang, expected=" or ".join(LANGUAGES))
    entry = texts(file).get(key)
    if entry is None:
        raise CatalogError("unknown text", where=f"wording/{file}.yml", got=key)
    return entry[lang]


def term(key: str, lang: str) -> str:
    """Return a word or label."""
    return _look_up("terms", key, lang)


def terms(keys: Iterable[str], lang: str) -> dict[str, str]:
    """Return several words of one group, by key."""
    return {key: term(f"figure.{key}", lang) for key in keys}


def say(key: str, lang: str, **slots: Any) -> str:
    """Fill a sentence; a whole number is a count made by the suite itself."""
    template = _look_up("sentences", key, lang)
    missing = slots_of(template) - set(slots)
    if missing:
        raise CatalogError(
            "a slot of a sentence is not filled", where=key, got=sorted(missing),
            expected="one of " + ", ".join(sorted(slots)),
        )  # fmt: skip
    return template.format(**{name: _filled(key, name, slot) for name, slot in slots.items()})


def _filled(key: str, name: str, slot: Any) -> Any:
    if isinstance(slot, Integral):
        return Fact.counted(f"{key}.{name}", int(slot))
    return named(slot) if isinstance(slot, str) else slot


def unit_after(unit_id: str, lang: str) -> str:
    """Return a unit as it is printed after a number."""
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


def with_unit(fact: Fact, lang: str) -> str:
    """Print a fact with its unit."""
    return f"{fact}{named(unit_after(fact.unit, lang))}"


def titled(name: str, unit_id: str, lang: str) -> str:
    """Return an axis title: name with its unit in brackets."""
    unit = unit_name(unit_id, lang)
    if not unit:
        return name
    return f"{name}（{unit}）" if lang == "zh" else f"{name} ({unit})"


def scope_name(scope: str, lang: str) -> str:
    """Return the printed name of a scope; an unknown one prints as it is."""
    both = scope_words().get(scope) or read_project().scopes.get(scope)
    return both[lang] if both else scope


def in_sentence(name: str, lang: str) -> str:
    """Return a catalogue name as it stands inside a sentence."""
    if lang != "en" or name.startswith(PROPER) or not name[1:2].islower():
        return name
    return name[0].lower() + name[1:]


def listed(items: Iterable[Text], lang: str) -> str:
    """Join items as a list inside a sentence."""
    kept = [named(str(item)) for item in items]
    if lang == "zh" or len(kept) < 2:
        return "、".join(kept)
    return f"{', '.join(kept[:-1])} and {kept[-1]}"


@cache
def _periods(lang: str) -> tuple[tuple[str, str], ...]:
    """How periods are printed, by their form in the data; n and m are months in words."""
    table = pd.read_csv(CATALOG / "periods.csv", dtype=str)
    return tuple(zip(table["pattern"], table[lang], strict=True))


def period_text(row: Mapping[str, Any], lang: str) -> str:
    """Print the period of a figure: a year, a month, a quarter, a span."""
    printed = str(row["period"])
    for pattern, form in _periods(lang):
        match = re.fullmatch(pattern, printed)
        if match:
            months = {key: MONTHS_EN[int(n) - 1] for key, n in match.groupdict().items()}
            printed = form.format(*match.groups(), **months)
            break
    place = f"{row['file']}:{int(row['row'])}"
    return quoted(printed, source_ids=[str(row["source_id"])], locator=place)
