"""Concurrent callers with real commits: no unit is sold twice, lost or added."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Iterable
from itertools import permutations
from typing import Any

import httpx
from sqlalchemy import select

from app.models import User
from app.wiring.areas.data import provide_imports
from app.wiring.resources import Shop
from tests.support.factories import create_product, create_user, place_order
from tests.support.ledger import assert_conserved, every, movements_of, stock_of


def ordering(
    client: httpx.AsyncClient, user_id: str, quantities: Iterable[tuple[str, int]]
) -> Awaitable[httpx.Response]:
    """Order products in quantities, in the given order."""
    items = [{"product_id": each, "quantity": quantity} for each, quantity in quantities]
    return client.post("/orders", json={"user_id": user_id, "items": items})


def statuses(responses: Iterable[httpx.Response]) -> Counter[int]:
    """Count the responses by their status."""
    return Counter(response.status_code for response in responses)


async def products_with(client: httpx.AsyncClient, *stocks: int) -> list[str]:
    """Add products with these stocks; return their ids."""
    return [(await create_product(client, stock_quantity=stock))["id"] for stock in stocks]


async def buyers_of(shop: Shop, count: int) -> list[str]:
    """Import users, which is faster than registrations one by one; return their ids."""
    rows = [
        {
            "username": f"buyer-{number}",
            "email": f"buyer{number}@example.com",
            "first_name": "Ada",
            "last_name": "Lovelace",
        }
        for number in range(count)
    ]
    async with shop.database.write() as session:
        outcome = await provide_imports(session, shop).add_users(list(enumerate(rows)))
        assert outcome.added == count
        return [str(each) for each in await session.scalars(select(User.id))]


async def test_ten_units_are_sold_to_ten_of_five_hundred_buyers(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    (product_id,) = await products_with(client, 10)
    buyers = await buyers_of(shop, 500)
    answers = await asyncio.gather(
        *(ordering(client, buyer, [(product_id, 1)]) for buyer in buyers)
    )
    assert statuses(answers) == {201: 10, 409: 490}
    refusals = [answer.json() for answer in answers if answer.status_code == 409]
    sold_out = [{"product_id": product_id, "asked": 1, "available": 0}]
    assert all(refusal["products"] == sold_out for refusal in refusals)
    assert await stock_of(client, product_id) == 0
    assert await movements_of(client, product_id) == [("supply", 10)] + [("sale", -1)] * 10
    assert len(await every(client, "/orders")) == 10


async def test_the_last_unit_is_sold_once(client: httpx.AsyncClient) -> None:
    (product_id,) = await products_with(client, 1)
    buyers = [await create_user(client) for _ in range(2)]
    answers = await asyncio.gather(
        *(ordering(client, buyer["id"], [(product_id, 1)]) for buyer in buyers)
    )
    assert statuses(answers) == {201: 1, 409: 1}
    await assert_conserved(client, [product_id])


async def test_baskets_in_any_order_of_products_do_not_block_each_other(
    client: httpx.AsyncClient,
) -> None:
    products = await products_with(client, 100, 100, 100, 100)
    user = await create_user(client)
    baskets = [[(each, 1) for each in basket] for basket in permutations(products)] * 4
    answers = await asyncio.gather(*(ordering(client, user["id"], basket) for basket in baskets))
    assert statuses(answers) == {201: 96}
    assert [await stock_of(client, each) for each in products] == [4, 4, 4, 4]
    await assert_conserved(client, products)


async def test_an_order_that_runs_out_of_stock_in_the_middle_takes_nothing(
    client: httpx.AsyncClient,
) -> None:
    products = await products_with(client, 40, 7, 23)
    user = await create_user(client)
    baskets = [[(each, 1) for each in basket] for basket in permutations(products)] * 8
    answers = await asyncio.gather(*(ordering(client, user["id"], basket) for basket in baskets))
    assert statuses(answers) == {201: 7, 409: 41}
    assert [await stock_of(client, each) for each in products] == [33, 0, 16]
    await assert_conserved(client, products)


async def test_concurrent_orders_cancellations_and_movements_keep_the_stock_exact(
    client: httpx.AsyncClient,
) -> None:
    first, second = products = await products_with(client, 60, 60)
    user = await create_user(client)
    placed = [await place_order(client, user["id"], {first: 2, second: 1}) for _ in range(20)]
    answers = await asyncio.gather(
        *(ordering(client, user["id"], [(second, 2), (first, 1)]) for _ in range(30)),
        *(client.post(f"/orders/{order['id']}/cancel") for order in placed),
        *(moving(client, first, quantity) for quantity in (5, -3) * 10),
        *(moving(client, second, quantity) for quantity in (-2, 7) * 10),
    )
    assert set(statuses(answers)) <= {200, 201, 409}
    assert statuses(answers[30:50]) == {200: 20}
    await assert_conserved(client, products)


def moving(client: httpx.AsyncClient, product_id: str, quantity: int) -> Awaitable[httpx.Response]:
    """Add units to the stock of a product, or remove them."""
    reason = "supply" if quantity > 0 else "damage"
    return client.post(
        f"/products/{product_id}/stock", json={"quantity": quantity, "reason": reason}
    )


async def counting(client: httpx.AsyncClient, product_id: str, counted: int) -> httpx.Response:
    """Count the stock of a product; again if a loaded machine had it locked for too long."""
    path, body = f"/products/{product_id}", {"stock_quantity": counted}
    response = await client.patch(path, json=body)
    while response.status_code == 503:
        assert "Retry-After" in response.headers
        response = await client.patch(path, json=body)
    return response


async def test_a_stocktake_during_orders_keeps_the_stock_equal_to_the_sum_of_its_movements(
    client: httpx.AsyncClient,
) -> None:
    (product_id,) = await products_with(client, 50)
    user = await create_user(client)
    answers = await asyncio.gather(
        *(ordering(client, user["id"], [(product_id, 1)]) for _ in range(20)),
        *(counting(client, product_id, counted) for counted in (30, 45, 60)),
    )
    assert statuses(answers) == {201: 20, 200: 3}
    await assert_conserved(client, [product_id])


async def test_of_two_concurrent_cancellations_one_returns_the_stock(
    client: httpx.AsyncClient,
) -> None:
    (product_id,) = await products_with(client, 30)
    user = await create_user(client)
    orders = [await place_order(client, user["id"], {product_id: 3}) for _ in range(10)]
    answers = await asyncio.gather(
        *(client.post(f"/orders/{order['id']}/cancel") for order in orders * 2)
    )
    for one, other in zip(answers[:10], answers[10:]):
        assert sorted((one.status_code, other.status_code)) == [200, 409]
    assert await stock_of(client, product_id) == 30
    sales, returns = [("sale", -3)] * 10, [("cancellation", 3)] * 10
    assert await movements_of(client, product_id) == [("supply", 30), *sales, *returns]


async def test_of_two_changes_with_one_etag_one_succeeds(client: httpx.AsyncClient) -> None:
    (product_id,) = await products_with(client, 10)
    user = await create_user(client)
    for _ in range(5):
        order = await place_order(client, user["id"], {product_id: 1})
        seen = (await client.get(f"/orders/{order['id']}")).headers["ETag"]
        answers = await asyncio.gather(
            *(changing(client, order, status, seen) for status in ("paid", "cancelled"))
        )
        assert sorted(answer.status_code for answer in answers) == [200, 412]
        (made,) = [answer.json() for answer in answers if answer.status_code == 200]
        assert (await client.get(f"/orders/{order['id']}")).json() == made
        assert (made["version"], len(made["history"])) == (2, 2)
    await assert_conserved(client, [product_id])


def changing(
    client: httpx.AsyncClient, order: dict[str, Any], status: str, etag: str
) -> Awaitable[httpx.Response]:
    """Change the status of an order with an entity tag."""
    return client.patch(
        f"/orders/{order['id']}", json={"status": status}, headers={"If-Match": etag}
    )


async def test_no_two_orders_have_the_same_number(client: httpx.AsyncClient) -> None:
    products = await products_with(client, *([10] * 8))
    user = await create_user(client)
    answers = await asyncio.gather(
        *(ordering(client, user["id"], [(each, 1)]) for each in products * 10)
    )
    assert statuses(answers) == {201: 80}
    assert len({answer.json()["number"] for answer in answers}) == 80
    assert len({answer.json()["id"] for answer in answers}) == 80
