"""Connection pools; for PostgreSQL also how long connections wait, and when they are replaced."""

import logging
import time
from typing import Any, cast

from sqlalchemy import ExceptionContext, event
from sqlalchemy.connectors.asyncio import AsyncAdapt_Error
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import AsyncAdaptedQueuePool, ConnectionPoolEntry
from sqlalchemy.util.queue import Empty

LOCK_NOT_AVAILABLE = "55P03"
READ_ONLY = "25006"
LOCK_TIMEOUT_MS = 2_000
TOO_MANY_CONNECTIONS = "53300"
_TERMINATED = "57P01"
_AGAIN_AFTER_SECONDS = 1.0
# While a lock is held for long, most statements that need it fail soon. Otherwise they would occupy
# all connections, and statements that need other rows would wait.
_CONTENDED_SECONDS = 3.0
_LOCK_TIMEOUT = "lock_timeout_ms"
_OPENED_AT = "opened_at"

# SQLAlchemy logs under the names of the classes of pools; the shop's own log says more.
logging.getLogger(__name__).setLevel(logging.WARNING)


class ClosingPool(AsyncAdaptedQueuePool):
    """A pool that also closes the connections that were in use when it was disposed."""

    _is_disposed = False

    def dispose(self) -> None:
        """Close the idle connections, and from now on each that is returned."""
        self._is_disposed = True
        super().dispose()

    def _do_return_conn(self, record: ConnectionPoolEntry) -> None:
        if self._is_disposed:
            # SQLAlchemy would keep it in a pool that nothing uses any more.
            record.close()
        else:
            super()._do_return_conn(record)


class PatientPool(ClosingPool):
    """A pool that replaces closed connections, or works with fewer if the server allows no more."""

    _full_until = 0.0

    def _do_get(self) -> ConnectionPoolEntry:
        while True:
            record = self._take()
            if self._is_connected(record):
                return record

    def _take(self) -> ConnectionPoolEntry:
        """Return an idle or new entry, or wait until one is returned."""
        if time.monotonic() >= self._full_until or not self._has_any():
            try:
                return super()._do_get()
            except AsyncAdapt_Error as error:
                self._note_full(error)
        try:
            return self._pool.get(True, self._timeout)
        except Empty as error:
            raise PoolTimeout("the server has no connection left") from error

    def _is_connected(self, record: ConnectionPoolEntry) -> bool:
        """Return whether an entry has a connection, after trying to open one."""
        connection: Any = record.dbapi_connection
        # The end of a connection is noticed while it is idle, without asking the server.
        if connection is not None and not connection.driver_connection.is_closed():
            return True
        if connection is not None:
            record.invalidate()
        try:
            cast("Any", record).get_connection()
        except AsyncAdapt_Error as error:
            self._dec_overflow()
            self._note_full(error)
            return False
        except BaseException:
            self._do_return_conn(record)
            raise
        return True

    def _note_full(self, error: AsyncAdapt_Error) -> None:
        """Wait for the other connections of the pool; raise the error if there are none."""
        if getattr(error, "sqlstate", None) != TOO_MANY_CONNECTIONS or not self._has_any():
            raise error
        self._full_until = time.monotonic() + _AGAIN_AFTER_SECONDS

    def _has_any(self) -> bool:
        return self.checkedin() + self.checkedout() > 0


class Renewal:
    """The time at which a pool found that the server of all connections had been replaced."""

    def __init__(self) -> None:
        self.renewed_at = 0.0

    def renew(self) -> None:
        """Mark every open connection to be replaced before its next use."""
        self.renewed_at = time.monotonic()


class _LockPatience:
    """How long the transactions of an engine wait for a lock.

    After one has waited the whole time, the others wait only briefly. One at a time still waits the
    whole time, which shows whether locks are still held for long.
    """

    def __init__(self, patient_ms: int, crowded_ms: int) -> None:
        self._patient_ms = patient_ms
        self._crowded_ms = crowded_ms
        self._crowded_until = 0.0
        self._patient: ConnectionPoolEntry | None = None

    def lend(self, record: ConnectionPoolEntry) -> int:
        """Return the time-out of a connection that is lent, in milliseconds."""
        if time.monotonic() >= self._crowded_until:
            return self._patient_ms
        if self._patient is None:
            self._patient = record
        return self._patient_ms if self._patient is record else self._crowded_ms

    def take_back(self, record: ConnectionPoolEntry) -> None:
        """Note that a connection is no longer lent."""
        if self._patient is record:
            self._patient = None

    def note_timeout(self, milliseconds: int) -> None:
        """Note that a lock was not released in time."""
        # A lock that is released soon can still take longer than a brief wait.
        if milliseconds == self._patient_ms:
            self._crowded_until = time.monotonic() + _CONTENDED_SECONDS


def watch_connections(
    engine: AsyncEngine, renewal: Renewal, crowded_ms: int, patient_ms: int = LOCK_TIMEOUT_MS
) -> None:
    """Set how long an engine waits for locks, and replace its connections after a failover."""
    patience = _LockPatience(patient_ms, crowded_ms)

    @event.listens_for(engine.sync_engine, "connect")
    def note_time(_connection: object, record: ConnectionPoolEntry) -> None:
        record.info[_OPENED_AT] = time.monotonic()
        record.info[_LOCK_TIMEOUT] = LOCK_TIMEOUT_MS

    @event.listens_for(engine.sync_engine, "checkout")
    def prepare(connection: Any, record: ConnectionPoolEntry, _proxy: object) -> None:
        if record.info[_OPENED_AT] <= renewal.renewed_at:
            raise DisconnectionError("the server was replaced")
        wanted = patience.lend(record)
        if record.info[_LOCK_TIMEOUT] != wanted:
            _set_lock_timeout(connection, wanted)
            record.info[_LOCK_TIMEOUT] = wanted

    @event.listens_for(engine.sync_engine, "checkin")
    def take_back(_connection: object, record: ConnectionPoolEntry) -> None:
        patience.take_back(record)

    @event.listens_for(engine.sync_engine, "handle_error")
    def learn(context: ExceptionContext) -> None:
        state = getattr(context.original_exception, "sqlstate", None)
        if state == _TERMINATED:
            # The pool replaces each of the other connections when it finds it closed.
            context.invalidate_pool_on_disconnect = False
        elif state == LOCK_NOT_AVAILABLE and context.connection is not None:
            patience.note_timeout(context.connection.info[_LOCK_TIMEOUT])
        elif state == READ_ONLY:
            # The primary server has become a replica, or its address now leads elsewhere.
            context.is_disconnect = True
            renewal.renew()


def _set_lock_timeout(connection: Any, milliseconds: int) -> None:
    # Not needed by SQLite.
    from asyncpg import (  # pylint: disable=import-outside-toplevel
        InterfaceError,
        PostgresError,
    )

    statement = f"SET lock_timeout = {milliseconds}"
    try:
        # The driver's cursor is used: SQLAlchemy would begin a transaction, whose end would undo
        # the change.
        connection.run_async(lambda driver: driver.execute(statement))
    except (PostgresError, InterfaceError, OSError, TimeoutError) as error:
        raise DisconnectionError(str(error)) from error
