"""Engines for PostgreSQL and for SQLite: pools, time limits and connection settings."""

import sqlite3
import time
from typing import Any

from sqlalchemy import URL, Connection, ExceptionContext, event
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from app.database.pools import LOCK_TIMEOUT_MS, ClosingPool, PatientPool

CONNECT_TIMEOUT_SECONDS = 5
_STATEMENT_TIMEOUT_SECONDS = 15
# Longer than the server's limit, which gives the clearer error.
_ANSWER_TIMEOUT_SECONDS = 20
_POOL_TIMEOUT_SECONDS = 10
# Shorter than the time limit of a request: a thread that waits for a lock cannot be cancelled.
_SQLITE_BUSY_TIMEOUT_SECONDS = 3
_SQLITE_READERS = 4
_WAL_TRIES = 100
_WAL_PAUSE_SECONDS = 0.01


def postgres_engine(url: URL, pool_size: int, *, is_patient: bool = False) -> AsyncEngine:
    """Return an engine for PostgreSQL; with `is_patient`, statements have no time limit."""
    # Not needed by SQLite.
    from app.database.driver import DriverConnection  # pylint: disable=import-outside-toplevel

    server_settings = {"application_name": "lavka"}
    if not is_patient:
        server_settings |= {
            "statement_timeout": str(_STATEMENT_TIMEOUT_SECONDS * 1000),
            "lock_timeout": str(LOCK_TIMEOUT_MS),
            "idle_in_transaction_session_timeout": "60000",
        }
    engine = create_async_engine(
        url,
        poolclass=PatientPool,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=_POOL_TIMEOUT_SECONDS,
        # A broken connection is noticed at its first use; a ping before each use doubles a read.
        pool_pre_ping=False,
        skip_autocommit_rollback=True,
        hide_parameters=True,
        connect_args={
            "connection_class": DriverConnection,
            "timeout": CONNECT_TIMEOUT_SECONDS,
            "command_timeout": None if is_patient else _ANSWER_TIMEOUT_SECONDS,
            "server_settings": server_settings,
        },
    )

    @event.listens_for(engine.sync_engine, "handle_error")
    def remove_values(context: ExceptionContext) -> None:
        # The server quotes the rejected row, and the traceback would log it.
        cause = context.original_exception.__cause__
        if getattr(cause, "detail", None) and getattr(cause, "sqlstate", "")[:2] == "23":
            setattr(cause, "detail", None)

    return engine


def sqlite_writer_engine(url: URL) -> AsyncEngine:
    """Return the engine of SQLite's one writing connection."""
    # SQLite has one writer at a time: one connection queues the transactions in order, while
    # several would sleep and poll for the lock.
    # FULL: after a power failure, everything that was acknowledged is on the disk.
    engine = _sqlite(url, pool_size=1, synchronous="FULL", skip_autocommit_rollback=False)

    @event.listens_for(engine.sync_engine, "begin")
    def begin_immediate(connection: Connection) -> None:
        # A deferred transaction that reads first and writes later fails if another process wrote
        # in between; this one waits at its start.
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def sqlite_reader_engine(url: URL) -> AsyncEngine:
    """Return the engine for reads from SQLite."""
    return _sqlite(
        url, pool_size=_SQLITE_READERS, synchronous="NORMAL", skip_autocommit_rollback=True
    )


def sqlite_probe_engine(url: URL) -> AsyncEngine:
    """Return the engine of the connection that checks SQLite; it does not wait for locks."""
    return _sqlite(
        url, pool_size=1, synchronous="NORMAL", skip_autocommit_rollback=True, busy_seconds=0
    )


def _switch_to_wal(cursor: Any) -> None:
    """Switch a database to write-ahead logging; several processes may do so at once."""
    for _ in range(_WAL_TRIES):
        try:
            cursor.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            # If two switch at once, SQLite rejects one without waiting for the other.
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise
            time.sleep(_WAL_PAUSE_SECONDS)
    cursor.execute("PRAGMA journal_mode = WAL")


def _configure(connection: Any, synchronous: str) -> None:
    # The driver begins transactions in the wrong places; the shop begins them explicitly.
    connection.isolation_level = None
    cursor = connection.cursor()
    _switch_to_wal(cursor)
    cursor.execute(f"PRAGMA synchronous = {synchronous}")
    cursor.execute("PRAGMA foreign_keys = ON")


def _sqlite(
    url: URL,
    *,
    pool_size: int,
    synchronous: str,
    skip_autocommit_rollback: bool,
    busy_seconds: int = _SQLITE_BUSY_TIMEOUT_SECONDS,
) -> AsyncEngine:
    # Not needed by PostgreSQL.
    from app.database.sqlite.driver import Driver  # pylint: disable=import-outside-toplevel

    engine = create_async_engine(
        url,
        poolclass=ClosingPool,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=_POOL_TIMEOUT_SECONDS * 3,
        # SQLAlchemy takes connections with `isolation_level = None` for AUTOCOMMIT: the writer's
        # would never be rolled back.
        skip_autocommit_rollback=skip_autocommit_rollback,
        hide_parameters=True,
        module=Driver(),
        connect_args={"timeout": busy_seconds},
        # Otherwise a read's connection is set to it, and back, each time.
        isolation_level="AUTOCOMMIT" if skip_autocommit_rollback else None,
    )

    @event.listens_for(engine.sync_engine, "connect")
    def configure(connection: Any, _record: object) -> None:
        try:
            _configure(connection, synchronous)
        except BaseException:
            # The pool does not know this connection yet, and the garbage collector would have to
            # close it.
            connection.terminate()
            raise

    return engine
