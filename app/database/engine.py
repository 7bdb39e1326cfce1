"""Connections to the shop's database, and the two kinds of session over them."""

import asyncio
import logging
import sqlite3
import time
from collections.abc import AsyncIterator, Collection, Iterable
from contextlib import asynccontextmanager, suppress
from typing import Any, Protocol, cast

from sqlalchemy import URL, Connection, ExceptionContext, event, text
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import (
    AsyncConnection,
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)
from sqlalchemy.orm import Session
from sqlalchemy.pool import AsyncAdaptedQueuePool

from app.cache.tags import tags_of
from app.errors import DomainError, Unavailable
from app.observability.sql_tracing import trace_statements

logger = logging.getLogger(__name__)

_STATEMENT_TIMEOUT_SECONDS = 15
# The server's own limit comes first, and says what it was.
_ANSWER_TIMEOUT_SECONDS = 20
_CONNECT_TIMEOUT_SECONDS = 5
_POOL_TIMEOUT_SECONDS = 10
_SQLITE_BUSY_TIMEOUT_SECONDS = 15
_SQLITE_READERS = 4
_WAL_TRIES = 100
_WAL_PAUSE_SECONDS = 0.01
# What PostgreSQL says while it starts, stops, recovers, is full, or cancels a statement for us, and
# to whom it does not let in.
_OUTAGE_SQLSTATE_CLASSES = ("08", "28", "3D", "53", "57", "58")
_TRANSIENT_SQLSTATES = ("40001", "40P01", "55P03")
_CHANGED = "changed_tags"


class Dropper(Protocol):
    """Whoever drops from the cache what a transaction has changed."""

    async def note_drop(self, session: AsyncSession, tags: Collection[str]) -> Any:
        """Write down in the transaction, before its end, what is to be dropped."""

    async def drop(self, tags: Collection[str], note: Any) -> None:
        """Drop it, after the transaction and before anybody is told of its success."""


class ShopSession(Session):
    """A session that remembers what its transaction has changed."""


@event.listens_for(ShopSession, "after_flush")
def _note_rows(session: Session, _context: object) -> None:
    for row in (*session.new, *session.dirty, *session.deleted):
        note_changed(session, tags_of(row))


def note_changed(session: Session | AsyncSession, tags: Iterable[str]) -> None:
    """Remember a change that was made by a statement and not by way of a model."""
    session.info.setdefault(_CHANGED, set()).update(tags)


