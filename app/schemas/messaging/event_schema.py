"""Messages that leave the shop, as they go out."""

from datetime import datetime
from uuid import UUID

from pydantic import Field, create_model

from app.schemas.base import Schema

_ID = "0199a1b2-7c00-7d00-8e00-0123456789ab"
_MOMENT = "2026-01-31T12:00:00Z"


class EventEnvelope(Schema):
    """Something that has happened in the shop."""

    id: UUID = Field(
        description="The event's id (UUIDv7), which is the `message_id`, too.", examples=[_ID]
    )
    event: str = Field(description="What has happened.", examples=["order.placed"])
    occurred_at: datetime = Field(description="When it happened (UTC).", examples=[_MOMENT])


def envelope_of(event: str, data: type[Schema]) -> type[EventEnvelope]:
    """Return the schema of the whole message of an event."""
    name = "".join(part.capitalize() for part in event.replace(".", "_").split("_"))
    return create_model(
        f"{name}Event",
        __base__=EventEnvelope,
        __doc__=EventEnvelope.__doc__,
        event=(
            str,
            Field(
                description="What has happened.",
                examples=[event],
                json_schema_extra={"const": event},
            ),
        ),
        data=(data, Field(description="What there is to know about it.")),
    )
