"""The events of invoices and credit notes.

Their subject is the order, so that they are published in order with its own.
"""

from dataclasses import dataclass

from app.schemas.invoices.invoice_schema import InvoiceFacts
from app.schemas.messaging.event_schema import DomainEvent


@dataclass(frozen=True, slots=True)
class InvoiceIssuedEvent(DomainEvent):
    """An order was invoiced."""

    routing_key = "invoice.issued"
    data: InvoiceFacts


@dataclass(frozen=True, slots=True)
class CreditNoteIssuedEvent(DomainEvent):
    """An invoice was corrected by a refund."""

    routing_key = "credit_note.issued"
    data: InvoiceFacts
