"""The catalogue loader: a new plan by files only, and every fault with file and line."""

import shutil

import pytest
from cases import cases

from wqa.catalog import catalog
from wqa.errors import CatalogError

PLAN = "plans/example-15fyp.yml"
LOADERS = {
    PLAN: lambda folder: catalog.load_plan("example-15fyp", catalog=folder),
    "indicators/example.yml": catalog.load_indicators,
    "conflicts/extra.yml": catalog.load_conflicts,
}


@pytest.fixture
def extra(root, tmp_path):
    """Make an extra catalogue folder: a plan of a city that does not exist, one text replaced."""

    def write(file=PLAN, *changes):
        folder = tmp_path / "extra"
        shutil.copytree(root / "tests/catalog/example", folder, dirs_exist_ok=True)
        text = (folder / file).read_text(encoding="utf-8")
        for old, new in changes:
            assert old in text or old == "(all)"
            text = new if old == "(all)" else text.replace(old, new, 1)
        (folder / file).write_text(text, encoding="utf-8")
        return folder

    return write


def test_a_plan_is_added_by_files_alone(extra):
    folder = extra()
    plan = catalog.load_plan("example-15fyp", catalog=folder)
    assert [t.id for t in plan.targets] == ["example-15fyp.1", "example-15fyp.2"]
    first = plan.targets[0]
    found = (first.region, first.start_year, first.name_zh, first.value, first.baseline.value)
    assert found == ("EX", 2026, "示例合格率", 97.0, 95.5)
    assert plan.sources[0].published == "2026-03-01"  # dates stay text
    assert catalog.list_plans(folder) == ["example-15fyp", "hubei-outline-2025", "wuhan-14fyp"]
    assert "example_pass_rate" in catalog.load_indicators(folder)
    assert "example_pass_rate" not in catalog.load_indicators()
    assert "example" in catalog.load_conflicts(folder)
    frame = catalog.plan_frame(plan)
    assert list(frame["baseline_status"]) == ["measured", "not_started"]
    assert frame["baseline"].isna().tolist() == [False, True]


@cases("catalog/faults.csv")
def test_a_fault_names_file_line_and_remedy(extra, file, old, new, line, message):
    with pytest.raises(CatalogError) as caught:
        LOADERS[file](extra(file, (old, new)))
    text = str(caught.value)
    assert all(part in text for part in message.split(" … "))
    assert f"{file.split('/')[1]}:{line}" + (": " if line else "") in text


def test_faults_of_a_file_are_shown_together(extra):
    with pytest.raises(CatalogError, match=r"2 faults(.|\n)*got 'x'(.|\n)*got 'y'"):
        LOADERS[PLAN](extra(PLAN, ("nature: binding", "nature: x"), (": expected", ": y")))
    wrong = "".join(f"wrong_{n}: 1\n" for n in range(13))
    with pytest.raises(CatalogError, match=r"13 faults(.|\n)*and 3 more") as caught:
        LOADERS[PLAN](extra(PLAN, ("targets:", wrong + "targets:")))
    assert str(caught.value).count("unknown key") == 10


def test_a_plan_id_used_twice(extra):
    folder = extra(PLAN, ("example-15fyp", "wuhan-14fyp"))
    (folder / PLAN).rename(folder / "plans" / "wuhan-14fyp.yml")
    with pytest.raises(CatalogError, match="id 'wuhan-14fyp' is used twice"):
        catalog.list_plans(folder)
