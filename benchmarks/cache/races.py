"""Races readers and writers of one key over the shop's own services, and looks for stale values.

It starts its own PostgreSQL and Redis; `--local` races in one process over SQLite instead.
Delays are put between a load and its store, and between a commit and its drop, where they hurt.
`--naive` is the control: the usual cache-aside, which deletes after the commit.
"""

import argparse
import asyncio
import random
import sys
import tempfile
from collections.abc import AsyncIterator, Collection, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch
from uuid import UUID

import msgspec
from redis.asyncio import Redis
from rich.console import Console
from rich.progress import Progress

from app.cache.areas.catalogue import PRODUCTS
from app.cache.cache import Cache, Found, Load, Tier
from app.cache.kind import Kind
from app.cache.representation import Representation
from app.errors import Unavailable
from app.jobs.cache_sync import cache_sync
from app.repositories.catalogue.product_repository import ProductRepository
from app.schemas.catalogue.product_schema import ProductChange, ProductCreate
from app.security.principal import Caller
from app.settings import Settings
from app.wiring.areas.catalogue import provide_products
from app.wiring.lifecycle import prepare
from app.wiring.resources import Shop
from tests.support.servers import start_postgres, start_redis

_CALLER = Caller("race")
_LONGEST_DELAY_SECONDS = 0.008
# With more, readers and writers wait for connections in two queues, and never meet.
_AT_ONCE = 4


