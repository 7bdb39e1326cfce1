"""The connection of a web process to RabbitMQ, for its health and its queue depths."""

import asyncio
import logging
from contextlib import AsyncExitStack, suppress
from typing import TYPE_CHECKING

from app.errors import Unavailable
from app.observability.rare_warning import RareWarning
from app.settings import Settings

if TYPE_CHECKING:
    from aio_pika.abc import AbstractChannel, AbstractConnection

logger = logging.getLogger(__name__)

_CONNECT_SECONDS = 2.0
_CLOSE_SECONDS = 0.2
_WATCH_SECONDS = 30.0


class BrokerLink:
    """One connection, which is opened at its first use and again after it was lost.

    A connection for each probe would fill the broker's log.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._opening = asyncio.Lock()
        self._connection: AbstractConnection | None = None
        self._channel: AbstractChannel | None = None
        self._stack = AsyncExitStack()
        self._warning = RareWarning(
            logger, "RabbitMQ is unavailable, and commands and events wait in the database: %s"
        )

    async def connection(self) -> "AbstractConnection":
        """Return the open connection.

        Raises:
            Unavailable: the broker is not available, or refuses the connection.
        """
        async with self._opening:
            if self._connection is None or self._connection.is_closed:
                self._connection = await self._open()
            return self._connection

    async def ping(self) -> None:
        """Ask the broker for an answer.

        An open connection alone proves nothing: it stays open while the broker hangs.

        Raises:
            Unavailable: the broker is not available, or its answer is not valid.
        """
        connection = await self.connection()
        answered = False
        try:
            if self._channel is None or self._channel.is_closed:
                self._channel = await connection.channel(publisher_confirms=False)
            await self._channel.set_qos(prefetch_count=1)
            answered = True
        # The library raises exceptions of many classes when a connection ends.
        except Exception as error:  # pylint: disable=broad-exception-caught
            raise self._unavailable(error) from error
        finally:
            if not answered:
                # This also runs if the caller no longer waits.
                self._connection = self._channel = None
        if self._warning.reset():
            logger.info("RabbitMQ is available again")

    async def watch(self) -> None:
        """Log when the broker becomes unavailable or available, until cancelled."""
        while True:
            with suppress(Unavailable, TimeoutError):
                async with asyncio.timeout(_CONNECT_SECONDS * 2):
                    await self.ping()
            await asyncio.sleep(_WATCH_SECONDS)

    async def close(self) -> None:
        """Close the connection."""
        await self._stack.aclose()

    async def _open(self) -> "AbstractConnection":
        # The web process uses the client only here, and not at its start.
        # pylint: disable=import-outside-toplevel
        from app.messaging.rabbitmq.broker import BrokerLost, connected

        await self._stack.aclose()
        self._connection = self._channel = None
        try:
            return await self._stack.enter_async_context(
                connected(
                    self._settings, connect_seconds=_CONNECT_SECONDS, close_seconds=_CLOSE_SECONDS
                )
            )
        except BrokerLost as error:
            raise self._unavailable(error) from error

    def _unavailable(self, error: Exception) -> Unavailable:
        self._warning.log(str(error) or type(error).__name__)
        return Unavailable("RabbitMQ does not answer")
