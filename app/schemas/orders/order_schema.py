"""Orders: requests and responses."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from app.core.limits import MAX_LINE_QUANTITY, MAX_LINES
from app.core.order_statuses import FulfilmentStatus
from app.core.vat.numbers import MAX_VAT_NUMBER
from app.models import OrderStatus
from app.schemas.amounts import InCurrency, WithCurrency
from app.schemas.base import Schema, omitted
from app.schemas.carts.line_schema import LineCreate
from app.schemas.catalogue.variant_schema import SoldRead
from app.schemas.fields import DIGITS, Amount, MomentQuery, Ordinal, Text, VatNumber
from app.schemas.identity.user_schema import EXAMPLE_ADDRESS, PostalAddress, complete_address
from app.schemas.orders.cancellation_schema import OrderCancellationRead, Units
from app.schemas.page_schema import MAX_ITEMS, CountedPage, CountedQuery, Next
from app.schemas.percentages import Percentage
from app.schemas.taxes.amount_fields import (
    DISCOUNT,
    LINE_DISCOUNT,
    LINE_TAX,
    LINE_TAX_RATE,
    PRICES_INCLUDE_TAX,
    SHIPPING,
    SHIPPING_TAX,
    TAX,
)
from app.schemas.taxes.tax_amounts import TaxAtRate
from app.tables.promotions import CODE_LENGTH

_ID = "0199a1b2-7c00-7d00-8e00-0123456789ab"
_MOMENT = "2026-01-31T12:00:00Z"
# Each promotion reduces each line and shipping at most once.
MAX_DISCOUNTS = 10_000


class DeliveryAddress(PostalAddress):
    """The delivery address of an order at the time of purchase."""


class OrderLineCreate(LineCreate):
    """A line of a new order, of a product with one variant or of a variant."""


_EXAMPLE_LINES: list[Any] = [{"product_id": _ID, "quantity": 2}]


class OrderCreate(Schema):
    """A new order, which is placed completely or not at all."""

    # This is the order that Swagger UI sends: without a user, it is that of the caller. The demo
    # shop has the product.
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"items": _EXAMPLE_LINES, "delivery_address": EXAMPLE_ADDRESS}]
        }
    )

    user_id: UUID | None = Field(
        default=None,
        description="The customer; by default the caller. Staff and machines order for a customer.",
        examples=[_ID],
    )
    items: list[OrderLineCreate] = Field(
        min_length=1,
        max_length=MAX_LINES,
        description="The lines; lines of the same variant are added up.",
        examples=[_EXAMPLE_LINES],
    )
    delivery_address: Annotated[DeliveryAddress, AfterValidator(complete_address)] | None = Field(
        default=None,
        description="The delivery address; by default the user's primary address, if there is one.",
        examples=[EXAMPLE_ADDRESS],
    )

    shipping_method_id: UUID | None = Field(
        default=None,
        description="The shipping method, whose price is added; null: nothing is charged for "
        "shipping.",
        examples=[None],
    )
    vat_number: VatNumber | None = Field(
        default=None,
        description="The VAT number of a business, checked by its check digit.",
        examples=[None],
    )

    def quantities(self) -> dict[UUID, int]:
        """Return the number of units of each variant."""
        sums: dict[UUID, int] = {}
        for line in self.items:
            sums[line.sold_id] = sums.get(line.sold_id, 0) + line.quantity
        return sums

    def product_ids(self) -> set[UUID]:
        """Return the products that lines name without a variant."""
        return {line.sold_id for line in self.items if "product_id" in line.model_fields_set}


class OrderChangeStatus(Schema):
    """A change of an order's status."""

    status: OrderStatus = Field(
        description="`pending → paid → shipped → delivered`, and `pending | paid → cancelled`.",
        examples=["paid"],
    )


class BoughtRead(SoldRead):
    """The fields that name the goods of a line of an order, at the time of purchase."""

    sku: str = Field(
        max_length=64, description="The SKU at the time of purchase.", examples=["TEA-EARL-100"]
    )
    name: str = Field(
        max_length=200,
        description="The name at the time of purchase, followed by the option values.",
        examples=["Earl Grey, 100 g"],
    )


