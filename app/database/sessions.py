"""The two kinds of database session, `write` and `read`, and the choice between them."""

from collections.abc import AsyncIterator, Collection, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Protocol, cast

from sqlalchemy import URL, event
from sqlalchemy.ext.asyncio import (
    AsyncConnection,
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
)
from sqlalchemy.orm import Session
from sqlalchemy.pool import AsyncAdaptedQueuePool

from app.cache.areas import tags_of
from app.database.data_file import DataFile
from app.database.deadline import committing
from app.database.engines import postgres_engine, sqlite_reader_engine, sqlite_writer_engine
from app.database.outages import outages
from app.database.outbox_signal import OutboxSignal
from app.database.pools import Renewal, watch_connections
from app.database.probe import Probe
from app.errors import DomainError
from app.observability.sql_tracing import trace_statements

__all__ = ["AsyncSession", "Database", "Dropper", "ShopSession", "mark_changed"]

_CHANGED = "changed_tags"
# The maximum wait for a lock while others are held for long. A read waits only for a lock on a
# whole table.
_CONTENDED_WRITES_MS = 50
_CONTENDED_READS_MS = 20
# The maximum wait for a lock of a transaction that serves several requests.
_HASTY_MS = 250
_FEW_CONNECTIONS = 4


class Dropper(Protocol):
    """Drops from the cache what a transaction has changed."""

    async def record_drop(self, session: AsyncSession, tags: Collection[str]) -> Any:
        """Record the tags to drop in the transaction, before it ends."""

    async def drop(self, tags: Collection[str], note: Any) -> None:
        """Drop the tags after the transaction, before its success is reported."""


class ShopSession(Session):
    """A session that collects the cache tags of what its transaction changes."""


@event.listens_for(ShopSession, "after_flush")
def _collect_changed_rows(session: Session, _context: object) -> None:
    for row in (*session.new, *session.dirty, *session.deleted):
        mark_changed(session, tags_of(row))


def mark_changed(session: Session | AsyncSession, tags: Iterable[str]) -> None:
    """Collect the tags of a change that was made by a statement instead of a model."""
    session.info.setdefault(_CHANGED, set()).update(tags)


