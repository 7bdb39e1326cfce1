"""The pages of a user."""

import httpx
import pytest
from litestar import Litestar

from tests.support.factories import create_product
from tests.support.refusals import USER
from tests.test_pages.browser import Browser

pytestmark = pytest.mark.any_database

HOME = {"recipient": "Ada", "street": "1 Way", "city": "Bath", "postal_code": "BA1 1AA"}


async def test_a_guest_registers_and_is_logged_in(browser: Browser) -> None:
    await browser.visit("/register")
    answer = await browser.send("/register", **USER)
    assert (answer.status_code, answer.headers["location"]) == (303, "/account")
    assert "Ada Lovelace" in browser.text
    assert "ada@example.com, username ada" in browser.text


async def test_a_refused_registration_keeps_the_typed_values(
    client: httpx.AsyncClient, browser: Browser
) -> None:
    await browser.visit("/register")
    answer = await browser.send("/register", **(USER | {"password": "short"}))
    assert answer.status_code == 400
    assert 'value="ada@example.com"' in answer.text and "short" not in answer.text
    assert '<a href="#password">Password</a>' in answer.text
    assert (await client.get("/users?role=customer")).json()["items"] == []


async def test_the_account_is_for_users_only(browser: Browser) -> None:
    answer = await browser.visit("/account")
    assert (answer.status_code, answer.headers["location"]) == (303, "/log-in?next=%2Faccount")


async def test_addresses_are_added_changed_and_removed(browser: Browser) -> None:
    await _registered(browser)
    await browser.visit("/account/addresses/new?country=GB")
    refused = await browser.send("/account/addresses/new", **(HOME | {"postal_code": ""}))
    assert refused.status_code == 400 and 'value="1 Way"' in refused.text
    await browser.send("/account/addresses/new", **HOME)
    assert "Ada 1 Way BA1 1AA Bath United Kingdom" in browser.text
    place = "/account/addresses/" + _after(browser, "/account/addresses/")
    await browser.visit(place)
    assert 'value="1 Way"' in browser.html
    await browser.send(place, **(HOME | {"street": "2 Way"}))
    assert "2 Way" in browser.text and "1 Way" not in browser.text
    await browser.send(f"{place}/remove")
    assert "2 Way" not in browser.text


async def test_a_user_orders_and_sees_the_order_in_the_account(
    app: Litestar, client: httpx.AsyncClient, browser: Browser
) -> None:
    await _registered(browser)
    tea = await create_product(client, name="Earl Grey", price="4.99", stock_quantity=50)
    await browser.visit(f"/p/{tea['id']}")
    await browser.send("/cart/lines", quantity="1")
    assert "cart" not in browser.cookies
    await browser.visit("/checkout?country=GB")
    fields = {f"delivery_address.{name}": value for name, value in HOME.items()}
    await browser.send("/checkout/details", **fields)
    placed = await browser.send(
        "/checkout/0" + _after(browser, "/checkout/0"), payment="manual", terms_accepted="on"
    )
    order_page = placed.headers["location"]
    assert order_page.startswith("/account/orders/")
    assert "1 × Earl Grey" in browser.text
    await browser.visit("/account")
    assert f'href="{order_page}"' in browser.html and "$4.99" in browser.text
    other = Browser(app)
    await other.visit("/register")
    await other.send("/register", **(USER | {"email": "b@example.com", "username": "bob"}))
    assert (await other.visit(order_page)).status_code == 404
    await browser.visit(order_page)
    await browser.send(f"{order_page}/cancel")
    assert "Cancelled" in browser.text


async def test_a_log_in_claims_the_cart_of_the_guest(
    client: httpx.AsyncClient, browser: Browser
) -> None:
    await _registered(browser)
    await browser.send("/log-out")
    tea = await create_product(client, name="Earl Grey", price="4.99", stock_quantity=50)
    await browser.visit(f"/p/{tea['id']}")
    await browser.send("/cart/lines", quantity="3")
    await browser.visit("/log-in")
    await browser.send(username="ada", password=USER["password"])
    assert "cart" not in browser.cookies
    await browser.visit("/cart")
    assert "Total $14.97" in browser.text


async def test_a_user_downloads_their_data_and_deletes_the_account(
    client: httpx.AsyncClient, browser: Browser
) -> None:
    await _registered(browser)
    data = await browser.visit("/account/data")
    assert data.headers["content-disposition"] == 'attachment; filename="my-data.json"'
    assert "ada@example.com" in data.text
    await browser.visit("/account")
    await browser.send("/account/erasure")
    assert (await client.get("/users?role=customer")).json()["items"] == []
    assert (await browser.visit("/account")).status_code == 303


async def _registered(browser: Browser) -> None:
    await browser.visit("/register")
    await browser.send("/register", **USER)


def _after(browser: Browser, place: str) -> str:
    return browser.html.partition(f'"{place}')[2].partition('"')[0]
