"""The statuses of an order, its shipments and returns, and the allowed transitions between them."""

from collections.abc import Iterable
from enum import StrEnum


class OrderStatus(StrEnum):
    """The status of an order."""

    PENDING = "pending"
    PAID = "paid"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"


EXPIRY = "order_expiry"
"""The actor that cancels an order that is not paid in time, and the kind of its errand."""

INVOICE, CREDIT_NOTE = "invoice", "credit_note"
"""The kinds of the errands that invoice an order and that correct its invoice after a refund."""

TRANSITIONS: dict[OrderStatus, frozenset[OrderStatus]] = {
    OrderStatus.PENDING: frozenset({OrderStatus.PAID, OrderStatus.CANCELLED}),
    OrderStatus.PAID: frozenset({OrderStatus.SHIPPED, OrderStatus.CANCELLED}),
    OrderStatus.SHIPPED: frozenset({OrderStatus.DELIVERED}),
    OrderStatus.DELIVERED: frozenset(),
    OrderStatus.CANCELLED: frozenset(),
}


class ShipmentStatus(StrEnum):
    """The status of a shipment."""

    PACKED = "packed"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"


SHIPMENT_TRANSITIONS: dict[ShipmentStatus, frozenset[ShipmentStatus]] = {
    ShipmentStatus.PACKED: frozenset({ShipmentStatus.SHIPPED, ShipmentStatus.CANCELLED}),
    ShipmentStatus.SHIPPED: frozenset({ShipmentStatus.DELIVERED}),
    ShipmentStatus.DELIVERED: frozenset(),
    ShipmentStatus.CANCELLED: frozenset(),
}


class FulfilmentStatus(StrEnum):
    """How much of an order has left the shop, and whether all of it has arrived."""

    UNFULFILLED = "unfulfilled"
    PARTLY_SHIPPED = "partly_shipped"
    SHIPPED = "shipped"
    DELIVERED = "delivered"


_WITHOUT_SHIPMENTS = {
    OrderStatus.SHIPPED: FulfilmentStatus.SHIPPED,
    OrderStatus.DELIVERED: FulfilmentStatus.DELIVERED,
}


def fulfilment_of(
    status: OrderStatus, units: int, shipments: Iterable[tuple[ShipmentStatus, int]]
) -> FulfilmentStatus:
    """Return the fulfilment of an order from its units that are not cancelled and its shipments.

    Each shipment is its status and its units. The fulfilment of an order that was shipped without a
    shipment, as all orders were before shipments existed, follows from its status.
    """
    sent = {ShipmentStatus.SHIPPED: 0, ShipmentStatus.DELIVERED: 0}
    for each, pieces in shipments:
        if each in sent:
            sent[each] += pieces
    gone = sum(sent.values())
    if not gone:
        return _WITHOUT_SHIPMENTS.get(status, FulfilmentStatus.UNFULFILLED)
    if gone < units:
        return FulfilmentStatus.PARTLY_SHIPPED
    has_arrived = not sent[ShipmentStatus.SHIPPED]
    return FulfilmentStatus.DELIVERED if has_arrived else FulfilmentStatus.SHIPPED


class ReturnStatus(StrEnum):
    """The status of a return."""

    REQUESTED = "requested"
    APPROVED = "approved"
    REJECTED = "rejected"
    RECEIVED = "received"
    CLOSED = "closed"
    CANCELLED = "cancelled"


OPEN_RETURNS = frozenset({ReturnStatus.REQUESTED, ReturnStatus.APPROVED})
"""The statuses of a return that was requested and has not arrived."""

RETURN_TRANSITIONS: dict[ReturnStatus, frozenset[ReturnStatus]] = {
    ReturnStatus.REQUESTED: frozenset(
        {ReturnStatus.APPROVED, ReturnStatus.REJECTED, ReturnStatus.CANCELLED}
    ),
    ReturnStatus.APPROVED: frozenset({ReturnStatus.RECEIVED, ReturnStatus.CANCELLED}),
    ReturnStatus.REJECTED: frozenset(),
    ReturnStatus.RECEIVED: frozenset({ReturnStatus.CLOSED}),
    ReturnStatus.CLOSED: frozenset(),
    ReturnStatus.CANCELLED: frozenset(),
}


class ReturnReason(StrEnum):
    """The reason why a customer returns something."""

    CHANGED_MIND = "changed_mind"
    DAMAGED = "damaged"
    WRONG_ITEM = "wrong_item"
    NOT_AS_DESCRIBED = "not_as_described"
    OTHER = "other"


class Condition(StrEnum):
    """The condition of returned units."""

    GOOD = "good"
    OPENED = "opened"
    DAMAGED = "damaged"