class Database:
    """Opens sessions: `write` is a transaction; in `read`, each statement has its own snapshot."""

    def __init__(
        self,
        url: URL,
        dropper: Dropper | None = None,
        *,
        pool_size: int = 10,
        info: Mapping[str, object] | None = None,
    ) -> None:
        self.url = url
        self._dropper = dropper
        self.is_sqlite = url.get_backend_name() == "sqlite"
        self.writer, hasty_writer, reader = (
            _sqlite_engines(url) if self.is_sqlite else _engines(url, pool_size)
        )
        self._file = DataFile(Path(url.database)) if self.is_sqlite and url.database else None
        if self._file is not None:
            # The check precedes the connection, which would create a new file in place of a deleted
            # one.
            for engine in (self.writer, reader):
                event.listen(engine.sync_engine, "do_connect", self._file.check_before_connecting)
        # A read in AUTOCOMMIT costs one round trip instead of BEGIN, query, ROLLBACK.
        self.reader = reader.execution_options(isolation_level="AUTOCOMMIT")
        self.engines = tuple(dict.fromkeys((self.writer, hasty_writer, self.reader)))
        """The different engines, each with connections of its own."""
        self._write_sessions, self._hasty_sessions = (
            async_sessionmaker(
                engine,
                expire_on_commit=False,
                sync_session_class=ShopSession,
                info=dict(info or {}),
            )
            for engine in (self.writer, hasty_writer)
        )
        self._read_sessions = async_sessionmaker(
            self.reader, expire_on_commit=False, info=dict(info or {})
        )
        trace_statements(self.writer, hasty_writer, reader)
        self._outbox = OutboxSignal(url)
        self._probe = Probe(url, reader)
        self._data_version: int | None = None

    @asynccontextmanager
    async def write(self, *, is_hasty: bool = False) -> AsyncIterator[AsyncSession]:
        """Open a transaction that commits at the end, or rolls back on an error.

        It begins with the first statement. A domain error with `keeps_changes` commits. A hasty
        transaction does not wait long for a lock; only one is open at a time.

        Raises:
            Unavailable: the database does not answer, or the transaction had a conflict.
        """
        sessions = self._hasty_sessions if is_hasty else self._write_sessions
        async with outages(), sessions() as session:
            self._check_file()
            try:
                yield session
            except DomainError as refusal:
                if refusal.keeps_changes:
                    await self._commit(session)
                raise
            await self._commit(session)
            if session.info.get("writes_outbox"):
                self._outbox.set()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        """Open a session for reads.

        Raises:
            Unavailable: the database does not answer.
        """
        async with outages():
            async with self._read_sessions() as session:
                yield session

    @asynccontextmanager
    async def request_session(
        self, open_session: AsyncSession | None, *, is_read: bool
    ) -> AsyncIterator[AsyncSession]:
        """Open the session of an HTTP request: a transaction, or a session for reads only.

        A request with an idempotency key already has an open session, which is returned; its owner
        commits it.

        Raises:
            Unavailable: the database does not answer, or the transaction had a conflict.
        """
        if open_session is not None:
            async with outages():
                yield open_session
        else:
            async with self.read() if is_read else self.write() as session:
                yield session

    @asynccontextmanager
    async def rehearse(self) -> AsyncIterator[AsyncSession]:
        """Open a transaction that writes and is always rolled back.

        Raises:
            Unavailable: the database does not answer, or the transaction had a conflict.
        """
        async with outages(), self._write_sessions() as session:
            yield session

    @asynccontextmanager
    async def reshape(self) -> AsyncIterator[AsyncConnection]:
        """Open a transaction that changes the schema, without a time limit.

        Raises:
            Unavailable: the database does not answer.
        """
        engine = self.writer if self.is_sqlite else postgres_engine(self.url, 1, is_patient=True)
        try:
            async with outages(), engine.begin() as connection:
                yield connection
            self._announce_change()
        finally:
            if engine is not self.writer:
                await engine.dispose()

    async def _commit(self, session: AsyncSession) -> None:
        try:
            await session.flush()
            tags = session.info.get(_CHANGED)
            if not tags or self._dropper is None:
                with committing():
                    await session.commit()
            else:
                note = await self._dropper.record_drop(session, tags)
                with committing():
                    try:
                        await session.commit()
                    finally:
                        # A commit that fails without an answer may still have succeeded.
                        await self._dropper.drop(tags, note)
        except BaseException:
            # Closing a session does not end a transaction that could not be committed.
            await session.rollback()
            raise
        finally:
            self._announce_change()
        # The check precedes the report of success, because everything in a deleted file is lost.
        self._check_file()

    def _check_file(self) -> None:
        if self._file is not None:
            self._file.check()

    def _announce_change(self) -> None:
        if self._file is not None:
            self._file.announce_change()

    def is_change_announced(self) -> bool:
        """Return whether another process has changed a SQLite database since the last call.

        Unlike `is_changed_elsewhere`, this is cheap, and notices only the processes of the shop.
        """
        return self._file is not None and self._file.is_change_announced()

    async def is_changed_elsewhere(self) -> bool:
        """Return whether another process has changed a SQLite database since the last call."""
        # The version does not count changes by its own connection, which makes all changes of this
        # process.
        async with self.writer.connect() as connection:
            driver: Any = (await connection.get_raw_connection()).driver_connection
            # The query bypasses SQLAlchemy, which would begin a transaction.
            ((version,),) = await driver.execute_fetchall("PRAGMA data_version")
        before, self._data_version = self._data_version, int(version)
        return before != self._data_version

    async def outbox_written(self, timeout_seconds: float) -> None:
        """Wait until any process has written to the outbox, or the time-out expires."""
        await self._outbox.wait(timeout_seconds)

    async def ping(self) -> None:
        """Check that the database answers and can be written.

        Raises:
            Unavailable: the database does not answer, or is read-only.
        """
        async with outages():
            self._check_file()
        await self._probe.ask()

    @property
    def connections_in_use(self) -> int:
        """The connections that are currently in use."""
        return sum(pool.checkedout() for pool in self._pools)

    @property
    def connections_at_most(self) -> int:
        """The size of the connection pools."""
        return sum(pool.size() for pool in self._pools)

    @property
    def _pools(self) -> set[AsyncAdaptedQueuePool]:
        return {cast(AsyncAdaptedQueuePool, each.sync_engine.pool) for each in self.engines}

    async def close(self) -> None:
        """Close every connection."""
        await self._outbox.close()
        await self._probe.close()
        for engine in self.engines:
            await engine.dispose()


def _engines(url: URL, connections: int) -> tuple[AsyncEngine, AsyncEngine, AsyncEngine]:
    """Return the engines of writes, hasty writes and reads, which share the connections."""
    # Reads have connections that writes, which may wait for locks, cannot take.
    readers = max(connections * 2 // 5, 1)
    hasty_writers = int(connections >= _FEW_CONNECTIONS)
    writer = postgres_engine(url, max(connections - readers - hasty_writers, 1))
    reader = postgres_engine(url, readers)
    renewal = Renewal()
    watch_connections(writer, renewal, _CONTENDED_WRITES_MS)
    watch_connections(reader, renewal, _CONTENDED_READS_MS)
    if not hasty_writers:
        return writer, writer, reader
    # Hasty writes have their own connection: a change of the time-out costs a round trip.
    hasty = postgres_engine(url, hasty_writers)
    watch_connections(hasty, renewal, _HASTY_MS, _HASTY_MS)
    return writer, hasty, reader


def _sqlite_engines(url: URL) -> tuple[AsyncEngine, AsyncEngine, AsyncEngine]:
    writer = sqlite_writer_engine(url)
    return writer, writer, sqlite_reader_engine(url)
