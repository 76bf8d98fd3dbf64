"""Changed raw values change the numbers that name them, no others; the notebook checks tell each.

Two hundred raw values get a code word each: the runs in which they are changed. A number must
change in exactly the runs of the values it names; see docs/decisions/042.
"""

import csv
import hashlib
import importlib.util
import json
import random
import re
import shutil
from collections import defaultdict
from decimal import Decimal

import pytest

from wqa.display.report import MIME

VALUES, PRINTED = 200, 60
RUNS = 8
SEED = 20251231
FILE = "data/raw/published_figures/observations.csv"
# These rebuild whole editions, which takes longer than all other chapters together. Their numbers
# sum up the data, or come from the records of editions, which keep the source but not the row.
LEFT_OUT = {"40_model_evidence", "95_annex"}
NO_CHAPTERS = {"41_competitions", "50_explore"}
ROW = re.compile(re.escape(FILE) + r":(\d+)")


@pytest.fixture(scope="module")
def project(root, tmp_path_factory):
    folder = tmp_path_factory.mktemp("mutated")
    shutil.copytree(root / "data" / "raw", folder / "data" / "raw")
    shutil.copytree(root / "notebooks", folder / "notebooks")
    return folder


@pytest.fixture(scope="module")
def show(project):
    """Function that runs the code of all chapters and returns what each cell shows."""
    import IPython.display

    from wqa.display import figures, model_pictures, pictures

    shown = []
    patch = pytest.MonkeyPatch()
    patch.setenv("WQA_ROOT", str(project))
    patch.setattr(IPython.display, "display", lambda data, **_: shown.append(data))
    patch.setattr(figures, "render", lambda fig, fmt: b"picture")  # numbers only
    for module in (pictures, model_pictures):
        for name in (name for name in dir(module) if name.startswith("plot_")):
            patch.setattr(module, name, lambda *drawn, **more: None)

    def run():
        cells = {}
        for path in sorted((project / "notebooks").glob("*.ipynb")):
            if path.stem in LEFT_OUT | NO_CHAPTERS:
                continue
            names = {}
            for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
                tags = cell["metadata"].get("tags", ())
                if cell["cell_type"] == "code" and "notebook-only" not in tags:
                    shown.clear()
                    exec(compile("".join(cell["source"]), path.name, "exec"), names)
                    cells[path.stem, cell["id"]] = list(shown)
        return cells

    yield run
    patch.undo()


def read_rows(path):
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


def share(value, passed, tested):
    """Whether a value is the share passed of so many tested that one batch is little."""
    if not (passed.isdigit() and tested.isdigit() and int(passed) and int(tested) >= 1000):
        return False
    return abs(100 * int(passed) / int(tested) - float(value)) < 0.06


def changed(value, passed, tested, by):
    """Value and parts one unit, or less, of the last digit lower; where it is 0, higher."""
    exponent = Decimal(value).as_tuple().exponent
    step = Decimal(1).scaleb(exponent if by == "unit" else exponent - 1)
    new = Decimal(value) + (step if value.endswith("0") and Decimal(value) != 100 else -step)
    if passed:
        batches = round(new * int(tested) / 100) if by == "unit" else int(passed) - 1
        new = new if by == "unit" else round(Decimal(100 * batches) / int(tested), 4)
        return str(new), str(batches), tested
    is_count = exponent == 0 and new > 100
    return str(int(Decimal(value)) + 1 if is_count else new), passed, tested


def write_rows(project, rows):
    path = project / FILE
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)
    record = path.with_name("source.yml")
    text = record.read_text(encoding="utf-8")
    assert before in text
    after = hashlib.sha256(path.read_bytes()).hexdigest()
    record.write_text(text.replace(before, after), encoding="utf-8")


def facts_of(cells):
    """Numbers by what they are, apart from their value: key to the values and prints."""
    found = defaultdict(set)

    def walk(node, chapter):
        if isinstance(node, dict) and {"id", "kind", "text", "value"} <= set(node):
            part = re.search(r"\.(value|numerator|denominator|year)\.", node["id"])
            key = (
                chapter, node["kind"], ".".join(node["id"].split(".")[:2]),
                part[1] if part else "", node["id"].endswith(".year"),
                *(str(node.get(name)) for name in ("indicator_id", "region", "year", "scope")),
                node.get("locator", ""), node.get("unit", ""),
            )  # fmt: skip
            found[key].add((node["value"], node["text"]))
        elif isinstance(node, dict):
            for name, inner in node.items():
                if name != "data":
                    walk(inner, chapter)
        elif isinstance(node, list):
            for inner in node:
                walk(inner, chapter)

    for (chapter, _), shown in cells.items():
        walk([data[MIME] for data in shown], chapter)
    return found


@pytest.fixture(scope="module")
def named_by_nbval(root):
    """Function that returns the figures which the notebook checks name for what cells show."""
    spec = importlib.util.spec_from_file_location("checks", root / "notebooks" / "conftest.py")
    checks = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(checks)
    stored = {}
    for path in (root / "notebooks").glob("*.ipynb"):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            texts = (output["data"]["text/plain"] for output in cell.get("outputs", ()))
            stored[path.stem, cell["id"]] = ["".join(text) for text in texts]

    def named(cells):
        return {line for place, shown in cells.items()
                for line in checks.differing(stored[place], shown)}  # fmt: skip

    return named


