"""Declared files: read as a person reads them, and every fault with file and line."""

import re
from dataclasses import dataclass
from typing import Literal

import pytest
from cases import cases

from wqa.catalog.reading import AsTyped, read_record, read_table, read_yaml, read_yaml_file
from wqa.catalog.records import computed
from wqa.errors import CatalogError


@pytest.fixture
def write(tmp_path):
    def made(text, name="broken.yml", encoding="utf-8"):
        (tmp_path / name).write_text(text, encoding=encoding)
        return tmp_path / name

    return made


def test_plain_values_are_kept(write):
    text = "\ufeffdate: 2026-03-01\nlist: [1, 2.5, 文, null, true, -0.5, 1.5e+3]\nrow: '08'\n"
    expected = {"date": "2026-03-01", "list": [1, 2.5, "文", None, True, -0.5, 1500.0], "row": "08"}
    assert read_yaml(write(text)) == expected


def test_what_is_read_is_the_callers_own(write):
    path = write("a: [1]\n")
    read_yaml(path)["a"].append(2)
    assert read_yaml(path) == {"a": [1]}


@pytest.mark.parametrize(
    "scalar",
    ["010", "0x1F", "0b11", "1:30", "1:30.5", "1_000", "1_000.5", ".inf", "-.inf", ".nan",
     "1.0e+999", "9" * 5000, "yes", "No", "on", "OFF", "True"],
)  # fmt: skip
def test_a_scalar_that_yaml_reads_unlike_a_person(write, scalar):
    for text in (f"a: 1\nb: {scalar}\n", f"a: 1\n? {scalar}\n: b\n", f"- 1\n- [{scalar}]\n"):
        with pytest.raises(CatalogError, match=r"broken\.yml:2: YAML reads this unlike a person"):
            read_yaml(write(text))
    assert read_yaml(write(f"b: '{scalar}'\n")) == {"b": scalar}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [1, 2", r"broken\.yml:\d+: file is no YAML"),
        ("a: 1\na: 2\n", r"broken\.yml:2: key 'a' occurs twice; expected one; first on line 1"),
        ("a: 1\n[b]: 2\n", r"broken\.yml:2: .*a key is no plain value"),
        ("a: 1\nb: !!python/name:os.system x\n", r"broken\.yml:2: .*an anchor, alias or tag"),
        ("a: 1\nb: &b [*b]\n", r"broken\.yml:2: .*an anchor, alias or tag"),
        ("a: 1\n<<: {b: 1}\n? [c]\n", r"broken\.yml:3: .*a key is no plain value"),
        ("a: 1\n---\nb: 1\n", r"broken\.yml:3: .*a second document"),
        ("a:\n " + "[" * 100_000, r"broken\.yml:2: .*nested more than 20 deep"),
        ("- " * 100_000 + "a", r"broken\.yml:1: .*nested more than 20 deep"),
        ("{a: " * 100_000, r"broken\.yml:1: .*nested more than 20 deep"),
        ("a: \x07\n", "file is no YAML"),
    ],
)
def test_broken_yaml(write, text, message):
    with pytest.raises(CatalogError, match=message):
        read_yaml(write(text))


def test_missing_and_undecodable_files(tmp_path, write):
    with pytest.raises(CatalogError, match="file cannot be read"):
        read_yaml(tmp_path / "none.yml")
    with pytest.raises(CatalogError, match=r"gbk\.yml: file cannot be read.*a text file in UTF-8"):
        read_yaml(write("name: 武汉\n", "gbk.yml", "gbk"))


@dataclass(frozen=True, kw_only=True)
class Part:
    id: str = computed()
    notebook: str
    cells: dict[str, AsTyped]
    size: int | None = None


@dataclass(frozen=True, kw_only=True)
class Paper:
    title: str
    parts: dict[str, Part]
    marks: tuple[float, ...] = ()
    free: dict = None


PAPER = """\
title: x
parts:
  a: {notebook: n, cells: {year: 2025, rate: 1.50, day: 2025-01-31, none: }}
marks: [1, 2.5]
free: {b: [1]}
"""


def test_annotations_are_the_schema(write):
    path = write(PAPER)
    paper = read_yaml_file(path, Paper).record
    cells = {"year": "2025", "rate": "1.50", "day": "2025-01-31", "none": ""}
    part = Part(id="a", notebook="n", cells=cells)
    assert paper == Paper(title="x", parts={"a": part}, marks=(1.0, 2.5), free={"b": [1]})


def test_faults_have_a_code_a_place_and_a_line(write):
    path = write(PAPER.replace("notebook: n,", "notes: 1, size: x,").replace("title: x", "title:"))
    file = read_yaml_file(path)
    assert read_record(file, (), Paper) is None
    assert [(fault.code, fault.place, fault.line) for fault in file.faults] == [
        ("missing_key", ("title",), 1),
        ("unknown_key", ("parts", "a", "notes"), 3),
        ("missing_key", ("parts", "a", "notebook"), 3),
        ("wrong_value", ("parts", "a", "size"), 3),
    ]


@dataclass(frozen=True, kw_only=True)
class Rule:
    name: str
    first: int = 1900
    factor: float | None = None
    match: re.Pattern[str] = re.compile("")
    parts: Literal["passed", "failed"]
    note: str = ""


TABLE = 'name,first,factor,match,parts,note\na,2010,0.5,^x,passed,"1, two\nlines"\n\nb,,,,failed,\n'


def test_a_table_becomes_records(write):
    path = write(TABLE, "rules.csv")
    assert read_table(path, Rule) == [
        Rule(name="a", first=2010, factor=0.5, match=re.compile("^x"),
             parts="passed", note="1, two\nlines"),
        Rule(name="b", parts="failed"),
    ]  # fmt: skip


@cases("catalog/table_faults.csv")
def test_a_fault_of_a_table_names_its_line(write, old, new, message):
    with pytest.raises(CatalogError, match=rf"rules\.csv{message}"):
        read_table(write(TABLE.replace(old, new, 1), "rules.csv"), Rule)
