"""The forms of an order's page about its returns, and the history of the order."""

import re
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from app.models import OutgoingMail
from app.wiring.resources import Shop
from tests.support.accounts import later
from tests.support.factories import create_product
from tests.test_controllers.checkout.setting import ordered, ready
from tests.test_controllers.fulfilment.returns import ask, returns_of
from tests.test_controllers.fulfilment.setting import moved
from tests.test_pages.browser import Browser

_HOUR = timedelta(hours=1)


async def _asked(client: httpx.AsyncClient, units: int = 2) -> tuple[dict[str, Any], str, str]:
    """Return a shipped order of 3 units at 9.99, and the addresses of its page and its return."""
    tea = await create_product(client, name="Tea", price="9.99", stock_quantity=10)
    order = await ordered(await ready(client, {tea["id"]: 3}))
    await moved(client, order, "paid")
    order = await moved(client, order, "shipped")
    asked = await ask(client, order, units)
    at = f"/console/orders/{order['id']}"
    return order, at, f"{at}/returns/{asked['id']}"


async def _mails(shop: Shop) -> int:
    async with shop.database.read() as session:
        return len((await session.scalars(select(OutgoingMail.id))).all())


@pytest.mark.parametrize(("verb", "status"), [("approve", "approved"), ("reject", "rejected")])
async def test_a_return_is_decided_once_with_an_answer_for_the_customer(
    packer: Browser, client: httpx.AsyncClient, shop: Shop, verb: str, status: str
) -> None:
    order, at, its = await _asked(client)
    await packer.go(at)
    assert "Requested Damaged: The lid is broken. 2 × Tea" in packer.text
    before = await _mails(shop)
    fields = packer.form(f"{its}/{verb}").fields | {"answer": "We are sorry."}
    sent = [await packer.http.post(f"{its}/{verb}", data=fields) for _ in range(2)]
    assert [each.status_code for each in sent] == [303, 303]
    await packer.go(at)
    assert f"{status.capitalize()} Damaged" in packer.text
    assert "Answer: We are sorry." in packer.text
    (shown,) = await returns_of(client, order)
    assert (shown["status"], shown["answer"]) == (status, "We are sorry.")
    assert await _mails(shop) == before + 1


@pytest.mark.any_database
async def test_a_decision_about_a_changed_return_is_refused_and_its_text_is_kept(
    packer: Browser, client: httpx.AsyncClient
) -> None:
    order, at, its = await _asked(client)
    await packer.go(at)
    (asked,) = await returns_of(client, order)
    assert (await client.post(f"/returns/{asked['id']}/approve", json={})).status_code == 200
    refused = await packer.send(f"{its}/reject", answer="Too late.")
    assert refused.status_code == 412 and "The order changed meanwhile" in packer.text
    assert (await returns_of(client, order))[0]["status"] == "approved"


@pytest.mark.any_database
async def test_a_return_is_received_refunded_and_closed(
    packer: Browser, client: httpx.AsyncClient
) -> None:
    order, at, its = await _asked(client)
    product = f"/products/{order['items'][0]['product_id']}"
    stock = (await client.get(product)).json()["stock_quantity"]
    await packer.go(at)
    await packer.send(f"{its}/approve")
    wrong = await packer.send(f"{its}/receive", **{"lines[0].quantity": "3"})
    assert wrong.status_code in (400, 409)
    assert (await returns_of(client, order))[0]["status"] == "approved"
    arrived = {"lines[0].quantity": "1", "lines[0].condition": "good"}
    assert (await packer.send(f"{its}/receive", **arrived)).status_code == 303
    assert "2 × Tea, 1 arrived, 1 back in stock" in packer.text
    assert (await client.get(product)).json()["stock_quantity"] == stock + 1
    (payment,) = (await client.get(f"/orders/{order['id']}/payments")).json()["payments"]
    refund = f"{at}/payments/{payment['id']}/refund"
    amounts = re.findall(r'id="return-refund-1" name="amount" value="([^"]+)"', packer.html)
    assert amounts == ["9.99"]
    (shown,) = await returns_of(client, order)
    sent = await packer.send(refund, amount="9.99", reason=f"Return {shown['number']}.")
    assert sent.status_code == 303 and "Refund of $9.99" in packer.text
    assert (await packer.send(f"{its}/close")).status_code == 303
    assert (await returns_of(client, order))[0]["status"] == "closed"
    assert f"{its}/" not in packer.html


async def test_the_history_is_shown_in_order_of_time(
    packer: Browser, client: httpx.AsyncClient, shop: Shop
) -> None:
    tea = await create_product(client, price="9.99", stock_quantity=10)
    order = await ordered(await ready(client, {tea["id"]: 1}))
    at, number = f"/console/orders/{order['id']}", order["number"]
    with later(shop, _HOUR):
        await packer.go(at)
        await packer.send(f"{at}/record", received_on=order["created_at"][:10])
    with later(shop, 2 * _HOUR):
        await packer.send(f"{at}/pack")
    (parcel,) = (await client.get(f"/orders/{order['id']}/shipments")).json()["items"]
    with later(shop, 3 * _HOUR):
        await packer.send(f"{at}/shipments/{parcel['id']}/ship")
    with later(shop, 4 * _HOUR):
        await ask(client, order, 1)
    await packer.go(at)
    history = packer.html.partition('class="history"')[2].partition("</ol>")[0]
    moments = re.findall(r'datetime="([^"]+)"', history)
    assert moments == sorted(moments)
    words = [" ".join(re.sub(r"<[^>]+>", " ", each).split()) for each in history.split("</li>")]
    happened = [re.sub(r"^>?\s*\d+ \w+ \d+, [\d:]+ ", "", each) for each in words if each.strip()]
    shown = [re.sub(r" by .*$", "", each) for each in happened]
    assert shown[0] == "Placed"
    assert set(shown[1:3]) == {"Payment of $9.99 begun manual", "Paid"}
    assert shown[3] == f"Shipment {number}-1 packed"
    assert set(shown[4:6]) == {f"Shipment {number}-1 shipped", "Shipped"}
    assert shown[6:] == [f"Return {number}-R1 requested"]
