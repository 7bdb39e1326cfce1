"""Invoices and credit notes: requests and responses."""

from datetime import date, datetime
from typing import Annotated, ClassVar, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from app.core.limits import MAX_LINES
from app.core.vat.numbers import MAX_VAT_NUMBER
from app.models import InvoiceKind
from app.schemas.amounts import InCurrency, WithCurrency
from app.schemas.base import Schema, omitted
from app.schemas.days import Period
from app.schemas.fields import Amount, Natural, Ordinal
from app.schemas.identity.user_schema import EXAMPLE_ADDRESS, PostalAddress
from app.schemas.page_schema import MAX_ITEMS, Next, PageQuery, cursor_at
from app.schemas.percentages import Percentage
from app.schemas.taxes.tax_amounts import TaxAtRate

_ID = "0199a1b2-7c00-7d00-8e00-0123456789ab"
_DAY = "2026-01-31"
# Each rate of the goods may also be a rate of shipping.
_MAX_LINES = 2 * MAX_LINES

InvoiceLineKind = Literal["goods", "shipping", "refund"]
ShownNumber = Annotated[str, Field(max_length=40)]


class InvoiceSeller(Schema):
    """The shop at the time of the invoice."""

    name: str = Field(max_length=100, description="The name.", examples=["Lavka"])
    address: str | None = Field(
        max_length=300, description="The postal address.", examples=["Hauptstr. 1, 10827 Berlin"]
    )
    country: str | None = Field(
        max_length=2, description="The country whose tax the shop charges.", examples=["DE"]
    )
    vat_number: str | None = Field(
        max_length=MAX_VAT_NUMBER, description="The VAT number.", examples=["DE136695976"]
    )


class InvoiceBuyer(Schema):
    """The customer at the time of the invoice."""

    name: str = Field(max_length=201, description="The name.", examples=["Ada Lovelace"])
    address: PostalAddress | None = Field(
        description="The address of the invoice, or otherwise of the delivery.",
        examples=[EXAMPLE_ADDRESS],
    )
    vat_number: str | None = Field(
        max_length=MAX_VAT_NUMBER, description="The VAT number.", examples=["ATU13585627"]
    )


class InvoiceLineRead(InCurrency):
    """A line of an invoice."""

    kind: InvoiceLineKind = Field(description="The kind of the line.", examples=["goods"])
    sku: str | None = Field(max_length=64, description="The SKU.", examples=["TEA-EARL-100"])
    name: str = Field(
        max_length=200,
        description="The goods, the shipping method, or the reason of a refund.",
        examples=["Earl Grey, 100 g"],
    )
    quantity: Natural = Field(description="The number of units.", examples=[2])
    unit_price_minor: Amount = Field(
        alias="unit_price", description="The price of a unit.", examples=["4.99"]
    )
    discount_minor: Amount = Field(alias="discount", description="The discount.", examples=["0.00"])
    rate_ppm: Percentage | None = Field(
        alias="rate",
        description="The tax rate in percent; null without tax.",
        examples=["7"],
    )
    net_minor: Amount = Field(alias="net", description="The amount without tax.", examples=["9.33"])
    tax_minor: Amount = Field(alias="tax", description="The tax.", examples=["0.65"])
    total_minor: Amount = Field(
        alias="total", description="The amount with tax.", examples=["9.98"]
    )


class InvoiceFacts(WithCurrency):
    """An invoice or a credit note, without its lines and parties."""

    id: UUID = Field(description="The invoice's id (UUIDv7).", examples=[_ID])
    number: ShownNumber = Field(
        validation_alias="shown_number",
        description="The number; the numbers of a series have no gap.",
        examples=["R2026-000001"],
    )
    kind: InvoiceKind = Field(description="The kind of the document.", examples=["invoice"])
    order_id: UUID = Field(description="The order.", examples=[_ID])
    order_number: Ordinal = Field(description="The order's number.", examples=[1001])
    corrects_id: UUID | None = omitted(
        description="The invoice that a credit note corrects.", examples=[_ID]
    )
    corrects_number: ShownNumber | None = omitted(
        description="The number of that invoice.", examples=["R2026-000001"]
    )
    refund_id: UUID | None = omitted(
        description="The refund that is the reason of a credit note.", examples=[_ID]
    )
    issued_at: datetime = Field(
        description="When it was issued (UTC).", examples=["2026-01-31T12:00:00Z"]
    )
    issued_on: date = Field(
        description="The day of the document in the shop's time zone.", examples=[_DAY]
    )
    supplied_on: date = Field(description="The day of the supply.", examples=[_DAY])
    currency: str = Field(
        max_length=3, description="The currency of all amounts (ISO 4217).", examples=["EUR"]
    )
    net_minor: Amount = Field(alias="net", description="The sum without tax.", examples=["9.33"])
    tax_minor: Amount = Field(alias="tax", description="The tax.", examples=["0.65"])
    total_minor: Amount = Field(
        alias="total",
        description="The sum that is owed, or that a credit note removes.",
        examples=["9.98"],
    )
    digest: str = Field(
        pattern="^[0-9a-f]{64}$",
        max_length=64,
        description="SHA-256 of the content.",
        examples=["2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"],
    )

    @property
    def file_name(self) -> str:
        """The name of the PDF file."""
        return f"{self.number.replace('/', '-')}.pdf"


class InvoiceRead(InvoiceFacts):
    """An invoice or a credit note; it never changes."""

    prices_include_tax: bool = Field(
        description="Whether the prices of units include tax.", examples=[True]
    )
    locale: str | None = omitted(
        max_length=35, description="The language of the customer.", examples=["de"]
    )
    seller: InvoiceSeller = Field(
        description="The shop.",
        examples=[{"name": "Lavka", "address": None, "country": "DE", "vat_number": None}],
    )
    buyer: InvoiceBuyer = Field(
        description="The customer.",
        examples=[{"name": "Ada Lovelace", "address": EXAMPLE_ADDRESS, "vat_number": None}],
    )
    lines: list[InvoiceLineRead] = Field(
        max_length=_MAX_LINES, description="The lines.", examples=[[]]
    )
    taxes: list[TaxAtRate] = Field(
        max_length=_MAX_LINES,
        description="The tax by rate, the highest first; empty in an order without tax.",
        examples=[[]],
    )

    @model_validator(mode="after")
    def _have_one_currency(self) -> Self:
        self.hand_down([*self.lines, *self.taxes])
        return self


class InvoiceList(Schema):
    """The invoices of an order."""

    items: list[InvoiceRead] = Field(
        max_length=10_000,
        description="The invoice and its credit notes, the oldest first.",
        examples=[[]],
    )


class InvoicePage(Schema):
    """A page of invoices."""

    items: list[InvoiceRead] = Field(
        max_length=MAX_ITEMS, description="The invoices of this page.", examples=[[]]
    )
    next: Next = Field(
        description="The cursor of the next page; null on the last page.", examples=[None]
    )


class InvoiceQuery(PageQuery, Period):
    """The period of invoices."""

    default_order: ClassVar[str] = "issued_at"

    cursor: str | None = cursor_at("issued_at", "2026-01-31T12:00:00+00:00")
