"""One thread at a time uses a connection to SQLite, also after cancellations and closes."""

import asyncio
import gc
import random
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.database.sqlite.connection import Connection
from tests.test_database.test_sqlite.conftest import Engines

BY_KEY = text("SELECT words FROM goods WHERE id = :id")
ADD = text("INSERT INTO stock (good, place, pieces) VALUES (:good, :place, 1)")
_STEPS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {})"
_LONG = f"{_STEPS.format(30_000)} SELECT count(*) FROM n"
LONG = text(_LONG)
_LINES = 3
_GUARDED = ("commit", "rollback", "close", "set_progress_handler")
_GUARDED_OF_CURSOR = ("execute", "executemany", "fetchall", "close")


class Guard:
    """Records every use of a connection that begins while another thread uses it."""

    def __init__(self, overlaps: list[str]) -> None:
        self._overlaps = overlaps
        self._users: list[int] = []

    @contextmanager
    def used(self, what: str) -> Iterator[None]:
        """Use the connection."""
        thread = threading.get_ident()
        if any(each != thread for each in self._users):
            self._overlaps.append(what)
        self._users.append(thread)
        try:
            yield
        finally:
            self._users.remove(thread)


def guarded(base: type, name: str) -> Callable[..., Any]:
    """Return a method that records its use."""

    def method(its: Any, *arguments: Any) -> Any:
        with its.guard.used(name):
            return getattr(base, name)(its, *arguments)

    return method


@pytest.fixture(name="overlaps")
def noted_overlaps() -> Iterator[list[str]]:
    """The concurrent uses of connections."""
    overlaps: list[str] = []

    class GuardedConnection(sqlite3.Connection):
        """A connection that records its uses."""

        def __init__(self, *arguments: Any, **options: Any) -> None:
            self.guard = Guard(overlaps)
            super().__init__(*arguments, **options)

        def cursor(self, *_arguments: Any) -> Any:
            """Return a cursor that records its uses."""
            with self.guard.used("cursor"):
                return super().cursor(GuardedCursor)

        @property
        def in_transaction(self) -> bool:
            """Whether a transaction is open."""
            with self.guard.used("in_transaction"):
                return super().in_transaction

    class GuardedCursor(sqlite3.Cursor):
        """A cursor that records its uses."""

        guard = property(lambda cursor: cursor.connection.guard)

    for name in _GUARDED:
        setattr(GuardedConnection, name, guarded(sqlite3.Connection, name))
    for name in _GUARDED_OF_CURSOR:
        setattr(GuardedCursor, name, guarded(sqlite3.Cursor, name))
    connect = sqlite3.connect

    def guarding(path: str, **options: Any) -> sqlite3.Connection:
        return connect(path, factory=GuardedConnection, **options)

    with patch("sqlite3.connect", guarding):
        yield overlaps


@pytest_asyncio.fixture(name="opened")
async def opened_connection(path: Path) -> AsyncIterator[Connection]:
    """A connection without an engine."""
    connection = Connection(str(path), timeout=0)
    await connection
    yield connection
    await connection.close()


def is_free(connection: Connection) -> bool:
    """Return whether the event loop may use a connection."""
    return connection.at_once(lambda _file: True)


async def cancelled_in_thread(connection: Connection, function: Callable[..., Any]) -> None:
    """Run a function in the thread, and cancel the task that waits for it."""
    waiting = asyncio.create_task(connection.in_thread(function))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_the_loop_does_not_use_a_connection_that_its_thread_still_uses(
    opened: Connection,
) -> None:
    released = threading.Event()
    assert is_free(opened)
    await cancelled_in_thread(opened, lambda _file: released.wait(5))
    assert not is_free(opened)
    released.set()
    await opened.in_thread(lambda _file: None)
    assert is_free(opened)
    await opened.close()
    assert not is_free(opened)


async def test_the_loop_does_not_overtake_calls_that_wait_for_the_thread(
    opened: Connection,
) -> None:
    released, ran = threading.Event(), []
    await cancelled_in_thread(opened, lambda _file: released.wait(5))
    await cancelled_in_thread(opened, lambda _file: ran.append("sent"))
    assert not is_free(opened)
    released.set()
    await opened.in_thread(lambda _file: None)
    assert (ran, is_free(opened)) == (["sent"], True)


async def test_the_loop_does_not_wait_for_the_holder_of_the_file(opened: Connection) -> None:
    def free_inside(_file: sqlite3.Connection) -> bool:
        return is_free(opened)

    assert not opened.at_once(free_inside)
    assert is_free(opened)


