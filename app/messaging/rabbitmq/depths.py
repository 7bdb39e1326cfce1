"""How many messages wait on RabbitMQ's queues."""

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
_ASK_SECONDS = 1.0
_CLOSE_SECONDS = 0.2
_KEPT_SECONDS = 5.0


class QueueDepths:
    """Asks the broker over a short connection, and no more often than it must."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._asking = asyncio.Lock()
        self._asked_at = -_KEPT_SECONDS
        self._depths: dict[str, int] = {}

    async def read(self) -> dict[str, int]:
        """Return the depths by queue, at most some seconds old; none while the broker is away."""
        async with self._asking:
            if time.monotonic() - self._asked_at >= _KEPT_SECONDS:
                self._depths = await self._ask()
                self._asked_at = time.monotonic()
        return self._depths

    async def _ask(self) -> dict[str, int]:
        # The web process has no other use for the client, whose import takes a quarter of a second.
        # pylint: disable=import-outside-toplevel
        from aio_pika.exceptions import AMQPError, ChannelNotFoundEntity

        from app.messaging.rabbitmq.broker import BrokerLost, connected

        depths: dict[str, int] = {}
        try:
            async with asyncio.timeout(_ASK_SECONDS):
                async with connected(
                    self._settings, connect_seconds=_ASK_SECONDS, close_seconds=_CLOSE_SECONDS
                ) as connection:
                    channel = await connection.channel(publisher_confirms=False)
                    for queue in QUEUES:
                        try:
                            declared = await channel.declare_queue(queue, passive=True)
                        except ChannelNotFoundEntity:
                            # No worker has declared it yet, and the refusal has ended the channel.
                            channel = await connection.channel(publisher_confirms=False)
                        else:
                            depths[queue] = declared.declaration_result.message_count or 0
        except (BrokerLost, AMQPError, OSError, TimeoutError, RuntimeError):
            return {}
        return depths
