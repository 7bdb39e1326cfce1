"""The list of orders of the console."""

import httpx

from tests.support.factories import create_product
from tests.test_controllers.checkout.setting import ordered, ready
from tests.test_pages.browser import Browser


async def test_the_list_has_the_orders_that_fit_the_filters(
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


async def test_a_day_that_does_not_exist_is_refused(packer: Browser) -> None:
    refused = await packer.go("/console/orders?from=2026-02-30")
    assert refused.status_code == 400 and "The input is not valid" in packer.text
