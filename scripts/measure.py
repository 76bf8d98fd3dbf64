"""Measure the house rules: modules, code lines and lines of each half, hops to a verdict.

A code line holds code: no docstring, no comment, no blank. The style check sees to it that the
code is formatted by `ruff format` at 100 columns with complexity at most 10.

python scripts/measure.py [--hops]
"""

from __future__ import annotations

import argparse
import ast
import io
import json
import multiprocessing
import re
import subprocess
import sys
import tempfile
import tokenize
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[1]
LOWER = ("catalog", "data", "forecasts", "assessment")
UPPER = ("display", "history", "publication")
LIMITS = {
    "modules": 31, "code lines": 4700, "lines": 7000, "longest": 300,
    # Of the bench 60 for the coverage of the demonstration city.
    "hops": 14, "sentence": 8, "bench": 960, "tests": 3600,
}  # fmt: skip
PLAN = "wuhan-14fyp"
NO_CODE = {
    tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT,
    tokenize.ENCODING, tokenize.ENDMARKER,
}  # fmt: skip
MAY_HAVE_A_DOCSTRING = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def code_lines(source: str) -> int:
    """Count the lines that hold code."""
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in NO_CODE:
            lines.update(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, MAY_HAVE_A_DOCSTRING) and ast.get_docstring(node) is not None:
            lines.difference_update(range(node.body[0].lineno, (node.body[0].end_lineno or 0) + 1))
    return len(lines)


class Size(NamedTuple):
    """What a group of files weighs."""

    modules: int
    code: int
    lines: int
    longest: tuple[int, str]


def size(paths: Iterable[Path]) -> Size:
    """Measure files; one that holds no code, like the start of a sub-package, is no module."""
    texts = {path: path.read_text(encoding="utf-8") for path in paths}
    code = {path: code_lines(text) for path, text in texts.items()}
    longest = max(((count, path.name) for path, count in code.items()), default=(0, ""))
    modules = sum(count > 0 for count in code.values())
    lines = sum(len(text.splitlines()) for text in texts.values())
    return Size(modules, sum(code.values()), lines, longest)


def half_of(path: Path) -> str:
    """Say to which part a module of `wqa` belongs, by its place in the package."""
    package = path.relative_to(ROOT / "wqa").parts
    if package[0] in ("office", "workbooks.py"):
        return "office"
    is_upper = package[0] in (*UPPER, "__main__.py", "listing.py")
    assert is_upper or len(package) == 1 or package[0] in LOWER, f"{path} belongs to no half"
    return "upper" if is_upper else "lower"


def modules(half: str) -> list[Path]:
    """List the modules of one half."""
    return [path for path in sorted((ROOT / "wqa").rglob("*.py")) if half_of(path) == half]


def tests_of_the_lower_half() -> list[Path]:
    """List the tests that import something of the lower half, nothing of the upper; no paper."""
    upper = re.compile(
        rf"wqa(\.| import )({'|'.join((*UPPER, 'office', 'workbooks', '__main__', 'listing'))})\b"
    )
    found = []
    for path in sorted((ROOT / "tests").rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        imports = re.findall(r"^ *(?:from|import) (wqa\b.*)", text, flags=re.MULTILINE)
        is_paper = path.is_relative_to(ROOT / "tests" / "paper")  # its scanner raises our errors
        if imports and not is_paper and not any(upper.match(line) for line in imports):
            found.append(path)
    return found


def unpacked(half: str) -> int:
    """Count code lines as they are when no `# fmt: skip` packs them."""
    with tempfile.TemporaryDirectory() as folder:
        copies = []
        for number, path in enumerate(modules(half)):
            copies.append(Path(folder, f"{number}.py"))
            text = re.sub(r"# fmt: (skip|off|on)", "#", path.read_text(encoding="utf-8"))
            copies[-1].write_text(text, encoding="utf-8")
        command = [
            sys.executable,
            "-m",
            "ruff",
            "format",
            "--quiet",
            "--line-length",
            "100",
            folder,
        ]
        subprocess.run(command, check=True)
        return size(copies).code


def cells() -> int:
    """Count the code lines in the cells of the notebooks."""
    sources = [
        "".join(cell["source"])
        for path in sorted((ROOT / "notebooks").glob("*.ipynb"))
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]
        if cell["cell_type"] == "code"
    ]
    return sum(code_lines(source) for source in sources)


