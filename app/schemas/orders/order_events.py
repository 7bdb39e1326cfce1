"""The events of orders."""

from dataclasses import dataclass

from app.schemas.messaging.event_schema import DomainEvent
from app.schemas.orders.order_messages import OrderLineCancelled, OrderStatusChanged
from app.schemas.orders.order_schema import OrderRead


@dataclass(frozen=True, slots=True)
class OrderPlacedEvent(DomainEvent):
    """An order was placed."""

    routing_key = "order.placed"
    data: OrderRead


@dataclass(frozen=True, slots=True)
class OrderStatusChangedEvent(DomainEvent):
    """An order changed to another status."""

    routing_key = "order.status_changed"
    data: OrderStatusChanged


@dataclass(frozen=True, slots=True)
class OrderLineCancelledEvent(DomainEvent):
    """Units of a line of an order were cancelled."""

    routing_key = "order.line_cancelled"
    data: OrderLineCancelled
