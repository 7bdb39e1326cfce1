"""Measures how many requests a second one process of the shop answers, beside the least there is.

It starts servers of its own, the shop over PostgreSQL and Redis and then the shop over SQLite, on
one core, and puts the load (wrk) and the databases on another one. The reference for requests is an
application that answers 400 bytes behind the same server, that for orders pgbench on their writes.
"""

import argparse
import asyncio
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pygal
from pygal.style import Style
from rich.console import Console
from rich.table import Table

from app.settings import Settings
from benchmarks.support import pgbench
from benchmarks.support.servers import ROOT, cpu_seconds, fill, pinned
from tests.conftest import postgres_settings, sqlite_settings
from tests.support.machines import AUTHORIZATION, let_machine_into
from tests.support.processes import free_port, serving
from tests.support.servers import start_postgres, start_redis

_LINES = 3
_BODIES = 5_000
_BARE = "400 bytes, no shop"
_SHOP, _SQLITE = "PostgreSQL", "SQLite"
_SCALE = (100, 300, 1_000, 3_000, 10_000)
_STYLE = Style(
    background="white",
    plot_background="white",
    foreground="#222",
    foreground_strong="#222",
    foreground_subtle="#ccc",
    colors=("#f0c8a8", "#a9cbe6"),
    value_colors=("#222", "#222"),
    opacity="1",
    font_family="sans-serif",
    title_font_size=15,
    label_font_size=12,
    major_label_font_size=12,
    legend_font_size=12,
    value_font_size=12,
)
# Requests are made before the measurement, but for the keys, of which none may come twice.
_SCRIPT = """
local requests, count = {}, 0
local keyed = os.getenv("KEYED")
function init()
  for line in io.lines(os.getenv("REQUESTS")) do
    local method, path, body = line:match("^(%S+) (%S+) ?(.*)$")
    requests[#requests + 1] = keyed and {method, path, body} or wrk.format(method, path, nil, body)
  end
end
function request()
  count = count + 1
  local it = requests[count % #requests + 1]
  if not keyed then return it end
  wrk.headers["Idempotency-Key"] = keyed .. count
  return wrk.format(it[1], it[2], nil, it[3])
end
function done(summary, latency)
  local failed = summary.errors
  print(string.format('\\n{"answers": %d, "seconds": %f, "p50": %f, "p99": %f, "refused": %d,' ..
    ' "lost": %d}', summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3,
    latency:percentile(99) / 1e3, failed.status,
    failed.connect + failed.read + failed.write + failed.timeout))
end
"""


@dataclass(frozen=True, slots=True)
class Load:
    """What is asked for again and again: lines of a method, a path and a body."""

    name: str
    requests: Sequence[str]
    headers: tuple[tuple[str, str], ...] = ()
    is_keyed: bool = False


@dataclass(frozen=True, slots=True)
class Rate:
    """How fast it was answered, by what."""

    name: str
    place: str
    per_second: float
    p50_ms: float
    p99_ms: float
    cpu_us: float
    """Of the process that answers, for one request."""


@dataclass(frozen=True, slots=True)
class Bench:
    """The program that sends, the cores, and what was measured."""

    wrk: str
    shop_core: int
    load_core: int
    seconds: int
    connections: int
    rates: list[Rate] = field(default_factory=list)

    def measure(self, load: Load, place: str, url: str, pid: int) -> None:
        """Send requests at a process, and note how fast they were answered."""
        before = cpu_seconds(pid)
        said = self._send(load, url)
        cost = cpu_seconds(pid) - before
        if said["refused"] or said["lost"]:
            raise SystemExit(f"error: {load.name}, {place}: not all was answered: {said}")
        answers = said["answers"]
        per_second = answers / said["seconds"]
        self.rates.append(
            Rate(load.name, place, per_second, said["p50"], said["p99"], cost / answers * 1e6)
        )
        print(f"{per_second:10,.0f}/s  {load.name}, {place}", flush=True)

    def _send(self, load: Load, url: str) -> dict[str, float]:
        with tempfile.TemporaryDirectory() as folder:
            script, requests = Path(folder) / "wrk.lua", Path(folder) / "requests"
            script.write_text(_SCRIPT, "utf-8")
            requests.write_text("\n".join(load.requests) + "\n", "utf-8")
            command = [self.wrk, "-t1", f"-c{self.connections}", f"-d{self.seconds}s"]
            command += ["-s", str(script), "-H", "Content-Type: application/json"]
            for name, value in load.headers:
                command += ["-H", f"{name}: {value}"]
            environment = os.environ | {"REQUESTS": str(requests)}
            if load.is_keyed:
                environment["KEYED"] = f"{random.getrandbits(64):x}-"
            with pinned(self.load_core):
                done = subprocess.run(
                    [*command, url], env=environment, capture_output=True, text=True, check=False
                )
        if done.returncode:
            raise SystemExit(f"error: wrk: {done.stderr}")
        said: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
        return said


