"""The start and the memory of the shop in one process, over SQLite."""

import asyncio
import http.client
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.cases.bench import Bench, Goods, Served
from benchmarks.cases.case import Aim, Case
from benchmarks.cases.orders import order_requests
from benchmarks.cases.reads import LIST, products
from benchmarks.support.reading import NotMeasured, Reading
from benchmarks.support.servers import cpu_seconds, fill, started
from benchmarks.support.wrk import Load
from tests.conftest import sqlite_settings
from tests.support.machines import AUTHORIZATION, let_machine_into

_DEADLINE_SECONDS = 60
_POLL_SECONDS = 0.002
# The scheduler is imported a second after the start.
_IDLE_SECONDS = 3
_REQUESTS = 100_000
_READS_BETWEEN_ORDERS = 45


@contextmanager
def _embedded(bench: Bench) -> Iterator[tuple[Served, Reading]]:
    """Start a shop that has started before; yield it, and the time until its first response."""
    with TemporaryDirectory(prefix="lavka-bench-") as folder:
        settings = sqlite_settings(Path(folder) / "var", rate_limit_per_minute=0)
        goods = Goods(*asyncio.run(fill(settings)))
        asyncio.run(let_machine_into(settings))
        begin = time.perf_counter()
        with started(settings, Path(folder), [bench.shop_core]) as shop:
            _wait_for_answer(shop.port)
            seconds, pid = time.perf_counter() - begin, shop.process.pid
            cpu = cpu_seconds(pid)
            yield Served(shop.url, pid, goods), Reading(seconds, {"cpu_seconds": cpu})


def _wait_for_answer(port: int) -> None:
    """Repeat a request until it succeeds, more often than a health check does."""
    deadline = time.monotonic() + _DEADLINE_SECONDS
    while time.monotonic() < deadline:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_DEADLINE_SECONDS)
        try:
            connection.request("GET", LIST)
            if connection.getresponse().status == http.HTTPStatus.OK:
                return
        except ConnectionError:
            time.sleep(_POLL_SECONDS)
        finally:
            connection.close()
    raise NotMeasured("the shop does not answer")


def _memory_of(pid: int) -> Reading:
    """Return the proportional set size in MB; shared memory is divided among its processes."""
    sizes = {}
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text("utf-8").splitlines()[1:]:
        name, _, size = line.partition(":")
        sizes[name] = int(size.removesuffix("kB")) / 1_024
    return Reading(sizes["Pss"], {"rss_mb": sizes["Rss"]})


def start(bench: Bench) -> Reading:
    """Return the seconds from the start of the process to its first answer."""
    with _embedded(bench) as (_, reading):
        return reading


def idle(bench: Bench) -> Reading:
    """Return the memory of an idle shop."""
    with _embedded(bench) as (served, _):
        time.sleep(_IDLE_SECONDS)
        return _memory_of(served.pid)


def used(bench: Bench) -> Reading:
    """Return the memory after many requests, most of them reads."""
    with _embedded(bench) as (served, _):
        requests = [*products(bench, served).requests, f"GET {LIST}"]
        places = range(0, len(requests), _READS_BETWEEN_ORDERS)
        for place, order in zip(places, order_requests(served.goods, len(places)), strict=True):
            requests.insert(place, order)
        load = Load(requests, headers=tuple(AUTHORIZATION.items()))
        sent = 0
        while sent < _REQUESTS:
            sent += bench.answered(load, served.url).count
        memory = _memory_of(served.pid)
        return Reading(memory.value, {**memory.details, "requests": sent})


CASES = [
    Case(
        name="embedded-start",
        title="embedded: start to first answer",
        measure=start,
        unit="s",
        aim=Aim(0.8, is_most=True),
    ),
    Case(
        name="embedded-idle",
        title="embedded: PSS, idle",
        measure=idle,
        unit="MB",
        aim=Aim(90, is_most=True),
    ),
    Case(
        name="embedded-used",
        title=f"embedded: PSS after {_REQUESTS:,} requests",
        measure=used,
        unit="MB",
        aim=Aim(110, is_most=True),
        is_long=True,
    ),
]
