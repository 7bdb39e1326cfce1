"""Stops, freezes, slows and empties the Redis of a shop under continuous reads and changes.

It starts its own PostgreSQL, Redis and shop. It fails if a response had a status of 5xx, if 1 in
100 reads of a phase took longer than 300 ms, or if a read missed a change that was acknowledged
before it; no other shop uses the Redis.
"""

import argparse
import asyncio
import json
import random
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from app.settings import Settings
from benchmarks.support.http_client import HttpClient
from tests.support.machines import AUTHORIZATION, let_machine_into
from tests.support.processes import serving
from tests.support.servers import RedisServer, start_postgres, start_redis
from tests.support.servers.relay import Relay

_READERS = 8
_PRODUCTS = 20
_CHANGE_EVERY_SECONDS = 0.05
_LONGEST_SECONDS = 0.3
_DELAY_SECONDS = 0.1

Step = Callable[[], Awaitable[Any]]


@dataclass(slots=True)
class Phase:
    """The observations of readers and the writer in one phase."""

    name: str
    seconds: list[float] = field(default_factory=list)
    tiers: dict[str, int] = field(default_factory=dict)
    failures: int = 0
    changes: int = 0
    stale: int = 0

    @property
    def p99_seconds(self) -> float:
        """The duration that 99 of 100 reads did not exceed."""
        return sorted(self.seconds)[len(self.seconds) * 99 // 100]

    @property
    def is_good(self) -> bool:
        """Whether the phase meets the guarantees."""
        return not self.failures and not self.stale and self.p99_seconds <= _LONGEST_SECONDS


class HttpMetrics:
    """Readers and a writer of a shop, who know the acknowledged versions."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._versions: dict[str, int] = {}
        self.phase = Phase("start")

    async def begin(self) -> list[asyncio.Task[None]]:
        """Add products, and begin to read and change them."""
        client = HttpClient("127.0.0.1", self._port, AUTHORIZATION)
        for number in range(_PRODUCTS):
            data = {"sku": f"O-{number}", "name": "Tea", "category": "Tea", "price": "1.00"}
            answer = await client.send("POST", "/api/v1/products", json.dumps(data).encode())
            self._versions[json.loads(answer.body)["id"]] = 1
        tasks = [asyncio.create_task(self._read()) for _ in range(_READERS)]
        return [*tasks, asyncio.create_task(self._change(client))]

    async def _read(self) -> None:
        client = HttpClient("127.0.0.1", self._port, {})
        ids = list(self._versions)
        while True:
            product_id = random.choice(ids)
            is_list = random.random() < 0.2
            path = "/api/v1/products" + ("?sort=name" if is_list else f"/{product_id}")
            known, phase = dict(self._versions), self.phase
            began = time.perf_counter()
            answer = await client.send("GET", path)
            phase.seconds.append(time.perf_counter() - began)
            if answer.status != 200:
                phase.failures += 1
                continue
            tier = answer.headers["x-cache"]
            phase.tiers[tier] = phase.tiers.get(tier, 0) + 1
            shown = json.loads(answer.body)
            for each in shown["items"] if is_list else [shown]:
                phase.stale += each["version"] < known[each["id"]]

    async def _change(self, client: HttpClient) -> None:
        while True:
            product_id = random.choice(list(self._versions))
            price = f"{random.randrange(1, 100)}.00"
            body, phase = json.dumps({"price": price}).encode(), self.phase
            answer = await client.send("PATCH", f"/api/v1/products/{product_id}", body)
            if answer.status == 200:
                self._versions[product_id] = json.loads(answer.body)["version"]
                phase.changes += 1
            else:
                phase.failures += 1
            await asyncio.sleep(_CHANGE_EVERY_SECONDS)


def main() -> None:
    """Cause all outages, print a table, and exit with 1 if a phase breaks a guarantee."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cache.outages", description=__doc__)
    parser.add_argument("--seconds", type=float, default=4.0, help="of each phase (%(default)s)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        postgres, redis = stack.enter_context(start_postgres()), stack.enter_context(start_redis())
        postgres.create_database("outages")
        settings = Settings(
            _env_file=None,
            data_dir=Path(folder),
            db_host=postgres.host,
            db_port=postgres.port,
            postgres_user=postgres.user,
            postgres_password=postgres.password,
            postgres_db="outages",
            rate_limit_per_minute=0,
            redis_host="127.0.0.1",
        )
        phases = asyncio.run(_run(settings, redis, Path(folder), arguments.seconds))
    table = Table(
        "Redis is", "reads/s", "near / redis / miss", "p50", "p99", "5xx", "changes", "stale"
    )
    for each in phases:
        span = sorted(each.seconds)
        table.add_row(
            each.name,
            f"{len(span) / arguments.seconds:,.0f}",
            " / ".join(f"{each.tiers.get(tier, 0):,}" for tier in ("near", "redis", "miss")),
            f"{span[len(span) // 2] * 1_000:.1f} ms",
            f"{each.p99_seconds * 1_000:.1f} ms",
            str(each.failures),
            str(each.changes),
            str(each.stale),
        )
    Console().print(table)
    sys.exit(0 if all(each.is_good for each in phases) else 1)


async def _run(settings: Settings, redis: RedisServer, folder: Path, seconds: float) -> list[Phase]:
    async with Relay(redis.host, redis.port) as relay:
        settings = settings.model_copy(update={"redis_port": relay.port})
        stack = ExitStack()
        # It waits for the shop's first answer, and the relay has to work meanwhile.
        served = await asyncio.to_thread(
            stack.enter_context, serving(settings, folder, by_python=True)
        )
        try:
            await let_machine_into(settings)
            traffic = HttpMetrics(served.port)
            tasks = await traffic.begin()
            phases = [
                await _phase(traffic, name, step, seconds) for name, step in _steps(relay, redis)
            ]
            for each in tasks:
                each.cancel()
            await asyncio.wait(tasks)
            return phases
        finally:
            await asyncio.to_thread(stack.close)


def _steps(relay: Relay, redis: RedisServer) -> list[tuple[str, Step]]:
    async def slow() -> None:
        relay.delay_seconds = _DELAY_SECONDS

    async def quick() -> None:
        relay.delay_seconds = 0

    return [
        ("there", lambda: asyncio.sleep(0)),
        ("stopped", lambda: asyncio.to_thread(redis.stop)),
        ("back, and empty", lambda: asyncio.to_thread(redis.start)),
        ("frozen", lambda: asyncio.to_thread(redis.pause)),
        ("thawed", lambda: asyncio.to_thread(redis.resume)),
        ("slow by 100 ms", slow),
        ("quick again", quick),
        ("killed", lambda: asyncio.to_thread(redis.kill)),
        ("back again", lambda: asyncio.to_thread(redis.start)),
    ]


async def _phase(traffic: HttpMetrics, name: str, step: Step, seconds: float) -> Phase:
    traffic.phase = Phase(name)
    await step()
    await asyncio.sleep(seconds)
    return traffic.phase


if __name__ == "__main__":
    main()
