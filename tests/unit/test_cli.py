import hashlib
import os
import re
import shutil
import subprocess
import sys
import types
from pathlib import Path

import pandas as pd
import pytest

from wqa.__main__ import main
from wqa.errors import BuildError, DataError


@pytest.fixture
def stand_in(monkeypatch):
    """Put functions in the place of a module of the library."""

    def put(module, **functions):
        made = types.ModuleType(f"wqa.{module}")
        for name, function in functions.items():
            setattr(made, name, function)
        monkeypatch.setitem(sys.modules, made.__name__, made)

    return put


def raiser(error):
    def function(*args, **kwargs):
        raise error

    return function


def usage_error(capsys, *arguments):
    with pytest.raises(SystemExit) as caught:
        main(list(arguments))
    assert caught.value.code == 2
    return capsys.readouterr().err


def test_without_command(capsys):
    assert "the following arguments are required: COMMAND" in usage_error(capsys)


def test_unknown_command(capsys):
    assert "invalid choice: 'biuld'" in usage_error(capsys, "biuld")


def test_unknown_option(capsys):
    assert "unrecognized arguments: --fast" in usage_error(capsys, "data", "--fast")


def test_year_that_is_no_number(capsys):
    assert "invalid int value: '2O25'" in usage_error(capsys, "build", "--edition", "2O25")


