"""A server of a test session: its processes, and the object for the tests."""

from __future__ import annotations

import asyncio
import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Final, Self, TypeVar

from tests.support.servers.scratch import TIMEOUT, Scratch, ServerUnavailable

LOG_TAIL: Final = 40
Result = TypeVar("Result")


@dataclass(frozen=True)
class Server:
    """A server that tests may use and, when it is private, crash."""

    external_url: ClassVar[str]

    host: str
    port: int
    _process: ServerProcess | None = field(default=None, repr=False, compare=False, kw_only=True)

    def start(self) -> None:
        """Start the stopped or killed server on the same port; no-op while it runs."""
        self._owned("started").start()

    def stop(self) -> None:
        """Shut the server down; no-op when it is not running."""
        self._owned("stopped").stop()

    def kill(self) -> None:
        """SIGKILL every process of the server at once, as a crash would."""
        self._owned("killed").kill()

    def pause(self) -> None:
        """Make the server keep its connections without any response until resume()."""
        self._owned("paused").pause()

    def resume(self) -> None:
        """Continue the paused server, which then handles the requests that have arrived."""
        self._owned("resumed").resume()

    def close(self) -> None:
        """Stop the server and remove its data; an external server is left as it is."""
        if self._process is not None:
            self._process.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def _owned(self, verb: str) -> ServerProcess:
        if self._process is None:
            raise RuntimeError(
                f"the server at {self.external_url} is not ours, so it cannot be {verb}"
            )
        return self._process


@dataclass(frozen=True)
class Program:
    """The command of a server, its stop signal, and its check of readiness."""

    name: str
    command: Sequence[str]
    environment: dict[str, str]
    is_ready: Callable[[int], bool]
    stop_signal: signal.Signals = signal.SIGTERM
    start_seconds: float = TIMEOUT


class ServerProcess:
    """The processes of one private server, in its directory."""

    def __init__(self, program: Program, scratch: Scratch) -> None:
        self._program = program
        self._scratch = scratch
        self._process: subprocess.Popen[bytes] | None = None
        self._alive: int | None = None

    def start(self) -> None:
        """Start the server and wait until it accepts connections."""
        if self._process is not None and self._process.poll() is None:
            return
        self._forget()
        # The write end is inherited by every process of the server: see _forget().
        self._alive, inherited = os.pipe()
        try:
            self._process = self._spawn(inherited)
        finally:
            os.close(inherited)
        self._scratch.track(self._process.pid)
        try:
            self._wait_until_ready(self._process)
        except BaseException:
            self.kill()
            raise

    def stop(self, by: signal.Signals | None = None) -> None:
        """Stop the server with the signal of its program or another one, and wait for its end."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(by or self._program.stop_signal)
            self.resume()
            self._process.wait(TIMEOUT)
        self._forget()

    def kill(self) -> None:
        """SIGKILL the server and its children."""
        if self._process is not None and self._process.poll() is None:
            _signal_all(self._process.pid, signal.SIGKILL)
            self._process.wait(TIMEOUT)
        self._forget()

    def pause(self) -> None:
        """SIGSTOP the server and its children."""
        if self._process is None or self._process.poll() is not None:
            raise RuntimeError(f"{self._program.name} is not running, so it cannot be paused")
        self._process.send_signal(signal.SIGSTOP)
        # A process that is stopped starts no more children, and sends no response. Without
        # WNOWAIT, Popen would not notice the end of the process.
        os.waitid(os.P_PID, self._process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
        self._scratch.track(*_signal_all(self._process.pid, signal.SIGSTOP))

    def resume(self) -> None:
        """SIGCONT the server and its children; no-op when it is not paused."""
        if self._process is not None and self._process.poll() is None:
            _signal_all(self._process.pid, signal.SIGCONT)
            self._scratch.track(self._process.pid)

    def close(self) -> None:
        """Stop the server, by SIGKILL if it does not end, and remove its files."""
        try:
            self.stop()
        except subprocess.TimeoutExpired:
            self.kill()
        self._scratch.close()

    @property
    def _log(self) -> Path:
        return self._scratch.path / "server.log"

    def _spawn(self, inherited: int) -> subprocess.Popen[bytes]:
        account = self._scratch.account
        with self._log.open("ab") as log:
            return subprocess.Popen(
                self._program.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=[inherited],
                cwd=self._scratch.path,
                env=self._program.environment,
                start_new_session=True,
                user=account.user,
                group=account.group,
                extra_groups=account.extra_groups,
            )

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        name, patience = self._program.name, self._program.start_seconds
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            if process.poll() is not None:
                raise ServerUnavailable(
                    f"{name} exited with {process.returncode}\n{self._log_tail()}"
                )
            if self._program.is_ready(process.pid):
                return
            time.sleep(0.02)
        raise ServerUnavailable(f"{name} not ready in {patience:.0f} s\n{self._log_tail()}")

    def _log_tail(self) -> str:
        lines = self._log.read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join(lines[-LOG_TAIL:])

    def _forget(self) -> None:
        if self._process is not None:
            # RabbitMQ leaves a child process, which no other code would end.
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process = None
        if self._alive is None:
            return
        # A new PostgreSQL cannot start while a backend of the old one is attached to its memory.
        # The end of the pipe shows that all processes have ended, zombies included.
        if not select.select([self._alive], [], [], TIMEOUT)[0]:
            raise RuntimeError(
                f"processes of {self._program.name} still run {TIMEOUT:.0f} s after its end"
            )
        os.close(self._alive)
        self._alive = None
        self._scratch.track(0)


def run_in_thread(work: Coroutine[Any, Any, Result]) -> Result:
    """Return the result of a coroutine, even if the event loop of the caller is running."""
    # asyncio.run() refuses to run inside one.
    with ThreadPoolExecutor(max_workers=1) as thread:
        return thread.submit(asyncio.run, work).result()


def _signal_all(parent: int, sent: signal.Signals) -> list[int]:
    # Not killpg(): each backend of PostgreSQL leads its own process group.
    pids = [parent, *_children(parent)]
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, sent)
    return pids


def _children(parent: int) -> list[int]:
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[1]) == parent:
            found.append(int(status.parent.name))
    return found
