"""Measures how many orders a second one worker places from its queue, beside PostgreSQL alone.

It starts servers of its own. All orders are on the queue before the worker starts; it has one core
to itself, as far as the machine is idle, and PostgreSQL and RabbitMQ, which then only delivers,
have the other one.
"""

import argparse
import asyncio
import json
import os
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
from uuid import UUID

import aio_pika
from rich.console import Console
from rich.table import Table
from sqlalchemy import func, select

from app.messaging.rabbitmq.broker import connected, declare
from app.models import Order
from app.settings import Settings
from app.wiring.resources import Shop
from benchmarks.chaos.plan import STUMBLING_CITY, address_of
from benchmarks.support import pgbench
from benchmarks.support.servers import (
    ROOT,
    TICKS,
    cpu_seconds,
    environment,
    fill,
    pinned,
    settings_of,
)
from tests.support.servers import PostgresServer, RabbitMQServer, start_postgres, start_rabbitmq

_FILLED, _ALONE = "filled", "alone"
_LINES = 3
_BAD_EVERY = 200
_LOOK_SECONDS = 0.1
_DEADLINE_SECONDS = 180
_KINDS = ("only good ones", "an unknown product in 200", "a handler fault in 200")


@dataclass(frozen=True, slots=True)
class Look:
    """How far a worker had come at one moment."""

    at: float
    orders: int
    cpu_seconds: float


@dataclass(frozen=True, slots=True)
class Rate:
    """How fast a worker was."""

    kind: str
    orders: int
    per_second: float
    steady_per_second: float
    cpu_seconds: float
    """From the first commit to the last one."""
    per_cpu_second: float


@dataclass(frozen=True, slots=True)
class Bench:
    """The servers, the cores, and what is ordered."""

    postgres: PostgresServer
    rabbitmq: RabbitMQServer
    worker_core: int
    users: Sequence[UUID]
    products: Sequence[UUID]

    def settings(self, database: str) -> Settings:
        """Return the settings of a shop on one of the databases."""
        return settings_of(self.postgres, self.rabbitmq, database)