def test_unknown_plan_is_one_clean_line(capsys):
    assert main(["assess", "--plan", "wuhan"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("wqa assess: unknown plan; got 'wuhan'")
    assert err.count("\n") == 1


def test_debug_shows_the_error_itself():
    from wqa.errors import CatalogError

    with pytest.raises(CatalogError):
        main(["--debug", "assess", "--plan", "wuhan"])


def test_list_of_plans(capsys):
    assert main(["list", "plans", "--lang", "en"]) == 0
    rows = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert ["wuhan-14fyp", "2021-2025", "23"] in [row[:3] for row in rows]


def test_list_of_indicators(capsys):
    assert main(["list", "indicators"]) == 0
    assert "special_equipment_death_rate\t" in capsys.readouterr().out


def test_list_of_chapters_are_the_notebooks(capsys, root):
    assert main(["list", "chapters"]) == 0
    ids = [line.split("\t")[0] for line in capsys.readouterr().out.splitlines()]
    for_researchers = {"41_competitions", "50_explore"}
    found = {p.stem for p in (root / "notebooks").glob("*.ipynb")} - for_researchers
    assert sorted(ids) == sorted(found)


def test_list_of_editions(capsys, tmp_path, monkeypatch):
    for folder in (
        "data/raw",
        "notebooks",
        "outputs/plan-WH-2025",
        "outputs/.building-x",
        "outputs/failed",
    ):
        (tmp_path / folder).mkdir(parents=True)
    for folder in ("plan-WH-2025", ".building-x"):
        (tmp_path / "outputs" / folder / "build.json").write_text("{}", encoding="utf-8")
    monkeypatch.setenv("WQA_ROOT", str(tmp_path))
    assert main(["list", "editions"]) == 0
    assert capsys.readouterr().out == "plan-WH-2025\n"


@pytest.fixture
def delivered(root, tmp_path, monkeypatch):
    """Make a project with a delivery more, that holds an error and a finding to review."""
    shutil.copytree(root / "data/raw", tmp_path / "data/raw")
    folder = tmp_path / "data/raw/office"
    folder.mkdir()
    text = (
        "indicator,region,period,value,unit,scope\n"
        "food_evaluation_pass_rate,WH,2024,0.987,%,city_evaluation\n"
        "food_evaluation_pass_rate,WH,2025,98.9,%,\n"
    )
    (folder / "figures.csv").write_text(text, encoding="utf-8")
    (folder / "source.yml").write_text(
        "kind: observations\ntitle: 报送\npublisher: 统计科\npublished: '2026-02'\n"
        "retrieved: '2026-03-01'\nevidence: official\nlicence: 测试\n"
        f"files:\n  figures.csv: {hashlib.sha256(text.encode()).hexdigest()}\n",
        encoding="utf-8",
    )
    (tmp_path / "notebooks").mkdir()
    monkeypatch.setenv("WQA_ROOT", str(tmp_path))
    return tmp_path


def test_check_puts_errors_last_and_the_count_at_the_end(delivered, capsys):
    assert main(["check"]) == 1
    *_, review, error, count = capsys.readouterr().out.splitlines()
    assert review.startswith("review")
    assert re.match(r"error +share_not_percent +data/raw/office/figures.csv:2:value", error)
    assert count.endswith(" findings, 1 of them errors.")


def test_check_can_show_one_folder_and_errors_only(delivered, capsys):
    assert main(["check", "--folder", "office"]) == 1
    _, review, error, count = capsys.readouterr().out.splitlines()
    assert "scope_assumed" in review and "share_not_percent" in error
    assert count == "2 findings, 1 of them errors."
    assert main(["check", "--folder", "office", "--errors"]) == 1
    assert "scope_assumed" not in capsys.readouterr().out
    assert main(["check", "--folder", "published_figures", "--errors"]) == 0
    assert capsys.readouterr().out.startswith("No errors.")
    assert main(["check", "--folder", "ofice"]) == 1
    assert "Near: office" in capsys.readouterr().err


def test_commands_go_on_without_a_wrong_row_and_say_so(delivered, capsys):
    said = "1 rows with an error are left out; `wqa check --errors` shows them.\n"
    assert main(["data"]) == 0
    assert capsys.readouterr().out.endswith(said)
    assert main(["assess"]) == 0
    assert capsys.readouterr().out.endswith(said)


def test_a_build_refuses_wrong_rows_unless_told(delivered, capsys):
    assert main(["build"]) == 1
    assert "1 rows carry an error and would be left out" in capsys.readouterr().err
    assert not (delivered / "outputs").exists()


@pytest.mark.parametrize("command", [
    ["assess", "--csv", "a.csv"], ["data"], ["conflicts"], ["build"], ["build", "--allow-errors"],
    ["next-plan", "--start", "2026", "--end", "2030"],
])  # fmt: skip
def test_a_damaged_file_stops_and_leaves_what_is_there(delivered, capsys, monkeypatch, command):
    monkeypatch.chdir(delivered)
    path = delivered / "data/raw/office/figures.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("98.9", "99.9"), encoding="utf-8")
    before = sorted(delivered.rglob("*"))
    assert main(command) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert "data/raw/office/figures.csv: The content does not match" in err
    assert sorted(delivered.rglob("*")) == before


def test_regions_and_scopes_can_be_listed(capsys):
    assert main(["list", "regions"]) == 0
    assert "WH\tcity\t武汉市\n" in capsys.readouterr().out
    assert main(["list", "scopes", "--lang", "en"]) == 0
    assert "agri_product_pass_rate\tcity\tcity\t1\t2018-2019\n" in capsys.readouterr().out


def test_check_with_a_date_that_is_none(capsys):
    assert main(["check", "--as-of", "yesterday"]) == 1
    assert "--as-of is no calendar date; got 'yesterday'" in capsys.readouterr().err


def test_data_names_the_package(stand_in, capsys):
    path = "data/processed/datapackage.json"
    stand_in("data.loading", build_data_package=lambda: path, rows_out=lambda *a, **k: 0)
    assert main(["data"]) == 0
    assert path in capsys.readouterr().out


def test_build_passes_the_options_on(stand_in, capsys):
    calls = []
    stand_in("publication.paper", build_paper=lambda **options: calls.append(options))
    code = main(
        ["build", "--plan", "wuhan-14fyp", "--region", "WH", "--edition", "2025", "--lang", "both",
         "--as-of", "2026-03-31", "--formats", "pdf,html", "--only", "10_sampling_pass_rates",
         "--scope", "domain:project"]
    )  # fmt: skip
    assert code == 0
    assert [call["lang"] for call in calls] == ["zh", "en"]
    for call in calls:
        assert call["formats"] == ["pdf", "html"]
        assert (call["plan"], call["region"], call["edition"]) == ("wuhan-14fyp", "WH", 2025)
        assert (call["as_of"], call["only"]) == ("2026-03-31", "10_sampling_pass_rates")
        assert call["scope"] == "domain:project"


@pytest.mark.parametrize(
    "error",
    [
        BuildError("chapter failed", where="10_sampling_pass_rates, cell 7", got="ValueError: x"),
        DataError("years are missing", where="a.csv:3"),
    ],
)
def test_failed_build_is_one_clean_line(stand_in, capsys, error):
    stand_in("publication.paper", build_paper=raiser(error))
    assert main(["build"]) == 1
    err = capsys.readouterr().err
    assert err == f"wqa build: {error}\n"


def test_a_folder_that_cannot_be_used_is_named(stand_in, capsys):
    error = PermissionError(13, "Permission denied", "outputs")
    stand_in("publication.paper", build_paper=raiser(error))
    assert main(["build"]) == 1
    err = capsys.readouterr().err
    assert err == (
        "wqa build: outputs: Permission denied. Name a place that can be read and written.\n"
    )


def test_a_terminal_without_chinese_is_no_reason_to_stop(root):
    environment = os.environ | {"PYTHONIOENCODING": "ascii"}
    command = [sys.executable, "-m", "wqa", "list", "plans"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=root, env=environment)
    assert (done.returncode, done.stderr) == (0, "")
    assert r"\u6b66\u6c49" in done.stdout


@pytest.mark.parametrize("place", ["", "absent/table.csv"])
def test_a_place_for_the_table_is_checked_before_the_work(capsys, tmp_path, place):
    err = usage_error(capsys, "assess", "--csv", str(tmp_path / place))
    assert "is a folder, or in one that does not exist" in err


def test_a_table_is_written_whole_or_not_at_all(stand_in, monkeypatch, tmp_path):
    table = pd.DataFrame({"a": ["x"]})
    stand_in("assessment.attainment", assess=lambda *_, **__: table)
    monkeypatch.setattr(Path, "replace", raiser(OSError(28, "No space left on device")))
    assert main(["assess", "--csv", str(tmp_path / "table.csv")]) == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("arguments", [
    ["diff", "2024", "1999"], ["diff", "2024", "2025", "--region", "XX"],
])  # fmt: skip
def test_an_edition_that_cannot_be_is_refused(arguments, capsys):
    assert main(arguments) == 1
    assert re.search("edition lies outside|unknown region", capsys.readouterr().err)


def test_the_id_of_a_draft_is_no_path(capsys, tmp_path):
    err = usage_error(capsys, "next-plan", "--start", "2026", "--end", "2030", "--id", "../x",
                      "--out", str(tmp_path))  # fmt: skip
    assert "is no id" in err
    assert not list(tmp_path.iterdir())


def test_fault_of_the_program_is_not_hidden(stand_in):
    stand_in("publication.paper", build_paper=raiser(ZeroDivisionError("division by zero")))
    with pytest.raises(ZeroDivisionError):
        main(["build"])


def test_interrupted(stand_in, capsys):
    stand_in("publication.paper", build_paper=raiser(KeyboardInterrupt()))
    assert main(["build"]) == 130
    assert capsys.readouterr().err == "Stopped.\n"


def test_reader_that_leaves_early(root):
    command = f'"{sys.executable}" -m wqa list indicators | true'
    done = subprocess.run(command, shell=True, capture_output=True, text=True, cwd=root)
    assert done.stderr == ""


def test_version(capsys):
    import wqa

    with pytest.raises(SystemExit) as caught:
        main(["--version"])
    assert caught.value.code == 0
    assert capsys.readouterr().out == f"wqa {wqa.__version__}\n"


IMPORT = """
import sys, time
import pandas
start = time.perf_counter()
import wqa
print(time.perf_counter() - start)
print(sorted({name.split('.')[0] for name in sys.modules} & set(sys.argv[1:])))
"""
HEAVY = ["matplotlib", "statsmodels", "scipy", "papermill", "nbformat", "IPython", "yaml", "typst"]


def test_import_is_light_and_silent():
    runs = [
        subprocess.run(
            [sys.executable, "-W", "error", "-c", IMPORT, *HEAVY], capture_output=True, text=True
        )
        for _ in range(3)
    ]
    for run in runs:
        assert run.stderr == ""
        assert run.stdout.splitlines()[1:] == ["[]"]
    # The best of three: a busy machine can only make it slower, never faster.
    assert min(float(run.stdout.splitlines()[0]) for run in runs) < 0.5
