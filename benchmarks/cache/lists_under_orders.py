"""Measures the cache hit rate of product lists while orders are placed.

It starts a shop over SQLite, and one over PostgreSQL and Redis. Rounds with orders and rounds
without them alternate. In a round with orders, some product is also sold out or comes back once a
second: that is the only change that lists show.
"""

import argparse
import asyncio
import itertools
import json
import random
import sys
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any
from uuid import UUID, uuid4

from rich.console import Console
from rich.table import Table

from app.settings import Settings
from benchmarks.support.http_client import HttpClient
from benchmarks.support.servers import fill
from tests.conftest import postgres_settings, sqlite_settings
from tests.support.machines import AUTHORIZATION, let_machine_into
from tests.support.processes import serving
from tests.support.servers import start_postgres, start_redis

AIM = 0.9
"""The minimum hit rate with orders, as a share of the rate without orders."""
_API = "/api/v1"
_LISTS = 20
_READERS, _BUYERS = 8, 32
_LINES = 3


@dataclass(slots=True)
class Round:
    """The requests of some seconds, and the number of responses from the cache."""

    reads: int = 0
    hits: int = 0
    orders: int = 0
    changes: int = 0
    seconds: float = 0

    @property
    def hit_rate(self) -> float:
        """The share of the reads that were cache hits."""
        return self.hits / self.reads


@dataclass(frozen=True, slots=True)
class Pace:
    """The numbers of requests in a second, and the number of seconds."""

    seconds: float
    reads: float
    orders: float
    changes: float


