"""The pages of the cart."""

from asyncio import gather
from typing import Any

import httpx
import pytest
from litestar import Litestar

from app.wiring.resources import Shop
from tests.support.factories import create_product, create_user
from tests.support.queries import statements_of
from tests.test_controllers.promotions.setting import add_code
from tests.test_pages.browser import Browser


@pytest.mark.any_database
async def test_the_first_product_opens_a_cart(client: httpx.AsyncClient, browser: Browser) -> None:
    tea = await create_product(client, name="Earl Grey", price="4.99", stock_quantity=50)
    assert "Your cart is empty" in (await browser.visit("/cart")).text
    await browser.visit(f"/p/{tea['id']}")
    assert not browser.cookies
    answer = await browser.send("/cart/lines", quantity="2")
    assert (answer.status_code, answer.headers["location"]) == (303, "/cart")
    assert list(browser.cookies) == ["cart"]
    its = answer.headers["set-cookie"].partition("; ")[2]
    assert its == "HttpOnly; Max-Age=2592000; Path=/; SameSite=lax"
    assert "Earl Grey $4.99 each In stock" in browser.text
    assert "Total $9.98" in browser.text
    assert "2 in it" in _text(await browser.visit("/cart/badge"))


async def test_a_form_that_is_sent_twice_adds_once(
    app: Litestar, client: httpx.AsyncClient, browser: Browser
) -> None:
    tea = await create_product(client, name="Earl Grey", price="4.99", stock_quantity=50)
    await browser.visit(f"/p/{tea['id']}")
    sent = browser.form("/cart/lines").fields | {"quantity": "2"}
    first = await browser.http.post("/cart/lines", data=sent)
    cookie = browser.cookies["cart"]
    # The browser has the cookie of the first response, or that response was lost.
    for kept in (cookie, None):
        browser.cookies.clear()
        if kept is not None:
            browser.cookies.set("cart", kept, domain="shop.test")
        again = await browser.http.post("/cart/lines", data=sent)
        assert (again.status_code, again.headers["location"]) == (303, "/cart")
        assert browser.cookies["cart"] == cookie
        await browser.visit("/cart")
        assert "Total $9.98" in browser.text
    assert first.headers["set-cookie"] == again.headers["set-cookie"]
    # Another person who knows the key does not get the cart.
    other = Browser(app, "198.18.7.7")
    await other.http.post("/cart/lines", data=sent)
    assert other.cookies["cart"].partition(".")[0] != cookie.partition(".")[0]


async def test_a_user_who_sends_a_form_twice_adds_once(
    client: httpx.AsyncClient, browser: Browser
) -> None:
    user = await create_user(client)
    await browser.log_in(user["email"])
    tea = await create_product(client, price="4.99", stock_quantity=50)
    await browser.visit(f"/p/{tea['id']}")
    sent = browser.form("/cart/lines").fields | {"quantity": "2"}
    answers = await gather(*(browser.http.post("/cart/lines", data=sent) for _ in range(3)))
    assert [each.status_code for each in answers] == [303, 303, 303]
    await browser.visit("/cart")
    assert "Total $9.98" in browser.text
    other = await browser.http.post("/cart/lines", data=sent | {"quantity": "3"})
    assert other.status_code == 422
    await browser.visit("/cart")
    assert "Total $9.98" in browser.text


@pytest.mark.any_database
async def test_a_second_product_is_added_to_the_same_cart(
    client: httpx.AsyncClient, browser: Browser
) -> None:
    for name in ("Tea", "Coffee"):
        await _add(client, browser, name=name, price="2.00")
    assert browser.text.count("$2.00 each") == 2
    assert "Total $4.00" in browser.text


@pytest.mark.any_database
async def test_a_line_is_changed_and_removed(client: httpx.AsyncClient, browser: Browser) -> None:
    tea = await _add(client, browser, price="2.50", stock_quantity=50)
    await browser.send(f"/cart/lines/{tea['id']}", quantity="4")
    assert "Total $10.00" in browser.text
    await browser.send(f"/cart/lines/{tea['id']}/remove")
    assert "Your cart is empty" in browser.text


@pytest.mark.any_database
async def test_a_refused_quantity_is_shown_at_its_line(
    client: httpx.AsyncClient, browser: Browser
) -> None:
    tea = await _add(client, browser, price="2.50", stock_quantity=50)
    answer = await browser.send(f"/cart/lines/{tea['id']}", quantity="0")
    assert answer.status_code == 400
    assert 'value="0" aria-invalid="true"' in answer.text
    assert '<a href="#quantity">The quantity</a>' in browser.html
    assert "Total $2.50" in browser.text


@pytest.mark.any_database
async def test_a_refused_addition_shows_the_page_of_the_product(
    client: httpx.AsyncClient, browser: Browser
) -> None:
    tea = await create_product(client, name="Earl Grey", stock_quantity=50)
    await browser.visit(f"/p/{tea['id']}")
    answer = await browser.send("/cart/lines", quantity="many")
    assert answer.status_code == 400
    assert "<h1>Earl Grey</h1>" in answer.text and 'value="many"' in answer.text
    assert not browser.cookies
    assert "Your cart is empty" in (await browser.visit("/cart")).text


@pytest.mark.any_database
async def test_codes_are_entered_and_removed(client: httpx.AsyncClient, browser: Browser) -> None:
    await _add(client, browser, price="10.00", stock_quantity=50)
    answer = await browser.send("/cart/codes", code="NOTHING")
    assert answer.status_code == 404
    assert 'value="NOTHING"' in answer.text
    await add_code(client, "TEN", min_subtotals=[{"currency": "USD", "amount": "20.00"}])
    await browser.send("/cart/codes", code="ten")
    assert "Code ten Remove the code ten" in browser.text
    assert "Total $10.00" in browser.text
    assert "The code ten does not apply: the goods must cost $10.00 more." in browser.text
    await browser.send("/cart/codes/remove")
    assert "Code ten" not in browser.text


@pytest.mark.any_database
async def test_a_cart_is_shown_to_its_own_visitor_only(
    app: Litestar, client: httpx.AsyncClient, browser: Browser
) -> None:
    tea = await _add(client, browser, name="Earl Grey")
    other = Browser(app)
    await other.visit("/cart")
    assert "Earl Grey" not in other.text
    fields: dict[str, Any] = {"quantity": "2"}
    forged = await browser.http.post(
        f"/cart/lines/{tea['id']}", data=fields, headers={"sec-fetch-site": "cross-site"}
    )
    assert forged.status_code == 403


async def test_a_cart_needs_few_statements(
    client: httpx.AsyncClient, browser: Browser, shop: Shop
) -> None:
    await _add(client, browser)
    for address, count in (("/cart", 3), ("/cart/badge", 2)):
        with statements_of(shop) as statements:
            await browser.visit(address)
        assert len(statements) == count, address


async def _add(client: httpx.AsyncClient, browser: Browser, **product: Any) -> dict[str, Any]:
    its = await create_product(client, **product)
    await browser.visit(f"/p/{its['id']}")
    await browser.send("/cart/lines", quantity="1")
    return its


def _text(page: httpx.Response) -> str:
    return (
        " ".join(page.text.replace("<", " <").replace(">", "> ").split())
        .replace('<span class="badge"> ', "")
        .replace('<span class="hidden"> ', "")
    )
