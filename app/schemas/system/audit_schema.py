"""The schemas of the audit trail."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import Field

from app.schemas.base import Schema
from app.schemas.page_schema import MAX_ITEMS, Next, PageQuery
from app.schemas.registered import AnyAudited

_ID = "0199a1b2-7c00-7d00-8e00-0123456789ab"
_MOMENT = "2026-01-31T12:00:00Z"


class AuditEventRead(Schema):
    """An event of the audit trail."""

    id: UUID = Field(description="The event's id (UUIDv7).", examples=[_ID])
    event: AnyAudited = Field(description="What happened.", examples=["price.changed"])
    actor: str = Field(
        max_length=100,
        description="The actor: a user, an API key, the shop itself, or an anonymous caller.",
        examples=["user " + _ID],
    )
    subject_id: UUID | None = Field(
        description="The user, product or key that the event concerns, if it is known.",
        examples=[_ID],
    )
    address: str | None = Field(
        max_length=45, description="The network address of the actor.", examples=["192.0.2.7"]
    )
    detail: dict[str, Any] = Field(
        description="The values before and after.", examples=[{"from": "4.99", "to": "5.49"}]
    )
    created_at: datetime = Field(description="When (UTC).", examples=[_MOMENT])


class AuditPage(Schema):
    """A page of the audit trail, newest first."""

    items: list[AuditEventRead] = Field(
        max_length=MAX_ITEMS, description="The events of this page.", examples=[[]]
    )
    next: Next = Field(description="The cursor of the next page, if there is one.", examples=[None])


class AuditQuery(PageQuery):
    """The filter of audit events."""

    event: AnyAudited | None = Field(
        default=None, description="Only events of this kind.", examples=["price.changed"]
    )
    subject_id: UUID | None = Field(
        default=None, description="Only events about this subject.", examples=[_ID]
    )
