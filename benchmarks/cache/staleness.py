"""Changes hot products in two processes while both read them, and looks for stale reads.

It starts its own PostgreSQL and Redis. Each read is compared with the versions that either process
had acknowledged before the read began. Writes use the shop's transactions, reads its services. It
fails if a read through Redis was stale, if more than one in 1,000 near reads was, if one was stale
by more than 50 ms, or if a product is still stale 2 s after the last change.
"""

import argparse
import asyncio
import multiprocessing
import random
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path
from typing import Any
from uuid import UUID

from rich.console import Console
from rich.table import Table
from sqlalchemy import select, update

from app.cache.areas.catalogue import product_tags
from app.cache.cache import Tier
from app.database.sessions import mark_changed
from app.models import Product
from app.schemas.catalogue.product_schema import ProductCreate
from app.security.principal import Caller
from app.settings import Settings
from app.wiring.areas.catalogue import provide_products
from app.wiring.lifecycle import prepare
from app.wiring.resources import Shop
from benchmarks.cache.races import open_shop
from tests.support.servers import start_postgres, start_redis

_PROCESSES = 2
_READERS = 4
_VERSIONS = 4_096
_SETTLE_SECONDS = 2.0
_MAX_STALE = 0.001
_LONGEST_STALE_SECONDS = 0.05
_VERSION = re.compile(rb'"version":(\d+)')


@dataclass(slots=True)
class Outcome:
    """The observations of one process."""

    changes: int = 0
    reads: Counter[str] = field(default_factory=Counter)
    stale: Counter[str] = field(default_factory=Counter)
    longest_seconds: float = 0.0
    stuck: int = 0


class Ledger:
    """The time of acknowledgement of each version of each product, shared by all processes."""

    def __init__(self, memory: SharedMemory, ids: Sequence[UUID]) -> None:
        self._places = {each: number * _VERSIONS for number, each in enumerate(ids)}
        assert memory.buf is not None
        self._moments = memory.buf.cast("d")

    def acknowledge(self, product_id: UUID, version: int) -> None:
        """Record that every reader must see a version from now on."""
        self._moments[self._places[product_id] + version] = time.monotonic()

    def staleness(self, product_id: UUID, version: int, began_at: float) -> float:
        """Return the age of the next version when a read of a version began, or 0 without one."""
        followed_at: float = self._moments[self._places[product_id] + version + 1]
        return began_at - followed_at if 0 < followed_at < began_at else 0.0

    def close(self) -> None:
        """Release the memory."""
        self._moments.release()


