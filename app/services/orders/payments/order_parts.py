"""Checks which parts belong to an order."""

from collections.abc import Mapping
from uuid import UUID

from app.errors import (
    InvoiceNotFound,
    NotFound,
    PaymentNotFound,
    RefundNotFound,
    ReturnNotFound,
    ShipmentNotFound,
)
from app.models import Invoice, Payment, Refund, Return, Shipment
from app.repositories.orders.order_part_repository import OrderPartRepository, Part

PARTS: Mapping[str, tuple[Part, type[NotFound]]] = {
    "invoice_id": (Invoice, InvoiceNotFound),
    "payment_id": (Payment, PaymentNotFound),
    "refund_id": (Refund, RefundNotFound),
    "return_id": (Return, ReturnNotFound),
    "shipment_id": (Shipment, ShipmentNotFound),
}
"""The parts of orders by the names of their ids, and the error if an order has no such part."""


class OrderParts:
    """Requires that the parts that a request names belong to the order."""

    def __init__(self, parts: OrderPartRepository) -> None:
        self._parts = parts

    async def require(self, order_id: UUID, named: Mapping[str, UUID]) -> None:
        """Require that an order has the parts with these ids.

        Raises:
            InvoiceNotFound, PaymentNotFound, RefundNotFound, ReturnNotFound,
                ShipmentNotFound: the part does not exist, or belongs to another order.
        """
        for name, part_id in named.items():
            part, not_found = PARTS[name]
            if not await self._parts.has(order_id, part, part_id):
                raise not_found.of(part_id)
