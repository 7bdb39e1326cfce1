"""Queries over cache invalidations that may not have reached Redis."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.models import CacheDrop
from app.repositories.bulk import among, table_of

_drops = table_of(CacheDrop)
_INSERT = insert(_drops)


class CacheDropRepository:
    """Cache invalidations that are replayed unless they are recorded as done."""

    def __init__(self, session: AsyncSession) -> None:
        self.session = session

    async def add(self, drop_id: UUID, tags: Collection[str], at: datetime) -> None:
        """Add a cache invalidation."""
        connection = await self.session.connection()
        row: dict[str, Any] = {"id": drop_id, "tags": sorted(tags), "created_at": at}
        await connection.execute(_INSERT, row)

    async def oldest(self, until: datetime | None, limit: int) -> Sequence[CacheDrop]:
        """Return invalidations added up to a given time, or all, the oldest first."""
        query = select(CacheDrop).order_by(CacheDrop.created_at).limit(limit)
        if until is not None:
            query = query.where(CacheDrop.created_at <= until)
        return (await self.session.scalars(query)).all()

    async def delete(self, ids: Collection[UUID]) -> None:
        """Delete invalidations that are complete."""
        await self.session.execute(delete(CacheDrop).where(among(self.session, CacheDrop.id, ids)))
