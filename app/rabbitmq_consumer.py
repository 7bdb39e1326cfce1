"""The worker process: applies the commands on RabbitMQ's queues, and sends what the outbox has."""

import asyncio
import contextlib
import gc
import logging
import signal
import sys
from collections.abc import Iterator
from itertools import groupby
from typing import Any

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractIncomingMessage

from app.caching import kept_cache
from app.database import outage_reason
from app.dependencies import Shop
from app.errors import Unavailable
from app.heartbeat import beating
from app.messaging.broker import BrokerLost, connected, declare, declare_command_queue, describe
from app.messaging.commands import COMMANDS
from app.messaging.delivery import Delivery
from app.messaging.processing import Processor
from app.messaging.relay import Relay
from app.process import begin_process, run
from app.settings import InvalidSettings, get_settings
from app.tracing import flush_traces

logger = logging.getLogger(__name__)

# Messages of a queue that are one transaction at most; as many wait in this process meanwhile.
BATCH = 200
_PATIENCE_SECONDS = 10.0
_RECONNECT_SECONDS = 1.0
_STOP_SECONDS = 20.0

_Received = tuple[AbstractIncomingMessage, Delivery]


class Worker:
    """Consumes every command queue over one connection, and opens another when it is lost."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._processor = Processor(shop)
        self._stopping = asyncio.Event()
        self._is_connected = False

    def stop(self) -> None:
        """Finish what is begun, and take nothing more."""
        self._stopping.set()

    def ailment(self) -> str | None:
        """Tell what keeps the worker from its work."""
        return None if self._is_connected else "RabbitMQ is away"

    async def run(self) -> None:
        """Work until stopped."""
        while not self._stopping.is_set():
            try:
                async with connected(self._shop.settings) as connection:
                    logger.info("connected to RabbitMQ")
                    await self._work(connection)
            except BrokerLost as error:
                self._is_connected = False
                logger.warning("RabbitMQ is away: %s", error)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._stopping.wait(), _RECONNECT_SECONDS)

    async def _work(self, connection: AbstractConnection) -> None:
        """Consume and relay until one of them ends, the connection is lost, or we are stopped."""
        lost = asyncio.Event()
        connection.close_callbacks.add(lambda *_: lost.set())
        try:
            channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
            await declare(channel)
        except (aio_pika.exceptions.AMQPError, OSError, TimeoutError) as error:
            raise BrokerLost(f"{describe(error)}") from error
        self._is_connected = True
        relay = Relay(self._shop, channel)
        consumers = [Consumer(self._processor, connection, queue, lost) for queue in COMMANDS]
        tasks = [asyncio.create_task(relay.run())]
        tasks += [asyncio.create_task(each.run()) for each in consumers]
        ends = [asyncio.create_task(lost.wait()), asyncio.create_task(self._stopping.wait())]
        await asyncio.wait([*tasks, *ends], return_when=asyncio.FIRST_COMPLETED)
        for consumer in consumers:
            consumer.stop()
        await _end(tasks, graceful_seconds=_STOP_SECONDS if self._stopping.is_set() else 0)
        await _end(ends, graceful_seconds=0)
        if lost.is_set() and not self._stopping.is_set():
            raise BrokerLost("the connection has ended")
        for task in tasks:
            if not task.cancelled() and (fault := task.exception()) is not None:
                raise fault


class Consumer:
    """Applies the messages of one queue in batches, over a channel of its own."""

    def __init__(
        self, processor: Processor, connection: AbstractConnection, queue: str, lost: asyncio.Event
    ) -> None:
        self._processor = processor
        self._connection = connection
        self._queue = queue
        self._lost = lost
        self._waiting: asyncio.Queue[AbstractIncomingMessage | None] = asyncio.Queue()
        self._is_stopping = False
        self._consuming: asyncio.Task[None] | None = None

    def stop(self) -> None:
        """Finish what is begun of a batch, and take no other."""
        self._is_stopping = True
        self._waiting.put_nowait(None)

    async def run(self) -> None:
        """Apply messages until stopped.

        Raises:
            BrokerLost: the channel has ended.
        """
        try:
            channel = await self._connection.channel(publisher_confirms=False)
            await channel.set_qos(prefetch_count=2 * BATCH)
            await self._consume(channel)
            underlay = await channel.get_underlay_channel()
            underlay.on_consumer_cancel_callbacks.add(lambda _: self._consume_again(channel))
            while not self._is_stopping:
                await self._apply(await self._batch())
        except (aio_pika.exceptions.AMQPError, OSError, RuntimeError) as error:
            raise BrokerLost(f"queue {self._queue}: {describe(error)}") from error

    def _consume_again(self, channel: AbstractChannel) -> None:
        """Declare a queue that was deleted once more."""
        # Who tells us reads the channel, and waiting for us would never read the broker's answer.
        self._consuming = asyncio.create_task(self._consume(channel))

    async def _consume(self, channel: AbstractChannel) -> None:
        try:
            queue = await declare_command_queue(channel, self._queue)
            await queue.consume(self._waiting.put)
        except (aio_pika.exceptions.AMQPError, OSError, TimeoutError):
            # A channel that cannot consume is worth nothing; with a new connection all begins anew.
            logger.exception("queue %s cannot be consumed", self._queue)
            self._lost.set()

    async def _batch(self) -> list[AbstractIncomingMessage]:
        """Return the messages that wait, at least one, unless we are stopped."""
        first = await self._waiting.get()
        batch = [] if first is None else [first]
        while batch and len(batch) < BATCH and not self._waiting.empty():
            if (message := self._waiting.get_nowait()) is None:
                break
            batch.append(message)
        return batch

    async def _apply(self, batch: list[AbstractIncomingMessage]) -> None:
        for part in _parts([(each, _delivery(self._queue, each)) for each in batch]):
            await self._processor.process([delivery for _, delivery in part])
            # They are all that the channel has delivered up to the last of them.
            await part[-1][0].ack(multiple=True)
            if self._is_stopping:
                return


def _parts(batch: list[_Received]) -> Iterator[list[_Received]]:
    """Yield what is acknowledged at once: each suspect, which is slow, by itself.

    All that is not acknowledged when a worker dies comes back as more of a suspect than before.
    """
    for is_suspect, group in groupby(batch, lambda each: each[1].is_suspect):
        if is_suspect:
            yield from ([each] for each in group)
        else:
            yield list(group)


def _delivery(queue: str, message: AbstractIncomingMessage) -> Delivery:
    headers = message.headers
    attempts, count = headers.get("x-attempt"), headers.get("x-delivery-count")
    return Delivery(
        queue,
        # PostgreSQL keeps no text with a zero byte.
        (message.message_id or "").replace("\0", "\\0") or None,
        message.body,
        attempts=attempts if isinstance(attempts, int) and 0 <= attempts < 1_000 else 0,
        is_redelivered=bool(message.redelivered),
        delivery_count=count if isinstance(count, int) else 0,
        headers=headers,
    )


async def _end(tasks: list[asyncio.Task[Any]], *, graceful_seconds: float) -> None:
    """Wait for tasks to come to an end, and cancel those that do not."""
    # The relay never ends by itself, and is safe to cut off: what was not noted as sent is resent.
    if graceful_seconds:
        tasks[0].cancel()
        await asyncio.wait(tasks, timeout=graceful_seconds)
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks, timeout=2)


async def work() -> None:
    """Run a worker on the settings of the process, until SIGINT or SIGTERM."""
    settings = get_settings()
    shop = Shop(settings)
    worker = Worker(shop)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, worker.stop)
    try:
        await shop.prepare()
        # As in the web process: what is alive now lives as long as the process.
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 20, 50)
        async with kept_cache(shop), beating(settings.heartbeat_file, worker.ailment):
            await worker.run()
    finally:
        await shop.close()
        await flush_traces()


def main() -> None:
    """Run a worker."""
    try:
        settings = get_settings()
        begin_process(settings)
        if settings.rabbitmq_host is None:
            sys.exit("error: RABBITMQ_HOST: a worker needs a broker; without one, main.py does all")
        run(work())
    except InvalidSettings as error:
        sys.exit(f"error: {error}")
    except Unavailable as error:
        sys.exit(f"error: {get_settings().data_place}: {outage_reason(error)}")


if __name__ == "__main__":
    main()
