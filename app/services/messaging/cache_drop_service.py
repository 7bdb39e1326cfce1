"""Cache invalidations that must reach Redis, also after a crash."""

from collections.abc import Collection, Sequence
from datetime import timedelta
from uuid import UUID

from app.core.clock import Clock
from app.core.ids import new_id
from app.models import CacheDrop
from app.repositories.messaging.cache_drop_repository import CacheDropRepository

# After this time, the process that made the change has invalidated Redis, or never will.
_OVERDUE = timedelta(seconds=1)


class CacheDropService:
    """Records invalidations, and returns those that may not have reached Redis."""

    def __init__(self, drops: CacheDropRepository, clock: Clock) -> None:
        self._drops = drops
        self._clock = clock

    async def record(self, tags: Collection[str]) -> UUID:
        """Record the invalidations of a change in its transaction."""
        now = self._clock.now()
        drop_id = new_id(now)
        await self._drops.add(drop_id, tags, now)
        return drop_id

    async def overdue(self, limit: int) -> Sequence[CacheDrop]:
        """Return overdue invalidations, which their own process did not complete."""
        return await self._drops.oldest(self._clock.now() - _OVERDUE, limit)

    async def outstanding(self, limit: int) -> Sequence[CacheDrop]:
        """Return all invalidations that may be incomplete."""
        return await self._drops.oldest(None, limit)

    async def forget(self, ids: Collection[UUID]) -> None:
        """Delete invalidations that are complete."""
        if ids:
            await self._drops.delete(ids)
