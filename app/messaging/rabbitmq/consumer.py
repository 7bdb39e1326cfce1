"""Applies the messages of a RabbitMQ queue, and acknowledges them after the commit."""

import asyncio
import logging
from collections.abc import Iterator
from itertools import groupby
from typing import Any

import aio_pika
from aio_pika.abc import AbstractConnection
from aiormq.abc import AbstractChannel, DeliveredMessage

from app.core.queues import returned_queue
from app.messaging.delivery import Delivery, storable_id
from app.messaging.pipeline import Pipeline
from app.messaging.rabbitmq.broker import BrokerLost, declare_queue, describe
from app.messaging.rabbitmq.queues import RETURNED_ARGUMENTS, command_arguments

logger = logging.getLogger(__name__)

# The maximum number of messages in one transaction; the same number is prefetched meanwhile.
BATCH = 200
# A message that crashes this process counts as a delivery of all prefetched ones: few are
# prefetched until the first batch was applied, and while a suspect may be among them.
_SMALL_PREFETCH = 10
_LARGE_PREFETCH = 2 * BATCH
# More attempts than the shop ever makes: a foreign sender may set any number in the header.
_MAX_ATTEMPTS = 1_000

_Received = tuple[DeliveredMessage, Delivery]


class Consumer:
    """Applies the messages of one queue in batches, over its own channel."""

    def __init__(
        self,
        pipeline: Pipeline,
        connection: AbstractConnection,
        command: str,
        lost: asyncio.Event,
        *,
        is_returned: bool = False,
    ) -> None:
        self._pipeline = pipeline
        self._connection = connection
        self._command = command
        self._lost = lost
        self._queue = returned_queue(command) if is_returned else command
        self._arguments = RETURNED_ARGUMENTS if is_returned else command_arguments(command)
        self._is_returned = is_returned
        self._waiting: asyncio.Queue[DeliveredMessage | None] = asyncio.Queue()
        self._is_stopping = False
        self._prefetch = _SMALL_PREFETCH
        self._tag: str | None = None
        self._consuming: asyncio.Task[None] | None = None

    def stop(self) -> None:
        """Finish the part of the batch that has started, and start no other."""
        self._is_stopping = True
        self._waiting.put_nowait(None)

    async def run(self) -> None:
        """Apply messages until stopped.

        Raises:
            BrokerLost: the channel has ended.
        """
        try:
            opened = await self._connection.channel(publisher_confirms=False)
            # aio-pika's own consumer is not used: it drops a message with unusual properties, which
            # would then be acknowledged with the next one.
            channel = await opened.get_underlay_channel()
            channel.on_consumer_cancel_callbacks.add(lambda _: self._consume_again(channel))
            await self._consume(channel)
            while not self._is_stopping:
                batch = [(each, self._delivery(each)) for each in await self._batch()]
                await self._apply(channel, batch)
                await self._set_prefetch(channel, _prefetch_after(batch))
        except (aio_pika.exceptions.AMQPError, OSError, RuntimeError) as error:
            raise BrokerLost(f"queue {self._queue}: {describe(error)}") from error

    async def _consume(self, channel: AbstractChannel) -> None:
        await channel.basic_qos(prefetch_count=self._prefetch)
        consumed = await channel.basic_consume(self._queue, self._waiting.put)
        self._tag = consumed.consumer_tag

    async def _set_prefetch(self, channel: AbstractChannel, prefetch: int) -> None:
        """Change the number of prefetched messages; those already received are not returned."""
        if prefetch == self._prefetch or self._tag is None or self._is_stopping:
            return
        self._prefetch = prefetch
        await channel.basic_cancel(self._tag)
        await self._consume(channel)

    def _consume_again(self, channel: AbstractChannel) -> None:
        """Declare a deleted queue again, and consume it."""
        # The callback runs in the reader of the channel, which must not wait for the broker's
        # response.
        self._tag = None
        self._consuming = asyncio.create_task(self._declare_and_consume(channel))

    async def _declare_and_consume(self, channel: AbstractChannel) -> None:
        try:
            await declare_queue(self._connection, self._queue, self._arguments)
            await self._consume(channel)
        except (aio_pika.exceptions.AMQPError, OSError, RuntimeError, BrokerLost):
            # A channel that cannot consume is useless; the worker opens a new connection.
            logger.exception("queue %s cannot be consumed", self._queue)
            self._lost.set()

    async def _batch(self) -> list[DeliveredMessage]:
        """Wait for a message, and return all waiting messages; none if the consumer is stopped."""
        first = await self._waiting.get()
        batch = [] if first is None else [first]
        while batch and len(batch) < BATCH and not self._waiting.empty():
            if (message := self._waiting.get_nowait()) is None:
                break
            batch.append(message)
        return batch

    async def _apply(self, channel: AbstractChannel, batch: list[_Received]) -> None:
        for part in _parts(batch):
            await self._pipeline.process([delivery for _, delivery in part])
            # The part contains every unacknowledged message up to its last one.
            await channel.basic_ack(part[-1][0].delivery_tag or 0, multiple=True)
            if self._is_stopping:
                return

    def _delivery(self, message: DeliveredMessage) -> Delivery:
        properties = message.header.properties
        headers: dict[str, Any] = properties.headers or {}
        return Delivery(
            self._command,
            storable_id(properties.message_id or "") or None,
            message.body,
            attempts=min(_number(headers.get("x-attempt")), _MAX_ATTEMPTS),
            # An earlier delivery of a returned message may have been applied.
            is_redelivered=bool(message.redelivered) or self._is_returned,
            delivery_count=_number(headers.get("x-delivery-count")),
            headers=headers,
            returned_for=_reason(headers) if self._is_returned else None,
        )


def _prefetch_after(batch: list[_Received]) -> int:
    return _SMALL_PREFETCH if any(delivery.is_suspect for _, delivery in batch) else _LARGE_PREFETCH


def _parts(batch: list[_Received]) -> Iterator[list[_Received]]:
    """Yield the messages that are acknowledged together: suspects one by one.

    If a worker crashes, this counts against each of its unacknowledged messages.
    """
    for is_suspect, group in groupby(batch, lambda each: each[1].is_suspect):
        if is_suspect:
            yield from ([each] for each in group)
        else:
            yield list(group)


def _number(given: object) -> int:
    return given if isinstance(given, int) and given >= 0 else 0


def _reason(headers: dict[str, Any]) -> str:
    """Return the last reason for which the broker dead-lettered a message."""
    deaths = headers.get("x-death")
    latest = deaths[0] if isinstance(deaths, list) and deaths else None
    reason = latest.get("reason") if isinstance(latest, dict) else None
    return reason if isinstance(reason, str) else "unknown"
