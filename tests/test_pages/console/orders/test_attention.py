"""Payments that need attention are listed, and staff marks them as seen on the order's page."""

import httpx
import pytest
from sqlalchemy import select

from app.models import AuditEvent, UserRole
from app.wiring.resources import Shop
from tests.support.tables import everything
from tests.test_controllers.payments.setting import late
from tests.test_pages.browser import Browser, log_in_as

pytestmark = pytest.mark.any_database


async def test_a_payment_that_was_seen_needs_no_attention_any_more(
    packer: Browser, client: httpx.AsyncClient, shop: Shop
) -> None:
    payment = await late(client, shop)
    at = f"/console/orders/{payment['order_id']}"
    await packer.go("/console")
    assert 'href="/console/payments"><strong>1</strong> payment that needs a person' in packer.html
    await packer.go("/console/payments")
    assert f'href="{at}#money"' in packer.html
    assert "Late The money came after the order was cancelled" in packer.text
    await packer.go(at)
    action = f"{at}/payments/{payment['id']}/seen"
    fields = packer.form(action).fields
    for _ in range(2):
        sent = await packer.http.post(action, data=fields)
        assert (sent.status_code, sent.headers["location"]) == (303, at)
    assert action not in (await packer.go(at)).text
    await packer.go("/console/payments")
    assert "No payment needs a person" in packer.text
    async with shop.database.read() as session:
        trail = await session.scalars(select(AuditEvent).where(AuditEvent.event == "payment.seen"))
        assert [str(each.subject_id) for each in trail] == [payment["id"]]


async def test_a_newer_reason_for_attention_is_kept(
    packer: Browser, client: httpx.AsyncClient, shop: Shop
) -> None:
    payment = await late(client, shop)
    at = f"/console/orders/{payment['order_id']}"
    await packer.go(at)
    before = await everything(shop)
    refused = await packer.send(f"{at}/payments/{payment['id']}/seen", attention="duplicate")
    assert refused.status_code == 400
    assert "Attention it is late" in packer.text
    assert await everything(shop) == before


async def test_customers_see_no_payments_of_others(
    browser: Browser, client: httpx.AsyncClient, shop: Shop
) -> None:
    payment = await late(client, shop)
    await log_in_as(browser, client, shop, UserRole.CUSTOMER)
    page = await browser.go("/console/payments")
    assert page.status_code == 403 and payment["order_id"] not in page.text
    await browser.go("/account")
    token = browser.form("/log-out").fields["_token"]
    at = f"/console/orders/{payment['order_id']}/payments/{payment['id']}/seen"
    before = await everything(shop)
    data = {"_token": token, "attention": "late"}
    assert (await browser.http.post(at, data=data)).status_code == 403
    assert await everything(shop) == before
