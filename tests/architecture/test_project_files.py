"""The files around the code agree with each other and with the commands."""

import ast
import importlib.util
import re
import sys
import tomllib
from importlib.metadata import packages_distributions

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

# conda-forge calls these by another name.
CONDA_NAMES = {"brotli": "brotli-python", "matplotlib": "matplotlib-base"}


@pytest.fixture(scope="module")
def pyproject(root):
    return tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def tasks(root):
    spec = importlib.util.spec_from_file_location("tasks", root / "tasks.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def locks(root):
    return [p for p in (root / "requirements.lock", root / "bench/requirements.lock") if p.exists()]


def floors(texts):
    found = {}
    for text in texts:
        requirement = Requirement(text)
        found[canonicalize_name(requirement.name)] = str(requirement.specifier)
    return found


def locked(path):
    text = path.read_text(encoding="utf-8")
    rows = re.findall(r"^([A-Za-z0-9._-]+)==(\S+)", text, flags=re.MULTILINE)
    versions = {}
    for name, version in rows:
        versions.setdefault(canonicalize_name(name), set()).add(version)
    return versions


def test_locks_name_no_address(root):
    assert locks(root)
    for path in locks(root):
        text = path.read_text(encoding="utf-8")
        for sign in ("://", "--index", "--extra-index", "--find-links", "@ "):
            assert sign not in text, f"{path.name} holds {sign}"


def test_every_locked_package_has_a_hash(root):
    for path in locks(root):
        entries = re.split(r"^(?=\S)", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
        entries = [e for e in entries if e.strip() and not e.startswith("#")]
        assert [e.splitlines()[0] for e in entries if "--hash=sha256:" not in e] == []


def test_lock_holds_what_pyproject_asks_for(root, pyproject):
    project = pyproject["project"]
    extras = project["optional-dependencies"]
    wanted = project["dependencies"] + extras["lab"] + extras["test"] + extras["dev"]
    versions = locked(root / "requirements.lock")
    for text in wanted:
        requirement = Requirement(text)
        found = versions.get(canonicalize_name(requirement.name), set())
        assert found, f"{requirement.name} is not locked"
        assert all(requirement.specifier.contains(v) for v in found), f"{text}: locked {found}"


def test_pyproject_holds_floors_only(pyproject):
    project = pyproject["project"]
    groups = [project["dependencies"], *project["optional-dependencies"].values()]
    for text in (t for group in groups for t in group):
        assert [s.operator for s in Requirement(text).specifier] == [">="], text
    assert project["requires-python"] == ">=3.11"


def test_conda_environment_agrees_with_pyproject(root, pyproject):
    text = (root / "environment.yml").read_text(encoding="utf-8").split("dependencies:")[1]
    conda = floors(re.findall(r"^  - ([a-z][^:\s]*)$", text, flags=re.MULTILINE))
    by_pip = floors(re.findall(r"^      - ([a-z]\S*)$", text, flags=re.MULTILINE))
    project = pyproject["project"]
    extras = project["optional-dependencies"]
    wanted = floors(project["dependencies"] + extras["lab"] + extras["test"])
    renamed = {CONDA_NAMES.get(name, name): floor for name, floor in wanted.items()}
    assert conda.pop("python") == project["requires-python"]
    assert conda.pop("pip") == ""
    assert set(conda) & set(by_pip) == set()
    assert conda | by_pip == renamed


def test_version_is_the_top_of_the_changelog(root):
    import wqa

    text = (root / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(r"^## (\S+)", text, flags=re.MULTILINE).group(1) == wqa.__version__


@pytest.mark.parametrize(
    "name", ["README.md", "README.zh.md", "ARCHITECTURE.md", "docs/yearly_update.md", ".ci/run"]
)
def test_documented_commands_exist(root, tasks, name):
    text = (root / name).read_text(encoding="utf-8")
    commands = set(re.findall(r"python3 tasks\.py ([a-z]+)", text))
    assert commands
    assert commands <= set(tasks.COMMANDS)


@pytest.mark.parametrize(
    "name", ["README.md", "README.zh.md", "ARCHITECTURE.md", "docs/yearly_update.md"]
)
def test_documented_wqa_commands_exist(root, name):
    from wqa.__main__ import _parser

    text = (root / name).read_text(encoding="utf-8")
    action = next(a for a in _parser()._actions if a.dest == "command")
    for command, rest in re.findall(r"`wqa ([a-z][a-z-]*)([^`\n]*)`", text):
        assert command in action.choices, command
        known = action.choices[command]._option_string_actions
        assert set(re.findall(r"--[a-z-]+", rest)) <= set(known), f"wqa {command}{rest}"


@pytest.mark.parametrize("name", ["README.md", "README.zh.md", "ARCHITECTURE.md", "CHANGELOG.md"])
def test_links_lead_to_files(root, name):
    text = (root / name).read_text(encoding="utf-8")
    targets = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text)
    assert [target for target in targets if not (root / target).exists()] == []


def test_readmes_have_the_same_commands(root):
    both = [
        re.findall(
            r"^python3 tasks\.py .*$", (root / name).read_text(encoding="utf-8"), re.MULTILINE
        )
        for name in ("README.md", "README.zh.md")
    ]
    assert both[0] == both[1]


def test_continuous_run_calls_the_test_command_of_the_readme(root):
    command = "python3 tasks.py test"
    assert command in (root / "README.md").read_text(encoding="utf-8")
    assert command in (root / ".ci" / "run").read_text(encoding="utf-8")


def test_every_import_of_the_library_is_a_declared_dependency(root, pyproject):
    named = {canonicalize_name(Requirement(t).name) for t in pyproject["project"]["dependencies"]}
    homes = packages_distributions()
    undeclared = set()
    for path in (root / "wqa").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
            for top in {name.split(".")[0] for name in names} - {"wqa"} - sys.stdlib_module_names:
                if not {canonicalize_name(home) for home in homes.get(top, [])} & named:
                    undeclared.add(f"{path.name}: {top}")
    assert undeclared == set()
