"""Asks the providers of payments for changes that no caller waits for, and after lost answers."""

import logging
from contextlib import suppress
from uuid import UUID

from app.errors import CaptureNotPossible, ProviderRefused
from app.gateways.payments.provider import ProviderRefusal
from app.services.orders.payments.order_money import CAPTURE, LOOK, REFUND, VOID
from app.services.orders.payments.unknown_payments import COMPARED, RECONCILE, compared
from app.wiring.areas.orders import payment_calls, provide_unknown_payments
from app.wiring.resources import Shop

logger = logging.getLogger(__name__)


async def look_at(shop: Shop, payment_id: UUID) -> None:
    """Update a payment to the state at its provider."""
    await payment_calls(shop).look(payment_id)


async def void(shop: Shop, payment_id: UUID) -> None:
    """End a payment that is no longer needed, unless it has ended."""
    with suppress(CaptureNotPossible):
        await payment_calls(shop).void(payment_id)


async def capture(shop: Shop, payment_id: UUID) -> None:
    """Take the money of a shipped order; if that is not possible, update the payment instead."""
    try:
        await payment_calls(shop).capture(payment_id)
    except (CaptureNotPossible, ProviderRefused):
        await payment_calls(shop).look(payment_id)


async def refund(shop: Shop, refund_id: UUID) -> None:
    """Return money."""
    await payment_calls(shop).make_refund(refund_id)


async def reconcile(shop: Shop, subject_id: UUID) -> None:
    """Compare the recent payments of a provider with those of the shop, every night."""
    code = compared(shop.settings.payment_providers).get(subject_id)
    if code is None:
        return
    since, unknown = shop.clock.now() - COMPARED, []
    try:
        async for state in payment_calls(shop).reconcile(code, since):
            unknown.append(state)
    except ProviderRefusal as refusal:
        logger.error("%s does not list its payments: %s", code, refusal)
    async with shop.database.write() as session:
        await provide_unknown_payments(session, shop).record(subject_id, code, unknown)


HANDLERS = {LOOK: look_at, VOID: void, CAPTURE: capture, REFUND: refund, RECONCILE: reconcile}
