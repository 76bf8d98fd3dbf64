"""Chapters of the paper: how they are run, what they showed."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from wqa.display.report import MIME
from wqa.errors import BuildError
from wqa.publication.kernels import KERNEL

Block = dict[str, Any]
Parse = Callable[[Sequence[str]], list[list[Any]]]
# What stands between the languages of a title, blanks around it.
BAR = {"t": "Str", "c": "|"}
ANNEX = "annex"  # tag of what is too long for print
# Tag of cells that speak to the user of the notebook: not even run when the paper is built.
NOT_RUN = "notebook-only"
# Seconds. A cell that computes longer than this hangs; a slow machine starts a kernel in 20.
CELL_TIMEOUT, START_TIMEOUT = 300, 90
TYPES = {"int": int, "str": str, "float": float, "bool": bool, "list[str]": list}
Parameters = Mapping[str, Any]


def collect(book: Mapping[str, Any], chapter: str, lang: str, parse: Parse) -> list[Block]:
    """Return the blocks of a chapter in reading order."""
    found: list[Block] = []
    for number, cell in enumerate(book["cells"], start=1):
        tags = set(cell["metadata"].get("tags", ()))
        if NOT_RUN in tags:
            continue
        place = {"where": f"{chapter}, cell {number}", "annex": ANNEX in tags}
        if cell["cell_type"] == "markdown":
            found.append({"type": "markdown", "source": "".join(cell["source"]), **place})
        elif cell["cell_type"] == "code":
            found += _shown(cell, place)
    texts = [block["source"] for block in found if block["type"] == "markdown"]
    trees = iter(parse(texts))
    blocks: list[Block] = []
    for block in found:
        is_prose = block["type"] == "markdown"
        blocks += _split(_in_language(next(trees), lang), block) if is_prose else [block]
    if {block["type"] for block in blocks} <= {"prose", "heading"}:
        fix = "Give paragraphs, tables and figures to city.show."
        raise BuildError("a chapter shows nothing", where=chapter, fix=fix)
    return blocks


def _shown(cell: Mapping[str, Any], place: Block) -> list[Block]:
    out = []
    for output in cell.get("outputs", ()):
        data = output.get("data", {})
        if MIME in data:
            out.append({**data[MIME], **place})
        elif "image/png" in data:
            what = "a figure is shown without caption, source and alternative text"
            fix = "Show a figure of city.plot_... with city.show, or tag the cell notebook-only."
            raise BuildError(what, where=place["where"], fix=fix)
    return out


def _in_language(tree: Sequence[Any], lang: str) -> list[Any]:
    """Keep one language of a cell: of a title `zh | en` its part, English where it is quoted."""
    kept: list[Any] = []
    quoted = any(node["t"] == "BlockQuote" for node in tree)
    for node in tree:
        if node["t"] == "Header":
            level, attributes, words = node["c"]
            if BAR in words:
                bar = words.index(BAR)
                words = words[: bar - 1] if lang == "zh" else words[bar + 2 :]
            kept.append({"t": "Header", "c": [level, attributes, words]})
        elif node["t"] == "BlockQuote":
            kept += node["c"] if lang == "en" else []
        elif lang == "zh" or not quoted:
            kept.append(node)
    return kept


def _split(tree: Sequence[Any], cell: Block) -> list[Block]:
    """Turn a syntax tree into headings and stretches of prose; drop the title."""
    blocks: list[Block] = []
    place = {key: cell[key] for key in ("where", "annex")}
    for node in tree:
        if node["t"] == "Header":
            level, content = node["c"][0], node["c"][2]
            if level > 1:
                blocks.append({"type": "heading", "level": level, "ast": content, **place})
        elif blocks and blocks[-1]["type"] == "prose":
            blocks[-1]["ast"].append(node)
        else:
            blocks.append({"type": "prose", "ast": [node], **place})
    return blocks


def check_parameters(notebook: Path, given: Parameters) -> None:
    """Compare the given parameters with those the notebook declares."""
    declared, where = _declared(notebook), notebook.name
    for name, value in given.items():
        if name not in declared:
            expected = f"one of {', '.join(declared)}"
            fix = "Declare it in the parameters cell, or do not give it."
            what = f"unknown parameter {name!r}"
            raise BuildError(what, where=where, got=value, expected=expected, fix=fix)
        wanted = declared[name]
        fits = isinstance(value, wanted) and (wanted is bool or not isinstance(value, bool))
        if not fits and not (wanted is float and type(value) is int):
            what = f"parameter {name!r} has the wrong type"
            raise BuildError(what, where=where, got=value, expected=wanted.__name__)


def _declared(notebook: Path) -> dict[str, type]:
    import papermill

    where = notebook.name
    if not notebook.is_file():
        fix = "Add the notebook, or take the chapter out of paper.yml."
        raise BuildError("the notebook of a chapter is missing", where=where, fix=fix)
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    tagged = [c for c in cells if "parameters" in c.get("metadata", {}).get("tags", [])]
    if len(tagged) != 1:
        what, expected = "a notebook needs exactly one parameters cell", "1 cell tagged parameters"
        raise BuildError(what, where=where, got=len(tagged), expected=expected)
    found = {}
    for name, entry in papermill.inspect_notebook(str(notebook)).items():
        kind, default = TYPES.get(entry["inferred_type_name"]), entry["default"]
        try:
            found[name] = kind or type(ast.literal_eval(default))
        except (ValueError, SyntaxError):
            what, got = "a parameter has no plain default", f"{name} = {default}"
            raise BuildError(what, where=where, got=got) from None
    return found


def run_notebook(notebook: Path, target: Path, given: Parameters, *, kernels: Path) -> None:
    """Execute a notebook; its executed copy is always written, also on failure."""
    import papermill
    from jupyter_core.utils import ensure_event_loop
    from nbclient.exceptions import CellTimeoutError, DeadKernelError

    arguments: dict[str, Any] = {
        "kernel_name": KERNEL, "kernel_manager_class": _manager(kernels),
        "parameters": dict(given), "skip_cells_with_tag": NOT_RUN, "progress_bar": False,
        "log_output": False, "request_save_on_cell_execute": False,
        "start_timeout": START_TIMEOUT, "execution_timeout": CELL_TIMEOUT,
    }  # fmt: skip
    for attempt in (1, 2):
        try:
            papermill.execute_notebook(str(notebook), str(target), **arguments)
            return
        except papermill.PapermillExecutionError as error:
            what = f"cell {error.cell_index + 1} failed: {error.ename}: {error.evalue}"
            raise BuildError(what, where=notebook.stem) from error
        except (CellTimeoutError, DeadKernelError) as error:
            what = "takes too long" if isinstance(error, CellTimeoutError) else "kills the kernel"
            raise BuildError(f"a cell {what}: {error}", where=notebook.stem) from error
        except (RuntimeError, TimeoutError) as error:
            # Only the start of a kernel is tried again: a machine under load may be slow.
            if attempt == 2 or "Kernel" not in str(error):
                what = f"no kernel: {type(error).__name__}: {error}"
                raise BuildError(what, where=notebook.stem) from error
        finally:
            # The client leaves the loop of this thread open, with its sockets.
            ensure_event_loop().close()


def _manager(kernels: Path) -> type:
    """Make a kernel manager that looks for kernels in one folder only."""
    from jupyter_client.kernelspec import KernelSpecManager
    from jupyter_client.manager import AsyncKernelManager
    from traitlets import default

    class OwnKernelManager(AsyncKernelManager):  # type: ignore[misc]
        @default("kernel_spec_manager")
        def _own_kernels(self) -> Any:
            return KernelSpecManager(kernel_dirs=[str(kernels)], ensure_native_kernel=False)

    return OwnKernelManager


def normalise(path: Path) -> dict[str, Any]:
    """Take times, random ids and machine names out of an executed notebook, and write it back."""
    book: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    for number, cell in enumerate(book["cells"], start=1):
        tags = cell["metadata"].get("tags", [])
        kinds = {output["output_type"] for output in cell.get("outputs", ())}
        if "papermill-error-cell-tag" in tags or "error" in kinds:
            raise BuildError("an error banner stands in a notebook", where=f"{path.stem}, {number}")
        is_run = cell["cell_type"] != "code" or cell["execution_count"] is not None
        if not is_run and cell["source"] and NOT_RUN not in tags:
            raise BuildError("a cell was not run", where=f"{path.stem}, cell {number}")
        cell["id"] = f"cell-{number:03d}"
        cell["metadata"] = {"tags": tags} if tags else {}
        if "outputs" in cell:
            cell["outputs"] = _with_joined_streams(cell["outputs"])
    kernel = {"display_name": "Python 3", "language": "python", "name": KERNEL}
    book["metadata"] = {"kernelspec": kernel, "language_info": {"name": "python"}}
    text = json.dumps(book, ensure_ascii=False, indent=1, sort_keys=True)
    path.write_text(text + "\n", encoding="utf-8")
    return book


def _with_joined_streams(outputs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Join printed text: into how many pieces a kernel cuts it depends on the moment."""
    out: list[dict[str, Any]] = []
    for output in outputs:
        last = out[-1] if out else {}
        kinds = {output["output_type"], last.get("output_type")}
        if kinds == {"stream"} and last["name"] == output["name"]:
            both = "".join(last["text"]) + "".join(output["text"])
            last["text"] = both.splitlines(keepends=True)
        else:
            out.append(output)
    return out


def printed(blocks: Sequence[Block]) -> list[Block]:
    """Blocks of a chapter that are printed."""
    return [block for block in blocks if not block.get("annex")]


def moved(blocks: Sequence[Block]) -> list[Block]:
    """Blocks of a printed chapter that stand in the annex, under the headings they stood under."""
    out: list[Block] = []
    heading: Block | None = None
    for block in blocks:
        if block["type"] == "heading" and not block.get("annex"):
            heading = block if block["level"] == 2 else heading
        elif block.get("annex"):
            out += [heading] if heading else []
            heading = None
            out.append(block)
    return out
