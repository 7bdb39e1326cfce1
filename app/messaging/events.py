"""The registry of the events that the shop publishes, built from their classes."""

from inspect import getdoc

from msgspec import Struct

from app.schemas.base import Schema
from app.schemas.catalogue.product_events import (
    ProductChangedEvent,
    ProductCreatedEvent,
    ProductOutOfStockEvent,
    VariantLowStockEvent,
)
from app.schemas.invoices.invoice_events import CreditNoteIssuedEvent, InvoiceIssuedEvent
from app.schemas.messaging.event_schema import DomainEvent, envelope_of
from app.schemas.orders.fulfilment_events import (
    ReturnApprovedEvent,
    ReturnCancelledEvent,
    ReturnClosedEvent,
    ReturnReceivedEvent,
    ReturnRejectedEvent,
    ReturnRequestedEvent,
    ShipmentCancelledEvent,
    ShipmentDeliveredEvent,
    ShipmentPackedEvent,
    ShipmentShippedEvent,
)
from app.schemas.orders.order_events import (
    OrderLineCancelledEvent,
    OrderPlacedEvent,
    OrderStatusChangedEvent,
)
from app.schemas.payments.payment_events import (
    PaymentAuthorisedEvent,
    PaymentCapturedEvent,
    PaymentFailedEvent,
    PaymentNeedsAttentionEvent,
    PaymentVoidedEvent,
    RefundFailedEvent,
    RefundSucceededEvent,
)
from app.schemas.reports.report_events import ReportReadyEvent


class Event(Struct, frozen=True):
    """The event of one routing key of the events exchange."""

    kind: type[DomainEvent]

    @property
    def name(self) -> str:
        """The routing key."""
        return self.kind.routing_key

    @property
    def description(self) -> str:
        """The event described in a sentence."""
        return getdoc(self.kind) or ""

    @property
    def schema(self) -> type[Schema]:
        """The schema of the whole message."""
        return envelope_of(self.kind)


EVENTS: dict[str, Event] = {
    kind.routing_key: Event(kind)
    for kind in (
        OrderPlacedEvent,
        OrderStatusChangedEvent,
        OrderLineCancelledEvent,
        ShipmentPackedEvent,
        ShipmentShippedEvent,
        ShipmentDeliveredEvent,
        ShipmentCancelledEvent,
        ReturnRequestedEvent,
        ReturnApprovedEvent,
        ReturnRejectedEvent,
        ReturnReceivedEvent,
        ReturnClosedEvent,
        ReturnCancelledEvent,
        PaymentAuthorisedEvent,
        PaymentCapturedEvent,
        PaymentFailedEvent,
        PaymentVoidedEvent,
        PaymentNeedsAttentionEvent,
        RefundSucceededEvent,
        RefundFailedEvent,
        InvoiceIssuedEvent,
        CreditNoteIssuedEvent,
        ProductCreatedEvent,
        ProductChangedEvent,
        ProductOutOfStockEvent,
        VariantLowStockEvent,
        ReportReadyEvent,
    )
}
