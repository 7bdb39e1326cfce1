"""The data of persons without an account: requests and responses."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

from app.core.limits import MAX_LINE_QUANTITY, MAX_LINES
from app.core.vat.numbers import MAX_VAT_NUMBER
from app.schemas.base import Schema
from app.schemas.carts.cart_schema import MAX_CODES, MAX_NOTE, Locale
from app.schemas.data.export_schema import KeptData
from app.schemas.fields import Email, Natural
from app.schemas.identity.user_schema import EXAMPLE_ADDRESS
from app.schemas.invoices.invoice_schema import InvoiceRead
from app.schemas.orders.order_schema import DeliveryAddress, OrderRead
from app.schemas.orders.return_schema import ReturnRead
from app.schemas.orders.shipment_schema import ShipmentRead
from app.schemas.payments.payment_schema import PaymentRead, RefundRead
from app.tables.promotions import CODE_LENGTH

_ID = "0199a1b2-7c00-7d00-8e00-0123456789ab"
_MOMENT = "2026-01-31T12:00:00Z"
_TOKEN = "0CxvIRDMsEBUXyOjGK9jHoBt1UpZDpOXN2aJj7mbWcQ"  # nosec B105  # an example

# The shop's tokens have 43 characters.
GuestToken = Annotated[
    str, StringConstraints(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9_-]+$")
]


class GuestDataRequest(Schema):
    """A request for a token, which is sent to the address."""

    email: Email = Field(description="The e-mail address.", examples=["ada@example.com"])
    locale: Locale = Field(
        default="",
        description="The language of the mail (BCP 47); English if the shop has no texts in it.",
        examples=["de"],
    )


class GuestDataToken(Schema):
    """The token that proves access to an e-mail address."""

    token: GuestToken = Field(description="The token from the e-mail.", examples=[_TOKEN])


class GuestCartLine(Schema):
    """A line of a guest's cart."""

    variant_id: UUID = Field(description="The variant.", examples=[_ID])
    quantity: int = Field(
        ge=1, le=MAX_LINE_QUANTITY, description="The number of units.", examples=[2]
    )


class GuestCart(Schema):
    """A guest's cart in its stored form."""

    id: UUID = Field(description="The cart's id (UUIDv7).", examples=[_ID])
    order_id: UUID | None = Field(
        description="The order that was placed from the cart.", examples=[None]
    )
    currency: str = Field(
        max_length=3, description="The currency of the prices (ISO 4217).", examples=["USD"]
    )
    email: str = Field(
        max_length=320,
        description="The address as it was entered.",
        examples=["ada@example.com"],
    )
    delivery_address: DeliveryAddress | None = Field(
        description="The delivery address.", examples=[EXAMPLE_ADDRESS]
    )
    billing_address: DeliveryAddress | None = Field(
        description="The address of the invoice.", examples=[None]
    )
    shipping_method_id: UUID | None = Field(description="The shipping method.", examples=[None])
    vat_number: str | None = Field(
        max_length=MAX_VAT_NUMBER, description="The VAT number.", examples=[None]
    )
    note: str = Field(max_length=MAX_NOTE, description="The note for the shop.", examples=[""])
    locale: str = Field(max_length=35, description="The language.", examples=["de"])
    codes: list[Annotated[str, Field(max_length=CODE_LENGTH)]] = Field(
        max_length=MAX_CODES, description="The codes that were entered.", examples=[[]]
    )
    lines: list[GuestCartLine] = Field(
        max_length=MAX_LINES, description="The lines.", examples=[[]]
    )
    created_at: datetime = Field(description="When the cart was opened (UTC).", examples=[_MOMENT])
    touched_at: datetime = Field(
        description="When the cart was last changed (UTC).", examples=[_MOMENT]
    )


class GuestMail(Schema):
    """A mail that was written about an order."""

    order_id: UUID = Field(description="The order.", examples=[_ID])
    kind: str = Field(max_length=20, description="Its kind.", examples=["order_confirmed"])
    created_at: datetime = Field(description="When the mail was written (UTC).", examples=[_MOMENT])


class GuestExport(Schema):
    """All data that the shop stores about an address without an account (GDPR, 15 and 20)."""

    exported_at: datetime = Field(
        description="When the export was created (UTC).", examples=[_MOMENT]
    )
    email: str = Field(
        max_length=320, description="The address that was proved.", examples=["ada@example.com"]
    )
    carts: list[GuestCart] = Field(description="The carts, oldest first.", examples=[[]])
    orders: list[OrderRead] = Field(description="The orders, oldest first.", examples=[[]])
    payments: list[PaymentRead] = Field(
        description="The payments of the orders, oldest first.", examples=[[]]
    )
    refunds: list[RefundRead] = Field(
        description="The refunds of these payments, oldest first.", examples=[[]]
    )
    invoices: list[InvoiceRead] = Field(
        description="The invoices of the orders and their credit notes, oldest first.",
        examples=[[]],
    )
    shipments: list[ShipmentRead] = Field(
        description="All shipments of these orders.", examples=[[]]
    )
    returns: list[ReturnRead] = Field(description="All returns of these orders.", examples=[[]])
    mails: list[GuestMail] = Field(
        description="The records of the mails about the orders, oldest first.", examples=[[]]
    )
    kept: list[KeptData] = Field(
        max_length=3, description="The data that an erasure does not delete.", examples=[[]]
    )


class GuestErasure(Schema):
    """The result of an erasure of the data of an address without an account."""

    erased_at: datetime = Field(description="When (UTC).", examples=[_MOMENT])
    deleted_carts: Natural = Field(description="The number of deleted carts.", examples=[1])
    deleted_mails: Natural = Field(
        description="The number of deleted mails, which were not sent yet.", examples=[0]
    )
    cleared_orders: Natural = Field(
        description="The number of orders that no longer name the person.", examples=[1]
    )
    waiting_orders: Natural = Field(
        description="The number of unfinished orders, which will be cleared at their end.",
        examples=[0],
    )
    kept: list[KeptData] = Field(
        max_length=3, description="The data that were not deleted.", examples=[[]]
    )
