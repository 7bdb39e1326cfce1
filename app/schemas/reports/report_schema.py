"""Daily reports: requests and responses."""

from datetime import date, datetime
from typing import ClassVar, Self
from uuid import UUID

from pydantic import Field, model_validator

from app.schemas.amounts import InCurrency, WithCurrency
from app.schemas.base import Schema, omitted
from app.schemas.catalogue.variant_schema import SoldRead
from app.schemas.days import Day, Period
from app.schemas.fields import Amount, Integer, Natural, Ordinal, SignedAmount
from app.schemas.page_schema import MAX_ITEMS, Next, PageQuery, cursor_at
from app.schemas.percentages import Percentage

_ID = "0199a1b2-7c00-7d00-8e00-0123456789ab"
_DAY = "2026-01-31"
_MOMENT = "2026-01-31T12:00:00Z"
_TOTAL = {"orders_count": 1, "units": 2, "amount": "9.98"}
MAX_CHART_DAYS = 400
"""The maximum number of days in a chart, beyond which it is unreadable."""


class ReportOrder(Schema):
    """A request to make the report of a day."""

    day: Day = Field(description="A shop day that has ended.", examples=[_DAY])


class SumOfOrders(InCurrency):
    """The number of some orders, their units and their amount."""

    orders_count: Natural = Field(description="The number of orders.", examples=[1])
    units: Natural = Field(description="The number of units in all lines.", examples=[2])
    amount_minor: Amount = Field(
        alias="amount", description="The sum of the order totals.", examples=["9.98"]
    )


class Total(SumOfOrders):
    """The totals of some orders, with the parts of their amount besides prices."""

    discount_minor: Amount = omitted(
        0,
        alias="discount",
        description="The discounts of promotions on the lines.",
        examples=["0.00"],
    )
    shipping_minor: Amount = omitted(
        0, alias="shipping", description="The price of shipping, with its tax.", examples=["0.00"]
    )
    tax_minor: Amount = omitted(
        0, alias="tax", description="The tax that the amount includes.", examples=["1.59"]
    )


class HourRead(SumOfOrders):
    """The totals of the orders placed in an hour."""

    hour: int = Field(
        ge=0,
        le=23,
        description="The local hour; an hour that occurs twice is counted as one.",
        examples=[9],
    )


class ProviderRead(InCurrency):
    """The money that a provider of payments took and returned on a day."""

    provider: str = Field(max_length=20, description="The provider.", examples=["stripe"])
    captured_minor: SignedAmount = Field(
        alias="captured", description="The captured amount.", examples=["9.98"]
    )
    refunded_minor: SignedAmount = Field(
        alias="refunded",
        description="The refunded amount; below 0 if more refunds failed later than were made.",
        examples=["0.00"],
    )


class ReportMoneyRead(WithCurrency):
    """The money of a day in a currency.

    `captured` - `refunded` = `invoiced` - `credited` + `not_invoiced` + `overpaid` - `not_paid`.
    """

    currency: str = Field(
        max_length=3, description="The currency of these amounts (ISO 4217).", examples=["USD"]
    )
    captured_minor: SignedAmount = Field(
        alias="captured", description="The amount that providers captured.", examples=["9.98"]
    )
    refunded_minor: SignedAmount = Field(
        alias="refunded", description="The refunded amount.", examples=["0.00"]
    )
    invoiced_minor: Amount = Field(
        alias="invoiced", description="The totals of the invoices of the day.", examples=["9.98"]
    )
    credited_minor: Amount = Field(
        alias="credited",
        description="The totals of the credit notes of the day.",
        examples=["0.00"],
    )
    not_invoiced_minor: SignedAmount = Field(
        alias="not_invoiced",
        description="The increase of the amount that was captured for orders without an invoice.",
        examples=["0.00"],
    )
    overpaid_minor: SignedAmount = Field(
        alias="overpaid",
        description="The increase of the amount that was captured beyond the invoices of orders.",
        examples=["0.00"],
    )
    not_paid_minor: SignedAmount = Field(
        alias="not_paid",
        description="The increase of the amount that is invoiced and was not captured.",
        examples=["0.00"],
    )
    providers: list[ProviderRead] = Field(
        max_length=MAX_ITEMS, description="The same by provider.", examples=[[]]
    )

    @model_validator(mode="after")
    def _have_its_currency(self) -> Self:
        self.hand_down(self.providers)
        return self


