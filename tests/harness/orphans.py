"""Kills a test process that has a server, and checks that nothing is left."""

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.support.processes import ROOT

WAIT_SECONDS = 30
PRIVATE = {name: value for name, value in os.environ.items() if not name.startswith("TEST_")}
DOOMED = """
import sys, time
from tests.support import servers

with getattr(servers, sys.argv[1])() as server:
    if len(sys.argv) > 2:
        server.pause()
    print(server.port, flush=True)
    time.sleep(600)
"""


def check_that_nothing_is_left(*arguments: str) -> None:
    """Start a server, paused or not, in a process, kill the process, and wait for all ends."""
    # Not tmp_path, which the account of PostgreSQL cannot enter when the tests run as root.
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        with subprocess.Popen(
            [sys.executable, "-c", DOOMED, *arguments],
            cwd=ROOT,
            env=PRIVATE | {"TMPDIR": folder},
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdout is not None
            port = int(process.stdout.readline())
            (scratch,) = Path(folder).iterdir()
            assert re.fullmatch(r"lavka-(redis|postgres|rabbitmq)-\w+", scratch.name)
            assert is_open(port)
            assert len(processes_that_know(folder)) > 1
            process.send_signal(signal.SIGKILL)
        deadline = time.monotonic() + WAIT_SECONDS
        while processes_that_know(folder) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert processes_that_know(folder) == []
        assert (list(Path(folder).iterdir()), is_open(port)) == ([], False)


def is_open(port: int) -> bool:
    """Return whether a process listens on a port of this machine."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def processes_that_know(folder: str) -> list[str]:
    """Return the processes whose environment contains a folder or a path in it, sorted."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if folder.encode() in (process / "environ").read_bytes():
                found.append((process / "comm").read_text(encoding="utf-8").strip())
        except (FileNotFoundError, PermissionError, ProcessLookupError):
            continue
    return sorted(found)
