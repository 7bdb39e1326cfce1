"""The numbers of messages that wait on RabbitMQ's queues."""

import asyncio
import time

from app.core.queues import REPORT_QUEUE, dead_letter_queue, returned_queue
from app.messaging.commands import COMMANDS
from app.settings import Settings

QUEUES = (
    *COMMANDS,
    *map(dead_letter_queue, COMMANDS),
    *map(returned_queue, COMMANDS),
    REPORT_QUEUE,
)
_TIMEOUT_SECONDS = 1.0
_CLOSE_SECONDS = 0.2
_CACHE_SECONDS = 5.0


class QueueDepths:
    """Reads queue depths over a short-lived connection, and caches them."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._fetching = asyncio.Lock()
        self._fetched_at = -_CACHE_SECONDS
        self._depths: dict[str, int] = {}

    async def read(self) -> dict[str, int]:
        """Return the depths by queue, a few seconds old at most; none without RabbitMQ."""
        async with self._fetching:
            if time.monotonic() - self._fetched_at >= _CACHE_SECONDS:
                self._depths = await self._fetch()
                self._fetched_at = time.monotonic()
        return self._depths

    async def _fetch(self) -> dict[str, int]:
        # The web process has no other use for the client, whose import takes a quarter of a second.
        # pylint: disable=import-outside-toplevel
        from aio_pika.exceptions import AMQPError, ChannelNotFoundEntity

        from app.messaging.rabbitmq.broker import BrokerLost, connected

        depths: dict[str, int] = {}
        try:
            async with asyncio.timeout(_TIMEOUT_SECONDS):
                async with connected(
                    self._settings, connect_seconds=_TIMEOUT_SECONDS, close_seconds=_CLOSE_SECONDS
                ) as connection:
                    channel = await connection.channel(publisher_confirms=False)
                    for queue in QUEUES:
                        try:
                            declared = await channel.declare_queue(queue, passive=True)
                        except ChannelNotFoundEntity:
                            # No worker has declared it yet, and the refusal has closed the channel.
                            channel = await connection.channel(publisher_confirms=False)
                        else:
                            depths[queue] = declared.declaration_result.message_count or 0
        except (BrokerLost, AMQPError, OSError, TimeoutError, RuntimeError):
            return {}
        return depths
