"""The numbers of a series have no gap, even if transactions fail while they take numbers."""

import asyncio
import random
from collections.abc import Sequence
from datetime import date
from uuid import UUID

import httpx
import pytest
from sqlalchemy import select

from app.core.ids import new_id
from app.models import Invoice, InvoiceSeries
from app.repositories.invoices.invoice_repository import InvoiceRepository
from app.repositories.orders.order_repository import OrderRepository
from app.tables.orders import NewLine, NewOrder, NewStep, OrderStatus
from app.wiring.areas.invoices import provide_invoice_issue
from app.wiring.resources import Shop
from tests.support.factories import create_product

ORDERS, AT_ONCE, FAILING = 200, 16, 0.05


class Crash(Exception):
    """An error that ends a transaction after it has taken a number."""


async def paid_orders(shop: Shop, product: dict[str, str], count: int) -> list[UUID]:
    """Store paid orders."""
    now = shop.clock.now()
    product_id = UUID(product["id"])
    line = NewLine(product_id, product_id, product["sku"], product["name"], 499, 1)
    orders = [
        NewOrder(
            id=new_id(now),
            user_id=None,
            currency=shop.settings.shop_currency,
            created_at=now,
            actor="shop",
            lines=[line],
            steps=[NewStep(OrderStatus.PAID, now)],
        )
        for _ in range(count)
    ]
    async with shop.database.write() as session:
        await OrderRepository(session).add_placed(orders)
    return [each.id for each in orders]


async def issue_all(shop: Shop, order_ids: Sequence[UUID], seed: int) -> int:
    """Invoice orders concurrently, with retries; return the number of failures."""
    chance, failures, gate = random.Random(seed), 0, asyncio.Semaphore(AT_ONCE)

    async def issue(order_id: UUID) -> None:
        nonlocal failures
        async with gate:
            while True:
                try:
                    async with shop.database.write() as session:
                        await provide_invoice_issue(session, shop).invoice(order_id)
                        if chance.random() < FAILING:
                            raise Crash
                    return
                except Crash:
                    failures += 1

    await asyncio.gather(*(issue(each) for each in order_ids))
    return failures


async def test_concurrent_invoices_have_no_gap_although_transactions_fail(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    product = await create_product(client, price="4.99")
    orders = await paid_orders(shop, product, ORDERS)
    assert await issue_all(shop, [*orders, *orders[:20]], seed=1) > 0
    async with shop.database.read() as session:
        rows = (await session.scalars(select(Invoice).order_by(Invoice.number))).all()
    assert [each.number for each in rows] == list(range(1, ORDERS + 1))
    assert {each.order_id for each in rows} == set(orders)
    times = [each.issued_at for each in rows]
    assert times == sorted(times)


async def test_an_invoice_that_waits_for_its_number_over_new_year_is_of_the_new_year(
    client: httpx.AsyncClient, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    orders = await paid_orders(shop, await create_product(client, price="4.99"), 2)
    year = shop.days.day_of(shop.clock.now()).year
    to_new_year = shop.days.start_of(date(year + 1, 1, 1)) - shop.clock.now()
    lock = InvoiceRepository.lock_series
    locked: list[str] = []

    async def lock_until_new_year(self: InvoiceRepository, series: str) -> InvoiceSeries:
        counter = await lock(self, series)
        locked.append(series)
        if len(locked) == 1:
            shop.clock.move(to_new_year)
        return counter

    monkeypatch.setattr(InvoiceRepository, "lock_series", lock_until_new_year)
    try:
        assert await issue_all(shop, orders[:1], seed=1) == 0
        assert await issue_all(shop, orders[1:], seed=1) == 0
    finally:
        shop.clock.move(-to_new_year)
    assert locked == [f"R{year}-", f"R{year + 1}-", f"R{year + 1}-"]
    async with shop.database.read() as session:
        rows = (await session.scalars(select(Invoice).order_by(Invoice.number))).all()
    assert [(each.series, each.number) for each in rows] == [(f"R{year + 1}-", n) for n in (1, 2)]
    assert {each.issued_on for each in rows} == {date(year + 1, 1, 1)}
