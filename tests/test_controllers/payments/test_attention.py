"""Payments need attention until the reason is resolved or staff has marked it as seen."""

from typing import Any

import httpx
import pytest
from msgspec.structs import replace
from sqlalchemy import select

from app.gateways.payments.bank import BankForTests
from app.gateways.payments.provider import RefundState
from app.models import AuditEvent, RefundStatus
from app.wiring.resources import Shop
from tests.support.refusals import problem_of
from tests.support.tables import everything
from tests.test_controllers.payments.setting import (
    begun,
    decide,
    do_errands,
    late,
    order_now,
    payments_of,
    placed,
)
from tests.test_controllers.payments.test_payment_events import tell_of

pytestmark = pytest.mark.any_database


async def listed(client: httpx.AsyncClient) -> list[str]:
    """Return the reasons why payments need attention."""
    found = await client.get("/payments", params={"needs_attention": "true"})
    return [each["attention"] for each in found.json()["items"]]


async def test_staff_marks_a_payment_as_seen(client: httpx.AsyncClient, shop: Shop) -> None:
    payment = await late(client, shop)
    assert await listed(client) == ["late"]
    path = f"/payments/{payment['id']}/seen"
    for _ in range(2):
        seen = await client.post(path, json={"attention": "late"})
        assert (seen.status_code, seen.json().get("attention")) == (200, None)
    assert await listed(client) == []
    async with shop.database.read() as session:
        trail = await session.scalars(select(AuditEvent).where(AuditEvent.event == "payment.seen"))
        assert [(str(each.subject_id), each.detail) for each in trail] == [
            (payment["id"], {"attention": "late"})
        ]
    # The same reason does not need attention again.
    await tell_of(client, shop, payment)
    assert await listed(client) == []


@pytest.mark.parametrize("reason", ["duplicate", "mismatch", "refund_by_hand", "unknown"])
async def test_a_reason_that_staff_has_not_named_is_kept(
    client: httpx.AsyncClient, shop: Shop, reason: str
) -> None:
    payment = await late(client, shop)
    before = await everything(shop)
    refused = await client.post(f"/payments/{payment['id']}/seen", json={"attention": reason})
    assert [each["pointer"] for each in problem_of(refused)["errors"]] == ["#/attention"]
    assert await everything(shop) == before
    assert await listed(client) == ["late"]


async def test_a_payment_whose_amount_is_corrected_pays_its_order(
    client: httpx.AsyncClient, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    cart, order = await placed(client)
    payment = await begun(cart)
    await decide(client, payment, "approve_silently")
    look = BankForTests.look

    async def other(bank: BankForTests, reference: str) -> Any:
        return replace(await look(bank, reference), amount_minor=1_999)

    monkeypatch.setattr(BankForTests, "look", other)
    await tell_of(client, shop, payment)
    assert await listed(client) == ["mismatch"]
    assert (await order_now(client, order))["status"] == "pending"
    monkeypatch.undo()
    await tell_of(client, shop, payment)
    assert await listed(client) == []
    assert (await order_now(client, order))["status"] == "paid"


async def test_a_refunded_wrong_amount_needs_no_attention(
    client: httpx.AsyncClient, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    cart, order = await placed(client)
    payment = await begun(cart)
    await decide(client, payment, "approve_silently")
    look = BankForTests.look

    async def other(bank: BankForTests, reference: str) -> Any:
        return replace(await look(bank, reference), amount_minor=1_999)

    monkeypatch.setattr(BankForTests, "look", other)
    await tell_of(client, shop, payment)
    body = {"reason": "Paid too little."}
    assert (await client.post(f"/payments/{payment['id']}/refunds", json=body)).status_code == 201
    await do_errands(shop)
    await tell_of(client, shop, payment)
    assert await listed(client) == []
    shown = await order_now(client, order)
    assert (shown["status"], shown["paid"], shown["refunded"]) == ("pending", "20.00", "20.00")


async def test_a_failed_refund_needs_no_attention_after_a_successful_one(
    client: httpx.AsyncClient, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    cart, order = await placed(client)
    payment = await begun(cart)
    await decide(client, payment)
    await do_errands(shop)

    async def failed(*_: object) -> RefundState:
        return RefundState("refund_1", RefundStatus.FAILED, "the account is closed")

    path = f"/payments/{payment['id']}/refunds"
    monkeypatch.setattr(BankForTests, "refund", failed)
    await client.post(path, json={"amount": "5.00", "reason": "Arrived broken."})
    assert await listed(client) == ["refund_failed"]
    monkeypatch.undo()
    reasons = []
    for amount in ("2.00", "3.00"):
        await client.post(path, json={"amount": amount, "reason": "To another account."})
        reasons.append(await listed(client))
    assert reasons == [["refund_failed"], []]
    assert (await payments_of(client, order))["payments"][0]["refunded"] == "5.00"
