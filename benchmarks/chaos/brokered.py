"""The kill test of workers over RabbitMQ and PostgreSQL, both of which are killed, too."""

import asyncio
import json
import math
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from uuid import UUID

import aio_pika
from aio_pika.abc import AbstractChannel

from app.core.queues import EVENTS_EXCHANGE
from app.messaging.commands import COMMANDS
from app.messaging.rabbitmq.broker import BrokerLost, connected, declare
from app.settings import Settings
from app.wiring.resources import Shop
from benchmarks.chaos.books import Sent, count_settled, read_books
from benchmarks.chaos.plan import Message, Plan
from benchmarks.chaos.processes import Herd
from benchmarks.chaos.report import Report
from benchmarks.chaos.storm import weather
from benchmarks.chaos.verdict import check_books, check_sent
from tests.support.servers import PostgresServer, RabbitMQServer

_EVENTS_QUEUE = "chaos.events"
_CONFIRM_SECONDS = 5.0
# A worker that is killed as soon as it has begun would never finish a message.
_HUNT_AFTER_SECONDS = 20
_AWAY = (aio_pika.exceptions.AMQPError, OSError, TimeoutError, RuntimeError, BrokerLost)


@dataclass(frozen=True, slots=True)
class Blow:
    """One way to stop a server."""

    name: str
    server: PostgresServer | RabbitMQServer
    strike: Callable[[], None]


class Publisher:
    """Sends every message until the broker confirms it, at a limited rate."""

    def __init__(self, settings: Settings, sendings: Sequence[Message], seconds: float) -> None:
        self.sent: list[Message] = []
        self.repeat_count = 0
        self.most = 0
        """The number of messages that may be sent now."""
        self._settings = settings
        self._waiting = sendings
        self._per_second = len(sendings) / seconds

    async def run(self) -> None:
        """Send all messages."""
        while len(self.sent) < len(self._waiting):
            try:
                async with channel_of(self._settings) as channel:
                    await self._send(channel)
            except _AWAY:
                # The broker may have the message; perhaps only the confirmation is lost.
                self.repeat_count += 1
                await asyncio.sleep(0.5)

    async def _send(self, channel: AbstractChannel) -> None:
        started, before = time.monotonic(), len(self.sent)
        while len(self.sent) < len(self._waiting):
            due = before + (time.monotonic() - started) * self._per_second
            if len(self.sent) >= min(due, self.most):
                await asyncio.sleep(0.02)
                continue
            message = self._waiting[len(self.sent)]
            outgoing = aio_pika.Message(
                message.content,
                message_id=message.id,
                delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
            )
            await channel.default_exchange.publish(outgoing, "order", timeout=_CONFIRM_SECONDS)
            self.sent.append(message)


