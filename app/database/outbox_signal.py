"""Signals that a message was written to the outbox."""

import asyncio
from contextlib import ExitStack, suppress
from typing import Any

from sqlalchemy import URL

from app.database.engines import CONNECT_TIMEOUT_SECONDS


class OutboxSignal:
    """A signal that this process sets, and others through PostgreSQL's LISTEN and NOTIFY."""

    def __init__(self, url: URL) -> None:
        self._url = url
        self._is_sqlite = url.get_backend_name() == "sqlite"
        self._written = asyncio.Event()
        self._listener: Any = None

    def set(self) -> None:
        """Signal that this process has written a message."""
        self._written.set()

    async def wait(self, timeout_seconds: float) -> None:
        """Wait until any process has written a message, or the time-out expires."""
        if not self._is_sqlite:
            await self._listen()
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_seconds):
                await self._written.wait()
        self._written.clear()

    async def _listen(self) -> None:
        """Listen for the messages of other processes; if this fails, the time-out remains."""
        if self._listener is not None and not self._listener.is_closed():
            return
        # Imported here because SQLite does not need it.
        import asyncpg  # pylint: disable=import-outside-toplevel

        self._listener, url = None, self._url
        with (
            suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError),
            ExitStack() as unfinished,
        ):
            connection = await asyncpg.connect(
                host=url.host,
                port=url.port,
                user=url.username,
                password=url.password,
                database=url.database,
                timeout=CONNECT_TIMEOUT_SECONDS,
            )
            unfinished.callback(connection.terminate)
            await connection.add_listener("outbox", lambda *_: self._written.set())
            unfinished.pop_all()
            self._listener = connection

    async def close(self) -> None:
        """Close the listening connection."""
        if self._listener is not None:
            with suppress(Exception):
                await self._listener.close(timeout=CONNECT_TIMEOUT_SECONDS)
