"""Sends mixed requests of many callers to one process, and measures its memory meanwhile.

It starts a new shop over SQLite, or over PostgreSQL and Redis. Every request has another
client address or another key, so each table in the memory of the process is filled to its bound.
"""

import argparse
import asyncio
import itertools
import json
import random
import sys
import tempfile
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from app.settings import Settings
from benchmarks.support.http_client import HttpClient
from benchmarks.support.servers import fill
from tests.conftest import postgres_settings, sqlite_settings
from tests.support.machines import AUTHORIZATION, let_machine_into
from tests.support.processes import serving
from tests.support.servers import start_postgres, start_redis

_PARTS = 10
_CONNECTIONS = 16
_DATABASE = "soak"
# The share by which memory may grow in the last two thirds of the run.
_FLAT = 0.05


class Load:
    """The requests, each of another caller."""

    def __init__(self, port: int, users: list[UUID], products: list[UUID], seed: int) -> None:
        self.statuses: Counter[int] = Counter()
        self._port = port
        self._users = users
        self._products = products
        self._chance = random.Random(seed)
        self._numbers = itertools.count()

    async def send(self, count: int) -> None:
        """Send requests over several connections."""
        each = count // _CONNECTIONS
        await asyncio.gather(*(self._send(each) for _ in range(_CONNECTIONS)))

    async def _send(self, count: int) -> None:
        clients = [HttpClient("127.0.0.1", self._port, headers) for headers in (AUTHORIZATION, {})]
        for _ in range(count):
            method, path, body, headers, is_known = self._request()
            client = clients[not is_known]
            content = b"" if body is None else json.dumps(body).encode()
            answer = await client.send(method, path, content, headers=headers)
            self.statuses[answer.status] += 1

    def _request(self) -> tuple[str, str, Any, dict[str, str], bool]:
        """Return method, path, body, headers, and whether the caller has a key."""
        number = next(self._numbers)
        caller = {"X-Forwarded-For": f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"}
        product_id, user_id = self._chance.choice(self._products), self._chance.choice(self._users)
        kind = number % 20
        if kind < 2:
            order = {
                "user_id": str(user_id),
                "items": [{"product_id": str(product_id), "quantity": 1}],
            }
            key = {"Idempotency-Key": f"soak-{number}"}
            return "POST", "/api/v1/orders", order, caller | key, True
        if kind < 4:
            return "GET", f"/api/v1/users/{user_id}", None, caller, True
        if kind < 5:
            caller |= {"Authorization": f"Bearer {number}"}
        paths = (
            "/api/v1/orders",
            f"/no/such/path/{number}",
            *[f"/api/v1/products?limit=5&max_price={number}"] * 3,
            *[f"/api/v1/products/{uuid4()}"] * 3,
            *[f"/api/v1/products/{product_id}"] * 8,
        )
        return "GET", paths[kind - 4], None, caller, False


async def _measure(settings: Settings, folder: Path, count: int) -> list[tuple[int, float]]:
    users, products = await fill(settings)
    await let_machine_into(settings)
    measured = []
    with serving(settings, folder) as served, Progress(console=Console(stderr=True)) as progress:
        task = progress.add_task("requests", total=count)
        load = Load(served.port, users, products, seed=1)
        for part in range(1, _PARTS + 1):
            await load.send(count // _PARTS)
            progress.update(task, completed=count * part // _PARTS)
            measured.append((count * part // _PARTS, _resident_mib(served.process.pid)))
    Console(stderr=True).print(f"answers: {dict(sorted(load.statuses.items()))}")
    if any(status >= 500 for status in load.statuses):
        raise SystemExit("error: a request was answered with a server error")
    return measured


def _resident_mib(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text("utf-8").split()[1])
    return pages * 4096 / 2**20


def main() -> int:
    """Run the load; return 1 if memory grows until the end."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    parser.add_argument("--requests", type=int, default=300_000, help="(%(default)s)")
    parser.add_argument("--embedded", action="store_true", help="one process over SQLite")
    arguments = parser.parse_args()
    common: dict[str, Any] = {"rate_limit_per_minute": 1_000_000, "trusted_proxies": "127.0.0.0/8"}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="lavka-soak-")))
        if arguments.embedded:
            settings = sqlite_settings(folder / "var", **common)
        else:
            postgres = stack.enter_context(start_postgres())
            redis = stack.enter_context(start_redis())
            postgres.create_database(_DATABASE)
            where = {"redis_host": redis.host, "redis_port": redis.port}
            settings = postgres_settings(postgres, _DATABASE, **where, **common)
        measured = asyncio.run(_measure(settings, folder, arguments.requests))
    table = Table(
        "requests", "resident MiB", title="SQLite" if arguments.embedded else "PostgreSQL"
    )
    for requests, mib in measured:
        table.add_row(f"{requests:,}", f"{mib:.0f}")
    Console().print(table)
    growth = measured[-1][1] / measured[_PARTS // 3][1] - 1
    print(f"growth in the last two thirds: {growth:.1%}")
    return int(growth > _FLAT)


if __name__ == "__main__":
    sys.exit(main())
