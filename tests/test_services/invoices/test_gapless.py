"""The numbers of a series have no gap, even if transactions fail while they take numbers."""

import asyncio
import random
from collections.abc import Sequence
from uuid import UUID

import httpx
from sqlalchemy import select

from app.core.ids import new_id
from app.models import Invoice
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
