"""The forms of an order's page for captures and refunds: each applies once and never in excess."""

from typing import Any

import httpx
import pytest

from app.wiring.areas.payments import bank_of
from app.wiring.resources import Shop
from tests.support.tables import everything
from tests.test_controllers.payments.setting import (
    begun,
    decide,
    do_errands,
    offer,
    payments_of,
    placed,
)
from tests.test_pages.browser import Browser

_MUCH = ("20.01", "1000000")
_NONE = ("0", "-1", "0.001", "x", "")


async def _paid(
    client: httpx.AsyncClient, shop: Shop, monkeypatch: pytest.MonkeyPatch, **settings: str
) -> tuple[dict[str, Any], dict[str, Any], str]:
    """Return an order of two units at 10.00, its payment, and the address of its page."""
    offer(monkeypatch, shop, **settings)
    cart, order = await placed(client)
    payment = await begun(cart)
    await decide(client, payment)
    await do_errands(shop)
    return order, payment, f"/console/orders/{order['id']}"


async def _is_refused(browser: Browser, shop: Shop, action: str, status: int, **typed: str) -> None:
    """Assert that a form is refused, shows the typed values, and has no effect."""
    before = await everything(shop)
    refused = await browser.send(action, **typed)
    assert refused.status_code == status, (typed, browser.text)
    assert await everything(shop) == before
    for value in typed.values():
        assert f'value="{value}"' in browser.html


async def _sent_twice(browser: Browser, action: str, **typed: str) -> list[int]:
    """Send a form as a double click does, and return the statuses."""
    fields = browser.form(action).fields | typed
    return [(await browser.http.post(action, data=fields)).status_code for _ in range(2)]


async def test_a_part_is_captured_once_and_not_more_than_was_authorised(
    packer: Browser, client: httpx.AsyncClient, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    order, payment, at = await _paid(client, shop, monkeypatch, payment_capture="on_shipment")
    action = f"{at}/payments/{payment['id']}/capture"
    await packer.go(at)
    assert "Authorised $20.00 Captured $0.00" in packer.text
    assert packer.form(action).fields["amount"] == "20.00"
    for amount in _MUCH:
        await _is_refused(packer, shop, action, 409, amount=amount)
    for amount in _NONE[:-1]:
        await _is_refused(packer, shop, action, 400, amount=amount)
    first, _ = await _sent_twice(packer, action, amount="15.00")
    assert first == 303
    await packer.go(at)
    assert "Captured $15.00" in packer.text and action not in packer.html
    (shown,) = (await payments_of(client, order))["payments"]
    assert (shown["status"], shown["captured"]) == ("captured", "15.00")
    assert (await bank_of(shop).look(payment["reference"])).captured_minor == 1_500


async def test_an_amount_is_refunded_once_and_not_more_than_was_paid(
    packer: Browser, client: httpx.AsyncClient, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    order, payment, at = await _paid(client, shop, monkeypatch)
    action = f"{at}/payments/{payment['id']}/refund"
    await packer.go(at)
    for amount in _MUCH:
        await _is_refused(packer, shop, action, 409, amount=amount, reason="Broken.")
    for amount in _NONE[:-1]:
        await _is_refused(packer, shop, action, 400, amount=amount, reason="Broken.")
    await _is_refused(packer, shop, action, 400, amount="1.00", reason="")
    assert await _sent_twice(packer, action, amount="12.34", reason="Broken.") == [303, 303]
    await packer.go(at)
    assert "Refund of $12.34 Succeeded Broken." in packer.text
    assert "Captured $20.00 Refunded $12.34" in packer.text
    assert len((await payments_of(client, order))["refunds"]) == 1
    await _is_refused(packer, shop, action, 409, amount="7.67", reason="Too much.")
    assert (await packer.send(action, amount="7.66", reason="The rest.")).status_code == 303
    assert "Refunded $20.00" in packer.text and action not in packer.html


async def test_units_are_refunded_once_and_not_more_than_were_bought(
    packer: Browser, client: httpx.AsyncClient, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    order, payment, at = await _paid(client, shop, monkeypatch)
    action = f"{at}/payments/{payment['id']}/refund-units"
    await packer.go(at)
    units = "lines[0].quantity"
    await _is_refused(packer, shop, action, 409, **{units: "3"}, reason="Broken.")
    for wrong in ("0", "-1", "1.5", "x"):
        await _is_refused(packer, shop, action, 400, **{units: wrong}, reason="Broken.")
    twice = await _sent_twice(packer, action, **{units: "1"}, reason="Broken.")
    assert twice == [303, 303]
    await packer.go(at)
    assert "Refund of $10.00 Succeeded Broken." in packer.text
    (refund,) = (await payments_of(client, order))["refunds"]
    assert (refund["amount"], refund["reason"]) == ("10.00", "Broken.")
    assert (await bank_of(shop).look(payment["reference"])).refunded_minor == 1_000
