"""Read what people write: files into records, names into ids; the only user of yaml.

The annotations of a record are the schema of its file: a field without default is a required
key, a ``Literal`` lists the allowed values, a tuple is a list. Every fault names file and line,
what was found, what was expected and what to do; those of one file are shown together.
"""

import csv
import io
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from copy import deepcopy
from dataclasses import MISSING, dataclass, field, fields, is_dataclass, replace
from difflib import get_close_matches
from functools import cache, lru_cache, reduce
from itertools import takewhile
from numbers import Integral
from operator import getitem
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, NamedTuple, NewType, Union, get_args, get_origin, get_type_hints

import yaml

from wqa.errors import CatalogError, DataError, WqaError
from wqa.paths import CATALOG

SHOWN = 10  # more faults than this are counted, not listed
DEEPEST = 20  # no declared file is nested half as deeply
Place = tuple[str | int, ...]
AsTyped = NewType("AsTyped", str)  # a scalar exactly as it stands in the file: 1.50 is not 1.5
WORDS = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}
WORDS |= {tuple: "a list", NoneType: "null", re.Pattern: "a regular expression"}
# What YAML takes for a number, a flag or nothing, and the spellings that a person reads alike:
# YAML makes 8 of 010, 90 of 1:30 and true of `on`.
SCALARS: dict[str, tuple[str, Callable[[str], Any]]] = {
    "int": (r"[-+]?(0|[1-9]\d{0,14})", int),
    "float": (r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d{1,2})?", float),
    "bool": (r"true|false", "true".__eq__),
    "null": (r".*", lambda _: None),
}
WRONG = object()  # stands for a value that is not of the wanted type
# libyaml parses several times faster
LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
RESOLVER: Any = yaml.resolver.Resolver()
_Broken: Any = yaml.MarkedYAMLError
Ids = Mapping[str, Iterable[str]]  # id to its other names
MOST_SHOWN, MOST_ADVISED = 12, 3
# What a name may lack: 武汉 for 武汉市, Hubei for Hubei Province, Fuzhou for Fuzhou (Fujian).
ENDING = re.compile(
    r"(?<=..)(特别行政区|(维吾尔|\w{1,3}族)*自治[区州县]|[省市县]|地区"
    r"| (city|province|municipality)| ?\(.*\))$"
)


class Fault(NamedTuple):
    """One fault of a file; `code` is unknown_key, missing_key or wrong_value."""

    code: str
    place: Place
    line: int
    error: CatalogError


@dataclass
class DeclaredFile:
    """A parsed file, its record, the line of every place, scalars as typed, and the faults."""

    path: Path
    data: Any = None
    record: Any = None
    lines: dict[Place, int] = field(default_factory=dict)
    typed: dict[Place, str] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def fault(
        self, place: Place, what: str, got: object = None, expected: str = "", fix: str = "",
        code: str = "wrong_value",
    ) -> None:  # fmt: skip
        """Note a fault at a place, or at the nearest parent that has a line."""
        above = (place[:n] for n in range(len(place), -1, -1))
        line = next((self.lines[here] for here in above if here in self.lines), 1)
        where = f"{self.path}:{line}"
        error = CatalogError(what, where=where, got=got, expected=expected, fix=fix)
        self.faults.append(Fault(code, place, line, error))

    def finish(self) -> None:
        """Raise the faults found so far, if any, as one CatalogError."""
        count = len(self.faults)
        if count == 1:
            raise self.faults[0].error
        if count:
            listed = [f"{count} faults", *(f"  {fault.error}" for fault in self.faults[:SHOWN])]
            if count > SHOWN:
                listed.append(f"  and {count - SHOWN} more")
            raise CatalogError("\n".join(listed), where=str(self.path))


def read_yaml(path: Path | str) -> Any:
    """Read a YAML file into plain data; dates stay text, doubtful values are errors."""
    file = read_yaml_file(path)
    file.finish()
    return file.data


@cache
def read_words(name: str) -> dict[str, Any]:
    """Words of the package, read once: ``labels``, ``verdicts``; not to be changed."""
    return dict(read_yaml(CATALOG / f"{name}.yml"))


