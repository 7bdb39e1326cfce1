"""Each night, payments are compared with those of providers; unknown ones are recorded once."""

import logging
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import delete, select

from app.gateways.payments.bank import BankForTests
from app.gateways.payments.provider import ProviderUnreachable
from app.models import (
    AuditEvent,
    Errand,
    Order,
    OrderChange,
    OrderItem,
    OrderMailRecord,
    Payment,
    PaymentStep,
)
from app.services.orders.payments.unknown_payments import RECONCILE
from app.wiring.lifecycle import plan_comparisons
from app.wiring.resources import Shop
from tests.support.accounts import later
from tests.test_controllers.checkout.setting import order_row
from tests.test_controllers.payments.setting import begun, decide, do_errands, placed

DAY = timedelta(days=1)


async def nights(shop: Shop) -> list[datetime]:
    """Return the times of the planned comparisons of payments."""
    async with shop.database.read() as session:
        query = select(Errand.due_at).where(Errand.kind == RECONCILE)
        return list(await session.scalars(query))


async def recorded(shop: Shop) -> list[dict[str, Any]]:
    """Return the recorded payments that only the bank knows."""
    async with shop.database.read() as session:
        query = select(AuditEvent).where(AuditEvent.event == "payment.unknown")
        rows = (await session.scalars(query)).all()
    assert {(each.actor, each.address) for each in rows} <= {("system", None)}
    return [each.detail for each in rows]


async def forget_orders(shop: Shop) -> None:
    """Delete all orders, as if an older backup had been restored."""
    async with shop.database.write() as session:
        for table in (PaymentStep, Payment, OrderMailRecord, OrderItem, OrderChange, Order):
            await session.execute(delete(table))
        await session.execute(delete(Errand).where(Errand.kind != RECONCILE))


async def test_a_payment_that_only_the_bank_knows_is_recorded_once(
    client: httpx.AsyncClient, shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    await plan_comparisons(shop)
    (first,) = await nights(shop)
    assert first == shop.days.start_of(shop.days.day_of(shop.clock.now()) + DAY) + DAY / 6
    cart, order = await placed(client)
    payment = await begun(cart)
    await decide(client, payment, "approve_silently")
    await forget_orders(shop)
    with caplog.at_level(logging.ERROR, "app.services.orders.payments"):
        for number in range(2):
            with later(shop, first - shop.clock.now() + number * DAY):
                await do_errands(shop)
            assert await nights(shop) == [first + (number + 1) * DAY]
    told = {
        "provider": "test",
        "reference": payment["reference"],
        "status": "captured",
        "amount": "20.00",
        "captured": "20.00",
        "currency": "USD",
        "order_id": order["id"],
        "order_number": order["number"],
    }
    assert await recorded(shop) == [told]
    assert [payment["reference"] in each.getMessage() for each in caplog.records] == [True]


async def test_a_payment_whose_event_was_lost_is_found_by_the_comparison(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    await plan_comparisons(shop)
    cart, order = await placed(client)
    await decide(client, await begun(cart), "approve_silently")
    async with shop.database.write() as session:
        await session.execute(delete(Errand).where(Errand.kind != RECONCILE))
    with later(shop, DAY + DAY / 6):
        await do_errands(shop)
    assert (await order_row(shop, order["id"])).status == "paid"
    assert await recorded(shop) == []


async def test_a_start_does_not_move_a_comparison_that_is_planned(shop: Shop) -> None:
    await plan_comparisons(shop)
    planned = await nights(shop)
    with later(shop, 2 * DAY):
        await plan_comparisons(shop)
    assert await nights(shop) == planned
    async with shop.database.write() as session:
        errand = (await session.scalars(select(Errand))).one()
        errand.given_up_at = shop.clock.now()
    with later(shop, 2 * DAY):
        await plan_comparisons(shop)
    assert await nights(shop) == [planned[0] + 2 * DAY]


async def test_the_comparison_with_an_unreachable_bank_is_repeated_in_the_same_night(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> AsyncIterator[Any]:
        raise ProviderUnreachable("away")
        yield

    await plan_comparisons(shop)
    (first,) = await nights(shop)
    monkeypatch.setattr(BankForTests, "since", away)
    with later(shop, first - shop.clock.now()):
        await do_errands(shop)
    (again,) = await nights(shop)
    assert first < again < first + timedelta(minutes=2)
    monkeypatch.undo()
    with later(shop, again - shop.clock.now()):
        await do_errands(shop)
    assert await nights(shop) == [first + DAY]
    assert await recorded(shop) == []
