"""Commands about editions: what changed between two of them, and the draft of the next plan."""

import pytest

from wqa.__main__ import main
from wqa.history.edition_changes import diff_editions
from wqa.history.editions import edition_record, read_edition, write_edition


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    made = []
    for year in (2021, 2022):
        folder = tmp_path_factory.mktemp(str(year))
        write_edition(edition_record("wuhan-14fyp", "CN", year), folder)
        made.append(str(folder))
    return made


def test_diff_of_two_folders(folders, capsys):
    assert main(["diff", *folders, "--lang", "en"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("Edition 2021 (as of 2022-09-30) compared with edition 2022 (as of 2023")
    assert "\nNew figures: " in out
    assert "routine monitoring, 130 parameters" in out
    changed = diff_editions(*map(read_edition, folders)).answers
    part = out.split("\nAnswers that changed: ")[1].split("\n\n")[0].splitlines()
    assert int(part[0]) == len(changed)
    assert [line.split()[0] for line in part[2:]] == list(changed["row"])
    assert main(["diff", *folders]) == 0
    assert "新增数值: " in capsys.readouterr().out


def test_diff_of_a_year_with_its_folder_is_empty(folders, capsys):
    assert main(["diff", folders[0], "2021", "--region", "CN", "--lang", "en"]) == 0
    counts = [line.rpartition(": ")[2] for line in capsys.readouterr().out.splitlines()[1:] if line]
    assert counts == ["0"] * 5


def test_diff_with_dates(capsys):
    days = ["--as-of-a", "2022-03-31", "--as-of-b", "2022-09-30"]
    assert main(["diff", "2021", "2021", *days, "--region", "CN", "--lang", "en"]) == 0
    assert "(as of 2022-03-31) compared with edition 2021 (as of 2022-09-30)" in (
        capsys.readouterr().out
    )


def test_diff_of_a_folder_without_record(tmp_path, capsys):
    assert main(["diff", str(tmp_path), str(tmp_path)]) == 1
    assert "wqa diff: " in (err := capsys.readouterr().err)
    assert "no record of an edition" in err


def test_next_plan(tmp_path, capsys):
    asked = ["next-plan", "--start", "2026", "--end", "2030", "--out", str(tmp_path)]
    assert main(asked) == 0
    path = tmp_path / "plans" / "wuhan-2026-2030.yml"
    assert str(path) in capsys.readouterr().out
    assert main(["assess", "--plan", "wuhan-2026-2030", "--catalog", str(tmp_path)]) == 1
    assert f"{path}:" in (err := capsys.readouterr().err)
    assert "title_zh" in err
    assert main(asked) == 1
    assert "already there" in capsys.readouterr().err
