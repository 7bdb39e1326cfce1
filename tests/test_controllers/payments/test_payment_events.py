"""Each change of a payment, a refund or an invoice is announced once, in its transaction."""

import json
from typing import Any

import httpx
import pytest
from sqlalchemy import delete, select

from app.gateways.payments.bank import BankForTests
from app.gateways.payments.provider import ProviderRefusal, RefundState
from app.models import OutboxMessage, RefundStatus
from app.wiring.areas.payments import bank_of
from app.wiring.resources import Shop
from tests.support.accounts import later
from tests.support.factories import create_product, order_in
from tests.test_controllers.carts.setting import DE, Customer
from tests.test_controllers.checkout.setting import ordered, ready
from tests.test_controllers.payments.setting import (
    begun,
    decide,
    do_errands,
    late,
    offer,
    payments_of,
    placed,
)
from tests.test_controllers.payments.test_payments import MINUTE

Told = list[tuple[str, Any]]


@pytest.fixture(name="told", autouse=True)
def with_a_broker(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Store events in the outbox, from which no process sends them."""
    offer(monkeypatch, shop, rabbitmq_host="127.0.0.1")


async def news_of(shop: Shop) -> Told:
    """Return the events about money since the last call, with their main values."""
    async with shop.database.write() as session:
        rows = (await session.scalars(select(OutboxMessage).order_by("position"))).all()
        await session.execute(delete(OutboxMessage))
    found: Told = []
    for each in rows:
        body = json.loads(each.body)
        data = body["data"]
        area = each.routing_key.partition(".")[0]
        if area not in ("payment", "refund", "invoice", "credit_note"):
            continue
        assert each.subject == data["order_id"]
        for private in ("ada@example.com", DE["street"], "Ada", "Statement 12"):
            assert private not in each.body.decode()
        is_about_attention = each.routing_key == "payment.needs_attention"
        amount = {"payment": "captured", "refund": "amount"}.get(area, "total")
        found.append((each.routing_key, data["attention" if is_about_attention else amount]))
    return found


async def tell_of(client: httpx.AsyncClient, shop: Shop, payment: dict[str, Any]) -> None:
    """Send an event of the bank about a payment, and run the errands that are due."""
    body, headers = bank_of(shop).event_about(payment["reference"])
    sent = await client.post("/payment-providers/test/events", content=body, headers=headers)
    assert sent.status_code == 204
    await do_errands(shop)


async def paid(client: httpx.AsyncClient, shop: Shop) -> tuple[Customer, dict[str, Any]]:
    """Return the cart of an order that was paid at the bank, and its payment."""
    cart, _ = await placed(client)
    payment = await begun(cart)
    await decide(client, payment)
    await do_errands(shop)
    assert await news_of(shop) == [("payment.captured", "20.00"), ("invoice.issued", "20.00")]
    return cart, payment


async def return_money(client: httpx.AsyncClient, payment: dict[str, Any], amount: str) -> None:
    """Refund money of a payment."""
    body = {"amount": amount, "reason": "Broken."}
    sent = await client.post(f"/payments/{payment['id']}/refunds", json=body)
    assert sent.status_code == 201, sent.text


async def test_captured_and_refunded_money_is_announced_once(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    _, payment = await paid(client, shop)
    await tell_of(client, shop, payment)
    assert await news_of(shop) == []
    await return_money(client, payment, "5.00")
    await do_errands(shop)
    assert await news_of(shop) == [("refund.succeeded", "5.00"), ("credit_note.issued", "5.00")]
    await tell_of(client, shop, payment)
    assert await news_of(shop) == []


async def test_an_authorisation_its_capture_and_its_end_are_announced(
    client: httpx.AsyncClient, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer(monkeypatch, shop, payment_capture="on_shipment")
    for verb, body, news in (
        ("capture", {"amount": "15.00"}, ("payment.captured", "15.00")),
        ("void", None, ("payment.voided", "0.00")),
    ):
        cart, _ = await placed(client)
        payment = await begun(cart)
        await decide(client, payment)
        await do_errands(shop)
        assert await news_of(shop) == [("payment.authorised", "0.00"), ("invoice.issued", "20.00")]
        moved = await client.post(f"/payments/{payment['id']}/{verb}", json=body)
        assert moved.status_code == 200, moved.text
        await tell_of(client, shop, payment)
        assert await news_of(shop) == [news]


async def test_a_failed_payment_is_announced(
    client: httpx.AsyncClient, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    cart, _ = await placed(client)
    payment = await begun(cart)
    await decide(client, payment, "decline")
    await do_errands(shop)
    await tell_of(client, shop, payment)
    assert await news_of(shop) == [("payment.failed", "0.00")]

    async def refused(*_: object) -> Any:
        raise ProviderRefusal("card_declined", "no")

    monkeypatch.setattr(BankForTests, "begin", refused)
    sent = await cart.send("POST", "/order/payments", json={"provider": "test"})
    assert sent.status_code == 409
    assert await news_of(shop) == [("payment.failed", "0.00")]


async def test_a_refused_request_announces_nothing(client: httpx.AsyncClient, shop: Shop) -> None:
    _, payment = await paid(client, shop)
    for path, body in (
        ("refunds", {"amount": "20.01", "reason": "x"}),
        ("capture", {}),
        ("void", None),
    ):
        refused = await client.post(f"/payments/{payment['id']}/{path}", json=body)
        assert refused.status_code == 409, path
    assert await news_of(shop) == []


async def test_excess_money_needs_attention(client: httpx.AsyncClient, shop: Shop) -> None:
    cart, _ = await placed(client)
    for each in (await begun(cart), await begun(cart)):
        await decide(client, each, "approve_silently")
    with later(shop, MINUTE):
        await do_errands(shop)
    assert sorted(await news_of(shop)) == [
        ("invoice.issued", "20.00"),
        ("payment.captured", "20.00"),
        ("payment.captured", "20.00"),
        ("payment.needs_attention", "duplicate"),
        ("refund.succeeded", "20.00"),
    ]
    await late(client, shop)
    assert await news_of(shop) == [
        ("payment.captured", "20.00"),
        ("payment.needs_attention", "late"),
        ("refund.succeeded", "20.00"),
    ]


async def test_a_refund_that_is_made_at_the_bank_needs_attention_once(
    client: httpx.AsyncClient, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, payment = await paid(client, shop)
    for number, news in ((1, [("payment.needs_attention", "refunded_elsewhere")]), (2, [])):
        await bank_of(shop).refund(payment["reference"], 300, f"by hand {number}")
        for _ in range(2):
            await tell_of(client, shop, payment)
        made, *others = await news_of(shop)
        assert made == ("refund.succeeded", "3.00")
        assert others == [*news, ("credit_note.issued", "3.00")]

    async def failed(*_: object) -> RefundState:
        return RefundState("refund_1", RefundStatus.FAILED, "the account is closed")

    monkeypatch.setattr(BankForTests, "refund", failed)
    await return_money(client, payment, "1.00")
    await do_errands(shop)
    assert await news_of(shop) == [
        ("refund.failed", "1.00"),
        ("payment.needs_attention", "refund_failed"),
    ]


async def test_a_wrong_amount_needs_attention(
    client: httpx.AsyncClient, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    cart, _ = await placed(client)
    payment = await begun(cart)
    await decide(client, payment, "approve_silently")
    look = BankForTests.look

    async def other(bank: BankForTests, reference: str) -> Any:
        state = await look(bank, reference)
        return type(state)(
            **{name: getattr(state, name) for name in state.__struct_fields__}
            | {"amount_minor": 1_999}
        )

    monkeypatch.setattr(BankForTests, "look", other)
    for _ in range(2):
        await tell_of(client, shop, payment)
    assert await news_of(shop) == [
        ("payment.captured", "20.00"),
        ("payment.needs_attention", "mismatch"),
    ]


async def test_money_that_staff_must_return_needs_attention_until_all_is_returned(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    product = await create_product(client, price="10.00", stock_quantity=10)
    order = await ordered(await ready(client, {product["id"]: 2}))
    body = {"amount": "20.00", "received_on": "2026-01-31", "note": "Statement 12."}
    path = f"/orders/{order['id']}/payments/record"
    payment = (await client.post(path, json=body)).json()
    await do_errands(shop)
    assert await news_of(shop) == [("payment.captured", "20.00"), ("invoice.issued", "20.00")]
    for amount in ("5.00", "6.00"):
        await return_money(client, payment, amount)
    assert await news_of(shop) == [("payment.needs_attention", "refund_by_hand")]
    attentions = []
    for each in (await payments_of(client, order))["refunds"]:
        for _ in range(2):
            assert (await client.post(f"/refunds/{each['id']}/record")).status_code == 200
        attentions.append((await client.get(f"/payments/{payment['id']}")).json().get("attention"))
    assert attentions == ["refund_by_hand", None]
    assert await news_of(shop) == [("refund.succeeded", "5.00"), ("refund.succeeded", "6.00")]
    await do_errands(shop)
    assert [name for name, _ in await news_of(shop)] == ["credit_note.issued"] * 2


async def test_an_order_paid_in_another_system_announces_no_payment(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    order = await order_in(client, "paid", await create_product(client))
    for _ in range(2):
        assert (await client.post(f"/orders/{order['id']}/invoices")).is_success
    assert [name for name, _ in await news_of(shop)] == ["invoice.issued"]
