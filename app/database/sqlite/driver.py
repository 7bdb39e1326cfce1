"""The driver of SQLite for SQLAlchemy, which runs short statements on the event loop."""

import asyncio
import sqlite3
from collections import deque
from collections.abc import Sequence
from functools import partial
from typing import Any, cast

import aiosqlite
from sqlalchemy.dialects.sqlite.aiosqlite import (
    AsyncAdapt_aiosqlite_connection,
    AsyncAdapt_aiosqlite_cursor,
    AsyncAdapt_aiosqlite_dbapi,
)
from sqlalchemy.util.concurrency import await_, in_greenlet

from app.database.sqlite.connection import AT_ONCE, Connection, Turn
from app.database.sqlite.kinds import Kind, Kinds

# SQLite puts the details of a code into its higher bits.
_PRIMARY_CODE = 0xFF
_NO_VALUES: tuple[Any, ...] = ()


class Cursor(AsyncAdapt_aiosqlite_cursor):
    """A cursor that is the one of the standard library, used where the statement runs."""

    __slots__ = ()

    _cursor: Any
    _adapt_connection: "AdaptedConnection"

    def _make_new_cursor(self, connection: Any) -> Any:
        return self._adapt_connection.open_cursor()

    def _aenter_cursor(self, cursor: Any) -> Any:
        return cursor

    def execute(self, operation: Any, parameters: Any = None) -> Any:
        """Execute a statement, and fetch its rows."""
        row = _NO_VALUES if parameters is None else parameters
        kind = self._adapt_connection.kind_of(operation, row, 1)
        if kind is Kind.LONG or not self._execute_on_loop(kind, operation, row):
            super().execute(operation, row)

    def executemany(self, operation: Any, seq_of_parameters: Any) -> Any:
        """Execute a statement for each of many rows of values."""
        rows: Sequence[Any] = seq_of_parameters
        kind = self._adapt_connection.kind_of(operation, rows[0], len(rows))
        if kind is Kind.WRITE:
            # A transaction that has begun to write waits for no lock.
            self.run_many(operation, rows)
        else:
            super().executemany(operation, rows)

    def _execute_on_loop(self, kind: Kind, operation: str, row: Any) -> bool:
        """Execute a statement here; return false if it has to be repeated in the thread."""
        connection = self._adapt_connection
        limit = connection.threaded.limit
        if kind is Kind.READ:
            limit.start()
        try:
            self.run(operation, row)
        except sqlite3.OperationalError as error:
            code = error.sqlite_errorcode & _PRIMARY_CODE
            if code == sqlite3.SQLITE_INTERRUPT:
                if limit.is_long:
                    connection.kinds.note_stopped(operation)
                return False
            if code == sqlite3.SQLITE_BUSY:
                return False
            raise
        finally:
            limit.lift()
        return True

    def run(self, operation: str, row: Any) -> None:
        """Execute a statement where the caller is, and keep its rows."""
        self._cursor.execute(operation, row)
        if self._cursor.description:
            self._rows = deque(self._cursor.fetchall())

    def run_many(self, operation: str, rows: Any) -> None:
        """Execute a statement with many rows of values where the caller is."""
        self._cursor.executemany(operation, rows)

    async def _execute_async(self, operation: Any, parameters: Any) -> Any:
        connection = self._adapt_connection
        async with connection.mutex:
            await connection.threaded.in_thread(self.run, operation, parameters)

    async def _executemany_async(self, operation: Any, seq_of_parameters: Any) -> Any:
        connection = self._adapt_connection
        async with connection.mutex:
            await connection.threaded.in_thread(self.run_many, operation, seq_of_parameters)

    async def _async_soft_close(self) -> None:
        self._soft_closed_memoized = self._soft_closed_memoized.union(
            {"description": self._cursor.description}
        )
        if self._adapt_connection.threaded.is_idle:
            self._cursor.close()
        else:
            await self._adapt_connection.threaded.in_thread(self._cursor.close)

    def close(self) -> None:
        """Close the cursor."""
        self._rows.clear()
        if self._soft_closed_memoized:
            return
        if self._adapt_connection.threaded.is_idle:
            self._cursor.close()
        elif in_greenlet():
            await_(self._adapt_connection.threaded.in_thread(self._cursor.close))


class AdaptedConnection(AsyncAdapt_aiosqlite_connection):
    """A connection as SQLAlchemy uses it."""

    __slots__ = ("kinds", "threaded", "turn")

    _cursor_cls = Cursor

    def __init__(self, driver: "Driver", connection: Connection) -> None:
        super().__init__(driver, cast(Any, connection))
        self.threaded = connection
        self.kinds = driver.kinds
        self.turn = driver.turn

    @property
    def mutex(self) -> asyncio.Lock:
        """The lock of a statement in the thread."""
        return self._execute_mutex

    def open_cursor(self) -> sqlite3.Cursor:
        """Return a new cursor of the standard library."""
        try:
            file = self.threaded.file
        except ValueError as error:
            # It is closed.
            self._handle_exception(error)
        return file.cursor()

    def kind_of(self, operation: str, row: Any, rows: int) -> Kind:
        """Return how a statement may run now."""
        # SQLAlchemy refuses a statement that awaits nothing.
        await_(self.turn.give_up() if self.turn.is_over() else AT_ONCE)
        if self.threaded.is_idle and not self._execute_mutex.locked():
            return self.kinds.of(self.threaded.file, operation, row, rows)
        return Kind.LONG

    @property
    def isolation_level(self) -> str | None:
        """The isolation level of the standard library, which is none."""
        return self.threaded.isolation_level

    @isolation_level.setter
    def isolation_level(self, value: str | None) -> None:
        """Change the isolation level, in the thread because it may commit."""
        if value != self.threaded.isolation_level:
            change = partial(setattr, self.threaded.file, "isolation_level", value)
            await_(self.threaded.in_thread(change))

    def rollback(self) -> None:
        """Roll back, if there is a transaction."""
        if not self.threaded.is_idle or self.threaded.in_transaction:
            super().rollback()


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
