"""Kernels forked from one process: apart from each other, ended with those who asked for them."""

import os
import time

import pytest
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import KernelManager

from wqa.publication.kernels import warm_kernels


@pytest.fixture(scope="module")
def start(tmp_path_factory):
    """Function that starts a kernel and returns it with a client; the warm-up itself fails."""
    folder = tmp_path_factory.mktemp("kernels")
    started = []

    def one():
        specs = KernelSpecManager(kernel_dirs=[str(folder)], ensure_native_kernel=False)
        kernel = KernelManager(kernel_spec_manager=specs, kernel_name="python3")
        kernel.start_kernel()
        client = kernel.client()
        started.append((kernel, client))
        client.start_channels()
        client.wait_for_ready(timeout=60)
        return kernel, client

    with warm_kernels(folder, {"MARK": "here"}, {"plan": "no-such-plan"}, folder):
        yield one
        for kernel, client in started:
            client.stop_channels()
            kernel.shutdown_kernel(now=True)


def said(client, code):
    """What a kernel prints."""
    found = []

    def take(message):
        found.append(message["content"].get("text", ""))

    client.execute_interactive(code, output_hook=take, timeout=30)
    return "".join(found).strip()


def is_gone(pid):
    for _ in range(100):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.1)
    return False


WHO = (
    "import os; print(os.getpid(), os.getppid(), os.environ['MARK'], os.path.basename(os.getcwd()))"
)


def test_kernels_share_a_parent_and_nothing_else(start):
    (_, first), (_, second) = start(), start()
    one, two = said(first, WHO).split(), said(second, WHO).split()
    assert one[0] != two[0] and one[1:] == two[1:]
    assert one[2] == "here" and one[3].startswith("kernels")
    said(first, "import sys; sys.found = left = 1")
    assert (
        said(second, "print(hasattr(sys, 'found') if 'sys' in dir() else 'nothing')") == "nothing"
    )
    assert said(second, "import sys; print(hasattr(sys, 'found'))") == "False"


def test_an_interrupt_reaches_the_kernel(start):
    kernel, client = start()
    asked = client.execute("import time; print('on', flush=True); time.sleep(60)")
    while client.get_iopub_msg(timeout=30)["content"].get("text", "").strip() != "on":
        pass
    kernel.interrupt_kernel()
    reply = client.get_shell_msg(timeout=30)
    assert reply["parent_header"]["msg_id"] == asked
    assert reply["content"]["ename"] == "KeyboardInterrupt"
    assert said(client, "print('goes on')") == "goes on"


def test_kernel_and_handle_end_together(start):
    kernel, client = start()
    client.execute("import os; os._exit(3)")
    for _ in range(100):
        if not kernel.is_alive():
            break
        time.sleep(0.1)
    assert not kernel.is_alive()

    kernel, client = start()
    pid = int(said(client, WHO).split()[0])
    kernel.provisioner.process.kill()
    assert is_gone(pid)