def loads(url: str, users: Sequence[UUID], products: Sequence[UUID]) -> Iterator[Load]:
    """Yield what a shop is asked for, the orders first, which are then read."""
    chance = random.Random(1)
    machine = tuple(AUTHORIZATION.items())
    orders = []
    for _ in range(_BODIES):
        items = [
            {"product_id": str(each), "quantity": chance.randint(1, 3)}
            for each in chance.sample(products, _LINES)
        ]
        body = {"user_id": str(chance.choice(users)), "items": items}
        orders.append(f"POST /api/v1/orders {json.dumps(body)}")
    yield Load("order placed", orders, machine)
    yield Load("order placed, with a key", orders, machine, is_keyed=True)
    with httpx.Client(base_url=f"{url}/api/v1", headers=AUTHORIZATION) as client:
        placed = client.get("/orders", params={"limit": 100}).json()["items"]
        tag = client.get(f"/products/{products[0]}").headers["ETag"]
    yield Load("order read", [f"GET /api/v1/orders/{each['id']}" for each in placed], machine)
    yield Load("product read", [f"GET /api/v1/products/{each}" for each in products])
    yield Load(
        "product not changed, 304",
        [f"GET /api/v1/products/{products[0]}"],
        (("If-None-Match", tag),),
    )
    yield Load("20 products listed", ["GET /api/v1/products?limit=20"])


def measure_bare(bench: Bench) -> None:
    """Serve next to nothing, and measure it."""
    port = free_port()
    with pinned(bench.shop_core):
        process = subprocess.Popen(  # pylint: disable=consider-using-with  # ended below
            [sys.executable, "-m", "benchmarks.support.bare", str(port)], cwd=ROOT
        )
    try:
        url = f"http://127.0.0.1:{port}"
        with httpx.Client(transport=httpx.HTTPTransport(retries=10)) as client:
            client.get(url)
        bench.measure(Load(_BARE, ["GET /"]), "", url, process.pid)
    finally:
        process.terminate()
        process.wait()


def measure_shop(
    bench: Bench, place: str, settings: Settings, goods: tuple[list[UUID], list[UUID]]
) -> None:
    """Serve a shop that is filled with users and products, and measure it."""
    asyncio.run(let_machine_into(settings))
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        with pinned(bench.shop_core):
            shop = stack.enter_context(serving(settings, Path(folder)))
        for load in loads(shop.url, *goods):
            bench.measure(load, place, shop.url, shop.process.pid)


def show(rates: Sequence[Rate], alone: float) -> None:
    """Print what was measured, and the ratios."""
    table = Table(title=f"one process, orders of {_LINES} lines; p50, p99 in ms, CPU in µs")
    for name in ("", "over", "per s", "of least", "p50", "p99", "CPU"):
        table.add_column(name, justify="left" if name in ("", "over") else "right")
    for rate in rates:
        table.add_row(
            rate.name,
            rate.place,
            f"{rate.per_second:,.0f}",
            f"{rate.per_second / rates[0].per_second:.3f}",
            f"{rate.p50_ms:.1f}",
            f"{rate.p99_ms:.1f}",
            f"{rate.cpu_us:,.0f}",
        )
    Console().print(table)
    if alone:
        placed = next(each for each in rates if each.place == _SHOP)
        Console().print(
            f"pgbench at its best writes {alone:,.0f} orders/s, "
            f"the shop {placed.per_second / alone:.2f} times as many"
        )


def draw(rates: Sequence[Rate], path: Path) -> None:
    """Draw the shop's rates as bars on a scale of powers."""
    names = list(dict.fromkeys(each.name for each in rates if each.place))[::-1]
    chart = pygal.HorizontalBar(
        js=[],
        logarithmic=True,
        style=_STYLE,
        title=f"Requests a second of one process ({rates[0].per_second:,.0f} without a shop)",
        x_labels=names,
        y_labels=_SCALE,
        range=(_SCALE[0], _SCALE[-1]),
        zero=_SCALE[0],
        width=900,
        height=460,
        margin=20,
        legend_at_bottom=True,
        legend_at_bottom_columns=2,
        print_values=True,
        print_values_position="top",
        value_formatter=lambda value: f"{value:,.0f}",
    )
    for place in (_SQLITE, _SHOP):
        found = {each.name: each.per_second for each in rates if each.place == place}
        chart.add(place, [found.get(name) for name in names])
    path.write_bytes(chart.render())


def measure_all(bench: Bench) -> float:
    """Measure everything, one after the other; return what pgbench is at its best, or 0."""
    measure_bare(bench)
    quiet: dict[str, Any] = {"rate_limit_per_minute": 0}
    with pinned(bench.load_core):
        postgres, redis = start_postgres(), start_redis()
    with postgres, redis, tempfile.TemporaryDirectory() as folder:
        postgres.create_database("shop")
        large = postgres_settings(
            postgres, "shop", redis_host=redis.host, redis_port=redis.port, **quiet
        )
        goods = asyncio.run(fill(large))
        postgres.create_database("alone", template="shop")
        measure_shop(bench, _SHOP, large, goods)
        small = sqlite_settings(Path(folder), **quiet)
        measure_shop(bench, _SQLITE, small, asyncio.run(fill(small)))
        with pinned(bench.shop_core):
            alone = asyncio.run(pgbench.measure_all(postgres, postgres_settings(postgres, "alone")))
        return max(alone.values(), default=0.0)


def main() -> None:
    """Measure, print a table, and draw it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.http_rate", description=__doc__)
    parser.add_argument("--seconds", type=int, default=5, help="of each load (%(default)s)")
    parser.add_argument("--connections", type=int, default=16, help="at once (%(default)s)")
    parser.add_argument("--plot", type=Path, help="an SVG file to draw")
    arguments = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        sys.exit("error: one core is for the shop and another one for the load")
    wrk = shutil.which("wrk")
    if wrk is None:
        sys.exit("error: wrk sends the load, and is not there: apt-get install wrk")
    bench = Bench(wrk, cores[0], cores[-1], arguments.seconds, arguments.connections)
    alone = measure_all(bench)
    show(bench.rates, alone)
    if arguments.plot is not None:
        draw(bench.rates, arguments.plot)


if __name__ == "__main__":
    main()
