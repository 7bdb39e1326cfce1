"""A code for one use is used once, by any number of concurrent buyers."""

import asyncio

import httpx

from app.wiring.resources import Shop
from tests.support.factories import create_product, place_order
from tests.test_controllers.promotions.setting import add_code
from tests.test_services.promotions.checkout import (
    assert_counted,
    give_back,
    new_order,
    priced,
    redeem,
)
from tests.test_services.promotions.last_codes import (
    Buyer,
    add_last,
    checking_before_counting,
    compete,
    faults_of,
)
from tests.test_services.test_concurrency import buyers_of

BUYERS, ROUNDS = 64, 4


async def orders_of(client: httpx.AsyncClient, shop: Shop, count: int) -> list[Buyer]:
    """Place an order of each of many new users."""
    product = await create_product(client, stock_quantity=count)
    users = await buyers_of(shop, count)
    orders = await asyncio.gather(
        *(place_order(client, each, {product["id"]: 1}) for each in users)
    )
    return [(each["id"], each["user_id"]) for each in orders]


async def test_of_64_concurrent_buyers_one_uses_a_code_with_one_use(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    buyers = await orders_of(client, shop, BUYERS)
    for number in range(ROUNDS):
        last = await add_last(shop, f"LAST-{number}", is_limited_itself=number % 2 == 0)
        fared = await compete(shop, f"LAST-{number}", buyers)
        assert await faults_of(shop, last, fared, BUYERS) == []
    await assert_counted(shop)


async def test_a_limit_that_is_checked_before_it_is_counted_is_found(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    buyers = await orders_of(client, shop, 8)
    last = await add_last(shop, "LAST", is_limited_itself=True)
    with checking_before_counting():
        fared = await compete(shop, "LAST", buyers)
    assert await faults_of(shop, last, fared, 8) != []


async def test_concurrent_orders_of_one_customer_use_a_code_within_its_limit(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    await add_code(client, "TWICE", per_customer_limit=2)
    first, user_id = await new_order(client)
    orders = [first, *[(await new_order(client, user_id))[0] for _ in range(7)]]
    fared = await compete(shop, "TWICE", [(each, user_id) for each in orders])
    assert fared == {"used": 2, "already-used": 6}
    await assert_counted(shop)


async def test_concurrent_cancellations_of_an_order_return_its_use_once(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    await add_code(client, "ONCE", usage_limit=1)
    cart = await priced(shop, "ONCE")
    order_id, buyer = await new_order(client)
    await redeem(shop, order_id, cart, buyer)
    await asyncio.gather(*(give_back(shop, order_id) for _ in range(8)))
    await assert_counted(shop)


async def test_orders_with_several_codes_in_any_order_do_not_block_each_other(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    codes = ("FIRST", "SECOND", "THIRD")
    for each in codes:
        await add_code(client, each)
    buyers = await orders_of(client, shop, 24)
    carts = [await priced(shop, *codes), await priced(shop, *codes[::-1])]
    await asyncio.gather(
        *(redeem(shop, buyer[0], carts[place % 2], buyer[1]) for place, buyer in enumerate(buyers))
    )
    await asyncio.gather(*(give_back(shop, order_id) for order_id, _ in buyers[::2]))
    await assert_counted(shop)
