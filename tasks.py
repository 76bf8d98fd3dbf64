#!/usr/bin/env python3
"""Commands of the project: python3 tasks.py COMMAND [options].

  whitepaper   build the Wuhan quality white paper in Chinese and English
               (options go to `wqa build`: --lang zh, --formats html,pdf, --only CHAPTER ...)
  test         run the tests and check the numbers in the notebooks (--all: the slow tests too,
               which build papers and open browsers; other options go to pytest)
  check        style, types, notebook rules, catalogue and raw data; size and hops of the library
               (--hops: the modules between the read data and the verdict of every target)
  demo         build the papers of a city that does not exist, from its own workbook (build/demo)
  lab          open the notebooks in JupyterLab (options go to jupyter lab)
  notebooks    run the notebooks again and store the text they show ([NAME ...])
  data         rebuild data/processed from data/raw
  bench        compare the forecasts with other tools and write docs/evidence.md
               (speed: time a build against papermill, nbconvert and Pandoc; --json)
  lock         solve the locked requirements again (needs network)
  clean        remove what can be rebuilt (--all: the environments too)
  help         this text

The first command makes the environment in .venv from the hashes of requirements.lock; later ones
find it and use no network. Needs Python 3.11 and nothing else.
WQA_VENV=FOLDER puts it elsewhere; WQA_VENV=none uses the running Python as it is.
"""

# No syntax newer than Python 3.6 in this file: an old interpreter must be able to read it as far
# as the sentence that says what is needed.
import ast
import contextlib
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

try:
    import fcntl
except ImportError:  # not a POSIX system: set-up is then not guarded against a second one
    fcntl = None

ROOT = Path(__file__).resolve().parent
BUILD = ROOT / "build"
LOCK = ROOT / "requirements.lock"
BENCH_LOCK = ROOT / "bench" / "requirements.lock"
OLDEST = (3, 11)
ELSEWHERE = "name another folder with WQA_VENV=FOLDER"
STAMP = "wqa-environment.json"


class TaskError(Exception):
    """Something the user has to know; shown as a sentence, without a traceback."""


def say(text):
    """Print one line at once, also when the output is a pipe."""
    print(text, flush=True)


# --------------------------------------------------------------------------- the right Python


def works(*command):
    """Whether a command ends well."""
    return subprocess.call(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) == 0


def dotted(version):
    """Return major and minor number as text."""
    return f"{version[0]}.{version[1]}"


def require_python(version=sys.version_info, find=shutil.which):
    """Go on under a newer Python if this one is too old, or say what to do."""
    if tuple(version[:2]) >= OLDEST:
        return
    for minor in (13, 12, 11):
        newer = find(f"python3.{minor}")
        # A version manager may offer a command that only says that it has no such version.
        if newer and works(newer, "-c", ""):
            os.execv(newer, [newer, str(ROOT / "tasks.py"), *sys.argv[1:]])
    oldest, found = dotted(OLDEST), f"{dotted(version)} ({sys.executable})"
    advice = f"Install one and start the command with it, for example: python{oldest} tasks.py help"
    raise TaskError(f"Python {oldest} or newer is needed; this is {found}. {advice}")


# --------------------------------------------------------------------------- environment


