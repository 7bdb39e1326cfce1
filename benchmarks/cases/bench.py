"""The servers, shops and cores for the cases, each started at its first use."""

import asyncio
import os
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import cached_property, partial
from hashlib import md5
from pathlib import Path
from typing import Any, Self, TypeVar
from uuid import UUID

import httpx
from sqlalchemy import text

from app.database.migrate import analyze
from app.settings import Settings
from app.wiring.resources import Shop
from benchmarks.support.pgbench import OF_KEY, Pgbench
from benchmarks.support.reading import NotMeasured, Reading
from benchmarks.support.servers import ROOT, cpu_seconds, fill, pinned, started
from benchmarks.support.wrk import Answered, Load, send
from tests.conftest import postgres_settings, sqlite_settings
from tests.support.machines import let_machine_into
from tests.support.processes import free_port
from tests.support.servers import (
    PostgresServer,
    RabbitMQServer,
    RedisServer,
    ServerUnavailable,
    start_postgres,
    start_rabbitmq,
    start_redis,
)

FILLED = "filled"
_ALONE = "alone"
_NO_LIMITS: dict[str, Any] = {"rate_limit_per_minute": 0}
_UNSEEN, _FEW_UNSEEN = 120_000, 18_000
_ADD_UNSEEN = text("""
    WITH added AS (
        INSERT INTO products (id, sku, name, description, category, option_names, price_minor,
            availability, variants_count, currency, is_active, search_text, created_at,
            updated_at, version)
        SELECT md5(n::text)::uuid, 'unseen-' || n, name, description, category, option_names,
            price_minor, availability, 1, currency, true, '', now(), now(), 1
        FROM generate_series(1, :count) n JOIN (
            SELECT row_number() OVER (ORDER BY id) - 1 AS place, products.* FROM products
        ) known ON place = n % (SELECT count(*) FROM products)
        RETURNING id, sku, price_minor
    )
    INSERT INTO variants (id, product_id, sku, price_minor, stock_quantity, is_active, created_at,
        updated_at, version)
    SELECT id, id, sku, price_minor, 100, true, now(), now(), 1 FROM added
    """)
_CLIENTS, _FEW_CLIENTS = (4, 8, 16, 32), (8, 16)

Started = TypeVar("Started", PostgresServer, RedisServer, RabbitMQServer)


@dataclass(frozen=True, slots=True)
class Kind:
    """The configuration of a shop, and its products."""

    name: str
    is_sqlite: bool = False
    is_large: bool = False
    """Whether it has many products that have not been read yet."""
    workers: int = 1
    cache_max_entries: int = 20_000


POSTGRES = Kind("postgresql")
SQLITE = Kind("sqlite", is_sqlite=True)
# Less than the demo has products, which are read in turn: each is evicted before it is read again.
REDIS_ONLY = Kind("redis_only", cache_max_entries=100)
LARGE = Kind("large", is_large=True)
TWO_PROCESSES = Kind("two_processes", workers=2)


@dataclass(frozen=True, slots=True)
class Goods:
    """The ids of the users and the products of a shop."""

    users: Sequence[UUID]
    products: Sequence[UUID]


@dataclass(frozen=True, slots=True)
class Served:
    """A process that serves HTTP, and its users and products."""

    url: str
    pid: int
    goods: Goods

    @property
    def place(self) -> tuple[str, int]:
        """The host and the port."""
        host, _, port = self.url.removeprefix("http://").partition(":")
        return host, int(port)


