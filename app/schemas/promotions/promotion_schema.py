"""Promotions: requests and responses."""

from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from app.pricing.terms import Effect
from app.schemas.amounts import WithCurrency
from app.schemas.base import Change, MemberError, Schema, unchanged
from app.schemas.fields import (
    WHOLE,
    Amount,
    Country,
    DecimalInput,
    Line,
    MomentQuery,
    Natural,
    Ordinal,
    ShopCurrency,
)
from app.schemas.page_schema import MAX_ITEMS, Next, PageQuery
from app.schemas.percentages import Percentage, PercentageInput
from app.tables.promotions import Trigger

_ID = "0199a1b2-7c00-7d00-8e00-0123456789ab"
_STARTS_AT, _ENDS_AT = "2026-07-01T00:00:00Z", "2026-07-15T00:00:00Z"
_MOMENT = "2026-01-31T12:00:00Z"
_MAX_AMOUNTS, _MAX_THINGS, _MAX_PLACES = 200, 500, 250
NOT_AFTER = "must be after starts_at"
MAX_LIMIT = 1_000_000_000


def _positive(ppm: int) -> int:
    if not ppm:
        raise ValueError("must be more than 0")
    return ppm


Name = Annotated[Line, Field(max_length=100)]
Percent = Annotated[PercentageInput, AfterValidator(_positive)]
Units = Annotated[int, Field(strict=True, ge=1, le=1_000), WHOLE]
Limit = Annotated[int, Field(strict=True, ge=1, le=MAX_LIMIT), WHOLE]
Priority = Annotated[int, Field(strict=True, ge=0, le=10_000), WHOLE]
Ids = Annotated[list[UUID], Field(max_length=_MAX_THINGS)]
Countries = Annotated[list[Country], Field(max_length=_MAX_PLACES)]

_NAME = "The name for staff."
_LABEL = "The name for customers."
_TRIGGER = "Whether the promotion applies by itself, or by the code of a coupon; never changed."
_EFFECT = "The amount that is reduced; never changed."
_PERCENT = "The reduction in percent; for `percent_items`, `percent_order` and `bundle`."
_AMOUNTS = "The reduction in each currency; for `amount_items` and `amount_order`."
_BUYS = "The units of a `bundle` that are paid in full."
_GETS = "The units of a `bundle` that are reduced, the cheapest ones."
_COMBINES = "Whether it combines with others; if not, the customer gets whichever costs less."
_PRIORITY = "The position among the promotions: the lowest one applies first."
_ACTIVE = "Whether the promotion applies at all."
_STARTS = "The moment at which the promotion begins to apply; null means at once."
_ENDS = "The moment at which the promotion no longer applies; null means never."
_MIN_SUBTOTALS = (
    "The minimum price of the eligible lines before discounts, in each currency; if given, the "
    "promotion applies in no other one."
)
_MIN_QUANTITY = "The minimum number of units of the eligible lines, or null."
_CATEGORIES = "Only lines of products in these categories or their descendants are eligible."
_PRODUCTS = "Only lines of these products are eligible, besides those of the categories."
_COUNTRIES = "Only orders to these countries (ISO 3166-1); empty: all."
_FIRST = "Whether the promotion is only for customers who have no order yet."
_LIMIT = "How many orders may use the promotion, or null."
_PER_CUSTOMER = "How many orders of one customer may use the promotion, or null."
_MONEY = [{"currency": "USD", "amount": "5.00"}]


class MoneyInput(Schema):
    """An amount of money above zero in a currency of the shop."""

    currency: ShopCurrency = Field(description="The currency.", examples=["USD"])
    amount: DecimalInput = Field(description="The amount.", examples=["5.00"])


Money = Annotated[list[MoneyInput], Field(max_length=_MAX_AMOUNTS)]


class PromotionCreate(Schema):
    """A new promotion."""

    name: Name = Field(description=_NAME, examples=["Summer 2026"])
    label: Name = Field(description=_LABEL, examples=["10 % off tea"])
    trigger: Trigger = Field(description=_TRIGGER, examples=["automatic"])
    effect: Effect = Field(description=_EFFECT, examples=["percent_items"])
    percent_ppm: Percent | None = Field(
        default=None, alias="percent", description=_PERCENT, examples=["10"]
    )
    amounts: Money = Field(default_factory=list, description=_AMOUNTS, examples=[[]])
    buys: Units | None = Field(default=None, description=_BUYS, examples=[None])
    gets: Units | None = Field(default=None, description=_GETS, examples=[None])
    combines: bool = Field(default=True, strict=True, description=_COMBINES, examples=[True])
    priority: Priority = Field(default=0, description=_PRIORITY, examples=[0])
    is_active: bool = Field(default=True, strict=True, description=_ACTIVE, examples=[True])
    starts_at: MomentQuery | None = Field(default=None, description=_STARTS, examples=[_STARTS_AT])
    ends_at: MomentQuery | None = Field(default=None, description=_ENDS, examples=[_ENDS_AT])
    min_subtotals: Money = Field(
        default_factory=list, description=_MIN_SUBTOTALS, examples=[_MONEY]
    )
    min_quantity: Units | None = Field(default=None, description=_MIN_QUANTITY, examples=[2])
    category_ids: Ids = Field(default_factory=list, description=_CATEGORIES, examples=[[]])
    product_ids: Ids = Field(default_factory=list, description=_PRODUCTS, examples=[[]])
    countries: Countries = Field(default_factory=list, description=_COUNTRIES, examples=[["DE"]])
    first_order_only: bool = Field(default=False, strict=True, description=_FIRST, examples=[False])
    usage_limit: Limit | None = Field(default=None, description=_LIMIT, examples=[1_000])
    per_customer_limit: Limit | None = Field(default=None, description=_PER_CUSTOMER, examples=[1])

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> Self:
        if self.starts_at and self.ends_at and self.ends_at <= self.starts_at:
            raise MemberError("ends_at", NOT_AFTER)
        return self


