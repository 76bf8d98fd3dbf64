"""Check the rules that every chapter notebook keeps; name notebook and cell of each breach.

Of outputs only the text is stored. What else an editor has saved is taken out first, and named.
Without arguments all notebooks of the project are checked. Exit code 1 if a rule is broken.
"""

from __future__ import annotations

import argparse
import ast
import re
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from copy import deepcopy
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
KERNELSPEC = {"name": "python3", "display_name": "Python 3", "language": "python"}
KEPT_METADATA = {"kernelspec": KERNELSPEC, "language_info": {"name": "python"}}
TEXT = "text/plain"
# What nbval does not compare is not stored either.
NOT_COMPARED = "nbval-ignore-output"
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


def strip(notebook: Any) -> list[Breach]:
    """Bring a notebook into the form in which it is stored, and say what is taken out.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        A notebook; changed in place.

    Returns
    -------
    list of tuple
        Number of the cell (0: the whole notebook) and what it held.
    """
    taken: list[Breach] = []
    if notebook.metadata != KEPT_METADATA:
        notebook.metadata = nbformat.from_dict(KEPT_METADATA)
        taken.append((0, "metadata"))
    for number, cell in enumerate(notebook.cells, start=1):
        # Random ids would change with every newly written notebook.
        cell["id"] = f"c{number:02d}"
        kept = {"tags": cell.metadata["tags"]} if cell.metadata.get("tags") else {}
        if cell.metadata != kept:
            cell.metadata = nbformat.from_dict(kept)
            taken.append((number, "metadata"))
        if cell.cell_type == "code":
            found = sorted({kind for output in cell.outputs for kind in not_stored(cell, output)})
            taken += [(number, ", ".join(found))] if found else []
            cell.outputs = [output for output in cell.outputs if text_alone(cell, output)]
    return taken


def not_stored(cell: Any, output: Any) -> list[str]:
    """Name what of an output is not stored."""
    if NOT_COMPARED in tags(cell):
        return ["output that is not compared"]
    if output.output_type == "stream":
        return [output.name] if output.name == "stderr" else []
    more = ["output metadata"] if output.get("metadata") else []
    return more + [kind for kind in output.get("data", {}) if kind != TEXT]


def text_alone(cell: Any, output: Any) -> bool:
    """Reduce an output to its text; whether there is any."""
    if NOT_COMPARED in tags(cell) or output.get("name") == "stderr":
        return False
    if "data" in output:
        output.metadata = nbformat.from_dict({})
        output.data = nbformat.from_dict({k: v for k, v in output.data.items() if k == TEXT})
        return bool(output.data)
    return True


def check_outputs(notebook: Any) -> Iterator[Breach]:
    """Require a run from top to bottom, and outputs for nbval to compare: text and nothing else."""
    code = list(cells(notebook, "code"))
    counts = [cell.execution_count for _, cell in code]
    if counts != list(range(1, len(code) + 1)):
        yield 0, f"not run from top to bottom (counts {counts}); python3 tasks.py notebooks"
    for number, cell in code:
        if any(output.output_type == "error" for output in cell.outputs):
            yield number, "holds an error output"
    if not any(cell.outputs for _, cell in code):
        yield 0, "no stored output: nbval would guard nothing"
    yield from ((number, f"stores {what}") for number, what in strip(deepcopy(notebook)))


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


def read(path: Path) -> tuple[str, Any]:
    """Return how a notebook is named in messages, and the notebook, or None if it is not valid."""
    shown = path.resolve()
    shown = shown.relative_to(ROOT) if shown.is_relative_to(ROOT) else Path(path.name)
    try:
        notebook = nbformat.read(path, as_version=4)
        nbformat.validate(notebook)
    except Exception as error:  # the reader raises many kinds; all mean the same here
        return f"{shown}: is no valid notebook: {str(error).splitlines()[0]}", None
    return str(shown), notebook


def lines(shown: str, breaches: Iterable[Breach]) -> list[str]:
    """Return one line per breach: file, cell, what is wrong."""
    return [f"{shown}, cell {n}: {text}" if n else f"{shown}: {text}" for n, text in breaches]


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
    shown, notebook = read(path)
    if notebook is None:
        return [shown]
    return lines(shown, (breach for rule in RULES for breach in rule(notebook)))


def strip_file(path: Path) -> list[str]:
    """Take out of a file what is not stored; return one line per cell that held some."""
    shown, notebook = read(path)
    taken = [] if notebook is None else strip(notebook)
    if taken:
        nbformat.write(notebook, path)
    return lines(shown, ((number, f"took out {what}") for number, what in taken))


def main(arguments: list[str] | None = None) -> int:
    """Strip and check the named notebooks, or all; return 1 if a rule is broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("notebooks", nargs="*", type=Path)
    paths = parser.parse_args(arguments).notebooks or sorted((ROOT / "notebooks").glob("*.ipynb"))
    taken = [line for path in paths for line in strip_file(path)]
    breaches = [line for path in paths for line in check_notebook(path)]
    summary = f"{len(paths)} notebooks, {len(breaches)} breaches of the rules."
    print("\n".join([*taken, *breaches, summary]))
    return 1 if breaches or not paths else 0


if __name__ == "__main__":
    sys.exit(main())
