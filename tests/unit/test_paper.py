import json

import pytest

from wqa.catalog.catalog import load_plan
from wqa.display.report import MIME
from wqa.errors import BuildError, DataError
from wqa.history.editions import newest_retrieval
from wqa.publication.chapters import collect, normalise
from wqa.publication.outline import load_outline
from wqa.publication.paper import BuildResult, _chosen_chapters, build_paper
from wqa.publication.publishing import parse_prose


def code(*blocks, tags=(), extra=None):
    outputs = [{"output_type": "display_data", "data": {MIME: block}} for block in blocks]
    return {"cell_type": "code", "source": "x", "metadata": {"tags": list(tags)},
            "execution_count": 1, "outputs": outputs + (extra or [])}  # fmt: skip


def text(source, *tags):
    return {"cell_type": "markdown", "source": source, "metadata": {"tags": list(tags)}}


def test_blocks_come_in_reading_order_and_the_title_is_dropped():
    book = {"cells": [
        text("# 题\n\n问题"), code({"type": "text", "id": "", "parts": ["甲"]}),
        text(["## 局限\n", "\n一\n\n二"]),
    ]}  # fmt: skip
    blocks = collect(book, "10_a", "zh", parse_prose)
    assert [block["type"] for block in blocks] == ["prose", "text", "heading", "prose"]
    assert blocks[1]["where"] == "10_a, cell 2"
    assert len(blocks[3]["ast"]) == 2


MIXED = "# 题 | Title\n\n甲\n\n乙\n\n> First\n>\n> Second\n\n## 药品 | Drugs and more"


@pytest.mark.parametrize(
    ("lang", "words", "title"),
    [("zh", ["甲", "乙"], "药品"), ("en", ["First", "Second"], "Drugs and more")],
)
def test_one_cell_can_hold_both_languages(lang, words, title):
    block = {"type": "text", "id": "", "parts": ["x"]}
    prose, heading, _ = collect({"cells": [text(MIXED), code(block)]}, "a", lang, parse_prose)
    assert [node["c"][0]["c"] for node in prose["ast"]] == words
    assert "".join(part.get("c", " ") for part in heading["ast"]) == title


def test_cells_for_the_reader_need_not_be_run(tmp_path):
    cell = code(tags=["notebook-only"]) | {"execution_count": None}
    assert normalise(book_file(tmp_path, cell))["cells"][0]["execution_count"] is None


def test_notebook_only_cells_stay_out_of_the_paper():
    block = {"type": "text", "id": "", "parts": ["x"]}
    loose = {"output_type": "display_data", "data": {"image/png": "x"}}
    only = code(block, tags=["notebook-only"], extra=[loose])
    book = {"cells": [text("动手", "notebook-only"), only, code(block)]}
    assert [b["where"] for b in collect(book, "a", "zh", parse_prose)] == ["a, cell 3"]


def test_picture_without_block_is_an_error():
    loose = {"output_type": "display_data", "data": {"image/png": "x"}}
    with pytest.raises(BuildError, match="without caption"):
        collect({"cells": [code(extra=[loose])]}, "a", "zh", parse_prose)


def test_chapter_that_shows_nothing_is_an_error():
    with pytest.raises(BuildError, match="a chapter shows nothing"):
        collect({"cells": [text("# 题\n\n文")]}, "a", "zh", parse_prose)


def book_file(folder, cell):
    path = folder / "a.ipynb"
    cell["metadata"]["papermill"] = {"duration": 1.5, "start_time": "2026"}
    book = {"cells": [cell], "metadata": {"papermill": {"input_path": "/x"}}, "nbformat": 4,
            "nbformat_minor": 5}  # fmt: skip
    path.write_text(json.dumps(book), "utf-8")
    return path


def test_executed_notebook_keeps_no_time_and_no_path(tmp_path):
    path = book_file(tmp_path, code(tags=["parameters"]))
    normalise(path)
    once = path.read_bytes()
    assert b"papermill" not in once
    assert b"/x" not in once
    assert b"parameters" in once
    normalise(path)
    assert path.read_bytes() == once


