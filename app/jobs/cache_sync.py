"""Keeps the cache in sync: replays missed drops to Redis and applies changes by other processes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from app.cache.connection import RedisUnavailable
from app.cache.redis import RedisStore
from app.errors import Unavailable
from app.runtime.supervisor import GrowingPause, end, repeat
from app.wiring.areas.messaging import provide_cache_drops
from app.wiring.resources import Shop

_AT_ONCE = 500
_BEAT_SECONDS = 0.25
_RECONNECT_SECONDS = (0.1, 1.0)
_LOOK_SECONDS = 1.0


async def sync_cache(shop: Shop) -> None:
    """Keep the cache of this process in sync until cancelled."""
    if (redis := shop.cache.redis) is not None:
        await repeat("cache", _CacheSync(shop, redis).work)
    elif (near := shop.cache.near) is not None:

        # Changes before this call do not matter: nothing is cached yet.
        await shop.database.is_changed_elsewhere()

        async def look() -> None:
            await asyncio.sleep(_LOOK_SECONDS)
            if await shop.database.is_changed_elsewhere():
                near.clear()

        await repeat("cache", look)


@asynccontextmanager
async def cache_sync(shop: Shop) -> AsyncIterator[None]:
    """Keep the cache of this process in sync during the block."""
    task = asyncio.create_task(sync_cache(shop))
    try:
        yield
    finally:
        await end([task])


class _CacheSync:
    """Connects to Redis, marks it as synced once all drops are replayed, and monitors it."""

    def __init__(self, shop: Shop, redis: RedisStore) -> None:
        self._shop = shop
        self._redis = redis
        self._pause = GrowingPause(*_RECONNECT_SECONDS)

    async def work(self) -> None:
        """Do one step of the synchronization."""
        try:
            if not self._redis.is_synced:
                await self._begin()
            await self._redis.wait_lost(_BEAT_SECONDS)
            await self._redis.ping()
            await self._delete_drops(self._shop.take_done_drops())
            await self._replay(is_all=False)
        except RedisUnavailable as error:
            self._redis.warn_once(error)
            await self._pause.rest()
        except Unavailable:
            # Without a database nothing changes, so the entries in Redis stay valid.
            await asyncio.sleep(_RECONNECT_SECONDS[1])

    async def _begin(self) -> None:
        # Once connected, Redis gets the drops of this process; earlier drops are in the database.
        if not self._redis.is_connected:
            await self._redis.connect()
        await self._replay(is_all=True)
        self._redis.mark_synced()
        self._pause.reset()

    async def _replay(self, *, is_all: bool) -> None:
        """Replay the drops that Redis has missed or may have missed."""
        while True:
            async with self._shop.database.read() as session:
                drops = provide_cache_drops(session, self._shop)
                rows = await (drops.outstanding if is_all else drops.overdue)(_AT_ONCE)
            if not rows:
                return
            tags = {tag for row in rows for tag in row.tags}
            # This also drops from the near cache: Redis does not report a connection's own changes
            # to it.
            if not await self._shop.cache.drop(tags):
                return
            await self._delete_drops([row.id for row in rows])

    async def _delete_drops(self, ids: list[UUID]) -> None:
        if ids:
            async with self._shop.database.write() as session:
                await provide_cache_drops(session, self._shop).forget(ids)
