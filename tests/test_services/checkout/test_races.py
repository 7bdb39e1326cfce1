"""The last unit is sold once, and an order that is paid during its expiry is paid or cancelled."""

import asyncio
from datetime import timedelta
from uuid import UUID

import httpx
import pytest

from app.jobs.errands.orders import expire_order
from app.models import OrderStatus
from app.wiring.resources import Shop
from tests.support.accounts import later
from tests.support.factories import create_product
from tests.test_controllers.checkout.setting import order_row, ordered, ready, stock_of
from tests.test_controllers.promotions.setting import add_code
from tests.test_services.checkout.races import (
    check_out_all,
    give_back,
    pay,
    processes_of,
    ready_carts,
)
from tests.test_services.promotions.checkout import assert_counted, used

BUYERS, ROUNDS, EXPIRING = 16, 3, 20


async def test_the_last_unit_is_sold_once(client: httpx.AsyncClient, shop: Shop) -> None:
    tea = await create_product(client, price="10.00", stock_quantity=1)
    carts = await ready_carts(shop, UUID(tea["id"]), BUYERS)
    processes = processes_of(shop)
    for _ in range(ROUNDS):
        fared = await check_out_all(processes, carts, "10.00")
        assert fared == {"placed": 1, "insufficient-stock": BUYERS - 1}
        assert await stock_of(client, tea) == 0
        assert await give_back(shop, carts) == [1_000]
        assert await stock_of(client, tea) == 1


@pytest.mark.parametrize("is_limited_itself", [False, True])
async def test_the_last_use_of_a_code_is_used_once(
    client: httpx.AsyncClient, shop: Shop, is_limited_itself: bool
) -> None:
    tea = await create_product(client, price="10.00", stock_quantity=1_000)
    limits = {"usage_limit": None if is_limited_itself else 1}
    promotion = await add_code(client, "LAST", **limits)
    if is_limited_itself:
        path = f"/promotions/{promotion['id']}"
        assert (await client.patch(path, json={"usage_limit": 1})).is_success
    carts = await ready_carts(shop, UUID(tea["id"]), BUYERS, "LAST")
    processes = processes_of(shop)
    for _ in range(ROUNDS):
        fared = await check_out_all(processes, carts, "9.00")
        assert fared == {"placed": 1, "cart-changed": BUYERS - 1}
        assert await used(client, promotion) == 1
        await assert_counted(shop)
        assert await give_back(shop, carts) == [900]


async def test_one_customer_uses_a_code_as_often_as_allowed(
    client: httpx.AsyncClient, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.services.orders.carts.cart_orders._MAX_UNPAID", 100)
    tea = await create_product(client, price="10.00", stock_quantity=1_000)
    promotion = await add_code(client, "TWICE", per_customer_limit=2)
    carts = [(await ready(client, {tea["id"]: 1})) for _ in range(6)]
    for cart in carts:
        await cart.enter("TWICE")
    body = {"payment": "manual", "expected_total": "9.00", "terms_accepted": True}
    answers = await asyncio.gather(*(cart.send("POST", "/checkout", json=body) for cart in carts))
    assert sorted(each.status_code for each in answers) == [201, 201, 409, 409, 409, 409]
    assert await used(client, promotion) == 2
    await assert_counted(shop)


async def test_an_order_that_is_paid_exactly_when_it_expires_is_paid_or_cancelled(
    client: httpx.AsyncClient, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.services.orders.carts.cart_orders._MAX_UNPAID", 1_000)
    tea = await create_product(client, stock_quantity=EXPIRING)
    orders = [
        UUID((await ordered(await ready(client, {tea["id"]: 1})))["id"]) for _ in range(EXPIRING)
    ]
    with later(shop, timedelta(hours=73)):
        first, second = orders[::2], orders[1::2]
        outcomes = await asyncio.gather(
            *(pay(shop, order_id) for order_id in first),
            *(expire_order(shop, order_id) for order_id in orders),
            *(pay(shop, order_id) for order_id in second),
        )
    orders = [*first, *second]
    were_paid = [*outcomes[: len(first)], *outcomes[-len(second) :]]
    for order_id, was_paid in zip(orders, were_paid, strict=True):
        status = (await order_row(shop, str(order_id))).status
        assert status is (OrderStatus.PAID if was_paid else OrderStatus.CANCELLED)
    assert await stock_of(client, tea) == were_paid.count(False)
