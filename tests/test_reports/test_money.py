"""Reports of days with payments and invoices: they add up to the minor unit, or are refused."""

from datetime import date, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text, update

from app.errors import ReportUnbalanced
from app.jobs.daily_reports import make_due_reports, make_report
from app.models import DailyReport
from app.repositories.reports.money_repository import MoneyRepository, Remainder
from app.repositories.reports.report_repository import ReportRepository
from app.services.reports.report_maker import Outcome
from app.wiring.areas.reports import provide_report_maker
from app.wiring.resources import Shop
from tests.support.accounts import later
from tests.test_controllers.invoices.setting import charge, pay, placed, refund
from tests.test_controllers.payments.setting import do_errands, order_now
from tests.test_reports.books import at_moment, everything_of
from tests.test_reports.conftest import NOON

DAY = timedelta(days=1)
# 3 x 4.99 and 2 x 12.50.
TOTAL = "39.97"


async def money_of(client: httpx.AsyncClient, shop: Shop, day: date) -> list[dict[str, Any]]:
    """Make the report of a day, assert that it is the same when made again; return its money."""
    assert await make_report(shop, day) is Outcome.MADE
    stored = await everything_of(shop, day)
    assert await make_report(shop, day) is Outcome.UNCHANGED
    assert await everything_of(shop, day) == stored
    money: list[dict[str, Any]] = (await client.get(f"/reports/{day}")).json().get("money", [])
    return money


def told(*amounts: str, provider: str = "test") -> dict[str, Any]:
    """Return the money of a report whose payments all have one provider."""
    names = ("captured", "refunded", "invoiced", "credited")
    left = ("not_invoiced", "overpaid", "not_paid")
    providers = [{"provider": provider, "captured": amounts[0], "refunded": amounts[1]}]
    return {
        "currency": "USD",
        **dict(zip((*names, *left), amounts, strict=True)),
        "providers": providers if amounts[0] != "0.00" or amounts[1] != "0.00" else [],
    }


