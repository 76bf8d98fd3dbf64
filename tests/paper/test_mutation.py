"""Changed raw values change the numbers that name them as their origin, and no others.

Two hundred raw values get a code word each: the runs in which they are changed. A number must
change in exactly the runs of the values it names; see docs/decisions/042.
"""

import csv
import hashlib
import json
import random
import re
import shutil
from collections import defaultdict

import pytest

from wqa.display.report import MIME

VALUES = 200
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
    """Function that runs the code of all chapters and returns the blocks they show."""
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
        blocks = {}
        for path in sorted((project / "notebooks").glob("*.ipynb")):
            if path.stem in LEFT_OUT | NO_CHAPTERS:
                continue
            shown.clear()
            names = {}
            for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
                tags = cell["metadata"].get("tags", ())
                if cell["cell_type"] == "code" and "notebook-only" not in tags:
                    exec(compile("".join(cell["source"]), path.name, "exec"), names)
            blocks[path.stem] = list(shown)
        return blocks

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


def changed(value, passed, tested):
    """Value and parts close by, so that order and answers stay."""
    if not passed:
        return nudged(value), passed, tested
    return f"{100 * (int(passed) - 1) / int(tested):.4f}", str(int(passed) - 1), tested


def nudged(text):
    """A value close by; below 100, where shares end."""
    whole, _, decimals = text.partition(".")
    if not decimals and float(whole) > 100:
        return str(int(whole) + 1)
    step = 10.0 ** -(len(decimals) + 1)
    return f"{float(text) + (step if float(text) < 100 else -step):.{len(decimals) + 1}f}"


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


def facts_of(blocks):
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

    for chapter, shown in blocks.items():
        walk([data[MIME] for data in shown], chapter)
    return found


def lines_of(blocks):
    """Lines of the text of the chapters, which nbval compares."""
    return {
        (chapter, line)
        for chapter, shown in blocks.items()
        for data in shown
        for line in data["text/plain"].splitlines()
    }


@pytest.fixture(scope="module")
def experiment(project, show):
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
    chance = random.Random(SEED)
    chosen = chance.sample(numeric, VALUES)
    words = chance.sample(range(1, 2**RUNS), VALUES)
    code = dict(zip(chosen, words, strict=True))
    first = show()
    base, printed = facts_of(first), lines_of(first)
    runs, lines = [], []
    for run in range(RUNS):
        new = [list(row) for row in rows]
        for number, word in code.items():
            if word >> run & 1:
                cells = changed(*(rows[number - 1][place] for place in places))
                for place, cell in zip(places, cells, strict=True):
                    new[number - 1][place] = cell
        write_rows(project, new)
        shown = show()
        runs.append(facts_of(shown))
        lines.append(lines_of(shown))
    pattern = {}
    for key in {*base, *(key for run in runs for key in run)}:
        differs = [run.get(key, set()) != base.get(key, set()) for run in runs]
        pattern[key] = sum(1 << n for n, different in enumerate(differs) if different)
    missing = {sum(1 << n for n, run in enumerate(lines) if line not in run) for line in printed}
    return code, pattern, {key: key in base for key in pattern}, twins, missing


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
    code, pattern, known, twins, _ = experiment
    wrong = []
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
        if seen != wanted and not (still and seen == 0) and not within:
            wrong.append((key, f"{seen:08b}", f"{wanted:08b}"))
    assert wrong == []
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
def test_stored_text_of_the_chapters_guards_every_printed_value(experiment):
    code, pattern, known, _, missing = experiment
    keys = [key for key in pattern if known[key] and is_named(key) and key[1] == "observation"]
    named = {int(number) for key in keys for number in ROW.findall(key[-2])} & set(code)
    # A line may print several values; it is then missing wherever one of them was changed. The
    # funnel moves as a whole with each of its values: its lines differ in all runs and tell none.
    told = [word for word in missing if word != 2**RUNS - 1]
    lost = [n for n in named if not any(word and code[n] & ~word == 0 for word in told)]
    exact = [n for n in named if code[n] in missing]
    print(f"{len(named)} values are printed, {len(exact)} have a line of their own")
    assert len(lost) <= 1
    assert len(exact) >= 0.8 * len(named) > 30