class OrderItemRead(BoughtRead, InCurrency):
    """A line of an order, with the product data at the time of purchase."""

    unit_price_minor: Amount = Field(
        alias="unit_price", description="The price at the time of purchase.", examples=["4.99"]
    )
    quantity: Units = Field(description="The number of units.", examples=[2])
    cancelled_quantity: int = omitted(
        0,
        ge=0,
        le=MAX_LINES * MAX_LINE_QUANTITY,
        description="How many of these units were cancelled.",
        examples=[0],
    )
    shipped_quantity: int = omitted(
        0,
        ge=0,
        le=MAX_LINES * MAX_LINE_QUANTITY,
        description="How many of these units are in shipments, including packed ones.",
        examples=[0],
    )
    returned_quantity: int = omitted(
        0,
        ge=0,
        le=MAX_LINES * MAX_LINE_QUANTITY,
        description="How many of these units the customer has sent back.",
        examples=[0],
    )
    discount_minor: Amount = LINE_DISCOUNT
    tax_minor: Amount = LINE_TAX
    tax_rate_ppm: Percentage | None = LINE_TAX_RATE
    tax_class: str | None = omitted(
        max_length=32, description="The tax class.", examples=["standard"]
    )
    tax_reason: str | None = omitted(
        max_length=32, description="Why the rate applies.", examples=["standard_rated"]
    )


class OrderShippingRead(Schema):
    """The shipping method of an order, as it was at the time of purchase."""

    id: UUID = Field(description="The method's id (UUIDv7).", examples=[_ID])
    name: str = Field(max_length=100, description="The name.", examples=["Standard"])
    carrier: str = Field(max_length=100, description="The carrier.", examples=["DHL"])


class OrderDiscountRead(InCurrency):
    """The discount of a promotion or of staff on a line of an order, or on its shipping."""

    label: str = Field(
        max_length=100,
        description="The name of the promotion or discount.",
        examples=["10 % off tea"],
    )
    code: str | None = omitted(
        max_length=CODE_LENGTH,
        description="The code; absent for a promotion that applied by itself.",
        examples=["SUMMER-26"],
    )
    position: Ordinal | None = omitted(
        description="The line, from 1; absent for shipping.", examples=[1]
    )
    amount_minor: Amount = Field(
        alias="amount", description="The amount of the discount.", examples=["1.00"]
    )


class OrderChangeRead(Schema):
    """A transition of an order."""

    from_status: OrderStatus | None = Field(
        description="The former status; null for a new order.", examples=[None]
    )
    to_status: OrderStatus = Field(description="The new status.", examples=["pending"])
    actor: str = Field(
        max_length=100, description="Who changed the status.", examples=["user " + _ID]
    )
    changed_at: datetime = Field(description="When the status changed (UTC).", examples=[_MOMENT])


class OrderSummary(WithCurrency):
    """An order in a list."""

    id: UUID = Field(description="The order's id (UUIDv7).", examples=[_ID])
    number: Ordinal = Field(description="The short, rising number for people.", examples=[1024])
    user_id: UUID | None = Field(description="The customer; null for a guest.", examples=[_ID])
    status: OrderStatus = Field(description="The status of the order.", examples=["pending"])
    units: Units = Field(description="The number of units in all lines.", examples=[2])
    discount_minor: Amount = DISCOUNT
    shipping_minor: Amount = SHIPPING
    tax_minor: Amount = TAX
    total_minor: Amount = Field(
        alias="total",
        description="The amount to be paid: the lines, shipping, and tax that prices do not "
        "include.",
        examples=["9.98"],
    )
    cancelled_minor: Amount = omitted(
        0,
        alias="cancelled",
        description="The part of the total that need not be paid, for lines that were cancelled.",
        examples=["0.00"],
    )
    paid_minor: Amount = omitted(
        0,
        alias="paid",
        description="The sum of the captured payments; absent if no payment was recorded.",
        examples=["9.98"],
    )
    refunded_minor: Amount = omitted(
        0, alias="refunded", description="The sum of the refunds.", examples=["0.00"]
    )
    prices_include_tax: bool = PRICES_INCLUDE_TAX
    currency: str = Field(
        max_length=3, description="The currency of all amounts (ISO 4217).", examples=["USD"]
    )
    created_at: datetime = Field(description="When the order was placed (UTC).", examples=[_MOMENT])
    updated_at: datetime = Field(
        description="When the order was last changed (UTC).", examples=[_MOMENT]
    )
    version: Ordinal = Field(description="Rises by one with every change.", examples=[1])


