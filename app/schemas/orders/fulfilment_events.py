"""The events of shipments and returns.

Their subject is the order, so that they are published in order with its own.
"""

from dataclasses import dataclass

from app.schemas.messaging.event_schema import DomainEvent
from app.schemas.orders.return_schema import ReturnRead
from app.schemas.orders.shipment_schema import ShipmentRead


@dataclass(frozen=True, slots=True)
class ShipmentPackedEvent(DomainEvent):
    """A shipment was packed."""

    routing_key = "shipment.packed"
    data: ShipmentRead


@dataclass(frozen=True, slots=True)
class ShipmentShippedEvent(DomainEvent):
    """A shipment has left the shop."""

    routing_key = "shipment.shipped"
    data: ShipmentRead


@dataclass(frozen=True, slots=True)
class ShipmentDeliveredEvent(DomainEvent):
    """A shipment has arrived."""

    routing_key = "shipment.delivered"
    data: ShipmentRead


@dataclass(frozen=True, slots=True)
class ShipmentCancelledEvent(DomainEvent):
    """A shipment was cancelled before it left the shop."""

    routing_key = "shipment.cancelled"
    data: ShipmentRead


@dataclass(frozen=True, slots=True)
class ReturnRequestedEvent(DomainEvent):
    """A return was requested."""

    routing_key = "return.requested"
    data: ReturnRead


@dataclass(frozen=True, slots=True)
class ReturnApprovedEvent(DomainEvent):
    """A return was approved."""

    routing_key = "return.approved"
    data: ReturnRead


@dataclass(frozen=True, slots=True)
class ReturnRejectedEvent(DomainEvent):
    """A return was rejected."""

    routing_key = "return.rejected"
    data: ReturnRead


@dataclass(frozen=True, slots=True)
class ReturnReceivedEvent(DomainEvent):
    """The goods of a return have arrived."""

    routing_key = "return.received"
    data: ReturnRead


@dataclass(frozen=True, slots=True)
class ReturnClosedEvent(DomainEvent):
    """A return was closed."""

    routing_key = "return.closed"
    data: ReturnRead


@dataclass(frozen=True, slots=True)
class ReturnCancelledEvent(DomainEvent):
    """A return was cancelled before its goods arrived."""

    routing_key = "return.cancelled"
    data: ReturnRead