def assets(ending: str) -> int:
    """Count the lines of other languages that are neither blank nor comment."""
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / "wqa").rglob(f"*.{ending}")]
    bare = [re.sub(r"/\*[\s\S]*?\*/|^\s*//.*$", "", t, flags=re.MULTILINE) for t in texts]
    return sum(bool(line.strip()) for text in bare for line in text.splitlines())


# --------------------------------------------------------------------------- hops


def entered(target_id: str) -> list[str]:
    """List the modules that run, imports included, from read data to the verdict of one target."""
    import wqa

    plan = wqa.load_plan(PLAN)
    observations = wqa.load_observations(annual=False)
    target = next(t for t in plan.targets if t.id == target_id)
    return watched(lambda: wqa.assess(replace(plan, targets=(target,)), observations=observations))


def told() -> list[str]:
    """List the modules that run from the figures of an edition to a shown sentence, most of all."""
    import wqa

    city = wqa.open_edition(PLAN)
    ids = [target.indicator_id for target in city.parameters.plan.targets]
    for indicator in ids:  # what is read once is read before
        city.about(indicator).bundles()
    found = [watched(lambda one=indicator: city.about(one).bundles()) for indicator in ids]
    return max(found, key=len)


def watched(run: Callable[[], object]) -> list[str]:
    """List the modules of the library that something enters."""
    start, found = str(ROOT / "wqa"), set()

    def watch(frame: FrameType, event: str, argument: Any) -> None:
        if event == "call" and frame.f_code.co_filename.startswith(start):
            found.add(frame.f_code.co_filename)

    sys.setprofile(watch)
    try:
        run()
    finally:
        sys.setprofile(None)
    return sorted(Path(name).stem for name in found if not name.endswith("__init__.py"))


def hops() -> dict[str, list[str]]:
    """List the modules entered for every target of the plan, each in a process of its own."""
    from wqa.catalog.catalog import load_plan

    ids = [target.id for target in load_plan(PLAN).targets]
    with multiprocessing.Pool(2, maxtasksperchild=1) as pool:
        return dict(zip(ids, pool.map(entered, ids, chunksize=1), strict=True))


# --------------------------------------------------------------------------- report


def said(name: str, value: int, limit: str = "") -> str:
    """Print a number, and its limit where it has one."""
    most = f"  (at most {LIMITS[limit]:,})" if limit else ""
    return f"  {name:<34}{value:>7,}{most}"


def report_sizes() -> None:
    """Print the size of both halves and of what is counted beside them."""
    for half in ("lower", "upper", "office"):
        found = size(modules(half))
        is_lower = half == "lower"
        print(f"{half} part of wqa")
        for name, value in (("modules", found.modules), ("code lines", found.code),
                            ("lines", found.lines)):  # fmt: skip
            print(said(name, value, name if is_lower else ""))
        print(said(f"longest module: {found.longest[1]}", found.longest[0], "longest"))
        print(said("code lines without `fmt: skip`", unpacked(half)))
    print("counted beside, in code lines")
    by_name = {"tasks.py": [ROOT / "tasks.py"], "scripts": (ROOT / "scripts").glob("*.py")}
    for name, paths in by_name.items():
        print(said(name, size(paths).code))
    print(said("cells of notebooks", cells()))
    for ending in ("typ", "css", "html"):
        print(said(f"wqa/**/*.{ending}", assets(ending)))
    print(said("bench", size((ROOT / "bench").glob("*.py")).code, "bench"))
    print(said("tests of the lower half", size(tests_of_the_lower_half()).code, "tests"))


def report_hops(every: bool) -> None:
    """Print the largest number of modules between the read data and a verdict."""
    found = hops()
    for target, names in found.items() if every else ():
        print(said(target, len(names)))
    target = max(found, key=lambda name: len(found[name]))
    print(said(f"hops to a verdict ({target})", len(found[target]), "hops"))
    print(f"    {' '.join(found[target])}")
    names = told()
    print(said("hops to a shown sentence", len(names), "sentence"))
    print(f"    {' '.join(names)}")


def main() -> None:
    """Print the measures."""
    parser = argparse.ArgumentParser(description="Measure the house rules.")
    parser.add_argument("--hops", action="store_true", help="the hops of every target only")
    options = parser.parse_args()
    if not options.hops:
        report_sizes()
    report_hops(options.hops)


if __name__ == "__main__":
    main()
