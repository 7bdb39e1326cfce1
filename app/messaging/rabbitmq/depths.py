"""The numbers of messages that wait on RabbitMQ's queues."""

import asyncio
import time

from app.core.queues import REPORT_QUEUE, dead_letter_queue, returned_queue
from app.errors import Unavailable
from app.messaging.commands import COMMANDS
from app.messaging.rabbitmq.broker_link import BrokerLink

QUEUES = (
    *COMMANDS,
    *map(dead_letter_queue, COMMANDS),
    *map(returned_queue, COMMANDS),
    REPORT_QUEUE,
)
_TIMEOUT_SECONDS = 1.0
_CACHE_SECONDS = 5.0


class QueueDepths:
    """Reads queue depths over the link of the process, and caches them."""

    def __init__(self, link: BrokerLink) -> None:
        self._link = link
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
        # The web process needs the client for nothing else, and not at its start.
        # pylint: disable=import-outside-toplevel
        from aio_pika.exceptions import AMQPError, ChannelNotFoundEntity

        depths: dict[str, int] = {}
        try:
            async with asyncio.timeout(_TIMEOUT_SECONDS):
                connection = await self._link.connection()
                channel = await connection.channel(publisher_confirms=False)
                for queue in QUEUES:
                    try:
                        declared = await channel.declare_queue(queue, passive=True)
                    except ChannelNotFoundEntity:
                        # No worker has declared it yet, and the refusal has closed the channel.
                        channel = await connection.channel(publisher_confirms=False)
                    else:
                        depths[queue] = declared.declaration_result.message_count or 0
                await channel.close()
        except (Unavailable, AMQPError, OSError, TimeoutError, RuntimeError):
            return {}
        return depths
