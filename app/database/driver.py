"""A connection to PostgreSQL that is closed in the background."""

import asyncio
from contextlib import suppress

import asyncpg

_CLOSING: set[asyncio.Task[None]] = set()


class DriverConnection(asyncpg.Connection):  # type: ignore[misc]  # the driver has no types
    """A connection of the driver, closed in the background if its statement was abandoned."""

    async def close(self, *, timeout: float | None = None) -> None:
        """Close the connection; with a time-out, return at once.

        SQLAlchemy gives a time-out if a statement was cancelled or has failed. The server is told
        to cancel it, and a server that does not answer would delay the answer to the caller.
        """
        if timeout is None:
            await super().close()
        else:
            task = asyncio.ensure_future(self._end(timeout))
            _CLOSING.add(task)
            task.add_done_callback(_CLOSING.discard)

    async def _end(self, timeout: float) -> None:
        with suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError):
            await super().close(timeout=timeout)