def main() -> None:
    """Run both ways, print a table, and exit with 1 if a guarantee was broken."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.cache.staleness", description=__doc__
    )
    parser.add_argument("--seconds", type=float, default=5.0, help="of changes (%(default)s)")
    parser.add_argument("--changes", type=int, default=800, help="a second (%(default)s)")
    parser.add_argument("--products", type=int, default=50, help="hot ones (%(default)s)")
    arguments = parser.parse_args()
    table = Table("", "changes/s", "reads/s", "near / redis / miss", "stale", "longest", "stuck")
    is_good = True
    with ExitStack() as stack:
        settings = _settings(stack)
        for has_near in (False, True):
            outcomes = _run(settings, arguments, has_near=has_near)
            is_good &= _judge(table, outcomes, arguments.seconds, has_near=has_near)
    Console().print(table)
    sys.exit(0 if is_good else 1)


def _settings(stack: ExitStack) -> Settings:
    postgres, redis = stack.enter_context(start_postgres()), stack.enter_context(start_redis())
    postgres.create_database("staleness")
    return Settings(
        _env_file=None,
        data_dir=Path(stack.enter_context(tempfile.TemporaryDirectory())),
        db_host=postgres.host,
        db_port=postgres.port,
        postgres_user=postgres.user,
        postgres_password=postgres.password,
        postgres_db="staleness",
        redis_host=redis.host,
        redis_port=redis.port,
    )


def _run(settings: Settings, arguments: argparse.Namespace, *, has_near: bool) -> list[Outcome]:
    ids = asyncio.run(_offer(settings, arguments.products))
    context = multiprocessing.get_context("spawn")
    memory = SharedMemory(create=True, size=len(ids) * _VERSIONS * 8)
    try:
        start: Any = context.Barrier(_PROCESSES)
        outcomes: Any = context.Queue()
        pace = arguments.changes / _PROCESSES
        processes = [
            context.Process(
                target=_work,
                args=(
                    settings,
                    memory.name,
                    ids,
                    has_near,
                    pace,
                    arguments.seconds,
                    start,
                    outcomes,
                ),
            )
            for _ in range(_PROCESSES)
        ]
        for each in processes:
            each.start()
        found = [outcomes.get(timeout=arguments.seconds + 60) for _ in processes]
        for each in processes:
            each.join()
        return found
    finally:
        memory.close()
        memory.unlink()


async def _offer(settings: Settings, count: int) -> list[UUID]:
    shop = Shop(settings)
    await prepare(shop)
    ids = []
    async with shop.database.write() as session:
        for _ in range(count):
            sku = f"S{random.getrandbits(60)}"
            data = ProductCreate.parse(
                {"sku": sku, "name": "Tea", "category": "Tea", "price": "1.00"}
            )
            ids.append((await provide_products(session, shop).offer(Caller("bench"), data)).id)
    await shop.close()
    return ids


def _work(  # pylint: disable=too-many-positional-arguments  # the arguments of a process
    settings: Settings,
    memory_name: str,
    ids: list[UUID],
    has_near: bool,
    pace: float,
    seconds: float,
    start: Any,
    outcomes: Any,
) -> None:
    memory = SharedMemory(memory_name)
    ledger = Ledger(memory, ids)

    async def work() -> Outcome:
        async with open_shop(settings) as shop:
            if not has_near:
                shop.cache.near = None
            await asyncio.to_thread(start.wait)
            worker = _Worker(shop, ledger, ids)
            ends_at = time.monotonic() + seconds
            readers = [
                asyncio.create_task(worker.read(ends_at + _SETTLE_SECONDS / 2))
                for _ in range(_READERS)
            ]
            await worker.change(pace, ends_at)
            await asyncio.gather(*readers)
            await asyncio.to_thread(start.wait)
            await asyncio.sleep(_SETTLE_SECONDS)
            await worker.find_stuck()
            return worker.outcome

    try:
        outcomes.put(asyncio.run(work()))
    finally:
        ledger.close()
        memory.close()


class _Worker:
    """The writers and readers of one process."""

    def __init__(self, shop: Shop, ledger: Ledger, ids: Sequence[UUID]) -> None:
        self._shop = shop
        self._ledger = ledger
        self._ids = ids
        self.outcome = Outcome()

    async def change(self, pace: float, ends_at: float) -> None:
        """Change products at a pace, several at a time."""
        began_at = time.monotonic()
        running: set[asyncio.Task[None]] = set()
        number = 0
        while (now := time.monotonic()) < ends_at:
            while number < (now - began_at) * pace and len(running) < 8:
                task = asyncio.create_task(self._change(random.choice(self._ids)))
                running.add(task)
                task.add_done_callback(running.discard)
                number += 1
            await asyncio.sleep(0.001)
        await asyncio.gather(*running)

    async def _change(self, product_id: UUID) -> None:
        async with self._shop.database.write() as session:
            version = await session.scalar(
                update(Product)
                .where(Product.id == product_id)
                .values(version=Product.version + 1)
                .returning(Product.version)
            )
            mark_changed(session, product_tags([product_id]))
        assert version is not None
        self._ledger.acknowledge(product_id, version)
        self.outcome.changes += 1

    async def read(self, ends_at: float) -> None:
        """Read products, and check each read."""
        while (began_at := time.monotonic()) < ends_at:
            product_id = random.choice(self._ids)
            tier, version = await self._show(product_id)
            self.outcome.reads[tier] += 1
            if (stale := self._ledger.staleness(product_id, version, began_at)) > 0:
                self.outcome.stale[tier] += 1
                self.outcome.longest_seconds = max(self.outcome.longest_seconds, stale)
            await asyncio.sleep(0.0005)

    async def find_stuck(self) -> None:
        """Count the products of which an old version is still shown."""
        async with self._shop.database.read() as session:
            rows = await session.execute(select(Product.id, Product.version))
            truth = {row.id: row.version for row in rows}
        for each in self._ids:
            _, version = await self._show(each)
            self.outcome.stuck += version != truth[each]

    async def _show(self, product_id: UUID) -> tuple[Tier, int]:
        async with self._shop.database.read() as session:
            found = await provide_products(session, self._shop).get(product_id)
        match = _VERSION.search(found.representation.body)
        assert match is not None
        return found.tier, int(match[1])


def _judge(table: Table, outcomes: list[Outcome], seconds: float, *, has_near: bool) -> bool:
    reads = sum((each.reads for each in outcomes), Counter[str]())
    stale = sum((each.stale for each in outcomes), Counter[str]())
    longest = max(each.longest_seconds for each in outcomes)
    stuck = sum(each.stuck for each in outcomes)
    table.add_row(
        "near and Redis" if has_near else "Redis alone",
        f"{sum(each.changes for each in outcomes) / seconds:.0f}",
        f"{reads.total() / (seconds + _SETTLE_SECONDS / 2):,.0f}",
        " / ".join(f"{reads[tier]:,}" for tier in Tier),
        f"{stale.total()} ({stale.total() / reads.total():.4%})",
        f"{longest * 1_000:.1f} ms",
        str(stuck),
    )
    most = _MAX_STALE if has_near else 0
    return (
        stuck == 0
        and stale.total() <= reads.total() * most
        and stale[Tier.REDIS] + stale[Tier.MISS] == 0
        and longest <= _LONGEST_STALE_SECONDS
    )


if __name__ == "__main__":
    main()
