"""Drafts of orders: requests and responses."""

from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import ConfigDict, Field, model_validator

from app.core.limits import MAX_LINE_QUANTITY, MAX_LINES
from app.core.vat.numbers import MAX_VAT_NUMBER
from app.schemas.amounts import InCurrency, WithCurrency
from app.schemas.base import Change, MemberError, Schema, omitted, unchanged
from app.schemas.carts.cart_schema import (
    BILLED_TO,
    DELIVERED_TO,
    EMAIL,
    LOCALE,
    MAX_NOTE,
    NOTE,
    SHOWN_BILLED_TO,
    SHOWN_METHOD,
    SHOWN_TO,
    Address,
    Locale,
    Note,
    Quoted,
)
from app.schemas.carts.line_schema import LineCreate
from app.schemas.fields import (
    WHOLE,
    Amount,
    DecimalInput,
    Email,
    Line,
    Ordinal,
    PriceInput,
    VatNumber,
)
from app.schemas.identity.user_schema import PostalAddress
from app.schemas.page_schema import MAX_ITEMS, Next, PageQuery
from app.schemas.percentages import Percentage
from app.schemas.promotions.promotion_schema import Percent

_ID = "0199a1b2-7c00-7d00-8e00-0123456789ab"
_MOMENT = "2026-01-31T12:00:00Z"
_MAX_DISCOUNTS = 10
_MAX_HOURS = 8_760

_EXAMPLE_ITEMS: list[Any] = [{"product_id": _ID, "quantity": 2, "unit_price": "4.50"}]
_EXAMPLE_DISCOUNTS: list[Any] = [{"label": "Regular customer", "percent": "10"}]


class DraftItemCreate(LineCreate):
    """A line of a draft, of a product with one variant or of a variant."""

    unit_price_minor: PriceInput | None = Field(
        default=None,
        alias="unit_price",
        description="The price of one unit instead of that of the shop; null for that of the shop.",
        examples=["4.50"],
    )

    @property
    def names_product(self) -> bool:
        """Whether the line names a product without a variant."""
        return "product_id" in self.model_fields_set


class DraftDiscountCreate(Schema):
    """A discount on the whole order, as an amount or in percent."""

    label: Annotated[Line, Field(max_length=100)] = Field(
        description="What the customer reads.", examples=["Regular customer"]
    )
    amount_minor: PriceInput | None = Field(
        default=None,
        alias="amount",
        description="The amount of the discount; required unless `percent` is given.",
        examples=[None],
    )
    percent_ppm: Percent | None = Field(
        default=None, alias="percent", description="The reduction in percent.", examples=["10"]
    )

    @model_validator(mode="after")
    def _has_one(self) -> Self:
        if self.amount_minor is None and self.percent_ppm is None:
            raise MemberError("amount", "is required")
        if self.amount_minor is not None and self.percent_ppm is not None:
            raise MemberError("percent", "must not be given together with amount")
        if self.amount_minor == 0:
            raise MemberError("amount", "must be more than 0")
        return self


Items = Annotated[list[DraftItemCreate], Field(min_length=1, max_length=MAX_LINES)]
Hours = Annotated[int, Field(strict=True, ge=1, le=_MAX_HOURS), WHOLE]
_ITEMS = "The lines; each variant at most once."


class DraftFields(Change):
    """The choices of staff besides the customer and the lines."""

    email: Email | None = EMAIL
    discounts: Annotated[list[DraftDiscountCreate], Field(max_length=_MAX_DISCOUNTS)] = unchanged(
        description="The discounts on the whole order, which apply in this order.",
        examples=[_EXAMPLE_DISCOUNTS],
    )
    shipping_method_id: UUID | None = unchanged(
        description="The shipping method; null: nothing is charged for shipping.", examples=[None]
    )
    shipping_price_minor: PriceInput | None = unchanged(
        alias="shipping_price",
        description="The price of shipping, which replaces that of the method; null for that of "
        "the method.",
        examples=[None],
    )
    delivery_address: Address | None = DELIVERED_TO
    billing_address: Address | None = BILLED_TO
    vat_number: VatNumber | None = unchanged(
        description="The VAT number of a business, checked by its check digit; null for none.",
        examples=[None],
    )
    note: Note = NOTE
    locale: Locale = LOCALE
    pay_hours: Hours | None = unchanged(
        description="How many hours the order waits for its payment; null for the longest time of "
        "all ways to pay.",
        examples=[72],
    )


