"""Pays for orders of carts through the API, with the bank for tests."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from app.jobs.errands.handlers import HANDLERS
from app.jobs.errands.loop import do_due
from app.wiring.resources import Shop
from tests.support.factories import create_product
from tests.support.servers.stripe import SECRET_KEY, WEBHOOK_SECRET, StripeServer
from tests.test_controllers.carts.setting import Customer
from tests.test_controllers.checkout.setting import check_out, ready

ROOT = "http://shop.test"


def offer(monkeypatch: pytest.MonkeyPatch, shop: Shop, **changes: Any) -> None:
    """Make a shop offer the bank for tests."""
    update = {"payment_providers": ("manual", "test"), **changes}
    monkeypatch.setattr(shop, "settings", shop.settings.model_copy(update=update))


@asynccontextmanager
async def with_stripe(
    monkeypatch: pytest.MonkeyPatch, shop: Shop, stripe: StripeServer, **changes: Any
) -> AsyncIterator[None]:
    """Make a shop offer Stripe, by the stub, and close its connections afterwards."""
    its: dict[str, Any] = {
        "payment_providers": ("stripe",),
        "stripe_secret_key": SecretStr(SECRET_KEY),
        "stripe_webhook_secrets": (SecretStr(WEBHOOK_SECRET),),
        "stripe_api_base": stripe.url,
    }
    offer(monkeypatch, shop, **its | changes)
    yield
    if (provider := shop.providers.pop("stripe", None)) is not None:
        await provider.close()


async def placed(
    client: httpx.AsyncClient, price: str = "10.00"
) -> tuple[Customer, dict[str, Any]]:
    """Return the cart of a guest, and its order, which is to be paid at the bank."""
    product = await create_product(client, price=price, stock_quantity=10)
    cart = await ready(client, {product["id"]: 2})
    response = await check_out(cart, payment="test")
    assert response.status_code == 201, response.text
    return cart, response.json()


async def begun(cart: Customer, **fields: Any) -> dict[str, Any]:
    """Begin a payment of the order of a cart."""
    response = await cart.send("POST", "/order/payments", json={"provider": "test"} | fields)
    assert response.status_code == 201, response.text
    payment: dict[str, Any] = response.json()
    return payment


async def decide(
    client: httpx.AsyncClient, payment: dict[str, Any], decision: str = "approve"
) -> None:
    """Send a decision of the customer on the page of the bank."""
    url = f"{ROOT}/test-bank/{payment['reference']}"
    response = await client.post(url, data={"decision": decision})
    assert response.status_code == 200, response.text


async def do_errands(shop: Shop) -> None:
    """Run all errands that are due."""
    while await do_due(shop, HANDLERS):
        pass


async def payments_of(client: httpx.AsyncClient, order: dict[str, Any]) -> dict[str, Any]:
    """Return the payments and refunds of an order."""
    response = await client.get(f"/orders/{order['id']}/payments")
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found


async def order_now(client: httpx.AsyncClient, order: dict[str, Any]) -> dict[str, Any]:
    """Return the current order."""
    found: dict[str, Any] = (await client.get(f"/orders/{order['id']}")).json()
    return found


async def late(client: httpx.AsyncClient, shop: Shop) -> dict[str, Any]:
    """Return a payment whose money came after its order was cancelled."""
    cart, _ = await placed(client)
    payment = await begun(cart)
    await decide(client, payment, "approve_silently")
    assert (await cart.send("POST", "/order/cancel")).status_code == 200
    await do_errands(shop)
    return payment
