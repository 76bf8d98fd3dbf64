import pytest

from wqa import paths
from wqa.errors import DataError


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.delenv("WQA_ROOT", raising=False)
    for marker in paths.MARKERS:
        (tmp_path / marker).mkdir(parents=True)
    return tmp_path


def test_found_from_the_working_folder_or_one_above(project, monkeypatch):
    monkeypatch.chdir(project / "data" / "raw")
    assert paths.project_root() == project


def test_variable_wins_over_the_working_folder(project, monkeypatch, tmp_path_factory):
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    monkeypatch.setenv("WQA_ROOT", str(project))
    assert paths.project_root() == project


def test_a_named_folder_wins_over_the_variable(project, monkeypatch, root):
    monkeypatch.setenv("WQA_ROOT", str(root))
    assert paths.project_root(project) == project


@pytest.mark.parametrize("named", [True, False])
def test_a_name_of_no_project_is_an_error(tmp_path, monkeypatch, named):
    monkeypatch.setenv("WQA_ROOT", str(tmp_path))
    with pytest.raises(DataError, match="no such project folder" if named else "WQA_ROOT names no"):
        paths.project_root(tmp_path if named else None)


def test_falls_back_to_the_installed_project(tmp_path, monkeypatch, root):
    monkeypatch.delenv("WQA_ROOT", raising=False)
    monkeypatch.chdir(tmp_path)
    assert paths.project_root() == root


def test_no_project_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.delenv("WQA_ROOT", raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(paths, "PACKAGE", tmp_path / "site" / "wqa")
    with pytest.raises(DataError, match="Change into the project, or set WQA_ROOT"):
        paths.project_root()


@pytest.mark.parametrize(
    ("function", "folder"),
    [
        (paths.raw_dir, "data/raw"),
        (paths.outputs_dir, "outputs"),
        (paths.notebooks_dir, "notebooks"),
    ],
)
def test_folders(project, function, folder):
    assert function(project) == project / folder
