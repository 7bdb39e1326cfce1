"""The events of invoices and credit notes.

Their subject is the order, so that they are published in order with its own.
"""

from app.schemas.invoices.invoice_schema import InvoiceFacts
from app.schemas.messaging.event_schema import DomainEvent


class InvoiceIssuedEvent(DomainEvent, frozen=True):
    """An order was invoiced."""

    routing_key = "invoice.issued"
    data: InvoiceFacts


class CreditNoteIssuedEvent(DomainEvent, frozen=True):
    """An invoice was corrected by a refund."""

    routing_key = "credit_note.issued"
    data: InvoiceFacts
