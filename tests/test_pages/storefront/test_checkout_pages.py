"""The pages of the checkout and of the order."""

from typing import Any

import httpx
import pytest

from app.wiring.resources import Shop
from tests.support.factories import create_product
from tests.support.queries import statements_of
from tests.test_pages.browser import Browser

ADDRESS = {
    "delivery_address.recipient": "Ada Lovelace",
    "delivery_address.street": "12 St James's Square",
    "delivery_address.city": "London",
    "delivery_address.postal_code": "SW1Y 4JH",
}


async def test_an_empty_cart_has_no_checkout(browser: Browser) -> None:
    answer = await browser.visit("/checkout")
    assert (answer.status_code, answer.headers["location"]) == (303, "/cart")


async def test_a_guest_orders_and_pays_by_transfer(
    client: httpx.AsyncClient, browser: Browser
) -> None:
    method = await _shipping(client)
    await _at_checkout(client, browser)
    answer = await browser.send("/checkout/details", email="ada@example.com", **ADDRESS)
    assert answer.headers["location"] == "/checkout#pay"
    assert "Parcel $4.90" in browser.text
    assert f'value="{method["id"]}" checked' in browser.html
    assert "Place the order: $14.88" in browser.text
    placed = await browser.send(_place(browser), payment="manual", terms_accepted="on")
    assert placed.status_code == 303, placed.text
    assert placed.headers["location"].startswith("/orders/")
    (order,) = (await client.get("/orders")).json()["items"]
    assert f"Order {order['number']}" in browser.text
    assert (order["total"], order["status"]) == ("14.88", "pending")
    assert "2 × Earl Grey" in browser.text and "Total $14.88" in browser.text
    assert "Ada Lovelace 12 St James's Square" in browser.text
    # The next goods open another cart.
    await browser.visit("/cart")
    assert "Your cart is empty" in browser.text


async def test_a_guest_cancels_an_order(client: httpx.AsyncClient, browser: Browser) -> None:
    await _ordered(client, browser)
    page = str(browser.page.url.path)
    await browser.send(f"{page}/cancel")
    assert "is cancelled." in browser.text
    assert "Total $9.98" in browser.text
    (order,) = (await client.get("/orders")).json()["items"]
    assert order["status"] == "cancelled"


async def test_a_guest_returns_units_of_an_order_that_was_delivered(
    client: httpx.AsyncClient, browser: Browser
) -> None:
    await _ordered(client, browser)
    page = str(browser.page.url.path)
    (order,) = (await client.get("/orders")).json()["items"]
    for status in ("paid", "shipped", "delivered"):
        moved = await client.patch(f"/orders/{order['id']}", json={"status": status})
        assert moved.status_code == 200, moved.text
    await browser.visit(page)
    assert "2 shipped" in browser.text
    assert "Cancel the order" not in browser.text
    await browser.send(f"{page}/returns", **{"lines[0].quantity": "1"}, reason="damaged")
    assert "Requested" in browser.text and "1 × Earl Grey" in browser.text
    (asked,) = (await client.get(f"/orders/{order['id']}/returns")).json()["items"]
    assert (asked["reason"], asked["lines"][0]["quantity"]) == ("damaged", 1)


async def test_an_order_is_shown_by_its_link_only(
    client: httpx.AsyncClient, browser: Browser
) -> None:
    await _ordered(client, browser)
    page = str(browser.page.url.path)
    token = browser.cookies["cart"].partition(".")[2]
    browser.cookies.clear()
    assert (await browser.visit(page)).status_code == 404
    shown = await browser.visit(f"{page}?t={token}")
    assert shown.status_code == 200 and "Earl Grey" in browser.text
    assert "set-cookie" not in shown.headers
    await browser.send(f"{page}/cancel?t={token}")
    assert "is cancelled." in browser.text


async def test_an_incomplete_address_is_refused_with_what_was_typed(
    client: httpx.AsyncClient, browser: Browser
) -> None:
    await _at_checkout(client, browser)
    typed = ADDRESS | {"delivery_address.postal_code": "", "delivery_address.city": "Bath"}
    answer = await browser.send("/checkout/details", email="ada@example.com", **typed)
    assert answer.status_code == 400
    assert 'value="Bath"' in answer.text
    assert '<a href="#delivery_address.postal_code">Postal code</a>' in answer.text
    assert "First say where the goods are to go." in browser.text


async def test_another_total_than_the_one_that_was_seen_orders_nothing(
    client: httpx.AsyncClient, browser: Browser
) -> None:
    tea = await _at_checkout(client, browser)
    await browser.send("/checkout/details", email="ada@example.com", **ADDRESS)
    await client.patch(f"/products/{tea['id']}", json={"price": "6.00"})
    answer = await browser.send(_place(browser), payment="manual", terms_accepted="on")
    assert answer.status_code == 409
    assert "Place the order: $12.00" in browser.text
    assert (await client.get("/orders")).json()["items"] == []


async def test_an_order_needs_the_terms(client: httpx.AsyncClient, browser: Browser) -> None:
    await _at_checkout(client, browser)
    await browser.send("/checkout/details", email="ada@example.com", **ADDRESS)
    answer = await browser.send(_place(browser), payment="manual")
    assert answer.status_code == 400
    assert '<a href="#terms_accepted">The terms</a>' in answer.text
    assert (await client.get("/orders")).json()["items"] == []


async def test_pages_of_the_checkout_need_few_statements(
    client: httpx.AsyncClient, browser: Browser, shop: Shop
) -> None:
    await _shipping(client)
    await _at_checkout(client, browser)
    await browser.send("/checkout/details", email="ada@example.com", **ADDRESS)
    assert await _count(browser, shop, "/checkout") == 5
    await browser.send(_place(browser), payment="manual", terms_accepted="on")
    page = str(browser.page.url.path)
    assert await _count(browser, shop, page) == 6
    (order,) = (await client.get("/orders")).json()["items"]
    for status in ("paid", "shipped", "delivered"):
        await client.patch(f"/orders/{order['id']}", json={"status": status})
        assert await _count(browser, shop, page) <= 10, status
    await browser.send(f"{page}/returns", **{"lines[0].quantity": "1"}, reason="damaged")
    assert await _count(browser, shop, page) <= 10
    assert "Requested" in browser.text and "2 shipped" in browser.text


async def _count(browser: Browser, shop: Shop, address: str) -> int:
    with statements_of(shop) as statements:
        assert (await browser.visit(address)).status_code == 200
    return len(statements)


async def _shipping(client: httpx.AsyncClient) -> dict[str, Any]:
    data = {"name": "Parcel", "rates": [{"currency": "USD", "amount": "4.90"}]}
    answer = await client.post("/shipping-methods", json=data)
    if answer.status_code != 201:
        pytest.fail(answer.text)
    its: dict[str, Any] = answer.json()
    return its


async def _at_checkout(client: httpx.AsyncClient, browser: Browser) -> dict[str, Any]:
    tea = await create_product(client, name="Earl Grey", price="4.99", stock_quantity=50)
    await browser.visit(f"/p/{tea['id']}")
    await browser.send("/cart/lines", quantity="2")
    await browser.visit("/checkout?country=GB")
    return tea


async def _ordered(client: httpx.AsyncClient, browser: Browser) -> None:
    await _at_checkout(client, browser)
    await browser.send("/checkout/details", email="ada@example.com", **ADDRESS)
    await browser.send(_place(browser), payment="manual", terms_accepted="on")


def _place(browser: Browser) -> str:
    start = browser.html.index('action="/checkout/0') + len('action="')
    return browser.html[start : browser.html.index('"', start)]