def test_printed_text_does_not_depend_on_how_the_kernel_cuts_it(tmp_path):
    def stream(text, name="stdout"):
        return {"output_type": "stream", "name": name, "text": text}

    whole = code(extra=[stream(["a\n", "b\n"]), stream(["c\n"], "stderr")])
    cut = code(extra=[stream(["a\n"]), stream("b\n"), stream(["c\n"], "stderr")])
    made = []
    for cell in (whole, cut):
        path = book_file(tmp_path, cell)
        normalise(path)
        made.append(path.read_bytes())
    assert made[0] == made[1]


def test_error_banner_and_cell_that_was_not_run_are_errors(tmp_path):
    with pytest.raises(BuildError, match="error banner"):
        normalise(book_file(tmp_path, text("x", "papermill-error-cell-tag")))
    cell = {**code(), "execution_count": None}
    with pytest.raises(BuildError, match="a cell was not run"):
        normalise(book_file(tmp_path, cell))


def test_default_date_is_the_newest_retrieval(tmp_path):
    (tmp_path / "notebooks").mkdir()
    for name, day in (("a", "2026-03-01"), ("b", "2026-11-22"), ("c", "")):
        folder = tmp_path / "data" / "raw" / name
        folder.mkdir(parents=True)
        (folder / "source.yml").write_text(f"retrieved: {day}\n", "utf-8")
    assert newest_retrieval(tmp_path) == "2026-11-22"
    for name in "ab":
        (tmp_path / "data" / "raw" / name / "source.yml").write_text("kind: x\n", "utf-8")
    with pytest.raises(DataError, match="no raw folder says when"):
        newest_retrieval(tmp_path)


def test_result_is_said_in_a_few_lines(tmp_path):
    result = BuildResult(tmp_path, {"pdf": tmp_path / "x.pdf"}, 3, 4, 5, 6, 7, 8, 9.6)
    assert "3 chapters, 4 figures, 5 tables, 7 numbers from 6 sources" in str(result)
    assert "10 s" in str(result)
    assert str(tmp_path / "x.pdf") in str(result)


def test_the_notebooks_get_the_folder_and_the_catalogue_of_the_build(tmp_path, monkeypatch, root):
    given = {}

    def stop(folder, environment, *_):
        given.update(environment)
        raise BuildError("stopped")

    (tmp_path / "plans").mkdir()
    monkeypatch.setattr("wqa.publication.kernels.warm_kernels", stop)
    with pytest.raises(BuildError, match="stopped"):
        build_paper(root=root, catalog=tmp_path, out=tmp_path / "out", formats=("html",))
    assert (given["WQA_ROOT"], given["WQA_CATALOG"]) == (str(root), str(tmp_path))


def test_chapters_are_chosen_by_plan_domain_and_wish():
    def chosen(domain="", of_plan=(), only=None):
        return [one.id for one in _chosen_chapters(load_outline(), domain, of_plan, only)]

    everything = chosen()
    assert chosen(of_plan=["95_annex", "90_summary"]) == ["90_summary", "95_annex"]
    without = {*everything} - {*chosen(of_plan=load_plan("hubei-outline-2025").chapters)}
    assert without == {"11_special_equipment_safety"}, "of which that plan says nothing"
    works = ["90_summary", "14_works", "80_closing", "30_forecast_attainment"]
    assert chosen("project") == works
    assert chosen("project", of_plan=[one for one in everything if one != "14_works"]) == [
        one for one in works if one != "14_works"
    ]
    for wish in (
        {"of_plan": ["14_work"]},
        {"only": "14_work"},
        {"only": "14_works", "of_plan": ["90_summary"]},
        {"only": "12_satisfaction", "domain": "project"},
    ):
        with pytest.raises(BuildError, match="unknown chapter"):
            chosen(**wish)