def orders_of(bench: Bench, count: int, kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield orders of three lines with the ids of their messages; some are bad."""
    chance = random.Random(1)
    for number in range(count):
        products = chance.sample(bench.products, _LINES)
        is_bad = kind != _KINDS[0] and number % _BAD_EVERY == _BAD_EVERY // 2
        city = STUMBLING_CITY if is_bad and kind == _KINDS[2] else "Berlin"
        if is_bad and kind == _KINDS[1]:
            products[-1] = uuid.UUID(int=chance.getrandbits(128), version=4)
        message_id = str(uuid.UUID(int=chance.getrandbits(128), version=4))
        yield message_id, {
            "user_id": str(chance.choice(bench.users)),
            "items": [
                {"product_id": str(each), "quantity": chance.randint(1, 3)} for each in products
            ],
            "delivery_address": address_of(message_id, city),
        }


async def publish(bench: Bench, count: int, kind: str) -> None:
    """Put all orders on their queue."""
    async with connected(bench.settings(_FILLED)) as connection:
        await declare(connection)
        channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
        await (await channel.get_queue("order.dlq")).purge()
        waiting = [
            aio_pika.Message(
                json.dumps(body).encode(),
                message_id=message_id,
                delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
            )
            for message_id, body in orders_of(bench, count, kind)
        ]
        for start in range(0, count, 500):
            await asyncio.gather(
                *(
                    channel.default_exchange.publish(each, "order")
                    for each in waiting[start : start + 500]
                )
            )


async def watch(shop: Shop, pid: int, expected: int) -> list[Look]:
    """Look at a worker again and again until all is placed, or until it is too late."""
    looks: list[Look] = []
    deadline = time.monotonic() + _DEADLINE_SECONDS
    while time.monotonic() < deadline:
        async with shop.database.read() as session:
            orders = await session.scalar(select(func.count()).select_from(Order)) or 0
        looks.append(Look(time.monotonic(), orders, cpu_seconds(pid)))
        if orders >= expected:
            return looks
        await asyncio.sleep(_LOOK_SECONDS)
    return looks


def rate_of(kind: str, looks: Sequence[Look]) -> Rate:
    """Return the rate from the first commit to the last, and that of the eight tenths between."""
    total = looks[-1].orders
    whole = _between(looks, 1, total)
    steady = _between(looks, total // 10, total - total // 10)
    cost = whole[1].cpu_seconds - whole[0].cpu_seconds
    gained = whole[1].orders - whole[0].orders
    return Rate(kind, total, _speed(*whole), _speed(*steady), cost, gained / max(cost, 1 / TICKS))


def _between(looks: Sequence[Look], first: int, last: int) -> tuple[Look, Look]:
    """Return the first looks at which there were at least `first` and `last` orders."""
    start = next(each for each in looks if each.orders >= first)
    return start, next(each for each in looks if each.orders >= last)


def _speed(start: Look, end: Look) -> float:
    return (end.orders - start.orders) / max(end.at - start.at, _LOOK_SECONDS)


async def measure(bench: Bench, count: int, kind: str) -> Rate:
    """Have one worker place all orders, on a fresh copy of the filled shop."""
    database = f"run_{_KINDS.index(kind)}"
    bench.postgres.create_database(database, template=_FILLED)
    settings = bench.settings(database)
    await publish(bench, count, kind)
    bad_count = len(range(_BAD_EVERY // 2, count, _BAD_EVERY))
    expected = count - bad_count if kind == _KINDS[1] else count
    shop = Shop(settings)
    with tempfile.TemporaryDirectory() as folder, _worker(bench, settings, folder) as process:
        try:
            looks = await watch(shop, process.pid, expected)
        finally:
            await shop.close()
    return rate_of(kind, looks)


@contextmanager
def _worker(bench: Bench, settings: Settings, folder: str) -> Iterator[subprocess.Popen[bytes]]:
    with pinned(bench.worker_core), (Path(folder) / "log").open("wb") as log:
        process = subprocess.Popen(  # pylint: disable=consider-using-with  # ended below
            [sys.executable, "-m", "benchmarks.chaos.planted", "worker"],
            cwd=folder,
            env=environment(settings) | {"PYTHONPATH": str(ROOT)},
            stdout=log,
            stderr=log,
        )
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


async def measure_all(bench: Bench, count: int) -> list[Rate]:
    """Measure the queue with good orders only, and with bad ones among them."""
    return [await measure(bench, count, kind) for kind in _KINDS]


def show(rates: Sequence[Rate], alone: dict[int, float], load: float) -> None:
    """Print what was measured, and the ratios."""
    table = Table(title=f"one worker, orders of {_LINES} lines, load {load:.1f} before")
    for name in ("", "orders", "orders/s", "steady", "of the first", "CPU s", "orders/CPU s"):
        table.add_column(name, justify="left" if not name else "right")
    for rate in rates:
        table.add_row(
            rate.kind,
            f"{rate.orders}",
            f"{rate.per_second:.0f}",
            f"{rate.steady_per_second:.0f}",
            f"{rate.steady_per_second / rates[0].steady_per_second:.2f}",
            f"{rate.cpu_seconds:.1f}",
            f"{rate.per_cpu_second:.0f}",
        )
    table.add_section()
    for clients, per_second in alone.items():
        part = per_second / rates[0].steady_per_second
        name = f"pgbench, {clients} clients"
        table.add_row(name, "", f"{per_second:.0f}", "", f"{part:.2f}", "", "")
    Console().print(table)
    if alone:
        ratio = rates[0].steady_per_second / max(alone.values())
        Console().print(f"the worker places {ratio:.2f} times what pgbench at its best writes")


async def _main(arguments: argparse.Namespace, cores: Sequence[int]) -> None:
    load = os.getloadavg()[0]
    with pinned(cores[-1]):
        postgres, rabbitmq = start_postgres(), start_rabbitmq()
    with postgres, rabbitmq:
        postgres.create_database(_FILLED)
        users, products = await fill(settings_of(postgres, rabbitmq, _FILLED))
        bench = Bench(postgres, rabbitmq, cores[0], users, products)
        postgres.create_database(_ALONE, template=_FILLED)
        with pinned(bench.worker_core):
            alone = await pgbench.measure_all(postgres, bench.settings(_ALONE))
        show(await measure_all(bench, arguments.orders), alone, load)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.queue_rate", description=__doc__)
    parser.add_argument("--orders", type=int, default=10_000, help="of each run (%(default)s)")
    return parser


def main() -> None:
    """Measure, and print a table."""
    arguments = _parser().parse_args()
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        sys.exit("error: one core is for the worker and another one for PostgreSQL")
    asyncio.run(_main(arguments, cores))


if __name__ == "__main__":
    main()
