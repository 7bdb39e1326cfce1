"""Messages about orders: incoming commands and outgoing events."""

from uuid import UUID

from pydantic import Field

from app.models import OrderStatus
from app.schemas.amounts import WithCurrency
from app.schemas.base import Schema
from app.schemas.fields import Ordinal
from app.schemas.orders.cancellation_schema import CancelledUnits
from app.schemas.orders.order_schema import OrderChangeStatus, OrderCreate

_ID = "0199a1b2-7c00-7d00-8e00-0123456789ab"


class OrderCommand(OrderCreate):
    """A new order; the sender may choose its id."""

    user_id: UUID | None = Field(
        default=None,
        description="The customer; may be absent only if a user sent the command over HTTP.",
        examples=[_ID],
    )
    id: UUID | None = Field(
        default=None,
        description="The order's id; if absent, the shop generates one.",
        examples=[_ID],
    )


class OrderUpdateCommand(Schema):
    """A transition of an order to another status."""

    order_id: UUID = Field(description="The order.", examples=[_ID])
    order_data: OrderChangeStatus = Field(
        description="The new status.", examples=[{"status": "paid"}]
    )


class OrderStatusChanged(Schema):
    """A transition of an order."""

    order_id: UUID = Field(description="The order.", examples=[_ID])
    number: Ordinal = Field(description="The short number for people.", examples=[1024])
    from_status: OrderStatus = Field(
        alias="from", description="The former status.", examples=["pending"]
    )
    to_status: OrderStatus = Field(alias="to", description="The new status.", examples=["paid"])
    version: Ordinal = Field(
        description="The order's version after the transition; a higher one is later.", examples=[2]
    )


class OrderLineCancelled(CancelledUnits, WithCurrency):
    """Units of a line that were cancelled without the rest of the order."""

    order_id: UUID = Field(description="The order.", examples=[_ID])
    number: Ordinal = Field(description="The short number for people.", examples=[1024])
    currency: str = Field(
        max_length=3, description="The currency of the amount (ISO 4217).", examples=["USD"]
    )
    version: Ordinal = Field(
        description="The order's version after the change; a higher one is later.", examples=[2]
    )
