"""The pages of the checkout and of the order."""

from typing import Any

import httpx
import pytest

from app.wiring.resources import Shop
from tests.support.factories import create_product, create_user
from tests.support.queries import statements_of
from tests.test_controllers.payments.setting import offer
from tests.test_pages.browser import Browser

ADDRESS = {
    "delivery_address.recipient": "Ada Lovelace",
    "delivery_address.street": "12 St James's Square",
    "delivery_address.city": "London",
    "delivery_address.postal_code": "SW1Y 4JH",
}


@pytest.mark.any_database
async def test_an_empty_cart_has_no_checkout(browser: Browser) -> None:
    answer = await browser.visit("/checkout")
    assert (answer.status_code, answer.headers["location"]) == (303, "/cart")


@pytest.mark.any_database
async def test_a_guest_orders_and_pays_by_bank_transfer(
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
    assert "2 × Earl Grey $9.98 $4.99 each" in browser.text
    assert "Goods $9.98 Shipping $4.90 Total $14.88" in browser.text
    assert "Ada Lovelace 12 St James's Square" in browser.text
    # The next product opens another cart.
    await browser.visit("/cart")
    assert "Your cart is empty" in browser.text


@pytest.mark.any_database
async def test_a_guest_cancels_an_order(client: httpx.AsyncClient, browser: Browser) -> None:
    await _ordered(client, browser)
    page = str(browser.page.url.path)
    await browser.send(f"{page}/cancel")
    assert "is cancelled." in browser.text
    assert "Total $9.98" in browser.text
    (order,) = (await client.get("/orders")).json()["items"]
    assert order["status"] == "cancelled"


@pytest.mark.any_database
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


@pytest.mark.any_database
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


@pytest.mark.any_database
async def test_an_incomplete_address_is_refused_and_shown_again(
    client: httpx.AsyncClient, browser: Browser
) -> None:
    await _at_checkout(client, browser)
    typed = ADDRESS | {"delivery_address.postal_code": "", "delivery_address.city": "Bath"}
    answer = await browser.send("/checkout/details", email="ada@example.com", **typed)
    assert answer.status_code == 400
    assert 'value="Bath"' in answer.text
    assert '<a href="#delivery_address.postal_code">Postal code</a>' in answer.text
    assert "First enter the delivery address." in browser.text


@pytest.mark.any_database
async def test_a_typed_address_is_kept_when_the_country_is_changed(
    client: httpx.AsyncClient, browser: Browser
) -> None:
    await _at_checkout(client, browser)
    await browser.visit("/checkout?country=GB")
    assert "Town or city" in browser.text
    typed = ADDRESS | {"delivery_address.country": "DE", "email": "ada@example.com"}
    sent = browser.form("/checkout/details").fields | typed
    answer = browser.page = await browser.http.post("/country", data=sent)
    assert answer.status_code == 200 and 'role="alert"' not in answer.text
    assert '<option value="DE" selected>Germany' in answer.text
    assert "Town or city" not in browser.text and "City" in browser.text
    for value in ("12 St James&#39;s Square", "London", "SW1Y 4JH", "ada@example.com"):
        assert f'value="{value}"' in answer.text
    # The cart stores nothing before the address is sent.
    assert "First enter the delivery address." in browser.text
    await browser.send("/checkout/details")
    assert "London Germany" in browser.text


@pytest.mark.any_database
async def test_an_unknown_country_has_no_page(client: httpx.AsyncClient, browser: Browser) -> None:
    await _at_checkout(client, browser)
    await browser.visit("/checkout")
    sent = browser.form("/checkout/details").fields | {"delivery_address.country": "XX"}
    assert (await browser.http.post("/country", data=sent)).status_code == 404


@pytest.mark.any_database
async def test_a_user_chooses_a_saved_address_or_types_another(
    client: httpx.AsyncClient, browser: Browser
) -> None:
    user, other = await create_user(client), await create_user(client)
    home = {"recipient": "Ada", "street": "1 Way", "city": "Bath", "postal_code": "BA1 1AA"}
    ids = []
    for owner, street in ((user, "1 Way"), (user, "2 Way"), (other, "3 Way")):
        data = home | {"street": street, "country": "GB"}
        answer = await client.post(f"/users/{owner['id']}/addresses", json=data)
        ids.append(answer.json()["id"])
    await browser.log_in(user["email"])
    await _at_checkout(client, browser)
    await browser.visit("/checkout")
    assert "Ada 1 Way BA1 1AA Bath United Kingdom Deliver here : 1 Way" in browser.text
    assert "3 Way" not in browser.text and "Chosen" not in browser.text
    answer = await browser.send(f"/checkout/addresses/{ids[1]}")
    assert answer.headers["location"] == "/checkout#pay"
    assert "Ada 2 Way BA1 1AA Bath United Kingdom Chosen" in browser.text
    assert "Place the order: $9.98" in browser.text
    token = {"_token": browser.form("/checkout/details").fields["_token"]}
    foreign = await browser.http.post(f"/checkout/addresses/{ids[2]}", data=token)
    assert foreign.status_code == 404
    await browser.send("/checkout/details", **ADDRESS)
    assert "Chosen" not in browser.text and "Ada Lovelace" in browser.text


@pytest.mark.any_database
async def test_an_order_shows_how_to_pay_by_bank_transfer(
    client: httpx.AsyncClient, browser: Browser, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _ordered(client, browser)
    place = str(browser.page.url.path)
    (order,) = (await client.get("/orders")).json()["items"]
    assert f"How to pay Amount $9.98 Reference {order['number']} Until" in browser.text
    assert "The shop writes to you where to pay at ada@example.com." in browser.text
    told = "Lavka GmbH\nDE02 1203 0000 0000 2020 51"
    offer(monkeypatch, shop, payment_instructions=told)
    await browser.visit(place)
    assert "Lavka GmbH DE02 1203 0000 0000 2020 51" in browser.text
    await client.patch(f"/orders/{order['id']}", json={"status": "paid"})
    await browser.visit(place)
    assert "How to pay" not in browser.text


async def test_an_order_that_is_paid_at_once_does_not_wait_for_a_bank_transfer(
    client: httpx.AsyncClient, browser: Browser
) -> None:
    await _at_checkout(client, browser)
    await browser.send("/checkout/details", email="ada@example.com", **ADDRESS)
    await browser.send(_place(browser), payment="test", terms_accepted="on")
    (order,) = (await client.get("/orders")).json()["items"]
    await browser.visit(f"/orders/{browser.cookies['cart'].partition('.')[0]}")
    assert f"Order {order['number']}" in browser.text
    assert "Pay by test bank" in browser.text and "How to pay" not in browser.text


@pytest.mark.any_database
async def test_a_checkout_with_an_outdated_total_places_no_order(
    client: httpx.AsyncClient, browser: Browser
) -> None:
    tea = await _at_checkout(client, browser)
    await browser.send("/checkout/details", email="ada@example.com", **ADDRESS)
    await client.patch(f"/products/{tea['id']}", json={"price": "6.00"})
    answer = await browser.send(_place(browser), payment="manual", terms_accepted="on")
    assert answer.status_code == 409
    assert "Place the order: $12.00" in browser.text
    assert (await client.get("/orders")).json()["items"] == []


@pytest.mark.any_database
async def test_an_order_requires_acceptance_of_the_terms(
    client: httpx.AsyncClient, browser: Browser
) -> None:
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