class Database:
    """Opens sessions: `write` is one transaction, `read` sees each statement's own snapshot."""

    def __init__(self, url: URL, dropper: Dropper | None = None, *, pool_size: int = 10) -> None:
        self.url = url
        self._dropper = dropper
        self.is_sqlite = url.get_backend_name() == "sqlite"
        self.writer = _sqlite_writer(url) if self.is_sqlite else _postgres(url, pool_size)
        reader = _sqlite_reader(url) if self.is_sqlite else self.writer
        # A read in AUTOCOMMIT costs one round trip instead of BEGIN, query, ROLLBACK.
        self.reader = reader.execution_options(isolation_level="AUTOCOMMIT")
        self._write_sessions = async_sessionmaker(
            self.writer, expire_on_commit=False, sync_session_class=ShopSession
        )
        self._read_sessions = async_sessionmaker(self.reader, expire_on_commit=False)
        trace_statements(self.writer, reader)
        self._outbox_written = asyncio.Event()
        self._listener: Any = None
        self._data_version: int | None = None

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncSession]:
        """Open a transaction that commits at the end, or rolls back on an error.

        It begins with the first statement. A refusal that keeps its changes commits them.

        Raises:
            Unavailable: the database does not answer, or the transaction lost to another one.
        """
        async with outages(), self._write_sessions() as session:
            try:
                yield session
            except DomainError as refusal:
                if refusal.keeps_changes:
                    await self._commit(session)
                raise
            await self._commit(session)
            if session.info.get("writes_outbox"):
                self._outbox_written.set()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        """Open a session that changes nothing.

        Raises:
            Unavailable: the database does not answer.
        """
        async with outages():
            async with self._read_sessions() as session:
                yield session

    @asynccontextmanager
    async def reshape(self) -> AsyncIterator[AsyncConnection]:
        """Open a transaction that changes the schema, and takes the time that this takes.

        Raises:
            Unavailable: the database does not answer.
        """
        engine = self.writer if self.is_sqlite else _postgres(self.url, 1, is_patient=True)
        try:
            async with outages(), engine.begin() as connection:
                yield connection
        finally:
            if engine is not self.writer:
                await engine.dispose()

    async def _commit(self, session: AsyncSession) -> None:
        try:
            await session.flush()
            tags = session.info.get(_CHANGED)
            if not tags or self._dropper is None:
                await session.commit()
                return
            note = await self._dropper.note_drop(session, tags)
            try:
                await session.commit()
            finally:
                # A commit that fails without an answer may have been one all the same.
                await self._dropper.drop(tags, note)
        except BaseException:
            # Closing a session does not end a transaction that could not be committed.
            await session.rollback()
            raise

    async def is_changed_elsewhere(self) -> bool:
        """Tell whether another process has changed a SQLite database since the last time."""
        # It says so to the connection of all our own changes, which it does not count.
        async with self.writer.connect() as connection:
            driver: Any = (await connection.get_raw_connection()).driver_connection
            # Not by way of SQLAlchemy, which would begin a transaction.
            ((version,),) = await driver.execute_fetchall("PRAGMA data_version")
        before, self._data_version = self._data_version, int(version)
        return before != self._data_version

    async def outbox_written(self, timeout_seconds: float) -> None:
        """Wait until a message was written to the outbox, by whatever process, or for so long."""
        if not self.is_sqlite:
            await self._listen()
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_seconds):
                await self._outbox_written.wait()
        self._outbox_written.clear()

    async def _listen(self) -> None:
        """Have PostgreSQL tell of what other processes write; without it, time-outs must do."""
        if self._listener is not None and not self._listener.is_closed():
            return
        # SQLite has no use for it.
        import asyncpg  # pylint: disable=import-outside-toplevel

        url = self.url
        try:
            self._listener = await asyncpg.connect(
                host=url.host,
                port=url.port,
                user=url.username,
                password=url.password,
                database=url.database,
                timeout=_CONNECT_TIMEOUT_SECONDS,
            )
            await self._listener.add_listener("outbox", lambda *_: self._outbox_written.set())
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError):
            self._listener = None

    async def ping(self) -> None:
        """Ask the database for a sign of life.

        Raises:
            Unavailable: there was none.
        """
        async with self.read() as session:
            await session.execute(text("SELECT 1"))

    @property
    def connections_in_use(self) -> int:
        """Connections that are lent at present."""
        return sum(pool.checkedout() for pool in self._pools)

    @property
    def connections_at_most(self) -> int:
        """Connections that there may be."""
        return sum(pool.size() for pool in self._pools)

    @property
    def _pools(self) -> set[AsyncAdaptedQueuePool]:
        engines = (self.writer, self.reader)
        return {cast(AsyncAdaptedQueuePool, each.sync_engine.pool) for each in engines}

    async def close(self) -> None:
        """Close every connection."""
        if self._listener is not None:
            with suppress(Exception):
                await self._listener.close(timeout=_CONNECT_TIMEOUT_SECONDS)
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


def _postgres(url: URL, pool_size: int, *, is_patient: bool = False) -> AsyncEngine:
    server_settings = {"application_name": "lavka"}
    if not is_patient:
        server_settings |= {
            "statement_timeout": str(_STATEMENT_TIMEOUT_SECONDS * 1000),
            "idle_in_transaction_session_timeout": "60000",
        }
    engine = create_async_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=_POOL_TIMEOUT_SECONDS,
        # A broken connection is noticed by its first use; asking before each use doubles a read.
        pool_pre_ping=False,
        skip_autocommit_rollback=True,
        hide_parameters=True,
        connect_args={
            "timeout": _CONNECT_TIMEOUT_SECONDS,
            "command_timeout": None if is_patient else _ANSWER_TIMEOUT_SECONDS,
            "server_settings": server_settings,
        },
    )

    @event.listens_for(engine.sync_engine, "handle_error")
    def forget_values(context: ExceptionContext) -> None:
        # The server repeats the row that it refuses, and the traceback would log it.
        cause = context.original_exception.__cause__
        if getattr(cause, "detail", None) and getattr(cause, "sqlstate", "")[:2] == "23":
            setattr(cause, "detail", None)

    return engine


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


def _switch_to_wal(cursor: Any) -> None:
    """Have a database written ahead; of several that find it new, one does it."""
    for _ in range(_WAL_TRIES):
        try:
            cursor.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            # Of two that switch at once SQLite refuses one without waiting for the other.
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise
            time.sleep(_WAL_PAUSE_SECONDS)
    cursor.execute("PRAGMA journal_mode = WAL")


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
        hide_parameters=True,
    )

    @event.listens_for(engine.sync_engine, "connect")
    def configure(connection: Any, _record: object) -> None:
        # The driver's own transactions begin in the wrong places; ours are explicit.
        connection.isolation_level = None
        cursor = connection.cursor()
        # First the time-out, then WAL: the switch itself may find the file locked.
        cursor.execute(f"PRAGMA busy_timeout = {_SQLITE_BUSY_TIMEOUT_SECONDS * 1000}")
        _switch_to_wal(cursor)
        cursor.execute("PRAGMA synchronous = NORMAL")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.close()

    return engine
