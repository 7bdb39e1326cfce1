"""The worker process: it applies commands from RabbitMQ, sends the outbox and does errands."""

import asyncio
import contextlib
import logging
import signal
import sys
from typing import Any

import aio_pika
from aio_pika.abc import AbstractConnection

from app.database.outages import outage_reason
from app.errors import Unavailable
from app.jobs.cache_sync import cache_sync
from app.jobs.errands.loop import errands_done
from app.messaging.commands import COMMANDS
from app.messaging.pipeline import Pipeline
from app.messaging.rabbitmq.broker import BrokerLost, connected, declare, describe
from app.messaging.rabbitmq.consumer import Consumer
from app.messaging.rabbitmq.relay import Relay
from app.messaging.waiting import apply_waiting
from app.observability.rare_warning import RareWarning
from app.observability.tracing import flush_traces
from app.runtime.heartbeat import heartbeat
from app.runtime.process import begin_process, freeze_heap, run
from app.settings import InvalidSettings, get_settings
from app.wiring.lifecycle import prepare
from app.wiring.resources import Shop

logger = logging.getLogger(__name__)

_RECONNECT_SECONDS = 1.0
_STOP_SECONDS = 20.0


class Worker:
    """Consumes every command queue over one connection, and reconnects when it is lost."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._pipeline = Pipeline(shop)
        self._stopping = asyncio.Event()
        self._is_connected = False
        self._warning = RareWarning(logger, "RabbitMQ is unavailable: %s")

    def stop(self) -> None:
        """Finish the batches that have started, and start no others."""
        self._stopping.set()

    def problem(self) -> str | None:
        """Return why the worker cannot work, or None."""
        return None if self._is_connected else "RabbitMQ is unavailable"

    async def run(self) -> None:
        """Work until stopped."""
        while not self._stopping.is_set():
            try:
                async with connected(self._shop.settings) as connection:
                    self._warning.reset()
                    logger.info("connected to RabbitMQ")
                    await self._work(connection)
            except BrokerLost as error:
                self._warning.log(error)
            except Exception:  # pylint: disable=broad-exception-caught  # an entry point of its own
                # No message or response of the broker may end the worker: it would do so again
                # after a restart.
                logger.exception("the connection to RabbitMQ has failed")
            self._is_connected = False
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), _RECONNECT_SECONDS)

    async def _work(self, connection: AbstractConnection) -> None:
        """Consume and relay until a task ends, the connection is lost, or the worker is stopped."""
        lost = asyncio.Event()
        connection.close_callbacks.add(lambda *_: lost.set())
        try:
            await declare(connection)
            channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
        except (aio_pika.exceptions.AMQPError, OSError, TimeoutError) as error:
            raise BrokerLost(f"{describe(error)}") from error
        self._is_connected = True
        relay = Relay(self._shop, channel)
        consumers = [
            Consumer(self._pipeline, connection, command, lost, is_returned=is_returned)
            for command in COMMANDS
            for is_returned in (False, True)
        ]
        tasks = [
            asyncio.create_task(relay.run()),
            asyncio.create_task(apply_waiting(self._shop, self._pipeline)),
        ]
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


async def _end(tasks: list[asyncio.Task[Any]], *, graceful_seconds: float) -> None:
    """Wait for tasks to end, and cancel those that do not."""
    # The relay and the waiting commands never end by themselves and are safe to cancel: messages
    # not deleted as sent are sent again, and commands not deleted as applied are known.
    if graceful_seconds:
        for task in tasks[:2]:
            task.cancel()
        await asyncio.wait(tasks, timeout=graceful_seconds)
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks, timeout=2)


async def work() -> None:
    """Run a worker with the settings of the process, until SIGINT or SIGTERM."""
    settings = get_settings()
    shop = Shop(settings)
    worker = Worker(shop)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, worker.stop)
    try:
        await prepare(shop)
        freeze_heap()
        async with (
            cache_sync(shop),
            errands_done(shop),
            heartbeat(settings.heartbeat_file, worker.problem),
        ):
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
            sys.exit(
                "error: RABBITMQ_HOST: a worker needs a broker; without one, main.py does its work"
            )
        run(work())
    except InvalidSettings as error:
        sys.exit(f"error: {error}")
    except Unavailable as error:
        sys.exit(f"error: {get_settings().data_place}: {outage_reason(error)}")


if __name__ == "__main__":
    main()