def read_yaml_file(path: Path | str, cls: type | None = None) -> DeclaredFile:
    """Read a YAML file, with its record of class `cls`; `finish` raises what is wrong in it."""
    found = _parse(Path(path), _text(Path(path)), cls)
    # What is kept for the next call is shared, the answer is the caller's own.
    data = deepcopy(found.data) if cls is None else found.data
    return replace(found, data=data, faults=[*found.faults])


def _text(path: Path) -> str:
    try:
        # utf-8-sig: a byte-order mark left by an editor must not hide the first key
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        what, expected = "file cannot be read", "a text file in UTF-8"
        raise CatalogError(what, where=str(path), got=str(error), expected=expected) from error


# Keyed by the text itself: the files of the package are parsed once, an edited one anew.
@lru_cache(maxsize=128)
def _parse(path: Path, text: str, cls: type | None) -> DeclaredFile:
    file, events = DeclaredFile(path), _events(text)
    try:
        for event in events:
            if file.lines and isinstance(event, yaml.NodeEvent):
                raise _Broken(None, None, "a second document", event.start_mark)
            if isinstance(event, yaml.NodeEvent):
                file.data = _node(file, (), event, events)
    except yaml.YAMLError as error:
        mark, got = getattr(error, "problem_mark", None), getattr(error, "problem", str(error))
        where = f"{path}:{mark.line + 1}" if mark else str(path)
        raise CatalogError("file is no YAML", where=where, got=got) from error
    file.record = None if cls is None else read_record(file, (), cls)
    return file


def _events(text: str) -> Iterator[Any]:
    for event in yaml.parse(text, Loader=LOADER):
        if getattr(event, "anchor", None) or getattr(event, "tag", None):
            raise _Broken(None, None, "an anchor, alias or tag, no value", event.start_mark)
        yield event


def _node(file: DeclaredFile, place: Place, event: Any, events: Iterator[Any]) -> Any:
    """Value that starts with `event`; making nodes, libyaml would recurse without a limit."""
    file.lines.setdefault(place, event.start_mark.line + 1)
    if len(place) > DEEPEST:
        raise _Broken(None, None, f"nested more than {DEEPEST} deep", event.start_mark)
    if isinstance(event, yaml.ScalarEvent):
        return _scalar(file, place, event)
    inside = takewhile(lambda inner: not isinstance(inner, yaml.CollectionEndEvent), events)
    if isinstance(event, yaml.SequenceStartEvent):
        return [_node(file, (*place, n), inner, events) for n, inner in enumerate(inside)]
    data: dict[Any, Any] = {}
    for inner in inside:
        mark: Any = inner.start_mark
        if not isinstance(inner, yaml.ScalarEvent):
            raise _Broken(None, None, "a key is no plain value", mark)
        said = (*place, inner.value)
        first, file.lines[said] = file.lines.get(said), mark.line + 1
        key = _scalar(file, said, inner)
        if key in data:
            expected, fix = f"one; first on line {first}", "Remove or rename one of them."
            file.fault((*place, key), f"key {key!r} occurs twice", None, expected, fix)
        data[key] = _node(file, (*place, key), next(events), events)
    return data


def _scalar(file: DeclaredFile, place: Place, event: Any) -> Any:
    said = file.typed[place] = str(event.value)
    tag = RESOLVER.resolve(yaml.ScalarNode, said, event.implicit)
    # A date stays text, as everywhere in the library.
    pattern, convert = SCALARS.get(tag.rpartition(":")[2], (r"(?s).*", str))
    if re.fullmatch(pattern, said):
        return convert(said)
    expected, fix = "decimal digits, true or false", "Put it in quotes if it is text."
    file.fault(place, "YAML reads this unlike a person", said, expected, fix)
    return said


@cache
def _schema(cls: type) -> dict[str, tuple[bool, Any]]:
    """Fields of a record that stand in its file: whether required, and the annotation."""
    hints = get_type_hints(cls)
    stated = [f for f in fields(cls) if not f.metadata.get("computed")]
    return {f.name: (f.default is MISSING, hints[f.name]) for f in stated}


