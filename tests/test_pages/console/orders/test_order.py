"""The page of an order of the console."""

from typing import Any

import httpx
import pytest

from tests.support.factories import create_product
from tests.test_controllers.checkout.setting import ordered, ready
from tests.test_pages.browser import Browser


async def order_of_three(client: httpx.AsyncClient) -> dict[str, Any]:
    """Return an order of three units at 9.99."""
    tea = await create_product(client, price="9.99", stock_quantity=10)
    return await ordered(await ready(client, {tea["id"]: 3}))


@pytest.mark.any_database
async def test_an_order_is_paid_packed_shipped_and_delivered(
    packer: Browser, client: httpx.AsyncClient
) -> None:
    order = await order_of_three(client)
    at = f"/console/orders/{order['id']}"
    await packer.go(at)
    assert f"Order #{order['number']} Pending" in packer.text
    assert "Owed $29.97 Authorised $0.00 Captured $0.00 Refunded $0.00 Open $29.97" in packer.text
    sent = await packer.send(f"{at}/record", received_on="2026-01-31")
    assert sent.status_code == 303 and "Captured $29.97 Refunded $0.00 Open $0.00" in packer.text
    sent = await packer.send(f"{at}/pack", carrier="DHL", tracking_number="00340")
    assert sent.status_code == 303 and f"{order['number']}-1 Packed DHL 00340" in packer.text
    for verb in ("ship", "deliver"):
        (shipment,) = (await client.get(f"/orders/{order['id']}/shipments")).json()["items"]
        sent = await packer.send(f"{at}/shipments/{shipment['id']}/{verb}")
        assert sent.status_code == 303
    assert (await client.get(f"/orders/{order['id']}")).json()["status"] == "delivered"


async def test_an_order_that_changed_meanwhile_is_not_cancelled(
    packer: Browser, client: httpx.AsyncClient
) -> None:
    order = await order_of_three(client)
    at = f"/console/orders/{order['id']}"
    line = f"{at}/lines/{order['items'][0]['product_id']}/cancel"
    await packer.go(at)
    cancelled = f"/orders/{order['id']}/lines/{order['items'][0]['product_id']}/cancel"
    assert (await client.post(cancelled, json={"quantity": 1})).status_code == 200
    refused = await packer.send(f"{at}/cancel")
    assert refused.status_code == 412 and "The order changed meanwhile" in packer.text
    assert (await client.get(f"/orders/{order['id']}")).json()["status"] == "pending"
    assert (await packer.send(line, quantity="1")).status_code == 303
    assert "3 (2 cancelled)" in packer.text and "Owed $9.99" in packer.text
    assert (await packer.send(f"{at}/cancel")).status_code == 303
    assert (await client.get(f"/orders/{order['id']}")).json()["status"] == "cancelled"


@pytest.mark.any_database
async def test_an_invalid_amount_is_refused_and_shown_again(
    packer: Browser, client: httpx.AsyncClient
) -> None:
    order = await order_of_three(client)
    at = f"/console/orders/{order['id']}"
    await packer.go(at)
    refused = await packer.send(f"{at}/record", amount="much", received_on="2026-01-31")
    assert refused.status_code == 400 and 'value="much"' in packer.page.text
    shown = (await client.get(f"/orders/{order['id']}")).json()
    assert (shown["status"], shown.get("paid", "0.00")) == ("pending", "0.00")


@pytest.mark.any_database
async def test_units_of_an_order_are_refunded_and_the_refund_is_recorded(
    packer: Browser, client: httpx.AsyncClient
) -> None:
    order = await order_of_three(client)
    at = f"/console/orders/{order['id']}"
    await packer.go(at)
    await packer.send(f"{at}/record", received_on="2026-01-31")
    (payment,) = (await client.get(f"/orders/{order['id']}/payments")).json()["payments"]
    its = f"{at}/payments/{payment['id']}"
    refused = await packer.send(f"{its}/refund", amount="30.00", reason="Broken.")
    assert refused.status_code == 409 and 'value="30.00"' in packer.html
    assert (await client.get(f"/orders/{order['id']}/payments")).json()["refunds"] == []
    units = {"lines[0].quantity": "1", "reason": "Broken."}
    assert (await packer.send(f"{its}/refund-units", **units)).status_code == 303
    shown = (await client.get(f"/orders/{order['id']}/payments")).json()
    (refund,) = shown["refunds"]
    assert (refund["amount"], refund["status"]) == ("9.99", "asked")
    sent = await packer.send(f"{at}/refunds/{refund['id']}/record")
    assert sent.status_code == 303 and "Refund of $9.99 succeeded" in packer.text
    assert "Captured $29.97 Refunded $9.99 Open $0.00" in packer.text


@pytest.mark.any_database
async def test_an_outdated_page_says_that_the_order_has_changed(
    packer: Browser, client: httpx.AsyncClient
) -> None:
    order = await order_of_three(client)
    at = f"/console/orders/{order['id']}/version?seen={order['version']}"
    assert (await packer.go(at)).status_code == 200
    assert "changed meanwhile" not in packer.text
    await client.post(f"/orders/{order['id']}/cancel")
    await packer.go(at)
    assert "The order has changed meanwhile" in packer.text
