"""Queries over the audit trail."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select, update

from app.models import AuditEvent
from app.repositories.base import Repository
from app.schemas.system.audit_schema import AuditQuery


class AuditRepository(Repository[AuditEvent]):
    """The events of the audit trail."""

    model = AuditEvent

    async def find(self, query: AuditQuery) -> tuple[Sequence[AuditEvent], str | None]:
        """Return a page of events, and the cursor of the next page."""
        rows = self.query()
        if query.event is not None:
            rows = rows.where(AuditEvent.event == query.event)
        if query.subject_id is not None:
            rows = rows.where(AuditEvent.subject_id == query.subject_id)
        return await self.page(
            rows, AuditEvent.created_at, order=query.order, limit=query.limit, cursor=query.cursor
        )

    async def add_all(self, events: Sequence[AuditEvent]) -> None:
        """Add events."""
        self.session.add_all(events)
        await self.flush()

    async def of_user(self, user_id: UUID) -> Sequence[AuditEvent]:
        """Return the events about a user, the oldest first."""
        query = (
            select(AuditEvent)
            .where(AuditEvent.subject_id == user_id)
            .order_by(AuditEvent.created_at, AuditEvent.id)
        )
        return (await self.session.scalars(query)).all()

    async def clear_addresses(self, user_id: UUID, actor: str) -> None:
        """Clear the network addresses of a user; the events stay."""
        await self.session.execute(
            update(AuditEvent)
            .where((AuditEvent.subject_id == user_id) | (AuditEvent.actor == actor))
            .values(address=None)
        )
