"""Invoices of orders, and credit notes."""

from litestar.openapi.spec import Tag

from app.controllers.invoices.invoice_controller import (
    CartInvoiceController,
    InvoiceController,
    OrderInvoiceController,
)

CONTROLLERS = (CartInvoiceController, OrderInvoiceController, InvoiceController)
TAGS = (Tag("invoices", "Invoices of orders, and credit notes."),)
