"""What goes wrong while building is said plainly, and leaves earlier editions alone."""

import copy
import json

import pytest
from conftest_paper import PARAMETERS, books, make_project, notebook

from wqa.errors import BuildError
from wqa.publication.paper import build_paper

EDITION = "wuhan-14fyp-WH-2025"
TOUCH = "from pathlib import Path; Path('ran.txt').write_text('ran')\n"


@pytest.fixture
def start(tmp_path, root):
    """Function that makes a project from changed notebooks and builds it."""

    def make(changed, **options):
        folder = tmp_path / "project"
        make_project(folder, {**books(), **changed}, root)
        earlier = folder / "outputs" / EDITION
        earlier.mkdir(parents=True)
        (earlier / "paper.pdf").write_bytes(b"earlier")
        settings = {"edition": 2025, "root": folder, "catalog": folder / "catalog"}
        return folder, lambda: build_paper(**{**settings, **options})

    return make


def assert_untouched(folder):
    outputs = folder / "outputs"
    assert (outputs / EDITION / "paper.pdf").read_bytes() == b"earlier"
    assert {path.name for path in outputs.iterdir()} <= {EDITION, "failed"}
    assert not (folder / "ran.txt").exists()


def test_unknown_parameter_fails_before_any_cell_runs(start):
    book = notebook((TOUCH,))
    book["cells"][1]["source"] = PARAMETERS.replace("seed: int = 0\n", "")
    folder, run = start({"90_second": book})
    with pytest.raises(BuildError, match=r"90_second.ipynb: unknown parameter 'seed'"):
        run()
    assert_untouched(folder)


def test_ill_typed_parameter_fails_before_any_cell_runs(start):
    book = notebook((TOUCH,))
    book["cells"][1]["source"] = PARAMETERS.replace("edition: int = 2025", 'edition: str = "2025"')
    folder, run = start({"90_second": book})
    with pytest.raises(BuildError, match="parameter 'edition' has the wrong type"):
        run()
    assert_untouched(folder)


@pytest.mark.parametrize("count", [0, 2])
def test_parameters_cell_must_be_one(start, count):
    book = notebook((TOUCH,))
    cell = book["cells"][1]
    book["cells"][1:2] = [copy.deepcopy(cell) for _ in range(count)]
    folder, run = start({"90_second": book})
    with pytest.raises(BuildError, match="exactly one parameters cell"):
        run()
    assert_untouched(folder)


def test_missing_notebook_fails_first(start):
    folder, run = start({})
    (folder / "notebooks" / "10_first.ipynb").unlink()
    with pytest.raises(BuildError, match="the notebook of a chapter is missing"):
        run()
    assert_untouched(folder)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"formats": ("html", "odt")}, "unknown format"),
        ({"only": "nothing"}, "unknown chapter"),
    ],
)
def test_wrong_request_fails_first(start, options, message):
    folder, run = start({}, **options)
    with pytest.raises(BuildError, match=message):
        run()
    assert_untouched(folder)


@pytest.mark.slow
def test_failing_cell_is_named_and_its_notebook_kept(start):
    book = notebook(("raise ValueError('数值不对')",))
    folder, run = start({"90_second": book}, only="90_second")
    with pytest.raises(BuildError) as caught:
        run()
    message = str(caught.value)
    assert message.startswith("chapter 90_second: cell 4 failed: ValueError: 数值不对")
    kept = folder / "outputs" / "failed" / f"{EDITION}-preview" / "90_second.ipynb"
    assert str(kept) in message
    tags = [tag for cell in json.loads(kept.read_text("utf-8"))["cells"]
            for tag in cell["metadata"].get("tags", ())]  # fmt: skip
    assert "papermill-error-cell-tag" in tags
    assert_untouched(folder)


@pytest.mark.slow
def test_preview_of_one_chapter_stands_beside_the_edition(start):
    folder, run = start({}, only="10_first", formats=("html",))
    result = run()
    assert result.folder.name == f"{EDITION}-preview"
    assert result.chapters == 2
    assert (folder / "outputs" / EDITION / "paper.pdf").read_bytes() == b"earlier"
