"""Checks, over a separate connection, whether the database can be written."""

import asyncio
import sqlite3

from sqlalchemy import URL, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine

from app.database.engines import postgres_engine, sqlite_probe_engine
from app.database.outages import outages
from app.database.pools import TOO_MANY_CONNECTIONS
from app.errors import Unavailable

_TIMEOUT_SECONDS = 1.5
_IS_READ_ONLY = text("SELECT current_setting('transaction_read_only')::boolean")


class Probe:
    """The check of a database, which does not wait for a connection of the pools."""

    def __init__(self, url: URL, reader: AsyncEngine) -> None:
        self._is_sqlite = url.get_backend_name() == "sqlite"
        self._reader = reader
        self._engine = sqlite_probe_engine(url) if self._is_sqlite else postgres_engine(url, 1)

    async def ask(self) -> None:
        """Check that the database answers and can be written.

        Raises:
            Unavailable: the database does not answer, or is read-only.
        """
        async with outages(), asyncio.timeout(_TIMEOUT_SECONDS):
            await (self._ask_sqlite() if self._is_sqlite else self._ask_postgres())

    async def close(self) -> None:
        """Close the connection."""
        await self._engine.dispose()

    async def _ask_postgres(self) -> None:
        try:
            await self._ask_by(self._engine)
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) != TOO_MANY_CONNECTIONS:
                raise
            # The shop can serve if it has any connection.
            await self._ask_by(self._reader)

    async def _ask_by(self, engine: AsyncEngine) -> None:
        engine = engine.execution_options(isolation_level="AUTOCOMMIT")
        async with engine.connect() as connection:
            if await connection.scalar(_IS_READ_ONLY):
                # The next check connects again, to the server that then has the address.
                await connection.invalidate()
                raise Unavailable("the database is read-only", retry_after_seconds=1)

    async def _ask_sqlite(self) -> None:
        engine = self._engine.execution_options(isolation_level="AUTOCOMMIT")
        async with engine.connect() as connection:
            try:
                await connection.exec_driver_sql("BEGIN IMMEDIATE")
            except OperationalError as error:
                # Another connection is writing, so the database can be written.
                code = getattr(error.orig, "sqlite_errorcode", 0)
                if code & 0xFF != sqlite3.SQLITE_BUSY:
                    raise
            else:
                await connection.exec_driver_sql("ROLLBACK")
