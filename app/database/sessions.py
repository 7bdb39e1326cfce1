"""The two kinds of session over the shop's database: `write` and `read`."""

from collections.abc import AsyncIterator, Collection, Iterable
from contextlib import asynccontextmanager
from typing import Any, Protocol, cast

from sqlalchemy import URL, event, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession, async_sessionmaker
from sqlalchemy.orm import Session
from sqlalchemy.pool import AsyncAdaptedQueuePool

from app.cache.areas import tags_of
from app.database.engines import postgres_engine, sqlite_reader_engine, sqlite_writer_engine
from app.database.outages import outages
from app.database.outbox_signal import OutboxSignal
from app.errors import DomainError
from app.observability.sql_tracing import trace_statements

__all__ = ["AsyncSession", "Database", "Dropper", "ShopSession", "mark_changed"]

_CHANGED = "changed_tags"


class Dropper(Protocol):
    """Whoever drops from the cache what a transaction has changed."""

    async def record_drop(self, session: AsyncSession, tags: Collection[str]) -> Any:
        """Write down in the transaction, before its end, what is to be dropped."""

    async def drop(self, tags: Collection[str], note: Any) -> None:
        """Drop it, after the transaction and before anybody is told of its success."""


class ShopSession(Session):
    """A session that remembers what its transaction has changed."""


@event.listens_for(ShopSession, "after_flush")
def _note_rows(session: Session, _context: object) -> None:
    for row in (*session.new, *session.dirty, *session.deleted):
        mark_changed(session, tags_of(row))


def mark_changed(session: Session | AsyncSession, tags: Iterable[str]) -> None:
    """Remember a change that was made by a statement and not by way of a model."""
    session.info.setdefault(_CHANGED, set()).update(tags)


class Database:
    """Opens sessions: `write` is one transaction, `read` sees each statement's own snapshot."""

    def __init__(self, url: URL, dropper: Dropper | None = None, *, pool_size: int = 10) -> None:
        self.url = url
        self._dropper = dropper
        self.is_sqlite = url.get_backend_name() == "sqlite"
        self.writer = (
            sqlite_writer_engine(url) if self.is_sqlite else postgres_engine(url, pool_size)
        )
        reader = sqlite_reader_engine(url) if self.is_sqlite else self.writer
        # A read in AUTOCOMMIT costs one round trip instead of BEGIN, query, ROLLBACK.
        self.reader = reader.execution_options(isolation_level="AUTOCOMMIT")
        self._write_sessions = async_sessionmaker(
            self.writer, expire_on_commit=False, sync_session_class=ShopSession
        )
        self._read_sessions = async_sessionmaker(self.reader, expire_on_commit=False)
        trace_statements(self.writer, reader)
        self._outbox = OutboxSignal(url)
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
                self._outbox.set()

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
        engine = self.writer if self.is_sqlite else postgres_engine(self.url, 1, is_patient=True)
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
            note = await self._dropper.record_drop(session, tags)
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
        await self._outbox.wait(timeout_seconds)

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
        await self._outbox.close()
        await self.writer.dispose()
        await self.reader.dispose()