@dataclass(slots=True)
class Load:
    """The requests to one shop."""

    port: int
    users: Sequence[UUID]
    products: Sequence[UUID]
    chance: random.Random = field(default_factory=lambda: random.Random(1))
    _paths: list[str] = field(default_factory=list)
    _wavering: str = ""

    async def prepare(self) -> None:
        """Choose the lists to read, and add the product that is sold out and comes back."""
        client = self._client()
        answer = await client.send("GET", f"{_API}/categories")
        found = json.loads(answer.body)["items"]
        names = sorted(found, key=lambda each: -int(each["products_count"]))
        sorts = ("-created_at", "name", "price", "-price")
        self._paths = [f"{_API}/products?sort={each}" for each in sorts]
        self._paths += [f"{_API}/products?sort={each}&in_stock=true" for each in sorts]
        for each, sort in itertools.product(names, sorts):
            category = str(each["name"]).replace(" ", "+").replace("&", "%26")
            self._paths.append(f"{_API}/products?category={category}&sort={sort}")
        del self._paths[_LISTS:]
        body = {"sku": f"wavering-{uuid4()}", "name": "Tea", "category": "Tea", "price": "1.00"}
        added = await client.send("POST", f"{_API}/products", json.dumps(body).encode())
        self._wavering = f"{added.headers['location']}/stock"

    async def measure(self, pace: Pace) -> Round:
        """Send requests at this pace, and return the round."""
        found, started = Round(), monotonic()
        quantities = itertools.cycle((1, -1))

        async def read(client: HttpClient) -> None:
            # The first lists are read most often, as in a real shop.
            path = self._paths[int(self.chance.random() ** 2 * len(self._paths))]
            answer = await client.send("GET", path)
            _require(answer.status, 200)
            found.reads += 1
            found.hits += answer.headers["x-cache"] != "miss"

        async def order(client: HttpClient) -> None:
            answer = await client.send("POST", f"{_API}/orders", self._order())
            _require(answer.status, 201)
            found.orders += 1

        async def change(client: HttpClient) -> None:
            body = {"quantity": next(quantities), "reason": "stocktake"}
            answer = await client.send("POST", self._wavering, json.dumps(body).encode())
            _require(answer.status, 201)
            found.changes += 1

        await asyncio.gather(
            self._keep_up(read, pace.reads, pace.seconds, _READERS),
            self._keep_up(order, pace.orders, pace.seconds, _BUYERS),
            # An even number, so that the product is sold out at the end.
            self._keep_up(change, pace.changes, pace.seconds // 2 * 2, 1),
        )
        found.seconds = monotonic() - started
        return found

    def _client(self) -> HttpClient:
        return HttpClient("127.0.0.1", self.port, AUTHORIZATION)

    def _order(self) -> bytes:
        items = [
            {"product_id": str(each), "quantity": self.chance.randint(1, 3)}
            for each in self.chance.sample(self.products, _LINES)
        ]
        return json.dumps({"user_id": str(self.chance.choice(self.users)), "items": items}).encode()

    async def _keep_up(
        self,
        send: Callable[[HttpClient], Awaitable[None]],
        per_second: float,
        seconds: float,
        connections: int,
    ) -> None:
        """Send requests at a pace over several connections; late ones are sent at once."""
        numbers, started = iter(range(int(per_second * seconds))), monotonic()

        async def use(client: HttpClient) -> None:
            for number in numbers:
                await asyncio.sleep(max(0.0, started + number / per_second - monotonic()))
                # The rest of a round that a slow machine does not manage is left out.
                if monotonic() > started + 2 * seconds:
                    return
                await send(client)

        await asyncio.gather(*(use(self._client()) for _ in range(connections)))


def _require(status: int, expected: int) -> None:
    if status != expected:
        raise SystemExit(f"error: an answer has the status {status}")


async def measure_shop(
    settings: Settings, folder: Path, pace: Pace, rounds: int
) -> tuple[list[Round], list[Round]]:
    """Start a shop, and return its rounds without orders and those with orders."""
    users, products = await fill(settings)
    await let_machine_into(settings)
    quiet = Pace(pace.seconds, pace.reads, 0, 0)
    without, within = [], []
    with serving(settings, folder, by_python=True) as served:
        load = Load(served.port, users, products)
        await load.prepare()
        # The first loads are not counted.
        await load.measure(Pace(2, pace.reads, 0, 0))
        for _ in range(rounds):
            without.append(await load.measure(quiet))
            within.append(await load.measure(pace))
    return without, within


def settings_in(stack: ExitStack, folder: Path) -> dict[str, Settings]:
    """Return the settings of the two shops; their servers end with the stack."""
    common: dict[str, Any] = {"rate_limit_per_minute": 0}
    postgres, redis = stack.enter_context(start_postgres()), stack.enter_context(start_redis())
    postgres.create_database("lists")
    where = {"redis_host": redis.host, "redis_port": redis.port}
    return {
        "SQLite": sqlite_settings(folder / "var", **common),
        "PostgreSQL, Redis": postgres_settings(postgres, "lists", **where, **common),
    }


def main() -> int:
    """Measure, print a table, and return 1 if a hit rate is below the aim."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.cache.lists_under_orders", description=__doc__
    )
    parser.add_argument("--rounds", type=int, default=3, help="of each kind (%(default)s)")
    parser.add_argument("--seconds", type=float, default=6, help="of a round (%(default)s)")
    parser.add_argument("--reads", type=float, default=400, help="a second (%(default)s)")
    parser.add_argument("--orders", type=float, default=200, help="a second (%(default)s)")
    parser.add_argument("--changes", type=float, default=1, help="a second (%(default)s)")
    arguments = parser.parse_args()
    pace = Pace(arguments.seconds, arguments.reads, arguments.orders, arguments.changes)
    table = Table("shop", "hits without", "hits with", "share", "orders/s", "changes")
    shares = []
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="lavka-lists-")))
        for name, settings in settings_in(stack, folder).items():
            started = asyncio.run(measure_shop(settings, folder, pace, arguments.rounds))
            for without, within in zip(*started, strict=True):
                shares.append(within.hit_rate / without.hit_rate)
                figures = (f"{each:.3f}" for each in (without.hit_rate, within.hit_rate))
                rate = f"{within.orders / within.seconds:.0f}"
                table.add_row(name, *figures, f"{shares[-1]:.3f}", rate, str(within.changes))
    Console().print(table)
    return int(min(shares) < AIM)


if __name__ == "__main__":
    sys.exit(main())
