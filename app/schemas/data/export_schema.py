"""All data that the shop stores about a person: the response."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from app.schemas.base import Schema
from app.schemas.carts.cart_schema import CartRead
from app.schemas.identity.auth_schema import MAX_SESSIONS, SessionRead
from app.schemas.identity.user_schema import MAX_ADDRESSES, AddressRead, UserRead
from app.schemas.invoices.invoice_schema import InvoiceRead
from app.schemas.orders.draft_schema import DraftRead
from app.schemas.orders.order_schema import OrderRead
from app.schemas.orders.return_schema import ReturnRead
from app.schemas.orders.shipment_schema import ShipmentRead
from app.schemas.payments.payment_schema import PaymentRead, RefundRead
from app.schemas.system.audit_schema import AuditEventRead

_USER = {name: field.examples[0] for name, field in UserRead.model_fields.items() if field.examples}


class KeptData(Schema):
    """Data that an erasure does not delete, with the reason."""

    what: Literal["orders", "unfinished_orders", "invoices"] = Field(
        description="The kind of the kept data.", examples=["orders"]
    )
    kept_because: str = Field(
        max_length=500,
        description="The reason, and the personal data that are left in it.",
        examples=["the law requires the shop to keep its books"],
    )


INVOICES_KEPT = KeptData(
    what="invoices",
    kept_because="the law requires the shop to keep invoices as they were issued, with the name, "
    "the address and the VAT number of the customer, until the term of the law is over",
)


class UserExport(Schema):
    """All data that the shop stores about a person (GDPR, articles 15 and 20)."""

    exported_at: datetime = Field(
        description="When the export was created (UTC).", examples=["2026-01-31T12:00:00Z"]
    )
    user: UserRead = Field(description="The user.", examples=[_USER])
    addresses: list[AddressRead] = Field(
        max_length=MAX_ADDRESSES, description="The addresses.", examples=[[]]
    )
    carts: list[CartRead] = Field(
        max_length=1, description="The cart of the user, if there is one.", examples=[[]]
    )
    order_drafts: list[DraftRead] = Field(
        description="The drafts of orders for the user, oldest first.", examples=[[]]
    )
    orders: list[OrderRead] = Field(description="All orders, oldest first.", examples=[[]])
    payments: list[PaymentRead] = Field(
        description="The payments of the orders, oldest first.", examples=[[]]
    )
    refunds: list[RefundRead] = Field(
        description="The refunds of these payments, oldest first.", examples=[[]]
    )
    shipments: list[ShipmentRead] = Field(
        description="All shipments of these orders.", examples=[[]]
    )
    returns: list[ReturnRead] = Field(description="All returns of these orders.", examples=[[]])
    invoices: list[InvoiceRead] = Field(
        description="The invoices of the orders and their credit notes, oldest first.",
        examples=[[]],
    )
    sessions: list[SessionRead] = Field(
        max_length=MAX_SESSIONS, description="The active log-ins.", examples=[[]]
    )
    events: list[AuditEventRead] = Field(
        description="The user's events in the audit trail, oldest first.", examples=[[]]
    )
    kept: list[KeptData] = Field(
        max_length=1, description="The data that an erasure does not delete.", examples=[[]]
    )
