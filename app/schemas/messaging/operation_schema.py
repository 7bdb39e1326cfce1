"""Operations, the asynchronous commands: the response."""

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
    """An asynchronous command and its result."""

    id: UUID = Field(description="The operation's id (UUIDv7).", examples=[_ID])
    queue: str = Field(max_length=100, description="The queue of its command.", examples=["order"])
    state: OperationState = Field(description="The state of the operation.", examples=["succeeded"])
    attempts: int = Field(
        ge=0,
        le=2**31 - 1,
        description="The number of failed attempts that are retried.",
        examples=[0],
    )
    result: dict[str, Any] | None = Field(
        description="The response to the command; null until the operation has succeeded, and for "
        "a caller who may not read the resource that it concerns.",
        examples=[None],
    )
    problem: dict[str, Any] | None = Field(
        description="The problem document; null unless the operation has failed.", examples=[None]
    )
    created_at: datetime = Field(
        description="When the operation was requested (UTC).", examples=[_MOMENT]
    )
    updated_at: datetime = Field(
        description="When the operation last made progress (UTC).", examples=[_MOMENT]
    )
    version: Ordinal = Field(description="Rises with every change.", examples=[3])

    @property
    def is_finished(self) -> bool:
        """Whether the operation has reached its final state."""
        return self.state in (OperationState.SUCCEEDED, OperationState.FAILED)
