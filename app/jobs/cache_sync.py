"""Keeps the cache true: tells Redis what it missed, and this process what others have changed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from app.cache.connection import RedisUnavailable
from app.cache.redis import RedisStore
from app.errors import Unavailable
from app.runtime.supervisor import GrowingPause, end, repeat
from app.wiring.messaging import provide_cache_drops
from app.wiring.resources import Shop

_AT_ONCE = 500
_BEAT_SECONDS = 0.25
_RECONNECT_SECONDS = (0.1, 1.0)
_LOOK_SECONDS = 1.0


async def sync_cache(shop: Shop) -> None:
    """Keep the cache of this process true, until cancelled."""
    if (redis := shop.cache.redis) is not None:
        keeper = _CacheSync(shop, redis)
        await repeat("cache", keeper.work)
    elif (near := shop.cache.near) is not None:

        # What was changed before now nobody has read yet.
        await shop.database.is_changed_elsewhere()

        async def look() -> None:
            await asyncio.sleep(_LOOK_SECONDS)
            if await shop.database.is_changed_elsewhere():
                near.clear()

        await repeat("cache", look)


@asynccontextmanager
async def cache_sync(shop: Shop) -> AsyncIterator[None]:
    """Keep the cache of this process true meanwhile."""
    keeping = asyncio.create_task(sync_cache(shop))
    try:
        yield
    finally:
        await end([keeping])


class _CacheSync:
    """Connects to Redis, believes it when it has been told everything, and watches over it."""

    def __init__(self, shop: Shop, redis: RedisStore) -> None:
        self._shop = shop
        self._redis = redis
        self._pause = GrowingPause(*_RECONNECT_SECONDS)

    async def work(self) -> None:
        """Do what is to be done next."""
        try:
            if not self._redis.is_synced:
                await self._begin()
            await self._redis.wait_lost(_BEAT_SECONDS)
            await self._redis.ping()
            await self._forget(self._shop.take_done_drops())
            await self._replay(is_all=False)
        except RedisUnavailable as error:
            self._redis.warn_once(error)
            await self._pause.rest()
        except Unavailable:
            # Without a database nothing changes, so what Redis has stays true.
            await asyncio.sleep(_RECONNECT_SECONDS[1])

    async def _begin(self) -> None:
        # Once connected it gets all drops of this process; those before are in the database.
        if not self._redis.is_connected:
            await self._redis.connect()
        await self._replay(is_all=True)
        self._redis.mark_synced()
        self._pause.reset()

    async def _replay(self, *, is_all: bool) -> None:
        """Tell Redis of changes that it was not told of, or nobody knows whether it was."""
        while True:
            async with self._shop.database.read() as session:
                drops = provide_cache_drops(session, self._shop)
                rows = await (drops.outstanding if is_all else drops.overdue)(_AT_ONCE)
            if not rows:
                return
            tags = {tag for row in rows for tag in row.tags}
            # From what is near here, too: Redis does not tell us of what we do ourselves.
            if not await self._shop.cache.drop(tags):
                return
            await self._forget([row.id for row in rows])

    async def _forget(self, ids: list[UUID]) -> None:
        if ids:
            async with self._shop.database.write() as session:
                await provide_cache_drops(session, self._shop).forget(ids)
