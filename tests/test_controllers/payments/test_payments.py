"""Orders are paid at a provider, whose responses and events may be lost, late or repeated."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest

from app.gateways.payments.bank import BankForTests
from app.gateways.payments.provider import ProviderUnreachable
from app.wiring.areas.payments import bank_of
from app.wiring.resources import Shop
from tests.support.accounts import later
from tests.support.factories import create_product
from tests.support.refusals import problem_of
from tests.support.tables import everything
from tests.test_controllers.checkout.setting import check_out, ready
from tests.test_controllers.payments.setting import (
    ROOT,
    begun,
    decide,
    do_errands,
    offer,
    order_now,
    payments_of,
    placed,
)

MINUTE = timedelta(minutes=1)


async def test_an_approved_payment_pays_its_order(client: httpx.AsyncClient, shop: Shop) -> None:
    cart, order = await placed(client)
    payment = await begun(cart)
    assert (payment["status"], payment["amount"], payment["captured"]) == (
        "requires_action",
        "20.00",
        "0.00",
    )
    assert payment["action"] == {"url": f"/test-bank/{payment['reference']}"}
    page = await client.get(f"{ROOT}{payment['action']['url']}")
    assert page.status_code == 200 and "20.00 USD" in page.text
    await decide(client, payment)
    assert (await order_now(client, order))["status"] == "pending"
    await do_errands(shop)
    paid = await order_now(client, order)
    assert (paid["status"], paid["paid"], paid.get("pay_by")) == ("paid", "20.00", None)
    assert paid["history"][-1]["actor"] == f"payment {payment['id']}"
    (shown,) = (await payments_of(client, order))["payments"]
    assert (shown["status"], shown["captured"], shown.get("action")) == ("captured", "20.00", None)
    assert (await cart.send("GET", "/order/payments")).json() == await payments_of(client, order)
    page = await client.get(f"{ROOT}/test-bank/{payment['reference']}")
    assert "This payment is captured." in page.text
    # A repeated event, and a query of a final payment, change nothing.
    before = await everything(shop)
    await decide(client, payment)
    await do_errands(shop)
    assert await everything(shop) == before


async def test_a_payment_without_an_event_is_queried_at_the_provider(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    cart, order = await placed(client)
    await decide(client, await begun(cart), "approve_silently")
    await do_errands(shop)
    assert (await order_now(client, order))["status"] == "pending"
    with later(shop, MINUTE):
        await do_errands(shop)
    assert (await order_now(client, order))["status"] == "paid"


async def test_a_declined_payment_can_be_tried_again(client: httpx.AsyncClient, shop: Shop) -> None:
    cart, order = await placed(client)
    first = await begun(cart)
    await decide(client, first, "decline")
    await do_errands(shop)
    second = await begun(cart)
    assert second["id"] != first["id"]
    await decide(client, second)
    await do_errands(shop)
    failed, captured = (await payments_of(client, order))["payments"]
    assert (failed["status"], failed["failure"]) == ("failed", "declined")
    assert captured["status"] == "captured"
    assert (await order_now(client, order))["paid"] == "20.00"
    refused = await cart.send("POST", "/order/payments", json={"provider": "test"})
    assert problem_of(refused)["type"] == "urn:problem:nothing-to-pay"


async def test_a_repeated_request_with_the_same_key_begins_one_payment(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    cart, order = await placed(client)
    path = f"/orders/{order['id']}/payments"
    headers = {"Idempotency-Key": "pay-1"}
    answers = await asyncio.gather(
        *(client.post(path, json={"provider": "test"}, headers=headers) for _ in range(4))
    )
    assert {each.status_code for each in answers} == {201}
    assert len({each.json()["id"] for each in answers}) == 1
    assert len({each.json()["action"]["url"] for each in answers}) == 1
    await decide(client, answers[0].json())
    await do_errands(shop)
    again = await client.post(path, json={"provider": "test"}, headers=headers)
    assert (again.status_code, again.json()["status"]) == (201, "captured")
    assert len((await payments_of(client, order))["payments"]) == 1
    assert cart.headers


async def test_a_double_payment_is_refunded(client: httpx.AsyncClient, shop: Shop) -> None:
    cart, order = await placed(client)
    first, second = await begun(cart), await begun(cart)
    bank = bank_of(shop)
    for each in (first, second):
        await decide(client, each, "approve_silently")
    assert (await bank.look(second["reference"])).captured_minor == 2_000
    with later(shop, MINUTE):
        await do_errands(shop)
    found = await payments_of(client, order)
    assert [each["captured"] for each in found["payments"]] == ["20.00", "20.00"]
    (refund,) = found["refunds"]
    assert (refund["amount"], refund["status"]) == ("20.00", "succeeded")
    assert refund["reason"] == "The order was paid already."
    doubled = {each["id"]: each for each in found["payments"]}[refund["payment_id"]]
    assert (doubled["refunded"], doubled["attention"]) == ("20.00", "duplicate")
    shown = await order_now(client, order)
    assert (shown["status"], shown["paid"], shown["refunded"]) == ("paid", "40.00", "20.00")
    assert (await bank.look(doubled["reference"])).refunded_minor == 2_000


async def test_the_money_of_a_cancelled_paid_order_is_refunded(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    cart, order = await placed(client)
    payment = await begun(cart)
    await decide(client, payment)
    await do_errands(shop)
    assert (await cart.send("POST", "/order/cancel")).json()["status"] == "cancelled"
    await do_errands(shop)
    (refund,) = (await payments_of(client, order))["refunds"]
    assert (refund["amount"], refund["status"], refund["actor"]) == ("20.00", "succeeded", "shop")
    assert (await bank_of(shop).look(payment["reference"])).refunded_minor == 2_000


async def test_the_money_of_a_cancelled_line_is_refunded(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    cart, order = await placed(client)
    await decide(client, await begun(cart))
    await do_errands(shop)
    line = order["items"][0]["product_id"]
    path = f"/orders/{order['id']}/lines/{line}/cancel"
    assert (await client.post(path, json={"quantity": 1})).status_code == 200
    await do_errands(shop)
    shown = await order_now(client, order)
    assert (shown["paid"], shown["refunded"], shown["cancelled"]) == ("20.00", "10.00", "10.00")


async def test_money_for_a_cancelled_order_is_refunded(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    cart, order = await placed(client)
    payment = await begun(cart)
    await decide(client, payment, "approve_silently")
    assert (await cart.send("POST", "/order/cancel")).json()["status"] == "cancelled"
    await do_errands(shop)
    found = await payments_of(client, order)
    assert [(each["status"], each["attention"]) for each in found["payments"]] == [
        ("captured", "late")
    ]
    assert [(each["amount"], each["status"]) for each in found["refunds"]] == [
        ("20.00", "succeeded")
    ]
    listed = (await client.get("/payments", params={"needs_attention": "true"})).json()["items"]
    assert [each["id"] for each in listed] == [payment["id"]]


async def test_a_payment_is_ended_before_its_order_expires(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    cart, order = await placed(client)
    payment = await begun(cart)
    with later(shop, 16 * MINUTE):
        await do_errands(shop)
    refused = await client.post(f"/orders/{order['id']}/payments", json={"provider": "test"})
    assert problem_of(refused)["type"] == "urn:problem:illegal-transition"
    assert (await order_now(client, order))["status"] == "cancelled"
    (shown,) = (await payments_of(client, order))["payments"]
    assert shown["status"] == "voided"
    await decide(client, payment)
    assert (await bank_of(shop).look(payment["reference"])).captured_minor == 0


async def test_an_order_that_was_paid_as_it_expires_is_paid(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    cart, order = await placed(client)
    await decide(client, await begun(cart), "approve_silently")
    with later(shop, 16 * MINUTE):
        await do_errands(shop)
    assert (await order_now(client, order))["status"] == "paid"


async def test_an_order_does_not_expire_while_the_bank_does_not_respond(
    client: httpx.AsyncClient, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    cart, order = await placed(client)
    await begun(cart)

    async def unreachable(*_: object) -> Any:
        raise ProviderUnreachable("no answer")

    with later(shop, 16 * MINUTE):
        with monkeypatch.context() as patch:
            patch.setattr(BankForTests, "look", unreachable)
            await do_errands(shop)
            assert (await order_now(client, order))["status"] == "pending"
    with later(shop, 18 * MINUTE):
        await do_errands(shop)
    assert (await order_now(client, order))["status"] == "cancelled"


async def test_a_payment_whose_first_response_was_lost_is_begun_once(
    client: httpx.AsyncClient, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    cart, order = await placed(client)
    begin = BankForTests.begin

    async def lost(*arguments: Any) -> Any:
        await begin(*arguments)
        raise ProviderUnreachable("the answer was lost")

    with monkeypatch.context() as patch:
        patch.setattr(BankForTests, "begin", lost)
        refused = await cart.send("POST", "/order/payments", json={"provider": "test"})
    assert problem_of(refused)["type"] == "urn:problem:provider-unavailable"
    (shown,) = (await payments_of(client, order))["payments"]
    assert (shown["status"], shown["reference"]) == ("created", None)
    with later(shop, MINUTE):
        await do_errands(shop)
    (shown,) = (await payments_of(client, order))["payments"]
    assert shown["status"] == "requires_action"
    states = [each async for each in bank_of(shop).since(shop.clock.now() - MINUTE)]
    assert [str(each.payment_id) for each in states] == [shown["id"]]


async def test_a_retry_extends_the_hold_up_to_an_hour(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    cart, order = await placed(client)
    with later(shop, 14 * MINUTE):
        await begun(cart)
    with later(shop, 20 * MINUTE):
        await do_errands(shop)
        assert (await order_now(client, order))["status"] == "pending"
    with later(shop, 30 * MINUTE):
        await do_errands(shop)
    assert (await order_now(client, order))["status"] == "cancelled"


@pytest.mark.parametrize("provider", ["manual", "stripe", "cash"])
async def test_only_offered_providers_are_accepted(
    client: httpx.AsyncClient, shop: Shop, provider: str
) -> None:
    cart, _ = await placed(client)
    before = await everything(shop)
    refused = await cart.send("POST", "/order/payments", json={"provider": provider})
    assert problem_of(refused)["errors"][0]["pointer"] == "#/provider"
    assert await everything(shop) == before


async def test_a_checkout_accepts_only_offered_payment_methods(
    client: httpx.AsyncClient, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (await client.get("/payment-providers")).json() == {"items": ["manual", "test"]}
    offer(monkeypatch, shop, payment_providers=("manual",))

    cart = await ready(client, {(await create_product(client))["id"]: 1})
    before = await everything(shop)
    refused = await check_out(cart, payment="test")
    assert problem_of(refused)["errors"][0]["pointer"] == "#/payment"
    assert await everything(shop) == before


@pytest.mark.parametrize("signature", [None, "", "t=1,v1=00", "v1=00", "nonsense", "t=,v1="])
async def test_an_event_that_the_bank_has_not_signed_is_refused(
    client: httpx.AsyncClient, shop: Shop, signature: str | None
) -> None:
    cart, order = await placed(client)
    payment = await begun(cart)
    before = await everything(shop)
    body, _ = bank_of(shop).event_about(payment["reference"])
    headers = {} if signature is None else {"Bank-Signature": signature}
    path = "/payment-providers/test/events"
    refused = await client.post(path, content=body, headers=headers)
    assert problem_of(refused)["type"] == "urn:problem:signature-refused"
    unknown = await client.post("/payment-providers/bank/events", content=body)
    assert problem_of(unknown)["type"] == "urn:problem:provider-not-found"
    assert await everything(shop) == before
    body, headers = bank_of(shop).event_about("bank_unknown")
    assert (await client.post(path, content=body, headers=headers)).status_code == 204
    assert order["id"]
