"""The map in ARCHITECTURE.md is the truth about who may import what; here it is compared."""

import ast
import importlib
import re
import sys

import pytest

EVERYWHERE = {"numpy", "pandas", "scipy"}
CLOCK_CALLS = {
    "datetime.now", "datetime.today", "datetime.utcnow", "date.today", "time.time",
    "time.monotonic", "time.perf_counter", "time.localtime", "time.gmtime", "time.strftime",
    "Timestamp.now", "Timestamp.today",
}  # fmt: skip
# Durations shown while building and kept apart from the reproducible record.
MAY_READ_THE_CLOCK = {"paper", "__main__"}
NETWORK = {"requests", "urllib", "http", "httpx", "aiohttp", "ftplib", "smtplib"}
PACKAGES = {
    "wqa", "wqa.catalog", "wqa.data", "wqa.forecasts", "wqa.assessment", "wqa.display",
    "wqa.history", "wqa.publication",
}  # fmt: skip
SEEDED = {"default_rng", "Generator", "SeedSequence", "PCG64"}
MACHINE_PATH = re.compile(r"""["' (=](/(?:home|root|tmp|work|Users|mnt|var|usr|opt)/|[A-Z]:\\)""")


@pytest.fixture(scope="module")
def sources(root):
    paths = [path for path in sorted((root / "wqa").rglob("*.py")) if path.stem != "__init__"]
    assert len({path.stem for path in paths}) == len(paths), "two modules share a name"
    return {path.stem: path for path in paths}


@pytest.fixture(scope="module")
def trees(sources):
    return {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in sources.items()}


@pytest.fixture(scope="module")
def table(root):
    """Module -> allowed third parties, in the order of the map."""
    text = (root / "ARCHITECTURE.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)\.py` \| (.*?) \|(.*?)\|$", text, flags=re.MULTILINE)
    return {name: set(re.findall(r"\w+", third)) for name, _, third in rows}


def imports(tree):
    """Yield (line, top module, second part) of the imports that are executed."""
    for node in executed(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield (node.lineno, *parts(alias.name))
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "imports are written in full"
            is_package = node.module in PACKAGES  # what is imported is a module
            for name in [alias.name for alias in node.names] if is_package else [node.module]:
                yield (node.lineno, *parts(f"wqa.{name}" if is_package else name))


def parts(name):
    top, _, rest = name.partition(".")
    return top, rest.split(".")[-1]


def executed(node):
    """Walk a tree without the blocks that only a type checker reads."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        yield child
        yield from executed(child)


def dotted_calls(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield node.lineno, ast.unparse(node.func)


def test_map_names_every_module_in_its_folder(root, sources):
    text = (root / "ARCHITECTURE.md").read_text(encoding="utf-8")
    stated, folder = {}, ""
    row = r"^(### )(?:.*`(wqa/\w+)/`)?|^\| `(\w+)\.py` \|.*\|.*\|$"
    for heading, place, name in re.findall(row, text, flags=re.MULTILINE):
        folder = (place or "wqa") if heading else folder
        stated |= {name: folder} if name else {}
    found = {name: path.parent.relative_to(root).as_posix() for name, path in sources.items()}
    # A module of no package stands where it is used.
    assert stated == {n: stated.get(n) if place == "wqa" else place for n, place in found.items()}


def test_imports_go_one_way(trees, table):
    order = {name: place for place, name in enumerate(table)}
    breaches = [
        f"{name}.py:{line} imports {second}"
        for name, tree in trees.items()
        for line, top, second in imports(tree)
        if top == "wqa" and name in order and second in order and order[second] >= order[name]
    ]
    assert breaches == []


def test_third_parties_stay_behind_their_fences(trees, table):
    ours = EVERYWHERE | set(sys.stdlib_module_names) | {"wqa"}
    breaches = [
        f"{name}.py:{line} imports {top}"
        for name, tree in trees.items()
        for line, top, _ in imports(tree)
        if top not in ours | table.get(name, set())
    ]
    assert breaches == []


def test_package_start_is_small(root):
    text = (root / "wqa" / "__init__.py").read_text(encoding="utf-8")
    assert len(text.splitlines()) < 50


def test_no_clock(trees):
    found = [
        f"{name}.py:{line} {call}"
        for name, tree in trees.items()
        if name not in MAY_READ_THE_CLOCK
        for line, call in dotted_calls(tree)
        if ".".join(call.split(".")[-2:]) in CLOCK_CALLS
    ]
    assert found == []


def test_no_network(trees):
    found = [
        f"{name}.py:{line} imports {top}.{second}"
        for name, tree in trees.items()
        for line, top, second in imports(tree)
        # urllib.parse takes addresses apart and opens none.
        if top in NETWORK and (top, second) != ("urllib", "parse")
    ]
    assert found == []


def test_no_chance_without_a_seed(trees):
    found = []
    for name, tree in trees.items():
        found += [f"{name}.py:{line} random" for line, top, _ in imports(tree) if top == "random"]
        for node in [node for node in ast.walk(tree) if isinstance(node, ast.Call)]:
            call = ast.unparse(node.func)
            drawn = re.search(r"\b(?:np|numpy)\.random\.(\w+)$", call)
            unseeded = call.endswith("default_rng") and not (node.args or node.keywords)
            if unseeded or (drawn and drawn.group(1) not in SEEDED):
                found.append(f"{name}.py:{node.lineno} {call} without seed")
    assert found == []


@pytest.mark.parametrize("pattern", ["wqa/**/*.py", "wqa/catalog_data/**/*", "notebooks/*.ipynb",
                                     "scripts/*.py", "bench/*.py", "*.md", "docs/**/*.md",
                                     "tasks.py", "pyproject.toml", ".ci/run"])  # fmt: skip
def test_no_path_of_a_machine(root, pattern):
    found = [
        f"{path.relative_to(root)}:{number}"
        for path in sorted(root.glob(pattern))
        if path.is_file()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if MACHINE_PATH.search(line)
    ]
    assert found == []


def test_no_swallowed_errors(trees):
    found = [
        f"{name}.py:{node.lineno}"
        for name, tree in trees.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or (len(node.body) == 1 and isinstance(node.body[0], ast.Pass)))
    ]
    assert found == []


def test_public_names_are_those_of_the_readme(root):
    import wqa

    text = (root / "README.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`wqa\.(\w+)\(?", text)) - {"__main__"}
    assert named <= set(wqa.__all__)
    assert {name for name in wqa.__all__ if not name.startswith("_")} <= named


def test_no_public_name_hides_a_module(sources):
    import wqa

    assert set(wqa.__all__) & set(sources) == set()


def test_unknown_public_name():
    import wqa

    with pytest.raises(AttributeError, match="has no attribute 'predictions'"):
        wqa.predictions  # noqa: B018
    assert set(wqa.__all__) <= set(dir(wqa))


def test_every_listed_name_is_the_one_of_its_module():
    import wqa

    for name, module in wqa._MODULE_OF.items():
        assert getattr(wqa, name) is getattr(importlib.import_module(f"wqa.{module}"), name)