def main() -> None:
    """Race, print how many rounds ended with a stale value, and exit with 1 if any did."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cache.races", description=__doc__)
    parser.add_argument("--rounds", type=int, default=6_000, help="rounds (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of the delays (%(default)s)")
    parser.add_argument("--local", action="store_true", help="in one process, over SQLite")
    parser.add_argument("--naive", action="store_true", help="the usual cache-aside, as a control")
    arguments = parser.parse_args()
    random.seed(arguments.seed)
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        settings = _settings(stack, Path(folder), is_local=arguments.local)
        stale = asyncio.run(_race_all(settings, arguments.rounds, is_naive=arguments.naive))
    print(
        f"{arguments.rounds} rounds of 2 readers and 2 writers, "
        f"{'in-process' if arguments.local else 'Redis'}"
        f"{', commit then delete' if arguments.naive else ''}: {stale} ended stale"
    )
    sys.exit(1 if stale else 0)


def _settings(stack: ExitStack, folder: Path, *, is_local: bool) -> Settings:
    if is_local:
        return Settings(_env_file=None, data_dir=folder)
    postgres, redis = stack.enter_context(start_postgres()), stack.enter_context(start_redis())
    postgres.create_database("races")
    return Settings(
        _env_file=None,
        data_dir=folder,
        db_host=postgres.host,
        db_port=postgres.port,
        postgres_user=postgres.user,
        postgres_password=postgres.password,
        postgres_db="races",
        db_pool_size=_AT_ONCE * 4,
        redis_host=redis.host,
        redis_port=redis.port,
    )


async def _race_all(settings: Settings, rounds: int, *, is_naive: bool) -> int:
    async with open_shop(settings) as shop:
        with Progress(console=Console(stderr=True)) as progress:
            task = progress.add_task("Race", total=rounds)
            stale = 0
            for start in range(0, rounds, _AT_ONCE):
                count = min(_AT_ONCE, rounds - start)
                stale += await race(shop, count, is_naive=is_naive)
                progress.advance(task, count)
            return stale


@asynccontextmanager
async def open_shop(settings: Settings) -> AsyncIterator[Shop]:
    """Open a shop whose cache is synchronized, also with Redis if it is configured."""
    shop = Shop(settings)
    await prepare(shop)
    async with cache_sync(shop):
        while (redis := shop.cache.redis) is not None and not redis.is_synced:
            await asyncio.sleep(0.01)
        yield shop
    await shop.close()


async def race(shop: Shop, rounds: int, *, is_naive: bool = False) -> int:
    """Race over as many products at once, and return how many are stale in the end."""
    ids = [await _offer(shop) for _ in range(rounds)]
    cache, naive = shop.cache, Naive(shop.settings)
    if is_naive:
        shop.cache = naive
    try:
        with delays(shop):
            await asyncio.gather(
                *(_read(shop, each) for each in ids * 2), *(_change(shop, each) for each in ids * 2)
            )
        shown = [msgspec.json.decode((await _show(shop, each)).body) for each in ids]
    finally:
        shop.cache = cache
        await naive.close()
    async with shop.database.read() as session:
        truth = [(await ProductRepository(session).get(each)).version for each in ids]
    return sum(each["version"] != version for each, version in zip(shown, truth, strict=True))


@contextmanager
def delays(shop: Shop) -> Iterator[None]:
    """Delay the store after a load, and the drop after a commit."""
    whole, drop = ProductRepository.whole, shop.drop

    async def whole_slowly(
        self: ProductRepository, product_ids: Collection[UUID], *, is_locked: bool = False
    ) -> Any:
        found = await whole(self, product_ids, is_locked=is_locked)
        if not is_locked:
            # So that writers commit and drop meanwhile.
            await _dawdle()
            await _dawdle()
        return found

    async def drop_late(tags: Collection[str], note: UUID | None) -> None:
        await _dawdle()
        await drop(tags, note)

    slow_reads = patch.object(ProductRepository, "whole", whole_slowly)
    with slow_reads, patch.object(shop, "drop", drop_late):
        yield


async def _dawdle() -> None:
    await asyncio.sleep(random.uniform(0, _LONGEST_DELAY_SECONDS))


async def _offer(shop: Shop) -> UUID:
    fields = {
        "sku": f"R{random.getrandbits(60)}",
        "name": "Tea",
        "category": "Tea",
        "price": "1.00",
    }
    data = ProductCreate.parse(fields)
    async with shop.database.write() as session:
        return (await provide_products(session, shop).offer(_CALLER, data)).id


async def _read(shop: Shop, product_id: UUID) -> None:
    await _dawdle()
    await _show(shop, product_id)


async def _show(shop: Shop, product_id: UUID) -> Representation:
    async with shop.database.read() as session:
        return (await provide_products(session, shop).get(product_id)).representation


async def _change(shop: Shop, product_id: UUID) -> None:
    await _dawdle()
    change = ProductChange.parse({"price": f"{random.randrange(1, 100)}.00"})
    while True:
        try:
            async with shop.database.write() as session:
                await provide_products(session, shop).change(_CALLER, product_id, change)
            return
        except Unavailable:
            continue


class Naive(Cache):
    """The usual cache-aside: look, or else load and set; on a change commit, then delete."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(None, None)
        self._kept: dict[str, Representation] = {}
        self._redis: Redis | None = None
        if settings.redis_host is not None:
            self._redis = Redis(host=settings.redis_host, port=settings.redis_port)

    async def show(
        self, kind: Kind, subject_id: UUID, owner: UUID | str | None, load: Load
    ) -> Found:
        """Return the stored value, or load and store it."""
        key = f"naive:{PRODUCTS.tag(subject_id)}"
        if self._redis is None:
            if (kept := self._kept.get(key)) is None:
                kept = self._kept[key] = await load()
            return Found(kept, Tier.MISS)
        value: Any = await self._redis.get(key)
        if value is not None:
            return Found(msgspec.msgpack.decode(value, type=Representation), Tier.REDIS)
        shown = await load()
        await self._redis.set(key, msgspec.msgpack.encode(shown), ex=600)
        return Found(shown, Tier.MISS)

    async def drop(self, tags: Collection[str]) -> bool:
        """Delete the stored value."""
        for tag in tags:
            self._kept.pop(f"naive:{tag}", None)
        if self._redis is not None:
            await self._redis.delete(*(f"naive:{tag}" for tag in tags))
        return True

    async def close(self) -> None:
        """Close the connections."""
        if self._redis is not None:
            await self._redis.aclose()


if __name__ == "__main__":
    main()
