"""Sends what the outbox has to RabbitMQ, in order, and forgets it when the broker has it."""

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
from app.wiring.messaging import provide_outbox
from app.wiring.resources import Shop

logger = logging.getLogger(__name__)

_AT_ONCE = 200
_POLL_SECONDS = 1.0
_PUBLISH_SECONDS = 10.0
_RETRY_DELAY = timedelta(seconds=5)


class Relay:
    """Takes messages out of the outbox over one channel with publisher confirms."""

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
                # The end of the relay would be the worker's, and return all messages that it holds.
                await asyncio.sleep(_POLL_SECONDS)

    async def send_due(self) -> bool:
        """Send messages that are due; tell whether there are more that can be sent now."""
        async with self._shop.database.write() as session:
            outbox = provide_outbox(session, self._shop)
            messages = await outbox.take_due(_AT_ONCE)
            by_subject = sorted(messages, key=lambda each: (each.subject, each.position))
            subjects = [list(group) for _, group in groupby(by_subject, lambda each: each.subject)]
            results = await asyncio.gather(
                *(self._send_in_order(each) for each in subjects), return_exceptions=True
            )
            # What has left before the connection ended is noted all the same.
            sent = [each for each in results if not isinstance(each, BaseException)]
            faults = [each for each in results if isinstance(each, BaseException)]
            positions = {position for each in sent for position in each}
            await outbox.mark_sent(list(positions))
            # A command whose queue is missing would be among the oldest again and again, and with
            # enough of them nothing else would ever leave. Events keep their order, and wait.
            stuck = [
                each.position
                for each in messages
                if each.position not in positions and each.exchange == ""
            ]
            await outbox.postpone([] if faults else stuck, _RETRY_DELAY)
        if faults:
            raise faults[0]
        # What did not leave is tried again after a pause, and so is what is locked by another.
        return len(messages) == _AT_ONCE and len(positions) + len(stuck) == _AT_ONCE

    async def _send_in_order(self, messages: Sequence[OutboxMessage]) -> list[int]:
        """Send the messages of one subject; after one that does not leave, none of the others."""
        sent: list[int] = []
        for message in messages:
            if not await self._send(message):
                break
            sent.append(message.position)
        return sent

    async def _send(self, message: OutboxMessage) -> bool:
        told = message.headers
        with restored_request_id(told), span(f"send {message.routing_key}", "PRODUCER", told):
            return await self._publish(message, told | context_headers())

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
            # An event that nobody listens for has left; a command without its queue has not.
            await exchange.publish(
                outgoing,
                message.routing_key,
                mandatory=message.exchange == "",
                timeout=_PUBLISH_SECONDS,
            )
        except aio_pika.exceptions.DeliveryError as error:
            logger.warning("message %s did not leave: %s", message.message_id, error)
            return False
        except (aio_pika.exceptions.AMQPError, OSError, TimeoutError, RuntimeError) as error:
            raise BrokerLost(f"not sent: {describe(error)}") from error
        except (struct.error, TypeError, ValueError):
            # The worker would end by it, and by the same message after each restart.
            logger.exception("message %s cannot be encoded", message.message_id)
            return False
        return True

    async def _exchange(self, name: str) -> AbstractExchange:
        if name not in self._exchanges:
            self._exchanges[name] = await self._channel.get_exchange(name, ensure=False)
        return self._exchanges[name]
