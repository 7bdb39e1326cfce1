"""Asks the providers of payments what nobody waits for, or where an answer was lost."""

from contextlib import suppress
from uuid import UUID

from app.errors import CaptureNotPossible, ProviderRefused
from app.services.orders.payments.order_money import CAPTURE, LOOK, REFUND, VOID
from app.wiring.areas.orders import payment_calls
from app.wiring.resources import Shop


async def look_at(shop: Shop, payment_id: UUID) -> None:
    """Bring a payment to what its provider tells."""
    await payment_calls(shop).look(payment_id)


async def void(shop: Shop, payment_id: UUID) -> None:
    """End a payment that is not needed any more, unless it has ended."""
    with suppress(CaptureNotPossible):
        await payment_calls(shop).void(payment_id)


async def capture(shop: Shop, payment_id: UUID) -> None:
    """Take the money of an order that has left; what cannot be taken is looked at instead."""
    try:
        await payment_calls(shop).capture(payment_id)
    except (CaptureNotPossible, ProviderRefused):
        await payment_calls(shop).look(payment_id)


async def refund(shop: Shop, refund_id: UUID) -> None:
    """Return money."""
    await payment_calls(shop).make_refund(refund_id)


HANDLERS = {LOOK: look_at, VOID: void, CAPTURE: capture, REFUND: refund}
