"""Packing and shipping in the console, and the numbers of waiting work on the first page."""

import re
from datetime import timedelta
from html import unescape
from typing import Any

import httpx
import pytest

from app.wiring.resources import Shop
from tests.support.accounts import later
from tests.support.factories import create_product
from tests.test_controllers.checkout.setting import ordered, ready
from tests.test_pages.browser import Browser


async def paid_orders(client: httpx.AsyncClient, *quantities: int) -> list[dict[str, Any]]:
    """Return paid orders with these numbers of units, oldest first."""
    tea = await create_product(client, price="1.00", stock_quantity=50)
    orders = []
    for quantity in quantities:
        order = await ordered(await ready(client, {tea["id"]: quantity}))
        moved = await client.patch(f"/orders/{order['id']}", json={"status": "paid"})
        assert moved.status_code == 200
        orders.append(order)
    return orders


async def status_of(client: httpx.AsyncClient, order: dict[str, Any]) -> str:
    """Return the status of an order."""
    return str((await client.get(f"/orders/{order['id']}")).json()["status"])


@pytest.mark.any_database
async def test_orders_are_packed_and_shipped_one_after_the_other(
    packer: Browser, client: httpx.AsyncClient
) -> None:
    await packer.go("/console/pack")
    assert "All paid orders are shipped" in packer.text
    first, second = await paid_orders(client, 3, 2)
    await packer.go("/console/pack")
    assert "2 paid orders wait" in packer.text
    at = f"/console/pack/{first['id']}"
    assert packer.text.index(f"#{first['number']}") < packer.text.index(f"#{second['number']}")
    await packer.go(at)
    sent = await packer.send(at, tracking_number="00340", carrier="DHL")
    assert sent.headers["location"] == f"/console/pack/{second['id']}"
    assert await status_of(client, first) == "shipped"
    (parcel,) = (await client.get(f"/orders/{first['id']}/shipments")).json()["items"]
    assert (parcel["status"], parcel["tracking_number"]) == ("shipped", "00340")
    assert [line["quantity"] for line in parcel["lines"]] == [3]
    sent = await packer.send(f"/console/pack/{second['id']}")
    assert sent.headers["location"] == "/console/pack"
    assert "All paid orders are shipped" in packer.text


@pytest.mark.any_database
async def test_a_completely_packed_order_is_not_offered_as_the_next(
    packer: Browser, client: httpx.AsyncClient
) -> None:
    first, packed, last = await paid_orders(client, 1, 1, 1)
    parcel = await client.post(f"/orders/{packed['id']}/shipments", json={})
    assert parcel.status_code == 201, parcel.text
    await packer.go(f"/console/pack/{packed['id']}")
    assert "No unit of this order is left to be packed" in packer.text
    await packer.go(f"/console/pack/{first['id']}")
    sent = await packer.send(f"/console/pack/{first['id']}")
    assert sent.headers["location"] == f"/console/pack/{last['id']}"
    sent = await packer.send(f"/console/pack/{last['id']}")
    assert sent.headers["location"] == "/console/pack"
    assert "1 paid order waits" in packer.text


@pytest.mark.any_database
async def test_a_part_of_an_order_is_shipped_and_the_rest_waits(
    packer: Browser, client: httpx.AsyncClient
) -> None:
    (order,) = await paid_orders(client, 3)
    at = f"/console/pack/{order['id']}"
    await packer.go(at)
    await packer.send(at, **{"lines[0].quantity": "1"})
    assert await status_of(client, order) == "paid"
    await packer.go(at)
    assert packer.form(at).fields["lines[0].quantity"] == "2"
    refused = await packer.send(at, **{"lines[0].quantity": "3"})
    assert refused.status_code == 409
    assert packer.form(at).fields["lines[0].quantity"] == "3"
    assert len((await client.get(f"/orders/{order['id']}/shipments")).json()["items"]) == 1
    refused = await packer.send(at, **{"lines[0].quantity": "0"})
    assert refused.status_code == 400


@pytest.mark.any_database
async def test_a_line_has_all_codes_that_a_scanner_can_read(
    packer: Browser, client: httpx.AsyncClient
) -> None:
    tea = await create_product(client, sku="TEA", barcode="4006381333931", stock_quantity=9)
    cup = await create_product(client, sku="CUP", stock_quantity=9)
    order = await ordered(await ready(client, {tea["id"]: 1, cup["id"]: 2}))
    await client.patch(f"/orders/{order['id']}", json={"status": "paid"})
    renamed = await client.patch(f"/products/{tea['id']}", json={"sku": "TEA-100"})
    assert renamed.status_code == 200
    await packer.go(f"/console/pack/{order['id']}")
    codes = [
        unescape(each).split("\n") for each in re.findall(r'data-codes="(.*?)"', packer.html, re.S)
    ]
    assert codes == [["TEA", "TEA-100", "4006381333931"], ["CUP"]]
    # Without scripts, the field for the scanner is hidden.
    assert re.search(r"<div [^>]*data-scan hidden>\s*<label for=.scan.>SKU or barcode", packer.html)
    assert "scan" not in packer.form(f"/console/pack/{order['id']}").fields


async def test_a_form_that_is_sent_twice_ships_once(
    packer: Browser, client: httpx.AsyncClient
) -> None:
    (order,) = await paid_orders(client, 2)
    at = f"/console/pack/{order['id']}"
    await packer.go(at)
    fields = packer.form(at).fields
    sent = [await packer.http.post(at, data=fields) for _ in range(2)]
    assert [each.status_code for each in sent] == [303, 303]
    assert sent[0].headers["location"] == sent[1].headers["location"]
    assert len((await client.get(f"/orders/{order['id']}/shipments")).json()["items"]) == 1


@pytest.mark.any_database
async def test_the_first_page_counts_the_waiting_work(
    packer: Browser, client: httpx.AsyncClient, shop: Shop
) -> None:
    await paid_orders(client, 1, 1)
    coffee = await create_product(client, sku="COFFEE", stock_quantity=9)
    await ordered(await ready(client, {coffee["id"]: 1}))
    await packer.go("/console")
    assert "2 paid orders to pack" in packer.text
    assert "0 orders unpaid for more than an hour" in packer.text
    with later(shop, timedelta(hours=2)):
        await packer.go("/console")
        assert "1 order unpaid for more than an hour" in packer.text
