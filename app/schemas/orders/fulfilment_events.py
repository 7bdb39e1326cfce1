"""The events of shipments and returns.

Their subject is the order, so that they are published in order with its own.
"""

from app.schemas.messaging.event_schema import DomainEvent
from app.schemas.orders.return_schema import ReturnRead
from app.schemas.orders.shipment_schema import ShipmentRead


class ShipmentPackedEvent(DomainEvent, frozen=True):
    """A shipment was packed."""

    routing_key = "shipment.packed"
    data: ShipmentRead


class ShipmentShippedEvent(DomainEvent, frozen=True):
    """A shipment has left the shop."""

    routing_key = "shipment.shipped"
    data: ShipmentRead


class ShipmentDeliveredEvent(DomainEvent, frozen=True):
    """A shipment has arrived."""

    routing_key = "shipment.delivered"
    data: ShipmentRead


class ShipmentCancelledEvent(DomainEvent, frozen=True):
    """A shipment was cancelled before it left the shop."""

    routing_key = "shipment.cancelled"
    data: ShipmentRead


class ReturnRequestedEvent(DomainEvent, frozen=True):
    """A return was requested."""

    routing_key = "return.requested"
    data: ReturnRead


class ReturnApprovedEvent(DomainEvent, frozen=True):
    """A return was approved."""

    routing_key = "return.approved"
    data: ReturnRead


class ReturnRejectedEvent(DomainEvent, frozen=True):
    """A return was rejected."""

    routing_key = "return.rejected"
    data: ReturnRead


class ReturnReceivedEvent(DomainEvent, frozen=True):
    """The goods of a return have arrived."""

    routing_key = "return.received"
    data: ReturnRead


class ReturnClosedEvent(DomainEvent, frozen=True):
    """A return was closed."""

    routing_key = "return.closed"
    data: ReturnRead


class ReturnCancelledEvent(DomainEvent, frozen=True):
    """A return was cancelled before its goods arrived."""

    routing_key = "return.cancelled"
    data: ReturnRead
