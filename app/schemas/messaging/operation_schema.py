"""What became of a command that the caller did not wait for, as it goes out."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import Field

from app.models import OperationState
from app.schemas.base import Schema
from app.schemas.fields import Ordinal

_ID = "0199a1b2-7c00-7d00-8e00-0123456789ab"
_MOMENT = "2026-01-31T12:00:00Z"


class OperationRead(Schema):
    """A command on its way, or what became of it."""

    id: UUID = Field(description="The operation's id (UUIDv7).", examples=[_ID])
    queue: str = Field(max_length=100, description="The queue of its command.", examples=["order"])
    state: OperationState = Field(description="How far it has come.", examples=["succeeded"])
    attempts: int = Field(
        ge=0, le=2**31 - 1, description="How often it failed and is tried again.", examples=[0]
    )
    result: dict[str, Any] | None = Field(
        description="What the caller would have been answered, once it succeeded.", examples=[None]
    )
    problem: dict[str, Any] | None = Field(
        description="Why it failed, as a problem document, once it did.", examples=[None]
    )
    created_at: datetime = Field(description="When it was asked for (UTC).", examples=[_MOMENT])
    updated_at: datetime = Field(description="When it last came further (UTC).", examples=[_MOMENT])
    version: Ordinal = Field(description="Rises with every step.", examples=[3])

    @property
    def is_finished(self) -> bool:
        """Whether nothing more will become of it."""
        return self.state in (OperationState.SUCCEEDED, OperationState.FAILED)
