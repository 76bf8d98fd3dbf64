import ast
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture
def tasks(root, tmp_path, monkeypatch):
    """The commands, on a copy of the project that holds nothing but a lock."""
    spec = importlib.util.spec_from_file_location("tasks", root / "tasks.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    (tmp_path / "requirements.lock").write_text(LOCK_TEXT, encoding="utf-8")
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "BUILD", tmp_path / "build")
    monkeypatch.setattr(module, "LOCK", tmp_path / "requirements.lock")
    monkeypatch.delenv("WQA_VENV", raising=False)
    return module


LOCK_TEXT = """\
typst==1.0 \\
    --hash=sha256:aa
uv==0.9 \\
    --hash=sha256:bb \\
    --hash=sha256:cc
uvloop==1.0 \\
    --hash=sha256:dd
"""


def finish(tasks, environment):
    environment.python.parent.mkdir(parents=True, exist_ok=True)
    environment.python.write_text("", encoding="utf-8")
    environment.stamp_file.write_text(json.dumps(environment.stamp()), encoding="utf-8")


def test_old_python_can_read_the_file(root):
    ast.parse((root / "tasks.py").read_text(encoding="utf-8"), feature_version=(3, 6))


def test_only_the_standard_library_is_imported(root):
    tree = ast.parse((root / "tasks.py").read_text(encoding="utf-8"))
    names = {
        a.name.split(".")[0] for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names
    }
    names |= {n.module.split(".")[0] for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
    assert names <= set(sys.stdlib_module_names)


def test_old_python_is_told_what_to_do(tasks):
    with pytest.raises(tasks.TaskError, match=r"Python 3\.11 or newer is needed; this is 3\.9"):
        tasks.require_python((3, 9), find=lambda name: None)


def test_old_python_hands_over_to_a_newer_one(tasks, monkeypatch):
    calls = []
    monkeypatch.setattr(os, "execv", lambda path, arguments: calls.append(path))
    monkeypatch.setattr(tasks, "works", lambda *command: True)
    with pytest.raises(tasks.TaskError):
        tasks.require_python((3, 9), find=lambda name: name if name == "python3.12" else None)
    assert calls == ["python3.12"]


def test_help_names_every_command(tasks):
    for name in tasks.COMMANDS:
        assert f"\n  {name} " in tasks.__doc__


def test_unknown_command_is_a_usage_error(tasks, capsys):
    assert tasks.main(["whitpaper"]) == 2
    assert "Unknown command 'whitpaper'" in capsys.readouterr().err


def test_entry_of_one_package_with_its_hashes(tasks):
    assert tasks.locked("uv", LOCK_TEXT) == (
        "uv==0.9 \\\n    --hash=sha256:bb \\\n    --hash=sha256:cc\n"
    )


def test_package_that_is_not_locked(tasks):
    with pytest.raises(tasks.TaskError, match="no entry for numpy"):
        tasks.locked("numpy", LOCK_TEXT)


def test_pip_settings_reach_uv(tasks):
    config = (
        ":env:.index-url='https://env.example/simple'\n"
        "global.index-url='https://file.example/simple'\n"
        "global.extra-index-url='\\nfile:///a\\nfile:///b'\n"
        "global.cert='/ca.pem'\n"
        "global.quiet='1'\n"
    )
    assert tasks.uv_settings(config) == {
        "UV_DEFAULT_INDEX": "https://env.example/simple",
        "UV_INDEX": "file:///a file:///b",
        "SSL_CERT_FILE": "/ca.pem",
    }


def test_finished_environment_is_used_as_it_is(tasks, tmp_path, monkeypatch):
    environment = tasks.Environment(tmp_path / ".venv", tasks.LOCK)
    finish(tasks, environment)
    monkeypatch.setattr(tasks.Environment, "make", lambda self: pytest.fail("made again"))
    environment.ensure()


@pytest.mark.parametrize("fault", ["lock changed", "unfinished", "python gone", "moved"])
def test_environment_that_must_be_made_again(tasks, tmp_path, fault):
    environment = tasks.Environment(tmp_path / ".venv", tasks.LOCK)
    finish(tasks, environment)
    if fault == "lock changed":
        tasks.LOCK.write_text(LOCK_TEXT + "x==1\n", encoding="utf-8")
    elif fault == "unfinished":
        environment.stamp_file.write_text("", encoding="utf-8")
    elif fault == "python gone":
        environment.python.unlink()
    else:
        tasks.ROOT = tmp_path / "moved"
    assert not environment.is_ready()


def test_unfinished_environment_is_replaced(tasks, tmp_path, monkeypatch):
    environment = tasks.Environment(tmp_path / ".venv", tasks.LOCK)
    finish(tasks, environment)
    environment.stamp_file.write_text("", encoding="utf-8")
    left = environment.folder / "half.txt"
    left.write_text("", encoding="utf-8")
    monkeypatch.setattr(tasks.Environment, "create_venv", lambda self: None)
    monkeypatch.setattr(tasks.Environment, "install", lambda self: None)
    tasks.BUILD.mkdir()
    environment.make()
    assert not left.exists()
    assert environment.found() == environment.stamp()


def test_environment_made_by_hand_is_left_alone(tasks, tmp_path):
    (tmp_path / ".venv").mkdir()
    own = tmp_path / ".venv" / "pyvenv.cfg"
    own.write_text("", encoding="utf-8")
    with pytest.raises(tasks.TaskError, match="was not made by this command"):
        tasks.Environment(tmp_path / ".venv", tasks.LOCK).ensure()
    assert own.exists()


def test_folder_that_cannot_be_written(tasks, tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(tasks.TaskError, match="WQA_VENV=FOLDER"):
        tasks.Environment(tmp_path / "file" / "env", tasks.LOCK).ensure()


def test_failed_step_shows_the_end_of_the_log(tasks, tmp_path):
    environment = tasks.Environment(tmp_path / ".venv", tasks.LOCK)
    tasks.BUILD.mkdir()
    command = [sys.executable, "-c", "print('no such host'); raise SystemExit(1)"]
    with pytest.raises(tasks.TaskError, match=r"Could not sing\.\n(.*\n)*  \| no such host"):
        environment.run(command, "sing")


def test_python_without_ensurepip_and_rights_says_what_to_type(tasks, monkeypatch):
    monkeypatch.setattr(tasks, "administrator", lambda: None)
    with pytest.raises(tasks.TaskError, match=r"apt-get install -y python3\.\d+-venv"):
        tasks.install_venv_package()


def test_two_set_ups_wait_for_each_other(tasks, tmp_path, root):
    path = tmp_path / "guard"
    code = (
        "import importlib.util as u, pathlib, sys\n"
        f"s = u.spec_from_file_location('tasks', {str(root / 'tasks.py')!r})\n"
        "t = u.module_from_spec(s); s.loader.exec_module(t)\n"
        "with t.one_at_a_time(pathlib.Path(sys.argv[1])): print('inside', flush=True)\n"
    )
    with tasks.one_at_a_time(path):
        other = subprocess.Popen(
            [sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, text=True
        )
        assert "waiting" in other.stdout.readline()
    out, _ = other.communicate(timeout=20)
    assert out == "inside\n"


def test_exit_code_of_the_program_is_kept(tasks):
    assert tasks.call(Path(sys.executable), ["-c", "raise SystemExit(7)"]) == 7


def test_ctrl_c_ends_without_traceback(tasks, monkeypatch, capsys):
    def stop(options):
        raise KeyboardInterrupt

    monkeypatch.setitem(tasks.COMMANDS, "help", stop)
    assert tasks.main(["help"]) == 130
    assert capsys.readouterr().err == "Stopped.\n"


def test_clean_keeps_what_is_not_made_by_commands(tasks, tmp_path):
    for name in ("outputs/README.md", "outputs/2025/zh/a.pdf", "build/x", "notebooks/a.ipynb"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("", encoding="utf-8")
    (tmp_path / ".venv").mkdir()
    assert tasks.main(["clean", "--all"]) == 0
    left = {str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*") if p.is_file()}
    assert left == {"outputs/README.md", "notebooks/a.ipynb", "requirements.lock"}
    assert (tmp_path / ".venv").is_dir()  # carries no stamp: somebody's own


def test_environment_of_the_run_is_the_same_everywhere(tasks, monkeypatch, tmp_path):
    monkeypatch.setenv("PYTHONPATH", "elsewhere")
    env = tasks.run_variables(tmp_path / "bin" / "python")
    assert "PYTHONPATH" not in env
    assert env["PYTHONHASHSEED"] == "0"
    assert env["PATH"].startswith(str(tmp_path / "bin"))


def test_check_knows_one_option(tasks, monkeypatch):
    calls = []
    monkeypatch.setattr(tasks, "main_python", lambda: Path(sys.executable))
    monkeypatch.setattr(tasks, "call", lambda python, command: calls.append(command) or 0)
    assert tasks.main(["check", "--hops"]) == 0
    assert calls == [["scripts/measure.py", "--hops"]]
    assert tasks.main(["check", "--hop"]) == 1
    assert tasks.main(["check"]) == 0
    assert calls[-1] == ["scripts/measure.py"]


@pytest.fixture(scope="module")
def measure(root):
    spec = importlib.util.spec_from_file_location("measure", root / "scripts" / "measure.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_code_lines_are_lines_with_code(measure):
    source = '"""Module\n\nof two."""\n\n# remark\nA = """one\n\nthree"""  # 3\n\n\n'
    source += 'def f(x):\n    """Say."""\n    return (\n        x\n        # inside\n    )\n'
    assert measure.code_lines(source) == 3 + 1 + 3
    assert measure.code_lines('"""Only words."""\n') == 0


def test_hops_are_the_modules_that_run(measure):
    found = measure.entered("wuhan-14fyp.1a")
    assert {"attainment", "evidence", "goals"} <= set(found)
    assert not {"paper", "__init__", "measure"} & set(found)
