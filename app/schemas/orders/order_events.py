"""The events of orders."""

from app.schemas.messaging.event_schema import DomainEvent
from app.schemas.orders.order_messages import OrderLineCancelled, OrderStatusChanged
from app.schemas.orders.order_schema import OrderRead


class OrderPlacedEvent(DomainEvent, frozen=True):
    """An order was placed."""

    routing_key = "order.placed"
    data: OrderRead


class OrderStatusChangedEvent(DomainEvent, frozen=True):
    """An order changed to another status."""

    routing_key = "order.status_changed"
    data: OrderStatusChanged


class OrderLineCancelledEvent(DomainEvent, frozen=True):
    """Units of a line of an order were cancelled."""

    routing_key = "order.line_cancelled"
    data: OrderLineCancelled
