"""Commands as they arrive on queues."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from app.schemas.base import Schema
from app.schemas.catalogue.product_schema import ProductChange
from app.schemas.fields import WHOLE
from app.schemas.orders.order_schema import OrderChangeStatus, OrderCreate

_ID = "0199a1b2-7c00-7d00-8e00-0123456789ab"


class ProductUpdateCommand(Schema):
    """A change of a product."""

    product_id: UUID = Field(description="The product.", examples=[_ID])
    product_data: ProductChange = Field(
        description="The fields that change.", examples=[{"price": "5.49"}]
    )
    version: Annotated[int, Field(strict=True, ge=1, le=2**63 - 1), WHOLE] | None = Field(
        default=None,
        description="The sender's own count of its changes of this product: one that is not higher "
        "than what was applied before changes nothing.",
        examples=[7],
    )


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
