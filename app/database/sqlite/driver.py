"""The driver of SQLite for SQLAlchemy, which runs short statements on the event loop."""

import asyncio
import sqlite3
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial
from typing import Any, NamedTuple, cast

import aiosqlite
from sqlalchemy.dialects.sqlite.aiosqlite import (
    AsyncAdapt_aiosqlite_connection,
    AsyncAdapt_aiosqlite_cursor,
    AsyncAdapt_aiosqlite_dbapi,
)
from sqlalchemy.util.concurrency import await_

from app.database.sqlite.connection import AT_ONCE, Connection, Turn
from app.database.sqlite.kinds import Kind, Kinds

# SQLite puts the details of a code into its higher bits.
_PRIMARY_CODE = 0xFF
# A statement that has changed nothing is repeated in the thread if it was stopped or met a lock.
_REPEATED = (sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_BUSY)
_NO_VALUES: tuple[Any, ...] = ()


class Outcome(NamedTuple):
    """What a statement has returned, without its cursor, which only one thread may use."""

    description: Any = None
    rowcount: int = -1
    lastrowid: int | None = None
    rows: Sequence[Any] = ()
    arraysize: int = 1


NOTHING = Outcome()


def run(file: sqlite3.Connection, operation: str, row: Any) -> Outcome:
    """Execute a statement in the current thread, and fetch its rows."""
    with closing(file.cursor()) as cursor:
        cursor.execute(operation, row)
        rows = cursor.fetchall() if cursor.description else ()
        return Outcome(cursor.description, cursor.rowcount, cursor.lastrowid, rows)


def run_many(file: sqlite3.Connection, operation: str, rows: Any) -> Outcome:
    """Execute a statement with many rows of values in the current thread."""
    with closing(file.cursor()) as cursor:
        cursor.executemany(operation, rows)
        return Outcome(rowcount=cursor.rowcount, lastrowid=cursor.lastrowid)


class Cursor(AsyncAdapt_aiosqlite_cursor):
    """A cursor as SQLAlchemy uses it, which keeps what its statement has returned."""

    __slots__ = ()

    _cursor: Any
    _adapt_connection: "AdaptedConnection"

    def _make_new_cursor(self, connection: Any) -> Any:
        return NOTHING

    def _aenter_cursor(self, cursor: Any) -> Any:
        return cursor

    def execute(self, operation: Any, parameters: Any = None) -> Any:
        """Execute a statement, and fetch its rows."""
        row = _NO_VALUES if parameters is None else parameters
        if not self._adapt_connection.at_once(partial(self._execute_at_once, operation, row)):
            super().execute(operation, row)

    def executemany(self, operation: Any, seq_of_parameters: Any) -> Any:
        """Execute a statement for each of many rows of values."""
        rows: Sequence[Any] = seq_of_parameters
        if not self._adapt_connection.at_once(partial(self._write_at_once, operation, rows)):
            super().executemany(operation, rows)

    def close(self) -> None:
        """Discard the rows."""
        self._rows.clear()

    def _keep(self, outcome: Outcome) -> None:
        self._cursor = outcome
        self._rows = deque(outcome.rows)

    def _execute_at_once(self, operation: str, row: Any, file: sqlite3.Connection) -> bool:
        """Execute a statement here; return false if it has to be executed in the thread."""
        connection = self._adapt_connection
        kind = connection.kinds.of(file, operation, row)
        if kind is Kind.READ:
            return self._read_at_once(operation, row, file)
        if kind is Kind.LONG:
            return False
        try:
            self._keep(run(file, operation, row))
        except sqlite3.OperationalError as error:
            # A write that was stopped has undone its transaction.
            if kind is Kind.BEGIN and _code(error) in _REPEATED:
                return False
            raise
        return True

    def _read_at_once(self, operation: str, row: Any, file: sqlite3.Connection) -> bool:
        connection = self._adapt_connection
        limit = connection.threaded.file.limit
        limit.start()
        try:
            self._keep(run(file, operation, row))
        except sqlite3.OperationalError as error:
            code = _code(error)
            if code == sqlite3.SQLITE_INTERRUPT and limit.is_long:
                connection.kinds.note_stopped(operation)
            if code in _REPEATED:
                return False
            raise
        finally:
            limit.lift()
        return True

    def _write_at_once(self, operation: str, rows: Sequence[Any], file: sqlite3.Connection) -> bool:
        kind = self._adapt_connection.kinds.of(file, operation, rows[0], len(rows))
        if kind is not Kind.WRITE:
            return False
        # A transaction that has begun to write waits for no lock.
        self._keep(run_many(file, operation, rows))
        return True

    async def _execute_async(self, operation: Any, parameters: Any) -> Any:
        await self._run_in_thread(lambda file: run(file, operation, parameters))

    async def _executemany_async(self, operation: Any, seq_of_parameters: Any) -> Any:
        await self._run_in_thread(lambda file: run_many(file, operation, seq_of_parameters))

    async def _run_in_thread(self, function: Callable[[sqlite3.Connection], Outcome]) -> None:
        connection = self._adapt_connection
        async with connection.mutex:
            self._keep(await connection.threaded.in_thread(function))

    async def _async_soft_close(self) -> None:
        pass


class AdaptedConnection(AsyncAdapt_aiosqlite_connection):
    """A connection as SQLAlchemy uses it."""

    __slots__ = ("_level", "kinds", "threaded", "turn")

    _cursor_cls = Cursor
    # A stream fetches all rows at once: another statement could run between two of them.
    _ss_cursor_cls = cast(Any, Cursor)

    def __init__(self, driver: "Driver", connection: Connection) -> None:
        super().__init__(driver, cast(Any, connection))
        self.threaded = connection
        self.kinds = driver.kinds
        self.turn = driver.turn
        # The initial value of the standard library.
        self._level: str | None = ""

    @property
    def mutex(self) -> asyncio.Lock:
        """The lock of a statement in the thread."""
        return self._execute_mutex

    def at_once(self, function: Callable[[sqlite3.Connection], bool]) -> bool:
        """Run a function of the file here if possible, after other tasks have had a turn."""
        # SQLAlchemy rejects a statement that awaits nothing.
        await_(self.turn.give_up() if self.turn.is_over() else AT_ONCE)
        return not self.mutex.locked() and self.threaded.at_once(function)

    @property
    def isolation_level(self) -> str | None:
        """The isolation level of the standard library, which is none."""
        return self._level

    @isolation_level.setter
    def isolation_level(self, value: str | None) -> None:
        """Change the isolation level, in the thread because it may commit."""
        if value != self._level:
            self._level = value
            await_(self.threaded.in_thread(partial(_set_level, value=value)))

    def rollback(self) -> None:
        """Roll back, if there is a transaction."""
        if not self.threaded.at_once(_has_no_transaction):
            super().rollback()


def _set_level(file: sqlite3.Connection, value: Any) -> None:
    file.isolation_level = value


def _has_no_transaction(file: sqlite3.Connection) -> bool:
    return not file.in_transaction


def _code(error: sqlite3.Error) -> int:
    return error.sqlite_errorcode & _PRIMARY_CODE


class Driver(AsyncAdapt_aiosqlite_dbapi):
    """The driver as SQLAlchemy uses it, one for each engine."""

    def __init__(self) -> None:
        super().__init__(aiosqlite, sqlite3)
        self.kinds = Kinds()
        self.turn = Turn()

    def connect(self, *arg: Any, **kw: Any) -> AdaptedConnection:
        """Open a connection; `timeout` is how long it waits for locks, in seconds."""
        connection = Connection(*arg, **kw)
        await_(connection)
        return AdaptedConnection(self, connection)