async def test_the_payments_and_invoices_of_a_day_add_up(
    client: httpx.AsyncClient, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    await charge(client, shop, monkeypatch)
    day = shop.days.day_of(shop.clock.now())
    cart, order, _ = await placed(client)
    payment = await pay(client, shop, cart)
    with later(shop, DAY):
        await refund(client, shop, payment, "9.96")
        money = await money_of(client, shop, day)
        assert money == [told(TOTAL, "0.00", TOTAL, "0.00", "0.00", "0.00", "0.00")]
        listed = (await client.get("/reports")).json()["items"]
        assert [each["money"] for each in listed] == [money]
        # The order is paid twice. No invoice contains the second payment, so that its refund
        # needs no credit note.
        body = {"amount": "39.97", "received_on": str(day)}
        response = await client.post(f"/orders/{order['id']}/payments/record", json=body)
        assert response.status_code == 201, response.text
        await do_errands(shop)
    with later(shop, 2 * DAY):
        money = await money_of(client, shop, day + DAY)
    # The surplus of 39.97 waits for a refund by hand; 9.96 were refunded before.
    assert (await order_now(client, order))["refunded"] == "9.96"
    [its] = money
    providers = its.pop("providers")
    assert its == {
        "currency": "USD",
        "captured": "39.97",
        "refunded": "9.96",
        "invoiced": "0.00",
        "credited": "9.96",
        "not_invoiced": "0.00",
        "overpaid": "39.97",
        "not_paid": "0.00",
    }
    assert providers == [
        {"provider": "manual", "captured": "39.97", "refunded": "0.00"},
        {"provider": "test", "captured": "0.00", "refunded": "9.96"},
    ]


async def test_a_paid_amount_is_reported_as_not_invoiced_until_it_is_invoiced(
    client: httpx.AsyncClient, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    await charge(client, shop, monkeypatch, invoice_on="shipped")
    day = shop.days.day_of(shop.clock.now())
    cart, order, _ = await placed(client)
    await pay(client, shop, cart)
    with later(shop, DAY):
        money = await money_of(client, shop, day)
        assert money == [told(TOTAL, "0.00", "0.00", "0.00", TOTAL, "0.00", "0.00")]
        response = await client.post(f"/orders/{order['id']}/invoices")
        assert response.status_code == 201, response.text
    with later(shop, 2 * DAY):
        money = await money_of(client, shop, day + DAY)
    assert money == [told("0.00", "0.00", TOTAL, "0.00", "-39.97", "0.00", "0.00")]


async def test_an_invoiced_amount_is_reported_as_not_paid(
    client: httpx.AsyncClient, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    await charge(client, shop, monkeypatch)
    day = shop.days.day_of(shop.clock.now())
    _, order, _ = await placed(client)
    assert (await client.post(f"/orders/{order['id']}/invoices")).status_code == 201
    with later(shop, DAY):
        money = await money_of(client, shop, day)
    assert money == [told("0.00", "0.00", TOTAL, "0.00", "0.00", "0.00", TOTAL)]


async def test_a_report_without_payments_has_no_money(open_shop: Shop) -> None:
    async with at_moment(open_shop, NOON + 2 * DAY):
        assert len(await make_due_reports(open_shop)) == 2
    async with open_shop.database.read() as session:
        found = await ReportRepository(session).between(date.min, date.max)
        assert [each.money_count for each in found] == [0, 0]
        assert not await ReportRepository(session).money_of([each.report_day for each in found])


PLANTED = (
    ("UPDATE payments SET captured_minor = captured_minor + 1", "payments with their steps"),
    ("UPDATE payments SET refunded_minor = refunded_minor + 1", "payments with their steps"),
    (
        "UPDATE payment_steps SET captured_minor = captured_minor - 1 WHERE seq = "
        "(SELECT max(seq) FROM payment_steps)",
        "payments with their steps",
    ),
    (
        "UPDATE payment_steps SET captured_minor = 1 WHERE seq = 1",
        "payments with their steps",
    ),
    (
        "UPDATE payment_steps SET refunded_minor = refunded_minor - 1 WHERE seq = "
        "(SELECT max(seq) FROM payment_steps)",
        "payments with their steps",
    ),
    ("UPDATE refunds SET amount_minor = amount_minor + 1", "payments with their refunds"),
    ("UPDATE refunds SET status = 'pending'", "payments with their refunds"),
    ("UPDATE orders SET paid_minor = paid_minor - 1", "orders with their payments"),
    ("UPDATE orders SET refunded_minor = refunded_minor + 1", "orders with their payments"),
    (
        "UPDATE invoices SET total_minor = total_minor + 1, net_minor = net_minor + 1 "
        "WHERE kind = 'invoice'",
        "the document R",
    ),
    (
        "UPDATE invoices SET tax_minor = tax_minor - 1, net_minor = net_minor + 1 "
        "WHERE kind = 'credit_note'",
        "the document G",
    ),
    ("UPDATE invoices SET lines = '[]'", "the document"),
)
"""Planted differences, each with the name in the refusal."""


async def test_a_day_whose_money_does_not_add_up_is_refused(
    client: httpx.AsyncClient, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    await charge(client, shop, monkeypatch)
    day = shop.days.day_of(shop.clock.now())
    cart, _, _ = await placed(client)
    await refund(client, shop, await pay(client, shop, cart), "1.00")
    with later(shop, DAY):
        for change, what in PLANTED:
            with pytest.raises(ReportUnbalanced, match=what):
                # The refusal also rolls back the planted difference.
                async with shop.database.write() as session:
                    await session.execute(text(change))
                    await provide_report_maker(session, shop).make(day)
        assert (await client.get(f"/reports/{day}")).status_code == 404
        assert await make_report(shop, day) is Outcome.MADE


async def test_a_remainder_that_is_wrong_by_one_unit_is_refused(
    client: httpx.AsyncClient, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    await charge(client, shop, monkeypatch)
    day = shop.days.day_of(shop.clock.now())
    cart, _, _ = await placed(client)
    await pay(client, shop, cart)

    async def remainders(_its: Any, _window: Any) -> list[Remainder]:
        return [Remainder("USD", 0, 1, 0)]

    monkeypatch.setattr(MoneyRepository, "remainders", remainders)
    with later(shop, DAY), pytest.raises(ReportUnbalanced, match="payments and invoices in USD"):
        await make_report(shop, day)


async def test_a_report_of_a_release_without_money_keeps_its_digest(
    client: httpx.AsyncClient, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    await charge(client, shop, monkeypatch)
    day = shop.days.day_of(shop.clock.now())
    cart, _, _ = await placed(client)
    await pay(client, shop, cart)
    own = MoneyRepository.count

    async def nothing(_its: Any, _window: Any) -> int:
        return 0

    with later(shop, DAY):
        monkeypatch.setattr(MoneyRepository, "count", nothing)
        await make_report(shop, day)
        monkeypatch.setattr(MoneyRepository, "count", own)
        async with shop.database.write() as session:
            await session.execute(update(DailyReport).values(money_count=None))
        stored = await everything_of(shop, day)
        assert day not in await make_due_reports(shop)
        assert await make_report(shop, day) is Outcome.UNCHANGED
        assert await everything_of(shop, day) == stored
        assert "money" not in (await client.get(f"/reports/{day}")).json()


async def test_a_report_is_made_again_after_a_payment_that_is_committed_late(
    client: httpx.AsyncClient, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    await charge(client, shop, monkeypatch)
    day = shop.days.day_of(shop.clock.now())
    cart, _, _ = await placed(client)
    with later(shop, DAY):
        assert await money_of(client, shop, day) == []
    await pay(client, shop, cart)
    with later(shop, DAY):
        assert await make_due_reports(shop) == [day]
        money = (await client.get(f"/reports/{day}")).json()["money"]
    assert money == [told(TOTAL, "0.00", TOTAL, "0.00", "0.00", "0.00", "0.00")]
