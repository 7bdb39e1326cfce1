"""Compares the CPU time of orders with that of another checkout of the shop, in turns.

The orders have three lines, and no promotions, tax or shipping. Over HTTP, a web process of each
checkout gets some hundreds of orders with keys from 64 connections, then the other one; from the
queue, a worker of each places some thousands. Each has its own database. It exits with 1 if an
order costs more than 1.15 times what it did before, by the median of the turns.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from uuid import UUID, uuid4

from app.settings import Settings
from benchmarks.cases.bench import Bench, Goods
from benchmarks.cases.orders import order_requests
from benchmarks.cases.queue import GOOD, orders_of, place_from_queue
from benchmarks.orders import end_with
from benchmarks.support.http_client import HttpClient
from benchmarks.support.servers import ROOT, cpu_seconds, environment, pinned, settings_of, started
from tests.support.machines import AUTHORIZATION
from tests.support.processes import ServedShop
from tests.support.servers import PostgresServer, RabbitMQServer, start_postgres, start_rabbitmq

_MOST = 1.15
_CLIENTS = 64
_WARM_UP = 2_000
_RUN = "run"
_QUIET = {"rate_limit_per_minute": 0}
# Each checkout fills its database with its own code.
_FILL = """
import asyncio, json
from app.settings import Settings
from benchmarks.support.servers import fill
from tests.support.machines import let_machine_into
settings = Settings(_env_file=None)
users, products = asyncio.run(fill(settings))
asyncio.run(let_machine_into(settings))
print(json.dumps([[str(each) for each in users], [str(each) for each in products]]))
"""


@dataclass(frozen=True, slots=True)
class Checkout:
    """A checkout of the shop, and the database that it has filled."""

    name: str
    root: Path
    settings: Settings
    goods: Goods


def prepare(
    name: str, root: Path, postgres: PostgresServer, rabbitmq: RabbitMQServer, folder: Path
) -> Checkout:
    """Fill a database with the code of a checkout."""
    postgres.create_database(name)
    settings = settings_of(postgres, rabbitmq, name, data_dir=folder / name, **_QUIET)
    settings.data_dir.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", _FILL],
        cwd=root,
        env=environment(settings) | {"PYTHONPATH": str(root)},
        stdout=subprocess.PIPE,
        check=True,
    )
    users, products = json.loads(done.stdout.splitlines()[-1])
    return Checkout(name, root, settings, Goods([*map(UUID, users)], [*map(UUID, products)]))


async def send(shop: ServedShop, goods: Goods, count: int) -> float:
    """Send orders over many connections; return the microseconds of CPU time of each."""
    bodies = iter([each.split(" ", 2)[2].encode() for each in order_requests(goods, count)])
    before = cpu_seconds(shop.process.pid)

    async def client() -> None:
        its = HttpClient("127.0.0.1", shop.port, AUTHORIZATION)
        for body in bodies:
            key = {"Idempotency-Key": str(uuid4())}
            # A busy machine may respond late: a repeated request with its key is the same order.
            while (answer := await its.send("POST", "/api/v1/orders", body, key)).status == 503:
                await asyncio.sleep(1)
            assert answer.status == 201, answer.body

    await asyncio.gather(*(client() for _ in range(_CLIENTS)))
    return (cpu_seconds(shop.process.pid) - before) / count * 1e6


def over_http(
    checkouts: Sequence[Checkout], turns: int, count: int, core: int
) -> list[list[float]]:
    """Return the CPU time of an order in each checkout, in each turn."""
    with ExitStack() as stack:
        shops = [
            stack.enter_context(started(each.settings, each.settings.data_dir, [core], each.root))
            for each in checkouts
        ]
        for shop, each in zip(shops, checkouts, strict=True):
            shop.wait_until_ready()
            asyncio.run(send(shop, each.goods, _WARM_UP))
        return [
            [
                asyncio.run(send(shop, each.goods, count))
                for shop, each in zip(shops, checkouts, strict=True)
            ]
            for _ in range(turns)
        ]


def from_queue(
    checkouts: Sequence[Checkout],
    turns: int,
    count: int,
    servers: tuple[PostgresServer, RabbitMQServer],
    core: int,
) -> list[list[float]]:
    """Return the CPU time of an order in a worker of each checkout, in each turn."""
    return [[_one(each, count, servers, core) for each in checkouts] for _ in range(turns)]


def _one(
    checkout: Checkout, count: int, servers: tuple[PostgresServer, RabbitMQServer], core: int
) -> float:
    postgres, rabbitmq = servers
    postgres.create_database(_RUN, template=checkout.name)
    try:
        settings = settings_of(
            postgres, rabbitmq, _RUN, data_dir=checkout.settings.data_dir, **_QUIET
        )
        orders = orders_of(checkout.goods, count, GOOD)
        reading = asyncio.run(place_from_queue(settings, orders, count, core, checkout.root))
    finally:
        postgres.drop_database(_RUN)
    return reading.details["cpu_us"]


def tell(what: str, turns: Sequence[Sequence[float]]) -> list[str]:
    """Print the CPU times of orders; return the faults."""
    ratios = [now / before for before, now in turns]
    before, now = (median(each) for each in zip(*turns, strict=True))
    ratio = median(ratios)
    print(
        f"{what}: {now:.0f} µs, before {before:.0f} µs: {ratio:.2f} times"
        f" ({min(ratios):.2f} to {max(ratios):.2f} in {len(turns)} turns)",
        flush=True,
    )
    return [f"{what}: {ratio:.2f} times as much as before"] if ratio > _MOST else []


def main() -> None:
    """Compare both ways to order, and print their CPU times."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.orders.cpu_before", description=__doc__
    )
    parser.add_argument("--before", type=Path, required=True, help="the folder of the checkout")
    parser.add_argument("--turns", type=int, default=9, help="over HTTP (%(default)s)")
    parser.add_argument("--orders", type=int, default=1_000, help="in a turn (%(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="from the queue (%(default)s)")
    parser.add_argument("--messages", type=int, default=5_000, help="in a round (%(default)s)")
    arguments = parser.parse_args()
    with Bench(seconds=1, times=1) as cores, ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        # Processes that this one starts meanwhile run on the core of the load, as it does itself.
        stack.enter_context(pinned(cores.load_core))
        servers = (
            stack.enter_context(start_postgres()),
            stack.enter_context(start_rabbitmq()),
        )
        roots = {"before": arguments.before.resolve(), "now": ROOT}
        checkouts = [prepare(name, root, *servers, folder) for name, root in roots.items()]
        core = cores.shop_core
        queued = from_queue(checkouts, arguments.rounds, arguments.messages, servers, core)
        faults = tell("queue `order`", queued)
        sent = over_http(checkouts, arguments.turns, arguments.orders, core)
        faults += tell("`POST /orders` with a key", sent)
    end_with(faults)


if __name__ == "__main__":
    main()
