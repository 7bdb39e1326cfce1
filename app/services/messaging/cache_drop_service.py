"""Cache invalidations that must reach Redis, also after a crash."""

from collections.abc import Collection, Sequence
from datetime import timedelta
from uuid import UUID

from app.core.clock import Clock
from app.core.ids import new_id
from app.models import CacheDrop
from app.repositories.messaging.cache_drop_repository import CacheDropRepository

# Whoever made the change has told Redis by then, or is not going to.
_OVERDUE = timedelta(seconds=1)


class CacheDropService:
    """Notes what is to be dropped, and shows what was not."""

    def __init__(self, drops: CacheDropRepository, clock: Clock) -> None:
        self._drops = drops
        self._clock = clock

    async def record(self, tags: Collection[str]) -> UUID:
        """Note in the transaction of a change what it drops."""
        now = self._clock.now()
        drop_id = new_id(now)
        await self._drops.add(drop_id, tags, now)
        return drop_id

    async def overdue(self, limit: int) -> Sequence[CacheDrop]:
        """Return drops that their own process has not seen to."""
        return await self._drops.oldest(self._clock.now() - _OVERDUE, limit)

    async def outstanding(self, limit: int) -> Sequence[CacheDrop]:
        """Return all drops that may not have been seen to."""
        return await self._drops.oldest(None, limit)

    async def forget(self, ids: Collection[UUID]) -> None:
        """Delete drops that are done."""
        if ids:
            await self._drops.delete(ids)
