"""Each rule of scripts/check_notebooks.py is broken once, in an otherwise right notebook."""

import importlib.util
import re
import sys

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from wqa.publication.outline import load_outline

PARAMETERS = """\
plan: str = "wuhan-14fyp"  # 规划
region: str = "WH"  # 地区
edition: int = 2025  # 报告年度
as_of: str = ""  # 数据截至
target_year: int = 2025  # 目标年
lang: str = "zh"  # 语言
seed: int = 0  # 随机种子
"""


@pytest.fixture(scope="module")
def rules(root):
    spec = importlib.util.spec_from_file_location(
        "check_notebooks", root / "scripts" / "check_notebooks.py"
    )
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def markdown(text, *tags):
    return new_markdown_cell(text, metadata={"tags": list(tags)} if tags else {})


def code(source, *tags, outputs=()):
    metadata = {"tags": list(tags)} if tags else {}
    return new_code_cell(source, metadata=metadata, outputs=list(outputs))


@pytest.fixture
def notebook():
    """Return a notebook that keeps all rules: cells 1 to 7."""
    result = new_output("execute_result", {"text/plain": "99.3"}, execution_count=3)
    made = new_notebook(
        cells=[
            markdown("# 监督抽检 | Sampling\n\n达到目标了吗？\n\n> Is the target met?"),
            markdown("## 数据 | Data"),
            code(PARAMETERS, "parameters"),
            code("import pandas as pd"),
            code("round(99.34, 1)", outputs=[result]),
            markdown("## 结果 | Results"),
            markdown("## 局限 | Limits\n\n样本少。\n\n> Few samples."),
        ],
        metadata={
            "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
            "language_info": {"name": "python"},
        },
    )
    number_cells(made)
    return made


def number_cells(notebook):
    code_cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for count, cell in enumerate(code_cells, start=1):
        cell.execution_count = count


def breaches(rules, notebook, folder):
    path = folder / "10_sample.ipynb"
    nbformat.write(notebook, path)
    return rules.check_notebook(path)


def test_right_notebook_passes(rules, notebook, tmp_path):
    assert breaches(rules, notebook, tmp_path) == []


def source(number, text):
    def change(notebook):
        notebook.cells[number - 1].source = text

    return change


def added(*sources):
    def change(notebook):
        notebook.cells[4:4] = [code(text) for text in sources]
        number_cells(notebook)

    return change


def without(number):
    def change(notebook):
        del notebook.cells[number - 1]
        number_cells(notebook)

    return change


def other_kernel(notebook):
    notebook.metadata.kernelspec.name = "conda-wqa"


def counts_gone(notebook):
    notebook.cells[3].execution_count = None


def outputs_gone(notebook):
    notebook.cells[4].outputs = []


def error_stored(notebook):
    failed = new_output("error", ename="ValueError", evalue="x", traceback=[])
    notebook.cells[4].outputs = [failed]


def picture_stored(notebook):
    data = {"image/png": "iVBORw0KGgo=", "text/html": "<p>99", "text/plain": "99"}
    warning = new_output("stream", name="stderr", text="slow")
    notebook.cells[3].outputs = [new_output("display_data", data), warning]


