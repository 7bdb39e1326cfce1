"""A connection to SQLite that its thread and the event loop use in turn."""

import asyncio
import math
import sqlite3
import time
from collections.abc import Awaitable, Callable, Generator
from contextlib import suppress
from functools import partial
from typing import Any

import aiosqlite

# A read that takes longer on the event loop is stopped, and repeated in the thread.
_LONGEST_READ_SECONDS = 0.001
_STEPS_BETWEEN_CHECKS = 250
_CHECKS_OF_LONG_READ = 20
# How long statements may follow one another before the event loop does something else.
_LONGEST_TURN_SECONDS = 0.002
_CHUNK_ROWS = 64


class Limit:
    """The time at which a read is stopped."""

    __slots__ = ("_at", "_checks")

    def __init__(self) -> None:
        self._at = math.inf
        self._checks = 0

    def start(self) -> None:
        """Stop the read when it has taken too long."""
        self._at = time.perf_counter() + _LONGEST_READ_SECONDS
        self._checks = 0

    def lift(self) -> None:
        """Let the next statements take as long as they need."""
        self._at = math.inf

    @property
    def is_long(self) -> bool:
        """Whether the read had many steps, and was not only interrupted by other processes."""
        return self._checks > _CHECKS_OF_LONG_READ

    def is_over(self) -> bool:
        """Return whether to stop now, as SQLite asks during a statement."""
        self._checks += 1
        # SQLite goes on counting the steps of the runs before.
        return self._checks > 1 and time.perf_counter() > self._at


class Turn:
    """The time for which the event loop has done nothing but statements."""

    __slots__ = ("_began_at",)

    def __init__(self) -> None:
        self._began_at: float | None = None

    def is_over(self) -> bool:
        """Return whether the event loop has to do something else first."""
        now = time.perf_counter()
        if self._began_at is None:
            self._began_at = now
            asyncio.get_running_loop().call_soon(self._end)
        return now - self._began_at > _LONGEST_TURN_SECONDS

    async def give_up(self) -> None:
        """Let the event loop do something else."""
        # Also of a loop that ended before it could.
        self._end()
        await asyncio.sleep(0)

    def _end(self) -> None:
        self._began_at = None


class AtOnce(Awaitable[None]):
    """What can be awaited, and is done at once."""

    def __await__(self) -> Generator[None, None, None]:
        yield from ()


AT_ONCE = AtOnce()


class Connection(aiosqlite.Connection):
    """A connection that its thread uses, or the event loop while the thread is idle.

    It waits for locks in the thread only.
    """

    def __init__(self, path: str, *, timeout: float, **options: Any) -> None:
        super().__init__(partial(self._open, path, options), _CHUNK_ROWS)
        # A connection that nobody closed does not keep a process from ending.
        self._thread.daemon = True
        self._lock_ms = int(timeout * 1_000)
        self.limit = Limit()
        # Each is written by one side only, and so needs no lock.
        self._sent = 0
        self._done = 0

    @property
    def file(self) -> sqlite3.Connection:
        """The connection of the standard library."""
        file: sqlite3.Connection = self._conn
        return file

    @property
    def is_idle(self) -> bool:
        """Whether the thread has nothing to do, not even for a caller that was cancelled."""
        return self._sent == self._done and self._connection is not None and self._running

    async def in_thread(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Run a function in the thread, where it waits for locks and has no limit."""
        return await self._execute(function, *arguments)

    def _open(self, path: str, options: dict[str, Any]) -> sqlite3.Connection:
        # The thread and the event loop take turns, which SQLite does not check.
        options |= {"timeout": 0, "check_same_thread": False}
        connection: sqlite3.Connection = sqlite3.connect(path, **options)
        self._prepare(connection, is_thread=False)
        return connection

    async def _execute(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        # A cancelled caller leaves the function to the thread, which therefore counts.
        # If it is closed, nothing is sent, and this fails.
        if self._running and self._connection is not None:
            self._sent += 1
        waiting = super()._execute(  # type: ignore[no-untyped-call]  # the driver has no types
            self.run, partial(fn, *args, **kwargs)
        )
        return await waiting

    def run(self, function: Callable[[], Any]) -> Any:
        """Run a function where the caller is, which is the thread."""
        connection = self._conn
        try:
            self._prepare(connection, is_thread=True)
            return function()
        finally:
            # The function may have been the close of the connection.
            with suppress(sqlite3.ProgrammingError):
                self._prepare(connection, is_thread=False)
            self._done += 1

    def _prepare(self, connection: sqlite3.Connection, *, is_thread: bool) -> None:
        # In the thread SQLite would take the interpreter's lock at each check.
        if is_thread:
            connection.set_progress_handler(None, 0)
        else:
            connection.set_progress_handler(self.limit.is_over, _STEPS_BETWEEN_CHECKS)
        connection.execute(f"PRAGMA busy_timeout = {self._lock_ms if is_thread else 0}")
