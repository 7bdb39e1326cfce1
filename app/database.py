"""Connections to the shop's database, and the two kinds of session over them."""

import logging
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import URL, Connection, event, text
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import (
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)
from sqlalchemy.pool import AsyncAdaptedQueuePool

from app.errors import Unavailable

logger = logging.getLogger(__name__)

_STATEMENT_TIMEOUT_SECONDS = 15
_CONNECT_TIMEOUT_SECONDS = 5
_POOL_TIMEOUT_SECONDS = 10
_SQLITE_BUSY_TIMEOUT_SECONDS = 15
_SQLITE_READERS = 4
# What PostgreSQL says while it starts, stops, recovers, is full, or cancels a statement for us, and
# to whom it does not let in.
_OUTAGE_SQLSTATE_CLASSES = ("08", "28", "3D", "53", "57", "58")
_TRANSIENT_SQLSTATES = ("40001", "40P01", "55P03")


class Database:
    """Opens sessions: `write` is one transaction, `read` sees each statement's own snapshot."""

    def __init__(self, url: URL, *, pool_size: int = 10) -> None:
        self.url = url
        self.is_sqlite = url.get_backend_name() == "sqlite"
        self.writer = _sqlite_writer(url) if self.is_sqlite else _postgres(url, pool_size)
        reader = _sqlite_reader(url) if self.is_sqlite else self.writer
        # A read in AUTOCOMMIT costs one round trip instead of BEGIN, query, ROLLBACK.
        self.reader = reader.execution_options(isolation_level="AUTOCOMMIT")
        self._write_sessions = async_sessionmaker(self.writer, expire_on_commit=False)
        self._read_sessions = async_sessionmaker(self.reader, expire_on_commit=False)

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncSession]:
        """Open a transaction that commits at the end, or rolls back on an error.

        Raises:
            Unavailable: the database does not answer, or the transaction lost to another one.
        """
        async with outages():
            async with self._write_sessions.begin() as session:
                yield session

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        """Open a session that changes nothing.

        Raises:
            Unavailable: the database does not answer.
        """
        async with outages():
            async with self._read_sessions() as session:
                yield session

    async def ping(self) -> None:
        """Ask the database for a sign of life.

        Raises:
            Unavailable: there was none.
        """
        async with self.read() as session:
            await session.execute(text("SELECT 1"))

    async def close(self) -> None:
        """Close every connection."""
        await self.writer.dispose()
        await self.reader.dispose()


def is_outage(error: BaseException) -> bool:
    """Tell whether an error is the database's state and not the statement's fault."""
    if isinstance(error, (PoolTimeout, ConnectionError, TimeoutError)):
        return True
    if not isinstance(error, DBAPIError):
        return isinstance(error, OSError)
    if getattr(error.orig, "sqlite_errorcode", None) == sqlite3.SQLITE_ERROR:
        # SQLite calls a wrong statement operational too.
        return False
    state = getattr(error.orig, "sqlstate", None)
    if state is not None:
        return state[:2] in _OUTAGE_SQLSTATE_CLASSES or state in _TRANSIENT_SQLSTATES
    return error.connection_invalidated or isinstance(error, (OperationalError, InterfaceError))


def outage_reason(error: Unavailable) -> str:
    """Return what the driver said about an outage, without the advice of the libraries between."""
    cause = error.__cause__
    return str(getattr(cause, "orig", None) or cause or error)


@asynccontextmanager
async def outages() -> AsyncIterator[None]:
    """Turn the database's own state, when it is what failed, into a refusal.

    Raises:
        Unavailable: the database does not answer, or the transaction lost to another one.
    """
    try:
        yield
    except (DBAPIError, PoolTimeout, OSError) as error:
        if not is_outage(error):
            raise
        logger.warning("the database does not answer: %s", error)
        raise Unavailable(
            "the database does not answer, try again", retry_after_seconds=1
        ) from error


def _postgres(url: URL, pool_size: int) -> AsyncEngine:
    return create_async_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=_POOL_TIMEOUT_SECONDS,
        # A broken connection is noticed by its first use; asking before each use doubles a read.
        pool_pre_ping=False,
        skip_autocommit_rollback=True,
        connect_args={
            "timeout": _CONNECT_TIMEOUT_SECONDS,
            "command_timeout": _STATEMENT_TIMEOUT_SECONDS + 5,
            "server_settings": {
                "application_name": "lavka",
                "statement_timeout": str(_STATEMENT_TIMEOUT_SECONDS * 1000),
                "idle_in_transaction_session_timeout": "60000",
            },
        },
    )


def _sqlite_writer(url: URL) -> AsyncEngine:
    # SQLite has one writer at a time: one connection queues them in order, where several would
    # sleep and poll for the lock.
    engine = _sqlite(url, pool_size=1, skip_autocommit_rollback=False)

    @event.listens_for(engine.sync_engine, "begin")
    def begin_immediate(connection: Connection) -> None:
        # A deferred transaction that reads first and writes later fails at once when another
        # process wrote between; this one waits at its start.
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def _sqlite_reader(url: URL) -> AsyncEngine:
    return _sqlite(url, pool_size=_SQLITE_READERS, skip_autocommit_rollback=True)


def _sqlite(url: URL, *, pool_size: int, skip_autocommit_rollback: bool) -> AsyncEngine:
    engine = create_async_engine(
        url,
        poolclass=AsyncAdaptedQueuePool,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=_POOL_TIMEOUT_SECONDS * 3,
        # SQLAlchemy takes every connection that `configure` has seen for one in AUTOCOMMIT: the
        # writer's would never be rolled back.
        skip_autocommit_rollback=skip_autocommit_rollback,
    )

    @event.listens_for(engine.sync_engine, "connect")
    def configure(connection: Any, _record: object) -> None:
        # The driver's own transactions begin in the wrong places; ours are explicit.
        connection.isolation_level = None
        cursor = connection.cursor()
        # First the time-out, then WAL: the switch itself may find the file locked.
        cursor.execute(f"PRAGMA busy_timeout = {_SQLITE_BUSY_TIMEOUT_SECONDS * 1000}")
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA synchronous = NORMAL")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.close()

    return engine
