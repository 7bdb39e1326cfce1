"""Cancels orders that are not paid in time."""

from uuid import UUID

from app.core.order_statuses import EXPIRY
from app.wiring.areas.orders import payment_calls, provide_order_moves
from app.wiring.resources import Shop


async def expire_order(shop: Shop, order_id: UUID) -> None:
    """Cancel an order unless it was paid or cancelled meanwhile."""
    await payment_calls(shop).end_before_expiry(order_id)
    async with shop.database.write() as session:
        await provide_order_moves(session, shop).expire(order_id)


HANDLERS = {EXPIRY: expire_order}