class OrderRead(OrderSummary):
    """An order with its lines and its history."""

    fulfilment_status: FulfilmentStatus = omitted(
        FulfilmentStatus.UNFULFILLED,
        description="How much of the order has left the shop, and whether all of it has arrived; "
        "absent while it is `unfulfilled`.",
        examples=["partly_shipped"],
    )
    delivery_address: DeliveryAddress | None = Field(
        description="The delivery address.", examples=[None]
    )
    items: list[OrderItemRead] = Field(
        max_length=MAX_LINES, description="The lines.", examples=[[]]
    )
    shipping_method: OrderShippingRead | None = omitted(
        description="The shipping method.", examples=[None]
    )
    shipping_tax_minor: Amount = SHIPPING_TAX
    taxes: list[TaxAtRate] = omitted(
        [],
        max_length=MAX_LINES + 1,
        description="The tax by rate, the highest first.",
        examples=[[]],
    )
    adjustments: list[OrderDiscountRead] = omitted(
        [],
        alias="discounts",
        max_length=MAX_DISCOUNTS,
        description="The discounts of promotions and of staff, by line.",
        examples=[[]],
    )
    cancellations: list[OrderCancellationRead] = omitted(
        [],
        max_length=MAX_LINES * MAX_LINE_QUANTITY,
        description="The units cancelled without the rest of the order, the oldest first.",
        examples=[[]],
    )
    email: str | None = omitted(
        max_length=320,
        description="The e-mail address for mails about the order.",
        examples=["ada@example.com"],
    )
    billing_address: DeliveryAddress | None = omitted(
        description="The address of the invoice, if it is another one.", examples=[None]
    )
    vat_number: str | None = omitted(
        max_length=MAX_VAT_NUMBER,
        description="The VAT number of a business.",
        examples=["FR40303265045"],
    )
    note: str | None = omitted(
        max_length=2_000, description="A note of the customer.", examples=["Please ring twice."]
    )
    locale: str | None = omitted(
        max_length=35, description="The language of the customer.", examples=["de"]
    )
    pay_by: datetime | None = omitted(
        description="The time until which the order must be paid (UTC); then it is cancelled.",
        examples=[_MOMENT],
    )
    history: list[OrderChangeRead] = Field(
        # An order never returns to a previous status.
        max_length=len(OrderStatus),
        description="The transitions, oldest first.",
        examples=[[]],
    )

    @model_validator(mode="after")
    def _have_the_tax_of_shipping(self) -> Self:
        # No row contains this tax, which is the rest of the order's tax.
        self.shipping_tax_minor = self.tax_minor - sum(each.tax_minor for each in self.items)
        return self

    @model_validator(mode="after")
    def _have_one_currency(self) -> Self:
        self.hand_down([*self.items, *self.taxes, *self.adjustments, *self.cancellations])
        return self


class OrderPage(CountedPage):
    """A page of orders."""

    items: list[OrderSummary] = Field(
        max_length=MAX_ITEMS, description="The orders of this page.", examples=[[]]
    )
    next: Next = Field(
        description="The cursor of the next page; null on the last page.", examples=[None]
    )


class OrderQuery(CountedQuery):
    """The filters and the order of orders."""

    status: OrderStatus | None = Field(
        default=None, description="Only orders in this status.", examples=["paid"]
    )
    user_id: UUID | None = Field(
        default=None, description="Only orders of this user.", examples=[_ID]
    )
    number: Annotated[Ordinal, DIGITS] | None = Field(
        default=None, description="Only the order with this number.", examples=[1024]
    )
    email: Text | None = Field(
        default=None,
        max_length=254,
        description="Only orders of the user or the guests with this e-mail address.",
        examples=["ada@example.com"],
    )
    placed_from: MomentQuery | None = Field(
        default=None, description="Only orders placed at this moment or later.", examples=[_MOMENT]
    )
    placed_before: MomentQuery | None = Field(
        default=None,
        description="Only orders placed before this moment; later than `placed_from`.",
        examples=["2026-02-28T12:00:00Z"],
    )
    sort: Literal["created_at", "-created_at", "number", "-number", "total", "-total"] = Field(
        default="-created_at",
        description="The order; a leading `-` means descending.",
        examples=["-total"],
    )

    @property
    def order(self) -> str:
        """The order of the list."""
        return self.sort

    @field_validator("placed_before")
    @classmethod
    def _ends_after_it_begins(
        cls, placed_before: datetime | None, info: ValidationInfo
    ) -> datetime | None:
        placed_from = info.data.get("placed_from")
        if placed_from and placed_before and placed_from >= placed_before:
            raise ValueError("must be later than placed_from")
        return placed_before
