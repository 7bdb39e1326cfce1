"""Runs workers as processes over a RabbitMQ server of the tests, and connects to the broker."""

import asyncio
import json
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aio_pika
import httpx
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage, AbstractQueue

from app.messaging.commands import COMMANDS
from app.messaging.rabbitmq.broker import connected, declare
from app.settings import Settings
from app.wiring.resources import Shop
from tests.support.processes import ROOT, Program, environment, started
from tests.support.servers import RabbitMQServer
from tests.test_messaging.deliveries import applied_in

WAIT_SECONDS = 30
QUEUES = [
    *COMMANDS,
    *(f"{each}.dlq" for each in COMMANDS),
    *(f"{each}.returned" for each in COMMANDS),
    "report",
]
WORKER = ("-m", "app.rabbitmq_consumer")


@dataclass(frozen=True)
class Stand:
    """A shop with a broker: its API in this process, its workers in others."""

    settings: Settings
    shop: Shop
    client: httpx.AsyncClient
    server: RabbitMQServer
    folder: Path

    @property
    def log(self) -> str:
        """The output of the workers."""
        return "\n".join(
            each.read_text("utf-8") for each in sorted(self.folder.glob("worker-*.log"))
        )

    @asynccontextmanager
    async def channel(self) -> AsyncIterator[AbstractChannel]:
        """Open a channel to the broker with publisher confirms."""
        url = self.server.url(self.settings.rabbitmq_vhost)
        async with await aio_pika.connect(url, timeout=WAIT_SECONDS) as connection:
            yield await connection.channel(publisher_confirms=True)

    async def declare(self) -> None:
        """Declare the queues and exchanges of a worker."""
        async with connected(self.settings) as connection:
            await declare(connection)

    @contextmanager
    def worker(self, *program: str, by_python: bool = False) -> Iterator[Program]:
        """Start a worker; it is killed at the end if it still runs."""
        number = len(list(self.folder.glob("worker-*.log")))
        with (
            (self.folder / f"worker-{number:02}.log").open("wb") as log,
            started(
                program or WORKER,
                folder=ROOT,
                by_python=by_python,
                settings=environment(self.settings),
                output=log,
                errors=log,
            ) as process,
        ):
            try:
                yield process
            finally:
                process.kill()

    async def consumers_of(self, queue: str) -> int:
        """Return the number of workers that consume a queue, 0 if the queue does not exist."""
        async with self.channel() as channel:
            try:
                declared = await channel.declare_queue(queue, passive=True)
            except aio_pika.exceptions.ChannelNotFoundEntity:
                return 0
            return declared.declaration_result.consumer_count or 0

    async def wait_for_workers(self, count: int = 1) -> None:
        """Wait until a number of workers consume every queue."""
        for queue in COMMANDS:
            try:
                await until(
                    lambda queue=queue: self.consumers_of(queue), count  # type: ignore[misc]
                )
            except AssertionError as error:
                raise AssertionError(f"consumers of {queue}: {error}\n{self.log}") from error


async def until(ask: Callable[[], Awaitable[Any]], answer: Any) -> None:
    """Wait until a function returns the expected value."""
    deadline = time.monotonic() + WAIT_SECONDS
    while (given := await ask()) != answer:
        assert time.monotonic() < deadline, f"{given}, and not {answer}"
        await asyncio.sleep(0.05)


async def publish(
    channel: AbstractChannel, queue: str, data: object, message_id: str | None = None
) -> None:
    """Publish a command, given as a document or as bytes, and wait for the confirmation."""
    body = data if isinstance(data, bytes) else json.dumps(data).encode()
    message = aio_pika.Message(
        body, delivery_mode=aio_pika.DeliveryMode.PERSISTENT, message_id=message_id
    )
    await channel.default_exchange.publish(message, queue, timeout=WAIT_SECONDS)


async def publish_all(channel: AbstractChannel, queue: str, documents: list[Any]) -> None:
    """Publish commands, a hundred at a time."""
    for start in range(0, len(documents), 100):
        part = documents[start : start + 100]
        await asyncio.gather(*(publish(channel, queue, each) for each in part))


async def drain(queue: AbstractQueue, count: int) -> list[AbstractIncomingMessage]:
    """Remove a number of messages from a queue, in their order."""
    taken: list[AbstractIncomingMessage] = []
    deadline = time.monotonic() + WAIT_SECONDS
    while len(taken) < count:
        assert time.monotonic() < deadline, f"{len(taken)} of {count}"
        message = await queue.get(no_ack=True, fail=False, timeout=WAIT_SECONDS)
        if message is None:
            await asyncio.sleep(0.05)
        else:
            taken.append(message)
    return taken


async def ended(process: Program, within_seconds: float) -> int:
    """Stop a worker by SIGTERM, and return its exit code."""
    process.send_signal(signal.SIGTERM)
    return await asyncio.to_thread(process.wait, within_seconds)


async def applied_count(stand: Stand) -> int:
    """Return the number of applied messages."""
    return len(await applied_in(stand.shop))
