"""The list of orders of the console."""

import re
from datetime import timedelta
from html import unescape

import httpx
import pytest

from app.wiring.resources import Shop
from tests.support.accounts import later
from tests.support.factories import create_product, create_user, order_in, place_order
from tests.test_controllers.checkout.setting import ordered, ready
from tests.test_pages.browser import Browser


@pytest.mark.any_database
async def test_the_list_has_the_orders_that_match_the_filters(
    packer: Browser, client: httpx.AsyncClient
) -> None:
    await packer.go("/console/orders")
    assert "No orders yet" in packer.text
    tea = await create_product(client, price="9.99", stock_quantity=10)
    order = await ordered(await ready(client, {tea["id"]: 3}))
    day = order["created_at"][:10]
    await packer.go(f"/console/orders?status=pending&from={day}&to={day}")
    assert "1 order on this page" in packer.text
    assert f"#{order['number']} Pending" in packer.text and "3 $29.97" in packer.text
    assert f'href="/console/orders/{order["id"]}"' in packer.page.text
    await packer.go("/console/orders?status=paid&from=&to=")
    assert "No order fits" in packer.text and "Clear filters" in packer.text


@pytest.mark.any_database
async def test_a_day_that_does_not_exist_is_refused(packer: Browser) -> None:
    refused = await packer.go("/console/orders?from=2026-02-30")
    assert refused.status_code == 400 and "The input is not valid" in packer.text


async def test_an_order_is_found_by_its_number_and_by_the_address_of_its_buyer(
    packer: Browser, client: httpx.AsyncClient, shop: Shop
) -> None:
    tea = await create_product(client, price="9.99", stock_quantity=10)
    first = await ordered(await ready(client, {tea["id"]: 1}, email="ada@example.com"))
    second = await ordered(await ready(client, {tea["id"]: 2}, email="bob@example.com"))
    for search, found in (
        (str(first["number"]), first),
        (f"%23{first['number']}", first),
        ("ADA@example.com", first),
        ("bob%40example.com&status=pending", second),
    ):
        await packer.go(f"/console/orders?search={search}")
        assert "1 order on this page" in packer.text, search
        assert f'href="/console/orders/{found["id"]}"' in packer.html, search
    assert 'value="bob@example.com"' in packer.html
    with later(shop, timedelta(hours=3)):
        await packer.go("/console/orders?search=ada@example.com")
        assert "3\N{NO-BREAK SPACE}h 1 $9.99" in packer.page.text or "3 h 1 $9.99" in packer.text


@pytest.mark.any_database
async def test_a_search_without_a_match_can_be_cleared(
    packer: Browser, client: httpx.AsyncClient
) -> None:
    await packer.go("/console/orders?search=7")
    assert "No order fits" in packer.text and 'value="7"' in packer.html
    await order_in(client, "pending", await create_product(client))
    for search in ("zeppelin", "%23", "1234567890123", "a" * 250 + "@example.com", "a%00@b", "-1"):
        page = await packer.go(f"/console/orders?search={search}")
        assert page.status_code == 200 and "No order fits" in packer.text, search
        assert 'href="/console/orders">Clear filters</a>' in packer.html
    await packer.go("/console/orders?search=+")
    assert "1 order on this page" in packer.text


async def test_the_next_page_keeps_the_search(packer: Browser, client: httpx.AsyncClient) -> None:
    user = await create_user(client, email="ada@example.com")
    tea = await create_product(client, stock_quantity=50)
    for _ in range(21):
        await place_order(client, user["id"], {tea["id"]: 1})
    await packer.go("/console/orders?search=ada@example.com")
    (following,) = re.findall(r'rel="next" href="([^"]+)"', packer.html)
    assert following.startswith("/console/orders?search=ada%40example.com&amp;cursor=")
    await packer.go(unescape(following))
    assert "1 order on this page" in packer.text