class ReportSummary(WithCurrency):
    """The report of a day."""

    id: UUID = Field(description="The report's id (UUIDv7).", examples=[_ID])
    day: date = Field(description="The shop day.", examples=[_DAY])
    timezone: str = Field(
        max_length=64, description="The time zone of the day.", examples=["Europe/Berlin"]
    )
    starts_at: datetime = Field(
        description="The first moment of the day (UTC).", examples=[_MOMENT]
    )
    ends_at: datetime = Field(
        description="The first moment after the day (UTC).", examples=[_MOMENT]
    )
    currency: str = Field(
        max_length=3, description="The currency of all amounts (ISO 4217).", examples=["USD"]
    )
    placed: Total = Field(
        description="The orders that were placed on the day, with any current status.",
        examples=[_TOTAL],
    )
    cancelled: Total = Field(
        description="The orders and lines that were cancelled on the day, whenever they were "
        "placed; `orders_count` is that of whole orders.",
        examples=[_TOTAL],
    )
    corrections: Total = Field(
        description="The cancelled orders that were placed on an earlier day, whose report "
        "still counts them as placed.",
        examples=[_TOTAL],
    )
    expired: SumOfOrders | None = omitted(
        description="The cancelled orders that were not paid in time; absent if there are none.",
        examples=[_TOTAL],
    )
    net_units: Integer = Field(description="Units placed minus units cancelled.", examples=[2])
    net_minor: SignedAmount = Field(
        alias="net", description="The amount placed minus the amount cancelled.", examples=["9.98"]
    )
    money: list[ReportMoneyRead] = omitted(
        [],
        max_length=MAX_ITEMS,
        description="The payments and invoices of the day by currency; absent if there are none.",
        examples=[[]],
    )
    first_order_at: datetime | None = Field(
        description="When the first order was placed (UTC).", examples=[_MOMENT]
    )
    last_order_at: datetime | None = Field(
        description="When the last order was placed (UTC).", examples=[_MOMENT]
    )
    digest: str = Field(
        pattern="^[0-9a-f]{64}$",
        max_length=64,
        description="SHA-256 of the content of the report; the same ledger gives the same digest.",
        examples=["2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"],
    )
    created_at: datetime = Field(
        description="When the report was first made (UTC).", examples=[_MOMENT]
    )
    updated_at: datetime = Field(
        description="When the report was last remade (UTC).", examples=[_MOMENT]
    )
    version: Ordinal = Field(
        description="Rises when the report is remade after its ledger changed, for example by an "
        "import.",
        examples=[1],
    )

    @model_validator(mode="after")
    def _have_one_currency(self) -> Self:
        self.hand_down((self.placed, self.cancelled, self.corrections))
        if self.expired is not None:
            self.hand_down([self.expired])
        return self


class ReportLineRead(InCurrency):
    """An order of the day."""

    report_id: UUID = Field(description="The line's id (UUIDv7).", examples=[_ID])
    order_id: UUID = Field(description="The order.", examples=[_ID])
    order_number: Ordinal = Field(description="The short number for people.", examples=[1024])
    placed_at: datetime = Field(description="When the order was placed (UTC).", examples=[_MOMENT])
    count_product: Natural = Field(
        description="The number of units in all lines of the order.", examples=[2]
    )
    total_minor: Amount = Field(
        alias="total", description="The total of the order.", examples=["9.98"]
    )


