import pytest

from wqa import paths
from wqa.errors import DataError


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.delenv("WQA_ROOT", raising=False)
    for marker in paths.MARKERS:
        (tmp_path / marker).mkdir(parents=True)
    return tmp_path


def test_a_named_folder_wins_over_the_variable_and_that_over_the_working_folder(
    project, monkeypatch, root, tmp_path_factory
):
    monkeypatch.chdir(project / "data" / "raw")
    assert paths.project_root() == project, "from one above"
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    monkeypatch.setenv("WQA_ROOT", str(project))
    assert paths.project_root() == project
    assert paths.project_root(root) == root


@pytest.mark.parametrize("named", [True, False])
def test_a_name_of_no_project_is_an_error(tmp_path, monkeypatch, named):
    monkeypatch.setenv("WQA_ROOT", str(tmp_path))
    with pytest.raises(DataError, match="no such project folder" if named else "WQA_ROOT names no"):
        paths.project_root(tmp_path if named else None)


def test_falls_back_to_the_installed_project_or_says_what_to_do(tmp_path, monkeypatch, root):
    monkeypatch.delenv("WQA_ROOT", raising=False)
    monkeypatch.chdir(tmp_path)
    assert paths.project_root() == root
    monkeypatch.setattr(paths, "PACKAGE", tmp_path / "site" / "wqa")
    with pytest.raises(DataError, match="Change into the project, or set WQA_ROOT"):
        paths.project_root()
