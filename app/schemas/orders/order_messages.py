"""Messages about orders: commands as they arrive on queues, events as they go out."""

from uuid import UUID

from pydantic import Field

from app.models import OrderStatus
from app.schemas.base import Schema
from app.schemas.fields import Ordinal
from app.schemas.orders.order_schema import OrderChangeStatus, OrderCreate

_ID = "0199a1b2-7c00-7d00-8e00-0123456789ab"


class OrderCommand(OrderCreate):
    """An order that is to be placed; its sender may choose its id."""

    user_id: UUID | None = Field(
        default=None,
        description="Who orders; only a command that a user sent over HTTP has a caller to mean.",
        examples=[_ID],
    )
    id: UUID | None = Field(
        default=None,
        description="The order's id; absent, the shop makes one.",
        examples=[_ID],
    )


class OrderUpdateCommand(Schema):
    """A move of an order along its transitions."""

    order_id: UUID = Field(description="The order.", examples=[_ID])
    order_data: OrderChangeStatus = Field(
        description="The status that it moves to.", examples=[{"status": "paid"}]
    )


class OrderStatusChanged(Schema):
    """A step in the life of an order."""

    order_id: UUID = Field(description="The order.", examples=[_ID])
    number: Ordinal = Field(description="Its short number for people.", examples=[1024])
    from_status: OrderStatus = Field(
        alias="from", description="The status before.", examples=["pending"]
    )
    to_status: OrderStatus = Field(alias="to", description="The status after.", examples=["paid"])
    version: Ordinal = Field(
        description="The order's version after the step; a higher one is later.", examples=[2]
    )
