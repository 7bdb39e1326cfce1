"""Measures how long statements of SQLite keep the event loop busy in a shop of 155,000 orders."""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from rich.console import Console
from rich.table import Table
from sqlalchemy import update

from app.models import Variant
from app.wiring.resources import Shop
from benchmarks.reports.million import fill
from benchmarks.support.servers import PLENTY
from main import create_app
from tests.conftest import client_of, running, sqlite_settings
from tests.support.cached import forget_cached
from tests.support.queries import Run, watched_runs

_LONGEST_SECONDS = 0.005
_TIMES = 20
_ORDERS = 155_000
_LISTS = (
    "/products?limit=20",
    "/products?limit=100&sort=name",
    "/products?limit=100&sort=-price",
    "/products?limit=100&count=true",
    "/products?limit=100&q=pro",
    "/products?limit=100&min_price=2.00&max_price=3.00&count=true",
    "/orders?limit=20",
    "/orders?limit=100&sort=number",
    "/orders?limit=100&sort=-total",
    "/orders?limit=100&count=true",
    "/orders?limit=100&status=paid&sort=total&count=true",
    "/orders?limit=100&placed_from=2017-06-01T00:00:00Z&placed_before=2017-07-01T00:00:00Z",
    "/users?limit=100&count=true",
    "/categories",
    "/reports?limit=100",
)


@dataclass(slots=True)
class Lag:
    """The longest time for which the event loop was blocked."""

    cpu_seconds: float = 0.0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Measured:
    """The effect of requests of one kind on the event loop."""

    name: str
    runs: Sequence[Run]
    lag: Lag

    @property
    def on_loop(self) -> list[Run]:
        """The runs of statements on the event loop."""
        return [each for each in self.runs if each.is_on_loop]


@asynccontextmanager
async def watched_loop() -> AsyncIterator[Lag]:
    """Measure the longest time between two runs of a task that does nothing but yield."""
    lag = Lag()

    async def watch() -> None:
        while True:
            cpu_before, before = time.thread_time(), time.perf_counter()
            await asyncio.sleep(0)
            lag.cpu_seconds = max(lag.cpu_seconds, time.thread_time() - cpu_before)
            lag.seconds = max(lag.seconds, time.perf_counter() - before)

    task = asyncio.create_task(watch())
    await asyncio.sleep(0)
    try:
        yield lag
    finally:
        task.cancel()


async def requests(client: httpx.AsyncClient) -> list[httpx.Request]:
    """Return requests of many kinds."""
    products = (await client.get("/products?limit=100&sort=-created_at")).json()["items"]
    user = (await client.get("/users?limit=1")).json()["items"][0]["id"]
    order = (await client.get("/orders?limit=1")).json()["items"][0]["id"]

    def placing(lines: int) -> httpx.Request:
        items = [{"product_id": each["id"], "quantity": 1} for each in products[:lines]]
        return client.build_request("POST", "/orders", json={"user_id": user, "items": items})

    stocking = client.build_request(
        "PATCH", f"/products/{products[0]['id']}", json={"stock_quantity": 1_000_000}
    )
    reads = (f"/products/{products[0]['id']}", f"/orders/{order}", *_LISTS)
    return [
        *(client.build_request("GET", path) for path in reads),
        *(placing(lines) for lines in (1, 3, 10, 100)),
        stocking,
    ]


async def measure(shop: Shop) -> list[Measured]:
    """Send requests of many kinds, which are all cache misses."""
    measured = []
    async with running(create_app(shop)) as app, client_of(app) as client:
        async with shop.database.write() as session:
            await session.execute(update(Variant).values(stock_quantity=PLENTY))
        for request in await requests(client):
            with watched_runs() as runs:
                async with watched_loop() as lag:
                    for _ in range(_TIMES):
                        await forget_cached(shop)
                        response = await client.send(request)
                        response.raise_for_status()
            name = f"{request.method} {request.url.raw_path.decode().removeprefix('/api/v1')}"
            measured.append(Measured(name, runs, lag))
    return measured


def show(measured: Sequence[Measured]) -> None:
    """Print a table."""
    titles = ("request", "on the loop", "in the thread", "longest", "CPU", "lag", "lag CPU")
    table = Table(*titles, title=f"runs for each of {_TIMES} requests; times in ms")
    for each in measured:
        longest = max(each.on_loop, key=lambda run: run.cpu_seconds, default=None)
        times = (
            longest.seconds if longest else 0.0,
            longest.cpu_seconds if longest else 0.0,
            each.lag.seconds,
            each.lag.cpu_seconds,
        )
        table.add_row(
            each.name,
            f"{len(each.on_loop) / _TIMES:.1f}",
            f"{(len(each.runs) - len(each.on_loop)) / _TIMES:.1f}",
            *(f"{seconds * 1_000:.2f}" for seconds in times),
        )
    Console(width=160).print(table)


async def run(folder: Path) -> list[Measured]:
    """Measure a shop with its data in a folder."""
    shop = Shop(sqlite_settings(folder))
    try:
        return await measure(shop)
    finally:
        await shop.close()


def main() -> None:
    """Measure; exit with 1 if a statement blocked the event loop for too long."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sqlite_lag", description=__doc__)
    parser.add_argument("--shop", type=Path, help="a DATA_DIR to use and change; else one is made")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder: Path = arguments.shop or Path(temporary)
        if arguments.shop is None:
            asyncio.run(fill(sqlite_settings(folder), _ORDERS))
        measured = asyncio.run(run(folder))
    show(measured)
    longest = max(run.cpu_seconds for each in measured for run in each.on_loop)
    print(f"the longest statement on the event loop: {longest * 1_000:.2f} ms of CPU time")
    sys.exit(0 if longest < _LONGEST_SECONDS else 1)


if __name__ == "__main__":
    main()
