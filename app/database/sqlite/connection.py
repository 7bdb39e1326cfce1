"""A connection to a file of SQLite, and the time that it may use on the event loop."""

import asyncio
import sqlite3
import time
from collections.abc import Awaitable, Callable, Generator
from functools import partial
from typing import Any, TypeVar, cast

import aiosqlite

from app.database.sqlite.file import File

# How long statements may run one after another before other tasks of the event loop run.
_LONGEST_TURN_SECONDS = 0.002
_CHUNK_ROWS = 64

T = TypeVar("T")


class Turn:
    """The time for which the event loop has run nothing but statements."""

    __slots__ = ("_began_at",)

    def __init__(self) -> None:
        self._began_at: float | None = None

    def is_over(self) -> bool:
        """Return whether other tasks of the event loop have to run first."""
        now = time.perf_counter()
        if self._began_at is None:
            self._began_at = now
            asyncio.get_running_loop().call_soon(self._end)
        return now - self._began_at > _LONGEST_TURN_SECONDS

    async def give_up(self) -> None:
        """Let other tasks of the event loop run."""
        # The turn may also be that of a loop that has ended.
        self._end()
        await asyncio.sleep(0)

    def _end(self) -> None:
        self._began_at = None


class AtOnce(Awaitable[None]):
    """An awaitable that completes at once."""

    def __await__(self) -> Generator[None, None, None]:
        yield from ()


AT_ONCE = AtOnce()


class Connection(aiosqlite.Connection):
    """A connection whose statements run in its thread, or at once on the event loop.

    The thread refers to the file only: a connection that is no longer referenced ends its thread.
    """

    def __init__(self, path: str, *, timeout: float, **options: Any) -> None:
        self.file = File(int(timeout * 1_000))
        super().__init__(partial(self.file.open, path, options), _CHUNK_ROWS)
        # A connection that was not closed does not prevent the process from ending.
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
        """Close the file after the pending work of the thread, and end the thread."""
        if not self._running:
            # The thread ends at the first call; a second one would never be answered.
            return None
        if self._connection is not None:
            self._tx.put_nowait((None, self.file.send(self._connection.close)))
        return super().stop()

    async def _execute(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if not self._is_open:
            # SQLAlchemy recognizes the error by this text.
            raise ValueError("Connection closed")
        function = self.file.send(partial(fn, *args, **kwargs))
        waiting = super()._execute(function)  # type: ignore[no-untyped-call]  # it has no types
        return await waiting
