"""The audit trail: events for which the shop may have to account."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from app.core.clock import Clock
from app.core.ids import new_id
from app.models import AuditEvent
from app.repositories.system.audit_repository import AuditRepository
from app.schemas.system.audit_schema import AuditEventRead, AuditPage, AuditQuery
from app.security.audited import Audited
from app.security.principal import Caller


class AuditService:
    """Records events in the transaction in which they happen, and returns them."""

    def __init__(self, events: AuditRepository, clock: Clock) -> None:
        self._events = events
        self._clock = clock

    async def record(
        self, event: Audited, caller: Caller, subject_id: UUID | None, **detail: Any
    ) -> None:
        """Record an event; its detail is kept for years and must not contain secrets."""
        await self._events.add(self._event(event, caller, subject_id, detail))

    async def record_all(
        self, event: Audited, caller: Caller, details: Mapping[UUID, dict[str, Any]]
    ) -> None:
        """Record an event for each of several subjects, as `record` does."""
        await self._events.add_all(
            [self._event(event, caller, each, detail) for each, detail in details.items()]
        )

    def _event(
        self, event: Audited, caller: Caller, subject_id: UUID | None, detail: dict[str, Any]
    ) -> AuditEvent:
        now = self._clock.now()
        return AuditEvent(
            id=new_id(now),
            event=event,
            actor=caller.name,
            subject_id=subject_id,
            address=caller.address,
            detail=detail,
            created_at=now,
        )

    async def find(self, query: AuditQuery) -> AuditPage:
        """Return a page of the audit trail."""
        events, following = await self._events.find(query)
        return AuditPage(
            items=[AuditEventRead.model_validate(event) for event in events], next=following
        )
