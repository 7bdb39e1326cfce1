"""Errors about invoices."""

from app.errors.base import Conflict, NotFound

__all__ = ["InvoiceNotFound", "NothingToInvoice"]


class InvoiceNotFound(NotFound):
    """The invoice does not exist."""

    code, title = "invoice-not-found", "Invoice not found"


class NothingToInvoice(Conflict):
    """The order is cancelled."""

    code, title = "nothing-to-invoice", "There is nothing to invoice"
