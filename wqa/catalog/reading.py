"""Read YAML with line numbers and turn mappings into records; the only user of yaml.

Every fault names file and line, what was found, what was expected and what to
do. The faults of one file are shown together, at most ten of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import MISSING, dataclass, fields, is_dataclass
from functools import cache, lru_cache
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, get_args, get_origin, get_type_hints

from wqa.errors import CatalogError

SHOWN = 10  # more faults than this are counted, not listed
Place = tuple[str | int, ...]
NAMES = {str: "text", int: "a whole number", float: "a number", bool: "true or false",
         tuple: "a list", dict: "a mapping", NoneType: "null"}  # fmt: skip


@dataclass
class YamlFile:
    """A parsed file with the line of every key and item, and the faults found in it."""

    path: Path
    data: Any
    lines: dict[Place, int]
    faults: list[CatalogError]

    def where(self, *place: str | int) -> str:
        """File and line of a key or list item, or of the nearest parent that has one.

        Parameters
        ----------
        *place : str or int
            Keys and list positions (from 0) from the root of the file.

        Returns
        -------
        str
            ``path:line``.
        """
        while place and place not in self.lines:
            place = place[:-1]
        return f"{self.path}:{self.lines.get(place, 1)}"

    def fault(
        self, place: Place, what: str, got: object = None, expected: str = "", fix: str = ""
    ) -> None:
        """Note a fault; `finish` raises all of them together.

        Parameters
        ----------
        place : tuple
            Keys and positions from the root of the file.
        what, expected, fix : str
            See `wqa.errors.WqaError`.
        got : object, optional
            The offending value.
        """
        where = self.where(*place)
        self.faults.append(CatalogError(what, where=where, got=got, expected=expected, fix=fix))

    def check_keys(
        self, place: Place, required: Iterable[str], optional: Iterable[str] = ()
    ) -> bool:
        """Note missing and unknown keys of the mapping at `place`.

        Parameters
        ----------
        place : tuple
            Keys and positions from the root of the file; ``()`` is the root.
        required, optional : iterable of str
            Keys that must, and that may, be there.

        Returns
        -------
        bool
            Whether the mapping is complete and has no other keys.
        """
        node = self.data
        for step in place:
            node = node[step]
        required, before = list(required), len(self.faults)
        allowed = [*required, *optional]
        if not isinstance(node, Mapping):
            self.fault(place, "not a mapping", node, f"the keys {', '.join(allowed)}")
            return False
        for key in node:
            if key not in allowed:
                what = f"unknown key {key!r}"
                self.fault((*place, key), what, None, f"one of {', '.join(allowed)}",
                           "Correct the spelling or remove the key.")  # fmt: skip
        for key in required:
            if key not in node:
                self.fault(place, f"missing key {key!r}", None, "", f"Add `{key}:` here.")
        return len(self.faults) == before

    def finish(self) -> None:
        """Raise the faults found so far.

        Raises
        ------
        CatalogError
            With the single fault, or with up to ten and the count of the rest.
        """
        if len(self.faults) == 1:
            raise self.faults[0]
        if self.faults:
            listed = [f"  {fault}" for fault in self.faults[:SHOWN]]
            rest = len(self.faults) - SHOWN
            if rest > 0:
                listed.append(f"  and {rest} more")
            what = f"{len(self.faults)} faults\n" + "\n".join(listed)
            raise CatalogError(what, where=str(self.path))


def read_yaml(path: Path | str) -> Any:
    """Read a YAML file into plain data (dates stay text, duplicate keys are faults).

    Parameters
    ----------
    path : path-like
        File to read (UTF-8).

    Returns
    -------
    object
        Mappings, lists, text, numbers, booleans, None.

    Raises
    ------
    CatalogError
        If the file is missing, is no YAML, or repeats a key.
    """
    file = read_yaml_file(path)
    file.finish()
    return deepcopy(file.data)  # the parsed text is shared, the answer is the caller's own


def read_yaml_file(path: Path | str) -> YamlFile:
    """Read a YAML file and keep the line of every key and item.

    Parameters
    ----------
    path : path-like
        File to read (UTF-8).

    Returns
    -------
    YamlFile
        Data, lines, and duplicate keys as faults not yet raised.

    Raises
    ------
    CatalogError
        If the file is missing or is no YAML.
    """
    path = Path(path)
    try:
        # utf-8-sig: a byte-order mark left by an editor must not hide the first key
        data, lines, repeated = _parse(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise CatalogError("file cannot be read", where=str(path), got=str(error)) from error
    except (UnicodeDecodeError, _NotYamlError) as error:
        line = getattr(error, "line", None)
        where = f"{path}:{line}" if line else str(path)
        expected = "well-formed YAML in UTF-8"
        got = str(error)
        raise CatalogError("file is no YAML", where=where, got=got, expected=expected) from error
    file = YamlFile(path, data, lines, [])
    for place, first in repeated:
        what, fix = f"key {place[-1]!r} occurs twice", "Remove or rename one of them."
        file.fault(place, what, None, f"one; first on line {first}", fix)
    return file


class _NotYamlError(Exception):
    """The text is no YAML; `line` counts from 1."""

    def __init__(self, problem: str, line: int | None) -> None:
        super().__init__(problem)
        self.line = line


# Keyed by the text itself: the files of the package are parsed once, an edited one anew.
@lru_cache(maxsize=64)
def _parse(text: str) -> tuple[Any, dict[Place, int], list[tuple[Place, int]]]:
    """Parse a text into plain data, the line of every place, and repeated keys."""
    import yaml

    # libyaml parses several times faster; both give the same nodes and marks
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(text)
    lines: dict[Place, int] = {}
    repeated: list[tuple[Place, int]] = []

    def plain(node: Any, place: Place) -> Any:
        lines.setdefault(place, node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode):
            data: dict[Any, Any] = {}
            for key_node, value_node in node.value:
                key = loader.construct_object(key_node)
                here = (*place, key)
                if not isinstance(key, str | int | float | None):
                    raise _NotYamlError("a key is no plain value", key_node.start_mark.line + 1)
                if key in data:
                    repeated.append((here, lines[here]))
                lines[here] = key_node.start_mark.line + 1
                data[key] = plain(value_node, here)
            return data
        if isinstance(node, yaml.SequenceNode):
            return [plain(item, (*place, n)) for n, item in enumerate(node.value)]
        if node.tag == "tag:yaml.org,2002:timestamp":
            return node.value  # dates stay text, as everywhere in the library
        return loader.construct_object(node)

    try:
        root = loader.get_single_node()
        return (None if root is None else plain(root, ())), lines, repeated
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or str(error)
        raise _NotYamlError(problem, mark.line + 1 if mark else None) from error
    finally:
        loader.dispose()


@cache
def _hints(cls: type) -> dict[str, Any]:
    """Resolve the annotations of a record once; resolving them is most of the reading time."""
    return get_type_hints(cls)


def _value(file: YamlFile, place: Place, kind: Any, got: Any) -> Any:
    """Convert one value to the annotated type; note a fault and return None if it cannot be."""
    options = get_args(kind) if isinstance(kind, UnionType) else (kind,)
    for option in options:
        if option is float and type(got) in (int, float):
            return float(got)
        if isinstance(option, type) and type(got) is option:
            return got
        if is_dataclass(option) and isinstance(got, dict):
            return read_record(file, place, option)
        if get_origin(option) is Literal and got in get_args(option) and type(got) is str:
            return got
        if get_origin(option) is tuple and isinstance(got, list):
            inner = get_args(option)[0]
            return tuple(_value(file, (*place, n), inner, item) for n, item in enumerate(got))
    expected = " or ".join(
        f"one of {', '.join(get_args(o))}" if get_origin(o) is Literal
        else NAMES.get(get_origin(o) or o, "a mapping")
        for o in options
    )  # fmt: skip
    fix = "Put the value in quotes." if str in options and not isinstance(got, dict | list) else ""
    file.fault(place, f"wrong value of {place[-1]!r}", got, expected, fix)
    return None


def read_record(file: YamlFile, place: Place, cls: Any, **given: Any) -> Any:
    """Build one record from the mapping at `place`; faults are noted in `file`.

    Parameters
    ----------
    file : YamlFile
        The file that is read.
    place : tuple
        Keys and positions of the mapping, from the root of the file.
    cls : type
        Dataclass whose annotations are the schema: a field without default is required,
        a ``Literal`` lists the allowed values, a tuple is a list in the file.
    **given : object
        Fields that do not stand in the file.

    Returns
    -------
    object
        The record, or None if the mapping has a fault.
    """
    node: Any = file.data
    for step in place:
        node = node[step]
    keys = [f for f in fields(cls) if not f.metadata.get("computed") and f.name not in given]
    before = len(file.faults)
    required = [f.name for f in keys if f.default is MISSING]
    file.check_keys(place, required, [f.name for f in keys if f.default is not MISSING])
    if not isinstance(node, Mapping):
        return None
    hints = _hints(cls)
    known = {f.name for f in keys}
    made = {k: _value(file, (*place, k), hints[k], v) for k, v in node.items() if k in known}
    return cls(**given, **made) if len(file.faults) == before else None