class Environment:
    """A virtual environment that holds exactly what one lock file says."""

    def __init__(self, folder, lock):
        self.folder = Path(folder)
        self.lock = Path(lock)
        self.bin = self.folder / ("Scripts" if os.name == "nt" else "bin")
        self.python = self.bin / ("python.exe" if os.name == "nt" else "python")
        self.stamp_file = self.folder / STAMP
        self.log = BUILD / "setup.log"

    def stamp(self):
        """Return what this environment must be made from."""
        digest = hashlib.sha256(self.lock.read_bytes()).hexdigest()
        places = {"project": str(ROOT), "folder": str(self.folder)}
        return {"lock": digest, "python": dotted(sys.version_info), **places}

    def found(self):
        """Return the stored stamp, {} for an unfinished environment, None for no or a foreign one.

        The stamp file is written empty before anything else, so its presence shows whose
        folder this is, and its content that the work was finished.
        """
        try:
            return json.loads(self.stamp_file.read_text(encoding="utf-8"))
        except ValueError:
            return {}
        except OSError:
            return None

    def is_ready(self):
        """Whether nothing has to be installed."""
        return self.found() == self.stamp() and self.python.exists()

    def ensure(self):
        """Make the environment unless it is ready; two commands at once do not collide."""
        if not self.lock.is_file():
            raise TaskError(f"The lock file {self.lock.relative_to(ROOT)} is missing.")
        if self.is_ready():
            return
        try:
            self.folder.parent.mkdir(parents=True, exist_ok=True)
            BUILD.mkdir(exist_ok=True)
            with one_at_a_time(Path(str(self.folder) + ".lock")):
                if not self.is_ready():  # another command may have made it meanwhile
                    self.make()
        except OSError as error:
            failed = f"The environment cannot be made in {self.folder}: {error}."
            raise TaskError(f"{failed} Make the place writable, or {ELSEWHERE}.") from None

    def make(self):
        """Make the environment from nothing."""
        say(f"Setting up the environment in {shown(self.folder)} (once; about a minute) ...")
        if self.folder.exists() and any(self.folder.iterdir()):
            if self.found() is None:
                foreign = f"{self.folder} exists but was not made by this command."
                raise TaskError(f"{foreign} Remove it, or {ELSEWHERE}.")
            shutil.rmtree(str(self.folder))  # unfinished, or made from another lock
        self.folder.mkdir(parents=True, exist_ok=True)
        self.stamp_file.write_text("", encoding="utf-8")
        self.log.write_text("", encoding="utf-8")
        self.create_venv()
        self.install()
        self.quiet_lab()
        self.stamp_file.write_text(json.dumps(self.stamp(), indent=1), encoding="utf-8")
        say("Environment ready.")

    def create_venv(self):
        """Create the empty virtual environment, with pip inside if Python can do that."""
        if not has_module("ensurepip") and not has_module("pip"):
            install_venv_package()
        # Debian's python3 without python3-venv may still have pip.
        bare = [] if has_module("ensurepip") else ["--without-pip"]
        self.run([sys.executable, "-m", "venv", *bare, str(self.folder)], "create the environment")

    def pip(self):
        """Return the command line of a pip that works on this environment."""
        if list(self.folder.glob("[Ll]ib/**/site-packages/pip/__init__.py")):
            return [str(self.python), "-m", "pip"]
        return [sys.executable, "-m", "pip", "--python", str(self.python)]

    def install(self):
        """Install the lock: by uv (seconds), else by pip (a minute or two), always by hash."""
        env = install_variables(self.pip())
        exact = ["install", "--require-hashes", "--no-deps", "--only-binary", ":all:", "-r"]
        uv_lock = self.folder / "uv.lock.txt"
        uv_lock.write_text(locked("uv", self.lock.read_text(encoding="utf-8")), encoding="utf-8")
        # Each notebook runs in a Python of its own; without stored bytecode every one of them
        # would compile what it imports, which takes longer than its work. pip compiles anyway.
        sync = [str(self.bin / "uv"), "pip", "sync", "--compile-bytecode"]
        sync += ["--python", str(self.python), "--require-hashes", "--no-build", str(self.lock)]
        by_uv = self.try_run([*self.pip(), *exact, str(uv_lock)], env) and self.try_run(sync, env)
        if not by_uv:
            say("  uv could not be used (build/setup.log says why); installing with pip ...")
            self.run([*self.pip(), *exact, str(self.lock)], "install the locked packages", env)
        # setuptools comes from the lock, so the project itself needs nothing from a registry.
        here = ["install", "--no-deps", "--no-build-isolation", "--no-index", "-e", str(ROOT)]
        self.run(self.pip() + here, "install the project", env)

    def quiet_lab(self):
        """Keep JupyterLab from asking the web for news and updates."""
        folder = self.folder / "share" / "jupyter" / "lab" / "settings"
        folder.mkdir(parents=True, exist_ok=True)
        quiet = {"fetchNews": "false", "checkForUpdates": False}
        settings = {"@jupyterlab/apputils-extension:notification": quiet}
        (folder / "overrides.json").write_text(json.dumps(settings, indent=1), encoding="utf-8")

    def try_run(self, command, env=None):
        """Run with the output in the set-up log; whether it succeeded."""
        with self.log.open("a", encoding="utf-8") as log:
            print("$", *command, file=log, flush=True)
            output = {"stdout": log, "stderr": subprocess.STDOUT}
            try:
                return subprocess.run(command, env=env, cwd=str(ROOT), **output).returncode == 0
            except OSError as error:
                log.write(f"{error}\n")
                return False

    def run(self, command, purpose, env=None):
        """Run with the output in the set-up log; on failure show its last lines."""
        if not self.try_run(command, env):
            text = self.log.read_text(encoding="utf-8", errors="replace")
            tail = "\n".join("  | " + line for line in text.splitlines()[-12:])
            failed = f"Could not {purpose}.\n{tail}\nThe whole log: build/setup.log."
            raise TaskError(f"{failed} If the network or an index was away, start again.")


