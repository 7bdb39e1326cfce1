"""Price lists: requests and responses."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import AfterValidator, Field, model_validator

from app.schemas.base import Change, MemberError, Schema, unchanged
from app.schemas.catalogue.variant_schema import BASE
from app.schemas.fields import Line, MomentQuery, Ordinal, ShopCurrency, Slug
from app.schemas.page_schema import MAX_ITEMS, Next, PageQuery

_ID = "0199a1b2-7c00-7d00-8e00-0123456789ab"
_STARTS_AT, _ENDS_AT = "2026-07-01T00:00:00Z", "2026-07-15T00:00:00Z"
_MOMENT = "2026-01-31T12:00:00Z"
NOT_AFTER = "must be after starts_at"


def _not_base(code: str) -> str:
    if code == BASE:
        raise ValueError(f"must not be {BASE}, which names no list")
    return code


ListName = Annotated[Line, Field(max_length=100)]


class PriceListCreate(Schema):
    """A new price list."""

    code: Annotated[Slug, AfterValidator(_not_base)] = Field(
        description="The code by which prices name the list; unique, never changed, not `base`.",
        examples=["summer-sale"],
    )
    name: ListName = Field(description="The name.", examples=["Summer sale"])
    currency: ShopCurrency | None = Field(
        default=None,
        description="The currency of the prices; by default the first of the shop.",
        examples=[None],
    )
    starts_at: MomentQuery | None = Field(
        default=None,
        description="The moment at which the prices begin to count; null means at once.",
        examples=[_STARTS_AT],
    )
    ends_at: MomentQuery | None = Field(
        default=None,
        description="The moment at which the prices no longer count; null means never.",
        examples=[_ENDS_AT],
    )
    is_active: bool = Field(
        default=True, strict=True, description="Whether the prices count at all.", examples=[True]
    )

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> Self:
        if self.starts_at and self.ends_at and self.ends_at <= self.starts_at:
            raise MemberError("ends_at", NOT_AFTER)
        return self


class PriceListChange(Change):
    """A change of a price list."""

    name: ListName = unchanged(description="The name.", examples=["Sale"])
    starts_at: MomentQuery | None = unchanged(
        description="The moment at which the prices begin to count, or null.",
        examples=[_STARTS_AT],
    )
    ends_at: MomentQuery | None = unchanged(
        description="The moment at which the prices no longer count, or null.",
        examples=[_ENDS_AT],
    )
    is_active: bool = unchanged(
        strict=True, description="Whether the prices count at all.", examples=[False]
    )


class PriceListRead(Schema):
    """A price list in a response."""

    id: UUID = Field(description="The list's id (UUIDv7).", examples=[_ID])
    code: str = Field(
        max_length=64,
        description="The code by which prices name the list.",
        examples=["summer-sale"],
    )
    name: str = Field(max_length=100, description="The name.", examples=["Summer sale"])
    currency: str = Field(
        max_length=3, description="The currency of the prices (ISO 4217).", examples=["USD"]
    )
    is_default: bool = Field(
        description="Whether the list has the ordinary prices of a currency other than the first "
        "one; the shop creates such lists, and they always count.",
        examples=[False],
    )
    starts_at: datetime | None = Field(
        description="The moment at which the prices begin to count (UTC); null means that they "
        "count already.",
        examples=[_STARTS_AT],
    )
    ends_at: datetime | None = Field(
        description="The moment at which the prices no longer count (UTC); null means never.",
        examples=[_ENDS_AT],
    )
    is_active: bool = Field(description="Whether the prices count at all.", examples=[True])
    created_at: datetime = Field(description="When the list was added (UTC).", examples=[_MOMENT])
    updated_at: datetime = Field(
        description="When the list or a price in it last changed (UTC).", examples=[_MOMENT]
    )
    version: Ordinal = Field(
        description="Rises by one with every change of the list or its prices.", examples=[1]
    )


class PriceListPage(Schema):
    """A page of price lists."""

    items: list[PriceListRead] = Field(
        max_length=MAX_ITEMS, description="The price lists of this page.", examples=[[]]
    )
    next: Next = Field(
        description="The cursor of the next page; null on the last page.", examples=[None]
    )


class PriceListQuery(PageQuery):
    """The parameters of a page of price lists."""
