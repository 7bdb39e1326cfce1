"""Batches that change the same rows wait for each other, without a deadlock."""

import asyncio
import logging
from typing import Any

import httpx
import pytest
from msgspec.structs import replace
from sqlalchemy import select

from app.messaging.commands import COMMANDS, Outcome, Services
from app.messaging.delivery import Delivery
from app.messaging.pipeline import Pipeline
from app.models import Order, OrderItem
from app.wiring.resources import Shop
from tests.support.factories import create_product, create_user
from tests.support.ledger import stock_of
from tests.test_messaging.deliveries import (
    assert_balanced,
    change,
    codes_of,
    message,
    move,
    order,
    postponed_in,
    product_of,
)

PRODUCTS = 12
ROUNDS = 5


@pytest.fixture(name="logged")
def log_of_outages(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """The log of problems with the database."""
    caplog.set_level(logging.WARNING, "app.database.outages")
    return caplog


def assert_no_deadlock(logged: pytest.LogCaptureFixture) -> None:
    """Assert that no deadlock was logged."""
    assert [each for each in logged.messages if "deadlock" in each] == []


async def products_in(client: httpx.AsyncClient) -> list[dict[str, Any]]:
    """Add products."""
    return [await create_product(client, stock_quantity=1_000) for _ in range(PRODUCTS)]


async def placed_of(shop: Shop, user: dict[str, Any], products: list[dict[str, Any]]) -> list[str]:
    """Place an order for each product, in one batch; return their ids."""
    await Pipeline(shop).process([message("order", order(user, each)) for each in products])
    query = select(OrderItem.variant_id, OrderItem.order_id)
    async with shop.database.read() as session:
        newest_last = await session.execute(query.join(Order).order_by(Order.number))
    ids = {str(variant_id): str(order_id) for variant_id, order_id in newest_last}
    return [ids[each["id"]] for each in products]


async def process_both(
    shop: Shop, messages: list[Delivery], others: list[Delivery], number: int
) -> None:
    """Apply two batches concurrently, as two workers do; the second starts later in each round."""

    async def follow() -> None:
        await asyncio.sleep(number * 0.004)
        await Pipeline(shop).process(others)

    await asyncio.gather(Pipeline(shop).process(messages), follow())


async def test_changes_of_the_same_products_in_opposite_order_do_not_deadlock(
    client: httpx.AsyncClient, shop: Shop, logged: pytest.LogCaptureFixture
) -> None:
    products = await products_in(client)
    for number in range(ROUNDS):
        changes = [
            [message("product_update", change(each, name=f"{name} {number}")) for each in products]
            for name in ("A", "B")
        ]
        await process_both(shop, changes[0], changes[1][::-1], number)
    assert_no_deadlock(logged)
    names = {(await product_of(client, each))["name"] for each in products}
    assert names in ({f"A {ROUNDS - 1}"}, {f"B {ROUNDS - 1}"})


async def test_orders_and_cancellations_of_the_same_products_do_not_deadlock(
    client: httpx.AsyncClient, shop: Shop, logged: pytest.LogCaptureFixture
) -> None:
    user, products = await create_user(client), await products_in(client)
    for number in range(ROUNDS):
        placed = await placed_of(shop, user, products)
        cancelled = [message("order_update", move(each, "cancelled")) for each in placed]
        ordered = [message("order", order(user, each)) for each in products]
        await process_both(shop, cancelled[::-1], ordered, number)
    assert_no_deadlock(logged)
    assert [await stock_of(client, each["id"]) for each in products] == [1_000 - ROUNDS] * PRODUCTS
    for each in products:
        await assert_balanced(shop, each["id"])


async def test_cancellations_and_payments_of_orders_do_not_deadlock_with_new_orders(
    client: httpx.AsyncClient, shop: Shop, logged: pytest.LogCaptureFixture
) -> None:
    user, products = await create_user(client), await products_in(client)
    for number in range(ROUNDS):
        placed = await placed_of(shop, user, products)
        moved = [
            message("order_update", move(each, status))
            for each in placed[::-1]
            for status in ("cancelled", "paid")
        ]
        ordered = [message("order", order(user, each)) for each in products]
        await process_both(shop, moved, ordered, number)
    assert_no_deadlock(logged)
    for each in products:
        await assert_balanced(shop, each["id"])


async def test_batches_with_an_order_that_fails_do_not_deadlock(
    client: httpx.AsyncClient,
    shop: Shop,
    logged: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    user, products = await create_user(client), await products_in(client)
    command = COMMANDS["order"]

    async def fail(services: Services, orders: Any) -> list[Outcome]:
        assert command.handle_many is not None
        outcomes = await command.handle_many(services, orders)
        if any(data.items[0].quantity == 7 for _, data in orders):
            raise ZeroDivisionError("a fault of the handler")
        return outcomes

    monkeypatch.setitem(COMMANDS, "order", replace(command, handle_many=fail))
    for number in range(ROUNDS):
        good = [message("order", order(user, each)) for each in products]
        bad, other = (message("order", order(user, products[0], 7)) for _ in range(2))
        tried = message("order", order(user, products[3]), attempts=1)
        others = [message("order", order(user, each)) for each in products[::-1]]
        await process_both(shop, [*good, bad, tried], [*others, other], number)
    assert_no_deadlock(logged)
    assert await codes_of(shop) == []
    assert len(await postponed_in(shop)) == 2 * ROUNDS
    for each in products:
        await assert_balanced(shop, each["id"])
