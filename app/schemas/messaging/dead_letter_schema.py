"""Messages that cannot be applied: responses."""

from datetime import datetime
from uuid import UUID

from pydantic import Field

from app.schemas.base import Schema
from app.schemas.fields import Text
from app.schemas.page_schema import MAX_ITEMS, Next, PageQuery

_ID = "0199a1b2-7c00-7d00-8e00-0123456789ab"
MAX_REASON = 2_000


class DeadLetterSummary(Schema):
    """A message that cannot be applied, in a list."""

    id: UUID = Field(description="The dead letter's id (UUIDv7).", examples=[_ID])
    queue: str = Field(max_length=100, description="The queue of the message.", examples=["order"])
    message_id: str = Field(
        max_length=255,
        description="The id of the message, generated if it had none.",
        examples=[_ID],
    )
    code: str = Field(
        max_length=100, description="The code of the reason.", examples=["insufficient-stock"]
    )
    reason: str = Field(
        max_length=MAX_REASON,
        description="Why the message cannot be applied.",
        examples=["Earl Grey, 100 g: 3 asked for, 2 in stock"],
    )
    attempts: int = Field(ge=1, le=2**31 - 1, description="The number of attempts.", examples=[1])
    created_at: datetime = Field(
        description="When the message was parked (UTC).", examples=["2026-01-31T12:00:00Z"]
    )


class DeadLetterRead(DeadLetterSummary):
    """A message that cannot be applied, with its body."""

    body: str = Field(
        max_length=512 * 1024,
        description="The body; bytes that are not UTF-8 are replaced. Empty for an API key that "
        "may not read the resource of the message.",
        examples=['{"user_id": "0199a1b2-7c00-7d00-8e00-0123456789ab", "items": []}'],
    )


class DeadLetterPage(Schema):
    """A page of dead letters, newest first."""

    items: list[DeadLetterSummary] = Field(
        max_length=MAX_ITEMS, description="The dead letters of this page.", examples=[[]]
    )
    next: Next = Field(
        description="The cursor of the next page; null on the last page.", examples=[None]
    )


class DeadLetterQuery(PageQuery):
    """The filters of dead letters."""

    queue: Text | None = Field(
        default=None,
        max_length=100,
        description="Only dead letters of this queue.",
        examples=["order"],
    )