async def test_the_thread_waits_until_the_loop_has_released_the_file(opened: Connection) -> None:
    ran: list[str] = []

    def send(_file: sqlite3.Connection) -> bool:
        future = asyncio.ensure_future(opened.in_thread(lambda _file: ran.append("thread")))
        sending.append(future)
        threads = threading.Thread(target=opened.file.run, args=(lambda: ran.append("other"),))
        threads.start()
        sending.append(threads)
        threads.join(timeout=0.05)
        ran.append("loop")
        return True

    sending: list[Any] = []
    assert opened.at_once(send)
    await asyncio.to_thread(sending[1].join)
    await sending[0]
    assert ran[0] == "loop"


async def test_a_connection_that_is_stopped_while_it_closes_is_closed_once(
    opened: Connection,
) -> None:
    closing = asyncio.create_task(opened.close())
    await asyncio.sleep(0)
    opened.stop()
    await asyncio.wait_for(closing, 5)
    assert not is_free(opened)


@pytest.mark.filterwarnings("ignore:.* was deleted before being closed")
async def test_the_thread_of_an_unreferenced_connection_ends(path: Path) -> None:
    before = set(threading.enumerate())
    connection = Connection(str(path), timeout=0)
    await connection
    await connection.in_thread(lambda _file: None)
    (thread,) = set(threading.enumerate()) - before
    del connection
    gc.collect()
    await asyncio.to_thread(thread.join, 5)
    assert not thread.is_alive()


def is_counted(file: sqlite3.Connection) -> bool:
    """Return whether a long read has finished."""
    return file.execute(_LONG).fetchall() == [(30_000,)]


class Load:
    """Tasks that read and write; some are cancelled before their statements end."""

    def __init__(self, engines: Engines, shared: Connection) -> None:
        self._engines = engines
        self._shared = shared
        self._random = random.Random(15)
        self._transactions = 0
        self.committed: set[int] = set()

    async def read(self) -> None:
        """Read a row by its key a few times, with a long read in between."""
        async with self._engines.reader.connect() as connection:
            for good in range(1, 10):
                await connection.scalar(BY_KEY, {"id": good})
            await connection.scalar(LONG)

    async def write(self) -> None:
        """Add the rows of a transaction."""
        self._transactions += 1
        place = 100 + self._transactions
        async with self._engines.writer.begin() as connection:
            for good in range(1, _LINES + 1):
                await connection.execute(ADD, {"good": good, "place": place})
                if self._random.random() < 0.2:
                    await connection.scalar(LONG)
        self.committed.add(place)

    async def share(self) -> None:
        """Use a connection that other tasks use, too, if possible."""
        for _ in range(5):
            if not self._shared.at_once(is_counted):
                await self._shared.in_thread(is_counted)
            await self._shared.in_thread(is_counted)

    async def discard(self) -> None:
        """Close a connection without notifying its pool."""
        async with self._random.choice(self._engines).connect() as connection:
            await connection.invalidate()

    async def run(self, times: int) -> None:
        """Start a task many times, and cancel most of the tasks at a random time."""
        for _ in range(times):
            begin = self._random.choice(
                (self.read, self.read, self.share, self.share, self.write, self.write, self.discard)
            )
            task = asyncio.create_task(begin())
            await asyncio.sleep(self._random.choice((0, 0.001, 0.005, 0.02)))
            if self._random.random() < 0.7:
                task.cancel()
            with suppress(asyncio.CancelledError, DBAPIError):
                await task


async def test_no_two_threads_use_a_connection_at_once_even_after_cancellations(
    overlaps: list[str], engines: Engines, opened: Connection
) -> None:
    for engine in engines:
        # The first connection of an engine is asked for the server's version, too.
        async with engine.connect():
            pass
    load = Load(engines, opened)
    await asyncio.gather(*(load.run(25) for _ in range(8)))
    async with engines.writer.connect() as connection:
        rows = await connection.execute(
            text("SELECT place, count(*) AS lines FROM stock WHERE place > 100 GROUP BY place")
        )
        kept: dict[int, int] = {row.place: row.lines for row in rows}
    assert not overlaps
    assert len(load.committed) > 5
    assert load.committed <= set(kept)
    # No statement of a cancelled transaction ran outside of it.
    assert set(kept.values()) == {_LINES}