FAULTS = [
    (other_kernel, "10_sample.ipynb: kernelspec is 'conda-wqa', must be 'python3'"),
    (without(1), "10_sample.ipynb: 0 titles (#) in the en edition, must be one"),
    (source(2, "# A | B"), "2 titles (#) in the en edition"),
    (
        source(1, "## 前 | Before\n\n# 后 | After"),
        "the title of the en edition is not its first heading",
    ),
    (without(7), "the en edition does not end with a section on limits"),
    (source(1, "# 监督抽检\n\n问"), "cell 1: title is not of the form `中文 | English`"),
    (source(1, "# 监督抽检 | Sampling\n\n问"), "cell 1: text needs Chinese, and the English"),
    (source(1, "# 监督抽检 | Sampling\n\n> Why"), "cell 1: text needs Chinese, and the English"),
    (source(7, "## 方法 | Methods"), "the zh edition does not end with a section on limits"),
    (without(3), "0 cells with the tag parameters, must be one"),
    (source(3, PARAMETERS.replace("seed", "seeds")), "cell 3: common parameter seed is missing"),
    (source(3, PARAMETERS.replace("2025  # 报", "'2025'  # 报")), "parameter edition is '2025'"),
    (source(3, PARAMETERS + "last: int = edition - 1"), "line 8: the value is no plain literal"),
    (source(3, PARAMETERS + "years = [2021]"), "line 8 is not of the form `name: type = value`"),
    (source(3, PARAMETERS + "a: int | None = 1"), "papermill cannot read parameter a"),
    (source(3, PARAMETERS + "a: int ="), "cell 3: parameters cell is not Python"),
    (added(*["1"] * 23), "10_sample.ipynb: 26 code cells, at most 25"),
    (source(4, "x = 1\n" * 16), "cell 4: 16 lines, at most 15"),
    (source(4, "!ls"), "cell 4: shell or magic command"),
    (source(4, "%pip install x"), "cell 4: shell or magic command"),
    (source(4, "pd.DataFrame();"), "cell 4: trailing ';' hides an output"),
    (source(4, "import ("), "cell 4: does not parse"),
    (source(4, "import requests"), "cell 4: import of requests"),
    (source(4, "from urllib.request import urlopen"), "cell 4: import of urllib"),
    (source(4, "import random"), "cell 4: import of random"),
    (source(4, "np.random.normal()"), "cell 4: unseeded chance: np.random.normal()"),
    (source(4, "pd.Timestamp.now()"), "cell 4: reads the clock: pd.Timestamp.now()"),
    (source(4, "datetime.date.today()"), "cell 4: reads the clock: datetime.date.today()"),
    (source(4, "class A: pass"), "cell 4: class A belongs into the library"),
    (source(4, "def f():\n" + "    x = 1\n" * 5), "function f is longer than 5 lines"),
    (source(4, "p = '/home/a/b.csv'"), 'cell 4: absolute path "/home/a/b.csv'),
    (source(4, "p = 'C:\\\\data'"), "cell 4: absolute path"),
    (counts_gone, "10_sample.ipynb: not run from top to bottom (counts [1, None, 3])"),
    (outputs_gone, "no stored output: nbval would guard nothing"),
    (error_stored, "cell 5: holds an error output"),
    (picture_stored, "cell 4: stores image/png, stderr, text/html"),
]


@pytest.mark.parametrize(("fault", "expected"), FAULTS, ids=[text for _, text in FAULTS])
def test_broken_rule_is_named(rules, notebook, tmp_path, fault, expected):
    fault(notebook)
    assert any(expected in line for line in breaches(rules, notebook, tmp_path))


def test_no_notebook(rules, tmp_path):
    path = tmp_path / "a.ipynb"
    path.write_text("{}", encoding="utf-8")
    assert "is no valid notebook" in rules.check_notebook(path)[0]


def test_what_an_editor_saved_is_taken_out_and_named(rules, notebook, tmp_path, capsys):
    before = [cell.source for cell in notebook.cells]
    picture_stored(notebook)
    notebook.cells[4].outputs[0].metadata = {"isolated": True}
    notebook.cells[4].metadata = {"collapsed": True, "tags": ["nbval-ignore-output"]}
    notebook.metadata.language_info.version = "3.11.9"
    path = tmp_path / "10_saved.ipynb"
    nbformat.write(notebook, path)
    assert rules.main([str(path)]) == 0
    assert capsys.readouterr().out.splitlines()[:-1] == [
        "10_saved.ipynb: took out metadata",
        "10_saved.ipynb, cell 4: took out image/png, stderr, text/html",
        "10_saved.ipynb, cell 5: took out metadata",
        "10_saved.ipynb, cell 5: took out output that is not compared",
    ]
    stored = nbformat.read(path, as_version=4)
    assert [cell.source for cell in stored.cells] == before
    assert [output.data for output in stored.cells[3].outputs] == [{"text/plain": "99"}]
    assert stored.cells[4].outputs == [] and stored.metadata.language_info == {"name": "python"}
    assert rules.main([str(path)]) == 0
    assert "took out" not in capsys.readouterr().out


def test_exit_code(rules, notebook, tmp_path, capsys):
    path = tmp_path / "a.ipynb"
    nbformat.write(notebook, path)
    assert rules.main([str(path)]) == 0
    notebook.cells[3].source = "!ls"
    nbformat.write(notebook, path)
    assert rules.main([str(path)]) == 1
    assert "1 notebooks, 1 breaches of the rules." in capsys.readouterr().out


def test_notebooks_of_the_project_keep_the_rules(rules, root):
    paths = sorted((root / "notebooks").glob("*.ipynb"))
    assert paths
    assert [line for path in paths for line in rules.check_notebook(path)] == []


def test_no_chapter_says_what_holds_of_one_city_only(root):
    """Words of a chapter are printed for every city: none names one, or says what it has not."""
    named = re.compile("武汉|Wuhan|湖北|Hubei|本市[^，。]*(未见|没有|极少)")
    found = []
    for entry in load_outline().chapters:
        book = nbformat.read(root / "notebooks" / f"{entry.id}.ipynb", as_version=4)
        texts = [cell.source for cell in book.cells if cell.cell_type == "markdown"]
        found += [(entry.id, text) for text in texts if named.search(text)]
    assert found == []
