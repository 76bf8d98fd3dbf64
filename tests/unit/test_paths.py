import pytest

from wqa import paths
from wqa.errors import DataError


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.delenv("WQA_ROOT", raising=False)
    for marker in paths.MARKERS:
        (tmp_path / marker).mkdir(parents=True)
    return tmp_path


def test_found_from_a_folder_below(project):
    assert paths.project_root(project / "notebooks") == project


def test_found_from_the_working_folder(project, monkeypatch):
    monkeypatch.chdir(project / "data" / "raw")
    assert paths.project_root() == project


def test_variable_wins(project, monkeypatch, tmp_path_factory):
    monkeypatch.setenv("WQA_ROOT", str(project))
    assert paths.project_root(tmp_path_factory.mktemp("elsewhere")) == project


def test_variable_that_names_no_project_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setenv("WQA_ROOT", str(tmp_path))
    with pytest.raises(DataError, match="WQA_ROOT does not name a project folder"):
        paths.project_root()


def test_falls_back_to_the_installed_project(tmp_path, monkeypatch, root):
    monkeypatch.delenv("WQA_ROOT", raising=False)
    assert paths.project_root(tmp_path) == root


def test_no_project_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.delenv("WQA_ROOT", raising=False)
    monkeypatch.setattr(paths, "PACKAGE", tmp_path / "site" / "wqa")
    with pytest.raises(DataError, match="Change into the project, or set WQA_ROOT"):
        paths.project_root(tmp_path)


@pytest.mark.parametrize(
    ("function", "folder"),
    [
        (paths.raw_dir, "data/raw"),
        (paths.processed_dir, "data/processed"),
        (paths.outputs_dir, "outputs"),
        (paths.notebooks_dir, "notebooks"),
    ],
)
def test_folders(project, function, folder):
    assert function(project) == project / folder