class BrokeredTest:
    """One run: the publisher, the workers, and the outages of them and their servers."""

    def __init__(
        self, shop: Shop, plan: Plan, herd: Herd, blows: Sequence[Blow], seconds: float
    ) -> None:
        self._shop = shop
        self._plan = plan
        self._herd = herd
        self._blows = blows
        self._chance = herd.chance
        self._publisher = Publisher(shop.settings, plan.sendings, seconds)
        self._notes: list[tuple[str, str]] = []
        self._idle_blows: list[str] = []
        self._hunted_until = math.inf

    async def run(self, deadline_seconds: float, title: str, supplied: dict[UUID, int]) -> Report:
        """Run the test, and check the results."""
        started = time.monotonic()
        hung = await weather(self._shop, self._herd, self._work(), self._kill(), deadline_seconds)
        seconds = time.monotonic() - started
        disorder = await self._herd.stop()
        sent = await read_sent(self._shop.settings)
        books = await read_books(self._shop)
        report = Report(title)
        report.note_kills(self._herd, "worker")
        report.rows += self._notes
        report.note_messages(self._plan, books)
        report.rows += [
            ("publishings repeated", f"{self._publisher.repeat_count}"),
            ("copies on order.dlq", _counted(sent.copies)),
            ("events of orders", _counted(sent.events)),
            ("seconds", f"{seconds:.0f}"),
        ]
        report.checks = {
            "all came to rest in time": hung,
            "every blow fell while messages were open": ", ".join(self._idle_blows) or None,
            "no worker ends by itself while at work": "; ".join(self._herd.ends_at_work) or None,
            "workers end in order when asked": "; ".join(disorder) or None,
            **check_books(self._plan, books, supplied),
            **check_sent(self._plan, books, sent),
        }
        return report

    async def _work(self) -> None:
        """Send all messages, and wait until each has a result."""
        await asyncio.gather(self._strike_all(), self._publisher.run())
        self._hunted_until = time.monotonic() + _HUNT_AFTER_SECONDS
        await self._rest()

    async def _kill(self) -> None:
        while time.monotonic() < self._hunted_until:
            await asyncio.sleep(self._chance.uniform(2, 4))
            self._herd.kill_one()

    async def _strike_all(self) -> None:
        """Stop and restart each server, and wait for further results after each restart."""
        share = len(self._plan.sendings) / (len(self._blows) + 1)
        for number, blow in enumerate(self._blows, start=1):
            self._publisher.most = round(share * number)
            await asyncio.sleep(self._chance.uniform(3, 6))
            settled, _ = await count_settled(self._shop)
            open_count = len({each.id for each in self._publisher.sent}) - settled
            if open_count <= 0:
                self._idle_blows.append(blow.name)
            away = time.monotonic()
            await asyncio.to_thread(blow.strike)
            await asyncio.sleep(self._chance.uniform(1, 4))
            await asyncio.to_thread(blow.server.start)
            away = time.monotonic() - away
            self._notes.append((blow.name, f"1, {open_count} open, {away:.0f} s away"))
        self._publisher.most = len(self._plan.sendings)

    async def _rest(self) -> None:
        """Wait until every message has a result, and no queue or outbox has a message."""
        quiet_looks = 0
        while quiet_looks < 3:
            await asyncio.sleep(0.5)
            settled, waiting = await count_settled(self._shop)
            left = await depths(self._shop.settings)
            is_quiet = (
                settled >= len(self._plan.messages) and not waiting and not any(left.values())
            )
            quiet_looks = quiet_looks + 1 if is_quiet else 0


def blows_of(
    postgres: PostgresServer, rabbitmq: RabbitMQServer, chance: random.Random
) -> list[Blow]:
    """Return every way to stop the servers, in random order."""
    blows = [
        Blow("RabbitMQ SIGTERM", rabbitmq, rabbitmq.stop),
        Blow("RabbitMQ SIGKILL", rabbitmq, rabbitmq.kill),
        Blow("PostgreSQL SIGQUIT", postgres, partial(postgres.stop, "immediate")),
        Blow("PostgreSQL SIGKILL", postgres, postgres.kill),
    ]
    chance.shuffle(blows)
    return blows


@asynccontextmanager
async def channel_of(settings: Settings) -> AsyncIterator[AbstractChannel]:
    """Open a channel with publisher confirms."""
    async with connected(settings) as connection:
        yield await connection.channel(publisher_confirms=True, on_return_raises=True)


async def declare_all(settings: Settings) -> None:
    """Declare the queues of the shop, and a queue that receives the events of orders."""
    async with connected(settings) as connection:
        await declare(connection)
        channel = await connection.channel()
        queue = await channel.declare_queue(
            _EVENTS_QUEUE, durable=True, arguments={"x-queue-type": "quorum"}
        )
        await queue.bind(EVENTS_EXCHANGE, "order.placed")


async def depths(settings: Settings) -> dict[str, int]:
    """Return the number of messages on each command queue."""
    async with channel_of(settings) as channel:
        return {queue: await _depth(channel, queue) for queue in COMMANDS}


async def read_sent(settings: Settings) -> Sent:
    """Read the messages that the shop has sent to the broker."""
    sent = Sent(left=await depths(settings))
    async with channel_of(settings) as channel:
        copies = await channel.get_queue("order.dlq")
        while (message := await copies.get(no_ack=True, fail=False)) is not None:
            kind = sent.copies if message.headers.get("x-error-code") else sent.bare_copies
            kind[message.message_id or "unnamed"] += 1
        events = await channel.get_queue(_EVENTS_QUEUE)
        while (message := await events.get(no_ack=True, fail=False)) is not None:
            sent.events[json.loads(message.body)["data"]["id"]] += 1
    return sent


async def _depth(channel: AbstractChannel, queue: str) -> int:
    declared = await channel.declare_queue(queue, passive=True)
    return declared.declaration_result.message_count or 0


def _counted(found: Counter[str]) -> str:
    return f"{len(found)}, {found.total() - len(found)} of them more than once"
