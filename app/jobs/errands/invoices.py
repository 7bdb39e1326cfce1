"""Issues invoices and credit notes."""

from uuid import UUID

from app.core.order_statuses import CREDIT_NOTE, INVOICE
from app.wiring.areas.invoices import invoicing
from app.wiring.resources import Shop


async def invoice_order(shop: Shop, order_id: UUID) -> None:
    """Invoice an order, once."""
    await invoicing(shop).invoice_if_owed(order_id)


async def credit_refund(shop: Shop, refund_id: UUID) -> None:
    """Correct the invoice of an order after a refund, once."""
    await invoicing(shop).credit_note(refund_id)


HANDLERS = {INVOICE: invoice_order, CREDIT_NOTE: credit_refund}
