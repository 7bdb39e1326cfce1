"""Coupons of promotions: requests and responses."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import AfterValidator, Field, model_validator

from app.schemas.base import Change, MemberError, Schema, unchanged
from app.schemas.fields import WHOLE, Line, Natural, Ordinal
from app.schemas.page_schema import MAX_ITEMS, Next, PageQuery
from app.schemas.promotions.promotion_schema import Limit
from app.tables.promotions import CODE_LENGTH, code_key

_ID = "0199a1b2-7c00-7d00-8e00-0123456789ab"
_MOMENT = "2026-01-31T12:00:00Z"
MAX_COUPONS = 1_000
"""The maximum number of coupons that one request can add."""
_MIN_LENGTH = 3
_LIMIT = "How many orders may use the coupon, or null."
_ACTIVE = "Whether the coupon can be used."


def _long_enough(code: str) -> str:
    if len(code_key(code)) < _MIN_LENGTH:
        raise ValueError(f"must have at least {_MIN_LENGTH} characters without spaces")
    return code.strip()


Code = Annotated[
    Line, Field(min_length=_MIN_LENGTH, max_length=CODE_LENGTH), AfterValidator(_long_enough)
]


class CouponsCreate(Schema):
    """A new coupon with a given code, or a number of coupons with random codes."""

    code: Code | None = Field(
        default=None,
        description="The code that customers enter, in any case and with any spaces.",
        examples=["SUMMER-26"],
    )
    count: Annotated[int, Field(strict=True, ge=1, le=MAX_COUPONS), WHOLE] | None = Field(
        default=None,
        description="The number of coupons with random codes of 10 characters, instead of `code`.",
        examples=[None],
    )
    usage_limit: Limit | None = Field(
        default=None, description=f"{_LIMIT} Each of several coupons has it.", examples=[1]
    )

    @model_validator(mode="after")
    def _names_one_code_or_a_count(self) -> Self:
        if self.code is None and self.count is None:
            raise MemberError("code", "is required, or else count")
        if self.code is not None and self.count is not None:
            raise MemberError("count", "must be absent where code is given")
        return self


class CouponChange(Change):
    """A change of a coupon."""

    is_active: bool = unchanged(strict=True, description=_ACTIVE, examples=[False])
    usage_limit: Limit | None = unchanged(description=_LIMIT, examples=[2])


class CouponRead(Schema):
    """A coupon in a response."""

    id: UUID = Field(description="The coupon's id (UUIDv7).", examples=[_ID])
    promotion_id: UUID = Field(description="Its promotion.", examples=[_ID])
    code: str = Field(
        max_length=CODE_LENGTH,
        description="The code that customers enter, in any case and with any spaces.",
        examples=["SUMMER-26"],
    )
    usage_limit: Ordinal | None = Field(description=_LIMIT, examples=[1])
    used: Natural = Field(
        description="How many orders that were not cancelled use the coupon.", examples=[0]
    )
    is_active: bool = Field(description=_ACTIVE, examples=[True])
    created_at: datetime = Field(description="When the coupon was added (UTC).", examples=[_MOMENT])
    updated_at: datetime = Field(
        description="When the coupon last changed (UTC).", examples=[_MOMENT]
    )
    version: Ordinal = Field(
        description="Rises by one with every change except those of `used`.", examples=[1]
    )


class CouponsAdded(Schema):
    """The coupons that a request has added."""

    items: list[CouponRead] = Field(
        max_length=MAX_COUPONS, description="The new coupons.", examples=[[]]
    )


class CouponPage(Schema):
    """A page of coupons."""

    items: list[CouponRead] = Field(
        max_length=MAX_ITEMS, description="The coupons of this page.", examples=[[]]
    )
    next: Next = Field(
        description="The cursor of the next page; null on the last page.", examples=[None]
    )


class CouponQuery(PageQuery):
    """The parameters of a page of the coupons of a promotion."""
