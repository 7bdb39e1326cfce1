"""A connection to PostgreSQL that knows its types, and is closed in the background."""

import asyncio
from collections.abc import Collection, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

import asyncpg

# PostgreSQL's own types have ids below, which are the same in each database and version.
_FIRST_OTHER_TYPE = 10_000
_CLOSING: set[asyncio.Task[None]] = set()
_KNOWN_TYPES: dict[frozenset[int], Sequence[Any]] = {}


class _NoStatement(NamedTuple):
    """Tells the driver that no query was sent, so that its current statement is still prepared."""

    name: str = "none"


class DriverConnection(asyncpg.Connection):  # type: ignore[misc]  # the driver has no types
    """A connection of the driver, closed in the background if its statement was abandoned."""

    async def _introspect_types(
        self, typeoids: Collection[int], timeout: float | None
    ) -> tuple[Sequence[Any], Any]:
        # The driver asks for the types of arrays on each connection, with a recursive query that
        # takes as long as an order.
        wanted = frozenset(typeoids)
        if wanted in _KNOWN_TYPES:
            return _KNOWN_TYPES[wanted], _NoStatement()
        types, statement = await super()._introspect_types(typeoids, timeout)
        if max(wanted) < _FIRST_OTHER_TYPE:
            _KNOWN_TYPES[wanted] = types
        return types, statement

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