@contextlib.contextmanager
def one_at_a_time(path):
    """Hold a lock on a file; the system drops it when the process ends, however it ends."""
    with path.open("w") as handle:
        if fcntl is not None:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                say("Another command is setting up the environment; waiting for it ...")
                fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def has_module(name):
    """Whether this Python has a module; a new process sees what was installed meanwhile."""
    code = f"import importlib.util as u, sys; sys.exit(u.find_spec({name!r}) is None)"
    return works(sys.executable, "-c", code)


def install_venv_package():
    """Install Debian's package that lets Python make environments, or say how to."""
    package = f"python{dotted(sys.version_info)}-venv"
    by_hand = f"apt-get update; apt-get install -y {package} --no-install-recommends"
    said, prefix = "", administrator()
    if prefix is not None and shutil.which("apt-get"):
        say(f"This Python lacks ensurepip and pip; installing {package} with apt-get ...")
        command = [*prefix, "env", "DEBIAN_FRONTEND=noninteractive", "sh", "-c", by_hand]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if done.returncode == 0:
            return
        tail = done.stdout.decode("utf-8", "replace").strip().splitlines()[-5:]
        said = "\n  | ".join(["\napt-get said:", *tail])
    lacks = "This Python cannot make environments: its modules ensurepip and pip are missing."
    advice = f"As administrator run:\n\n  sudo sh -c '{by_hand}'\n\nthen start this command again."
    raise TaskError(f"{lacks} {advice}{said}")


def administrator():
    """Return the prefix that gives administrator rights without a question, or None."""
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        return []
    sudo = shutil.which("sudo")
    return [sudo, "-n"] if sudo and works(sudo, "-n", "true") else None


def locked(name, lock_text):
    """Return the entry of one package in a lock: its version and all its hashes."""
    found = re.search(rf"^{re.escape(name)}==(?:.*\\\n)*.*\n", lock_text, flags=re.MULTILINE)
    if found is None:
        raise TaskError(f"The lock holds no entry for {name}.")
    return found.group(0)


# pip's option -> the variable by which uv takes the same setting.
UV_NAMES = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "no-index": "UV_NO_INDEX",
    "cert": "SSL_CERT_FILE",
    "trusted-host": "UV_INSECURE_HOST",
    "default-timeout": "UV_HTTP_TIMEOUT",
    "timeout": "UV_HTTP_TIMEOUT",
}


def uv_settings(pip_config):
    """Translate the lines of `pip config list` into variables for uv.

    uv reads neither pip.conf nor PIP_INDEX_URL; without this a site's mirror would be passed by.
    """
    settings = {}
    # The environment is listed first and wins in pip; so it must be read last here.
    for line in reversed(pip_config.splitlines()):
        name, _, value = line.partition("=")
        option = name.rsplit(".", 1)[-1]
        if option in UV_NAMES and value:
            with contextlib.suppress(ValueError, SyntaxError):
                settings[UV_NAMES[option]] = " ".join(str(ast.literal_eval(value)).split())
    return settings


def install_variables(pip):
    """Return the variables for pip and uv, with the machine's own package settings."""
    env = clean_environment()
    listed = subprocess.run([*pip, "config", "list"], env=env, capture_output=True).stdout
    for name, value in uv_settings(listed.decode("utf-8", "replace")).items():
        env.setdefault(name, value)
    # Several indexes may hold different versions; the hashes decide what is right, not the order.
    env.setdefault("UV_INDEX_STRATEGY", "unsafe-best-match")
    env.update(UV_PYTHON_DOWNLOADS="never", PIP_USER="0", PIP_DISABLE_PIP_VERSION_CHECK="1")
    return env