class ReportProductRead(SoldRead, InCurrency):
    """The sales and cancellations of a variant of a product."""

    sku: str = Field(
        max_length=64, description="The SKU in the orders of the day.", examples=["TEA-EARL-100"]
    )
    name: str = Field(
        max_length=200,
        description="The name in the orders of the day.",
        examples=["Earl Grey, 100 g"],
    )
    units: Natural = Field(description="The number of units placed.", examples=[2])
    gross_minor: Amount = Field(
        alias="gross", description="The amount of the units placed.", examples=["9.98"]
    )
    cancelled_units: Natural = Field(description="The number of units cancelled.", examples=[0])
    cancelled_minor: Amount = Field(
        alias="cancelled", description="The amount of the units cancelled.", examples=["0.00"]
    )


class ReportTaxRead(InCurrency):
    """The tax at one rate on a day, in orders placed and in orders cancelled."""

    rate_ppm: Percentage = Field(alias="rate", description="The rate in percent.", examples=["19"])
    reason: str = Field(
        max_length=32, description="Why the rate applies.", examples=["standard_rated"]
    )
    net_minor: Amount = Field(
        alias="net", description="The amounts placed, without the tax.", examples=["8.39"]
    )
    tax_minor: Amount = Field(
        alias="tax", description="The tax of the orders placed.", examples=["1.59"]
    )
    cancelled_net_minor: Amount = Field(
        alias="cancelled_net",
        description="The amounts cancelled, without the tax.",
        examples=["0.00"],
    )
    cancelled_tax_minor: Amount = Field(
        alias="cancelled_tax", description="The tax of the orders cancelled.", examples=["0.00"]
    )


class ReportRead(ReportSummary):
    """The report of a day by hour and by product, with a page of its lines."""

    by_hour: list[HourRead] = Field(
        max_length=24, description="The totals of each hour with an order.", examples=[[]]
    )
    taxes: list[ReportTaxRead] = omitted(
        [],
        max_length=MAX_ITEMS,
        description="The tax by rate, the highest first.",
        examples=[[]],
    )
    by_product: list[ReportProductRead] = Field(
        max_length=MAX_ITEMS,
        description="The best-selling products; the complete list is at `/products` of the day.",
        examples=[[]],
    )
    items: list[ReportLineRead] = Field(
        max_length=MAX_ITEMS,
        description="The lines of this page, one for each order.",
        examples=[[]],
    )
    next: Next = Field(
        description="The cursor of the next page; null on the last page.", examples=[None]
    )

    @model_validator(mode="after")
    def _have_its_currency(self) -> Self:
        self.hand_down((*self.by_hour, *self.taxes, *self.by_product, *self.items))
        return self


class ReportPage(Schema):
    """A page of reports, newest first."""

    items: list[ReportSummary] = Field(
        max_length=MAX_ITEMS, description="The reports of this page.", examples=[[]]
    )
    next: Next = Field(
        description="The cursor of the next page; null on the last page.", examples=[None]
    )


class ReportProductPage(Schema):
    """A page of the products of a day, best-selling first."""

    items: list[ReportProductRead] = Field(
        max_length=MAX_ITEMS, description="The products of this page.", examples=[[]]
    )
    next: Next = Field(
        description="The cursor of the next page; null on the last page.", examples=[None]
    )


class ReportQuery(PageQuery, Period):
    """The filters of reports."""

    default_order: ClassVar[str] = "-starts_at"

    cursor: str | None = cursor_at("-starts_at", "2026-01-31T00:00:00+00:00")


class ReportLineQuery(PageQuery):
    """The parameters of a page of the lines of a report."""

    default_order: ClassVar[str] = "placed_at"

    cursor: str | None = cursor_at("placed_at", "2026-01-31T12:00:00+00:00")


class ReportProductQuery(PageQuery):
    """The parameters of a page of the products of a report."""

    default_order: ClassVar[str] = "-gross"

    cursor: str | None = cursor_at("-gross", 998)


class ChartQuery(Period):
    """The days of a chart, at most 400; by default the last 30 completed days."""
