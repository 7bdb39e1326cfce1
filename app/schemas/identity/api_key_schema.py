"""API keys, as they come in and go out."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from app.schemas.base import Schema
from app.schemas.fields import Line, MomentQuery
from app.schemas.page_schema import MAX_ITEMS, Next, PageQuery
from app.schemas.registered import AnyScope
from app.security.areas import SCOPES

_ID = "0199a1b2-7c00-7d00-8e00-0123456789ab"
_MOMENT = "2026-01-31T12:00:00Z"


class ApiKeyCreate(Schema):
    """A key for a machine."""

    name: Annotated[Line, Field(max_length=100)] = Field(
        description="What it is for, in words for people.", examples=["warehouse"]
    )
    scopes: Annotated[list[AnyScope], Field(min_length=1, max_length=len(SCOPES))] = Field(
        description="What it is good for; nothing else is open to it.",
        examples=[["products:read", "products:write"]],
    )
    expires_at: MomentQuery | None = Field(
        default=None,
        description="When it is over; absent, when it is revoked.",
        examples=["2027-01-31T12:00:00Z"],
    )


class ApiKeyRead(Schema):
    """A key, without its secret."""

    id: UUID = Field(description="The key's id (UUIDv7).", examples=[_ID])
    name: str = Field(max_length=100, description="What it is for.", examples=["warehouse"])
    scopes: Annotated[list[AnyScope], Field(max_length=len(SCOPES))] = Field(
        description="What it is good for.", examples=[["products:read", "products:write"]]
    )
    created_by: UUID | None = Field(
        description="Who made it; null when the user is gone.", examples=[_ID]
    )
    created_at: datetime = Field(description="When it was made (UTC).", examples=[_MOMENT])
    last_used_at: datetime | None = Field(
        description="When it was last used (UTC), to the minute.", examples=[_MOMENT]
    )
    expires_at: datetime | None = Field(
        description="When it is over by itself (UTC).", examples=[None]
    )
    revoked_at: datetime | None = Field(description="When it was revoked (UTC).", examples=[None])


class ApiKeyCreated(ApiKeyRead):
    """A key that was just made, with its secret, which is shown this once."""

    key: str = Field(
        max_length=200,
        description="Sent as `Authorization: Bearer …`; it cannot be shown again.",
        examples=["lavka_0199a1b27c007d008e000123456789ab_c2VjcmV0"],
    )


class ApiKeyPage(Schema):
    """A page of keys, the newest first."""

    items: list[ApiKeyRead] = Field(
        max_length=MAX_ITEMS, description="The keys of this page.", examples=[[]]
    )
    next: Next = Field(description="The cursor of the next page, if there is one.", examples=[None])


class ApiKeyQuery(PageQuery):
    """Which keys are asked for."""
