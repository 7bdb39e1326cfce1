"""Checks out carts through the API."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import httpx

from app.jobs.errands.handlers import HANDLERS
from app.jobs.errands.loop import do_due
from app.models import Order
from app.wiring.resources import Shop
from tests.test_controllers.carts.setting import DE, Customer, guest

BERLIN = DE | {"recipient": "Ada Lovelace"}


async def ready(
    client: httpx.AsyncClient, quantities: Mapping[str, int], **fields: Any
) -> Customer:
    """Open the cart of a guest, ready for a checkout."""
    chosen = {"email": "ada@example.com", "delivery_address": BERLIN} | fields
    cart = await guest(client, **chosen)
    for variant_id, quantity in quantities.items():
        await cart.put(variant_id, quantity)
    return cart


async def check_out(cart: Customer, total: str | None = None, **fields: Any) -> httpx.Response:
    """Check out a cart, at its total unless one is given."""
    expected = (await cart.read())["total"] if total is None else total
    body = {"payment": "manual", "expected_total": expected, "terms_accepted": True}
    return await cart.send("POST", "/checkout", json=body | fields)


async def ordered(cart: Customer) -> dict[str, Any]:
    """Check out a cart, and return the order."""
    response = await check_out(cart)
    assert response.status_code == 201, response.text
    order: dict[str, Any] = response.json()
    return order


async def stock_of(client: httpx.AsyncClient, product: dict[str, Any]) -> int:
    """Return the units of a product in stock."""
    count: int = (await client.get(f"/products/{product['id']}")).json()["stock_quantity"]
    return count


async def expire(shop: Shop) -> None:
    """Run the errands that are due, such as the expiry of orders that were not paid."""
    while await do_due(shop, HANDLERS):
        pass


async def order_row(shop: Shop, order_id: str) -> Order:
    """Return the row of an order."""
    async with shop.database.read() as session:
        row = await session.get(Order, UUID(order_id))
    assert row is not None
    return row
