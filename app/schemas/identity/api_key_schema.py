"""API keys: requests and responses."""

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
    """A new API key for a machine."""

    name: Annotated[Line, Field(max_length=100)] = Field(
        description="The purpose of the key.", examples=["warehouse"]
    )
    scopes: Annotated[list[AnyScope], Field(min_length=1, max_length=len(SCOPES))] = Field(
        description="The scopes of the key; it can do nothing else.",
        examples=[["products:read", "products:write"]],
    )
    expires_at: MomentQuery | None = Field(
        default=None,
        description="When the key expires; if absent, the key is valid until it is revoked.",
        examples=["2027-01-31T12:00:00Z"],
    )


class ApiKeyRead(Schema):
    """An API key without its secret."""

    id: UUID = Field(description="The key's id (UUIDv7).", examples=[_ID])
    name: str = Field(max_length=100, description="The purpose of the key.", examples=["warehouse"])
    scopes: Annotated[list[AnyScope], Field(max_length=len(SCOPES))] = Field(
        description="The scopes of the key.", examples=[["products:read", "products:write"]]
    )
    created_by: UUID | None = Field(
        description="The user who created the key; null if the user was erased, which revoked "
        "the key.",
        examples=[_ID],
    )
    created_at: datetime = Field(description="When the key was created (UTC).", examples=[_MOMENT])
    last_used_at: datetime | None = Field(
        description="When the key was last used (UTC), to the minute.", examples=[_MOMENT]
    )
    expires_at: datetime | None = Field(description="When the key expires (UTC).", examples=[None])
    revoked_at: datetime | None = Field(
        description="When the key was revoked (UTC).", examples=[None]
    )


class ApiKeyCreated(ApiKeyRead):
    """A new API key with its secret, which is returned only once."""

    key: str = Field(
        max_length=200,
        description="The key to send as `Authorization: Bearer …`; it cannot be read again.",
        examples=["lavka_0199a1b27c007d008e000123456789ab_c2VjcmV0"],
    )


class ApiKeyPage(Schema):
    """A page of API keys, newest first."""

    items: list[ApiKeyRead] = Field(
        max_length=MAX_ITEMS, description="The keys of this page.", examples=[[]]
    )
    next: Next = Field(
        description="The cursor of the next page; null on the last page.", examples=[None]
    )


class ApiKeyQuery(PageQuery):
    """The parameters of a page of API keys."""
