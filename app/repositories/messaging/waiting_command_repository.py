"""Queries over the commands that wait in the outbox for the resource that they change."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.models import OutboxMessage
from app.repositories.bulk import among


class WaitingCommandRepository:
    """Commands by queue and by the id that they wait for."""

    def __init__(self, session: AsyncSession) -> None:
        self.session = session

    async def awaited(self, queue: str, after: UUID | None, limit: int) -> Sequence[UUID]:
        """Return the ids for which commands of a queue wait, in their order, after an id."""
        query = select(OutboxMessage.awaits).where(
            OutboxMessage.routing_key == queue, OutboxMessage.awaits.is_not(None)
        )
        if after is not None:
            query = query.where(OutboxMessage.awaits > after)
        ordered = query.distinct().order_by(OutboxMessage.awaits).limit(limit)
        return [each for each in await self.session.scalars(ordered) if each is not None]

    async def awaited_among(self, queue: str, ids: Collection[UUID]) -> set[UUID]:
        """Return those of the ids for which commands of a queue wait."""
        query = select(OutboxMessage.awaits).where(
            OutboxMessage.routing_key == queue, among(self.session, OutboxMessage.awaits, ids)
        )
        return {each for each in await self.session.scalars(query) if each is not None}

    async def waiting_for(
        self, queue: str, ids: Collection[UUID], limit: int
    ) -> Sequence[OutboxMessage]:
        """Return the commands of a queue that wait for these ids, the oldest first."""
        query = (
            select(OutboxMessage)
            .where(
                OutboxMessage.routing_key == queue, among(self.session, OutboxMessage.awaits, ids)
            )
            .order_by(OutboxMessage.position)
            .limit(limit)
        )
        return (await self.session.scalars(query)).all()

    async def overdue(self, queue: str, now: datetime, limit: int) -> Sequence[OutboxMessage]:
        """Return the commands of a queue that have reached the maximum wait, the oldest first."""
        query = (
            select(OutboxMessage)
            .where(
                OutboxMessage.routing_key == queue,
                OutboxMessage.awaits.is_not(None),
                OutboxMessage.due_at <= now,
            )
            .order_by(OutboxMessage.position)
            .limit(limit)
        )
        return (await self.session.scalars(query)).all()
