"""Helpers that make a project of two tiny chapters."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

FIXTURES = Path(__file__).parent / "fixtures"
PARAMETERS = """\
plan: str = "wuhan-14fyp"
region: str = "WH"
edition: int = 2025
as_of: str = ""
target_year: int = 2025
lang: str = "zh"
seed: int = 0
"""


def notebook(*cells, title="题 | Title"):
    """Notebook as JSON; a cell is a string of Markdown, or (code, tag...)."""
    made = [_cell((f"# {title}\n\nWhat is asked?",)), _cell((PARAMETERS, "parameters"), code=True)]
    made += [_cell((cell,)) if isinstance(cell, str) else _cell(cell, code=True) for cell in cells]
    return {
        "cells": [{**cell, "id": f"c{number}"} for number, cell in enumerate(made)],
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def _cell(cell, code=False):
    source, *tags = cell
    base = {"metadata": {"tags": tags} if tags else {}, "source": source}
    if code:
        return {**base, "cell_type": "code", "execution_count": None, "outputs": []}
    return {**base, "cell_type": "markdown"}


def make_project(root, books, home):
    """Project folder with the real raw files, given notebooks and a chapter list for them."""
    shutil.copytree(home / "data" / "raw", root / "data" / "raw")
    (root / "notebooks").mkdir()
    (root / "catalog").mkdir()
    for name, book in books.items():
        text = json.dumps(book, ensure_ascii=False)
        (root / "notebooks" / f"{name}.ipynb").write_text(text, encoding="utf-8")
    shutil.copyfile(FIXTURES / "paper.yml", root / "catalog" / "paper.yml")
    return root


def source_of(name):
    return (FIXTURES / f"{name}.py").read_text(encoding="utf-8")


def books():
    return {
        "10_first": notebook(
            (source_of("first"),),
            ("raise RuntimeError('run in a build')", "notebook-only"),
            "## 局限\n\n只用于检验排版，公式 $p = k/n$ 。",
            title="第一个主题 | The first subject",
        ),
        "90_second": notebook(
            (source_of("second"),),
            "正文 *强调* 与 `代码` ，见 @ch:first 。",
            title="要点 | In brief",
        ),
    }