class Bench:
    """The servers, shops and cores of a run."""

    def __init__(
        self, *, seconds: int, times: int, is_quick: bool = False, is_durable: bool = False
    ) -> None:
        self.seconds = seconds
        self.is_quick = is_quick
        self._is_durable = is_durable
        cores = sorted(os.sched_getaffinity(0))
        self.shop_core, self.load_core = cores[0], cores[-1]
        self.two_cores = (cores[0], cores[1])
        self._times = times
        self._unseen = 0
        self._stack = ExitStack()
        self._shops: dict[Kind, Served] = {}
        self._bare: dict[int, Served] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @cached_property
    def folder(self) -> Path:
        """A folder for the files of the run."""
        return Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="lavka-bench-")))

    @cached_property
    def filled(self) -> tuple[PostgresServer, Goods]:
        """PostgreSQL, and the users and products of the shop in its database `FILLED`."""
        changes = {
            # A case lasts seconds. Plans that were made while a table was empty are replaced only
            # after autovacuum has counted its rows, which it does once a minute by default.
            "autovacuum_naptime": "1s",
            "fsync": "on" if self._is_durable else "off",
        }
        server = self._start(partial(start_postgres, **changes))
        server.create_database(FILLED)
        return server, Goods(*asyncio.run(fill(postgres_settings(server, FILLED))))

    @cached_property
    def redis(self) -> RedisServer:
        """A Redis server; each shop has its own database in it."""
        return self._start(start_redis)

    @cached_property
    def rabbitmq(self) -> RabbitMQServer:
        """A RabbitMQ server."""
        return self._start(start_rabbitmq)

    @cached_property
    def pgbench(self) -> tuple[Pgbench, int]:
        """PostgreSQL without a shop, and the number of clients that write the most orders."""
        postgres, _ = self.filled
        postgres.create_database(_ALONE, template=FILLED)
        alone = asyncio.run(Pgbench.prepare(postgres, postgres_settings(postgres, _ALONE)))
        with pinned(self.shop_core):
            rates = {
                clients: alone.orders(OF_KEY, clients, 1 if self.is_quick else 3)
                for clients in (_FEW_CLIENTS if self.is_quick else _CLIENTS)
            }
        return alone, max(rates, key=rates.__getitem__)

    @cached_property
    def sqlite_file(self) -> Path:
        """A copy of the file of the filled SQLite shop, for programs other than the shop."""
        copy = self.folder / "copy.db"
        source = sqlite_settings(self.folder / SQLITE.name).data_file
        self.shop(SQLITE)
        with closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True)) as database:
            with closing(sqlite3.connect(copy)) as target:
                database.backup(target)
        return copy

    def shop(self, kind: Kind) -> Served:
        """Return a shop that runs until the end, on its own core if there are two."""
        if kind not in self._shops:
            settings, goods = self._settings(kind)
            asyncio.run(let_machine_into(settings))
            folder = self.folder / f"run_{kind.name}"
            folder.mkdir()
            cores = self.two_cores[: kind.workers]
            shop = self._stack.enter_context(started(settings, folder, cores))
            shop.wait_until_ready()
            self._shops[kind] = Served(shop.url, shop.process.pid, goods)
        return self._shops[kind]

    def bare(self, size: int) -> Served:
        """Return an application that responds with a number of bytes, on the server of the shop."""
        if size not in self._bare:
            self._bare[size] = self._stack.enter_context(_bare(size, self.shop_core))
        return self._bare[size]

    def send(self, load: Load, served: Served, seconds: int | None = None) -> Reading:
        """Send a load; return the requests a second, with the processor's time of the process."""
        before = cpu_seconds(served.pid)
        answered = self.answered(load, served.url, seconds)
        cost = (cpu_seconds(served.pid) - before) / answered.count
        details = {"p50_ms": answered.p50_ms, "p99_ms": answered.p99_ms, "cpu_us": cost * 1e6}
        return Reading(answered.per_second, details)

    def answered(self, load: Load, url: str, seconds: int | None = None) -> Answered:
        """Send a load; return the count and the speed of the responses."""
        return send(load, url, seconds or self.seconds, self.load_core)

    @property
    def unseen_count(self) -> int:
        """The number of products of a large shop that are read only once."""
        return _FEW_UNSEEN if self.is_quick else _UNSEEN

    def unseen(self) -> list[UUID]:
        """Return ids of products that have not been read yet, enough for one repetition."""
        count = self.unseen_count // self._times
        first = self._unseen + 1
        self._unseen += count
        return [UUID(md5(str(n).encode()).hexdigest()) for n in range(first, first + count)]

    def _settings(self, kind: Kind) -> tuple[Settings, Goods]:
        changes = _NO_LIMITS | {"cache_max_entries": kind.cache_max_entries}
        if kind.is_sqlite:
            settings = sqlite_settings(self.folder / kind.name, **changes)
            return settings, Goods(*asyncio.run(fill(settings)))
        postgres, goods = self.filled
        postgres.create_database(kind.name, template=FILLED)
        settings = postgres_settings(
            postgres,
            kind.name,
            redis_host=self.redis.host,
            redis_port=self.redis.port,
            redis_db=len(self._shops),
            workers=kind.workers,
            **changes,
        )
        if kind.is_large:
            asyncio.run(_add_unseen(settings, self.unseen_count))
        return settings, goods

    def _start(self, start: Callable[[], Started]) -> Started:
        try:
            with pinned(self.load_core):
                server = start()
        except ServerUnavailable as error:
            raise NotMeasured(str(error)) from error
        self._stack.enter_context(closing(server))
        return server


async def _add_unseen(settings: Settings, count: int) -> None:
    shop = Shop(settings)
    try:
        async with shop.database.write() as session:
            await session.execute(_ADD_UNSEEN, {"count": count})
        await analyze(shop.database)
    finally:
        await shop.close()


@contextmanager
def _bare(size: int, core: int) -> Iterator[Served]:
    port = free_port()
    with pinned(core):
        process = subprocess.Popen(  # pylint: disable=consider-using-with  # ended below
            [sys.executable, "-m", "benchmarks.support.bare", str(port), str(size)], cwd=ROOT
        )
    try:
        url = f"http://127.0.0.1:{port}"
        with httpx.Client(transport=httpx.HTTPTransport(retries=10)) as client:
            client.get(url)
        yield Served(url, process.pid, Goods((), ()))
    finally:
        process.terminate()
        process.wait()