def clean_environment():
    """Return the variables without those by which another Python would get in the way."""
    drop = {"PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "CONDA_PREFIX"}
    # Dozens of processes import the same modules; see Environment.install.
    drop |= {"PYTHONDONTWRITEBYTECODE", "PIP_NO_COMPILE"}
    return {name: value for name, value in os.environ.items() if name not in drop}


def shown(path):
    """Return a path as short as it can be shown."""
    return str(path.relative_to(ROOT) if ROOT in path.parents else path)


def python_of(lock):
    """Return the Python of a lock's environment, after making the environment if needed."""
    named = os.environ.get("WQA_VENV", "")
    if named == "none":
        return Path(sys.executable)
    folder = Path(named or ROOT / ".venv").absolute()
    if lock == BENCH_LOCK:
        folder = folder.with_name(folder.name + "-bench")
    environment = Environment(folder, lock)
    environment.ensure()
    return environment.python


# --------------------------------------------------------------------------- running


def run_variables(python):
    """Return the variables under which the same input gives the same bytes."""
    env = clean_environment()
    env["PATH"] = os.pathsep.join([str(python.parent), env.get("PATH", os.defpath)])
    # The day after the last year described; nothing is computed from it, files are stamped with it.
    env.setdefault("SOURCE_DATE_EPOCH", "1767139200")
    env.setdefault("OPENBLAS_NUM_THREADS", "1")  # small matrices: threads only cost time
    env.setdefault("OMP_NUM_THREADS", "1")
    env.update(
        PYTHONHASHSEED="0",
        PYTHONUTF8="1",
        PYTHONNOUSERSITE="1",
        MPLCONFIGDIR=str(BUILD / "matplotlib"),
        IPYTHONDIR=str(BUILD / "ipython"),  # a user's own start-up files would change the outputs
        JUPYTER_PLATFORM_DIRS="1",
        PYDEVD_DISABLE_FILE_VALIDATION="1",
    )
    Path(env["IPYTHONDIR"]).mkdir(parents=True, exist_ok=True)  # IPython does not make parents
    return env


def call(python, arguments, env=None):
    """Run Python in the environment from the project folder and return its exit code."""
    env = env or run_variables(python)
    process = subprocess.Popen([str(python), *arguments], cwd=str(ROOT), env=env)
    try:
        code = process.wait()
    except KeyboardInterrupt:
        # The child got the same signal; let it clean up, and end it only if it does not.
        try:
            process.wait(timeout=15)
        except (KeyboardInterrupt, subprocess.TimeoutExpired):
            process.kill()
            process.wait()
        raise
    return code if code >= 0 else 128 - code


def main_python():
    """Return the Python of the main environment."""
    return python_of(LOCK)


# --------------------------------------------------------------------------- commands


def runs(*command):
    """Return a command that only starts Python in the main environment."""
    return lambda options: call(main_python(), [*command, *options])


def test(options):
    """Run the quick tests, or all; the last line is pytest's own summary."""
    command = ["-m", "pytest", "--junitxml", str(BUILD / "test-report.xml")]
    command += ["-n", str(min(2, os.cpu_count() or 1))]  # of two options the last counts
    notebooks = "--nbval --nbval-current-env --nbval-sanitize-with tests/notebooks/sanitize.cfg"
    named = any((ROOT / o.split("::")[0]).exists() for o in options if not o.startswith("-"))
    command += notebooks.split() + [o for o in options if o != "--all"]
    command += [] if named or "--all" in options else ["-m", "not slow"]
    return call(main_python(), command + ([] if named else ["tests", "notebooks"]))


def check(options):
    """Run every check, also after one has failed, and name those that failed."""
    if set(options) - {"--hops"}:
        raise TaskError("check knows only the option --hops; got {}".format(" ".join(options)))
    python = main_python()
    if options:
        return call(python, ["scripts/measure.py", "--hops"])
    steps = [
        ("style", ["-m", "ruff", "check", "."]),
        ("format", ["-m", "ruff", "format", "--check", "."]),
        ("types", ["-m", "mypy"]),
        ("notebook rules", ["scripts/check_notebooks.py"]),
        ("data and catalogue", ["-m", "wqa", "check"]),
        ("catalogue tests", ["-m", "pytest", "-q", "tests/catalog"]),
        ("size and hops", ["scripts/measure.py"]),
    ]
    failed = []
    for name, command in steps:
        say(f"== {name}")
        if call(python, command) != 0:
            failed.append(name)
    say("Failed: " + ", ".join(failed) if failed else f"All {len(steps)} checks passed.")
    return 1 if failed else 0


def lab(options):
    """Start JupyterLab on the notebooks folder."""
    command = ["-m", "jupyterlab", f"--ServerApp.root_dir={ROOT}"]
    command += ["--LabApp.default_url=/lab/tree/notebooks"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")  # the server listens on this machine only
    return call(main_python(), command + options)


def bench(options):
    """Compare with other forecasting tools, in an environment of its own, or other builders."""
    if options[:1] == ["speed"]:
        return call(main_python(), ["scripts/speed.py", *options[1:]])
    return call(python_of(BENCH_LOCK), ["bench/run.py", *options])


def lock(options):
    """Solve the locks again; no address of a registry is written."""
    python = main_python()
    env = install_variables([str(python), "-m", "pip"])
    solve = ["-m", "uv", "pip", "compile", "--quiet", "--universal", "--generate-hashes"]
    solve += ["--no-emit-index-url", "--no-annotate", "--no-header"]
    solve += ["--python-version", dotted(OLDEST), *options]
    extras = ["pyproject.toml", "--extra", "lab", "--extra", "test", "--extra", "dev"]
    # The other tools may need older versions than wqa asks for, so their list stands alone.
    for inputs, target in ((extras, LOCK), (["bench/requirements.in"], BENCH_LOCK)):
        if call(python, [*solve, *inputs, "-o", shown(target)], env) != 0:
            raise TaskError(f"uv could not solve {shown(target)}; it is unchanged.")
        say(f"Written: {shown(target)}")
    return 0


def clean(options):
    """Remove what the other commands make."""
    if set(options) - {"--all"}:
        raise TaskError("clean knows only the option --all; got {}".format(" ".join(options)))
    places = [BUILD, *ROOT.glob(".*_cache"), ROOT / ".hypothesis", *ROOT.glob("*.egg-info")]
    places += [p for p in (ROOT / "outputs").glob("*") if p.name != "README.md"]
    places += [p for p in (ROOT / "data" / "processed").glob("*") if p.name != "README.md"]
    for folder in ("wqa", "tests", "scripts", "notebooks", "bench"):
        places += (ROOT / folder).glob("**/__pycache__")
    if "--all" in options:
        # Only what carries our stamp: a .venv made by hand is somebody's own.
        places += [p.parent for p in ROOT.glob(".venv*/" + STAMP)] + list(ROOT.glob(".venv*.lock"))
    for place in places:
        if place.is_dir() and not place.is_symlink():
            shutil.rmtree(str(place))
        elif place.exists():
            place.unlink()
    say("Removed what can be rebuilt%s." % (", and the environments" if options else ""))
    return 0


COMMANDS = {
    # `wqa build` ends with the places of the results.
    "whitepaper": runs("-m", "wqa", "build", "--lang", "both"),
    "test": test,
    "check": check,
    "lab": lab,
    "notebooks": runs("scripts/run_notebooks.py"),
    "demo": runs("-m", "wqa", "demo", "build/demo"),
    "data": runs("-m", "wqa", "data"),
    "bench": bench,
    "lock": lock,
    "clean": clean,
    "help": lambda options: say(__doc__),
}


def main(arguments):
    """Run one command and return the exit code."""
    name = arguments[0] if arguments else "help"
    name = "help" if name in ("-h", "--help") else name
    if name not in COMMANDS:
        sys.stderr.write(f"Unknown command {name!r}.\n\n{__doc__}")
        return 2
    try:
        require_python()
        return COMMANDS[name](list(arguments[1:])) or 0
    except TaskError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("Stopped.\n")
        return 130
    except BrokenPipeError:  # the reader of our output (head, less) has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
