"""Sends the messages of the outbox to RabbitMQ in order, and deletes the confirmed ones."""

import asyncio
import logging
import struct
from collections.abc import Sequence
from datetime import timedelta
from itertools import groupby
from typing import Any

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractExchange

from app.errors import Unavailable
from app.messaging.rabbitmq.broker import BrokerLost, describe
from app.models import OutboxMessage
from app.observability.tracing import context_headers, restored_request_id, span
from app.wiring.areas.messaging import provide_outbox
from app.wiring.resources import Shop

logger = logging.getLogger(__name__)

_BATCH_SIZE = 200
_POLL_SECONDS = 1.0
_PUBLISH_SECONDS = 10.0
_RETRY_DELAY = timedelta(seconds=5)


class Relay:
    """Sends messages from the outbox over one channel with publisher confirms."""

    def __init__(self, shop: Shop, channel: AbstractChannel) -> None:
        self._shop = shop
        self._channel = channel
        self._exchanges: dict[str, AbstractExchange] = {"": channel.default_exchange}

    async def run(self) -> None:
        """Send messages as they become due, until cancelled.

        Raises:
            BrokerLost: the connection has ended.
        """
        while True:
            try:
                if not await self.send_due():
                    await self._shop.database.outbox_written(_POLL_SECONDS)
            except Unavailable:
                # An exception would end the worker, and return all messages that it has received.
                await asyncio.sleep(_POLL_SECONDS)

    async def send_due(self) -> bool:
        """Send messages that are due; return whether more can be sent now."""
        async with self._shop.database.write() as session:
            outbox = provide_outbox(session, self._shop)
            messages = await outbox.take_due(_BATCH_SIZE)
            by_subject = sorted(messages, key=lambda each: (each.subject, each.position))
            subjects = [list(group) for _, group in groupby(by_subject, lambda each: each.subject)]
            results = await asyncio.gather(
                *(self._send_in_order(each) for each in subjects), return_exceptions=True
            )
            # Messages that were sent before the connection ended are still deleted.
            sent = [each for each in results if not isinstance(each, BaseException)]
            faults = [each for each in results if isinstance(each, BaseException)]
            positions = {position for each in sent for position in each}
            await outbox.mark_sent(list(positions))
            # Commands whose queue is missing would remain the oldest, and a large number of them
            # would block all other messages. Events wait, to keep their order.
            stuck = [
                each.position
                for each in messages
                if each.position not in positions and each.exchange == ""
            ]
            await outbox.postpone([] if faults else stuck, _RETRY_DELAY)
        if faults:
            raise faults[0]
        # Messages that were not sent, or are locked by another relay, are retried after a pause.
        return len(messages) == _BATCH_SIZE and len(positions) + len(stuck) == _BATCH_SIZE

    async def _send_in_order(self, messages: Sequence[OutboxMessage]) -> list[int]:
        """Send the messages of one subject, up to the first that cannot be sent."""
        sent: list[int] = []
        for message in messages:
            if not await self._send(message):
                break
            sent.append(message.position)
        return sent

    async def _send(self, message: OutboxMessage) -> bool:
        stored = message.headers
        with restored_request_id(stored), span(f"send {message.routing_key}", "PRODUCER", stored):
            return await self._publish(message, stored | context_headers())

    async def _publish(self, message: OutboxMessage, headers: dict[str, Any]) -> bool:
        if message.attempts:
            headers["x-attempt"] = message.attempts
        outgoing = aio_pika.Message(
            message.body,
            content_type="application/json",
            delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
            message_id=message.message_id,
            timestamp=message.created_at,
            headers=headers,
        )
        try:
            exchange = await self._exchange(message.exchange)
            # An event needs no subscriber; a command needs its queue.
            await exchange.publish(
                outgoing,
                message.routing_key,
                mandatory=message.exchange == "",
                timeout=_PUBLISH_SECONDS,
            )
        except aio_pika.exceptions.DeliveryError as error:
            logger.warning("message %s was not sent: %s", message.message_id, error)
            return False
        except (aio_pika.exceptions.AMQPError, OSError, TimeoutError, RuntimeError) as error:
            raise BrokerLost(f"not sent: {describe(error)}") from error
        except (struct.error, TypeError, ValueError):
            # An exception would end the worker, again after each restart.
            logger.exception("message %s cannot be encoded", message.message_id)
            return False
        return True

    async def _exchange(self, name: str) -> AbstractExchange:
        if name not in self._exchanges:
            self._exchanges[name] = await self._channel.get_exchange(name, ensure=False)
        return self._exchanges[name]
