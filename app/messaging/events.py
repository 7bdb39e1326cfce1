"""The registry of what the shop tells whoever listens."""

from dataclasses import dataclass

from app.schemas.base import Schema
from app.schemas.catalogue.product_messages import ProductOutOfStock
from app.schemas.catalogue.product_schema import ProductRead
from app.schemas.messaging.event_schema import envelope_of
from app.schemas.orders.order_messages import OrderStatusChanged
from app.schemas.orders.order_schema import OrderRead
from app.schemas.reports.report_messages import ReportReady


@dataclass(frozen=True, slots=True)
class Event:
    """What one routing key of the exchange of events stands for."""

    name: str
    data: type[Schema]
    description: str

    @property
    def schema(self) -> type[Schema]:
        """The schema of the whole message."""
        return envelope_of(self.name, self.data)


EVENTS: dict[str, Event] = {
    event.name: event
    for event in (
        Event("order.placed", OrderRead, "An order was placed."),
        Event("order.status_changed", OrderStatusChanged, "An order was moved to another status."),
        Event("product.created", ProductRead, "A product was added."),
        Event(
            "product.changed",
            ProductRead,
            "A product was changed or archived, or its stock was, other than by an order.",
        ),
        Event(
            "product.out_of_stock", ProductOutOfStock, "The last piece of a product left the stock."
        ),
        Event("report.ready", ReportReady, "The report of a day is there."),
    )
}
