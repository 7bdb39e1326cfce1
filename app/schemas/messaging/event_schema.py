"""The base of all events, and the envelope in which they are published."""

from datetime import datetime
from typing import ClassVar, get_type_hints
from uuid import UUID

from msgspec import Struct
from pydantic import Field, create_model

from app.schemas.base import Schema

_ID = "0199a1b2-7c00-7d00-8e00-0123456789ab"
_MOMENT = "2026-01-31T12:00:00Z"


class EventEnvelope(Schema):
    """An event of the shop."""

    id: UUID = Field(
        description="The event's id (UUIDv7), which is also the `message_id`.", examples=[_ID]
    )
    event: str = Field(description="The kind of the event.", examples=["order.placed"])
    occurred_at: datetime = Field(description="When the event happened (UTC).", examples=[_MOMENT])


class DomainEvent(Struct, frozen=True):
    """An event about one subject; each kind of event is a class."""

    routing_key: ClassVar[str]
    subject_id: UUID
    """The id of the subject; the events of one subject are published in order."""
    data: Schema


def envelope_of(kind: type[DomainEvent]) -> type[EventEnvelope]:
    """Return the schema of the message of an event."""
    event, data = kind.routing_key, get_type_hints(kind)["data"]
    return create_model(
        kind.__name__,
        __base__=EventEnvelope,
        __doc__=EventEnvelope.__doc__,
        event=(
            str,
            Field(
                description="The kind of the event.",
                examples=[event],
                json_schema_extra={"const": event},
            ),
        ),
        data=(data, Field(description="The data of the event.")),
    )
