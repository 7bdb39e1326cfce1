"""Orders with tax that are paid at the bank for tests, and their invoices."""

from decimal import Decimal
from typing import Any

import httpx
import pytest

from app.wiring.resources import Shop
from tests.support.factories import create_product
from tests.test_controllers.carts.setting import Customer
from tests.test_controllers.checkout.setting import check_out, ready
from tests.test_controllers.payments.setting import begun, decide, do_errands, offer
from tests.test_controllers.taxes.test_tax_rates import add_rate


async def charge(
    client: httpx.AsyncClient, shop: Shop, monkeypatch: pytest.MonkeyPatch, **settings: Any
) -> None:
    """Make a shop charge two rates of tax."""
    await add_rate(client)
    await add_rate(client, tax_class="reduced", rate="7")
    own = {"tax_origin": "DE", "shop_vat_id": "DE136695976", "shop_address": "Hauptstr. 1, Berlin"}
    offer(monkeypatch, shop, **own | settings)


async def placed(
    client: httpx.AsyncClient, **fields: Any
) -> tuple[Customer, dict[str, Any], list[dict[str, Any]]]:
    """Return the cart of a guest, its order of 3 packages of tea and 2 cups, and the products."""
    tea = await create_product(
        client, sku="TEA", name="Tea", price="4.99", tax_class="reduced", stock_quantity=50
    )
    cup = await create_product(client, sku="CUP", name="Cup", price="12.50", stock_quantity=50)
    cart = await ready(client, {tea["id"]: 3, cup["id"]: 2}, **fields)
    response = await check_out(cart, payment="test")
    assert response.status_code == 201, response.text
    return cart, response.json(), [tea, cup]


async def pay(client: httpx.AsyncClient, shop: Shop, cart: Customer) -> dict[str, Any]:
    """Pay the order of a cart, run the errands that are due, and return the payment."""
    payment = await begun(cart)
    await decide(client, payment)
    await do_errands(shop)
    return payment


async def refund(
    client: httpx.AsyncClient, shop: Shop, payment: dict[str, Any], amount: str | None
) -> None:
    """Refund money, and run the errands that are due."""
    body = {"reason": "Arrived broken."} | ({} if amount is None else {"amount": amount})
    response = await client.post(f"/payments/{payment['id']}/refunds", json=body)
    assert response.status_code == 201, response.text
    await do_errands(shop)


async def invoices_of(client: httpx.AsyncClient, order: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the invoices of an order, after a check that the sums of each agree."""
    response = await client.get(f"/orders/{order['id']}/invoices")
    assert response.status_code == 200, response.text
    found: list[dict[str, Any]] = response.json()["items"]
    for each in found:
        assert_balanced(each)
    return found


def assert_balanced(invoice: dict[str, Any]) -> None:
    """Assert that lines, rates and sums of an invoice agree."""
    for name in ("net", "tax", "total"):
        assert _sum(invoice["lines"], name) == Decimal(invoice[name])
    assert Decimal(invoice["net"]) + Decimal(invoice["tax"]) == Decimal(invoice["total"])
    if invoice["taxes"]:
        for name in ("net", "tax"):
            assert _sum(invoice["taxes"], name) == Decimal(invoice[name])


def _sum(parts: list[dict[str, Any]], name: str) -> Decimal:
    return sum((Decimal(each[name]) for each in parts), Decimal())