def rows_named(facts):
    """Rows of the observations in some facts, with indicator, region and year."""
    return {int(row): ", ".join(key[5:8]) for key in facts if is_named(key)
            if key[1] == "observation" for row in ROW.findall(key[-2])}  # fmt: skip


@pytest.fixture(scope="module")
def experiment(project, show, named_by_nbval):
    rows = read_rows(project / FILE)
    places = [rows[0].index(name) for name in ("value", "numerator", "denominator")]
    # Rows that state the same figure are printed once; they part when one of them moves.
    same = defaultdict(set)
    cells = [rows[0].index(name) for name in ("region", "period", "value")]
    for number, row in enumerate(rows, start=1):
        same[tuple(row[cell] for cell in cells)].add(number)
    twins = {number: numbers for numbers in same.values() for number in numbers}
    # A rate that contradicts its own parts is refused on reading, so both are changed.
    numeric = []
    for number, row in enumerate(rows[1:], start=2):
        value, passed, tested = (row[place] for place in places)
        is_first = number == min(twins[number])
        is_number = re.fullmatch(r"\d+(\.\d+)?", value) is not None
        if is_first and is_number and (not passed or share(value, passed, tested)):
            numeric.append(number)
    first = show()
    base = facts_of(first)
    assert named_by_nbval(first) == set()
    printed = rows_named(base)
    chance = random.Random(SEED)
    guarded = chance.sample([number for number in numeric if number in printed], PRINTED)
    others = [number for number in numeric if number not in printed]
    chosen = guarded + chance.sample(others, VALUES - PRINTED)
    words = chance.sample(range(1, 2**RUNS), VALUES)
    code = dict(zip(chosen, words, strict=True))
    runs, named = [], []
    for run in range(RUNS):
        new = [list(row) for row in rows]
        for number, word in code.items():
            if word >> run & 1:
                by = "unit" if number in guarded else "less"
                cells = changed(*(rows[number - 1][place] for place in places), by)
                for place, cell in zip(places, cells, strict=True):
                    new[number - 1][place] = cell
        write_rows(project, new)
        shown = show()
        runs.append(facts_of(shown))
        named.append(named_by_nbval(shown))
    keys = {*base, *(key for run in runs for key in run)}
    pattern = {key: bits(run.get(key) != base.get(key) for run in runs) for key in keys}
    absent = {key: bits((key in run) != (key in base) for run in runs) for key in keys}
    told = {line: bits(line in run for run in named) for line in set().union(*named)}
    guarded = {number: printed[number] for number in guarded}
    return code, pattern, {key: key in base for key in keys}, twins, absent, guarded, told


def bits(flags):
    """Runs as a code word."""
    return sum(1 << n for n, flag in enumerate(flags) if flag)


def expected(numbers, code):
    word = 0
    for number in numbers:
        word |= code.get(number, 0)
    return word


def is_named(key):
    """Whether a number names the rows that it rests on; one that several figures share does not."""
    if key[2].startswith("shared."):
        return False
    return bool(ROW.search(key[-2])) and key[1] in ("observation", "computed", "forecast")


@pytest.mark.slow
def test_exactly_the_numbers_that_name_a_value_change_with_it(experiment):
    code, pattern, known, twins, absent, *_ = experiment
    wrong, chosen = [], []
    checked = touched = 0
    for key, seen in pattern.items():
        if not is_named(key):
            continue
        checked += 1
        rows = {int(number) for number in ROW.findall(key[-2])}
        if not known[key]:
            rows = set().union(*(twins[number] for number in rows))
        wanted = expected(rows, code)
        touched += bool(wanted)
        # A year or a sample stays as it is; it can only come and go with the value beside it.
        still = key[4] or (key[1] == "observation" and key[3] != "value")
        # A probability names all figures behind the answer; some of them bound it without moving.
        within = key[2] == "forecast.p" and seen & ~wanted == 0
        # A difference stays where both of its figures move by the same.
        alone = bits(sum(code.get(row, 0) >> run & 1 for row in rows) == 1 for run in range(RUNS))
        cancelled = key[1] == "computed" and not seen & ~wanted and not alone & ~seen
        if seen == wanted or (still and seen == 0) or within or cancelled:
            continue
        # A sentence may choose another figure when one moves by a whole unit.
        found = wrong if (seen ^ wanted) & ~absent[key] else chosen
        found.append((key, f"{seen:08b}", f"{wanted:08b}"))
    assert wrong == []
    assert len(chosen) <= 5
    assert checked > 300
    assert touched > 50
    print(f"{checked} numbers name their rows, {touched} depend on a changed value")


@pytest.mark.slow
def test_numbers_without_a_row_stay_unless_they_sum_up_the_data(experiment):
    pattern = experiment[1]
    moved = [key for key, seen in pattern.items() if seen and not is_named(key)]
    # Counts of the suite, probabilities of answers, and words of findings and reasons sum up
    # rows without naming them.
    rest = [
        key for key in moved
        if key[1] not in ("count", "forecast")
        and not key[2].startswith(("quoted", "shared.", "computed.change_share"))
    ]  # fmt: skip
    assert rest == []


@pytest.mark.slow
def test_notebook_checks_find_and_name_every_changed_value(experiment):
    code, *_, guarded, told = experiment
    lost = [
        (number, name)
        for number, name in guarded.items()
        if not any(line.startswith(f"{name}: ") and code[number] == runs
                   for line, runs in told.items())
    ]  # fmt: skip
    assert lost == []
    assert len(guarded) == PRINTED
