"""Requests a fork of a process that has imported the shop, and waits for the end of the fork."""

import atexit
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from threading import Lock
from typing import IO, Any, Self

from tests.support.programs.imported import LENGTH_BYTES

_ROOT = Path(__file__).resolve().parent.parent.parent.parent
_one_at_a_time = Lock()


class Forked:
    """A running program, with the methods of `subprocess.Popen` that tests use."""

    def __init__(self, arguments: Sequence[str], end: socket.socket) -> None:
        self.args = list(arguments)
        self.returncode: int | None = None
        self._told = end.makefile("rb", buffering=0)
        end.close()
        self._is_asking = Lock()
        self.pid = int(self._told.readline())

    def poll(self) -> int | None:
        """Return the exit code, or None while it runs."""
        return self._ended_within(0)

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end, and return the exit code.

        Raises:
            TimeoutExpired: it still runs.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            left = None if deadline is None else max(deadline - time.monotonic(), 0)
            if (code := self._ended_within(left)) is not None:
                return code
            if left == 0:
                raise subprocess.TimeoutExpired(self.args, timeout or 0)

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            # It may have ended since.
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def terminate(self) -> None:
        """Send SIGTERM."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Send SIGKILL."""
        self.send_signal(signal.SIGKILL)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.wait()
        self._told.close()

    def _ended_within(self, seconds: float | None) -> int | None:
        if self.returncode is None and select.select([self._told], [], [], seconds)[0]:
            # One thread may wait while another one polls.
            with self._is_asking:
                if self.returncode is None:
                    self.returncode = int(self._told.readline())
        return self.returncode


def fork(
    arguments: Sequence[str],
    *,
    folder: Path,
    environment: Mapping[str, str],
    output: IO[bytes],
    errors: IO[bytes],
    leads: str = "",
) -> Forked:
    """Run Python with arguments: a file, `-m` and a module, or `-c` and code."""
    asked: dict[str, Any] = {
        "arguments": list(arguments),
        "folder": str(folder),
        "environment": dict(environment),
        "leads": leads,
    }
    body = json.dumps(asked).encode()
    end, theirs = socket.socketpair()
    with theirs, open(os.devnull, "rb") as nothing:
        descriptors = [each.fileno() for each in (nothing, output, errors, theirs)]
        with _one_at_a_time:
            requests = _requests(os.getpid())
            length = len(body).to_bytes(LENGTH_BYTES, "big")
            socket.send_fds(requests, [length], descriptors)
            requests.sendall(body)
    return Forked(arguments, end)


@cache
def _requests(_process: int) -> socket.socket:
    """Start the process that forks, and return the socket for its requests."""
    ours, theirs = socket.socketpair()
    with theirs:
        # pylint: disable-next=consider-using-with  # it ends with the process
        forking = subprocess.Popen(
            [sys.executable, "-m", "tests.support.programs.imported", str(theirs.fileno())],
            cwd=_ROOT,
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
        )

    def end() -> None:
        ours.close()
        forking.wait()

    atexit.register(end)
    return ours
