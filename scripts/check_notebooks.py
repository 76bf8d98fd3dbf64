"""Check the rules that every chapter notebook keeps; name notebook and cell of each breach.

Without arguments all notebooks of the project are checked. Exit code 1 if a rule is broken.
"""

from __future__ import annotations

import argparse
import ast
import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat

ROOT = Path(__file__).resolve().parents[1]
LANGUAGES = ("zh", "en")
COMMON_PARAMETERS = {
    "plan": str,
    "region": str,
    "edition": int,
    "as_of": str,
    "target_year": int,
    "lang": str,
    "seed": int,
}
MAX_CODE_CELLS = 25
MAX_LINES = 15
MAX_DEF_LINES = 5
REGRESSION_TAGS = {"nbval-check-output", "keep_output"}
LIMITS_HEADING = {
    "zh": re.compile("局限|限制|边界"),
    "en": re.compile("limit|caveat", re.IGNORECASE),
}
ABSOLUTE_PATH = re.compile(
    r"(?<![\w.:/<])/(?:home|root|tmp|usr|opt|mnt|var|work|data|Users|private)/|\b[A-Za-z]:\\\\?\w"
)
SHELL = re.compile(r"^\s*[!%]", re.MULTILINE)
NETWORK = {"requests", "urllib", "http", "socket", "httpx", "aiohttp", "ftplib", "urllib3"}
CLOCKS = {"now", "today", "utcnow", "time", "perf_counter", "monotonic", "gmtime", "localtime"}
CLOCK_OWNERS = {"datetime", "date", "time", "Timestamp", "pd", "dt"}

Breach = tuple[int, str]  # cell number from 1 (0: the whole notebook) and what is wrong


def tags(cell: Any) -> set[str]:
    """Return the tags of a cell."""
    return set(cell.metadata.get("tags", []))


def cells(notebook: Any, kind: str) -> Iterator[tuple[int, Any]]:
    """Yield number (from 1, over all cells) and cell of one kind."""
    for number, cell in enumerate(notebook.cells, start=1):
        if cell.cell_type == kind:
            yield number, cell


def headings(notebook: Any, language: str) -> list[tuple[int, int, str]]:
    """Return cell number, level and text of the headings that a language's edition shows."""
    found = []
    for number, cell in cells(notebook, "markdown"):
        text = re.sub(r"^```.*?^```", "", cell.source, flags=re.MULTILINE | re.DOTALL)
        for marks, title in re.findall(r"^(#+)\s+(.*)$", text, flags=re.MULTILINE):
            both = title.split(" | ")
            found.append((number, len(marks), both[min(LANGUAGES.index(language), len(both) - 1)]))
    return found


def check_languages(notebook: Any) -> Iterator[Breach]:
    """Require that a cell of text says everything in both languages."""
    for number, cell in cells(notebook, "markdown"):
        lines = [line for line in cell.source.splitlines() if line.strip()]
        for title in (line for line in lines if line.startswith("#")):
            if title.count(" | ") != 1:
                yield number, f"title is not of the form `中文 | English`: {title[:30]!r}"
        kinds = {line.startswith(">") for line in lines if not line.startswith("#")}
        if len(kinds) == 1:
            yield number, "text needs Chinese, and the English under it as a quotation (>)"


def check_kernel(notebook: Any) -> Iterator[Breach]:
    """Require the kernel name python3, which every engine finds."""
    name = notebook.metadata.get("kernelspec", {}).get("name")
    if name != "python3":
        yield 0, f"kernelspec is {name!r}, must be 'python3'"


def check_headings(notebook: Any) -> Iterator[Breach]:
    """Require one title per language, at the top, and the limits at the end."""
    for language in LANGUAGES:
        found = headings(notebook, language)
        titles = [number for number, level, _ in found if level == 1]
        if len(titles) != 1:
            yield 0, f"{len(titles)} titles (#) in the {language} edition, must be one"
        elif found[0][1] != 1:
            yield titles[0], f"the title of the {language} edition is not its first heading"
        last = [title for _, level, title in found if level == 2][-1:]
        if not last or not LIMITS_HEADING[language].search(last[0]):
            yield 0, f"the {language} edition does not end with a section on limits, but {last}"


def check_parameters(notebook: Any) -> Iterator[Breach]:
    """Require one parameters cell with the common names as plain typed literals."""
    tagged = [(n, c) for n, c in cells(notebook, "code") if "parameters" in tags(c)]
    if len(tagged) != 1:
        yield 0, f"{len(tagged)} cells with the tag parameters, must be one"
        return
    number, cell = tagged[0]
    try:
        tree = ast.parse(cell.source)
    except SyntaxError as error:
        yield number, f"parameters cell is not Python: {error.msg}"
        return
    values: dict[str, Any] = {}
    seen = inspected(notebook)
    for statement in tree.body:
        if not isinstance(statement, ast.AnnAssign) or statement.value is None:
            yield number, f"line {statement.lineno} is not of the form `name: type = value`"
            continue
        try:
            values[ast.unparse(statement.target)] = ast.literal_eval(statement.value)
        except ValueError:
            yield number, f"line {statement.lineno}: the value is no plain literal"
    yield from ((number, text) for text in wrong_common(values))
    for name in sorted(seen ^ set(values)):
        yield number, f"papermill cannot read parameter {name}; write `{name}: type = value`"


def wrong_common(values: dict[str, Any]) -> Iterator[str]:
    """Compare with the parameters that all notebooks share."""
    for name, kind in COMMON_PARAMETERS.items():
        if name not in values:
            yield f"common parameter {name} is missing"
        elif type(values[name]) is not kind:
            yield f"parameter {name} is {values[name]!r}, must be {kind.__name__}"


