"""A connection to a file of SQLite, and the turns of the event loop."""

import asyncio
import sqlite3
import time
from collections.abc import Awaitable, Callable, Generator
from functools import partial
from typing import Any, TypeVar, cast

import aiosqlite

from app.database.sqlite.file import File

# How long statements may follow one another before the event loop does something else.
_LONGEST_TURN_SECONDS = 0.002
_CHUNK_ROWS = 64

T = TypeVar("T")


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
    """A connection whose statements run in its thread, or at once on the event loop.

    Its thread knows its file only: a connection that nobody holds any more ends its thread.
    """

    def __init__(self, path: str, *, timeout: float, **options: Any) -> None:
        self.file = File(int(timeout * 1_000))
        super().__init__(partial(self.file.open, path, options), _CHUNK_ROWS)
        # A connection that nobody closed does not keep a process from ending.
        self._thread.daemon = True

    @property
    def _is_open(self) -> bool:
        return self._running and self._connection is not None

    def at_once(self, function: Callable[[sqlite3.Connection], bool]) -> bool:
        """Run a function of the file on the event loop; return false if that is not possible."""
        return self._is_open and self.file.at_once(function)

    async def in_thread(self, function: Callable[[sqlite3.Connection], T]) -> T:
        """Run a function of the file in the thread, where it waits for locks and has no limit."""
        return cast(T, await self._execute(function, self._connection))

    def stop(self) -> asyncio.Future[Any] | None:
        """Close the file, after what the thread has to do, and end the thread."""
        if not self._running:
            # The thread ends at the first of two, and nobody would answer the other one.
            return None
        if self._connection is not None:
            self._tx.put_nowait((None, self.file.send(self._connection.close)))
        return super().stop()

    async def _execute(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if not self._is_open:
            # In the words by which SQLAlchemy knows it.
            raise ValueError("Connection closed")
        function = self.file.send(partial(fn, *args, **kwargs))
        waiting = super()._execute(function)  # type: ignore[no-untyped-call]  # it has no types
        return await waiting
