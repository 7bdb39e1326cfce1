"""The events of shipments; their subject is the order, so that they are published in its order."""

from dataclasses import dataclass

from app.schemas.messaging.event_schema import DomainEvent
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