def inspected(notebook: Any) -> set[str]:
    """Return the names of the parameters that papermill's own inspection sees."""
    import papermill

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "inspected.ipynb"
        nbformat.write(notebook, path)
        return set(papermill.inspect_notebook(str(path)))


def check_size(notebook: Any) -> Iterator[Breach]:
    """Require few and short code cells; anything longer belongs into the library."""
    code = list(cells(notebook, "code"))
    if len(code) > MAX_CODE_CELLS:
        yield 0, f"{len(code)} code cells, at most {MAX_CODE_CELLS}"
    for number, cell in code:
        lines = len(cell.source.splitlines())
        if lines > MAX_LINES:
            yield number, f"{lines} lines, at most {MAX_LINES}; move code into wqa"


def check_source(notebook: Any) -> Iterator[Breach]:
    """Forbid shell commands and hidden outputs; require code that parses."""
    for number, cell in cells(notebook, "code"):
        if SHELL.search(cell.source):
            yield number, "shell or magic command"
            continue
        if cell.source.rstrip().endswith(";"):
            yield number, "trailing ';' hides an output"
        try:
            tree = ast.parse(cell.source)
        except SyntaxError as error:
            yield number, f"does not parse: {error.msg}"
            continue
        yield from ((number, text) for text in forbidden(tree))


def forbidden(tree: ast.AST) -> Iterator[str]:
    """Name what makes a run depend on time, web or chance, and code too long for a notebook."""
    for node in ast.walk(tree):
        for module in imported(node):
            if module in NETWORK or module == "random":
                yield f"import of {module}: the result must depend on the data alone"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = ast.unparse(node.func.value).rsplit(".", 1)[-1]
            if node.func.attr in CLOCKS and owner in CLOCK_OWNERS:
                yield f"reads the clock: {ast.unparse(node.func)}()"
            if ast.unparse(node.func.value).endswith("np.random"):
                yield f"unseeded chance: {ast.unparse(node.func)}()"
        if isinstance(node, ast.ClassDef):
            yield f"class {node.name} belongs into the library"
        if isinstance(node, ast.FunctionDef) and lines_of(node) > MAX_DEF_LINES:
            yield f"function {node.name} is longer than {MAX_DEF_LINES} lines; move it into wqa"


def imported(node: ast.AST) -> list[str]:
    """Return the top names of the modules that a statement imports."""
    if isinstance(node, ast.Import):
        return [alias.name.split(".")[0] for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return [(node.module or "").split(".")[0]]
    return []


def lines_of(node: ast.FunctionDef) -> int:
    """Return the number of lines of a function."""
    return (node.end_lineno or node.lineno) - node.lineno + 1


def check_paths(notebook: Any) -> Iterator[Breach]:
    """Forbid absolute paths, in source or output."""
    for number, cell in enumerate(notebook.cells, start=1):
        texts = [cell.source] + [str(output) for output in cell.get("outputs", [])]
        for text in texts:
            found = ABSOLUTE_PATH.search(text)
            if found:
                yield number, f"absolute path {text[found.start() : found.start() + 30]!r}"
                break


def check_outputs(notebook: Any) -> Iterator[Breach]:
    """Require a run from top to bottom whose only stored outputs are the compared ones."""
    code = list(cells(notebook, "code"))
    counts = [cell.execution_count for _, cell in code]
    if counts != list(range(1, len(code) + 1)):
        yield 0, f"not run from top to bottom (counts {counts}); python3 tasks.py notebooks"
    kept = 0
    for number, cell in code:
        if any(output.output_type == "error" for output in cell.outputs):
            yield number, "holds an error output"
        is_regression = tags(cell) >= REGRESSION_TAGS
        if cell.outputs and not is_regression:
            yield number, f"holds outputs without the tags {sorted(REGRESSION_TAGS)}"
        if is_regression and not cell.outputs:
            yield number, "is a regression cell but has no stored output"
        kept += is_regression and bool(cell.outputs)
    if not kept:
        yield 0, "no regression cell with a stored output: nbval would guard nothing"


RULES: tuple[Callable[[Any], Iterator[Breach]], ...] = (
    check_kernel,
    check_headings,
    check_languages,
    check_parameters,
    check_size,
    check_source,
    check_paths,
    check_outputs,
)


def check_notebook(path: Path) -> list[str]:
    """Check one notebook.

    Parameters
    ----------
    path : pathlib.Path
        An .ipynb file.

    Returns
    -------
    list of str
        One line per breach: file, cell, what is wrong.
    """
    shown = path.resolve()
    shown = shown.relative_to(ROOT) if shown.is_relative_to(ROOT) else Path(path.name)
    try:
        notebook = nbformat.read(path, as_version=4)
        nbformat.validate(notebook)
    except Exception as error:  # the reader raises many kinds; all mean the same here
        return [f"{shown}: is no valid notebook: {str(error).splitlines()[0]}"]
    return [
        f"{shown}, cell {number}: {text}" if number else f"{shown}: {text}"
        for rule in RULES
        for number, text in rule(notebook)
    ]


def main(arguments: list[str] | None = None) -> int:
    """Check the named notebooks, or all; return 1 if a rule is broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("notebooks", nargs="*", type=Path)
    paths = parser.parse_args(arguments).notebooks or sorted((ROOT / "notebooks").glob("*.ipynb"))
    breaches = [line for path in paths for line in check_notebook(path)]
    print("\n".join([*breaches, f"{len(paths)} notebooks, {len(breaches)} breaches of the rules."]))
    return 1 if breaches or not paths else 0


if __name__ == "__main__":
    sys.exit(main())