class PromotionChange(Change):
    """A change of a promotion; given lists replace the former ones."""

    name: Name = unchanged(description=_NAME, examples=["Summer"])
    label: Name = unchanged(description=_LABEL, examples=["10 % off"])
    percent_ppm: Percent | None = unchanged(alias="percent", description=_PERCENT, examples=["15"])
    amounts: Money = unchanged(description=_AMOUNTS, examples=[[]])
    buys: Units | None = unchanged(description=_BUYS, examples=[None])
    gets: Units | None = unchanged(description=_GETS, examples=[None])
    combines: bool = unchanged(strict=True, description=_COMBINES, examples=[False])
    priority: Priority = unchanged(description=_PRIORITY, examples=[1])
    is_active: bool = unchanged(strict=True, description=_ACTIVE, examples=[False])
    starts_at: MomentQuery | None = unchanged(description=_STARTS, examples=[_STARTS_AT])
    ends_at: MomentQuery | None = unchanged(description=_ENDS, examples=[_ENDS_AT])
    min_subtotals: Money = unchanged(description=_MIN_SUBTOTALS, examples=[_MONEY])
    min_quantity: Units | None = unchanged(description=_MIN_QUANTITY, examples=[None])
    category_ids: Ids = unchanged(description=_CATEGORIES, examples=[[]])
    product_ids: Ids = unchanged(description=_PRODUCTS, examples=[[]])
    countries: Countries = unchanged(description=_COUNTRIES, examples=[[]])
    first_order_only: bool = unchanged(strict=True, description=_FIRST, examples=[True])
    usage_limit: Limit | None = unchanged(description=_LIMIT, examples=[None])
    per_customer_limit: Limit | None = unchanged(description=_PER_CUSTOMER, examples=[None])


class MoneyRead(WithCurrency):
    """An amount of money in a response."""

    currency: str = Field(max_length=3, description="The currency.", examples=["USD"])
    amount_minor: Amount = Field(alias="amount", description="The amount.", examples=["5.00"])


def _by_currency(value: object) -> object:
    """Return the amounts of a column as rows, in the order of their currencies."""
    if not isinstance(value, dict):
        return value
    return [{"currency": each, "amount_minor": value[each]} for each in sorted(value)]


MoneyOutput = Annotated[
    list[MoneyRead], BeforeValidator(_by_currency), Field(max_length=_MAX_AMOUNTS)
]
IdsOutput = Annotated[list[UUID], Field(max_length=_MAX_THINGS)]


class PromotionRead(Schema):
    """A promotion in a response."""

    id: UUID = Field(description="The promotion's id (UUIDv7).", examples=[_ID])
    name: str = Field(max_length=100, description=_NAME, examples=["Summer 2026"])
    label: str = Field(max_length=100, description=_LABEL, examples=["10 % off tea"])
    trigger: Trigger = Field(description=_TRIGGER, examples=["automatic"])
    effect: Effect = Field(description=_EFFECT, examples=["percent_items"])
    percent_ppm: Percentage | None = Field(alias="percent", description=_PERCENT, examples=["10"])
    amounts: MoneyOutput = Field(description=_AMOUNTS, examples=[[]])
    buys: Ordinal | None = Field(description=_BUYS, examples=[None])
    gets: Ordinal | None = Field(description=_GETS, examples=[None])
    combines: bool = Field(description=_COMBINES, examples=[True])
    priority: Natural = Field(description=_PRIORITY, examples=[0])
    is_active: bool = Field(description=_ACTIVE, examples=[True])
    starts_at: datetime | None = Field(description=_STARTS, examples=[_STARTS_AT])
    ends_at: datetime | None = Field(description=_ENDS, examples=[_ENDS_AT])
    min_subtotals: MoneyOutput = Field(description=_MIN_SUBTOTALS, examples=[_MONEY])
    min_quantity: Ordinal | None = Field(description=_MIN_QUANTITY, examples=[2])
    category_ids: IdsOutput = Field(description=_CATEGORIES, examples=[[]])
    product_ids: IdsOutput = Field(description=_PRODUCTS, examples=[[]])
    countries: list[Annotated[str, Field(max_length=2)]] = Field(
        max_length=_MAX_PLACES, description=_COUNTRIES, examples=[["DE"]]
    )
    first_order_only: bool = Field(description=_FIRST, examples=[False])
    usage_limit: Ordinal | None = Field(description=_LIMIT, examples=[1_000])
    per_customer_limit: Ordinal | None = Field(description=_PER_CUSTOMER, examples=[1])
    used: Natural = Field(
        description="How many orders that were not cancelled use the promotion.", examples=[0]
    )
    created_at: datetime = Field(
        description="When the promotion was added (UTC).", examples=[_MOMENT]
    )
    updated_at: datetime = Field(
        description="When the promotion last changed (UTC).", examples=[_MOMENT]
    )
    version: Ordinal = Field(
        description="Rises by one with every change except those of `used`.", examples=[1]
    )

    def audited(self) -> dict[str, Any]:
        """Return the fields for the audit trail."""
        unimportant = {"id", "used", "created_at", "updated_at", "version"}
        return self.model_dump(mode="json", by_alias=True, exclude=unimportant)


class PromotionPage(Schema):
    """A page of promotions."""

    items: list[PromotionRead] = Field(
        max_length=MAX_ITEMS, description="The promotions of this page.", examples=[[]]
    )
    next: Next = Field(
        description="The cursor of the next page; null on the last page.", examples=[None]
    )


class PromotionQuery(PageQuery):
    """The parameters of a page of promotions."""
