"""Kernels of a build, forked from one process that has imported and read what all notebooks need.

Jupyter starts this file as it starts any kernel. It asks the warm process for a fork and stays as
its handle: an interrupt is passed on, and when one of the two ends, so does the other.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

KERNEL = "python3"
MEETING = "warm"  # name of the socket; opened from its folder, for a path to it may be too long


@contextlib.contextmanager
def warm_kernels(
    folder: Path, environment: Mapping[str, str], given: Mapping[str, Any], cwd: Path
) -> Iterator[Path]:
    """Start the warm process; yield the folder with the specification of its kernels."""
    (folder / KERNEL).mkdir(parents=True)
    ask = [sys.executable, "-I", "-S", __file__, str(folder), "{connection_file}"]
    about = {"argv": ask, "display_name": "Python 3", "language": "python"}
    (folder / KERNEL / "kernel.json").write_text(json.dumps(about), encoding="utf-8")
    command = [sys.executable, "-m", __name__, str(folder), json.dumps(dict(given))]
    pipes: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "start_new_session": True}
    variables = {**os.environ, **environment}
    with subprocess.Popen(command, env=variables, cwd=cwd, **pipes) as server:
        try:
            listening: Any = server.stdout
            listening.readline()
            yield folder
        finally:
            server.kill()


def serve(folder: str, given: Mapping[str, Any]) -> None:
    """Fork a kernel for everyone who asks, until the build ends."""
    home = str(Path.cwd())
    if sys.path[0] in ("", home):
        del sys.path[0]
    os.chdir(folder)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(MEETING)
    listener.listen()
    os.chdir(home)
    print(MEETING, flush=True)
    os.dup2(2, 1)
    with contextlib.suppress(Exception):  # what is wrong, a notebook says
        warm(given)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while listener in select.select([listener, sys.stdin], [], [])[0]:
        link, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            become_kernel(link)
        link.close()


def warm(given: Mapping[str, Any]) -> None:
    """Import and read what most notebooks need; no more than they would do themselves."""
    import ipykernel.kernelapp  # noqa: F401
    import matplotlib.pyplot  # noqa: F401

    import wqa

    wqa.open_edition(**given).answers()


def become_kernel(link: socket.socket) -> None:
    """Turn a fork of the warm process into a kernel; it does not outlive who has asked."""
    from ipykernel.kernelapp import IPKernelApp

    os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    with link.makefile() as asked:
        connection = asked.readline().strip()
    with Path(os.devnull).open() as nothing:
        os.dup2(nothing.fileno(), 0)
    link.sendall(str(os.getpid()).encode())
    threading.Thread(target=end_with, args=[link], daemon=True).start()
    # An interrupt at shutdown is no news.
    IPKernelApp.launch_instance(argv=["-f", connection, "--log-level=CRITICAL"])
    os._exit(0)


def end_with(link: socket.socket) -> None:
    """End this process when the other side of a connection ends."""
    with contextlib.suppress(OSError):
        link.recv(1)
    os._exit(0)


def ask(folder: str, connection: str) -> None:
    """Ask for a kernel, and stand for it as long as it and who has started this live."""
    started_by = os.getppid()
    os.chdir(folder)
    link = socket.socket(socket.AF_UNIX)
    link.connect(MEETING)
    link.sendall(f"{connection}\n".encode())
    kernel = int(link.recv(20))
    signal.signal(signal.SIGINT, lambda *_: os.kill(kernel, signal.SIGINT))
    link.settimeout(1)
    while os.getppid() == started_by:
        with contextlib.suppress(TimeoutError):
            if not link.recv(1):
                break


if __name__ == "__main__":
    if __package__:
        serve(sys.argv[1], json.loads(sys.argv[2]))
    else:
        ask(sys.argv[1], sys.argv[2])