def _value(file: DeclaredFile, place: Place, kind: Any, got: Any) -> Any:
    """Convert one value to the annotated type; note a fault and return None if it cannot be."""
    options = get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)
    words = []
    for option in options:
        if (made := _as_type(file, place, option, got)) is not WRONG:
            return made
        base, named = get_origin(option) or option, ", ".join(map(str, get_args(option)))
        words.append(f"one of {named}" if base is Literal else WORDS.get(base, "a mapping"))
    if all(fault.place != place for fault in file.faults):  # not said already
        fix = "Put the value in quotes." if str in options and type(got) not in (dict, list) else ""
        file.fault(place, f"wrong value of {place[-1]!r}", got, " or ".join(words), fix)
    return None


def _as_type(file: DeclaredFile, place: Place, kind: Any, got: Any) -> Any:
    base, inner = get_origin(kind) or kind, get_args(kind)
    if base is Literal:
        return got if got in inner and type(got) is str else WRONG
    if base is tuple and isinstance(got, list):
        return tuple(_value(file, (*place, n), inner[0], item) for n, item in enumerate(got))
    if base is dict and inner and isinstance(got, dict):
        return {key: _value(file, (*place, key), inner[1], item) for key, item in got.items()}
    if is_dataclass(kind) and isinstance(got, dict):
        return read_record(file, place, kind)
    if kind is AsTyped and not isinstance(got, dict | list):
        return file.typed[place]
    if base is re.Pattern and isinstance(got, str):
        with suppress(re.error):
            return re.compile(got)
    if kind is float and type(got) is int:
        return float(got)
    return got if type(got) is base else WRONG


def read_record(file: DeclaredFile, place: Place, cls: Any) -> Any:
    """Build a record from the mapping at `place`; on faults, noted in `file`, None."""
    node: Any = reduce(getitem, place, file.data)
    schema = _schema(cls)
    known = ", ".join(schema)
    if not isinstance(node, dict):
        file.fault(place, "not a mapping", node, f"the keys {known}")
        return None
    before = len(file.faults)
    for key in (k for k in node if k not in schema):
        said = f"one of {known}", "Correct the spelling or remove the key."
        file.fault((*place, key), f"unknown key {key!r}", None, *said, code="unknown_key")
    for key, (is_required, kind) in schema.items():
        if is_required and (key not in node or (kind is str and node[key] in (None, ""))):
            what = f"nothing under {key!r}" if key in node else f"missing key {key!r}"
            file.fault((*place, key), what, fix=f"Add `{key}:` here.", code="missing_key")
    made = {k: _value(file, (*place, k), schema[k][1], v) for k, v in node.items() if k in schema}
    if place and "id" not in schema and "id" in cls.__dataclass_fields__:
        made["id"] = str(place[-1])  # the key of the record
    return cls(**made) if len(file.faults) == before else None


def read_table(path: Path | str, cls: Any) -> list[Any]:
    """Read a CSV file, one record a row; a blank cell takes the default of its field."""
    file, schema = DeclaredFile(Path(path), data=[]), _schema(cls)
    lines = csv.reader(io.StringIO(_text(file.path), newline=""))
    required = {name for name, (is_required, _) in schema.items() if is_required}
    header = next(lines, [])
    if not required <= set(header) <= set(schema) or len(set(header)) < len(header):
        file.fault((), "wrong header", ",".join(header), ",".join(schema))
        file.finish()
    last, records = lines.line_num, []
    for cells in lines:
        place = (len(file.data),)
        file.lines[place], last = last + 1, lines.line_num
        if cells and len(cells) != len(header):
            fix = "Look for a stray comma or a missing quote."
            file.fault(place, "not as many cells as the header", len(cells), str(len(header)), fix)
        elif cells:
            filled = [(name, cell) for name, cell in zip(header, cells, strict=True) if cell]
            file.data.append({name: _cell(schema[name][1], cell) for name, cell in filled})
            records.append(read_record(file, place, cls))
    file.finish()
    return records


def _cell(kind: Any, text: str) -> Any:
    """Cell of a column of numbers as a number, if it is one."""
    readers = (SCALARS["int"], SCALARS["float"]) if {int, float} & {kind, *get_args(kind)} else ()
    return next((read(text) for pattern, read in readers if re.fullmatch(pattern, text)), text)


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
    """Whether one sign is too many or too few, or the same signs stand in another order."""
    # Another sign is no slip: half the cities of China are one sign apart.
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
