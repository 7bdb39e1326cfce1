"""Orders that one worker places from its queue, compared with PostgreSQL alone.

All orders are on the queue before the worker starts, so that RabbitMQ then only delivers.
"""

import asyncio
import json
import random
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aio_pika
from sqlalchemy import func, select

from app.messaging.rabbitmq.broker import connected, declare
from app.models import Order
from app.settings import Settings
from app.wiring.resources import Shop
from benchmarks.cases.bench import FILLED, Bench, Goods
from benchmarks.cases.case import Aim, Case, Measure
from benchmarks.cases.orders import LINES, postgres_alone
from benchmarks.chaos.plan import STUMBLING_CITY, address_of
from benchmarks.support.pgbench import OF_MESSAGE
from benchmarks.support.reading import NotMeasured, Reading
from benchmarks.support.servers import ROOT, cpu_seconds, environment, pinned, settings_of

_RUN = "queue"
GOOD, _UNKNOWN, _FAULT = "good", "unknown product", "handler fault"
_BAD_EVERY = 200
_ORDERS, _FEW_ORDERS = 10_000, 2_000
_LOOK_SECONDS = 0.05
_DEADLINE_SECONDS = 180


@dataclass(frozen=True, slots=True)
class Look:
    """The progress of a worker at one moment."""

    at: float
    orders: int
    cpu_seconds: float


def reading_of(looks: Sequence[Look]) -> Reading:
    """Return the rate of the middle eight tenths, and the rate of all orders as a detail."""
    total = looks[-1].orders
    first, last = _between(looks, 1, total)
    spent = last.cpu_seconds - first.cpu_seconds
    return Reading(
        _speed(*_between(looks, total // 10, total - total // 10)),
        {
            "whole_per_second": _speed(first, last),
            "cpu_us": spent / max(last.orders - first.orders, 1) * 1e6,
        },
    )


def _between(looks: Sequence[Look], first: int, last: int) -> tuple[Look, Look]:
    """Return the first looks at which there were at least `first` and `last` orders."""
    start = next(each for each in looks if each.orders >= first)
    return start, next(each for each in looks if each.orders >= last)


def _speed(start: Look, end: Look) -> float:
    return (end.orders - start.orders) / max(end.at - start.at, _LOOK_SECONDS)


def orders_of(goods: Goods, count: int, kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield orders with the ids of their messages; some are bad."""
    chance = random.Random(1)
    for number in range(count):
        products = chance.sample(goods.products, LINES)
        is_bad = kind != GOOD and number % _BAD_EVERY == _BAD_EVERY // 2
        city = STUMBLING_CITY if is_bad and kind == _FAULT else "Berlin"
        if is_bad and kind == _UNKNOWN:
            products[-1] = uuid.UUID(int=chance.getrandbits(128), version=4)
        message_id = str(uuid.UUID(int=chance.getrandbits(128), version=4))
        items = [{"product_id": str(each), "quantity": chance.randint(1, 3)} for each in products]
        yield message_id, {
            "user_id": str(chance.choice(goods.users)),
            "items": items,
            "delivery_address": address_of(message_id, city),
        }


async def _publish(settings: Settings, orders: Iterator[tuple[str, dict[str, Any]]]) -> None:
    async with connected(settings) as connection:
        await declare(connection)
        channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
        for queue in ("order", "order.dlq"):
            await (await channel.get_queue(queue)).purge()
        waiting = [
            aio_pika.Message(
                json.dumps(body).encode(),
                message_id=message_id,
                delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
            )
            for message_id, body in orders
        ]
        for start in range(0, len(waiting), 500):
            sent = (
                channel.default_exchange.publish(each, "order")
                for each in waiting[start : start + 500]
            )
            await asyncio.gather(*sent)


async def _watch(shop: Shop, pid: int, expected: int) -> list[Look]:
    """Observe a worker repeatedly until all orders are placed.

    Raises:
        NotMeasured: it takes too long.
    """
    looks: list[Look] = []
    deadline = time.monotonic() + _DEADLINE_SECONDS
    while time.monotonic() < deadline:
        async with shop.database.read() as session:
            orders = await session.scalar(select(func.count()).select_from(Order)) or 0
        looks.append(Look(time.monotonic(), orders, cpu_seconds(pid)))
        if orders >= expected:
            return looks
        await asyncio.sleep(_LOOK_SECONDS)
    raise NotMeasured(f"{looks[-1].orders} of {expected} orders after {_DEADLINE_SECONDS} s")


@contextmanager
def _worker(core: int, settings: Settings, root: Path) -> Iterator[int]:
    """Run the worker of a checkout, in which handlers of some orders fail; yield its process id."""
    with tempfile.TemporaryDirectory() as folder, (Path(folder) / "log").open("wb") as log:
        with pinned(core):
            process = subprocess.Popen(  # pylint: disable=consider-using-with  # ended below
                [sys.executable, "-m", "benchmarks.chaos.planted", "worker"],
                cwd=folder,
                env=environment(settings) | {"PYTHONPATH": str(root)},
                stdout=log,
                stderr=log,
            )
        try:
            yield process.pid
        finally:
            process.terminate()
            process.wait()


def placed(kind: str) -> Measure:
    """Return the measurement of a worker that places orders on a fresh copy of the shop."""

    def measure(bench: Bench) -> Reading:
        rabbitmq, (postgres, goods) = bench.rabbitmq, bench.filled
        count = _FEW_ORDERS if bench.is_quick else _ORDERS
        bad = len(range(_BAD_EVERY // 2, count, _BAD_EVERY)) if kind == _UNKNOWN else 0
        postgres.create_database(_RUN, template=FILLED)
        try:
            settings = settings_of(postgres, rabbitmq, _RUN)
            orders = orders_of(goods, count, kind)
            return asyncio.run(place_from_queue(settings, orders, count - bad, bench.shop_core))
        finally:
            postgres.drop_database(_RUN)

    return measure


async def place_from_queue(
    settings: Settings,
    orders: Iterator[tuple[str, dict[str, Any]]],
    expected: int,
    core: int,
    root: Path = ROOT,
) -> Reading:
    """Start the worker of a checkout, which places orders that already wait on the queue."""
    await _publish(settings, orders)
    shop = Shop(settings)
    try:
        with _worker(core, settings, root) as pid:
            return reading_of(await _watch(shop, pid, expected))
    finally:
        await shop.close()


def _with_bad_ones(name: str, kind: str) -> Case:
    return Case(
        name=name,
        title=f"queue `order`, one worker, {kind} in each {_BAD_EVERY}th",
        measure=placed(kind),
        reference=placed(GOOD),
        against="only good orders",
        unit="orders/s",
    )


CASES = [
    Case(
        name="queue",
        title="queue `order`, one worker",
        measure=placed(GOOD),
        reference=postgres_alone(OF_MESSAGE),
        against="pgbench at its best, the same writes",
        unit="orders/s",
        aim=Aim(3.5),
    ),
    _with_bad_ones("queue-unknown", _UNKNOWN),
    _with_bad_ones("queue-fault", _FAULT),
]
