"""Staff records, captures, voids and refunds payments, in parts and never in excess."""

import asyncio
from datetime import timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest
from msgspec.structs import replace

from app.gateways.payments.bank import BankForTests
from app.gateways.payments.provider import ProviderUnreachable, RefundState
from app.models import RefundStatus
from app.wiring.areas.payments import bank_of
from app.wiring.resources import Shop
from tests.support.accounts import later
from tests.support.factories import create_product, order_in
from tests.support.refusals import NOTHING, problem_of
from tests.support.tables import everything
from tests.test_controllers.checkout.setting import ordered, ready
from tests.test_controllers.payments.setting import (
    begun,
    decide,
    do_errands,
    offer,
    order_now,
    payments_of,
    placed,
)
from tests.test_controllers.payments.test_payments import MINUTE


async def paid(client: httpx.AsyncClient, shop: Shop) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return an order that was paid at the bank, and its payment."""
    cart, order = await placed(client)
    payment = await begun(cart)
    await decide(client, payment)
    await do_errands(shop)
    return order, payment


async def refund(
    client: httpx.AsyncClient, payment: dict[str, Any], amount: str | None, **headers: str
) -> httpx.Response:
    """Send a request for a refund."""
    body = {"reason": "Arrived broken."} | ({} if amount is None else {"amount": amount})
    return await client.post(f"/payments/{payment['id']}/refunds", json=body, headers=headers)


async def test_a_payment_is_refunded_in_parts_and_never_in_excess(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    order, payment = await paid(client, shop)
    first = await refund(client, payment, "12.34")
    assert first.status_code == 201, first.text
    assert (first.json()["status"], first.json()["amount"]) == ("succeeded", "12.34")
    assert (await client.get(f"/refunds/{first.json()['id']}")).json() == first.json()
    before = await everything(shop)
    for amount in ("7.67", "20.00", "0", "-1", "0.001", "x"):
        refused = await refund(client, payment, amount)
        assert refused.status_code in (400, 409), amount
    assert problem_of(await refund(client, payment, "7.67"))["left"] == "7.66"
    assert await everything(shop) == before
    assert (await refund(client, payment, None)).json()["amount"] == "7.66"
    assert problem_of(await refund(client, payment, None))["type"] == "urn:problem:amount-too-large"
    shown = await order_now(client, order)
    assert (shown["status"], shown["paid"], shown["refunded"]) == ("paid", "20.00", "20.00")
    assert (await bank_of(shop).look(payment["reference"])).refunded_minor == 2_000


async def test_concurrent_refunds_never_exceed_the_payment(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    order, payment = await paid(client, shop)
    answers = await asyncio.gather(*(refund(client, payment, "6.00") for _ in range(8)))
    assert sorted(each.status_code for each in answers) == [201] * 3 + [409] * 5
    assert (await bank_of(shop).look(payment["reference"])).refunded_minor == 1_800
    assert (await order_now(client, order))["refunded"] == "18.00"


async def test_a_repeated_refund_with_the_same_key_is_made_once(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    order, payment = await paid(client, shop)
    key = {"Idempotency-Key": "refund-1"}
    answers = await asyncio.gather(*(refund(client, payment, "6.00", **key) for _ in range(4)))
    assert {each.json()["id"] for each in answers} == {answers[0].json()["id"]}
    assert (await order_now(client, order))["refunded"] == "6.00"


async def test_a_refund_whose_response_was_lost_is_made_once(
    client: httpx.AsyncClient, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    order, payment = await paid(client, shop)
    make = BankForTests.refund

    async def lost(*arguments: Any) -> Any:
        await make(*arguments)
        raise ProviderUnreachable("the answer was lost")

    with monkeypatch.context() as patch:
        patch.setattr(BankForTests, "refund", lost)
        asked = await refund(client, payment, "5.00")
    assert (asked.status_code, asked.json()["status"]) == (201, "asked")
    with later(shop, MINUTE):
        await do_errands(shop)
    (found,) = (await payments_of(client, order))["refunds"]
    assert (found["id"], found["status"]) == (asked.json()["id"], "succeeded")
    assert (await bank_of(shop).look(payment["reference"])).refunded_minor == 500


async def test_a_refund_is_retried_until_the_provider_responds(
    client: httpx.AsyncClient, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    order, payment = await paid(client, shop)

    async def unreachable(*_: object) -> Any:
        raise ProviderUnreachable("no answer")

    with monkeypatch.context() as patch:
        patch.setattr(BankForTests, "refund", unreachable)
        assert (await refund(client, payment, "5.00")).json()["status"] == "asked"
        for hour in range(12):
            with later(shop, timedelta(hours=1 + hour)):
                await do_errands(shop)
    assert (await bank_of(shop).look(payment["reference"])).refunded_minor == 0
    with later(shop, timedelta(hours=14)):
        await do_errands(shop)
    (found,) = (await payments_of(client, order))["refunds"]
    assert found["status"] == "succeeded"
    assert (await bank_of(shop).look(payment["reference"])).refunded_minor == 500


async def test_a_refund_that_fails_later_is_recorded(
    client: httpx.AsyncClient, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    order, payment = await paid(client, shop)
    assert (await refund(client, payment, "5.00")).json()["status"] == "succeeded"
    look = BankForTests.look

    async def sent_back(bank: BankForTests, reference: str) -> Any:
        return replace(await look(bank, reference), refunded_minor=0)

    async def failed(*_: object) -> RefundState:
        return RefundState("refund_1", RefundStatus.FAILED, "the account is closed")

    monkeypatch.setattr(BankForTests, "look", sent_back)
    monkeypatch.setattr(BankForTests, "refund", failed)
    body, headers = bank_of(shop).event_about(payment["reference"])
    path = "/payment-providers/test/events"
    assert (await client.post(path, content=body, headers=headers)).status_code == 204
    await do_errands(shop)
    found = await payments_of(client, order)
    assert [(each["status"], each["failure"]) for each in found["refunds"]] == [
        ("failed", "the account is closed")
    ]
    assert found["payments"][0]["attention"] == "refund_failed"
    assert (await order_now(client, order)).get("refunded") is None
    # The shop does not retry it by itself; staff can.
    monkeypatch.undo()
    again = await refund(client, payment, "5.00")
    assert again.json()["status"] == "succeeded"


async def test_a_refund_at_the_bank_is_recorded(client: httpx.AsyncClient, shop: Shop) -> None:
    order, payment = await paid(client, shop)
    await bank_of(shop).refund(payment["reference"], 300, "by hand")
    body, headers = bank_of(shop).event_about(payment["reference"])
    path = "/payment-providers/test/events"
    assert (await client.post(path, content=body, headers=headers)).status_code == 204
    await do_errands(shop)
    found = await payments_of(client, order)
    assert [(each["amount"], each["actor"]) for each in found["refunds"]] == [("3.00", "test")]
    assert found["payments"][0]["attention"] == "refunded_elsewhere"
    before = await everything(shop)
    assert (await client.post(path, content=body, headers=headers)).status_code == 204
    await do_errands(shop)
    assert await everything(shop) == before


async def test_money_is_captured_when_an_order_is_shipped(
    client: httpx.AsyncClient, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer(monkeypatch, shop, payment_capture="on_shipment")
    order, payment = await paid(client, shop)
    shown = await order_now(client, order)
    assert (shown["status"], shown.get("paid")) == ("paid", None)
    assert (await bank_of(shop).look(payment["reference"])).captured_minor == 0
    path = f"/orders/{order['id']}"
    assert (await client.patch(path, json={"status": "shipped"})).status_code == 200
    await do_errands(shop)
    shown = await order_now(client, order)
    assert (shown["status"], shown["paid"]) == ("shipped", "20.00")
    assert (await bank_of(shop).look(payment["reference"])).captured_minor == 2_000


async def test_a_part_of_an_authorisation_is_captured_and_the_rest_released(
    client: httpx.AsyncClient, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer(monkeypatch, shop, payment_capture="on_shipment")
    order, payment = await paid(client, shop)
    path = f"/payments/{payment['id']}/capture"
    assert problem_of(await client.post(path, json={"amount": "20.01"}))["left"] == "20.00"
    taken = await client.post(path, json={"amount": "15.00"})
    assert (taken.status_code, taken.json()["captured"]) == (200, "15.00")
    again = await client.post(path, json={})
    assert problem_of(again)["type"] == "urn:problem:capture-not-possible"
    ended = await client.post(f"/payments/{payment['id']}/void")
    assert problem_of(ended)["type"] == "urn:problem:capture-not-possible"
    assert (await order_now(client, order))["paid"] == "15.00"


async def test_the_authorisation_of_a_cancelled_order_is_voided(
    client: httpx.AsyncClient, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer(monkeypatch, shop, payment_capture="on_shipment")
    order, payment = await paid(client, shop)
    assert (await client.post(f"/orders/{order['id']}/cancel")).status_code == 200
    await do_errands(shop)
    (shown,) = (await payments_of(client, order))["payments"]
    assert (shown["status"], shown["captured"]) == ("voided", "0.00")
    assert (await bank_of(shop).look(payment["reference"])).status == "voided"


async def test_staff_records_a_payment_in_parts(client: httpx.AsyncClient, shop: Shop) -> None:
    product = await create_product(client, price="10.00", stock_quantity=10)
    order = await ordered(await ready(client, {product["id"]: 2}))
    path = f"/orders/{order['id']}/payments/record"
    for amount, status in (("5.00", "pending"), ("15.00", "paid")):
        body = {"amount": amount, "received_on": "2026-01-31", "note": "Statement 12."}
        recorded = await client.post(path, json=body)
        assert recorded.status_code == 201, recorded.text
        assert recorded.json()["note"] == "Received on 2026-01-31. Statement 12."
        assert (await order_now(client, order))["status"] == status
    assert (await order_now(client, order))["paid"] == "20.00"
    # The excess is refunded manually.
    body = {"amount": "1.00", "received_on": "2026-02-01"}
    payment = (await client.post(path, json=body)).json()
    (found,) = (await payments_of(client, order))["refunds"]
    assert (found["status"], found["amount"], found["payment_id"]) == (
        "asked",
        "1.00",
        payment["id"],
    )
    await do_errands(shop)
    (found,) = (await payments_of(client, order))["refunds"]
    assert found["status"] == "asked"
    done = await client.post(f"/refunds/{found['id']}/record")
    assert (done.status_code, done.json()["status"]) == (200, "succeeded")
    assert (await order_now(client, order))["refunded"] == "1.00"
    shown = (await client.get(f"/payments/{payment['id']}")).json()
    assert (shown["refunded"], shown.get("attention")) == ("1.00", None)


async def test_an_order_of_a_cart_that_staff_marks_as_paid_has_a_payment(
    client: httpx.AsyncClient,
) -> None:
    product = await create_product(client, price="10.00", stock_quantity=10)
    order = await ordered(await ready(client, {product["id"]: 2}))
    path = f"/orders/{order['id']}"
    assert (await client.patch(path, json={"status": "paid"})).json()["paid"] == "20.00"
    assert (await client.post(f"{path}/cancel")).status_code == 200
    (found,) = (await payments_of(client, order))["refunds"]
    assert (found["amount"], found["reason"]) == ("20.00", "The order was cancelled.")
    (payment,) = (await payments_of(client, order))["payments"]
    assert (payment["provider"], payment["attention"]) == ("manual", "refund_by_hand")


async def test_orders_of_other_systems_do_not_change(client: httpx.AsyncClient) -> None:
    order = await order_in(client, "paid", await create_product(client))
    nothing = dict.fromkeys(("authorised", "captured", "refunded", "open"), "0.00")
    sums = {"owed": "4.99", "currency": "USD", **nothing}
    assert await payments_of(client, order) == {"payments": [], "refunds": [], "sums": sums}
    assert "paid" not in order
    assert (await client.post(f"/orders/{order['id']}/cancel")).json()["status"] == "cancelled"
    sums |= {"owed": "0.00"}
    assert await payments_of(client, order) == {"payments": [], "refunds": [], "sums": sums}


async def test_a_missing_payment_refund_or_order_is_not_found(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    order, payment = await paid(client, shop)
    made = (await refund(client, payment, "1.00")).json()
    before = await everything(shop)
    for path, body in (
        (f"/payments/{NOTHING}/refunds", {"reason": "x"}),
        (f"/payments/{NOTHING}/capture", {}),
        (f"/payments/{NOTHING}/void", None),
        (f"/refunds/{NOTHING}/record", None),
        (f"/orders/{NOTHING}/payments", {"provider": "test"}),
        (f"/orders/{NOTHING}/payments/record", {"amount": "1", "received_on": "2026-01-31"}),
    ):
        assert (await client.post(path, json=body)).status_code == 404, path
    recorded = await client.post(f"/refunds/{made['id']}/record")
    assert problem_of(recorded)["type"] == "urn:problem:refund-not-manual"
    assert await everything(shop) == before
    assert Decimal((await order_now(client, order))["refunded"]) == 1