class DraftCreate(DraftFields):
    """A new draft of an order."""

    # Swagger UI sends this example; the demo shop has the product.
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "email": "ada@example.com",
                    "items": _EXAMPLE_ITEMS,
                    "discounts": _EXAMPLE_DISCOUNTS,
                }
            ]
        }
    )

    user_id: UUID | None = Field(
        default=None,
        description="The customer, which never changes; null for one without an account.",
        examples=[None],
    )
    items: Items = Field(description=_ITEMS, examples=[_EXAMPLE_ITEMS])


class DraftChange(DraftFields):
    """A change of a draft."""

    items: Items = unchanged(description=_ITEMS, examples=[_EXAMPLE_ITEMS])


class DraftPlace(Schema):
    """The order of a draft, at the total that the customer has agreed to."""

    expected_total: DecimalInput = Field(
        description="The total that the customer has agreed to; at another one, nothing is "
        "ordered.",
        examples=["9.98"],
    )


class DraftItemRead(InCurrency):
    """A line of a draft, as written by staff."""

    variant_id: UUID = Field(
        description="The variant; the first one has the id of the product.", examples=[_ID]
    )
    quantity: int = Field(
        ge=1, le=MAX_LINE_QUANTITY, description="The number of units.", examples=[2]
    )
    unit_price_minor: Amount = omitted(
        alias="unit_price",
        description="The price of one unit; absent if it is that of the shop.",
        examples=["4.50"],
    )


class DraftDiscountRead(InCurrency):
    """A discount of a draft, as written by staff."""

    label: str = Field(
        max_length=100, description="What the customer reads.", examples=["Regular customer"]
    )
    amount_minor: Amount = omitted(
        alias="amount", description="The amount of the discount.", examples=["5.00"]
    )
    percent_ppm: Percentage | None = omitted(
        alias="percent", description="The reduction in percent.", examples=["10"]
    )


class DraftQuote(Quoted):
    """The current price of a draft."""

    currency: str = Field(
        max_length=3, description="The currency of all amounts (ISO 4217).", examples=["USD"]
    )


class DraftSummary(Schema):
    """A draft in a list."""

    id: UUID = Field(description="The draft's id (UUIDv7).", examples=[_ID])
    user_id: UUID | None = Field(
        description="The customer; null for one without an account.", examples=[_ID]
    )
    email: str | None = Field(
        max_length=320, description="The e-mail address for mails about the order.", examples=[None]
    )
    order_id: UUID | None = omitted(
        description="The order that was placed from the draft, which no longer changes.",
        examples=[_ID],
    )
    created_at: datetime = Field(
        description="When the draft was written (UTC).", examples=[_MOMENT]
    )
    updated_at: datetime = Field(
        description="When the draft was last changed (UTC).", examples=[_MOMENT]
    )
    version: Ordinal = Field(description="Rises by one with every change.", examples=[1])


class DraftRead(WithCurrency, DraftSummary):
    """A draft with its current price."""

    currency: str = Field(
        max_length=3, description="The currency of all amounts (ISO 4217).", examples=["USD"]
    )
    items: list[DraftItemRead] = Field(
        max_length=MAX_LINES, description="The lines as they were written.", examples=[[]]
    )
    discounts: list[DraftDiscountRead] = Field(
        max_length=_MAX_DISCOUNTS, description="The discounts on the whole order.", examples=[[]]
    )
    delivery_address: PostalAddress | None = SHOWN_TO
    billing_address: PostalAddress | None = SHOWN_BILLED_TO
    shipping_method_id: UUID | None = SHOWN_METHOD
    shipping_price_minor: Amount = omitted(
        alias="shipping_price",
        description="The price of shipping; absent if it is that of the method.",
        examples=["4.90"],
    )
    vat_number: str | None = Field(
        max_length=MAX_VAT_NUMBER,
        description="The VAT number of a business, without separators.",
        examples=[None],
    )
    note: str = Field(max_length=MAX_NOTE, description="A note for the shop.", examples=[""])
    locale: str = Field(max_length=35, description="The customer's language.", examples=["de"])
    pay_hours: Hours | None = Field(
        description="How many hours the order waits for its payment; null for the setting.",
        examples=[None],
    )
    quote: DraftQuote | None = omitted(
        description="The current price; absent after the order was placed, and in an export.",
        examples=[None],
    )

    @model_validator(mode="after")
    def _have_one_currency(self) -> Self:
        self.hand_down([*self.items, *self.discounts])
        return self


class DraftPage(Schema):
    """A page of drafts."""

    items: list[DraftSummary] = Field(
        max_length=MAX_ITEMS, description="The drafts of this page.", examples=[[]]
    )
    next: Next = Field(
        description="The cursor of the next page; null on the last page.", examples=[None]
    )


class DraftQuery(PageQuery):
    """The parameters of a page of drafts."""
