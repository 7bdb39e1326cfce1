"""Issues invoices and credit notes, each in its own transaction."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from uuid import UUID

from app.errors import NothingToInvoice
from app.schemas.invoices.invoice_schema import InvoiceRead
from app.services.invoices.invoice_issue import InvoiceIssue

Begin = Callable[[], AbstractAsyncContextManager[InvoiceIssue]]
"""Opens a transaction."""


class Invoicing:
    """Issues invoices between transactions; every method can be called again."""

    def __init__(self, begin: Begin) -> None:
        self._begin = begin

    async def invoice(self, order_id: UUID) -> tuple[InvoiceRead, bool]:
        """Return the invoice of an order, and whether it was issued now.

        Refunds from before the invoice get their credit notes now.

        Raises:
            OrderNotFound: the order does not exist.
            NothingToInvoice: the order is cancelled.
        """
        async with self._begin() as issue:
            row, is_new = await issue.invoice(order_id)
            document = InvoiceRead.model_validate(row)
            refunds = await issue.refunds_of(order_id)
        for each in refunds:
            await self.credit_note(each)
        return document, is_new

    async def invoice_if_owed(self, order_id: UUID) -> None:
        """Invoice an order unless it is cancelled."""
        try:
            await self.invoice(order_id)
        except NothingToInvoice:
            # The whole order was refunded before there was an invoice to correct.
            return

    async def credit_note(self, refund_id: UUID) -> None:
        """Correct the invoice of an order by a refund of the order."""
        async with self._begin() as issue:
            await issue.credit_note(refund_id)
