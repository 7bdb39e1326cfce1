"""Runs repeated concurrent checkouts of many customers for the last unit or use."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from app.errors import DomainError
from app.models import OrderStatus
from app.schemas.carts.cart_schema import CartCreate
from app.schemas.orders.checkout_schema import CheckoutCreate
from app.schemas.orders.order_schema import OrderRead
from app.security.principal import ANONYMOUS, SYSTEM
from app.services.carts.cart_access import Visitor
from app.services.orders.order_batches import OrderBatches
from app.services.orders.placement import AskedCheckout
from app.services.system.idempotency_service import Answer
from app.wiring.areas.carts import provide_cart_codes, provide_carts
from app.wiring.areas.orders import order_batches, provide_order_moves
from app.wiring.resources import Shop

PLACE = {
    "recipient": "Ada Lovelace",
    "street": "Unter den Linden 1",
    "city": "Berlin",
    "postal_code": "10117",
    "country": "DE",
}


@dataclass(frozen=True)
class Ready:
    """The cart of a guest, ready for a checkout."""

    visitor: Visitor
    cart_id: UUID


async def ready_carts(
    shop: Shop, variant_id: UUID, count: int, code: str | None = None
) -> list[Ready]:
    """Open the carts of different guests, each with one unit, and a code if one is given."""
    carts = []
    for number in range(count):
        fields: Any = {"email": f"guest{number}@example.com", "delivery_address": PLACE}
        async with shop.database.write() as session:
            service = provide_carts(session, shop)
            opened = await service.open(Visitor(ANONYMOUS), CartCreate.parse(fields))
            cart = Ready(Visitor(ANONYMOUS, opened.token), opened.cart.id)
            await service.set_units(cart.visitor, cart.cart_id, variant_id, 1)
        if code is not None:
            async with shop.database.write() as session:
                codes = provide_cart_codes(session, shop)
                await codes.enter(cart.visitor, cart.cart_id, code)
        carts.append(cart)
    return carts


def processes_of(shop: Shop, count: int = 2) -> list[OrderBatches]:
    """Return the order services of several processes over one database."""
    return [order_batches(shop) for _ in range(count)]


async def check_out_all(
    processes: Sequence[OrderBatches], carts: Sequence[Ready], total: str
) -> Counter[str]:
    """Check out all carts at once; return the number of each outcome: `placed`, or a refusal."""
    body = {"payment": "manual", "expected_total": total, "terms_accepted": True}
    data = CheckoutCreate.parse(body)

    async def check_out(number: int, cart: Ready) -> str:
        asked = AskedCheckout(cart.visitor, cart.cart_id, data)
        try:
            await processes[number % len(processes)].place(asked, None, _rendered)
        except DomainError as refusal:
            return refusal.code
        return "placed"

    return Counter(await asyncio.gather(*(check_out(*each) for each in enumerate(carts))))


def _rendered(outcome: OrderRead | DomainError) -> Answer:
    return Answer(409 if isinstance(outcome, DomainError) else 201, {}, b"")


async def give_back(shop: Shop, carts: Sequence[Ready]) -> list[Decimal]:
    """Cancel the orders of carts, so that the carts can be ordered again; return their totals."""
    totals = []
    for cart in carts:
        async with shop.database.write() as session:
            orders = provide_order_moves(session, shop)
            try:
                order = await orders.cancel_of_cart(cart.visitor, cart.cart_id)
            except DomainError:
                continue
            totals.append(Decimal(order.total_minor))
    return totals


async def pay(shop: Shop, order_id: UUID) -> bool:
    """Record the payment of an order; return whether it was still possible."""
    try:
        async with shop.database.write() as session:
            await provide_order_moves(session, shop).move(SYSTEM, order_id, OrderStatus.PAID)
    except DomainError:
        return False
    return True
